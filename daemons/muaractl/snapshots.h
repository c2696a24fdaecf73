/* snapshots: the newest snapshots of those complaints a command asks for, read from `complaints`;
 * and what a person may call a complaint by. Held in memory: the snapshots asked for, no others. */
#pragma once

#include "core/ids.h"

#include "ctl.h"

/* Is this snapshot (or the complaint it is of) asked for? */
typedef bool snapshot_want_fn(void *ctx, const json_t *snapshot);
/* *ret: array of {"lane", "at": "term/n", "snapshot"}, caller owns; lane -1 = all. */
int snapshots_read(
	struct ctl *c, int lane, snapshot_want_fn *want, void *ctx, json_t **ret, struct err *e);

struct ref {			       /* what was typed */
	char id[UUID_TEXT_SIZE];       /* a complaint's or a message's id, "" = it is none */
	char ticket[TICKET_TEXT_SIZE]; /* likewise */
	char remote[24];	       /* a destination's number */
	json_t *complaints;	       /* ids that have this number; filled by ref_find */
};
/* -EINVAL: neither ticket nor id nor number; the text says what is wrong, not what was typed. */
int ref_parse(const char *text, struct ref *ret, struct err *e);
void ref_free(struct ref *r);
bool ref_matches(const struct ref *r, const json_t *snapshot);
/* All complaints it may mean (two may share a ticket). Looks a number up in `submissions` first. */
int ref_find(struct ctl *c, struct ref *r, json_t **ret, struct err *e);
/* The one complaint it means, told and CTL_FAILED when there is none or several. *ret: the element
 * of snapshots_read, caller owns. */
int ref_one(struct ctl *c, const char *text, json_t **ret);
