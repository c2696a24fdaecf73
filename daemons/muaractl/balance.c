/* balance: `muaractl balance`: reads every log once, in the order books.h asks for, and shows the
 * sum. Reads lane logs through core/lane only: void records count nowhere.
 * Known gap: while a lane that lost records is decided anew (`restore --accept`), what had been
 * committed before and is not decided again yet is called lost. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/loop.h"
#include "base/util.h"
#include "core/message.h"

#include "books.h"
#include "commands.h"
#include "emergencies.h"
#include "print.h"
#include "tail.h"

#define ASK_MS 20000

struct reading {
	struct ctl *c;
	struct books *books;
	const char *channel; /* of the raw topic being read */
};

/* The id of a record this build cannot read is taken as it stands: a newer version of the schema
 * holds its partition and is decided after the upgrade. */
static int on_raw(void *ctx, const struct kafka_record *r)
{
	struct reading *x = ctx;
	_cleanup_json_ json_t *m = NULL;
	char hash[SHA256_HEX_SIZE];
	struct books_raw raw = {.topic = r->topic,
		.partition = r->partition,
		.offset = r->offset,
		.tenant = "?",
		.channel = x->channel};

	if (r->value && !message_parse(r->value, r->value_len, &m, NULL)) {
		message_content_hash(m, hash);
		raw.id = json_str(m, "id");
		raw.hash = hash;
		raw.tenant = json_str(m, "tenant");
		raw.channel = json_str(m, "channel");
	}
	books_raw(x->books, &raw);
	return 0;
}

static int read_raws(struct reading *x, int lane, struct err *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < x->c->conf.channels.n; i++) {
		_cleanup_free_ char *name = xasprintf("raw.%s", x->c->conf.channels.v[i]);

		x->channel = x->c->conf.channels.v[i];
		r = tail_read_topic(x->c, name, lane, on_raw, x, e);
	}
	return r;
}

static int committed_of(struct reading *x, struct kafka_consumer *consumer, const char *channel,
	int lane, struct err *e)
{
	_cleanup_free_ char *name = xasprintf("raw.%s", channel);
	char topic[TOPIC_NAME_SIZE], id[256];
	int64_t offset = -1;
	int r;

	muara_topic(&x->c->conf, name, topic);
	r = kafka_committed(consumer, topic, lane, &offset, id, sizeof id, ASK_MS, e);
	if (!r && offset >= 0)
		books_committed(x->books, topic, lane, offset);
	return r;
}

static int ignore(void *ctx, const struct kafka_record *r)
{
	(void)ctx;
	(void)r;
	return 0;
}

/* How far the normalizer says it got: before its log is read, so that its log says more. */
static int read_committed(struct reading *x, int lane, struct err *e)
{
	static const struct kafka_consumer_ops ops = {.record = ignore};
	char group[MUARA_GROUP_SIZE];
	struct kafka_consumer_conf cc = {.common = x->c->kafka,
		.group = muara_group(&x->c->conf, "normalizer", group),
		.ops = &ops};
	struct kafka_consumer *consumer = NULL;
	struct loop *loop = loop_new();
	int r = kafka_consumer_open(loop, &cc, &consumer, e);

	for (int i = 0; !r && i < x->c->conf.lanes; i++)
		for (size_t k = 0; !r && (lane < 0 || lane == i) && k < x->c->conf.channels.n; k++)
			r = committed_of(x, consumer, x->c->conf.channels.v[k], i, e);
	kafka_consumer_close(consumer);
	loop_free(loop);
	return r;
}

static int on_submission(void *ctx, const struct sight *s)
{
	struct reading *x = ctx;

	if (s->entry)
		books_submission(
			x->books, s->record->partition, s->entry->body, s->ruling == LANE_LATE);
	return 0;
}

static int on_decision(void *ctx, const struct sight *s)
{
	struct reading *x = ctx;

	if (s->entry)
		books_decision(x->books, s->entry->body);
	return 0;
}

static int read_all(struct reading *x, int lane, struct err *e)
{
	int r = read_raws(x, lane, e);

	if (!r)
		r = read_committed(x, lane, e);
	if (!r)
		r = tail_read_all(x->c, "submissions", lane, on_submission, x, e);
	if (!r)
		r = tail_read_all(x->c, "complaints", lane, on_decision, x, e);
	return r;
}

/* --- the answer for people --- */

static const struct print_column message_columns[] = {{"tenant", "TENANT", false},
	{"channel", "CHANNEL", false}, {"accepted", "ACCEPTED", true},
	{"complaint", "= COMPLAINT", true}, {"noted", "+ NOTED", true},
	{"archived", "+ ARCHIVED", true}, {"dead", "+ DEAD", true},
	{"under_way", "+ UNDER WAY", true}, {"lost", "+ LOST", true},
	{"repeated", "(REPEATED)", true}, {}};
static const struct print_column ready_columns[] = {{"destination", "DESTINATION", false},
	{"complaints", "COMPLAINTS", true}, {"done", "= DONE", true},
	{"filed_by_hand", "+ BY HAND", true}, {"dropped", "+ DROPPED", true},
	{"parked", "+ PARKED", true}, {"handed", "+ HANDED", true},
	{"rejected", "+ REJECTED", true}, {"refused", "+ REFUSED", true},
	{"in_flight", "+ IN FLIGHT", true}, {"waiting", "+ WAITING", true}, {}};
static const struct print_column fault_columns[] = {
	{"fault", "FAULT", false}, {"id", "ID", false}, {"detail", "DETAIL", false}, {}};
static const struct print_column missing_columns[] = {{"id", "MESSAGE", false},
	{"topic", "TOPIC", false}, {"partition", "PARTITION", true}, {"offset", "OFFSET", true},
	{"state", "STATE", false}, {}};

static void print_counts(FILE *out, const char *title, json_t *counts)
{
	const char *key;
	json_t *v;
	int n = 0;

	if (!json_object_size(counts))
		return;
	fprintf(out, "%s: ", title);
	json_object_foreach (counts, key, v)
		fprintf(out, "%s%s %lld", n++ ? ", " : "", key, (long long)json_integer_value(v));
	fputc('\n', out);
}

static void print_rest(FILE *out, const json_t *sum)
{
	int64_t before = json_int(sum, "decided_before", 0), newer = json_int(sum, "newer", 0);

	if (before)
		fprintf(out,
			"%lld more messages are decided whose raw record is past its retention\n",
			(long long)before);
	if (newer)
		fprintf(out, "%lld more messages came and were decided while this was read\n",
			(long long)newer);
}

static void print_sum(const struct ctl *c, const json_t *sum)
{
	const json_t *faults = json_object_get(sum, "faults");

	print_table(c->out, message_columns, json_object_get(sum, "messages"),
		"no messages were accepted yet");
	print_counts(c->out, "archived", json_object_get(sum, "archived"));
	print_rest(c->out, sum);
	fputc('\n', c->out);
	print_counts(c->out, "complaints", json_object_get(sum, "complaints"));
	print_table(c->out, ready_columns, json_object_get(sum, "ready"), NULL);
	print_counts(c->out, "emergencies", json_object_get(sum, "emergencies"));
	if (json_object_get(sum, "missing")) {
		fputc('\n', c->out);
		print_table(c->out, missing_columns, json_object_get(sum, "missing"),
			"nothing is missing");
	}
	if (json_array_size(faults)) {
		fputc('\n', c->out);
		print_table(c->out, fault_columns, faults, NULL);
	} else {
		fputs("balanced: every accepted message is in exactly one place, or under way\n",
			c->out);
	}
}

/* Those that rang, and what became of them. */
static int add_emergencies(struct ctl *c, int lane, json_t *sum, struct err *e)
{
	_cleanup_json_ json_t *events = NULL;
	int r = emergencies_read(c, lane, &events, e);

	if (!r)
		json_set_new(sum, "emergencies", emergencies_count(events));
	return r;
}

int ctl_balance(struct ctl *c)
{
	struct reading x = {.c = c};
	_cleanup_json_ json_t *sum = NULL;
	struct err e = {0};
	int lane = ctl_lane_opt(c), r;

	if (lane == -EINVAL)
		return CTL_USAGE;
	x.books = books_new();
	r = read_all(&x, lane, &e);
	if (!r)
		sum = books_sum(x.books, ctl_opt(c, "--list-missing") != NULL);
	books_free(x.books);
	if (!r)
		r = add_emergencies(c, lane, sum, &e);
	if (r)
		return ctl_fail(c, "%s", e.text);
	if (c->json)
		print_json(c->out, sum);
	else
		print_sum(c, sum);
	if (json_flag(sum, "balanced"))
		return CTL_OK;
	return ctl_fail(c, "the books do not balance: %zu faults",
		json_array_size(json_object_get(sum, "faults")));
}
