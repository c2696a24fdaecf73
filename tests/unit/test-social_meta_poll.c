/* The poll of the Graph API against scripted answers and reports: what is asked next, when a
 * watermark moves, what is produced, what a notice becomes. */
// uses: daemons/social/meta_poll.c
// uses: daemons/social/meta_books.c
// uses: daemons/social/meta_graph.c
// uses: daemons/social/meta_fields.c
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/social/meta_poll.h"

#define PUTS_MAX 32
#define HOUR_MS	 (3600 * INT64_C(1000))

/* Stands in for core/source. */
struct source {
	struct put {
		source_report_fn *report;
		void *ctx;
		char native_id[96], class[16], text[32];
	} puts[PUTS_MAX];
	int n_puts, room;
	json_t *cursor; /* the last one written */
	int n_cursors, cursor_fails;
	source_report_fn *written;
	void *written_ctx;
};

/* Stands in for meta_api. */
struct meta_api {
	char path[512];
	meta_api_fn *done;
	void *ctx;
	int n_calls;
};

struct bed {
	struct source source;
	struct meta_api api;
	struct meta_books *books;
	struct meta_rules rules;
	struct meta_poll *poll;
};

/* --- the source --- */

void source_message(const struct source *s, struct message *ret)
{
	(void)s;
	*ret = (struct message){
		.tenant = "malang", .channel = "social", .account = "kota", .start_ms = 1};
	ret->source.daemon = ret->source.instance = "uji";
}

void source_wake(struct source *s)
{
	(void)s;
}

int source_put(struct source *s, const struct message *m, source_report_fn *report, void *ctx,
	uint64_t number, char ret_id[UUID_TEXT_SIZE], struct err *e)
{
	struct put *p = &s->puts[s->n_puts];

	(void)number;
	(void)ret_id;
	if (s->n_puts == s->room)
		return err_set(e, -ENOBUFS, "queue full");
	s->n_puts++;
	*p = (struct put){.report = report, .ctx = ctx};
	snprintf(p->native_id, sizeof(p->native_id), "%s", m->native_id);
	snprintf(p->class, sizeof(p->class), "%s", message_class_name(m->class));
	snprintf(p->text, sizeof(p->text), "%s", m->text ? m->text : "");
	return 0;
}

int source_cursor(struct source *s, const char *name, const json_t *value, int64_t raw_offset,
	source_report_fn *written, void *ctx, struct err *e)
{
	(void)raw_offset;
	(void)e;
	assert_string_equal(name, "graph");
	json_decref(s->cursor);
	s->cursor = json_deep_copy(value);
	s->n_cursors++;
	s->written = written;
	s->written_ctx = ctx;
	return 0;
}

static void report(struct bed *b, int i, bool ok)
{
	b->source.puts[i].report(b->source.puts[i].ctx, 0, ok, ok ? i : -1);
}

static int64_t watermark(const struct bed *b, const char *edge)
{
	return json_int(b->source.cursor, edge, 0);
}

/* --- the api --- */

int64_t meta_api_wait_ms(struct meta_api *a)
{
	return a->done ? -1 : 0;
}

int meta_api_call(struct meta_api *a, const char *method, const char *path, meta_api_fn *done,
	void *ctx, struct err *e)
{
	(void)e;
	assert_string_equal(method, "GET");
	assert_null(a->done);
	snprintf(a->path, sizeof(a->path), "%s", path);
	a->done = done;
	a->ctx = ctx;
	a->n_calls++;
	return 0;
}

bool meta_api_busy(const struct meta_api *a)
{
	return a->done != NULL;
}

static void answer(struct bed *b, enum meta_verdict v, const char *body)
{
	meta_api_fn *done = b->api.done;

	assert_non_null(done);
	b->api.done = NULL;
	done(b->api.ctx, (struct meta_judgement){.verdict = v}, body, strlen(body));
}

/* --- the bed --- */

static void open_poll(struct bed *b, struct meta_poll_conf c)
{
	c.source = &b->source;
	c.api = &b->api;
	c.books = b->books;
	c.rules = &b->rules;
	c.posts_ms = 30 * 24 * HOUR_MS;
	meta_poll_free(b->poll);
	b->poll = meta_poll_new(&c);
}

static int setup(void **state)
{
	struct bed *b = xcalloc(1, sizeof(*b));

	b->source.room = PUTS_MAX;
	b->books = meta_books_new();
	b->rules.page = "100";
	open_poll(b, (struct meta_poll_conf){.posts = true, .every_ms = 0, .overlap_ms = HOUR_MS});
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	for (int i = 0; i < b->source.n_puts; i++)
		if (b->source.puts[i].report)
			report(b, i, false);
	meta_poll_free(b->poll);
	meta_books_free(b->books);
	json_decref(b->source.cursor);
	free(b);
	return 0;
}

static void step(struct bed *b)
{
	source_report_fn *written = TAKE_PTR(b->source.written);

	if (written)
		written(b->source.written_ctx, 0, b->source.cursor_fails-- <= 0, -1);
	meta_poll_step(b->poll);
}

/* The next call goes to this edge. */
static void expect_call(struct bed *b, const char *beginning)
{
	for (int i = 0; i < 10 && !b->api.done; i++)
		step(b);
	assert_non_null(b->api.done);
	if (strncmp(b->api.path, beginning, strlen(beginning)) != 0)
		fail_msg("%s, not %s", b->api.path, beginning);
}

static void expect_no_call(struct bed *b)
{
	for (int i = 0; i < 5; i++)
		step(b);
	assert_null(b->api.done);
}

static void landed(struct bed *b, int i, bool ok)
{
	report(b, i, ok);
	b->source.puts[i].report = NULL;
}

#define ITEM(id, time)                                                                          \
	"{\"id\":\"" id "\",\"from\":{\"id\":\"7\"},\"message\":\"x\",\"created_time\":\"" time \
	"\"}"
#define NOW		    "2035-01-01T00:00:00+0000"
#define OLD		    "2001-01-01T00:00:00+0000"
#define NEXT(query)	    ",\"paging\":{\"next\":\"https://elsewhere/v9/100/tagged?" query "\"}"
#define PAGE(items, paging) "{\"data\":[" items "]" paging "}"
#define TAGGED		    "/100/tagged?"
#define VISITOR		    "/100/visitor_posts?"

static void a_watermark_moves_behind_every_report(void **state)
{
	struct bed *b = *state;

	expect_call(b, TAGGED);
	answer(b, MV_OK, PAGE(ITEM("1", NOW) "," ITEM("2", NOW), ""));
	expect_no_call(b);
	assert_int_equal(b->source.n_puts, 2);
	landed(b, 1, true);
	expect_no_call(b);
	assert_int_equal(b->source.n_cursors, 0);
	landed(b, 0, true);
	expect_call(b, VISITOR);
	assert_int_equal(b->source.n_cursors, 1);
	assert_true(watermark(b, "tagged") > 0);
	assert_int_equal(watermark(b, "visitor_posts"), 0);
}

static void a_failed_report_keeps_the_watermark(void **state)
{
	struct bed *b = *state;

	expect_call(b, TAGGED);
	answer(b, MV_OK, PAGE(ITEM("1", NOW) "," ITEM("2", NOW), ""));
	expect_no_call(b);
	landed(b, 0, true);
	landed(b, 1, false);
	expect_call(b, VISITOR);
	assert_int_equal(b->source.n_cursors, 0);
	answer(b, MV_OK, PAGE("", ""));
	expect_call(b, TAGGED);
	answer(b, MV_OK, PAGE(ITEM("1", NOW) "," ITEM("2", NOW), ""));
	expect_no_call(b);
	assert_int_equal(b->source.n_puts, 3);
	assert_string_equal(b->source.puts[2].native_id, "2");
	landed(b, 2, true);
	expect_call(b, VISITOR);
	assert_true(watermark(b, "tagged") > 0);
}

static void a_cursor_that_failed_is_written_again(void **state)
{
	struct bed *b = *state;

	b->source.cursor_fails = 2;
	expect_call(b, TAGGED);
	answer(b, MV_OK, PAGE("", ""));
	expect_call(b, VISITOR);
	for (int i = 0; i < 5; i++)
		step(b);
	assert_int_equal(b->source.n_cursors, 3);
	assert_true(meta_poll_idle(b->poll));
}

/* Kafka is not written to for nothing every round. */
static void a_watermark_that_only_got_older_is_kept_back(void **state)
{
	struct bed *b = *state;

	for (int i = 0; i < 3; i++) {
		expect_call(b, TAGGED);
		answer(b, MV_OK, PAGE("", ""));
		expect_call(b, VISITOR);
		answer(b, MV_OK, PAGE("", ""));
	}
	expect_call(b, TAGGED);
	assert_int_equal(b->source.n_cursors, 2); /* each edge the first time */
	answer(b, MV_OK, PAGE(ITEM("1", NOW), ""));
	expect_no_call(b);
	landed(b, 0, true);
	expect_call(b, VISITOR);
	assert_int_equal(b->source.n_cursors, 3);
}

static void an_empty_page_is_not_the_end(void **state)
{
	struct bed *b = *state;

	expect_call(b, TAGGED);
	answer(b, MV_OK, PAGE("", NEXT("after=A&access_token=secret&limit=5")));
	expect_call(b, TAGGED "after=A&limit=5");
	answer(b, MV_OK, PAGE(ITEM("1", NOW), NEXT("access_token=s&after=B")));
	expect_call(b, TAGGED "after=B");
	answer(b, MV_OK, PAGE("", ""));
	expect_no_call(b);
	assert_int_equal(b->source.n_puts, 1);
}

/* A page that holds anything new is followed by its next one, whatever else it holds. */
static void the_watermark_less_the_overlap_is_the_end(void **state)
{
	struct bed *b = *state;
	_cleanup_json_ json_t *value = json_object();
	char since[64];
	int64_t now = clock_wall_ms();

	json_set_int(value, "tagged", now);
	meta_poll_cursor(b->poll, value);
	expect_call(b, TAGGED);
	snprintf(since, sizeof(since), "&since=%" PRId64, (now - HOUR_MS) / 1000);
	assert_non_null(strstr(b->api.path, since));
	answer(b, MV_OK, PAGE(ITEM("1", OLD) "," ITEM("2", NOW), NEXT("after=A")));
	expect_call(b, TAGGED "after=A");
	answer(b, MV_OK, PAGE(ITEM("3", OLD), NEXT("after=B")));
	expect_no_call(b);
	assert_int_equal(b->source.n_puts, 3);
	for (int i = 0; i < 3; i++)
		landed(b, i, true);
	expect_call(b, VISITOR);
}

/* Lists are not always in order. */
static void old_items_in_between_are_not_the_end(void **state)
{
	struct bed *b = *state;
	_cleanup_json_ json_t *value = json_object();

	json_set_int(value, "tagged", clock_wall_ms());
	meta_poll_cursor(b->poll, value);
	expect_call(b, TAGGED);
	answer(b, MV_OK, PAGE(ITEM("1", NOW) "," ITEM("2", OLD), NEXT("after=A")));
	expect_call(b, TAGGED "after=A");
}

static void what_is_known_is_not_produced(void **state)
{
	struct bed *b = *state;
	struct message m;
	struct meta_flight *f;

	source_message(&b->source, &m);
	m.native_id = "1";
	f = meta_books_fly(b->books, &m);
	expect_call(b, TAGGED);
	answer(b, MV_OK, PAGE(ITEM("1", NOW) "," ITEM("2", NOW), ""));
	expect_no_call(b);
	assert_int_equal(
		b->source.n_puts, 0); /* the webhook has it under way: its report decides */
	meta_books_land(b->books, f, &m, true);
	expect_no_call(b);
	assert_int_equal(b->source.n_puts, 1);
	assert_string_equal(b->source.puts[0].native_id, "2");
}

static void a_full_queue_is_waited_for(void **state)
{
	struct bed *b = *state;

	b->source.room = 1;
	expect_call(b, TAGGED);
	answer(b, MV_OK, PAGE(ITEM("1", NOW) "," ITEM("2", NOW) "," ITEM("3", NOW), ""));
	expect_no_call(b);
	assert_int_equal(b->source.n_puts, 1);
	b->source.room = PUTS_MAX;
	landed(b, 0, true);
	expect_no_call(b);
	assert_int_equal(b->source.n_puts, 3);
	assert_string_equal(b->source.puts[2].native_id, "3");
}

static void a_call_is_made_again(void **state)
{
	static const enum meta_verdict again[] = {MV_AGAIN, MV_THROTTLED, MV_DEAD, MV_AGAIN};
	struct bed *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(again); i++) {
		expect_call(b, TAGGED);
		answer(b, again[i], "");
	}
	expect_call(b, TAGGED);
	answer(b, MV_OK, "{\"paging\":{}}"); /* 200 and no data */
	expect_call(b, TAGGED);
	answer(b, MV_OK, PAGE("", ""));
	expect_call(b, VISITOR);
	assert_int_equal(b->source.n_cursors, 1);
}

/* Throttled and dead for ever is waited for ever; anything else gives up, and loses nothing. */
static void giving_up_keeps_the_watermark(void **state)
{
	struct bed *b = *state;

	for (int i = 0; i < 20; i++) {
		expect_call(b, TAGGED);
		answer(b, MV_THROTTLED, "");
	}
	for (int i = 0; i < 8; i++) {
		expect_call(b, TAGGED);
		answer(b, MV_AGAIN, "");
	}
	expect_call(b, VISITOR);
	assert_int_equal(b->source.n_cursors, 0);
}

static void a_next_page_that_leads_nowhere(void **state)
{
	struct bed *b = *state;

	expect_call(b, TAGGED);
	answer(b, MV_OK, PAGE("", NEXT("after=A")));
	expect_call(b, TAGGED "after=A");
	answer(b, MV_OK, PAGE("", NEXT("after=A")));
	expect_call(b, VISITOR);
	assert_int_equal(b->source.n_cursors, 0);
}

static void a_refused_edge_stops_no_other(void **state)
{
	struct bed *b = *state;
	char text[160];

	expect_call(b, TAGGED);
	answer(b, MV_DENIED, "");
	expect_call(b, VISITOR);
	assert_false(meta_poll_health(b->poll, text, sizeof(text)));
	assert_non_null(strstr(text, "tagged"));
	answer(b, MV_OK, PAGE("", ""));
	expect_call(b, TAGGED);
	assert_int_equal(watermark(b, "tagged"), 0);
	assert_true(watermark(b, "visitor_posts") > 0);
	answer(b, MV_OK, PAGE("", ""));
	expect_call(b, VISITOR);
	assert_true(meta_poll_health(b->poll, text, sizeof(text)));
	assert_true(watermark(b, "tagged") > 0);
}

static void comments_of_a_post(void **state)
{
	struct bed *b = *state;

	open_poll(b, (struct meta_poll_conf){.comments = true});
	expect_call(b, VISITOR);
	answer(b, MV_OK, PAGE("", ""));
	expect_call(b, "/100/published_posts?");
	answer(b, MV_OK,
		PAGE(ITEM("100_1", NOW) "," ITEM("100_2", OLD) "," ITEM("100_3", NOW), ""));
	expect_call(b, "/100_1/comments?filter=stream&order=reverse_chronological&");
	answer(b, MV_GONE, ""); /* deleted since: no gap */
	expect_call(b, "/100_3/comments?");
	answer(b, MV_OK, PAGE(ITEM("3_1", NOW), ""));
	expect_no_call(b);
	assert_int_equal(b->source.n_puts, 1);
	assert_string_equal(b->source.puts[0].native_id, "3_1");
	landed(b, 0, true);
	expect_call(b, VISITOR);
	assert_true(watermark(b, "published_posts") > 0);
}

/* An Instagram account without a page (Instagram Login). */
static void an_account_alone(void **state)
{
	struct bed *b = *state;

	b->rules = (struct meta_rules){.instagram = "200"};
	open_poll(b, (struct meta_poll_conf){.messages = true});
	expect_call(b, "/200/conversations?platform=instagram&");
	answer(b, MV_OK, PAGE("{\"id\":\"t_1\",\"updated_time\":\"" NOW "\"}", ""));
	expect_call(b, "/t_1/messages?");
	answer(b, MV_OK, PAGE(ITEM("m_1", NOW), ""));
	expect_no_call(b);
	assert_string_equal(b->source.puts[0].native_id, "m_1");
}

/* --- notices --- */

static void add_notice(struct bed *b, bool persisted)
{
	_cleanup_json_ json_t *fields =
		json_pack("{s:{s:s,s:s}}", "fetch", "what", "ig_mentioned_comment", "id", "31");
	struct message m;

	source_message(&b->source, &m);
	m.native_id = "incomplete:ig_mentioned_comment:31";
	m.class = MC_SYSTEM;
	m.fields = fields;
	meta_books_land(b->books, meta_books_fly(b->books, &m), &m, persisted);
}

#define MENTION "/200?fields=mentioned_comment.comment_id(31)%7B"
#define SAID	"{\"mentioned_comment\":{\"id\":\"31\",\"text\":\"tolong\"},\"id\":\"200\"}"

static void a_notice_is_completed_once(void **state)
{
	struct bed *b = *state;

	b->rules.instagram = "200";
	open_poll(b, (struct meta_poll_conf){.posts = false});
	add_notice(b, false); /* its own report failed: Meta sends it again */
	expect_no_call(b);
	add_notice(b, true);
	add_notice(b, true);
	expect_call(b, MENTION);
	answer(b, MV_AGAIN, "");
	assert_int_equal(meta_books_waiting(b->books), 1);
	b->rules.page = NULL;
	expect_no_call(b); /* put off */
}

static void what_a_notice_becomes(void **state)
{
	static const struct {
		enum meta_verdict verdict;
		const char *body, *class, *text;
	} cases[] = {
		{MV_OK, SAID, "human", "tolong"},
		{MV_OK, "{\"id\":\"200\"}", "unknown", ""},
		{MV_OK, "{\"mentioned_comment\":{\"text\":\"\\ud800\"}}", "undecodable", ""},
		{MV_GONE, "{\"error\":{}}", "unknown", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bed *b;

		teardown(state);
		setup(state);
		b = *state;
		b->rules.instagram = "200";
		open_poll(b, (struct meta_poll_conf){.posts = false});
		add_notice(b, true);
		expect_call(b, MENTION);
		answer(b, cases[i].verdict, cases[i].body);
		assert_int_equal(b->source.n_puts, 1);
		assert_string_equal(b->source.puts[0].native_id, "31");
		assert_string_equal(b->source.puts[0].class, cases[i].class);
		assert_string_equal(b->source.puts[0].text, cases[i].text);
		expect_no_call(b);
		assert_int_equal(meta_books_waiting(b->books), 1); /* until its report */
		landed(b, 0, true);
		expect_no_call(b);
		assert_int_equal(meta_books_waiting(b->books), 0);
	}
}

/* A new start knows from the raw log alone what is there and what still lacks its words. */
static void the_raw_log_is_the_books(void **state)
{
	struct bed *b = *state;
	struct message m;
	_cleanup_json_ json_t *notice = NULL, *said = NULL, *other = NULL, *asked = NULL;
	_cleanup_json_ json_t *theirs =
		json_pack("{s:{s:s,s:s}}", "fetch", "what", "comment", "id", "9_2");
	_cleanup_json_ json_t *fields =
		json_pack("{s:{s:s,s:s}}", "fetch", "what", "comment", "id", "9_1");

	source_message(&b->source, &m);
	m.original.data = "x";
	m.original.len = 1;
	m.native_id = "9_1";
	assert_int_equal(message_build(&m, &said, NULL, NULL), 0);
	m.account = "lain";
	assert_int_equal(message_build(&m, &other, NULL, NULL), 0);
	m.native_id = "incomplete:comment:9_2";
	m.class = MC_SYSTEM;
	m.fields = theirs;
	assert_int_equal(message_build(&m, &asked, NULL, NULL), 0);
	m.account = "kota";
	m.native_id = "incomplete:comment:9_1";
	m.fields = fields;
	assert_int_equal(message_build(&m, &notice, NULL, NULL), 0);
	meta_books_raw(b->books, &m, notice);
	meta_books_raw(b->books, &m, notice);
	meta_books_raw(b->books, &m, other); /* another account's */
	meta_books_raw(b->books, &m, asked);
	open_poll(b, (struct meta_poll_conf){.posts = false});
	expect_call(b, "/9_1?fields=");
	assert_int_equal(meta_books_waiting(b->books), 1);
	meta_books_raw(b->books, &m, said);
	answer(b, MV_AGAIN, "");
	expect_no_call(b);
	assert_int_equal(meta_books_waiting(b->books), 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_watermark_moves_behind_every_report),
		CASE(a_failed_report_keeps_the_watermark),
		CASE(a_cursor_that_failed_is_written_again),
		CASE(a_watermark_that_only_got_older_is_kept_back),
		CASE(an_empty_page_is_not_the_end),
		CASE(the_watermark_less_the_overlap_is_the_end),
		CASE(old_items_in_between_are_not_the_end),
		CASE(what_is_known_is_not_produced),
		CASE(a_full_queue_is_waited_for),
		CASE(a_call_is_made_again),
		CASE(giving_up_keeps_the_watermark),
		CASE(a_next_page_that_leads_nowhere),
		CASE(a_refused_edge_stops_no_other),
		CASE(comments_of_a_post),
		CASE(an_account_alone),
		CASE(a_notice_is_completed_once),
		CASE(what_a_notice_becomes),
		CASE(the_raw_log_is_the_books),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
