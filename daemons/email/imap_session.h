/* imap_session: one connection to an IMAP server, by libetpan. Blocking; worker thread only. Errors
 * never hold what the server said (it may name the account): they name the step. */
#pragma once

#include "imap.h"

struct session;
/* TLS, certificate, login over fd (taken over in any case). -EACCES: certificate or login refused.
 */
int session_open(const struct imap_conf *c, int fd, struct session **ret, struct err *e);
void session_close(struct session **s); /* NULL-safe; for _cleanup_ */
int session_fd(const struct session *s);

int session_examine(struct session *s, const char *mailbox, uint32_t *ret_validity, struct err *e);
/* UIDs above `uid`, ascending; since_ms: only what arrived about then or later (0: all), looked at
 * only when uid is 0: behind a known UID everything is new. Caller frees. */
int session_search(struct session *s, uint32_t uid, int64_t since_ms, uint32_t **ret, size_t *ret_n,
	struct err *e);
/* At most max_bytes of it. -ENOENT: it is gone. ret->at is the caller's. */
int session_fetch(
	struct session *s, uint32_t uid, int64_t max_bytes, struct imap_mail **ret, struct err *e);
bool session_can_idle(struct session *s);
int session_idle(struct session *s, struct err *e);
bool session_has_news(const struct session *s); /* the mailbox has grown or shrunk since EXAMINE */
bool session_has_data(const struct session *s); /* read, not looked at yet */
int session_idle_done(struct session *s, struct err *e);
