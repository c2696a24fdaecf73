/* filing: one complaint's way through the calls of a profile, as a pure function: given what the
 * ledger says, what is next?
 *
 *   uploads, one after the other -> create (or sheet) -> hand-over -> follow-ups -> finished
 *
 * The ledger alone decides, so a restart goes on exactly where the log stands. A call whose outcome
 * is open (INTENT, PARKED, HANDED) stops the filing until a record closes it. A rejected or dropped
 * attachment is left out (the text of the report says so) and does not stop the complaint. A
 * REJECTED create is tried again only with a newer version.
 *
 * A follow-up tells what the ledger says is not told yet (news.h), whichever version brought it:
 * one for all that came within follow_up_settle_ms of each other, more when it does not fit. One
 * that is PARKED, or with an officer, does not stop the next, which tells other things; one that is
 * REJECTED with files goes on without them (news.h); one without ends its version, and the next
 * version tells its content again. No I/O, no clock.
 * Known gap: a source that a person's split gave to two complaints on purpose is refused for the
 * second one; there is no split yet. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/profile.h"

#include "ledger.h"

enum filing_what {
	FILING_CALL,	 /* make this call now */
	FILING_SETTLE,	 /* leave it alone until not_before_ms */
	FILING_REFUSE,	 /* append REFUSED naming `other`: the same source may be filed already */
	FILING_WAIT,	 /* an attempt is open; the record that ends it brings the filing back */
	FILING_FINISHED, /* nothing more to do for this version */
};

struct filing_view { /* borrowed */
	const struct ledger *ledger;
	const struct profile *profile;
	const struct strmap *settings, *agencies;
	const json_t *complaint; /* the newest snapshot, ready */
	uint8_t id[16];
	uint32_t version;
	uint8_t destination, system; /* interned by the ledger */
	int64_t ready_ms;	     /* wall clock; 0 = unknown */
	int64_t settle_ms, now_ms;   /* wall clock */
	int64_t follow_up_settle_ms;
};

struct filing_step {
	enum filing_what what;
	enum call_kind call;	  /* FILING_CALL, FILING_REFUSE; FILING_SETTLE: what waits */
	unsigned attempt;	  /* of that call, from 1 */
	const json_t *attachment; /* upload: the element of the snapshot's attachments */
	uint64_t remote_id;	  /* hand-over, follow-up: the report's number there */
	unsigned part;		  /* follow-up: of its version, from 1 */
	uint8_t other[16];	  /* FILING_REFUSE */
	int64_t not_before_ms;	  /* FILING_SETTLE, wall clock */
	const char *why;	  /* stable word, for logs */
};

void filing_next(const struct filing_view *v, struct filing_step *ret);

#define FILING_FILES_MAX 64
/* Uploads that are there, for the create call; at most FILING_FILES_MAX. The texts borrow from the
 * snapshot. */
size_t filing_files(
	const struct filing_view *v, struct profile_file files[static FILING_FILES_MAX]);
/* Does an INTENT of this complaint collide with what the ledger holds (lane.md 20)? ret_other: the
 * complaint that holds a source, or the complaint itself when it stands at another destination of
 * the same system. */
bool filing_conflict(const struct ledger *l, const json_t *complaint, const uint8_t id[16],
	uint8_t destination, uint8_t system, uint8_t ret_other[16]);
