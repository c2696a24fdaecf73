/* dropdir_done: finished files of a drop folder go to its done/.
 *
 * Guarantees: a file is moved only after a cursor that says it is finished was written, only when
 * it is still the one that was read, and never over another. Known gap: on a file system without
 * RENAME_NOREPLACE, two programs that move a file of one name at one moment may replace one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fsio.h"
#include "base/log.h"
#include "core/dropdir_private.h"

#define DONE_NAMES_MAX 1000

int drop_open_done(struct dropdir *d, struct err *e)
{
	if (!d->c.move_done)
		return 0;
	if (d->done_fd >= 0)
		close(d->done_fd);
	d->done_fd = -1;
	if (mkdirat(d->fd, "done", 0750) && errno != EEXIST)
		return err_sys(e, -errno, "%s: making done/ in it", d->c.path);
	return fsio_open_beneath(d->fd, "done", O_RDONLY | O_DIRECTORY, 0, &d->done_fd, e);
}

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

static void move_file(struct dropdir *d, struct drop_file *f)
{
	struct stat st;
	int r;

	if (fstatat(d->fd, f->name, &st, AT_SYMLINK_NOFOLLOW) || !drop_unchanged(f, &st))
		return; /* the next scan will see what it is */
	if (f == d->cur)
		drop_leave(d);
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

void drop_move_finished(struct dropdir *d)
{
	if (!d->c.move_done)
		return;
	for (size_t i = 0; i < d->n; i++)
		if (d->files[i]->told && drop_finished(d->files[i])) {
			d->files[i]->told = false;
			move_file(d, d->files[i]);
		}
}
