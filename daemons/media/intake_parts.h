/* intake_parts: what the files of intake share. Nobody but intake*.c includes it; what callers see
 * is intake.h. */
#pragma once

#include "base/kafka.h"
#include "core/ids.h"
#include "core/muara_conf.h"

#include "book.h"
#include "fetch.h"
#include "intake.h"

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

/* --- intake.c --- */
/* Positions that are settled and not committed; now: whether or not it is time. */
void intake_commit(struct intake *in, bool now);

/* --- intake_want.c --- */
/* Fetches attachment `index` of the message; in the end its record is produced and reported. */
void want_start(struct lane *l, struct book_message *m, const json_t *message, size_t index,
	const struct origin *o);
/* Its record, again until it is reported. */
void want_produce(struct want *w);
/* For kafka_producer_conf.report; ctx: the intake. */
void want_reported(void *ctx, void *opaque, const struct kafka_report *r);
/* The lane goes: what is fetched is dropped, what is produced is freed by its report. */
void wants_leave(struct lane *l);

/* --- intake_lane.c --- */
struct lane *intake_lane(struct intake *in, int32_t partition); /* NULL: not ours */
void intake_place(const struct kafka_record *r, char ret[160]); /* "topic/partition/offset" */
void lane_drop(struct lane *l);
/* For kafka_consumer_ops; ctx: the intake. */
void lane_assigned(void *ctx, int32_t partition);
void lane_revoked(void *ctx, int32_t partition, bool lost);
