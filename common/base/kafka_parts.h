/* kafka_parts: the partitions a consumer reads: its table of them, and what librdkafka is told of
 * it. Between kafka_consumer.c, kafka_parts.c and kafka_offsets.c only; for others: kafka.h.
 *
 * A position is our own (`next`), never librdkafka's stored offset. Loop's thread; librdkafka calls
 * back within rd_kafka_consumer_poll. */
#pragma once

#include "base/kafka_private.h"

struct kafka_part {
	struct kafka_part *next_part;
	rd_kafka_topic_t *handle; /* what is made here is asked for at once, not within a second */
	rd_kafka_message_t *held; /* the record that was answered with -EAGAIN */
	int64_t next;		  /* next offset to deliver, or KAFKA_BEGIN/_END until the first */
	int32_t number;
	bool paused; /* by -EAGAIN or by the caller */
	bool moved;  /* what still comes belongs to another position */
	bool dead;
	bool ask_begin; /* KAFKA_BEGIN is not 0 here: have librdkafka ask for it */
	char topic[];
};

/* librdkafka's opaque. It outlives the consumer when a close hangs in its thread. */
struct kafka_shell {
	struct kafka_consumer *c; /* NULL = closed: nothing is called back */
};

struct kafka_consumer {
	rd_kafka_t *rk;
	struct kafka_shell *shell;
	struct kafka_wake wake;
	struct kafka_link link;
	struct kafka_consumer_ops ops;
	void *ctx;
	struct kafka_part *parts, *last; /* last: of the record before */
	int serving;
	bool changed; /* parts differ from what librdkafka was told */
	bool rebalancing, closed, fatal;
	char group_topic[250]; /* "": no group */
};

struct kafka_part *kafka_part_find(
	struct kafka_consumer *c, const char *topic, int32_t number); /* NULL = none */
/* Frees the dead ones, or all. Not while one of them is held in a variable. */
void kafka_parts_sweep(struct kafka_consumer *c, bool all);
/* Has librdkafka fetch it no more, or again. */
void kafka_part_pause(struct kafka_consumer *c, const struct kafka_part *p, bool pause);
/* Tells librdkafka the whole table: each where it is to go on. -errno: told again later. */
int kafka_parts_apply(struct kafka_consumer *c);
/* The table is another: it is told in the next turn, or at the end of the rebalance. */
void kafka_parts_changed(struct kafka_consumer *c);
