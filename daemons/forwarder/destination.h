/* destination: may another call start now? The brakes and the health of one destination, as a pure
 * state machine.
 *
 *   OPEN --ambiguous--> COOLING --time--> (probe: a read, never a create) --good--> SINGLE
 * --success--> OPEN
 *                          ^------------------ bad, or ambiguous again --------------'
 *   any --credential dead, endpoint moved, redirect, hourly brake, many rejects--> HELD --a
 * person's resume--> OPEN
 *
 * COOLING lasts full jitter up to a minute, doubling to 30 min. In SINGLE one call is under way at
 * a time. A pause by an operator is a flag beside the state. HELD by a dead credential probes by
 * itself and opens when the probe passes: a renewed token needs no second hand. Times:
 * clock_mono_ms, but for the hourly brake, which counts wall-clock seconds because it counts from
 * the log. No I/O; `random` is the caller's. Limits of back-off and of runs: core/outcome.h. */
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
	DEST_HOLD_RESTORED,
	DEST_HOLDS
};

#define DEST_PAUSE_BASE_MS \
	60000 /* default: an hour of ambiguous answers parks fewer than ten more */

struct dest_limits {
	int concurrency;	  /* calls under way at once */
	int max_filings_per_hour; /* then HELD; 0 = no brake */
	int64_t pause_base_ms;	  /* first limit of COOLING */
	int64_t settle_ms;	  /* a complaint is left alone that long before its first create */
};

struct dest {
	struct dest_limits limits;
	enum dest_state state;
	enum dest_hold why;
	bool paused;  /* by an operator */
	bool probing; /* a probe is under way */
	int in_flight;
	int level;	     /* doublings of the back-off */
	int rejects;	     /* in a row */
	int64_t not_before;  /* nothing starts before (429, back-off, cooling) */
	uint32_t *created_s; /* ring: wall seconds of the creates of the last hour, oldest first */
	size_t n_created, room_created;
	uint32_t count_from_s; /* a person's resume lets the hourly brake count anew */
};

void dest_init(struct dest *d, const struct dest_limits *limits);
void dest_free(struct dest *d);

/* May a call start at now? On `creates` the hourly brake is looked at: it may put the destination
 * on hold. */
bool dest_may_start(struct dest *d, bool creates, int64_t now_ms, uint32_t wall_s);
void dest_started(struct dest *d);
void dest_ended(struct dest *d); /* every started call ends once, then one of: */
void dest_success(struct dest *d);
void dest_rejected(struct dest *d);
void dest_ambiguous(struct dest *d, int64_t now_ms, uint64_t random);
void dest_not_sent(struct dest *d, int64_t now_ms, uint64_t random);
void dest_wait(struct dest *d, int64_t until_ms); /* 429 */
void dest_hold_on(struct dest *d, enum dest_hold why, int64_t now_ms);

bool dest_wants_probe(const struct dest *d, int64_t now_ms);
void dest_probe_started(struct dest *d);
void dest_probe_ended(struct dest *d, bool good, int64_t now_ms, uint64_t random);

void dest_pause(struct dest *d);
void dest_resume(struct dest *d, uint32_t wall_s); /* ends a pause and a hold */
/* A create of the log (start-up) or of now, for the hourly brake. */
void dest_note_create(struct dest *d, uint32_t wall_s);
/* One that was noted with that second turned out not to have been sent. */
void dest_forget_create(struct dest *d, uint32_t wall_s);
/* When to look again, as clock_mono_ms; INT64_MAX = nothing to wait for. */
int64_t dest_wake_ms(const struct dest *d);
const char *dest_state_text(const struct dest *d); /* "open", "paused", "held: credential", … */
