/* lane: which records of a lane log count. Pure: no I/O, no clock, no JSON; the driver is
 * lane_log.h; the rules by their numbers, their reasons, tests and mutants are lane.md, beside this
 * file.
 *
 * lane_view is the ruling every reader applies: fed with the records of one log in log order, it
 * says of each whether it counts. The owner's state machine above it is lane_owner.h. Plain state
 * driven by calls; the model test drives the very same code against a simulated log. Not
 * thread-safe; strings are borrowed for the call unless said otherwise. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LANE_RULES	   1 /* the rules this build knows; a takeover with higher ones: hold */
#define LANE_WRITER_SIZE   16
#define LANE_HASH_SIZE	   32
#define LANE_RECORD_MAX	   (512 * 1024) /* bytes of a value; more lies in the blob store */
#define LANE_IN_FLIGHT_MAX 1024
#define LANE_KEY_SIZE	   72 /* "takeover/<20 digits>/<32 hex>" + NUL */

enum lane_ruling {
	LANE_COUNTS, /* under the newest term before it */
	LANE_LATE,   /* outcome of an INTENT that counted, from that INTENT's writer, under an old
			term: counts */
	LANE_VOID,   /* for every reader, for ever */
	LANE_SKIP,   /* tombstone: removes a value, rules nothing */
	LANE_HOLD,   /* this reader must not go on; the reason is in struct err */
};

enum lane_type {
	LANE_T_GENESIS,
	LANE_T_TAKEOVER,
	LANE_T_RECORD,
	LANE_T_TOMBSTONE,
	LANE_T_BAD, /* nothing a lane writer appends: void */
};

struct lane_key {
	uint64_t term, n;
};

struct lane_rec { /* one record as the rules see it (lane_record.h parses it) */
	enum lane_type type;
	int64_t offset;
	uint64_t term, n;
	uint8_t writer[LANE_WRITER_SIZE];
	uint8_t hash[LANE_HASH_SIZE]; /* sha256 of key, NUL, value */
	bool key_ok;		      /* the key is the one its content asks for */
	bool key_fixed;		      /* tombstone: of a takeover or the genesis */
	bool kind_known;
	bool outcome;		       /* done, rejected, not_sent: counts late (rule 17) */
	struct lane_key intent;	       /* outcome: the INTENT it names; {0,0} = none */
	const struct lane_key *erased; /* keys this record says were erased (rule 23) */
	size_t n_erased;
	int rules;				    /* takeover */
	const char *installation, *log_name, *kind; /* genesis; kind for texts only */
	int lanes, lane;			    /* genesis */
};

/* --- the ruling of a reader --- */

struct lane_mark { /* what somebody remembers of a log: after the record at offset, this ruled */
	int64_t offset; /* < 0: remembers nothing */
	uint64_t term;
	uint8_t writer[LANE_WRITER_SIZE];
	uint8_t hash[LANE_HASH_SIZE]; /* of the record at offset */
};

struct lane_term {
	uint64_t term;
	uint8_t writer[LANE_WRITER_SIZE];
	uint64_t counted_n; /* last n that counted: an INTENT term/n counted iff n <= this */
	uint64_t seen_n;    /* last n of this writer, void ones included */
};

struct lane_gap { /* n of a term that were not there, first..last */
	uint64_t term, first, last;
};

struct lane_view_conf {
	const char *log_name;	  /* "complaints"; compared with genesis; outlives the view */
	const char *installation; /* NULL: learned from genesis; outlives the view */
	int lanes;		  /* 0: learned */
	int lane;
	bool compacted; /* a gap in n is legal if a counted record names its keys as erased */
};

struct lane_view {
	struct lane_view_conf conf;
	char installation[40]; /* "" before genesis */
	int lanes;
	int64_t next;		 /* everything below has been ruled */
	struct lane_mark last;	 /* the last record ruled, tombstones included */
	struct lane_term *terms; /* every counted takeover, rising; the last one rules */
	size_t n_terms;
	struct lane_gap *gaps;
	size_t n_gaps;
	struct lane_mark *marks; /* not passed yet */
	size_t n_marks;
	bool check_last; /* resumed from a position: the first record must be `last` */
	bool held;
};

void lane_view_init(struct lane_view *v, const struct lane_view_conf *c);
void lane_view_free(struct lane_view *v);
/* Something else remembers the log (witness, index): what is read must agree with it (rule 4). Only
 * before the first record. */
void lane_view_add_mark(struct lane_view *v, const struct lane_mark *m);
/* Records in log order, each offset once; holes in offsets are legal. LANE_HOLD: e says why, and
 * every later call says hold too. */
enum lane_ruling lane_view_feed(struct lane_view *v, const struct lane_rec *r, struct err *e);
/* The log was read to its end, `next` = the offset the next record will get. 0; -EBADMSG: hold
 * (no genesis, a gap no erasure explains); -EAGAIN: a mark is ahead of the log: hold unless the
 * end moves on within a few seconds (after a change of leader a reader's end lags shortly). */
int lane_view_eof(struct lane_view *v, int64_t next, struct err *e);
/* The term and writer that rule now; NULL before the first takeover. */
const struct lane_term *lane_view_ruler(const struct lane_view *v);
/* Counted takeover of that term, or NULL. */
const struct lane_term *lane_view_term(const struct lane_view *v, uint64_t term);

/* --- keys --- */

/* "4/17"; "takeover/4/<hex>". out holds LANE_KEY_SIZE. */
void lane_key_format(uint64_t term, uint64_t n, char *out);
void lane_takeover_key(uint64_t term, const uint8_t writer[LANE_WRITER_SIZE], char *out);
/* "4/17" -> key; -EINVAL. Not NUL-terminated input. */
int lane_key_parse(const char *s, size_t len, struct lane_key *ret);
