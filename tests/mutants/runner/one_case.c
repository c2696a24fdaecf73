/* Preloaded into a unit test by tests/mutants/run.py: only the case that MUARA_TEST_CASE names is
 * run.
 *
 * A program has up to a hundred cases and a mutant names one. cmocka can pick, but only when it is
 * told from inside. Programs that the test starts are left alone.
 */
#include <stdlib.h>

void cmocka_set_test_filter(const char *pattern) __attribute__((weak));

__attribute__((constructor)) static void pick(void)
{
	const char *name = getenv("MUARA_TEST_CASE");

	if (name && cmocka_set_test_filter)
		cmocka_set_test_filter(name);
	unsetenv("LD_PRELOAD");
}
