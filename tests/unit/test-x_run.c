/* x_run: a reading of a list of X: it ends with its last page and not before, its newest id is that
 * of its first page, nothing is taken in twice, edits are told from what nobody has seen. */
// uses: daemons/social/x_run.c
// uses: daemons/social/x_place.c
// uses: daemons/social/x_page.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "daemons/social/x_run.h"

#include <cmocka.h>

#define DAY_MS (24 * 3600 * 1000LL)

static struct x_page page(uint64_t newest, size_t n, const char *next)
{
	struct x_page p = {.n_items = n, .newest = newest};

	snprintf(p.next_token, sizeof(p.next_token), "%s", next);
	return p;
}

/* 'm' a message, 'e' an edit, '-' nothing new; takes it in. */
static char look(struct x_run *r, const struct x_place *place, uint64_t id, uint64_t first)
{
	struct x_post post = {.id = id, .first = first, .m.sent_ms = 1000};

	if (!x_run_is_new(r, place, &post))
		return '-';
	x_run_took(r, &post);
	return post.m.kind == MK_EDIT ? 'e' : 'm';
}

static void whole_with_its_last_page(void **state)
{
	struct x_run r = {.open = true};
	const struct x_page first = page(90, 2, "a"), empty = page(0, 0, "b"),
			    last = page(70, 2, "");

	(void)state;
	assert_int_equal(x_run_page_done(&r, &first), X_NEXT_PAGE);
	assert_string_equal(r.next, "a");
	assert_int_equal(x_run_page_done(&r, &empty), X_NEXT_PAGE); /* empty is not the end */
	assert_string_equal(r.next, "b");
	assert_int_equal(x_run_page_done(&r, &last), X_NEXT_NONE);
	assert_true(r.newest == 90 && r.pages == 3 && r.n_given == 4);
	x_run_free(&r);
	assert_false(r.open);
}

static void newest_is_of_the_first_page(void **state)
{
	struct x_run r = {.open = true};
	struct x_place place = {0};
	const struct x_page first = page(0, 1, "a"), later = page(99, 1, "");

	(void)state;
	assert_int_equal(look(&r, &place, 80, 80), 'm'); /* a page may not say its newest */
	x_run_page_done(&r, &first);
	assert_int_equal(look(&r, &place, 99, 99), 'm');
	x_run_page_done(&r, &later);
	assert_true(r.newest == 80);
	x_run_free(&r);
}

static void a_page_that_leads_to_itself(void **state)
{
	struct x_run r = {.open = true};
	const struct x_page p = page(90, 2, "a");

	(void)state;
	assert_int_equal(x_run_page_done(&r, &p), X_NEXT_PAGE);
	assert_int_equal(x_run_page_done(&r, &p), X_NEXT_ROUND);
}

static void each_once(void **state)
{
	struct x_run r = {.open = true};
	struct x_place place = {0};
	const uint64_t before[] = {50, 60};

	(void)state;
	x_place_move(&place, X_MENTIONS, 1, 60, before, 2, 1000);
	r.known = 40;
	assert_int_equal(look(&r, &place, 60, 60), '-');
	assert_int_equal(look(&r, &place, 55, 55), 'm'); /* late, below what was seen */
	assert_int_equal(look(&r, &place, 55, 55), '-'); /* again on the next page */
	for (uint64_t id = 100; id < 200; id++)
		assert_int_equal(look(&r, &place, id, id), 'm');
	for (uint64_t id = 100; id < 200; id++)
		assert_int_equal(look(&r, &place, id, id), '-');
	assert_int_equal(r.n_ids, 101);
	x_run_free(&r);
	x_place_free(&place);
}

static void edits(void **state)
{
	static const struct {
		uint64_t id, first;
		char want;
	} cases[] = {
		{100, 60, 'e'}, /* the first version is remembered */
		{101, 30, 'e'}, /* older than what is remembered: carried */
		{102, 70, 'm'}, /* nobody has seen the first version */
		{103, 70, 'e'}, /* but now */
		{70, 70, '-'},	/* and it is not taken in again */
		{104, 104, 'm'},
		{105, 104, 'e'},
	};
	struct x_run r = {.open = true, .known = 40};
	struct x_place place = {0};
	const uint64_t before[] = {60};

	(void)state;
	x_place_move(&place, X_MENTIONS, 1, 60, before, 1, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (look(&r, &place, cases[i].id, cases[i].first) != cases[i].want)
			fail_msg("case %zu is not %c", i, cases[i].want);
	x_run_free(&r);
	x_place_free(&place);
}

static void messages_end_where_they_are_known(void **state)
{
	struct x_run r = {.open = true, .list = X_MESSAGES, .known = 40};
	struct x_run by_time = {.open = true, .list = X_MESSAGES, .start_ms = 2000};
	struct x_place place = {0};
	const struct x_page p = page(0, 2, "a");

	(void)state;
	assert_int_equal(look(&r, &place, 50, 50), 'm');
	assert_int_equal(x_run_page_done(&r, &p), X_NEXT_PAGE);
	assert_int_equal(look(&r, &place, 40, 40), '-');
	assert_int_equal(x_run_page_done(&r, &p), X_NEXT_NONE);
	assert_true(r.newest == 50);
	assert_int_equal(look(&by_time, &place, 50, 50), 'm'); /* the start is the normalizer's */
	assert_int_equal(x_run_page_done(&by_time, &p), X_NEXT_NONE);
	x_run_free(&r);
	x_run_free(&by_time);
}

static void gaps(void **state)
{
	static const struct {
		enum x_list list;
		int64_t last_ms, began_ms;
		size_t given;
		bool gap;
	} cases[] = {
		{X_SEARCH, 0, 90 * DAY_MS, 5000, false}, /* the first reading */
		{X_SEARCH, DAY_MS, 8 * DAY_MS, 5000, false},
		{X_SEARCH, DAY_MS, 8 * DAY_MS + 1, 0, true},
		{X_MENTIONS, 0, DAY_MS, 800, false},
		{X_MENTIONS, DAY_MS, 90 * DAY_MS, 799, false},
		{X_MENTIONS, DAY_MS, 2 * DAY_MS, 800, true},
		{X_MESSAGES, DAY_MS, 90 * DAY_MS, 5000, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct x_run r = {.list = cases[i].list,
			.began_ms = cases[i].began_ms,
			.n_given = cases[i].given};

		assert_int_equal(x_run_has_gap(&r, cases[i].last_ms), cases[i].gap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_with_its_last_page),
		cmocka_unit_test(newest_is_of_the_first_page),
		cmocka_unit_test(a_page_that_leads_to_itself),
		cmocka_unit_test(each_once),
		cmocka_unit_test(edits),
		cmocka_unit_test(messages_end_where_they_are_known),
		cmocka_unit_test(gaps),
	};

	return cmocka_run_group_tests_name("x_run", tests, NULL, NULL);
}
