/* x_page: an answer of the X API -> messages: kinds, texts, authors, media, places, ids; pages that
 * are torn are refused whole, elements that are bad lose no neighbour. */
// uses: daemons/social/x_page.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "daemons/social/x_page.h"

#include <cmocka.h>

#define OWN  "100"
#define META ",\"meta\":{\"result_count\":1}}"

static struct x_page page;
static struct x_post post;

static struct message base(void)
{
	struct message m = {.tenant = "t", .channel = "social", .account = "a"};

	m.source.daemon = m.source.instance = "f";
	m.received_ms = 1790000000000;
	return m;
}

/* Element `i` of the page as the record it becomes; caller frees. */
static json_t *record(size_t i)
{
	const struct message b = base();
	struct err e = {0};
	json_t *j = NULL;

	x_post_free(&post);
	x_page_post(&page, i, OWN, &b, &post);
	if (message_build(&post.m, &j, NULL, &e))
		fail_msg("no message: %s", e.text);
	return j;
}

static json_t *only(const char *body)
{
	x_page_free(&page);
	assert_int_equal(x_page_read(body, strlen(body), &page, NULL), 0);
	assert_int_equal(page.n_items, 1);
	return record(0);
}

#define POST(more) "{\"data\":[{\"id\":\"1578516295611748353\",\"text\":\"halo\"" more "}]" META

static void kinds(void **state)
{
	static const struct {
		const char *body, *class;
	} cases[] = {
		{POST(""), "human"},
		{POST(",\"author_id\":\"7\""), "human"},
		{POST(",\"author_id\":\"100\""), "echo"},
		{POST(",\"referenced_tweets\":[{\"type\":\"retweeted\",\"id\":\"5\"}]"), "system"},
		{POST(",\"author_id\":\"100\",\"referenced_tweets\":[{\"type\":\"retweeted\","
		      "\"id\":"
		      "\"5\"}]"),
			"echo"},
		{POST(",\"referenced_tweets\":[{\"type\":\"quoted\",\"id\":\"5\"}]"), "human"},
		{POST(",\"referenced_tweets\":[{\"type\":\"replied_to\",\"id\":\"5\"}]"), "human"},
		{POST(",\"referenced_tweets\":[{\"type\":\"retweeted\",\"id\":\"-5\"}]"), "human"},
		{POST(",\"event_type\":\"MessageCreate\",\"sender_id\":\"7\""), "human"},
		{POST(",\"event_type\":\"MessageCreate\",\"sender_id\":\"100\""), "echo"},
		{POST(",\"event_type\":\"ParticipantsJoin\""), "system"},
		{POST(",\"event_type\":\"ParticipantsLeave\""), "system"},
		{POST(",\"event_type\":\"Telepathy\""), "unknown"},
		{"{\"data\":[{\"text\":\"halo\"}]" META, "undecodable"},
		{"{\"data\":[{\"id\":7,\"text\":\"halo\"}]" META, "undecodable"},
		{"{\"data\":[{\"id\":\"12345678901234567890\",\"text\":\"\"}]" META, "undecodable"},
		{"{\"data\":[{\"id\":\"1\",\"text\":\"\\ud800\"}]" META, "undecodable"},
		{"{\"data\":[\"halo\"]" META, "undecodable"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *j = only(cases[i].body);

		assert_string_equal(json_str(j, "class"), cases[i].class);
	}
}

static void texts(void **state)
{
	static const struct {
		const char *body, *text;
	} cases[] = {
		{POST(""), "halo"},
		{POST(",\"note_tweet\":{\"text\":\"halo dan seterusnya\"}"), "halo dan seterusnya"},
		{POST(",\"note_tweet\":{\"text\":\"\"}"), "halo"},
		{POST(",\"note_tweet\":{\"text\":\"a &amp; b &lt;3 &gt; &amp;lt; &quot; & &\"}"),
			"a & b <3 > &lt; &quot; & &"},
		{"{\"data\":[{\"id\":\"1\"}]" META, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *j = only(cases[i].body);

		assert_string_equal(json_str(j, "text"), cases[i].text);
	}
}

static void who_and_when(void **state)
{
	_cleanup_json_ json_t *known = only(
		"{\"data\":[{\"id\":\"1578516295611748353\",\"text\":\"x\",\"author_id\":\"7\","
		"\"created_at\":\"2022-10-07T22:43:06.000Z\"}],\"includes\":{\"users\":[{\"id\":"
		"\"8\"},{\"broken\":\"\\ud800\"},{\"id\":\"7\",\"name\":\"Siti\",\"username\":"
		"\"siti\"}]}" META);
	_cleanup_json_ json_t *unknown = only(POST(""));
	const json_t *author = json_object_get(known, "author");

	(void)state;
	assert_string_equal(json_str(author, "id"), "7");
	assert_string_equal(json_str(author, "name"), "Siti");
	assert_string_equal(json_str(author, "username"), "siti");
	assert_string_equal(json_str(author, "proof"), "channel");
	assert_string_equal(json_str(known, "sent_at"), "2022-10-07T22:43:06.000Z");
	/* without the field the id tells the time */
	assert_string_equal(json_str(unknown, "sent_at"), "2022-10-07T22:43:06.945Z");
	author = json_object_get(unknown, "author");
	assert_string_equal(json_str(author, "id"), "1578516295611748353");
	assert_string_equal(json_str(author, "proof"), "claimed");
}

static void media(void **state)
{
	_cleanup_json_ json_t *j = only(
		"{\"data\":[{\"id\":\"9\",\"text\":\"x\",\"attachments\":{\"media_keys\":[\"3_1\","
		"\"7_2\",\"16_3\",\"3_4\",5]}}],\"includes\":{\"media\":[{\"media_key\":\"3_1\","
		"\"type\":\"photo\",\"url\":\"https://pbs/1.jpg\"},{\"media_key\":\"7_2\",\"type\":"
		"\"video\",\"preview_image_url\":\"https://pbs/p.jpg\",\"variants\":[{\"content_"
		"type\":\"application/x-mpegURL\",\"url\":\"https://v/a.m3u8\"},{\"bit_rate\":"
		"256000,\"content_type\":\"video/mp4\",\"url\":\"https://v/s.mp4\"},{\"bit_rate\":"
		"832000,\"content_type\":\"video/mp4\",\"url\":\"https://v/m.mp4\"}]},{\"media_"
		"key\":\"16_3\",\"type\":\"animated_gif\",\"preview_image_url\":\"https://pbs/"
		"g.jpg\"}]}" META);
	const json_t *list = json_object_get(j, "attachments");
	static const struct {
		const char *id, *state, *kind, *url;
	} want[] = {{"3_1", "pending", "image", "https://pbs/1.jpg"},
		{"7_2", "pending", "video", "https://v/m.mp4"},
		{"16_3", "pending", "image", "https://pbs/g.jpg"},
		{"3_4", "missing", "image", NULL}};

	(void)state;
	assert_int_equal(json_array_size(list), ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const json_t *a = json_array_get(list, i);

		assert_string_equal(json_str(a, "id"), want[i].id);
		assert_string_equal(json_str(a, "state"), want[i].state);
		assert_string_equal(json_str(a, "kind"), want[i].kind);
		if (want[i].url)
			assert_string_equal(json_str(a, "url"), want[i].url);
		else
			assert_null(json_object_get(a, "url"));
	}
}

static void places_and_threads(void **state)
{
	_cleanup_json_ json_t *j = only(
		"{\"data\":[{\"id\":\"9\",\"text\":\"x\",\"conversation_id\":\"4\",\"lang\":\"in\","
		"\"geo\":{\"place_id\":\"p\",\"coordinates\":{\"type\":\"Point\",\"coordinates\":["
		"112.63,-7.98]}},\"referenced_tweets\":[{\"type\":\"quoted\",\"id\":\"5\"},{"
		"\"type\":\"replied_to\",\"id\":\"6\"},{\"type\":\"secret\",\"id\":\"7\"}]}],"
		"\"includes\":{\"places\":[{\"id\":\"p\",\"full_name\":\"Malang, Jawa "
		"Timur\"}]}" META);
	const json_t *l = json_object_get(j, "location"), *f = json_object_get(j, "fields");

	(void)state;
	assert_true(json_number_value(json_object_get(l, "lat")) < -7.9);
	assert_true(json_number_value(json_object_get(l, "lon")) > 112.6);
	assert_string_equal(json_str(l, "name"), "Malang, Jawa Timur");
	assert_string_equal(json_str(j, "in_reply_to"), "6");
	assert_string_equal(json_str(f, "conversation_id"), "4");
	assert_string_equal(json_str(f, "quoted"), "5");
	assert_string_equal(json_str(f, "platform"), "x");
	assert_null(json_object_get(f, "secret")); /* an outsider names no field of ours */
}

static void ids_and_edits(void **state)
{
	_cleanup_json_ json_t *first = only(POST(",\"edit_history_tweet_ids\":[\"157851629561174"
						 "8353\"]"));
	_cleanup_json_ json_t *direct = NULL, *edit = NULL, *liar = NULL;
	const struct message b = base();

	(void)state;
	assert_string_equal(json_str(first, "native_id"), "1578516295611748353");
	direct = only(POST(",\"event_type\":\"MessageCreate\""));
	assert_string_equal(json_str(direct, "native_id"), "dm:1578516295611748353");
	liar = only(POST(",\"edit_history_tweet_ids\":[\"1578516295611748354\"]"));
	assert_string_equal(json_str(liar, "native_id"), "1578516295611748353");
	json_decref(only(POST(",\"edit_history_tweet_ids\":[\"1578516295611748000\",\"1\"]")));
	assert_true(post.first == 1578516295611748000 && post.id == 1578516295611748353);
	x_post_free(&post);
	x_page_post(&page, 0, OWN, &b, &post);
	x_post_is_edit(&post);
	assert_int_equal(message_build(&post.m, &edit, NULL, NULL), 0);
	assert_string_equal(json_str(edit, "kind"), "edit");
	assert_string_equal(json_str(edit, "native_id"), "1578516295611748000");
	assert_string_equal(json_str(edit, "revision"), "1578516295611748353");
}

static void a_bad_neighbour(void **state)
{
	static const char body[] = "{\"data\":[{\"id\":\"1\",\"text\":\"a\"},{\"id\":\"2\",\"id\":"
				   "\"2\"},7,{\"id\":\"3\",\"text\":\"\\u0000\"},{\"id\":\"4\","
				   "\"text\":\"d\"}],\"meta\":{\"newest_id\":\"4\",\"next_token\":"
				   "\"n\"},\"errors\":[{},{}]}";
	static const char *const classes[] = {
		"human", "undecodable", "undecodable", "undecodable", "human"};

	(void)state;
	x_page_free(&page);
	assert_int_equal(x_page_read(body, strlen(body), &page, NULL), 0);
	assert_int_equal(page.n_items, ARRAY_SIZE(classes));
	assert_int_equal(page.n_errors, 2);
	assert_int_equal(page.newest, 4);
	assert_string_equal(page.next_token, "n");
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		_cleanup_json_ json_t *j = record(i);

		assert_string_equal(json_str(j, "class"), classes[i]);
	}
}

static void torn_pages_are_refused(void **state)
{
	static const char whole[] = POST(",\"author_id\":\"7\"");
	static const char *const others[] = {"", "[]", "null", "<html>", "{\"data\":7" META,
		"{\"data\":[{}],\"meta\":[]}", "{\"data\":[1,],\"meta\":{}}", "{\"meta\":{}}{}"};

	(void)state;
	x_page_free(&page);
	for (size_t n = 0; n < strlen(whole); n++) {
		assert_int_equal(x_page_read(whole, n, &page, NULL), -EINVAL);
		assert_int_equal(page.n_items, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(x_page_read(others[i], strlen(others[i]), &page, NULL), -EINVAL);
}

static void what_is_no_list(void **state)
{
	static const struct {
		const char *body;
		size_t items;
		bool meta;
	} cases[] = {
		{"{\"meta\":{\"result_count\":0}}", 0, true},
		{"{\"data\":null,\"meta\":{\"result_count\":0}}", 0, true},
		{"{\"data\":{\"dm_conversation_id\":\"1\",\"dm_event_id\":\"2\"}}", 0, false},
		{"{\"data\":{\"id\":\"2\",\"text\":\"x\"}}", 1, false},
		{"{\"errors\":[{\"title\":\"Not Found Error\"}]}", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		x_page_free(&page);
		assert_int_equal(x_page_read(cases[i].body, strlen(cases[i].body), &page, NULL), 0);
		assert_int_equal(page.n_items, cases[i].items);
		assert_int_equal(page.has_meta, cases[i].meta);
	}
}

static void too_much(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);

	(void)state;
	x_page_free(&page);
	buf_adds(&b, "{\"data\":[0");
	for (int i = 1; i < X_ITEMS_MAX; i++)
		buf_adds(&b, ",0");
	buf_adds(&b, "]" META);
	assert_int_equal(x_page_read(b.data, b.len, &page, NULL), 0);
	x_page_free(&page);
	buf_reset(&b);
	buf_adds(&b, "{\"data\":[0");
	for (int i = 0; i < X_ITEMS_MAX; i++)
		buf_adds(&b, ",0");
	buf_adds(&b, "]" META);
	assert_int_equal(x_page_read(b.data, b.len, &page, NULL), -EINVAL);
	buf_reset(&b);
	buf_adds(&b, "{\"meta\":{\"next_token\":\"");
	for (int i = 0; i < X_TOKEN_MAX; i++)
		buf_addc(&b, 'a');
	buf_adds(&b, "\"}}");
	assert_int_equal(x_page_read(b.data, b.len, &page, NULL), -EINVAL);
}

static void ids(void **state)
{
	static const struct {
		const char *text;
		uint64_t id;
	} cases[] = {{"1", 1}, {"9999999999999999999", 9999999999999999999ULL}, {"007", 7},
		{"0", 0}, {"", 0}, {NULL, 0}, {"-1", 0}, {" 1", 0}, {"1a", 0},
		{"10000000000000000000", 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t id = 0;

		assert_int_equal(x_id_parse(cases[i].text, &id), cases[i].id ? 0 : -EINVAL);
		assert_true(id == cases[i].id);
	}
}

static int tear_down(void **state)
{
	(void)state;
	x_post_free(&post);
	x_page_free(&page);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(texts),
		cmocka_unit_test(who_and_when),
		cmocka_unit_test(media),
		cmocka_unit_test(places_and_threads),
		cmocka_unit_test(ids_and_edits),
		cmocka_unit_test(a_bad_neighbour),
		cmocka_unit_test(torn_pages_are_refused),
		cmocka_unit_test(what_is_no_list),
		cmocka_unit_test(too_much),
		cmocka_unit_test(ids),
	};

	return cmocka_run_group_tests_name("x_page", tests, NULL, tear_down);
}
