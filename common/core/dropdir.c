/* dropdir: see dropdir.h.
 *
 * Every row, also one that becomes nothing, takes a number of the run (core/ackprefix) and notes
 * where it ends; when the acknowledged prefix moves on, so do the files' offsets, and nothing else
 * moves them. `read` is how far rows are handed out, `offset` how far they are acknowledged; a
 * failed report begins a new run and sets read back to offset everywhere. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "base/util.h"
#include "core/ackprefix.h"
#include "core/dropdir.h"

#define IDENTITY_BYTES	4096
#define OPEN_MAX	8192 /* rows without a report; a power of two */
#define LOOK_FIRST	(16 * 1024)
#define ROWS_A_STEP	256
#define CURSOR_EVERY_MS 1000
#define RETRY_MS	1000
#define LATER_MS	100
#define FILES_IN_CURSOR 1000
#define DONE_NAMES_MAX	1000

const char *const dropdir_complete_choices[] = {"rename", "marker", "stable", NULL};

struct file {
	uint64_t id; /* of this content under this identity; reports find the file by it */
	char *name;
	/* as last seen */
	uint64_t ino;
	int64_t size, mtime_ns, ctime_ns, changed_ms;
	char head[17]; /* hash of the first head_bytes */
	size_t head_bytes;
	bool marked, seen;
	/* progress */
	int64_t read, read_line, offset, line;
	int64_t starved;	      /* size at which the next row was not whole, -1 */
	int64_t later_ms;	      /* not before */
	bool read_all, telling, told; /* told: a written cursor says it is finished */
	bool held;
};

struct position { /* what an acknowledged number means */
	uint64_t file;
	int64_t end, line, raw;
};

struct dropdir {
	struct dropdir_conf c;
	const struct dropdir_ops *ops;
	void *ctx;
	int fd, done_fd;
	struct file **files; /* in name order */
	size_t n;
	uint64_t next_id;
	int64_t next_scan, last_cursor, retry_at, raw;
	struct ackprefix acks;
	struct position *positions; /* ring by number */
	bool failed, dirty, writing, draining, too_many;
	/* the file at hand */
	struct file *cur;
	int cur_fd;
	char *window; /* its bytes [window_at, window_at + window_len) */
	size_t window_len, window_cap, look;
	int64_t window_at;
	bool line_start;
	char place[300];
};

static void file_free(struct file *f)
{
	free(f->name);
	free(f);
}

static bool finished(const struct file *f)
{
	return f->read_all && f->offset == f->read;
}

/* --- the file at hand --- */

static void leave(struct dropdir *d)
{
	if (d->cur_fd >= 0)
		close(d->cur_fd);
	d->cur_fd = -1;
	d->cur = NULL;
	d->window_len = 0;
}

static void hold(struct file *f, const char *why)
{
	f->held = true;
	log_error("drop folder: file %s is held and nothing of it is taken in: %s; mend it and "
		  "restart, or put a corrected file in its place",
		f->name, why);
}

static struct dropdir_at at_of(struct dropdir *d, const struct file *f)
{
	snprintf(d->place, sizeof(d->place), "%.255s:%" PRId64, f->name, f->read_line);
	return (struct dropdir_at){.file = f->name,
		.place = d->place,
		.offset = f->read,
		.line = f->read_line,
		.line_start = d->line_start,
		.quiet_ms = clock_mono_ms() - f->changed_ms,
		.number = d->acks.next};
}

/* Of the whole of p[0..n) or what the file has; -errno. */
static ssize_t read_at(int fd, char *p, size_t n, int64_t offset)
{
	size_t len = 0;

	while (len < n) {
		ssize_t r = pread(fd, p + len, n - len, (off_t)offset + (off_t)len);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		len += (size_t)r;
	}
	return (ssize_t)len;
}

static int open_file(struct dropdir *d, const struct file *f, int *ret, struct err *e)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r = fsio_open_beneath(d->fd, f->name, O_RDONLY | O_NONBLOCK, 0, &fd, e);

	if (r)
		return r;
	if (fstat(fd, &st))
		return err_sys(e, -errno, "%s", f->name);
	if (!S_ISREG(st.st_mode) || st.st_ino != f->ino)
		return err_set(e, -EAGAIN, "%s: another file now", f->name);
	*ret = fd;
	fd = -1;
	return 0;
}

static int show_head(struct dropdir *d, struct file *f, struct err *e)
{
	size_t want = (size_t)MIN(f->size, (int64_t)DROPDIR_HEAD_MAX);
	_cleanup_free_ char *head = xmalloc(want + 1);
	struct dropdir_at at;
	ssize_t n = read_at(d->cur_fd, head, want, 0);
	char before = '\n';

	if (n < 0)
		return err_sys(e, (int)n, "%s", f->name);
	if (f->read > 0 && read_at(d->cur_fd, &before, 1, f->read - 1) != 1)
		return err_set(e, -EAGAIN, "%s: shorter than it was", f->name);
	d->line_start = before == '\n';
	at = at_of(d, f);
	return d->ops->enter ? d->ops->enter(d->ctx, &at, head, (size_t)n, e) : 0;
}

/* Not 0: the file cannot be read now; what that means for it is noted. */
static int enter(struct dropdir *d, struct file *f)
{
	struct err e = {0};
	int r = open_file(d, f, &d->cur_fd, &e);

	if (r == 0) {
		d->cur = f;
		d->window_at = f->read;
		d->window_len = 0;
		d->look = LOOK_FIRST;
		r = show_head(d, f, &e);
	}
	if (r == 0)
		return 0;
	leave(d);
	if (r == -EAGAIN || r == -ENOENT || r == -ENOBUFS)
		f->later_ms = clock_mono_ms() + LATER_MS;
	else
		hold(f, e.text);
	return r;
}

/* Bytes of the window from f->read on; reads more when `want` are not there. */
static int fill(struct dropdir *d, const struct file *f, size_t want, size_t *ret_n)
{
	size_t skip = (size_t)(f->read - d->window_at), have = d->window_len - skip;
	size_t left = (size_t)(f->size - f->read);
	ssize_t r;

	want = MIN(want, left);
	if (have < want) {
		if (have)
			memmove(d->window, d->window + skip, have);
		d->window_at = f->read;
		d->window_len = have;
		r = read_at(d->cur_fd, d->window + have, MIN(d->window_cap, left) - have,
			f->read + (int64_t)have);
		if (r < 0)
			return (int)r;
		d->window_len += (size_t)r;
		have = d->window_len;
	}
	*ret_n = MIN(have, want);
	return 0;
}

/* --- progress --- */

static struct file *by_id(const struct dropdir *d, uint64_t id)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->files[i]->id == id)
			return d->files[i];
	return NULL;
}

static void acknowledge(struct dropdir *d, uint64_t number, int64_t raw)
{
	uint64_t from = ackprefix_done(&d->acks);

	d->positions[number & (OPEN_MAX - 1)].raw = raw;
	if (!ackprefix_ack(&d->acks, number))
		return;
	for (; from < ackprefix_done(&d->acks); from++) {
		const struct position *p = &d->positions[from & (OPEN_MAX - 1)];
		struct file *f = d->cur && d->cur->id == p->file ? d->cur : by_id(d, p->file);

		d->raw = MAX(d->raw, p->raw);
		if (f) {
			f->offset = p->end;
			f->line = p->line;
		}
	}
	d->dirty = true;
}

/* A row of n bytes was taken: its number stands for the place behind it. */
static void take(struct dropdir *d, struct file *f, const char *p, size_t n, bool put)
{
	uint64_t number = ackprefix_take(&d->acks);

	for (size_t i = 0; i < n; i++)
		f->read_line += p[i] == '\n';
	f->read += (int64_t)n;
	d->line_start = p[n - 1] == '\n';
	d->positions[number & (OPEN_MAX - 1)] = (struct position){f->id, f->read, f->read_line, -1};
	if (!put)
		acknowledge(d, number, -1);
}

static void start_anew(struct dropdir *d)
{
	uint64_t next = d->acks.next;

	leave(d);
	if (d->ops->again)
		d->ops->again(d->ctx, ackprefix_done(&d->acks));
	ackprefix_free(&d->acks);
	ackprefix_init(&d->acks, next);
	for (size_t i = 0; i < d->n; i++) {
		struct file *f = d->files[i];

		if (f->read == f->offset)
			continue;
		f->read = f->offset;
		f->read_line = f->line;
		f->read_all = false;
		f->starved = -1;
	}
	d->failed = false;
}

/* --- rows --- */

static bool complete(const struct dropdir *d, const struct file *f, int64_t now)
{
	switch (d->c.complete) {
	case DROPDIR_MARKER:
		return f->marked;
	case DROPDIR_STABLE:
		return now - f->changed_ms >= d->c.settle_ms;
	case DROPDIR_RENAME:
		break;
	}
	return true;
}

static bool readable(const struct dropdir *d, const struct file *f, int64_t now)
{
	if (f->held || f->read_all || now < f->later_ms ||
		(d->c.complete == DROPDIR_MARKER && !f->marked))
		return false;
	return complete(d, f, now) || (f->read < f->size && f->starved != f->size);
}

static struct file *next_file(const struct dropdir *d, int64_t now)
{
	for (size_t i = 0; i < d->n; i++)
		if (readable(d, d->files[i], now))
			return d->files[i];
	return NULL;
}

enum next { GO_ON, OTHER_FILE, STOP };

/* What the user said instead of taking a row. */
static enum next not_taken(struct dropdir *d, struct file *f, ssize_t r,
	const struct dropdir_at *at, size_t n, const struct err *e)
{
	if (r == -ENOBUFS)
		return STOP;
	if (r == -EAGAIN) {
		f->later_ms = clock_mono_ms() + LATER_MS;
	} else if (r < 0) {
		hold(f, e->text);
	} else if (at->eof || at->full) {
		hold(f, "a row that cannot be framed");
	} else if ((int64_t)n < f->size - f->read) {
		d->look = MIN(d->look * 4, d->c.row_max_bytes);
		return GO_ON;
	} else {
		f->starved = f->size;
	}
	leave(d);
	return OTHER_FILE;
}

static enum next one_row(struct dropdir *d, struct file *f, int64_t now)
{
	struct dropdir_at at = at_of(d, f);
	struct err e = {0};
	bool put = false;
	const char *p;
	size_t n = 0;
	ssize_t r = fill(d, f, d->look, &n);

	if (r < 0 || (n == 0 && f->read < f->size)) {
		f->later_ms = now + RETRY_MS; /* shrinking, or a failing disk: the scan will tell */
		leave(d);
		return OTHER_FILE;
	}
	at.eof = f->read + (int64_t)n == f->size && complete(d, f, now);
	at.full = n >= d->c.row_max_bytes;
	if (n == 0) {
		f->read_all = at.eof;
		d->dirty |= finished(f);
		leave(d);
		return OTHER_FILE;
	}
	p = d->window + (f->read - d->window_at);
	r = d->ops->row(d->ctx, &at, p, n, &put, &e);
	if (r <= 0 || (size_t)r > n)
		return not_taken(d, f, MIN(r, 0), &at, n, &e);
	take(d, f, p, (size_t)r, put);
	d->look = LOOK_FIRST;
	return GO_ON;
}

/* True: there is more to do at once. */
static bool work(struct dropdir *d)
{
	int64_t now = clock_mono_ms();

	for (int i = 0; i < ROWS_A_STEP; i++) {
		struct file *f;
		enum next next;

		if (d->failed || ackprefix_open(&d->acks) >= OPEN_MAX - 1)
			return false;
		f = d->cur ? d->cur : next_file(d, now);
		if (!f)
			return false;
		if (!d->cur && enter(d, f))
			continue;
		next = one_row(d, f, now);
		if (next == STOP)
			return false;
	}
	return true;
}

/* --- the folder --- */

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct file *const *)a)->name, (*(struct file *const *)b)->name);
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
	char head[IDENTITY_BYTES], hex[SHA256_HEX_SIZE];

	if (read_at(fd, head, bytes, 0) != (ssize_t)bytes)
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
static bool same_content(const struct file *f, const struct stat *st, int fd)
{
	bool same_time = st->st_size == f->size && ns(st->st_mtim) == f->mtime_ns;
	char head[17];

	if (st->st_size < f->read || (f->read_all && st->st_size == f->read && !same_time))
		return false;
	return (size_t)st->st_size >= f->head_bytes && head_hash(fd, f->head_bytes, head) &&
	       strcmp(head, f->head) == 0;
}

static bool unchanged(const struct file *f, const struct stat *st)
{
	return f->ino == st->st_ino && f->size == st->st_size && f->mtime_ns == ns(st->st_mtim);
}

/* By inode (it may have been renamed), else by name, size and time (an inode may change when a
 * network folder is mounted anew). */
static struct file *find_file(
	const struct dropdir *d, size_t known, const char *name, const struct stat *st, int fd)
{
	for (size_t i = 0; i < known; i++) {
		struct file *f = d->files[i];

		if (!f->seen && f->ino == st->st_ino && same_content(f, st, fd))
			return f;
	}
	for (size_t i = 0; i < known; i++) {
		struct file *f = d->files[i];

		if (!f->seen && strcmp(f->name, name) == 0 && f->size == st->st_size &&
			f->mtime_ns == ns(st->st_mtim) && same_content(f, st, fd))
			return f;
	}
	return NULL;
}

static struct file *add_file(struct dropdir *d)
{
	struct file *f = xcalloc(1, sizeof(*f));

	f->id = ++d->next_id;
	f->read_line = f->line = 1;
	f->starved = -1;
	d->files = xrealloc(d->files, (d->n + 1) * sizeof(*d->files));
	d->files[d->n++] = f;
	return f;
}

static void note(struct file *f, const char *name, const struct stat *st, int fd)
{
	size_t head = (size_t)MIN((int64_t)st->st_size, (int64_t)IDENTITY_BYTES);

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

static struct file *by_name_of(const struct dropdir *d, size_t known, const char *name)
{
	struct file key = {0}, *k = &key, **hit;

	key.name = (char *)(uintptr_t)name;
	hit = known ? bsearch(&k, d->files, known, sizeof(*d->files), by_name) : NULL;
	return hit ? *hit : NULL;
}

/* One name of the folder. `known`: files that were there before this scan. */
static void look_at(struct dropdir *d, size_t known, const char *name)
{
	struct file *f = by_name_of(d, known, name);
	_cleanup_close_ int fd = -1;
	struct err e = {0};
	struct stat st;

	if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return;
	if (f && !f->seen && f->changed_ms && unchanged(f, &st)) {
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
		f = add_file(d);
		d->dirty = true;
	}
	note(f, name, &st, fd);
}

/* Files that are no longer there leave the books. */
static void drop_unseen(struct dropdir *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++) {
		struct file *f = d->files[i];

		if (f->seen) {
			d->files[kept++] = f;
			continue;
		}
		if (f == d->cur)
			leave(d);
		if (f->offset < f->size)
			log_warn("drop folder: %s went away or was replaced with %" PRId64
				 " of its %" PRId64 " bytes not yet acknowledged",
				f->name, f->size - f->offset, f->size);
		d->dirty = true;
		file_free(f);
	}
	d->n = kept;
}

static void look_for_marker(const struct dropdir *d, struct file *f)
{
	_cleanup_free_ char *marker = xasprintf("%s.done", f->name);
	struct stat st;

	f->marked = fstatat(d->fd, marker, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static void scan(struct dropdir *d)
{
	_cleanup_(names_free) struct names names = {0};
	size_t known = d->n;
	int r = list(d, &names);

	if (r) {
		log_error("drop folder %s cannot be listed (%s); nothing new is taken in",
			d->c.path, strerror(-r));
		return;
	}
	for (size_t i = 0; i < d->n; i++)
		d->files[i]->seen = false;
	for (size_t i = 0; i < names.n; i++)
		look_at(d, known, names.v[i]);
	drop_unseen(d);
	if (d->n)
		qsort(d->files, d->n, sizeof(*d->files), by_name);
	for (size_t i = 0; i < d->n && d->c.complete == DROPDIR_MARKER; i++)
		look_for_marker(d, d->files[i]);
}

/* --- finished files --- */

static int move(const struct dropdir *d, const char *name)
{
	for (int i = 0; i < DONE_NAMES_MAX; i++) {
		_cleanup_free_ char *to = i ? xasprintf("%s.%d", name, i) : xstrdup(name);
		struct stat st;

		if (renameat2(d->fd, name, d->done_fd, to, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno == EINVAL && fstatat(d->done_fd, to, &st, AT_SYMLINK_NOFOLLOW) &&
			errno == ENOENT) /* a file system without that flag */
			return renameat(d->fd, name, d->done_fd, to) ? -errno : 0;
		if (errno != EEXIST && errno != EINVAL)
			return -errno;
	}
	return -EEXIST;
}

static void move_file(struct dropdir *d, struct file *f)
{
	struct stat st;
	int r;

	if (fstatat(d->fd, f->name, &st, AT_SYMLINK_NOFOLLOW) || !unchanged(f, &st))
		return; /* the next scan will see what it is */
	if (f == d->cur)
		leave(d);
	r = move(d, f->name);
	if (r == 0 && d->c.complete == DROPDIR_MARKER) {
		_cleanup_free_ char *marker = xasprintf("%s.done", f->name);

		(void)move(d, marker);
	}
	if (r) {
		f->told = false; /* tried again after the next cursor */
		log_error("drop folder: %s is finished and cannot be moved into done/ (%s)",
			f->name, strerror(-r));
		return;
	}
	log_notice("drop folder: %s is finished, %" PRId64 " bytes; moved into done/", f->name,
		f->size);
	d->next_scan = 0;
}

static void move_finished(struct dropdir *d)
{
	if (!d->c.move_done)
		return;
	for (size_t i = 0; i < d->n; i++)
		if (d->files[i]->told && finished(d->files[i])) {
			d->files[i]->told = false;
			move_file(d, d->files[i]);
		}
}

/* --- the cursor --- */

static json_t *file_json(const struct file *f)
{
	_cleanup_free_ char *name = utf8_repair(f->name, strlen(f->name), NULL, NULL);
	json_t *o = json_object();

	json_set_str(o, "name", name);
	json_set_int(o, "inode", (int64_t)f->ino);
	json_set_int(o, "size", f->size);
	json_set_int(o, "mtime_ns", f->mtime_ns);
	json_set_str(o, "head", f->head);
	json_set_int(o, "head_bytes", (int64_t)f->head_bytes);
	json_set_int(o, "offset", f->offset);
	json_set_int(o, "line", f->line);
	json_set_new(o, "finished", json_boolean(finished(f)));
	return o;
}

static int newest_first(const void *a, const void *b)
{
	const struct file *x = *(struct file *const *)a, *y = *(struct file *const *)b;

	if (finished(x) != finished(y))
		return finished(x) ? 1 : -1;
	return (x->mtime_ns < y->mtime_ns) - (x->mtime_ns > y->mtime_ns);
}

static json_t *cursor_json(struct dropdir *d)
{
	_cleanup_free_ struct file **order = xcalloc(d->n + 1, sizeof(*order));
	json_t *o = json_object(), *list = json_array();

	if (d->n)
		memcpy(order, d->files, d->n * sizeof(*order));
	if (d->n > FILES_IN_CURSOR) {
		qsort(order, d->n, sizeof(*order), newest_first);
		if (!d->too_many)
			log_warn("drop folder %s holds %zu files; only the newest %d are "
				 "remembered over a restart, the others would be read again: move "
				 "finished files away",
				d->c.path, d->n, FILES_IN_CURSOR);
	}
	d->too_many = d->n > FILES_IN_CURSOR;
	for (size_t i = 0; i < d->n && i < FILES_IN_CURSOR; i++) {
		json_array_append_new(list, file_json(order[i]));
		order[i]->telling = finished(order[i]);
	}
	json_set_int(o, "format", 1);
	json_set_int(o, "raw", d->raw);
	json_set_new(o, "files", list);
	return o;
}

static void write_cursor(struct dropdir *d)
{
	_cleanup_json_ json_t *value = cursor_json(d);
	struct err e = {0};

	d->last_cursor = clock_mono_ms();
	if (d->ops->cursor(d->ctx, value, d->raw, &e)) {
		log_warn("drop folder: cursor not written: %s", e.text);
		return;
	}
	d->writing = true;
	d->dirty = false;
}

static void write_when_due(struct dropdir *d)
{
	if (d->dirty && !d->writing && !d->failed &&
		(ackprefix_open(&d->acks) == 0 ||
			clock_mono_ms() - d->last_cursor >= CURSOR_EVERY_MS))
		write_cursor(d);
}

static void restore_file(struct dropdir *d, const json_t *o)
{
	const char *name = json_str(o, "name"), *head = json_str(o, "head");
	int64_t offset = json_int(o, "offset", -1), line = json_int(o, "line", 0);
	int64_t head_bytes = json_int(o, "head_bytes", -1);
	struct file *f;

	if (!name || !head || strlen(head) > 16 || offset < 0 || line < 1 || head_bytes < 0 ||
		head_bytes > IDENTITY_BYTES)
		return;
	f = add_file(d);
	f->name = xstrdup(name);
	f->ino = (uint64_t)json_int(o, "inode", 0);
	f->size = json_int(o, "size", 0);
	f->mtime_ns = json_int(o, "mtime_ns", 0);
	snprintf(f->head, sizeof(f->head), "%s", head);
	f->head_bytes = (size_t)head_bytes;
	f->offset = f->read = offset;
	f->line = f->read_line = line;
	f->read_all = f->told = json_flag(o, "finished");
}

/* --- interface --- */

static int open_done(struct dropdir *d, struct err *e)
{
	if (!d->c.move_done)
		return 0;
	if (mkdirat(d->fd, "done", 0750) && errno != EEXIST)
		return err_sys(e, -errno, "%s: making done/ in it", d->c.path);
	return fsio_open_beneath(d->fd, "done", O_RDONLY | O_DIRECTORY, 0, &d->done_fd, e);
}

int dropdir_open(const struct dropdir_conf *c, const struct dropdir_ops *ops, void *ctx,
	struct dropdir **ret, struct err *e)
{
	struct dropdir *d = xcalloc(1, sizeof(*d));
	int r = 0;

	d->c = *c;
	d->ops = ops;
	d->ctx = ctx;
	d->done_fd = d->cur_fd = -1;
	d->raw = -1;
	d->window_cap = c->row_max_bytes + 2 * LOOK_FIRST;
	d->window = xmalloc(d->window_cap);
	d->positions = xcalloc(OPEN_MAX, sizeof(*d->positions));
	ackprefix_init(&d->acks, 1);
	d->fd = open(c->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0)
		r = err_sys(e, -errno, "drop folder %s", c->path);
	if (r == 0)
		r = open_done(d, e);
	if (r) {
		dropdir_close(d);
		return r;
	}
	*ret = d;
	return 0;
}

void dropdir_close(struct dropdir *d)
{
	if (!d)
		return;
	leave(d);
	for (size_t i = 0; i < d->n; i++)
		file_free(d->files[i]);
	free(d->files);
	if (d->fd >= 0)
		close(d->fd);
	if (d->done_fd >= 0)
		close(d->done_fd);
	ackprefix_free(&d->acks);
	free(d->positions);
	free(d->window);
	free(d);
}

void dropdir_restore(struct dropdir *d, const json_t *value)
{
	const json_t *o;
	size_t i;

	json_array_foreach (json_object_get(value, "files"), i, o)
		restore_file(d, o);
	if (d->n)
		qsort(d->files, d->n, sizeof(*d->files), by_name);
	d->raw = json_int(value, "raw", -1);
}

/* Until the next scan, or until a file that was put off may be tried again. */
static int64_t pause_ms(const struct dropdir *d)
{
	int64_t now = clock_mono_ms(), next = d->next_scan;

	for (size_t i = 0; i < d->n; i++)
		if (d->files[i]->later_ms > now)
			next = MIN(next, d->files[i]->later_ms);
	return MAX(next - now, 0);
}

int64_t dropdir_step(struct dropdir *d)
{
	int64_t now = clock_mono_ms();
	bool more;

	if (d->draining)
		return -1;
	if (d->failed && now < d->retry_at)
		return d->retry_at - now;
	if (d->failed)
		start_anew(d);
	if (now >= d->next_scan) {
		d->next_scan = now + d->c.poll_ms;
		scan(d);
	}
	more = work(d);
	write_when_due(d);
	move_finished(d);
	return more ? 0 : pause_ms(d);
}

void dropdir_report(void *dropdir, uint64_t number, bool ok, int64_t offset)
{
	struct dropdir *d = dropdir;

	if (number < ackprefix_done(&d->acks) || number >= d->acks.next)
		return; /* of a run that was given up */
	if (ok) {
		acknowledge(d, number, offset);
	} else if (!d->failed) {
		d->failed = true;
		d->retry_at = clock_mono_ms() + RETRY_MS;
	}
	if (d->draining && d->dirty && !d->writing && !d->failed && ackprefix_open(&d->acks) == 0)
		write_cursor(d);
}

void dropdir_written(void *dropdir, uint64_t number, bool ok, int64_t offset)
{
	struct dropdir *d = dropdir;

	(void)number;
	(void)offset;
	d->writing = false;
	for (size_t i = 0; i < d->n; i++) {
		d->files[i]->told |= ok && d->files[i]->telling;
		d->files[i]->telling = false;
	}
	if (!ok)
		d->dirty =
			!d->draining; /* draining: the reports of the last rows are tried no more */
	else if (d->draining && d->dirty && ackprefix_open(&d->acks) == 0)
		write_cursor(d);
}

void dropdir_drain(struct dropdir *d)
{
	d->draining = true;
	leave(d);
	if (d->dirty && !d->writing && !d->failed && ackprefix_open(&d->acks) == 0)
		write_cursor(d);
}

bool dropdir_drained(const struct dropdir *d)
{
	return d->failed || (ackprefix_open(&d->acks) == 0 && !d->writing && !d->dirty);
}

uint64_t dropdir_acknowledged(const struct dropdir *d)
{
	return ackprefix_done(&d->acks);
}

int dropdir_fd(const struct dropdir *d)
{
	return d->fd;
}

size_t dropdir_held(const struct dropdir *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		n += d->files[i]->held;
	return n;
}
