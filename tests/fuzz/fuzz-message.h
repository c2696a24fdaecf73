/* fuzz-message: for targets whose parser takes a body apart into messages: each is of the body's
 * own bytes, and what can be built of it can be read again. */
#pragma once

#include "base/json.h"
#include "base/jsonspan.h"
#include "core/message.h"

#include "fuzz.h"

struct seen {
	const char *body;
	size_t len;
	int n;
};

static inline void see_message(struct seen *s, const struct message *m, struct span bytes)
{
	json_t *j = NULL;
	char *text = NULL;
	size_t len;

	CHECK(bytes.p >= s->body && bytes.p + bytes.n <= s->body + s->len);
	s->n++;
	if (bytes.n <= MESSAGE_INLINE_MAX && message_build_text(m, &text, &len, NULL, NULL) == 0) {
		CHECK(message_parse(text, len, &j, NULL) == 0);
		json_decref(j);
	}
	free(text);
}

/* The same of a decoder that leaves the original to its caller; ctx: struct seen. */
static inline void see_own_message(void *ctx, struct message *m, struct span bytes)
{
	m->original.data = bytes.p;
	m->original.len = bytes.n;
	see_message(ctx, m, bytes);
}
