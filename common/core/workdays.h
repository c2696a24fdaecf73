/* workdays: which days offices work: not Saturdays, Sundays, and what config/holidays.yaml says.
 *
 * A day is a number: days since 1970-01-01 in whatever zone the caller means. A year the calendar
 * does not have counts as having no holidays; workdays_cover tells, so that nobody takes such a
 * figure for certain. Pure but for workdays_load. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define DAY_MS	      (24 * 3600 * 1000LL)
#define DAY_TEXT_SIZE 11 /* "2026-11-24" */

struct workdays;
/* -EINVAL: "N faults", each appended to ret_faults as a line "file:line: …". */
int workdays_load(const char *path, struct workdays **ret, struct buf *ret_faults, struct err *e);
void workdays_free(struct workdays *w); /* NULL-safe */

enum workdays_cover { WORKDAYS_MISSING, WORKDAYS_RECKONED, WORKDAYS_DECREED };
enum workdays_cover workdays_cover(const struct workdays *w, int year);
bool workdays_works(const struct workdays *w, int64_t day);
/* The n-th working day behind `day`, which itself does not count. */
int64_t workdays_after(const struct workdays *w, int64_t day, int n);

/* "YYYY-MM-DD", a day that exists, years 1970..9999; -EINVAL else. */
int day_parse(const char *text, int64_t *ret);
void day_format(int64_t day, char ret[DAY_TEXT_SIZE]);
int day_year(int64_t day);
int day_weekday(int64_t day); /* 0 = Monday */
int64_t day_of(int64_t wall_ms, int zone_minutes);
