/* x_place, x_request: where the reader stands, what it remembers, what it may spend; what it asks.
 */
// uses: daemons/social/x_place.c
// uses: daemons/social/x_page.c
// uses: daemons/social/x_request.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/social/x_place.h"
#include "daemons/social/x_request.h"

#include <cmocka.h>

#define ID(ms)	   ((uint64_t)(ms) << 22)
#define OVERLAP_MS 1000
#define DAY_MS	   86400000LL

static void move(
	struct x_place *p, enum x_list list, uint64_t newest, const uint64_t *ids, size_t n)
{
	x_place_move(p, list, 5, newest, ids, n, OVERLAP_MS);
}

static void from_where(void **state)
{
	struct x_place p = {0};
	const uint64_t ids[] = {ID(9000), ID(8500)};

	(void)state;
	assert_true(x_place_from(&p, X_MENTIONS, OVERLAP_MS) == 0);
	move(&p, X_MENTIONS, ID(9000), ids, 2);
	assert_true(x_place_from(&p, X_MENTIONS, OVERLAP_MS) == ID(8000));
	assert_true(x_place_from(&p, X_MENTIONS, 0) == ID(9000));
	assert_true(x_place_from(&p, X_SEARCH, OVERLAP_MS) == 0);
	move(&p, X_MENTIONS, ID(7000), NULL, 0); /* nothing newer: never back */
	assert_true(p.since[X_MENTIONS] == ID(9000));
	p.since[X_MENTIONS] = 3; /* ids without a time, of a test */
	assert_true(x_place_from(&p, X_MENTIONS, OVERLAP_MS) == 1);
	x_place_free(&p);
}

static void what_is_remembered(void **state)
{
	struct x_place p = {0};
	const uint64_t first[] = {ID(100), ID(9000), ID(8000), ID(8001), ID(9000)};

	(void)state;
	move(&p, X_MENTIONS, ID(9000), first, ARRAY_SIZE(first));
	assert_int_equal(p.n_recent, 2); /* younger than the overlap, each once */
	assert_true(x_place_seen(&p, ID(9000)) && x_place_seen(&p, ID(8001)));
	assert_false(x_place_seen(&p, ID(8000)));
	/* the first version of an edited post: known, or older than all that is remembered */
	assert_true(x_place_carried(&p, ID(8000), ID(8001)));
	assert_true(x_place_carried(&p, ID(8000), ID(7999)));
	assert_false(x_place_carried(&p, ID(8000), ID(8002)));
	/* the slower list keeps what it may still see */
	move(&p, X_SEARCH, ID(8500), NULL, 0);
	move(&p, X_MENTIONS, ID(20000), NULL, 0);
	assert_true(x_place_seen(&p, ID(8001)));
	move(&p, X_SEARCH, ID(20000), NULL, 0);
	assert_false(x_place_seen(&p, ID(9000)));
	x_place_free(&p);
}

/* More than is remembered: what is forgotten is not asked for again. */
static void never_below_what_is_remembered(void **state)
{
	struct x_place p = {0};
	uint64_t *ids = xcalloc(2 * X_RECENT_MAX, sizeof(*ids));

	(void)state;
	for (size_t i = 0; i < 2 * X_RECENT_MAX; i++)
		ids[i] = ID(100000) + i;
	move(&p, X_MENTIONS, ids[2 * X_RECENT_MAX - 1], ids, 2 * X_RECENT_MAX);
	assert_int_equal(p.n_recent, X_RECENT_MAX);
	assert_true(p.forgotten == ids[X_RECENT_MAX - 1]);
	assert_true(x_place_from(&p, X_MENTIONS, OVERLAP_MS) == p.forgotten);
	free(ids);
	x_place_free(&p);
}

static void as_a_cursor(void **state)
{
	struct x_place p = {0}, q = {0}, c = {0};
	const uint64_t ids[] = {9999999999999999999ULL, 9999999999999999998ULL};
	_cleanup_json_ json_t *value = NULL, *odd = NULL;

	(void)state;
	x_place_move(&p, X_SEARCH, 77, ids[0], ids, 2, OVERLAP_MS);
	value = x_place_value(&p);
	assert_string_equal(json_str(value, "search"), "9999999999999999999");
	x_place_load(&q, value);
	assert_true(q.since[X_SEARCH] == ids[0] && q.since[X_MENTIONS] == 0);
	assert_true(q.read_ms[X_SEARCH] == 77 && q.n_recent == 2);
	assert_true(x_place_seen(&q, ids[0]) && x_place_seen(&q, ids[1]));
	x_place_copy(&q, &c);
	assert_true(c.n_recent == 2 && c.recent != q.recent && x_place_seen(&c, ids[1]));
	odd = json_pack("{s:s, s:[i, s, s, n], s:i}", "mentions", "x", "recent", 5, "6", "6x",
		"read_ms", 3);
	x_place_load(&q, odd);
	assert_true(q.since[X_MENTIONS] == 0 && q.n_recent == 1 && x_place_seen(&q, 6));
	x_place_free(&p);
	x_place_free(&q);
	x_place_free(&c);
}

static void a_budget_a_day(void **state)
{
	struct x_budget b = {0}, again = {0};
	_cleanup_json_ json_t *value = NULL;
	int64_t now = 20000 * DAY_MS + 5000;

	(void)state;
	assert_true(x_budget_take(&b, now, 2) && x_budget_take(&b, now, 2));
	assert_false(x_budget_take(&b, now, 2));
	assert_true(x_day_ends_ms(now) == DAY_MS - 5000);
	value = x_budget_value(&b);
	x_budget_load(&again, value);
	assert_false(x_budget_take(&again, now + DAY_MS - 5001, 2));
	assert_true(x_budget_take(&again, now + DAY_MS - 5000, 2));
	assert_int_equal(again.used, 1);
}

static void addresses(void **state)
{
	const struct x_conf c = {.base = (char *)(uintptr_t) "https://api.x.com/",
		.user = (char *)(uintptr_t) "12",
		.search = (char *)(uintptr_t) "a b&c=\"d\" \xc3\xa9",
		.page = 50};
	static const struct {
		struct x_ask ask;
		const char *begin, *hold, *lack;
	} cases[] = {
		{{X_MENTIONS, 7, 9, ""}, "https://api.x.com/2/users/12/mentions?max_results=50",
			"&since_id=7", "start_time"},
		{{X_MENTIONS, 0, 1790000000123, "t/k"}, "https://api.x.com/2/users/12/mentions?",
			"&start_time=2026-09-21T14:13:20.000Z&pagination_token=t%2Fk", "since_id"},
		{{X_MENTIONS, 0, 0, ""}, "https://", "note_tweet", "start_time"},
		{{X_SEARCH, 7, 0, "t"}, "https://api.x.com/2/tweets/search/recent?",
			"&query=a%20b%26c%3D%22d%22%20%C3%A9&since_id=7&next_token=t",
			"pagination_token"},
		{{X_MESSAGES, 7, 9, "t"}, "https://api.x.com/2/dm_events?", "&pagination_token=t",
			"since_id"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *url = x_request_url(&c, &cases[i].ask);

		assert_memory_equal(url, cases[i].begin, strlen(cases[i].begin));
		assert_non_null(strstr(url, cases[i].hold));
		assert_null(strstr(url, cases[i].lack));
		assert_null(strstr(url, "end_time"));
		assert_null(strstr(url, "user.fields"));
		assert_null(strpbrk(url, " \""));
	}
}

static void tokens(void **state)
{
	static const struct {
		const char *text, *header; /* NULL: refused */
	} cases[] = {{"AAAA%2Fabc", "Authorization: Bearer AAAA%2Fabc"},
		{"abc \r\n", "Authorization: Bearer abc"}, {"", NULL}, {"\n", NULL},
		{"Bearer abc", NULL}, {"abc\r\nHost: evil", NULL}, {"ab\x01", NULL}};
	char path[] = "/tmp/muara-x-token-XXXXXX";
	int fd = mkstemp(path);
	const struct x_conf by_file = {.token_file = path};

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct x_conf c = {.token = (char *)(uintptr_t)cases[i].text};
		char header[X_HEADER_SIZE], hash[SHA256_HEX_SIZE], other[SHA256_HEX_SIZE];
		struct err e = {0};
		int want = cases[i].header ? 0 : -EINVAL;

		assert_int_equal(x_request_token(&c, header, hash, &e), want);
		assert_null(strstr(e.text, "evil"));
		assert_int_equal(
			fsio_write_atomic(path, cases[i].text, strlen(cases[i].text), 0600, NULL),
			0);
		assert_int_equal(x_request_token(&by_file, header, other, NULL), want);
		if (cases[i].header) {
			assert_string_equal(header, cases[i].header);
			assert_string_equal(hash, other);
		}
	}
	unlink(path);
	{
		char header[X_HEADER_SIZE], hash[SHA256_HEX_SIZE];

		assert_int_equal(x_request_token(&by_file, header, hash, NULL), -ENOENT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_where),
		cmocka_unit_test(what_is_remembered),
		cmocka_unit_test(never_below_what_is_remembered),
		cmocka_unit_test(as_a_cursor),
		cmocka_unit_test(a_budget_a_day),
		cmocka_unit_test(addresses),
		cmocka_unit_test(tokens),
	};

	return cmocka_run_group_tests_name("x_place", tests, NULL, NULL);
}
