/* report_html: an evaluation as one page (see report_page.h).
 *
 * On a telephone each row of a table becomes a block of its own, every figure behind its name; wide
 * tables would have to be pushed from side to side. Plots are drawn for 360 units and grow with the
 * page; every value of a plot stands in a table or a title, too. Colours are told apart in grey
 * (filled against outlined), for printers. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/html.h"
#include "base/json.h"
#include "base/util.h"
#include "core/muara_conf.h"

#include "report_page.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"id\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	"'unsafe-inline'\">\n"
	"<title>Evaluasi laporan warga</title>\n<style>\n"
	"body { font: 1rem/1.45 sans-serif; max-width: 62rem; margin: 0 auto; padding: .8rem; "
	"color: #111; background: #fff; }\n"
	"h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }\n"
	"p { margin: .4rem 0; }\n"
	".angka { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0; padding: 0; }\n"
	".angka div { border: 1px solid #777; padding: .3rem .7rem; min-width: 5.5rem; }\n"
	".angka b { display: block; font-size: 1.4rem; }\n"
	".awas { border: 2px solid #a00; padding: .4rem .7rem; }\n"
	"table { border-collapse: collapse; width: 100%; font-size: .85rem; }\n"
	"th, td { border-bottom: 1px solid #999; padding: .25rem .3rem; text-align: right; "
	"vertical-align: top; }\n"
	"th:first-child, td:first-child, .teks { text-align: left; overflow-wrap: anywhere; }\n"
	"svg { width: 100%; max-width: 40rem; height: auto; display: block; }\n"
	"svg text { font: 12px sans-serif; fill: #111; }\n"
	".m { fill: #fff; stroke: #245; } .k { fill: #245; stroke: #245; } .l { fill: #ddd; }\n"
	"@media screen and (max-width: 44rem) {\n"
	" thead { display: none; } table, tbody, tr, td { display: block; width: auto; }\n"
	" tr { border: 1px solid #777; margin: .6rem 0; padding: .2rem .5rem; }\n"
	" td { display: flex; justify-content: space-between; gap: 1rem; border: 0; padding: .1rem "
	"0; }\n"
	" td:first-child { font-weight: bold; font-size: 1rem; }\n"
	" td::before { content: attr(data-n); font-weight: normal; text-align: left; }\n"
	" td:first-child::before { content: none; }\n"
	" td.nol { display: none; }\n"
	"}\n"
	"@page { size: A4; margin: 12mm; }\n"
	"@media print {\n"
	" html { font-size: 9.5pt; } body { max-width: none; padding: 0; }\n"
	" table { font-size: 7.5pt; } th, td { padding: .8mm .7mm; } tr { break-inside: avoid; }\n"
	" th:first-child, td:first-child { overflow-wrap: break-word; width: 40mm; }\n"
	" figure, .angka, .awas { break-inside: avoid; } h2 { break-after: avoid; }\n"
	" svg { max-width: 115mm; } * { print-color-adjust: exact; -webkit-print-color-adjust: "
	"exact; }\n"
	"}\n"
	"figure { margin: 0; } figcaption { font-size: .85rem; }\n"
	"</style>\n</head>\n<body>\n<main>\n";

static const struct {
	const char *key, *title;
} figures[] = {{"in", "Masuk"}, {"under_way", "Dalam proses"}, {"held", "Belum lengkap"},
	{"review", "Ditinjau"}, {"parked", "Perlu dicek"}, {"refused", "Ditolak"},
	{"handed", "Lembar"}, {"filed", "Terkirim"}, {"closed", "Ditutup"}, {"answered", "Dijawab"},
	{"median_s", "Median"}, {"p90_s", "90 %"}, {"late", "Terlambat"}};

static const struct {
	const char *word, *text;
} words[] = {{"complaint", "Pengaduan"}, {"supervisory", "Pengaduan berkadar pengawasan"},
	{"aspiration", "Aspirasi"}, {"information", "Permintaan informasi"},
	{"whatsapp", "WhatsApp"}, {"call112", "Panggilan 112"}, {"file", "Berkas"},
	{"email", "Email"}, {"social", "Media sosial"}, {"website", "Situs web"},
	{"ghost", "panggilan kosong"}, {"prank", "panggilan iseng"}, {"spam", "spam"},
	{"bounce", "email pantulan"}, {"auto", "jawaban otomatis"}, {"empty", "tanpa isi"},
	{"stale", "terlalu lama"}, {"echo", "pesan kita sendiri"}, {"by a person", "oleh petugas"},
	{"incomplete", "tidak dilengkapi pada waktunya"},
	{"deleted by its author", "ditarik oleh pelapor"}, {"dropped", "tidak jadi dikirim"},
	{"merged", "digabung"}, {"withdrawn", "ditarik"}, {"archived", "diarsipkan"}};

static void add(struct buf *b, const char *s)
{
	for (; *s; s++) {
		const char *as = html_entity(*s);

		if (as)
			buf_adds(b, as);
		else
			buf_addc(b, *s);
	}
}

/* Our words in Indonesian, others (agencies, channels of one's own) as they are. */
static void add_word(struct buf *b, const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].word, s) == 0) {
			buf_adds(b, words[i].text);
			return;
		}
	add(b, *s ? s : "(belum ada)");
}

/* "2026-10-05" -> "5 Oktober 2026" */
static void add_date(struct buf *b, const char *day)
{
	static const char *const months[] = {"Januari", "Februari", "Maret", "April", "Mei", "Juni",
		"Juli", "Agustus", "September", "Oktober", "November", "Desember"};
	int month = 0, d = 0;

	if (sscanf(day, "%*4d-%2d-%2d", &month, &d) != 2 || month < 1 || month > 12)
		return add(b, day);
	buf_addf(b, "%d %s %.4s", d, months[month - 1], day);
}

/* A moment of UTC on the wall clock of the zone in which the days are counted. */
static void add_moment(struct buf *b, const char *utc, const char *zone)
{
	static const char *const names[][2] = {
		{"+07:00", "WIB"}, {"+08:00", "WITA"}, {"+09:00", "WIT"}};
	char local[TIME_TEXT_SIZE];
	int64_t ms;
	int minutes;

	if (time_parse(utc, &ms) || muara_zone_parse(zone, &minutes))
		return add(b, utc);
	time_format(ms + (int64_t)minutes * 60 * 1000, local);
	add_date(b, local);
	buf_addf(b, " pukul %.2s.%.2s ", local + 11, local + 14);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i][0], zone) == 0)
			zone = names[i][1];
	add(b, zone);
}

/* 12345 -> "12.345", as one writes it in Indonesian */
static void add_number(struct buf *b, int64_t n)
{
	if (n < 1000) {
		buf_addf(b, "%" PRId64, n);
		return;
	}
	add_number(b, n / 1000);
	buf_addf(b, ".%03d", (int)(n % 1000));
}

static void add_span(struct buf *b, int64_t s)
{
	if (s < 0)
		buf_adds(b, "–");
	else if (s < 3600)
		buf_addf(b, "%" PRId64 "&nbsp;menit", s / 60);
	else if (s < 48 * 3600)
		buf_addf(b, "%" PRId64 "&nbsp;jam %" PRId64 "&nbsp;mnt", s / 3600, s / 60 % 60);
	else {
		add_number(b, s / 86400);
		buf_addf(b, "&nbsp;hari %" PRId64 "&nbsp;jam", s / 3600 % 24);
	}
}

static void add_figure(struct buf *b, const json_t *row, const char *key)
{
	const json_t *v = json_object_get(row, key);

	if (strcmp(key, "median_s") == 0 || strcmp(key, "p90_s") == 0)
		add_span(b, json_int(row, key, -1));
	else if (json_is_integer(v))
		add_number(b, json_integer_value(v));
	else
		buf_adds(b, "–");
}

/* --- tables --- */

static void figure_cells(struct buf *b, const json_t *row)
{
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		const json_t *v = json_object_get(row, figures[i].key);
		bool nothing = !json_is_integer(v) || json_integer_value(v) == 0;

		buf_addf(b, "<td data-n=\"%s\"%s>", figures[i].title,
			nothing ? " class=\"nol\"" : "");
		add_figure(b, row, figures[i].key);
		buf_adds(b, "</td>");
	}
}

static void figure_table(
	struct buf *b, const char *title, const char *column, const json_t *rows, const char *key)
{
	const json_t *row;
	size_t i;

	if (!json_array_size(rows))
		return;
	buf_addf(b, "<h2>%s</h2>\n<table>\n<thead><tr><th>%s</th>", title, column);
	for (i = 0; i < ARRAY_SIZE(figures); i++)
		buf_addf(b, "<th>%s</th>", figures[i].title);
	buf_adds(b, "</tr></thead>\n<tbody>\n");
	json_array_foreach (rows, i, row) {
		buf_adds(b, "<tr><td>");
		if (key) {
			add_word(b, json_str_or(row, key, ""));
		} else {
			add_word(b, json_str_or(row, "channel", ""));
			buf_adds(b, ", ");
			add_word(b, json_str_or(row, "agency", ""));
			buf_adds(b, ", ");
			add_word(b, json_str_or(row, "classification", ""));
		}
		buf_adds(b, "</td>");
		figure_cells(b, row);
		buf_adds(b, "</tr>\n");
	}
	buf_adds(b, "</tbody>\n</table>\n");
}

static void out_row(struct buf *b, const json_t *row, bool dead)
{
	bool message = strcmp(json_str_or(row, "what", "message"), "message") == 0;

	buf_adds(b, "<tr><td>");
	add_word(b, json_str_or(row, "channel", ""));
	buf_addf(b, "</td><td class=\"teks\" data-n=\"Yang ditutup\">%s</td>",
		message ? "pesan" : "laporan");
	buf_adds(b, "<td class=\"teks\" data-n=\"Sebab\">");
	if (dead)
		buf_adds(b, "tidak terbaca");
	else
		add_word(b, json_str_or(row, "reason", ""));
	buf_adds(b, "</td><td data-n=\"Jumlah\">");
	add_number(b, json_int(row, "count", 0));
	buf_adds(b, "</td></tr>\n");
}

static void out_table(struct buf *b, const json_t *sum)
{
	const json_t *archived = json_object_get(sum, "archived");
	const json_t *dead = json_object_get(sum, "dead"), *row;
	size_t i;

	if (!json_array_size(archived) && !json_array_size(dead))
		return;
	buf_adds(b, "<h2>Diarsipkan dan tidak terbaca</h2>\n<table>\n<thead><tr><th>Kanal</th>"
		    "<th class=\"teks\">Yang ditutup</th><th class=\"teks\">Sebab</th>"
		    "<th>Jumlah</th></tr></thead>\n<tbody>\n");
	json_array_foreach (archived, i, row)
		out_row(b, row, false);
	json_array_foreach (dead, i, row)
		out_row(b, row, true);
	buf_adds(b, "</tbody>\n</table>\n");
}

/* --- plots --- */

#define PLOT_W	     360
#define PLOT_H	     150
#define PLOT_X	     40 /* left of it the scale */
#define PLOT_Y	     128
#define BAR_NAME_MAX 22 /* characters beside a bar, in its BAR_X units */
#define BAR_X	     150
#define BAR_W	     160.0 /* of the longest */
#define BARS_MAX     62	   /* more days: a bar a week */

static int64_t sum_of(const json_t *days, size_t from, size_t n, const char *key)
{
	int64_t total = 0;

	for (size_t i = from; i < from + n && i < json_array_size(days); i++)
		total += json_int(json_array_get(days, i), key, 0);
	return total;
}

static void day_bar(struct buf *b, const json_t *days, size_t from, size_t step, double x, double w,
	int64_t most)
{
	const json_t *first = json_array_get(days, from);
	int64_t in = sum_of(days, from, step, "in"), filed = sum_of(days, from, step, "filed");
	double unit = (PLOT_Y - 12) / (double)most;

	if (step == 1 && !json_flag(first, "works"))
		buf_addf(b,
			"<rect class=\"l\" x=\"%.1f\" y=\"12\" width=\"%.1f\" height=\"%d\"/>\n", x,
			w, PLOT_Y - 12);
	buf_addf(b, "<g><title>%s: masuk ", json_str_or(first, "day", ""));
	add_number(b, in);
	buf_adds(b, ", terkirim ");
	add_number(b, filed);
	buf_adds(b, "</title>");
	buf_addf(b, "<rect class=\"m\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
		x + w * .1, PLOT_Y - (double)in * unit, w * .8, (double)in * unit);
	buf_addf(b,
		"<rect class=\"k\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/></g>\n",
		x + w * .1, PLOT_Y - (double)filed * unit, w * .8, (double)filed * unit);
}

/* Dates below the first bar and every seventh. */
static void day_label(struct buf *b, const json_t *day, double x)
{
	const char *text = json_str_or(day, "day", "");

	if (strlen(text) == 10)
		buf_addf(b, "<text x=\"%.1f\" y=\"%d\">%.2s/%.2s</text>\n", x, PLOT_Y + 14,
			text + 8, text + 5);
}

static void plot_days(struct buf *b, const json_t *days)
{
	size_t n = json_array_size(days), step = n > BARS_MAX ? 7 : 1, bars;
	int64_t most = 1;
	double w;

	for (size_t i = 0; i < n; i += step)
		most = MAX(most, sum_of(days, i, step, "in"));
	bars = (n + step - 1) / step;
	w = (PLOT_W - PLOT_X - 4) / (double)MAX(bars, (size_t)1);
	buf_addf(b,
		"<h2>Masuk dan terkirim per %s</h2>\n<figure>\n<svg viewBox=\"0 0 %d %d\" "
		"role=\"img\" aria-label=\"Laporan masuk dan terkirim\">\n",
		step == 1 ? "hari" : "minggu", PLOT_W, PLOT_H);
	for (size_t k = 0; k < bars; k++) {
		double x = PLOT_X + (double)k * w;

		day_bar(b, days, k * step, step, x, w, most);
		if (k % 7 == 0)
			day_label(b, json_array_get(days, k * step), x);
	}
	buf_adds(b, "<text x=\"0\" y=\"16\">");
	add_number(b, most);
	buf_addf(b, "</text><text x=\"0\" y=\"%d\">0</text>\n", PLOT_Y);
	buf_addf(b, "<path d=\"M%d %dH%d\" stroke=\"#111\"/>\n</svg>\n", PLOT_X, PLOT_Y, PLOT_W);
	buf_adds(b, "<figcaption>Kotak: masuk pada hari itu; bagian penuh: yang sudah terkirim "
		    "hingga kini; abu-abu: bukan hari kerja.</figcaption>\n</figure>\n");
}

static void bar_row(
	struct buf *b, size_t i, const char *name, bool word, int64_t value, int64_t most)
{
	double w = BAR_W * (double)value / (double)MAX(most, 1);
	_cleanup_free_ char *cut = xstrndup(name, BAR_NAME_MAX); /* names of channels are ASCII */
	int y = (int)i * 20;

	buf_addf(b, "<text x=\"0\" y=\"%d\">", y + 14);
	if (word)
		add_word(b, cut);
	else
		add(b, cut);
	buf_addf(b, "</text><rect class=\"k\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"12\"/>",
		BAR_X, y + 4, w);
	buf_addf(b, "<text x=\"%.1f\" y=\"%d\">", BAR_X + 4 + w, y + 14);
	add_number(b, value);
	buf_adds(b, "</text>\n");
}

static void plot_begin(struct buf *b, const char *title, size_t rows)
{
	buf_addf(b,
		"<h2>%s</h2>\n<figure>\n<svg viewBox=\"0 0 360 %zu\" role=\"img\" "
		"aria-label=\"%s\">\n",
		title, rows * 20 + 4, title);
}

static void plot_channels(struct buf *b, const json_t *rows)
{
	const json_t *row;
	int64_t most = 0;
	size_t i;

	if (!json_array_size(rows))
		return;
	plot_begin(b, "Laporan masuk per kanal", json_array_size(rows));
	json_array_foreach (rows, i, row)
		most = MAX(most, json_int(row, "in", 0));
	json_array_foreach (rows, i, row)
		bar_row(b, i, json_str_or(row, "channel", ""), true, json_int(row, "in", 0), most);
	buf_adds(b, "</svg>\n</figure>\n");
}

static void plot_times(struct buf *b, const json_t *times)
{
	static const char *const names[] = {"hingga 15 menit", "hingga 1 jam", "hingga 6 jam",
		"hingga 1 hari", "hingga 3 hari", "lebih lama"};
	const json_t *row;
	int64_t most = 0;
	size_t i;

	json_array_foreach (times, i, row)
		most = MAX(most, json_int(row, "count", 0));
	if (!most)
		return;
	plot_begin(b, "Waktu dari diterima hingga terkirim", json_array_size(times));
	json_array_foreach (times, i, row)
		if (i < ARRAY_SIZE(names))
			bar_row(b, i, names[i], false, json_int(row, "count", 0), most);
	buf_adds(b, "</svg>\n</figure>\n");
}

/* --- the page --- */

static void numbers(struct buf *b, const json_t *total)
{
	static const size_t shown[] = {0, 7, 9, 10, 11, 12}; /* of figures[] */

	buf_adds(b, "<div class=\"angka\">\n");
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		buf_addf(b, "<div>%s<b>", figures[shown[i]].title);
		add_figure(b, total, figures[shown[i]].key);
		buf_adds(b, "</b></div>\n");
	}
	buf_adds(b, "</div>\n");
}

static void warning(struct buf *b, const json_t *w)
{
	const char *code = json_str_or(w, "code", "");
	int64_t year = json_int(w, "year", 0);

	buf_adds(b, "<p class=\"awas\">");
	if (strcmp(code, "calendar-missing") == 0)
		buf_addf(b,
			"Hari libur tahun %" PRId64
			" belum ada dalam kalender: hanya Sabtu dan Minggu yang dihitung libur.",
			year);
	else if (strcmp(code, "calendar-reckoned") == 0)
		buf_addf(b,
			"Hari libur tahun %" PRId64
			" adalah perkiraan, belum menurut SKB 3 Menteri: keterlambatan dapat "
			"berubah.",
			year);
	else
		buf_addf(b, "Kalender hari libur segera habis: tambahkan tahun %" PRId64 ".", year);
	buf_adds(b, "</p>\n");
}

static void add_head(struct buf *b, const json_t *sum)
{
	const json_t *p = json_object_get(sum, "period"), *w;
	size_t i;

	buf_adds(b, head);
	buf_adds(b, "<h1>Evaluasi laporan warga</h1>\n<p>Diterima ");
	add_date(b, json_str_or(p, "from", ""));
	buf_adds(b, " s.d. ");
	add_date(b, json_str_or(p, "to", ""));
	if (json_str(p, "tenant")) {
		buf_adds(b, ", ");
		add(b, json_str(p, "tenant"));
	}
	buf_adds(b, ". Keadaan pada ");
	add_moment(b, json_str_or(p, "as_of", ""), json_str_or(p, "zone", ""));
	buf_adds(b, ".</p>\n");
	json_array_foreach (json_object_get(sum, "warnings"), i, w)
		warning(b, w);
}

static void add_notes(struct buf *b, const json_t *sum)
{
	buf_adds(b, "<h2>Cara menghitung</h2>\n"
		    "<p>Masuk = dalam proses + belum lengkap + ditinjau + perlu dicek + ditolak + "
		    "lembar + terkirim + ditutup. Perlu dicek: jawaban sistem nasional tidak "
		    "pasti, petugas memeriksa. Lembar: lembar isian ada pada petugas, nomornya "
		    "belum dicatat.</p>\n"
		    "<p>Median dan 90 %: waktu dari diterima hingga terkirim yang tidak dilampaui "
		    "oleh setengah, atau sembilan dari sepuluh, laporan yang terkirim. Terlambat: "
		    "tidak terkirim hingga akhir hari kerja ketiga setelah hari diterima.</p>\n");
	if (!json_flag(sum, "status_polling"))
		buf_adds(b, "<p>Dijawab: belum diketahui, karena status di SP4N-LAPOR! belum "
			    "dibaca.</p>\n");
	else
		buf_adds(b, "<p>Dijawab: status terakhir di SP4N-LAPOR! adalah selesai, diarsipkan "
			    "atau ditolak.</p>\n");
	if (json_int(sum, "unattributed", 0)) {
		buf_adds(b, "<p>");
		add_number(b, json_int(sum, "unattributed", 0));
		buf_adds(b, " pesan yang tidak menjadi laporan tidak dihitung: pemiliknya "
			    "tidak diketahui lagi.</p>\n");
	}
	buf_adds(b, "<p>Halaman ini tidak memuat data pribadi.</p>\n");
}

void report_html(struct buf *out, const json_t *sum)
{
	add_head(out, sum);
	numbers(out, json_object_get(sum, "total"));
	plot_days(out, json_object_get(sum, "days"));
	plot_channels(out, json_object_get(sum, "channels"));
	plot_times(out, json_object_get(sum, "times"));
	figure_table(out, "Per kanal", "Kanal", json_object_get(sum, "channels"), "channel");
	figure_table(out, "Per instansi", "Instansi", json_object_get(sum, "agencies"), "agency");
	figure_table(out, "Per klasifikasi", "Klasifikasi", json_object_get(sum, "classifications"),
		"classification");
	figure_table(out, "Per kanal, instansi dan klasifikasi", "Kanal, instansi, klasifikasi",
		json_object_get(sum, "rows"), NULL);
	out_table(out, sum);
	add_notes(out, sum);
	buf_adds(out, "</main>\n</body>\n</html>\n");
}
