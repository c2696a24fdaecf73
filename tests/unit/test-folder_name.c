/* folder_name: names as people see them, names as IMAP writes them; the long ones are RFC 3501's
 * own. */
// uses: daemons/email/folder_name.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/util.h"
#include "daemons/email/folder_name.h"

#include <cmocka.h>

static void names(void **state)
{
	static const struct {
		const char *seen, *written;
	} cases[] = {
		{"INBOX", "INBOX"},
		{"Pengaduan/2026", "Pengaduan/2026"},
		{"Saran & Keluhan", "Saran &- Keluhan"},
		{"&", "&-"},
		{"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
		{"Élan", "&AMk-lan"},
		{"é&", "&AOk-&-"},
		{"éé-é", "&AOkA6Q--&AOk-"},
		{"☺!", "&Jjo-!"},
		{"😀", "&2D3eAA-"},
		{"a\tb", "a&AAk-b"},
		{"\xff", "&,,0-"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = folder_name(cases[i].seen);

		assert_string_equal(got, cases[i].written);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
