/* profile_private: what the files of a profile share: its parsed form, and the {{names}} of its
 * maps. Not for daemons. */
#pragma once

#include "base/yaml.h"
#include "core/profile.h"
#include "core/profile_masters.h"

#define PROFILE_FILE_MAX (256 * 1024)
#define REMOTE_ID_MAX	 999999999999999ULL /* 15 digits: the widest any known client of v3 takes */

/* Where a {{name}} stands: not every name means something everywhere. */
enum place {
	IN_CREATE = 1,
	IN_UPLOAD = 2, /* name of the file */
	IN_HANDOVER = 4,
	IN_REPORT = 8,	 /* path of READ_REPORT */
	IN_PROBE = 16,	 /* path of READ_PROBE */
	IN_CONTENT = 32, /* the text that is filed, and its footer: nothing about the reporter */
	IN_SHEET = 64,
	IN_NOTE = 128,	    /* a phrase of not_attached */
	IN_FOLLOWUPS = 256, /* path of READ_FOLLOWUPS */
	IN_FOLLOWUP = 512,
	IN_NEWS = 1024,	 /* the text of a follow-up, and its footer: nothing about the reporter */
	IN_FIELD = 2048, /* name of a follow-up's file field */
};

struct call_map { /* one of calls: or reads: */
	struct profile_call is;
	int repeat, verify; /* as written: index into its choices */
	int64_t max_answer;
	const char *method, *path;
	const char *file_field;	    /* multipart: name of the part; follow-up: template */
	const char *file_name;	    /* template */
	json_t *body;		    /* field map, or NULL */
	json_t *id;		    /* places, or NULL */
	const char *shows;	    /* reads: a good answer has this */
	const char *institution_at; /* reads.report: where it says who has the report */
};

struct followups_map { /* reads.followups beside path and limits; places within one follow-up */
	const char *next, *zone;
	json_t *fields;
	int zone_minutes;
	const char *id, *at, *from, *to, *old_status, *new_status, *template_code, *template_text,
		*text, *attachments;
};

struct master_map { /* one of masters: as written */
	struct profile_master is;
	const char *path, *list, *id, *label, *more, *page, *count, *file;
	int64_t connect_ms, total_ms, max_answer;
	json_t *checks;
	char *file_path; /* owned */
};

/* All pointers below borrow from `tree` (and `base_tree`). */
struct profile {
	json_t *tree, *base_tree;
	const char *name, *system;
	int kind; /* enum profile_kind */
	json_t *settings, *tables;
	int64_t title_max, content_max, reporter_max, phone_max;
	const char *content, *footer_before;
	json_t *footer_lines;
	json_t *not_attached; /* why -> phrase */
	const char *date_form;
	const char *attachments_form;
	json_t *mime; /* allowed type -> extension */
	int64_t attachment_max_bytes, attachment_max_count;
	json_t *headers;
	const char *idempotency_header;
	const char *own_institution; /* name of the setting */
	struct call_map calls[CALL_KINDS], reads[PROFILE_READS];
	struct followups_map followups;
	struct master_map masters[MASTERS_MAX];
	size_t n_masters;
	const char *news_text, *news_before, *news_edit, *news_again;
	json_t *news_footer;
	int64_t news_max, news_files;
	const char *status_at;
	json_t *status;
	json_t *proofs;
	const char *sheet_title, *sheet_how;
	json_t *sheet_rows;
};

/* The file that `as` of this profile means: beside it, unless it is an absolute path. Caller frees.
 */
char *profile_as_path(const char *file, const char *as);

/* --- lists of numbers (profile_masters.c) --- */

void profile_free_masters(struct profile *p);

/* --- what an operator gives (profile_settings.c) --- */

/* Value of a setting; NULL when neither the destination nor the profile gives one. */
const char *setting_value(const struct profile *p, const struct strmap *settings, const char *name,
	const json_t *complaint);
const char *strmap_value(
	const struct strmap *m, const char *key); /* NULL-safe map; NULL = not there */
bool is_number(const char *s);			  /* 1 … 15 digits, not 0 */

/* --- names and templates (profile_template.c; the names: profile_names.h) --- */

struct render {
	const struct profile *p;
	const struct profile_input *in;
	enum place where;
	const char *attempt; /* sheet */
	const char *note_n;  /* note: the number */
	long attachment_no;  /* upload: 1 … */
	size_t text_chars;   /* content: at most so many of the text */
	long text_cut;	     /* content: so many were left out; 0 = none */
	struct profile_told *told;
	const char *news;   /* text of the follow-up */
	size_t news_pieces; /* the follow-up tells, or begins to tell, so many */
	long file_index;    /* follow-up: from 0 */
	struct err *e;
};

/* Text with every {{name}} replaced; NULL: e says why. Caller frees. */
char *render_text(const struct render *r, const char *text);
/* A field map with every {{name}} replaced, the type of a lone name kept; NULL: e. Caller owns. */
json_t *render_map(const struct render *r, const json_t *map);
/* Calls fault(ctx, text) for each name in `text` that does not exist or has no meaning there. */
typedef void template_fault_fn(void *ctx, const char *text);
void template_check(const struct profile *p, const char *text, enum place where,
	template_fault_fn *fault, void *ctx);

/* For the linter: does `text` hold this name; is there such a name at all (setting.x and table.x
 * are taken as such). */
bool template_names(const char *text, const char *name);
bool template_known(const char *name);

/* A text, and behind `before` (or two line ends) those lines of a footer that have something to
 * say. NULL: e. Caller frees. */
char *render_with_footer(
	const struct render *r, const char *text, const json_t *footer, const char *before);

/* --- attachments (profile_attached.c, profile_news.c) --- */

/* Why this attachment, by itself, cannot be filed; NULL = it can. */
const char *attachment_refusal(const struct profile *p, const json_t *attachment);
/* Why a follow-up does not carry it, when it tells of it; NULL else. */
const char *news_left_out(const struct render *r, const json_t *attachment);
/* Why an attachment is not filed: keys of not_attached. */
extern const char *const not_attached_keys[]; /* NULL ends */

/* --- answers (profile_answer.c) --- */

/* "results.images[].id": members by name, [] = first element. NULL = not there. */
const json_t *json_at(const json_t *j, const char *path);
bool json_path_ok(const char *path);
uint64_t remote_id_of(const json_t *v); /* 1 … 15 digits, as number or text; 0 = none */
/* A read's answer, when it is whole and shows what it should. Caller owns; NULL else. */
json_t *read_answer(const struct profile *p, enum profile_read r, const struct httpc_answer *a);

/* --- sheets (profile_sheet.c) --- */

/* The complaint's attachments, a line each: name, type, size, where it lies. */
void sheet_files(struct buf *out, const json_t *complaint);
