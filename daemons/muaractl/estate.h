/* estate: which topics there are, which of them hold records, and what their first record says
 * (lane.md, rule 4). For `topics create` and `check`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/topics.h"

#include "ctl.h"

struct estate_log {   /* one partition of a lane log */
	bool empty;   /* not one record */
	bool used;    /* holds more than a genesis */
	bool genesis; /* begins with a genesis record of this log and lane */
	char installation[40];
	int lanes;
	int64_t low, end;
	char fault[200]; /* why `genesis` is false and the log not empty */
};

struct estate_topic {
	struct topic topic;
	int partitions, replicas; /* 0: it does not exist */
	bool holds;		  /* records other than a genesis; false when it does not exist */
	struct estate_log *logs;  /* lane logs only: `partitions` of them */
};

struct estate {
	struct estate_topic *topics;
	size_t n;
	json_t *strangers;     /* names of topics with our prefix that are none of ours */
	char installation[40]; /* of the first genesis found, "" = none */
	const char *prefix;
};

/* Blocking. -errno with text when Kafka cannot be asked. */
int estate_read(struct ctl *c, struct estate *ret, struct err *e);
void estate_free(struct estate *s);
/* Only the one partition anew. */
int estate_read_log(
	struct ctl *c, const struct topic *t, int32_t lane, struct estate_log *ret, struct err *e);
