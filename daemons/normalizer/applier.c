/* See applier.h. Crash points: before-index (confirmed, the index does not know), after-index (it
 * does, the inputs are not committed), each with the number of records at stake. */
#include "applier.h"

#include <errno.h>
#include <string.h>

#include "base/crash.h"
#include "base/util.h"

#define BATCH_RECORDS 256
#define BATCH_WORDS   60000 /* of operations: bounds one script's arguments */

struct change {
	struct change *next;
	struct lane_mark mark;
	json_t *ops;
};

struct log_queue {
	struct change *first, **end;
	struct lane_mark applied; /* what the index stands for, as far as we know */
	struct lane_mark added;	  /* of the last change */
};

struct applier {
	struct index *index;
	struct log_queue logs[INDEX_LOGS];
	size_t pending;
};

struct applier *applier_new(struct index *index)
{
	struct applier *a = xcalloc(1, sizeof(*a));
	size_t i;

	a->index = index;
	for (i = 0; i < INDEX_LOGS; i++) {
		a->logs[i].end = &a->logs[i].first;
		a->logs[i].applied = a->logs[i].added = index_mark(index, (enum index_log)i);
	}
	return a;
}

static void drop_first(struct applier *a, struct log_queue *q)
{
	struct change *c = q->first;

	q->first = c->next;
	if (!q->first)
		q->end = &q->first;
	q->applied = c->mark;
	a->pending--;
	json_decref(c->ops);
	free(c);
}

void applier_free(struct applier *a)
{
	size_t i;

	if (!a)
		return;
	for (i = 0; i < INDEX_LOGS; i++)
		while (a->logs[i].first)
			drop_first(a, &a->logs[i]);
	free(a);
}

bool applier_add(struct applier *a, enum index_log log, const struct lane_mark *mark, json_t *ops)
{
	struct log_queue *q = &a->logs[log];
	struct change *c;

	if (mark->offset <= q->added.offset) {
		json_decref(ops);
		return false;
	}
	c = xcalloc(1, sizeof(*c));
	c->mark = q->added = *mark;
	c->ops = ops;
	*q->end = c;
	q->end = &c->next;
	a->pending++;
	return true;
}

size_t applier_pending(const struct applier *a)
{
	return a->pending;
}

static size_t count_words(const json_t *ops)
{
	const json_t *op;
	size_t i, n = 0;

	json_array_foreach (ops, i, op)
		n += json_array_size(op);
	return n;
}

/* One script for as many records as fit; they are applied all or none. */
static int flush_batch(struct applier *a, enum index_log log, struct err *e)
{
	struct log_queue *q = &a->logs[log];
	_cleanup_json_ json_t *ops = json_array();
	struct lane_mark to = q->first->mark;
	size_t n = 0, words = 0;
	struct change *c;
	int r;

	for (c = q->first; c && n < BATCH_RECORDS && words < BATCH_WORDS; c = c->next, n++) {
		words += count_words(c->ops);
		json_array_extend(ops, c->ops);
		to = c->mark;
	}
	if (log == INDEX_COMPLAINTS)
		CRASH_POINT("before-index", a->pending);
	r = index_apply(a->index, log, &to, ops, e);
	if (r < 0)
		return r;
	if (log == INDEX_COMPLAINTS)
		CRASH_POINT("after-index", a->pending);
	while (n--)
		drop_first(a, q);
	return 0;
}

int applier_flush(struct applier *a, struct err *e)
{
	size_t i;
	int r = 0;

	for (i = 0; i < INDEX_LOGS; i++)
		while (r == 0 && a->logs[i].first)
			r = flush_batch(a, (enum index_log)i, e);
	return r;
}

static bool same_mark(const struct lane_mark *x, const struct lane_mark *y)
{
	if (x->offset < 0 || y->offset < 0)
		return x->offset < 0 && y->offset < 0;
	return x->offset == y->offset && memcmp(x->hash, y->hash, sizeof(x->hash)) == 0;
}

/* Where it was left, or at a record we sent and had no answer for. */
static int recover_log(struct applier *a, enum index_log log, struct err *e)
{
	struct log_queue *q = &a->logs[log];
	struct lane_mark m = index_mark(a->index, log);
	struct change *c;

	if (same_mark(&m, &q->applied))
		return 0;
	for (c = q->first; c && !same_mark(&m, &c->mark); c = c->next)
		;
	if (!c)
		return err_set(e, -ESTALE, "the index stands elsewhere than it was left");
	while (!same_mark(&m, &q->applied))
		drop_first(a, q);
	return 0;
}

int applier_recover(struct applier *a, struct err *e)
{
	enum index_found found;
	int r = index_load(a->index, &found, e);
	size_t i;

	if (r < 0)
		return r;
	if (found != INDEX_OURS)
		return err_set(e, -ESTALE,
			found == INDEX_MISSING ? "the index is gone" : "the index is another's");
	for (i = 0; r == 0 && i < INDEX_LOGS; i++)
		r = recover_log(a, (enum index_log)i, e);
	return r;
}
