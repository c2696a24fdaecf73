/* decode_message: the values of one row, and the message of a call they make.
 *
 * Guarantees: the native id, class and author are a function of the row's bytes and the map; what
 * cannot be read as a time or a place stays as the text it is. Known gap: of "notes" NOTES_MAX
 * bytes are kept, of the others an eighth of that; the original has them all. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"
#include "core/geo.h"
#include "core/idtime.h"

#include "decode_row.h"
#include "page.h"

#define NOTES_MAX 4096 /* bytes kept in the record; the original has them all */

/* --- values of a row --- */

void row_csv_values(const struct c112_file *f, struct c112_storage *s)
{
	for (enum row_field i = 0; i < F_COUNT; i++)
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
static char *json_value_text(const json_t *v, enum row_field field)
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
bool row_json_values(const struct c112_file *f, struct c112_storage *s)
{
	bool any = false;

	for (enum row_field i = 0; i < F_COUNT; i++) {
		const json_t *v = f->where[i] ? json_at(s->json, f->where[i]) : NULL;

		any |= v != NULL;
		s->copies[i] = json_value_text(v, i);
		s->value[i] = s->copies[i] ? row_trim(s->copies[i]) : "";
	}
	return any;
}

char *c112_row_text(const struct c112_row *row, const char *path)
{
	return row->storage->json ? json_value_text(json_at(row->storage->json, path), F_ID) : NULL;
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
	static const enum row_field kept[] = {F_NOTES, F_DISTRICT, F_TITLE, F_CATEGORY, F_AGENCY};
	char day[11], closed[TIME_TEXT_SIZE];
	int64_t ms;

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		add_field(s, row_field_names[kept[i]], s->value[kept[i]]);
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
		part = row_trim(part);
		if (*part)
			s->path[row->n_paths++] = part;
	}
	row->paths = s->path;
}

int row_fill(const struct c112_file *f, struct c112_row *row)
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

int row_undecodable(const struct c112_window *w, struct c112_row *row, const char *reason)
{
	row->m.kind = MK_CALL;
	row->m.class = MC_UNDECODABLE;
	row->m.error.place = w->place;
	row->m.error.reason = reason;
	set_hash_id(row->storage, &row->m, "undecodable");
	return C112_MESSAGE;
}
