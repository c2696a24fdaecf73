/* attempt_send: from the confirmed INTENT to the answer; the order of effects lives here.
 *
 * Nothing is sent before its INTENT counts under our own term, nor before a look at both inputs
 * that began after that and found nothing against it. LOOKING lasts until a call may be sent
 * (destination.h, places); a look that is older than LOOK_FRESH_MS then is done again, so that what
 * was appended meanwhile is seen. What an answer means is outcome.h's; here it is done.
 *
 * Crash points: after-intent, before-send, first-byte-sent, answer-read, sheet-written.
 * Known gap: of an answer that is longer than ANSWER_KEPT_MAX the rest is not kept. */
#include "base/clock.h"
#include "base/crash.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/util.h"

#include "attempt.h"

#define ANSWER_KEPT_MAX (64 * 1024)
#define UPLOADS_MAX	10 /* unclear ones in a row of one file, while others pass: it is the file */
#define UPLOADS_SPAN_MS (10 * 60 * 1000)
#define LOOK_FRESH_MS	20 /* a look may be so old when its call is sent */

/* --- the answer --- */

static void keep_answer(struct attempt *a, const struct httpc_answer *answer, bool whole)
{
	size_t n = MIN(answer->body_len, (size_t)ANSWER_KEPT_MAX);
	struct err e = {0};

	if (!answer->status || !answer->body_len)
		return;
	sha256_hex(answer->body, answer->body_len, a->result.answer_sha256);
	if (whole && blob_put(a->lane->fwd->blobs, answer->body, n, a->result.answer_blob, &e)) {
		*a->result.answer_blob = '\0';
		log_warn("complaint %s: the answer is not kept: %s", a->id, e.text);
	}
}

/* A file that is refused unclearly again and again, while the destination takes others. */
static bool hopeless_file(const struct attempt *a, const struct outcome *o)
{
	return a->call == CALL_UPLOAD && o->verdict == VERDICT_AMBIGUOUS &&
	       a->number >= UPLOADS_MAX && a->site->gate->last_success_ms &&
	       clock_mono_ms() - a->site->gate->last_success_ms < UPLOADS_SPAN_MS;
}

static void on_answer(void *ctx, const struct httpc_answer *answer)
{
	struct attempt *a = ctx;
	struct profile_answer pa;
	struct outcome o;

	daemon_progress();
	a->http = NULL;
	gate_call_ended(a->site->gate);
	if (answer->status)
		dest_took(&a->site->gate->brake, a->prepared_ms, answer->total_ms);
	CRASH_POINT_OF("answer-read", call_kind_name(a->call), a->lane->n_attempts);
	profile_answer(a->site->ep->profile, a->call, answer, a->ticket, &pa);
	o = outcome_of(&pa.facts);
	a->proof = pa.facts.proof;
	a->result.http_status = (int)answer->status;
	a->result.curl = answer->curl;
	a->result.remote_id = pa.remote_id ? pa.remote_id : a->remote_id;
	keep_answer(a, answer, o.record != RECORD_DONE);
	if (hopeless_file(a, &o))
		o = (struct outcome){
			VERDICT_REJECTED, RECORD_REJECT, DESTINATION_GO, "given-up-unclear"};
	gate_fate(a->site->gate, attempt_once_only(a), &o, answer);
	if (o.record == RECORD_VERIFY) {
		attempt_verify(a);
	} else if (o.record == RECORD_PROBE) {
		a->state = ATT_PROBING;
		gate_probe(a->site->gate);
	} else {
		if (o.record != RECORD_DONE)
			a->result.remote_id = 0;
		attempt_end_by(a, &o);
	}
}

/* --- the call --- */

/* Nothing left this machine: the cause is ours, or the way's. */
static void not_begun(struct attempt *a, const char *reason)
{
	struct outcome o = {VERDICT_NOT_SENT, RECORD_RETRY, DESTINATION_BACK_OFF, reason};

	gate_fate(a->site->gate, attempt_once_only(a), &o, NULL);
	attempt_end_by(a, &o);
}

static void on_first_byte(void *ctx)
{
	struct attempt *a = ctx;

	(void)a;
	CRASH_POINT_OF("first-byte-sent", call_kind_name(a->call), a->lane->n_attempts);
}

static int write_sheet(const struct attempt *a, struct err *e)
{
	const char *dir = a->lane->fwd->conf->sheet_dir;

	return a->page ? papers_page(dir, a->ticket, &a->intent, a->page, e)
		       : papers_sheet(
				 dir, a->site->ep->profile, a->snapshot, a->ticket, &a->intent, e);
}

static void send_sheet(struct attempt *a)
{
	struct err e = {0};

	if (write_sheet(a, &e)) {
		log_error("complaint %s: no sheet: %s", a->id, e.text);
		/* Half of it may lie there: nothing an officer was told of. */
		not_begun(a, "sheet-not-written");
		return;
	}
	CRASH_POINT_OF("sheet-written", call_kind_name(a->call), a->lane->n_attempts);
	gate_success(a->site->gate, attempt_once_only(a));
	attempt_end(a, END_HANDED, "sheet");
}

static void send_call(struct attempt *a)
{
	struct err e = {0};
	int r;

	CRASH_POINT_OF("before-send", call_kind_name(a->call), a->lane->n_attempts);
	a->state = ATT_SENT;
	if (a->page && !a->lane->fwd->conf->sheet_dir) { /* an officer reads it in muaractl */
		attempt_end(a, END_PARKED, "no-follow-up-call");
		return;
	}
	if (a->call == CALL_SHEET || a->page) {
		send_sheet(a);
		return;
	}
	if (CRASH_POINTS) /* libcurl writes a protocol of all it does for it */
		a->request.http.first_byte = on_first_byte;
	dest_sent(&a->site->gate->brake);
	r = httpc_send(a->lane->fwd->http, &a->request.http, on_answer, a, &a->http, &e);
	if (r) {
		gate_call_ended(a->site->gate);
		log_error("complaint %s: call not begun: %s", a->id, e.text);
		not_begun(a, "not-sent");
	}
}

/* --- may it still? --- */

/* A call that a person had sent again was stored the first time after all. */
static bool done_before(const struct attempt *a)
{
	const struct ledger *l = &a->lane->ledger;
	const char *which = *a->attachment ? a->attachment : NULL;
	char part[LEDGER_PART_SIZE];
	const struct slot *s;

	if (!l->earlier.n)
		return false;
	if (a->call == CALL_FOLLOWUP)
		which = ledger_part(a->version, a->part, part);
	s = ledger_slot(l, a->complaint, a->destination, a->call, which);
	return s && ledger_done_before(l, s);
}

/* Once more, after the look: what speaks against sending? */
static const char *against(const struct attempt *a)
{
	const struct lane *l = a->lane;
	const struct work *row = worklist_find(&l->work, a->complaint);

	if (l->lost || !lane_log_owned(l->log) || !attempt_ours(a))
		return "lane-lost";
	if (*l->trouble)
		return "inputs-unclear";
	if (!row || row->state != WORK_READY)
		return "not-ready-any-more";
	if (row->version != a->version)
		return "changed";
	if (row->destination != a->destination)
		return "destination-changed";
	if (done_before(a))
		return "done-before";
	if (site_stopped(a->site))
		return site_stopped(a->site);
	if (clock_mono_ms() - a->appended_ms > SEND_WITHIN_MS)
		return "too-late";
	return NULL;
}

static bool looked(struct attempt *a)
{
	const struct lane *l = a->lane;

	if (a->state != ATT_LOOKING || !a->ends_known ||
		l->position[IN_COMPLAINTS] < a->ends[IN_COMPLAINTS] ||
		l->position[IN_COMMANDS] < a->ends[IN_COMMANDS])
		return false;
	if (!a->looked_ms)
		a->looked_ms = clock_mono_ms();
	if (!a->prepared_ms)
		a->prepared_ms = MAX(a->looked_ms - a->appended_ms, 1);
	return true;
}

/* It is ready, and as many calls travel as may. What it saw is soon too old: then it looks again.
 */
static bool waits_for_turn(struct attempt *a)
{
	if (a->call == CALL_SHEET || a->page || dest_may_send(&a->site->gate->brake))
		return false;
	if (clock_mono_ms() - a->looked_ms > LOOK_FRESH_MS) {
		a->state = ATT_CONFIRMED;
		a->ends_known = false;
		a->looked_ms = 0;
	}
	return true;
}

void attempts_looked(struct lane *l)
{
	for (struct attempt *a = l->attempts, *next; a; a = next) {
		const char *why;

		next = a->next;
		if (!looked(a))
			continue;
		why = against(a);
		if (why)
			attempt_end(a, END_NOT_SENT, why);
		else if (!waits_for_turn(a))
			send_call(a);
	}
}

/* Another complaint's INTENT with one of its messages stands before it in the log. */
static bool told_elsewhere(const struct attempt *a)
{
	return ledger_conflict(&a->lane->ledger, a->told.sources, a->system, a->complaint) != NULL;
}

void attempt_intent_counted(struct attempt *a, bool current)
{
	struct lane *l = a->lane;
	uint8_t other[16];

	if (a->state != ATT_APPENDED)
		return; /* the lane was lost meanwhile: its end is told already */
	if (!current) {
		attempt_end(a, END_NOT_SENT, "lane-lost");
	} else if (a->unsendable) {
		attempt_end(a, END_REJECTED, a->unsendable);
	} else if (a->call == CALL_FOLLOWUP && told_elsewhere(a)) {
		attempt_end(a, END_NOT_SENT, "source-filed-meanwhile");
	} else if (call_creates(a->call) && filing_conflict(&l->ledger, a->snapshot, a->complaint,
						    a->destination, a->system, other)) {
		/* Another INTENT with one of its messages stands before it in the log. */
		attempt_end(a, END_NOT_SENT, "source-filed-meanwhile");
	} else {
		CRASH_POINT_OF("after-intent", call_kind_name(a->call), l->n_attempts);
		a->state = ATT_CONFIRMED;
		lane_soon(l);
	}
}
