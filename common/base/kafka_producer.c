/* kafka_producer: see kafka.h.
 *
 * Guarantees: acks=all and idempotence always; exactly one report per accepted message, whatever
 * happens to the client; nothing is reported after kafka_producer_close has returned; it may be
 * called from a report or from on_fatal (the client then goes when the callback has returned).
 * Known gap: idempotence ends with the client: what was sent by an abandoned one may land late. The
 * lane's terms take care of that, ingestors' records by their id. */
#include <errno.h>
#include <string.h>

#include "base/kafka_private.h"
#include "base/log.h"

#define FLUSH_MS   2000 /* close: for what is queued */
#define PURGE_MS   500	/* then for librdkafka's word on what was purged */
#define DESTROY_MS 2000
/* Not waiting for the broker threads: one may sit in a name look-up. */
#define PURGE_ALL \
	(RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING)

struct sent { /* librdkafka carries it as the message's opaque */
	struct sent *prev, *next;
	void *opaque;
	bool reported; /* by close; librdkafka's report comes later or never */
};

struct kafka_producer {
	rd_kafka_t *rk;
	struct kafka_wake wake;
	struct kafka_link link;
	struct sent head; /* ring, oldest first */
	long in_flight;
	int serving;
	bool fatal, closed;
	rd_kafka_topic_t *known[KAFKA_KNOWN_MAX];
	kafka_report_fn *report;
	void (*on_fatal)(void *ctx, const char *text);
	void *ctx;
};

static void sent_add(struct kafka_producer *p, struct sent *s)
{
	s->prev = p->head.prev;
	s->next = &p->head;
	s->prev->next = s;
	s->next->prev = s;
}

static void sent_free(struct sent *s)
{
	s->prev->next = s->next;
	s->next->prev = s->prev;
	free(s);
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct kafka_producer *p = opaque;
	struct sent *s = m->_private;
	struct kafka_report r = {.status = kafka_errno(m->err),
		.offset = m->offset >= 0 ? m->offset : -1,
		.possibly = rd_kafka_message_status(m) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED,
		.text = rd_kafka_err2str(m->err)};
	void *own = s->opaque;
	bool told = s->reported;

	(void)rk;
	sent_free(s);
	if (told)
		return;
	p->in_flight--;
	if (!r.status) {
		r.possibly = false;
		kafka_link_up(&p->link);
	}
	p->report(p->ctx, own, &r);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	struct kafka_producer *p = opaque;
	char text[256];

	if (err != RD_KAFKA_RESP_ERR__FATAL) {
		kafka_link_error(&p->link, err, reason);
		return;
	}
	if (p->fatal || p->closed)
		return;
	p->fatal = true;
	rd_kafka_fatal_error(rk, text, sizeof text);
	log_error("kafka %s: fatal producer error: %s", p->link.who, text);
	if (p->on_fatal)
		p->on_fatal(p->ctx, text);
}

static int on_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque)
{
	struct kafka_producer *p = opaque;

	(void)rk;
	(void)len;
	kafka_link_stats(&p->link, json);
	return 0; /* librdkafka frees it */
}

static void producer_end(struct kafka_producer *p);

static void serve(void *ctx)
{
	struct kafka_producer *p = ctx;

	if (p->serving)
		return;
	p->serving++;
	rd_kafka_poll(p->rk, 0);
	p->serving--;
	if (p->closed)
		producer_end(p);
}

static int producer_conf(rd_kafka_conf_t *conf, const struct kafka_producer_conf *c, struct err *e)
{
	static const char *const common[] = {"enable.idempotence", "true", "acks", "all",
		"statistics.interval.ms", "1000", NULL};
	/* A message of a lane never expires inside librdkafka: the lane has its own deadline, and
	 * an expired one would be a gap. */
	static const char *const lane[] = {
		"enable.gapless.guarantee", "true", "message.timeout.ms", "0", NULL};
	int delivery = c->delivery_ms ? c->delivery_ms : 120000;
	int linger = c->linger_ms ? c->linger_ms : 5;
	int r = kafka_conf_pairs(conf, common, e);

	if (!r && c->lane)
		r = kafka_conf_pairs(conf, lane, e);
	if (!r && !c->lane)
		r = kafka_conf_int(conf, "message.timeout.ms", delivery, e);
	/* Messages produced after the brokers came back expire when the next attempt to connect is
	 * later than they live. */
	if (!r && !c->lane)
		r = kafka_conf_int(
			conf, "reconnect.backoff.max.ms", MAX(MIN(3000, delivery / 3), 100), e);
	if (!r)
		r = kafka_conf_int(conf, "linger.ms", c->lane ? MIN(c->linger_ms, 5) : linger, e);
	if (!r)
		r = kafka_conf_int(conf, "queue.buffering.max.messages",
			c->queue_messages ? c->queue_messages : 10000, e);
	if (!r)
		r = kafka_conf_int(conf, "queue.buffering.max.kbytes",
			c->queue_kbytes ? c->queue_kbytes : 65536, e);
	return r;
}

int kafka_producer_open(struct loop *l, const struct kafka_producer_conf *c,
	struct kafka_producer **ret, struct err *e)
{
	rd_kafka_conf_t *conf = kafka_conf_new(&c->common, e);
	struct kafka_producer *p;
	int r;

	if (!conf)
		return -EINVAL;
	r = producer_conf(conf, c, e);
	if (r) {
		rd_kafka_conf_destroy(conf);
		return r;
	}
	p = xcalloc(1, sizeof *p);
	p->report = c->report;
	p->on_fatal = c->on_fatal;
	p->ctx = c->ctx;
	p->head.prev = p->head.next = &p->head;
	snprintf(p->link.who, sizeof p->link.who, "%s%s",
		c->common.client_id ? c->common.client_id : "producer", c->lane ? " (lane)" : "");
	rd_kafka_conf_set_opaque(conf, p);
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_stats_cb(conf, on_stats);
	p->rk = kafka_client_new(RD_KAFKA_PRODUCER, conf, e);
	if (!p->rk) {
		free(p);
		return -EINVAL;
	}
	r = kafka_wake_open(&p->wake, l, rd_kafka_queue_get_main(p->rk), serve, p, e);
	if (r) {
		kafka_destroy(p->rk, false, NULL, DESTROY_MS);
		free(p);
		return r;
	}
	*ret = p;
	return 0;
}

int kafka_producer_know(struct kafka_producer *p, const char *topic, struct err *e)
{
	for (size_t i = 0; i < KAFKA_KNOWN_MAX; i++) {
		if (p->known[i])
			continue;
		p->known[i] = rd_kafka_topic_new(p->rk, topic, NULL);
		return p->known[i] ? 0 : kafka_err_set(e, rd_kafka_last_error(), "topic");
	}
	return err_set(e, -ENOSPC, "topic %s: too many for one producer", topic);
}

int kafka_produce(struct kafka_producer *p, const char *topic, int32_t partition, const void *key,
	size_t key_len, const void *value, size_t value_len, void *opaque, struct err *e)
{
	struct sent *s;
	rd_kafka_resp_err_t err;

	if (p->closed || partition < 0)
		return err_set(e, -EINVAL, "topic %s: %s", topic,
			p->closed ? "producer is closed" : "a partition must be named");
	s = xcalloc(1, sizeof *s);
	s->opaque = opaque;
	sent_add(p, s); /* before: the report may come at once */
	err = rd_kafka_producev(p->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_len),
		RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value_len), RD_KAFKA_V_OPAQUE(s),
		RD_KAFKA_V_END);
	if (err) {
		sent_free(s);
		return err_set(e, kafka_errno(err), "topic %s: %s", topic, rd_kafka_err2str(err));
	}
	p->in_flight++;
	return 0;
}

long kafka_producer_in_flight(const struct kafka_producer *p)
{
	return p->in_flight;
}

bool kafka_producer_up(const struct kafka_producer *p)
{
	return !p->link.down && !p->fatal;
}

long kafka_producer_drain(struct kafka_producer *p, int64_t max_ms)
{
	if (p->serving || p->closed)
		return p->in_flight;
	p->serving++;
	rd_kafka_flush(p->rk, (int)MIN(MAX(max_ms, 0), 600000));
	p->serving--;
	if (!p->closed)
		return p->in_flight;
	producer_end(p); /* a report asked for it */
	return 0;
}

/* Whatever librdkafka has not told about is told now, as "failed, and may have happened". */
static void report_rest(struct kafka_producer *p)
{
	const struct kafka_report r = {.status = -ECANCELED,
		.possibly = true,
		.offset = -1,
		.text = "the producer was closed"};

	for (struct sent *s = p->head.next; s != &p->head; s = s->next) {
		if (s->reported)
			continue;
		s->reported = true;
		p->in_flight--;
		p->report(p->ctx, s->opaque, &r);
	}
}

/* Nobody is told anything from here on. */
static void producer_end(struct kafka_producer *p)
{
	rd_kafka_purge(p->rk, PURGE_ALL);
	kafka_wake_close(&p->wake);
	kafka_link_end(&p->link);
	for (size_t i = 0; i < KAFKA_KNOWN_MAX && p->known[i]; i++)
		rd_kafka_topic_destroy(p->known[i]);
	kafka_destroy(p->rk, false, NULL, DESTROY_MS);
	/* Reports are only called from our own polls, of which there are none any more. */
	while (p->head.next != &p->head)
		sent_free(p->head.next); /* NOLINT(clang-analyzer-unix.Malloc): freeing unlinks */
	free(p);
}

void kafka_producer_close(struct kafka_producer *p, bool abandon)
{
	if (!p || p->closed)
		return;
	if (p->serving) { /* inside a callback: serve() or drain() ends it */
		p->closed = true;
		report_rest(p);
		return;
	}
	p->serving++; /* a report that closes again finds it closed */
	p->closed = true;
	if (!abandon)
		rd_kafka_flush(p->rk, FLUSH_MS);
	rd_kafka_purge(p->rk, PURGE_ALL);
	for (int i = 0; i < PURGE_MS / 20 && p->in_flight; i++)
		rd_kafka_poll(p->rk, 20);
	report_rest(p);
	producer_end(p);
}
