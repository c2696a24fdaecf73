/* alarm: what the parts of muara-alarm share: the process, its lanes, their inputs.
 *
 * A lane is given by the group of the topic `emergencies` (static members), so one process screens
 * and rings it at a time and a standby takes over after `session`. That is for progress only: what
 * is written are facts that may be written twice (core/emergency.h), so a process that was cut off
 * and wakes up can ring once too often, and do no other harm.
 *
 * Order, never swapped: read the lane's part of `emergencies` to its end -> only then take inputs
 * -> screen -> append `raised` -> confirmed -> ring -> append `rung`; the position of an input is
 * committed only behind what is confirmed. Thread: loop. */
#pragma once

#include "base/clock.h"
#include "base/daemon.h"
#include "base/kafka.h"
#include "base/metrics.h"
#include "core/muara_conf.h"

#include "book.h"
#include "conf.h"
#include "ringer.h"
#include "screen.h"

struct lane;
struct alarm;

struct input { /* one topic of a lane: a raw one, or commands */
	struct lane *lane;
	char topic[TOPIC_NAME_SIZE];
	bool commands, paused;
	bool check;	   /* the first record read must be the one `last` names */
	int64_t next;	   /* behind the last record taken; -1 = none yet */
	char last[64];	   /* its id, "" = it had none */
	int64_t committed; /* -1 = nothing */
	char held[200];	   /* why a person must look; "" = not held */
};

struct append { /* a record on its way into `emergencies`; kept until confirmed */
	struct append *next;
	struct lane *lane;   /* NULL: the lane went; freed with the report */
	struct input *input; /* whose position waits for it, or NULL */
	int64_t offset;	     /* of the record that caused it */
	char before[64];     /* id of the one before that */
	char id[UUID_TEXT_SIZE];
	enum emergency_kind kind;
	char key[EMERGENCY_KEY_SIZE];
	char *value;
	size_t len;
	bool in_flight;
};

struct lane {
	struct lane *next;
	struct alarm *alarm;
	int32_t n;
	struct book *book;
	bool loaded;  /* its part of `emergencies` was read to the end */
	bool started; /* inputs are read */
	struct input *inputs;
	size_t n_inputs;
	struct append *appends; /* in order */
	size_t n_appends;
};

struct alarm {
	struct loop *loop;
	const struct conf *conf;
	const struct muara_conf *shared;
	const char **kafka_extra;
	struct kafka_conf kafka;
	char log_topic[TOPIC_NAME_SIZE], group[MUARA_GROUP_SIZE];
	struct kafka_consumer *consumer;
	struct kafka_producer *producer;
	struct ringer *ringer;
	struct book_hook *hooks;
	struct screen_rules rules;
	struct lane *lanes;
	struct loop_timer *tick;
	int64_t committed_ms;
	bool draining, fatal;
	struct metric *messages, *unacknowledged;
};

static inline struct book_now alarm_now(void)
{
	return (struct book_now){clock_mono_ms(), clock_wall_ms()};
}

/* lane.c */
struct lane *lane_new(struct alarm *a, int32_t n);
void lane_free(struct lane *l); /* NULL-safe */
/* A record of the lane's part of `emergencies`; its end. */
void lane_log(struct lane *l, const struct kafka_record *r);
void lane_log_end(struct lane *l);
/* 0, or -EAGAIN: not now. */
int lane_take(struct lane *l, const struct kafka_record *r);
void lane_topic_error(struct lane *l, const char *topic, int err, const char *text);
/* Retries, commits, goes on where it was paused. */
void lane_tick(struct lane *l, bool commit);
const char *lane_held(const struct lane *l); /* why one of its topics is held; NULL */

/* append.c */
/* Takes the record. input: whose position waits for it, at that offset, or NULL. */
void append_record(
	struct lane *l, json_t *record, const char *key, struct input *input, int64_t offset);
void append_retry(struct lane *l);
void append_report(void *ctx, void *opaque, const struct kafka_report *r);
void append_forget(struct lane *l); /* the lane goes */
/* What may be committed for this input: next record to be read and the id of the one before. */
int64_t append_position(const struct lane *l, const struct input *in, const char **ret_before);
