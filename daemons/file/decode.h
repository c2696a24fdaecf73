/* decode: one line of a dropped file -> what a message is built from. Pure: no files, no clock.
 *
 * A line is one JSON object (UTF-8). Fields:
 *   native_id    required: the writer's own id of this message, text or whole number; the same id
 * is the same message, however often it is dropped author       {id, name, phone, email}: id is the
 * writer's own, else phone, else e-mail; all optional; always taken as claimed, never as proven
 *   sent_at      "2026-11-24T08:15:00+07:00"; without a zone it is local time; missing: now
 *   text         what the citizen wrote
 *   attachments  [{path, name, mime}]: path is relative to the drop folder; the file must be there
 *                before the line is
 *   location     {lat, lon, address, name}
 *   call         {type, priority}: type normal, emergency, information, ghost, prank, dropped, test
 *   in_reply_to  native_id of the message this one answers
 *   fields       {anything}: kept beside the message; a field not named here is kept there as well
 * A field of the wrong kind makes the line undecodable; reasons name fields, never their content.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"
#include "core/message.h"

struct file_line {
	json_t *root, *fields;
	struct message_attachment
		*attachments; /* id = path; state, sha256, bytes are the caller's */
	size_t n_attachments; /* 0 when the line cannot be used */
	char number[24];      /* a native_id that is a number, as text */
};

/* Fills `m` (prefilled by source_message) with pointers into `line` and p[0..n). -EINVAL: the line
 * cannot be used, e says why; m is unchanged then. file_line_free in both cases. */
int file_decode(const char *p, size_t n, int zone_minutes, struct file_line *line,
	struct message *m, struct err *e);
void file_line_free(struct file_line *line);
