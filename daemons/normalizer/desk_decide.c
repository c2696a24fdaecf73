/* The desk: deciding. Inputs in the order they came; what a decision looks up is fetched ahead for
 * many of them at a time, and what is in flight is laid over it. */
#include "desk_private.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "core/index_fold.h"
#include "core/message.h"
#include "decide_thread.h"

#define PUMP_MS	    20
#define AHEAD	    64	 /* inputs looked up ahead */
#define VIEW_INPUTS 2048 /* the view is emptied after so many, when nothing is in flight */
#define TURNS_MAX   16	 /* of one decision, each with a look-up */
#define FETCH_MS    5000

/* --- looking up --- */

/* Into the view only when the index stood where we think it does; else "absent" could be believed
 * of an index that is just being lost. */
static int fetch(struct desk *d, const json_t *keys)
{
	struct view *found;
	struct err e = {0};
	const json_t *key;
	size_t i;
	int r;

	if (json_array_size(keys) == 0)
		return 0;
	found = view_new();
	r = index_fetch(d->index, keys, found, &e);
	json_array_foreach (keys, i, key) {
		const json_t *value = view_get(found, json_string_value(key));

		if (r == 0 && value) /* a hash may be changed in the view, a text is not */
			view_put(d->view, json_string_value(key),
				json_is_object(value) ? json_deep_copy(value)
						      : json_incref((json_t *)(uintptr_t)value));
	}
	view_free(found);
	if (r < 0)
		desk_index_trouble(d, &e);
	return r < 0 ? -EAGAIN : 0;
}

static void want(const struct desk *d, json_t *keys, const char *kind, const char *id)
{
	char key[INDEX_KEY_SIZE];

	if (id && !view_get(d->view, index_key(key, kind, id)))
		json_array_append_new(keys, json_string(key));
}

/* First what messages name, then the complaints of their conversations: two round trips for many
 * decisions. What is not foreseen here, decide asks for itself. */
static int look_ahead(struct desk *d)
{
	_cleanup_json_ json_t *first = json_array(), *second = json_array();
	const struct item *i;
	char key[INDEX_KEY_SIZE], answered[UUID_TEXT_SIZE];
	size_t n = 0;

	for (i = d->waiting.first; i && n < AHEAD; i = i->next, n++) {
		if (i->type != INPUT_MESSAGE || !i->record)
			continue;
		want(d, first, "a", i->id);
		want(d, first, "w", i->id);
		want(d, first, "v", json_str(i->record, "conversation"));
		want(d, first, "k", thread_ticket(i->record));
		want(d, first, "a", thread_reply(i->record, answered) ? answered : NULL);
	}
	if (fetch(d, first) < 0)
		return -EAGAIN;
	for (i = d->waiting.first, n = 0; i && n < AHEAD; i = i->next, n++) {
		const char *c = NULL;

		if (i->type == INPUT_MESSAGE && i->record)
			c = json_string_value(view_get(d->view,
				index_key(key, "v", json_str_or(i->record, "conversation", ""))));
		want(d, second, "c", c);
		want(d, second, "f", c);
	}
	d->looked_up = n;
	return fetch(d, second);
}

/* --- one decision --- */

static int on_again(void *ctx, const struct kafka_record *r)
{
	struct item *i = ctx;
	struct err e = {0};

	if (!r->value)
		i->again_error = xstrdup("its raw record is empty");
	else if (message_parse(r->value, r->value_len, &i->again, &e) < 0)
		i->again_error = xasprintf("its raw record cannot be read: %s", e.text);
	return 0;
}

/* A replay reads one raw record; rare, so it may block shortly. Not found for whatever reason is an
 * answer for the person who asked. */
static void fetch_again(struct desk *d, struct item *i, const struct decision *dec)
{
	struct err e = {0};
	int r = kafka_read_one(&d->host->kafka, dec->topic, dec->partition, dec->offset, on_again,
		i, FETCH_MS, &e);

	if (r == -ENOENT)
		i->again_error = xstrdup("its raw record is gone (retention)");
	else if (r < 0)
		i->again_error = xstrdup("its raw record could not be read now: try again");
	else if (!i->again && !i->again_error)
		i->again_error = xstrdup("its raw record is gone (retention)");
}

/* A timer of the index is "<complaint>/<kind>"; decide wants the one of the present version. */
static int timer_id(struct desk *d, const struct item *i, char *out, size_t size)
{
	_cleanup_json_ json_t *keys = json_array(), *c = NULL;
	const char *kind = strchr(i->id, '/'), *text;
	char complaint[64], key[INDEX_KEY_SIZE];
	const json_t *t;
	size_t k;

	*out = '\0';
	snprintf(complaint, sizeof(complaint), "%.*s", kind ? (int)(kind - i->id) : 0, i->id);
	want(d, keys, "c", complaint);
	if (fetch(d, keys) < 0)
		return -EAGAIN;
	text = json_string_value(view_get(d->view, index_key(key, "c", complaint)));
	c = text ? json_loads(text, 0, NULL) : NULL;
	json_array_foreach (json_object_get(c, "timers"), k, t) {
		int64_t due = 0;

		time_parse(json_str_or(t, "due", ""), &due);
		if (kind && strcmp(json_str_or(t, "kind", ""), kind + 1) == 0 &&
			due <= clock_wall_ms())
			snprintf(out, size, "%s", json_str_or(t, "id", ""));
	}
	return 0;
}

static struct decide_input input_of(const struct desk *d, const struct item *i, const char *timer)
{
	const char *accepted = desk_accepted(d);

	return (struct decide_input){.type = i->type,
		.topic = i->source		       ? i->source->topic
			 : i->type == INPUT_SUBMISSION ? d->submissions_topic
						       : NULL,
		.partition = d->lane,
		.offset = i->offset,
		.record = i->record,
		.unusable = i->unusable,
		.value_hash = i->value_hash,
		.id = i->type == INPUT_TIMER ? timer
		      : i->source	     ? NULL
					     : i->id,
		.again = i->again,
		.again_error = i->again_error,
		.accepted = accepted && strcmp(accepted, i->id) == 0,
		.restored = i->restored};
}

/* Until it needs nothing more. -EAGAIN: the index is in trouble. */
static int make_decision(struct desk *d, struct item *i, struct decision *ret)
{
	char timer[160] = "";
	struct decide_input in;
	int turns;

	memset(ret, 0, sizeof(*ret));
	if (i->type == INPUT_TIMER && timer_id(d, i, timer, sizeof(timer)) < 0)
		return -EAGAIN;
	if (i->type == INPUT_TIMER && !*timer) { /* set anew or gone meanwhile */
		*ret = (struct decision){.verdict = DECIDE_IGNORED, .outcome = "ignored"};
		snprintf(ret->id, sizeof(ret->id), "%s", i->id);
		return 0;
	}
	for (turns = 0; turns < TURNS_MAX; turns++) {
		in = input_of(d, i, timer);
		decision_clear(ret);
		decide(&in, d->view, clock_wall_ms(), &d->host->rules, ret);
		if (ret->verdict == DECIDE_NEEDS) {
			if (fetch(d, ret->needs) < 0)
				return -EAGAIN;
		} else if (ret->verdict == DECIDE_FETCH) {
			fetch_again(d, i, ret);
		} else {
			return 0;
		}
	}
	desk_hold(d, "a decision that never ends: a fault of this program");
	return -EAGAIN;
}

/* --- appending --- */

/* A timer set just now may be due before the ones known. */
static void note_due(struct desk *d, const json_t *ops)
{
	const json_t *op;
	size_t i;

	json_array_foreach (ops, i, op)
		if (strcmp(json_string_value(json_array_get(op, 0)), "zadd") == 0)
			d->due_at_wall_ms = MIN(d->due_at_wall_ms,
				strtoll(json_string_value(json_array_get(op, 2)), NULL, 10));
}

static int append(struct desk *d, struct item *i, struct decision *dec)
{
	_cleanup_json_ json_t *ops = NULL;
	struct lane_key k;
	struct err e = {0};
	int r;

	if (!lane_log_next_key(d->log, &k))
		return -EAGAIN;
	json_set_str(dec->body, "schema", "muara.decision/1");
	json_set_int(dec->body, "term", (int64_t)k.term);
	json_set_int(dec->body, "n", (int64_t)k.n);
	ops = index_fold(dec->body);
	r = lane_append(d->log, "decision", json_incref(dec->body), i, &e);
	if (r == -EAGAIN || r == -ENOBUFS)
		return r;
	if (r < 0) {
		desk_hold(d, e.text);
		return r;
	}
	view_apply(d->view, ops);
	note_due(d, ops);
	i->ops = TAKE_PTR(ops);
	i->appended = true;
	return 0;
}

/* 0, or stop for now. The item stays the first of `waiting` unless it is decided. While a restore
 * is carried out commands wait, the accepting one too: absorbed, it would be over. */
static int decide_first(struct desk *d)
{
	struct item *i = d->waiting.first;
	struct decision dec = {0};
	int r = 0;

	if (i->type == INPUT_COMMAND && desk_accepted(d) && !inputs_restored(d->inputs)) {
		item_push(&d->later, item_pop(&d->waiting));
		return 0;
	}
	if (!i->skip) {
		r = make_decision(d, i, &dec);
		if (r == 0 && dec.verdict == DECIDE_ACCEPT) {
			char id[160];

			snprintf(id, sizeof(id), "%s", dec.id);
			decision_clear(&dec);
			desk_accept(d, id);
			return -EAGAIN;
		}
		if (r == 0 && dec.verdict == DECIDE_RECORD)
			r = append(d, i, &dec);
		if (r == 0) {
			i->outcome = dec.outcome;
			snprintf(i->done_id, sizeof(i->done_id), "%s", dec.id);
		}
		decision_clear(&dec);
	}
	if (r < 0)
		return r;
	item_push(&d->flight, item_pop(&d->waiting));
	d->view_age++;
	d->looked_up -= d->looked_up > 0;
	return 0;
}

static bool room(struct desk *d)
{
	if (d->flight.n >= (size_t)d->host->settings->in_flight)
		return false;
	if (d->view_age < VIEW_INPUTS)
		return true;
	if (d->flight.n)
		return false; /* what is in flight is not in the index yet */
	view_clear(d->view);
	d->view_age = d->looked_up = 0;
	return true;
}

void desk_pump(struct desk *d)
{
	int64_t until = clock_mono_ms() + PUMP_MS;

	while (desk_can_decide(d) && d->waiting.first && room(d)) {
		if ((!d->looked_up && look_ahead(d) < 0) || decide_first(d) < 0)
			break;
		if (clock_mono_ms() >= until) {
			desk_soon(d);
			break;
		}
	}
	if (d->flight.first && !d->flight.first->appended)
		desk_soon(d); /* settled without a word of the log */
	if (d->state == DESK_DECIDING)
		desk_resume(d, false);
}

/* --- inputs that no topic brings --- */

int desk_add_refusals(struct desk *d, struct err *e)
{
	_cleanup_json_ json_t *all = NULL;
	const char *at;
	json_t *record;
	int r = index_refusals(d->index, &all, e);

	if (r < 0)
		return r;
	json_object_foreach (all, at, record) {
		struct item *i = item_new(INPUT_SUBMISSION, at);

		i->record = json_incref(record);
		item_push(&d->waiting, i);
	}
	return 0;
}

void desk_add_restores(struct desk *d)
{
	const char *command = desk_accepted(d), *id;
	struct item_queue all;
	json_t *value;

	if (!d->ready || !command)
		return;
	item_queue_init(&all);
	json_object_foreach (d->ready, id, value) {
		char both[160];

		snprintf(both, sizeof(both), "%s/%s", command, id);
		item_push(&all, item_new(INPUT_RESTORE, both));
	}
	item_prepend(&d->waiting, &all);
	json_decref(d->ready);
	d->ready = NULL;
}
