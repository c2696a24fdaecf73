/* decide_private: what the parts of decide share: looking up in the view (a key that is not known
 * yet goes into `needs`), and writing the one record an input becomes. decide.c has the whole,
 * decide_message.c messages with their edits and deletions, decide_act.c everything else. */
#pragma once

#include "core/ids.h"
#include "base/crypto.h"
#include "decide.h"

struct ctx {
	const struct decide_input *in;
	const struct view *known;
	const struct rules *rules;
	int64_t now_ms;
	json_t *needs, *inputs, *results, *why;
	const char *outcome; /* one of decide_outcomes */
};

/* A message as a decision takes it: its id may be extended by its hash. */
struct arrival {
	const json_t *m;
	char id[UUID_TEXT_SIZE], hash[SHA256_HEX_SIZE];
	const char *topic; /* where the raw record lies */
	int32_t partition;
	int64_t offset;
	bool conflict;
};

/* NULL: absent, or not known yet; then the verdict becomes DECIDE_NEEDS whatever is written. */
const json_t *ctx_lookup(struct ctx *x, const char *kind, const char *id);
json_t *ctx_lookup_json(struct ctx *x, const char *kind, const char *id); /* caller owns */
bool ctx_filed(struct ctx *x, const char *complaint);
/* complaint_next, and whether a filing of it has begun. Caller owns. */
json_t *ctx_next(struct ctx *x, const json_t *old);
bool ctx_absorbed(struct ctx *x, const char *type, const char *id);

void ctx_add_input(struct ctx *x, const char *type, const char *id, const char *hash,
	const char *topic, int32_t partition, int64_t offset);
void ctx_add_own_input(struct ctx *x, const char *id, const char *hash);
void ctx_because(struct ctx *x, const char *rule, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void ctx_put(struct ctx *x, json_t *c); /* steals */
void ctx_archive(struct ctx *x, const char *id, const char *class, const char *reason);
void ctx_dead(struct ctx *x, const char *id, const char *reason, const char *topic,
	int32_t partition, int64_t offset);
json_t *ctx_note(
	struct ctx *x, const char *id, const char *reason, const char *about); /* borrowed */

bool complaint_closed(const json_t *c); /* archived, withdrawn, merged */

/* decide_message.c */
void arrival_fill(struct arrival *a, const json_t *m);
void place_message(struct ctx *x, const struct arrival *a);
enum decide_verdict decide_message(struct ctx *x, struct decision *d);
/* decide_act.c */
enum decide_verdict decide_media(struct ctx *x, struct decision *d);
enum decide_verdict decide_command(struct ctx *x, struct decision *d);
enum decide_verdict decide_submission(struct ctx *x, struct decision *d);
enum decide_verdict decide_timer(struct ctx *x, struct decision *d);
enum decide_verdict decide_restore(struct ctx *x, struct decision *d);
