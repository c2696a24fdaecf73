/* x_reader: the reader of one account of X: its state, and what its files do with it. For the files
 * of this reader only; the daemon knows x_platform (platform.h).
 *
 * x.c is the platform, x_poll.c pays for requests and sends them, and judges what is answered;
 * x_reading.c takes a page in and ends a reading; x_hold.c holds what needs a person. Loop's
 * thread; no call blocks. Times are milliseconds, of the wall clock unless it says monotonic. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/httpc.h"
#include "base/metrics.h"
#include "core/source.h"
#include "daemons/social/options.h"
#include "daemons/social/x_page.h"
#include "daemons/social/x_place.h"
#include "daemons/social/x_request.h"
#include "daemons/social/x_run.h"

#define X_SECOND_MS  1000
#define X_MANY_TRIES 5 /* from then on it is told */

enum x_phase { X_IDLE, X_PAYING, X_CALLING, X_TAKING, X_MOVING };
enum x_hold_reason { HOLD_NONE, HOLD_TOKEN, HOLD_CAPPED, HOLD_BUDGET };

struct x_list_state { /* one of X_LISTS */
	bool on;
	int64_t due_ms; /* monotonic */
	unsigned tries;
	bool by_time; /* its since_id is older than X allows */
	bool wrong;   /* X does not take our request */
};

struct x_page_state { /* being produced */
	char *body;
	size_t len, left; /* elements not looked at yet; the oldest first */
	struct x_page *page;
	char blob[SHA256_HEX_SIZE]; /* "": one element, its body inline */
	long waiting;		    /* reports */
	bool failed;
};

struct x {
	struct source *source;
	const struct x_conf *conf;
	int64_t start_ms, skew_ms; /* X's clock less ours */
	struct httpc *http;
	struct httpc_call *call;
	enum x_phase phase;
	bool draining, writing;

	enum x_hold_reason hold;
	char token[SHA256_HEX_SIZE]; /* hash of the last one sent; "": it could not be read */
	int64_t hold_since_ms;	     /* monotonic */
	int64_t hold_day;

	struct x_list_state lists[X_LISTS];
	struct x_run run;
	struct x_page_state page;
	struct x_place place, moved; /* moved: being written */
	struct x_budget budget, paid;
	int64_t offset;		  /* of the youngest raw record */
	int64_t kept_ms[X_LISTS]; /* read_ms as on disk */

	struct metric *requests, *answers, *posts, *holds, *gaps, *used;
};

/* What X's clock says now. */
static inline int64_t x_clock(const struct x *x)
{
	return clock_wall_ms() + x->skew_ms;
}

/* --- holding (x_hold.c) --- */

extern const char *const x_hold_names[]; /* for the metric; NULL ends */
/* Nothing is asked for until a person helped, or a day began; told once. */
void x_hold(struct x *x, enum x_hold_reason h, const char *why);
/* Lets go when there is another token, another day, or an hour later. */
void x_look_at_hold(struct x *x);
bool x_health(void *x, char *text, size_t size);

/* --- a reading (x_reading.c) --- */

/* The first page, or the next: its posts are taken in by x_take_page. -EINVAL: it is no page. */
int x_begin_page(struct x *x, const struct httpc_answer *a, struct err *e);
int64_t x_take_page(struct x *x); /* ms until the next call, < 0 = a report wakes us */
void x_drop_page(struct x *x);
void x_write_place(struct x *x);
/* The reading is over, whole or not; its list is read again after so long. */
void x_close_run(struct x *x, int64_t again_ms);

/* --- requests (x_poll.c) --- */

int64_t x_step(void *x); /* platform.h */
