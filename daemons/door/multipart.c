/* multipart: see multipart.h. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

#include "multipart.h"

#define TYPE	       "multipart/form-data"
#define BOUNDARY_MAX   70
#define BOUNDARY_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'()+_,-./:=?"

/* "--" and the boundary of the header, quoted or not. */
static int take_boundary(const char *type, char ret[BOUNDARY_MAX + 3], struct err *e)
{
	const char *p = type && strncasecmp(type, TYPE, strlen(TYPE)) == 0
				? strcasestr(type, "boundary=")
				: NULL;
	size_t n;

	if (!p)
		return err_set(e, -EINVAL, "the body must be " TYPE);
	p += strlen("boundary=");
	p += *p == '"';
	n = strspn(p, BOUNDARY_CHARS);
	if (n == 0 || n > BOUNDARY_MAX)
		return err_set(e, -EINVAL, "the boundary is none");
	memcpy(ret, "--", 2);
	memcpy(ret + 2, p, n);
	ret[n + 2] = '\0';
	return 0;
}

/* A quoted parameter of Content-Disposition. Browsers write %22 for a quote, none escapes with a
 * backslash any more. False when it is not there. */
static bool parameter(const char *head, const char *key, char *ret, size_t size)
{
	const char *p = head, *end;
	size_t n = strlen(key);

	while ((p = strstr(p, key))) {
		if (p > head && strchr("; ", p[-1]) && p[n] == '=' && p[n + 1] == '"')
			break;
		p += n;
	}
	end = p ? strchr(p + n + 2, '"') : NULL;
	if (!end)
		return false;
	snprintf(ret, size, "%.*s", (int)MIN((size_t)(end - p) - n - 2, size - 1), p + n + 2);
	return true;
}

static int take_head(const char *p, size_t n, struct multipart_part *part, struct err *e)
{
	char head[MULTIPART_HEAD_MAX + 1];
	const char *line;

	if (n > MULTIPART_HEAD_MAX || memchr(p, '\0', n))
		return err_set(e, -EINVAL, "the head of a part is too long, or holds a NUL");
	memcpy(head, p, n);
	head[n] = '\0';
	for (line = head; line && strncasecmp(line, "Content-Disposition:", 20) != 0;) {
		line = strstr(line, "\r\n");
		line = line ? line + 2 : NULL;
	}
	if (!line)
		return err_set(e, -EINVAL, "a part without Content-Disposition");
	head[line - head + strcspn(line, "\r\n")] = '\0';
	if (!parameter(line, "name", part->name, sizeof(part->name)))
		return err_set(e, -EINVAL, "a part without a name");
	part->is_file = parameter(line, "filename", part->filename, sizeof(part->filename));
	return 0;
}

/* At the first byte behind a delimiter line. Sets the data and steps behind the next one. */
static int take_part(const char **at, const char *end, const char *delimiter,
	struct multipart_part *part, struct err *e)
{
	const char *p = *at, *data = memmem(p, (size_t)(end - p), "\r\n\r\n", 4), *next;
	char closing[BOUNDARY_MAX + 5];
	int r;

	if (!data)
		return err_set(e, -EINVAL, "a part has no head");
	snprintf(closing, sizeof(closing), "\r\n%s", delimiter);
	data += 4;
	next = memmem(data, (size_t)(end - data), closing, strlen(closing));
	if (!next)
		return err_set(e, -EINVAL, "the body is cut off in a part");
	r = take_head(p, (size_t)(data - 4 - p), part, e);
	part->data = (struct span){data, (size_t)(next - data)};
	*at = next + strlen(closing);
	return r;
}

int multipart_parse(
	const char *content_type, const char *body, size_t n, struct multipart *ret, struct err *e)
{
	char delimiter[BOUNDARY_MAX + 3];
	const char *p = body, *end = body + n;
	int r = take_boundary(content_type, delimiter, e);

	ret->n = 0;
	if (r)
		return r;
	if (n < strlen(delimiter) || memcmp(body, delimiter, strlen(delimiter)) != 0)
		return err_set(e, -EINVAL, "the body does not begin with its boundary");
	for (p += strlen(delimiter); end - p < 2 || memcmp(p, "--", 2) != 0;) {
		if (end - p < 2 || memcmp(p, "\r\n", 2) != 0)
			return err_set(e, -EINVAL, "a boundary is not alone on its line");
		if (ret->n == MULTIPART_PARTS_MAX)
			return err_set(e, -EINVAL, "more than %d parts", MULTIPART_PARTS_MAX);
		ret->parts[ret->n] = (struct multipart_part){.is_file = false};
		p += 2;
		r = take_part(&p, end, delimiter, &ret->parts[ret->n], e);
		if (r)
			return r;
		ret->n++;
	}
	return 0;
}
