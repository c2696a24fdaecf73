/* status_read: one read of a report: its status, then the pages of its follow-ups.
 *
 * Guarantees: of what stands behind a report the lowest numbers above the last that is in the log
 * are kept, at most ANSWERS_MAX, and `more` says whether there are further ones; pages that go
 * round, or go on for ever, end the read. Nothing is written here.
 * Known gap: a follow-up with a lower number than one that is in the log is not noticed. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"

#include "status.h"

#define PAGES_MAX 20 /* of one report in one read */

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
		watch_failed(w, NULL, e.text);
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
		watch_failed(w, answer, e.text);
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
		watch_whole(w);
	}
}

/* A 404: that report is gone, or its place is. */
static void not_there(struct watch *w, const struct httpc_answer *answer)
{
	const struct slot *s = idmap_at(&w->site->lane->ledger.slots, w->slot);

	if (s->status == REPORT_MISSING) { /* no news */
		watch_went_well(w, "missing");
		return;
	}
	if (!follow_gate_gone(&w->gate)) {
		watch_failed(w, answer,
			"one report after the other is not there; did reads.report move?");
		return;
	}
	w->found = REPORT_MISSING;
	*w->word = '\0';
	watch_whole(w);
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
		watch_failed(w, answer, "no answer that shows one");
		return;
	}
	follow_gate_shown(&w->gate);
	look_at_handover(w, answer);
	if (!profile_read(w->ep->profile, READ_FOLLOWUPS)->present) {
		watch_whole(w);
		return;
	}
	w->page = 1;
	w->seen = json_object();
	w->step = STEP_PAGE_DUE;
}

void watch_read_report(struct watch *w)
{
	w->page = 0;
	send_read(w, READ_REPORT, on_report);
}

void watch_read_page(struct watch *w)
{
	send_read(w, READ_FOLLOWUPS, on_page);
}
