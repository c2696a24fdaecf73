/* clocks: see clocks.h.
 *
 * Guarantees: the same facts, calendar and moment give the same state. Known gap: moments are known
 * by when a status was read, some hours after it was set. */
#include "core/clocks.h"

#include <string.h>

#include "base/options.h"
#include "base/util.h"

struct rule {
	char *name, *source;
	struct strlist classification;
	int supervisory, from, until;
	int64_t days;
};
struct clocks {
	int64_t warn;
	struct optlist rules;
};

const char *const clock_state_names[CLOCK_STATES] = {
	"none", "running", "soon", "overdue", "met", "missed"};

enum { ANY, YES, NO };
static const char *const supervisories[] = {"any", "yes", "no", NULL};
static const char *const moments[] = {"filed", "verified", "in_progress", "end", NULL};
static const char *const classifications[] = {"complaint", "aspiration", "information", NULL};

/* clang-format off */
static const struct option_row rule_rows[] = {
	OPT(struct rule, OPT_STRING, name, "name", NULL, .flags = OPT_REQUIRED, .min = 1, .max = CLOCK_NAME_MAX,
		.help = "Its name, in lists and metrics."),
	OPT(struct rule, OPT_STRINGS, classification, "classification", NULL, .max = 3,
		.help = "For complaints of these; left out: of all."),
	OPT(struct rule, OPT_ENUM, supervisory, "supervisory", "any", .choices = supervisories,
		.help = "For supervisory ones (yes), others (no) or both (any)."),
	OPT(struct rule, OPT_ENUM, from, "from", NULL, .flags = OPT_REQUIRED, .choices = moments,
		.help = "The moment from which it runs."),
	OPT(struct rule, OPT_ENUM, until, "until", NULL, .flags = OPT_REQUIRED, .choices = moments,
		.help = "The moment that must be reached."),
	OPT(struct rule, OPT_INT, days, "days", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 250,
		.help = "Working days."),
	OPT(struct rule, OPT_STRING, source, "source", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 500,
		.help = "Where this rule is from."),
	OPT_END
};
static const struct option_row clocks_rows[] = {
	OPT(struct clocks, OPT_INT, warn, "warn", "1", .min = 0, .max = 30,
		.help = "Working days before the end at which a clock warns."),
	OPT(struct clocks, OPT_LIST, rules, "clocks", NULL, .flags = OPT_REQUIRED, .min = 1, .max = CLOCKS_MAX,
		.sub = rule_rows, .sub_size = sizeof(struct rule), .help = "The clocks."),
	OPT_END
};
/* clang-format on */

static bool among(const char *s, const char *const *list)
{
	while (*list && strcmp(*list, s) != 0)
		list++;
	return *list;
}

static void check(void *target, struct options_faults *f)
{
	const struct clocks *c = target;
	const struct rule *r = c->rules.v;
	char place[64];

	for (size_t i = 0; i < c->rules.n; i++) {
		snprintf(place, sizeof place, "clocks.%zu.name", i);
		if (r[i].name &&
			r[i].name[strspn(r[i].name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
			options_fault(f, place, "may hold a-z 0-9 - only");
		for (size_t k = 0; k < i; k++)
			if (r[i].name && r[k].name && strcmp(r[i].name, r[k].name) == 0)
				options_fault(f, place, "stands here a second time");
		snprintf(place, sizeof place, "clocks.%zu.until", i);
		if (r[i].until <= r[i].from)
			options_fault(f, place, "is not behind `from`");
		snprintf(place, sizeof place, "clocks.%zu.classification", i);
		for (size_t k = 0; k < r[i].classification.n; k++)
			if (!among(r[i].classification.v[k], classifications))
				options_fault(
					f, place, "one of complaint, aspiration, information");
	}
}

int clocks_load(const char *path, struct clocks **ret, struct buf *ret_faults, struct err *e)
{
	struct clocks *c = xcalloc(1, sizeof *c);
	int r = options_load(path, clocks_rows, c, check, ret_faults, e);

	if (r)
		free(c);
	else
		*ret = c;
	return r;
}

void clocks_free(struct clocks *c)
{
	if (!c)
		return;
	options_free(clocks_rows, c);
	free(c);
}

static const struct rule *rule_at(const struct clocks *c, size_t i)
{
	return (const struct rule *)c->rules.v + i;
}

size_t clocks_count(const struct clocks *c)
{
	return c->rules.n;
}

const char *clocks_name(const struct clocks *c, size_t i)
{
	return rule_at(c, i)->name;
}

int clocks_warn_days(const struct clocks *c)
{
	return (int)c->warn;
}

/* --- moments --- */

void clock_facts_status(struct clock_facts *f, enum report_status s, int64_t at_ms)
{
	static const int last_reached[REPORT_STATUSES] = {
		[REPORT_VERIFIED] = CLOCK_VERIFIED,
		[REPORT_IN_PROGRESS] = CLOCK_IN_PROGRESS,
		[REPORT_DONE] = CLOCK_END,
	};

	for (int m = CLOCK_VERIFIED; m <= last_reached[s]; m++)
		if (!f->reached_ms[m])
			f->reached_ms[m] = at_ms;
	/* Archived or rejected: at its end without having been answered. */
	if (report_status_final(s) && !f->reached_ms[CLOCK_END])
		f->reached_ms[CLOCK_END] = at_ms;
}

static bool is_for(const struct rule *r, const struct clock_facts *f)
{
	if (!f->classification)
		return true;
	if (r->supervisory != ANY && (r->supervisory == YES) != f->supervisory)
		return false;
	for (size_t i = 0; i < r->classification.n; i++)
		if (strcmp(r->classification.v[i], f->classification) == 0)
			return true;
	return r->classification.n == 0;
}

enum clock_state clocks_look(const struct clocks *c, size_t i, const struct clock_view *v,
	const struct clock_facts *f, int64_t *ret_due)
{
	const struct rule *r = rule_at(c, i);
	int64_t from = f->reached_ms[r->from], until = f->reached_ms[r->until];
	int64_t today = day_of(v->now_ms, v->zone_minutes), due;

	if (!is_for(r, f) || !from)
		return CLOCK_NONE;
	if (!until)
		until = f->reached_ms[CLOCK_END];
	due = workdays_after(v->workdays, day_of(from, v->zone_minutes), (int)r->days);
	if (ret_due)
		*ret_due = due;
	if (until)
		return day_of(until, v->zone_minutes) > due ? CLOCK_MISSED : CLOCK_MET;
	if (today > due)
		return CLOCK_OVERDUE;
	return workdays_after(v->workdays, today, v->warn_days) >= due ? CLOCK_SOON : CLOCK_RUNNING;
}

int clocks_calendar_ends(const struct clock_view *v)
{
	int64_t today = day_of(v->now_ms, v->zone_minutes);
	int last = day_year(today + CALENDAR_WARN_DAYS);

	for (int year = day_year(today); year <= last; year++)
		if (workdays_cover(v->workdays, year) == WORKDAYS_MISSING)
			return year;
	return 0;
}
