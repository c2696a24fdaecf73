/* decide-world: a small world for the tests of decide: an index in memory, inputs made by hand, and
 * the records decided so far. Included by test-decide.c and test-decide_any.c only.
 *
 * screen_text is stood in for, so that these tests do not change with the list of words. */
#pragma once

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/index_fold.h"
#include "core/message.h"
#include "core/screening.h"
#include "daemons/normalizer/complaint.h"
#include "daemons/normalizer/decide.h"

#define T0     1795494555000LL /* 2026-11-24T04:29:15Z */
#define SECOND 1000LL
#define MINUTE 60000LL
#define HOUR   3600000LL
#define DAY    86400000LL

struct screening screen_text(const char *text, enum call_class call)
{
	struct screening s = {.verdict = SCREEN_NONE, .rule = "nothing"};

	if (call == CC_EMERGENCY || (text && strstr(text, "KEBAKARAN")))
		s = (struct screening){SCREEN_EMERGENCY, "word", "kebakaran"};
	else if (call == CC_UNKNOWN || (text && strstr(text, "GAWAT")))
		s = (struct screening){SCREEN_UNSURE, "weak-word", "gawat"};
	return s;
}

struct world {
	struct muara_tenant tenants[1];
	struct muara_conf conf;
	struct rules rules;
	struct view *index; /* knows everything: what is not there is said to be absent */
	json_t *log;	    /* records decided, with term and n */
	int64_t now_ms, n;
	struct decision d; /* the last one */
};

static void world_open(struct world *w)
{
	*w = (struct world){.now_ms = T0, .index = view_new(), .log = json_array()};
	w->tenants[0] =
		(struct muara_tenant){.name = xstrdup("malang"), .destination = xstrdup("lapor")};
	w->conf.tenants = (struct optlist){w->tenants, 1};
	w->conf.timezone = xstrdup("+07:00");
	w->rules = (struct rules){.quiet_ms = 2 * MINUTE,
		.open_max_ms = 10 * MINUTE,
		.join_ms = HOUR,
		.hold_ms = 3 * DAY,
		.max_messages = 5,
		.max_text_bytes = 1000,
		.conf = &w->conf};
}

static void world_close(struct world *w)
{
	decision_clear(&w->d);
	view_free(w->index);
	json_decref(w->log);
	free(w->tenants[0].name);
	free(w->tenants[0].destination);
	free(w->conf.timezone);
}

static void index_record(struct world *w, json_t *record)
{
	_cleanup_json_ json_t *ops = index_fold(record);

	view_apply(w->index, ops);
}

static enum decide_verdict decide_input(struct world *w, const struct decide_input *in)
{
	const json_t *key;
	int turns;
	size_t i;

	for (turns = 0; turns < 9; turns++) {
		decision_clear(&w->d);
		decide(in, w->index, w->now_ms, &w->rules, &w->d);
		if (w->d.verdict != DECIDE_NEEDS)
			break;
		assert_true(json_array_size(w->d.needs) > 0);
		json_array_foreach (w->d.needs, i, key)
			view_put(w->index, json_string_value(key), json_null());
	}
	assert_int_not_equal(w->d.verdict, DECIDE_NEEDS);
	if (w->d.verdict != DECIDE_RECORD)
		return w->d.verdict;
	json_set_str(w->d.body, "schema", "muara.decision/1");
	json_set_int(w->d.body, "term", 1);
	json_set_int(w->d.body, "n", ++w->n);
	json_array_append(w->log, w->d.body);
	index_record(w, w->d.body);
	return w->d.verdict;
}

/* --- messages --- */

static struct message bubble(const struct world *w, const char *native, const char *text)
{
	return (struct message){.tenant = "malang",
		.channel = "whatsapp",
		.account = "628111",
		.native_id = native,
		.author = {.id = "628123450001",
			.name = "Siti",
			.phone = "08123450001",
			.proven = true},
		.received_ms = w->now_ms,
		.sent_ms = w->now_ms,
		.text = text,
		.source = {.daemon = "muara-whatsapp", .instance = "kota"},
		.original = {.data = "{}", .len = 2}};
}

static enum decide_verdict take_json(struct world *w, const json_t *record)
{
	struct decide_input in = {.type = INPUT_MESSAGE,
		.topic = "muara.raw.whatsapp",
		.offset = w->n,
		.record = record,
		.value_hash = "00"};

	return decide_input(w, &in);
}

static json_t *record_of(const struct message *m)
{
	json_t *record = NULL;
	struct err e = {0};

	if (message_build(m, &record, NULL, &e))
		fail_msg("%s", e.text);
	return record;
}

static enum decide_verdict take(struct world *w, const struct message *m)
{
	_cleanup_json_ json_t *record = record_of(m);

	return take_json(w, record);
}

static enum decide_verdict say(struct world *w, const char *native, const char *text)
{
	struct message m = bubble(w, native, text);

	return take(w, &m);
}

static const char *id_of(const char *native)
{
	static char ids[8][UUID_TEXT_SIZE];
	static unsigned at;
	char *id = ids[at++ % 8];

	message_id("malang", "whatsapp", "628111", native, NULL, id);
	return id;
}

/* --- what was decided --- */

static const json_t *result(const struct world *w)
{
	return json_array_get(json_object_get(w->d.body, "results"), 0);
}

static const json_t *snapshot(struct world *w, const char *id)
{
	static json_t *last;
	char key[INDEX_KEY_SIZE];
	const json_t *text = view_get(w->index, index_key(key, "c", id));

	json_decref(last);
	last = json_is_string(text) ? json_loads(json_string_value(text), 0, NULL) : NULL;
	return last;
}

static enum decide_verdict fire(struct world *w, const char *complaint, const char *kind)
{
	const json_t *t, *timers = json_object_get(snapshot(w, complaint), "timers");
	struct decide_input in = {.type = INPUT_TIMER};
	char id[160] = "";
	int64_t due = 0;
	size_t i;

	json_array_foreach (timers, i, t)
		if (strcmp(json_str(t, "kind"), kind) == 0) {
			snprintf(id, sizeof(id), "%s", json_str(t, "id"));
			assert_int_equal(time_parse(json_str(t, "due"), &due), 0);
		}
	if (!*id)
		fail_msg("%s has no timer %s", complaint, kind);
	w->now_ms = MAX(w->now_ms, due);
	in.id = id;
	return decide_input(w, &in);
}

static void is_state(struct world *w, const char *id, const char *state)
{
	const json_t *c = snapshot(w, id);

	assert_non_null(c);
	assert_string_equal(json_str(c, "state"), state);
}

static bool has_word(const json_t *list, const char *word)
{
	const json_t *v;
	size_t i;

	json_array_foreach (list, i, v)
		if (strcmp(json_string_value(v), word) == 0)
			return true;
	return false;
}

static bool asked(struct world *w, const char *id, const char *reason)
{
	return complaint_has_reason(snapshot(w, id), reason);
}

static const char *link_reason(struct world *w, const char *id)
{
	return json_str(json_array_get(json_object_get(snapshot(w, id), "links"), 0), "reason");
}

/* --- other inputs --- */

static void file_it(struct world *w, const char *complaint, const char *kind, int n)
{
	_cleanup_json_ json_t *s = json_pack("{s:s,s:s,s:i,s:i,s:s,s:i,s:s,s:s}", "schema",
		"muara.submission/1", "kind", kind, "term", 9, "n", n, "complaint", complaint,
		"version", 1, "call", "create", "system", "lapor");

	if (strcmp(kind, "intent") != 0)
		json_set_str(s, "intent", "9/1");
	index_record(w, s);
}

static enum decide_verdict order(struct world *w, const char *what, const char *complaint,
	int64_t version, const char *fields)
{
	static int number;
	_cleanup_json_ json_t *c = json_object();
	struct decide_input in = {.type = INPUT_COMMAND, .topic = "muara.commands", .record = c};
	char id[UUID_TEXT_SIZE];

	snprintf(id, sizeof(id), "cccccccc-0000-4000-8000-%012d", ++number);
	json_set_str(c, "id", id);
	json_set_str(c, "what", what);
	json_set_str(c, "for", "normalizer");
	json_set_str(c, "complaint", complaint);
	json_set_int(c, "version", version);
	json_set_new(c, "fields", fields ? json_loads(fields, 0, NULL) : json_object());
	return decide_input(w, &in);
}

static enum decide_verdict attach(
	struct world *w, const char *id, const char *message, const char *attachment)
{
	_cleanup_json_ json_t *m =
		json_pack("{s:s,s:s,s:s}", "schema", "muara.media/1", "id", id, "message", message);
	struct decide_input in = {.type = INPUT_MEDIA, .topic = "muara.media", .record = m};

	if (attachment)
		json_set_new(m, "attachment",
			json_pack("{s:s,s:s,s:s,s:i}", "id", attachment, "state", "stored",
				"sha256",
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
				"bytes", 7));
	return decide_input(w, &in);
}
