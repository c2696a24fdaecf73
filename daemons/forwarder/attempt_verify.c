/* attempt_verify: whether a call happened whose answer does not say so, by reading; and the INTENTs
 * that another writer left without an outcome.
 *
 * Such an INTENT is never sent. It waits until its call cannot travel any more, counted from the
 * takeover; then a call that may be repeated is freed, one that can be verified is read back, any
 * other is parked. A read that says nothing is repeated, ever more slowly.
 *
 * Crash points: read-back, probed.
 * Known gap: read-backs have no end of their own; a destination that never answers keeps one. */
#include "base/clock.h"
#include "base/crash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"

#include "attempt.h"

#define READ_BACK_MIN_MS 2000

/* --- did it happen? --- */

static void verify_again(struct attempt *a)
{
	a->due_ms = clock_mono_ms() + READ_BACK_MIN_MS +
		    MIN((int64_t)OUTCOME_BACKOFF_BASE_MS << MIN(a->reads, 10),
			    (int64_t)OUTCOME_BACKOFF_MAX_MS);
	a->reads++;
}

static void on_read_back(void *ctx, const struct httpc_answer *answer)
{
	struct attempt *a = ctx;
	const struct endpoint *ep = a->site->ep;
	const char *institution = profile_institution(
		ep->profile, a->snapshot, &ep->conf->settings, &ep->conf->agencies);
	enum read_back read = a->call == CALL_FOLLOWUP
				      ? profile_report_there(ep->profile, answer)
				      : profile_read_back(ep->profile, answer, institution);
	struct outcome o = outcome_after_read(read);

	daemon_progress();
	a->http = NULL;
	profile_request_clear(&a->request);
	CRASH_POINT_OF("read-back", call_kind_name(a->call), a->lane->n_attempts);
	if (o.record == RECORD_VERIFY) {
		verify_again(a);
		return;
	}
	if (o.record == RECORD_DONE)
		a->result.remote_id = a->remote_id;
	gate_fate(a->site->gate, attempt_once_only(a), &o, NULL);
	attempt_end_by(a, &o);
}

void attempt_verify(struct attempt *a)
{
	struct profile_input in = site_input(a->site, a->snapshot);
	const struct profile *p = a->site->ep->profile;
	struct err e = {0};
	int r;

	a->state = ATT_VERIFYING;
	attempt_leave_place(a); /* reads are no filings, and this one may take long */
	if (!profile_read(p, READ_REPORT)->present || !a->remote_id) {
		attempt_end(a, END_PARKED, "cannot-be-verified");
		return;
	}
	in.remote_id = a->remote_id;
	profile_request_clear(&a->request);
	r = profile_read_request(p, READ_REPORT, &in, &a->request, &e);
	if (!r)
		r = httpc_send(a->lane->fwd->http, &a->request.http, on_read_back, a, &a->http, &e);
	if (r) {
		log_warn("complaint %s: not read back: %s", a->id, e.text);
		verify_again(a);
	}
}

void attempt_probed(struct attempt *a, bool good)
{
	struct outcome o;

	if (good && a->proof)
		a->site->gate->refusals++;
	o = outcome_after_probe(good, a->proof, a->site->gate->refusals);
	CRASH_POINT_OF("probed", call_kind_name(a->call), a->lane->n_attempts);
	gate_fate(a->site->gate, attempt_once_only(a), &o, NULL);
	attempt_end_by(a, &o);
}

/* --- another writer's INTENT --- */

/* An answer this process has read, in an earlier turn at the lane: it waits for nothing. */
static bool end_is_known(struct attempt *a, const struct slot *s)
{
	struct known_end known;

	if (!known_ends_take(&a->lane->fwd->known, a->lane->number, &a->intent, &known))
		return false;
	a->state = ATT_ENDED; /* attempts_tick writes it */
	a->end = known.end;
	a->result = known.result;
	if (a->end == END_NOT_SENT)
		lane_forget_create(a->lane, s);
	return true;
}

void attempt_add_foreign(struct lane *l, struct slot *s)
{
	struct attempt *a = attempt_new(l, lane_site(l, s->destination), s->complaint);
	char key[LANE_KEY_SIZE];

	a->state = ATT_FOREIGN;
	a->intent = (struct lane_key){s->term, s->n};
	a->destination = s->destination;
	a->system = s->system;
	a->version = s->version;
	a->call = (enum call_kind)s->call;
	a->number = s->attempt;
	a->part = s->part;
	a->due_ms = l->owned_ms +
		    (a->site ? endpoint_longest_ms(a->site->ep, a->call) : UNKNOWN_LONGEST_MS);
	lane_key_format(s->term, s->n, key);
	if (a->call == CALL_UPLOAD)
		snprintf(a->attachment, sizeof a->attachment, "%s",
			json_str_or(l->uploads, key, ""));
	if (a->call == CALL_HANDOVER) {
		const struct slot *filing = ledger_filing(&l->ledger, a->complaint, a->destination);

		a->remote_id = filing ? filing->remote_id : 0;
	}
	if (end_is_known(a, s))
		log_notice("complaint %s: INTENT %s: its end was known before the lane went", a->id,
			key);
	else
		log_notice("complaint %s: INTENT %s of another writer has no outcome; waiting "
			   "until its call cannot travel any more",
			a->id, key);
}

/* The snapshot decides which institution to look for. False: it is being read. */
static bool foreign_snapshot(struct attempt *a)
{
	struct lane *l = a->lane;
	struct work *row = worklist_find(&l->work, a->complaint);
	uint32_t index;

	if (a->snapshot || !row)
		return true;
	index = idmap_index(&l->work.rows, row);
	a->snapshot = inputs_snapshot(l, index);
	if (a->snapshot)
		return true;
	if (row->state != WORK_READY)
		return true;
	if (l->reading == IDMAP_NONE && !row->queued && clock_mono_ms() >= l->read_not_before_ms) {
		row->queued = true;
		inputs_read(l, index);
	}
	return false;
}

void attempt_foreign_due(struct attempt *a)
{
	const struct profile *p = a->site ? a->site->ep->profile : NULL;
	const char *dir = a->lane->fwd->conf->sheet_dir;
	const bool there = dir && papers_sheet_there(dir, a->ticket, &a->intent);
	enum call_repeat repeat = CALL_ONCE;

	if (a->call == CALL_SHEET || (a->call == CALL_FOLLOWUP && there)) {
		attempt_end(a, there ? END_HANDED : END_PARKED, there ? "sheet" : "no-outcome");
		return;
	}
	if (p && profile_call(p, a->call)->present)
		repeat = profile_call(p, a->call)->repeat;
	if (repeat == CALL_REPEATABLE)
		attempt_end(a, END_NOT_SENT, "may-be-repeated");
	else if (repeat == CALL_VERIFIABLE && foreign_snapshot(a) && a->snapshot)
		attempt_verify(a);
	else if (repeat != CALL_VERIFIABLE || foreign_snapshot(a))
		attempt_end(a, END_PARKED, "no-outcome");
}
