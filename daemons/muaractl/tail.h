/* tail: a lane log read by muaractl, from its beginning to its end as of the call, and further at
 * later calls. Every record passes core/lane: what is void is shown as void and counts nowhere. */
#pragma once

#include "core/lane_log.h"

#include "ctl.h"

struct tail;

struct sight { /* one record; borrowed for the call */
	const struct kafka_record *record;
	enum lane_ruling ruling;
	const struct lane_entry *entry; /* NULL: void, takeover, genesis or tombstone */
};
/* 0 = go on; < 0 = stop with this error. */
typedef int sight_fn(void *ctx, const struct sight *s);

int tail_open(struct ctl *c, const char *log_name, int32_t lane, struct tail **ret, struct err *e);
void tail_close(struct tail *t); /* NULL-safe */
/* -EBADMSG: the log cannot be ruled (e says why); what came before was given. */
int tail_read(struct tail *t, sight_fn *fn, void *ctx, struct err *e);
/* Open, read, close, for each lane (or only `lane` if >= 0). The lane is in sight.record. */
int tail_read_all(
	struct ctl *c, const char *log_name, int lane, sight_fn *fn, void *ctx, struct err *e);
const char *tail_installation(const struct tail *t);
/* A topic that is no lane log (raw, commands): all partitions or one. fn as for kafka_read_range.
 */
int tail_read_topic(struct ctl *c, const char *name, int lane,
	int (*fn)(void *ctx, const struct kafka_record *r), void *ctx, struct err *e);
