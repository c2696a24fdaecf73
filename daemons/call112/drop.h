/* drop: the call centre's drop folder as a source: rows -> source_put -> report -> cursor. The
 * struct of the configuration and the const table of the source are here. */
#pragma once

#include "core/source.h"

#include "decode.h"

struct call112_conf {
	struct source_common common; /* first member of every source's conf */
	char *path, *files;
	int format, complete, encoding, finished;
	int64_t settle_ms, poll_ms;
	char *delimiter, *comment, *zone;
	bool header;
	struct strmap fields, types;
	char *attachments_path;
	int64_t attachment_max_bytes, attachment_wait_ms;
};

extern const struct source_ops call112_source;
