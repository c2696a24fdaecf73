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
	char *url;
	char **texts; /* of parts */
	size_t n_texts, room;
	struct httpc_part *parts;
	size_t n_parts;
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
	char version[64];
	const char *rest = version;

	if (!p->idempotency_header)
		return 0;
	snprintf(version, sizeof version, "%lld", (long long)json_int(in->complaint, "version", 0));
	if (c == CALL_UPLOAD)
		rest = json_str_or(in->attachment, "sha256", "");
	else if (c == CALL_HANDOVER)
		rest = "handover";
	else if (c == CALL_FOLLOWUP && in->news && in->news->part > 1)
		snprintf(version + strlen(version), sizeof version - strlen(version),
			".followup.%u", in->news->part);
	else if (c == CALL_FOLLOWUP)
		snprintf(version + strlen(version), sizeof version - strlen(version), ".followup");
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

/* Keeps a text a part points to until the request is cleared. */
static char *keep(struct own *own, char *text)
{
	if (own->n_texts == own->room) {
		own->room = own->room ? 2 * own->room : 16;
		own->texts = xrealloc(own->texts, own->room * sizeof *own->texts);
	}
	own->texts[own->n_texts++] = text;
	return text;
}

static void add_part(struct profile_request *ret, const struct httpc_part *part)
{
	struct own *own = ret->own;

	own->parts = xrealloc(own->parts, (own->n_parts + 1) * sizeof *own->parts);
	own->parts[own->n_parts++] = *part;
	ret->http.parts = own->parts;
	ret->http.n_parts = own->n_parts;
}

/* The part of r->in->attachment; `field` is its name. */
static int add_file_part(const struct call_map *c, const struct render *r, const char *field,
	struct profile_request *ret)
{
	const char *sha256 = json_str_or(r->in->attachment, "sha256", "");
	struct own *own = ret->own;
	struct render named = *r;
	char *path = NULL, *file_name;
	int rc;

	if (r->p->mime && !json_object_get(r->p->mime, json_str_or(r->in->attachment, "mime", "")))
		return err_set(
			r->e, -EINVAL, "attachment: its type is not among attachments.types");
	rc = r->in->show_only ? 0 : find_blob(r->in, sha256, &path, r->e);
	if (rc)
		return rc;
	keep(own, path);
	named.where = IN_UPLOAD;
	named.attachment_no = number_of(r->in->complaint, r->in->attachment);
	file_name = render_text(&named, c->file_name);
	if (!file_name)
		return err_prefix(r->e, "file_name");
	add_part(ret, &(struct httpc_part){.name = field,
			      .filename = keep(own, file_name),
			      .mime = json_str(r->in->attachment, "mime"),
			      .path = path});
	return 0;
}

static int add_file(const struct call_map *c, const struct render *r, struct profile_request *ret)
{
	int rc = add_file_part(c, r, c->file_field, ret);

	snprintf(ret->content_sha256, sizeof ret->content_sha256, "%s",
		json_str_or(r->in->attachment, "sha256", ""));
	return rc;
}

/* --- follow-ups of several parts: fields, then files --- */

/* As a form sends it: a flag is 1 or 0, a null is no field. */
static char *field_text(const json_t *v)
{
	if (json_is_string(v))
		return xstrdup(json_string_value(v));
	if (json_is_boolean(v))
		return xstrdup(json_is_true(v) ? "1" : "0");
	return json_is_integer(v) ? xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(v))
				  : NULL;
}

static int add_fields(const struct call_map *c, const struct render *r, struct profile_request *ret)
{
	_cleanup_json_ json_t *body = render_map(r, c->body);
	_cleanup_free_ char *whole = NULL;
	json_t *v;
	const char *key;
	size_t n = 0;

	if (!body)
		return r->e->code;
	json_object_foreach (body, key, v) {
		char *text = field_text(v);

		if (!text)
			continue;
		keep(ret->own, text);
		add_part(ret, &(struct httpc_part){.name = keep(ret->own, xstrdup(key)),
				      .data = text,
				      .len = strlen(text)});
	}
	whole = json_text(body, &n);
	(void)buf_add(&ret->text, whole, n);
	return 0;
}

static int add_news_files(
	const struct call_map *c, const struct render *r, struct profile_request *ret)
{
	const struct profile_news *news = r->in->news;
	size_t most = MIN(news->n_files, (size_t)r->p->news_files);
	int rc = 0;

	for (size_t i = 0; !rc && i < most; i++) {
		struct profile_input in = *r->in;
		struct render file = *r;
		char *field;

		in.attachment = news->files[i];
		file.in = &in;
		file.where = IN_FIELD;
		file.file_index = (long)i;
		field = render_text(&file, c->file_field);
		if (!field)
			return err_prefix(r->e, "file_field");
		rc = add_file_part(c, &file, keep(ret->own, field), ret);
		(void)buf_adds(&ret->text, json_str_or(news->files[i], "sha256", ""));
	}
	return rc;
}

static int add_news(const struct call_map *c, const struct render *r, struct profile_request *ret)
{
	int rc;

	if (!r->in->news)
		return err_set(r->e, -EINVAL, "a follow-up without news");
	if (!c->file_field)
		return add_body(c, r, ret);
	ret->told.files = MIN(r->in->news->n_files, (size_t)r->p->news_files);
	rc = add_fields(c, r, ret);
	if (!rc)
		rc = add_news_files(c, r, ret);
	if (!rc && ret->text.over)
		rc = err_set(r->e, -EINVAL, "the body is larger than %d bytes", REQUEST_MAX);
	sha256_hex(buf_str(&ret->text), ret->text.len, ret->content_sha256);
	return rc;
}

int profile_request(const struct profile *p, enum call_kind c, const struct profile_input *in,
	struct profile_request *ret, struct err *e)
{
	static const enum place places[CALL_KINDS] = {[CALL_UPLOAD] = IN_UPLOAD,
		[CALL_CREATE] = IN_CREATE,
		[CALL_HANDOVER] = IN_HANDOVER,
		[CALL_FOLLOWUP] = IN_FOLLOWUP};
	struct err why = {0};
	const struct render r = {
		.p = p, .in = in, .where = places[c], .told = &ret->told, .e = &why};
	const struct call_map *map = &p->calls[c];
	int rc = begin(p, map, &r, ret);

	if (!rc)
		rc = add_idempotency(ret->own, p, c, in, &why);
	if (!rc && c == CALL_FOLLOWUP)
		rc = add_news(map, &r, ret);
	else if (!rc)
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
		for (size_t i = 0; i < own->n_texts; i++)
			free(own->texts[i]);
		free(own->texts);
		free(own->parts);
		free(own);
	}
	buf_free(&r->text);
	*r = (struct profile_request){0};
}
