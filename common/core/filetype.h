/* filetype: what a file is, by its first bytes; never by what anybody says of it.
 *
 * Programs, scripts, archives and mark-up are known by name so that the reason can say so, and have
 * no kind: nobody keeps them. Nor has what no row knows. Nothing is ever opened or unpacked. Which
 * of the others a channel takes is its own choice (door: evidence.h; media: all). Pure; thread:
 * any. Numbers: the formats' own specifications, as file(1) lists them. Known gap: a file that is
 * two things at once (a JPEG with an archive behind it) is the first of them: whoever shows a file
 * must do so by this type, not by its name, and whoever opens a document still needs his own care
 * (macros, links). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define FILETYPE_BYTES 4096 /* so many from the beginning are enough */

struct filetype {
	const char *mime; /* constant */
	const char *kind; /* image document audio video; NULL: not to be kept */
	const char *why;  /* not to be kept: a stable word; else NULL */
};
/* n: all there is, at most FILETYPE_BYTES are looked at. `declared` (may be NULL) only tells apart
 * what the bytes leave open: sound or picture in an MP4 or WebM, and which text a text is. */
struct filetype filetype_of(const void *p, size_t n, const char *declared);
