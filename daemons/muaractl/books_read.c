/* books_read: see books_read.h. Lane logs are read through core/lane only: void records count
 * nowhere. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/util.h"
#include "core/message.h"

#include "books_read.h"
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
		if (time_parse(json_str_or(m, "received_at", ""), &raw.received_ms))
			raw.received_ms = 0;
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

int books_read(struct ctl *c, int lane, struct books *books, struct err *e)
{
	struct reading x = {.c = c, .books = books};
	int r = read_raws(&x, lane, e);

	if (!r)
		r = read_committed(&x, lane, e);
	if (!r)
		r = tail_read_all(c, "submissions", lane, on_submission, &x, e);
	if (!r)
		r = tail_read_all(c, "complaints", lane, on_decision, &x, e);
	return r;
}
