/* net_dial: a TCP connection to a host, each address in turn, that can be called off. Blocking;
 * worker thread only. The look-up has the resolver's own time-out. */
#pragma once

#include <stdint.h>

#include "base/err.h"

/* *ret_fd: non-blocking, close-on-exec, keep-alive on. -EINTR: wake_fd became readable. */
int net_dial(
	const char *host, int port, int64_t timeout_ms, int wake_fd, int *ret_fd, struct err *e);
