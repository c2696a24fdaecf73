/* profile_load: reading a profile file: its sections in their order, and what `as` takes over.
 *
 * Guarantees: a profile that loads can be rendered without surprises: every key is known and of its
 * type, every {{name}} exists and means something where it stands, a call that happens once only
 * has a longest duration, a verifiable one has the read that verifies it. All faults are told in
 * one run. Known gap: whether the endpoint really behaves as written shows only there. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "core/profile_load.h"

DEFINE_CLEANUP(struct profile *, profile_free);

struct top {
	json_t *limits, *content, *follow_up, *attachments, *calls, *reads, *masters, *status,
		*sheet;
	const char *as;
};
struct file {
	struct profile *p;
	struct top top;
};

static const char *const kinds[] = {
	[PROFILE_HTTP] = "http", [PROFILE_SHEET] = "sheet", [PROFILE_OBSERVE] = "observe", NULL};

#define P_MEMBER(field, key, type, ...) MEMBER(struct profile, field, key, type, __VA_ARGS__)
static const struct member head_members[] = {
	P_MEMBER(name, "profile", M_TEXT, .flags = M_REQUIRED),
	P_MEMBER(kind, "kind", M_ENUM, .flags = M_REQUIRED, .choices = kinds),
	P_MEMBER(system, "system", M_TEXT, .flags = M_REQUIRED,
		.needs = "what it files into; nothing is filed into one system twice"),
	{.key = NULL},
};
static const struct member data_members[] = {
	P_MEMBER(settings, "settings", M_MAP),
	P_MEMBER(tables, "tables", M_MAP),
	P_MEMBER(date_form, "date", M_TEXT),
	P_MEMBER(headers, "headers", M_LIST),
	P_MEMBER(idempotency_header, "idempotency_header", M_TEXT),
	P_MEMBER(own_institution, "own_institution", M_TEXT),
	P_MEMBER(proofs, "proofs", M_LIST),
	{.key = NULL},
};
static const struct member part_members[] = {
	MEMBER(struct top, limits, "limits", M_MAP),
	MEMBER(struct top, content, "content", M_MAP, .flags = M_REQUIRED),
	MEMBER(struct top, follow_up, "follow_up", M_MAP),
	MEMBER(struct top, attachments, "attachments", M_MAP),
	MEMBER(struct top, calls, "calls", M_MAP),
	MEMBER(struct top, reads, "reads", M_MAP),
	MEMBER(struct top, masters, "masters", M_MAP),
	MEMBER(struct top, status, "status", M_MAP),
	MEMBER(struct top, sheet, "sheet", M_MAP),
	{.key = NULL},
};
static const struct member as_members[] = {
	MEMBER(struct top, as, "as", M_TEXT, .flags = M_REQUIRED,
		.needs = "the profile whose calls are made up"),
	{.key = NULL},
};

static void read_part(struct pfile *l, const json_t *tree, const struct member *table, void *out)
{
	_cleanup_json_ json_t *part = pfile_part(tree, table);

	pfile_map(l, "", part, table, out);
}

static void check_top(struct pfile *l, const json_t *tree, const struct member *const *tables)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)tree, key, v) {
		bool known = false;

		for (size_t i = 0; tables[i]; i++)
			known |= pfile_has(tables[i], key);
		if (!known)
			pfile_fault(l, key, "unknown key");
	}
}

/* Everything but head and `as`. */
static void read_data(struct pfile *l, const json_t *tree, bool calls)
{
	static const char *const dates[] = {"yyyy-mm-dd", "dd/mm/yyyy", NULL};
	struct top top = {0};

	read_part(l, tree, data_members, l->p);
	read_part(l, tree, part_members, &top);
	profile_read_settings(l);
	profile_read_tables(l);
	profile_check_choice(l, "date", l->p->date_form, dates);
	profile_read_limits(l, top.limits);
	profile_read_content(l, top.content);
	profile_read_follow_up(l, top.follow_up);
	profile_read_attachments(l, top.attachments);
	profile_read_headers(l);
	profile_read_proofs(l);
	profile_read_status(l, top.status);
	if (calls) {
		profile_read_calls(l, top.calls);
		profile_read_reads(l, top.reads);
		profile_read_masters(l, top.masters);
		profile_check_together(l);
		if (top.sheet)
			pfile_fault(l, "sheet", "belongs to a profile of kind sheet");
		return;
	}
	if (top.calls || top.reads)
		pfile_fault(l, top.calls ? "calls" : "reads", "belongs to a profile of kind http");
	if (top.masters)
		pfile_fault(l, "masters", "belongs to a profile of kind http");
	if (top.sheet)
		profile_read_sheet(l, top.sheet);
	else
		pfile_fault(l, "sheet", "missing: its title, rows and how the number comes back");
}

static json_t *open_file(struct pfile *l, const char *path)
{
	struct err why = {0};
	json_t *tree = NULL;
	int n = 0;

	yaml_lines_free(l->lines);
	l->lines = NULL;
	l->file = path;
	if (yaml_load_file_all(path, PROFILE_FILE_MAX, &tree, &l->lines, l->faults, &n, &why)) {
		if (l->n == 0)
			l->first = why;
		l->n += n;
	} else if (!json_is_object(tree)) {
		pfile_fault(l, "", "not a profile: a map of keys is wanted");
	}
	return tree;
}

char *profile_as_path(const char *file, const char *as)
{
	const char *slash = strrchr(file, '/');

	return as[0] == '/' || !slash ? xstrdup(as)
				      : xasprintf("%.*s/%s", (int)(slash - file), file, as);
}

/* observe: everything but name, kind and system comes from the profile it watches for. */
static void read_as(struct pfile *l, const json_t *tree)
{
	static const struct member *const own[] = {head_members, as_members, NULL};
	static const struct member *const all[] = {head_members, data_members, part_members, NULL};
	_cleanup_free_ char *path = NULL;
	struct profile other = {0};
	struct top top = {0};

	check_top(l, tree, own);
	read_part(l, tree, as_members, &top);
	if (!top.as || l->n)
		return;
	path = profile_as_path(l->file, top.as);
	l->p->base_tree = open_file(l, path);
	if (!json_is_object(l->p->base_tree))
		return;
	read_part(l, l->p->base_tree, head_members, &other);
	if (other.kind != PROFILE_HTTP)
		pfile_fault(l, "kind", "only a profile of kind http can be observed");
	check_top(l, l->p->base_tree, all);
	read_data(l, l->p->base_tree, true);
}

static void read_profile(struct pfile *l)
{
	static const struct member *const all[] = {head_members, data_members, part_members, NULL};
	struct profile *p = l->p;

	p->kind = -1;
	read_part(l, p->tree, head_members, p);
	if (p->kind < 0)
		return;
	if (p->kind == PROFILE_OBSERVE) {
		read_as(l, p->tree);
		return;
	}
	check_top(l, p->tree, all);
	read_data(l, p->tree, p->kind == PROFILE_HTTP);
}

int profile_load(const char *path, struct profile **ret, struct buf *ret_faults, struct err *e)
{
	_cleanup_(profile_free_cleanup) struct profile *p = xcalloc(1, sizeof *p);
	_cleanup_free_ struct pfile *l = xcalloc(1, sizeof *l);

	l->p = p;
	l->faults = ret_faults;
	p->tree = open_file(l, path);
	if (json_is_object(p->tree))
		read_profile(l);
	yaml_lines_free(l->lines);
	if (l->n > 1)
		return err_set(e, -EINVAL, "%s (and %d more)", l->first.text, l->n - 1);
	if (l->n)
		return err_set(e, l->first.code ? l->first.code : -EINVAL, "%s", l->first.text);
	*ret = TAKE_PTR(p);
	return 0;
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	profile_free_masters(p);
	json_decref(p->tree);
	json_decref(p->base_tree);
	free(p);
}
