/* profile_masters: see profile_masters.h. Reading and checking the section `masters`, and what of a
 * destination's numbers is looked up in which list.
 *
 * Guarantee: a list that loads can be asked for and its answer read; what it checks exists. Known
 * gap: pages are asked for by a parameter with their number; an address of the next page that an
 * answer gives is never followed (it may name another host, and our credential would go there). */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "core/profile_load.h"

/* --- the section --- */

static const struct member remote_members[] = {
	MEMBER(struct master_map, path, "path", M_TEXT, .flags = M_REQUIRED,
		.needs = "where the list is read; or `file`, for one that is kept by hand"),
	MEMBER(struct master_map, connect_ms, "connect", M_MS, .flags = M_REQUIRED, .min = 100,
		.max = 120000),
	MEMBER(struct master_map, total_ms, "total", M_MS, .flags = M_REQUIRED, .min = 1000,
		.max = 600000),
	MEMBER(struct master_map, max_answer, "max_answer", M_BYTES, .flags = M_REQUIRED,
		.min = 256, .max = 64 << 20),
	MEMBER(struct master_map, list, "list", M_TEXT),
	MEMBER(struct master_map, id, "id", M_TEXT, .flags = M_REQUIRED,
		.needs = "where an entry holds its number"),
	MEMBER(struct master_map, label, "name", M_TEXT, .flags = M_REQUIRED,
		.needs = "where an entry holds its name"),
	MEMBER(struct master_map, more, "more", M_TEXT),
	MEMBER(struct master_map, page, "page", M_TEXT),
	MEMBER(struct master_map, count, "count", M_TEXT),
	MEMBER(struct master_map, checks, "checks", M_LIST),
	{.key = NULL},
};
static const struct member file_members[] = {
	MEMBER(struct master_map, file, "file", M_TEXT, .flags = M_REQUIRED),
	MEMBER(struct master_map, checks, "checks", M_LIST),
	{.key = NULL},
};

static bool plain(const char *s, const char *allowed, size_t max)
{
	return *s && strlen(s) <= max && s[strspn(s, allowed)] == '\0';
}

static void check_place(struct pfile *l, const char *at, const char *key, const char *place)
{
	char path[PLACE_MAX_LEN];

	if (place && !json_path_ok(place))
		pfile_fault(l, pfile_below(path, at, key),
			"a place is wanted, such as results.data or id");
}

static void check_pages(struct pfile *l, const char *at, const struct master_map *m)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	char path[PLACE_MAX_LEN];

	if (!m->more != !m->page)
		pfile_fault(l, pfile_below(path, at, m->more ? "page" : "more"),
			"missing: `more` says whether pages follow, `page` how they are asked for");
	if (m->page && !plain(m->page, letters, 32))
		pfile_fault(l, pfile_below(path, at, "page"),
			"the name of a parameter is wanted, such as page");
}

static void check_remote(struct pfile *l, const char *at, const struct master_map *m)
{
	char path[PLACE_MAX_LEN];

	if (m->path && (m->path[0] != '/' || strpbrk(m->path, "{}# \t")))
		pfile_fault(l, pfile_below(path, at, "path"),
			"begins with /, it goes behind the base URL; no {{name}} has a meaning "
			"here");
	if (m->connect_ms > m->total_ms && m->total_ms)
		pfile_fault(l, pfile_below(path, at, "connect"), "longer than total");
	check_place(l, at, "list", m->list);
	check_place(l, at, "id", m->id);
	check_place(l, at, "name", m->label);
	check_place(l, at, "more", m->more);
	check_place(l, at, "count", m->count);
	check_pages(l, at, m);
}

/* NULL: there is no such thing to check. */
static const json_t *checked_part(const struct profile *p, const char *what)
{
	if (strncmp(what, "setting.", 8) == 0)
		return json_object_get(p->settings, what + 8);
	if (strncmp(what, "table.", 6) == 0)
		return json_object_get(p->tables, what + 6);
	return NULL;
}

static void check_checks(struct pfile *l, const char *at, const json_t *checks)
{
	char path[PLACE_MAX_LEN], list[PLACE_MAX_LEN];
	const json_t *v;
	size_t i;

	pfile_below(list, at, "checks");
	json_array_foreach (checks, i, v) {
		const char *what = json_string_value(v);

		if (!what || (strcmp(what, "agencies") != 0 && !checked_part(l->p, what)))
			pfile_fault(l, pfile_nth(path, list, i),
				"one of: agencies, setting.NAME, table.NAME, of what is declared "
				"above");
	}
}

static void read_one(struct pfile *l, const char *name, const json_t *v)
{
	struct profile *p = l->p;
	struct master_map *m = &p->masters[p->n_masters];
	char at[PLACE_MAX_LEN];
	bool file = json_object_get(v, "file") != NULL;

	pfile_below(at, "masters", name);
	profile_check_name(l, at, name);
	if (p->n_masters == MASTERS_MAX) {
		pfile_fault(l, at, "more than %d lists", MASTERS_MAX);
		return;
	}
	*m = (struct master_map){0};
	if (!pfile_map(l, at, v, file ? file_members : remote_members, m))
		return;
	if (!file)
		check_remote(l, at, m);
	check_checks(l, at, m->checks);
	m->is = (struct profile_master){.name = name,
		.path = m->path,
		.list = m->list,
		.id = m->id,
		.label = m->label,
		.more = m->more,
		.page = m->page,
		.count = m->count,
		.connect_ms = m->connect_ms,
		.total_ms = m->total_ms,
		.max_answer = (size_t)m->max_answer,
		.checks = m->checks};
	if (m->file)
		m->is.file = m->file_path = profile_as_path(l->file, m->file);
	p->n_masters++;
}

void profile_read_masters(struct pfile *l, const json_t *masters)
{
	const char *name;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)masters, name, v)
		read_one(l, name, v);
}

void profile_free_masters(struct profile *p)
{
	for (size_t i = 0; i < p->n_masters; i++)
		free(p->masters[i].file_path);
}

size_t profile_masters(const struct profile *p)
{
	return p->n_masters;
}

const struct profile_master *profile_master(const struct profile *p, size_t i)
{
	return &p->masters[i].is;
}

const struct profile_master *profile_master_named(const struct profile *p, const char *name)
{
	for (size_t i = 0; i < p->n_masters; i++)
		if (strcmp(p->masters[i].is.name, name) == 0)
			return &p->masters[i].is;
	return NULL;
}

/* --- what is looked up --- */

struct uses {
	const struct profile_master *master;
	master_use_fn *fn;
	void *ctx;
};

static void use(const struct uses *u, const char *where, const char *id, int line)
{
	const struct master_use one = {.master = u->master, .where = where, .id = id, .line = line};

	if (*id)
		u->fn(u->ctx, &one);
}

static void use_pairs(
	const struct uses *u, const struct strmap *m, const char *map, const char *key)
{
	const size_t n = key ? strlen(key) : 0;

	for (size_t i = 0; m && i < m->n; i++) {
		const struct strpair *s = &m->v[i];
		_cleanup_free_ char *where = xasprintf("%s.%s", map, s->key);

		if (!key || (strncmp(s->key, key, n) == 0 && (!s->key[n] || s->key[n] == '.')))
			use(u, where, s->value, s->line);
	}
}

static void use_setting(const struct uses *u, const struct profile *p,
	const struct strmap *settings, const char *name)
{
	const char *def = json_str(json_object_get(p->settings, name), "default");

	use_pairs(u, settings, "settings", name);
	if (def && !strmap_value(settings, name)) {
		_cleanup_free_ char *where = xasprintf("profile: settings.%s.default", name);

		use(u, where, def, 0);
	}
}

static void use_value(const struct uses *u, const char *where, const json_t *v)
{
	char number[24];

	if (json_is_integer(v)) {
		snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		use(u, where, number, 0);
	} else if (json_is_string(v)) {
		use(u, where, json_string_value(v), 0);
	}
}

static void use_table(const struct uses *u, const struct profile *p, const char *name)
{
	const json_t *table = json_object_get(p->tables, name);
	_cleanup_free_ char *other = xasprintf("profile: tables.%s.other", name);
	const char *key;
	json_t *v;

	json_object_foreach (json_object_get(table, "to"), key, v) {
		_cleanup_free_ char *where = xasprintf("profile: tables.%s.to.%s", name, key);

		use_value(u, where, v);
	}
	use_value(u, other, json_object_get(table, "other"));
}

void profile_master_uses(const struct profile *p, const struct strmap *settings,
	const struct strmap *agencies, master_use_fn *fn, void *ctx)
{
	const json_t *v;
	size_t k;

	for (size_t i = 0; i < p->n_masters; i++) {
		const struct uses u = {.master = &p->masters[i].is, .fn = fn, .ctx = ctx};

		json_array_foreach (p->masters[i].checks, k, v) {
			const char *what = json_string_value(v);

			if (strcmp(what, "agencies") == 0)
				use_pairs(&u, agencies, "agencies", NULL);
			else if (strncmp(what, "setting.", 8) == 0)
				use_setting(&u, p, settings, what + 8);
			else
				use_table(&u, p, what + 6);
		}
	}
}
