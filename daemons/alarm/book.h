/* book: the events of one lane and when each is due to ring through each hook. Pure: time is given.
 *
 * Fed by the records of the topic `emergencies` (book_fold), which are facts in any order and any
 * number (core/emergency.h), and by this process's own doings. An event that was raised here rings
 * a little later on its own even if Kafka never confirms its record: a ring too many is better than
 * none. Memory: 56 bytes an event for ever, about 2 KiB more while it rings. Ids are canonical UUID
 * texts. Owner: the caller; single thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/emergency.h"

#define BOOK_UNCONFIRMED_MS 2000 /* an event whose record is not confirmed by then rings anyway */
#define BOOK_NEVER	    INT64_MAX

struct book_hook { /* borrowed for the book's life */
	const char *name;
	int64_t after_ms,
		repeat_ms;    /* rings first so long after the event was raised, then again */
	char *const *tenants; /* only of these; none: of all */
	size_t n_tenants;
};
struct book_now {
	int64_t mono_ms, wall_ms;
};
struct book;
struct book *book_new(const struct book_hook *hooks, size_t n);
void book_free(struct book *b); /* NULL-safe */

/* One record of the log (of emergency_parse). */
void book_fold(struct book *b, const json_t *record, struct book_now now);
enum emergency_state book_state(const struct book *b, const char *id);
/* Was it this command that acknowledged it? */
bool book_acknowledged_by(const struct book *b, const char *id, const char *command);

/* Its `raised` record is on its way; takes a reference of the record. */
void book_raise(struct book *b, json_t *record, struct book_now now);
/* It is in the log: rings at once. */
void book_confirmed(struct book *b, const char *id, struct book_now now);

/* Rang through that hook; the how manieth time (0: it does not ring any more). */
int64_t book_rung(struct book *b, size_t hook, const char *id, struct book_now now);
/* Events due through a hook, the longest due first, at most max: their `raised` records, borrowed
 * until the event is acknowledged. */
size_t book_due(struct book *b, size_t hook, struct book_now now, const json_t **ret, size_t max);
/* When the next one is (mono ms), BOOK_NEVER without one. */
int64_t book_next(const struct book *b, size_t hook);
/* Rings so far of one event through one hook. */
int64_t book_rings(const struct book *b, size_t hook, const char *id);
size_t book_open(const struct book *b); /* events that ring */
