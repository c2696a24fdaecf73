/* CSV as call centres write it: a broken row costs one line, never its neighbours; any cut of the
 * bytes gives the same rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/util.h"
#include "core/csv.h"

/* All rows of a text as "a|b/" per row, "!fault/" for a broken one, fed in pieces of `step`. */
static void rows_of(
	const char *text, size_t n, size_t step, struct csv_rules rules, struct buf *out)
{
	struct csv_row row = {0};
	size_t from = 0, have = MIN(step, n);

	buf_init(out, 1 << 20);
	while (from < n) {
		int r = csv_next(text + from, have - from, have == n, &rules, &row);

		if (r == 0) {
			assert_true(have < n);
			have = MIN(have + step, n);
			continue;
		}
		assert_true(row.raw == text + from && row.raw_len > 0);
		from += row.raw_len;
		if (row.blank) {
			buf_adds(out, "-/");
			continue;
		}
		if (row.fault)
			buf_adds(out, "!");
		for (size_t i = 0; i < row.n; i++)
			buf_addf(out, "%s%s", i ? "|" : "", row.fields[i]);
		buf_adds(out, "/");
	}
	csv_row_free(&row);
}

static const struct {
	const char *text, *want;
	size_t columns;
} cases[] = {
	{"a,b\nc,d\n", "a|b/c|d/", 2},
	{"a,b\r\nc,d", "a|b/c|d/", 2},
	{"\"a,1\",b\n", "a,1|b/", 2},
	{"\"a \"\"x\"\"\",b\n", "a \"x\"|b/", 2},
	{"\"two\nlines\",b\nc,d\n", "two\nlines|b/c|d/", 2},
	{"\"two\r\nlines\",b\nc,d\n", "two\r\nlines|b/c|d/", 2},
	{"jalan 5\" lebar,b\n", "jalan 5\" lebar|b/", 2},
	{"a,\nb,\n", "a|/b|/", 2},
	{"\n\na,b\n\r\n", "-/-/a|b/-/", 2},
	{"a,b\n1,\"open\n2,x\n3,y\n", "a|b/!/2|x/3|y/", 2},
	{"a,b\n1,\"open\n2,\"x\",z\n3,y\n", "a|b/!/!/3|y/", 2},
	{"1,\"x\"y\n2,b\n", "!/2|b/", 2},
	{"1,2,3\n4,5\n", "!/4|5/", 2},
	{"1\n4,5\n", "!/4|5/", 2},
	{"\"1\n2\",\"3\n4\n5,6\n", "!/!/!/5|6/", 2},
	{"\"\",\"\"\n", "|/", 2},
	{"\"\"\n", "/", 1},
};

static void every_cut_gives_the_same_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = strlen(cases[i].text);

		for (size_t step = 1; step <= n; step++) {
			struct csv_rules rules = {.delimiter = ',', .columns = cases[i].columns};
			_cleanup_buf_ struct buf out;

			rows_of(cases[i].text, n, step, rules, &out);
			assert_string_equal(buf_str(&out), cases[i].want);
		}
	}
}

static void a_nul_costs_its_own_line(void **state)
{
	static const char text[] = "a,\0b\nc,d\n";
	_cleanup_buf_ struct buf out;

	(void)state;
	rows_of(text, sizeof(text) - 1, 3, (struct csv_rules){.delimiter = ',', .columns = 2},
		&out);
	assert_string_equal(buf_str(&out), "!/c|d/");
}

static void a_row_too_long_is_broken(void **state)
{
	size_t n = CSV_ROW_MAX + 4000;
	_cleanup_free_ char *text = xmalloc(n + 8);
	_cleanup_buf_ struct buf out;

	(void)state;
	memset(text, 'x', n);
	memcpy(text + n, "\nc,d\n", 6);
	rows_of(text, n + 5, 4096, (struct csv_rules){.delimiter = ',', .columns = 2}, &out);
	/* what comes before the line end may be cut in several places; the neighbour passes */
	assert_true(buf_str(&out)[0] == '!');
	assert_non_null(strstr(buf_str(&out), "/c|d/"));
}

static void windows_1252_becomes_utf8(void **state)
{
	struct csv_rules rules = {.delimiter = ';', .encoding = CSV_WINDOWS_1252, .columns = 2};
	_cleanup_buf_ struct buf out;

	(void)state;
	rows_of("caf\xe9;\x93ya\x94 \x80\x81\n", 13, 13, rules, &out);
	assert_string_equal(
		buf_str(&out), "caf\xc3\xa9|\xe2\x80\x9cya\xe2\x80\x9d \xe2\x82\xac\xef\xbf\xbd/");
}

static void the_delimiter_is_seen_in_the_header(void **state)
{
	(void)state;
	assert_int_equal(csv_guess_delimiter("a;b;c,d\n1,2,3,4,5", 17), ';');
	assert_int_equal(csv_guess_delimiter("a\tb\tc", 5), '\t');
	assert_int_equal(csv_guess_delimiter("\"a;b;c\",d", 9), ',');
	assert_int_equal(csv_guess_delimiter("one", 3), ',');
}

static void byte_order_marks(void **state)
{
	(void)state;
	assert_int_equal(csv_bom("\xef\xbb\xbfid", 5), 3);
	assert_int_equal(csv_bom("id", 2), 0);
	assert_true(csv_bom("\xff\xfei\0", 4) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_gives_the_same_rows),
		cmocka_unit_test(a_nul_costs_its_own_line),
		cmocka_unit_test(a_row_too_long_is_broken),
		cmocka_unit_test(windows_1252_becomes_utf8),
		cmocka_unit_test(the_delimiter_is_seen_in_the_header),
		cmocka_unit_test(byte_order_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
