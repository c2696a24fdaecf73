/* trace: `muaractl trace REF`: the whole story of a complaint or a message, in order: what came in,
 * every decision with why, every act, every step of a filing. Void records are shown as void.
 *
 * `complaints` is read twice: who belongs together may be said by its last record. Held in memory:
 * the ids and the records that belong to it. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "core/emergency.h"
#include "core/message.h"

#include "commands.h"
#include "print.h"
#include "snapshots.h"
#include "tail.h"
#include "trace_text.h"

struct trace {
	struct ctl *c;
	struct ref ref;
	bool show;
	json_t *complaints; /* sets of ids: object of true */
	json_t *inputs;	    /* messages, commands and other inputs */
	json_t *places;	    /* message id -> input, where its raw record lies */
	json_t *events;
};

static bool in(const json_t *set, const char *id)
{
	return id && json_object_get(set, id);
}

static bool put(json_t *set, const char *id)
{
	if (!id || !*id || json_object_get(set, id))
		return false;
	json_object_set_new(set, id, json_true());
	return true;
}

/* --- events --- */

static const char *const ruling_names[] = {[LANE_COUNTS] = "counts",
	[LANE_LATE] = "counts (late)",
	[LANE_VOID] = "void",
	[LANE_SKIP] = "tombstone",
	[LANE_HOLD] = "void"};

static json_t *add_event(struct trace *x, const struct kafka_record *r, const char *kind,
	const char *ruling, char *text)
{
	_cleanup_free_ char *line = text, *clean = print_clean(text, false);
	_cleanup_free_ char *place =
		xasprintf("%s/%d/%lld", r->topic, (int)r->partition, (long long)r->offset);
	char at[TIME_TEXT_SIZE];
	json_t *e = json_object();

	time_format(r->log_append_ms, at);
	json_set_str(e, "at", at);
	json_set_str(e, "kind", kind);
	json_set_str(e, "ruling", ruling);
	json_set_str(e, "text", clean);
	json_set_str(e, "place", place);
	json_array_append_new(x->events, e);
	return e;
}

/* --- who belongs to it --- */

static bool is_meant(const struct trace *x, const char *id)
{
	char ticket[TICKET_TEXT_SIZE];

	if (*x->ref.id && strcmp(x->ref.id, id) == 0)
		return true;
	return *x->ref.ticket && !ticket_of(id, ticket) && strcmp(ticket, x->ref.ticket) == 0;
}

static void take_sources(struct trace *x, const json_t *snapshot)
{
	const json_t *s;
	size_t i;

	json_array_foreach (json_object_get(snapshot, "sources"), i, s)
		put(x->inputs, json_str(s, "message"));
}

static int find_related(void *ctx, const struct sight *s)
{
	struct trace *x = ctx;
	const json_t *body = s->entry ? s->entry->body : NULL, *v;
	size_t i;

	json_array_foreach (json_object_get(body, "inputs"), i, v)
		if (is_meant(x, json_str_or(v, "id", "")))
			put(x->inputs, json_str(v, "id"));
	json_array_foreach (json_object_get(body, "results"), i, v)
		if (strcmp(json_str_or(v, "type", ""), "complaint") == 0 &&
			(in(x->complaints, json_str(v, "id")) || ref_matches(&x->ref, v))) {
			put(x->complaints, json_str(v, "id"));
			take_sources(x, v);
		}
	return 0;
}

/* --- decisions --- */

static bool touches(const struct trace *x, const json_t *decision)
{
	const json_t *v;
	size_t i;

	json_array_foreach (json_object_get(decision, "inputs"), i, v)
		if (in(x->inputs, json_str(v, "id")))
			return true;
	json_array_foreach (json_object_get(decision, "results"), i, v)
		if (in(x->complaints, json_str(v, "id")) || in(x->complaints, json_str(v, "about")))
			return true;
	return false;
}

/* Commands that were absorbed here belong to the story too. */
static void note_inputs(struct trace *x, const json_t *decision)
{
	const json_t *v;
	size_t i;

	json_array_foreach (json_object_get(decision, "inputs"), i, v) {
		put(x->inputs, json_str(v, "id"));
		if (strcmp(json_str_or(v, "type", ""), "message") == 0)
			json_object_set(
				x->places, json_str_or(v, "id", ""), (json_t *)(uintptr_t)v);
	}
}

/* The body of any record of a lane log, void ones too; NULL: none. Caller owns. */
static json_t *body_of(const struct sight *s)
{
	json_t *body = NULL;

	if (s->entry)
		return json_incref((json_t *)(uintptr_t)s->entry->body);
	if (s->record->value)
		json_parse(
			s->record->value, s->record->value_len, 2 * LANE_RECORD_MAX, &body, NULL);
	return body;
}

static int show_decision(void *ctx, const struct sight *s)
{
	struct trace *x = ctx;
	_cleanup_json_ json_t *body = body_of(s);
	_cleanup_free_ char *why = NULL;
	json_t *e;

	if (!body || !touches(x, body))
		return 0;
	why = trace_why_text(body);
	if (s->entry)
		note_inputs(x, body);
	e = add_event(x, s->record, "decision", ruling_names[s->ruling], trace_decision_text(body));
	json_set_str(e, "why", why);
	if (x->show)
		json_object_set(e, "record", body);
	return 0;
}

/* --- submissions, commands, raw records --- */

#define ANSWER_MAX (256 * 1024)

/* The texts that were written back, from the blob store, as far as they are there. */
static void show_answers(const struct trace *x, const json_t *answers, json_t *event)
{
	json_t *list = json_array();
	const json_t *a;
	size_t i;

	json_array_foreach (answers, i, a) {
		_cleanup_free_ char *path =
			xasprintf("%s/%s", x->c->conf.blob_dir, json_str_or(a, "sha256", "none"));
		_cleanup_free_ char *text = NULL;
		json_t *answer = NULL;
		size_t n = 0;

		if (fsio_read_file(path, ANSWER_MAX, &text, &n, NULL) ||
			json_parse(text, n, ANSWER_MAX, &answer, NULL))
			continue;
		json_array_append_new(list, answer);
	}
	json_set_new(event, "answers", list);
}

static int show_submission(void *ctx, const struct sight *s)
{
	struct trace *x = ctx;
	_cleanup_json_ json_t *body = body_of(s);
	json_t *e;

	if (!body || (!in(x->complaints, json_str(body, "complaint")) &&
			     !in(x->inputs, json_str(body, "command"))))
		return 0;
	put(x->inputs, json_str(body, "command"));
	e = add_event(x, s->record, "filing", ruling_names[s->ruling], trace_submission_text(body));
	if (x->show && json_object_get(body, "answers"))
		show_answers(x, json_object_get(body, "answers"), e);
	return 0;
}

static int show_command(void *ctx, const struct kafka_record *r)
{
	struct trace *x = ctx;
	_cleanup_json_ json_t *body = NULL;

	if (!r->value || json_parse(r->value, r->value_len, SIZE_MAX, &body, NULL))
		return 0;
	if (!in(x->complaints, json_str(body, "complaint")) &&
		!in(x->inputs, json_str(body, "message")) && !in(x->inputs, json_str(body, "id")) &&
		!is_meant(x, json_str_or(body, "id", "")))
		return 0;
	add_event(x, r, "command", NULL, trace_command_text(body, x->show));
	return 0;
}

/* Emergencies are known before a decision is: their messages are found by it, too. */
static int show_emergency(void *ctx, const struct kafka_record *r)
{
	struct trace *x = ctx;
	_cleanup_json_ json_t *o = NULL;
	const char *message;

	if (!r->value || emergency_parse(r->value, r->value_len, &o, NULL))
		return 0;
	message = json_str(o, "message");
	if (!is_meant(x, json_str_or(o, "id", "")) && !in(x->inputs, json_str(o, "id")) &&
		!in(x->inputs, message) && !in(x->inputs, json_str(o, "command")))
		return 0;
	put(x->inputs, json_str(o, "id"));
	if (message && !in(x->places, message))
		json_object_set(x->places, message, o);
	add_event(x, r, "alarm", NULL, trace_emergency_text(o));
	return 0;
}

static int show_raw(void *ctx, const struct kafka_record *r)
{
	struct trace *x = ctx;
	_cleanup_json_ json_t *m = NULL;

	if (r->value && !message_parse(r->value, r->value_len, &m, NULL))
		add_event(x, r, "message", NULL, trace_message_text(m, x->show));
	else
		add_event(x, r, "message", NULL, xstrdup("a record that cannot be read"));
	return 0;
}

/* Not decided yet: it can only be found by reading the raw topics. */
static int find_raw(void *ctx, const struct kafka_record *r)
{
	struct trace *x = ctx;
	_cleanup_json_ json_t *m = NULL;
	const char *id;

	if (!r->value || message_parse(r->value, r->value_len, &m, NULL))
		return 0;
	id = json_str_or(m, "id", "");
	if (is_meant(x, id))
		add_event(x, r, "message", NULL, trace_message_text(m, x->show));
	return 0;
}

static int read_raws(struct trace *x, struct err *e)
{
	const char *id;
	json_t *input;
	int r = 0;

	json_object_foreach (x->places, id, input) {
		r = kafka_read_one(&x->c->kafka, json_str_or(input, "topic", ""),
			(int32_t)json_int(input, "partition", 0), json_int(input, "offset", -1),
			show_raw, x, CTL_READ_MS, e);
		if (r && r != -ENOENT) /* past its retention: its decision tells */
			return r;
	}
	if (json_array_size(x->events))
		return 0;
	for (size_t i = 0; i < x->c->conf.channels.n; i++) {
		_cleanup_free_ char *name = xasprintf("raw.%s", x->c->conf.channels.v[i]);

		r = tail_read_topic(x->c, name, -1, find_raw, x, e);
		if (r)
			return r;
	}
	return 0;
}

static int on_number(void *ctx, const struct sight *s)
{
	struct trace *x = ctx;

	if (s->entry && strcmp(json_str_or(s->entry->body, "remote_id", ""), x->ref.remote) == 0)
		put(x->complaints, json_str(s->entry->body, "complaint"));
	return 0;
}

static int collect(struct trace *x, struct err *e)
{
	int r = 0;

	if (*x->ref.remote)
		r = tail_read_all(x->c, "submissions", -1, on_number, x, e);
	if (!r)
		r = tail_read_all(x->c, "complaints", -1, find_related, x, e);
	if (!r)
		r = tail_read_all(x->c, "complaints", -1, show_decision, x, e);
	if (!r)
		r = tail_read_all(x->c, "submissions", -1, show_submission, x, e);
	if (!r)
		r = tail_read_topic(x->c, "emergencies", -1, show_emergency, x, e);
	if (!r)
		r = tail_read_topic(x->c, "commands", -1, show_command, x, e);
	return r ? r : read_raws(x, e);
}

/* --- the answer --- */

struct ordered {
	json_t *event;
	size_t n;
};

static int compare(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;
	int d = strcmp(json_str_or(x->event, "at", ""), json_str_or(y->event, "at", ""));

	return d ? d : (x->n > y->n) - (x->n < y->n);
}

static json_t *in_order(const json_t *events)
{
	size_t n = json_array_size(events);
	_cleanup_free_ struct ordered *all = xcalloc(n + 1, sizeof *all);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		all[i] = (struct ordered){json_array_get(events, i), i};
	qsort(all, n, sizeof *all, compare);
	for (size_t i = 0; i < n; i++)
		json_array_append(list, all[i].event);
	return list;
}

static void print_answers(FILE *out, const json_t *answers)
{
	const json_t *a;
	size_t i;

	json_array_foreach (answers, i, a) {
		_cleanup_free_ char *from = print_clean(json_str_or(a, "from", "?"), false);
		_cleanup_free_ char *text = print_clean(json_str_or(a, "text", ""), false);

		fprintf(out, "%26sanswer %s from %s: %s\n", "", json_str_or(a, "id", "?"), from,
			text);
	}
}

static void print_events(FILE *out, const json_t *events)
{
	const json_t *e;
	size_t i;

	json_array_foreach (events, i, e) {
		const char *ruling = json_str(e, "ruling"), *why = json_str(e, "why");
		bool counts = !ruling || strcmp(ruling, "counts") == 0;

		fprintf(out, "%s  %-8s  %s%s%s%s\n", json_str(e, "at"), json_str(e, "kind"),
			counts ? "" : "[", counts ? "" : ruling, counts ? "" : "] ",
			json_str(e, "text"));
		if (why && *why)
			fprintf(out, "%26swhy: %s\n", "", why);
		print_answers(out, json_object_get(e, "answers"));
		fprintf(out, "%26sat: %s\n", "", json_str(e, "place"));
	}
}

static int run(struct trace *x)
{
	_cleanup_json_ json_t *events = NULL;
	struct err e = {0};

	if (ref_parse(x->c->args[0], &x->ref, &e) || collect(x, &e))
		return ctl_fail(x->c, "%s", e.text);
	if (!json_array_size(x->events))
		return ctl_fail(x->c, "nothing is known of it");
	events = in_order(x->events);
	if (x->c->json)
		print_json(x->c->out, events);
	else
		print_events(x->c->out, events);
	return CTL_OK;
}

int ctl_trace(struct ctl *c)
{
	struct trace x = {.c = c,
		.show = ctl_opt(c, "--show") != NULL,
		.complaints = json_object(),
		.inputs = json_object(),
		.places = json_object(),
		.events = json_array()};
	int r = run(&x);

	ref_free(&x.ref);
	json_decref(x.complaints);
	json_decref(x.inputs);
	json_decref(x.places);
	json_decref(x.events);
	return r;
}
