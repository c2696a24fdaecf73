/* books: do the logs account for every message and every filing? Pure: records in, sums and faults
 * out; `muaractl balance` reads the logs for it.
 *
 * Feed in this order, so that a running system is judged right: raw records and their ranges, the
 * normalizer's committed positions, `submissions`, `complaints`; then books_sum. What was produced
 * while we read is then "under way" or "newer", never a fault.
 *
 *   messages    accepted = in complaints + noted + archived + dead + under way (+ lost). A raw
 *               record with the id and content of another is a repetition of it.
 *   under way   behind the last raw record of that partition that is decided or committed; what
 *               stands before it undecided is lost.
 *   complaints  each at its newest version has one end: its state, and when it is ready or was ever
 *               filed: done, filed by hand, dropped, parked, handed, rejected, refused, in flight,
 *               waiting.
 *
 * Memory: about 140 bytes a raw record, 160 a decided message, 110 a complaint, 130 an attempt. No
 * text of a citizen is held. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct books;
struct books *books_new(void);
void books_free(struct books *b); /* NULL-safe */

struct books_raw {
	const char *topic;
	int32_t partition;
	int64_t offset;
	const char *id;	  /* NULL: has none that can be used; its place stands for it */
	const char *hash; /* content hash, hex; NULL with id NULL */
	const char *tenant, *channel;
	int64_t received_ms; /* 0 = not told */
};
void books_raw(struct books *b, const struct books_raw *r);
/* Everything of this partition below `next` must be decided. */
void books_committed(struct books *b, const char *topic, int32_t partition, int64_t next);
/* A counted record of `submissions`; late: see lane rule 17. */
void books_submission(struct books *b, int32_t lane, const json_t *record, bool late);
/* A counted record of `complaints`. */
void books_decision(struct books *b, const json_t *record);

/* Caller owns. "balanced"; "messages": a row for each tenant and channel; "archived": counts by
 * class; "complaints": counts by state; "ready": by destination and end; "decided_before": messages
 * whose raw record is past its retention; "faults": [{fault, id, detail}]; with `list`, "missing":
 * what is under way or lost [{id, topic, partition, offset, state}]. */
json_t *books_sum(struct books *b, bool list);

/* The same books told to a report (report_sum.h): every complaint, and every message that is
 * archived or dead. The channel of a message is the end of its raw topic's name. */
struct report;
void books_report(struct books *b, struct report *r);
