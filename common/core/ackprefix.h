/* ackprefix: how far a run of numbered items is acknowledged without a gap. Pure.
 *
 * Items get numbers 0, 1, 2 … as they are handed out; acknowledgements come in any order. Progress
 * (a cursor, a ledger) may only ever name ackprefix_done(): everything below is acknowledged, so a
 * restart from there loses nothing. An acknowledgement that never comes stops it for ever, which is
 * right: the owner then starts a new run from the last progress. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ackprefix {
	uint64_t done, next; /* all below `done` are acknowledged; `next` is the next number */
	uint8_t *bits;	     /* ring: one bit per number in [done, next) */
	uint64_t cap;	     /* in bits, a power of two */
};

void ackprefix_init(struct ackprefix *a, uint64_t first);
void ackprefix_free(struct ackprefix *a); /* NULL-safe */
uint64_t ackprefix_take(struct ackprefix *a);
/* True when `done` moved. A number never handed out, or acknowledged before, changes nothing. */
bool ackprefix_ack(struct ackprefix *a, uint64_t number);
uint64_t ackprefix_done(const struct ackprefix *a);
uint64_t ackprefix_open(const struct ackprefix *a); /* handed out beyond done */
