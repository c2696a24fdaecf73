/* plain: a message in Muara's own JSON, as programs write it for us: files dropped for muara-file,
 * bodies of muara-door. Pure: no I/O, no clock.
 *
 * One JSON object (UTF-8):
 *   native_id    required: the writer's own id of this message, text or whole number; the same id
 *                is the same message, however often it comes
 *   author       {id, name, phone, email}: id is the writer's own, else phone, else e-mail; all
 *                optional; always taken as claimed, never as proven
 *   sent_at      "2026-11-24T08:15:00+07:00"; without a zone it is local time; missing: now
 *   text         what the citizen wrote
 *   attachments  a list; what its entries hold is the caller's
 *   location     {lat, lon, address, name}
 *   call         {type, priority}: type normal, emergency, information, ghost, prank, dropped, test
 *   in_reply_to  native_id of the message this one answers
 *   fields       {anything}: kept beside the message; a field not named here is kept there as well
 * A field of the wrong kind makes it unusable; reasons name fields, never their content. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"
#include "core/message.h"

struct plain { /* what the message borrows */
	json_t *root, *fields;
	char number[24]; /* a native_id that is a number, as text */
};

/* Fills `m` (prefilled by source_message; a native_id that is there already holds when the object
 * has none) with pointers into `line`; attachments are the caller's to fill. -EINVAL: e says why;
 * m is unchanged then. plain_free in both cases. */
int plain_decode(const char *p, size_t n, size_t max_bytes, int zone_minutes, struct plain *line,
	struct message *m, struct err *e);
void plain_free(struct plain *line);

/* For the entries of attachments. A text that may be missing: *ret is NULL then. */
int plain_text(const json_t *o, const char *key, const char **ret, struct err *e);
/* The list "attachments", at most MESSAGE_ATTACHMENTS_MAX; *ret_n is 0 when there is none. */
int plain_list(const json_t *root, const json_t **ret, size_t *ret_n, struct err *e);
