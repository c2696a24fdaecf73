/* outcome: what the end of a call to a destination means, for the record and for the destination.
 *
 * One pure function over one const table; tests/unit/test-outcome.c has a test per row. The
 * question behind every row: can it have been stored there? Where that is not known, a call that
 * happens once only is parked for a person, one that can be read back is verified, and only a
 * repeatable one is sent again. Thread: any. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum call_repeat {	 /* from the profile */
	CALL_REPEATABLE, /* harmless twice: upload, every read */
	CALL_VERIFIABLE, /* a read shows whether it happened: hand-over */
	CALL_ONCE,	 /* neither: create, follow-up */
	CALL_REPEAT_COUNT_
};

enum verdict {
	VERDICT_DONE,
	VERDICT_NOT_SENT,	      /* nothing reached it: again, later */
	VERDICT_AMBIGUOUS,	      /* may be stored there */
	VERDICT_VERIFY,		      /* read it back: done, again, or park (outcome_after_read) */
	VERDICT_RATE_LIMITED,	      /* not taken; wait as told */
	VERDICT_CREDENTIAL_OR_RECORD, /* probe with a read, then outcome_after_probe */
	VERDICT_REJECTED,
	VERDICT_HOLD_DESTINATION, /* the endpoint moved */
};

enum record_fate {
	RECORD_DONE,
	RECORD_RETRY,  /* append NOT_SENT, a new attempt later */
	RECORD_PARK,   /* append PARKED; a person resolves */
	RECORD_REJECT, /* append REJECTED */
	RECORD_VERIFY, /* read, then outcome_after_read */
	RECORD_PROBE,  /* decided by outcome_after_probe */
};

enum destination_fate {
	DESTINATION_GO,
	DESTINATION_BACK_OFF, /* full jitter, OUTCOME_BACKOFF_* */
	DESTINATION_PAUSE,    /* full jitter to OUTCOME_PAUSE_MAX_MS, probe with a read, then one
				 create at    a time until one succeeds */
	DESTINATION_WAIT,     /* Retry-After, or back-off when none came */
	DESTINATION_PROBE,    /* read now; outcome_after_probe */
	DESTINATION_HOLD,     /* nothing more until a person says so; alarm */
};

struct outcome_facts {
	enum call_repeat repeat;
	int curl;	    /* CURLE_* */
	int status;	    /* HTTP, 0 = none */
	int64_t sent_bytes; /* request bytes that left, headers included */
	bool understood;    /* 2xx only: the wanted id was found, or for a call that gives none the
			       body    is a JSON object or empty */
	bool proof;	    /* the profile recognises the answer as "not passed on" */
	bool id_in_path;    /* the call names a report of theirs in its path */
	bool names_ticket;  /* the answer holds our ticket */
};

struct outcome {
	enum verdict verdict;
	enum record_fate record;
	enum destination_fate destination;
	const char *reason; /* stable word for logs, metrics, records; static */
};

#define OUTCOME_BACKOFF_BASE_MS 1000
#define OUTCOME_BACKOFF_MAX_MS	(300 * 1000)
#define OUTCOME_PAUSE_MAX_MS	(30 * 60 * 1000)
#define OUTCOME_WAIT_MAX_MS	(24 * 60 * 60 * 1000) /* a longer Retry-After is cut to this */
#define OUTCOME_REJECT_RUN	10 /* rejects in a row without a success: hold the destination */
#define OUTCOME_REFUSAL_RUN	5  /* proven refusals (401) in a row while reads pass: hold */

struct outcome outcome_of(const struct outcome_facts *f);

/* After VERDICT_CREDENTIAL_OR_RECORD and a probing read. Reads fail too: hold the destination, the
 * record was not sent. Reads pass: park the record, or send it again when `proof` says that it was
 * not passed on (at most OUTCOME_REFUSAL_RUN in a row, `run` counts them, this one included). */
struct outcome outcome_after_probe(bool probe_ok, bool proof, int run);

enum read_back {
	READ_BACK_DONE,	   /* it shows the effect */
	READ_BACK_NOT,	   /* the report is there, without the effect */
	READ_BACK_GONE,	   /* no such report */
	READ_BACK_UNKNOWN, /* the read itself failed: read again later */
};
struct outcome outcome_after_read(enum read_back what);

/* Of a once-only call that was parked for this reason: did it make its destination pause? */
bool outcome_paused(const char *reason);

/* Consequence of the n-th reject in a row (n = 1 for the first). */
enum destination_fate outcome_after_rejects(int run);

const char *verdict_name(enum verdict v);

/* Retry-After in either form, seconds or HTTP-date, as a wait from now in ms,
 * 0..OUTCOME_WAIT_MAX_MS (a date gone by is 0). -EINVAL: NULL or neither form. */
int retry_after_parse(const char *text, int64_t now_wall_ms, int64_t *ret_wait_ms);

/* Full jitter: uniform in [0, min(max_ms, base_ms * 2^attempt)]. `random` is the caller's, so that
 * the function is pure. attempt 0 is the first retry. */
int64_t backoff_top_ms(int64_t base_ms, int64_t max_ms, int attempt); /* the limit alone */
int64_t backoff_ms(int64_t base_ms, int64_t max_ms, int attempt, uint64_t random);
