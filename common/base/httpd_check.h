/* httpd_check: is this request head one that every HTTP parser reads the same way? Pure.
 *
 * Two parsers that disagree about where a request ends let an attacker put a second, unchecked one
 * into the first ("request smuggling", CWE-444). libmicrohttpd 0.9.75 is such a second parser
 * behind nginx, so whatever RFC 9110 and 9112 leave open is refused here: a length told twice or
 * not in plain digits, any transfer coding, no Host or two, a name that is no token, control
 * characters, a target that is not a plain path. And the bytes of the head are counted: it must be
 * just what was read out of it, written plainly ("Name: value CR LF"), so folded lines, bare LF and
 * text behind a NUL are refused without being seen. nginx, curl and the common libraries write like
 * that. Known gaps: a bare LF made up for by a needless blank is taken (nginx does the same); empty
 * lines before the request are skipped below us (RFC 9112, 2.2; a connection has one request). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HTTP_FIELDS_MAX	    64
#define HTTP_HEAD_MAX_BYTES (8 * 1024)
#define HTTP_URI_MAX_BYTES  2048

struct http_field { /* as on the wire, blanks around the value removed */
	const char *name;
	size_t name_len;
	const char *value;
	size_t value_len;
};
struct http_head {
	const char *method, *uri, *version; /* uri: raw, not percent-decoded */
	size_t bytes;			    /* of the whole head as received, the empty line too */
	const struct http_field *fields;
	size_t n_fields; /* may be told as more than HTTP_FIELDS_MAX; then fields is not read */
};

/* 0, or the status to refuse with (400, 411, 414, 431, 505) and why (constant text).
 * *ret_length: bytes of the body, 0 when there is none. */
int http_head_check(const struct http_head *h, int64_t *ret_length, const char **ret_reason);

/* Percent-decoding in place ('+' is a blank); -EINVAL for a broken escape or an encoded NUL. */
int http_percent_decode(char *s);
