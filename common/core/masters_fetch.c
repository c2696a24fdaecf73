/* masters_fetch: see masters_fetch.h. One page after the other on one connection; the first that
 * fails ends it, for half a list is none. */
#include <errno.h>

#include "base/clock.h"
#include "base/util.h"
#include "core/masters_fetch.h"
#include "core/outcome.h"

struct master_fetch {
	struct httpc *http;
	const struct profile *p;
	struct profile_input in;
	struct master_read read;
	struct profile_request request;
	struct httpc_call *call;
	master_fetch_fn *fn;
	void *ctx;
};

static void on_answer(void *ctx, const struct httpc_answer *a);

static int ask(struct master_fetch *f, struct err *e)
{
	int rc;

	profile_request_clear(&f->request);
	rc = profile_master_request(f->p, f->read.m, &f->in, f->read.pages + 1, &f->request, e);
	return rc ? rc : httpc_send(f->http, &f->request.http, on_answer, f, &f->call, e);
}

static void destroy(struct master_fetch *f)
{
	profile_request_clear(&f->request);
	master_read_free(&f->read);
	free(f);
}

static void end(struct master_fetch *f, int rc, const struct httpc_answer *a, const struct err *e)
{
	struct master_fetched got = {
		.rc = rc, .read = rc ? NULL : &f->read, .status = a ? a->status : 0};

	if (rc && a && a->retry_after &&
		retry_after_parse(a->retry_after, clock_wall_ms(), &got.wait_ms))
		got.wait_ms = 0;
	f->fn(f->ctx, &got, e);
	destroy(f);
}

/* Is it an answer that may hold a page? */
static int judge(const struct master_fetch *f, const struct httpc_answer *a, struct err *e)
{
	const int page = f->read.pages + 1;

	if (a->too_large)
		return err_set(e, -E2BIG, "page %d: larger than max_answer (%zu bytes)", page,
			f->read.m->max_answer);
	if (a->curl)
		return err_set(
			e, -EIO, "page %d: no whole answer (curl %d: %s)", page, a->curl, a->error);
	if (a->status < 200 || a->status > 299)
		return err_set(e, -EIO, "page %d: HTTP %ld", page, a->status);
	return 0;
}

static void on_answer(void *ctx, const struct httpc_answer *a)
{
	struct master_fetch *f = ctx;
	struct err e = {0};
	bool more = false;
	int rc = judge(f, a, &e);

	f->call = NULL;
	if (!rc)
		rc = master_read_page(&f->read, a->body ? a->body : "", a->body_len, &more, &e);
	if (!rc && more) {
		rc = ask(f, &e);
		if (!rc)
			return;
	} else if (!rc) {
		rc = master_read_end(&f->read, &e);
	}
	end(f, rc, a, &e);
}

int master_fetch_start(struct httpc *h, const struct profile *p, const struct profile_master *m,
	const struct profile_input *in, master_fetch_fn *fn, void *ctx, struct master_fetch **ret,
	struct err *e)
{
	struct master_fetch *f = xcalloc(1, sizeof *f);
	int rc;

	*f = (struct master_fetch){.http = h, .p = p, .in = *in, .fn = fn, .ctx = ctx};
	master_read_init(&f->read, m);
	rc = ask(f, e);
	if (rc)
		destroy(f);
	else
		*ret = f;
	return rc;
}

void master_fetch_cancel(struct master_fetch *f)
{
	if (!f)
		return;
	if (f->call)
		httpc_cancel(f->call);
	destroy(f);
}
