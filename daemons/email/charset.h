/* charset: text of a mail as UTF-8, whatever its label says. Pure.
 *
 * A label is a claim: us-ascii, ISO-8859-1, none and unknown ones are UTF-8 when the bytes are,
 * else windows-1252 (RFC 5987 and browsers do the same); UTF-8 that is not is repaired, or
 * windows-1252 when not one character of it is UTF-8; others go through iconv, each byte that does
 * not fit becomes U+FFFD. Thread: any. */
#pragma once

#include <stddef.h>

/* Valid UTF-8 without NUL; label may be NULL; caller frees. */
char *charset_utf8(const char *p, size_t n, const char *label, size_t *ret_len);
