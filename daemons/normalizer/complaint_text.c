/* The words of a complaint and its title. Known gap: a title is cut by length and punctuation, not
 * by sense. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/util.h"
#include "complaint_private.h"

#define TITLE_CHARS	100
#define TITLE_MIN_CHARS 12 /* "Pak." and "Halo!" are no titles */

/* --- text: parts in the order they were sent, an officer's own text first --- */

struct part {
	const char *order, *id; /* borrowed from sources */
	char *text;
	json_t *source; /* NULL = the officer's */
};

json_t *complaint_source(const json_t *c, const char *message)
{
	json_t *source;
	size_t i;

	json_array_foreach (json_object_get(c, "sources"), i, source)
		if (strcmp(json_str_or(source, "message", ""), message) == 0)
			return source;
	return NULL;
}

bool complaint_has_source(const json_t *c, const char *message)
{
	return complaint_source(c, message) != NULL;
}

static int part_compare(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int c;

	if (!x->source || !y->source)
		return (x->source != NULL) - (y->source != NULL);
	c = strcmp(x->order, y->order);
	return c ? c : strcmp(x->id, y->id);
}

/* An edit stands where the message it edits stood. */
static const char *order_of(const json_t *c, const json_t *source)
{
	const char *edits = json_str(source, "edits");
	const json_t *first = edits ? complaint_source(c, edits) : NULL;

	return json_str_or(first ? first : source, "sent_at", "");
}

static char *slice(const char *text, const json_t *span)
{
	size_t start = (size_t)json_integer_value(json_array_get(span, 0));
	size_t n = (size_t)json_integer_value(json_array_get(span, 1)), len = strlen(text);

	if (start > len || n > len - start)
		return xstrdup("");
	return xstrndup(text + start, n);
}

/* Takes the text apart. `added` is a source whose part is `added_text` (it has no span yet). */
static size_t take_apart(const json_t *c, json_t *added, const char *added_text, struct part **ret)
{
	json_t *sources = json_object_get(c, "sources"), *source;
	const char *text = json_str_or(c, "text", "");
	int64_t set = json_int(c, "text_set", 0);
	struct part *parts = xcalloc(json_array_size(sources) + 1, sizeof(*parts));
	size_t n = 0, i;

	if (set > 0)
		parts[n++].text = xstrndup(text, (size_t)set);
	json_array_foreach (sources, i, source) {
		const json_t *span = json_object_get(source, "span");

		if (source != added && !json_is_array(span))
			continue;
		parts[n++] = (struct part){.order = order_of(c, source),
			.id = json_str_or(source, "message", ""),
			.text = source == added ? xstrdup(added_text) : slice(text, span),
			.source = source};
	}
	*ret = parts;
	return n;
}

static void put_together(json_t *c, struct part *parts, size_t n)
{
	struct buf text = BUF_INIT(64u << 20);
	size_t i;

	qsort(parts, n, sizeof(*parts), part_compare);
	for (i = 0; i < n; i++) {
		if (text.len)
			buf_adds(&text, SEPARATOR);
		if (parts[i].source)
			json_set_new(parts[i].source, "span",
				json_pack("[I,I]", (json_int_t)text.len,
					(json_int_t)strlen(parts[i].text)));
		buf_adds(&text, parts[i].text);
		free(parts[i].text);
	}
	json_set_str(c, "text", buf_str(&text));
	buf_free(&text);
	free(parts);
}

/* Text without blanks around it; a part of nothing has no place in the whole. */
static char *trimmed(const char *s)
{
	size_t n;

	s += strspn(s, " \t\r\n");
	n = strlen(s);
	while (n && strchr(" \t\r\n", s[n - 1]))
		n--;
	return xstrndup(s, n);
}

void text_compose(json_t *c, json_t *added, const char *added_text)
{
	_cleanup_free_ char *text = added_text ? trimmed(added_text) : NULL;
	struct part *parts;
	size_t n = take_apart(c, text && *text ? added : NULL, text, &parts);

	put_together(c, parts, n);
}

static size_t chars(const char *s, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		k += ((unsigned char)s[i] & 0xc0) != 0x80;
	return k;
}

/* Words of greetings and of asking leave to speak: a sentence of nothing else says nothing. */
static const char *const polite[] = {"admin", "ada", "aduan", "assalamualaikum", "assalamu",
	"alaikum", "bapak", "boleh", "bu", "dan", "dengan", "halo", "hallo", "hai", "hormat", "ibu",
	"ijin", "ingin", "izin", "kak", "kakak", "kasih", "lapor", "laporan", "malam", "mas", "mau",
	"mbak", "melapor", "melaporkan", "min", "mohon", "numpang", "pagi", "pak", "permisi",
	"saya", "selamat", "siang", "sore", "tanya", "terima", "usul", "wb", "wr", "ya", "yang",
	"yth"};

static bool is_polite(const char *word, size_t n)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(polite); i++)
		if (strlen(polite[i]) == n && strncasecmp(polite[i], word, n) == 0)
			return true;
	return n == 0;
}

static bool only_polite(const char *s, size_t n)
{
	size_t i, from = 0;

	for (i = 0; i <= n; i++) {
		if (i < n && (isalnum((unsigned char)s[i]) || (unsigned char)s[i] >= 0x80))
			continue;
		if (!is_polite(s + from, i - from))
			return false;
		from = i + 1;
	}
	return true;
}

/* Bytes up to the first end of a sentence or line that has at least so many characters. */
static size_t sentence(const char *s, size_t at_least)
{
	size_t i;

	for (i = 0; s[i]; i++) {
		bool end =
			s[i] == '\n' || (strchr(".!?", s[i]) && (!s[i + 1] || isspace(s[i + 1])));

		if (end && chars(s, i) >= at_least)
			return i;
	}
	return i;
}

/* Where the citizen comes to the point; the beginning when he never does. */
static const char *the_point(const char *text)
{
	const char *s = text;

	while (*s && only_polite(s, sentence(s, 1))) {
		s += sentence(s, 1);
		s += strspn(s, ".!?, \t\r\n");
	}
	return *s ? s : text;
}

static size_t cut_at_word(const char *s, size_t n)
{
	size_t i, k = 0, space = 0;

	for (i = 0; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) == 0x80)
			continue;
		if (k++ == TITLE_CHARS)
			return space ? space : i;
		if (s[i] == ' ' || s[i] == '\n')
			space = i;
	}
	return n;
}

void title_set(json_t *c)
{
	const char *text = the_point(json_str_or(c, "text", ""));
	_cleanup_free_ char *title = NULL;
	char *p;

	if (strcmp(json_str_or(c, "title_from", "text"), "text") != 0)
		return;
	title = xstrndup(text, cut_at_word(text, sentence(text, TITLE_MIN_CHARS)));
	for (p = title; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	json_set_str(c, "title", title);
}

static bool is_of(const json_t *source, const char *message)
{
	return strcmp(json_str_or(source, "message", ""), message) == 0 ||
	       strcmp(json_str_or(source, "edits", ""), message) == 0;
}

/* The words of the message and of all its edits go. */
void text_drop(json_t *c, const char *message)
{
	struct part *parts;
	size_t n = take_apart(c, NULL, NULL, &parts), kept = 0, i;
	json_t *s;

	for (i = 0; i < n; i++) {
		if (parts[i].source && is_of(parts[i].source, message))
			free(parts[i].text);
		else
			parts[kept++] = parts[i];
	}
	json_array_foreach (json_object_get(c, "sources"), i, s)
		if (is_of(s, message))
			json_set_new(s, "span", json_null());
	put_together(c, parts, kept);
}

void text_set(json_t *c, const char *text)
{
	json_t *s;
	size_t i;

	json_array_foreach (json_object_get(c, "sources"), i, s)
		json_set_new(s, "span", json_null());
	json_set_str(c, "text", text);
	json_set_int(c, "text_set", (int64_t)strlen(text));
	title_set(c);
}
