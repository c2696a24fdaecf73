/* See desk.h. Here: life and states of a desk, and the words of its lane log. */
#include "desk_private.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/json.h"
#include "base/kafka.h"
#include "base/log.h"
#include "core/index_fold.h"
#include "desk_metrics.h"

#define TICK_MS	    200
#define ASK_MS	    5000
#define GENESIS_MAX (64 * 1024)

/* --- states --- */

bool desk_can_decide(const struct desk *d)
{
	return d->state == DESK_DECIDING && d->index_up && !d->host->draining &&
	       lane_log_owned(d->log);
}

void desk_soon(struct desk *d)
{
	loop_timer_arm(d->soon, 0);
}

/* A restore: the command's id while it is being carried out, over the desk's end and beginning. */
const char *desk_accepted(const struct desk *d)
{
	char lane[16];

	snprintf(lane, sizeof(lane), "%" PRId32, d->lane);
	return json_str(d->host->accepted, lane);
}

void desk_accept(struct desk *d, const char *command)
{
	char lane[16];
	struct err e = {0};

	log_notice("lane %" PRId32 ": command %s accepts the log as it is", d->lane, command);
	snprintf(lane, sizeof(lane), "%" PRId32, d->lane);
	json_set_str(d->host->accepted, lane, command);
	if (lane_member_accept(d->member, d->lane, &e) < 0) {
		log_error("lane %" PRId32 ": %s", d->lane, e.text);
		return; /* the command is not absorbed: it comes again after a restart */
	}
	desk_drop_items(d);
	d->state = DESK_CLOSED; /* and is opened anew at once */
}

/* What a person must have seen before a command can be an answer to it: the end of `commands`. */
static void find_accept_from(struct desk *d)
{
	struct kafka_consumer *c = lane_member_consumer(d->member);
	char topic[TOPIC_NAME_SIZE];
	int64_t low, high;

	muara_topic(d->host->shared, "commands", topic);
	if (c && kafka_watermarks(c, topic, d->lane, &low, &high, ASK_MS, NULL) == 0)
		d->accept_from = high;
}

void desk_hold(struct desk *d, const char *why)
{
	if (d->state == DESK_HELD || d->state == DESK_LEAVING || d->state == DESK_CLOSED)
		return;
	log_error("lane %" PRId32 " holds, a person must look: %s (then: muaractl restore "
		  "--accept)",
		d->lane, why);
	snprintf(d->why, sizeof(d->why), "%s", why);
	d->state = DESK_HELD;
	desk_drop_items(d);
	d->accept_from = -1;
	find_accept_from(d);
	desk_resume(d, true);
}

/* Owner, both logs read and in the index: what is not settled is decided anew from its input. */
void desk_try_begin(struct desk *d)
{
	struct item *i;
	struct item_queue again;
	struct err e = {0};

	if (d->state != DESK_READING || !lane_log_owned(d->log) || !d->submissions_read ||
		!d->index_up || !desk_flush(d))
		return;
	item_queue_init(&again);
	while ((i = item_pop(&d->flight))) {
		i->outcome = NULL;
		i->appended = i->confirmed = false;
		json_decref(TAKE_PTR(i->ops));
		item_push(&again, i);
	}
	item_prepend(&d->waiting, &again);
	view_clear(d->view);
	d->view_age = d->looked_up = 0;
	if (desk_add_refusals(d, &e) < 0) {
		desk_index_trouble(d, &e);
		return;
	}
	desk_add_restores(d);
	d->due_at_wall_ms = 0;
	d->state = DESK_DECIDING;
	desk_soon(d);
}

/* --- words of the lane log --- */

static void note_ready(struct desk *d, const json_t *body)
{
	const json_t *r;
	size_t i;

	json_array_foreach (json_object_get(body, "results"), i, r) {
		if (strcmp(json_str_or(r, "type", ""), "complaint") != 0)
			continue;
		if (strcmp(json_str_or(r, "state", ""), "ready") == 0)
			json_object_set_new(d->ready, json_str_or(r, "id", ""), json_true());
		else
			json_object_del(d->ready, json_str_or(r, "id", ""));
	}
}

static void on_entry(void *obj, const struct lane_entry *e)
{
	struct desk *d = obj;
	struct item *i;

	daemon_progress();
	if (d->state != DESK_READING && d->state != DESK_DECIDING)
		return; /* the items are gone, and somebody reads the log anew */
	if (d->ready)
		note_ready(d, e->body);
	i = e->own ? e->opaque : NULL;
	if (!i) {
		desk_record(d, INDEX_COMPLAINTS, &e->mark, index_fold(e->body));
		return;
	}
	i->confirmed = true; /* first: what follows may settle and free it */
	desk_record(d, INDEX_COMPLAINTS, &e->mark, TAKE_PTR(i->ops));
}

static void on_owned(void *obj)
{
	struct desk *d = obj;

	daemon_progress();
	desk_try_begin(d);
}

static void on_unsettled(void *obj)
{
	struct desk *d = obj;

	daemon_progress();
	if (d->state == DESK_DECIDING)
		d->state = DESK_READING;
}

static void on_lost(void *obj, const char *why)
{
	struct desk *d = obj;

	(void)why; /* the lane logs it */
	if (d->state == DESK_CLOSED)
		return;
	desk_drop_items(d);
	d->state = DESK_LEAVING;
	loop_timer_arm(d->tick, 0);
}

static void on_held(void *obj, const char *why)
{
	desk_hold(obj, why);
}

static const struct lane_log_ops log_ops = {.entry = on_entry,
	.owned = on_owned,
	.unsettled = on_unsettled,
	.lost = on_lost,
	.held = on_held};

/* --- anew --- */

/* The index was changed by somebody else. If that was a newer owner, his takeover stands in the log
 * before the log's end of now: having read to there as owner, it was not. */
static void look_anew(struct desk *d)
{
	struct kafka_consumer *c = lane_member_consumer(d->member);
	int64_t low, high;

	if (d->anew_from < 0) {
		if (c && kafka_watermarks(c, d->log_topic, d->lane, &low, &high, ASK_MS, NULL) == 0)
			d->anew_from = high;
		return;
	}
	if (!lane_log_owned(d->log) || lane_log_position(d->log) < d->anew_from)
		return;
	log_notice("lane %" PRId32 ": the logs are read anew for the index", d->lane);
	d->state = DESK_CLOSED;
	lane_member_done(d->member, d->lane);
}

static void on_tick(void *ctx)
{
	struct desk *d = ctx;
	int64_t now = clock_mono_ms();

	loop_timer_arm(d->tick, TICK_MS);
	switch (d->state) {
	case DESK_READING:
		desk_check_lag(d, now);
		desk_index_retry(d, now);
		desk_try_begin(d);
		break;
	case DESK_DECIDING:
		desk_index_retry(d, now);
		if (d->later.first && inputs_restored(d->inputs)) {
			item_prepend(&d->waiting, &d->later);
			desk_soon(d);
		}
		desk_take_timers(d);
		desk_commit(d, false);
		desk_measure(d, now);
		break;
	case DESK_HELD:
		if (d->accept_from < 0)
			find_accept_from(d);
		break;
	case DESK_LEAVING:
		if (lane_log_in_flight(d->log) == 0) {
			d->state = DESK_CLOSED;
			lane_member_done(d->member, d->lane);
		}
		break;
	case DESK_ANEW:
		look_anew(d);
		break;
	case DESK_CLOSED:
		break;
	}
}

static void on_soon(void *ctx)
{
	struct desk *d = ctx;

	if (d->state == DESK_READING)
		desk_flush(d);
	else if (d->state == DESK_DECIDING && desk_flush(d))
		desk_pump(d);
}

/* --- life --- */

static void desk_free(struct desk *d)
{
	struct desk **at = &d->host->desks;

	while (*at && *at != d)
		at = &(*at)->next;
	if (*at)
		*at = d->next;
	loop_timer_del(d->soon);
	loop_timer_del(d->tick);
	lane_log_close(d->log);
	item_queue_clear(&d->waiting);
	item_queue_clear(&d->flight);
	item_queue_clear(&d->later);
	lane_reader_free(d->submissions);
	applier_free(d->applier);
	index_close(d->index);
	view_free(d->view);
	inputs_free(d->inputs);
	json_decref(d->timers);
	json_decref(d->ready);
	free(d);
}

static int on_genesis(void *ctx, const struct kafka_record *r)
{
	json_t *body = NULL;

	if (r->value && json_parse(r->value, r->value_len, GENESIS_MAX, &body, NULL) == 0)
		snprintf(ctx, 64, "%s", json_str_or(body, "installation", ""));
	json_decref(body);
	return 0;
}

static int find_cluster(struct desk_host *h, struct err *e)
{
	struct kafka_admin *a = NULL;
	int brokers = 0, r;

	if (h->cluster[0])
		return 0;
	r = kafka_admin_open(&h->kafka, &a, e);
	if (r == 0)
		r = kafka_admin_cluster(a, h->cluster, sizeof(h->cluster), &brokers, e);
	kafka_admin_close(a);
	return r;
}

/* Loads the index; what is not ours, or what a person said to accept, is rebuilt from the logs. */
static int open_index(struct desk *d, const char *installation, struct err *e)
{
	const struct desk_host *h = d->host;
	struct index_conf c = {.socket = h->shared->redis,
		.prefix = h->shared->prefix, /* one Muara on one prefix, in Kafka and here */
		.lane = d->lane,
		.installation = installation,
		.cluster = h->cluster};
	enum index_found found;
	int r = index_open(&c, &d->index, e);

	if (r == 0)
		r = index_load(d->index, &found, e);
	if (r == 0 && (found != INDEX_OURS || desk_accepted(d))) {
		log_notice("lane %" PRId32 ": the index is %s, it is rebuilt", d->lane,
			found == INDEX_MISSING	 ? "empty"
			: found == INDEX_FOREIGN ? "another's"
						 : "not believed");
		r = index_reset(d->index, e);
	}
	if (r < 0)
		return r;
	d->applier = applier_new(d->index);
	d->index_up = true;
	return 0;
}

static int open_reader(struct desk *d, const char *installation, struct err *e)
{
	struct lane_mark mark = {.offset = -1};
	struct lane_reader_conf c = {.log_name = "submissions",
		.lane = d->lane,
		.lanes = (int)d->host->shared->lanes,
		.installation = *installation ? installation : NULL,
		.kinds = lane_log_kinds("submissions"),
		.marks = &mark};

	if (d->index)
		mark = index_mark(d->index, INDEX_SUBMISSIONS);
	c.n_marks = mark.offset >= 0;
	return lane_reader_new(&c, &d->submissions, e);
}

/* The lane's log first: its records, and what the index remembers of it, are ruled by the lane. */
static int open_logs(struct desk *d, struct err *e)
{
	char installation[64] = "";
	struct lane_mark mark = {.offset = -1};
	int r = kafka_read_one(
		&d->host->kafka, d->log_topic, d->lane, 0, on_genesis, installation, ASK_MS, e);

	if (r == -ENOENT)
		r = 0; /* the lane says what is wrong, and holds */
	if (r == 0 && *installation) {
		r = find_cluster(d->host, e);
		if (r == 0)
			r = open_index(d, installation, e);
		if (r == 0)
			mark = index_mark(d->index, INDEX_COMPLAINTS);
	}
	if (r == 0)
		r = open_reader(d, installation, e);
	if (r == 0)
		r = lane_member_open_log(
			d->member, d->lane, d, &mark, mark.offset >= 0, &d->log, e);
	if (r == 0)
		r = lane_member_add_input(d->member, d->submissions_topic, d->lane,
			lane_reader_from(d->submissions), e);
	if (r == 0)
		r = inputs_start(d->inputs, d->member, desk_accepted(d) != NULL, e);
	return r;
}

static struct desk *desk_new(struct desk_host *h, struct lane_member *m, int32_t lane)
{
	struct desk *d = xcalloc(1, sizeof(*d));

	d->host = h;
	d->member = m;
	d->lane = lane;
	d->accept_from = d->anew_from = -1;
	muara_topic(h->shared, "complaints", d->log_topic);
	muara_topic(h->shared, "submissions", d->submissions_topic);
	item_queue_init(&d->waiting);
	item_queue_init(&d->flight);
	item_queue_init(&d->later);
	d->view = view_new();
	d->timers = json_object();
	d->ready = desk_accepted(d) ? json_object() : NULL;
	d->inputs = inputs_new(h->shared, lane);
	d->soon = loop_timer_new(h->loop, on_soon, d);
	d->tick = loop_timer_new(h->loop, on_tick, d);
	d->next = h->desks;
	h->desks = d;
	return d;
}

static int lane_open(void *ctx, struct lane_member *m, int32_t lane, void **ret_obj, struct err *e)
{
	struct desk_host *h = ctx;
	struct desk *d = desk_new(h, m, lane);
	int r = open_logs(d, e);

	if (r < 0) {
		snprintf(h->trouble, sizeof(h->trouble), "lane %" PRId32 " does not open: %.150s",
			lane, e->text);
		desk_free(d);
		return r;
	}
	h->trouble[0] = '\0';
	loop_timer_arm(d->tick, TICK_MS);
	*ret_obj = d;
	return 0;
}

static void lane_close(void *ctx, void *obj)
{
	(void)ctx;
	desk_free(obj);
}

const struct lane_member_ops desk_ops = {.lane_open = lane_open,
	.lane_close = lane_close,
	.input = desk_input,
	.input_eof = desk_input_eof,
	.input_error = desk_input_error,
	.log = &log_ops};

/* --- for main --- */

/* What can still be finished: not when Redis is away or the lane is not ours. */
static bool works(const struct desk *d)
{
	return d->state == DESK_DECIDING && d->index_up && lane_log_owned(d->log) &&
	       d->flight.n > 0;
}

bool desks_drained(struct desk_host *h)
{
	struct desk *d;

	for (d = h->desks; d; d = d->next)
		if (works(d))
			return false;
	for (d = h->desks; d; d = d->next)
		desk_commit(d, true);
	return true;
}

static void measure_all(const struct desk_host *h)
{
	const struct desk_metrics *m = desk_metrics();
	double waiting = 0, flight = 0, sets[4] = {0}, lanes[DESK_CLOSED + 1] = {0}, held = 0;
	uint64_t term = 0;
	int64_t oldest = 0;
	bool up = true;
	const struct desk *d;
	size_t i;

	for (d = h->desks; d; d = d->next) {
		waiting += (double)d->waiting.n;
		flight += (double)d->flight.n;
		lanes[d->state]++;
		held += (double)inputs_held(d->inputs);
		term = MAX(term, lane_log_term(d->log));
		up &= d->index_up;
		for (i = 0; i < ARRAY_SIZE(sets); i++)
			sets[i] += (double)d->counts[i];
		for (i = 0; i < d->inputs->n; i++)
			if (d->inputs->sources[i].behind_ms)
				oldest = oldest ? MIN(oldest, d->inputs->sources[i].behind_ms)
						: d->inputs->sources[i].behind_ms;
	}
	metric_set(m->waiting, NULL, waiting);
	metric_set(m->in_flight, NULL, flight);
	metric_set(m->index_up, NULL, up && h->desks);
	metric_set(m->term, NULL, (double)term);
	metric_set(m->inputs_held, NULL, held);
	metric_set(
		m->behind_s, NULL, oldest ? (double)MAX(clock_wall_ms() - oldest, 0) / 1000.0 : 0);
	for (i = 0; i < ARRAY_SIZE(sets); i++)
		metric_set(m->complaints, desk_sets[i], sets[i]);
	for (i = 0; i <= DESK_CLOSED; i++)
		metric_set(m->lanes, desk_state_names[i], lanes[i]);
}

bool desks_health(struct desk_host *h, char *text, size_t size)
{
	const char *kafka = kafka_trouble();
	bool ok = !h->trouble[0] && !kafka, idle = true;
	size_t n = 0;
	struct desk *d;

	measure_all(h);
	*text = '\0';
	if (kafka)
		n += (size_t)snprintf(text, size, "%s", kafka);
	if (!h->desks)
		snprintf(text + n, size - n, "%s%s", n ? "; " : "",
			h->trouble[0] ? h->trouble : "no lane given yet");
	for (d = h->desks; d && n < size; d = d->next) {
		size_t held = inputs_held(d->inputs);

		n += (size_t)snprintf(text + n, size - n, "%slane %" PRId32 " %s%s%s",
			n ? "; " : "", d->lane, desk_state_text(d->state, d->index && !d->index_up),
			d->why[0] ? ": " : "", d->why);
		if (held && n < size)
			n += (size_t)snprintf(text + n, size - n, ", %zu of its topics held", held);
		ok &= d->state != DESK_HELD && d->index_up && !held;
		idle &= !desk_can_decide(d) || (!d->waiting.n && !d->flight.n);
	}
	daemon_idle(idle);
	return ok;
}
