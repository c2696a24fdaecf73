/* dropdir_private: what the files of a drop folder share: its books. Not for users of dropdir.h.
 *
 * dropdir.c hands rows out and counts reports, dropdir_file.c holds the file at hand,
 * dropdir_scan.c finds out which files there are, dropdir_cursor.c writes and reads what is
 * remembered, dropdir_done.c moves finished files away. All run in the loop's thread. */
#pragma once

#include <sys/stat.h>

#include "base/util.h"
#include "core/ackprefix.h"
#include "core/dropdir.h"

#define DROP_IDENTITY_BYTES 4096	/* first bytes by which a file is known again */
#define DROP_LOOK_FIRST	    (16 * 1024) /* bytes a row is looked for in at first */
#define DROP_LATER_MS	    100		/* a file that cannot be read now is tried again after */

struct drop_file {
	uint64_t id; /* of this content under this identity; reports find the file by it */
	char *name;
	/* as last seen */
	uint64_t ino;
	int64_t size, mtime_ns, ctime_ns, changed_ms;
	char head[17]; /* hash of the first head_bytes */
	size_t head_bytes;
	bool marked, seen;
	/* progress: read is how far rows are handed out, offset how far they are acknowledged */
	int64_t read, read_line, offset, line;
	int64_t starved;	      /* size at which the next row was not whole, -1 */
	int64_t later_ms;	      /* not before */
	bool read_all, telling, told; /* told: a written cursor says it is finished */
	bool held;
};

struct drop_position { /* what an acknowledged number means */
	uint64_t file;
	int64_t end, line, raw;
};

struct dropdir {
	struct dropdir_conf c;
	const struct dropdir_ops *ops;
	void *ctx;
	int fd, done_fd;
	struct drop_file **files; /* in name order */
	size_t n;
	uint64_t next_id;
	int64_t next_scan, last_cursor, retry_at, raw;
	struct ackprefix acks;
	struct drop_position *positions; /* ring by number */
	bool failed, dirty, writing, draining, too_many;
	char trouble[300]; /* of the folder itself; "" while it can be read */
	/* the file at hand */
	struct drop_file *cur;
	int cur_fd;
	char *window; /* its bytes [window_at, window_at + window_len) */
	size_t window_len, window_cap, look;
	int64_t window_at;
	bool line_start;
	char place[300];
};

/* Every row handed out and acknowledged, to the end. */
static inline bool drop_finished(const struct drop_file *f)
{
	return f->read_all && f->offset == f->read;
}

/* --- the file at hand (dropdir_file.c) --- */

/* Not 0: the file cannot be read now; what that means for it is noted. */
int drop_enter(struct dropdir *d, struct drop_file *f);
void drop_leave(struct dropdir *d);
void drop_hold(struct drop_file *f, const char *why);
struct dropdir_at drop_at(struct dropdir *d, const struct drop_file *f);
/* Bytes of the window from f->read on; reads more when `want` are not there. */
int drop_fill(struct dropdir *d, const struct drop_file *f, size_t want, size_t *ret_n);
/* The whole of p[0..n), or what the file has; -errno. */
ssize_t drop_read_at(int fd, char *p, size_t n, int64_t offset);

/* --- which files there are (dropdir_scan.c) --- */

void drop_scan(struct dropdir *d);
struct drop_file *drop_add(struct dropdir *d); /* without a name yet, behind the others */
void drop_sort(struct dropdir *d);
void drop_file_free(struct drop_file *f);
/* Is what stands there under `st` what was seen last? */
bool drop_unchanged(const struct drop_file *f, const struct stat *st);

/* --- what is remembered (dropdir_cursor.c) --- */

void drop_write_cursor(struct dropdir *d);
void drop_write_when_due(struct dropdir *d);

/* --- finished files (dropdir_done.c) --- */

int drop_open_done(struct dropdir *d, struct err *e);
void drop_move_finished(struct dropdir *d);
