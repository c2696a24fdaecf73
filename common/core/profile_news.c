/* profile_news: the text of a follow-up: what a report that stands there already is told anew.
 *
 * Guarantees: pieces are told in their order, whole, or from their begin up to a word, never in
 * part from the middle; what a limit leaves out is counted to the caller, who lets it follow; a
 * file that cannot be carried is told of in the text. Nothing about the reporter can be named.
 * Pure. Known gap: a correction is told whole, not as what it changes. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "core/profile_names.h"

#define NEWS_MAX	(1 << 20)
#define PIECE_MIN_CHARS 40  /* less room than that: the message begins in the next follow-up */
#define NEWS_LEFT_CHARS 200 /* less than that beside ticket and footer is no room for news */
#define BETWEEN		"\n\n"

bool profile_follow_up_file(const struct profile *p, const json_t *attachment)
{
	const struct call_map *c = &p->calls[CALL_FOLLOWUP];

	if (!c->is.present) /* a person tells it, and can carry anything */
		return strcmp(json_str_or(attachment, "state", ""), "stored") == 0;
	return c->file_field && !attachment_refusal(p, attachment);
}

/* --- what cannot be carried --- */

static bool in_list(const json_t *const *list, size_t n, const json_t *a)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == a)
			return true;
	return false;
}

/* Of a message this follow-up begins to tell. */
static bool is_told_here(const struct render *r, const json_t *a)
{
	const char *message = json_str_or(a, "message", "");

	for (size_t i = 0; i < r->news_pieces; i++) {
		const struct profile_piece *p = &r->in->news->pieces[i];

		if (p->from == 0 && strcmp(p->source, message) == 0)
			return true;
	}
	return false;
}

const char *news_left_out(const struct render *r, const json_t *a)
{
	const struct profile_news *n = r->in->news;
	const char *why;

	if (in_list(n->gone, n->n_gone, a))
		return "missing";
	if (in_list(n->refused, n->n_refused, a))
		return "upload";
	if (!is_told_here(r, a))
		return NULL;
	why = attachment_refusal(r->p, a);
	return why || r->p->calls[CALL_FOLLOWUP].file_field ? why : "upload";
}

/* --- the text --- */

static size_t chars(const char *s)
{
	return utf8_length(s);
}

static void add_prefixes(
	const struct profile *p, const struct profile_piece *piece, struct buf *out)
{
	if (piece->edit)
		(void)buf_adds(out, p->news_edit ? p->news_edit : "Ralat: ");
	if (piece->from && p->news_again)
		(void)buf_adds(out, p->news_again);
}

/* Pieces up to `room` characters. How many of theirs that were. */
static size_t join(const struct render *r, size_t room, struct profile_told *told, struct buf *out)
{
	const struct profile_news *n = r->in->news;
	size_t used = 0, theirs = 0;

	told->pieces = told->bytes = 0;
	for (; told->pieces < n->n_pieces; told->pieces++) {
		const struct profile_piece *piece = &n->pieces[told->pieces];
		_cleanup_free_ char *text = xstrndup(piece->text, piece->bytes), *cut = NULL;
		_cleanup_buf_ struct buf before = BUF_INIT(1024);
		size_t left;

		if (used && piece->bytes)
			(void)buf_adds(&before, BETWEEN);
		if (piece->bytes)
			add_prefixes(r->p, piece, &before);
		used += chars(buf_str(&before));
		left = room > used ? room - used : 0;
		if (chars(text) <= left) {
			(void)buf_addf(out, "%s%s", buf_str(&before), text);
			used += chars(text);
			theirs += chars(text);
			continue;
		}
		if (left < PIECE_MIN_CHARS)
			return theirs;
		cut = utf8_cut_words(text, left);
		(void)buf_addf(out, "%s%s", buf_str(&before), cut);
		told->bytes = piece->from + strlen(cut);
		return theirs + chars(cut);
	}
	return theirs;
}

static size_t all_chars(const struct profile_news *n)
{
	size_t all = 0;

	for (size_t i = 0; i < n->n_pieces; i++) {
		_cleanup_free_ char *text = xstrndup(n->pieces[i].text, n->pieces[i].bytes);

		all += chars(text);
	}
	return all;
}

/* Ticket, news, footer. NULL: e. */
static char *content_with(const struct render *r)
{
	return render_with_footer(r, r->p->news_text, r->p->news_footer, r->p->news_before);
}

/* Whole when it fits, else with as many pieces as there is room for. */
json_t *news_content(const struct render *outer, const char *name)
{
	const struct profile_news *n = outer->in->news;
	struct profile_told told = {.text_bytes = SIZE_MAX};
	struct render r = *outer;
	_cleanup_buf_ struct buf news = BUF_INIT(NEWS_MAX);
	_cleanup_free_ char *empty = NULL, *whole = NULL;
	size_t room = SIZE_MAX / 2;

	(void)name;
	if (!n) {
		err_set(outer->e, -EINVAL, "there is no news");
		return NULL;
	}
	r.where = IN_NEWS;
	r.news_pieces = n->n_pieces;
	join(&r, room, &told, &news);
	r.news = buf_str(&news);
	whole = content_with(&r);
	if (whole && chars(whole) > (size_t)r.p->news_max) {
		r.news = "";
		r.text_cut = (long)all_chars(n);
		empty = content_with(&r);
		room = empty && chars(empty) < (size_t)r.p->news_max
			       ? (size_t)r.p->news_max - chars(empty)
			       : 0;
		if (room < NEWS_LEFT_CHARS) {
			err_set(outer->e, -EINVAL,
				"longer than follow_up.content allows, even without news");
			return NULL;
		}
		buf_reset(&news);
		r.text_cut -= (long)join(&r, room, &told, &news);
		r.news = buf_str(&news);
		r.news_pieces = told.pieces + (told.bytes > 0);
		free(whole);
		whole = content_with(&r);
	}
	if (outer->told) {
		told.files = outer->told->files;
		*outer->told = told;
	}
	return whole ? json_str_new(whole) : NULL;
}

/* --- on paper --- */

static void add_row(struct buf *out, const char *label, const char *value)
{
	if (!value || !*value)
		return;
	(void)buf_adds(out, "<tr><th>");
	sheet_text(out, label);
	(void)buf_adds(out, "</th><td>");
	sheet_text(out, value);
	(void)buf_adds(out, "</td></tr>\n");
}

static void add_head(const struct profile_input *in, const char *attempt, struct buf *out)
{
	_cleanup_free_ char *how =
		xasprintf("Catat isian di bawah sebagai tindak lanjut laporan itu, "
			  "lalu: muaractl resolve %s --filed %" PRIu64,
			attempt, in->remote_id);
	_cleanup_free_ char *id = xasprintf(
		"Tiket %s, berkas isian %s", json_str_or(in->complaint, "ticket", ""), attempt);
	_cleanup_free_ char *number =
		xasprintf("Nomor laporan SP4N-LAPOR!: %" PRIu64, in->remote_id);

	(void)buf_adds(out, "<section>\n<h1>Tindak lanjut laporan</h1>\n<p class=\"id\">");
	sheet_text(out, id);
	(void)buf_adds(out, "</p>\n<div class=\"number\">");
	sheet_text(out, number);
	(void)buf_adds(out, "<p>");
	sheet_text(out, how);
	(void)buf_adds(out, "</p></div>\n<table>\n");
}

int profile_news_html(const struct profile *p, const struct profile_input *in, const char *attempt,
	struct buf *out, struct err *e)
{
	struct err why = {0};
	const struct render r = {.p = p, .in = in, .where = IN_NEWS, .e = &why};
	_cleanup_buf_ struct buf news = BUF_INIT(NEWS_MAX), files = BUF_INIT(NEWS_MAX);
	_cleanup_free_ char *title = NULL, *place = render_text(&r, "{{location}}");
	_cleanup_json_ json_t *list = json_array(), *with = json_object();
	struct profile_told told = {0};

	if (!in->news || !in->remote_id || !place)
		return err_set(e, -EINVAL, "no news, or no report to tell it");
	title = xasprintf("Tindak lanjut %s", json_str_or(in->complaint, "ticket", ""));
	(void)join(&r, SIZE_MAX / 2, &told, &news);
	for (size_t i = 0; i < in->news->n_files; i++)
		json_array_append(list, (json_t *)(uintptr_t)in->news->files[i]);
	json_set_new(with, "attachments", json_incref(list));
	sheet_files(&files, with);
	sheet_page_open(out, title);
	add_head(in, attempt, out);
	add_row(out, "Isi tindak lanjut", buf_str(&news));
	add_row(out, "Lokasi", place);
	add_row(out, "Lampiran", buf_str(&files));
	(void)buf_adds(out, "</table>\n</section>\n");
	sheet_page_close(out);
	return out->over || news.over ? err_set(e, -E2BIG, "the sheet is too large") : 0;
}
