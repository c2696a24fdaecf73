/* report_sum: see report_sum.h. Groups are few (channels times agencies times classifications), so
 * they are found by walking; a group holds the time of each filed complaint, 8 bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"

#include "report_sum.h"

#define WARN_DAYS 60

const char *const report_end_names[REPORT_ENDS] = {
	"under_way", "held", "review", "parked", "refused", "handed", "filed", "closed"};

/* What a complaint is grouped by: all together, by one of its names, by all three. */
enum by { BY_TOTAL, BY_CHANNEL, BY_AGENCY, BY_CLASSIFICATION, BY_ALL, BYS };
static const struct {
	const char *member;
	bool channel, agency, classification;
} bys[BYS] = {
	[BY_TOTAL] = {"total", false, false, false},
	[BY_CHANNEL] = {"channels", true, false, false},
	[BY_AGENCY] = {"agencies", false, true, false},
	[BY_CLASSIFICATION] = {"classifications", false, false, true},
	[BY_ALL] = {"rows", true, true, true},
};

struct group {
	char *channel, *agency, *classification; /* NULL: not grouped by it */
	int64_t ends[REPORT_ENDS], answered, late, late_pending;
	int64_t *times; /* ms */
	size_t n_times;
};
struct groups {
	struct group *v;
	size_t n;
};
struct out { /* messages and complaints that are not filed, by why */
	char *channel, *reason;
	bool message, dead;
	int64_t count;
};

static const int64_t until_s[] = {15 * 60, 3600, 6 * 3600, 86400, 3 * 86400, INT64_MAX};
#define TIMES ARRAY_SIZE(until_s)

struct report {
	struct report_conf conf;
	bool statuses;
	struct groups by[BYS];
	struct out *outs;
	size_t n_outs;
	struct day {
		int64_t in, filed;
	} * days;
	int64_t times[TIMES], unattributed;
	int64_t last_deadline;
};

static size_t n_days(const struct report *r)
{
	return (size_t)(r->conf.to_day - r->conf.from_day + 1);
}

struct report *report_new(const struct report_conf *conf)
{
	struct report *r = xcalloc(1, sizeof *r);

	r->conf = *conf;
	r->days = xcalloc(n_days(r), sizeof *r->days);
	r->last_deadline = conf->to_day;
	return r;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < BYS; i++) {
		for (size_t k = 0; k < r->by[i].n; k++) {
			free(r->by[i].v[k].channel);
			free(r->by[i].v[k].agency);
			free(r->by[i].v[k].classification);
			free(r->by[i].v[k].times);
		}
		free(r->by[i].v);
	}
	for (size_t i = 0; i < r->n_outs; i++) {
		free(r->outs[i].channel);
		free(r->outs[i].reason);
	}
	free(r->outs);
	free(r->days);
	free(r);
}

void report_statuses(struct report *r, bool known)
{
	r->statuses = known;
}

/* --- facts in --- */

static bool same(const char *a, const char *b)
{
	return !a || !b ? a == b : strcmp(a, b) == 0;
}

static struct group *group_of(struct report *r, enum by by, const struct report_complaint *c)
{
	const char *channel = bys[by].channel ? c->channel : NULL;
	const char *agency = bys[by].agency ? c->agency : NULL;
	const char *classification = bys[by].classification ? c->classification : NULL;
	struct groups *g = &r->by[by];
	struct group *x;

	for (size_t i = 0; i < g->n; i++)
		if (same(g->v[i].channel, channel) && same(g->v[i].agency, agency) &&
			same(g->v[i].classification, classification))
			return &g->v[i];
	g->v = xrealloc(g->v, (g->n + 1) * sizeof *g->v);
	x = &g->v[g->n++];
	*x = (struct group){0};
	x->channel = channel ? xstrdup(channel) : NULL;
	x->agency = agency ? xstrdup(agency) : NULL;
	x->classification = classification ? xstrdup(classification) : NULL;
	return x;
}

static void add_time(struct group *g, int64_t ms)
{
	if ((g->n_times & (g->n_times - 1)) == 0) /* 0 or full: a power of two */
		g->times = xrealloc(g->times, MAX(2 * g->n_times, 1) * sizeof *g->times);
	g->times[g->n_times++] = ms;
}

static void count_out(
	struct report *r, const char *channel, const char *reason, bool message, bool dead)
{
	struct out *o;

	for (size_t i = 0; i < r->n_outs; i++) {
		o = &r->outs[i];
		if (o->message == message && o->dead == dead && strcmp(o->channel, channel) == 0 &&
			strcmp(o->reason, reason) == 0) {
			o->count++;
			return;
		}
	}
	r->outs = xrealloc(r->outs, (r->n_outs + 1) * sizeof *r->outs);
	r->outs[r->n_outs++] = (struct out){.channel = xstrdup(channel),
		.reason = xstrdup(reason),
		.message = message,
		.dead = dead,
		.count = 1};
}

static bool in_period(const struct report *r, int64_t received_ms, int64_t *ret_day)
{
	*ret_day = day_of(received_ms, r->conf.zone_minutes);
	return *ret_day >= r->conf.from_day && *ret_day <= r->conf.to_day;
}

static bool is_late(struct report *r, const struct report_complaint *c, int64_t day)
{
	int64_t until = workdays_after(r->conf.workdays, day, REPORT_VERIFY_DAYS);
	int64_t end_ms = c->end == REPORT_FILED ? c->filed_ms : r->conf.now_ms;

	r->last_deadline = MAX(r->last_deadline, until);
	return c->end != REPORT_CLOSED && day_of(end_ms, r->conf.zone_minutes) > until;
}

static void count_time(struct report *r, int64_t ms)
{
	size_t i = 0;

	while (i + 1 < TIMES && ms > until_s[i] * 1000)
		i++;
	r->times[i]++;
}

void report_complaint(struct report *r, const struct report_complaint *c)
{
	bool filed = c->end == REPORT_FILED, late;
	int64_t day, ms = filed ? MAX(c->filed_ms - c->received_ms, 0) : 0;

	if (r->conf.tenant && strcmp(r->conf.tenant, c->tenant) != 0)
		return;
	if (!in_period(r, c->received_ms, &day))
		return;
	late = is_late(r, c, day);
	for (size_t by = 0; by < BYS; by++) {
		struct group *g = group_of(r, (enum by)by, c);

		g->ends[c->end]++;
		g->answered += filed && c->answered;
		g->late += late;
		g->late_pending += late && !filed;
		if (filed)
			add_time(g, ms);
	}
	r->days[day - r->conf.from_day].in++;
	r->days[day - r->conf.from_day].filed += filed;
	if (filed)
		count_time(r, ms);
	if (c->end == REPORT_CLOSED)
		count_out(r, c->channel, c->closed ? c->closed : "", false, false);
}

void report_message(struct report *r, const struct report_message *m)
{
	int64_t day;

	if (!in_period(r, m->received_ms, &day))
		return;
	if (r->conf.tenant && !*m->tenant)
		r->unattributed++;
	if (r->conf.tenant && strcmp(r->conf.tenant, m->tenant) != 0)
		return;
	count_out(r, m->channel, m->class ? m->class : "", true, !m->class);
}

/* --- figures out --- */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The smallest time that at least `percent` of them do not exceed, in whole seconds. */
static json_t *rank(const struct group *g, size_t percent)
{
	if (!g->n_times)
		return json_null();
	return json_integer(g->times[(g->n_times * percent + 99) / 100 - 1] / 1000);
}

static json_t *figures(const struct report *r, const struct group *g)
{
	json_t *o = json_object();
	int64_t in = 0;

	if (g->channel)
		json_set_str(o, "channel", g->channel);
	if (g->agency)
		json_set_str(o, "agency", g->agency);
	if (g->classification)
		json_set_str(o, "classification", g->classification);
	for (size_t i = 0; i < REPORT_ENDS; i++)
		in += g->ends[i];
	json_set_int(o, "in", in);
	for (size_t i = 0; i < REPORT_ENDS; i++)
		json_set_int(o, report_end_names[i], g->ends[i]);
	json_set_new(o, "answered", r->statuses ? json_integer(g->answered) : json_null());
	if (g->n_times)
		qsort(g->times, g->n_times, sizeof *g->times, by_size);
	json_set_new(o, "median_s", rank(g, 50));
	json_set_new(o, "p90_s", rank(g, 90));
	json_set_int(o, "late", g->late);
	json_set_int(o, "late_pending", g->late_pending);
	return o;
}

/* Most complaints first, then by name: the same books give the same report. */
static int by_names(const struct group *x, const struct group *y)
{
	int c = x->channel ? strcmp(x->channel, y->channel) : 0;

	if (!c && x->agency)
		c = strcmp(x->agency, y->agency);
	if (!c && x->classification)
		c = strcmp(x->classification, y->classification);
	return c;
}

static int by_count(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	int64_t n = 0;

	for (size_t i = 0; i < REPORT_ENDS; i++)
		n += y->ends[i] - x->ends[i];
	return n ? (n > 0) - (n < 0) : by_names(x, y);
}

static json_t *sum_groups(const struct report *r, enum by by)
{
	const struct groups *g = &r->by[by];
	json_t *list = json_array();

	if (g->n)
		qsort(g->v, g->n, sizeof *g->v, by_count);
	for (size_t i = 0; i < g->n; i++)
		json_array_append_new(list, figures(r, &g->v[i]));
	return list;
}

static int by_out(const void *a, const void *b)
{
	const struct out *x = a, *y = b;
	int c = strcmp(x->channel, y->channel);

	if (!c)
		c = (int)y->message - (int)x->message;
	return c ? c : strcmp(x->reason, y->reason);
}

static void sum_outs(const struct report *r, json_t *all)
{
	json_t *archived = json_array(), *dead = json_array(), *o;

	if (r->n_outs)
		qsort(r->outs, r->n_outs, sizeof *r->outs, by_out);
	for (size_t i = 0; i < r->n_outs; i++) {
		const struct out *x = &r->outs[i];

		o = json_object();
		json_set_str(o, "channel", x->channel);
		if (!x->dead) {
			json_set_str(o, "what", x->message ? "message" : "complaint");
			json_set_str(o, "reason", x->reason);
		}
		json_set_int(o, "count", x->count);
		json_array_append_new(x->dead ? dead : archived, o);
	}
	json_set_new(all, "archived", archived);
	json_set_new(all, "dead", dead);
}

static json_t *sum_days(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n_days(r); i++) {
		int64_t day = r->conf.from_day + (int64_t)i;
		char text[DAY_TEXT_SIZE];
		json_t *o = json_object();

		day_format(day, text);
		json_set_str(o, "day", text);
		json_set_new(o, "works", json_boolean(workdays_works(r->conf.workdays, day)));
		json_set_int(o, "in", r->days[i].in);
		json_set_int(o, "filed", r->days[i].filed);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *sum_times(const struct report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < TIMES; i++) {
		json_t *o = json_object();

		json_set_new(o, "until_s", i + 1 < TIMES ? json_integer(until_s[i]) : json_null());
		json_set_int(o, "count", r->times[i]);
		json_array_append_new(list, o);
	}
	return list;
}

static void warn(json_t *list, const char *code, int year)
{
	json_array_append_new(list, json_pack("{s:s, s:i}", "code", code, "year", year));
}

static json_t *warnings(const struct report *r)
{
	int64_t today = day_of(r->conf.now_ms, r->conf.zone_minutes);
	int last = day_year(r->last_deadline), soon = day_year(today + WARN_DAYS);
	json_t *list = json_array();

	for (int y = day_year(r->conf.from_day); y <= last; y++) {
		enum workdays_cover cover = workdays_cover(r->conf.workdays, y);

		if (cover == WORKDAYS_MISSING)
			warn(list, "calendar-missing", y);
		else if (cover == WORKDAYS_RECKONED)
			warn(list, "calendar-reckoned", y);
	}
	if (workdays_cover(r->conf.workdays, soon) == WORKDAYS_MISSING)
		warn(list, "calendar-ends", soon);
	return list;
}

static json_t *period(const struct report *r)
{
	char from[DAY_TEXT_SIZE], to[DAY_TEXT_SIZE], now[TIME_TEXT_SIZE];
	json_t *o = json_object();
	int z = abs(r->conf.zone_minutes);
	_cleanup_free_ char *zone =
		xasprintf("%c%02d:%02d", r->conf.zone_minutes < 0 ? '-' : '+', z / 60 % 24, z % 60);

	day_format(r->conf.from_day, from);
	day_format(r->conf.to_day, to);
	time_format(r->conf.now_ms, now);
	json_set_str(o, "from", from);
	json_set_str(o, "to", to);
	json_set_str(o, "zone", zone);
	json_set_str(o, "as_of", now);
	json_set_str(o, "tenant", r->conf.tenant);
	return o;
}

json_t *report_sum(const struct report *r)
{
	static const struct group none;
	json_t *all = json_object();

	json_set_new(all, "period", period(r));
	json_set_new(all, "status_polling", json_boolean(r->statuses));
	json_set_new(all, "total", figures(r, r->by[BY_TOTAL].n ? r->by[BY_TOTAL].v : &none));
	for (size_t by = BY_CHANNEL; by < BYS; by++)
		json_set_new(all, bys[by].member, sum_groups(r, (enum by)by));
	sum_outs(r, all);
	json_set_new(all, "days", sum_days(r));
	json_set_new(all, "times", sum_times(r));
	json_set_int(all, "unattributed", r->unattributed);
	json_set_new(all, "warnings", warnings(r));
	return all;
}
