/* worklist: the newest version of every complaint the log `complaints` knows, and which wait for a
 * destination.
 *
 * A fold like the ledger: counted decisions in, rows out. Work = ready rows minus what the ledger
 * says about them (lane.md 21); the daemon takes rows from a destination's queue in the order in
 * which they became ready. A filed complaint whose news has not settled waits beside that queue and
 * holds up no other. The text of a ready snapshot is kept while it waits, up to a bound over
 * all (text_max); beyond it only the offset is kept and the daemon reads the record again. Single
 * thread, no I/O. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/idmap.h"

enum work_state { WORK_OTHER, WORK_READY };

struct work {
	uint8_t id[16];
	int64_t offset;	  /* of the record in `complaints` that holds this version */
	int64_t ready_ms; /* wall clock, from the record; 0 when it says none */
	char *snapshot;	  /* JSON text of the complaint; NULL = read it at `offset` */
	uint32_t version;
	uint8_t state;	     /* enum work_state */
	uint8_t destination; /* interned by the caller's ledger */
	bool queued;	     /* in a queue or under way */
	uint8_t kind;	     /* classification and whether supervisory; see below */
};

/* "complaint", "aspiration", "information"; NULL: the row is NULL, or its record says none. */
const char *work_classification(const struct work *row);
bool work_supervisory(const struct work *row); /* row may be NULL */

struct work_queue { /* FIFO of row indices */
	uint32_t *v;
	size_t head, n, room;
};

struct worklist {
	struct idmap rows;
	size_t text_bytes, text_max;   /* of snapshots kept, over all destinations */
	struct work_queue queues[256]; /* by destination */
	struct work_queue news[256];   /* filed, with news that has not settled */
	/* Is there nothing to do for this ready row? Then it is not queued and its text not kept,
	 * which is most of a log at start. NULL: nobody knows. */
	bool (*idle)(void *ctx, const struct work *row, const json_t *snapshot);
	/* The text of this row was kept, and this is its tree, which costs more to make again than
	 * to hold on to for a while. NULL: nobody cares. */
	void (*kept)(void *ctx, const struct work *row, json_t *snapshot);
	void *ctx; /* of both */
};

void worklist_init(struct worklist *w, size_t text_max);
void worklist_free(struct worklist *w);

/* One counted decision at `offset`. `name` interns a destination (ledger_name). -EINVAL: the record
 * breaks its schema: hold. Other kinds than "decision" change nothing. */
int worklist_apply(struct worklist *w, const char *kind, const json_t *body, int64_t offset,
	uint8_t (*name)(void *ctx, const char *destination), void *ctx, struct err *e);

struct work *worklist_find(const struct worklist *w, const uint8_t id[16]);
static inline struct work *worklist_at(const struct worklist *w, uint32_t i)
{
	return idmap_at(&w->rows, i);
}

uint32_t work_peek(const struct worklist *w, uint8_t destination); /* IDMAP_NONE when empty */
/* The one behind it. */
uint32_t work_peek_second(const struct worklist *w, uint8_t destination);
void work_pop(
	struct worklist *w, uint8_t destination); /* row->queued stays true: it is under way */
void work_again(
	struct worklist *w, uint32_t row, bool front); /* back into its destination's queue */
/* A row that was popped waits for its news to settle. */
void work_settle(struct worklist *w, uint32_t row);
/* Back into their queues: those of a destination that became ready at `ready_ms` or before. */
void work_settled(struct worklist *w, uint8_t destination, int64_t ready_ms);
void work_finished(struct worklist *w, uint32_t row); /* leaves the queues; text is dropped */
/* Its text is back, whatever the bound says: it is needed next. */
void work_keep_text(struct worklist *w, struct work *row, const json_t *snapshot);
void work_drop_text(struct worklist *w, struct work *row);
