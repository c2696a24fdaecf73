/* JSON: our writer says byte for byte what jansson's says, our reader takes what jansson takes and
 * makes the same tree of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/util.h"

#define TREES 5000

static void assert_same(const json_t *j)
{
	_cleanup_free_ char *want = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
	size_t len;
	_cleanup_free_ char *got = json_text(j, &len);

	assert_string_equal(got, want);
	assert_int_equal(len, strlen(want));
}

static void every_kind_is_written_as_jansson_does(void **state)
{
	static const char *const texts[] = {"{}", "[]", "[[],{}]",
		"{\"a\":{\"b\":[1,2,{\"c\":null}]}}", "true", "false", "null", "0", "-1",
		"9223372036854775807", "-9223372036854775808", "1.5", "-0.0", "1e300", "3.0", "0.1",
		"[1,2.25,-3]", "\"\"", "\"jalan rusak\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		"\"\\u0000\\u0001\\u001f\\u007f\\u2028\"", "\"\\ud83d\\ude00 \\u00e9\"",
		"{\"\\u0001\\\"\":\"kunci\"}", "{\"z\":1,\"a\":2,\"m\":3}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_json_ json_t *j =
			json_loads(texts[i], JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

		assert_non_null(j);
		assert_same(j);
	}
}

static void every_character_is_written_as_jansson_does(void **state)
{
	(void)state;
	for (int c = 0; c < 0x80; c++) {
		const char s[] = {'a', (char)c, (char)c, 'b'};
		_cleanup_json_ json_t *j = json_stringn(s, sizeof s);

		assert_non_null(j);
		assert_same(j);
	}
}

/* --- trees by chance, the same ones each time --- */

static uint32_t chance(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

static json_t *some_string(uint32_t *seed)
{
	static const char *const parts[] = {
		"a", "\"", "\\", "\n", "\x01", "é", "😀", "\x7f", "/", "jalan "};
	_cleanup_buf_ struct buf b = BUF_INIT(1024);

	for (uint32_t n = chance(seed, 12); n; n--)
		buf_adds(&b, parts[chance(seed, ARRAY_SIZE(parts))]);
	return json_string(buf_str(&b));
}

static json_t *some_tree(uint32_t *seed, int depth)
{
	char key[16];
	json_t *j;

	switch (chance(seed, depth ? 8 : 6)) {
	case 0:
		return json_null();
	case 1:
		return json_boolean(chance(seed, 2));
	case 2:
		return json_integer((json_int_t)chance(seed, UINT32_MAX) - INT32_MAX);
	case 3:
		return json_real((double)chance(seed, UINT32_MAX) / 7 - 1e6);
	case 4:
	case 5:
		return some_string(seed);
	case 6:
		j = json_array();
		for (uint32_t n = chance(seed, 6); n; n--)
			json_array_append_new(j, some_tree(seed, depth - 1));
		return j;
	default:
		j = json_object();
		for (uint32_t n = chance(seed, 6); n; n--) {
			snprintf(key, sizeof key, "k%u\"", chance(seed, 20));
			json_set_new(j, key, some_tree(seed, depth - 1));
		}
		return j;
	}
}

static void trees_are_written_as_jansson_does(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < TREES; i++) {
		_cleanup_json_ json_t *j = some_tree(&seed, 5);

		assert_same(j);
	}
}

/* --- reading --- */

static void assert_same_tree(const char *text, size_t n, bool must_take)
{
	_cleanup_json_ json_t *want = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	_cleanup_json_ json_t *got = json_read(text, n, JSON_DEPTH_MAX);
	_cleanup_free_ char *a = NULL, *b = NULL;

	if (!got) {
		assert_true(!want || !must_take);
		return;
	}
	assert_non_null(want);
	assert_true(json_equal(got, want));
	a = json_dumps(got, 0); /* the order of members, too */
	b = json_dumps(want, 0);
	assert_string_equal(a, b);
}

static void what_jansson_takes_is_read_alike(void **state)
{
	static const char *const texts[] = {"{}", "[]", " \t\r\n[ ] \n",
		"{\"a\":1,\"b\":{\"c\":[1,2,3]}}",
		"[0,-0,1,-1,10,123456789012345678,-123456789012345678]",
		"[9223372036854775807,-9223372036854775808]",
		"[1.5,-2.25e3,1E-2,0.1,1e+5,-0.0,0e0]", "[true,false,null]",
		"[\"\",\"a\",\"jalan rusak\",\"\x7f\"]", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
		"[\"a\\u0041\\u00e9\\u20ac\\ud83d\\ude00z\"]", "[\"\\u00E9\\uABCD\\uabcd\\uffff\"]",
		"[\"é€😀\"]", "{\"é\":1,\"\\u0061\":\"\\u0062\"}", "{\"\":\"\"}",
		"{\"a\\nb\":{\"c\\td\":\"e\\rf\"}}", "[[[[[[[[]]]]]]]]", "[{},[],{}]",
		"{\"b\":1,\"a\":2,\"c\":3}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_same_tree(texts[i], strlen(texts[i]), true);
}

static void what_is_no_json_is_not_read(void **state)
{
	static const struct {
		const char *p;
		size_t n;
	} rows[] = {
#define ROW(s) {s, sizeof(s) - 1}
		ROW(""),
		ROW(" "),
		ROW("1"),
		ROW("\"a\""),
		ROW("null"),
		ROW("["),
		ROW("]"),
		ROW("[1"),
		ROW("[1,"),
		ROW("[1,]"),
		ROW("[,1]"),
		ROW("[1 2]"),
		ROW("{"),
		ROW("{\"a\"}"),
		ROW("{\"a\":}"),
		ROW("{\"a\":1,}"),
		ROW("{,}"),
		ROW("{a:1}"),
		ROW("{1:1}"),
		ROW("{\"a\" 1}"),
		ROW("{\"a\":1 \"b\":2}"),
		ROW("[}"),
		ROW("{]"),
		ROW("[] []"),
		ROW("[]x"),
		ROW("\xef\xbb\xbf[]"),
		ROW("[01]"),
		ROW("[-]"),
		ROW("[+1]"),
		ROW("[1.]"),
		ROW("[.5]"),
		ROW("[1e]"),
		ROW("[1e+]"),
		ROW("[1a]"),
		ROW("[-01]"),
		ROW("[0x1]"),
		ROW("[1.5.5]"),
		ROW("[1-2]"),
		ROW("[Infinity]"),
		ROW("[NaN]"),
		ROW("[1e999]"),
		ROW("[9223372036854775808]"),
		ROW("[-9223372036854775809]"),
		ROW("[99999999999999999999]"),
		ROW("[tru]"),
		ROW("[truex]"),
		ROW("[nul"),
		ROW("[True]"),
		ROW("[\"]"),
		ROW("[\"a"),
		ROW("[\"\\"),
		ROW("[\"\\\"]"),
		ROW("[\"\\x\"]"),
		ROW("[\"\\u12\"]"),
		ROW("[\"\\u12g4\"]"),
		ROW("[\"\\u0000\"]"),
		ROW("[\"\\ud800\"]"),
		ROW("[\"\\ud800\\u0041\"]"),
		ROW("[\"\\ud800x\"]"),
		ROW("[\"\\udc00\"]"),
		ROW("[\"\\ud83d\\ud83d\"]"),
		ROW("[\"\n\"]"),
		ROW("[\"\t\"]"),
		ROW("[\"\0\"]"),
		ROW("[\0]"),
		ROW("[]\0"),
		ROW("[\"\xff\"]"),
		ROW("[\"\xc3\"]"),
		ROW("[\"\xc0\x80\"]"),
		ROW("[\"\xed\xa0\x80\"]"),
		ROW("[\"\xf4\x90\x80\x80\"]"),
		ROW("{\"a\":1,\"a\":2}"),
		ROW("{\"a\":1,\"\\u0061\":2}"),
		ROW("{\"a\\u0000b\":1}"),
		ROW("[1]//"),
		ROW("['a']"),
		ROW("[\"a\"\v]"),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ json_t *j = json_read(rows[i].p, rows[i].n, JSON_DEPTH_MAX);
		json_t *whole = NULL;

		assert_null(j);
		assert_true(json_parse(rows[i].p, rows[i].n, 1 << 20, &whole, NULL) < 0);
	}
}

static void depth_is_bounded(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 3];
	json_t *j = NULL;

	(void)state;
	for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		if (depth == JSON_DEPTH_MAX) {
			assert_same_tree(text, 2 * (size_t)depth, true);
			continue;
		}
		assert_null(json_read(text, 2 * (size_t)depth, JSON_DEPTH_MAX));
		assert_int_equal(json_parse(text, 2 * (size_t)depth, 1 << 20, &j, NULL), -E2BIG);
	}
}

/* Trees written with all their escapes, and then with a byte changed or cut off. */
static void trees_are_read_alike_whole_and_damaged(void **state)
{
	static const char bytes[] = "\"\\{}[],:0e.-tn \x80\xff\x01";
	uint32_t seed = 7;

	(void)state;
	for (int i = 0; i < TREES; i++) {
		_cleanup_json_ json_t *j = some_tree(&seed, 5), *list = json_pack("[O]", j);
		_cleanup_free_ char *text =
			json_dumps(list, i % 2 ? JSON_ENSURE_ASCII | JSON_INDENT(1) : 0);
		size_t n = strlen(text);

		assert_same_tree(text, n, true);
		assert_same_tree(text, chance(&seed, (uint32_t)n), false);
		text[chance(&seed, (uint32_t)n)] = bytes[chance(&seed, sizeof bytes)];
		assert_same_tree(text, n, false);
	}
}

static void it_is_appended_to_what_is_there(void **state)
{
	_cleanup_json_ json_t *j = json_loads("[1,\"x\"]", 0, NULL);
	_cleanup_buf_ struct buf b = BUF_INIT(1024);

	(void)state;
	buf_adds(&b, "{\"a\":");
	json_write(&b, j);
	buf_adds(&b, ",\"b\":");
	json_write_str(&b, "baris\n");
	buf_adds(&b, "}");
	assert_string_equal(buf_str(&b), "{\"a\":[1,\"x\"],\"b\":\"baris\\n\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_written_as_jansson_does),
		cmocka_unit_test(every_character_is_written_as_jansson_does),
		cmocka_unit_test(trees_are_written_as_jansson_does),
		cmocka_unit_test(it_is_appended_to_what_is_there),
		cmocka_unit_test(what_jansson_takes_is_read_alike),
		cmocka_unit_test(what_is_no_json_is_not_read),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(trees_are_read_alike_whole_and_damaged),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
