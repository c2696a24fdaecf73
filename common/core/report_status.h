/* report_status: how far a filed report is, in Muara's own words, whatever the destination calls
 * it. A profile's status map says which of its words is which (config/lapor/README.md). Pure. */
#pragma once

#include <stdbool.h>

enum report_status {
	REPORT_NONE, /* nothing read yet */
	REPORT_RECEIVED,
	REPORT_VERIFIED,
	REPORT_IN_PROGRESS,
	REPORT_DONE,
	REPORT_ARCHIVED,
	REPORT_REJECTED,
	REPORT_MISSING, /* filed, and now the destination knows no such report: a person must look
			 */
	REPORT_UNKNOWN, /* a word the profile does not know */
	REPORT_STATUSES
};

/* NULL and what is none of ours: REPORT_UNKNOWN. */
enum report_status report_status_parse(const char *s);
const char *report_status_name(enum report_status s); /* "received"; REPORT_NONE: "none" */
/* Nothing is expected to follow: it is polled no more, its clocks have stopped. */
bool report_status_final(enum report_status s);
