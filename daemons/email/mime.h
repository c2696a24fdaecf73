/* mime: the bytes of one mail -> what a message is made of. GMime reads the structure; limits,
 * choice, repair and classes are here. Pure but for GMime's own set-up; no I/O, no clock.
 *
 * Every mail becomes exactly one message, whatever its bytes are: what is broken is read as far as
 * it goes; over a limit the rest is left out, named in fields.limits, and stands in the original.
 * Only a mail without any byte of its own is undecodable.
 *
 * native_id: Message-ID (RFC 5322 3.6.4) without its brackets; without a usable one "sha256:" of
 * the bytes, line ends folded. A second mail of the same Message-ID and content is the same
 * message; other content is told apart by the normalizer (lane rule 12).
 *
 * author: From, else Sender; its address in lower case is the id. Proven only when the topmost
 * Authentication-Results of `authserv` says dmarc=pass (RFC 8601).
 *
 * class: echo: from one of our own addresses; bounce: RFC 3464 reports, mailer-daemon, an empty
 * Return-Path; auto: RFC 3834 Auto-Submitted, receipts, lists, Precedence, no-reply senders; spam:
 * X-Spam-Flag, if trusted; else human. fields.mail says which.
 *
 * text: the subject (not of a reply), then the plain or HTML words without history and signature;
 * forwarded mails inside (message/rfc822) behind it; fields.full_text has all words when some were
 * left out.
 *
 * in_reply_to: In-Reply-To, else the last of References; fields.ticket: a ticket in the subject.
 *
 * fields: title, full_text, limits, mail, reply_to, forwarded_from, ticket.
 *
 * Known gaps: winmail.dat, S/MIME and PGP stay attachments, unread; hidden text in HTML is shown;
 * attachments are not opened. Thread: one (GMime's caches). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"
#include "core/message.h"

#define MAIL_DEPTH_MAX	     20
#define MAIL_PARTS_MAX	     100
#define MAIL_HEADER_LINE_MAX (8 * 1024)
#define MAIL_HEADERS_MAX     (256 * 1024)
#define MAIL_DECODED_MAX     (25 * 1024 * 1024)
#define MAIL_TEXT_MAX	     (256 * 1024)

struct mail_rules {
	const struct strlist *own; /* addresses, lower case; NULL: none */
	const char *authserv;	   /* authserv-id of our own server; NULL: nobody is proven */
	bool trust_spam_flag;	   /* X-Spam-Flag comes from our own server */
};

struct mail_data {
	void *p; /* decoded bytes of the attachment of the same number */
	size_t n;
};
struct mail { /* what a decoded mail's message points into; zero it first, mail_free at the end */
	char *native_id, *reply, *author, *name, *text, *date;
	struct message_attachment
		attachments[MESSAGE_ATTACHMENTS_MAX]; /* state, sha256: caller's */
	struct mail_data data[MESSAGE_ATTACHMENTS_MAX];
	size_t n_attachments;
	json_t *fields;
};

/* Fills `m` (prefilled by source_message; original and source.place are the caller's and must be
 * set) with pointers into `mail`. `arrived_ms`: when the server took it in, stands in for a missing
 * date; 0 = unknown. `partial`: p is only the beginning of the mail, which fields.limits tells. */
void mail_decode(const char *p, size_t n, bool partial, const struct mail_rules *rules,
	int64_t arrived_ms, struct mail *mail, struct message *m);
void mail_free(struct mail *mail);
