/* jsonspan: see jsonspan.h. */
#include <errno.h>
#include <string.h>

#include "base/jsonspan.h"

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* Behind the closing quote of the string that opens at p; NULL when it is cut. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return NULL;
}

static const char *skip_brackets(const char *p, const char *end)
{
	long depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			if (!p)
				return NULL;
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if ((*p == '}' || *p == ']') && --depth == 0)
			return p + 1;
		p++;
	}
	return NULL;
}

static const char *skip_scalar(const char *p, const char *end)
{
	const char *begin = p;

	while (p < end && !strchr(",]}: \t\r\n\"[{", *p))
		p++;
	return p > begin ? p : NULL;
}

static const char *skip_value(const char *p, const char *end)
{
	if (p >= end)
		return NULL;
	if (*p == '"')
		return skip_string(p, end);
	if (*p == '{' || *p == '[')
		return skip_brackets(p, end);
	return skip_scalar(p, end);
}

int json_span_root(const char *p, size_t n, struct span *ret)
{
	const char *end = p + n, *begin = skip_blanks(p, end), *after;

	after = skip_value(begin, end);
	if (!after || skip_blanks(after, end) != end)
		return -EINVAL;
	*ret = (struct span){begin, (size_t)(after - begin)};
	return 0;
}

int json_span_first(const char *p, size_t n, struct span *ret)
{
	const char *end = p + n, *begin = skip_blanks(p, end), *after = skip_value(begin, end);

	if (!after)
		return -EINVAL;
	*ret = (struct span){begin, (size_t)(after - begin)};
	return 0;
}

/* One "key": value of an object; p is at the key's quote. Gives back what is behind the value. */
static const char *member(const char *p, const char *end, struct span *key, struct span *value)
{
	const char *after = skip_string(p, end);

	if (!after)
		return NULL;
	*key = (struct span){p + 1, (size_t)(after - p - 2)};
	p = skip_blanks(after, end);
	if (p >= end || *p != ':')
		return NULL;
	p = skip_blanks(p + 1, end);
	after = skip_value(p, end);
	if (after)
		*value = (struct span){p, (size_t)(after - p)};
	return after;
}

int json_span_member(struct span object, const char *key, struct span *ret)
{
	const char *p = object.p + 1, *end = object.p + object.n;
	size_t key_len = strlen(key);

	if (object.n < 2 || object.p[0] != '{')
		return -EINVAL;
	for (;;) {
		struct span name, value;

		p = skip_blanks(p, end);
		if (p < end && *p == '}')
			return -ENOENT;
		if (p >= end || *p != '"' || !(p = member(p, end, &name, &value)))
			return -EINVAL;
		if (name.n == key_len && memcmp(name.p, key, key_len) == 0) {
			*ret = value;
			return 0;
		}
		p = skip_blanks(p, end);
		if (p < end && *p == ',')
			p++;
		else if (p >= end || *p != '}')
			return -EINVAL;
	}
}

int json_span_array(struct span array, struct json_span_iter *ret)
{
	if (array.n < 2 || array.p[0] != '[')
		return -EINVAL;
	*ret = (struct json_span_iter){.p = array.p + 1, .end = array.p + array.n};
	return 0;
}

int json_span_next(struct json_span_iter *it, struct span *ret)
{
	const char *after;

	it->p = skip_blanks(it->p, it->end);
	if (it->state == 2 || it->p >= it->end)
		return it->state == 2 ? 0 : -EINVAL;
	if (*it->p == ']' && !it->more) {
		it->state = 2;
		return 0;
	}
	after = skip_value(it->p, it->end);
	if (!after)
		return -EINVAL;
	*ret = (struct span){it->p, (size_t)(after - it->p)};
	it->p = skip_blanks(after, it->end);
	it->more = it->p < it->end && *it->p == ',';
	if (it->more)
		it->p++;
	else if (it->p >= it->end || *it->p != ']')
		return -EINVAL;
	it->state = 1;
	return 1;
}
