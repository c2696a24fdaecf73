/* x_page: see x_page.h.
 *
 * Known gap: of a post that quotes or answers another only the other's id is kept in the message;
 * its words stay in the original page. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/social/x_page.h"

#define X_EPOCH_MS 1288834974657 /* 2010-11-04T01:42:54.657Z */
#define ITEM_MAX   (1024 * 1024)

/* --- ids --- */

int x_id_parse(const char *s, uint64_t *ret)
{
	uint64_t v = 0;
	size_t n = s ? strlen(s) : 0;

	if (n < 1 || n > 19 || strspn(s, "0123456789") != n)
		return -EINVAL;
	for (; *s; s++)
		v = v * 10 + (uint64_t)(*s - '0'); /* 19 digits fit 64 bits */
	if (v == 0)
		return -EINVAL;
	*ret = v;
	return 0;
}

int64_t x_ms_of_id(uint64_t id)
{
	return (int64_t)(id >> X_ID_TIME_BIT) + X_EPOCH_MS;
}

/* --- the page --- */

static int read_items(struct span data, struct x_page *p, struct err *e)
{
	struct json_span_iter it;
	struct span one, id;
	int r;

	if (*data.p == '{') { /* one post looked up, or the answer to a write: no message then */
		if (json_span_member(data, "text", &id) == 0)
			p->items[p->n_items++] = data;
		return 0;
	}
	if (data.n == 4 && memcmp(data.p, "null", 4) == 0)
		return 0;
	r = json_span_array(data, &it);
	while (r == 0 && (r = json_span_next(&it, &one)) == 1) {
		if (p->n_items == X_ITEMS_MAX)
			return err_set(e, -EINVAL, "more than %d elements on a page", X_ITEMS_MAX);
		p->items[p->n_items++] = one;
		r = 0;
	}
	return r ? err_set(e, -EINVAL, "data is no list") : 0;
}

/* Elements of includes.<list> by their key; broken ones are left out. */
static json_t *read_includes(struct span root, const char *list, const char *key)
{
	json_t *all = json_object();
	struct json_span_iter it;
	struct span includes, array, one;

	if (json_span_member(root, "includes", &includes) ||
		json_span_member(includes, list, &array) || json_span_array(array, &it))
		return all;
	while (json_span_next(&it, &one) == 1) {
		json_t *v = NULL;

		if (json_parse(one.p, one.n, ITEM_MAX, &v, NULL))
			continue;
		if (json_str(v, key))
			json_set_new(all, json_str(v, key), v);
		else
			json_decref(v);
	}
	return all;
}

static int read_meta(struct span root, struct x_page *p, struct err *e)
{
	_cleanup_json_ json_t *meta = NULL;
	const char *next;
	struct span s;
	int r = json_span_member(root, "meta", &s);

	if (r == -ENOENT)
		return 0;
	if (r || json_parse(s.p, s.n, ITEM_MAX, &meta, NULL) || !json_is_object(meta))
		return err_set(e, -EINVAL, "meta cannot be read");
	p->has_meta = true;
	(void)x_id_parse(json_str(meta, "newest_id"), &p->newest);
	next = json_str_or(meta, "next_token", "");
	if (strlen(next) >= sizeof(p->next_token))
		return err_set(e, -EINVAL, "next_token is too long");
	memcpy(p->next_token, next, strlen(next) + 1);
	return 0;
}

static size_t count_errors(struct span root)
{
	struct json_span_iter it;
	struct span errors, one;
	size_t n = 0;

	if (json_span_member(root, "errors", &errors) || json_span_array(errors, &it))
		return 0;
	while (json_span_next(&it, &one) == 1)
		n++;
	return n;
}

int x_page_read(const char *body, size_t len, struct x_page *ret, struct err *e)
{
	struct span root, data;
	int r;

	*ret = (struct x_page){0};
	if (json_span_root(body, len, &root) || *root.p != '{')
		return err_set(e, -EINVAL, "the answer is no JSON object, or was cut");
	r = json_span_member(root, "data", &data);
	if (r == -EINVAL)
		return err_set(e, r, "the answer is broken JSON");
	if (r == 0)
		r = read_items(data, ret, e);
	else
		r = 0;
	if (r == 0)
		r = read_meta(root, ret, e);
	if (r) {
		*ret = (struct x_page){0};
		return r;
	}
	ret->n_errors = count_errors(root);
	ret->users = read_includes(root, "users", "id");
	ret->media = read_includes(root, "media", "media_key");
	ret->places = read_includes(root, "places", "id");
	return 0;
}

void x_page_free(struct x_page *p)
{
	json_decref(p->users);
	json_decref(p->media);
	json_decref(p->places);
	*p = (struct x_page){0};
}

/* --- parts of a post --- */

/* X escapes three characters and no more. */
static void add_unescaped(struct buf *b, const char *s)
{
	static const struct {
		const char *name;
		char c;
	} names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}};

	while (*s) {
		size_t plain = strcspn(s, "&"), i;

		buf_add(b, s, plain);
		s += plain;
		if (!*s)
			break;
		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (strncmp(s, names[i].name, strlen(names[i].name)) == 0)
				break;
		buf_addc(b, i < ARRAY_SIZE(names) ? names[i].c : '&');
		s += i < ARRAY_SIZE(names) ? strlen(names[i].name) : 1;
	}
}

static void take_text(struct x_post *post)
{
	const char *note = json_str(json_object_get(post->item, "note_tweet"), "text");
	const char *text = note && *note ? note : json_str(post->item, "text");

	post->text = BUF_INIT(ITEM_MAX);
	if (text)
		add_unescaped(&post->text, text);
	post->m.text = buf_str(&post->text);
	post->m.text_len = post->text.len;
}

static void take_author(const struct x_page *p, struct x_post *post, const char *own_id)
{
	const char *id = json_str(post->item, "author_id");
	const json_t *user;

	if (!id)
		id = json_str(post->item, "sender_id");
	user = id ? json_object_get(p->users, id) : NULL;
	post->m.author.id = id ? id : ""; /* only the default fields were given: nobody known */
	post->m.author.name = json_str(user, "name");
	post->m.author.username = json_str(user, "username");
	post->m.author.proven = id && *id;
	if (id && own_id && strcmp(id, own_id) == 0)
		post->m.class = MC_ECHO;
}

static void take_time(struct x_post *post)
{
	post->m.sent_at_source = json_str(post->item, "created_at");
	if (!post->m.sent_at_source || time_parse(post->m.sent_at_source, &post->m.sent_ms))
		post->m.sent_ms = x_ms_of_id(post->id);
}

static const char *best_video(const json_t *media)
{
	const char *best = NULL;
	int64_t best_rate = -1;
	const json_t *v;
	size_t i;

	json_array_foreach (json_object_get(media, "variants"), i, v) {
		int64_t rate = json_int(v, "bit_rate", 0);

		if (strcmp(json_str_or(v, "content_type", ""), "video/mp4") == 0 &&
			rate > best_rate && json_str(v, "url")) {
			best = json_str(v, "url");
			best_rate = rate;
		}
	}
	return best;
}

static void add_media(struct x_post *post, const char *key, const json_t *media)
{
	struct message_attachment *a = &post->media[post->m.n_attachments];
	const char *type = json_str_or(media, "type", "photo");
	bool photo = strcmp(type, "photo") == 0;
	const char *url = photo ? json_str(media, "url") : best_video(media);

	*a = (struct message_attachment){.id = key,
		.kind = photo ? "image" : "video",
		.bytes = -1,
		.mime = photo || !url ? NULL : "video/mp4"};
	if (!url) { /* a video that may not be played still has its picture */
		url = json_str(media, "preview_image_url");
		a->kind = url ? "image" : a->kind;
	}
	a->url = url;
	a->state = url ? AS_PENDING : AS_MISSING;
	post->m.attachments = post->media;
	post->m.n_attachments++;
}

static void take_media(const struct x_page *p, struct x_post *post)
{
	const json_t *keys =
		json_object_get(json_object_get(post->item, "attachments"), "media_keys");
	const json_t *key;
	size_t i;

	json_array_foreach (keys, i, key) {
		const char *name = json_string_value(key);

		if (name && *name && post->m.n_attachments < X_MEDIA_MAX)
			add_media(post, name, json_object_get(p->media, name));
	}
}

/* {"type": "Point", "coordinates": [longitude, latitude]} */
static void take_place(const struct x_page *p, struct x_post *post)
{
	const json_t *geo = json_object_get(post->item, "geo");
	const json_t *point = json_object_get(json_object_get(geo, "coordinates"), "coordinates");
	const char *id = json_str(geo, "place_id");

	if (json_is_number(json_array_get(point, 0)) && json_is_number(json_array_get(point, 1))) {
		post->m.location.set = true;
		post->m.location.lon = json_number_value(json_array_get(point, 0));
		post->m.location.lat = json_number_value(json_array_get(point, 1));
	}
	if (id)
		post->m.location.name = json_str(json_object_get(p->places, id), "full_name");
}

/* What it answers, quotes or repeats. */
static void take_references(struct x_post *post)
{
	static const char *const known[] = {"replied_to", "quoted", "retweeted", NULL};
	const json_t *list = json_object_get(post->item, "referenced_tweets"), *r;
	size_t i;

	json_array_foreach (list, i, r) {
		const char *type = json_str_or(r, "type", ""), *id = json_str(r, "id");
		uint64_t number;
		size_t k = 0;

		while (known[k] && strcmp(known[k], type) != 0)
			k++;
		if (!known[k] || x_id_parse(id, &number))
			continue;
		if (strcmp(type, "retweeted") == 0 && post->m.class == MC_HUMAN)
			post->m.class = MC_SYSTEM;
		json_set_str(post->fields, known[k], id);
		if (!post->m.in_reply_to || strcmp(type, "replied_to") == 0) {
			snprintf(post->reply_to, sizeof(post->reply_to), "%" PRIu64, number);
			post->m.in_reply_to = post->reply_to;
		}
	}
}

static void take_fields(struct x_post *post)
{
	static const char *const kept[] = {"conversation_id", "lang", "dm_conversation_id"};
	char id[X_ID_SIZE + 1];

	post->fields = json_object();
	snprintf(id, sizeof(id), "%" PRIu64, post->id);
	json_set_str(post->fields, "platform", "x");
	json_set_str(post->fields, "post", id);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (json_str(post->item, kept[i]))
			json_set_str(post->fields, kept[i], json_str(post->item, kept[i]));
	if (json_is_object(json_object_get(post->item, "withheld")))
		json_set_new(post->fields, "withheld", json_true());
	post->m.fields = post->fields;
}

/* --- a post --- */

static void undecodable(struct x_post *post, struct span bytes, size_t i, const char *reason)
{
	char hash[SHA256_HEX_SIZE];

	sha256_hex(bytes.p, bytes.n, hash);
	snprintf(post->native, sizeof(post->native), "undecodable:%s", hash);
	snprintf(post->place, sizeof(post->place), "element %zu of a page", i);
	post->id = post->first = 0;
	post->m.class = MC_UNDECODABLE;
	post->m.native_id = post->native;
	post->m.author.id = "";
	post->m.error.place = post->place;
	post->m.error.reason = reason;
}

/* The first version's id, if X tells it and it can be one: an edit is younger than what it edits.
 */
static uint64_t first_version(const struct x_post *post)
{
	const json_t *history = json_object_get(post->item, "edit_history_tweet_ids");
	uint64_t first;

	if (x_id_parse(json_string_value(json_array_get(history, 0)), &first) || first > post->id)
		return post->id;
	return first;
}

static void take_ids(struct x_post *post, bool direct)
{
	post->first = direct ? post->id : first_version(post);
	snprintf(
		post->native, sizeof(post->native), "%s%" PRIu64, direct ? "dm:" : "", post->first);
	post->m.native_id = post->native;
}

/* Of direct messages only what somebody wrote is for a person. */
static enum message_class class_of(const char *event)
{
	if (!event || strcmp(event, "MessageCreate") == 0)
		return MC_HUMAN;
	return strncmp(event, "Participants", 12) == 0 ? MC_SYSTEM : MC_UNKNOWN;
}

void x_page_post(const struct x_page *p, size_t i, const char *own_id, const struct message *base,
	struct x_post *ret)
{
	const char *event;

	*ret = (struct x_post){.m = *base};
	ret->m.original.data = p->items[i].p;
	ret->m.original.len = p->items[i].n;
	if (json_parse(p->items[i].p, p->items[i].n, ITEM_MAX, &ret->item, NULL) ||
		!json_is_object(ret->item)) {
		undecodable(ret, p->items[i], i, "it is no JSON object");
		return;
	}
	if (x_id_parse(json_str(ret->item, "id"), &ret->id)) {
		undecodable(ret, p->items[i], i, "it has no id of 1 to 19 digits");
		return;
	}
	event = json_str(ret->item, "event_type");
	ret->m.class = class_of(event);
	take_ids(ret, event != NULL);
	take_author(p, ret, own_id);
	take_time(ret);
	take_text(ret);
	take_media(p, ret);
	take_place(p, ret);
	take_fields(ret);
	take_references(ret);
}

void x_post_is_edit(struct x_post *post)
{
	snprintf(post->revision, sizeof(post->revision), "%" PRIu64, post->id);
	post->m.kind = MK_EDIT;
	post->m.revision = post->revision;
}

void x_post_free(struct x_post *post)
{
	json_decref(post->item);
	json_decref(post->fields);
	buf_free(&post->text);
	*post = (struct x_post){0};
}
