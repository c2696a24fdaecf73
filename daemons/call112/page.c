/* page: see page.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/idtime.h"

#include "page.h"

#define SECONDS_MIN INT64_C(100000000)	  /* 1973: what is smaller is a year or a count */
#define SECONDS_MAX INT64_C(100000000000) /* what is larger is in milliseconds */
#define NEXT_MAX    2048

static bool is_url(const char *s)
{
	return strncmp(s, "https://", 8) == 0 || strncmp(s, "http://", 7) == 0;
}

const char *page_url_fault(const char *template)
{
	const char *host = strstr(template, "://");

	if (!is_url(template))
		return "must begin with https:// (or http:// within one machine)";
	if (!host[3] || strchr("/?#", host[3]))
		return "has no host";
	if (strpbrk(template, " \t\r\n\"<>\\#"))
		return "has a character that a URL cannot have";
	if (memchr(host + 3, '@', strcspn(host + 3, "/?")))
		return "has a user in it; put the secret into `poll_json.secret_header`";
	if (memchr(host + 3, '{', strcspn(host + 3, "/?")))
		return "has a place to fill in within its host";
	for (const char *p = template; (p = strchr(p, '{')); p++)
		if (strncmp(p, "{since}", 7) != 0 && strncmp(p, "{page}", 6) != 0)
			return "may hold {since} and {page}, nothing else in braces";
	return NULL;
}

bool page_by_number(const char *template, const char *next_path)
{
	return !next_path && strstr(template, "{page}");
}

static void add_encoded(struct buf *b, const char *s)
{
	for (; *s; s++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
			    *s))
			buf_addc(b, *s);
		else
			buf_addf(b, "%%%02X", (unsigned)(unsigned char)*s);
}

static void add_since(struct buf *b, enum page_since format, int64_t ms)
{
	char text[TIME_TEXT_SIZE];

	switch (format) {
	case PAGE_SECONDS:
		buf_addf(b, "%" PRId64, ms / 1000);
		return;
	case PAGE_MILLISECONDS:
		buf_addf(b, "%" PRId64, ms);
		return;
	case PAGE_RFC3339:
		break;
	}
	time_format(ms, text);
	add_encoded(b, text);
}

/* Length of "https://host:port". */
static size_t origin_length(const char *url)
{
	const char *host = strstr(url, "://") + 3;

	return (size_t)(host - url) + strcspn(host, "/?#");
}

static char *next_url(const char *template, const char *next)
{
	size_t n = origin_length(template);

	if (strlen(next) >= PAGE_URL_MAX || origin_length(next) != n ||
		strncasecmp(next, template, n) != 0 || strpbrk(next, " \t\r\n\"<>\\#"))
		return NULL;
	return xstrdup(next);
}

char *page_url(
	const char *template, enum page_since format, int64_t since_ms, int page, const char *next)
{
	struct buf b = BUF_INIT(PAGE_URL_MAX);

	if (next && is_url(next))
		return next_url(template, next);
	for (const char *p = template; *p;) {
		if (strncmp(p, "{since}", 7) == 0) {
			add_since(&b, format, since_ms);
			p += 7;
		} else if (strncmp(p, "{page}", 6) == 0) {
			if (next)
				add_encoded(&b, next);
			else
				buf_addf(&b, "%d", page);
			p += 6;
		} else {
			buf_addc(&b, *p++);
		}
	}
	if (!b.over)
		return buf_take(&b);
	buf_free(&b);
	return NULL;
}

/* The value at a dotted path of objects. */
static int span_at(struct span root, const char *path, struct span *ret)
{
	_cleanup_free_ char *copy = xstrdup(path);
	char *save = NULL;

	*ret = root;
	for (char *part = strtok_r(copy, ".", &save); part; part = strtok_r(NULL, ".", &save)) {
		int r = json_span_member(*ret, part, ret);

		if (r)
			return r;
	}
	return 0;
}

/* Text or number; NULL for null, false, "" and whatever else. */
static char *scalar(struct span s)
{
	_cleanup_json_ json_t *v =
		s.n <= NEXT_MAX ? json_loadb(s.p, s.n, JSON_DECODE_ANY, NULL) : NULL;

	if (json_is_integer(v))
		return xasprintf("%lld", (long long)json_integer_value(v));
	return json_is_string(v) && json_string_length(v) ? xstrdup(json_string_value(v)) : NULL;
}

int page_open(const char *body, size_t n, const char *items_path, const char *next_path,
	struct page *ret, struct err *e)
{
	struct span root, list, next;

	*ret = (struct page){0};
	if (json_span_root(body, n, &root))
		return err_set(e, -EINVAL, "the answer is no whole JSON document");
	if (span_at(root, items_path, &list) || json_span_array(list, &ret->items))
		return err_set(e, -EINVAL, "the answer has no list at poll_json.items");
	if (next_path && span_at(root, next_path, &next) == 0)
		ret->next = scalar(next);
	return 0;
}

void page_close(struct page *p)
{
	free(p->next);
	*p = (struct page){0};
}

int page_time(const char *text, int zone_minutes, int64_t *ret_ms)
{
	int64_t n;

	if (parse_i64(text, SECONDS_MIN, INT64_C(100000000000000), &n) == 0) {
		*ret_ms = n < SECONDS_MAX ? n * 1000 : n;
		return 0;
	}
	return id_time_parse(text, zone_minutes, ret_ms) || *ret_ms <= 0 ? -EINVAL : 0;
}
