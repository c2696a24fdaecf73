/* sftp: one SFTP server, by libcurl: a folder's listing and a file's bytes. Blocking, for a thread
 * of its own; one handle, so the connection is kept between calls.
 *
 * Errors: -EKEYREJECTED (another host key; nothing secret was sent), -EACCES (login or permission),
 * -ENOENT, -EFBIG, -ECANCELED (stop), what a sink returned, else -EAGAIN: try again. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

#include "base/err.h"

#include "fetch.h"

struct sftp;
int sftp_open(
	const struct fetch_conf *c, const atomic_bool *stop, struct sftp **ret, struct err *e);
void sftp_close(struct sftp *s); /* NULL-safe */

typedef int sftp_sink_fn(void *ctx, const void *p, size_t n); /* 0 or -errno: break off */
/* name NULL: the folder's listing. Fails when more than max_bytes come. */
int sftp_get(struct sftp *s, const char *name, int64_t max_bytes, sftp_sink_fn *sink, void *ctx,
	struct err *e);
