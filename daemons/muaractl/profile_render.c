/* profile_render: see profile_render.h. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"
#include "core/csv.h"
#include "core/profile_masters.h"

#include "profile_render.h"

#define FILES_MAX    32
#define BODY_MAX     (4 << 20)
#define SHEET_NUMBER "0/0" /* of an attempt that is none */

static const char *const repeat_names[] = {
	[CALL_REPEATABLE] = "repeatable", [CALL_VERIFIABLE] = "verifiable", [CALL_ONCE] = "once"};
static const char *const kind_names[] = {
	[PROFILE_HTTP] = "http", [PROFILE_SHEET] = "sheet", [PROFILE_OBSERVE] = "observe"};

/* --- texts as lengths --- */

static json_t *masked_text(const char *s)
{
	const size_t chars = utf8_length(s);
	_cleanup_free_ char *shape = NULL;
	char hash[SHA256_HEX_SIZE];

	if (chars < HASHED_CHARS) {
		shape = xasprintf("<%zu characters>", chars);
	} else {
		sha256_hex(s, strlen(s), hash);
		shape = xasprintf("<%zu characters, sha256 %.12s>", chars, hash);
	}
	return json_str_new(shape);
}

/* The same tree with each text as its shape; numbers, true, false and null as they are. */
static json_t *shape_of(const json_t *v)
{
	const char *key;
	json_t *out, *item;
	size_t i;

	if (json_is_string(v))
		return masked_text(json_string_value(v));
	if (json_is_object(v)) {
		out = json_object();
		json_object_foreach ((json_t *)(uintptr_t)v, key, item)
			json_set_new(out, key, shape_of(item));
		return out;
	}
	if (json_is_array(v)) {
		out = json_array();
		json_array_foreach (v, i, item) {
			json_array_append_new(out, shape_of(item));
		}
		return out;
	}
	return json_deep_copy(v);
}

/* --- one call --- */

static struct profile_input input_of(const struct render_what *w)
{
	return (struct profile_input){.complaint = w->complaint,
		.base = w->base,
		.headers = w->headers,
		.settings = w->settings,
		.agencies = w->agencies,
		.show_only = true};
}

static void add_headers(json_t *j, const struct httpc_request *r)
{
	json_t *list = json_array();

	for (size_t i = 0; r->headers && r->headers[i]; i++)
		json_array_append_new(list, json_str_new(r->headers[i]));
	json_set_new(j, "headers", list);
}

static void add_body(json_t *j, const struct render_what *w, const struct profile_request *r)
{
	_cleanup_json_ json_t *body = NULL;

	json_set_int(j, "bytes", (int64_t)r->http.body_len);
	json_set_str(j, "sha256", r->content_sha256);
	if (w->show_text)
		json_set_new(j, "body", json_stringn((const char *)r->http.body, r->http.body_len));
	else if (!json_parse(r->http.body, r->http.body_len, BODY_MAX, &body, NULL))
		json_set_new(j, "shape", shape_of(body));
}

/* Whether the store has the file, of the size the snapshot says: "yes", "no", "other size". */
static const char *in_store(const struct render_what *w, const char *sha256, int64_t bytes)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", w->blob_dir, sha256);
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? "no" : strerror(errno);
	return bytes < 0 || st.st_size == bytes ? "yes" : "other size";
}

static void add_part(json_t *j, const struct render_what *w, const struct profile_request *r,
	const json_t *attachment)
{
	const struct httpc_part *p = r->http.parts;
	json_t *part = json_object(), *parts = json_array();
	const int64_t bytes = json_int(attachment, "bytes", -1);

	json_set_str(part, "name", p->name);
	json_set_str(part, "filename", p->filename);
	json_set_str(part, "mime", p->mime);
	if (bytes >= 0)
		json_set_int(part, "bytes", bytes);
	json_set_str(part, "sha256", r->content_sha256);
	if (w->blob_dir)
		json_set_str(part, "stored", in_store(w, r->content_sha256, bytes));
	json_array_append_new(parts, part);
	json_set_new(j, "parts", parts);
}

/* Fields and files of one form. */
static void add_form(json_t *j, const struct render_what *w, const struct profile_request *r)
{
	json_t *parts = json_array();

	for (size_t i = 0; i < r->http.n_parts; i++) {
		const struct httpc_part *p = &r->http.parts[i];
		_cleanup_free_ char *value =
			p->data ? xstrndup((const char *)p->data, p->len) : NULL;
		json_t *part = json_object();

		json_set_str(part, "name", p->name);
		if (value)
			json_set_new(part, w->show_text ? "value" : "shape",
				w->show_text ? json_str_new(value) : masked_text(value));
		json_set_str(part, "filename", p->filename);
		json_set_str(part, "mime", p->mime);
		json_array_append_new(parts, part);
	}
	json_set_str(j, "sha256", r->content_sha256);
	json_set_new(j, "parts", parts);
}

static void add_limits(json_t *j, const struct profile_call *c)
{
	json_set_int(j, "connect_ms", c->connect_ms);
	json_set_int(j, "total_ms", c->total_ms);
}

static json_t *call_of(
	const struct render_what *w, enum call_kind kind, const struct profile_input *in)
{
	const struct profile_call *c = profile_call(w->profile, kind);
	struct profile_request r = {0};
	json_t *j = json_object();
	struct err e = {0};

	json_set_str(j, "call", call_kind_name(kind));
	json_set_str(j, "repeat", repeat_names[c->repeat]);
	if (in->attachment)
		json_set_str(j, "attachment", json_str(in->attachment, "sha256"));
	if (profile_request(w->profile, kind, in, &r, &e)) {
		json_set_str(j, "cannot_be_made", e.text);
		return j;
	}
	add_limits(j, c);
	json_set_str(j, "method", r.http.method);
	json_set_str(j, "url", r.http.url);
	add_headers(j, &r.http);
	if (kind == CALL_FOLLOWUP && r.http.n_parts)
		add_form(j, w, &r);
	else if (r.http.n_parts)
		add_part(j, w, &r, in->attachment);
	else
		add_body(j, w, &r);
	profile_request_clear(&r);
	return j;
}

static void add_get(json_t *j, const struct httpc_request *r)
{
	json_set_str(j, "method", r->method);
	json_set_str(j, "url", r->url);
	add_headers(j, r);
}

static void add_read(const struct render_what *w, enum profile_read read, const char *name,
	const char *when, json_t *list)
{
	struct profile_input in = input_of(w);
	struct profile_request r = {0};
	json_t *j = json_object();
	struct err e = {0};

	in.remote_id = RENDER_REPORT;
	json_set_str(j, "read", name);
	json_set_str(j, "when", when);
	if (profile_read_request(w->profile, read, &in, &r, &e)) {
		json_set_str(j, "cannot_be_made", e.text);
	} else {
		add_limits(j, profile_read(w->profile, read));
		add_get(j, &r.http);
		profile_request_clear(&r);
	}
	json_array_append_new(list, j);
}

static void add_master(const struct render_what *w, const struct profile_master *m, json_t *list)
{
	struct profile_input in = input_of(w);
	struct profile_request r = {0};
	json_t *j = json_object();
	struct err e = {0};

	json_set_str(j, "read", m->name);
	json_set_str(j, "when", m->more ? "a page at a time, once a day" : "once a day");
	if (profile_master_request(w->profile, m, &in, 1, &r, &e)) {
		json_set_str(j, "cannot_be_made", e.text);
	} else {
		json_set_int(j, "connect_ms", m->connect_ms);
		json_set_int(j, "total_ms", m->total_ms);
		add_get(j, &r.http);
		profile_request_clear(&r);
	}
	json_array_append_new(list, j);
}

static json_t *reads_of(const struct render_what *w)
{
	json_t *list = json_array();

	if (profile_read(w->profile, READ_PROBE)->present)
		add_read(w, READ_PROBE, "probe", "after a 401 or 403, or an unclear answer", list);
	if (profile_read(w->profile, READ_REPORT)->present)
		add_read(w, READ_REPORT, "report", "after an unclear hand-over; for the status",
			list);
	if (profile_read(w->profile, READ_FOLLOWUPS)->present)
		add_read(w, READ_FOLLOWUPS, "followups", "with the status: what was written back",
			list);
	for (size_t i = 0; i < profile_masters(w->profile); i++)
		if (!profile_master(w->profile, i)->file)
			add_master(w, profile_master(w->profile, i), list);
	return list;
}

/* --- a filing --- */

static size_t add_uploads(
	const struct render_what *w, json_t *calls, struct profile_file files[static FILES_MAX])
{
	const json_t *list = json_object_get(w->complaint, "attachments"), *a;
	struct profile_input in = input_of(w);
	size_t i, n = 0;

	if (!profile_call(w->profile, CALL_UPLOAD)->present)
		return 0;
	json_array_foreach (list, i, a) {
		if (n == FILES_MAX || !profile_attachment(w->profile, w->complaint, a))
			continue;
		in.attachment = a;
		json_array_append_new(calls, call_of(w, CALL_UPLOAD, &in));
		files[n] = (struct profile_file){
			.attachment = json_str(a, "sha256"), .remote_id = RENDER_UPLOAD + n + 1};
		n++;
	}
	return n;
}

/* Numbers (from 1) of the attachments no upload is made of. */
static json_t *left_out(const struct render_what *w)
{
	const json_t *list = json_object_get(w->complaint, "attachments"), *a;
	json_t *out = json_array();
	size_t i;

	json_array_foreach (list, i, a)
		if (!profile_call(w->profile, CALL_UPLOAD)->present ||
			!profile_attachment(w->profile, w->complaint, a))
			json_array_append_new(out, json_integer((json_int_t)i + 1));
	return out;
}

/* What a follow-up would be, if the newest message (or, without one that can be told apart, the
 * whole text) came after the filing, with every file it can carry. */
static json_t *later_calls(const struct render_what *w)
{
	const json_t *sources = json_object_get(w->complaint, "sources"), *a,
		     *newest = json_array_get(sources, json_array_size(sources) - 1),
		     *span = json_object_get(newest, "span");
	const char *text = json_str_or(w->complaint, "text", "");
	const size_t len = strlen(text),
		     from = MIN((size_t)json_integer_value(json_array_get(span, 0)), len);
	struct profile_piece piece = {.source = json_str_or(newest, "message", ""),
		.text = text + from,
		.bytes = span ? MIN((size_t)json_integer_value(json_array_get(span, 1)), len - from)
			      : len};
	const json_t *files[FILES_MAX];
	struct profile_news news = {.pieces = &piece, .n_pieces = 1, .files = files, .part = 1};
	struct profile_input in = input_of(w);
	json_t *calls = json_array();
	size_t i;

	if (!profile_call(w->profile, CALL_FOLLOWUP)->present)
		return calls;
	json_array_foreach (json_object_get(w->complaint, "attachments"), i, a)
		if (news.n_files < FILES_MAX && profile_follow_up_file(w->profile, a))
			files[news.n_files++] = a;
	in.news = &news;
	in.remote_id = RENDER_REPORT;
	json_array_append_new(calls, call_of(w, CALL_FOLLOWUP, &in));
	return calls;
}

static json_t *http_calls(const struct render_what *w)
{
	struct profile_file files[FILES_MAX];
	struct profile_input in = input_of(w);
	json_t *calls = json_array();

	in.n_files = add_uploads(w, calls, files);
	in.files = files;
	json_array_append_new(calls, call_of(w, CALL_CREATE, &in));
	in.files = NULL;
	in.n_files = 0;
	in.remote_id = RENDER_REPORT;
	if (profile_wants(w->profile, CALL_HANDOVER, w->complaint, w->settings, w->agencies))
		json_array_append_new(calls, call_of(w, CALL_HANDOVER, &in));
	return calls;
}

/* --- a sheet --- */

/* The rows from the CSV that would be written: its head line holds the labels. */
static void add_rows(json_t *j, const struct render_what *w, const struct buf *csv)
{
	const struct csv_rules rules = {.delimiter = ','};
	struct csv_row head = {0}, line = {0};
	json_t *rows = json_array();
	size_t n = 0;

	if (csv_next(csv->data, csv->len, true, &rules, &head))
		n = head.raw_len;
	if (n && csv_next(csv->data + n, csv->len - n, true, &rules, &line))
		for (size_t i = 0; i < head.n && i < line.n; i++) {
			json_t *row = json_object();

			json_set_str(row, "label", head.fields[i]);
			json_set_new(row, w->show_text ? "value" : "shape",
				w->show_text ? json_str_new(line.fields[i])
					     : masked_text(line.fields[i]));
			json_array_append_new(rows, row);
		}
	csv_row_free(&head);
	csv_row_free(&line);
	json_set_new(j, "rows", rows);
}

static json_t *sheet_call(const struct render_what *w)
{
	_cleanup_buf_ struct buf csv = BUF_INIT(BODY_MAX);
	json_t *calls = json_array(), *j = json_object();
	struct err e = {0};

	json_set_str(j, "call", call_kind_name(CALL_SHEET));
	if (profile_sheet_csv_header(w->profile, &csv) ||
		profile_sheet_csv(w->profile, w->complaint, SHEET_NUMBER, &csv, &e))
		json_set_str(j, "cannot_be_made", *e.text ? e.text : "the sheet is too large");
	else
		add_rows(j, w, &csv);
	json_array_append_new(calls, j);
	return calls;
}

json_t *profile_render(const struct render_what *w)
{
	const bool sheet = profile_kind(w->profile) == PROFILE_SHEET;
	json_t *j = json_object(), *calls = sheet ? sheet_call(w) : http_calls(w), *c;
	json_t *later = sheet ? json_array() : later_calls(w);
	size_t i, bad = 0;

	json_array_foreach (later, i, c) {
		bad += json_str(c, "cannot_be_made") != NULL;
	}
	json_array_foreach (calls, i, c) {
		bad += json_str(c, "cannot_be_made") != NULL;
	}
	json_set_str(j, "profile", profile_name(w->profile));
	json_set_str(j, "kind", kind_names[profile_kind(w->profile)]);
	json_set_str(j, "system", profile_system(w->profile));
	json_set_str(j, "complaint", json_str(w->complaint, "id"));
	json_set_str(j, "ticket", json_str(w->complaint, "ticket"));
	json_set_int(j, "version", json_int(w->complaint, "version", 0));
	json_set_new(j, "calls", calls);
	json_set_new(j, "later", later);
	json_set_new(j, "reads", sheet ? json_array() : reads_of(w));
	json_set_new(j, "left_out", sheet ? json_array() : left_out(w));
	json_set_int(j, "unmakable", (int64_t)bad);
	return j;
}
