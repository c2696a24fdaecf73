/* YAML: values by the core schema, every refusal with its line, all faults in one run, bounds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "base/yaml.h"

struct loaded {
	json_t *j;
	struct yaml_lines *lines;
	struct buf faults;
	struct err e;
	int n, r;
};

static struct loaded load(const char *text)
{
	struct loaded l = {.faults = BUF_INIT(65536)};

	l.r = yaml_load_text("f.yaml", text, strlen(text), &l.j, &l.lines, &l.faults, &l.n, &l.e);
	return l;
}

static void unload(struct loaded *l)
{
	json_decref(l->j);
	yaml_lines_free(l->lines);
	buf_free(&l->faults);
}

static void scalars_follow_the_core_schema(void **state)
{
	static const struct {
		const char *yaml, *json;
	} rows[] = {
		{"null", "null"},
		{"~", "null"},
		{"", "null"},
		{"true", "true"},
		{"FALSE", "false"},
		{"yes", "\"yes\""},
		{"0", "0"},
		{"-12", "-12"},
		{"0x1F", "31"},
		{"0o17", "15"},
		{"9223372036854775807", "9223372036854775807"},
		{"1.5", "1.5"},
		{"-7.5", "-7.5"},
		{".5", "0.5"},
		{"1e3", "1000.0"},
		{"1e999", "\"1e999\""},
		{"0812345", "\"0812345\""},
		{"+6281", "\"+6281\""},
		{"00.5", "\"00.5\""},
		{"127.0.0.1", "\"127.0.0.1\""},
		{"2026-11-24", "\"2026-11-24\""},
		{"0x", "\"0x\""},
		{"-", "[null]"},
		{"'true'", "\"true\""},
		{"\"12\"", "\"12\""},
		{"|\n  a\n  b\n", "\"a\\nb\\n\""},
		{"[1, {a: b}]", "[1,{\"a\":\"b\"}]"},
		{"{}", "{}"},
		{"\"\\u00e9\"", "\"\xc3\xa9\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *got = NULL;
		struct loaded l = load(rows[i].yaml);

		assert_int_equal(l.r, 0);
		got = json_dumps(l.j, JSON_COMPACT | JSON_ENCODE_ANY);
		assert_string_equal(got, rows[i].json);
		unload(&l);
	}
}

static const char profile[] = "# a profile\n"
			      "name: lapor-v3\n"
			      "calls:\n"
			      "  - name: upload\n"
			      "    path: /a\n"
			      "  - name: create\n"
			      "    path: /b\n"
			      "    headers:\n"
			      "      x-code: 0812\n";

static void lines_are_known_by_path(void **state)
{
	static const struct {
		const char *path;
		int line;
	} rows[] = {
		{"name", 2},
		{"calls", 3},
		{"calls.0", 4},
		{"calls.1.path", 7},
		{"calls.1.headers.x-code", 9},
		{"calls.1.missing", 6}, /* the parent that lacks it */
		{"calls.1.headers.missing.deeper", 8},
		{"missing", 1},
		{"", 1},
	};
	struct loaded l = load(profile);

	(void)state;
	assert_int_equal(l.r, 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(yaml_line(l.lines, rows[i].path), rows[i].line);
	assert_int_equal(yaml_line(NULL, "calls"), 1);
	assert_string_equal(yaml_text(l.lines, "calls.1.headers.x-code"), "0812");
	assert_null(yaml_text(l.lines, "calls.1.headers"));
	assert_null(yaml_text(l.lines, "nowhere"));
	unload(&l);
}

static void refusals_name_the_line_and_the_remedy(void **state)
{
	static const struct {
		const char *yaml, *text;
	} rows[] = {
		{"a: 1\nb: &x 2\n",
			"f.yaml:2: b: anchors (&…) are not supported; write the value out\n"},
		{"a: 1\nb: *x\n",
			"f.yaml:2: b: aliases (*…) are not supported; write the value out\n"},
		{"a: !!str 1\n",
			"f.yaml:1: a: tags (!…) are not supported; quote text to keep it text\n"},
		{"a: !x {b: 1}\n", "f.yaml:1: a: tags (!…) are not supported\n"},
		{"a: 1\nb:\n  c: 1\n  c: 2\n",
			"f.yaml:4: b.c: written twice; the first is on line 3\n"},
		{"? [1, 2]\n: 3\n", "f.yaml:1: a key must be plain text\n"},
		{"'': 3\n", "f.yaml:1: a key must be text of 1 to 128 bytes\n"},
		{"a: 1\n---\nb: 2\n", "f.yaml:2: a second document (---) in one file\n"},
		{"a: \"x\\0y\"\n", "f.yaml:1: a: holds a NUL character\n"},
		{"a: 9223372036854775808\n",
			"f.yaml:1: a: integer beyond 64 bits; quote it to keep it as text\n"},
		{"a: .nan\n",
			"f.yaml:1: a: infinite or not a number; write a number, or quote it\n"},
		{"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
			"f.yaml:1: 0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0: nested deeper than 16\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct loaded l = load(rows[i].yaml);

		assert_int_equal(l.r, -EINVAL);
		assert_string_equal(buf_str(&l.faults), rows[i].text);
		assert_int_equal(l.n, 1);
		unload(&l);
	}
}

static void all_faults_are_told_in_one_run(void **state)
{
	struct loaded l = load("a: 1\na: 2\nb: *x\nc: !t 3\nd: 4\n");

	(void)state;
	assert_int_equal(l.n, 3);
	assert_string_equal(
		l.e.text, "f.yaml:2: a: written twice; the first is on line 1 (and 2 more)");
	assert_int_equal(json_integer_value(json_object_get(l.j, "a")), 1); /* the first stays */
	assert_int_equal(json_integer_value(json_object_get(l.j, "d")), 4);
	unload(&l);
}

static void syntax_errors_end_the_reading(void **state)
{
	static const char *const rows[] = {"a: [1, 2\n", "a: b: c\n", "a: \"x\n", "\tq: 1\n",
		"a: \xff\n", "a: 1\n b: 2\n", "%YAML 9.9\n---\na: 1\n", "@", "a: \"\\ud800\"\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct loaded l = load(rows[i]);

		assert_int_equal(l.r, -EINVAL);
		assert_memory_equal(l.e.text, "f.yaml:", 7);
		assert_non_null(strstr(l.e.text, ": not YAML: "));
		assert_null(l.j);
		assert_null(l.lines);
		unload(&l);
	}
}

static void a_flood_of_faults_is_cut(void **state)
{
	struct buf b = BUF_INIT(1 << 20);
	struct loaded l;

	(void)state;
	for (int i = 0; i < 5000; i++)
		buf_adds(&b, "a: *x\n");
	l = load(buf_str(&b));
	assert_true(l.n <= 101);
	unload(&l);
	buf_free(&b);
}

static void comments_only_is_null(void **state)
{
	struct loaded l = load("# nothing\n");

	(void)state;
	assert_int_equal(l.r, 0);
	assert_true(json_is_null(l.j));
	unload(&l);
}

static void files_are_bounded_and_named(void **state)
{
	char path[] = "/tmp/muara-yaml-XXXXXX";
	struct yaml_lines *lines = (void *)1;
	json_t *j = (void *)1;
	struct err e = {0};
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a: 1\nb: *x\n", 11), 11);
	close(fd);
	assert_int_equal(yaml_load_file(path, 10, &j, &lines, &e), -E2BIG);
	assert_non_null(strstr(e.text, "larger than 10 bytes"));
	assert_int_equal(yaml_load_file(path, 11, &j, &lines, &e), -EINVAL);
	assert_non_null(strstr(e.text, ":2: b: aliases"));
	assert_ptr_equal(j, (void *)1); /* untouched on failure */
	assert_ptr_equal(lines, (void *)1);
	unlink(path);
	assert_int_equal(yaml_load_file(path, 10, &j, &lines, &e), -ENOENT);
	assert_int_equal(yaml_load_file("/dev/null", 10, &j, &lines, &e), -EINVAL);
	assert_int_equal(yaml_load_file("/", 10, &j, &lines, &e), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_follow_the_core_schema),
		cmocka_unit_test(lines_are_known_by_path),
		cmocka_unit_test(refusals_name_the_line_and_the_remedy),
		cmocka_unit_test(all_faults_are_told_in_one_run),
		cmocka_unit_test(syntax_errors_end_the_reading),
		cmocka_unit_test(a_flood_of_faults_is_cut),
		cmocka_unit_test(comments_only_is_null),
		cmocka_unit_test(files_are_bounded_and_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
