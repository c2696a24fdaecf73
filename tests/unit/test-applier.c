// uses: daemons/normalizer/applier.c
/* applier: on a real Redis that goes away, comes back, is emptied, is somebody else's: every record
 * reaches the index once, and a lost answer is told from a lost change. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"
#include "daemons/normalizer/applier.h"

#include "scratch.h"

static char dir[64], path[80];
static pid_t pid;

/* Keeps what was written: appendonly, so that a kill loses nothing that was answered. */
static int start_redis(void)
{
	unlink(path);
	pid = fork();
	if (pid == 0) {
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path,
			"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--dir",
			dir, "--logfile", "/dev/null", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 3000 && access(path, F_OK) != 0; i++)
		usleep(20000);
	return access(path, F_OK);
}

static void kill_redis(void)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(path);
}

static int group_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	snprintf(dir, sizeof(dir), "/tmp/muara-applier-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	return start_redis();
}

static int group_down(void **state)
{
	(void)state;
	kill_redis();
	return scratch_remove(dir);
}

static struct index *open_index(void)
{
	struct index_conf c = {
		.socket = path, .prefix = "muara.", .installation = "i", .cluster = "c"};
	struct index *x = NULL;
	enum index_found found;

	assert_int_equal(index_open(&c, &x, NULL), 0);
	/* The socket is there before Redis has read its file. */
	for (int i = 0; i < 3000 && index_load(x, &found, NULL) < 0; i++)
		usleep(20000);
	return x;
}

static struct index *fresh(void)
{
	struct index *x = open_index();

	assert_int_equal(index_reset(x, NULL), 0);
	return x;
}

static struct lane_mark mark(int64_t offset)
{
	struct lane_mark m = {.offset = offset, .term = 3};

	memset(m.writer, 7, sizeof(m.writer));
	memset(m.hash, (int)(offset & 0xff), sizeof(m.hash));
	return m;
}

static bool add(struct applier *a, enum index_log log, int64_t offset)
{
	struct lane_mark m = mark(offset);
	_cleanup_free_ char *key = xasprintf("a/%d-%lld", (int)log, (long long)offset);

	return applier_add(a, log, &m, json_pack("[[s,s,s]]", "set", key, "x"));
}

static int64_t keys(struct index *x)
{
	_cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
	int64_t n = 0;
	const char *p;

	assert_int_equal(index_dump(x, &out, NULL), 0);
	for (p = buf_str(&out); (p = strstr(p, "a/")); p++)
		n++;
	return n;
}

static void both_logs_once_each(void **state)
{
	struct index *x = fresh();
	struct applier *a = applier_new(x);
	struct err e = {0};

	(void)state;
	assert_true(add(a, INDEX_COMPLAINTS, 1));
	assert_true(add(a, INDEX_SUBMISSIONS, 4));
	assert_true(add(a, INDEX_COMPLAINTS, 2));
	assert_false(add(a, INDEX_COMPLAINTS, 2)); /* it has that */
	assert_int_equal(applier_pending(a), 3);
	assert_int_equal(applier_flush(a, &e), 0);
	assert_int_equal(applier_pending(a), 0);
	assert_int_equal(index_mark(x, INDEX_COMPLAINTS).offset, 2);
	assert_int_equal(index_mark(x, INDEX_SUBMISSIONS).offset, 4);
	assert_int_equal(keys(x), 3);
	applier_free(a);
	a = applier_new(x); /* the next owner reads the log from its beginning */
	assert_false(add(a, INDEX_COMPLAINTS, 1));
	assert_false(add(a, INDEX_SUBMISSIONS, 3));
	assert_true(add(a, INDEX_COMPLAINTS, 3));
	assert_int_equal(applier_flush(a, &e), 0);
	applier_free(a);
	index_close(x);
}

static void more_than_one_script_holds(void **state)
{
	struct index *x = fresh();
	struct applier *a = applier_new(x);
	struct err e = {0};
	int i;

	(void)state;
	for (i = 0; i < 1500; i++)
		add(a, INDEX_COMPLAINTS, i);
	assert_int_equal(applier_flush(a, &e), 0);
	assert_int_equal(index_mark(x, INDEX_COMPLAINTS).offset, 1499);
	assert_int_equal(keys(x), 1500);
	applier_free(a);
	index_close(x);
}

static void away_and_back(void **state)
{
	struct index *x = fresh();
	struct applier *a = applier_new(x);
	struct err e = {0};

	(void)state;
	add(a, INDEX_COMPLAINTS, 1);
	assert_int_equal(applier_flush(a, &e), 0);
	kill_redis();
	add(a, INDEX_COMPLAINTS, 2);
	assert_true(applier_flush(a, &e) < 0);
	assert_true(applier_recover(a, &e) < 0);
	assert_int_not_equal(e.code, -ESTALE);
	assert_int_equal(start_redis(), 0);
	for (int i = 0; i < 3000 && applier_recover(a, &e) < 0 && e.code != -ESTALE; i++)
		usleep(20000);
	assert_int_equal(applier_recover(a, &e), 0);
	assert_int_equal(applier_pending(a), 1);
	assert_int_equal(applier_flush(a, &e), 0);
	assert_int_equal(keys(x), 2);
	applier_free(a);
	index_close(x);
}

/* The change was made, only its answer was lost: not made a second time. */
static void a_lost_answer(void **state)
{
	struct index *x = fresh(), *twin;
	struct applier *a = applier_new(x), *b;
	struct err e = {0};

	(void)state;
	twin = open_index();
	b = applier_new(twin);
	add(a, INDEX_COMPLAINTS, 1);
	add(b, INDEX_COMPLAINTS, 1);
	assert_int_equal(applier_flush(b, &e), 0);
	assert_int_equal(applier_flush(a, &e), -ESTALE);
	add(a, INDEX_COMPLAINTS, 2);
	assert_int_equal(applier_recover(a, &e), 0);
	assert_int_equal(applier_pending(a), 1);
	assert_int_equal(applier_flush(a, &e), 0);
	assert_int_equal(index_mark(x, INDEX_COMPLAINTS).offset, 2);
	applier_free(a);
	applier_free(b);
	index_close(x);
	index_close(twin);
}

static void elsewhere(void **state)
{
	struct index *x = fresh(), *twin;
	struct applier *a = applier_new(x), *b;
	struct err e = {0};

	(void)state;
	twin = open_index();
	b = applier_new(twin);
	add(a, INDEX_COMPLAINTS, 1);
	add(b, INDEX_COMPLAINTS, 9); /* a newer owner went on */
	assert_int_equal(applier_flush(b, &e), 0);
	assert_int_equal(applier_flush(a, &e), -ESTALE);
	assert_int_equal(applier_recover(a, &e), -ESTALE);
	assert_int_equal(applier_pending(a), 1);
	assert_int_equal(index_reset(twin, &e), 0); /* or it was emptied and begun anew */
	assert_int_equal(applier_recover(a, &e), 0);
	assert_int_equal(applier_flush(a, &e), 0);
	applier_free(a);
	applier_free(b);
	index_close(x);
	index_close(twin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_logs_once_each),
		cmocka_unit_test(more_than_one_script_holds),
		cmocka_unit_test(away_and_back),
		cmocka_unit_test(a_lost_answer),
		cmocka_unit_test(elsewhere),
	};

	return cmocka_run_group_tests(tests, group_up, group_down);
}
