/* httpd: see httpd.h.
 *
 * libmicrohttpd runs in its external epoll mode: its one descriptor is in our loop, each turn calls
 * MHD_run. A late answer suspends the connection (its socket is then not watched: a client that
 * went away is noticed when the answer is written). Its own time-outs are off; `conn` keeps the
 * absolute deadlines. A deadline answers 408 straight on the socket, which is safe because
 * libmicrohttpd has written nothing yet, and shuts the socket down; libmicrohttpd then sees the end
 * of the stream and frees everything in its ordinary way. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/httpd.h"
#include "base/httpd_check.h"
#include "base/httpd_listen.h"
#include "base/util.h"

#define DEADLINE_MS	10000
#define MAX_CONNECTIONS 512
#define POOL_BYTES	(32 * 1024) /* of a connection: head and read buffer; answers are outside */
#define BUSY_RETRY_S	1
#define QUERY_MAX	32

enum reading { HEAD, BODY, THROW_AWAY, WITH_HANDLER };

struct conn {
	struct conn *prev, *next;
	int fd;
	int64_t deadline_ms; /* 0 = none: a handler has the request */
	struct httpd_request *request;
	bool answered;
};

struct httpd {
	struct loop *loop;
	struct httpd_conf c;
	struct MHD_Daemon *daemon;
	struct httpd_listener listener;
	struct loop_fd *watch;
	struct loop_timer *again, *deadline;
	struct conn *conns;
	bool room; /* a connection was closed since the last run */
	long open;
	struct load {
		int64_t bytes;
		int requests;
	} * loads; /* of each route */
};

struct httpd_request {
	struct httpd *h;
	struct MHD_Connection *mhd; /* NULL: gone */
	struct conn *conn;
	const struct httpd_route *route;
	char *uri, *query; /* raw; query: cut off behind '?' and decoded, in `pairs` */
	struct {
		const char *name, *value;
	} pairs[QUERY_MAX];
	size_t n_pairs;
	struct buf body;
	void *opaque;
	int64_t length; /* announced */
	enum reading reading;
	bool counted, suspended, replied;
	struct MHD_Response *answer;
	unsigned status;
};

/* --- connections and their deadlines --- */

static void run(struct httpd *h)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	h->room = false;
	MHD_run(h->daemon);
	/* At its limit of connections or descriptors it stops listening, and it begins again only
	 * in a run after the one that closed something; nothing else would call for that run. */
	if (h->room)
		loop_timer_arm(h->again, 0);
	/* Edge-triggered inside: what it could not finish in this run it tells only here. */
	else if (MHD_get_timeout(h->daemon, &wait_ms) == MHD_YES)
		loop_timer_arm(h->again, (int64_t)MIN(wait_ms, 60000));
}

static void on_ready(void *ctx, short revents)
{
	(void)revents;
	run(ctx);
}

static void on_again(void *ctx)
{
	run(ctx);
}

static void set_deadline(struct httpd *h, struct conn *c)
{
	c->deadline_ms = clock_mono_ms() + h->c.deadline_ms;
	if (!loop_timer_armed(h->deadline))
		loop_timer_arm(h->deadline, h->c.deadline_ms);
}

static void too_late(struct httpd *h, struct conn *c)
{
	static const char text[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
				   "Content-Type: text/plain\r\nContent-Length: 12\r\n\r\n"
				   "408 too late";

	if (!c->answered) {
		(void)!send(c->fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (h->c.refused)
			h->c.refused(h->c.ctx, 408);
	}
	shutdown(c->fd, SHUT_RDWR);
	c->deadline_ms = 0;
}

/* All deadlines are equally long, so the timer armed for the first never comes too late for one. */
static void on_deadline(void *ctx)
{
	struct httpd *h = ctx;
	int64_t now = clock_mono_ms(), next = INT64_MAX;

	for (struct conn *c = h->conns; c; c = c->next) {
		if (c->deadline_ms && c->deadline_ms <= now)
			too_late(h, c);
		if (c->deadline_ms)
			next = MIN(next, c->deadline_ms);
	}
	if (next != INT64_MAX)
		loop_timer_arm(h->deadline, next - now);
	run(h);
}

static void on_connection(void *ctx, struct MHD_Connection *mhd, void **socket_ctx,
	enum MHD_ConnectionNotificationCode what)
{
	struct httpd *h = ctx;
	struct conn *c = *socket_ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_ctx = c = xcalloc(1, sizeof(*c));
		c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		c->next = h->conns;
		if (c->next)
			c->next->prev = c;
		h->conns = c;
		set_deadline(h, c);
		return;
	}
	*(c->prev ? &c->prev->next : &h->conns) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	free(c);
	*socket_ctx = NULL;
	h->room = true;
}

/* --- requests --- */

static void request_free(struct httpd_request *r)
{
	if (r->answer)
		MHD_destroy_response(r->answer);
	buf_free(&r->body);
	free(r->uri);
	free(r->query);
	free(r);
}

static struct load *load_of(const struct httpd_request *r)
{
	return &r->h->loads[r->route - r->h->c.routes];
}

/* First thing libmicrohttpd tells of a request: its target as it came. */
static void *on_uri(void *ctx, const char *uri, struct MHD_Connection *mhd)
{
	struct httpd_request *r = xcalloc(1, sizeof(*r));

	r->h = ctx;
	r->mhd = mhd;
	r->conn = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	r->conn->request = r;
	r->uri = xstrndup(uri, HTTP_URI_MAX_BYTES + 1);
	r->h->open++;
	return r;
}

static void on_completed(void *ctx, struct MHD_Connection *mhd, void **request_ctx,
	enum MHD_RequestTerminationCode how)
{
	struct httpd_request *r = *request_ctx;
	struct httpd *h = ctx;

	(void)mhd;
	(void)how;
	*request_ctx = NULL;
	if (!r)
		return;
	h->open--;
	if (r->counted) {
		load_of(r)->requests--;
		load_of(r)->bytes -= r->length;
	}
	r->conn->request = NULL;
	r->conn = NULL;
	r->mhd = NULL;
	if (r->reading != WITH_HANDLER || r->replied)
		request_free(r);
}

static enum MHD_Result queue(struct httpd_request *r)
{
	r->conn->answered = true;
	set_deadline(r->h, r->conn);
	return MHD_queue_response(r->mhd, r->status, r->answer);
}

static void set_answer(struct httpd_request *r, int status, const char *content_type,
	const void *body, size_t len, int retry_after_s)
{
	struct MHD_Response *a;
	char seconds[16];

	a = MHD_create_response_from_buffer(
		len, len ? memcpy(xmalloc(len), body, len) : NULL, MHD_RESPMEM_MUST_FREE);
	if (!a)
		abort(); /* out of memory, as everywhere: util.h */
	MHD_add_response_header(a, MHD_HTTP_HEADER_CONNECTION, "close");
	if (content_type)
		MHD_add_response_header(a, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
	if (retry_after_s >= 0) {
		snprintf(seconds, sizeof(seconds), "%d", retry_after_s);
		MHD_add_response_header(a, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
	}
	r->answer = a;
	r->status = (unsigned)status;
	r->replied = true;
}

static void set_refusal(struct httpd_request *r, int status, const char *reason)
{
	char text[96];
	int n = snprintf(text, sizeof(text), "%d %s\n", status, reason);

	set_answer(r, status, "text/plain", text, (size_t)n, status == 503 ? BUSY_RETRY_S : -1);
	if (r->h->c.refused)
		r->h->c.refused(r->h->c.ctx, status);
}

/* A path that ends in an asterisk stands for all that begin as it does and go on. */
static bool is_for(const struct httpd_route *t, const char *path)
{
	size_t n = strlen(t->path);

	if (n && t->path[n - 1] == '*')
		return strncmp(t->path, path, n - 1) == 0 && path[n - 1];
	return strcmp(t->path, path) == 0;
}

/* RFC 9110, 15.5.6: a 405 says what there is. */
static void add_allow(struct httpd_request *r)
{
	struct buf methods = BUF_INIT(256);

	for (const struct httpd_route *t = r->h->c.routes; t->method; t++)
		if (is_for(t, r->uri))
			buf_addf(&methods, "%s%s", methods.len ? ", " : "", t->method);
	MHD_add_response_header(r->answer, MHD_HTTP_HEADER_ALLOW, buf_str(&methods));
	buf_free(&methods);
}

/* Queued at the head, the answer goes out at once and the rest of the body is not read. */
static enum MHD_Result refuse(struct httpd_request *r, int status, const char *reason)
{
	set_refusal(r, status, reason);
	if (status == 405)
		add_allow(r);
	return queue(r);
}

/* --- the head --- */

struct fields {
	struct http_field f[HTTP_FIELDS_MAX];
	size_t n;
};

static enum MHD_Result take_field(void *ctx, enum MHD_ValueKind kind, const char *name,
	size_t name_len, const char *value, size_t value_len)
{
	struct fields *all = ctx;

	(void)kind;
	if (all->n < HTTP_FIELDS_MAX)
		all->f[all->n] = (struct http_field){name, name_len, value ? value : "", value_len};
	all->n++;
	return MHD_YES;
}

static int check(struct httpd_request *r, const char *method, const char *version,
	int64_t *ret_length, const char **ret_reason)
{
	struct fields all = {.n = 0};
	struct http_head head = {.method = method, .uri = r->uri, .version = version};

	MHD_get_connection_values_n(r->mhd, MHD_HEADER_KIND, take_field, &all);
	head.fields = all.f;
	head.n_fields = all.n;
	head.bytes = MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
			     ->header_size;
	return http_head_check(&head, ret_length, ret_reason);
}

/* Cuts the target at '?' and decodes what stands behind. */
static int take_query(struct httpd_request *r)
{
	char *mark = strchr(r->uri, '?'), *rest, *one;

	if (!mark)
		return 0;
	*mark = 0;
	rest = r->query = xstrdup(mark + 1);
	while ((one = strsep(&rest, "&"))) {
		char *value = strchr(one, '=');

		if (!*one)
			continue;
		if (value)
			*value++ = 0;
		if (r->n_pairs == QUERY_MAX || http_percent_decode(one) ||
			(value && http_percent_decode(value)))
			return -EINVAL;
		r->pairs[r->n_pairs].name = one;
		r->pairs[r->n_pairs++].value = value ? value : "";
	}
	return 0;
}

static int find_route(struct httpd_request *r, const char *method, const char **ret_reason)
{
	bool known = false;

	for (const struct httpd_route *t = r->h->c.routes; t->method; t++) {
		if (!is_for(t, r->uri))
			continue;
		known = true;
		if (strcmp(t->method, method) == 0) {
			r->route = t;
			return 0;
		}
	}
	*ret_reason = known ? "not this method here" : "nothing here";
	return known ? 405 : 404;
}

static bool is_busy(const struct httpd_request *r)
{
	const struct load *l = load_of(r);
	const struct httpd_route *t = r->route;

	return (t->max_in_flight && l->requests >= t->max_in_flight) ||
	       (t->max_bytes_in_flight && l->bytes + r->length > t->max_bytes_in_flight);
}

static enum MHD_Result take_head(struct httpd_request *r, const char *method, const char *version)
{
	const char *reason;
	int status = check(r, method, version, &r->length, &reason);

	if (status == 0 && take_query(r)) {
		status = 400;
		reason = "the query cannot be read";
	}
	if (status == 0)
		status = find_route(r, method, &reason);
	if (status)
		return refuse(r, status, reason);
	if ((uint64_t)r->length > r->route->max_body)
		return refuse(r, 413, "the body is too large");
	if (is_busy(r)) {
		r->reading = THROW_AWAY;
		return MHD_YES;
	}
	buf_init(&r->body, r->route->max_body + 1);
	r->reading = BODY;
	r->counted = true;
	load_of(r)->requests++;
	load_of(r)->bytes += r->length;
	return MHD_YES;
}

/* --- libmicrohttpd's three calls per request: head, parts of the body, end --- */

static enum MHD_Result finish(struct httpd_request *r)
{
	if (r->reading == THROW_AWAY)
		return refuse(r, 503, "too many requests at once");
	r->reading = WITH_HANDLER;
	r->conn->deadline_ms = 0;
	r->route->handle(r->h->c.ctx, r);
	if (r->replied)
		return queue(r);
	r->suspended = true;
	MHD_suspend_connection(r->mhd);
	return MHD_YES;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **request_ctx)
{
	struct httpd_request *r = *request_ctx;

	(void)ctx;
	(void)mhd;
	(void)url;
	if (r->reading == HEAD)
		return take_head(r, method, version);
	if (*len) {
		if (r->reading == BODY && buf_add(&r->body, data, *len))
			return MHD_NO;
		*len = 0;
		return MHD_YES;
	}
	if (r->reading == WITH_HANDLER) /* resumed */
		return r->replied ? queue(r) : MHD_NO;
	return finish(r);
}

/* --- open and close --- */

static int start_daemon(struct httpd *h, struct err *e)
{
	const union MHD_DaemonInfo *info;

	h->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
		on_request, h, MHD_OPTION_LISTEN_SOCKET, h->listener.fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)h->c.max_connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_URI_LOG_CALLBACK, on_uri, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
	if (!h->daemon)
		return err_set(e, -EIO, "%s: libmicrohttpd does not start", h->c.listen);
	info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	h->watch = loop_fd_add(h->loop, info->epoll_fd, POLLIN, on_ready, h);
	return 0;
}

int httpd_check_listen(const char *listen, struct err *e)
{
	return httpd_listener_check(listen, e);
}

int httpd_open(struct loop *l, const struct httpd_conf *c, struct httpd **ret, struct err *e)
{
	struct httpd *h = xcalloc(1, sizeof(*h));
	size_t n_routes = 0;
	int r;

	h->loop = l;
	h->c = *c;
	h->c.deadline_ms = c->deadline_ms ? c->deadline_ms : DEADLINE_MS;
	h->c.max_connections = c->max_connections ? c->max_connections : MAX_CONNECTIONS;
	h->listener.fd = -1;
	while (c->routes[n_routes].method)
		n_routes++;
	h->loads = xcalloc(n_routes + 1, sizeof(*h->loads));
	h->again = loop_timer_new(l, on_again, h);
	h->deadline = loop_timer_new(l, on_deadline, h);
	r = httpd_listener_open(c->listen, &h->listener, e);
	if (r == 0)
		r = start_daemon(h, e);
	if (r) {
		httpd_close(h);
		return r;
	}
	*ret = h;
	return 0;
}

void httpd_stop_accepting(struct httpd *h)
{
	if (h->listener.fd < 0)
		return;
	if (h->daemon)
		MHD_quiesce_daemon(h->daemon);
	httpd_listener_close(&h->listener);
}

long httpd_open_requests(const struct httpd *h)
{
	return h->open;
}

/* libmicrohttpd cannot stop while a connection is suspended. */
static void resume_all(struct httpd *h)
{
	for (struct conn *c = h->conns; c; c = c->next) {
		if (!c->request || !c->request->suspended)
			continue;
		c->request->suspended = false;
		MHD_resume_connection(c->request->mhd);
	}
}

void httpd_close(struct httpd *h)
{
	if (!h)
		return;
	httpd_stop_accepting(h);
	loop_fd_del(h->watch);
	if (h->daemon) {
		resume_all(h);
		MHD_stop_daemon(h->daemon);
	}
	loop_timer_del(h->again);
	loop_timer_del(h->deadline);
	free(h->loads);
	free(h);
}

/* --- what handlers use --- */

const char *httpd_body(const struct httpd_request *r, size_t *ret_len)
{
	*ret_len = r->body.len;
	return buf_str(&r->body);
}

const char *httpd_header(const struct httpd_request *r, const char *name)
{
	return r->mhd ? MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, name) : NULL;
}

struct counting {
	const char *name;
	int n;
};

static enum MHD_Result count_one(
	void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct counting *c = ctx;

	(void)kind;
	(void)value;
	c->n += strcasecmp(name, c->name) == 0;
	return MHD_YES;
}

int httpd_header_count(const struct httpd_request *r, const char *name)
{
	struct counting c = {.name = name};

	if (r->mhd)
		MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, count_one, &c);
	return c.n;
}

const char *httpd_query(const struct httpd_request *r, const char *name)
{
	for (size_t i = 0; i < r->n_pairs; i++)
		if (strcmp(r->pairs[i].name, name) == 0)
			return r->pairs[i].value;
	return NULL;
}

const char *httpd_path(const struct httpd_request *r)
{
	return r->uri;
}

size_t httpd_route_number(const struct httpd_request *r)
{
	return (size_t)(r->route - r->h->c.routes);
}

void httpd_set_opaque(struct httpd_request *r, void *p)
{
	r->opaque = p;
}

void *httpd_opaque(const struct httpd_request *r)
{
	return r->opaque;
}

void httpd_reply(struct httpd_request *r, int status, const char *content_type, const void *body,
	size_t len, int retry_after_s)
{
	if (!r->mhd) { /* gone: nobody else holds it */
		request_free(r);
		return;
	}
	set_answer(r, status, content_type, body, len, retry_after_s);
	buf_free(&r->body);
	if (r->suspended) {
		r->suspended = false;
		MHD_resume_connection(r->mhd);
		loop_timer_arm(r->h->again, 0); /* 0.9.75 wakes only its own threads */
	}
}
