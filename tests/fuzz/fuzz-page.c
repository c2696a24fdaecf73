/* page: the text before '|' is a URL template, the one behind it an answer: items lie within it,
 * one behind the other, and a URL that comes out leads where the template does. */
// uses: daemons/call112/page.c
#include "daemons/call112/page.h"

#include "fuzz.h"

static void urls(const char *template, unsigned kind, const char *next)
{
	char *url;
	size_t host;

	if (page_url_fault(template))
		return;
	(void)page_by_number(template, next);
	url = page_url(template, kind % 3, 1790000000000, 2, next);
	if (!url)
		return;
	CHECK(strlen(url) < PAGE_URL_MAX + 1);
	host = strcspn(strstr(template, "://") + 3, "/?") +
	       (size_t)(strstr(template, "://") - template) + 3;
	CHECK(strncasecmp(url, template, host) == 0);
	CHECK(!url[host] || strchr("/?", url[host]));
	free(url);
}

static void items(const char *template, unsigned kind, const char *body)
{
	size_t n = strlen(body);
	const char *end = body;
	struct page page;
	struct span item;

	if (page_open(body, n, kind & 1 ? "" : "data.items", kind & 2 ? "next" : NULL, &page, NULL))
		return;
	while (json_span_next(&page.items, &item) == 1) {
		CHECK(item.n > 0 && item.p >= end && item.p + item.n <= body + n);
		end = item.p + item.n;
	}
	urls(template, kind, page.next);
	page_close(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = fuzz_text(data + 1, n ? n - 1 : 0), *bar = strchr(text, '|');
	int64_t ms;

	if (n && bar) {
		*bar = '\0';
		urls(text, data[0], NULL);
		items(text, data[0], bar + 1);
		if (page_time(text, 420, &ms) == 0)
			CHECK(ms > 0);
	}
	free(text);
	return 0;
}
