/* types: see types.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

#include "types.h"

#define FORM_MAX_BYTES (16 * 1024) /* of "fields.form"; the text has the answers anyway */
#define FORM_DEPTH_MAX 4
#define CARDS_MAX      20
#define SECONDS_MAX    253402300799 /* the end of the year 9999 */

void wa_scratch_init(struct wa_scratch *s)
{
	*s = (struct wa_scratch){.text = BUF_INIT(MESSAGE_TEXT_MAX)};
}

void wa_scratch_free(struct wa_scratch *s)
{
	buf_free(&s->text);
	json_decref(s->fields);
}

static void set_field(struct wa_scratch *s, struct message *m, const char *key, json_t *value)
{
	if (!s->fields)
		s->fields = json_object();
	json_set_new(s->fields, key, value);
	m->fields = s->fields;
}

static void set_text_field(
	struct wa_scratch *s, struct message *m, const char *key, const char *value)
{
	if (value && *value)
		set_field(s, m, key, json_str_new(value));
}

/* --- authors and times --- */

static bool same(const char *a, const char *b)
{
	return a && b && *a && strcmp(a, b) == 0;
}

static const char *filled(const char *s)
{
	return s && *s ? s : NULL;
}

static const json_t *contact_of(
	const json_t *contacts, const char *phone, const char *user_id, bool alone)
{
	size_t i;
	const json_t *c;

	json_array_foreach (contacts, i, c) {
		if (same(json_str(c, "user_id"), user_id) || same(json_str(c, "wa_id"), phone))
			return c;
	}
	/* A sender with a username may come without any id beside the message itself. */
	if (!phone && !user_id && alone && json_array_size(contacts) == 1)
		return json_array_get(contacts, 0);
	return NULL;
}

/* wa_id is digits with the country code and no '+'; anything else is no number we may assume. */
static const char *phone_of(struct wa_scratch *s, const char *wa_id)
{
	size_t n = wa_id ? strlen(wa_id) : 0;

	if (n < 8 || n > 15 || strspn(wa_id, "0123456789") != n || wa_id[0] == '0')
		return NULL;
	snprintf(s->phone, sizeof(s->phone), "+%s", wa_id);
	return s->phone;
}

void wa_author(struct message *m, struct wa_scratch *s, const json_t *j, const json_t *contacts,
	bool alone)
{
	const char *phone = filled(json_str(j, "from")),
		   *user = filled(json_str(j, "from_user_id"));
	const json_t *contact = contact_of(contacts, phone, user, alone);
	const json_t *profile = json_object_get(contact, "profile");

	if (!user)
		user = filled(json_str(contact, "user_id"));
	if (!phone)
		phone = filled(json_str(contact, "wa_id"));
	m->author.id = user ? user : phone;
	m->author.name = json_str(profile, "name");
	m->author.username = json_str(profile, "username");
	m->author.phone = phone_of(s, phone);
	m->author.proven = true;
}

void wa_time(struct message *m, const json_t *j)
{
	const json_t *t = json_object_get(j, "timestamp");
	int64_t seconds = 0;

	if (json_is_integer(t))
		seconds = (int64_t)json_integer_value(t);
	else if (!json_is_string(t) || parse_i64(json_string_value(t), 1, SECONDS_MAX, &seconds))
		seconds = 0;
	m->sent_at_source = json_string_value(t);
	m->sent_ms = seconds > 0 && seconds <= SECONDS_MAX ? seconds * 1000 : 0;
}

/* --- types --- */

typedef void type_fn(struct message *m, struct wa_scratch *s, const json_t *j, const char *type);

static void add_line(struct buf *b, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	(void)buf_addf(b, "%s%s%s%s", b->len ? "\n" : "", key ? key : "", key ? ": " : "", value);
}

static void take_text(struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
{
	(void)s;
	m->text = json_str(json_object_get(j, type), "body");
}

static void take_media(struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
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

static void take_location(
	struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
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

/* "Kontak: Budi, +62 812 …" a card: what the citizen wanted to tell by sending it. */
static void card_lines(struct buf *b, const json_t *cards)
{
	size_t i, k;
	json_t *card, *phone;

	json_array_foreach (cards, i, card) {
		_cleanup_buf_ struct buf line = BUF_INIT(1024);
		const char *name = json_str(json_object_get(card, "name"), "formatted_name");

		if (i == CARDS_MAX)
			break;
		(void)buf_adds(&line, name ? name : "");
		json_array_foreach (json_object_get(card, "phones"), k, phone) {
			const char *number = json_str(phone, "phone");

			if (!number)
				number = json_str(phone, "wa_id");
			if (number && k < CARDS_MAX)
				(void)buf_addf(&line, "%s%s", line.len ? ", " : "", number);
		}
		add_line(b, "Kontak", buf_str(&line));
	}
}

/* A citizen's answer to a request for his number is his own and no complaint text; any other card
 * is somebody's. */
static void take_contacts(
	struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
{
	const json_t *cards = json_object_get(j, type);
	const json_t *phone =
		json_array_get(json_object_get(json_array_get(cards, 0), "phones"), 0);
	const char *number = json_str(phone, "wa_id");

	if (!same(json_str(j, "origin"), "contact_request")) {
		card_lines(&s->text, cards);
		m->text = buf_str(&s->text);
		return;
	}
	set_field(s, m, "identity", json_pack("{s:s}", "event", "contact_request"));
	if (!number)
		number = json_str(phone, "phone");
	if (number && *number == '+')
		number++;
	if (!m->author.phone)
		m->author.phone = phone_of(s, number);
}

/* A scalar as text into `out`; NULL when it is a list or a map. */
static const char *scalar(const json_t *v, char out[32])
{
	if (json_is_integer(v))
		snprintf(out, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		snprintf(out, 32, "%.15g", json_real_value(v));
	else if (json_is_boolean(v))
		snprintf(out, 32, "%s", json_is_true(v) ? "ya" : "tidak");
	else
		return json_string_value(v);
	return out;
}

/* Answers of a form, a line each: "keluhan: Lampu mati", "hari: senin, rabu". */
static void form_lines(struct buf *b, const json_t *form, int depth)
{
	const char *key, *text;
	json_t *v, *one;
	char number[32];
	size_t i;

	json_object_foreach ((json_t *)(uintptr_t)form, key, v) {
		_cleanup_buf_ struct buf list = BUF_INIT(MESSAGE_TEXT_MAX);

		if (strcmp(key, "flow_token") == 0)
			continue;
		if (json_is_object(v) && depth < FORM_DEPTH_MAX)
			form_lines(b, v, depth + 1);
		json_array_foreach (v, i, one) {
			text = scalar(one, number);
			if (text)
				(void)buf_addf(&list, "%s%s", list.len ? ", " : "", text);
		}
		text = json_is_array(v) ? buf_str(&list) : scalar(v, number);
		add_line(b, key, text);
	}
}

/* A Flow form: JSON inside a string. What is no JSON is kept as the text it is. */
static void take_form(struct message *m, struct wa_scratch *s, const json_t *reply)
{
	const char *response = json_str(reply, "response_json");
	_cleanup_json_ json_t *form = NULL;

	if (!response)
		return;
	if (json_parse(response, strlen(response), MESSAGE_TEXT_MAX, &form, NULL) ||
		!json_is_object(form)) {
		add_line(&s->text, NULL, response);
		return;
	}
	form_lines(&s->text, form, 0);
	if (strlen(response) <= FORM_MAX_BYTES)
		set_field(s, m, "form", TAKE_PTR(form));
}

static void take_interactive(
	struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
{
	const json_t *o = json_object_get(j, type), *reply;

	reply = json_object_get(o, "button_reply");
	if (!reply)
		reply = json_object_get(o, "list_reply");
	add_line(&s->text, NULL, json_str(reply, "title"));
	add_line(&s->text, NULL, json_str(reply, "description"));
	set_text_field(s, m, "reply", json_str(reply, "id"));
	take_form(m, s, json_object_get(o, "nfm_reply"));
	m->text = buf_str(&s->text);
}

static void take_button(struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
{
	const json_t *button = json_object_get(j, type);

	m->text = json_str(button, "text");
	set_text_field(s, m, "reply", json_str(button, "payload"));
	if (!m->text || !*m->text)
		m->text = json_str(button, "payload");
}

static void take_sticker(struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
{
	take_media(m, s, j, type);
	m->class = MC_SYSTEM;
}

/* An empty or missing emoji takes the reaction back. */
static void take_reaction(
	struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
{
	const json_t *reaction = json_object_get(j, type);

	(void)s;
	m->class = MC_SYSTEM;
	m->in_reply_to = json_str(reaction, "message_id");
	m->text = json_str(reaction, "emoji");
}

/* Nothing a government sells; but words beside the order are words. */
static void take_order(struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
{
	(void)s;
	m->text = json_str(json_object_get(j, type), "text");
	if (!m->text || !*m->text)
		m->class = MC_SYSTEM;
}

static void take_system(struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
{
	const json_t *system = json_object_get(j, type);
	const char *wa_id = json_str(system, "wa_id"), *user = json_str(system, "user_id");
	json_t *identity = json_object();

	m->class = MC_SYSTEM;
	m->text = json_str(system, "body");
	if (!wa_id)
		wa_id = json_str(system, "new_wa_id");
	json_set_str(identity, "event", json_str(system, "type"));
	json_set_str(identity, "wa_id", wa_id);
	json_set_str(identity, "user_id", user);
	json_set_str(identity, "parent_user_id", json_str(system, "parent_user_id"));
	json_set_str(identity, "previous", m->author.id);
	set_field(s, m, "identity", identity);
	if (!m->author.id) /* the event itself names him */
		m->author.id = filled(user) ? user : filled(wa_id);
}

/* Error 131051 and its like: something was sent that WhatsApp does not hand on. A person looks. */
static void take_unsupported(
	struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
{
	json_t *what = json_object(), *codes = json_array();
	const char *of = json_str(json_object_get(j, type), "type");
	size_t i;
	json_t *e;

	m->class = MC_UNKNOWN;
	json_set_str(what, "type", of ? of : type);
	json_array_foreach (json_object_get(j, "errors"), i, e)
		if (i < 8)
			json_array_append_new(codes, json_integer(json_int(e, "code", 0)));
	json_set_new(what, "codes", codes);
	set_field(s, m, "unsupported", what);
}

static void take_edit(struct message *m, struct wa_scratch *s, const json_t *j, const char *type);

static void take_revoke(struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
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
	{"order", take_order},
	{"system", take_system},
	{"unsupported", take_unsupported},
	{"unknown", take_unsupported},
	{"edit", take_edit},
	{"revoke", take_revoke},
};

static void take_type(struct message *m, struct wa_scratch *s, const json_t *j)
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

/* The message as it reads now is within; an edit in an edit is nothing we know. */
static void take_edit(struct message *m, struct wa_scratch *s, const json_t *j, const char *type)
{
	const json_t *edit = json_object_get(j, type), *inner = json_object_get(edit, "message");
	const char *original = json_str(edit, "original_message_id"),
		   *now = json_str(inner, "type");

	if (!original || !*original || !now || strcmp(now, "edit") == 0 ||
		strcmp(now, "revoke") == 0) {
		m->class = MC_UNKNOWN;
		return;
	}
	take_type(m, s, inner);
	m->kind = MK_EDIT;
	m->revision = m->native_id;
	m->native_id = original;
}

static void take_referral(struct message *m, struct wa_scratch *s, const json_t *referral)
{
	static const char *const keys[] = {"source_type", "source_id", "source_url", "headline"};
	json_t *out;

	if (!json_is_object(referral))
		return;
	out = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_str(referral, keys[i]))
			json_set_str(out, keys[i], json_str(referral, keys[i]));
	set_field(s, m, "referral", out);
}

void wa_type(struct message *m, struct wa_scratch *s, const json_t *j)
{
	const json_t *context = json_object_get(j, "context");

	m->in_reply_to = json_str(context, "id");
	if (json_flag(context, "forwarded") || json_flag(context, "frequently_forwarded"))
		set_field(s, m, "forwarded", json_true());
	set_text_field(s, m, "group", json_str(j, "group_id"));
	take_referral(m, s, json_object_get(j, "referral"));
	take_type(m, s, j);
}

void wa_identity(struct message *m, struct wa_scratch *s, const json_t *j)
{
	const json_t *ids = json_object_get(j, "user_id"),
		     *parents = json_object_get(j, "parent_user_id");
	json_t *identity = json_object();

	m->class = MC_SYSTEM;
	m->author.id = filled(json_str(ids, "current"));
	if (!m->author.id)
		m->author.id = filled(json_str(j, "wa_id"));
	m->author.phone = phone_of(s, json_str(j, "wa_id"));
	m->author.proven = true;
	m->text = json_str(j, "detail");
	json_set_str(identity, "event", "user_changed_user_id");
	json_set_str(identity, "wa_id", json_str(j, "wa_id"));
	json_set_str(identity, "user_id", json_str(ids, "current"));
	json_set_str(identity, "previous", json_str(ids, "previous"));
	json_set_str(identity, "parent_user_id", json_str(parents, "current"));
	set_field(s, m, "identity", identity);
}
