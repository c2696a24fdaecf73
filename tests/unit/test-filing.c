// uses: daemons/forwarder/ledger.c daemons/forwarder/ledger_apply.c
// uses: daemons/forwarder/ledger_read.c daemons/forwarder/ledger_told.c
// uses: daemons/forwarder/filing.c daemons/forwarder/judge.c
// uses: daemons/forwarder/worklist.c daemons/forwarder/submission.c daemons/forwarder/news.c
// uses: daemons/forwarder/reminder.c
/* filing and judge: what comes next for a complaint, and what a command leads to, by tables of
 * records in the ledger. The profile is a stub: it takes attachments of state "stored", and hands
 * over when the complaint has an agency. */
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
#include "daemons/forwarder/judge.h"
#include "daemons/forwarder/news.h"
#include "daemons/forwarder/reminder.h"
#include "daemons/forwarder/submission.h"

#define C1    "11111111-1111-5111-8111-111111111111"
#define C2    "22222222-2222-5222-8222-222222222222"
#define M1    "aaaaaaaa-aaaa-5aaa-8aaa-aaaaaaaaaaaa"
#define K1    "cccccccc-cccc-4ccc-8ccc-cccccccccccc"
#define A1    "3bf14efa063f30dd377522beb06e56e4820606224c2f432e88e1274b8a8b78f5"
#define A2    "d104dbd85fc211465f031eeda9765e389f6645f5f23213c4aa1cef516d3157e1"
#define AT    "2026-11-24T04:29:15.000Z"
#define AT_MS 1795494555000

/* --- the stub --- */

static enum profile_kind stub_kind;
static const struct profile_call stub_call = {.present = true, .total_ms = 90000};

enum profile_kind profile_kind(const struct profile *p)
{
	(void)p;
	return stub_kind;
}

const struct profile_call *profile_call(const struct profile *p, enum call_kind c)
{
	(void)p;
	(void)c;
	return &stub_call;
}

bool profile_attachment(const struct profile *p, const json_t *complaint, const json_t *attachment)
{
	(void)p;
	(void)complaint;
	return strcmp(json_str_or(attachment, "state", ""), "stored") == 0;
}

bool profile_follow_up_file(const struct profile *p, const json_t *attachment)
{
	(void)p;
	return strcmp(json_str_or(attachment, "state", ""), "stored") == 0;
}

const char *profile_institution(const struct profile *p, const json_t *complaint,
	const struct strmap *settings, const struct strmap *agencies)
{
	(void)p;
	(void)settings;
	(void)agencies;
	return json_str(complaint, "agency");
}

/* --- a ledger from text: "kind n [destination] call [attachment|-] extra-json" --- */

struct rec {
	const char *kind, *intent, *destination, *call, *attachment, *extra;
	unsigned n, version;
	const char *complaint;
};
#define LAST \
	{    \
	}

static void feed(struct ledger *l, const struct rec *r)
{
	_cleanup_json_ json_t *b = json_pack("{s:s, s:i, s:s, s:s, s:s, s:i, s:s}", "complaint",
		r->complaint ? r->complaint : C1, "version", r->version ? (int)r->version : 1,
		"destination", r->destination ? r->destination : "d", "system", "lapor", "call",
		r->call ? r->call : "create", "attempt", 1, "at", AT);
	_cleanup_json_ json_t *extra = json_loads(r->extra ? r->extra : "{}", 0, NULL);
	struct ledger_entry e = {.kind = r->kind, .term = 1, .n = r->n, .body = b};
	struct err err = {0};

	if (r->intent)
		json_set_str(b, "intent", r->intent);
	if (r->attachment)
		json_set_str(b, "attachment", r->attachment);
	json_object_update(b, extra);
	assert_int_equal(ledger_apply(l, &e, NULL, &err), 0);
}

struct fixture {
	struct ledger ledger;
	struct worklist work;
	json_t *complaint;
	struct filing_view v;
};

static void build(struct fixture *f, const struct rec *recs, const char *snapshot)
{
	ledger_init(&f->ledger);
	worklist_init(&f->work, 1 << 20);
	for (; recs && recs->kind; recs++)
		feed(&f->ledger, recs);
	f->complaint = json_pack("{s:[{s:s}], s:[]}", "sources", "message", M1, "attachments");
	if (snapshot) {
		_cleanup_json_ json_t *extra = json_loads(snapshot, 0, NULL);

		assert_non_null(extra);
		json_object_update(f->complaint, extra);
	}
	f->v = (struct filing_view){.ledger = &f->ledger,
		.complaint = f->complaint,
		.version = 1,
		.destination = ledger_name(&f->ledger, "d"),
		.system = ledger_name(&f->ledger, "lapor"),
		.ready_ms = AT_MS,
		.settle_ms = 0,
		.now_ms = AT_MS};
	assert_int_equal(uuid_parse(C1, f->v.id), 0);
	stub_kind = PROFILE_HTTP;
}

static void drop(struct fixture *f)
{
	ledger_free(&f->ledger);
	worklist_free(&f->work);
	json_decref(f->complaint);
}

#define PHOTOS                                                     \
	"{\"attachments\":[{\"state\":\"stored\",\"sha256\":\"" A1 \
	"\"},{\"state\":\"pending\"},{\"state\":\"stored\",\"sha256\":\"" A2 "\"}]}"
#define INTENT(n_)                                                                 \
	{                                                                          \
		.kind = "intent", .n = (n_), .extra = "{\"sources\":[\"" M1 "\"]}" \
	}
#define OUT(kind_, n_, extra_)                                               \
	{                                                                    \
		.kind = (kind_), .n = (n_), .intent = "1/1", .extra = extra_ \
	}
#define UP(n_, sha)                                                                \
	{                                                                          \
		.kind = "intent", .n = (n_), .call = "upload", .attachment = (sha) \
	}
#define UP_OUT(kind_, n_, of, sha, extra_)                                                         \
	{                                                                                          \
		.kind = (kind_), .n = (n_), .intent = (of), .call = "upload", .attachment = (sha), \
		.extra = (extra_)                                                                  \
	}

static const struct next_case {
	const char *name;
	struct rec recs[6];
	const char *snapshot;
	unsigned version; /* 0 = 1 */
	enum filing_what what;
	enum call_kind call;
	unsigned attempt;
	const char *attachment;
} next_cases[] = {
	{"nothing yet: create", {LAST}, NULL, 0, FILING_CALL, CALL_CREATE, 1, NULL},
	{"first photo", {LAST}, PHOTOS, 0, FILING_CALL, CALL_UPLOAD, 1, A1},
	{"photo under way", {UP(1, A1)}, PHOTOS, 0, FILING_WAIT, CALL_NONE, 0, NULL},
	{"photo not sent: again", {UP(1, A1), UP_OUT("not_sent", 2, "1/1", A1, NULL)}, PHOTOS, 0,
		FILING_CALL, CALL_UPLOAD, 2, A1},
	{"photo parked: a person", {UP(1, A1), UP_OUT("parked", 2, "1/1", A1, NULL)}, PHOTOS, 0,
		FILING_WAIT, CALL_NONE, 0, NULL},
	{"photo rejected: the other one", {UP(1, A1), UP_OUT("rejected", 2, "1/1", A1, NULL)},
		PHOTOS, 0, FILING_CALL, CALL_UPLOAD, 1, A2},
	{"all photos there: create",
		{UP(1, A1), UP_OUT("done", 2, "1/1", A1, "{\"remote_id\":\"501\"}"), UP(3, A2),
			UP_OUT("rejected", 4, "1/3", A2, NULL)},
		PHOTOS, 0, FILING_CALL, CALL_CREATE, 1, NULL},
	{"create under way", {INTENT(1)}, NULL, 0, FILING_WAIT, CALL_NONE, 0, NULL},
	{"create not sent: again, without settling", {INTENT(1), OUT("not_sent", 2, NULL)}, NULL, 0,
		FILING_CALL, CALL_CREATE, 2, NULL},
	{"create parked: a person", {INTENT(1), OUT("parked", 2, NULL)}, NULL, 0, FILING_WAIT,
		CALL_NONE, 0, NULL},
	{"parked, newer version: still a person", {INTENT(1), OUT("parked", 2, NULL)}, NULL, 2,
		FILING_WAIT, CALL_NONE, 0, NULL},
	{"rejected: finished", {INTENT(1), OUT("rejected", 2, NULL)}, NULL, 0, FILING_FINISHED,
		CALL_NONE, 0, NULL},
	{"rejected, corrected since: again", {INTENT(1), OUT("rejected", 2, NULL)}, NULL, 2,
		FILING_CALL, CALL_CREATE, 2, NULL},
	{"filed", {INTENT(1), OUT("done", 2, "{\"remote_id\":\"7\"}")}, NULL, 0, FILING_FINISHED,
		CALL_NONE, 0, NULL},
	{"filed, newer version with nothing new: finished",
		{INTENT(1), OUT("done", 2, "{\"remote_id\":\"7\"}")}, NULL, 2, FILING_FINISHED,
		CALL_NONE, 0, NULL},
	{"filed, for another agency: hand over",
		{INTENT(1), OUT("done", 2, "{\"remote_id\":\"7\"}")}, "{\"agency\":\"77\"}", 0,
		FILING_CALL, CALL_HANDOVER, 1, NULL},
	{"found filed by a person: hand over",
		{INTENT(1), OUT("parked", 2, NULL),
			OUT("resolved", 3, "{\"resolution\":\"filed\",\"remote_id\":\"7\"}")},
		"{\"agency\":\"77\"}", 0, FILING_CALL, CALL_HANDOVER, 1, NULL},
	{"handed over",
		{INTENT(1), OUT("done", 2, "{\"remote_id\":\"7\"}"),
			{.kind = "intent", .n = 3, .call = "handover"},
			{.kind = "done", .n = 4, .call = "handover", .intent = "1/3"}},
		"{\"agency\":\"77\"}", 0, FILING_FINISHED, CALL_NONE, 0, NULL},
	{"hand-over parked",
		{INTENT(1), OUT("done", 2, "{\"remote_id\":\"7\"}"),
			{.kind = "intent", .n = 3, .call = "handover"},
			{.kind = "parked", .n = 4, .call = "handover", .intent = "1/3"}},
		"{\"agency\":\"77\"}", 0, FILING_WAIT, CALL_NONE, 0, NULL},
	{"resend by a person: again",
		{INTENT(1), OUT("parked", 2, NULL),
			OUT("resolved", 3, "{\"resolution\":\"not_filed\"}")},
		NULL, 0, FILING_CALL, CALL_CREATE, 2, NULL},
	{"dropped by a person",
		{INTENT(1), OUT("parked", 2, NULL),
			OUT("resolved", 3, "{\"resolution\":\"dropped\"}")},
		NULL, 0, FILING_FINISHED, CALL_NONE, 0, NULL},
	{"its source stands in another filing",
		{{.kind = "intent",
			.n = 1,
			.complaint = C2,
			.extra = "{\"sources\":[\"" M1 "\"]}"}},
		NULL, 0, FILING_REFUSE, CALL_CREATE, 1, NULL},
	{"refused already",
		{{.kind = "intent", .n = 1, .complaint = C2, .extra = "{\"sources\":[\"" M1 "\"]}"},
			{.kind = "refused", .n = 2, .extra = "{\"other\":\"" C2 "\"}"}},
		NULL, 0, FILING_FINISHED, CALL_NONE, 0, NULL},
	{"refused, the other one not filed since: refused still",
		{{.kind = "intent", .n = 1, .complaint = C2, .extra = "{\"sources\":[\"" M1 "\"]}"},
			{.kind = "refused", .n = 2, .extra = "{\"other\":\"" C2 "\"}"},
			{.kind = "not_sent", .n = 3, .complaint = C2, .intent = "1/1"}},
		NULL, 0, FILING_FINISHED, CALL_NONE, 0, NULL},
	{"refused in an older version: said again",
		{{.kind = "intent", .n = 1, .complaint = C2, .extra = "{\"sources\":[\"" M1 "\"]}"},
			{.kind = "refused", .n = 2, .extra = "{\"other\":\"" C2 "\"}"}},
		NULL, 2, FILING_REFUSE, CALL_CREATE, 1, NULL},
	{"stands at another destination of the same system",
		{{.kind = "intent",
			 .n = 1,
			 .destination = "e",
			 .extra = "{\"sources\":[\"" M1 "\"]}"},
			{.kind = "parked", .n = 2, .destination = "e", .intent = "1/1"}},
		NULL, 0, FILING_REFUSE, CALL_CREATE, 1, NULL},
	{"was not sent to another destination of the same system",
		{{.kind = "intent",
			 .n = 1,
			 .destination = "e",
			 .extra = "{\"sources\":[\"" M1 "\"]}"},
			{.kind = "not_sent", .n = 2, .destination = "e", .intent = "1/1"}},
		NULL, 0, FILING_CALL, CALL_CREATE, 1, NULL},
	{"a sheet is out, though the create before it was not sent",
		{INTENT(1), OUT("not_sent", 2, NULL),
			{.kind = "intent",
				.n = 3,
				.call = "sheet",
				.extra = "{\"sources\":[\"" M1 "\"]}"},
			{.kind = "handed", .n = 4, .call = "sheet", .intent = "1/3"}},
		NULL, 0, FILING_WAIT, CALL_NONE, 0, NULL},
};

static void test_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(next_cases); i++) {
		const struct next_case *c = &next_cases[i];
		struct fixture f;
		struct filing_step s;

		build(&f, c->recs, c->snapshot);
		f.v.version = c->version ? c->version : 1;
		filing_next(&f.v, &s);
		if (s.what != c->what || s.call != c->call || s.attempt != c->attempt)
			fail_msg("%s: what %d call %d attempt %u (%s)", c->name, s.what, s.call,
				s.attempt, s.why);
		if (c->attachment)
			assert_string_equal(json_str(s.attachment, "sha256"), c->attachment);
		drop(&f);
	}
}

static void test_settle_before_the_first_call_only(void **state)
{
	const struct rec tried[] = {INTENT(1), OUT("not_sent", 2, NULL), LAST};
	struct fixture f;
	struct filing_step s;

	(void)state;
	build(&f, NULL, PHOTOS);
	f.v.settle_ms = 600000;
	f.v.now_ms = AT_MS + 599999;
	filing_next(&f.v, &s);
	assert_int_equal(s.what, FILING_SETTLE);
	assert_int_equal(s.not_before_ms, AT_MS + 600000);
	f.v.now_ms++;
	filing_next(&f.v, &s);
	assert_int_equal(s.what, FILING_CALL);
	drop(&f);
	build(&f, tried, NULL);
	f.v.settle_ms = 600000;
	filing_next(&f.v, &s);
	assert_int_equal(s.what, FILING_CALL);
	drop(&f);
}

static void test_sheet_needs_no_uploads(void **state)
{
	struct fixture f;
	struct filing_step s;

	(void)state;
	build(&f, NULL, PHOTOS);
	stub_kind = PROFILE_SHEET;
	filing_next(&f.v, &s);
	assert_int_equal(s.what, FILING_CALL);
	assert_int_equal(s.call, CALL_SHEET);
	drop(&f);
}

static void test_files_of_the_create(void **state)
{
	const struct rec recs[] = {UP(1, A1),
		UP_OUT("done", 2, "1/1", A1, "{\"remote_id\":\"501\"}"), UP(3, A2),
		UP_OUT("rejected", 4, "1/3", A2, NULL), LAST};
	struct profile_file files[FILING_FILES_MAX];
	struct fixture f;

	(void)state;
	build(&f, recs, PHOTOS);
	assert_int_equal(filing_files(&f.v, files), 1);
	assert_string_equal(files[0].attachment, A1);
	assert_int_equal(files[0].remote_id, 501);
	drop(&f);
}

static void test_counts_of_filings(void **state)
{
	const struct rec recs[] = {UP(1, A1), INTENT(2),
		{.kind = "parked", .n = 3, .intent = "1/2"},
		{.kind = "done", .n = 4, .intent = "1/2", .extra = "{\"remote_id\":\"7\"}"}, LAST};
	struct fixture f;

	(void)state;
	build(&f, recs, NULL);
	assert_int_equal(f.ledger.filings[SLOT_DONE], 1);
	assert_int_equal(f.ledger.filings[SLOT_PARKED], 0);
	assert_int_equal(f.ledger.filings[SLOT_INTENT], 0);
	drop(&f);
}

/* --- judge --- */

static bool configured(void *ctx, const char *destination)
{
	(void)ctx;
	return strcmp(destination, "d") == 0;
}

static int64_t longest_ms(void *ctx, const char *destination, enum call_kind call)
{
	(void)ctx;
	(void)destination;
	return call == CALL_SHEET ? 0 : 100000;
}

static bool used_elsewhere(
	void *ctx, const char *system, uint64_t remote_id, const uint8_t complaint[16])
{
	(void)ctx;
	(void)complaint;
	return remote_id == 4242 && strcmp(system, "lapor") == 0;
}

/* A resolve of attempt 1/1 as filed, with the members of `over`. */
static json_t *resolve_command(const char *over)
{
	_cleanup_json_ json_t *more = json_loads(over, 0, NULL);
	json_t *command = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s}", "what", "resolve", "id",
		K1, "complaint", C1, "destination", "d", "version", 1, "attempt", "1/1",
		"resolution", "filed");

	json_object_update(command, more);
	return command;
}

#define DAY (24 * 3600000LL)
#define TYPED(n_, number_)    \
	OUT("resolved", (n_), \
		"{\"resolution\":\"filed\",\"by\":\"person\",\"remote_id\":\"" number_ "\"}")
#define C2_DONE(system_, number_)                                                              \
	{.kind = "intent", .n = 11, .complaint = C2, .extra = "{\"system\":\"" system_ "\"}"}, \
	{                                                                                      \
		.kind = "done", .n = 12, .complaint = C2, .intent = "1/11",                    \
		.extra = "{\"system\":\"" system_ "\",\"remote_id\":\"" number_ "\"}"          \
	}

#define SHEET(n_)                                            \
	{                                                    \
		.kind = "intent", .n = (n_), .call = "sheet" \
	}
#define HANDED(n_)                                                            \
	{                                                                     \
		.kind = "handed", .n = (n_), .call = "sheet", .intent = "1/1" \
	}
static void feed_body(struct ledger *l, const char *kind, unsigned n, const json_t *body)
{
	struct ledger_entry e = {.kind = kind, .term = 1, .n = n, .body = body};
	struct err err = {0};

	assert_int_equal(ledger_apply(l, &e, NULL, &err), 0);
}

static const struct judge_case {
	const char *name;
	struct rec recs[5];
	const char *command; /* members over those of a resolve of attempt 1/1 */
	int64_t age_ms, since_owned_ms;
	const char *refused; /* NULL: done */
	const char *resolution;
} judge_cases[] = {
	{"filed", {INTENT(1), OUT("parked", 2, NULL)}, "{\"remote_id\":\"1916449\"}", 1000, 1000,
		NULL, "filed"},
	{"a number that is none", {INTENT(1), OUT("parked", 2, NULL)},
		"{\"remote_id\":\"19164a9\"}", 0, 0, "not-a-report-number", NULL},
	{"a number too long", {INTENT(1), OUT("parked", 2, NULL)},
		"{\"remote_id\":\"1234567890123456\"}", 0, 0, "not-a-report-number", NULL},
	{"resend in time", {INTENT(1), OUT("parked", 2, NULL)}, "{\"resolution\":\"resend\"}",
		100000, 100000, NULL, "not_filed"},
	{"resend while it may travel", {INTENT(1), OUT("parked", 2, NULL)},
		"{\"resolution\":\"resend\"}", 99999, 200000, "too-early-may-still-arrive", NULL},
	{"resend soon after a takeover", {INTENT(1), OUT("parked", 2, NULL)},
		"{\"resolution\":\"resend\"}", 200000, 99999, "too-early-may-still-arrive", NULL},
	{"drop", {INTENT(1), OUT("parked", 2, NULL)}, "{\"resolution\":\"drop\"}", 0, 0, NULL,
		"dropped"},
	{"another version", {INTENT(1), OUT("parked", 2, NULL)},
		"{\"version\":9,\"remote_id\":\"7\"}", 0, 0, "stale-version", NULL},
	{"another attempt", {INTENT(1), OUT("parked", 2, NULL)},
		"{\"attempt\":\"1/9\",\"remote_id\":\"7\"}", 0, 0, "not-the-newest-attempt", NULL},
	{"another complaint", {INTENT(1), OUT("parked", 2, NULL)},
		"{\"complaint\":\"" C2 "\",\"remote_id\":\"7\"}", 0, 0, "unknown-attempt", NULL},
	{"under way", {INTENT(1)}, "{\"remote_id\":\"7\"}", 0, 0, "under-way", NULL},
	{"done already", {INTENT(1), OUT("done", 2, "{\"remote_id\":\"7\"}")},
		"{\"remote_id\":\"7\"}", 0, 0, "already-resolved", NULL},
	{"rejected, typed in by hand", {INTENT(1), OUT("rejected", 2, NULL)},
		"{\"remote_id\":\"7\"}", 0, 0, NULL, "filed"},
	{"no number at all", {INTENT(1), OUT("parked", 2, NULL)}, "{\"remote_id\":\"\"}", 0, 0,
		"not-a-report-number", NULL},
	{"a number that begins with 0", {INTENT(1), OUT("parked", 2, NULL)},
		"{\"remote_id\":\"01916449\"}", 0, 0, "not-a-report-number", NULL},
	{"the longest number", {INTENT(1), OUT("parked", 2, NULL)},
		"{\"remote_id\":\"123456789012345\"}", 0, 0, NULL, "filed"},
	{"another complaint's number", {INTENT(1), OUT("parked", 2, NULL), C2_DONE("lapor", "7")},
		"{\"remote_id\":\"7\"}", 0, 0, "number-used-already", NULL},
	{"another complaint's number in another system",
		{INTENT(1), OUT("parked", 2, NULL), C2_DONE("wbs", "7")}, "{\"remote_id\":\"7\"}",
		0, 0, NULL, "filed"},
	{"a number beside another's", {INTENT(1), OUT("parked", 2, NULL), C2_DONE("lapor", "7")},
		"{\"remote_id\":\"77\"}", 0, 0, NULL, "filed"},
	{"a number of another lane", {INTENT(1), OUT("parked", 2, NULL)},
		"{\"remote_id\":\"4242\"}", 0, 0, "number-used-already", NULL},
	{"used, but it is to be dropped",
		{INTENT(1), OUT("parked", 2, NULL), C2_DONE("lapor", "7")},
		"{\"remote_id\":\"7\",\"resolution\":\"drop\"}", 0, 0, NULL, "dropped"},
	{"correct a typed number", {INTENT(1), TYPED(2, "7")},
		"{\"what\":\"correct\",\"remote_id\":\"8\"}", 0, 0, NULL, NULL},
	{"correct to the same number", {INTENT(1), TYPED(2, "7")},
		"{\"what\":\"correct\",\"remote_id\":\"7\"}", 0, 0, "same-number", NULL},
	{"correct to another complaint's number", {INTENT(1), TYPED(2, "7"), C2_DONE("lapor", "8")},
		"{\"what\":\"correct\",\"remote_id\":\"8\"}", 0, 0, "number-used-already", NULL},
	{"correct to no number", {INTENT(1), TYPED(2, "7")},
		"{\"what\":\"correct\",\"remote_id\":\"8a\"}", 0, 0, "not-a-report-number", NULL},
	{"correct what the destination said itself",
		{INTENT(1), OUT("done", 2, "{\"remote_id\":\"7\"}")},
		"{\"what\":\"correct\",\"remote_id\":\"8\"}", 0, 0,
		"number-is-the-destinations-own", NULL},
	{"correct what a reading found",
		{INTENT(1), OUT("resolved", 2,
				    "{\"resolution\":\"filed\",\"remote_id\":\"7\",\"by\":"
				    "\"forwarder\"}")},
		"{\"what\":\"correct\",\"remote_id\":\"8\"}", 0, 0, "no-number-to-correct", NULL},
	{"correct what a reading found, with its files",
		{{.kind = "intent",
			 .n = 1,
			 .extra = "{\"sources\":[\"" M1 "\"],\"attachments\":[]}"},
			OUT("resolved", 2,
				"{\"resolution\":\"filed\",\"remote_id\":\"7\",\"by\":"
				"\"forwarder\"}")},
		"{\"what\":\"correct\",\"remote_id\":\"8\"}", 0, 0, "no-number-to-correct", NULL},
	{"correct what has no number", {INTENT(1), OUT("parked", 2, NULL)},
		"{\"what\":\"correct\",\"remote_id\":\"8\"}", 0, 0, "no-number-to-correct", NULL},
	{"pause", {LAST}, "{\"what\":\"pause\",\"destination\":\"d\"}", 0, 0, NULL, NULL},
	{"pause of nobody", {LAST}, "{\"what\":\"pause\",\"destination\":\"x\"}", 0, 0,
		"unknown-destination", NULL},
	{"restore", {LAST}, "{\"what\":\"accept_restore\"}", 0, 0, NULL, NULL},
	{"not ours", {LAST}, "{\"what\":\"release\"}", 0, 0, "not-a-command-of-the-forwarder",
		NULL},
};

/* The INTENT is of 2026-11-24, 11:29 in the officers' zone. */
static const struct day_case {
	const char *name, *entered_on; /* NULL: not said */
	int64_t age_ms;		       /* of the INTENT when it is judged */
	const char *at;		       /* of the command; NULL = now */
	const char *want;	       /* the day it gets, or why it is refused */
} day_cases[] = {
	{"not said: today", NULL, 0, NULL, "2026-11-24"},
	{"not said, after midnight there", NULL, 13 * 3600000LL, NULL, "2026-11-25"},
	{"not said, absorbed late", NULL, 90 * DAY, "2026-11-26T03:00:00Z", "2026-11-26"},
	{"today", "2026-11-24", 0, NULL, "2026-11-24"},
	{"yesterday", "2026-11-25", 2 * DAY, NULL, "2026-11-25"},
	{"tomorrow", "2026-11-25", 0, NULL, "entered-in-the-future"},
	{"tomorrow, which begins in a minute", "2026-11-25", 12 * 3600000LL + 30 * 60000, NULL,
		"2026-11-25"},
	{"a clock ahead makes no tomorrow", "2026-11-26", 0, "2026-11-26T03:00:00Z",
		"entered-in-the-future"},
	{"before the sheet was there", "2026-11-23", DAY, NULL, "entered-before-the-call"},
	{"31 days ago", "2026-11-24", 31 * DAY, NULL, "2026-11-24"},
	{"32 days ago", "2026-11-24", 32 * DAY, NULL, "entered-too-long-ago"},
	{"long ago now, not when it was said", "2026-11-24", 90 * DAY, "2026-12-20T03:00:00Z",
		"2026-11-24"},
	{"no such day", "2026-11-31", 0, NULL, "not-a-day"},
	{"not a day", "24-11-2026", 0, NULL, "not-a-day"},
	{"more than a day", "2026-11-24T00:00:00Z", 0, NULL, "not-a-day"},
};

static void test_day_of_entry(void **state)
{
	const struct rec recs[] = {INTENT(1), OUT("parked", 2, NULL), LAST};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(day_cases); i++) {
		const struct day_case *c = &day_cases[i];
		_cleanup_json_ json_t *command = resolve_command("{\"remote_id\":\"7\"}");
		struct judgement j;
		struct fixture f;

		if (c->entered_on)
			json_set_str(command, "entered_on", c->entered_on);
		if (c->at)
			json_set_str(command, "at", c->at);
		build(&f, recs, NULL);
		judge(&(struct judge_view){.ledger = &f.ledger,
			      .work = &f.work,
			      .configured = configured,
			      .longest_ms = longest_ms,
			      .zone_minutes = 420,
			      .wall_ms = AT_MS + c->age_ms},
			command, &j);
		if (strcmp(j.refused ? j.reason : j.entered_on, c->want) != 0)
			fail_msg("%s: %s", c->name, j.refused ? j.reason : j.entered_on);
		drop(&f);
	}
}

/* The INTENT is of Tuesday, 2026-11-24, 11:29 in the officers' zone. */
static const struct reminder_case {
	const char *name;
	struct rec recs[6];
	int64_t age_ms;
	int32_t reminded; /* day of the last reminder, as age of the INTENT's day; -1 = never */
	long sheets, parked;
	bool due;
} reminder_cases[] = {
	{"nothing waits", {INTENT(1)}, 3 * DAY, -1, 0, 0, false},
	{"out, not for long", {SHEET(1), HANDED(2)}, 2 * DAY, -1, 1, 0, false},
	{"out for long", {SHEET(1), HANDED(2)}, 2 * DAY + 1000, -1, 1, 0, true},
	{"reminded today", {SHEET(1), HANDED(2)}, 2 * DAY + 1000, 2, 1, 0, false},
	{"reminded yesterday", {SHEET(1), HANDED(2)}, 3 * DAY, 2, 1, 0, true},
	{"Saturday", {SHEET(1), HANDED(2)}, 4 * DAY, -1, 1, 0, false},
	{"Sunday", {SHEET(1), HANDED(2)}, 5 * DAY, -1, 1, 0, false},
	{"Monday", {SHEET(1), HANDED(2)}, 6 * DAY, 3, 1, 0, true},
	{"Christmas", {SHEET(1), HANDED(2)}, 31 * DAY, -1, 1, 0, false},
	{"after midnight there is another day", {SHEET(1), HANDED(2)}, 2 * DAY + 13 * 3600000LL, 2,
		1, 0, true},
	{"parked", {INTENT(1), OUT("parked", 2, NULL)}, 3 * DAY, -1, 0, 1, true},
	{"a parked upload holds its complaint back",
		{UP(1, A1), UP_OUT("parked", 2, "1/1", A1, NULL)}, 3 * DAY, -1, 0, 1, true},
	{"one typed back, another not",
		{SHEET(1), HANDED(2),
			{.kind = "resolved",
				.n = 3,
				.call = "sheet",
				.intent = "1/1",
				.extra = "{\"resolution\":\"filed\",\"remote_id\":\"7\"}"},
			{.kind = "intent", .n = 4, .call = "sheet", .complaint = C2},
			{.kind = "handed",
				.n = 5,
				.call = "sheet",
				.complaint = C2,
				.intent = "1/4"}},
		3 * DAY, -1, 1, 0, true},
	{"of another destination",
		{{.kind = "intent", .n = 1, .call = "sheet", .destination = "e"},
			{.kind = "handed",
				.n = 2,
				.call = "sheet",
				.intent = "1/1",
				.destination = "e"}},
		3 * DAY, -1, 0, 0, false},
};

static void test_reminder(void **state)
{
	const int64_t begun = day_of(AT_MS, 420);
	struct workdays *w = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(workdays_load("config/holidays.yaml", &w, NULL, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(reminder_cases); i++) {
		const struct reminder_case *c = &reminder_cases[i];
		struct reminder_view v = {.workdays = w,
			.now_ms = AT_MS + c->age_ms,
			.after_ms = 2 * DAY,
			.zone_minutes = 420};
		struct reminder r;
		struct fixture f;

		build(&f, c->recs, NULL);
		v.ledger = &f.ledger;
		v.destination = f.v.destination;
		if (c->reminded >= 0) {
			_cleanup_json_ json_t *b = NULL;
			char day[DAY_TEXT_SIZE];

			day_format(begun + c->reminded, day);
			b = submission_reminded("d", day, AT_MS, AT_MS, 1, 0);
			feed_body(&f.ledger, "reminded", 9, b);
		}
		reminder_look(&v, &r);
		if (r.sheets != c->sheets || r.parked != c->parked || r.due != c->due)
			fail_msg("%s: sheets %ld parked %ld due %d", c->name, r.sheets, r.parked,
				r.due);
		v.after_ms = 0;
		reminder_look(&v, &r);
		assert_false(r.due);
		drop(&f);
	}
	workdays_free(w);
}

static void test_judge(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(judge_cases); i++) {
		const struct judge_case *c = &judge_cases[i];
		_cleanup_json_ json_t *command = resolve_command(c->command);
		struct judgement j;
		struct fixture f;

		build(&f, c->recs, NULL);
		judge(&(struct judge_view){.ledger = &f.ledger,
			      .work = &f.work,
			      .configured = configured,
			      .longest_ms = longest_ms,
			      .wall_ms = AT_MS + c->age_ms,
			      .used_elsewhere = used_elsewhere,
			      .since_owned_ms = c->since_owned_ms},
			command, &j);
		if (j.refused != (c->refused != NULL) ||
			(c->refused && strcmp(j.reason, c->refused) != 0) ||
			(c->resolution && strcmp(j.resolution, c->resolution) != 0))
			fail_msg("%s: refused %d (%s)", c->name, j.refused,
				j.reason ? j.reason : "-");
		drop(&f);
	}
}

/* The attempt stays filed, under another number; the wrong one is free, and what was read of the
 * report of the wrong one is forgotten. */
static void test_correction(void **state)
{
	const struct rec recs[] = {INTENT(1), TYPED(2, "7"),
		{.kind = "status",
			.n = 3,
			.extra = "{\"status\":\"verified\",\"remote_id\":\"7\"}"},
		LAST};
	const struct lane_key intent = {1, 1};
	struct submission_head h;
	_cleanup_json_ json_t *b = NULL, *again = NULL;
	struct fixture f;
	struct slot *s;
	uint8_t c2[16];

	(void)state;
	assert_int_equal(uuid_parse(C2, c2), 0);
	build(&f, recs, NULL);
	s = ledger_filing(&f.ledger, f.v.id, f.v.destination);
	assert_int_equal(s->status, REPORT_VERIFIED);
	assert_true(slot_correctable(s));
	h = submission_head_of(&f.ledger, s, NULL);
	b = submission_corrected(&h, &intent, "8", s->remote_id, K1);
	assert_string_equal(json_str(b, "was"), "7");
	feed_body(&f.ledger, "corrected", 4, b);
	assert_int_equal(s->state, SLOT_FILED);
	assert_int_equal(s->remote_id, 8);
	assert_int_equal(s->status, REPORT_NONE);
	assert_false(ledger_number_used(&f.ledger, "lapor", 7, c2));
	assert_true(ledger_number_used(&f.ledger, "lapor", 8, c2));
	/* a typing mistake is made twice at times */
	again = submission_corrected(&h, &intent, "9", s->remote_id, K1);
	feed_body(&f.ledger, "corrected", 5, again);
	assert_int_equal(s->remote_id, 9);
	drop(&f);
}

/* --- submission: what is written is what the ledger reads --- */

static void take(struct ledger *l, const char *kind, unsigned n, json_t *body, int want)
{
	struct ledger_entry e = {.kind = kind, .term = 1, .n = n, .body = body};
	struct err err = {0};

	assert_int_equal(ledger_apply(l, &e, NULL, &err), want);
	json_decref(body);
}

static void test_bodies_round_trip(void **state)
{
	const struct lane_key first = {1, 1};
	struct submission_head h = {.version = 3,
		.destination = "d",
		.system = "lapor",
		.call = CALL_CREATE,
		.attempt = 1};
	struct submission_told told;
	struct submission_result done = {
		.reason = "done", .http_status = 201, .remote_id = 1916449};
	struct ledger l;
	struct fixture f;
	struct slot *s;
	uint8_t other[16], k[16];

	(void)state;
	build(&f, NULL, NULL);
	ledger_init(&l);
	assert_int_equal(uuid_parse(C1, h.complaint), 0);
	assert_int_equal(uuid_parse(C2, other), 0);
	assert_int_equal(uuid_parse(K1, k), 0);
	told_by_sheet(f.complaint, &told);
	take(&l, "intent", 1, submission_intent(&h, &told, A1), 0);
	told_clear(&told);
	s = ledger_filing(&l, h.complaint, ledger_name(&l, "d"));
	assert_int_equal(s->version, 3);
	assert_true(s->at_s > 0);
	assert_non_null(ledger_conflict(
		&l, json_object_get(f.complaint, "sources"), ledger_name(&l, "lapor"), other));
	h = submission_head_of(&l, s, NULL);
	take(&l, "parked", 2, submission_outcome(&h, &first, &(struct submission_result){0}), 0);
	take(&l, "done", 3, submission_outcome(&h, &first, &done), 0);
	assert_int_equal(s->state, SLOT_DONE);
	assert_int_equal(s->remote_id, 1916449);
	take(&l, "resolved", 4, submission_resolved(&h, &first, "filed", "1916449", "person", K1),
		1);
	assert_true(ledger_command_absorbed(&l, k));
	take(&l, "refused", 5, submission_refused(&h, other, "source-filed-already"), 0);
	assert_non_null(ledger_refusal(&l, h.complaint, ledger_name(&l, "d")));
	take(&l, "command", 6, submission_command(K1, "pause", "d", "done", NULL), 0);
	ledger_free(&l);
	drop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_settle_before_the_first_call_only),
		cmocka_unit_test(test_sheet_needs_no_uploads),
		cmocka_unit_test(test_files_of_the_create),
		cmocka_unit_test(test_counts_of_filings),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_day_of_entry),
		cmocka_unit_test(test_reminder),
		cmocka_unit_test(test_correction),
		cmocka_unit_test(test_bodies_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
