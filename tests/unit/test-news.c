// uses: daemons/forwarder/ledger.c daemons/forwarder/ledger_apply.c
// uses: daemons/forwarder/ledger_read.c daemons/forwarder/ledger_told.c
// uses: daemons/forwarder/filing.c daemons/forwarder/news.c
// uses: daemons/forwarder/submission.c
/* news: what a filed complaint has that its destination has not been told, when that goes out, and
 * what the follow-up says: the ledger from records, the profile is the shipped lapor-v3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"

#include "daemons/forwarder/filing.h"
#include "daemons/forwarder/news.h"
#include "daemons/forwarder/submission.h"

#define C1    "11111111-1111-5111-8111-111111111111"
#define C2    "22222222-2222-5222-8222-222222222222"
#define M1    "aaaaaaaa-aaaa-5aaa-8aaa-aaaaaaaaaaa1"
#define M2    "aaaaaaaa-aaaa-5aaa-8aaa-aaaaaaaaaaa2"
#define M3    "aaaaaaaa-aaaa-5aaa-8aaa-aaaaaaaaaaa3"
#define A1    "3bf14efa063f30dd377522beb06e56e4820606224c2f432e88e1274b8a8b78f5"
#define A2    "d104dbd85fc211465f031eeda9765e389f6645f5f23213c4aa1cef516d3157e1"
#define AT    "2026-11-24T04:29:15.000Z"
#define AT_MS 1795494555000
#define V3    "config/lapor/lapor-v3.yaml"

/* --- a ledger from records --- */

struct rec {
	const char *kind, *intent, *call, *extra;
	unsigned n, version;
	const char *complaint;
};

static void feed(struct ledger *l, const struct rec *r)
{
	const char *call = r->call ? r->call : "create";
	_cleanup_json_ json_t *b = json_pack("{s:s, s:i, s:s, s:s, s:s, s:i, s:s}", "complaint",
		r->complaint ? r->complaint : C1, "version", r->version ? (int)r->version : 1,
		"destination", "d", "system", "lapor", "call", call, "attempt", 1, "at", AT);
	_cleanup_json_ json_t *extra = json_loads(r->extra ? r->extra : "{}", 0, NULL);
	struct ledger_entry e = {.kind = r->kind, .term = 1, .n = r->n, .body = b};
	struct err err = {0};

	assert_non_null(extra);
	if (strcmp(call, "followup") == 0)
		json_set_int(b, "part", 1);
	if (r->intent)
		json_set_str(b, "intent", r->intent);
	json_object_update(b, extra);
	assert_int_equal(ledger_apply(l, &e, NULL, &err), 0);
}

#define CREATE(told_)                                      \
	{                                                  \
		.kind = "intent", .n = 1, .extra = (told_) \
	}
#define DONE                                                       \
	{                                                          \
		.kind = "done", .n = 2, .intent = "1/1",           \
		.extra = "{\"remote_id\":\"7\",\"reason\":\"ok\"}" \
	}
#define TELL(n_, version_, told_)                                                       \
	{                                                                               \
		.kind = "intent", .n = (n_), .version = (version_), .call = "followup", \
		.extra = (told_)                                                        \
	}
#define END(kind_, n_, version_, of, extra_)                                           \
	{                                                                              \
		.kind = (kind_), .n = (n_), .version = (version_), .call = "followup", \
		.intent = (of), .extra = (extra_)                                      \
	}
#define FIRST  "{\"sources\":[\"" M1 "\"],\"attachments\":[]}"
#define SECOND "{\"sources\":[\"" M2 "\"],\"attachments\":[]}"
#define LATE   "{\"sources\":[],\"attachments\":[\"" A1 "\"]}"

#define TWO                                                              \
	"{\"text\":\"Lampu mati.\\n\\nSudah dua minggu.\",\"sources\":[" \
	"{\"message\":\"" M1 "\",\"span\":[0,11]},{\"message\":\"" M2 "\",\"span\":[13,17]}]}"
#define PHOTO(state_)                                                                       \
	"{\"text\":\"Lampu mati.\",\"sources\":[{\"message\":\"" M1                         \
	"\",\"span\":[0,11]},{\"message\":\"" M2 "\"}],\"attachments\":[{\"message\":\"" M2 \
	"\",\"state\":\"" state_ "\",\"mime\":\"image/jpeg\",\"bytes\":10,\"sha256\":\"" A1 \
	"\"}]}"

/* One message with two photos, told in several parts of version 2. */
#define BOTH                                                                    \
	"{\"text\":\"Lampu mati.\\n\\nLihat.\",\"sources\":[{\"message\":\"" M1 \
	"\",\"span\":[0,11]},{\"message\":\"" M2                                \
	"\",\"span\":[13,6]}],\"attachments\":[" FILE2(A1) "," FILE2(A2) "]}"
#define FILE2(sha_)                                                                          \
	"{\"message\":\"" M2 "\",\"state\":\"stored\",\"mime\":\"image/jpeg\",\"bytes\":10," \
	"\"sha256\":\"" sha_ "\"}"
#define PART(n_, part_, sources_, files_) \
	TELL(n_, 2, "{\"part\":" #part_ ",\"sources\":[" sources_ "],\"attachments\":[" files_ "]}")
#define ENDED(kind_, n_, part_, of_) END(kind_, n_, 2, of_, "{\"part\":" #part_ "}")
#define Q(text_)		     "\"" text_ "\""
#define TWO_FILES_REFUSED \
	CREATE(FIRST), DONE, PART(3, 1, Q(M2), Q(A1) "," Q(A2)), ENDED("rejected", 4, 1, "1/3")

struct fixture {
	struct ledger ledger;
	struct profile *profile;
	json_t *complaint;
	struct filing_view v;
};

static void build(struct fixture *f, const struct rec *recs, const char *snapshot)
{
	struct err e = {0};

	ledger_init(&f->ledger);
	for (; recs && recs->kind; recs++)
		feed(&f->ledger, recs);
	f->profile = NULL;
	assert_int_equal(profile_load(V3, &f->profile, NULL, &e), 0);
	f->complaint = json_loads(snapshot, 0, NULL);
	assert_non_null(f->complaint);
	json_set_str(f->complaint, "id", C1);
	json_set_str(f->complaint, "ticket", "ABCDE-FGHJK");
	json_set_int(f->complaint, "version", 2);
	f->v = (struct filing_view){.ledger = &f->ledger,
		.profile = f->profile,
		.complaint = f->complaint,
		.version = 2,
		.destination = ledger_name(&f->ledger, "d"),
		.system = ledger_name(&f->ledger, "lapor"),
		.ready_ms = AT_MS,
		.now_ms = AT_MS};
	assert_int_equal(uuid_parse(C1, f->v.id), 0);
}

static void drop(struct fixture *f)
{
	ledger_free(&f->ledger);
	profile_free(f->profile);
	json_decref(f->complaint);
}

/* --- what is untold, and what comes next --- */

static const struct news_case {
	const char *name;
	struct rec recs[14];
	const char *snapshot;
	const char *told; /* texts of the pieces, " | " between; NULL = nothing to tell */
	size_t files;
	enum filing_what what; /* next */
	unsigned attempt, part;
} news_cases[] = {
	{"a later message", {CREATE(FIRST), DONE}, TWO, "Sudah dua minggu.", 0, FILING_CALL, 1, 1},
	{"all told by the create",
		{CREATE("{\"sources\":[\"" M1 "\",\"" M2 "\"],\"attachments\":[]}"), DONE}, TWO,
		NULL, 0, FILING_FINISHED, 0, 0},
	{"not before the report has its number",
		{CREATE(FIRST), {.kind = "parked", .n = 2, .intent = "1/1"}}, TWO,
		"Sudah dua minggu.", 0, FILING_WAIT, 0, 0},
	{"under way", {CREATE(FIRST), DONE, TELL(3, 2, SECOND)}, TWO, NULL, 0, FILING_FINISHED, 0,
		0},
	{"told", {CREATE(FIRST), DONE, TELL(3, 2, SECOND), END("done", 4, 2, "1/3", NULL)}, TWO,
		NULL, 0, FILING_FINISHED, 0, 0},
	{"not sent: again",
		{CREATE(FIRST), DONE, TELL(3, 2, SECOND), END("not_sent", 4, 2, "1/3", NULL)}, TWO,
		"Sudah dua minggu.", 0, FILING_CALL, 2, 1},
	{"parked: a person, never again by itself",
		{CREATE(FIRST), DONE, TELL(3, 2, SECOND), END("parked", 4, 2, "1/3", NULL)}, TWO,
		NULL, 0, FILING_FINISHED, 0, 0},
	{"a person says it is not there: again",
		{CREATE(FIRST), DONE, TELL(3, 2, SECOND), END("parked", 4, 2, "1/3", NULL),
			END("resolved", 5, 2, "1/3", "{\"resolution\":\"not_filed\"}")},
		TWO, "Sudah dua minggu.", 0, FILING_CALL, 2, 1},
	{"a person drops it",
		{CREATE(FIRST), DONE, TELL(3, 2, SECOND), END("parked", 4, 2, "1/3", NULL),
			END("resolved", 5, 2, "1/3", "{\"resolution\":\"dropped\"}")},
		TWO, NULL, 0, FILING_FINISHED, 0, 0},
	{"rejected: not with this version",
		{CREATE(FIRST), DONE, TELL(3, 2, SECOND), END("rejected", 4, 2, "1/3", NULL)}, TWO,
		"Sudah dua minggu.", 0, FILING_FINISHED, 0, 0},
	{"rejected with two files: the words first, either may have been it", {TWO_FILES_REFUSED},
		BOTH, "Lihat.", 0, FILING_CALL, 1, 2},
	{"... then the first alone",
		{TWO_FILES_REFUSED, PART(5, 2, Q(M2), ""), ENDED("done", 6, 2, "1/5")}, BOTH, "", 1,
		FILING_CALL, 1, 3},
	{"... that one is it: then the other",
		{TWO_FILES_REFUSED, PART(5, 2, Q(M2), ""), ENDED("done", 6, 2, "1/5"),
			PART(7, 3, "", Q(A1)), ENDED("rejected", 8, 3, "1/7")},
		BOTH, "", 1, FILING_CALL, 1, 4},
	{"... and what was refused is said",
		{TWO_FILES_REFUSED, PART(5, 2, Q(M2), ""), ENDED("done", 6, 2, "1/5"),
			PART(7, 3, "", Q(A1)), ENDED("rejected", 8, 3, "1/7"),
			PART(9, 4, "", Q(A2)), ENDED("done", 10, 4, "1/9")},
		BOTH, "", 0, FILING_CALL, 1, 5},
	{"... once",
		{TWO_FILES_REFUSED, PART(5, 2, Q(M2), ""), ENDED("done", 6, 2, "1/5"),
			PART(7, 3, "", Q(A1)), ENDED("rejected", 8, 3, "1/7"),
			PART(9, 4, "", Q(A2)), ENDED("done", 10, 4, "1/9"),
			TELL(11, 2,
				"{\"part\":5,\"sources\":[],\"attachments\":[" Q(
					A1) "],\"left_out\":1}"),
			ENDED("done", 12, 5, "1/11")},
		BOTH, NULL, 0, FILING_FINISHED, 0, 0},
	{"even that is refused: with the next version",
		{CREATE(FIRST), DONE, PART(3, 1, Q(M2), Q(A1)), ENDED("rejected", 4, 1, "1/3"),
			TELL(5, 2,
				"{\"part\":2,\"sources\":[" Q(M2) "],\"attachments\":[" Q(
					A1) "],\"left_out\":1}"),
			ENDED("rejected", 6, 2, "1/5")},
		PHOTO("stored"), "", 0, FILING_FINISHED, 0, 0},
	{"the words alone are refused, too: not with this version",
		{TWO_FILES_REFUSED, PART(5, 2, Q(M2), ""), ENDED("rejected", 6, 2, "1/5")}, BOTH,
		"Lihat.", 0, FILING_FINISHED, 0, 0},
	{"the only file is refused: it is said at once",
		{CREATE(FIRST), DONE, PART(3, 1, Q(M2), Q(A1)), ENDED("rejected", 4, 1, "1/3")},
		PHOTO("stored"), "", 0, FILING_CALL, 1, 2},
	{"a person wants it tried again as it was",
		{TWO_FILES_REFUSED,
			END("resolved", 5, 2, "1/3", "{\"resolution\":\"not_filed\",\"part\":1}")},
		BOTH, "Lihat.", 2, FILING_CALL, 2, 1},
	{"files refused in an older version are not tried among others again",
		{CREATE(FIRST), DONE,
			TELL(3, 1, "{\"sources\":[],\"attachments\":[" Q(A1) "," Q(A2) "]}"),
			END("rejected", 4, 1, "1/3", NULL)},
		BOTH, "Lihat.", 0, FILING_CALL, 1, 1},
	{"rejected in an older version: told again",
		{CREATE(FIRST), DONE, TELL(3, 1, SECOND), END("rejected", 4, 1, "1/3", NULL)}, TWO,
		"Sudah dua minggu.", 0, FILING_CALL, 1, 1},
	{"a parked one does not hold up what comes later",
		{CREATE(FIRST), DONE, TELL(3, 1, LATE), END("parked", 4, 1, "1/3", NULL)}, TWO,
		"Sudah dua minggu.", 0, FILING_CALL, 1, 1},
	{"a second part of the same version",
		{CREATE(FIRST), DONE, TELL(3, 2, LATE), END("done", 4, 2, "1/3", NULL)}, TWO,
		"Sudah dua minggu.", 0, FILING_CALL, 1, 2},
	{"the hand-over travels: after it",
		{CREATE(FIRST), DONE, {.kind = "intent", .n = 3, .call = "handover"}},
		"{\"agency\":\"x\",\"text\":\"Halo.\",\"sources\":[{\"message\":\"" M2
		"\",\"span\":[0,5]}]}",
		"Halo.", 0, FILING_FINISHED, 0, 0},
	{"a message of another complaint in that system is told there",
		{CREATE(FIRST), DONE, {.kind = "intent", .n = 3, .complaint = C2, .extra = SECOND}},
		TWO, NULL, 0, FILING_FINISHED, 0, 0},
	{"a photo", {CREATE(FIRST), DONE}, PHOTO("stored"), "", 1, FILING_CALL, 1, 1},
	{"a photo that is still fetched is no news", {CREATE(FIRST), DONE}, PHOTO("pending"), NULL,
		0, FILING_FINISHED, 0, 0},
	{"a photo nobody can have is said", {CREATE(FIRST), DONE}, PHOTO("missing"), "", 0,
		FILING_CALL, 1, 1},
	{"a late photo of a message that was told",
		{CREATE("{\"sources\":[\"" M1 "\",\"" M2 "\"],\"attachments\":[]}"), DONE},
		PHOTO("stored"), "", 1, FILING_CALL, 1, 1},
	{"a photo that was told",
		{CREATE("{\"sources\":[\"" M1 "\",\"" M2 "\"],\"attachments\":[\"" A1 "\"]}"),
			DONE},
		PHOTO("stored"), NULL, 0, FILING_FINISHED, 0, 0},
	{"a photo whose upload was refused is not tried again",
		{CREATE("{\"sources\":[\"" M1 "\",\"" M2 "\"],\"attachments\":[]}"), DONE,
			{.kind = "intent",
				.n = 3,
				.call = "upload",
				.extra = "{\"attachment\":\"" A1 "\"}"},
			{.kind = "rejected",
				.n = 4,
				.call = "upload",
				.intent = "1/3",
				.extra = "{\"attachment\":\"" A1 "\"}"}},
		PHOTO("stored"), NULL, 0, FILING_FINISHED, 0, 0},
	{"an older program's create told what was uploaded",
		{{.kind = "intent",
			 .n = 1,
			 .call = "upload",
			 .extra = "{\"attachment\":\"" A1 "\"}"},
			{.kind = "done",
				.n = 2,
				.call = "upload",
				.intent = "1/1",
				.extra = "{\"attachment\":\"" A1 "\",\"remote_id\":\"5\"}"},
			{.kind = "intent",
				.n = 3,
				.extra = "{\"sources\":[\"" M1 "\",\"" M2 "\"]}"},
			{.kind = "done",
				.n = 4,
				.intent = "1/3",
				.extra = "{\"remote_id\":\"7\"}"}},
		PHOTO("stored"), NULL, 0, FILING_FINISHED, 0, 0},
	{"a correction", {CREATE(FIRST), DONE},
		"{\"text\":\"Lampu mati.\\n\\nPadam.\",\"sources\":[{\"message\":\"" M1
		"\",\"span\":[0,11]},{\"message\":\"" M2 "\",\"edits\":\"" M1
		"\",\"span\":[13,6]}]}",
		"Ralat: Padam.", 0, FILING_CALL, 1, 1},
	{"an outdated correction, a deletion: no news", {CREATE(FIRST), DONE},
		"{\"text\":\"Lampu mati.\",\"sources\":[{\"message\":\"" M1
		"\",\"span\":[0,11]},{\"message\":\"" M2 "\",\"edits\":\"" M1
		"\"},{\"message\":\"" M3 "\",\"deletes\":\"" M2 "\"}]}",
		NULL, 0, FILING_FINISHED, 0, 0},
	{"the rest of a text the create cut",
		{CREATE("{\"sources\":[\"" M1 "\",\"" M2 "\"],\"attachments\":[],\"cut\":"
			"[{\"source\":\"" M2 "\",\"told\":5}]}"),
			DONE},
		TWO, "(lanjutan) dua minggu.", 0, FILING_CALL, 1, 1},
	{"its rest waits while a part before it is unclear",
		{CREATE("{\"sources\":[\"" M1 "\",\"" M2 "\"],\"attachments\":[],\"cut\":"
			"[{\"source\":\"" M2 "\",\"told\":5}]}"),
			DONE,
			TELL(3, 1,
				"{\"sources\":[\"" M2 "\"],\"attachments\":[],\"cut\":"
				"[{\"source\":\"" M2 "\",\"told\":9}]}"),
			END("parked", 4, 1, "1/3", NULL)},
		TWO, NULL, 0, FILING_FINISHED, 0, 0},
};

static void show(const struct profile_news *n, struct buf *out)
{
	for (size_t i = 0; i < n->n_pieces; i++)
		(void)buf_addf(out, "%s%s%s%.*s", i ? " | " : "",
			n->pieces[i].edit ? "Ralat: " : "", n->pieces[i].from ? "(lanjutan) " : "",
			(int)n->pieces[i].bytes, n->pieces[i].text);
}

static void test_untold(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(news_cases); i++) {
		const struct news_case *c = &news_cases[i];
		_cleanup_buf_ struct buf told = BUF_INIT(4096);
		struct filing_step s;
		struct fixture f;
		struct news n;

		build(&f, c->recs, c->snapshot);
		if (news_of(&f.v, &n) != (c->told != NULL))
			fail_msg("%s: news %zu", c->name, n.is.n_pieces);
		show(&n.is, &told);
		if (c->told && strcmp(buf_str(&told), c->told) != 0)
			fail_msg("%s: \"%s\"", c->name, buf_str(&told));
		filing_next(&f.v, &s);
		if (n.is.n_files != c->files || s.what != c->what || s.attempt != c->attempt ||
			s.part != c->part)
			fail_msg("%s: files %zu what %d attempt %u part %u (%s)", c->name,
				n.is.n_files, s.what, s.attempt, s.part, s.why);
		if (s.what == FILING_CALL) {
			assert_int_equal(s.call, CALL_FOLLOWUP);
			assert_int_equal(s.remote_id, 7);
		}
		drop(&f);
	}
}

static void test_news_settles(void **state)
{
	const struct rec recs[] = {CREATE(FIRST), DONE, {.kind = NULL}};
	struct filing_step s;
	struct fixture f;

	(void)state;
	build(&f, recs, TWO);
	f.v.follow_up_settle_ms = 600000;
	f.v.now_ms = AT_MS + 599999;
	filing_next(&f.v, &s);
	assert_int_equal(s.what, FILING_SETTLE);
	assert_int_equal(s.call, CALL_FOLLOWUP);
	assert_int_equal(s.not_before_ms, AT_MS + 600000);
	f.v.now_ms++;
	filing_next(&f.v, &s);
	assert_int_equal(s.what, FILING_CALL);
	drop(&f);
}

/* --- the whole way: part after part until all is told --- */

static char institution[] = "institution", twelve[] = "12", category[] = "category", some[] = "436",
	    user[] = "user", ours[] = "51";
static struct strpair given[] = {{institution, twelve, 1}, {category, some, 2}, {user, ours, 3}};
static const struct strmap settings = {given, ARRAY_SIZE(given)};

static const char *field(const struct profile_request *r, const char *name, size_t *len)
{
	for (size_t i = 0; i < r->http.n_parts; i++)
		if (strcmp(r->http.parts[i].name, name) == 0) {
			*len = r->http.parts[i].len;
			return r->http.parts[i].data;
		}
	return NULL;
}

/* One follow-up by what the ledger says; its text. NULL: there is nothing to tell. Caller frees. */
static char *tell(struct fixture *f, unsigned n)
{
	struct profile_input in = {.complaint = f->complaint,
		.base = "https://x",
		.settings = &settings,
		.show_only = true};
	struct submission_head h = {.version = 2,
		.destination = "d",
		.system = "lapor",
		.call = CALL_FOLLOWUP,
		.attempt = 1};
	struct lane_key key = {1, n};
	struct submission_told told;
	struct profile_request r = {0};
	struct filing_step s;
	const struct slot *slot;
	char name[LEDGER_PART_SIZE];
	struct err e = {0};
	struct news news;
	_cleanup_json_ json_t *intent = NULL, *done = NULL;
	const char *content;
	size_t len = 0;
	char *text;

	filing_next(&f->v, &s);
	if (s.what != FILING_CALL)
		return NULL;
	assert_true(news_of(&f->v, &news));
	news.is.part = s.part;
	in.news = &news.is;
	in.remote_id = s.remote_id;
	assert_int_equal(profile_request(f->profile, CALL_FOLLOWUP, &in, &r, &e), 0);
	content = field(&r, "content", &len);
	assert_non_null(content);
	text = xstrndup(content, len);
	memcpy(h.complaint, f->v.id, 16);
	h.part = s.part;
	told_by_news(&news, &r.told, &told);
	intent = submission_intent(&h, &told, r.content_sha256);
	done = submission_outcome(&h, &key, &(struct submission_result){.reason = "ok"});
	assert_int_equal(
		ledger_apply(&f->ledger,
			&(struct ledger_entry){.kind = "intent", .term = 1, .n = n, .body = intent},
			NULL, &e),
		0);
	assert_int_equal(
		ledger_apply(&f->ledger,
			&(struct ledger_entry){.kind = "done", .term = 1, .n = n + 1, .body = done},
			NULL, &e),
		0);
	told_clear(&told);
	profile_request_clear(&r);
	slot = ledger_slot(
		&f->ledger, f->v.id, f->v.destination, CALL_FOLLOWUP, ledger_part(2, s.part, name));
	assert_non_null(slot);
	assert_int_equal(submission_head_of(&f->ledger, slot, NULL).part, s.part);
	return text;
}

/* Words w0 … w399 in the second message: each must arrive once, in order, none cut, wherever the
 * limit falls. */
static void tell_words(int pad)
{
	const struct rec recs[] = {CREATE(FIRST), DONE, {.kind = NULL}};
	static const char ticket[] = "[Tiket ABCDE-FGHJK] ";
	_cleanup_buf_ struct buf text = BUF_INIT(65536);
	struct fixture f;
	unsigned parts = 0, word = 0;
	char *part;

	build(&f, recs, TWO);
	(void)buf_addf(&text, "Lampu mati.\n\n%.*s", pad, "xxxxxx");
	for (unsigned i = 0; i < 400; i++)
		(void)buf_addf(&text, " w%u", i);
	json_set_str(f.complaint, "text", buf_str(&text));
	json_set_new(json_array_get(json_object_get(f.complaint, "sources"), 1), "span",
		json_pack("[i,i]", 13, (int)text.len - 13));
	while ((part = tell(&f, 10 + 2 * parts))) {
		char *footer = strstr(part, "\n\n---\n"), *save, *w;

		assert_true(strlen(part) <= 1000);
		assert_int_equal(strncmp(part, ticket, strlen(ticket)), 0);
		if (footer) {
			assert_non_null(strstr(footer, "Bersambung: "));
			*footer = '\0';
		}
		for (w = strtok_r(part + strlen(ticket), " ", &save); w;
			w = strtok_r(NULL, " ", &save)) {
			char want[16];

			if (strcmp(w, "(lanjutan)") == 0 || *w == 'x')
				continue;
			snprintf(want, sizeof want, "w%u", word++);
			assert_string_equal(w, want);
		}
		free(part);
		parts++;
	}
	assert_int_equal(word, 400);
	assert_true(parts == 2 || parts == 3);
	drop(&f);
}

static void test_long_news_in_parts(void **state)
{
	(void)state;
	for (int pad = 1; pad <= 6; pad++)
		tell_words(pad);
}

static void test_many_photos_five_at_a_time(void **state)
{
	const struct rec recs[] = {CREATE(FIRST), DONE, {.kind = NULL}};
	json_t *list = json_array();
	unsigned parts = 0;
	struct fixture f;
	char *part;

	(void)state;
	build(&f, recs, TWO);
	for (int i = 0; i < 7; i++) {
		_cleanup_free_ char *hash = xasprintf("%064d", i);

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:i, s:s}", "message", M2, "state",
				      "stored", "mime", "image/jpeg", "bytes", 10, "sha256", hash));
	}
	json_set_new(f.complaint, "attachments", list);
	while ((part = tell(&f, 10 + 2 * parts))) {
		assert_int_equal(strstr(part, "Sudah dua minggu.") != NULL, parts == 0);
		free(part);
		parts++;
	}
	assert_int_equal(parts, 2);
	drop(&f);
}

static void test_what_it_says(void **state)
{
	const struct rec recs[] = {CREATE(FIRST), DONE, {.kind = NULL}};
	static const struct {
		const char *snapshot, *says;
	} cases[] = {
		{TWO, "[Tiket ABCDE-FGHJK] Sudah dua minggu."},
		{PHOTO("missing"), "[Tiket ABCDE-FGHJK] \n\n---\nLampiran yang tidak disertakan: 1 "
				   "berkas tidak "
				   "dapat diambil."},
		{"{\"text\":\"Lampu mati.\",\"location\":{\"name\":\"Jl. Ijen\"},\"sources\":["
		 "{\"message\":\"" M1 "\",\"span\":[0,11]},{\"message\":\"" M2 "\"}]}",
			"[Tiket ABCDE-FGHJK] \n\n---\nLokasi: Jl. Ijen"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		char *text;

		build(&f, recs, cases[i].snapshot);
		text = tell(&f, 10);
		assert_string_equal(text, cases[i].says);
		free(text);
		assert_null(tell(&f, 12));
		drop(&f);
	}
}

/* --- what a create writes down --- */

static void test_told_by_a_cut_create(void **state)
{
	_cleanup_json_ json_t *snapshot = json_loads(TWO, 0, NULL);
	static const struct {
		size_t bytes;
		const char *cut;
	} cases[] = {
		{SIZE_MAX, "[]"},
		{30, "[]"},
		{18, "[{\"source\":\"" M2 "\",\"told\":5}]"},
		{11, "[{\"source\":\"" M2 "\",\"told\":0}]"},
		{5, "[{\"source\":\"" M1 "\",\"told\":5},{\"source\":\"" M2 "\",\"told\":0}]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile_told told = {.text_bytes = cases[i].bytes};
		_cleanup_free_ char *text = NULL;
		struct submission_told t;

		told_by_create(snapshot, &told, NULL, 0, &t);
		assert_int_equal(json_array_size(t.sources), 2);
		text = json_dumps(t.cut, JSON_COMPACT | JSON_SORT_KEYS);
		assert_string_equal(text, cases[i].cut);
		told_clear(&t);
	}
}

/* lane.md 20: what a follow-up tells stands for that system, whoever asks. */
static void test_told_counts_for_others(void **state)
{
	const struct rec recs[] = {CREATE(FIRST), DONE, TELL(3, 2, SECOND), {.kind = NULL}};
	_cleanup_json_ json_t *sources = json_pack("[s]", M2);
	struct fixture f;
	uint8_t other[16];

	(void)state;
	build(&f, recs, TWO);
	assert_int_equal(uuid_parse(C2, other), 0);
	assert_non_null(ledger_conflict(&f.ledger, sources, f.v.system, other));
	assert_null(ledger_conflict(&f.ledger, sources, f.v.system, f.v.id));
	drop(&f);
}

static void test_a_file_that_is_gone(void **state)
{
	const struct rec recs[] = {CREATE(FIRST), DONE, {.kind = NULL}};
	struct submission_told t;
	struct fixture f;
	struct news n;

	(void)state;
	build(&f, recs, PHOTO("stored"));
	assert_true(news_of(&f.v, &n));
	news_file_gone(&n, 0);
	assert_int_equal(n.is.n_files, 0);
	assert_int_equal(n.is.n_gone, 1);
	told_by_news(&n, &(struct profile_told){.pieces = 1}, &t);
	assert_string_equal(json_string_value(json_array_get(t.files, 0)), A1);
	told_clear(&t);
	drop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untold),
		cmocka_unit_test(test_news_settles),
		cmocka_unit_test(test_long_news_in_parts),
		cmocka_unit_test(test_many_photos_five_at_a_time),
		cmocka_unit_test(test_what_it_says),
		cmocka_unit_test(test_told_by_a_cut_create),
		cmocka_unit_test(test_told_counts_for_others),
		cmocka_unit_test(test_a_file_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
