/* kafka_consumer: see kafka.h.
 *
 * Guarantees: records of a partition come in order, each once per assignment; a record answered
 * with -EAGAIN is kept (not fetched again) and comes first after the resume; between pause and
 * resume nothing of that partition leaks, what librdkafka had prefetched is fetched again. A
 * position is our own (`next`), never librdkafka's stored offset.
 * One turn handles at most TURN_RECORDS or TURN_MS, so the loop stays fair.
 * Only rd_kafka_consumer_poll is used: the batch calls of 2.0.x may skip offsets beside pause and
 * rebalance (librdkafka CHANGELOG, 2.1.0).
 * Known gap: each change of the assignment restarts the fetching of all partitions (the eager
 * protocol has no other call); fine at start and at a change of lanes. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/kafka_private.h"
#include "base/log.h"

#define TURN_RECORDS 500
#define TURN_MS	     20
#define CLOSE_MS     4500

struct part {
	struct part *next_part;
	rd_kafka_topic_t *handle; /* what is made here is asked for at once, not within a second */
	rd_kafka_message_t *held; /* the record that was answered with -EAGAIN */
	int64_t next;		  /* next offset to deliver, or KAFKA_BEGIN/_END until the first */
	int32_t number;
	bool paused; /* by -EAGAIN or by the caller */
	bool moved;  /* what still comes belongs to another position */
	bool dead;
	bool ask_begin; /* KAFKA_BEGIN is not 0 here: have librdkafka ask for it */
	char topic[];
};

/* librdkafka's opaque. It outlives the consumer when a close hangs in its thread. */
struct shell {
	struct kafka_consumer *c; /* NULL = closed: nothing is called back */
};

struct kafka_consumer {
	rd_kafka_t *rk;
	struct shell *shell;
	struct kafka_wake wake;
	struct kafka_link link;
	struct kafka_consumer_ops ops;
	void *ctx;
	struct part *parts, *last; /* last: of the record before */
	int serving;
	bool changed; /* parts differ from what librdkafka was told */
	bool rebalancing, closed, fatal, group;
	char group_topic[250]; /* "": no group */
};

/* --- table of partitions --- */

static struct part *part_find(struct kafka_consumer *c, const char *topic, int32_t number)
{
	struct part *p = c->last;

	if (p && !p->dead && p->number == number && !strcmp(p->topic, topic))
		return p;
	for (p = c->parts; p; p = p->next_part) {
		if (!p->dead && p->number == number && !strcmp(p->topic, topic))
			return c->last = p;
	}
	return NULL;
}

static void part_drop_held(struct part *p)
{
	if (p->held)
		rd_kafka_message_destroy(TAKE_PTR(p->held));
}

static void parts_sweep(struct kafka_consumer *c, bool all)
{
	for (struct part **at = &c->parts, *p; (p = *at);) {
		if (all || p->dead) {
			*at = p->next_part;
			part_drop_held(p);
			if (p->handle)
				rd_kafka_topic_destroy(p->handle);
			free(p);
		} else {
			at = &p->next_part;
		}
	}
	c->last = NULL;
}

/* The beginning is 0 until the broker says otherwise (begins_later): librdkafka asks for a logical
 * offset once it knows the leader, and looks whether it does every 500 ms only. */
static int64_t rk_offset(const struct part *p)
{
	if (p->next == KAFKA_BEGIN)
		return p->ask_begin ? RD_KAFKA_OFFSET_BEGINNING : 0;
	return p->next == KAFKA_END ? RD_KAFKA_OFFSET_END : p->next;
}

static void rk_pause(struct kafka_consumer *c, const struct part *p, bool pause)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(l, p->topic, p->number);
	if (pause)
		rd_kafka_pause_partitions(c->rk, l);
	else
		rd_kafka_resume_partitions(c->rk, l);
}

static int apply_assignment(struct kafka_consumer *c)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(4);
	rd_kafka_resp_err_t err;

	c->changed = false;
	for (struct part *p = c->parts; p; p = p->next_part) {
		if (!p->dead)
			rd_kafka_topic_partition_list_add(l, p->topic, p->number)->offset =
				rk_offset(p);
	}
	err = rd_kafka_assign(c->rk, l);
	if (err) {
		log_warn("kafka %s: assignment refused: %s", c->link.who, rd_kafka_err2str(err));
		return kafka_errno(err);
	}
	for (struct part *p = c->parts; p; p = p->next_part) {
		p->moved = false;
		if (p->paused && !p->dead)
			rk_pause(c, p, true);
	}
	return 0;
}

static void assignment_changed(struct kafka_consumer *c)
{
	c->changed = true;
	if (!c->rebalancing)
		kafka_wake_soon(&c->wake);
}

int kafka_consumer_assign_add(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t offset, struct err *e)
{
	struct part *p;

	if (partition < 0 || offset < KAFKA_BEGIN)
		return err_set(e, -EINVAL, "topic %s: no such partition or offset", topic);
	p = part_find(c, topic, partition);
	if (!p) {
		p = xcalloc(1, sizeof *p + strlen(topic) + 1);
		memcpy(p->topic, topic, strlen(topic) + 1);
		p->number = partition;
		p->handle = rd_kafka_topic_new(c->rk, topic, NULL);
		p->next_part = c->parts;
		c->parts = p;
	}
	part_drop_held(p);
	if (p->paused)
		rk_pause(c, p, false);
	p->paused = p->ask_begin = false;
	p->moved = true;
	p->next = offset;
	assignment_changed(c);
	return 0;
}

int kafka_consumer_assign_del(
	struct kafka_consumer *c, const char *topic, int32_t partition, struct err *e)
{
	struct part *p = part_find(c, topic, partition);

	if (!p)
		return err_set(
			e, -ENOENT, "topic %s partition %d is not assigned", topic, (int)partition);
	p->dead = true;
	assignment_changed(c);
	return 0;
}

void kafka_consumer_pause(struct kafka_consumer *c, const char *topic, int32_t partition)
{
	struct part *p = part_find(c, topic, partition);

	if (!p || p->paused)
		return;
	p->paused = true;
	rk_pause(c, p, true);
}

void kafka_consumer_resume(struct kafka_consumer *c, const char *topic, int32_t partition)
{
	struct part *p = part_find(c, topic, partition);

	if (!p || !p->paused)
		return;
	p->paused = false;
	if (!p->held)
		rk_pause(c, p, false); /* else when the record that was held has been taken */
	kafka_wake_soon(&c->wake);
}

/* --- delivery --- */

/* True when the record was taken; false: hold it. */
static bool give(struct kafka_consumer *c, struct part *p, const rd_kafka_message_t *m)
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
	struct part *p = part_find(c, rd_kafka_topic_name(m->rkt), m->partition);
	bool taken;

	if (!p || p->moved || (p->next >= 0 && m->offset < p->next)) {
		rd_kafka_message_destroy(m);
		return;
	}
	if (p->paused) { /* must not happen; then it has to be fetched again */
		rd_kafka_message_destroy(m);
		p->moved = true;
		assignment_changed(c);
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
		rk_pause(c, p, true);
	p->paused = true;
}

/* Records that were held and whose partition was resumed. */
static void deliver_held(struct kafka_consumer *c)
{
	for (struct part *p = c->parts; p && !c->closed; p = p->next_part) {
		rd_kafka_message_t *m = p->held;

		if (!m || p->paused || p->dead || p->moved)
			continue;
		p->held = NULL;
		p->next = m->offset + 1;
		if (give(c, p, m)) {
			rd_kafka_message_destroy(m);
			if (!p->paused && !p->moved && !c->closed)
				rk_pause(c, p, false);
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
static bool begins_later(struct kafka_consumer *c, struct part *p, int code)
{
	if (code != -ERANGE || p->next != KAFKA_BEGIN || p->ask_begin)
		return false;
	p->ask_begin = p->moved = true;
	assignment_changed(c);
	return true;
}

static void trouble(struct kafka_consumer *c, const rd_kafka_message_t *m)
{
	const char *topic = m->rkt ? rd_kafka_topic_name(m->rkt) : NULL;
	struct part *p = topic ? part_find(c, topic, m->partition) : NULL;

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
		if (c->changed && apply_assignment(c))
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
	parts_sweep(c, false);
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
		apply_assignment(c);
}

static void lanes_taken(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *l)
{
	bool lost = rd_kafka_assignment_lost(c->rk);

	for (struct part *p = c->parts; p; p = p->next_part) {
		for (int i = 0; i < l->cnt; i++)
			p->dead |= p->number == l->elems[i].partition;
	}
	for (int i = 0; i < l->cnt && !c->closed; i++) {
		if (c->ops.revoked)
			c->ops.revoked(c->ctx, l->elems[i].partition, lost);
	}
	rd_kafka_assign(c->rk, NULL);
	c->changed = false;
	for (struct part *p = c->parts; p; p = p->next_part)
		c->changed |= !p->dead; /* read on where no lane was taken */
}

static void on_rebalance(
	rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *l, void *opaque)
{
	struct shell *shell = opaque;
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
	return __atomic_load_n(&((struct shell *)opaque)->c, __ATOMIC_ACQUIRE);
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
	parts_sweep(c, true);
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

/* --- offsets --- */

int kafka_committed(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t *ret_offset, char *ret_metadata, size_t metadata_size, int timeout_ms,
	struct err *e)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *t = rd_kafka_topic_partition_list_add(l, topic, partition);
	rd_kafka_resp_err_t err = rd_kafka_committed(c->rk, l, timeout_ms);

	if (!err)
		err = t->err;
	if (err)
		return kafka_err_set(e, err, "reading the committed offset");
	*ret_offset = t->offset >= 0 ? t->offset : -1;
	if (ret_metadata && metadata_size)
		snprintf(ret_metadata, metadata_size, "%.*s", (int)t->metadata_size,
			t->metadata ? (const char *)t->metadata : "");
	return 0;
}

void kafka_commit(struct kafka_consumer *c, const char *topic, int32_t partition, int64_t offset,
	const char *metadata)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *t = rd_kafka_topic_partition_list_add(l, topic, partition);
	rd_kafka_resp_err_t err;

	t->offset = offset;
	if (metadata) { /* freed with the list */
		t->metadata = xstrdup(metadata);
		t->metadata_size = strlen(metadata);
	}
	err = rd_kafka_commit(c->rk, l, 1);
	if (err)
		log_warn("kafka %s: commit failed: %s", c->link.who, rd_kafka_err2str(err));
}

static bool seems_absent(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
	       err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	       err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

/* A broker that comes up may answer before it knows its topics, and the client remembers that for
 * minutes: only being asked for this very topic makes it look again. */
static void look_again(rd_kafka_t *rk, const char *topic, int timeout_ms)
{
	rd_kafka_topic_t *t = rd_kafka_topic_new(rk, topic, NULL);
	const struct rd_kafka_metadata *m;

	if (!t)
		return;
	if (!rd_kafka_metadata(rk, 0, t, &m, timeout_ms))
		rd_kafka_metadata_destroy(m);
	rd_kafka_topic_destroy(t);
}

int kafka_watermarks(struct kafka_consumer *c, const char *topic, int32_t partition,
	int64_t *ret_low, int64_t *ret_high, int timeout_ms, struct err *e)
{
	int64_t low, high;
	rd_kafka_resp_err_t err =
		rd_kafka_query_watermark_offsets(c->rk, topic, partition, &low, &high, timeout_ms);

	if (seems_absent(err)) {
		look_again(c->rk, topic, timeout_ms);
		err = rd_kafka_query_watermark_offsets(
			c->rk, topic, partition, &low, &high, timeout_ms);
	}
	if (err)
		return kafka_err_set(e, err, "asking for a log's ends");
	*ret_low = low;
	*ret_high = high;
	return 0;
}

/* By one request where one broker leads them all. */
static bool ends_at_once(struct kafka_consumer *c, const char *const *topics, int n,
	int32_t partition, int64_t *ret, int timeout_ms)
{
	_cleanup_parts_ rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(n);

	for (int i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(l, topics[i], partition)->offset =
			RD_KAFKA_OFFSET_END; /* the "time" that means so */
	if (rd_kafka_offsets_for_times(c->rk, l, timeout_ms))
		return false;
	for (int i = 0; i < n; i++) {
		const rd_kafka_topic_partition_t *t =
			rd_kafka_topic_partition_list_find(l, topics[i], partition);

		if (!t || t->err || t->offset < 0)
			return false;
		ret[i] = t->offset;
	}
	return true;
}

int kafka_ends(struct kafka_consumer *c, const char *const *topics, int n, int32_t partition,
	int64_t *ret, int timeout_ms, struct err *e)
{
	int64_t low;
	int r = 0;

	if (ends_at_once(c, topics, n, partition, ret, timeout_ms))
		return 0;
	for (int i = 0; !r && i < n; i++)
		r = kafka_watermarks(c, topics[i], partition, &low, &ret[i], timeout_ms, e);
	return r;
}
