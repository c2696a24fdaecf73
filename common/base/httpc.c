/* httpc: see httpc.h.
 *
 * libcurl tells which descriptors and what time-out it wants (multi socket interface); each becomes
 * a watch of the loop. Finished calls are taken from its queue after every step, so `done` runs
 * outside libcurl and may send or cancel. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/httpc.h"
#include "base/mask.h"
#include "base/util.h"

#define HEAD_MAX_BYTES (64 * 1024)

struct watch { /* a descriptor of libcurl's */
	struct watch *prev, *next;
	struct httpc *h;
	struct loop_fd *fd_watch;
	curl_socket_t fd;
};

struct httpc {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer *timer;
	struct watch *watches;
	struct httpc_call *calls;
	char *user_agent;
	long in_flight;
	bool closing;
};

struct source { /* bytes of a body or part, read once from front to end */
	const char *data;
	int fd; /* -1: in memory */
	size_t left;
};

struct httpc_call {
	struct httpc_call *prev, *next;
	struct httpc *h;
	CURL *easy;
	struct curl_slist *headers;
	curl_mime *mime;
	struct source *sources;
	size_t n_sources;
	httpc_done_fn *done;
	void (*first_byte)(void *ctx);
	bool (*may_connect)(void *ctx, const struct sockaddr *to);
	int (*take)(void *ctx, const void *p, size_t n);
	void *ctx;
	int64_t start_ms;
	struct buf body;
	size_t head_bytes;
	bool head_ended; /* its empty line came */
	bool too_large;
	char error[CURL_ERROR_SIZE];
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

static void call_free(struct httpc_call *c)
{
	curl_multi_remove_handle(c->h->multi, c->easy);
	curl_easy_cleanup(c->easy);
	curl_mime_free(c->mime);
	curl_slist_free_all(c->headers);
	for (size_t i = 0; i < c->n_sources; i++)
		if (c->sources[i].fd >= 0)
			close(c->sources[i].fd);
	free(c->sources);
	buf_free(&c->body);
	free(c);
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
	call_free(c);
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
	struct watch *w = ctx; /* may be gone after the step */
	int what = (revents & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) |
		   (revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
		   (revents & (POLLERR | POLLNVAL) ? CURL_CSELECT_ERR : 0);

	step(w->h, w->fd, what);
}

static void on_timer(void *ctx)
{
	step(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static void watch_free(struct httpc *h, struct watch *w)
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

static struct watch *watch_new(struct httpc *h, curl_socket_t fd)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	*w = (struct watch){.h = h, .fd = fd, .next = h->watches};
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
	struct watch *w = fd_ctx;

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

/* --- callbacks of a call --- */

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct httpc_call *c = ctx;
	size_t room = c->body.max - c->body.len;

	n *= size;
	if (c->take)
		return c->take(c->ctx, p, n) ? 0 : n;
	if (n > room) {
		c->too_large = true;
		buf_add(&c->body, p, room);
		return 0; /* CURLE_WRITE_ERROR */
	}
	buf_add(&c->body, p, n);
	return n;
}

static size_t on_head(char *p, size_t size, size_t n, void *ctx)
{
	struct httpc_call *c = ctx;

	n *= size;
	c->head_bytes += n;
	if (n > 5 && memcmp(p, "HTTP/", 5) == 0) /* another head: a 1xx stood before it */
		c->head_ended = false;
	else if (n && (*p == '\r' || *p == '\n'))
		c->head_ended = true;
	if (c->head_bytes > HEAD_MAX_BYTES) {
		c->too_large = true;
		return 0;
	}
	return n;
}

static size_t on_read(char *to, size_t size, size_t n, void *ctx)
{
	struct source *s = ctx;
	ssize_t got = 0;

	n = MIN(n * size, s->left);
	if (n == 0)
		return 0;
	if (s->fd < 0) {
		memcpy(to, s->data, n);
		s->data += n;
		got = (ssize_t)n;
	} else {
		do
			got = read(s->fd, to, n);
		while (got < 0 && errno == EINTR);
		if (got <= 0) /* shorter than when it was opened: never half a body */
			return CURL_READFUNC_ABORT;
	}
	s->left -= (size_t)got;
	return (size_t)got;
}

/* Why: httpc.h. */
static int refuse_to_go_back(void *ctx, curl_off_t offset, int origin)
{
	(void)ctx;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

/* What libcurl would do itself, for an address that passes. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct httpc_call *c = ctx;

	(void)purpose;
	if (!c->may_connect(c->ctx, &to->addr))
		return CURL_SOCKET_BAD;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* libcurl tells a head after it was written. */
static int on_debug(CURL *easy, curl_infotype type, char *p, size_t n, void *ctx)
{
	struct httpc_call *c = ctx;
	void (*hook)(void *) = c->first_byte;

	(void)easy;
	(void)p;
	if (type == CURLINFO_HEADER_OUT && n && hook) {
		c->first_byte = NULL;
		hook(c->ctx);
	}
	return 0;
}

/* --- making a call --- */

static bool has_line_break(const char *s)
{
	return strpbrk(s, "\r\n") != NULL;
}

static int check_request(const struct httpc_request *r, struct err *e)
{
	if (strncmp(r->url, "http://", 7) != 0 && strncmp(r->url, "https://", 8) != 0)
		return err_set(e, -EINVAL, "the URL is neither http:// nor https://");
	for (const char *p = r->url; *p; p++)
		if (*p <= ' ' || *p == 0x7f)
			return err_set(e, -EINVAL, "the URL holds a blank or control character");
	if (!*r->method || strspn(r->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(r->method))
		return err_set(e, -EINVAL, "the method is not in capital letters");
	for (size_t i = 0; r->headers && r->headers[i]; i++)
		if (has_line_break(r->headers[i]))
			return err_set(e, -EINVAL, "header %zu holds a line break", i);
	if (r->connect_ms <= 0 || r->total_ms <= 0)
		return err_set(e, -EINVAL, "a call without a time limit");
	return 0;
}

static bool is_header(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncasecmp(line, name, n) == 0 && line[n] == ':';
}

static void add_header(struct httpc_call *c, const char *line)
{
	struct curl_slist *list = curl_slist_append(c->headers, line);

	if (!list)
		abort(); /* out of memory, as everywhere: util.h */
	c->headers = list;
}

static void set_headers(struct httpc_call *c, const struct httpc_request *r)
{
	bool typed = false;

	for (size_t i = 0; r->headers && r->headers[i]; i++) {
		typed |= is_header(r->headers[i], "Content-Type");
		add_header(c, r->headers[i]);
	}
	add_header(c, "Expect:"); /* none: a 417 would make libcurl send again */
	if (!typed && !r->n_parts)
		add_header(c, "Content-Type:"); /* not libcurl's guess of a form */
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
}

static int open_part(const struct httpc_part *p, struct source *s, struct err *e)
{
	struct stat st;

	*s = (struct source){.data = p->data, .fd = -1, .left = p->len};
	if (p->data || !p->path)
		return 0;
	s->fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (s->fd < 0 || fstat(s->fd, &st))
		return err_sys(e, -errno, "%s: part of a call", p->path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "%s: part of a call: not a regular file", p->path);
	s->left = (size_t)st.st_size;
	return 0;
}

static int set_parts(struct httpc_call *c, const struct httpc_request *r, struct err *e)
{
	c->mime = curl_mime_init(c->easy);
	for (size_t i = 0; i < r->n_parts; i++) {
		const struct httpc_part *p = &r->parts[i];
		struct source *s = &c->sources[c->n_sources++];
		curl_mimepart *m = curl_mime_addpart(c->mime);
		int rc = open_part(p, s, e);

		if (rc)
			return rc;
		if (curl_mime_name(m, p->name) || curl_mime_filename(m, p->filename) ||
			curl_mime_type(m, p->mime) ||
			curl_mime_data_cb(
				m, (curl_off_t)s->left, on_read, refuse_to_go_back, NULL, s))
			abort(); /* out of memory */
	}
	curl_easy_setopt(c->easy, CURLOPT_MIMEPOST, c->mime);
	return 0;
}

static void set_body(struct httpc_call *c, const struct httpc_request *r)
{
	struct source *s = &c->sources[c->n_sources++];

	*s = (struct source){.data = r->body, .fd = -1, .left = r->body_len};
	curl_easy_setopt(c->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
	curl_easy_setopt(c->easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(c->easy, CURLOPT_READDATA, s);
	curl_easy_setopt(c->easy, CURLOPT_SEEKFUNCTION, refuse_to_go_back);
	if (!r->body_len) { /* nothing to rewind, so nothing would stop a second sending */
		curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(c->easy, CURLOPT_FORBID_REUSE, 1L);
	}
}

static int set_method(struct httpc_call *c, const struct httpc_request *r, struct err *e)
{
	bool get = strcmp(r->method, "GET") == 0 && !r->body_len && !r->n_parts;
	int rc = 0;

	c->sources = xcalloc(r->n_parts + 1, sizeof(*c->sources));
	if (get)
		return 0;
	if (r->n_parts)
		rc = set_parts(c, r, e);
	else
		set_body(c, r);
	if (strcmp(r->method, "POST") != 0)
		curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, r->method);
	return rc;
}

static void set_transport(struct httpc_call *c, const struct httpc_request *r)
{
	curl_easy_setopt(c->easy, CURLOPT_URL, r->url);
	curl_easy_setopt(c->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(c->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (r->ca_file)
		curl_easy_setopt(c->easy, CURLOPT_CAINFO, r->ca_file);
	curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
	curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)r->total_ms);
	curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->easy, CURLOPT_USERAGENT, c->h->user_agent);
}

static void set_callbacks(struct httpc_call *c)
{
	curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
	if (c->may_connect) {
		curl_easy_setopt(c->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
		curl_easy_setopt(c->easy, CURLOPT_OPENSOCKETDATA, c);
	}
	if (!c->first_byte)
		return;
	curl_easy_setopt(c->easy, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(c->easy, CURLOPT_DEBUGDATA, c);
	curl_easy_setopt(c->easy, CURLOPT_VERBOSE, 1L);
}

int httpc_send(struct httpc *h, const struct httpc_request *r, httpc_done_fn *done, void *ctx,
	struct httpc_call **ret, struct err *e)
{
	struct httpc_call *c;
	int rc = h->closing ? err_set(e, -ESHUTDOWN, "the HTTP client is being closed")
			    : check_request(r, e);

	if (rc)
		return rc;
	c = xcalloc(1, sizeof(*c));
	*c = (struct httpc_call){.h = h,
		.done = done,
		.ctx = ctx,
		.first_byte = r->first_byte,
		.may_connect = r->may_connect,
		.take = r->take,
		.start_ms = clock_mono_ms(),
		.body = BUF_INIT(r->max_answer)};
	c->easy = curl_easy_init();
	if (!c->easy)
		abort(); /* out of memory */
	set_transport(c, r);
	set_callbacks(c);
	rc = set_method(c, r, e);
	if (rc) {
		call_free(c);
		return rc;
	}
	set_headers(c, r);
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
	call_free(c);
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
	for (struct watch *w = h->watches, *next; w; w = next) { /* of idle connections */
		next = w->next;
		loop_fd_del(w->fd_watch);
		free(w);
	}
	loop_timer_del(h->timer);
	free(h->user_agent);
	free(h);
}
