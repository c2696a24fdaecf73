// uses: daemons/muaractl/books.c
// uses: daemons/muaractl/books_report.c
// uses: daemons/muaractl/books_sum.c
// uses: daemons/muaractl/print.c
// uses: daemons/muaractl/report_html.c
// uses: daemons/muaractl/report_sum.c
// uses: daemons/muaractl/report_table.c
/* report: figures as tables: facts in, what the sum must say; then records in, through the books;
 * then what each rendering must hold. The period is October 2026 in Jakarta unless said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/muaractl/books.h"
#include "daemons/muaractl/report_page.h"
#include "daemons/muaractl/report_sum.h"

#define NOW "2026-11-24T04:00:00Z"

static int64_t at(const char *text)
{
	int64_t ms = 0;

	if (text && time_parse(text, &ms))
		fail_msg("%s", text);
	return ms;
}

struct bed {
	struct workdays *workdays;
	struct report_conf conf;
	struct report *report;
};

static void bed_open(struct bed *b, const char *from, const char *to, const char *now)
{
	struct err e = {0};

	*b = (struct bed){0};
	if (workdays_load("config/holidays.yaml", &b->workdays, NULL, &e))
		fail_msg("%s", e.text);
	b->conf = (struct report_conf){
		.workdays = b->workdays, .zone_minutes = 420, .now_ms = at(now)};
	assert_int_equal(day_parse(from, &b->conf.from_day), 0);
	assert_int_equal(day_parse(to, &b->conf.to_day), 0);
	b->report = report_new(&b->conf);
}

static void bed_close(struct bed *b)
{
	report_free(b->report);
	workdays_free(b->workdays);
}

struct fact {
	const char *received, *filed;
	enum report_end end;
	bool answered;
};

static void feed(struct report *r, const struct fact *f)
{
	for (; f->received; f++)
		report_complaint(r, &(struct report_complaint){.tenant = "malang",
					    .channel = "whatsapp",
					    .agency = "",
					    .classification = "complaint",
					    .received_ms = at(f->received),
					    .filed_ms = f->filed ? at(f->filed) : 0,
					    .end = f->end,
					    .closed = "by a person",
					    .answered = f->answered});
}

/* "in under_way held review parked refused handed filed closed answered median p90 late pending";
 * -1 = not known. */
static char *spell(const json_t *g)
{
	static const char *const keys[] = {"in", "under_way", "held", "review", "parked", "refused",
		"handed", "filed", "closed", "answered", "median_s", "p90_s", "late",
		"late_pending"};
	struct buf b = BUF_INIT(1000);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		buf_addf(&b, "%s%lld", i ? " " : "", (long long)json_int(g, keys[i], -1));
	return buf_take(&b);
}

#define FILED(received, filed)                       \
	{                                            \
		received, filed, REPORT_FILED, false \
	}
#define OTHER(received, end)               \
	{                                  \
		received, NULL, end, false \
	}
#define DAY "2026-10-05T02:00:00Z" /* a Monday morning in Jakarta; due by Thursday, the 8th */

static const struct sum_case {
	const char *name, *now;
	struct fact facts[12];
	const char *total;
} sums[] = {
	{"nothing", NOW, {{0}}, "0 0 0 0 0 0 0 0 0 -1 -1 -1 0 0"},
	{"filed in ten minutes", NOW, {FILED(DAY, "2026-10-05T02:10:00Z")},
		"1 0 0 0 0 0 0 1 0 -1 600 600 0 0"},
	{"the last moment", NOW, {FILED(DAY, "2026-10-08T16:59:59.999Z")},
		"1 0 0 0 0 0 0 1 0 -1 313199 313199 0 0"},
	{"the first moment too late", NOW, {FILED(DAY, "2026-10-08T17:00:00Z")},
		"1 0 0 0 0 0 0 1 0 -1 313200 313200 1 0"},
	{"pending in time", "2026-10-08T16:00:00Z", {OTHER(DAY, REPORT_HELD)},
		"1 0 1 0 0 0 0 0 0 -1 -1 -1 0 0"},
	{"pending too late", "2026-10-08T17:00:00Z", {OTHER(DAY, REPORT_HELD)},
		"1 0 1 0 0 0 0 0 0 -1 -1 -1 1 1"},
	{"closed is never late", NOW, {OTHER(DAY, REPORT_CLOSED)},
		"1 0 0 0 0 0 0 0 1 -1 -1 -1 0 0"},
	{"each end", NOW,
		{OTHER(DAY, REPORT_UNDER_WAY), OTHER(DAY, REPORT_HELD), OTHER(DAY, REPORT_REVIEW),
			OTHER(DAY, REPORT_PARKED), OTHER(DAY, REPORT_REFUSED),
			OTHER(DAY, REPORT_HANDED), OTHER(DAY, REPORT_CLOSED), FILED(DAY, DAY)},
		"8 1 1 1 1 1 1 1 1 -1 0 0 6 6"},
	{"the month is local", NOW,
		{OTHER("2026-09-30T16:59:59.999Z", REPORT_HELD),
			OTHER("2026-09-30T17:00:00Z", REPORT_REVIEW),
			OTHER("2026-10-31T16:59:59.999Z", REPORT_CLOSED),
			OTHER("2026-10-31T17:00:00Z", REPORT_PARKED)},
		"2 0 0 1 0 0 0 0 1 -1 -1 -1 1 1"},
	{"ranks of two", NOW,
		{FILED(DAY, "2026-10-05T02:00:20Z"), FILED(DAY, "2026-10-05T02:00:10Z")},
		"2 0 0 0 0 0 0 2 0 -1 10 20 0 0"},
	{"ranks of ten: the fifth and the ninth", NOW,
		{FILED(DAY, "2026-10-05T02:00:10Z"), FILED(DAY, "2026-10-05T02:00:09Z"),
			FILED(DAY, "2026-10-05T02:00:08Z"), FILED(DAY, "2026-10-05T02:00:07Z"),
			FILED(DAY, "2026-10-05T02:00:06Z"), FILED(DAY, "2026-10-05T02:00:05Z"),
			FILED(DAY, "2026-10-05T02:00:04Z"), FILED(DAY, "2026-10-05T02:00:03Z"),
			FILED(DAY, "2026-10-05T02:00:02Z"), FILED(DAY, "2026-10-05T02:00:01Z")},
		"10 0 0 0 0 0 0 10 0 -1 5 9 0 0"},
	{"a clock that ran backwards", NOW, {FILED(DAY, "2026-10-05T01:00:00Z")},
		"1 0 0 0 0 0 0 1 0 -1 0 0 0 0"},
};

static void figures(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
		_cleanup_json_ json_t *sum = NULL;
		_cleanup_free_ char *got = NULL;
		struct bed b;

		print_message("%s\n", sums[i].name);
		bed_open(&b, "2026-10-01", "2026-10-31", sums[i].now);
		feed(b.report, sums[i].facts);
		sum = report_sum(b.report);
		got = spell(json_object_get(sum, "total"));
		assert_string_equal(got, sums[i].total);
		assert_int_equal(json_array_size(json_object_get(sum, "days")), 31);
		bed_close(&b);
	}
}

static void answered_only_when_statuses_are_read(void **state)
{
	static const struct fact facts[] = {{DAY, DAY, REPORT_FILED, true},
		{DAY, DAY, REPORT_FILED, false}, {DAY, NULL, REPORT_PARKED, true}, {0}};
	_cleanup_json_ json_t *without = NULL, *with = NULL;
	struct bed b;

	(void)state;
	bed_open(&b, "2026-10-01", "2026-10-31", NOW);
	feed(b.report, facts);
	without = report_sum(b.report);
	report_statuses(b.report, true);
	with = report_sum(b.report);
	assert_true(json_is_null(json_object_get(json_object_get(without, "total"), "answered")));
	assert_int_equal(json_int(json_object_get(with, "total"), "answered", -1), 1);
	bed_close(&b);
}

static void warnings(void **state)
{
	static const struct {
		const char *from, *to, *now, *codes;
	} cases[] = {
		{"2026-10-01", "2026-10-31", "2026-10-25T04:00:00Z", ""},
		{"2026-10-01", "2026-10-31", NOW, ""}, /* the next year is there */
		{"2027-02-01", "2027-02-28", "2027-03-10T00:00:00Z", "calendar-reckoned 2027 "},
		{"2028-02-01", "2028-02-29", "2028-03-10T00:00:00Z",
			"calendar-missing 2028 calendar-ends 2028 "},
		{"2027-10-01", "2027-10-31", "2027-11-10T00:00:00Z",
			"calendar-reckoned 2027 calendar-ends 2028 "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *sum = NULL;
		_cleanup_buf_ struct buf text = BUF_INIT(1000);
		const json_t *w;
		struct bed b;
		size_t k;

		bed_open(&b, cases[i].from, cases[i].to, cases[i].now);
		sum = report_sum(b.report);
		json_array_foreach (json_object_get(sum, "warnings"), k, w)
			buf_addf(&text, "%s %lld ", json_str(w, "code"),
				(long long)json_int(w, "year", 0));
		print_message("%s\n", cases[i].from);
		assert_string_equal(buf_str(&text), cases[i].codes);
		bed_close(&b);
	}
	{ /* the deadline of the year's last days lies in the next one */
		static const struct fact facts[] = {
			OTHER("2026-12-30T02:00:00Z", REPORT_HELD), {0}};
		_cleanup_json_ json_t *sum = NULL;
		struct bed b;

		bed_open(&b, "2026-12-01", "2026-12-31", NOW);
		feed(b.report, facts);
		sum = report_sum(b.report);
		assert_int_equal(json_array_size(json_object_get(sum, "warnings")), 1);
		bed_close(&b);
	}
}

static void of_one_tenant(void **state)
{
	_cleanup_json_ json_t *sum = NULL;
	struct bed b;

	(void)state;
	bed_open(&b, "2026-10-01", "2026-10-31", NOW);
	report_free(b.report);
	b.conf.tenant = "batu";
	b.report = report_new(&b.conf);
	feed(b.report, (struct fact[]){OTHER(DAY, REPORT_HELD), {0}}); /* of malang */
	for (size_t i = 0; i < 3; i++)
		report_message(
			b.report, &(struct report_message){
					  .tenant = (const char *[]){"malang", "batu", ""}[i],
					  .channel = "call112",
					  .class = "ghost",
					  .received_ms = at(DAY)});
	sum = report_sum(b.report);
	assert_int_equal(json_int(json_object_get(sum, "total"), "in", -1), 0);
	assert_int_equal(json_int(sum, "unattributed", -1), 1);
	assert_int_equal(
		json_int(json_array_get(json_object_get(sum, "archived"), 0), "count", -1), 1);
	bed_close(&b);
}

/* --- records, through the books --- */

#define ID	 "00000001-0000-5000-8000-000000000000"
#define OTHER_ID "00000002-0000-5000-8000-000000000000"
#define DECIDED	 "2026-10-05T02:00:00Z"

#define DECISION(id, results)                                                    \
	"{'at':'" DECIDED "','inputs':[{'type':'message','id':'" id "','topic':" \
	"'m.raw.whatsapp','partition':0,'offset':0,'hash':''}],'results':[" results "]}"
#define SNAP(state, more)                                                                      \
	"{'type':'complaint','id':'" ID "','version':1,'state':'" state "','tenant':'malang'," \
	"'agency':'Dinas PU','classification':'complaint','opened_at':'" DECIDED "',"          \
	"'destination':'lapor','sources':[{'message':'" ID "','channel':'whatsapp'}]" more "}"
#define CALL(kind, n, at, more)                                                                 \
	"{'kind':'" kind "','term':1,'n':" n ",'complaint':'" ID "','version':1,'at':'" at "'," \
	"'destination':'lapor','system':'sp4n','call':'create'" more "}"
#define INTENT		       CALL("intent", "1", DECIDED, ",'sources':[]")
#define OUT(kind, n, at, more) CALL(kind, n, at, ",'intent':'1/1'" more)

static const struct books_case {
	const char *name, *submissions[8], *decision;
	const char *received; /* the raw record's */
	const char *end;
	int64_t median;
} books[] = {
	{"ready", {NULL}, DECISION(ID, SNAP("ready", "")), NULL, "under_way", -1},
	{"in flight", {INTENT}, DECISION(ID, SNAP("ready", "")), NULL, "under_way", -1},
	{"not sent", {INTENT, OUT("not_sent", "2", DECIDED, "")}, DECISION(ID, SNAP("held", "")),
		NULL, "held", -1},
	{"review", {NULL}, DECISION(ID, SNAP("review", "")), NULL, "review", -1},
	{"open", {NULL}, DECISION(ID, SNAP("open", "")), NULL, "under_way", -1},
	{"withdrawn", {NULL}, DECISION(ID, SNAP("withdrawn", ",'closed':'x'")), NULL, "closed", -1},
	{"filed", {INTENT, OUT("done", "2", "2026-10-05T02:01:00Z", ",'remote_id':'7'")},
		DECISION(ID, SNAP("ready", "")), NULL, "filed", 60},
	{"received before it was decided",
		{INTENT, OUT("done", "2", "2026-10-05T02:01:00Z", ",'remote_id':'7'")},
		DECISION(ID, SNAP("ready", "")), "2026-10-05T01:00:00Z", "filed", 3660},
	{"rejected", {INTENT, OUT("rejected", "2", DECIDED, "")}, DECISION(ID, SNAP("ready", "")),
		NULL, "refused", -1},
	{"refused", {CALL("refused", "1", DECIDED, ",'other':'" OTHER_ID "'")},
		DECISION(ID, SNAP("ready", "")), NULL, "refused", -1},
	{"parked", {INTENT, OUT("parked", "2", DECIDED, "")}, DECISION(ID, SNAP("ready", "")), NULL,
		"parked", -1},
	{"handed", {INTENT, OUT("handed", "2", DECIDED, "")}, DECISION(ID, SNAP("ready", "")), NULL,
		"handed", -1},
	{"a number typed back: the time of the first record that says filed",
		{INTENT, OUT("handed", "2", DECIDED, ""),
			OUT("resolved", "3", "2026-10-05T02:02:00Z",
				",'resolution':'filed','remote_id':'7'"),
			OUT("done", "4", "2026-10-05T02:03:00Z", ",'remote_id':'7'")},
		DECISION(ID, SNAP("ready", "")), NULL, "filed", 120},
	{"an earlier attempt was stored after all, and its successor left nothing",
		{INTENT, OUT("resolved", "2", DECIDED, ",'resolution':'not_filed'"),
			CALL("intent", "3", DECIDED, ",'sources':[]"),
			CALL("rejected", "4", DECIDED, ",'intent':'1/3'"),
			OUT("done", "5", "2026-10-05T02:04:00Z", ",'remote_id':'7'")},
		DECISION(ID, SNAP("ready", "")), NULL, "filed", 240},
	{"an earlier attempt was stored after all, and its successor may be, too",
		{INTENT, OUT("resolved", "2", DECIDED, ",'resolution':'not_filed'"),
			CALL("intent", "3", DECIDED, ",'sources':[]"),
			CALL("parked", "4", DECIDED, ",'intent':'1/3'"),
			OUT("done", "5", "2026-10-05T02:04:00Z", ",'remote_id':'7'")},
		DECISION(ID, SNAP("ready", "")), NULL, "parked", -1},
	{"dropped",
		{INTENT, OUT("parked", "2", DECIDED, ""),
			OUT("resolved", "3", DECIDED, ",'resolution':'dropped'")},
		DECISION(ID, SNAP("ready", "")), NULL, "closed", -1},
};

static json_t *parsed(const char *quoted)
{
	_cleanup_free_ char *text = xstrdup(quoted);
	json_t *j;

	for (char *s = text; *s; s++)
		if (*s == '\'')
			*s = '"';
	j = json_loads(text, 0, NULL);
	if (!j)
		fail_msg("%s", text);
	return j;
}

static json_t *through_books(const struct books_case *k)
{
	struct books *books_of = books_new();
	_cleanup_json_ json_t *decision = parsed(k->decision);
	struct bed b;
	json_t *sum;

	bed_open(&b, "2026-10-01", "2026-10-31", NOW);
	books_raw(books_of, &(struct books_raw){.topic = "m.raw.whatsapp",
				    .id = ID,
				    .tenant = "malang",
				    .channel = "whatsapp",
				    .received_ms = k->received ? at(k->received) : 0});
	for (size_t i = 0; k->submissions[i]; i++) {
		_cleanup_json_ json_t *r = parsed(k->submissions[i]);

		books_submission(books_of, 0, r, false);
	}
	books_decision(books_of, decision);
	books_report(books_of, b.report);
	sum = report_sum(b.report);
	books_free(books_of);
	bed_close(&b);
	return sum;
}

static void ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(books); i++) {
		_cleanup_json_ json_t *sum = through_books(&books[i]);
		const json_t *row = json_array_get(json_object_get(sum, "rows"), 0);

		print_message("%s\n", books[i].name);
		assert_string_equal(json_str_or(row, "channel", ""), "whatsapp");
		assert_string_equal(json_str_or(row, "agency", ""), "Dinas PU");
		assert_int_equal(json_int(row, "in", 0), 1);
		assert_int_equal(json_int(row, books[i].end, 0), 1);
		assert_int_equal(json_int(row, "median_s", -1), books[i].median);
	}
}

static void what_became_no_complaint(void **state)
{
	static const struct books_case cases[] = {
		{.decision = DECISION(ID, "{'type':'archived','id':'" ID "','class':'ghost'}"),
			.end = "archived"},
		{.decision = DECISION(ID, "{'type':'dead','id':'" ID "','reason':'x'}"),
			.end = "dead"},
		{.decision = DECISION(ID, "{'type':'noted','id':'" ID "','reason':'x'}"),
			.end = "none"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *sum = through_books(&cases[i]);
		const char *const kinds[] = {"archived", "dead"};

		for (size_t k = 0; k < 2; k++) {
			const json_t *row = json_array_get(json_object_get(sum, kinds[k]), 0);

			assert_int_equal(row != NULL, strcmp(kinds[k], cases[i].end) == 0);
			if (row)
				assert_string_equal(json_str_or(row, "channel", ""), "whatsapp");
		}
	}
}

static void statuses(void **state)
{
	static const struct {
		const char *status;
		int64_t answered;
	} cases[] = {{"in_progress", 0}, {"done", 1}, {"archived", 1}, {"rejected", 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *status =
			xasprintf(CALL("status", "3", DECIDED, ",'remote_id':'7','status':'%s'"),
				cases[i].status);
		struct books_case k = {
			.submissions = {INTENT, OUT("done", "2", DECIDED, ",'remote_id':'7'"),
				status},
			.decision = DECISION(ID, SNAP("ready", ""))};
		_cleanup_json_ json_t *sum = through_books(&k);

		assert_true(json_flag(sum, "status_polling"));
		assert_int_equal(
			json_int(json_object_get(sum, "total"), "answered", -1), cases[i].answered);
	}
}

#define STATUS(n, number) CALL("status", n, DECIDED, ",'remote_id':'" number "','status':'done'")

/* What was read of the report of a wrong number is no answer to this one. */
static void answers_of_a_corrected_number(void **state)
{
	static const struct {
		const char *before, *after;
		int64_t answered;
	} cases[] = {{STATUS("4", "7"), NULL, 0}, {STATUS("4", "7"), STATUS("6", "8"), 1},
		{STATUS("4", "7"), STATUS("6", "7"), 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct books_case k = {
			.submissions = {INTENT, OUT("handed", "2", DECIDED, ""),
				OUT("resolved", "3", DECIDED,
					",'resolution':'filed','remote_id':'7'"),
				cases[i].before,
				OUT("corrected", "5", DECIDED, ",'remote_id':'8','was':'7'"),
				cases[i].after},
			.decision = DECISION(ID, SNAP("ready", ""))};
		_cleanup_json_ json_t *sum = through_books(&k);

		assert_int_equal(
			json_int(json_object_get(sum, "total"), "answered", -1), cases[i].answered);
	}
}

/* --- renderings --- */

static json_t *hostile_sum(void)
{
	struct bed b;
	json_t *sum;

	bed_open(&b, "2026-10-01", "2026-10-31", NOW);
	report_complaint(b.report, &(struct report_complaint){.tenant = "malang",
					   .channel = "whatsapp",
					   .agency = "=<b>\"Dinas\" & x</b>",
					   .classification = "complaint",
					   .received_ms = at(DAY),
					   .filed_ms = at(DAY) + 61000,
					   .end = REPORT_FILED});
	sum = report_sum(b.report);
	bed_close(&b);
	return sum;
}

static void the_page(void **state)
{
	_cleanup_json_ json_t *sum = hostile_sum();
	_cleanup_buf_ struct buf page = BUF_INIT(REPORT_PAGE_MAX), tiny = BUF_INIT(100);

	(void)state;
	report_html(&page, sum);
	assert_false(page.over);
	assert_non_null(strstr(page.data, "=&lt;b&gt;&quot;Dinas&quot; &amp; x&lt;/b&gt;"));
	assert_null(strstr(page.data, "<b>\"Dinas"));
	assert_null(strstr(page.data, "<script"));
	assert_null(strstr(page.data, "http://"));
	assert_null(strstr(page.data, "https://"));
	assert_non_null(strstr(page.data, "1 Oktober 2026 s.d. 31 Oktober 2026"));
	assert_non_null(strstr(page.data, "Dijawab: belum diketahui"));
	assert_non_null(strstr(page.data, "1&nbsp;menit"));
	report_html(&tiny, sum);
	assert_true(tiny.over);
}

static void numbers_of_thousands(void **state)
{
	_cleanup_json_ json_t *sum = NULL;
	_cleanup_buf_ struct buf page = BUF_INIT(REPORT_PAGE_MAX);
	struct bed b;

	(void)state;
	bed_open(&b, "2026-10-01", "2026-10-31", NOW);
	for (int i = 0; i < 12034; i++)
		report_complaint(b.report, &(struct report_complaint){.tenant = "malang",
						   .channel = "whatsapp",
						   .agency = "",
						   .classification = "complaint",
						   .received_ms = at(DAY),
						   .end = i < 1000 ? REPORT_HELD : REPORT_REVIEW});
	sum = report_sum(b.report);
	bed_close(&b);
	report_html(&page, sum);
	assert_non_null(strstr(page.data, "Masuk<b>12.034</b>"));
	assert_non_null(strstr(page.data, "<td data-n=\"Belum lengkap\">1.000</td>"));
	assert_non_null(strstr(page.data, "<td data-n=\"Ditinjau\">11.034</td>"));
}

static char *printed(void (*print)(FILE *out, const json_t *sum))
{
	_cleanup_json_ json_t *sum = hostile_sum();
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	print(f, sum);
	fclose(f);
	return text;
}

static void the_table_and_csv(void **state)
{
	_cleanup_free_ char *csv = printed(report_csv), *table = printed(report_table);

	(void)state;
	assert_non_null(strstr(csv, "\r\nagency,\"\",\"'=<b>\"\"Dinas\"\" & x</b>\",\"\",\"\",\"\","
				    ",1,0,0,0,0,0,0,1,0,,61,61,0,0\r\n"));
	assert_non_null(
		strstr(table, "received 2026-10-01 to 2026-10-31 (+07:00), as of 2026-11-24"));
	assert_non_null(strstr(table, "answered: not known"));
	assert_non_null(strstr(table, "1 min"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures),
		cmocka_unit_test(answered_only_when_statuses_are_read),
		cmocka_unit_test(warnings),
		cmocka_unit_test(of_one_tenant),
		cmocka_unit_test(ends),
		cmocka_unit_test(what_became_no_complaint),
		cmocka_unit_test(statuses),
		cmocka_unit_test(answers_of_a_corrected_number),
		cmocka_unit_test(the_page),
		cmocka_unit_test(numbers_of_thousands),
		cmocka_unit_test(the_table_and_csv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
