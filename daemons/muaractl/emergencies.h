/* emergencies: what the topic `emergencies` says of each event; for `emergency list|show|ack`,
 * `balance` and `trace`. */
#pragma once

#include "core/emergency.h"

#include "ctl.h"

/* *ret: object id -> {"id", "ticket", "state", "lane", "tenant", "channel", "at", "sent_at",
 * "rule", "word", "rings", "rang_at", "acknowledged_at", "by", "command", "message", "topic",
 * "partition", "offset"}; caller owns. What is not so yet is absent. lane -1 = all. */
int emergencies_read(struct ctl *c, int lane, json_t **ret, struct err *e);
/* Takes one record into such an object. Pure. */
void emergencies_fold(json_t *events, const json_t *record, int32_t lane);
/* Counts by state: {"rings": n, "acknowledged": n, "stale": n}; caller owns. */
json_t *emergencies_count(const json_t *events);
