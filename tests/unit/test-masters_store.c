/* Where lists of numbers lie: the old content or the new, damage and other endpoints told, what a
 * person accepted, a list kept by hand. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "core/masters_store.h"

#include "scratch.h"

#define T0 1764547200000LL

static char dir[200];
static const struct profile_master institutions = {
	.name = "institutions", .path = "/m", .id = "id", .label = "name", .max_answer = 1 << 20};
static struct masters_at at = {
	.dir = dir, .base = "http://a", .destination = "lapor", .m = &institutions};

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "%s/muara-store-XXXXXX", P_tmpdir);
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	at.base = "http://a";
	return scratch_remove(dir);
}

static int keep(const char *entries, int64_t now_ms, struct master_change *c)
{
	struct master_read r = {
		.m = &institutions, .entries = json_loads(entries, 0, NULL), .told = -1};
	struct err e = {0};
	int rc = masters_keep(&at, &r, now_ms, false, NULL, c, &e);

	master_read_free(&r);
	return rc;
}

static const char *file(const char *name)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/lapor/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	assert_int_equal(fsio_write_atomic(file(name), text, strlen(text), 0640, NULL), 0);
}

static void what_is_kept_is_there_again(void **state)
{
	_cleanup_json_ json_t *doc = NULL, *later = NULL;
	struct master_change c;
	struct stat st;
	struct err e = {0};

	(void)state;
	assert_int_equal(masters_load(&at, &doc, &e), -ENOENT);
	assert_int_equal(keep("{\"77\":\"Dishub\",\"78\":\"PU\"}", T0, &c), 0);
	assert_int_equal(masters_load(&at, &doc, &e), 0);
	assert_string_equal(json_str(json_object_get(doc, "entries"), "77"), "Dishub");
	assert_int_equal(masters_fetched_ms(doc), T0);
	assert_int_equal(stat(file("institutions.json"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(keep("{\"78\":\"PU\"}", T0 + 1, &c), 0);
	assert_int_equal(c.gone, 1);
	assert_int_equal(masters_load(&at, &later, &e), 0);
	assert_non_null(json_object_get(json_object_get(later, "gone"), "77"));
}

/* A reader that has the old file open, or a power cut in the middle, finds the old one whole. */
static void the_old_file_is_never_written_into(void **state)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct master_change c;
	char other[300];
	size_t n, m;

	(void)state;
	assert_int_equal(keep("{\"77\":\"Dishub\"}", T0, &c), 0);
	snprintf(other, sizeof other, "%s/other", dir);
	assert_int_equal(link(file("institutions.json"), other), 0);
	assert_int_equal(fsio_read_file(other, 1 << 20, &before, &n, NULL), 0);
	assert_int_equal(keep("{\"77\":\"Dishub\",\"78\":\"PU\"}", T0 + 1, &c), 0);
	assert_int_equal(fsio_read_file(other, 1 << 20, &after, &m, NULL), 0);
	assert_string_equal(before, after);
}

static void damage_is_told_and_begun_anew(void **state)
{
	_cleanup_json_ json_t *doc = NULL;
	struct master_change c;
	struct err e = {0};

	(void)state;
	assert_int_equal(keep("{\"77\":\"Dishub\"}", T0, &c), 0);
	put("institutions.json", "{\"schema\":\"muara.masters/1\",\"entr");
	assert_int_equal(masters_load(&at, &doc, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "institutions.json: damaged"));
	assert_int_equal(keep("{\"77\":\"Dishub\"}", T0 + 1, &c), 0);
	assert_int_equal(masters_load(&at, &doc, &e), 0);
}

static void another_endpoint_has_another_list(void **state)
{
	_cleanup_json_ json_t *doc = NULL;
	struct master_change c;
	struct err e = {0};

	(void)state;
	assert_int_equal(keep("{\"77\":\"Dishub\"}", T0, &c), 0);
	at.base = "http://b";
	assert_int_equal(masters_load(&at, &doc, &e), -ESTALE);
	assert_int_equal(keep("{\"1\":\"Sandbox\"}", T0 + 1, &c), 0);
	assert_int_equal(c.gone, 0);
	assert_int_equal(masters_load(&at, &doc, &e), 0);
	assert_int_equal(json_object_size(json_object_get(doc, "gone")), 0);
}

static void an_answer_that_is_not_believed_changes_nothing(void **state)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	struct master_change c;
	size_t n;

	(void)state;
	assert_int_equal(
		keep("{\"1\":\"a\",\"2\":\"b\",\"3\":\"c\",\"4\":\"d\",\"5\":\"e\",\"6\":\"f\","
		     "\"7\":\"g\"}",
			T0, &c),
		0);
	assert_int_equal(fsio_read_file(file("institutions.json"), 1 << 20, &before, &n, NULL), 0);
	assert_int_equal(keep("{\"1\":\"a\"}", T0 + 1, &c), -ESTALE);
	assert_int_equal(fsio_read_file(file("institutions.json"), 1 << 20, &after, &n, NULL), 0);
	assert_string_equal(before, after);
}

static void what_is_accepted_stands_beside_it(void **state)
{
	_cleanup_json_ json_t *one = NULL, *two = NULL, *bad = NULL;
	struct master_change c;
	struct err e = {0};
	int64_t stamp;

	(void)state;
	one = masters_accepted(&at, &e);
	assert_int_equal(json_object_size(one) + (size_t)e.code, 0);
	assert_int_equal(keep("{\"78\":\"PU\"}", T0, &c), 0);
	stamp = masters_stamp(&at);
	assert_true(stamp == masters_stamp(&at));
	assert_int_equal(masters_accept(&at, "78", "PUPR", &e), 0);
	assert_false(stamp == masters_stamp(&at));
	assert_int_equal(masters_accept(&at, "79", "Dinkes", &e), 0);
	two = masters_accepted(&at, &e);
	assert_int_equal(json_object_size(two), 2);
	assert_string_equal(json_str(two, "78"), "PUPR");
	stamp = masters_stamp(&at);
	assert_int_equal(keep("{\"78\":\"PUPR\"}", T0 + 1, &c), 0);
	assert_false(stamp == masters_stamp(&at));
	put("institutions.accepted.json", "[");
	bad = masters_accepted(&at, &e);
	assert_int_equal(json_object_size(bad), 0);
	assert_non_null(strstr(e.text, "institutions.accepted.json: "));
	assert_true(masters_accept(&at, "80", "x", &e) < 0);
}

static void a_list_by_hand_is_read_where_it_lies(void **state)
{
	struct profile_master by_hand = {.name = "categories"};
	struct masters_at here = {
		.dir = dir, .base = "http://a", .destination = "lapor", .m = &by_hand};
	char path[300];
	json_t *doc = NULL;
	struct err e = {0};

	(void)state;
	snprintf(path, sizeof path, "%s/kategori.csv", dir);
	by_hand.file = path;
	assert_int_equal(masters_load(&here, &doc, &e), -ENOENT);
	assert_int_equal(fsio_write_atomic(path, "id,name\n15,Air\n", 15, 0640, NULL), 0);
	assert_int_equal(masters_load(&here, &doc, &e), 0);
	assert_string_equal(json_str(json_object_get(doc, "entries"), "15"), "Air");
	json_decref(doc);
	assert_int_equal(fsio_write_atomic(path, "id,name\n", 8, 0640, NULL), 0);
	assert_int_equal(masters_load(&here, &doc, &e), -EINVAL);
	assert_non_null(strstr(e.text, "kategori.csv: it is empty"));
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIR(what_is_kept_is_there_again),
		IN_DIR(the_old_file_is_never_written_into),
		IN_DIR(damage_is_told_and_begun_anew),
		IN_DIR(another_endpoint_has_another_list),
		IN_DIR(an_answer_that_is_not_believed_changes_nothing),
		IN_DIR(what_is_accepted_stands_beside_it),
		IN_DIR(a_list_by_hand_is_read_where_it_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
