/* attempt: one call's life from its INTENT to the entry that ends it.
 *
 *   APPENDED -> CONFIRMED -> LOOKING -> SENT -> (PROBING | VERIFYING) -> ENDED -> gone
 *
 * made, and its INTENT appended: attempt_make.c; looked at, sent, answered: attempt_send.c; read
 * back, and what another writer left (FOREIGN): attempt_verify.c. Here: the list, the ends, and
 * what a change of the term or time does to each state.
 *
 * The end is known before it is written: ENDED keeps it until an entry of the log closes the slot.
 * Under the INTENT's own term it is written as done, rejected, not_sent or parked. When our term
 * was lost in between (an append failed, another takeover), those would be void: then the new term
 * writes what we know as `resolved` (filed, not_filed), or parks what nobody knows. A fenced or
 * stopping owner may only write done, rejected and not_sent; what is unclear is left to its
 * successor. What could not be written at all, because the broker was away longer than the group
 * waits, is kept for this process's next turn at the lane (known_ends.h).
 *
 * Crash points, each of every call it can be about: after-intent, before-send, first-byte-sent,
 * answer-read, probed, read-back, sheet-written, after-outcome (this one here).
 * Known gap: a sheet whose files stand on another machine's disk is parked, not handed. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/util.h"
#include "core/ids.h"

#include "attempt.h"
#include "news.h"

/* --- life --- */

struct attempt *attempt_new(struct lane *l, struct site *s, const uint8_t complaint[16])
{
	struct attempt *a = xcalloc(1, sizeof *a), **at = &l->attempts;

	a->lane = l;
	a->site = s;
	memcpy(a->complaint, complaint, sizeof a->complaint);
	uuid_format(complaint, a->id);
	if (ticket_of(a->id, a->ticket))
		abort(); /* it has just been made from 16 bytes */
	if (s) {
		a->destination = s->name;
		a->system = s->system;
	}
	while (*at)
		at = &(*at)->next;
	*at = a;
	l->n_attempts++;
	return a;
}

void attempt_leave_place(struct attempt *a)
{
	if (a->place) {
		dest_ended(&a->site->gate->brake);
		gate_next(a->site->gate);
	}
	a->place = false;
}

void attempt_drop(struct attempt *a)
{
	struct attempt **at = &a->lane->attempts;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	a->lane->n_attempts--;
	if (a->http) {
		if (a->state == ATT_SENT)
			gate_call_ended(a->site->gate);
		httpc_cancel(a->http);
	}
	attempt_leave_place(a);
	profile_request_clear(&a->request);
	told_clear(&a->told);
	free(a->page);
	json_decref(a->snapshot);
	free(a);
}

/* Gone, and the complaint may go on. */
static void attempt_gone(struct attempt *a, bool front)
{
	struct lane *l = a->lane;
	uint8_t complaint[16];
	bool held = a->holds_row;

	memcpy(complaint, a->complaint, sizeof complaint);
	attempt_drop(a);
	lane_requeue(l, complaint, held, front);
	lane_soon(l);
}

/* The lane goes before its log took the end: should it come back to this process, it is known. */
static void keep_end(const struct attempt *a)
{
	struct known_end end = {
		.lane = a->lane->number, .intent = a->intent, .end = a->end, .result = a->result};

	if (a->state == ATT_ENDED)
		known_ends_keep(&a->lane->fwd->known, &end);
}

void attempts_free(struct lane *l)
{
	while (l->attempts) {
		keep_end(l->attempts);
		attempt_drop(l->attempts);
	}
}

struct attempt *attempt_of_intent(const struct lane *l, const struct lane_key *k)
{
	for (struct attempt *a = l->attempts; a; a = a->next)
		if (a->intent.term == k->term && a->intent.n == k->n && k->n)
			return a;
	return NULL;
}

struct attempt *attempt_of_refusal(const struct lane *l, const uint8_t complaint[16])
{
	for (struct attempt *a = l->attempts; a; a = a->next)
		if (a->state == ATT_REFUSING && memcmp(a->complaint, complaint, 16) == 0)
			return a;
	return NULL;
}

struct submission_head attempt_head(const struct attempt *a)
{
	struct submission_head h = {.version = a->version,
		.destination = a->lane->ledger.names[a->destination],
		.system = a->lane->ledger.names[a->system],
		.call = a->call,
		.attempt = a->number,
		.attachment = *a->attachment ? a->attachment : NULL,
		.part = a->part};

	memcpy(h.complaint, a->complaint, sizeof h.complaint);
	return h;
}

bool attempt_once_only(const struct attempt *a)
{
	const struct profile *p = a->site->ep->profile;

	return a->call == CALL_SHEET || profile_call(p, a->call)->repeat == CALL_ONCE;
}

bool attempt_ours(const struct attempt *a)
{
	return a->intent.term == lane_log_term(a->lane->log);
}

/* --- the end --- */

static const struct {
	const char *own;   /* kind under the INTENT's own term */
	const char *later; /* resolution under a later one; NULL: the kind itself */
} ends[] = {
	[END_DONE] = {"done", "filed"},
	[END_REJECTED] = {"rejected", "not_filed"},
	[END_NOT_SENT] = {"not_sent", "not_filed"},
	[END_PARKED] = {"parked", NULL},
	[END_HANDED] = {"handed", NULL},
};

static json_t *end_body(const struct attempt *a, bool resolve)
{
	struct submission_head h = attempt_head(a);
	char number[24];

	if (!resolve)
		return submission_outcome(&h, &a->intent, &a->result);
	snprintf(number, sizeof number, "%" PRIu64, a->result.remote_id);
	return submission_resolved(&h, &a->intent, ends[a->end].later,
		a->result.remote_id ? number : NULL, a->result.reason, NULL);
}

/* Writes the end, now or when it may. */
static void append_end(struct attempt *a)
{
	bool own = attempt_ours(a), resolve = !own && ends[a->end].later;
	const char *kind = resolve ? "resolved" : ends[a->end].own;
	struct lane *l = a->lane;
	struct err e = {0};
	int r;

	if (a->appended || (!l->lost && !lane_log_owned(l->log)))
		return; /* owned() comes back to it */
	if (l->lost && (!own || !lane_kind_is_outcome(kind)))
		return; /* the successor's */
	r = lane_append(l->log, kind, end_body(a, resolve), NULL, &e);
	a->appended = !r;
	if (r && r != -EAGAIN && r != -ENOBUFS)
		log_error("complaint %s: outcome not written: %s", a->id, e.text);
}

void attempt_end(struct attempt *a, enum attempt_end end, const char *reason)
{
	a->state = ATT_ENDED;
	a->end = end;
	a->result.reason = reason;
	profile_request_clear(&a->request);
	stats_end(a);
	if (a->place && dest_in_stride(&a->site->gate->brake))
		attempt_leave_place(a); /* its outcome needs none */
	if (end == END_NOT_SENT && a->created_s)
		dest_forget_create(&a->site->gate->brake, a->lane->number, a->created_s);
	a->created_s = 0;
	append_end(a);
	lane_soon(a->lane);
}

static enum attempt_end end_of(enum record_fate f)
{
	switch (f) {
	case RECORD_DONE:
		return END_DONE;
	case RECORD_REJECT:
		return END_REJECTED;
	case RECORD_RETRY:
		return END_NOT_SENT;
	default:
		return END_PARKED;
	}
}

void attempt_end_by(struct attempt *a, const struct outcome *o)
{
	attempt_end(a, end_of(o->record), o->reason);
}

void attempt_ended_counted(struct attempt *a)
{
	CRASH_POINT_OF("after-outcome", call_kind_name(a->call), a->lane->n_attempts);
	/* Others get their turn before the same one is tried again. */
	attempt_gone(a, a->end != END_NOT_SENT);
}

void attempt_refused_counted(struct attempt *a)
{
	attempt_gone(a, true);
}

/* --- words of the lane, and time --- */

void attempts_tick(struct lane *l)
{
	int64_t now = clock_mono_ms();

	for (struct attempt *a = l->attempts, *next; a; a = next) {
		next = a->next;
		if (a->state == ATT_ENDED)
			append_end(a);
		else if ((a->state == ATT_CONFIRMED || a->state == ATT_LOOKING) &&
			 now - a->appended_ms > SEND_WITHIN_MS) {
			dest_slow(&a->site->gate->brake);
			attempt_end(a, END_NOT_SENT, "too-late");
		} else if (a->state == ATT_FOREIGN && now >= a->due_ms && lane_may_file(l))
			attempt_foreign_due(a);
		else if (a->state == ATT_VERIFYING && !a->http && now >= a->due_ms && !l->lost)
			attempt_verify(a);
	}
}

void attempts_owned(struct lane *l)
{
	for (struct attempt *a = l->attempts, *next; a; a = next) {
		next = a->next;
		if (a->state == ATT_APPENDED) { /* it never came into the log */
			if (a->created_s)
				dest_forget_create(
					&a->site->gate->brake, a->lane->number, a->created_s);
			attempt_gone(a, true);
		} else if (a->state == ATT_REFUSING) {
			attempt_gone(a, true);
		} else if (a->state == ATT_CONFIRMED || a->state == ATT_LOOKING) {
			attempt_end(a, END_NOT_SENT, "lane-lost");
		} else if (a->state == ATT_ENDED) {
			a->appended = false;
			append_end(a);
		}
	}
	for (uint32_t i = 0; i < l->ledger.slots.n; i++) {
		struct slot *s = idmap_at(&l->ledger.slots, i);
		struct lane_key k = {s->term, s->n};

		if (s->state == SLOT_INTENT && !attempt_of_intent(l, &k))
			attempt_add_foreign(l, s);
	}
	known_ends_forget(&l->fwd->known, l->number);
}

void attempts_lost(struct lane *l)
{
	for (struct attempt *a = l->attempts, *next; a; a = next) {
		next = a->next;
		if (a->state == ATT_APPENDED || a->state == ATT_CONFIRMED ||
			a->state == ATT_LOOKING)
			attempt_end(a, END_NOT_SENT, "lane-lost");
		else if (a->state == ATT_ENDED)
			append_end(a);
		else if (a->state == ATT_FOREIGN || a->state == ATT_REFUSING)
			attempt_drop(a);
	}
}

bool attempts_travelling(const struct lane *l)
{
	for (const struct attempt *a = l->attempts; a; a = a->next)
		if (a->state == ATT_SENT || a->state == ATT_PROBING ||
			(a->state == ATT_VERIFYING && a->http))
			return true;
	return false;
}
