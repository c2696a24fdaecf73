/* decode: one line of a dropped file -> what a message is built from. Pure: no files, no clock.
 *
 * A line is one JSON object; its fields are those of core/plain.h, and
 *   attachments  [{path, name, mime}]: path is relative to the drop folder; the file must be there
 *                before the line is
 * A field of the wrong kind makes the line undecodable; reasons name fields, never their content.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "core/message.h"
#include "core/plain.h"

struct file_line {
	struct plain plain;
	struct message_attachment
		*attachments; /* id = path; state, sha256, bytes are the caller's */
	size_t n_attachments; /* 0 when the line cannot be used */
};

/* Fills `m` (prefilled by source_message) with pointers into `line` and p[0..n). -EINVAL: the line
 * cannot be used, e says why; m is unchanged then. file_line_free in both cases. */
int file_decode(const char *p, size_t n, int zone_minutes, struct file_line *line,
	struct message *m, struct err *e);
void file_line_free(struct file_line *line);
