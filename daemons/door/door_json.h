/* door_json: messages a client's program signs: one as JSON, or many as NDJSON.
 *
 *   POST /v1/messages   one object (decode.h)  -> 202 {"status", "id", "ticket", "state"}
 *   POST /v1/batch      one object a line      -> 202, 207 or 503 {"status", "stored", "refused",
 *                                                 "again", "results": [{"line", "status", …}]}
 *
 * 202 is said only after the delivery report of every message it covers. The native id (or, for one
 * message, the header Idempotency-Key) makes the id: the same again is the same message and gets
 * the same answer. A bad line is refused by itself, with its reason and number; its neighbours
 * pass. Lines that were not stored say 503, and so does the whole then: the client sends all of it
 * again. Quotas count lines. */
#pragma once

#include "base/httpd.h"

#include "door.h"

void door_json_one(struct door *d, struct httpd_request *r);
void door_json_batch(struct door *d, struct httpd_request *r);

/* What became of each element, as JSON: for every route that takes several. */
struct intake_item;
void door_answer_items(
	struct door *d, struct httpd_request *r, const struct intake_item *items, size_t n);
