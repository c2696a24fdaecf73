/* report_status: see report_status.h. */
#include "core/report_status.h"

#include <string.h>

static const struct {
	const char *name;
	bool final;
} statuses[REPORT_STATUSES] = {
	[REPORT_NONE] = {"none", false},
	[REPORT_RECEIVED] = {"received", false},
	[REPORT_VERIFIED] = {"verified", false},
	[REPORT_IN_PROGRESS] = {"in_progress", false},
	[REPORT_DONE] = {"done", true},
	[REPORT_ARCHIVED] = {"archived", true},
	[REPORT_REJECTED] = {"rejected", true},
	[REPORT_MISSING] = {"missing", false},
	[REPORT_UNKNOWN] = {"unknown", false},
};

enum report_status report_status_parse(const char *s)
{
	for (int i = REPORT_RECEIVED; s && i < REPORT_STATUSES; i++)
		if (strcmp(statuses[i].name, s) == 0)
			return (enum report_status)i;
	return REPORT_UNKNOWN;
}

const char *report_status_name(enum report_status s)
{
	return statuses[s].name;
}

bool report_status_final(enum report_status s)
{
	return statuses[s].final;
}
