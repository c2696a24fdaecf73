/* meta_decode: one body of a Facebook or Instagram webhook -> messages of our own. Pure.
 *
 * Three envelopes: entry[].changes[{field, value}]; entry[].messaging[] and entry[].standby[]
 * (another app has the thread; the citizen's words are the same); entry[].field + entry[].value.
 * Sources: developers.facebook.com: "Webhooks reference: Page", "Messenger Platform: webhook
 * events", "Instagram Platform: webhooks" (and its examples), "Instagram mentions".
 *
 *   feed, mention, ratings: comment, post, status, photo, video, share, album, rating
 *     add                            -> kind message, class human
 *     edit, edited, update           -> kind edit of the id it names
 *     remove, delete                 -> kind delete of it
 *     hide, unhide, block, mute …    -> kind edit of it, class system: moderation, not the author
 *   comments, live_comments          -> class human
 *   messages, standby, message_edit, postback with a title -> class human (edit, delete)
 *   what the page or account itself wrote (from is our id, is_echo)   -> class echo
 *   likes, reactions, stickers alone, reads, deliveries, hand-overs …  -> class system
 *   ids without content (mentions; comments told without text)        -> class system, native id
 *     "incomplete:WHAT:ID", and fields.fetch names the Graph call that completes it; the completed
 *     message is one of its own (meta_fetch in meta_graph.h)
 *   unknown object, field, item, verb, attachment; an account that is not ours -> class unknown
 *   an element that cannot be decoded -> class undecodable; its neighbours pass
 *
 * Known gap: an edit that goes back to a text the same message had after an earlier edit is not
 * told from that one when Facebook gives both the same time. */
#pragma once

#include <stddef.h>

#include "base/jsonspan.h"
#include "core/message.h"

struct meta_rules {
	const char *page, *instagram; /* our ids; both NULL: every account is ours */
};
/* `m` is as in the base but for original, which is set from `bytes` (within the body). Borrowed. */
typedef void meta_emit_fn(void *ctx, struct message *m, struct span bytes);

/* Always emits at least one message, unless the body is an envelope without any element. */
void meta_decode(const char *body, size_t len, const struct meta_rules *rules,
	const struct message *base, meta_emit_fn *emit, void *ctx);
/* How many messages it will emit at most, without decoding any. */
int meta_count(const char *body, size_t len);
