/* mailbox: muara-email's source, the complaints in one IMAP mailbox. imap.h reads it, mime.h makes
 * messages of mails.
 *
 * Order, never swapped: mail -> decode -> attachments into the blob store (fsync) -> source_put ->
 * delivery report -> cursor (UIDVALIDITY, UID), only of the contiguous acknowledged prefix. Killed
 * anywhere, the mails behind the last cursor are read again and have the same ids. A report that
 * failed sends the reader back to the last acknowledged mail. The mailbox is only ever looked at:
 * no flag is set, nothing is deleted. Thread: the loop's.
 *
 * Known gaps: one mailbox an instance; attachments are written in the loop, so a large one on a
 * slow disk delays the mails behind it. */
#pragma once

#include "core/source.h"

struct email_conf {
	struct source_common common; /* first: SOURCE_OPTIONS and the skeleton find it there */
	char *host, *user, *password, *token_file, *mailbox, *ca, *authserv;
	struct strlist own;
	int64_t port, idle_ms, poll_ms, timeout_ms, max_mail;
	bool trust_spam_flag;
};

extern const struct source_ops email_source;
