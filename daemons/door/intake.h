/* intake: the messages of one request under way: produced, reported, answered, in this order.
 *
 *   i = intake_new(door, request, answer);
 *   for each element: intake_put, or intake_refuse with a reason;
 *   intake_go(i);      the answer comes when every report is in, or at the deadline
 *
 * `answer` is called exactly once, with what became of each element: STORED only after its delivery
 * report. AGAIN: not stored as far as known (queue full, failed report, deadline, going down); the
 * client sends it again, and what is stored twice has the same id. An intake lives until its last
 * report, also after it was answered. */
#pragma once

#include <stddef.h>

#include "door.h"

enum intake_state { INTAKE_WAITING, INTAKE_STORED, INTAKE_REFUSED, INTAKE_AGAIN };
struct intake_item {
	enum intake_state state;
	int status; /* REFUSED: 400, 403 … */
	long line;
	char id[UUID_TEXT_SIZE], ticket[TICKET_TEXT_SIZE]; /* of a message that was put */
	char *reason;					   /* REFUSED: for the client */
};
struct intake;
/* Must answer r. The request's body is there still. */
typedef void intake_answer_fn(
	struct door *d, struct httpd_request *r, const struct intake_item *items, size_t n);

struct intake *intake_new(struct door *d, struct httpd_request *r, intake_answer_fn *answer);
/* What is not stored is given back to this name's quota. */
void intake_charge(struct intake *i, const char *name);
void intake_put(struct intake *i, const struct message *m, long line);
void intake_refuse(struct intake *i, long line, int status, const char *reason);
void intake_again(struct intake *i, long line); /* could not be stored now, nor what follows */
void intake_go(struct intake *i);		/* i may be gone afterwards */
/* Of the whole: 202 all stored, 503 something is to be sent again, 207 some refused and the rest
 * stored, the common status when all are refused. */
int intake_status(const struct intake_item *items, size_t n);
/* All that are open are answered; no report may come any more. */
void intake_close_all(struct door *d);
