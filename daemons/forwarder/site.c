/* site: a destination as one lane sees it: its gate, which all lanes share, and what stops this
 * lane alone (an operator's pause, a restored log). What happens to the gate is said in the lane's
 * own log, by whoever owns it, so that a hold outlives the process.
 *
 * The word follows the fact: the gate is held first, the record comes after. A process that dies in
 * between leaves no word, and the next one finds out anew, by one call. A word that could not be
 * appended is said again after the takeover. Crash point: hold-counted. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"

#include "forwarder.h"

void site_init(struct site *s, struct lane *l, struct gate *g)
{
	*s = (struct site){.lane = l,
		.gate = g,
		.ep = g->ep,
		.name = ledger_name(&l->ledger, g->ep->conf->name),
		.system = ledger_name(&l->ledger, profile_system(g->ep->profile))};
}

void site_free(struct site *s)
{
	dest_forget_lane(&s->gate->brake, s->lane->number);
	gate_next(s->gate);
}

struct profile_input site_input(const struct site *s, const json_t *snapshot)
{
	return gate_input(s->gate, snapshot);
}

struct filing_view site_view(const struct site *s, const struct work *row, const json_t *snapshot)
{
	struct filing_view v = {.ledger = &s->lane->ledger,
		.profile = s->ep->profile,
		.settings = &s->ep->conf->settings,
		.agencies = &s->ep->conf->agencies,
		.complaint = snapshot,
		.version = row->version,
		.destination = s->name,
		.system = s->system,
		.ready_ms = row->ready_ms,
		.settle_ms = s->ep->limits.settle_ms,
		.follow_up_settle_ms = s->ep->conf->follow_up_settle_ms,
		.now_ms = clock_wall_ms()};

	memcpy(v.id, row->id, sizeof v.id);
	return v;
}

/* --- may it? --- */

static bool stopped_here(const struct site *s)
{
	return s->word.paused || s->word.restored || acts_pause_waits(s->lane, s->ep->conf->name);
}

const char *site_stopped(const struct site *s)
{
	const struct dest *d = &s->gate->brake;

	if (s->word.paused || acts_pause_waits(s->lane, s->ep->conf->name))
		return "paused";
	if (s->word.restored)
		return "held";
	if (d->state == DEST_HELD) /* the hourly brake stops later ones; these are in its count */
		return d->why == DEST_HOLD_HOURLY ? NULL : "held";
	if (d->state == DEST_COOLING || clock_mono_ms() < d->not_before)
		return "cooling";
	if (d->state == DEST_SINGLE && d->sent > 0)
		return "one-at-a-time";
	return NULL;
}

bool site_may_start(struct site *s, bool creates)
{
	struct dest *d = &s->gate->brake;
	enum dest_state before = d->state;

	/* Nothing is filed that the log's last word on this destination forbids. */
	if (stopped_here(s) || s->saying || hold_word_lacks(&s->word, d) != HOLD_SAY_NOTHING)
		return false;
	if (dest_may_start(d, s->lane->number, creates, clock_mono_ms(),
		    (uint32_t)(clock_wall_ms() / 1000)))
		return true;
	s->asked = true;
	if (d->state != before) /* the hourly brake */
		gate_changed(s->gate);
	if (dest_next(d) != s->lane->number)
		gate_next(s->gate);
	return false;
}

void site_turn_ended(struct site *s)
{
	if (!s->asked) {
		dest_leave(&s->gate->brake, s->lane->number);
		gate_next(s->gate);
	}
	s->asked = false;
}

/* --- its word in the log --- */

void site_counted(struct site *s, const char *kind, const json_t *body)
{
	bool ours = strcmp(kind, "hold") == 0 &&
		    strcmp(json_str_or(body, "destination", ""), s->ep->conf->name) == 0;

	hold_word_apply(&s->word, s->ep->conf->name, kind, body);
	if (!ours)
		return;
	s->saying = false;
	if (s->word.held)
		CRASH_POINT("hold-counted", s->lane->n_attempts);
}

void site_take_word(struct site *s)
{
	struct dest *d = &s->gate->brake;
	uint64_t dice;

	d->count_from_s = MAX(d->count_from_s, s->word.count_from_s);
	if (!s->word.held && !s->word.doubt)
		return;
	random_bytes(&dice, sizeof dice);
	if (s->word.held)
		dest_hold_again(d, s->word.why, clock_mono_ms(), dice);
	else if (profile_read(s->ep->profile, READ_PROBE)->present)
		dest_doubt_again(d, clock_mono_ms(), dice);
	gate_changed(s->gate);
}

static json_t *word_body(const struct site *s, enum hold_say say)
{
	const struct dest *d = &s->gate->brake;

	if (say == HOLD_SAY_HELD)
		return submission_hold(s->ep->conf->name, "held", dest_hold_word(d->why));
	return submission_hold(s->ep->conf->name, "open", d->opened);
}

/* Does anybody of this lane file there? A log need not tell of the others. */
static bool concerned(const struct site *s)
{
	const struct muara_conf *m = s->lane->fwd->shared;
	const struct muara_tenant *t = m->tenants.v;

	for (size_t i = 0; i < m->tenants.n; i++)
		if (t[i].lane == s->lane->number &&
			strcmp(t[i].destination, s->ep->conf->name) == 0)
			return true;
	for (const struct attempt *a = s->lane->attempts; a; a = a->next)
		if (a->site == s)
			return true;
	return s->lane->work.queues[s->name].n > 0;
}

void site_say(struct site *s)
{
	enum hold_say say = hold_word_lacks(&s->word, &s->gate->brake);
	struct lane_log *log = s->lane->log;
	struct err e = {0};
	int r;

	if (say == HOLD_SAY_NOTHING || s->saying || s->lane->lost || !s->lane->holds_taken ||
		!lane_log_owned(log) || (say == HOLD_SAY_HELD && !concerned(s)))
		return;
	r = lane_append(log, "hold", word_body(s, say), NULL, &e);
	s->saying = !r;
	if (r && r != -EAGAIN && r != -ENOBUFS)
		log_error("destination %s: its hold is not written: %s", s->ep->conf->name, e.text);
}

/* --- words for people --- */

static const char *own_stop(const struct site *s)
{
	if (s->word.paused)
		return "paused by an operator; muaractl resume";
	return s->word.restored ? "held: log restored; review, then muaractl resume" : NULL;
}

const char *site_state_text(const struct site *s)
{
	if (profile_kind(s->ep->profile) == PROFILE_OBSERVE)
		return "held: observe, nothing is sent";
	return own_stop(s) ? own_stop(s) : dest_state_text(&s->gate->brake);
}

bool site_held(const struct site *s)
{
	return s->word.restored || s->gate->brake.state == DEST_HELD;
}

void site_tick(struct site *s)
{
	const char *text = own_stop(s);

	gate_tick(s->gate);
	if (text == s->told)
		return;
	log_notice("lane %d: destination %s is %s", (int)s->lane->number, s->ep->conf->name,
		text ? text : dest_state_text(&s->gate->brake));
	s->told = text;
}
