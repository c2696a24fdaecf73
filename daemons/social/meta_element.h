/* meta_element: one element of a webhook's body under way to a message, and what the readers of its
 * kinds have in common. For meta_decode.c and its readers only.
 *
 * A reader fills x->m; texts it makes live in x->s (meta_keep) until the message was emitted. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "daemons/social/meta_decode.h"
#include "daemons/social/meta_fields.h"

enum meta_object { META_PAGE, META_INSTAGRAM, META_OTHER };

struct meta_decoder {
	const struct meta_rules *rules;
	const struct message *base;
	meta_emit_fn *emit;
	void *ctx;
	enum meta_object object;
};

/* One element under way. */
struct meta_element {
	struct meta_decoder *d;
	struct span bytes;
	const char *place;
	const char *account; /* entry.id; NULL: none */
	int64_t entry_ms;
	struct message m;
	struct meta_scratch s;
	struct buf text; /* when it is put together */
	bool notice;	 /* fields.fetch is set */
};

/* By its bytes: "what:sha256", for an element without an id of its own. */
const char *meta_hash_id(struct meta_element *x, const char *what);
/* What is known to hold no citizen's words, or is not known at all: by the hash of its bytes. */
void meta_take_whole(struct meta_element *x, enum message_class class);
/* Only ids came: the notice is kept under an id of its own, so that the completed message can have
 * the native one. fields.fetch says what completes it; media, revision: may be NULL. */
void meta_take_incomplete(struct meta_element *x, const char *what, const char *id,
	const char *media, const char *revision);
bool meta_is_ours(
	const struct meta_element *x, const char *id); /* our page or account; id may be NULL */
bool meta_is_empty(const struct message *m);	       /* no text, file or place */

static inline bool meta_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* --- readers: the value of a change, or an event --- */

typedef void meta_take_fn(struct meta_element *x, const json_t *value);
/* meta_feed.c */
meta_take_fn meta_take_feed;	/* feed, mention, ratings of a page */
meta_take_fn meta_take_comment; /* comments on Instagram */
meta_take_fn meta_take_mention; /* mentions there */
/* meta_messages.c */
meta_take_fn meta_take_event; /* an element of messaging or standby */
