/* utf8, mask, screening: any text is made whole, cut at its bounds, masked and judged. */
// parser: common/base/utf8.c
// parser: common/base/mask.c
// parser: common/core/screening.c
#include "base/mask.h"
#include "base/utf8.h"
#include "core/screening.h"

#include "fuzz.h"

static void cuts(const char *s, size_t max)
{
	size_t all = strlen(s), n = utf8_prefix(s, max);
	char *words = utf8_cut_words(s, max);

	CHECK(n <= all && utf8_valid(s, n));
	n = utf8_prefix_bytes(s, max);
	CHECK(n <= all && n <= max && utf8_valid(s, n));
	CHECK(utf8_length(words) <= max && utf8_valid(words, strlen(words)));
	free(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	bool repaired = false;
	size_t len;
	char *s = utf8_repair(data, n, &len, &repaired);
	struct screening verdict;

	CHECK(strlen(s) == len && utf8_valid(s, len));
	CHECK(repaired == !utf8_valid(data, n));
	cuts(s, n ? data[0] : 0);
	verdict = screen_text(s, n ? data[0] % CC_COUNT_ : CC_NONE);
	CHECK(verdict.rule && verdict.verdict <= SCREEN_EMERGENCY);
	free(s);
	s = fuzz_text(data, n);
	len = strlen(s);
	mask_line(s);
	CHECK(strlen(s) <= len && utf8_valid(s, strlen(s)) && !strchr(s, '\n'));
	free(s);
	return 0;
}
