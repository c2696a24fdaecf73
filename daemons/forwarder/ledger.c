/* ledger: the fold of `submissions` (see ledger.h).
 *
 * Guarantees: the table is a function of the counted records in their order; replaying the log
 * gives the same table. An outcome finds its attempt by the INTENT it names ("term/n"), never by
 * guess. Known gap: a slot keeps its newest attempt only; an older attempt's late DONE is
 * recognised (flagged as a duplicate filing), its other late outcomes change nothing, as a newer
 * attempt exists only because a counted record had already freed the older one. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"
#include "core/workdays.h"

#include "ledger.h"

struct source_row {
	uint8_t key[16]; /* hash of message and system; further filings of it chain by hashing on */
	uint32_t slot;	 /* the create, sheet or follow-up slot it stands in */
	uint32_t upto;	 /* bytes of its text that are told there */
};
#define UPTO_WHOLE UINT32_MAX

struct file_row {
	uint8_t key[16]; /* hash of content, complaint and destination; chains as sources do */
	uint32_t slot;
};

struct command_row {
	uint8_t key[16];
};

static const char *const state_names[SLOT_STATES] = {"none", "intent", "handed", "parked",
	"not_sent", "rejected", "not_filed", "dropped", "filed", "done"};

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

void ledger_init(struct ledger *l)
{
	*l = (struct ledger){
		.slots = IDMAP_INIT(struct slot),
		.sources = IDMAP_INIT(struct source_row),
		.files = IDMAP_INIT(struct file_row),
		.refusals = IDMAP_INIT(struct refusal),
		.commands = IDMAP_INIT(struct command_row),
		.reported = IDMAP_INIT(struct reported),
	};
	l->names[l->n_names++] = xstrdup("");
}

void ledger_free(struct ledger *l)
{
	idmap_free(&l->slots);
	idmap_free(&l->sources);
	idmap_free(&l->files);
	idmap_free(&l->refusals);
	idmap_free(&l->commands);
	idmap_free(&l->reported);
	for (unsigned i = 0; i < l->n_names; i++)
		free(l->names[i]);
	l->n_names = 0;
}

uint8_t ledger_name(struct ledger *l, const char *name)
{
	for (unsigned i = 0; i < l->n_names; i++)
		if (strcmp(l->names[i], name) == 0)
			return (uint8_t)i;
	if (l->n_names == ARRAY_SIZE(l->names))
		return 0;
	l->names[l->n_names] = xstrdup(name);
	return (uint8_t)l->n_names++;
}

const char *slot_state_name(enum slot_state s)
{
	return state_names[s];
}

/* --- keys --- */

static void slot_key(uint8_t key[16], const uint8_t complaint[16], uint8_t destination,
	enum call_kind call, const char *attachment)
{
	uint8_t what[2 + SHA256_HEX_SIZE] = {destination, (uint8_t)call};

	if (attachment)
		strncpy((char *)what + 2, attachment, SHA256_HEX_SIZE - 1);
	sha256_key(key, complaint, 16, what, sizeof what);
}

const char *ledger_part(uint32_t version, unsigned part, char ret[LEDGER_PART_SIZE])
{
	snprintf(ret, LEDGER_PART_SIZE, "v%u.%u", version, part);
	return ret;
}

static void pair_key(uint8_t key[16], const uint8_t id[16], uint8_t name)
{
	sha256_key(key, id, 16, &name, 1);
}

static void file_key(
	uint8_t key[16], const char *sha256, const uint8_t complaint[16], uint8_t destination)
{
	uint8_t whose[17];

	memcpy(whose, complaint, 16);
	whose[16] = destination;
	sha256_key(key, sha256, strlen(sha256), whose, sizeof whose);
}

/* Where to look next for another slot of the same source or file. */
static void next_key(uint8_t key[16])
{
	uint8_t link[16];

	memcpy(link, key, 16);
	sha256_key(key, link, 16, "+", 1);
}

/* --- reading a record --- */

struct head { /* what every record about a call names */
	uint8_t complaint[16];
	uint8_t destination, system;
	enum call_kind call;
	const char *attachment;
	uint32_t version, attempt;
	unsigned part;
	char part_text[LEDGER_PART_SIZE];
};

static int read_head(struct ledger *l, const json_t *body, struct head *h, struct err *err)
{
	const char *complaint = json_str(body, "complaint");
	const char *destination = json_str(body, "destination"), *system = json_str(body, "system");
	int64_t version = json_int(body, "version", -1), attempt = json_int(body, "attempt", 1);
	int64_t part = json_int(body, "part", 1);

	*h = (struct head){.attachment = json_str(body, "attachment"),
		.call = call_kind_parse(json_str(body, "call"))};
	if (!complaint || uuid_parse(complaint, h->complaint))
		return err_set(err, -EINVAL, "complaint: not a UUID");
	if (!destination || !*destination || !system || !*system)
		return err_set(err, -EINVAL, "destination or system is missing");
	if (version < 0 || version > INT32_MAX || attempt < 1 || attempt > UINT16_MAX)
		return err_set(err, -EINVAL, "version or attempt is missing or out of range");
	if (part < 1 || part > LEDGER_PARTS_MAX)
		return err_set(err, -EINVAL, "part: out of range");
	h->version = (uint32_t)version;
	h->attempt = (uint32_t)attempt;
	h->part = (unsigned)part;
	if (h->call == CALL_FOLLOWUP)
		h->attachment = ledger_part(h->version, h->part, h->part_text);
	h->destination = ledger_name(l, destination);
	h->system = ledger_name(l, system);
	if (!h->destination || !h->system)
		return err_set(
			err, -EINVAL, "more than 255 names of destinations and systems in one log");
	return 0;
}

/* "3/17" */
static int read_intent_ref(const json_t *body, uint32_t *ret_term, uint32_t *ret_n)
{
	const char *s = json_str(body, "intent"), *slash = s ? strchr(s, '/') : NULL;
	char term[16];
	int64_t t, n;

	if (!slash || (size_t)(slash - s) >= sizeof term)
		return -EINVAL;
	memcpy(term, s, (size_t)(slash - s));
	term[slash - s] = '\0';
	if (parse_i64(term, 1, UINT32_MAX, &t) || parse_i64(slash + 1, 1, UINT32_MAX, &n))
		return -EINVAL;
	*ret_term = (uint32_t)t;
	*ret_n = (uint32_t)n;
	return 0;
}

static int read_remote_id(const json_t *body, uint64_t *ret)
{
	const char *s = json_str(body, "remote_id");
	int64_t v;

	if (!s)
		return 0;
	if (parse_i64(s, 1, INT64_MAX, &v))
		return -EINVAL;
	*ret = (uint64_t)v;
	return 0;
}

static uint32_t read_at(const json_t *body)
{
	const char *s = json_str(body, "at");
	int64_t ms;

	return s && !time_parse(s, &ms) ? (uint32_t)(ms / 1000) : 0;
}

/* --- applying --- */

/* A source may stand in several filings (a person's split): rows chain under keys of (message,
 * system, position). */
static void note_source(
	struct ledger *l, const uint8_t message[16], uint8_t system, uint32_t slot, uint32_t upto)
{
	uint8_t key[16];
	struct source_row *row;
	bool made;

	pair_key(key, message, system);
	for (;; next_key(key)) {
		row = idmap_put(&l->sources, key, &made);
		if (made || row->slot == slot) {
			row->slot = slot;
			row->upto = upto;
			return;
		}
	}
}

static void note_file(struct ledger *l, const struct slot *s, uint32_t slot, const char *sha256)
{
	struct file_row *row;
	uint8_t key[16];
	bool made;

	file_key(key, sha256, s->complaint, s->destination);
	for (;; next_key(key)) {
		row = idmap_put(&l->files, key, &made);
		if (made || row->slot == slot) {
			row->slot = slot;
			return;
		}
	}
}

/* How much of this source's text the INTENT tells: all, unless `cut` says otherwise. */
static uint32_t upto_of(const json_t *body, const char *source)
{
	const json_t *c;
	size_t i;

	json_array_foreach (json_object_get(body, "cut"), i, c)
		if (strcmp(json_str_or(c, "source", ""), source) == 0)
			return (uint32_t)MIN(
				MAX(json_int(c, "told", 0), 0), (int64_t)UPTO_WHOLE - 1);
	return UPTO_WHOLE;
}

static int note_told(
	struct ledger *l, const json_t *body, uint8_t system, uint32_t slot, struct err *err)
{
	const json_t *files = json_object_get(body, "attachments"), *v;
	struct slot *s = idmap_at(&l->slots, slot);
	uint8_t message[16];
	size_t i;

	json_array_foreach (json_object_get(body, "sources"), i, v) {
		const char *text = json_string_value(v);

		if (!text || uuid_parse(text, message))
			return err_set(err, -EINVAL, "sources[%zu]: not a UUID", i);
		note_source(l, message, system, slot, upto_of(body, text));
	}
	s->flags |= json_is_array(files) ? SLOT_F_LISTED : 0;
	json_array_foreach (files, i, v) {
		if (!json_is_string(v))
			return err_set(err, -EINVAL, "attachments[%zu]: no text", i);
		note_file(l, s, slot, json_string_value(v));
	}
	return 0;
}

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

static int apply_intent(
	struct ledger *l, const struct ledger_entry *e, uint32_t *ret_slot, struct err *err)
{
	uint8_t key[16];
	struct slot *s;
	struct head h;
	int r;

	r = read_head(l, e->body, &h, err);
	if (r)
		return r;
	if (h.call == CALL_NONE || e->term > UINT32_MAX || e->n > UINT32_MAX)
		return err_set(err, -EINVAL, "intent of an unknown call");
	slot_key(key, h.complaint, h.destination, h.call, h.attachment);
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
	s->at_s = read_at(e->body);
	*ret_slot = idmap_index(&l->slots, s);
	return call_tells(h.call) ? note_told(l, e->body, h.system, *ret_slot, err) : 0;
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

struct about {		   /* what a record that names an INTENT speaks of */
	struct slot *slot; /* NULL: of none that counted */
	uint32_t term;	   /* of the INTENT */
	bool newest;	   /* it is the slot's newest attempt */
	uint64_t remote_id;
};

static int read_about(
	struct ledger *l, const struct ledger_entry *e, struct about *ret, struct err *err)
{
	uint32_t n;
	struct head h;

	*ret = (struct about){0};
	if (read_head(l, e->body, &h, err) || read_intent_ref(e->body, &ret->term, &n))
		return err_set(err, -EINVAL, "outcome without a readable head or \"intent\"");
	if (read_remote_id(e->body, &ret->remote_id))
		return err_set(err, -EINVAL, "remote_id: not digits");
	ret->slot = ledger_slot(l, h.complaint, h.destination, h.call, h.attachment);
	ret->newest = ret->slot && ret->slot->term == ret->term && ret->slot->n == n;
	return 0;
}

static int apply_outcome(struct ledger *l, const struct ledger_entry *e,
	const struct outcome_kind *k, uint32_t *ret_slot, struct err *err)
{
	struct about about;
	struct slot *s;

	if (read_about(l, e, &about, err))
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
	else if (k->state == SLOT_DONE && call_creates((enum call_kind)s->call))
		flag_duplicate(l, s);
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
	struct about about;
	struct slot *s;

	if (read_about(l, e, &about, err))
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
	if (r->state == SLOT_FILED && strcmp(json_str_or(e->body, "by", ""), "person") == 0)
		s->flags |= SLOT_F_TYPED;
	return 0;
}

bool slot_correctable(const struct slot *s)
{
	return s->state == SLOT_FILED && (s->flags & SLOT_F_TYPED) && s->remote_id &&
	       call_creates((enum call_kind)s->call);
}

/* Another number in place of one that a person typed. What was read of the report of the wrong
 * number is not of this one. */
static int apply_corrected(
	struct ledger *l, const struct ledger_entry *e, uint32_t *ret_slot, struct err *err)
{
	struct about about;
	struct slot *s;

	if (read_about(l, e, &about, err))
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
	struct head h;
	int r = read_head(l, e->body, &h, err);

	if (r)
		return r;
	if (!other || uuid_parse(other, other_id))
		return err_set(err, -EINVAL, "other: not a UUID");
	pair_key(key, h.complaint, h.destination);
	f = idmap_put(&l->refusals, key, NULL);
	memcpy(f->other, other_id, 16);
	f->version = h.version;
	return 0;
}

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
	struct head h;
	int r = read_head(l, e->body, &h, err);

	if (r)
		return r;
	s = call_creates(h.call) ? ledger_slot(l, h.complaint, h.destination, h.call, NULL) : NULL;
	if (!s || (s->status == status && answer <= ledger_last_answer(l, s)))
		return 1;
	if (read_remote_id(e->body, &remote_id) || remote_id != s->remote_id)
		return 1; /* its number was corrected meanwhile: said of another report */
	*ret_slot = idmap_index(&l->slots, s);
	set_status(l, s, status);
	note_progress(l, s, read_at(e->body), answer);
	return 0;
}

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

/* --- asking --- */

struct slot *ledger_slot(const struct ledger *l, const uint8_t complaint[16], uint8_t destination,
	enum call_kind call, const char *attachment)
{
	uint8_t key[16];

	slot_key(key, complaint, destination, call, attachment);
	return idmap_get(&l->slots, key);
}

bool slot_open(const struct slot *s)
{
	return !s || s->state == SLOT_NOT_SENT || s->state == SLOT_NOT_FILED;
}

bool slot_blocks(const struct slot *s)
{
	return s->state != SLOT_NOT_SENT && s->state != SLOT_REJECTED && s->state != SLOT_NOT_FILED;
}

static const struct slot *source_conflict(const struct ledger *l, const uint8_t message[16],
	uint8_t system, const uint8_t complaint[16])
{
	const struct source_row *row;
	const struct slot *s;
	uint8_t key[16];

	pair_key(key, message, system);
	for (; (row = idmap_get(&l->sources, key)); next_key(key)) {
		s = idmap_at(&l->slots, row->slot);
		if (slot_blocks(s) && memcmp(s->complaint, complaint, 16) != 0)
			return s;
	}
	return NULL;
}

/* Nothing will take back what it tells. */
static bool slot_settled(const struct slot *s)
{
	return s->state == SLOT_DONE || s->state == SLOT_FILED || s->state == SLOT_DROPPED;
}

int64_t ledger_told(const struct ledger *l, const uint8_t complaint[16], uint8_t destination,
	uint8_t system, const uint8_t message[16])
{
	const struct source_row *row;
	int64_t told = LEDGER_UNTOLD;
	uint8_t key[16];

	pair_key(key, message, system);
	for (; (row = idmap_get(&l->sources, key)); next_key(key)) {
		const struct slot *s = idmap_at(&l->slots, row->slot);
		bool own = memcmp(s->complaint, complaint, 16) == 0;

		if (!slot_blocks(s) || (own && s->destination != destination))
			continue;
		told = MAX(told, own && row->upto != UPTO_WHOLE && slot_settled(s)
					 ? (int64_t)row->upto
					 : LEDGER_WHOLE);
	}
	return told;
}

bool ledger_told_file(const struct ledger *l, const uint8_t complaint[16], uint8_t destination,
	const char *sha256)
{
	const struct file_row *row;
	uint8_t key[16];

	file_key(key, sha256, complaint, destination);
	for (; (row = idmap_get(&l->files, key)); next_key(key))
		if (slot_blocks(idmap_at(&l->slots, row->slot)))
			return true;
	return false;
}

const struct slot *ledger_conflict(
	const struct ledger *l, const json_t *sources, uint8_t system, const uint8_t complaint[16])
{
	const json_t *source;
	size_t i;

	json_array_foreach (sources, i, source) {
		const char *text = json_is_string(source) ? json_string_value(source)
							  : json_str(source, "message");
		const struct slot *s;
		uint8_t message[16];

		if (!text || uuid_parse(text, message))
			continue;
		s = source_conflict(l, message, system, complaint);
		if (s)
			return s;
	}
	return NULL;
}

struct slot *ledger_filing(const struct ledger *l, const uint8_t complaint[16], uint8_t destination)
{
	struct slot *create = ledger_slot(l, complaint, destination, CALL_CREATE, NULL);
	struct slot *sheet = ledger_slot(l, complaint, destination, CALL_SHEET, NULL);

	/* The destination's profile was changed between the two: what stands counts. */
	if (!create || (sheet && slot_open(create) && !slot_open(sheet)))
		return sheet;
	return create;
}

const struct refusal *ledger_refusal(
	const struct ledger *l, const uint8_t complaint[16], uint8_t destination)
{
	uint8_t key[16];

	pair_key(key, complaint, destination);
	return idmap_get(&l->refusals, key);
}

bool ledger_number_used(
	const struct ledger *l, const char *system, uint64_t remote_id, const uint8_t complaint[16])
{
	for (uint32_t i = 0; i < l->slots.n; i++) {
		const struct slot *s = idmap_at(&l->slots, i);

		if (s->remote_id == remote_id && call_creates((enum call_kind)s->call) &&
			strcmp(l->names[s->system], system) == 0 &&
			memcmp(s->complaint, complaint, 16) != 0)
			return true;
	}
	return false;
}

const struct reported *ledger_reported(const struct ledger *l, const struct slot *s)
{
	return idmap_get(&l->reported, s->key);
}

uint64_t ledger_last_answer(const struct ledger *l, const struct slot *s)
{
	const struct reported *row = ledger_reported(l, s);

	return row ? row->last : 0;
}

bool ledger_command_absorbed(const struct ledger *l, const uint8_t command[16])
{
	return idmap_get(&l->commands, command) != NULL;
}
