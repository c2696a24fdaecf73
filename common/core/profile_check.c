/* profile_check: see profile_load.h: values of a profile file that mean something by their text.
 *
 * Guarantee: each fault is told at its place, and the reading goes on. */
#include <string.h>

#include "core/profile_load.h"

struct template_ctx {
	struct pfile *l;
	const char *at;
};

static void template_fault(void *ctx, const char *text)
{
	const struct template_ctx *c = ctx;

	pfile_fault(c->l, c->at, "%s", text);
}

void profile_check_text(struct pfile *l, const char *at, const char *text, enum place where)
{
	struct template_ctx ctx = {.l = l, .at = at};

	if (text)
		template_check(l->p, text, where, template_fault, &ctx);
}

void profile_check_tree(struct pfile *l, const char *at, json_t *v, enum place where)
{
	char path[PLACE_MAX_LEN];
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(v))
		profile_check_text(l, at, json_string_value(v), where);
	json_object_foreach (v, key, item)
		profile_check_tree(l, pfile_below(path, at, key), item, where);
	json_array_foreach (v, i, item) {
		profile_check_tree(l, pfile_nth(path, at, i), item, where);
	}
}

void profile_check_place(struct pfile *l, const char *at, const char *path)
{
	if (path && !json_path_ok(path))
		pfile_fault(l, at, "a place in the answer is wanted, such as results.images[].id");
}

void profile_check_choice(
	struct pfile *l, const char *at, const char *written, const char *const *allowed)
{
	_cleanup_buf_ struct buf all = BUF_INIT(1024);
	const json_t *choices, *v;
	char name[64] = "";
	size_t i, bad = 0;
	int end = 0;

	if (!written || one_of(written, allowed))
		return;
	list_choices(&all, allowed);
	(void)sscanf(written, "{{setting.%32[a-z0-9_]}}%n", name, &end);
	if (!end || written[end]) {
		pfile_fault(l, at, "one of: %s; or {{setting.NAME}}", buf_str(&all));
		return;
	}
	choices = json_object_get(json_object_get(l->p->settings, name), "choices");
	json_array_foreach (choices, i, v)
		bad += !one_of(json_string_value(v), allowed);
	if (bad || json_array_size(choices) == 0)
		pfile_fault(l, at, "settings.%s must be declared with choices among: %s", name,
			buf_str(&all));
}

void profile_check_name(struct pfile *l, const char *at, const char *name)
{
	const size_t n = strlen(name);

	if (n > 32 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != n)
		pfile_fault(l, at, "a name is at most 32 of a-z, 0-9 and _");
}
