/* x_judge: what answers of the X API mean, by a table; waiting times by X's clock. */
// uses: daemons/social/x_judge.c
#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "daemons/social/x_judge.h"

#include <cmocka.h>

#define NOW_MS	 1790000000000
#define TYPE(t)	 "{\"title\":\"T\",\"type\":\"https://api.twitter.com/2/problems/" t "\"}"
#define PARAM(p) "{\"errors\":[{\"parameters\":{\"" p "\":[\"1\"]},\"message\":\"m\"}]}"

static struct x_judgement judged;

static void judge(long status, const char *body, unsigned tries)
{
	const struct x_reply r = {.status = status,
		.body = body,
		.body_len = strlen(body),
		.now_ms = NOW_MS,
		.tries = tries};

	x_judge(&r, &judged);
}

static void verdicts(void **state)
{
	static const struct {
		long status;
		const char *body;
		enum x_verdict verdict;
	} cases[] = {
		{200, "{\"meta\":{}}", X_PAGE},
		{200, "{\"data\":[],\"errors\":[{}]}", X_PAGE},
		{200, "{\"errors\":[{\"title\":\"Not Found Error\"}]}", X_WRONG},
		{200, "{}", X_AGAIN},
		{200, "<html>", X_PAGE}, /* the reader of pages refuses it */
		{429, TYPE("rate-limit-exceeded"), X_RATE},
		{429, "{\"title\":\"Too Many Requests\",\"type\":\"about:blank\"}", X_RATE},
		{429, "", X_RATE},
		{429, TYPE("usage-capped"), X_CAPPED},
		{429, "{\"title\":\"UsageCapExceeded\",\"type\":\"about:blank\"}", X_CAPPED},
		{429, "{\"errors\":[" TYPE("usage-capped") "]}", X_CAPPED},
		{403, TYPE("usage-capped"), X_CAPPED},
		{402, TYPE("credits"), X_CAPPED},
		{402, "", X_CAPPED},
		{401, "{\"title\":\"Unauthorized\"}", X_REFUSED},
		{401, "", X_REFUSED},
		{403, TYPE("client-forbidden"), X_REFUSED},
		{403, "", X_REFUSED},
		{400, PARAM("since_id"), X_TOO_OLD},
		{400, "{\"errors\":[{\"message\":\"'since_id' must be younger\"}]}", X_TOO_OLD},
		{400, "{\"detail\":\"since_id is too old\"}", X_TOO_OLD},
		{400, PARAM("next_token"), X_STALE_PAGE},
		{400, PARAM("pagination_token"), X_STALE_PAGE},
		{400, PARAM("start_time"), X_AGAIN},
		{400, PARAM("query"), X_WRONG},
		{400, "", X_WRONG},
		{404, "", X_WRONG},
		{302, "", X_WRONG},
		{408, "", X_AGAIN},
		{500, TYPE("internal"), X_AGAIN},
		{503, "<html>", X_AGAIN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		judge(cases[i].status, cases[i].body, 0);
		if (judged.verdict != cases[i].verdict)
			fail_msg("case %zu: %ld %s is %s, not %s", i, cases[i].status,
				cases[i].body, x_verdict_name(judged.verdict),
				x_verdict_name(cases[i].verdict));
	}
}

static void no_answer(void **state)
{
	const struct x_reply r = {.curl = CURLE_OPERATION_TIMEDOUT,
		.status = 200,
		.body = "{}",
		.body_len = 2,
		.now_ms = NOW_MS};

	(void)state;
	x_judge(&r, &judged);
	assert_int_equal(judged.verdict, X_AGAIN);
	assert_string_equal(judged.why, "curl 28");
}

static void why_quotes_nothing(void **state)
{
	(void)state;
	judge(429, "{\"title\":\"UsageCapExceeded\",\"detail\":\"rahasia\",\"type\":\"rahasia\"}",
		0);
	assert_string_equal(judged.why, "status 429, UsageCapExceeded");
	judge(500, "rahasia", 0);
	assert_string_equal(judged.why, "status 500");
}

/* Reset is X's time; our clock may be years off. */
static void waiting_until_reset(void **state)
{
	static const struct {
		long status;
		const char *remaining, *reset, *retry_after, *date;
		int64_t wait_ms;
	} cases[] = {
		{429, "0", "1790000100", NULL, NULL, 101000},
		{429, "0", "1665183228", NULL, "Fri, 07 Oct 2022 22:43:06 GMT", 643000},
		{429, NULL, "1665183228", NULL, NULL, 1000}, /* long ago by our clock */
		{429, NULL, "9999999999", NULL, NULL, 960000},
		{429, NULL, "soon", NULL, NULL, 60000},
		{429, NULL, NULL, "7", NULL, 7000},
		{429, NULL, NULL, NULL, NULL, 60000},
		{200, "0", "1790000100", NULL, NULL, 101000},
		{200, "1", "1790000100", NULL, NULL, 0},
		{200, "0", NULL, NULL, NULL, 0},
		{200, NULL, NULL, NULL, NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct x_reply r = {.status = cases[i].status,
			.body = "{\"meta\":{}}",
			.body_len = 11,
			.remaining = cases[i].remaining,
			.reset = cases[i].reset,
			.retry_after = cases[i].retry_after,
			.date = cases[i].date,
			.now_ms = NOW_MS};

		x_judge(&r, &judged);
		if (judged.wait_ms != cases[i].wait_ms)
			fail_msg("case %zu waits %lld ms", i, (long long)judged.wait_ms);
	}
	assert_true(judged.x_now_ms == NOW_MS);
}

static void ever_less_often(void **state)
{
	int64_t last = 0;

	(void)state;
	for (unsigned tries = 0; tries < 40; tries++) {
		judge(503, "", tries);
		assert_true(judged.wait_ms >= last && judged.wait_ms <= 300000);
		last = judged.wait_ms;
	}
	assert_int_equal(last, 300000);
	judge(429, "", 40);
	assert_int_equal(judged.wait_ms, 960000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(no_answer),
		cmocka_unit_test(why_quotes_nothing),
		cmocka_unit_test(waiting_until_reset),
		cmocka_unit_test(ever_less_often),
	};

	return cmocka_run_group_tests_name("x_judge", tests, NULL, NULL);
}
