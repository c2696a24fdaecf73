/* dropdir_scan: which files a drop folder holds, and whether they are those of the last look.
 *
 * Guarantees: a file is the same when inode and first bytes are, or name, size, time and first
 * bytes are; whatever is not certain is a new one, read from its beginning. Known gap: bytes
 * changed in place behind the first 4 KiB, before the read position, are not seen. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/fsio.h"
#include "base/log.h"
#include "core/dropdir_private.h"

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct drop_file *const *)a)->name, (*(struct drop_file *const *)b)->name);
}

void drop_sort(struct dropdir *d)
{
	if (d->n)
		qsort(d->files, d->n, sizeof(*d->files), by_name);
}

void drop_file_free(struct drop_file *f)
{
	free(f->name);
	free(f);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && strcmp(s + n - k, end) == 0;
}

static bool wanted(const struct dropdir *d, const char *name)
{
	return name[0] != '.' && !ends_with(name, ".tmp") && !ends_with(name, ".part") &&
	       !(d->c.complete == DROPDIR_MARKER && ends_with(name, ".done")) &&
	       fnmatch(d->c.files, name, FNM_CASEFOLD | FNM_PERIOD) == 0;
}

struct names {
	char **v;
	size_t n;
};

static void names_free(struct names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static int list(const struct dropdir *d, struct names *ret)
{
	int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	size_t cap = 0;
	int r;

	if (!dir) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while ((errno = 0, entry = readdir(dir))) {
		if (!wanted(d, entry->d_name))
			continue;
		if (ret->n == cap)
			ret->v = xrealloc(ret->v, (cap = cap ? 2 * cap : 64) * sizeof(*ret->v));
		ret->v[ret->n++] = xstrdup(entry->d_name);
	}
	r = -errno;
	closedir(dir);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_text);
	return r;
}

/* Hash of the first `bytes` bytes; false when they are not there. */
static bool head_hash(int fd, size_t bytes, char ret[17])
{
	char head[DROP_IDENTITY_BYTES], hex[SHA256_HEX_SIZE];

	if (drop_read_at(fd, head, bytes, 0) != (ssize_t)bytes)
		return false;
	sha256_hex(head, bytes, hex);
	snprintf(ret, 17, "%.16s", hex);
	return true;
}

static int64_t ns(struct timespec t)
{
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Is what stands there under `st` the content that f knows, perhaps grown? */
static bool same_content(const struct drop_file *f, const struct stat *st, int fd)
{
	bool same_time = st->st_size == f->size && ns(st->st_mtim) == f->mtime_ns;
	char head[17];

	if (st->st_size < f->read || (f->read_all && st->st_size == f->read && !same_time))
		return false;
	return (size_t)st->st_size >= f->head_bytes && head_hash(fd, f->head_bytes, head) &&
	       strcmp(head, f->head) == 0;
}

bool drop_unchanged(const struct drop_file *f, const struct stat *st)
{
	return f->ino == st->st_ino && f->size == st->st_size && f->mtime_ns == ns(st->st_mtim);
}

/* By inode (it may have been renamed), else by name, size and time (an inode may change when a
 * network folder is mounted anew). */
static struct drop_file *find_file(
	const struct dropdir *d, size_t known, const char *name, const struct stat *st, int fd)
{
	for (size_t i = 0; i < known; i++) {
		struct drop_file *f = d->files[i];

		if (!f->seen && f->ino == st->st_ino && same_content(f, st, fd))
			return f;
	}
	for (size_t i = 0; i < known; i++) {
		struct drop_file *f = d->files[i];

		if (!f->seen && strcmp(f->name, name) == 0 && f->size == st->st_size &&
			f->mtime_ns == ns(st->st_mtim) && same_content(f, st, fd))
			return f;
	}
	return NULL;
}

struct drop_file *drop_add(struct dropdir *d)
{
	struct drop_file *f = xcalloc(1, sizeof(*f));

	f->id = ++d->next_id;
	f->read_line = f->line = 1;
	f->starved = -1;
	d->files = xrealloc(d->files, (d->n + 1) * sizeof(*d->files));
	d->files[d->n++] = f;
	return f;
}

static void note(struct drop_file *f, const char *name, const struct stat *st, int fd)
{
	size_t head = (size_t)MIN((int64_t)st->st_size, (int64_t)DROP_IDENTITY_BYTES);

	if (!f->name || strcmp(f->name, name) != 0) {
		free(f->name);
		f->name = xstrdup(name);
	}
	if (f->size != st->st_size || f->mtime_ns != ns(st->st_mtim) || !f->changed_ms) {
		f->changed_ms = clock_mono_ms();
		if (f->size != st->st_size)
			f->read_all = f->told = f->telling = false;
	}
	if (f->ctime_ns != ns(st->st_ctim))
		f->held = false; /* changed, or its mode was: try again */
	f->ino = st->st_ino;
	f->size = st->st_size;
	f->mtime_ns = ns(st->st_mtim);
	f->ctime_ns = ns(st->st_ctim);
	if ((head > f->head_bytes || !f->head[0]) && head_hash(fd, head, f->head))
		f->head_bytes = head;
	f->seen = true;
}

static struct drop_file *by_name_of(const struct dropdir *d, size_t known, const char *name)
{
	struct drop_file key = {0}, *k = &key, **hit;

	key.name = (char *)(uintptr_t)name;
	hit = known ? bsearch(&k, d->files, known, sizeof(*d->files), by_name) : NULL;
	return hit ? *hit : NULL;
}

/* One name of the folder. `known`: files that were there before this scan. */
static void look_at(struct dropdir *d, size_t known, const char *name)
{
	struct drop_file *f = by_name_of(d, known, name);
	_cleanup_close_ int fd = -1;
	struct err e = {0};
	struct stat st;

	if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return;
	if (f && !f->seen && f->changed_ms && drop_unchanged(f, &st)) {
		f->held = f->held && f->ctime_ns == ns(st.st_ctim);
		f->ctime_ns = ns(st.st_ctim);
		f->seen = true;
		return;
	}
	if (fsio_open_beneath(d->fd, name, O_RDONLY | O_NONBLOCK, 0, &fd, &e)) {
		if (f && !f->seen && f->ino == st.st_ino)
			f->seen = true; /* known, and unreadable for now */
		log_warn("drop folder: %s cannot be opened and waits", e.text);
		return;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return;
	f = find_file(d, known, name, &st, fd);
	if (!f) {
		f = drop_add(d);
		d->dirty = true;
	}
	note(f, name, &st, fd);
}

/* Files that are no longer there leave the books. */
static void drop_unseen(struct dropdir *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++) {
		struct drop_file *f = d->files[i];

		if (f->seen) {
			d->files[kept++] = f;
			continue;
		}
		if (f == d->cur)
			drop_leave(d);
		if (f->offset < f->size)
			log_warn("drop folder: %s went away or was replaced with %" PRId64
				 " of its %" PRId64 " bytes not yet acknowledged",
				f->name, f->size - f->offset, f->size);
		d->dirty = true;
		drop_file_free(f);
	}
	d->n = kept;
}

static void look_for_marker(const struct dropdir *d, struct drop_file *f)
{
	_cleanup_free_ char *marker = xasprintf("%s.done", f->name);
	struct stat st;

	f->marked = fstatat(d->fd, marker, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* Once per change. */
static void folder_trouble(struct dropdir *d, const char *why)
{
	char text[sizeof(d->trouble)] = "";

	if (*why)
		snprintf(text, sizeof(text),
			"drop folder %.120s: %.100s; make it again, it is read as soon as it is "
			"there",
			d->c.path, why);
	if (*text && strcmp(text, d->trouble) != 0)
		log_error("%s", text);
	else if (!*text && *d->trouble)
		log_notice("drop folder %s is there again", d->c.path);
	memcpy(d->trouble, text, sizeof(d->trouble));
}

static int take_folder(struct dropdir *d, struct err *e)
{
	_cleanup_close_ int fd = open(d->c.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || dup3(fd, d->fd, O_CLOEXEC) < 0)
		return err_set(e, -errno, "%s", strerror(errno));
	return drop_open_done(d, e);
}

/* The path may lead to another folder by now: removed and made again, a share that was mounted
 * anew. What is held open is then read by nobody who drops files. */
static int follow_path(struct dropdir *d)
{
	struct stat there, ours;
	struct err e = {0};
	int r = 0;

	if (stat(d->c.path, &there)) {
		r = err_set(&e, -errno, "%s", strerror(errno));
	} else if (fstat(d->fd, &ours) || there.st_dev != ours.st_dev ||
		   there.st_ino != ours.st_ino || (d->c.move_done && d->done_fd < 0)) {
		r = take_folder(d, &e);
		if (r == 0)
			log_notice(
				"drop folder %s is another one than before; it is read from now on",
				d->c.path);
	}
	folder_trouble(d, r ? e.text : "");
	return r;
}

void drop_scan(struct dropdir *d)
{
	_cleanup_(names_free) struct names names = {0};
	size_t known = d->n;
	int r = follow_path(d);

	if (r)
		return;
	r = list(d, &names);
	if (r) {
		folder_trouble(d, strerror(-r));
		return;
	}
	for (size_t i = 0; i < d->n; i++)
		d->files[i]->seen = false;
	for (size_t i = 0; i < names.n; i++)
		look_at(d, known, names.v[i]);
	drop_unseen(d);
	drop_sort(d);
	for (size_t i = 0; i < d->n && d->c.complete == DROPDIR_MARKER; i++)
		look_for_marker(d, d->files[i]);
}
