/* papers: files for people: sheets of `manual` destinations, and what an `observe` destination
 * would have sent.
 *
 * They hold personal data and are made for it; their names do not: ticket, attempt, version only.
 * Each is written beside its place, flushed and renamed, so a crash leaves it whole or not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"

#include "forwarder.h"

#define PAPER_MAX (4 << 20)

/* --- sheets --- */

static char *sheet_path(
	const char *dir, const char *ticket, const struct lane_key *intent, const char *suffix)
{
	return xasprintf("%s/%s.%llu-%llu.%s", dir, ticket, (unsigned long long)intent->term,
		(unsigned long long)intent->n, suffix);
}

static int write_html(const char *path, const struct profile *p, const json_t *snapshot,
	const char *attempt, struct err *e)
{
	_cleanup_buf_ struct buf b = BUF_INIT(PAPER_MAX);
	int r = profile_sheet_html(p, snapshot, attempt, &b, e);

	return r ? r : fsio_write_atomic(path, buf_str(&b), b.len, 0640, e);
}

static int write_csv(const char *path, const struct profile *p, const json_t *snapshot,
	const char *attempt, struct err *e)
{
	_cleanup_buf_ struct buf b = BUF_INIT(PAPER_MAX);
	int r = buf_adds(&b, SHEET_BOM);

	if (!r)
		r = profile_sheet_csv_header(p, &b);
	if (r)
		return err_set(e, r, "the head of the sheet does not fit");
	r = profile_sheet_csv(p, snapshot, attempt, &b, e);
	return r ? r : fsio_write_atomic(path, buf_str(&b), b.len, 0640, e);
}

int papers_sheet(const char *dir, const struct profile *p, const json_t *snapshot,
	const char *ticket, const struct lane_key *intent, struct err *e)
{
	_cleanup_free_ char *html = sheet_path(dir, ticket, intent, "html"),
			    *csv = sheet_path(dir, ticket, intent, "csv");
	char attempt[LANE_KEY_SIZE];
	int r;

	lane_key_format(intent->term, intent->n, attempt);
	r = write_csv(csv, p, snapshot, attempt, e);
	/* The page last: where it is, both are. */
	return r ? r : write_html(html, p, snapshot, attempt, e);
}

int papers_page(const char *dir, const char *ticket, const struct lane_key *intent,
	const char *page, struct err *e)
{
	_cleanup_free_ char *html = sheet_path(dir, ticket, intent, "html");

	return fsio_write_atomic(html, page, strlen(page), 0640, e);
}

bool papers_sheet_there(const char *dir, const char *ticket, const struct lane_key *intent)
{
	_cleanup_free_ char *html = sheet_path(dir, ticket, intent, "html");

	return access(html, F_OK) == 0;
}

/* --- observers --- */

static json_t *header_names(const struct httpc_request *r)
{
	json_t *names = json_array();

	for (size_t i = 0; r->headers && r->headers[i]; i++) {
		_cleanup_free_ char *name = xstrndup(r->headers[i], strcspn(r->headers[i], ":"));

		json_array_append_new(names, json_str_new(name));
	}
	return names;
}

static json_t *parts_of(const struct httpc_request *r)
{
	json_t *parts = json_array();

	for (size_t i = 0; i < r->n_parts; i++) {
		json_t *part = json_object();

		json_set_str(part, "name", r->parts[i].name);
		json_set_str(part, "filename", r->parts[i].filename);
		json_set_str(part, "mime", r->parts[i].mime);
		json_array_append_new(parts, part);
	}
	return parts;
}

/* One call as it would be made; `attachment` for uploads. */
static json_t *shown_call(struct site *s, enum call_kind call, const struct profile_input *in)
{
	struct profile_request r = {0};
	json_t *j = json_object(), *body = NULL;
	struct err e = {0};

	json_set_str(j, "call", call_kind_name(call));
	if (in->attachment)
		json_set_str(j, "attachment", json_str(in->attachment, "sha256"));
	if (profile_request(s->ep->profile, call, in, &r, &e)) {
		json_set_str(j, "cannot_be_made", e.text);
		return j;
	}
	json_set_str(j, "method", r.http.method);
	json_set_str(j, "url", r.http.url);
	json_set_new(j, "headers", header_names(&r.http));
	json_set_str(j, "content_sha256", r.content_sha256);
	if (r.http.n_parts)
		json_set_new(j, "parts", parts_of(&r.http));
	else if (!json_parse(r.http.body, r.http.body_len, PAPER_MAX, &body, NULL))
		json_set_new(j, "body", body);
	profile_request_clear(&r);
	return j;
}

static size_t add_uploads(struct site *s, const struct filing_view *v, json_t *calls,
	struct profile_file files[static FILING_FILES_MAX])
{
	const json_t *list = json_object_get(v->complaint, "attachments"), *a;
	struct profile_input in = site_input(s, v->complaint);
	size_t i, n = 0;

	if (!profile_call(s->ep->profile, CALL_UPLOAD)->present)
		return 0;
	json_array_foreach (list, i, a) {
		if (!json_str(a, "sha256") || n == FILING_FILES_MAX ||
			!profile_attachment(s->ep->profile, v->complaint, a))
			continue;
		in.attachment = a;
		json_array_append_new(calls, shown_call(s, CALL_UPLOAD, &in));
		files[n] = (struct profile_file){
			.attachment = json_str(a, "sha256"), .remote_id = n + 1};
		n++;
	}
	return n;
}

static json_t *calls_of(struct site *s, const struct filing_view *v)
{
	struct profile_file files[FILING_FILES_MAX];
	struct profile_input in = site_input(s, v->complaint);
	json_t *calls = json_array();

	in.n_files = add_uploads(s, v, calls, files);
	in.files = files;
	if (profile_call(s->ep->profile, CALL_CREATE)->present)
		json_array_append_new(calls, shown_call(s, CALL_CREATE, &in));
	in.files = NULL;
	in.n_files = 0;
	in.remote_id = 1;
	if (profile_wants(s->ep->profile, CALL_HANDOVER, v->complaint, v->settings, v->agencies))
		json_array_append_new(calls, shown_call(s, CALL_HANDOVER, &in));
	return calls;
}

int papers_observe(const char *dir, struct site *s, const struct filing_view *v, const char *ticket,
	struct err *e)
{
	_cleanup_free_ char *path =
		xasprintf("%s/%s.%s.v%u.json", dir, s->ep->conf->name, ticket, v->version);
	_cleanup_json_ json_t *j = json_object();
	_cleanup_free_ char *text = NULL;

	if (access(path, F_OK) == 0)
		return 0;
	json_set_str(j, "destination", s->ep->conf->name);
	json_set_str(j, "ticket", ticket);
	json_set_str(j, "complaint", json_str(v->complaint, "id"));
	json_set_int(j, "version", v->version);
	json_set_str(j, "note",
		"not sent; numbers a destination would give (uploads, the report's) are made up");
	json_set_new(j, "calls", calls_of(s, v));
	text = json_dumps(j, JSON_INDENT(1));
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	return fsio_write_atomic(path, text, strlen(text), 0600, e);
}
