/* workdays: days, and the calendar that ships. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/fsio.h"
#include "base/util.h"
#include "core/workdays.h"
#include "scratch.h"

static int64_t day(const char *text)
{
	int64_t d = -1;

	if (day_parse(text, &d))
		fail_msg("%s", text);
	return d;
}

static void days(void **state)
{
	static const struct {
		const char *text;
		int64_t day; /* -1: is none */
		int weekday;
	} cases[] = {{"1970-01-01", 0, 3}, {"1970-01-05", 4, 0}, {"2026-11-24", 20781, 1},
		{"2024-02-29", 19782, 3}, {"2026-02-29", -1, 0}, {"2026-06-31", -1, 0},
		{"2026-13-01", -1, 0}, {"2026-00-10", -1, 0}, {"2026-1-10", -1, 0},
		{"2026-01-1x", -1, 0}, {"2026-01-011", -1, 0}, {"1969-12-31", -1, 0}, {"", -1, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[DAY_TEXT_SIZE];
		int64_t d = -1;
		int r = day_parse(cases[i].text, &d);

		print_message("%s\n", cases[i].text);
		assert_int_equal(r == 0, cases[i].day >= 0);
		if (r)
			continue;
		assert_int_equal(d, cases[i].day);
		assert_int_equal(day_weekday(d), cases[i].weekday);
		day_format(d, text);
		assert_string_equal(text, cases[i].text);
	}
	assert_int_equal(day_year(day("2026-12-31")), 2026);
	/* 17:00 UTC is midnight in Jakarta. */
	assert_int_equal(day_of(17 * 3600000LL - 1, 420), 0);
	assert_int_equal(day_of(17 * 3600000LL, 420), 1);
}

static struct workdays *shipped(void)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(10000);
	struct workdays *w = NULL;
	struct err e = {0};

	if (workdays_load("config/holidays.yaml", &w, &faults, &e))
		fail_msg("%s\n%s", e.text, buf_str(&faults));
	return w;
}

static void the_shipped_calendar(void **state)
{
	static const struct {
		const char *from, *until;
		int n;
	} cases[] = {
		{"2026-11-24", "2026-11-27", 3}, /* Tuesday to Friday */
		{"2026-11-27", "2026-12-02", 3}, /* over a weekend */
		{"2026-11-28", "2026-12-02", 3}, /* received on a Saturday */
		{"2026-03-17", "2026-03-27", 3}, /* Nyepi, leave, Idul Fitri */
		{"2026-12-23", "2026-12-30", 3}, /* leave and Christmas */
		{"2026-08-14", "2026-08-20", 3}, /* a Monday off */
		{"2026-12-31", "2027-01-04", 1}, /* into the next year */
		{"2026-08-17", "2026-08-17", 0},
	};
	struct workdays *w = shipped();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[DAY_TEXT_SIZE];

		day_format(workdays_after(w, day(cases[i].from), cases[i].n), text);
		print_message("%s + %d\n", cases[i].from, cases[i].n);
		assert_string_equal(text, cases[i].until);
	}
	assert_false(workdays_works(w, day("2026-12-25")));
	assert_true(workdays_works(w, day("2026-12-28")));
	assert_int_equal(workdays_cover(w, 2026), WORKDAYS_DECREED);
	assert_int_equal(workdays_cover(w, 2027), WORKDAYS_RECKONED);
	assert_int_equal(workdays_cover(w, 2028), WORKDAYS_MISSING);
	workdays_free(w);
}

/* Each fault is told with its line. */
static void faults_are_told(void **state)
{
	static const struct {
		const char *text, *fault; /* NULL: none */
	} cases[] = {
		{"years:\n - year: 2030\n   source: x\n   holidays: {2030-01-01: Tahun Baru}\n",
			NULL},
		{"years:\n - year: 2030\n   source: x\n   holidays:\n    2031-01-01: a\n",
			":5: years.0.holidays.2031-01-01: is not in the year"},
		{"years:\n - year: 2030\n   source: x\n   leave:\n    2030-02-30: a\n",
			":5: years.0.leave.2030-02-30: is no day"},
		{"years:\n - {year: 2030, source: x}\n - {year: 2030, source: y}\n",
			"stands here a second time"},
		{"years:\n - year: 2030\n", "source"},
		{"years: []\n", "years"},
	};
	char dir[] = "/tmp/muara-workdays-XXXXXX";

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *path = xasprintf("%s/holidays.yaml", dir);
		_cleanup_buf_ struct buf faults = BUF_INIT(10000);
		struct workdays *w = NULL;
		struct err e = {0};
		int r;

		assert_int_equal(
			fsio_write_atomic(path, cases[i].text, strlen(cases[i].text), 0600, &e), 0);
		r = workdays_load(path, &w, &faults, &e);
		print_message("%s\n", buf_str(&faults));
		assert_int_equal(r == 0, cases[i].fault == NULL);
		if (cases[i].fault)
			assert_non_null(strstr(buf_str(&faults), cases[i].fault));
		workdays_free(w);
	}
	assert_int_equal(scratch_remove(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days),
		cmocka_unit_test(the_shipped_calendar),
		cmocka_unit_test(faults_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
