/* desk: one lane of the normalizer, from the group's word to the commit of its inputs.
 *
 *   inputs -> waiting -> decide -> append -> in flight -> confirmed -> index -> settled -> commit
 *
 * Order is the product (lane rules 8, 11, 14): nothing reaches the index that is not confirmed in
 * the log, no position is committed whose decision is not in the index. Many decisions are in
 * flight at one time; a view of the index with their changes laid over it lets the next ones see
 * them. Whatever goes wrong, what is not settled is decided again from its input, and what was
 * absorbed meanwhile is dropped.
 *
 *   reading   the lane's own log from 0, `submissions` too, into the index where it is behind
 *   deciding  owner, both logs read, Redis there
 *   held      a log lost records, or something else only a person can judge
 *   leaving   the lane was lost; waits for what still travels
 *   anew      the index stands elsewhere: the logs are read anew (not before it is sure that no
 *             newer owner moved it)
 *
 * Redis away: nothing is decided, nothing read beyond what waits. Thread: loop. */
#pragma once

#include "core/lane_member.h"
#include "settings.h"

struct desk_host { /* what all desks of the process share; main's */
	struct loop *loop;
	const struct settings *settings;
	const struct muara_conf *shared;
	struct rules rules;
	struct kafka_conf kafka;
	char cluster[64];		 /* Kafka's cluster id; "" = not asked yet */
	char log_topic[TOPIC_NAME_SIZE]; /* complaints */
	char group[MUARA_GROUP_SIZE];
	json_t *accepted;   /* lane -> id of the accept_restore command that is being carried out */
	struct desk *desks; /* those that are open */
	char trouble[200];  /* why a lane does not open; "" = none */
	bool draining;	    /* what is in flight is finished, nothing else is begun */
};

extern const struct lane_member_ops desk_ops; /* ctx: struct desk_host */

bool desks_drained(struct desk_host *h); /* nothing in flight; positions are committed then */
/* Short words on every lane; true: all well. */
bool desks_health(struct desk_host *h, char *text, size_t size);
