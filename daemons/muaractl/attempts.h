/* attempts: the calls of filings whose end is not known yet, read from `submissions`: in flight,
 * parked (outcome unknown, a person decides) or handed (a sheet waits for its number). */
#pragma once

#include "ctl.h"

/* *ret: array of {"attempt": "term/n", "lane", "state", "complaint", "ticket", "version",
 * "destination", "system", "call", "number", "since", "reason", "http_status"} in log order, caller
 * owns. lane -1 = all. */
int attempts_read(struct ctl *c, int lane, json_t **ret, struct err *e);
