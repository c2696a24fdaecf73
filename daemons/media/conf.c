/* See conf.h. */
#include "conf.h"

#include <string.h>

#include "base/util.h"
#include "reach.h"

#define MINUTE (60 * 1000LL)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define MIB    (1024 * 1024LL)

static const char *const by_choices[] = {"id", "url", NULL};

/* clang-format off */
static const struct option_row origin_options[] = {
	OPT(struct origin, OPT_STRING, channel, "channel", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 64,
		.help = "Channel of the messages, as in muara.yaml"),
	OPT(struct origin, OPT_STRING, account, "account", NULL, .max = 64,
		.help = "Only messages of this account of it; without: any"),
	OPT(struct origin, OPT_ENUM, by, "by", "url", .choices = by_choices,
		.help = "id: ask base/<id> for a link first (WhatsApp); url: the message holds the link"),
	OPT(struct origin, OPT_STRING, base, "base", NULL, .max = 400,
		.help = "By id: address in front of the id"),
	OPT(struct origin, OPT_STRING, phone_number_id, "phone_number_id", NULL, .max = 64,
		.help = "By id: the number the media must belong to; the vendor refuses others"),
	OPT(struct origin, OPT_SECRET, token, "token", NULL, .min = 1,
		.help = "File with the Bearer token; by id required, sent to base and to the link it gave"),
	OPT(struct origin, OPT_STRINGS, hosts, "hosts", NULL, .min = 1, .max = 64,
		.help = "Hosts a link may point to, \"*.\" for all below; nothing else is asked"),
	OPT(struct origin, OPT_DURATION, lifetime_ms, "lifetime", "7d", .min = 1000, .max = 30 * DAY,
		.help = "Tried for so long after the message came, then reported as missing"),
	OPT(struct origin, OPT_PATH, ca_file, "ca_file", NULL,
		.help = "PEM file of the authorities to trust, when the system's are not meant"),
	OPT_END
};

const struct option_row media_options[] = {
	OPT(struct media_conf, OPT_LIST, origins, "origins", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 64,
		.sub = origin_options, .sub_size = sizeof(struct origin),
		.help = "Where attachments lie, by channel; channels not named are not read"),
	OPT(struct media_conf, OPT_STRINGS, exceptions, "exceptions", NULL, .max = 16,
		.help = "Addresses (number and port) that may be asked though not public, and by http"),
	OPT(struct media_conf, OPT_SIZE, max_bytes, "max_size", "100MiB", .min = 1024, .max = 1024 * MIB,
		.help = "Largest attachment; a larger one is cut off while it is read, and refused"),
	OPT(struct media_conf, OPT_DURATION, connect_ms, "connect_timeout", "10s", .min = 100, .max = 5 * MINUTE,
		.help = "For a connection, TLS included"),
	OPT(struct media_conf, OPT_DURATION, total_ms, "timeout", "2m", .min = 100, .max = HOUR,
		.help = "For one attempt in all, however slowly the bytes come"),
	OPT(struct media_conf, OPT_INT, parallel, "parallel", "4", .min = 1, .max = 64,
		.help = "Attempts under way at once"),
	OPT(struct media_conf, OPT_INT, waiting, "waiting", "20000", .min = 1, .max = 100000,
		.help = "Attachments known and not done; beyond that the topics pause"),
	OPT(struct media_conf, OPT_DURATION, retry_ms, "retry", "5s", .min = 10, .max = HOUR,
		.help = "After a failed attempt a random wait up to this, doubling"),
	OPT(struct media_conf, OPT_DURATION, retry_max_ms, "retry_max", "15m", .min = 10, .max = DAY,
		.help = "And no longer than this"),
	OPT(struct media_conf, OPT_DURATION, gone_ms, "gone_after", "1h", .min = 0, .max = 7 * DAY,
		.help = "\"There is no such thing\" is believed when the message is this old"),
	OPT(struct media_conf, OPT_PATH, work_dir, "work_dir", "/var/tmp",
		.help = "Folder for what is being read; files there have no name"),
	OPT(struct media_conf, OPT_STRING, user_agent, "user_agent", "Muara", .min = 1, .max = 200,
		.help = "User-Agent of every call"),
	OPT(struct media_conf, OPT_DURATION, session_ms, "session", "45s", .min = 1000, .max = 30 * MINUTE,
		.help = "A process that was not heard of for this long loses its lanes to another"),
	OPT(struct media_conf, OPT_DURATION, commit_ms, "commit", "1s", .min = 0, .max = MINUTE,
		.help = "Positions of the topics are committed this often"),
	OPT(struct media_conf, OPT_DURATION, stop_ms, "stop_timeout", "20s", .min = 1000, .max = 10 * MINUTE,
		.help = "A stop waits this long for records under way; below TimeoutStopSec of the unit"),
	OPT(struct media_conf, OPT_STRING, metrics, "metrics", NULL, .max = 200,
		.help = "Where /metrics and /healthz listen; without it as muara.yaml says"),
	OPT_END
};
/* clang-format on */

static void check_hosts(const struct origin *o, size_t i, struct options_faults *f)
{
	struct err e = {0};
	char key[64];

	snprintf(key, sizeof(key), "origins.%zu.hosts", i);
	if (!o->hosts.n)
		options_fault(f, key, "must name at least one host");
	for (size_t k = 0; k < o->hosts.n; k++)
		if (reach_host_check(o->hosts.v[k], &e))
			options_fault(f, key, "%s", e.text);
}

static void check_origin(
	const struct media_conf *c, const struct origin *o, size_t i, struct options_faults *f)
{
	enum reach r = o->base ? reach_url(o->base, NULL, &c->exceptions, NULL) : REACH_YES;
	char key[64];

	check_hosts(o, i, f);
	snprintf(key, sizeof(key), "origins.%zu.base", i);
	if (r != REACH_YES)
		options_fault(f, key,
			"must be an https address without a user name (http only "
			"when its address and port are among exceptions)");
	if (o->by == BY_ID && !o->base)
		options_fault(f, key, "must be set with by: id");
	snprintf(key, sizeof(key), "origins.%zu.token", i);
	if (o->by == BY_ID && !o->token)
		options_fault(f, key, "must be set with by: id");
	if (o->by == BY_URL && o->token)
		options_fault(f, key, "is for by: id only: a link from outside gets no token");
}

void media_check(void *conf, struct options_faults *f)
{
	const struct media_conf *c = conf;
	const struct origin *o = c->origins.v;
	struct err e = {0};

	for (size_t i = 0; i < c->exceptions.n; i++)
		if (reach_exception_check(c->exceptions.v[i], &e))
			options_fault(f, "exceptions", "%s", e.text);
	for (size_t i = 0; i < c->origins.n; i++)
		check_origin(c, &o[i], i, f);
	if (c->retry_max_ms < c->retry_ms)
		options_fault(f, "retry_max", "is shorter than retry");
}

void media_check_both(const void *conf, const void *shared, struct options_faults *f)
{
	const struct media_conf *c = conf;
	const struct origin *o = c->origins.v;
	char key[64];

	for (size_t i = 0; i < c->origins.n; i++) {
		snprintf(key, sizeof(key), "origins.%zu.channel", i);
		if (!muara_has_channel(shared, o[i].channel))
			options_fault(f, key, "is not among the channels of muara.yaml");
	}
}

const struct origin *media_origin(
	const struct media_conf *c, const char *channel, const char *account)
{
	const struct origin *o = c->origins.v;

	for (size_t i = 0; i < c->origins.n; i++)
		if (strcmp(o[i].channel, channel) == 0 &&
			(!o[i].account || strcmp(o[i].account, account ? account : "") == 0))
			return &o[i];
	return NULL;
}
