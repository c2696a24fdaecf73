/* waitlist: what waits for a person, with since when and what to do about it. Pure. Holds no
 * personal data: tickets, states, names of agencies. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct waitlist_conf {
	int64_t now_ms, overdue_ms; /* wall clock; how long it may wait */
	int zone_minutes;
};

/* waiting: of attempts_waiting. complaints: id -> {"state", "version", "agency"} of the newest
 * version, for what became of it meanwhile; one that is not in it counts as unchanged. Left out is
 * what waits for nobody: a rejected or refused complaint that was corrected and is tried again, or
 * is closed.
 *
 * Returns an array of {"overdue", "ticket", "state", "call", "destination", "agency", "since"
 * (local), "waits" ("3 d 4 h"), "waits_s", "reminded", "do", "attempt", "complaint"}, overdue ones
 * first, then the oldest; caller owns. */
json_t *waitlist_rows(
	const json_t *waiting, const json_t *complaints, const struct waitlist_conf *conf);
