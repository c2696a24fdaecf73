/* types: one update of a WhatsApp number, by its type: who wrote it, when, what it holds. Pure.
 *
 * Used by decode; what becomes of which type is said there. Fields beside the text, in "fields" of
 * the record:
 *   forwarded  true: passed on by the sender, not his own words
 *   group      id of the group it was written in
 *   reply      id (or payload) of the button or list row that was chosen
 *   form       the answers of a Flow form, as sent (the text repeats them line by line)
 *   referral   source_type, source_id, source_url, headline of the advertisement it came from
 *   identity   event (user_changed_number, user_changed_user_id, customer_identity_changed,
 *              contact_request), and what came with it: wa_id, user_id, previous, parent_user_id
 *   unsupported  type and error codes of a message WhatsApp could not pass on: the citizen has to
 * be asked to send it again Source: developers.facebook.com, WhatsApp Cloud API, "Webhooks /
 * Reference / messages" and "Business-scoped user ids". */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "core/message.h"

#define WA_PLACE_SIZE 96

/* What a message borrows beside its JSON; released with wa_scratch_free after it was emitted. */
struct wa_scratch {
	struct buf text;
	json_t *fields; /* NULL: none */
	char phone[32], native[SHA256_HEX_SIZE + 64];
	struct message_attachment attachment;
};
void wa_scratch_init(struct wa_scratch *s);
void wa_scratch_free(struct wa_scratch *s);

/* `contacts`: the change's list of people, may be NULL; `alone`: it has one message only. */
void wa_author(struct message *m, struct wa_scratch *s, const json_t *j, const json_t *contacts,
	bool alone);
void wa_time(struct message *m, const json_t *j); /* "timestamp": seconds, text or number */
/* Content, class, kind and revision by j's type; m->native_id is set, m->class is human. */
void wa_type(struct message *m, struct wa_scratch *s, const json_t *j);
/* One element of the field user_id_update: an identity event. */
void wa_identity(struct message *m, struct wa_scratch *s, const json_t *j);
