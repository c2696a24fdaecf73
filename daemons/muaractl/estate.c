/* estate: see estate.h. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/lane_record.h"

#include "estate.h"

#define LOOK_MS 20000

struct first {			   /* the beginning of one partition */
	int64_t low, second;	   /* offsets of the first two records; -1 = none */
	struct lane_parsed parsed; /* of the first, lane logs only */
	bool lane_log;
};

static int on_first(void *ctx, const struct kafka_record *r)
{
	struct first *f = ctx;

	if (f->low >= 0) {
		f->second = r->offset;
		return 1;
	}
	f->low = r->offset;
	if (f->lane_log)
		lane_record_parse(
			r->offset, r->key, r->key_len, r->value, r->value_len, NULL, &f->parsed);
	return 0;
}

static int look(struct ctl *c, const struct topic *t, int32_t lane, struct first *f, struct err *e)
{
	*f = (struct first){.low = -1, .second = -1, .lane_log = t->spec->lane_log};
	return kafka_read_range(&c->kafka, t->name, lane, KAFKA_BEGIN, on_first, f, LOOK_MS, e);
}

static void judge_genesis(
	const struct lane_rec *r, const struct topic *t, int32_t lane, struct estate_log *ret)
{
	if (r->type != LANE_T_GENESIS || !r->key_ok || !r->installation || r->offset != 0) {
		snprintf(ret->fault, sizeof ret->fault,
			"does not begin with a genesis record: it was not made by `muaractl topics "
			"create`, or lost its beginning");
	} else if (!r->log_name || strcmp(r->log_name, t->short_name) != 0 || r->lane != lane) {
		snprintf(ret->fault, sizeof ret->fault,
			"its genesis record is of another log or lane");
	} else {
		ret->genesis = true;
		ret->lanes = r->lanes;
		snprintf(ret->installation, sizeof ret->installation, "%s", r->installation);
	}
}

int estate_read_log(
	struct ctl *c, const struct topic *t, int32_t lane, struct estate_log *ret, struct err *e)
{
	struct first f;
	int r = look(c, t, lane, &f, e);

	*ret = (struct estate_log){.empty = f.low < 0, .low = f.low};
	if (!r && !ret->empty) {
		judge_genesis(&f.parsed.rec, t, lane, ret);
		ret->used = f.second >= 0 || !ret->genesis;
	}
	lane_parsed_free(&f.parsed);
	return r;
}

static int read_topic(struct ctl *c, struct estate_topic *t, struct err *e)
{
	struct first f;
	int r = 0;

	t->logs = t->topic.spec->lane_log ? xcalloc((size_t)t->partitions + 1, sizeof *t->logs)
					  : NULL;
	for (int lane = 0; !r && lane < t->partitions; lane++) {
		if (t->logs) {
			r = estate_read_log(c, &t->topic, lane, &t->logs[lane], e);
			t->holds |= t->logs[lane].used;
		} else {
			r = look(c, &t->topic, lane, &f, e);
			t->holds |= f.low >= 0;
			lane_parsed_free(&f.parsed);
		}
	}
	return r;
}

static void on_topic(void *ctx, const struct kafka_topic_info *info)
{
	struct estate *s = ctx;

	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->topics[i].topic.name, info->name) == 0) {
			s->topics[i].partitions = info->partitions;
			s->topics[i].replicas = info->replicas;
			return;
		}
	if (strncmp(info->name, s->prefix, strlen(s->prefix)) == 0)
		json_array_append_new(s->strangers, json_string(info->name));
}

static void note_installation(struct estate *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (int k = 0; s->topics[i].logs && k < s->topics[i].partitions; k++)
			if (s->topics[i].logs[k].genesis && !*s->installation)
				memcpy(s->installation, s->topics[i].logs[k].installation,
					sizeof s->installation);
}

int estate_read(struct ctl *c, struct estate *ret, struct err *e)
{
	struct kafka_admin *a = ctl_admin(c);
	_cleanup_free_ struct topic *all = NULL;
	int r;

	*ret = (struct estate){.prefix = c->conf.prefix, .strangers = json_array()};
	if (!a)
		return err_set(e, -EIO, "no client for Kafka");
	all = topics_of(&c->conf, &ret->n);
	ret->topics = xcalloc(ret->n, sizeof *ret->topics);
	for (size_t i = 0; i < ret->n; i++)
		ret->topics[i].topic = all[i];
	r = kafka_admin_topics(a, on_topic, ret, e);
	for (size_t i = 0; !r && i < ret->n; i++)
		if (ret->topics[i].partitions)
			r = read_topic(c, &ret->topics[i], e);
	note_installation(ret);
	return r;
}

void estate_free(struct estate *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->topics[i].logs);
	free(s->topics);
	json_decref(s->strangers);
	*s = (struct estate){0};
}
