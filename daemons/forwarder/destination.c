/* destination: see destination.h. Outage is not poison: while a destination cools or is held
 * nothing of its backlog is rejected or parked; what waits, waits. */
#include <string.h>

#include "base/util.h"
#include "core/outcome.h"

#include "destination.h"

static const char *const hold_texts[DEST_HOLDS] = {
	[DEST_HOLD_NONE] = "held",
	[DEST_HOLD_CREDENTIAL] =
		"held: credential refused; renew it (opens by itself), or muaractl resume",
	[DEST_HOLD_MOVED] =
		"held: endpoint answers 404; check the profile's base, then muaractl resume",
	[DEST_HOLD_REDIRECT] =
		"held: endpoint redirects; check the profile's base, then muaractl resume",
	[DEST_HOLD_HOURLY] = "held: max_filings_per_hour reached; look at what is being filed, "
			     "then muaractl resume",
	[DEST_HOLD_REJECTS] =
		"held: many rejects in a row; look at them (muaractl trace), then muaractl resume",
	[DEST_HOLD_RESTORED] = "held: log restored; review, then muaractl resume",
};

void dest_init(struct dest *d, const struct dest_limits *limits)
{
	*d = (struct dest){.limits = *limits, .not_before = INT64_MIN};
}

void dest_free(struct dest *d)
{
	free(d->created_s);
	d->created_s = NULL;
	d->n_created = d->room_created = 0;
}

static size_t creates_of_last_hour(struct dest *d, uint32_t wall_s)
{
	uint32_t from = wall_s > 3600 ? wall_s - 3600 : 0;
	size_t old = 0;

	from = MAX(from, d->count_from_s);
	while (old < d->n_created && d->created_s[old] <= from)
		old++;
	if (old) {
		memmove(d->created_s, d->created_s + old,
			(d->n_created - old) * sizeof *d->created_s);
		d->n_created -= old;
	}
	return d->n_created;
}

bool dest_may_start(struct dest *d, bool creates, int64_t now_ms, uint32_t wall_s)
{
	if (d->paused || d->state == DEST_HELD || d->state == DEST_COOLING ||
		now_ms < d->not_before)
		return false;
	if (d->in_flight >= (d->state == DEST_SINGLE ? 1 : d->limits.concurrency))
		return false;
	if (creates && d->limits.max_filings_per_hour &&
		creates_of_last_hour(d, wall_s) >= (size_t)d->limits.max_filings_per_hour) {
		dest_hold_on(d, DEST_HOLD_HOURLY, now_ms);
		return false;
	}
	return true;
}

void dest_started(struct dest *d)
{
	d->in_flight++;
}

void dest_ended(struct dest *d)
{
	d->in_flight--;
}

void dest_success(struct dest *d)
{
	d->rejects = 0;
	d->level = 0;
	if (d->state == DEST_SINGLE)
		d->state = DEST_OPEN;
}

void dest_rejected(struct dest *d)
{
	if (outcome_after_rejects(++d->rejects) == DESTINATION_HOLD)
		dest_hold_on(d, DEST_HOLD_REJECTS, 0);
	if (d->state == DEST_SINGLE) /* it answers, and clearly */
		d->state = DEST_OPEN;
}

static void cool(struct dest *d, int64_t now_ms, uint64_t random)
{
	d->state = DEST_COOLING;
	d->not_before = now_ms +
			backoff_ms(d->limits.pause_base_ms, OUTCOME_PAUSE_MAX_MS, d->level, random);
	d->level++;
}

void dest_ambiguous(struct dest *d, int64_t now_ms, uint64_t random)
{
	/* Calls already under way when it began to fail say nothing new: one outage doubles once.
	 */
	if (d->state == DEST_OPEN || d->state == DEST_SINGLE)
		cool(d, now_ms, random);
}

void dest_not_sent(struct dest *d, int64_t now_ms, uint64_t random)
{
	if (d->state != DEST_OPEN && d->state != DEST_SINGLE)
		return;
	if (d->state == DEST_SINGLE && now_ms < d->not_before)
		return; /* a companion of the failure that is being waited out already */
	d->state = DEST_SINGLE;
	d->not_before = now_ms + backoff_ms(OUTCOME_BACKOFF_BASE_MS, OUTCOME_BACKOFF_MAX_MS,
					 d->level, random);
	d->level++;
}

void dest_wait(struct dest *d, int64_t until_ms)
{
	d->not_before = MAX(d->not_before, until_ms);
}

void dest_hold_on(struct dest *d, enum dest_hold why, int64_t now_ms)
{
	if (d->state == DEST_HELD)
		return;
	d->state = DEST_HELD;
	d->why = why;
	d->not_before = now_ms + d->limits.pause_base_ms;
}

bool dest_wants_probe(const struct dest *d, int64_t now_ms)
{
	bool by_itself = d->state == DEST_COOLING ||
			 (d->state == DEST_HELD && d->why == DEST_HOLD_CREDENTIAL);

	return by_itself && !d->paused && !d->probing && now_ms >= d->not_before;
}

void dest_probe_started(struct dest *d)
{
	d->probing = true;
}

void dest_probe_ended(struct dest *d, bool good, int64_t now_ms, uint64_t random)
{
	d->probing = false;
	if (d->state != DEST_COOLING && !(d->state == DEST_HELD && d->why == DEST_HOLD_CREDENTIAL))
		return;
	if (good) {
		d->state = DEST_SINGLE;
		d->why = DEST_HOLD_NONE;
		return;
	}
	d->not_before = now_ms +
			backoff_ms(d->limits.pause_base_ms, OUTCOME_PAUSE_MAX_MS, d->level, random);
	d->level++;
}

void dest_pause(struct dest *d)
{
	d->paused = true;
}

void dest_resume(struct dest *d, uint32_t wall_s)
{
	d->paused = false;
	d->rejects = 0;
	if (d->state != DEST_HELD)
		return;
	if (d->why == DEST_HOLD_HOURLY)
		d->count_from_s = wall_s;
	d->state = DEST_SINGLE;
	d->why = DEST_HOLD_NONE;
	d->not_before = INT64_MIN;
}

void dest_note_create(struct dest *d, uint32_t wall_s)
{
	if (!d->limits.max_filings_per_hour)
		return;
	creates_of_last_hour(d, wall_s);
	if (d->n_created == d->room_created) {
		d->room_created = d->room_created ? 2 * d->room_created : 64;
		d->created_s = xrealloc(d->created_s, d->room_created * sizeof *d->created_s);
	}
	d->created_s[d->n_created++] = wall_s;
}

void dest_forget_create(struct dest *d, uint32_t wall_s)
{
	size_t i = d->n_created;

	while (i > 0 && d->created_s[i - 1] != wall_s)
		i--;
	if (!i)
		return;
	memmove(d->created_s + i - 1, d->created_s + i, (d->n_created - i) * sizeof *d->created_s);
	d->n_created--;
}

int64_t dest_wake_ms(const struct dest *d)
{
	bool waits_for_time = d->state != DEST_HELD || d->why == DEST_HOLD_CREDENTIAL;

	return !d->paused && !d->probing && waits_for_time ? d->not_before : INT64_MAX;
}

const char *dest_state_text(const struct dest *d)
{
	static const char *const texts[] = {
		"open", "cooling: waits, then probes by a read", "one call at a time", ""};

	if (d->paused)
		return "paused by an operator; muaractl resume";
	return d->state == DEST_HELD ? hold_texts[d->why] : texts[d->state];
}
