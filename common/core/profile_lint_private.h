/* profile_lint_private: what the rules about a profile share. Not for users of profile_lint.h.
 *
 * A rule looks at one thing a profile lacks and tells each finding with lint_say; profile_lint.c
 * lists them all. A place is a path such as "calls.create.body". Thread: any, one lint at a time.
 */
#pragma once

#include "core/profile_file.h"
#include "core/profile_lint.h"
#include "core/profile_private.h"

struct lint {
	const struct profile *p;
	const char *file; /* that holds the calls or the sheet */
	const struct yaml_lines *lines;
	struct profile_lint *found;
	struct buf *out;
};

enum lint_level { FAULT, WARNING };

/* A finding: what is wrong at this place; what to do. */
void lint_say(struct lint *l, enum lint_level level, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* --- what is named where (profile_lint.c) --- */

extern const char *const lint_call_at[CALL_KINDS]; /* "calls.create" */
/* Does a text of it hold {{name}}? v, text: NULL = nothing there. */
bool lint_tree_names(const json_t *v, const char *name);
bool lint_text_names(const char *text, const char *name);
/* The form a complaint fills in: the body of the create, or the rows of the sheet; its place. */
const json_t *lint_form(const struct profile *p);
const char *lint_form_at(const struct profile *p);
bool lint_content_names(const struct profile *p, const char *name);
/* In a field of its own, or in the text that is filed. */
bool lint_report_names(const struct profile *p, const char *name);
bool lint_anything_names(const struct profile *p, const char *name);
/* A place in an answer (profile_lint_calls.c): can it ever be found? */
void lint_place(struct lint *l, const char *at, const char *place);

/* --- rules --- */

typedef void lint_rule(struct lint *l);
/* profile_lint_texts.c */
lint_rule lint_names, lint_content, lint_news, lint_wishes, lint_phrases, lint_uploads;
/* profile_lint_calls.c */
lint_rule lint_places, lint_reports, lint_outcomes, lint_headers, lint_status;
/* profile_lint_data.c */
lint_rule lint_limits, lint_settings, lint_tables, lint_masters, lint_sheet, lint_idle;
