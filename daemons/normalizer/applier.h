/* applier: brings the counted records of both logs into the index, in batches, each once.
 *
 * What was added and not applied yet is kept here, so that a Redis that was away for a moment is
 * caught up without reading the logs anew. applier_flush changes the index only by what is
 * confirmed in a log; a record at or below the index's position is dropped. One thread. */
#pragma once

#include "core/index.h"

struct applier;
/* index: loaded (INDEX_OURS) or just reset; borrowed. */
struct applier *applier_new(struct index *index);
void applier_free(struct applier *a); /* NULL-safe */

/* A counted record's operations (stolen), `mark`: its position. False: the index has it already. */
bool applier_add(struct applier *a, enum index_log log, const struct lane_mark *mark, json_t *ops);
size_t applier_pending(const struct applier *a);

/* Applies everything. 0, or the error of index_apply; what is left stays pending. */
int applier_flush(struct applier *a, struct err *e);
/* After an error: looks where the index stands. 0: it can go on from here; -ESTALE: it stands
 * somewhere else, the logs must be read anew; other: Redis is still away. */
int applier_recover(struct applier *a, struct err *e);
