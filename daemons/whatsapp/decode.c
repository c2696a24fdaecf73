/* decode: see decode.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"
#include "core/meta_webhook.h"

#include "decode.h"
#include "types.h"

struct decoder {
	const struct wa_rules *rules;
	const struct message *base;
	wa_emit_fn *emit;
	void *ctx;
	/* of the change at hand */
	const char *place;
	json_t *contacts, *number; /* parsed, may be NULL */
	struct span change;
	bool alone; /* it holds one message only */
};

/* --- emitting --- */

static void emit(struct decoder *d, struct message *m, struct span bytes)
{
	m->original.data = bytes.p;
	m->original.len = bytes.n;
	d->emit(d->ctx, m, bytes);
}

static const char *hash_id(struct wa_scratch *s, const char *what, struct span bytes)
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
	struct wa_scratch s = {0};

	m.class = MC_UNDECODABLE;
	m.native_id = hash_id(&s, "undecodable", bytes);
	m.source.place = place;
	m.error.place = place;
	m.error.reason = reason;
	emit(d, &m, bytes);
}

/* --- elements --- */

static bool same(const char *a, const char *b)
{
	return a && b && *a && strcmp(a, b) == 0;
}

/* NULL: it was told as undecodable. */
static json_t *parse_element(struct decoder *d, struct span bytes, const char *place)
{
	struct err why = {0};
	json_t *j = NULL;

	if (json_parse(bytes.p, bytes.n, META_BODY_MAX, &j, &why))
		emit_undecodable(d, bytes, place, why.text);
	return j;
}

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
	_cleanup_json_ json_t *j = parse_element(d, bytes, place);
	struct message m = *d->base;
	struct wa_scratch s;

	if (!j)
		return;
	m.native_id = json_str(j, "id");
	if (!m.native_id || !*m.native_id) {
		emit_undecodable(d, bytes, place, "a message without an id");
		return;
	}
	m.source.place = place;
	m.class = MC_HUMAN;
	wa_scratch_init(&s);
	wa_author(&m, &s, j, d->contacts, d->alone);
	wa_time(&m, j);
	wa_type(&m, &s, j);
	if (foreign_number(d))
		m.class = MC_UNKNOWN; /* another account's: a person looks, the rules do not */
	emit(d, &m, bytes);
	wa_scratch_free(&s);
}

static void take_status(struct decoder *d, struct span bytes, const char *place)
{
	_cleanup_json_ json_t *j = parse_element(d, bytes, place);
	struct message m = *d->base;
	struct wa_scratch s = {0};

	if (!j)
		return;
	m.class = MC_SYSTEM;
	m.source.place = place;
	m.native_id = hash_id(&s, "status", bytes);
	m.in_reply_to = json_str(j, "id");
	wa_time(&m, j);
	emit(d, &m, bytes);
}

/* A person has another business-scoped id now (a new number, a new phone). */
static void take_user_id(struct decoder *d, struct span bytes, const char *place)
{
	_cleanup_json_ json_t *j = parse_element(d, bytes, place);
	struct message m = *d->base;
	struct wa_scratch s;

	if (!j)
		return;
	wa_scratch_init(&s);
	m.source.place = place;
	m.native_id = hash_id(&s, "user_id_update", bytes);
	wa_time(&m, j);
	wa_identity(&m, &s, j);
	emit(d, &m, bytes);
	wa_scratch_free(&s);
}

/* The whole change as one message of that class. */
static void take_whole(struct decoder *d, enum message_class class)
{
	struct message m = *d->base;
	struct wa_scratch s = {0};

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
	char place[WA_PLACE_SIZE];
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
	{"user_id_update", MC_SYSTEM}, /* without its list */
	{"smb_message_echoes", MC_ECHO},
	{"message_echoes", MC_ECHO},
	{"smb_app_state_sync", MC_SYSTEM},
	{"automatic_events", MC_SYSTEM},
	{"calls", MC_SYSTEM}, /* a ringing, no words; the citizen hears the number's own answer */
	{"flows", MC_SYSTEM},
	{"group_lifecycle_update", MC_SYSTEM},
	{"group_participants_update", MC_SYSTEM},
	{"group_settings_update", MC_SYSTEM},
	{"group_status_update", MC_SYSTEM},
	{"partner_solutions", MC_SYSTEM},
	{"payment_configuration_update", MC_SYSTEM},
	{"tracking_events", MC_SYSTEM},
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

/* Errors out of band are the platform's news; whatever else there is, a person looks. */
static enum message_class class_of_rest(struct span value)
{
	struct span errors;

	return value.n && json_span_member(value, "errors", &errors) == 0 ? MC_SYSTEM : MC_UNKNOWN;
}

static void take_messages(struct decoder *d, struct span value)
{
	int n = 0;

	parse_member(value, "contacts", &d->contacts);
	parse_member(value, "metadata", &d->number);
	d->alone = count_list(value, "messages") == 1;
	n += each(d, value, "messages", take_message);
	n += each(d, value, "statuses", take_status);
	if (n == 0)
		take_whole(d, class_of_rest(value));
	d->contacts = (json_decref(d->contacts), NULL);
	d->number = (json_decref(d->number), NULL);
}

static bool is(const struct meta_change *c, const char *field)
{
	return c->field && strcmp(c->field, field) == 0;
}

static void on_change(void *ctx, const struct meta_change *c)
{
	struct decoder *d = ctx;

	d->place = c->place;
	d->change = c->change;
	if (is(c, "messages"))
		take_messages(d, c->value);
	else if (!is(c, "user_id_update") || each(d, c->value, "user_id_update", take_user_id) == 0)
		take_whole(d, class_of_field(c->field));
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

static void count_change(void *ctx, const struct meta_change *c)
{
	int *n = ctx, here = 0;

	if (is(c, "messages"))
		here = count_list(c->value, "messages") + count_list(c->value, "statuses");
	else if (is(c, "user_id_update"))
		here = count_list(c->value, "user_id_update");
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
