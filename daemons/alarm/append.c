/* append: records on their way into `emergencies`. See alarm.h.
 *
 * A record is produced until its report says that it is there: each has a key of its own and says a
 * fact, so that it may stand there twice. */
#include "alarm.h"

#include <string.h>

#include "base/crash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"

static void free_append(struct append *p)
{
	free(p->value);
	free(p);
}

static void produce(struct append *p)
{
	struct alarm *a = p->lane->alarm;
	struct err e = {0};

	/* Not now: the queue is full. The tick tries again. */
	p->in_flight = kafka_produce(a->producer, a->log_topic, p->lane->n, p->key, strlen(p->key),
			       p->value, p->len, p, &e) == 0;
}

void append_record(
	struct lane *l, json_t *record, const char *key, struct input *input, int64_t offset)
{
	struct append *p = xcalloc(1, sizeof(*p)), **end = &l->appends;

	p->lane = l;
	p->input = input;
	p->offset = offset;
	p->kind = emergency_kind_get(record);
	snprintf(p->id, sizeof(p->id), "%s", json_str_or(record, "id", ""));
	snprintf(p->key, sizeof(p->key), "%s", key);
	if (input)
		memcpy(p->before, input->last, sizeof(p->before));
	p->value = json_text(record, &p->len);
	json_decref(record);
	while (*end)
		end = &(*end)->next;
	*end = p;
	l->n_appends++;
	produce(p);
}

void append_retry(struct lane *l)
{
	for (struct append *p = l->appends; p; p = p->next)
		if (!p->in_flight)
			produce(p);
}

static void unlink_append(struct lane *l, struct append *p)
{
	struct append **at = &l->appends;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	l->n_appends--;
}

void append_report(void *ctx, void *opaque, const struct kafka_report *r)
{
	struct append *p = opaque;
	struct lane *l = p->lane;

	(void)ctx;
	p->in_flight = false;
	if (!l) {
		free_append(p);
		return;
	}
	if (r->status) {
		log_warn("emergency %s: its record was not taken, tried again: %s", p->id, r->text);
		return;
	}
	unlink_append(l, p);
	if (p->kind == EM_RAISED) {
		CRASH_POINT("after-append", l->n_appends + 1);
		book_confirmed(l->book, p->id, alarm_now());
		ringer_wake(l->alarm->ringer);
	}
	free_append(p);
}

void append_forget(struct lane *l)
{
	struct append *p, *next;

	for (p = l->appends; p; p = next) {
		next = p->next;
		p->lane = NULL;
		if (!p->in_flight)
			free_append(p);
	}
	l->appends = NULL;
	l->n_appends = 0;
}

int64_t append_position(const struct lane *l, const struct input *in, const char **ret_before)
{
	for (const struct append *p = l->appends; p; p = p->next)
		if (p->input == in) {
			*ret_before = p->before;
			return p->offset;
		}
	*ret_before = in->last;
	return in->next;
}
