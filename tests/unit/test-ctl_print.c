// uses: daemons/muaractl/print.c
/* ctl_print: tables align in terminal columns, and nothing a citizen wrote commands a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/util.h"
#include "daemons/muaractl/print.h"

static char *table(const struct print_column *columns, const char *rows, const char *none)
{
	_cleanup_json_ json_t *j = json_loads(rows, 0, NULL);
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(j);
	print_table(f, columns, j, none);
	fclose(f);
	return text;
}

static const struct print_column columns[] = {{"name", "NAME", false}, {"n", "N", true},
	{"hidden", NULL, false}, {"ok", "OK", false}, {"list", "LIST", false}, {}};

static void aligned(void **state)
{
	_cleanup_free_ char *text = table(columns,
		"[{\"name\":\"Siti\",\"n\":7,\"ok\":true,\"list\":[\"a\",\"b\"],\"hidden\":\"x\"},"
		"{\"name\":\"\xe6\x9d\x8e\xe5\xb0\x8f\",\"n\":1234,\"ok\":false,\"list\":[]},"
		"{\"name\":null,\"ok\":null}]",
		NULL);

	(void)state;
	assert_string_equal(text, "NAME     N  OK   LIST\n"
				  "Siti     7  yes  a, b\n"
				  "\xe6\x9d\x8e\xe5\xb0\x8f  1234  no   -\n"
				  "-        -  -    -\n");
}

static void csv_is_never_a_formula(void **state)
{
	_cleanup_json_ json_t *rows = json_loads("[{\"name\":\"=1+1\",\"n\":-3,\"ok\":true,"
						 "\"list\":[\"a\\\"b\",\"c\"],\"hidden\":1},"
						 "{\"name\":\"a,\\r\\nb\",\"n\":null}]",
		0, NULL);
	_cleanup_free_ char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	print_csv(f, columns, rows);
	fclose(f);
	assert_string_equal(text, "\"NAME\",\"N\",\"OK\",\"LIST\"\r\n"
				  "\"'=1+1\",\"'-3\",\"yes\",\"a\"\"b, c\"\r\n"
				  "\"a,  b\",\"\",\"\",\"\"\r\n");
}

static void nothing(void **state)
{
	_cleanup_free_ char *text = table(columns, "[]", "nothing is held");

	(void)state;
	assert_string_equal(text, "nothing is held\n");
}

static void clean(void **state)
{
	static const struct {
		const char *in, *one_line, *lines;
	} rows[] = {
		{"Jalan rusak", "Jalan rusak", "Jalan rusak"},
		{"a\x1b[2Jb", "a [2Jb", "a [2Jb"},
		{"a\nb\tc", "a b c", "a\nb c"},
		{"a\xe2\x80\xae"
		 "b",
			"a b", "a b"}, /* right-to-left override */
		{"a\xc2\x9b"
		 "b",
			"a b", "a b"},			     /* C1: CSI */
		{"a\xff", "a\xef\xbf\xbd", "a\xef\xbf\xbd"}, /* no UTF-8 */
		{"\xf0\x9f\x99\x8f", "\xf0\x9f\x99\x8f", "\xf0\x9f\x99\x8f"},
		{"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *one = print_clean(rows[i].in, false);
		_cleanup_free_ char *lines = print_clean(rows[i].in, true);

		assert_string_equal(one, rows[i].one_line);
		assert_string_equal(lines, rows[i].lines);
	}
}

static void width(void **state)
{
	(void)state;
	assert_int_equal(print_width("Siti"), 4);
	assert_int_equal(print_width("\xe6\x9d\x8e"), 2); /* a wide one */
	assert_int_equal(print_width("e\xcc\x81"), 1);	  /* a mark on its letter */
	assert_int_equal(print_width("\xe2\x80\x8b"
				     "a"),
		1); /* zero width */
}

static void object(void **state)
{
	_cleanup_json_ json_t *row =
		json_pack("{s:s, s:i, s:n}", "name", "Siti\nAminah", "n", 3, "ok");
	_cleanup_free_ char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	print_object(f, columns, row);
	fclose(f);
	assert_string_equal(text, "NAME  Siti Aminah\nN     3\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligned),
		cmocka_unit_test(nothing),
		cmocka_unit_test(clean),
		cmocka_unit_test(width),
		cmocka_unit_test(object),
		cmocka_unit_test(csv_is_never_a_formula),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
