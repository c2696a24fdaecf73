/* meta_fields: what the decoders of Meta's webhooks and of Graph answers share: ids that are text
 * or numbers, times in several spellings, authors, attachments. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/message.h"

#define META_KEPT_MAX 160

/* Storage a message borrows while it is built; zeroed, then meta_scratch_free. */
struct meta_scratch {
	char *kept[META_KEPT_MAX];
	size_t n_kept;
	struct message_attachment attachments[MESSAGE_ATTACHMENTS_MAX];
	size_t n_attachments;
	json_t *fields;
};
void meta_scratch_free(struct meta_scratch *s);
/* Takes the text over, until meta_scratch_free; returns it, NULL when there is no more room. */
const char *meta_keep(struct meta_scratch *s, char *text);

/* An id: a non-empty string as it is, an integer (old samples, the dashboard's test) as digits; "0"
 * is one. NULL: neither. */
const char *meta_id(struct meta_scratch *s, const json_t *obj, const char *key);
/* ms since 1970 of seconds or milliseconds (number or digits: from 10^11 on they are milliseconds)
 * or of "2026-11-24T04:29:15+0000"; 0: cannot be read. */
int64_t meta_time(const json_t *t);

/* from{id,name,username}, else sender_id/sender_name, else reviewer_id/reviewer_name. Returns the
 * author's id, NULL: nobody is named. */
const char *meta_author(struct message *m, struct meta_scratch *s, const json_t *value);
/* An attachment of message `native`; `what` tells it from the others. Ignored when the URL is no
 * text or there are too many. */
void meta_attach(struct message *m, struct meta_scratch *s, const char *native, const char *what,
	const char *kind, const json_t *url);
/* "<verb>:<16 hex>" of the verb, the time given and the content: the same event again is the same
 * revision. */
const char *meta_revision(
	struct meta_scratch *s, const struct message *m, const char *verb, const json_t *created);
