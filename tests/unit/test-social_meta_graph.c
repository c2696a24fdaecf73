/* Edges of the Graph API: what is asked, what the items of a page are, what a notice is completed
 * with, and what a subscription must have. */
// uses: daemons/social/meta_graph.c
// uses: daemons/social/meta_fields.c
// uses: daemons/social/meta_subs.c
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/social/meta_graph.h"
#include "daemons/social/meta_subs.h"

static const struct meta_rules ours = {.page = "100", .instagram = "200"};

static struct message base_message(void)
{
	struct message m = {.tenant = "malang", .channel = "social", .account = "kota"};

	m.source.daemon = m.source.instance = "uji";
	return m;
}

static void add(struct buf *b, const char *key, const char *value)
{
	if (value && *value)
		buf_addf(b, " %s=%s", key, value);
}

static void describe(struct buf *b, struct meta_item *x)
{
	_cleanup_json_ json_t *record = NULL;
	struct err e = {0};

	buf_adds(b, b->len ? "\n" : "");
	if (!x->carried) {
		buf_adds(b, "-");
	} else {
		if (message_build(&x->m, &record, NULL, &e))
			fail_msg("%s", e.text);
		buf_adds(b, message_class_name(x->m.class));
		add(b, "id", strstr(x->m.native_id, "undecodable:") ? "#" : x->m.native_id);
		add(b, "by", x->m.author.id);
		add(b, "re", x->m.in_reply_to);
		add(b, "text", x->m.text);
		add(b, "at", json_str(json_object_get(record, "fields"), "platform"));
	}
	if (x->time_ms)
		buf_addf(b, " time=%" PRId64, x->time_ms);
	for (size_t i = 0; x->carried && i < x->m.n_attachments; i++)
		buf_addf(b, " + %s %s", x->m.attachments[i].kind, x->m.attachments[i].id);
	if (x->child != ME_COUNT)
		buf_addf(b, " > %s of %s", meta_edge_name(x->child), x->child_id);
}

static char *read_page(enum meta_edge edge, const char *items)
{
	_cleanup_free_ char *body = xasprintf("{\"data\":[%s]}", items);
	struct message base = base_message();
	struct buf lines = BUF_INIT(1 << 16);
	struct meta_page page;
	struct meta_item x;
	struct span bytes;

	assert_int_equal(meta_page_open(edge, xstrdup(body), strlen(body), &page), 0);
	while (meta_page_next(&page, &bytes) == 1) {
		meta_item_decode(&page, "P", bytes, &ours, &base, &x);
		describe(&lines, &x);
		meta_item_free(&x);
	}
	meta_page_close(&page);
	return lines.data ? lines.data : xstrdup("");
}

#define SITI "\"from\":{\"id\":\"7\",\"name\":\"Siti\"},"
#define AT   "\"created_time\":\"2026-11-24T04:29:15+0000\""
#define TIME "time=1795494555000"

static const struct {
	const char *name;
	enum meta_edge edge;
	const char *items, *wanted;
} item_cases[] = {
	{"a post that tags us", ME_TAGGED,
		"{\"id\":\"8_1\"," SITI "\"message\":\"Tolong\",\"full_picture\":\"https://a\"," AT
		"}",
		"human id=8_1 by=7 text=Tolong at=facebook " TIME " + image 8_1/photo"},
	{"a visitor's has comments", ME_VISITOR,
		"{\"id\":\"100_1\"," SITI "\"message\":\"Banjir\"," AT "}",
		"human id=100_1 by=7 text=Banjir at=facebook " TIME " > comments of 100_1"},
	{"our own on it", ME_VISITOR,
		"{\"id\":\"100_1\",\"from\":{\"id\":\"100\"},\"message\":\"x\"}",
		"echo id=100_1 by=100 text=x at=facebook > comments of 100_1"},
	{"our own is only the way to its comments", ME_PUBLISHED, "{\"id\":\"100_2\"," AT "}",
		"- " TIME " > comments of 100_2"},
	{"a comment with a photo", ME_COMMENTS,
		"{\"id\":\"1_2\"," SITI "\"message\":\"Rusak\"," AT
		",\"attachment\":{\"type\":\"photo\","
		"\"media\":{\"image\":{\"src\":\"https://a\"}}}}",
		"human id=1_2 by=7 re=P text=Rusak at=facebook " TIME " + image 1_2/photo"},
	{"a reply with a video", ME_COMMENTS,
		"{\"id\":\"1_3\"," SITI "\"parent\":{\"id\":\"1_2\"},\"attachment\":{\"type\":"
		"\"video_inline\",\"media\":{\"source\":\"https://"
		"v\",\"image\":{\"src\":\"https://a\"}}}}",
		"human id=1_3 by=7 re=1_2 at=facebook + video 1_3/video"},
	{"a sticker alone", ME_COMMENTS,
		"{\"id\":\"1_4\"," SITI
		"\"attachment\":{\"type\":\"sticker\",\"media\":{\"image\":{"
		"\"src\":\"https://a\"}}}}",
		"system id=1_4 by=7 re=P at=facebook + sticker 1_4/photo"},
	{"a conversation", ME_CHATS,
		"{\"id\":\"t_1\",\"updated_time\":\"2026-11-24T04:29:15+0000\"}",
		"- " TIME " > messages of t_1"},
	{"a message with files", ME_MESSAGES,
		"{\"id\":\"m_1\"," SITI
		"\"message\":\"Ini\",\"attachments\":{\"data\":[{\"image_data\":{"
		"\"url\":\"https://a\"}},{\"video_data\":{\"url\":\"https://"
		"b\"}},{\"file_url\":"
		"\"https://c\"}]}}",
		"human id=m_1 by=7 text=Ini at=facebook + image m_1/attachments/0 + video "
		"m_1/attachments/1 + document m_1/attachments/2"},
	{"a link alone", ME_MESSAGES,
		"{\"id\":\"m_2\"," SITI
		"\"shares\":{\"data\":[{\"link\":\"https://b\",\"name\":\"Berita\"}]}}",
		"human id=m_2 by=7 text=Berita\nhttps://b at=facebook"},
	{"our answer", ME_MESSAGES,
		"{\"id\":\"m_3\",\"from\":{\"id\":\"100\"},\"message\":\"Baik\"}",
		"echo id=m_3 by=100 text=Baik at=facebook"},
	{"a sticker", ME_MESSAGES, "{\"id\":\"m_4\"," SITI "\"sticker\":\"https://s\"}",
		"system id=m_4 by=7 at=facebook + sticker m_4/sticker"},
	{"replies stand in their comment", ME_IG_COMMENTS,
		"{\"id\":\"31\",\"text\":\"Macet\",\"username\":\"budi\",\"replies\":{"
		"\"data\":[{\"id\":\"32\","
		"\"parent_id\":\"31\",\"text\":\"Ya\",\"from\":{\"id\":\"8\",\"username\":"
		"\"ani\"}}]}},"
		"{\"id\":\"33\",\"text\":\"Lagi\",\"replies\":{\"data\":[],\"paging\":{"
		"\"next\":\"https://x?a=1\"}}}",
		"human id=31 by=@budi re=P text=Macet at=instagram\n"
		"human id=32 by=8 re=31 text=Ya at=instagram\n"
		"human id=33 re=P text=Lagi at=instagram > replies of 33"},
	{"a medium that tags us", ME_IG_TAGS,
		"{\"id\":\"41\",\"caption\":\"@kota\",\"username\":\"budi\",\"media_type\":"
		"\"VIDEO\","
		"\"media_url\":\"https://v\"}",
		"human id=41 by=@budi text=@kota at=instagram + video 41/media"},
	{"our media", ME_IG_MEDIA, "{\"id\":\"30\",\"timestamp\":\"2026-11-24T04:29:15+0000\"}",
		"- " TIME " > comments of 30"},
	{"neighbours of the broken", ME_TAGGED,
		"7,{\"message\":\"x\"},{\"id\":\"1\",\"message\":\"\\ud800\"},"
		"{\"id\":\"8_1\"," SITI "\"message\":\"Tolong\"}",
		"undecodable id=#\nundecodable id=#\nundecodable id=#\n"
		"human id=8_1 by=7 text=Tolong at=facebook"},
};

static void items(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(item_cases); i++) {
		_cleanup_free_ char *got = read_page(item_cases[i].edge, item_cases[i].items);

		if (strcmp(got, item_cases[i].wanted) != 0)
			fail_msg("%s:\n%s\nwanted:\n%s", item_cases[i].name, got,
				item_cases[i].wanted);
	}
}

/* Not to be read to its end is to be asked again; never taken for the end. */
static void pages(void **state)
{
	static const struct {
		const char *body, *next; /* NULL: the last; "!": no page */
	} cases[] = {
		{"{\"data\":[]}", NULL},
		{"{\"data\":[],\"paging\":{}}", NULL},
		{"{\"data\":[],\"paging\":{\"next\":null}}", NULL},
		{"{\"data\":[],\"paging\":{\"cursors\":{\"after\":\"A\"}}}", NULL},
		{"{\"data\":[],\"paging\":{\"next\":\"https://h/v/1/"
		 "x?a=1&access_token=T&after=B%3D\"}}",
			"a=1&after=B%3D"},
		{"{\"data\":[],\"paging\":{\"next\":\"https://h/x?appsecret_proof=T&after=B#f\"}}",
			"after=B"},
		{"{\"data\":[],\"paging\":{\"next\":\"https://h/x\"}}", "!"},
		{"{\"data\":[],\"paging\":{\"next\":\"https://h/x?access_token=T\"}}", "!"},
		{"{\"data\":[],\"paging\":{\"next\":\"https://h/x?a=1 2\"}}", "!"},
		{"{\"data\":[],\"paging\":{\"next\":7}}", "!"},
		{"{\"data\":[],\"paging\":{\"next\":\"\\ud800\"}}", "!"},
		{"{\"data\":{}}", "!"},
		{"{\"paging\":{}}", "!"},
		{"{\"data\":[", "!"},
		{"", "!"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct meta_page p;
		int r = meta_page_open(
			ME_TAGGED, xstrdup(cases[i].body), strlen(cases[i].body), &p);

		if (cases[i].next && strcmp(cases[i].next, "!") == 0) {
			assert_int_equal(r, -EINVAL);
			continue;
		}
		assert_int_equal(r, 0);
		if (cases[i].next)
			assert_string_equal(p.next, cases[i].next);
		else
			assert_null(p.next);
		meta_page_close(&p);
	}
}

static void paths(void **state)
{
	static const char *const bad[] = {
		"", "../me", "a/b", "a?b", "a b", "..", ".", "a%2f", "a&b"};
	_cleanup_free_ char *first = meta_edge_path(ME_TAGGED, "100", 5000, NULL);
	_cleanup_free_ char *next = meta_edge_path(ME_COMMENTS, "100_1", 5000, "after=A");
	_cleanup_free_ char *chats = meta_edge_path(ME_CHATS, "100", 5000, NULL);

	(void)state;
	assert_string_equal(first,
		"/100/tagged?fields=id,from,message,created_time,full_picture&limit=100&since=5");
	assert_string_equal(next, "/100_1/comments?after=A");
	assert_null(strstr(chats, "since")); /* no time-based paging there */
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_null(meta_edge_path(ME_COMMENTS, bad[i], 0, NULL));
}

static void fetches(void **state)
{
	static const struct {
		const char *what, *path; /* NULL: cannot be asked for */
		const char *body, *wanted;
	} cases[] = {
		{"comment", "/31?fields=id,from,message,created_time,parent,attachment",
			"{\"id\":\"31\"," SITI "\"message\":\"x\"}",
			"human id=31 by=7 re=30 text=x at=facebook"},
		{"post", "/31?fields=id,from,message,created_time,full_picture",
			"{\"id\":\"31\"," SITI "\"message\":\"x\"}",
			"human id=31 by=7 text=x at=facebook"},
		{"ig_comment", "/31?fields=id,text,timestamp,username,from,parent_id",
			"{\"id\":\"31\",\"text\":\"x\"}", "human id=31 re=30 text=x at=instagram"},
		{"ig_mentioned_comment",
			"/200?fields=mentioned_comment.comment_id(31)%7Bid,text,timestamp,media%7D",
			"{\"mentioned_comment\":{\"id\":\"9\",\"text\":\"x\",\"media\":{\"id\":"
			"\"30\"}}}",
			"human id=31 re=30 text=x at=instagram"},
		{"ig_mentioned_media",
			"/200?fields=mentioned_media.media_id(31)%7Bid,caption,media_type,media_"
			"url,"
			"timestamp,username%7D",
			"{\"mentioned_media\":{\"id\":\"31\",\"caption\":\"x\",\"username\":"
			"\"budi\"}}",
			"human id=31 by=@budi text=x at=instagram"},
		{"ig_mentioned_media", "/200?", "{\"id\":\"200\"}", NULL},
		{"comment", "/31?", "{", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *fields = json_pack("{s:{s:s,s:s,s:s}}", "fetch", "what",
			cases[i].what, "id", "31", "media", "30");
		struct meta_fetch *f = meta_fetch_of(fields);
		_cleanup_free_ char *path = meta_fetch_path(f, &ours);
		_cleanup_buf_ struct buf line = BUF_INIT(4096);
		struct message base = base_message();
		struct meta_item x;
		bool any = meta_fetch_decode(
			f, cases[i].body, strlen(cases[i].body), &ours, &base, &x);

		assert_int_equal(strncmp(path, cases[i].path, strlen(cases[i].path)), 0);
		assert_int_equal(any, cases[i].wanted != NULL);
		if (any) {
			x.child = ME_COUNT;
			describe(&line, &x);
			assert_string_equal(buf_str(&line), cases[i].wanted);
		}
		meta_item_free(&x);
		meta_fetch_free(f);
	}
}

static void notices_of_others(void **state)
{
	static const char *const none[] = {"{}", "{\"fetch\":{}}",
		"{\"fetch\":{\"what\":\"dance\",\"id\":\"1\"}}",
		"{\"fetch\":{\"what\":\"post\",\"id\":\"\"}}",
		"{\"fetch\":{\"what\":\"post\",\"id\":7}}"};
	static const struct meta_rules no_instagram = {.page = "100"};
	_cleanup_json_ json_t *odd =
		json_pack("{s:{s:s,s:s}}", "fetch", "what", "post", "id", "1/../2");
	_cleanup_json_ json_t *mention =
		json_pack("{s:{s:s,s:s}}", "fetch", "what", "ig_mentioned_media", "id", "1");
	struct meta_fetch *f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		_cleanup_json_ json_t *j = json_loads(none[i], 0, NULL);

		assert_null(meta_fetch_of(j));
	}
	f = meta_fetch_of(odd);
	assert_null(meta_fetch_path(f, &ours));
	meta_fetch_free(f);
	f = meta_fetch_of(mention);
	assert_null(meta_fetch_path(f, &no_instagram));
	meta_fetch_free(f);
}

/* --- the subscription --- */

int64_t meta_api_wait_ms(struct meta_api *a)
{
	(void)a;
	return -1;
}

int meta_api_call(struct meta_api *a, const char *method, const char *path, meta_api_fn *done,
	void *ctx, struct err *e)
{
	(void)a;
	(void)method;
	(void)path;
	(void)done;
	(void)ctx;
	(void)e;
	return -EINVAL;
}

static void subscriptions(void **state)
{
	static char feed[] = "feed", messages[] = "messages";
	static char *wanted[] = {feed, messages};
	static const struct strlist fields = {wanted, 2};
	static const struct {
		const char *body, *app;
		enum meta_subscribed wanted;
	} cases[] = {
		{"{\"data\":[]}", NULL, MS_MISSING},
		{"{\"data\":[{\"id\":\"5\",\"subscribed_fields\":[\"messages\",\"feed\",\"x\"]}]}",
			NULL, MS_WELL},
		{"{\"data\":[{\"id\":\"5\",\"subscribed_fields\":[\"feed\"]}]}", NULL, MS_PARTIAL},
		{"{\"data\":[{\"id\":\"5\"}]}", NULL, MS_PARTIAL},
		{"{\"data\":[{\"id\":\"5\",\"subscribed_fields\":[{\"name\":\"feed\"},{\"name\":"
		 "\"messages\"}]}]}",
			"5", MS_WELL},
		{"{\"data\":[{\"id\":\"6\",\"subscribed_fields\":[\"messages\",\"feed\"]}]}", "5",
			MS_MISSING},
		{"{\"data\":[{\"id\":\"6\"},{\"id\":\"5\",\"subscribed_fields\":[\"messages\","
		 "\"feed\"]}]}",
			"5", MS_WELL},
		{"{\"data\":{}}", NULL, MS_BROKEN},
		{"{}", NULL, MS_BROKEN},
		{"{", NULL, MS_BROKEN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(meta_subs_judge(cases[i].body, strlen(cases[i].body), cases[i].app,
					 &fields),
			cases[i].wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items),
		cmocka_unit_test(pages),
		cmocka_unit_test(paths),
		cmocka_unit_test(fetches),
		cmocka_unit_test(notices_of_others),
		cmocka_unit_test(subscriptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
