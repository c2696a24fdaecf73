/* kafka: librdkafka as Muara uses it, and nothing more: producers with a report per message,
 * consumers assigned by hand or by a group of one topic, reads of single records, admin calls.
 *
 * Everything is served from the loop thread: each client's queue wakes the loop through
 * rd_kafka_queue_io_event_enable. Settings that carry a guarantee (acks, idempotence, offset
 * handling) are fixed here and cannot be overridden; `extra` (key, value, …, NULL) passes
 * security.protocol, ssl.* and the like. Facts: librdkafka 2.0.2 INTRODUCTION.md and
 * CONFIGURATION.md. Only consumer_poll and producev are used (the batch calls of 2.0.x may skip
 * offsets). Kafka's own errors (broker away) are a state, logged once per change, never fatal; a
 * fatal producer error reaches `on_fatal`. */
#pragma once

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"

struct kafka_conf {
	const char *brokers;
	const char *client_id;	  /* short */
	const char *const *extra; /* may be NULL */
};

/* Some client of this process reaches no broker, as far as known. */
bool kafka_away(void);
/* For health and STATUS=: what keeps Kafka from serving this process, with the remedy where there
 * is one: no broker, or the topic of a group does not exist. NULL: nothing. Good until the next
 * turn of the loop. */
const char *kafka_trouble(void);

/* --- producer --- */

/* status: 0 = persisted at offset (>= 0, or -1 when a retry hid it); else -errno-like: the append
 * failed or may have happened (possibly = true). Called exactly once per accepted kafka_produce,
 * also at close (failed). */
struct kafka_report {
	int status;
	bool possibly;
	int64_t offset;
	const char *text; /* broker's reason, no payload */
};
typedef void kafka_report_fn(void *ctx, void *opaque, const struct kafka_report *r);

struct kafka_producer_conf {
	struct kafka_conf common;
	bool lane;	    /* gapless, message.timeout.ms=0: the lane has a deadline of its own */
	int delivery_ms;    /* for non-lane producers; default 120000 */
	int linger_ms;	    /* default 5; lane producers 0..5 */
	int queue_messages; /* default 10000: QUEUE_FULL is the back-pressure signal */
	int queue_kbytes;   /* default 65536 */
	kafka_report_fn *report;
	void (*on_fatal)(void *ctx, const char *text);
	void *ctx;
};
struct kafka_producer;
int kafka_producer_open(struct loop *l, const struct kafka_producer_conf *c,
	struct kafka_producer **ret, struct err *e);
/* Names a topic this producer will write to, at most KAFKA_KNOWN_MAX of them. librdkafka then asks
 * for it now and then, which keeps the connection of a producer that has had nothing to produce
 * from being closed as idle (Kafka does so after 10 min) and taken for "Kafka is away". */
#define KAFKA_KNOWN_MAX 4
int kafka_producer_know(struct kafka_producer *p, const char *topic, struct err *e);
/* Copies key and value. value NULL = tombstone. 0, -ENOBUFS (queue full), or another -errno; no
 * report follows an error. */
int kafka_produce(struct kafka_producer *p, const char *topic, int32_t partition, const void *key,
	size_t key_len, const void *value, size_t value_len, void *opaque, struct err *e);
long kafka_producer_in_flight(const struct kafka_producer *p);
bool kafka_producer_up(
	const struct kafka_producer *p); /* at least one broker reachable, as far as known */
/* Serves reports until none is left or the time is over; returns what is left. */
long kafka_producer_drain(struct kafka_producer *p, int64_t max_ms);
/* Reports what is left as failed (possibly), then frees. Never hangs longer than ~5 s. NULL-safe.
 * `abandon`: messages still queued are purged, not sent (rd_kafka_purge): what travels may still
 * land. Without it what is queued gets 2 s to go out. May be called from a report or from on_fatal
 * (always abandons then); after it has returned nothing is reported and the handle is gone. */
void kafka_producer_close(struct kafka_producer *p, bool abandon);

/* --- consumer --- */

struct kafka_record { /* borrowed for the call */
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t log_append_ms;
	const char *key;
	size_t key_len;
	const char *value; /* NULL = tombstone */
	size_t value_len;
};
struct kafka_consumer;
struct kafka_consumer_ops {
	/* One record, in order per partition. Return 0; or -EAGAIN: "not now", the partition is
	 * paused at this record and delivered again after kafka_consumer_resume(). */
	int (*record)(void *ctx, const struct kafka_record *r);
	/* The partition has been read to its end (again after each new batch). May be NULL. */
	void (*eof)(void *ctx, const char *topic, int32_t partition, int64_t next_offset);
	/* Group mode: lane (partition) given or taken. In `assigned` call kafka_consumer_assign_add
	 * for what to read (blocking reads of this module are fine there). In `revoked` everything
	 * of that partition number has already been unassigned; commits still go through unless it
	 * is lost. Eager protocol: every rebalance takes all lanes, then gives anew. May be NULL
	 * without a group. */
	void (*assigned)(void *ctx, int32_t partition);
	void (*revoked)(void *ctx, int32_t partition, bool lost);
	/* Offset out of range (log start moved past us: err -ERANGE), no such topic (-ENOENT), not
	 * allowed (-EACCES) or another partition error that needs a decision; err is -errno. */
	void (*partition_error)(
		void *ctx, const char *topic, int32_t partition, int err, const char *text);
	/* The client is of no use any more (a second one with our group.instance.id, say): end, or
	 * open a new one. Lanes were `revoked` with lost = true or will be. May be NULL. */
	void (*fatal)(void *ctx, const char *text);
};
struct kafka_consumer_conf {
	struct kafka_conf common;
	const char *group_topic; /* NULL: no group, assigned by hand only */
	const char *group;    /* used for the group and for commits; may be set without group_topic
				 (commits only) */
	const char *instance; /* group.instance.id, NULL = dynamic */
	int session_ms;	      /* default 45000 */
	int max_poll_ms;      /* default 300000 */
	int fetch_wait_ms;    /* default 100: `eof` comes as late, an idle reader asks as often */
	const struct kafka_consumer_ops *ops;
	void *ctx;
};
int kafka_consumer_open(struct loop *l, const struct kafka_consumer_conf *c,
	struct kafka_consumer **ret, struct err *e);
/* Leaves the group (a static member stays in it until session_ms is over); bounded (~5 s);
 * NULL-safe; calls nothing back; may be called from a callback. */
void kafka_consumer_close(struct kafka_consumer *c);
/* offset >= 0, or KAFKA_BEGIN / KAFKA_END. Adding one that is assigned moves it (and resumes it if
 * it was paused). Takes effect at the next turn, or with the return of `assigned`: several in a row
 * cost one assignment. The others keep their place and their pause. */
#define KAFKA_BEGIN (-2)
#define KAFKA_END   (-1)
int kafka_consumer_assign_add(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t offset, struct err *e);
int kafka_consumer_assign_del(
	struct kafka_consumer *c, const char *topic, int32_t partition, struct err *e);
void kafka_consumer_pause(struct kafka_consumer *c, const char *topic, int32_t partition);
void kafka_consumer_resume(struct kafka_consumer *c, const char *topic, int32_t partition);
/* Committed offset and metadata of the group: *ret_offset = -1 when there is none. metadata buffer
 * NUL-terminated. Blocking, bounded by timeout_ms. */
int kafka_committed(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t *ret_offset, char *ret_metadata, size_t metadata_size, int timeout_ms,
	struct err *e);
/* Asynchronous commit of `offset` (the next to read) with metadata. Errors are logged; a commit is
 * an optimisation. */
void kafka_commit(struct kafka_consumer *c, const char *topic, int32_t partition, int64_t offset,
	const char *metadata);

/* First offset and end (next offset to be written). Blocking, bounded. */
int kafka_watermarks(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t *ret_low, int64_t *ret_high, int timeout_ms, struct err *e);
/* The ends alone, of the same partition of n topics: cheaper. ret[n]; not all of them: an error.
 * Blocking, bounded by twice timeout_ms a topic. */
int kafka_ends(struct kafka_consumer *c, const char *const *topics, int n, int32_t partition,
	int64_t *ret, int timeout_ms, struct err *e);
/* Reads one partition from an offset (or KAFKA_BEGIN) to the end as of the call with a private
 * client; for start-up, tools and tests. fn returns 0 to go on, > 0 to stop early, < 0 = error
 * (returned as it is). Blocking; compaction holes are fine. -ERANGE when `from` is below the log's
 * start or above its end: the log lost records; -ETIMEDOUT after timeout_ms. */
int kafka_read_range(const struct kafka_conf *c, const char *topic, int32_t partition, int64_t from,
	int (*fn)(void *ctx, const struct kafka_record *r), void *ctx, int timeout_ms,
	struct err *e);
/* One record at exactly that offset; -ENOENT when it is gone. Calls fn once. */
int kafka_read_one(const struct kafka_conf *c, const char *topic, int32_t partition, int64_t offset,
	int (*fn)(void *ctx, const struct kafka_record *r), void *ctx, int timeout_ms,
	struct err *e);

/* --- admin --- */

struct kafka_topic_info {
	char name[250];
	int partitions, replicas; /* replicas: of the partition that has the fewest */
};
struct kafka_admin; /* every call blocks, 20 s at most */
int kafka_admin_open(const struct kafka_conf *c, struct kafka_admin **ret, struct err *e);
void kafka_admin_close(struct kafka_admin *a);
/* configs: key, value, …, NULL. -EEXIST when it exists. */
int kafka_admin_create(struct kafka_admin *a, const char *topic, int partitions, int replication,
	const char *const *configs, struct err *e);
/* *ret_partitions = 0 when the topic does not exist. */
int kafka_admin_topic(struct kafka_admin *a, const char *topic, int *ret_partitions, struct err *e);
/* Calls fn for each topic of the cluster, internal ones included. */
int kafka_admin_topics(struct kafka_admin *a,
	void (*fn)(void *ctx, const struct kafka_topic_info *t), void *ctx, struct err *e);
/* Calls fn(key, value) for each config of the topic. */
int kafka_admin_configs(struct kafka_admin *a, const char *topic,
	void (*fn)(void *ctx, const char *key, const char *value), void *ctx, struct err *e);
int kafka_admin_cluster(
	struct kafka_admin *a, char *ret_id, size_t size, int *ret_brokers, struct err *e);
/* The same for each broker. */
int kafka_admin_broker_configs(struct kafka_admin *a,
	void (*fn)(void *ctx, int broker, const char *key, const char *value), void *ctx,
	struct err *e);
/* Members of a consumer group (0 when there is no such group) and its state in Kafka's words. */
int kafka_admin_group(struct kafka_admin *a, const char *group, int *ret_members, char *ret_state,
	size_t size, struct err *e);
