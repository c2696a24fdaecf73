/* masters_fetch: a list of core/masters read from its endpoint, page by page. Reads only (GET).
 *
 * Loop thread, over base/httpc; `fn` is called once, never inside masters_fetch_start, and the
 * fetch is gone when it returns. */
#pragma once

#include "base/httpc.h"
#include "core/masters_read.h"

struct master_fetch;
struct master_fetched {
	const struct master_read
		*read; /* whole and believed (master_read_end); NULL: rc says why not */
	int rc;
	long status;	 /* of the last answer; 0 = none */
	int64_t wait_ms; /* told by Retry-After; 0 = nothing told */
};
/* e holds the reason when there is no list. All borrowed for the call. */
typedef void master_fetch_fn(void *ctx, const struct master_fetched *got, const struct err *e);
/* p, m and what `in` points to (base, headers, ca_file) are borrowed until fn was called. */
int master_fetch_start(struct httpc *h, const struct profile *p, const struct profile_master *m,
	const struct profile_input *in, master_fetch_fn *fn, void *ctx, struct master_fetch **ret,
	struct err *e);
void master_fetch_cancel(struct master_fetch *f); /* NULL-safe; fn is not called */
