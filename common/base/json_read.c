/* json_read: see json_read.h.
 *
 * jansson's own reader takes some 150 instructions a byte (a call for each, its UTF-8 judged one by
 * one, each token copied three times), and half of what a filing cost was spent there. Here a
 * string without escapes is looked at where it lies and copied once, into its node.
 *
 * Guarantee: a tree that is returned equals, value for value and in the order of its members, the
 * one json_loadb(JSON_REJECT_DUPLICATES) makes of the same bytes; tests/unit/test-json.c and
 * tests/fuzz/fuzz-json.c compare the two. Real numbers and integers of 19 digits and more are given
 * to jansson, each by itself: how those are rounded and bounded is its own affair. */
#include <string.h>

#include "base/buf.h"
#include "base/json_read.h"
#include "base/utf8.h"
#include "base/util.h"

#define INTEGER_DIGITS 18 /* any number of so many fits */

struct reader {
	const char *at, *end;
	int depth;	  /* levels that may still be opened */
	struct buf *text; /* of a string with escapes */
};

struct text { /* a string as it was read; lies in the input or in reader.text */
	const char *p;
	size_t n;
};

static json_t *read_value(struct reader *r);

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end &&
		(*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* --- strings --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits behind \u; -1: they are none. */
static int take_unit(struct reader *r)
{
	int unit = 0;

	if (r->end - r->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(*r->at++);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static void add_char(struct buf *b, uint32_t c)
{
	char s[4];
	size_t n = 0;

	if (c < 0x80) {
		s[n++] = (char)c;
	} else if (c < 0x800) {
		s[n++] = (char)(0xC0 | c >> 6);
	} else if (c < 0x10000) {
		s[n++] = (char)(0xE0 | c >> 12);
		s[n++] = (char)(0x80 | (c >> 6 & 0x3F));
	} else {
		s[n++] = (char)(0xF0 | c >> 18);
		s[n++] = (char)(0x80 | (c >> 12 & 0x3F));
		s[n++] = (char)(0x80 | (c >> 6 & 0x3F));
	}
	if (c >= 0x80)
		s[n++] = (char)(0x80 | (c & 0x3F));
	(void)buf_add(b, s, n);
}

/* Behind "\u". A half of a pair by itself is no character. */
static bool unescape_unit(struct reader *r)
{
	int unit = take_unit(r), low;

	if (unit <= 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
		return false;
	if (unit < 0xD800 || unit > 0xDFFF) {
		add_char(r->text, (uint32_t)unit);
		return true;
	}
	if (!take(r, '\\') || !take(r, 'u'))
		return false;
	low = take_unit(r);
	if (low < 0xDC00 || low > 0xDFFF)
		return false;
	add_char(r->text, 0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00));
	return true;
}

/* Behind the backslash. */
static bool unescape(struct reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *which;

	if (r->at == r->end)
		return false;
	if (*r->at == 'u') {
		r->at++;
		return unescape_unit(r);
	}
	which = *r->at ? strchr(from, *r->at) : NULL;
	if (!which)
		return false;
	(void)buf_addc(r->text, to[which - from]);
	r->at++;
	return true;
}

/* Moves behind what stands for itself: up to a quote, an escape or a control character. False: it
 * is no UTF-8. */
static bool skip_plain(struct reader *r)
{
	while (r->at < r->end) {
		unsigned char c = (unsigned char)*r->at;
		uint32_t point;
		bool bad;

		if (c == '"' || c == '\\' || c < ' ')
			return true;
		if (c < 0x80) {
			r->at++;
			continue;
		}
		r->at += utf8_next(r->at, (size_t)(r->end - r->at), &point, &bad);
		if (bad)
			return false;
	}
	return true;
}

/* Behind the opening quote; at a backslash. */
static bool read_escaped(struct reader *r, const char *start, struct text *ret)
{
	buf_reset(r->text);
	(void)buf_add(r->text, start, (size_t)(r->at - start));
	while (take(r, '\\')) {
		if (!unescape(r))
			return false;
		start = r->at;
		if (!skip_plain(r))
			return false;
		(void)buf_add(r->text, start, (size_t)(r->at - start));
	}
	*ret = (struct text){buf_str(r->text), r->text->len};
	return take(r, '"');
}

static bool read_text(struct reader *r, struct text *ret)
{
	const char *start;

	if (!take(r, '"'))
		return false;
	start = r->at;
	if (!skip_plain(r) || r->at == r->end)
		return false;
	if (*r->at == '\\')
		return read_escaped(r, start, ret);
	*ret = (struct text){start, (size_t)(r->at - start)};
	return take(r, '"');
}

static json_t *read_string(struct reader *r)
{
	struct text t;

	return read_text(r, &t) ? json_stringn_nocheck(t.p, t.n) : NULL;
}

/* --- numbers and words --- */

static size_t take_digits(struct reader *r)
{
	const char *start = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return (size_t)(r->at - start);
}

/* Behind the whole part. */
static bool is_real(const struct reader *r)
{
	return r->at < r->end && (*r->at == '.' || *r->at == 'e' || *r->at == 'E');
}

static bool is_of_number(char c)
{
	return (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
}

static json_t *read_by_jansson(struct reader *r, const char *start)
{
	while (r->at < r->end && is_of_number(*r->at))
		r->at++;
	return json_loadb(start, (size_t)(r->at - start), JSON_DECODE_ANY, NULL);
}

static json_t *read_number(struct reader *r)
{
	const char *start = r->at, *digits;
	bool minus = take(r, '-');
	json_int_t v = 0;
	size_t n;

	digits = r->at;
	n = take_digits(r);
	if (!n || (n > 1 && *digits == '0'))
		return NULL;
	if (n > INTEGER_DIGITS || is_real(r))
		return read_by_jansson(r, start);
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (digits[i] - '0');
	return json_integer(minus ? -v : v);
}

static bool take_word(struct reader *r, const char *word, size_t n)
{
	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
		return false;
	r->at += n;
	return true;
}

/* --- lists and objects --- */

/* A comma: true, another item follows. False: see whether it is the end. */
static bool take_comma(struct reader *r)
{
	skip_blanks(r);
	if (!take(r, ','))
		return false;
	skip_blanks(r);
	return true;
}

static bool read_items(struct reader *r, json_t *list)
{
	skip_blanks(r);
	if (take(r, ']'))
		return true;
	do {
		json_t *v = read_value(r);

		if (!v || json_array_append_new(list, v))
			return false;
	} while (take_comma(r));
	return take(r, ']');
}

static bool read_member(struct reader *r, json_t *obj)
{
	size_t n = json_object_size(obj);
	_cleanup_free_ char *kept = NULL;
	struct text key;
	json_t *v;

	if (!read_text(r, &key) || memchr(key.p, '\0', key.n))
		return false;
	if (key.p == buf_str(r->text)) { /* the value may need that room */
		kept = xstrndup(key.p, key.n);
		key.p = kept;
	}
	skip_blanks(r);
	if (!take(r, ':'))
		return false;
	skip_blanks(r);
	v = read_value(r);
	if (!v || json_object_setn_new_nocheck(obj, key.p, key.n, v))
		return false;
	return json_object_size(obj) > n; /* else the key was there before */
}

static bool read_members(struct reader *r, json_t *obj)
{
	skip_blanks(r);
	if (take(r, '}'))
		return true;
	do
		if (!read_member(r, obj))
			return false;
	while (take_comma(r));
	return take(r, '}');
}

static json_t *read_nested(struct reader *r, bool list)
{
	_cleanup_json_ json_t *j = list ? json_array() : json_object();

	r->at++;
	if (!j || !r->depth)
		return NULL;
	r->depth--;
	if (!(list ? read_items(r, j) : read_members(r, j)))
		return NULL;
	r->depth++;
	return TAKE_PTR(j);
}

static json_t *read_value(struct reader *r)
{
	if (r->at == r->end)
		return NULL;
	switch (*r->at) {
	case '{':
	case '[':
		return read_nested(r, *r->at == '[');
	case '"':
		return read_string(r);
	case 't':
		return take_word(r, "true", 4) ? json_true() : NULL;
	case 'f':
		return take_word(r, "false", 5) ? json_false() : NULL;
	case 'n':
		return take_word(r, "null", 4) ? json_null() : NULL;
	default:
		return read_number(r);
	}
}

json_t *json_read(const char *p, size_t n, int max_depth)
{
	_cleanup_buf_ struct buf text = BUF_INIT(n + 1);
	struct reader r = {.at = p, .end = p + n, .depth = max_depth, .text = &text};
	_cleanup_json_ json_t *j = NULL;

	skip_blanks(&r);
	if (r.at == r.end || (*r.at != '{' && *r.at != '['))
		return NULL;
	j = read_value(&r);
	skip_blanks(&r);
	return r.at == r.end ? TAKE_PTR(j) : NULL;
}
