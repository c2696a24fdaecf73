/* index_public: what anybody may know of a complaint by its ticket: how far it is, and when. Read
 * from the index in Redis; nothing is ever written, and nothing else of a complaint is given out.
 *
 * -ENOENT: no message with this ticket has been decided (yet). Any other error: nothing can be said
 * now (Redis is away, or the index is being made anew and is not what it says); the caller says so
 * too, and never "there is none". After such an error Redis is left alone for a second, so that a
 * dead one does not hold up the loop: a call blocks for at most 4 times its time-out. One thread.
 */
#pragma once

#include "base/clock.h"
#include "base/err.h"

enum public_stage {
	PUBLIC_RECEIVED,  /* decided, and belongs to no complaint yet */
	PUBLIC_CHECKED,	  /* a person or the rules look at it */
	PUBLIC_READY,	  /* to be handed on */
	PUBLIC_FORWARDED, /* with the destination, as far as known */
	PUBLIC_VERIFIED,  /* the destination's own word for it, from here on */
	PUBLIC_IN_PROGRESS,
	PUBLIC_DONE,
	PUBLIC_FILED_AWAY,
	PUBLIC_TURNED_DOWN,
	PUBLIC_CLOSED, /* withdrawn, or no complaint */
};
struct public_status {
	enum public_stage stage;
	char opened_at[TIME_TEXT_SIZE], changed_at[TIME_TEXT_SIZE]; /* "": unknown */
};

struct index_public;
struct index_public *index_public_new(
	const char *socket, const char *prefix, int lanes, int timeout_ms); /* copies */
void index_public_free(struct index_public *x);				    /* NULL-safe */
/* `ticket` as printed (ticket_parse). */
int index_public_status(
	struct index_public *x, const char *ticket, struct public_status *ret, struct err *e);
