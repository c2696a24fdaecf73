/* muara_conf: config/muara.yaml, which every daemon reads beside its own file.
 *
 * The struct is filled by base/options from muara_conf_options and checked by muara_conf_check
 * (several options together). Read-only afterwards. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/options.h"

struct muara_tenant {
	char *name;	   /* a government with its own LAPOR! account */
	int64_t lane;	   /* partition of all topics it lives in */
	char *destination; /* default destination of its complaints */
};

struct muara_conf {
	char *brokers, *prefix, *state_dir, *blob_dir, *redis, *timezone, *metrics;
	struct strlist channels;
	struct optlist tenants; /* of struct muara_tenant */
	int64_t lanes, replication;
	int log_level; /* these two are the skeleton's, which finds them by key */
	int64_t stop_ms;
	struct strmap
		kafka; /* further librdkafka settings (security.protocol, ssl.ca.location …) */
};

extern const struct option_row muara_conf_options[];
/* Where this daemon keeps what it remembers on this machine. As configured; where nothing else was
 * configured than the default, the folder the service manager made for it ($STATE_DIRECTORY): the
 * units leave no other one writable. */
const char *muara_state_dir(const struct muara_conf *c);
/* The same of a daemon ("forwarder") as another program on this machine finds it. Caller frees. */
char *muara_state_dir_of(const struct muara_conf *c, const char *daemon);
void muara_conf_check(void *conf, struct options_faults *f); /* struct muara_conf * */

#define TOPIC_NAME_SIZE 250
/* "<prefix><name>": name is "complaints", "raw.whatsapp" … Cut names cannot occur: lengths are
 * checked with the configuration. Gives ret back. */
const char *muara_topic(const struct muara_conf *c, const char *name, char ret[TOPIC_NAME_SIZE]);
#define MUARA_GROUP_SIZE 128
/* "<prefix><daemon>", the consumer group of a daemon kind: "muara.normalizer". Gives ret back. */
const char *muara_group(const struct muara_conf *c, const char *daemon, char ret[MUARA_GROUP_SIZE]);
/* The part after the prefix, NULL when the topic is not ours. */
const char *muara_topic_short(const struct muara_conf *c, const char *topic);
/* NULL when there is none of that name. */
const struct muara_tenant *muara_tenant(const struct muara_conf *c, const char *name);
bool muara_has_channel(const struct muara_conf *c, const char *channel);
int muara_zone_minutes(const struct muara_conf *c); /* +07:00 -> 420 */
/* "+07:00", "WIB", "WITA", "WIT", "Z"; -EINVAL else. */
int muara_zone_parse(const char *text, int *ret_minutes);
/* `kafka` as key, value, …, NULL for struct kafka_conf.extra; caller frees the array only. */
const char **muara_kafka_extra(const struct muara_conf *c);
