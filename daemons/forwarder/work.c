/* work: what waits for each destination, and the next step of each complaint.
 *
 * A destination's queue is near the order in which complaints became ready; one that became ready
 * anew while it waited is put behind those that did so earlier. A destination that may not start
 * anything is not looked at further, so it costs nothing and blocks nobody; complaints that have a
 * call in the log are looked at even then, for most of them are finished. News of one that is filed
 * settles beside the queue, for its time is another than that of a first filing. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "core/ids.h"

#include "forwarder.h"

#define TURN_ROWS 64 /* of one destination in one turn of the loop */

enum pumped { WENT_ON, STOPPED };

static void take(struct site *s)
{
	work_pop(&s->lane->work, s->name);
}

static void finished(struct site *s, uint32_t index)
{
	take(s);
	work_finished(&s->lane->work, index);
}

/* Its time has not come; has that of the next one? */
static enum pumped settle(struct site *s, uint32_t index)
{
	struct worklist *w = &s->lane->work;
	uint32_t second = work_peek_second(w, s->name);

	if (second == IDMAP_NONE ||
		worklist_at(w, second)->ready_ms >= worklist_at(w, index)->ready_ms)
		return STOPPED;
	take(s);
	work_again(w, index, false);
	return WENT_ON;
}

static enum pumped settle_news(struct site *s, uint32_t index)
{
	take(s);
	work_settle(&s->lane->work, index);
	return WENT_ON;
}

static enum pumped start(
	struct site *s, uint32_t index, const json_t *snapshot, const struct filing_step *step)
{
	struct err e = {0};
	int r;

	if (step->what == FILING_CALL && !site_may_start(s, call_creates(step->call)))
		return STOPPED;
	r = step->what == FILING_CALL ? attempt_start(s, index, snapshot, step, &e)
				      : attempt_refuse(s, index, step, &e);
	if (!r) {
		take(s);
		return WENT_ON;
	}
	if (r == -EAGAIN || r == -ENOBUFS)
		return STOPPED;
	log_error("destination %s: INTENT not written: %s", s->ep->conf->name, e.text);
	finished(s, index); /* its body is of bounded size: never met */
	return WENT_ON;
}

/* A log that was read tells of most complaints that nothing is left to do, or nothing until a
 * record of it says more (which brings the row back). */
bool work_is_idle(void *ctx, const struct work *row, const json_t *snapshot)
{
	struct lane *l = ctx;
	const struct site *s = lane_site(l, row->destination);
	struct filing_step next;
	struct filing_view v;

	if (!s || !lane_log_owned(l->log) || profile_kind(s->ep->profile) == PROFILE_OBSERVE ||
		!ledger_filing(&l->ledger, row->id, s->name))
		return false;
	v = site_view(s, row, snapshot);
	filing_next(&v, &next);
	return next.what == FILING_FINISHED || next.what == FILING_WAIT;
}

static enum pumped observe(struct site *s, uint32_t index, const struct filing_view *v)
{
	struct err e = {0};
	char id[UUID_TEXT_SIZE], ticket[TICKET_TEXT_SIZE];

	uuid_format(v->id, id);
	if (ticket_of(id, ticket) ||
		papers_observe(s->lane->fwd->conf->observe_dir, s, v, ticket, &e)) {
		log_error("complaint %s: not written for observers: %s", id, e.text);
		return STOPPED; /* again at the next tick */
	}
	s->observed++;
	finished(s, index);
	return WENT_ON;
}

static enum pumped step(struct site *s, uint32_t index, const json_t *snapshot)
{
	const struct work *row = worklist_at(&s->lane->work, index);
	struct filing_view v = site_view(s, row, snapshot);
	struct filing_step next;

	if (profile_kind(s->ep->profile) == PROFILE_OBSERVE)
		return observe(s, index, &v);
	filing_next(&v, &next);
	switch (next.what) {
	case FILING_CALL:
	case FILING_REFUSE:
		return start(s, index, snapshot, &next);
	case FILING_SETTLE:
		return next.call == CALL_FOLLOWUP ? settle_news(s, index) : settle(s, index);
	case FILING_WAIT:
	case FILING_FINISHED:
		break;
	}
	finished(s, index);
	return WENT_ON;
}

/* Looks at the first row of the queue. */
static enum pumped pump_one(struct site *s)
{
	struct lane *l = s->lane;
	uint32_t index = work_peek(&l->work, s->name);
	_cleanup_json_ json_t *snapshot = NULL;
	struct work *row;
	enum pumped r;
	bool known;

	if (index == IDMAP_NONE)
		return STOPPED;
	row = worklist_at(&l->work, index);
	if (row->destination != s->name || row->state != WORK_READY) {
		take(s);
		work_again(&l->work, index, false); /* into its queue, or none */
		return WENT_ON;
	}
	known = ledger_filing(&l->ledger, row->id, s->name) != NULL;
	if (!known && clock_wall_ms() < row->ready_ms + s->ep->limits.settle_ms)
		return settle(s, index);
	if (!known && !site_may_start(s, false) && profile_kind(s->ep->profile) != PROFILE_OBSERVE)
		return STOPPED;
	if (!row->snapshot) {
		if (l->reading != IDMAP_NONE || clock_mono_ms() < l->read_not_before_ms)
			return STOPPED;
		take(s);
		inputs_read(l, index);
		return WENT_ON;
	}
	snapshot = inputs_snapshot(l, index);
	if (!snapshot)
		return STOPPED;
	r = step(s, index, snapshot);
	return r;
}

static void pump_site(struct site *s)
{
	int n = 0;

	while (n < TURN_ROWS && pump_one(s) == WENT_ON)
		n++;
	if (n == TURN_ROWS)
		lane_soon(s->lane);
	site_turn_ended(s);
}

void work_tick(struct lane *l)
{
	int64_t now = clock_wall_ms();

	for (size_t i = 0; i < l->fwd->n_endpoints; i++) {
		const struct site *s = &l->sites[i];

		work_settled(&l->work, s->name, now - s->ep->conf->follow_up_settle_ms);
	}
}

void work_pump(struct lane *l)
{
	for (size_t i = 0; i < l->fwd->n_endpoints; i++)
		if (lane_may_file(l))
			pump_site(&l->sites[i]);
		else
			site_turn_ended(&l->sites[i]);
}
