/* report: `muaractl report`: the period, the calendar, the books read, the figures shown. Changes
 * nothing but the page it is asked to write.
 *
 * Known gaps: a complaint whose decisions were erased counts no more; in a report of one tenant,
 * messages that became no complaint are left out once their raw record is past its retention (88
 * days), for only that says whose they were. Their number is told. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"

#include "books.h"
#include "books_read.h"
#include "calendar.h"
#include "commands.h"
#include "print.h"
#include "report_page.h"
#include "report_sum.h"

#define WEEKS_MAX 53

/* "2026-10" -> its first and last day. */
static int month_days(const char *text, struct report_conf *conf)
{
	_cleanup_free_ char *first = xasprintf("%s-01", text);

	if (strlen(text) != 7 || day_parse(first, &conf->from_day))
		return -EINVAL;
	for (int n = 31; n >= 28; n--) {
		_cleanup_free_ char *last = xasprintf("%s-%02d", text, n);

		if (!day_parse(last, &conf->to_day))
			return 0;
	}
	return -EINVAL;
}

/* The last n whole weeks, Monday to Sunday, before the present one. */
static void weeks_days(int64_t n, struct report_conf *conf)
{
	int64_t today = day_of(conf->now_ms, conf->zone_minutes);
	int64_t monday = today - day_weekday(today);

	conf->from_day = monday - 7 * n;
	conf->to_day = monday - 1;
}

static int read_period(const struct ctl *c, struct report_conf *conf)
{
	const char *month = ctl_opt(c, "--month"), *weeks = ctl_opt(c, "--weeks");
	int64_t n;

	conf->now_ms = clock_wall_ms();
	conf->zone_minutes = muara_zone_minutes(&c->conf);
	conf->tenant = ctl_opt(c, "--tenant");
	if (!month == !weeks)
		return ctl_usage(c, "give --month or --weeks");
	if (month && month_days(month, conf))
		return ctl_usage(c, "--month: YYYY-MM, as 2026-10");
	if (weeks && parse_i64(weeks, 1, WEEKS_MAX, &n))
		return ctl_usage(c, "--weeks: a number from 1 to %d", WEEKS_MAX);
	if (weeks)
		weeks_days(n, conf);
	if (conf->tenant && !muara_tenant(&c->conf, conf->tenant))
		return ctl_usage(c, "--tenant: none of that name in %s", c->muara);
	if (!!ctl_opt(c, "--csv") + !!ctl_opt(c, "--html") + c->json > 1)
		return ctl_usage(c, "one of --json, --csv, --html");
	return CTL_OK;
}

static int write_page(const struct ctl *c, const char *path, const json_t *sum)
{
	_cleanup_buf_ struct buf page = BUF_INIT(REPORT_PAGE_MAX);
	struct err e = {0};

	report_html(&page, sum);
	if (page.over)
		return ctl_fail(
			c, "the page is over %d MiB: report a shorter time", REPORT_PAGE_MAX >> 20);
	if (fsio_write_atomic(path, page.data, page.len, 0640, &e))
		return ctl_fail(c, "%s", e.text);
	fprintf(c->out, "%s\n", path);
	return CTL_OK;
}

static int show(const struct ctl *c, const json_t *sum)
{
	const char *page = ctl_opt(c, "--html");

	if (page)
		return write_page(c, page, sum);
	if (c->json)
		print_json(c->out, sum);
	else if (ctl_opt(c, "--csv"))
		report_csv(c->out, sum);
	else
		report_table(c->out, sum);
	return CTL_OK;
}

static int read_and_sum(struct ctl *c, const struct report_conf *conf, json_t **ret)
{
	struct books *books = books_new();
	struct report *report = report_new(conf);
	struct err e = {0};
	int r = books_read(c, -1, books, &e);

	if (!r) {
		books_report(books, report);
		*ret = report_sum(report);
	}
	report_free(report);
	books_free(books);
	return r ? ctl_fail(c, "%s", e.text) : CTL_OK;
}

int ctl_report(struct ctl *c)
{
	struct report_conf conf = {0};
	struct workdays *workdays = NULL;
	_cleanup_json_ json_t *sum = NULL;
	int r = read_period(c, &conf);

	if (!r)
		r = calendar_load(c, &workdays);
	conf.workdays = workdays;
	if (!r)
		r = read_and_sum(c, &conf, &sum);
	if (!r)
		r = show(c, sum);
	workdays_free(workdays);
	return r;
}
