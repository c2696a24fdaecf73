/* witness: what was written is there for whoever opens it next, at every moment, and the file never
 * has another form than a whole witness. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "core/witness.h"

static char dir[64];

static struct witness *opened(void)
{
	struct witness *w = NULL;
	struct err e = {0};

	if (witness_open(dir, "complaints", 0, &w, &e))
		fail_msg("%s", e.text);
	return w;
}

static struct lane_mark mark(int64_t offset)
{
	struct lane_mark m = {.offset = offset, .term = 3};

	memset(m.writer, (int)(offset & 0xff), sizeof m.writer);
	memset(m.hash, (int)(offset * 7 & 0xff), sizeof m.hash);
	return m;
}

static char *path_of(char out[128], const char *end)
{
	snprintf(out, 128, "%s/witness-complaints-0.json%s", dir, end);
	return out;
}

static void expect_stored(int64_t offset)
{
	struct witness *other = opened();
	struct lane_mark m = mark(offset);

	assert_int_equal(witness_mark(other)->offset, offset);
	assert_memory_equal(witness_mark(other)->hash, m.hash, sizeof m.hash);
	assert_memory_equal(witness_mark(other)->writer, m.writer, sizeof m.writer);
	witness_close(other);
}

static void what_was_written_is_there(void **state)
{
	struct witness *w = opened();
	struct stat st;
	char path[128];

	(void)state;
	assert_int_equal(witness_mark(w)->offset, -1);
	for (int64_t i = 1; i <= 3000; i = i * 5 / 4 + 1) { /* now and then synced */
		struct lane_mark m = mark(i), older = mark(i - 1);

		assert_int_equal(witness_write(w, &m, i, NULL), 0);
		assert_int_equal(witness_write(w, &older, i, NULL), 0); /* never back */
		expect_stored(i);
	}
	assert_int_equal(stat(path_of(path, ""), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(witness_forget(w, NULL), 0);
	assert_int_equal(witness_mark(w)->offset, -1);
	witness_close(w);
	w = opened();
	assert_int_equal(witness_mark(w)->offset, -1);
	witness_close(w);
}

static void a_lost_second_file_is_no_trouble(void **state)
{
	struct witness *w = opened();
	char path[128];

	(void)state;
	for (int64_t i = 5000; i < 5006; i++) {
		struct lane_mark m = mark(i);

		assert_int_equal(witness_write(w, &m, 1, NULL), 0);
		if (i == 5002)
			assert_int_equal(unlink(path_of(path, ".new")), 0);
		expect_stored(i);
	}
	witness_close(w);
}

static void what_is_no_witness_is_told(void **state)
{
	struct witness *w = NULL;
	struct err e = {0};
	char path[128];

	(void)state;
	assert_int_equal(truncate(path_of(path, ""), 40), 0);
	assert_int_equal(witness_open(dir, "complaints", 0, &w, &e), -EBADMSG);
	assert_non_null(strstr(e.text, path));
}

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/test-witness.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char path[128];

	(void)state;
	unlink(path_of(path, ""));
	unlink(path_of(path, ".new"));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_there),
		cmocka_unit_test(a_lost_second_file_is_no_trouble),
		cmocka_unit_test(what_is_no_witness_is_told),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
