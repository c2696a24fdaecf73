/* https: a web server's folder; see remote.h, and weblist.h for the ways it is listed. By libcurl,
 * on the thread of fetch.c.
 *
 * TLS >= 1.2 with the certificate checked, http:// on loopback only; no redirects, no cookies, no
 * proxy. Only the body of a 200 is taken, counted while it comes; its end must be told (a length or
 * chunks), or a cut could not be seen, and it must not be encoded. Known gap: a name that takes
 * long to resolve delays the end of the daemon. */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/util.h"
#include "core/outcome.h"

#include "fetch.h"
#include "remote.h"
#include "weblist.h"

#define CONNECT_MS	10000L
#define STALLED_SECONDS 30L /* without a byte */
#define HEADER_MAX	200 /* of what is kept of one */
#define IGNORED_MAX	(1024 * 1024)

enum { MODIFIED, ENCODING, TRANSFER, RETRY, HEADERS };
static const char *const kept[HEADERS] = {
	"Last-Modified", "Content-Encoding", "Transfer-Encoding", "Retry-After"};

struct https {
	struct remote remote; /* first member */
	const struct fetch_conf *conf;
	const atomic_bool *stop;
	CURL *curl;
	struct curl_slist *headers;
	/* of the call at hand */
	char header[HEADERS][HEADER_MAX];
	remote_sink_fn *sink;
	void *ctx;
	int64_t left;
	size_t ignored;
	int sunk;
};

/* --- configuration --- */

static bool is_loopback(const char *host, size_t n)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == n && strncasecmp(names[i], host, n) == 0)
			return true;
	return false;
}

const char *fetch_web_url_fault(const char *url)
{
	const char *host = strstr(url, "://");
	size_t n;

	if (!host || (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0))
		return "must begin with https://";
	host += 3;
	n = strcspn(host, ":/");
	if (*host == '[')
		n = strcspn(host, "]") + 1;
	if (n == 0 || !strchr(host, '/') || url[strlen(url) - 1] != '/')
		return "must name a host and a folder, with a / at its end: https://host/export/";
	if (url[4] != 's' && !is_loopback(host, n))
		return "must begin with https://: http:// is for this machine only";
	if (strpbrk(url, "?#@ \t\r\n\"<>\\"))
		return "must be without ?, #, @, blanks and the like: the login is https.user or "
		       "https.secret_header";
	return NULL;
}

static const char *folder_of(const char *url)
{
	return strchr(strstr(url, "://") + 3, '/');
}

/* --- what comes --- */

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct https *h = ctx;

	if (n >= 5 && memcmp(p, "HTTP/", 5) == 0)
		memset(h->header, 0, sizeof(h->header)); /* an answer begins: behind a 100 */
	for (size_t i = 0; i < HEADERS; i++) {
		size_t len = strlen(kept[i]);
		size_t from = len + 1, to = n;

		if (n <= len || p[len] != ':' || strncasecmp(p, kept[i], len) != 0)
			continue;
		while (from < to && (p[from] == ' ' || p[from] == '\t'))
			from++;
		while (to > from && strchr(" \t\r\n", p[to - 1]))
			to--;
		snprintf(h->header[i], HEADER_MAX, "%.*s", (int)MIN(to - from, HEADER_MAX - 1),
			p + from);
	}
	return size * n;
}

static long status_of(struct https *h)
{
	long status = 0;

	(void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct https *h = ctx;

	n *= size;
	if (status_of(h) != 200) { /* nobody reads the page that says why */
		h->ignored += n;
		return h->ignored <= IGNORED_MAX ? n : CURL_WRITEFUNC_ERROR;
	}
	h->left -= (int64_t)n;
	h->sunk = h->left < 0 ? -EFBIG : h->sink(h->ctx, p, n);
	return h->sunk ? CURL_WRITEFUNC_ERROR : n;
}

static int on_turn(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct https *h = ctx;

	(void)a, (void)b, (void)c, (void)d;
	return atomic_load(h->stop);
}

/* --- the handle --- */

static int set_up(struct https *h)
{
	const struct fetch_conf *c = h->conf;
	CURLcode r = CURLE_OK;

#define SET(option, value)                                            \
	do {                                                          \
		if (r == CURLE_OK)                                    \
			r = curl_easy_setopt(h->curl, option, value); \
	} while (0)
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_USERAGENT, "muara-call112");
	if (c->ca_file)
		SET(CURLOPT_CAINFO, c->ca_file);
	if (c->cert) {
		SET(CURLOPT_SSLCERT, c->cert);
		SET(CURLOPT_SSLKEY, c->key);
	}
	if (c->user) {
		SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(CURLOPT_USERNAME, c->user);
		SET(CURLOPT_PASSWORD, c->password);
	}
	SET(CURLOPT_HTTPHEADER, h->headers);
	SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
	SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(CURLOPT_LOW_SPEED_TIME, STALLED_SECONDS);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, h);
	SET(CURLOPT_WRITEFUNCTION, on_bytes);
	SET(CURLOPT_WRITEDATA, h);
	SET(CURLOPT_NOPROGRESS, 0L);
	SET(CURLOPT_XFERINFOFUNCTION, on_turn);
	SET(CURLOPT_XFERINFODATA, h);
#undef SET
	return r == CURLE_OK ? 0 : -EPROTONOSUPPORT;
}

static void https_close(struct remote *r)
{
	struct https *h = (struct https *)r;

	curl_easy_cleanup(h->curl);
	curl_slist_free_all(h->headers);
	free(h);
}

static int https_open(
	const struct fetch_conf *c, const atomic_bool *stop, struct remote **ret, struct err *e)
{
	struct https *h = xcalloc(1, sizeof(*h));

	h->remote.ops = &remote_https;
	h->conf = c;
	h->stop = stop;
	h->curl = curl_easy_init();
	if (c->secret_header)
		h->headers = curl_slist_append(NULL, c->secret_header);
	if (!h->curl || (c->secret_header && !h->headers) || set_up(h)) {
		https_close(&h->remote);
		return err_set(e, -EPROTONOSUPPORT, "this libcurl cannot do HTTPS");
	}
	*ret = &h->remote;
	return 0;
}

/* --- what came of it --- */

static int judge_status(struct https *h, long status, struct err *e)
{
	if (status == 401)
		return err_set(e, -EPERM,
			"the server refuses the login: https.user, https.secret_header or "
			"https.cert");
	if (status == 403)
		return err_set(e, -EACCES, "the server refuses to let us read (403)");
	if (status == 404 || status == 410)
		return err_set(e, -ENOENT, "the server does not have it");
	if (status == 408 || (status >= 500 && status != 503))
		return err_set(e, -EAGAIN, "answered with status %ld", status);
	if (status == 429 || status == 503) {
		if (retry_after_parse(h->header[RETRY], clock_wall_ms(), &h->remote.wait_ms))
			h->remote.wait_ms = 0;
		return err_set(e, -EBUSY, "answered with status %ld", status);
	}
	if (status >= 300 && status < 400)
		return err_set(e, -EBADMSG,
			"answers with a redirect (%ld), which is not followed: https.url must be "
			"where the files are",
			status);
	return err_set(e, -EBADMSG, "answered with status %ld", status);
}

static int judge_end(struct https *h, struct err *e)
{
	curl_off_t length = -1;

	(void)curl_easy_getinfo(h->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (*h->header[ENCODING] && strcasecmp(h->header[ENCODING], "identity") != 0)
		return err_set(e, -EBADMSG,
			"it comes compressed, which was not asked for: the server must send files "
			"as they are");
	if (length < 0 && strcasecmp(h->header[TRANSFER], "chunked") != 0)
		return err_set(e, -EBADMSG,
			"the server tells no length: whether all has come cannot be known");
	return 0;
}

static int judge(struct https *h, CURLcode r, struct err *e)
{
	switch (r) {
	case CURLE_OK:
		return status_of(h) == 200 ? judge_end(h, e) : judge_status(h, status_of(h), e);
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_set(e, -EKEYREJECTED,
			"the server's certificate is not one that https.ca vouches for");
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(e, -EKEYREJECTED, "https.ca cannot be read");
	case CURLE_SSL_CERTPROBLEM:
		return err_set(e, -EPERM, "https.cert or https.cert_key cannot be used");
	case CURLE_ABORTED_BY_CALLBACK:
		return err_set(e, -ECANCELED, "stopped");
	case CURLE_WRITE_ERROR:
		if (h->sunk == -EFBIG)
			return err_set(e, -EFBIG, "it is too large");
		if (h->sunk)
			return err_sys(e, h->sunk, "the spool");
		if (h->ignored > IGNORED_MAX)
			return judge_status(h, status_of(h), e);
		break;
	default:
		break;
	}
	return err_set(e, -EAGAIN, "%s", curl_easy_strerror(r));
}

static char *url_of(struct https *h, const char *name)
{
	char *escaped = curl_easy_escape(h->curl, name, 0), *url;

	if (!escaped)
		return NULL;
	url = xasprintf("%s%s", h->conf->url, escaped);
	curl_free(escaped);
	return url;
}

static int transfer(struct https *h, const char *name, int64_t max_bytes, remote_sink_fn *sink,
	void *ctx, struct err *e)
{
	_cleanup_free_ char *url = url_of(h, name);

	if (!url || curl_easy_setopt(h->curl, CURLOPT_URL, url) != CURLE_OK)
		return err_set(e, -EAGAIN, "no memory for an address");
	memset(h->header, 0, sizeof(h->header));
	h->sink = sink;
	h->ctx = ctx;
	h->left = max_bytes;
	h->sunk = 0;
	h->ignored = 0;
	h->remote.wait_ms = 0;
	return judge(h, curl_easy_perform(h->curl), e);
}

static int https_get(struct remote *r, const struct listing_file *file, int64_t max_bytes,
	remote_sink_fn *sink, void *ctx, struct err *e)
{
	struct https *h = (struct https *)r;
	int k = transfer(h, file->name, max_bytes, sink, ctx, e);

	if (k)
		return k;
	if (*file->modified && *h->header[MODIFIED] &&
		strcmp(file->modified, h->header[MODIFIED]) != 0)
		return err_set(e, -EAGAIN, "it has changed since it was listed");
	return 0;
}

static int on_listing(void *ctx, const void *p, size_t n)
{
	return buf_add(ctx, p, n);
}

static int https_list(struct remote *r, struct listing *ret, struct err *e)
{
	_cleanup_buf_ struct buf b = BUF_INIT(REMOTE_LISTING_MAX);
	struct https *h = (struct https *)r;
	const char *name = h->conf->list == WEBLIST_MANIFEST ? h->conf->manifest : "";
	int k = transfer(h, name, REMOTE_LISTING_MAX, on_listing, &b, e);

	if (k)
		return k;
	return weblist_read((enum weblist_kind)h->conf->list, folder_of(h->conf->url), buf_str(&b),
		b.len, ret, e);
}

const struct remote_ops remote_https = {
	.name = "https",
	.open = https_open,
	.close = https_close,
	.list = https_list,
	.get = https_get,
};
