/* See item.h. */
#include "item.h"

#include <stdio.h>

#include "base/util.h"

struct item *item_new(enum input_type type, const char *id)
{
	struct item *i = xcalloc(1, sizeof(*i));

	i->type = type;
	i->offset = -1;
	snprintf(i->id, sizeof(i->id), "%s", id);
	return i;
}

void item_free(struct item *i)
{
	if (!i)
		return;
	json_decref(i->record);
	json_decref(i->again);
	json_decref(i->ops);
	free(i->unusable);
	free(i->again_error);
	free(i);
}

void item_queue_init(struct item_queue *q)
{
	*q = (struct item_queue){.end = &q->first};
}

void item_push(struct item_queue *q, struct item *i)
{
	i->next = NULL;
	*q->end = i;
	q->end = &i->next;
	q->n++;
	q->bytes += i->bytes;
}

struct item *item_pop(struct item_queue *q)
{
	struct item *i = q->first;

	if (!i)
		return NULL;
	q->first = i->next;
	if (!q->first)
		q->end = &q->first;
	q->n--;
	q->bytes -= i->bytes;
	i->next = NULL;
	return i;
}

void item_prepend(struct item_queue *q, struct item_queue *front)
{
	struct item *i;

	while ((i = item_pop(q)))
		item_push(front, i);
	while ((i = item_pop(front)))
		item_push(q, i);
}

void item_queue_clear(struct item_queue *q)
{
	struct item *i;

	while ((i = item_pop(q)))
		item_free(i);
}
