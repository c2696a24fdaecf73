/* reach: which addresses and URLs may be asked at all. Pure.
 *
 * Links come from outside, so they are not trusted: https on port 443 of a host that the
 * configuration names, nothing else; and whatever the name resolves to, the socket goes only to a
 * public address (no loopback, private, link-local, shared, mapped, tunnelled, multicast or
 * reserved one: RFC 6890 and IANA's special-purpose registries of 2026). URLs are taken apart by
 * libcurl's own parser, so no two parsers can disagree. The only exceptions are addresses that the
 * configuration lists by number and port: a test server, a proxy of the city. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/options.h"

/* "192.0.2.1:8080" or "[2001:db8::1]:8080" -> checked; -EINVAL else. For --check-config. */
int reach_exception_check(const char *text, struct err *e);
/* "example.org", "*.example.org" (below it, not itself) or an address; -EINVAL else. */
int reach_host_check(const char *pattern, struct err *e);

/* May a socket be connected there? */
bool reach_address(const struct sockaddr *to, const struct strlist *exceptions);

enum reach {
	REACH_YES,
	REACH_BAD_URL, /* no URL, user name in it, too long */
	REACH_SCHEME,  /* neither https nor http of an exception */
	REACH_PORT,
	REACH_HOST, /* not among the hosts */
};
/* hosts may be NULL: any (a base address from the configuration). ret_host (may be NULL):
 * "host:port" in lower case; the caller frees. */
enum reach reach_url(const char *url, const struct strlist *hosts, const struct strlist *exceptions,
	char **ret_host);
/* Location of a redirect, absolute or not, against the URL that was asked; caller frees; NULL when
 * it is none. */
char *reach_redirect(const char *url, const char *location);
const char *reach_word(enum reach r); /* stable, for reasons; "" for REACH_YES */
