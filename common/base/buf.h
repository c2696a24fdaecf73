/* buf: a growable byte buffer that is born with a maximum.
 *
 * Whatever an outsider can grow goes through one of these. Over the maximum nothing is appended and
 * -E2BIG is returned; `over` stays set, so a series of appends may be checked once at its end.
 * Always NUL-terminated (the NUL is not counted). Owner: whoever called buf_init; buf_free (or
 * _cleanup_buf_) releases. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/util.h"

struct buf {
	char *data; /* NULL until the first append */
	size_t len, cap, max;
	bool over;
};

#define BUF_INIT(maximum) ((struct buf){.max = (maximum)})
void buf_init(struct buf *b, size_t max_bytes);
void buf_free(struct buf *b);
void buf_reset(struct buf *b); /* empty again, memory kept */
int buf_add(struct buf *b, const void *p, size_t n);
int buf_adds(struct buf *b, const char *s);
int buf_addc(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_drop_front(struct buf *b, size_t n);
const char *buf_str(const struct buf *b); /* "" when empty, never NULL */
char *buf_take(struct buf *b);		  /* the caller owns it; the buffer is empty again */

#define _cleanup_buf_ _cleanup_(buf_free)
