/* sheet: see sheet.h. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/util.h"
#include "core/geo.h"
#include "core/idtime.h"

#include "sheet.h"

enum field {
	ID,
	TEXT,
	SENT_AT,
	NAME,
	PHONE,
	EMAIL,
	AUTHOR,
	LAT,
	LON,
	COORDINATES,
	ADDRESS,
	IN_REPLY_TO,
	BESIDE, /* from here on: kept beside the message under its own name */
	TITLE = BESIDE,
	CATEGORY,
	AGENCY,
	INCIDENT_DATE,
	FIELDS
};
static const char *const names[FIELDS] = {"id", "text", "sent_at", "name", "phone", "email",
	"author", "lat", "lon", "coordinates", "address", "in_reply_to", "title", "category",
	"agency", "incident_date"};

const char *const sheet_encodings[] = {"utf-8", "windows-1252", NULL};

struct sheet {
	struct csv_rules rules;
	int zone_minutes;
	int column[FIELDS]; /* -1: not in the map */
	const char *p;
	size_t n;
	long line; /* of p */
};

static int field_of(const char *name)
{
	for (int i = 0; i < FIELDS; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

const char *sheet_field_fault(const char *field)
{
	return field_of(field) >= 0
		       ? NULL
		       : "is no field; allowed are id, text, sent_at, name, phone, email, author, "
			 "lat, lon, coordinates, address, in_reply_to, title, category, agency, "
			 "incident_date";
}

char sheet_delimiter(const char *text)
{
	if (!text || strcmp(text, "auto") == 0)
		return '\0';
	if (strcmp(text, "tab") == 0)
		return '\t';
	return strlen(text) == 1 && !strchr("\"\r\n", *text) && (unsigned char)*text < 0x80 ? *text
											    : -1;
}

/* Without blanks around it. */
static char *trimmed(char *s)
{
	size_t n;

	s += strspn(s, " \t\r\n");
	for (n = strlen(s); n && strchr(" \t\r\n", s[n - 1]);)
		s[--n] = '\0';
	return s;
}

/* --- the header --- */

static int find_column(const struct csv_row *header, const char *name)
{
	for (size_t i = 0; i < header->n; i++)
		if (strcasecmp(trimmed(header->fields[i]), name) == 0)
			return (int)i;
	return -1;
}

static int learn(
	struct sheet *s, const struct sheet_conf *c, const struct csv_row *header, struct err *e)
{
	if (header->fault)
		return err_set(e, -EINVAL, "the header: %s", header->fault);
	for (int i = 0; i < FIELDS; i++)
		s->column[i] = -1;
	for (size_t i = 0; i < c->fields.n; i++) {
		int field = field_of(c->fields.v[i].key);
		int at = find_column(header, c->fields.v[i].value);

		if (at < 0)
			return err_set(e, -EINVAL, "the header has no column \"%s\"",
				c->fields.v[i].value);
		if (field >= 0)
			s->column[field] = at;
	}
	s->rules.columns = header->n;
	return 0;
}

static void step(struct sheet *s, const struct csv_row *row)
{
	s->p += row->raw_len;
	s->n -= row->raw_len;
	s->line += row->lines;
}

/* The delimiter is guessed from the header, not from an empty line before it. */
static void skip_line_ends(struct sheet *s)
{
	for (; s->n && strchr("\r\n", *s->p) && *s->p; s->p++, s->n--)
		s->line += *s->p == '\n';
}

static int read_header(struct sheet *s, const struct sheet_conf *c, struct err *e)
{
	struct csv_row row = {.raw = NULL};
	int r = 0;

	if (s->n == 0 || csv_next(s->p, s->n, true, &s->rules, &row) != 1)
		r = err_set(e, -EINVAL, "there is no header");
	if (r == 0)
		r = learn(s, c, &row, e);
	step(s, &row);
	csv_row_free(&row);
	return r;
}

int sheet_open(const struct sheet_conf *c, int zone_minutes, const char *body, size_t n,
	struct sheet **ret, struct err *e)
{
	struct sheet *s;
	int bom = csv_bom(body, n), r;

	if (bom < 0)
		return err_set(e, -EINVAL, "UTF-16 is not read: export as UTF-8");
	s = xcalloc(1, sizeof(*s));
	s->zone_minutes = zone_minutes;
	s->p = body + bom;
	s->n = n - (size_t)bom;
	s->line = 1;
	skip_line_ends(s);
	s->rules.delimiter = sheet_delimiter(c->delimiter);
	s->rules.encoding = bom ? CSV_UTF8 : (enum csv_encoding)c->encoding;
	if (!s->rules.delimiter)
		s->rules.delimiter = csv_guess_delimiter(s->p, s->n);
	r = read_header(s, c, e);
	if (r) {
		sheet_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void sheet_close(struct sheet *s)
{
	free(s);
}

/* --- rows --- */

/* NULL for what is not there: no column, blank, "-". */
static const char *value(const struct sheet *s, const struct sheet_row *row, enum field f)
{
	const char *v = s->column[f] >= 0 ? row->csv.fields[s->column[f]] : NULL;

	return v && *v && strcmp(v, "-") != 0 ? v : NULL;
}

static void take_place(const struct sheet *s, struct sheet_row *row, struct message *m)
{
	struct geo_point at;

	m->location.address = value(s, row, ADDRESS);
	if (geo_parse_pair(value(s, row, LAT), value(s, row, LON), &at) &&
		geo_parse(value(s, row, COORDINATES), &at)) {
		for (enum field f = LAT; f <= COORDINATES; f++) /* as it stood there */
			if (value(s, row, f))
				json_set_str(row->fields, names[f], value(s, row, f));
		return;
	}
	m->location.set = true;
	m->location.lat = at.lat;
	m->location.lon = at.lon;
}

static void take_author(const struct sheet *s, const struct sheet_row *row, struct message *m)
{
	static const enum field ids[] = {AUTHOR, PHONE, EMAIL};

	m->author.name = value(s, row, NAME);
	m->author.phone = value(s, row, PHONE);
	m->author.email = value(s, row, EMAIL);
	m->author.id = "";
	for (size_t i = 0; i < ARRAY_SIZE(ids) && !*m->author.id; i++)
		if (value(s, row, ids[i]))
			m->author.id = value(s, row, ids[i]);
}

/* Of the bytes without their line end: the same row at the end of another file is the same. */
static void take_id(const struct sheet *s, struct sheet_row *row, struct message *m)
{
	char hash[SHA256_HEX_SIZE];

	m->native_id = value(s, row, ID);
	if (m->native_id)
		return;
	sha256_hex(m->original.data, m->original.len, hash);
	memcpy(row->native_id, "row:", 4);
	memcpy(row->native_id + 4, hash, sizeof(hash));
	m->native_id = row->native_id;
}

static void take_beside(const struct sheet *s, struct sheet_row *row)
{
	char date[11];

	for (enum field f = BESIDE; f < FIELDS; f++)
		if (value(s, row, f))
			json_set_str(row->fields, names[f], value(s, row, f));
	if (value(s, row, INCIDENT_DATE) && id_date_parse(value(s, row, INCIDENT_DATE), date) == 0)
		json_set_str(row->fields, names[INCIDENT_DATE], date);
}

static void fill(const struct sheet *s, struct sheet_row *row, struct message *m)
{
	m->original.data = row->csv.raw;
	m->original.len = row->csv.raw_len;
	while (m->original.len && strchr("\r\n", row->csv.raw[m->original.len - 1]))
		m->original.len--;
	for (size_t i = 0; i < row->csv.n; i++)
		row->csv.fields[i] = trimmed(row->csv.fields[i]);
	row->fields = json_object();
	take_id(s, row, m);
	take_author(s, row, m);
	take_place(s, row, m);
	take_beside(s, row);
	m->text = value(s, row, TEXT);
	m->in_reply_to = value(s, row, IN_REPLY_TO);
	m->sent_at_source = value(s, row, SENT_AT);
	if (m->sent_at_source && id_time_parse(m->sent_at_source, s->zone_minutes, &m->sent_ms))
		m->sent_ms = 0; /* its text is kept */
	m->fields = json_object_size(row->fields) ? row->fields : NULL;
	if (!m->text)
		row->fault = "nothing is said: the column of text is empty";
}

bool sheet_next(struct sheet *s, struct sheet_row *row, struct message *m)
{
	do {
		if (s->n == 0 || csv_next(s->p, s->n, true, &s->rules, &row->csv) != 1)
			return false;
		row->line = s->line;
		step(s, &row->csv);
	} while (row->csv.blank);
	json_decref(row->fields);
	row->fields = NULL;
	row->fault = row->csv.fault;
	if (!row->fault)
		fill(s, row, m);
	return true;
}

void sheet_row_free(struct sheet_row *row)
{
	csv_row_free(&row->csv);
	json_decref(row->fields);
	*row = (struct sheet_row){.line = 0};
}

size_t sheet_count(const struct sheet *s)
{
	struct sheet copy = *s;
	struct csv_row row = {.raw = NULL};
	size_t n = 0;

	while (copy.n && csv_next(copy.p, copy.n, true, &copy.rules, &row) == 1) {
		step(&copy, &row);
		n += !row.blank;
	}
	csv_row_free(&row);
	return n;
}
