/* Indonesian dates and numbers: a row per way of writing them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/util.h"
#include "core/idtime.h"

static const struct {
	const char *text, *want; /* NULL: refused */
} times[] = {
	{"20 Agustus 2021 07:15", "2021-08-20T00:15:00.000Z"},
	{"20 Agustus 2021 07.15 WITA", "2021-08-19T23:15:00.000Z"},
	{"Jumat, 20 Agt 2021 pukul 07.15.30 WIB", "2021-08-20T00:15:30.000Z"},
	{"Jum'at, 20 Agustus 2021", "2021-08-19T17:00:00.000Z"},
	{"1 Pebruari 2024 00:00 WIT", "2024-01-31T15:00:00.000Z"},
	{"3 Nopember 2026 23:59", "2026-11-03T16:59:00.000Z"},
	{"20/08/2021 07:15", "2021-08-20T00:15:00.000Z"},
	{"20-08-2021 07:15:01", "2021-08-20T00:15:01.000Z"},
	{"20.08.2021 07.15", "2021-08-20T00:15:00.000Z"},
	{"20-Agu-2021, 07:15", "2021-08-20T00:15:00.000Z"},
	{"2021-08-20", "2021-08-19T17:00:00.000Z"},
	{"2021-08-20 07:15:30", "2021-08-20T00:15:30.000Z"},
	{"2021-08-20T07:15:30Z", "2021-08-20T07:15:30.000Z"},
	{"2021-08-20T07:15:30.25+08:00", "2021-08-19T23:15:30.250Z"},
	{"2021-08-20T07:15:30+0700", "2021-08-20T00:15:30.000Z"},
	{"29 Februari 2024 12:00", "2024-02-29T05:00:00.000Z"},
	{"29 Februari 2023 12:00", NULL},
	{"31/04/2024 12:00", NULL},
	{"08/20/2021 07:15", NULL},
	{"20/08/21 07:15", NULL},
	{"20 Agustos 2021 07:15", NULL},
	{"20 Agustus 2021 25:15", NULL},
	{"20 Agustus 2021 07:15 XYZ", NULL},
	{"20 Agustus 2021 07:15 sekitar", NULL},
	{"kemarin", NULL},
	{"", NULL},
	{"20210820", NULL},
};

static void times_in_all_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		char got[TIME_TEXT_SIZE];
		int64_t ms = -1;
		int r = id_time_parse(times[i].text, 420, &ms);

		if (!times[i].want) {
			if (r == 0)
				fail_msg("accepted: %s", times[i].text);
			assert_int_equal(ms, -1);
			continue;
		}
		if (r)
			fail_msg("refused: %s", times[i].text);
		time_format(ms, got);
		assert_string_equal(got, times[i].want);
	}
}

static void days(void **state)
{
	char day[11] = "";

	(void)state;
	assert_int_equal(id_date_parse("20 Agustus 2021 07:15", day), 0);
	assert_string_equal(day, "2021-08-20");
	assert_int_equal(id_date_parse("2021-08-20T01:00:00Z", day), 0);
	assert_int_equal(id_date_parse("30 Februari 2021", day), -22);
	assert_int_equal(id_date_parse("besok", day), -22);
}

static void numbers(void **state)
{
	double v = 0;

	(void)state;
	assert_int_equal(id_number_parse("-7,0375", &v), 0);
	assert_float_equal(v, -7.0375, 1e-12);
	assert_int_equal(id_number_parse("113.5", &v), 0);
	assert_int_equal(id_number_parse("1.000,5", &v), -22);
	assert_int_equal(id_number_parse("12x", &v), -22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_in_all_ways),
		cmocka_unit_test(days),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
