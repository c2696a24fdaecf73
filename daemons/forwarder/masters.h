/* masters: the destinations' lists of numbers (institutions …) read once a day, kept in the state
 * directory, and what is routed by looked up in them: a number that vanished or has another name is
 * an alarm (log, metrics, STATUS, /healthz) until it is mended. Filing goes on: the destination
 * itself refuses what it does not know, and a list can be wrong.
 *
 * One process reads a destination's lists: the one that owns the lowest lane of the tenants that
 * file there; one list at a time, never while the destination is paused, cooling, or held for its
 * credential or address. Everybody looks at what lies on the disk, so a list fetched by muaractl, a
 * name accepted there or a damaged file shows within half a minute. Loop thread. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct forwarder;
struct masters;
int masters_new(struct forwarder *f, struct masters **ret, struct err *e);
void masters_free(struct masters *m); /* NULL-safe */
/* Called each second. */
void masters_tick(struct masters *m);
/* No fetch begins any more; one under way is given up. */
void masters_stop(struct masters *m);
/* What is wrong, appended to out as "; …". true: nothing is. */
bool masters_words(const struct masters *m, struct buf *out);
