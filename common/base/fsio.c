/* fsio: see fsio.h.
 *
 * Guarantee of the atomic write: rename happens only after the data is on disk, and success is told
 * only after the directory entry is. Known gap: on a network file system fsync is as good as the
 * server's word. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/crypto.h"
#include "base/fsio.h"
#include "base/util.h"

/* Reads to the end into a block of cap + 1 bytes that grows while `max` allows it. */
static int read_to_end(int fd, size_t guess, size_t max, char **ret, size_t *ret_len)
{
	size_t cap = MIN(guess, max) + 1, len = 0;
	_cleanup_free_ char *data = xmalloc(cap + 1);

	for (;;) {
		ssize_t n = read(fd, data + len, cap - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return -E2BIG;
		if (len == cap) {
			cap = cap > max / 2 ? max + 1 : cap * 2;
			data = xrealloc(data, cap + 1);
		}
	}
	data[len] = '\0';
	*ret = TAKE_PTR(data);
	*ret_len = len;
	return 0;
}

int fsio_read_fd(
	int fd, const char *what, size_t max_bytes, char **ret, size_t *ret_len, struct err *e)
{
	struct stat st;
	int r;

	if (max_bytes > SSIZE_MAX / 2)
		return err_set(e, -EINVAL, "%s: bound too large", what);
	if (fstat(fd, &st))
		return err_sys(e, -errno, "%s", what);
	if (!S_ISREG(st.st_mode))
		return err_set(e, S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL,
			"%s: %s, not a regular file", what,
			S_ISDIR(st.st_mode) ? "a directory" : "a device or pipe");
	r = read_to_end(fd, (size_t)MAX(st.st_size, 0), max_bytes, ret, ret_len);
	if (r == -E2BIG)
		return err_set(e, r, "%s: larger than %zu bytes", what, max_bytes);
	return r ? err_sys(e, r, "%s", what) : 0;
}

int fsio_read_file(const char *path, size_t max_bytes, char **ret, size_t *ret_len, struct err *e)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return err_sys(e, -errno, "%s", path);
	return fsio_read_fd(fd, path, max_bytes, ret, ret_len, e);
}

int fsio_write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t w = write(fd, at, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

static int write_synced(int fd, const void *p, size_t n, mode_t mode)
{
	int r = fsio_write_all(fd, p, n);

	if (r)
		return r;
	if (fchmod(fd, mode) || fsync(fd)) /* fchmod: the mode as asked, whatever the umask */
		return -errno;
	return 0;
}

int fsio_write_atomic_at(
	int dirfd, const char *name, const void *p, size_t n, mode_t mode, struct err *e)
{
	char salt[17], temp[280];
	uint8_t noise[8];
	int fd, r;

	if (!*name || strchr(name, '/') || strlen(name) > 255 - 24)
		return err_set(e, -EINVAL, "%s: not a plain file name", name);
	random_bytes(noise, sizeof noise);
	hex_encode(noise, sizeof noise, salt);
	snprintf(temp, sizeof temp, ".%s.%s.tmp", name, salt);
	fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, -errno, "%s", temp);
	r = write_synced(fd, p, n, mode);
	if (close(fd) && !r)
		r = -errno;
	if (!r && renameat(dirfd, temp, dirfd, name))
		r = -errno;
	if (r) {
		(void)unlinkat(dirfd, temp, 0);
		return err_sys(e, r, "%s: writing", name);
	}
	return fsync(dirfd) ? err_sys(e, -errno, "%s: fsync of its directory", name) : 0;
}

int fsio_write_atomic(const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir =
		slash ? xstrndup(path, (size_t)MAX(slash - path, 1)) : xstrdup(".");
	_cleanup_close_ int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		return err_sys(e, -errno, "%s", dir);
	return fsio_write_atomic_at(dirfd, slash ? slash + 1 : path, p, n, mode, e);
}

int fsio_sync_dir(const char *path, struct err *e)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd))
		return err_sys(e, -errno, "%s", path);
	return 0;
}

int fsio_make_dirs(const char *path, mode_t mode, struct err *e)
{
	_cleanup_free_ char *part = xstrdup(path);
	struct stat st;

	for (char *at = part + 1; *part; at++) {
		char was = *at;

		if (was && was != '/')
			continue;
		*at = '\0';
		if (mkdir(part, mode) && errno != EEXIST)
			return err_sys(e, -errno, "%s: creating", part);
		*at = was;
		if (!was)
			break;
	}
	if (stat(path, &st))
		return err_sys(e, -errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, -ENOTDIR, "%s: not a directory", path);
	return 0;
}

int fsio_open_beneath(
	int dirfd, const char *path, int flags, mode_t mode, int *ret_fd, struct err *e)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC | O_NOCTTY),
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);

	if (fd < 0)
		return err_sys(e, -errno, "%s", path);
	*ret_fd = (int)fd;
	return 0;
}
