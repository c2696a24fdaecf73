/* sftp: a server's folder by SFTP; see remote.h. By libcurl and libssh2, on the thread of fetch.c.
 * The server is known by the fingerprint of its key, before anything secret is sent. */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/util.h"

#include "fetch.h"
#include "remote.h"

#define CONNECT_MS	10000L
#define STALLED_SECONDS 30L /* without a byte */

struct sftp {
	struct remote remote; /* first member */
	const struct fetch_conf *conf;
	const atomic_bool *stop;
	CURL *curl;
	char why[CURL_ERROR_SIZE];
	char offered[FETCH_FINGERPRINT_SIZE]; /* the key of the connection at hand */
	/* of the call at hand */
	remote_sink_fn *sink;
	void *ctx;
	int64_t left;
	int sunk;
};

bool fetch_known_key(const struct strlist *host_keys, const void *key, size_t n,
	char ret[FETCH_FINGERPRINT_SIZE])
{
	_cleanup_free_ char *text = NULL;
	uint8_t hash[SHA256_SIZE];

	sha256_of(key, n, hash);
	text = base64_encode(hash, sizeof(hash));
	text[strcspn(text, "=")] = '\0';
	snprintf(ret, FETCH_FINGERPRINT_SIZE, "SHA256:%s", text);
	for (size_t i = 0; i < host_keys->n; i++)
		if (strcmp(host_keys->v[i], ret) == 0)
			return true;
	return false;
}

static int on_host_key(void *ctx, int type, const char *key, size_t n)
{
	struct sftp *s = ctx;

	(void)type;
	return fetch_known_key(s->conf->host_keys, key, n, s->offered) ? CURLKHMATCH_OK
								       : CURLKHMATCH_MISMATCH;
}

static size_t on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct sftp *s = ctx;

	n *= size;
	s->left -= (int64_t)n;
	s->sunk = s->left < 0 ? -EFBIG : s->sink(s->ctx, p, n);
	return s->sunk ? CURL_WRITEFUNC_ERROR : n;
}

static int on_turn(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct sftp *s = ctx;

	(void)a, (void)b, (void)c, (void)d;
	return atomic_load(s->stop);
}

static int set_up(struct sftp *s)
{
	const struct fetch_conf *c = s->conf;
	CURLcode r = CURLE_OK;

#define SET(option, value)                                            \
	do {                                                          \
		if (r == CURLE_OK)                                    \
			r = curl_easy_setopt(s->curl, option, value); \
	} while (0)
	SET(CURLOPT_PROTOCOLS_STR, "sftp");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_ERRORBUFFER, s->why);
	SET(CURLOPT_SSH_HOSTKEYFUNCTION, on_host_key);
	SET(CURLOPT_SSH_HOSTKEYDATA, s);
	SET(CURLOPT_SSH_AUTH_TYPES, c->key ? (long)CURLSSH_AUTH_PUBLICKEY
					   : (long)(CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD));
	SET(CURLOPT_USERNAME, c->user);
	if (c->key) {
		SET(CURLOPT_SSH_PRIVATE_KEYFILE, c->key);
		SET(CURLOPT_SSH_PUBLIC_KEYFILE, ""); /* is told by the private one */
	} else {
		SET(CURLOPT_PASSWORD, c->password);
	}
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, STALLED_SECONDS);
	SET(CURLOPT_WRITEFUNCTION, on_bytes);
	SET(CURLOPT_WRITEDATA, s);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_turn);
	SET(CURLOPT_XFERINFODATA, s);
#undef SET
	return r == CURLE_OK ? 0 : -EPROTONOSUPPORT;
}

static void sftp_close(struct remote *r)
{
	struct sftp *s = (struct sftp *)r;

	curl_easy_cleanup(s->curl);
	free(s);
}

static int sftp_open(
	const struct fetch_conf *c, const atomic_bool *stop, struct remote **ret, struct err *e)
{
	struct sftp *s = xcalloc(1, sizeof(*s));

	s->remote.ops = &remote_sftp;
	s->conf = c;
	s->stop = stop;
	s->curl = curl_easy_init();
	if (!s->curl || set_up(s)) {
		sftp_close(&s->remote);
		return err_set(e, -EPROTONOSUPPORT, "this libcurl cannot do SFTP");
	}
	*ret = &s->remote;
	return 0;
}

static int judge(struct sftp *s, CURLcode r, struct err *e)
{
	switch (r) {
	case CURLE_OK:
		return 0;
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_set(e, -EKEYREJECTED,
			"the server shows a host key that is not pinned (%s): ask its operator "
			"whether it was changed, then put it into sftp.host_keys",
			*s->offered ? s->offered : "none");
	case CURLE_LOGIN_DENIED:
		return err_set(
			e, -EPERM, "the server refuses the login: sftp.user, its key or password");
	case CURLE_QUOTE_ERROR:
		return err_set(e, -EACCES,
			"the server does not let us move it into done/: sftp.finished: keep, or a "
			"login that may rename");
	case CURLE_REMOTE_ACCESS_DENIED:
		return err_set(e, -EACCES, "the server refuses to let us read");
	case CURLE_REMOTE_FILE_NOT_FOUND:
		return err_set(e, -ENOENT, "the server does not have it");
	case CURLE_ABORTED_BY_CALLBACK:
		return err_set(e, -ECANCELED, "stopped");
	case CURLE_WRITE_ERROR:
		if (s->sunk == -EFBIG)
			return err_set(e, -EFBIG, "it is too large");
		if (s->sunk)
			return err_sys(e, s->sunk, "the spool");
		break;
	default:
		break;
	}
	return err_set(e, -EAGAIN, "%s", curl_easy_strerror(r));
}

static char *url_of(struct sftp *s, const char *name)
{
	const char *base = s->conf->url;
	size_t n = strlen(base);
	char *escaped, *url;

	while (n && base[n - 1] == '/')
		n--;
	if (!name)
		return xasprintf("%.*s/", (int)n, base);
	escaped = curl_easy_escape(s->curl, name, 0);
	if (!escaped)
		return NULL;
	url = xasprintf("%.*s/%s", (int)n, base, escaped);
	curl_free(escaped);
	return url;
}

static int transfer(struct sftp *s, const char *name, int64_t max_bytes, remote_sink_fn *sink,
	void *ctx, struct err *e)
{
	_cleanup_free_ char *url = url_of(s, name);

	if (!url || curl_easy_setopt(s->curl, CURLOPT_URL, url) != CURLE_OK)
		return err_set(e, -EAGAIN, "no memory for an address");
	s->sink = sink;
	s->ctx = ctx;
	s->left = max_bytes;
	s->sunk = 0;
	return judge(s, curl_easy_perform(s->curl), e);
}

static int sftp_get(struct remote *r, const struct listing_file *file, int64_t max_bytes,
	remote_sink_fn *sink, void *ctx, struct err *e)
{
	return transfer((struct sftp *)r, file->name, max_bytes, sink, ctx, e);
}

static int on_listing(void *ctx, const void *p, size_t n)
{
	return buf_add(ctx, p, n);
}

static int sftp_list(struct remote *r, struct listing *ret, struct err *e)
{
	_cleanup_buf_ struct buf b = BUF_INIT(REMOTE_LISTING_MAX);
	int k = transfer((struct sftp *)r, NULL, REMOTE_LISTING_MAX, on_listing, &b, e);

	if (k)
		return k;
	if (listing_read(buf_str(&b), b.len, ret))
		return err_set(e, -EFBIG, "it holds more than %d files", LISTING_FILES_MAX);
	if (ret->strange && !ret->n)
		return err_set(
			e, -EBADMSG, "the server lists its folder in a form that is not known");
	return 0;
}

/* --- away with it --- */

/* A path as a command of libcurl has it: below the home without /~/, quoted. */
static void add_path(struct buf *b, const char *folder, const char *name)
{
	const char *parts[] = {folder, "/", name};

	buf_addc(b, '"');
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		for (const char *p = parts[i]; *p; p++) {
			if (strchr("\"'\\", *p))
				buf_addc(b, '\\');
			buf_addc(b, *p);
		}
	buf_addc(b, '"');
}

static int commands(struct sftp *s, struct curl_slist *list, struct err *e)
{
	_cleanup_free_ char *url = url_of(s, NULL);
	CURLcode r;

	if (!url || curl_easy_setopt(s->curl, CURLOPT_URL, url) != CURLE_OK)
		return err_set(e, -EAGAIN, "no memory for an address");
	curl_easy_setopt(s->curl, CURLOPT_QUOTE, list);
	curl_easy_setopt(s->curl, CURLOPT_NOBODY, 1L);
	r = curl_easy_perform(s->curl);
	curl_easy_setopt(s->curl, CURLOPT_QUOTE, NULL);
	curl_easy_setopt(s->curl, CURLOPT_NOBODY, 0L);
	return judge(s, r, e);
}

/* To done/NAME + more. The server refuses when that is there already. */
static int rename_to(struct sftp *s, const char *name, const char *more, struct err *e)
{
	_cleanup_buf_ struct buf make = BUF_INIT(4096), move = BUF_INIT(8192);
	_cleanup_free_ char *to = xasprintf("done/%s%s", name, more);
	const char *url = strchr(s->conf->url + strlen("sftp://"), '/');
	char *folder = curl_easy_unescape(s->curl, url, 0, NULL);
	const char *path = folder;
	struct curl_slist *list, *more_of_it = NULL;
	size_t n;
	int r;

	if (!folder)
		return err_set(e, -EAGAIN, "no memory for an address");
	for (n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--)
		folder[n - 1] = '\0';
	if (strncmp(path, "/~/", 3) == 0)
		path += 3;
	buf_adds(&make, "*mkdir ");
	add_path(&make, path, "done");
	buf_adds(&move, "rename ");
	add_path(&move, path, name);
	buf_addc(&move, ' ');
	add_path(&move, path, to);
	list = curl_slist_append(NULL, buf_str(&make));
	if (list)
		more_of_it = curl_slist_append(list, buf_str(&move));
	r = make.over || move.over || !more_of_it ? err_set(e, -EAGAIN, "no memory for a command")
						  : commands(s, list, e);
	curl_slist_free_all(list);
	curl_free(folder);
	return r;
}

static int sftp_move(struct remote *r, const struct listing_file *file, struct err *e)
{
	struct sftp *s = (struct sftp *)r;
	char hex[SHA256_HEX_SIZE], more[16];
	int k = rename_to(s, file->name, "", e);

	if (k != -EACCES)
		return k;
	/* One of that name stands there: this one gets a name by its time and size. */
	sha256_hex(file->stamp, strlen(file->stamp), hex);
	snprintf(more, sizeof(more), ".%.8s", hex);
	return rename_to(s, file->name, more, e);
}

const struct remote_ops remote_sftp = {
	.name = "sftp",
	.open = sftp_open,
	.close = sftp_close,
	.list = sftp_list,
	.get = sftp_get,
	.move = sftp_move,
};
