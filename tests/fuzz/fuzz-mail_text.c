/* mail_text: HTML to words, quote trimming, charsets: any bytes end, valid UTF-8 comes out, nothing
 * is made up. */
// uses: daemons/email/charset.c
// parser: common/core/html_text.c
// uses: daemons/email/quote_trim.c
#include "base/utf8.h"
#include "core/html_text.h"
#include "daemons/email/charset.h"
#include "daemons/email/quote_trim.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const labels[] = {NULL, "utf-8", "us-ascii", "windows-1251",
		"iso-2022-jp", "ks_c_5601-1987", "utf-7", "entah"};
	char *text, *page, *words, *trimmed;
	bool cut;
	size_t len;

	if (n < 1)
		return 0;
	text = charset_utf8((const char *)data + 1, n - 1, labels[data[0] & 7], &len);
	CHECK(utf8_valid(text, len) && strlen(text) == len);
	page = malloc(len ? len : 1); /* of its exact size: reading behind its end is found */
	if (!page)
		abort();
	memcpy(page, text, len);
	words = html_text(page, len);
	CHECK(strlen(words) <= HTML_TEXT_MAX);
	trimmed = quote_trim(words, data[0] & 8, &cut);
	CHECK(utf8_valid(trimmed, strlen(trimmed)));
	CHECK(strlen(trimmed) <= strlen(words));
	CHECK(!cut || *trimmed); /* never everything */
	free(trimmed);
	free(words);
	free(page);
	free(text);
	return 0;
}
