/* books: the tables (see books.h). */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"

#include "books_private.h"

struct books *books_new(void)
{
	struct books *b = xcalloc(1, sizeof *b);

	b->names = xcalloc(1, sizeof *b->names);
	b->names[b->n_names++].text = xstrdup("");
	b->raws = IDMAP_INIT(struct raw_row);
	b->decided = IDMAP_INIT(struct decided_row);
	b->complaints = IDMAP_INIT(struct complaint_row);
	b->attempts = IDMAP_INIT(struct attempt_row);
	b->claims = IDMAP_INIT(struct claim_row);
	return b;
}

void books_free(struct books *b)
{
	if (!b)
		return;
	for (uint32_t i = 0; i < b->n_names; i++)
		free(b->names[i].text);
	free(b->names);
	free(b->parts);
	free(b->clashes);
	idmap_free(&b->raws);
	idmap_free(&b->decided);
	idmap_free(&b->complaints);
	idmap_free(&b->attempts);
	idmap_free(&b->claims);
	free(b);
}

/* --- small tables --- */

const char *books_name(const struct books *b, uint32_t name)
{
	return b->names[name].text;
}

/* Few names (channels, classes, destinations): a walk is quick enough. */
static uint32_t intern(struct books *b, const char *text)
{
	if (!text)
		return 0;
	for (uint32_t i = 0; i < b->n_names; i++)
		if (strcmp(b->names[i].text, text) == 0)
			return i;
	if (b->n_names == NAMES_MAX) /* nonsense, not names: all of it is one */
		return 0;
	b->names = xrealloc(b->names, (b->n_names + 1) * sizeof *b->names);
	b->names[b->n_names].text = xstrdup(text);
	return b->n_names++;
}

static uint32_t part_of(struct books *b, const char *topic, int32_t partition)
{
	uint32_t name = intern(b, topic);

	for (uint32_t i = 0; i < b->n_parts; i++)
		if (b->parts[i].topic == name && b->parts[i].partition == partition)
			return i;
	b->parts = xrealloc(b->parts, (b->n_parts + 1) * sizeof *b->parts);
	b->parts[b->n_parts] = (struct part){.topic = name, .partition = partition, .low = -1};
	return b->n_parts++;
}

/* The UUID's bytes, or a hash of whatever stands for an id. */
static bool id_key(uint8_t key[16], const char *id)
{
	if (!uuid_parse(id, key))
		return true;
	sha256_key(key, "place", 5, id ? id : "", id ? strlen(id) : 0);
	return false;
}

static void hash_bytes(uint8_t out[SHA256_SIZE], const char *hex)
{
	memset(out, 0, SHA256_SIZE);
	if (hex && strlen(hex) == 2 * SHA256_SIZE && hex_decode(hex, SHA256_SIZE, out))
		memset(out, 0, SHA256_SIZE);
}

/* --- raw records --- */

void books_raw(struct books *b, const struct books_raw *r)
{
	uint32_t part = part_of(b, r->topic, r->partition);
	_cleanup_free_ char *place =
		xasprintf("%s/%d/%lld", r->topic, (int)r->partition, (long long)r->offset);
	uint8_t key[16], id[16], hash[SHA256_SIZE];
	struct raw_row *row;
	bool made, by_place = !id_key(id, r->id ? r->id : place);

	if (b->parts[part].low < 0)
		b->parts[part].low = r->offset;
	b->parts[part].end = r->offset + 1;
	hash_bytes(hash, r->hash);
	sha256_key(key, id, sizeof id, hash, sizeof hash);
	row = idmap_put(&b->raws, key, &made);
	if (!made) {
		row->repeats++;
		return;
	}
	memcpy(row->id, id, sizeof id);
	memcpy(row->hash, hash, sizeof hash);
	row->offset = r->offset;
	row->received_ms = r->received_ms;
	row->part = part;
	row->tenant = intern(b, r->tenant);
	row->channel = intern(b, r->channel);
	row->by_place = by_place;
}

void books_committed(struct books *b, const char *topic, int32_t partition, int64_t next)
{
	uint32_t part = part_of(b, topic, partition); /* may move the table */

	b->parts[part].must = MAX(b->parts[part].must, next);
}

/* --- decisions --- */

static struct complaint_row *complaint_of(struct books *b, const char *id)
{
	struct complaint_row *c;
	uint8_t key[16];
	bool made;

	if (uuid_parse(id, key))
		return NULL;
	c = idmap_put(&b->complaints, key, &made);
	if (made)
		c->filing = IDMAP_NONE;
	return c;
}

/* The newest snapshot that lists a message says where it is. */
static void take_source(struct books *b, const struct complaint_row *c, const char *message)
{
	struct decided_row *d;
	uint8_t key[16];

	id_key(key, message);
	d = idmap_get(&b->decided, key);
	if (!d) /* its own decision is this one: taken below */
		return;
	if (d->place == P_COMPLAINT && memcmp(d->complaint, c->id, 16) != 0) {
		d->in_two = true;
		return;
	}
	if (d->place == P_COMPLAINT)
		d->in_version = c->version;
}

static int64_t time_of(const json_t *o, const char *key)
{
	int64_t ms = 0;

	return time_parse(json_str_or(o, key, ""), &ms) ? 0 : ms;
}

/* What a report groups complaints by. */
static void take_kind(struct books *b, struct complaint_row *c, const json_t *snapshot)
{
	const json_t *first = json_array_get(json_object_get(snapshot, "sources"), 0);

	c->received_ms = time_of(snapshot, "opened_at");
	c->channel = intern(b, json_str(first, "channel"));
	c->agency = intern(b, json_str(snapshot, "agency"));
	c->closed = intern(b, json_str(snapshot, "closed"));
	c->classification = intern(b, json_flag(snapshot, "supervisory")
					      ? "supervisory"
					      : json_str(snapshot, "classification"));
}

static void take_snapshot(struct books *b, const json_t *snapshot)
{
	struct complaint_row *c = complaint_of(b, json_str(snapshot, "id"));
	const json_t *source;
	size_t i;

	if (!c)
		return;
	c->known = true;
	c->version = (uint32_t)json_int(snapshot, "version", 0);
	c->state = intern(b, json_str(snapshot, "state"));
	c->destination = intern(b, json_str(snapshot, "destination"));
	c->tenant = intern(b, json_str(snapshot, "tenant"));
	take_kind(b, c, snapshot);
	json_array_foreach (json_object_get(snapshot, "sources"), i, source)
		take_source(b, c, json_str(source, "message"));
}

static bool lists(const json_t *snapshot, const char *message)
{
	const json_t *source;
	size_t i;

	json_array_foreach (json_object_get(snapshot, "sources"), i, source)
		if (strcmp(json_str_or(source, "message", ""), message) == 0)
			return true;
	return false;
}

static void place_in_complaint(struct decided_row *d, const json_t *snapshot)
{
	if (uuid_parse(json_str(snapshot, "id"), d->complaint))
		return;
	d->place = P_COMPLAINT;
	d->in_version = (uint32_t)json_int(snapshot, "version", 0);
}

/* Where the results of its decision put a message; noted when nothing else is said. */
static void place_message(
	struct books *b, struct decided_row *d, const json_t *results, const char *id)
{
	const json_t *r;
	size_t i;

	d->place = P_NOTED;
	json_array_foreach (results, i, r) {
		const char *type = json_str_or(r, "type", "");

		if (strcmp(type, "complaint") == 0 && lists(r, id)) {
			place_in_complaint(d, r);
			return;
		}
		if (strcmp(json_str_or(r, "id", ""), id) != 0)
			continue;
		if (strcmp(type, "archived") == 0) {
			d->place = P_ARCHIVED;
			d->class = intern(b, json_str(r, "class"));
		} else if (strcmp(type, "dead") == 0) {
			d->place = P_DEAD;
		}
	}
}

static void take_input(struct books *b, const json_t *input, const json_t *results, int64_t at_ms)
{
	const char *id = json_str_or(input, "id", ""), *topic = json_str(input, "topic");
	struct decided_row *d;
	uint8_t key[16];
	bool is_uuid = id_key(key, id);

	d = idmap_put(&b->decided, key, NULL);
	if (!d->at_ms)
		d->at_ms = at_ms;
	d->by_place = !is_uuid;
	d->in_two = false; /* a replay places it anew */
	d->offset = json_int(input, "offset", -1);
	d->part = part_of(b, topic ? topic : "", (int32_t)json_int(input, "partition", 0));
	hash_bytes(d->hash, json_str(input, "hash"));
	place_message(b, d, results, id);
	if (topic && d->offset >= b->parts[d->part].must)
		b->parts[d->part].must = d->offset + 1;
}

void books_decision(struct books *b, const json_t *record)
{
	const json_t *results = json_object_get(record, "results"), *x;
	size_t i;

	json_array_foreach (json_object_get(record, "inputs"), i, x)
		if (strcmp(json_str_or(x, "type", ""), "message") == 0)
			take_input(b, x, results, time_of(record, "at"));
	json_array_foreach (results, i, x)
		if (strcmp(json_str_or(x, "type", ""), "complaint") == 0)
			take_snapshot(b, x);
}

/* --- submissions --- */

static const struct {
	const char *kind;
	unsigned state;
	bool any_term; /* counts whenever its INTENT did, but only from that one's term */
} outcomes[] = {
	{"done", A_DONE, true},
	{"rejected", A_REJECTED, true},
	{"not_sent", A_NOT_SENT, true},
	{"parked", A_PARKED, false},
	{"handed", A_HANDED, false},
};
static const struct {
	const char *resolution;
	unsigned state;
} resolutions[] = {{"filed", A_FILED}, {"not_filed", A_NOT_FILED}, {"dropped", A_DROPPED}};

unsigned books_attempt_state(const struct attempt_row *a)
{
	unsigned bit = A_DONE;

	while (bit && !(a->states & bit))
		bit >>= 1;
	return bit;
}

const struct attempt_row *books_filing(const struct books *b, const struct complaint_row *c)
{
	const struct attempt_row *newest, *a;
	unsigned state;

	if (c->filing == IDMAP_NONE)
		return NULL;
	newest = idmap_at(&b->attempts, c->filing);
	state = books_attempt_state(newest);
	if (!(state & (A_NOT_SENT | A_REJECTED | A_NOT_FILED | A_DROPPED)))
		return newest;
	for (uint32_t i = newest->older; i != IDMAP_NONE; i = a->older) {
		a = idmap_at(&b->attempts, i);
		if (a->system == newest->system && books_attempt_state(a) == A_DONE)
			return a;
	}
	return newest;
}

static void attempt_key(uint8_t key[16], int32_t lane, const char *place)
{
	sha256_key(key, &lane, sizeof lane, place, strlen(place));
}

static void note_clash(struct books *b, uint32_t a, uint32_t other, const uint8_t *what)
{
	struct clash *k;

	b->clashes = xrealloc(b->clashes, (b->n_clashes + 1) * sizeof *b->clashes);
	k = &b->clashes[b->n_clashes++];
	*k = (struct clash){.a = a, .b = other};
	if (what)
		memcpy(k->what, what, 16);
}

/* Something only one complaint may have in a system: a source, or a number. The first one keeps the
 * claim; whether two are a fault is for the sum to say, when all outcomes are known. */
static void claim(struct books *b, uint32_t attempt, const void *what, size_t len, bool source)
{
	const struct attempt_row *a = idmap_at(&b->attempts, attempt), *first;
	_cleanup_free_ char *system =
		xasprintf("%s/%s", source ? "s" : "r", books_name(b, a->system));
	struct claim_row *row;
	uint8_t key[16];
	bool made;

	sha256_key(key, system, strlen(system), what, len);
	row = idmap_put(&b->claims, key, &made);
	if (made) {
		row->attempt = attempt;
		return;
	}
	first = idmap_at(&b->attempts, row->attempt);
	if (!source && first->remote_id != a->remote_id) { /* it was corrected since */
		row->attempt = attempt;
		return;
	}
	if (memcmp(first->complaint, a->complaint, 16) != 0)
		note_clash(b, row->attempt, attempt, source ? what : NULL);
}

static void claim_sources(struct books *b, uint32_t attempt, const json_t *sources)
{
	const json_t *s;
	uint8_t message[16];
	size_t i;

	json_array_foreach (sources, i, s)
		if (!uuid_parse(json_string_value(s), message))
			claim(b, attempt, message, sizeof message, true);
}

static void take_intent(struct books *b, int32_t lane, const json_t *r)
{
	const char *call = json_str_or(r, "call", "");
	_cleanup_free_ char *place = xasprintf(
		"%lld/%lld", (long long)json_int(r, "term", 0), (long long)json_int(r, "n", 0));
	struct complaint_row *c = complaint_of(b, json_str(r, "complaint"));
	struct attempt_row *a;
	uint8_t key[16];
	uint32_t at;

	if (!c)
		return;
	attempt_key(key, lane, place);
	a = idmap_put(&b->attempts, key, NULL);
	at = idmap_index(&b->attempts, a);
	memcpy(a->complaint, c->id, 16);
	a->term = (uint64_t)json_int(r, "term", 0);
	a->n = (uint64_t)json_int(r, "n", 0);
	a->lane = lane;
	a->version = (uint32_t)json_int(r, "version", 0);
	a->destination = intern(b, json_str(r, "destination"));
	a->system = intern(b, json_str(r, "system"));
	a->creates = strcmp(call, "create") == 0 || strcmp(call, "sheet") == 0;
	a->older = IDMAP_NONE;
	if (!a->creates)
		return;
	a->older = c->filing;
	c->filing = at;
	claim_sources(b, at, json_object_get(r, "sources"));
}

static struct attempt_row *attempt_named(struct books *b, int32_t lane, const json_t *r)
{
	const char *intent = json_str(r, "intent");
	uint8_t key[16];

	if (!intent)
		return NULL;
	attempt_key(key, lane, intent);
	return idmap_get(&b->attempts, key);
}

static void reach(struct books *b, struct attempt_row *a, unsigned state, const json_t *r)
{
	int64_t id = 0;

	a->states |= (uint8_t)state;
	if (state & (A_DONE | A_FILED)) {
		int64_t at = time_of(r, "at");

		a->filed_ms = a->filed_ms ? MIN(a->filed_ms, at) : at;
	}
	if (parse_i64(json_str_or(r, "remote_id", ""), 1, INT64_MAX, &id))
		return;
	if (a->remote_id && a->remote_id != (uint64_t)id)
		a->two_ids = true;
	a->remote_id = (uint64_t)id;
	if (a->creates)
		claim(b, idmap_index(&b->attempts, a), &a->remote_id, sizeof a->remote_id, false);
}

static void take_outcome(struct books *b, int32_t lane, const json_t *r, bool late)
{
	const char *kind = json_str_or(r, "kind", "");
	const char *resolution = json_str_or(r, "resolution", "");
	struct attempt_row *a = attempt_named(b, lane, r);
	bool own_term = a && a->term == (uint64_t)json_int(r, "term", 0);

	for (size_t i = 0; a && i < ARRAY_SIZE(outcomes); i++)
		if (strcmp(outcomes[i].kind, kind) == 0 &&
			(outcomes[i].any_term ? own_term : !late))
			reach(b, a, outcomes[i].state, r);
	if (!a || late || strcmp(kind, "resolved") != 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(resolutions); i++)
		if (strcmp(resolutions[i].resolution, resolution) == 0 &&
			!(a->states & (A_FILED | A_NOT_FILED | A_DROPPED))) /* resolves once */
			reach(b, a, resolutions[i].state, r);
}

/* A person's number in place of the one he typed wrong. */
static void take_correction(struct books *b, int32_t lane, const json_t *r)
{
	struct attempt_row *a = attempt_named(b, lane, r);
	struct complaint_row *c;
	int64_t id;

	if (!a || !(a->states & A_FILED) || (a->states & A_DONE) ||
		parse_i64(json_str_or(r, "remote_id", ""), 1, INT64_MAX, &id))
		return;
	a->remote_id = (uint64_t)id;
	claim(b, idmap_index(&b->attempts, a), &a->remote_id, sizeof a->remote_id, false);
	c = idmap_get(&b->complaints, a->complaint);
	if (c)
		c->answered = false; /* that was the report of the wrong number */
}

static void take_status(struct books *b, const json_t *r)
{
	static const char *const ends[] = {"done", "archived", "rejected"};
	const char *status = json_str_or(r, "status", "");
	const struct attempt_row *a;
	struct complaint_row *c;
	uint8_t key[16];
	int64_t id;

	b->statuses = true;
	if (uuid_parse(json_str_or(r, "complaint", ""), key))
		return;
	c = idmap_get(&b->complaints, key);
	a = c ? books_filing(b, c) : NULL;
	if (!a || parse_i64(json_str_or(r, "remote_id", ""), 1, INT64_MAX, &id) ||
		a->remote_id != (uint64_t)id)
		return; /* read of another report: its number was corrected meanwhile */
	c->answered = false;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		c->answered |= strcmp(status, ends[i]) == 0;
}

void books_submission(struct books *b, int32_t lane, const json_t *record, bool late)
{
	const char *kind = json_str_or(record, "kind", "");
	struct complaint_row *c;

	if (strcmp(kind, "intent") == 0 && !late) {
		take_intent(b, lane, record);
	} else if (strcmp(kind, "status") == 0 && !late) {
		take_status(b, record);
	} else if (strcmp(kind, "corrected") == 0 && !late) {
		take_correction(b, lane, record);
	} else if (strcmp(kind, "refused") == 0 && !late) {
		c = complaint_of(b, json_str(record, "complaint"));
		if (c)
			c->refused_version = (uint32_t)json_int(record, "version", 0);
	} else {
		take_outcome(b, lane, record, late);
	}
}
