/* meta_webhook: what WhatsApp, Facebook and Instagram webhooks share: handshake, signature over the
 * raw bytes, and the envelope object/entry[]/changes[]. Pure; no I/O, no logging.
 *
 * Sources: developers.facebook.com, "Webhooks / Getting started" and the WhatsApp page "Create a
 * webhook endpoint". Meta signs the bytes it sends (non-ASCII escaped); a body that is parsed and
 * written anew has another signature, so nothing is parsed before the check. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/jsonspan.h"

#define META_BODY_MAX (3 * 1024 * 1024)

/* All compares in constant time. NULL arguments never match. */
bool meta_handshake_ok(const char *mode, const char *token, const char *expected_token);
/* `header` is the value of X-Hub-Signature-256, "sha256=<64 hex>". Any of the secrets (rotation:
 * two) may have signed. No secret at all: false. */
bool meta_signature_ok(const char *header, const void *body, size_t len, const char *const *secrets,
	size_t n_secrets);

struct meta_change {
	const char *place;  /* "entry 0 change 2", for errors; valid during the call */
	struct span entry;  /* the whole entry object */
	struct span change; /* the whole change: {field, value} */
	const char *field;  /* NULL: missing */
	struct span value;  /* n = 0: missing */
};
struct meta_visitor {
	void (*change)(void *ctx, const struct meta_change *c);
	/* For sources whose entries hold more than changes (Messenger): called for each entry
	 * before its changes, returns how many elements it took. May be NULL. */
	int (*entry)(void *ctx, struct span entry, const char *place);
	/* An entry or change that cannot be taken apart: its bytes, where, why (constant text). */
	void (*broken)(void *ctx, struct span bytes, const char *place, const char *reason);
};
/* Calls the visitor for each change in order. `object`: the only kind taken; NULL: any. -EINVAL:
 * the body as a whole is no envelope; nothing was called, *ret_reason says why. */
int meta_envelope(const char *body, size_t len, const char *object,
	const struct meta_visitor *visitor, void *ctx, const char **ret_reason);
