/* message: see message.h. One function per part of the record; order as in the schema.
 *
 * A source's text may be any bytes: put() repairs and bounds every string on its way in, so jansson
 * never refuses one. Ids are computed from the repaired, bounded text that stands in the record, so
 * that a stranger can compute them again from the record alone. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"

#include "core/message.h"
#include "core/schema.h"

#define SCHEMA	       "muara.message"
#define MAJOR	       1
#define NATIVE_ID_MAX  512 /* bytes; a longer one is stood in for by its hash */
#define SHORT_TEXT_MAX 512
#define FIELDS_MAX     (16 * 1024)
#define URL_MAX	       4096

/* --- names --- */

static const char *const kind_names[MK_COUNT_] = {"message", "edit", "delete", "call"};
static const char *const class_names[MC_COUNT_] = {"human", "auto", "bounce", "spam", "ghost",
	"prank", "dropped", "test", "information", "emergency", "unknown", "undecodable", "stale",
	"echo", "system"};
static const char *const call_names[CC_COUNT_] = {
	NULL, "normal", "emergency", "information", "ghost", "prank", "dropped", "test", "unknown"};
static const char *const state_names[] = {"stored", "pending", "missing", "refused"};

static int name_index(const char *const *names, int n, const char *s)
{
	for (int i = 0; s && i < n; i++)
		if (names[i] && strcmp(names[i], s) == 0)
			return i;
	return -EINVAL;
}

const char *message_kind_name(enum message_kind k)
{
	return kind_names[k];
}

const char *message_class_name(enum message_class c)
{
	return class_names[c];
}

const char *call_class_name(enum call_class c)
{
	return call_names[c];
}

int call_class_parse(const char *s, enum call_class *ret)
{
	int i = name_index(call_names, CC_COUNT_, s);

	if (i < 0)
		return i;
	*ret = (enum call_class)i;
	return 0;
}

enum message_class message_class_of_call(enum call_class c)
{
	static const enum message_class map[CC_COUNT_] = {
		[CC_NONE] = MC_HUMAN,
		[CC_NORMAL] = MC_HUMAN,
		[CC_EMERGENCY] = MC_EMERGENCY,
		[CC_INFORMATION] = MC_INFORMATION,
		[CC_GHOST] = MC_GHOST,
		[CC_PRANK] = MC_PRANK,
		[CC_DROPPED] = MC_DROPPED,
		[CC_TEST] = MC_TEST,
		[CC_UNKNOWN] = MC_UNKNOWN,
	};

	return map[c];
}

/* --- strings on their way in --- */

/* Repaired, at most `max` bytes (cut between characters). *changed, *cut may be NULL and are only
 * ever set to true. */
static json_t *text_json(const char *s, size_t n, size_t max, bool *changed, bool *cut)
{
	_cleanup_free_ char *good = NULL;
	size_t len;
	bool repaired = false;
	json_t *j;

	good = utf8_repair(s, n, &len, &repaired);
	if (repaired && changed)
		*changed = true;
	if (len > max) {
		len = utf8_prefix_bytes(good, max);
		if (cut)
			*cut = true;
	}
	j = json_stringn(good, len);
	if (!j)
		abort(); /* valid by now: only memory can fail */
	return j;
}

static void put(json_t *o, const char *key, const char *s)
{
	json_set_new(o, key, s ? text_json(s, strlen(s), SHORT_TEXT_MAX, NULL, NULL) : json_null());
}

static void put_time(json_t *o, const char *key, int64_t wall_ms)
{
	char text[TIME_TEXT_SIZE];

	time_format(wall_ms, text);
	json_set_str(o, key, text);
}

int phone_normalise(const char *text, char ret[PHONE_TEXT_SIZE])
{
	char digits[PHONE_TEXT_SIZE + 2], out[2 * PHONE_TEXT_SIZE];
	const char *rest = digits, *country = "";
	size_t n = 0;
	bool plus = false;

	for (const char *p = text ? text : ""; *p; p++) {
		if (*p == '+' && !n && !plus)
			plus = true;
		else if (*p >= '0' && *p <= '9' && n < sizeof digits - 1)
			digits[n++] = *p;
		else if (!strchr(" -.()/", *p))
			return -EINVAL;
	}
	digits[n] = '\0';
	if (plus)
		country = "";
	else if (digits[0] == '0' && digits[1] == '0')
		rest += 2;
	else if (digits[0] == '0')
		rest++, country = "62";
	else if (digits[0] == '8')
		country = "62";
	else if (digits[0] != '6' || digits[1] != '2')
		return -EINVAL;
	snprintf(out, sizeof out, "+%s%s", country, rest);
	n = strlen(out);
	if (n < 9 || n > PHONE_TEXT_SIZE - 1 || out[1] == '0')
		return -EINVAL;
	memcpy(ret, out, n + 1);
	return 0;
}

static bool email_plausible(const char *s)
{
	const char *at = s ? strchr(s, '@') : NULL;

	return at && at > s && at[1] && !strchr(at + 1, '@') && strlen(s) <= 254 &&
	       strcspn(s, " \t\r\n,;<>") == strlen(s);
}

/* --- parts of the record --- */

static bool required(struct err *e, const char *field, const char *s)
{
	if (s && *s)
		return true;
	err_set(e, -EINVAL, "message: %s is required", field);
	return false;
}

static int check(const struct message *m, struct err *e)
{
	if (!required(e, "tenant", m->tenant) || !required(e, "channel", m->channel) ||
		!required(e, "account", m->account) || !required(e, "native_id", m->native_id) ||
		!required(e, "source.daemon", m->source.daemon) ||
		!required(e, "source.instance", m->source.instance))
		return -EINVAL;
	if (m->class == MC_UNDECODABLE && (!required(e, "error.place", m->error.place) ||
						  !required(e, "error.reason", m->error.reason)))
		return -EINVAL;
	if (!m->original.data && m->original.len)
		return err_set(e, -EINVAL, "message: original has a length and no bytes");
	if (m->n_attachments > MESSAGE_ATTACHMENTS_MAX)
		return err_set(e, -E2BIG, "message: %zu attachments, at most %d", m->n_attachments,
			MESSAGE_ATTACHMENTS_MAX);
	return 0;
}

static json_t *native_id_json(const char *native_id)
{
	char stand_in[8 + SHA256_HEX_SIZE] = "sha256:";
	size_t n = strlen(native_id);

	if (n <= NATIVE_ID_MAX)
		return text_json(native_id, n, SIZE_MAX, NULL, NULL);
	sha256_hex(native_id, n, stand_in + 7);
	return json_str_new(stand_in);
}

static void put_ids(json_t *o, const struct message *m)
{
	char id[UUID_TEXT_SIZE];

	put(o, "tenant", m->tenant);
	put(o, "channel", m->channel);
	put(o, "account", m->account);
	json_set_new(o, "native_id", native_id_json(m->native_id));
	put(o, "revision", m->revision && *m->revision ? m->revision : NULL);
	message_id(json_str(o, "tenant"), json_str(o, "channel"), json_str(o, "account"),
		json_str(o, "native_id"), json_str(o, "revision"), id);
	json_set_str(o, "id", id);
}

void message_identity(const struct message *m, char ret[UUID_TEXT_SIZE])
{
	_cleanup_json_ json_t *o = json_object();

	put_ids(o, m);
	snprintf(ret, UUID_TEXT_SIZE, "%s", json_str_or(o, "id", ""));
}

static void put_author(json_t *o, const struct message *m)
{
	const char *who = m->author.id && *m->author.id ? m->author.id : m->native_id;
	char conversation[UUID_TEXT_SIZE], phone[PHONE_TEXT_SIZE];
	json_t *a = json_object();

	json_set_new(a, "id", native_id_json(who));
	put(a, "name", m->author.name && *m->author.name ? m->author.name : NULL);
	json_set_str(a, "phone", phone_normalise(m->author.phone, phone) ? NULL : phone);
	put(a, "email", email_plausible(m->author.email) ? m->author.email : NULL);
	put(a, "username", m->author.username && *m->author.username ? m->author.username : NULL);
	json_set_str(a, "proof", m->author.proven ? "channel" : "claimed");
	conversation_id(json_str(o, "tenant"), json_str(o, "channel"), json_str(o, "account"),
		json_str(a, "id"), conversation);
	json_set_str(o, "conversation", conversation);
	json_set_new(o, "author", a);
}

/* Classes a source gives to what a person should read; the others are archived as they are. */
static bool may_become_stale(enum message_class c)
{
	return c == MC_HUMAN || c == MC_UNKNOWN || c == MC_EMERGENCY || c == MC_INFORMATION;
}

static void put_times(json_t *o, const struct message *m)
{
	int64_t received = m->received_ms ? m->received_ms : clock_wall_ms();
	int64_t sent = m->sent_ms ? m->sent_ms : received;
	enum message_class class = m->class;
	bool old = (m->max_age_ms && received - sent > m->max_age_ms) ||
		   (m->start_ms && sent < m->start_ms);

	if (old && may_become_stale(class))
		class = MC_STALE;
	json_set_str(o, "class", class_names[class]);
	put_time(o, "sent_at", sent > received + MESSAGE_FUTURE_MS ? received : sent);
	if (m->sent_at_source)
		put(o, "sent_at_source", m->sent_at_source);
	else if (m->sent_ms)
		put_time(o, "sent_at_source", m->sent_ms);
	else
		json_set_str(o, "sent_at_source", NULL);
	put_time(o, "received_at", received);
}

static void put_text(json_t *o, const struct message *m)
{
	const char *s = m->text ? m->text : "";
	bool repaired = false, cut = false;

	json_set_new(o, "text",
		text_json(s, m->text_len ? m->text_len : strlen(s), MESSAGE_TEXT_MAX, &repaired,
			&cut));
	json_set_new(o, "text_repaired", json_boolean(repaired));
	json_set_new(o, "text_cut", json_boolean(cut));
}

static bool sha256_text(const char *s)
{
	return s && strlen(s) == SHA256_HEX_SIZE - 1 &&
	       strspn(s, "0123456789abcdef") == SHA256_HEX_SIZE - 1;
}

static const char *kind_of_mime(const char *mime)
{
	static const char *const kinds[][2] = {{"image/webp-sticker", "sticker"},
		{"image/", "image"}, {"audio/", "audio"}, {"video/", "video"},
		{"application/pdf", "document"}, {"application/msword", "document"},
		{"application/vnd.", "document"}, {"text/", "document"}};

	for (size_t i = 0; mime && i < ARRAY_SIZE(kinds); i++)
		if (strncasecmp(mime, kinds[i][0], strlen(kinds[i][0])) == 0)
			return kinds[i][1];
	return "other";
}

static int attachment_json(const struct message_attachment *a, json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *o = json_object();

	if (!required(e, "attachments.id", a->id))
		return -EINVAL;
	if (a->state == AS_STORED && !sha256_text(a->sha256))
		return err_set(e, -EINVAL, "message: a stored attachment needs its sha256");
	put(o, "id", a->id);
	json_set_str(o, "state", state_names[a->state]);
	json_set_str(o, "kind", a->kind ? a->kind : kind_of_mime(a->mime));
	json_set_str(o, "sha256", sha256_text(a->sha256) ? a->sha256 : NULL);
	json_set_new(o, "bytes", a->bytes >= 0 ? json_integer(a->bytes) : json_null());
	put(o, "mime", a->mime);
	put(o, "name", a->name);
	if (a->url && strlen(a->url) <= URL_MAX)
		json_set_new(o, "url", text_json(a->url, strlen(a->url), URL_MAX, NULL, NULL));
	*ret = TAKE_PTR(o);
	return 0;
}

static int put_attachments(json_t *o, const struct message *m, struct err *e)
{
	_cleanup_json_ json_t *list = json_array();
	int r;

	for (size_t i = 0; i < m->n_attachments; i++) {
		json_t *a = NULL;

		r = attachment_json(&m->attachments[i], &a, e);
		if (r)
			return r;
		json_array_append_new(list, a);
	}
	json_set_new(o, "attachments", TAKE_PTR(list));
	return 0;
}

static void put_location(json_t *o, const struct message *m)
{
	double lat = m->location.lat, lon = m->location.lon;
	bool set = m->location.set && isfinite(lat) && isfinite(lon) && fabs(lat) <= 90 &&
		   fabs(lon) <= 180;
	json_t *l;

	if (!set && !m->location.address && !m->location.name) {
		json_set_str(o, "location", NULL);
		return;
	}
	l = json_object();
	json_set_new(l, "lat", set ? json_real(lat) : json_null());
	json_set_new(l, "lon", set ? json_real(lon) : json_null());
	put(l, "address", m->location.address);
	put(l, "name", m->location.name);
	json_set_new(o, "location", l);
}

static void put_call(json_t *o, const struct message *m)
{
	json_t *c;

	if (m->call.mapped == CC_NONE) {
		json_set_str(o, "call", NULL);
		return;
	}
	c = json_object();
	put(c, "type", m->call.type ? m->call.type : "");
	json_set_str(c, "mapped", call_names[m->call.mapped]);
	put(c, "priority", m->call.priority);
	json_set_new(o, "call", c);
}

static int put_fields(json_t *o, const struct message *m, struct err *e)
{
	size_t len;

	if (!m->fields) {
		json_set_new(o, "fields", json_object());
		return 0;
	}
	if (!json_is_object(m->fields))
		return err_set(e, -EINVAL, "message: fields is not an object");
	len = json_dumpb(m->fields, NULL, 0, JSON_COMPACT);
	if (len > FIELDS_MAX)
		return err_set(
			e, -E2BIG, "message: fields of %zu bytes, at most %d", len, FIELDS_MAX);
	json_set_new(o, "fields", json_deep_copy(m->fields));
	return 0;
}

static void put_source(json_t *o, const struct message *m)
{
	json_t *s = json_object();

	put(s, "daemon", m->source.daemon);
	put(s, "instance", m->source.instance);
	put(s, "place", m->source.place);
	json_set_str(s, "review", m->source.review_required ? "required" : "auto");
	if (m->start_ms)
		put_time(s, "start", m->start_ms);
	else
		json_set_str(s, "start", NULL);
	json_set_new(o, "source", s);
}

/* JSON can hold them as text, at a bounded growth: no control characters but blanks. */
static bool plain_bytes(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < ' ' && p[i] != '\n' && p[i] != '\r' && p[i] != '\t')
			return false;
	return true;
}

static void put_inline(json_t *o, const void *p, size_t n)
{
	json_t *text = plain_bytes(p, n) ? json_stringn(n ? p : "", n) : NULL; /* NULL: no UTF-8 */

	json_set_str(o, "encoding", text ? "utf8" : "base64");
	if (!text) {
		_cleanup_free_ char *b64 = base64_encode(p, n);

		text = json_string(b64);
	}
	json_set_new(o, "inline", text);
}

static int put_original(json_t *o, const struct message *m, struct err *e)
{
	const void *data = m->original.data ? m->original.data : "";
	char hash[SHA256_HEX_SIZE];
	_cleanup_json_ json_t *b = json_object();

	if (m->original.blob && !sha256_text(m->original.blob))
		return err_set(e, -EINVAL, "message: original.blob is no sha256");
	if (!m->original.blob && m->original.len > MESSAGE_INLINE_MAX)
		return err_set(e, -E2BIG,
			"message: an original of %zu bytes belongs into the blob store (limit %d)",
			m->original.len, MESSAGE_INLINE_MAX);
	sha256_hex(data, m->original.len, hash);
	json_set_int(b, "bytes", (int64_t)m->original.len);
	json_set_str(b, "sha256", hash);
	if (m->original.blob) {
		json_set_str(b, "blob", m->original.blob);
		json_set_int(b, "offset", m->original.offset);
		json_set_int(b, "length", (int64_t)m->original.len);
	} else {
		put_inline(b, data, m->original.len);
	}
	json_set_new(o, "original", TAKE_PTR(b));
	return 0;
}

static void put_error(json_t *o, const struct message *m)
{
	json_t *x;

	if (m->class != MC_UNDECODABLE)
		return;
	x = json_object();
	put(x, "place", m->error.place);
	put(x, "reason", m->error.reason);
	json_set_new(o, "error", x);
}

int message_build(const struct message *m, json_t **ret, char ret_id[UUID_TEXT_SIZE], struct err *e)
{
	_cleanup_json_ json_t *o = json_object();
	int r = check(m, e);

	if (r)
		return r;
	json_set_str(o, "schema", SCHEMA "/1");
	put_ids(o, m);
	json_set_str(o, "kind", kind_names[m->kind]);
	put_author(o, m);
	put_times(o, m);
	put_text(o, m);
	put_location(o, m);
	put(o, "in_reply_to", m->in_reply_to);
	put_call(o, m);
	put_source(o, m);
	put_error(o, m);
	if ((r = put_attachments(o, m, e)) || (r = put_fields(o, m, e)) ||
		(r = put_original(o, m, e)))
		return r;
	if (ret_id)
		memcpy(ret_id, json_str(o, "id"), UUID_TEXT_SIZE);
	*ret = TAKE_PTR(o);
	return 0;
}

int message_build_text(const struct message *m, char **ret, size_t *ret_len,
	char ret_id[UUID_TEXT_SIZE], struct err *e)
{
	_cleanup_json_ json_t *o = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = message_build(m, &o, ret_id, e);

	if (r)
		return r;
	text = json_text(o, &len);
	if (len > MESSAGE_RECORD_MAX)
		return err_set(e, -E2BIG, "message: record of %zu bytes, at most %d", len,
			MESSAGE_RECORD_MAX);
	*ret = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

/* --- reading --- */

static int check_record(const json_t *o, struct err *e)
{
	static const char *const texts[] = {"tenant", "channel", "account", "native_id", "kind",
		"class", "sent_at", "received_at", "text"};
	const json_t *list = json_object_get(o, "attachments"), *a;
	int64_t ms;
	size_t i;

	if (!uuid_valid(json_str(o, "id")))
		return err_set(e, -EINVAL, "message: id is no UUID");
	if (!uuid_valid(json_str(o, "conversation")))
		return err_set(e, -EINVAL, "message: conversation is no UUID");
	for (i = 0; i < ARRAY_SIZE(texts); i++)
		if (!json_str(o, texts[i]))
			return err_set(e, -EINVAL, "message: %s is missing or no text", texts[i]);
	if (time_parse(json_str(o, "sent_at"), &ms) || time_parse(json_str(o, "received_at"), &ms))
		return err_set(e, -EINVAL, "message: sent_at or received_at is no RFC 3339 time");
	if (!json_str(json_object_get(o, "author"), "id"))
		return err_set(e, -EINVAL, "message: author.id is missing");
	if (!json_str(json_object_get(o, "source"), "review"))
		return err_set(e, -EINVAL, "message: source.review is missing");
	if (!json_is_array(list))
		return err_set(e, -EINVAL, "message: attachments is no list");
	json_array_foreach (list, i, a)
		if (!json_str(a, "id") || !json_str(a, "state"))
			return err_set(e, -EINVAL, "message: attachment %zu has no id or state", i);
	return 0;
}

int message_parse(const void *p, size_t n, json_t **ret, struct err *e)
{
	return schema_parse(p, n, MESSAGE_RECORD_MAX, SCHEMA, MAJOR, check_record, ret, e);
}

enum message_class message_class_get(const json_t *record)
{
	int i = name_index(class_names, MC_COUNT_, json_str(record, "class"));

	return i < 0 ? MC_UNKNOWN : (enum message_class)i;
}

enum message_kind message_kind_get(const json_t *record)
{
	int i = name_index(kind_names, MK_COUNT_, json_str(record, "kind"));

	return i < 0 ? MK_MESSAGE : (enum message_kind)i;
}

enum call_class message_call_get(const json_t *record)
{
	const json_t *call = json_object_get(record, "call");
	int i = name_index(call_names, CC_COUNT_, json_str(call, "mapped"));

	if (!json_is_object(call))
		return CC_NONE;
	return i < 0 ? CC_UNKNOWN : (enum call_class)i;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void message_content_hash(const json_t *record, char ret[SHA256_HEX_SIZE])
{
	const json_t *list = json_object_get(record, "attachments"), *a;
	const char *text = json_str_or(record, "text", "");
	_cleanup_free_ const char **ids = xcalloc(json_array_size(list), sizeof *ids);
	struct sha256 *s = sha256_new();
	uint8_t digest[SHA256_SIZE];
	size_t i, n = 0;

	json_array_foreach (list, i, a)
		ids[n++] = json_str_or(a, "id", "");
	qsort(ids, n, sizeof *ids, by_text);
	sha256_add(s, text, strlen(text) + 1);
	for (i = 0; i < n; i++)
		sha256_add(s, ids[i], strlen(ids[i]) + 1);
	sha256_end(s, digest);
	hex_encode(digest, sizeof digest, ret);
}
