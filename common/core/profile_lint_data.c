/* profile_lint_data: rules about limits, settings, tables and lists of numbers, and about what has
 * no meaning in a profile of its kind.
 *
 * Guarantee: with a profile without a fault no complaint is refused for lack of a row, and a list
 * that is kept by hand can be read as it lies there. Known gap: whether its numbers are those of
 * the endpoint is `muaractl masters`' to ask. */
#include <string.h>

#include "base/fsio.h"
#include "base/json.h"
#include "core/masters_read.h"
#include "core/profile_lint_private.h"

/* --- limits, settings, tables --- */

void lint_limits(struct lint *l)
{
	static const struct {
		const char *key, *names[2];
		int def;
	} limits[] = {{"title", {"title", NULL}, 255}, {"content", {"content", NULL}, 10000},
		{"reporter", {"reporter_name", "reporter_email"}, 255},
		{"phone", {"reporter_phone", NULL}, 15}};
	const json_t *tree = l->p->base_tree ? l->p->base_tree : l->p->tree;
	char path[PLACE_MAX_LEN];

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		bool used = false;

		for (size_t k = 0; k < 2 && limits[i].names[k]; k++)
			used |= lint_tree_names(lint_form(l->p), limits[i].names[k]);
		if (used && !json_object_get(json_object_get(tree, "limits"), limits[i].key))
			lint_say(l, WARNING, pfile_below(path, "limits", limits[i].key),
				"missing, %d is taken; write what the endpoint allows, in "
				"characters",
				limits[i].def);
	}
}

static void check_default(struct lint *l, const char *at, const json_t *setting)
{
	const json_t *choices = json_object_get(setting, "choices"), *v;
	const char *def = json_str(setting, "default");
	size_t i;

	if (!def || !json_array_size(choices))
		return;
	json_array_foreach (choices, i, v)
		if (strcmp(json_string_value(v), def) == 0)
			return;
	lint_say(l, FAULT, at, "\"%s\" is none of its choices; take one of them", def);
}

void lint_settings(struct lint *l)
{
	const struct profile *p = l->p;
	const char *own = p->own_institution, *key;
	char path[PLACE_MAX_LEN], at[PLACE_MAX_LEN];
	json_t *v;

	json_object_foreach (p->settings, key, v) {
		_cleanup_free_ char *name = xasprintf("setting.%s", key);

		pfile_below(path, "settings", key);
		check_default(l, pfile_below(at, path, "default"), v);
		if ((!own || strcmp(own, key) != 0) && !lint_anything_names(p, name))
			lint_say(l, WARNING, path,
				"is asked for and used nowhere; use {{%s}} or leave it out", name);
		if (own && strcmp(own, key) == 0 && strcmp(json_str_or(v, "type", ""), "int") != 0)
			lint_say(l, FAULT, pfile_below(at, path, "type"),
				"an institution is a number, it is compared with those of "
				"agencies; int is wanted");
	}
}

static bool is_classification(const char *s)
{
	return strcmp(s, "complaint") == 0 || strcmp(s, "information") == 0 ||
	       strcmp(s, "aspiration") == 0;
}

static void check_classes(struct lint *l, const char *at, const json_t *table)
{
	static const char *const all[] = {"complaint", "information", "aspiration"};
	json_t *to = json_object_get(table, "to"), *v;
	char path[PLACE_MAX_LEN], below[PLACE_MAX_LEN];
	const char *key;

	pfile_below(path, at, "to");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!json_object_get(to, all[i]) && !json_object_get(table, "other"))
			lint_say(l, FAULT, path,
				"no row for %s and no `other`: such a complaint cannot be filed; "
				"add one",
				all[i]);
	json_object_foreach (to, key, v)
		if (!is_classification(key))
			lint_say(l, FAULT, pfile_below(below, path, key),
				"no complaint is of this classification; there are: complaint, "
				"information, aspiration");
}

void lint_tables(struct lint *l)
{
	const struct profile *p = l->p;
	char at[PLACE_MAX_LEN];
	const char *key;
	json_t *v;

	json_object_foreach (p->tables, key, v) {
		_cleanup_free_ char *name = xasprintf("table.%s", key);
		const char *from = json_str_or(v, "from", "");

		pfile_below(at, "tables", key);
		if (!lint_anything_names(p, name))
			lint_say(l, WARNING, at, "is used nowhere; use {{%s}} or leave it out",
				name);
		else if (strcmp(from, "classification") == 0)
			check_classes(l, at, v);
		else if (!json_object_get(v, "other"))
			lint_say(l, FAULT, at,
				"no `other`: a complaint whose %s has no row cannot be filed; add "
				"it",
				from);
	}
}

/* --- lists of numbers --- */

/* Kept by hand: can it be read as it lies there? */
static void check_kept(struct lint *l, const char *at, const struct profile_master *m)
{
	_cleanup_(master_read_free) struct master_read r = {0};
	_cleanup_free_ char *text = NULL;
	struct err e = {0};
	size_t n = 0;
	int rc = fsio_read_file(m->file, MASTERS_FILE_MAX, &text, &n, &e);

	master_read_init(&r, m);
	if (!rc)
		rc = master_read_csv(&r, m->file, text, n, &e);
	if (!rc)
		rc = master_read_end(&r, &e);
	if (rc)
		lint_say(l, FAULT, at, "%s; mend it, or leave the list out", e.text);
}

static bool checks_it(const struct profile *p, const char *what)
{
	const json_t *v;
	size_t i, k;

	for (i = 0; i < profile_masters(p); i++)
		json_array_foreach (profile_master(p, i)->checks, k, v)
			if (strcmp(json_string_value(v), what) == 0)
				return true;
	return false;
}

void lint_masters(struct lint *l)
{
	const struct profile *p = l->p;
	char at[PLACE_MAX_LEN], path[PLACE_MAX_LEN];

	for (size_t i = 0; i < profile_masters(p); i++) {
		const struct profile_master *m = profile_master(p, i);

		pfile_below(at, "masters", m->name);
		if (m->file)
			check_kept(l, pfile_below(path, at, "file"), m);
		lint_place(l, pfile_below(path, at, "list"), m->list);
		lint_place(l, pfile_below(path, at, "id"), m->id);
		lint_place(l, pfile_below(path, at, "name"), m->label);
		lint_place(l, pfile_below(path, at, "more"), m->more);
		lint_place(l, pfile_below(path, at, "count"), m->count);
	}
	if (p->calls[CALL_HANDOVER].is.present && !checks_it(p, "agencies"))
		lint_say(l, WARNING, "masters",
			"no list is looked at for `agencies`: an institution that is no more shows "
			"by a hand-over that fails; add the list, when it can be read or kept");
}

/* --- sheets, observers --- */

void lint_sheet(struct lint *l)
{
	const struct profile *p = l->p;
	const struct {
		const char *key;
		bool given;
	} idle[] = {{"headers", p->headers}, {"proofs", p->proofs}, {"status", p->status},
		{"idempotency_header", p->idempotency_header},
		{"own_institution", p->own_institution}, {"attachments.form", p->attachments_form}};

	if (p->kind != PROFILE_SHEET)
		return;
	if (!template_names(p->sheet_how, "ticket"))
		lint_say(l, FAULT, "sheet.how",
			"does not say which ticket the number is for; put {{ticket}} into it");
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		if (idle[i].given)
			lint_say(l, WARNING, idle[i].key,
				"has no meaning in a profile of kind sheet; leave it out");
}

void lint_idle(struct lint *l)
{
	const struct profile *p = l->p;

	if (p->kind != PROFILE_SHEET && p->own_institution && !p->calls[CALL_HANDOVER].is.present)
		lint_say(l, WARNING, "own_institution",
			"is looked at for a hand-over only, and there is none; leave it out");
	if (p->kind != PROFILE_SHEET && p->mime && !p->calls[CALL_UPLOAD].is.present)
		lint_say(l, WARNING, "attachments",
			"without calls.upload no file is sent; add the upload, or leave it out");
}
