/* The blob store in a scratch folder: what is put is read back, damage is found, names are checked,
 * links are not followed, limits hold, leftovers go. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "base/util.h"

#include "core/blob.h"

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

struct scratch {
	char dir[64];
	struct blob_store *store;
};

static int open_scratch(void **state)
{
	struct scratch *s = xcalloc(1, sizeof *s);

	snprintf(s->dir, sizeof s->dir, "%s/muara-blob-XXXXXX", P_tmpdir);
	assert_non_null(mkdtemp(s->dir));
	assert_int_equal(blob_open(s->dir, &s->store, NULL), 0);
	*state = s;
	return 0;
}

static int count_files(const char *dir, bool remove)
{
	DIR *d = opendir(dir);
	const struct dirent *x;
	int n = 0;

	while ((x = readdir(d))) {
		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		n++;
		if (remove)
			unlinkat(dirfd(d), x->d_name, 0);
	}
	closedir(d);
	return n;
}

static int close_scratch(void **state)
{
	struct scratch *s = *state;

	blob_close(s->store);
	count_files(s->dir, true);
	assert_int_equal(rmdir(s->dir), 0);
	free(s);
	return 0;
}

static void put_and_read(void **state)
{
	struct scratch *s = *state;
	struct buf out = BUF_INIT(100);
	char hash[SHA256_HEX_SIZE];
	_cleanup_free_ char *path = NULL;
	struct stat st;
	int64_t bytes;

	assert_int_equal(blob_put(s->store, "abc", 3, hash, NULL), 0);
	assert_string_equal(hash, ABC);
	assert_int_equal(blob_put(s->store, "abc", 3, hash, NULL), 0);
	assert_int_equal(count_files(s->dir, false), 1);
	assert_int_equal(blob_exists(s->store, hash, &bytes, NULL), 0);
	assert_int_equal(bytes, 3);
	assert_int_equal(blob_read(s->store, hash, &out, NULL), 0);
	assert_string_equal(buf_str(&out), "abc");
	assert_int_equal(blob_read_range(s->store, hash, 1, 1, &out, NULL), 0);
	assert_string_equal(buf_str(&out), "abcb");
	assert_int_equal(blob_read_range(s->store, hash, 2, 2, &out, NULL), -EINVAL);
	assert_string_equal(buf_str(&out), "abcb");
	assert_int_equal(blob_path(s->store, hash, &path, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
	buf_free(&out);
}

static void empty_content(void **state)
{
	struct scratch *s = *state;
	struct buf out = BUF_INIT(10);
	char hash[SHA256_HEX_SIZE];

	assert_int_equal(blob_put(s->store, "", 0, hash, NULL), 0);
	assert_int_equal(blob_read(s->store, hash, &out, NULL), 0);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static void from_a_descriptor_with_a_bound(void **state)
{
	struct scratch *s = *state;
	char path[96], hash[SHA256_HEX_SIZE];
	int64_t bytes = 0;
	int fd;

	snprintf(path, sizeof path, "%s/source", s->dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(fd, "abc", 3), 3);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(blob_put_fd(s->store, fd, 2, hash, &bytes, NULL), -EFBIG);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(blob_put_fd(s->store, fd, 3, hash, &bytes, NULL), 0);
	assert_string_equal(hash, ABC);
	assert_int_equal(bytes, 3);
	close(fd);
	unlink(path);
	assert_int_equal(count_files(s->dir, false), 1);
}

static void damage_is_found(void **state)
{
	struct scratch *s = *state;
	struct buf out = BUF_INIT(100);
	char hash[SHA256_HEX_SIZE];
	_cleanup_free_ char *path = NULL;
	int64_t bytes;
	int fd;

	assert_int_equal(blob_put(s->store, "abc", 3, hash, NULL), 0);
	assert_int_equal(blob_open_fd(s->store, hash, &fd, &bytes, NULL), 0);
	close(fd);
	assert_int_equal(blob_path(s->store, hash, &path, NULL), 0);
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "abd", 3), 3);
	close(fd);
	assert_int_equal(blob_read(s->store, hash, &out, NULL), -EBADMSG);
	assert_int_equal(out.len, 0);
	assert_int_equal(blob_open_fd(s->store, hash, &fd, &bytes, NULL), -EBADMSG);
	buf_free(&out);
}

static void names_and_links(void **state)
{
	struct scratch *s = *state;
	struct buf out = BUF_INIT(100);
	char path[160];

	assert_int_equal(blob_read(s->store, "../etc/passwd", &out, NULL), -EINVAL);
	assert_int_equal(blob_read(s->store, NULL, &out, NULL), -EINVAL);
	assert_int_equal(blob_read(s->store, ABC, &out, NULL), -ENOENT);
	snprintf(path, sizeof path, "%s/%s", s->dir, ABC);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	assert_int_equal(blob_read(s->store, ABC, &out, NULL), -ELOOP);
	buf_free(&out);
}

static void too_large_for_the_reader(void **state)
{
	struct scratch *s = *state;
	struct buf out = BUF_INIT(2);
	char hash[SHA256_HEX_SIZE];

	assert_int_equal(blob_put(s->store, "abc", 3, hash, NULL), 0);
	assert_int_equal(blob_read(s->store, hash, &out, NULL), -E2BIG);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static void old_leftovers_go_and_young_stay(void **state)
{
	struct scratch *s = *state;
	struct timespec old[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
	struct blob_store *again = NULL;
	char path[96];

	snprintf(path, sizeof path, "%s/.tmp-old", s->dir);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	snprintf(path, sizeof path, "%s/.tmp-young", s->dir);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(blob_open(s->dir, &again, NULL), 0);
	blob_close(again);
	assert_int_equal(count_files(s->dir, false), 1);
}

static void no_directory(void **state)
{
	struct blob_store *s = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(blob_open("/nonexistent/blobs", &s, &e), -ENOENT);
	assert_non_null(strstr(e.text, "blob_dir"));
}

#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, open_scratch, close_scratch)

/* As if it had been put `days` ago. */
static void age(const struct scratch *s, const char *name, int days)
{
	struct timespec old[2] = {
		{.tv_sec = time(NULL) - days * 86400}, {.tv_sec = time(NULL) - days * 86400}};
	_cleanup_free_ char *path = xasprintf("%s/%s", s->dir, name);

	assert_int_equal(utimensat(AT_FDCWD, path, old, AT_SYMLINK_NOFOLLOW), 0);
}

static int64_t days_ago(int days)
{
	return ((int64_t)time(NULL) - days * 86400) * 1000;
}

static int count_one(void *ctx, const struct blob_seen *b)
{
	int *n = ctx;

	assert_string_equal(b->sha256, ABC);
	assert_int_equal(b->bytes, 3);
	(*n)++;
	return 0;
}

static void what_is_old_is_removed(void **state)
{
	struct scratch *s = *state;
	char hash[SHA256_HEX_SIZE];
	struct err e = {0};

	assert_int_equal(blob_put(s->store, "abc", 3, hash, NULL), 0);
	assert_int_equal(blob_remove(s->store, ABC, days_ago(1), &e), 0); /* young */
	assert_int_equal(blob_exists(s->store, ABC, NULL, NULL), 0);
	age(s, ABC, 2);
	assert_int_equal(blob_remove(s->store, ABC, days_ago(3), &e), 0);
	assert_int_equal(blob_remove(s->store, ABC, days_ago(1), &e), 1);
	assert_int_equal(blob_exists(s->store, ABC, NULL, NULL), -ENOENT);
	assert_int_equal(blob_remove(s->store, ABC, days_ago(1), &e), 0); /* gone */
	assert_int_equal(blob_remove(s->store, "../x", days_ago(1), &e), -EINVAL);
	assert_int_equal(count_files(s->dir, false), 0);
}

/* A message of today has the bytes of one long ago: they are needed anew. */
static void what_is_put_again_is_young(void **state)
{
	struct scratch *s = *state;
	char hash[SHA256_HEX_SIZE];

	assert_int_equal(blob_put(s->store, "abc", 3, hash, NULL), 0);
	age(s, ABC, 100);
	assert_int_equal(blob_put(s->store, "abc", 3, hash, NULL), 0);
	assert_int_equal(blob_remove(s->store, ABC, days_ago(1), NULL), 0);
	assert_int_equal(blob_exists(s->store, ABC, NULL, NULL), 0);
}

/* Killed with one out of the way; it was put again meanwhile, or not. */
static void what_was_out_of_the_way_comes_back(void **state)
{
	struct scratch *s = *state;
	_cleanup_free_ char *name = xasprintf("%s/%s", s->dir, ABC);
	_cleanup_free_ char *away = xasprintf("%s/.away-%s", s->dir, ABC);
	char hash[SHA256_HEX_SIZE];

	for (int again = 0; again < 2; again++) {
		int n = 0;

		assert_int_equal(blob_put(s->store, "abc", 3, hash, NULL), 0);
		assert_int_equal(rename(name, away), 0);
		if (again)
			assert_int_equal(blob_put(s->store, "abc", 3, hash, NULL), 0);
		assert_int_equal(blob_each(s->store, count_one, &n, NULL), 0);
		assert_int_equal(n, 1);
		assert_int_equal(count_files(s->dir, false), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(put_and_read),
		STORE_TEST(empty_content),
		STORE_TEST(from_a_descriptor_with_a_bound),
		STORE_TEST(damage_is_found),
		STORE_TEST(names_and_links),
		STORE_TEST(too_large_for_the_reader),
		STORE_TEST(old_leftovers_go_and_young_stay),
		cmocka_unit_test(no_directory),
		cmocka_unit_test_setup_teardown(
			what_is_old_is_removed, open_scratch, close_scratch),
		cmocka_unit_test_setup_teardown(
			what_is_put_again_is_young, open_scratch, close_scratch),
		cmocka_unit_test_setup_teardown(
			what_was_out_of_the_way_comes_back, open_scratch, close_scratch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
