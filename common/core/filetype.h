/* filetype: what a file is, by its first bytes, whatever its sender calls it. Pure.
 *
 * Only what a citizen sends as evidence: JPEG, PNG, GIF, WebP, HEIC, AVIF, PDF, MP4 and its kin,
 * WebM, 3GP, MP3, Ogg, AMR, WAV. Text, archives, programs and HTML are none of them. Known gap: the
 * first bytes can be those of a picture and the rest something else: whoever shows a file must do
 * so by this type, not by its name. */
#pragma once

#include <stddef.h>

/* "image/jpeg" …; NULL: none of these. Constant text. */
const char *filetype_of(const void *p, size_t n);
