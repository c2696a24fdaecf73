/* meta_books: what of this account is in Kafka already, and which notices still lack their content.
 *
 * The raw log is the only memory: the books are read from it at the start (meta_books_raw for each
 * record) and kept by the delivery reports since. So a webhook and a poll that meet the same
 * message give one record, and a mention whose text was not fetched before a kill -9 is fetched
 * after it: the notice is durable before the webhook is answered, and no state beside it can be
 * lost or disagree. 17 bytes a message of the raw log's retention. Loop thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/message.h"

#include "meta_graph.h"

struct meta_books;

struct meta_books *meta_books_new(void);
void meta_books_free(struct meta_books *b); /* NULL-safe */
/* `base`: tenant, channel and account whose records count. */
void meta_books_raw(struct meta_books *b, const struct message *base, const json_t *record);

/* A message under way: `fly` when it is produced, `land` once, when its report came or none will.
 */
struct meta_flight {
	uint8_t id[16];
	struct meta_fetch *fetch; /* it is a notice; owned until landed */
};
struct meta_flight *meta_books_fly(struct meta_books *b, const struct message *m);
/* `f` is freed. `base` as above: for the id of what the notice is about. */
void meta_books_land(
	struct meta_books *b, struct meta_flight *f, const struct message *base, bool persisted);
bool meta_books_has(const struct meta_books *b, const struct message *m); /* it is in Kafka */
bool meta_books_flying(const struct meta_books *b, const struct message *m);

/* The notice that has waited longest and is due; NULL: none. Borrowed until settled or put off. */
struct meta_fetch *meta_books_due(struct meta_books *b, int64_t now_ms, int64_t *ret_wait_ms);
void meta_books_put_off(struct meta_books *b, struct meta_fetch *f, int64_t due_ms);
long meta_books_waiting(const struct meta_books *b); /* notices without their message */
