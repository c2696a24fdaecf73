/* kafka_read: blocking reads of one partition with a private client (kafka.h).
 *
 * The end is the high watermark as of the call. It is reached by a record at or behind it, or by
 * the end-of-partition event: the last records may be holes of compaction or markers, so counting
 * records would wait for ever. The client has a group id because rd_kafka_assign wants one; it
 * never joins and never commits. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/kafka_private.h"

#define READ_CLOSE_MS 2000
#define ENDS_PAUSE_MS 100

typedef int read_fn(void *ctx, const struct kafka_record *r);

static rd_kafka_t *reader_new(const struct kafka_conf *c, struct err *e)
{
	static const char *const own[] = {"group.id", "muara-none", "enable.auto.commit", "false",
		"enable.auto.offset.store", "false", "auto.offset.reset", "error",
		"enable.partition.eof", "true", "isolation.level", "read_committed",
		"allow.auto.create.topics", "false", "fetch.wait.max.ms", "10", NULL};
	rd_kafka_conf_t *conf = kafka_conf_new(c, e);
	rd_kafka_t *rk;

	if (!conf)
		return NULL;
	if (kafka_conf_pairs(conf, own, e)) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	rk = kafka_client_new(RD_KAFKA_CONSUMER, conf, e);
	if (rk)
		rd_kafka_poll_set_consumer(rk);
	return rk;
}

/* One message. > 0: done; 0: go on; < 0: error. */
static int take(const rd_kafka_message_t *m, int64_t end, read_fn *fn, void *ctx, struct err *e)
{
	struct kafka_record r;
	int code;

	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
		return m->offset >= end;
	if (m->err == RD_KAFKA_RESP_ERR__TRANSPORT || m->err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		return 0; /* tried again until the time is over */
	if (m->err)
		return kafka_err_set(e, m->err, "reading a log");
	if (m->offset >= end)
		return 1;
	r = kafka_record_of(m);
	code = fn(ctx, &r);
	return code ? code : m->offset + 1 >= end;
}

static int read_loop(
	rd_kafka_t *rk, int64_t end, read_fn *fn, void *ctx, int64_t until, struct err *e)
{
	int r = 0;

	while (!r) {
		int64_t left = until - clock_mono_ms();
		rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, (int)MIN(MAX(left, 0), 1000));

		if (m) {
			r = take(m, end, fn, ctx, e);
			rd_kafka_message_destroy(m);
		}
		if (!r && left <= 0)
			r = err_set(e, -ETIMEDOUT, "reading a log: time is over before its end");
	}
	return MIN(r, 0);
}

/* A partition that was just made, or whose leader moves: it will be there in a moment. */
static bool passes(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
	       err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
	       err == RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE ||
	       err == RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH ||
	       err == RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH;
}

static int ends(rd_kafka_t *rk, const char *topic, int32_t partition, int64_t *low, int64_t *high,
	int timeout_ms, struct err *e)
{
	int64_t until = clock_mono_ms() + timeout_ms;
	rd_kafka_resp_err_t err;

	for (;;) {
		int64_t left = until - clock_mono_ms();

		err = rd_kafka_query_watermark_offsets(
			rk, topic, partition, low, high, (int)MAX(left, 1));
		if (!passes(err) || left <= ENDS_PAUSE_MS)
			return err ? kafka_err_set(e, err, "asking for a log's ends") : 0;
		usleep(ENDS_PAUSE_MS * 1000);
	}
}

static int assign_at(
	rd_kafka_t *rk, const char *topic, int32_t partition, int64_t from, struct err *e)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;

	rd_kafka_topic_partition_list_add(l, topic, partition)->offset = from;
	err = rd_kafka_assign(rk, l);
	return err ? kafka_err_set(e, err, "assigning") : 0;
}

static int read_with(rd_kafka_t *rk, const char *topic, int32_t partition, int64_t from,
	read_fn *fn, void *ctx, int timeout_ms, struct err *e)
{
	int64_t until = clock_mono_ms() + timeout_ms, low = 0, high = 0;
	int r = ends(rk, topic, partition, &low, &high, timeout_ms, e);

	if (r)
		return r;
	from = from == KAFKA_BEGIN ? low : from == KAFKA_END ? high : from;
	if (from < low || from > high)
		return err_set(e, -ERANGE,
			"partition %d: offset %lld is outside the log, which holds %lld to %lld",
			(int)partition, (long long)from, (long long)low, (long long)high);
	if (from == high)
		return 0;
	r = assign_at(rk, topic, partition, from, e);
	return r ? r : read_loop(rk, high, fn, ctx, until, e);
}

int kafka_read_range(const struct kafka_conf *c, const char *topic, int32_t partition, int64_t from,
	int (*fn)(void *ctx, const struct kafka_record *r), void *ctx, int timeout_ms,
	struct err *e)
{
	rd_kafka_t *rk = reader_new(c, e);
	int r;

	if (!rk)
		return -EINVAL;
	r = read_with(rk, topic, partition, from, fn, ctx, timeout_ms, e);
	kafka_destroy(rk, true, NULL, READ_CLOSE_MS);
	return r < 0 ? err_prefix(e, "topic %s", topic), r : 0;
}

struct wanted {
	int64_t offset;
	read_fn *fn;
	void *ctx;
	bool found;
	int code;
};

static int on_wanted(void *ctx, const struct kafka_record *r)
{
	struct wanted *w = ctx;

	if (r->offset != w->offset)
		return 1; /* what comes first is later: a hole */
	w->found = true;
	w->code = w->fn(w->ctx, r);
	return 1;
}

int kafka_read_one(const struct kafka_conf *c, const char *topic, int32_t partition, int64_t offset,
	int (*fn)(void *ctx, const struct kafka_record *r), void *ctx, int timeout_ms,
	struct err *e)
{
	struct wanted w = {.offset = offset, .fn = fn, .ctx = ctx};
	int r = offset < 0 ? -ERANGE
			   : kafka_read_range(
				     c, topic, partition, offset, on_wanted, &w, timeout_ms, e);

	if (r && r != -ERANGE)
		return r;
	if (!w.found)
		return err_set(e, -ENOENT, "topic %s partition %d: no record at offset %lld", topic,
			(int)partition, (long long)offset);
	return MIN(w.code, 0);
}
