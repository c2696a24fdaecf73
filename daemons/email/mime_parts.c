/* mime_parts: the parts of a mail: which are read, which are kept as files, what a forwarded mail
 * inside gives.
 *
 * Guarantees: every leaf is read, kept or the other form of one that is read; over a bound of
 * mime.h the rest is left out and the bound named. Known gap: of multipart/alternative only one is
 * read, however much the others differ. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "base/util.h"
#include "core/html_text.h"

#include "charset.h"
#include "mime_walk.h"

/* --- words --- */

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

bool mail_blank(const char *s)
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

static void add_words(struct mail_walk *w, const char *words)
{
	size_t n = strlen(words), most = w->text.max - w->text.len;

	if (mail_blank(words))
		return;
	if (w->text.len)
		buf_adds(&w->text, "\n\n");
	if (n + 2 > most) {
		w->limits[L_TEXT] = true;
		n = most > 2 ? utf8_prefix_bytes(words, most - 2) : 0;
	}
	buf_add(&w->text, words, n);
}

/* --- attachments --- */

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

static void keep(struct mail_walk *w, GMimeObject *o, const char *filename, GByteArray *bytes)
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
static void keep_whole(struct mail_walk *w, GMimeObject *o)
{
	GMimeStream *mem = g_mime_stream_mem_new();
	GByteArray *bytes;

	g_mime_object_write_to_stream(o, NULL, mem);
	bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(mem), FALSE);
	g_object_unref(mem);
	keep(w, o, NULL, bytes);
}

/* --- the parts --- */

static void walk(struct mail_walk *w, GMimeObject *o, int depth, bool mute);

/* text/plain or text/html that stands to be read, no file. */
static bool to_read(struct mail_walk *w, GMimeObject *o)
{
	GMimeContentType *t = g_mime_object_get_content_type(o);
	const char *disposition = g_mime_object_get_disposition(o);

	if (!g_mime_content_type_is_type(t, "text", "plain") && !is_html(o))
		return false;
	if (disposition && strcasecmp(disposition, "attachment") == 0)
		return false;
	return !g_mime_part_get_filename(GMIME_PART(o)) || !w->text.len;
}

static void leaf(struct mail_walk *w, GMimeObject *o, bool mute)
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
	return !mail_blank(words);
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

static void walk_multipart(struct mail_walk *w, GMimeMultipart *multipart, int depth, bool mute)
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
static void walk_message(struct mail_walk *w, GMimeObject *o, int depth, bool mute)
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

static void walk(struct mail_walk *w, GMimeObject *o, int depth, bool mute)
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

void mail_walk_parts(struct mail_walk *w, GMimeObject *body)
{
	walk(w, body, 0, false);
}
