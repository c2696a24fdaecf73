/* index: what decisions look up, in Redis: a pure fold of `complaints` and `submissions` (what is
 * in it: index_fold.h), with the positions of both logs it stands for.
 *
 * It is never the truth. Every change names the positions it builds on; the script compares them
 * with what is stored before it writes (lane rule 14), so neither a late owner nor a Redis that
 * came back with older data can mix two states. -ESTALE: what is stored is something else;
 * index_load says what, and the caller reads on, rebuilds, or holds. Any other error: Redis is
 * away, nothing is known about the call; the next call connects anew. Blocking, with time-outs; one
 * thread. Errors never hold data. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/index_view.h"
#include "core/lane.h"

enum index_log { INDEX_COMPLAINTS, INDEX_SUBMISSIONS, INDEX_LOGS };
enum index_found {
	INDEX_OURS,    /* positions are what index_mark says */
	INDEX_MISSING, /* nothing there (FLUSHALL, a new Redis): index_reset, then from 0 */
	INDEX_FOREIGN, /* of another format, lane, installation or cluster: likewise */
};

struct index_conf {
	const char *socket; /* Unix socket of Redis */
	const char *prefix; /* of all keys: "<prefix><lane>:" */
	int lane;
	const char *installation; /* of the logs' genesis */
	const char *cluster;	  /* Kafka's cluster id */
	int timeout_ms;		  /* of a call; 0 = 2000 */
};
struct index;
int index_open(const struct index_conf *c, struct index **ret, struct err *e); /* copies */
void index_close(struct index *x);					       /* NULL-safe */
bool index_up(const struct index *x); /* as of the last call */

/* Reads identity and positions. */
int index_load(struct index *x, enum index_found *ret, struct err *e);
/* Empties our own prefix. -ESTALE: somebody changed it since index_load. */
int index_reset(struct index *x, struct err *e);
/* The position loaded or applied last; offset -1: at the beginning. */
struct lane_mark index_mark(const struct index *x, enum index_log log);

/* Applies operations (index_fold.h) of the records of `log` up to and including `to`, all or
 * nothing. -EINVAL: a fault of ours, nothing was written. After an error other than -ESTALE and
 * -EINVAL the change may have been made: index_load tells. */
int index_apply(struct index *x, enum index_log log, const struct lane_mark *to, const json_t *ops,
	struct err *e);

/* Keys (array of texts) into the view, by one pipeline that ends with the positions: -ESTALE when
 * they are not what we think, so that "absent" is never believed of an index that was just lost.
 * The view must be dropped then. */
int index_fetch(struct index *x, const json_t *keys, struct view *v, struct err *e);
/* Timers due: array of "<complaint>/<kind>", at most max; *ret_next_ms: when the next one after
 * `now` is due, INT64_MAX = none. */
int index_due(struct index *x, int64_t now_ms, int max, json_t **ret, int64_t *ret_next_ms,
	struct err *e);
/* Refused filings no decision has absorbed yet: object "term/n" -> record. */
int index_refusals(struct index *x, json_t **ret, struct err *e);
/* Sizes of the sets open, held, review, emergency. */
int index_counts(struct index *x, int64_t ret[4], struct err *e);
/* The whole index as text, keys and members sorted: equal texts are equal indexes. For tests. */
int index_dump(struct index *x, struct buf *out, struct err *e);
