/* remote: a server whose files are fetched: what fetch.c asks of sftp.c and https.c.
 *
 * Errors of all functions, which fetch.c goes by:
 *   -EKEYREJECTED  not the known server (host key, certificate); nothing secret was sent
 *   -EPERM         it refuses our login
 *   -EACCES -ENOENT -EFBIG -EBADMSG   of that one thing; a person is needed
 *   -EBUSY         it wants to be left alone, at least `wait_ms`
 *   -ECANCELED     stop was set
 *   -EAGAIN        try again; or what a sink returned
 * Blocking, for a thread of its own; one handle, so the connection is kept between calls. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#include "listing.h"

#define REMOTE_LISTING_MAX (16 * 1024 * 1024)

struct fetch_conf;
struct remote {
	const struct remote_ops *ops;
	int64_t wait_ms; /* of the call that failed last; 0: it said nothing */
};
typedef int remote_sink_fn(void *ctx, const void *p, size_t n); /* 0 or -errno: break off */

struct remote_ops {
	const char *name; /* "sftp": the group of its options, too */
	int (*open)(const struct fetch_conf *c, const atomic_bool *stop, struct remote **ret,
		struct err *e);
	void (*close)(struct remote *r);
	int (*list)(struct remote *r, struct listing *ret, struct err *e);
	/* The bytes of a file as it was listed; -EAGAIN when it can be seen that it has changed
	   since. Fails when more than max_bytes come. */
	int (*get)(struct remote *r, const struct listing_file *file, int64_t max_bytes,
		remote_sink_fn *sink, void *ctx, struct err *e);
	/* Into done/ of that folder, made when missing; what stands there already stays. NULL: this
	   way only reads. */
	int (*move)(struct remote *r, const struct listing_file *file, struct err *e);
};
extern const struct remote_ops remote_sftp, remote_https;
