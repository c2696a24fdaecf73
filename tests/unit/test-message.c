/* The message builder: clock rules, repair, bounds, originals, required fields; what it builds it
 * can read; the golden samples are exactly what it builds (tests/golden/records). */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"

#include "core/message.h"

#define NOW    1795494555000 /* 2026-11-24T04:29:15Z */
#define MINUTE 60000
#define DAY    86400000LL

static struct message sample(void)
{
	return (struct message){
		.tenant = "malang",
		.channel = "whatsapp",
		.account = "628111",
		.native_id = "wamid.AA",
		.author = {.id = "6281234",
			.name = "Siti",
			.phone = "0812-3456 7890",
			.proven = true},
		.received_ms = NOW,
		.sent_ms = NOW - 2000,
		.sent_at_source = "1795494553",
		.text = "Jalan rusak di depan pasar",
		.source = {.daemon = "muara-whatsapp", .instance = "kota", .place = "webhook"},
		.original = {.data = "{\"a\":1}", .len = 7},
	};
}

static json_t *build(const struct message *m)
{
	json_t *j = NULL;
	struct err e = {0};

	assert_int_equal(message_build(m, &j, NULL, &e), 0);
	return j;
}

static void refuses(const struct message *m, int code, const char *word)
{
	json_t *j = NULL;
	struct err e = {0};

	assert_int_equal(message_build(m, &j, NULL, &e), code);
	assert_null(j);
	assert_non_null(strstr(e.text, word));
}

static void what_is_built_can_be_read(void **state)
{
	struct message m = sample();
	char id[UUID_TEXT_SIZE];
	_cleanup_json_ json_t *back = NULL;
	_cleanup_free_ char *text = NULL;
	struct err e = {0};
	size_t n;

	(void)state;
	assert_int_equal(message_build_text(&m, &text, &n, id, &e), 0);
	assert_string_equal(id, "a0805f20-48f9-582d-8cf0-8ba9e34f82dc");
	assert_int_equal(message_parse(text, n, &back, &e), 0);
	assert_string_equal(json_str(back, "id"), id);
	assert_string_equal(json_str(back, "conversation"), "a798965c-f1c3-5196-ba1a-6cb3d037f926");
	assert_string_equal(json_str(json_object_get(back, "author"), "phone"), "+6281234567890");
	assert_int_equal(message_class_get(back), MC_HUMAN);
	assert_int_equal(message_kind_get(back), MK_MESSAGE);
	assert_int_equal(message_call_get(back), CC_NONE);
}

static void clock_rules(void **state)
{
	static const struct {
		int64_t sent, max_age, start;
		enum message_class class;
		const char *sent_at, *expected_class;
	} rows[] = {
		{NOW - 2000, 0, 0, MC_HUMAN, "2026-11-24T04:29:13.000Z", "human"},
		{NOW + 5 * MINUTE, 0, 0, MC_HUMAN, "2026-11-24T04:34:15.000Z", "human"},
		{NOW + 5 * MINUTE + 1, 0, 0, MC_HUMAN, "2026-11-24T04:29:15.000Z", "human"},
		{0, DAY, 0, MC_HUMAN, "2026-11-24T04:29:15.000Z", "human"},
		{NOW - DAY, DAY, 0, MC_HUMAN, "2026-11-23T04:29:15.000Z", "human"},
		{NOW - DAY - 1, DAY, 0, MC_HUMAN, "2026-11-23T04:29:14.999Z", "stale"},
		{NOW - DAY - 1, DAY, 0, MC_EMERGENCY, "2026-11-23T04:29:14.999Z", "stale"},
		{NOW - DAY - 1, DAY, 0, MC_GHOST, "2026-11-23T04:29:14.999Z", "ghost"},
		{NOW - DAY - 1, 0, NOW, MC_HUMAN, "2026-11-23T04:29:14.999Z", "stale"},
		{NOW, 0, NOW, MC_HUMAN, "2026-11-24T04:29:15.000Z", "human"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct message m = sample();
		_cleanup_json_ json_t *j = NULL;

		m.sent_ms = rows[i].sent;
		m.max_age_ms = rows[i].max_age;
		m.start_ms = rows[i].start;
		m.class = rows[i].class;
		j = build(&m);
		assert_string_equal(json_str(j, "sent_at"), rows[i].sent_at);
		assert_string_equal(json_str(j, "class"), rows[i].expected_class);
		assert_string_equal(json_str(j, "sent_at_source"), "1795494553");
	}
}

static void a_time_without_source_text_is_kept_as_given(void **state)
{
	struct message m = sample();
	_cleanup_json_ json_t *j = NULL;

	(void)state;
	m.sent_at_source = NULL;
	m.sent_ms = NOW + DAY;
	j = build(&m);
	assert_string_equal(json_str(j, "sent_at_source"), "2026-11-25T04:29:15.000Z");
	assert_string_equal(json_str(j, "sent_at"), "2026-11-24T04:29:15.000Z");
}

static void broken_text_is_repaired(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		const char *out;
		bool repaired;
	} rows[] = {
		{"caf\xc3\xa9 \xf0\x9f\x98\x80", 10, "caf\xc3\xa9 \xf0\x9f\x98\x80", false},
		{"a\xff"
		 "b",
			3,
			"a\xef\xbf\xbd"
			"b",
			true},
		{"a\0b", 3,
			"a\xef\xbf\xbd"
			"b",
			true},
		{"\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd", true},		   /* overlong */
		{"\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", true}, /* surrogate */
		{"\xf4\x90\x80\x80", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", true},
		{"x\xe2\x82", 3, "x\xef\xbf\xbd", true}, /* cut off */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct message m = sample();
		_cleanup_json_ json_t *j = NULL;

		m.text = rows[i].in;
		m.text_len = rows[i].n;
		j = build(&m);
		assert_string_equal(json_str(j, "text"), rows[i].out);
		assert_int_equal(json_flag(j, "text_repaired"), rows[i].repaired);
	}
}

static void long_text_is_cut_between_characters(void **state)
{
	struct message m = sample();
	_cleanup_free_ char *text = xmalloc(MESSAGE_TEXT_MAX + 10);
	_cleanup_json_ json_t *j = NULL, *exact = NULL;

	(void)state;
	memset(text, 'a', MESSAGE_TEXT_MAX + 10);
	memcpy(text + MESSAGE_TEXT_MAX - 1, "\xc3\xa9", 2);
	m.text = text;
	m.text_len = MESSAGE_TEXT_MAX + 10;
	j = build(&m);
	assert_int_equal(strlen(json_str(j, "text")), MESSAGE_TEXT_MAX - 1);
	assert_true(json_flag(j, "text_cut"));
	assert_false(json_flag(j, "text_repaired"));
	m.text_len = MESSAGE_TEXT_MAX - 1;
	exact = build(&m);
	assert_false(json_flag(exact, "text_cut"));
}

static void originals(void **state)
{
	struct message m = sample();
	_cleanup_free_ char *large = xcalloc(1, MESSAGE_INLINE_MAX + 1);
	const char *hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	_cleanup_json_ json_t *text = NULL, *binary = NULL, *pointer = NULL;
	const json_t *o;

	(void)state;
	m.original.data = "abc";
	m.original.len = 3;
	text = build(&m);
	o = json_object_get(text, "original");
	assert_string_equal(json_str(o, "encoding"), "utf8");
	assert_string_equal(json_str(o, "inline"), "abc");
	assert_string_equal(json_str(o, "sha256"), hash);
	m.original.data = "a\xff\0";
	binary = build(&m);
	o = json_object_get(binary, "original");
	assert_string_equal(json_str(o, "encoding"), "base64");
	assert_string_equal(json_str(o, "inline"), "Yf8A");
	m.original.data = large;
	m.original.len = MESSAGE_INLINE_MAX + 1;
	refuses(&m, -E2BIG, "blob store");
	m.original.blob = hash;
	m.original.offset = 17;
	pointer = build(&m);
	o = json_object_get(pointer, "original");
	assert_string_equal(json_str(o, "blob"), hash);
	assert_int_equal(json_int(o, "offset", -1), 17);
	assert_int_equal(json_int(o, "length", -1), MESSAGE_INLINE_MAX + 1);
	assert_null(json_object_get(o, "inline"));
	m.original.blob = "ABC";
	refuses(&m, -EINVAL, "blob");
}

static void the_largest_message_fits_a_record(void **state)
{
	struct message m = sample();
	struct message_attachment many[MESSAGE_ATTACHMENTS_MAX];
	_cleanup_free_ char *worst = xmalloc(MESSAGE_TEXT_MAX), *text = NULL;
	char id[601];
	struct err e = {0};
	size_t n;

	(void)state;
	memset(worst, 1, MESSAGE_TEXT_MAX);
	memset(id, 2, 600);
	id[600] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct message_attachment){.id = id, .state = AS_PENDING, .name = id};
	m.text = worst;
	m.text_len = MESSAGE_TEXT_MAX;
	m.original.data = worst;
	m.original.len = MESSAGE_INLINE_MAX;
	m.attachments = many;
	m.n_attachments = ARRAY_SIZE(many);
	assert_int_equal(message_build_text(&m, &text, &n, NULL, &e), 0);
	m.n_attachments++;
	refuses(&m, -E2BIG, "attachments");
}

static void required_fields(void **state)
{
	struct message m;

	(void)state;
#define WITHOUT(field, word) (m = sample(), m.field = NULL, refuses(&m, -EINVAL, word))
	WITHOUT(tenant, "tenant");
	WITHOUT(channel, "channel");
	WITHOUT(account, "account");
	WITHOUT(native_id, "native_id");
	WITHOUT(source.daemon, "source.daemon");
	WITHOUT(source.instance, "source.instance");
#undef WITHOUT
	m = sample();
	m.class = MC_UNDECODABLE;
	refuses(&m, -EINVAL, "error.place");
}

static void attachments(void **state)
{
	static const struct message_attachment two[] = {
		{.id = "m1",
			.state = AS_PENDING,
			.bytes = -1,
			.mime = "image/jpeg",
			.url = "https://pbs.example/m1.jpg"},
		{.id = "a.pdf",
			.state = AS_STORED,
			.bytes = 3,
			.mime = "application/pdf",
			.name = "a.pdf",
			.sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a"
				  "d"}};
	struct message m = sample();
	struct message_attachment bad = two[1];
	_cleanup_json_ json_t *j = NULL;
	const json_t *list;

	(void)state;
	m.attachments = two;
	m.n_attachments = 2;
	j = build(&m);
	list = json_object_get(j, "attachments");
	assert_string_equal(json_str(json_array_get(list, 0), "kind"), "image");
	assert_string_equal(json_str(json_array_get(list, 0), "state"), "pending");
	assert_true(json_is_null(json_object_get(json_array_get(list, 0), "bytes")));
	assert_string_equal(json_str(json_array_get(list, 1), "kind"), "document");
	assert_string_equal(json_str(json_array_get(list, 0), "url"), "https://pbs.example/m1.jpg");
	assert_null(json_object_get(json_array_get(list, 1), "url"));
	bad.sha256 = NULL;
	m.attachments = &bad;
	m.n_attachments = 1;
	refuses(&m, -EINVAL, "sha256");
}

static void locations(void **state)
{
	struct message m = sample();
	_cleanup_json_ json_t *none = NULL, *point = NULL, *wrong = NULL;
	const json_t *l;

	(void)state;
	none = build(&m);
	assert_true(json_is_null(json_object_get(none, "location")));
	m.location.set = true;
	m.location.lat = -7.98;
	m.location.lon = 112.63;
	point = build(&m);
	assert_true(
		json_real_value(json_object_get(json_object_get(point, "location"), "lat")) < -7);
	m.location.lat = NAN;
	m.location.name = "Pasar Besar";
	wrong = build(&m);
	l = json_object_get(wrong, "location");
	assert_true(json_is_null(json_object_get(l, "lat")));
	assert_string_equal(json_str(l, "name"), "Pasar Besar");
}

static void calls_carry_their_class(void **state)
{
	struct message m = sample();
	_cleanup_json_ json_t *j = NULL;
	enum call_class c;

	(void)state;
	assert_int_equal(call_class_parse("prank", &c), 0);
	assert_int_equal(c, CC_PRANK);
	assert_int_equal(call_class_parse("junk", &c), -EINVAL);
	m.kind = MK_CALL;
	m.call.mapped = CC_PRANK;
	m.call.type = "iseng";
	m.class = message_class_of_call(CC_PRANK);
	j = build(&m);
	assert_int_equal(message_class_get(j), MC_PRANK);
	assert_int_equal(message_call_get(j), CC_PRANK);
	assert_int_equal(message_kind_get(j), MK_CALL);
}

static void content_hash_ignores_the_order_of_attachments(void **state)
{
	struct message_attachment two[] = {
		{.id = "b.jpg", .state = AS_PENDING}, {.id = "a.jpg", .state = AS_PENDING}};
	struct message m = sample();
	_cleanup_json_ json_t *j = NULL;
	char hash[SHA256_HEX_SIZE];

	(void)state;
	m.text = "jalan rusak";
	m.attachments = two;
	m.n_attachments = 2;
	j = build(&m);
	message_content_hash(j, hash);
	assert_string_equal(
		hash, "92e539b93f02d93dd1ea0dc52052ffe285923b6ad06a3513a8f1b4eed414324e");
}

static void long_native_ids_become_their_hash(void **state)
{
	struct message m = sample();
	char id[700];
	_cleanup_json_ json_t *a = NULL, *b = NULL;

	(void)state;
	memset(id, 'x', sizeof id - 1);
	id[sizeof id - 1] = '\0';
	m.native_id = id;
	a = build(&m);
	assert_memory_equal(json_str(a, "native_id"), "sha256:", 7);
	id[650] = 'y';
	b = build(&m);
	assert_string_not_equal(json_str(a, "id"), json_str(b, "id"));
}

static void phones(void **state)
{
	static const char *const rows[][2] = {{"081234567890", "+6281234567890"},
		{"+62 812-3456-7890", "+6281234567890"}, {"6281234567890", "+6281234567890"},
		{"81234567890", "+6281234567890"}, {"(0341) 551234", "+62341551234"},
		{"0062.812.345.678", "+62812345678"}, {"+14155550100", "+14155550100"},
		{"14155550100", NULL}, {"", NULL}, {"+", NULL}, {"0", NULL}, {"112", NULL},
		{"0812 atau 0813", NULL}, {"+0812345678", NULL}, {"081234567890123456789", NULL},
		{NULL, NULL}};
	char got[PHONE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int r = phone_normalise(rows[i][0], got);

		assert_int_equal(r, rows[i][1] ? 0 : -EINVAL);
		if (rows[i][1])
			assert_string_equal(got, rows[i][1]);
	}
}

static void unusable_records(void **state)
{
	struct message m = sample();
	struct err e = {0};
	json_t *back = NULL;

	(void)state;
	static const struct {
		const char *key;
		const char *value; /* JSON; NULL removes the key */
		int code;
	} rows[] = {
		{"schema", "\"muara.message/2\"", -EPROTO},
		{"schema", "\"muara.message/1.7\"", 0},
		{"schema", "\"muara.command/1\"", -EINVAL},
		{"schema", "\"muara.message/x\"", -EINVAL},
		{"schema", NULL, -EINVAL},
		{"id", "\"123\"", -EINVAL},
		{"text", "7", -EINVAL},
		{"author", "{}", -EINVAL},
		{"sent_at", "\"yesterday\"", -EINVAL},
		{"attachments", "[{}]", -EINVAL},
		{"attachments", "{}", -EINVAL},
		{"class", "\"hologram\"", 0},
		{"tomorrow", "[1]", 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ json_t *j = build(&m);
		_cleanup_free_ char *text = NULL;
		size_t n;

		if (rows[i].value)
			json_object_set_new(
				j, rows[i].key, json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
		else
			json_object_del(j, rows[i].key);
		text = json_text(j, &n);
		assert_int_equal(message_parse(text, n, &back, &e), rows[i].code);
		if (!rows[i].code)
			json_decref(back);
	}
	assert_int_equal(message_parse("{\"a\":", 5, &back, &e), -EINVAL);
	assert_int_equal(message_parse("[1]", 3, &back, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_built_can_be_read),
		cmocka_unit_test(clock_rules),
		cmocka_unit_test(a_time_without_source_text_is_kept_as_given),
		cmocka_unit_test(broken_text_is_repaired),
		cmocka_unit_test(long_text_is_cut_between_characters),
		cmocka_unit_test(originals),
		cmocka_unit_test(the_largest_message_fits_a_record),
		cmocka_unit_test(required_fields),
		cmocka_unit_test(attachments),
		cmocka_unit_test(locations),
		cmocka_unit_test(calls_carry_their_class),
		cmocka_unit_test(content_hash_ignores_the_order_of_attachments),
		cmocka_unit_test(long_native_ids_become_their_hash),
		cmocka_unit_test(phones),
		cmocka_unit_test(unusable_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
