/* judge: what an operator's command leads to, as a pure function of the command and the ledger.
 *
 * Every command for the forwarder ends in exactly one record that names it: `resolved` when it
 * closes an attempt, else `command` with its result. A `resolve` names one attempt by its INTENT
 * and the version its author saw; an attempt resolves once. --resend waits until the call cannot
 * travel any more (lane.md 18). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "ledger.h"
#include "worklist.h"

#define JUDGE_REMOTE_ID_DIGITS 15

struct judge_view { /* borrowed */
	const struct ledger *ledger;
	const struct worklist *work;
	/* Is it a destination of this forwarder? */
	bool (*configured)(void *ctx, const char *destination);
	/* How long such a call may travel, from its INTENT to its end, in ms. */
	int64_t (*longest_ms)(void *ctx, const char *destination, enum call_kind call);
	void *ctx;
	int64_t wall_ms;	/* now */
	int64_t since_owned_ms; /* since our takeover counted, monotonic */
};

struct judgement {
	bool refused;
	const char *reason;	/* stable word; NULL when done */
	uint32_t slot;		/* resolve: the attempt, else IDMAP_NONE */
	const char *resolution; /* resolve: filed not_filed dropped */
	const char *remote_id;	/* borrowed from the command; filed only */
};
void judge(const struct judge_view *v, const json_t *command, struct judgement *ret);
