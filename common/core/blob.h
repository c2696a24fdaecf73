/* blob: content-addressed store of bytes too large for a record: original bodies, attachments,
 * LAPOR!'s answers.
 *
 * One flat directory; a file's name is the lower-case hex sha256 of its content, so the same bytes
 * are stored once and a name never holds personal data. Written as temporary file, fsync, rename,
 * fsync of the directory: after 0 the bytes survive a power cut. Put it before you produce the
 * record that names it. Several daemons and machines may share the directory (network file
 * system); they never disturb each other. Files are 0640, never followed through links. Reads
 * check the hash. A blob nobody names (crash between put and produce) is harmless.
 *
 * Blobs are removed by age only by who knows that nobody needs them (muaractl blobs prune). A put
 * of bytes that are there already makes them young again, and a removal looks at the age once more
 * when the name is out of the way: so a put and a removal at the same moment never lose the bytes;
 * for that moment a reader may not find them. Blocking. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"

struct blob_store;

/* The directory must exist and be writable (made by tmpfiles.d or the harness). Leftover temporary
 * files older than a day are removed. */
int blob_open(const char *dir, struct blob_store **ret, struct err *e);
void blob_close(struct blob_store *s); /* NULL-safe */

int blob_put(struct blob_store *s, const void *p, size_t n, char ret_sha256[SHA256_HEX_SIZE],
	struct err *e);
/* From the descriptor's present position to its end. -EFBIG when it holds more than max_bytes:
 * nothing is stored. */
int blob_put_fd(struct blob_store *s, int fd, int64_t max_bytes, char ret_sha256[SHA256_HEX_SIZE],
	int64_t *ret_bytes, struct err *e);

/* -ENOENT when it is not there. ret_bytes may be NULL. */
int blob_exists(struct blob_store *s, const char *sha256, int64_t *ret_bytes, struct err *e);
/* Appends the whole content to `out` (-E2BIG above its maximum); -EBADMSG when the content does not
 * hash to its name (damaged file; nothing is given out). */
int blob_read(struct blob_store *s, const char *sha256, struct buf *out, struct err *e);
/* Range of a blob, hash of the whole not checked (the record holds one of the range). */
int blob_read_range(struct blob_store *s, const char *sha256, int64_t offset, int64_t length,
	struct buf *out, struct err *e);
/* An open descriptor after the hash was checked, at position 0 (uploads); the caller closes. */
int blob_open_fd(
	struct blob_store *s, const char *sha256, int *ret_fd, int64_t *ret_bytes, struct err *e);
/* "<dir>/<sha256>", for libraries that want a path; caller frees. -EINVAL for no sha256 text. */
int blob_path(struct blob_store *s, const char *sha256, char **ret, struct err *e);

/* --- retention --- */

struct blob_seen {
	const char *sha256;
	int64_t bytes, changed_ms; /* put last, by the file system's clock */
};
/* Every blob there is, in no order; fn not 0: ends with it. What a removal that was killed left out
 * of the way is put back first. */
int blob_each(struct blob_store *s, int (*fn)(void *ctx, const struct blob_seen *b), void *ctx,
	struct err *e);
/* Removes it if it was not put since before_ms. 1: removed; 0: it is young, or gone. */
int blob_remove(struct blob_store *s, const char *sha256, int64_t before_ms, struct err *e);
