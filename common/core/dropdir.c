/* dropdir: see dropdir.h. Rows handed out, reports, progress.
 *
 * Guarantee: every row, also one that becomes nothing, takes a number of the run (core/ackprefix)
 * and notes where it ends; when the acknowledged prefix moves on, so do the files' offsets, and
 * nothing else moves them. A failed report begins a new run and sets `read` back to `offset`
 * everywhere. Known gaps: dropdir.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "core/dropdir_private.h"

#define OPEN_MAX    8192 /* rows without a report; a power of two */
#define ROWS_A_STEP 256
#define RETRY_MS    1000

const char *const dropdir_complete_choices[] = {"rename", "marker", "stable", NULL};

/* --- progress --- */

static struct drop_file *by_id(const struct dropdir *d, uint64_t id)
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
		const struct drop_position *p = &d->positions[from & (OPEN_MAX - 1)];
		struct drop_file *f = d->cur && d->cur->id == p->file ? d->cur : by_id(d, p->file);

		d->raw = MAX(d->raw, p->raw);
		if (f) {
			f->offset = p->end;
			f->line = p->line;
		}
	}
	d->dirty = true;
}

/* A row of n bytes was taken: its number stands for the place behind it. */
static void take(struct dropdir *d, struct drop_file *f, const char *p, size_t n, bool put)
{
	uint64_t number = ackprefix_take(&d->acks);

	for (size_t i = 0; i < n; i++)
		f->read_line += p[i] == '\n';
	f->read += (int64_t)n;
	d->line_start = p[n - 1] == '\n';
	d->positions[number & (OPEN_MAX - 1)] =
		(struct drop_position){f->id, f->read, f->read_line, -1};
	if (!put)
		acknowledge(d, number, -1);
}

static void start_anew(struct dropdir *d)
{
	uint64_t next = d->acks.next;

	drop_leave(d);
	if (d->ops->again)
		d->ops->again(d->ctx, ackprefix_done(&d->acks));
	ackprefix_free(&d->acks);
	ackprefix_init(&d->acks, next);
	for (size_t i = 0; i < d->n; i++) {
		struct drop_file *f = d->files[i];

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

static bool complete(const struct dropdir *d, const struct drop_file *f, int64_t now)
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

static bool readable(const struct dropdir *d, const struct drop_file *f, int64_t now)
{
	if (f->held || f->read_all || now < f->later_ms ||
		(d->c.complete == DROPDIR_MARKER && !f->marked))
		return false;
	return complete(d, f, now) || (f->read < f->size && f->starved != f->size);
}

static struct drop_file *next_file(const struct dropdir *d, int64_t now)
{
	for (size_t i = 0; i < d->n; i++)
		if (readable(d, d->files[i], now))
			return d->files[i];
	return NULL;
}

enum next { GO_ON, OTHER_FILE, STOP };

/* What the user said instead of taking a row. */
static enum next not_taken(struct dropdir *d, struct drop_file *f, ssize_t r,
	const struct dropdir_at *at, size_t n, const struct err *e)
{
	if (r == -ENOBUFS)
		return STOP;
	if (r == -EAGAIN) {
		f->later_ms = clock_mono_ms() + DROP_LATER_MS;
	} else if (r < 0) {
		drop_hold(f, e->text);
	} else if (at->eof || at->full) {
		drop_hold(f, "a row that cannot be framed");
	} else if ((int64_t)n < f->size - f->read) {
		d->look = MIN(d->look * 4, d->c.row_max_bytes);
		return GO_ON;
	} else {
		f->starved = f->size;
	}
	drop_leave(d);
	return OTHER_FILE;
}

static enum next one_row(struct dropdir *d, struct drop_file *f, int64_t now)
{
	struct dropdir_at at = drop_at(d, f);
	struct err e = {0};
	bool put = false;
	const char *p;
	size_t n = 0;
	ssize_t r = drop_fill(d, f, d->look, &n);

	if (r < 0 || (n == 0 && f->read < f->size)) {
		f->later_ms = now + RETRY_MS; /* shrinking, or a failing disk: the scan will tell */
		drop_leave(d);
		return OTHER_FILE;
	}
	at.eof = f->read + (int64_t)n == f->size && complete(d, f, now);
	at.full = n >= d->c.row_max_bytes;
	if (n == 0) {
		f->read_all = at.eof;
		d->dirty |= drop_finished(f);
		drop_leave(d);
		return OTHER_FILE;
	}
	p = d->window + (f->read - d->window_at);
	r = d->ops->row(d->ctx, &at, p, n, &put, &e);
	if (r <= 0 || (size_t)r > n)
		return not_taken(d, f, MIN(r, 0), &at, n, &e);
	take(d, f, p, (size_t)r, put);
	d->look = DROP_LOOK_FIRST;
	return GO_ON;
}

/* True: there is more to do at once. */
static bool work(struct dropdir *d)
{
	int64_t now = clock_mono_ms();

	for (int i = 0; i < ROWS_A_STEP; i++) {
		struct drop_file *f;
		enum next next;

		if (d->failed || ackprefix_open(&d->acks) >= OPEN_MAX - 1)
			return false;
		f = d->cur ? d->cur : next_file(d, now);
		if (!f)
			return false;
		if (!d->cur && drop_enter(d, f))
			continue;
		next = one_row(d, f, now);
		if (next == STOP)
			return false;
	}
	return true;
}

/* --- interface --- */

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
	d->window_cap = c->row_max_bytes + 2 * DROP_LOOK_FIRST;
	d->window = xmalloc(d->window_cap);
	d->positions = xcalloc(OPEN_MAX, sizeof(*d->positions));
	ackprefix_init(&d->acks, 1);
	d->fd = open(c->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd < 0)
		r = err_sys(e, -errno, "drop folder %s", c->path);
	if (r == 0)
		r = drop_open_done(d, e);
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
	drop_leave(d);
	for (size_t i = 0; i < d->n; i++)
		drop_file_free(d->files[i]);
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
		drop_scan(d);
	}
	more = work(d);
	drop_write_when_due(d);
	drop_move_finished(d);
	return more ? 0 : pause_ms(d);
}

/* Draining: the cursor of the last rows, once their reports are there. */
static void write_last(struct dropdir *d)
{
	if (d->draining && d->dirty && !d->writing && !d->failed && ackprefix_open(&d->acks) == 0)
		drop_write_cursor(d);
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
	write_last(d);
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
		d->dirty = !d->draining; /* draining: the last cursor is tried once */
	write_last(d);
}

void dropdir_drain(struct dropdir *d)
{
	d->draining = true;
	drop_leave(d);
	write_last(d);
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

bool dropdir_well(const struct dropdir *d, char *text, size_t size)
{
	size_t held = dropdir_held(d);

	if (*d->trouble)
		snprintf(text, size, "%s", d->trouble);
	else if (held)
		snprintf(text, size,
			"%zu files are held, the log says why; mend them, or take them out of the "
			"folder",
			held);
	return !*d->trouble && !held;
}

size_t dropdir_held(const struct dropdir *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		n += d->files[i]->held;
	return n;
}
