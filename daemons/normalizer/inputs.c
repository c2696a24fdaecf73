/* See inputs.h. */
#include "inputs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/daemon.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "core/command.h"
#include "core/ids.h"
#include "core/message.h"
#include "core/schema.h"

#define ASK_MS		 5000
#define MEDIA_RECORD_MAX (64 * 1024)

/* --- the topics --- */

static void add_source(
	struct inputs *in, const struct muara_conf *shared, const char *name, enum input_type type)
{
	struct source *s = &in->sources[in->n++];

	*s = (struct source){.type = type,
		.check_offset = -1,
		.settled = -1,
		.committed = -1,
		.restored_until = -1};
	muara_topic(shared, name, s->topic);
}

struct inputs *inputs_new(const struct muara_conf *shared, int32_t lane)
{
	struct inputs *in = xcalloc(1, sizeof(*in));
	size_t i;

	in->sources = xcalloc(shared->channels.n + 2, sizeof(*in->sources));
	in->lane = lane;
	for (i = 0; i < shared->channels.n; i++) {
		_cleanup_free_ char *name = xasprintf("raw.%s", shared->channels.v[i]);

		add_source(in, shared, name, INPUT_MESSAGE);
	}
	add_source(in, shared, "media", INPUT_MEDIA);
	add_source(in, shared, "commands", INPUT_COMMAND);
	return in;
}

void inputs_free(struct inputs *in)
{
	if (!in)
		return;
	free(in->sources);
	free(in);
}

struct source *inputs_find(struct inputs *in, const char *topic)
{
	size_t i;

	for (i = 0; i < in->n; i++)
		if (strcmp(in->sources[i].topic, topic) == 0)
			return &in->sources[i];
	return NULL;
}

size_t inputs_held(const struct inputs *in)
{
	size_t i, n = 0;

	for (i = 0; i < in->n; i++)
		n += in->sources[i].held[0] != '\0';
	return n;
}

void source_hold(struct source *s, const char *why)
{
	snprintf(s->held, sizeof(s->held), "%.199s", why);
	log_error("topic %s holds, a person must look: %s", s->topic, why);
}

bool inputs_restored(const struct inputs *in)
{
	size_t i;

	for (i = 0; i < in->n; i++)
		if (in->sources[i].settled < in->sources[i].restored_until &&
			!in->sources[i].held[0])
			return false;
	return true;
}

/* --- where to start (rule 13) --- */

static int64_t start_of(struct source *s, int64_t committed, int64_t low, int64_t high, bool accept)
{
	char why[160];

	if (committed < 0 || accept) /* accepted: decisions that a commit stands for may be lost */
		return KAFKA_BEGIN;
	if (committed < low) {
		snprintf(why, sizeof(why),
			"decided up to offset %" PRId64 ", but the log begins at %" PRId64
			": records between were removed undecided",
			committed, low);
		source_hold(s, why);
		return KAFKA_BEGIN;
	}
	if (committed > high) {
		log_error("topic %s: decided up to offset %" PRId64 ", but the log ends at %" PRId64
			  ": it lost records; reading it from its beginning",
			s->topic, committed, high);
		return KAFKA_BEGIN;
	}
	if (committed == low) /* nothing left to compare with */
		return committed;
	s->check_offset = committed - 1;
	return committed - 1;
}

static int start_source(
	struct source *s, struct lane_member *m, int32_t lane, bool accept, struct err *e)
{
	struct kafka_consumer *c = lane_member_consumer(m);
	int64_t committed = -1, low = 0, high = 0, from;
	int r = kafka_committed(
		c, s->topic, lane, &committed, s->check_id, sizeof(s->check_id), ASK_MS, e);

	if (r == 0)
		r = kafka_watermarks(c, s->topic, lane, &low, &high, ASK_MS, e);
	if (r < 0)
		return err_prefix(e, "topic %s (`muaractl topics create` makes it)", s->topic);
	from = start_of(s, committed, low, high, accept);
	if (accept && s->type == INPUT_MESSAGE && high > low)
		s->restored_until = high;
	return s->held[0] ? 0 : lane_member_add_input(m, s->topic, lane, from, e);
}

int inputs_start(struct inputs *in, struct lane_member *m, bool accept, struct err *e)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < in->n; i++) {
		r = start_source(&in->sources[i], m, in->lane, accept, e);
		daemon_progress_now(); /* each may take ten seconds */
	}
	return r;
}

/* --- records to items --- */

static int media_check(const json_t *o, struct err *e)
{
	if (!uuid_valid(json_str(o, "id")))
		return err_set(e, -EINVAL, "media: id is no UUID");
	if (!uuid_valid(json_str(o, "message")))
		return err_set(e, -EINVAL, "media: message is no UUID");
	return 0;
}

static int media_parse(const void *p, size_t n, json_t **ret, struct err *e)
{
	return schema_parse(p, n, MEDIA_RECORD_MAX, "muara.media", 1, media_check, ret, e);
}

typedef int parse_fn(const void *p, size_t n, json_t **ret, struct err *e);
static parse_fn *const parsers[] = {[INPUT_MESSAGE] = message_parse,
	[INPUT_MEDIA] = media_parse,
	[INPUT_COMMAND] = command_parse};

/* 0, or -EPROTO: a major version this build does not know. */
static int parse_record(
	const struct source *s, const struct kafka_record *r, struct item **ret, struct err *e)
{
	char place[160];
	struct item *i;
	int code = 0;

	snprintf(place, sizeof(place), "%.100s/%" PRId32 "/%" PRId64, s->topic, r->partition,
		r->offset);
	i = item_new(s->type, place);
	if (r->value)
		code = parsers[s->type](r->value, r->value_len, &i->record, e);
	else if (s->type == INPUT_MESSAGE)
		code = err_set(e, -EINVAL, "a record without a value");
	else
		i->skip = true; /* erased */
	if (code == -EPROTO) {
		item_free(i);
		return code;
	}
	if (code < 0) {
		i->unusable = xstrdup(e->text);
		sha256_hex(r->value ? r->value : "", r->value_len, i->value_hash);
	}
	if (i->record)
		snprintf(i->id, sizeof(i->id), "%s", json_str_or(i->record, "id", place));
	i->offset = r->offset;
	i->bytes = r->value_len + sizeof(*i);
	*ret = i;
	return 0;
}

static bool is_checked(const struct source *s, const struct kafka_record *r)
{
	struct item *i = NULL;
	struct err e = {0};
	bool same = r->offset == s->check_offset && parse_record(s, r, &i, &e) == 0 &&
		    strcmp(i->id, s->check_id) == 0;

	item_free(i);
	return same;
}

enum take source_take(struct source *s, const struct kafka_record *r, struct item **ret)
{
	struct err e = {0};

	if (s->check_offset >= 0) {
		bool same = is_checked(s, r);

		s->check_offset = -1;
		if (same)
			return TAKE_NONE;
		log_warn("topic %s: the record at the committed offset is not the one it names; "
			 "reading the topic from its beginning",
			s->topic);
		return TAKE_ANEW;
	}
	if (parse_record(s, r, ret, &e) < 0) {
		err_prefix(&e, "offset %" PRId64, r->offset);
		source_hold(s, e.text);
		return TAKE_HOLD;
	}
	(*ret)->source = s;
	(*ret)->restored = r->offset < s->restored_until;
	s->behind_ms = r->log_append_ms;
	return TAKE_ITEM;
}

enum take source_end(struct source *s)
{
	bool missed = s->check_offset >= 0;

	s->check_offset = -1;
	s->behind_ms = 0;
	return missed ? TAKE_ANEW : TAKE_NONE;
}

/* --- positions --- */

void source_settled(struct source *s, const struct item *i)
{
	s->settled = i->offset + 1;
	snprintf(s->settled_id, sizeof(s->settled_id), "%s", i->id);
}

bool inputs_commit(struct inputs *in, struct kafka_consumer *c)
{
	bool any = false;
	size_t i;

	for (i = 0; c && i < in->n; i++) {
		struct source *s = &in->sources[i];

		if (s->settled <= s->committed)
			continue;
		kafka_commit(c, s->topic, in->lane, s->settled, s->settled_id);
		s->committed = s->settled;
		any = true;
	}
	return any;
}
