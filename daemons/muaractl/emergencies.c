/* emergencies: see emergencies.h. */
#include "emergencies.h"

#include <string.h>

#include "base/json.h"
#include "base/util.h"

#include "tail.h"

static json_t *event_of(json_t *events, const json_t *record, int32_t lane)
{
	const char *id = json_str_or(record, "id", "");
	json_t *event = json_object_get(events, id);

	if (event)
		return event;
	event = json_object();
	json_set_str(event, "id", id);
	json_set_str(event, "ticket", json_str(record, "ticket"));
	json_set_str(event, "state", emergency_state_name(ES_NONE));
	json_set_int(event, "lane", lane);
	json_set_int(event, "rings", 0);
	json_object_set_new(events, id, event);
	return event;
}

static enum emergency_state state_of(const json_t *event)
{
	for (int s = ES_ACKNOWLEDGED; s > ES_NONE; s--)
		if (strcmp(json_str_or(event, "state", ""),
			    emergency_state_name((enum emergency_state)s)) == 0)
			return (enum emergency_state)s;
	return ES_NONE;
}

static void copy(json_t *event, const json_t *record, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (json_object_get(record, keys[i]))
			json_object_set(event, keys[i], json_object_get(record, keys[i]));
}

/* The numbers of all hooks together; a hook's record says how often it rang so far. */
static void add_ring(json_t *event, const json_t *record)
{
	const char *at = json_str_or(record, "at", "");
	json_t *hooks = json_object_get(event, "hooks"), *v;
	const char *name;
	int64_t sum = 0;

	if (!hooks) {
		hooks = json_object();
		json_object_set_new(event, "hooks", hooks);
	}
	json_set_int(hooks, json_str_or(record, "hook", "?"), json_int(record, "n", 0));
	json_object_foreach (hooks, name, v)
		sum += json_integer_value(v);
	json_set_int(event, "rings", sum);
	if (strcmp(at, json_str_or(event, "rang_at", "")) > 0)
		json_set_str(event, "rang_at", at);
}

void emergencies_fold(json_t *events, const json_t *record, int32_t lane)
{
	static const char *const of_message[] = {"message", "tenant", "channel", "at", "sent_at",
		"rule", "word", "topic", "partition", "offset"};
	static const char *const of_answer[] = {"by", "command"};
	enum emergency_kind kind = emergency_kind_get(record);
	enum emergency_state before;
	json_t *event;

	if (kind == EM_REFUSED || kind == EM_KINDS_)
		return;
	event = event_of(events, record, lane);
	before = state_of(event);
	if (kind == EM_RAISED || (kind == EM_STALE && !json_object_get(event, "message")))
		copy(event, record, of_message, ARRAY_SIZE(of_message));
	if (kind == EM_RUNG)
		add_ring(event, record);
	if (kind == EM_ACKNOWLEDGED) {
		copy(event, record, of_answer, ARRAY_SIZE(of_answer));
		json_set_str(event, "acknowledged_at", json_str(record, "at"));
	}
	json_set_str(event, "state", emergency_state_name(emergency_state_after(before, kind)));
}

json_t *emergencies_count(const json_t *events)
{
	json_t *counts = json_object(), *event;
	const char *id;

	for (int s = ES_STALE; s <= ES_ACKNOWLEDGED; s++)
		json_set_int(counts, emergency_state_name((enum emergency_state)s), 0);
	json_object_foreach ((json_t *)(uintptr_t)events, id, event) {
		const char *state = emergency_state_name(state_of(event));

		if (state_of(event) != ES_NONE)
			json_set_int(counts, state, json_int(counts, state, 0) + 1);
	}
	return counts;
}

static int on_record(void *ctx, const struct kafka_record *r)
{
	_cleanup_json_ json_t *o = NULL;

	if (r->value && emergency_parse(r->value, r->value_len, &o, NULL) == 0)
		emergencies_fold(ctx, o, r->partition);
	return 0;
}

int emergencies_read(struct ctl *c, int lane, json_t **ret, struct err *e)
{
	json_t *events = json_object();
	int r = tail_read_topic(c, "emergencies", lane, on_record, events, e);

	if (r)
		json_decref(events);
	else
		*ret = events;
	return r;
}
