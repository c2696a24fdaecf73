// uses: daemons/normalizer/complaint.c
// uses: daemons/normalizer/complaint_messages.c
// uses: daemons/normalizer/complaint_text.c
/* complaint: what of a message ends up where in a snapshot: title, fields, classification, the
 * order of the words, an officer's text, the hash of the content. The life of a complaint is in
 * test-decide.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/message.h"
#include "daemons/normalizer/complaint.h"

#define T0 1795494555000LL /* 2026-11-24T04:29:15Z, 11:29 in Malang */

static struct muara_tenant tenant;
static struct muara_conf conf;
static struct rules rules;

static int set_up(void **state)
{
	(void)state;
	tenant = (struct muara_tenant){.name = xstrdup("malang"), .destination = xstrdup("lapor")};
	conf.tenants = (struct optlist){&tenant, 1};
	conf.timezone = xstrdup("+07:00");
	rules = (struct rules){.quiet_ms = 60000,
		.open_max_ms = 600000,
		.join_ms = 3600000,
		.hold_ms = 86400000,
		.max_messages = 5,
		.max_text_bytes = 1000,
		.conf = &conf};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(tenant.name);
	free(tenant.destination);
	free(conf.timezone);
	return 0;
}

static json_t *message_of(const char *native, const char *text, int64_t sent_ms, json_t *fields)
{
	struct message m = {.tenant = "malang",
		.channel = "file",
		.account = "a",
		.native_id = native,
		.author = {.id = "p", .name = "Siti", .phone = "081234567890", .proven = true},
		.received_ms = T0 + 3600000,
		.sent_ms = sent_ms,
		.text = text,
		.fields = fields,
		.source = {.daemon = "muara-file", .instance = "i"},
		.original = {.data = "", .len = 0}};
	json_t *record = NULL;
	struct err e = {0};

	if (message_build(&m, &record, NULL, &e))
		fail_msg("%s", e.text);
	json_decref(fields);
	return record;
}

static json_t *complaint_of_message(const json_t *m)
{
	json_t *c = complaint_new(m, json_str(m, "id"), T0, &rules);

	complaint_add(c, m, json_str(m, "id"), "hash");
	return c;
}

static void add(json_t *c, const char *native, const char *text, int64_t sent_ms)
{
	_cleanup_json_ json_t *m = message_of(native, text, sent_ms, NULL);

	complaint_add(c, m, json_str(m, "id"), "hash");
}

static const struct title_case {
	const char *text, *title;
} title_cases[] = {
	{"Assalamualaikum, mohon izin melapor.\nJalan Kawi berlubang besar. Terima kasih.",
		"Jalan Kawi berlubang besar"},
	{"Halo min, usul boleh ya? Tambah lampu di Taman Merbabu", "Tambah lampu di Taman Merbabu"},
	{"Assalamu'alaikum wr. wb.\n\nMin, air PDAM mati lagi", "Min, air PDAM mati lagi"},
	{"Selamat pagi Pak, mohon izin lapor", "Selamat pagi Pak, mohon izin lapor"},
	{"Jalan rusak", "Jalan rusak"},
	{"Lampu jalan mati. Sudah seminggu.", "Lampu jalan mati"},
	{"Halo! Lampu di jalan kami mati total? Tolong", "Lampu di jalan kami mati total"},
	{"Baris pertama saja\nbaris kedua", "Baris pertama saja"},
	{"Harga Rp1.500.000 dipungut di kelurahan", "Harga Rp1.500.000 dipungut di kelurahan"},
	{"  \n ", ""},
	{"tab\tdi sini", "tab di sini"},
	{"kata kata kata kata kata kata kata kata kata kata kata kata kata kata kata kata kata "
	 "kata "
	 "kata kata kata kata",
		"kata kata kata kata kata kata kata kata kata kata kata kata kata kata kata kata "
		"kata "
		"kata kata kata"},
	{"ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé"
	 "ééééé"
	 "éééééééé",
		"éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé"
		"ééééé"
		"ééééééééééééé"},
};

static void titles(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(title_cases); i++) {
		_cleanup_json_ json_t *m = message_of("1", title_cases[i].text, T0, NULL);
		_cleanup_json_ json_t *c = complaint_of_message(m);

		assert_string_equal(json_str(c, "title"), title_cases[i].title);
	}
}

static void a_new_one_says_all_there_is(void **state)
{
	_cleanup_json_ json_t *m = message_of("1", "Jalan rusak", T0, NULL);
	_cleanup_json_ json_t *c = complaint_of_message(m);
	const json_t *reporter = json_object_get(c, "reporter");

	(void)state;
	assert_string_equal(json_str(c, "id"), json_str(m, "id"));
	assert_string_equal(json_str(c, "tenant"), "malang");
	assert_string_equal(json_str(c, "destination"), "lapor");
	assert_string_equal(json_str(c, "classification"), "complaint");
	assert_string_equal(json_str(c, "incident_date"), "2026-11-24");
	assert_string_equal(json_str(reporter, "name"), "Siti");
	assert_string_equal(json_str(reporter, "phone"), "+6281234567890");
	assert_string_equal(json_str(reporter, "proof"), "channel");
	assert_int_equal(strlen(json_str(c, "ticket")), 11);
	assert_int_equal(json_array_size(json_object_get(c, "replies")), 1);
	assert_int_equal(json_array_size(json_object_get(c, "sources")), 1);
}

static void the_day_is_the_local_one(void **state)
{
	_cleanup_json_ json_t *m = message_of("1", "x", T0 + 13 * 3600000LL, NULL), *c = NULL;

	(void)state;
	json_set_str(m, "sent_at", "2026-11-24T17:30:00.000Z"); /* half past midnight in Malang */
	c = complaint_of_message(m);
	assert_string_equal(json_str(c, "incident_date"), "2026-11-25");
}

static void words_stand_in_the_order_they_were_sent(void **state)
{
	_cleanup_json_ json_t *m = message_of("2", "dua", T0 + 2000, NULL);
	_cleanup_json_ json_t *c = complaint_of_message(m);
	json_t *s;
	size_t i;

	(void)state;
	add(c, "4", "  empat \n", T0 + 4000);
	add(c, "3", " ", T0 + 3000); /* nothing: no part of the whole */
	add(c, "1", "satu", T0 + 1000);
	assert_string_equal(json_str(c, "text"), "satu\n\ndua\n\nempat");
	json_array_foreach (json_object_get(c, "sources"), i, s) {
		const json_t *span = json_object_get(s, "span");

		if (i == 1)
			assert_int_equal(json_integer_value(json_array_get(span, 0)), 11);
		assert_int_equal(json_is_null(span), i == 2);
	}
	assert_string_equal(json_str(c, "last_message_at"), "2026-11-24T04:29:19.000Z");
}

static const struct field_case {
	const char *fields;
	const char *key, *value; /* value: JSON */
} field_cases[] = {
	{"{\"title\":\"Judul\"}", "title", "\"Judul\""},
	{"{\"title\":\" \"}", "title", "\"Jalan rusak\""},
	{"{\"category\":\"Jalan\"}", "category", "\"Jalan\""},
	{"{\"agency\":\"Dinas PU\"}", "agency", "\"Dinas PU\""},
	{"{\"incident_date\":\"2026-11-01\"}", "incident_date", "\"2026-11-01\""},
	{"{\"classification\":\"aspiration\"}", "classification", "\"aspiration\""},
	{"{\"classification\":\"information\"}", "classification", "\"information\""},
	{"{\"classification\":\"nonsense\"}", "classification", "\"complaint\""},
	{"{\"classification\":\"supervisory\"}", "supervisory", "true"},
	{"{\"supervisory\":true}", "secret", "true"},
	{"{\"supervisory\":true,\"secret\":false}", "secret", "false"},
	{"{\"anonymous\":true}", "anonymous", "true"},
	{"{\"anonymous\":\"yes\"}", "anonymous", "false"},
};

static void fields_of_a_source(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(field_cases); i++) {
		const struct field_case *f = &field_cases[i];
		_cleanup_json_ json_t *m =
			message_of("1", "Jalan rusak", T0, json_loads(f->fields, 0, NULL));
		_cleanup_json_ json_t *c = complaint_of_message(m);
		_cleanup_json_ json_t *want = json_loads(f->value, JSON_DECODE_ANY, NULL);

		if (!json_equal(json_object_get(c, f->key), want))
			fail_msg("%s: %s", f->fields, f->key);
	}
}

static void a_title_given_is_kept(void **state)
{
	_cleanup_json_ json_t *m =
		message_of("1", "Jalan rusak", T0, json_pack("{s:s}", "title", "Judul"));
	_cleanup_json_ json_t *c = complaint_of_message(m);

	(void)state;
	add(c, "0", "Kata lain di depan", T0 - 1000);
	assert_string_equal(json_str(c, "title"), "Judul");
}

static void an_officers_text_stands_first(void **state)
{
	_cleanup_json_ json_t *m = message_of("1", "jln rusk", T0, NULL);
	_cleanup_json_ json_t *c = complaint_of_message(m);
	_cleanup_json_ json_t *fields =
		json_pack("{s:s,s:s}", "text", "Jalan rusak.", "phone", "+62811");

	(void)state;
	assert_null(complaint_fill(c, fields, &rules));
	assert_string_equal(json_str(c, "text"), "Jalan rusak.");
	assert_string_equal(json_str(json_object_get(c, "reporter"), "phone"), "+62811");
	add(c, "2", "juga gelap", T0 + 1000);
	assert_string_equal(json_str(c, "text"), "Jalan rusak.\n\njuga gelap");
	assert_int_equal(json_int(c, "text_set", 0), 12);
}

static void a_text_too_long_is_refused(void **state)
{
	_cleanup_json_ json_t *m = message_of("1", "x", T0, NULL);
	_cleanup_json_ json_t *c = complaint_of_message(m), *fields = json_object();
	char text[1002];

	(void)state;
	memset(text, 'x', 1001);
	text[1001] = '\0';
	json_set_str(fields, "text", text);
	assert_string_equal(complaint_fill(c, fields, &rules), "text");
}

static void full_by_messages_or_bytes(void **state)
{
	_cleanup_json_ json_t *m = message_of("1", "x", T0, NULL);
	_cleanup_json_ json_t *c = complaint_of_message(m), *big = NULL;
	char text[1000];

	(void)state;
	memset(text, 'x', 999);
	text[997] = '\0';
	big = message_of("2", text, T0, NULL);
	assert_false(complaint_full(c, big, &rules)); /* 1 + 2 + 997 */
	json_decref(big);
	text[997] = 'x';
	text[998] = '\0';
	big = message_of("2", text, T0, NULL);
	assert_true(complaint_full(c, big, &rules));
	rules.max_messages = 1;
	assert_true(complaint_full(c, m, &rules));
}

static void the_hash_is_of_the_content(void **state)
{
	_cleanup_json_ json_t *m = message_of("1", "Jalan rusak", T0, NULL);
	_cleanup_json_ json_t *c = complaint_of_message(m), *next = complaint_next(c);

	(void)state;
	complaint_seal(c);
	complaint_add_reason(next, "x");
	json_set_int(next, "version", 9);
	complaint_seal(next);
	assert_string_equal(json_str(c, "content_hash"), json_str(next, "content_hash"));
	add(next, "2", "lagi", T0);
	complaint_seal(next);
	assert_string_not_equal(json_str(c, "content_hash"), json_str(next, "content_hash"));
}

static void the_next_version_begins_clean(void **state)
{
	_cleanup_json_ json_t *m = message_of("1", "Jalan rusak", T0, NULL);
	_cleanup_json_ json_t *c = complaint_of_message(m), *next = NULL;

	(void)state;
	complaint_reopen(c, false, "cause", T0, &rules);
	assert_int_equal(json_array_size(json_object_get(c, "timers")), 1);
	json_set_str(c, "type", "complaint");
	next = complaint_next(c);
	assert_int_equal(json_int(next, "version", 0), json_int(c, "version", 0) + 1);
	assert_null(json_object_get(next, "type"));
	assert_int_equal(json_array_size(json_object_get(next, "timers")), 0);
	assert_int_equal(json_array_size(json_object_get(next, "replies")), 0);
	assert_int_equal(json_array_size(json_object_get(c, "replies")), 1); /* a copy */
}

static void quiet_0_never_opens(void **state)
{
	_cleanup_json_ json_t *m = message_of("1", "Jalan rusak", T0, NULL);
	_cleanup_json_ json_t *c = complaint_of_message(m);

	(void)state;
	rules.quiet_ms = 0;
	complaint_reopen(c, false, "cause", T0, &rules);
	assert_true(complaint_is(c, "ready"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(titles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_new_one_says_all_there_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_day_is_the_local_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			words_stand_in_the_order_they_were_sent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(fields_of_a_source, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_title_given_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_officers_text_stands_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_text_too_long_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(full_by_messages_or_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_hash_is_of_the_content, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_next_version_begins_clean, set_up, tear_down),
		cmocka_unit_test_setup_teardown(quiet_0_never_opens, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
