/* decode: one WhatsApp Cloud API body -> messages of our own, one per update. Pure.
 *
 * Shapes: developers.facebook.com, "WhatsApp Cloud API / Webhooks / Reference / messages" (and its
 * pages unsupported, revoke, errors, group) and "Business-scoped user ids". What becomes of what:
 *
 *   text, image, video, document, audio, location, contacts, interactive, button -> class human
 *   an order with words -> class human; without, and sticker, reaction, system    -> class system
 *   edit, revoke                    -> kind edit / delete of the message they name, class human
 *   unsupported, unknown types, unknown fields                            -> class unknown
 *   user_id_update (another business-scoped id of a person)               -> class system, with the
 *       new id as author and both in fields.identity
 *   statuses (sent, delivered, read, failed: of our own output)           -> class system, kept in
 *       the raw log so that nothing vanishes and the replier can read them, never a complaint
 *   smb_message_echoes (typed by the account itself)                      -> class echo
 *   history, account_*, group_*, calls, template and quality news, errors
 *   out of band                                                           -> class system
 *   an element that cannot be decoded                                     -> class undecodable
 *
 * The author is the business-scoped user id where there is one, else the number (wa_id): a person
 * with a username shows no number. What a type leaves in "fields": types.h.
 * Each element is decoded by itself: a bad one never loses its neighbours. */
#pragma once

#include <stddef.h>

#include "base/jsonspan.h"
#include "core/message.h"

struct wa_rules {
	const char *const *numbers; /* phone_number_ids that belong to this source */
	size_t n_numbers;	    /* 0: all do */
};
/* Called for each update in order. `m` comes filled as in the base message but for original, which
 * the caller sets from `bytes` (within the body); borrowed for the call. */
typedef void wa_emit_fn(void *ctx, struct message *m, struct span bytes);

/* base: tenant, channel, account, source … for every message. Always emits at least one message,
 * unless the body is an envelope without any change. */
void wa_decode(const char *body, size_t len, const struct wa_rules *rules,
	const struct message *base, wa_emit_fn *emit, void *ctx);
/* How many messages wa_decode will emit at most, without decoding any: for choosing between inline
 * and blob store. */
int wa_count(const char *body, size_t len);
