/* profile: see profile.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "core/profile_lint.h"

#include "print.h"
#include "profile.h"
#include "profile_destination.h"
#include "profile_render.h"
#include "profile_show.h"
#include "snapshots.h"

#define FINDINGS_MAX (1 << 20)
#define SNAPSHOT_MAX (4 << 20)
#define NO_BASE	     "https://base.invalid" /* stands for what a destination would give */

DEFINE_CLEANUP(struct profile *, profile_free);

/* --- check --- */

static json_t *lines_of(const char *text)
{
	json_t *list = json_array();

	for (const char *end; *text; text = *end ? end + 1 : end) {
		_cleanup_free_ char *line = NULL;

		end = strchrnul(text, '\n');
		line = xstrndup(text, (size_t)(end - text));
		json_array_append_new(list, json_str_new(line));
	}
	return list;
}

static void told(FILE *out, const char *file, const struct profile_lint *found, const char *text)
{
	fputs(text, out);
	if (found->faults || found->warnings)
		fprintf(out, "%s: %d fault%s, %d warning%s%s\n", file, found->faults,
			found->faults == 1 ? "" : "s", found->warnings,
			found->warnings == 1 ? "" : "s",
			found->loaded ? "" : "; the rest is looked at when it loads");
	else
		fprintf(out, "%s: ok\n", file);
}

static int check_file(struct ctl *c, const char *file, json_t *files, bool *bad)
{
	_cleanup_buf_ struct buf out = BUF_INIT(FINDINGS_MAX);
	struct profile_lint found = {0};
	struct err e = {0};
	json_t *j;

	if (profile_lint(file, &found, &out, &e))
		return ctl_fail(c, "%s", e.text);
	*bad |= found.faults || (found.warnings && ctl_opt(c, "--strict"));
	if (!c->json) {
		told(c->out, file, &found, buf_str(&out));
		return CTL_OK;
	}
	j = json_object();
	json_set_str(j, "file", file);
	json_set_int(j, "faults", found.faults);
	json_set_int(j, "warnings", found.warnings);
	json_set_new(j, "lines", lines_of(buf_str(&out)));
	json_array_append_new(files, j);
	return CTL_OK;
}

int ctl_profile_check(struct ctl *c)
{
	_cleanup_json_ json_t *files = json_array();
	bool bad = false;

	for (int i = 0; i < c->n_args; i++)
		if (check_file(c, c->args[i], files, &bad))
			return CTL_FAILED;
	if (c->json)
		print_json(c->out, files);
	return bad ? CTL_FAILED : CTL_OK;
}

/* --- render: what it is made of --- */

struct rendering {
	struct profile *profile;
	struct profile_destination destination;
	json_t *complaint;
	const char *blob_dir;
	bool faulty; /* the destination's settings do not fit, told */
};

static void rendering_free(struct rendering *r)
{
	profile_free(r->profile);
	profile_destination_free(&r->destination);
	json_decref(r->complaint);
}

static int load_profile(struct ctl *c, struct rendering *r)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(FINDINGS_MAX);
	struct err e = {0};

	if (!profile_load(c->args[0], &r->profile, &faults, &e))
		return CTL_OK;
	fputs(buf_str(&faults), stderr);
	return ctl_fail(c, "%s", e.text);
}

static int load_destination(struct ctl *c, struct rendering *r)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(FINDINGS_MAX);
	_cleanup_free_ char *file = profile_destination_file(ctl_opt(c, "--forwarder"), c->muara);
	const char *name = ctl_opt(c, "--destination");
	struct profile_destination *d = &r->destination;
	struct err e = {0};

	if (name && profile_destination_read(file, name, d, &e))
		return ctl_fail(c, "%s", e.text);
	for (int i = 0; i < c->n_given; i++)
		if (strcmp(c->given[i].name, "--set") == 0 &&
			profile_destination_set(d, c->given[i].value, &e))
			return ctl_usage(c, "--set: %s", e.text);
	profile_check_settings(r->profile, &d->settings, &faults);
	profile_check_agencies(r->profile, &d->agencies, &faults);
	r->faulty = faults.len > 0;
	if (r->faulty)
		ctl_fail(c, "settings do not fit the profile (--destination NAME, or --set):\n%s",
			buf_str(&faults));
	return CTL_OK;
}

/* A snapshot, or the element of a list that holds one. */
static int read_snapshot(struct ctl *c, const char *path, json_t **ret)
{
	_cleanup_json_ json_t *j = NULL;
	_cleanup_free_ char *text = NULL;
	struct err e = {0};
	json_t *inner;
	size_t n = 0;

	if (fsio_read_file(path, SNAPSHOT_MAX, &text, &n, &e))
		return ctl_fail(c, "%s", e.text);
	if (json_parse(text, n, SNAPSHOT_MAX, &j, &e))
		return ctl_fail(c, "%s: %s", path, e.text);
	inner = json_object_get(j, "snapshot");
	*ret = json_incref(json_is_object(inner) ? inner : j);
	if (json_str(*ret, "id") && json_str(*ret, "ticket") && json_int(*ret, "version", 0) > 0)
		return CTL_OK;
	return ctl_fail(c,
		"%s: is no snapshot of a complaint (id, ticket, version); `muaractl --json show "
		"REF` prints one",
		path);
}

static int load_complaint(struct ctl *c, struct rendering *r)
{
	const char *ref = ctl_opt(c, "--complaint"), *file = ctl_opt(c, "--snapshot");
	_cleanup_json_ json_t *found = NULL;
	int rc;

	if (!ref == !file)
		return ctl_usage(c, "which complaint? --complaint REF or --snapshot FILE");
	/* From a file nothing else is needed; where Muara is, its files are looked for, too. */
	if (ref || access(c->muara, R_OK) == 0) {
		rc = ctl_conf(c);
		if (rc)
			return rc;
		r->blob_dir = c->conf.blob_dir;
	}
	if (file)
		return read_snapshot(c, file, &r->complaint);
	rc = ref_one(c, ref, &found);
	if (!rc)
		r->complaint = json_incref(json_object_get(found, "snapshot"));
	return rc;
}

static int show(struct ctl *c, const struct rendering *r)
{
	static const char *const no_headers[] = {NULL};
	const struct profile_destination *d = &r->destination;
	const struct render_what w = {.profile = r->profile,
		.complaint = r->complaint,
		.base = d->base && *d->base ? d->base : NO_BASE,
		.headers = d->headers ? (const char *const *)d->headers : no_headers,
		.settings = &d->settings,
		.agencies = &d->agencies,
		.blob_dir = r->blob_dir,
		.show_text = ctl_opt(c, "--show-text") != NULL};
	_cleanup_json_ json_t *j = profile_render(&w);

	if (c->json)
		print_json(c->out, j);
	else
		profile_show(c->out, j, w.show_text);
	return r->faulty || json_int(j, "unmakable", 0) ? CTL_FAILED : CTL_OK;
}

int ctl_profile_render(struct ctl *c)
{
	_cleanup_(rendering_free) struct rendering r = {0};
	int rc = load_profile(c, &r);

	if (!rc)
		rc = load_complaint(c, &r);
	if (!rc)
		rc = load_destination(c, &r);
	return rc ? rc : show(c, &r);
}
