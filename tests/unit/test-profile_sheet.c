/* The sheet an officer types from: the national form's order, nothing of a citizen's text becomes
 * markup or a formula, the page needs nothing from elsewhere. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/json.h"
#include "core/profile.h"

static struct profile *manual;

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

static char *html_of(const json_t *c)
{
	struct buf out = BUF_INIT(1 << 20);
	struct err e = {0};

	if (profile_sheet_html(manual, c, "4/17", &out, &e)) {
		print_error("%s\n", e.text);
		fail();
	}
	return buf_take(&out);
}

static char *csv_of(const json_t *c)
{
	struct buf out = BUF_INIT(1 << 20);
	struct err e = {0};

	if (profile_sheet_csv(manual, c, "4/17", &out, &e)) {
		print_error("%s\n", e.text);
		fail();
	}
	return buf_take(&out);
}

static void rows_are_in_the_order_of_the_form(void **state)
{
	static const char *const order[] = {"<h1>Lembar isian SP4N-LAPOR!</h1>",
		"Tiket ABCDE-FGHJK", "Berkas isian 4/17",
		"muaractl resolve ABCDE-FGHJK --filed NOMOR",
		"<th>Judul laporan</th><td>Jalan berlubang di Jalan Veteran</td>",
		"<th>Isi laporan</th><td>[Tiket ABCDE-FGHJK] Jalan berlubang besar",
		"Lampiran yang tidak disertakan: 1 berkas belum dapat diambil.",
		"<th>Tanggal kejadian</th><td>22/11/2026</td>",
		"<th>Lokasi kejadian</th><td>Depan Gerbang Veteran (-7.956100, 112.613300)</td>",
		"<th>Instansi tujuan</th><td>Dinas Perhubungan</td>",
		"<th>Kategori</th><td>Infrastruktur</td>", "<th>Klasifikasi</th><td>Pengaduan</td>",
		"<th>Berkadar pengawasan</th><td>Tidak</td>", "<th>Lampiran</th><td>1. foto.jpg, ",
		"\n2. surat.pdf, application/pdf, 14 byte, berkas d104dbd8",
		"\n3. image, image/jpeg, belum atau tidak dapat diambil</td>",
		"<th>Anonim</th><td>Tidak</td>", "<th>Rahasia</th><td>Tidak</td>",
		"<th>Nama pelapor</th><td>Dewi Lestari</td>",
		"<th>Telepon pelapor</th><td>+6281200000003</td>",
		"<th>Surel pelapor</th><td>-</td>", "</html>"};
	_cleanup_json_ json_t *c = snapshot("attachments");
	_cleanup_free_ char *html = html_of(c);
	const char *at = html;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		const char *next = strstr(at, order[i]);

		if (!next) {
			print_error("missing, or not in its place: %s\n%s\n", order[i], html);
			fail();
			return;
		}
		at = next;
	}
}

static void text_is_never_markup(void **state)
{
	static const char evil[] =
		"</td><script>alert(1)</script><img src=x onerror='a' alt=\"b\">&amp;";
	_cleanup_json_ json_t *c = snapshot("secret");
	_cleanup_free_ char *html = NULL;

	(void)state;
	json_set_str(c, "title", evil);
	json_set_str(c, "text", evil);
	json_set_str(c, "agency", evil);
	json_set_str(json_object_get(c, "reporter"), "name", evil);
	html = html_of(c);
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "<img"));
	assert_null(strstr(html, "\"b\""));
	assert_null(strstr(html, "'a'"));
	assert_non_null(
		strstr(html, "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x "
			     "onerror=&#39;a&#39; alt=&quot;b&quot;&gt;&amp;amp;"));
	assert_non_null(strstr(html, "<th>Anonim</th><td>Ya</td>"));
	assert_non_null(strstr(html, "<th>Rahasia</th><td>Ya</td>"));
}

static void page_needs_nothing_from_elsewhere(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain");
	_cleanup_free_ char *html = html_of(c);

	(void)state;
	assert_null(strstr(html, "http://"));
	assert_null(strstr(html, "https://"));
	assert_null(strstr(html, "src="));
	assert_null(strstr(html, "url("));
	assert_null(strstr(html, "@import"));
	assert_non_null(strstr(html, "default-src 'none'"));
	assert_non_null(strstr(html, "size: A4"));
}

/* One cell as RFC 4180 has it; returns what stands behind. */
static const char *cell(const char *at, struct buf *out)
{
	assert_int_equal(*at, '"');
	for (at++; *at; at++) {
		if (*at == '"' && at[1] == '"')
			at++;
		else if (*at == '"')
			break;
		(void)buf_addc(out, *at);
	}
	assert_int_equal(*at, '"');
	return at + 1;
}

/* Cells of one line, joined by |; the line must end with CR LF and nothing behind. */
static char *cells(const char *line, size_t *ret_n)
{
	struct buf out = BUF_INIT(1 << 20);

	for (*ret_n = 1;; (*ret_n)++) {
		line = cell(line, &out);
		if (*line != ',')
			break;
		line++;
		(void)buf_addc(&out, '|');
	}
	assert_string_equal(line, "\r\n");
	return buf_take(&out);
}

static void csv_has_a_cell_for_each_heading(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments");
	_cleanup_buf_ struct buf head = BUF_INIT(1 << 16);
	_cleanup_free_ char *line = csv_of(c), *names = NULL, *values = NULL;
	size_t n_names, n_values;

	(void)state;
	assert_int_equal(profile_sheet_csv_header(manual, &head), 0);
	names = cells(buf_str(&head), &n_names);
	values = cells(line, &n_values);
	assert_int_equal(n_names, 16);
	assert_int_equal(n_values, 16);
	assert_int_equal(strncmp(names, "Tiket|Berkas isian|Judul laporan|Isi laporan|", 45), 0);
	assert_int_equal(strncmp(values, "ABCDE-FGHJK|4/17|Jalan berlubang di", 34), 0);
	/* a phone number's plus would be taken for a formula */
	assert_non_null(strstr(values, "|Dewi Lestari|'+6281200000003|"));
}

static void csv_is_never_a_formula(void **state)
{
	static const char *const evil[] = {
		"=HYPERLINK(\"x\")", "+1", "-1", "@SUM(A1)", "=1\"\",\r\n=2"};
	_cleanup_json_ json_t *c = snapshot("plain");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(evil); i++) {
		_cleanup_free_ char *line = NULL, *values = NULL, *want = NULL;
		size_t n;

		json_set_str(c, "agency", evil[i]);
		line = csv_of(c);
		values = cells(line, &n);
		want = xasprintf("|'%s|", evil[i]);
		assert_int_equal(n, 16);
		assert_non_null(strstr(values, want));
	}
}

static void what_cannot_be_filed_is_refused(void **state)
{
	_cleanup_json_ json_t *c = snapshot("plain");
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20), small = BUF_INIT(100);
	struct profile *v3 = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(profile_sheet_html(manual, c, "4/17", &small, &e), -E2BIG);
	assert_int_equal(profile_sheet_html(manual, NULL, "4/17", &out, &e), -EINVAL);
	json_set_str(c, "text", "");
	assert_int_equal(profile_sheet_html(manual, c, "4/17", &out, &e), -EINVAL);
	assert_int_equal(profile_sheet_csv(manual, c, "4/17", &out, &e), -EINVAL);
	assert_non_null(strstr(e.text, "no text"));
	assert_int_equal(profile_load("config/lapor/lapor-v3.yaml", &v3, NULL, &e), 0);
	assert_int_equal(profile_sheet_html(v3, c, "4/17", &out, &e), -EINVAL);
	profile_free(v3);
}

static int setup(void **state)
{
	struct err e = {0};

	(void)state;
	if (!profile_load("config/lapor/manual.yaml", &manual, NULL, &e))
		return 0;
	print_error("%s\n", e.text);
	return -1;
}

static int teardown(void **state)
{
	(void)state;
	profile_free(manual);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_in_the_order_of_the_form),
		cmocka_unit_test(text_is_never_markup),
		cmocka_unit_test(page_needs_nothing_from_elsewhere),
		cmocka_unit_test(csv_has_a_cell_for_each_heading),
		cmocka_unit_test(csv_is_never_a_formula),
		cmocka_unit_test(what_cannot_be_filed_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
