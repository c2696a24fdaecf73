/* ledger_rows: what the files of the ledger share: its rows, their keys, and how a record's fields
 * are read. Nobody but ledger*.c includes it; what others ask is in ledger.h. */
#pragma once

#include "base/crypto.h"

#include "ledger.h"

struct source_row {
	uint8_t key[16]; /* hash of message and system; further filings of it chain by hashing on */
	uint32_t slot;	 /* the create, sheet or follow-up slot it stands in */
	uint32_t upto : 24; /* bytes of its text that are told there */
	uint32_t since : 8; /* the first attempt that names it, or SINCE_MAX */
};
#define UPTO_WHOLE ((1U << 24) - 1)
#define SINCE_MAX  UINT8_MAX /* this attempt and all later ones */

struct file_row {
	uint8_t key[16]; /* hash of content, complaint and destination; chains as sources do */
	uint32_t slot, since;
};

struct command_row {
	uint8_t key[16];
};

/* --- ledger.c: keys --- */
/* attachment: as for ledger_slot. */
void ledger_slot_key(uint8_t key[16], const uint8_t complaint[16], uint8_t destination,
	enum call_kind call, const char *attachment);
/* Of an id and an interned name: a message and its system, a complaint and its destination. */
void ledger_pair_key(uint8_t key[16], const uint8_t id[16], uint8_t name);

/* --- ledger_read.c: 0 or -EINVAL, which holds the lane --- */
struct ledger_head { /* what every record about a call names; texts borrow from the body */
	uint8_t complaint[16];
	uint8_t destination, system;
	enum call_kind call;
	const char *attachment; /* of a follow-up: part_text, so the struct must not be copied */
	uint32_t version, attempt;
	unsigned part;
	char part_text[LEDGER_PART_SIZE];
};

struct ledger_about {	   /* what a record that names an INTENT speaks of */
	struct slot *slot; /* NULL: of none that counted */
	uint32_t term, n;  /* of the INTENT */
	uint32_t version, attempt;
	bool newest; /* it is the slot's newest attempt */
	uint64_t remote_id;
};

/* Interns the names. */
int ledger_read_head(struct ledger *l, const json_t *body, struct ledger_head *h, struct err *err);
int ledger_read_about(
	struct ledger *l, const struct ledger_entry *e, struct ledger_about *ret, struct err *err);
int ledger_read_remote_id(const json_t *body, uint64_t *ret); /* not there: left as it is */
uint32_t ledger_read_at(const json_t *body);		      /* wall clock seconds; 0 = not said */

/* --- ledger_told.c --- */
/* What the INTENT in `body` says it tells, for the slot it made. */
int ledger_note_told(
	struct ledger *l, const json_t *body, uint8_t system, uint32_t slot, struct err *err);
