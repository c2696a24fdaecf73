/* status: a destination's reads, as the files of status share them. Nobody but status*.c includes
 * it; what the lane calls is in forwarder.h. Loop thread. */
#pragma once

#include "core/followups.h"
#include "core/ids.h"

#include "forwarder.h"

#define ANSWERS_MAX   20 /* in one record; more follow at once */
#define STATUS_SOON_S 60 /* the log did not take a record; a hand-over was taken */

enum watch_step { STEP_NONE, STEP_REPORT, STEP_PAGE_DUE, STEP_PAGE, STEP_APPENDED };

struct answer { /* a follow-up that is news */
	uint64_t id;
	int64_t at_ms;
	char code[FOLLOWUP_CODE_SIZE];
	json_t *content;
};

struct watch { /* a destination; one report under way at most */
	struct status *status;
	const struct endpoint *ep;
	const char *name;
	struct follow_gate gate;
	enum watch_step step;
	struct site *site; /* of the lane it is read for; NULL: none is */
	uint32_t slot;
	char id[UUID_TEXT_SIZE], ticket[TICKET_TEXT_SIZE];
	struct profile_request request;
	struct httpc_call *http;
	unsigned page;
	enum report_status found;
	char word[PROFILE_WORD_SIZE];
	struct answer answers[ANSWERS_MAX]; /* the lowest numbers, rising */
	size_t n_answers;
	bool more;    /* than fit into one record */
	json_t *seen; /* numbers of this read: pages that go round are noticed */
};

struct status {
	struct forwarder *fwd;
	struct watch *watches; /* one per endpoint */
	struct loop_timer *tick;
	struct metric *reads, *open, *late, *not_shown;
};

/* --- status.c --- */
uint32_t watch_now_s(void); /* the clock of what is due: boot time */
/* A read is at its end; its report waits for the next one, if it is to be followed further. Nothing
 * of it is under way any more when they return. */
void watch_went_well(struct watch *w, const char *result);
/* answer NULL: there is none. what: place and remedy, no content. */
void watch_failed(struct watch *w, const struct httpc_answer *answer, const char *what);
void watch_finish(struct watch *w, const char *result, uint32_t due_s);

/* --- status_read.c --- */
/* The report of w->slot, or its page w->page of follow-ups. What all pages say goes to
 * watch_whole(). */
void watch_read_report(struct watch *w);
void watch_read_page(struct watch *w);

/* --- status_record.c --- */
/* Everything is read: a record is appended when it says something new. */
void watch_whole(struct watch *w);
/* That record counts. */
void watch_counted(struct watch *w);
