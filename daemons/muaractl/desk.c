/* desk: see desk.h. */
#include <errno.h>
#include <string.h>

#include "base/util.h"

#include "desk.h"

#define MANUAL_NAME  "lapor/manual.yaml"
#define FINDINGS_MAX (64 * 1024)

struct desks {
	struct ctl *c;
	char *forwarder; /* forwarder.yaml */
	struct desk *first;
};

/* A file beside another one. */
static char *beside(const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');

	return xasprintf("%.*s%s", slash ? (int)(slash - file) + 1 : 0, file, name);
}

struct desks *desks_new(struct ctl *c)
{
	struct desks *d = xcalloc(1, sizeof *d);
	const char *given = ctl_opt(c, "--forwarder");

	d->c = c;
	d->forwarder = given ? xstrdup(given) : beside(c->muara, "forwarder.yaml");
	return d;
}

void desks_free(struct desks *d)
{
	struct desk *desk, *next;

	for (desk = d ? d->first : NULL; desk; desk = next) {
		next = desk->next;
		if (desk->sheet != desk->profile)
			profile_free(desk->sheet);
		profile_free(desk->profile);
		profile_destination_free(&desk->conf);
		free(desk->name);
		free(desk);
	}
	if (d)
		free(d->forwarder);
	free(d);
}

static int load_profile(struct ctl *c, const char *path, struct profile **ret)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(FINDINGS_MAX);
	struct err e = {0};

	if (!profile_load(path, ret, &faults, &e))
		return CTL_OK;
	fputs(buf_str(&faults), stderr);
	return ctl_fail(c, "%s", e.text);
}

int desk_load_sheet(struct desks *d, struct desk *desk)
{
	const char *given = ctl_opt(d->c, "--profile");
	_cleanup_free_ char *path = given ? xstrdup(given) : beside(d->forwarder, MANUAL_NAME);
	int r = CTL_OK;

	if (desk->profile && !given && profile_kind(desk->profile) == PROFILE_SHEET)
		desk->sheet = desk->profile;
	else
		r = load_profile(d->c, path, &desk->sheet);
	if (!r && profile_kind(desk->sheet) != PROFILE_SHEET)
		r = ctl_fail(d->c, "profile %s makes no sheets: --profile names one of kind sheet",
			profile_name(desk->sheet));
	return r;
}

static int read_desk(struct desks *d, struct desk *desk)
{
	struct err e = {0};
	int r = profile_destination_read(d->forwarder, desk->name, &desk->conf, &e);

	if (r && r != -ENOENT)
		return ctl_fail(d->c, "%s", e.text);
	if (r && access(d->forwarder, R_OK))
		return ctl_fail(d->c,
			"%s: %s: the profiles of the destinations stand there (--forwarder FILE)",
			d->forwarder, strerror(errno));
	/* A destination that was removed since: by the profile of sheets. */
	return r || !*desk->conf.profile ? CTL_OK
					 : load_profile(d->c, desk->conf.profile, &desk->profile);
}

int desk_get(struct desks *d, const char *name, struct desk **ret)
{
	struct desk *desk;

	for (desk = d->first; desk; desk = desk->next)
		if (strcmp(desk->name, name) == 0) {
			*ret = desk;
			return CTL_OK;
		}
	desk = xcalloc(1, sizeof *desk);
	desk->next = d->first;
	desk->name = xstrdup(name);
	d->first = desk;
	*ret = desk;
	return read_desk(d, desk);
}

bool desk_names(const struct desk *desk, const char *agency)
{
	for (size_t i = 0; i < desk->conf.agencies.n; i++)
		if (*agency && strcmp(desk->conf.agencies.v[i].key, agency) == 0)
			return true;
	return false;
}
