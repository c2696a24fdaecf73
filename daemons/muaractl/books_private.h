/* books_private: the tables of books.c, summed up by books_sum.c and told to a report by
 * books_report.c; nobody else includes it. */
#pragma once

#include "base/crypto.h"
#include "base/idmap.h"

#include "books.h"

#define NAMES_MAX 4096

struct name { /* of a topic, class, destination …: a number for a text */
	char *text;
};

struct part { /* one partition of a raw topic */
	uint32_t topic;
	int32_t partition;
	int64_t low, end; /* of what was read; low < 0: nothing */
	int64_t must;	  /* everything below must be decided */
};

struct raw_row {	 /* one accepted message: an id with its content */
	uint8_t key[16]; /* of id and content hash */
	uint8_t id[16];	 /* the UUID, or hash of the place */
	uint8_t hash[SHA256_SIZE];
	int64_t offset;	     /* where it came first */
	int64_t received_ms; /* 0 = not told */
	uint32_t part, tenant, channel, repeats;
	bool by_place;
};

enum place { P_COMPLAINT, P_NOTED, P_ARCHIVED, P_DEAD, PLACES };
struct decided_row { /* one absorbed message */
	uint8_t id[16];
	uint8_t hash[SHA256_SIZE];
	uint8_t complaint[16];	      /* P_COMPLAINT */
	int64_t offset;		      /* of its raw record, -1 = not told */
	int64_t at_ms;		      /* of its first decision */
	uint32_t part, class, tenant; /* tenant: by books_report, 0 = not known */
	uint32_t in_version;	      /* newest version of `complaint` that lists it */
	uint8_t place;
	bool matched;  /* a raw record of it is there */
	bool in_two;   /* listed by another complaint as well */
	bool by_place; /* id is the hash of topic/partition/offset */
};

struct complaint_row {
	uint8_t id[16];
	int64_t received_ms; /* when it was opened; books_report looks for an earlier time */
	uint32_t version, state, destination, tenant;
	uint32_t channel, agency, classification, closed;
	uint32_t filing; /* its newest create or sheet attempt, IDMAP_NONE */
	uint32_t refused_version;
	bool known;    /* a decision told of it */
	bool answered; /* its last status is an end */
};

enum { /* states an attempt has reached, a bit each; the highest holds */
	A_PARKED = 1,
	A_HANDED = 2,
	A_NOT_SENT = 4,
	A_REJECTED = 8,
	A_NOT_FILED = 16,
	A_DROPPED = 32,
	A_FILED = 64,
	A_DONE = 128,
};
struct attempt_row {
	uint8_t key[16]; /* of lane and "term/n" */
	uint8_t complaint[16];
	uint64_t remote_id;
	uint64_t term, n;
	int64_t filed_ms; /* the first record that says so, 0 = none */
	uint32_t destination, system;
	int32_t lane;
	uint32_t version;
	uint32_t older; /* an earlier attempt of the same filing, IDMAP_NONE */
	uint8_t states;
	bool creates; /* create or sheet */
	bool two_ids; /* the destination gave two numbers */
};

struct claim_row { /* a source in a system, or a number of a system */
	uint8_t key[16];
	uint32_t attempt;
};
struct clash { /* two attempts that claim the same */
	uint32_t a, b;
	uint8_t what[16]; /* the message; zero: a remote id */
};

struct books {
	struct name *names; /* 0 is "" */
	uint32_t n_names;
	struct part *parts;
	uint32_t n_parts;
	struct idmap raws, decided, complaints, attempts, claims;
	struct clash *clashes;
	size_t n_clashes;
	bool statuses; /* somebody reads what became of filings */
};

const char *books_name(const struct books *b, uint32_t name);
/* The highest of what it has reached; 0: only intended. */
unsigned books_attempt_state(const struct attempt_row *a);
const char *books_end_name(unsigned state);
/* The attempt that says what became of a complaint: its newest, or an earlier one in the same
 * system that is done after all and whose successor left nothing there. NULL: none was made. */
const struct attempt_row *books_filing(const struct books *b, const struct complaint_row *c);
/* The decision on a raw record, NULL when there is none. */
struct decided_row *books_decision_on(struct books *b, const struct raw_row *r);
