/* mime_bound: the bytes of a mail within the bounds GMime can be given: it makes an object of each
 * field and each part, and joins long header lines for ever.
 *
 * Guarantees: nothing is left out unsaid: `limits` names it. Pure.
 * Known gap: a body with many lines that begin with "--" and are no boundaries is cut, too. */
#include <string.h>

#include "base/util.h"

#include "mime_walk.h"

#define MARKERS_MAX 20000 /* lines that may be boundaries; GMime makes an object of each part */

size_t mail_line_length(const char *p, size_t n)
{
	const char *end = memchr(p, '\n', n);

	return end ? (size_t)(end - p) + 1 : n;
}

static bool is_field(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] > ' ' && p[i] != ':' && p[i] != 0x7F)
		i++;
	if (!i)
		return false;
	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i < n && p[i] == ':';
}

void mail_bound_header(const char *p, size_t n, struct buf *out, bool *limits)
{
	size_t at = 0, header = 0;

	if (n > 5 && (memcmp(p, "From ", 5) == 0 || memcmp(p, ">From", 5) == 0))
		at = mail_line_length(p, n);
	/* a torn first field (its lines begin with blanks) is left out */
	while (at < n && (p[at] == ' ' || p[at] == '\t') && mail_line_length(p + at, n - at) > 2)
		at += mail_line_length(p + at, n - at);
	if (!is_field(p + at, n - at)) {
		buf_addc(out, '\n');
		buf_add(out, p, n);
		return;
	}
	while (at < n) {
		size_t len = mail_line_length(p + at, n - at),
		       keep = MIN(len, (size_t)MAIL_HEADER_LINE_MAX);

		if (p[at] == '\n' || (p[at] == '\r' && len == 2))
			break;
		limits[L_HEADER_LINE] |= keep < len;
		header += keep;
		if (header > MAIL_HEADERS_MAX) {
			limits[L_HEADERS] = true;
		} else {
			for (size_t i = 0; i < keep; i++)
				buf_addc(out, p[at + i] ? p[at + i] : ' ');
			if (keep < len)
				buf_addc(out, '\n');
		}
		at += len;
	}
	buf_add(out, p + at, n - at);
}

size_t mail_bound_parts(const char *p, size_t n, bool *limits)
{
	size_t markers = 0;

	for (size_t at = 0; at < n; at += mail_line_length(p + at, n - at)) {
		markers += n - at > 2 && p[at] == '-' && p[at + 1] == '-';
		if (markers > MARKERS_MAX) {
			limits[L_PARTS] = true;
			return at;
		}
	}
	return n;
}
