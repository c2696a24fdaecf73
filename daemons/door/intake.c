/* intake: see intake.h. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"

#include "intake.h"

struct intake {
	struct intake *prev, *next;
	struct door *d;
	struct httpd_request *request; /* NULL: answered */
	intake_answer_fn *answer;
	struct loop_timer *deadline;
	struct intake_item *items;
	size_t n, room;
	long waiting; /* without a report; one more until intake_go */
	char client[64];
	bool full; /* nothing more is put: the rest is for another time */
};

static void item_end(struct intake_item *it, enum intake_state state)
{
	if (it->state == INTAKE_WAITING)
		it->state = state;
}

static size_t count(const struct intake_item *items, size_t n, enum intake_state state)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += items[i].state == state;
	return found;
}

static void answer(struct intake *i)
{
	size_t again;

	if (!i->request)
		return;
	loop_timer_disarm(i->deadline);
	for (size_t k = 0; k < i->n; k++)
		item_end(&i->items[k], INTAKE_AGAIN);
	again = count(i->items, i->n, INTAKE_AGAIN);
	metric_add(i->d->messages, "stored", (double)count(i->items, i->n, INTAKE_STORED));
	metric_add(i->d->messages, "refused", (double)count(i->items, i->n, INTAKE_REFUSED));
	metric_add(i->d->messages, "again", (double)again);
	if (*i->client)
		quota_give_back(i->d->quotas, i->client, (int64_t)again);
	i->d->open--;
	i->answer(i->d, TAKE_PTR(i->request), i->items, i->n);
}

static void intake_free(struct intake *i)
{
	if (i->prev)
		i->prev->next = i->next;
	else
		i->d->intakes = i->next;
	if (i->next)
		i->next->prev = i->prev;
	for (size_t k = 0; k < i->n; k++)
		free(i->items[k].reason);
	free(i->items);
	loop_timer_del(i->deadline);
	free(i);
}

static void settle(struct intake *i)
{
	if (i->waiting)
		return;
	answer(i);
	intake_free(i);
}

static void on_deadline(void *ctx)
{
	log_warn("a request was not stored within its time; its client is told to send it again");
	answer(ctx);
}

static void on_report(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct intake *i = ctx;

	(void)offset;
	i->waiting--;
	item_end(&i->items[number], ok ? INTAKE_STORED : INTAKE_AGAIN);
	settle(i);
}

struct intake *intake_new(struct door *d, struct httpd_request *r, intake_answer_fn *fn)
{
	struct intake *i = xcalloc(1, sizeof(*i));

	*i = (struct intake){.d = d, .request = r, .answer = fn, .waiting = 1, .next = d->intakes};
	if (i->next)
		i->next->prev = i;
	d->intakes = i;
	d->open++;
	i->deadline = loop_timer_new(source_loop(d->source), on_deadline, i);
	loop_timer_arm(i->deadline, d->conf->answer_ms);
	return i;
}

void intake_charge(struct intake *i, const char *name)
{
	snprintf(i->client, sizeof(i->client), "%s", name);
}

static struct intake_item *add(struct intake *i, long line)
{
	if (i->n == i->room) {
		i->room = i->room ? 2 * i->room : 4;
		i->items = xrealloc(i->items, i->room * sizeof(*i->items));
	}
	i->items[i->n] = (struct intake_item){.line = line};
	return &i->items[i->n++];
}

/* Behind one that did not fit nothing is put: the client repeats the rest in its order. */
void intake_put(struct intake *i, const struct message *m, long line)
{
	struct intake_item *it = add(i, line);
	struct err e = {0};
	int r;

	if (i->full) {
		it->state = INTAKE_AGAIN;
		return;
	}
	i->waiting++;
	r = source_put(i->d->source, m, on_report, i, i->n - 1, it->id, &e);
	if (r == 0) {
		(void)ticket_of(it->id, it->ticket);
		return;
	}
	i->waiting--;
	i->full = true;
	it->state = INTAKE_AGAIN;
	log_warn("a message is put off: %s", e.text);
}

void intake_again(struct intake *i, long line)
{
	add(i, line)->state = INTAKE_AGAIN;
	i->full = true;
}

void intake_refuse(struct intake *i, long line, int status, const char *reason)
{
	struct intake_item *it = add(i, line);

	it->state = INTAKE_REFUSED;
	it->status = status;
	it->reason = xstrdup(reason);
}

void intake_go(struct intake *i)
{
	i->waiting--;
	settle(i);
}

int intake_status(const struct intake_item *items, size_t n)
{
	size_t refused = count(items, n, INTAKE_REFUSED);

	if (count(items, n, INTAKE_AGAIN))
		return 503;
	if (refused == 0)
		return 202;
	for (size_t i = 1; i < n; i++)
		if (items[i].status != items[0].status)
			return 207;
	return items[0].status;
}

void intake_close_all(struct door *d)
{
	for (struct intake *i = d->intakes, *next; i; i = next) {
		next = i->next;
		answer(i);
		intake_free(i);
	}
}
