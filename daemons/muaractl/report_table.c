/* report_table: an evaluation for a terminal, and as CSV (see report_page.h). */
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

#include "print.h"
#include "report_page.h"

#define FIGURES                                                                                    \
	{"in", "IN", true}, {"under_way", "= UNDER WAY", true}, {"held", "+ HELD", true},          \
		{"review", "+ REVIEW", true}, {"parked", "+ PARKED", true},                        \
		{"refused", "+ REFUSED", true}, {"handed", "+ HANDED", true},                      \
		{"filed", "+ FILED", true}, {"closed", "+ CLOSED", true},                          \
		{"answered", "ANSWERED", true}, {"median", "MEDIAN", true}, {"p90", "90 %", true}, \
		{"late", "LATE", true},                                                            \
	{                                                                                          \
		"late_pending", "(PENDING)", true                                                  \
	}

static const struct print_column total_columns[] = {FIGURES, {}};
static const struct print_column channel_columns[] = {{"channel", "CHANNEL", false}, FIGURES, {}};
static const struct print_column agency_columns[] = {{"agency", "AGENCY", false}, FIGURES, {}};
static const struct print_column class_columns[] = {
	{"classification", "CLASSIFICATION", false}, FIGURES, {}};
static const struct print_column row_columns[] = {{"channel", "CHANNEL", false},
	{"agency", "AGENCY", false}, {"classification", "CLASSIFICATION", false}, FIGURES, {}};
static const struct print_column archived_columns[] = {{"channel", "CHANNEL", false},
	{"what", "ARCHIVED", false}, {"reason", "REASON", false}, {"count", "COUNT", true}, {}};
static const struct print_column dead_columns[] = {
	{"channel", "CHANNEL", false}, {"count", "DEAD MESSAGES", true}, {}};

/* "12 min", "3 h 05 min", "2 d 04 h" */
static char *span_text(int64_t s)
{
	if (s < 3600)
		return xasprintf("%" PRId64 " min", s / 60);
	if (s < 48 * 3600)
		return xasprintf("%" PRId64 " h %02" PRId64 " min", s / 3600, s / 60 % 60);
	return xasprintf("%" PRId64 " d %02" PRId64 " h", s / 86400, s / 3600 % 24);
}

static void set_span(json_t *row, const char *key, const char *from)
{
	int64_t s = json_int(row, from, -1);
	_cleanup_free_ char *text = s < 0 ? NULL : span_text(s);

	json_set_str(row, key, text);
}

static json_t *readable(const json_t *row)
{
	static const char *const names[] = {"channel", "agency", "classification"};
	json_t *copy = json_deep_copy(row);

	set_span(copy, "median", "median_s");
	set_span(copy, "p90", "p90_s");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (json_str(copy, names[i]) && !*json_str(copy, names[i]))
			json_set_str(copy, names[i], "-");
	return copy;
}

static void table(FILE *out, const struct print_column *columns, const json_t *rows)
{
	_cleanup_json_ json_t *shown = json_array();
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		json_array_append_new(shown, readable(row));
	if (!json_array_size(rows))
		return;
	print_table(out, columns, shown, NULL);
	fputc('\n', out);
}

static void print_warning(FILE *out, const json_t *w)
{
	const char *code = json_str_or(w, "code", "");
	long long year = (long long)json_int(w, "year", 0);

	if (strcmp(code, "calendar-missing") == 0)
		fprintf(out,
			"WARNING: holidays.yaml has no year %lld: only Saturdays and Sundays count "
			"as "
			"free there\n",
			year);
	else if (strcmp(code, "calendar-reckoned") == 0)
		fprintf(out,
			"WARNING: the holidays of %lld are reckoned, not decreed: check "
			"holidays.yaml\n",
			year);
	else
		fprintf(out,
			"WARNING: the calendar ends soon: add the holidays of %lld to "
			"holidays.yaml\n",
			year);
}

static void print_notes(FILE *out, const json_t *sum)
{
	const json_t *w;
	size_t i;

	if (!json_flag(sum, "status_polling"))
		fputs("answered: not known, no status of a filed complaint was read yet\n", out);
	fputs("late: not filed by the end of the third working day behind the day of receipt\n",
		out);
	if (json_int(sum, "unattributed", 0))
		fprintf(out,
			"%lld archived or dead messages are left out: whose they are is not known "
			"any more\n",
			(long long)json_int(sum, "unattributed", 0));
	json_array_foreach (json_object_get(sum, "warnings"), i, w)
		print_warning(out, w);
}

void report_table(FILE *out, const json_t *sum)
{
	const json_t *p = json_object_get(sum, "period");
	_cleanup_json_ json_t *total = json_array();

	json_array_append(total, json_object_get(sum, "total"));
	fprintf(out, "received %s to %s (%s), as of %s%s%s\n\n", json_str_or(p, "from", ""),
		json_str_or(p, "to", ""), json_str_or(p, "zone", ""), json_str_or(p, "as_of", ""),
		json_str(p, "tenant") ? ", " : "", json_str_or(p, "tenant", ""));
	table(out, total_columns, total);
	table(out, channel_columns, json_object_get(sum, "channels"));
	table(out, agency_columns, json_object_get(sum, "agencies"));
	table(out, class_columns, json_object_get(sum, "classifications"));
	table(out, row_columns, json_object_get(sum, "rows"));
	table(out, archived_columns, json_object_get(sum, "archived"));
	table(out, dead_columns, json_object_get(sum, "dead"));
	print_notes(out, sum);
}

/* --- CSV --- */

static const char *const names[] = {"channel", "agency", "classification", "what", "reason"};
static const char *const numbers[] = {"count", "in", "under_way", "held", "review", "parked",
	"refused", "handed", "filed", "closed", "answered", "median_s", "p90_s", "late",
	"late_pending"};

static void csv_text(FILE *out, const char *s)
{
	fputs(",\"", out);
	if (*s && strchr("=+-@\t\r", *s))
		fputc('\'', out);
	for (; *s; s++)
		fputs(*s == '"' ? "\"\"" : (char[2]){*s, '\0'}, out);
	fputc('"', out);
}

static void csv_row(FILE *out, const char *by, const json_t *row)
{
	fputs(by, out);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		csv_text(out, json_str_or(row, names[i], ""));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const json_t *v = json_object_get(row, numbers[i]);

		fputc(',', out);
		if (json_is_integer(v))
			fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	}
	fputs("\r\n", out);
}

void report_csv(FILE *out, const json_t *sum)
{
	static const struct {
		const char *member, *by;
	} parts[] = {{"channels", "channel"}, {"agencies", "agency"},
		{"classifications", "classification"}, {"rows", "each"}, {"archived", "archived"},
		{"dead", "dead"}};
	const json_t *row;
	size_t k;

	fputs("by", out);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		fprintf(out, ",%s", names[i]);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		fprintf(out, ",%s", numbers[i]);
	fputs("\r\n", out);
	csv_row(out, "total", json_object_get(sum, "total"));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		json_array_foreach (json_object_get(sum, parts[i].member), k, row)
			csv_row(out, parts[i].by, row);
}
