/* lane: one lane from the group's assignment to its end; see forwarder.h.
 *
 * Everything that may follow from an event is done in one place, the `soon` timer: commands, looks,
 * what was looked at, work. So no callback of the log or of a call runs inside another, and many
 * events of one turn cost one round. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "core/ids.h"

#include "forwarder.h"

#define TICK_MS 200

struct site *lane_site(struct lane *l, uint8_t destination)
{
	for (size_t i = 0; destination && i < l->fwd->n_endpoints; i++)
		if (l->sites[i].name == destination)
			return &l->sites[i];
	return NULL;
}

bool lane_may_file(const struct lane *l)
{
	return !l->lost && !l->held && !*l->trouble && l->caught_up && lane_log_owned(l->log) &&
	       !acts_restore_waits(l);
}

void lane_soon(struct lane *l)
{
	if (!loop_timer_armed(l->soon))
		loop_timer_arm(l->soon, 0);
}

void lane_requeue(struct lane *l, const uint8_t complaint[16], bool under_way, bool front)
{
	struct work *row = worklist_find(&l->work, complaint);

	if (row && (under_way || !row->queued))
		work_again(&l->work, idmap_index(&l->work.rows, row), front);
}

/* --- the end of it --- */

static void check_done(struct lane *l)
{
	if (!l->lost || l->done || attempts_travelling(l) || lane_log_in_flight(l->log))
		return;
	l->done = true;
	lane_member_done(l->fwd->member, l->number);
}

static void on_lost(void *obj, const char *why)
{
	struct lane *l = obj;

	(void)why; /* told by the log */
	l->lost = true;
	attempts_lost(l);
	status_forget(l);
	lane_soon(l);
}

static void on_held(void *obj, const char *why)
{
	struct lane *l = obj;

	(void)why;
	l->held = true;
	l->hold_end = -1;
	lane_soon(l);
}

/* --- entries --- */

static void note_upload(struct lane *l, const struct lane_entry *e)
{
	char key[LANE_KEY_SIZE];

	if (call_kind_parse(json_str(e->body, "call")) != CALL_UPLOAD)
		return;
	lane_key_format(e->term, e->n, key);
	json_set_str(l->uploads, key, json_str(e->body, "attachment"));
}

/* Written by this process, under the term it owns the lane by now. */
static bool is_of_now(const struct lane *l, const struct lane_entry *e)
{
	return e->own && e->term == lane_log_term(l->log) && lane_log_owned(l->log);
}

static struct dest *brake_of_create(struct lane *l, const struct slot *s)
{
	struct site *site = lane_site(l, s->destination);

	return site && call_creates((enum call_kind)s->call) ? &site->gate->brake : NULL;
}

static void note_create(struct lane *l, const struct slot *s)
{
	struct dest *brake = brake_of_create(l, s);

	if (brake)
		dest_note_create(brake, l->number, s->at_s);
}

void lane_forget_create(struct lane *l, const struct slot *s)
{
	struct dest *brake = brake_of_create(l, s);

	if (brake)
		dest_forget_create(brake, l->number, s->at_s);
}

static void intent_counted(struct lane *l, const struct lane_entry *e, uint32_t slot)
{
	const struct slot *s = idmap_at(&l->ledger.slots, slot);
	struct lane_key k = {e->term, e->n};
	struct attempt *a = attempt_of_intent(l, &k);

	note_upload(l, e);
	if (a)
		attempt_intent_counted(a, is_of_now(l, e));
	else
		note_create(l, s);
}

/* An outcome, a resolution: of a call of ours, of an earlier process, or a late word of it. */
static void end_counted(struct lane *l, const struct lane_entry *e, uint32_t slot)
{
	const char *intent = json_str_or(e->body, "intent", "");
	const struct slot *s = slot == IDMAP_NONE ? NULL : idmap_at(&l->ledger.slots, slot);
	struct attempt *a = NULL;
	struct lane_key k;

	if (lane_key_parse(intent, strlen(intent), &k))
		return;
	if (strcmp(e->kind, "parked") != 0)
		json_object_del(l->uploads, intent);
	a = attempt_of_intent(l, &k);
	if (a && s && s->state != SLOT_INTENT) {
		if (a->state != ATT_SENT && a->state != ATT_PROBING)
			attempt_ended_counted(a);
	} else if (!a && s) {
		if (strcmp(e->kind, "not_sent") == 0)
			lane_forget_create(l, s);
		lane_requeue(l, s->complaint, false, true);
	}
}

static void refusal_counted(struct lane *l, const struct lane_entry *e)
{
	struct attempt *a;
	uint8_t id[16];

	if (uuid_parse(json_str_or(e->body, "complaint", ""), id))
		return;
	a = attempt_of_refusal(l, id);
	if (!a)
		return;
	stats_end(a);
	attempt_refused_counted(a);
}

static void on_entry(void *obj, const struct lane_entry *e)
{
	struct lane *l = obj;
	struct ledger_entry le = {.kind = e->kind,
		.term = e->term,
		.n = e->n,
		.late = e->ruling == LANE_LATE,
		.body = e->body};
	unsigned long duplicates = l->ledger.duplicates;
	uint32_t slot = IDMAP_NONE;
	struct err err = {0};

	daemon_progress();
	if (ledger_apply(&l->ledger, &le, &slot, &err) < 0) {
		lane_log_broken(l->log, err.text);
		return;
	}
	if (l->ledger.duplicates > duplicates)
		log_error("complaint %s is filed twice (duplicate-filed): submissions %llu/%llu",
			json_str_or(e->body, "complaint", "?"), (unsigned long long)e->term,
			(unsigned long long)e->n);
	if (strcmp(e->kind, "reminded") == 0)
		reminders_counted(l, e->body, is_of_now(l, e));
	else if (strcmp(e->kind, "intent") == 0 && slot != IDMAP_NONE)
		intent_counted(l, e, slot);
	else if (strcmp(e->kind, "refused") == 0)
		refusal_counted(l, e);
	else
		end_counted(l, e, slot);
	if (slot != IDMAP_NONE)
		status_counted(l, e->kind, slot);
	else if (e->own && strcmp(e->kind, "status") == 0)
		status_void(l);
	for (size_t i = 0; !le.late && i < l->fwd->n_endpoints; i++)
		site_counted(&l->sites[i], e->kind, e->body);
	acts_counted(l, e->kind, e->body);
	lane_soon(l);
}

static void on_owned(void *obj)
{
	struct lane *l = obj;

	daemon_progress();
	l->owned_ms = clock_mono_ms();
	/* A look that began before the takeover says nothing of what stands before it. */
	l->start_known = l->caught_up = l->look_is_start = false;
	acts_forget_appends(l);
	reminders_owned(l);
	for (size_t i = 0; i < l->fwd->n_endpoints; i++) {
		l->sites[i].saying = false;
		if (!l->holds_taken)
			site_take_word(&l->sites[i]);
	}
	l->holds_taken = true;
	attempts_owned(l);
	inputs_owned(l);
	status_owned(l);
	lane_soon(l);
}

static void on_unsettled(void *obj)
{
	struct lane *l = obj;

	l->start_known = l->caught_up = false;
	lane_soon(l);
}

const struct lane_log_ops lane_ops = {
	.entry = on_entry,
	.owned = on_owned,
	.unsettled = on_unsettled,
	.lost = on_lost,
	.held = on_held,
};

/* --- rounds --- */

static void on_soon(void *ctx)
{
	struct lane *l = ctx;

	for (size_t i = 0; i < l->fwd->n_endpoints; i++)
		site_say(&l->sites[i]);
	acts_absorb(l);
	attempts_looked(l);
	work_pump(l);
	inputs_look(l);
	check_done(l);
}

static void on_tick(void *ctx)
{
	struct lane *l = ctx;
	int64_t now = clock_mono_ms();

	loop_timer_arm(l->tick, TICK_MS);
	for (size_t i = 0; i < l->fwd->n_endpoints && lane_may_file(l); i++)
		if (dest_wants_probe(&l->sites[i].gate->brake, now) && !l->sites[i].word.paused &&
			profile_kind(l->sites[i].ep->profile) == PROFILE_HTTP)
			gate_probe(l->sites[i].gate);
	attempts_tick(l);
	reminders_tick(l);
	work_tick(l);
	for (size_t i = 0; i < l->fwd->n_endpoints; i++)
		site_tick(&l->sites[i]);
	lane_soon(l);
}

/* --- life --- */

static void lane_free(struct lane *l)
{
	for (struct lane **at = &l->fwd->lanes; *at; at = &(*at)->next)
		if (*at == l) {
			*at = l->next;
			break;
		}
	asker_forget(l->fwd->looks, l);
	asker_forget(l->fwd->reads, l);
	status_forget(l);
	dues_forget(l);
	attempts_free(l);
	acts_free(l);
	for (size_t i = 0; i < l->fwd->n_endpoints; i++)
		site_free(&l->sites[i]);
	free(l->sites);
	lane_log_close(l->log);
	lane_reader_free(l->reader);
	loop_timer_del(l->soon);
	loop_timer_del(l->tick);
	inputs_free(l);
	worklist_free(&l->work);
	ledger_free(&l->ledger);
	json_decref(l->uploads);
	free(l);
}

int lane_open(void *ctx, struct lane_member *m, int32_t number, void **ret, struct err *e)
{
	struct forwarder *f = ctx;
	struct lane *l = xcalloc(1, sizeof *l);
	int r;

	l->fwd = f;
	l->number = number;
	l->acts_end = &l->acts;
	l->uploads = json_object();
	l->reading = IDMAP_NONE;
	l->hold_end = -1;
	l->soon = loop_timer_new(f->env->loop, on_soon, l);
	l->tick = loop_timer_new(f->env->loop, on_tick, l);
	ledger_init(&l->ledger);
	worklist_init(&l->work, (size_t)(f->conf->backlog_bytes / f->shared->lanes));
	l->work.idle = work_is_idle;
	l->work.kept = inputs_kept;
	l->work.ctx = l;
	l->sites = xcalloc(f->n_endpoints, sizeof *l->sites);
	for (size_t i = 0; i < f->n_endpoints; i++)
		site_init(&l->sites[i], l, &f->gates[i]);
	r = lane_member_open_log(m, number, l, NULL, 0, &l->log, e);
	if (!r)
		r = inputs_open(l, m, e);
	if (r) {
		lane_free(l);
		return r;
	}
	l->next = f->lanes;
	f->lanes = l;
	loop_timer_arm(l->tick, TICK_MS);
	*ret = l;
	return 0;
}

void lane_close(void *ctx, void *obj)
{
	(void)ctx;
	lane_free(obj);
}
