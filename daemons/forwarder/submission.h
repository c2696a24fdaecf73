/* submission: bodies of the records of `submissions`, muara.submission/1. Pure but for the time
 * they carry. No personal data goes in: ids, numbers, stable words. */
#pragma once

#include <jansson.h>

#include "base/crypto.h"
#include "core/lane.h"

#include "ledger.h"

struct submission_head { /* what every record about a call says; borrowed */
	uint8_t complaint[16];
	uint32_t version;
	const char *destination, *system;
	enum call_kind call;
	unsigned attempt;
	const char *attachment; /* sha256; uploads only, else NULL */
	unsigned part;		/* follow-ups only */
};

struct submission_told { /* what an INTENT tells; borrowed, any may be NULL */
	json_t *sources; /* ids of messages */
	json_t *cut;	 /* of these not all: {"source", "told": bytes} */
	json_t *files;	 /* sha256 */
	size_t left_out; /* of these, the last ones: said to be left out, not carried */
};

struct submission_result { /* of a call; zero or NULL = unsaid */
	const char *reason;
	int http_status, curl;
	uint64_t remote_id;
	char answer_sha256[SHA256_HEX_SIZE]; /* "" = no answer */
	char answer_blob[SHA256_HEX_SIZE];   /* "" = not kept */
};

/* Heads of an attempt the ledger knows. attachment as above. */
struct submission_head submission_head_of(
	const struct ledger *l, const struct slot *s, const char *attachment);

/* Callers own what they get. content_hash NULL: the request could not be made. */
json_t *submission_intent(const struct submission_head *h, const struct submission_told *told,
	const char *content_hash);
/* done, rejected, not_sent, parked, handed */
json_t *submission_outcome(const struct submission_head *h, const struct lane_key *intent,
	const struct submission_result *r);
/* resolution: filed, not_filed, dropped. command: id of the person's, or NULL. */
json_t *submission_resolved(const struct submission_head *h, const struct lane_key *intent,
	const char *resolution, const char *remote_id, const char *reason, const char *command);
/* remote_id in place of the number `was`. */
json_t *submission_corrected(const struct submission_head *h, const struct lane_key *intent,
	const char *remote_id, uint64_t was, const char *command);
json_t *submission_refused(
	const struct submission_head *h, const uint8_t other[16], const char *reason);
struct submission_status { /* what was read of a report; borrowed */
	uint64_t remote_id;
	enum report_status status;
	const char *name; /* their word, checked to be short and plain; NULL = none */
	json_t *answers;  /* [{id, at, template, sha256}], or NULL */
};
json_t *submission_status(const struct submission_head *h, const struct submission_status *s);
/* day "2026-11-24"; before, oldest: wall clock. */
json_t *submission_reminded(const char *destination, const char *day, int64_t before_ms,
	int64_t oldest_ms, long sheets, long parked);
/* A command absorbed: result "done" or "refused". destination and reason may be NULL. */
json_t *submission_command(const char *command, const char *what, const char *destination,
	const char *result, const char *reason);
/* A destination is held or open (again): state "held" or "open", reason a stable word. */
json_t *submission_hold(const char *destination, const char *state, const char *reason);
