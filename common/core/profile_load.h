/* profile_load: what the files that read a profile share: a section each, and the checks they have
 * in common. Not for daemons; how a value is read by a table: profile_file.h.
 *
 * Every function tells its faults (pfile_fault) and goes on; `at` is the place, such as
 * "calls.create.total". What is read stands in l->p and borrows from its tree. A section that the
 * file does not have is NULL. Thread: any, one profile at a time. */
#pragma once

#include "core/profile_file.h"
#include "core/profile_private.h"

/* --- values (profile_check.c) --- */

/* Every {{name}} of it exists and means something there. text may be NULL. */
void profile_check_text(struct pfile *l, const char *at, const char *text, enum place where);
/* The same of every text in a map or list. */
void profile_check_tree(struct pfile *l, const char *at, json_t *v, enum place where);
/* A place in an answer, "results.images[].id"; NULL = not given. */
void profile_check_place(struct pfile *l, const char *at, const char *place);
/* "{{setting.x}}" of a declared setting whose choices are all allowed, or one of `allowed`. */
void profile_check_choice(
	struct pfile *l, const char *at, const char *written, const char *const *allowed);
/* What a profile calls a setting, table or list: some of a-z, 0-9 and _. */
void profile_check_name(struct pfile *l, const char *at, const char *name);

/* --- sections, in the order they are read in --- */

/* profile_settings.c: l->p->settings, l->p->tables */
void profile_read_settings(struct pfile *l);
void profile_read_tables(struct pfile *l);
/* profile_parts.c; headers and proofs: those of l->p */
void profile_read_limits(struct pfile *l, const json_t *v);
void profile_read_content(struct pfile *l, const json_t *v);
void profile_read_follow_up(struct pfile *l, const json_t *v);
void profile_read_attachments(struct pfile *l, const json_t *v);
void profile_read_headers(struct pfile *l);
void profile_read_proofs(struct pfile *l);
void profile_read_status(struct pfile *l, const json_t *v);
void profile_read_sheet(struct pfile *l, const json_t *v);
/* profile_calls.c */
void profile_read_calls(struct pfile *l, json_t *calls);
void profile_read_reads(struct pfile *l, json_t *reads);
/* profile_masters.c; once settings and tables are read */
void profile_read_masters(struct pfile *l, const json_t *masters);
/* profile_calls.c: what one part needs of another, once all are read */
void profile_check_together(struct pfile *l);
