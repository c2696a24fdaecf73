/* judge: what an operator's command leads to, as a pure function of the command and the ledger.
 *
 * Every command for the forwarder ends in exactly one record that names it: `resolved` when it
 * closes an attempt, `corrected`, else `command` with its result. A `resolve` names one attempt by
 * its INTENT and the version its author saw; an attempt resolves once. --resend waits until the
 * call cannot travel any more (lane.md 18).
 *
 * A number a person typed may be corrected (`correct`, the record `corrected`): the attempt stays
 * filed, under another number. One the destination gave itself may not.
 *
 * A number that is typed back is checked, for no machine reads it again: digits, not the number of
 * another complaint in that system, and entered on a day that can be: not later than the command,
 * not before the call or the sheet, at most JUDGE_ENTERED_DAYS ago (West Java's officers give
 * number and day; theirs must not be older than a month: facts of LAPOR!, 1c). Days are those of
 * `timezone`. What a clock is wrong by on the officer's machine is allowed for. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/workdays.h"

#include "ledger.h"
#include "worklist.h"

#define JUDGE_REMOTE_ID_DIGITS 15
#define JUDGE_ENTERED_DAYS     31
#define JUDGE_CLOCK_MS	       (5 * 60 * 1000)

struct judge_view { /* borrowed */
	const struct ledger *ledger;
	const struct worklist *work;
	/* Is it a destination of this forwarder? */
	bool (*configured)(void *ctx, const char *destination);
	/* How long such a call may travel, from its INTENT to its end, in ms. */
	int64_t (*longest_ms)(void *ctx, const char *destination, enum call_kind call);
	/* Is it the number of another complaint in another lane? May be NULL: there is none. */
	bool (*used_elsewhere)(
		void *ctx, const char *system, uint64_t remote_id, const uint8_t complaint[16]);
	void *ctx;
	int64_t wall_ms;	/* now */
	int64_t since_owned_ms; /* since our takeover counted, monotonic */
	int zone_minutes;	/* of the days officers write */
};

struct judgement {
	bool refused;
	const char *reason;		/* stable word; NULL when done */
	uint32_t slot;			/* resolve, correct: the attempt, else IDMAP_NONE */
	const char *resolution;		/* resolve: filed not_filed dropped */
	const char *remote_id;		/* borrowed from the command; filed only */
	char entered_on[DAY_TEXT_SIZE]; /* filed only: as said, else the day of the command */
};
void judge(const struct judge_view *v, const json_t *command, struct judgement *ret);
