/* evidence: which files a citizen or a client may send along at the door, by their bytes. Pure;
 * thread: any. */
#pragma once

#include <stddef.h>

/* The type ("image/jpeg" ...; constant), or NULL: not taken here. Taken are pictures a browser or a
 * telephone makes, PDF, sound and film; text, tables, office files and TIFF are not: nobody at the
 * door needs them as proof, and an officer would have to open them. */
const char *evidence_type(const void *p, size_t n);
