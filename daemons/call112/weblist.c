/* weblist: see weblist.h. */
#include "weblist.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/jsonspan.h"
#include "base/util.h"

#define HREF_MAX (4 * LISTING_NAME_MAX)
#define ITEM_MAX 8192
#define BLANK	 " \t\r\n"

const char *const weblist_choices[] = {"autoindex", "json", "manifest", NULL};

static int too_many(struct err *e)
{
	return err_set(e, -EFBIG, "it lists more than %d files", LISTING_FILES_MAX);
}

/* --- names in links --- */

static const struct {
	const char *name;
	char c;
} entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''},
	{"&nbsp;", ' '}};

/* A character given by number; as UTF-8 only what names of files have: ASCII. 0: none. */
static size_t by_number(const char *p, const char *end, char *ret)
{
	bool hex = end - p > 3 && (p[2] == 'x' || p[2] == 'X');
	const char *at = p + (hex ? 3 : 2);
	unsigned value = 0;

	if (end - p < 4 || p[1] != '#' || *at == ';')
		return 0;
	for (; at < end && *at != ';'; at++) {
		int c = tolower((unsigned char)*at);

		if (!(hex ? isxdigit(c) : isdigit(c)) || value > 0x7f)
			return 0;
		value = value * (hex ? 16 : 10) + (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);
	}
	if (at == end || value == 0 || value > 0x7f)
		return 0;
	*ret = (char)value;
	return (size_t)(at + 1 - p);
}

/* Bytes of the entity p begins with; 0: it is none that is known, and stands for itself. */
static size_t entity(const char *p, const char *end, char *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(entities); i++) {
		size_t n = strlen(entities[i].name);

		if ((size_t)(end - p) >= n && memcmp(p, entities[i].name, n) == 0) {
			*ret = entities[i].c;
			return n;
		}
	}
	return by_number(p, end, ret);
}

static size_t unescape_html(const char *p, const char *end, char *out, size_t size)
{
	size_t n = 0;

	while (p < end && n < size) {
		size_t used = *p == '&' ? entity(p, end, &out[n]) : 0;

		if (!used)
			out[n] = *p;
		p += used ?: 1;
		n++;
	}
	return n;
}

/* In place. -EINVAL: a % that is none. */
static int unescape_percent(char *p, size_t *n)
{
	size_t out = 0;

	for (size_t i = 0; i < *n; i++, out++) {
		char hex[3] = {0};

		p[out] = p[i];
		if (p[i] != '%')
			continue;
		if (*n - i < 3)
			return -EINVAL;
		memcpy(hex, p + i + 1, 2);
		if (hex_decode(hex, 1, &p[out]))
			return -EINVAL;
		i += 2;
	}
	*n = out;
	return 0;
}

/* What a link leads to, when that is a file of the folder. 1, 0, -EINVAL. */
static int name_of_link(const char *p, size_t n, const char *folder, char ret[LISTING_NAME_MAX + 1])
{
	char href[HREF_MAX];
	size_t len = unescape_html(p, p + n, href, sizeof(href)), skip = strlen(folder);
	char *name = href;

	if (len == sizeof(href))
		return 0;
	if (len > skip && memcmp(href, folder, skip) == 0)
		name += skip;
	else if (len > 2 && memcmp(href, "./", 2) == 0)
		name += 2;
	len -= (size_t)(name - href);
	if (memchr(name, '?', len) || memchr(name, '#', len) || memchr(name, '/', len))
		return 0; /* to sort by, above, below, or elsewhere */
	if (unescape_percent(name, &len))
		return -EINVAL;
	if (!listing_safe_name(name, len))
		return 0;
	memcpy(ret, name, len);
	ret[len] = '\0';
	return 1;
}

/* --- the page of a folder --- */

static const char *find(const char *p, const char *end, const char *what)
{
	size_t n = strlen(what);

	for (; (size_t)(end - p) >= n; p++)
		if (strncasecmp(p, what, n) == 0)
			return p;
	return NULL;
}

/* The value of href in a tag that p, behind its name, lies in; *ret_end behind the '>'. */
static const char *href_of(const char *p, const char *end, size_t *n, const char **ret_end)
{
	const char *value = NULL;

	*ret_end = end;
	while (p < end && *p != '>') {
		const char *name = p, *from, *to;

		while (p < end && !strchr("=> \t\r\n", *p))
			p++;
		if (p == end || *p != '=' || p + 1 == end || !strchr("\"'", p[1])) {
			p += p < end && *p != '>';
			continue;
		}
		from = p + 2;
		to = memchr(from, p[1], (size_t)(end - from));
		if (!to)
			return NULL;
		if (p - name == 4 && strncasecmp(name, "href", 4) == 0) {
			value = from;
			*n = (size_t)(to - from);
		}
		p = to + 1;
	}
	*ret_end = p < end ? p + 1 : end;
	return value;
}

/* What stands behind a link up to the end of its line or row, without tags, blanks as one. */
static const char *tail_of(const char *p, const char *end, char *out, size_t size)
{
	size_t n = 0;

	while (p < end && *p != '\n') {
		size_t used = 1;
		char c = *p;

		if (c == '<') {
			const char *close = memchr(p, '>', (size_t)(end - p));

			if (!close || (end - p >= 3 && strncasecmp(p, "<a", 2) == 0) ||
				(end - p >= 4 && strncasecmp(p, "</tr", 4) == 0))
				break;
			used = (size_t)(close + 1 - p);
			c = ' ';
		} else if (c == '&') {
			used = entity(p, end, &c) ?: 1;
		}
		c = (char)(isspace((unsigned char)c) ? ' ' : c);
		if (n + 1 < size && (c != ' ' || (n && out[n - 1] != ' ')))
			out[n++] = c;
		p += used;
	}
	out[n] = '\0';
	return p;
}

static bool is_clock(const char *s)
{
	return isdigit((unsigned char)s[0]) && isdigit((unsigned char)s[1]) && s[2] == ':' &&
	       isdigit((unsigned char)s[3]) && isdigit((unsigned char)s[4]) &&
	       (!s[5] || s[5] == ':');
}

/* "1234", or rounded, "1.2K": no one knows to what */
static int size_told(const char *s, struct listing_file *f)
{
	size_t digits = strspn(s, "0123456789."), rest = strlen(s) - digits;

	if (parse_i64(s, 0, INT64_MAX, &f->size) == 0)
		return 0;
	f->size = -1;
	f->minute = true;
	return digits && rest == 1 && strchr("KMGTkmgt", s[digits]) ? 0 : -EINVAL;
}

/* "24-Nov-2026 20:30 1234 ..." */
static int what_is_told(char *tail, struct listing_file *f)
{
	char *save, *day = strtok_r(tail, " ", &save);
	char *clock = day ? strtok_r(NULL, " ", &save) : NULL;
	char *size = clock ? strtok_r(NULL, " ", &save) : NULL;
	int n;

	if (!size || strlen(day) < 8 || !isdigit((unsigned char)*day) || !is_clock(clock) ||
		size_told(size, f))
		return -EINVAL;
	n = snprintf(f->stamp, sizeof(f->stamp), "%s %s %s", size, day, clock);
	return n < 0 || (size_t)n >= sizeof(f->stamp) ? -EINVAL : 0;
}

/* One link, and where to go on. -EFBIG */
static int take_link(struct listing *l, const char *folder, const char **p, const char *end,
	const char *href, size_t n)
{
	struct listing_file *f = listing_more(l);
	const char *close = find(*p, end, "</a>");
	char tail[LISTING_STAMP_MAX];
	int r;

	if (!f)
		return -EFBIG;
	*p = close ? tail_of(close + 4, end, tail, sizeof(tail)) : end;
	r = name_of_link(href, n, folder, f->name);
	if (r > 0 && (!close || what_is_told(tail, f)))
		r = -EINVAL;
	l->n += r > 0;
	l->strange += r < 0;
	return 0;
}

static int read_page(
	const char *folder, const char *p, const char *end, struct listing *ret, struct err *e)
{
	p += strspn(p, BLANK);
	if (p == end || *p != '<' || !find(p, end, "index of"))
		return err_set(e, -EBADMSG,
			"what it answers is no page of a folder (\"Index of ...\"): is autoindex "
			"on?");
	if (!find(p, end, "</html>"))
		return err_set(e, -EAGAIN, "the page of the folder is cut");
	while ((p = find(p, end, "<a"))) {
		const char *href;
		size_t n = 0;

		p += 2;
		if (!strchr(BLANK, *p))
			continue;
		href = href_of(p, end, &n, &p);
		if (href && take_link(ret, folder, &p, end, href, n))
			return too_many(e);
	}
	return 0;
}

/* --- JSON --- */

static bool hash_told(const char *s, char ret[SHA256_HEX_SIZE])
{
	return s && strlen(s) == SHA256_HEX_SIZE - 1 && listing_manifest(s, strlen(s), ret) == 0;
}

/* What the file goes by, from what is told of it. */
static int stamp(struct listing_file *f, const char *time)
{
	int n;

	if (f->size >= 0)
		n = snprintf(f->stamp, sizeof(f->stamp), "%" PRId64 " %s%s%s", f->size, time,
			*time && *f->sha256 ? " " : "", f->sha256);
	else
		n = snprintf(f->stamp, sizeof(f->stamp), "%s%s%s", time,
			*time && *f->sha256 ? " " : "", f->sha256);
	return n < 0 || (size_t)n >= sizeof(f->stamp) ? -EINVAL : 0;
}

static int name_told(const char *s, size_t n, struct listing_file *f)
{
	if (n > 2 && memcmp(s, "./", 2) == 0) {
		s += 2;
		n -= 2;
	}
	if (!listing_safe_name(s, n))
		return 0;
	memcpy(f->name, s, n);
	f->name[n] = '\0';
	return 1;
}

/* 1 a file, 0 nothing of ours, -EINVAL. */
static int item(struct span one, struct listing_file *f)
{
	_cleanup_json_ json_t *j =
		one.n > ITEM_MAX || json_depth_check(one.p, one.n, JSON_DEPTH_MAX)
			? NULL
			: json_loadb(one.p, one.n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_is_string(j) ? json_string_value(j) : json_str(j, "name");
	const char *type = json_str_or(j, "type", "file"), *time = json_str_or(j, "mtime", "");
	const char *hash = json_str(j, "sha256");
	int r;

	if (!name || (hash && !hash_told(hash, f->sha256)))
		return -EINVAL;
	if (strcmp(type, "file") != 0)
		return 0;
	f->size = json_int(j, "size", -1);
	if (f->size < -1)
		return -EINVAL;
	if (strlen(time) < sizeof(f->modified) && strstr(time, " GMT"))
		snprintf(f->modified, sizeof(f->modified), "%s", time);
	r = name_told(name, strlen(name), f);
	return r > 0 && stamp(f, time) ? -EINVAL : r;
}

static int read_items(const char *p, size_t n, struct listing *ret, struct err *e)
{
	struct json_span_iter it;
	struct span whole, one;
	int r;

	if (json_span_root(p, n, &whole))
		return err_set(e, -EAGAIN, "the JSON of the list is cut");
	if (json_span_array(whole, &it))
		return err_set(e, -EBADMSG, "the JSON of the list is no array");
	while ((r = json_span_next(&it, &one)) > 0) {
		struct listing_file *f = listing_more(ret);

		if (!f)
			return too_many(e);
		r = item(one, f);
		ret->n += r > 0;
		ret->strange += r < 0;
	}
	return r ? err_set(e, -EAGAIN, "the JSON of the list is broken") : 0;
}

/* --- manifest --- */

/* The last field of a line, when there is one before it. */
static const char *last_field(const char *p, size_t n, size_t *ret_before)
{
	size_t at = n;

	while (at && !isblank((unsigned char)p[at - 1]))
		at--;
	*ret_before = at;
	while (*ret_before && isblank((unsigned char)p[*ret_before - 1]))
		(*ret_before)--;
	return *ret_before ? p + at : NULL;
}

/* name [size] [sha256]: taken off from behind. Changes p. */
static int fields(char *p, size_t n, struct listing_file *f)
{
	const char *field;
	size_t before;
	int r;

	p[n] = '\0';
	field = last_field(p, n, &before);
	if (field && hash_told(field, f->sha256)) {
		p[n = before] = '\0';
		field = last_field(p, n, &before);
	}
	if (field && parse_i64(field, 0, INT64_MAX, &f->size) == 0)
		p[n = before] = '\0';
	r = name_told(p, n, f);
	return r > 0 && stamp(f, "") ? -EINVAL : r;
}

/* "HASH  name", "HASH *name": as sha256sum writes it */
static int line(const char *p, size_t n, struct listing_file *f)
{
	char text[LISTING_NAME_MAX + 100];
	size_t h = SHA256_HEX_SIZE - 1;
	int r;

	while (n && isspace((unsigned char)p[n - 1]))
		n--;
	if (n == 0 || *p == '#')
		return 0;
	if (n >= sizeof(text))
		return -EINVAL;
	if (n > h + 2 && p[h] == ' ' && strchr(" *", p[h + 1]) &&
		listing_manifest(p, n, f->sha256) == 0) {
		r = name_told(p + h + 2, n - h - 2, f);
		return r > 0 && stamp(f, "") ? -EINVAL : r;
	}
	memcpy(text, p, n);
	return fields(text, n, f);
}

static int read_lines(const char *p, const char *end, struct listing *ret, struct err *e)
{
	if (p < end && *p == '<')
		return err_set(e, -EBADMSG, "the manifest is a page, no list");
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct listing_file *f = listing_more(ret);
		int r;

		if (!nl)
			return err_set(e, -EAGAIN, "the manifest is cut: its last line has no end");
		if (!f)
			return too_many(e);
		r = line(p, (size_t)(nl - p), f);
		ret->n += r > 0;
		ret->strange += r < 0;
		p = nl + 1;
	}
	return 0;
}

int weblist_read(enum weblist_kind kind, const char *folder, const char *p, size_t n,
	struct listing *ret, struct err *e)
{
	size_t bom = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	const char *text;
	int r;

	*ret = (struct listing){0};
	p += bom; /* one only: a second one is the file's own matter */
	n -= bom;
	text = p + strspn(p, BLANK);
	if (kind == WEBLIST_AUTOINDEX)
		r = read_page(folder, p, p + n, ret, e);
	else if (kind == WEBLIST_JSON && *text != '[' && *text != '{')
		r = err_set(e, -EBADMSG, "what it answers is no JSON: autoindex_format json?");
	else if (kind == WEBLIST_JSON || *text == '[')
		r = read_items(p, n, ret, e);
	else
		r = read_lines(p, p + n, ret, e);
	if (r == 0 && ret->strange && !ret->n)
		r = err_set(e, -EBADMSG, "it lists its files in a form that is not known");
	listing_sort(ret);
	return r;
}
