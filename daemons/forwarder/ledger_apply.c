/* ledger_apply: the fold of `submissions` (see ledger.h): one record, and what it changes.
 *
 * Guarantees: the table is a function of the counted records in their order; replaying the log
 * gives the same table.
 * A slot keeps its newest attempt. An older one's late DONE (a person had it sent again too early)
 * is kept beside it, and takes its place when the newer one is known to have left nothing; when
 * that may be there, too, it is a duplicate filing. Its other late outcomes change nothing, as a
 * newer attempt exists only because a counted record had already freed the older one. Known gap:
 * how far a text was told is that of the newest attempt that named its message, also when an older
 * one takes its place. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"
#include "core/workdays.h"

#include "ledger_rows.h"

/* Rank by lane.md 17; equal rank: the earlier one stays. */
static const uint8_t state_rank[SLOT_STATES] = {
	[SLOT_NONE] = 0,
	[SLOT_INTENT] = 1,
	[SLOT_HANDED] = 2,
	[SLOT_PARKED] = 2,
	[SLOT_NOT_SENT] = 3,
	[SLOT_REJECTED] = 3,
	[SLOT_NOT_FILED] = 4,
	[SLOT_DROPPED] = 4,
	[SLOT_FILED] = 4,
	[SLOT_DONE] = 5,
};

static const struct outcome_kind {
	const char *kind;
	enum slot_state state;
	bool any_term; /* counts whenever its INTENT did */
} outcome_kinds[] = {
	{"done", SLOT_DONE, true},
	{"rejected", SLOT_REJECTED, true},
	{"not_sent", SLOT_NOT_SENT, true},
	{"parked", SLOT_PARKED, false},
	{"handed", SLOT_HANDED, false},
};

static const struct resolution {
	const char *name;
	enum slot_state state;
} resolutions[] = {
	{"filed", SLOT_FILED},
	{"not_filed", SLOT_NOT_FILED},
	{"dropped", SLOT_DROPPED},
};

/* --- the state of a slot --- */

static bool with_person(enum slot_state s)
{
	return s == SLOT_HANDED || s == SLOT_PARKED;
}

static void set_state(struct ledger *l, struct slot *s, enum slot_state to)
{
	l->with_person -= with_person((enum slot_state)s->state);
	l->with_person += with_person(to);
	if (call_tells((enum call_kind)s->call)) {
		unsigned long *n = s->call == CALL_FOLLOWUP ? l->follow_ups : l->filings;

		n[s->state] -= s->state != SLOT_NONE;
		n[to]++;
	}
	s->state = (uint8_t)to;
}

static void set_status(struct ledger *l, struct slot *s, enum report_status to)
{
	l->statuses[s->status] -= s->status != REPORT_NONE;
	l->statuses[to] += to != REPORT_NONE;
	s->status = (uint8_t)to;
}

/* What was read of it is not of the report it stands for now. */
static void forget_report(struct ledger *l, struct slot *s)
{
	struct reported *row = idmap_get(&l->reported, s->key);

	set_status(l, s, REPORT_NONE);
	if (row)
		row->last = row->verified_s = row->in_progress_s = 0;
}

static void flag_duplicate(struct ledger *l, struct slot *s)
{
	if (!(s->flags & SLOT_F_DUPLICATE))
		l->duplicates++;
	s->flags |= SLOT_F_DUPLICATE;
}

static void raise_state(struct ledger *l, struct slot *s, enum slot_state to, uint64_t remote_id)
{
	if (call_creates((enum call_kind)s->call) && remote_id && s->remote_id &&
		remote_id != s->remote_id)
		flag_duplicate(l, s);
	if (state_rank[to] <= state_rank[s->state])
		return;
	set_state(l, s, to);
	if (remote_id)
		s->remote_id = remote_id;
}

/* --- an earlier attempt that is DONE after all --- */

/* Does the slot stand for the newer attempt, or for that one? The newer may be there, too: a
 * duplicate. It left nothing there, or a person dropped it: the slot is the earlier one's, so that
 * nothing is sent again and the report has its number. */
static void weigh_earlier(struct ledger *l, struct slot *s)
{
	const struct earlier *row =
		ledger_done_before(l, s) ? idmap_get(&l->earlier, s->key) : NULL;

	if (!row || s->state == SLOT_INTENT || (s->term == row->term && s->n == row->n))
		return;
	if (slot_blocks(s) && s->state != SLOT_DROPPED) {
		if (call_creates((enum call_kind)s->call))
			flag_duplicate(l, s);
		return;
	}
	s->term = row->term;
	s->n = row->n;
	s->version = row->version;
	s->attempt = row->attempt;
	s->remote_id = row->remote_id;
	set_state(l, s, SLOT_DONE);
	if (row->twice)
		return;
	l->duplicates -= (s->flags & SLOT_F_DUPLICATE) != 0;
	s->flags &= (uint8_t)~SLOT_F_DUPLICATE;
}

static void note_earlier(struct ledger *l, const struct ledger_about *a)
{
	bool made;
	struct earlier *row = idmap_put(&l->earlier, a->slot->key, &made);

	if (!made) {
		row->twice = true;
		if (call_creates((enum call_kind)a->slot->call))
			flag_duplicate(l, a->slot);
		return;
	}
	row->remote_id = a->remote_id;
	row->term = a->term;
	row->n = a->n;
	row->version = a->version;
	row->attempt = (uint16_t)a->attempt;
}

/* --- records about a call --- */

static int apply_intent(
	struct ledger *l, const struct ledger_entry *e, uint32_t *ret_slot, struct err *err)
{
	uint8_t key[16];
	struct slot *s;
	struct ledger_head h;
	int r;

	r = ledger_read_head(l, e->body, &h, err);
	if (r)
		return r;
	if (h.call == CALL_NONE || e->term > UINT32_MAX || e->n > UINT32_MAX)
		return err_set(err, -EINVAL, "intent of an unknown call");
	ledger_slot_key(key, h.complaint, h.destination, h.call, h.attachment);
	s = idmap_put(&l->slots, key, NULL);
	memcpy(s->complaint, h.complaint, 16);
	s->destination = h.destination;
	s->system = h.system;
	s->call = (uint8_t)h.call;
	s->term = (uint32_t)e->term;
	s->n = (uint32_t)e->n;
	s->version = h.version;
	s->attempt = (uint16_t)h.attempt;
	set_state(l, s, SLOT_INTENT);
	if (h.call == CALL_FOLLOWUP)
		s->part = (uint8_t)h.part;
	else
		forget_report(l, s); /* that of an earlier attempt */
	s->at_s = ledger_read_at(e->body);
	*ret_slot = idmap_index(&l->slots, s);
	return call_tells(h.call) ? ledger_note_told(l, e->body, h.system, *ret_slot, err) : 0;
}

static int apply_outcome(struct ledger *l, const struct ledger_entry *e,
	const struct outcome_kind *k, uint32_t *ret_slot, struct err *err)
{
	struct ledger_about about;
	struct slot *s;

	if (ledger_read_about(l, e, &about, err))
		return -EINVAL;
	s = about.slot;
	if (!s)
		return 1;
	/* Only the writer of an INTENT knows what became of its call; a term has one counted
	 * writer. */
	if (k->any_term && about.term != e->term)
		return 1;
	if (!k->any_term && e->late)
		return 1;
	*ret_slot = idmap_index(&l->slots, s);
	if (about.newest)
		raise_state(l, s, k->state, about.remote_id);
	else if (k->state == SLOT_DONE)
		note_earlier(l, &about);
	weigh_earlier(l, s);
	return 0;
}

static const struct resolution *find_resolution(const json_t *body)
{
	const char *name = json_str_or(body, "resolution", "");

	for (size_t i = 0; i < ARRAY_SIZE(resolutions); i++)
		if (strcmp(resolutions[i].name, name) == 0)
			return &resolutions[i];
	return NULL;
}

static int note_command(struct ledger *l, const json_t *body, bool required, struct err *err)
{
	const char *text = json_str(body, "command");
	uint8_t id[16];

	if (!text && !required)
		return 0;
	if (!text || uuid_parse(text, id))
		return err_set(err, -EINVAL, "command: not a UUID");
	idmap_put(&l->commands, id, NULL);
	return 0;
}

static int apply_resolved(
	struct ledger *l, const struct ledger_entry *e, uint32_t *ret_slot, struct err *err)
{
	const struct resolution *r = find_resolution(e->body);
	struct ledger_about about;
	struct slot *s;

	if (ledger_read_about(l, e, &about, err))
		return -EINVAL;
	s = about.slot;
	if (!r)
		return err_set(err, -EINVAL, "resolution: not readable");
	if (note_command(l, e->body, false, err))
		return -EINVAL;
	if (!s || !about.newest)
		return 1;
	*ret_slot = idmap_index(&l->slots, s);
	if (state_rank[s->state] >= state_rank[r->state])
		return 1; /* an attempt resolves once */
	raise_state(l, s, r->state, about.remote_id);
	weigh_earlier(l, s);
	if (r->state == SLOT_FILED && strcmp(json_str_or(e->body, "by", ""), "person") == 0)
		s->flags |= SLOT_F_TYPED;
	return 0;
}

/* Another number in place of one that a person typed. What was read of the report of the wrong
 * number is not of this one. */
static int apply_corrected(
	struct ledger *l, const struct ledger_entry *e, uint32_t *ret_slot, struct err *err)
{
	struct ledger_about about;
	struct slot *s;

	if (ledger_read_about(l, e, &about, err))
		return -EINVAL;
	s = about.slot;
	if (!about.remote_id)
		return err_set(err, -EINVAL, "remote_id: missing");
	if (note_command(l, e->body, true, err))
		return -EINVAL;
	if (!s || !about.newest || !slot_correctable(s))
		return 1;
	*ret_slot = idmap_index(&l->slots, s);
	s->remote_id = about.remote_id;
	forget_report(l, s); /* that of the wrong number */
	return 0;
}

static int apply_refused(struct ledger *l, const struct ledger_entry *e, struct err *err)
{
	const char *other = json_str(e->body, "other");
	struct refusal *f;
	uint8_t key[16], other_id[16];
	struct ledger_head h;
	int r = ledger_read_head(l, e->body, &h, err);

	if (r)
		return r;
	if (!other || uuid_parse(other, other_id))
		return err_set(err, -EINVAL, "other: not a UUID");
	ledger_pair_key(key, h.complaint, h.destination);
	f = idmap_put(&l->refusals, key, NULL);
	memcpy(f->other, other_id, 16);
	f->version = h.version;
	return 0;
}

/* --- what was read of a report --- */

static uint64_t highest_answer(const json_t *body)
{
	const json_t *a;
	uint64_t highest = 0;
	int64_t id;
	size_t i;

	json_array_foreach (json_object_get(body, "answers"), i, a)
		if (!parse_i64(json_str_or(a, "id", ""), 1, INT64_MAX, &id))
			highest = MAX(highest, (uint64_t)id);
	return highest;
}

/* When it was verified, and answered: by the first status that says so, or more. */
static void note_progress(struct ledger *l, const struct slot *s, uint32_t at_s, uint64_t answer)
{
	const bool verified = s->status == REPORT_VERIFIED || s->status == REPORT_IN_PROGRESS;
	struct reported *row;

	if (!verified && answer <= ledger_last_answer(l, s))
		return;
	row = idmap_put(&l->reported, s->key, NULL);
	row->last = MAX(row->last, answer);
	if (verified && !row->verified_s)
		row->verified_s = at_s;
	if (s->status == REPORT_IN_PROGRESS && !row->in_progress_s)
		row->in_progress_s = at_s;
}

/* What was read of a report. What says nothing new is void, so that a crash between the append and
 * the memory of it leaves no second news. */
static int apply_status(
	struct ledger *l, const struct ledger_entry *e, uint32_t *ret_slot, struct err *err)
{
	enum report_status status = report_status_parse(json_str(e->body, "status"));
	uint64_t answer = highest_answer(e->body);
	uint64_t remote_id = 0;
	struct slot *s;
	struct ledger_head h;
	int r = ledger_read_head(l, e->body, &h, err);

	if (r)
		return r;
	s = call_creates(h.call) ? ledger_slot(l, h.complaint, h.destination, h.call, NULL) : NULL;
	if (!s || (s->status == status && answer <= ledger_last_answer(l, s)))
		return 1;
	if (ledger_read_remote_id(e->body, &remote_id) || remote_id != s->remote_id)
		return 1; /* its number was corrected meanwhile: said of another report */
	*ret_slot = idmap_index(&l->slots, s);
	set_status(l, s, status);
	note_progress(l, s, ledger_read_at(e->body), answer);
	return 0;
}

/* --- records about a destination; every record --- */

static int apply_reminded(struct ledger *l, const struct ledger_entry *e, struct err *err)
{
	const char *destination = json_str_or(e->body, "destination", "");
	uint8_t name = *destination ? ledger_name(l, destination) : 0;
	int64_t day;

	if (!name || day_parse(json_str_or(e->body, "day", ""), &day))
		return err_set(err, -EINVAL, "destination or day: not readable");
	l->reminded[name] = MAX(l->reminded[name], (int32_t)day);
	return 0;
}

/* What it means is holds.h's; a broken one must hold the lane here. */
static int check_hold(const json_t *body, struct err *err)
{
	const char *state = json_str_or(body, "state", "");

	if (!*json_str_or(body, "destination", "") || !*json_str_or(body, "reason", ""))
		return err_set(err, -EINVAL, "destination or reason is missing");
	if (strcmp(state, "held") != 0 && strcmp(state, "open") != 0)
		return err_set(err, -EINVAL, "state: neither held nor open");
	return 0;
}

static int apply_known(
	struct ledger *l, const struct ledger_entry *e, uint32_t *ret_slot, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(outcome_kinds); i++)
		if (strcmp(e->kind, outcome_kinds[i].kind) == 0)
			return apply_outcome(l, e, &outcome_kinds[i], ret_slot, err);
	if (e->late)
		return 1;
	if (strcmp(e->kind, "intent") == 0)
		return apply_intent(l, e, ret_slot, err);
	if (strcmp(e->kind, "resolved") == 0)
		return apply_resolved(l, e, ret_slot, err);
	if (strcmp(e->kind, "corrected") == 0)
		return apply_corrected(l, e, ret_slot, err);
	if (strcmp(e->kind, "refused") == 0)
		return apply_refused(l, e, err);
	if (strcmp(e->kind, "command") == 0)
		return note_command(l, e->body, true, err);
	if (strcmp(e->kind, "reminded") == 0)
		return apply_reminded(l, e, err);
	if (strcmp(e->kind, "hold") == 0)
		return check_hold(e->body, err);
	if (strcmp(e->kind, "status") == 0)
		return apply_status(l, e, ret_slot, err);
	return err_set(err, -EINVAL, "kind \"%s\" is unknown", e->kind);
}

int ledger_apply(
	struct ledger *l, const struct ledger_entry *e, uint32_t *ret_slot, struct err *err)
{
	uint32_t slot = IDMAP_NONE;
	int r = apply_known(l, e, &slot, err);

	if (ret_slot)
		*ret_slot = slot;
	if (r < 0)
		err_prefix(err, "submissions %llu/%llu (%s)", (unsigned long long)e->term,
			(unsigned long long)e->n, e->kind);
	return r;
}
