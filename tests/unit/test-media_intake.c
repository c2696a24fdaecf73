/* muara-media's intake: no position passes an attachment without a reported record, and records
 * under way outlive a lane that is taken. */
// uses: daemons/media/intake.c daemons/media/intake_lane.c
// uses: daemons/media/intake_want.c daemons/media/book.c daemons/media/paper.c
// uses: daemons/media/conf.c daemons/media/reach.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/util.h"
#include "core/message.h"
#include "daemons/media/intake.h"

#define MOST 8

/* --- a Kafka that does what it is told --- */

static const struct kafka_consumer_ops *ops;
static struct kafka_producer_conf producer;
static void *intake, *sent[MOST]; /* opaques, in order */
static size_t n_sent;
static int64_t committed;

bool kafka_away(void)
{
	return false;
}

const char *kafka_trouble(void)
{
	return NULL;
}

int kafka_producer_open(struct loop *l, const struct kafka_producer_conf *c,
	struct kafka_producer **ret, struct err *e)
{
	(void)l;
	(void)e;
	producer = *c;
	*ret = NULL;
	return 0;
}

int kafka_producer_know(struct kafka_producer *p, const char *topic, struct err *e)
{
	(void)p;
	(void)topic;
	(void)e;
	return 0;
}

int kafka_produce(struct kafka_producer *p, const char *topic, int32_t partition, const void *key,
	size_t key_len, const void *value, size_t value_len, void *opaque, struct err *e)
{
	(void)p;
	(void)e;
	assert_string_equal(topic, "t.media");
	assert_int_equal(partition, 0);
	assert_true(key && key_len && value && value_len && n_sent < MOST);
	sent[n_sent++] = opaque;
	return 0;
}

void kafka_producer_close(struct kafka_producer *p, bool abandon)
{
	(void)p;
	(void)abandon;
}

int kafka_consumer_open(struct loop *l, const struct kafka_consumer_conf *c,
	struct kafka_consumer **ret, struct err *e)
{
	(void)l;
	(void)e;
	ops = c->ops;
	intake = c->ctx;
	*ret = NULL;
	return 0;
}

void kafka_consumer_close(struct kafka_consumer *c)
{
	(void)c;
}

int kafka_consumer_assign_add(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t offset, struct err *e)
{
	(void)c;
	(void)partition;
	(void)e;
	assert_string_equal(topic, "t.raw.whatsapp");
	assert_int_equal(offset, KAFKA_BEGIN);
	return 0;
}

void kafka_consumer_resume(struct kafka_consumer *c, const char *topic, int32_t partition)
{
	(void)c;
	(void)topic;
	(void)partition;
}

int kafka_committed(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t *ret_offset, char *ret_metadata, size_t metadata_size, int timeout_ms,
	struct err *e)
{
	(void)c;
	(void)topic;
	(void)partition;
	(void)metadata_size;
	(void)timeout_ms;
	(void)e;
	*ret_offset = -1;
	*ret_metadata = '\0';
	return 0;
}

void kafka_commit(struct kafka_consumer *c, const char *topic, int32_t partition, int64_t offset,
	const char *metadata)
{
	(void)c;
	(void)topic;
	(void)partition;
	assert_non_null(metadata);
	committed = offset;
}

int kafka_watermarks(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t *ret_low, int64_t *ret_high, int timeout_ms, struct err *e)
{
	(void)c;
	(void)topic;
	(void)partition;
	(void)timeout_ms;
	(void)e;
	*ret_low = *ret_high = 0;
	return 0;
}

int kafka_read_range(const struct kafka_conf *c, const char *topic, int32_t partition, int64_t from,
	int (*fn)(void *ctx, const struct kafka_record *r), void *ctx, int timeout_ms,
	struct err *e)
{
	(void)c;
	(void)topic;
	(void)partition;
	(void)from;
	(void)fn;
	(void)ctx;
	(void)timeout_ms;
	(void)e;
	return 0;
}

int kafka_read_one(const struct kafka_conf *c, const char *topic, int32_t partition, int64_t offset,
	int (*fn)(void *ctx, const struct kafka_record *r), void *ctx, int timeout_ms,
	struct err *e)
{
	(void)c;
	(void)topic;
	(void)partition;
	(void)offset;
	(void)fn;
	(void)ctx;
	(void)timeout_ms;
	return err_set(e, -ENOENT, "none");
}

static void report(size_t i, int status)
{
	const struct kafka_report r = {.status = status, .offset = 9, .text = "as told"};

	producer.report(producer.ctx, sent[i], &r);
}

/* --- fetches that end when they are told --- */

struct fetch {
	fetch_done_fn *done;
	void *ctx;
	bool dropped;
};
static struct fetch fetches[MOST];
static size_t n_fetches;

struct fetch *fetch_start(
	struct fetcher *f, const struct fetch_wish *w, fetch_done_fn *done, void *ctx)
{
	(void)f;
	assert_true(w->origin && n_fetches < MOST);
	fetches[n_fetches] = (struct fetch){.done = done, .ctx = ctx};
	return &fetches[n_fetches++];
}

void fetch_drop(struct fetch *t)
{
	t->dropped = true;
}

const char *fetcher_trouble(const struct fetcher *f)
{
	(void)f;
	return NULL;
}

static void fetched(size_t i)
{
	const struct fetch_result r = {.state = "missing", .reason = "gone", .bytes = -1};

	fetches[i].done(fetches[i].ctx, &r);
}

/* --- one lane, one channel --- */

static struct origin origin = {.channel = (char[]){"whatsapp"}};
static const struct media_conf conf = {.origins = {.v = &origin, .n = 1}, .waiting = 100};
static const struct muara_conf shared = {.prefix = (char[]){"t."}, .lanes = 1};

struct bed {
	struct loop *loop;
	struct intake *in;
};

static void open_bed(struct bed *b)
{
	struct err e = {0};
	struct intake_conf c = {.conf = &conf, .shared = &shared};

	n_sent = n_fetches = 0;
	committed = -1;
	b->loop = c.loop = loop_new();
	assert_int_equal(intake_open(&c, &b->in, &e), 0);
	ops->assigned(intake, 0);
}

static void close_bed(struct bed *b)
{
	intake_close(b->in);
	loop_free(b->loop);
}

/* A message with n attachments, at this offset. */
static void take(int64_t offset, size_t n)
{
	struct message_attachment a[MOST];
	struct message m = {.tenant = "malang",
		.channel = "whatsapp",
		.account = "kota",
		.native_id = "wamid.1",
		.author = {.id = "1"},
		.received_ms = clock_wall_ms(),
		.text = "x",
		.attachments = a,
		.n_attachments = n,
		.source = {.daemon = "muara-whatsapp", .instance = "kota", .place = "webhook"},
		.original = {.data = "x", .len = 1}};
	_cleanup_free_ char *text = NULL;
	struct kafka_record r = {.topic = "t.raw.whatsapp", .offset = offset};
	struct err e = {0};

	for (size_t i = 0; i < n; i++)
		a[i] = (struct message_attachment){.id = (const char *const[]){"a", "b", "c"}[i],
			.state = AS_PENDING,
			.bytes = -1};
	if (message_build_text(&m, &text, &r.value_len, NULL, &e))
		fail_msg("%s", e.text);
	r.value = text;
	assert_int_equal(ops->record(intake, &r), 0);
}

static void no_position_passes_an_attachment(void **state)
{
	int64_t end = clock_mono_ms() + 60000;
	struct bed b;

	(void)state;
	open_bed(&b);
	take(4, 2);
	assert_int_equal(n_fetches, 2);
	fetched(1);
	report(0, 0);
	assert_int_equal(committed, 4);
	fetched(0);
	report(1, -EIO); /* perhaps not there: sent again */
	assert_int_equal(committed, 4);
	while (n_sent < 3 && clock_mono_ms() < end)
		loop_turn(b.loop, 100);
	assert_int_equal(n_sent, 3);
	assert_int_equal(committed, 4);
	report(2, 0);
	assert_int_equal(committed, 5);
	take(5, 2); /* delivered again: known */
	assert_int_equal(n_fetches, 2);
	close_bed(&b);
}

/* A fetch between two records under way: each record is freed with its own report, in any order
 * (the sanitizers look). */
static void a_taken_lane_leaves_its_records(void **state)
{
	struct bed b;

	(void)state;
	for (int order = 0; order < 2; order++) {
		open_bed(&b);
		take(4, 3);
		fetched(0);
		fetched(2);
		ops->revoked(intake, 0, true);
		assert_true(fetches[1].dropped && !fetches[0].dropped && !fetches[2].dropped);
		report(order ? 1 : 0, 0);
		report(order ? 0 : 1, -EIO);
		assert_int_equal(committed, -1);
		close_bed(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_position_passes_an_attachment),
		cmocka_unit_test(a_taken_lane_leaves_its_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
