/* lane_log: an owner of a lane log on Kafka, and readers of foreign lane logs. The rules are
 * lane.md; the state machine is lane.h; this file joins it to producers, the loop and the witness.
 *
 * The daemon's group consumer (see lane_member.h) assigns the own log from offset 0 and hands every
 * record and end-of-log to lane_log_feed and lane_log_eof. Callbacks come from there or from the
 * loop, never from inside lane_append. Thread: loop. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/kafka.h"
#include "base/loop.h"
#include "core/lane_owner.h"
#include "core/lane_record.h"
#include "core/witness.h"

struct lane_entry {		 /* borrowed for the call */
	enum lane_ruling ruling; /* LANE_COUNTS or LANE_LATE */
	int64_t offset;
	uint64_t term, n; /* its key is "term/n"; takeovers and genesis are no entries */
	uint8_t writer[LANE_WRITER_SIZE];
	const char *kind;
	const json_t *body;
	uint8_t sha256[LANE_HASH_SIZE]; /* of key, NUL, value: for stored positions */
	/* Appended by this object; opaque as given to lane_append. An INTENT is the current
	 * writer's (may be sent) iff own && term == lane_log_term(). */
	bool own;
	void *opaque;
	struct lane_mark mark; /* what rules after it: what an index stores beside it */
};

struct lane_log_ops {
	/* Each counted or late record once, in log order, from offset 0; own ones as soon as
	 * confirmed, not awaiting the consumer. The witness on disk covers it before the call. */
	void (*entry)(void *ctx, const struct lane_entry *e);
	/* Our takeover counts and everything before it was delivered: may decide. */
	void (*owned)(void *ctx);
	/* An append failed: a new takeover is under way. Every append not delivered as an entry by
	 * the next owned() is gone for ever (its opaque is yours to free then) - but for outcomes:
	 * one may still come as LATE entry, with own = false. */
	void (*unsettled)(void *ctx);
	/* Fenced or revoked. Append nothing but outcomes (done, rejected, not_sent) of INTENTs of
	 * lane_log_term(); wait until lane_log_in_flight is 0, then close. Undelivered opaques are
	 * yours to free. */
	void (*lost)(void *ctx, const char *why);
	/* The lane holds: estate, gap, rules, unknown kind, lost records. Alarm; a person decides.
	 * Nothing can be appended any more. */
	void (*held)(void *ctx, const char *why);
};

struct lane_log_conf { /* strings and marks are copied, except kafka's, kinds and ops */
	struct loop *loop;
	struct kafka_conf kafka;
	const char *topic, *log_name, *daemon; /* "muara.complaints", "complaints", "muara-…" */
	int32_t lane;
	int lanes;		    /* 0: learned from genesis */
	const char *installation;   /* NULL: learned from genesis */
	const char *const *kinds;   /* ordinary kinds, NULL-terminated; others hold the lane */
	struct witness *witness;    /* may be NULL in tests only; borrowed until close */
	int64_t append_deadline_ms; /* 0 = 10 s */
	const struct lane_log_ops *ops;
	void *ctx;
	/* Further memories of this log to be compared (the index: position, term, writer, hash). */
	const struct lane_mark *marks;
	int n_marks;
};
struct lane_log;
int lane_log_open(const struct lane_log_conf *c, struct lane_log **ret, struct err *e);
/* From the daemon's consumer: records of the own log, assigned from 0, and its ends. */
void lane_log_feed(struct lane_log *l, const struct kafka_record *r);
void lane_log_eof(struct lane_log *l, int64_t next_offset);
/* The consumer cannot read the log any more (offset out of range): holds. */
void lane_log_broken(struct lane_log *l, const char *why);
/* The group took the lane, or the daemon stops: ops->lost follows. */
void lane_log_revoke(struct lane_log *l, const char *why);
/* Steals body, on errors too; adds term, n, writer, kind. Outcomes name their INTENT in "intent".
 * 0; -EAGAIN: not owned now; -EMSGSIZE: more than LANE_RECORD_MAX; -ENOBUFS: too much in flight,
 * try after the next entry; -ESTALE: outcome of an INTENT of another term (void: park or verify
 * instead); -EINVAL: a kind that is not the log's. On an error nothing was appended. */
int lane_append(struct lane_log *l, const char *kind, json_t *body, void *opaque, struct err *e);
bool lane_log_owned(const struct lane_log *l);
uint64_t lane_log_term(const struct lane_log *l); /* of our counted takeover; 0: none */
/* Where the next lane_append will stand: "term/n". Lets an INTENT be remembered by its key. */
bool lane_log_next_key(const struct lane_log *l, struct lane_key *ret);
long lane_log_in_flight(const struct lane_log *l);   /* appends not delivered, dropped or failed */
int64_t lane_log_position(const struct lane_log *l); /* next offset to be read or confirmed */
/* The ruling after the last entry or event delivered: what an index stores. */
struct lane_mark lane_log_mark(const struct lane_log *l);
const char *lane_log_installation(const struct lane_log *l); /* "" before genesis */
/* NULL-safe; allowed inside callbacks. What is queued is not sent; what travels may land. */
void lane_log_close(struct lane_log *l);

/* --- readers of foreign logs: forwarder (complaints), normalizer (submissions), muaractl --- */

struct lane_reader_conf {
	const char *log_name;
	int32_t lane;
	int lanes;		  /* 0: learned */
	const char *installation; /* NULL: learned */
	const char *const *kinds;
	const struct lane_mark *marks; /* copied */
	int n_marks;
	const json_t *position; /* of lane_reader_save, or NULL: from 0 */
};
struct lane_reader;
typedef void lane_entry_fn(void *ctx, const struct lane_entry *e);
int lane_reader_new(const struct lane_reader_conf *c, struct lane_reader **ret, struct err *e);
void lane_reader_free(struct lane_reader *r); /* NULL-safe */
/* The offset to assign: 0, or the record the position stands on (it is compared, then skipped). */
int64_t lane_reader_from(const struct lane_reader *r);
/* Calls fn for each counted or late record. 0; -EBADMSG: the reader holds, e says why, and it says
 * so for ever. */
int lane_reader_feed(struct lane_reader *r, const struct kafka_record *k, lane_entry_fn *fn,
	void *ctx, struct err *e);
/* -EBADMSG: holds. -EAGAIN: a mark is ahead of the log; hold if it still says so after ~3 s. */
int lane_reader_eof(struct lane_reader *r, int64_t next_offset, struct err *e);
int64_t lane_reader_next(const struct lane_reader *r); /* everything below has been ruled */
struct lane_mark lane_reader_mark(const struct lane_reader *r);
const char *lane_reader_installation(const struct lane_reader *r);
/* The ruling of the record fed last (muaractl shows void ones too). */
enum lane_ruling lane_reader_ruling(const struct lane_reader *r);
json_t *lane_reader_save(const struct lane_reader *r); /* caller owns */
