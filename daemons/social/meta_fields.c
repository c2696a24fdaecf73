/* meta_fields: see meta_fields.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"

#include "meta_fields.h"

#define MS_FROM	     INT64_C(100000000000) /* seconds of the year 5138, ms of 1973 */
#define LATEST_MS    INT64_C(253402300799000)
#define ISO_SIZE     40
#define REVISION_HEX 16

void meta_scratch_free(struct meta_scratch *s)
{
	for (size_t i = 0; i < s->n_kept; i++)
		free(s->kept[i]);
	json_decref(s->fields);
	*s = (struct meta_scratch){0};
}

const char *meta_keep(struct meta_scratch *s, char *text)
{
	if (!text || s->n_kept == META_KEPT_MAX) {
		free(text);
		return NULL;
	}
	s->kept[s->n_kept++] = text;
	return text;
}

const char *meta_id(struct meta_scratch *s, const json_t *obj, const char *key)
{
	const json_t *j = json_object_get(obj, key);
	const char *text = json_string_value(j);

	if (json_is_integer(j))
		return meta_keep(s, xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(j)));
	return text && *text ? text : NULL;
}

/* "2026-11-24T04:29:15+0000": RFC 3339 but for the colon in the zone. */
static int64_t iso_time(const char *text)
{
	char iso[ISO_SIZE];
	size_t n = strlen(text);
	int64_t ms;

	if (n + 2 > sizeof(iso))
		return 0;
	memcpy(iso, text, n + 1);
	if (n > 5 && (iso[n - 5] == '+' || iso[n - 5] == '-') && iso[n - 3] != ':') {
		memmove(iso + n - 1, iso + n - 2, 3);
		iso[n - 2] = ':';
	}
	return time_parse(iso, &ms) ? 0 : ms;
}

int64_t meta_time(const json_t *t)
{
	const char *text = json_string_value(t);
	int64_t n = 0;

	if (json_is_integer(t))
		n = (int64_t)json_integer_value(t);
	else if (json_is_real(t) && json_real_value(t) > 0 && json_real_value(t) < 1e15)
		n = (int64_t)json_real_value(t);
	else if (text && parse_i64(text, 1, LATEST_MS, &n))
		return iso_time(text);
	if (n <= 0 || n > LATEST_MS)
		return 0;
	return n < MS_FROM ? n * 1000 : n;
}

const char *meta_author(struct message *m, struct meta_scratch *s, const json_t *value)
{
	static const char *const flat[][2] = {
		{"sender_id", "sender_name"}, {"reviewer_id", "reviewer_name"}};
	const json_t *from = json_object_get(value, "from");

	m->author.proven = true;
	m->author.id = meta_id(s, from, "id");
	m->author.name = json_str(from, "name");
	m->author.username = json_str(from, "username");
	for (size_t i = 0; !m->author.id && i < ARRAY_SIZE(flat); i++) {
		m->author.id = meta_id(s, value, flat[i][0]);
		m->author.name = json_str(value, flat[i][1]);
	}
	return m->author.id;
}

void meta_attach(struct message *m, struct meta_scratch *s, const char *native, const char *what,
	const char *kind, const json_t *url)
{
	const char *text = json_string_value(url), *id;

	if (!text || !*text || s->n_attachments == MESSAGE_ATTACHMENTS_MAX)
		return;
	id = meta_keep(s, xasprintf("%s/%s", native, what));
	if (!id)
		return;
	s->attachments[s->n_attachments++] = (struct message_attachment){
		.id = id, .state = AS_PENDING, .kind = kind, .bytes = -1, .url = text};
	m->attachments = s->attachments;
	m->n_attachments = s->n_attachments;
}

const char *meta_revision(
	struct meta_scratch *s, const struct message *m, const char *verb, const json_t *created)
{
	char hash[SHA256_HEX_SIZE];
	struct buf b = BUF_INIT(1 << 24);
	char *text;

	buf_addf(&b, "%s\n%" PRId64 "\n", verb, meta_time(created));
	buf_adds(&b, m->text ? m->text : "");
	for (size_t i = 0; i < m->n_attachments; i++)
		buf_addf(&b, "\n%s", m->attachments[i].id);
	sha256_hex(b.data, b.len, hash);
	buf_free(&b);
	hash[REVISION_HEX] = '\0';
	text = xasprintf("%s:%s", verb, hash);
	return meta_keep(s, text);
}
