/* ledger: what the log `submissions` says about every call of every filing. A pure fold: records
 * in, table out.
 *
 * A *slot* is one call of one filing: (complaint, destination, call, attachment); of a follow-up,
 * (complaint, destination, call, version and part). It holds its
 * newest attempt and the highest state that attempt has reached, whatever the order of arrival
 * (lane.md 17): DONE > RESOLVED > REJECTED, NOT_SENT > PARKED, HANDED > INTENT; but an earlier
 * attempt whose late DONE comes after a resend, when the newer one left nothing there. A *source*
 * row says in which filing or follow-up a message stands for a system (lane.md 20) and how much of
 * its text; a *file* row the same of an attachment's bytes. Fixed-size rows (slot 64 bytes, source
 * and file 24, and their cells), no text but interned names; memory grows with filings only. Feed
 * it the counted and late records of the lane in log order; anything else must have been sorted out
 * by core/lane. Single thread; no I/O, no clock. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/idmap.h"
#include "core/call_kind.h"
#include "core/report_status.h"

enum slot_state {
	SLOT_NONE,
	SLOT_INTENT,
	SLOT_HANDED,	/* the sheet is with an officer; waits for the number */
	SLOT_PARKED,	/* outcome unknown; waits for a person or a verification */
	SLOT_NOT_SENT,	/* certainly not there: free to try again */
	SLOT_REJECTED,	/* the endpoint refused this record */
	SLOT_NOT_FILED, /* RESOLVED: a person or a reading found it is not there: free to try again
			 */
	SLOT_DROPPED,	/* RESOLVED: a person decided it is not to be filed */
	SLOT_FILED,	/* RESOLVED: a person or a reading found it there */
	SLOT_DONE,
	SLOT_STATES
};

struct slot {
	uint8_t key[16];
	uint8_t complaint[16];
	uint64_t remote_id; /* digits the destination gave; 0 = none. Up to 19 digits */
	uint32_t term, n;   /* the INTENT of the newest attempt */
	uint32_t version;
	uint32_t at_s; /* when that INTENT was written, wall clock seconds: for brakes */
	uint16_t attempt;
	uint8_t state, call;
	uint8_t destination, system; /* interned names */
	uint8_t flags;
	union {
		uint8_t status; /* create, sheet: of the report, as read last: enum report_status */
		uint8_t part;	/* follow-up: of those of its version, from 1 */
	};
};
enum {
	SLOT_F_DUPLICATE = 1, /* DONE of an earlier attempt after a resend that may have been
				 stored, too; or two different remote ids */
	SLOT_F_LISTED = 2,    /* its INTENT lists the files it tells; older programs' did not */
	SLOT_F_TYPED = 4,     /* its number was typed by a person: it may be corrected */
	SLOT_F_FILES = 8,     /* follow-up: it carries files */
	SLOT_F_ALONE = 16,    /* follow-up: one file and no other */
};

struct refusal { /* newest REFUSED of a complaint for a destination */
	uint8_t key[16];
	uint8_t other[16];
	uint32_t version;
};

struct reported {	 /* a filing whose report went on, or to which something was written back */
	uint8_t key[16]; /* of its slot */
	uint64_t last;	 /* the highest follow-up there that is in the log */
	uint32_t verified_s;	/* wall clock: when that, or more, was read first; 0 = not yet */
	uint32_t in_progress_s; /* the same */
};

struct earlier {	 /* an earlier attempt of a slot that is DONE, as was told late */
	uint8_t key[16]; /* of its slot */
	uint64_t remote_id;
	uint32_t term, n, version;
	uint16_t attempt;
	bool twice; /* and another one, too */
};

struct ledger {
	struct idmap slots, sources, files, refusals, commands, reported, earlier;
	char *names[256]; /* interned destinations and systems; 0 is "" */
	unsigned n_names;
	unsigned long duplicates;	    /* filings flagged SLOT_F_DUPLICATE */
	unsigned long filings[SLOT_STATES]; /* create and sheet slots by state */
	unsigned long follow_ups[SLOT_STATES];
	unsigned long with_person;		 /* slots of all calls that are HANDED or PARKED */
	unsigned long statuses[REPORT_STATUSES]; /* of those whose report was read */
	int32_t reminded[256]; /* by name: newest day that was reminded of; 0 = never */
};

struct ledger_entry { /* one record as core/lane ruled it */
	const char *kind;
	uint64_t term, n;
	bool late; /* counts by lane.md 17 only as an outcome of its own writer's INTENT */
	const json_t *body;
};

void ledger_init(struct ledger *l);
void ledger_free(struct ledger *l);

/* 0 applied; 1 void (an outcome whose INTENT never counted, a repeated resolution); -EINVAL: the
 * record breaks its own schema, so nobody can say what it means: the lane must hold. *ret_slot may
 * be NULL; set to the slot's index or IDMAP_NONE. */
int ledger_apply(
	struct ledger *l, const struct ledger_entry *e, uint32_t *ret_slot, struct err *err);

/* Its interned number; 0: no record has named it. */
uint8_t ledger_find_name(const struct ledger *l, const char *name);
/* The same, interned now if it was not; 0 when the table (255 names) is full, which ledger_apply
 * reports as -EINVAL. */
uint8_t ledger_name(struct ledger *l, const char *name);
const char *slot_state_name(enum slot_state s);

/* attachment: sha256 hex for uploads, ledger_part() for follow-ups, NULL else. NULL when there is
 * no such slot. */
struct slot *ledger_slot(const struct ledger *l, const uint8_t complaint[16], uint8_t destination,
	enum call_kind call, const char *attachment);
#define LEDGER_PART_SIZE 24
#define LEDGER_PARTS_MAX 255
const char *ledger_part(uint32_t version, unsigned part, char ret[LEDGER_PART_SIZE]);

/* How many bytes of this message's text a blocking slot of the complaint at the destination tells;
 * LEDGER_WHOLE also when another complaint holds it for the system, and while it is not known
 * whether a part of it was told: its rest would stand there without what precedes it.
 * LEDGER_UNTOLD: none does. */
#define LEDGER_UNTOLD (-1)
#define LEDGER_WHOLE  INT64_MAX
int64_t ledger_told(const struct ledger *l, const uint8_t complaint[16], uint8_t destination,
	uint8_t system, const uint8_t message[16]);
/* Does a blocking slot of the complaint at the destination tell these bytes? */
bool ledger_told_file(const struct ledger *l, const uint8_t complaint[16], uint8_t destination,
	const char *sha256);

/* Was a follow-up with this file refused? Among others: any of them may have been the reason. */
enum file_standing { FILE_FINE, FILE_SUSPECT, FILE_REFUSED };
enum file_standing ledger_file_standing(const struct ledger *l, const uint8_t complaint[16],
	uint8_t destination, const char *sha256);

/* May a new attempt of this call be made? (No slot, NOT_SENT, NOT_FILED.) */
bool slot_open(const struct slot *s);
/* Is an earlier attempt at it known to be DONE? Then another one is not sent any more. */
bool ledger_done_before(const struct ledger *l, const struct slot *s);
/* Filed under a number a person typed, who may have typed it wrong. */
bool slot_correctable(const struct slot *s);
/* Does this slot stand in the way of creating the same source again in the same system? (lane.md
 * 20) */
bool slot_blocks(const struct slot *s);
/* The filing that already holds one of the sources for this system, other than `complaint` itself;
 * NULL = none. */
const struct slot *ledger_conflict(
	const struct ledger *l, const json_t *sources, uint8_t system, const uint8_t complaint[16]);
/* The create or sheet slot of a complaint at a destination: of two the one that stands in the way,
 * NULL = none. */
struct slot *ledger_filing(
	const struct ledger *l, const uint8_t complaint[16], uint8_t destination);
const struct refusal *ledger_refusal(
	const struct ledger *l, const uint8_t complaint[16], uint8_t destination);
/* Is this number of a report, in this system, that of another complaint already? Walks the table:
 * for what persons do. `system` by its name, for the table may be another lane's. */
bool ledger_number_used(const struct ledger *l, const char *system, uint64_t remote_id,
	const uint8_t complaint[16]);
const struct reported *ledger_reported(
	const struct ledger *l, const struct slot *s); /* NULL = nothing yet */
/* The highest follow-up of theirs that is in the log; 0 = none. */
uint64_t ledger_last_answer(const struct ledger *l, const struct slot *s);
bool ledger_command_absorbed(const struct ledger *l, const uint8_t command[16]);
