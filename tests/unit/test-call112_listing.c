/* What a server's listing holds, which of it is wanted, and who the server may be. */
// uses: daemons/call112/listing.c daemons/call112/weblist.c daemons/call112/due.c
// uses: daemons/call112/fetched.c daemons/call112/fetch.c
// uses: daemons/call112/sftp.c daemons/call112/https.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "daemons/call112/fetch.h"
#include "daemons/call112/listing.h"

static const struct {
	const char *line;
	int want;
	const char *name;
	int64_t size;
	const char *stamp;
} lines[] = {
	{"-rw-r--r--    1 user     group        1234 Nov 24 20:30 a.csv", 1, "a.csv", 1234,
		"1234 Nov 24 20:30"},
	{"-rw-r--r-- 1 0 0 0 Nov  4  2025 a b  c.csv", 1, "a b  c.csv", 0, "0 Nov  4  2025"},
	{"-rw-r--r--. 1 u g 5 Nov 24 20:30  a.csv", 1, " a.csv", 5, "5 Nov 24 20:30"},
	{"-rw-r--r--+ 1 u g 5 Nov 24 20:30 \xc3\xa4 100%.csv", 1, "\xc3\xa4 100%.csv", 5,
		"5 Nov 24 20:30"},
	{"drwxr-xr-x 1 u g 5 Nov 24 20:30 a.csv", 0, NULL, 0, NULL},
	{"lrwxrwxrwx 1 u g 5 Nov 24 20:30 a.csv", 0, NULL, 0, NULL},
	{"-rw-r--r-- 1 u g 5 Nov 24 20:30 .a.csv", 0, NULL, 0, NULL},
	{"-rw-r--r-- 1 u g 5 Nov 24 20:30 ../a.csv", 0, NULL, 0, NULL},
	{"-rw-r--r-- 1 u g 5 Nov 24 20:30 a/b.csv", 0, NULL, 0, NULL},
	{"-rw-r--r-- 1 u g 5 Nov 24 20:30 a\tb.csv", 0, NULL, 0, NULL},
	{"-rw-r--r-- 1 u g 5 Nov 24 20:30 ", 0, NULL, 0, NULL},
	{"-rw-r--r-- 1 u g 5 Nov 24 20:30", -EINVAL, NULL, 0, NULL},
	{"-rw-r--r-- 1 u g x Nov 24 20:30 a.csv", -EINVAL, NULL, 0, NULL},
	{"-rw-r--r-- 1 u g -5 Nov 24 20:30 a.csv", -EINVAL, NULL, 0, NULL},
	{"-rw-r--r-- 1 u g 99999999999999999999 Nov 24 20:30 a.csv", -EINVAL, NULL, 0, NULL},
	{"- 1 u g 5 Nov 24 20:30 a.csv", -EINVAL, NULL, 0, NULL},
	{"11-24-26 08:30PM 1234 a.csv", -EINVAL, NULL, 0, NULL},
};

static void lines_of_a_listing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct listing_file f = {0};
		int r = listing_line(lines[i].line, strlen(lines[i].line), &f);

		if (r != lines[i].want)
			fail_msg("%s: %d", lines[i].line, r);
		if (r != 1)
			continue;
		assert_string_equal(f.name, lines[i].name);
		assert_string_equal(f.stamp, lines[i].stamp);
		assert_true(f.size == lines[i].size);
	}
}

static void names_too_long(void **state)
{
	char line[400] = "-rw-r--r-- 1 u g 5 Nov 24 20:30 ";
	size_t n = strlen(line);
	struct listing_file f;

	(void)state;
	memset(line + n, 'a', 300);
	assert_int_equal(listing_line(line, n + LISTING_NAME_MAX, &f), 1);
	assert_int_equal(strlen(f.name), LISTING_NAME_MAX);
	assert_int_equal(listing_line(line, n + LISTING_NAME_MAX + 1, &f), 0);
}

static void a_listing(void **state)
{
	static const char text[] = "drwxr-xr-x 2 u g 4096 Nov 24 20:30 .\r\n"
				   "-rw-r--r-- 1 u g 7 Nov 24 20:30 b.csv\r\n"
				   "total 4\n\n"
				   "-rw-r--r-- 1 u g 66 Nov 24 20:31 b.csv.sha256\n"
				   "-rw-r--r-- 1 u g 5 Nov 24 20:30 a.csv";
	struct listing l;

	(void)state;
	listing_read(text, strlen(text), &l);
	assert_int_equal(l.n, 3);
	assert_int_equal(l.strange, 1);
	assert_string_equal(l.v[0].name, "a.csv");
	assert_true(listing_find(&l, "b.csv")->size == 7);
	assert_true(listing_beside(&l, "b.csv", ".sha256")->size == 66);
	assert_null(listing_beside(&l, "a.csv", ".sha256"));
	assert_null(listing_find(&l, "c.csv"));
	listing_free(&l);
	listing_read("", 0, &l);
	assert_null(listing_find(&l, "a.csv"));
	listing_free(&l);
}

static void what_is_wanted(void **state)
{
	static const char *const yes[] = {"a.csv", "A.CSV", "a.done.csv", "part.csv"};
	static const char *const no[] = {"a.csv.part", "a.csv.tmp", "a.csv.TMP", "a.csv.done",
		"a.csv.sha256", ".a.csv", "a.txt"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(listing_wanted(yes[i], "*.csv"));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_false(listing_wanted(no[i], "*.csv"));
	for (size_t i = 0; i < 6; i++)
		assert_false(listing_wanted(no[i], "*"));
}

#define HASH "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void manifests(void **state)
{
	static const char *const yes[] = {HASH, HASH "\n", HASH "  a.csv\n", HASH " *a.csv\r\n"};
	static const char *const no[] = {"", "a.csv", HASH "0", "0 " HASH};
	char got[SHA256_HEX_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		assert_int_equal(listing_manifest(yes[i], strlen(yes[i]), got), 0);
		assert_true(got[0] == 'e');
		assert_memory_equal(got + 1, &HASH[1], 64);
	}
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_int_equal(listing_manifest(no[i], strlen(no[i]), got), -EINVAL);
	assert_int_equal(listing_manifest(HASH, 63, got), -EINVAL);
	assert_int_equal(listing_manifest(HASH, 64, got), 0);
}

static void who_the_server_is(void **state)
{
	/* sha256 of nothing */
	char short_one[] = "SHA256:x",
	     whole[] = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
	char *keys[] = {short_one, whole};
	struct strlist list = {.v = keys, .n = 2}, none = {.v = keys, .n = 1};
	char shown[FETCH_FINGERPRINT_SIZE];

	(void)state;
	assert_true(fetch_known_key(&list, "", 0, shown));
	assert_string_equal(shown, keys[1]);
	assert_false(fetch_known_key(&list, "x", 1, shown));
	assert_false(fetch_known_key(&none, "", 0, shown));
	assert_true(fetch_fingerprint_ok(keys[1]));
	assert_false(fetch_fingerprint_ok(keys[0]));
	assert_false(fetch_fingerprint_ok("MD5:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"));
	assert_false(fetch_fingerprint_ok("SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF="));
}

static void addresses(void **state)
{
	static const char *const yes[] = {"sftp://host/a", "sftp://h:2222/~/a/", "sftp://[::1]/a"};
	static const char *const no[] = {"ftp://host/a", "sftp://host", "sftp:///a",
		"sftp://u@host/a", "sftp://host/a?b", "sftp://host/a b", "sftp://:22/a", "sftp"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_null(fetch_url_fault(yes[i]));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_non_null(fetch_url_fault(no[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_a_listing),
		cmocka_unit_test(names_too_long),
		cmocka_unit_test(a_listing),
		cmocka_unit_test(what_is_wanted),
		cmocka_unit_test(manifests),
		cmocka_unit_test(who_the_server_is),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
