/* Progress is the contiguous prefix, whatever the order of acknowledgements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "core/ackprefix.h"

static void a_gap_stops_progress(void **state)
{
	struct ackprefix a;

	(void)state;
	ackprefix_init(&a, 10);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ackprefix_take(&a), 10 + i);
	assert_false(ackprefix_ack(&a, 11));
	assert_false(ackprefix_ack(&a, 13));
	assert_int_equal(ackprefix_done(&a), 10);
	assert_true(ackprefix_ack(&a, 10));
	assert_int_equal(ackprefix_done(&a), 12);
	assert_int_equal(ackprefix_open(&a), 2);
	assert_true(ackprefix_ack(&a, 12));
	assert_int_equal(ackprefix_done(&a), 14);
	ackprefix_free(&a);
}

static void strange_numbers_change_nothing(void **state)
{
	struct ackprefix a;

	(void)state;
	ackprefix_init(&a, 0);
	assert_false(ackprefix_ack(&a, 0));
	ackprefix_take(&a);
	assert_true(ackprefix_ack(&a, 0));
	assert_false(ackprefix_ack(&a, 0));
	assert_false(ackprefix_ack(&a, 99));
	assert_int_equal(ackprefix_done(&a), 1);
	ackprefix_free(&a);
}

/* Against the plain definition, with more in flight than the first ring holds. */
static void any_order_any_number(void **state)
{
	enum { N = 5000 };
	_cleanup_free_ uint64_t *order = xcalloc(N, sizeof(*order));
	_cleanup_free_ bool *seen = xcalloc(N, sizeof(*seen));
	struct ackprefix a;
	uint64_t want = 0;

	(void)state;
	ackprefix_init(&a, 0);
	for (uint64_t i = 0; i < N; i++) {
		uint64_t j = (i * 2654435761U + 12345) % (i + 1);

		order[i] = order[j];
		order[j] = ackprefix_take(&a);
	}
	for (size_t i = 0; i < N; i++) {
		ackprefix_ack(&a, order[i]);
		seen[order[i]] = true;
		while (want < N && seen[want])
			want++;
		assert_int_equal(ackprefix_done(&a), want);
	}
	ackprefix_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gap_stops_progress),
		cmocka_unit_test(strange_numbers_change_nothing),
		cmocka_unit_test(any_order_any_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
