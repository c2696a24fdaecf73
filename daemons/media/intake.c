/* See intake.h. */
#include "intake.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/daemon.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/message.h"
#include "core/schema.h"
#include "book.h"
#include "paper.h"

#define ASK_MS		 5000
#define LOG_READ_MS	 (10 * 60 * 1000) /* years of it; the watchdog is fed meanwhile */
#define TICK_MS		 200
#define PRODUCE_RETRY_MS 1000
#define MEDIA_MAX	 (64 * 1024)

struct lane { /* one partition of all topics */
	struct lane *next;
	struct intake *in;
	int32_t partition;
	struct book book;
	struct want *wants;
};

struct want { /* an attachment until its record is reported */
	struct want *next, **at;
	struct lane *lane; /* NULL: the lane was taken; nobody waits for it */
	struct book_message *m;
	char message[UUID_TEXT_SIZE], *attachment;
	size_t index;
	int64_t received_ms;
	struct fetch *fetch; /* NULL: fetched */
	json_t *record;	     /* then its record */
	char id[UUID_TEXT_SIZE];
	bool produced;	   /* waits for the report */
	int64_t try_at_ms; /* produce again then */
};

struct intake {
	struct intake_conf c;
	char media[TOPIC_NAME_SIZE], group[MUARA_GROUP_SIZE];
	struct kafka_consumer *consumer;
	struct kafka_producer *producer;
	struct lane *lanes;
	struct loop_timer *tick;
	size_t open; /* wants */
	int64_t commit_at_ms;
	bool draining, failed;
	struct metric *results, *waiting, *oldest;
};

static const char *const result_words[] = {"stored", "missing", "refused", "known", NULL};

/* --- positions --- */

static void commit(struct intake *in, bool now)
{
	int64_t ms = clock_mono_ms();

	if (!now && ms < in->commit_at_ms)
		return;
	in->commit_at_ms = ms + in->c.conf->commit_ms;
	for (struct lane *l = in->lanes; l; l = l->next)
		for (size_t i = 0; i < l->book.n_topics; i++) {
			struct book_topic *t = &l->book.topics[i];
			const char *id;
			int64_t settled = book_settled(t, &id);

			if (settled <= t->committed)
				continue;
			kafka_commit(in->consumer, t->topic, l->partition, settled, id);
			t->committed = settled;
			CRASH_POINT("after-commit", in->open);
		}
}

/* --- a want and its end --- */

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
	commit(in, false);
}

/* The opaque of a record outlives a lane that is taken: it is freed with its report. */
static void produce(struct want *w)
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

static void on_report(void *ctx, void *opaque, const struct kafka_report *r)
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
	produce(w);
}

/* --- raw records --- */

static void start_want(struct lane *l, struct book_message *m, const json_t *message, size_t index,
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

static bool wanted(struct lane *l, const json_t *message, size_t i)
{
	const json_t *a = json_array_get(json_object_get(message, "attachments"), i);

	if (strcmp(json_str_or(a, "state", ""), "pending") != 0)
		return false;
	if (!book_is_done(&l->book, json_str_or(message, "id", ""), i))
		return true;
	metric_add(l->in->results, "known", 1);
	return false;
}

static void take_message(struct lane *l, struct book_topic *t, int64_t offset, const json_t *m)
{
	const struct origin *o =
		media_origin(l->in->c.conf, json_str_or(m, "channel", ""), json_str(m, "account"));
	size_t n = o ? json_array_size(json_object_get(m, "attachments")) : 0, open = 0, i;
	bool yes[MESSAGE_ATTACHMENTS_MAX] = {false};
	struct book_message *bm;

	n = MIN(n, MESSAGE_ATTACHMENTS_MAX);
	for (i = 0; i < n; i++) {
		yes[i] = wanted(l, m, i);
		open += yes[i];
	}
	bm = book_read(t, offset, json_str_or(m, "id", ""), open);
	for (i = 0; i < n; i++)
		if (yes[i])
			start_want(l, bm, m, i, o);
}

static struct lane *lane_of(struct intake *in, int32_t partition)
{
	struct lane *l = in->lanes;

	while (l && l->partition != partition)
		l = l->next;
	return l;
}

static void place_of(const struct kafka_record *r, char ret[160])
{
	snprintf(ret, 160, "%.100s/%" PRId32 "/%" PRId64, r->topic, r->partition, r->offset);
}

static int on_record(void *ctx, const struct kafka_record *r)
{
	struct intake *in = ctx;
	struct lane *l = lane_of(in, r->partition);
	struct book_topic *t = l ? book_topic(&l->book, r->topic) : NULL;
	_cleanup_json_ json_t *m = NULL;
	struct err e = {0};
	char place[160];
	int rc;

	if (!t)
		return 0;
	if (t->held || in->draining || in->open >= (size_t)in->c.conf->waiting) {
		t->paused = true;
		return -EAGAIN;
	}
	rc = r->value ? message_parse(r->value, r->value_len, &m, &e) : -EINVAL;
	if (rc == -EPROTO) {
		log_error("topic %s holds at offset %" PRId64
			  ", a newer muara-media must read it: %s",
			t->topic, r->offset, e.text);
		t->held = t->paused = true;
		return -EAGAIN;
	}
	if (rc == 0) {
		take_message(l, t, r->offset, m);
	} else {
		place_of(r, place);
		book_read(t, r->offset, place, 0);
	}
	return 0;
}

static void resume(struct intake *in)
{
	if (in->draining || in->open > (size_t)in->c.conf->waiting / 2)
		return;
	for (struct lane *l = in->lanes; l; l = l->next)
		for (size_t i = 0; i < l->book.n_topics; i++) {
			struct book_topic *t = &l->book.topics[i];

			if (t->paused && !t->held) {
				t->paused = false;
				kafka_consumer_resume(in->consumer, t->topic, l->partition);
			}
		}
}

/* --- lanes come and go --- */

static int on_media(void *ctx, const struct kafka_record *r)
{
	struct lane *l = ctx;
	_cleanup_json_ json_t *o = NULL;
	const char *message;

	daemon_progress_now();
	if (!r->value || json_parse(r->value, r->value_len, MEDIA_MAX, &o, NULL) < 0 ||
		schema_check(o, "muara.media", 1, NULL) < 0)
		return 0;
	message = json_str(o, "message");
	if (message && json_int(o, "index", -1) >= 0)
		book_set_done(&l->book, message, (size_t)json_int(o, "index", 0));
	return 0;
}

static int on_named(void *ctx, const struct kafka_record *r)
{
	_cleanup_json_ json_t *m = NULL;
	char *id = ctx;

	if (r->value && message_parse(r->value, r->value_len, &m, NULL) == 0)
		snprintf(id, 160, "%s", json_str_or(m, "id", ""));
	else
		place_of(r, id);
	return 0;
}

/* Where to go on (lane rule 13): a commit counts when the record before it is the one it names. */
static int find_start(struct intake *in, struct lane *l, struct book_topic *t, struct err *e)
{
	int64_t committed = -1, low = 0, high = 0;
	char named[160] = "", there[160] = "";
	int r = kafka_committed(
		in->consumer, t->topic, l->partition, &committed, named, sizeof(named), ASK_MS, e);

	if (r == 0)
		r = kafka_watermarks(in->consumer, t->topic, l->partition, &low, &high, ASK_MS, e);
	if (r < 0)
		return err_prefix(e, "topic %s (`muaractl topics create` makes it)", t->topic);
	if (committed >= 0 && committed < low) {
		log_error("topic %s: read up to offset %" PRId64 ", but it begins at %" PRId64
			  ": attachments of what was removed are lost",
			t->topic, committed, low);
		committed = -1;
	}
	if (committed > high)
		committed = -1;
	if (committed > low && (kafka_read_one(&in->c.kafka, t->topic, l->partition, committed - 1,
					on_named, there, ASK_MS, e) < 0 ||
				       strcmp(there, named) != 0)) {
		log_warn("topic %s: the record before the commit is not the one it names; read "
			 "from its beginning",
			t->topic);
		committed = -1;
	}
	t->next = t->committed = committed;
	snprintf(t->last, sizeof(t->last), "%s", committed >= 0 ? named : "");
	return kafka_consumer_assign_add(
		in->consumer, t->topic, l->partition, committed >= 0 ? committed : KAFKA_BEGIN, e);
}

/* Each raw topic of a configured channel once. */
static void name_topics(const struct intake *in, struct book *b)
{
	const struct origin *o = in->c.conf->origins.v;
	size_t n = 0;

	book_init(b, in->c.conf->origins.n);
	for (size_t i = 0; i < in->c.conf->origins.n; i++) {
		_cleanup_free_ char *name = xasprintf("raw.%s", o[i].channel);
		char topic[TOPIC_NAME_SIZE];

		muara_topic(in->c.shared, name, topic);
		if (!book_topic(b, topic))
			memcpy(b->topics[n++].topic, topic, sizeof(topic));
	}
	b->n_topics = n;
}

static void lane_drop(struct lane *l)
{
	struct intake *in = l->in;
	struct lane **at = &in->lanes;
	struct want *next;

	while (*at && *at != l)
		at = &(*at)->next;
	if (*at)
		*at = l->next;
	for (struct want *w = l->wants; w; w = next) {
		next = w->next;
		in->open--;
		if (!w->produced) {
			want_free(w);
			continue;
		}
		w->lane = NULL; /* its report frees it */
		want_unlink(w);
	}
	book_free(&l->book);
	free(l);
}

static void on_assigned(void *ctx, int32_t partition)
{
	struct intake *in = ctx;
	struct lane *l = xcalloc(1, sizeof(*l));
	struct err e = {0};
	int r;

	l->in = in;
	l->partition = partition;
	name_topics(in, &l->book);
	r = kafka_read_range(
		&in->c.kafka, in->media, partition, KAFKA_BEGIN, on_media, l, LOG_READ_MS, &e);
	for (size_t i = 0; r == 0 && i < l->book.n_topics; i++) {
		r = find_start(in, l, &l->book.topics[i], &e);
		daemon_progress_now();
	}
	l->next = in->lanes;
	in->lanes = l;
	if (r == 0)
		return;
	log_error("lane %" PRId32 " does not open: %s", partition, e.text);
	lane_drop(l);
	if (!in->failed)
		daemon_fail("lane %" PRId32 " does not open", partition);
	in->failed = true;
}

static void on_revoked(void *ctx, int32_t partition, bool lost)
{
	struct intake *in = ctx;
	struct lane *l = lane_of(in, partition);

	if (!l)
		return;
	if (!lost)
		commit(in, true);
	lane_drop(l);
}

static void on_partition_error(
	void *ctx, const char *topic, int32_t partition, int err, const char *text)
{
	struct intake *in = ctx;
	struct lane *l = lane_of(in, partition);
	struct book_topic *t = l ? book_topic(&l->book, topic) : NULL;

	if (!t || err != -ERANGE)
		return; /* the broker may be starting; kafka.h logs it */
	log_error("topic %s begins or ends elsewhere than what was read of it, it lost records: %s",
		topic, text);
	daemon_fail("topic %s lost records", topic); /* a fresh start finds where to go on */
}

static void on_fatal(void *ctx, const char *text)
{
	(void)ctx;
	daemon_fail("Kafka: %s", text);
}

static const struct kafka_consumer_ops consumer_ops = {.record = on_record,
	.assigned = on_assigned,
	.revoked = on_revoked,
	.partition_error = on_partition_error,
	.fatal = on_fatal};

/* --- life --- */

static void measure(struct intake *in)
{
	int64_t oldest = INT64_MAX, now = clock_wall_ms();

	for (struct lane *l = in->lanes; l; l = l->next)
		for (struct want *w = l->wants; w; w = w->next)
			oldest = MIN(oldest, w->received_ms);
	metric_set(in->waiting, NULL, (double)in->open);
	metric_set(in->oldest, NULL, oldest < now ? (double)(now - oldest) / 1000.0 : 0);
}

static void on_tick(void *ctx)
{
	struct intake *in = ctx;
	int64_t now = clock_mono_ms();

	loop_timer_arm(in->tick, TICK_MS);
	for (struct lane *l = in->lanes; l; l = l->next)
		for (struct want *w = l->wants; w; w = w->next)
			if (w->record && !w->produced && now >= w->try_at_ms)
				produce(w);
	commit(in, false);
	resume(in);
}

static int open_clients(struct intake *in, struct err *e)
{
	struct kafka_producer_conf p = {.common = in->c.kafka, .report = on_report, .ctx = in};
	struct kafka_consumer_conf c = {.common = in->c.kafka,
		.group_topic = in->media,
		.group = in->group,
		.instance = in->c.instance,
		.session_ms = (int)in->c.conf->session_ms,
		.ops = &consumer_ops,
		.ctx = in};
	int r;

	p.on_fatal = on_fatal;
	r = kafka_producer_open(in->c.loop, &p, &in->producer, e);
	if (r == 0)
		r = kafka_producer_know(in->producer, in->media, e);
	if (r == 0)
		r = kafka_consumer_open(in->c.loop, &c, &in->consumer, e);
	return r;
}

int intake_open(const struct intake_conf *c, struct intake **ret, struct err *e)
{
	struct intake *in = xcalloc(1, sizeof(*in));
	int r;

	in->c = *c;
	muara_topic(c->shared, "media", in->media);
	muara_group(c->shared, "media", in->group);
	in->results = metric_counter("muara_media_attachments_total",
		"Attachments that have their record, by what became of them; known: had it before",
		"result", result_words);
	in->waiting = metric_gauge("muara_media_waiting", "Attachments without one", NULL, NULL);
	in->oldest = metric_gauge("muara_media_oldest_seconds",
		"Age of the oldest message that waits for an attachment", NULL, NULL);
	in->tick = loop_timer_new(c->loop, on_tick, in);
	loop_timer_arm(in->tick, TICK_MS);
	r = open_clients(in, e);
	if (r < 0) {
		intake_close(in);
		return r;
	}
	*ret = in;
	return 0;
}

void intake_close(struct intake *in)
{
	if (!in)
		return;
	if (in->consumer && in->lanes)
		commit(in, true);
	kafka_consumer_close(in->consumer);
	while (in->lanes)
		lane_drop(in->lanes); /* NOLINT(clang-analyzer-unix.Malloc): it takes it out */
	kafka_producer_close(in->producer, true);
	loop_timer_del(in->tick);
	free(in);
}

void intake_drain(struct intake *in)
{
	in->draining = true;
}

/* Some record is made and not reported yet, and could be. */
static bool records_under_way(const struct intake *in)
{
	for (const struct lane *l = in->lanes; l; l = l->next)
		for (const struct want *w = l->wants; w; w = w->next)
			if (w->record && !kafka_away())
				return true;
	return false;
}

/* A fetch is begun anew at the next start; a record that is made is sent. */
bool intake_drained(struct intake *in)
{
	return !records_under_way(in);
}

bool intake_health(struct intake *in, char *text, size_t size)
{
	const char *trouble = fetcher_trouble(in->c.fetcher), *kafka = kafka_trouble();
	size_t held = 0;

	measure(in);
	for (struct lane *l = in->lanes; l; l = l->next)
		for (size_t i = 0; i < l->book.n_topics; i++)
			held += l->book.topics[i].held;
	snprintf(text, size, "%s%s%s, %zu attachments wait%s%s%s", kafka ? kafka : "",
		kafka ? "; " : "", in->lanes ? "lanes assigned" : "no lane given yet", in->open,
		trouble ? "; " : "", trouble ? trouble : "", held ? "; a topic is held" : "");
	daemon_idle(!records_under_way(in)); /* a server that takes its time is outside */
	return !kafka && !trouble && !held;
}
