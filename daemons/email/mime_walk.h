/* mime_walk: what the files of mime share on the way from a mail's bytes to its words and files.
 * Nobody but mime*.c includes it; what callers see is mime.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#include "mime.h"

#include "mail_head.h" /* GMime behind ours */

enum mail_limit { /* names: fields.limits */
	L_HEADER_LINE,
	L_HEADERS,
	L_DEPTH,
	L_PARTS,
	L_ATTACHMENTS,
	L_SIZE,
	L_TEXT,
	L_PARTIAL,
	L_COUNT_
};

struct mail_walk {
	struct mail *mail; /* attachments go there */
	struct buf text;   /* words of all parts that are read, in their order */
	bool limits[L_COUNT_];
	int parts;
	size_t decoded;
	bool bounce;	      /* the mail inside a bounce is ours */
	char *forwarded_from; /* address of the first forwarded mail with words; owned */
};

/* --- mime_bound.c --- */
size_t mail_line_length(const char *p, size_t n); /* its end included, when there is one */
/* A copy GMime can be given: an mbox line in front is left out, a mail that does not begin with a
 * field is all body, header lines are cut to their limit and NUL becomes a blank, fields over the
 * limit of all are left out. */
void mail_bound_header(const char *p, size_t n, struct buf *out, bool *limits);
/* Too many lines that begin like a boundary: only what stands before, so many bytes, is given to
 * GMime. */
size_t mail_bound_parts(const char *p, size_t n, bool *limits);

/* --- mime_parts.c --- */
bool mail_blank(const char *s);
/* Everything in `body`: words to w->text, files to w->mail. NULL: nothing. */
void mail_walk_parts(struct mail_walk *w, GMimeObject *body);
