/* deads: where decisions put messages, for `dead list|show|replay` and `trace`. */
#pragma once

#include "ctl.h"
#include "print.h"

/* *ret: array of {"id", "lane", "place", "reason", "class", "topic", "partition", "offset", "at"}
 * of the messages that are dead now, oldest first; caller owns. */
int deads_read(struct ctl *c, int lane, json_t **ret, struct err *e);
/* The same row of one message whatever became of it ("place": complaint, noted, archived, dead);
 * *ret NULL when no decision names it. */
int deads_place(struct ctl *c, const char *id, json_t **ret, struct err *e);
/* Prints a row that has topic, partition and offset, and below it the raw record that lies there
 * (personal data). Returns an exit status; everything told. */
int raw_show(struct ctl *c, const json_t *row, const struct print_column *columns);
