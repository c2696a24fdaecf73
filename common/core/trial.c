/* trial: see trial.h. */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"
#include "core/trial.h"

#define HASH_SHOWN 12

struct trial {
	FILE *out;
	bool show_text, json;
	long n, by_class[MC_COUNT_];
};

struct trial *trial_new(FILE *out, bool show_text, bool json)
{
	struct trial *t = xcalloc(1, sizeof(*t));

	t->out = out;
	t->show_text = show_text;
	t->json = json;
	return t;
}

/* {"chars", "sha256"} of a text, with the text itself when that was asked for; null for none. */
static json_t *veiled(const struct trial *t, const char *s)
{
	char hash[SHA256_HEX_SIZE];
	json_t *o;

	if (!s || !*s)
		return json_null();
	o = json_object();
	sha256_hex(s, strlen(s), hash);
	json_set_int(o, "chars", (int64_t)utf8_length(s));
	json_set_str(o, "sha256", hash);
	if (t->show_text)
		json_set_str(o, "text", s);
	return o;
}

static json_t *author(const struct trial *t, const json_t *record)
{
	static const char *const keys[] = {"id", "name", "phone", "email", "username"};
	const json_t *a = json_object_get(record, "author");
	json_t *o = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		json_set_new(o, keys[i], veiled(t, json_str(a, keys[i])));
	json_set_str(o, "proof", json_str(a, "proof"));
	return o;
}

static json_t *attachments(const json_t *record)
{
	json_t *list = json_array(), *a;
	size_t i;

	json_array_foreach (json_object_get(record, "attachments"), i, a) {
		json_t *o = json_object();

		json_set_str(o, "kind", json_str(a, "kind"));
		json_set_str(o, "state", json_str(a, "state"));
		json_set_str(o, "mime", json_str(a, "mime"));
		json_array_append_new(list, o);
	}
	return list;
}

/* Names of the fields beside the text; what they hold only when that was asked for. */
static json_t *fields(const struct trial *t, const json_t *record)
{
	json_t *f = json_object_get(record, "fields"), *names, *v;
	const char *key;

	if (t->show_text && f)
		return json_incref(f);
	names = json_array();
	json_object_foreach (f, key, v)
		json_array_append_new(names, json_str_new(key));
	return names;
}

static json_t *summary(const struct trial *t, const json_t *record, enum message_class class)
{
	static const char *const plain[] = {"id", "class", "kind", "sent_at"};
	const json_t *original = json_object_get(record, "original"),
		     *error = json_object_get(record, "error"),
		     *location = json_object_get(record, "location");
	json_t *o = json_object();

	json_set_int(o, "n", t->n);
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		json_set_str(o, plain[i], json_str(record, plain[i]));
	json_set_str(o, "class_but_for_age", message_class_name(class));
	json_set_new(o, "time_given", json_boolean(json_str(record, "sent_at_source") != NULL));
	json_set_str(o, "place", json_str(json_object_get(record, "source"), "place"));
	json_set_new(o, "native_id", veiled(t, json_str(record, "native_id")));
	json_set_new(o, "author", author(t, record));
	json_set_new(o, "text", veiled(t, json_str(record, "text")));
	json_set_new(o, "attachments", attachments(record));
	json_set_new(o, "location", json_boolean(json_is_object(location)));
	json_set_new(o, "reply", json_boolean(json_str(record, "in_reply_to") != NULL));
	json_set_new(o, "fields", fields(t, record));
	json_set_int(o, "original_bytes", json_int(original, "bytes", 0));
	json_set_str(o, "original_sha256", json_str(original, "sha256"));
	if (error)
		json_set_str(o, "reason", json_str(error, "reason"));
	return o;
}

/* "name 12 characters, sha256 0123456789ab" and, when asked for, the text itself. */
static void print_veiled(const struct trial *t, const char *name, const json_t *v)
{
	const char *text = json_str(v, "text");

	if (!json_is_object(v))
		return;
	fprintf(t->out, "   %-10s %lld characters, sha256 %.*s", name,
		(long long)json_int(v, "chars", 0), HASH_SHOWN, json_str(v, "sha256"));
	fprintf(t->out, text ? ": %s\n" : "\n", text);
}

static void print_list(const struct trial *t, const json_t *o)
{
	const json_t *list = json_object_get(o, "attachments"), *f = json_object_get(o, "fields"),
		     *a;
	size_t i;

	json_array_foreach (list, i, a)
		fprintf(t->out, "   %-10s %s, %s, %s\n", "attachment", json_str(a, "kind"),
			json_str_or(a, "mime", "type not told"), json_str(a, "state"));
	if (json_flag(o, "location"))
		fprintf(t->out, "   %-10s yes\n", "location");
	if (json_flag(o, "reply"))
		fprintf(t->out, "   %-10s yes\n", "reply to");
	if (json_array_size(f) || json_object_size(f)) {
		_cleanup_free_ char *text = json_text(f, NULL);

		fprintf(t->out, "   %-10s %s\n", "fields", text);
	}
}

static void print_people(const struct trial *t, const json_t *o)
{
	static const char *const keys[] = {"id", "name", "phone", "email", "username"};
	static const char *const names[] = {"author", "name", "phone", "e-mail", "user name"};
	const json_t *a = json_object_get(o, "author");

	fprintf(t->out, "%ld  %s %s, sent %s%s\n   %-10s %s\n", t->n, json_str(o, "class"),
		json_str(o, "kind"), json_str(o, "sent_at"),
		json_flag(o, "time_given") ? "" : " (no time was given)", "id", json_str(o, "id"));
	if (strcmp(json_str(o, "class"), "stale") == 0)
		fprintf(t->out, "   %-10s %s, but before `start` or older than `max_age`\n",
			"class", json_str(o, "class_but_for_age"));
	if (json_str(o, "place"))
		fprintf(t->out, "   %-10s %s\n", "place", json_str(o, "place"));
	if (json_str(o, "reason"))
		fprintf(t->out, "   %-10s %s\n", "reason", json_str(o, "reason"));
	print_veiled(t, "native id", json_object_get(o, "native_id"));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		print_veiled(t, names[i], json_object_get(a, keys[i]));
	print_veiled(t, "text", json_object_get(o, "text"));
	print_list(t, o);
	fprintf(t->out, "   %-10s %lld bytes, sha256 %.*s\n", "original",
		(long long)json_int(o, "original_bytes", 0), HASH_SHOWN,
		json_str_or(o, "original_sha256", ""));
}

/* As the emitter does: what cannot be built becomes an undecodable message of the same bytes. */
static json_t *build(struct message *m, const char *blob)
{
	struct message broken = {.tenant = m->tenant,
		.channel = m->channel,
		.account = m->account,
		.class = MC_UNDECODABLE,
		.native_id = "undecodable",
		.received_ms = m->received_ms,
		.source = m->source,
		.original = m->original};
	json_t *record = NULL;
	struct err why = {0};

	if (m->original.len > MESSAGE_INLINE_MAX && !m->original.blob)
		m->original.blob = blob;
	if (message_build(m, &record, NULL, &why) == 0)
		return record;
	broken.original.blob = m->original.blob;
	broken.error.place = m->source.place ? m->source.place : "message";
	broken.error.reason = why.text;
	return message_build(&broken, &record, NULL, NULL) ? NULL : record;
}

void trial_show(void *trial, struct message *m)
{
	struct trial *t = trial;
	enum message_class class = m->class;
	char hash[SHA256_HEX_SIZE];
	_cleanup_json_ json_t *record = NULL, *o = NULL;

	sha256_hex(m->original.data, m->original.len, hash);
	record = build(m, hash);
	t->n++;
	if (!record) {
		fprintf(t->out, "%ld  cannot be built at all\n", t->n);
		return;
	}
	t->by_class[message_class_get(record)]++;
	o = summary(t, record, class);
	if (t->json) {
		_cleanup_free_ char *text = json_text(o, NULL);

		fprintf(t->out, "%s\n", text);
	} else {
		print_people(t, o);
	}
}

long trial_end(struct trial *t)
{
	long n = t->n;
	const char *between = ": ";

	if (!t->json) {
		fprintf(t->out, "%ld message%s would be taken in", n, n == 1 ? "" : "s");
		for (int c = 0; c < MC_COUNT_; c++) {
			if (!t->by_class[c])
				continue;
			fprintf(t->out, "%s%ld %s", between, t->by_class[c],
				message_class_name((enum message_class)c));
			between = ", ";
		}
		fputs("; nothing was\n", t->out);
	}
	free(t);
	return n;
}
