/* books_sum: sums and faults of the tables of books.c (see books.h). */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"

#include "books_private.h"

struct sum {
	struct books *b;
	json_t *messages, *archived, *complaints, *ready, *faults, *missing;
	int64_t before, newer;
	bool list;
};

static void count(json_t *o, const char *key)
{
	json_set_int(o, key, json_int(o, key, 0) + 1);
}

static void fault(struct sum *s, const char *name, const char *id, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void fault(struct sum *s, const char *name, const char *id, const char *fmt, ...)
{
	char detail[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	json_array_append_new(
		s->faults, json_pack("{s:s, s:s, s:s}", "fault", name, "id", id, "detail", detail));
}

/* --- messages --- */

static json_t *group(struct sum *s, uint32_t tenant, uint32_t channel)
{
	static const char *const counters[] = {"accepted", "repeated", "complaint", "noted",
		"archived", "dead", "under_way", "lost"};
	const char *t = books_name(s->b, tenant), *c = books_name(s->b, channel);
	json_t *row;
	size_t i;

	json_array_foreach (s->messages, i, row)
		if (strcmp(json_str_or(row, "tenant", ""), t) == 0 &&
			strcmp(json_str_or(row, "channel", ""), c) == 0)
			return row;
	row = json_object();
	json_set_str(row, "tenant", t);
	json_set_str(row, "channel", c);
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		json_set_int(row, counters[i], 0);
	json_array_append_new(s->messages, row);
	return row;
}

/* The decision on a raw record: under its id, or under its id extended by its content when that id
 * was absorbed with another content (lane rule 12). */
struct decided_row *books_decision_on(struct books *b, const struct raw_row *r)
{
	char id[UUID_TEXT_SIZE], hex[2 * SHA256_SIZE + 1], extended[UUID_TEXT_SIZE];
	struct decided_row *d = idmap_get(&b->decided, r->id);
	uint8_t key[16];

	if (!d || r->by_place || memcmp(d->hash, r->hash, sizeof d->hash) == 0)
		return d;
	uuid_format(r->id, id);
	hex_encode(r->hash, sizeof r->hash, hex);
	message_id_conflict(id, hex, extended);
	return uuid_parse(extended, key) ? NULL : idmap_get(&b->decided, key);
}

static char *raw_name(const struct sum *s, const struct raw_row *r)
{
	const struct part *p = &s->b->parts[r->part];
	char id[UUID_TEXT_SIZE];

	if (r->by_place)
		return xasprintf("%s/%" PRId32 "/%" PRId64, books_name(s->b, p->topic),
			p->partition, r->offset);
	uuid_format(r->id, id);
	return xstrdup(id);
}

static void undecided(struct sum *s, const struct raw_row *r, json_t *row)
{
	const struct part *p = &s->b->parts[r->part];
	const char *topic = books_name(s->b, p->topic);
	_cleanup_free_ char *id = raw_name(s, r);
	bool lost = r->offset < p->must;

	count(row, lost ? "lost" : "under_way");
	if (lost)
		fault(s, "lost", id,
			"%s/%" PRId32 "/%" PRId64 " is not decided, though later ones are", topic,
			p->partition, r->offset);
	if (s->list)
		json_array_append_new(s->missing,
			json_pack("{s:s, s:s, s:i, s:I, s:s}", "id", id, "topic", topic,
				"partition", (int)p->partition, "offset", (json_int_t)r->offset,
				"state", lost ? "lost" : "under way"));
}

static void sum_raws(struct sum *s)
{
	static const char *const names[PLACES] = {"complaint", "noted", "archived", "dead"};

	for (uint32_t i = 0; i < s->b->raws.n; i++) {
		const struct raw_row *r = idmap_at(&s->b->raws, i);
		struct decided_row *d = books_decision_on(s->b, r);
		json_t *row = group(s, r->tenant, r->channel);

		count(row, "accepted");
		json_set_int(row, "repeated", json_int(row, "repeated", 0) + r->repeats);
		if (!d) {
			undecided(s, r, row);
			continue;
		}
		d->matched = true;
		count(row, names[d->place]);
	}
}

/* A message is in the newest version of exactly one complaint. */
static void check_membership(struct sum *s, const struct decided_row *d, const char *id)
{
	const struct complaint_row *c = idmap_get(&s->b->complaints, d->complaint);
	char about[UUID_TEXT_SIZE];

	uuid_format(d->complaint, about);
	if (!c || !c->known)
		fault(s, "no-complaint", id, "is said to be in complaint %s, which is not there",
			about);
	else if (c->version != d->in_version)
		fault(s, "fell-out", id,
			"is in version %" PRIu32 " of complaint %s and not in version %" PRIu32,
			d->in_version, about, c->version);
	else if (d->in_two && strcmp(books_name(s->b, c->state), "merged") != 0)
		fault(s, "in-two-complaints", id, "is in complaint %s and in another", about);
}

static void check_decided(struct sum *s, const struct decided_row *d)
{
	const struct part *p = &s->b->parts[d->part];
	const char *topic = books_name(s->b, p->topic);
	_cleanup_free_ char *place =
		xasprintf("%s/%" PRId32 "/%" PRId64, topic, p->partition, d->offset);
	char id[UUID_TEXT_SIZE];

	uuid_format(d->id, id);
	if (d->place == P_ARCHIVED)
		count(s->archived, books_name(s->b, d->class));
	if (d->place == P_COMPLAINT)
		check_membership(s, d, id);
	if (d->matched)
		return;
	if (d->offset >= p->end)
		s->newer++;
	else if (p->low < 0 || d->offset < p->low)
		s->before++;
	else
		fault(s, "phantom", d->by_place ? place : id,
			"was decided, but no such message is at %s", place);
}

/* --- complaints --- */

const char *books_end_name(unsigned state)
{
	switch (state) {
	case A_DONE:
		return "done";
	case A_FILED:
		return "filed_by_hand";
	case A_DROPPED:
		return "dropped";
	case A_REJECTED:
		return "rejected";
	case A_PARKED:
		return "parked";
	case A_HANDED:
		return "handed";
	case 0:
		return "in_flight";
	default: /* not sent, not filed: free to be tried again */
		return "waiting";
	}
}

static json_t *destination_row(struct sum *s, const char *destination)
{
	static const char *const ends[] = {"done", "filed_by_hand", "dropped", "rejected", "parked",
		"handed", "in_flight", "refused", "waiting"};
	json_t *row;
	size_t i;

	json_array_foreach (s->ready, i, row)
		if (strcmp(json_str_or(row, "destination", ""), destination) == 0)
			return row;
	row = json_object();
	json_set_str(row, "destination", destination);
	json_set_int(row, "complaints", 0);
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		json_set_int(row, ends[i], 0);
	json_array_append_new(s->ready, row);
	return row;
}

static void sum_complaint(struct sum *s, const struct complaint_row *c)
{
	const struct attempt_row *a = books_filing(s->b, c);
	bool ready = strcmp(books_name(s->b, c->state), "ready") == 0;
	unsigned state = a ? books_attempt_state(a) : A_NOT_SENT;
	const char *end = books_end_name(state);
	char id[UUID_TEXT_SIZE];
	json_t *row;

	uuid_format(c->id, id);
	if (!c->known) {
		fault(s, "filed-undecided", id, "has an intent, but no decision told of it");
		return;
	}
	count(s->complaints, books_name(s->b, c->state));
	if (!ready && (!a || strcmp(end, "waiting") == 0))
		return;
	if (strcmp(end, "waiting") == 0 && c->refused_version == c->version)
		end = "refused";
	row = destination_row(s, books_name(s->b, a ? a->destination : c->destination));
	count(row, "complaints");
	count(row, end);
}

/* --- filed once --- */

static void check_attempt(struct sum *s, const struct attempt_row *a)
{
	char id[UUID_TEXT_SIZE];

	uuid_format(a->complaint, id);
	if (a->creates && a->two_ids)
		fault(s, "two-numbers", id, "attempt %" PRIu64 "/%" PRIu64 " got two numbers",
			a->term, a->n);
	for (uint32_t i = a->older; i != IDMAP_NONE;) {
		const struct attempt_row *o = idmap_at(&s->b->attempts, i);

		if ((a->states & (A_DONE | A_FILED)) && (o->states & A_DONE) &&
			a->system == o->system)
			fault(s, "filed-twice", id,
				"attempts %" PRIu64 "/%" PRIu64 " and %" PRIu64 "/%" PRIu64
				" both succeeded",
				o->term, o->n, a->term, a->n);
		i = o->older;
	}
}

static void check_clash(struct sum *s, const struct clash *k)
{
	static const uint8_t none[16];
	const struct attempt_row *a = idmap_at(&s->b->attempts, k->a),
				 *o = idmap_at(&s->b->attempts, k->b);
	unsigned filed = A_DONE | A_FILED;
	char one[UUID_TEXT_SIZE], two[UUID_TEXT_SIZE], what[UUID_TEXT_SIZE];

	uuid_format(a->complaint, one);
	uuid_format(o->complaint, two);
	uuid_format(k->what, what);
	if (memcmp(k->what, none, sizeof none) == 0 && a->remote_id != o->remote_id)
		return; /* one of the two was corrected since */
	if (memcmp(k->what, none, sizeof none) == 0)
		fault(s, "same-number", one, "has the same number as complaint %s", two);
	else if ((a->states & filed) && (o->states & filed))
		fault(s, "filed-twice", what, "was filed in complaint %s and in complaint %s", one,
			two);
}

/* --- the whole --- */

static void sum_all(struct sum *s)
{
	struct books *b = s->b;

	sum_raws(s);
	for (uint32_t i = 0; i < b->decided.n; i++)
		check_decided(s, idmap_at(&b->decided, i));
	for (uint32_t i = 0; i < b->complaints.n; i++)
		sum_complaint(s, idmap_at(&b->complaints, i));
	for (uint32_t i = 0; i < b->attempts.n; i++)
		check_attempt(s, idmap_at(&b->attempts, i));
	for (size_t i = 0; i < b->n_clashes; i++)
		check_clash(s, &b->clashes[i]);
}

json_t *books_sum(struct books *b, bool list)
{
	struct sum s = {.b = b,
		.messages = json_array(),
		.archived = json_object(),
		.complaints = json_object(),
		.ready = json_array(),
		.faults = json_array(),
		.missing = json_array(),
		.list = list};
	json_t *all = json_object();

	sum_all(&s);
	json_set_new(all, "balanced", json_boolean(json_array_size(s.faults) == 0));
	json_set_new(all, "messages", s.messages);
	json_set_new(all, "archived", s.archived);
	json_set_new(all, "complaints", s.complaints);
	json_set_new(all, "ready", s.ready);
	json_set_int(all, "decided_before", s.before);
	json_set_int(all, "newer", s.newer);
	json_set_new(all, "faults", s.faults);
	if (list)
		json_set_new(all, "missing", s.missing);
	else
		json_decref(s.missing);
	return all;
}
