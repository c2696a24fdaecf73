/* status: the state of filed reports and what agencies wrote back, read again and again until the
 * report is at its end.
 *
 *   due (follow.h) -> report read -> pages of follow-ups read -> anything new? -> texts into the
 *   blob store -> one `status` record -> confirmed -> remembered (the ledger's fold)
 *
 * One read at a time for each destination, over all lanes of this process, the longest unread
 * report first. Only the owner of a lane reads for it. A record is written for a change only: the
 * status is another one, or there are follow-ups with a higher number than any in the log. Dying
 * anywhere repeats the read; a second record of the same is void by the ledger's fold. Reads are
 * no filings: they use none of the brakes and set none; what they learn of a destination's health
 * only makes the reads wait.
 *
 * Crash points: status-read, status-appended, after-status.
 * Known gaps: a follow-up that is put behind a report after its end is not read any more, nor one
 * with a lower number than one read before; one unknown word after another is one change; a report
 * whose number an officer typed from a sheet is followed only if his destination is one of HTTP. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/followups.h"
#include "core/ids.h"

#include "forwarder.h"

#define TICK_MS	    200
#define PAGES_MAX   20 /* of one report in one read */
#define ANSWERS_MAX 20 /* in one record; more follow at once */
#define SOON_S	    60 /* the log did not take a record; a hand-over was taken */

enum step { STEP_NONE, STEP_REPORT, STEP_PAGE_DUE, STEP_PAGE, STEP_APPENDED };

struct answer { /* a follow-up that is news */
	uint64_t id;
	int64_t at_ms;
	char code[FOLLOWUP_CODE_SIZE];
	json_t *content;
};

struct watch { /* a destination; one report under way at most */
	struct status *status;
	const struct endpoint *ep;
	const char *name;
	struct follow_gate gate;
	enum step step;
	struct site *site; /* of the lane it is read for */
	uint32_t slot;
	char id[UUID_TEXT_SIZE], ticket[TICKET_TEXT_SIZE];
	struct profile_request request;
	struct httpc_call *http;
	unsigned page;
	enum report_status found;
	char word[PROFILE_WORD_SIZE];
	struct answer answers[ANSWERS_MAX]; /* the lowest numbers, rising */
	size_t n_answers;
	bool more;    /* than fit into one record */
	json_t *seen; /* numbers of this read: pages that go round are noticed */
};

struct status {
	struct forwarder *fwd;
	struct watch *watches; /* one per endpoint */
	struct loop_timer *tick;
	struct metric *reads, *open, *late, *not_shown;
};

static const char *const results[] = {"same", "changed", "missing", "failed", "not_written", NULL};

static uint64_t dice(void)
{
	uint64_t r;

	random_bytes(&r, sizeof r);
	return r;
}

static uint32_t now_s(void)
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

static struct follow_queue *queue_of(const struct watch *w, struct lane *l)
{
	return &l->sites[w - w->status->watches].follow;
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
		(void)follow_put(queue_of(w, l), w->slot, due_s);
}

static void finish(struct watch *w, const char *result, uint32_t due_s)
{
	metric_add(w->status->reads, result, 1);
	again(w, due_s);
	clear(w);
}

static void went_well(struct watch *w, const char *result)
{
	follow_gate_good(&w->gate);
	finish(w, result, follow_next_due(now_s(), every_s(w), true, dice()));
}

static void failed(struct watch *w, const struct httpc_answer *a, const char *what)
{
	int64_t wait_ms = 0;

	if (a && retry_after_parse(a->retry_after, clock_wall_ms(), &wait_ms))
		wait_ms = 0;
	log_warn("destination %s: the status of complaint %s is not read: %s (http %ld, curl %d)",
		w->name, w->id, what, a ? a->status : 0, a ? a->curl : 0);
	follow_gate_failed(&w->gate, clock_mono_ms(), wait_ms, dice());
	finish(w, "failed", follow_next_due(now_s(), every_s(w), false, dice()));
}

/* --- what is new is written --- */

static int keep_text(struct watch *w, const struct answer *a, json_t *list, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	char sha256[SHA256_HEX_SIZE], id[24], at[TIME_TEXT_SIZE];
	size_t n;
	json_t *o;
	int r;

	text = json_text(a->content, &n);
	r = blob_put(w->status->fwd->blobs, text, n, sha256, e);
	if (r)
		return r;
	o = json_object();
	snprintf(id, sizeof id, "%" PRIu64, a->id);
	json_set_str(o, "id", id);
	if (a->at_ms) {
		time_format(a->at_ms, at);
		json_set_str(o, "at", at);
	}
	if (*a->code)
		json_set_str(o, "template", a->code);
	json_set_str(o, "sha256", sha256);
	json_array_append_new(list, o);
	return 0;
}

static int append(struct watch *w, struct err *e)
{
	struct lane *l = w->site->lane;
	const struct slot *s = idmap_at(&l->ledger.slots, w->slot);
	struct submission_head h = submission_head_of(&l->ledger, s, NULL);
	_cleanup_json_ json_t *answers = json_array();
	struct submission_status status = {.remote_id = s->remote_id,
		.status = w->found,
		.name = *w->word ? w->word : NULL,
		.answers = answers};
	int r = 0;

	for (size_t i = 0; !r && i < w->n_answers; i++)
		r = keep_text(w, &w->answers[i], answers, e);
	return r ? r : lane_append(l->log, "status", submission_status(&h, &status), NULL, e);
}

static void whole(struct watch *w)
{
	struct lane *l = w->site->lane;
	const struct slot *s = idmap_at(&l->ledger.slots, w->slot);
	struct err e = {0};

	CRASH_POINT("status-read", 1);
	if (w->found == (enum report_status)s->status && !w->n_answers) {
		went_well(w, "same");
		return;
	}
	if (append(w, &e)) {
		log_warn("complaint %s: its status is not written now: %s", w->id, e.text);
		finish(w, "not_written", now_s() + SOON_S);
		return;
	}
	w->step = STEP_APPENDED;
	CRASH_POINT("status-appended", 1);
}

static void tell(const struct watch *w)
{
	char n[16];

	snprintf(n, sizeof n, "%zu", w->n_answers);
	log_outcome(w->id, "status",
		(const char *const[]){"destination", w->name, "status",
			report_status_name(w->found), "word", *w->word ? w->word : "-", "answers",
			n, NULL});
	if (w->found == REPORT_MISSING)
		log_error("complaint %s was filed at %s and is not there any more (404): look "
			  "there for its ticket",
			w->id, w->name);
	if (w->found == REPORT_UNKNOWN)
		log_warn("destination %s: the status \"%s\" is none of its profile's; add it to "
			 "status.map",
			w->name, w->word);
}

static void counted(struct watch *w)
{
	CRASH_POINT("after-status", 1);
	tell(w);
	follow_gate_good(&w->gate);
	if (w->more)
		finish(w, "changed", now_s());
	else
		went_well(w, w->found == REPORT_MISSING ? "missing" : "changed");
}

/* --- reading --- */

/* The lane is not ours any more, or a person stopped the destination: nothing is sent. */
static bool may_go_on(const struct watch *w)
{
	return lane_may_file(w->site->lane) && !acts_pause_waits(w->site->lane, w->name) &&
	       !follow_stopped(&w->site->gate->brake, &w->site->word, clock_mono_ms());
}

static void send_read(struct watch *w, enum profile_read read, httpc_done_fn *done)
{
	struct profile_input in = site_input(w->site, NULL);
	const struct slot *s = idmap_at(&w->site->lane->ledger.slots, w->slot);
	struct err e = {0};
	int r;

	in.remote_id = s->remote_id;
	in.page = w->page;
	profile_request_clear(&w->request);
	r = profile_read_request(w->ep->profile, read, &in, &w->request, &e);
	if (!r)
		r = httpc_send(w->status->fwd->http, &w->request.http, done, w, &w->http, &e);
	if (r) {
		failed(w, NULL, e.text);
		return;
	}
	w->step = read == READ_REPORT ? STEP_REPORT : STEP_PAGE;
	follow_gate_sent(&w->gate, clock_mono_ms(), (int)w->ep->conf->status_per_minute);
}

/* Into its place among the lowest; what does not fit any more comes with the next read. */
static void add_answer(struct watch *w, const struct followup *f)
{
	size_t i = w->n_answers;

	while (i && w->answers[i - 1].id > f->id)
		i--;
	w->more |= w->n_answers == ANSWERS_MAX;
	if (i == ANSWERS_MAX)
		return;
	if (w->n_answers == ANSWERS_MAX)
		json_decref(w->answers[--w->n_answers].content);
	memmove(&w->answers[i + 1], &w->answers[i], (w->n_answers - i) * sizeof *w->answers);
	w->answers[i] =
		(struct answer){.id = f->id, .at_ms = f->at_ms, .content = json_incref(f->content)};
	snprintf(w->answers[i].code, sizeof w->answers[i].code, "%s", f->code);
	w->n_answers++;
}

/* How many of the page were not seen before in this read. */
static size_t take_page(struct watch *w, const struct followups *page)
{
	const struct ledger *l = &w->site->lane->ledger;
	uint64_t last = ledger_last_answer(l, idmap_at(&l->slots, w->slot));
	size_t fresh = 0;

	for (size_t i = 0; i < page->n; i++) {
		const struct followup *f = &page->v[i];
		char id[24];

		snprintf(id, sizeof id, "%" PRIu64, f->id);
		if (json_object_get(w->seen, id))
			continue;
		json_object_set_new(w->seen, id, json_true());
		fresh++;
		if (f->id > last && !f->ours)
			add_answer(w, f);
	}
	if (page->unusable)
		log_warn("destination %s: complaint %s: %zu follow-ups without a usable number",
			w->name, w->id, page->unusable);
	return fresh;
}

static void on_page(void *ctx, const struct httpc_answer *answer)
{
	struct watch *w = ctx;
	struct followups page;
	struct err e = {0};
	size_t fresh;
	bool more;

	w->http = NULL;
	daemon_progress();
	if (followups_parse(w->ep->profile, answer, w->ticket, &page, &e)) {
		followups_clear(&page);
		failed(w, answer, e.text);
		return;
	}
	fresh = take_page(w, &page);
	more = page.more;
	followups_clear(&page);
	if (more && (!fresh || w->page == PAGES_MAX)) {
		log_warn("destination %s: complaint %s: %s; the rest of its follow-ups is not read",
			w->name, w->id,
			fresh ? "more than 20 pages"
			      : "a page shows nothing new and names a next one");
		more = false;
	}
	if (more) {
		w->page++;
		w->step = STEP_PAGE_DUE;
	} else {
		whole(w);
	}
}

/* A 404: that report is gone, or its place is. */
static void not_there(struct watch *w, const struct httpc_answer *answer)
{
	const struct slot *s = idmap_at(&w->site->lane->ledger.slots, w->slot);

	if (s->status == REPORT_MISSING) { /* no news */
		went_well(w, "missing");
		return;
	}
	if (!follow_gate_gone(&w->gate)) {
		failed(w, answer,
			"one report after the other is not there; did reads.report move?");
		return;
	}
	w->found = REPORT_MISSING;
	*w->word = '\0';
	whole(w);
}

/* The hand-over was taken, and the report is still with us: the call may mean something else than
 * we think, or somebody sent it back. A person looks; it is never handed over again by itself. */
static void look_at_handover(struct watch *w, const struct httpc_answer *answer)
{
	const struct ledger *l = &w->site->lane->ledger;
	const struct slot *filing = idmap_at(&l->slots, w->slot);
	const struct slot *h =
		ledger_slot(l, filing->complaint, filing->destination, CALL_HANDOVER, NULL);

	if (!h || h->state != SLOT_DONE ||
		!profile_shows_own(w->ep->profile, answer, &w->ep->conf->settings))
		return;
	metric_add(w->status->not_shown, w->name, 1);
	log_error(
		"complaint %s was handed over at %s (2xx), and its report is still shown with our "
		"own institution: look there, and hand it over by hand",
		w->id, w->name);
}

static void on_report(void *ctx, const struct httpc_answer *answer)
{
	struct watch *w = ctx;

	w->http = NULL;
	daemon_progress();
	if (answer->curl == CURLE_OK && answer->status == 404) {
		not_there(w, answer);
		return;
	}
	w->found = profile_report_status(w->ep->profile, answer, w->word);
	if (w->found == REPORT_NONE) {
		failed(w, answer, "no answer that shows one");
		return;
	}
	follow_gate_shown(&w->gate);
	look_at_handover(w, answer);
	if (!profile_read(w->ep->profile, READ_FOLLOWUPS)->present) {
		whole(w);
		return;
	}
	w->page = 1;
	w->seen = json_object();
	w->step = STEP_PAGE_DUE;
}

/* --- what is due --- */

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

		if (!first_row(&s->follow, l, &row) || row.due_s > now_s())
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
	w->page = 0;
	send_read(w, READ_REPORT, on_report);
}

/* Stopped between two pages, for who knows how long: read anew later, other lanes go on. */
static void put_back(struct watch *w)
{
	again(w, now_s());
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
			send_read(w, READ_FOLLOWUPS, on_page);
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
				follow_start_due(now_s(), wall_s - s->at_s, every_s(w), dice()));
	}
}

/* A hand-over was taken: soon a read shows whether the report went. */
static void handed_over(struct lane *l, struct watch *w, struct site *site, const struct slot *h)
{
	const struct slot *filing = ledger_filing(&l->ledger, h->complaint, h->destination);

	if (filing && followed(w->ep) &&
		profile_call(w->ep->profile, CALL_HANDOVER)->verify_success)
		(void)follow_hurry(
			&site->follow, idmap_index(&l->ledger.slots, filing), now_s() + SOON_S);
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
			counted(w);
		return; /* else: it is void, or counts, soon; see status_void */
	}
	if (w->site == site && w->slot == slot && w->step != STEP_NONE)
		clear(w); /* what is being read may be of another number */
	if (follow_wants(s) && followed(w->ep)) {
		(void)follow_put(
			&site->follow, slot, follow_start_due(now_s(), 0, every_s(w), dice()));
	}
}

void status_void(struct lane *l)
{
	for (size_t i = 0; i < l->fwd->n_endpoints; i++) {
		struct watch *w = &l->fwd->status->watches[i];

		if (w->site && w->site->lane == l && w->step == STEP_APPENDED)
			finish(w, "not_written", now_s() + SOON_S);
	}
}

/* --- what a person sees --- */

void status_show(struct forwarder *f)
{
	struct status *st = f->status;

	for (size_t i = 0; i < f->n_endpoints; i++) {
		uint32_t oldest = now_s(), now = oldest;
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
