/* intake_want: one attachment from its fetch to the report of its record.
 *
 * Guarantees: a record is produced only when its blob is durable, again until a report says it is
 * stored, and the attachment is settled by that report alone; a want under way outlives its lane
 * until then. Crash points: after-blob, after-produce, after-report.
 * Known gap: a record whose report failed may stand in the log twice; both say the same. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/daemon.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"

#include "intake_parts.h"
#include "paper.h"

#define PRODUCE_RETRY_MS 1000

/* Out of its lane's list; it may be called again. */
static void want_unlink(struct want *w)
{
	*w->at = w->next;
	if (w->next)
		w->next->at = w->at;
	w->next = NULL;
	w->at = &w->next;
}

static void want_free(struct want *w)
{
	if (w->fetch)
		fetch_drop(w->fetch);
	want_unlink(w);
	json_decref(w->record);
	free(w->attachment);
	free(w);
}

static void want_settled(struct want *w)
{
	struct intake *in = w->lane->in;

	book_set_done(&w->lane->book, w->message, w->index);
	w->m->open--;
	in->open--;
	want_free(w);
	daemon_progress();
	intake_commit(in, false);
}

/* The opaque of a record outlives a lane that is taken: it is freed with its report. */
void want_produce(struct want *w)
{
	struct intake *in = w->lane->in;
	_cleanup_free_ char *text = NULL;
	char key[PAPER_KEY_SIZE];
	struct err e = {0};
	size_t n;
	int r;

	paper_key(w->message, w->index, key);
	text = json_text(w->record, &n);
	r = kafka_produce(
		in->producer, in->media, w->lane->partition, key, strlen(key), text, n, w, &e);
	w->produced = r == 0;
	w->try_at_ms = clock_mono_ms() + PRODUCE_RETRY_MS;
	if (r < 0 && r != -ENOBUFS)
		log_error("topic %s: %s", in->media, e.text);
	if (r == 0)
		CRASH_POINT("after-produce", in->open);
}

void want_reported(void *ctx, void *opaque, const struct kafka_report *r)
{
	struct intake *in = ctx;
	struct want *w = opaque;

	w->produced = false;
	if (!w->lane) { /* taken meanwhile */
		want_free(w);
		return;
	}
	if (r->status) { /* it may be there; the same again is the same record */
		log_warn("topic %s: a record was not stored, it is sent again: %s", in->media,
			r->text ? r->text : "");
		return;
	}
	CRASH_POINT("after-report", in->open);
	metric_add(
		in->results, json_str_or(json_object_get(w->record, "attachment"), "state", ""), 1);
	log_outcome(w->id, json_str_or(json_object_get(w->record, "attachment"), "state", ""),
		(const char *const[]){"message", w->message, "reason",
			json_str_or(json_object_get(w->record, "attachment"), "reason", "-"),
			NULL});
	want_settled(w);
}

static void on_fetched(void *ctx, const struct fetch_result *r)
{
	struct want *w = ctx;
	bool stored = strcmp(r->state, "stored") == 0;
	struct paper p = {.message = w->message,
		.attachment = w->attachment,
		.index = w->index,
		.state = r->state,
		.reason = r->reason,
		.sha256 = stored ? r->sha256 : NULL,
		.mime = r->mime,
		.kind = r->kind,
		.bytes = r->bytes,
		.at_ms = clock_wall_ms(),
		.tries = r->tries};

	w->fetch = NULL;
	w->record = paper_make(&p, w->id);
	CRASH_POINT("after-blob", w->lane->in->open);
	want_produce(w);
}

void want_start(struct lane *l, struct book_message *m, const json_t *message, size_t index,
	const struct origin *o)
{
	const json_t *a = json_array_get(json_object_get(message, "attachments"), index);
	struct want *w = xcalloc(1, sizeof(*w));
	struct fetch_wish wish = {.origin = o,
		.id = json_str_or(a, "id", ""),
		.url = json_str(a, "url"),
		.mime = json_str(a, "mime")};

	if (time_parse(json_str_or(message, "received_at", ""), &wish.received_ms) < 0)
		wish.received_ms = clock_wall_ms();
	w->lane = l;
	w->m = m;
	w->index = index;
	w->received_ms = wish.received_ms;
	snprintf(w->message, sizeof(w->message), "%s", json_str_or(message, "id", ""));
	w->attachment = xstrdup(wish.id);
	w->next = l->wants;
	w->at = &l->wants;
	if (w->next)
		w->next->at = &w->next;
	l->wants = w;
	l->in->open++;
	w->fetch = fetch_start(l->in->c.fetcher, &wish, on_fetched, w);
}

void wants_leave(struct lane *l)
{
	struct want *next;

	for (struct want *w = l->wants; w; w = next) {
		next = w->next;
		l->in->open--;
		if (!w->produced) {
			want_free(w);
			continue;
		}
		w->lane = NULL; /* its report frees it */
		want_unlink(w);
	}
}
