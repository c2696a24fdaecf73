/* json: see json.h.
 *
 * The writer is ours: jansson's own looks for loops by a table of printed addresses at every list
 * and object, which was most of its time and a tenth of a filing's. What it writes is byte for byte
 * what json_dumps(JSON_COMPACT | JSON_ENCODE_ANY) writes (tests/unit/test-json.c). */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/json_read.h"
#include "base/util.h"

int json_depth_check(const char *p, size_t n, int max_depth)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > max_depth)
				return -E2BIG;
		} else if (c == ']' || c == '}') {
			depth--;
		}
	}
	return 0;
}

/* What json_read did not take: jansson says what is wrong with it, if anything is. */
static int parse_doubtful(const void *p, size_t n, json_t **ret, struct err *e)
{
	json_error_t je;
	json_t *j;

	if (n && memchr(p, '\0', n)) /* jansson swallows one behind a literal */
		return err_set(e, -EINVAL, "not JSON: a NUL byte");
	if (json_depth_check(p, n, JSON_DEPTH_MAX))
		return err_set(e, -E2BIG, "JSON nested deeper than %d", JSON_DEPTH_MAX);
	j = json_loadb(p, n, JSON_REJECT_DUPLICATES, &je);
	if (!j) /* jansson's text may quote the input: name only the place and the kind of fault */
		return err_set(e, -EINVAL, "not JSON: line %d column %d (fault %d)", je.line,
			je.column, (int)json_error_code(&je));
	*ret = j;
	return 0;
}

int json_parse(const void *p, size_t n, size_t max_bytes, json_t **ret, struct err *e)
{
	json_t *j;

	if (n > max_bytes)
		return err_set(e, -E2BIG, "JSON of %zu bytes; at most %zu are read", n, max_bytes);
	j = json_read(p, n, JSON_DEPTH_MAX);
	if (!j)
		return parse_doubtful(p, n, ret, e);
	*ret = j;
	return 0;
}

const char *json_str(const json_t *obj, const char *key)
{
	return json_string_value(json_object_get(obj, key));
}

const char *json_str_or(const json_t *obj, const char *key, const char *def)
{
	const char *s = json_str(obj, key);

	return s ? s : def;
}

int64_t json_int(const json_t *obj, const char *key, int64_t def)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : def;
}

json_t *json_members(json_t *obj)
{
	json_t *list = json_array(), *v;
	const char *key;

	json_object_foreach (obj, key, v)
		json_array_append(list, v);
	json_decref(obj);
	return list;
}

bool json_flag(const json_t *obj, const char *key)
{
	return json_is_true(json_object_get(obj, key));
}

json_t *json_str_new(const char *s)
{
	json_t *v = s ? json_string(s) : json_null();

	if (!v) /* invalid UTF-8 reached a record: repaired text is the caller's duty; mark it
		   instead of dying */
		v = json_string("\xef\xbf\xbd");
	if (!v)
		abort();
	return v;
}

void json_set_new(json_t *obj, const char *key, json_t *v)
{
	if (!v || json_object_set_new(obj, key, v))
		abort();
}

void json_set_str(json_t *obj, const char *key, const char *s)
{
	json_set_new(obj, key, json_str_new(s));
}

void json_set_int(json_t *obj, const char *key, int64_t v)
{
	json_set_new(obj, key, json_integer(v));
}

/* --- writing --- */

static const char *const escapes[' '] = {"\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004",
	"\\u0005", "\\u0006", "\\u0007", "\\b", "\\t", "\\n", "\\u000B", "\\f", "\\r", "\\u000E",
	"\\u000F", "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015", "\\u0016",
	"\\u0017", "\\u0018", "\\u0019", "\\u001A", "\\u001B", "\\u001C", "\\u001D", "\\u001E",
	"\\u001F"};

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c != '"' && c != '\\';
}

static void write_escaped(struct buf *b, unsigned char c)
{
	if (c < ' ')
		buf_adds(b, escapes[c]);
	else
		buf_add(b, (const char[]){'\\', (char)c}, 2);
}

static void write_string(struct buf *b, const char *s, size_t n)
{
	size_t from = 0;

	buf_addc(b, '"');
	for (size_t i = 0; i < n; i++) {
		if (is_plain((unsigned char)s[i]))
			continue;
		buf_add(b, s + from, i - from);
		write_escaped(b, (unsigned char)s[i]);
		from = i + 1;
	}
	buf_add(b, s + from, n - from);
	buf_addc(b, '"');
}

static void write_integer(struct buf *b, json_int_t v)
{
	unsigned long long rest = v < 0 ? 0 - (unsigned long long)v : (unsigned long long)v;
	char text[24];
	size_t at = sizeof text;

	do
		text[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (v < 0)
		text[--at] = '-';
	buf_add(b, text + at, sizeof text - at);
}

/* Seldom, and jansson knows how many digits it takes. */
static void write_real(struct buf *b, const json_t *v)
{
	_cleanup_free_ char *text = json_dumps(v, JSON_ENCODE_ANY);

	if (!text)
		abort();
	buf_adds(b, text);
}

static void write_value(struct buf *b, const json_t *v);

static void write_array(struct buf *b, const json_t *list)
{
	const json_t *v;
	size_t i;

	buf_addc(b, '[');
	json_array_foreach (list, i, v) {
		if (i)
			buf_addc(b, ',');
		write_value(b, v);
	}
	buf_addc(b, ']');
}

static void write_object(struct buf *b, const json_t *obj)
{
	json_t *o = (json_t *)(uintptr_t)obj; /* json_object_iter_at would not change it either */
	bool more = false;

	buf_addc(b, '{');
	for (void *at = json_object_iter(o); at; at = json_object_iter_next(o, at)) {
		const char *key = json_object_iter_key(at);

		if (more)
			buf_addc(b, ',');
		more = true;
		write_string(b, key, strlen(key));
		buf_addc(b, ':');
		write_value(b, json_object_iter_value(at));
	}
	buf_addc(b, '}');
}

/* Our own trees are made by appending and never hold themselves, and their depth is what a reader
 * let in (JSON_DEPTH_MAX) and a few levels around it. */
static void write_value(struct buf *b, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		write_object(b, v);
		break;
	case JSON_ARRAY:
		write_array(b, v);
		break;
	case JSON_STRING:
		write_string(b, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
		write_integer(b, json_integer_value(v));
		break;
	case JSON_REAL:
		write_real(b, v);
		break;
	case JSON_TRUE:
		buf_adds(b, "true");
		break;
	case JSON_FALSE:
		buf_adds(b, "false");
		break;
	case JSON_NULL:
		buf_adds(b, "null");
		break;
	}
}

void json_write(struct buf *b, const json_t *j)
{
	write_value(b, j);
}

void json_write_str(struct buf *b, const char *s)
{
	write_string(b, s, strlen(s));
}

char *json_text(const json_t *j, size_t *ret_len)
{
	struct buf b = BUF_INIT(SIZE_MAX / 2);

	write_value(&b, j);
	if (ret_len)
		*ret_len = b.len;
	return buf_take(&b);
}
