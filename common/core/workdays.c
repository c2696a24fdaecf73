/* workdays: see workdays.h. The calendar is sorted once and looked up by halving. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/options.h"
#include "base/util.h"
#include "core/workdays.h"

#define FIRST_YEAR 1970
#define LAST_YEAR  9999

struct calendar_year {
	int64_t year;
	bool decreed;
	char *source;
	struct strmap holidays, leave;
};
struct calendar {
	struct optlist years;
};

struct workdays {
	int64_t *free; /* sorted */
	size_t n_free;
	struct {
		int year;
		bool decreed;
	} * years;
	size_t n_years;
};

/* clang-format off */
static const struct option_row year_rows[] = {
	OPT(struct calendar_year, OPT_INT, year, "year", NULL, .flags = OPT_REQUIRED, .min = FIRST_YEAR, .max = LAST_YEAR,
		.help = "The year these days are of."),
	OPT(struct calendar_year, OPT_BOOL, decreed, "decreed", "false",
		.help = "Whether the joint decree of this year is out and this is what it says."),
	OPT(struct calendar_year, OPT_STRING, source, "source", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 500,
		.help = "Where these days are from."),
	OPT(struct calendar_year, OPT_MAP, holidays, "holidays", NULL, .max = 366,
		.help = "YYYY-MM-DD: name of the holiday."),
	OPT(struct calendar_year, OPT_MAP, leave, "leave", NULL, .max = 366,
		.help = "YYYY-MM-DD: name, days of collective leave."),
	OPT_END
};
static const struct option_row calendar_rows[] = {
	OPT(struct calendar, OPT_LIST, years, "years", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 200,
		.sub = year_rows, .sub_size = sizeof(struct calendar_year), .help = "The years that are known."),
	OPT_END
};
/* clang-format on */

/* --- days --- */

static void digits_to_int(const char *s, int n, int *ret)
{
	for (*ret = 0; n--; s++)
		*ret = *ret * 10 + (*s - '0');
}

int day_parse(const char *text, int64_t *ret)
{
	static const char shape[] = "dddd-dd-dd";
	char again[DAY_TEXT_SIZE];
	struct tm tm = {0};

	for (size_t i = 0; i < sizeof shape; i++)
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return -EINVAL;
	digits_to_int(text, 4, &tm.tm_year);
	digits_to_int(text + 5, 2, &tm.tm_mon);
	digits_to_int(text + 8, 2, &tm.tm_mday);
	if (tm.tm_year < FIRST_YEAR)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret = timegm(&tm) / (DAY_MS / 1000);
	day_format(*ret, again); /* 31 June became 1 July */
	return strcmp(again, text) == 0 ? 0 : -EINVAL;
}

static struct tm split(int64_t day)
{
	time_t seconds = (time_t)(day * (DAY_MS / 1000));
	struct tm tm = {0};

	gmtime_r(&seconds, &tm);
	return tm;
}

void day_format(int64_t day, char ret[DAY_TEXT_SIZE])
{
	struct tm tm = split(day);

	if (!strftime(ret, DAY_TEXT_SIZE, "%Y-%m-%d", &tm))
		snprintf(ret, DAY_TEXT_SIZE, "?"); /* after the year 9999 */
}

int day_year(int64_t day)
{
	return split(day).tm_year + 1900;
}

int day_weekday(int64_t day)
{
	return (int)((day + 3) % 7); /* 1970-01-01 was a Thursday */
}

int64_t day_of(int64_t wall_ms, int zone_minutes)
{
	return (wall_ms + zone_minutes * 60000LL) / DAY_MS;
}

/* --- the calendar --- */

static void check_days(struct options_faults *f, size_t i, const char *key,
	const struct strmap *days, int64_t year)
{
	for (size_t k = 0; k < days->n; k++) {
		char place[128];
		int64_t day;

		snprintf(place, sizeof place, "years.%zu.%s.%s", i, key, days->v[k].key);
		if (day_parse(days->v[k].key, &day))
			options_fault(f, place, "is no day; write YYYY-MM-DD");
		else if (day_year(day) != year)
			options_fault(f, place, "is not in the year it stands under");
	}
}

static void check(void *target, struct options_faults *f)
{
	const struct calendar *c = target;
	const struct calendar_year *years = c->years.v;

	for (size_t i = 0; i < c->years.n; i++) {
		char place[64];

		snprintf(place, sizeof place, "years.%zu.year", i);
		for (size_t k = 0; k < i; k++)
			if (years[k].year == years[i].year)
				options_fault(f, place, "stands here a second time");
		check_days(f, i, "holidays", &years[i].holidays, years[i].year);
		check_days(f, i, "leave", &years[i].leave, years[i].year);
	}
}

static int by_day(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void add_days(struct workdays *w, const struct strmap *days)
{
	w->free = xrealloc(w->free, (w->n_free + days->n + 1) * sizeof *w->free);
	for (size_t i = 0; i < days->n; i++)
		if (!day_parse(days->v[i].key, &w->free[w->n_free]))
			w->n_free++;
}

static struct workdays *build(const struct calendar *c)
{
	const struct calendar_year *years = c->years.v;
	struct workdays *w = xcalloc(1, sizeof *w);

	w->years = xcalloc(c->years.n + 1, sizeof *w->years);
	for (size_t i = 0; i < c->years.n; i++) {
		w->years[i].year = (int)years[i].year;
		w->years[i].decreed = years[i].decreed;
		add_days(w, &years[i].holidays);
		add_days(w, &years[i].leave);
	}
	w->n_years = c->years.n;
	if (w->n_free)
		qsort(w->free, w->n_free, sizeof *w->free, by_day);
	return w;
}

int workdays_load(const char *path, struct workdays **ret, struct buf *ret_faults, struct err *e)
{
	struct calendar c = {0};
	int r = options_load(path, calendar_rows, &c, check, ret_faults, e);

	if (r)
		return r;
	*ret = build(&c);
	options_free(calendar_rows, &c);
	return 0;
}

void workdays_free(struct workdays *w)
{
	if (!w)
		return;
	free(w->free);
	free(w->years);
	free(w);
}

enum workdays_cover workdays_cover(const struct workdays *w, int year)
{
	for (size_t i = 0; i < w->n_years; i++)
		if (w->years[i].year == year)
			return w->years[i].decreed ? WORKDAYS_DECREED : WORKDAYS_RECKONED;
	return WORKDAYS_MISSING;
}

bool workdays_works(const struct workdays *w, int64_t day)
{
	if (day_weekday(day) >= 5)
		return false;
	return !w->n_free || !bsearch(&day, w->free, w->n_free, sizeof day, by_day);
}

int64_t workdays_after(const struct workdays *w, int64_t day, int n)
{
	while (n > 0)
		n -= workdays_works(w, ++day);
	return day;
}
