/* acts: operators' commands, from their topic to the one record that absorbs each.
 *
 * A pause counts as soon as it is read: what it stops may be stopped too early, never too late. All
 * other effects come with the confirmed record, so that a restart finds the same state in the log.
 * A command that was absorbed is dropped when it is met again (the topic is read from its start).
 *
 * accept_restore: a lane that holds cannot append. Whoever holds takes one that was written after
 * it began to hold, forgets its witness and opens the lane anew; the new owner absorbs it, and
 * every destination stays held until a person resumes it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "core/command.h"
#include "core/ids.h"

#include "forwarder.h"
#include "judge.h"

static bool is(const struct act *a, enum command_what what)
{
	return command_what_get(a->command) == what;
}

void acts_add(struct lane *l, json_t *command, int64_t offset)
{
	struct act *a = xcalloc(1, sizeof *a);

	a->command = command;
	a->offset = offset;
	a->read_ms = clock_mono_ms();
	if (uuid_parse(json_str_or(command, "id", ""), a->id))
		abort(); /* command_parse has looked */
	*l->acts_end = a;
	l->acts_end = &a->next;
	lane_soon(l);
}

static void drop(struct lane *l, struct act **at)
{
	struct act *a = *at;

	*at = a->next;
	if (!a->next)
		l->acts_end = at;
	json_decref(a->command);
	free(a);
}

void acts_free(struct lane *l)
{
	while (l->acts)
		drop(l, &l->acts);
}

void acts_forget_appends(struct lane *l)
{
	for (struct act *a = l->acts; a; a = a->next)
		a->appended = false;
}

bool acts_pause_waits(const struct lane *l, const char *destination)
{
	for (const struct act *a = l->acts; a; a = a->next)
		if (is(a, CMD_PAUSE) &&
			strcmp(json_str_or(a->command, "destination", ""), destination) == 0)
			return true;
	return false;
}

bool acts_restore_waits(const struct lane *l)
{
	for (const struct act *a = l->acts; a; a = a->next)
		if (is(a, CMD_ACCEPT_RESTORE))
			return true;
	return false;
}

/* --- judging --- */

static struct site *site_named(struct lane *l, const char *destination)
{
	for (size_t i = 0; i < l->fwd->n_endpoints; i++)
		if (strcmp(l->sites[i].ep->conf->name, destination) == 0)
			return &l->sites[i];
	return NULL;
}

static bool configured(void *ctx, const char *destination)
{
	return site_named(ctx, destination) != NULL;
}

static int64_t longest_ms(void *ctx, const char *destination, enum call_kind call)
{
	const struct site *s = site_named(ctx, destination);

	return s ? endpoint_longest_ms(s->ep, call) : UNKNOWN_LONGEST_MS;
}

static bool used_elsewhere(
	void *ctx, const char *system, uint64_t remote_id, const uint8_t complaint[16])
{
	const struct lane *l = ctx;

	for (const struct lane *o = l->fwd->lanes; o; o = o->next)
		if (o != l && ledger_number_used(&o->ledger, system, remote_id, complaint))
			return true;
	return false;
}

static json_t *resolved_body(struct lane *l, const struct act *a, const struct judgement *j)
{
	const struct slot *s = idmap_at(&l->ledger.slots, j->slot);
	struct lane_key intent = {s->term, s->n};
	char key[LANE_KEY_SIZE];
	struct submission_head h;
	json_t *body;

	lane_key_format(intent.term, intent.n, key);
	h = submission_head_of(
		&l->ledger, s, s->call == CALL_UPLOAD ? json_str(l->uploads, key) : NULL);
	body = j->resolution ? submission_resolved(&h, &intent, j->resolution, j->remote_id,
				       "person", json_str(a->command, "id"))
			     : submission_corrected(&h, &intent, j->remote_id, s->remote_id,
				       json_str(a->command, "id"));
	if (*j->entered_on)
		json_set_str(body, "entered_on", j->entered_on);
	return body;
}

static int absorb(struct lane *l, struct act *a)
{
	const char *id = json_str(a->command, "id"), *what = json_str(a->command, "what");
	const char *destination = json_str(a->command, "destination");
	struct judge_view v = {.ledger = &l->ledger,
		.work = &l->work,
		.configured = configured,
		.longest_ms = longest_ms,
		.used_elsewhere = used_elsewhere,
		.ctx = l,
		.wall_ms = clock_wall_ms(),
		.since_owned_ms = clock_mono_ms() - l->owned_ms,
		.zone_minutes = muara_zone_minutes(l->fwd->shared)};
	bool resolves;
	struct judgement j;
	struct err e = {0};
	int r;

	judge(&v, a->command, &j);
	resolves = !j.refused && j.slot != IDMAP_NONE;
	r = lane_append(l->log,
		!resolves      ? "command"
		: j.resolution ? "resolved"
			       : "corrected",
		resolves ? resolved_body(l, a, &j)
			 : submission_command(
				   id, what, destination, j.refused ? "refused" : "done", j.reason),
		NULL, &e);
	if (r) {
		if (r != -EAGAIN && r != -ENOBUFS)
			log_error("command %s is not absorbed: %s", id, e.text);
		return r;
	}
	a->appended = true;
	log_outcome(id, j.refused ? "command-refused" : "command",
		(const char *const[]){"what", what, "destination", destination ? destination : "-",
			"reason", j.reason ? j.reason : "-", NULL});
	return 0;
}

/* A held lane: only a restore that a person accepted after it began to hold. */
static void absorb_held(struct lane *l)
{
	struct err e = {0};

	for (struct act *a = l->acts; a && l->hold_end >= 0; a = a->next) {
		if (!is(a, CMD_ACCEPT_RESTORE) || a->offset < l->hold_end)
			continue;
		log_notice("lane %d: command %s accepts the log as it is; opening the lane anew",
			(int)l->number, json_str(a->command, "id"));
		l->hold_end = -1;
		if (lane_member_accept(l->fwd->member, l->number, &e))
			log_error("lane %d: %s", (int)l->number, e.text);
		return;
	}
}

/* A number that was typed back is on its way into a log of this process: until it counts, no other
 * one can be judged, for it may be the same. */
static bool number_under_way(const struct forwarder *f)
{
	for (const struct lane *l = f->lanes; l; l = l->next)
		for (const struct act *a = l->acts; a; a = a->next)
			if (a->appended && json_str(a->command, "remote_id"))
				return true;
	return false;
}

void acts_absorb(struct lane *l)
{
	struct act **at = &l->acts;

	if (l->held && !l->lost)
		absorb_held(l);
	while (*at && !l->lost && lane_log_owned(l->log)) {
		struct act *a = *at;

		if (ledger_command_absorbed(&l->ledger, a->id)) {
			drop(l, at);
			continue;
		}
		if (is(a, CMD_RESOLVE) && !l->caught_up)
			break; /* its author may have seen a version that is not read yet */
		if (!a->appended && json_str(a->command, "remote_id") && number_under_way(l->fwd))
			break;
		if (!a->appended && absorb(l, a))
			break;
		at = &a->next;
	}
}

/* --- effects --- */

static uint32_t record_s(const json_t *body)
{
	int64_t ms;

	return time_parse(json_str_or(body, "at", ""), &ms) ? 0 : (uint32_t)(ms / 1000);
}

/* A resume ends the destination's hold, for all lanes of this process; what else a command does
 * is the word of its lane (holds.h). Only one that was read by this process: an older one is a
 * word like any other, and newer ones may follow it. */
static void resumed(struct lane *l, const struct act *a, const json_t *body)
{
	struct site *s = site_named(l, json_str_or(body, "destination", ""));

	if (!s || !is(a, CMD_RESUME) || strcmp(json_str_or(body, "result", ""), "done") != 0)
		return;
	dest_resume(&s->gate->brake, a->read_ms, record_s(body));
	gate_changed(s->gate);
}

void acts_counted(struct lane *l, const char *kind, const json_t *body)
{
	const char *command = json_str(body, "command");
	uint8_t id[16];

	if (!command || uuid_parse(command, id))
		return;
	for (struct act **at = &l->acts; *at; at = &(*at)->next)
		if (memcmp((*at)->id, id, sizeof id) == 0) {
			if (strcmp(kind, "command") == 0)
				resumed(l, *at, body);
			drop(l, at);
			break;
		}
	lane_soon(l);
}
