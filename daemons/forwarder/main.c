/* muara-forwarder: ready complaints go to their destination, once.
 *
 * Takes `complaints` and `commands`, appends to `submissions`; a lane of its own per partition (see
 * forwarder.h). Nothing is sent before its INTENT is in the log; what became of a call that nobody
 * knows is parked for a person, never sent again blindly.
 *
 * Known gaps: brakes are per process, so a destination shared by lanes of two processes gets twice
 * its concurrency. */
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/util.h"
#include "core/lane_record.h"

#include "forwarder.h"

#define SHOW_MS 1000

static struct loop_timer *show_timer;

static const struct lane_member_ops member_ops = {
	.lane_open = lane_open,
	.lane_close = lane_close,
	.input = inputs_record,
	.input_eof = inputs_eof,
	.input_error = inputs_error,
	.log = &lane_ops,
};

static void on_show(void *ctx)
{
	struct forwarder *f = ctx;

	loop_timer_arm(show_timer, SHOW_MS);
	masters_tick(f->masters);
	stats_show(f);
	status_show(f);
	dues_show(f);
}

static void forwarder_stop(void *state)
{
	struct forwarder *f = state;

	if (!f)
		return;
	lane_member_close(f->member);
	status_free(f->status);
	dues_free(f->dues);
	masters_free(f->masters);
	for (size_t i = 0; f->gates && i < f->n_endpoints; i++)
		gate_free(&f->gates[i]);
	free(f->gates);
	known_ends_free(&f->known);
	httpc_close(f->http);
	asker_close(f->looks);
	asker_close(f->reads);
	loop_timer_del(TAKE_PTR(show_timer));
	blob_close(f->blobs);
	endpoints_free(f->endpoints, f->n_endpoints);
	workdays_free(f->workdays);
	stats_free(f->stats);
	for (int i = 0; i < INPUTS; i++)
		free(f->topics[i]);
	free(f->own_topic);
	free(f->group);
	free(f->member_name);
	free(f->kafka_extra);
	free(f);
}

/* A static member is back at once after a restart, without waiting for its own ghost. */
static char *default_member(const struct daemon_env *env)
{
	char host[64] = "";

	if (gethostname(host, sizeof host - 1))
		host[0] = '\0';
	return xasprintf("%s-%s-%s", env->name, env->instance ? env->instance : "main", host);
}

static void name_all(struct forwarder *f)
{
	char topic[TOPIC_NAME_SIZE], group[MUARA_GROUP_SIZE];

	f->topics[IN_COMPLAINTS] = xstrdup(muara_topic(f->shared, "complaints", topic));
	f->topics[IN_COMMANDS] = xstrdup(muara_topic(f->shared, "commands", topic));
	f->own_topic = xstrdup(muara_topic(f->shared, "submissions", topic));
	f->group = xstrdup(muara_group(f->shared, "forwarder", group));
	f->member_name = f->conf->member ? xstrdup(f->conf->member) : default_member(f->env);
	f->kafka_extra = muara_kafka_extra(f->shared);
}

static int calls_at_once(const struct forwarder *f)
{
	int n = 0;

	for (size_t i = 0; i < f->n_endpoints; i++)
		n += f->endpoints[i].limits.concurrency + 3; /* probes, read-backs, a status */
	return n;
}

static void open_gates(struct forwarder *f)
{
	f->gates = xcalloc(f->n_endpoints, sizeof *f->gates);
	for (size_t i = 0; i < f->n_endpoints; i++)
		gate_init(&f->gates[i], f, &f->endpoints[i]);
}

static int open_member(struct forwarder *f, const struct kafka_conf *kafka, struct err *e)
{
	struct lane_member_conf c = {.loop = f->env->loop,
		.kafka = *kafka,
		.topic = f->own_topic,
		.log_name = "submissions",
		.daemon = f->env->name,
		.group = f->group,
		.instance = f->member_name,
		.session_ms = (int)f->conf->session_ms,
		.kinds = lane_log_kinds("submissions"),
		.state_dir = muara_state_dir(f->shared),
		.ops = &member_ops,
		.ctx = f};

	return lane_member_open(&c, &f->member, e);
}

static int make_folders(const struct forwarder *f, struct err *e)
{
	int r = 0;

	if (f->conf->sheet_dir)
		r = fsio_make_dirs(f->conf->sheet_dir, 0750, e);
	if (!r && f->conf->observe_dir)
		r = fsio_make_dirs(f->conf->observe_dir, 0700, e);
	return r;
}

static int load_holidays(struct forwarder *f, struct err *e)
{
	return f->conf->holidays ? workdays_load(f->conf->holidays, &f->workdays, NULL, e) : 0;
}

static int open_parts(struct forwarder *f, struct err *e)
{
	struct kafka_conf kafka = {
		.brokers = f->shared->brokers, .client_id = f->env->name, .extra = f->kafka_extra};
	int r = endpoints_new(f->conf, &f->endpoints, &f->n_endpoints, e);

	if (!r)
		r = load_holidays(f, e);
	if (!r)
		open_gates(f);
	if (!r)
		r = stats_new(f, &f->stats, e);
	if (!r)
		r = status_new(f, stats_names(f->stats), &f->status);
	if (!r)
		r = dues_new(f, stats_names(f->stats), &f->dues, e);
	if (!r)
		r = masters_new(f, &f->masters, e);
	if (!r)
		r = make_folders(f, e);
	if (!r)
		r = blob_open(f->shared->blob_dir, &f->blobs, e);
	if (!r)
		r = httpc_open(f->env->loop, f->conf->user_agent, calls_at_once(f), &f->http, e);
	if (!r)
		r = asker_open(f->env->loop, &kafka, &f->looks, e);
	if (!r)
		r = asker_open(f->env->loop, &kafka, &f->reads, e);
	if (!r)
		r = open_member(f, &kafka, e);
	return r;
}

static int forwarder_start(struct daemon_env *env, void **ret_state, struct err *e)
{
	struct forwarder *f = xcalloc(1, sizeof *f);
	int r;

	f->env = env;
	f->conf = env->conf;
	f->shared = env->shared;
	name_all(f);
	show_timer = loop_timer_new(env->loop, on_show, f);
	r = open_parts(f, e);
	if (r) {
		forwarder_stop(f);
		return r;
	}
	daemon_status("running");
	/* All it ever waits for is outside: Kafka, a slow create, a call that may still travel. */
	daemon_idle(true);
	loop_timer_arm(show_timer, 0);
	*ret_state = f;
	return 0;
}

static void forwarder_drain(void *state)
{
	struct forwarder *f = state;

	masters_stop(f->masters);
	lane_member_drain(f->member);
}

static bool forwarder_drained(void *state)
{
	const struct forwarder *f = state;

	return lane_member_drained(f->member);
}

static bool forwarder_health(void *state, char *text, size_t size)
{
	return stats_health(state, text, size);
}

int main(int argc, char **argv)
{
	static const struct daemon_ops ops = {
		.name = "muara-forwarder",
		.summary = "Files ready complaints at their destination, once.",
		.options = conf_options,
		.conf_size = sizeof(struct conf),
		.check = conf_check,
		.check_both = conf_check_both,
		.shared_options = muara_conf_options,
		.shared_size = sizeof(struct muara_conf),
		.shared_check = muara_conf_check,
		.start = forwarder_start,
		.drain = forwarder_drain,
		.drained = forwarder_drained,
		.stop = forwarder_stop,
		.health = forwarder_health,
	};

	return daemon_main(argc, argv, &ops);
}
