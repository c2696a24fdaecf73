/* The metrics page, byte for byte; what is not in a fixed set of label values is "other". */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/metrics.h"

static const char *const channels[] = {"whatsapp", "a\"b", NULL};

static const char page[] = "# HELP in_total Messages\\nin\n"
			   "# TYPE in_total counter\n"
			   "in_total{channel=\"whatsapp\"} 3\n"
			   "in_total{channel=\"a\\\"b\"} 0\n"
			   "in_total{channel=\"other\"} 1\n"
			   "# HELP lag Behind\n"
			   "# TYPE lag gauge\n"
			   "lag 1.5\n"
			   "# HELP took_seconds Time\n"
			   "# TYPE took_seconds histogram\n"
			   "took_seconds_bucket{le=\"0.1\"} 2\n"
			   "took_seconds_bucket{le=\"1\"} 2\n"
			   "took_seconds_bucket{le=\"+Inf\"} 3\n"
			   "took_seconds_sum 5.15\n"
			   "took_seconds_count 3\n";

static void the_page(void **state)
{
	struct metric *in = metric_counter("in_total", "Messages\nin", "channel", channels);
	struct metric *lag = metric_gauge("lag", "Behind", NULL, NULL);
	struct metric *took = metric_histogram("took_seconds", "Time", (const double[]){0.1, 1}, 2);
	_cleanup_buf_ struct buf out = BUF_INIT(4096);
	_cleanup_buf_ struct buf small = BUF_INIT(100);

	(void)state;
	metric_add(in, "whatsapp", 2);
	metric_add(in, "whatsapp", 1);
	metric_add(in, "0812345", 1); /* data as a label value must not get in */
	metric_set(lag, NULL, 7);
	metric_set(lag, NULL, 1.5);
	metric_observe(took, 0.05);
	metric_observe(took, 0.1);
	metric_observe(took, 5);
	assert_int_equal(metrics_render(&out), 0);
	assert_string_equal(buf_str(&out), page);
	assert_int_equal(metrics_render(&small), -E2BIG);
	assert_true(metric_get(in, "whatsapp") == 3);
	assert_true(metric_get(took, NULL) == 3);
}

static void a_name_twice_is_the_same(void **state)
{
	(void)state;
	assert_ptr_equal(metric_counter("in_total", "again", "channel", channels),
		metric_counter("in_total", "x", "channel", channels));
	assert_ptr_equal(metric_histogram("took_seconds", "", NULL, 0),
		metric_histogram("took_seconds", "", NULL, 0));
}

static void odd_numbers(void **state)
{
	struct metric *g = metric_gauge("odd", "", NULL, NULL);
	_cleanup_buf_ struct buf out = BUF_INIT(4096);

	(void)state;
	metric_set(g, NULL, -INFINITY);
	assert_int_equal(metrics_render(&out), 0);
	assert_non_null(strstr(buf_str(&out), "\nodd -Inf\n"));
	metric_set(g, NULL, 1764000000123.0);
	buf_reset(&out);
	assert_int_equal(metrics_render(&out), 0);
	assert_non_null(strstr(buf_str(&out), "\nodd 1764000000123\n"));
	metric_set(g, NULL, NAN);
	buf_reset(&out);
	assert_int_equal(metrics_render(&out), 0);
	assert_non_null(strstr(buf_str(&out), "\nodd NaN\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page),
		cmocka_unit_test(a_name_twice_is_the_same),
		cmocka_unit_test(odd_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
