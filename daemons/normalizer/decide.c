/* See decide.h: the whole, and what its parts share (decide_private.h). */
#include "decide_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/index_fold.h"
#include "complaint.h"

const char *const decide_outcomes[] = {"opened", "joined", "edited", "withdrawn", "archived",
	"dead", "noted", "settled", "released", "held", "closed", "completed", "expired", "refused",
	"media", "linked", "restored", "absorbed", "ignored", NULL};

/* --- looking up --- */

const json_t *ctx_lookup(struct ctx *x, const char *kind, const char *id)
{
	char key[INDEX_KEY_SIZE];
	const json_t *value = view_get(x->known, index_key(key, kind, id));

	if (!value) {
		json_array_append_new(x->needs, json_string(key));
		return NULL;
	}
	return json_is_null(value) ? NULL : value;
}

json_t *ctx_lookup_json(struct ctx *x, const char *kind, const char *id)
{
	const char *text = json_string_value(ctx_lookup(x, kind, id));

	return text ? json_loads(text, 0, NULL) : NULL;
}

bool ctx_filed(struct ctx *x, const char *complaint)
{
	return index_filed(ctx_lookup(x, "f", complaint));
}

json_t *ctx_next(struct ctx *x, const json_t *old)
{
	json_t *c = complaint_next(old);

	json_object_del(c, "after_filing");
	if (ctx_filed(x, json_str_or(c, "id", "")))
		json_set_new(c, "after_filing", json_true());
	return c;
}

bool ctx_absorbed(struct ctx *x, const char *type, const char *id)
{
	char typed[24];

	snprintf(typed, sizeof(typed), "b/%s", type);
	return ctx_lookup(x, typed, id) != NULL;
}

/* --- writing --- */

const char *input_type_name(enum input_type t)
{
	static const char *const names[] = {
		"message", "media", "command", "submission", "timer", "restore"};

	return names[t];
}

void ctx_add_input(struct ctx *x, const char *type, const char *id, const char *hash,
	const char *topic, int32_t partition, int64_t offset)
{
	json_t *input = json_object();

	json_set_str(input, "type", type);
	json_set_str(input, "id", id);
	if (topic) {
		json_set_str(input, "topic", topic);
		json_set_int(input, "partition", partition);
		json_set_int(input, "offset", offset);
	}
	if (hash)
		json_set_str(input, "hash", hash);
	json_array_append_new(x->inputs, input);
}

void ctx_add_own_input(struct ctx *x, const char *id, const char *hash)
{
	ctx_add_input(x, input_type_name(x->in->type), id, hash, x->in->topic, x->in->partition,
		x->in->offset);
}

static json_t *add_result(struct ctx *x, const char *type, const char *id, const char *reason)
{
	json_t *r = json_object();

	json_set_str(r, "type", type);
	json_set_str(r, "id", id);
	json_set_str(r, "reason", reason);
	json_array_append_new(x->results, r);
	return r;
}

void ctx_because(struct ctx *x, const char *rule, const char *fmt, ...)
{
	char evidence[256];
	json_t *w = json_object();
	va_list args;

	va_start(args, fmt);
	vsnprintf(evidence, sizeof(evidence), fmt, args);
	va_end(args);
	json_set_str(w, "rule", rule);
	json_set_str(w, "evidence", evidence);
	json_array_append_new(x->why, w);
}

void ctx_put(struct ctx *x, json_t *c)
{
	json_t *r = json_object();

	complaint_seal(c);
	json_set_str(r, "type", "complaint");
	json_object_update(r, c);
	json_array_append_new(x->results, r);
	json_decref(c);
}

void ctx_archive(struct ctx *x, const char *id, const char *class, const char *reason)
{
	json_t *r = add_result(x, "archived", id, reason);

	json_set_str(r, "class", class);
	ctx_because(x, "class", "%s", class);
	x->outcome = "archived";
}

void ctx_dead(struct ctx *x, const char *id, const char *reason, const char *topic,
	int32_t partition, int64_t offset)
{
	json_t *r = add_result(x, "dead", id, reason);

	json_set_str(r, "topic", topic);
	json_set_int(r, "partition", partition);
	json_set_int(r, "offset", offset);
	x->outcome = "dead";
}

json_t *ctx_note(struct ctx *x, const char *id, const char *reason, const char *about)
{
	json_t *r = add_result(x, "noted", id, reason);

	json_set_str(r, "about", about);
	x->outcome = "noted";
	return r;
}

bool complaint_closed(const json_t *c)
{
	return complaint_is(c, "archived") || complaint_is(c, "withdrawn") ||
	       complaint_is(c, "merged");
}

/* --- the whole --- */

static json_t *make_body(struct ctx *x)
{
	json_t *body = json_object();
	char now[TIME_TEXT_SIZE];

	time_format(x->now_ms, now);
	json_set_str(body, "at", now);
	json_object_set(body, "inputs", x->inputs);
	json_object_set(body, "results", x->results);
	json_object_set(body, "why", x->why);
	return body;
}

/* A record too large for the log must not be tried for ever: its input is dead, and says why. */
static void check_size(struct ctx *x, struct decision *d)
{
	bool spare = x->in->type != INPUT_MESSAGE && x->in->type != INPUT_MEDIA;
	size_t size = json_dumpb(d->body, NULL, 0, JSON_COMPACT);
	const json_t *last = json_array_get(x->inputs, json_array_size(x->inputs) - 1);
	char reason[64], id[160];

	if (size <= DECISION_RECORD_MAX - (spare ? 1024u : DECISION_SPARE))
		return;
	snprintf(id, sizeof(id), "%s", json_str_or(last, "id", d->id));
	snprintf(reason, sizeof(reason), "decision too large: %zu bytes", size);
	json_array_clear(x->results);
	json_array_clear(x->why);
	if (strcmp(json_str_or(last, "type", ""), "message") == 0)
		ctx_dead(x, id, reason, json_str(last, "topic"),
			(int32_t)json_int(last, "partition", 0), json_int(last, "offset", -1));
	else
		ctx_note(x, id, reason, NULL);
	ctx_because(x, "too-large", "%zu bytes", size);
	json_decref(d->body);
	d->body = make_body(x);
}

void decision_clear(struct decision *d)
{
	json_decref(d->body);
	json_decref(d->needs);
	memset(d, 0, sizeof(*d));
}

typedef enum decide_verdict decide_fn(struct ctx *x, struct decision *d);
static decide_fn *const deciders[] = {[INPUT_MESSAGE] = decide_message,
	[INPUT_MEDIA] = decide_media,
	[INPUT_COMMAND] = decide_command,
	[INPUT_SUBMISSION] = decide_submission,
	[INPUT_TIMER] = decide_timer,
	[INPUT_RESTORE] = decide_restore};

void decide(const struct decide_input *in, const struct view *known, int64_t now_ms,
	const struct rules *rules, struct decision *ret)
{
	struct ctx x = {.in = in,
		.known = known,
		.rules = rules,
		.now_ms = now_ms,
		.needs = json_array(),
		.inputs = json_array(),
		.results = json_array(),
		.why = json_array(),
		.outcome = "noted"};

	memset(ret, 0, sizeof(*ret));
	if (in->id)
		snprintf(ret->id, sizeof(ret->id), "%s", in->id);
	else
		snprintf(ret->id, sizeof(ret->id), "%s/%" PRId32 "/%" PRId64, in->topic,
			in->partition, in->offset);
	ret->verdict = deciders[in->type](&x, ret);
	if (json_array_size(x.needs)) {
		ret->verdict = DECIDE_NEEDS;
		ret->needs = json_incref(x.needs);
	} else if (ret->verdict == DECIDE_RECORD) {
		ret->body = make_body(&x);
		check_size(&x, ret);
	}
	ret->outcome = ret->verdict == DECIDE_ABSORBED	? "absorbed"
		       : ret->verdict == DECIDE_IGNORED ? "ignored"
							: x.outcome;
	json_decref(x.needs);
	json_decref(x.inputs);
	json_decref(x.results);
	json_decref(x.why);
}
