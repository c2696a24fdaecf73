/* clocks: `muaractl clocks`: filed reports whose time runs out, or has.
 *
 * Reads both lane logs once: `submissions` for when a report was filed and what was read of it
 * since, `complaints` for its kind. Only reports are counted whose status was read at least once:
 * of others (typed from a sheet, a destination without reads) nobody knows how far they are; their
 * number is told. Held in memory: one small row per filed report. Exit 1 when one is overdue, so
 * that a timer can mail the list. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/call_kind.h"
#include "core/ids.h"

#include "calendar.h"
#include "commands.h"
#include "print.h"
#include "snapshots.h"
#include "tail.h"

#define DUE_MAX 250

struct scan {
	struct ctl *c;
	struct clocks *clocks;
	struct workdays *workdays;
	struct clock_view view;
	const char *destination; /* NULL = all */
	bool all;
	json_t *filed;	   /* complaint -> destination -> {number, status, filed, r1, r2, r3} */
	json_t *snapshots; /* complaint -> {classification, supervisory, agency} */
	json_t *rows;
	size_t unread;
	bool overdue;
};

static const char *const moment_keys[CLOCK_MOMENTS] = {"filed", "verified", "in_progress", "end"};

/* --- submissions --- */

static int64_t time_of(const json_t *body)
{
	int64_t ms;

	return time_parse(json_str_or(body, "at", ""), &ms) ? 0 : ms;
}

static json_t *place_of(json_t *filed, const char *complaint)
{
	json_t *o = json_object_get(filed, complaint);

	if (!o) {
		o = json_object();
		json_object_set_new(filed, complaint, o);
	}
	return o;
}

static void filed(json_t *filed, const json_t *body, const char *destination)
{
	json_t *o = place_of(filed, json_str_or(body, "complaint", "")), *row;

	if (json_object_get(o, destination))
		return; /* the first word holds */
	row = json_object();
	json_object_set(row, "number", json_object_get(body, "remote_id"));
	json_set_int(row, moment_keys[CLOCK_FILED], time_of(body));
	json_object_set_new(o, destination, row);
}

static struct clock_facts facts_of(const json_t *row)
{
	struct clock_facts f = {0};

	for (int m = 0; m < CLOCK_MOMENTS; m++)
		f.reached_ms[m] = json_int(row, moment_keys[m], 0);
	return f;
}

static void take_status(json_t *row, const json_t *body)
{
	struct clock_facts f = facts_of(row);
	const char *status = json_str_or(body, "status", "unknown");

	clock_facts_status(&f, report_status_parse(status), time_of(body));
	for (int m = 0; m < CLOCK_MOMENTS; m++)
		json_set_int(row, moment_keys[m], f.reached_ms[m]);
	json_set_str(row, "status", status);
}

/* Another number: what was read is not of this report. */
static void corrected(json_t *row, const json_t *body)
{
	json_object_set(row, "number", json_object_get(body, "remote_id"));
	json_object_del(row, "status");
	for (int m = CLOCK_VERIFIED; m < CLOCK_MOMENTS; m++)
		json_object_del(row, moment_keys[m]);
}

static int on_submission(void *ctx, const struct sight *s)
{
	struct scan *x = ctx;
	const json_t *body = s->entry ? s->entry->body : NULL;
	const char *kind = s->entry ? s->entry->kind : "", *resolution;
	const char *destination = json_str_or(body, "destination", "");
	json_t *o;

	if (!body || !call_creates(call_kind_parse(json_str(body, "call"))) ||
		(x->destination && strcmp(x->destination, destination) != 0))
		return 0;
	resolution = json_str_or(body, "resolution", "");
	o = json_object_get(x->filed, json_str_or(body, "complaint", ""));
	if (strcmp(kind, "done") == 0 || strcmp(resolution, "filed") == 0)
		filed(x->filed, body, destination);
	else if (strcmp(kind, "corrected") == 0 && json_object_get(o, destination))
		corrected(json_object_get(o, destination), body);
	else if (*resolution)
		json_object_del(o, destination);
	else if (strcmp(kind, "status") == 0 && json_object_get(o, destination))
		take_status(json_object_get(o, destination), body);
	return 0;
}

/* --- complaints --- */

static int on_decision(void *ctx, const struct sight *s)
{
	static const char *const kept[] = {"classification", "supervisory", "agency"};
	struct scan *x = ctx;
	const json_t *r;
	size_t i;

	json_array_foreach (json_object_get(s->entry ? s->entry->body : NULL, "results"), i, r) {
		const char *id = json_str_or(r, "id", "");
		json_t *o;

		if (strcmp(json_str_or(r, "type", ""), "complaint") != 0 ||
			!json_object_get(x->filed, id))
			continue;
		o = json_object();
		for (size_t k = 0; k < ARRAY_SIZE(kept); k++)
			if (json_object_get(r, kept[k]))
				json_object_set(o, kept[k], json_object_get(r, kept[k]));
		json_object_set_new(x->snapshots, id, o);
	}
	return 0;
}

/* --- rows --- */

static void add_row(struct scan *x, const char *id, const char *destination, const json_t *report,
	size_t clock, enum clock_state state, int64_t due)
{
	const json_t *snapshot = json_object_get(x->snapshots, id);
	char ticket[TICKET_TEXT_SIZE] = "?", day[DAY_TEXT_SIZE];
	json_t *row = json_object();

	(void)ticket_of(id, ticket);
	day_format(due, day);
	json_set_str(row, "due", day);
	json_set_str(row, "state", clock_state_names[state]);
	json_set_str(row, "clock", clocks_name(x->clocks, clock));
	json_set_str(row, "ticket", ticket);
	json_set_str(row, "destination", destination);
	json_set_str(row, "number", json_str(report, "number"));
	json_set_str(row, "status", json_str(report, "status"));
	json_set_str(row, "agency", json_str(snapshot, "agency"));
	json_set_str(row, "complaint", id);
	json_array_append_new(x->rows, row);
}

static void look(struct scan *x, const char *id, const char *destination, const json_t *report)
{
	const json_t *snapshot = json_object_get(x->snapshots, id);
	struct clock_facts f = facts_of(report);

	if (!json_str(report, "status")) {
		x->unread++;
		return;
	}
	f.classification = json_str(snapshot, "classification");
	f.supervisory = json_flag(snapshot, "supervisory");
	for (size_t i = 0; i < clocks_count(x->clocks); i++) {
		int64_t due = 0;
		enum clock_state state = clocks_look(x->clocks, i, &x->view, &f, &due);

		if (state == CLOCK_OVERDUE || state == CLOCK_SOON ||
			(state == CLOCK_RUNNING && x->all))
			add_row(x, id, destination, report, i, state, due);
		x->overdue |= state == CLOCK_OVERDUE;
	}
}

static void look_all(struct scan *x)
{
	const char *id, *destination;
	json_t *reports, *report;

	json_object_foreach (x->filed, id, reports)
		json_object_foreach (reports, destination, report)
			look(x, id, destination, report);
}

static int by_due(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int d = strcmp(json_str_or(x, "due", ""), json_str_or(y, "due", ""));

	return d ? d : strcmp(json_str_or(x, "ticket", ""), json_str_or(y, "ticket", ""));
}

static json_t *in_order(const json_t *rows)
{
	size_t n = json_array_size(rows);
	_cleanup_free_ json_t **v = xcalloc(n + 1, sizeof *v);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		v[i] = json_array_get(rows, i);
	qsort(v, n, sizeof *v, by_due);
	for (size_t i = 0; i < n; i++)
		json_array_append(list, v[i]);
	return list;
}

/* --- the answer --- */

static void show(struct scan *x)
{
	static const struct print_column columns[] = {{"due", "DUE", false},
		{"state", "STATE", false}, {"clock", "CLOCK", false}, {"ticket", "TICKET", false},
		{"destination", "DESTINATION", false}, {"number", "NUMBER", true},
		{"status", "STATUS", false}, {"agency", "AGENCY", false},
		{"complaint", "COMPLAINT", false}, {}};
	_cleanup_json_ json_t *rows = in_order(x->rows);
	int year = clocks_calendar_ends(&x->view);

	if (x->c->json) {
		print_json(x->c->out, rows);
		return;
	}
	print_table(x->c->out, columns, rows, "nothing runs out");
	if (x->unread)
		fprintf(x->c->out,
			"%zu filed reports whose status was never read are not counted\n",
			x->unread);
	if (year)
		fprintf(x->c->out,
			"holidays.yaml does not hold %d: days in it are counted without holidays\n",
			year);
}

static int read_logs(struct scan *x)
{
	struct err e = {0};
	int r = tail_read_all(x->c, "submissions", -1, on_submission, x, &e);

	if (!r)
		r = tail_read_all(x->c, "complaints", -1, on_decision, x, &e);
	return r ? ctl_fail(x->c, "%s", e.text) : CTL_OK;
}

/* "2d" or "2". */
static int days_of(const char *text, int *ret)
{
	_cleanup_free_ char *n = xstrdup(text);
	size_t len = strlen(n);
	int64_t days;

	if (len && n[len - 1] == 'd')
		n[len - 1] = '\0';
	if (parse_i64(n, 0, DUE_MAX, &days))
		return -EINVAL;
	*ret = (int)days;
	return 0;
}

static int prepare(struct scan *x)
{
	const char *due = ctl_opt(x->c, "--due");
	int r = calendar_load(x->c, &x->workdays);

	if (!r)
		r = calendar_clocks(x->c, &x->clocks);
	if (r)
		return r;
	x->view = (struct clock_view){.workdays = x->workdays,
		.zone_minutes = muara_zone_minutes(&x->c->conf),
		.now_ms = clock_wall_ms(),
		.warn_days = clocks_warn_days(x->clocks)};
	if (due && days_of(due, &x->view.warn_days))
		return ctl_usage(x->c, "--due: working days from 0 to %d, as 2d", DUE_MAX);
	return CTL_OK;
}

int ctl_clocks(struct ctl *c)
{
	struct scan x = {.c = c,
		.destination = ctl_opt(c, "--destination"),
		.all = ctl_opt(c, "--all") != NULL,
		.filed = json_object(),
		.snapshots = json_object(),
		.rows = json_array()};
	int r = prepare(&x);

	if (!r)
		r = read_logs(&x);
	if (!r) {
		look_all(&x);
		show(&x);
		r = x.overdue ? CTL_FAILED : CTL_OK;
	}
	json_decref(x.filed);
	json_decref(x.snapshots);
	json_decref(x.rows);
	clocks_free(x.clocks);
	workdays_free(x.workdays);
	return r;
}
