/* WhatsApp bodies -> messages: a row per shape; a bad element never loses its neighbours. */
// uses: daemons/whatsapp/decode.c
// uses: daemons/whatsapp/types.c
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
#define ALONE(contacts, msgs)                                                             \
	"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"value\":{" \
	"\"contacts\":" contacts ",\"messages\":[" msgs "]" TAIL
#define FROM "\"from\":\"6281200000001\",\"id\":\"wamid.A\",\"timestamp\":\"1700000000\","

/* A line end in it is a '|'. */
static void add_text(struct buf *out, const char *text)
{
	size_t from = out->len;

	buf_addf(out, " \"%s\"", text);
	for (; from < out->len; from++)
		if (out->data[from] == '\n')
			out->data[from] = '|';
}

/* One line per message: class kind native[+revision] author phone "text" attachment @lat >reply
 * {fields} */
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
		add_text(out, json_str(record, "text"));
	a = json_array_get(json_object_get(record, "attachments"), 0);
	if (a)
		buf_addf(out, " %s:%s:%s", json_str(a, "kind"), json_str(a, "id"),
			json_str(a, "state"));
	if (m->location.set)
		buf_addf(out, " @%.2f", m->location.lat);
	if (m->in_reply_to)
		buf_addf(out, " >%s", m->in_reply_to);
	if (m->fields) {
		_cleanup_free_ char *fields = json_dumps(m->fields, JSON_COMPACT | JSON_SORT_KEYS);

		buf_addf(out, " %s", fields);
	}
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
		"human message wamid.A " SITI " \"Jalan|Rusak\" >wamid.Q {\"reply\":\"x\"}\n"},
	{ONE("{" FROM "\"type\":\"interactive\",\"interactive\":{\"nfm_reply\":{\"response_json\":"
	     "\"{\\\"flow_token\\\":\\\"t\\\",\\\"keluhan\\\":\\\"Lampu mati\\\"}\"}}}"),
		"human message wamid.A " SITI " \"keluhan: Lampu mati\" {\"form\":{\"flow_token\":"
		"\"t\",\"keluhan\":\"Lampu mati\"}}\n"},
	{ONE("{" FROM "\"type\":\"interactive\",\"interactive\":{\"nfm_reply\":{\"response_json\":"
	     "\"{\\\"a\\\":{\\\"rt\\\":7,\\\"rw\\\":1.5},\\\"hari\\\":[\\\"senin\\\",2,{}],"
	     "\\\"setuju\\\":true,\\\"x\\\":null}\"}}}"),
		"human message wamid.A " SITI " \"rt: 7|rw: 1.5|hari: senin, 2|setuju: ya\" "
		"{\"form\":{\"a\":{\"rt\":7,\"rw\":1.5},\"hari\":[\"senin\",2,{}],\"setuju\":true,"
		"\"x\":null}}\n"},
	{ONE("{" FROM "\"type\":\"interactive\",\"interactive\":{\"nfm_reply\":{\"response_json\":"
	     "\"bukan json\"}}}"),
		"human message wamid.A " SITI " \"bukan json\"\n"},
	{ONE("{" FROM "\"type\":\"button\",\"button\":{\"text\":\"Ya\",\"payload\":\"y\"}}"),
		"human message wamid.A " SITI " \"Ya\" {\"reply\":\"y\"}\n"},
	{ONE("{" FROM "\"type\":\"button\",\"button\":{\"payload\":\"y\"}}"),
		"human message wamid.A " SITI " \"y\" {\"reply\":\"y\"}\n"},
	{ONE("{" FROM "\"type\":\"reaction\",\"reaction\":{\"message_id\":\"wamid.Q\"}}"),
		"system message wamid.A " SITI " >wamid.Q\n"},
	{ONE("{" FROM "\"type\":\"reaction\",\"reaction\":{\"message_id\":\"wamid.Q\",\"emoji\":"
	     "\"+\"}}"),
		"system message wamid.A " SITI " \"+\" >wamid.Q\n"},
	{ONE("{" FROM "\"type\":\"order\",\"order\":{}}"), "system message wamid.A " SITI "\n"},
	{ONE("{" FROM "\"type\":\"order\",\"order\":{\"text\":\"Mana?\"}}"),
		"human message wamid.A " SITI " \"Mana?\"\n"},
	{ONE("{" FROM "\"type\":\"system\",\"system\":{\"type\":\"user_changed_number\",\"wa_id\":"
	     "\"628129\"}}"),
		"system message wamid.A " SITI " {\"identity\":{\"event\":\"user_changed_number\","
		"\"parent_user_id\":null,\"previous\":\"6281200000001\",\"user_id\":null,\"wa_id\":"
		"\"628129\"}}\n"},
	{ONE("{\"id\":\"wamid.I\",\"type\":\"system\",\"system\":{\"type\":"
	     "\"user_changed_user_id\",\"user_id\":\"ID.9\",\"body\":\"b\"}}"),
		"system message wamid.I ID.9/-/- \"b\" {\"identity\":{\"event\":"
		"\"user_changed_user_id\",\"parent_user_id\":null,\"previous\":null,\"user_id\":"
		"\"ID.9\",\"wa_id\":null}}\n"},
	{ONE("{" FROM
	     "\"type\":\"contacts\",\"contacts\":[{\"name\":{\"formatted_name\":\"Pak RT\"},"
	     "\"phones\":[{\"phone\":\"+62 812\"},{\"wa_id\":\"62813\"}]},{\"phones\":[{\"phone\":"
	     "\"1\"}]},{}]}"),
		"human message wamid.A " SITI " \"Kontak: Pak RT, +62 812, 62813|Kontak: 1\"\n"},
	{ONE("{" FROM "\"group_id\":\"g@g.us\",\"context\":{\"forwarded\":true},\"referral\":{"
	     "\"source_id\":\"AD\",\"body\":\"x\"},\"type\":\"text\",\"text\":{\"body\":\"a\"}}"),
		"human message wamid.A " SITI " \"a\" {\"forwarded\":true,\"group\":\"g@g.us\","
		"\"referral\":{\"source_id\":\"AD\"}}\n"},
	{ONE("{" FROM
	     "\"type\":\"edit\",\"edit\":{\"original_message_id\":\"wamid.O\",\"message\":{"
	     "\"type\":\"revoke\"}}}"),
		"unknown message wamid.A " SITI "\n"},
	{ONE("{" FROM
	     "\"type\":\"edit\",\"edit\":{\"original_message_id\":\"wamid.O\",\"message\":{"
	     "\"type\":\"image\",\"image\":{\"id\":\"9\",\"caption\":\"baru\"}}}}"),
		"human edit wamid.O+wamid.A " SITI " \"baru\" image:9:pending\n"},
	{ONE("{" FROM "\"type\":\"revoke\"}"), "unknown message wamid.A " SITI "\n"},
	{ONE("{" FROM
	     "\"type\":\"edit\",\"edit\":{\"original_message_id\":\"wamid.O\",\"message\":{"
	     "\"type\":\"text\",\"text\":{\"body\":\"baru\"}}}}"),
		"human edit wamid.O+wamid.A " SITI " \"baru\"\n"},
	{ONE("{" FROM "\"type\":\"revoke\",\"revoke\":{\"original_message_id\":\"wamid.O\"}}"),
		"human delete wamid.O+wamid.A " SITI "\n"},
	{ONE("{" FROM "\"type\":\"unsupported\",\"unsupported\":{\"type\":\"poll\"},\"errors\":["
	     "{\"code\":131051}]}"),
		"unknown message wamid.A " SITI
		" {\"unsupported\":{\"codes\":[131051],\"type\":\"poll\"}}\n"},
	{ONE("{" FROM "\"type\":\"hologram\",\"hologram\":{}}"),
		"unknown message wamid.A " SITI "\n"},
	{ONE("{\"from_user_id\":\"ID.123\",\"id\":\"wamid.C\",\"timestamp\":\"x\",\"type\":"
	     "\"contacts\",\"origin\":\"contact_request\",\"contacts\":[{\"phones\":[{\"phone\":"
	     "\"+6281255\"},{}]}]}"),
		"human message wamid.C ID.123/Budi/- {\"identity\":{\"event\":\"contact_request\"}}"
		"\n"},
	{ONE("{\"from_user_id\":\"ID.123\",\"id\":\"wamid.C\",\"timestamp\":\"1\",\"type\":"
	     "\"contacts\",\"origin\":\"contact_request\",\"contacts\":[{\"phones\":[{\"phone\":"
	     "\"6281255500011\"}]}]}"),
		"human message wamid.C ID.123/Budi/+6281255500011 {\"identity\":{\"event\":"
		"\"contact_request\"}}\n"},
	{HEAD "\"statuses\":[{\"id\":\"wamid.S\",\"status\":\"read\",\"timestamp\":\"1700000000\"}"
	      "]" TAIL,
		"system message status >wamid.S\n"},
	{HEAD "\"errors\":[{\"code\":1}]" TAIL, "system message change\n"},
	{HEAD "\"novelty\":[{\"code\":1}]" TAIL, "unknown message change\n"},
	{ALONE("[{\"profile\":{\"name\":\"Rina\"},\"user_id\":\"ID.7\"}]",
		 "{\"id\":\"wamid.D\",\"type\":\"text\",\"text\":{\"body\":\"a\"}}"),
		"human message wamid.D ID.7/Rina/- \"a\"\n"},
	{ALONE("[{\"user_id\":\"ID.7\"}]",
		 "{\"id\":\"wamid.D\",\"type\":\"order\"},{\"id\":\"wamid.E\",\"type\":\"order\"}"),
		"system message wamid.D\nsystem message wamid.E\n"},
	{"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"field\":"
	 "\"user_id_update\",\"value\":{\"user_id_update\":[{\"wa_id\":\"6281200000001\",\"user_"
	 "id\":{"
	 "\"previous\":\"ID.1\",\"current\":\"ID.2\"},\"timestamp\":\"1700000000\"},7]}},{"
	 "\"field\":"
	 "\"group_participants_update\"},{\"field\":\"calls\"}]}]}",
		"system message user_id_update ID.2/-/+6281200000001 {\"identity\":{\"event\":"
		"\"user_changed_user_id\",\"parent_user_id\":null,\"previous\":\"ID.1\",\"user_"
		"id\":"
		"\"ID.2\",\"wa_id\":\"6281200000001\"}}\nundecodable message undecodable\n"
		"system message change\nsystem message change\n"},
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
			lines += *p == '\n';
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
