/* What becomes of each kind of Facebook and Instagram update: one line of text a message. */
// uses: daemons/social/meta_decode.c daemons/social/meta_element.c
// uses: daemons/social/meta_feed.c daemons/social/meta_messages.c
// uses: daemons/social/meta_fields.c
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/social/meta_decode.h"

#define PAGE_ID "100"
#define IG_ID	"200"

struct seen {
	const char *body;
	size_t len;
	struct buf lines;
	int n;
};

static void add(struct buf *b, const char *key, const char *value)
{
	if (value && *value)
		buf_addf(b, " %s=%s", key, value);
}

static void on_message(void *ctx, struct message *m, struct span bytes)
{
	struct seen *s = ctx;
	_cleanup_json_ json_t *record = NULL;
	_cleanup_free_ char *fetch = NULL;
	struct err e = {0};

	assert_true(bytes.p >= s->body && bytes.p + bytes.n <= s->body + s->len);
	assert_ptr_equal(m->original.data, bytes.p);
	if (message_build(m, &record, NULL, &e))
		fail_msg("%s", e.text);
	buf_addf(&s->lines, "%s%s/%s", s->n++ ? "\n" : "", message_class_name(m->class),
		message_kind_name(m->kind));
	add(&s->lines, "id",
		strstr(m->native_id, ":") && strlen(m->native_id) > 64 ? "#" : m->native_id);
	if (m->kind != MK_MESSAGE && m->revision)
		add(&s->lines, "rev",
			strstr(m->revision, ":") && strlen(m->revision) > 16 ? "#" : m->revision);
	add(&s->lines, "by", m->author.id);
	add(&s->lines, "name", m->author.name ? m->author.name : m->author.username);
	if (m->sent_ms)
		buf_addf(&s->lines, " at=%" PRId64, m->sent_ms);
	add(&s->lines, "re", m->in_reply_to);
	add(&s->lines, "text", m->text);
	if (m->location.set)
		buf_addf(&s->lines, " where=%.2f,%.2f", m->location.lat, m->location.lon);
	for (size_t i = 0; i < m->n_attachments; i++)
		buf_addf(&s->lines, " + %s %s %s", m->attachments[i].kind, m->attachments[i].id,
			m->attachments[i].url);
	if (json_object_get(m->fields, "fetch")) {
		fetch = json_text(json_object_get(m->fields, "fetch"), NULL);
		add(&s->lines, "fetch", fetch);
	}
}

static char *decoded(const char *body, size_t len)
{
	static const struct meta_rules ours = {.page = PAGE_ID, .instagram = IG_ID};
	struct message base = {.tenant = "malang", .channel = "social", .account = "kota"};
	struct seen s = {.body = body, .len = len, .lines = BUF_INIT(1 << 16)};

	base.source.daemon = base.source.instance = "uji";
	base.received_ms = 1790000000000;
	meta_decode(body, len, &ours, &base, on_message, &s);
	assert_true(s.n <= meta_count(body, len));
	return s.lines.data ? s.lines.data : xstrdup("");
}

struct kind_case {
	const char *name, *body, *wanted;
};

static void check(const struct kind_case *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *got = decoded(c[i].body, strlen(c[i].body));

		if (strcmp(got, c[i].wanted) != 0)
			fail_msg("%s:\n%s\nwanted:\n%s", c[i].name, got, c[i].wanted);
	}
}

#define CHANGE(field, value)                                                              \
	"{\"object\":\"page\",\"entry\":[{\"id\":\"100\",\"time\":5000000,\"changes\":[{" \
	"\"field\":\"" field "\",\"value\":" value "}]}]}"
#define FEED(value) CHANGE("feed", "{" value "}")
#define SITI	    "\"from\":{\"id\":\"7\",\"name\":\"Siti\"},"
#define OURS	    "\"from\":{\"id\":\"100\",\"name\":\"Kota\"},"
#define COMMENT	    "\"item\":\"comment\",\"comment_id\":\"9_1\",\"post_id\":\"100_9\","

static void feed(void **state)
{
	static const struct kind_case cases[] = {
		{"a comment",
			FEED(SITI COMMENT
				"\"parent_id\":\"100_9\",\"verb\":\"add\",\"created_time\":"
				"1790000,\"message\":\"Jalan rusak\""),
			"human/message id=9_1 by=7 name=Siti at=1790000000 re=100_9 text=Jalan "
			"rusak"},
		{"a comment of the old shape, with a number for an id",
			FEED(COMMENT "\"sender_id\":7,\"sender_name\":\"Siti\",\"verb\":\"add\","
				     "\"message\":\"Jalan rusak\""),
			"human/message id=9_1 by=7 name=Siti at=5000000000 re=100_9 text=Jalan "
			"rusak"},
		{"a reply names the comment it answers",
			FEED(SITI COMMENT
				"\"parent_id\":\"9_0\",\"verb\":\"add\",\"message\":\"x\""),
			"human/message id=9_1 by=7 name=Siti at=5000000000 re=9_0 text=x"},
		{"with a photo",
			FEED(SITI COMMENT "\"verb\":\"add\",\"photo\":\"https://cdn/p?x=1\""),
			"human/message id=9_1 by=7 name=Siti at=5000000000 re=100_9 + image "
			"9_1/photo "
			"https://cdn/p?x=1"},
		{"edited", FEED(SITI COMMENT "\"verb\":\"edited\",\"message\":\"y\""),
			"human/edit id=9_1 rev=# by=7 name=Siti at=5000000000 re=100_9 text=y"},
		{"removed", FEED(SITI COMMENT "\"verb\":\"remove\""),
			"human/delete id=9_1 rev=# by=7 name=Siti at=5000000000 re=100_9"},
		{"hidden by the page: its author took nothing back",
			FEED(SITI COMMENT "\"verb\":\"hide\",\"message\":\"y\""),
			"system/edit id=9_1 rev=# by=7 name=Siti at=5000000000 re=100_9 text=y"},
		{"our own comment", FEED(OURS COMMENT "\"verb\":\"add\",\"message\":\"Baik\""),
			"echo/message id=9_1 by=100 name=Kota at=5000000000 re=100_9 text=Baik"},
		{"our own comment removed", FEED(OURS COMMENT "\"verb\":\"remove\""),
			"echo/delete id=9_1 rev=# by=100 name=Kota at=5000000000 re=100_9"},
		{"a visitor's post with photos",
			FEED(SITI "\"item\":\"status\",\"post_id\":\"100_3\",\"verb\":\"add\","
				  "\"photos\":["
				  "\"https://a\",\"https://b\"],\"message\":\"Banjir\""),
			"human/message id=100_3 by=7 name=Siti at=5000000000 text=Banjir + image "
			"100_3/photos/0 https://a + image 100_3/photos/1 https://b"},
		{"a like", FEED(SITI "\"item\":\"like\",\"post_id\":\"100_3\",\"verb\":\"add\""),
			"system/message id=# by=7 name=Siti"},
		{"an unknown item keeps its words for a person",
			FEED(SITI "\"item\":\"hologram\",\"post_id\":\"100_3\",\"verb\":\"add\","
				  "\"message\":\"Tolong\""),
			"unknown/message id=# by=7 name=Siti at=5000000000 text=Tolong"},
		{"an unknown verb, too",
			FEED(SITI COMMENT "\"verb\":\"sing\",\"message\":\"Tolong\""),
			"unknown/message id=# by=7 name=Siti at=5000000000 re=100_9 text=Tolong"},
		{"a comment without its text is to be fetched",
			FEED(SITI COMMENT "\"verb\":\"add\""),
			"system/message id=incomplete:comment:9_1 by=7 name=Siti at=5000000000 "
			"re=100_9 "
			"fetch={\"what\":\"comment\",\"id\":\"9_1\"}"},
		{"a rating",
			CHANGE("ratings", "{\"item\":\"rating\",\"verb\":\"add\","
					  "\"open_graph_story_id\":55,\"reviewer_id\":7,"
					  "\"reviewer_name\":\"Siti\",\"review_text\":\"Lambat\"}"),
			"human/message id=55 by=7 name=Siti at=5000000000 text=Lambat"},
		{"a mention without an author",
			CHANGE("mention", "{\"item\":\"post\",\"post_id\":\"8_1\",\"verb\":\"add\","
					  "\"message\":\"@Kota tolong\"}"),
			"human/message id=8_1 at=5000000000 text=@Kota tolong"},
		{"an unknown field", CHANGE("parking", "{\"street\":1}"), "unknown/message id=#"},
		{"a value that is no object", CHANGE("feed", "\"text\""), "unknown/message id=#"},
		{"without a value",
			"{\"object\":\"page\",\"entry\":[{\"id\":\"100\",\"changes\":[{\"field\":"
			"\"feed\"}]}]}",
			"unknown/message id=#"},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases));
}

#define IG(field, value)                                                               \
	"{\"object\":\"instagram\",\"entry\":[{\"id\":\"200\",\"time\":1790000000000," \
	"\"changes\":[{\"field\":\"" field "\",\"value\":{" value "}}]}]}"
#define BUDI "\"from\":{\"id\":\"8\",\"username\":\"budi\"},"

static void instagram(void **state)
{
	static const struct kind_case cases[] = {
		{"a comment",
			IG("comments",
				BUDI "\"id\":\"31\",\"media\":{\"id\":\"30\"},\"text\":\"Macet\""),
			"human/message id=31 by=8 name=budi at=1790000000000 re=30 text=Macet"},
		{"a reply, with its id under the other name",
			IG("live_comments",
				BUDI "\"comment_id\":\"32\",\"parent_id\":\"31\",\"text\":\"Ya\""),
			"human/message id=32 by=8 name=budi at=1790000000000 re=31 text=Ya"},
		{"our own",
			IG("comments", "\"from\":{\"id\":\"200\"},\"id\":\"33\",\"text\":\"Baik\""),
			"echo/message id=33 by=200 at=1790000000000 text=Baik"},
		{"nobody is named", IG("comments", "\"id\":\"34\",\"text\":\"Macet\""),
			"human/message id=34 at=1790000000000 text=Macet"},
		{"without an id", IG("comments", "\"text\":\"Macet\""),
			"unknown/message id=# text=Macet"},
		{"mentioned in a comment",
			IG("mentions", "\"media_id\":\"30\",\"comment_id\":\"35\""),
			"system/message id=incomplete:ig_mentioned_comment:35 "
			"fetch={\"what\":\"ig_mentioned_comment\",\"id\":\"35\",\"media\":\"30\"}"},
		{"mentioned in a caption", IG("mentions", "\"media_id\":\"30\""),
			"system/message id=incomplete:ig_mentioned_media:30 "
			"fetch={\"what\":\"ig_mentioned_media\",\"id\":\"30\"}"},
		{"insights", IG("story_insights", "\"media_id\":\"30\""), "system/message id=#"},
		{"the flat shape",
			"{\"object\":\"instagram\",\"entry\":[{\"id\":\"200\",\"time\":1790000000,"
			"\"field\":\"comments\",\"value\":{" BUDI
			"\"id\":\"36\",\"text\":\"Macet\"}}]}",
			"human/message id=36 by=8 name=budi at=1790000000000 text=Macet"},
		{"another account goes to a person",
			"{\"object\":\"instagram\",\"entry\":[{\"id\":\"201\",\"changes\":[{"
			"\"field\":"
			"\"comments\",\"value\":{" BUDI "\"id\":\"37\",\"text\":\"Macet\"}}]}]}",
			"unknown/message id=37 by=8 name=budi text=Macet"},
		{"another account's mention is not asked for",
			"{\"object\":\"instagram\",\"entry\":[{\"id\":\"201\",\"changes\":[{"
			"\"field\":"
			"\"mentions\",\"value\":{\"media_id\":\"30\"}}]}]}",
			"unknown/message id=incomplete:ig_mentioned_media:30"},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases));
}

#define EVENTS(list, events) \
	"{\"object\":\"page\",\"entry\":[{\"id\":\"100\",\"time\":5,\"" list "\":[" events "]}]}"
#define EVENT(rest)                                                                      \
	EVENTS("messaging", "{\"sender\":{\"id\":\"7\"},\"recipient\":{\"id\":\"100\"}," \
			    "\"timestamp\":1790000000001," rest "}")
#define MESSAGE(rest) EVENT("\"message\":{\"mid\":\"m1\"," rest "}")
#define SENT	      " by=7 at=1790000000001"

static void messages(void **state)
{
	static const struct kind_case cases[] = {
		{"text", MESSAGE("\"text\":\"Halo\""), "human/message id=m1" SENT " text=Halo"},
		{"an answer", MESSAGE("\"text\":\"Ya\",\"reply_to\":{\"mid\":\"m0\"}"),
			"human/message id=m1" SENT " re=m0 text=Ya"},
		{"to a story", MESSAGE("\"text\":\"Ya\",\"reply_to\":{\"story\":{\"id\":\"s\"}}"),
			"human/message id=m1" SENT " re=s text=Ya"},
		{"a picture",
			MESSAGE("\"attachments\":[{\"type\":\"image\",\"payload\":{\"url\":\"https:"
				"//a\"}}]"),
			"human/message id=m1" SENT " + image m1/attachments/0 https://a"},
		{"a place",
			MESSAGE("\"attachments\":[{\"type\":\"location\",\"payload\":{"
				"\"coordinates\":"
				"{\"lat\":-7.98,\"long\":112.63}}}]"),
			"human/message id=m1" SENT " where=-7.98,112.63"},
		{"a sticker alone",
			MESSAGE("\"attachments\":[{\"type\":\"image\",\"payload\":{\"url\":"
				"\"https://a\",\"sticker_id\":1}}]"),
			"system/message id=m1" SENT " + sticker m1/attachments/0 https://a"},
		{"a sticker of 2026", MESSAGE("\"sticker\":{\"id\":\"5\",\"url\":\"https://a\"}"),
			"system/message id=m1" SENT " + sticker m1/sticker https://a"},
		{"an unknown attachment",
			MESSAGE("\"attachments\":[{\"type\":\"hologram\",\"payload\":{}}]"),
			"unknown/message id=m1" SENT},
		{"a shared link",
			MESSAGE("\"attachments\":[{\"type\":\"fallback\",\"title\":\"Berita\","
				"\"url\":\"https://b\"}]"),
			"human/message id=m1" SENT " text=Berita\nhttps://b"},
		{"ours", MESSAGE("\"text\":\"Baik\",\"is_echo\":true"),
			"echo/message id=m1" SENT " text=Baik"},
		{"taken back", MESSAGE("\"is_deleted\":true"),
			"human/delete id=m1 rev=deleted" SENT},
		{"unsupported", MESSAGE("\"is_unsupported\":true"), "unknown/message id=m1" SENT},
		{"edited",
			EVENT("\"message_edit\":{\"mid\":\"m1\",\"text\":\"Halo!\",\"num_edit\":"
			      "2}"),
			"human/edit id=m1 rev=edit:2" SENT " text=Halo!"},
		{"a button",
			EVENT("\"postback\":{\"mid\":\"m2\",\"title\":\"Lapor\",\"payload\":"
			      "\"P\"}"),
			"human/message id=m2" SENT " text=Lapor"},
		{"read", EVENT("\"read\":{\"watermark\":1}"), "system/message id=#" SENT},
		{"a reaction", EVENT("\"reaction\":{\"mid\":\"m1\",\"action\":\"react\"}"),
			"system/message id=#" SENT " re=m1"},
		{"an unknown event", EVENT("\"dance\":{}"), "unknown/message id=#" SENT},
		{"another app has the thread",
			EVENTS("standby", "{\"sender\":{\"id\":\"7\"},\"timestamp\":1790000000001,"
					  "\"message\":{\"mid\":\"m3\",\"text\":\"Halo\"}}"),
			"human/message id=m3" SENT " text=Halo"},
		{"we are the sender, and nothing says echo",
			EVENTS("messaging",
				"{\"sender\":{\"id\":\"100\"},\"timestamp\":1790000000001,"
				"\"message\":{\"mid\":\"m4\",\"text\":\"Halo\"}}"),
			"echo/message id=m4 by=100 at=1790000000001 text=Halo"},
		{"as a change",
			CHANGE("messages", "{\"sender\":{\"id\":\"7\"},\"timestamp\":1790000000001,"
					   "\"message\":{\"mid\":\"m5\",\"text\":\"Halo\"}}"),
			"human/message id=m5" SENT " text=Halo"},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases));
}

static void neighbours_pass(void **state)
{
	static const struct kind_case cases[] = {
		{"a lone surrogate",
			"{\"object\":\"page\",\"entry\":[{\"id\":\"100\",\"messaging\":[{"
			"\"message\":"
			"{\"mid\":\"a\",\"text\":\"\\ud800\"}},{\"sender\":{\"id\":\"7\"},"
			"\"message\":"
			"{\"mid\":\"b\",\"text\":\"Halo\"}},7]}]}",
			"undecodable/message id=#\nhuman/message id=b by=7 text=Halo\n"
			"undecodable/message id=#"},
		{"messaging and changes in one entry",
			"{\"object\":\"page\",\"entry\":[{\"id\":\"100\",\"changes\":[{\"field\":"
			"\"feed\","
			"\"value\":{" SITI COMMENT
			"\"verb\":\"add\",\"message\":\"x\"}}],\"messaging\":["
			"{\"sender\":{\"id\":\"7\"},\"message\":{\"mid\":\"b\",\"text\":\"Halo\"}}]"
			"}]}",
			"human/message id=b by=7 text=Halo\n"
			"human/message id=9_1 by=7 name=Siti re=100_9 text=x"},
		{"the list breaks off",
			"{\"object\":\"page\",\"entry\":[{\"id\":\"100\",\"messaging\":[{"
			"\"message\":"
			"{\"mid\":\"a\",\"text\":\"x\"}},,]}]}",
			"human/message id=a text=x\nundecodable/message id=#"},
		{"an entry without a list", "{\"object\":\"page\",\"entry\":[{\"id\":\"100\"}]}",
			"undecodable/message id=#"},
		{"another object",
			"{\"object\":\"user\",\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":"
			"\"email\","
			"\"value\":\"x\"}]}]}",
			"unknown/message id=#"},
		{"no JSON", "halo", "undecodable/message id=#"},
		{"no entries", "{\"object\":\"page\"}", "undecodable/message id=#"},
		{"nothing in it", "{\"object\":\"page\",\"entry\":[]}", ""},
	};

	(void)state;
	check(cases, ARRAY_SIZE(cases));
}

static void keep_revision(void *ctx, struct message *m, struct span bytes)
{
	(void)bytes;
	snprintf(ctx, 128, "%s", m->revision);
}

/* The same event again has the same revision, whenever it is sent; another one has another. */
static void an_edit_has_an_id_of_its_own(void **state)
{
	static const struct meta_rules all = {0};
	static const char *const bodies[] = {
		FEED(SITI COMMENT "\"verb\":\"edited\",\"message\":\"satu\""),
		FEED(SITI COMMENT "\"verb\":\"edited\",\"message\":\"dua\""),
		FEED(SITI COMMENT "\"verb\":\"edited\",\"message\":\"satu\",\"created_time\":9"),
		FEED(SITI COMMENT "\"verb\":\"hide\",\"message\":\"satu\""),
		"{\"object\":\"page\",\"entry\":[{\"id\":\"100\",\"time\":6,\"changes\":[{"
		"\"field\":"
		"\"feed\",\"value\":{" SITI COMMENT
		"\"verb\":\"edited\",\"message\":\"satu\"}}]}]}",
	};
	struct message base = {.tenant = "malang", .channel = "social", .account = "kota"};
	char got[ARRAY_SIZE(bodies)][128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++)
		meta_decode(bodies[i], strlen(bodies[i]), &all, &base, keep_revision, got[i]);
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(got[i], got[k]);
	assert_string_equal(got[4], got[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(feed),
		cmocka_unit_test(instagram),
		cmocka_unit_test(messages),
		cmocka_unit_test(neighbours_pass),
		cmocka_unit_test(an_edit_has_an_id_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
