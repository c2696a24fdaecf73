/* lane_owner: the owner's state machine above a lane_view: takeover, confirm, failure, fencing
 * (lane.md, rules 3, 5-9, 19). Pure, like lane.h: driven by what was read, what the reports said
 * and the time; it acts through a small table of functions. One object lives from one assignment
 * of the lane to its end; it never comes back from FENCED or HELD. Not thread-safe. */
#pragma once

#include "core/lane.h"

enum lane_state {
	LANE_READING, /* to the end, before the takeover */
	LANE_TAKING,  /* a takeover is on its way */
	LANE_OWN,     /* may decide */
	LANE_FENCED,  /* a newer takeover was read, or the group took the lane: only outcomes of own
			 INTENTs may still be appended */
	LANE_HELD,    /* the log contradicts itself or what was remembered: a person decides */
};

/* What the owner asks for. Called from inside the lane_owner_* functions; may not call them back
 * (the driver queues). */
struct lane_owner_ops {
	/* Append this to the log through the newest producer. 0; -ENOBUFS: not now, nothing was
	 * taken; other -errno: the producer is broken. seq comes back in lane_owner_report. For a
	 * takeover (cookie NULL) the callee sets r->hash, too. */
	int (*produce)(void *ctx, uint64_t seq, struct lane_rec *r, void *cookie);
	/* Drop the old producer with what it still queues, open a new one. 0 or -errno (tried again
	 * later). */
	int (*new_producer)(void *ctx);
	void (*random)(void *ctx, uint8_t writer[LANE_WRITER_SIZE]);
	/* A counted or late record, once each, in log order. cookie: what was given when it was
	 * appended (own) or read. */
	void (*entry)(void *ctx, enum lane_ruling ruling, const struct lane_rec *r, void *cookie,
		bool own);
	/* An append or a read record whose cookie is needed no more and was not given to entry. */
	void (*drop)(void *ctx, void *cookie, bool own);
	void (*owned)(void *ctx);
	void (*unsettled)(void *ctx);
	void (*lost)(void *ctx, const char *why);
	void (*held)(void *ctx, const char *why);
};

struct lane_item { /* an append without its end yet */
	uint64_t seq;
	struct lane_rec rec; /* offset -1 until reported */
	void *cookie;
	int64_t since_ms;
	bool reported;	/* in the log, says the report */
	bool delivered; /* read back or confirmed; only the report is missing */
	bool abandoned; /* of a producer given up: counts only if it is read */
	struct lane_item *next;
};

struct lane_owner_conf {
	struct lane_view_conf view;
	const struct lane_owner_ops *ops;
	void *ctx;
	int64_t deadline_ms; /* of one append's report; 0 = 10 s */
};

#define LANE_UNREAD	256 /* confirmed, to be compared when read; older ones are not compared */
#define LANE_LAG_MS	3000 /* a memory may be ahead of the log's end this long (change of leader) */
#define LANE_BEATEN_MAX 5    /* takeovers beaten before the first one counted */
struct lane_owner {
	struct lane_owner_conf conf;
	struct lane_view view;
	enum lane_state state;
	uint64_t term;			  /* of the newest own takeover */
	uint8_t writer[LANE_WRITER_SIZE]; /* of the newest own takeover */
	uint64_t last_n, tried_term, last_seq;
	bool counted;		 /* the newest own takeover counted */
	bool was_owner;		 /* an earlier one did */
	bool need_producer;	 /* the next takeover goes through a new one */
	bool want_takeover;	 /* waits for not_before_ms */
	bool broken;		 /* fenced, and the producer failed: nothing more can be appended */
	struct lane_item *items; /* in order of appending */
	long n_items;
	int failures, beaten; /* takeovers in a row that failed, or came second */
	int64_t now_ms, not_before_ms, lag_since_ms;
	struct lane_mark unread[LANE_UNREAD]; /* confirmed by report; compared when read */
	unsigned unread_at;
};

void lane_owner_init(struct lane_owner *o, const struct lane_owner_conf *c);
void lane_owner_free(struct lane_owner *o); /* drops every cookie that is left */
/* One record of the log, as read. The cookie goes to entry or drop. */
void lane_owner_read(struct lane_owner *o, const struct lane_rec *r, void *cookie);
void lane_owner_eof(struct lane_owner *o, int64_t next);
/* status 0: in the log, at offset (or -1: not told); else failed, or nobody knows. */
void lane_owner_report(struct lane_owner *o, uint64_t seq, int status, int64_t offset);
void lane_owner_tick(struct lane_owner *o, int64_t now_ms);
/* What the next append will carry. -EAGAIN: may not append now (see lane_owner_append). */
int lane_owner_next(const struct lane_owner *o, bool outcome, uint64_t *ret_term, uint64_t *ret_n);
/* r: kind_known, outcome, intent, erased, hash set by the caller, term and n from lane_owner_next;
 * size = bytes of the value. 0; -EAGAIN: not owned (or fenced and not an outcome of an own INTENT);
 * -EMSGSIZE; -ENOBUFS. On an error nothing was appended and the cookie stays the caller's. */
int lane_owner_append(struct lane_owner *o, const struct lane_rec *r, size_t size, void *cookie);
/* The group took the lane away, or the daemon stops. */
void lane_owner_revoke(struct lane_owner *o, const char *why);
/* The reader cannot go on (offset out of range, and the like). */
void lane_owner_hold(struct lane_owner *o, const char *why);
/* Appends whose report has not come yet. */
long lane_owner_in_flight(const struct lane_owner *o);
