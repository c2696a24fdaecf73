/* httpd_listen: see httpd_listen.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/util.h"

#include "base/httpd_listen.h"

#define BACKLOG 511

static int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static int open_socket(int family, struct err *e)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 ? fd : err_sys(e, -errno, "socket");
}

/* Nobody answers there: left by a process that was killed. */
static int remove_stale(const struct sockaddr_un *a, struct err *e)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (lstat(a->sun_path, &st))
		return errno == ENOENT ? 0 : err_sys(e, -errno, "%s", a->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(
			e, -EEXIST, "%s: is there and is not a socket; remove it", a->sun_path);
	fd = open_socket(AF_UNIX, e);
	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0 || errno == EAGAIN)
		return err_set(e, -EADDRINUSE, "%s: another process listens there", a->sun_path);
	if (errno != ECONNREFUSED)
		return err_sys(e, -errno, "%s: cannot tell whether somebody listens", a->sun_path);
	if (unlink(a->sun_path) && errno != ENOENT)
		return err_sys(e, -errno, "%s: left by an earlier process", a->sun_path);
	return 0;
}

/* The mode of the descriptor's inode is the most that bind gives the file; umask may take more
 * away, which chmod gives back. */
static int bind_unix(int fd, const struct sockaddr_un *a, struct stat *ret, struct err *e)
{
	if (fchmod(fd, 0660) || bind(fd, (const struct sockaddr *)a, sizeof(*a)))
		return err_sys(e, -errno, "%s: bind", a->sun_path);
	if (chmod(a->sun_path, 0660) || lstat(a->sun_path, ret) || listen(fd, BACKLOG)) {
		int r = err_sys(e, -errno, "%s", a->sun_path);

		unlink(a->sun_path);
		return r;
	}
	return 0;
}

static int open_unix(const char *path, struct httpd_listener *ret, struct err *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	memcpy(a.sun_path, path, strlen(path) + 1);
	r = remove_stale(&a, e);
	if (r)
		return r;
	fd = open_socket(AF_UNIX, e);
	if (fd < 0)
		return fd;
	r = bind_unix(fd, &a, &st, e);
	if (r)
		return r;
	*ret = (struct httpd_listener){
		.fd = take_fd(&fd), .path = xstrdup(path), .dev = st.st_dev, .ino = st.st_ino};
	return 0;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "127.0.0.1:8080" or "[::1]:8080". */
static int parse_loopback(const char *where, union address *ret, socklen_t *ret_len)
{
	const char *colon = strrchr(where, ':');
	char host[64];
	int64_t port;
	size_t n;

	if (!colon || parse_i64(colon + 1, 1, 65535, &port))
		return -EINVAL;
	n = (size_t)(colon - where);
	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, where, n);
	host[n] = 0;
	*ret = (union address){0};
	if (strcmp(host, "[::1]") == 0) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_addr = in6addr_loopback;
		ret->v6.sin6_port = htons((uint16_t)port);
		*ret_len = sizeof(ret->v6);
		return 0;
	}
	ret->v4.sin_family = AF_INET;
	ret->v4.sin_port = htons((uint16_t)port);
	*ret_len = sizeof(ret->v4);
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) != 1 ||
		ntohl(ret->v4.sin_addr.s_addr) >> 24 != 127)
		return -EINVAL;
	return 0;
}

static int open_tcp(const char *where, struct httpd_listener *ret, struct err *e)
{
	_cleanup_close_ int fd = -1;
	union address a;
	socklen_t len;
	int on = 1;

	if (parse_loopback(where, &a, &len))
		return err_set(e, -EINVAL, "%s: no loopback address", where);
	fd = open_socket(a.any.sa_family, e);
	if (fd < 0)
		return fd;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) || bind(fd, &a.any, len) ||
		listen(fd, BACKLOG))
		return err_sys(e, -errno, "%s: listen", where);
	*ret = (struct httpd_listener){.fd = take_fd(&fd)};
	return 0;
}

int httpd_listener_check(const char *where, struct err *e)
{
	union address a;
	socklen_t len;

	if (where[0] == '/' && strlen(where) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return err_set(e, -EINVAL, "a socket's path has at most %zu bytes",
			sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	if (where[0] != '/' && parse_loopback(where, &a, &len))
		return err_set(e, -EINVAL,
			"only a Unix socket (/run/muara/x.sock) or loopback (127.0.0.1:8080, "
			"[::1]:8080); nginx stands in front");
	return 0;
}

int httpd_listener_open(const char *where, struct httpd_listener *ret, struct err *e)
{
	if (httpd_listener_check(where, e))
		return err_prefix(e, "%s", where);
	return where[0] == '/' ? open_unix(where, ret, e) : open_tcp(where, ret, e);
}

void httpd_listener_close(struct httpd_listener *l)
{
	struct stat st;

	if (l->path && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	*l = (struct httpd_listener){.fd = -1};
}
