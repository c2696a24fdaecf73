/* httpc_call: a request becomes a call of libcurl's: its body, headers, limits and callbacks.
 *
 * Guarantees: a body is read once from front to end, so nothing can make libcurl send it again
 * (httpc.h says why); no header and no URL of a caller can hold another one; no answer is larger
 * than it may be; a file that got shorter is never half a body. Known gap: a file on a network
 * folder is read in the loop's thread. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/httpc_private.h"
#include "base/util.h"

#define HEAD_MAX_BYTES (64 * 1024)

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
	struct httpc_source *s = ctx;
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

static int open_part(const struct httpc_part *p, struct httpc_source *s, struct err *e)
{
	struct stat st;

	*s = (struct httpc_source){.data = p->data, .fd = -1, .left = p->len};
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
		struct httpc_source *s = &c->sources[c->n_sources++];
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
	struct httpc_source *s = &c->sources[c->n_sources++];

	*s = (struct httpc_source){.data = r->body, .fd = -1, .left = r->body_len};
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

/* --- life --- */

int httpc_call_new(struct httpc *h, const struct httpc_request *r, httpc_done_fn *done, void *ctx,
	struct httpc_call **ret, struct err *e)
{
	struct httpc_call *c;
	int rc = check_request(r, e);

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
		httpc_call_free(c);
		return rc;
	}
	set_headers(c, r);
	*ret = c;
	return 0;
}

void httpc_call_free(struct httpc_call *c)
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
