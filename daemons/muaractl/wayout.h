/* wayout: what a person does about a filing whose outcome nobody knows, or that was refused: what
 * to look for in the national admin, the three exits, and what stays unknown. Pure.
 *
 * One table of words for both: for a terminal (English, as all of muaractl) and for paper
 * (Indonesian). Neither holds what the citizen wrote; the sheet itself does. */
#pragma once

#include <jansson.h>

/* row: of attempts_read; search: of profile_search, NULL = its profile is not known; agency may be
 * "". Returns {"ticket", "attempt", "state", "call", "destination", "reason", "http_status",
 * "look_for": {"text", "tag", "institution", "agency", "from", "to"} (parked only; times local),
 * "exits": [{"when", "do"}], "unknown"}; caller owns. */
json_t *wayout_of(const json_t *row, const json_t *search, const char *agency, int zone_minutes);
/* The same for paper: lines, NULL ends. Caller frees by wayout_lines_free. */
char **wayout_lines(const json_t *wayout);
void wayout_lines_free(char **lines); /* NULL-safe */
/* "2026-11-24 11:29" of a record's time, in that zone; "?" when it is none. */
#define LOCAL_TIME_SIZE 17
void local_time(const char *at, int zone_minutes, char ret[LOCAL_TIME_SIZE]);
