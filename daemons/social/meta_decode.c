/* meta_decode: see meta_decode.h. The envelopes and their elements; what an element says:
 * meta_feed.c, meta_messages.c.
 *
 * Guarantee: an element that cannot be decoded is a message all the meta_same, and its neighbours
 * pass. Known gaps: meta_decode.h. */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/meta_webhook.h"
#include "daemons/social/meta_element.h"

#define PLACE_SIZE 96

/* --- emitting --- */

static void emit(struct meta_decoder *d, struct message *m, struct span bytes)
{
	m->original.data = bytes.p;
	m->original.len = bytes.n;
	d->emit(d->ctx, m, bytes);
}

static void element_undecodable(struct meta_element *x, const char *reason)
{
	x->m = *x->d->base;
	x->m.class = MC_UNDECODABLE;
	x->m.native_id = meta_hash_id(x, "undecodable");
	x->m.source.place = x->place;
	x->m.error.place = x->place;
	x->m.error.reason = reason;
}

static void broken(struct meta_decoder *d, struct span bytes, const char *place, const char *reason)
{
	struct meta_element x = {.d = d, .bytes = bytes, .place = place};

	element_undecodable(&x, reason);
	emit(d, &x.m, bytes);
	meta_scratch_free(&x.s);
}

static bool foreign_account(const struct meta_element *x)
{
	const struct meta_rules *r = x->d->rules;

	if (!r->page && !r->instagram)
		return false;
	return !meta_same(x->account, x->d->object == META_PAGE ? r->page : r->instagram);
}

/* --- elements --- */

static void take_system(struct meta_element *x, const json_t *value)
{
	(void)value;
	meta_take_whole(x, MC_SYSTEM);
}

static const struct {
	const char *field;
	meta_take_fn *take;
} fields[] = {
	{"feed", meta_take_feed},
	{"mention", meta_take_feed},
	{"ratings", meta_take_feed},
	{"comments", meta_take_comment},
	{"live_comments", meta_take_comment},
	{"mentions", meta_take_mention},
	{"messages", meta_take_event},
	{"message_echoes", meta_take_event},
	{"message_edits", meta_take_event},
	{"message_reactions", meta_take_event},
	{"messaging_postbacks", meta_take_event},
	{"messaging_seen", meta_take_event},
	{"messaging_referral", meta_take_event},
	{"messaging_referrals", meta_take_event},
	{"messaging_handover", meta_take_event},
	{"standby", meta_take_event},
	{"conversations", take_system}, /* the poll reads what it points to */
	{"leadgen", take_system},
	{"story_insights", take_system},
};

static void take_field(struct meta_element *x, const char *field, const json_t *value)
{
	for (size_t i = 0; field && i < ARRAY_SIZE(fields); i++) {
		if (strcmp(field, fields[i].field) == 0) {
			fields[i].take(x, value);
			return;
		}
	}
	meta_take_whole(x, MC_UNKNOWN);
}

/* A string without escapes, or a number, as text; NULL: something else, or longer than an id is. */
static char *scalar_text(struct span object, const char *key)
{
	struct span v;

	if (json_span_member(object, key, &v) || v.n == 0 || v.n >= PLACE_SIZE)
		return NULL;
	if (v.p[0] != '"')
		return xstrndup(v.p, v.n);
	if (v.n < 2 || memchr(v.p, '\\', v.n))
		return NULL;
	return xstrndup(v.p + 1, v.n - 2);
}

/* What an entry says of all its elements. */
static void set_entry(struct meta_element *x, struct span entry)
{
	_cleanup_free_ char *at = scalar_text(entry, "time");
	_cleanup_json_ json_t *time = at ? json_string(at) : NULL;

	x->account = meta_keep(&x->s, scalar_text(entry, "id"));
	x->entry_ms = meta_time(time);
}

static struct meta_element begin(
	struct meta_decoder *d, struct span entry, struct span bytes, const char *place)
{
	struct meta_element x = {.d = d, .bytes = bytes, .place = place, .m = *d->base};

	x.text = BUF_INIT(MESSAGE_TEXT_MAX);
	x.s.fields = json_object();
	if (d->object != META_OTHER)
		json_set_str(
			x.s.fields, "platform", d->object == META_PAGE ? "facebook" : "instagram");
	x.m.source.place = place;
	set_entry(&x, entry);
	return x;
}

static void end(struct meta_element *x)
{
	if ((x->notice || x->m.class == MC_HUMAN) && foreign_account(x)) {
		x->m.class = MC_UNKNOWN; /* another account's: a person looks, the rules do not */
		json_object_del(x->s.fields, "fetch"); /* and nothing is asked for with our token */
	}
	x->m.fields = x->s.fields;
	emit(x->d, &x->m, x->bytes);
	buf_free(&x->text);
	meta_scratch_free(&x->s);
}

static void one_change(struct meta_decoder *d, struct span entry, struct span change,
	const char *field, struct span value, const char *place)
{
	struct meta_element x = begin(d, entry, change, place);
	_cleanup_json_ json_t *j = NULL;
	struct err why = {0};

	if (d->object == META_OTHER || value.n == 0 || value.p[0] != '{')
		meta_take_whole(&x, MC_UNKNOWN);
	else if (json_parse(value.p, value.n, META_BODY_MAX, &j, &why))
		element_undecodable(&x, why.text);
	else
		take_field(&x, field, j);
	end(&x);
}

static void one_event(
	struct meta_decoder *d, struct span entry, struct span bytes, const char *place)
{
	struct meta_element x = begin(d, entry, bytes, place);
	_cleanup_json_ json_t *j = NULL;
	struct err why = {0};

	if (d->object == META_OTHER)
		meta_take_whole(&x, MC_UNKNOWN);
	else if (json_parse(bytes.p, bytes.n, META_BODY_MAX, &j, &why))
		element_undecodable(&x, why.text);
	else if (!json_is_object(j))
		element_undecodable(&x, "not a JSON object");
	else
		meta_take_event(&x, j);
	end(&x);
}

static int each_event(
	struct meta_decoder *d, struct span entry, const char *key, const char *entry_place)
{
	struct json_span_iter it;
	struct span list, one;
	char place[PLACE_SIZE];
	int n = 0, r;

	if (json_span_member(entry, key, &list) || json_span_array(list, &it))
		return 0;
	while ((r = json_span_next(&it, &one)) == 1) {
		snprintf(place, sizeof(place), "%s %s %d", entry_place, key, n++);
		one_event(d, entry, one, place);
	}
	if (r < 0) {
		snprintf(place, sizeof(place), "%s %s %d", entry_place, key, n++);
		broken(d, entry, place, "the list is broken at this place");
	}
	return n ? n : 1; /* an empty list is a whole entry all the same */
}

/* entry.field + entry.value. */
static int flat_entry(struct meta_decoder *d, struct span entry, const char *place)
{
	_cleanup_free_ char *field = scalar_text(entry, "field");
	struct span value, list;

	if (!field || json_span_member(entry, "changes", &list) == 0)
		return 0;
	if (json_span_member(entry, "value", &value))
		value = (struct span){NULL, 0};
	one_change(d, entry, entry, field, value, place);
	return 1;
}

static int on_entry(void *ctx, struct span entry, const char *place)
{
	struct meta_decoder *d = ctx;
	int n = each_event(d, entry, "messaging", place) + each_event(d, entry, "standby", place);

	return n + flat_entry(d, entry, place);
}

static void on_change(void *ctx, const struct meta_change *c)
{
	one_change(ctx, c->entry, c->change, c->field, c->value, c->place);
}

static void on_broken(void *ctx, struct span bytes, const char *place, const char *reason)
{
	broken(ctx, bytes, place, reason);
}

static enum meta_object object_of(const char *body, size_t len)
{
	struct span root, name;

	if (json_span_root(body, len, &root) || json_span_member(root, "object", &name))
		return META_OTHER;
	if (name.n == 6 && memcmp(name.p, "\"page\"", 6) == 0)
		return META_PAGE;
	return name.n == 11 && memcmp(name.p, "\"instagram\"", 11) == 0 ? META_INSTAGRAM
									: META_OTHER;
}

void meta_decode(const char *body, size_t len, const struct meta_rules *rules,
	const struct message *base, meta_emit_fn *emit_fn, void *ctx)
{
	static const struct meta_visitor visitor = {
		.change = on_change, .entry = on_entry, .broken = on_broken};
	struct meta_decoder d = {.rules = rules, .base = base, .emit = emit_fn, .ctx = ctx};
	const char *reason;

	d.object = object_of(body, len);
	if (meta_envelope(body, len, NULL, &visitor, &d, &reason))
		broken(&d, (struct span){body, len}, "body", reason);
}

/* --- counting --- */

static int count_list(struct span entry, const char *key)
{
	struct json_span_iter it;
	struct span list, one;
	int n = 0, r;

	if (json_span_member(entry, key, &list) || json_span_array(list, &it))
		return 0;
	while ((r = json_span_next(&it, &one)) == 1)
		n++;
	n += r < 0; /* a list that breaks off is told too */
	return n ? n : 1;
}

static int count_entry(void *ctx, struct span entry, const char *place)
{
	struct span s;
	int n = count_list(entry, "messaging") + count_list(entry, "standby");

	(void)place;
	n += json_span_member(entry, "field", &s) == 0;
	*(int *)ctx += n;
	return n;
}

static void count_change(void *ctx, const struct meta_change *c)
{
	(void)c;
	++*(int *)ctx;
}

static void count_broken(void *ctx, struct span bytes, const char *place, const char *reason)
{
	(void)bytes;
	(void)place;
	(void)reason;
	++*(int *)ctx;
}

int meta_count(const char *body, size_t len)
{
	static const struct meta_visitor visitor = {
		.change = count_change, .entry = count_entry, .broken = count_broken};
	const char *reason;
	int n = 0;

	if (meta_envelope(body, len, NULL, &visitor, &n, &reason))
		return 1;
	return n;
}
