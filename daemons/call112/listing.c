/* listing: see listing.h. */
#include "listing.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

enum { MODE, LINKS, OWNER, GROUP, SIZE, MONTH, DAY, TIME, FIELDS };

struct field {
	const char *p;
	size_t n;
};

/* The fields before the name; NULL: not that many. Behind the last stands one blank, so that a name
 * may begin with one. */
static const char *fields_of(const char *p, const char *end, struct field f[FIELDS])
{
	for (int i = 0; i < FIELDS; i++) {
		while (p < end && *p == ' ')
			p++;
		f[i].p = p;
		while (p < end && *p != ' ')
			p++;
		f[i].n = (size_t)(p - f[i].p);
		if (p == end)
			return NULL;
	}
	return p + 1;
}

bool listing_safe_name(const char *p, size_t n)
{
	if (n == 0 || n > LISTING_NAME_MAX || *p == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f || p[i] == '/')
			return false;
	return true;
}

int listing_line(const char *p, size_t n, struct listing_file *ret)
{
	const char *end = p + n, *name;
	struct field f[FIELDS] = {{0}};
	char size[24];
	size_t len;

	*ret = (struct listing_file){0};
	if (n && *p != '-') /* a folder, a link, a device */
		return *p && strchr("dlbcps", *p) ? 0 : -EINVAL;
	name = fields_of(p, end, f);
	if (!name || f[MODE].n < 10 || f[SIZE].n >= sizeof(size))
		return -EINVAL;
	memcpy(size, f[SIZE].p, f[SIZE].n);
	size[f[SIZE].n] = '\0';
	len = (size_t)(f[TIME].p + f[TIME].n - f[SIZE].p);
	if (parse_i64(size, 0, INT64_MAX, &ret->size) || len >= sizeof(ret->stamp))
		return -EINVAL;
	if (!listing_safe_name(name, (size_t)(end - name)))
		return 0;
	memcpy(ret->stamp, f[SIZE].p, len);
	ret->stamp[len] = '\0';
	memcpy(ret->name, name, (size_t)(end - name));
	ret->name[end - name] = '\0';
	return 1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct listing_file *)a)->name, ((const struct listing_file *)b)->name);
}

static int by_name_and_stamp(const void *a, const void *b)
{
	int r = by_name(a, b);

	return r ? r
		 : strcmp(((const struct listing_file *)a)->stamp,
			   ((const struct listing_file *)b)->stamp);
}

struct listing_file *listing_more(struct listing *l)
{
	if (l->n == LISTING_FILES_MAX)
		return NULL;
	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		l->v = xrealloc(l->v, l->room * sizeof(*l->v));
	}
	l->v[l->n] = (struct listing_file){.size = -1};
	return &l->v[l->n];
}

void listing_sort(struct listing *l)
{
	size_t n = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_name_and_stamp);
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || strcmp(l->v[n - 1].name, l->v[i].name) != 0)
			l->v[n++] = l->v[i];
	l->n = n;
}

int listing_read(const char *p, size_t n, struct listing *ret)
{
	const char *end = p + n;

	*ret = (struct listing){0};
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)) ?: end;
		size_t len = (size_t)(nl - p);
		struct listing_file *f = listing_more(ret);
		int r;

		if (!f)
			return -EFBIG;
		if (len && p[len - 1] == '\r')
			len--;
		r = len ? listing_line(p, len, f) : 0;
		ret->n += r == 1;
		ret->strange += r < 0;
		p = nl < end ? nl + 1 : end;
	}
	listing_sort(ret);
	return 0;
}

void listing_free(struct listing *l)
{
	free(l->v);
	*l = (struct listing){0};
}

const struct listing_file *listing_find(const struct listing *l, const char *name)
{
	struct listing_file key = {.size = 0};

	if (strlen(name) > LISTING_NAME_MAX || !l->n)
		return NULL;
	snprintf(key.name, sizeof(key.name), "%s", name);
	return bsearch(&key, l->v, l->n, sizeof(*l->v), by_name);
}

const struct listing_file *listing_beside(
	const struct listing *l, const char *name, const char *suffix)
{
	_cleanup_free_ char *beside = xasprintf("%s%s", name, suffix);

	return listing_find(l, beside);
}

bool listing_wanted(const char *name, const char *pattern)
{
	static const char *const not [] = {".part", ".tmp", ".done", ".sha256"};
	size_t n = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(not ); i++) {
		size_t m = strlen(not [i]);

		if (n >= m && strcasecmp(name + n - m, not [i]) == 0)
			return false;
	}
	return fnmatch(pattern, name, FNM_CASEFOLD | FNM_PERIOD) == 0;
}

int listing_manifest(const char *p, size_t n, char ret[SHA256_HEX_SIZE])
{
	uint8_t hash[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	if (n < SHA256_HEX_SIZE - 1)
		return -EINVAL;
	memcpy(hex, p, SHA256_HEX_SIZE - 1);
	hex[SHA256_HEX_SIZE - 1] = '\0';
	if (hex_decode(hex, SHA256_SIZE, hash))
		return -EINVAL;
	if (n > SHA256_HEX_SIZE - 1 && !isspace((unsigned char)p[SHA256_HEX_SIZE - 1]))
		return -EINVAL;
	hex_encode(hash, SHA256_SIZE, ret);
	return 0;
}
