/* item: one input on its way from its topic to a confirmed decision, and queues of them. */
#pragma once

#include "base/crypto.h"
#include "decide.h"

struct source;

struct item {
	struct item *next;
	enum input_type type;
	struct source *source; /* whose position moves when it is settled; NULL: timers, refusals */
	int64_t offset;
	char id[160];		      /* as decide_input.id; for records: as a commit names it */
	json_t *record;		      /* NULL: unusable */
	char *unusable, *again_error; /* owned */
	json_t *again;		      /* raw record of a replay */
	char value_hash[SHA256_HEX_SIZE];
	bool skip;     /* a tombstone: its position moves, nothing else */
	bool restored; /* decide_input.restored */
	size_t bytes;
	/* once decided */
	char done_id[160];
	const char *outcome; /* NULL: not decided */
	bool appended, confirmed;
	json_t *ops; /* of the appended record, for the index; taken when it is confirmed */
};

struct item_queue {
	struct item *first, **end;
	size_t n, bytes;
};

struct item *item_new(enum input_type type, const char *id);
void item_free(struct item *i); /* NULL-safe */
void item_queue_init(struct item_queue *q);
void item_push(struct item_queue *q, struct item *i);
struct item *item_pop(struct item_queue *q); /* NULL when empty */
/* All of `front` before what is in q; front is empty then. */
void item_prepend(struct item_queue *q, struct item_queue *front);
void item_queue_clear(struct item_queue *q);
