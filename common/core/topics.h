/* topics: every topic of Muara with the configuration it must have, as data (lane rules 7, 22, 23).
 *
 * `muaractl topics create` makes them from this table, `muaractl check` compares with it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/muara_conf.h"

#define TOPIC_CONFIGS_MAX 16
#define LANE_LOGS	  3

struct topic_config {
	const char *key, *value;
};
struct topic_spec {
	const char *name;		    /* without prefix; "raw." stands for one per channel */
	bool lane_log;			    /* starts with a genesis record */
	const struct topic_config *configs; /* .key NULL ends */
	const char *why;		    /* for people */
};
extern const struct topic_spec topic_specs[]; /* .name NULL ends */

struct topic {				  /* one real topic */
	char name[TOPIC_NAME_SIZE];	  /* with prefix */
	char short_name[TOPIC_NAME_SIZE]; /* without */
	const struct topic_spec *spec;
	struct topic_config configs[TOPIC_CONFIGS_MAX]; /* .key NULL ends */
};
/* All topics of a configuration, raw topics first; caller frees. */
struct topic *topics_of(const struct muara_conf *c, size_t *ret_n);
/* As key, value, …, NULL (for kafka_admin_create). `ret` holds 2 * TOPIC_CONFIGS_MAX + 1. */
void topic_config_list(const struct topic *t, const char **ret);
