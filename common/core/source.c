/* source: see source.h.
 *
 * Phases: READING (cursors topic from its beginning to its end, then the end of the raw log, or all
 * of it) -> STARTING (the cursor "start" is being written, only for `start: now` at a first start)
 * -> RUNNING -> DRAINING. Everything is event-driven but one look for the end of the raw log (1 s
 * at most); Kafka away keeps the phase where it is. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/kafka.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/emitter.h"
#include "core/idtime.h"
#include "core/source_private.h"

#define RETRY_MS	1000
#define LOOK_MS		1000
#define SLOW_READ_MS	5000
#define WATERMARK_MS	1000
#define READER_WAIT_MS	10 /* the reader lives until the cursors are read; nothing else waits */
#define REPORTS_LATE_MS (5 * 60 * 1000) /* above the producer's delivery time-out of 2 min */

const char *const source_review_choices[] = {"auto", "required", NULL};

/* The daemon skeleton hands no context to start(): one process is one source. */
static const struct source_ops *this_source;

struct loop *source_loop(const struct source *s)
{
	return s->env->loop;
}

const void *source_conf(const struct source *s)
{
	return s->env->conf;
}

const struct muara_conf *source_shared(const struct source *s)
{
	return s->env->shared;
}

struct blob_store *source_blobs(const struct source *s)
{
	return s->blobs;
}

bool source_trying(const struct source *s)
{
	return s->trial != NULL;
}

bool source_running(const struct source *s)
{
	return s->phase == RUNNING;
}

bool source_kafka_up(const struct source *s)
{
	return s->trial || emitter_up(s->emitter);
}

long source_in_flight(const struct source *s)
{
	return s->trial ? source_trial_in_flight(s->trial) : emitter_in_flight(s->emitter);
}

void source_wake(struct source *s)
{
	if (s->phase == RUNNING && s->ops->step)
		loop_timer_arm(s->step, 0);
}

void source_message(const struct source *s, struct message *ret)
{
	*ret = (struct message){.tenant = s->common->tenant,
		.channel = s->channel,
		.account = s->common->account,
		.max_age_ms = s->common->max_age_ms,
		.start_ms = s->start_ms,
		.received_ms = clock_wall_ms()};
	ret->source.daemon = s->env->name;
	ret->source.instance = s->env->instance;
	ret->source.review_required = s->common->review == 1;
}

int source_put(struct source *s, const struct message *m, source_report_fn *report, void *ctx,
	uint64_t number, char ret_id[UUID_TEXT_SIZE], struct err *e)
{
	if (s->trial)
		return source_trial_put(s->trial, m, report, ctx, number, ret_id, e);
	return emitter_put(s->emitter, m, report, ctx, number, ret_id, e);
}

int source_cursor(struct source *s, const char *name, const json_t *value, int64_t raw_offset,
	source_report_fn *written, void *ctx, struct err *e)
{
	if (s->trial) /* never said to be written: whoever waits for it goes no further */
		return 0;
	return emitter_cursor(s->emitter, name, value, raw_offset, written, ctx, e);
}

/* --- cursors and the raw log at start --- */

static void run(struct source *s)
{
	s->phase = RUNNING;
	s->cursors = (json_decref(s->cursors), NULL);
	daemon_status("running, lane %d", (int)s->lane);
	log_notice("cursors read, intake begins");
	if (s->ops->ready)
		s->ops->ready(s->state);
	source_wake(s);
}

static void start_written(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct source *s = ctx;

	(void)number;
	(void)offset;
	if (s->phase != STARTING)
		return;
	if (ok)
		run(s);
	else
		loop_timer_arm(s->retry, RETRY_MS);
}

/* `start: now` means the first start of this instance, for ever. */
static void write_start(struct source *s)
{
	_cleanup_json_ json_t *value = json_object();
	struct err e = {0};

	s->phase = STARTING;
	if (!s->start_ms)
		s->start_ms = clock_wall_ms();
	json_set_int(value, "start_ms", s->start_ms);
	if (source_cursor(s, "start", value, -1, start_written, s, &e)) {
		log_warn("start time not written: %s", e.text);
		loop_timer_arm(s->retry, RETRY_MS);
	}
}

static bool cursor_holds(struct source *s, const char *name, const json_t *record)
{
	int64_t offset = json_int(json_object_get(record, "raw"), "offset", -1);

	if (offset < s->raw_end)
		return true;
	metric_add(s->ahead, NULL, 1);
	log_error("the raw log ends at %" PRId64 ", before cursor %s (offset %" PRId64
		  "): records were lost; reading again from before",
		s->raw_end, name, offset);
	return false;
}

static void all_read(struct source *s)
{
	const char *name;
	json_t *record;
	void *next;

	kafka_consumer_close(TAKE_PTR(s->reader));
	json_object_foreach_safe (s->cursors, next, name, record) {
		const json_t *value = json_object_get(record, "value");

		if (strcmp(name, "start") == 0) {
			if (!s->start_ms)
				s->start_ms = json_int(value, "start_ms", 0);
		} else if (cursor_holds(s, name, record) && s->ops->cursor) {
			s->ops->cursor(s->state, name, value);
		}
	}
	if (s->start_ms)
		run(s);
	else
		write_start(s);
}

static void take_cursor(struct source *s, const struct kafka_record *r)
{
	size_t prefix_len = strlen(s->cursor_prefix);
	_cleanup_json_ json_t *record = NULL;
	_cleanup_free_ char *name = NULL;
	struct err e = {0};

	if (r->key_len <= prefix_len || memcmp(r->key, s->cursor_prefix, prefix_len) != 0)
		return;
	name = xstrndup(r->key + prefix_len, r->key_len - prefix_len);
	if (!r->value) {
		json_object_del(s->cursors, name);
		return;
	}
	if (json_parse(r->value, r->value_len, 1 << 20, &record, &e) ||
		json_object_set(s->cursors, name, record))
		log_error("cursor at offset %" PRId64 " is unreadable and ignored: %s", r->offset,
			e.text);
}

static bool reads_raw(const struct source *s)
{
	return s->ops->raw && (!s->ops->reads_raw || s->ops->reads_raw(s->env->conf));
}

static int on_record(void *ctx, const struct kafka_record *r)
{
	struct source *s = ctx;
	_cleanup_json_ json_t *record = NULL;

	daemon_progress();
	s->progress_ms = clock_mono_ms();
	if (s->phase == READING_CURSORS)
		take_cursor(s, r);
	else if (s->phase == READING_RAW && reads_raw(s) && r->value &&
		 message_parse(r->value, r->value_len, &record, NULL) == 0)
		s->ops->raw(s->state, record);
	return 0;
}

static void wait_for_topic(struct source *s, const char *topic, const char *why)
{
	daemon_status("waiting for topic %s: %s (muaractl topics create makes it)", topic, why);
	loop_timer_arm(s->retry, RETRY_MS);
}

static void read_from_begin(struct source *s, const char *topic)
{
	struct err e = {0};

	if (kafka_consumer_assign_add(s->reader, topic, s->lane, KAFKA_BEGIN, &e))
		wait_for_topic(s, topic, e.text);
}

/* Asked, not read: an assignment to the end would take two seconds longer. It must come after the
 * cursors were read: an end from before would lie below a cursor written in between. Blocking. */
static void find_raw_end(struct source *s)
{
	const char *topic = emitter_raw_topic(s->emitter);
	struct err e = {0};
	int64_t low;

	if (kafka_watermarks(s->reader, topic, s->lane, &low, &s->raw_end, WATERMARK_MS, &e)) {
		wait_for_topic(s, topic, e.text);
		return;
	}
	s->phase = READ;
	all_read(s);
}

static void on_eof(void *ctx, const char *topic, int32_t partition, int64_t next_offset)
{
	struct source *s = ctx;

	(void)partition;
	daemon_progress();
	s->progress_ms = clock_mono_ms();
	if (s->phase == READING_CURSORS && strcmp(topic, emitter_cursors_topic(s->emitter)) == 0) {
		kafka_consumer_assign_del(s->reader, topic, partition, NULL);
		s->phase = READING_RAW;
		loop_timer_arm(s->retry, 0);
	} else if (s->phase == READING_RAW && strcmp(topic, emitter_raw_topic(s->emitter)) == 0) {
		s->phase = READ; /* the reader is closed outside its own callback */
		s->raw_end = next_offset;
		loop_timer_arm(s->retry, 0);
	}
}

static void on_partition_error(
	void *ctx, const char *topic, int32_t partition, int code, const char *text)
{
	struct source *s = ctx;

	(void)partition;
	(void)code;
	wait_for_topic(s, topic, text);
}

static void on_retry(void *ctx)
{
	struct source *s = ctx;

	if (s->phase == READING_CURSORS)
		read_from_begin(s, emitter_cursors_topic(s->emitter));
	else if (s->phase == READING_RAW && reads_raw(s))
		read_from_begin(s, emitter_raw_topic(s->emitter));
	else if (s->phase == READING_RAW)
		find_raw_end(s);
	else if (s->phase == READ)
		all_read(s);
	else if (s->phase == STARTING)
		write_start(s);
}

static int open_reader(struct source *s, struct err *e)
{
	static const struct kafka_consumer_ops reader_ops = {
		.record = on_record, .eof = on_eof, .partition_error = on_partition_error};
	const struct muara_conf *shared = s->env->shared;
	_cleanup_free_ const char **extra = muara_kafka_extra(shared);
	struct kafka_consumer_conf c = {
		.common = {.brokers = shared->brokers, .client_id = s->env->name, .extra = extra},
		.fetch_wait_ms = READER_WAIT_MS,
		.ops = &reader_ops,
		.ctx = s,
	};

	return kafka_consumer_open(s->env->loop, &c, &s->reader, e);
}

/* --- the skeleton's hooks --- */

void source_step(void *ctx)
{
	struct source *s = ctx;
	int64_t wait_ms;

	if (s->phase != RUNNING)
		return;
	wait_ms = s->ops->step(s->state);
	daemon_progress();
	if (wait_ms >= 0 && !loop_timer_armed(s->step))
		loop_timer_arm(s->step, wait_ms);
}

static void on_reported(void *ctx)
{
	struct source *s = ctx;

	s->reported_ms = clock_mono_ms();
	source_wake(s);
}

/* Waiting for reports is no fault of this process while Kafka is away or slow; librdkafka gives
 * each within its delivery time-out. Reports that never come are one: the watchdog ends it. */
static void on_look(void *ctx)
{
	struct source *s = ctx;
	int64_t now = clock_mono_ms();

	if (source_in_flight(s) == 0)
		s->reported_ms = now;
	daemon_idle(now - s->reported_ms < REPORTS_LATE_MS);
	/* librdkafka gives a topic that is not there 30 s to appear before it says so */
	if ((s->phase == READING_CURSORS || s->phase == READING_RAW) && emitter_up(s->emitter) &&
		now - s->progress_ms > SLOW_READ_MS)
		daemon_status("reading cursors; nothing comes: is topic %s there? (muaractl topics "
			      "create makes it)",
			s->phase == READING_CURSORS ? emitter_cursors_topic(s->emitter)
						    : emitter_raw_topic(s->emitter));
	loop_timer_arm(s->look, LOOK_MS);
}

/* 0 in *ret_ms: "now". */
static int start_time(
	const struct source_common *c, const struct muara_conf *shared, int64_t *ret_ms)
{
	*ret_ms = 0;
	if (strcmp(c->start, "now") == 0)
		return 0; /* the cursor knows */
	if (id_time_parse(c->start, muara_zone_minutes(shared), ret_ms) || *ret_ms <= 0)
		return -EINVAL;
	return 0;
}

static const char *channel_of(const void *conf)
{
	return this_source->channel ? this_source->channel : this_source->channel_of(conf);
}

/* What only shows beside muara.yaml. Fields may be missing here: the table has told that. */
static void check_both(const void *conf, const void *shared_conf, struct options_faults *f)
{
	const struct source_common *c = conf;
	const struct muara_conf *shared = shared_conf;
	const char *channel = channel_of(conf);
	int64_t ms;

	if (c->tenant && !muara_tenant(shared, c->tenant))
		options_fault(f, "tenant", "is none of the tenants in muara.yaml");
	if (channel && !muara_has_channel(shared, channel))
		options_fault(f, this_source->channel ? "" : "channel",
			"its channel \"%s\" is not among the channels in muara.yaml; add it there "
			"and run muaractl topics create",
			channel);
	if (c->start && start_time(c, shared, &ms))
		options_fault(f, "start", "must be \"now\" or a date such as 2026-11-01");
}

static void source_stop(void *state)
{
	struct source *s = state;

	if (!s)
		return;
	kafka_consumer_close(s->reader);
	emitter_close(s->emitter); /* its last reports still reach the source */
	if (s->state)
		s->ops->close(s->state);
	loop_timer_del(s->step);
	loop_timer_del(s->retry);
	loop_timer_del(s->look);
	blob_close(s->blobs);
	json_decref(s->cursors);
	free(s->cursor_prefix);
	free(s);
}

static int open_parts(struct source *s, struct err *e)
{
	struct emitter_conf ec = {
		.loop = s->env->loop,
		.shared = s->env->shared,
		.daemon = s->env->name,
		.instance = s->env->instance,
		.channel = s->channel,
		.lane = s->lane,
		.reported = on_reported,
		.ctx = s,
	};
	int r = blob_open(source_shared(s)->blob_dir, &s->blobs, e);

	ec.blobs = s->blobs;
	if (r == 0)
		r = emitter_open(&ec, &s->emitter, e);
	if (r == 0)
		r = open_reader(s, e);
	if (r == 0)
		r = s->ops->open(s, &s->state, e);
	return r;
}

static int source_start(struct daemon_env *env, void **ret_state, struct err *e)
{
	struct source *s = xcalloc(1, sizeof(*s));
	int r;

	s->env = env;
	s->ops = this_source;
	s->common = env->conf;
	s->channel = channel_of(env->conf);
	s->lane = (int32_t)muara_tenant(env->shared, s->common->tenant)->lane;
	(void)start_time(s->common, env->shared, &s->start_ms); /* checked with the file */
	s->cursors = json_object();
	s->cursor_prefix = xasprintf("%s/%s/", env->name, env->instance);
	s->step = loop_timer_new(env->loop, source_step, s);
	s->retry = loop_timer_new(env->loop, on_retry, s);
	s->look = loop_timer_new(env->loop, on_look, s);
	s->ahead = metric_counter("muara_ingest_cursor_ahead_total",
		"Cursors found beyond the end of the raw log: it lost records", NULL, NULL);
	r = open_parts(s, e);
	if (r) {
		source_stop(s);
		return r;
	}
	daemon_status("reading cursors");
	s->progress_ms = clock_mono_ms();
	on_look(s);
	read_from_begin(s, emitter_cursors_topic(s->emitter));
	*ret_state = s;
	return 0;
}

static int source_try(const struct daemon_env *env, const struct daemon_try *what)
{
	struct source s = {.env = env,
		.ops = this_source,
		.common = env->conf,
		.channel = channel_of(env->conf)};

	(void)start_time(s.common, env->shared, &s.start_ms); /* checked with the file; now: 0 */
	return source_trial_run(&s, what);
}

static void source_drain(void *state)
{
	struct source *s = state;

	s->phase = DRAINING;
	if (s->ops->drain)
		s->ops->drain(s->state);
}

/* With Kafka away nothing more gets finished; what has no report was not accepted. */
static bool source_drained(void *state)
{
	struct source *s = state;

	if (!emitter_up(s->emitter))
		return true;
	return source_in_flight(s) == 0 && (!s->ops->drained || s->ops->drained(s->state));
}

static bool source_health(void *state, char *text, size_t size)
{
	struct source *s = state;
	bool up = emitter_up(s->emitter);

	snprintf(text, size, "%s", up ? "" : "Kafka is away");
	if (up && s->phase == RUNNING && s->ops->health)
		return s->ops->health(s->state, text, size);
	return up && s->phase == RUNNING;
}

int source_main(int argc, char **argv, const struct source_ops *ops)
{
	_cleanup_free_ char *name = xasprintf("muara-%s", ops->name);
	struct daemon_ops d = {
		.name = name,
		.summary = ops->summary,
		.options = ops->options,
		.conf_size = ops->conf_size,
		.check = ops->check,
		.shared_options = muara_conf_options,
		.shared_size = sizeof(struct muara_conf),
		.shared_check = muara_conf_check,
		.check_both = check_both,
		.start = source_start,
		.drain = source_drain,
		.drained = source_drained,
		.stop = source_stop,
		.health = source_health,
		.try = ops->sample || ops->looks ? source_try : NULL,
	};

	this_source = ops;
	return daemon_main(argc, argv, &d);
}
