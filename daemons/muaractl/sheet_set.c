/* sheet_set: see sheet_set.h. Pages and lines are made by core/profile_sheet, as the forwarder's
 * own sheets are, so that both say the same. */
#include <errno.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"

#include "sheet_set.h"

static const char *agency_text(const struct sheet_entry *s)
{
	return *s->agency ? s->agency : SHEET_NO_AGENCY;
}

static void add_cell(struct buf *out, const char *s)
{
	(void)buf_adds(out, "<td>");
	sheet_text(out, s);
	(void)buf_adds(out, "</td>");
}

static void add_list_row(struct buf *out, size_t i, const struct sheet_entry *s)
{
	(void)buf_addf(out, "<tr><td>%zu</td><td><a href=\"#", i + 1);
	sheet_anchor(out, s->attempt);
	(void)buf_adds(out, "\">");
	sheet_text(out, json_str_or(s->complaint, "ticket", ""));
	(void)buf_adds(out, "</a></td>");
	add_cell(out, s->attempt);
	add_cell(out, agency_text(s));
	add_cell(out, s->since);
	(void)buf_adds(out, "<td></td><td></td></tr>\n");
}

static void add_list(struct buf *out, const char *title, const struct sheet_entry *v, size_t n)
{
	(void)buf_adds(out, "<div class=\"list\">\n<h1>");
	sheet_text(out, title);
	(void)buf_addf(out,
		"</h1>\n<p>%zu lembar</p>\n<table>\n<tr><th>No.</th><th>Tiket</th><th>Berkas "
		"isian</th><th>Instansi</th><th>Sejak</th><th>Nomor SP4N-LAPOR!</th><th>Tanggal "
		"entri</th></tr>\n",
		n);
	for (size_t i = 0; i < n; i++)
		add_list_row(out, i, &v[i]);
	(void)buf_adds(out, "</table>\n</div>\n");
}

int sheet_set_html(
	const char *title, const struct sheet_entry *v, size_t n, struct buf *out, struct err *e)
{
	int r = 0;

	sheet_page_open(out, title);
	add_list(out, title, v, n);
	for (size_t i = 0; !r && i < n; i++)
		r = profile_sheet_section(
			v[i].profile, v[i].complaint, v[i].attempt, v[i].note, out, e);
	sheet_page_close(out);
	if (!r && out->over)
		r = err_set(e, -E2BIG, "over %d MiB: fewer at once (--day, --agency)",
			SHEET_SET_MAX >> 20);
	return r;
}

int sheet_set_csv(const struct sheet_entry *v, size_t n, struct buf *out, struct err *e)
{
	int r = 0;

	(void)buf_adds(out, SHEET_BOM);
	if (n)
		(void)profile_sheet_csv_header(v[0].profile, out);
	for (size_t i = 0; !r && i < n; i++)
		r = profile_sheet_csv(v[i].profile, v[i].complaint, v[i].attempt, out, e);
	if (!r && out->over)
		r = err_set(e, -E2BIG, "over %d MiB: fewer at once (--day, --agency)",
			SHEET_SET_MAX >> 20);
	return r;
}

void sheet_slug(const char *agency, bool known, char ret[SHEET_SLUG_SIZE])
{
	char hash[SHA256_HEX_SIZE];
	size_t n = 0;

	sha256_hex(agency, strlen(agency), hash);
	if (!*agency) {
		snprintf(ret, SHEET_SLUG_SIZE, "tanpa-instansi");
		return;
	}
	for (const char *s = agency; known && *s && n < SHEET_SLUG_SIZE - 1; s++) {
		const char c = *s >= 'A' && *s <= 'Z' ? (char)(*s - 'A' + 'a') : *s;

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			ret[n++] = c;
		else if (n && ret[n - 1] != '-')
			ret[n++] = '-';
	}
	while (n && ret[n - 1] == '-')
		n--;
	ret[n] = '\0';
	if (!n)
		snprintf(ret, SHEET_SLUG_SIZE, "lain-%.8s", hash);
}
