/* follow: see follow.h. A binary heap by due time, then by slot. */
#include "follow.h"

#include <string.h>

#include "base/util.h"
#include "core/outcome.h"
#include "core/report_status.h"

/* --- the queue --- */

void follow_free(struct follow_queue *q)
{
	free(q->v);
	free(q->in);
	*q = (struct follow_queue){0};
}

static bool earlier(const struct follow_row *a, const struct follow_row *b)
{
	return a->due_s != b->due_s ? a->due_s < b->due_s : a->slot < b->slot;
}

static void swap(struct follow_queue *q, size_t a, size_t b)
{
	struct follow_row kept = q->v[a];

	q->v[a] = q->v[b];
	q->v[b] = kept;
}

static bool mark(struct follow_queue *q, uint32_t slot)
{
	const size_t byte = slot / 8;
	const uint8_t bit = (uint8_t)(1u << slot % 8);

	if (byte >= q->in_bytes) {
		size_t bytes = MAX(2 * byte, (size_t)64);

		q->in = xrealloc(q->in, bytes);
		memset(q->in + q->in_bytes, 0, bytes - q->in_bytes);
		q->in_bytes = bytes;
	}
	if (q->in[byte] & bit)
		return false;
	q->in[byte] |= bit;
	return true;
}

static void rise(struct follow_queue *q, size_t i)
{
	for (; i && earlier(&q->v[i], &q->v[(i - 1) / 2]); i = (i - 1) / 2)
		swap(q, i, (i - 1) / 2);
}

bool follow_put(struct follow_queue *q, uint32_t slot, uint32_t due_s)
{
	size_t i = q->n;

	if (!mark(q, slot))
		return false;
	if (q->n == q->room) {
		q->room = MAX(2 * q->room, (size_t)64);
		q->v = xrealloc(q->v, q->room * sizeof *q->v);
	}
	q->v[q->n++] = (struct follow_row){slot, due_s};
	rise(q, i);
	return true;
}

bool follow_hurry(struct follow_queue *q, uint32_t slot, uint32_t due_s)
{
	size_t i = q->n;

	/* From the end: what is hurried has come lately. */
	while (i && q->v[i - 1].slot != slot)
		i--;
	if (!i)
		return false;
	q->v[i - 1].due_s = MIN(q->v[i - 1].due_s, due_s);
	rise(q, i - 1);
	return true;
}

bool follow_first(const struct follow_queue *q, struct follow_row *ret)
{
	if (!q->n)
		return false;
	*ret = q->v[0];
	return true;
}

void follow_take(struct follow_queue *q)
{
	size_t i = 0;

	if (!q->n)
		return;
	q->in[q->v[0].slot / 8] &= (uint8_t) ~(1u << q->v[0].slot % 8);
	q->v[0] = q->v[--q->n];
	for (;;) {
		size_t first = i, left = 2 * i + 1, right = left + 1;

		if (left < q->n && earlier(&q->v[left], &q->v[first]))
			first = left;
		if (right < q->n && earlier(&q->v[right], &q->v[first]))
			first = right;
		if (first == i)
			return;
		swap(q, i, first);
		i = first;
	}
}

/* --- which, when --- */

bool follow_wants(const struct slot *s)
{
	return s->call == CALL_CREATE && (s->state == SLOT_DONE || s->state == SLOT_FILED) &&
	       s->remote_id && !report_status_final((enum report_status)s->status);
}

uint32_t follow_start_due(uint32_t now_s, int64_t age_s, uint32_t every_s, uint64_t random)
{
	if (age_s >= 0 && age_s < every_s) /* below 0: the wall clock was turned back */
		return now_s + every_s - (uint32_t)age_s + (uint32_t)(random % (every_s / 10 + 1));
	return now_s + (uint32_t)(random % (every_s / 4 + 1));
}

uint32_t follow_next_due(uint32_t now_s, uint32_t every_s, bool good, uint64_t random)
{
	const uint32_t wait_s = good ? every_s : MIN(every_s, (uint32_t)FOLLOW_ERROR_S);

	return now_s + wait_s - wait_s / 10 + (uint32_t)(random % (wait_s / 5 + 1));
}

const char *follow_stopped(const struct dest *d, const struct hold_word *w, int64_t now_ms)
{
	if (w->paused)
		return "paused";
	if (w->restored)
		return "held";
	if (d->state == DEST_HELD && d->why != DEST_HOLD_HOURLY && d->why != DEST_HOLD_REJECTS)
		return "held";
	if (d->state == DEST_COOLING || now_ms < d->not_before)
		return "cooling";
	return NULL;
}

/* --- the gate --- */

bool follow_gate_open(const struct follow_gate *g, int64_t now_ms)
{
	return now_ms >= g->not_before_ms;
}

void follow_gate_sent(struct follow_gate *g, int64_t now_ms, int per_minute)
{
	g->not_before_ms = now_ms + 60000 / MAX(per_minute, 1);
}

void follow_gate_good(struct follow_gate *g)
{
	g->failures = 0;
}

void follow_gate_shown(struct follow_gate *g)
{
	g->gone = 0;
}

void follow_gate_failed(
	struct follow_gate *g, int64_t now_ms, int64_t retry_after_ms, uint64_t random)
{
	int64_t wait_ms = backoff_ms(FOLLOW_BASE_MS, FOLLOW_MAX_MS, g->failures, random);

	g->failures = MIN(g->failures + 1, 10);
	g->not_before_ms = MAX(g->not_before_ms, now_ms + MAX(wait_ms, retry_after_ms));
}

bool follow_gate_gone(struct follow_gate *g)
{
	g->gone = MIN(g->gone + 1, FOLLOW_GONE_RUN + 1);
	return g->gone <= FOLLOW_GONE_RUN;
}
