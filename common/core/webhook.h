/* webhook: one HTTP request of Meta's, or of another provider -> messages in Kafka -> the answer.
 *
 * GET is Meta's handshake: the challenge comes back when the verify token is ours. POST is a body
 * of up to 1,000 updates, and the order never changes: signature over the raw bytes (401 unless
 * exactly one header, signed with one of the secrets; other providers: whatever `verify` says) ->
 * taken apart -> every message produced -> every delivery report in -> 200. Whatever fails on the
 * way (queue full, a report that failed, the deadline, Kafka away, cursors not read yet, draining)
 * is 503 with Retry-After: Meta sends the body again, and what was produced twice has the same ids.
 * Never 200 before. A body that cannot be decoded but is signed is kept as an undecodable message
 * and answered 200; Meta would send it for ever.
 *
 * The original bytes of a message: the whole body when it is the only one in it; else the body lies
 * once in the blob store (fsync before produce) and each message has its range of it.
 * Loop thread. Sources: developers.facebook.com, "Webhooks / Getting started"; WhatsApp, "Create a
 * webhook endpoint". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/httpd.h"
#include "base/jsonspan.h"
#include "core/source.h"

/* A message of a body; `m` is as in the base but for original, which is set from `bytes` (within
 * the body). Borrowed for the call. */
typedef void webhook_emit_fn(void *ctx, struct message *m, struct span bytes);

struct webhook_conf {
	/* NULL: no handshake; a GET is answered "ok", providers look that way if we are there */
	const char *verify_token;
	const char *const *secrets; /* of the app; two during a rotation */
	size_t n_secrets;
	/* Is this request from whom it should be? NULL: Meta's signature with one of the secrets.
	 */
	bool (*verify)(void *ctx, const struct httpd_request *r, const char *body, size_t len);
	int64_t answer_ms; /* request read -> answered */
	/* Takes a body apart: emit(emit_ctx, …) for each message in order. */
	void (*decode)(void *ctx, const char *body, size_t len, const struct message *base,
		webhook_emit_fn *emit, void *emit_ctx);
	int (*count)(void *ctx, const char *body, size_t len); /* decode emits at most so many */
	/* For sources that remember what is in Kafka; NULL, or both: `note` before a message is
	 * produced, `noted` with what it returned once, when its report came or none will. */
	void *(*note)(void *ctx, const struct message *m);
	void (*noted)(void *ctx, void *note, bool persisted);
	void *ctx; /* of all of them */
};
struct webhook;

/* `c` is copied, what it points to is borrowed. */
struct webhook *webhook_new(struct source *s, const struct webhook_conf *c);
/* Requests that are still open are answered 503; reports must not come any more. NULL-safe. */
void webhook_free(struct webhook *w);
void webhook_get(struct webhook *w, struct httpd_request *r);
void webhook_post(struct webhook *w, struct httpd_request *r);
/* For ops->sample: a webhook_emit_fn whose context is this. The bytes of a message stand for
 * themselves; the real intake may point into a blob. */
struct webhook_sample {
	source_sample_fn *emit;
	void *ctx;
};
void webhook_show(void *ctx, struct message *m, struct span bytes);
/* Counts an answer the HTTP server gave by itself. */
void webhook_refused(struct webhook *w, int status);
