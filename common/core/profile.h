/* profile: an endpoint described as data (config/lapor/NAME.yaml): how a complaint becomes calls,
 * and what their answers say. Pure but for profile_load.
 *
 * A profile says: kind, system it files into, base path's calls in order, for each method, path,
 * body (field map or multipart), whether it may be repeated, verified, or happens once only, its
 * time and size limits, where an id comes back (a list of places, the first that is there wins),
 * proofs that an answer means "not passed on", a read that probes the credential and a read that
 * shows a report, status map, limits of attachments, form of `attachments`; and how news of a
 * report that stands there is told (follow_up). An operator's settings (institution, category and
 * location numbers …) are no part of it: they come with the destination in forwarder.yaml and are
 * named in the map as {{setting}}.
 *
 * Thread: any; a loaded profile is read-only. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/httpc.h"
#include "base/options.h"
#include "core/blob.h"
#include "core/call_kind.h"
#include "core/outcome.h"
#include "core/report_status.h"

enum profile_kind {
	PROFILE_HTTP,	 /* calls over HTTP */
	PROFILE_SHEET,	 /* a sheet for an officer, who types the number back */
	PROFILE_OBSERVE, /* calls are made up and written down, never sent */
};
enum profile_read {
	READ_PROBE,
	READ_REPORT,
	READ_FOLLOWUPS, /* a page of what was written back; its answer: core/followups.h */
	PROFILE_READS
};

struct profile_call {
	bool present; /* the profile has this call */
	enum call_repeat repeat;
	bool id_in_path;     /* names a report of theirs in its path */
	bool gives_id;	     /* 2xx must bring an id */
	bool verify_success; /* also after a 2xx a read shows whether it had its effect */
	int64_t connect_ms, total_ms;
	size_t max_answer;
};

struct profile;
/* All faults at once, "file:line: key: what is wrong; what is allowed", in ret_faults (may be
 * NULL). */
int profile_load(const char *path, struct profile **ret, struct buf *ret_faults, struct err *e);
void profile_free(struct profile *p); /* NULL-safe */
const char *profile_name(const struct profile *p);
const char *profile_system(const struct profile *p); /* lane.md 20: what it files into */
enum profile_kind profile_kind(const struct profile *p);
const struct profile_call *profile_call(const struct profile *p, enum call_kind c);
const struct profile_call *profile_read(const struct profile *p, enum profile_read r);
/* Does the profile need this call for this complaint at all? Hand-over: only when its agency maps
 * to another institution than our own; upload: per attachment that profile_attachment takes. */
bool profile_wants(const struct profile *p, enum call_kind c, const json_t *complaint,
	const struct strmap *settings, const struct strmap *agencies);
/* Is this element of the complaint's `attachments` to be uploaded: stored, type and size allowed,
 * no second copy of the same bytes, within the number of files a report may carry? */
bool profile_attachment(const struct profile *p, const json_t *complaint, const json_t *attachment);
/* Can a follow-up carry this element of `attachments`: stored, of a type and size that are taken?
 */
bool profile_follow_up_file(const struct profile *p, const json_t *attachment);
/* Settings the profile declares but the destination does not give, unknown ones, wrong types: a
 * line each. Returns how many. */
int profile_check_settings(
	const struct profile *p, const struct strmap *settings, struct buf *ret_faults);
/* The same for `agencies`: an institution that is no number. */
int profile_check_agencies(
	const struct profile *p, const struct strmap *agencies, struct buf *ret_faults);

/* --- making a request --- */

struct profile_file {		/* an uploaded attachment, for the create call */
	const char *attachment; /* sha256 */
	uint64_t remote_id;
};
struct profile_piece {	    /* of a message, not told there yet; borrowed */
	const char *source; /* id of the message */
	const char *text;   /* what is left to tell of it */
	size_t bytes, from; /* of text; of the message's text, told before */
	bool edit;	    /* it corrects a message told before */
};
struct profile_news {			    /* borrowed */
	const struct profile_piece *pieces; /* in the order of their telling */
	size_t n_pieces;
	const json_t *const *files; /* elements of `attachments` a follow-up can carry */
	size_t n_files;
	const json_t *const *gone; /* could be carried, but the store has lost their bytes */
	size_t n_gone;
	const json_t *const *refused; /* the destination did not take them; left out, and said so */
	size_t n_refused;
	bool place;    /* one of them names the place, and says nothing else */
	unsigned part; /* of those of this version, from 1 */
};
struct profile_told {	   /* what a request tells of it */
	size_t pieces;	   /* news: so many whole ones */
	size_t bytes;	   /* news: of the message behind them, counted from its begin; 0 = none */
	size_t files;	   /* news: the first of them */
	size_t text_bytes; /* create: of the complaint's text; SIZE_MAX = all */
};
struct profile_input {		    /* borrowed */
	const json_t *complaint;    /* snapshot */
	const char *base;	    /* of the destination, no '/' at its end */
	const char *const *headers; /* "Name: value" of the destination (credentials), NULL ends */
	const struct strmap *settings;
	const struct strmap *agencies; /* agency name -> institution id; "" = default */
	uint64_t remote_id;	  /* of the report; hand-over, follow-up, READ_REPORT, _FOLLOWUPS */
	unsigned page;		  /* READ_FOLLOWUPS, from 1 */
	const json_t *attachment; /* of the snapshot; upload */
	const struct profile_file *files; /* uploaded so far; create */
	size_t n_files;
	const struct profile_news *news; /* follow-up */
	struct blob_store *blobs;	 /* upload: the file is sent from there */
	bool show_only; /* never sent: an upload's file is not looked for, its part holds none */
	const char *ca_file; /* NULL = system's */
};
struct profile_request { /* owns what http points to */
	struct httpc_request http;
	char content_sha256[65]; /* of the body, or of the file uploaded: content_hash of the INTENT
				  */
	struct buf text;	 /* body */
	struct profile_told told;
	void *own; /* private */
};
/* Idempotency-Key is <complaint id>.<version> (upload: .<sha256>, hand-over: .handover, follow-up:
 * .followup, its second part .followup.2). -ENOENT: the blob is gone; -EINVAL: the snapshot cannot
 * be expressed (too long …), e says why without data. */
int profile_request(const struct profile *p, enum call_kind c, const struct profile_input *in,
	struct profile_request *ret, struct err *e);
int profile_read_request(const struct profile *p, enum profile_read r,
	const struct profile_input *in, struct profile_request *ret, struct err *e);
void profile_request_clear(struct profile_request *r);

/* By what a person finds a report of this complaint there, when nobody knows its number:
 * {"text": what its text begins with, "tag": "#muara", "institution": "12" where it is created};
 * null what the profile does not say. Caller owns. */
json_t *profile_search(
	const struct profile *p, const json_t *complaint, const struct strmap *settings);

/* --- reading an answer --- */

struct profile_answer {
	struct outcome_facts facts; /* complete: outcome_of(&facts) is next */
	uint64_t remote_id;	    /* 0 = none */
};
/* ticket: of the complaint, to find a 409 that names it; may be NULL. */
void profile_answer(const struct profile *p, enum call_kind c, const struct httpc_answer *a,
	const char *ticket, struct profile_answer *ret);
/* READ_PROBE: does the credential work? */
bool profile_probe_good(const struct profile *p, const struct httpc_answer *a);
/* READ_REPORT after an unknown hand-over: did it arrive at `institution`? */
enum read_back profile_read_back(
	const struct profile *p, const struct httpc_answer *a, const char *institution);
/* READ_REPORT after a follow-up was answered 404: is the report there (READ_BACK_NOT: what was told
 * it is not) or GONE? Never DONE: no read shows what was told. */
enum read_back profile_report_there(const struct profile *p, const struct httpc_answer *a);
/* READ_REPORT: does the answer show that our own institution has the report (still)? false: another
 * one has it, or nobody can tell. */
bool profile_shows_own(
	const struct profile *p, const struct httpc_answer *a, const struct strmap *settings);
/* Institution the complaint goes to, as text; NULL = stays with our own. */
const char *profile_institution(const struct profile *p, const json_t *complaint,
	const struct strmap *settings, const struct strmap *agencies);
/* Has it a status map, and so words for profile_report_status? */
bool profile_has_status(const struct profile *p);
/* READ_REPORT as status, by the profile's status map, with the word they use: short and of letters,
 * digits and " ._/()-", else "sha256:" and the beginning of its hash. REPORT_NONE: not readable, no
 * word. */
#define PROFILE_WORD_SIZE 41
enum report_status profile_report_status(
	const struct profile *p, const struct httpc_answer *a, char ret_word[PROFILE_WORD_SIZE]);

/* --- the sheet (PROFILE_SHEET), in the order of the national form --- */

/* A page a person prints, and a line of CSV; Indonesian; the two are files of the operator's, not
 * of the log: they hold personal data, mode 0600/0640. */
int profile_sheet_html(const struct profile *p, const json_t *complaint, const char *attempt,
	struct buf *out, struct err *e);
/* Several in one document for a printer, a page each: open, a section for each, close. note: lines
 * for the officer in place of the profile's own, NULL ends; NULL = the profile's. */
void sheet_page_open(struct buf *out, const char *title);
int profile_sheet_section(const struct profile *p, const json_t *complaint, const char *attempt,
	const char *const *note, struct buf *out, struct err *e);
void sheet_page_close(struct buf *out);
/* A page that asks an officer to tell a report its news: in->complaint, news, remote_id. Of any
 * profile; what an endpoint without a call for it gets. */
int profile_news_html(const struct profile *p, const struct profile_input *in, const char *attempt,
	struct buf *out, struct err *e);
void sheet_text(struct buf *out, const char *s);	 /* what stays text in HTML */
void sheet_anchor(struct buf *out, const char *attempt); /* id of its section */
/* Without the byte order mark a spreadsheet wants before UTF-8: SHEET_BOM, once a file. */
#define SHEET_BOM "\xef\xbb\xbf"
int profile_sheet_csv_header(const struct profile *p, struct buf *out);
int profile_sheet_csv(const struct profile *p, const json_t *complaint, const char *attempt,
	struct buf *out, struct err *e);
