/* The desk: from a confirmed decision to a committed position; and what Redis does meanwhile.
 *
 * Only what is in the index is settled, only what is settled is committed. Crash point:
 * after-commit. */
#include "desk_private.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/daemon.h"
#include "base/json.h"
#include "base/log.h"
#include "desk_metrics.h"

#define PENDING_MAX   1024 /* records of the logs kept while Redis is away; then the logs pause */
#define PENDING_BATCH 256
#define RETRY_MS      500
#define COUNT_MS      2000
#define TIMERS_MAX    256
#define LOOK_MS	      1000

/* --- the index --- */

static void pause_logs(struct desk *d, bool pause)
{
	if (d->logs_paused == pause)
		return;
	d->logs_paused = pause;
	if (pause) {
		lane_member_pause(d->member, d->log_topic, d->lane);
		lane_member_pause(d->member, d->submissions_topic, d->lane);
	} else {
		lane_member_resume(d->member, d->log_topic, d->lane);
		lane_member_resume(d->member, d->submissions_topic, d->lane);
	}
}

void desk_index_trouble(struct desk *d, const struct err *e)
{
	if (e->code == -EINVAL) { /* a fault of ours, not of Redis */
		desk_hold(d, e->text);
		return;
	}
	if (d->index_up)
		log_warn("lane %" PRId32 ": no decisions: %s", d->lane, e->text);
	d->index_up = false;
	d->index_try_ms = clock_mono_ms() + (e->code == -ESTALE ? 0 : RETRY_MS);
}

void desk_index_retry(struct desk *d, int64_t now_ms)
{
	struct err e = {0};
	int r;

	if (d->index_up || !d->applier || now_ms < d->index_try_ms)
		return;
	r = applier_recover(d->applier, &e);
	if (r == -ESTALE) {
		log_warn("lane %" PRId32 ": %s", d->lane, e.text);
		desk_drop_items(d);
		d->state = DESK_ANEW;
		d->anew_from = -1;
		pause_logs(d, false);
		return;
	}
	if (r < 0) {
		d->index_try_ms = now_ms + RETRY_MS;
		return;
	}
	log_notice("lane %" PRId32 ": the index is there again", d->lane);
	d->index_up = true;
	pause_logs(d, false);
	desk_soon(d);
}

void desk_record(struct desk *d, enum index_log log, const struct lane_mark *mark, json_t *ops)
{
	if (!d->applier) {
		json_decref(ops);
		return;
	}
	if (!applier_add(d->applier, log, mark, ops))
		return;
	if (d->index_up && applier_pending(d->applier) >= PENDING_BATCH)
		desk_flush(d);
	else if (applier_pending(d->applier) >= PENDING_MAX)
		pause_logs(d, true);
	desk_soon(d);
}

bool desk_flush(struct desk *d)
{
	struct err e = {0};

	if (!d->index_up)
		return false;
	if (applier_flush(d->applier, &e) < 0) {
		desk_index_trouble(d, &e);
		return false;
	}
	desk_settle_all(d);
	return true;
}

/* --- settled --- */

static void finish(struct desk *d, struct item *i)
{
	const char *accepted = desk_accepted(d);
	char lane[16];

	if (i->source)
		source_settled(i->source, i);
	if (i->type == INPUT_TIMER)
		json_object_del(d->timers, i->id);
	if (i->outcome) {
		metric_add(desk_metrics()->decisions, i->outcome, 1);
		log_outcome(i->done_id, i->outcome,
			(const char *const[]){"input", input_type_name(i->type), NULL});
	}
	if (i->type == INPUT_COMMAND && accepted && strcmp(accepted, i->id) == 0) {
		snprintf(lane, sizeof(lane), "%" PRId32, d->lane);
		json_object_del(d->host->accepted, lane);
	}
	item_free(i);
	daemon_progress();
}

/* In the order of deciding: a position never passes what is not settled. */
void desk_settle_all(struct desk *d)
{
	while (d->flight.first && (!d->flight.first->appended || d->flight.first->confirmed))
		finish(d, item_pop(&d->flight));
	desk_commit(d, false);
}

void desk_commit(struct desk *d, bool now)
{
	int64_t ms = clock_mono_ms();

	if (d->state != DESK_DECIDING || (!now && ms < d->commit_at_ms))
		return;
	d->commit_at_ms = ms + d->host->settings->commit_ms;
	if (inputs_commit(d->inputs, lane_member_consumer(d->member)))
		CRASH_POINT("after-commit", d->flight.n + d->waiting.n);
}

/* Nothing of it was settled: whoever owns the lane next reads it again. */
void desk_drop_items(struct desk *d)
{
	item_queue_clear(&d->waiting);
	item_queue_clear(&d->flight);
	item_queue_clear(&d->later);
	json_object_clear(d->timers);
	view_clear(d->view);
	d->looked_up = d->view_age = 0;
}

/* --- timers --- */

static void add_timer(struct desk *d, const char *id)
{
	if (json_object_get(d->timers, id))
		return;
	json_object_set_new(d->timers, id, json_true());
	item_push(&d->waiting, item_new(INPUT_TIMER, id));
}

void desk_take_timers(struct desk *d)
{
	_cleanup_json_ json_t *due = NULL;
	int64_t now = clock_wall_ms(), next = INT64_MAX;
	struct err e = {0};
	const json_t *id;
	size_t i;

	if (!desk_can_decide(d) || now < d->due_at_wall_ms)
		return;
	if (index_due(d->index, now, TIMERS_MAX, &due, &next, &e) < 0) {
		desk_index_trouble(d, &e);
		return;
	}
	json_array_foreach (due, i, id)
		add_timer(d, json_string_value(id));
	/* Those due stay there until they are settled; timers in flight are not there yet. */
	d->due_at_wall_ms = json_array_size(due) ? now : MIN(next, now + LOOK_MS);
	if (json_array_size(due))
		desk_soon(d);
}

/* --- numbers --- */

/* Also finds an index that was lost while there was nothing to decide: its timers would never
 * fire. */
void desk_measure(struct desk *d, int64_t now_ms)
{
	_cleanup_json_ json_t *nothing = json_array();
	struct view *v;
	struct err e = {0};

	if (!d->index_up || now_ms < d->count_at_ms)
		return;
	d->count_at_ms = now_ms + COUNT_MS;
	v = view_new();
	if (index_fetch(d->index, nothing, v, &e) < 0 || index_counts(d->index, d->counts, &e) < 0)
		desk_index_trouble(d, &e);
	view_free(v);
}
