/* inputs: the topics one lane takes its inputs from: raw.<channel>, media, commands.
 *
 * Where to start is what the group committed, if the record there is still the one the commit names
 * (lane rule 13); otherwise the beginning: what was absorbed is dropped. A commit below the log's
 * start is a loss: that topic is held. So is one with a record of an unknown major version (rule
 * 15). A hold of a topic ends with a restart (the version), or with an accepted restore (the
 * loss). */
#pragma once

#include "base/kafka.h"
#include "core/lane_member.h"
#include "core/muara_conf.h"
#include "item.h"

struct source { /* one topic, this lane's partition */
	char topic[TOPIC_NAME_SIZE];
	enum input_type type;
	int64_t check_offset;	    /* the first record must be this one; -1 = no check */
	char check_id[160];	    /* and have this id */
	int64_t settled, committed; /* next offset to be read after what is decided; -1 = none */
	char settled_id[160];
	int64_t restored_until; /* a restore was accepted: what lies below may be filed; -1 = none
				 */
	int64_t behind_ms;	/* when the last record taken was appended; 0 = at the end */
	bool paused;
	char held[200]; /* why; "" = not held */
};

struct inputs {
	struct source *sources;
	size_t n;
	int32_t lane;
};

struct inputs *inputs_new(const struct muara_conf *shared, int32_t lane);
void inputs_free(struct inputs *in); /* NULL-safe */
/* Finds every start and adds the topics to the lane. Blocking, bounded. accept: a person accepted
 * that logs lost records; commits are not believed then. */
int inputs_start(struct inputs *in, struct lane_member *m, bool accept, struct err *e);
struct source *inputs_find(struct inputs *in, const char *topic); /* NULL: none of ours */
size_t inputs_held(const struct inputs *in);
/* Is every message below restored_until settled (or its topic held)? */
bool inputs_restored(const struct inputs *in);

enum take {
	TAKE_ITEM, /* *ret: an item, its owner the caller */
	TAKE_NONE, /* the record the commit names: decided before */
	TAKE_ANEW, /* it is another record: the caller assigns the topic from its beginning */
	TAKE_HOLD, /* source_hold was called */
};
enum take source_take(struct source *s, const struct kafka_record *r, struct item **ret);
/* Read to the end without having met the record the commit names: TAKE_ANEW, else TAKE_NONE. */
enum take source_end(struct source *s);
void source_hold(struct source *s, const char *why);

/* The item, and all before it of its topic, are decided. */
void source_settled(struct source *s, const struct item *i);
/* Commits what was settled since; true when there was something. */
bool inputs_commit(struct inputs *in, struct kafka_consumer *c);
