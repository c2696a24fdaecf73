// uses: daemons/normalizer/desk_metrics.c
/* desk_metrics: what STATUS says of a lane, for every state with and without its index. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "daemons/normalizer/desk_metrics.h"

/* In decide.c, which is not linked here. */
const char *const decide_outcomes[] = {NULL};

static void test_state_text(void **state)
{
	static const struct {
		enum desk_state state;
		const char *with, *without;
	} cases[] = {
		{DESK_READING, "reading", "waits for Redis"},
		{DESK_DECIDING, "deciding", "waits for Redis"},
		{DESK_HELD, "held", "held"},
		{DESK_LEAVING, "leaving", "leaving"},
		{DESK_ANEW, "reads its logs anew for the index",
			"reads its logs anew for the index"},
		{DESK_CLOSED, "closed", "closed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_string_equal(desk_state_text(cases[i].state, false), cases[i].with);
		assert_string_equal(desk_state_text(cases[i].state, true), cases[i].without);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
