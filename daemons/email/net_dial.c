/* net_dial: see net_dial.h. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/util.h"

#include "net_dial.h"

static int finish(int fd, int64_t timeout_ms, int wake_fd)
{
	struct pollfd p[2] = {{.fd = fd, .events = POLLOUT}, {.fd = wake_fd, .events = POLLIN}};
	int error = 0, n = poll(p, 2, (int)timeout_ms);
	socklen_t len = sizeof(error);

	if (n < 0)
		return -errno;
	if (n == 0)
		return -ETIMEDOUT;
	if (p[1].revents)
		return -EINTR;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) ? -errno : -error;
}

static int dial(const struct addrinfo *a, int64_t timeout_ms, int wake_fd, int *ret_fd)
{
	int fd =
		socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
	int on = 1, r = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (connect(fd, a->ai_addr, a->ai_addrlen))
		r = errno == EINPROGRESS ? finish(fd, timeout_ms, wake_fd) : -errno;
	if (r)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}

int net_dial(
	const char *host, int port, int64_t timeout_ms, int wake_fd, int *ret_fd, struct err *e)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL;
	char service[8];
	int r;

	snprintf(service, sizeof(service), "%d", port);
	r = getaddrinfo(host, service, &hints, &list);
	if (r)
		return err_set(e, -EHOSTUNREACH, "the server's name cannot be looked up: %s",
			gai_strerror(r));
	r = -EHOSTUNREACH;
	for (const struct addrinfo *a = list; a && r && r != -EINTR; a = a->ai_next)
		r = dial(a, timeout_ms, wake_fd, ret_fd);
	freeaddrinfo(list);
	return r ? err_sys(e, r, "connecting") : 0;
}
