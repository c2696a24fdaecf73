/* meta_decode: see meta_decode.h. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"
#include "core/meta_webhook.h"

#include "meta_decode.h"
#include "meta_fields.h"

#define PLACE_SIZE 96

enum object { PAGE, INSTAGRAM, OTHER };

struct decoder {
	const struct meta_rules *rules;
	const struct message *base;
	meta_emit_fn *emit;
	void *ctx;
	enum object object;
};

/* One element under way. */
struct element {
	struct decoder *d;
	struct span bytes;
	const char *place;
	const char *account; /* entry.id; NULL: none */
	int64_t entry_ms;
	struct message m;
	struct meta_scratch s;
	struct buf text; /* when it is put together */
	bool notice;	 /* fields.fetch is set */
};

/* --- emitting --- */

static void emit(struct decoder *d, struct message *m, struct span bytes)
{
	m->original.data = bytes.p;
	m->original.len = bytes.n;
	d->emit(d->ctx, m, bytes);
}

static const char *hash_id(struct element *x, const char *what)
{
	char hash[SHA256_HEX_SIZE];

	sha256_hex(x->bytes.p, x->bytes.n, hash);
	return meta_keep(&x->s, xasprintf("%s:%s", what, hash));
}

static void element_undecodable(struct element *x, const char *reason)
{
	x->m = *x->d->base;
	x->m.class = MC_UNDECODABLE;
	x->m.native_id = hash_id(x, "undecodable");
	x->m.source.place = x->place;
	x->m.error.place = x->place;
	x->m.error.reason = reason;
}

static void broken(struct decoder *d, struct span bytes, const char *place, const char *reason)
{
	struct element x = {.d = d, .bytes = bytes, .place = place};

	element_undecodable(&x, reason);
	emit(d, &x.m, bytes);
	meta_scratch_free(&x.s);
}

/* What is known to hold no citizen's words, or is not known at all: by the hash of its bytes. */
static void take_whole(struct element *x, enum message_class class)
{
	x->m.class = class;
	x->m.native_id = hash_id(x, "change");
}

/* --- whose --- */

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool is_ours(const struct element *x, const char *id)
{
	const struct meta_rules *r = x->d->rules;

	return same(id, x->account) || same(id, r->page) || same(id, r->instagram);
}

static bool foreign_account(const struct element *x)
{
	const struct meta_rules *r = x->d->rules;

	if (!r->page && !r->instagram)
		return false;
	return !same(x->account, x->d->object == PAGE ? r->page : r->instagram);
}

/* --- feed, mention, ratings --- */

/* clang-format off */
enum item_is { CONTENT, NOISE };
static const struct { const char *item; enum item_is is; } items[] = {
	{"comment", CONTENT}, {"post", CONTENT}, {"status", CONTENT}, {"photo", CONTENT},
	{"video", CONTENT}, {"share", CONTENT}, {"album", CONTENT}, {"link", CONTENT},
	{"note", CONTENT}, {"rating", CONTENT},
	{"like", NOISE}, {"reaction", NOISE}, {"event", NOISE},
};
enum act { ADD, EDIT, REMOVE, MODERATE };
static const struct { const char *verb; enum act act; } verbs[] = {
	{"add", ADD}, {"edit", EDIT}, {"edited", EDIT}, {"update", EDIT}, {"remove", REMOVE},
	{"delete", REMOVE}, {"hide", MODERATE}, {"unhide", MODERATE}, {"block", MODERATE},
	{"unblock", MODERATE}, {"mute", MODERATE}, {"unmute", MODERATE}, {"follow", MODERATE},
};
/* clang-format on */

/* The id the element concerns: what other events of it name too. */
static const char *feed_id(struct element *x, const json_t *v, const char *item)
{
	static const char *const others[] = {"photo_id", "video_id", "album_id", "share_id"};
	const char *id = NULL;

	if (strcmp(item, "comment") == 0)
		return meta_id(&x->s, v, "comment_id");
	if (strcmp(item, "rating") == 0)
		return meta_id(&x->s, v, "open_graph_story_id");
	id = meta_id(&x->s, v, "post_id");
	for (size_t i = 0; !id && i < ARRAY_SIZE(others); i++)
		id = meta_id(&x->s, v, others[i]);
	return id;
}

static void feed_attachments(struct element *x, const json_t *v, const char *item)
{
	const json_t *photo, *link = json_object_get(v, "link");
	char what[48];
	size_t i;

	meta_attach(&x->m, &x->s, x->m.native_id, "photo", "image", json_object_get(v, "photo"));
	meta_attach(&x->m, &x->s, x->m.native_id, "video", "video", json_object_get(v, "video"));
	if (strcmp(item, "photo") == 0)
		meta_attach(&x->m, &x->s, x->m.native_id, "photo", "image", link);
	if (strcmp(item, "video") == 0)
		meta_attach(&x->m, &x->s, x->m.native_id, "video", "video", link);
	json_array_foreach (json_object_get(v, "photos"), i, photo) {
		snprintf(what, sizeof(what), "photos/%zu", i);
		meta_attach(&x->m, &x->s, x->m.native_id, what, "image", photo);
	}
}

static void feed_content(struct element *x, const json_t *v, const char *item)
{
	const char *parent = meta_id(&x->s, v, "parent_id");
	int64_t created_ms = meta_time(json_object_get(v, "created_time"));

	x->m.text = json_str(v, "message");
	if (!x->m.text)
		x->m.text = json_str(v, "review_text");
	x->m.sent_ms = created_ms ? created_ms : x->entry_ms;
	if (parent && !same(parent, x->m.native_id))
		x->m.in_reply_to = parent;
	else if (strcmp(item, "comment") == 0)
		x->m.in_reply_to = meta_id(&x->s, v, "post_id");
	feed_attachments(x, v, item);
}

/* Only ids came: the notice is kept under an id of its own, so that the completed message can have
 * the native one. */
static void take_incomplete(struct element *x, const char *what, const char *id, const char *media,
	const char *revision)
{
	json_t *fetch = json_object();

	json_set_str(fetch, "what", what);
	json_set_str(fetch, "id", id);
	if (media)
		json_set_str(fetch, "media", media);
	if (revision)
		json_set_str(fetch, "revision", revision);
	json_set_new(x->s.fields, "fetch", fetch);
	x->notice = true;
	x->m.kind = MK_MESSAGE;
	x->m.class = MC_SYSTEM;
	x->m.native_id = meta_keep(&x->s, xasprintf("incomplete:%s:%s%s%s", what, id,
						  revision ? ":" : "", revision ? revision : ""));
	x->m.revision = NULL;
}

static bool is_empty(const struct message *m)
{
	return (!m->text || !*m->text) && !m->n_attachments && !m->location.set;
}

static void feed_act(struct element *x, const json_t *v, const char *item, size_t verb)
{
	const json_t *created = json_object_get(v, "created_time");
	enum act act = verbs[verb].act;
	bool ours = is_ours(x, x->m.author.id);

	x->m.class = ours ? MC_ECHO : MC_HUMAN;
	if (act != ADD) {
		x->m.kind = act == REMOVE ? MK_DELETE : MK_EDIT;
		x->m.revision = meta_revision(&x->s, &x->m, verbs[verb].verb, created);
	}
	if (act == MODERATE)
		x->m.class = MC_SYSTEM;
	else if (act != REMOVE && !ours && is_empty(&x->m))
		take_incomplete(x, strcmp(item, "comment") == 0 ? "comment" : "post",
			x->m.native_id, NULL, x->m.revision);
}

static void take_feed(struct element *x, const json_t *v)
{
	const char *item = json_str_or(v, "item", ""), *verb = json_str_or(v, "verb", "");
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(items) && strcmp(item, items[i].item) != 0; i++)
		;
	for (k = 0; k < ARRAY_SIZE(verbs) && strcmp(verb, verbs[k].verb) != 0; k++)
		;
	meta_author(&x->m, &x->s, v);
	x->m.native_id = i < ARRAY_SIZE(items) ? feed_id(x, v, item) : NULL;
	if (i < ARRAY_SIZE(items) && items[i].is == NOISE) {
		take_whole(x, MC_SYSTEM);
		return;
	}
	if (!x->m.native_id || k == ARRAY_SIZE(verbs)) {
		take_whole(x, MC_UNKNOWN);
		feed_content(x, v, item);
		return;
	}
	feed_content(x, v, item);
	feed_act(x, v, item, k);
}

/* --- Instagram's comments and mentions --- */

static void take_comment(struct element *x, const json_t *v)
{
	const char *id = meta_id(&x->s, v, "id");
	int64_t created_ms = meta_time(json_object_get(v, "created_time"));

	if (!id)
		id = meta_id(&x->s, v, "comment_id");
	if (!id) {
		take_whole(x, MC_UNKNOWN);
		x->m.text = json_str(v, "text");
		return;
	}
	x->m.native_id = id;
	x->m.text = json_str(v, "text");
	x->m.sent_ms = created_ms ? created_ms : x->entry_ms;
	x->m.in_reply_to = meta_id(&x->s, v, "parent_id");
	if (!x->m.in_reply_to)
		x->m.in_reply_to = meta_id(&x->s, json_object_get(v, "media"), "id");
	x->m.class = is_ours(x, meta_author(&x->m, &x->s, v)) ? MC_ECHO : MC_HUMAN;
	if (x->m.class == MC_HUMAN && is_empty(&x->m))
		take_incomplete(x, "ig_comment", id, NULL, NULL);
}

static void take_mention(struct element *x, const json_t *v)
{
	const char *media = meta_id(&x->s, v, "media_id"),
		   *comment = meta_id(&x->s, v, "comment_id");

	if (comment)
		take_incomplete(x, "ig_mentioned_comment", comment, media, NULL);
	else if (media)
		take_incomplete(x, "ig_mentioned_media", media, NULL, NULL);
	else
		take_whole(x, MC_UNKNOWN);
}

/* --- messages --- */

static void add_line(struct element *x, const char *line)
{
	if (line && *line)
		buf_addf(&x->text, "%s%s", x->text.len ? "\n" : "", line);
}

static void attach_location(struct element *x, const json_t *payload)
{
	const json_t *at = json_object_get(payload, "coordinates");
	const json_t *lat = json_object_get(at, "lat"), *lon = json_object_get(at, "long");

	x->m.location.set = json_is_number(lat) && json_is_number(lon);
	x->m.location.lat = json_number_value(lat);
	x->m.location.lon = json_number_value(lon);
}

/* Attachment types with a file behind payload.url, and the kind of ours. */
static const struct {
	const char *type, *kind;
} files[] = {
	{"image", "image"},
	{"video", "video"},
	{"audio", "audio"},
	{"file", "document"},
	{"sticker", "sticker"},
	{"story_mention", "other"},
	{"ig_story", "other"},
	{"ig_reel", "video"},
	{"reel", "video"},
	{"ig_post", "other"},
	{"share", "other"},
	{"post", "other"},
};

static void take_file(struct element *x, const json_t *a, size_t number, bool *unknown)
{
	const json_t *payload = json_object_get(a, "payload");
	const char *type = json_str_or(a, "type", ""), *kind = NULL;
	char what[48];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (strcmp(type, files[i].type) == 0)
			kind = files[i].kind;
	if (json_object_get(payload, "sticker_id"))
		kind = "sticker";
	*unknown |= !kind;
	snprintf(what, sizeof(what), "attachments/%zu", number);
	meta_attach(&x->m, &x->s, x->m.native_id, what, kind ? kind : "other",
		json_object_get(payload, "url"));
}

/* A shared link without words: title and link are what there is to read. */
static void take_fallback(struct element *x, const json_t *a, bool has_words)
{
	if (has_words)
		return;
	add_line(x, json_str(a, "title"));
	add_line(x, json_str(a, "url"));
}

static bool take_attachments(struct element *x, const json_t *message)
{
	const json_t *a, *sticker = json_object_get(message, "sticker");
	bool unknown = false, words = x->m.text && *x->m.text;
	size_t i;

	json_array_foreach (json_object_get(message, "attachments"), i, a) {
		const char *type = json_str_or(a, "type", "");

		if (strcmp(type, "location") == 0)
			attach_location(x, json_object_get(a, "payload"));
		else if (strcmp(type, "fallback") == 0)
			take_fallback(x, a, words);
		else if (strcmp(type, "template") != 0) /* our own forms and products */
			take_file(x, a, i, &unknown);
	}
	if (sticker)
		meta_attach(&x->m, &x->s, x->m.native_id, "sticker", "sticker",
			json_object_get(sticker, "url"));
	return unknown;
}

static bool stickers_alone(const struct message *m)
{
	for (size_t i = 0; i < m->n_attachments; i++)
		if (strcmp(m->attachments[i].kind, "sticker") != 0)
			return false;
	return true;
}

static void message_content(struct element *x, const json_t *message)
{
	const json_t *reply = json_object_get(message, "reply_to");
	bool unknown;

	x->m.in_reply_to = meta_id(&x->s, reply, "mid");
	if (!x->m.in_reply_to)
		x->m.in_reply_to = meta_id(&x->s, json_object_get(reply, "story"), "id");
	x->m.text = json_str(message, "text");
	unknown = take_attachments(x, message);
	if (x->text.len)
		x->m.text = buf_str(&x->text);
	if ((x->m.text && *x->m.text) || x->m.location.set || !stickers_alone(&x->m))
		x->m.class = MC_HUMAN;
	else
		x->m.class = unknown ? MC_UNKNOWN : MC_SYSTEM;
}

static void take_message(struct element *x, const json_t *event, const json_t *message)
{
	(void)event;
	x->m.native_id = meta_id(&x->s, message, "mid");
	if (!x->m.native_id)
		x->m.native_id = hash_id(x, "message");
	if (json_flag(message, "is_deleted")) {
		x->m.kind = MK_DELETE;
		x->m.class = MC_HUMAN;
		x->m.revision = "deleted";
	} else if (json_flag(message, "is_unsupported")) {
		x->m.class = MC_UNKNOWN;
	} else {
		message_content(x, message);
	}
	if (json_flag(message, "is_echo") || json_flag(message, "is_self"))
		x->m.class = MC_ECHO;
}

static void take_message_edit(struct element *x, const json_t *event, const json_t *edit)
{
	const char *mid = meta_id(&x->s, edit, "mid"), *number = meta_id(&x->s, edit, "num_edit");

	(void)event;
	if (!mid) {
		take_whole(x, MC_UNKNOWN);
		x->m.text = json_str(edit, "text");
		return;
	}
	x->m.kind = MK_EDIT;
	x->m.class = MC_HUMAN;
	x->m.native_id = mid;
	x->m.text = json_str(edit, "text");
	x->m.revision = number ? meta_keep(&x->s, xasprintf("edit:%s", number))
			       : meta_revision(&x->s, &x->m, "edit", NULL);
}

static void take_postback(struct element *x, const json_t *event, const json_t *postback)
{
	const char *mid = meta_id(&x->s, postback, "mid"), *title = json_str(postback, "title");

	(void)event;
	x->m.native_id = mid ? mid : hash_id(x, "postback");
	x->m.text = title;
	x->m.class = title && *title ? MC_HUMAN : MC_SYSTEM;
}

static void take_notice(struct element *x, const json_t *event, const json_t *notice)
{
	(void)event;
	take_whole(x, MC_SYSTEM);
	x->m.in_reply_to = meta_id(&x->s, notice, "mid");
}

typedef void event_fn(struct element *x, const json_t *event, const json_t *part);

static const struct {
	const char *key;
	event_fn *take;
} events[] = {
	{"message", take_message},
	{"message_edit", take_message_edit},
	{"postback", take_postback},
	{"reaction", take_notice},
	{"read", take_notice},
	{"delivery", take_notice},
	{"optin", take_notice},
	{"referral", take_notice},
	{"account_linking", take_notice},
	{"pass_thread_control", take_notice},
	{"take_thread_control", take_notice},
	{"request_thread_control", take_notice},
	{"app_roles", take_notice},
	{"policy-enforcement", take_notice},
	{"policy_enforcement", take_notice},
	{"payment", take_notice},
	{"pre_checkout", take_notice},
	{"checkout_update", take_notice},
	{"order", take_notice},
	{"game_play", take_notice},
	{"messaging_feedback", take_notice},
};

static void take_event(struct element *x, const json_t *event)
{
	const json_t *sender = json_object_get(event, "sender"), *part = NULL;
	size_t i;

	x->m.author.id = meta_id(&x->s, sender, "id");
	if (!x->m.author.id)
		x->m.author.id = meta_id(&x->s, sender, "user_ref");
	x->m.author.proven = true;
	x->m.sent_ms = meta_time(json_object_get(event, "timestamp"));
	if (!x->m.sent_ms)
		x->m.sent_ms = x->entry_ms;
	for (i = 0; i < ARRAY_SIZE(events) && !part; i++) {
		part = json_object_get(event, events[i].key);
		if (part)
			events[i].take(x, event, part);
	}
	if (!part)
		take_whole(x, MC_UNKNOWN);
	if ((x->m.class == MC_HUMAN || x->m.class == MC_UNKNOWN) && is_ours(x, x->m.author.id))
		x->m.class = MC_ECHO;
}

/* --- elements --- */

typedef void value_fn(struct element *x, const json_t *value);

static void take_system(struct element *x, const json_t *value)
{
	(void)value;
	take_whole(x, MC_SYSTEM);
}

static const struct {
	const char *field;
	value_fn *take;
} fields[] = {
	{"feed", take_feed},
	{"mention", take_feed},
	{"ratings", take_feed},
	{"comments", take_comment},
	{"live_comments", take_comment},
	{"mentions", take_mention},
	{"messages", take_event},
	{"message_echoes", take_event},
	{"message_edits", take_event},
	{"message_reactions", take_event},
	{"messaging_postbacks", take_event},
	{"messaging_seen", take_event},
	{"messaging_referral", take_event},
	{"messaging_referrals", take_event},
	{"messaging_handover", take_event},
	{"standby", take_event},
	{"conversations", take_system}, /* the poll reads what it points to */
	{"leadgen", take_system},
	{"story_insights", take_system},
};

static void take_field(struct element *x, const char *field, const json_t *value)
{
	for (size_t i = 0; field && i < ARRAY_SIZE(fields); i++) {
		if (strcmp(field, fields[i].field) == 0) {
			fields[i].take(x, value);
			return;
		}
	}
	take_whole(x, MC_UNKNOWN);
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
static void set_entry(struct element *x, struct span entry)
{
	_cleanup_free_ char *at = scalar_text(entry, "time");
	_cleanup_json_ json_t *time = at ? json_string(at) : NULL;

	x->account = meta_keep(&x->s, scalar_text(entry, "id"));
	x->entry_ms = meta_time(time);
}

static struct element begin(
	struct decoder *d, struct span entry, struct span bytes, const char *place)
{
	struct element x = {.d = d, .bytes = bytes, .place = place, .m = *d->base};

	x.text = BUF_INIT(MESSAGE_TEXT_MAX);
	x.s.fields = json_object();
	if (d->object != OTHER)
		json_set_str(x.s.fields, "platform", d->object == PAGE ? "facebook" : "instagram");
	x.m.source.place = place;
	set_entry(&x, entry);
	return x;
}

static void end(struct element *x)
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

static void one_change(struct decoder *d, struct span entry, struct span change, const char *field,
	struct span value, const char *place)
{
	struct element x = begin(d, entry, change, place);
	_cleanup_json_ json_t *j = NULL;
	struct err why = {0};

	if (d->object == OTHER || value.n == 0 || value.p[0] != '{')
		take_whole(&x, MC_UNKNOWN);
	else if (json_parse(value.p, value.n, META_BODY_MAX, &j, &why))
		element_undecodable(&x, why.text);
	else
		take_field(&x, field, j);
	end(&x);
}

static void one_event(struct decoder *d, struct span entry, struct span bytes, const char *place)
{
	struct element x = begin(d, entry, bytes, place);
	_cleanup_json_ json_t *j = NULL;
	struct err why = {0};

	if (d->object == OTHER)
		take_whole(&x, MC_UNKNOWN);
	else if (json_parse(bytes.p, bytes.n, META_BODY_MAX, &j, &why))
		element_undecodable(&x, why.text);
	else if (!json_is_object(j))
		element_undecodable(&x, "not a JSON object");
	else
		take_event(&x, j);
	end(&x);
}

static int each_event(
	struct decoder *d, struct span entry, const char *key, const char *entry_place)
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
static int flat_entry(struct decoder *d, struct span entry, const char *place)
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
	struct decoder *d = ctx;
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

static enum object object_of(const char *body, size_t len)
{
	struct span root, name;

	if (json_span_root(body, len, &root) || json_span_member(root, "object", &name))
		return OTHER;
	if (name.n == 6 && memcmp(name.p, "\"page\"", 6) == 0)
		return PAGE;
	return name.n == 11 && memcmp(name.p, "\"instagram\"", 11) == 0 ? INSTAGRAM : OTHER;
}

void meta_decode(const char *body, size_t len, const struct meta_rules *rules,
	const struct message *base, meta_emit_fn *emit_fn, void *ctx)
{
	static const struct meta_visitor visitor = {
		.change = on_change, .entry = on_entry, .broken = on_broken};
	struct decoder d = {.rules = rules, .base = base, .emit = emit_fn, .ctx = ctx};
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
