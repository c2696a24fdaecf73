// uses: daemons/file/decode.c
/* A dropped line becomes a message, or tells which field is wrong without quoting it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/util.h"
#include "daemons/file/decode.h"

static struct file_line line;
static struct message m;
static struct err e;

static int decode(const char *text)
{
	file_line_free(&line);
	m = (struct message){.class = MC_HUMAN};
	e = (struct err){0};
	return file_decode(text, strlen(text), 420, &line, &m, &e);
}

static int teardown(void **state)
{
	(void)state;
	file_line_free(&line);
	return 0;
}

static void a_full_line(void **state)
{
	(void)state;
	assert_int_equal(
		decode("{\"native_id\":\"A-1\",\"author\":{\"id\":\"u7\",\"name\":\"Siti\","
		       "\"phone\":\"0812\",\"email\":\"s@x.id\"},\"sent_at\":\"2026-11-24 08:15\","
		       "\"text\":\"Jalan\",\"attachments\":[{\"path\":\"f/a.JPG\"},{\"path\":\"b\","
		       "\"mime\":\"image/png\",\"name\":\"c\"}],\"location\":{\"lat\":-7.9,"
		       "\"lon\":112.6,\"address\":\"Jl. A\"},\"in_reply_to\":\"A-0\","
		       "\"fields\":{\"rt\":3},\"kelurahan\":\"B\"}"),
		0);
	assert_string_equal(m.native_id, "A-1");
	assert_string_equal(m.author.id, "u7");
	assert_string_equal(m.author.phone, "0812");
	assert_false(m.author.proven);
	assert_int_equal(m.sent_ms, INT64_C(1795482900000)); /* 01:15 UTC */
	assert_string_equal(m.text, "Jalan");
	assert_int_equal(m.n_attachments, 2);
	assert_string_equal(m.attachments[0].id, "f/a.JPG");
	assert_string_equal(m.attachments[0].mime, "image/jpeg");
	assert_string_equal(m.attachments[1].mime, "image/png");
	assert_int_equal(m.attachments[1].state, AS_MISSING);
	assert_true(m.location.set);
	assert_string_equal(m.location.address, "Jl. A");
	assert_string_equal(m.in_reply_to, "A-0");
	assert_int_equal(json_object_size(m.fields), 2);
	assert_string_equal(json_string_value(json_object_get(m.fields, "kelurahan")), "B");
	assert_int_equal(m.kind, MK_MESSAGE);
}

static void the_least_line(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"native_id\":12345678901}"), 0);
	assert_string_equal(m.native_id, "12345678901");
	assert_string_equal(m.author.id, "");
	assert_null(m.text);
	assert_null(m.fields);
	assert_int_equal(m.sent_ms, 0);
}

static void who_wrote_it(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"native_id\":\"1\",\"author\":{\"phone\":\"0812\"}}"), 0);
	assert_string_equal(m.author.id, "0812");
	assert_int_equal(
		decode("{\"native_id\":\"1\",\"author\":{\"id\":\"\",\"email\":\"a@b.id\"}}"), 0);
	assert_string_equal(m.author.id, "a@b.id");
	assert_int_equal(decode("{\"native_id\":\"1\",\"author\":{}}"), 0);
	assert_string_equal(m.author.id, "");
}

static void what_a_call_is(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"native_id\":\"1\",\"call\":{\"type\":\"prank\"}}"), 0);
	assert_int_equal(m.kind, MK_CALL);
	assert_int_equal(m.class, MC_PRANK);
	assert_int_equal(decode("{\"native_id\":\"1\",\"call\":{\"type\":\"kucing\"}}"), 0);
	assert_int_equal(m.call.mapped, CC_UNKNOWN);
	assert_int_equal(m.class, MC_UNKNOWN);
	assert_int_equal(decode("{\"native_id\":\"1\",\"call\":null}"), 0);
	assert_int_equal(m.call.mapped, CC_NONE);
}

static void a_time_nobody_can_read_is_kept_as_text(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"native_id\":\"1\",\"sent_at\":\"kemarin\"}"), 0);
	assert_int_equal(m.sent_ms, 0);
	assert_string_equal(m.sent_at_source, "kemarin");
}

static void a_place_not_on_earth_is_no_place(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"native_id\":\"1\",\"location\":{\"lat\":97,\"lon\":1}}"), 0);
	assert_false(m.location.set);
	assert_int_equal(decode("{\"native_id\":\"1\",\"location\":{\"address\":\"Jl\"}}"), 0);
	assert_false(m.location.set);
	assert_string_equal(m.location.address, "Jl");
}

static const struct {
	const char *text, *why;
} wrong[] = {
	{"", ""},
	{"{\"native_id\":\"1\"", ""},
	{"[1]", "not a JSON object"},
	{"{}", "\"native_id\" must be a text or a whole number"},
	{"{\"native_id\":\"\"}", "\"native_id\" must be a text or a whole number"},
	{"{\"native_id\":1.5}", "\"native_id\" must be a text or a whole number"},
	{"{\"native_id\":\"1\",\"text\":5}", "\"text\" must be a text"},
	{"{\"native_id\":\"1\",\"author\":\"Siti\"}", "\"author\" must be an object"},
	{"{\"native_id\":\"1\",\"author\":{\"phone\":812}}", "\"phone\" must be a text"},
	{"{\"native_id\":\"1\",\"attachments\":{}}", "\"attachments\" must be a list"},
	{"{\"native_id\":\"1\",\"attachments\":[\"a\"]}", "must have a \"path\""},
	{"{\"native_id\":\"1\",\"attachments\":[{\"path\":\"\"}]}", "must have a \"path\""},
	{"{\"native_id\":\"1\",\"location\":{\"lat\":1}}", "must both be numbers"},
	{"{\"native_id\":\"1\",\"location\":{\"lat\":\"1\",\"lon\":2}}", "must both be numbers"},
	{"{\"native_id\":\"1\",\"call\":[]}", "\"call\" must be an object"},
	{"{\"native_id\":\"1\",\"fields\":1}", "\"fields\" must be an object"},
	{"{\"native_id\":\"1\",\"native_id\":\"2\"}", ""},
};

static void a_wrong_line_names_the_field_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_true(decode(wrong[i].text) < 0);
		assert_true(*e.text);
		assert_non_null(strstr(e.text, wrong[i].why));
		assert_null(strstr(e.text, "Siti"));
		assert_null(m.native_id); /* untouched */
	}
}

static void too_many_attachments(void **state)
{
	struct buf text = BUF_INIT(1 << 16);

	(void)state;
	buf_adds(&text, "{\"native_id\":\"1\",\"attachments\":[");
	for (int i = 0; i <= MESSAGE_ATTACHMENTS_MAX; i++)
		buf_addf(&text, "%s{\"path\":\"%d\"}", i ? "," : "", i);
	buf_adds(&text, "]}");
	assert_int_equal(decode(buf_str(&text)), -EINVAL);
	assert_non_null(strstr(e.text, "at most 64"));
	buf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_line),
		cmocka_unit_test(the_least_line),
		cmocka_unit_test(who_wrote_it),
		cmocka_unit_test(what_a_call_is),
		cmocka_unit_test(a_time_nobody_can_read_is_kept_as_text),
		cmocka_unit_test(a_place_not_on_earth_is_no_place),
		cmocka_unit_test(a_wrong_line_names_the_field_only),
		cmocka_unit_test(too_many_attachments),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
