/* Tables at the door: what a row becomes, what of a table is refused and by how much, and on the
 * real HTTP server: row by row, with its line. */
// uses: daemons/door/door.c
// uses: daemons/door/door_csv.c
// uses: daemons/door/door_json.c
// uses: daemons/door/decode.c
// uses: daemons/door/evidence.c
// uses: daemons/door/intake.c
// uses: daemons/door/keyring.c
// uses: daemons/door/quota.c
// uses: daemons/door/sheet.c
// uses: daemons/door/signed.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemons/door/door_csv.h"
#include "daemons/door/sheet.h"

#include "door-bed.h"

#define PAIR(k, v)                                                             \
	{                                                                      \
		.key = (char *)(uintptr_t)(k), .value = (char *)(uintptr_t)(v) \
	}
static struct strpair pairs[] = {PAIR("id", "No"), PAIR("text", "Isi"), PAIR("name", "Nama"),
	PAIR("phone", "HP"), PAIR("sent_at", "Tgl"), PAIR("coordinates", "Titik"),
	PAIR("category", "Jenis"), PAIR("incident_date", "Kejadian")};
#define HEADER "No,Isi,Nama,HP,Tgl,Titik,Jenis,Kejadian\n"

static char sambat[] = "sambat", whatsapp[] = "whatsapp", other[] = "other", semicolon[] = ";";
static struct sheet_conf maps[] = {
	{.name = sambat, .fields = {.v = pairs, .n = ARRAY_SIZE(pairs)}},
	{.name = other, .channel = whatsapp, .fields = {.v = pairs, .n = 2}},
};

/* --- rows --- */

static struct sheet *s;
static struct sheet_row row;
static struct message m;
static struct err e;

static int opened(const struct sheet_conf *c, const char *text)
{
	sheet_row_free(&row);
	sheet_close(TAKE_PTR(s));
	e = (struct err){0};
	return sheet_open(c, 420, text, strlen(text), &s, &e);
}

static bool next(void)
{
	m = (struct message){.class = MC_HUMAN};
	return sheet_next(s, &row, &m);
}

static int release(void **state)
{
	(void)state;
	sheet_row_free(&row);
	sheet_close(TAKE_PTR(s));
	return 0;
}

static void a_row_is_a_message(void **state)
{
	(void)state;
	assert_int_equal(opened(&maps[0], "\xef\xbb\xbf" HEADER
					  "7, Jalan rusak ,Siti,0812,24/11/2026 08:15,\"-7,98; "
					  "112,63\",Jalan,20 Nov 2026\r\n"
					  "\n"
					  "8,\"dua\nbaris\",-,,kemarin,entah,,lusa\n"),
		0);
	assert_int_equal(sheet_count(s), 2);
	assert_true(next());
	assert_null(row.fault);
	assert_int_equal(row.line, 2);
	assert_string_equal(m.native_id, "7");
	assert_string_equal(m.text, "Jalan rusak");
	assert_string_equal(m.author.name, "Siti");
	assert_string_equal(m.author.id, "0812");
	assert_int_equal(m.sent_ms, INT64_C(1795482900000));
	assert_true(m.location.set);
	assert_string_equal(json_str(m.fields, "category"), "Jalan");
	assert_string_equal(json_str(m.fields, "incident_date"), "2026-11-20");
	assert_int_equal(memcmp(m.original.data, "7, Jalan", 8), 0);
	assert_int_equal(((const char *)m.original.data)[m.original.len - 1], '6');
	assert_true(next());
	assert_int_equal(row.line, 4);
	assert_string_equal(m.text, "dua\nbaris");
	assert_null(m.author.name);
	assert_string_equal(m.author.id, "");
	assert_int_equal(m.sent_ms, 0);
	assert_string_equal(m.sent_at_source, "kemarin");
	assert_false(m.location.set);
	assert_string_equal(json_str(m.fields, "coordinates"), "entah");
	assert_string_equal(json_str(m.fields, "incident_date"), "lusa");
	assert_false(next());
}

static void a_row_without_an_id_goes_by_its_bytes(void **state)
{
	char first[sizeof(row.native_id)];

	(void)state;
	assert_int_equal(opened(&maps[0], HEADER ",a,,,,,,\r\n,b,,,,,,\n"), 0);
	assert_true(next());
	snprintf(first, sizeof(first), "%s", m.native_id);
	assert_int_equal(strncmp(first, "row:", 4), 0);
	assert_true(next());
	assert_string_not_equal(m.native_id, first);
	assert_int_equal(opened(&maps[0], HEADER ",a,,,,,,"), 0); /* at the end of another file */
	assert_true(next());
	assert_string_equal(m.native_id, first);
	assert_null(m.fields);
}

static void a_broken_row_costs_itself(void **state)
{
	(void)state;
	assert_int_equal(
		opened(&maps[0], HEADER "1,a,,,,,,\n2,b\n3,,,,,,,\n4,\"d,,,,,,\n5,e,,,,,,\n"), 0);
	assert_int_equal(sheet_count(s), 5);
	for (int i = 1; i <= 5; i++) {
		assert_true(next());
		assert_int_equal(row.line, i + 1);
		assert_int_equal(row.fault != NULL, i == 2 || i == 3 || i == 4);
	}
	assert_false(next());
}

static void a_header_that_does_not_fit(void **state)
{
	struct sheet_conf c = maps[0];
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "no header"},
		{"\n\n", "no header"},
		{"No,Isi\n1,a\n", "Nama"},
		{"\xff\xfeN\0", "UTF-16"},
		{"\"No,Isi\n", "header"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(opened(&c, cases[i].text), -EINVAL);
		assert_non_null(strstr(e.text, cases[i].says));
	}
	assert_int_equal(opened(&c, "\n kejadian;JENIS ;titik;tgl;hp;nama;isi;no\n;;;;;;a;1\n"), 0);
	assert_true(next());
	assert_string_equal(m.native_id, "1");
	c.delimiter = semicolon;
	c.encoding = CSV_WINDOWS_1252;
	assert_int_equal(opened(&c, "Kejadian;Jenis;Titik;Tgl;HP;Nama;Isi;No\n;;;;;;a\x96;1\n"), 0);
	assert_true(next());
	assert_string_equal(m.text, "a\xe2\x80\x93");
}

static void words_of_the_map(void **state)
{
	(void)state;
	assert_null(sheet_field_fault("incident_date"));
	assert_non_null(sheet_field_fault("uraian"));
	assert_int_equal(sheet_delimiter(NULL), '\0');
	assert_int_equal(sheet_delimiter("auto"), '\0');
	assert_int_equal(sheet_delimiter("tab"), '\t');
	assert_int_equal(sheet_delimiter(";"), ';');
	assert_int_equal(sheet_delimiter("\""), (char)-1);
	assert_int_equal(sheet_delimiter(";;"), (char)-1);
}

/* --- on the server --- */

static void on_csv(void *ctx, struct httpd_request *r)
{
	struct bed *b = ctx;

	door_csv(&b->door, r);
}

static const struct httpd_route routes[] = {
	{.method = "POST", .path = DOOR_CSV_PATH "*", .max_body = 1 << 20, .handle = on_csv},
	{.method = NULL},
};

static int setup(void **state)
{
	struct bed *b = bed_new(routes);

	b->conf.sheets.v = maps;
	b->conf.sheets.n = ARRAY_SIZE(maps);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bed_free(*state);
	return 0;
}

static void row_by_row(void **state)
{
	struct bed *b = *state;

	assert_int_equal(
		bed_post(b, "/v1/csv/sambat", HEADER "1,a,,,,,,\n2,b\n\n3,c,,,,,,\n"), 207);
	assert_int_equal(b->source.n_puts, 2);
	assert_string_equal(b->source.puts[0].native_id, "1");
	assert_string_equal(b->source.puts[1].native_id, "3");
	assert_string_equal(b->source.puts[1].channel, "sambat");
	assert_string_equal(b->source.puts[1].account, "sambat");
	assert_non_null(strstr(bed_body(b), "\"line\":3,\"status\":400"));
	assert_non_null(strstr(bed_body(b), "\"line\":5,\"status\":202"));
	assert_int_equal(bed_post(b, "/v1/csv/sambat", HEADER "1,a,,,,,,\n"), 202);
}

static void what_is_refused_as_a_whole(void **state)
{
	struct bed *b = *state;

	assert_int_equal(bed_post(b, "/v1/csv/none", HEADER "1,a,,,,,,\n"), 404);
	assert_int_equal(bed_post(b, "/v1/csv/sambat", "No,Isi\n1,a\n"), 400);
	assert_non_null(strstr(bed_body(b), "Nama"));
	assert_int_equal(bed_post(b, "/v1/csv/sambat", HEADER), 400);
	assert_int_equal(bed_post(b, "/v1/csv/other", "No,Isi\n1,a\n"), 403); /* not its channel */
	assert_int_equal(
		bed_post(b, "/v1/csv/sambat",
			HEADER "1,a,,,,,,\n1,a,,,,,,\n1,a,,,,,,\n1,a,,,,,,\n1,a,,,,,,\n1,a,,,"
			       ",,,\n1,a,,,,,,\n1,a,,,,,,\n1,a,,,,,,\n1,a,,,,,,\n1,a,,,,,,\n"),
		413);
	bed_key(b, DOORKEY_SIGNED, 1);
	assert_int_equal(bed_post(b, "/v1/csv/sambat", HEADER "1,a,,,,,,\n2,b,,,,,,\n"), 413);
	b->secret[0] = b->secret[0] == 'a' ? 'b' : 'a';
	assert_int_equal(bed_post(b, "/v1/csv/none", HEADER "1,a,,,,,,\n"), 401);
	assert_int_equal(b->source.n_puts, 0);
}

static void a_queue_that_is_full_is_503(void **state)
{
	struct bed *b = *state;

	b->source.room = 1;
	assert_int_equal(bed_post(b, "/v1/csv/sambat", HEADER "1,a,,,,,,\n2,b,,,,,,\n"), 503);
	b->source.away = true;
	assert_int_equal(bed_post(b, "/v1/csv/sambat", HEADER "1,a,,,,,,\n"), 503);
}

#define PURE(t) cmocka_unit_test_teardown(t, release)
#define CASE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PURE(a_row_is_a_message),
		PURE(a_row_without_an_id_goes_by_its_bytes),
		PURE(a_broken_row_costs_itself),
		PURE(a_header_that_does_not_fit),
		cmocka_unit_test(words_of_the_map),
		CASE(row_by_row),
		CASE(what_is_refused_as_a_whole),
		CASE(a_queue_that_is_full_is_503),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
