/* When a file of a server is whole, and when one that failed is tried again. */
// uses: daemons/call112/listing.c daemons/call112/weblist.c daemons/call112/due.c
// uses: daemons/call112/fetched.c daemons/call112/fetch.c
// uses: daemons/call112/sftp.c daemons/call112/https.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "daemons/call112/due.h"
#include "daemons/call112/fetch.h"

static void list(struct listing *l, const char *name, const char *stamp)
{
	struct listing_file *f = listing_more(l);

	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->stamp, sizeof(f->stamp), "%s", stamp);
	f->size = 1;
	l->n++;
	listing_sort(l);
}

static bool is_due(struct due *d, const struct listing *l, int64_t now_ms)
{
	const struct listing_file *f = listing_find(l, "a.csv");

	return due_now(d, l, f, due_see(d, l, f, now_ms), now_ms);
}

static void stable_from_when_it_looked_so(void **state)
{
	struct due *d = due_new(FETCH_STABLE, 30000);
	struct listing l = {0};

	(void)state;
	list(&l, "a.csv", "1 20:30");
	assert_false(is_due(d, &l, 1000));
	due_round(d);
	assert_false(is_due(d, &l, 30999));
	assert_true(is_due(d, &l, 31000));
	strcpy(l.v[0].stamp, "2 20:30"); /* it grew */
	assert_false(is_due(d, &l, 31000));
	assert_false(is_due(d, &l, 60999));
	assert_true(is_due(d, &l, 61000));
	due_round(d);
	due_round(d); /* not listed for a round: begins anew */
	assert_false(is_due(d, &l, 70000));
	due_free(d);
	listing_free(&l);
}

/* Its manifest is part of how it looks: with another, it is another. */
static void a_manifest_counts(void **state)
{
	struct due *d = due_new(FETCH_SHA256, 30000);
	struct listing l = {0};

	(void)state;
	list(&l, "a.csv", "1");
	assert_false(is_due(d, &l, 0));
	strcpy(l.v[0].sha256, "x"); /* the list tells it */
	assert_true(is_due(d, &l, 0));
	l.v[0].sha256[0] = '\0';
	list(&l, "a.csv.sha256", "66 20:30");
	assert_true(is_due(d, &l, 0));
	due_failed(due_see(d, &l, &l.v[0], 0), 0, 5000);
	assert_false(is_due(d, &l, 4999));
	strcpy(l.v[1].stamp, "66 20:31");
	assert_true(is_due(d, &l, 4999));
	due_free(d);
	listing_free(&l);
}

static void a_marker_counts(void **state)
{
	struct due *d = due_new(FETCH_MARKER, 30000);
	struct listing l = {0};

	(void)state;
	list(&l, "a.csv", "1");
	assert_false(is_due(d, &l, 100000));
	list(&l, "a.csv.done", "0");
	assert_true(is_due(d, &l, 100000));
	due_free(d);
	listing_free(&l);
}

/* Listed by the minute and rounded: a change within that minute would not show. */
static void a_rounded_size_waits_for_its_minute(void **state)
{
	struct due *d = due_new(FETCH_STABLE, 1000);
	struct listing l = {0};

	(void)state;
	list(&l, "a.csv", "1.2K 20:30");
	l.v[0].minute = true;
	assert_false(is_due(d, &l, 0));
	assert_false(is_due(d, &l, 60000));
	assert_true(is_due(d, &l, DUE_MINUTE_MS));
	due_free(d);
	listing_free(&l);
}

static void what_failed_waits(void **state)
{
	struct due *d = due_new(FETCH_STABLE, 0);
	struct listing l = {0};

	(void)state;
	list(&l, "a.csv", "1");
	assert_true(is_due(d, &l, 0));
	assert_false(due_waits(d));
	due_failed(due_see(d, &l, &l.v[0], 0), 0, 100);
	due_failed(due_see(d, &l, &l.v[0], 0), 0, 100);
	assert_int_equal(due_failures(due_see(d, &l, &l.v[0], 0)), 2);
	assert_true(due_waits(d));
	assert_false(is_due(d, &l, 99));
	assert_true(is_due(d, &l, 100));
	due_round(d);
	due_fetched(due_see(d, &l, &l.v[0], 0));
	due_round(d);
	assert_false(due_waits(d));
	due_free(d);
	due_free(NULL);
	listing_free(&l);
}

static void a_pause_is_as_long_as_it_was_asked_for(void **state)
{
	static const struct {
		int failures;
		uint64_t random;
		int64_t asked_ms, least_ms, most_ms;
	} rows[] = {
		{1, 0, 0, 500, 500}, /* never at once */
		{1, UINT64_MAX, 0, 501, 2500}, {5, UINT64_MAX / 2, 0, 2500, 40000},
		{INT32_MAX, UINT64_MAX, 0, 1000,
			301000}, /* and never for more than 5 min of our own */
		{1, 0, 3600000, 3600000, 3600000},
		{INT32_MAX, UINT64_MAX, 3600000, 3600000, 3600000},
		{5, UINT64_MAX, 100, 501, 40000}, /* it asked for less than we would wait */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t ms = due_pause_ms(rows[i].failures, rows[i].random, rows[i].asked_ms);

		if (ms < rows[i].least_ms || ms > rows[i].most_ms)
			fail_msg("row %zu: %lld ms", i, (long long)ms);
	}
}

static void urls_of_web_servers(void **state)
{
	static const char *const yes[] = {"https://cc112.example/",
		"https://cc112.example:8443/a/b/", "https://[fd00::1]/x/", "http://127.0.0.1:80/x/",
		"http://localhost/x/", "http://[::1]:1/x/"};
	static const char *const no[] = {"cc112.example/", "ftp://cc112.example/",
		"https://cc112.example", "https://cc112.example/a", "https:///a/",
		"https://u@cc112.example/", "https://c/a?b/", "https://c/a#/", "https://c/a b/",
		"http://cc112.example/", "http://127.0.0.1.example/", "http://localhost.example/",
		"http:/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (fetch_web_url_fault(yes[i]))
			fail_msg("%s: %s", yes[i], fetch_web_url_fault(yes[i]));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (!fetch_web_url_fault(no[i]))
			fail_msg("%s", no[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stable_from_when_it_looked_so),
		cmocka_unit_test(a_manifest_counts),
		cmocka_unit_test(a_marker_counts),
		cmocka_unit_test(a_rounded_size_waits_for_its_minute),
		cmocka_unit_test(what_failed_waits),
		cmocka_unit_test(a_pause_is_as_long_as_it_was_asked_for),
		cmocka_unit_test(urls_of_web_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
