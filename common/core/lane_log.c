/* lane_log: see lane_log.h.
 *
 * What the state machine asks for is done at once where it is an append, and queued where it is a
 * word to the daemon: the queue is emptied from the loop, after the witness was written once for
 * all of it, so that no effect comes before the witness (lane.md, rule 4) and no callback runs
 * inside another. Crash points: after-append (a report was received, nothing acts on it yet),
 * after-witness (the witness knows of records the daemon has not seen). */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"

#include "core/lane_log.h"

#define TICK_MS	      100
#define LINGER_MS     5 /* fewer, fuller requests: librdkafka 2.0.2 spins while five are in flight */
#define WITNESS_MS    200	       /* for what has no effects of ours */
#define ALARM_TERMS   5		       /* this many counted takeovers … */
#define ALARM_SPAN_MS (10 * 60 * 1000) /* … within this time */

struct record { /* cookie of the state machine: what was read or appended */
	struct lane_parsed p;
	char *text; /* own, until produced */
	size_t len;
	char key[LANE_KEY_SIZE];
	void *opaque;
};

enum event_type { EV_ENTRY, EV_OWNED, EV_UNSETTLED, EV_LOST, EV_HELD };
struct event {
	struct event *next;
	enum event_type type;
	enum lane_ruling ruling;
	struct lane_rec rec;
	struct record *record;
	struct lane_mark mark;
	bool own;
	char *why;
};

struct lane_log {
	struct lane_log_conf conf;
	char *topic, *log_name, *daemon, *installation;
	struct lane_owner owner;
	struct kafka_producer *producer;
	struct loop_timer *timer, *soon;
	struct event *events, **events_end;
	struct lane_mark mark; /* of the last event delivered */
	long own_queued;
	int64_t witness_ms;
	int64_t takeovers[ALARM_TERMS]; /* when the log took them */
	unsigned n_takeovers;
	bool draining, closed, swapping;
};

static void record_free(struct record *r)
{
	if (!r)
		return;
	lane_parsed_free(&r->p);
	free(r->text);
	free(r);
}

/* --- words to the daemon --- */

static struct event *event_add(struct lane_log *l, enum event_type type)
{
	struct event *ev = xcalloc(1, sizeof *ev);

	ev->type = type;
	ev->mark = l->owner.view.last;
	*l->events_end = ev;
	l->events_end = &ev->next;
	loop_timer_arm(l->soon, 0);
	return ev;
}

static struct event *event_pop(struct lane_log *l)
{
	struct event *ev = l->events;

	if (!ev)
		return NULL;
	l->events = ev->next;
	if (!l->events)
		l->events_end = &l->events;
	l->own_queued -= ev->own;
	return ev;
}

static void event_free(struct event *ev)
{
	if (!ev)
		return;
	record_free(ev->record);
	free(ev->why);
	free(ev);
}

static void say_entry(struct lane_log *l, const struct event *ev)
{
	struct lane_entry e = {.ruling = ev->ruling,
		.offset = ev->rec.offset,
		.term = ev->rec.term,
		.n = ev->rec.n,
		.kind = json_str(ev->record->p.body, "kind"),
		.body = ev->record->p.body,
		.own = ev->own,
		.opaque = ev->own ? ev->record->opaque : NULL,
		.mark = ev->mark};

	memcpy(e.writer, ev->rec.writer, sizeof e.writer);
	memcpy(e.sha256, ev->rec.hash, sizeof e.sha256);
	l->conf.ops->entry(l->conf.ctx, &e);
}

static void say(struct lane_log *l, const struct event *ev)
{
	l->mark = ev->mark;
	switch (ev->type) {
	case EV_ENTRY:
		say_entry(l, ev);
		break;
	case EV_OWNED:
		log_notice("lane %s/%d: owned under term %" PRIu64, l->log_name, l->conf.lane,
			l->owner.term);
		l->conf.ops->owned(l->conf.ctx);
		break;
	case EV_UNSETTLED:
		log_warn("lane %s/%d: an append failed, taking over anew", l->log_name,
			l->conf.lane);
		l->conf.ops->unsettled(l->conf.ctx);
		break;
	case EV_LOST:
		log_notice("lane %s/%d: lost: %s", l->log_name, l->conf.lane, ev->why);
		l->conf.ops->lost(l->conf.ctx, ev->why);
		break;
	case EV_HELD:
		log_error("lane %s/%d holds, a person must look: %s", l->log_name, l->conf.lane,
			ev->why);
		l->conf.ops->held(l->conf.ctx, ev->why);
		break;
	}
}

static bool wants_witness(const struct lane_log *l, const struct event *ev)
{
	return l->conf.witness && (ev->own || ev->type == EV_OWNED) &&
	       witness_mark(l->conf.witness)->offset < ev->mark.offset;
}

static int write_witness(struct lane_log *l)
{
	int64_t now = clock_mono_ms();
	struct err e = {0};
	int rc = witness_write(l->conf.witness, &l->owner.view.last, now, &e);

	l->witness_ms = now;
	if (rc)
		log_error("lane %s/%d: witness: %s", l->log_name, l->conf.lane, e.text);
	return rc;
}

static void log_free(struct lane_log *l)
{
	struct event *ev;

	while ((ev = event_pop(l)))
		event_free(ev);
	free(l->topic);
	free(l->log_name);
	free(l->daemon);
	free(l->installation);
	free(l);
}

static void drain(struct lane_log *l)
{
	struct event *ev;

	if (l->draining)
		return;
	l->draining = true;
	while (!l->closed && l->events) {
		if (wants_witness(l, l->events)) {
			/* The disk refuses: no effect without a witness, so nothing is told; the
			 * timer tries again. */
			if (write_witness(l)) {
				loop_timer_arm(l->soon, WITNESS_MS);
				break;
			}
			CRASH_POINT("after-witness", l->own_queued);
		}
		ev = event_pop(l);
		if (ev)
			say(l, ev);
		event_free(ev);
	}
	l->draining = false;
	if (l->closed)
		log_free(l);
}

static void on_soon(void *ctx)
{
	drain(ctx);
}

/* --- what the state machine asks for --- */

static void on_report(void *ctx, void *opaque, const struct kafka_report *r)
{
	struct lane_log *l = ctx;

	if (l->swapping || l->closed)
		return;
	if (r->status)
		log_warn("lane %s/%d: append failed: %s", l->log_name, l->conf.lane, r->text);
	else
		CRASH_POINT("after-append", lane_owner_in_flight(&l->owner));
	lane_owner_tick(&l->owner, clock_mono_ms());
	lane_owner_report(&l->owner, (uint64_t)(uintptr_t)opaque, r->status, r->offset);
}

static void on_fatal(void *ctx, const char *text)
{
	struct lane_log *l = ctx;

	log_warn("lane %s/%d: producer ends: %s", l->log_name, l->conf.lane, text);
}

static int op_new_producer(void *ctx)
{
	struct lane_log *l = ctx;
	struct kafka_producer_conf c = {.common = l->conf.kafka,
		.lane = true,
		.linger_ms = LINGER_MS,
		.report = on_report,
		.on_fatal = on_fatal,
		.ctx = l};
	struct err e = {0};
	int rc;

	l->swapping = true; /* what the old one still has to say is void to us */
	kafka_producer_close(TAKE_PTR(l->producer), true);
	l->swapping = false;
	rc = kafka_producer_open(l->conf.loop, &c, &l->producer, &e);
	if (rc)
		log_error("lane %s/%d: no producer: %s", l->log_name, l->conf.lane, e.text);
	return rc;
}

static int produce(struct lane_log *l, uint64_t seq, const char *key, const char *text, size_t len)
{
	struct err e = {0};
	int rc;

	if (!l->producer)
		return -EIO;
	rc = kafka_produce(l->producer, l->topic, l->conf.lane, key, strlen(key), text, len,
		(void *)(uintptr_t)seq, &e);
	if (rc && rc != -ENOBUFS)
		log_warn("lane %s/%d: append refused: %s", l->log_name, l->conf.lane, e.text);
	return rc;
}

static int op_produce(void *ctx, uint64_t seq, struct lane_rec *r, void *cookie)
{
	struct lane_log *l = ctx;
	struct record *c = cookie;
	char key[LANE_KEY_SIZE], at[TIME_TEXT_SIZE];
	_cleanup_json_ json_t *body = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (c)
		return produce(l, seq, c->key, c->text, c->len);
	time_format(clock_wall_ms(), at);
	body = lane_takeover_body(r->term, r->writer, l->daemon, at);
	text = json_text(body, &len);
	lane_takeover_key(r->term, r->writer, key);
	lane_record_hash(key, strlen(key), text, len, r->hash);
	return produce(l, seq, key, text, len);
}

static void op_random(void *ctx, uint8_t writer[LANE_WRITER_SIZE])
{
	(void)ctx;
	random_bytes(writer, LANE_WRITER_SIZE);
}

static void op_entry(
	void *ctx, enum lane_ruling ruling, const struct lane_rec *r, void *cookie, bool own)
{
	struct lane_log *l = ctx;
	struct event *ev = event_add(l, EV_ENTRY);

	ev->ruling = ruling;
	ev->rec = *r;
	ev->record = cookie;
	ev->own = own;
	l->own_queued += own;
}

static void op_drop(void *ctx, void *cookie, bool own)
{
	(void)ctx;
	(void)own;
	record_free(cookie);
}

static void op_owned(void *ctx)
{
	event_add(ctx, EV_OWNED);
}

static void op_unsettled(void *ctx)
{
	event_add(ctx, EV_UNSETTLED);
}

static void op_lost(void *ctx, const char *why)
{
	event_add(ctx, EV_LOST)->why = xstrdup(why);
}

static void op_held(void *ctx, const char *why)
{
	event_add(ctx, EV_HELD)->why = xstrdup(why);
}

static const struct lane_owner_ops owner_ops = {
	.produce = op_produce,
	.new_producer = op_new_producer,
	.random = op_random,
	.entry = op_entry,
	.drop = op_drop,
	.owned = op_owned,
	.unsettled = op_unsettled,
	.lost = op_lost,
	.held = op_held,
};

/* --- life --- */

static void on_tick(void *ctx)
{
	struct lane_log *l = ctx;
	const struct lane_view *v = &l->owner.view;
	int64_t now = clock_mono_ms();

	loop_timer_arm(l->timer, TICK_MS);
	lane_owner_tick(&l->owner, now);
	/* Only what agrees with all that was remembered replaces it. */
	if (l->conf.witness && l->owner.state != LANE_HELD && !v->n_marks && v->n_terms &&
		v->last.offset > witness_mark(l->conf.witness)->offset &&
		now - l->witness_ms >= WITNESS_MS)
		write_witness(l);
}

int lane_log_open(const struct lane_log_conf *c, struct lane_log **ret, struct err *e)
{
	struct lane_log *l;
	struct lane_owner_conf oc;

	if (!lane_log_name_ok(c->log_name))
		return err_set(e, -EINVAL, "%s is not a lane log", c->log_name);
	l = xcalloc(1, sizeof *l);
	l->conf = *c;
	l->topic = xstrdup(c->topic);
	l->log_name = xstrdup(c->log_name);
	l->daemon = xstrdup(c->daemon);
	l->installation = c->installation ? xstrdup(c->installation) : NULL;
	l->events_end = &l->events;
	l->mark.offset = -1;
	oc = (struct lane_owner_conf){.view = {.log_name = l->log_name,
					      .installation = l->installation,
					      .lanes = c->lanes,
					      .lane = c->lane,
					      .compacted = lane_log_compacted(l->log_name)},
		.ops = &owner_ops,
		.ctx = l,
		.deadline_ms = c->append_deadline_ms};
	lane_owner_init(&l->owner, &oc);
	lane_owner_tick(&l->owner, clock_mono_ms());
	if (c->witness)
		lane_view_add_mark(&l->owner.view, witness_mark(c->witness));
	for (int i = 0; i < c->n_marks; i++)
		lane_view_add_mark(&l->owner.view, &c->marks[i]);
	l->timer = loop_timer_new(c->loop, on_tick, l);
	l->soon = loop_timer_new(c->loop, on_soon, l);
	loop_timer_arm(l->timer, TICK_MS);
	*ret = l;
	return 0;
}

void lane_log_close(struct lane_log *l)
{
	if (!l || l->closed)
		return;
	l->closed = true;
	loop_timer_del(TAKE_PTR(l->timer));
	kafka_producer_close(TAKE_PTR(l->producer), true);
	lane_owner_free(&l->owner);
	loop_timer_del(TAKE_PTR(l->soon));
	if (!l->draining)
		log_free(l);
}

/* --- reading --- */

/* Rule 3: terms that rise quickly mean that two processes believe to be the owner. */
static void watch_terms(struct lane_log *l, const struct kafka_record *k)
{
	int64_t oldest;

	l->takeovers[l->n_takeovers++ % ALARM_TERMS] = k->log_append_ms;
	oldest = l->takeovers[l->n_takeovers % ALARM_TERMS];
	if (l->n_takeovers < ALARM_TERMS || k->log_append_ms - oldest > ALARM_SPAN_MS ||
		clock_wall_ms() - k->log_append_ms > ALARM_SPAN_MS)
		return;
	log_error("lane %s/%d: %d takeovers in %" PRId64
		  " s: two processes own the lane in turn, or every append fails",
		l->log_name, l->conf.lane, ALARM_TERMS, (k->log_append_ms - oldest) / 1000);
}

void lane_log_feed(struct lane_log *l, const struct kafka_record *k)
{
	struct lane_rec known = {.type = LANE_T_BAD, .offset = k->offset};
	struct record *c;

	lane_owner_tick(&l->owner, clock_mono_ms());
	if (k->offset < l->owner.view.next) { /* our own, confirmed by its report */
		lane_record_hash(k->key, k->key_len, k->value, k->value_len, known.hash);
		lane_owner_read(&l->owner, &known, NULL);
		return;
	}
	c = xcalloc(1, sizeof *c);
	lane_record_parse(
		k->offset, k->key, k->key_len, k->value, k->value_len, l->conf.kinds, &c->p);
	if (c->p.rec.type == LANE_T_TAKEOVER)
		watch_terms(l, k);
	lane_owner_read(&l->owner, &c->p.rec, c);
	drain(l);
}

void lane_log_eof(struct lane_log *l, int64_t next_offset)
{
	lane_owner_tick(&l->owner, clock_mono_ms());
	lane_owner_eof(&l->owner, next_offset);
}

void lane_log_broken(struct lane_log *l, const char *why)
{
	lane_owner_hold(&l->owner, why);
}

void lane_log_revoke(struct lane_log *l, const char *why)
{
	lane_owner_revoke(&l->owner, why);
}

/* --- appending --- */

int lane_append(struct lane_log *l, const char *kind, json_t *body, void *opaque, struct err *e)
{
	bool outcome = lane_kind_is_outcome(kind);
	struct record *c;
	struct lane_key k;
	int rc;

	if (lane_owner_next(&l->owner, outcome, &k.term, &k.n)) {
		json_decref(body);
		return err_set(e, -EAGAIN, "the lane is not owned");
	}
	c = xcalloc(1, sizeof *c);
	rc = lane_record_make(body, kind, &k, l->owner.writer, l->conf.kinds, &c->p, &c->text,
		&c->len, c->key, e);
	if (!rc) {
		c->opaque = opaque;
		lane_owner_tick(&l->owner, clock_mono_ms());
		rc = lane_owner_append(&l->owner, &c->p.rec, c->len, c);
		if (rc)
			err_sys(e, rc, "append of %zu bytes", c->len);
	}
	if (rc) {
		record_free(c);
		return rc;
	}
	free(TAKE_PTR(c->text)); /* librdkafka has its copy */
	return 0;
}

bool lane_log_owned(const struct lane_log *l)
{
	return l->owner.state == LANE_OWN;
}

uint64_t lane_log_term(const struct lane_log *l)
{
	return l->owner.counted ? l->owner.term : 0;
}

bool lane_log_next_key(const struct lane_log *l, struct lane_key *ret)
{
	return !lane_owner_next(&l->owner, false, &ret->term, &ret->n);
}

long lane_log_in_flight(const struct lane_log *l)
{
	return lane_owner_in_flight(&l->owner) + l->own_queued;
}

int64_t lane_log_position(const struct lane_log *l)
{
	return l->owner.view.next;
}

struct lane_mark lane_log_mark(const struct lane_log *l)
{
	return l->mark;
}

const char *lane_log_installation(const struct lane_log *l)
{
	return l->owner.view.installation;
}
