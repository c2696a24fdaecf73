/* profile_sheet: a complaint on paper, for the officer who types it into the national form.
 *
 * Guarantees: a citizen's text is text: escaped in HTML, quoted in CSV, never a formula; the page
 * stands alone (no script, no resource from elsewhere). Rows, their order and words come from the
 * profile. Known gap: attachments are named and listed by their place in the blob store, not
 * shown. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/html.h"
#include "base/json.h"
#include "core/profile_private.h"

static const char page_head[] =
	"<!doctype html>\n<html lang=\"id\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta name=\"referrer\" content=\"no-referrer\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	"'unsafe-inline'\">\n<title>";
static const char page_style[] =
	"</title>\n<style>\n@page { size: A4; margin: 18mm; }\n"
	"body { font: 11pt/1.4 sans-serif; max-width: 174mm; margin: 1em auto; color: #000; }\n"
	"h1 { font-size: 15pt; margin: 0 0 .3em; }\n"
	"table { border-collapse: collapse; width: 100%; }\n"
	"th, td { border: 1px solid #777; padding: 4px 7px; vertical-align: top; text-align: left; "
	"}\n"
	"th { width: 38mm; font-weight: bold; background: #eee; }\n"
	"td { white-space: pre-wrap; overflow-wrap: anywhere; }\n"
	".id { font-size: 13pt; font-weight: bold; }\n"
	".number { border: 1px solid #000; padding: 6px 8px; margin: .6em 0 1em; }\n"
	".number p { margin: .4em 0 0; }\n"
	".blank { display: inline-block; width: 40mm; border-bottom: 1px solid #000; }\n"
	".list { page-break-after: always; break-after: page; }\n.list th { width: auto; }\n"
	".list td { height: 8mm; }\n.list td:nth-child(2) { white-space: nowrap; }\n"
	".list td:nth-child(4) { min-width: 30mm; } /* no word is cut for the empty columns */\n"
	".list td:nth-child(5) { min-width: 26mm; white-space: normal; }\n"
	".list th:nth-child(6) { width: 36mm; }\n.list th:nth-child(7) { width: 22mm; }\n"
	"section { page-break-before: always; break-before: page; }\n"
	"body > section:first-child { page-break-before: auto; break-before: auto; }\n"
	".list + section { page-break-before: auto; break-before: auto; }\n"
	"tr { break-inside: avoid; }\n"
	"@media screen and (max-width: 40rem) { body { margin: .8rem; } .blank { width: 8rem; }\n"
	" section { margin-top: 2.5em; }\n"
	" section th, section td { display: block; width: auto; border-width: 0 1px; }\n"
	" section th { border-top-width: 1px; } section table { border-bottom: 1px solid #777; }\n"
	" .list tr { display: block; border-bottom: 1px solid #777; padding: .4em 0; }\n"
	" .list th, .list td:nth-child(n + 6) { display: none; } /* to write in by hand */\n"
	" .list td { display: inline; border: 0; padding: 0 .8em 0 0; white-space: normal; }\n"
	" .list td:nth-child(4) { display: block; height: auto; }\n"
	"}\n</style>\n</head>\n<body>\n";

void sheet_text(struct buf *out, const char *s)
{
	for (; *s; s++) {
		const char *as = html_entity(*s);

		if (as)
			(void)buf_adds(out, as);
		else if ((unsigned char)*s >= ' ' || *s == '\n' || *s == '\t')
			(void)buf_addc(out, *s);
	}
}

/* One line a file: name, type, size, where it lies. */
void sheet_files(struct buf *out, const json_t *complaint)
{
	const json_t *a;
	size_t i;

	json_array_foreach (json_object_get(complaint, "attachments"), i, a) {
		const bool stored = strcmp(json_str_or(a, "state", ""), "stored") == 0;
		const int64_t bytes = json_int(a, "bytes", -1);

		(void)buf_addf(out, "%s%zu. %s", i ? "\n" : "", i + 1,
			json_str_or(a, "name", json_str_or(a, "kind", "berkas")));
		if (json_str(a, "mime"))
			(void)buf_addf(out, ", %s", json_str(a, "mime"));
		if (bytes >= 0)
			(void)buf_addf(out, ", %" PRId64 " byte", bytes);
		if (stored && json_str(a, "sha256"))
			(void)buf_addf(out, ", berkas %s", json_str(a, "sha256"));
		else
			(void)buf_adds(out, ", belum atau tidak dapat diambil");
	}
}

static int sheet_of(const struct profile *p, const json_t *complaint, const char *attempt,
	const struct profile_input *in, struct render *ret, struct err *e)
{
	*ret = (struct render){.p = p, .in = in, .where = IN_SHEET, .attempt = attempt, .e = e};
	if (p->kind != PROFILE_SHEET)
		return err_set(e, -EINVAL, "profile %s makes no sheets", p->name);
	return json_is_object(complaint) ? 0 : err_set(e, -EINVAL, "no complaint");
}

static int add_rows(const struct render *r, struct buf *out)
{
	const json_t *row;
	size_t i;

	json_array_foreach (r->p->sheet_rows, i, row) {
		_cleanup_free_ char *value = render_text(r, json_str_or(row, "value", ""));

		if (!value)
			return err_prefix(r->e, "sheet.rows.%zu", i);
		(void)buf_adds(out, "<tr><th>");
		sheet_text(out, json_str_or(row, "label", ""));
		(void)buf_adds(out, "</th><td>");
		sheet_text(out, *value ? value : "-");
		(void)buf_adds(out, "</td></tr>\n");
	}
	return 0;
}

void sheet_page_open(struct buf *out, const char *title)
{
	(void)buf_adds(out, page_head);
	sheet_text(out, title);
	(void)buf_adds(out, page_style);
}

void sheet_page_close(struct buf *out)
{
	(void)buf_adds(out, "</body>\n</html>\n");
}

void sheet_anchor(struct buf *out, const char *attempt)
{
	(void)buf_addc(out, 's');
	for (; *attempt; attempt++)
		(void)buf_addc(out, *attempt >= '0' && *attempt <= '9' ? *attempt : '-');
}

/* Where the number is written by hand, and what to do with it. */
static int add_number(const struct render *r, const char *const *note, struct buf *out)
{
	_cleanup_free_ char *how = note ? NULL : render_text(r, r->p->sheet_how);

	if (!note && !how)
		return err_prefix(r->e, "sheet.how");
	(void)buf_adds(out, "<div class=\"number\">Nomor laporan SP4N-LAPOR!: <span "
			    "class=\"blank\">&nbsp;</span> Tanggal entri: <span "
			    "class=\"blank\">&nbsp;</span>\n");
	for (const char *const *line = note ? note : (const char *const[]){how, NULL}; *line;
		line++) {
		(void)buf_adds(out, "<p>");
		sheet_text(out, *line);
		(void)buf_adds(out, "</p>\n");
	}
	(void)buf_adds(out, "</div>\n");
	return 0;
}

int profile_sheet_section(const struct profile *p, const json_t *complaint, const char *attempt,
	const char *const *note, struct buf *out, struct err *e)
{
	const struct profile_input in = {.complaint = complaint};
	struct err why = {0};
	struct render r;
	int rc = sheet_of(p, complaint, attempt, &in, &r, &why);

	if (rc)
		return err_set(e, rc, "%s", why.text);
	(void)buf_adds(out, "<section id=\"");
	sheet_anchor(out, attempt);
	(void)buf_adds(out, "\">\n<h1>");
	sheet_text(out, p->sheet_title);
	(void)buf_adds(out, "</h1>\n<p class=\"id\">Tiket ");
	sheet_text(out, json_str_or(complaint, "ticket", ""));
	(void)buf_adds(out, " &nbsp; Berkas isian ");
	sheet_text(out, attempt);
	(void)buf_adds(out, "</p>\n");
	rc = add_number(&r, note, out);
	(void)buf_adds(out, "<table>\n");
	if (rc || add_rows(&r, out))
		return err_set(e, -EINVAL, "%s", why.text);
	(void)buf_adds(out, "</table>\n</section>\n");
	return out->over ? err_set(e, -E2BIG, "the sheet is too large") : 0;
}

int profile_sheet_html(const struct profile *p, const json_t *complaint, const char *attempt,
	struct buf *out, struct err *e)
{
	_cleanup_free_ char *title = NULL;
	int r;

	if (p->kind != PROFILE_SHEET)
		return err_set(e, -EINVAL, "profile %s makes no sheets", p->name);
	title = xasprintf("%s %s", p->sheet_title, json_str_or(complaint, "ticket", ""));
	sheet_page_open(out, title);
	r = profile_sheet_section(p, complaint, attempt, NULL, out, e);
	sheet_page_close(out);
	return r ? r : out->over ? err_set(e, -E2BIG, "the sheet is too large") : 0;
}

/* RFC 4180. What a spreadsheet would take for a formula gets a quote mark in front. */
static void add_csv(struct buf *out, const char *s, bool last)
{
	(void)buf_addc(out, '"');
	if (*s && strchr("=+-@\t\r", *s))
		(void)buf_addc(out, '\'');
	for (; *s; s++) {
		if (*s == '"')
			(void)buf_addc(out, '"');
		(void)buf_addc(out, *s);
	}
	(void)buf_adds(out, last ? "\"\r\n" : "\",");
}

int profile_sheet_csv_header(const struct profile *p, struct buf *out)
{
	const size_t n = json_array_size(p->sheet_rows);
	const json_t *row;
	size_t i;

	add_csv(out, "Tiket", false);
	add_csv(out, "Berkas isian", n == 0);
	json_array_foreach (p->sheet_rows, i, row)
		add_csv(out, json_str_or(row, "label", ""), i + 1 == n);
	return out->over ? -E2BIG : 0;
}

int profile_sheet_csv(const struct profile *p, const json_t *complaint, const char *attempt,
	struct buf *out, struct err *e)
{
	const struct profile_input in = {.complaint = complaint};
	const size_t n = json_array_size(p->sheet_rows);
	struct err why = {0};
	const json_t *row;
	struct render r;
	size_t i;
	int rc = sheet_of(p, complaint, attempt, &in, &r, &why);

	if (rc)
		return err_set(e, rc, "%s", why.text);
	add_csv(out, json_str_or(complaint, "ticket", ""), false);
	add_csv(out, attempt, n == 0);
	json_array_foreach (p->sheet_rows, i, row) {
		_cleanup_free_ char *value = render_text(&r, json_str_or(row, "value", ""));

		if (!value)
			return err_set(e, -EINVAL, "sheet.rows.%zu: %s", i, why.text);
		add_csv(out, value, i + 1 == n);
	}
	return out->over ? err_set(e, -E2BIG, "the sheet is too large") : 0;
}
