/* status: the state of filed reports and what agencies wrote back, read again and again until the
 * report is at its end.
 *
 *   due (follow.h) -> report read -> pages of follow-ups read -> anything new? -> texts into the
 *   blob store -> one `status` record -> confirmed -> remembered (the ledger's fold)
 *
 * Here: what is due, and what the lane's log and ends do to it; a read is in status_read.c, its
 * record in status_record.c. One read at a time for each destination, over all lanes of this
 * process, the longest unread report first. Only the owner of a lane reads for it. Dying anywhere
 * repeats the read. Reads are no filings: they use none of the brakes and set none; what they learn
 * of a destination's health only makes the reads wait.
 *
 * Known gaps: a follow-up that is put behind a report after its end is not read any more; a report
 * whose number an officer typed from a sheet is followed only if his destination is one of HTTP. */
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"

#include "status.h"

#define TICK_MS 200

static const char *const results[] = {"same", "changed", "missing", "failed", "not_written", NULL};

static uint64_t dice(void)
{
	uint64_t r;

	random_bytes(&r, sizeof r);
	return r;
}

uint32_t watch_now_s(void)
{
	return (uint32_t)(clock_mono_ms() / 1000);
}

static uint32_t every_s(const struct watch *w)
{
	return (uint32_t)MAX(w->ep->conf->status_every_ms / 1000, 1);
}

static bool followed(const struct endpoint *ep)
{
	return profile_kind(ep->profile) == PROFILE_HTTP && ep->conf->status_every_ms > 0 &&
	       profile_has_status(ep->profile);
}

/* --- the end of a read --- */

static void clear(struct watch *w)
{
	if (w->http)
		httpc_cancel(TAKE_PTR(w->http));
	profile_request_clear(&w->request);
	for (size_t i = 0; i < w->n_answers; i++)
		json_decref(w->answers[i].content);
	w->n_answers = 0;
	w->more = false;
	json_decref(TAKE_PTR(w->seen));
	w->site = NULL;
	w->step = STEP_NONE;
}

static void again(struct watch *w, uint32_t due_s)
{
	struct lane *l = w->site->lane;

	if (follow_wants(idmap_at(&l->ledger.slots, w->slot)))
		(void)follow_put(&w->site->follow, w->slot, due_s);
}

void watch_finish(struct watch *w, const char *result, uint32_t due_s)
{
	metric_add(w->status->reads, result, 1);
	again(w, due_s);
	clear(w);
}

void watch_went_well(struct watch *w, const char *result)
{
	follow_gate_good(&w->gate);
	watch_finish(w, result, follow_next_due(watch_now_s(), every_s(w), true, dice()));
}

void watch_failed(struct watch *w, const struct httpc_answer *a, const char *what)
{
	int64_t wait_ms = 0;

	if (a && retry_after_parse(a->retry_after, clock_wall_ms(), &wait_ms))
		wait_ms = 0;
	log_warn("destination %s: the status of complaint %s is not read: %s (http %ld, curl %d)",
		w->name, w->id, what, a ? a->status : 0, a ? a->curl : 0);
	follow_gate_failed(&w->gate, clock_mono_ms(), wait_ms, dice());
	watch_finish(w, "failed", follow_next_due(watch_now_s(), every_s(w), false, dice()));
}

/* --- what is due --- */

/* The lane is not ours any more, or a person stopped the destination: nothing is sent. */
static bool may_go_on(const struct watch *w)
{
	return lane_may_file(w->site->lane) && !acts_pause_waits(w->site->lane, w->name) &&
	       !follow_stopped(&w->site->gate->brake, &w->site->word, clock_mono_ms());
}

/* The first row that is still to be followed; false: none. */
static bool first_row(struct follow_queue *q, const struct lane *l, struct follow_row *ret)
{
	while (follow_first(q, ret)) {
		if (follow_wants(idmap_at(&l->ledger.slots, ret->slot)))
			return true;
		follow_take(q);
	}
	return false;
}

/* The lane whose first report is due longest; NULL: none is. */
static struct site *due_site(struct watch *w, struct follow_row *ret)
{
	struct site *found = NULL;
	struct follow_row row;

	for (struct lane *l = w->status->fwd->lanes; l; l = l->next) {
		struct site *s = &l->sites[w - w->status->watches];

		if (!first_row(&s->follow, l, &row) || row.due_s > watch_now_s())
			continue;
		if (!lane_may_file(l) || acts_pause_waits(l, w->name) ||
			follow_stopped(&s->gate->brake, &s->word, clock_mono_ms()))
			continue;
		if (!found || row.due_s < ret->due_s) {
			found = s;
			*ret = row;
		}
	}
	return found;
}

static void start(struct watch *w)
{
	struct follow_row row = {0};
	const struct slot *s;

	w->site = due_site(w, &row);
	if (!w->site)
		return;
	follow_take(&w->site->follow);
	w->slot = row.slot;
	s = idmap_at(&w->site->lane->ledger.slots, row.slot);
	uuid_format(s->complaint, w->id);
	if (ticket_of(w->id, w->ticket))
		*w->ticket = '\0';
	watch_read_report(w);
}

/* Stopped between two pages, for who knows how long: read anew later, other lanes go on. */
static void put_back(struct watch *w)
{
	again(w, watch_now_s());
	clear(w);
}

static void on_tick(void *ctx)
{
	struct status *st = ctx;

	loop_timer_arm(st->tick, TICK_MS);
	for (size_t i = 0; i < st->fwd->n_endpoints; i++) {
		struct watch *w = &st->watches[i];

		if (!followed(w->ep) || !follow_gate_open(&w->gate, clock_mono_ms()))
			continue;
		if (w->step == STEP_PAGE_DUE && !may_go_on(w))
			put_back(w);
		if (w->step == STEP_PAGE_DUE)
			watch_read_page(w);
		else if (w->step == STEP_NONE)
			start(w);
	}
}

/* --- words of the lane --- */

static void drop_lane(struct lane *l)
{
	for (size_t i = 0; i < l->fwd->n_endpoints; i++) {
		struct watch *w = &l->fwd->status->watches[i];

		if (w->site && w->site->lane == l)
			clear(w);
		follow_free(&l->sites[i].follow);
	}
}

void status_forget(struct lane *l)
{
	if (l->fwd->status)
		drop_lane(l);
}

void status_owned(struct lane *l)
{
	const int64_t wall_s = clock_wall_ms() / 1000;

	drop_lane(l);
	for (uint32_t i = 0; i < l->ledger.slots.n; i++) {
		const struct slot *s = idmap_at(&l->ledger.slots, i);
		struct site *site = follow_wants(s) ? lane_site(l, s->destination) : NULL;
		const struct watch *w = site ? &l->fwd->status->watches[site - l->sites] : NULL;

		if (w && followed(w->ep))
			(void)follow_put(&site->follow, i,
				follow_start_due(
					watch_now_s(), wall_s - s->at_s, every_s(w), dice()));
	}
}

/* A hand-over was taken: soon a read shows whether the report went. */
static void handed_over(struct lane *l, struct watch *w, struct site *site, const struct slot *h)
{
	const struct slot *filing = ledger_filing(&l->ledger, h->complaint, h->destination);

	if (filing && followed(w->ep) &&
		profile_call(w->ep->profile, CALL_HANDOVER)->verify_success)
		(void)follow_hurry(&site->follow, idmap_index(&l->ledger.slots, filing),
			watch_now_s() + STATUS_SOON_S);
}

void status_counted(struct lane *l, const char *kind, uint32_t slot)
{
	const struct slot *s = idmap_at(&l->ledger.slots, slot);
	struct site *site = lane_site(l, s->destination);
	struct watch *w = site ? &l->fwd->status->watches[site - l->sites] : NULL;

	if (!w || !lane_log_owned(l->log))
		return;
	if (s->call == CALL_HANDOVER && s->state == SLOT_DONE)
		handed_over(l, w, site, s);
	if (w->site == site && w->slot == slot && w->step == STEP_APPENDED) {
		if (strcmp(kind, "status") == 0)
			watch_counted(w);
		return; /* else: it is void, or counts, soon; see status_void */
	}
	if (w->site == site && w->slot == slot && w->step != STEP_NONE)
		clear(w); /* what is being read may be of another number */
	if (follow_wants(s) && followed(w->ep)) {
		(void)follow_put(&site->follow, slot,
			follow_start_due(watch_now_s(), 0, every_s(w), dice()));
	}
}

void status_void(struct lane *l)
{
	for (size_t i = 0; i < l->fwd->n_endpoints; i++) {
		struct watch *w = &l->fwd->status->watches[i];

		if (w->site && w->site->lane == l && w->step == STEP_APPENDED)
			watch_finish(w, "not_written", watch_now_s() + STATUS_SOON_S);
	}
}

/* --- what a person sees --- */

void status_show(struct forwarder *f)
{
	struct status *st = f->status;

	for (size_t i = 0; i < f->n_endpoints; i++) {
		uint32_t oldest = watch_now_s(), now = oldest;
		double open = st->watches[i].site != NULL;

		for (struct lane *l = f->lanes; l; l = l->next) {
			struct follow_row row;

			open += (double)l->sites[i].follow.n;
			if (follow_first(&l->sites[i].follow, &row))
				oldest = MIN(oldest, row.due_s);
		}
		metric_set(st->open, st->watches[i].name, open);
		metric_set(st->late, st->watches[i].name, (double)(now - oldest));
	}
}

int status_new(struct forwarder *f, const char *const *names, struct status **ret)
{
	struct status *st = xcalloc(1, sizeof *st);

	st->fwd = f;
	st->watches = xcalloc(f->n_endpoints, sizeof *st->watches);
	for (size_t i = 0; i < f->n_endpoints; i++)
		st->watches[i] =
			(struct watch){.status = st, .ep = &f->endpoints[i], .name = names[i]};
	st->reads = metric_counter("muara_forwarder_status_reads_total",
		"Reports whose status was read, by what became of it", "result", results);
	st->open = metric_gauge("muara_forwarder_reports_open",
		"Filed reports that are followed until their end", "destination", names);
	st->late = metric_gauge("muara_forwarder_status_late_seconds",
		"How long the report that waits longest is due to be read", "destination", names);
	st->not_shown = metric_counter("muara_forwarder_handovers_not_shown_total",
		"Readings that show a report with us although its hand-over was taken",
		"destination", names);
	st->tick = loop_timer_new(f->env->loop, on_tick, st);
	loop_timer_arm(st->tick, TICK_MS);
	*ret = st;
	return 0;
}

/* Lanes may still stand: they forget it. */
void status_free(struct status *st)
{
	if (!st)
		return;
	for (size_t i = 0; i < st->fwd->n_endpoints; i++)
		clear(&st->watches[i]);
	loop_timer_del(st->tick);
	free(st->watches);
	free(st);
}
