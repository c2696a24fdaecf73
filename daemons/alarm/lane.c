/* lane: one lane's inputs: screens messages, takes acknowledgements. See alarm.h.
 *
 * Where an input begins is what the group committed, if the record there is still the one the
 * commit names; otherwise the beginning: what is known is not raised again. */
#include "alarm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crash.h"
#include "base/daemon.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "core/command.h"
#include "core/message.h"

#define APPENDS_MAX 512 /* not confirmed; beyond that inputs pause */
#define ASK_MS	    5000

static void add_input(struct lane *l, const char *name, bool commands)
{
	struct input *in = &l->inputs[l->n_inputs++];

	*in = (struct input){.lane = l, .commands = commands, .next = -1, .committed = -1};
	muara_topic(l->alarm->shared, name, in->topic);
}

struct lane *lane_new(struct alarm *a, int32_t n)
{
	struct lane *l = xcalloc(1, sizeof(*l));

	l->alarm = a;
	l->n = n;
	l->book = book_new(a->hooks, a->conf->hooks.n);
	l->inputs = xcalloc(a->shared->channels.n + 1, sizeof(*l->inputs));
	for (size_t i = 0; i < a->shared->channels.n; i++) {
		_cleanup_free_ char *name = xasprintf("raw.%s", a->shared->channels.v[i]);

		add_input(l, name, false);
	}
	add_input(l, "commands", true);
	return l;
}

void lane_free(struct lane *l)
{
	if (!l)
		return;
	append_forget(l);
	book_free(l->book);
	free(l->inputs);
	free(l);
}

static void hold(struct input *in, const char *why)
{
	snprintf(in->held, sizeof(in->held), "%.80s holds: %.90s", in->topic, why);
	log_error("topic %s holds, a person must look: %s", in->topic, why);
}

const char *lane_held(const struct lane *l)
{
	for (size_t i = 0; i < l->n_inputs; i++)
		if (l->inputs[i].held[0])
			return l->inputs[i].held;
	return NULL;
}

/* --- where to begin --- */

static int begin_of(struct input *in, int64_t *ret, struct err *e)
{
	struct kafka_consumer *c = in->lane->alarm->consumer;
	int64_t committed = -1, low = 0, high = 0;
	char id[sizeof(in->last)] = "";
	int r = kafka_committed(c, in->topic, in->lane->n, &committed, id, sizeof(id), ASK_MS, e);

	if (!r)
		r = kafka_watermarks(c, in->topic, in->lane->n, &low, &high, ASK_MS, e);
	if (r)
		return r;
	daemon_progress_now(); /* ten topics may take their five seconds each */
	*ret = KAFKA_BEGIN;
	if (committed >= low && committed <= high) {
		in->next = in->committed = committed;
		memcpy(in->last, id, sizeof(in->last));
		in->check = !in->commands && committed > low && *id;
		*ret = committed - in->check;
	} else if (committed >= 0) {
		log_warn("topic %s: screened up to offset %" PRId64 ", but the log holds %" PRId64
			 " to %" PRId64 "; reading it from its beginning",
			in->topic, committed, low, high);
	}
	return 0;
}

/* The first record after a start, the one the committed position names: was it taken? If it is
 * another one, the log is another one: all of it is read. */
static bool taken_before(struct input *in, const struct kafka_record *r)
{
	_cleanup_json_ json_t *m = NULL;
	struct err e = {0};

	in->check = false;
	if (r->offset != in->committed - 1) /* gone */
		return false;
	if (r->value && message_parse(r->value, r->value_len, &m, &e) == 0 &&
		strcmp(json_str_or(m, "id", ""), in->last) == 0)
		return true;
	log_warn("topic %s: the record at the committed offset is not the one it names; reading "
		 "the topic from its beginning",
		in->topic);
	in->next = in->committed = -1;
	in->last[0] = '\0';
	kafka_consumer_assign_add(
		in->lane->alarm->consumer, in->topic, in->lane->n, KAFKA_BEGIN, &e);
	return true;
}

/* All of them, or none: then the tick tries again. */
static void start_inputs(struct lane *l)
{
	struct err e = {0};
	int r = 0;

	for (size_t i = 0; !r && i < l->n_inputs; i++) {
		int64_t from = KAFKA_BEGIN;

		r = begin_of(&l->inputs[i], &from, &e);
		if (!r)
			r = kafka_consumer_assign_add(
				l->alarm->consumer, l->inputs[i].topic, l->n, from, &e);
		if (r)
			err_prefix(&e, "topic %s (`muaractl topics create` makes it)",
				l->inputs[i].topic);
	}
	if (r)
		log_warn("lane %" PRId32 " cannot begin yet: %s", l->n, e.text);
	else
		log_info("lane %" PRId32 " screens; %zu emergencies are not acknowledged", l->n,
			book_open(l->book));
	l->started = r == 0;
}

/* --- the own log --- */

void lane_log(struct lane *l, const struct kafka_record *r)
{
	_cleanup_json_ json_t *o = NULL;
	struct err e = {0};

	if (!r->value) /* erased */
		return;
	if (emergency_parse(r->value, r->value_len, &o, &e) < 0) {
		log_warn("%s offset %" PRId64 " is unusable and ignored: %s", r->topic, r->offset,
			e.text);
		return;
	}
	book_fold(l->book, o, alarm_now());
	if (l->loaded)
		ringer_wake(l->alarm->ringer);
}

void lane_log_end(struct lane *l)
{
	if (l->loaded)
		return;
	l->loaded = true;
	ringer_wake(l->alarm->ringer);
	start_inputs(l);
}

/* --- messages --- */

static void count(struct alarm *a, const char *verdict)
{
	metric_add(a->messages, verdict, 1);
}

static void raise_event(struct input *in, const struct kafka_record *r, const json_t *message,
	struct screening why, enum emergency_kind kind)
{
	struct emergency_place at = {r->topic, r->partition, r->offset};
	char key[EMERGENCY_KEY_SIZE];
	struct lane *l = in->lane;
	json_t *record = emergency_raised(message, kind, why, &at, clock_wall_ms(), key);
	const char *pairs[] = {"channel", json_str_or(message, "channel", ""), "rule", why.rule,
		"word", why.word ? why.word : "-", NULL};

	log_outcome(json_str_or(record, "id", ""), emergency_kind_name(kind), pairs);
	if (kind == EM_RAISED)
		book_raise(l->book, record, alarm_now());
	else
		book_fold(l->book, record, alarm_now());
	append_record(l, record, key, in, r->offset);
	ringer_wake(l->alarm->ringer);
}

static void screen(struct input *in, const struct kafka_record *r, const json_t *message)
{
	struct alarm *a = in->lane->alarm;
	char id[UUID_TEXT_SIZE];
	struct screening why;
	enum screen_fate fate = screen_fate(message, clock_wall_ms(), &a->rules, &why);
	enum emergency_kind kind = fate == FATE_RING ? EM_RAISED : EM_STALE;
	enum emergency_state known;

	if (fate == FATE_NONE || fate == FATE_UNSURE) {
		count(a, fate == FATE_NONE ? "none" : "unsure");
		return;
	}
	CRASH_POINT("after-screen", 1);
	emergency_id(message, id);
	known = book_state(in->lane->book, id);
	if (known >= emergency_state_after(ES_NONE, kind)) {
		count(a, "known");
		return;
	}
	count(a, emergency_kind_name(kind));
	raise_event(in, r, message, why, kind);
}

static void behind(struct input *in, const struct kafka_record *r, const char *id)
{
	in->next = r->offset + 1;
	snprintf(in->last, sizeof(in->last), "%s", id);
}

static int take_message(struct input *in, const struct kafka_record *r)
{
	_cleanup_json_ json_t *m = NULL;
	struct err e = {0};
	int rc = r->value ? message_parse(r->value, r->value_len, &m, &e) : -EINVAL;

	if (rc == -EPROTO)
		return rc;
	if (rc) /* the normalizer makes it dead, with its place; it has no words to screen */
		count(in->lane->alarm, "unreadable");
	else
		screen(in, r, m);
	behind(in, r, json_str_or(m, "id", ""));
	return 0;
}

/* --- acknowledgements --- */

static void acknowledge(struct input *in, const struct kafka_record *r, const json_t *command)
{
	const char *event = json_str_or(command, "message", ""),
		   *id = json_str_or(command, "id", "");
	struct lane *l = in->lane;
	enum emergency_state state = book_state(l->book, event);
	char key[EMERGENCY_KEY_SIZE];
	json_t *record;

	if (book_acknowledged_by(l->book, event, id)) /* read again */
		return;
	if (state == ES_RAISED || state == ES_STALE)
		record = emergency_acknowledged(event, command, clock_wall_ms(), key);
	else
		record = emergency_refused(command,
			state == ES_ACKNOWLEDGED ? "acknowledged before"
						 : "no emergency of this id is known",
			clock_wall_ms(), key);
	log_outcome(
		event, json_str_or(record, "kind", ""), (const char *const[]){"command", id, NULL});
	book_fold(l->book, record, alarm_now());
	append_record(l, record, key, in, r->offset);
	ringer_wake(l->alarm->ringer);
}

static int take_command(struct input *in, const struct kafka_record *r)
{
	_cleanup_json_ json_t *c = NULL;
	struct err e = {0};
	int rc = r->value ? command_parse(r->value, r->value_len, &c, &e) : -EINVAL;

	if (rc == -EPROTO)
		return rc;
	if (!rc && command_what_get(c) == CMD_ACKNOWLEDGE)
		acknowledge(in, r, c);
	else if (rc && r->value)
		log_warn("commands offset %" PRId64 " is unusable and ignored: %s", r->offset,
			e.text);
	behind(in, r, "");
	return 0;
}

static struct input *input_of(struct lane *l, const char *topic)
{
	for (size_t i = 0; i < l->n_inputs; i++)
		if (strcmp(l->inputs[i].topic, topic) == 0)
			return &l->inputs[i];
	return NULL;
}

int lane_take(struct lane *l, const struct kafka_record *r)
{
	struct input *in = input_of(l, r->topic);
	struct err e = {0};
	int rc;

	if (!in || in->held[0])
		return 0;
	if (l->n_appends >= APPENDS_MAX || l->alarm->draining) {
		in->paused = true;
		return -EAGAIN;
	}
	if (in->check && taken_before(in, r))
		return 0;
	rc = in->commands ? take_command(in, r) : take_message(in, r);
	if (rc == -EPROTO) {
		err_set(&e, rc,
			"offset %" PRId64 " is of a newer version of Muara: update this one",
			r->offset);
		hold(in, e.text);
		kafka_consumer_assign_del(l->alarm->consumer, in->topic, l->n, &e);
	}
	return 0;
}

void lane_topic_error(struct lane *l, const char *topic, int err, const char *text)
{
	struct input *in = input_of(l, topic);
	struct err e = {0};

	if (!in || in->held[0])
		return;
	if (err == -ERANGE) {
		log_warn(
			"topic %s: records were removed before they were screened; reading on from "
			"what is left",
			topic);
		kafka_consumer_assign_add(l->alarm->consumer, topic, l->n, KAFKA_BEGIN, &e);
		return;
	}
	hold(in, text);
}

/* --- now and then --- */

static void commit_input(struct lane *l, struct input *in)
{
	const char *before;
	int64_t at = append_position(l, in, &before);

	if (at <= in->committed)
		return;
	kafka_commit(l->alarm->consumer, in->topic, l->n, at, before);
	in->committed = at;
}

void lane_tick(struct lane *l, bool commit)
{
	append_retry(l);
	if (l->loaded && !l->started && !l->alarm->draining)
		start_inputs(l);
	for (size_t i = 0; i < l->n_inputs; i++) {
		struct input *in = &l->inputs[i];

		if (in->paused && l->n_appends < APPENDS_MAX / 2 && !l->alarm->draining) {
			in->paused = false;
			kafka_consumer_resume(l->alarm->consumer, in->topic, l->n);
		}
		if (commit)
			commit_input(l, in);
	}
}
