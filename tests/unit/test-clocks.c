/* clocks: the shipped rules over the shipped calendar, by a table of reports; then rules that are
 * wrong. Days are those of Jakarta. 2026-08-17 (Monday) and 2026-08-25 are holidays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/util.h"
#include "core/clocks.h"

static struct clocks *clocks;
static struct workdays *workdays;

static int64_t at(const char *text)
{
	_cleanup_free_ char *full = xasprintf("%s:00+07:00", text);
	int64_t ms;

	if (!text || time_parse(full, &ms))
		fail_msg("%s is no time", text ? text : "none");
	return ms;
}

static size_t named(const char *name)
{
	for (size_t i = 0; i < clocks_count(clocks); i++)
		if (strcmp(clocks_name(clocks, i), name) == 0)
			return i;
	fail_msg("no clock %s", name);
	return 0;
}

static const struct clock_case {
	const char *what, *clock, *classification;
	bool supervisory;
	const char *filed, *verified, *worked, *ended; /* read as verified, in_progress, done */
	const char *now;
	enum clock_state state;
	const char *due; /* NULL: none */
} cases[] = {
	{"three working days", "verify", "complaint", false, "2026-08-10T09:00", NULL, NULL, NULL,
		"2026-08-11T09:00", CLOCK_RUNNING, "2026-08-13"},
	{"a day before it warns", "verify", "complaint", false, "2026-08-10T09:00", NULL, NULL,
		NULL, "2026-08-12T00:00", CLOCK_SOON, "2026-08-13"},
	{"the last day counts whole", "verify", "complaint", false, "2026-08-10T09:00", NULL, NULL,
		NULL, "2026-08-13T23:59", CLOCK_SOON, "2026-08-13"},
	{"then it is overdue", "verify", "complaint", false, "2026-08-10T09:00", NULL, NULL, NULL,
		"2026-08-14T00:00", CLOCK_OVERDUE, "2026-08-13"},
	{"a weekend and a holiday do not count", "verify", "complaint", false, "2026-08-13T09:00",
		NULL, NULL, NULL, "2026-08-17T09:00", CLOCK_RUNNING, "2026-08-19"},
	{"filed late in the evening of Jakarta", "verify", "complaint", false, "2026-08-10T23:59",
		NULL, NULL, NULL, "2026-08-11T00:01", CLOCK_RUNNING, "2026-08-13"},
	{"filed on a Saturday", "verify", "complaint", false, "2026-08-08T09:00", NULL, NULL, NULL,
		"2026-08-08T10:00", CLOCK_RUNNING, "2026-08-12"},
	{"verified in time", "verify", "complaint", false, "2026-08-10T09:00", "2026-08-13T23:00",
		NULL, NULL, "2026-09-01T09:00", CLOCK_MET, "2026-08-13"},
	{"verified too late", "verify", "complaint", false, "2026-08-10T09:00", "2026-08-14T01:00",
		NULL, NULL, "2026-09-01T09:00", CLOCK_MISSED, "2026-08-13"},
	{"what was skipped is reached with the next", "verify", "complaint", false,
		"2026-08-10T09:00", NULL, "2026-08-12T09:00", NULL, "2026-09-01T09:00", CLOCK_MET,
		"2026-08-13"},
	{"the first answer's has not begun", "first-answer", "complaint", false, "2026-08-10T09:00",
		NULL, NULL, NULL, "2026-09-01T09:00", CLOCK_NONE, NULL},
	{"five days for the first answer", "first-answer", "complaint", false, "2026-08-10T09:00",
		"2026-08-12T09:00", NULL, NULL, "2026-08-20T09:00", CLOCK_SOON, "2026-08-20"},
	{"finish in 14", "finish", "complaint", false, "2026-08-10T09:00", "2026-08-12T09:00",
		"2026-08-13T09:00", NULL, "2026-08-20T09:00", CLOCK_RUNNING, "2026-09-03"},
	{"finished", "finish", "aspiration", false, "2026-08-10T09:00", "2026-08-12T09:00", NULL,
		"2026-09-03T20:00", "2026-12-01T09:00", CLOCK_MET, "2026-09-03"},
	{"supervisory has 60", "finish-supervisory", "complaint", true, "2026-08-10T09:00",
		"2026-08-12T09:00", NULL, NULL, "2026-09-20T09:00", CLOCK_RUNNING, "2026-11-06"},
	{"supervisory has no 14", "finish", "complaint", true, "2026-08-10T09:00",
		"2026-08-12T09:00", NULL, NULL, "2026-09-20T09:00", CLOCK_NONE, NULL},
	{"information has 5", "finish-information", "information", false, "2026-08-10T09:00",
		"2026-08-12T09:00", NULL, NULL, "2026-08-21T09:00", CLOCK_OVERDUE, "2026-08-20"},
	{"information has no 14", "finish", "information", false, "2026-08-10T09:00",
		"2026-08-12T09:00", NULL, NULL, "2026-08-21T09:00", CLOCK_NONE, NULL},
	{"a complaint is no information", "finish-information", "complaint", false,
		"2026-08-10T09:00", "2026-08-12T09:00", NULL, NULL, "2026-08-21T09:00", CLOCK_NONE,
		NULL},
	{"over the year's end, which is reckoned", "finish", "complaint", false, "2026-12-21T09:00",
		"2026-12-22T09:00", NULL, NULL, "2026-12-23T09:00", CLOCK_RUNNING, "2027-01-15"},
};

static void the_shipped_clocks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct clock_case *c = &cases[i];
		struct clock_view v = {workdays, 420, at(c->now), clocks_warn_days(clocks)};
		struct clock_facts f = {.classification = c->classification,
			.supervisory = c->supervisory,
			.reached_ms = {[CLOCK_FILED] = at(c->filed)}};
		char due[DAY_TEXT_SIZE] = "";
		enum clock_state got;
		int64_t day = -1;

		if (c->verified)
			clock_facts_status(&f, REPORT_VERIFIED, at(c->verified));
		if (c->worked)
			clock_facts_status(&f, REPORT_IN_PROGRESS, at(c->worked));
		if (c->ended)
			clock_facts_status(&f, REPORT_DONE, at(c->ended));
		got = clocks_look(clocks, named(c->clock), &v, &f, &day);
		if (day >= 0)
			day_format(day, due);
		if (got != c->state || strcmp(due, c->due ? c->due : "") != 0)
			fail_msg("%s: %s, due %s", c->what, clock_state_names[got], due);
	}
}

static void what_a_status_reaches(void **state)
{
	static const struct {
		enum report_status s;
		int64_t want[CLOCK_MOMENTS];
	} rows[] = {
		{REPORT_NONE, {1, 0, 0, 0}},
		{REPORT_RECEIVED, {1, 0, 0, 0}},
		{REPORT_VERIFIED, {1, 9, 0, 0}},
		{REPORT_IN_PROGRESS, {1, 9, 9, 0}},
		{REPORT_DONE, {1, 9, 9, 9}},
		{REPORT_ARCHIVED, {1, 0, 0, 9}},
		{REPORT_REJECTED, {1, 0, 0, 9}},
		{REPORT_MISSING, {1, 0, 0, 0}},
		{REPORT_UNKNOWN, {1, 0, 0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct clock_facts f = {.reached_ms = {1}};

		clock_facts_status(&f, rows[i].s, 9);
		clock_facts_status(&f, rows[i].s, 12); /* read again: the first time stays */
		assert_memory_equal(f.reached_ms, rows[i].want, sizeof f.reached_ms);
	}
}

/* Archived before it was verified: nobody is late. */
static void the_end_stops_all(void **state)
{
	struct clock_view v = {workdays, 420, at("2026-12-01T09:00"), 1};
	struct clock_facts f = {.classification = "complaint",
		.reached_ms = {[CLOCK_FILED] = at("2026-08-10T09:00")}};

	(void)state;
	clock_facts_status(&f, REPORT_ARCHIVED, at("2026-08-11T09:00"));
	assert_int_equal(clocks_look(clocks, named("verify"), &v, &f, NULL), CLOCK_MET);
	assert_int_equal(clocks_look(clocks, named("finish"), &v, &f, NULL), CLOCK_NONE);
}

static void the_calendar_ends(void **state)
{
	static const struct {
		const char *now;
		int year;
	} rows[] = {{"2026-08-10T09:00", 0}, {"2027-10-31T09:00", 0}, {"2027-11-05T09:00", 2028},
		{"2028-03-01T09:00", 2028}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct clock_view v = {workdays, 420, at(rows[i].now), 1};

		assert_int_equal(clocks_calendar_ends(&v), rows[i].year);
	}
}

#define RULE "  - {name: a, from: filed, until: verified, days: 3, source: x}\n"

static void expect_fault(const char *text, const char *fault)
{
	_cleanup_close_ int fd = memfd_create("clocks", MFD_CLOEXEC);
	_cleanup_free_ char *path = xasprintf("/proc/self/fd/%d", fd);
	_cleanup_buf_ struct buf faults = BUF_INIT(1 << 16);
	struct clocks *c = NULL;

	assert_int_equal(fsio_write_all(fd, text, strlen(text)), 0);
	if (!clocks_load(path, &c, &faults, NULL))
		fail_msg("passes: %s", text);
	if (!strstr(buf_str(&faults), fault))
		fail_msg("%s: %s", text, buf_str(&faults));
}

static void wrong_rules_are_told(void **state)
{
	static const struct {
		const char *text, *fault;
	} rows[] = {
		{"warn: 1\n", "clocks: is missing"},
		{"clocks: []\n", "clocks"},
		{"clocks:\n" RULE RULE, "clocks.1.name: stands here a second time"},
		{"clocks:\n  - {name: a, from: verified, until: filed, days: 3, source: x}\n",
			"clocks.0.until: is not behind `from`"},
		{"clocks:\n  - {name: a b, from: filed, until: end, days: 3, source: x}\n",
			"clocks.0.name: may hold"},
		{"clocks:\n  - {name: a, from: filed, until: end, days: 0, source: x}\n",
			"clocks.0.days"},
		{"clocks:\n  - {name: a, from: filed, until: end, days: 3}\n", "clocks.0.source"},
		{"clocks:\n  - {name: a, classification: [x], from: filed, until: end, days: 3, "
		 "source: x}\n",
			"clocks.0.classification: one of complaint"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_fault(rows[i].text, rows[i].fault);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_shipped_clocks),
		cmocka_unit_test(what_a_status_reaches),
		cmocka_unit_test(the_end_stops_all),
		cmocka_unit_test(the_calendar_ends),
		cmocka_unit_test(wrong_rules_are_told),
	};
	struct err e = {0};
	int r;

	if (workdays_load("config/holidays.yaml", &workdays, NULL, &e) ||
		clocks_load("config/clocks.yaml", &clocks, NULL, &e)) {
		fprintf(stderr, "%s (run from the top of the project)\n", e.text);
		return 1;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	clocks_free(clocks);
	workdays_free(workdays);
	return r;
}
