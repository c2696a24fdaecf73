/* meta_messages: what is written to us alone: messages, their edits, postbacks, and the notices
 * that come with them.
 *
 * Guarantees: the citizen's words, files and place are taken whoever has the thread; a sticker or a
 * notice alone is no message of a person; a kind of attachment that is not known leaves the message
 * to a person. Known gap: templates (our own forms and products) are not read. */
#include <stdio.h>

#include "base/util.h"
#include "daemons/social/meta_element.h"

static void add_line(struct meta_element *x, const char *line)
{
	if (line && *line)
		buf_addf(&x->text, "%s%s", x->text.len ? "\n" : "", line);
}

static void attach_location(struct meta_element *x, const json_t *payload)
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

static void take_file(struct meta_element *x, const json_t *a, size_t number, bool *unknown)
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
static void take_fallback(struct meta_element *x, const json_t *a, bool has_words)
{
	if (has_words)
		return;
	add_line(x, json_str(a, "title"));
	add_line(x, json_str(a, "url"));
}

static bool take_attachments(struct meta_element *x, const json_t *message)
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

static void message_content(struct meta_element *x, const json_t *message)
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

static void take_message(struct meta_element *x, const json_t *event, const json_t *message)
{
	(void)event;
	x->m.native_id = meta_id(&x->s, message, "mid");
	if (!x->m.native_id)
		x->m.native_id = meta_hash_id(x, "message");
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

static void take_message_edit(struct meta_element *x, const json_t *event, const json_t *edit)
{
	const char *mid = meta_id(&x->s, edit, "mid"), *number = meta_id(&x->s, edit, "num_edit");

	(void)event;
	if (!mid) {
		meta_take_whole(x, MC_UNKNOWN);
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

static void take_postback(struct meta_element *x, const json_t *event, const json_t *postback)
{
	const char *mid = meta_id(&x->s, postback, "mid"), *title = json_str(postback, "title");

	(void)event;
	x->m.native_id = mid ? mid : meta_hash_id(x, "postback");
	x->m.text = title;
	x->m.class = title && *title ? MC_HUMAN : MC_SYSTEM;
}

static void take_notice(struct meta_element *x, const json_t *event, const json_t *notice)
{
	(void)event;
	meta_take_whole(x, MC_SYSTEM);
	x->m.in_reply_to = meta_id(&x->s, notice, "mid");
}

typedef void event_fn(struct meta_element *x, const json_t *event, const json_t *part);

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

void meta_take_event(struct meta_element *x, const json_t *event)
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
		meta_take_whole(x, MC_UNKNOWN);
	if ((x->m.class == MC_HUMAN || x->m.class == MC_UNKNOWN) && meta_is_ours(x, x->m.author.id))
		x->m.class = MC_ECHO;
}
