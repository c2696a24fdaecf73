/* outcome: see outcome.h. The table is read from the top; the first row that fits decides.
 *
 * Guarantee: no row lets a once-only call be sent again unless the row's condition proves that
 * nothing was stored. Known gap: a server that stores and then answers 4xx is believed. */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/outcome.h"

enum { /* conditions of a row, all must hold */
	UNSENT = 1,
	FAILED = 2, /* curl failed after the first byte */
	UNDERSTOOD = 4,
	PROOF = 8,
	ID_IN_PATH = 16,
	NAMES_US = 32,
};

struct row {
	unsigned when;
	int low, high; /* HTTP status, 0..999 = any */
	const char *reason;
	struct {
		enum verdict verdict;
		enum record_fate record;
		enum destination_fate destination;
	} is[CALL_REPEAT_COUNT_];
};

#define SAME(v, r, d)                                                                         \
	{                                                                                     \
		[CALL_REPEATABLE] = {v, r, d}, [CALL_VERIFIABLE] = {v, r, d}, [CALL_ONCE] = { \
			v,                                                                    \
			r,                                                                    \
			d                                                                     \
		}                                                                             \
	}
/* May be stored: again, read back, or a person. */
#define MAYBE(v, d_repeat, d_verify, d_once)                                                     \
	{                                                                                        \
		[CALL_REPEATABLE] = {v, RECORD_RETRY, d_repeat},                                 \
		[CALL_VERIFIABLE] = {v == VERDICT_AMBIGUOUS ? VERDICT_VERIFY : v, RECORD_VERIFY, \
			d_verify},                                                               \
		[CALL_ONCE] = {                                                                  \
			v,                                                                       \
			RECORD_PARK,                                                             \
			d_once                                                                   \
		}                                                                                \
	}
#define AMBIGUOUS \
	MAYBE(VERDICT_AMBIGUOUS, DESTINATION_BACK_OFF, DESTINATION_BACK_OFF, DESTINATION_PAUSE)
#define NOT_SENT SAME(VERDICT_NOT_SENT, RECORD_RETRY, DESTINATION_BACK_OFF)

static const struct row rows[] = {
	{UNSENT, 0, 999, "not-sent", NOT_SENT}, {FAILED, 0, 999, "no-whole-answer", AMBIGUOUS},
	{UNDERSTOOD, 200, 299, "done", SAME(VERDICT_DONE, RECORD_DONE, DESTINATION_GO)},
	{0, 200, 299, "success-without-id", AMBIGUOUS},
	{0, 300, 399, "redirect",
		MAYBE(VERDICT_HOLD_DESTINATION, DESTINATION_HOLD, DESTINATION_HOLD,
			DESTINATION_HOLD)},
	{0, 401, 401, "unauthorized",
		SAME(VERDICT_CREDENTIAL_OR_RECORD, RECORD_PROBE, DESTINATION_PROBE)},
	{0, 403, 403, "forbidden",
		SAME(VERDICT_CREDENTIAL_OR_RECORD, RECORD_PROBE, DESTINATION_PROBE)},
	{0, 429, 429, "rate-limited", SAME(VERDICT_RATE_LIMITED, RECORD_RETRY, DESTINATION_WAIT)},
	{PROOF, 400, 599, "not-passed-on", NOT_SENT}, {0, 408, 408, "request-timeout", AMBIGUOUS},
	{ID_IN_PATH, 404, 404, "report-unknown-there",
		SAME(VERDICT_VERIFY, RECORD_VERIFY, DESTINATION_GO)},
	{0, 404, 404, "endpoint-moved",
		SAME(VERDICT_HOLD_DESTINATION, RECORD_RETRY, DESTINATION_HOLD)},
	{NAMES_US, 409, 409, "conflict-names-us",
		MAYBE(VERDICT_AMBIGUOUS, DESTINATION_GO, DESTINATION_GO, DESTINATION_GO)},
	{0, 400, 499, "rejected", SAME(VERDICT_REJECTED, RECORD_REJECT, DESTINATION_GO)},
	{0, 500, 599, "server-error", AMBIGUOUS},
	{0, 0, 999, "odd-answer", AMBIGUOUS}, /* must stay last: fits everything */
};

/* Failures that happen before a request leaves. With any other code something may have arrived,
 * whatever the byte counter says. */
static const int before_first_byte[] = {
	CURLE_UNSUPPORTED_PROTOCOL,
	CURLE_FAILED_INIT,
	CURLE_URL_MALFORMAT,
	CURLE_COULDNT_RESOLVE_PROXY,
	CURLE_COULDNT_RESOLVE_HOST,
	CURLE_COULDNT_CONNECT,
	CURLE_OUT_OF_MEMORY,
	CURLE_OPERATION_TIMEDOUT,
	CURLE_SSL_CONNECT_ERROR,
	CURLE_ABORTED_BY_CALLBACK,
	CURLE_INTERFACE_FAILED,
	CURLE_SSL_ENGINE_NOTFOUND,
	CURLE_SSL_ENGINE_SETFAILED,
	CURLE_SEND_ERROR,
	CURLE_SSL_CERTPROBLEM,
	CURLE_SSL_CIPHER,
	CURLE_PEER_FAILED_VERIFICATION,
	CURLE_USE_SSL_FAILED,
	CURLE_SEND_FAIL_REWIND,
	CURLE_SSL_CACERT_BADFILE,
	CURLE_SSL_CRL_BADFILE,
	CURLE_SSL_ISSUER_ERROR,
	CURLE_NO_CONNECTION_AVAILABLE,
	CURLE_SSL_PINNEDPUBKEYNOTMATCH,
	CURLE_SSL_INVALIDCERTSTATUS,
};

static bool unsent(const struct outcome_facts *f)
{
	if (f->sent_bytes > 0 || f->status)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(before_first_byte); i++)
		if (f->curl == before_first_byte[i])
			return true;
	return false;
}

static unsigned conditions(const struct outcome_facts *f)
{
	unsigned c = 0;

	if (f->curl != CURLE_OK)
		c |= unsent(f) ? UNSENT : FAILED;
	c |= f->understood ? UNDERSTOOD : 0;
	c |= f->proof ? PROOF : 0;
	c |= f->id_in_path ? ID_IN_PATH : 0;
	return c | (f->names_ticket ? NAMES_US : 0);
}

struct outcome outcome_of(const struct outcome_facts *f)
{
	unsigned holds = conditions(f);
	const struct row *r = rows;

	while (r < &rows[ARRAY_SIZE(rows) - 1] &&
		((r->when & holds) != r->when || f->status < r->low || f->status > r->high))
		r++;
	return (struct outcome){.verdict = r->is[f->repeat].verdict,
		.record = r->is[f->repeat].record,
		.destination = r->is[f->repeat].destination,
		.reason = r->reason};
}

struct outcome outcome_after_probe(bool probe_ok, bool proof, int run)
{
	if (!probe_ok)
		return (struct outcome){VERDICT_HOLD_DESTINATION, RECORD_RETRY, DESTINATION_HOLD,
			"credential-refused"};
	if (!proof)
		return (struct outcome){
			VERDICT_AMBIGUOUS, RECORD_PARK, DESTINATION_GO, "record-refused"};
	return (struct outcome){VERDICT_NOT_SENT, RECORD_RETRY,
		run >= OUTCOME_REFUSAL_RUN ? DESTINATION_HOLD : DESTINATION_BACK_OFF,
		"refused-before-it"};
}

struct outcome outcome_after_read(enum read_back what)
{
	static const struct outcome is[] = {
		[READ_BACK_DONE] = {VERDICT_DONE, RECORD_DONE, DESTINATION_GO, "read-back-done"},
		[READ_BACK_NOT] = {VERDICT_NOT_SENT, RECORD_RETRY, DESTINATION_BACK_OFF,
			"read-back-not-done"},
		[READ_BACK_GONE] = {VERDICT_AMBIGUOUS, RECORD_PARK, DESTINATION_GO,
			"report-not-found"},
		[READ_BACK_UNKNOWN] = {VERDICT_VERIFY, RECORD_VERIFY, DESTINATION_BACK_OFF,
			"read-back-failed"},
	};

	return is[what];
}

bool outcome_paused(const char *reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].is[CALL_ONCE].destination == DESTINATION_PAUSE &&
			strcmp(rows[i].reason, reason) == 0)
			return true;
	return false;
}

enum destination_fate outcome_after_rejects(int run)
{
	return run >= OUTCOME_REJECT_RUN ? DESTINATION_HOLD : DESTINATION_GO;
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_DONE] = "done",
		[VERDICT_NOT_SENT] = "not-sent",
		[VERDICT_AMBIGUOUS] = "ambiguous",
		[VERDICT_VERIFY] = "verify",
		[VERDICT_RATE_LIMITED] = "rate-limited",
		[VERDICT_CREDENTIAL_OR_RECORD] = "credential-or-record",
		[VERDICT_REJECTED] = "rejected",
		[VERDICT_HOLD_DESTINATION] = "hold-destination",
	};

	return names[v];
}

int retry_after_parse(const char *text, int64_t now_wall_ms, int64_t *ret_wait_ms)
{
	int64_t seconds;
	time_t at;
	int r;

	if (!text || !*text)
		return -EINVAL;
	r = parse_i64(text, 0, OUTCOME_WAIT_MAX_MS / 1000, &seconds);
	if (r == -ERANGE && text[0] != '-') {
		*ret_wait_ms = OUTCOME_WAIT_MAX_MS;
		return 0;
	}
	if (!r) {
		*ret_wait_ms = seconds * 1000;
		return 0;
	}
	/* curl_getdate also reads bare numbers and the like; an HTTP-date begins with a day's name
	 */
	at = strchr("MTWFS", text[0]) && strlen(text) <= 40 ? curl_getdate(text, NULL) : -1;
	if (at == -1)
		return -EINVAL;
	*ret_wait_ms = MIN(MAX((int64_t)at * 1000 - now_wall_ms, 0), OUTCOME_WAIT_MAX_MS);
	return 0;
}

int64_t backoff_top_ms(int64_t base_ms, int64_t max_ms, int attempt)
{
	int64_t top = base_ms;

	for (int i = 0; i < attempt && top < max_ms; i++)
		top = top > max_ms / 2 ? max_ms : top * 2;
	top = MIN(top, max_ms);
	return top;
}

int64_t backoff_ms(int64_t base_ms, int64_t max_ms, int attempt, uint64_t random)
{
	return (int64_t)(random % ((uint64_t)backoff_top_ms(base_ms, max_ms, attempt) + 1));
}
