// uses: daemons/forwarder/known_ends.c
/* known_ends: found by lane and INTENT, once; what is left of a lane goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "daemons/forwarder/known_ends.h"

static void keep(
	struct known_ends *k, int32_t lane, uint64_t term, uint64_t n, enum attempt_end end)
{
	struct known_end one = {
		.lane = lane, .intent = {term, n}, .end = end, .result.remote_id = 100 + n};

	known_ends_keep(k, &one);
}

/* The end's number, -1 = not known. */
static int take(struct known_ends *k, int32_t lane, uint64_t term, uint64_t n)
{
	const struct lane_key intent = {term, n};
	struct known_end one;

	if (!known_ends_take(k, lane, &intent, &one))
		return -1;
	assert_int_equal(one.result.remote_id, 100 + n);
	return (int)one.end;
}

static void test_taken_once(void **state)
{
	struct known_ends k = {0};

	(void)state;
	assert_int_equal(take(&k, 0, 1, 1), -1);
	keep(&k, 0, 3, 7, END_DONE);
	keep(&k, 0, 3, 8, END_REJECTED);
	keep(&k, 1, 3, 7, END_PARKED);
	assert_int_equal(take(&k, 0, 3, 9), -1);
	assert_int_equal(take(&k, 0, 4, 7), -1);
	assert_int_equal(take(&k, 2, 3, 7), -1);
	assert_int_equal(take(&k, 0, 3, 7), END_DONE);
	assert_int_equal(take(&k, 0, 3, 7), -1);
	assert_int_equal(take(&k, 1, 3, 7), END_PARKED);
	assert_int_equal(take(&k, 0, 3, 8), END_REJECTED);
	assert_int_equal(k.n, 0);
	known_ends_free(&k);
}

static void test_forgotten_by_lane(void **state)
{
	struct known_ends k = {0};

	(void)state;
	known_ends_forget(&k, 0);
	keep(&k, 0, 3, 7, END_DONE);
	keep(&k, 1, 3, 7, END_NOT_SENT);
	keep(&k, 0, 3, 8, END_DONE);
	known_ends_forget(&k, 0);
	assert_int_equal(k.n, 1);
	assert_int_equal(take(&k, 0, 3, 8), -1);
	assert_int_equal(take(&k, 1, 3, 7), END_NOT_SENT);
	known_ends_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_once),
		cmocka_unit_test(test_forgotten_by_lane),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
