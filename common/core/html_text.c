/* html_text: see html_text.h. One pass over the bytes; `struct out` folds blanks and line ends. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/util.h"
#include "core/html_text.h"

#define NAME_MAX_BYTES 16
#define QUOTE_MAX      20
#define HREF_MAX       500

struct out {
	struct buf b;
	int newlines; /* wanted before the next word */
	bool blank;   /* a blank is wanted */
	int quote;    /* depth of blockquotes */
	const char *href;
	size_t href_len, href_at; /* the open link, and where its words begin */
	/* What does not come any more behind here, so that no byte is looked at twice for it. */
	bool no_quote, no_apostrophe, no_comment_end, no_skip_end;
};

enum tag_kind { T_BLOCK, T_PARAGRAPH, T_BREAK, T_ITEM, T_CELL, T_QUOTE, T_SKIP, T_LINK };

static const struct tag {
	const char *name;
	enum tag_kind kind;
} tags[] = {{"a", T_LINK}, {"address", T_BLOCK}, {"article", T_BLOCK}, {"aside", T_BLOCK},
	{"blockquote", T_QUOTE}, {"br", T_BREAK}, {"center", T_BLOCK}, {"dd", T_BLOCK},
	{"div", T_BLOCK}, {"dl", T_BLOCK}, {"dt", T_BLOCK}, {"fieldset", T_BLOCK},
	{"footer", T_BLOCK}, {"form", T_BLOCK}, {"h1", T_PARAGRAPH}, {"h2", T_PARAGRAPH},
	{"h3", T_PARAGRAPH}, {"h4", T_PARAGRAPH}, {"h5", T_PARAGRAPH}, {"h6", T_PARAGRAPH},
	{"head", T_SKIP}, {"header", T_BLOCK}, {"hr", T_PARAGRAPH}, {"li", T_ITEM},
	{"noscript", T_SKIP}, {"ol", T_BLOCK}, {"p", T_PARAGRAPH}, {"pre", T_PARAGRAPH},
	{"script", T_SKIP}, {"section", T_BLOCK}, {"style", T_SKIP}, {"svg", T_SKIP},
	{"table", T_BLOCK}, {"td", T_CELL}, {"textarea", T_BLOCK}, {"th", T_CELL},
	{"title", T_SKIP}, {"tr", T_BLOCK}, {"ul", T_BLOCK}};

static const struct {
	const char *name, *text;
} entities[] = {{"amp", "&"}, {"apos", "'"}, {"bull", "•"}, {"copy", "©"}, {"deg", "°"},
	{"eacute", "é"}, {"egrave", "è"}, {"euro", "€"}, {"gt", ">"}, {"hellip", "…"},
	{"laquo", "«"}, {"ldquo", "“"}, {"lsquo", "‘"}, {"lt", "<"}, {"mdash", "—"},
	{"middot", "·"}, {"nbsp", " "}, {"ndash", "–"}, {"quot", "\""}, {"raquo", "»"},
	{"rdquo", "”"}, {"reg", "®"}, {"rsquo", "’"}, {"shy", ""}, {"times", "×"}, {"zwnj", ""}};

/* --- output --- */

static void want_lines(struct out *o, int n)
{
	o->newlines = MAX(o->newlines, n);
	o->blank = false;
}

static void settle(struct out *o)
{
	bool first = o->b.len == 0;

	if (o->newlines || first) {
		for (int i = 0; !first && i < o->newlines; i++)
			buf_addc(&o->b, '\n');
		for (int i = 0; i < o->quote; i++)
			buf_adds(&o->b, "> ");
	} else if (o->blank) {
		buf_addc(&o->b, ' ');
	}
	o->newlines = 0;
	o->blank = false;
}

static void put(struct out *o, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c <= ' ') { /* NUL and other controls too */
			o->blank = !o->newlines && o->b.len;
			continue;
		}
		if (o->newlines || o->blank || !o->b.len)
			settle(o);
		buf_addc(&o->b, p[i]);
	}
}

/* --- character references --- */

static size_t utf8_put(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

/* "&#233;", "&#xE9;": bytes taken, 0 when it is none. */
static size_t number_reference(struct out *o, const char *p, size_t n)
{
	bool hex = n > 2 && (p[2] | 0x20) == 'x';
	size_t i = hex ? 3 : 2, digits = 0;
	uint32_t c = 0;
	char text[4] = {0};

	for (; i < n && digits < 8 &&
		(hex ? isxdigit((unsigned char)p[i]) : isdigit((unsigned char)p[i]));
		i++, digits++) {
		int d = isdigit((unsigned char)p[i]) ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10;

		c = MIN(c * (hex ? 16u : 10u) + (uint32_t)d, 0x110000u);
	}
	if (!digits)
		return 0;
	if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = 0xFFFD;
	put(o, text, utf8_put(c == 0xA0 ? ' ' : c, text));
	return i + (i < n && p[i] == ';');
}

static size_t reference(struct out *o, const char *p, size_t n)
{
	if (n > 2 && p[1] == '#')
		return number_reference(o, p, n);
	for (size_t i = 0; i < ARRAY_SIZE(entities); i++) {
		size_t len = strlen(entities[i].name);

		if (n > len && strncmp(p + 1, entities[i].name, len) == 0 &&
			(n == len + 1 || !isalnum((unsigned char)p[len + 1]))) {
			put(o, entities[i].text, strlen(entities[i].text));
			return len + 1 + (n > len + 1 && p[len + 1] == ';');
		}
	}
	return 0;
}

static void put_text(struct out *o, const char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t taken = p[i] == '&' ? reference(o, p + i, n - i) : 0;

		if (!taken) {
			put(o, p + i, 1);
			taken = 1;
		}
		i += taken;
	}
}

/* --- tags --- */

static const struct tag *find_tag(const char *p, size_t n)
{
	char name[NAME_MAX_BYTES];

	if (!n || n >= sizeof(name))
		return NULL;
	for (size_t i = 0; i < n; i++)
		name[i] = (char)tolower((unsigned char)p[i]);
	name[n] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		if (strcmp(tags[i].name, name) == 0)
			return &tags[i];
	return NULL;
}

/* The end of the tag at p ('<'): behind its '>', quotes respected; n when it has none. */
static size_t tag_end(struct out *o, const char *p, size_t n)
{
	char quote = '\0';
	const char *end;

	for (size_t i = 1; i < n; i++) {
		if (quote)
			quote = p[i] == quote ? '\0' : quote;
		else if ((p[i] == '"' && !o->no_quote) || (p[i] == '\'' && !o->no_apostrophe))
			quote = p[i - 1] == '=' ? p[i] : '\0';
		else if (p[i] == '>')
			return i + 1;
	}
	/* a quote that is never closed must not swallow the mail */
	o->no_quote |= quote == '"';
	o->no_apostrophe |= quote == '\'';
	end = memchr(p, '>', n);
	return end ? (size_t)(end - p) + 1 : n;
}

static void open_link(struct out *o, const char *p, size_t n)
{
	const char *at = memmem(p, n, "href=", 5);
	size_t left, len;
	char quote;

	o->href = NULL;
	if (!at)
		return;
	at += 5;
	left = n - (size_t)(at - p);
	quote = left && (*at == '"' || *at == '\'') ? *at : '\0';
	if (quote)
		at++, left--;
	for (len = 0;
		len < left && at[len] != quote && at[len] != '>' && (unsigned char)at[len] > ' ';)
		len++;
	if (len < 8 || len > HREF_MAX || strncasecmp(at, "http", 4) != 0)
		return;
	o->href = at;
	o->href_len = len;
	o->href_at = o->b.len;
}

static void close_link(struct out *o)
{
	const char *host;

	if (!o->href)
		return;
	host = memmem(o->href, o->href_len, "://", 3);
	host = host ? host + 3 : o->href;
	/* words that show the address need it no second time */
	if (o->b.len > o->href_at && o->b.data &&
		!memmem(o->b.data + o->href_at, o->b.len - o->href_at, host,
			MIN(o->href_len - (size_t)(host - o->href), (size_t)12))) {
		put(o, " <", 2);
		put_text(o, o->href, o->href_len);
		put(o, ">", 1);
	}
	o->href = NULL;
}

static void apply(struct out *o, enum tag_kind kind, bool closing, const char *p, size_t n)
{
	switch (kind) {
	case T_BLOCK:
		want_lines(o, 1);
		break;
	case T_PARAGRAPH:
		want_lines(o, 2);
		break;
	case T_BREAK:
		o->newlines = MIN(o->newlines + 1, 2);
		o->blank = false;
		break;
	case T_ITEM:
		want_lines(o, 1);
		if (!closing)
			put(o, "- ", 2);
		break;
	case T_CELL:
		o->blank = !o->newlines && o->b.len;
		break;
	case T_QUOTE:
		want_lines(o, 1);
		o->quote = closing ? MAX(o->quote - 1, 0) : MIN(o->quote + 1, QUOTE_MAX);
		break;
	case T_LINK:
		closing ? close_link(o) : open_link(o, p, n);
		break;
	case T_SKIP:
		break;
	}
}

/* Behind "</name" of a skipped element; n when it is never closed, and 0 for a head that is not
 * closed, for then the body is in it. */
static size_t skip(struct out *o, const char *p, size_t n, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; !o->no_skip_end && i + len + 2 <= n; i++) {
		const char *lt = memchr(p + i, '<', n - i);

		if (!lt)
			break;
		i = (size_t)(lt - p);
		if (n - i > len + 1 && lt[1] == '/' && strncasecmp(lt + 2, name, len) == 0)
			return i + tag_end(o, lt, n - i);
	}
	o->no_skip_end = true;
	return strcmp(name, "head") == 0 || strcmp(name, "title") == 0 ? 0 : n;
}

/* Bytes taken of the markup at p ('<'). */
static size_t markup(struct out *o, const char *p, size_t n)
{
	bool closing = n > 1 && p[1] == '/';
	size_t at = closing ? 2 : 1, len = 0, end;
	const struct tag *t;

	if (n > 3 && memcmp(p, "<!--", 4) == 0) {
		const char *stop = o->no_comment_end ? NULL : memmem(p + 4, n - 4, "-->", 3);

		o->no_comment_end = !stop;
		return stop ? (size_t)(stop - p) + 3 : tag_end(o, p, n);
	}
	if (n < 2 || !(isalpha((unsigned char)p[at < n ? at : 1]) || p[1] == '!' || p[1] == '?')) {
		put(o, p, 1); /* "a < b" */
		return 1;
	}
	while (at + len < n && isalnum((unsigned char)p[at + len]))
		len++;
	end = tag_end(o, p, n);
	t = find_tag(p + at, len);
	if (!t)
		return end;
	if (t->kind == T_SKIP && !closing && p[end - 1] == '>' && p[end - 2] != '/')
		return end + skip(o, p + end, n - end, t->name);
	apply(o, t->kind, closing, p, end);
	return end;
}

char *html_text(const char *html, size_t n)
{
	struct out o = {.b = BUF_INIT(HTML_TEXT_MAX)};

	for (size_t i = 0; i < n && !o.b.over;) {
		const char *lt = memchr(html + i, '<', n - i);
		size_t len = lt ? (size_t)(lt - html) - i : n - i;

		put_text(&o, html + i, len);
		i += len;
		if (i < n)
			i += markup(&o, html + i, n - i);
	}
	return o.b.len ? buf_take(&o.b) : (buf_free(&o.b), xstrdup(""));
}
