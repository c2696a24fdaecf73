/* tls_check: is the certificate a server showed one we trust, and is it that server's? Pure but for
 * reading the trusted ones. libetpan connects without asking, so this stands between its handshake
 * and the first byte of a login. Thread: any. */
#pragma once

#include <stddef.h>

#include "base/err.h"

struct tls_der {
	const void *p;
	size_t n;
};
/* chain[0] is the server's own. ca: file of trusted certificates, NULL = the system's. -EACCES: not
 * trusted, or of another name; the text says which. */
int tls_check(
	const struct tls_der *chain, size_t n, const char *host, const char *ca, struct err *e);
