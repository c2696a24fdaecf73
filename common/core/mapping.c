/* mapping: one element of a foreign body -> one message; see mapping.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/util.h"
#include "core/geo.h"
#include "core/idtime.h"
#include "core/mapping_private.h"
#include "core/muara_conf.h"

#define MS_FROM	     100000000000LL    /* more seconds than that are milliseconds: year 5138 */
#define TIME_MAX_MS  253402300799000LL /* the end of the year 9999 */
#define PLACE_SIZE   48
#define VALUE_MAX    (64 * 1024) /* bytes of an entry of "fields" */
#define ID_MAX_BYTES 512

struct filler {
	const struct mapping_body *body;
	const struct mapping_conf *conf;
	const json_t *element;
	json_t *kept;	/* texts the message borrows: an array of strings */
	json_t *fields; /* NULL: none */
	struct message_attachment attachments[MESSAGE_ATTACHMENTS_MAX];
	char hash[SHA256_HEX_SIZE + 8], phone[PHONE_TEXT_SIZE], sender[PHONE_TEXT_SIZE];
	const char *kind; /* of attachments, as the rules say */
};

/* --- reading --- */

/* The text lives as long as the filler. */
static const char *keep(struct filler *f, const char *s, size_t n)
{
	json_t *text = json_stringn_nocheck(s, n);

	if (!text || json_array_append_new(f->kept, text))
		abort(); /* out of memory */
	return json_string_value(text);
}

/* The text at a pointer; NULL when nothing stands there. */
static const char *text_at(struct filler *f, const json_t *j, const char *pointer)
{
	_cleanup_free_ char *text = NULL;

	if (*pointer == '=')
		return pointer + 1;
	if (strncmp(pointer, "root:", 5) == 0)
		text = mapping_root_text(f->body, pointer);
	else
		text = mapping_scalar(mapping_value_at(j, pointer));
	return text ? keep(f, text, strlen(text)) : NULL;
}

static const char *first_of(struct filler *f, const json_t *j, const struct strlist *pointers)
{
	const char *text = NULL;

	for (size_t i = 0; !text && i < pointers->n; i++)
		text = text_at(f, j, pointers->v[i]);
	return text;
}

static const char *get(struct filler *f, const struct strlist *pointers)
{
	return first_of(f, f->element, pointers);
}

static bool in_list(const char *text, const struct strlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(text, l->v[i]) == 0)
			return true;
	return false;
}

/* --- id --- */

/* Each part with its length in front of it: ("ab", "c") is not ("a", "bc"). */
static const char *hash_id(struct filler *f, struct span bytes)
{
	const struct strlist *pointers = &f->conf->id_fallback;
	struct sha256 *h = sha256_new();
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE], length[24];
	bool any = false;

	for (size_t i = 0; i < pointers->n; i++) {
		const char *text = text_at(f, f->element, pointers->v[i]);

		any = any || (text && *pointers->v[i] != '=');
		sha256_add(h, length,
			(size_t)snprintf(length, sizeof(length), "%zu:", text ? strlen(text) : 0));
		sha256_add(h, text ? text : "", text ? strlen(text) : 0);
	}
	sha256_end(h, digest);
	if (!any)
		sha256_of(bytes.p, bytes.n, digest);
	hex_encode(digest, sizeof(digest), hex);
	snprintf(f->hash, sizeof(f->hash), "hash:%s", hex);
	return f->hash;
}

static void fill_id(struct filler *f, struct message *m, struct span bytes)
{
	const char *id = NULL;

	for (size_t i = 0; !id && i < f->conf->id.n; i++) {
		id = text_at(f, f->element, f->conf->id.v[i]);
		if (id && in_list(id, &f->conf->id_none))
			id = NULL;
	}
	m->native_id = id ? id : hash_id(f, bytes);
}

/* --- author --- */

/* "6281200000001@c.us", "6281200000001:12@s.whatsapp.net", "0812-…", "+62 812 …"; NULL: no number.
 * Digits alone that do not begin with 0 are a number with its country code. */
static const char *phone_text(struct filler *f, const char *text, char out[PHONE_TEXT_SIZE])
{
	const char *number = keep(f, text, strcspn(text, "@:"));
	size_t n = strlen(number);

	if (n >= 8 && n <= 15 && *number != '0' && strspn(number, "0123456789") == n)
		snprintf(out, PHONE_TEXT_SIZE, "+%s", number);
	else if (phone_normalise(number, out))
		return NULL;
	return out;
}

static void fill_author(struct filler *f, struct message *m)
{
	const char *sender = get(f, &f->conf->sender), *phone = get(f, &f->conf->phone);

	m->author.id = sender ? sender : "";
	if (sender && f->conf->sender_is == MS_PHONE) {
		m->author.phone = phone_text(f, sender, f->sender);
		if (m->author.phone)
			m->author.id = m->author.phone + 1;
	}
	if (phone && phone_text(f, phone, f->phone))
		m->author.phone = f->phone;
	m->author.name = get(f, &f->conf->name);
	m->author.username = get(f, &f->conf->username);
	m->author.email = get(f, &f->conf->email);
	m->author.proven = f->conf->proven && sender;
}

/* --- time and place --- */

static int64_t number_time(const struct filler *f, double value)
{
	bool ms = f->conf->time_format == MT_MILLISECONDS ||
		  (f->conf->time_format == MT_AUTO && value >= MS_FROM);

	if (!ms)
		value *= 1000;
	return isfinite(value) && value > 0 && value <= TIME_MAX_MS ? (int64_t)value : 0;
}

static void fill_time(struct filler *f, struct message *m, int zone)
{
	const char *text = get(f, &f->conf->time);
	double value;

	if (!text)
		return;
	if (f->conf->zone)
		(void)muara_zone_parse(f->conf->zone, &zone); /* checked with the file */
	m->sent_at_source = text;
	if (f->conf->time_format != MT_TEXT && strspn(text, "0123456789.") == strlen(text) &&
		id_number_parse(text, &value) == 0)
		m->sent_ms = number_time(f, value);
	else if (f->conf->time_format == MT_AUTO || f->conf->time_format == MT_TEXT)
		(void)id_time_parse(text, zone, &m->sent_ms);
}

static void fill_place(struct filler *f, struct message *m)
{
	const char *lat = get(f, &f->conf->latitude), *lon = get(f, &f->conf->longitude);
	const char *both = get(f, &f->conf->coordinates);
	struct geo_point point;
	int r = -ENOENT;

	m->location.address = get(f, &f->conf->address);
	m->location.name = get(f, &f->conf->place);
	if (lat && lon && id_number_parse(lat, &m->location.lat) == 0 &&
		id_number_parse(lon, &m->location.lon) == 0)
		r = geo_on_earth(m->location.lat, m->location.lon);
	if (r && both) {
		r = geo_parse(both, &point);
		if (r == 0) {
			m->location.lat = point.lat;
			m->location.lon = point.lon;
		}
		if (r == -EINVAL && !m->location.address)
			m->location.address = both;
	}
	m->location.set = r == 0;
}

/* --- rules --- */

static enum mapping_outcome outcome(struct filler *f, const struct mapping_rule *r)
{
	const char *text = first_of(f, f->element, &r->from);

	if (!text)
		return (enum mapping_outcome)r->missing;
	for (size_t i = 0; i < r->map.n; i++)
		if (strcasecmp(text, r->map.v[i].key) == 0)
			return (enum mapping_outcome)mapping_outcome_of(r->map.v[i].value);
	return (enum mapping_outcome)r->other;
}

static enum message_class class_of(enum mapping_outcome o)
{
	static const enum message_class classes[MO_COUNT_] = {[MO_AUTO] = MC_AUTO,
		[MO_SPAM] = MC_SPAM,
		[MO_TEST] = MC_TEST,
		[MO_INFORMATION] = MC_INFORMATION,
		[MO_UNKNOWN] = MC_UNKNOWN,
		[MO_ECHO] = MC_ECHO,
		[MO_SYSTEM] = MC_SYSTEM,
		[MO_STICKER] = MC_SYSTEM};

	return classes[o]; /* MC_HUMAN is 0 */
}

static void fill_class(struct filler *f, struct message *m)
{
	m->class = MC_HUMAN;
	for (size_t i = 0; i < f->conf->rules.n; i++) {
		enum mapping_outcome o =
			outcome(f, (const struct mapping_rule *)f->conf->rules.v + i);

		if (m->class == MC_HUMAN)
			m->class = class_of(o);
		if (m->kind == MK_MESSAGE && (o == MO_EDIT || o == MO_DELETE))
			m->kind = o == MO_EDIT ? MK_EDIT : MK_DELETE;
		if (!f->kind && o >= MO_IMAGE && o <= MO_STICKER)
			f->kind = mapping_outcome_names[o];
	}
}

/* An edit names its message; one that does not is something a person has to look at. */
static void fill_original(struct filler *f, struct message *m)
{
	const char *original = get(f, &f->conf->original);

	if (m->kind != MK_EDIT && m->kind != MK_DELETE)
		return;
	if (!original) {
		m->kind = MK_MESSAGE;
		m->class = MC_UNKNOWN;
		return;
	}
	m->revision = m->native_id;
	m->native_id = original;
}

static void check_account(struct filler *f, struct message *m, const struct mapping_env *env)
{
	const char *account = get(f, &f->conf->account);
	bool ours = env->n_accounts == 0 || f->conf->account.n == 0;

	for (size_t i = 0; !ours && account && i < env->n_accounts; i++)
		ours = strcmp(account, env->accounts[i]) == 0;
	if (!ours)
		m->class = MC_UNKNOWN;
}

/* --- attachments --- */

static const char *mime_of_name(const char *name)
{
	static const char *const types[][2] = {{".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
		{".png", "image/png"}, {".webp", "image/webp"}, {".pdf", "application/pdf"},
		{".mp4", "video/mp4"}, {".mp3", "audio/mpeg"}, {".ogg", "audio/ogg"},
		{".oga", "audio/ogg"}, {".opus", "audio/ogg"}, {".3gp", "video/3gpp"},
		{".doc", "application/msword"}, {".txt", "text/plain"},
		{".docx",
			"application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}};
	const char *dot = name ? strrchr(name, '.') : NULL;

	for (size_t i = 0; dot && i < ARRAY_SIZE(types); i++)
		if (strcasecmp(dot, types[i][0]) == 0)
			return types[i][1];
	return NULL;
}

static const char *known_kind(const char *word)
{
	int o = word ? mapping_outcome_of(word) : -1;

	return o >= MO_IMAGE && o <= MO_STICKER ? mapping_outcome_names[o] : NULL;
}

static void add_attachment(
	struct filler *f, struct message *m, const struct mapping_attachment *a, const json_t *at)
{
	struct message_attachment *out = &f->attachments[m->n_attachments];
	const char *url = first_of(f, at, &a->url), *id = first_of(f, at, &a->id);

	if ((!url && !id) || m->n_attachments == MESSAGE_ATTACHMENTS_MAX)
		return;
	if (!id && strlen(url) > ID_MAX_BYTES) { /* an id is cut there; two would become one */
		char hex[SHA256_HEX_SIZE];

		sha256_hex(url, strlen(url), hex);
		id = keep(f, hex, strlen(hex));
	}
	*out = (struct message_attachment){.id = id ? id : url,
		.state = AS_PENDING,
		.kind = known_kind(first_of(f, at, &a->kind)),
		.bytes = -1,
		.mime = first_of(f, at, &a->mime),
		.name = first_of(f, at, &a->name),
		.url = url};
	if (!out->kind)
		out->kind = f->kind;
	if (!out->mime)
		out->mime = mime_of_name(out->name);
	m->attachments = f->attachments;
	m->n_attachments++;
}

static void fill_attachments(struct filler *f, struct message *m)
{
	for (size_t i = 0; i < f->conf->attachments.n; i++) {
		const struct mapping_attachment *a =
			(const struct mapping_attachment *)f->conf->attachments.v + i;
		const json_t *list = a->each ? mapping_value_at(f->element, a->each) : NULL;
		size_t k;
		const json_t *one;

		if (!a->each)
			add_attachment(f, m, a, f->element);
		else if (list && !json_is_array(list))
			add_attachment(f, m, a, list);
		json_array_foreach (list, k, one)
			add_attachment(f, m, a, one);
	}
}

/* --- texts --- */

static void fill_text(struct filler *f, struct message *m)
{
	_cleanup_buf_ struct buf all = BUF_INIT(4 * MESSAGE_TEXT_MAX);
	const char *text = get(f, &f->conf->text);

	(void)buf_adds(&all, text ? text : "");
	for (size_t i = 0; i < f->conf->text_more.n; i++) {
		text = text_at(f, f->element, f->conf->text_more.v[i]);
		if (text)
			(void)buf_addf(&all, "%s%s", all.len ? "\n" : "", text);
	}
	if (all.len)
		m->text = keep(f, buf_str(&all), all.len);
}

static void fill_fields(struct filler *f, struct message *m)
{
	for (size_t i = 0; i < f->conf->fields.n; i++) {
		const struct strpair *pair = &f->conf->fields.v[i];
		const char *text = text_at(f, f->element, pair->value);
		json_t *v = *pair->value == '/' ? mapping_value_at(f->element, pair->value) : NULL;

		if (!text || strlen(text) > VALUE_MAX)
			continue;
		if (!f->fields)
			f->fields = json_object();
		if (v && !json_is_string(v))
			json_set_new(f->fields, pair->key, json_incref(v));
		else
			json_set_str(f->fields, pair->key, text);
	}
	m->fields = f->fields;
}

/* --- a message --- */

static void emit_broken(const struct message *base, struct span bytes, const char *place,
	const char *reason, mapping_emit_fn *emit, void *ctx)
{
	char id[SHA256_HEX_SIZE + 16] = "undecodable:";
	struct message m = *base;

	sha256_hex(bytes.p, bytes.n, id + strlen(id));
	m.class = MC_UNDECODABLE;
	m.native_id = id;
	m.author.id = "";
	m.source.place = place;
	m.error.place = place;
	m.error.reason = reason;
	emit(ctx, &m, bytes);
}

static bool holds_something(const struct message *m)
{
	return (m->text && *m->text) || m->n_attachments || m->location.set ||
	       m->location.address || m->location.name;
}

static const char *fill(
	struct filler *f, struct message *m, const struct mapping_env *env, struct span bytes)
{
	fill_id(f, m, bytes);
	fill_class(f, m);
	fill_author(f, m);
	fill_time(f, m, env->zone_minutes);
	fill_text(f, m);
	fill_place(f, m);
	fill_attachments(f, m);
	fill_fields(f, m);
	fill_original(f, m);
	m->in_reply_to = get(f, &f->conf->reply_to);
	if (m->class == MC_HUMAN)
		check_account(f, m, env);
	if (m->class == MC_HUMAN && m->kind != MK_DELETE && !holds_something(m))
		return "nothing a citizen could have sent stands where the mapping looks";
	return NULL;
}

static void decode_one(const struct mapping_body *b, size_t i, const struct mapping_env *env,
	const struct message *base, mapping_emit_fn *emit, void *ctx)
{
	struct span part = b->elements[i], bytes = b->text ? b->raw : part;
	_cleanup_free_ struct filler *f = xcalloc(1, sizeof(*f));
	_cleanup_json_ json_t *element = NULL, *kept = json_array();
	struct message m = *base;
	struct err why = {0};
	char place[PLACE_SIZE];
	const char *reason;

	snprintf(place, sizeof(place), "message %zu", i);
	f->body = b;
	f->conf = b->conf;
	f->kept = kept;
	if (json_parse(part.p, part.n, part.n, &element, &why)) {
		emit_broken(base, bytes, place, why.text, emit, ctx);
		return;
	}
	if (!json_is_object(element)) {
		emit_broken(base, bytes, place, "no JSON object", emit, ctx);
		return;
	}
	f->element = element;
	m.source.place = place;
	reason = fill(f, &m, env, part);
	if (reason)
		emit_broken(base, bytes, place, reason, emit, ctx);
	else
		emit(ctx, &m, bytes);
	json_decref(f->fields);
}

void mapping_decode(const struct mapping_body *b, const struct mapping_env *env,
	const struct message *base, mapping_emit_fn *emit, void *ctx)
{
	if (b->broken) {
		emit_broken(base, b->raw, "body", b->broken, emit, ctx);
		return;
	}
	for (size_t i = 0; i < b->n; i++)
		decode_one(b, i, env, base, emit, ctx);
	if (b->cut)
		emit_broken(base, b->raw, "list", "the list is broken behind its last message",
			emit, ctx);
}
