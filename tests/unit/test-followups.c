/* followups: pages of what agencies wrote back, as tables: what is read of each, what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/followups.h"

#define TICKET "ABCDE-FGHJK"

static struct profile *v3;

static int parse_status(const char *body, size_t n, long status, struct followups *ret)
{
	const struct httpc_answer a = {.status = status, .body = body, .body_len = n};
	struct err e = {0};

	return followups_parse(v3, &a, TICKET, ret, &e);
}

static int parse(const char *body, struct followups *ret)
{
	return parse_status(body, strlen(body), 200, ret);
}

#define PAGE(rows, more) "{\"results\":{\"data\":[" rows "]" more "}}"
#define ROW(more)                                                    \
	"{\"id\":9001,\"created_at\":\"01-12-2026 09:05:00\","       \
	"\"institution_from_name\":\"Dinas <Perhubungan> & Jalan\"," \
	"\"institution_to_name\":\"Pemerintah Kota\",\"template_code\":\"disposition\"" more "}"

static const struct text_case {
	const char *name, *more, *text;
} texts[] = {
	{"placeholders with and without inner blanks",
		",\"template_content\":\"Dari {{institution_from}} kepada {{ institution_to }}.\"",
		"Dari Dinas <Perhubungan> & Jalan kepada Pemerintah Kota."},
	{"a link is its institution, once",
		",\"template_content\":\"<a href=\\\"{{institution_to_link}}\\\">"
		"{{institution_to}}</a> menerima.\"",
		"Pemerintah Kota menerima."},
	{"what is not said is three dots",
		",\"template_content\":\"Status {{status_old}} menjadi {{ status_new_link }}\"",
		"Status … menjadi …"},
	{"another's name stays", ",\"content\":\"Kode {{x}} dan {{ }} dan {{\"",
		"Kode {{x}} dan {{ }} dan {{"},
	{"a name is no HTML", ",\"content\":\"{{institution_from}}<br>selesai\"",
		"Dinas <Perhubungan> & Jalan\nselesai"},
	{"HTML becomes words",
		",\"content\":\"<p>Lampu <b>sudah</b> diganti.</p><script>x()</script>"
		"<ul><li>satu</li></ul>&amp; beres\"",
		"Lampu sudah diganti.\n\n- satu\n& beres"},
	{"plain lines stay lines", ",\"content\":\"Baris satu\\nBaris dua, 3 < 4\"",
		"Baris satu\nBaris dua, 3 < 4"},
	{"template, then words",
		",\"template_content\":\"Jawaban:\",\"content\":\"Sudah selesai.\"",
		"Jawaban:\n\nSudah selesai."},
	{"the same words once", ",\"template_content\":\"Sama.\",\"content\":\"Sama.\"", "Sama."},
	{"nothing at all", "", ""},
	{"no text", ",\"content\":7,\"template_content\":null", ""},
};

static void texts_become_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_free_ char *body = xasprintf(PAGE("%s%s}", ""),
			"{\"id\":9001,\"institution_from_name\":\"Dinas "
			"<Perhubungan> & Jalan\",\"institution_to_name\":"
			"\"Pemerintah Kota\"",
			texts[i].more);
		struct followups f;
		const char *got;

		assert_int_equal(parse(body, &f), 0);
		assert_int_equal(f.n, 1);
		got = json_str(f.v[0].content, "text");
		if (!got || strcmp(got, texts[i].text) != 0)
			fail_msg("%s: \"%s\"", texts[i].name, got ? got : "none");
		followups_clear(&f);
	}
}

static void a_row_is_read(void **state)
{
	struct followups f;
	char at[TIME_TEXT_SIZE];

	(void)state;
	assert_int_equal(parse(PAGE(ROW(""), ",\"next_page_url\":\"https://x/?page=2\""), &f), 0);
	assert_true(f.more);
	assert_int_equal(f.v[0].id, 9001);
	time_format(f.v[0].at_ms, at);
	assert_string_equal(at, "2026-12-01T02:05:00.000Z"); /* 09:05 in Jakarta */
	assert_string_equal(f.v[0].code, "disposition");
	assert_false(f.v[0].ours);
	assert_string_equal(json_str(f.v[0].content, "schema"), "muara.answer/1");
	assert_string_equal(json_str(f.v[0].content, "id"), "9001");
	assert_string_equal(json_str(f.v[0].content, "at"), at);
	assert_string_equal(json_str(f.v[0].content, "to"), "Pemerintah Kota");
	followups_clear(&f);
}

static void the_last_page_says_null(void **state)
{
	static const char *const last[] = {
		"", ",\"next_page_url\":null", ",\"next_page_url\":false"};
	struct followups f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(last); i++) {
		_cleanup_free_ char *body = xasprintf(PAGE("%s", "%s"), ROW(""), last[i]);

		assert_int_equal(parse(body, &f), 0);
		assert_false(f.more);
		followups_clear(&f);
	}
}

static void our_own_are_known(void **state)
{
	static const struct {
		const char *content;
		bool ours;
	} rows[] = {{"[Tiket " TICKET "] Foto lain menyusul.", true},
		{"<p>[tiket abcde-fghjk] Foto</p>", true}, {"[Tiket ABCDE-FGHJM] Foto", false},
		{"Menjawab [Tiket " TICKET "]", false}, {"", false}};
	struct followups f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *body =
			xasprintf(PAGE("{\"id\":\"7\",\"content\":\"%s\"}", ""), rows[i].content);

		assert_int_equal(parse(body, &f), 0);
		assert_int_equal(f.v[0].ours, rows[i].ours);
		followups_clear(&f);
	}
}

static void files_are_found_in_both_forms(void **state)
{
	static const char *const forms[] = {
		"{\"0\":{\"path\":\"/a.jpg\",\"file_name\":\"a.jpg\"},\"docs\":[{\"path\":\"/"
		"b.pdf\"}]}",
		"[{\"path\":\"/a.jpg\",\"file_name\":\"a.jpg\"},{\"path\":\"/b.pdf\"}]",
		"{\"docs\":{\"1\":{\"path\":\"/a.jpg\",\"file_name\":\"a.jpg\"},"
		"\"2\":{\"path\":\"/b.pdf\"}}}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		_cleanup_free_ char *body =
			xasprintf(PAGE("{\"id\":7,\"attachments\":%s}", ""), forms[i]);
		const json_t *files;
		struct followups f;

		assert_int_equal(parse(body, &f), 0);
		files = json_object_get(f.v[0].content, "attachments");
		assert_int_equal(json_array_size(files), 2);
		assert_string_equal(json_str(json_array_get(files, 0), "name"), "a.jpg");
		assert_string_equal(json_str(json_array_get(files, 1), "path"), "/b.pdf");
		followups_clear(&f);
	}
}

static void what_has_no_number_is_counted(void **state)
{
	struct followups f;

	(void)state;
	assert_int_equal(
		parse(PAGE("{\"id\":0},{\"id\":\"x\"},7,null,{\"id\":1234567890123456},"
			   "{\"id\":5,\"created_at\":\"kemarin\",\"template_code\":\"a b\"}",
			      ""),
			&f),
		0);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.unusable, 5);
	assert_int_equal(f.v[0].at_ms, 0);
	assert_string_equal(f.v[0].code, "");
	followups_clear(&f);
}

static void what_is_no_page_is_told(void **state)
{
	static const struct {
		const char *body;
		long status;
	} bad[] = {{"", 200}, {"<html>", 200}, {"{\"results\":{\"data\":{}}}", 200},
		{"{\"results\":{}}", 200}, {PAGE("", ""), 500}, {PAGE("", ""), 302}};
	struct followups f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(parse_status(bad[i].body, strlen(bad[i].body), bad[i].status, &f),
			-EBADMSG);
		followups_clear(&f);
	}
	assert_int_equal(parse(PAGE("", ""), &f), 0);
	assert_int_equal(f.n, 0);
	followups_clear(&f);
}

static void texts_and_files_are_bounded(void **state)
{
	_cleanup_free_ char *long_text = xcalloc(1, 40001), *body = NULL;
	_cleanup_buf_ struct buf files = BUF_INIT(1 << 20);
	struct followups f;

	(void)state;
	for (size_t i = 0; i < 20000; i++)
		memcpy(long_text + 2 * i, "é", 2);
	for (size_t i = 0; i < 100; i++)
		(void)buf_addf(&files, "%s{\"path\":\"/%zu\"}", i ? "," : "", i);
	body = xasprintf(PAGE("{\"id\":7,\"content\":\"%s\",\"attachments\":[%s]}", ""), long_text,
		buf_str(&files));
	assert_int_equal(parse(body, &f), 0);
	assert_int_equal(strlen(json_str(f.v[0].content, "text")), FOLLOWUP_TEXT_MAX);
	assert_int_equal(json_array_size(json_object_get(f.v[0].content, "attachments")),
		FOLLOWUP_FILES_MAX);
	followups_clear(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_become_words),
		cmocka_unit_test(a_row_is_read),
		cmocka_unit_test(the_last_page_says_null),
		cmocka_unit_test(our_own_are_known),
		cmocka_unit_test(files_are_found_in_both_forms),
		cmocka_unit_test(what_has_no_number_is_counted),
		cmocka_unit_test(what_is_no_page_is_told),
		cmocka_unit_test(texts_and_files_are_bounded),
	};
	struct err e = {0};
	int r;

	if (profile_load("config/lapor/lapor-v3.yaml", &v3, NULL, &e)) {
		fprintf(stderr, "%s (run from the top of the project)\n", e.text);
		return 1;
	}
	r = cmocka_run_group_tests(tests, NULL, NULL);
	profile_free(v3);
	return r;
}
