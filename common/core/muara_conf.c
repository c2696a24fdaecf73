/* muara_conf: see muara_conf.h. config/muara.yaml is the commented sample of this table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#include "core/muara_conf.h"

#define NAME_MAX_LEN 32
#define STATE_DIR    "/var/lib/muara"

static const char *const log_levels[] = {"error", "warning", "notice", "info", "debug", NULL};

/* clang-format off */
static const struct option_row tenant_options[] = {
	OPT(struct muara_tenant, OPT_STRING, name, "name", NULL, .flags = OPT_REQUIRED, .min = 1, .max = NAME_MAX_LEN,
		.help = "A government with its own LAPOR! account; part of every message id, never rename it."),
	OPT(struct muara_tenant, OPT_INT, lane, "lane", "0", .min = 0, .max = 255,
		.help = "Partition of all topics this tenant lives in; below `lanes`."),
	OPT(struct muara_tenant, OPT_STRING, destination, "destination", NULL, .flags = OPT_REQUIRED, .min = 1,
		.max = NAME_MAX_LEN, .help = "Destination of its complaints, by its name in forwarder.yaml."),
	OPT_END
};

const struct option_row muara_conf_options[] = {
	OPT(struct muara_conf, OPT_STRING, brokers, "brokers", "localhost:9092", .min = 1, .max = 1000,
		.help = "Kafka brokers, host:port, comma-separated."),
	OPT(struct muara_conf, OPT_STRING, prefix, "prefix", "muara.", .min = 1, .max = 64,
		.help = "Every topic's name begins with this."),
	OPT(struct muara_conf, OPT_INT, lanes, "lanes", "1", .min = 1, .max = 256,
		.help = "Partitions of every topic; fixed when the topics are created."),
	OPT(struct muara_conf, OPT_INT, replication, "replication", "1", .min = 1, .max = 7,
		.help = "Copies of every topic; from 3 on two must be in sync for a write to count."),
	OPT(struct muara_conf, OPT_MAP, kafka, "kafka", NULL,
		.help = "Further librdkafka settings, such as security.protocol and ssl.ca.location."),
	OPT(struct muara_conf, OPT_STRINGS, channels, "channels", NULL, .flags = OPT_REQUIRED,
		.help = "Channels messages come by; each has a topic raw.<channel>."),
	OPT(struct muara_conf, OPT_LIST, tenants, "tenants", NULL, .flags = OPT_REQUIRED,
		.sub = tenant_options, .sub_size = sizeof(struct muara_tenant),
		.help = "The governments served."),
	OPT(struct muara_conf, OPT_PATH, state_dir, "state_dir", STATE_DIR, .flags = OPT_REQUIRED,
		.help = "What a daemon remembers on this machine; under systemd the default is its StateDirectory."),
	OPT(struct muara_conf, OPT_PATH, blob_dir, "blob_dir", "/var/lib/muara/blobs", .flags = OPT_REQUIRED,
		.help = "Blob store, named by content; shared by all machines."),
	OPT(struct muara_conf, OPT_PATH, redis, "redis", "/run/redis/redis-server.sock", .flags = OPT_REQUIRED,
		.help = "Unix socket of Redis, which holds the index."),
	OPT(struct muara_conf, OPT_STRING, timezone, "timezone", "+07:00", .min = 1, .max = 8,
		.help = "Zone of local times: an offset, or WIB, WITA, WIT."),
	OPT(struct muara_conf, OPT_STRING, metrics, "metrics", NULL, .max = 200,
		.help = "Where a daemon shows metrics and /healthz unless its own file says: a Unix socket or a "
			"loopback address; %n becomes its name, %i its instance."),
	OPT(struct muara_conf, OPT_ENUM, log_level, "log_level", "info", .choices = log_levels,
		.help = "What goes into the journal: this level and what is more serious."),
	OPT(struct muara_conf, OPT_DURATION, stop_ms, "stop_timeout", "20s", .min = 1000, .max = 3600 * 1000,
		.help = "How long a daemon finishes what it has in flight when stopped; below TimeoutStopSec of its unit."),
	OPT_END
};
/* clang-format on */

/* Names end up in topic names, Kafka keys and ids: one small alphabet for all. */
static bool plain_name(const char *s, size_t max)
{
	size_t n = strlen(s);

	return n > 0 && n <= max && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n &&
	       s[0] != '-' && s[0] != '_';
}

static void check_channels(const struct muara_conf *c, struct options_faults *f)
{
	if (!c->channels.n)
		options_fault(f, "channels", "is empty; name at least one, such as [whatsapp]");
	for (size_t i = 0; i < c->channels.n; i++) {
		const char *s = c->channels.v[i];

		if (!plain_name(s, NAME_MAX_LEN))
			options_fault(f, "channels",
				"entry %zu: a channel is 1 to %d of a-z 0-9 - _, beginning with a "
				"letter or digit",
				i + 1, NAME_MAX_LEN);
		for (size_t k = 0; k < i; k++)
			if (strcmp(s, c->channels.v[k]) == 0)
				options_fault(f, "channels", "\"%s\" is named twice", s);
	}
}

static void check_tenants(const struct muara_conf *c, struct options_faults *f)
{
	const struct muara_tenant *t = c->tenants.v;

	if (!c->tenants.n)
		options_fault(f, "tenants", "is empty; name at least one government");
	for (size_t i = 0; i < c->tenants.n; i++) {
		if (t[i].name && !plain_name(t[i].name, NAME_MAX_LEN))
			options_fault(f, "tenants",
				"entry %zu: a name is 1 to %d of a-z 0-9 - _, beginning with a "
				"letter or digit",
				i + 1, NAME_MAX_LEN);
		if (t[i].lane >= c->lanes)
			options_fault(f, "tenants",
				"entry %zu: lane %lld does not exist; with lanes: %lld the last is "
				"%lld",
				i + 1, (long long)t[i].lane, (long long)c->lanes,
				(long long)c->lanes - 1);
		for (size_t k = 0; k < i; k++)
			if (t[i].name && t[k].name && strcmp(t[i].name, t[k].name) == 0)
				options_fault(f, "tenants", "\"%s\" is named twice", t[i].name);
	}
}

static bool prefix_ok(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
	       strlen(s);
}

void muara_conf_check(void *conf, struct options_faults *f)
{
	const struct muara_conf *c = conf;
	int minutes;

	check_channels(c, f);
	check_tenants(c, f);
	if (c->prefix && !prefix_ok(c->prefix))
		options_fault(f, "prefix", "may hold letters, digits, '.', '_' and '-' only");
	if (c->timezone && muara_zone_parse(c->timezone, &minutes))
		options_fault(
			f, "timezone", "is no offset such as +07:00 and none of WIB, WITA, WIT, Z");
}

const char *muara_state_dir(const struct muara_conf *c)
{
	const char *given = getenv("STATE_DIRECTORY");

	return given && *given && strcmp(c->state_dir, STATE_DIR) == 0 ? given : c->state_dir;
}

char *muara_state_dir_of(const struct muara_conf *c, const char *daemon)
{
	return strcmp(c->state_dir, STATE_DIR) == 0 ? xasprintf("%s/%s", STATE_DIR, daemon)
						    : xstrdup(c->state_dir);
}

const char *muara_topic(const struct muara_conf *c, const char *name, char ret[TOPIC_NAME_SIZE])
{
	if (snprintf(ret, TOPIC_NAME_SIZE, "%s%s", c->prefix, name) >= TOPIC_NAME_SIZE)
		abort(); /* prefix <= 64, channel <= 32: a bug, not an input */
	return ret;
}

const char *muara_group(const struct muara_conf *c, const char *daemon, char ret[MUARA_GROUP_SIZE])
{
	if (snprintf(ret, MUARA_GROUP_SIZE, "%s%s", c->prefix, daemon) >= MUARA_GROUP_SIZE)
		abort();
	return ret;
}

const char *muara_topic_short(const struct muara_conf *c, const char *topic)
{
	size_t n = strlen(c->prefix);

	return strncmp(topic, c->prefix, n) == 0 ? topic + n : NULL;
}

const struct muara_tenant *muara_tenant(const struct muara_conf *c, const char *name)
{
	const struct muara_tenant *t = c->tenants.v;

	for (size_t i = 0; name && i < c->tenants.n; i++)
		if (strcmp(t[i].name, name) == 0)
			return &t[i];
	return NULL;
}

bool muara_has_channel(const struct muara_conf *c, const char *channel)
{
	for (size_t i = 0; i < c->channels.n; i++)
		if (strcmp(c->channels.v[i], channel) == 0)
			return true;
	return false;
}

static int two_digits(const char *s, int max)
{
	int v;

	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return -1;
	v = (s[0] - '0') * 10 + (s[1] - '0');
	return v <= max ? v : -1;
}

int muara_zone_parse(const char *text, int *ret_minutes)
{
	static const struct {
		const char *name;
		int minutes;
	} names[] = {{"Z", 0}, {"UTC", 0}, {"WIB", 420}, {"WITA", 480}, {"WIT", 540}};
	int h, m;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(text, names[i].name) == 0) {
			*ret_minutes = names[i].minutes;
			return 0;
		}
	}
	if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
		return -EINVAL;
	h = two_digits(text + 1, 14);
	m = two_digits(text + 4, 59);
	if (h < 0 || m < 0)
		return -EINVAL;
	*ret_minutes = (text[0] == '-' ? -1 : 1) * (h * 60 + m);
	return 0;
}

int muara_zone_minutes(const struct muara_conf *c)
{
	int minutes = 0;

	if (muara_zone_parse(c->timezone, &minutes))
		abort(); /* checked with the configuration */
	return minutes;
}

const char **muara_kafka_extra(const struct muara_conf *c)
{
	const char **list = xcalloc(2 * c->kafka.n + 1, sizeof *list);

	for (size_t i = 0; i < c->kafka.n; i++) {
		list[2 * i] = c->kafka.v[i].key;
		list[2 * i + 1] = c->kafka.v[i].value;
	}
	return list;
}
