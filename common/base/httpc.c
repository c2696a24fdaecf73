/* httpc: see httpc.h. Libcurl and the loop; what became of a call.
 *
 * libcurl tells which descriptors and what time-out it wants (multi socket interface); each becomes
 * a watch of the loop.
 * Guarantee: finished calls are taken from its queue after every step, so `done` runs outside
 * libcurl and may send or cancel; it is called once, also when the client is closed. Known gap: a
 * host name is looked up in a thread of libcurl's, whose end a close may wait for. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/httpc_private.h"
#include "base/mask.h"
#include "base/util.h"

struct httpc_watch { /* a descriptor of libcurl's */
	struct httpc_watch *prev, *next;
	struct httpc *h;
	struct loop_fd *fd_watch;
	curl_socket_t fd;
};

/* --- the answer --- */

static void fill_error(const struct httpc_call *c, struct httpc_answer *a)
{
	const char *text = c->error;

	if (a->curl == CURLE_OK)
		return;
	if (c->too_large)
		text = "the answer is too large";
	else if (!*text || strstr(text, "://") || strchr(text, '?')) /* an URL may hold a token */
		text = curl_easy_strerror((CURLcode)a->curl);
	snprintf(a->error, sizeof(a->error), "%.*s", (int)sizeof(a->error) - 1, text);
	mask_line(a->error);
}

static const char *header_of(struct httpc_call *c, const char *name)
{
	struct curl_header *h;

	return curl_easy_header(c->easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value
										     : NULL;
}

const char *httpc_header(const struct httpc_answer *a, const char *name)
{
	return a->call ? header_of(a->call, name) : NULL;
}

static int64_t sent_bytes(struct httpc_call *c)
{
	curl_off_t body = 0;
	long head = 0;

	curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &head);
	curl_easy_getinfo(c->easy, CURLINFO_SIZE_UPLOAD_T, &body);
	return (int64_t)head + (int64_t)body;
}

static void unlink_call(struct httpc *h, struct httpc_call *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		h->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	h->in_flight--;
}

/* Tells and frees a call that is in no list any more. */
static void finish(struct httpc_call *c, CURLcode code)
{
	/* libcurl takes a head that is cut off for a whole one with nothing behind it. */
	bool cut = code == CURLE_OK && !c->head_ended;
	struct httpc_answer a = {.curl = cut ? CURLE_PARTIAL_FILE : (int)code,
		.body = buf_str(&c->body),
		.body_len = c->body.len,
		.too_large = c->too_large,
		.retry_after = header_of(c, "Retry-After"),
		.content_type = header_of(c, "Content-Type"),
		.call = c,
		.sent_bytes = sent_bytes(c),
		.total_ms = clock_mono_ms() - c->start_ms};

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &a.status);
	fill_error(c, &a);
	c->done(c->ctx, &a);
	httpc_call_free(c);
}

/* --- libcurl and the loop --- */

static void take_finished(struct httpc *h)
{
	struct CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		CURLcode code = m->data.result;
		struct httpc_call *c;

		if (m->msg == CURLMSG_DONE &&
			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &c) == CURLE_OK) {
			unlink_call(h, c);
			finish(c, code);
		}
	}
}

static void step(struct httpc *h, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(h->multi, fd, what, &running);
	take_finished(h);
}

static void on_fd(void *ctx, short revents)
{
	struct httpc_watch *w = ctx; /* may be gone after the step */
	int what = (revents & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) |
		   (revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
		   (revents & (POLLERR | POLLNVAL) ? CURL_CSELECT_ERR : 0);

	step(w->h, w->fd, what);
}

static void on_timer(void *ctx)
{
	step(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static void watch_free(struct httpc *h, struct httpc_watch *w)
{
	if (w->prev)
		w->prev->next = w->next;
	else
		h->watches = w->next;
	if (w->next)
		w->next->prev = w->prev;
	loop_fd_del(w->fd_watch);
	free(w);
}

static struct httpc_watch *watch_new(struct httpc *h, curl_socket_t fd)
{
	struct httpc_watch *w = xcalloc(1, sizeof(*w));

	*w = (struct httpc_watch){.h = h, .fd = fd, .next = h->watches};
	if (w->next)
		w->next->prev = w;
	h->watches = w;
	w->fd_watch = loop_fd_add(h->loop, fd, 0, on_fd, w);
	curl_multi_assign(h->multi, fd, w);
	return w;
}

static int want_fd(CURL *easy, curl_socket_t fd, int what, void *ctx, void *fd_ctx)
{
	struct httpc *h = ctx;
	struct httpc_watch *w = fd_ctx;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			watch_free(h, w);
		curl_multi_assign(h->multi, fd, NULL);
		return 0;
	}
	if (!w)
		w = watch_new(h, fd);
	loop_fd_events(w->fd_watch,
		(short)((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0)));
	return 0;
}

static int want_time(CURLM *multi, long after_ms, void *ctx)
{
	struct httpc *h = ctx;

	(void)multi;
	if (after_ms < 0)
		loop_timer_disarm(h->timer);
	else
		loop_timer_arm(h->timer, after_ms);
	return 0;
}

/* --- calls --- */

int httpc_send(struct httpc *h, const struct httpc_request *r, httpc_done_fn *done, void *ctx,
	struct httpc_call **ret, struct err *e)
{
	struct httpc_call *c;
	int rc = h->closing ? err_set(e, -ESHUTDOWN, "the HTTP client is being closed")
			    : httpc_call_new(h, r, done, ctx, &c, e);

	if (rc)
		return rc;
	c->next = h->calls;
	if (c->next)
		c->next->prev = c;
	h->calls = c;
	h->in_flight++;
	if (curl_multi_add_handle(h->multi, c->easy) != CURLM_OK)
		abort(); /* only out of memory or misuse */
	if (ret)
		*ret = c;
	return 0;
}

void httpc_cancel(struct httpc_call *c)
{
	unlink_call(c->h, c);
	httpc_call_free(c);
}

long httpc_in_flight(const struct httpc *h)
{
	return h->in_flight;
}

/* --- open and close --- */

int httpc_open(struct loop *l, const char *user_agent, int max_connections, struct httpc **ret,
	struct err *e)
{
	static bool initialised;
	struct httpc *h;

	if (!initialised && curl_global_init(CURL_GLOBAL_DEFAULT))
		return err_set(e, -EIO, "libcurl does not start");
	initialised = true;
	h = xcalloc(1, sizeof(*h));
	h->loop = l;
	h->user_agent = xstrdup(user_agent);
	h->timer = loop_timer_new(l, on_timer, h);
	h->multi = curl_multi_init();
	if (!h->multi)
		abort(); /* out of memory */
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, want_fd);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, want_time);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)max_connections);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)max_connections);
	*ret = h;
	return 0;
}

void httpc_close(struct httpc *h)
{
	if (!h)
		return;
	h->closing = true;
	while (h->calls) { /* a `done` may cancel others */
		struct httpc_call *c = h->calls;

		unlink_call(h, c); /* NOLINT(clang-analyzer-unix.Malloc): it takes c out */
		finish(c, CURLE_ABORTED_BY_CALLBACK);
	}
	curl_multi_cleanup(h->multi);
	for (struct httpc_watch *w = h->watches, *next; w; w = next) { /* of idle connections */
		next = w->next;
		loop_fd_del(w->fd_watch);
		free(w);
	}
	loop_timer_del(h->timer);
	free(h->user_agent);
	free(h);
}
