/* attempt: one call's way from its INTENT to its outcome; the order of effects lives here.
 *
 *   APPENDED -> CONFIRMED -> LOOKING -> SENT -> (PROBING | VERIFYING) -> ENDED -> gone
 *
 * LOOKING lasts until a call may be sent (destination.h, places); a look that is older than
 * LOOK_FRESH_MS then is done again, so that what was appended meanwhile is seen.
 *
 * The end is known before it is written: ENDED keeps it until an entry of the log closes the slot.
 * Under the INTENT's own term it is written as done, rejected, not_sent or parked. When our term
 * was lost in between (an append failed, another takeover), those would be void: then the new term
 * writes what we know as `resolved` (filed, not_filed), or parks what nobody knows. A fenced or
 * stopping owner may only write done, rejected and not_sent; what is unclear is left to its
 * successor, which finds the INTENT without an outcome (FOREIGN), waits until the call cannot
 * travel any more and then verifies it, frees it (a call that may be repeated) or parks it.
 *
 * Crash points, each of every call it can be about: after-intent, before-send, first-byte-sent,
 * answer-read, probed, read-back, sheet-written, after-outcome.
 * Known gap: a sheet whose files stand on another machine's disk is parked, not handed. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "core/ids.h"

#include "forwarder.h"
#include "news.h"

#define ANSWER_KEPT_MAX	 (64 * 1024)
#define UPLOADS_MAX	 10 /* unclear ones in a row of one file, while others pass: it is the file */
#define UPLOADS_SPAN_MS	 (10 * 60 * 1000)
#define READ_BACK_MIN_MS 2000
#define PAGE_MAX	 (4 << 20)
#define LOOK_FRESH_MS	 20 /* a look may be so old when its call is sent */

/* --- life --- */

static struct attempt *attempt_new(struct lane *l, struct site *s, const uint8_t complaint[16])
{
	struct attempt *a = xcalloc(1, sizeof *a), **at = &l->attempts;

	a->lane = l;
	a->site = s;
	memcpy(a->complaint, complaint, sizeof a->complaint);
	uuid_format(complaint, a->id);
	if (ticket_of(a->id, a->ticket))
		abort(); /* it has just been made from 16 bytes */
	if (s) {
		a->destination = s->name;
		a->system = s->system;
	}
	while (*at)
		at = &(*at)->next;
	*at = a;
	l->n_attempts++;
	return a;
}

static void leave_place(struct attempt *a)
{
	if (a->place) {
		dest_ended(&a->site->gate->brake);
		gate_next(a->site->gate);
	}
	a->place = false;
}

static void attempt_drop(struct attempt *a)
{
	struct attempt **at = &a->lane->attempts;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	a->lane->n_attempts--;
	if (a->http) {
		if (a->state == ATT_SENT)
			gate_call_ended(a->site->gate);
		httpc_cancel(a->http);
	}
	leave_place(a);
	profile_request_clear(&a->request);
	told_clear(&a->told);
	free(a->page);
	json_decref(a->snapshot);
	free(a);
}

/* Gone, and the complaint may go on. */
static void attempt_gone(struct attempt *a, bool front)
{
	struct lane *l = a->lane;
	uint8_t complaint[16];
	bool held = a->holds_row;

	memcpy(complaint, a->complaint, sizeof complaint);
	attempt_drop(a);
	lane_requeue(l, complaint, held, front);
	lane_soon(l);
}

void attempts_free(struct lane *l)
{
	while (l->attempts)
		attempt_drop(l->attempts);
}

struct attempt *attempt_of_intent(const struct lane *l, const struct lane_key *k)
{
	for (struct attempt *a = l->attempts; a; a = a->next)
		if (a->intent.term == k->term && a->intent.n == k->n && k->n)
			return a;
	return NULL;
}

struct attempt *attempt_of_refusal(const struct lane *l, const uint8_t complaint[16])
{
	for (struct attempt *a = l->attempts; a; a = a->next)
		if (a->state == ATT_REFUSING && memcmp(a->complaint, complaint, 16) == 0)
			return a;
	return NULL;
}

static struct submission_head head_of(const struct attempt *a)
{
	struct submission_head h = {.version = a->version,
		.destination = a->lane->ledger.names[a->destination],
		.system = a->lane->ledger.names[a->system],
		.call = a->call,
		.attempt = a->number,
		.attachment = *a->attachment ? a->attachment : NULL,
		.part = a->part};

	memcpy(h.complaint, a->complaint, sizeof h.complaint);
	return h;
}

static bool once_only(const struct attempt *a)
{
	const struct profile *p = a->site->ep->profile;

	return a->call == CALL_SHEET || profile_call(p, a->call)->repeat == CALL_ONCE;
}

static bool ours(const struct attempt *a)
{
	return a->intent.term == lane_log_term(a->lane->log);
}

/* --- the end --- */

static const struct {
	const char *own;   /* kind under the INTENT's own term */
	const char *later; /* resolution under a later one; NULL: the kind itself */
} ends[] = {
	[END_DONE] = {"done", "filed"},
	[END_REJECTED] = {"rejected", "not_filed"},
	[END_NOT_SENT] = {"not_sent", "not_filed"},
	[END_PARKED] = {"parked", NULL},
	[END_HANDED] = {"handed", NULL},
};

static json_t *end_body(const struct attempt *a, bool resolve)
{
	struct submission_head h = head_of(a);
	char number[24];

	if (!resolve)
		return submission_outcome(&h, &a->intent, &a->result);
	snprintf(number, sizeof number, "%" PRIu64, a->result.remote_id);
	return submission_resolved(&h, &a->intent, ends[a->end].later,
		a->result.remote_id ? number : NULL, a->result.reason, NULL);
}

/* Writes the end, now or when it may. */
static void append_end(struct attempt *a)
{
	bool own = ours(a), resolve = !own && ends[a->end].later;
	const char *kind = resolve ? "resolved" : ends[a->end].own;
	struct lane *l = a->lane;
	struct err e = {0};
	int r;

	if (a->appended || (!l->lost && !lane_log_owned(l->log)))
		return; /* owned() comes back to it */
	if (l->lost && (!own || !lane_kind_is_outcome(kind)))
		return; /* the successor's */
	r = lane_append(l->log, kind, end_body(a, resolve), NULL, &e);
	a->appended = !r;
	if (r && r != -EAGAIN && r != -ENOBUFS)
		log_error("complaint %s: outcome not written: %s", a->id, e.text);
}

static void attempt_end(struct attempt *a, enum attempt_end end, const char *reason)
{
	a->state = ATT_ENDED;
	a->end = end;
	a->result.reason = reason;
	profile_request_clear(&a->request);
	stats_end(a);
	if (a->place && dest_in_stride(&a->site->gate->brake))
		leave_place(a); /* its outcome needs none */
	if (end == END_NOT_SENT && a->created_s)
		dest_forget_create(&a->site->gate->brake, a->lane->number, a->created_s);
	a->created_s = 0;
	append_end(a);
	lane_soon(a->lane);
}

void attempt_ended_counted(struct attempt *a)
{
	CRASH_POINT_OF("after-outcome", call_kind_name(a->call), a->lane->n_attempts);
	/* Others get their turn before the same one is tried again. */
	attempt_gone(a, a->end != END_NOT_SENT);
}

void attempt_refused_counted(struct attempt *a)
{
	attempt_gone(a, true);
}

static enum attempt_end end_of(enum record_fate f)
{
	switch (f) {
	case RECORD_DONE:
		return END_DONE;
	case RECORD_REJECT:
		return END_REJECTED;
	case RECORD_RETRY:
		return END_NOT_SENT;
	default:
		return END_PARKED;
	}
}

/* --- verification --- */

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
	gate_fate(a->site->gate, once_only(a), &o, NULL);
	attempt_end(a, end_of(o.record), o.reason);
}

static void verify(struct attempt *a)
{
	struct profile_input in = site_input(a->site, a->snapshot);
	const struct profile *p = a->site->ep->profile;
	struct err e = {0};
	int r;

	a->state = ATT_VERIFYING;
	leave_place(a); /* reads are no filings, and this one may take long */
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
	gate_fate(a->site->gate, once_only(a), &o, NULL);
	attempt_end(a, end_of(o.record), o.reason);
}

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
	gate_fate(a->site->gate, once_only(a), &o, answer);
	if (o.record == RECORD_VERIFY) {
		verify(a);
	} else if (o.record == RECORD_PROBE) {
		a->state = ATT_PROBING;
		gate_probe(a->site->gate);
	} else {
		if (o.record != RECORD_DONE)
			a->result.remote_id = 0;
		attempt_end(a, end_of(o.record), o.reason);
	}
}

/* --- sending --- */

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
		struct outcome o = {
			VERDICT_NOT_SENT, RECORD_RETRY, DESTINATION_BACK_OFF, "sheet-not-written"};

		log_error("complaint %s: no sheet: %s", a->id, e.text);
		/* Half of it may lie there: nothing an officer was told of. */
		gate_fate(a->site->gate, once_only(a), &o, NULL);
		attempt_end(a, END_NOT_SENT, o.reason);
		return;
	}
	CRASH_POINT_OF("sheet-written", call_kind_name(a->call), a->lane->n_attempts);
	gate_success(a->site->gate, once_only(a));
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
	a->request.http.first_byte = on_first_byte;
	a->site->gate->brake.sent++;
	r = httpc_send(a->lane->fwd->http, &a->request.http, on_answer, a, &a->http, &e);
	if (r) {
		struct outcome o = {
			VERDICT_NOT_SENT, RECORD_RETRY, DESTINATION_BACK_OFF, "not-sent"};

		gate_call_ended(a->site->gate);
		log_error("complaint %s: call not begun: %s", a->id, e.text);
		gate_fate(a->site->gate, once_only(a), &o, NULL);
		attempt_end(a, END_NOT_SENT, o.reason);
	}
}

/* Once more, after the look: what speaks against sending? */
static const char *against(const struct attempt *a)
{
	const struct lane *l = a->lane;
	const struct work *row = worklist_find(&l->work, a->complaint);

	if (l->lost || !lane_log_owned(l->log) || !ours(a))
		return "lane-lost";
	if (*l->trouble)
		return "inputs-unclear";
	if (!row || row->state != WORK_READY)
		return "not-ready-any-more";
	if (row->version != a->version)
		return "changed";
	if (row->destination != a->destination)
		return "destination-changed";
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

/* --- beginning --- */

static const char *no_request(struct attempt *a, int rc, const struct err *e)
{
	log_warn("complaint %s: %s cannot be made: %s", a->id, call_kind_name(a->call), e->text);
	return rc == -ENOENT ? "attachment-gone" : "cannot-be-expressed";
}

static struct filing_view view_of(const struct attempt *a)
{
	struct filing_view v = {.ledger = &a->lane->ledger,
		.profile = a->site->ep->profile,
		.complaint = a->snapshot,
		.version = a->version,
		.destination = a->destination,
		.system = a->system};

	memcpy(v.id, a->complaint, sizeof v.id);
	return v;
}

static void request(struct attempt *a, const struct profile_input *in)
{
	struct err e = {0};
	int r = profile_request(a->site->ep->profile, a->call, in, &a->request, &e);

	if (r)
		a->unsendable = no_request(a, r, &e);
}

static void make_create(struct attempt *a)
{
	struct profile_file files[FILING_FILES_MAX];
	struct profile_input in = site_input(a->site, a->snapshot);
	struct filing_view v = view_of(a);

	in.files = files;
	in.n_files = filing_files(&v, files);
	request(a, &in);
	told_by_create(a->snapshot, &a->request.told, files, in.n_files, &a->told);
}

/* Files whose bytes are gone are told of, the others sent. */
static void sift_files(const struct attempt *a, struct news *n)
{
	size_t i = 0;

	while (i < n->is.n_files) {
		_cleanup_close_ int fd = -1;
		struct err e = {0};
		int64_t bytes;
		int r = blob_open_fd(a->lane->fwd->blobs, json_str_or(n->files[i], "sha256", ""),
			&fd, &bytes, &e);

		if (r != -ENOENT && r != -EBADMSG) {
			i++;
			continue;
		}
		log_warn("complaint %s: a file of its follow-up is gone: %s", a->id, e.text);
		news_file_gone(n, i);
	}
}

/* Without a call for it an officer tells it. */
static void make_page(struct attempt *a, const struct profile_input *in)
{
	_cleanup_buf_ struct buf page = BUF_INIT(PAGE_MAX);
	char attempt[LANE_KEY_SIZE];
	struct err e = {0};
	int r;

	lane_key_format(a->intent.term, a->intent.n, attempt);
	r = profile_news_html(a->site->ep->profile, in, attempt, &page, &e);
	if (r) {
		a->unsendable = no_request(a, r, &e);
		return;
	}
	sha256_hex(page.data, page.len, a->request.content_sha256);
	a->page = buf_take(&page);
}

static void make_follow_up(struct attempt *a, const struct filing_step *step)
{
	struct profile_input in = site_input(a->site, a->snapshot);
	struct filing_view v = view_of(a);
	struct news *n = xcalloc(1, sizeof *n);

	news_of(&v, n);
	sift_files(a, n);
	n->is.part = step->part;
	in.news = &n->is;
	in.remote_id = step->remote_id;
	if (profile_call(a->site->ep->profile, CALL_FOLLOWUP)->present) {
		request(a, &in);
	} else {
		make_page(a, &in);
		a->request.told =
			(struct profile_told){.pieces = n->is.n_pieces, .files = n->is.n_files};
	}
	told_by_news(n, &a->request.told, &a->told);
	free(n);
}

static void make_request(struct attempt *a, const struct filing_step *step)
{
	struct profile_input in = site_input(a->site, a->snapshot);

	if (a->call == CALL_SHEET) {
		told_by_sheet(a->snapshot, &a->told);
	} else if (a->call == CALL_CREATE) {
		make_create(a);
	} else if (a->call == CALL_FOLLOWUP) {
		make_follow_up(a, step);
	} else {
		in.remote_id = step->remote_id;
		in.attachment = step->attachment;
		request(a, &in);
	}
}

static const char *content_hash(const struct attempt *a)
{
	if (a->unsendable)
		return NULL;
	return a->call == CALL_SHEET ? json_str(a->snapshot, "content_hash")
				     : a->request.content_sha256;
}

int attempt_start(struct site *s, uint32_t index, const json_t *snapshot,
	const struct filing_step *step, struct err *e)
{
	const struct work *row = worklist_at(&s->lane->work, index);
	struct attempt *a = attempt_new(s->lane, s, row->id);
	struct submission_head h;
	int r;

	a->version = row->version;
	a->call = step->call;
	a->number = step->attempt;
	a->remote_id = step->remote_id;
	a->part = step->part;
	a->snapshot = json_incref((json_t *)(uintptr_t)snapshot);
	if (step->attachment)
		snprintf(a->attachment, sizeof a->attachment, "%s",
			json_str_or(step->attachment, "sha256", ""));
	r = lane_log_next_key(s->lane->log, &a->intent)
		    ? 0
		    : err_set(e, -EAGAIN, "the lane is not owned");
	if (!r) {
		make_request(a, step);
		h = head_of(a);
		r = lane_append(s->lane->log, "intent",
			submission_intent(&h, &a->told, content_hash(a)), NULL, e);
	}
	if (r) {
		attempt_drop(a);
		return r;
	}
	a->holds_row = true;
	a->place = true;
	dest_started(&s->gate->brake, s->lane->number);
	a->appended_ms = clock_mono_ms();
	if (call_creates(a->call)) {
		a->created_s = (uint32_t)(clock_wall_ms() / 1000);
		dest_note_create(&s->gate->brake, s->lane->number, a->created_s);
	}
	return 0;
}

int attempt_refuse(struct site *s, uint32_t index, const struct filing_step *step, struct err *e)
{
	const struct work *row = worklist_at(&s->lane->work, index);
	struct attempt *a = attempt_new(s->lane, s, row->id);
	struct submission_head h;
	int r;

	a->state = ATT_REFUSING;
	a->version = row->version;
	a->call = step->call;
	a->number = step->attempt;
	h = head_of(a);
	r = lane_append(
		s->lane->log, "refused", submission_refused(&h, step->other, step->why), NULL, e);
	if (r) {
		attempt_drop(a);
		return r;
	}
	a->holds_row = true;
	return 0;
}

/* --- another writer's INTENT --- */

static void add_foreign(struct lane *l, struct slot *s)
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
	log_notice("complaint %s: INTENT %s of another writer has no outcome; waiting until its "
		   "call cannot travel any more",
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

static void foreign_due(struct attempt *a)
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
		verify(a);
	else if (repeat != CALL_VERIFIABLE || foreign_snapshot(a))
		attempt_end(a, END_PARKED, "no-outcome");
}

/* --- words of the lane, and time --- */

void attempts_tick(struct lane *l)
{
	int64_t now = clock_mono_ms();

	for (struct attempt *a = l->attempts, *next; a; a = next) {
		next = a->next;
		if (a->state == ATT_ENDED)
			append_end(a);
		else if ((a->state == ATT_CONFIRMED || a->state == ATT_LOOKING) &&
			 now - a->appended_ms > SEND_WITHIN_MS) {
			dest_slow(&a->site->gate->brake);
			attempt_end(a, END_NOT_SENT, "too-late");
		} else if (a->state == ATT_FOREIGN && now >= a->due_ms && lane_may_file(l))
			foreign_due(a);
		else if (a->state == ATT_VERIFYING && !a->http && now >= a->due_ms && !l->lost)
			verify(a);
	}
}

void attempts_owned(struct lane *l)
{
	for (struct attempt *a = l->attempts, *next; a; a = next) {
		next = a->next;
		if (a->state == ATT_APPENDED) { /* it never came into the log */
			if (a->created_s)
				dest_forget_create(
					&a->site->gate->brake, a->lane->number, a->created_s);
			attempt_gone(a, true);
		} else if (a->state == ATT_REFUSING) {
			attempt_gone(a, true);
		} else if (a->state == ATT_CONFIRMED || a->state == ATT_LOOKING) {
			attempt_end(a, END_NOT_SENT, "lane-lost");
		} else if (a->state == ATT_ENDED) {
			a->appended = false;
			append_end(a);
		}
	}
	for (uint32_t i = 0; i < l->ledger.slots.n; i++) {
		struct slot *s = idmap_at(&l->ledger.slots, i);
		struct lane_key k = {s->term, s->n};

		if (s->state == SLOT_INTENT && !attempt_of_intent(l, &k))
			add_foreign(l, s);
	}
}

void attempts_lost(struct lane *l)
{
	for (struct attempt *a = l->attempts, *next; a; a = next) {
		next = a->next;
		if (a->state == ATT_APPENDED || a->state == ATT_CONFIRMED ||
			a->state == ATT_LOOKING)
			attempt_end(a, END_NOT_SENT, "lane-lost");
		else if (a->state == ATT_ENDED)
			append_end(a);
		else if (a->state == ATT_FOREIGN || a->state == ATT_REFUSING)
			attempt_drop(a);
	}
}

bool attempts_travelling(const struct lane *l)
{
	for (const struct attempt *a = l->attempts; a; a = a->next)
		if (a->state == ATT_SENT || a->state == ATT_PROBING ||
			(a->state == ATT_VERIFYING && a->http))
			return true;
	return false;
}
