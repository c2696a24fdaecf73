/* destination: may another call start now, and whose turn is it? The brakes and the health of one
 * destination, shared by all lanes of the process, as a pure state machine.
 *
 *   OPEN --ambiguous--> COOLING --time--> (probe: a read, never a create) --good--> SINGLE
 * --success--> OPEN
 *                          ^------------------ bad, or ambiguous again --------------'
 *   any --credential dead, endpoint moved, redirect, hourly brake, many rejects--> HELD --a
 * person's resume--> OPEN
 *
 * COOLING lasts half to all of a minute, at random, doubling to 30 min. In SINGLE one call is under
 * way at a time. A rest that began with a call that happens once (a create) ends only with a clear
 * answer to such a call: that files are taken says nothing of creates. A 429 that says how long is
 * obeyed: so long, and a little more, no doubling; one that does not backs off like a call that did
 * not get there. What was sent before a rest and ends during it tells nothing new: calls that
 * travel together and are refused together are one event, and one of them that is taken does not
 * end the rest (no call is sent in SINGLE before they are all back). HELD by a dead credential
 * probes by itself and opens when the probe passes: a renewed token needs no second hand. What a
 * lane's log says about it (holds that outlive the process, an operator's pause) is holds.h.
 *
 * Turns: a lane that asked in vain waits in line; while others wait, a free place is for the first
 * in line, so no lane starves, however long another one's backlog is. Who asked and wants no more
 * must leave the line.
 *
 * Places are of attempts, from the INTENT to the end of the call. Where calls end sooner than the
 * next ones can be prepared (INTENT in the log, look), there are more places than calls at once, so
 * that a call is ready whenever one ends: as many as measured, at most DEST_AHEAD_MAX times the
 * concurrency, none for concurrency 1, nor before DEST_AHEAD_AFTER calls came back since it was
 * last in trouble. How many calls travel is dest_may_send's to say.
 *
 * Times: clock_mono_ms, but for the hourly brake, which counts wall-clock seconds because it counts
 * from the logs. No I/O; `random` is the caller's. Limits of back-off and of runs: core/outcome.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dest_state { DEST_OPEN, DEST_COOLING, DEST_SINGLE, DEST_HELD };
enum dest_hold { /* why HELD */
	DEST_HOLD_NONE,
	DEST_HOLD_CREDENTIAL,
	DEST_HOLD_MOVED,
	DEST_HOLD_REDIRECT,
	DEST_HOLD_HOURLY,
	DEST_HOLD_REJECTS,
	DEST_HOLD_OTHER, /* a word in the log that this build does not know */
	DEST_HOLDS
};

#define DEST_PAUSE_BASE_MS \
	60000 /* default: an hour of ambiguous answers parks fewer than ten more */
#define DEST_NOBODY	 (-1)
#define DEST_AHEAD_MAX	 2 /* a kill parks what was prepared, too: little */
#define DEST_AHEAD_AFTER 16
/* So many 429 in a row with a Retry-After that is over each time, and nothing taken between: it is
 * not believed any more, and doubles as if none had come. Each costs two records for ever. */
#define DEST_TOLD_RUN	   8
#define DEST_JITTER_MAX_MS 60000 /* on top of a Retry-After, a tenth of it at most */

struct dest_limits {
	int concurrency;	    /* calls under way at once, of all lanes */
	int max_filings_per_hour;   /* of all lanes; then HELD; 0 = no brake */
	int64_t pause_base_ms;	    /* first limit of COOLING */
	int64_t retry_after_max_ms; /* a 429 that asks for more is obeyed so long; 0 = a day */
	int64_t settle_ms; /* a complaint is left alone that long before its first create */
};

struct dest_create {
	uint32_t at_s; /* wall clock */
	int32_t lane;
};

struct dest {
	struct dest_limits limits;
	enum dest_state state;
	enum dest_hold why;
	const char *opened; /* how the last hold ended: "probe-passed", "resumed"; static */
	int64_t held_ms;    /* when it began */
	bool probing;	    /* a probe is under way */
	int in_flight;	    /* places taken */
	int sent;	    /* calls that travel */
	int earlier;	    /* of them, sent before the rest that began last */
	bool stale;	    /* the call that ended last was one of those */
	int told;	    /* 429 with a Retry-After in a row */
	bool limited;	    /* it rests, or goes on by one, because of a 429 */
	int64_t prepare_x16, call_x16; /* ms x 16, smoothed */
	int took;		       /* calls that came back since trouble */
	int level;		       /* doublings of the back-off */
	bool doubt;		     /* it rests, or goes on by one, because of a once-only call */
	int rejects[2];		     /* in a row: of other calls, of once-only ones */
	int64_t not_before;	     /* nothing starts before (429, back-off, cooling) */
	struct dest_create *created; /* creates of the last hour, oldest first */
	size_t n_created, room_created;
	uint32_t count_from_s; /* a person's resume lets the hourly brake count anew */
	int32_t *line;	       /* lanes that wait for a place, first come first */
	size_t n_line, room_line;
};

void dest_init(struct dest *d, const struct dest_limits *limits);
void dest_free(struct dest *d);

/* May a call of this lane start at now? On `creates` the hourly brake is looked at: it may put the
 * destination on hold. No: the lane waits in line. Yes changes nothing: ask as often as you like.
 */
bool dest_may_start(struct dest *d, int32_t lane, bool creates, int64_t now_ms, uint32_t wall_s);
void dest_started(struct dest *d, int32_t lane); /* it had its turn */
bool dest_may_send(const struct dest *d);	 /* one more call on its way? */
void dest_sent(struct dest *d);
/* A call ended; what it came to, told next, is weighed as one sent before or after the rest. */
void dest_back(struct dest *d);
void dest_weighed(struct dest *d); /* that has been told */
/* A call came back: how long its INTENT and its look took, and itself. */
void dest_took(struct dest *d, int64_t prepare_ms, int64_t call_ms);
bool dest_in_stride(const struct dest *d); /* enough came back: no need to wait for outcomes */
void dest_slow(struct dest *d);	 /* one waited in vain for its turn to be sent: prepare none */
void dest_ended(struct dest *d); /* every started call ends once, then one of: */
/* once: of a call that happens once only. */
void dest_success(struct dest *d, bool once);
void dest_rejected(struct dest *d, bool once, int64_t now_ms);
void dest_ambiguous(struct dest *d, int64_t now_ms, uint64_t random);
void dest_not_sent(struct dest *d, int64_t now_ms, uint64_t random);
/* 429: not taken; then one call at a time until a success. Waits as it says (wait_ms, up to a tenth
 * more). Nothing said (-1), "now" or a date gone by (0): backs off, doubling. */
void dest_rate_limited(struct dest *d, int64_t now_ms, int64_t wait_ms, uint64_t random);
void dest_hold_on(struct dest *d, enum dest_hold why, int64_t now_ms);
/* The same, of an earlier process: what probes by itself does so soon. */
void dest_hold_again(struct dest *d, enum dest_hold why, int64_t now_ms, uint64_t random);

/* It was in doubt when an earlier process ended: a read first, soon, then one call. */
void dest_doubt_again(struct dest *d, int64_t now_ms, uint64_t random);

/* The lane that is to be told that a place may be free; DEST_NOBODY = none waits. */
int32_t dest_next(const struct dest *d);
void dest_leave(struct dest *d, int32_t lane); /* wants nothing any more */

bool dest_wants_probe(const struct dest *d, int64_t now_ms);
void dest_probe_started(struct dest *d);
void dest_probe_ended(struct dest *d, bool good, int64_t now_ms, uint64_t random);

/* Ends a hold. A hold that began after asked_ms stays: its author cannot have seen it. */
void dest_resume(struct dest *d, int64_t asked_ms, uint32_t wall_s);
/* A create of the log (start-up) or of now, for the hourly brake. */
void dest_note_create(struct dest *d, int32_t lane, uint32_t wall_s);
/* One that was noted with that second turned out not to have been sent. */
void dest_forget_create(struct dest *d, int32_t lane, uint32_t wall_s);
/* The lane is another process's now: nothing of it counts or waits here. */
void dest_forget_lane(struct dest *d, int32_t lane);
/* When to look again, as clock_mono_ms; INT64_MAX = nothing to wait for. */
int64_t dest_wake_ms(const struct dest *d);
const char *dest_state_text(const struct dest *d); /* "open", "held: credential", … */
/* "credential", "moved" …: in records. Parse: DEST_HOLD_OTHER when unknown. */
const char *dest_hold_word(enum dest_hold why);
enum dest_hold dest_hold_parse(const char *word);
