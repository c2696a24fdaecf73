/* status_record: what a read found, as a record of the log.
 *
 * A record is written for a change only: the status is another one, or there are follow-ups with a
 * higher number than any in the log. Their texts lie in the blob store before it names them. Dying
 * anywhere repeats the read; a second record of the same is void by the ledger's fold.
 *
 * Crash points: status-read, status-appended, after-status.
 * Known gap: one unknown word after another is one change. */
#include <inttypes.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"

#include "status.h"

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

void watch_whole(struct watch *w)
{
	struct lane *l = w->site->lane;
	const struct slot *s = idmap_at(&l->ledger.slots, w->slot);
	struct err e = {0};

	CRASH_POINT("status-read", 1);
	if (w->found == (enum report_status)s->status && !w->n_answers) {
		watch_went_well(w, "same");
		return;
	}
	if (append(w, &e)) {
		log_warn("complaint %s: its status is not written now: %s", w->id, e.text);
		watch_finish(w, "not_written", watch_now_s() + STATUS_SOON_S);
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

void watch_counted(struct watch *w)
{
	CRASH_POINT("after-status", 1);
	tell(w);
	follow_gate_good(&w->gate);
	if (w->more)
		watch_finish(w, "changed", watch_now_s());
	else
		watch_went_well(w, w->found == REPORT_MISSING ? "missing" : "changed");
}
