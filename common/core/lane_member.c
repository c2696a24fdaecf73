/* lane_member: see lane_member.h.
 *
 * A slot per lane the group ever gave. Objects are closed and opened only from the member's own
 * timer, never inside a callback of Kafka or of a lane, so no callback finds its object gone.
 * Known gap: with the eager protocol a rebalance takes and gives every lane of every member. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/util.h"

#include "core/lane_member.h"

#define TICK_MS	      200
#define OPEN_RETRY_MS 5000
#define GONE_MS	      30000 /* a log's topic may be unknown this long (broker starting) */
#define FENCE_MS      1000  /* first back-off after a fence; doubles */
#define FENCE_MAX_MS  60000
#define REJOIN_MAX_MS (10 * 60 * 1000)
#define FENCE_CALM_MS (10 * 60 * 1000) /* without a fence: begin anew */
#define SESSION_MS    45000	       /* default of kafka.h */
#define SLOT_INPUTS   32

struct slot {
	struct slot *next;
	struct lane_member *m;
	int32_t lane;
	void *obj;
	struct lane_log *log;
	struct witness *witness;
	char *inputs[SLOT_INPUTS];
	int n_inputs;
	bool assigned; /* by the group, now */
	bool fenced;   /* since it was assigned */
	bool revoked;  /* the object's end is the group's will, not a fence */
	bool ending;   /* nothing is read for it any more; waits for lane_member_done */
	bool done;
	int64_t not_before_ms; /* next try to open */
	int64_t gone_since_ms; /* its topic is unknown to the broker */
};

struct lane_member {
	struct lane_member_conf conf;
	struct kafka_consumer *consumer;
	struct loop_timer *timer;
	struct slot *slots;
	int fences;
	int64_t last_fence_ms, rejoin_ms; /* rejoin: 0 = no need */
	bool draining, dead;		  /* dead: the consumer is of no use any more */
};

static struct slot *slot_of(struct lane_member *m, int32_t lane)
{
	for (struct slot *s = m->slots; s; s = s->next)
		if (s->lane == lane)
			return s;
	return NULL;
}

static struct slot *slot_get(struct lane_member *m, int32_t lane)
{
	struct slot *s = slot_of(m, lane);

	if (s)
		return s;
	s = xcalloc(1, sizeof *s);
	s->m = m;
	s->lane = lane;
	s->next = m->slots;
	m->slots = s;
	return s;
}

/* --- end of a lane --- */

static void slot_unassign(struct slot *s)
{
	struct lane_member *m = s->m;

	if (m->consumer)
		kafka_consumer_assign_del(m->consumer, m->conf.topic, s->lane, NULL);
	for (int i = 0; i < s->n_inputs; i++) {
		if (m->consumer)
			kafka_consumer_assign_del(m->consumer, s->inputs[i], s->lane, NULL);
		free(s->inputs[i]);
	}
	s->n_inputs = 0;
}

static void slot_close(struct slot *s)
{
	void *obj = TAKE_PTR(s->obj);

	slot_unassign(s);
	if (obj)
		s->m->conf.ops->lane_close(s->m->conf.ctx, obj);
	s->log = NULL; /* closed by the daemon */
	witness_close(TAKE_PTR(s->witness));
	s->ending = s->done = s->revoked = false;
	s->gone_since_ms = 0;
}

/* --- words of the lane, passed on --- */

static void on_entry(void *ctx, const struct lane_entry *e)
{
	struct slot *s = ctx;

	s->m->conf.ops->log->entry(s->obj, e);
}

static void on_owned(void *ctx)
{
	struct slot *s = ctx;

	s->m->conf.ops->log->owned(s->obj);
}

static void on_unsettled(void *ctx)
{
	struct slot *s = ctx;

	s->m->conf.ops->log->unsettled(s->obj);
}

static void note_fence(struct slot *s)
{
	struct lane_member *m = s->m;
	int64_t now = clock_mono_ms(), session = m->conf.session_ms;

	if (now - m->last_fence_ms > FENCE_CALM_MS)
		m->fences = 0;
	m->last_fence_ms = now;
	s->fenced = true;
	s->not_before_ms = now + MIN((int64_t)FENCE_MAX_MS, (int64_t)FENCE_MS << MIN(m->fences, 6));
	/* The group should notice by itself that we were away; if it says nothing, ask anew. */
	m->rejoin_ms = now + MIN((int64_t)REJOIN_MAX_MS, 2 * (session ? session : SESSION_MS)
								 << MIN(m->fences, 6));
	m->fences++;
}

static void on_lost(void *ctx, const char *why)
{
	struct slot *s = ctx;

	s->ending = true;
	if (!s->revoked)
		note_fence(s);
	slot_unassign(s);
	s->m->conf.ops->log->lost(s->obj, why);
}

static void on_held(void *ctx, const char *why)
{
	struct slot *s = ctx;

	s->m->conf.ops->log->held(s->obj, why);
}

static const struct lane_log_ops log_ops = {
	.entry = on_entry,
	.owned = on_owned,
	.unsettled = on_unsettled,
	.lost = on_lost,
	.held = on_held,
};

/* --- beginning of a lane --- */

int lane_member_open_log(struct lane_member *m, int32_t lane, void *obj,
	const struct lane_mark *marks, int n_marks, struct lane_log **ret, struct err *e)
{
	struct slot *s = slot_get(m, lane);
	const struct lane_member_conf *mc = &m->conf;
	struct lane_log_conf c = {.loop = mc->loop,
		.kafka = mc->kafka,
		.topic = mc->topic,
		.log_name = mc->log_name,
		.daemon = mc->daemon,
		.lane = lane,
		.lanes = mc->lanes,
		.installation = mc->installation,
		.kinds = mc->kinds,
		.append_deadline_ms = mc->append_deadline_ms,
		.ops = &log_ops,
		.ctx = s,
		.marks = marks,
		.n_marks = n_marks};
	int rc = witness_open(mc->state_dir, mc->log_name, lane, &s->witness, e);

	if (rc)
		return rc;
	c.witness = s->witness;
	rc = lane_log_open(&c, &s->log, e);
	if (!rc)
		rc = kafka_consumer_assign_add(m->consumer, mc->topic, lane, 0, e);
	if (rc) {
		lane_log_close(TAKE_PTR(s->log));
		witness_close(TAKE_PTR(s->witness));
		return rc;
	}
	s->obj = obj;
	*ret = s->log;
	return 0;
}

int lane_member_add_input(
	struct lane_member *m, const char *topic, int32_t lane, int64_t offset, struct err *e)
{
	struct slot *s = slot_get(m, lane);
	int rc;

	if (s->n_inputs == SLOT_INPUTS)
		return err_set(e, -ENOSPC, "more than %d inputs in a lane", SLOT_INPUTS);
	rc = kafka_consumer_assign_add(m->consumer, topic, lane, offset, e);
	if (!rc)
		s->inputs[s->n_inputs++] = xstrdup(topic);
	return rc;
}

static void slot_open(struct slot *s)
{
	struct lane_member *m = s->m;
	struct err e = {0};
	void *obj = NULL;
	int rc = m->conf.ops->lane_open(m->conf.ctx, m, s->lane, &obj, &e);

	if (!rc) {
		s->obj = obj;
		return;
	}
	log_error("lane %s/%d does not open: %s", m->conf.log_name, s->lane, e.text);
	slot_unassign(s);
	s->obj = NULL; /* the daemon freed what it had made, its log included */
	s->log = NULL;
	witness_close(TAKE_PTR(s->witness));
	s->not_before_ms = clock_mono_ms() + OPEN_RETRY_MS;
}

/* --- the group --- */

static int on_record(void *ctx, const struct kafka_record *r)
{
	struct lane_member *m = ctx;
	struct slot *s = slot_of(m, r->partition);

	if (!s || !s->obj || s->ending)
		return 0;
	if (strcmp(r->topic, m->conf.topic) != 0)
		return m->conf.ops->input(s->obj, r);
	s->gone_since_ms = 0;
	if (s->log)
		lane_log_feed(s->log, r);
	return 0;
}

static void on_eof(void *ctx, const char *topic, int32_t partition, int64_t next_offset)
{
	struct lane_member *m = ctx;
	struct slot *s = slot_of(m, partition);

	if (!s || !s->obj || s->ending)
		return;
	if (strcmp(topic, m->conf.topic) == 0) {
		s->gone_since_ms = 0;
		if (s->log)
			lane_log_eof(s->log, next_offset);
	} else if (m->conf.ops->input_eof) {
		m->conf.ops->input_eof(s->obj, topic, next_offset);
	}
}

static void on_assigned(void *ctx, int32_t lane)
{
	struct lane_member *m = ctx;
	struct slot *s = slot_get(m, lane);

	s->assigned = true;
	s->fenced = false;
	if (!s->obj && !m->draining && clock_mono_ms() >= s->not_before_ms)
		slot_open(s); /* at once: one assignment for all that is read */
}

static void slot_revoke(struct slot *s, const char *why)
{
	s->assigned = false;
	if (!s->obj || s->ending)
		return;
	s->ending = s->revoked = true;
	if (s->log)
		lane_log_revoke(s->log, why); /* on_lost follows */
	else
		s->done = true;
}

static void on_revoked(void *ctx, int32_t lane, bool lost)
{
	struct lane_member *m = ctx;
	struct slot *s = slot_of(m, lane);

	if (s)
		slot_revoke(s, lost ? "the group gave the lane to another member"
				    : "the group took the lane");
}

static void on_partition_error(
	void *ctx, const char *topic, int32_t partition, int err, const char *text)
{
	struct lane_member *m = ctx;
	struct slot *s = slot_of(m, partition);

	log_error("topic %s partition %d: %s", topic, partition, text);
	if (!s || !s->obj || s->ending)
		return;
	if (strcmp(topic, m->conf.topic) != 0) {
		if (m->conf.ops->input_error)
			m->conf.ops->input_error(s->obj, topic, err, text);
	} else if (err == -ERANGE && s->log) {
		lane_log_broken(s->log, "the log ends, or begins, elsewhere than what was read: it "
					"lost records");
	} else if (err == -ENOENT && !s->gone_since_ms) {
		s->gone_since_ms = clock_mono_ms();
	}
}

static void on_fatal(void *ctx, const char *text)
{
	struct lane_member *m = ctx;

	log_error(
		"group %s: %s: another process uses the same instance name?", m->conf.group, text);
	m->dead = true;
}

static const struct kafka_consumer_ops consumer_ops = {
	.record = on_record,
	.eof = on_eof,
	.assigned = on_assigned,
	.revoked = on_revoked,
	.partition_error = on_partition_error,
	.fatal = on_fatal,
};

static int join(struct lane_member *m, struct err *e)
{
	const struct lane_member_conf *mc = &m->conf;
	struct kafka_consumer_conf c = {.common = mc->kafka,
		.group_topic = mc->topic,
		.group = mc->group,
		.instance = mc->instance,
		.session_ms = mc->session_ms,
		.max_poll_ms = mc->max_poll_ms,
		.ops = &consumer_ops,
		.ctx = m};

	return kafka_consumer_open(mc->loop, &c, &m->consumer, e);
}

/* Leaves and, later, joins again: the group assigns anew (rule 3). */
static void leave(struct lane_member *m)
{
	kafka_consumer_close(TAKE_PTR(m->consumer));
	for (struct slot *s = m->slots; s; s = s->next)
		slot_revoke(s, "leaving the group to join it anew");
	m->dead = false;
}

static void tick_group(struct lane_member *m, int64_t now)
{
	bool fenced = false;
	struct err e = {0};

	for (struct slot *s = m->slots; s; s = s->next)
		fenced |= s->assigned && s->fenced;
	if (m->dead) {
		leave(m);
		m->rejoin_ms =
			now + (MIN((int64_t)FENCE_MAX_MS, (int64_t)FENCE_MS << MIN(m->fences, 6)));
		m->last_fence_ms = now;
		m->fences++;
	} else if (m->consumer && fenced && m->rejoin_ms && now >= m->rejoin_ms) {
		leave(m);
	}
	if (m->consumer || m->draining || now < m->rejoin_ms)
		return;
	if (join(m, &e)) {
		log_error("group %s: %s", m->conf.group, e.text);
		m->rejoin_ms = now + OPEN_RETRY_MS;
	}
}

static void tick_slot(struct slot *s, int64_t now)
{
	struct lane_member *m = s->m;

	if (s->done)
		slot_close(s);
	if (s->log && s->gone_since_ms && now - s->gone_since_ms >= GONE_MS) {
		s->gone_since_ms = 0;
		lane_log_broken(s->log, "the log's topic is gone");
	}
	if (!s->obj && s->assigned && !s->fenced && !m->draining && m->consumer &&
		now >= s->not_before_ms)
		slot_open(s);
}

static void on_tick(void *ctx)
{
	struct lane_member *m = ctx;
	int64_t now = clock_mono_ms();

	loop_timer_arm(m->timer, TICK_MS);
	for (struct slot *s = m->slots; s; s = s->next)
		tick_slot(s, now);
	tick_group(m, now);
}

/* --- for the daemon --- */

int lane_member_open(const struct lane_member_conf *c, struct lane_member **ret, struct err *e)
{
	struct lane_member *m = xcalloc(1, sizeof *m);
	int rc;

	m->conf = *c;
	rc = join(m, e);
	if (rc) {
		free(m);
		return rc;
	}
	m->timer = loop_timer_new(c->loop, on_tick, m);
	loop_timer_arm(m->timer, TICK_MS);
	*ret = m;
	return 0;
}

void lane_member_close(struct lane_member *m)
{
	struct slot *s;

	if (!m)
		return;
	loop_timer_del(m->timer);
	kafka_consumer_close(TAKE_PTR(m->consumer));
	while ((s = m->slots)) {
		m->slots = s->next;
		slot_close(s);
		free(s);
	}
	free(m);
}

void lane_member_pause(struct lane_member *m, const char *topic, int32_t lane)
{
	if (m->consumer)
		kafka_consumer_pause(m->consumer, topic, lane);
}

void lane_member_resume(struct lane_member *m, const char *topic, int32_t lane)
{
	if (m->consumer)
		kafka_consumer_resume(m->consumer, topic, lane);
}

struct kafka_consumer *lane_member_consumer(struct lane_member *m)
{
	return m->consumer;
}

void lane_member_done(struct lane_member *m, int32_t lane)
{
	struct slot *s = slot_of(m, lane);

	if (!s || !s->obj)
		return;
	s->done = true;
	loop_timer_arm(m->timer, 0);
}

int lane_member_accept(struct lane_member *m, int32_t lane, struct err *e)
{
	struct slot *s = slot_of(m, lane);
	int rc;

	if (!s || !s->witness)
		return err_set(e, -ENOENT, "lane %d is not open here", lane);
	rc = witness_forget(s->witness, e);
	if (rc)
		return rc;
	lane_member_done(m, lane); /* opened anew at the next tick: it is still assigned */
	return 0;
}

void lane_member_drain(struct lane_member *m)
{
	m->draining = true;
	for (struct slot *s = m->slots; s; s = s->next)
		slot_revoke(s, "the daemon stops");
}

bool lane_member_drained(const struct lane_member *m)
{
	for (const struct slot *s = m->slots; s; s = s->next)
		if (s->obj)
			return false;
	return true;
}
