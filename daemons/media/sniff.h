/* sniff: what a file is, by its first bytes; never by what anybody says of it.
 *
 * Only types that LAPOR! and an officer's screen can show are kept. Programs, scripts, archives and
 * markup are known by name so that the reason can say so, and kept out; nothing is ever opened or
 * unpacked. What no row knows is kept out, too. Pure; thread: any. Known gap: a file that is two
 * things at once (a JPEG with an archive behind it) is the first of them; whoever opens a document
 * still needs his own care (macros, links). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SNIFF_BYTES 4096 /* so many from the beginning are enough */

struct sniffed {
	const char *mime; /* constant */
	const char *kind; /* image document audio video; NULL: kept out */
	const char *why;  /* kept out: a stable word; else NULL */
};
/* n: all there is, at most SNIFF_BYTES are looked at. `declared` (may be NULL) only tells apart
 * what the bytes leave open: sound or picture in an MP4 or WebM, and which text a text is. */
struct sniffed sniff(const void *p, size_t n, const char *declared);
