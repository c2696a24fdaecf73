/* kafka_private: what the kafka_*.c files share; nobody else includes it. */
#pragma once

#include <librdkafka/rdkafka.h>

#include "base/kafka.h"
#include "base/util.h"

/* librdkafka's code as -errno (table in kafka_conf.c; what is not in it is -EIO). */
int kafka_errno(rd_kafka_resp_err_t err);
/* Code and librdkafka's text; never a payload. Returns -errno. */
int kafka_err_set(struct err *e, rd_kafka_resp_err_t err, const char *what);

/* Brokers, client id, `extra` (keys that carry a guarantee are refused), log. NULL on error. */
rd_kafka_conf_t *kafka_conf_new(const struct kafka_conf *c, struct err *e);
/* key, value, …, NULL */
int kafka_conf_pairs(rd_kafka_conf_t *conf, const char *const *pairs, struct err *e);
int kafka_conf_int(rd_kafka_conf_t *conf, const char *key, int64_t v, struct err *e);
/* Takes conf, also on failure. NULL on error. */
rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct err *e);

/* Borrowed from m, the topic's name too. */
static inline struct kafka_record kafka_record_of(const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t type;

	return (struct kafka_record){.topic = rd_kafka_topic_name(m->rkt),
		.partition = m->partition,
		.offset = m->offset,
		.log_append_ms = rd_kafka_message_timestamp(m, &type),
		.key = m->key,
		.key_len = m->key_len,
		.value = m->payload,
		.value_len = m->len};
}

/* A client's queue joined to the loop: fn runs when something was queued, and each KAFKA_TICK_MS
 * (max.poll.interval.ms counts polls; and a lost wake-up must not last). */
#define KAFKA_TICK_MS 500
struct kafka_wake {
	rd_kafka_queue_t *queue;
	struct loop_fd *watch;
	struct loop_timer *tick;
	void (*fn)(void *ctx);
	void *ctx;
	int fd;
};
int kafka_wake_open(struct kafka_wake *w, struct loop *l, rd_kafka_queue_t *queue,
	void (*fn)(void *ctx), void *ctx, struct err *e);
/* Serve again in the next turn. */
void kafka_wake_soon(struct kafka_wake *w);
void kafka_wake_close(struct kafka_wake *w);

/* Brokers away or back: logged once per change. */
struct kafka_link {
	char who[64];
	bool down;
};
void kafka_link_error(struct kafka_link *l, int err, const char *reason);
void kafka_link_up(struct kafka_link *l);
void kafka_link_stats(struct kafka_link *l, const char *json);
void kafka_link_end(struct kafka_link *l); /* with its client */
/* The topic of its group that does not exist; NULL: it does. */
void kafka_link_topic(const struct kafka_link *l, const char *missing);

/* rd_kafka_destroy, after rd_kafka_consumer_close when asked for, in a thread of its own; waits at
 * most max_ms, then leaves the thread behind. `keep` is freed when the client is gone. */
void kafka_destroy(rd_kafka_t *rk, bool consumer_close, void *keep, int max_ms);

DEFINE_CLEANUP(rd_kafka_topic_partition_list_t *, rd_kafka_topic_partition_list_destroy);
#define _cleanup_parts_ _cleanup_(rd_kafka_topic_partition_list_destroy_cleanup)
