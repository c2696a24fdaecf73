/* kafka_offsets: what a consumer asks the broker for: committed positions, and the ends of logs.
 *
 * Guarantees: an answer is the broker's of now, or an error; a commit that failed is told and never
 * repeated by itself (the next one says more). Known gap: all but the commit block, up to their
 * time-out. */
#include <errno.h>
#include <string.h>

#include "base/kafka_parts.h"
#include "base/log.h"

int kafka_committed(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t *ret_offset, char *ret_metadata, size_t metadata_size, int timeout_ms,
	struct err *e)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *t = rd_kafka_topic_partition_list_add(l, topic, partition);
	rd_kafka_resp_err_t err = rd_kafka_committed(c->rk, l, timeout_ms);

	if (!err)
		err = t->err;
	if (err)
		return kafka_err_set(e, err, "reading the committed offset");
	*ret_offset = t->offset >= 0 ? t->offset : -1;
	if (ret_metadata && metadata_size)
		snprintf(ret_metadata, metadata_size, "%.*s", (int)t->metadata_size,
			t->metadata ? (const char *)t->metadata : "");
	return 0;
}

void kafka_commit(struct kafka_consumer *c, const char *topic, int32_t partition, int64_t offset,
	const char *metadata)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *t = rd_kafka_topic_partition_list_add(l, topic, partition);
	rd_kafka_resp_err_t err;

	t->offset = offset;
	if (metadata) { /* freed with the list */
		t->metadata = xstrdup(metadata);
		t->metadata_size = strlen(metadata);
	}
	err = rd_kafka_commit(c->rk, l, 1);
	if (err)
		log_warn("kafka %s: commit failed: %s", c->link.who, rd_kafka_err2str(err));
}

static bool seems_absent(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
	       err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	       err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

/* A broker that comes up may answer before it knows its topics, and the client remembers that for
 * minutes: only being asked for this very topic makes it look again. */
static void look_again(rd_kafka_t *rk, const char *topic, int timeout_ms)
{
	rd_kafka_topic_t *t = rd_kafka_topic_new(rk, topic, NULL);
	const struct rd_kafka_metadata *m;

	if (!t)
		return;
	if (!rd_kafka_metadata(rk, 0, t, &m, timeout_ms))
		rd_kafka_metadata_destroy(m);
	rd_kafka_topic_destroy(t);
}

int kafka_watermarks(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t *ret_low, int64_t *ret_high, int timeout_ms, struct err *e)
{
	int64_t low, high;
	rd_kafka_resp_err_t err =
		rd_kafka_query_watermark_offsets(c->rk, topic, partition, &low, &high, timeout_ms);

	if (seems_absent(err)) {
		look_again(c->rk, topic, timeout_ms);
		err = rd_kafka_query_watermark_offsets(
			c->rk, topic, partition, &low, &high, timeout_ms);
	}
	if (err)
		return kafka_err_set(e, err, "asking for a log's ends");
	*ret_low = low;
	*ret_high = high;
	return 0;
}

/* By one request where one broker leads them all. */
static bool ends_at_once(struct kafka_consumer *c, const char *const *topics, int n,
	int32_t partition, int64_t *ret, int timeout_ms)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(n);

	for (int i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(l, topics[i], partition)->offset =
			RD_KAFKA_OFFSET_END; /* the "time" that means so */
	if (rd_kafka_offsets_for_times(c->rk, l, timeout_ms))
		return false;
	for (int i = 0; i < n; i++) {
		const rd_kafka_topic_partition_t *t =
			rd_kafka_topic_partition_list_find(l, topics[i], partition);

		if (!t || t->err || t->offset < 0)
			return false;
		ret[i] = t->offset;
	}
	return true;
}

int kafka_ends(struct kafka_consumer *c, const char *const *topics, int n, int32_t partition,
	int64_t *ret, int timeout_ms, struct err *e)
{
	int64_t low;
	int r = 0;

	if (ends_at_once(c, topics, n, partition, ret, timeout_ms))
		return 0;
	for (int i = 0; !r && i < n; i++)
		r = kafka_watermarks(c, topics[i], partition, &low, &ret[i], timeout_ms, e);
	return r;
}
