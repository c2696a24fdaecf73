/* Producers, consumers and reads against a broker: real Kafka when MUARA_TEST_BROKERS names one
 * (tests/flow does so), else librdkafka's mock cluster. The mock alone can inject errors; real
 * Kafka alone has admin calls and transaction markers; everything else runs on both. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
/* after it */
#include <librdkafka/rdkafka_mock.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/kafka.h"
#include "base/util.h"

#define PATIENCE_MS 60000

static struct world {
	rd_kafka_t *mock_rk;
	rd_kafka_mock_cluster_t *mock; /* NULL: real Kafka */
	const char *brokers;
	struct kafka_conf conf;
	struct kafka_admin *admin;
	struct loop *loop;
	char run[16];
} w;

static const char *topic_name(char out[64], const char *name)
{
	snprintf(out, 64, "unit.%s.%s", w.run, name);
	return out;
}

static void topic_make(const char *topic, int partitions)
{
	struct err e = {0};
	int seen = 0;

	if (w.mock) {
		assert_int_equal(rd_kafka_mock_topic_create(w.mock, topic, partitions, 1), 0);
		return;
	}
	if (kafka_admin_create(w.admin, topic, partitions, 1, NULL, &e))
		fail_msg("%s", e.text);
	assert_int_equal(kafka_admin_topic(w.admin, topic, &seen, &e), 0);
	assert_int_equal(seen, partitions);
}

#define TURN_UNTIL(cond)                                                            \
	do {                                                                        \
		int64_t end_ = clock_mono_ms() + PATIENCE_MS;                       \
		while (!(cond) && clock_mono_ms() < end_)                           \
			loop_turn(w.loop, 100);                                     \
		if (!(cond))                                                        \
			fail_msg("line %d: %s did not come true", __LINE__, #cond); \
	} while (0)

static void turn_for(int64_t ms)
{
	for (int64_t end = clock_mono_ms() + ms; clock_mono_ms() < end;)
		loop_turn(w.loop, 20);
}

/* --- producers --- */

struct reports {
	struct kafka_producer *p;
	int ok, failed, possibly, fatal, wrong_order;
	int64_t last_offset;
	int last_status;
	bool close_in_report;
	unsigned char told[4096]; /* by opaque */
};

static void on_report(void *ctx, void *opaque, const struct kafka_report *r)
{
	struct reports *s = ctx;

	assert_int_equal(s->told[(uintptr_t)opaque]++, 0);
	s->last_status = r->status;
	if (r->status) {
		s->failed++;
		s->possibly += r->possibly;
	} else {
		s->ok++;
		s->wrong_order += r->offset <= s->last_offset;
		s->last_offset = r->offset;
	}
	if (s->close_in_report)
		kafka_producer_close(TAKE_PTR(s->p), true);
}

static void on_fatal(void *ctx, const char *text)
{
	struct reports *s = ctx;

	assert_non_null(text);
	s->fatal++;
	kafka_producer_close(TAKE_PTR(s->p), true);
}

static void producer_open(struct reports *s, struct kafka_producer_conf c)
{
	struct err e = {0};

	memset(s, 0, sizeof *s);
	s->last_offset = -1;
	c.common = w.conf;
	c.report = on_report;
	c.on_fatal = on_fatal;
	c.ctx = s;
	if (kafka_producer_open(w.loop, &c, &s->p, &e))
		fail_msg("%s", e.text);
}

static void produce_n(struct reports *s, const char *topic, int32_t partition, int from, int n)
{
	struct err e = {0};
	char text[32];

	for (int i = from; i < from + n; i++) {
		int len = snprintf(text, sizeof text, "%d", i);

		if (kafka_produce(s->p, topic, partition, text, (size_t)len, text, (size_t)len,
			    (void *)(uintptr_t)i, &e))
			fail_msg("%s", e.text);
	}
}

static void fill(const char *topic, int32_t partition, int n)
{
	struct reports s;

	producer_open(&s, (struct kafka_producer_conf){.linger_ms = 1});
	produce_n(&s, topic, partition, 0, n);
	TURN_UNTIL(s.ok == n);
	kafka_producer_close(s.p, false);
}

static void every_message_is_reported_in_order(void **state)
{
	struct reports s;
	char topic[64];

	(void)state;
	topic_make(topic_name(topic, "produce"), 2);
	for (int lane = 0; lane < 2; lane++) {
		producer_open(&s, (struct kafka_producer_conf){.lane = lane});
		produce_n(&s, topic, lane, 0, 200);
		assert_int_equal(kafka_producer_in_flight(s.p), 200);
		TURN_UNTIL(s.ok == 200);
		assert_int_equal(s.wrong_order, 0);
		assert_int_equal(s.last_offset, 199);
		assert_int_equal(kafka_producer_in_flight(s.p), 0);
		assert_true(kafka_producer_up(s.p));
		produce_n(&s, topic, lane, 200, 5);
		assert_int_equal(kafka_producer_drain(s.p, PATIENCE_MS), 0);
		assert_int_equal(s.ok, 205);
		kafka_producer_close(s.p, false);
	}
}

static void close_sends_what_is_queued(void **state)
{
	struct reports s;
	char topic[64];

	(void)state;
	topic_make(topic_name(topic, "close"), 1);
	producer_open(&s, (struct kafka_producer_conf){.linger_ms = 500});
	produce_n(&s, topic, 0, 0, 10);
	kafka_producer_close(s.p, false);
	assert_int_equal(s.ok, 10);
}

static void abandoned_messages_fail_at_once(void **state)
{
	struct reports s;
	int64_t at;

	(void)state;
	producer_open(&s, (struct kafka_producer_conf){.lane = true});
	produce_n(&s, "unit.nowhere", 0, 0, 10); /* no such topic: they wait */
	at = clock_mono_ms();
	kafka_producer_close(s.p, true);
	assert_int_equal(s.failed, 10);
	assert_true(clock_mono_ms() - at < PATIENCE_MS); /* they would wait for ever */
}

static void closing_inside_a_report(void **state)
{
	struct reports s;
	char topic[64];

	(void)state;
	topic_make(topic_name(topic, "inside"), 1);
	producer_open(&s, (struct kafka_producer_conf){.linger_ms = 20});
	s.close_in_report = true;
	produce_n(&s, topic, 0, 0, 50);
	TURN_UNTIL(!s.p);
	assert_int_equal(s.ok, 1); /* the rest: nobody waits for it any more */
	assert_int_equal(s.failed, 49);
	assert_int_equal(s.possibly, 49);
	turn_for(50);
	assert_int_equal(s.ok + s.failed, 50);
}

static void a_full_queue_says_so(void **state)
{
	struct reports s;
	struct err e = {0};
	int r = 0, n = 0;

	(void)state;
	producer_open(&s, (struct kafka_producer_conf){.queue_messages = 20, .linger_ms = 1000});
	while (!r && n < 100)
		r = kafka_produce(
			s.p, "unit.nowhere", 0, "k", 1, "v", 1, (void *)(uintptr_t)n++, &e);
	assert_int_equal(r, -ENOBUFS);
	assert_int_equal(n, 21);
	assert_int_equal(kafka_producer_in_flight(s.p), 20);
	assert_int_equal(kafka_produce(s.p, "unit.nowhere", -1, "k", 1, "v", 1, NULL, &e), -EINVAL);
	kafka_producer_close(s.p, true);
	assert_int_equal(s.failed, 20);
}

static void no_broker_is_a_state(void **state)
{
	struct kafka_conf kept = w.conf;
	struct reports s;

	(void)state;
	w.conf.brokers = "127.0.0.1:1";
	producer_open(&s, (struct kafka_producer_conf){.delivery_ms = 700});
	w.conf = kept;
	produce_n(&s, "unit.any", 0, 0, 3);
	TURN_UNTIL(!kafka_producer_up(s.p));
	TURN_UNTIL(s.failed == 3);
	assert_int_equal(s.last_status, -ETIMEDOUT);
	assert_int_equal(s.possibly, 0); /* never left */
	kafka_producer_close(s.p, true);
}

static void guarantees_cannot_be_switched_off(void **state)
{
	static const char *const bad[] = {"acks", "enable.idempotence", "auto.offset.reset",
		"isolation.level", "message.timeout.ms", "no.such.setting"};
	struct kafka_producer *p = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *const extra[] = {bad[i], "1", NULL};
		struct kafka_producer_conf c = {
			.common = {.brokers = w.brokers, .extra = extra}, .report = on_report};
		struct err e = {0};

		assert_int_equal(kafka_producer_open(w.loop, &c, &p, &e), -EINVAL);
		assert_non_null(strstr(e.text, bad[i]));
		assert_null(p);
	}
}

/* --- injected errors (mock only) --- */

static void a_refused_message_is_not_persisted(void **state)
{
	struct reports s;
	char topic[64];

	(void)state;
	if (!w.mock)
		return;
	topic_make(topic_name(topic, "refused"), 1);
	rd_kafka_mock_push_request_errors(w.mock, 0, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	producer_open(&s, (struct kafka_producer_conf){.lane = false});
	produce_n(&s, topic, 0, 0, 1);
	TURN_UNTIL(s.failed == 1);
	assert_int_equal(s.last_status, -EMSGSIZE);
	assert_int_equal(s.possibly, 0);
	produce_n(&s, topic, 0, 1, 1); /* it lives */
	TURN_UNTIL(s.ok == 1);
	kafka_producer_close(s.p, false);
}

static void a_fatal_error_reaches_the_owner(void **state)
{
	struct reports s;
	char topic[64];

	(void)state;
	if (!w.mock)
		return;
	topic_make(topic_name(topic, "fatal"), 1);
	producer_open(&s, (struct kafka_producer_conf){.lane = true});
	produce_n(&s, topic, 0, 0, 1);
	TURN_UNTIL(s.ok == 1);
	rd_kafka_mock_push_request_errors(
		w.mock, 0, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	produce_n(&s, topic, 0, 1, 1);
	TURN_UNTIL(s.fatal == 1); /* which closes it */
	assert_null(s.p);
	assert_int_equal(s.failed, 1);
	assert_int_equal(s.possibly, 1);
	turn_for(50);
}

static void brokers_come_back(void **state)
{
	struct reports s;
	char topic[64];

	(void)state;
	if (!w.mock)
		return;
	topic_make(topic_name(topic, "back"), 1);
	producer_open(&s, (struct kafka_producer_conf){.lane = true});
	produce_n(&s, topic, 0, 0, 1);
	TURN_UNTIL(s.ok == 1);
	rd_kafka_mock_broker_set_down(w.mock, 1);
	TURN_UNTIL(!kafka_producer_up(s.p));
	produce_n(&s, topic, 0, 1, 1);
	rd_kafka_mock_broker_set_up(w.mock, 1);
	TURN_UNTIL(s.ok == 2);
	assert_true(kafka_producer_up(s.p));
	kafka_producer_close(s.p, true);
}

/* --- consumers --- */

struct reader {
	struct kafka_consumer *c;
	char topic[64], own[64]; /* own: of the group */
	int64_t seen[4];	 /* next expected value by partition; values = offsets */
	int64_t hold_at[4];	 /* -EAGAIN from this offset on; -1 none */
	int64_t eof[4];
	int records, holds, errors, last_error, assigned, revoked, gaps, own_records;
	bool close_in_record;
};

static int on_record(void *ctx, const struct kafka_record *r)
{
	struct reader *s = ctx;
	int32_t n = r->partition;

	if (!strcmp(r->topic, s->own)) {
		s->own_records++;
		return 0;
	}
	if (s->hold_at[n] >= 0 && r->offset >= s->hold_at[n]) {
		assert_int_equal(r->offset, s->hold_at[n]); /* nothing behind it leaks */
		s->holds++;
		return -EAGAIN;
	}
	s->gaps += r->offset != s->seen[n];
	assert_int_equal(strtol(r->value, NULL, 10), r->offset);
	s->seen[n] = r->offset + 1;
	s->records++;
	if (s->close_in_record)
		kafka_consumer_close(TAKE_PTR(s->c));
	return 0;
}

static void on_eof(void *ctx, const char *topic, int32_t partition, int64_t next)
{
	struct reader *s = ctx;

	if (strcmp(topic, s->own) != 0)
		s->eof[partition] = next;
}

static void on_partition_error(
	void *ctx, const char *topic, int32_t partition, int err, const char *text)
{
	struct reader *s = ctx;

	(void)topic;
	(void)partition;
	assert_non_null(text);
	s->errors++;
	s->last_error = err;
}

static void on_assigned(void *ctx, int32_t partition)
{
	struct reader *s = ctx;
	char metadata[32] = "";
	int64_t offset = -9;
	struct err e = {0};

	s->assigned++;
	if (kafka_committed(
		    s->c, s->topic, partition, &offset, metadata, sizeof metadata, 10000, &e))
		fail_msg("%s", e.text);
	if (offset >= 0)
		assert_string_equal(metadata, "the last id");
	s->seen[partition] = offset >= 0 ? offset : 0;
	assert_int_equal(kafka_consumer_assign_add(s->c, s->own, partition, 0, &e), 0);
	assert_int_equal(
		kafka_consumer_assign_add(s->c, s->topic, partition, s->seen[partition], &e), 0);
}

static void on_revoked(void *ctx, int32_t partition, bool lost)
{
	struct reader *s = ctx;

	(void)lost;
	s->revoked++;
	kafka_consumer_pause(s->c, s->topic, partition); /* nothing there any more: no effect */
}

static const struct kafka_consumer_ops ops = {.record = on_record,
	.eof = on_eof,
	.assigned = on_assigned,
	.revoked = on_revoked,
	.partition_error = on_partition_error};

static void reader_open(struct reader *s, const char *topic, const char *own, const char *group)
{
	struct kafka_consumer_conf c = {.common = w.conf,
		.group_topic = own,
		.group = group,
		.session_ms = 6000,
		.ops = &ops,
		.ctx = s};
	struct err e = {0};

	memset(s, 0, sizeof *s);
	for (int i = 0; i < 4; i++)
		s->hold_at[i] = s->eof[i] = -1;
	snprintf(s->topic, sizeof s->topic, "%s", topic);
	snprintf(s->own, sizeof s->own, "%s", own ? own : "");
	if (kafka_consumer_open(w.loop, &c, &s->c, &e))
		fail_msg("%s", e.text);
}

static void add(struct reader *s, int32_t partition, int64_t offset)
{
	s->seen[partition] = MAX(offset, 0);
	s->eof[partition] = -1;
	assert_int_equal(kafka_consumer_assign_add(s->c, s->topic, partition, offset, NULL), 0);
}

static void a_held_record_comes_again_and_nothing_leaks(void **state)
{
	struct reader s;
	char topic[64];

	(void)state;
	topic_make(topic_name(topic, "hold"), 2);
	fill(topic, 0, 2000);
	fill(topic, 1, 2000);
	reader_open(&s, topic, NULL, NULL);
	s.hold_at[0] = 700;
	add(&s, 0, KAFKA_BEGIN);
	add(&s, 1, 0);
	TURN_UNTIL(s.holds == 1 && s.eof[1] == 2000); /* the other partition goes on */
	turn_for(300);
	assert_int_equal(s.seen[0], 700);
	assert_int_equal(s.holds, 1);
	assert_int_equal(s.eof[0], -1);
	kafka_consumer_resume(s.c, topic, 0); /* not yet: held again */
	turn_for(300);
	assert_int_equal(s.holds, 2);
	assert_int_equal(s.seen[0], 700);
	s.hold_at[0] = 1999; /* the last one: the end is told only after it */
	kafka_consumer_resume(s.c, topic, 0);
	TURN_UNTIL(s.holds == 3);
	turn_for(300);
	assert_int_equal(s.seen[0], 1999);
	assert_int_equal(s.eof[0], -1);
	s.hold_at[0] = -1;
	kafka_consumer_resume(s.c, topic, 0);
	TURN_UNTIL(s.eof[0] == 2000);
	assert_int_equal(s.records, 4000);
	assert_int_equal(s.gaps, 0);
	assert_int_equal(s.errors, 0);
	kafka_consumer_close(s.c);
}

static void a_change_of_assignment_keeps_places(void **state)
{
	struct reader s;
	char topic[64];

	(void)state;
	topic_make(topic_name(topic, "move"), 3);
	for (int i = 0; i < 3; i++)
		fill(topic, i, 600);
	reader_open(&s, topic, NULL, NULL);
	s.hold_at[0] = 10;
	add(&s, 0, 0);
	add(&s, 1, 0);
	TURN_UNTIL(s.holds == 1 && s.seen[1] > 0);
	kafka_consumer_pause(s.c, topic, 1);
	int64_t paused_at = s.seen[1];
	add(&s, 2, 5); /* a third one: the first stays held, the second paused */
	TURN_UNTIL(s.eof[2] == 600);
	turn_for(300);
	assert_int_equal(s.seen[0], 10);
	assert_int_equal(s.seen[1], paused_at);
	add(&s, 2, 590); /* moved */
	TURN_UNTIL(s.eof[2] == 600);
	add(&s, 2, 3); /* moved back */
	loop_turn(w.loop, 100);
	add(&s, 2, 1); /* and again, with the answer to the last one on its way */
	TURN_UNTIL(s.eof[2] == 600);
	assert_int_equal(s.gaps, 0);
	s.hold_at[0] = -1;
	kafka_consumer_resume(s.c, topic, 0);
	kafka_consumer_resume(s.c, topic, 1);
	TURN_UNTIL(s.eof[0] == 600 && s.eof[1] == 600);
	assert_int_equal(s.gaps, 0);
	assert_int_equal(kafka_consumer_assign_del(s.c, topic, 1, NULL), 0);
	assert_int_equal(kafka_consumer_assign_del(s.c, topic, 1, NULL), -ENOENT);
	add(&s, 0, KAFKA_END);
	turn_for(200);
	int before = s.records;
	fill(topic, 1, 5);
	turn_for(300);
	assert_int_equal(s.records, before);
	s.close_in_record = true;
	add(&s, 2, 7);
	TURN_UNTIL(!s.c);
	assert_int_equal(s.records, before + 1);
}

static void an_offset_outside_the_log_is_told(void **state)
{
	struct reader s;
	char topic[64];
	int64_t low, high;

	(void)state;
	topic_make(topic_name(topic, "outside"), 1);
	fill(topic, 0, 10);
	reader_open(&s, topic, NULL, NULL);
	assert_int_equal(kafka_watermarks(s.c, topic, 0, &low, &high, 10000, NULL), 0);
	assert_int_equal(low, 0);
	assert_int_equal(high, 10);
	add(&s, 0, 5000);
	TURN_UNTIL(s.errors > 0);
	assert_int_equal(s.last_error, -ERANGE);
	add(&s, 0, 4); /* the decision */
	TURN_UNTIL(s.eof[0] == 10);
	kafka_consumer_close(s.c);
}

/* The mock keeps 5 MB of a partition. */
static void fill_until_the_oldest_go(const char *topic)
{
	_cleanup_free_ char *value = xcalloc(1, 200000);
	struct reports s;
	struct err e = {0};

	producer_open(&s, (struct kafka_producer_conf){.linger_ms = 1});
	for (int i = 0; i < 60; i++) {
		snprintf(value, 16, "%d", i); /* the reader compares it with the offset */
		if (kafka_produce(s.p, topic, 0, "k", 1, value, 200000, (void *)(uintptr_t)i, &e))
			fail_msg("%s", e.text);
	}
	TURN_UNTIL(s.ok == 60);
	kafka_producer_close(s.p, false);
}

static void the_beginning_is_where_the_log_begins(void **state)
{
	struct reader s;
	char topic[64];
	int64_t low, high;

	(void)state;
	if (!w.mock)
		skip();
	topic_make(topic_name(topic, "begin"), 1);
	fill_until_the_oldest_go(topic);
	reader_open(&s, topic, NULL, NULL);
	assert_int_equal(kafka_watermarks(s.c, topic, 0, &low, &high, 10000, NULL), 0);
	assert_true(low > 0);
	for (int i = 0; i < 2; i++) { /* a second time as at first */
		add(&s, 0, KAFKA_BEGIN);
		s.seen[0] = low;
		TURN_UNTIL(s.eof[0] == 60 || s.errors);
		assert_int_equal(s.errors, 0);
		assert_int_equal(s.gaps, 0);
		assert_int_equal(s.records, (i + 1) * (60 - low));
	}
	kafka_consumer_close(s.c);
}

#define HELD(r) ((r).assigned - (r).revoked)

static void lanes_of_a_group(void **state)
{
	struct reader a, b;
	char own[64], topic[64], group[64];

	(void)state;
	topic_make(topic_name(own, "own"), 2);
	topic_make(topic_name(topic, "input"), 2);
	topic_name(group, "group");
	fill(own, 0, 3);
	fill(topic, 0, 100);
	fill(topic, 1, 100);
	reader_open(&a, topic, own, group);
	TURN_UNTIL(a.eof[0] == 100 && a.eof[1] == 100 && a.own_records == 3);
	assert_int_equal(a.assigned, 2);
	for (int i = 0; i < 2; i++)
		kafka_commit(a.c, topic, i, 60 + i, "the last id");
	turn_for(300);
	reader_open(&b, topic, own, group); /* takes one of them */
	/* However many rebalances a loaded machine makes of it. */
	TURN_UNTIL(HELD(a) == 1 && HELD(b) == 1 && (b.eof[0] == 100 || b.eof[1] == 100));
	assert_true(b.records < 100); /* from the commit, not from the beginning */
	b.eof[0] = b.eof[1] = -1;
	kafka_consumer_close(a.c); /* leaves: the other gets both */
	TURN_UNTIL(HELD(b) == 2 && b.eof[0] == 100 && b.eof[1] == 100);
	assert_int_equal(a.gaps + b.gaps, 0);
	kafka_consumer_close(b.c);
}

/* --- reads --- */

struct range {
	int n, stop_after, code;
	int64_t first, last;
};

static int on_range(void *ctx, const struct kafka_record *r)
{
	struct range *s = ctx;

	if (!s->n++)
		s->first = r->offset;
	s->last = r->offset;
	return s->stop_after && s->n >= s->stop_after ? s->code : 0;
}

static void a_range_ends_at_the_end(void **state)
{
	static const struct {
		int64_t from;
		int stop_after, code, result, n;
	} rows[] = {
		{0, 0, 0, 0, 300},
		{KAFKA_BEGIN, 0, 0, 0, 300},
		{299, 0, 0, 0, 1},
		{300, 0, 0, 0, 0},
		{KAFKA_END, 0, 0, 0, 0},
		{301, 0, 0, -ERANGE, 0},
		{0, 7, 1, 0, 7},
		{0, 7, -EBADMSG, -EBADMSG, 7},
	};
	char topic[64];

	(void)state;
	topic_make(topic_name(topic, "range"), 1);
	fill(topic, 0, 300);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct range s = {.stop_after = rows[i].stop_after, .code = rows[i].code};
		struct err e = {0};

		assert_int_equal(kafka_read_range(&w.conf, topic, 0, rows[i].from, on_range, &s,
					 PATIENCE_MS, &e),
			rows[i].result);
		assert_int_equal(s.n, rows[i].n);
	}
	struct range one = {0};
	assert_int_equal(
		kafka_read_one(&w.conf, topic, 0, 42, on_range, &one, PATIENCE_MS, NULL), 0);
	assert_int_equal(one.n, 1);
	assert_int_equal(one.last, 42);
	assert_int_equal(
		kafka_read_one(&w.conf, topic, 0, 300, on_range, &one, PATIENCE_MS, NULL), -ENOENT);
	assert_int_equal(
		kafka_read_one(&w.conf, topic, 0, -1, on_range, &one, PATIENCE_MS, NULL), -ENOENT);
	assert_int_equal(one.n, 1);
}

/* A control record at the end is a hole as compaction leaves them: nothing is delivered for it. */
static void a_range_ends_behind_a_hole(void **state)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct range s = {0}, one = {0};
	struct reader c;
	char topic[64], text[128];
	rd_kafka_t *rk;

	(void)state;
	if (w.mock) {
		rd_kafka_conf_destroy(conf);
		return;
	}
	topic_make(topic_name(topic, "hole"), 1);
	rd_kafka_conf_set(conf, "bootstrap.servers", w.brokers, text, sizeof text);
	rd_kafka_conf_set(conf, "transactional.id", topic, text, sizeof text);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	assert_non_null(rk);
	assert_null(rd_kafka_init_transactions(rk, 20000));
	assert_null(rd_kafka_begin_transaction(rk));
	rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
		RD_KAFKA_V_VALUE((void *)(uintptr_t) "0", 1), RD_KAFKA_V_END);
	assert_null(rd_kafka_commit_transaction(rk, 20000));
	rd_kafka_destroy(rk);
	reader_open(&c, topic, NULL, NULL);
	add(&c, 0, 0);
	TURN_UNTIL(c.eof[0] == 2); /* the marker comes a moment after the commit */
	kafka_consumer_close(c.c);
	assert_int_equal(
		kafka_read_range(&w.conf, topic, 0, 0, on_range, &s, PATIENCE_MS, NULL), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(
		kafka_read_one(&w.conf, topic, 0, 1, on_range, &one, PATIENCE_MS, NULL), -ENOENT);
}

/* --- admin (real Kafka only) --- */

static void on_config(void *ctx, const char *key, const char *value)
{
	if (!strcmp(key, "cleanup.policy"))
		snprintf(ctx, 16, "%s", value);
}

static void on_topics(void *ctx, const struct kafka_topic_info *t)
{
	*(int *)ctx += strstr(t->name, w.run) != NULL;
}

static void topics_are_made_and_described(void **state)
{
	static const char *const configs[] = {"cleanup.policy", "compact", NULL};
	static const char *const bad[] = {"cleanup.policy", "nonsense", NULL};
	char topic[64], value[16] = "", id[64] = "";
	int n = -1, brokers = 0;
	struct err e = {0};

	(void)state;
	if (w.mock)
		return;
	topic_name(topic, "admin");
	assert_int_equal(kafka_admin_topic(w.admin, topic, &n, &e), 0);
	assert_int_equal(n, 0);
	assert_int_equal(kafka_admin_create(w.admin, topic, 3, 1, bad, &e), -EINVAL);
	assert_int_equal(kafka_admin_create(w.admin, topic, 3, 1, configs, &e), 0);
	assert_int_equal(kafka_admin_create(w.admin, topic, 3, 1, configs, &e), -EEXIST);
	assert_int_equal(kafka_admin_configs(w.admin, topic, on_config, value, &e), 0);
	assert_string_equal(value, "compact");
	assert_int_equal(kafka_admin_cluster(w.admin, id, sizeof id, &brokers, &e), 0);
	assert_true(brokers >= 1 && strlen(id) > 10);
	n = 0;
	assert_int_equal(kafka_admin_topics(w.admin, on_topics, &n, &e), 0);
	assert_true(n >= 1);
	assert_int_equal(
		kafka_admin_configs(w.admin, "unit.nowhere", on_config, value, &e), -ENOENT);
}

static int world_open(void **state)
{
	uint64_t run = (uint64_t)clock_wall_ms() ^ (uint64_t)getpid() << 20;
	struct err e = {0};

	(void)state;
	snprintf(w.run, sizeof w.run, "%llx", (unsigned long long)run & 0xffffffffffff);
	w.brokers = getenv("MUARA_TEST_BROKERS");
	if (!w.brokers) {
		char text[128];

		w.mock_rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
		w.mock = rd_kafka_mock_cluster_new(w.mock_rk, 1);
		w.brokers = rd_kafka_mock_cluster_bootstraps(w.mock);
	}
	w.conf = (struct kafka_conf){.brokers = w.brokers, .client_id = "unit"};
	w.loop = loop_new();
	return kafka_admin_open(&w.conf, &w.admin, &e);
}

static int world_close(void **state)
{
	(void)state;
	kafka_admin_close(w.admin);
	loop_free(w.loop);
	if (w.mock) {
		rd_kafka_mock_cluster_destroy(w.mock);
		rd_kafka_destroy(w.mock_rk);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_is_reported_in_order),
		cmocka_unit_test(close_sends_what_is_queued),
		cmocka_unit_test(abandoned_messages_fail_at_once),
		cmocka_unit_test(closing_inside_a_report),
		cmocka_unit_test(a_full_queue_says_so),
		cmocka_unit_test(no_broker_is_a_state),
		cmocka_unit_test(guarantees_cannot_be_switched_off),
		cmocka_unit_test(a_refused_message_is_not_persisted),
		cmocka_unit_test(a_fatal_error_reaches_the_owner),
		cmocka_unit_test(brokers_come_back),
		cmocka_unit_test(a_held_record_comes_again_and_nothing_leaks),
		cmocka_unit_test(a_change_of_assignment_keeps_places),
		cmocka_unit_test(an_offset_outside_the_log_is_told),
		cmocka_unit_test(the_beginning_is_where_the_log_begins),
		cmocka_unit_test(lanes_of_a_group),
		cmocka_unit_test(a_range_ends_at_the_end),
		cmocka_unit_test(a_range_ends_behind_a_hole),
		cmocka_unit_test(topics_are_made_and_described),
	};

	return cmocka_run_group_tests_name("kafka", tests, world_open, world_close);
}
