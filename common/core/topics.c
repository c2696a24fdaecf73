/* topics: see topics.h. Broker defaults that matter are restated, so that a cluster with other
 * defaults is found out by `check`. */
#include <string.h>

#include "base/util.h"

#include "core/topics.h"

#define DAY_MS "86400000"

/* clang-format off */
/* Personal data: at most 90 days on disk. A closed segment lives up to retention.ms after its last
 * record and is open for up to segment.ms before: 88 d + 1 d, and a day for the cleaner. */
static const struct topic_config raw_configs[] = {
	{"cleanup.policy", "delete"},
	{"retention.ms", "7603200000"},
	{"retention.bytes", "-1"},
	{"segment.ms", DAY_MS},
	{},
};

/* No personal data, kept for ever, never compacted: a filing is a fact about the world. */
static const struct topic_config submissions_configs[] = {
	{"cleanup.policy", "delete"},
	{"retention.ms", "-1"},
	{"retention.bytes", "-1"},
	{},
};

/* Compaction removes only what an erasure names (keys are never used twice); it must get there
 * within a day, and a reader that slept for a week still meets the tombstone. */
static const struct topic_config compact_configs[] = {
	{"cleanup.policy", "compact"},
	{"retention.ms", "-1"},
	{"retention.bytes", "-1"},
	{"segment.ms", DAY_MS},
	{"max.compaction.lag.ms", DAY_MS},
	{"min.compaction.lag.ms", "0"},
	{"delete.retention.ms", "604800000"},
	{},
};

/* LogAppendTime: Kafka 4 refuses record times far ahead, and old event times would be deleted at
 * once. flush.messages: replication does not survive one power cut of one room. */
static const struct topic_config common_configs[] = {
	{"message.timestamp.type", "LogAppendTime"},
	{"flush.messages", "1"},
	{"unclean.leader.election.enable", "false"},
	{"max.message.bytes", "1048588"},
	{"compression.type", "producer"},
	{},
};

const struct topic_spec topic_specs[] = {
	{"raw.", false, raw_configs, "accepted messages of one channel"},
	{"complaints", true, compact_configs, "decisions of the normalizer"},
	{"submissions", true, submissions_configs, "filings of the forwarder"},
	{"replies", true, compact_configs, "answers of the replier"},
	{"emergencies", false, compact_configs, "alarms and their acknowledgement"},
	{"media", false, compact_configs, "fetched attachments"},
	{"commands", false, compact_configs, "acts of operators"},
	{"cursors", false, compact_configs, "how far each source has been read"},
	{},
};
/* clang-format on */

static size_t add_configs(struct topic *t, size_t n, const struct topic_config *from)
{
	for (; from->key && n < TOPIC_CONFIGS_MAX - 1; from++)
		t->configs[n++] = *from;
	return n;
}

static void fill(struct topic *t, const struct muara_conf *c, const struct topic_spec *spec,
	const char *channel)
{
	size_t n;

	t->spec = spec;
	snprintf(t->short_name, sizeof t->short_name, "%s%s", spec->name, channel);
	muara_topic(c, t->short_name, t->name);
	n = add_configs(t, 0, spec->configs);
	n = add_configs(t, n, common_configs);
	t->configs[n++] =
		(struct topic_config){"min.insync.replicas", c->replication >= 3 ? "2" : "1"};
	t->configs[n] = (struct topic_config){};
}

struct topic *topics_of(const struct muara_conf *c, size_t *ret_n)
{
	struct topic *all = xcalloc(ARRAY_SIZE(topic_specs) + c->channels.n, sizeof *all);
	size_t n = 0;

	for (size_t i = 0; i < c->channels.n; i++)
		fill(&all[n++], c, &topic_specs[0], c->channels.v[i]);
	for (size_t i = 1; topic_specs[i].name; i++)
		fill(&all[n++], c, &topic_specs[i], "");
	*ret_n = n;
	return all;
}

void topic_config_list(const struct topic *t, const char **ret)
{
	for (const struct topic_config *k = t->configs; k->key; k++) {
		*ret++ = k->key;
		*ret++ = k->value;
	}
	*ret = NULL;
}
