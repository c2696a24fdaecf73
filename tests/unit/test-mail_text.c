/* mail_text: history and signatures in Indonesian, English and both; what is cautious. */
// uses: daemons/email/quote_trim.c
// uses: daemons/email/charset.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "base/util.h"
#include "core/html_text.h"
#include "daemons/email/charset.h"
#include "daemons/email/quote_trim.h"

#include <cmocka.h>

struct trim_case {
	const char *text, *want; /* want NULL: all is kept */
};

static void trims(const struct trim_case *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool cut;
		_cleanup_free_ char *got = quote_trim(c[i].text, false, &cut);

		assert_string_equal(got, c[i].want ? c[i].want : c[i].text);
		assert_int_equal(cut, c[i].want != NULL);
	}
}

static void test_history(void **state)
{
	static const struct trim_case cases[] = {
		{"Lampu masih mati.\n\nPada Sen, 3 Nov 2026 pukul 10.00 Dinas "
		 "<a@b.go.id>\nmenulis:\n\n> Sudah kami perbaiki.\n> Salam",
			"Lampu masih mati."},
		{"Masih rusak\n\nOn Mon, Nov 3, 2026 at 10:00 AM Dinas wrote:\n> Sudah",
			"Masih rusak"},
		{"Belum ada petugas\n\nPada tanggal Sel, 4 Nov 2026 08.00, Budi menulis:\nSudah "
		 "dikirim.",
			"Belum ada petugas"},
		{"Tolong dicek\n\n-----Pesan Asli-----\nDari: a\nIsi lama", "Tolong dicek"},
		{"Please check\n\n-----Original Message-----\nFrom: a\nold", "Please check"},
		{"Jalan rusak\n\nDari: Dinas\nDikirim: Senin\nKepada: Budi\nPerihal: "
		 "laporan\n\nlama",
			"Jalan rusak"},
		{"Jalan rusak\n\nFrom: Dinas\nSent: Monday\nTo: Budi\nSubject: x\n\nold",
			"Jalan rusak"},
		{"> Di mana lokasinya?\nJalan Ijen 5.\n> Sejak kapan?\nKemarin.",
			"Jalan Ijen 5.\nKemarin."},
	};

	(void)state;
	trims(cases, ARRAY_SIZE(cases));
}

static void test_signatures(void **state)
{
	static const struct trim_case cases[] = {
		{"Sampah menumpuk\n\n-- \nBudi\nRT 3", "Sampah menumpuk"},
		{"Air mati\n\nDikirim dari iPhone saya", "Air mati"},
		{"Air mati\n\nSent from my Samsung Galaxy", "Air mati"},
		{"Air mati\n\nHormat saya,\n\nBudi Santoso", "Air mati"},
		{"Air mati\n\nTerima kasih\nSalam,\nBudi", "Air mati"},
		{"Air mati\n\nThanks and regards\nBudi\n\nOn Mon Budi wrote:\n> lama", "Air mati"},
	};

	(void)state;
	trims(cases, ARRAY_SIZE(cases));
}

static void test_what_may_be_the_complaint_stays(void **state)
{
	static const struct trim_case cases[] = {
		{"Terima kasih.\nLokasi: depan pasar", NULL},
		{"Lampu mati\n\nTerima kasih\nJalan Veteran gang dua", NULL},
		{"Lampu mati\n\nTerima kasih\nRT 03 RW 05", NULL},
		{"Pada hari Senin jalan itu rusak lagi:\nlubang besar", NULL},
		{"Dari: pasar sampai terminal jalan rusak", NULL},
		{"> semuanya kutipan", NULL},
		{"--\nBudi", NULL},
		{"Salam", NULL},
		{"---------- Pesan terusan ---------\nDari: Ani\nTanggal: x\nPerihal: y\nKepada: "
		 "z\n\nJalan rusak",
			NULL},
		{"Begin forwarded message:\n\nFrom: Ani\nTo: z\nSubject: y\n\nJalan rusak\n\n--"
		 "\nAni",
			NULL},
		{"", NULL},
	};

	(void)state;
	trims(cases, ARRAY_SIZE(cases));
}

static void test_a_forward_is_never_cut(void **state)
{
	bool cut;
	_cleanup_free_ char *got =
		quote_trim("From: Ani\nSent: x\nTo: y\nSubject: z\n\nJalan rusak", true, &cut);

	(void)state;
	assert_false(cut);
	assert_non_null(strstr(got, "Jalan rusak"));
}

static void test_html(void **state)
{
	static const char *const cases[][2] = {
		{"<p>Lampu &amp; jalan</p><p>rusak</p>", "Lampu & jalan\n\nrusak"},
		{"<html><head><title>x</title><style>p{}</style></head><body>isi<br>dua</body>",
			"isi\ndua"},
		{"a<script>if (a<b) alert('</p>')</script>b", "ab"},
		{"<!-- <p>tidak</p> -->ya", "ya"},
		{"a < b dan c > d", "a < b dan c > d"},
		{"<ul><li>satu<li>dua</ul>", "- satu\n- dua"},
		{"&#233;&#xE9;&eacute;&nbsp;&tidak; &#0;", "ééé &tidak; \xEF\xBF\xBD"},
		{"ya<blockquote>lama<br>sekali</blockquote>akhir", "ya\n> lama\n> sekali\nakhir"},
		{"di <a href=\"https://maps.example/?q=-7.9,112.6\">sini</a>.",
			"di sini <https://maps.example/?q=-7.9,112.6>."},
		{"<a href='https://a.example/x'>https://a.example/x</a>", "https://a.example/x"},
		{"<img alt=\"tidak ditutup>tetap ada", "tetap ada"},
		{"<head>lupa ditutup", "lupa ditutup"},
		{"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
		{"", ""},
		{"<", "<"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *got = html_text(cases[i][0], strlen(cases[i][0]));

		assert_string_equal(got, cases[i][1]);
	}
}

static void test_html_history_is_cut(void **state)
{
	const char *html = "<div>Masih mati</div><div class=\"gmail_quote\"><div>Pada Sen Budi "
			   "menulis:<br></div><blockquote>Sudah</blockquote></div>";
	_cleanup_free_ char *text = html_text(html, strlen(html)), *got = NULL;
	bool cut;

	(void)state;
	got = quote_trim(text, false, &cut);
	assert_string_equal(got, "Masih mati");
}

/* Many things that never close: the time stays linear (this test ends). */
static void test_html_bombs(void **state)
{
	static const char *const bombs[] = {"<title>", "<a x=\"", "<!--", "<style>", "<blockquote>",
		"<a href=x>", "&#", "</", "<a x='"};
	enum { TIMES = 200000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bombs); i++) {
		size_t len = strlen(bombs[i]);
		_cleanup_free_ char *html = xmalloc(len * TIMES), *got = NULL;

		for (size_t k = 0; k < TIMES; k++)
			memcpy(html + k * len, bombs[i], len);
		got = html_text(html, len * TIMES);
		assert_true(strlen(got) <= HTML_TEXT_MAX);
	}
}

static void test_charsets(void **state)
{
	static const struct {
		const char *label, *bytes, *want;
	} cases[] = {{"utf-8", "caf\xC3\xA9", "café"}, {NULL, "caf\xC3\xA9", "café"},
		{"us-ascii", "caf\xC3\xA9", "café"},
		{"iso-8859-1",
			"\x93"
			"ya\x94",
			"“ya”"},
		{NULL, "caf\xE9", "café"}, {"utf-8", "caf\xE9", "café"},
		{"utf-8", "\xC3\xA9 caf\xE9", "é caf\xEF\xBF\xBD"}, {"x-entah", "caf\xE9", "café"},
		{"iso-2022-jp", "\x1B$B$9\x1B(B", "す"}, {"ks_c_5601-1987", "\xBD\xBA", "스"},
		{"windows-1251", "\xC4\xE0", "Да"}, {"koi8-r", "\xE4\xC1", "Да"},
		{"utf-8", "", ""}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n;
		_cleanup_free_ char *got =
			charset_utf8(cases[i].bytes, strlen(cases[i].bytes), cases[i].label, &n);

		assert_string_equal(got, cases[i].want);
		assert_int_equal(n, strlen(got));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_what_may_be_the_complaint_stays),
		cmocka_unit_test(test_a_forward_is_never_cut),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_html_history_is_cut),
		cmocka_unit_test(test_html_bombs),
		cmocka_unit_test(test_charsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
