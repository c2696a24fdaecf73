/* utf8: text from outside made whole, measured and cut.
 *
 * Lengths are in code points ("chars") unless a name says bytes. Thread: any; no state. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Strict UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF). NUL bytes are not valid:
 * text here becomes a C string or a JSON string sooner or later. */
bool utf8_valid(const void *p, size_t n);

/* A NUL-terminated copy in which each ill-formed sequence (the longest part that could have begun a
 * character) and each NUL is one U+FFFD. *ret_len and *ret_repaired may be NULL. Caller frees. */
char *utf8_repair(const void *p, size_t n, size_t *ret_len, bool *ret_repaired);

/* Reads one character at p (n bytes left, n > 0): returns its length in bytes and sets *ret_char;
 * for ill-formed input the length of the bad part and U+FFFD with *ret_bad (may be NULL) true. */
size_t utf8_next(const char *p, size_t n, uint32_t *ret_char, bool *ret_bad);

size_t utf8_length(const char *s); /* code points of a valid string */

/* Bytes of the longest prefix of at most max_chars code points that ends between two graphemes (a
 * flag, a family emoji, a letter with its marks stay whole). A single grapheme longer than
 * max_chars is cut between code points. */
size_t utf8_prefix(const char *s, size_t max_chars);
/* The same with a bound in bytes. */
size_t utf8_prefix_bytes(const char *s, size_t max_bytes);

/* At most max_chars code points of s: whole when it fits, else cut before white space when that
 * keeps at least half, else between graphemes; no white space at the end of a cut. Caller frees. */
char *utf8_cut_words(const char *s, size_t max_chars);
