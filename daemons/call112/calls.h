/* calls: which calls of this account stand in the raw log, and with which contents: what makes of a
 * row a new call, an update of one, or nothing. No I/O.
 *
 *   a call id never seen             -> as it is (kind call)
 *   id and content seen before       -> nothing: the file grew, came twice, or under another name
 *   id known, content new            -> kind edit of that call, its revision the content's hash
 *   ... what was only archived (ghost, prank, information …) and now is a complaint or an emergency
 *                                    -> a call of its own, native id "<id>#<hash>"; an edit of an
 *                                       archived call would move nothing. Later updates edit that
 *   ... what was a complaint and now is a ghost, a prank …
 *                                    -> an edit of class unknown: a person decides
 *
 * An update with class emergency keeps it, so it rings at once. Content is what the row says (type
 * and what it is mapped to, texts, people, place, times, attachments' names), not its bytes:
 * another column order is no update. Ids depend on contents only, never on what came in between, so
 * a row that is read again gets the id it had.
 *
 * The books are read from the raw log at start and undone when rows are to be read again
 * (calls_undo). Known gaps: a call older than raw's retention is new again (the normalizer still
 * knows its id); a row that goes back to an earlier content to the letter is taken for an old file
 * and changes nothing. 20 bytes a call and 20 a content. Single thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/message.h"

struct calls;
struct calls *calls_new(const char *account); /* borrowed */
void calls_free(struct calls *c);	      /* NULL-safe */

/* A record of the raw log, in its order. Those of other accounts are ignored. */
void calls_learn(struct calls *c, const json_t *record);

enum calls_verdict { CALLS_NOTHING, CALLS_CALL, CALLS_UPDATE };
struct calls_ruling {
	enum calls_verdict verdict;
	/* for the caller to keep while the message borrows them */
	char revision[SHA256_HEX_SIZE];
	char *native_id; /* NULL: the row's own; freed with calls_ruling_free */
	/* for calls_put */
	uint8_t call[16], content[16];
	uint32_t base; /* 0: the call itself; else the hash its own call of later is named by */
	bool counts;
};
void calls_ruling_free(struct calls_ruling *r); /* NULL-safe */
/* Judges the row and changes m accordingly: kind, class, native_id, revision and fields.call_id
 * (m->fields is made when it is NULL and then owned by `ret_fields`, which the caller releases). A
 * message that cannot be built is let through as it is. */
void calls_judge(
	const struct calls *c, struct message *m, json_t **ret_fields, struct calls_ruling *ret);
/* The row was handed out under that number: from now on it is known. */
void calls_put(struct calls *c, const struct calls_ruling *r, uint64_t number);
/* Rows below `number` are in the log for good. */
void calls_settle(struct calls *c, uint64_t number);
/* Rows from `number` on will be handed out again. */
void calls_undo(struct calls *c, uint64_t number);
