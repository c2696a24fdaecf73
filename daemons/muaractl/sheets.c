/* sheets: `muaractl sheets` and `muaractl parked show`: what an officer needs to work by hand.
 *
 * Sheets are made from the logs and the profiles of forwarder.yaml, of the very version that was
 * handed out, so they can be printed on any machine and again; the forwarder's own files in
 * `sheet_dir` are not needed. A filing into an API that was parked or refused has no sheet of its
 * own: it gets one by the profile `manual` (--profile), with what to look for and what to do.
 * Changes nothing but the files it is asked to write.
 *
 * Known gaps: a profile that was changed since prints the sheet by its new rows; pages of
 * follow-ups (what a report is to be told) are named, not made. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "core/call_kind.h"
#include "core/workdays.h"

#include "attempts.h"
#include "commands.h"
#include "desk.h"
#include "print.h"
#include "sheet_set.h"
#include "tail.h"
#include "wayout.h"

struct item {
	const json_t *row;
	json_t *complaint; /* NULL: its text is not there any more */
	struct desk *desk;
	json_t *wayout; /* parked and rejected */
	char **note;
	const char *agency;
	char day[DAY_TEXT_SIZE], since[LOCAL_TIME_SIZE], slug[SHEET_SLUG_SIZE];
};

struct work {
	struct ctl *c;
	json_t *rows;
	struct item *v;
	size_t n;
	struct desks *desks;
	bool parked;  /* not the sheets that are out, but what is parked or refused */
	bool lacking; /* told: something could not be made */
};

static void work_free(struct work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		json_decref(w->v[i].complaint);
		json_decref(w->v[i].wayout);
		wayout_lines_free(w->v[i].note);
	}
	free(w->v);
	json_decref(w->rows);
	desks_free(w->desks);
}

/* --- which --- */

static const char *ticket_text(const struct item *it)
{
	return json_str_or(it->row, "ticket", "?");
}

static bool wanted_row(const struct work *w, const json_t *row)
{
	const char *state = json_str_or(row, "state", "");
	const char *destination = ctl_opt(w->c, "--destination");

	if (!call_creates(call_kind_parse(json_str(row, "call"))) ||
		(destination && strcmp(destination, json_str_or(row, "destination", "")) != 0))
		return false;
	if (w->parked)
		return strcmp(state, "parked") == 0 || strcmp(state, "rejected") == 0;
	return strcmp(state, "handed") == 0;
}

/* News of a filed complaint, for an officer: what it tells depends on what was told before, so the
 * page is the forwarder's own. */
static bool is_page(const struct work *w, const struct item *it)
{
	const char *attempt = json_str_or(it->row, "attempt", "?");
	const char *destination = ctl_opt(w->c, "--destination");

	if (w->parked || strcmp(json_str_or(it->row, "call", ""), "followup") != 0 ||
		strcmp(json_str_or(it->row, "state", ""), "handed") != 0 ||
		(destination && strcmp(destination, json_str_or(it->row, "destination", "")) != 0))
		return false;
	fprintf(stderr,
		"muaractl: sheets: news of %s for its report: page %s.%.*s-%s.html in the "
		"forwarder's sheet_dir\n",
		ticket_text(it), ticket_text(it), (int)strcspn(attempt, "/"), attempt,
		attempt + strcspn(attempt, "/") + 1);
	return true;
}

static int take_rows(struct work *w)
{
	const char *day = ctl_opt(w->c, "--day");
	const int zone = muara_zone_minutes(&w->c->conf);
	const json_t *row;
	int64_t parsed;
	size_t i;

	if (day && day_parse(day, &parsed))
		return ctl_usage(w->c, "--day: YYYY-MM-DD");
	w->v = xcalloc(json_array_size(w->rows) + 1, sizeof *w->v);
	json_array_foreach (w->rows, i, row) {
		struct item *it = &w->v[w->n];

		*it = (struct item){.row = row};
		if (is_page(w, it) || !wanted_row(w, row))
			continue;
		local_time(json_str(row, "since"), zone, it->since);
		snprintf(it->day, sizeof it->day, "%.10s", it->since);
		w->n += !day || strcmp(day, it->day) == 0;
	}
	return CTL_OK;
}

/* --- their texts --- */

static char *text_key(const char *complaint, int64_t version)
{
	return xasprintf("%s %lld", complaint, (long long)version);
}

static int on_decision(void *ctx, const struct sight *s)
{
	json_t *texts = ctx;
	const json_t *r;
	size_t i;

	if (!s->entry)
		return 0;
	json_array_foreach (json_object_get(s->entry->body, "results"), i, r) {
		_cleanup_free_ char *key =
			text_key(json_str_or(r, "id", ""), json_int(r, "version", 0));

		if (strcmp(json_str_or(r, "type", ""), "complaint") == 0 &&
			json_object_get(texts, key))
			json_object_set(texts, key, (json_t *)(uintptr_t)r);
	}
	return 0;
}

/* The very version of each, where it is still in the log. */
static int read_texts(struct work *w, int lane)
{
	_cleanup_json_ json_t *texts = json_object();
	struct err e = {0};

	for (size_t i = 0; i < w->n; i++) {
		_cleanup_free_ char *key = text_key(json_str_or(w->v[i].row, "complaint", ""),
			json_int(w->v[i].row, "version", 0));

		json_set_new(texts, key, json_null());
	}
	if (w->n && tail_read_all(w->c, "complaints", lane, on_decision, texts, &e))
		return ctl_fail(w->c, "%s", e.text);
	for (size_t i = 0; i < w->n; i++) {
		_cleanup_free_ char *key = text_key(json_str_or(w->v[i].row, "complaint", ""),
			json_int(w->v[i].row, "version", 0));
		json_t *text = json_object_get(texts, key);

		w->v[i].complaint = json_is_object(text) ? json_incref(text) : NULL;
	}
	return CTL_OK;
}

/* --- their profiles --- */

static json_t *search_of(const struct item *it)
{
	return it->desk->profile && profile_kind(it->desk->profile) == PROFILE_HTTP
		       ? profile_search(it->desk->profile, it->complaint, &it->desk->conf.settings)
		       : NULL;
}

static void find_way_out(const struct work *w, struct item *it)
{
	_cleanup_json_ json_t *search = search_of(it);

	it->wayout = wayout_of(it->row, search, it->agency, muara_zone_minutes(&w->c->conf));
}

static int prepare(struct work *w, struct item *it)
{
	int r = desk_get(w->desks, json_str_or(it->row, "destination", ""), &it->desk);

	if (r)
		return r;
	it->agency = json_str_or(it->complaint, "agency", "");
	sheet_slug(it->agency, desk_names(it->desk, it->agency), it->slug);
	find_way_out(w, it);
	return CTL_OK;
}

/* False: no sheet can be made of it, told. */
static bool can_be_made(struct work *w, const struct item *it)
{
	_cleanup_buf_ struct buf b = BUF_INIT(SHEET_SET_MAX);
	struct err e = {0};

	if (!it->complaint)
		ctl_fail(w->c, "ticket %s: its text is not in the log any more (erased?)",
			ticket_text(it));
	else if (profile_sheet_section(it->desk->sheet, it->complaint,
			 json_str_or(it->row, "attempt", ""), NULL, &b, &e))
		ctl_fail(w->c, "ticket %s: no sheet: %s", ticket_text(it), e.text);
	else
		return true;
	w->lacking = true;
	return false;
}

static bool of_agency(const struct work *w, const struct item *it)
{
	const char *agency = ctl_opt(w->c, "--agency");

	return !agency || strcasecmp(agency, *it->agency ? it->agency : SHEET_NO_AGENCY) == 0;
}

static int prepare_all(struct work *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct item *it = &w->v[i], kept;
		int r = prepare(w, it);

		if (!r && !it->desk->sheet)
			r = desk_load_sheet(w->desks, it->desk);
		if (r)
			return r;
		if (w->parked)
			it->note = wayout_lines(it->wayout);
		if (!of_agency(w, it) || !can_be_made(w, it))
			continue;
		kept = w->v[n]; /* what is left out moves to the end, to be freed */
		w->v[n++] = *it;
		if (n - 1 != i)
			*it = kept;
	}
	for (size_t i = n; i < w->n; i++) {
		json_decref(w->v[i].complaint);
		json_decref(w->v[i].wayout);
		wayout_lines_free(w->v[i].note);
	}
	w->n = n;
	return CTL_OK;
}

static int compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int d = strcmp(x->desk->name, y->desk->name);

	if (!d)
		d = strcmp(x->day, y->day);
	if (!d)
		d = strcmp(x->slug, y->slug);
	if (!d)
		d = strcmp(x->since, y->since);
	return d ? d : strcmp(ticket_text(x), ticket_text(y));
}

/* --- out --- */

static struct sheet_entry *entries_of(const struct item *v, size_t n)
{
	struct sheet_entry *out = xcalloc(n + 1, sizeof *out);

	for (size_t i = 0; i < n; i++)
		out[i] = (struct sheet_entry){.profile = v[i].desk->sheet,
			.complaint = v[i].complaint,
			.attempt = json_str_or(v[i].row, "attempt", ""),
			.agency = v[i].agency,
			.since = v[i].since,
			.note = (const char *const *)v[i].note};
	return out;
}

static char *title_of(const struct work *w, const struct item *v, size_t n)
{
	const char *what = w->parked ? "Perlu dicek di SP4N-LAPOR!" : "Lembar isian SP4N-LAPOR!";
	bool one_day = true, one_agency = true;

	for (size_t i = 1; i < n; i++) {
		one_day &= strcmp(v[i].day, v->day) == 0;
		one_agency &= strcmp(v[i].agency, v->agency) == 0;
	}
	return xasprintf("%s%s%s%s%s", what, n && one_agency ? ": " : "",
		n && one_agency ? (*v->agency ? v->agency : SHEET_NO_AGENCY) : "",
		n && one_day ? ", " : "", n && one_day ? v->day : "");
}

static int page_of(const struct work *w, const struct item *v, size_t n, bool csv, struct buf *out)
{
	_cleanup_free_ struct sheet_entry *entries = entries_of(v, n);
	_cleanup_free_ char *title = title_of(w, v, n);
	struct err e = {0};
	int r = csv ? sheet_set_csv(entries, n, out, &e)
		    : sheet_set_html(title, entries, n, out, &e);

	return r ? ctl_fail(w->c, "%s", e.text) : CTL_OK;
}

static int to_stdout(const struct work *w)
{
	_cleanup_buf_ struct buf b = BUF_INIT(SHEET_SET_MAX);
	const bool csv = ctl_opt(w->c, "--csv") != NULL;
	int r = CTL_OK;

	for (size_t i = 1; csv && !r && i < w->n; i++)
		if (w->v[i].desk->sheet != w->v->desk->sheet)
			r = ctl_fail(w->c, "destinations with sheets of different columns: name "
					   "one, --destination NAME");
	if (!r)
		r = page_of(w, w->v, w->n, csv, &b);
	if (!r && (fwrite(buf_str(&b), 1, b.len, w->c->out) != b.len || fflush(w->c->out)))
		r = ctl_fail(w->c, "standard output: %s", strerror(errno));
	return r;
}

static int write_file(const struct work *w, const char *folder, const char *suffix,
	const struct item *v, size_t n, json_t *row)
{
	_cleanup_free_ char *path = xasprintf("%s/%s.%s", folder, v->slug, suffix);
	_cleanup_buf_ struct buf b = BUF_INIT(SHEET_SET_MAX);
	const bool csv = strcmp(suffix, "csv") == 0;
	struct err e = {0};
	int r = page_of(w, v, n, csv, &b);

	if (!r && fsio_write_atomic(path, buf_str(&b), b.len, 0640, &e))
		r = ctl_fail(w->c, "%s", e.text);
	json_set_str(row, suffix, path);
	return r;
}

/* DIR/destination/day/agency.html and .csv */
static int write_group(
	const struct work *w, const char *dir, const struct item *v, size_t n, json_t *told)
{
	_cleanup_free_ char *folder = xasprintf("%s/%s/%s", dir, v->desk->name, v->day);
	json_t *row = json_object();
	struct err e = {0};
	int r = CTL_OK;

	json_array_append_new(told, row);
	json_set_str(row, "destination", v->desk->name);
	json_set_str(row, "day", v->day);
	json_set_str(row, "agency", *v->agency ? v->agency : SHEET_NO_AGENCY);
	json_set_int(row, "sheets", (int64_t)n);
	if (fsio_make_dirs(folder, 0750, &e))
		r = ctl_fail(w->c, "%s", e.text);
	if (!r)
		r = write_file(w, folder, "csv", v, n, row);
	return r ? r : write_file(w, folder, "html", v, n, row);
}

static bool same_group(const struct item *a, const struct item *b)
{
	return a->desk == b->desk && strcmp(a->day, b->day) == 0 && strcmp(a->slug, b->slug) == 0;
}

static const struct print_column columns[] = {{"destination", "DESTINATION", false},
	{"day", "DAY", false}, {"agency", "AGENCY", false}, {"sheets", "SHEETS", true},
	{"html", "PAGE", false}, {}};

static int to_folder(const struct work *w, const char *dir)
{
	_cleanup_json_ json_t *told = json_array();
	int r = CTL_OK;

	for (size_t i = 0, n; !r && i < w->n; i += n) {
		for (n = 1; i + n < w->n && same_group(&w->v[i], &w->v[i + n]);)
			n++;
		r = write_group(w, dir, &w->v[i], n, told);
	}
	if (w->c->json)
		print_json(w->c->out, told);
	else
		print_table(w->c->out, columns, told,
			w->parked ? "nothing is parked or refused" : "no sheet is out");
	return r;
}

static int read_all(struct work *w, int lane)
{
	struct err e = {0};

	w->desks = desks_new(w->c);
	if (!w->rows && attempts_read(w->c, lane, &w->rows, &e))
		return ctl_fail(w->c, "%s", e.text);
	return CTL_OK;
}

int ctl_sheets(struct ctl *c)
{
	_cleanup_(work_free) struct work w = {.c = c, .parked = ctl_opt(c, "--parked") != NULL};
	const char *out = ctl_opt(c, "--out");
	int lane = ctl_lane_opt(c), r;

	if (lane == -EINVAL)
		return CTL_USAGE;
	if (!out)
		return ctl_usage(c, "--out DIR, or --out - for one page on standard output");
	if (ctl_opt(c, "--csv") && strcmp(out, "-") != 0)
		return ctl_usage(c, "--csv goes with --out -; into a folder both are written");
	r = read_all(&w, lane);
	if (!r)
		r = take_rows(&w);
	if (!r)
		r = read_texts(&w, lane);
	if (!r)
		r = prepare_all(&w);
	if (r)
		return r;
	qsort(w.v, w.n, sizeof *w.v, compare_items);
	r = strcmp(out, "-") == 0 ? to_stdout(&w) : to_folder(&w, out);
	return r ? r : w.lacking ? CTL_FAILED : CTL_OK;
}

/* --- parked show --- */

static const struct print_column head_columns[] = {{"attempt", "attempt", false},
	{"ticket", "ticket", false}, {"complaint", "complaint", false},
	{"destination", "destination", false}, {"call", "call", false}, {"state", "state", false},
	{"reason", "reason", false}, {"http_status", "HTTP", false}, {}};
static const struct print_column look_columns[] = {{"text", "  text begins", false},
	{"tag", "  tag", false}, {"institution", "  institution", false},
	{"agency", "  for agency", false}, {"from", "  between", false}, {"to", "  and", false},
	{}};

static void show_way_out(struct ctl *c, const json_t *j)
{
	const json_t *look = json_object_get(j, "look_for"), *exit;
	size_t i;

	print_object(c->out, head_columns, j);
	if (look) {
		fputs("\nlook for it in the destination's admin (its title: muaractl show):\n",
			c->out);
		print_object(c->out, look_columns, look);
	}
	fputs("\nthen one of:\n", c->out);
	json_array_foreach (json_object_get(j, "exits"), i, exit)
		fprintf(c->out, "  %s:\n    %s\n", json_str(exit, "when"), json_str(exit, "do"));
	fprintf(c->out, "\nwhat stays unknown: %s\n", json_str_or(j, "unknown", ""));
}

int ctl_parked_show(struct ctl *c)
{
	_cleanup_(work_free) struct work w = {.c = c};
	_cleanup_json_ json_t *all = json_array();
	int r = attempts_find(c, false, &w.rows);

	if (!r && !json_array_size(w.rows))
		r = ctl_fail(c, "no attempt of it is open (muaractl parked list)");
	if (!r)
		r = read_all(&w, -1);
	if (r)
		return r;
	w.n = json_array_size(w.rows);
	w.v = xcalloc(w.n + 1, sizeof *w.v);
	for (size_t i = 0; i < w.n; i++)
		w.v[i].row = json_array_get(w.rows, i);
	r = read_texts(&w, -1);
	for (size_t i = 0; !r && i < w.n; i++) {
		r = prepare(&w, &w.v[i]);
		if (!r)
			json_array_append(all, w.v[i].wayout);
	}
	if (!r && c->json)
		print_json(c->out, all);
	for (size_t i = 0; !r && !c->json && i < w.n; i++) {
		fputs(i ? "\n" : "", c->out);
		show_way_out(c, w.v[i].wayout);
	}
	return r;
}
