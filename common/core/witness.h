/* witness: what an owner remembers of a lane log outside the log (lane.md, rule 4), one small file
 * per log and lane in the state directory: <dir>/witness-<log>-<lane>.json.
 *
 * A log that is recreated, or put back from an older copy, contradicts it and the lane holds.
 * Guarantee: kill -9 never loses what witness_write wrote (two files that exchange names); a power
 * cut may set it back by at most WITNESS_SYNC_MS, because the disk is asked (fdatasync) only that
 * often: an older witness still finds every loss reaching further back. Gap: losses within that
 * second, after a power cut, while Redis lost the same second. Errors of the disk are told and hold
 * the lane: no effect without a witness. */
#pragma once

#include "core/lane.h"

#define WITNESS_SYNC_MS 1000

struct witness;
/* Reads the file when it is there; -EBADMSG when it is not ours or damaged (remedy in e). */
int witness_open(
	const char *state_dir, const char *log_name, int lane, struct witness **ret, struct err *e);
void witness_close(struct witness *w); /* NULL-safe; writes nothing */
/* What was remembered at open or written since; offset < 0: nothing. */
const struct lane_mark *witness_mark(const struct witness *w);
/* Writes when m is newer than what is written. 0 or -errno. now_ms: clock_mono_ms. */
int witness_write(struct witness *w, const struct lane_mark *m, int64_t now_ms, struct err *e);
/* Forget: only for `muaractl restore --accept` (the daemon calls it when it absorbs that command
 * and opens the lane anew). */
int witness_forget(struct witness *w, struct err *e);
