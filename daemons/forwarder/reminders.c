/* reminders: tells once a working day and destination what has waited for a person too long.
 *
 * First the record, then the word: a reminder whose append did not count was not given, and one
 * that counts is not given again, by this process or the next. Killed between the two, the day's
 * line in the log is missing; the gauges, STATUS and `muaractl worklist` say the same at any time.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"

#include "forwarder.h"

#define LOOK_MS 5000 /* it walks the whole table */

static void remind(struct site *s)
{
	const struct reminder *r = &s->waits;
	struct err e = {0};
	int rc = lane_append(s->lane->log, "reminded",
		submission_reminded(s->ep->conf->name, r->day, r->before_ms, r->oldest_ms,
			r->late_sheets, r->late_parked),
		NULL, &e);

	s->reminding = !rc;
	if (rc && rc != -EAGAIN && rc != -ENOBUFS)
		log_error("destination %s: reminder not written: %s", s->ep->conf->name, e.text);
}

static void look(struct site *s)
{
	struct lane *l = s->lane;
	struct reminder_view v = {.ledger = &l->ledger,
		.workdays = l->fwd->workdays,
		.destination = s->name,
		.now_ms = clock_wall_ms(),
		.after_ms = s->ep->conf->remind_after_ms,
		.zone_minutes = muara_zone_minutes(l->fwd->shared)};

	reminder_look(&v, &s->waits);
	if (s->waits.due && !s->reminding && lane_may_file(l))
		remind(s);
}

void reminders_tick(struct lane *l)
{
	int64_t now = clock_mono_ms();

	if (now < l->remind_look_ms || !lane_log_owned(l->log))
		return;
	l->remind_look_ms = now + LOOK_MS;
	for (size_t i = 0; i < l->fwd->n_endpoints; i++)
		look(&l->sites[i]);
}

void reminders_owned(struct lane *l)
{
	for (size_t i = 0; i < l->fwd->n_endpoints; i++)
		l->sites[i].reminding = false;
	l->remind_look_ms = 0;
}

void reminders_counted(struct lane *l, const json_t *body, bool own)
{
	const char *destination = json_str_or(body, "destination", "");
	long long sheets = json_int(body, "sheets", 0), parked = json_int(body, "parked", 0);

	for (size_t i = 0; i < l->fwd->n_endpoints; i++)
		if (strcmp(l->sites[i].ep->conf->name, destination) == 0)
			l->sites[i].reminding = false;
	if (own)
		log_warn("reminder: destination %s: %lld sheets wait for their number, %lld "
			 "calls are parked, the oldest since %.16sZ; muaractl worklist names "
			 "them",
			destination, sheets, parked, json_str_or(body, "oldest", "?"));
}
