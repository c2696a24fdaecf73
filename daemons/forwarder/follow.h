/* follow: which filed report is read next, and when. Pure: no I/O, no clock; `random` and the time
 * are the caller's.
 *
 * The queue holds one row of 8 bytes per report that is still open, oldest first, and a bit per
 * slot. After a restart nobody knows when a report was read last (only changes are in the log):
 * what is due is spread over a quarter of the period, so that a start asks for nothing at once.
 * The gate is per destination, over all lanes of this process: one read at a time, so many a
 * minute, and after a failure a rest of its own, which does not touch what is filed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "destination.h"
#include "holds.h"
#include "ledger.h"

#define FOLLOW_ERROR_S	3600 /* after a failed read of one report (S1), or its period if shorter */
#define FOLLOW_BASE_MS	60000
#define FOLLOW_MAX_MS	(30 * 60 * 1000)
#define FOLLOW_GONE_RUN 3 /* 404s in a row: it is not the report that is gone */

struct follow_row {
	uint32_t slot;	/* of the ledger */
	uint32_t due_s; /* seconds of clock_mono_ms */
};
struct follow_queue {
	struct follow_row *v; /* a heap */
	size_t n, room;
	uint8_t *in; /* a bit per slot */
	size_t in_bytes;
};

void follow_free(struct follow_queue *q); /* empties it; usable again */
/* false: it is in the queue already. */
bool follow_put(struct follow_queue *q, uint32_t slot, uint32_t due_s);
/* One that is in the queue comes earlier, if it can; false: it is not there. */
bool follow_hurry(struct follow_queue *q, uint32_t slot, uint32_t due_s);
bool follow_first(const struct follow_queue *q, struct follow_row *ret); /* false: empty */
void follow_take(struct follow_queue *q);				 /* the first one out */

/* Is this a report to be followed: created there, with a number, not at its end? */
bool follow_wants(const struct slot *s);
/* When a report that was filed `age_s` ago is read first after a start. */
uint32_t follow_start_due(uint32_t now_s, int64_t age_s, uint32_t every_s, uint64_t random);
/* After a read that went well, or failed: the period, a tenth more or less. */
uint32_t follow_next_due(uint32_t now_s, uint32_t every_s, bool good, uint64_t random);

/* Why nothing is read at this destination now; NULL = it may. A pause by an operator means: leave
 * it alone; a brake on filings (too many an hour, many rejects) stops no reads. */
const char *follow_stopped(const struct dest *d, const struct hold_word *w, int64_t now_ms);

struct follow_gate {
	int64_t not_before_ms;
	int failures; /* in a row */
	int gone;     /* 404s in a row */
};
bool follow_gate_open(const struct follow_gate *g, int64_t now_ms);
void follow_gate_sent(struct follow_gate *g, int64_t now_ms, int per_minute);
void follow_gate_good(struct follow_gate *g);
void follow_gate_shown(struct follow_gate *g); /* a report was there */
/* retry_after_ms: as told by the destination, 0 = not. */
void follow_gate_failed(
	struct follow_gate *g, int64_t now_ms, int64_t retry_after_ms, uint64_t random);
/* A 404. Is it believed that this report is gone? */
bool follow_gate_gone(struct follow_gate *g);
