/* csv: see csv.h. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "core/csv.h"

/* U+0080..U+009F of windows-1252 (https://encoding.spec.whatwg.org/index-windows-1252.txt); 0 = not
 * assigned. */
static const uint16_t cp1252[32] = {0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d,
	0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178};

static size_t put_code_point(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

char *text_from_windows_1252(const char *p, size_t n)
{
	char *out = xmalloc(3 * n + 1), *w = out;

	for (size_t i = 0; i < n; i++) {
		uint8_t b = (uint8_t)p[i];
		uint32_t c = b;

		if (b >= 0x80 && b < 0xa0)
			c = cp1252[b - 0x80] ? cp1252[b - 0x80] : 0xfffd;
		w += put_code_point(w, c);
	}
	*w = '\0';
	return out;
}

char csv_guess_delimiter(const char *p, size_t n)
{
	static const char candidates[] = ",;\t";
	size_t seen[3] = {0}, best = 0;
	bool quoted = false;

	for (size_t i = 0; i < n && (quoted || p[i] != '\n'); i++) {
		const char *hit = p[i] ? strchr(candidates, p[i]) : NULL;

		if (p[i] == '"')
			quoted = !quoted;
		else if (hit && !quoted)
			seen[hit - candidates]++;
	}
	for (size_t k = 1; k < 3; k++)
		if (seen[k] > seen[best])
			best = k;
	return candidates[best];
}

int csv_bom(const char *p, size_t n)
{
	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		return 3;
	if (n >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 || memcmp(p, "\xfe\xff", 2) == 0))
		return -EINVAL;
	return 0;
}

void csv_row_free(struct csv_row *row)
{
	if (!row)
		return;
	free(row->fields);
	free(row->text);
	*row = (struct csv_row){0};
}

/* Length of the first physical line with its line end; 0 = not complete yet. */
static size_t physical_line(const char *p, size_t n, bool eof)
{
	const char *nl = memchr(p, '\n', n);

	if (nl)
		return (size_t)(nl - p) + 1;
	return eof || n > CSV_ROW_MAX ? n : 0;
}

/* State of one pass over a row. */
struct scan {
	const char *p, *end;
	bool eof;
	char *out; /* fields, each with a NUL behind it */
	size_t w, n;
	size_t starts[CSV_COLUMNS_MAX];
	int lines;
	const char *fault;
};
enum scan_end { FIELD_END, ROW_END, NEED_MORE, BROKEN };

static enum scan_end broken(struct scan *s, const char *why)
{
	s->fault = why;
	return BROKEN;
}

/* What may follow a field: delimiter, line end, end of file. */
static enum scan_end after_field(struct scan *s, char delimiter)
{
	s->out[s->w++] = '\0';
	if (s->p == s->end)
		return s->eof ? ROW_END : NEED_MORE;
	if (*s->p == delimiter) {
		s->p++;
		return FIELD_END;
	}
	if (*s->p == '\r' && s->p + 1 < s->end && s->p[1] == '\n')
		s->p++;
	else if (*s->p == '\r' && s->p + 1 == s->end)
		return s->eof ? (s->p++, ROW_END) : NEED_MORE;
	if (*s->p == '\n') {
		s->p++;
		s->lines++;
		return ROW_END;
	}
	return broken(s, "text behind a closing quote");
}

static enum scan_end quoted_field(struct scan *s, char delimiter)
{
	for (s->p++; s->p < s->end; s->p++) {
		if (*s->p == '"') {
			if (s->p + 1 == s->end && !s->eof)
				return NEED_MORE;
			if (s->p + 1 < s->end && s->p[1] == '"') {
				s->p++;
			} else {
				s->p++;
				return after_field(s, delimiter);
			}
		}
		if (*s->p == '\n')
			s->lines++;
		s->out[s->w++] = *s->p;
	}
	return s->eof || s->w > CSV_ROW_MAX ? broken(s, "a quote that is never closed") : NEED_MORE;
}

static enum scan_end plain_field(struct scan *s, char delimiter)
{
	while (s->p < s->end && *s->p != delimiter && *s->p != '\n') {
		if (*s->p == '\r' && (s->p + 1 == s->end || s->p[1] == '\n'))
			break;
		s->out[s->w++] = *s->p++;
	}
	return after_field(s, delimiter);
}

static enum scan_end scan_row(struct scan *s, char delimiter)
{
	enum scan_end end;

	do {
		if (s->n == CSV_COLUMNS_MAX)
			return broken(s, "more than 256 columns");
		s->starts[s->n++] = s->w;
		end = s->p < s->end && *s->p == '"' ? quoted_field(s, delimiter)
						    : plain_field(s, delimiter);
	} while (end == FIELD_END);
	return end;
}

static void fill_fields(struct csv_row *row, struct scan *s, enum csv_encoding encoding)
{
	row->n = s->n;
	row->fields = xcalloc(s->n, sizeof(*row->fields));
	row->text = TAKE_PTR(s->out);
	if (encoding == CSV_WINDOWS_1252) {
		char *utf8 = text_from_windows_1252(row->text, s->w); /* keeps the NULs between */

		free(row->text);
		row->text = utf8;
	}
	for (char *p = row->text, **f = row->fields; f < row->fields + s->n; f++) {
		*f = p;
		p += strlen(p) + 1;
	}
}

int csv_next(const char *p, size_t n, bool eof, const struct csv_rules *rules, struct csv_row *row)
{
	size_t first = physical_line(p, n, eof), look = MIN(n, (size_t)CSV_ROW_MAX + 1);
	/* a row can be no longer than that: what lies behind it is not looked at */
	struct scan s = {.p = p, .end = p + look, .eof = eof || look < n};
	enum scan_end end;

	csv_row_free(row);
	if (n == 0 || first == 0)
		return 0;
	s.out = xmalloc(look + CSV_COLUMNS_MAX + 1);
	end = memchr(p, '\0', first) ? broken(&s, "a NUL byte") : scan_row(&s, rules->delimiter);
	if (end == NEED_MORE) {
		free(s.out);
		return 0;
	}
	if (end == ROW_END && memchr(p, '\0', (size_t)(s.p - p)))
		end = broken(&s, "a NUL byte");
	if (end == ROW_END && look < n && s.p == s.end && s.p[-1] != '\n')
		end = broken(&s, "a row of more than 256 KiB");
	row->blank = end == ROW_END && s.n == 1 && s.out[0] == '\0' && *p != '"';
	if (end == ROW_END && !row->blank && rules->columns && s.n != rules->columns)
		end = broken(&s, "not as many columns as the header");
	row->raw = p;
	row->raw_len = end == BROKEN ? first : (size_t)(s.p - p);
	row->lines = end == BROKEN ? 1 : MAX(s.lines, 1);
	row->fault = s.fault;
	if (end != BROKEN)
		fill_fields(row, &s, rules->encoding);
	free(s.out);
	return 1;
}
