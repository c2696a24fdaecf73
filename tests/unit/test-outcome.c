/* outcome: one test row per row of the table and per kind of call; Retry-After; back-off. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "base/util.h"
#include "core/outcome.h"

#define SENT .sent_bytes = 900
#define V(v) VERDICT_##v
#define R(r) RECORD_##r
#define D(d) DESTINATION_##d

struct is {
	enum verdict v;
	enum record_fate r;
	enum destination_fate d;
};
#define ALL(v, r, d)                                    \
	{                                               \
		{V(v), R(r), D(d)}, {V(v), R(r), D(d)}, \
		{                                       \
			V(v), R(r), D(d)                \
		}                                       \
	}
#define AMBIGUOUS                                                                           \
	{                                                                                   \
		{V(AMBIGUOUS), R(RETRY), D(BACK_OFF)}, {V(VERIFY), R(VERIFY), D(BACK_OFF)}, \
		{                                                                           \
			V(AMBIGUOUS), R(PARK), D(PAUSE)                                     \
		}                                                                           \
	}
#define NOT_SENT ALL(NOT_SENT, RETRY, BACK_OFF)

static const struct {
	const char *what, *reason;
	struct outcome_facts f;
	struct is is[3]; /* repeatable, verifiable, once */
} rows[] = {
	{"no DNS", "not-sent", {.curl = CURLE_COULDNT_RESOLVE_HOST}, NOT_SENT},
	{"refused", "not-sent", {.curl = CURLE_COULDNT_CONNECT}, NOT_SENT},
	{"TLS failed", "not-sent", {.curl = CURLE_SSL_CONNECT_ERROR}, NOT_SENT},
	{"certificate", "not-sent", {.curl = CURLE_PEER_FAILED_VERIFICATION}, NOT_SENT},
	{"connect time-out", "not-sent", {.curl = CURLE_OPERATION_TIMEDOUT}, NOT_SENT},
	{"rc 65, nothing left", "not-sent", {.curl = CURLE_SEND_FAIL_REWIND}, NOT_SENT},
	{"rc 65 after bytes", "no-whole-answer", {.curl = CURLE_SEND_FAIL_REWIND, SENT}, AMBIGUOUS},
	{"time-out after bytes", "no-whole-answer", {.curl = CURLE_OPERATION_TIMEDOUT, SENT},
		AMBIGUOUS},
	{"nothing came", "no-whole-answer", {.curl = CURLE_GOT_NOTHING, SENT}, AMBIGUOUS},
	{"nothing came, counter wrong", "no-whole-answer", {.curl = CURLE_GOT_NOTHING}, AMBIGUOUS},
	{"reset", "no-whole-answer", {.curl = CURLE_RECV_ERROR, SENT}, AMBIGUOUS},
	{"reset while sending", "no-whole-answer", {.curl = CURLE_SEND_ERROR, SENT}, AMBIGUOUS},
	{"cut 201", "no-whole-answer",
		{.curl = CURLE_PARTIAL_FILE, .status = 201, SENT, .understood = true}, AMBIGUOUS},
	{"cut 422", "no-whole-answer", {.curl = CURLE_PARTIAL_FILE, .status = 422, SENT},
		AMBIGUOUS},
	{"TLS broke later", "no-whole-answer", {.curl = CURLE_SSL_CONNECT_ERROR, SENT}, AMBIGUOUS},
	{"too large", "no-whole-answer", {.curl = CURLE_WRITE_ERROR, .status = 200, SENT},
		AMBIGUOUS},
	{"200 with id", "done", {.status = 200, SENT, .understood = true}, ALL(DONE, DONE, GO)},
	{"201 with id", "done", {.status = 201, SENT, .understood = true}, ALL(DONE, DONE, GO)},
	{"200 without id", "success-without-id", {.status = 200, SENT}, AMBIGUOUS},
	{"302", "redirect", {.status = 302, SENT},
		{{V(HOLD_DESTINATION), R(RETRY), D(HOLD)},
			{V(HOLD_DESTINATION), R(VERIFY), D(HOLD)},
			{V(HOLD_DESTINATION), R(PARK), D(HOLD)}}},
	{"401", "unauthorized", {.status = 401, SENT}, ALL(CREDENTIAL_OR_RECORD, PROBE, PROBE)},
	{"401 proven", "unauthorized", {.status = 401, SENT, .proof = true},
		ALL(CREDENTIAL_OR_RECORD, PROBE, PROBE)},
	{"403", "forbidden", {.status = 403, SENT}, ALL(CREDENTIAL_OR_RECORD, PROBE, PROBE)},
	{"429", "rate-limited", {.status = 429, SENT}, ALL(RATE_LIMITED, RETRY, WAIT)},
	{"502 proven", "not-passed-on", {.status = 502, SENT, .proof = true}, NOT_SENT},
	{"408", "request-timeout", {.status = 408, SENT}, AMBIGUOUS},
	{"404 on a report", "report-unknown-there", {.status = 404, SENT, .id_in_path = true},
		ALL(VERIFY, VERIFY, GO)},
	{"404 on create", "endpoint-moved", {.status = 404, SENT},
		ALL(HOLD_DESTINATION, RETRY, HOLD)},
	{"409 naming us", "conflict-names-us", {.status = 409, SENT, .names_ticket = true},
		{{V(AMBIGUOUS), R(RETRY), D(GO)}, {V(VERIFY), R(VERIFY), D(GO)},
			{V(AMBIGUOUS), R(PARK), D(GO)}}},
	{"409", "rejected", {.status = 409, SENT}, ALL(REJECTED, REJECT, GO)},
	{"400", "rejected", {.status = 400, SENT}, ALL(REJECTED, REJECT, GO)},
	{"413", "rejected", {.status = 413, SENT}, ALL(REJECTED, REJECT, GO)},
	{"415", "rejected", {.status = 415, SENT}, ALL(REJECTED, REJECT, GO)},
	{"422", "rejected", {.status = 422, SENT}, ALL(REJECTED, REJECT, GO)},
	{"418", "rejected", {.status = 418, SENT}, ALL(REJECTED, REJECT, GO)},
	{"500", "server-error", {.status = 500, SENT}, AMBIGUOUS},
	{"503", "server-error", {.status = 503, SENT}, AMBIGUOUS},
	{"599", "server-error", {.status = 599, SENT}, AMBIGUOUS},
	{"no status, no error", "odd-answer", {SENT}, AMBIGUOUS},
	{"700", "odd-answer", {.status = 700, SENT}, AMBIGUOUS},
	{"1000", "odd-answer", {.status = 1000, SENT}, AMBIGUOUS},
};

static void the_table_row_by_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int repeat = 0; repeat < CALL_REPEAT_COUNT_; repeat++) {
			struct outcome_facts f = rows[i].f;
			const struct is *is = &rows[i].is[repeat];
			struct outcome o;

			f.repeat = (enum call_repeat)repeat;
			o = outcome_of(&f);
			if (o.verdict != is->v || o.record != is->r || o.destination != is->d ||
				strcmp(o.reason, rows[i].reason))
				fail_msg("%s (repeat %d): %s %s, record %d, destination %d",
					rows[i].what, repeat, verdict_name(o.verdict), o.reason,
					(int)o.record, (int)o.destination);
		}
	}
}

/* Whatever the facts, a once-only call is sent again only for a reason that proves it was not
 * stored. */
static void once_only_never_repeats_on_doubt(void **state)
{
	static const char *const safe[] = {
		"not-sent", "rate-limited", "not-passed-on", "endpoint-moved"};

	(void)state;
	for (int curl = 0; curl < CURL_LAST; curl++)
		for (int status = 0; status < 700; status++)
			for (unsigned bits = 0; bits < 32; bits++) {
				struct outcome_facts f = {.repeat = CALL_ONCE,
					.curl = curl,
					.status = status,
					.sent_bytes = bits & 1 ? 10 : 0,
					.understood = bits & 2,
					.proof = bits & 4,
					.id_in_path = bits & 8,
					.names_ticket = bits & 16};
				struct outcome o = outcome_of(&f);
				bool ok = o.record != RECORD_RETRY;

				for (size_t i = 0; i < ARRAY_SIZE(safe); i++)
					ok = ok || !strcmp(o.reason, safe[i]);
				if (!ok)
					fail_msg("curl %d status %d: %s", curl, status, o.reason);
				if (curl && f.sent_bytes)
					assert_int_equal(o.record, RECORD_PARK);
			}
}

static void after_probe_and_read(void **state)
{
	static const struct {
		enum read_back what;
		enum record_fate r;
		enum destination_fate d;
	} reads[] = {
		{READ_BACK_DONE, R(DONE), D(GO)},
		{READ_BACK_NOT, R(RETRY), D(BACK_OFF)},
		{READ_BACK_GONE, R(PARK), D(GO)},
		{READ_BACK_UNKNOWN, R(VERIFY), D(BACK_OFF)},
	};
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		o = outcome_after_read(reads[i].what);
		assert_int_equal(o.record, reads[i].r);
		assert_int_equal(o.destination, reads[i].d);
	}
	o = outcome_after_probe(false, false, 1);
	assert_int_equal(o.record, RECORD_RETRY);
	assert_int_equal(o.destination, DESTINATION_HOLD);
	o = outcome_after_probe(true, false, 1);
	assert_int_equal(o.record, RECORD_PARK);
	assert_int_equal(o.destination, DESTINATION_GO);
	o = outcome_after_probe(true, true, OUTCOME_REFUSAL_RUN - 1);
	assert_int_equal(o.record, RECORD_RETRY);
	assert_int_equal(o.destination, DESTINATION_BACK_OFF);
	o = outcome_after_probe(true, true, OUTCOME_REFUSAL_RUN);
	assert_int_equal(o.destination, DESTINATION_HOLD);
	assert_int_equal(outcome_after_rejects(OUTCOME_REJECT_RUN - 1), DESTINATION_GO);
	assert_int_equal(outcome_after_rejects(OUTCOME_REJECT_RUN), DESTINATION_HOLD);
}

static void retry_after_in_both_forms(void **state)
{
	static const int64_t now = 1795494555000; /* Tue, 24 Nov 2026 04:29:15 GMT */
	static const struct {
		const char *text;
		int r;
		int64_t wait_ms;
	} t[] = {
		{"0", 0, 0},
		{"7", 0, 7000},
		{"86400", 0, OUTCOME_WAIT_MAX_MS},
		{"86401", 0, OUTCOME_WAIT_MAX_MS},
		{"99999999999999999999", 0, OUTCOME_WAIT_MAX_MS},
		{"Tue, 24 Nov 2026 04:30:15 GMT", 0, 60000},
		{"Tuesday, 24-Nov-26 04:30:15 GMT", 0, 60000},
		{"Tue Nov 24 04:30:15 2026", 0, 60000},
		{"Tue, 24 Nov 2026 04:00:00 GMT", 0, 0},
		{"Tue, 24 Nov 2099 04:00:00 GMT", 0, OUTCOME_WAIT_MAX_MS},
		{"-5", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"soon", -EINVAL, 0},
		{"7 s", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"Tomorrow", -EINVAL, 0},
		{NULL, -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		int64_t wait = -1;

		if (retry_after_parse(t[i].text, now, &wait) != t[i].r ||
			wait != (t[i].r ? -1 : t[i].wait_ms))
			fail_msg("%s: %lld", t[i].text, (long long)wait);
	}
}

static void backoff_is_full_jitter_and_capped(void **state)
{
	(void)state;
	for (int attempt = 0; attempt < 80; attempt++) {
		int64_t top = attempt < 9 ? 1000LL << attempt : OUTCOME_BACKOFF_MAX_MS;

		top = MIN(top, OUTCOME_BACKOFF_MAX_MS);
		assert_int_equal(backoff_ms(1000, OUTCOME_BACKOFF_MAX_MS, attempt, 0), 0);
		assert_int_equal(
			backoff_ms(1000, OUTCOME_BACKOFF_MAX_MS, attempt, (uint64_t)top), top);
		assert_int_equal(
			backoff_ms(1000, OUTCOME_BACKOFF_MAX_MS, attempt, (uint64_t)top + 1), 0);
		assert_in_range(backoff_ms(1000, OUTCOME_BACKOFF_MAX_MS, attempt, UINT64_MAX), 0,
			(uintmax_t)top);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_row_by_row),
		cmocka_unit_test(once_only_never_repeats_on_doubt),
		cmocka_unit_test(after_probe_and_read),
		cmocka_unit_test(retry_after_in_both_forms),
		cmocka_unit_test(backoff_is_full_jitter_and_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
