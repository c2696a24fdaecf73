/* mime: see mime.h. Order: bound the header (mime_bound) -> GMime -> fields (mail_head) -> walk the
 * parts (mime_parts) -> choose the words -> fields of the message. */
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"

#include "mime_walk.h"
#include "quote_trim.h"

#define FULL_TEXT_MAX (8 * 1024)
#define FIELDS_ROOM   (15 * 1024) /* of message.c's 16 KiB */
#define TITLE_MAX     200
#define YEAR_MIN      1990
#define YEAR_MAX      2200

static const char *const limit_names[L_COUNT_] = {
	"header-line", "headers", "depth", "parts", "attachments", "size", "text", "partial"};

static GMimeMessage *parse(const char *p, size_t n)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(p, n);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	GMimeMessage *message;

	g_mime_parser_set_persist_stream(parser, FALSE);
	g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
	message = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return message;
}

/* The same mail from a server that keeps other line ends has the same hash. */
static char *hash_id(const char *p, size_t n)
{
	struct sha256 *s = sha256_new();
	uint8_t hash[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	for (size_t at = 0; at < n;) {
		size_t len = mail_line_length(p + at, n - at), keep_n = len;

		while (keep_n && (p[at + keep_n - 1] == '\n' || p[at + keep_n - 1] == '\r'))
			keep_n--;
		sha256_add(s, p + at, keep_n);
		sha256_add(s, "\n", 1);
		at += len;
	}
	sha256_end(s, hash);
	hex_encode(hash, sizeof(hash), hex);
	return xasprintf("sha256:%s", hex);
}

static void set_author(
	GMimeObject *o, const struct mail_rules *rules, struct mail *mail, struct message *m)
{
	head_address(o, "From", &mail->author, &mail->name);
	if (!mail->author) {
		free(mail->name);
		head_address(o, "Sender", &mail->author, &mail->name);
	}
	m->author.id = mail->author ? mail->author : "";
	m->author.email = mail->author;
	m->author.name = mail->name;
	m->author.proven = mail->author && head_proven(o, rules->authserv);
}

static void set_times(GMimeObject *o, int64_t arrived_ms, struct mail *mail, struct message *m)
{
	GDateTime *t;

	mail->date = head_raw(o, "Date");
	m->sent_at_source = mail->date;
	t = mail->date ? g_mime_utils_header_decode_date(mail->date) : NULL;
	if (t && g_date_time_get_year(t) >= YEAR_MIN && g_date_time_get_year(t) <= YEAR_MAX)
		m->sent_ms = g_date_time_to_unix(t) * 1000;
	if (t)
		g_date_time_unref(t);
	if (!m->sent_ms)
		m->sent_ms = arrived_ms;
}

static void set_limits(const struct mail_walk *w, json_t *fields)
{
	json_t *list = json_array();

	for (int i = 0; i < L_COUNT_; i++)
		if (w->limits[i])
			json_array_append_new(list, json_string(limit_names[i]));
	if (json_array_size(list))
		json_set_new(fields, "limits", list);
	else
		json_decref(list);
}

/* Subject and words become text and title. */
static void set_text(struct mail_walk *w, const char *subject, struct message *m)
{
	bool reply = false, forward = false, cut = false, with_subject;
	const char *bare = subject ? head_subject(subject, &reply, &forward) : "";
	_cleanup_free_ char *words = quote_trim(buf_str(&w->text), forward, &cut);
	struct mail *mail = w->mail;

	with_subject =
		*bare && (!reply || mail_blank(words)) && strncmp(words, bare, strlen(bare)) != 0;
	mail->text = xasprintf("%s%s%s", with_subject ? bare : "",
		with_subject && !mail_blank(words) ? "\n\n" : "", words);
	m->text = mail->text;
	if (*bare && !reply) {
		_cleanup_free_ char *title = xstrndup(bare, utf8_prefix(bare, TITLE_MAX));

		json_set_str(mail->fields, "title", title);
	}
	if (cut) {
		const char *all = buf_str(&w->text);
		_cleanup_free_ char *full = xstrndup(all, utf8_prefix_bytes(all, FULL_TEXT_MAX));

		json_set_str(mail->fields, "full_text", full);
		if (json_dumpb(mail->fields, NULL, 0, JSON_COMPACT) > FIELDS_ROOM)
			json_object_del(mail->fields, "full_text"); /* the original has it */
	}
}

static void set_thread(GMimeObject *o, const char *subject, struct mail *mail, struct message *m)
{
	_cleanup_free_ char *ticket = head_ticket(subject);

	mail->reply = head_message_id(o, "In-Reply-To", false);
	if (!mail->reply)
		mail->reply = head_message_id(o, "References", true);
	m->in_reply_to = mail->reply;
	if (ticket)
		json_set_str(mail->fields, "ticket", ticket);
}

static void undecodable(struct message *m, const char *reason)
{
	m->class = MC_UNDECODABLE;
	m->author.id = "";
	m->error.place = m->source.place ? m->source.place : "mail";
	m->error.reason = reason;
}

static void fill(GMimeMessage *message, const struct mail_rules *rules, int64_t arrived_ms,
	struct mail_walk *w, struct message *m)
{
	GMimeObject *o = GMIME_OBJECT(message), *body = g_mime_message_get_mime_part(message);
	_cleanup_free_ char *subject = head_text(o, "Subject"), *reply_to = NULL;
	struct mail *mail = w->mail;
	const char *kind = NULL;

	set_author(o, rules, mail, m);
	set_times(o, arrived_ms, mail, m);
	set_thread(o, subject, mail, m);
	head_address(o, "Reply-To", &reply_to, NULL);
	m->class = head_class(body ? body : o, mail->author, rules, &kind);
	if (m->class == MC_HUMAN)
		m->class = head_class(o, mail->author, rules, &kind);
	w->bounce = m->class == MC_BOUNCE;
	mail_walk_parts(w, body);
	if (kind)
		json_set_str(mail->fields, "mail", kind);
	if (reply_to && (!mail->author || strcmp(reply_to, mail->author) != 0))
		json_set_str(mail->fields, "reply_to", reply_to);
	if (w->forwarded_from)
		json_set_str(mail->fields, "forwarded_from", w->forwarded_from);
	set_limits(w, mail->fields);
	set_text(w, subject, m);
	m->attachments = mail->attachments;
	m->n_attachments = mail->n_attachments;
}

static void set_up(void)
{
	static bool done;

	if (!done)
		g_mime_init();
	done = true;
}

void mail_decode(const char *p, size_t n, bool partial, const struct mail_rules *rules,
	int64_t arrived_ms, struct mail *mail, struct message *m)
{
	struct mail_walk w = {.mail = mail, .text = BUF_INIT(MAIL_TEXT_MAX)};
	struct buf bytes = BUF_INIT(SIZE_MAX / 2);
	GMimeMessage *message;

	set_up();
	*mail = (struct mail){.fields = json_object()};
	m->kind = MK_MESSAGE;
	m->fields = mail->fields;
	w.limits[L_PARTIAL] = partial;
	mail_bound_header(p, n, &bytes, w.limits);
	message = n ? parse(buf_str(&bytes), mail_bound_parts(buf_str(&bytes), bytes.len, w.limits))
		    : NULL;
	mail->native_id =
		message ? head_message_id(GMIME_OBJECT(message), "Message-ID", false) : NULL;
	if (!mail->native_id)
		mail->native_id = hash_id(p, n);
	m->native_id = mail->native_id;
	if (message)
		fill(message, rules, arrived_ms, &w, m);
	else
		undecodable(m, n ? "no mail can be read from it" : "a mail without a byte");
	if (message)
		g_object_unref(message);
	buf_free(&bytes);
	buf_free(&w.text);
	free(w.forwarded_from);
}

void mail_free(struct mail *mail)
{
	for (size_t i = 0; i < mail->n_attachments; i++) {
		free((void *)(uintptr_t)mail->attachments[i].id);
		free((void *)(uintptr_t)mail->attachments[i].mime);
		free((void *)(uintptr_t)mail->attachments[i].name);
		free(mail->data[i].p);
	}
	free(mail->native_id);
	free(mail->reply);
	free(mail->author);
	free(mail->name);
	free(mail->text);
	free(mail->date);
	json_decref(mail->fields);
	*mail = (struct mail){0};
}
