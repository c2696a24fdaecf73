/* meta_graph: see meta_graph.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"

#include "meta_graph.h"

#define ANSWER_MAX (8 * 1024 * 1024)
#define ID_MAX	   256
#define QUERY_MAX  (16 * 1024)

#define POST_FIELDS    "id,from,message,created_time,full_picture"
#define COMMENT_FIELDS "id,from,message,created_time,parent,attachment"
#define MESSAGE_FIELDS "id,created_time,from,message,attachments,shares,sticker"
#define IG_FIELDS      "id,text,timestamp,username,from,parent_id"
#define IG_MENTION     "id,text,timestamp,media"
#define MEDIA_FIELDS   "id,caption,media_type,media_url,timestamp,username"

/* --- the table of edges --- */

typedef void item_fn(struct meta_item *x, const struct meta_rules *rules, const char *parent);
static void take_post(struct meta_item *x, const struct meta_rules *rules, const char *parent);
static void take_own(struct meta_item *x, const struct meta_rules *rules, const char *parent);
static void take_comment(struct meta_item *x, const struct meta_rules *rules, const char *parent);
static void take_chat(struct meta_item *x, const struct meta_rules *rules, const char *parent);
static void take_chat_message(
	struct meta_item *x, const struct meta_rules *rules, const char *parent);
static void take_ig_comment(
	struct meta_item *x, const struct meta_rules *rules, const char *parent);
static void take_ig_tag(struct meta_item *x, const struct meta_rules *rules, const char *parent);

/* clang-format off */
static const struct {
	const char *name, *query;
	bool since; /* the edge pages by time */
	enum meta_edge child;
	item_fn *take;
} edges[ME_COUNT] = {
	[ME_TAGGED] = {"tagged", "fields=" POST_FIELDS "&limit=100", true, ME_COUNT, take_post},
	[ME_VISITOR] = {"visitor_posts", "fields=" POST_FIELDS "&limit=100", true, ME_COMMENTS, take_post},
	[ME_PUBLISHED] = {"published_posts", "fields=id,created_time&limit=100", true, ME_COMMENTS, take_own},
	[ME_COMMENTS] = {"comments", "filter=stream&order=reverse_chronological&fields=" COMMENT_FIELDS
		"&limit=100", false, ME_COUNT, take_comment},
	[ME_CHATS] = {"conversations", "platform=messenger&fields=id,updated_time&limit=100", false,
		ME_MESSAGES, take_chat},
	[ME_IG_CHATS] = {"conversations", "platform=instagram&fields=id,updated_time&limit=100", false,
		ME_MESSAGES, take_chat},
	[ME_MESSAGES] = {"messages", "fields=" MESSAGE_FIELDS "&limit=100", false, ME_COUNT, take_chat_message},
	[ME_IG_MEDIA] = {"media", "fields=id,timestamp&limit=50", false, ME_IG_COMMENTS, take_own},
	[ME_IG_COMMENTS] = {"comments", "fields=" IG_FIELDS ",replies%7B" IG_FIELDS "%7D&limit=50", false,
		ME_IG_REPLIES, take_ig_comment},
	[ME_IG_REPLIES] = {"replies", "fields=" IG_FIELDS "&limit=50", false, ME_COUNT, take_ig_comment},
	[ME_IG_TAGS] = {"tags", "fields=" MEDIA_FIELDS "&limit=50", false, ME_COUNT, take_ig_tag},
};
/* clang-format on */

const char *meta_edge_name(enum meta_edge e)
{
	return e == ME_IG_CHATS ? "ig_conversations" : edges[e].name;
}

/* Ids come from outside: only what cannot change the meaning of a URL goes into one. */
static bool is_plain_id(const char *id)
{
	size_t n = id ? strlen(id) : 0;

	return n > 0 && n <= ID_MAX &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:=.$") ==
		       n &&
	       strspn(id, ".") != n;
}

char *meta_edge_path(enum meta_edge e, const char *id, int64_t since_ms, const char *next)
{
	char since[40] = "";

	if (!is_plain_id(id))
		return NULL;
	if (edges[e].since && since_ms > 0)
		snprintf(since, sizeof(since), "&since=%" PRId64, since_ms / 1000);
	return xasprintf(
		"/%s/%s?%s%s", id, edges[e].name, next ? next : edges[e].query, next ? "" : since);
}

/* --- pages --- */

/* The query of a paging.next without what is ours to add: the token is sent in a header, and to our
 * own address only, whatever host stands there. */
static char *next_query(const char *url)
{
	static const char *const drop[] = {"access_token=", "appsecret_proof="};
	const char *p = strchr(url, '?');
	_cleanup_buf_ struct buf b = BUF_INIT(QUERY_MAX);

	while (p && *++p) {
		size_t n = strcspn(p, "&#");
		bool ours = strncmp(p, drop[0], strlen(drop[0])) == 0 ||
			    strncmp(p, drop[1], strlen(drop[1])) == 0;

		if (n && !ours) {
			buf_adds(&b, b.len ? "&" : "");
			buf_add(&b, p, n);
		}
		p = p[n] == '&' ? p + n : NULL;
	}
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] <= ' ' || b.data[i] >= 0x7f)
			return NULL;
	return b.over || !b.len ? NULL : buf_take(&b);
}

/* 0 and NULL: there is none. */
static int read_next(struct span object, char **ret)
{
	_cleanup_json_ json_t *paging = NULL;
	const json_t *next;
	struct span s;
	int r = json_span_member(object, "paging", &s);

	*ret = NULL;
	if (r == -ENOENT)
		return 0;
	if (r || json_parse(s.p, s.n, ANSWER_MAX, &paging, NULL))
		return -EINVAL;
	next = json_object_get(paging, "next");
	if (!next || json_is_null(next))
		return 0;
	*ret = json_is_string(next) ? next_query(json_string_value(next)) : NULL;
	return *ret ? 0 : -EINVAL;
}

int meta_page_open(enum meta_edge e, char *body, size_t len, struct meta_page *ret)
{
	struct span root, data;

	*ret = (struct meta_page){.edge = e, .body = body};
	if (json_depth_check(body, len, JSON_DEPTH_MAX) || json_span_root(body, len, &root) ||
		json_span_member(root, "data", &data) || json_span_array(data, &ret->items) ||
		read_next(root, &ret->next)) {
		meta_page_close(ret);
		return -EINVAL;
	}
	return 0;
}

void meta_page_close(struct meta_page *p)
{
	free(p->body);
	free(p->next);
	*p = (struct meta_page){0};
}

/* Replies stand inside the comment they answer, and come right after it. */
static void enter_replies(struct meta_page *p, struct span comment)
{
	struct span replies, data;

	if (p->edge != ME_IG_COMMENTS || json_span_member(comment, "replies", &replies) ||
		json_span_member(replies, "data", &data) || json_span_array(data, &p->replies))
		return;
	p->in_replies = true;
}

int meta_page_next(struct meta_page *p, struct span *ret)
{
	int r;

	if (p->in_replies) {
		r = json_span_next(&p->replies, ret);
		if (r)
			return r;
		p->in_replies = false;
	}
	r = json_span_next(&p->items, ret);
	if (r == 1)
		enter_replies(p, *ret);
	return r;
}

/* --- items --- */

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static void set_author(struct meta_item *x, const struct meta_rules *rules)
{
	const char *id = meta_author(&x->m, &x->s, x->json);
	const char *username = json_str(x->json, "username");

	if (!x->m.author.username)
		x->m.author.username = username;
	if (!id && username && *username) /* Instagram does not always give an id */
		x->m.author.id = meta_keep(&x->s, xasprintf("@%s", username));
	x->m.class = same(id, rules->page) || same(id, rules->instagram) ? MC_ECHO : MC_HUMAN;
}

/* Which of the two, as the webhooks say it. */
static void set_platform(struct meta_item *x, bool instagram)
{
	if (!x->s.fields)
		x->s.fields = json_object();
	json_set_str(x->s.fields, "platform", instagram ? "instagram" : "facebook");
	x->m.fields = x->s.fields;
}

static void take_base(
	struct meta_item *x, const struct meta_rules *rules, const char *text, const char *time)
{
	x->carried = true;
	x->m.text = json_str(x->json, text);
	x->time_ms = meta_time(json_object_get(x->json, time));
	x->m.sent_ms = x->time_ms;
	set_author(x, rules);
}

static void take_post(struct meta_item *x, const struct meta_rules *rules, const char *parent)
{
	(void)parent;
	take_base(x, rules, "message", "created_time");
	meta_attach(&x->m, &x->s, x->m.native_id, "photo", "image",
		json_object_get(x->json, "full_picture"));
}

/* Our own words are nothing to carry; what others say to them is. */
static void take_own(struct meta_item *x, const struct meta_rules *rules, const char *parent)
{
	const char *key = json_object_get(x->json, "timestamp") ? "timestamp" : "created_time";

	(void)rules;
	(void)parent;
	x->time_ms = meta_time(json_object_get(x->json, key));
}

static void take_chat(struct meta_item *x, const struct meta_rules *rules, const char *parent)
{
	(void)rules;
	(void)parent;
	x->time_ms = meta_time(json_object_get(x->json, "updated_time"));
}

static void take_comment(struct meta_item *x, const struct meta_rules *rules, const char *parent)
{
	const json_t *attachment = json_object_get(x->json, "attachment");
	const json_t *image = json_object_get(json_object_get(attachment, "media"), "image");
	const char *type = json_str_or(attachment, "type", "");
	const char *answered = meta_id(&x->s, json_object_get(x->json, "parent"), "id");
	bool video = strncmp(type, "video", 5) == 0, sticker = strcmp(type, "sticker") == 0;

	take_base(x, rules, "message", "created_time");
	x->m.in_reply_to = answered ? answered : parent;
	meta_attach(&x->m, &x->s, x->m.native_id, video ? "video" : "photo",
		sticker ? "sticker"
		: video ? "video"
			: "image",
		video ? json_object_get(json_object_get(attachment, "media"), "source")
		      : json_object_get(image, "src"));
	if (sticker && x->m.class == MC_HUMAN && (!x->m.text || !*x->m.text))
		x->m.class = MC_SYSTEM;
}

static void chat_file(struct meta_item *x, const json_t *file, size_t number)
{
	static const struct {
		const char *key, *url, *kind;
	} places[] = {
		{"image_data", "url", "image"},
		{"video_data", "url", "video"},
		{NULL, "file_url", "document"},
	};
	char what[48];

	snprintf(what, sizeof(what), "attachments/%zu", number);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		const json_t *at = places[i].key ? json_object_get(file, places[i].key) : file;
		const json_t *url = json_object_get(at, places[i].url);

		if (url) {
			meta_attach(&x->m, &x->s, x->m.native_id, what, places[i].kind, url);
			return;
		}
	}
}

static void take_chat_message(
	struct meta_item *x, const struct meta_rules *rules, const char *parent)
{
	const json_t *list = json_object_get(x->json, "attachments"), *file, *share;
	const char *link, *name;
	size_t i;

	(void)parent;
	take_base(x, rules, "message", "created_time");
	json_array_foreach (json_object_get(list, "data"), i, file)
		chat_file(x, file, i);
	meta_attach(&x->m, &x->s, x->m.native_id, "sticker", "sticker",
		json_object_get(x->json, "sticker"));
	share = json_array_get(json_object_get(json_object_get(x->json, "shares"), "data"), 0);
	link = json_str(share, "link");
	name = json_str(share, "name");
	if (link && (!x->m.text || !*x->m.text))
		x->m.text = meta_keep(
			&x->s, xasprintf("%s%s%s", name ? name : "", name ? "\n" : "", link));
	if (x->m.class == MC_HUMAN && (!x->m.text || !*x->m.text) &&
		(!x->m.n_attachments || same(x->m.attachments[0].kind, "sticker")))
		x->m.class = MC_SYSTEM;
}

static void take_ig_comment(struct meta_item *x, const struct meta_rules *rules, const char *parent)
{
	const char *answered = meta_id(&x->s, x->json, "parent_id");

	if (!answered)
		answered = meta_id(&x->s, json_object_get(x->json, "media"), "id");
	take_base(x, rules, "text", "timestamp");
	x->m.in_reply_to = answered ? answered : parent;
}

static void take_ig_tag(struct meta_item *x, const struct meta_rules *rules, const char *parent)
{
	const char *type = json_str_or(x->json, "media_type", "");

	(void)parent;
	take_base(x, rules, "caption", "timestamp");
	meta_attach(&x->m, &x->s, x->m.native_id, "media",
		strcmp(type, "VIDEO") == 0 ? "video" : "image",
		json_object_get(x->json, "media_url"));
}

static void begin(struct meta_item *x, const struct message *base, struct span bytes)
{
	*x = (struct meta_item){.m = *base, .child = ME_COUNT};
	x->m.original.data = bytes.p;
	x->m.original.len = bytes.n;
}

static void undecodable(
	struct meta_item *x, struct span bytes, const char *place, const char *reason)
{
	char hash[SHA256_HEX_SIZE];

	sha256_hex(bytes.p, bytes.n, hash);
	x->carried = true;
	x->m.class = MC_UNDECODABLE;
	x->m.native_id = meta_keep(&x->s, xasprintf("undecodable:%s", hash));
	x->m.source.place = place;
	x->m.error.place = place;
	x->m.error.reason = meta_keep(&x->s, xstrdup(reason));
}

/* More replies than stand in the comment. */
static bool more_replies(const json_t *comment)
{
	return json_object_get(
		json_object_get(json_object_get(comment, "replies"), "paging"), "next");
}

void meta_item_decode(const struct meta_page *p, const char *parent, struct span bytes,
	const struct meta_rules *rules, const struct message *base, struct meta_item *ret)
{
	const char *place = edges[p->edge].name;
	struct err why = {0};

	begin(ret, base, bytes);
	if (json_parse(bytes.p, bytes.n, ANSWER_MAX, &ret->json, &why)) {
		undecodable(ret, bytes, place, why.text);
		return;
	}
	ret->m.native_id = meta_id(&ret->s, ret->json, "id");
	if (!ret->m.native_id) {
		undecodable(ret, bytes, place, "an item without an id");
		return;
	}
	ret->m.source.place = place;
	set_platform(ret, p->edge >= ME_IG_MEDIA);
	edges[p->edge].take(ret, rules, parent);
	ret->child = edges[p->edge].child;
	ret->child_id = ret->m.native_id;
	if (p->edge == ME_IG_COMMENTS && !more_replies(ret->json))
		ret->child = ME_COUNT;
}

void meta_item_free(struct meta_item *i)
{
	meta_scratch_free(&i->s);
	json_decref(i->json);
	i->json = NULL;
}

/* --- completing --- */

static const struct {
	const char *what;
	const char *member; /* asked of our own account: "MEMBER.ARGUMENT(ID){fields}" */
	const char *argument;
	const char *query;
	item_fn *take;
} fetches[] = {
	{"comment", NULL, NULL, COMMENT_FIELDS, take_comment},
	{"post", NULL, NULL, POST_FIELDS, take_post},
	{"ig_comment", NULL, NULL, IG_FIELDS, take_ig_comment},
	{"ig_mentioned_comment", "mentioned_comment", "comment_id", IG_MENTION, take_ig_comment},
	{"ig_mentioned_media", "mentioned_media", "media_id", MEDIA_FIELDS, take_ig_tag},
};

static size_t fetch_row(const char *what)
{
	size_t i;

	for (i = 0; what && i < ARRAY_SIZE(fetches); i++)
		if (strcmp(what, fetches[i].what) == 0)
			return i;
	return ARRAY_SIZE(fetches);
}

static char *copy(const json_t *o, const char *key)
{
	const char *s = json_str(o, key);

	return s ? xstrdup(s) : NULL;
}

struct meta_fetch *meta_fetch_of(const json_t *fields)
{
	const json_t *o = json_object_get(fields, "fetch");
	const char *id = json_str(o, "id");
	struct meta_fetch *f;

	if (!id || !*id || fetch_row(json_str(o, "what")) == ARRAY_SIZE(fetches))
		return NULL;
	f = xcalloc(1, sizeof(*f));
	f->what = copy(o, "what");
	f->id = xstrdup(id);
	f->media = copy(o, "media");
	f->revision = copy(o, "revision");
	return f;
}

void meta_fetch_free(struct meta_fetch *f)
{
	if (!f)
		return;
	free(f->what);
	free(f->id);
	free(f->media);
	free(f->revision);
	free(f);
}

char *meta_fetch_path(const struct meta_fetch *f, const struct meta_rules *rules)
{
	size_t i = fetch_row(f->what);

	if (!is_plain_id(f->id) || (fetches[i].member && !is_plain_id(rules->instagram)))
		return NULL;
	if (!fetches[i].member)
		return xasprintf("/%s?fields=%s", f->id, fetches[i].query);
	return xasprintf("/%s?fields=%s.%s(%s)%%7B%s%%7D", rules->instagram, fetches[i].member,
		fetches[i].argument, f->id, fetches[i].query);
}

void meta_fetch_message(const struct meta_fetch *f, struct message *m)
{
	m->native_id = f->id;
	if (!f->revision)
		return;
	m->kind = MK_EDIT;
	m->revision = f->revision;
}

bool meta_fetch_decode(const struct meta_fetch *f, const char *body, size_t len,
	const struct meta_rules *rules, const struct message *base, struct meta_item *ret)
{
	size_t i = fetch_row(f->what);
	struct err why = {0};
	struct span s, inner;

	if (json_span_root(body, len, &s))
		s.n = 0;
	else if (fetches[i].member && json_span_member(s, fetches[i].member, &inner) == 0)
		s = inner;
	else if (fetches[i].member)
		s.n = 0;
	begin(ret, base, (struct span){body, len});
	meta_fetch_message(f, &ret->m);
	ret->m.source.place = f->what;
	if (s.n == 0)
		return false;
	if (json_parse(s.p, s.n, ANSWER_MAX, &ret->json, &why)) {
		undecodable(ret, s, f->what, why.text);
		meta_fetch_message(f, &ret->m);
		return true;
	}
	set_platform(ret, strncmp(f->what, "ig_", 3) == 0);
	fetches[i].take(ret, rules, f->media);
	meta_fetch_message(f, &ret->m);
	return true;
}
