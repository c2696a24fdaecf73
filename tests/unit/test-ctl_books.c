// uses: daemons/muaractl/books.c
// uses: daemons/muaractl/books_sum.c
/* ctl_books: the balance as a table: each case is a few records and what the sum must say of them.
 *
 * Records are written in single quotes; "$1" … stand for UUIDs, "#1" … for content hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"
#include "daemons/muaractl/books.h"

#define TOPIC "muara.raw.whatsapp"

/* "$3" -> the third UUID, "#3" -> the third hash, ' -> " */
static char *spell(const char *s)
{
	struct buf b = BUF_INIT(1 << 20);

	for (; *s; s++) {
		if (*s == '\'')
			buf_addc(&b, '"');
		else if (*s == '$')
			buf_addf(&b, "0000000%c-0000-5000-8000-000000000000", *++s);
		else if (*s == '#')
			buf_addf(&b, "%063d%c", 0, *++s);
		else
			buf_addc(&b, *s);
	}
	return buf_take(&b);
}

static void feed_raw(struct books *b, int64_t offset, const char *id, const char *hash)
{
	_cleanup_free_ char *i = id ? spell(id) : NULL, *h = hash ? spell(hash) : NULL;

	books_raw(b, &(struct books_raw){.topic = TOPIC,
			     .offset = offset,
			     .id = i,
			     .hash = h,
			     .tenant = id ? "malang" : "?",
			     .channel = "whatsapp"});
}

/* "id:hash" or "" for a record without an id; offsets count from 10. */
static void feed_raws(struct books *b, const char *const *raws)
{
	for (int i = 0; raws[i]; i++) {
		char id[3] = {raws[i][0], raws[i][0] ? raws[i][1] : '\0', '\0'};

		feed_raw(b, 10 + i, *id ? id : NULL, *id ? raws[i] + 3 : NULL);
	}
}

static void feed(struct books *b, const char *const *records, bool submissions)
{
	for (int i = 0; records[i]; i++) {
		bool late = records[i][0] == '!';
		_cleanup_free_ char *text = spell(records[i] + late);
		_cleanup_json_ json_t *r = json_loads(text, 0, NULL);

		if (!r)
			fail_msg("%s", text);
		if (submissions)
			books_submission(b, 0, r, late);
		else
			books_decision(b, r);
	}
}

#define IN(id, hash, offset)                                                \
	"{'type':'message','id':'" id "','hash':'" hash "','topic':'" TOPIC \
	"','partition':0,'offset':" offset "}"
#define SNAP(id, version, state, sources)                                         \
	"{'type':'complaint','id':'" id "','version':" version ",'state':'" state \
	"','tenant':'malang','destination':'lapor','sources':[" sources "]}"
#define SRC(id)			  "{'message':'" id "'}"
#define DECISION(inputs, results) "{'inputs':[" inputs "],'results':[" results "]}"
#define COMPLAINT1		  DECISION(IN("$1", "#1", "10"), SNAP("$1", "1", "ready", SRC("$1")))
#define COMPLAINT2		  DECISION(IN("$2", "#2", "11"), SNAP("$2", "1", "ready", SRC("$2")))
#define CALL(kind, term, n, c)                                                          \
	"{'kind':'" kind "','term':" term ",'n':" n ",'complaint':'" c "','version':1," \
	"'destination':'lapor','system':'sp4n','call':'create'"
#define INTENT(n, c, sources)	  CALL("intent", "1", n, c) ",'sources':[" sources "]}"
#define OUT(kind, term, n, c, of) CALL(kind, term, n, c) ",'intent':'" of "'}"
#define DONE(term, n, c, of, id)  CALL("done", term, n, c) ",'intent':'" of "','remote_id':'" id "'}"
#define RESOLVED(n, c, of, as, id) \
	CALL("resolved", "1", n, c) ",'intent':'" of "','resolution':'" as "'" id "}"

#define CORRECTED(n, c, of, id) \
	CALL("corrected", "1", n, c) ",'intent':'" of "','remote_id':'" id "'}"

static const struct books_case {
	const char *name;
	const char *raws[6], *submissions[8], *decisions[6];
	int64_t committed;
	const char *messages; /* of the row malang/whatsapp: "accepted repeated complaint noted
				 archived dead under_way lost" */
	const char *end;      /* of the one complaint that is ready or filed; NULL = none */
	const char *fault;    /* the first; NULL = balanced */
} cases[] = {
	{"nothing", {NULL}, {NULL}, {NULL}, 0, NULL, NULL, NULL},
	{"one ready", {"$1:#1"}, {NULL}, {COMPLAINT1}, 0, "1 0 1 0 0 0 0 0", "waiting", NULL},
	{"a repetition", {"$1:#1", "$1:#1", "$1:#1"}, {NULL}, {COMPLAINT1}, 0, "1 2 1 0 0 0 0 0",
		"waiting", NULL},
	{"not read yet", {"$1:#1", "$2:#2"}, {NULL}, {COMPLAINT1}, 0, "2 0 1 0 0 0 1 0", "waiting",
		NULL},
	{"left behind", {"$3:#3", "$2:#2"}, {NULL}, {COMPLAINT2}, 0, "2 0 1 0 0 0 0 1", "waiting",
		"lost"},
	{"committed, never decided", {"$1:#1"}, {NULL}, {NULL}, 11, "1 0 0 0 0 0 0 1", NULL,
		"lost"},
	{"archived", {"$1:#1"}, {NULL},
		{DECISION(IN("$1", "#1", "10"),
			"{'type':'archived','id':'$1','class':'spam','reason':'x'}")},
		0, "1 0 0 0 1 0 0 0", NULL, NULL},
	{"dead", {"$1:#1"}, {NULL},
		{DECISION(IN("$1", "#1", "10"), "{'type':'dead','id':'$1','reason':'x'}")}, 0,
		"1 0 0 0 0 1 0 0", NULL, NULL},
	{"dead, then replayed into a complaint", {"$1:#1"}, {NULL},
		{DECISION(IN("$1", "#1", "10"), "{'type':'dead','id':'$1','reason':'x'}"),
			COMPLAINT1},
		0, "1 0 1 0 0 0 0 0", "waiting", NULL},
	{"noted", {"$1:#1"}, {NULL},
		{DECISION(IN("$1", "#1", "10"), "{'type':'noted','id':'$1','reason':'x'}")}, 0,
		"1 0 0 1 0 0 0 0", NULL, NULL},
	{"same id, other content, decided under no id of its own", {"$1:#1", "$1:#2", "$2:#2"},
		{NULL},
		{COMPLAINT1, DECISION(IN("$2", "#2", "12"), SNAP("$2", "1", "held", SRC("$2")))}, 0,
		"3 0 2 0 0 0 0 1", "waiting", "lost"},
	{"decided, but there is no such message", {"$2:#2", "$2:#2"}, {NULL},
		{COMPLAINT1, DECISION(IN("$2", "#2", "10"), SNAP("$2", "1", "held", SRC("$2")))}, 0,
		"1 1 1 0 0 0 0 0", "waiting", "phantom"},
	{"raw past its retention", {"$2:#2"}, {NULL},
		{DECISION(IN("$1", "#1", "3"), SNAP("$1", "1", "ready", SRC("$1"))),
			DECISION(IN("$2", "#2", "10"), SNAP("$2", "1", "held", SRC("$2")))},
		0, "1 0 1 0 0 0 0 0", "waiting", NULL},
	{"a version without its message", {"$1:#1", "$2:#2"}, {NULL},
		{COMPLAINT1, DECISION(IN("$2", "#2", "11"), SNAP("$1", "2", "ready", SRC("$2")))},
		0, "2 0 2 0 0 0 0 0", "waiting", "fell-out"},
	{"in two complaints", {"$1:#1", "$2:#2"}, {NULL},
		{COMPLAINT1, DECISION(IN("$2", "#2", "11"),
				     SNAP("$2", "1", "held", SRC("$2") "," SRC("$1")))},
		0, "2 0 2 0 0 0 0 0", "waiting", "in-two-complaints"},
	{"the first of two merged", {"$1:#1", "$2:#2"}, {NULL},
		{DECISION(IN("$1", "#1", "10"), SNAP("$1", "1", "open", SRC("$1"))),
			DECISION(IN("$2", "#2", "11"),
				SNAP("$2", "1", "ready", SRC("$2") "," SRC("$1")) "," SNAP(
					"$1", "2", "merged", SRC("$1")))},
		0, "2 0 2 0 0 0 0 0", "waiting", NULL},
	{"done", {"$1:#1"}, {INTENT("1", "$1", "'$1'"), DONE("1", "2", "$1", "1/1", "77")},
		{COMPLAINT1}, 0, "1 0 1 0 0 0 0 0", "done", NULL},
	{"in flight", {"$1:#1"}, {INTENT("1", "$1", "'$1'")}, {COMPLAINT1}, 0, "1 0 1 0 0 0 0 0",
		"in_flight", NULL},
	{"not sent, so free again", {"$1:#1"},
		{INTENT("1", "$1", "'$1'"), OUT("not_sent", "1", "2", "$1", "1/1")}, {COMPLAINT1},
		0, "1 0 1 0 0 0 0 0", "waiting", NULL},
	{"rejected", {"$1:#1"}, {INTENT("1", "$1", "'$1'"), OUT("rejected", "1", "2", "$1", "1/1")},
		{COMPLAINT1}, 0, "1 0 1 0 0 0 0 0", "rejected", NULL},
	{"parked, un-parked by a late outcome", {"$1:#1"},
		{INTENT("1", "$1", "'$1'"), OUT("parked", "2", "1", "$1", "1/1"),
			"!" DONE("1", "2", "$1", "1/1", "77")},
		{COMPLAINT1}, 0, "1 0 1 0 0 0 0 0", "done", NULL},
	{"an outcome of another writer is nothing", {"$1:#1"},
		{INTENT("1", "$1", "'$1'"), DONE("2", "2", "$1", "1/1", "77")}, {COMPLAINT1}, 0,
		"1 0 1 0 0 0 0 0", "in_flight", NULL},
	{"a number typed back", {"$1:#1"},
		{INTENT("1", "$1", "'$1'"), OUT("handed", "1", "2", "$1", "1/1"),
			RESOLVED("3", "$1", "1/1", "filed", ",'remote_id':'88'")},
		{COMPLAINT1}, 0, "1 0 1 0 0 0 0 0", "filed_by_hand", NULL},
	{"dropped", {"$1:#1"},
		{INTENT("1", "$1", "'$1'"), OUT("parked", "1", "2", "$1", "1/1"),
			RESOLVED("3", "$1", "1/1", "dropped", "")},
		{COMPLAINT1}, 0, "1 0 1 0 0 0 0 0", "dropped", NULL},
	{"an attempt resolves once", {"$1:#1"},
		{INTENT("1", "$1", "'$1'"), OUT("parked", "1", "2", "$1", "1/1"),
			RESOLVED("3", "$1", "1/1", "dropped", ""),
			RESOLVED("4", "$1", "1/1", "filed", ",'remote_id':'88'")},
		{COMPLAINT1}, 0, "1 0 1 0 0 0 0 0", "dropped", NULL},
	{"resent, and the first had arrived after all", {"$1:#1"},
		{INTENT("1", "$1", "'$1'"), OUT("parked", "1", "2", "$1", "1/1"),
			RESOLVED("3", "$1", "1/1", "not_filed", ""), INTENT("4", "$1", "'$1'"),
			DONE("1", "5", "$1", "1/4", "78"), "!" DONE("1", "6", "$1", "1/1", "77")},
		{COMPLAINT1}, 0, "1 0 1 0 0 0 0 0", "done", "filed-twice"},
	{"two numbers for one attempt", {"$1:#1"},
		{INTENT("1", "$1", "'$1'"), DONE("1", "2", "$1", "1/1", "77"),
			DONE("1", "3", "$1", "1/1", "78")},
		{COMPLAINT1}, 0, "1 0 1 0 0 0 0 0", "done", "two-numbers"},
	{"refused", {"$1:#1"}, {CALL("refused", "1", "1", "$1") ",'other':'$2'}"}, {COMPLAINT1}, 0,
		"1 0 1 0 0 0 0 0", "refused", NULL},
	{"filed, but never decided", {NULL}, {INTENT("1", "$1", "'$1'")}, {NULL}, 0, NULL, NULL,
		"filed-undecided"},
	{"filed, then changed", {"$1:#1"},
		{INTENT("1", "$1", "'$1'"), DONE("1", "2", "$1", "1/1", "77")},
		{COMPLAINT1, DECISION("", SNAP("$1", "2", "open", SRC("$1")))}, 0,
		"1 0 1 0 0 0 0 0", "done", NULL},
};

static void check_case(const struct books_case *k, const json_t *sum)
{
	const json_t *row = json_array_get(json_object_get(sum, "messages"), 0);
	const json_t *ready = json_array_get(json_object_get(sum, "ready"), 0);
	const json_t *fault = json_array_get(json_object_get(sum, "faults"), 0);
	char text[64] = "";

	if (row)
		snprintf(text, sizeof text, "%d %d %d %d %d %d %d %d",
			(int)json_int(row, "accepted", -1), (int)json_int(row, "repeated", -1),
			(int)json_int(row, "complaint", -1), (int)json_int(row, "noted", -1),
			(int)json_int(row, "archived", -1), (int)json_int(row, "dead", -1),
			(int)json_int(row, "under_way", -1), (int)json_int(row, "lost", -1));
	assert_string_equal(text, k->messages ? k->messages : "");
	assert_string_equal(json_str_or(fault, "fault", ""), k->fault ? k->fault : "");
	assert_int_equal(json_flag(sum, "balanced"), k->fault == NULL);
	assert_int_equal(ready != NULL, k->end != NULL);
	if (k->end)
		assert_int_equal(json_int(ready, k->end, -1), 1);
}

static void each_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct books *b = books_new();
		_cleanup_json_ json_t *sum = NULL;

		print_message("%s\n", cases[i].name);
		feed_raws(b, cases[i].raws);
		books_committed(b, TOPIC, 0, cases[i].committed);
		feed(b, cases[i].submissions, true);
		feed(b, cases[i].decisions, false);
		sum = books_sum(b, false);
		check_case(&cases[i], sum);
		books_free(b);
	}
}

/* Rule 12: same id, other content: a message of its own under an extended id. */
static void a_conflict_has_an_id_of_its_own(void **state)
{
	_cleanup_free_ char *id = spell("$1"), *hash = spell("#2");
	_cleanup_free_ char *first = spell(COMPLAINT1);
	_cleanup_json_ json_t *one = json_loads(first, 0, NULL), *two = json_deep_copy(one);
	_cleanup_json_ json_t *sum = NULL;
	json_t *input = json_array_get(json_object_get(two, "inputs"), 0);
	json_t *c = json_array_get(json_object_get(two, "results"), 0);
	char extended[UUID_TEXT_SIZE];
	struct books *b = books_new();

	(void)state;
	message_id_conflict(id, hash, extended);
	json_set_str(input, "id", extended);
	json_set_str(input, "hash", hash);
	json_set_int(input, "offset", 11);
	json_set_int(c, "version", 2);
	json_array_append_new(
		json_object_get(c, "sources"), json_pack("{s:s}", "message", extended));
	feed_raw(b, 10, "$1", "#1");
	feed_raw(b, 11, "$1", "#2");
	books_decision(b, one);
	books_decision(b, two);
	sum = books_sum(b, true);
	assert_true(json_flag(sum, "balanced"));
	assert_int_equal(
		json_int(json_array_get(json_object_get(sum, "messages"), 0), "complaint", 0), 2);
	assert_int_equal(json_array_size(json_object_get(sum, "missing")), 0);
	books_free(b);
}

/* What has no id is found by its place, and told by its place. */
static void a_record_without_an_id(void **state)
{
	const char *const decisions[] = {
		DECISION(IN(TOPIC "/0/10", "#9", "10"),
			"{'type':'dead','id':'" TOPIC "/0/10','reason':'not JSON'}"),
		NULL};
	_cleanup_json_ json_t *sum = NULL;
	const json_t *row, *missing;
	struct books *b = books_new();

	(void)state;
	feed_raw(b, 10, NULL, NULL);
	feed_raw(b, 11, NULL, NULL);
	feed(b, decisions, false);
	sum = books_sum(b, true);
	row = json_array_get(json_object_get(sum, "messages"), 0);
	missing = json_array_get(json_object_get(sum, "missing"), 0);
	assert_true(json_flag(sum, "balanced"));
	assert_int_equal(json_int(row, "dead", 0), 1);
	assert_int_equal(json_int(row, "under_way", 0), 1);
	assert_string_equal(json_str(missing, "id"), TOPIC "/0/11");
	assert_string_equal(json_str(missing, "state"), "under way");
	books_free(b);
}

/* Two complaints that both filed the same message, or got the same number. */
static void filed_once(void **state)
{
	static const char *const same_source[] = {INTENT("1", "$1", "'$1','$3'"),
		DONE("1", "2", "$1", "1/1", "77"), INTENT("3", "$2", "'$2','$3'"),
		DONE("1", "4", "$2", "1/3", "78"), NULL};
	static const char *const same_number[] = {INTENT("1", "$1", "'$1'"),
		DONE("1", "2", "$1", "1/1", "77"), INTENT("3", "$2", "'$2'"),
		DONE("1", "4", "$2", "1/3", "77"), NULL};
	static const char *const one_parked[] = {INTENT("1", "$1", "'$1','$3'"),
		OUT("not_sent", "1", "2", "$1", "1/1"), INTENT("3", "$2", "'$2','$3'"),
		DONE("1", "4", "$2", "1/3", "78"), NULL};
	/* the first one was typed wrong, then right; its wrong number is the other's */
	static const char *const corrected[] = {INTENT("1", "$1", "'$1'"),
		OUT("parked", "1", "2", "$1", "1/1"),
		RESOLVED("3", "$1", "1/1", "filed", ",'remote_id':'77'"),
		CORRECTED("4", "$1", "1/1", "78"), INTENT("5", "$2", "'$2'"),
		DONE("1", "6", "$2", "1/5", "77"), NULL};
	static const char *const corrected_late[] = {INTENT("1", "$1", "'$1'"),
		OUT("parked", "1", "2", "$1", "1/1"),
		RESOLVED("3", "$1", "1/1", "filed", ",'remote_id':'77'"), INTENT("4", "$2", "'$2'"),
		DONE("1", "5", "$2", "1/4", "77"), CORRECTED("6", "$1", "1/1", "78"), NULL};
	static const char *const corrected_amiss[] = {INTENT("1", "$1", "'$1'"),
		OUT("parked", "1", "2", "$1", "1/1"),
		RESOLVED("3", "$1", "1/1", "filed", ",'remote_id':'77'"), INTENT("4", "$2", "'$2'"),
		DONE("1", "5", "$2", "1/4", "78"), CORRECTED("6", "$1", "1/1", "78"), NULL};
	static const char *const decisions[] = {COMPLAINT1, COMPLAINT2, NULL};
	static const struct {
		const char *const *submissions;
		const char *fault;
	} rows[] = {{same_source, "filed-twice"}, {same_number, "same-number"}, {one_parked, ""},
		{corrected, ""}, {corrected_late, ""}, {corrected_amiss, "same-number"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct books *b = books_new();
		_cleanup_json_ json_t *sum = NULL;

		feed_raw(b, 10, "$1", "#1");
		feed_raw(b, 11, "$2", "#2");
		feed(b, rows[i].submissions, true);
		feed(b, decisions, false);
		sum = books_sum(b, false);
		assert_string_equal(
			json_str_or(json_array_get(json_object_get(sum, "faults"), 0), "fault", ""),
			rows[i].fault);
		books_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case),
		cmocka_unit_test(a_conflict_has_an_id_of_its_own),
		cmocka_unit_test(a_record_without_an_id),
		cmocka_unit_test(filed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
