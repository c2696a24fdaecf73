/* util: allocation that cannot fail softly, strict numbers, hex. See util.h. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/util.h"

static void *alive(void *p)
{
	static const char text[] = "<2>out of memory, ending\n";

	if (!p) {
		if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
			_exit(71);
		_exit(71); /* EX_OSERR */
	}
	return p;
}

void *xmalloc(size_t n)
{
	return alive(malloc(n ? n : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return alive(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n)
{
	return alive(realloc(p, n ? n : 1));
}

char *xstrdup(const char *s)
{
	return alive(strdup(s));
}

char *xstrndup(const char *s, size_t n)
{
	return alive(strndup(s, n));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return alive(s);
}

int parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	bool neg = *s == '-';
	int64_t v = 0;

	s += neg;
	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *s - '0', &v))
			return -ERANGE;
	}
	v = neg ? -v : v;
	if (v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

void hex_encode(const void *in, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = in;

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_decode(const char *s, size_t n, void *out)
{
	unsigned char *p = out;

	if (strnlen(s, 2 * n + 1) != 2 * n)
		return -EINVAL;
	for (size_t i = 0; i < 2 * n; i++)
		if (hex_digit(s[i]) < 0)
			return -EINVAL;
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)((unsigned)hex_digit(s[2 * i]) << 4 |
				       (unsigned)hex_digit(s[2 * i + 1]));
	return 0;
}
