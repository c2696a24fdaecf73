/* decode_file: an export's delimiter and header, and which of its columns holds what.
 *
 * Guarantees: a header that lacks a column of the map, or has it twice, is an error that names the
 * field, never a guess. Known gap: the delimiter is guessed from the first line alone. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

#include "decode_row.h"

const char *const row_field_names[F_COUNT] = {"id", "type", "priority", "name", "phone", "email",
	"text", "notes", "received", "closed", "address", "district", "coordinates", "lat", "lon",
	"attachments", "title", "category", "agency", "incident_date"};

static int field_of(const char *name)
{
	for (int i = 0; i < F_COUNT; i++)
		if (strcmp(row_field_names[i], name) == 0)
			return i;
	return -1;
}

const char *c112_field_fault(const char *field)
{
	return field_of(field) >= 0
		       ? NULL
		       : "is no field of a call; allowed: id, type, priority, name, phone, email, "
			 "text, notes, received, closed, address, district, coordinates, lat, lon, "
			 "attachments, title, category, agency, incident_date";
}

struct c112_file *c112_file_new(const struct c112_rules *rules)
{
	struct c112_file *f = xcalloc(1, sizeof(*f));

	f->rules = rules;
	f->csv = (struct csv_rules){.delimiter = rules->delimiter, .encoding = rules->encoding};
	for (size_t i = 0; i < rules->fields->n; i++) {
		int field = field_of(rules->fields->v[i].key);

		if (field >= 0)
			f->where[field] = rules->fields->v[i].value;
	}
	return f;
}

void c112_file_free(struct c112_file *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n_header; i++)
		free(f->header[i]);
	free(f->header);
	free(f);
}

/* --- its first row --- */

char *row_trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

void row_trim_all(struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		row->fields[i] = row_trim(row->fields[i]);
}

static int find_column(struct c112_file *f, enum row_field field, struct err *e)
{
	int found = -1;

	for (size_t i = 0; i < f->n_header; i++) {
		if (strcasecmp(f->header[i], f->where[field]) != 0)
			continue;
		if (found >= 0)
			return err_set(e, -EINVAL,
				"two columns of the header have the name that fields.%s gives",
				row_field_names[field]);
		found = (int)i;
	}
	if (found < 0)
		return err_set(e, -EINVAL,
			"the header has no column \"%s\", which fields.%s names (it has %zu "
			"columns at delimiter '%c')",
			f->where[field], row_field_names[field], f->n_header, f->csv.delimiter);
	f->column[field] = found;
	return 0;
}

int row_learn_header(struct c112_file *f, struct csv_row *row, struct err *e)
{
	int r = 0;

	if (row->fault)
		return err_set(e, -EINVAL, "the header row is broken: %s", row->fault);
	for (size_t i = 0; i < f->n_header; i++)
		free(f->header[i]);
	f->n_header = row->n;
	f->header = xrealloc(f->header, (row->n + 1) * sizeof(*f->header));
	for (size_t i = 0; i < row->n; i++)
		f->header[i] = xstrdup(row->fields[i]);
	for (enum row_field i = 0; i < F_COUNT && r == 0; i++) {
		f->column[i] = -1;
		if (f->where[i])
			r = find_column(f, i, e);
	}
	f->csv.columns = row->n;
	f->known = r == 0;
	return r;
}

/* Without a header the map names columns by number; the first row says how many there are. */
int row_learn_numbers(struct c112_file *f, const struct csv_row *row, struct err *e)
{
	for (enum row_field i = 0; i < F_COUNT; i++) {
		int64_t n = 0;

		f->column[i] = -1;
		if (!f->where[i])
			continue;
		if (parse_i64(f->where[i], 1, CSV_COLUMNS_MAX, &n) || (size_t)n > row->n)
			return err_set(e, -EINVAL,
				"fields.%s is no column number up to %zu, which the first row has",
				row_field_names[i], row->n);
		f->column[i] = (int)n - 1;
	}
	f->csv.columns = row->n;
	f->known = true;
	return 0;
}

size_t row_line_length(const char *p, size_t n)
{
	const char *nl = memchr(p, '\n', n);

	return nl ? (size_t)(nl - p) + 1 : n;
}

/* Length of a blank or comment line at p; 0: it is neither, or not whole. */
size_t row_nothing_line(const struct c112_rules *rules, const char *p, size_t n, bool eof)
{
	size_t len = row_line_length(p, n), comment = rules->comment ? strlen(rules->comment) : 0;
	bool whole = eof || p[len - 1] == '\n', blank = true;

	if (!whole)
		return 0;
	for (size_t i = 0; i < len && blank; i++)
		blank = p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n';
	return blank || (comment && len >= comment && memcmp(p, rules->comment, comment) == 0) ? len
											       : 0;
}

int c112_file_learn(struct c112_file *f, const char *head, size_t n, struct err *e)
{
	int bom = csv_bom(head, n);
	struct csv_row row = {0};
	int r;

	if (f->rules->format != C112_CSV)
		return 0;
	if (bom < 0)
		return err_set(
			e, bom, "UTF-16, which is not read; export as UTF-8 or windows-1252");
	head += bom;
	n -= (size_t)bom;
	for (size_t skip; n && (skip = row_nothing_line(f->rules, head, n, false)); n -= skip)
		head += skip;
	if (!f->csv.delimiter)
		f->csv.delimiter = csv_guess_delimiter(head, n);
	f->csv.columns = 0;
	if (!n || csv_next(head, n, false, &f->csv, &row) == 0)
		return err_set(e, -EINVAL, "no whole first row within its first %zu bytes", n);
	row_trim_all(&row);
	if (f->rules->header)
		r = row_learn_header(f, &row, e);
	else
		r = row.fault ? 0 : row_learn_numbers(f, &row, e);
	csv_row_free(&row);
	return r;
}
