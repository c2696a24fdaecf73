/* calendar: see calendar.h. */
#include <string.h>
#include <sysexits.h>

#include "base/util.h"

#include "calendar.h"

#define FAULTS_MAX 65536

char *calendar_path(const struct ctl *c, const char *option, const char *name)
{
	const char *given = ctl_opt(c, option), *slash = strrchr(c->muara, '/');

	return given ? xstrdup(given)
		     : xasprintf("%.*s%s", slash ? (int)(slash - c->muara + 1) : 0, c->muara, name);
}

static int wrong(const struct ctl *c, const char *what, const struct err *e, struct buf *faults)
{
	ctl_fail(c, "%s: %s", what, e->text);
	fputs(buf_str(faults), stderr);
	return EX_CONFIG;
}

int calendar_load(const struct ctl *c, struct workdays **ret)
{
	_cleanup_free_ char *path = calendar_path(c, "--holidays", "holidays.yaml");
	_cleanup_buf_ struct buf faults = BUF_INIT(FAULTS_MAX);
	struct err e = {0};

	return workdays_load(path, ret, &faults, &e)
		       ? wrong(c, "the calendar of holidays", &e, &faults)
		       : CTL_OK;
}

int calendar_clocks(const struct ctl *c, struct clocks **ret)
{
	_cleanup_free_ char *path = calendar_path(c, "--clocks", "clocks.yaml");
	_cleanup_buf_ struct buf faults = BUF_INIT(FAULTS_MAX);
	struct err e = {0};

	return clocks_load(path, ret, &faults, &e) ? wrong(c, "the clocks", &e, &faults) : CTL_OK;
}
