/* ringer: rings what is due through each hook, one ring at a time a hook, as many events in it as
 * are due (at most RING_EVENTS_MAX); a hook that fails is tried again, later each time, and holds
 * up no other. Thread: loop. */
#pragma once

#include "base/loop.h"
#include "book.h"
#include "hook.h"

#define RING_EVENTS_MAX 50

struct ringer;
struct ringer_ops {
	/* What is due through a hook, of all lanes, and the first of it when. */
	size_t (*due)(void *ctx, size_t hook, const json_t **ret, size_t max);
	int64_t (*next)(void *ctx, size_t hook); /* mono ms, BOOK_NEVER */
	int64_t (*rings)(void *ctx, size_t hook, const char *id);
	size_t (*open)(void *ctx);
	/* It rang; told for each event. */
	void (*rung)(void *ctx, size_t hook, const char *id);
};
int ringer_open(struct loop *l, const struct conf *c, const struct ringer_ops *ops, void *ctx,
	struct ringer **ret, struct err *e);
void ringer_close(struct ringer *r); /* ends rings under way; NULL-safe */
/* Something may be due earlier than thought. */
void ringer_wake(struct ringer *r);
void ringer_drain(struct ringer *r); /* begins no ring any more */
size_t ringer_busy(const struct ringer *r);
/* Hooks whose last ring failed, or whose next one cannot work; text: one of them and why (""
 * without one). Looks at their programs; what is new is logged. */
size_t ringer_failing(struct ringer *r, char *text, size_t size);
