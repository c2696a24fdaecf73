/* mime: see mime.h. Order: bound the header -> GMime -> fields (mail_head) -> walk the parts ->
 * choose the words -> fields of the message. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"
#include "core/html_text.h"

#include "charset.h"
#include "mail_head.h"
#include "mime.h"
#include "quote_trim.h"

#define FULL_TEXT_MAX (8 * 1024)
#define FIELDS_ROOM   (15 * 1024) /* of message.c's 16 KiB */
#define TITLE_MAX     200
#define MARKERS_MAX   20000 /* lines that may be boundaries; GMime makes an object of each part */
#define YEAR_MIN      1990
#define YEAR_MAX      2200

enum limit {
	L_HEADER_LINE,
	L_HEADERS,
	L_DEPTH,
	L_PARTS,
	L_ATTACHMENTS,
	L_SIZE,
	L_TEXT,
	L_PARTIAL,
	L_COUNT_
};
static const char *const limit_names[L_COUNT_] = {
	"header-line", "headers", "depth", "parts", "attachments", "size", "text", "partial"};

struct walk {
	struct mail *mail;
	struct buf text;
	bool limits[L_COUNT_];
	int parts;
	size_t decoded;
	bool bounce; /* the mail inside a bounce is ours */
	char *forwarded_from;
};

/* --- the header within its bounds ---------------------------------------------------------- */

static size_t line_length(const char *p, size_t n)
{
	const char *end = memchr(p, '\n', n);

	return end ? (size_t)(end - p) + 1 : n;
}

static bool is_field(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] > ' ' && p[i] != ':' && p[i] != 0x7F)
		i++;
	if (!i)
		return false;
	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i < n && p[i] == ':';
}

/* A copy GMime can be given: an mbox line in front is left out, a mail that does not begin with a
 * field is all body, header lines are cut to their limit and NUL becomes a blank, fields over the
 * limit of all are left out. */
static void bound_header(const char *p, size_t n, struct buf *out, bool *limits)
{
	size_t at = 0, header = 0;

	if (n > 5 && (memcmp(p, "From ", 5) == 0 || memcmp(p, ">From", 5) == 0))
		at = line_length(p, n);
	/* a torn first field (its lines begin with blanks) is left out */
	while (at < n && (p[at] == ' ' || p[at] == '\t') && line_length(p + at, n - at) > 2)
		at += line_length(p + at, n - at);
	if (!is_field(p + at, n - at)) {
		buf_addc(out, '\n');
		buf_add(out, p, n);
		return;
	}
	while (at < n) {
		size_t len = line_length(p + at, n - at),
		       keep = MIN(len, (size_t)MAIL_HEADER_LINE_MAX);

		if (p[at] == '\n' || (p[at] == '\r' && len == 2))
			break;
		limits[L_HEADER_LINE] |= keep < len;
		header += keep;
		if (header > MAIL_HEADERS_MAX) {
			limits[L_HEADERS] = true;
		} else {
			for (size_t i = 0; i < keep; i++)
				buf_addc(out, p[at + i] ? p[at + i] : ' ');
			if (keep < len)
				buf_addc(out, '\n');
		}
		at += len;
	}
	buf_add(out, p + at, n - at);
}

/* Too many lines that begin like a boundary: only what stands before is given to GMime. */
static size_t bound_parts(const char *p, size_t n, bool *limits)
{
	size_t markers = 0;

	for (size_t at = 0; at < n; at += line_length(p + at, n - at)) {
		markers += n - at > 2 && p[at] == '-' && p[at + 1] == '-';
		if (markers > MARKERS_MAX) {
			limits[L_PARTS] = true;
			return at;
		}
	}
	return n;
}

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

/* --- words --------------------------------------------------------------------------------- */

/* format=flowed (RFC 3676 4.2): a line that ends with a blank goes on in the next one. */
static void unflow(char *text, bool delsp)
{
	char *out = text, *line = text;

	for (char *p = text; *p; p++) {
		bool soft = *p == '\n' && out > line && out[-1] == ' ' && p[1] != '>' &&
			    *line != '>' && !(out - line == 3 && memcmp(line, "-- ", 3) == 0);

		if (*p == '\r' && p[1] == '\n')
			continue;
		if (soft) {
			out -= delsp;
			continue;
		}
		*out++ = *p;
		if (*p == '\n')
			line = out;
	}
	*out = '\0';
}

static bool blank(const char *s)
{
	for (; *s; s++)
		if (!isspace((unsigned char)*s))
			return false;
	return true;
}

static GByteArray *decode(GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	GMimeStream *mem = g_mime_stream_mem_new();
	GByteArray *bytes;

	if (content)
		g_mime_data_wrapper_write_to_stream(content, mem);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(mem), FALSE);
	g_object_unref(mem);
	return bytes;
}

static bool is_html(GMimeObject *o)
{
	return g_mime_content_type_is_type(g_mime_object_get_content_type(o), "text", "html");
}

/* The words of a text part; caller frees. */
static char *words_of(GMimePart *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	const char *charset = g_mime_content_type_get_parameter(type, "charset");
	const char *format = g_mime_content_type_get_parameter(type, "format");
	const char *delsp = g_mime_content_type_get_parameter(type, "delsp");
	GByteArray *bytes = decode(part);
	size_t n;
	char *text = charset_utf8((const char *)bytes->data, bytes->len, charset, &n), *words;

	g_byte_array_free(bytes, TRUE);
	if (is_html(GMIME_OBJECT(part))) {
		words = html_text(text, n);
		free(text);
		return words;
	}
	if (format && strcasecmp(format, "flowed") == 0)
		unflow(text, delsp && strcasecmp(delsp, "yes") == 0);
	return text;
}

static void add_words(struct walk *w, const char *words)
{
	size_t n = strlen(words), most = w->text.max - w->text.len;

	if (blank(words))
		return;
	if (w->text.len)
		buf_adds(&w->text, "\n\n");
	if (n + 2 > most) {
		w->limits[L_TEXT] = true;
		n = most > 2 ? utf8_prefix_bytes(words, most - 2) : 0;
	}
	buf_add(&w->text, words, n);
}

/* --- attachments --------------------------------------------------------------------------- */

static char *repaired(const char *s, size_t max_bytes)
{
	char *t = s ? utf8_repair(s, strlen(s), NULL, NULL) : NULL;

	if (t)
		t[utf8_prefix_bytes(t, max_bytes)] = '\0';
	return t;
}

static char *type_of(GMimeObject *o)
{
	char *t = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(o)), *copy;

	copy = repaired(t, 100);
	g_free(t);
	for (char *p = copy; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

static void keep(struct walk *w, GMimeObject *o, const char *filename, GByteArray *bytes)
{
	struct mail *m = w->mail;
	struct message_attachment *a = &m->attachments[m->n_attachments];
	size_t n = bytes->len;

	if (m->n_attachments == MESSAGE_ATTACHMENTS_MAX) {
		w->limits[L_ATTACHMENTS] = true;
		g_byte_array_free(bytes, TRUE);
		return;
	}
	*a = (struct message_attachment){.id = xasprintf("part-%d", w->parts),
		.state = AS_PENDING,
		.bytes = (int64_t)n,
		.mime = type_of(o),
		.name = repaired(filename, 255)};
	w->decoded += n;
	if (w->decoded > MAIL_DECODED_MAX) {
		w->limits[L_SIZE] = true;
		a->state = AS_REFUSED;
		w->decoded -= n;
	} else {
		m->data[m->n_attachments] = (struct mail_data){n ? xmalloc(n) : NULL, n};
		if (n)
			memcpy(m->data[m->n_attachments].p, bytes->data, n);
	}
	m->n_attachments++;
	g_byte_array_free(bytes, TRUE);
}

/* A part that is no leaf and is not read: its bytes as they stand. */
static void keep_whole(struct walk *w, GMimeObject *o)
{
	GMimeStream *mem = g_mime_stream_mem_new();
	GByteArray *bytes;

	g_mime_object_write_to_stream(o, NULL, mem);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(mem), FALSE);
	g_object_unref(mem);
	keep(w, o, NULL, bytes);
}

/* --- the parts ----------------------------------------------------------------------------- */

static void walk(struct walk *w, GMimeObject *o, int depth, bool mute);

/* text/plain or text/html that stands to be read, no file. */
static bool to_read(struct walk *w, GMimeObject *o)
{
	GMimeContentType *t = g_mime_object_get_content_type(o);
	const char *disposition = g_mime_object_get_disposition(o);

	if (!g_mime_content_type_is_type(t, "text", "plain") && !is_html(o))
		return false;
	if (disposition && strcasecmp(disposition, "attachment") == 0)
		return false;
	return !g_mime_part_get_filename(GMIME_PART(o)) || !w->text.len;
}

static void leaf(struct walk *w, GMimeObject *o, bool mute)
{
	GMimeContentType *type = g_mime_object_get_content_type(o);

	if (to_read(w, o)) {
		if (!mute) {
			_cleanup_free_ char *words = words_of(GMIME_PART(o));

			add_words(w, words);
		}
		return;
	}
	if (mute && g_mime_content_type_is_type(type, "text", "enriched"))
		return;
	keep(w, o, g_mime_part_get_filename(GMIME_PART(o)), decode(GMIME_PART(o)));
}

static bool has_words(GMimeObject *o)
{
	_cleanup_free_ char *words = NULL;

	if (!GMIME_IS_PART(o))
		return false;
	words = words_of(GMIME_PART(o));
	return !blank(words);
}

/* Which part of multipart/alternative is read: the plain one if it says anything, else the last
 * that can be read (RFC 2046 5.1.4: the best stands last). */
static int best(GMimeMultipart *multipart)
{
	int n = MIN(g_mime_multipart_get_count(multipart), MAIL_PARTS_MAX), found = -1;

	for (int i = 0; i < n; i++) {
		GMimeObject *o = g_mime_multipart_get_part(multipart, i);
		GMimeContentType *t = g_mime_object_get_content_type(o);

		if (g_mime_content_type_is_type(t, "text", "plain") && has_words(o))
			return i;
		if (GMIME_IS_MULTIPART(o) || (is_html(o) && has_words(o)))
			found = i;
	}
	return found;
}

static void walk_multipart(struct walk *w, GMimeMultipart *multipart, int depth, bool mute)
{
	GMimeContentType *t = g_mime_object_get_content_type(GMIME_OBJECT(multipart));
	bool alternative = g_mime_content_type_is_type(t, "multipart", "alternative");
	int n = g_mime_multipart_get_count(multipart),
	    chosen = alternative && !mute ? best(multipart) : -1;

	for (int i = 0; i < n; i++)
		walk(w, g_mime_multipart_get_part(multipart, i), depth + 1,
			mute || (alternative && i != chosen));
}

/* A forwarded mail: the complaint of somebody else, its words and files are taken in. */
static void walk_message(struct walk *w, GMimeObject *o, int depth, bool mute)
{
	GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(o));
	_cleanup_free_ char *subject = NULL, *from = NULL;
	size_t before = w->text.len;

	if (!inner || w->bounce)
		return;
	subject = head_text(GMIME_OBJECT(inner), "Subject");
	head_address(GMIME_OBJECT(inner), "From", &from, NULL);
	if (subject && !mute)
		add_words(w, subject);
	walk(w, g_mime_message_get_mime_part(inner), depth + 1, mute);
	if (!w->forwarded_from && w->text.len > before)
		w->forwarded_from = TAKE_PTR(from);
}

static void walk(struct walk *w, GMimeObject *o, int depth, bool mute)
{
	if (!o)
		return;
	if (depth > MAIL_DEPTH_MAX) {
		w->limits[L_DEPTH] = true;
		return;
	}
	if (++w->parts > MAIL_PARTS_MAX) {
		w->limits[L_PARTS] = true;
		return;
	}
	if (GMIME_IS_MULTIPART(o))
		walk_multipart(w, GMIME_MULTIPART(o), depth, mute);
	else if (GMIME_IS_MESSAGE_PARTIAL(o) || !(GMIME_IS_MESSAGE_PART(o) || GMIME_IS_PART(o)))
		keep_whole(w, o);
	else if (GMIME_IS_MESSAGE_PART(o))
		walk_message(w, o, depth, mute);
	else
		leaf(w, o, mute);
}

/* --- the message --------------------------------------------------------------------------- */

/* The same mail from a server that keeps other line ends has the same hash. */
static char *hash_id(const char *p, size_t n)
{
	struct sha256 *s = sha256_new();
	uint8_t hash[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];

	for (size_t at = 0; at < n;) {
		size_t len = line_length(p + at, n - at), keep_n = len;

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

static void set_limits(const struct walk *w, json_t *fields)
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
static void set_text(struct walk *w, const char *subject, struct message *m)
{
	bool reply = false, forward = false, cut = false, with_subject;
	const char *bare = subject ? head_subject(subject, &reply, &forward) : "";
	_cleanup_free_ char *words = quote_trim(buf_str(&w->text), forward, &cut);
	struct mail *mail = w->mail;

	with_subject = *bare && (!reply || blank(words)) && strncmp(words, bare, strlen(bare)) != 0;
	mail->text = xasprintf("%s%s%s", with_subject ? bare : "",
		with_subject && !blank(words) ? "\n\n" : "", words);
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
	struct walk *w, struct message *m)
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
	walk(w, body, 0, false);
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
	struct walk w = {.mail = mail, .text = BUF_INIT(MAIL_TEXT_MAX)};
	struct buf bytes = BUF_INIT(SIZE_MAX / 2);
	GMimeMessage *message;

	set_up();
	*mail = (struct mail){.fields = json_object()};
	m->kind = MK_MESSAGE;
	m->fields = mail->fields;
	w.limits[L_PARTIAL] = partial;
	bound_header(p, n, &bytes, w.limits);
	message = n ? parse(buf_str(&bytes), bound_parts(buf_str(&bytes), bytes.len, w.limits))
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
