/* paper: the record of the topic `media` that says what became of one attachment
 * (config/schema/media.schema.json). One each; a second one, from another process that fetched the
 * same at the same time, has another id only if it says something else. Key: message/index, so an
 * erasure finds it. Pure. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "core/ids.h"

struct paper {				  /* borrowed */
	const char *message, *attachment; /* its id, and the native id of the attachment */
	size_t index;
	const char *state;  /* stored, missing, refused */
	const char *reason; /* NULL when stored */
	const char *sha256, *mime, *kind;
	int64_t bytes;
	int64_t at_ms;
	int tries;
};
#define PAPER_KEY_SIZE 64
void paper_key(const char *message, size_t index, char ret[PAPER_KEY_SIZE]);
/* Caller owns. */
json_t *paper_make(const struct paper *p, char ret_id[UUID_TEXT_SIZE]);
