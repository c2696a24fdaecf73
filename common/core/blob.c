/* blob: see blob.h. A temporary name is ".tmp-" and 32 random hex digits, so concurrent writers
 * never meet; the rename onto an existing name replaces equal bytes by equal bytes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/crash.h"
#include "base/fsio.h"
#include "base/util.h"

#include "core/blob.h"

#define TMP_PREFIX    ".tmp-"
#define TMP_NAME      (sizeof TMP_PREFIX + 32)
#define TMP_MAX_AGE_S 86400 /* by the file system's clock, which stamps the files */
#define CHUNK	      65536
#define AWAY_PREFIX   ".away-" /* and the name: a removal looks at it once more */
#define AWAY_NAME     (sizeof AWAY_PREFIX + SHA256_HEX_SIZE)
#define YOUNG_S	      3600 /* nobody removes what is so young: blob_remove's callers keep a day */

struct blob_store {
	int dirfd;
	char *dir;
};

static void remove_old_temps(struct blob_store *s)
{
	int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *x;
	struct stat st;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((x = readdir(d))) {
		if (strncmp(x->d_name, TMP_PREFIX, strlen(TMP_PREFIX)) != 0)
			continue;
		if (fstatat(s->dirfd, x->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			time(NULL) - st.st_mtime > TMP_MAX_AGE_S)
			unlinkat(s->dirfd, x->d_name, 0);
	}
	closedir(d);
}

int blob_open(const char *dir, struct blob_store **ret, struct err *e)
{
	struct blob_store *s;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, -errno, "blob store %s (blob_dir; make it, owned by muara)", dir);
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS)) {
		int r = err_sys(e, -errno, "blob store %s is not writable", dir);

		close(fd);
		return r;
	}
	s = xcalloc(1, sizeof *s);
	s->dirfd = fd;
	s->dir = xstrdup(dir);
	remove_old_temps(s);
	*ret = s;
	return 0;
}

void blob_close(struct blob_store *s)
{
	if (!s)
		return;
	close(s->dirfd);
	free(s->dir);
	free(s);
}

static int check_name(const char *sha256, struct err *e)
{
	if (sha256 && strlen(sha256) == SHA256_HEX_SIZE - 1 &&
		strspn(sha256, "0123456789abcdef") == SHA256_HEX_SIZE - 1)
		return 0;
	return err_set(e, -EINVAL, "blob: the name is no lower-case hex sha256");
}

/* --- put --- */

struct temp {
	struct blob_store *store;
	char name[TMP_NAME];
	int fd;
};

static int temp_open(struct temp *t, struct blob_store *s, struct err *e)
{
	uint8_t random[16];

	random_bytes(random, sizeof random);
	memcpy(t->name, TMP_PREFIX, strlen(TMP_PREFIX));
	hex_encode(random, sizeof random, t->name + strlen(TMP_PREFIX));
	t->store = s;
	t->fd = openat(
		s->dirfd, t->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (t->fd < 0)
		return err_sys(e, -errno, "blob store %s: temporary file", s->dir);
	return 0;
}

/* Closes; an unfinished one is removed. */
static void temp_drop(struct temp *t)
{
	if (t->fd < 0)
		return;
	close(t->fd);
	t->fd = -1;
	unlinkat(t->store->dirfd, t->name, 0);
}

/* From here on the blob is there, durable, under its name. */
static int temp_keep(struct temp *t, const char *sha256, struct err *e)
{
	struct blob_store *s = t->store;

	if (fsync(t->fd) || renameat(s->dirfd, t->name, s->dirfd, sha256))
		return err_sys(e, -errno, "blob store %s: %s", s->dir, sha256);
	close(t->fd);
	t->fd = -1;
	if (fsync(s->dirfd))
		return err_sys(e, -errno, "blob store %s: fsync of the directory", s->dir);
	return 0;
}

/* There already, with its size: another process may have renamed it and not yet synced the
 * directory, so sync before saying so. And young, or made so, by its name: a removal that is under
 * way either sees that or has the name out of the way, and it is written anew. So it is when
 * another daemon's user owns it. */
static bool already_there(struct blob_store *s, const char *sha256, int64_t bytes)
{
	struct stat st;

	return fstatat(s->dirfd, sha256, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_size == bytes &&
	       (time(NULL) - st.st_mtime < YOUNG_S ||
		       utimensat(s->dirfd, sha256, NULL, AT_SYMLINK_NOFOLLOW) == 0) &&
	       fsync(s->dirfd) == 0;
}

int blob_put(struct blob_store *s, const void *p, size_t n, char ret_sha256[SHA256_HEX_SIZE],
	struct err *e)
{
	struct temp t = {.fd = -1};
	char hash[SHA256_HEX_SIZE];
	int r;

	sha256_hex(p, n, hash);
	if (!already_there(s, hash, (int64_t)n)) {
		r = temp_open(&t, s, e);
		if (r)
			return r;
		r = fsio_write_all(t.fd, p, n);
		if (r)
			err_sys(e, r, "blob store %s: %s", s->dir, hash);
		else
			r = temp_keep(&t, hash, e);
		temp_drop(&t);
		if (r)
			return r;
	}
	memcpy(ret_sha256, hash, sizeof hash);
	return 0;
}

/* Copies fd to the temp file, hashing. */
static int copy_in(struct temp *t, int fd, int64_t max_bytes, char hash[SHA256_HEX_SIZE],
	int64_t *ret_bytes, struct err *e)
{
	_cleanup_free_ char *chunk = xmalloc(CHUNK);
	struct sha256 *sha = sha256_new();
	uint8_t digest[SHA256_SIZE];
	int64_t total = 0;
	ssize_t n;
	int r = 0;

	while (!r && (n = read(fd, chunk, CHUNK)) != 0) {
		if (n < 0) {
			r = errno == EINTR ? 0 : err_sys(e, -errno, "blob: reading the source");
			continue;
		}
		total += n;
		if (total > max_bytes)
			r = err_set(e, -EFBIG, "blob: more than %lld bytes", (long long)max_bytes);
		else if ((r = fsio_write_all(t->fd, chunk, (size_t)n)))
			err_sys(e, r, "blob store %s", t->store->dir);
		sha256_add(sha, chunk, (size_t)n);
	}
	sha256_end(sha, digest);
	hex_encode(digest, sizeof digest, hash);
	*ret_bytes = total;
	return r;
}

int blob_put_fd(struct blob_store *s, int fd, int64_t max_bytes, char ret_sha256[SHA256_HEX_SIZE],
	int64_t *ret_bytes, struct err *e)
{
	struct temp t = {.fd = -1};
	char hash[SHA256_HEX_SIZE];
	int64_t bytes = 0;
	int r = temp_open(&t, s, e);

	if (!r)
		r = copy_in(&t, fd, max_bytes, hash, &bytes, e);
	if (!r && !already_there(s, hash, bytes))
		r = temp_keep(&t, hash, e);
	temp_drop(&t);
	if (r)
		return r;
	memcpy(ret_sha256, hash, sizeof hash);
	*ret_bytes = bytes;
	return 0;
}

/* --- get --- */

/* A damaged or missing file is an error of its own kind: the caller decides what it means. */
static int open_blob(
	struct blob_store *s, const char *sha256, int *ret_fd, int64_t *ret_bytes, struct err *e)
{
	struct stat st;
	int fd, r = check_name(sha256, e);

	if (r)
		return r;
	fd = openat(s->dirfd, sha256, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, -errno, "blob %s", sha256);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, -EBADMSG, "blob %s is no regular file", sha256);
	}
	*ret_fd = fd;
	*ret_bytes = st.st_size;
	return 0;
}

int blob_exists(struct blob_store *s, const char *sha256, int64_t *ret_bytes, struct err *e)
{
	_cleanup_close_ int fd = -1;
	int64_t bytes = 0;
	int r = open_blob(s, sha256, &fd, &bytes, e);

	if (!r && ret_bytes)
		*ret_bytes = bytes;
	return r;
}

static int check_hash(int fd, const char *sha256, struct err *e)
{
	_cleanup_free_ char *chunk = xmalloc(CHUNK);
	struct sha256 *sha = sha256_new();
	uint8_t digest[SHA256_SIZE];
	char hash[SHA256_HEX_SIZE];
	int64_t at = 0;
	ssize_t n;
	int r = 0;

	while ((n = pread(fd, chunk, CHUNK, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r = err_sys(e, -errno, "blob %s", sha256);
			break;
		}
		sha256_add(sha, chunk, (size_t)n);
		at += n;
	}
	sha256_end(sha, digest);
	hex_encode(digest, sizeof digest, hash);
	if (!r && strcmp(hash, sha256) != 0)
		r = err_set(
			e, -EBADMSG, "blob %s is damaged: its content has another hash", sha256);
	return r;
}

int blob_open_fd(
	struct blob_store *s, const char *sha256, int *ret_fd, int64_t *ret_bytes, struct err *e)
{
	int fd = -1, r;
	int64_t bytes = 0;

	r = open_blob(s, sha256, &fd, &bytes, e);
	if (r)
		return r;
	r = check_hash(fd, sha256, e);
	if (r) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	*ret_bytes = bytes;
	return 0;
}

static int read_into(
	int fd, int64_t offset, int64_t length, struct buf *out, const char *sha256, struct err *e)
{
	_cleanup_free_ char *chunk = xmalloc(CHUNK);

	while (length > 0) {
		ssize_t n = pread(fd, chunk, (size_t)MIN(length, CHUNK), offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, -errno, "blob %s", sha256);
		if (n == 0)
			return err_set(e, -EBADMSG, "blob %s is shorter than its range", sha256);
		if (buf_add(out, chunk, (size_t)n))
			return err_set(
				e, -E2BIG, "blob %s is larger than %zu bytes", sha256, out->max);
		offset += n;
		length -= n;
	}
	return 0;
}

int blob_read(struct blob_store *s, const char *sha256, struct buf *out, struct err *e)
{
	_cleanup_close_ int fd = -1;
	struct buf content = BUF_INIT(out->max - out->len);
	char hash[SHA256_HEX_SIZE];
	int64_t bytes = 0;
	int r = open_blob(s, sha256, &fd, &bytes, e);

	if (!r)
		r = read_into(fd, 0, bytes, &content, sha256, e);
	if (!r) {
		sha256_hex(buf_str(&content), content.len, hash);
		if (strcmp(hash, sha256) != 0)
			r = err_set(e, -EBADMSG, "blob %s is damaged: its content has another hash",
				sha256);
	}
	if (!r)
		r = buf_add(out, buf_str(&content), content.len);
	buf_free(&content);
	return r;
}

int blob_read_range(struct blob_store *s, const char *sha256, int64_t offset, int64_t length,
	struct buf *out, struct err *e)
{
	_cleanup_close_ int fd = -1;
	size_t before = out->len;
	int64_t bytes = 0;
	int r = open_blob(s, sha256, &fd, &bytes, e);

	if (!r && (offset < 0 || length < 0 || offset > bytes || length > bytes - offset))
		r = err_set(e, -EINVAL, "blob %s: range is outside its %lld bytes", sha256,
			(long long)bytes);
	if (!r)
		r = read_into(fd, offset, length, out, sha256, e);
	if (r && out->data) {
		out->len = before;
		out->data[before] = '\0';
	}
	return r;
}

int blob_path(struct blob_store *s, const char *sha256, char **ret, struct err *e)
{
	int r = check_name(sha256, e);

	if (!r)
		*ret = xasprintf("%s/%s", s->dir, sha256);
	return r;
}

/* --- retention --- */

static int64_t changed_ms(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

static void away_name(const char *sha256, char ret[AWAY_NAME])
{
	snprintf(ret, AWAY_NAME, "%s%s", AWAY_PREFIX, sha256);
}

/* Under its name again; one that was written there meanwhile has the same bytes. */
static int put_back(struct blob_store *s, const char *sha256, struct err *e)
{
	char away[AWAY_NAME];

	away_name(sha256, away);
	if (renameat(s->dirfd, away, s->dirfd, sha256) && errno != ENOENT)
		return err_sys(e, -errno, "blob %s: putting it back", sha256);
	return fsync(s->dirfd) ? err_sys(e, -errno, "blob store %s", s->dir) : 0;
}

typedef int each_name_fn(struct blob_store *s, const char *name, void *ctx, struct err *e);

static int each_name(struct blob_store *s, each_name_fn *fn, void *ctx, struct err *e)
{
	int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *x;
	int r = 0;

	if (!d) {
		r = err_sys(e, -errno, "blob store %s", s->dir);
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (!r && (x = readdir(d)))
		r = fn(s, x->d_name, ctx, e);
	closedir(d);
	return r;
}

static int restore_one(struct blob_store *s, const char *name, void *ctx, struct err *e)
{
	(void)ctx;
	if (strncmp(name, AWAY_PREFIX, strlen(AWAY_PREFIX)) != 0 ||
		check_name(name + strlen(AWAY_PREFIX), NULL))
		return 0;
	return put_back(s, name + strlen(AWAY_PREFIX), e);
}

struct each {
	int (*fn)(void *ctx, const struct blob_seen *b);
	void *ctx;
};

static int tell_one(struct blob_store *s, const char *name, void *ctx, struct err *e)
{
	const struct each *x = ctx;
	struct blob_seen b = {.sha256 = name};
	struct stat st;

	(void)e;
	if (check_name(name, NULL) || fstatat(s->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) ||
		!S_ISREG(st.st_mode))
		return 0;
	b.bytes = st.st_size;
	b.changed_ms = changed_ms(&st);
	return x->fn(x->ctx, &b);
}

int blob_each(struct blob_store *s, int (*fn)(void *ctx, const struct blob_seen *b), void *ctx,
	struct err *e)
{
	struct each x = {fn, ctx};
	int r = each_name(s, restore_one, NULL, e);

	return r ? r : each_name(s, tell_one, &x, e);
}

int blob_remove(struct blob_store *s, const char *sha256, int64_t before_ms, struct err *e)
{
	char away[AWAY_NAME];
	struct stat st;
	int r = check_name(sha256, e);

	if (r)
		return r;
	away_name(sha256, away);
	if (renameat(s->dirfd, sha256, s->dirfd, away))
		return errno == ENOENT ? 0 : err_sys(e, -errno, "blob %s", sha256);
	CRASH_POINT("blob-away", 1);
	if (fstatat(s->dirfd, away, &st, AT_SYMLINK_NOFOLLOW) || changed_ms(&st) >= before_ms)
		return put_back(s, sha256, e);
	if (unlinkat(s->dirfd, away, 0))
		return err_sys(e, -errno, "blob %s", sha256);
	return 1;
}
