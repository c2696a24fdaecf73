/* charset: see charset.h. */
#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "base/util.h"

#include "charset.h"

/* Labels in mails -> what iconv calls what is meant (WHATWG's encoding standard has the list). */
static const char *const aliases[][2] = {{"ks_c_5601-1987", "CP949"}, {"euc-kr", "CP949"},
	{"ks_c_5601", "CP949"}, {"shift_jis", "CP932"}, {"shift-jis", "CP932"}, {"sjis", "CP932"},
	{"x-sjis", "CP932"}, {"gb2312", "GB18030"}, {"gbk", "GB18030"}, {"big5", "BIG5-HKSCS"},
	{"iso-8859-8-i", "ISO-8859-8"}, {"iso-2022-jp", "ISO-2022-JP-2"}, {"iso-8859-9", "CP1254"},
	{"utf-7", "UTF-7"}, {"unicode-1-1-utf-7", "UTF-7"}};

static bool guess(const char *label)
{
	static const char *const any[] = {"us-ascii", "ascii", "iso-8859-1", "latin1", "iso8859-1",
		"windows-1252", "cp1252", "x-unknown", "unknown", "unknown-8bit", "default", "ansi",
		"utf-8", "utf8", NULL};

	for (size_t i = 0; label && any[i]; i++)
		if (strcasecmp(label, any[i]) == 0)
			return true;
	return !label || !*label;
}

static bool utf8_label(const char *label)
{
	return label && (strcasecmp(label, "utf-8") == 0 || strcasecmp(label, "utf8") == 0);
}

/* Is there one character of two bytes or more? */
static bool any_utf8(const char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint32_t c;
		bool bad = false;
		size_t len = utf8_next(p + i, n - i, &c, &bad);

		if (!bad && len > 1)
			return true;
		i += len;
	}
	return false;
}

static const char *iconv_name(const char *label)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (strcasecmp(label, aliases[i][0]) == 0)
			return aliases[i][1];
	return label;
}

/* NULL: iconv does not know it. */
static char *convert(const char *p, size_t n, const char *from, size_t *ret_len)
{
	iconv_t cd = iconv_open("UTF-8", from);
	struct buf b = BUF_INIT(SIZE_MAX / 2);
	char chunk[1024], *in = (char *)(uintptr_t)p;
	size_t left = n;

	if ((intptr_t)cd == -1)
		return NULL;
	for (bool flushing = false;;) {
		char *out = chunk;
		size_t room = sizeof(chunk);
		size_t r = iconv(cd, flushing ? NULL : &in, flushing ? NULL : &left, &out, &room);
		int error = errno;

		buf_add(&b, chunk, (size_t)(out - chunk));
		if (r != (size_t)-1) {
			if (flushing)
				break;
			flushing = true;
		} else if (error != E2BIG) { /* EILSEQ, EINVAL: one byte is given up */
			buf_adds(&b, "\xEF\xBF\xBD");
			if (flushing || !left)
				break;
			in++, left--;
		}
	}
	iconv_close(cd);
	*ret_len = b.len;
	return b.len ? buf_take(&b) : (buf_free(&b), xstrdup(""));
}

char *charset_utf8(const char *p, size_t n, const char *label, size_t *ret_len)
{
	_cleanup_free_ char *text = NULL;
	const char *from = NULL;
	size_t len;

	if (!guess(label))
		from = iconv_name(label);
	else if (!utf8_valid(p, n) && !memchr(p, '\0', n) &&
		 !(any_utf8(p, n) && (utf8_label(label) || !label)))
		from = "CP1252";
	text = from ? convert(p, n, from, &len) : NULL;
	if (!text && !guess(label) && !utf8_valid(p, n) && !any_utf8(p, n))
		text = convert(p, n, "CP1252", &len);
	return utf8_repair(text ? text : p, text ? len : n, ret_len, NULL);
}
