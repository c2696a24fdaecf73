/* JSON: our writer says byte for byte what jansson's says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
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
	static const char *const texts[] = {"{}", "[]", "[[],{}]", "{\"a\":{\"b\":[1,2,{\"c\":null}]}}",
		"true", "false", "null", "0", "-1", "9223372036854775807", "-9223372036854775808",
		"1.5", "-0.0", "1e300", "3.0", "0.1", "[1,2.25,-3]", "\"\"", "\"jalan rusak\"",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\\u0001\\u001f\\u007f\\u2028\"",
		"\"\\ud83d\\ude00 \\u00e9\"", "{\"\\u0001\\\"\":\"kunci\"}", "{\"z\":1,\"a\":2,\"m\":3}"};

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
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
