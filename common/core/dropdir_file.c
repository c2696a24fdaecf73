/* dropdir_file: the file at hand of a drop folder: opened, shown, its bytes in a window.
 *
 * Guarantees: a link is never followed, and a name that stands for another file by now is not read
 * as the one that was seen. Known gap: a disk that fails is told by the file being held or coming
 * later, never by the daemon's end. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "core/dropdir_private.h"

void drop_leave(struct dropdir *d)
{
	if (d->cur_fd >= 0)
		close(d->cur_fd);
	d->cur_fd = -1;
	d->cur = NULL;
	d->window_len = 0;
}

void drop_hold(struct drop_file *f, const char *why)
{
	f->held = true;
	log_error("drop folder: file %s is held and nothing of it is taken in: %s; mend it and "
		  "restart, or put a corrected file in its place",
		f->name, why);
}

struct dropdir_at drop_at(struct dropdir *d, const struct drop_file *f)
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
ssize_t drop_read_at(int fd, char *p, size_t n, int64_t offset)
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

static int open_file(struct dropdir *d, const struct drop_file *f, int *ret, struct err *e)
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

static int show_head(struct dropdir *d, struct drop_file *f, struct err *e)
{
	size_t want = (size_t)MIN(f->size, (int64_t)DROPDIR_HEAD_MAX);
	_cleanup_free_ char *head = xmalloc(want + 1);
	struct dropdir_at at;
	ssize_t n = drop_read_at(d->cur_fd, head, want, 0);
	char before = '\n';

	if (n < 0)
		return err_sys(e, (int)n, "%s", f->name);
	if (f->read > 0 && drop_read_at(d->cur_fd, &before, 1, f->read - 1) != 1)
		return err_set(e, -EAGAIN, "%s: shorter than it was", f->name);
	d->line_start = before == '\n';
	at = drop_at(d, f);
	return d->ops->enter ? d->ops->enter(d->ctx, &at, head, (size_t)n, e) : 0;
}

/* Not 0: the file cannot be read now; what that means for it is noted. */
int drop_enter(struct dropdir *d, struct drop_file *f)
{
	struct err e = {0};
	int r = open_file(d, f, &d->cur_fd, &e);

	if (r == 0) {
		d->cur = f;
		d->window_at = f->read;
		d->window_len = 0;
		d->look = DROP_LOOK_FIRST;
		r = show_head(d, f, &e);
	}
	if (r == 0)
		return 0;
	drop_leave(d);
	if (r == -EAGAIN || r == -ENOENT || r == -ENOBUFS)
		f->later_ms = clock_mono_ms() + DROP_LATER_MS;
	else
		drop_hold(f, e.text);
	return r;
}

/* Bytes of the window from f->read on; reads more when `want` are not there. */
int drop_fill(struct dropdir *d, const struct drop_file *f, size_t want, size_t *ret_n)
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
		r = drop_read_at(d->cur_fd, d->window + have, MIN(d->window_cap, left) - have,
			f->read + (int64_t)have);
		if (r < 0)
			return (int)r;
		d->window_len += (size_t)r;
		have = d->window_len;
	}
	*ret_n = MIN(have, want);
	return 0;
}
