/* utf8: see utf8.h. Decoding is strict and ours (utf8proc tells that input is bad, not how much of
 * it); graphemes and categories are libutf8proc's (UAX #29, Unicode 14 in Debian 12). */
#include <string.h>
#include <utf8proc.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/util.h"

#define REPLACEMENT    0xFFFDu
#define REPLACEMENT_U8 "\xef\xbf\xbd"

struct lead { /* Unicode 15, table 3-7: what may follow a first byte */
	unsigned char first, last;
	unsigned char more;	 /* continuation bytes */
	unsigned char low, high; /* range of the first of them */
};

static const struct lead leads[] = {
	{0xC2, 0xDF, 1, 0x80, 0xBF},
	{0xE0, 0xE0, 2, 0xA0, 0xBF},
	{0xE1, 0xEC, 2, 0x80, 0xBF},
	{0xED, 0xED, 2, 0x80, 0x9F},
	{0xEE, 0xEF, 2, 0x80, 0xBF},
	{0xF0, 0xF0, 3, 0x90, 0xBF},
	{0xF1, 0xF3, 3, 0x80, 0xBF},
	{0xF4, 0xF4, 3, 0x80, 0x8F},
};

static const struct lead *lead_of(unsigned char c)
{
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++)
		if (c >= leads[i].first && c <= leads[i].last)
			return &leads[i];
	return NULL;
}

size_t utf8_next(const char *p, size_t n, uint32_t *ret_char, bool *ret_bad)
{
	const unsigned char *s = (const unsigned char *)p;
	const struct lead *lead = s[0] < 0x80 ? NULL : lead_of(s[0]);
	uint32_t c = s[0];
	size_t have = 1;
	bool bad = s[0] >= 0x80 && !lead;

	if (lead) {
		c &= 0x3Fu >> lead->more;
		while (have < n && have <= lead->more &&
			s[have] >= (have == 1 ? lead->low : 0x80) &&
			s[have] <= (have == 1 ? lead->high : 0xBF))
			c = c << 6 | (s[have++] & 0x3Fu);
		bad = have <= lead->more;
	}
	*ret_char = bad ? REPLACEMENT : c;
	if (ret_bad)
		*ret_bad = bad;
	return have;
}

bool utf8_valid(const void *p, size_t n)
{
	const char *s = p;
	uint32_t c;
	bool bad;

	for (size_t i = 0; i < n;) {
		i += utf8_next(s + i, n - i, &c, &bad);
		if (bad || c == 0)
			return false;
	}
	return true;
}

char *utf8_repair(const void *p, size_t n, size_t *ret_len, bool *ret_repaired)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	bool repaired = false, bad;
	const char *s = p;
	size_t len;
	uint32_t c;

	for (size_t i = 0; i < n; i += len) {
		len = utf8_next(s + i, n - i, &c, &bad);
		if (bad || c == 0) {
			repaired = true;
			buf_adds(&out, REPLACEMENT_U8);
		} else {
			buf_add(&out, s + i, len);
		}
	}
	if (ret_len)
		*ret_len = out.len;
	if (ret_repaired)
		*ret_repaired = repaired;
	return buf_take(&out);
}

size_t utf8_length(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xC0) != 0x80;
	return n;
}

static bool is_space(uint32_t c)
{
	utf8proc_category_t category;

	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	category = utf8proc_category((utf8proc_int32_t)c);
	return c == 0x85 || category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
	       category == UTF8PROC_CATEGORY_ZP;
}

struct cut { /* ends of prefixes, in bytes, all within both bounds */
	size_t grapheme, point, word;
	size_t word_chars;
	bool whole;
};

/* One pass over the prefix; the character behind the bound is looked at, since it tells whether the
 * bound is an end of a grapheme or a word. */
static struct cut cut_at(const char *s, size_t max_chars, size_t max_bytes)
{
	const size_t n = strnlen(s, max_bytes == SIZE_MAX ? max_bytes : max_bytes + 4);
	utf8proc_int32_t state = 0;
	uint32_t c, before = ' ';
	struct cut cut = {0};
	size_t len;

	if (n <= max_chars && n <= max_bytes) { /* a character is a byte at least: most texts */
		cut.whole = true;
		return cut;
	}
	for (size_t i = 0, chars = 0;; i += len, chars++) {
		if (i == n || !s[i]) {
			cut.whole = true;
			return cut;
		}
		len = utf8_next(s + i, n - i, &c, NULL);
		if (i > 0 && utf8proc_grapheme_break_stateful(
				     (utf8proc_int32_t)before, (utf8proc_int32_t)c, &state))
			cut.grapheme = i;
		if (i > 0 && is_space(c) && !is_space(before)) {
			cut.word = i;
			cut.word_chars = chars;
		}
		cut.point = i;
		if (chars >= max_chars || i + len > max_bytes)
			return cut;
		before = c;
	}
}

static size_t prefix(const char *s, size_t max_chars, size_t max_bytes)
{
	struct cut cut = cut_at(s, max_chars, max_bytes);

	if (cut.whole)
		return strlen(s);
	return cut.grapheme ? cut.grapheme : cut.point;
}

size_t utf8_prefix(const char *s, size_t max_chars)
{
	return prefix(s, max_chars, SIZE_MAX);
}

size_t utf8_prefix_bytes(const char *s, size_t max_bytes)
{
	return prefix(s, SIZE_MAX, max_bytes);
}

/* Bytes of s[0..n) without the white space at its end. */
static size_t trimmed(const char *s, size_t n)
{
	size_t end = 0, len;
	uint32_t c;

	for (size_t i = 0; i < n; i += len) {
		len = utf8_next(s + i, n - i, &c, NULL);
		if (!is_space(c))
			end = i + len;
	}
	return end;
}

char *utf8_cut_words(const char *s, size_t max_chars)
{
	struct cut cut = cut_at(s, max_chars, SIZE_MAX);

	if (cut.whole)
		return xstrdup(s);
	if (cut.word && cut.word_chars >= max_chars / 2)
		return xstrndup(s, cut.word);
	return xstrndup(s, trimmed(s, cut.grapheme ? cut.grapheme : cut.point));
}
