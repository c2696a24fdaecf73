/* imap_session: see imap_session.h. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/fsio.h"
#include "base/util.h"

#include "imap_session.h"
#include "tls_check.h"

#include <libetpan/libetpan.h> /* behind ours: it has MIN and MAX of its own */

#define TOKEN_MAX      (16 * 1024)
#define SINCE_SLACK_MS (INT64_C(2) * 24 * 3600 * 1000) /* SINCE knows days without a zone */
#define CHAIN_MAX      10

struct session {
	mailimap *imap;
	uint32_t exists; /* at EXAMINE */
};

static int failed(struct err *e, int r, const char *step)
{
	switch (r) {
	case MAILIMAP_ERROR_STREAM:
		return err_set(e, -EIO, "%s: the connection broke or was silent too long", step);
	case MAILIMAP_ERROR_PARSE:
		return err_set(e, -EPROTO, "%s: the server's answer cannot be read", step);
	case MAILIMAP_ERROR_SSL:
		return err_set(e, -EPROTO, "%s: TLS failed", step);
	case MAILIMAP_ERROR_LOGIN:
		return err_set(e, -EACCES, "%s: refused; check user and password or token", step);
	default:
		return err_set(e, -EIO, "%s: refused by the server (libetpan error %d)", step, r);
	}
}

static bool good(int r)
{
	return r == MAILIMAP_NO_ERROR || r == MAILIMAP_NO_ERROR_AUTHENTICATED ||
	       r == MAILIMAP_NO_ERROR_NON_AUTHENTICATED;
}

/* --- opening --- */

static void on_tls(struct mailstream_ssl_context *tls, void *data)
{
	const struct imap_conf *c = data;

	mailstream_ssl_set_server_name(tls, (char *)(uintptr_t)c->host);
}

static int check_certificate(mailimap *imap, const struct imap_conf *c, struct err *e)
{
	carray *chain = mailstream_get_certificate_chain(imap->imap_stream);
	struct tls_der der[CHAIN_MAX];
	size_t n = chain ? MIN(carray_count(chain), CHAIN_MAX) : 0;
	int r;

	for (size_t i = 0; i < n; i++) {
		MMAPString *s = carray_get(chain, (unsigned)i);

		der[i] = (struct tls_der){s->str, s->len};
	}
	r = tls_check(der, n, c->host, c->ca, e);
	if (chain)
		mailstream_certificate_chain_free(chain);
	return r ? err_prefix(e, "nobody logged in (see `host` and `ca`)") : 0;
}

/* The token is read anew each time: what refreshes it (hourly) writes the file. */
static int log_in_by_token(mailimap *imap, const struct imap_conf *c, struct err *e)
{
	_cleanup_free_ char *token = NULL;
	size_t n;
	int r = fsio_read_file(c->token_file, TOKEN_MAX, &token, &n, e);

	if (r)
		return err_prefix(e, "no token (`token_file`: what renews it must write it)");
	while (n && (unsigned char)token[n - 1] <= ' ')
		token[--n] = '\0';
	r = mailimap_oauth2_authenticate(imap, c->user, token);
	return good(r) ? 0 : failed(e, r, "XOAUTH2 login");
}

static int log_in(mailimap *imap, const struct imap_conf *c, struct err *e)
{
	int r;

	if (c->token_file)
		return log_in_by_token(imap, c, e);
	r = mailimap_login(imap, c->user, c->password);
	return good(r) ? 0 : failed(e, r, "login");
}

/* After the login, for a server may tell more then. */
static void read_capabilities(mailimap *imap)
{
	struct mailimap_capability_data *data = NULL;

	if (good(mailimap_capability(imap, &data)) && data)
		mailimap_capability_data_free(data);
}

static int greet(mailimap *imap, const struct imap_conf *c, int fd, struct err *e)
{
	mailstream *stream = mailstream_ssl_open_with_callback_timeout(
		fd, MAX(c->timeout_ms / 1000, 1), on_tls, (void *)(uintptr_t)c);
	int r;

	if (!stream) {
		close(fd);
		return err_set(e, -EPROTO, "connecting: no TLS with this server");
	}
	r = mailimap_connect(imap, stream);
	if (!good(r) && !imap->imap_stream)
		mailstream_close(stream);
	return good(r) ? check_certificate(imap, c, e) : failed(e, r, "connecting");
}

int session_open(const struct imap_conf *c, int fd, struct session **ret, struct err *e)
{
	struct session *s = xcalloc(1, sizeof(*s));
	int r;

	s->imap = mailimap_new(0, NULL);
	if (!s->imap) {
		free(s);
		close(fd);
		return err_set(e, -ENOMEM, "no memory for a connection");
	}
	mailimap_set_timeout(s->imap, MAX(c->timeout_ms / 1000, 1));
	r = greet(s->imap, c, fd, e);
	if (r == 0)
		r = log_in(s->imap, c, e);
	if (r) {
		session_close(&s);
		return r;
	}
	read_capabilities(s->imap);
	*ret = s;
	return 0;
}

/* No LOGOUT: it would wait for a server that may be gone; closing is allowed (RFC 9051 3.4). */
void session_close(struct session **s)
{
	if (!*s)
		return;
	if ((*s)->imap->imap_stream) {
		mailstream_close((*s)->imap->imap_stream);
		(*s)->imap->imap_stream = NULL;
	}
	mailimap_free((*s)->imap);
	free(*s);
	*s = NULL;
}

int session_fd(const struct session *s)
{
	return s->imap->imap_stream
		       ? mailstream_low_get_fd(mailstream_get_low(s->imap->imap_stream))
		       : -1;
}

/* --- reading --- */

int session_examine(struct session *s, const char *mailbox, uint32_t *ret_validity, struct err *e)
{
	int r = mailimap_examine(s->imap, mailbox);

	if (r == MAILIMAP_ERROR_EXAMINE)
		return err_set(e, -EACCES,
			"EXAMINE: the server does not open the folder; does "
			"`mailbox` exist, and may the account read it?");
	if (!good(r))
		return failed(e, r, "EXAMINE");
	*ret_validity =
		s->imap->imap_selection_info ? s->imap->imap_selection_info->sel_uidvalidity : 0;
	s->exists = s->imap->imap_selection_info ? s->imap->imap_selection_info->sel_exists : 0;
	/* RFC 9051 6.3.2 demands it; without it no UID means anything */
	return *ret_validity ? 0 : err_set(e, -EPROTO, "EXAMINE: the server names no UIDVALIDITY");
}

static struct mailimap_search_key *search_key(uint32_t uid, int64_t since_ms)
{
	time_t t = (time_t)((since_ms - SINCE_SLACK_MS) / 1000);
	struct tm day;

	if (uid || since_ms <= SINCE_SLACK_MS || !gmtime_r(&t, &day))
		return mailimap_search_key_new_uid(mailimap_set_new_interval(uid + 1, 0));
	return mailimap_search_key_new_since(
		mailimap_date_new(day.tm_mday, day.tm_mon + 1, day.tm_year + 1900));
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int session_search(struct session *s, uint32_t uid, int64_t since_ms, uint32_t **ret, size_t *ret_n,
	struct err *e)
{
	struct mailimap_search_key *key = search_key(uid, since_ms);
	clist *found = NULL;
	uint32_t *uids;
	size_t n = 0;
	int r = mailimap_uid_search(s->imap, NULL, key, &found);

	mailimap_search_key_free(key);
	if (!good(r))
		return failed(e, r, "UID SEARCH");
	uids = xcalloc((size_t)clist_count(found) + 1, sizeof(*uids));
	for (clistiter *it = clist_begin(found); it; it = clist_next(it)) {
		uint32_t u = *(uint32_t *)clist_content(it);

		if (u > uid) /* n:* gives the last one, whatever it is */
			uids[n++] = u;
	}
	mailimap_search_result_free(found);
	if (n)
		qsort(uids, n, sizeof(*uids), ascending);
	*ret = uids;
	*ret_n = n;
	return 0;
}

static int64_t wall_ms(const struct mailimap_date_time *d)
{
	struct tm t = {.tm_year = d->dt_year - 1900,
		.tm_mon = d->dt_month - 1,
		.tm_mday = d->dt_day,
		.tm_hour = d->dt_hour,
		.tm_min = d->dt_min,
		.tm_sec = d->dt_sec};
	int zone = d->dt_zone, minutes = zone / 100 * 60 + zone % 100;

	return ((int64_t)timegm(&t) - 60 * (int64_t)minutes) * 1000;
}

struct answer {
	uint32_t uid;
	bool has_body;
	struct imap_mail *m;
};

static void read_item(struct answer *a, const struct mailimap_msg_att_static *item)
{
	const struct mailimap_msg_att_body_section *body;

	switch (item->att_type) {
	case MAILIMAP_MSG_ATT_UID:
		a->uid = item->att_data.att_uid;
		break;
	case MAILIMAP_MSG_ATT_RFC822_SIZE:
		a->m->size_bytes = item->att_data.att_rfc822_size;
		break;
	case MAILIMAP_MSG_ATT_INTERNALDATE:
		if (item->att_data.att_internal_date)
			a->m->arrived_ms = wall_ms(item->att_data.att_internal_date);
		break;
	case MAILIMAP_MSG_ATT_BODY_SECTION:
		body = item->att_data.att_body_section;
		if (body && body->sec_body_part && !a->has_body) {
			a->m->n = body->sec_length;
			a->m->bytes = xmalloc(body->sec_length + 1);
			memcpy(a->m->bytes, body->sec_body_part, body->sec_length);
			a->m->bytes[a->m->n] = '\0';
			a->has_body = true;
		}
		break;
	default:
		break;
	}
}

/* The item may stand in any order, UID behind the literal too. */
static struct answer read_answer(const struct mailimap_msg_att *att)
{
	struct answer a = {.m = xcalloc(1, sizeof(*a.m))};

	for (clistiter *it = clist_begin(att->att_list); it; it = clist_next(it)) {
		const struct mailimap_msg_att_item *item = clist_content(it);

		if (item->att_type == MAILIMAP_MSG_ATT_ITEM_STATIC)
			read_item(&a, item->att_data.att_static);
	}
	return a;
}

static int request(struct session *s, uint32_t uid, int64_t max_bytes, clist **ret)
{
	struct mailimap_set *set = mailimap_set_new_single(uid);
	struct mailimap_fetch_type *type = mailimap_fetch_type_new_fetch_att_list_empty();
	int r;

	mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_uid());
	mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_internaldate());
	mailimap_fetch_type_new_fetch_att_list_add(type, mailimap_fetch_att_new_rfc822_size());
	mailimap_fetch_type_new_fetch_att_list_add(
		type, mailimap_fetch_att_new_body_peek_section_partial(
			      mailimap_section_new(NULL), 0, (uint32_t)max_bytes));
	r = mailimap_uid_fetch(s->imap, set, type, ret);
	mailimap_fetch_type_free(type);
	mailimap_set_free(set);
	return r;
}

int session_fetch(
	struct session *s, uint32_t uid, int64_t max_bytes, struct imap_mail **ret, struct err *e)
{
	clist *answers = NULL;
	int r = request(s, uid, max_bytes, &answers);

	*ret = NULL;
	if (!good(r))
		return failed(e, r, "UID FETCH");
	for (clistiter *it = clist_begin(answers); it; it = clist_next(it)) {
		struct answer a = read_answer(clist_content(it));

		if (!*ret && a.uid == uid && a.has_body)
			*ret = a.m;
		else
			imap_mail_free(a.m); /* news about others */
	}
	mailimap_fetch_list_free(answers);
	return *ret ? 0 : err_set(e, -ENOENT, "UID FETCH: the mail is gone");
}

/* --- idle --- */

bool session_can_idle(struct session *s)
{
	return mailimap_has_idle(s->imap);
}

int session_idle(struct session *s, struct err *e)
{
	int r = mailimap_idle(s->imap);

	return good(r) ? 0 : failed(e, r, "IDLE");
}

bool session_has_news(const struct session *s)
{
	return s->imap->imap_selection_info &&
	       s->imap->imap_selection_info->sel_exists != s->exists;
}

bool session_has_data(const struct session *s)
{
	return s->imap->imap_stream && s->imap->imap_stream->read_buffer_len > 0;
}

int session_idle_done(struct session *s, struct err *e)
{
	int r = mailimap_idle_done(s->imap);

	return good(r) ? 0 : failed(e, r, "leaving IDLE");
}
