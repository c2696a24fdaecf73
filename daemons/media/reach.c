/* See reach.h. */
#include "reach.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

#define URL_MAX 4096

DEFINE_CLEANUP(CURLU *, curl_url_cleanup);
#define _cleanup_url_ _cleanup_(curl_url_cleanup_cleanup)

static void curl_freep(char **p)
{
	curl_free(*p);
}
#define _cleanup_curl_ _cleanup_(curl_freep)

/* --- addresses --- */

struct net4 {
	uint8_t net[4];
	unsigned bits;
};
static const struct net4 not_public4[] = {
	{{0, 0, 0, 0}, 8},	/* this network */
	{{10, 0, 0, 0}, 8},	/* private */
	{{100, 64, 0, 0}, 10},	/* shared (carriers) */
	{{127, 0, 0, 0}, 8},	/* loopback */
	{{169, 254, 0, 0}, 16}, /* link-local; metadata of clouds */
	{{172, 16, 0, 0}, 12},	/* private */
	{{192, 0, 0, 0}, 24},	/* IETF */
	{{192, 0, 2, 0}, 24},	/* documentation */
	{{192, 88, 99, 0}, 24}, /* 6to4 relays */
	{{192, 168, 0, 0}, 16}, /* private */
	{{198, 18, 0, 0}, 15},	/* benchmarks */
	{{198, 51, 100, 0}, 24}, {{203, 0, 113, 0}, 24},
	{{224, 0, 0, 0}, 3}, /* multicast, reserved, broadcast */
};

struct net6 {
	uint8_t net[16];
	unsigned bits;
};
static const struct net6 not_public6[] = {
	/* within 2000::/3, which alone is given out */
	{{0x20, 0x01, 0x00}, 23},	/* IETF: Teredo, ORCHID, benchmarks */
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
	{{0x20, 0x02}, 16},		/* 6to4: an IPv4 address of any kind inside */
	{{0x3f, 0xff}, 20},		/* documentation */
};

static bool in_net(const uint8_t *a, const uint8_t *net, unsigned bits)
{
	uint8_t mask = (uint8_t)(0xff00u >> (bits % 8));

	return memcmp(a, net, bits / 8) == 0 &&
	       (bits % 8 == 0 || ((a[bits / 8] ^ net[bits / 8]) & mask) == 0);
}

static bool public4(const uint8_t a[4])
{
	for (size_t i = 0; i < ARRAY_SIZE(not_public4); i++)
		if (in_net(a, not_public4[i].net, not_public4[i].bits))
			return false;
	return true;
}

/* Mapped (::ffff:0:0/96), compatible and translated (64:ff9b::/96) addresses lie outside 2000::/3.
 */
static bool public6(const uint8_t a[16])
{
	if ((a[0] & 0xe0) != 0x20)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(not_public6); i++)
		if (in_net(a, not_public6[i].net, not_public6[i].bits))
			return false;
	return true;
}

static void address_text(const struct sockaddr *to, char *out, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (to->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)to;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		snprintf(out, size, "%s:%u", host, ntohs(in->sin_port));
	} else {
		const struct sockaddr_in6 *in = (const void *)to;

		inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof(host));
		snprintf(out, size, "[%s]:%u", host, ntohs(in->sin6_port));
	}
}

static bool listed(const struct strlist *l, const char *text)
{
	for (size_t i = 0; l && i < l->n; i++)
		if (strcasecmp(l->v[i], text) == 0)
			return true;
	return false;
}

bool reach_address(const struct sockaddr *to, const struct strlist *exceptions)
{
	char text[INET6_ADDRSTRLEN + 16];

	if (to->sa_family != AF_INET && to->sa_family != AF_INET6)
		return false;
	address_text(to, text, sizeof(text));
	if (listed(exceptions, text))
		return true;
	return to->sa_family == AF_INET
		       ? public4((const uint8_t *)&((const struct sockaddr_in *)(const void *)to)
					 ->sin_addr)
		       : public6((const uint8_t *)&((const struct sockaddr_in6 *)(const void *)to)
					 ->sin6_addr);
}

int reach_exception_check(const char *text, struct err *e)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	char host[INET6_ADDRSTRLEN] = "", again[INET6_ADDRSTRLEN + 16] = "";
	const char *colon = strrchr(text, ':'), *from = text + (*text == '[');
	int64_t port = 0;
	size_t n = colon ? (size_t)(colon - from) - (*text == '[') : 0;

	if (colon && n < sizeof(host) && parse_i64(colon + 1, 1, 65535, &port) == 0) {
		memcpy(host, from, n);
		in.sin_port = in6.sin6_port = htons((uint16_t)port);
		if (*text == '[' && inet_pton(AF_INET6, host, &in6.sin6_addr) == 1)
			address_text((const void *)&in6, again, sizeof(again));
		else if (*text != '[' && inet_pton(AF_INET, host, &in.sin_addr) == 1)
			address_text((const void *)&in, again, sizeof(again));
	}
	if (!*again || strcasecmp(again, text) != 0)
		return err_set(e, -EINVAL,
			"must be an address and a port as they are written short: \"10.0.0.5:443\" "
			"or \"[fd00::5]:443\"");
	return 0;
}

/* --- hosts and URLs --- */

int reach_host_check(const char *pattern, struct err *e)
{
	const char *name = strncmp(pattern, "*.", 2) == 0 ? pattern + 2 : pattern;

	if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.:")] ||
		(name != pattern && !strchr(name, '.')) || *name == '.')
		return err_set(e, -EINVAL,
			"must be a host in lower case, \"media.example.org\", or \"*.example.org\" "
			"for all below it");
	return 0;
}

static bool host_allowed(const char *host, const struct strlist *hosts)
{
	for (size_t i = 0; i < hosts->n; i++) {
		const char *p = hosts->v[i];
		size_t n = strlen(host), tail = strlen(p + 1);

		if (strcasecmp(p, host) == 0)
			return true;
		if (*p == '*' && n > tail && strcasecmp(host + n - tail, p + 1) == 0)
			return true;
	}
	return false;
}

struct parts {
	char *scheme, *host, *port, *user, *password;
};

static void parts_free(struct parts *p)
{
	curl_free(p->scheme);
	curl_free(p->host);
	curl_free(p->port);
	curl_free(p->user);
	curl_free(p->password);
}

static bool take_apart(const char *url, struct parts *ret)
{
	_cleanup_url_ CURLU *u = curl_url();

	*ret = (struct parts){0};
	if (!u)
		abort(); /* out of memory, as everywhere: util.h */
	if (strnlen(url, URL_MAX + 1) > URL_MAX || curl_url_set(u, CURLUPART_URL, url, 0))
		return false;
	for (const char *p = url; *p; p++)
		if (*p <= ' ' || *p == 0x7f) /* also bytes >= 0x80, which are negative */
			return false;
	curl_url_get(u, CURLUPART_USER, &ret->user, 0);
	curl_url_get(u, CURLUPART_PASSWORD, &ret->password, 0);
	return curl_url_get(u, CURLUPART_SCHEME, &ret->scheme, 0) == CURLUE_OK &&
	       curl_url_get(u, CURLUPART_HOST, &ret->host, 0) == CURLUE_OK &&
	       curl_url_get(u, CURLUPART_PORT, &ret->port, CURLU_DEFAULT_PORT) == CURLUE_OK;
}

static enum reach judge(const struct parts *p, const char *place, const struct strlist *hosts,
	const struct strlist *exceptions)
{
	bool excepted = listed(exceptions, place), tls = strcmp(p->scheme, "https") == 0;

	if (p->user || p->password)
		return REACH_BAD_URL;
	if (!tls && !(excepted && strcmp(p->scheme, "http") == 0))
		return REACH_SCHEME;
	if (hosts && !host_allowed(p->host, hosts))
		return REACH_HOST;
	return !hosts || excepted || strcmp(p->port, "443") == 0 ? REACH_YES : REACH_PORT;
}

enum reach reach_url(const char *url, const struct strlist *hosts, const struct strlist *exceptions,
	char **ret_host)
{
	_cleanup_(parts_free) struct parts p;
	_cleanup_free_ char *place = NULL;
	enum reach r;

	if (!take_apart(url, &p))
		return REACH_BAD_URL;
	place = xasprintf("%s:%s", p.host, p.port);
	r = judge(&p, place, hosts, exceptions);
	for (char *c = place; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
	if (r == REACH_YES && ret_host)
		*ret_host = TAKE_PTR(place);
	return r;
}

char *reach_redirect(const char *url, const char *location)
{
	_cleanup_url_ CURLU *u = curl_url();
	_cleanup_curl_ char *whole = NULL;

	if (!u)
		abort(); /* out of memory */
	if (strnlen(location, URL_MAX + 1) > URL_MAX || curl_url_set(u, CURLUPART_URL, url, 0) ||
		curl_url_set(u, CURLUPART_URL, location, 0) ||
		curl_url_get(u, CURLUPART_URL, &whole, 0))
		return NULL;
	return xstrdup(whole);
}

const char *reach_word(enum reach r)
{
	static const char *const words[] = {[REACH_YES] = "",
		[REACH_BAD_URL] = "bad-link",
		[REACH_SCHEME] = "link-not-https",
		[REACH_PORT] = "link-port",
		[REACH_HOST] = "host-not-listed"};

	return words[r];
}
