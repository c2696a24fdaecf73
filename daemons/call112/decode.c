/* decode: see decode.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/jsonspan.h"
#include "base/utf8.h"
#include "base/util.h"
#include "core/geo.h"
#include "core/idtime.h"

#include "decode.h"
#include "page.h"

#define NOTES_MAX 4096 /* bytes kept in the record; the original has them all */

enum field {
	F_ID,
	F_TYPE,
	F_PRIORITY,
	F_NAME,
	F_PHONE,
	F_EMAIL,
	F_TEXT,
	F_NOTES,
	F_RECEIVED,
	F_CLOSED,
	F_ADDRESS,
	F_DISTRICT,
	F_COORDINATES,
	F_LAT,
	F_LON,
	F_ATTACHMENTS,
	F_TITLE,
	F_CATEGORY,
	F_AGENCY,
	F_INCIDENT_DATE,
	F_COUNT
};
static const char *const field_names[F_COUNT] = {"id", "type", "priority", "name", "phone", "email",
	"text", "notes", "received", "closed", "address", "district", "coordinates", "lat", "lon",
	"attachments", "title", "category", "agency", "incident_date"};

struct c112_file {
	const struct c112_rules *rules;
	const char *where[F_COUNT]; /* column or path, NULL = not in the map */
	/* CSV only */
	struct csv_rules csv;
	bool known; /* header read, or none needed, and delimiter known */
	int column[F_COUNT];
	char **header;
	size_t n_header;
};

struct c112_storage {
	struct csv_row csv;
	json_t *json, *fields;
	const char *value[F_COUNT]; /* trimmed, "" when missing */
	char *copies[F_COUNT];	    /* of values that are not text in the row */
	char *address, *paths;
	const char *path[MESSAGE_ATTACHMENTS_MAX];
	char native[SHA256_HEX_SIZE + 16], phone[PHONE_TEXT_SIZE];
};

static int field_of(const char *name)
{
	for (int i = 0; i < F_COUNT; i++)
		if (strcmp(field_names[i], name) == 0)
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

/* --- a file and its header --- */

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

static char *trim(char *s)
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

static void trim_all(struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		row->fields[i] = trim(row->fields[i]);
}

static int find_column(struct c112_file *f, enum field field, struct err *e)
{
	int found = -1;

	for (size_t i = 0; i < f->n_header; i++) {
		if (strcasecmp(f->header[i], f->where[field]) != 0)
			continue;
		if (found >= 0)
			return err_set(e, -EINVAL,
				"two columns of the header have the name that fields.%s gives",
				field_names[field]);
		found = (int)i;
	}
	if (found < 0)
		return err_set(e, -EINVAL,
			"the header has no column \"%s\", which fields.%s names (it has %zu "
			"columns at delimiter '%c')",
			f->where[field], field_names[field], f->n_header, f->csv.delimiter);
	f->column[field] = found;
	return 0;
}

static int learn_header(struct c112_file *f, struct csv_row *row, struct err *e)
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
	for (enum field i = 0; i < F_COUNT && r == 0; i++) {
		f->column[i] = -1;
		if (f->where[i])
			r = find_column(f, i, e);
	}
	f->csv.columns = row->n;
	f->known = r == 0;
	return r;
}

/* Without a header the map names columns by number; the first row says how many there are. */
static int learn_numbers(struct c112_file *f, const struct csv_row *row, struct err *e)
{
	for (enum field i = 0; i < F_COUNT; i++) {
		int64_t n = 0;

		f->column[i] = -1;
		if (!f->where[i])
			continue;
		if (parse_i64(f->where[i], 1, CSV_COLUMNS_MAX, &n) || (size_t)n > row->n)
			return err_set(e, -EINVAL,
				"fields.%s is no column number up to %zu, which the first row has",
				field_names[i], row->n);
		f->column[i] = (int)n - 1;
	}
	f->csv.columns = row->n;
	f->known = true;
	return 0;
}

/* --- lines that are nothing --- */

static size_t line_length(const char *p, size_t n)
{
	const char *nl = memchr(p, '\n', n);

	return nl ? (size_t)(nl - p) + 1 : n;
}

/* Length of a blank or comment line at p; 0: it is neither, or not whole. */
static size_t nothing_line(const struct c112_rules *rules, const char *p, size_t n, bool eof)
{
	size_t len = line_length(p, n), comment = rules->comment ? strlen(rules->comment) : 0;
	bool whole = eof || p[len - 1] == '\n', blank = true;

	if (!whole)
		return 0;
	for (size_t i = 0; i < len && blank; i++)
		blank = p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n';
	return blank || (comment && len >= comment && memcmp(p, rules->comment, comment) == 0) ? len
											       : 0;
}

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
	for (size_t skip; n && (skip = nothing_line(f->rules, head, n, false)); n -= skip)
		head += skip;
	if (!f->csv.delimiter)
		f->csv.delimiter = csv_guess_delimiter(head, n);
	f->csv.columns = 0;
	if (!n || csv_next(head, n, false, &f->csv, &row) == 0)
		return err_set(e, -EINVAL, "no whole first row within its first %zu bytes", n);
	trim_all(&row);
	if (f->rules->header)
		r = learn_header(f, &row, e);
	else
		r = row.fault ? 0 : learn_numbers(f, &row, e);
	csv_row_free(&row);
	return r;
}

/* --- values of a row --- */

static void csv_values(const struct c112_file *f, struct c112_storage *s)
{
	for (enum field i = 0; i < F_COUNT; i++)
		s->value[i] = f->column[i] >= 0 && (size_t)f->column[i] < s->csv.n
				      ? s->csv.fields[f->column[i]]
				      : "";
}

static const json_t *json_at(const json_t *j, const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);
	char *save = NULL;
	int64_t index;

	for (char *part = strtok_r(copy, ".", &save); part && j; part = strtok_r(NULL, ".", &save))
		j = json_is_array(j) ? parse_i64(part, 0, 1 << 20, &index)
					       ? NULL
					       : json_array_get(j, (size_t)index)
				     : json_object_get(j, part);
	return j;
}

/* Scalars as text; a list of attachments joined as a column would have them. NULL: nothing. */
static char *json_value_text(const json_t *v, enum field field)
{
	struct buf b = BUF_INIT(C112_JSON_LINE_MAX);
	const json_t *item;
	size_t i;

	if (json_is_string(v))
		return xstrdup(json_string_value(v));
	if (json_is_integer(v))
		return xasprintf("%lld", (long long)json_integer_value(v));
	if (json_is_real(v))
		return xasprintf("%.15g", json_real_value(v));
	if (json_is_boolean(v))
		return xstrdup(json_is_true(v) ? "true" : "false");
	if (!json_is_array(v) || field != F_ATTACHMENTS)
		return NULL;
	json_array_foreach (v, i, item) {
		const char *path =
			json_is_object(item) ? json_str(item, "path") : json_string_value(item);

		buf_addf(&b, "%s%s", b.len ? "|" : "", path ? path : "");
	}
	return buf_take(&b);
}

/* False: none of them is there. */
static bool json_values(const struct c112_file *f, struct c112_storage *s)
{
	bool any = false;

	for (enum field i = 0; i < F_COUNT; i++) {
		const json_t *v = f->where[i] ? json_at(s->json, f->where[i]) : NULL;

		any |= v != NULL;
		s->copies[i] = json_value_text(v, i);
		s->value[i] = s->copies[i] ? trim(s->copies[i]) : "";
	}
	return any;
}

/* --- values -> message --- */

static const char *or_null(const char *s)
{
	return *s ? s : NULL;
}

static void set_hash_id(struct c112_storage *s, struct message *m, const char *what)
{
	const char *p = m->original.data;
	size_t n = m->original.len;
	char hash[SHA256_HEX_SIZE];

	while (n && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	sha256_hex(p, n, hash);
	snprintf(s->native, sizeof(s->native), "%s:%s", what, hash);
	m->native_id = s->native;
}

/* Case and the number of blanks between words do not matter. */
static bool same_type(const char *a, const char *b)
{
	while (isspace((unsigned char)*b))
		b++;
	while (*a && *b) {
		bool space = isspace((unsigned char)*a);

		if (space != (isspace((unsigned char)*b) != 0))
			return false;
		if (!space && tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		do
			a++;
		while (space && isspace((unsigned char)*a));
		do
			b++;
		while (space && isspace((unsigned char)*b));
	}
	while (isspace((unsigned char)*b))
		b++;
	return !*a && !*b;
}

static enum call_class map_type(const struct c112_rules *rules, const char *type)
{
	enum call_class class = CC_UNKNOWN;

	for (size_t i = 0; i < rules->types->n; i++)
		if (same_type(type, rules->types->v[i].key) &&
			call_class_parse(rules->types->v[i].value, &class) == 0)
			return class;
	return CC_UNKNOWN;
}

/* "000000", "0811111111": typed where a number is hidden. */
static bool placeholder(const char *e164)
{
	size_t n = strlen(e164);

	for (size_t i = n - 6; i < n; i++)
		if (e164[i] != e164[n - 1])
			return false;
	return true;
}

static void set_author(struct c112_storage *s, struct message *m)
{
	bool known = phone_normalise(s->value[F_PHONE], s->phone) == 0 && !placeholder(s->phone);

	m->author.id = known ? s->phone : "";
	m->author.phone = known ? s->phone : NULL;
	m->author.name = or_null(s->value[F_NAME]);
	m->author.email = or_null(s->value[F_EMAIL]);
	m->author.proven = false;
}

static void add_field(struct c112_storage *s, const char *key, const char *value)
{
	_cleanup_free_ char *whole = NULL;

	if (!*value)
		return;
	if (!s->fields)
		s->fields = json_object();
	whole = utf8_repair(value, strlen(value), NULL, NULL);
	whole[utf8_prefix_bytes(whole, NOTES_MAX / (strcmp(key, "notes") ? 8 : 1))] = '\0';
	json_set_str(s->fields, key, whole);
}

/* A place that is no point in Indonesia stays as the text it is, in fields.coordinates. */
static void set_point(struct c112_storage *s, struct message *m)
{
	const char *both = s->value[F_COORDINATES], *lat = s->value[F_LAT], *lon = s->value[F_LON];
	_cleanup_free_ char *columns = NULL;
	struct geo_point point;

	if ((*both ? geo_parse(both, &point) : geo_parse_pair(lat, lon, &point)) == 0) {
		m->location.set = true;
		m->location.lat = point.lat;
		m->location.lon = point.lon;
	} else if (*both) {
		add_field(s, "coordinates", both);
	} else if (*lat || *lon) {
		columns = xasprintf("%s; %s", lat, lon);
		add_field(s, "coordinates", columns);
	}
}

static void set_place(struct c112_storage *s, struct message *m)
{
	const char *address = s->value[F_ADDRESS], *district = s->value[F_DISTRICT];

	set_point(s, m);
	if (*address || *district)
		m->location.address = s->address =
			xasprintf("%s%s%s", address, *address && *district ? ", " : "", district);
}

static void set_times(const struct c112_rules *rules, struct c112_storage *s, struct message *m)
{
	const char *received = s->value[F_RECEIVED];
	int64_t ms = 0;

	m->sent_at_source = or_null(received);
	if (*received && page_time(received, rules->zone_minutes, &ms) == 0)
		m->sent_ms = ms;
}

static void set_fields(const struct c112_rules *rules, struct c112_storage *s, struct message *m)
{
	static const enum field kept[] = {F_NOTES, F_DISTRICT, F_TITLE, F_CATEGORY, F_AGENCY};
	char day[11], closed[TIME_TEXT_SIZE];
	int64_t ms;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		add_field(s, field_names[kept[i]], s->value[kept[i]]);
	if (id_date_parse(s->value[F_INCIDENT_DATE], day) == 0)
		add_field(s, "incident_date", day);
	if (id_time_parse(s->value[F_CLOSED], rules->zone_minutes, &ms) == 0 && ms > 0) {
		time_format(ms, closed);
		add_field(s, "closed_at", closed);
	} else {
		add_field(s, "closed_at", s->value[F_CLOSED]);
	}
	m->fields = s->fields;
}

static void set_paths(struct c112_row *row)
{
	struct c112_storage *s = row->storage;
	char *save = NULL;

	s->paths = xstrdup(s->value[F_ATTACHMENTS]);
	for (char *part = strtok_r(s->paths, "|;,\n", &save);
		part && row->n_paths < MESSAGE_ATTACHMENTS_MAX;
		part = strtok_r(NULL, "|;,\n", &save)) {
		part = trim(part);
		if (*part)
			s->path[row->n_paths++] = part;
	}
	row->paths = s->path;
}

static int fill_message(const struct c112_file *f, struct c112_row *row)
{
	struct c112_storage *s = row->storage;
	struct message *m = &row->m;

	m->kind = MK_CALL;
	if (*s->value[F_ID])
		m->native_id = s->value[F_ID];
	else
		set_hash_id(s, m, "row");
	m->call.type = s->value[F_TYPE];
	m->call.mapped = map_type(f->rules, s->value[F_TYPE]);
	m->call.priority = or_null(s->value[F_PRIORITY]);
	m->class = message_class_of_call(m->call.mapped);
	m->text = s->value[F_TEXT];
	set_author(s, m);
	set_place(s, m);
	set_times(f->rules, s, m);
	set_fields(f->rules, s, m);
	set_paths(row);
	return C112_MESSAGE;
}

static int undecodable(const struct c112_window *w, struct c112_row *row, const char *reason)
{
	row->m.kind = MK_CALL;
	row->m.class = MC_UNDECODABLE;
	row->m.error.place = w->place;
	row->m.error.reason = reason;
	set_hash_id(row->storage, &row->m, "undecodable");
	return C112_MESSAGE;
}

/* --- rows --- */

void c112_row_free(struct c112_row *row)
{
	struct c112_storage *s = row ? row->storage : NULL;

	if (!s)
		return;
	csv_row_free(&s->csv);
	json_decref(s->json);
	json_decref(s->fields);
	for (enum field i = 0; i < F_COUNT; i++)
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

/* The first row of a CSV file: a header, or the first of the data. */
static int first_row(struct c112_file *f, struct csv_row *row, struct err *e)
{
	int r;

	if (f->rules->header)
		return (r = learn_header(f, row, e)) ? r : C112_NOTHING;
	if (row->fault) { /* it says neither delimiter nor columns: the next one may */
		f->csv.delimiter = f->rules->delimiter;
		return C112_MESSAGE;
	}
	return (r = learn_numbers(f, row, e)) ? r : C112_MESSAGE;
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
	trim_all(csv);
	if (!f->known && (r = first_row(f, csv, e)) != C112_MESSAGE)
		return r;
	if (csv->fault)
		return undecodable(w, row, csv->fault);
	if (all_empty(csv) || is_header(f, csv))
		return C112_NOTHING;
	csv_values(f, row->storage);
	return fill_message(f, row);
}

static int decode_json(const struct c112_file *f, const struct c112_window *w, struct c112_row *row)
{
	const char *p = row->m.original.data;
	size_t n = row->m.original.len;
	struct err why = {0};

	if (json_parse(p, n, C112_JSON_LINE_MAX, &row->storage->json, &why))
		return undecodable(w, row,
			why.code == -E2BIG ? "JSON too large or nested too deeply" : "not JSON");
	if (!json_is_object(row->storage->json))
		return undecodable(w, row, "JSON, but no object");
	if (!json_values(f, row->storage))
		return undecodable(w, row, "nothing of what `fields` names is in it");
	return fill_message(f, row);
}

static int next_line(
	struct c112_file *f, const struct c112_window *w, size_t bom, struct c112_row *row)
{
	const char *p = w->p + bom;
	size_t n = w->n - bom, len = line_length(p, n);

	if (p[len - 1] != '\n' && !w->eof && !w->full)
		return C112_MORE;
	took(row, w, bom, len);
	if (p[len - 1] != '\n' && !w->eof)
		return undecodable(w, row, "a line of more than 1 MiB");
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
	return undecodable(w, row, *p == '{' ? "an object without an end" : "no JSON object");
}

int c112_item(struct c112_file *f, const char *p, size_t n, const char *place,
	const struct message *base, struct c112_row *row)
{
	struct c112_window w = {.p = p, .n = n, .place = place};

	begin_row(row, &w, base);
	took(row, &w, 0, n);
	return decode_json(f, &w, row);
}

char *c112_row_text(const struct c112_row *row, const char *path)
{
	return row->storage->json ? json_value_text(json_at(row->storage->json, path), F_ID) : NULL;
}

/* What is left of a line whose beginning was taken: never a row of its own. */
static int rest_of_line(const struct c112_window *w, struct c112_row *row)
{
	size_t len = line_length(w->p, w->n);

	if (w->p[len - 1] != '\n' && !w->eof && !w->full)
		return C112_MORE;
	took(row, w, 0, len);
	if (len <= 2 && w->p[len - 1] == '\n' && (len == 1 || w->p[0] == '\r'))
		return C112_NOTHING; /* only the line end came later */
	return undecodable(w, row, "the rest of a line whose beginning was taken before");
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
		       : nothing_line(f->rules, w->p + bom, w->n - (size_t)bom, w->eof);
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
