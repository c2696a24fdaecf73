/* masters_lists: the lists of every destination of forwarder.yaml, with what is kept of them, for
 * the commands `masters …`. */
#pragma once

#include "core/masters_store.h"

#include "ctl.h"
#include "profile_destination.h"

struct list_of { /* a destination; owned by lists */
	char *name;
	struct profile_destination d;
	struct profile *profile;
};
struct lists {
	char *dir, *file; /* where lists are kept; forwarder.yaml */
	struct list_of *v;
	size_t n;
};
/* All of forwarder.yaml, or the one of --destination. Told: CTL_FAILED. lists_free in each case. */
int lists_open(struct ctl *c, struct lists *ret);
void lists_free(struct lists *l);

/* Calls fn for each list (of --list, when given) with what is kept of it. doc NULL: none that can
 * be read, e says why; borrowed. Stops and returns at the first value but CTL_OK. *ret_n (may be
 * NULL): how many lists there were. */
typedef int lists_fn(struct ctl *c, void *ctx, struct list_of *of, const struct masters_at *at,
	const json_t *doc, const struct err *e);
int lists_each(struct ctl *c, struct lists *l, lists_fn *fn, void *ctx, int *ret_n);
/* Numbers of ours that are wrong in a list; caller owns. */
json_t *lists_wrong(const struct list_of *of, const struct masters_at *at, const json_t *doc);
