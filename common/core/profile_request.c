/* profile_request: a complaint as one call of its destination.
 *
 * Guarantees: the same snapshot, settings and uploads give the same bytes (a person can compare
 * what an INTENT's content_hash stands for); a file is named after ticket and place, never after
 * what a citizen's phone called it; its bytes are checked against their hash before it is offered.
 * Known gap: between that check and the sending, httpc reads the file anew. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "core/profile_private.h"

#define HEADERS_MAX 32
#define REQUEST_MAX (4 << 20)

struct own { /* what http points to */
	char *headers[HEADERS_MAX + 1];
	size_t n_headers;
	char *url, *path, *file_name;
	struct httpc_part part;
};

static int add_header(struct own *own, char *header, struct err *e)
{
	if (own->n_headers == HEADERS_MAX) {
		free(header);
		return err_set(e, -E2BIG, "more than %d headers", HEADERS_MAX);
	}
	own->headers[own->n_headers++] = header;
	return 0;
}

static bool is_content_type(const char *header)
{
	static const char name[] = "Content-Type:";

	return strncasecmp(header, name, strlen(name)) == 0;
}

/* The destination's (credentials), then the profile's. Multipart brings its own Content-Type. */
static int add_headers(struct own *own, const struct profile *p, const struct profile_input *in,
	bool multipart, struct err *e)
{
	const json_t *h;
	size_t i;
	int r = 0;

	for (i = 0; !r && in->headers && in->headers[i]; i++)
		r = add_header(own, xstrdup(in->headers[i]), e);
	json_array_foreach (p->headers, i, h) {
		if (r)
			break;
		if (!multipart || !is_content_type(json_string_value(h)))
			r = add_header(own, xstrdup(json_string_value(h)), e);
	}
	return r;
}

static int add_idempotency(struct own *own, const struct profile *p, enum call_kind c,
	const struct profile_input *in, struct err *e)
{
	const char *id = json_str_or(in->complaint, "id", "");
	char version[24];
	const char *rest = version;

	if (!p->idempotency_header)
		return 0;
	snprintf(version, sizeof version, "%lld", (long long)json_int(in->complaint, "version", 0));
	if (c == CALL_UPLOAD)
		rest = json_str_or(in->attachment, "sha256", "");
	else if (c == CALL_HANDOVER)
		rest = "handover";
	return add_header(own, xasprintf("%s: %s.%s", p->idempotency_header, id, rest), e);
}

/* Everything a call and a read have in common. */
static int begin(const struct profile *p, const struct call_map *c, const struct render *r,
	struct profile_request *ret)
{
	struct own *own = xcalloc(1, sizeof *own);
	_cleanup_free_ char *path = NULL;
	struct render at = *r;

	*ret = (struct profile_request){.own = own, .text = BUF_INIT(REQUEST_MAX)};
	if (!c->is.present)
		return err_set(r->e, -EINVAL, "profile %s has no such call", p->name);
	path = render_text(&at, c->path);
	if (!path)
		return err_prefix(r->e, "path");
	own->url = xasprintf("%s%s", r->in->base, path);
	ret->http = (struct httpc_request){.method = c->method ? c->method : "GET",
		.url = own->url,
		.headers = (const char *const *)own->headers,
		.connect_ms = c->is.connect_ms,
		.total_ms = c->is.total_ms,
		.max_answer = c->is.max_answer,
		.ca_file = r->in->ca_file};
	return add_headers(own, p, r->in, c->file_field != NULL, r->e);
}

static int add_body(const struct call_map *c, const struct render *r, struct profile_request *ret)
{
	_cleanup_json_ json_t *body = render_map(r, c->body);
	_cleanup_free_ char *text = NULL;
	size_t n = 0;

	if (!body)
		return r->e ? r->e->code : -EINVAL;
	text = json_text(body, &n);
	if (buf_add(&ret->text, text, n))
		return err_set(r->e, -EINVAL, "the body is larger than %d bytes", REQUEST_MAX);
	sha256_hex(text, n, ret->content_sha256);
	ret->http.body = ret->text.data;
	ret->http.body_len = ret->text.len;
	return 0;
}

static long number_of(const json_t *complaint, const json_t *attachment)
{
	const json_t *a;
	size_t i;

	json_array_foreach (json_object_get(complaint, "attachments"), i, a)
		if (a == attachment || (json_str(a, "sha256") &&
					       strcmp(json_str(a, "sha256"),
						       json_str_or(attachment, "sha256", "")) == 0))
			return (long)i + 1;
	return 1;
}

/* Present, whole, and of the size the snapshot says. */
static int find_blob(
	const struct profile_input *in, const char *sha256, char **ret_path, struct err *e)
{
	_cleanup_close_ int fd = -1;
	int64_t bytes = 0;
	int r = blob_open_fd(in->blobs, sha256, &fd, &bytes, e);

	if (r == -ENOENT || r == -EBADMSG) {
		err_prefix(e, "attachment");
		if (e)
			e->code = -ENOENT;
		return -ENOENT;
	}
	return r ? r : blob_path(in->blobs, sha256, ret_path, e);
}

static int add_file(const struct call_map *c, const struct render *r, struct profile_request *ret)
{
	const char *sha256 = json_str_or(r->in->attachment, "sha256", "");
	struct own *own = ret->own;
	struct render named = *r;
	int rc;

	if (r->p->mime && !json_object_get(r->p->mime, json_str_or(r->in->attachment, "mime", "")))
		return err_set(
			r->e, -EINVAL, "attachment: its type is not among attachments.types");
	rc = r->in->show_only ? 0 : find_blob(r->in, sha256, &own->path, r->e);
	if (rc)
		return rc;
	named.attachment_no = number_of(r->in->complaint, r->in->attachment);
	own->file_name = render_text(&named, c->file_name);
	if (!own->file_name)
		return err_prefix(r->e, "file_name");
	own->part = (struct httpc_part){.name = c->file_field,
		.filename = own->file_name,
		.mime = json_str(r->in->attachment, "mime"),
		.path = own->path};
	ret->http.parts = &own->part;
	ret->http.n_parts = 1;
	snprintf(ret->content_sha256, sizeof ret->content_sha256, "%s", sha256);
	return 0;
}

int profile_request(const struct profile *p, enum call_kind c, const struct profile_input *in,
	struct profile_request *ret, struct err *e)
{
	static const enum place places[CALL_KINDS] = {[CALL_UPLOAD] = IN_UPLOAD,
		[CALL_CREATE] = IN_CREATE,
		[CALL_HANDOVER] = IN_HANDOVER};
	struct err why = {0};
	const struct render r = {.p = p, .in = in, .where = places[c], .e = &why};
	const struct call_map *map = &p->calls[c];
	int rc = begin(p, map, &r, ret);

	if (!rc)
		rc = add_idempotency(ret->own, p, c, in, &why);
	if (!rc)
		rc = map->file_field ? add_file(map, &r, ret) : add_body(map, &r, ret);
	if (rc) {
		profile_request_clear(ret);
		return err_set(e, rc, "%s", why.text);
	}
	return 0;
}

int profile_read_request(const struct profile *p, enum profile_read read,
	const struct profile_input *in, struct profile_request *ret, struct err *e)
{
	struct err why = {0};
	static const enum place places[PROFILE_READS] = {[READ_PROBE] = IN_PROBE,
		[READ_REPORT] = IN_REPORT,
		[READ_FOLLOWUPS] = IN_FOLLOWUPS};
	const struct render r = {.p = p, .in = in, .where = places[read], .e = &why};
	int rc = begin(p, &p->reads[read], &r, ret);

	if (!rc)
		return 0;
	profile_request_clear(ret);
	return err_set(e, rc, "%s", why.text);
}

int profile_master_request(const struct profile *p, const struct profile_master *m,
	const struct profile_input *in, int page, struct profile_request *ret, struct err *e)
{
	_cleanup_free_ char *path =
		page > 1 ? xasprintf("%s%c%s=%d", m->path, strchr(m->path, '?') ? '&' : '?',
				   m->page, page)
			 : xstrdup(m->path);
	const struct call_map c = {.is = {.present = true,
					   .connect_ms = m->connect_ms,
					   .total_ms = m->total_ms,
					   .max_answer = m->max_answer},
		.path = path};
	struct err why = {0};
	const struct render r = {.p = p, .in = in, .where = IN_PROBE, .e = &why};
	int rc = begin(p, &c, &r, ret);

	if (!rc)
		return 0;
	profile_request_clear(ret);
	return err_set(e, rc, "%s", why.text);
}

void profile_request_clear(struct profile_request *r)
{
	struct own *own = r->own;

	for (size_t i = 0; own && i < own->n_headers; i++)
		free(own->headers[i]);
	if (own) {
		free(own->url);
		free(own->path);
		free(own->file_name);
		free(own);
	}
	buf_free(&r->text);
	*r = (struct profile_request){0};
}
