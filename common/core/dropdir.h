/* dropdir: follows the files of a drop folder, row by row, with one cursor.
 *
 * A call centre (or any program) puts files into a folder; this module lists it (regular files that
 * match a pattern, in name order, never dot files, *.tmp or *.part), opens them without following
 * links, gives a window of bytes to its user, who says how many of them are the next row, and keeps
 * the books: which rows are handed out, which are acknowledged, what the cursor may say. It knows
 * neither Kafka nor CSV; the user passes rows to source_put and the cursor to source_cursor.
 *
 * Guarantees. The cursor names, for each file, the end of the contiguous acknowledged prefix only.
 * A report that failed sends every file back there. A file is moved away only after a cursor that
 * says it is finished was written. What is not certain is read again from its beginning (rows have
 * the same ids, the normalizer drops them): a file is the same when inode and first bytes are (so a
 * renamed one is gone on with), or name, size, time and first bytes are; one that shrank, or was
 * finished and then rewritten at the same size, is a new one. A row without its line end waits
 * until the file is complete.
 *
 * Known gaps. Bytes changed in place before the read position, behind the first 4 KiB, are not
 * seen. A file taken out of the folder before its end is lost (and told). A rotated file must still
 * match the pattern. Of more than 1000 kept files the oldest are read again after a restart. A raw
 * log that lost records drops the cursor: put files back from done/ then. The folder is polled.
 * Thread: loop only. Blocking reads of a local or network folder. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define DROPDIR_HEAD_MAX (64 * 1024) /* first bytes of a file that `enter` is shown */

enum dropdir_complete { /* when a file's end is its end */
	DROPDIR_RENAME, /* at once: it was renamed into place (from .name, name.tmp, name.part) */
	DROPDIR_MARKER, /* when an (empty) file name.done stands beside it; not read before */
	DROPDIR_STABLE, /* when size and time have not changed for settle_ms; its whole lines are
			   read as they come, so a growing file is followed */
};
extern const char *const dropdir_complete_choices[]; /* "rename", "marker", "stable" */

struct dropdir_conf {	   /* borrowed until dropdir_close */
	const char *path;  /* the folder; must exist, also when Kafka is away */
	const char *files; /* fnmatch pattern, case ignored: "*.csv" */
	enum dropdir_complete complete;
	int64_t settle_ms, poll_ms;
	bool move_done;	      /* finished files go to <path>/done/ (made when missing); not with
				 DROPDIR_STABLE: a file that may still grow must stay */
	size_t row_max_bytes; /* > 0: a longer row never comes whole */
};

struct dropdir_at {	      /* where the window begins; valid during the call */
	const char *file;     /* name within the folder */
	const char *place;    /* "name:line", for source.place and error.place */
	int64_t offset, line; /* line counts from 1 */
	bool line_start;      /* false: inside a line whose first part was consumed before */
	bool eof;	      /* the file is complete and ends with this window */
	bool full;	      /* as many bytes as a row may have: consume some, whatever they are */
	int64_t quiet_ms;     /* since the file was seen to change */
	uint64_t number;      /* for source_put; dropdir_report gets it back */
};

struct dropdir_ops {
	/* The file is entered, or gone on with, at at->offset; `head` is its first n bytes (a CSV's
	 * header). Before the first row and after every change of file. Not 0: as in row. May be
	 * NULL. */
	int (*enter)(
		void *ctx, const struct dropdir_at *at, const char *head, size_t n, struct err *e);
	/* The next row at p, n > 0 bytes. Returns how many bytes it took (line end included), after
	 * having handed it on with at->number and *put = true, or with *put = false when nothing
	 * comes of it (a blank line, a header). 0: not whole, more bytes or the end are needed;
	 * never when at->eof or at->full. -EAGAIN, -ENOBUFS: later (nothing happened). Another
	 * -errno: the file is held, with the text, until it changes or the daemon restarts; its
	 * neighbours pass. */
	ssize_t (*row)(void *ctx, const struct dropdir_at *at, const char *p, size_t n, bool *put,
		struct err *e);
	/* Write this cursor; one at a time; dropdir_written tells how it went. */
	int (*cursor)(void *ctx, const json_t *value, int64_t raw_offset, struct err *e);
	/* A report failed: the rows from `number` on count as not handed out, and come again. May
	 * be NULL. */
	void (*again)(void *ctx, uint64_t number);
};

struct dropdir;
/* The folder is opened, and done/ made, here. ctx goes to the ops. */
int dropdir_open(const struct dropdir_conf *c, const struct dropdir_ops *ops, void *ctx,
	struct dropdir **ret, struct err *e);
void dropdir_close(struct dropdir *d); /* NULL-safe */

/* Before the first step: what the cursor said. Junk is ignored (files are read again). */
void dropdir_restore(struct dropdir *d, const json_t *value);
/* A little work; ms until the next call, 0 = at once, < 0 = after a report. */
int64_t dropdir_step(struct dropdir *d);
/* Both have the type source_report_fn with the dropdir as ctx. Never from inside an op. */
void dropdir_report(void *dropdir, uint64_t number, bool ok, int64_t offset);
void dropdir_written(void *dropdir, uint64_t number, bool ok, int64_t offset);

/* No more rows are taken; the last cursor is written when all reports are there. */
void dropdir_drain(struct dropdir *d);
bool dropdir_drained(const struct dropdir *d);

/* Rows with smaller numbers are acknowledged, and never come again in this run. */
uint64_t dropdir_acknowledged(const struct dropdir *d);
/* Of the folder, for files beside the drop. The number stays; the folder behind it is always the
 * one that stands at the path at the time. */
int dropdir_fd(const struct dropdir *d);
/* false, and why with the remedy: files are held, or the folder is gone. What was there before
 * stays in the books then, what stands at the path later is read. */
bool dropdir_well(const struct dropdir *d, char *text, size_t size);
size_t dropdir_held(const struct dropdir *d); /* files held because of a fault */
