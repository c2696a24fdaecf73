/* masters_lists: see masters_lists.h. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

#include "masters_lists.h"

#define FAULTS_MAX (1 << 20)

static int open_one(struct ctl *c, const char *file, const char *name, struct list_of *of)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(FAULTS_MAX);
	struct err e = {0};

	of->name = xstrdup(name);
	if (profile_destination_read(file, name, &of->d, &e))
		return ctl_fail(c, "%s", e.text);
	if (profile_load(of->d.profile, &of->profile, &faults, &e))
		return ctl_fail(c, "destination %s: %s", name, e.text);
	return CTL_OK;
}

int lists_open(struct ctl *c, struct lists *ret)
{
	const char *only = ctl_opt(c, "--destination");
	_cleanup_free_ char *state = muara_state_dir_of(&c->conf, "forwarder");
	_cleanup_json_ json_t *names = NULL;
	const json_t *v;
	struct err e = {0};
	size_t i;
	int r = CTL_OK;

	*ret = (struct lists){.dir = xasprintf("%s/masters", state),
		.file = profile_destination_file(ctl_opt(c, "--forwarder"), c->muara)};
	if (only) {
		names = json_pack("[s]", only);
	} else if (profile_destination_names(ret->file, &names, &e)) {
		return ctl_fail(c, "%s", e.text);
	}
	ret->v = xcalloc(json_array_size(names) + 1, sizeof *ret->v);
	json_array_foreach (names, i, v) {
		if (r)
			break;
		r = open_one(c, ret->file, json_string_value(v), &ret->v[ret->n++]);
	}
	return r;
}

void lists_free(struct lists *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].name);
		profile_destination_free(&l->v[i].d);
		profile_free(l->v[i].profile);
	}
	free(l->v);
	free(l->dir);
	free(l->file);
	*l = (struct lists){0};
}

static int one_list(struct ctl *c, const struct lists *l, struct list_of *of,
	const struct profile_master *m, lists_fn *fn, void *ctx)
{
	const struct masters_at at = {
		.dir = l->dir, .base = of->d.base, .destination = of->name, .m = m};
	_cleanup_json_ json_t *doc = NULL;
	struct err e = {0};

	(void)masters_load(&at, &doc, &e);
	return fn(c, ctx, of, &at, doc, &e);
}

int lists_each(struct ctl *c, struct lists *l, lists_fn *fn, void *ctx, int *ret_n)
{
	const char *only = ctl_opt(c, "--list");
	int n = 0, r = CTL_OK;

	for (size_t i = 0; i < l->n && !r; i++)
		for (size_t k = 0; k < profile_masters(l->v[i].profile) && !r; k++) {
			const struct profile_master *m = profile_master(l->v[i].profile, k);

			if (only && strcmp(only, m->name) != 0)
				continue;
			n++;
			r = one_list(c, l, &l->v[i], m, fn, ctx);
		}
	if (ret_n)
		*ret_n = n;
	if (!r && !n && only)
		return ctl_fail(c, "no profile of %s has a list \"%s\"", l->file, only);
	return r;
}

json_t *lists_wrong(const struct list_of *of, const struct masters_at *at, const json_t *doc)
{
	_cleanup_json_ json_t *accepted = masters_accepted(at, NULL);

	return masters_check(of->profile, at->m, doc, accepted, &of->d.settings, &of->d.agencies);
}
