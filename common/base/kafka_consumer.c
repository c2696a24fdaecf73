/* kafka_consumer: see kafka.h. Records delivered, librdkafka's callbacks, opening and closing.
 *
 * Guarantees: records of a partition come in order, each once per assignment; a record answered
 * with -EAGAIN is kept (not fetched again) and comes first after the resume. One turn handles at
 * most TURN_RECORDS or TURN_MS, so the loop stays fair.
 * Only rd_kafka_consumer_poll is used: the batch calls of 2.0.x may skip offsets beside pause and
 * rebalance (librdkafka CHANGELOG, 2.1.0). Known gap: kafka_parts.c. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/kafka_parts.h"
#include "base/log.h"

#define TURN_RECORDS 500
#define TURN_MS	     20
#define CLOSE_MS     4500

/* --- delivery --- */

/* True when the record was taken; false: hold it. */
static bool give(struct kafka_consumer *c, struct kafka_part *p, const rd_kafka_message_t *m)
{
	struct kafka_record r = kafka_record_of(m);
	int code;

	r.topic = p->topic; /* outlives the message */
	code = c->ops.record(c->ctx, &r);
	if (code && code != -EAGAIN) /* never skip what the caller could not take */
		log_error("kafka %s: %s/%d offset %lld was not taken (%d); held", c->link.who,
			p->topic, (int)p->number, (long long)m->offset, code);
	return code == 0;
}

static void deliver(struct kafka_consumer *c, rd_kafka_message_t *m)
{
	struct kafka_part *p = kafka_part_find(c, rd_kafka_topic_name(m->rkt), m->partition);
	bool taken;

	if (!p || p->moved || (p->next >= 0 && m->offset < p->next)) {
		rd_kafka_message_destroy(m);
		return;
	}
	if (p->paused) { /* must not happen; then it has to be fetched again */
		rd_kafka_message_destroy(m);
		p->moved = true;
		kafka_parts_changed(c);
		return;
	}
	p->next = m->offset + 1;
	taken = give(c, p, m);
	if (taken || p->dead || p->moved || c->closed) {
		rd_kafka_message_destroy(m);
		return;
	}
	p->held = m;
	p->next = m->offset; /* what a new assignment starts from */
	if (!p->paused)
		kafka_part_pause(c, p, true);
	p->paused = true;
}

/* Records that were held and whose partition was resumed. */
static void deliver_held(struct kafka_consumer *c)
{
	for (struct kafka_part *p = c->parts; p && !c->closed; p = p->next_part) {
		rd_kafka_message_t *m = p->held;

		if (!m || p->paused || p->dead || p->moved)
			continue;
		p->held = NULL;
		p->next = m->offset + 1;
		if (give(c, p, m)) {
			rd_kafka_message_destroy(m);
			if (!p->paused && !p->moved && !c->closed)
				kafka_part_pause(c, p, false);
		} else if (p->moved) {
			rd_kafka_message_destroy(m);
		} else {
			p->held = m;
			p->next = m->offset;
			p->paused = true; /* librdkafka still has it paused */
		}
	}
}

/* Told once, by whichever way it comes first: librdkafka puts it into the record queue of a group
 * member, too, and there it may be all that ever comes. */
static void fatal(struct kafka_consumer *c)
{
	char text[256] = "";

	if (c->fatal)
		return;
	c->fatal = true;
	rd_kafka_fatal_error(c->rk, text, sizeof text);
	log_error("kafka %s: fatal consumer error: %s", c->link.who, text);
	if (c->ops.fatal)
		c->ops.fatal(c->ctx, text);
}

/* The log's old records went by its retention, and 0 with them: not what anybody asked for. */
static bool begins_later(struct kafka_consumer *c, struct kafka_part *p, int code)
{
	if (code != -ERANGE || p->next != KAFKA_BEGIN || p->ask_begin)
		return false;
	p->ask_begin = p->moved = true;
	kafka_parts_changed(c);
	return true;
}

static void trouble(struct kafka_consumer *c, const rd_kafka_message_t *m)
{
	const char *topic = m->rkt ? rd_kafka_topic_name(m->rkt) : NULL;
	struct kafka_part *p = topic ? kafka_part_find(c, topic, m->partition) : NULL;

	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		if (p && !p->paused && !p->moved && c->ops.eof)
			c->ops.eof(c->ctx, p->topic, p->number, m->offset);
		return;
	}
	if (p && !p->moved && begins_later(c, p, kafka_errno(m->err)))
		return;
	if (p && !p->moved && c->ops.partition_error) {
		c->ops.partition_error(
			c->ctx, p->topic, p->number, kafka_errno(m->err), rd_kafka_err2str(m->err));
		return;
	}
	if (m->err == RD_KAFKA_RESP_ERR__FATAL) {
		fatal(c);
		return;
	}
	if (topic && !strcmp(topic, c->group_topic) && kafka_errno(m->err) == -ENOENT) {
		kafka_link_topic(&c->link, topic);
		return;
	}
	log_warn("kafka %s: %s%s%s", c->link.who, topic ? topic : "", topic ? ": " : "",
		rd_kafka_err2str(m->err));
}

static void consumer_end(struct kafka_consumer *c);

static void serve(void *ctx)
{
	struct kafka_consumer *c = ctx;
	int64_t end = clock_mono_ms() + TURN_MS;
	rd_kafka_message_t *m = NULL;
	int n = 0;

	if (c->serving)
		return;
	c->serving++;
	deliver_held(c);
	for (; n < TURN_RECORDS && !c->closed; n++) {
		if (c->changed && kafka_parts_apply(c))
			break; /* again at the next tick */
		m = rd_kafka_consumer_poll(c->rk, 0);
		if (!m)
			break;
		if (m->err) {
			trouble(c, m);
			rd_kafka_message_destroy(m);
		} else {
			deliver(c, m);
		}
		if (n % 16 == 15 && clock_mono_ms() >= end)
			break;
	}
	c->serving--;
	if (c->closed) {
		consumer_end(c);
		return;
	}
	kafka_parts_sweep(c, false);
	if (m || c->changed)
		kafka_wake_soon(&c->wake);
	if (n)
		kafka_link_up(&c->link);
}

/* --- callbacks of librdkafka, all inside rd_kafka_consumer_poll --- */

static void lanes_given(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *l)
{
	for (int i = 0; i < l->cnt && !c->closed; i++) {
		if (c->ops.assigned)
			c->ops.assigned(c->ctx, l->elems[i].partition);
	}
	if (c->closed)
		rd_kafka_assign(c->rk, NULL);
	else
		kafka_parts_apply(c);
}

static void lanes_taken(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *l)
{
	bool lost = rd_kafka_assignment_lost(c->rk);

	for (struct kafka_part *p = c->parts; p; p = p->next_part) {
		for (int i = 0; i < l->cnt; i++)
			p->dead |= p->number == l->elems[i].partition;
	}
	for (int i = 0; i < l->cnt && !c->closed; i++) {
		if (c->ops.revoked)
			c->ops.revoked(c->ctx, l->elems[i].partition, lost);
	}
	rd_kafka_assign(c->rk, NULL);
	c->changed = false;
	for (struct kafka_part *p = c->parts; p; p = p->next_part)
		c->changed |= !p->dead; /* read on where no lane was taken */
}

static void on_rebalance(
	rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *l, void *opaque)
{
	struct kafka_shell *shell = opaque;
	struct kafka_consumer *c = __atomic_load_n(&shell->c, __ATOMIC_ACQUIRE);

	if (!c || c->closed) {
		rd_kafka_assign(rk, NULL);
		return;
	}
	c->rebalancing = true;
	if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) { /* of none, too: a standby */
		kafka_link_topic(&c->link, NULL);
		lanes_given(c, l);
	} else {
		if (err != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
			log_warn("kafka %s: rebalance: %s", c->link.who, rd_kafka_err2str(err));
		lanes_taken(c, l);
	}
	c->rebalancing = false;
}

static struct kafka_consumer *of_shell(void *opaque)
{
	return __atomic_load_n(&((struct kafka_shell *)opaque)->c, __ATOMIC_ACQUIRE);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	struct kafka_consumer *c = of_shell(opaque);

	(void)rk;
	if (!c || c->closed)
		return;
	if (err == RD_KAFKA_RESP_ERR__FATAL)
		fatal(c);
	else
		kafka_link_error(&c->link, err, reason);
}

static int on_stats(rd_kafka_t *rk, char *json, size_t len, void *opaque)
{
	struct kafka_consumer *c = of_shell(opaque);

	(void)rk;
	(void)len;
	if (c)
		kafka_link_stats(&c->link, json);
	return 0;
}

static void on_commit(
	rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *l, void *opaque)
{
	struct kafka_consumer *c = of_shell(opaque);

	(void)rk;
	for (int i = 0; !err && l && i < l->cnt; i++)
		err = l->elems[i].err;
	if (c && err && err != RD_KAFKA_RESP_ERR__NO_OFFSET)
		log_warn("kafka %s: commit failed: %s", c->link.who, rd_kafka_err2str(err));
}

/* --- life --- */

static int consumer_conf(rd_kafka_conf_t *conf, const struct kafka_consumer_conf *c, struct err *e)
{
	static const char *const always[] = {"enable.auto.commit", "false",
		"enable.auto.offset.store", "false", "auto.offset.reset", "error",
		"enable.partition.eof", "true", "isolation.level", "read_committed",
		"partition.assignment.strategy", "range", "allow.auto.create.topics", "false",
		"statistics.interval.ms", "2000",
		/* What is fetched ahead of us is memory, too: a log read from its start fills it.
		 */
		"queued.max.messages.kbytes", "16384", NULL};
	/* rd_kafka_assign and consumer_poll want a group even when it is never joined. */
	const char *const group[] = {"group.id", c->group ? c->group : "muara-none", NULL};
	const char *const instance[] = {"group.instance.id", c->instance, NULL};
	int session = c->session_ms ? c->session_ms : 45000;
	int r = kafka_conf_pairs(conf, always, e);

	/* How long a fetch waits for something to come: so late comes the end of a log, a
	 * partition that was added, and whatever else is asked on the same connection. */
	if (!r)
		r = kafka_conf_int(
			conf, "fetch.wait.max.ms", c->fetch_wait_ms ? c->fetch_wait_ms : 100, e);

	if (!r)
		r = kafka_conf_pairs(conf, group, e);
	if (!r && c->instance)
		r = kafka_conf_pairs(conf, instance, e);
	if (!r)
		r = kafka_conf_int(conf, "session.timeout.ms", session, e);
	if (!r)
		r = kafka_conf_int(conf, "heartbeat.interval.ms", MIN(3000, session / 3), e);
	if (!r)
		r = kafka_conf_int(conf, "max.poll.interval.ms",
			MAX(c->max_poll_ms ? c->max_poll_ms : 300000, session), e);
	return r;
}

static int consumer_join(struct kafka_consumer *c, const char *topic, struct err *e)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t err;

	rd_kafka_topic_partition_list_add(l, topic, RD_KAFKA_PARTITION_UA);
	err = rd_kafka_subscribe(c->rk, l);
	return err ? kafka_err_set(e, err, "subscribing") : 0;
}

static struct kafka_consumer *consumer_new(
	rd_kafka_conf_t *conf, const struct kafka_consumer_conf *cc, struct err *e)
{
	struct kafka_consumer *c = xcalloc(1, sizeof *c);

	c->ops = *cc->ops;
	c->ctx = cc->ctx;
	c->shell = xcalloc(1, sizeof *c->shell);
	c->shell->c = c;
	snprintf(c->group_topic, sizeof c->group_topic, "%s",
		cc->group_topic ? cc->group_topic : "");
	snprintf(c->link.who, sizeof c->link.who, "%s (%s)",
		cc->common.client_id ? cc->common.client_id : "consumer",
		cc->group_topic ? cc->group_topic : "reader");
	rd_kafka_conf_set_opaque(conf, c->shell);
	rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_stats_cb(conf, on_stats);
	rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
	c->rk = kafka_client_new(RD_KAFKA_CONSUMER, conf, e);
	if (c->rk)
		return c;
	free(c->shell);
	free(c);
	return NULL;
}

int kafka_consumer_open(struct loop *l, const struct kafka_consumer_conf *cc,
	struct kafka_consumer **ret, struct err *e)
{
	rd_kafka_conf_t *conf = kafka_conf_new(&cc->common, e);
	struct kafka_consumer *c;
	int r;

	if (!conf)
		return -EINVAL;
	r = cc->group_topic && !cc->group
		    ? err_set(e, -EINVAL, "Kafka consumer: a group topic needs a group")
		    : consumer_conf(conf, cc, e);
	if (r) {
		rd_kafka_conf_destroy(conf);
		return r;
	}
	c = consumer_new(conf, cc, e);
	if (!c)
		return -EINVAL;
	rd_kafka_poll_set_consumer(c->rk); /* errors and statistics come by the same queue */
	r = kafka_wake_open(&c->wake, l, rd_kafka_queue_get_consumer(c->rk), serve, c, e);
	if (!r && cc->group_topic)
		r = consumer_join(c, cc->group_topic, e);
	if (r) {
		kafka_consumer_close(c);
		return r;
	}
	*ret = c;
	return 0;
}

static void consumer_end(struct kafka_consumer *c)
{
	kafka_wake_close(&c->wake);
	kafka_parts_sweep(c, true);
	kafka_link_end(&c->link);
	kafka_destroy(c->rk, true, c->shell, CLOSE_MS);
	free(c);
}

void kafka_consumer_close(struct kafka_consumer *c)
{
	if (!c || c->closed)
		return;
	c->closed = true;
	__atomic_store_n(&c->shell->c, NULL, __ATOMIC_RELEASE);
	if (!c->serving) /* else serve() ends it */
		consumer_end(c);
}
