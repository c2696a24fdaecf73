/* index_view: the part of the index a decision looks at, held in memory, with the changes of
 * decisions still in flight on top.
 *
 * Three answers for a key: a value, "known to be absent" (JSON null), or not known yet (NULL): then
 * the caller fetches it and asks again, so that deciding itself does no I/O. A change of a hash
 * that has not been fetched yet is kept and laid over the value when it comes. Timers and state
 * sets are never looked at by decisions and are not held here. No I/O, no clock; one thread. */
#pragma once

#include <jansson.h>

struct view;

struct view *view_new(void);
void view_free(struct view *v);	 /* NULL-safe */
void view_clear(struct view *v); /* nothing is known any more */

/* Borrowed until the next change: JSON string, JSON object (a hash), JSON null; NULL = unknown. */
const json_t *view_get(const struct view *v, const char *key);
/* What the index holds under the key; steals value. A key that is known already keeps what it has
 * (it is newer: a change in flight). */
void view_put(struct view *v, const char *key, json_t *value);
/* Lays operations of index_fold over what is known. */
void view_apply(struct view *v, const json_t *ops);
