/* judge: see judge.h. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/command.h"
#include "core/ids.h"
#include "core/lane.h"
#include "core/workdays.h"

#include "judge.h"

static void refuse(struct judgement *ret, const char *reason)
{
	ret->refused = true;
	ret->reason = reason;
}

/* The slot whose newest attempt is that INTENT. *ret_older: the complaint has slots there, but that
 * attempt is none of the newest. Commands are rare, so the table is walked. */
static const struct slot *find_attempt(const struct ledger *l, const uint8_t complaint[16],
	uint8_t destination, const struct lane_key *intent, bool *ret_other)
{
	*ret_other = false;
	for (uint32_t i = 0; i < l->slots.n; i++) {
		const struct slot *s = idmap_at(&l->slots, i);

		if (s->destination != destination || memcmp(s->complaint, complaint, 16) != 0)
			continue;
		if (s->term == intent->term && s->n == intent->n)
			return s;
		*ret_other = true;
	}
	return NULL;
}

static const struct slot *named_attempt(
	const struct judge_view *v, const json_t *c, const char **ret_why)
{
	const char *attempt = json_str_or(c, "attempt", "");
	uint8_t destination = ledger_find_name(v->ledger, json_str_or(c, "destination", ""));
	const struct slot *s = NULL;
	struct lane_key intent;
	uint8_t id[16];
	bool other = false;

	if (destination && !uuid_parse(json_str_or(c, "complaint", ""), id) &&
		!lane_key_parse(attempt, strlen(attempt), &intent))
		s = find_attempt(v->ledger, id, destination, &intent, &other);
	*ret_why = other ? "not-the-newest-attempt" : "unknown-attempt";
	return s;
}

/* The author saw the version that was sent, or the newest one. */
static bool version_fits(const struct judge_view *v, const json_t *c, const struct slot *s)
{
	const struct work *row = worklist_find(v->work, s->complaint);
	int64_t seen = json_int(c, "version", 0);

	return seen == s->version || (row && seen == row->version);
}

static const char *state_in_the_way(const struct slot *s)
{
	switch ((enum slot_state)s->state) {
	case SLOT_PARKED:
	case SLOT_HANDED:
	case SLOT_REJECTED:
		return NULL;
	case SLOT_INTENT:
		return "under-way";
	case SLOT_NOT_SENT:
		return "not-sent-tried-again-by-itself";
	default:
		return "already-resolved";
	}
}

/* It may still arrive, sent by whoever wrote the INTENT. */
static bool may_travel(const struct judge_view *v, const struct slot *s)
{
	int64_t longest =
		v->longest_ms(v->ctx, v->ledger->names[s->destination], (enum call_kind)s->call);

	return v->wall_ms - (int64_t)s->at_s * 1000 < longest || v->since_owned_ms < longest;
}

static bool number_ok(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n > 0 && n <= JUDGE_REMOTE_ID_DIGITS && !s[n] && s[0] != '0';
}

/* What speaks against this number; NULL = nothing. */
static const char *against_number(const struct judge_view *v, const json_t *c, const struct slot *s)
{
	const char *text = json_str_or(c, "remote_id", "");
	const char *system = v->ledger->names[s->system];
	int64_t number;

	if (!number_ok(text) || parse_i64(text, 1, INT64_MAX, &number))
		return "not-a-report-number";
	/* A follow-up has no number of its own; that of its report says which one was looked at. */
	if (s->call == CALL_FOLLOWUP) {
		const struct slot *filing = ledger_filing(v->ledger, s->complaint, s->destination);

		return filing && filing->remote_id == (uint64_t)number ? NULL
								       : "another-report-number";
	}
	if (!call_creates((enum call_kind)s->call))
		return NULL;
	if (ledger_number_used(v->ledger, system, (uint64_t)number, s->complaint) ||
		(v->used_elsewhere &&
			v->used_elsewhere(v->ctx, system, (uint64_t)number, s->complaint)))
		return "number-used-already";
	return NULL;
}

static int64_t day_at(const struct judge_view *v, int64_t wall_ms)
{
	return day_of(wall_ms, v->zone_minutes);
}

/* When it was said: a command may wait in its topic; its clock may be ahead of ours. */
static int64_t said_ms(const struct judge_view *v, const json_t *c)
{
	int64_t ms;

	return time_parse(json_str_or(c, "at", ""), &ms) ? v->wall_ms : MIN(ms, v->wall_ms);
}

/* What speaks against the day it was entered on; NULL = nothing, and the day is in ret. */
static const char *against_day(
	const struct judge_view *v, const json_t *c, const struct slot *s, char ret[DAY_TEXT_SIZE])
{
	const char *text = json_str(c, "entered_on");
	int64_t said = said_ms(v, c), day = day_at(v, said);

	if (text && day_parse(text, &day))
		return "not-a-day";
	if (day > day_at(v, said + JUDGE_CLOCK_MS))
		return "entered-in-the-future";
	if (text && day < day_at(v, (int64_t)s->at_s * 1000 - JUDGE_CLOCK_MS))
		return "entered-before-the-call";
	if (day < day_at(v, said) - JUDGE_ENTERED_DAYS)
		return "entered-too-long-ago";
	day_format(day, ret);
	return NULL;
}

static void judge_resolve(const struct judge_view *v, const json_t *c, struct judgement *ret)
{
	const char *how = json_str_or(c, "resolution", ""), *why;
	const struct slot *s = named_attempt(v, c, &why);
	bool filed = strcmp(how, "filed") == 0;

	if (s && (state_in_the_way(s) || !version_fits(v, c, s)))
		why = state_in_the_way(s) ? state_in_the_way(s) : "stale-version";
	else if (s && filed && against_number(v, c, s))
		why = against_number(v, c, s);
	else if (s && filed)
		why = against_day(v, c, s, ret->entered_on);
	else if (s && strcmp(how, "resend") == 0 && may_travel(v, s))
		why = "too-early-may-still-arrive";
	else if (s)
		why = NULL;
	if (why) {
		refuse(ret, why);
		return;
	}
	ret->slot = idmap_index(&v->ledger->slots, s);
	ret->resolution = filed ? "filed" : strcmp(how, "resend") == 0 ? "not_filed" : "dropped";
	if (filed)
		ret->remote_id = json_str(c, "remote_id");
}

static void judge_correct(const struct judge_view *v, const json_t *c, struct judgement *ret)
{
	const char *text = json_str_or(c, "remote_id", ""), *why;
	const struct slot *s = named_attempt(v, c, &why);
	int64_t number = 0;

	if (s && !slot_correctable(s))
		why = s->state == SLOT_DONE ? "number-is-the-destinations-own"
					    : "no-number-to-correct";
	else if (s && !version_fits(v, c, s))
		why = "stale-version";
	else if (s && against_number(v, c, s))
		why = against_number(v, c, s);
	else if (s && !parse_i64(text, 1, INT64_MAX, &number) && s->remote_id == (uint64_t)number)
		why = "same-number";
	else if (s)
		why = against_day(v, c, s, ret->entered_on);
	if (why) {
		refuse(ret, why);
		return;
	}
	ret->slot = idmap_index(&v->ledger->slots, s);
	ret->remote_id = text;
}

void judge(const struct judge_view *v, const json_t *command, struct judgement *ret)
{
	const char *destination = json_str_or(command, "destination", "");

	*ret = (struct judgement){.slot = IDMAP_NONE};
	switch (command_what_get(command)) {
	case CMD_RESOLVE:
		judge_resolve(v, command, ret);
		break;
	case CMD_CORRECT:
		judge_correct(v, command, ret);
		break;
	case CMD_PAUSE:
	case CMD_RESUME:
		if (!v->configured(v->ctx, destination))
			refuse(ret, "unknown-destination");
		break;
	case CMD_ACCEPT_RESTORE:
		break;
	default:
		refuse(ret, "not-a-command-of-the-forwarder");
	}
}
