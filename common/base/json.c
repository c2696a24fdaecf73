/* json: see json.h. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
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

int json_parse(const void *p, size_t n, size_t max_bytes, json_t **ret, struct err *e)
{
	json_error_t je;
	json_t *j;

	if (n > max_bytes)
		return err_set(e, -E2BIG, "JSON of %zu bytes; at most %zu are read", n, max_bytes);
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

char *json_text(const json_t *j, size_t *ret_len)
{
	char *s = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);

	if (!s)
		abort();
	if (ret_len)
		*ret_len = strlen(s);
	return s;
}
