/* Rows of a call centre become messages; what is broken costs itself only. */
// uses: daemons/call112/decode.c daemons/call112/decode_file.c
// uses: daemons/call112/decode_message.c daemons/call112/page.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"
#include "daemons/call112/decode.h"

/* strmap holds char *, as the options own their text */
#define T(text) ((char *)(uintptr_t)(text))

static struct strpair field_pairs[] = {{T("id"), T("No"), 1}, {T("type"), T("Jenis"), 1},
	{T("phone"), T("Telp"), 1}, {T("text"), T("Uraian"), 1}};
static struct strpair type_pairs[] = {{T("Laporan"), T("normal"), 1},
	{T("Ghost Call"), T("ghost"), 1}, {T("Darurat"), T("emergency"), 1}};
static const struct strmap default_fields = {field_pairs, 4}, types = {type_pairs, 3};

#define HEADER "No;Jenis;Telp;Uraian\n"

/* What one run over `data` gave, as lines: "=native|class|call|author|text" for a message,
 * "!place:reason" for an undecodable one; "hold: …" at the end when the file is to be held. */
struct result {
	struct buf text;
	int messages, nothing;
};

static void tell(struct result *r, const struct c112_row *row)
{
	const struct message *m = &row->m;

	if (m->class == MC_UNDECODABLE)
		buf_addf(&r->text, "!%s:%s\n", m->error.place, m->error.reason);
	else
		buf_addf(&r->text, "=%s|%s|%s|%s|%s\n", m->native_id, message_class_name(m->class),
			call_class_name(m->call.mapped), m->author.id, m->text);
}

/* Feeds `data` in windows of at most `chunk` new bytes each, as a file that grows would. */
static struct result feed(const struct c112_rules *rules, const char *data, size_t n, size_t chunk)
{
	struct result out = {.text = BUF_INIT(1 << 20)};
	struct c112_file *f = c112_file_new(rules);
	struct message base = {.tenant = "malang", .channel = "call112", .account = "a"};
	struct c112_row row = {0};
	size_t at = 0, have = 0, line = 1;
	struct err e = {0};

	while (at < n) {
		char place[32];
		struct c112_window w;
		int r;

		have = MIN(have + chunk, n);
		if (have <= at)
			continue;
		snprintf(place, sizeof(place), "f:%zu", line);
		w = (struct c112_window){.p = data + at,
			.n = have - at,
			.first = at == 0,
			.line_start = at == 0 || data[at - 1] == '\n',
			.eof = have == n,
			.full = have - at >= C112_ROW_MAX,
			.place = place};
		r = c112_next(f, &w, &base, &row, &e);
		if (r < 0) {
			buf_addf(&out.text, "hold: %s\n", e.text);
			break;
		}
		if (r == C112_MORE) {
			assert_true(have < n);
			continue;
		}
		assert_true(row.used > 0 && row.used <= w.n);
		if (r == C112_MESSAGE) {
			out.messages++;
			assert_ptr_equal(
				row.m.original.data, w.p + (row.used - row.m.original.len));
			tell(&out, &row);
		} else {
			out.nothing++;
		}
		for (size_t i = 0; i < row.used; i++)
			line += data[at + i] == '\n';
		at += row.used;
	}
	c112_row_free(&row);
	c112_file_free(f);
	return out;
}

static struct c112_rules csv_rules(void)
{
	return (struct c112_rules){.header = true,
		.zone_minutes = 420,
		.comment = "#",
		.fields = &default_fields,
		.types = &types};
}

/* The same at every way the bytes may arrive. */
static void expect(const struct c112_rules *rules, const char *data, size_t n, const char *want)
{
	static const size_t chunks[] = {1, 2, 7, 64, SIZE_MAX / 2};

	for (size_t i = 0; i < ARRAY_SIZE(chunks); i++) {
		struct result r = feed(rules, data, n, MIN(chunks[i], n + 1));

		if (strcmp(buf_str(&r.text), want) != 0)
			fail_msg("in pieces of %zu:\n%s--- wanted\n%s", chunks[i], buf_str(&r.text),
				want);
		buf_free(&r.text);
	}
}

#define EXPECT(rules, data, want) expect((rules), (data), strlen(data), (want))

static void rows_become_calls(void **state)
{
	struct c112_rules rules = csv_rules();

	(void)state;
	EXPECT(&rules,
		HEADER "7;Laporan;0812 3456 7890;Lampu mati\n8;ghost  call;-;\n9;Aneh;;x\n"
		       "10; Darurat ;081111111111;\"api; besar\nsekali\"\n",
		"=7|human|normal|+6281234567890|Lampu mati\n=8|ghost|ghost||\n"
		"=9|unknown|unknown||x\n=10|emergency|emergency||api; besar\nsekali\n");
}

static void nothing_comes_of_what_is_nothing(void **state)
{
	struct c112_rules rules = csv_rules();

	(void)state;
	EXPECT(&rules,
		"\xef\xbb\xbf# export 20/08/2026\r\n\r\n" HEADER
		"\n# comment; with; delimiters\n;;;\n ; ; ;\n" HEADER "1;;;x",
		"=1|unknown|unknown||x\n");
	EXPECT(&rules, "", "");
	EXPECT(&rules, "\xef\xbb\xbf", "");
	EXPECT(&rules, HEADER, "");
}

static void a_broken_row_costs_its_line(void **state)
{
	struct c112_rules rules = csv_rules();

	(void)state;
	EXPECT(&rules, HEADER "1;;;a\n2;;\n3;;;\"never closed\n4;;;d\n",
		"=1|unknown|unknown||a\n!f:3:not as many columns as the header\n"
		"!f:4:a quote that is never closed\n=4|unknown|unknown||d\n");
	expect(&rules, HEADER "1;;;a\n2;\0;;\n3;;;c", sizeof(HEADER) - 1 + 17,
		"=1|unknown|unknown||a\n!f:3:a NUL byte\n=3|unknown|unknown||c\n");
}

static void a_call_without_a_number_goes_by_its_bytes(void **state)
{
	struct c112_rules rules = csv_rules();
	/* printf ';Laporan;;sama' | sha256sum */
	static const char want[] =
		"=row:03403d834facedd17c416e775952ebedb79de1633e519a56e5b17f71c685d8ee|human|"
		"normal||"
		"sama\n";
	struct result lf = feed(&rules, HEADER ";Laporan;;sama\n", sizeof(HEADER) - 1 + 15, 1000);
	struct result crlf =
		feed(&rules, HEADER ";Laporan;;sama\r\n", sizeof(HEADER) - 1 + 16, 1000);
	struct result end = feed(&rules, HEADER ";Laporan;;sama", sizeof(HEADER) - 1 + 14, 1000);

	(void)state;
	assert_string_equal(buf_str(&lf.text), buf_str(&crlf.text));
	assert_string_equal(buf_str(&lf.text), buf_str(&end.text));
	assert_string_equal(buf_str(&lf.text), want);
	buf_free(&lf.text);
	buf_free(&crlf.text);
	buf_free(&end.text);
}

static void a_wrong_header_holds_the_file(void **state)
{
	struct c112_rules rules = csv_rules();

	(void)state;
	EXPECT(&rules, "No;Jenis;Telp\n1;2;3\n",
		"hold: the header has no column \"Uraian\", which fields.text names (it has 3 "
		"columns "
		"at delimiter ';')\n");
	EXPECT(&rules, "No;No;Jenis;Telp;Uraian\n",
		"hold: two columns of the header have the name that fields.id gives\n");
	EXPECT(&rules, "\"No;\n1;2\n",
		"hold: the header row is broken: a quote that is never closed\n");
	expect(&rules, "\xff\xfeN\0o\0\n\0", 8,
		"hold: UTF-16, which is not read; export as UTF-8 or windows-1252\n");
}

static void delimiters_and_encodings(void **state)
{
	struct c112_rules rules = csv_rules();

	(void)state;
	EXPECT(&rules, "no,JENIS,Telp,Uraian\n1,,,\"a,b\"\n", "=1|unknown|unknown||a,b\n");
	EXPECT(&rules, "No\tJenis\tTelp\tUraian\n1\t\t\ta b\n", "=1|unknown|unknown||a b\n");
	rules.delimiter = '|';
	EXPECT(&rules, "No|Jenis|Telp|Uraian\n1|||a;b,c\n", "=1|unknown|unknown||a;b,c\n");
	rules.delimiter = ';';
	rules.encoding = CSV_WINDOWS_1252;
	EXPECT(&rules, HEADER "1;;;caf\xe9 \x96 \x80\n",
		"=1|unknown|unknown||caf\xc3\xa9 \xe2\x80\x93 \xe2\x82\xac\n");
}

static void columns_by_number(void **state)
{
	struct strpair pairs[] = {{T("id"), T("2"), 1}, {T("text"), T("3"), 1}};
	const struct strmap fields = {pairs, 2};
	struct c112_rules rules = csv_rules();

	(void)state;
	rules.header = false;
	rules.fields = &fields;
	EXPECT(&rules, "x;1;a\ny;2;b\nz;3\n",
		"=1|unknown|unknown||a\n=2|unknown|unknown||b\n!f:3:not as many columns as the "
		"header\n");
	EXPECT(&rules, "\"x;1;a\ny;2;b\n", /* the first row is broken: the next one tells */
		"!f:1:a quote that is never closed\n=2|unknown|unknown||b\n");
	EXPECT(&rules, "x;1\n",
		"hold: fields.text is no column number up to 2, which the first row has\n");
}

static void a_file_gone_on_with_learns_its_header(void **state)
{
	static const char head[] = "\xef\xbb\xbf#c\n\nNo,Jenis,Telp,Uraian\n1,,,a\n";
	struct c112_rules rules = csv_rules();
	struct c112_file *f = c112_file_new(&rules);
	struct c112_row row = {0};
	struct message base = {0};
	struct c112_window w = {.p = "2,Laporan,,b\n", .n = 13, .line_start = true, .place = "f:9"};
	struct err e = {0};

	(void)state;
	assert_int_equal(c112_file_learn(f, head, sizeof(head) - 1, &e), 0);
	assert_int_equal(c112_next(f, &w, &base, &row, &e), C112_MESSAGE);
	assert_string_equal(row.m.native_id, "2");
	assert_string_equal(row.m.text, "b");
	/* the middle of a line is never a row of its own */
	w.line_start = false;
	assert_int_equal(c112_next(f, &w, &base, &row, &e), C112_MESSAGE);
	assert_int_equal(row.m.class, MC_UNDECODABLE);
	w.p = "\r\n";
	w.n = 2;
	assert_int_equal(c112_next(f, &w, &base, &row, &e), C112_NOTHING);
	c112_row_free(&row);
	assert_true(c112_file_learn(f, "No,Je", 5, &e) < 0);
	assert_true(c112_file_learn(f, "\xff\xfe", 2, &e) < 0);
	c112_file_free(f);
}

static struct c112_rules json_rules(void)
{
	static struct strpair pairs[] = {{T("id"), T("t.no"), 1}, {T("type"), T("call.kind"), 1},
		{T("phone"), T("who.0.phone"), 1}, {T("text"), T("text"), 1}};
	static const struct strmap fields = {pairs, 4};
	struct c112_rules rules = csv_rules();

	rules.format = C112_NDJSON;
	rules.fields = &fields;
	return rules;
}

static void json_lines(void **state)
{
	struct c112_rules rules = json_rules();

	(void)state;
	EXPECT(&rules,
		"\xef\xbb\xbf{\"t\":{\"no\":\"A\"},\"call\":{\"kind\":\"laporan\"},\"who\":[{"
		"\"phone\":"
		"\"0812-3456-7890\"}],\"text\":\"x; y\"}\n\n# note\n"
		"{\"t\":{\"no\":12},\"call\":{\"kind\":true},\"who\":[{\"phone\":81234567890}]}\r\n"
		"{\"t\":{\"no\":null},\n[1]\n{\"t\":1,\"t\":2}\n{\"t\":{\"no\":1.5},\"text\":{"
		"\"a\":1}}",
		"=A|human|normal|+6281234567890|x; y\n=12|unknown|unknown|+6281234567890|\n"
		"!f:5:not JSON\n!f:6:JSON, but no object\n!f:7:not JSON\n"
		"=1.5|unknown|unknown||\n");
}

/* Objects in a list, printed over lines, one after the other: the same rows. */
static void objects_anyhow_parted(void **state)
{
	struct c112_rules rules = json_rules();

	(void)state;
	rules.format = C112_JSON;
	EXPECT(&rules,
		"\xef\xbb\xbf[\n  {\"t\": {\"no\": \"A\"},\n   \"text\": \"a } \\\" {\"}, "
		"{\"t\":{\"no\":2},\"call\":{\"kind\":\"darurat\"}}\n]\n{\"t\":{\"no\":3}}"
		"{\"t\":{\"no\":4}}\n",
		"=A|unknown|unknown||a } \" {\n=2|emergency|emergency||\n=3|unknown|unknown||\n"
		"=4|unknown|unknown||\n");
}

static void a_broken_object_loses_no_neighbour(void **state)
{
	struct c112_rules rules = json_rules();

	(void)state;
	rules.format = C112_JSON;
	EXPECT(&rules,
		"[{\"t\":{\"no\":1}},\n{\"t\":{\"no\":1,}},\n{\"t\":{\"no\":2}},\nsalah\n"
		"{\"lain\":1},\n{\"t\":{\"no\": \"x\n, {\"t\":{\"no\":3}}\n]",
		"=1|unknown|unknown||\n!f:2:not JSON\n=2|unknown|unknown||\n"
		"!f:4:no JSON object\n!f:5:nothing of what `fields` names is in it\n"
		"!f:6:an object without an end\n=3|unknown|unknown||\n");
}

static void an_item_is_a_row(void **state)
{
	struct c112_rules rules = json_rules();
	struct c112_file *f = c112_file_new(&rules);
	struct message base = {.tenant = "malang", .channel = "call112", .account = "a"};
	static const char item[] = "{\"t\":{\"no\":7},\n\"u\":{\"at\":1790000000}}";
	struct c112_row row = {0};
	char *at;

	(void)state;
	assert_int_equal(
		c112_item(f, item, sizeof(item) - 1, "page 1, item 1", &base, &row), C112_MESSAGE);
	assert_string_equal(row.m.native_id, "7");
	assert_int_equal(row.m.original.len, sizeof(item) - 1);
	at = c112_row_text(&row, "u.at");
	assert_string_equal(at, "1790000000");
	free(at);
	assert_null(c112_row_text(&row, "u.none"));
	assert_int_equal(c112_item(f, "7", 1, "page 1, item 2", &base, &row), C112_MESSAGE);
	assert_int_equal(row.m.class, MC_UNDECODABLE);
	assert_null(c112_row_text(&row, "u.at"));
	c112_row_free(&row);
	c112_file_free(f);
}

static void a_place_outside_stays_as_text(void **state)
{
	struct strpair pairs[] = {{T("text"), T("1"), 1}, {T("coordinates"), T("2"), 1},
		{T("lat"), T("3"), 1}, {T("lon"), T("4"), 1}};
	const struct strmap fields = {pairs, 4};
	struct c112_rules rules = csv_rules();
	struct message base = {0};
	struct c112_row row = {0};
	static const char *const lines[][2] = {{"x;52.1, 4.9;;\n", "52.1, 4.9"},
		{"x;;52.1;4.9\n", "52.1; 4.9"}, {"x;;-7.9;\n", "-7.9; "},
		{"x;;112,6;-7,9\n", NULL}};

	(void)state;
	rules.header = false;
	rules.fields = &fields;
	rules.delimiter = ';';
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct c112_file *f = c112_file_new(&rules);
		struct c112_window w = {.p = lines[i][0],
			.n = strlen(lines[i][0]),
			.first = true,
			.line_start = true,
			.eof = true,
			.place = "f:1"};

		assert_int_equal(c112_next(f, &w, &base, &row, NULL), C112_MESSAGE);
		assert_true(row.m.location.set == !lines[i][1]);
		if (lines[i][1])
			assert_string_equal(json_str(row.m.fields, "coordinates"), lines[i][1]);
		else
			assert_true(row.m.location.lat == -7.9 && row.m.location.lon == 112.6);
		c112_row_free(&row);
		c112_file_free(f);
	}
}

static void the_other_fields(void **state)
{
	struct strpair pairs[] = {{T("text"), T("1"), 1}, {T("received"), T("2"), 1},
		{T("closed"), T("3"), 1}, {T("coordinates"), T("4"), 1},
		{T("attachments"), T("5"), 1}, {T("address"), T("6"), 1},
		{T("district"), T("7"), 1}, {T("notes"), T("8"), 1},
		{T("incident_date"), T("9"), 1}};
	const struct strmap fields = {pairs, 9};
	struct c112_rules rules = csv_rules();
	struct c112_file *f;
	struct c112_row row = {0};
	struct message base = {0};
	static const char line[] =
		"x\t20 Agustus 2021 07:15\tbesok\tLatLng(-7.03753, 113.776377)\ta/b.jpg | c.png;;\t"
		"Jl. Kawi\tKlojen\tcatatan\t20-08-2021\n";
	struct c112_window w = {.p = line,
		.n = sizeof(line) - 1,
		.first = true,
		.line_start = true,
		.eof = true,
		.place = "f:1"};

	(void)state;
	rules.header = false;
	rules.fields = &fields;
	rules.delimiter = '\t';
	f = c112_file_new(&rules);
	assert_int_equal(c112_next(f, &w, &base, &row, NULL), C112_MESSAGE);
	assert_int_equal(row.m.sent_ms, 1629418500000);
	assert_string_equal(row.m.sent_at_source, "20 Agustus 2021 07:15");
	assert_string_equal(json_str(row.m.fields, "closed_at"), "besok");
	assert_string_equal(json_str(row.m.fields, "notes"), "catatan");
	assert_string_equal(json_str(row.m.fields, "incident_date"), "2021-08-20");
	assert_true(row.m.location.set);
	assert_true(row.m.location.lon > 113.776376 && row.m.location.lon < 113.776378);
	assert_string_equal(row.m.location.address, "Jl. Kawi, Klojen");
	assert_int_equal(row.n_paths, 2);
	assert_string_equal(row.paths[0], "a/b.jpg");
	assert_string_equal(row.paths[1], "c.png");
	assert_int_equal(row.m.kind, MK_CALL);
	assert_false(row.m.author.proven);
	c112_row_free(&row);
	c112_file_free(f);
}

static void a_line_that_never_ends(void **state)
{
	size_t n = 3 * C112_ROW_MAX;
	char *data = xmalloc(n + 1);
	struct c112_rules rules = csv_rules();
	struct result r;

	(void)state;
	rules.format = C112_NDJSON;
	memset(data, 'x', n);
	memcpy(data + n - 12, "\n{\"No\":\"9\"}\n", 13);
	r = feed(&rules, data, n, C112_ROW_MAX);
	assert_int_equal(r.messages, 4);
	assert_non_null(strstr(buf_str(&r.text), "=9|"));
	assert_non_null(strstr(buf_str(&r.text), "!f:1:a line of more than 1 MiB\n"));
	buf_free(&r.text);
	rules.format = C112_CSV;
	memcpy(data, HEADER "\"", sizeof(HEADER));
	r = feed(&rules, data, n, C112_ROW_MAX);
	assert_true(r.messages >= 3);
	assert_null(strstr(buf_str(&r.text), "hold"));
	buf_free(&r.text);
	free(data);
}

static void the_map_is_checked(void **state)
{
	(void)state;
	assert_null(c112_field_fault("incident_date"));
	assert_non_null(strstr(c112_field_fault("telepon"), "phone"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_become_calls),
		cmocka_unit_test(nothing_comes_of_what_is_nothing),
		cmocka_unit_test(a_broken_row_costs_its_line),
		cmocka_unit_test(a_call_without_a_number_goes_by_its_bytes),
		cmocka_unit_test(a_wrong_header_holds_the_file),
		cmocka_unit_test(delimiters_and_encodings),
		cmocka_unit_test(columns_by_number),
		cmocka_unit_test(a_file_gone_on_with_learns_its_header),
		cmocka_unit_test(json_lines),
		cmocka_unit_test(objects_anyhow_parted),
		cmocka_unit_test(a_broken_object_loses_no_neighbour),
		cmocka_unit_test(an_item_is_a_row),
		cmocka_unit_test(a_place_outside_stays_as_text),
		cmocka_unit_test(the_other_fields),
		cmocka_unit_test(a_line_that_never_ends),
		cmocka_unit_test(the_map_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
