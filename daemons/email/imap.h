/* imap: one mailbox, read by a worker thread that hands over mails and does nothing else.
 *
 * libetpan blocks, so it has a thread of its own: connect (TLS only), check the certificate, log
 * in, EXAMINE (read-only), UID SEARCH for what is new, UID FETCH with BODY.PEEK one mail at a time,
 * then IDLE, renewed before a NAT forgets the connection; without IDLE it looks every `poll_ms`.
 * Nothing it sends can set a flag or delete a mail. Mails come in ascending UID from the position
 * given; UIDs below it are dropped ("n:*" gives the last mail whatever its UID). Another
 * UIDVALIDITY than the position's: everything since `since_ms` is read again (ids make that
 * harmless). A broken connection is made anew after a pause that doubles (1 s to 1 min); a mail the
 * server fails to give three times is handed over without bytes.
 *
 * Hand-over: a queue of at most IMAP_QUEUE mails and IMAP_QUEUE_BYTES; full: the worker waits.
 * imap_fd becomes readable when there is news. Every wait of the worker is bounded: TCP connect,
 * reads and writes by timeout_ms, a whole command by IMAP_COMMAND_MS (imap_watch cuts the
 * connection: a server that trickles bytes would hold a read for ever).
 *
 * Known gaps: no STARTTLS; no NTLM, GSSAPI or OAUTHBEARER; name look-up has the resolver's own
 * time-out; libetpan keeps a whole mail in memory, so max_mail bounds what is asked for. Thread of
 * all functions: the loop's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define IMAP_QUEUE	 32
#define IMAP_QUEUE_BYTES (64 * 1024 * 1024)
#define IMAP_COMMAND_MS	 (10 * 60 * 1000)

struct imap_conf { /* borrowed until imap_stop */
	const char *host, *user, *password, *token_file, *mailbox, *ca;
	int port;
	int64_t idle_ms, poll_ms, timeout_ms, since_ms;
	int64_t max_mail_bytes;
};
struct imap_place {
	uint32_t validity, uid; /* 0, 0: nothing was read yet */
};
struct imap_mail {
	struct imap_place at;
	int64_t arrived_ms; /* INTERNALDATE */
	int64_t size_bytes; /* of the whole mail; n is less when it is over the limit */
	char *bytes;	    /* NULL: the server does not give it */
	size_t n;
};
enum imap_state {
	IMAP_CONNECTING,
	IMAP_READING,
	IMAP_IDLE,
	IMAP_FAILED,
	IMAP_ILL, /* a person is needed: login, certificate, folder, or nothing for many tries;
		     still tried again, a token may be renewed */
};

struct imap;
int imap_start(const struct imap_conf *c, struct imap_place from, struct imap **ret, struct err *e);
void imap_stop(struct imap *i); /* NULL-safe; at most timeout_ms + 1 s */

int imap_fd(const struct imap *i); /* readable: call imap_status, then imap_next until NULL */
struct imap_mail *imap_next(struct imap *i);
void imap_mail_free(struct imap_mail *m); /* NULL-safe */
/* What is queued is thrown away; reading goes on behind `from`. */
void imap_rewind(struct imap *i, struct imap_place from);
/* text: why it failed last (no personal data), "" while it works. */
enum imap_state imap_status(struct imap *i, char *text, size_t size, uint64_t *ret_connects);
void imap_watch(struct imap *i); /* now and then: cuts a connection whose command takes too long */
