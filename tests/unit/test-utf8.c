/* UTF-8: strictness, repair by the longest ill-formed part, cuts that keep graphemes and words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "base/util.h"

#define BAD "\xef\xbf\xbd"

static void validity_is_strict(void **state)
{
	static const struct {
		const char *s;
		size_t n;
		bool valid;
	} rows[] = {
		{"", 0, true},
		{"abc", 3, true},
		{"a\0b", 3, false},
		{"\xc3\xa9", 2, true},
		{"\xc3", 1, false},
		{"\xc0\x80", 2, false},	    /* overlong NUL */
		{"\xe0\x80\xaf", 3, false}, /* overlong slash */
		{"\xed\xa0\x80", 3, false}, /* surrogate */
		{"\xf4\x8f\xbf\xbf", 4, true},
		{"\xf4\x90\x80\x80", 4, false}, /* above U+10FFFF */
		{"\xf0\x9f\x98\x80", 4, true},
		{"\xf8\x88\x80\x80\x80", 5, false},
		{"\x80", 1, false},
		{"\xff", 1, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(utf8_valid(rows[i].s, rows[i].n), rows[i].valid);
}

static void repair_marks_each_ill_formed_part_once(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		const char *out;
		bool repaired;
	} rows[] = {
		{"jalan rusak", 11, "jalan rusak", false},
		{"", 0, "", false},
		{"a\0b", 3, "a" BAD "b", true},
		{"a\xff\xfe"
		 "b",
			4, "a" BAD BAD "b", true},
		/* the example of Unicode 15, table 3-8 */
		{"\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64", 13,
			"a" BAD BAD BAD "b" BAD "c" BAD BAD "d", true},
		{"\xe2\x82", 2, BAD, true},
		{"caf\xe9 malang", 11, "caf" BAD " malang", true}, /* latin-1 */
		{"\xed\xa0\x80", 3, BAD BAD BAD, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool repaired = !rows[i].repaired;
		size_t len = 0;
		_cleanup_free_ char *got = utf8_repair(rows[i].in, rows[i].n, &len, &repaired);

		assert_string_equal(got, rows[i].out);
		assert_int_equal(len, strlen(rows[i].out));
		assert_int_equal(repaired, rows[i].repaired);
		assert_true(utf8_valid(got, len));
	}
}

static void every_byte_triple_repairs_to_valid_text(void **state)
{
	(void)state;
	for (uint32_t v = 0; v < 1u << 24; v += 7) {
		const char in[3] = {(char)(v >> 16), (char)(v >> 8), (char)v};
		size_t len;
		bool repaired;
		_cleanup_free_ char *got = utf8_repair(in, 3, &len, &repaired);

		assert_true(utf8_valid(got, len));
		assert_int_equal(repaired, !utf8_valid(in, 3));
	}
}

static void length_counts_code_points(void **state)
{
	(void)state;
	assert_int_equal(utf8_length(""), 0);
	assert_int_equal(utf8_length("a\xc3\xa9\xf0\x9f\x98\x80"), 3);
}

#define FAMILY \
	"\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7" /* 5 chars */
#define FLAG_ID "\xf0\x9f\x87\xae\xf0\x9f\x87\xa9"				   /* 2 chars */
#define E_ACUTE "e\xcc\x81"							   /* 2 chars */

static void prefixes_keep_graphemes_whole(void **state)
{
	static const struct {
		const char *s;
		size_t max, bytes;
	} rows[] = {
		{"abc", 5, 3},
		{"abc", 3, 3},
		{"abc", 2, 2},
		{"abc", 0, 0},
		{"a" FAMILY "b", 5, 1},
		{"a" FAMILY "b", 6, 1 + sizeof FAMILY - 1},
		{FLAG_ID FLAG_ID, 3, sizeof FLAG_ID - 1},
		{"ab" E_ACUTE, 3, 2},
		{E_ACUTE, 1, 1}, /* longer than the bound: between code points */
		{"a\r\nb", 2, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(utf8_prefix(rows[i].s, rows[i].max), rows[i].bytes);
	assert_int_equal(utf8_prefix_bytes("ab\xc3\xa9", 3), 2);
	assert_int_equal(utf8_prefix_bytes("ab\xc3\xa9", 4), 4);
	assert_int_equal(utf8_prefix_bytes("ab" FAMILY, 12), 2);
	assert_int_equal(utf8_prefix_bytes("abc", 0), 0);
}

static void cuts_prefer_words(void **state)
{
	static const struct {
		const char *s;
		size_t max;
		const char *out;
	} rows[] = {
		{"jalan rusak parah", 50, "jalan rusak parah"},
		{"jalan rusak parah", 17, "jalan rusak parah"},
		{"jalan rusak parah", 16, "jalan rusak"},
		{"jalan rusak parah", 11, "jalan rusak"}, /* the blank stands behind the bound */
		{"jalan rusak parah", 12, "jalan rusak"},
		{"jalan rusak parah", 7, "jalan"},
		{"a bcdefghijkl", 8, "a bcdefg"}, /* a word that keeps too little is not used */
		{"satu  dua tiga", 6, "satu"},
		{"abcdefgh", 4, "abcd"},
		{"abc   defg", 5, "abc"},
		{"xyzw" FAMILY " tes", 6, "xyzw"},
		{"", 3, ""},
		{"abc", 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *got = utf8_cut_words(rows[i].s, rows[i].max);

		assert_string_equal(got, rows[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(validity_is_strict),
		cmocka_unit_test(repair_marks_each_ill_formed_part_once),
		cmocka_unit_test(every_byte_triple_repairs_to_valid_text),
		cmocka_unit_test(length_counts_code_points),
		cmocka_unit_test(prefixes_keep_graphemes_whole),
		cmocka_unit_test(cuts_prefer_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
