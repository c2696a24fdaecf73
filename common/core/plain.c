/* plain: see plain.h. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/geo.h"
#include "core/idtime.h"
#include "core/plain.h"

int plain_text(const json_t *o, const char *key, const char **ret, struct err *e)
{
	const json_t *v = json_object_get(o, key);

	*ret = json_string_value(v);
	if (!v || json_is_null(v) || *ret)
		return 0;
	return err_set(e, -EINVAL, "\"%s\" must be a text", key);
}

/* *ret is NULL when there is none, or an error. */
static int want_object(const json_t *o, const char *key, json_t **ret, struct err *e)
{
	json_t *v = json_object_get(o, key);

	*ret = json_is_object(v) ? v : NULL;
	if (*ret || !v || json_is_null(v))
		return 0;
	return err_set(e, -EINVAL, "\"%s\" must be an object", key);
}

/* A caller that knows a better one (an idempotency key) says so by giving it. */
static int native_id(struct plain *line, struct message *m, struct err *e)
{
	const char *given = m->native_id;
	const json_t *v = json_object_get(line->root, "native_id");

	if (json_is_integer(v))
		snprintf(line->number, sizeof line->number, "%" JSON_INTEGER_FORMAT,
			json_integer_value(v));
	m->native_id = json_is_integer(v) ? line->number : json_string_value(v);
	if ((!v || json_is_null(v)) && given)
		m->native_id = given;
	if (m->native_id && *m->native_id)
		return 0;
	return err_set(e, -EINVAL, "\"native_id\" must be a text or a whole number");
}

static int author(const json_t *root, struct message *m, struct err *e)
{
	json_t *a;
	int r = want_object(root, "author", &a, e);

	m->author.id = "";
	if (!a)
		return r;
	r = plain_text(a, "id", &m->author.id, e);
	if (r == 0)
		r = plain_text(a, "name", &m->author.name, e);
	if (r == 0)
		r = plain_text(a, "phone", &m->author.phone, e);
	if (r == 0)
		r = plain_text(a, "email", &m->author.email, e);
	if (!m->author.id || !*m->author.id)
		m->author.id = m->author.phone ? m->author.phone : m->author.email;
	if (!m->author.id)
		m->author.id = "";
	return r;
}

static int sent_at(const json_t *root, int zone_minutes, struct message *m, struct err *e)
{
	int r = plain_text(root, "sent_at", &m->sent_at_source, e);

	/* A time that cannot be read is no reason to refuse a complaint: its text is kept. */
	if (m->sent_at_source && id_time_parse(m->sent_at_source, zone_minutes, &m->sent_ms))
		m->sent_ms = 0;
	return r;
}

static int location(const json_t *root, struct message *m, struct err *e)
{
	json_t *l;
	int r = want_object(root, "location", &l, e);
	const json_t *lat = json_object_get(l, "lat"), *lon = json_object_get(l, "lon");

	if (!l)
		return r;
	r = plain_text(l, "address", &m->location.address, e);
	if (r == 0)
		r = plain_text(l, "name", &m->location.name, e);
	if (!json_is_number(lat) || !json_is_number(lon))
		return r || (!lat && !lon)
			       ? r
			       : err_set(e, -EINVAL, "\"lat\" and \"lon\" must both be numbers");
	m->location.lat = json_number_value(lat);
	m->location.lon = json_number_value(lon);
	m->location.set = geo_on_earth(m->location.lat, m->location.lon) == 0;
	return r;
}

static int call(const json_t *root, struct message *m, struct err *e)
{
	json_t *c;
	int r = want_object(root, "call", &c, e);

	if (!c)
		return r;
	m->kind = MK_CALL;
	m->call.mapped = CC_UNKNOWN;
	r = plain_text(c, "type", &m->call.type, e);
	if (r == 0)
		r = plain_text(c, "priority", &m->call.priority, e);
	if (m->call.type)
		(void)call_class_parse(m->call.type, &m->call.mapped);
	m->class = message_class_of_call(m->call.mapped);
	return r;
}

/* "fields", and whatever has no place of its own. */
static int fields(struct plain *line, struct message *m, struct err *e)
{
	static const char *const known[] = {"native_id", "author", "sent_at", "text", "attachments",
		"location", "call", "in_reply_to", "fields"};
	json_t *given, *v;
	const char *key;
	int r = want_object(line->root, "fields", &given, e);

	if (r)
		return r;
	line->fields = given ? json_copy(given) : json_object();
	json_object_foreach (line->root, key, v) {
		bool own = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			own = own || strcmp(key, known[i]) == 0;
		if (!own && json_object_set(line->fields, key, v))
			abort(); /* out of memory */
	}
	m->fields = json_object_size(line->fields) ? line->fields : NULL;
	return 0;
}

int plain_list(const json_t *root, const json_t **ret, size_t *ret_n, struct err *e)
{
	const json_t *list = json_object_get(root, "attachments");

	*ret = list;
	*ret_n = json_array_size(list);
	if (list && !json_is_null(list) && !json_is_array(list))
		return err_set(e, -EINVAL, "\"attachments\" must be a list");
	if (*ret_n > MESSAGE_ATTACHMENTS_MAX)
		return err_set(e, -EINVAL, "\"attachments\" holds %zu, at most %d are taken",
			*ret_n, MESSAGE_ATTACHMENTS_MAX);
	return 0;
}

static int fill(struct plain *line, int zone_minutes, struct message *m, struct err *e)
{
	int r = native_id(line, m, e);

	if (r == 0)
		r = author(line->root, m, e);
	if (r == 0)
		r = sent_at(line->root, zone_minutes, m, e);
	if (r == 0)
		r = plain_text(line->root, "text", &m->text, e);
	if (r == 0)
		r = plain_text(line->root, "in_reply_to", &m->in_reply_to, e);
	if (r == 0)
		r = location(line->root, m, e);
	if (r == 0)
		r = call(line->root, m, e);
	return r ? r : fields(line, m, e);
}

int plain_decode(const char *p, size_t n, size_t max_bytes, int zone_minutes, struct plain *line,
	struct message *m, struct err *e)
{
	struct message filled = *m;
	int r;

	*line = (struct plain){0};
	r = json_parse(p, n, max_bytes, &line->root, e);
	if (r)
		return r;
	if (!json_is_object(line->root))
		return err_set(e, -EINVAL, "not a JSON object");
	r = fill(line, zone_minutes, &filled, e);
	if (r == 0)
		*m = filled;
	return r;
}

void plain_free(struct plain *line)
{
	json_decref(line->root);
	json_decref(line->fields);
	*line = (struct plain){0};
}
