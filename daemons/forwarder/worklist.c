/* worklist: see worklist.h. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"

#include "worklist.h"

void worklist_init(struct worklist *w, size_t text_max)
{
	*w = (struct worklist){.rows = IDMAP_INIT(struct work), .text_max = text_max};
}

void worklist_free(struct worklist *w)
{
	for (uint32_t i = 0; i < w->rows.n; i++)
		free(worklist_at(w, i)->snapshot);
	idmap_free(&w->rows);
	for (size_t i = 0; i < ARRAY_SIZE(w->queues); i++) {
		free(w->queues[i].v);
		free(w->news[i].v);
	}
	*w = (struct worklist){.rows = IDMAP_INIT(struct work)};
}

/* --- queues: a ring that grows --- */

static void queue_grow(struct work_queue *q)
{
	size_t room = q->room ? 2 * q->room : 64;
	uint32_t *v = xmalloc(room * sizeof *v);

	for (size_t i = 0; i < q->n; i++)
		v[i] = q->v[(q->head + i) % q->room];
	free(q->v);
	*q = (struct work_queue){.v = v, .n = q->n, .room = room};
}

static void queue_push(struct work_queue *q, uint32_t row, bool front)
{
	if (q->n == q->room)
		queue_grow(q);
	if (front)
		q->head = (q->head + q->room - 1) % q->room;
	q->v[(q->head + (front ? 0 : q->n)) % q->room] = row;
	q->n++;
}

uint32_t work_peek(const struct worklist *w, uint8_t destination)
{
	const struct work_queue *q = &w->queues[destination];

	return q->n ? q->v[q->head] : IDMAP_NONE;
}

uint32_t work_peek_second(const struct worklist *w, uint8_t destination)
{
	const struct work_queue *q = &w->queues[destination];

	return q->n > 1 ? q->v[(q->head + 1) % q->room] : IDMAP_NONE;
}

static uint32_t queue_pop(struct work_queue *q)
{
	uint32_t row = q->v[q->head];

	q->head = (q->head + 1) % q->room;
	q->n--;
	return row;
}

void work_pop(struct worklist *w, uint8_t destination)
{
	if (w->queues[destination].n)
		queue_pop(&w->queues[destination]);
}

void work_settle(struct worklist *w, uint32_t row)
{
	queue_push(&w->news[worklist_at(w, row)->destination], row, false);
}

void work_settled(struct worklist *w, uint8_t destination, int64_t ready_ms)
{
	struct work_queue *q = &w->news[destination];

	for (size_t n = q->n; n; n--) {
		uint32_t row = queue_pop(q);
		const struct work *r = worklist_at(w, row);

		if (r->state == WORK_READY && r->destination == destination &&
			r->ready_ms > ready_ms)
			queue_push(q, row, false);
		else
			work_again(w, row, false);
	}
}

void work_again(struct worklist *w, uint32_t row, bool front)
{
	struct work *r = worklist_at(w, row);

	if (r->state != WORK_READY) {
		r->queued = false;
		return;
	}
	r->queued = true;
	queue_push(&w->queues[r->destination], row, front);
}

void work_drop_text(struct worklist *w, struct work *row)
{
	if (row->snapshot)
		w->text_bytes -= strlen(row->snapshot);
	free(row->snapshot);
	row->snapshot = NULL;
}

void work_finished(struct worklist *w, uint32_t row)
{
	struct work *r = worklist_at(w, row);

	r->queued = false;
	work_drop_text(w, r);
}

struct work *worklist_find(const struct worklist *w, const uint8_t id[16])
{
	return idmap_get(&w->rows, id);
}

/* --- the fold --- */

void work_keep_text(struct worklist *w, struct work *row, const json_t *snapshot)
{
	size_t len;

	work_drop_text(w, row);
	row->snapshot = json_text(snapshot, &len);
	w->text_bytes += len;
}

static void keep_text(struct worklist *w, struct work *row, const json_t *snapshot)
{
	work_drop_text(w, row);
	if (row->state != WORK_READY)
		return;
	work_keep_text(w, row, snapshot);
	if (w->text_bytes > w->text_max)
		work_drop_text(w, row);
	else if (w->kept)
		w->kept(w->ctx, row, (json_t *)(uintptr_t)snapshot);
}

#define KIND_SUPERVISORY 0x80

static const char *const classifications[] = {NULL, "complaint", "aspiration", "information"};

static uint8_t kind_of(const json_t *snapshot)
{
	const char *name = json_str_or(snapshot, "classification", "");
	uint8_t kind = json_flag(snapshot, "supervisory") ? KIND_SUPERVISORY : 0;

	for (size_t i = 1; i < ARRAY_SIZE(classifications); i++)
		if (strcmp(classifications[i], name) == 0)
			kind |= (uint8_t)i;
	return kind;
}

const char *work_classification(const struct work *row)
{
	return row ? classifications[row->kind & ~KIND_SUPERVISORY] : NULL;
}

bool work_supervisory(const struct work *row)
{
	return row && row->kind & KIND_SUPERVISORY;
}

static int64_t ready_time(const json_t *snapshot)
{
	const char *at = json_str(snapshot, "ready_at");
	int64_t ms;

	return at && !time_parse(at, &ms) ? ms : 0;
}

static int apply_snapshot(struct worklist *w, const json_t *s, int64_t offset,
	uint8_t (*name)(void *ctx, const char *destination), void *ctx, struct err *e)
{
	const char *id = json_str(s, "id"), *state = json_str(s, "state");
	int64_t version = json_int(s, "version", -1);
	struct work *row;
	uint8_t key[16], destination;

	if (!id || uuid_parse(id, key) || !state || version < 1 || version > UINT32_MAX)
		return err_set(e, -EINVAL, "complaint without a readable id, state or version");
	row = idmap_put(&w->rows, key, NULL);
	if ((uint32_t)version <= row->version)
		return err_set(e, -EINVAL, "complaint %s: version %lld does not rise", id,
			(long long)version);
	destination = name(ctx, json_str_or(s, "destination", ""));
	row->version = (uint32_t)version;
	row->offset = offset;
	row->state = strcmp(state, "ready") == 0 ? WORK_READY : WORK_OTHER;
	row->ready_ms = ready_time(s);
	row->kind = kind_of(s);
	/* A queued row whose destination changed is met in its old queue, found elsewhere and put
	 * right by the daemon. */
	row->destination = destination;
	if (row->state == WORK_READY && !row->queued && w->idle && w->idle(w->ctx, row, s)) {
		work_drop_text(w, row);
		return 0;
	}
	keep_text(w, row, s);
	if (row->state == WORK_READY && !row->queued)
		work_again(w, idmap_index(&w->rows, row), false);
	return 0;
}

int worklist_apply(struct worklist *w, const char *kind, const json_t *body, int64_t offset,
	uint8_t (*name)(void *ctx, const char *destination), void *ctx, struct err *e)
{
	const json_t *result, *results = json_object_get(body, "results");
	size_t i;
	int r;

	if (strcmp(kind, "decision") != 0)
		return 0;
	json_array_foreach (results, i, result) {
		if (strcmp(json_str_or(result, "type", ""), "complaint") != 0)
			continue;
		r = apply_snapshot(w, result, offset, name, ctx, e);
		if (r)
			return r;
	}
	return 0;
}
