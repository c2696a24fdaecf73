/* report_sum: the figures of an evaluation. Pure: facts in, figures out.
 *
 * A period is a run of whole local days. It holds the complaints received in it and what has become
 * of them until now: in = under way + held + review + parked + refused + handed + filed + closed.
 *
 *   times   from received to filed; the median and the 90 % time are by nearest rank: the smallest
 *           time that at least half (nine of ten) of the filed complaints did not exceed.
 *   late    a complaint is to be filed by the end of the third working day behind the day it was
 *           received on: late are those filed after that day, and those not filed and not closed
 *           when it is over ("late_pending").
 *   answered  filed, and the last status the national system gave is an end (done, archived,
 *           rejected); not known ("null") while no status was ever read. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/workdays.h"

#define REPORT_VERIFY_DAYS 3 /* SP4N: to verify and pass on, working days */

enum report_end {
	REPORT_UNDER_WAY, /* quiet period, ready, or its call in flight */
	REPORT_HELD,
	REPORT_REVIEW,
	REPORT_PARKED,
	REPORT_REFUSED, /* by the destination, or because a source is filed already */
	REPORT_HANDED,	/* a sheet waits for its number */
	REPORT_FILED,
	REPORT_CLOSED, /* archived, withdrawn, dropped, merged */
	REPORT_ENDS
};

struct report_conf {
	const struct workdays *workdays;
	int64_t from_day, to_day; /* both in it */
	int zone_minutes;
	int64_t now_ms;
	const char *tenant; /* only this one's; NULL = all */
};
struct report_complaint {
	const char *tenant, *channel, *agency, *classification; /* "" = none */
	int64_t received_ms, filed_ms;				/* filed_ms: of REPORT_FILED */
	enum report_end end;
	const char *closed; /* of REPORT_CLOSED: why */
	bool answered;
};
struct report_message {			      /* one that became no complaint */
	const char *tenant, *channel, *class; /* tenant "" = not known; class NULL: dead */
	int64_t received_ms;
};

struct report;
struct report *report_new(const struct report_conf *conf); /* conf is borrowed */
void report_free(struct report *r);			   /* NULL-safe */
void report_statuses(struct report *r, bool known);
void report_complaint(struct report *r, const struct report_complaint *c);
void report_message(struct report *r, const struct report_message *m);

/* Caller owns. "period" {from, to, zone, as_of}, "status_polling"; "total", "channels", "agencies",
 * "classifications", "rows" (each: its names, the ends, in, answered, late, late_pending, median_s,
 * p90_s); "archived" [{channel, what: message|complaint, reason, count}], "dead" [{channel,
 * count}], sorted; "days" [{day, works, in, filed}]: of those received on that day; "times"
 * [{until_s, count}]: of those filed, until_s null = longer; "unattributed": messages left out
 * because their tenant is not known; "warnings" [{code, year}]: calendar-missing, calendar-reckoned
 * (a day counted is in such a year), calendar-ends (within 60 days). */
json_t *report_sum(const struct report *r);
/* Names of the ends as members of a figure: "under_way" … "closed". */
extern const char *const report_end_names[REPORT_ENDS];
