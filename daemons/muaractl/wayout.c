/* wayout: see wayout.h.
 *
 * The window in which to look begins with the call's INTENT and ends when it was parked: by then
 * the call was over, or could not travel any more (lane.md 18). What remains unknown is said: a
 * call may still arrive after a person has looked, and a resend is then the second. */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"

#include "wayout.h"

#define LINE_MAX_BYTES	 2000
#define LINES_MAX	 12
#define WINDOW_MARGIN_MS (5 * 60 * 1000) /* their clock is not ours */

enum way { WAY_PARKED, WAY_PARKED_CALL, WAY_REJECTED, WAY_HANDED, WAY_HANDED_NEWS, WAYS };

/* %s: the attempt. An exit of which a language says nothing is not offered. */
static const struct way_words {
	struct {
		const char *when, *act, *paper;
	} exits[3];
	const char *unknown, *paper_unknown;
} words[WAYS] = {
	[WAY_PARKED] =
		{{{"it is there", "muaractl resolve %s --filed NUMBER --date YYYY-MM-DD --why ...",
			  "Jika sudah ada di SP4N-LAPOR!: catat nomornya. muaractl resolve %s "
			  "--filed NOMOR --date TANGGAL --why ..."},
			 {"it is not there", "muaractl resolve %s --resend --why ...",
				 "Jika belum ada: kirim ulang, atau salin isian di bawah ke "
				 "formulir lalu catat nomornya. muaractl resolve %s --resend --why "
				 "..."},
			 {"it is not to be filed", "muaractl resolve %s --drop --why ...",
				 "Jika tidak perlu dilaporkan: muaractl resolve %s --drop --why "
				 "..."}},
			"whether the call arrives after you have looked: look once more right "
			"before "
			"--resend; if it does arrive then, the report is there twice",
			"Yang tetap tidak diketahui: panggilan pertama mungkin baru tiba setelah "
			"Anda "
			"mencari. Cari sekali lagi tepat sebelum mengirim ulang."},
	[WAY_PARKED_CALL] =
		{{{"the report shows it",
			  "muaractl resolve %s --filed NUMBER --why ... (the report's number)",
			  "Jika laporan sudah memuatnya: muaractl resolve %s --filed NOMOR --why "
			  "..."},
			 {"the report does not show it", "muaractl resolve %s --resend --why ...",
				 "Jika belum: muaractl resolve %s --resend --why ..."},
			 {"it is not needed", "muaractl resolve %s --drop --why ...",
				 "Jika tidak perlu: muaractl resolve %s --drop --why ..."}},
			"whether the call arrives after you have looked",
			"Yang tetap tidak diketahui: panggilan pertama mungkin baru tiba setelah "
			"Anda "
			"mencari."},
	[WAY_REJECTED] =
		{{{"you typed it into the form by hand",
			  "muaractl resolve %s --filed NUMBER --date YYYY-MM-DD --why ...",
			  "Salin isian di bawah ke formulir, lalu catat nomornya: muaractl resolve "
			  "%s --filed NOMOR --date TANGGAL --why ..."},
			 {"what was refused is mended there, or by muaractl complete",
				 "muaractl resolve %s --resend --why ... (a newer version is sent "
				 "by itself)",
				 "Jika penyebabnya sudah diperbaiki: muaractl resolve %s --resend "
				 "--why ..."},
			 {"it is not to be filed", "muaractl resolve %s --drop --why ...",
				 "Jika tidak perlu dilaporkan: muaractl resolve %s --drop --why "
				 "..."}},
			"nothing: it was refused, so it is not there",
			"Laporan ini ditolak, jadi tidak tercatat di sana."},
	[WAY_HANDED] =
		{{{"you have typed it in",
			  "muaractl resolve %s --filed NUMBER --date YYYY-MM-DD --why ...", NULL},
			 {"the sheet is lost or was never typed in",
				 "muaractl resolve %s --resend --why ... (a new sheet)", NULL},
			 {"it is not to be filed", "muaractl resolve %s --drop --why ...", NULL}},
			"whether somebody has typed the sheet in and not told: look there first",
			NULL},
	[WAY_HANDED_NEWS] =
		{{{"you have told the report",
			  "muaractl resolve %s --filed NUMBER --why ... (the report's own number)",
			  NULL},
			 {"the page is lost or was never told",
				 "muaractl resolve %s --resend --why ... (a new page)", NULL},
			 {"the report need not know it", "muaractl resolve %s --drop --why ...",
				 NULL}},
			"whether somebody has told it and not said so: look at the report first",
			NULL},
};

static enum way way_of(const char *state, const char *call)
{
	if (strcmp(state, "handed") == 0)
		return strcmp(call, "followup") == 0 ? WAY_HANDED_NEWS : WAY_HANDED;
	if (strcmp(state, "rejected") == 0)
		return WAY_REJECTED;
	return strcmp(call, "create") == 0 || strcmp(call, "sheet") == 0 ? WAY_PARKED
									 : WAY_PARKED_CALL;
}

static void local_text(int64_t wall_ms, int zone_minutes, char ret[LOCAL_TIME_SIZE])
{
	char text[TIME_TEXT_SIZE];

	time_format(wall_ms + zone_minutes * 60000LL, text);
	snprintf(ret, LOCAL_TIME_SIZE, "%.10s %.5s", text, text + 11);
}

void local_time(const char *at, int zone_minutes, char ret[LOCAL_TIME_SIZE])
{
	int64_t ms;

	if (!at || time_parse(at, &ms))
		snprintf(ret, LOCAL_TIME_SIZE, "?");
	else
		local_text(ms, zone_minutes, ret);
}

static void set_window(json_t *look, const char *key, const char *at, int64_t margin_ms, int zone)
{
	char text[LOCAL_TIME_SIZE] = "?";
	int64_t ms;

	if (at && !time_parse(at, &ms))
		local_text(ms + margin_ms, zone, text);
	json_set_str(look, key, text);
}

static json_t *look_for(
	const json_t *row, const json_t *search, const char *agency, int zone_minutes)
{
	_cleanup_free_ char *mark = xasprintf("[Tiket %s]", json_str_or(row, "ticket", "?"));
	json_t *look = json_object();

	json_set_str(look, "text", search ? json_str(search, "text") : mark);
	json_set_str(look, "tag", json_str(search, "tag"));
	json_set_str(look, "institution", json_str(search, "institution"));
	json_set_str(look, "agency", *agency ? agency : NULL);
	set_window(look, "from", json_str(row, "begun"), -WINDOW_MARGIN_MS, zone_minutes);
	set_window(look, "to", json_str(row, "since"), WINDOW_MARGIN_MS, zone_minutes);
	return look;
}

static json_t *exits_of(const struct way_words *w, const char *attempt)
{
	json_t *exits = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(w->exits); i++) {
		_cleanup_buf_ struct buf act = BUF_INIT(LINE_MAX_BYTES);
		const char *at = strstr(w->exits[i].act, "%s");
		json_t *one = json_object();

		(void)buf_addf(&act, "%.*s%s%s", (int)(at - w->exits[i].act), w->exits[i].act,
			attempt, at + 2);
		json_set_str(one, "when", w->exits[i].when);
		json_set_str(one, "do", buf_str(&act));
		json_array_append_new(exits, one);
	}
	return exits;
}

json_t *wayout_of(const json_t *row, const json_t *search, const char *agency, int zone_minutes)
{
	static const char *const copied[] = {"ticket", "attempt", "state", "call", "destination",
		"reason", "http_status", "lane", "complaint"};
	const struct way_words *w =
		&words[way_of(json_str_or(row, "state", ""), json_str_or(row, "call", ""))];
	json_t *j = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		json_object_set(j, copied[i], json_object_get(row, copied[i]));
	if (strcmp(json_str_or(row, "state", ""), "parked") == 0)
		json_set_new(j, "look_for", look_for(row, search, agency, zone_minutes));
	json_set_new(j, "exits", exits_of(w, json_str_or(row, "attempt", "?")));
	json_set_str(j, "unknown", w->unknown);
	return j;
}

/* --- for paper --- */

static void add_line(char **lines, size_t *n, struct buf *line)
{
	if (*n + 1 < LINES_MAX && line->len)
		lines[(*n)++] = buf_take(line);
	buf_reset(line);
}

static void what_happened(const json_t *j, struct buf *line)
{
	const bool parked = strcmp(json_str_or(j, "state", ""), "parked") == 0;
	const int64_t http = json_int(j, "http_status", 0);

	(void)buf_adds(line, parked ? "Tidak diketahui apakah laporan ini sudah tercatat"
				    : "Laporan ini ditolak oleh SP4N-LAPOR!");
	(void)buf_addf(line, " (%s", json_str_or(j, "reason", "-"));
	if (http)
		(void)buf_addf(line, ", HTTP %lld", (long long)http);
	(void)buf_adds(line, ").");
}

static void where_to_look(const json_t *look, struct buf *line)
{
	static const struct {
		const char *key, *label;
	} parts[] = {{"text", "teks"}, {"tag", "tagar"}, {"institution", "nomor instansi"},
		{"agency", "tujuan"}};

	(void)buf_adds(line, "Cari di admin SP4N-LAPOR!: ");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (json_str(look, parts[i].key))
			(void)buf_addf(
				line, "%s \"%s\"; ", parts[i].label, json_str(look, parts[i].key));
	(void)buf_addf(line, "masuk antara %s dan %s; judul seperti di bawah.",
		json_str_or(look, "from", "?"), json_str_or(look, "to", "?"));
}

char **wayout_lines(const json_t *j)
{
	const struct way_words *w =
		&words[way_of(json_str_or(j, "state", ""), json_str_or(j, "call", ""))];
	_cleanup_buf_ struct buf line = BUF_INIT(LINE_MAX_BYTES);
	char **lines = xcalloc(LINES_MAX, sizeof *lines);
	const json_t *look = json_object_get(j, "look_for");
	size_t n = 0;

	what_happened(j, &line);
	add_line(lines, &n, &line);
	if (look)
		where_to_look(look, &line);
	add_line(lines, &n, &line);
	for (size_t i = 0; i < ARRAY_SIZE(w->exits); i++) {
		const char *s = w->exits[i].paper, *at = s ? strstr(s, "%s") : NULL;

		if (at)
			(void)buf_addf(&line, "%.*s%s%s", (int)(at - s), s,
				json_str_or(j, "attempt", "?"), at + 2);
		add_line(lines, &n, &line);
	}
	if (w->paper_unknown)
		(void)buf_adds(&line, w->paper_unknown);
	add_line(lines, &n, &line);
	return lines;
}

void wayout_lines_free(char **lines)
{
	for (char **l = lines; l && *l; l++)
		free(*l);
	free(lines);
}
