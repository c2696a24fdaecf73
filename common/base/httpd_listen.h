/* httpd_listen: the listening socket of httpd: a Unix socket or loopback, nothing else.
 *
 * TLS, limits per address and everything that meets the outside is nginx's job, so an address that
 * others could reach is refused as a mistake in the configuration. A Unix socket has mode 0660
 * (never wider, not even for a moment). A socket file that a killed process left is removed, but
 * only when it is a socket and nobody answers there.
 * Known gap: two processes that start at the same moment on one path are not kept apart; the
 * service manager does that. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct httpd_listener {
	int fd;
	char *path; /* Unix socket; NULL for TCP */
	dev_t dev;
	ino_t ino;
};

/* Only whether `where` can be listened on at all; touches nothing. */
int httpd_listener_check(const char *where, struct err *e);
/* "/run/muara/x.sock", "127.0.0.1:8080", "[::1]:8080". Non-blocking, close-on-exec. */
int httpd_listener_open(const char *where, struct httpd_listener *ret, struct err *e);
/* Closes and removes the socket file if it is still the own one. Twice is harmless. */
void httpd_listener_close(struct httpd_listener *l);
