/* URLs of a JSON poll and what its answers hold. */
// uses: daemons/call112/page.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/util.h"
#include "daemons/call112/page.h"

#define BASE "https://cc112.example:8443/api/calls"
#define MS   INT64_C(1790000000123) /* 2026-09-21T14:13:20.123Z */

static const struct {
	const char *template;
	enum page_since format;
	int page;
	const char *next, *want; /* want NULL: refused */
} urls[] = {
	{BASE, PAGE_RFC3339, 1, NULL, BASE},
	{BASE "?from={since}", PAGE_RFC3339, 1, NULL, BASE "?from=2026-09-21T14%3A13%3A20.123Z"},
	{BASE "?from={since}&page={page}", PAGE_SECONDS, 3, NULL, BASE "?from=1790000000&page=3"},
	{BASE "/{since}", PAGE_MILLISECONDS, 1, NULL, BASE "/1790000000123"},
	{BASE "?c={page}", PAGE_SECONDS, 2, "a b&c=/\xc3\xa9", BASE "?c=a%20b%26c%3D%2F%C3%A9"},
	{BASE, PAGE_SECONDS, 2, BASE "?p=2", BASE "?p=2"},
	{BASE, PAGE_SECONDS, 2, "HTTPS://CC112.example:8443/lain",
		NULL}, /* a token, by its looks */
	{BASE, PAGE_SECONDS, 2, "https://CC112.example:8443/lain",
		"https://CC112.example:8443/lain"},
	{BASE, PAGE_SECONDS, 2, "http://cc112.example:8443/api", NULL},
	{BASE, PAGE_SECONDS, 2, "https://cc112.example/api", NULL},
	{BASE, PAGE_SECONDS, 2, "https://cc112.example:8443.jahat.example/api", NULL},
	{BASE, PAGE_SECONDS, 2, "https://cc112.example:8443@jahat.example/", NULL},
	{BASE, PAGE_SECONDS, 2, BASE "?a b", NULL},
};

static void urls_of_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		char *url =
			page_url(urls[i].template, urls[i].format, MS, urls[i].page, urls[i].next);
		/* a token where the template has no place for it changes nothing */
		const char *want = i == 6 ? BASE : urls[i].want;

		if (!want != !url || (url && strcmp(url, want) != 0))
			fail_msg("row %zu: %s", i, url ? url : "refused");
		free(url);
	}
}

static void a_next_that_is_too_long(void **state)
{
	char *token = xmalloc(PAGE_URL_MAX + 1);

	(void)state;
	memset(token, 'x', PAGE_URL_MAX);
	token[PAGE_URL_MAX] = '\0';
	assert_null(page_url(BASE "?{page}", PAGE_SECONDS, MS, 2, token));
	memcpy(token, BASE "?", strlen(BASE "?"));
	assert_null(page_url(BASE, PAGE_SECONDS, MS, 2, token));
	free(token);
}

static void faults_of_a_template(void **state)
{
	static const char *const bad[] = {"ftp://a/b", "a", "https:///x", "https://?x",
		"https://a b/", "https://u:p@a/", "https://{since}/", "https://a/{until}",
		"https://a/{since", "https://a/x#y"};
	static const char *const good[] = {
		"https://a", "http://127.0.0.1:8112/x?y={since}", "https://a/@x?q={page}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!page_url_fault(bad[i]))
			fail_msg("taken: %s", bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (page_url_fault(good[i]))
			fail_msg("%s: %s", good[i], page_url_fault(good[i]));
	assert_true(page_by_number("https://a/{page}", NULL));
	assert_false(page_by_number("https://a/{page}", "next"));
	assert_false(page_by_number("https://a/", NULL));
}

/* "n items next" of an answer, or "-" when it has no list. */
static void expect(const char *body, const char *items, const char *next, const char *want)
{
	char got[200];
	struct page page;
	struct span item;
	struct err e = {0};
	int n = 0, r;

	if (page_open(body, strlen(body), items, next, &page, &e)) {
		assert_string_equal(want, "-");
		assert_true(e.text[0]);
		return;
	}
	while ((r = json_span_next(&page.items, &item)) == 1)
		n++;
	snprintf(
		got, sizeof(got), "%d%s %s", n, r ? " broken" : "", page.next ? page.next : "none");
	page_close(&page);
	if (strcmp(got, want) != 0)
		fail_msg("%s: %s, not %s", body, got, want);
}

static void items_and_the_next_page(void **state)
{
	(void)state;
	expect("[]", "", NULL, "0 none");
	expect(" [{}, 1, \"x\"] ", "", NULL, "3 none");
	expect("{\"data\":{\"items\":[{},{}]},\"next\":\"abc\"}", "data.items", "next", "2 abc");
	expect("{\"data\":{\"items\":[]},\"meta\":{\"cursor\":17}}", "data.items", "meta.cursor",
		"0 17");
	expect("{\"items\":[{}],\"next\":null}", "items", "next", "1 none");
	expect("{\"items\":[{}],\"next\":\"\"}", "items", "next", "1 none");
	expect("{\"items\":[{}],\"next\":false}", "items", "next", "1 none");
	expect("{\"items\":[{}]}", "items", "next", "1 none");
	expect("{\"items\":[{},]}", "items", NULL, "1 broken none");
	expect("{\"items\":[{\"a\":\"\\ud800\"},{\"a\":1,\"a\":2}]}", "items", NULL, "2 none");
	expect("{\"items\":{}}", "items", NULL, "-");
	expect("{\"data\":[]}", "items", NULL, "-");
	expect("{\"items\":[{}", "items", NULL, "-");
	expect("<html>Login</html>", "items", NULL, "-");
	expect("", "", NULL, "-");
}

static void times_of_items(void **state)
{
	int64_t ms = 0;

	(void)state;
	assert_int_equal(page_time("1790000000", 420, &ms), 0);
	assert_true(ms == INT64_C(1790000000000));
	assert_int_equal(page_time("1790000000123", 420, &ms), 0);
	assert_true(ms == MS);
	assert_int_equal(page_time("2026-09-21T14:13:20Z", 420, &ms), 0);
	assert_true(ms == INT64_C(1790000000000));
	assert_int_equal(page_time("21 September 2026 21:13:20 WIB", 0, &ms), 0);
	assert_true(ms == INT64_C(1790000000000));
	assert_int_equal(page_time("2026", 420, &ms), -EINVAL);
	assert_int_equal(page_time("kemarin", 420, &ms), -EINVAL);
	assert_int_equal(page_time("", 420, &ms), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_of_pages),
		cmocka_unit_test(a_next_that_is_too_long),
		cmocka_unit_test(faults_of_a_template),
		cmocka_unit_test(items_and_the_next_page),
		cmocka_unit_test(times_of_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
