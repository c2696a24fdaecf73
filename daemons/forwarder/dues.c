/* dues: how many open reports run out of time soon, or did: gauges, and one line a day.
 *
 * Each lane's filings are walked a piece at a time, all of them every WALK_MS and when a day
 * begins, by the clocks and the calendar of the configuration. Nothing depends on it but what
 * people see; `muaractl clocks` names the reports. A report counts when its status was read at
 * least once. Known gap: "filed" is when its create was intended, seconds before it was done. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/clocks.h"

#include "forwarder.h"

#define WALK_MS	  (10 * 60 * 1000)
#define PIECE	  5000 /* filings looked at in one turn */
#define WORDS_MAX 512

struct due_count {
	unsigned long soon, overdue;
};

struct lane_dues { /* counts: of each destination, clock by clock */
	uint32_t next;
	bool walking, whole;
	int64_t again_ms, day; /* day: of the last whole walk */
	struct due_count *now, *last;
};

struct dues {
	struct forwarder *fwd;
	struct clocks *clocks;
	const char *const *names; /* of the destinations */
	const char **clock_names; /* NULL ends */
	int64_t *told_day;	  /* of each destination */
	int64_t calendar_day;
	struct metric *soon, *overdue, *by_clock, *calendar;
};

static size_t cells(const struct dues *d)
{
	return d->fwd->n_endpoints * clocks_count(d->clocks);
}

static struct clock_view view_of(const struct dues *d)
{
	return (struct clock_view){.workdays = d->fwd->workdays,
		.zone_minutes = muara_zone_minutes(d->fwd->shared),
		.now_ms = clock_wall_ms(),
		.warn_days = clocks_warn_days(d->clocks)};
}

/* --- a walk --- */

static struct clock_facts facts_of(const struct lane *l, const struct slot *s)
{
	const struct work *row = worklist_find(&l->work, s->complaint);
	const struct reported *r = ledger_reported(&l->ledger, s);
	struct clock_facts f = {.classification = work_classification(row),
		.supervisory = work_supervisory(row),
		.reached_ms = {[CLOCK_FILED] = s->at_s * 1000LL}};

	if (r) {
		f.reached_ms[CLOCK_VERIFIED] = r->verified_s * 1000LL;
		f.reached_ms[CLOCK_IN_PROGRESS] = r->in_progress_s * 1000LL;
	}
	return f;
}

static void count(struct dues *d, const struct lane *l, const struct slot *s,
	const struct clock_view *v, struct due_count *of)
{
	struct clock_facts f = facts_of(l, s);

	for (size_t i = 0; i < clocks_count(d->clocks); i++) {
		enum clock_state state = clocks_look(d->clocks, i, v, &f, NULL);

		of[i].soon += state == CLOCK_SOON;
		of[i].overdue += state == CLOCK_OVERDUE;
	}
}

static void walk(struct dues *d, struct lane *l, struct lane_dues *w)
{
	const struct clock_view v = view_of(d);
	const uint32_t n = l->ledger.slots.n;

	for (int left = PIECE; left && w->next < n; left--, w->next++) {
		const struct slot *s = idmap_at(&l->ledger.slots, w->next);
		struct site *site = follow_wants(s) && s->status != REPORT_NONE
					    ? lane_site(l, s->destination)
					    : NULL;

		if (site)
			count(d, l, s, &v,
				w->now + (size_t)(site - l->sites) * clocks_count(d->clocks));
	}
	if (w->next < n)
		return;
	memcpy(w->last, w->now, cells(d) * sizeof *w->last);
	w->walking = false;
	w->whole = true;
	w->day = day_of(v.now_ms, v.zone_minutes);
}

static void lane_turn(struct dues *d, struct lane *l, int64_t today)
{
	struct lane_dues *w = l->dues;

	if (!w) {
		w = l->dues = xcalloc(1, sizeof *w);
		w->now = xcalloc(cells(d) + 1, sizeof *w->now);
		w->last = xcalloc(cells(d) + 1, sizeof *w->last);
	}
	if (!w->walking && (!w->whole || clock_mono_ms() >= w->again_ms || today != w->day)) {
		memset(w->now, 0, cells(d) * sizeof *w->now);
		w->next = 0;
		w->walking = true;
		w->again_ms = clock_mono_ms() + WALK_MS;
	}
	if (w->walking)
		walk(d, l, w);
}

void dues_forget(struct lane *l)
{
	if (!l->dues)
		return;
	free(l->dues->now);
	free(l->dues->last);
	free(TAKE_PTR(l->dues));
}

/* --- what a person sees --- */

/* Of a destination, over all lanes that were walked. */
static struct due_count sum_of(const struct dues *d, size_t endpoint, size_t clock)
{
	struct due_count sum = {0};

	for (const struct lane *l = d->fwd->lanes; l; l = l->next) {
		const struct due_count *c;

		if (!l->dues || !l->dues->whole)
			continue;
		c = &l->dues->last[endpoint * clocks_count(d->clocks) + clock];
		sum.soon += c->soon;
		sum.overdue += c->overdue;
	}
	return sum;
}

/* Every lane was walked today: what is told once a day is the whole of it. */
static bool whole_day(const struct dues *d, int64_t today)
{
	for (const struct lane *l = d->fwd->lanes; l; l = l->next)
		if (!l->dues || !l->dues->whole || l->dues->day != today)
			return false;
	return d->fwd->lanes != NULL;
}

static void tell(struct dues *d, size_t endpoint, int64_t today)
{
	char words[WORDS_MAX] = "";
	struct due_count all = {0};

	for (size_t i = 0; i < clocks_count(d->clocks); i++) {
		struct due_count c = sum_of(d, endpoint, i);
		size_t n = strlen(words);

		all.soon += c.soon;
		all.overdue += c.overdue;
		if (c.overdue || c.soon)
			snprintf(words + n, sizeof words - n, "%s%s %lu and %lu", n ? ", " : "",
				d->clock_names[i], c.overdue, c.soon);
	}
	metric_set(d->soon, d->names[endpoint], (double)all.soon);
	metric_set(d->overdue, d->names[endpoint], (double)all.overdue);
	if (!*words || d->told_day[endpoint] == today || !whole_day(d, today))
		return;
	d->told_day[endpoint] = today;
	log_warn("destination %s: %lu clocks of reports are overdue, %lu run out soon (%s); "
		 "muaractl clocks names them",
		d->names[endpoint], all.overdue, all.soon, words);
}

static void show_clocks(struct dues *d)
{
	for (size_t i = 0; i < clocks_count(d->clocks); i++) {
		double overdue = 0;

		for (size_t k = 0; k < d->fwd->n_endpoints; k++)
			overdue += (double)sum_of(d, k, i).overdue;
		metric_set(d->by_clock, d->clock_names[i], overdue);
	}
}

static void show_calendar(struct dues *d, int64_t today)
{
	const struct clock_view v = view_of(d);
	int year = clocks_calendar_ends(&v);

	metric_set(d->calendar, NULL, year);
	if (!year || d->calendar_day == today)
		return;
	d->calendar_day = today;
	log_warn("the calendar of holidays does not hold %d: its days are counted without "
		 "holidays; add the year to holidays.yaml when its joint decree is out",
		year);
}

void dues_show(struct forwarder *f)
{
	struct dues *d = f->dues;
	struct clock_view v;
	int64_t today;

	if (!d)
		return;
	v = view_of(d);
	today = day_of(v.now_ms, v.zone_minutes);
	for (struct lane *l = f->lanes; l; l = l->next)
		if (lane_may_file(l))
			lane_turn(d, l, today);
	for (size_t i = 0; i < f->n_endpoints; i++)
		tell(d, i, today);
	show_clocks(d);
	show_calendar(d, today);
}

/* --- life --- */

static void open_metrics(struct dues *d)
{
	d->soon = metric_gauge("muara_forwarder_clocks_soon",
		"Clocks of open reports that run out within the days of `warn`", "destination",
		d->names);
	d->overdue = metric_gauge("muara_forwarder_clocks_overdue",
		"Clocks of open reports that ran out", "destination", d->names);
	d->by_clock = metric_gauge("muara_forwarder_clocks_overdue_by_clock",
		"Clocks of open reports that ran out, by which", "clock", d->clock_names);
	d->calendar = metric_gauge("muara_forwarder_calendar_ends",
		"The year that begins within 60 days and is not in holidays.yaml; 0 = none", NULL,
		NULL);
}

int dues_new(struct forwarder *f, const char *const *names, struct dues **ret, struct err *e)
{
	static const char **clock_names; /* metrics keep them until the process ends */
	struct dues *d;
	int r;

	*ret = NULL;
	if (!f->conf->clocks || !f->workdays)
		return 0;
	d = xcalloc(1, sizeof *d);
	r = clocks_load(f->conf->clocks, &d->clocks, NULL, e);
	if (r) {
		free(d);
		return r;
	}
	d->fwd = f;
	d->names = names;
	d->told_day = xcalloc(f->n_endpoints, sizeof *d->told_day);
	clock_names = xcalloc(clocks_count(d->clocks) + 1, sizeof *clock_names);
	for (size_t i = 0; i < clocks_count(d->clocks); i++)
		clock_names[i] = xstrdup(clocks_name(d->clocks, i));
	d->clock_names = clock_names;
	open_metrics(d);
	*ret = d;
	return 0;
}

void dues_free(struct dues *d)
{
	if (!d)
		return;
	clocks_free(d->clocks);
	free(d->told_day);
	free(d);
}
