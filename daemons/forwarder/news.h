/* news: what the newest snapshot of a filed complaint says that its destination has not been told,
 * and what an INTENT writes down as told. Pure; the ledger alone knows what was told.
 *
 * Untold is a message (or correction) of the snapshot's `sources` that stands in no blocking slot,
 * the rest of one whose text was cut, and a stored file that stands in none and that a follow-up
 * can carry. A deletion is never news; nor is a file whose upload was refused (the report says so),
 * nor a message of which there is nothing to say yet, its file still being fetched.
 *
 * A follow-up with files that was rejected may have been so for any of them. Words and other files
 * go first, then each of these alone; what is refused alone, or was the only one, is said to be
 * left out and counts as told. */
#pragma once

#include "core/profile.h"

#include "filing.h"
#include "submission.h"

#define NEWS_PIECES_MAX 256

struct news { /* borrows from the snapshot */
	struct profile_piece pieces[NEWS_PIECES_MAX];
	const json_t *files[FILING_FILES_MAX], *gone[FILING_FILES_MAX], *refused[FILING_FILES_MAX];
	struct profile_news is; /* points into this struct: do not copy */
};

/* False: nothing. What does not fit the struct comes with the next one. */
bool news_of(const struct filing_view *v, struct news *ret);
/* A file the store has lost: told as that. */
void news_file_gone(struct news *n, size_t file);

/* For the INTENT. The lists are new references; release by told_clear. */
void told_by_create(const json_t *snapshot, const struct profile_told *told,
	const struct profile_file *files, size_t n_files, struct submission_told *ret);
void told_by_sheet(const json_t *snapshot, struct submission_told *ret);
void told_by_news(
	const struct news *n, const struct profile_told *told, struct submission_told *ret);
void told_clear(struct submission_told *t);
