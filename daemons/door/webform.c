/* webform: see webform.h. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"

#include "webform.h"
#include "evidence.h"

void webform_fresh(struct webform *w, int64_t photo_bytes)
{
	uint8_t random[16];

	*w = (struct webform){.photo_bytes = photo_bytes};
	w->text = xstrdup("");
	w->name = xstrdup("");
	w->phone = xstrdup("");
	w->email = xstrdup("");
	w->place = xstrdup("");
	random_bytes(random, sizeof(random));
	hex_encode(random, sizeof(random), w->token);
}

void webform_free(struct webform *w)
{
	free(w->text);
	free(w->name);
	free(w->phone);
	free(w->email);
	free(w->place);
	json_decref(w->fields);
	*w = (struct webform){0};
}

/* --- what came --- */

/* Valid UTF-8 without blanks around it; a line is one line. */
static void keep(char **where, struct span s, bool lines)
{
	char *text = utf8_repair(s.p, s.n, NULL, NULL), *to = text;
	size_t n;

	for (const char *p = text; *p; p++)
		if (*p != '\r')
			*to++ = (char)(*p == '\n' && !lines ? ' ' : *p);
	*to = '\0';
	n = strspn(text, " \t\n");
	memmove(text, text + n, strlen(text + n) + 1);
	for (n = strlen(text); n && strchr(" \t\n", text[n - 1]);)
		text[--n] = '\0';
	free(*where);
	*where = text;
}

static void take_photo(struct webform *w, const struct multipart_part *part)
{
	struct webform_photo *p = &w->photos[w->n_photos];

	if (part->data.n == 0)
		return; /* the field was left empty */
	if (w->n_photos == WEBFORM_PHOTOS_MAX) {
		w->errors |= WF_PHOTO_COUNT;
		return;
	}
	p->data = part->data;
	p->mime = evidence_type(part->data.p, part->data.n);
	if ((int64_t)part->data.n > w->photo_bytes)
		w->errors |= WF_PHOTO_SIZE;
	if (!p->mime || strncmp(p->mime, "image/", 6) != 0)
		w->errors |= WF_PHOTO_TYPE;
	sha256_hex(part->data.p, part->data.n, p->sha256);
	memcpy(p->id, "sha256:", 7);
	memcpy(p->id + 7, p->sha256, sizeof(p->sha256));
	w->n_photos++;
}

static void take_token(struct webform *w, struct span s)
{
	if (s.n == WEBFORM_TOKEN_SIZE - 1 && strspn(s.p, "0123456789abcdef") >= s.n)
		memcpy(w->token, s.p, s.n);
}

static void take_part(struct webform *w, const struct multipart_part *part)
{
	const struct {
		const char *name;
		char **where;
		bool lines;
	} texts[] = {
		{"uraian", &w->text, true},
		{"nama", &w->name, false},
		{"telepon", &w->phone, false},
		{"email", &w->email, false},
		{"lokasi", &w->place, false},
	};

	if (strcmp(part->name, "foto") == 0) {
		if (part->is_file)
			take_photo(w, part);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (strcmp(part->name, texts[i].name) == 0)
			keep(texts[i].where, part->data, texts[i].lines);
	if (strcmp(part->name, "nomor") == 0)
		take_token(w, part->data);
	if (strcmp(part->name, "rahasia") == 0)
		w->anonymous = part->data.n > 0;
	if (strcmp(part->name, "situs") == 0)
		w->trapped = part->data.n > 0;
}

/* Something, one at-sign, and a dot behind it; the mail server knows better. */
static bool email_like(const char *s)
{
	const char *at = strchr(s, '@');

	return at && at > s && !strchr(at + 1, '@') && strchr(at + 1, '.') &&
	       !strpbrk(s, " \t,;<>");
}

static void check(struct webform *w)
{
	char phone[PHONE_TEXT_SIZE];

	if (!*w->text)
		w->errors |= WF_NO_TEXT;
	if (utf8_length(w->text) > WEBFORM_TEXT_MAX)
		w->errors |= WF_LONG_TEXT;
	if (!*w->name)
		w->errors |= WF_NO_NAME;
	if (!*w->phone && !*w->email)
		w->errors |= WF_NO_CONTACT;
	if (*w->phone && phone_normalise(w->phone, phone))
		w->errors |= WF_BAD_PHONE;
	if (*w->email && !email_like(w->email))
		w->errors |= WF_BAD_EMAIL;
	w->name[utf8_prefix(w->name, WEBFORM_SHORT_MAX)] = '\0';
	w->place[utf8_prefix(w->place, WEBFORM_SHORT_MAX)] = '\0';
}

void webform_parse(struct webform *w, const char *content_type, const char *body, size_t n,
	int64_t photo_bytes)
{
	struct multipart *all = xmalloc(sizeof(*all));

	webform_fresh(w, photo_bytes);
	if (multipart_parse(content_type, body, n, all, NULL))
		w->errors = WF_BROKEN;
	for (size_t i = 0; i < all->n; i++)
		take_part(w, &all->parts[i]);
	if (!(w->errors & WF_BROKEN))
		check(w);
	free(all);
}

/* --- the message --- */

static void make_id(struct webform *w)
{
	const char *const parts[] = {
		w->text, w->name, w->phone, w->email, w->place, w->anonymous ? "rahasia" : ""};
	struct sha256 *s = sha256_new();
	uint8_t digest[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		sha256_add(s, parts[i], strlen(parts[i]) + 1);
	for (size_t i = 0; i < w->n_photos; i++)
		sha256_add(s, w->photos[i].sha256, SHA256_HEX_SIZE);
	sha256_end(s, digest);
	hex_encode(digest, sizeof(digest), hex);
	snprintf(w->native_id, sizeof(w->native_id), "%s:%s", w->token, hex);
}

void webform_message(struct webform *w, struct message *m)
{
	make_id(w);
	m->native_id = w->native_id;
	m->class = w->trapped ? MC_SPAM : MC_HUMAN;
	m->text = w->text;
	m->author.id = *w->phone ? w->phone : w->email;
	m->author.name = w->name;
	m->author.phone = *w->phone ? w->phone : NULL;
	m->author.email = *w->email ? w->email : NULL;
	m->location.address = *w->place ? w->place : NULL;
	for (size_t i = 0; i < w->n_photos; i++)
		w->attachments[i] = (struct message_attachment){.id = w->photos[i].id,
			.state = AS_STORED,
			.kind = "image",
			.sha256 = w->photos[i].sha256,
			.bytes = (int64_t)w->photos[i].data.n,
			.mime = w->photos[i].mime};
	m->attachments = w->attachments;
	m->n_attachments = w->n_photos;
	if (w->anonymous) {
		json_decref(w->fields);
		w->fields = json_object();
		json_set_new(w->fields, "anonymous", json_true());
		m->fields = w->fields;
	}
}

/* --- for the templates --- */

static const struct {
	const char *key;
	unsigned errors; /* any of these: "1" */
} flags[] = {
	{"salah", ~0U},
	{"salah_uraian", WF_NO_TEXT | WF_LONG_TEXT},
	{"uraian_kosong", WF_NO_TEXT},
	{"uraian_panjang", WF_LONG_TEXT},
	{"nama_kosong", WF_NO_NAME},
	{"salah_kontak", WF_NO_CONTACT},
	{"salah_telepon", WF_BAD_PHONE},
	{"salah_email", WF_BAD_EMAIL},
	{"salah_foto", WF_PHOTO_COUNT | WF_PHOTO_SIZE | WF_PHOTO_TYPE},
	{"foto_banyak", WF_PHOTO_COUNT},
	{"foto_besar", WF_PHOTO_SIZE},
	{"foto_jenis", WF_PHOTO_TYPE},
	{"belum_tersimpan", WF_NOT_STORED},
	{"terlalu_sering", WF_TOO_MANY},
	{"rusak", WF_BROKEN},
};

const char *const webform_keys[] = {"uraian", "nama", "telepon", "email", "lokasi", "nomor",
	"rahasia", "foto", "tiket", "salah", "salah_uraian", "uraian_kosong", "uraian_panjang",
	"nama_kosong", "salah_kontak", "salah_telepon", "salah_email", "salah_foto", "foto_banyak",
	"foto_besar", "foto_jenis", "belum_tersimpan", "terlalu_sering", "rusak", NULL};

const char *webform_value(const void *form, const char *key)
{
	const struct webform *w = form;
	const struct {
		const char *key, *value;
	} values[] = {
		{"uraian", w->text},
		{"nama", w->name},
		{"telepon", w->phone},
		{"email", w->email},
		{"lokasi", w->place},
		{"nomor", w->token},
		{"rahasia", w->anonymous ? "1" : NULL},
		{"foto", w->n_photos ? "1" : NULL}, /* files cannot be given back */
		{"tiket", w->ticket},
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (strcmp(key, values[i].key) == 0)
			return values[i].value;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (strcmp(key, flags[i].key) == 0)
			return w->errors & flags[i].errors ? "1" : NULL;
	return NULL;
}
