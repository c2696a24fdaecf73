/* emitter: see emitter.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/json.h"
#include "base/kafka.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/emitter.h"

#define CURSOR_NAME_MAX 128

struct emitter {
	struct emitter_conf c;
	struct kafka_producer *producer;
	char raw[TOPIC_NAME_SIZE], cursors[TOPIC_NAME_SIZE];
	struct metric *accepted, *failed, *refused, *in_flight;
};

/* What travels through librdkafka as the opaque of one record. */
struct parcel {
	source_report_fn *report;
	void *ctx;
	uint64_t number;
	bool cursor;
	enum message_class class;
	char id[UUID_TEXT_SIZE], topic[TOPIC_NAME_SIZE];
};

static const char *const class_labels[] = {"human", "auto", "bounce", "spam", "ghost", "prank",
	"dropped", "test", "information", "emergency", "unknown", "undecodable", "stale", "echo",
	"system", NULL};

static void note_outcome(struct emitter *em, const struct parcel *p, const struct kafka_report *r)
{
	char offset[24];

	if (r->status) {
		metric_add(em->failed, NULL, 1);
		log_outcome(p->id, "not-accepted",
			(const char *const[]){"topic", p->topic, "reason", r->text ? r->text : "-",
				"possibly", r->possibly ? "yes" : "no", NULL});
		return;
	}
	metric_add(em->accepted, message_class_name(p->class), 1);
	snprintf(offset, sizeof(offset), "%" PRId64, r->offset);
	log_outcome(p->id, "accepted",
		(const char *const[]){"class", message_class_name(p->class), "topic", p->topic,
			"offset", offset, NULL});
}

static void on_report(void *ctx, void *opaque, const struct kafka_report *r)
{
	struct emitter *em = ctx;
	_cleanup_free_ struct parcel *p = opaque;
	long others = kafka_producer_in_flight(em->producer);

	metric_set(em->in_flight, NULL, (double)others);
	daemon_progress();
	if (p->cursor) {
		if (r->status)
			log_warn("a cursor was not written (%s); the next one will tell more",
				r->text ? r->text : "no reason given");
		else
			CRASH_POINT("after-cursor", others);
	} else {
		note_outcome(em, p, r);
		if (r->status == 0)
			CRASH_POINT("after-report", others);
	}
	if (p->report)
		p->report(p->ctx, p->number, r->status == 0, r->status ? -1 : r->offset);
	if (em->c.reported)
		em->c.reported(em->c.ctx);
}

static void on_fatal(void *ctx, const char *text)
{
	(void)ctx;
	daemon_fail("the Kafka producer can only be made anew: %s", text);
}

static void register_metrics(struct emitter *em)
{
	em->accepted = metric_counter("muara_ingest_accepted_total",
		"Messages persisted in the raw topic", "class", class_labels);
	em->failed = metric_counter(
		"muara_ingest_failed_total", "Messages whose delivery report failed", NULL, NULL);
	em->refused = metric_counter("muara_ingest_rebuilt_total",
		"Messages that could not be built as they were and became undecodable", NULL, NULL);
	em->in_flight = metric_gauge("muara_ingest_in_flight",
		"Messages handed to Kafka without a report yet", NULL, NULL);
}

int emitter_open(const struct emitter_conf *c, struct emitter **ret, struct err *e)
{
	_cleanup_free_ const char **extra = muara_kafka_extra(c->shared);
	struct emitter *em = xcalloc(1, sizeof(*em));
	struct kafka_producer_conf pc = {
		.common = {.brokers = c->shared->brokers, .client_id = c->daemon, .extra = extra},
		.report = on_report,
		.on_fatal = on_fatal,
		.ctx = em,
	};
	char name[64];
	int r;

	em->c = *c;
	snprintf(name, sizeof(name), "raw.%s", c->channel);
	muara_topic(c->shared, name, em->raw);
	muara_topic(c->shared, "cursors", em->cursors);
	register_metrics(em);
	r = kafka_producer_open(c->loop, &pc, &em->producer, e);
	if (r == 0)
		r = kafka_producer_know(em->producer, em->raw, e);
	if (r) {
		kafka_producer_close(em->producer, true);
		free(em);
		return r;
	}
	*ret = em;
	return 0;
}

void emitter_close(struct emitter *em)
{
	if (!em)
		return;
	em->c.reported = NULL;
	kafka_producer_close(em->producer, true);
	free(em);
}

/* The bytes that cannot be told as a message are told as undecodable ones; nothing is lost. */
static int build_undecodable(const struct message *m, const char *reason, char **ret,
	size_t *ret_len, char id[UUID_TEXT_SIZE], struct err *e)
{
	struct message u = {.tenant = m->tenant,
		.channel = m->channel,
		.account = m->account,
		.kind = m->kind,
		.class = MC_UNDECODABLE,
		.received_ms = m->received_ms,
		.source = m->source,
		.original = m->original};
	char hash[SHA256_HEX_SIZE];
	_cleanup_free_ char *native = NULL;

	sha256_hex(m->original.data, m->original.len, hash);
	native = xasprintf("undecodable:%s", hash);
	u.native_id = native;
	u.error.place = m->source.place && *m->source.place ? m->source.place : "message";
	u.error.reason = reason;
	return message_build_text(&u, ret, ret_len, id, e);
}

static int build(
	struct emitter *em, struct message *m, char **ret, size_t *ret_len, char *id, struct err *e)
{
	struct err why = {0};
	char blob[SHA256_HEX_SIZE];
	int r;

	if (m->original.len > MESSAGE_INLINE_MAX && !m->original.blob) {
		r = blob_put(em->c.blobs, m->original.data, m->original.len, blob, e);
		if (r)
			return err_prefix(e, "original of a message");
		m->original.blob = blob;
		m->original.offset = 0;
	}
	r = message_build_text(m, ret, ret_len, id, &why);
	if (r) {
		metric_add(em->refused, NULL, 1);
		r = build_undecodable(m, why.text, ret, ret_len, id, e);
		m->class = MC_UNDECODABLE;
	}
	m->original.blob = m->original.blob == blob ? NULL : m->original.blob;
	return r;
}

/* Where a message goes: a source that takes in for several (the door) names another channel or
 * tenant than its own. Gives the lane. */
static int32_t address(
	const struct emitter *em, const struct message *m, char topic[TOPIC_NAME_SIZE])
{
	const struct muara_tenant *t = muara_tenant(em->c.shared, m->tenant);
	char name[64];

	if (strcmp(m->channel, em->c.channel) == 0) {
		memcpy(topic, em->raw, TOPIC_NAME_SIZE);
	} else {
		snprintf(name, sizeof(name), "raw.%s", m->channel);
		muara_topic(em->c.shared, name, topic);
	}
	return t ? (int32_t)t->lane : em->c.lane;
}

int emitter_put(struct emitter *em, const struct message *given, source_report_fn *report,
	void *ctx, uint64_t number, char ret_id[UUID_TEXT_SIZE], struct err *e)
{
	struct message m = *given;
	_cleanup_free_ char *text = NULL;
	struct parcel *p;
	size_t len = 0;
	int32_t lane;
	int r;

	p = xcalloc(1, sizeof(*p));
	*p = (struct parcel){.report = report, .ctx = ctx, .number = number};
	lane = address(em, &m, p->topic);
	r = build(em, &m, &text, &len, p->id, e);
	p->class = m.class;
	if (r == 0)
		r = kafka_produce(
			em->producer, p->topic, lane, p->id, strlen(p->id), text, len, p, e);
	if (r) {
		free(p);
		return r;
	}
	if (ret_id)
		memcpy(ret_id, p->id, UUID_TEXT_SIZE);
	metric_set(em->in_flight, NULL, (double)kafka_producer_in_flight(em->producer));
	CRASH_POINT("after-produce", kafka_producer_in_flight(em->producer));
	return 0;
}

int emitter_cursor(struct emitter *em, const char *name, const json_t *value, int64_t raw_offset,
	source_report_fn *written, void *ctx, struct err *e)
{
	_cleanup_json_ json_t *record = json_object();
	_cleanup_free_ char *key = NULL, *text = NULL;
	char at[TIME_TEXT_SIZE];
	struct parcel *p;
	size_t len;
	json_t *raw = json_object();
	int r;

	json_set_str(record, "schema", "muara.cursor/1");
	json_set_new(record, "value", json_deep_copy(value));
	json_set_str(raw, "topic", em->raw);
	json_set_int(raw, "partition", em->c.lane);
	json_set_int(raw, "offset", raw_offset);
	json_set_new(record, "raw", raw);
	time_format(clock_wall_ms(), at);
	json_set_str(record, "at", at);
	text = json_text(record, &len);
	key = xasprintf("%s/%s/%.*s", em->c.daemon, em->c.instance, CURSOR_NAME_MAX, name);
	p = xcalloc(1, sizeof(*p));
	*p = (struct parcel){.report = written, .ctx = ctx, .cursor = true};
	r = kafka_produce(em->producer, em->cursors, em->c.lane, key, strlen(key), text, len, p, e);
	if (r)
		free(p);
	return r;
}

const char *emitter_raw_topic(const struct emitter *em)
{
	return em->raw;
}

const char *emitter_cursors_topic(const struct emitter *em)
{
	return em->cursors;
}

long emitter_in_flight(const struct emitter *em)
{
	return kafka_producer_in_flight(em->producer);
}

bool emitter_up(const struct emitter *em)
{
	return kafka_producer_up(em->producer);
}
