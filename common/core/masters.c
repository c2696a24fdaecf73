/* masters: see masters.h.
 *
 * Guarantees: a document is made only of an answer that was believed (master_read_end) and that
 * leaves most of what was known; what is read back is whole by its hash. Known gap: a number that
 * the endpoint gives to another institution under the old one's name cannot be told. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"
#include "core/masters.h"

#define FORMAT	       "muara.masters/1"
#define GONE_ALWAYS    5    /* so many may go at once whatever the size … */
#define GONE_ONE_OF    5    /* … or one of five; more is not believed */
#define REMEMBER_MAX   2000 /* gone and renamed ones; the oldest go first */
#define CHANGE_IDS_MAX 100

void masters_origin(const char *base, const struct profile_master *m, char ret[65])
{
	_cleanup_free_ char *what = m->file ? xstrdup(m->file) : xasprintf("%s%s", base, m->path);

	sha256_hex(what, strlen(what), ret);
}

/* --- the next document --- */

static void hash_of(const json_t *entries, char ret[SHA256_HEX_SIZE])
{
	_cleanup_free_ char *text = NULL;
	size_t n = 0;

	text = json_text(entries, &n);
	sha256_hex(text, n, ret);
}

static json_t *object_of(const json_t *doc, const char *key)
{
	json_t *v = json_object_get(doc, key);

	return json_is_object(v) ? json_deep_copy(v) : json_object();
}

static void bound(json_t *map)
{
	void *it;

	while (json_object_size(map) > REMEMBER_MAX && (it = json_object_iter(map)))
		json_object_del(map, json_object_iter_key(it));
}

struct next { /* a document in the making */
	const json_t *old_entries, *entries, *accepted;
	const char *now;
	json_t *gone, *renamed; /* of the document */
	json_t *ids[3];		/* of the change: added, gone, renamed */
	long counts[3];
};
enum { ADDED, GONE, RENAMED };

static void note(struct next *x, int what, const char *id)
{
	x->counts[what]++;
	if (json_array_size(x->ids[what]) < CHANGE_IDS_MAX)
		json_array_append_new(x->ids[what], json_str_new(id));
}

static void is_gone(struct next *x, const char *id, const char *name)
{
	json_t *g = json_object();

	json_set_str(g, "name", name);
	json_set_str(g, "since", x->now);
	json_set_new(x->gone, id, g);
	json_object_del(x->renamed, id);
	note(x, GONE, id);
}

/* `was` is the name it had when a person last agreed to it, or first of all. */
static void has_name(struct next *x, const char *id, const char *before, const char *name)
{
	const char *was = json_str(json_object_get(x->renamed, id), "was");
	json_t *r;

	if (strcmp(before, name) != 0) {
		note(x, RENAMED, id);
		if (!was) {
			r = json_object();
			json_set_str(r, "was", before);
			json_set_str(r, "since", x->now);
			json_set_new(x->renamed, id, r);
			was = before;
		}
	}
	if ((was && strcmp(was, name) == 0) || strcmp(json_str_or(x->accepted, id, ""), name) == 0)
		json_object_del(x->renamed, id);
}

static void is_there(struct next *x, const char *id, const char *name)
{
	const json_t *g = json_object_get(x->gone, id);
	const char *before = json_str(x->old_entries, id);

	if (x->old_entries && !before)
		note(x, ADDED, id);
	if (!before && g) /* it is back: under the name it had? */
		before = json_str(g, "name");
	if (before)
		has_name(x, id, before, name);
	json_object_del(x->gone, id);
}

static void compare(struct next *x)
{
	const char *id;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)x->old_entries, id, v)
		if (!json_object_get(x->entries, id))
			is_gone(x, id, json_string_value(v));
	json_object_foreach ((json_t *)(uintptr_t)x->entries, id, v)
		is_there(x, id, json_string_value(v));
	bound(x->gone);
	bound(x->renamed);
}

static int believe(const struct next *x, bool shrunk_too, struct err *e)
{
	const long had = (long)json_object_size(x->old_entries);

	if (shrunk_too || x->counts[GONE] <= MAX(GONE_ALWAYS, had / GONE_ONE_OF))
		return 0;
	return err_set(e, -ESTALE,
		"%ld of %ld entries would be gone at once: not believed, the old list stays; if it "
		"is right, take it by `muaractl masters fetch --anyway`",
		x->counts[GONE], had);
}

static json_t *change_of(struct next *x)
{
	static const char *const names[] = {"added", "gone", "renamed"};
	json_t *c = json_object();

	json_set_str(c, "at", x->now);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_t *one = json_object();

		json_set_int(one, "n", x->counts[i]);
		json_set_new(one, "ids", json_incref(x->ids[i]));
		json_set_new(c, names[i], one);
	}
	return c;
}

static json_t *document(const struct next *x, const struct master_read *r,
	const struct master_place *at, json_t *change)
{
	char hash[SHA256_HEX_SIZE];
	json_t *doc = json_object();

	hash_of(r->entries, hash);
	json_set_str(doc, "schema", FORMAT);
	json_set_str(doc, "destination", at->destination);
	json_set_str(doc, "list", at->list);
	json_set_str(doc, "origin", at->origin);
	json_set_str(doc, "fetched_at", x->now);
	json_set_int(doc, "pages", r->pages);
	json_set_int(doc, "skipped", r->skipped);
	json_set_int(doc, "doubles", r->doubles);
	json_set_str(doc, "hash", hash);
	json_set_new(doc, "change", change);
	json_set_new(doc, "gone", json_incref(x->gone));
	json_set_new(doc, "renamed", json_incref(x->renamed));
	json_set_new(doc, "entries", json_incref(r->entries));
	return doc;
}

int masters_next(const json_t *old, const struct master_read *r, const struct master_place *at,
	const json_t *accepted, int64_t now_ms, bool shrunk_too, json_t **ret,
	struct master_change *ret_change, struct err *e)
{
	_cleanup_json_ json_t *gone = object_of(old, "gone"), *renamed = object_of(old, "renamed"),
			      *added_ids = json_array(), *gone_ids = json_array(),
			      *renamed_ids = json_array();
	json_t *change = json_object_get(old, "change");
	char now[TIME_TEXT_SIZE];
	struct next x = {.old_entries = json_object_get(old, "entries"),
		.entries = r->entries,
		.accepted = accepted,
		.now = now,
		.gone = gone,
		.renamed = renamed,
		.ids = {added_ids, gone_ids, renamed_ids}};
	int rc;

	time_format(now_ms, now);
	compare(&x);
	rc = believe(&x, shrunk_too, e);
	if (rc)
		return rc;
	*ret_change = (struct master_change){x.counts[ADDED], x.counts[GONE], x.counts[RENAMED]};
	if (!change || x.counts[ADDED] || x.counts[GONE] || x.counts[RENAMED])
		change = change_of(&x);
	else /* a day without change leaves the last one to be seen */
		json_incref(change);
	*ret = document(&x, r, at, change);
	return 0;
}

/* --- back from its file --- */

static bool all_texts(const json_t *map)
{
	const char *id;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)map, id, v)
		if (!json_is_string(v))
			return false;
	return json_is_object(map) && json_object_size(map) > 0;
}

int masters_parse(
	const char *p, size_t n, const struct master_place *at, json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *doc = NULL;
	const json_t *entries;
	char hash[SHA256_HEX_SIZE];

	if (json_parse(p, n, MASTERS_FILE_MAX, &doc, e))
		return err_prefix(e, "damaged"), -EBADMSG;
	entries = json_object_get(doc, "entries");
	if (strcmp(json_str_or(doc, "schema", ""), FORMAT) != 0 || !all_texts(entries))
		return err_set(e, -EBADMSG, "damaged, or of another format than " FORMAT);
	hash_of(entries, hash);
	if (strcmp(json_str_or(doc, "hash", ""), hash) != 0)
		return err_set(e, -EBADMSG, "damaged: its entries are not those of its hash");
	if (strcmp(json_str_or(doc, "destination", ""), at->destination) != 0 ||
		strcmp(json_str_or(doc, "list", ""), at->list) != 0 ||
		strcmp(json_str_or(doc, "origin", ""), at->origin) != 0)
		return err_set(e, -ESTALE, "it was read from another endpoint (base or path)");
	*ret = TAKE_PTR(doc);
	return 0;
}

int64_t masters_fetched_ms(const json_t *doc)
{
	const char *text = json_str(doc, "fetched_at");
	int64_t ms = 0;

	return text && !time_parse(text, &ms) ? ms : 0;
}

/* --- looking up --- */

struct lookup {
	const struct profile_master *m;
	const json_t *doc, *accepted;
	json_t *found;
};

static json_t *finding(const struct lookup *k, const struct master_use *u, const char *what)
{
	json_t *f = json_object();

	json_set_str(f, "list", k->m->name);
	json_set_str(f, "where", u->where);
	if (u->line)
		json_set_int(f, "line", u->line);
	json_set_str(f, "id", u->id);
	json_set_str(f, "what", what);
	json_array_append_new(k->found, f);
	return f;
}

static void look_up(void *ctx, const struct master_use *u)
{
	const struct lookup *k = ctx;
	const char *name = json_str(json_object_get(k->doc, "entries"), u->id);
	const json_t *gone = json_object_get(json_object_get(k->doc, "gone"), u->id),
		     *renamed = json_object_get(json_object_get(k->doc, "renamed"), u->id);
	json_t *f;

	if (u->master != k->m)
		return;
	if (!name) {
		f = finding(k, u, "missing");
		json_set_str(f, "was", json_str(gone, "name"));
		json_set_str(f, "since", json_str(gone, "since"));
	} else if (renamed && strcmp(json_str_or(k->accepted, u->id, ""), name) != 0) {
		f = finding(k, u, "renamed");
		json_set_str(f, "name", name);
		json_set_str(f, "was", json_str(renamed, "was"));
		json_set_str(f, "since", json_str(renamed, "since"));
	}
}

json_t *masters_check(const struct profile *p, const struct profile_master *m, const json_t *doc,
	const json_t *accepted, const struct strmap *settings, const struct strmap *agencies)
{
	struct lookup k = {.m = m, .doc = doc, .accepted = accepted, .found = json_array()};

	if (doc)
		profile_master_uses(p, settings, agencies, look_up, &k);
	return k.found;
}

void masters_finding_text(const json_t *f, const char *destination, char *out, size_t size)
{
	const char *list = json_str_or(f, "list", ""), *where = json_str_or(f, "where", ""),
		   *id = json_str_or(f, "id", ""), *was = json_str(f, "was"),
		   *since = json_str(f, "since");
	char line[32] = "";

	if (json_int(f, "line", 0))
		snprintf(line, sizeof line, "line %lld: ", (long long)json_int(f, "line", 0));
	if (strcmp(json_str_or(f, "what", ""), "missing") == 0)
		snprintf(out, size,
			"%s%s of %s: %s is not in the list of %s%s%s%s%s%s; find its successor by "
			"`muaractl masters find` and put it there",
			line, where, destination, id, list, was ? " any more (it was \"" : "",
			was ? was : "", was ? "\", gone since " : "", was && since ? since : "",
			was ? ")" : "");
	else
		snprintf(out, size,
			"%s%s of %s: %s is now called \"%s\" in the list of %s, it was \"%s\"; if "
			"it is still the right one, `muaractl masters accept %s %s`",
			line, where, destination, id, json_str_or(f, "name", ""), list,
			was ? was : "", list, id);
}

static bool holds_words(const char *name, const char *text)
{
	_cleanup_free_ char *words = xstrdup(text);
	char *rest = words;

	for (const char *word; (word = strsep(&rest, " ")) != NULL;)
		if (*word && !strcasestr(name, word))
			return false;
	return true;
}

static bool add_found(json_t *list, const char *id, const char *name, const char *gone_since,
	const char *text, size_t max)
{
	json_t *one;

	if (strcmp(id, text) != 0 && !holds_words(name, text))
		return true;
	if (json_array_size(list) == max)
		return false;
	one = json_object();
	json_set_str(one, "id", id);
	json_set_str(one, "name", name);
	json_set_str(one, "gone_since", gone_since);
	json_array_append_new(list, one);
	return true;
}

json_t *masters_find(const json_t *doc, const char *text, size_t max)
{
	json_t *list = json_array(), *v;
	const char *id;

	json_object_foreach (json_object_get(doc, "entries"), id, v)
		if (!add_found(list, id, json_string_value(v), NULL, text, max))
			return list;
	json_object_foreach (json_object_get(doc, "gone"), id, v)
		if (!add_found(list, id, json_str_or(v, "name", ""), json_str_or(v, "since", "?"),
			    text, max))
			return list;
	return list;
}
