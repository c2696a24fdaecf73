/* webhook: see webhook.h.
 *
 * A `delivery` is one body under way. It lives until its last report came, also after it was
 * answered 503: reports of its messages may still arrive then. */
#include <errno.h>
#include <string.h>

#include "base/crash.h"
#include "base/daemon.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/blob.h"
#include "core/meta_webhook.h"
#include "core/webhook.h"

#define RETRY_S	      2
#define CHALLENGE_MAX 256
#define NOTES_STEP    64

struct webhook {
	struct source *source;
	struct webhook_conf c;
	struct delivery *deliveries;
	long open; /* deliveries without an answer */
	struct metric *answers;
};

struct delivery {
	struct delivery *prev, *next;
	struct webhook *w;
	struct httpd_request *request; /* NULL: answered */
	struct loop_timer *deadline;
	const char *body;
	size_t len;
	char blob[SHA256_HEX_SIZE]; /* "": one message, inline */
	long waiting;		    /* messages without a report */
	void **notes;		    /* of each message, by its number; ours only with c.note */
	uint64_t n;
	bool failed;
};

static const char *const answer_labels[] = {
	"200", "400", "401", "403", "404", "405", "408", "411", "413", "414", "431", "503", NULL};

/* --- answering --- */

static void count(struct webhook *w, int status)
{
	char label[16];

	snprintf(label, sizeof(label), "%d", status);
	metric_add(w->answers, label, 1);
	daemon_progress();
}

void webhook_refused(struct webhook *w, int status)
{
	if (status == 413)
		log_warn("a body over %d MiB was refused", META_BODY_MAX >> 20);
	count(w, status);
}

static void answer(
	struct webhook *w, struct httpd_request *r, int status, const char *text, int retry_after_s)
{
	count(w, status);
	httpd_reply(r, status, "text/plain", text, strlen(text), retry_after_s);
}

static void answer_delivery(struct delivery *d, bool accepted)
{
	if (!d->request)
		return;
	loop_timer_disarm(d->deadline);
	d->w->open--;
	d->body = NULL; /* goes with the request */
	if (accepted)
		answer(d->w, TAKE_PTR(d->request), 200, "ok\n", -1);
	else
		answer(d->w, TAKE_PTR(d->request), 503, "not stored, send it again\n", RETRY_S);
}

static void delivery_free(struct delivery *d)
{
	if (d->prev)
		d->prev->next = d->next;
	else
		d->w->deliveries = d->next;
	if (d->next)
		d->next->prev = d->prev;
	loop_timer_del(d->deadline);
	free(d->notes);
	free(d);
}

/* Nothing more will be produced, nothing is reported any more. */
static void settle(struct delivery *d)
{
	if (d->waiting)
		return;
	answer_delivery(d, !d->failed);
	delivery_free(d);
}

static void on_report(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct delivery *d = ctx;

	(void)offset;
	if (d->w->c.note)
		d->w->c.noted(d->w->c.ctx, d->notes[number], ok);
	d->waiting--;
	if (!ok)
		d->failed = true;
	settle(d);
}

static void on_deadline(void *ctx)
{
	struct delivery *d = ctx;

	log_warn("a body was not stored within its time and is refused; the sender sends it again");
	d->failed = true;
	answer_delivery(d, false);
}

/* --- taking a body apart --- */

static void note(struct delivery *d, const struct message *m)
{
	if (!d->w->c.note)
		return;
	if (d->n % NOTES_STEP == 0)
		d->notes = xrealloc(d->notes, (d->n + NOTES_STEP) * sizeof(*d->notes));
	d->notes[d->n] = d->w->c.note(d->w->c.ctx, m);
}

static void put(void *ctx, struct message *m, struct span bytes)
{
	struct delivery *d = ctx;
	uint64_t number = d->n;
	struct err e = {0};

	if (d->failed)
		return;
	m->original.data = *d->blob ? bytes.p : d->body;
	m->original.len = *d->blob ? bytes.n : d->len;
	if (*d->blob) {
		m->original.blob = d->blob;
		m->original.offset = bytes.p - d->body;
	}
	d->waiting++;
	note(d, m);
	d->n++;
	if (source_put(d->w->source, m, on_report, d, number, NULL, &e) == 0)
		return;
	if (d->w->c.note)
		d->w->c.noted(d->w->c.ctx, d->notes[number], false);
	d->waiting--;
	d->failed = true;
	log_warn("a body is refused: %s", e.text);
}

static int keep_body(struct delivery *d, struct err *e)
{
	if (d->w->c.count(d->w->c.ctx, d->body, d->len) <= 1)
		return 0;
	return blob_put(source_blobs(d->w->source), d->body, d->len, d->blob, e);
}

/* Counts as one that waits itself, so that the delivery outlives what happens meanwhile. */
static void produce(struct delivery *d)
{
	struct webhook *w = d->w;
	struct err e = {0};
	struct message base;

	source_message(w->source, &base);
	d->waiting++;
	if (keep_body(d, &e)) {
		d->failed = true;
		log_error("a body is refused, the blob store did not take it: %s", e.text);
	} else {
		w->c.decode(w->c.ctx, d->body, d->len, &base, put, d);
	}
	d->waiting--;
	if (d->failed)
		answer_delivery(d, false);
	settle(d);
}

static void begin(struct webhook *w, struct httpd_request *r, const char *body, size_t len)
{
	struct delivery *d = xcalloc(1, sizeof(*d));

	*d = (struct delivery){
		.w = w, .request = r, .body = body, .len = len, .next = w->deliveries};
	if (d->next)
		d->next->prev = d;
	w->deliveries = d;
	w->open++;
	d->deadline = loop_timer_new(source_loop(w->source), on_deadline, d);
	loop_timer_arm(d->deadline, w->c.answer_ms);
	produce(d);
}

/* --- the two methods --- */

static bool verified(
	const struct webhook *w, const struct httpd_request *r, const char *body, size_t len)
{
	const char *signature = httpd_header(r, "X-Hub-Signature-256");

	if (w->c.verify)
		return w->c.verify(w->c.ctx, r, body, len);
	return httpd_header_count(r, "X-Hub-Signature-256") == 1 &&
	       meta_signature_ok(signature, body, len, w->c.secrets, w->c.n_secrets);
}

void webhook_post(struct webhook *w, struct httpd_request *r)
{
	size_t len;
	const char *body = httpd_body(r, &len);

	if (!verified(w, r, body, len)) {
		log_warn("a body without our signature was refused");
		answer(w, r, 401, "no signature of ours\n", -1);
		return;
	}
	CRASH_POINT("after-verify", w->open + 1);
	if (!source_running(w->source) || !source_kafka_up(w->source)) {
		answer(w, r, 503, "not taking anything in\n", RETRY_S);
		return;
	}
	begin(w, r, body, len);
}

void webhook_get(struct webhook *w, struct httpd_request *r)
{
	const char *challenge = httpd_query(r, "hub.challenge");

	if (!w->c.verify_token) {
		answer(w, r, 200, "ok\n", -1);
	} else if (!meta_handshake_ok(httpd_query(r, "hub.mode"),
			   httpd_query(r, "hub.verify_token"), w->c.verify_token)) {
		log_warn("a handshake without our verify token was refused");
		answer(w, r, 403, "not our verify token\n", -1);
	} else if (!challenge || !*challenge || strlen(challenge) > CHALLENGE_MAX) {
		answer(w, r, 400, "no challenge\n", -1);
	} else {
		log_notice("handshake answered");
		answer(w, r, 200, challenge, -1);
	}
}

/* --- a sample --- */

void webhook_show(void *ctx, struct message *m, struct span bytes)
{
	const struct webhook_sample *s = ctx;

	m->original.data = bytes.p;
	m->original.len = bytes.n;
	s->emit(s->ctx, m);
}

/* --- life --- */

struct webhook *webhook_new(struct source *s, const struct webhook_conf *c)
{
	struct webhook *w = xcalloc(1, sizeof(*w));

	w->source = s;
	w->c = *c;
	w->answers = metric_counter(
		"muara_webhook_answers_total", "Answers to webhooks", "status", answer_labels);
	return w;
}

void webhook_free(struct webhook *w)
{
	if (!w)
		return;
	for (struct delivery *d = w->deliveries, *next; d; d = next) {
		next = d->next;
		answer_delivery(d, false);
		delivery_free(d);
	}
	free(w);
}
