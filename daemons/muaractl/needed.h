/* needed: which blobs somebody may still ask for, and why. Pure: fed with what the logs hold, asked
 * at the end. When in doubt, a blob is needed.
 *
 * A referrer is found by its text, not by its field: whatever stands in a record as exactly 64
 * lower-case hex digits is taken for the name of a blob. So no kind of record can be forgotten that
 * names one, today's (attachments and originals of messages, attachments of snapshots and media,
 * answers and written-back texts of submissions) or tomorrow's; a hash that names none costs
 * nothing.
 *
 * What a record names is needed
 *  - as long as the record is there: raw topics (their retention ends it), topics not known here;
 *  - until it is `older_ms` old: any record of complaints, submissions, media, commands,
 * emergencies;
 *  - a snapshot's files, until its complaint is finished and told: merged, withdrawn or archived;
 * or ready, filed by a person or a call, and every version that brought a file is covered by a
 *    create, sheet or follow-up that is done; nothing of it in flight, parked or handed out; and
 * all that for `older_ms`;
 *  - what a submission names, until its complaint is finished for `older_ms`, whatever was told;
 *  - for ever, when the complaint it belongs to is not known: `complaints` may have lost records;
 *  - what a media record names whose own id no decision has absorbed: its message is not decided.
 *
 * Tombstones and void records are not fed. Times are those Kafka stamped. Memory: some 50 bytes for
 * a complaint, attempt, absorbed media and named hash each. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum need {
	NEED_NOT,
	NEED_RAW,	/* a raw record names it */
	NEED_RECENT,	/* a record younger than older_ms does */
	NEED_COMPLAINT, /* a complaint that is not finished, or not known */
	NEED_UNTOLD,	/* a file of a later version that no follow-up has told yet */
	NEED_MEDIA,	/* fetched for a message that is not decided */
	NEED_OTHER,	/* a topic this program does not know */
	NEEDS
};
extern const char *const need_names[NEEDS];

struct needed;
struct needed *needed_new(int64_t now_ms, int64_t older_ms);
void needed_free(struct needed *n); /* NULL-safe */

/* Raw and unknown topics; why: NEED_RAW or NEED_OTHER. */
void needed_always(struct needed *n, const char *value, size_t len, enum need why);
/* commands, emergencies, replies */
void needed_recent(struct needed *n, const char *value, size_t len, int64_t at_ms);
void needed_media(struct needed *n, const char *value, size_t len, int64_t at_ms);
/* Counted records of the two logs, in the order of each; own_term: an outcome from the term of its
 * INTENT, `late` as lane rule 17 has it. body: the value, parsed. */
void needed_decision(
	struct needed *n, const json_t *body, const char *value, size_t len, int64_t at_ms);
void needed_submission(struct needed *n, int32_t lane, const json_t *body, const char *value,
	size_t len, int64_t at_ms, bool late);

/* Once all was fed. sha256: 64 lower-case hex digits. */
enum need needed_why(const struct needed *n, const char *sha256);
