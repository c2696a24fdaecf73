/* profile_file: see profile_file.h. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/profile_file.h"

void pfile_fault(struct pfile *l, const char *at, const char *fmt, ...)
{
	const int line = yaml_line(l->lines, at);
	char text[1500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (l->n++ == 0)
		err_set(&l->first, -EINVAL, "%s:%d: %s%s%s", l->file, line, at, *at ? ": " : "",
			text);
	if (l->faults)
		(void)buf_addf(
			l->faults, "%s:%d: %s%s%s\n", l->file, line, at, *at ? ": " : "", text);
}

const char *pfile_below(char path[PLACE_MAX_LEN], const char *at, const char *key)
{
	/* Deeper than any profile: the place told is then that of the parent. */
	if (snprintf(path, PLACE_MAX_LEN, "%s%s%s", at, *at ? "." : "", key) >= PLACE_MAX_LEN)
		path[PLACE_MAX_LEN - 1] = '\0';
	return path;
}

struct unit {
	const char *name;
	int64_t factor;
};

static int with_unit(const json_t *v, const struct unit *units, int64_t *ret)
{
	const char *s = json_string_value(v);
	char digits[20] = "";
	size_t n;

	if (json_is_integer(v)) {
		*ret = json_integer_value(v);
		return units[0].factor == 1 && units[0].name[0] == '\0' ? 0 : -EINVAL;
	}
	n = s ? strspn(s, "0123456789") : 0;
	if (n == 0 || n >= sizeof digits)
		return -EINVAL;
	snprintf(digits, sizeof digits, "%.*s", (int)n, s);
	for (; units->name; units++)
		if (strcmp(s + n, units->name) == 0) {
			if (parse_i64(digits, 0, INT64_MAX / units->factor, ret))
				return -EINVAL;
			*ret *= units->factor;
			return 0;
		}
	return -EINVAL;
}

static const struct unit times[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {NULL, 0}};
static const struct unit sizes[] = {
	{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0}};

static void read_number(
	struct pfile *l, const char *at, const struct member *m, const json_t *v, int64_t *out)
{
	int64_t n = 0;
	int r = -EINVAL;

	if (m->type == M_INT)
		r = json_is_integer(v) ? (n = json_integer_value(v), 0) : -EINVAL;
	else
		r = with_unit(v, m->type == M_MS ? times : sizes, &n);
	if (r)
		pfile_fault(l, at, "%s",
			m->type == M_INT ? "a whole number is wanted"
			: m->type == M_MS
				? "a time is wanted: a number and ms, s, m or h, such as 90s"
				: "a size is wanted: a number and KiB or MiB, such as 5MiB");
	else if (n < m->min || n > m->max)
		pfile_fault(l, at, "%lld is outside %lld … %lld", (long long)n, (long long)m->min,
			(long long)m->max);
	else
		*out = n;
}

void list_choices(struct buf *out, const char *const *choices)
{
	for (; *choices; choices++)
		(void)buf_addf(out, "%s%s", out->len ? ", " : "", *choices);
}

static void read_enum(
	struct pfile *l, const char *at, const struct member *m, const json_t *v, int *out)
{
	_cleanup_buf_ struct buf all = BUF_INIT(1024);
	const char *s = json_string_value(v);

	for (int i = 0; s && m->choices[i]; i++)
		if (strcmp(m->choices[i], s) == 0) {
			*out = i;
			return;
		}
	list_choices(&all, m->choices);
	pfile_fault(l, at, "one of: %s", buf_str(&all));
}

static void read_member(
	struct pfile *l, const char *at, const struct member *m, json_t *v, void *out)
{
	static const char *const wants[] = {
		[M_TEXT] = "text", [M_MAP] = "a map", [M_LIST] = "a list", [M_ANY] = "a value"};
	bool ok = true;

	switch (m->type) {
	case M_TEXT:
		ok = json_is_string(v) && *json_string_value(v);
		if (ok)
			*(const char **)out = json_string_value(v);
		break;
	case M_INT:
	case M_MS:
	case M_BYTES:
		read_number(l, at, m, v, out);
		break;
	case M_ENUM:
		read_enum(l, at, m, v, out);
		break;
	default:
		ok = m->type == M_ANY || (m->type == M_MAP ? json_is_object(v) : json_is_array(v));
		if (ok)
			*(json_t **)out = v;
	}
	if (!ok)
		pfile_fault(l, at, "%s is wanted", wants[m->type]);
}

bool pfile_has(const struct member *table, const char *key)
{
	for (; table->key; table++)
		if (strcmp(table->key, key) == 0)
			return true;
	return false;
}

static void check_known(
	struct pfile *l, const char *at, const json_t *map, const struct member *table)
{
	_cleanup_buf_ struct buf all = BUF_INIT(1024);
	char path[PLACE_MAX_LEN];
	const char *key;
	json_t *v;

	for (const struct member *m = table; m->key; m++)
		(void)buf_addf(&all, "%s%s", all.len ? ", " : "", m->key);
	json_object_foreach ((json_t *)(uintptr_t)map, key, v)
		if (!pfile_has(table, key))
			pfile_fault(l, pfile_below(path, at, key), "unknown key; there are: %s",
				buf_str(&all));
}

/* Members of `map` into the struct `out`. false: it is no map, told. */
bool pfile_map(
	struct pfile *l, const char *at, const json_t *map, const struct member *table, void *out)
{
	char path[PLACE_MAX_LEN];

	if (!json_is_object(map)) {
		pfile_fault(l, at, "a map is wanted");
		return false;
	}
	check_known(l, at, map, table);
	for (const struct member *m = table; m->key; m++) {
		json_t *v = json_object_get(map, m->key);

		if (v && !json_is_null(v))
			read_member(
				l, pfile_below(path, at, m->key), m, v, (char *)out + m->offset);
		else if (m->flags & M_REQUIRED)
			pfile_fault(l, pfile_below(path, at, m->key), "missing%s%s",
				m->needs ? ": " : "", m->needs ? m->needs : "");
	}
	return true;
}

bool one_of(const char *s, const char *const *choices)
{
	for (; s && *choices; choices++)
		if (strcmp(s, *choices) == 0)
			return true;
	return false;
}

const char *pfile_nth(char path[PLACE_MAX_LEN], const char *at, size_t i)
{
	char index[24];

	snprintf(index, sizeof index, "%zu", i);
	return pfile_below(path, at, index);
}

void pfile_texts(struct pfile *l, const char *at, const json_t *list)
{
	char path[PLACE_MAX_LEN];
	const json_t *v;
	size_t i;

	json_array_foreach (list, i, v) {
		if (!json_is_string(v))
			pfile_fault(l, pfile_nth(path, at, i), "text is wanted");
	}
}

json_t *pfile_part(const json_t *map, const struct member *table)
{
	json_t *part = json_object();

	for (; table->key; table++)
		if (json_object_get(map, table->key))
			json_object_set(part, table->key, json_object_get(map, table->key));
	return part;
}
