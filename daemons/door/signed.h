/* signed: is this request one of a client of ours? The first thing a signed route asks, over the
 * raw bytes, before anything is parsed.
 *
 * Headers, each exactly once: X-Muara-Key, X-Muara-Time (Unix seconds), X-Muara-Signature (hex);
 * how it is made: core/doorkey.h. The time must be within the window of our clock; a request that
 * is played back inside it carries the same ids and so changes nothing. Who has no key of ours, one
 * that is revoked, or another signature gets the same 401, after the same work. A query is not part
 * of what is signed; signed routes look at none. */
#pragma once

#include <stdbool.h>

#include "door.h"

/* The key, valid until the next call; NULL: it has answered. */
const struct doorkey *signed_key(struct door *d, struct httpd_request *r, const char *method);
