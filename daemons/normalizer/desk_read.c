/* The desk: what comes in. Parsed once, kept until it is settled; a topic pauses when too much
 * waits. `submissions` is a lane log of another daemon: read through the lane's rules only. */
#include "desk_private.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/json.h"
#include "base/log.h"
#include "core/command.h"
#include "core/index_fold.h"

#define LAG_MS 3000 /* a log may end before what is remembered this long (change of leader) */

static bool full(const struct desk *d)
{
	const struct settings *s = d->host->settings;

	return d->waiting.n >= (size_t)s->waiting || d->waiting.bytes >= (size_t)s->waiting_bytes;
}

void desk_resume(struct desk *d, bool all)
{
	const struct settings *s = d->host->settings;
	size_t i;

	if (!all && (d->waiting.n > (size_t)s->waiting / 2 ||
			    d->waiting.bytes > (size_t)s->waiting_bytes / 2))
		return;
	for (i = 0; i < d->inputs->n; i++) {
		struct source *source = &d->inputs->sources[i];

		if (source->paused && !source->held[0]) {
			source->paused = false;
			lane_member_resume(d->member, source->topic, d->lane);
		}
	}
}

/* --- submissions --- */

static void on_submission(void *ctx, const struct lane_entry *e)
{
	struct desk *d = ctx;
	json_t *ops = index_fold(e->body);

	view_apply(d->view, ops);
	desk_record(d, INDEX_SUBMISSIONS, &e->mark, ops);
	if (strcmp(e->kind, "refused") == 0 && d->state == DESK_DECIDING) {
		char id[48];
		struct item *i;

		snprintf(id, sizeof(id), "%" PRIu64 "/%" PRIu64, e->term, e->n);
		i = item_new(INPUT_SUBMISSION, id);
		i->record = json_deep_copy(e->body);
		i->offset = e->offset;
		item_push(&d->waiting, i);
	}
}

static void read_submission(struct desk *d, const struct kafka_record *r)
{
	struct err e = {0};

	if (lane_reader_feed(d->submissions, r, on_submission, d, &e) < 0)
		desk_hold(d, e.text);
}

static void submissions_end(struct desk *d, int64_t next_offset)
{
	struct err e = {0};
	int r = lane_reader_eof(d->submissions, next_offset, &e);

	if (r == -EAGAIN) {
		if (!d->submissions_lag_ms)
			d->submissions_lag_ms = clock_mono_ms();
		snprintf(d->why, sizeof(d->why), "%.255s", e.text);
	} else if (r < 0) {
		desk_hold(d, e.text);
	} else {
		if (d->submissions_lag_ms)
			d->why[0] = '\0';
		d->submissions_lag_ms = 0;
		d->submissions_read = true;
		desk_try_begin(d);
	}
}

void desk_check_lag(struct desk *d, int64_t now_ms)
{
	char why[sizeof(d->why)];

	if (!d->submissions_lag_ms || now_ms - d->submissions_lag_ms < LAG_MS)
		return;
	snprintf(why, sizeof(why), "%s", d->why);
	desk_hold(d, why);
}

/* --- held: only a person's word is read --- */

static void read_while_held(struct desk *d, const struct source *s, const struct kafka_record *r)
{
	_cleanup_json_ json_t *c = NULL;

	if (s->type != INPUT_COMMAND || d->accept_from < 0 || r->offset < d->accept_from ||
		!r->value || command_parse(r->value, r->value_len, &c, NULL) < 0)
		return;
	if (command_what_get(c) == CMD_ACCEPT_RESTORE &&
		strcmp(json_str_or(c, "for", ""), "normalizer") == 0)
		desk_accept(d, json_str(c, "id"));
}

/* --- inputs --- */

static int pause_source(struct source *s)
{
	s->paused = true;
	return -EAGAIN;
}

static int take(struct desk *d, struct source *s, const struct kafka_record *r)
{
	struct item *i = NULL;
	struct err e = {0};

	switch (source_take(s, r, &i)) {
	case TAKE_ITEM:
		item_push(&d->waiting, i);
		desk_soon(d);
		return 0;
	case TAKE_NONE:
		return 0;
	case TAKE_HOLD:
		return pause_source(s);
	case TAKE_ANEW:
		break;
	}
	if (kafka_consumer_assign_add(
		    lane_member_consumer(d->member), s->topic, d->lane, KAFKA_BEGIN, &e) < 0)
		source_hold(s, e.text);
	return 0;
}

int desk_input(void *obj, const struct kafka_record *r)
{
	struct desk *d = obj;
	struct source *s;

	if (d->state == DESK_LEAVING || d->state == DESK_CLOSED)
		return 0;
	if (strcmp(r->topic, d->submissions_topic) == 0) {
		if (d->state != DESK_HELD)
			read_submission(d, r);
		return 0;
	}
	s = inputs_find(d->inputs, r->topic);
	if (!s)
		return 0;
	if (d->state == DESK_HELD) {
		read_while_held(d, s, r);
		return 0;
	}
	if (s->held[0] || full(d) || d->host->draining)
		return pause_source(s);
	return take(d, s, r);
}

void desk_input_eof(void *obj, const char *topic, int64_t next_offset)
{
	struct desk *d = obj;
	struct source *s;
	struct err e = {0};

	if (d->state == DESK_LEAVING || d->state == DESK_CLOSED || d->state == DESK_HELD)
		return;
	if (strcmp(topic, d->submissions_topic) == 0) {
		submissions_end(d, next_offset);
		return;
	}
	s = inputs_find(d->inputs, topic);
	if (s && source_end(s) == TAKE_ANEW &&
		kafka_consumer_assign_add(
			lane_member_consumer(d->member), s->topic, d->lane, KAFKA_BEGIN, &e) < 0)
		source_hold(s, e.text);
}

void desk_input_error(void *obj, const char *topic, int err, const char *text)
{
	struct desk *d = obj;
	struct source *s = inputs_find(d->inputs, topic);
	char why[160];

	if (err != -ERANGE)
		return; /* logged by the member; the broker may be starting */
	if (strcmp(topic, d->submissions_topic) == 0) {
		desk_hold(d, "submissions begins, or ends, elsewhere than what was read of it: it "
			     "lost records");
	} else if (s && !s->held[0]) {
		snprintf(why, sizeof(why),
			"it begins, or ends, elsewhere than what was read of it: %s", text);
		source_hold(s, why);
	}
}
