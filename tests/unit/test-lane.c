/* test-lane: the ruling, the parser and the stored position, case by case; the owner's state
 * machine step by step. Random schedules are test-lane-model's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"

#include "core/lane_owner.h"
#include "core/lane_record.h"

#define INSTALLATION "0d9b7d0a-7f1e-4c54-8f3c-3a4a1a1f0b11"

static const char *const kinds[] = {
	"decision", "intent", "done", "rejected", "not_sent", "parked", NULL};

/* --- a log written as text: one record per line --- */

struct line {
	const char *key, *value; /* value NULL = tombstone */
	enum lane_ruling want;
};
#define W1 "11111111111111111111111111111111"
#define W2 "22222222222222222222222222222222"
#define GENESIS(l)                                                                           \
	"{\"schema\":\"muara.lane/1\",\"kind\":\"genesis\",\"installation\":\"" INSTALLATION \
	"\",\"lanes\":1,\"log\":\"" l "\",\"lane\":0}"
#define TAKE(t, w, r)	"{\"kind\":\"takeover\",\"term\":" t ",\"writer\":\"" w "\",\"rules\":" r "}"
#define REC(k, t, n, w) "{\"kind\":\"" k "\",\"term\":" t ",\"n\":" n ",\"writer\":\"" w "\"}"
#define OUT(k, t, n, w, i)                                                                         \
	"{\"kind\":\"" k "\",\"term\":" t ",\"n\":" n ",\"writer\":\"" w "\",\"intent\":\"" i "\"" \
	"}"
#define START                                                     \
	{"genesis", GENESIS("complaints"), LANE_COUNTS},          \
	{                                                         \
		"takeover/1/" W1, TAKE("1", W1, "1"), LANE_COUNTS \
	}

static void view_new(struct lane_view *v, bool compacted)
{
	struct lane_view_conf c = {.log_name = "complaints", .compacted = compacted};

	lane_view_init(v, &c);
}

static enum lane_ruling feed(
	struct lane_view *v, int64_t offset, const struct line *l, struct err *e)
{
	struct lane_parsed p;
	enum lane_ruling r;

	lane_record_parse(offset, l->key, strlen(l->key), l->value, l->value ? strlen(l->value) : 0,
		kinds, &p);
	r = lane_view_feed(v, &p.rec, e);
	lane_parsed_free(&p);
	return r;
}

static void check_log(
	const char *name, const struct line *lines, size_t n, bool compacted, int want_eof)
{
	struct lane_view v;
	struct err e = {0};

	view_new(&v, compacted);
	for (size_t i = 0; i < n; i++) {
		enum lane_ruling got = feed(&v, (int64_t)i, &lines[i], &e);

		if (got != lines[i].want)
			fail_msg("%s: record %zu (%s) is ruled %d, expected %d: %s", name, i,
				lines[i].key, got, lines[i].want, e.text);
	}
	assert_int_equal(lane_view_eof(&v, (int64_t)n, &e), want_eof);
	lane_view_free(&v);
}
#define CHECK_LOG(name, compacted, want_eof, ...)                                     \
	do {                                                                          \
		const struct line lines_[] = {__VA_ARGS__};                           \
		check_log(name, lines_, ARRAY_SIZE(lines_), (compacted), (want_eof)); \
	} while (0)

static void test_terms(void **state _unused_)
{
	CHECK_LOG("ordinary", false, 0, START, {"1/1", REC("decision", "1", "1", W1), LANE_COUNTS},
		{"1/2", REC("decision", "1", "2", W1), LANE_COUNTS});
	CHECK_LOG("old term is void", false, 0, START,
		{"1/1", REC("decision", "1", "1", W1), LANE_COUNTS},
		{"takeover/2/" W2, TAKE("2", W2, "1"), LANE_COUNTS},
		{"1/2", REC("decision", "1", "2", W1), LANE_VOID},
		{"2/1", REC("decision", "2", "1", W2), LANE_COUNTS});
	CHECK_LOG("same term by another: first counts", false, 0, START,
		{"takeover/1/" W2, TAKE("1", W2, "1"), LANE_VOID},
		{"1/1", REC("decision", "1", "1", W2), LANE_VOID},
		{"1/1", REC("decision", "1", "1", W1), LANE_COUNTS});
	CHECK_LOG("a lower takeover is void", false, 0,
		{"genesis", GENESIS("complaints"), LANE_COUNTS},
		{"takeover/5/" W1, TAKE("5", W1, "1"), LANE_COUNTS},
		{"takeover/3/" W2, TAKE("3", W2, "1"), LANE_VOID},
		{"5/1", REC("decision", "5", "1", W1), LANE_COUNTS});
	CHECK_LOG("nobody's record", false, 0, START,
		{"9/1", REC("decision", "9", "1", W2), LANE_VOID}, {"x", "garbage", LANE_VOID},
		{"y", "{\"kind\":\"decision\"}", LANE_VOID});
}

static void test_outcomes(void **state _unused_)
{
	CHECK_LOG("late outcome of a counted intent", false, 0, START,
		{"1/1", REC("intent", "1", "1", W1), LANE_COUNTS},
		{"takeover/2/" W2, TAKE("2", W2, "1"), LANE_COUNTS},
		{"1/2", REC("intent", "1", "2", W1), LANE_VOID},
		{"1/3", OUT("done", "1", "3", W1, "1/1"), LANE_LATE},
		{"1/4", OUT("done", "1", "4", W1, "1/2"), LANE_VOID},
		{"1/5", OUT("parked", "1", "5", W1, "1/1"), LANE_VOID},
		{"1/6", OUT("not_sent", "1", "6", W1, "1/1"), LANE_LATE});
	CHECK_LOG("only the writer of the intent", false, 0, START,
		{"1/1", REC("intent", "1", "1", W1), LANE_COUNTS},
		{"takeover/2/" W2, TAKE("2", W2, "1"), LANE_COUNTS},
		{"2/1", OUT("done", "2", "1", W2, "1/1"), LANE_VOID},
		{"1/2", OUT("done", "1", "2", W2, "1/1"), LANE_VOID},
		{"2/2", OUT("parked", "2", "2", W2, "1/1"), LANE_COUNTS},
		{"2/3", OUT("done", "2", "3", W2, "1/1"), LANE_VOID});
	CHECK_LOG("an outcome names an earlier intent", false, 0, START,
		{"1/1", OUT("done", "1", "1", W1, "1/1"), LANE_VOID},
		{"1/2", REC("done", "1", "2", W1), LANE_VOID});
}

static void test_holds(void **state _unused_)
{
	CHECK_LOG("no genesis", false, -EBADMSG, {"takeover/1/" W1, TAKE("1", W1, "1"), LANE_HOLD});
	CHECK_LOG("empty", false, 0, {"genesis", GENESIS("complaints"), LANE_COUNTS});
	CHECK_LOG("another log's genesis", false, -EBADMSG,
		{"genesis", GENESIS("replies"), LANE_HOLD});
	CHECK_LOG("genesis repeated by topics create", false, 0,
		{"genesis", GENESIS("complaints"), LANE_COUNTS},
		{"genesis", GENESIS("complaints"), LANE_VOID});
	CHECK_LOG("genesis later", false, -EBADMSG, START,
		{"genesis", GENESIS("complaints"), LANE_HOLD});
	CHECK_LOG("higher rules", false, -EBADMSG, START,
		{"takeover/2/" W2, TAKE("2", W2, "2"), LANE_HOLD});
	CHECK_LOG("no rules", false, -EBADMSG, START,
		{"takeover/2/" W2, "{\"kind\":\"takeover\",\"term\":2,\"writer\":\"" W2 "\"}",
			LANE_HOLD});
	CHECK_LOG("unknown kind", false, -EBADMSG, START,
		{"1/1", REC("novelty", "1", "1", W1), LANE_HOLD});
	CHECK_LOG("another key", false, -EBADMSG, START,
		{"1/2", REC("decision", "1", "1", W1), LANE_HOLD});
	CHECK_LOG("a key twice", false, -EBADMSG, START,
		{"1/1", REC("decision", "1", "1", W1), LANE_COUNTS},
		{"1/1", REC("decision", "1", "1", W1), LANE_HOLD});
	CHECK_LOG("tombstone of a takeover", true, -EBADMSG, START,
		{"takeover/1/" W1, NULL, LANE_HOLD});
	CHECK_LOG("held stays held", false, -EBADMSG, START,
		{"1/1", REC("novelty", "1", "1", W1), LANE_HOLD},
		{"1/2", REC("decision", "1", "2", W1), LANE_HOLD});
}

#define ERASE(t, n, w, list)                                                                       \
	"{\"kind\":\"decision\",\"term\":" t ",\"n\":" n ",\"writer\":\"" w "\",\"erased\":[" list \
	"]}"

static void test_gaps(void **state _unused_)
{
	CHECK_LOG(
		"a gap", false, -EBADMSG, START, {"1/2", REC("decision", "1", "2", W1), LANE_HOLD});
	CHECK_LOG("a gap nobody explains", true, -EBADMSG, START,
		{"1/2", REC("decision", "1", "2", W1), LANE_COUNTS});
	CHECK_LOG("erased, compacted away", true, 0, START,
		{"1/4", ERASE("1", "4", W1, "\"1/2\",\"1/1\",\"1/3\""), LANE_COUNTS},
		{"1/2", NULL, LANE_SKIP});
	CHECK_LOG("one of three not named", true, -EBADMSG, START,
		{"1/4", ERASE("1", "4", W1, "\"1/1\",\"1/3\""), LANE_COUNTS});
	CHECK_LOG("a void erasure explains nothing", true, -EBADMSG, START,
		{"1/2", REC("decision", "1", "2", W1), LANE_COUNTS},
		{"takeover/2/" W2, TAKE("2", W2, "1"), LANE_COUNTS},
		{"1/3", ERASE("1", "3", W1, "\"1/1\""), LANE_VOID});
}

static void test_estate(void **state _unused_)
{
	const struct line g = {"genesis", GENESIS("complaints"), LANE_COUNTS};
	struct lane_view_conf c = {.log_name = "complaints", .installation = "other"};
	struct lane_view v;
	struct err e;

	lane_view_init(&v, &c);
	assert_int_equal(feed(&v, 0, &g, &e), LANE_HOLD);
	lane_view_free(&v);
	c = (struct lane_view_conf){.log_name = "complaints", .lanes = 2};
	lane_view_init(&v, &c);
	assert_int_equal(feed(&v, 0, &g, &e), LANE_HOLD);
	lane_view_free(&v);
	view_new(&v, true);
	assert_int_equal(lane_view_eof(&v, 0, &e), -EBADMSG);
	lane_view_free(&v);
}

static const struct line short_log[] = {START, {"1/1", REC("decision", "1", "1", W1), LANE_COUNTS},
	{"1/2", REC("decision", "1", "2", W1), LANE_COUNTS}};

static struct lane_mark mark_of(size_t n)
{
	struct lane_view v;
	struct lane_mark m;
	struct err e;

	view_new(&v, true);
	for (size_t i = 0; i < n; i++)
		feed(&v, (int64_t)i, &short_log[i], &e);
	m = v.last;
	lane_view_free(&v);
	return m;
}

static enum lane_ruling with_mark(const struct lane_mark *m, size_t skip, int *ret_eof)
{
	enum lane_ruling r = LANE_COUNTS;
	struct lane_view v;
	struct err e;

	view_new(&v, true);
	lane_view_add_mark(&v, m);
	for (size_t i = 0; i < ARRAY_SIZE(short_log) && r != LANE_HOLD; i++)
		if (i != skip)
			r = feed(&v, (int64_t)i, &short_log[i], &e);
	*ret_eof = lane_view_eof(&v, ARRAY_SIZE(short_log), &e);
	lane_view_free(&v);
	return r;
}

static void test_marks(void **state _unused_)
{
	struct lane_mark m = mark_of(3);
	int eof;

	assert_int_equal(with_mark(&m, 99, &eof), LANE_COUNTS);
	assert_int_equal(eof, 0);
	m.hash[0] ^= 1; /* another record stands there */
	assert_int_equal(with_mark(&m, 99, &eof), LANE_HOLD);
	m = mark_of(3);
	m.writer[0] ^= 1; /* the log was made anew */
	assert_int_equal(with_mark(&m, 99, &eof), LANE_HOLD);
	assert_int_equal(with_mark(&m, 2, &eof), LANE_HOLD); /* also where it is compacted away */
	m = mark_of(3);
	m.offset = 4; /* just ahead of the log */
	assert_int_equal(with_mark(&m, 99, &eof), LANE_COUNTS);
	assert_int_equal(eof, -EAGAIN);
}

static void test_position(void **state _unused_)
{
	struct lane_view v, w;
	struct err e;
	json_t *p, *q;

	view_new(&v, true);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(feed(&v, (int64_t)i, &short_log[i], &e), short_log[i].want);
	p = lane_view_save(&v);
	view_new(&w, true);
	assert_int_equal(lane_view_load(&w, p, &e), 0);
	assert_int_equal(feed(&w, 2, &short_log[2], &e), LANE_SKIP);
	assert_int_equal(feed(&w, 3, &short_log[3], &e), LANE_COUNTS);
	assert_int_equal(feed(&v, 3, &short_log[3], &e), LANE_COUNTS);
	q = lane_view_save(&w);
	json_decref(p);
	p = lane_view_save(&v);
	assert_true(json_equal(p, q));
	lane_view_free(&v);
	/* the record there is another one, or gone */
	view_new(&v, true);
	assert_int_equal(lane_view_load(&v, p, &e), 0);
	assert_int_equal(feed(&v, 3, &short_log[2], &e), LANE_HOLD);
	lane_view_free(&v);
	view_new(&v, true);
	assert_int_equal(lane_view_load(&v, p, &e), 0);
	assert_int_equal(lane_view_eof(&v, 2, &e), -EAGAIN);
	assert_int_equal(lane_view_eof(&v, 9, &e), -EBADMSG);
	lane_view_free(&v);
	/* not ours */
	json_set_str(p, "log", "replies");
	view_new(&v, true);
	assert_int_equal(lane_view_load(&v, p, &e), -EINVAL);
	lane_view_free(&v);
	lane_view_free(&w);
	json_decref(p);
	json_decref(q);
}

static void test_keys(void **state _unused_)
{
	static const char *const bad[] = {"", "/", "1/", "/1", "01/1", "1/01", "0/1", "1/0", "1/1 ",
		"a/1", "1/1/1", "99999999999999999999999/1"};
	char text[LANE_KEY_SIZE];
	struct lane_key k;

	lane_key_format(UINT64_MAX, 17, text);
	assert_int_equal(lane_key_parse(text, strlen(text), &k), 0);
	assert_true(k.term == UINT64_MAX && k.n == 17);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(lane_key_parse(bad[i], strlen(bad[i]), &k), -EINVAL);
}

static void test_bodies(void **state _unused_)
{
	_cleanup_json_ json_t *g = lane_genesis_body(INSTALLATION, 2, "replies", 1, "x");
	uint8_t writer[LANE_WRITER_SIZE] = {1, 2, 3};
	_cleanup_json_ json_t *t = lane_takeover_body(7, writer, "muara-test", "x");
	_cleanup_free_ char *gt = json_text(g, NULL), *tt = json_text(t, NULL);
	char key[LANE_KEY_SIZE];
	struct lane_parsed p;

	lane_record_parse(0, "genesis", 7, gt, strlen(gt), kinds, &p);
	assert_true(p.rec.type == LANE_T_GENESIS && p.rec.key_ok && p.rec.lanes == 2 &&
		    p.rec.lane == 1);
	assert_string_equal(p.rec.installation, INSTALLATION);
	lane_parsed_free(&p);
	lane_takeover_key(7, writer, key);
	lane_record_parse(0, key, strlen(key), tt, strlen(tt), kinds, &p);
	assert_true(p.rec.type == LANE_T_TAKEOVER && p.rec.key_ok && p.rec.term == 7 &&
		    p.rec.rules == LANE_RULES && p.rec.writer[2] == 3);
	lane_parsed_free(&p);
	assert_true(lane_log_compacted("complaints") && !lane_log_compacted("submissions"));
}

/* --- the owner --- */

struct act {
	char log[512]; /* what it asked for, in words */
	uint64_t seq;
	struct lane_rec rec; /* of the last produce */
	int produce_rc;
	uint8_t next_writer;
};

static void say(struct act *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct act *a, const char *fmt, ...)
{
	size_t n = strlen(a->log);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->log + n, sizeof a->log - n, fmt, ap);
	va_end(ap);
}
static int on_produce(void *ctx, uint64_t seq, struct lane_rec *r, void *cookie _unused_)
{
	struct act *a = ctx;

	if (a->produce_rc)
		return a->produce_rc;
	r->hash[0] = (uint8_t)seq;
	a->seq = seq;
	a->rec = *r;
	say(a, "%c%u/%u ", r->type == LANE_T_TAKEOVER ? 'T' : 'R', (unsigned)r->term,
		(unsigned)r->n);
	return 0;
}
static int on_new_producer(void *ctx)
{
	say(ctx, "P ");
	return 0;
}
static void on_random(void *ctx, uint8_t w[LANE_WRITER_SIZE])
{
	memset(w, ++((struct act *)ctx)->next_writer, LANE_WRITER_SIZE);
}
static void on_entry(void *ctx, enum lane_ruling ruling, const struct lane_rec *r,
	void *cookie _unused_, bool own)
{
	say(ctx, "%s%s%u/%u@%d ", ruling == LANE_LATE ? "late" : "e", own ? "+" : "",
		(unsigned)r->term, (unsigned)r->n, (int)r->offset);
}
static void on_drop(void *ctx, void *cookie, bool own _unused_)
{
	say(ctx, "d%d ", *(int *)cookie);
}
static void on_owned(void *ctx)
{
	say(ctx, "OWN ");
}
static void on_unsettled(void *ctx)
{
	say(ctx, "UNSETTLED ");
}
static void on_lost(void *ctx, const char *why _unused_)
{
	say(ctx, "LOST ");
}
static void on_held(void *ctx, const char *why _unused_)
{
	say(ctx, "HELD ");
}
static const struct lane_owner_ops owner_ops = {on_produce, on_new_producer, on_random, on_entry,
	on_drop, on_owned, on_unsettled, on_lost, on_held};

static void expect(struct act *a, const char *want)
{
	assert_string_equal(a->log, want);
	a->log[0] = '\0';
}

static void give(struct lane_owner *o, int64_t offset, const struct line *l)
{
	struct lane_parsed p;

	lane_record_parse(offset, l->key, strlen(l->key), l->value, l->value ? strlen(l->value) : 0,
		kinds, &p);
	lane_owner_read(o, &p.rec, NULL);
	lane_parsed_free(&p);
}

static void give_own(struct lane_owner *o, int64_t offset, const struct lane_rec *r)
{
	struct lane_rec c = *r;

	c.offset = offset;
	lane_owner_read(o, &c, NULL);
}

static void owner_new(struct lane_owner *o, struct act *a)
{
	const struct line log[] = {START, {"1/1", REC("decision", "1", "1", W1), LANE_COUNTS}};
	struct lane_owner_conf c = {.view = {.log_name = "complaints"},
		.ops = &owner_ops,
		.ctx = a,
		.deadline_ms = 1000};

	*a = (struct act){0};
	lane_owner_init(o, &c);
	lane_owner_tick(o, 1);
	for (size_t i = 0; i < ARRAY_SIZE(log); i++)
		give(o, (int64_t)i, &log[i]);
	expect(a, "e1/1@2 ");
	lane_owner_eof(o, 3);
	expect(a, "P T2/0 ");
	assert_int_equal(o->state, LANE_TAKING);
}

static int append(struct lane_owner *o)
{
	struct lane_rec r = {.kind_known = true};

	return lane_owner_append(o, &r, 100, NULL);
}

static void test_owner_confirms(void **state _unused_)
{
	struct lane_owner o;
	struct lane_rec r1;
	struct act a;

	owner_new(&o, &a);
	assert_int_equal(append(&o), -EAGAIN);
	lane_owner_report(&o, a.seq, 0, 3);
	expect(&a, "OWN ");
	assert_int_equal(append(&o), 0);
	r1 = a.rec;
	lane_owner_report(&o, a.seq, 0, 4); /* follows directly */
	expect(&a, "R2/1 e+2/1@4 ");
	give_own(&o, 4, &r1); /* and is what is read there */
	expect(&a, "");
	append(&o);
	lane_owner_report(&o, a.seq, 0, 6); /* something stands between: read it */
	expect(&a, "R2/2 ");
	give(&o, 5, &(struct line){"1/2", REC("decision", "1", "2", W1), LANE_VOID});
	expect(&a, "e+2/2@6 ");
	append(&o);
	lane_owner_report(&o, a.seq, 0, -1); /* offset unknown: read back */
	expect(&a, "R2/3 ");
	give_own(&o, 7, &a.rec);
	expect(&a, "e+2/3@7 ");
	assert_int_equal(lane_owner_in_flight(&o), 0);
	lane_owner_free(&o);
}

static void test_owner_fenced_between(void **state _unused_)
{
	struct lane_rec out = {.kind_known = true, .outcome = true, .intent = {2, 1}};
	struct lane_owner o;
	struct act a;

	owner_new(&o, &a);
	lane_owner_report(&o, a.seq, 0, 3);
	append(&o);
	expect(&a, "OWN R2/1 ");
	lane_owner_report(&o, a.seq, 0, 5);
	give(&o, 4, &(struct line){"takeover/3/" W2, TAKE("3", W2, "1"), LANE_COUNTS});
	expect(&a, "LOST "); /* and no entry: it is void */
	assert_int_equal(append(&o), -EAGAIN);
	assert_int_equal(lane_owner_append(&o, &out, 100, NULL), 0); /* rule 19 */
	expect(&a, "R2/2 ");
	out.intent.term = 1;
	assert_int_equal(lane_owner_append(&o, &out, 100, NULL), -EAGAIN);
	lane_owner_report(&o, a.seq, 0, 6);
	assert_int_equal(lane_owner_in_flight(&o), 0);
	lane_owner_free(&o);
}

/* The group takes the lane while a reported append waits for what stands before it to be read:
 * nobody will read it, so it must not be waited for. */
static void test_owner_revoked_unread(void **state _unused_)
{
	struct lane_rec out = {.kind_known = true, .outcome = true, .intent = {2, 1}};
	struct lane_owner o;
	struct act a;

	owner_new(&o, &a);
	lane_owner_report(&o, a.seq, 0, 3);
	append(&o);
	lane_owner_report(&o, a.seq, 0, 4);
	assert_int_equal(lane_owner_append(&o, &out, 100, NULL), 0);
	lane_owner_report(&o, a.seq, 0, 9); /* others stand between */
	assert_int_equal(lane_owner_in_flight(&o), 1);
	lane_owner_append(&o, &out, 100, NULL);
	lane_owner_revoke(&o, "the group took the lane");
	assert_int_equal(lane_owner_in_flight(&o), 1); /* the one without a report */
	lane_owner_report(&o, a.seq, 0, 10);
	assert_int_equal(lane_owner_in_flight(&o), 0);
	lane_owner_free(&o);
}

static void test_owner_fails(void **state _unused_)
{
	struct lane_rec first, second;
	struct lane_owner o;
	struct act a;

	owner_new(&o, &a);
	lane_owner_report(&o, a.seq, 0, 3);
	append(&o);
	first = a.rec;
	append(&o);
	second = a.rec;
	expect(&a, "OWN R2/1 R2/2 ");
	lane_owner_tick(&o, 1002); /* deadline */
	expect(&a, "UNSETTLED P T3/0 ");
	assert_int_equal(append(&o), -EAGAIN);
	give_own(&o, 4, &first); /* before the new takeover: counts */
	expect(&a, "e+2/1@4 ");
	lane_owner_report(&o, a.seq, 0, 5);
	expect(&a, "OWN ");
	give_own(&o, 6, &second); /* after it: void */
	append(&o);
	lane_owner_report(&o, a.seq, 0, 7);
	expect(&a, "R3/1 e+3/1@7 ");
	lane_owner_free(&o);
}

static void test_owner_holds(void **state _unused_)
{
	struct lane_owner o;
	struct lane_rec r;
	struct act a;

	owner_new(&o, &a);
	lane_owner_report(&o, a.seq, 0, 1); /* below what was read */
	expect(&a, "HELD ");
	assert_int_equal(append(&o), -EAGAIN);
	lane_owner_free(&o);

	owner_new(&o, &a);
	lane_owner_report(&o, a.seq, 0, 3);
	append(&o);
	r = a.rec;
	lane_owner_report(&o, a.seq, 0, 4);
	r.hash[1] ^= 1; /* something else is read where ours was confirmed */
	give_own(&o, 4, &r);
	expect(&a, "OWN R2/1 e+2/1@4 HELD ");
	lane_owner_free(&o);
}

static void test_owner_limits(void **state _unused_)
{
	struct lane_rec r = {.kind_known = true};
	struct lane_owner o;
	int cookie = 42;
	struct act a;

	owner_new(&o, &a);
	lane_owner_report(&o, a.seq, 0, 3);
	expect(&a, "OWN ");
	assert_int_equal(lane_owner_append(&o, &r, LANE_RECORD_MAX + 1, NULL), -EMSGSIZE);
	a.produce_rc = -ENOBUFS; /* nothing was appended, the number is not used up */
	assert_int_equal(lane_owner_append(&o, &r, 1, &cookie), -ENOBUFS);
	a.produce_rc = 0;
	assert_int_equal(lane_owner_append(&o, &r, 1, NULL), 0);
	expect(&a, "R2/1 ");
	a.produce_rc = -EIO; /* the producer is broken */
	assert_int_equal(lane_owner_append(&o, &r, 1, &cookie), -EAGAIN);
	assert_string_equal(a.log, "UNSETTLED P ");
	a.produce_rc = 0;
	lane_owner_tick(&o, 5000);
	expect(&a, "UNSETTLED P P T4/0 ");
	lane_owner_free(&o);
}

static void test_owner_beaten(void **state _unused_)
{
	struct lane_owner o;
	struct act a;

	owner_new(&o, &a); /* a dead owner's takeover still travelled: once more */
	give(&o, 3, &(struct line){"takeover/2/" W2, TAKE("2", W2, "1"), LANE_COUNTS});
	expect(&a, "T3/0 ");
	lane_owner_report(&o, a.seq, 0, 5);
	give(&o, 4, &(struct line){"takeover/2/" W1, TAKE("2", W1, "1"), LANE_VOID});
	expect(&a, "OWN ");
	lane_owner_free(&o);
}

static void test_owner_log_shorter(void **state _unused_)
{
	struct lane_owner_conf c = {.view = {.log_name = "complaints"}, .ops = &owner_ops};
	const struct line g = {"genesis", GENESIS("complaints"), LANE_COUNTS};
	struct lane_mark m = mark_of(4);
	struct lane_owner o;
	struct act a = {0};

	c.ctx = &a;
	lane_owner_init(&o, &c);
	lane_view_add_mark(&o.view, &m);
	lane_owner_tick(&o, 1);
	give(&o, 0, &g);
	lane_owner_eof(&o, 1);
	expect(&a, ""); /* a reader's end may lag: no takeover, no alarm yet */
	lane_owner_tick(&o, 1 + LANE_LAG_MS);
	expect(&a, "HELD ");
	lane_owner_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_estate),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_position),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_owner_confirms),
		cmocka_unit_test(test_owner_fenced_between),
		cmocka_unit_test(test_owner_revoked_unread),
		cmocka_unit_test(test_owner_fails),
		cmocka_unit_test(test_owner_holds),
		cmocka_unit_test(test_owner_limits),
		cmocka_unit_test(test_owner_beaten),
		cmocka_unit_test(test_owner_log_shorter),
	};

	return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
