/* decide: one input, and what the index knows, in; one decision out. Pure: no I/O, no clock; the
 * table tests are tests/unit/test-decide.c.
 *
 * One input gives at most one record, whatever it touches (lane rule 11). What is looked up is
 * asked of a view; a key the view does not know yet gives DECIDE_NEEDS: the caller fetches and asks
 * again.
 *
 * Rules, in the order they are asked for a message:
 *   absorbed before with the same hash -> nothing; with another hash -> a message of its own, id
 *   extended by the hash, marked id-conflict (review). Undecodable -> dead. Noise (ghost, spam,
 * echo …), stale, information calls, nothing to read -> archived with its class. Edit, deletion ->
 * the complaint of its message, or noted until that comes. Else a complaint: joins the newest one
 * of its conversation while that is not closed, not full and not older than join_ms, filed or not;
 * else opens one (linked when there was one). Who names a complaint he writes to already, by its
 * ticket or by answering a message in it, goes on in that one, however old; anybody else who names
 * one gets a link to it. A call, and a message whose author is only claimed, never joins: a claim
 * links and asks a person. After the quiet period: emergency -> review;
 * missing name, contact or text -> held; any other reason for a person -> review; else ready, or,
 * while attachments are still being fetched, open for media_wait at most. Media of a message goes
 * into its complaint; what is stored stays.
 *
 * Once something of a complaint is filed, its next versions say so (after_filing) and the forwarder
 * tells what is new in them as a follow-up: a correction stands beside what it corrects, nothing is
 * held for data it was filed without, a person may only release or hold what is new. A deletion
 * takes its message out of the next version, which is not told then if it was not before; what was
 * told cannot be taken back. When nothing is left a person looks, and nothing more is filed or told
 * until then. So which messages share a complaint does not depend on when the forwarder ran.
 *
 * Which messages share a complaint does not depend on the order they come in, as long as none is
 * more than L late and between two of a conversation lies less than join_ms - L or more than
 * join_ms + L, and none answers one that comes later (test-decide_any.c). Known gaps: split, link,
 * erase commands are not there yet; news that must never be told stays held, as what is filed
 * cannot be archived. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/index_view.h"
#include "rules.h"

enum input_type {
	INPUT_MESSAGE,
	INPUT_MEDIA,
	INPUT_COMMAND,
	INPUT_SUBMISSION,
	INPUT_TIMER,
	INPUT_RESTORE, /* a complaint that was ready in a log that had lost records */
};

struct decide_input {
	enum input_type type;
	const char *topic; /* NULL for timers */
	int32_t partition;
	int64_t offset;
	const json_t *record;	/* parsed; NULL = unusable, then: */
	const char *unusable;	/* why, no data */
	const char *value_hash; /* sha256 of the bytes */
	const char *id;		/* timers: complaint/version/kind; submissions: term/n; restores:
				   command/complaint; else NULL */
	/* A replay: the raw record again, or why it cannot be had. Both NULL at first:
	 * DECIDE_FETCH names its place. */
	const json_t *again;
	const char *again_error;
	/* accept_restore: what was ready has gone to review; false at first: DECIDE_ACCEPT */
	bool accepted;
	/* a message that was there when a restore was accepted: its decision may have been lost,
	 * and it may be filed; a person looks */
	bool restored;
};

enum decide_verdict {
	DECIDE_NEEDS,	 /* `needs`: keys to fetch */
	DECIDE_FETCH,	 /* `topic`, `partition`, `offset`: raw record of a replay to fetch */
	DECIDE_ACCEPT,	 /* a restore is accepted: read the log anew, then every ready complaint as
			    INPUT_RESTORE, then this command again, with `accepted` */
	DECIDE_ABSORBED, /* seen before: nothing to write */
	DECIDE_IGNORED,	 /* another daemon's, or a timer of a past version */
	DECIDE_RECORD,	 /* `body` */
};

struct decision {
	enum decide_verdict verdict;
	json_t *body;	     /* without schema, kind, term, n, writer: the lane adds them */
	const char *outcome; /* constant, for metrics: opened joined archived dead noted … */
	char id[160];	     /* of the input as absorbed; metadata of the commit, outcome line */
	json_t *needs;	     /* array of keys */
	char topic[250];
	int32_t partition;
	int64_t offset;
};
void decision_clear(struct decision *d);

/* The constants `outcome` can be, for the metric; NULL-terminated. */
extern const char *const decide_outcomes[];

void decide(const struct decide_input *in, const struct view *known, int64_t now_ms,
	const struct rules *rules, struct decision *ret);
const char *input_type_name(enum input_type t);
