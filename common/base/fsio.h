/* fsio: files, read with a bound and written so that a power cut leaves the old content or the new.
 *
 * Names that come from outside are opened only by fsio_open_beneath. Error texts name the path as
 * given; a path never holds personal data. Thread: any. Linux >= 5.6 (openat2). */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* The whole regular file, NUL-terminated behind its ret_len bytes (may hold NULs itself); the
 * caller frees. -E2BIG over max_bytes, -EINVAL when it is not a regular file. Never blocks on a
 * FIFO. */
int fsio_read_file(const char *path, size_t max_bytes, char **ret, size_t *ret_len, struct err *e);
/* The same from an open descriptor, from its current position; `what` is for the error text. */
int fsio_read_fd(
	int fd, const char *what, size_t max_bytes, char **ret, size_t *ret_len, struct err *e);

/* All n bytes or an error; EINTR and short writes are handled. */
int fsio_write_all(int fd, const void *p, size_t n);

/* Temp file beside `path`, write, fsync, rename over `path`, fsync of the directory. When it
 * returns 0 the new content survives a power cut; on error the old file is untouched and the temp
 * file is gone. */
int fsio_write_atomic(const char *path, const void *p, size_t n, mode_t mode, struct err *e);
/* As above below an open directory; `name` is one component. */
int fsio_write_atomic_at(
	int dirfd, const char *name, const void *p, size_t n, mode_t mode, struct err *e);
int fsio_sync_dir(const char *path, struct err *e);
/* Creates a directory and its missing parents; an existing directory is fine. */
int fsio_make_dirs(const char *path, mode_t mode, struct err *e);

/* Opens `path` strictly below dirfd: no "..", no absolute path, no symbolic link anywhere on the
 * way, no mount of another kind (openat2 RESOLVE_BENEATH|NO_SYMLINKS|NO_MAGICLINKS). O_CLOEXEC and
 * O_NOCTTY are added. -EXDEV or -ELOOP when it tries to leave. Caller closes *ret_fd. */
int fsio_open_beneath(
	int dirfd, const char *path, int flags, mode_t mode, int *ret_fd, struct err *e);
