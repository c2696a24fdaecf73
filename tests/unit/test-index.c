/* index: the scripts against a real Redis on a socket of its own: compare first, all or nothing,
 * lost and foreign indexes, look-ups, timers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"
#include "core/index.h"

#include "redis-bed.h"

static struct index *open_index(const char *cluster)
{
	struct index_conf c = {.socket = server.socket,
		.prefix = "muara.",
		.installation = "i-1",
		.cluster = cluster};
	struct index *x = NULL;

	assert_int_equal(index_open(&c, &x, NULL), 0);
	return x;
}

/* An index of our own, empty. */
static struct index *fresh(const char *cluster)
{
	struct index *x = open_index(cluster);
	enum index_found found;

	assert_int_equal(index_load(x, &found, NULL), 0);
	assert_int_equal(index_reset(x, NULL), 0);
	return x;
}

static struct lane_mark mark(int64_t offset)
{
	struct lane_mark m = {.offset = offset, .term = 3};

	memset(m.writer, 0xab, sizeof(m.writer));
	memset(m.hash, (int)offset, sizeof(m.hash));
	return m;
}

static int apply(struct index *x, enum index_log log, int64_t offset, const char *ops_text)
{
	_cleanup_json_ json_t *ops = json_loads(ops_text, 0, NULL);
	struct lane_mark m = mark(offset);

	assert_non_null(ops);
	return index_apply(x, log, &m, ops, NULL);
}

static char *dump(struct index *x)
{
	struct buf b = BUF_INIT(1 << 20);

	assert_int_equal(index_dump(x, &b, NULL), 0);
	return buf_take(&b);
}

static void test_positions(void **state)
{
	struct index *x = fresh("k"), *y = open_index("k"), *z = open_index("other");
	enum index_found found;
	struct lane_mark m;

	(void)state;
	assert_int_equal(index_mark(x, INDEX_COMPLAINTS).offset, -1);
	assert_int_equal(apply(x, INDEX_COMPLAINTS, 5, "[[\"set\",\"a/1\",\"x\"]]"), 0);
	assert_int_equal(apply(x, INDEX_SUBMISSIONS, 2, "[[\"hset\",\"f/1\",\"1/1\",\"x\"]]"), 0);
	assert_int_equal(index_load(y, &found, NULL), 0);
	assert_int_equal(found, INDEX_OURS);
	m = index_mark(y, INDEX_COMPLAINTS);
	assert_int_equal(m.offset, 5);
	assert_int_equal(m.term, 3);
	assert_int_equal(m.hash[0], 5);
	assert_int_equal(index_load(z, &found, NULL), 0);
	assert_int_equal(found, INDEX_FOREIGN);
	index_close(x);
	index_close(y);
	index_close(z);
}

/* Two owners: only the one that builds on what is stored may write. */
static void test_compare_first(void **state)
{
	struct index *x = fresh("k"), *late = open_index("k");
	enum index_found found;
	_cleanup_free_ char *before = NULL, *after = NULL;

	(void)state;
	assert_int_equal(index_load(late, &found, NULL), 0);
	assert_int_equal(apply(x, INDEX_COMPLAINTS, 1, "[[\"set\",\"c/1\",\"new\"]]"), 0);
	before = dump(x);
	assert_int_equal(apply(late, INDEX_COMPLAINTS, 1, "[[\"set\",\"c/1\",\"old\"]]"), -ESTALE);
	assert_int_equal(apply(late, INDEX_SUBMISSIONS, 1, "[[\"set\",\"c/1\",\"old\"]]"), -ESTALE);
	assert_int_equal(index_reset(late, NULL), -ESTALE);
	after = dump(x);
	assert_string_equal(before, after);
	index_close(x);
	index_close(late);
}

static void test_all_or_nothing(void **state)
{
	static const char *const bad[] = {
		"[[\"set\",\"c/1\",\"x\"],[\"flushall\",\"x\"]]",
		"[[\"set\",\"c/1\",\"x\"],[\"zadd\",\"t\",\"soon\",\"m\"]]",
		"[[\"set\",\"c/1\",\"x\"],[\"hset\",\"w/1\",\"f\"]]",
		"[[\"set\",\"c/1\",\"x\"],[\"sadd\",\"t\",\"m\"]]",
	};
	struct index *x = fresh("k");
	_cleanup_free_ char *before = NULL;
	size_t i;

	(void)state;
	assert_int_equal(apply(x, INDEX_COMPLAINTS, 1, "[[\"zadd\",\"t\",\"5\",\"m\"]]"), 0);
	before = dump(x);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *after = NULL;

		assert_int_equal(apply(x, INDEX_COMPLAINTS, 2, bad[i]), -EINVAL);
		after = dump(x);
		assert_string_equal(before, after);
	}
	index_close(x);
}

static void test_lost_and_scripts_forgotten(void **state)
{
	struct index *x = fresh("k");
	_cleanup_free_ char *line = xasprintf("redis-cli -s %s flushall >/dev/null", server.socket);
	_cleanup_json_ json_t *keys = json_pack("[s]", "a/1");
	struct view *v = view_new();
	_cleanup_free_ char *forget =
		xasprintf("redis-cli -s %s script flush >/dev/null", server.socket);
	enum index_found found;

	(void)state;
	assert_int_equal(apply(x, INDEX_COMPLAINTS, 1, "[]"), 0);
	assert_int_equal(system(forget), 0);
	assert_int_equal(apply(x, INDEX_COMPLAINTS, 2, "[]"), 0);
	assert_int_equal(system(line), 0);
	assert_int_equal(index_fetch(x, keys, v, NULL), -ESTALE); /* absent is not believed */
	assert_int_equal(apply(x, INDEX_COMPLAINTS, 3, "[]"), -ESTALE);
	assert_int_equal(index_load(x, &found, NULL), 0);
	assert_int_equal(found, INDEX_MISSING);
	view_free(v);
	index_close(x);
}

static void test_reset_keeps_others(void **state)
{
	struct index *x = fresh("k");
	_cleanup_free_ char *line =
		xasprintf("redis-cli -s %s set muara.10:a/1 other >/dev/null", server.socket);
	_cleanup_free_ char *get =
		xasprintf("test \"$(redis-cli -s %s get muara.10:a/1)\" = other", server.socket);

	(void)state;
	assert_int_equal(system(line), 0);
	assert_int_equal(apply(x, INDEX_COMPLAINTS, 1, "[[\"set\",\"a/1\",\"x\"]]"), 0);
	assert_int_equal(index_reset(x, NULL), 0);
	assert_int_equal(system(get), 0);
	index_close(x);
}

static void test_look_ups(void **state)
{
	struct index *x = fresh("k");
	struct view *v = view_new();
	_cleanup_json_ json_t *keys = json_pack("[s,s,s,s]", "c/1", "c/2", "w/1", "w/2");
	_cleanup_json_ json_t *due = NULL, *refused = NULL;
	int64_t next = 0, counts[4] = {0};

	(void)state;
	assert_int_equal(
		apply(x, INDEX_COMPLAINTS, 1,
			"[[\"set\",\"c/1\",\"one\"],[\"hset\",\"w/1\",\"f\",\"v\"],"
			"[\"zadd\",\"t\",\"100\",\"1/quiet\"],[\"zadd\",\"t\",\"200\",\"2/hold\"],"
			"[\"sadd\",\"s/review\",\"1\"],[\"set\",\"b/submission/1/1\",\"2/2\"]]"),
		0);
	assert_int_equal(
		apply(x, INDEX_SUBMISSIONS, 1,
			"[[\"hset\",\"r\",\"1/1\",\"{}\"],[\"hset\",\"r\",\"1/2\",\"{}\"]]"),
		0);
	assert_int_equal(index_fetch(x, keys, v, NULL), 0);
	assert_string_equal(json_string_value(view_get(v, "c/1")), "one");
	assert_true(json_is_null(view_get(v, "c/2")));
	assert_string_equal(json_str(view_get(v, "w/1"), "f"), "v");
	assert_true(json_is_null(view_get(v, "w/2")));
	assert_int_equal(index_due(x, 150, 10, &due, &next, NULL), 0);
	assert_int_equal(json_array_size(due), 1);
	assert_int_equal(next, 200);
	assert_int_equal(index_refusals(x, &refused, NULL), 0);
	assert_int_equal(json_object_size(refused), 1);
	assert_non_null(json_object_get(refused, "1/2"));
	assert_int_equal(index_counts(x, counts, NULL), 0);
	assert_int_equal(counts[2], 1);
	view_free(v);
	index_close(x);
}

static void test_redis_away(void **state)
{
	struct index_conf c = {.socket = "/nonexistent/redis.sock",
		.prefix = "muara.",
		.installation = "i",
		.cluster = "k"};
	struct index *x = NULL;
	enum index_found found;
	struct err e;

	(void)state;
	assert_int_equal(index_open(&c, &x, &e), 0);
	assert_int_equal(index_load(x, &found, &e), -ENOTCONN);
	assert_false(index_up(x));
	index_close(x);
	c.prefix = "muara*";
	assert_int_equal(index_open(&c, &x, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_compare_first),
		cmocka_unit_test(test_all_or_nothing),
		cmocka_unit_test(test_lost_and_scripts_forgotten),
		cmocka_unit_test(test_reset_keeps_others),
		cmocka_unit_test(test_look_ups),
		cmocka_unit_test(test_redis_away),
	};

	return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
