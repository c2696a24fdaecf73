/* intake: see intake.h. Here: raw records in, positions out, the clients' life; an attachment until
 * its record is reported: intake_want.c; a lane and where it goes on: intake_lane.c.
 *
 * Guarantees: no position is committed that has an attachment without a reported record before it.
 * Known gap: a topic that is held stays so until a newer daemon starts. */
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

#include "intake_parts.h"

#define TICK_MS 200

static const char *const result_words[] = {"stored", "missing", "refused", "known", NULL};

/* --- positions --- */

void intake_commit(struct intake *in, bool now)
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

/* --- raw records --- */

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
			want_start(l, bm, m, i, o);
}

static int on_record(void *ctx, const struct kafka_record *r)
{
	struct intake *in = ctx;
	struct lane *l = intake_lane(in, r->partition);
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
		intake_place(r, place);
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

/* --- life --- */

static void on_partition_error(
	void *ctx, const char *topic, int32_t partition, int err, const char *text)
{
	struct intake *in = ctx;
	struct lane *l = intake_lane(in, partition);
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
	.assigned = lane_assigned,
	.revoked = lane_revoked,
	.partition_error = on_partition_error,
	.fatal = on_fatal};

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
				want_produce(w);
	intake_commit(in, false);
	resume(in);
}

static int open_clients(struct intake *in, struct err *e)
{
	struct kafka_producer_conf p = {.common = in->c.kafka, .report = want_reported, .ctx = in};
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
		intake_commit(in, true);
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
