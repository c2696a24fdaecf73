/* print: see print.h. */
#include <string.h>
#include <utf8proc.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"

#include "print.h"

#define CELL_MAX (64 * 1024)

static bool harmful(uint32_t c)
{
	utf8proc_category_t cat = utf8proc_category((utf8proc_int32_t)c);

	return cat == UTF8PROC_CATEGORY_CC || cat == UTF8PROC_CATEGORY_ZL ||
	       cat == UTF8PROC_CATEGORY_ZP || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x061c;
}

char *print_clean(const char *s, bool lines)
{
	struct buf out = BUF_INIT(SIZE_MAX / 2);
	size_t n = strlen(s), k;
	uint32_t c;
	bool bad;

	for (; n; s += k, n -= k) {
		bad = false;
		k = utf8_next(s, n, &c, &bad);
		if (bad)
			buf_adds(&out, "\xef\xbf\xbd");
		else if (harmful(c))
			buf_addc(&out, lines && c == '\n' ? '\n' : ' ');
		else
			buf_add(&out, s, k);
	}
	return out.data ? buf_take(&out) : xstrdup("");
}

size_t print_width(const char *s)
{
	size_t n = strlen(s), k, width = 0;
	uint32_t c;

	for (; n; s += k, n -= k) {
		int w;

		k = utf8_next(s, n, &c, NULL);
		w = utf8proc_charwidth((utf8proc_int32_t)c);
		width += w > 0 ? (size_t)w : 0;
	}
	return width;
}

static void cell_array(struct buf *b, const json_t *list)
{
	const json_t *v;
	size_t i;

	json_array_foreach (list, i, v) {
		if (i)
			buf_adds(b, ", ");
		if (json_is_string(v))
			buf_adds(b, json_string_value(v));
		else if (json_is_integer(v))
			buf_addf(b, "%lld", (long long)json_integer_value(v));
	}
	if (!b->len)
		buf_adds(b, "-");
}

static char *cell(const json_t *v)
{
	struct buf b = BUF_INIT(CELL_MAX);
	char *text;

	if (json_is_string(v))
		buf_adds(&b, json_string_value(v));
	else if (json_is_integer(v))
		buf_addf(&b, "%lld", (long long)json_integer_value(v));
	else if (json_is_boolean(v))
		buf_adds(&b, json_is_true(v) ? "yes" : "no");
	else if (json_is_array(v))
		cell_array(&b, v);
	else
		buf_adds(&b, "-");
	text = print_clean(buf_str(&b), false);
	buf_free(&b);
	return text;
}

static void pad(FILE *out, size_t n)
{
	while (n--)
		fputc(' ', out);
}

static void put_cell(FILE *out, const char *s, size_t width, bool right, bool last)
{
	size_t own = print_width(s), fill = width > own ? width - own : 0;

	if (right)
		pad(out, fill);
	fputs(s, out);
	if (!right && !last)
		pad(out, fill);
	fputs(last ? "\n" : "  ", out);
}

/* Columns with a title, and the last of them. */
static size_t shown(const struct print_column *columns, size_t *ret_last)
{
	size_t n = 0;

	*ret_last = 0;
	for (; columns[n].key; n++)
		if (columns[n].title)
			*ret_last = n;
	return n;
}

static size_t *widths_of(const struct print_column *columns, size_t n, const json_t *rows)
{
	size_t *widths = xcalloc(n + 1, sizeof *widths);
	const json_t *row;
	size_t i;

	for (size_t k = 0; k < n; k++)
		widths[k] = columns[k].title ? print_width(columns[k].title) : 0;
	json_array_foreach (rows, i, row)
		for (size_t k = 0; k < n; k++) {
			_cleanup_free_ char *s = cell(json_object_get(row, columns[k].key));

			widths[k] = MAX(widths[k], print_width(s));
		}
	return widths;
}

void print_table(
	FILE *out, const struct print_column *columns, const json_t *rows, const char *none)
{
	size_t last, n = shown(columns, &last);
	_cleanup_free_ size_t *widths = widths_of(columns, n, rows);
	const json_t *row;
	size_t i;

	if (!json_array_size(rows)) {
		if (none)
			fprintf(out, "%s\n", none);
		return;
	}
	for (size_t k = 0; k < n; k++)
		if (columns[k].title)
			put_cell(out, columns[k].title, widths[k], columns[k].right, k == last);
	json_array_foreach (rows, i, row)
		for (size_t k = 0; k < n; k++) {
			_cleanup_free_ char *s = cell(json_object_get(row, columns[k].key));

			if (columns[k].title)
				put_cell(out, s, widths[k], columns[k].right, k == last);
		}
}

void print_object(FILE *out, const struct print_column *columns, const json_t *row)
{
	size_t width = 0;

	for (const struct print_column *k = columns; k->key; k++)
		if (k->title)
			width = MAX(width, print_width(k->title));
	for (const struct print_column *k = columns; k->key; k++) {
		const json_t *v = json_object_get(row, k->key);
		_cleanup_free_ char *s = NULL;

		if (!k->title || !v || json_is_null(v))
			continue;
		s = cell(v);
		fputs(k->title, out);
		pad(out, width - print_width(k->title));
		fprintf(out, "  %s\n", s);
	}
}

static void put_csv(FILE *out, const char *s, bool last)
{
	fputs(*s && strchr("=+-@\t\r", *s) ? "\"'" : "\"", out);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', out);
		fputc(*s, out);
	}
	fputs(last ? "\"\r\n" : "\",", out);
}

void print_csv(FILE *out, const struct print_column *columns, const json_t *rows)
{
	size_t last, n = shown(columns, &last);
	const json_t *row;
	size_t i;

	for (size_t k = 0; k < n; k++)
		if (columns[k].title)
			put_csv(out, columns[k].title, k == last);
	json_array_foreach (rows, i, row)
		for (size_t k = 0; k < n; k++) {
			const json_t *v = json_object_get(row, columns[k].key);
			_cleanup_free_ char *s = v && !json_is_null(v) ? cell(v) : xstrdup("");

			if (columns[k].title)
				put_csv(out, s, k == last);
		}
}

void print_json(FILE *out, const json_t *j)
{
	json_dumpf(j, out, JSON_INDENT(1) | JSON_ENCODE_ANY);
	fputc('\n', out);
}
