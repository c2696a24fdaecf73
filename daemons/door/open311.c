/* open311: see open311.h. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"
#include "core/geo.h"
#include "core/idtime.h"

#include "open311.h"

#define FIELDS_MAX (16 * 1024)

/* --- in --- */

static const struct open311_service *find_service(
	const struct open311_service *services, size_t n, const char *code)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(services[i].code, code) == 0)
			return &services[i];
	return NULL;
}

static int take_place(const struct form *f, struct message *m, struct err *e)
{
	const char *lat = form_get(f, "lat"), *lon = form_get(f, "long");

	if (!lon)
		lon = form_get(f, "lon");
	m->location.address = form_get(f, "address_string");
	if (!lat && !lon)
		return m->location.address || form_get(f, "address_id")
			       ? 0
			       : err_set(e, -EINVAL,
					 "lat and long, address_string or address_id must be "
					 "there");
	if (!lat || !lon || id_number_parse(lat, &m->location.lat) ||
		id_number_parse(lon, &m->location.lon) ||
		geo_on_earth(m->location.lat, m->location.lon))
		return err_set(e, -EINVAL, "lat and long must be degrees, both of them");
	m->location.set = true;
	return 0;
}

static void take_author(const struct form *f, struct open311_report *r, struct message *m)
{
	const char *first = form_get(f, "first_name"), *last = form_get(f, "last_name");
	static const char *const ids[] = {"account_id", "device_id", "phone", "email"};

	snprintf(r->name, sizeof(r->name), "%s%s%s", first ? first : "", first && last ? " " : "",
		last ? last : "");
	m->author.name = *r->name ? r->name : NULL;
	m->author.phone = form_get(f, "phone");
	m->author.email = form_get(f, "email");
	m->author.id = "";
	for (size_t i = 0; i < ARRAY_SIZE(ids) && !*m->author.id; i++)
		if (form_get(f, ids[i]))
			m->author.id = form_get(f, ids[i]);
}

static void take_photo(const struct form *f, struct open311_report *r, struct message *m)
{
	const char *url = form_get(f, "media_url");

	if (!url)
		return;
	r->photo = (struct message_attachment){
		.id = url, .url = url, .state = AS_PENDING, .kind = "image", .bytes = -1};
	m->attachments = &r->photo;
	m->n_attachments = 1;
}

static void keep_text(json_t *o, const char *key, const char *value)
{
	_cleanup_free_ char *k = utf8_repair(key, strlen(key), NULL, NULL);
	_cleanup_free_ char *v = utf8_repair(value, strlen(value), NULL, NULL);

	json_set_str(o, k, v);
}

/* What has a place of its own in a message. */
static bool is_known(const char *name)
{
	static const char *const known[] = {"api_key", "lat", "long", "lon", "address_string",
		"first_name", "last_name", "phone", "email", "account_id", "device_id",
		"description", "media_url"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	return false;
}

static int take_fields(const struct form *f, const struct open311_service *s,
	struct open311_report *r, struct message *m, struct err *e)
{
	r->fields = json_object();
	for (size_t i = 0; i < f->n; i++)
		if (!is_known(f->pairs[i].name))
			keep_text(r->fields, f->pairs[i].name, f->pairs[i].value);
	json_set_str(r->fields, "service_name", s->name);
	if (s->category)
		json_set_str(r->fields, "category", s->category);
	if (s->agency)
		json_set_str(r->fields, "agency", s->agency);
	m->fields = r->fields;
	if (json_dumpb(r->fields, NULL, 0, JSON_COMPACT) > FIELDS_MAX)
		return err_set(e, -EINVAL,
			"attributes and fields unknown here must be at most %d KiB",
			FIELDS_MAX / 1024);
	return 0;
}

static void make_id(const struct form *f, const char *day, struct open311_report *r)
{
	struct sha256 *s = sha256_new();
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->pairs[i].name, "api_key") == 0)
			continue;
		sha256_add(s, f->pairs[i].name, strlen(f->pairs[i].name) + 1);
		sha256_add(s, f->pairs[i].value, strlen(f->pairs[i].value) + 1);
	}
	sha256_end(s, digest);
	hex_encode(digest, sizeof(digest), hex);
	snprintf(r->native_id, sizeof(r->native_id), "%s:%s", day, hex);
}

int open311_decode(const struct form *f, const struct open311_service *services, size_t n,
	const char *day, struct open311_report *ret, struct message *m, struct err *e)
{
	const char *code = form_get(f, "service_code");
	const struct open311_service *s;
	int r;

	*ret = (struct open311_report){0};
	if (!code)
		return err_set(e, -EINVAL, "service_code must be there");
	s = find_service(services, n, code);
	if (!s)
		return err_set(e, -ENOENT, "service_code is none of the services");
	r = take_place(f, m, e);
	if (r == 0)
		r = take_fields(f, s, ret, m, e);
	if (r)
		return r;
	m->text = form_get(f, "description");
	if (!m->text)
		m->text = s->name;
	take_author(f, ret, m);
	take_photo(f, ret, m);
	if (!m->native_id) {
		make_id(f, day, ret);
		m->native_id = ret->native_id;
	}
	return 0;
}

void open311_report_free(struct open311_report *r)
{
	json_decref(r->fields);
	r->fields = NULL;
}

/* --- out --- */

json_t *open311_services(const struct open311_service *services, size_t n)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct open311_service *s = &services[i];
		json_t *o = json_object();

		json_set_str(o, "service_code", s->code);
		json_set_str(o, "service_name", s->name);
		json_set_str(o, "description", s->description ? s->description : s->name);
		json_set_new(o, "metadata", json_false());
		json_set_str(o, "type", "realtime");
		json_set_str(o, "keywords", "");
		json_set_str(o, "group", s->group ? s->group : "");
		json_array_append_new(rows, o);
	}
	return rows;
}

/* XML 1.0 has no place for most control characters, not even escaped. */
static void xml_text(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '&')
			buf_adds(out, "&amp;");
		else if (*s == '<')
			buf_adds(out, "&lt;");
		else if (*s == '>')
			buf_adds(out, "&gt;");
		else if ((unsigned char)*s >= 0x20 || *s == '\n' || *s == '\t')
			buf_addc(out, *s);
	}
}

static void xml_value(struct buf *out, const json_t *v)
{
	if (json_is_string(v))
		xml_text(out, json_string_value(v));
	else if (json_is_integer(v))
		buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_boolean(v))
		buf_adds(out, json_is_true(v) ? "true" : "false");
}

static void xml_rows(const json_t *rows, const char *root, const char *item, struct buf *out)
{
	const char *key;
	json_t *row, *v;
	size_t i;

	buf_addf(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<%s>\n", root);
	json_array_foreach (rows, i, row) {
		buf_addf(out, "<%s>", item);
		json_object_foreach (row, key, v) {
			buf_addf(out, "<%s>", key);
			xml_value(out, v);
			buf_addf(out, "</%s>", key);
		}
		buf_addf(out, "</%s>\n", item);
	}
	buf_addf(out, "</%s>\n", root);
}

int open311_render(
	const json_t *rows, const char *root, const char *item, bool xml, struct buf *out)
{
	_cleanup_free_ char *text = NULL;

	if (xml) {
		xml_rows(rows, root, item, out);
	} else {
		text = json_text(rows, NULL);
		buf_adds(out, text);
	}
	return out->over ? -E2BIG : 0;
}
