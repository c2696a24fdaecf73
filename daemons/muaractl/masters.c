/* masters: see masters.h.
 *
 * Guarantee: nothing is written but by `fetch` (a list that was read whole) and `accept` (one
 * name), both into the forwarder's own folder, in the name of whoever owns it. Known gap: what
 * `accept` writes down is the name, not who accepted it; the journal of sudo has that. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/httpc.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/util.h"
#include "core/masters_fetch.h"

#include "masters.h"
#include "masters_lists.h"
#include "print.h"

#define FOUND_MAX  1000
#define TURN_MS	   1000
#define USER_AGENT "Muara"

static int64_t gone_of(const json_t *doc)
{
	return (int64_t)json_object_size(json_object_get(doc, "gone"));
}

static void name_it(json_t *row, const struct masters_at *at)
{
	json_set_str(row, "destination", at->destination);
	json_set_str(row, "list", at->m->name);
}

static int answer(struct ctl *c, const struct print_column *columns, json_t *rows, const char *none)
{
	if (c->json)
		print_json(c->out, rows);
	else
		print_table(c->out, columns, rows, none);
	return CTL_OK;
}

/* Opens, walks, shows. */
static int walk(struct ctl *c, lists_fn *fn, void *ctx)
{
	_cleanup_(lists_free) struct lists l = {0};
	int r = lists_open(c, &l);

	return r ? r : lists_each(c, &l, fn, ctx, NULL);
}

/* --- list --- */

static int list_row(struct ctl *c, void *ctx, struct list_of *of, const struct masters_at *at,
	const json_t *doc, const struct err *e)
{
	json_t *row = json_object(), *wrong = lists_wrong(of, at, doc);

	(void)c;
	name_it(row, at);
	if (doc) {
		json_set_int(
			row, "entries", (int64_t)json_object_size(json_object_get(doc, "entries")));
		json_set_int(row, "gone", gone_of(doc));
		json_set_int(
			row, "renamed", (int64_t)json_object_size(json_object_get(doc, "renamed")));
		json_set_int(row, "wrong", (int64_t)json_array_size(wrong));
	}
	json_set_str(row, "read", at->m->file ? "by hand" : json_str(doc, "fetched_at"));
	json_set_str(row, "trouble",
		doc				     ? NULL
		: e->code == -ENOENT && !at->m->file ? "not read yet"
						     : e->text);
	json_array_append_new(ctx, row);
	json_decref(wrong);
	return CTL_OK;
}

int ctl_masters_list(struct ctl *c)
{
	static const struct print_column columns[] = {{"destination", "DESTINATION", false},
		{"list", "LIST", false}, {"entries", "ENTRIES", true}, {"gone", "GONE", true},
		{"renamed", "RENAMED", true}, {"wrong", "OURS WRONG", true},
		{"read", "READ", false}, {"trouble", "TROUBLE", false}, {NULL}};
	_cleanup_json_ json_t *rows = json_array();
	int r = walk(c, list_row, rows);

	return r ? r : answer(c, columns, rows, "no profile names a list");
}

/* --- find --- */

struct used { /* by what of ours is this id used */
	const struct profile_master *m;
	const char *id;
	json_t *where;
};

static void note_use(void *ctx, const struct master_use *u)
{
	const struct used *x = ctx;

	if (u->master == x->m && strcmp(u->id, x->id) == 0)
		json_array_append_new(x->where, json_str_new(u->where));
}

struct find {
	const char *text;
	json_t *rows;
};

static int find_rows(struct ctl *c, void *ctx, struct list_of *of, const struct masters_at *at,
	const json_t *doc, const struct err *e)
{
	struct find *f = ctx;
	_cleanup_json_ json_t *found = masters_find(doc, f->text, FOUND_MAX);
	json_t *row;
	size_t i;

	(void)e;
	if (!doc && !c->json)
		fprintf(stderr, "muaractl: %s/%s is not looked at: %s\n", at->destination,
			at->m->name, e->text);
	json_array_foreach (found, i, row) {
		struct used u = {
			.m = at->m, .id = json_str_or(row, "id", ""), .where = json_array()};

		name_it(row, at);
		profile_master_uses(of->profile, &of->d.settings, &of->d.agencies, note_use, &u);
		json_set_new(row, "used_by", u.where);
		json_array_append(f->rows, row);
	}
	return CTL_OK;
}

int ctl_masters_find(struct ctl *c)
{
	static const struct print_column columns[] = {{"id", "ID", true}, {"name", "NAME", false},
		{"destination", "DESTINATION", false}, {"list", "LIST", false},
		{"gone_since", "GONE SINCE", false}, {"used_by", "USED BY", false}, {NULL}};
	_cleanup_json_ json_t *rows = json_array();
	struct find f = {.text = c->args[0], .rows = rows};
	int r = walk(c, find_rows, &f);

	if (r)
		return r;
	answer(c, columns, rows, "nothing of that name");
	return json_array_size(rows) ? CTL_OK : CTL_FAILED;
}

/* --- check --- */

struct checked {
	json_t *rows;
	int lists;
	bool bad;
};

static int check_rows(struct ctl *c, void *ctx, struct list_of *of, const struct masters_at *at,
	const json_t *doc, const struct err *e)
{
	struct checked *x = ctx;
	_cleanup_json_ json_t *wrong = lists_wrong(of, at, doc);
	json_t *row;
	size_t i;

	(void)c;
	x->lists += doc != NULL;
	if (!doc) {
		row = json_object();
		name_it(row, at);
		json_set_str(row, "what", "unread");
		json_set_str(row, "text", e->text);
		x->bad |= e->code != -ENOENT || at->m->file;
		json_array_append_new(x->rows, row);
	}
	json_array_foreach (wrong, i, row) {
		char text[700];

		masters_finding_text(row, at->destination, text, sizeof text);
		name_it(row, at);
		json_set_str(row, "text", text);
		json_array_append(x->rows, row);
		x->bad = true;
	}
	return CTL_OK;
}

int ctl_masters_check(struct ctl *c)
{
	_cleanup_(lists_free) struct lists l = {0};
	_cleanup_json_ json_t *rows = json_array();
	struct checked x = {.rows = rows};
	const json_t *row;
	size_t i;
	int r = lists_open(c, &l);

	if (!r)
		r = lists_each(c, &l, check_rows, &x, NULL);
	if (r)
		return r;
	if (c->json)
		return print_json(c->out, rows), x.bad ? CTL_FAILED : CTL_OK;
	json_array_foreach (rows, i, row) {
		_cleanup_free_ char *clean = print_clean(json_str_or(row, "text", ""), false);

		if (strcmp(json_str_or(row, "what", ""), "unread") == 0)
			fprintf(c->out, "%s/%s: %s; `muaractl masters fetch` reads it\n",
				json_str_or(row, "destination", ""), json_str_or(row, "list", ""),
				clean);
		else
			fprintf(c->out, "%s: %s\n", l.file, clean);
	}
	if (!x.bad)
		fprintf(c->out, "ok: our numbers are in all %d lists that lie here\n", x.lists);
	return x.bad ? CTL_FAILED : CTL_OK;
}

void masters_wrong(struct ctl *c, struct buf *out, int *ret_lists)
{
	_cleanup_(lists_free) struct lists l = {0};
	_cleanup_json_ json_t *rows = json_array();
	_cleanup_free_ char *file = profile_destination_file(NULL, c->muara);
	struct checked x = {.rows = rows};
	const json_t *row;
	size_t i;

	*ret_lists = 0;
	if (access(file, R_OK) || lists_open(c, &l) || lists_each(c, &l, check_rows, &x, NULL))
		return;
	*ret_lists = x.lists;
	json_array_foreach (rows, i, row)
		if (strcmp(json_str_or(row, "what", ""), "unread") != 0)
			(void)buf_addf(out, "%s\n", json_str_or(row, "text", ""));
}

/* --- diff --- */

static void add_changes(
	json_t *rows, const struct masters_at *at, const json_t *doc, const char *what)
{
	const json_t *change = json_object_get(doc, "change"),
		     *ids = json_object_get(json_object_get(change, what), "ids"), *v;
	size_t i;

	json_array_foreach (ids, i, v) {
		const char *id = json_string_value(v),
			   *now = json_str(json_object_get(doc, "entries"), id);
		json_t *row = json_object();

		name_it(row, at);
		json_set_str(row, "what", what);
		json_set_str(row, "at", json_str(change, "at"));
		json_set_str(row, "id", id);
		json_set_str(row, "name",
			now ? now
			    : json_str(json_object_get(json_object_get(doc, "gone"), id), "name"));
		json_set_str(row, "was",
			json_str(json_object_get(json_object_get(doc, "renamed"), id), "was"));
		json_array_append_new(rows, row);
	}
}

static int diff_rows(struct ctl *c, void *ctx, struct list_of *of, const struct masters_at *at,
	const json_t *doc, const struct err *e)
{
	(void)c;
	(void)of;
	(void)e;
	add_changes(ctx, at, doc, "gone");
	add_changes(ctx, at, doc, "renamed");
	add_changes(ctx, at, doc, "added");
	return CTL_OK;
}

int ctl_masters_diff(struct ctl *c)
{
	static const struct print_column columns[] = {{"destination", "DESTINATION", false},
		{"list", "LIST", false}, {"at", "AT", false}, {"what", "WHAT", false},
		{"id", "ID", true}, {"name", "NAME", false}, {"was", "WAS", false}, {NULL}};
	_cleanup_json_ json_t *rows = json_array();
	int r = walk(c, diff_rows, rows);

	return r ? r : answer(c, columns, rows, "no list has changed since it was first read");
}

/* --- fetch --- */

struct fetching {
	struct loop *loop;
	struct httpc *http;
	struct ctl *c;
	const struct masters_at *at;
	json_t *row;
	bool over;
};

static void on_list(void *ctx, const struct master_fetched *got, const struct err *e)
{
	struct fetching *x = ctx;
	const bool anyhow = ctl_opt(x->c, "--anyway") != NULL;
	struct master_change change = {0};
	struct err why = *e;

	x->over = true;
	if (got->read &&
		!masters_keep(x->at, got->read, clock_wall_ms(), anyhow, NULL, &change, &why)) {
		json_set_int(x->row, "entries", (int64_t)json_object_size(got->read->entries));
		json_set_int(x->row, "added", change.added);
		json_set_int(x->row, "gone", change.gone);
		json_set_int(x->row, "renamed", change.renamed);
		return;
	}
	json_set_str(x->row, "trouble", why.text);
}

static int fetch_one(struct fetching *x, const struct list_of *of, struct err *e)
{
	const struct profile_input in = {.base = of->d.base,
		.headers = (const char *const *)of->d.headers,
		.ca_file = of->d.ca_file};
	struct master_fetch *f = NULL;
	int r = master_fetch_start(x->http, of->profile, x->at->m, &in, on_list, x, &f, e);

	while (!r && !x->over) /* each page has its longest time */
		loop_turn(x->loop, TURN_MS);
	return r;
}

static int fetch_row(struct ctl *c, void *ctx, struct list_of *of, const struct masters_at *at,
	const json_t *doc, const struct err *e)
{
	struct fetching *x = ctx;
	json_t *rows = x->row, *row = json_object();
	struct err why = {0};

	(void)c;
	(void)doc;
	(void)e;
	if (at->m->file) {
		json_decref(row);
		return CTL_OK;
	}
	name_it(row, at);
	x->at = at;
	x->row = row;
	x->over = false;
	if (profile_destination_secrets(&of->d, &why) || fetch_one(x, of, &why))
		json_set_str(row, "trouble", why.text);
	x->row = rows;
	json_array_append_new(rows, row);
	return CTL_OK;
}

static bool any_trouble(const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (json_str(row, "trouble"))
			return true;
	return false;
}

int ctl_masters_fetch(struct ctl *c)
{
	static const struct print_column columns[] = {{"destination", "DESTINATION", false},
		{"list", "LIST", false}, {"entries", "ENTRIES", true}, {"added", "ADDED", true},
		{"gone", "GONE", true}, {"renamed", "RENAMED", true}, {"trouble", "TROUBLE", false},
		{NULL}};
	_cleanup_json_ json_t *rows = json_array();
	struct fetching x = {.loop = loop_new(), .c = c, .row = rows};
	struct err e = {0};
	int r;

	if (httpc_open(x.loop, USER_AGENT, 1, &x.http, &e))
		r = ctl_fail(c, "%s", e.text);
	else
		r = walk(c, fetch_row, &x);
	if (!r)
		r = answer(c, columns, rows, "no profile names a list that can be read");
	httpc_close(x.http);
	loop_free(x.loop);
	return r ? r : any_trouble(rows) ? CTL_FAILED : CTL_OK;
}

/* --- accept --- */

struct accepting {
	const char *list, *id;
	int n;
};

static int accept_name(struct ctl *c, void *ctx, struct list_of *of, const struct masters_at *at,
	const json_t *doc, const struct err *e)
{
	struct accepting *x = ctx;
	const char *name = json_str(json_object_get(doc, "entries"), x->id);
	_cleanup_free_ char *clean = NULL;
	struct err why = {0};

	(void)of;
	(void)e;
	if (strcmp(at->m->name, x->list) != 0 || !name)
		return CTL_OK;
	if (masters_accept(at, x->id, name, &why))
		return ctl_fail(c, "%s", why.text);
	clean = print_clean(name, false);
	fprintf(c->out, "%s/%s: %s is \"%s\"\n", at->destination, at->m->name, x->id, clean);
	x->n++;
	return CTL_OK;
}

int ctl_masters_accept(struct ctl *c)
{
	struct accepting x = {.list = c->args[0], .id = c->args[1]};
	int r = walk(c, accept_name, &x);

	if (!r && !x.n)
		return ctl_fail(c,
			"no list %s that lies here has %s; see `muaractl masters list`, `masters "
			"find`",
			x.list, x.id);
	return r;
}
