/* clocks: by when a filed report must be verified, answered and finished: the rules of
 * config/clocks.yaml over the working days of a calendar. Pure but for clocks_load.
 *
 * A day is as in workdays.h, in the zone the caller means. The day on which a clock begins does not
 * count, the last one counts whole: overdue is what is still open on the day after. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/report_status.h"
#include "core/workdays.h"

#define CLOCKS_MAX	   16
#define CLOCK_NAME_MAX	   32
#define CALENDAR_WARN_DAYS 60

struct clocks;
/* -EINVAL: "N faults", each appended to ret_faults as a line "file:line: …". */
int clocks_load(const char *path, struct clocks **ret, struct buf *ret_faults, struct err *e);
void clocks_free(struct clocks *c); /* NULL-safe */
size_t clocks_count(const struct clocks *c);
const char *clocks_name(const struct clocks *c, size_t i);
int clocks_warn_days(const struct clocks *c);

enum clock_moment { CLOCK_FILED, CLOCK_VERIFIED, CLOCK_IN_PROGRESS, CLOCK_END, CLOCK_MOMENTS };

struct clock_facts {
	const char
		*classification; /* of the complaint; NULL = unknown, then every rule is for it */
	bool supervisory;
	int64_t reached_ms[CLOCK_MOMENTS]; /* wall clock; 0 = not reached */
};
/* A status was read: what it reaches and was not reached before. */
void clock_facts_status(struct clock_facts *f, enum report_status s, int64_t at_ms);

struct clock_view { /* borrowed */
	const struct workdays *workdays;
	int zone_minutes;
	int64_t now_ms;
	int warn_days; /* working days before the end that are "soon" */
};
enum clock_state {
	CLOCK_NONE,    /* not for this report, or not begun */
	CLOCK_RUNNING, /* time is left */
	CLOCK_SOON,    /* runs out today or within warn_days working days */
	CLOCK_OVERDUE, /* ran out, and the moment was not reached */
	CLOCK_MET,     /* reached in time, or the report came to its end before */
	CLOCK_MISSED,  /* reached too late */
	CLOCK_STATES
};
extern const char *const clock_state_names[CLOCK_STATES];
/* *ret_due: the last day; unset for CLOCK_NONE; may be NULL. */
enum clock_state clocks_look(const struct clocks *c, size_t i, const struct clock_view *v,
	const struct clock_facts *f, int64_t *ret_due);

/* The year, if any, that begins within CALENDAR_WARN_DAYS (or is there) and is not in the calendar;
 * 0 = none. */
int clocks_calendar_ends(const struct clock_view *v);
