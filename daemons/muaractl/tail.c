/* tail: see tail.h. */
#include <errno.h>

#include "base/util.h"
#include "core/lane_record.h"

#include "tail.h"

struct tail {
	struct ctl *c;
	struct lane_reader *reader;
	char topic[TOPIC_NAME_SIZE];
	int32_t lane;
	struct { /* of the call under way */
		sight_fn *fn;
		void *ctx;
		const struct kafka_record *record;
		bool given;
		int code;
		struct err *e;
	} now;
};

int tail_open(struct ctl *c, const char *log_name, int32_t lane, struct tail **ret, struct err *e)
{
	struct lane_reader_conf rc = {.log_name = log_name,
		.lane = lane,
		.lanes = (int)c->conf.lanes,
		.kinds = lane_log_kinds(log_name)};
	struct tail *t = xcalloc(1, sizeof *t);
	int r = lane_reader_new(&rc, &t->reader, e);

	if (r) {
		free(t);
		return r;
	}
	t->c = c;
	t->lane = lane;
	muara_topic(&c->conf, log_name, t->topic);
	*ret = t;
	return 0;
}

void tail_close(struct tail *t)
{
	if (!t)
		return;
	lane_reader_free(t->reader);
	free(t);
}

static void on_entry(void *ctx, const struct lane_entry *entry)
{
	struct tail *t = ctx;
	struct sight s = {.record = t->now.record, .ruling = entry->ruling, .entry = entry};

	t->now.given = true;
	t->now.code = t->now.fn(t->now.ctx, &s);
}

static int on_record(void *ctx, const struct kafka_record *r)
{
	struct tail *t = ctx;
	int rc;

	t->now.record = r;
	t->now.given = false;
	t->now.code = 0;
	rc = lane_reader_feed(t->reader, r, on_entry, t, t->now.e);
	if (rc)
		return rc;
	if (!t->now.given) {
		struct sight s = {.record = r, .ruling = lane_reader_ruling(t->reader)};

		t->now.code = t->now.fn(t->now.ctx, &s);
	}
	return MIN(t->now.code, 0);
}

int tail_read(struct tail *t, sight_fn *fn, void *ctx, struct err *e)
{
	struct err own = {0};
	int r;

	e = e ? e : &own;
	t->now.fn = fn;
	t->now.ctx = ctx;
	t->now.e = e;
	r = kafka_read_range(&t->c->kafka, t->topic, t->lane, lane_reader_next(t->reader),
		on_record, t, CTL_READ_MS, e);
	return r ? r : lane_reader_eof(t->reader, lane_reader_next(t->reader), e);
}

const char *tail_installation(const struct tail *t)
{
	return lane_reader_installation(t->reader);
}

int tail_read_all(
	struct ctl *c, const char *log_name, int lane, sight_fn *fn, void *ctx, struct err *e)
{
	int r = 0;

	for (int i = 0; !r && i < c->conf.lanes; i++) {
		struct tail *t = NULL;

		if (lane >= 0 && i != lane)
			continue;
		r = tail_open(c, log_name, i, &t, e);
		if (!r)
			r = tail_read(t, fn, ctx, e);
		tail_close(t);
	}
	return r;
}

int tail_read_topic(struct ctl *c, const char *name, int lane,
	int (*fn)(void *ctx, const struct kafka_record *r), void *ctx, struct err *e)
{
	char topic[TOPIC_NAME_SIZE];
	int r = 0;

	muara_topic(&c->conf, name, topic);
	for (int i = 0; !r && i < c->conf.lanes; i++)
		if (lane < 0 || i == lane)
			r = kafka_read_range(
				&c->kafka, topic, i, KAFKA_BEGIN, fn, ctx, CTL_READ_MS, e);
	return r;
}
