/* lane_owner: see lane_owner.h; rules by their number in lane.md.
 *
 * Items are kept in the order of appending. A confirmed or read item waits for its report only; an
 * abandoned one (its producer was given up) waits for being read before the next takeover. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

#include "core/lane_owner.h"

static void take_over(struct lane_owner *o);

void lane_owner_init(struct lane_owner *o, const struct lane_owner_conf *c)
{
	*o = (struct lane_owner){.conf = *c, .need_producer = true};
	if (!o->conf.deadline_ms)
		o->conf.deadline_ms = 10000;
	for (unsigned i = 0; i < LANE_UNREAD; i++)
		o->unread[i].offset = -1;
	lane_view_init(&o->view, &c->view);
}

/* --- items --- */

static void item_free(struct lane_owner *o, struct lane_item **at)
{
	struct lane_item *i = *at;

	*at = i->next;
	o->n_items--;
	if (i->cookie)
		o->conf.ops->drop(o->conf.ctx, i->cookie, true);
	free(i);
}

static void drop_items(struct lane_owner *o, bool only_abandoned)
{
	for (struct lane_item **at = &o->items; *at;) {
		if (only_abandoned && !(*at)->abandoned)
			at = &(*at)->next;
		else
			item_free(o, at);
	}
}

void lane_owner_free(struct lane_owner *o)
{
	drop_items(o, false);
	lane_view_free(&o->view);
}

static struct lane_item *item_add(
	struct lane_owner *o, const struct lane_rec *r, void *cookie, uint64_t seq)
{
	struct lane_item **at = &o->items, *i = xcalloc(1, sizeof *i);

	while (*at)
		at = &(*at)->next;
	*i = (struct lane_item){.seq = seq, .rec = *r, .cookie = cookie, .since_ms = o->now_ms};
	i->rec.offset = -1;
	*at = i;
	o->n_items++;
	return i;
}

static struct lane_item *item_of(const struct lane_owner *o, const struct lane_rec *r)
{
	for (struct lane_item *i = o->items; i; i = i->next)
		if (!i->delivered && i->rec.type == r->type && i->rec.term == r->term &&
			i->rec.n == r->n && !memcmp(i->rec.writer, r->writer, LANE_WRITER_SIZE))
			return i;
	return NULL;
}

long lane_owner_in_flight(const struct lane_owner *o)
{
	return o->n_items;
}

/* Delivered and reported: nothing to wait for. Once fenced nobody reads for us any more, so the
 * report is the last word of an append. */
static void forget_reported(struct lane_owner *o)
{
	for (struct lane_item **at = &o->items; *at;) {
		if ((*at)->reported && ((*at)->delivered || o->state == LANE_FENCED))
			item_free(o, at);
		else
			at = &(*at)->next;
	}
}

/* --- ends --- */

static void held(struct lane_owner *o, const char *why)
{
	if (o->state == LANE_HELD)
		return;
	o->state = LANE_HELD;
	drop_items(o, false);
	o->conf.ops->held(o->conf.ctx, why);
}

void lane_owner_hold(struct lane_owner *o, const char *why)
{
	held(o, why);
}

/* Rules 3 and 19: what is on its way is awaited, outcomes may still be appended. */
static void fence(struct lane_owner *o, const char *why)
{
	if (o->state == LANE_HELD || o->state == LANE_FENCED)
		return;
	o->state = LANE_FENCED;
	drop_items(o, true);
	forget_reported(o);
	o->conf.ops->lost(o->conf.ctx, why);
}

void lane_owner_revoke(struct lane_owner *o, const char *why)
{
	if (o->state == LANE_HELD) /* it ends here too; whoever waits for the end is told */
		o->conf.ops->lost(o->conf.ctx, why);
	fence(o, why);
}

/* --- taking over (rules 5, 6) --- */

static void retry_later(struct lane_owner *o)
{
	o->want_takeover = true;
	o->not_before_ms = o->now_ms + MIN((int64_t)10000, (int64_t)100 << MIN(o->failures, 7));
	o->failures++;
}

static void take_over(struct lane_owner *o)
{
	const struct lane_term *ruler = lane_view_ruler(&o->view);
	struct lane_rec r = {.type = LANE_T_TAKEOVER, .key_ok = true, .rules = LANE_RULES};
	struct lane_item *i;

	o->state = LANE_TAKING;
	o->counted = o->want_takeover = false;
	if (o->need_producer) {
		if (o->conf.ops->new_producer(o->conf.ctx)) {
			retry_later(o);
			return;
		}
		o->need_producer = false;
	}
	/* Above what was tried, too: a takeover of ours that still travels never beats this one. */
	o->tried_term = MAX(ruler ? ruler->term : 0, o->tried_term) + 1;
	o->term = r.term = o->tried_term;
	o->last_n = 0;
	o->conf.ops->random(o->conf.ctx, o->writer);
	memcpy(r.writer, o->writer, LANE_WRITER_SIZE);
	i = item_add(o, &r, NULL, ++o->last_seq);
	if (o->conf.ops->produce(o->conf.ctx, i->seq, &i->rec, NULL)) {
		i->abandoned = true;
		drop_items(o, true);
		o->need_producer = true;
		retry_later(o);
	}
}

/* Rule 9: never again under this term. */
static void give_up(struct lane_owner *o)
{
	bool owned = o->state == LANE_OWN;

	for (struct lane_item **at = &o->items; *at;) {
		(*at)->abandoned = true;
		if ((*at)->delivered || (*at)->rec.type == LANE_T_TAKEOVER)
			item_free(o, at);
		else
			at = &(*at)->next;
	}
	o->need_producer = true;
	o->state = LANE_TAKING;
	o->counted = false;
	if (owned)
		o->conf.ops->unsettled(o->conf.ctx);
	if (o->failures++)
		retry_later(o);
	else
		take_over(o);
}

static void now_owner(struct lane_owner *o)
{
	o->state = LANE_OWN;
	o->counted = o->was_owner = true;
	o->beaten = 0;
	drop_items(o, true);
	o->conf.ops->owned(o->conf.ctx);
}

static void takeover_counted(struct lane_owner *o, const struct lane_rec *r)
{
	if (o->state == LANE_READING || o->state == LANE_FENCED)
		return;
	if (!memcmp(r->writer, o->writer, LANE_WRITER_SIZE)) {
		if (o->state == LANE_TAKING)
			now_owner(o);
		return;
	}
	if (o->state == LANE_TAKING && r->term < o->term)
		return; /* ours will stand above it */
	/* The first takeover came second, perhaps to one of a dead process that still travelled:
	 * once more. Whoever was owner before steps back. */
	if (o->state == LANE_TAKING && !o->was_owner && ++o->beaten < LANE_BEATEN_MAX) {
		for (struct lane_item *i = o->items; i; i = i->next)
			i->abandoned = true;
		drop_items(o, true);
		take_over(o);
		return;
	}
	fence(o, "a newer takeover stands in the log: another process owns the lane");
}

/* --- reading and confirming (rules 6, 8) --- */

static void rule_one(
	struct lane_owner *o, const struct lane_rec *r, struct lane_item *own, void *cookie)
{
	struct err e = {0};
	enum lane_ruling ruling = lane_view_feed(&o->view, r, &e);
	bool give = r->type == LANE_T_RECORD && (ruling == LANE_COUNTS || ruling == LANE_LATE);

	if (own) {
		own->delivered = true;
		if (give)
			cookie = TAKE_PTR(own->cookie);
	}
	if (own && r->type == LANE_T_RECORD && ruling == LANE_COUNTS)
		o->failures = 0; /* only now: a log that takes takeovers and nothing else is no
				    progress */
	if (ruling == LANE_HOLD)
		held(o, e.text);
	else if (r->type == LANE_T_TAKEOVER && ruling == LANE_COUNTS)
		takeover_counted(o, r);
	if (give)
		o->conf.ops->entry(o->conf.ctx, ruling, r, cookie, own != NULL);
	else if (cookie) /* last: r may lie in it */
		o->conf.ops->drop(o->conf.ctx, cookie, false);
}

static struct lane_item *first_open(const struct lane_owner *o)
{
	for (struct lane_item *i = o->items; i; i = i->next)
		if (!i->delivered && !i->abandoned)
			return i;
	return NULL;
}

/* Rule 8: confirmed is what follows directly on what was read or confirmed; the rest is read. */
static void confirm(struct lane_owner *o)
{
	struct lane_item *i;

	while ((o->state == LANE_OWN || o->state == LANE_TAKING) && (i = first_open(o)) &&
		i->reported && i->rec.offset >= 0) {
		if (i->rec.offset < o->view.next) {
			held(o, "an append was reported below what was read: the log lost records");
			return;
		}
		if (i->rec.offset > o->view.next)
			break;
		o->unread[o->unread_at++ % LANE_UNREAD] =
			(struct lane_mark){.offset = i->rec.offset, .term = i->rec.term};
		memcpy(o->unread[(o->unread_at - 1) % LANE_UNREAD].hash, i->rec.hash,
			LANE_HASH_SIZE);
		rule_one(o, &i->rec, i, NULL);
	}
	forget_reported(o);
}

/* A record that was confirmed by its report must be the one that is read there. */
static void compare_confirmed(struct lane_owner *o, const struct lane_rec *r)
{
	for (unsigned k = 0; k < LANE_UNREAD; k++) {
		if (o->unread[k].offset != r->offset)
			continue;
		o->unread[k].offset = -1;
		if (memcmp(o->unread[k].hash, r->hash, LANE_HASH_SIZE) != 0)
			held(o, "another record stands where an append was confirmed: the log lost "
				"records");
		return;
	}
}

void lane_owner_read(struct lane_owner *o, const struct lane_rec *r, void *cookie)
{
	struct lane_item *own;

	if (o->state == LANE_HELD || r->offset < o->view.next) {
		if (o->state != LANE_HELD)
			compare_confirmed(o, r);
		if (cookie)
			o->conf.ops->drop(o->conf.ctx, cookie, false);
		return;
	}
	own = item_of(o, r);
	if (own) { /* the appended one is given, it carries what its writer knows of it */
		rule_one(o, r, own, NULL);
		if (cookie)
			o->conf.ops->drop(o->conf.ctx, cookie, false);
	} else {
		rule_one(o, r, NULL, cookie);
	}
	confirm(o);
}

void lane_owner_eof(struct lane_owner *o, int64_t next)
{
	struct err e = {0};
	int rc;

	if (o->state == LANE_HELD || o->state == LANE_FENCED || next < o->view.next)
		return;
	rc = lane_view_eof(&o->view, next, &e);
	if (rc == -EAGAIN) {
		if (!o->lag_since_ms)
			o->lag_since_ms = o->now_ms;
		if (o->now_ms - o->lag_since_ms < LANE_LAG_MS)
			return;
	}
	if (rc) {
		held(o, e.text);
		return;
	}
	o->lag_since_ms = 0;
	if (o->state == LANE_READING)
		take_over(o);
	confirm(o);
}

/* --- reports and time --- */

static struct lane_item *item_seq(const struct lane_owner *o, uint64_t seq)
{
	for (struct lane_item *i = o->items; i; i = i->next)
		if (i->seq == seq)
			return i;
	return NULL;
}

static void append_failed(struct lane_owner *o)
{
	if (o->state == LANE_FENCED) { /* no new term any more: what was not reported is unknown */
		o->broken = true;
		drop_items(o, false);
		return;
	}
	give_up(o);
}

void lane_owner_report(struct lane_owner *o, uint64_t seq, int status, int64_t offset)
{
	struct lane_item *i = item_seq(o, seq);

	if (!i || i->abandoned || o->state == LANE_HELD)
		return;
	if (status) {
		append_failed(o);
		return;
	}
	i->reported = true;
	if (!i->delivered)
		i->rec.offset = offset;
	confirm(o);
}

void lane_owner_tick(struct lane_owner *o, int64_t now_ms)
{
	o->now_ms = now_ms;
	if (o->state == LANE_HELD)
		return;
	if (o->lag_since_ms && now_ms - o->lag_since_ms >= LANE_LAG_MS)
		lane_owner_eof(o, o->view.next);
	if (o->state == LANE_TAKING && o->want_takeover && now_ms >= o->not_before_ms)
		take_over(o);
	for (struct lane_item *i = o->items; i; i = i->next)
		if (!i->reported && !i->abandoned && now_ms - i->since_ms >= o->conf.deadline_ms) {
			append_failed(o);
			return;
		}
}

/* --- appending --- */

static bool may_append(const struct lane_owner *o, bool outcome)
{
	if (o->state == LANE_FENCED)
		return outcome && o->counted && !o->broken;
	return o->state == LANE_OWN;
}

int lane_owner_next(const struct lane_owner *o, bool outcome, uint64_t *ret_term, uint64_t *ret_n)
{
	if (!may_append(o, outcome))
		return -EAGAIN;
	*ret_term = o->term;
	*ret_n = o->last_n + 1;
	return 0;
}

int lane_owner_append(struct lane_owner *o, const struct lane_rec *r, size_t size, void *cookie)
{
	struct lane_rec own = *r;
	struct lane_item *i;
	int rc;

	if (!may_append(o, r->outcome && r->intent.term == o->term))
		return -EAGAIN;
	if (size > LANE_RECORD_MAX)
		return -EMSGSIZE;
	if (o->n_items >= LANE_IN_FLIGHT_MAX)
		return -ENOBUFS;
	own.type = LANE_T_RECORD;
	own.term = o->term;
	own.n = o->last_n + 1;
	own.key_ok = true;
	memcpy(own.writer, o->writer, LANE_WRITER_SIZE);
	i = item_add(o, &own, cookie, ++o->last_seq);
	rc = o->conf.ops->produce(o->conf.ctx, i->seq, &i->rec, cookie);
	if (!rc) {
		o->last_n++;
		return 0;
	}
	i->cookie = NULL; /* stays the caller's */
	i->abandoned = true;
	drop_items(o, true);
	if (rc == -ENOBUFS)
		return rc;
	append_failed(o);
	return -EAGAIN;
}
