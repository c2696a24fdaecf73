/* clock: the only place that reads time.
 *
 * clock_wall_ms is for records (UTC, ms since 1970); clock_mono_ms (CLOCK_BOOTTIME, counts suspend)
 * is for deadlines, back-off and everything that must not jump. In the test build both add the
 * offset in ms read from the file MUARA_CLOCK_FILE (looked at anew at each call, at most every 20
 * ms), so tests turn the clock of running daemons; the shipped build has no such switch. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);

#define TIME_TEXT_SIZE 32
/* "2026-11-24T04:29:15.000Z" */
void time_format(int64_t wall_ms, char out[TIME_TEXT_SIZE]);
/* Any RFC 3339 time ("Z" or an offset, fraction optional) within years 1970..9999; -EINVAL else. */
int time_parse(const char *s, int64_t *ret_wall_ms);
