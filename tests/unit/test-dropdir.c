/* A folder of files becomes rows, and the cursor never says more than what was acknowledged. The
 * user here frames lines; reports are given by the test, in the order it likes. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "core/dropdir.h"

#include "scratch.h"

#define ROWS_MAX 4000
#define ROW_MAX	 64

struct row {
	char *text, *place;
	uint64_t number;
	bool reported, line_start, eof;
};
struct user {
	char dir[64];
	struct dropdir_conf conf;
	struct dropdir *d;
	struct row rows[ROWS_MAX];
	size_t n, entered;
	json_t *cursor;	     /* the last one given out */
	int cursors, refuse; /* refuse: what row() says */
	int64_t raw;
	uint64_t again; /* what on_again was told last */
	char head[64];
};

static char clock_file[] = "/tmp/test-dropdir-clock.XXXXXX";

/* --- the user of the module --- */

static int on_enter(
	void *ctx, const struct dropdir_at *at, const char *head, size_t n, struct err *e)
{
	struct user *u = ctx;

	u->entered++;
	snprintf(u->head, sizeof(u->head), "%.*s", (int)MIN(n, (size_t)40), head);
	if (strstr(at->file, "wrong"))
		return err_set(e, -EINVAL, "a header without the columns");
	return 0;
}

static ssize_t on_row(
	void *ctx, const struct dropdir_at *at, const char *p, size_t n, bool *put, struct err *e)
{
	struct user *u = ctx;
	const char *nl = memchr(p, '\n', n);
	size_t len = nl ? (size_t)(nl - p) + 1 : n;

	if (u->refuse)
		return err_set(e, u->refuse, "refused");
	if (!nl && !at->eof && !at->full)
		return 0;
	if (len == 1)
		return 1; /* a blank line: nothing comes of it */
	assert_true(u->n < ROWS_MAX);
	u->rows[u->n++] = (struct row){.text = xstrndup(p, len - (nl != NULL)),
		.place = xstrdup(at->place),
		.number = at->number,
		.line_start = at->line_start,
		.eof = at->eof};
	*put = true;
	return (ssize_t)len;
}

static int on_cursor(void *ctx, const json_t *value, int64_t raw_offset, struct err *e)
{
	struct user *u = ctx;

	(void)e;
	json_decref(u->cursor);
	u->cursor = json_deep_copy(value);
	u->raw = raw_offset;
	u->cursors++;
	return 0;
}

static void on_again(void *ctx, uint64_t number)
{
	((struct user *)ctx)->again = number;
}

static const struct dropdir_ops ops = {on_enter, on_row, on_cursor, on_again};

/* --- help --- */

static void put_file(const struct user *u, const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", u->dir, name);

	assert_int_equal(fsio_write_atomic(path, text, strlen(text), 0640, NULL), 0);
}

static void append(const struct user *u, const char *name, const char *text)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", u->dir, name);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(fsio_write_all(fd, text, strlen(text)), 0);
}

/* The clock only ever goes forward, over all tests of this program. */
static void advance(int64_t ms)
{
	static int64_t offset;
	int64_t before = clock_mono_ms();
	_cleanup_free_ char *text = xasprintf("%lld\n", (long long)(offset += ms));

	assert_int_equal(fsio_write_atomic(clock_file, text, strlen(text), 0600, NULL), 0);
	while (clock_mono_ms() < before + ms)
		usleep(1000); /* the clock looks at its file every 20 ms */
}

static void open_drop(struct user *u)
{
	struct err e = {0};

	if (dropdir_open(&u->conf, &ops, u, &u->d, &e))
		fail_msg("%s", e.text);
}

/* Steps until nothing more happens at once. */
static void run(struct user *u)
{
	for (int i = 0; i < 10000; i++)
		if (dropdir_step(u->d) != 0)
			return;
	fail_msg("dropdir_step never rests");
}

static void report(struct user *u, size_t i, bool ok)
{
	assert_false(u->rows[i].reported);
	u->rows[i].reported = true;
	dropdir_report(u->d, u->rows[i].number, ok, ok ? 1000 + (int64_t)i : -1);
}

static void report_all(struct user *u)
{
	for (size_t i = 0; i < u->n; i++)
		if (!u->rows[i].reported)
			report(u, i, true);
}

static void written(struct user *u, bool ok)
{
	assert_non_null(u->cursor);
	dropdir_written(u->d, 0, ok, -1);
}

static const json_t *in_cursor(const struct user *u, const char *name)
{
	const json_t *f;
	size_t i;

	json_array_foreach (json_object_get(u->cursor, "files"), i, f)
		if (strcmp(json_str_or(f, "name", ""), name) == 0)
			return f;
	return NULL;
}

static int64_t offset_of(const struct user *u, const char *name)
{
	return json_int(in_cursor(u, name), "offset", -1);
}

static void forget_rows(struct user *u)
{
	for (size_t i = 0; i < u->n; i++) {
		free(u->rows[i].text);
		free(u->rows[i].place);
	}
	u->n = 0;
}

/* kill -9 and a new start from the last cursor. */
static void restart(struct user *u)
{
	dropdir_close(u->d);
	forget_rows(u);
	open_drop(u);
	if (u->cursor)
		dropdir_restore(u->d, u->cursor);
	run(u);
}

static void expect_row(const struct user *u, size_t i, const char *text, const char *place)
{
	assert_true(i < u->n);
	assert_string_equal(u->rows[i].text, text);
	assert_string_equal(u->rows[i].place, place);
}

static bool there(const struct user *u, const char *name)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", u->dir, name);

	return access(path, F_OK) == 0;
}

static int set_up(void **state)
{
	struct user *u = xcalloc(1, sizeof(*u));

	snprintf(u->dir, sizeof(u->dir), "/tmp/test-dropdir.XXXXXX");
	assert_non_null(mkdtemp(u->dir));
	u->conf = (struct dropdir_conf){.path = u->dir,
		.files = "*.csv",
		.complete = DROPDIR_RENAME,
		.settle_ms = 1000000,
		.poll_ms = 1,
		.row_max_bytes = ROW_MAX};
	*state = u;
	return 0;
}

static int tear_down(void **state)
{
	struct user *u = *state;
	dropdir_close(u->d);
	forget_rows(u);
	json_decref(u->cursor);
	if (scratch_remove(u->dir))
		return -1;
	free(u);
	return 0;
}

/* Scans are a millisecond apart; waits until the next one is due. */
static void scan_again(struct user *u)
{
	int64_t now = clock_mono_ms();

	while (clock_mono_ms() < now + 3)
		usleep(500);
	run(u);
}

/* --- tests --- */

static void rows_come_in_name_order_with_their_places(void **state)
{
	struct user *u = *state;

	put_file(u, "b.csv", "b1\nb2");
	put_file(u, "A.CSV", "a1\n\na3\n");
	put_file(u, "c.txt", "other\n");
	put_file(u, ".hidden.csv", "no\n");
	append(u, "d.csv.tmp", "no\n");
	append(u, "d.csv.part", "no\n");
	open_drop(u);
	run(u);
	assert_int_equal(u->n, 4);
	expect_row(u, 0, "a1", "A.CSV:1");
	expect_row(u, 1, "a3", "A.CSV:3");
	expect_row(u, 2, "b1", "b.csv:1");
	expect_row(u, 3, "b2", "b.csv:2");
	assert_true(u->rows[3].eof);
}

static void only_regular_files_below_the_folder(void **state)
{
	struct user *u = *state;
	_cleanup_free_ char *link = xasprintf("%s/l.csv", u->dir);
	_cleanup_free_ char *fifo = xasprintf("%s/f.csv", u->dir);
	_cleanup_free_ char *dir = xasprintf("%s/d.csv", u->dir);

	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	put_file(u, "z.csv", "one\n");
	open_drop(u);
	run(u);
	assert_int_equal(u->n, 1);
	expect_row(u, 0, "one", "z.csv:1");
}

static void the_cursor_names_the_acknowledged_prefix_only(void **state)
{
	struct user *u = *state;

	put_file(u, "a.csv", "one\ntwo\n\nfour\n");
	open_drop(u);
	run(u);
	assert_int_equal(u->n, 3);
	report(u, 1, true);
	report(u, 2, true);
	written(u, true); /* the first cursor told only that the file exists */
	scan_again(u);
	assert_int_equal(offset_of(u, "a.csv"), 0);
	assert_int_equal(u->raw, -1);
	report(u, 0, true);
	run(u);
	assert_int_equal(offset_of(u, "a.csv"), 14);
	assert_int_equal(u->raw, 1002);
	assert_true(json_flag(in_cursor(u, "a.csv"), "finished"));
}

static void a_restart_goes_on_from_the_cursor(void **state)
{
	struct user *u = *state;

	put_file(u, "a.csv", "one\ntwo\nthree\n");
	open_drop(u);
	run(u);
	report(u, 0, true);
	written(u, true);
	dropdir_drain(u->d);
	report(u, 1, true);
	assert_false(dropdir_drained(u->d));
	report(u, 2, false);
	restart(u);
	assert_int_equal(u->n, 3); /* no cursor was written: all again */
	report(u, 0, true);
	report(u, 1, true);
	advance(5000);
	scan_again(u);
	assert_int_equal(offset_of(u, "a.csv"), 8);
	restart(u);
	assert_int_equal(u->n, 1);
	expect_row(u, 0, "three", "a.csv:3");
	assert_string_equal(u->head, "one\ntwo\nthree\n");
	assert_true(u->rows[0].line_start);
	/* the raw offset outlives a restart, so that a log that lost records is still found out */
	assert_int_equal(u->raw, 1001);
}

static void a_failed_report_goes_back_to_the_prefix(void **state)
{
	struct user *u = *state;
	uint64_t old;

	put_file(u, "a.csv", "one\ntwo\nthree\n");
	open_drop(u);
	run(u);
	old = u->rows[2].number;
	report(u, 0, true);
	report(u, 1, false);
	assert_true(dropdir_step(u->d) > 0); /* not at once */
	advance(5000);
	run(u);
	assert_int_equal(u->n, 5);
	assert_int_equal(u->again, u->rows[1].number);
	assert_int_equal(dropdir_acknowledged(u->d), u->rows[3].number);
	expect_row(u, 3, "two", "a.csv:2");
	expect_row(u, 4, "three", "a.csv:3");
	written(u, true);
	dropdir_report(u->d, old, true, 77); /* late, of the run that was given up */
	report(u, 3, true);
	advance(5000);
	scan_again(u);
	assert_int_equal(offset_of(u, "a.csv"), 8);
	written(u, true);
	report(u, 4, true);
	scan_again(u);
	assert_int_equal(offset_of(u, "a.csv"), 14);
}

static void a_growing_file_is_followed_and_a_torn_line_waits(void **state)
{
	struct user *u = *state;

	u->conf.complete = DROPDIR_STABLE;
	append(u, "a.csv", "one\ntw");
	open_drop(u);
	run(u);
	assert_int_equal(u->n, 1);
	append(u, "a.csv", "o\nthr");
	scan_again(u);
	assert_int_equal(u->n, 2);
	expect_row(u, 1, "two", "a.csv:2");
	advance(2000000); /* settled: what is there is the last line */
	scan_again(u);
	assert_int_equal(u->n, 3);
	expect_row(u, 2, "thr", "a.csv:3");
	report_all(u);
	written(u, true);
	scan_again(u);
	assert_true(json_flag(in_cursor(u, "a.csv"), "finished"));
	append(u, "a.csv", "four\n"); /* it did grow after all */
	scan_again(u);
	assert_int_equal(u->n, 4);
	expect_row(u, 3, "four", "a.csv:3");
	assert_false(u->rows[3].line_start);
}

static void a_marked_file_is_not_touched_before_its_marker(void **state)
{
	struct user *u = *state;

	u->conf.complete = DROPDIR_MARKER;
	u->conf.files = "*";
	u->conf.move_done = true;
	put_file(u, "a.csv", "one\ntwo");
	open_drop(u);
	run(u);
	assert_int_equal(u->n, 0);
	put_file(u, "a.csv.done", "");
	scan_again(u);
	assert_int_equal(u->n, 2);
	report_all(u);
	written(u, true);
	scan_again(u);
	written(u, true);
	run(u);
	assert_false(there(u, "a.csv"));
	assert_false(there(u, "a.csv.done"));
	assert_true(there(u, "done/a.csv"));
	assert_true(there(u, "done/a.csv.done"));
}

static void a_file_moves_only_after_its_cursor_was_written(void **state)
{
	struct user *u = *state;

	u->conf.move_done = true;
	put_file(u, "a.csv", "one\n");
	put_file(u, "b.csv", "");
	open_drop(u);
	append(u, "done/a.csv", "an older one\n");
	run(u);
	report_all(u);
	scan_again(u);
	assert_true(there(u, "a.csv"));
	written(u, true); /* that one was made before the report */
	run(u);
	assert_true(there(u, "a.csv"));
	assert_false(there(u, "b.csv")); /* an empty file is finished at once */
	written(u, false);
	advance(5000);
	scan_again(u);
	assert_true(there(u, "a.csv"));
	written(u, true);
	run(u);
	assert_false(there(u, "a.csv"));
	assert_true(there(u, "done/a.csv.1"));
	written(u, true);
	put_file(u, "a.csv", "new\n"); /* the same name again is another file */
	scan_again(u);
	assert_int_equal(u->n, 2);
	expect_row(u, 1, "new", "a.csv:1");
}

static void a_finished_file_is_moved_after_a_restart(void **state)
{
	struct user *u = *state;

	u->conf.move_done = true;
	put_file(u, "a.csv", "one\n");
	open_drop(u);
	run(u);
	written(u, true);
	report_all(u);
	advance(5000);
	scan_again(u);
	assert_true(json_flag(in_cursor(u, "a.csv"), "finished"));
	restart(u);
	assert_int_equal(u->n, 0);
	assert_true(there(u, "done/a.csv"));
}

static void a_renamed_file_is_gone_on_with(void **state)
{
	struct user *u = *state;
	_cleanup_free_ char *from = xasprintf("%s/calls.csv", u->dir);
	_cleanup_free_ char *to = xasprintf("%s/calls.1.csv", u->dir);

	u->conf.complete = DROPDIR_STABLE;
	append(u, "calls.csv", "one\ntwo\n");
	open_drop(u);
	run(u);
	report_all(u);
	written(u, true);
	assert_int_equal(rename(from, to), 0);
	append(u, "calls.1.csv", "three\n");
	append(u, "calls.csv", "ONE\n");
	scan_again(u);
	assert_int_equal(u->n, 4);
	expect_row(u, 2, "three", "calls.1.csv:3");
	expect_row(u, 3, "ONE", "calls.csv:1");
	report_all(u);
	advance(5000);
	scan_again(u);
	assert_int_equal(offset_of(u, "calls.1.csv"), 14);
	assert_int_equal(offset_of(u, "calls.csv"), 4);
}

static void a_rewritten_file_is_a_new_one(void **state)
{
	struct user *u = *state;

	put_file(u, "a.csv", "one\ntwo\n");
	open_drop(u);
	run(u);
	report_all(u);
	written(u, true);
	put_file(u, "a.csv", "ONE\ntwo\nthree\n"); /* other first bytes */
	scan_again(u);
	assert_int_equal(u->n, 5);
	expect_row(u, 2, "ONE", "a.csv:1");
	report_all(u);
	put_file(u, "a.csv", "ONE\n"); /* shorter */
	scan_again(u);
	assert_int_equal(u->n, 6);
	expect_row(u, 5, "ONE", "a.csv:1");
	report_all(u);
	run(u);
	{ /* the same inode, size and first bytes, written again */
		_cleanup_free_ char *path = xasprintf("%s/a.csv", u->dir);
		struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

		assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	}
	scan_again(u);
	assert_int_equal(u->n, 7);
}

static void a_file_rewritten_in_place_is_a_new_one(void **state)
{
	struct user *u = *state;
	_cleanup_free_ char *path = xasprintf("%s/a.csv", u->dir);
	static const char longer[] = "ONE\nTWO\nTHREE\n";
	_cleanup_close_ int fd = -1;

	u->conf.complete = DROPDIR_STABLE;
	append(u, "a.csv", "one\ntwo\n");
	open_drop(u);
	run(u);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, longer, sizeof(longer) - 1, 0), sizeof(longer) - 1);
	scan_again(u);
	assert_int_equal(u->n, 5);
	expect_row(u, 2, "ONE", "a.csv:1");
}

/* Reports of the old content must not move the new one's offset. */
static void late_reports_of_a_replaced_file_change_nothing(void **state)
{
	struct user *u = *state;

	put_file(u, "a.csv", "one\ntwo\n");
	open_drop(u);
	run(u);
	put_file(u, "a.csv", "ONE\nTWO\n");
	scan_again(u);
	assert_int_equal(u->n, 4);
	report(u, 0, true);
	report(u, 1, true);
	written(u, true);
	advance(5000);
	scan_again(u);
	assert_int_equal(offset_of(u, "a.csv"), 0);
	report_all(u);
	written(u, true);
	scan_again(u);
	assert_int_equal(offset_of(u, "a.csv"), 8);
}

static void a_row_that_is_too_long_comes_in_parts(void **state)
{
	struct user *u = *state;
	char text[3 * ROW_MAX + 16];

	memset(text, 'x', sizeof(text));
	memcpy(text + 2 * ROW_MAX + 10, "\nshort\n", 8);
	put_file(u, "a.csv", text);
	open_drop(u);
	run(u);
	assert_true(u->n >= 2);
	assert_true(u->rows[0].line_start);
	assert_string_equal(u->rows[u->n - 1].text, "short");
	for (size_t i = 1; i + 1 < u->n; i++)
		assert_false(u->rows[i].line_start);
	assert_true(u->rows[u->n - 1].line_start);
	assert_string_equal(u->rows[u->n - 1].place, "a.csv:2");
}

static void a_held_file_stops_no_neighbour(void **state)
{
	_cleanup_free_ char *wrong = NULL;
	struct user *u = *state;
	char why[300] = "";

	put_file(u, "a-wrong.csv", "one\n");
	put_file(u, "b.csv", "two\n");
	open_drop(u);
	run(u);
	assert_int_equal(u->n, 1);
	expect_row(u, 0, "two", "b.csv:1");
	assert_int_equal(dropdir_held(u->d), 1);
	scan_again(u);
	assert_int_equal(u->entered, 2); /* not tried again and again */
	assert_false(dropdir_well(u->d, why, sizeof(why)));
	assert_non_null(strstr(why, "1 files are held"));
	put_file(u, "a-wrong.csv", "corrected\n");
	scan_again(u);
	assert_int_equal(u->entered, 3);
	wrong = xasprintf("%s/a-wrong.csv", u->dir);
	assert_int_equal(unlink(wrong), 0);
	scan_again(u);
	assert_true(dropdir_well(u->d, why, sizeof(why)));
}

static void later_means_later(void **state)
{
	struct user *u = *state;

	put_file(u, "a.csv", "one\n");
	open_drop(u);
	u->refuse = -ENOBUFS;
	run(u);
	u->refuse = -EAGAIN;
	run(u);
	assert_int_equal(u->n, 0);
	assert_int_equal(dropdir_held(u->d), 0);
	u->refuse = 0;
	advance(1000);
	scan_again(u);
	assert_int_equal(u->n, 1);
	u->refuse = -EIO;
	put_file(u, "b.csv", "two\n");
	scan_again(u);
	assert_int_equal(dropdir_held(u->d), 1);
}

static void a_folder_made_anew_is_read(void **state)
{
	_cleanup_free_ char *away = NULL;
	struct user *u = *state;
	char why[300] = "";

	u->conf.move_done = true;
	put_file(u, "a.csv", "one\ntwo\n");
	open_drop(u);
	run(u);
	assert_int_equal(u->n, 2);
	assert_true(dropdir_well(u->d, why, sizeof(why)));
	away = xasprintf("%s.away", u->dir);
	assert_int_equal(rename(u->dir, away), 0);
	scan_again(u);
	assert_false(dropdir_well(u->d, why, sizeof(why)));
	assert_non_null(strstr(why, u->dir));
	report_all(u); /* what was read of it before is in the books all the same */
	assert_int_equal(mkdir(u->dir, 0750), 0);
	put_file(u, "b.csv", "three\n");
	scan_again(u);
	assert_true(dropdir_well(u->d, why, sizeof(why)));
	expect_row(u, 2, "three", "b.csv:1");
	report(u, 2, true);
	for (int i = 0; i < 2; i++) { /* the one of before, too */
		advance(2000);
		run(u);
		written(u, true);
		run(u);
	}
	assert_true(there(u, "done/b.csv"));
	assert_int_equal(scratch_remove(away), 0);
}

static void drain_writes_the_last_cursor(void **state)
{
	struct user *u = *state;
	int before;

	put_file(u, "a.csv", "one\ntwo\n");
	open_drop(u);
	run(u);
	written(u, true);
	dropdir_drain(u->d);
	assert_false(dropdir_drained(u->d));
	assert_true(dropdir_step(u->d) < 0);
	before = u->cursors;
	report(u, 0, true);
	assert_int_equal(u->cursors, before);
	report(u, 1, true);
	assert_int_equal(u->cursors, before + 1);
	assert_int_equal(offset_of(u, "a.csv"), 8);
	assert_false(dropdir_drained(u->d));
	written(u, true);
	assert_true(dropdir_drained(u->d));
}

static void junk_in_a_cursor_is_ignored(void **state)
{
	static const char junk[] =
		"{\"files\":[1,{},{\"name\":\"a.csv\"},{\"name\":\"a.csv\",\"head\":"
		"\"0123456789abcdef0"
		"\",\"offset\":3,\"line\":1,\"head_bytes\":3},{\"name\":\"a.csv\",\"head\":\"x\","
		"\"offset\":-1,\"line\":1,\"head_bytes\":3},{\"name\":\"a.csv\",\"head\":\"x\","
		"\"offset\":3,\"line\":1,\"head_bytes\":99999999},{\"name\":\"a.csv\",\"head\":"
		"\"x\","
		"\"offset\":99,\"line\":1,\"head_bytes\":3}]}";
	struct user *u = *state;

	u->cursor = json_loads(junk, 0, NULL);
	assert_non_null(u->cursor);
	put_file(u, "a.csv", "one\n");
	open_drop(u);
	restart(u);
	assert_int_equal(u->n, 1);
	expect_row(u, 0, "one", "a.csv:1");
	dropdir_restore(u->d, NULL);
}

static void many_files_fit_the_cursor(void **state)
{
	struct user *u = *state;
	char name[32];

	u->conf.poll_ms = 2000;
	for (int i = 0; i < 1100; i++) {
		snprintf(name, sizeof(name), "%04d.csv", i);
		append(u, name, "one\n");
	}
	open_drop(u);
	run(u);
	assert_int_equal(u->n, 1100);
	report_all(u);
	written(u, true);
	advance(5000);
	scan_again(u);
	assert_int_equal(json_array_size(json_object_get(u->cursor, "files")), 1000);
	restart(u);
	assert_int_equal(u->n, 100);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rows_come_in_name_order_with_their_places),
		T(only_regular_files_below_the_folder),
		T(the_cursor_names_the_acknowledged_prefix_only),
		T(a_restart_goes_on_from_the_cursor),
		T(a_failed_report_goes_back_to_the_prefix),
		T(a_growing_file_is_followed_and_a_torn_line_waits),
		T(a_marked_file_is_not_touched_before_its_marker),
		T(a_file_moves_only_after_its_cursor_was_written),
		T(a_finished_file_is_moved_after_a_restart),
		T(a_renamed_file_is_gone_on_with),
		T(a_rewritten_file_is_a_new_one),
		T(a_file_rewritten_in_place_is_a_new_one),
		T(late_reports_of_a_replaced_file_change_nothing),
		T(a_row_that_is_too_long_comes_in_parts),
		T(a_held_file_stops_no_neighbour),
		T(later_means_later),
		T(a_folder_made_anew_is_read),
		T(drain_writes_the_last_cursor),
		T(junk_in_a_cursor_is_ignored),
		T(many_files_fit_the_cursor),
	};

	_cleanup_close_ int fd = mkstemp(clock_file);
	int failed;

	setenv("MUARA_CLOCK_FILE", clock_file, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(clock_file);
	return failed;
}
