/* holds: what one lane's log says about one destination beside its filings: an operator's pause, a
 * hold, a restore that was accepted; and what has to be said there next. Pure.
 *
 * A hold is found by a call (the endpoint moved, redirects, refuses the credential, rejects all) or
 * by the hourly brake; it stops the destination for all lanes of the process at once (struct dest)
 * and stands as a record `hold` in the log of each, so that the next process begins with it. It
 * ends by a person's `resume` (the record of the command is the word) or by itself (a record again,
 * state open). A pause and an accepted restore concern their lane only; their words are the records
 * of the commands. The newest counted word holds (lane.md 17: it obeys the term). Whether it was in
 * doubt is told by the outcomes themselves.
 *
 * Fed by every counted record in log order; late ones never. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "destination.h"

struct hold_word {
	bool paused;
	bool restored; /* the log was restored: held until a person has looked */
	bool held;
	enum dest_hold why;    /* held */
	uint32_t count_from_s; /* when an hourly hold ended: the brake counts from there */
	bool doubt; /* the last clear word on a once-only call is that its answer was unclear */
};

/* One counted record; others than `hold`, `command` and outcomes change nothing. */
void hold_word_apply(
	struct hold_word *w, const char *destination, const char *kind, const json_t *body);

enum hold_say { HOLD_SAY_NOTHING, HOLD_SAY_HELD, HOLD_SAY_OPEN };
/* What the lane's log lacks. */
enum hold_say hold_word_lacks(const struct hold_word *w, const struct dest *d);
