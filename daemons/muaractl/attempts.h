/* attempts: the calls of filings that are not at their end, read from `submissions`: in flight,
 * parked (outcome unknown, a person decides), rejected (the destination refused it, a person may
 * send it again) or handed (a sheet waits for its number). */
#pragma once

#include "core/ids.h"

#include "ctl.h"

/* *ret: array of {"attempt": "term/n", "lane", "state", "complaint", "ticket", "version",
 * "destination", "system", "call", "number", "begun" (the INTENT), "since" (of its state),
 * "reason", "http_status"} in log order, caller owns. lane -1 = all. */
int attempts_read(struct ctl *c, int lane, json_t **ret, struct err *e);
/* Those that wait for a person, as above without what is in flight, each with "reminded" (how often
 * the forwarder has told of it), and the refused ones: state "refused", "other" (the complaint that
 * holds one of its messages), no attempt. */
int attempts_waiting(struct ctl *c, int lane, json_t **ret, struct err *e);
/* Those the command's first argument (a term/n, a ticket, an id) means, with its --destination and
 * --lane: of the open ones, or (typed) of those filed under a number a person typed. Returns an
 * exit status, everything told; caller owns. */
int attempts_find(struct ctl *c, bool typed, json_t **ret);
/* Which complaint, other than this one, has this number in this system? ret "" = none. Reads
 * `submissions` of all lanes; the forwarder judges by its own, again. */
int attempts_holder(struct ctl *c, const char *system, const char *number, const char *complaint,
	char ret_ticket[TICKET_TEXT_SIZE], struct err *e);
