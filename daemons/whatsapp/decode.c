/* decode: see decode.h. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"
#include "core/meta_webhook.h"

#include "decode.h"

#define PLACE_SIZE 96

struct decoder {
	const struct wa_rules *rules;
	const struct message *base;
	wa_emit_fn *emit;
	void *ctx;
	/* of the change at hand */
	const char *place;
	json_t *contacts, *number; /* parsed, may be NULL */
	struct span change;
};

/* What one type's decoder fills beside the message: storage the message borrows. */
struct scratch {
	struct buf text;
	char place[PLACE_SIZE], phone[32], native[SHA256_HEX_SIZE + 64];
	struct message_attachment attachment;
};

/* --- emitting --- */

static void emit(struct decoder *d, struct message *m, struct span bytes)
{
	m->original.data = bytes.p;
	m->original.len = bytes.n;
	d->emit(d->ctx, m, bytes);
}

static const char *hash_id(struct scratch *s, const char *what, struct span bytes)
{
	char hash[SHA256_HEX_SIZE];

	sha256_hex(bytes.p, bytes.n, hash);
	snprintf(s->native, sizeof(s->native), "%s:%s", what, hash);
	return s->native;
}

static void emit_undecodable(
	struct decoder *d, struct span bytes, const char *place, const char *reason)
{
	struct message m = *d->base;
	struct scratch s = {0};

	m.class = MC_UNDECODABLE;
	m.native_id = hash_id(&s, "undecodable", bytes);
	m.source.place = place;
	m.error.place = place;
	m.error.reason = reason;
	emit(d, &m, bytes);
}

/* --- authors and times --- */

static bool same(const char *a, const char *b)
{
	return a && b && *a && strcmp(a, b) == 0;
}

static const json_t *contact_of(const struct decoder *d, const char *phone, const char *user_id)
{
	size_t i;
	const json_t *c;

	json_array_foreach (d->contacts, i, c) {
		if (same(json_str(c, "user_id"), user_id) || same(json_str(c, "wa_id"), phone))
			return c;
	}
	return NULL;
}

/* wa_id is digits with the country code and no '+'; anything else is no number we may assume. */
static const char *phone_of(struct scratch *s, const char *wa_id)
{
	size_t n = wa_id ? strlen(wa_id) : 0;

	if (n < 8 || n > 15 || strspn(wa_id, "0123456789") != n || wa_id[0] == '0')
		return NULL;
	snprintf(s->phone, sizeof(s->phone), "+%s", wa_id);
	return s->phone;
}

static void set_author(
	const struct decoder *d, struct message *m, struct scratch *s, const json_t *j)
{
	const char *phone = json_str(j, "from"), *user = json_str(j, "from_user_id");
	const json_t *contact = contact_of(d, phone, user);
	const json_t *profile = json_object_get(contact, "profile");

	if (!user)
		user = json_str(contact, "user_id");
	if (!phone)
		phone = json_str(contact, "wa_id");
	m->author.id = user && *user ? user : phone;
	m->author.name = json_str(profile, "name");
	m->author.username = json_str(profile, "username");
	m->author.phone = phone_of(s, phone);
	m->author.proven = true;
}

static void set_time(struct message *m, const json_t *j)
{
	const json_t *t = json_object_get(j, "timestamp");
	int64_t seconds = 0;

	if (json_is_integer(t))
		seconds = (int64_t)json_integer_value(t);
	else if (!json_is_string(t) || parse_i64(json_string_value(t), 1, 253402300799, &seconds))
		seconds = 0;
	m->sent_at_source = json_string_value(t);
	m->sent_ms = seconds > 0 && seconds <= 253402300799 ? seconds * 1000 : 0;
}

/* --- types --- */

typedef void type_fn(struct message *m, struct scratch *s, const json_t *j, const char *type);

static void take_text(struct message *m, struct scratch *s, const json_t *j, const char *type)
{
	(void)s;
	m->text = json_str(json_object_get(j, type), "body");
}

static void take_media(struct message *m, struct scratch *s, const json_t *j, const char *type)
{
	const json_t *media = json_object_get(j, type);
	const char *id = json_str(media, "id");

	m->text = json_str(media, "caption");
	if (!id || !*id)
		return; /* no id, nothing to fetch; the original says what came */
	s->attachment = (struct message_attachment){.id = id,
		.state = AS_PENDING,
		.kind = type,
		.bytes = -1,
		.mime = json_str(media, "mime_type"),
		.name = json_str(media, "filename")};
	m->attachments = &s->attachment;
	m->n_attachments = 1;
}

static void take_location(struct message *m, struct scratch *s, const json_t *j, const char *type)
{
	const json_t *l = json_object_get(j, type);
	const json_t *lat = json_object_get(l, "latitude"), *lon = json_object_get(l, "longitude");

	(void)s;
	m->location.set = json_is_number(lat) && json_is_number(lon);
	m->location.lat = json_number_value(lat);
	m->location.lon = json_number_value(lon);
	m->location.name = json_str(l, "name");
	m->location.address = json_str(l, "address");
}

/* A citizen's answer to a request for his number is his own; any other card is somebody's. */
static void take_contacts(struct message *m, struct scratch *s, const json_t *j, const char *type)
{
	const json_t *card = json_array_get(json_object_get(j, type), 0);
	const json_t *phone = json_array_get(json_object_get(card, "phones"), 0);
	const char *number = json_str(phone, "wa_id");

	if (!same(json_str(j, "origin"), "contact_request") || m->author.phone)
		return;
	if (!number)
		number = json_str(phone, "phone");
	if (number && *number == '+')
		number++;
	m->author.phone = phone_of(s, number);
}

static void add_line(struct buf *b, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	buf_addf(b, "%s%s%s%s", b->len ? "\n" : "", key ? key : "", key ? ": " : "", value);
}

/* A flow form: JSON inside a string; its text answers, line by line. */
static void flow_lines(struct buf *b, const char *response)
{
	_cleanup_json_ json_t *form = NULL;
	const char *key;
	json_t *value;

	if (!response || json_parse(response, strlen(response), MESSAGE_TEXT_MAX, &form, NULL))
		return;
	json_object_foreach (form, key, value)
		if (strcmp(key, "flow_token") != 0)
			add_line(b, key, json_string_value(value));
}

static void take_interactive(
	struct message *m, struct scratch *s, const json_t *j, const char *type)
{
	const json_t *o = json_object_get(j, type), *reply;

	reply = json_object_get(o, "button_reply");
	if (!reply)
		reply = json_object_get(o, "list_reply");
	add_line(&s->text, NULL, json_str(reply, "title"));
	add_line(&s->text, NULL, json_str(reply, "description"));
	flow_lines(&s->text, json_str(json_object_get(o, "nfm_reply"), "response_json"));
	m->text = buf_str(&s->text);
}

static void take_button(struct message *m, struct scratch *s, const json_t *j, const char *type)
{
	(void)s;
	m->text = json_str(json_object_get(j, type), "text");
}

static void take_sticker(struct message *m, struct scratch *s, const json_t *j, const char *type)
{
	take_media(m, s, j, type);
	m->class = MC_SYSTEM;
}

static void take_reaction(struct message *m, struct scratch *s, const json_t *j, const char *type)
{
	(void)s;
	m->class = MC_SYSTEM;
	m->in_reply_to = json_str(json_object_get(j, type), "message_id");
}

static void take_no_complaint(
	struct message *m, struct scratch *s, const json_t *j, const char *type)
{
	(void)s;
	(void)j;
	(void)type;
	m->class = MC_SYSTEM;
}

static void take_edit(struct message *m, struct scratch *s, const json_t *j, const char *type);

static void take_revoke(struct message *m, struct scratch *s, const json_t *j, const char *type)
{
	const char *original = json_str(json_object_get(j, type), "original_message_id");

	(void)s;
	if (!original || !*original) {
		m->class = MC_UNKNOWN;
		return;
	}
	m->kind = MK_DELETE;
	m->revision = m->native_id;
	m->native_id = original;
}

static const struct {
	const char *type;
	type_fn *take;
} types[] = {
	{"text", take_text},
	{"image", take_media},
	{"video", take_media},
	{"document", take_media},
	{"audio", take_media},
	{"voice", take_media},
	{"sticker", take_sticker},
	{"location", take_location},
	{"contacts", take_contacts},
	{"interactive", take_interactive},
	{"button", take_button},
	{"reaction", take_reaction},
	{"order", take_no_complaint},
	{"system", take_no_complaint},
	{"edit", take_edit},
	{"revoke", take_revoke},
};

static void take_type(struct message *m, struct scratch *s, const json_t *j)
{
	const char *type = json_str(j, "type");

	for (size_t i = 0; type && i < ARRAY_SIZE(types); i++) {
		if (strcmp(type, types[i].type) == 0) {
			types[i].take(m, s, j, type);
			return;
		}
	}
	m->class = MC_UNKNOWN;
}

static void take_edit(struct message *m, struct scratch *s, const json_t *j, const char *type)
{
	const json_t *edit = json_object_get(j, type), *inner = json_object_get(edit, "message");
	const char *original = json_str(edit, "original_message_id"),
		   *now = json_str(inner, "type");

	if (!original || !*original || !now || strcmp(now, "edit") == 0) {
		m->class = MC_UNKNOWN;
		return;
	}
	take_type(m, s, inner);
	m->kind = MK_EDIT;
	m->revision = m->native_id;
	m->native_id = original;
}

/* --- elements --- */

static bool foreign_number(const struct decoder *d)
{
	const char *id = json_str(d->number, "phone_number_id");

	for (size_t i = 0; i < d->rules->n_numbers; i++)
		if (same(id, d->rules->numbers[i]))
			return false;
	return d->rules->n_numbers > 0;
}

static void take_message(struct decoder *d, struct span bytes, const char *place)
{
	struct scratch s = {.text = BUF_INIT(MESSAGE_TEXT_MAX)};
	_cleanup_json_ json_t *j = NULL;
	struct message m = *d->base;
	struct err why = {0};

	if (json_parse(bytes.p, bytes.n, META_BODY_MAX, &j, &why)) {
		emit_undecodable(d, bytes, place, why.text);
		return;
	}
	m.native_id = json_str(j, "id");
	if (!m.native_id || !*m.native_id) {
		emit_undecodable(d, bytes, place, "a message without an id");
		return;
	}
	m.source.place = place;
	m.class = MC_HUMAN;
	set_author(d, &m, &s, j);
	set_time(&m, j);
	m.in_reply_to = json_str(json_object_get(j, "context"), "id");
	take_type(&m, &s, j);
	if (foreign_number(d))
		m.class = MC_UNKNOWN; /* another account's: a person looks, the rules do not */
	emit(d, &m, bytes);
	buf_free(&s.text);
}

static void take_status(struct decoder *d, struct span bytes, const char *place)
{
	_cleanup_json_ json_t *j = NULL;
	struct message m = *d->base;
	struct err why = {0};
	struct scratch s = {0};

	if (json_parse(bytes.p, bytes.n, META_BODY_MAX, &j, &why)) {
		emit_undecodable(d, bytes, place, why.text);
		return;
	}
	m.class = MC_SYSTEM;
	m.source.place = place;
	m.native_id = hash_id(&s, "status", bytes);
	m.in_reply_to = json_str(j, "id");
	set_time(&m, j);
	emit(d, &m, bytes);
}

/* The whole change as one message of that class. */
static void take_whole(struct decoder *d, enum message_class class)
{
	struct message m = *d->base;
	struct scratch s = {0};

	m.class = class;
	m.source.place = d->place;
	m.native_id = hash_id(&s, "change", d->change);
	emit(d, &m, d->change);
}

/* --- changes --- */

static void parse_member(struct span value, const char *key, json_t **ret)
{
	struct span s;

	if (json_span_member(value, key, &s) == 0 && json_parse(s.p, s.n, META_BODY_MAX, ret, NULL))
		*ret = NULL;
}

typedef void element_fn(struct decoder *d, struct span bytes, const char *place);

/* Elements of value[key]; the number of them, 0 when there is no such list. */
static int each(struct decoder *d, struct span value, const char *key, element_fn *fn)
{
	struct json_span_iter it;
	struct span list, one;
	char place[PLACE_SIZE];
	int n = 0, r;

	if (json_span_member(value, key, &list) || json_span_array(list, &it))
		return 0;
	while ((r = json_span_next(&it, &one)) == 1) {
		snprintf(place, sizeof(place), "%s %s %d", d->place, key, n++);
		fn(d, one, place);
	}
	if (r < 0) {
		snprintf(place, sizeof(place), "%s %s %d", d->place, key, n++);
		emit_undecodable(d, d->change, place, "the list is broken at this place");
	}
	return n;
}

/* Fields that are known and hold no citizen's message. */
static const struct {
	const char *field;
	enum message_class class;
} other_fields[] = {
	{"user_id_update", MC_SYSTEM},
	{"smb_message_echoes", MC_ECHO},
	{"smb_app_state_sync", MC_SYSTEM},
	{"history", MC_SYSTEM},
	{"account_alerts", MC_SYSTEM},
	{"account_review_update", MC_SYSTEM},
	{"account_settings_update", MC_SYSTEM},
	{"account_update", MC_SYSTEM},
	{"business_capability_update", MC_SYSTEM},
	{"business_username_update", MC_SYSTEM},
	{"message_template_components_update", MC_SYSTEM},
	{"message_template_quality_update", MC_SYSTEM},
	{"message_template_status_update", MC_SYSTEM},
	{"phone_number_name_update", MC_SYSTEM},
	{"phone_number_quality_update", MC_SYSTEM},
	{"security", MC_SYSTEM},
	{"template_category_update", MC_SYSTEM},
	{"user_preferences", MC_SYSTEM},
};

static enum message_class class_of_field(const char *field)
{
	for (size_t i = 0; field && i < ARRAY_SIZE(other_fields); i++)
		if (strcmp(field, other_fields[i].field) == 0)
			return other_fields[i].class;
	return MC_UNKNOWN;
}

static void on_change(void *ctx, const struct meta_change *c)
{
	struct decoder *d = ctx;
	int n = 0;

	d->place = c->place;
	d->change = c->change;
	if (!c->field || strcmp(c->field, "messages") != 0) {
		take_whole(d, class_of_field(c->field));
		return;
	}
	parse_member(c->value, "contacts", &d->contacts);
	parse_member(c->value, "metadata", &d->number);
	n += each(d, c->value, "messages", take_message);
	n += each(d, c->value, "statuses", take_status);
	if (n == 0) /* errors out of band, groups …: kept whole */
		take_whole(d, MC_UNKNOWN);
	d->contacts = (json_decref(d->contacts), NULL);
	d->number = (json_decref(d->number), NULL);
}

static void on_broken(void *ctx, struct span bytes, const char *place, const char *reason)
{
	emit_undecodable(ctx, bytes, place, reason);
}

void wa_decode(const char *body, size_t len, const struct wa_rules *rules,
	const struct message *base, wa_emit_fn *emit_fn, void *ctx)
{
	static const struct meta_visitor visitor = {.change = on_change, .broken = on_broken};
	struct decoder d = {.rules = rules, .base = base, .emit = emit_fn, .ctx = ctx};
	const char *reason;

	if (meta_envelope(body, len, "whatsapp_business_account", &visitor, &d, &reason))
		emit_undecodable(&d, (struct span){body, len}, "body", reason);
}

static int count_list(struct span value, const char *key)
{
	struct json_span_iter it;
	struct span list, one;
	int n = 0, r;

	if (json_span_member(value, key, &list) || json_span_array(list, &it))
		return 0;
	while ((r = json_span_next(&it, &one)) == 1)
		n++;
	return n + (r < 0); /* a list that breaks off is told too */
}

static void count_change(void *ctx, const struct meta_change *c)
{
	int *n = ctx, here = 0;

	if (c->field && strcmp(c->field, "messages") == 0)
		here = count_list(c->value, "messages") + count_list(c->value, "statuses");
	*n += MAX(here, 1);
}

static void count_broken(void *ctx, struct span bytes, const char *place, const char *reason)
{
	(void)bytes;
	(void)place;
	(void)reason;
	++*(int *)ctx;
}

int wa_count(const char *body, size_t len)
{
	static const struct meta_visitor visitor = {.change = count_change, .broken = count_broken};
	const char *reason;
	int n = 0;

	if (meta_envelope(body, len, "whatsapp_business_account", &visitor, &n, &reason))
		return 1;
	return n;
}
