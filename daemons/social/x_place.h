/* x_place: where the reader of an X account stands: how far each list was read, which posts of the
 * last minutes are in Kafka, how many requests today has seen. Pure; kept as two cursors.
 *
 * A list is read down to since - overlap and not to since, because X shows some posts late, under
 * ids below those it has shown before. Which of them were taken in before is remembered by id, so
 * nothing is produced twice for it. What X was asked for and gave once lies in Kafka; therefore
 * "was the first version of this edited post ever carried?" has an answer: it is among the
 * remembered, or older than everything remembered. An edit whose first version was never seen is
 * carried as the message itself. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum x_list { X_MENTIONS, X_SEARCH, X_MESSAGES, X_LISTS };
extern const char *const x_list_names[]; /* NULL-terminated, for metrics and cursors */

#define X_RECENT_MAX 4096 /* ids remembered; about 90 KiB of a cursor */

struct x_place {
	uint64_t since[X_LISTS];  /* newest id seen by a whole reading; 0: none yet */
	int64_t read_ms[X_LISTS]; /* when the last whole reading began; 0: there was none */
	uint64_t forgotten;	  /* ids up to this one are not remembered any more */
	uint64_t *recent;	  /* rising */
	size_t n_recent;
};
void x_place_free(struct x_place *p);

bool x_place_seen(const struct x_place *p, uint64_t id);
/* The id (exclusive) the list is asked from: overlap behind its newest, but never below what is
 * remembered. 0: it was never read, or was empty so far. */
uint64_t x_place_from(const struct x_place *p, enum x_list list, int64_t overlap_ms);
/* The first version of an edited post is in Kafka (or older than the first reading). `from`: what
 * the reading at hand asked for. */
bool x_place_carried(const struct x_place *p, uint64_t from, uint64_t first);
/* A list was read whole at `read_ms` by X's clock, down from `newest` (0: nothing was there), and
 * `ids` are in Kafka. */
void x_place_move(struct x_place *p, enum x_list list, int64_t read_ms, uint64_t newest,
	const uint64_t *ids, size_t n_ids, int64_t overlap_ms);
void x_place_copy(const struct x_place *from, struct x_place *ret);

json_t *x_place_value(const struct x_place *p); /* of the cursor; caller owns */
/* What is unreadable in it is as if it were not there: read again, ids make that harmless. */
void x_place_load(struct x_place *p, const json_t *value);

struct x_budget {
	int64_t day; /* days since 1970, UTC */
	int64_t used;
};
/* Takes one request of today's; false: none is left. */
bool x_budget_take(struct x_budget *b, int64_t wall_ms, int64_t a_day);
int64_t x_day_ends_ms(int64_t wall_ms); /* ms until the next day (UTC) begins */
json_t *x_budget_value(const struct x_budget *b);
void x_budget_load(struct x_budget *b, const json_t *value);
