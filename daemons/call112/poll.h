/* poll: an endpoint that is asked, as the files of poll share it. Nobody but poll*.c includes it;
 * the source itself is named in drop.h. Thread: loop. */
#pragma once

#include "base/crypto.h"
#include "base/httpc.h"

#include "calls.h"
#include "drop.h"
#include "page.h"
#include "unmapped.h"

#define POLL_AGAIN_MS 1000

enum poll_state { POLL_IDLE, POLL_ASKING, POLL_TAKING, POLL_SETTLING };

struct poll {
	struct source *source;
	const struct call112_conf *conf;
	struct c112_rules rules;
	struct c112_file *format;
	struct c112_row row;
	struct calls *calls;
	struct unmapped *unmapped;
	struct httpc *http;
	struct httpc_call *call;
	enum poll_state state;
	int64_t since_ms; /* of the cursor; 0: none yet */
	int64_t raw;
	uint64_t first, number; /* rows [first, number) are handed out and may not be in the log */
	size_t open;		/* of them without a report */
	bool report_failed;
	/* the reading at hand */
	int64_t newest_ms;
	int page_no, item_no; /* page 0: no reading is at hand */
	char *next;
	/* its page at hand */
	char *body;
	size_t body_len;
	uint8_t body_hash[SHA256_SIZE]; /* of the page before, too */
	struct page page;
	/* between readings */
	int64_t not_before_ms;
	int failures;
	char trouble[200]; /* told already */
	bool refused;	   /* a person is needed */
	bool writing, dirty, draining;
	struct metric *rows, *calls_made, *held;
};

/* --- poll_page.c --- */
/* Asks for page p->page_no of the reading at hand: POLL_ASKING, then POLL_TAKING with p->page, or
 * the reading is broken off. */
void poll_ask(struct poll *p);
/* All items of the page are taken: the next one, or POLL_SETTLING. */
void poll_page_done(struct poll *p);
/* Something is wrong: told once, and the reading is made again after a wait of at least wait_ms;
 * alarm: a person is needed. `what` has no content of the answer. */
void poll_trouble(struct poll *p, bool alarm, const char *what, int64_t wait_ms);
/* The reading is made again from its beginning; what was handed out stays known. */
void poll_break_off(struct poll *p, int64_t wait_ms);
void poll_forget(struct poll *p); /* the page and place of the reading at hand */
