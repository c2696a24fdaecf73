/* util: clean-up attributes and the few macros every file uses.
 *
 * A local marked _cleanup_x_ is released when it goes out of scope; TAKE_PTR(p) hands it over
 * instead. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))
#define TAKE_PTR(p)                          \
	({                                   \
		__auto_type take_ptr_ = (p); \
		(p) = NULL;                  \
		take_ptr_;                   \
	})
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define _unused_			__attribute__((unused))
#define _must_check_			__attribute__((warn_unused_result))

#define DEFINE_CLEANUP(type, func)                 \
	static inline void func##_cleanup(type *p) \
	{                                          \
		if (*p)                            \
			func(*p);                  \
	}                                          \
	struct func##_cleanup_needs_semicolon

static inline void free_cleanup(void *p)
{
	free(*(void **)p);
}
static inline void close_cleanup(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
DEFINE_CLEANUP(json_t *, json_decref);
DEFINE_CLEANUP(FILE *, fclose);

#define _cleanup_(f)	__attribute__((cleanup(f)))
#define _cleanup_free_	_cleanup_(free_cleanup)
#define _cleanup_close_ _cleanup_(close_cleanup)
#define _cleanup_json_	_cleanup_(json_decref_cleanup)
#define _cleanup_file_	_cleanup_(fclose_cleanup)

/* Out of memory ends the process: systemd restarts it and the log says where it was. Nothing is
 * acknowledged before it is durable, so dying is safe; a daemon that limps on with half an object
 * is not. */
void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/* Whole-string decimal number within [min, max]; -EINVAL for junk, -ERANGE outside. No sign but
 * '-', no blanks. */
int parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret) _must_check_;

/* Lower-case hex. `out` holds 2n+1. hex_decode wants exactly 2n lower- or upper-case digits;
 * -EINVAL else. */
void hex_encode(const void *in, size_t n, char *out);
int hex_decode(const char *s, size_t n, void *out) _must_check_;
