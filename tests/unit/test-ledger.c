// uses: daemons/forwarder/ledger.c daemons/forwarder/ledger_apply.c
// uses: daemons/forwarder/ledger_read.c daemons/forwarder/ledger_told.c
/* ledger: the fold of `submissions`, by tables of records: states in any order of arrival, whose
 * outcome counts, which filing stands in the way of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/ids.h"

#include "daemons/forwarder/ledger.h"

#define C1 "11111111-1111-5111-8111-111111111111"
#define C2 "22222222-2222-5222-8222-222222222222"
#define M1 "aaaaaaaa-aaaa-5aaa-8aaa-aaaaaaaaaaaa"
#define M2 "bbbbbbbb-bbbb-5bbb-8bbb-bbbbbbbbbbbb"
#define K1 "cccccccc-cccc-4ccc-8ccc-cccccccccccc"

struct rec {
	const char *kind;
	unsigned term, n;
	bool late;
	const char *complaint, *destination, *system, *call;
	unsigned attempt;
	const char *extra; /* further members as JSON object text */
};

static int feed(struct ledger *l, const struct rec *r, struct err *e)
{
	_cleanup_json_ json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s}", "complaint",
		r->complaint, "destination", r->destination, "system", r->system, "call", r->call,
		"version", 1, "attempt", r->attempt ? (int)r->attempt : 1, "at",
		"2026-11-24T04:29:15.000Z");
	_cleanup_json_ json_t *extra = json_loads(r->extra ? r->extra : "{}", 0, NULL);
	struct ledger_entry entry = {
		.kind = r->kind, .term = r->term, .n = r->n, .late = r->late, .body = body};

	assert_non_null(extra);
	json_object_update(body, extra);
	return ledger_apply(l, &entry, NULL, e);
}

static enum slot_state state_of(
	struct ledger *l, const char *complaint, const char *destination, const char *call)
{
	struct slot *s;
	uint8_t id[16];

	assert_int_equal(uuid_parse(complaint, id), 0);
	s = ledger_slot(l, id, ledger_name(l, destination), call_kind_parse(call), NULL);
	return s ? (enum slot_state)s->state : SLOT_NONE;
}

#define INTENT(t, n_)                                                  \
	{                                                              \
		"intent", t, n_, false, C1, "d", "lapor", "create", 1, \
			"{\"sources\":[\"" M1 "\"]}"                   \
	}
#define OUT(kind_, t, n_, late_, ref, more)                         \
	{                                                           \
		kind_, t, n_, late_, C1, "d", "lapor", "create", 1, \
			"{\"intent\":\"" ref "\"" more "}"          \
	}
#define DONE(t, n_, late_, ref) OUT("done", t, n_, late_, ref, ",\"remote_id\":\"77\"")
#define RESOLVED(t, n_, ref, how) \
	OUT("resolved", t, n_, false, ref, ",\"command\":\"" K1 "\",\"resolution\":\"" how "\"")

static const struct state_case {
	const char *name;
	struct rec recs[9];
	enum slot_state want;
	bool duplicate;
} state_cases[] = {
	{"intent alone", {INTENT(1, 1)}, SLOT_INTENT, false},
	{"done", {INTENT(1, 1), DONE(1, 2, false, "1/1")}, SLOT_DONE, false},
	{"late done of its own writer", {INTENT(1, 1), DONE(1, 2, true, "1/1")}, SLOT_DONE, false},
	{"done by another writer is void", {INTENT(1, 1), DONE(2, 1, false, "1/1")}, SLOT_INTENT,
		false},
	{"not sent by another writer is void",
		{INTENT(1, 1), OUT("not_sent", 2, 1, false, "1/1", "")}, SLOT_INTENT, false},
	{"parked by the new owner counts", {INTENT(1, 1), OUT("parked", 2, 1, false, "1/1", "")},
		SLOT_PARKED, false},
	{"late parked is void", {INTENT(1, 1), OUT("parked", 1, 2, true, "1/1", "")}, SLOT_INTENT,
		false},
	{"late done un-parks",
		{INTENT(1, 1), OUT("parked", 2, 1, false, "1/1", ""), DONE(1, 2, true, "1/1")},
		SLOT_DONE, false},
	{"parked after done changes nothing",
		{INTENT(1, 1), DONE(1, 2, true, "1/1"), OUT("parked", 2, 1, false, "1/1", "")},
		SLOT_DONE, false},
	{"resolved over parked",
		{INTENT(1, 1), OUT("parked", 1, 2, false, "1/1", ""),
			RESOLVED(1, 3, "1/1", "filed")},
		SLOT_FILED, false},
	{"resolves once",
		{INTENT(1, 1), OUT("parked", 1, 2, false, "1/1", ""),
			RESOLVED(1, 3, "1/1", "dropped"), RESOLVED(1, 4, "1/1", "not_filed")},
		SLOT_DROPPED, false},
	{"done over resolved",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), DONE(1, 2, true, "1/1")},
		SLOT_DONE, false},
	{"done of an older attempt after a resend: the newer one will show",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), INTENT(2, 2),
			DONE(1, 2, true, "1/1")},
		SLOT_INTENT, false},
	{"done of an older attempt is a duplicate when the newer is parked",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), INTENT(2, 2),
			DONE(1, 2, true, "1/1"), OUT("parked", 2, 3, false, "2/2", "")},
		SLOT_PARKED, true},
	{"done of an older attempt is a duplicate of what is parked",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), INTENT(2, 2),
			OUT("parked", 2, 3, false, "2/2", ""), DONE(1, 2, true, "1/1")},
		SLOT_PARKED, true},
	{"done of an older attempt stands when a person finds that the newer is not there",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), INTENT(2, 2),
			DONE(1, 2, true, "1/1"), OUT("parked", 2, 3, false, "2/2", ""),
			RESOLVED(2, 4, "2/2", "not_filed")},
		SLOT_DONE, false},
	{"done of an older attempt stands when a person drops the newer",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), INTENT(2, 2),
			OUT("parked", 2, 3, false, "2/2", ""), RESOLVED(2, 4, "2/2", "dropped"),
			DONE(1, 2, true, "1/1")},
		SLOT_DONE, false},
	{"done of both, the older first",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), INTENT(2, 2),
			DONE(1, 2, true, "1/1"),
			OUT("done", 2, 3, false, "2/2", ",\"remote_id\":\"78\"")},
		SLOT_DONE, true},
	{"done of an older attempt stands when the newer was not sent",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), INTENT(2, 2),
			OUT("not_sent", 2, 3, false, "2/2", ""), DONE(1, 2, true, "1/1")},
		SLOT_DONE, false},
	{"done of an older attempt stands when the newer turns out not sent",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), INTENT(2, 2),
			DONE(1, 2, true, "1/1"), OUT("not_sent", 2, 3, false, "2/2", "")},
		SLOT_DONE, false},
	{"done of an older attempt stands when the newer is refused",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), INTENT(2, 2),
			DONE(1, 2, true, "1/1"), OUT("rejected", 2, 3, false, "2/2", "")},
		SLOT_DONE, false},
	{"done of both is a duplicate",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), INTENT(2, 2),
			OUT("done", 2, 3, false, "2/2", ",\"remote_id\":\"78\""),
			DONE(1, 2, true, "1/1")},
		SLOT_DONE, true},
	{"done of two older ones is a duplicate, whatever the newest one was",
		{INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed"), INTENT(2, 2),
			RESOLVED(2, 3, "2/2", "not_filed"), INTENT(2, 4), DONE(1, 2, true, "1/1"),
			DONE(2, 5, false, "2/2"), OUT("not_sent", 2, 6, false, "2/4", "")},
		SLOT_DONE, true},
	{"two remote ids are a duplicate",
		{INTENT(1, 1),
			OUT("resolved", 2, 1, false, "1/1",
				",\"resolution\":\"filed\",\"remote_id\":\"5\""),
			DONE(1, 2, true, "1/1")},
		SLOT_DONE, true},
	{"outcome without its intent is void", {DONE(1, 2, false, "1/1")}, SLOT_NONE, false},
	{"late intent is void", {{"intent", 1, 1, true, C1, "d", "lapor", "create", 1, NULL}},
		SLOT_NONE, false},
	{"not sent frees the slot",
		{INTENT(1, 1), OUT("not_sent", 1, 2, false, "1/1", ""), INTENT(1, 3)}, SLOT_INTENT,
		false},
};

static void test_states(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(state_cases); i++) {
		const struct state_case *c = &state_cases[i];
		struct err e = {0};
		struct ledger l;

		ledger_init(&l);
		for (size_t k = 0; k < ARRAY_SIZE(c->recs) && c->recs[k].kind; k++)
			if (feed(&l, &c->recs[k], &e) < 0)
				fail_msg("%s: %s", c->name, e.text);
		if (state_of(&l, C1, "d", "create") != c->want ||
			(l.duplicates != 0) != c->duplicate)
			fail_msg("%s: state %s, duplicates %lu", c->name,
				slot_state_name(state_of(&l, C1, "d", "create")), l.duplicates);
		ledger_free(&l);
	}
}

static const struct conflict_case {
	const char *name;
	struct rec recs[4];
	const char *system;
	bool want;
} conflict_cases[] = {
	{"open intent blocks", {INTENT(1, 1)}, "lapor", true},
	{"another system does not", {INTENT(1, 1)}, "observe", false},
	{"not sent frees", {INTENT(1, 1), OUT("not_sent", 1, 2, false, "1/1", "")}, "lapor", false},
	{"rejected frees", {INTENT(1, 1), OUT("rejected", 1, 2, false, "1/1", "")}, "lapor", false},
	{"parked blocks", {INTENT(1, 1), OUT("parked", 1, 2, false, "1/1", "")}, "lapor", true},
	{"done blocks", {INTENT(1, 1), DONE(1, 2, false, "1/1")}, "lapor", true},
	{"not filed frees", {INTENT(1, 1), RESOLVED(2, 1, "1/1", "not_filed")}, "lapor", false},
	{"an upload does not count",
		{{"intent", 1, 1, false, C1, "d", "lapor", "upload", 1,
			"{\"attachment\":"
			"\"0000000000000000000000000000000000000000000000000000000000000000\"}"}},
		"lapor", false},
};

static void test_conflicts(void **state)
{
	_cleanup_json_ json_t *sources = json_pack("[{s:s}, {s:s}]", "message", M2, "message", M1);
	uint8_t c1[16], c2[16];

	(void)state;
	assert_int_equal(uuid_parse(C1, c1), 0);
	assert_int_equal(uuid_parse(C2, c2), 0);
	for (size_t i = 0; i < ARRAY_SIZE(conflict_cases); i++) {
		const struct conflict_case *c = &conflict_cases[i];
		const struct slot *found;
		struct err e = {0};
		struct ledger l;

		ledger_init(&l);
		for (size_t k = 0; k < ARRAY_SIZE(c->recs) && c->recs[k].kind; k++)
			if (feed(&l, &c->recs[k], &e) < 0)
				fail_msg("%s: %s", c->name, e.text);
		found = ledger_conflict(&l, sources, ledger_name(&l, c->system), c2);
		if ((found != NULL) != c->want)
			fail_msg("%s: %s", c->name, found ? "blocked" : "free");
		assert_null(ledger_conflict(
			&l, sources, ledger_name(&l, c->system), c1)); /* itself is no other */
		ledger_free(&l);
	}
}

/* One source in two filings: the first being free again must not hide the second. */
static void test_source_in_two_filings(void **state)
{
	const struct rec recs[] = {
		INTENT(1, 1),
		{"intent", 1, 2, false, C2, "d", "lapor", "create", 1,
			"{\"sources\":[\"" M1 "\"]}"},
		OUT("not_sent", 1, 3, false, "1/1", ""),
	};
	_cleanup_json_ json_t *sources = json_pack("[s]", M1);
	const struct slot *found;
	struct err e = {0};
	uint8_t c1[16], c2[16];
	struct ledger l;

	(void)state;
	assert_int_equal(uuid_parse(C1, c1), 0);
	assert_int_equal(uuid_parse(C2, c2), 0);
	ledger_init(&l);
	for (size_t i = 0; i < ARRAY_SIZE(recs); i++)
		assert_int_equal(feed(&l, &recs[i], &e), 0);
	found = ledger_conflict(&l, sources, ledger_name(&l, "lapor"), c1);
	assert_non_null(found);
	assert_memory_equal(found->complaint, c2, 16);
	ledger_free(&l);
}

/* What only the attempt that left nothing there named is not told. */
static void test_an_earlier_one_names_what_it_named(void **state)
{
	const struct rec recs[] = {
		INTENT(1, 1),
		RESOLVED(2, 1, "1/1", "not_filed"),
		{"intent", 2, 2, false, C1, "d", "lapor", "create", 2,
			"{\"version\":2,\"sources\":[\"" M1 "\",\"" M2
			"\"],\"attachments\":[\"f\"]}"},
		OUT("not_sent", 2, 3, false, "2/2", ""),
		DONE(1, 2, true, "1/1"),
	};
	uint8_t c1[16], m1[16], m2[16], destination, system;
	struct err e = {0};
	struct slot *s;
	struct ledger l;

	(void)state;
	assert_int_equal(uuid_parse(C1, c1) + uuid_parse(M1, m1) + uuid_parse(M2, m2), 0);
	ledger_init(&l);
	for (size_t i = 0; i < ARRAY_SIZE(recs); i++)
		assert_int_equal(feed(&l, &recs[i], &e), 0);
	destination = ledger_name(&l, "d");
	system = ledger_name(&l, "lapor");
	s = ledger_slot(&l, c1, destination, CALL_CREATE, NULL);
	assert_true(s->term == 1 && s->n == 1 && s->version == 1 && s->attempt == 1);
	assert_true(s->remote_id == 77 && ledger_done_before(&l, s));
	assert_true(ledger_told(&l, c1, destination, system, m1) == LEDGER_WHOLE);
	assert_true(ledger_told(&l, c1, destination, system, m2) == LEDGER_UNTOLD);
	assert_false(ledger_told_file(&l, c1, destination, "f"));
	assert_true(l.filings[SLOT_DONE] == 1 && l.filings[SLOT_NOT_SENT] == 0);
	ledger_free(&l);
}

/* --- any history --- */

struct sim_attempt {
	unsigned term, n;
	bool told, done; /* by its own writer; it may be asleep for long */
};
struct sim { /* a filing, its forwarders and a person who decides at random */
	struct ledger l;
	struct sim_attempt v[8];
	size_t made;
	unsigned term, n[64];
	uint32_t random;
};

static unsigned rnd(struct sim *m, unsigned below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 17;
	m->random ^= m->random << 5;
	return (m->random >> 8) % below;
}

static void sim_feed(struct sim *m, const char *kind, unsigned term, const struct sim_attempt *of,
	const char *more)
{
	char extra[160];
	struct rec r = {kind, term, ++m->n[term], term < m->term, C1, "d", "lapor", "create",
		(unsigned)(of ? of - m->v + 1 : (ptrdiff_t)m->made + 1), extra};
	struct err e = {0};

	if (of)
		snprintf(extra, sizeof extra, "{\"intent\":\"%u/%u\"%s}", of->term, of->n, more);
	else
		snprintf(extra, sizeof extra, "{\"sources\":[\"" M1 "\"]}");
	if (feed(&m->l, &r, &e) < 0)
		fail_msg("%s", e.text);
}

/* Whoever wrote the INTENT tells what came of its call, at once or as a sleeper. */
static void sim_outcome(struct sim *m)
{
	static const char *const ends[] = {"done", "not_sent", "rejected"};
	struct sim_attempt *a = &m->v[rnd(m, (unsigned)m->made)];
	unsigned end = rnd(m, 3);
	char more[40] = "";

	if (a->told)
		return;
	a->told = true;
	a->done = end == 0;
	if (a->done)
		snprintf(more, sizeof more, ",\"remote_id\":\"%d\"", (int)(a - m->v) + 70);
	sim_feed(m, ends[end], a->term, a, more);
}

static void sim_step(struct sim *m, const struct slot *s)
{
	static const char *const words[] = {"filed\",\"remote_id\":\"99", "not_filed", "dropped"};
	const struct sim_attempt *newest = NULL;
	char more[80];

	for (size_t i = 0; s && i < m->made; i++)
		if (m->v[i].term == s->term && m->v[i].n == s->n)
			newest = &m->v[i];
	switch (rnd(m, 5)) {
	case 0:
		m->term += rnd(m, 3) == 0 && m->term + 1 < ARRAY_SIZE(m->n);
		break;
	case 1:
		if (newest && s->state == SLOT_INTENT && (newest->term != m->term || !newest->told))
			sim_feed(m, "parked", m->term, newest, "");
		break;
	case 2:
		snprintf(more, sizeof more, ",\"resolution\":\"%s\"", words[rnd(m, 3)]);
		if (newest && (s->state == SLOT_PARKED || s->state == SLOT_REJECTED))
			sim_feed(m, "resolved", m->term, newest, more);
		break;
	case 3:
		if (!slot_open(s) || m->made == ARRAY_SIZE(m->v))
			break;
		sim_feed(m, "intent", m->term, NULL, NULL);
		m->v[m->made++] = (struct sim_attempt){.term = m->term, .n = m->n[m->term]};
		break;
	default:
		if (m->made)
			sim_outcome(m);
	}
}

/* Whatever order sleepers, takeovers and persons bring about: what is DONE is never sent again, and
 * two that are DONE are said. */
static void test_what_is_done_is_never_open(void **state)
{
	uint8_t c1[16];

	(void)state;
	assert_int_equal(uuid_parse(C1, c1), 0);
	for (unsigned seed = 1; seed <= 40000; seed++) {
		struct sim m = {.term = 1, .random = seed * 2654435761U};
		const struct slot *s = NULL;

		ledger_init(&m.l);
		for (int step = 0; step < 40; step++) {
			int done = 0;

			sim_step(&m, s);
			s = ledger_slot(&m.l, c1, ledger_name(&m.l, "d"), CALL_CREATE, NULL);
			for (size_t i = 0; i < m.made; i++)
				done += m.v[i].done;
			if (done && (slot_open(s) || s->state == SLOT_REJECTED ||
					    s->state == SLOT_DROPPED))
				fail_msg("seed %u step %d: %s, though an attempt is done", seed,
					step, slot_state_name((enum slot_state)s->state));
			if (done > 1 && !m.l.duplicates)
				fail_msg("seed %u step %d: done twice, and not said", seed, step);
		}
		ledger_free(&m.l);
	}
}

static void test_broken_records_hold(void **state)
{
	static const struct rec bad[] = {
		{"intent", 1, 1, false, "not-a-uuid", "d", "s", "create", 1, NULL},
		{"intent", 1, 1, false, C1, "d", "s", "teleport", 1, NULL},
		{"intent", 1, 1, false, C1, "d", "s", "create", 1, "{\"sources\":[17]}"},
		{"done", 1, 1, false, C1, "d", "s", "create", 1, "{\"intent\":\"1-1\"}"},
		{"done", 1, 1, false, C1, "d", "s", "create", 1,
			"{\"intent\":\"1/1\",\"remote_id\":\"12a\"}"},
		{"resolved", 1, 1, false, C1, "d", "s", "create", 1,
			"{\"intent\":\"1/1\",\"resolution\":\"maybe\"}"},
		{"refused", 1, 1, false, C1, "d", "s", "create", 1, NULL},
		{"command", 1, 1, false, C1, "d", "s", "create", 1, NULL},
		{"unheard-of", 1, 1, false, C1, "d", "s", "create", 1, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = {0};
		struct ledger l;

		ledger_init(&l);
		assert_int_equal(feed(&l, &bad[i], &e), -EINVAL);
		assert_non_null(strstr(e.text, "submissions 1/1"));
		ledger_free(&l);
	}
}

static void test_sizes(void **state)
{
	(void)state;
	assert_true(sizeof(struct slot) <= 64);
}

#define STATUS(n_, word, more)                                                   \
	{                                                                        \
		"status", 1, n_, false, C1, "d", "lapor", "create", 1,           \
			"{\"remote_id\":\"77\",\"status\":\"" word "\"" more "}" \
	}
#define OTHER(n_, word)                                                  \
	{                                                                \
		"status", 1, n_, false, C1, "d", "lapor", "create", 1,   \
			"{\"remote_id\":\"78\",\"status\":\"" word "\"}" \
	}
#define ANSWER(id) ",\"answers\":[{\"id\":\"5\"},{\"id\":\"" id "\"}]"

static const struct status_case {
	struct rec rec;
	bool news;
	enum report_status status;
	uint64_t answer;
} status_steps[] = {
	{STATUS(1, "received", ""), false, REPORT_NONE, 0}, /* of no filing */
	{INTENT(1, 2), true, REPORT_NONE, 0}, {DONE(1, 3, false, "1/2"), true, REPORT_NONE, 0},
	{STATUS(4, "received", ""), true, REPORT_RECEIVED, 0},
	{STATUS(5, "received", ""), false, REPORT_RECEIVED, 0},
	{STATUS(6, "received", ANSWER("9")), true, REPORT_RECEIVED, 9},
	{STATUS(7, "received", ANSWER("9")), false, REPORT_RECEIVED, 9},
	{STATUS(8, "3", ""), true, REPORT_UNKNOWN, 9},
	{STATUS(9, "missing", ""), true, REPORT_MISSING, 9},
	{STATUS(10, "done", ANSWER("12")), true, REPORT_DONE, 12},
	{INTENT(1, 11), true, REPORT_NONE, 0},	    /* filed anew: nothing of it is read yet */
	{OTHER(12, "done"), false, REPORT_NONE, 0}, /* of another number */
};

static void test_statuses(void **state)
{
	struct err e = {0};
	struct ledger l;
	uint8_t id[16];

	(void)state;
	assert_int_equal(uuid_parse(C1, id), 0);
	ledger_init(&l);
	for (size_t i = 0; i < ARRAY_SIZE(status_steps); i++) {
		const struct status_case *c = &status_steps[i];
		const struct slot *s;
		int r = feed(&l, &c->rec, &e);

		if (r != (c->news ? 0 : 1))
			fail_msg("step %zu: %d %s", i, r, e.text);
		s = ledger_slot(&l, id, ledger_name(&l, "d"), CALL_CREATE, NULL);
		if (s && (s->status != c->status || ledger_last_answer(&l, s) != c->answer))
			fail_msg("step %zu: %s", i,
				report_status_name((enum report_status)s->status));
		for (int k = REPORT_RECEIVED; k < REPORT_STATUSES; k++)
			assert_int_equal(l.statuses[k], s && s->status == k);
	}
	ledger_free(&l);
}

static void test_progress(void **state)
{
	static const struct {
		struct rec rec;
		bool verified, in_progress; /* known from here on */
	} steps[] = {
		{INTENT(1, 1), false, false}, {DONE(1, 2, false, "1/1"), false, false},
		{STATUS(3, "received", ANSWER("9")), false, false},
		{STATUS(4, "verified", ""), true, false},
		{STATUS(5, "in_progress", ""), true, true}, {STATUS(6, "missing", ""), true, true},
		{INTENT(1, 7), false, false},
		{STATUS(8, "in_progress", ""), true, true}, /* what was skipped was reached, too */
	};
	struct err e = {0};
	struct ledger l;
	uint8_t id[16];

	(void)state;
	assert_int_equal(uuid_parse(C1, id), 0);
	ledger_init(&l);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		const struct reported *r;

		assert_int_equal(feed(&l, &steps[i].rec, &e), 0);
		r = ledger_reported(
			&l, ledger_slot(&l, id, ledger_name(&l, "d"), CALL_CREATE, NULL));
		if ((r && r->verified_s) != steps[i].verified ||
			(r && r->in_progress_s) != steps[i].in_progress)
			fail_msg("step %zu", i);
	}
	ledger_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_source_in_two_filings),
		cmocka_unit_test(test_an_earlier_one_names_what_it_named),
		cmocka_unit_test(test_what_is_done_is_never_open),
		cmocka_unit_test(test_broken_records_hold),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
