/* WhatsApp bodies -> messages: a row per shape; a bad element never loses its neighbours. */
// uses: daemons/whatsapp/decode.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/whatsapp/decode.h"

#define HEAD                                                                                     \
	"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":["       \
	"{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{\"display_phone_number\":" \
	"\"6234100000\",\"phone_number_id\":\"77\"},\"contacts\":[{\"profile\":{\"name\":"       \
	"\"Siti\","                                                                              \
	"\"username\":\"@siti\"},\"wa_id\":\"6281200000001\"},{\"profile\":{\"name\":\"Budi\"}," \
	"\"user_id\":\"ID.123\"}],"
#define TAIL	 "},\"field\":\"messages\"}]}]}"
#define ONE(msg) HEAD "\"messages\":[" msg "]" TAIL
#define FROM	 "\"from\":\"6281200000001\",\"id\":\"wamid.A\",\"timestamp\":\"1700000000\","

/* One line per message: class kind native[+revision] author phone "text" attachment @lat >reply */
static void line(void *ctx, struct message *m, struct span bytes)
{
	_cleanup_json_ json_t *record = NULL;
	struct buf *out = ctx;
	struct err e = {0};
	const json_t *author, *a;
	const char *native;

	assert_true(bytes.n > 0);
	if (message_build(m, &record, NULL, &e))
		fail_msg("%s", e.text);
	author = json_object_get(record, "author");
	native = json_str(record, "native_id");
	buf_addf(out, "%s %s %.*s", json_str(record, "class"), json_str(record, "kind"),
		(int)strcspn(native, ":"), native);
	if (json_str(record, "revision"))
		buf_addf(out, "+%s", json_str(record, "revision"));
	if (m->author.id)
		buf_addf(out, " %s/%s/%s", json_str(author, "id"), json_str_or(author, "name", "-"),
			json_str_or(author, "phone", "-"));
	if (m->text && *m->text)
		buf_addf(out, " \"%s\"", json_str(record, "text"));
	a = json_array_get(json_object_get(record, "attachments"), 0);
	if (a)
		buf_addf(out, " %s:%s:%s", json_str(a, "kind"), json_str(a, "id"),
			json_str(a, "state"));
	if (m->location.set)
		buf_addf(out, " @%.2f", m->location.lat);
	if (m->in_reply_to)
		buf_addf(out, " >%s", m->in_reply_to);
	buf_adds(out, "\n");
}

static void decode(
	const char *body, size_t len, const char *const *numbers, size_t n, struct buf *out)
{
	struct message base = {.tenant = "malang", .channel = "whatsapp", .account = "kota"};
	struct wa_rules rules = {.numbers = numbers, .n_numbers = n};

	base.source.daemon = "muara-whatsapp";
	base.source.instance = "main";
	base.received_ms = 1700000001000;
	buf_init(out, 1 << 20);
	wa_decode(body, len, &rules, &base, line, out);
}

#define SITI "6281200000001/Siti/+6281200000001"
static const struct {
	const char *body, *want;
} cases[] = {
	{ONE("{" FROM "\"type\":\"text\",\"text\":{\"body\":\"Jalan rusak \\ud83d\\ude22\"}}"),
		"human message wamid.A " SITI " \"Jalan rusak \xf0\x9f\x98\xa2\"\n"},
	{ONE("{\"from_user_id\":\"ID.123\",\"id\":\"wamid.B\",\"timestamp\":\"1700000000\","
	     "\"type\":"
	     "\"text\",\"text\":{\"body\":\"Halo\"}}"),
		"human message wamid.B ID.123/Budi/- \"Halo\"\n"},
	{ONE("{" FROM "\"type\":\"image\",\"image\":{\"id\":\"9\",\"mime_type\":\"image/jpeg\","
	     "\"sha256\":\"x\",\"caption\":\"Lubang\"}}"),
		"human message wamid.A " SITI " \"Lubang\" image:9:pending\n"},
	{ONE("{" FROM "\"type\":\"audio\",\"audio\":{\"id\":\"9\",\"voice\":true}}"),
		"human message wamid.A " SITI " audio:9:pending\n"},
	{ONE("{" FROM "\"type\":\"sticker\",\"sticker\":{\"id\":\"9\"}}"),
		"system message wamid.A " SITI " sticker:9:pending\n"},
	{ONE("{" FROM "\"type\":\"location\",\"location\":{\"latitude\":-7.98,\"longitude\":112.63,"
	     "\"name\":\"Alun-alun\"}}"),
		"human message wamid.A " SITI " @-7.98\n"},
	{ONE("{" FROM "\"context\":{\"id\":\"wamid.Q\"},\"type\":\"interactive\",\"interactive\":{"
	     "\"type\":\"list_reply\",\"list_reply\":{\"id\":\"x\",\"title\":\"Jalan\","
	     "\"description\":\"Rusak\"}}}"),
		"human message wamid.A " SITI " \"Jalan\nRusak\" >wamid.Q\n"},
	{ONE("{" FROM "\"type\":\"interactive\",\"interactive\":{\"nfm_reply\":{\"response_json\":"
	     "\"{\\\"flow_token\\\":\\\"t\\\",\\\"keluhan\\\":\\\"Lampu mati\\\"}\"}}}"),
		"human message wamid.A " SITI " \"keluhan: Lampu mati\"\n"},
	{ONE("{" FROM "\"type\":\"button\",\"button\":{\"text\":\"Ya\",\"payload\":\"y\"}}"),
		"human message wamid.A " SITI " \"Ya\"\n"},
	{ONE("{" FROM "\"type\":\"reaction\",\"reaction\":{\"message_id\":\"wamid.Q\"}}"),
		"system message wamid.A " SITI " >wamid.Q\n"},
	{ONE("{" FROM "\"type\":\"order\",\"order\":{}}"), "system message wamid.A " SITI "\n"},
	{ONE("{" FROM "\"type\":\"system\",\"system\":{\"type\":\"user_changed_number\"}}"),
		"system message wamid.A " SITI "\n"},
	{ONE("{" FROM
	     "\"type\":\"edit\",\"edit\":{\"original_message_id\":\"wamid.O\",\"message\":{"
	     "\"type\":\"text\",\"text\":{\"body\":\"baru\"}}}}"),
		"human edit wamid.O+wamid.A " SITI " \"baru\"\n"},
	{ONE("{" FROM "\"type\":\"revoke\",\"revoke\":{\"original_message_id\":\"wamid.O\"}}"),
		"human delete wamid.O+wamid.A " SITI "\n"},
	{ONE("{" FROM "\"type\":\"unsupported\",\"errors\":[{\"code\":131051}]}"),
		"unknown message wamid.A " SITI "\n"},
	{ONE("{" FROM "\"type\":\"hologram\",\"hologram\":{}}"),
		"unknown message wamid.A " SITI "\n"},
	{ONE("{\"from_user_id\":\"ID.123\",\"id\":\"wamid.C\",\"timestamp\":\"x\",\"type\":"
	     "\"contacts\",\"origin\":\"contact_request\",\"contacts\":[{\"phones\":[{\"phone\":"
	     "\"+6281255\"},{}]}]}"),
		"human message wamid.C ID.123/Budi/-\n"},
	{ONE("{\"from_user_id\":\"ID.123\",\"id\":\"wamid.C\",\"timestamp\":\"1\",\"type\":"
	     "\"contacts\",\"origin\":\"contact_request\",\"contacts\":[{\"phones\":[{\"phone\":"
	     "\"6281255500011\"}]}]}"),
		"human message wamid.C ID.123/Budi/+6281255500011\n"},
	{HEAD "\"statuses\":[{\"id\":\"wamid.S\",\"status\":\"read\",\"timestamp\":\"1700000000\"}"
	      "]" TAIL,
		"system message status >wamid.S\n"},
	{HEAD "\"errors\":[{\"code\":1}]" TAIL, "unknown message change\n"},
	{ONE("{" FROM
	     "\"type\":\"text\",\"text\":{\"body\":\"satu\"}},{\"id\":\"wamid.X\",\"text\":"
	     "{\"body\":\"\\ud800\"}},7,{\"type\":\"text\"},{" FROM
	     "\"type\":\"text\",\"text\":{\"body\":\"dua\"}}"),
		"human message wamid.A " SITI " \"satu\"\nundecodable message undecodable\n"
		"undecodable message undecodable\nundecodable message undecodable\n"
		"human message wamid.A " SITI " \"dua\"\n"},
	{"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"field\":"
	 "\"user_id_update\",\"value\":{}},{\"field\":\"smb_message_echoes\",\"value\":{}},"
	 "{\"field\":\"novelty\",\"value\":{}},{}]}]}",
		"system message change\necho message change\nunknown message change\n"
		"unknown message change\n"},
	{"{\"object\":\"page\",\"entry\":[]}", "undecodable message undecodable\n"},
	{"bukan json", "undecodable message undecodable\n"},
	{"{\"object\":\"whatsapp_business_account\",\"entry\":[]}", ""},
};

static void a_row_per_shape(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf got;
		int lines = 0;

		decode(cases[i].body, strlen(cases[i].body), NULL, 0, &got);
		assert_string_equal(buf_str(&got), cases[i].want);
		for (const char *p = buf_str(&got); *p; p++)
			lines += *p == '\n' && strncmp(p + 1, "Rusak", 5) != 0;
		assert_int_equal(wa_count(cases[i].body, strlen(cases[i].body)), lines);
	}
}

static void any_cut_of_a_body_is_survived(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t n = 1; n < strlen(cases[i].body); n++) {
			_cleanup_free_ char *cut = xstrndup(cases[i].body, n);
			_cleanup_buf_ struct buf got;

			decode(cut, n, NULL, 0, &got);
			assert_string_equal(buf_str(&got), "undecodable message undecodable\n");
		}
	}
}

static void another_number_goes_to_a_person(void **state)
{
	const char *own[] = {"76", "77"}, *other[] = {"76"};
	static const char body[] = ONE("{" FROM "\"type\":\"text\",\"text\":{\"body\":\"x\"}}");
	_cleanup_buf_ struct buf a, b;

	(void)state;
	decode(body, sizeof(body) - 1, own, 2, &a);
	assert_string_equal(buf_str(&a), "human message wamid.A " SITI " \"x\"\n");
	decode(body, sizeof(body) - 1, other, 1, &b);
	assert_string_equal(buf_str(&b), "unknown message wamid.A " SITI " \"x\"\n");
}

static void keep_time(void *ctx, struct message *m, struct span bytes)
{
	(void)bytes;
	*(int64_t *)ctx = m->sent_ms;
}

static void times_are_seconds_in_a_string(void **state)
{
	static const struct {
		const char *timestamp;
		int64_t ms;
	} rows[] = {{"\"1700000000\"", 1700000000000}, {"1700000000", 1700000000000}, {"\"\"", 0},
		{"\"-5\"", 0}, {"\"17e8\"", 0}, {"\"99999999999999999999\"", 0}, {"{}", 0},
		{"null", 0}};
	struct message base = {.tenant = "malang"};
	struct wa_rules rules = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *body = xasprintf(
			ONE("{\"id\":\"w\",\"from\":\"62812\",\"timestamp\":%s,\"type\":\"text\"}"),
			rows[i].timestamp);
		int64_t ms = -1;

		wa_decode(body, strlen(body), &rules, &base, keep_time, &ms);
		assert_int_equal(ms, rows[i].ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_per_shape),
		cmocka_unit_test(any_cut_of_a_body_is_survived),
		cmocka_unit_test(another_number_goes_to_a_person),
		cmocka_unit_test(times_are_seconds_in_a_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
