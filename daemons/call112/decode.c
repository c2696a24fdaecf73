/* decode: see decode.h. Here: where a row begins and ends, whatever the format; its file's header
 * is decode_file.c, its message decode_message.c.
 *
 * Guarantees: every byte of a file is in exactly one row, or is nothing that could be one; a broken
 * row costs its line or object, never its neighbours. Known gap: an object of a JSON file without
 * an end takes what follows up to the next line that begins one. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/jsonspan.h"
#include "base/util.h"

#include "decode_row.h"

/* --- the storage of a row --- */

void c112_row_free(struct c112_row *row)
{
	struct c112_storage *s = row ? row->storage : NULL;

	if (!s)
		return;
	csv_row_free(&s->csv);
	json_decref(s->json);
	json_decref(s->fields);
	for (enum row_field i = 0; i < F_COUNT; i++)
		free(s->copies[i]);
	free(s->address);
	free(s->paths);
	free(s);
	*row = (struct c112_row){0};
}

static void begin_row(struct c112_row *row, const struct c112_window *w, const struct message *base)
{
	c112_row_free(row);
	row->storage = xcalloc(1, sizeof(*row->storage));
	row->m = *base;
	row->m.source.place = w->place;
	row->m.native_id = "";
	row->m.author.id = "";
}

static void took(struct c112_row *row, const struct c112_window *w, size_t skipped, size_t n)
{
	row->used = skipped + n;
	row->m.original.data = w->p + skipped;
	row->m.original.len = n;
}

/* --- CSV --- */

static bool all_empty(const struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		if (*row->fields[i])
			return false;
	return true;
}

static bool is_header(const struct c112_file *f, const struct csv_row *row)
{
	if (!f->rules->header || row->n != f->n_header)
		return false;
	for (size_t i = 0; i < row->n; i++)
		if (strcmp(row->fields[i], f->header[i]) != 0)
			return false;
	return true;
}

/* The first row of a CSV file: a header, or the first of the data. */
static int first_row(struct c112_file *f, struct csv_row *row, struct err *e)
{
	int r;

	if (f->rules->header)
		return (r = row_learn_header(f, row, e)) ? r : C112_NOTHING;
	if (row->fault) { /* it says neither delimiter nor columns: the next one may */
		f->csv.delimiter = f->rules->delimiter;
		return C112_MESSAGE;
	}
	return (r = row_learn_numbers(f, row, e)) ? r : C112_MESSAGE;
}

static int next_csv(struct c112_file *f, const struct c112_window *w, size_t bom,
	struct c112_row *row, struct err *e)
{
	const char *p = w->p + bom;
	size_t n = w->n - bom;
	struct csv_row *csv = &row->storage->csv;
	int r;

	if (!f->known && !f->csv.delimiter) {
		if (!w->eof && !w->full && !memchr(p, '\n', n))
			return C112_MORE;
		f->csv.delimiter = csv_guess_delimiter(p, n);
	}
	if (csv_next(p, n, w->eof, &f->csv, csv) == 0)
		return w->full ? err_set(e, -EINVAL, "a row that never ends") : C112_MORE;
	took(row, w, bom, csv->raw_len);
	row_trim_all(csv);
	if (!f->known && (r = first_row(f, csv, e)) != C112_MESSAGE)
		return r;
	if (csv->fault)
		return row_undecodable(w, row, csv->fault);
	if (all_empty(csv) || is_header(f, csv))
		return C112_NOTHING;
	row_csv_values(f, row->storage);
	return row_fill(f, row);
}

/* --- JSON --- */

static int decode_json(const struct c112_file *f, const struct c112_window *w, struct c112_row *row)
{
	const char *p = row->m.original.data;
	size_t n = row->m.original.len;
	struct err why = {0};

	if (json_parse(p, n, C112_JSON_LINE_MAX, &row->storage->json, &why))
		return row_undecodable(w, row,
			why.code == -E2BIG ? "JSON too large or nested too deeply" : "not JSON");
	if (!json_is_object(row->storage->json))
		return row_undecodable(w, row, "JSON, but no object");
	if (!row_json_values(f, row->storage))
		return row_undecodable(w, row, "nothing of what `fields` names is in it");
	return row_fill(f, row);
}

static int next_line(
	struct c112_file *f, const struct c112_window *w, size_t bom, struct c112_row *row)
{
	const char *p = w->p + bom;
	size_t n = w->n - bom, len = row_line_length(p, n);

	if (p[len - 1] != '\n' && !w->eof && !w->full)
		return C112_MORE;
	took(row, w, bom, len);
	if (p[len - 1] != '\n' && !w->eof)
		return row_undecodable(w, row, "a line of more than 1 MiB");
	return decode_json(f, w, row);
}

/* Blanks and what parts the objects of a list. */
static size_t between_objects(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] && strchr(" \t\r\n,[]", p[i]))
		i++;
	return i;
}

/* Where a broken object ends: before the next line that begins one. */
static size_t next_beginning(const char *p, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		size_t at = i + 1;

		if (p[i] != '\n')
			continue;
		while (at < n && (p[at] == ' ' || p[at] == '\t' || p[at] == ',' || p[at] == '['))
			at++;
		if (at < n && p[at] == '{')
			return i + 1;
	}
	return n;
}

static int next_object(
	struct c112_file *f, const struct c112_window *w, size_t bom, struct c112_row *row)
{
	const char *p = w->p + bom;
	size_t n = w->n - bom, skip = between_objects(p, n);
	struct span object;

	if (skip) {
		row->used = bom + skip;
		return C112_NOTHING;
	}
	if (*p == '{' && json_span_first(p, n, &object) == 0) {
		took(row, w, bom, object.n);
		return decode_json(f, w, row);
	}
	if (!w->eof && !w->full)
		return C112_MORE;
	took(row, w, bom, next_beginning(p, n));
	return row_undecodable(w, row, *p == '{' ? "an object without an end" : "no JSON object");
}

int c112_item(struct c112_file *f, const char *p, size_t n, const char *place,
	const struct message *base, struct c112_row *row)
{
	struct c112_window w = {.p = p, .n = n, .place = place};

	begin_row(row, &w, base);
	took(row, &w, 0, n);
	return decode_json(f, &w, row);
}

/* --- any --- */

/* What is left of a line whose beginning was taken: never a row of its own. */
static int rest_of_line(const struct c112_window *w, struct c112_row *row)
{
	size_t len = row_line_length(w->p, w->n);

	if (w->p[len - 1] != '\n' && !w->eof && !w->full)
		return C112_MORE;
	took(row, w, 0, len);
	if (len <= 2 && w->p[len - 1] == '\n' && (len == 1 || w->p[0] == '\r'))
		return C112_NOTHING; /* only the line end came later */
	return row_undecodable(w, row, "the rest of a line whose beginning was taken before");
}

int c112_next(struct c112_file *f, const struct c112_window *w, const struct message *base,
	struct c112_row *row, struct err *e)
{
	int bom = w->first ? csv_bom(w->p, w->n) : 0;
	size_t skip;

	begin_row(row, w, base);
	if (w->first && w->n < 3 && !w->eof)
		return C112_MORE;
	if (bom < 0)
		return err_set(
			e, bom, "UTF-16, which is not read; export as UTF-8 or windows-1252");
	if (!w->line_start && f->rules->format != C112_JSON)
		return rest_of_line(w, row);
	if ((size_t)bom == w->n) {
		row->used = w->n;
		return w->eof ? C112_NOTHING : C112_MORE;
	}
	skip = f->rules->format == C112_JSON
		       ? 0
		       : row_nothing_line(f->rules, w->p + bom, w->n - (size_t)bom, w->eof);
	if (skip) {
		row->used = (size_t)bom + skip;
		return C112_NOTHING;
	}
	switch (f->rules->format) {
	case C112_CSV:
		return next_csv(f, w, (size_t)bom, row, e);
	case C112_NDJSON:
		return next_line(f, w, (size_t)bom, row);
	case C112_JSON:
		break;
	}
	return next_object(f, w, (size_t)bom, row);
}
