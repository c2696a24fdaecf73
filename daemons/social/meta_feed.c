/* meta_feed: what is written in public: feed, mention, ratings of a page; comments and mentions on
 * Instagram.
 *
 * Guarantees: an edit and a removal name the message they change; moderation of ours is never the
 * author's; whatever is not known is kept with its words, for a person. Known gap: meta_decode.h.
 */
#include <stdio.h>

#include "base/util.h"
#include "daemons/social/meta_element.h"

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
static const char *feed_id(struct meta_element *x, const json_t *v, const char *item)
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

static void feed_attachments(struct meta_element *x, const json_t *v, const char *item)
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

static void feed_content(struct meta_element *x, const json_t *v, const char *item)
{
	const char *parent = meta_id(&x->s, v, "parent_id");
	int64_t created_ms = meta_time(json_object_get(v, "created_time"));

	x->m.text = json_str(v, "message");
	if (!x->m.text)
		x->m.text = json_str(v, "review_text");
	x->m.sent_ms = created_ms ? created_ms : x->entry_ms;
	if (parent && !meta_same(parent, x->m.native_id))
		x->m.in_reply_to = parent;
	else if (strcmp(item, "comment") == 0)
		x->m.in_reply_to = meta_id(&x->s, v, "post_id");
	feed_attachments(x, v, item);
}

static void feed_act(struct meta_element *x, const json_t *v, const char *item, size_t verb)
{
	const json_t *created = json_object_get(v, "created_time");
	enum act act = verbs[verb].act;
	bool ours = meta_is_ours(x, x->m.author.id);

	x->m.class = ours ? MC_ECHO : MC_HUMAN;
	if (act != ADD) {
		x->m.kind = act == REMOVE ? MK_DELETE : MK_EDIT;
		x->m.revision = meta_revision(&x->s, &x->m, verbs[verb].verb, created);
	}
	if (act == MODERATE)
		x->m.class = MC_SYSTEM;
	else if (act != REMOVE && !ours && meta_is_empty(&x->m))
		meta_take_incomplete(x, strcmp(item, "comment") == 0 ? "comment" : "post",
			x->m.native_id, NULL, x->m.revision);
}

void meta_take_feed(struct meta_element *x, const json_t *v)
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
		meta_take_whole(x, MC_SYSTEM);
		return;
	}
	if (!x->m.native_id || k == ARRAY_SIZE(verbs)) {
		meta_take_whole(x, MC_UNKNOWN);
		feed_content(x, v, item);
		return;
	}
	feed_content(x, v, item);
	feed_act(x, v, item, k);
}

/* --- Instagram's comments and mentions --- */

void meta_take_comment(struct meta_element *x, const json_t *v)
{
	const char *id = meta_id(&x->s, v, "id");
	int64_t created_ms = meta_time(json_object_get(v, "created_time"));

	if (!id)
		id = meta_id(&x->s, v, "comment_id");
	if (!id) {
		meta_take_whole(x, MC_UNKNOWN);
		x->m.text = json_str(v, "text");
		return;
	}
	x->m.native_id = id;
	x->m.text = json_str(v, "text");
	x->m.sent_ms = created_ms ? created_ms : x->entry_ms;
	x->m.in_reply_to = meta_id(&x->s, v, "parent_id");
	if (!x->m.in_reply_to)
		x->m.in_reply_to = meta_id(&x->s, json_object_get(v, "media"), "id");
	x->m.class = meta_is_ours(x, meta_author(&x->m, &x->s, v)) ? MC_ECHO : MC_HUMAN;
	if (x->m.class == MC_HUMAN && meta_is_empty(&x->m))
		meta_take_incomplete(x, "ig_comment", id, NULL, NULL);
}

void meta_take_mention(struct meta_element *x, const json_t *v)
{
	const char *media = meta_id(&x->s, v, "media_id"),
		   *comment = meta_id(&x->s, v, "comment_id");

	if (comment)
		meta_take_incomplete(x, "ig_mentioned_comment", comment, media, NULL);
	else if (media)
		meta_take_incomplete(x, "ig_mentioned_media", media, NULL, NULL);
	else
		meta_take_whole(x, MC_UNKNOWN);
}
