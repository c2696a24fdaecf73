// uses: daemons/muaractl/sheet_set.c daemons/muaractl/wayout.c
// uses: daemons/muaractl/waitlist.c
/* Several sheets as one document, names of their files, the way out of a parked filing, and what
 * waits for a person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/json.h"

#include "daemons/muaractl/sheet_set.h"
#include "daemons/muaractl/waitlist.h"
#include "daemons/muaractl/wayout.h"

static struct profile *manual, *v3;

static json_t *snapshot(const char *name)
{
	_cleanup_free_ char *path = xasprintf("tests/golden/lapor-v3/complaint-%s.json", name);
	_cleanup_free_ char *text = NULL;
	json_t *j = NULL;
	size_t n;

	assert_int_equal(fsio_read_file(path, 1 << 20, &text, &n, NULL), 0);
	assert_int_equal(json_parse(text, n, 1 << 20, &j, NULL), 0);
	return j;
}

/* --- names of files --- */

static void names_of_files(void **state)
{
	static const struct {
		const char *agency;
		bool known;
		const char *want; /* "lain": that and a hash */
	} cases[] = {
		{"Dinas Perhubungan", true, "dinas-perhubungan"},
		{"  Dinas  PU & Bina Marga (Kota) ", true, "dinas-pu-bina-marga-kota"},
		{"../../etc/passwd", true, "etc-passwd"},
		{"..", true, "lain"},
		{"/", true, "lain"},
		{"Dinas Perhubungan", false, "lain"},
		{"Dewi Lestari 0812", false, "lain"},
		{"", true, "tanpa-instansi"},
		{"", false, "tanpa-instansi"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true,
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
	};
	char a[SHEET_SLUG_SIZE], b[SHEET_SLUG_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		sheet_slug(cases[i].agency, cases[i].known, a);
		if (strcmp(cases[i].want, "lain") != 0) {
			assert_string_equal(a, cases[i].want);
			continue;
		}
		assert_int_equal(strncmp(a, "lain-", 5), 0);
		assert_int_equal(strspn(a + 5, "0123456789abcdef"), 8);
		assert_int_equal(strlen(a), 13);
	}
	sheet_slug("Dinas A", false, a);
	sheet_slug("Dinas B", false, b);
	assert_string_not_equal(a, b);
}

/* --- documents --- */

static struct sheet_entry entry_of(const json_t *c, const char *attempt)
{
	return (struct sheet_entry){.profile = manual,
		.complaint = c,
		.attempt = attempt,
		.agency = json_str_or(c, "agency", ""),
		.since = "2026-11-24 11:29"};
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void a_page_each_behind_a_list(void **state)
{
	static const char *const note[] = {"Cari <di> sana", "lalu & ini", NULL};
	_cleanup_json_ json_t *one = snapshot("plain"), *two = snapshot("attachments");
	struct sheet_entry v[] = {entry_of(one, "4/17"), entry_of(two, "4/18")};
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct err e = {0};
	const char *s;

	(void)state;
	json_set_str(one, "agency", "<b>Dinas</b>");
	v[0].agency = json_str(one, "agency");
	v[1].agency = "";
	v[1].note = note;
	assert_int_equal(sheet_set_html("Lembar <1>", v, 2, &out, &e), 0);
	s = buf_str(&out);
	assert_int_equal(count(s, "<!doctype html>"), 1);
	assert_int_equal(count(s, "</html>"), 1);
	assert_int_equal(count(s, "<section "), 2);
	assert_int_equal(count(s, "<a href=\"#s4-17\">"), 1);
	assert_int_equal(count(s, "<section id=\"s4-17\">"), 1);
	assert_int_equal(count(s, "<section id=\"s4-18\">"), 1);
	assert_non_null(strstr(s, "<td>&lt;b&gt;Dinas&lt;/b&gt;</td><td>2026-11-24 11:29</td>"));
	assert_non_null(strstr(s, "<td>" SHEET_NO_AGENCY "</td>"));
	assert_non_null(strstr(s, "<p>Cari &lt;di&gt; sana</p>\n<p>lalu &amp; ini</p>"));
	/* the profile's own words only where no note is */
	assert_int_equal(count(s, "Salin isian di bawah"), 1);
	assert_int_equal(count(s, "Nomor laporan SP4N-LAPOR!: "), 2);
	assert_null(strstr(s, "<script"));
	assert_null(strstr(s, "src="));
	assert_null(strstr(s, "<b>"));
}

static void csv_of_a_set(void **state)
{
	_cleanup_json_ json_t *one = snapshot("plain"), *two = snapshot("attachments");
	struct sheet_entry v[] = {entry_of(one, "4/17"), entry_of(two, "4/18")};
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	struct err e = {0};
	const char *s;

	(void)state;
	json_set_str(two, "title", "=HYPERLINK(\"http://x\")");
	assert_int_equal(sheet_set_csv(v, 2, &out, &e), 0);
	s = buf_str(&out);
	assert_int_equal(strncmp(s, SHEET_BOM "\"Tiket\",\"Berkas isian\",", 26), 0);
	assert_int_equal(count(s, "\"Tiket\""), 1);
	assert_non_null(strstr(s, "\"4/17\","));
	assert_non_null(strstr(s, "\"4/18\",\"'=HYPERLINK(\"\"http://x\"\")\","));
	assert_string_equal(s + strlen(s) - 2, "\r\n");
	buf_reset(&out);
	assert_int_equal(sheet_set_csv(v, 0, &out, &e), 0);
	assert_string_equal(buf_str(&out), SHEET_BOM);
}

/* --- the way out --- */

static json_t *row(const char *state, const char *call)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s}", "state", state, "call",
		call, "ticket", "ABCDE-FGHJK", "attempt", "4/17", "destination", "lapor", "reason",
		"no-answer", "http_status", 504, "begun", "2026-11-24T16:58:00.000Z", "since",
		"2026-11-24T17:10:00.000Z");
}

static void what_to_look_for(void **state)
{
	static char keys[][12] = {"institution", "tag"}, values[][12] = {"12", "#malang"};
	struct strpair pairs[] = {
		{.key = keys[0], .value = values[0]}, {.key = keys[1], .value = values[1]}};
	const struct strmap settings = {.v = pairs, .n = 2};
	_cleanup_json_ json_t *c = snapshot("plain"), *r = row("parked", "create");
	_cleanup_json_ json_t *search = profile_search(v3, c, &settings), *j = NULL;
	const json_t *look;
	char **lines;

	(void)state;
	j = wayout_of(r, search, "Dinas Perhubungan", 420);
	look = json_object_get(j, "look_for");
	assert_string_equal(json_str(look, "text"), "[Tiket ABCDE-FGHJK]");
	assert_string_equal(json_str(look, "tag"), "#malang");
	assert_string_equal(json_str(look, "institution"), "12");
	assert_string_equal(json_str(look, "agency"), "Dinas Perhubungan");
	/* the day there, with what clocks differ by */
	assert_string_equal(json_str(look, "from"), "2026-11-24 23:53");
	assert_string_equal(json_str(look, "to"), "2026-11-25 00:15");
	assert_int_equal(json_array_size(json_object_get(j, "exits")), 3);
	assert_non_null(strstr(json_str(j, "unknown"), "there twice"));
	lines = wayout_lines(j);
	assert_string_equal(lines[0],
		"Tidak diketahui apakah laporan ini sudah tercatat (no-answer, HTTP 504).");
	assert_string_equal(lines[1],
		"Cari di admin SP4N-LAPOR!: teks \"[Tiket ABCDE-FGHJK]\"; tagar \"#malang\"; nomor "
		"instansi \"12\"; tujuan \"Dinas Perhubungan\"; masuk antara 2026-11-24 23:53 dan "
		"2026-11-25 00:15; judul seperti di bawah.");
	assert_non_null(strstr(lines[2], "muaractl resolve 4/17 --filed"));
	assert_non_null(strstr(lines[3], "muaractl resolve 4/17 --resend"));
	assert_non_null(strstr(lines[4], "muaractl resolve 4/17 --drop"));
	assert_non_null(strstr(lines[5], "Yang tetap tidak diketahui"));
	assert_null(lines[6]);
	wayout_lines_free(lines);
}

static void each_state_has_its_exits(void **state)
{
	static const struct {
		const char *state, *call, *first;
		bool look;
	} cases[] = {
		{"parked", "create", "it is there", true},
		{"parked", "sheet", "it is there", true},
		{"parked", "handover", "the report shows it", true},
		{"parked", "upload", "the report shows it", true},
		{"rejected", "create", "you typed it into the form by hand", false},
		{"handed", "sheet", "you have typed it in", false},
		{"handed", "followup", "you have told the report", false},
		{"parked", "followup", "the report shows it", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *r = row(cases[i].state, cases[i].call);
		_cleanup_json_ json_t *j = wayout_of(r, NULL, "", 420);
		const json_t *exits = json_object_get(j, "exits"), *x;
		char **lines = wayout_lines(j);
		size_t k;

		assert_string_equal(json_str(json_array_get(exits, 0), "when"), cases[i].first);
		json_array_foreach (exits, k, x)
			assert_non_null(strstr(json_str(x, "do"), " 4/17 "));
		assert_int_equal(k, 3);
		assert_int_equal(json_object_get(j, "look_for") != NULL, cases[i].look);
		/* a destination that is not configured any more: the mark that is always sent */
		if (cases[i].look)
			assert_string_equal(json_str(json_object_get(j, "look_for"), "text"),
				"[Tiket ABCDE-FGHJK]");
		assert_non_null(lines[0]);
		wayout_lines_free(lines);
	}
}

static void a_profile_without_marks(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain"), *j = profile_search(manual, c, NULL);

	(void)state;
	assert_string_equal(json_str(j, "text"), "[Tiket ABCDE-FGHJK]");
	assert_true(json_is_null(json_object_get(j, "tag")));
	assert_true(json_is_null(json_object_get(j, "institution")));
}

/* --- what waits --- */

#define ID(n_)	"0000000" #n_ "-0000-5000-8000-000000000000"
#define NOW_MS	1795494555000 /* 2026-11-24T04:29:15Z */
#define HOUR_MS (3600 * 1000LL)

static void who_waits_and_for_what(void **state)
{
	static const struct {
		const char *id, *row_state;
		int version;
		const char *state; /* of the complaint now; NULL: not known any more */
		int newest;
		bool waits;
	} cases[] = {
		{ID(1), "handed", 1, "ready", 2, true},
		{ID(1), "parked", 1, NULL, 0, true},
		{ID(1), "rejected", 1, "ready", 1, true},
		{ID(1), "rejected", 1, "ready", 2, false},
		{ID(1), "rejected", 1, "held", 2, true},
		{ID(1), "rejected", 1, "archived", 2, false},
		{ID(1), "refused", 1, "review", 2, true},
		{ID(1), "refused", 1, "ready", 1, true},
		{ID(1), "refused", 1, "ready", 2, false},
		{ID(1), "refused", 1, "merged", 2, false},
	};
	const struct waitlist_conf conf = {
		.now_ms = NOW_MS, .overdue_ms = 48 * HOUR_MS, .zone_minutes = 420};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *waiting = json_pack("[{s:s, s:s, s:i}]", "complaint",
			cases[i].id, "state", cases[i].row_state, "version", cases[i].version);
		_cleanup_json_ json_t *complaints = json_object(), *rows = NULL;

		if (cases[i].state)
			json_set_new(complaints, cases[i].id,
				json_pack("{s:s, s:i}", "state", cases[i].state, "version",
					cases[i].newest));
		rows = waitlist_rows(waiting, complaints, &conf);
		if (json_array_size(rows) != cases[i].waits)
			fail_msg("case %zu: %zu rows", i, json_array_size(rows));
	}
}

static void overdue_first_then_the_oldest(void **state)
{
	static const char *const since[] = {"2026-11-24T03:29:15.000Z", "2026-11-21T04:00:00.000Z",
		"2026-11-22T04:29:15.000Z", "2026-11-22T04:29:14.000Z"};
	static const char *const order[] = {"T1", "T3", "T2", "T0"};
	const struct waitlist_conf conf = {
		.now_ms = NOW_MS, .overdue_ms = 48 * HOUR_MS, .zone_minutes = 420};
	_cleanup_json_ json_t *waiting = json_array(), *complaints = json_object(), *rows = NULL;
	const json_t *first;
	long overdue = 0;

	(void)state;
	for (int i = 0; i < 4; i++) {
		_cleanup_free_ char *ticket = xasprintf("T%d", i);

		json_array_append_new(
			waiting, json_pack("{s:s, s:s, s:s, s:s, s:i}", "complaint", ID(1), "state",
					 i == 1 ? "refused" : "handed", "ticket", ticket, "since",
					 since[i], "reminded", i));
	}
	json_set_str(json_array_get(waiting, 1), "other", ID(2));
	json_set_new(complaints, ID(1),
		json_pack("{s:s, s:i, s:s}", "state", "review", "version", 1, "agency", "Dinas"));
	rows = waitlist_rows(waiting, complaints, &conf);
	for (size_t i = 0; i < 4; i++) {
		const json_t *row = json_array_get(rows, i);

		assert_string_equal(json_str(row, "ticket"), order[i]);
		overdue += json_flag(row, "overdue");
	}
	assert_int_equal(overdue, 2); /* two days to the second are not longer than two days */
	first = json_array_get(rows, 0);
	assert_string_equal(json_str(first, "since"), "2026-11-21 11:00");
	assert_string_equal(json_str(first, "waits"), "3 d 0 h");
	assert_string_equal(json_str(first, "agency"), "Dinas");
	assert_non_null(strstr(json_str(first, "do"), "muaractl show T1"));
	assert_non_null(strstr(json_str(json_array_get(rows, 3), "do"), "resolve T0 --filed"));
	assert_int_equal(json_int(json_array_get(rows, 1), "reminded", 0), 3);
}

static int setup(void **state)
{
	struct err e = {0};

	(void)state;
	if (!profile_load("config/lapor/manual.yaml", &manual, NULL, &e) &&
		!profile_load("config/lapor/lapor-v3.yaml", &v3, NULL, &e))
		return 0;
	print_error("%s\n", e.text);
	return -1;
}

static int teardown(void **state)
{
	(void)state;
	profile_free(manual);
	profile_free(v3);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_files),
		cmocka_unit_test(a_page_each_behind_a_list),
		cmocka_unit_test(csv_of_a_set),
		cmocka_unit_test(what_to_look_for),
		cmocka_unit_test(each_state_has_its_exits),
		cmocka_unit_test(a_profile_without_marks),
		cmocka_unit_test(who_waits_and_for_what),
		cmocka_unit_test(overdue_first_then_the_oldest),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
