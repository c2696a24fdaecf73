/* muara-normalizer: messages in, uniform complaints out; one decision a record, written once.
 *
 * What is decided and why: decide.h. How a decision gets into the log, the index and the commit,
 * and what is guaranteed when anything dies: desk.h. Several processes may run; the group gives
 * each lane to one of them, the lane's terms keep a stopped one from disturbing its successor.
 * Known gaps: both logs of a lane are read from their beginning at each start; split, link and
 * erase are not there yet. */
#include "base/daemon.h"
#include "base/util.h"
#include "core/muara_conf.h"
#include "desk.h"

struct normalizer {
	struct desk_host host;
	struct lane_member *member;
	const char **kafka_extra;
	bool leaving; /* nothing in flight any more: the lanes are given back */
};

static void stop(void *state)
{
	struct normalizer *n = state;

	if (!n)
		return;
	lane_member_close(n->member);
	json_decref(n->host.accepted);
	free(n->kafka_extra);
	free(n);
}

static int start(struct daemon_env *env, void **ret_state, struct err *e)
{
	struct normalizer *n = xcalloc(1, sizeof(*n));
	const struct settings *s = env->conf;
	struct lane_member_conf c;
	int r;

	n->host.loop = env->loop;
	n->host.settings = s;
	n->host.shared = env->shared;
	n->host.accepted = json_object();
	settings_rules(s, env->shared, &n->host.rules);
	n->kafka_extra = muara_kafka_extra(env->shared);
	n->host.kafka = (struct kafka_conf){.brokers = n->host.shared->brokers,
		.client_id = "normalizer",
		.extra = n->kafka_extra};
	muara_topic(n->host.shared, "complaints", n->host.log_topic);
	muara_group(n->host.shared, "normalizer", n->host.group);
	c = (struct lane_member_conf){.loop = env->loop,
		.kafka = n->host.kafka,
		.topic = n->host.log_topic,
		.log_name = "complaints",
		.daemon = env->name,
		.group = n->host.group,
		.instance = env->instance,
		.session_ms = (int)s->session_ms,
		.lanes = (int)n->host.shared->lanes,
		.kinds = lane_log_kinds("complaints"),
		.state_dir = muara_state_dir(n->host.shared),
		.append_deadline_ms = s->append_deadline_ms,
		.ops = &desk_ops,
		.ctx = &n->host};
	r = lane_member_open(&c, &n->member, e);
	if (r < 0) {
		stop(n);
		return r;
	}
	*ret_state = n;
	return 0;
}

static void drain(void *state)
{
	struct normalizer *n = state;

	n->host.draining = true;
}

static bool drained(void *state)
{
	struct normalizer *n = state;

	if (!n->leaving && !desks_drained(&n->host))
		return false;
	if (!n->leaving)
		lane_member_drain(n->member);
	n->leaving = true;
	return lane_member_drained(n->member);
}

static bool health(void *state, char *text, size_t size)
{
	struct normalizer *n = state;

	return desks_health(&n->host, text, size);
}

static const struct daemon_ops ops = {.name = "muara-normalizer",
	.summary = "Decides what becomes of each message: uniform complaints, archived, dead.",
	.options = settings_options,
	.conf_size = sizeof(struct settings),
	.check = settings_check,
	.shared_options = muara_conf_options,
	.shared_size = sizeof(struct muara_conf),
	.shared_check = muara_conf_check,
	.start = start,
	.drain = drain,
	.drained = drained,
	.stop = stop,
	.health = health};

int main(int argc, char **argv)
{
	return daemon_main(argc, argv, &ops);
}
