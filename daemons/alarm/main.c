/* muara-alarm: screens every message for an emergency and rings until a person answers.
 *
 * Needs Kafka and nothing else: no Redis, no normalizer. An emergency in any channel is written to
 * the topic `emergencies`, then rings through the hooks of alarm.yaml, again and again, until
 * `muaractl emergency ack`. Guarantees: a message that speaks of an emergency is an event once,
 * however often it is delivered, edited or read again; an event rings at least once through every
 * hook that concerns it and goes on after a restart or on the standby; what cannot be confirmed
 * rings anyway. How: alarm.h. What is an emergency: core/screening.h, the same function that keeps
 * the normalizer from filing one without a person.
 *
 * Known gaps: two messages about one fire are two events; the whole topic `emergencies` is read at
 * each start; a change of the words does not screen again what was screened. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/util.h"

#include "alarm.h"

#define TICK_MS 200

static struct lane *lane_of(struct alarm *a, int32_t n)
{
	for (struct lane *l = a->lanes; l; l = l->next)
		if (l->n == n)
			return l;
	return NULL;
}

static void drop_lane(struct alarm *a, int32_t n)
{
	for (struct lane **at = &a->lanes; *at; at = &(*at)->next)
		if ((*at)->n == n) {
			struct lane *l = *at;

			*at = l->next;
			lane_free(l);
			return;
		}
}

/* --- Kafka --- */

static int on_record(void *ctx, const struct kafka_record *r)
{
	struct alarm *a = ctx;
	struct lane *l = lane_of(a, r->partition);

	daemon_progress();
	if (!l)
		return 0;
	if (strcmp(r->topic, a->log_topic) != 0)
		return lane_take(l, r);
	lane_log(l, r);
	return 0;
}

static void on_end(void *ctx, const char *topic, int32_t partition, int64_t next)
{
	struct alarm *a = ctx;
	struct lane *l = lane_of(a, partition);

	(void)next;
	if (l && strcmp(topic, a->log_topic) == 0)
		lane_log_end(l);
}

static void on_assigned(void *ctx, int32_t partition)
{
	struct alarm *a = ctx;
	struct err e = {0};
	struct lane *l;

	drop_lane(a, partition);
	l = lane_new(a, partition);
	l->next = a->lanes;
	a->lanes = l;
	if (kafka_consumer_assign_add(a->consumer, a->log_topic, partition, KAFKA_BEGIN, &e) < 0)
		daemon_fail("lane %" PRId32 ": %s", partition, e.text);
}

static void commit_all(struct alarm *a)
{
	for (struct lane *l = a->lanes; l; l = l->next)
		lane_tick(l, true);
}

static void on_revoked(void *ctx, int32_t partition, bool lost)
{
	struct alarm *a = ctx;
	struct lane *l = lane_of(a, partition);

	if (l && !lost)
		lane_tick(l, true);
	drop_lane(a, partition);
	ringer_wake(a->ringer);
}

static void on_partition_error(
	void *ctx, const char *topic, int32_t partition, int err, const char *text)
{
	struct alarm *a = ctx;
	struct lane *l = lane_of(a, partition);

	if (strcmp(topic, a->log_topic) == 0)
		daemon_fail("topic %s: %s (`muaractl check` says more)", topic, text);
	else if (l)
		lane_topic_error(l, topic, err, text);
}

static void on_fatal(void *ctx, const char *text)
{
	(void)ctx;
	daemon_fail("Kafka: %s (another process with the same --instance?)", text);
}

static const struct kafka_consumer_ops consumer_ops = {.record = on_record,
	.eof = on_end,
	.assigned = on_assigned,
	.revoked = on_revoked,
	.partition_error = on_partition_error,
	.fatal = on_fatal};

/* --- what the ringer asks --- */

static size_t due(void *ctx, size_t hook, const json_t **ret, size_t max)
{
	struct alarm *a = ctx;
	size_t n = 0;

	for (struct lane *l = a->lanes; l && n < max; l = l->next)
		if (l->loaded)
			n += book_due(l->book, hook, alarm_now(), ret + n, max - n);
	return n;
}

static int64_t next_due(void *ctx, size_t hook)
{
	struct alarm *a = ctx;
	int64_t next = BOOK_NEVER;

	for (struct lane *l = a->lanes; l; l = l->next)
		if (l->loaded)
			next = MIN(next, book_next(l->book, hook));
	return next;
}

static int64_t rings(void *ctx, size_t hook, const char *id)
{
	struct alarm *a = ctx;
	int64_t n = 0;

	for (struct lane *l = a->lanes; l; l = l->next)
		n = MAX(n, book_rings(l->book, hook, id));
	return n;
}

static size_t open_events(void *ctx)
{
	struct alarm *a = ctx;
	size_t n = 0;

	for (struct lane *l = a->lanes; l; l = l->next)
		n += book_open(l->book);
	return n;
}

static void rung(void *ctx, size_t hook, const char *id)
{
	struct alarm *a = ctx;
	char key[EMERGENCY_KEY_SIZE];

	for (struct lane *l = a->lanes; l; l = l->next) {
		int64_t n = book_rung(l->book, hook, id, alarm_now());

		if (n)
			append_record(l,
				emergency_rung(id, a->hooks[hook].name, n, clock_wall_ms(), key),
				key, NULL, 0);
	}
}

static const struct ringer_ops ringer_ops = {
	.due = due, .next = next_due, .rings = rings, .open = open_events, .rung = rung};

/* --- the daemon --- */

static void on_tick(void *ctx)
{
	struct alarm *a = ctx;
	int64_t now = clock_mono_ms();
	bool commit = now - a->committed_ms >= a->conf->commit_ms;

	for (struct lane *l = a->lanes; l; l = l->next)
		lane_tick(l, commit);
	if (commit)
		a->committed_ms = now;
	daemon_idle(true);
	loop_timer_arm(a->tick, TICK_MS);
}

static void stop(void *state)
{
	struct alarm *a = state;

	if (!a)
		return;
	ringer_close(a->ringer);
	while (a->lanes)
		drop_lane(a, a->lanes->n);
	kafka_consumer_close(a->consumer);
	kafka_producer_close(a->producer, false);
	loop_timer_del(a->tick);
	free(a->hooks);
	free(a->kafka_extra);
	free(a);
}

static void fill_hooks(struct alarm *a)
{
	const struct conf_hook *h = a->conf->hooks.v;

	a->hooks = xcalloc(a->conf->hooks.n, sizeof(*a->hooks));
	for (size_t i = 0; i < a->conf->hooks.n; i++)
		a->hooks[i] = (struct book_hook){
			h[i].name, h[i].after_ms, h[i].repeat_ms, h[i].tenants.v, h[i].tenants.n};
}

static int open_kafka(struct alarm *a, const char *instance, struct err *e)
{
	struct kafka_producer_conf pc = {
		.common = a->kafka, .report = append_report, .on_fatal = on_fatal, .ctx = a};
	struct kafka_consumer_conf cc = {.common = a->kafka,
		.group_topic = a->log_topic,
		.group = a->group,
		.instance = instance,
		.session_ms = (int)a->conf->session_ms,
		.ops = &consumer_ops,
		.ctx = a};
	int r = kafka_producer_open(a->loop, &pc, &a->producer, e);

	if (!r)
		r = kafka_producer_know(a->producer, a->log_topic, e);
	return r ? r : kafka_consumer_open(a->loop, &cc, &a->consumer, e);
}

static void make_metrics(struct alarm *a)
{
	static const char *const verdicts[] = {
		"none", "unsure", "stale", "raised", "known", "unreadable", NULL};

	a->messages = metric_counter(
		"muara_alarm_messages_total", "Messages screened, by verdict", "verdict", verdicts);
	a->unacknowledged = metric_gauge("muara_alarm_unacknowledged",
		"Emergencies that ring and nobody has acknowledged", NULL, NULL);
}

static int start(struct daemon_env *env, void **ret_state, struct err *e)
{
	struct alarm *a = xcalloc(1, sizeof(*a));
	int r;

	a->loop = env->loop;
	a->conf = env->conf;
	a->shared = env->shared;
	a->rules = (struct screen_rules){a->conf->max_age_ms, a->conf->unsure == 1};
	a->kafka_extra = muara_kafka_extra(a->shared);
	a->kafka = (struct kafka_conf){
		.brokers = a->shared->brokers, .client_id = "alarm", .extra = a->kafka_extra};
	muara_topic(a->shared, "emergencies", a->log_topic);
	muara_group(a->shared, "alarm", a->group);
	fill_hooks(a);
	make_metrics(a);
	a->tick = loop_timer_new(a->loop, on_tick, a);
	r = ringer_open(a->loop, a->conf, &ringer_ops, a, &a->ringer, e);
	if (!r)
		r = open_kafka(a, env->instance, e);
	if (r) {
		stop(a);
		return r;
	}
	on_tick(a);
	*ret_state = a;
	return 0;
}

static void drain(void *state)
{
	struct alarm *a = state;

	a->draining = true;
	ringer_drain(a->ringer);
}

static bool drained(void *state)
{
	struct alarm *a = state;

	if (ringer_busy(a->ringer))
		return false;
	for (struct lane *l = a->lanes; l; l = l->next)
		if (l->n_appends)
			return false;
	commit_all(a);
	return true;
}

static bool health(void *state, char *text, size_t size)
{
	struct alarm *a = state;
	char why[160];
	size_t open = open_events(a), failing = ringer_failing(a->ringer, why, sizeof(why)), n;
	const char *held = NULL, *kafka = kafka_trouble();
	bool loading = false;

	metric_set(a->unacknowledged, NULL, (double)open);
	for (struct lane *l = a->lanes; l; l = l->next) {
		loading |= !l->started;
		held = held ? held : lane_held(l);
	}
	n = (size_t)snprintf(text, size, "%s%s%s%zu unacknowledged", kafka ? kafka : "",
		kafka ? "; " : "",
		!a->lanes ? "no lane given yet; "
		: loading ? "reading; "
			  : "",
		open);
	if (failing && n < size)
		n += (size_t)snprintf(text + n, size - n, "; hook %s", why);
	if (held && n < size)
		snprintf(text + n, size - n, "; %s", held);
	return !kafka && !failing && !held;
}

static const struct daemon_ops ops = {.name = "muara-alarm",
	.summary = "Screens every message for an emergency and rings until a person answers.",
	.options = conf_options,
	.conf_size = sizeof(struct conf),
	.check = conf_check,
	.shared_options = muara_conf_options,
	.shared_size = sizeof(struct muara_conf),
	.shared_check = muara_conf_check,
	.check_both = conf_check_both,
	.start = start,
	.drain = drain,
	.drained = drained,
	.stop = stop,
	.health = health};

int main(int argc, char **argv)
{
	return daemon_main(argc, argv, &ops);
}
