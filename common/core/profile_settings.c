/* profile_settings: what a profile leaves to the operator: the sections `settings` and `tables`
 * that declare it, whether a destination gives it, and what it gave.
 *
 * Guarantee: a destination without fault gives every declared setting a value of its type, and
 * nothing else. Known gap: whether a number exists there is profile_masters' to ask. */
#include <string.h>

#include "base/json.h"
#include "core/profile_load.h"

#define SETTING_KEY_MAX 128

static const char *const complaint_texts[] = {
	"classification", "category", "agency", "tenant", NULL};

struct setting {
	int type;
	const char *by, *help;
	json_t *def, *choices;
};

static void read_setting(struct pfile *l, const char *at, json_t *v)
{
	static const char *const types[] = {"text", "int", NULL};
	static const struct member table[] = {
		MEMBER(struct setting, type, "type", M_ENUM, .flags = M_REQUIRED, .choices = types),
		MEMBER(struct setting, by, "by", M_TEXT),
		MEMBER(struct setting, def, "default", M_ANY),
		MEMBER(struct setting, choices, "choices", M_LIST),
		MEMBER(struct setting, help, "help", M_TEXT, .flags = M_REQUIRED),
		{.key = NULL},
	};
	struct setting s = {0};
	char path[PLACE_MAX_LEN], number[24];

	if (!pfile_map(l, at, v, table, &s))
		return;
	if (s.by && !one_of(s.by, complaint_texts))
		pfile_fault(l, pfile_below(path, at, "by"),
			"one of: classification, category, agency, tenant");
	pfile_texts(l, pfile_below(path, at, "choices"), s.choices);
	if (!s.def)
		return;
	if (s.type == 1 ? !json_is_integer(s.def) : !json_is_string(s.def)) {
		pfile_fault(l, pfile_below(path, at, "default"), "not of its type");
	} else if (s.type == 1) { /* as an operator would write it */
		snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(s.def));
		json_set_str(v, "default", number);
	}
}

void profile_read_settings(struct pfile *l)
{
	char path[PLACE_MAX_LEN];
	const char *key;
	json_t *v;

	json_object_foreach (l->p->settings, key, v) {
		profile_check_name(l, pfile_below(path, "settings", key), key);
		read_setting(l, pfile_below(path, "settings", key), v);
	}
}

struct table {
	const char *from;
	json_t *to, *other;
};

void profile_read_tables(struct pfile *l)
{
	static const struct member members[] = {
		MEMBER(struct table, from, "from", M_TEXT, .flags = M_REQUIRED),
		MEMBER(struct table, to, "to", M_MAP, .flags = M_REQUIRED),
		MEMBER(struct table, other, "other", M_ANY),
		{.key = NULL},
	};
	char path[PLACE_MAX_LEN], from[PLACE_MAX_LEN];
	const char *key;
	json_t *v;

	json_object_foreach (l->p->tables, key, v) {
		struct table t = {0};

		if (pfile_map(l, pfile_below(path, "tables", key), v, members, &t) && t.from &&
			!one_of(t.from, complaint_texts))
			pfile_fault(l, pfile_below(from, path, "from"),
				"one of: classification, category, agency, tenant");
	}
}

/* --- values --- */

const char *strmap_value(const struct strmap *m, const char *key)
{
	for (size_t i = 0; m && i < m->n; i++)
		if (strcmp(m->v[i].key, key) == 0)
			return m->v[i].value;
	return NULL;
}

bool is_number(const char *s)
{
	int64_t v;

	return s && !parse_i64(s, 1, (int64_t)REMOTE_ID_MAX, &v);
}

const char *setting_value(const struct profile *p, const struct strmap *settings, const char *name,
	const json_t *complaint)
{
	const json_t *declared = json_object_get(p->settings, name);
	const char *by = json_str(declared, "by"), *value = NULL, *of;
	char key[SETTING_KEY_MAX]; /* name.value */

	of = by ? json_str(complaint, by) : NULL;
	if (of && (size_t)snprintf(key, sizeof key, "%s.%s", name, of) < sizeof key)
		value = strmap_value(settings, key);
	if (!value)
		value = strmap_value(settings, name);
	return value ? value : json_str(declared, "default");
}

/* --- what an operator must give --- */

static void list_keys(struct buf *out, const json_t *map)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)map, key, v)
		(void)buf_addf(out, "%s%s", out->len ? ", " : "", key);
}

/* The declaration of "category" or "category.<value>"; NULL = none. */
static const json_t *declared(const struct profile *p, const char *key)
{
	const json_t *whole = json_object_get(p->settings, key), *d;
	_cleanup_free_ char *name = xstrndup(key, strcspn(key, "."));

	if (whole)
		return whole;
	d = json_object_get(p->settings, name);
	return strchr(key, '.') && json_str(d, "by") ? d : NULL;
}

static int check_value(
	const json_t *d, const char *key, const char *value, int line, struct buf *faults)
{
	const json_t *choices = json_object_get(d, "choices"), *v;
	_cleanup_buf_ struct buf all = BUF_INIT(1024);
	int64_t n;
	size_t i;
	const char *what = NULL;

	json_array_foreach (choices, i, v) {
		if (strcmp(json_string_value(v), value) == 0)
			return 0;
		(void)buf_addf(&all, "%s%s", i ? ", " : "one of: ", json_string_value(v));
	}
	if (all.len)
		what = all.data;
	else if (strcmp(json_str_or(d, "type", ""), "int") == 0 &&
		 parse_i64(value, 0, (int64_t)REMOTE_ID_MAX, &n))
		what = "a whole number is wanted";
	if (!what)
		return 0;
	if (faults)
		(void)buf_addf(faults, "line %d: settings.%s: %s\n", line, key, what);
	return 1;
}

int profile_check_settings(
	const struct profile *p, const struct strmap *settings, struct buf *ret_faults)
{
	_cleanup_buf_ struct buf known = BUF_INIT(1024);
	const char *key;
	json_t *v;
	int n = 0;

	list_keys(&known, p->settings);
	for (size_t i = 0; settings && i < settings->n; i++) {
		const struct strpair *s = &settings->v[i];
		const json_t *d = declared(p, s->key);

		if (d) {
			n += check_value(d, s->key, s->value, s->line, ret_faults);
			continue;
		}
		n++;
		if (ret_faults)
			(void)buf_addf(ret_faults,
				"line %d: settings.%s: unknown; profile %s has: %s\n", s->line,
				s->key, p->name, known.len ? known.data : "none");
	}
	json_object_foreach (p->settings, key, v) {
		if (json_str(v, "default") || strmap_value(settings, key))
			continue;
		n++;
		if (ret_faults)
			(void)buf_addf(ret_faults, "settings.%s: missing; %s\n", key,
				json_str_or(v, "help", ""));
	}
	return n;
}

int profile_check_agencies(
	const struct profile *p, const struct strmap *agencies, struct buf *ret_faults)
{
	int n = 0;

	for (size_t i = 0; p->calls[CALL_HANDOVER].is.present && agencies && i < agencies->n; i++) {
		if (is_number(agencies->v[i].value))
			continue;
		n++;
		if (ret_faults)
			(void)buf_addf(ret_faults,
				"line %d: agencies.%s: the number of an institution is wanted\n",
				agencies->v[i].line, agencies->v[i].key);
	}
	return n;
}
