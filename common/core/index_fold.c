/* See index_fold.h. */
#include "core/index_fold.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/call_kind.h"
#include "core/ids.h"

const char *index_key(char out[INDEX_KEY_SIZE], const char *kind, const char *id)
{
	snprintf(out, INDEX_KEY_SIZE, "%.24s/%.*s", kind, INDEX_KEY_SIZE - 32, id);
	return out;
}

bool index_key_is_hash(const char *key)
{
	return key[0] == 'w' || key[0] == 'f' || key[0] == 'r';
}

static void op(json_t *ops, const char *name, const char *key, const char *x, const char *y)
{
	json_t *o = json_array();

	json_array_append_new(o, json_string(name));
	json_array_append_new(o, json_string(key));
	if (x)
		json_array_append_new(o, json_string(x));
	if (y)
		json_array_append_new(o, json_string(y));
	json_array_append_new(ops, o);
}

static void op_json(
	json_t *ops, const char *name, const char *key, const char *field, json_t *value)
{
	_cleanup_json_ json_t *v = value;
	_cleanup_free_ char *text = json_text(v, NULL);

	if (field)
		op(ops, name, key, field, text);
	else
		op(ops, name, key, text, NULL);
}

/* "term/n" of a record. */
static void record_place(const json_t *record, char out[48])
{
	snprintf(out, 48, "%" PRId64 "/%" PRId64, json_int(record, "term", 0),
		json_int(record, "n", 0));
}

static bool has_source(const json_t *complaint, const char *message)
{
	const json_t *source;
	size_t i;

	json_array_foreach (json_object_get(complaint, "sources"), i, source) {
		const char *m = json_str(source, "message");

		if (m && strcmp(m, message) == 0)
			return true;
	}
	return false;
}

/* Where the results put a message: sets place and ref; "noted" when nothing names it. */
static void place_of(const json_t *results, const char *id, const char **place, const char **ref)
{
	const json_t *r;
	size_t i;

	*place = "noted";
	*ref = NULL;
	json_array_foreach (results, i, r) {
		const char *type = json_str_or(r, "type", ""), *rid = json_str_or(r, "id", "");

		if (strcmp(type, "complaint") == 0) {
			if (!has_source(r, id))
				continue;
			*place = "complaint";
			*ref = rid;
			return;
		}
		if (strcmp(rid, id) != 0)
			continue;
		if (strcmp(type, "archived") == 0 || strcmp(type, "dead") == 0) {
			*place = strcmp(type, "dead") == 0 ? "dead" : "archived";
			*ref = json_str_or(r, "class", "dead");
			return;
		}
		*ref = json_str(r, "about");
	}
}

static void fold_message(json_t *ops, const json_t *record, const json_t *input)
{
	const char *id = json_str_or(input, "id", ""), *place, *ref;
	char key[INDEX_KEY_SIZE], at[48], ticket[TICKET_TEXT_SIZE];
	json_t *value = json_object();

	record_place(record, at);
	place_of(json_object_get(record, "results"), id, &place, &ref);
	json_set_str(value, "hash", json_str(input, "hash"));
	json_set_str(value, "at", at);
	json_set_str(value, "place", place);
	json_set_str(value, "ref", ref);
	json_set_str(value, "topic", json_str(input, "topic"));
	json_set_int(value, "partition", json_int(input, "partition", 0));
	json_set_int(value, "offset", json_int(input, "offset", -1));
	op_json(ops, "set", index_key(key, "a", id), NULL, value);
	op(ops, "del", index_key(key, "w", id), NULL, NULL);
	if (ticket_of(id, ticket) == 0)
		op(ops, "set", index_key(key, "k", ticket), id, NULL);
}

static void fold_inputs(json_t *ops, const json_t *record)
{
	const json_t *input;
	char key[INDEX_KEY_SIZE], at[48], typed[24];
	size_t i;

	record_place(record, at);
	json_array_foreach (json_object_get(record, "inputs"), i, input) {
		const char *type = json_str_or(input, "type", ""),
			   *id = json_str_or(input, "id", "");

		if (strcmp(type, "message") == 0) {
			fold_message(ops, record, input);
		} else if (strcmp(type, "timer") != 0) { /* a timer's id dies with its version */
			snprintf(typed, sizeof(typed), "b/%s", type);
			op(ops, "set", index_key(key, typed, id), at, NULL);
		}
	}
}

static void fold_timers(json_t *ops, const json_t *c, const char *id)
{
	static const char *const kinds[] = {"quiet", "hold"};
	char member[INDEX_KEY_SIZE], score[32];
	const json_t *timer;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(member, sizeof(member), "%s/%s", id, kinds[i]);
		op(ops, "zrem", "t", member, NULL);
	}
	json_array_foreach (json_object_get(c, "timers"), i, timer) {
		int64_t due = 0;

		if (time_parse(json_str_or(timer, "due", ""), &due) < 0)
			due = 0; /* a time nobody can read is due at once: it must not be forgotten
				  */
		snprintf(member, sizeof(member), "%s/%s", id, json_str_or(timer, "kind", "quiet"));
		snprintf(score, sizeof(score), "%" PRId64, due);
		op(ops, "zadd", "t", score, member);
	}
}

static void fold_sets(json_t *ops, const json_t *c, const char *id)
{
	static const char *const sets[] = {"open", "held", "review"};
	const char *state = json_str_or(c, "state", "");
	char key[INDEX_KEY_SIZE];
	bool emergency = strcmp(state, "review") == 0 && json_flag(c, "emergency");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		op(ops, strcmp(state, sets[i]) == 0 ? "sadd" : "srem", index_key(key, "s", sets[i]),
			id, NULL);
	op(ops, emergency ? "sadd" : "srem", "s/emergency", id, NULL);
}

static bool is_new_message(const json_t *inputs, const char *message)
{
	const json_t *input;
	size_t i;

	json_array_foreach (inputs, i, input)
		if (strcmp(json_str_or(input, "type", ""), "message") == 0 &&
			strcmp(json_str_or(input, "id", ""), message) == 0)
			return true;
	return false;
}

/* Only a message of its own moves its conversation to this complaint: an edit of an old complaint
 * must not draw the conversation back to it. */
static void fold_conversations(json_t *ops, const json_t *record, const json_t *c, const char *id)
{
	const json_t *source;
	char key[INDEX_KEY_SIZE];
	size_t i;

	json_array_foreach (json_object_get(c, "sources"), i, source) {
		const char *conversation = json_str(source, "conversation");

		if (!conversation || json_object_get(source, "edits") ||
			json_object_get(source, "deletes"))
			continue;
		if (is_new_message(
			    json_object_get(record, "inputs"), json_str_or(source, "message", "")))
			op(ops, "set", index_key(key, "v", conversation), id, NULL);
	}
}

static void fold_complaint(json_t *ops, const json_t *record, const json_t *c)
{
	const char *id = json_str_or(c, "id", "");
	char key[INDEX_KEY_SIZE];
	json_t *snapshot = json_copy((json_t *)(uintptr_t)c);

	json_object_del(snapshot, "type");
	op_json(ops, "set", index_key(key, "c", id), NULL, snapshot);
	fold_conversations(ops, record, c, id);
	fold_timers(ops, c, id);
	fold_sets(ops, c, id);
}

static void fold_decision(json_t *ops, const json_t *record)
{
	const json_t *r;
	char key[INDEX_KEY_SIZE];
	size_t i;

	fold_inputs(ops, record);
	json_array_foreach (json_object_get(record, "results"), i, r) {
		const char *type = json_str_or(r, "type", ""), *about = json_str(r, "waits_for");

		if (strcmp(type, "complaint") == 0)
			fold_complaint(ops, record, r);
		else if (strcmp(type, "noted") == 0 && about)
			op_json(ops, "hset", index_key(key, "w", about), json_str_or(r, "id", ""),
				json_incref(json_object_get(r, "content")));
	}
}

/* What is read of the report there; the newest word of each destination. */
static const char *status_field(const json_t *record, char field[INDEX_KEY_SIZE])
{
	snprintf(field, INDEX_KEY_SIZE, "status:%.64s", json_str_or(record, "destination", ""));
	return field;
}

static void fold_filing(json_t *ops, const json_t *record, const char *kind)
{
	const char *complaint = json_str(record, "complaint"), *intent = json_str(record, "intent");
	char key[INDEX_KEY_SIZE], at[48], field[INDEX_KEY_SIZE];
	json_t *value = json_object();

	record_place(record, at);
	json_set_str(value, "call", json_str(record, "call"));
	json_set_str(value, "system", json_str(record, "system"));
	json_set_int(value, "version", json_int(record, "version", 0));
	if (json_str(record, "resolution"))
		json_set_str(value, "resolution", json_str(record, "resolution"));
	if (json_str(record, "remote_id"))
		json_set_str(value, "remote_id", json_str(record, "remote_id"));
	if (strcmp(kind, "intent") == 0)
		snprintf(field, sizeof(field), "%s", at);
	else
		snprintf(field, sizeof(field), "%s:%s", intent ? intent : at, kind);
	if (complaint)
		op_json(ops, "hset", index_key(key, "f", complaint), field, json_incref(value));
	json_decref(value);
	if (complaint && (strcmp(kind, "intent") == 0 || strcmp(kind, "corrected") == 0) &&
		call_creates(call_kind_parse(json_str(record, "call"))))
		op(ops, "hdel", key, status_field(record, field), NULL); /* of an older report */
}

static void fold_status(json_t *ops, const json_t *record)
{
	static const char *const kept[] = {"at", "remote_id", "status"};
	const char *complaint = json_str(record, "complaint");
	char key[INDEX_KEY_SIZE], field[INDEX_KEY_SIZE];
	json_t *value;
	size_t i;

	if (!complaint)
		return;
	value = json_object();
	for (i = 0; i < ARRAY_SIZE(kept); i++)
		if (json_object_get(record, kept[i]))
			json_object_set(value, kept[i], json_object_get(record, kept[i]));
	op_json(ops, "hset", index_key(key, "f", complaint), status_field(record, field), value);
}

static void fold_refused(json_t *ops, const json_t *record)
{
	static const char *const kept[] = {
		"complaint", "version", "other", "destination", "system"};
	json_t *value = json_object();
	char at[48];
	size_t i;

	record_place(record, at);
	for (i = 0; i < ARRAY_SIZE(kept); i++)
		if (json_object_get(record, kept[i]))
			json_object_set(value, kept[i], json_object_get(record, kept[i]));
	op_json(ops, "hset", "r", at, value);
}

static void fold_submission(json_t *ops, const json_t *record)
{
	static const char *const outcomes[] = {
		"intent", "done", "resolved", "corrected", "rejected", "not_sent", "parked"};
	const char *kind = json_str_or(record, "kind", "");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(outcomes); i++)
		if (strcmp(kind, outcomes[i]) == 0)
			fold_filing(ops, record, kind);
	if (strcmp(kind, "refused") == 0)
		fold_refused(ops, record);
	else if (strcmp(kind, "status") == 0)
		fold_status(ops, record);
}

json_t *index_fold(const json_t *record)
{
	json_t *ops = json_array();
	const char *schema = json_str_or(record, "schema", "");

	if (strncmp(schema, "muara.decision/", 15) == 0)
		fold_decision(ops, record);
	else if (strncmp(schema, "muara.submission/", 17) == 0)
		fold_submission(ops, record);
	return ops;
}

/* --- filings --- */

static json_t *outcome(const json_t *filings, const char *attempt, const char *kind)
{
	char field[INDEX_KEY_SIZE];
	const char *text;

	snprintf(field, sizeof(field), "%s:%s", attempt, kind);
	text = json_string_value(json_object_get(filings, field));
	return text ? json_loads(text, 0, NULL) : NULL;
}

static bool attempt_files(const json_t *filings, const char *attempt, const char *intent_text)
{
	_cleanup_json_ json_t *intent = json_loads(intent_text, 0, NULL);
	_cleanup_json_ json_t *done = outcome(filings, attempt, "done");
	_cleanup_json_ json_t *resolved = outcome(filings, attempt, "resolved");
	_cleanup_json_ json_t *rejected = outcome(filings, attempt, "rejected");
	_cleanup_json_ json_t *not_sent = outcome(filings, attempt, "not_sent");

	if (strcmp(json_str_or(intent, "call", ""), "upload") == 0)
		return false; /* a file alone is no filing */
	if (done)
		return true;
	if (resolved)
		return strcmp(json_str_or(resolved, "resolution", ""), "not_filed") != 0;
	return !rejected && !not_sent;
}

bool index_filed(const json_t *filings)
{
	const char *field;
	json_t *value;

	if (!json_is_object(filings))
		return false;
	json_object_foreach ((json_t *)(uintptr_t)filings, field, value)
		if (!strchr(field, ':') && attempt_files(filings, field, json_string_value(value)))
			return true;
	return false;
}

/* --- model --- */

struct index_model {
	json_t *keys; /* key -> string | {"h":{}} | {"z":{}} | {"s":{}} */
};

struct index_model *index_model_new(void)
{
	struct index_model *m = xcalloc(1, sizeof(*m));

	m->keys = json_object();
	return m;
}

void index_model_free(struct index_model *m)
{
	if (!m)
		return;
	json_decref(m->keys);
	free(m);
}

static json_t *model_members(struct index_model *m, const char *key, const char *kind)
{
	json_t *holder = json_object_get(m->keys, key);

	if (!holder) {
		holder = json_object();
		json_object_set_new(m->keys, key, holder);
		json_object_set_new(holder, kind, json_object());
	}
	return json_object_get(holder, kind);
}

static void model_remove(
	struct index_model *m, const char *key, const char *kind, const char *member)
{
	json_t *members = json_object_get(json_object_get(m->keys, key), kind);

	json_object_del(members, member);
	if (members && json_object_size(members) == 0)
		json_object_del(m->keys, key);
}

static void model_op(struct index_model *m, const json_t *o)
{
	const char *name = json_string_value(json_array_get(o, 0));
	const char *key = json_string_value(json_array_get(o, 1));
	const char *x = json_string_value(json_array_get(o, 2));
	json_t *y = json_array_get(o, 3);

	if (strcmp(name, "set") == 0)
		json_object_set(m->keys, key, json_array_get(o, 2));
	else if (strcmp(name, "del") == 0)
		json_object_del(m->keys, key);
	else if (strcmp(name, "hset") == 0)
		json_object_set(model_members(m, key, "h"), x, y);
	else if (strcmp(name, "hdel") == 0)
		model_remove(m, key, "h", x);
	else if (strcmp(name, "zadd") == 0)
		json_object_set(
			model_members(m, key, "z"), json_string_value(y), json_array_get(o, 2));
	else if (strcmp(name, "zrem") == 0)
		model_remove(m, key, "z", x);
	else if (strcmp(name, "sadd") == 0)
		json_object_set_new(model_members(m, key, "s"), x, json_true());
	else if (strcmp(name, "srem") == 0)
		model_remove(m, key, "s", x);
}

void index_model_apply(struct index_model *m, const json_t *ops)
{
	const json_t *o;
	size_t i;

	json_array_foreach (ops, i, o)
		model_op(m, o);
}

int index_model_dump(const struct index_model *m, struct buf *out)
{
	_cleanup_free_ char *text = json_dumps(m->keys, JSON_INDENT(1) | JSON_SORT_KEYS);

	return buf_adds(out, text ? text : "");
}
