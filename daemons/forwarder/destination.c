/* destination: see destination.h. Outage is not poison: while a destination cools or is held
 * nothing of its backlog is rejected or parked; what waits, waits. */
#include <string.h>

#include "base/util.h"
#include "core/outcome.h"

#include "destination.h"

static const struct {
	const char *word, *text;
} holds[DEST_HOLDS] = {
	[DEST_HOLD_NONE] = {"none", "held"},
	[DEST_HOLD_CREDENTIAL] = {"credential",
		"held: credential refused; renew it (opens by itself), or muaractl resume"},
	[DEST_HOLD_MOVED] = {"moved",
		"held: endpoint answers 404; check the profile's base, then muaractl resume"},
	[DEST_HOLD_REDIRECT] = {"redirect",
		"held: endpoint redirects; check the profile's base, then muaractl resume"},
	[DEST_HOLD_HOURLY] = {"hourly",
		"held: max_filings_per_hour reached; look at what is being filed, then muaractl "
		"resume"},
	[DEST_HOLD_REJECTS] = {"rejects",
		"held: many rejects in a row; look at them (muaractl trace), then muaractl resume"},
	[DEST_HOLD_OTHER] = {"other",
		"held: for a reason only a newer muara-forwarder knows; see its page, then "
		"muaractl resume"},
};

void dest_init(struct dest *d, const struct dest_limits *limits)
{
	*d = (struct dest){.limits = *limits, .not_before = INT64_MIN};
}

void dest_free(struct dest *d)
{
	free(d->created);
	free(d->line);
	d->created = NULL;
	d->line = NULL;
	d->n_created = d->room_created = d->n_line = d->room_line = 0;
}

static size_t creates_of_last_hour(struct dest *d, uint32_t wall_s)
{
	uint32_t from = wall_s > 3600 ? wall_s - 3600 : 0;
	size_t old = 0;

	from = MAX(from, d->count_from_s);
	while (old < d->n_created && d->created[old].at_s <= from)
		old++;
	if (old) {
		memmove(d->created, d->created + old, (d->n_created - old) * sizeof *d->created);
		d->n_created -= old;
	}
	return d->n_created;
}

/* --- turns --- */

static size_t place_in_line(const struct dest *d, int32_t lane)
{
	size_t i = 0;

	while (i < d->n_line && d->line[i] != lane)
		i++;
	return i;
}

int32_t dest_next(const struct dest *d)
{
	return d->n_line ? d->line[0] : DEST_NOBODY;
}

void dest_leave(struct dest *d, int32_t lane)
{
	size_t i = place_in_line(d, lane);

	if (i == d->n_line)
		return;
	d->n_line--;
	memmove(d->line + i, d->line + i + 1, (d->n_line - i) * sizeof *d->line);
}

static void wait_in_line(struct dest *d, int32_t lane)
{
	if (place_in_line(d, lane) < d->n_line)
		return;
	if (d->n_line == d->room_line) {
		d->room_line = d->room_line ? 2 * d->room_line : 8;
		d->line = xrealloc(d->line, d->room_line * sizeof *d->line);
	}
	d->line[d->n_line++] = lane;
}

bool dest_in_stride(const struct dest *d)
{
	return d->state == DEST_OPEN && d->limits.concurrency > 1 && d->took >= DEST_AHEAD_AFTER;
}

/* As many calls as end while one is prepared; twice that, for both come in bunches. */
static int ahead(const struct dest *d)
{
	int64_t n;

	if (!dest_in_stride(d))
		return 0;
	n = 2 * d->limits.concurrency * d->prepare_x16 / d->call_x16;
	return (int)MIN(n, (int64_t)DEST_AHEAD_MAX * d->limits.concurrency);
}

bool dest_may_send(const struct dest *d)
{
	return d->sent < (d->state == DEST_SINGLE ? 1 : d->limits.concurrency);
}

static int64_t smoothed(int64_t old_x16, int64_t ms)
{
	int64_t x16 = MAX(ms, 1) * 16;

	return old_x16 ? old_x16 + (x16 - old_x16) / 8 : x16;
}

void dest_took(struct dest *d, int64_t prepare_ms, int64_t call_ms)
{
	d->took = MIN(d->took + 1, DEST_AHEAD_AFTER);
	d->prepare_x16 = smoothed(d->prepare_x16, prepare_ms);
	d->call_x16 = smoothed(d->call_x16, call_ms);
}

void dest_sent(struct dest *d)
{
	d->sent++;
}

/* None is sent after a rest began until all sent before it are back (dest_may_send). */
void dest_back(struct dest *d)
{
	d->sent--;
	d->stale = d->earlier > 0;
	d->earlier -= d->stale;
}

void dest_weighed(struct dest *d)
{
	d->stale = false;
}

void dest_slow(struct dest *d)
{
	d->took = 0;
}

static bool passable(struct dest *d, bool creates, int64_t now_ms, uint32_t wall_s)
{
	if (d->state == DEST_HELD || d->state == DEST_COOLING || now_ms < d->not_before)
		return false;
	if (d->in_flight >= (d->state == DEST_SINGLE ? 1 : d->limits.concurrency + ahead(d)))
		return false;
	if (creates && d->limits.max_filings_per_hour &&
		creates_of_last_hour(d, wall_s) >= (size_t)d->limits.max_filings_per_hour) {
		dest_hold_on(d, DEST_HOLD_HOURLY, now_ms);
		return false;
	}
	return true;
}

bool dest_may_start(struct dest *d, int32_t lane, bool creates, int64_t now_ms, uint32_t wall_s)
{
	bool first = !d->n_line || d->line[0] == lane;

	if (first && passable(d, creates, now_ms, wall_s))
		return true;
	wait_in_line(d, lane);
	return false;
}

void dest_started(struct dest *d, int32_t lane)
{
	d->in_flight++;
	dest_leave(d, lane);
}

void dest_ended(struct dest *d)
{
	d->in_flight--;
}

/* --- what calls came to --- */

/* Its answer shows that it works, as far as the call can show that. */
static void goes_on(struct dest *d, bool once)
{
	if (d->stale || (d->doubt && !once))
		return;
	d->doubt = d->limited = false;
	d->told = d->earlier = 0;
	if (d->state == DEST_SINGLE)
		d->state = DEST_OPEN;
}

void dest_success(struct dest *d, bool once)
{
	d->rejects[false] = 0;
	if (once)
		d->rejects[true] = 0;
	if (!d->stale && (once || !d->doubt))
		d->level = 0;
	goes_on(d, once);
}

void dest_rejected(struct dest *d, bool once, int64_t now_ms)
{
	if (outcome_after_rejects(++d->rejects[once]) == DESTINATION_HOLD)
		dest_hold_on(d, DEST_HOLD_REJECTS, now_ms);
	goes_on(d, once); /* it answers, and clearly */
}

/* Never less than half of the limit: else an hour of ambiguous answers would, with some bad luck,
 * park more than the ten that are promised. */
static void rest(struct dest *d, int64_t now_ms, uint64_t random)
{
	int64_t top = backoff_top_ms(d->limits.pause_base_ms, OUTCOME_PAUSE_MAX_MS, d->level++);

	d->not_before = now_ms + top / 2 + (int64_t)(random % ((uint64_t)(top - top / 2) + 1));
}

static void cool(struct dest *d, int64_t now_ms, uint64_t random)
{
	d->state = DEST_COOLING;
	d->took = 0;
	d->doubt = true;
	d->limited = false;
	d->earlier = d->sent;
	rest(d, now_ms, random);
}

void dest_ambiguous(struct dest *d, int64_t now_ms, uint64_t random)
{
	/* Calls already under way when it began to fail say nothing new: one outage doubles once.
	 */
	if (d->state == DEST_OPEN || d->state == DEST_SINGLE)
		cool(d, now_ms, random);
}

/* Something new, or a companion of what is being waited out already? */
static bool begins_a_rest(const struct dest *d, int64_t now_ms)
{
	if (d->state == DEST_SINGLE)
		return !d->stale && now_ms >= d->not_before;
	return d->state == DEST_OPEN;
}

static void go_by_one(struct dest *d)
{
	d->state = DEST_SINGLE;
	d->took = 0;
	d->earlier = d->sent;
}

static void back_off(struct dest *d, int64_t now_ms, uint64_t random)
{
	go_by_one(d);
	d->not_before = now_ms + backoff_ms(OUTCOME_BACKOFF_BASE_MS, OUTCOME_BACKOFF_MAX_MS,
					 d->level, random);
	d->level++;
}

void dest_not_sent(struct dest *d, int64_t now_ms, uint64_t random)
{
	if (!begins_a_rest(d, now_ms))
		return;
	d->limited = false;
	back_off(d, now_ms, random);
}

static int64_t as_told(const struct dest *d, int64_t wait_ms, uint64_t random)
{
	int64_t max_ms = d->limits.retry_after_max_ms;
	int64_t told = MIN(wait_ms, max_ms ? max_ms : (int64_t)OUTCOME_WAIT_MAX_MS);
	int64_t more = MIN(told / 10, (int64_t)DEST_JITTER_MAX_MS);

	return told + (int64_t)(random % ((uint64_t)more + 1));
}

void dest_rate_limited(struct dest *d, int64_t now_ms, int64_t wait_ms, uint64_t random)
{
	if (begins_a_rest(d, now_ms)) {
		d->told = wait_ms > 0 ? MIN(d->told + 1, DEST_TOLD_RUN + 1) : 0;
		d->limited = true;
		if (wait_ms > 0 && d->told <= DEST_TOLD_RUN)
			go_by_one(d);
		else
			back_off(d, now_ms, random);
	}
	if (wait_ms > 0)
		d->not_before = MAX(d->not_before, now_ms + as_told(d, wait_ms, random));
}

void dest_hold_on(struct dest *d, enum dest_hold why, int64_t now_ms)
{
	if (d->state == DEST_HELD)
		return;
	d->state = DEST_HELD;
	d->took = 0;
	d->limited = false;
	d->earlier = d->sent;
	d->why = why;
	d->held_ms = now_ms;
	d->not_before = now_ms + d->limits.pause_base_ms;
}

void dest_hold_again(struct dest *d, enum dest_hold why, int64_t now_ms, uint64_t random)
{
	if (d->state == DEST_HELD)
		return;
	dest_hold_on(d, why, now_ms);
	d->held_ms = INT64_MIN;
	d->not_before =
		now_ms + backoff_ms(OUTCOME_BACKOFF_BASE_MS, OUTCOME_BACKOFF_BASE_MS, 0, random);
}

void dest_doubt_again(struct dest *d, int64_t now_ms, uint64_t random)
{
	if (d->state != DEST_OPEN)
		return;
	cool(d, now_ms, random); /* the next rest is the second one */
	d->not_before =
		now_ms + backoff_ms(OUTCOME_BACKOFF_BASE_MS, OUTCOME_BACKOFF_BASE_MS, 0, random);
}

static void open_hold(struct dest *d, const char *how)
{
	d->state = DEST_SINGLE;
	d->why = DEST_HOLD_NONE;
	d->opened = how;
}

bool dest_wants_probe(const struct dest *d, int64_t now_ms)
{
	bool by_itself = d->state == DEST_COOLING ||
			 (d->state == DEST_HELD && d->why == DEST_HOLD_CREDENTIAL);

	return by_itself && !d->probing && now_ms >= d->not_before;
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
		open_hold(d, "probe-passed");
		return;
	}
	rest(d, now_ms, random);
}

void dest_resume(struct dest *d, int64_t asked_ms, uint32_t wall_s)
{
	if (d->state != DEST_HELD || d->held_ms > asked_ms)
		return;
	d->rejects[false] = d->rejects[true] = 0;
	d->doubt = true; /* one create shows whether the person was right */
	if (d->why == DEST_HOLD_HOURLY)
		d->count_from_s = MAX(d->count_from_s, wall_s);
	d->not_before = INT64_MIN;
	open_hold(d, "resumed");
}

/* --- creates of the last hour --- */

void dest_note_create(struct dest *d, int32_t lane, uint32_t wall_s)
{
	size_t i;

	if (!d->limits.max_filings_per_hour ||
		(d->n_created && d->created[d->n_created - 1].at_s >= wall_s + 3600ULL))
		return;
	if (d->n_created == d->room_created) {
		d->room_created = d->room_created ? 2 * d->room_created : 64;
		d->created = xrealloc(d->created, d->room_created * sizeof *d->created);
	}
	/* A lane that comes later brings its log's past with it. */
	for (i = d->n_created; i > 0 && d->created[i - 1].at_s > wall_s; i--)
		d->created[i] = d->created[i - 1];
	d->created[i] = (struct dest_create){wall_s, lane};
	d->n_created++;
	creates_of_last_hour(d, d->created[d->n_created - 1].at_s);
}

static void drop_create(struct dest *d, size_t i)
{
	d->n_created--;
	memmove(d->created + i, d->created + i + 1, (d->n_created - i) * sizeof *d->created);
}

void dest_forget_create(struct dest *d, int32_t lane, uint32_t wall_s)
{
	for (size_t i = d->n_created; i > 0; i--)
		if (d->created[i - 1].at_s == wall_s && d->created[i - 1].lane == lane) {
			drop_create(d, i - 1);
			return;
		}
}

void dest_forget_lane(struct dest *d, int32_t lane)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n_created; i++)
		if (d->created[i].lane != lane)
			d->created[kept++] = d->created[i];
	d->n_created = kept;
	dest_leave(d, lane);
}

/* --- words --- */

const char *dest_hold_word(enum dest_hold why)
{
	return holds[why].word;
}

enum dest_hold dest_hold_parse(const char *word)
{
	for (int i = DEST_HOLD_NONE + 1; i < DEST_HOLDS; i++)
		if (strcmp(holds[i].word, word) == 0)
			return (enum dest_hold)i;
	return DEST_HOLD_OTHER;
}

int64_t dest_wake_ms(const struct dest *d)
{
	bool waits_for_time = d->state != DEST_HELD || d->why == DEST_HOLD_CREDENTIAL;

	return !d->probing && waits_for_time ? d->not_before : INT64_MAX;
}

const char *dest_state_text(const struct dest *d)
{
	static const char *const texts[] = {
		"open", "cooling: waits, then probes by a read", "one call at a time", ""};

	if (d->state == DEST_SINGLE && d->limited)
		return "one call at a time, for it answered 429: waits as it was told first";
	return d->state == DEST_HELD ? holds[d->why].text : texts[d->state];
}
