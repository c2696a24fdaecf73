/* Usage headers and error answers of the Graph API, as tables. */
// uses: daemons/social/meta_limits.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "daemons/social/meta_limits.h"

#define MINUTE (60 * 1000)

static void usage(void **state)
{
	static const struct {
		const char *app, *business;
		int percent, regain_min;
	} cases[] = {
		{NULL, NULL, 0, 0},
		{"", "{", 0, 0},
		{"[]", "[]", 0, 0},
		{"{\"call_count\":28,\"total_cputime\":25,\"total_time\":25}", NULL, 28, 0},
		{"{\"call_count\":1,\"total_cputime\":79,\"total_time\":2}", NULL, 79, 0},
		{"{\"call_count\":1,\"total_cputime\":2,\"total_time\":96.4}", NULL, 96, 0},
		{NULL,
			"{\"1\":[{\"type\":\"pages\",\"call_count\":5,\"total_cputime\":1,\"total_"
			"time\":1,"
			"\"estimated_time_to_regain_access\":0}]}",
			5, 0},
		{"{\"call_count\":50}",
			"{\"1\":[{\"call_count\":5},{\"call_count\":100,"
			"\"estimated_time_to_regain_access\":19}],\"2\":[{\"total_time\":60}]}",
			100, 19},
		{NULL, "{\"1\":[{\"call_count\":\"99\"}],\"2\":7}", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct meta_usage u = meta_usage(cases[i].app, cases[i].business);

		assert_int_equal((int)u.percent, cases[i].percent);
		assert_int_equal(u.regain_ms, cases[i].regain_min * MINUTE);
	}
}

static void pauses(void **state)
{
	static const struct {
		double percent;
		int64_t regain_ms, least_ms, most_ms;
	} cases[] = {
		{0, 0, 0, 0},
		{79.9, 0, 0, 0},
		{80, 0, 1000, 1000},
		{85, 0, 2000, 20000},
		{94.9, 0, 50000, 60000},
		{95, 0, 5 * MINUTE, 5 * MINUTE},
		{100, 19 * MINUTE, 19 * MINUTE, 19 * MINUTE},
		{500, 100 * 3600 * INT64_C(1000), 24 * 3600 * INT64_C(1000),
			24 * 3600 * INT64_C(1000)},
	};
	int64_t last = -1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ms =
			meta_pause_ms((struct meta_usage){cases[i].percent, cases[i].regain_ms});

		assert_in_range(ms, cases[i].least_ms, cases[i].most_ms);
		assert_true(ms >= last);
		last = ms;
	}
}

#define ERROR(code) "{\"error\":{\"message\":\"x\",\"code\":" code "}}"

static void answers(void **state)
{
	static const struct {
		long status; /* 0: none came */
		const char *body;
		enum meta_verdict wanted;
		int code;
	} cases[] = {
		{0, "", MV_AGAIN, 0},
		{200, "{\"data\":[]}", MV_OK, 0},
		{200, "{\"data\":[", MV_AGAIN, 0},
		{200, "", MV_AGAIN, 0},
		{200, "[]", MV_AGAIN, 0},
		{200, "<html>", MV_AGAIN, 0},
		{500, ERROR("1"), MV_AGAIN, 1},
		{500, "<html>", MV_AGAIN, 0},
		{503, "{}", MV_AGAIN, 0},
		{502, "", MV_AGAIN, 0},
		{400, ERROR("2"), MV_AGAIN, 2},
		{400, "{\"error\":{\"code\":999,\"is_transient\":true}}", MV_AGAIN, 999},
		{400, ERROR("4"), MV_THROTTLED, 4},
		{403, ERROR("17"), MV_THROTTLED, 17},
		{400, ERROR("32"), MV_THROTTLED, 32},
		{400, ERROR("613"), MV_THROTTLED, 613},
		{400, ERROR("80001"), MV_THROTTLED, 80001},
		{400, ERROR("80002"), MV_THROTTLED, 80002},
		{400, ERROR("80006"), MV_THROTTLED, 80006},
		{400, ERROR("80007"), MV_THROTTLED, 80007},
		{429, "", MV_THROTTLED, 0},
		{400, ERROR("190"), MV_DEAD, 190},
		{401, "{\"error\":{\"code\":190,\"error_subcode\":463}}", MV_DEAD, 190},
		{400, ERROR("102"), MV_DEAD, 102},
		{401, "", MV_DEAD, 0},
		{403, ERROR("10"), MV_DENIED, 10},
		{403, ERROR("200"), MV_DENIED, 200},
		{403, ERROR("299"), MV_DENIED, 299},
		{400, ERROR("368"), MV_DENIED, 368},
		{403, "", MV_DENIED, 0},
		{400, ERROR("100"), MV_GONE, 100},
		{400, ERROR("803"), MV_GONE, 803},
		{404, "", MV_GONE, 0},
		{400, ERROR("4242"), MV_DENIED, 4242},
		{200, ERROR("190"), MV_DEAD, 190},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct meta_reply r = {.answered = cases[i].status != 0,
			.status = cases[i].status,
			.body = cases[i].body,
			.len = strlen(cases[i].body)};
		struct meta_judgement j = meta_judge(&r);

		if (j.verdict != cases[i].wanted || j.code != cases[i].code)
			fail_msg("%ld %s: %s, code %d; wanted %s", cases[i].status, cases[i].body,
				meta_verdict_name(j.verdict), j.code,
				meta_verdict_name(cases[i].wanted));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usage),
		cmocka_unit_test(pauses),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
