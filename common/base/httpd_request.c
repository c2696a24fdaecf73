/* httpd_request: a request from its head to its answer, and what handlers use of httpd.h.
 *
 * Guarantees: a head that two parsers might read differently is refused (httpd_check.h); a handler
 * is called once, with the whole body; a limit of the route is kept from the head on, by the length
 * that was announced. A late answer suspends the connection (its socket is then not watched).
 * Known gap: a body over a limit in flight is read and thrown away, which costs its bytes. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/httpd_check.h"
#include "base/httpd_private.h"
#include "base/util.h"

#define BUSY_RETRY_S 1

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

static struct httpd_load *load_of(const struct httpd_request *r)
{
	return &r->h->loads[r->route - r->h->c.routes];
}

/* First thing libmicrohttpd tells of a request: its target as it came. */
void *httpd_on_uri(void *ctx, const char *uri, struct MHD_Connection *mhd)
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

void httpd_on_completed(void *ctx, struct MHD_Connection *mhd, void **request_ctx,
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
	httpd_set_deadline(r->h, r->conn);
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
		if (r->n_pairs == HTTPD_QUERY_MAX || http_percent_decode(one) ||
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
	const struct httpd_load *l = load_of(r);
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

enum MHD_Result httpd_on_request(void *ctx, struct MHD_Connection *mhd, const char *url,
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
