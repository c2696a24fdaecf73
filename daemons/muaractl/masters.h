/* masters: `masters list|find|check|diff|fetch|accept`: the destinations' lists of numbers, as the
 * forwarder keeps them on this machine, and our own numbers looked up in them. `fetch` reads them
 * from the endpoint (GET only), for before the forwarder runs; the others need files only. */
#pragma once

#include "base/buf.h"

#include "ctl.h"

int ctl_masters_list(struct ctl *c);
int ctl_masters_find(struct ctl *c);
int ctl_masters_check(struct ctl *c);
int ctl_masters_diff(struct ctl *c);
int ctl_masters_fetch(struct ctl *c);
int ctl_masters_accept(struct ctl *c);

/* For `check`: a line for each number of ours that is wrong, in out; how many lists lie there,
 * ready to be looked up in, in ret_lists. Nothing is told when there is no forwarder.yaml here. */
void masters_wrong(struct ctl *c, struct buf *out, int *ret_lists);
