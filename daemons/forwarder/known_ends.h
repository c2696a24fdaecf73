/* known_ends: ends of calls that could not be written before their lane was taken away.
 *
 * A broker that is away longer than the group's session takes the lane and the append along: the
 * answer of a call is known, and nobody has it in the log. When this process gets the lane again,
 * its new term writes what is known here (`resolved`, `parked`, `handed`), instead of waiting for a
 * call that ended long ago and parking it. Another process that gets the lane knows nothing and
 * does as with any INTENT of another writer (lane.md 18); what it wrote leaves no open INTENT here
 * to be asked for. In memory only: a process that dies takes them along.
 *
 * Few at a time: as many as were under way when the lane went. Single thread; no I/O. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/lane.h"

#include "submission.h"

enum attempt_end { END_DONE, END_REJECTED, END_NOT_SENT, END_PARKED, END_HANDED };

struct known_end {
	int32_t lane;
	struct lane_key intent; /* of its call */
	enum attempt_end end;
	struct submission_result result; /* its reason is static */
};

struct known_ends {
	struct known_end *all; /* zero-initialised is empty */
	size_t n;
};

void known_ends_free(struct known_ends *k);
void known_ends_keep(struct known_ends *k, const struct known_end *one);
/* The end of that INTENT's call, taken out; false: not known. */
bool known_ends_take(
	struct known_ends *k, int32_t lane, const struct lane_key *intent, struct known_end *ret);
/* What is left of this lane: its log has an end for them. */
void known_ends_forget(struct known_ends *k, int32_t lane);
