/* decode: one message a client sends as JSON -> what a message is built from. Pure.
 *
 * The fields are those of core/plain.h, and
 *   channel      which of the client's channels; missing: its first one
 *   attachments  [{content, name, id}]: content is base64; id is the client's own, else the hash of
 *                the content. What a file is is found by its bytes; one of no type we know, or too
 *                large, is noted as refused and not stored; its message passes.
 * A field of the wrong kind makes the message unusable; reasons name fields, never their content.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"
#include "core/message.h"
#include "core/plain.h"

#define DOOR_FIELDS_MAX	   (16 * 1024) /* bytes of `fields` as JSON: what a record takes */
#define DOOR_NATIVE_ID_MAX 256

struct door_doc {
	struct plain plain;
	const char *channel; /* NULL: none named */
	struct message_attachment *attachments;
	struct door_file { /* one for each attachment; data NULL: refused, nothing to store */
		uint8_t *data;
		size_t n;
		char sha256[SHA256_HEX_SIZE], id[SHA256_HEX_SIZE + 8];
	} * files;
	size_t n;
};

/* Fills `m` (prefilled: tenant and so on; its native_id is an idempotency key, or NULL) with
 * pointers into `doc`. -EINVAL: e says why. door_doc_free in both cases. */
int door_decode(const char *p, size_t n, size_t max_bytes, int zone_minutes,
	int64_t attachment_bytes, struct door_doc *doc, struct message *m, struct err *e);
void door_doc_free(struct door_doc *doc);
