/* followups: see followups.h.
 *
 * Placeholders are filled before HTML is taken off, with values written as HTML: so a name stays
 * text, and a link whose words are the name it points to is shown once. Known gaps: an attachment
 * is told by name and path, not fetched; of a template in another shape than S1 and S2 saw, what is
 * no placeholder stays as it is written. */
#include "core/followups.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/html.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"
#include "core/html_text.h"
#include "core/idtime.h"
#include "core/profile_private.h"

#define RAW_TEXT_MAX  (256 * 1024) /* HTML of one text that is looked at */
#define NAME_MAX_LEN  48
#define FIELD_MAX_LEN 500 /* bytes of a name or path that are kept */
#define UNSAID	      "…"

/* --- placeholders --- */

struct values { /* borrowed; NULL = not said */
	const char *from, *to, *old_status, *new_status;
};

static const struct placeholder {
	const char *name;
	size_t value;
} placeholders[] = {
	{"institution", offsetof(struct values, from)},
	{"institution_from", offsetof(struct values, from)},
	{"institution_to", offsetof(struct values, to)},
	{"status_old", offsetof(struct values, old_status)},
	{"status_new", offsetof(struct values, new_status)},
};

/* NULL: no placeholder of theirs. */
static const char *value_of(const struct values *v, const char *name, size_t n)
{
	static const char link[] = "_link";
	const size_t l = sizeof link - 1;

	if (n > l && memcmp(name + n - l, link, l) == 0)
		n -= l;
	for (size_t i = 0; i < ARRAY_SIZE(placeholders); i++) {
		const char *value = *(const char *const *)((const char *)v + placeholders[i].value);

		if (strlen(placeholders[i].name) == n && memcmp(placeholders[i].name, name, n) == 0)
			return value && *value ? value : UNSAID;
	}
	return NULL;
}

static void add_escaped(struct buf *out, const char *s)
{
	for (; *s; s++) {
		const char *entity = html_entity(*s);

		if (entity)
			(void)buf_adds(out, entity);
		else
			(void)buf_addc(out, *s);
	}
}

/* "{{ name }}" at s: bytes it takes, its name; 0 when it is none. */
static size_t placeholder_at(const char *s, const char **ret_name, size_t *ret_n)
{
	const char *end = strncmp(s, "{{", 2) == 0 ? strstr(s, "}}") : NULL;
	const char *from = s + 2, *to = end;

	if (!end || end - s > NAME_MAX_LEN)
		return 0;
	while (from < to && *from == ' ')
		from++;
	while (to > from && to[-1] == ' ')
		to--;
	*ret_name = from;
	*ret_n = (size_t)(to - from);
	return (size_t)(end - s) + 2;
}

static void add_filled(struct buf *out, const char *text, const struct values *v)
{
	while (*text) {
		const char *name, *value = NULL;
		size_t n, taken = placeholder_at(text, &name, &n);

		if (taken)
			value = value_of(v, name, n);
		if (value) {
			add_escaped(out, value);
			text += taken;
		} else {
			(void)buf_addc(out, *text++);
		}
	}
}

/* --- words --- */

static bool has_tags(const char *s)
{
	while ((s = strchr(s, '<')))
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/!", *++s) && *s)
			return true;
	return false;
}

/* Lines of a text that is not HTML would run together. */
static void keep_lines(struct buf *b)
{
	_cleanup_free_ char *plain = buf_take(b);

	for (const char *s = plain; *s; s++) {
		if (*s == '\n')
			(void)buf_adds(b, "<br>");
		else
			(void)buf_addc(b, *s);
	}
}

/* One text, filled and without HTML. "" when there is none. Caller frees. */
static char *words_of(const char *text, const struct values *v)
{
	_cleanup_buf_ struct buf b = BUF_INIT(RAW_TEXT_MAX);
	_cleanup_free_ char *words = NULL;

	if (!text || !*text)
		return xstrdup("");
	add_filled(&b, text, v);
	if (!b.over && !has_tags(buf_str(&b)))
		keep_lines(&b);
	words = html_text(buf_str(&b), b.len);
	return utf8_repair(words, strlen(words), NULL, NULL); /* cut within a character */
}

/* Template, then what was written; at most FOLLOWUP_TEXT_MAX bytes. Caller frees. */
static char *whole_text(const char *template, const char *words)
{
	const bool both = *template && *words && strcmp(template, words) != 0;
	char *whole =
		xasprintf("%s%s%s", template, both ? "\n\n" : "", *template && !both ? "" : words);

	if (strlen(whole) > FOLLOWUP_TEXT_MAX)
		whole[utf8_prefix_bytes(whole, FOLLOWUP_TEXT_MAX)] = '\0';
	return whole;
}

/* --- one follow-up --- */

static const char *text_at(const json_t *row, const char *place)
{
	return place ? json_string_value(json_at(row, place)) : NULL;
}

static json_t *short_text(const char *s)
{
	_cleanup_free_ char *cut = NULL;

	if (!s || strlen(s) <= FIELD_MAX_LEN)
		return json_str_new(s);
	cut = xstrndup(s, utf8_prefix_bytes(s, FIELD_MAX_LEN));
	return json_str_new(cut);
}

static void add_file(json_t *files, const json_t *file)
{
	json_t *o;

	if (!json_str(file, "path") || json_array_size(files) >= FOLLOWUP_FILES_MAX)
		return;
	o = json_object();
	json_set_new(o, "name", short_text(json_str(file, "file_name")));
	json_set_new(o, "path", short_text(json_str(file, "path")));
	json_array_append_new(files, o);
}

/* An object with numbers as keys and a key `docs`, or a list; files may stand a level below. */
static json_t *files_of(const json_t *attachments)
{
	json_t *files = json_array(), *inner, *v, *w;
	const char *key, *below;
	size_t i, k;

	json_array_foreach (attachments, i, v)
		add_file(files, v);
	json_object_foreach ((json_t *)(uintptr_t)attachments, key, v) {
		inner = v;
		add_file(files, inner);
		json_array_foreach (inner, k, w)
			add_file(files, w);
		json_object_foreach (inner, below, w)
			add_file(files, w);
	}
	return files;
}

static void take_code(const char *code, char ret[FOLLOWUP_CODE_SIZE])
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	*ret = '\0';
	if (code && strlen(code) < FOLLOWUP_CODE_SIZE && strspn(code, safe) == strlen(code))
		snprintf(ret, FOLLOWUP_CODE_SIZE, "%s", code);
}

static bool begins_with_ticket(const char *text, const char *ticket)
{
	_cleanup_free_ char *mark = xasprintf("[Tiket %s]", ticket);

	return strncasecmp(text, mark, strlen(mark)) == 0;
}

static json_t *content_of(const struct followups_map *m, const json_t *row,
	const struct followup *f, const char *text)
{
	char id[24], at[TIME_TEXT_SIZE];
	json_t *o = json_object();

	snprintf(id, sizeof id, "%llu", (unsigned long long)f->id);
	if (f->at_ms)
		time_format(f->at_ms, at);
	json_set_str(o, "schema", "muara.answer/1");
	json_set_str(o, "id", id);
	json_set_str(o, "at", f->at_ms ? at : NULL);
	json_set_new(o, "from", short_text(text_at(row, m->from)));
	json_set_new(o, "to", short_text(text_at(row, m->to)));
	json_set_str(o, "template", *f->code ? f->code : NULL);
	json_set_str(o, "text", text);
	json_set_new(
		o, "attachments", files_of(m->attachments ? json_at(row, m->attachments) : NULL));
	return o;
}

static bool take_row(
	const struct followups_map *m, const json_t *row, const char *ticket, struct followup *f)
{
	const struct values v = {.from = text_at(row, m->from),
		.to = text_at(row, m->to),
		.old_status = text_at(row, m->old_status),
		.new_status = text_at(row, m->new_status)};
	_cleanup_free_ char *template = NULL, *words = NULL, *text = NULL;
	const char *at = text_at(row, m->at);

	*f = (struct followup){.id = remote_id_of(json_at(row, m->id))};
	if (!f->id)
		return false;
	if (at && id_time_parse(at, m->zone_minutes, &f->at_ms))
		f->at_ms = 0;
	take_code(text_at(row, m->template_code), f->code);
	template = words_of(text_at(row, m->template_text), &v);
	words = words_of(text_at(row, m->text), &v);
	f->ours = ticket && begins_with_ticket(words, ticket);
	text = whole_text(template, words);
	f->content = content_of(m, row, f, text);
	return true;
}

/* --- a page --- */

int followups_parse(const struct profile *p, const struct httpc_answer *a, const char *ticket,
	struct followups *ret, struct err *e)
{
	const struct followups_map *m = &p->followups;
	_cleanup_json_ json_t *answer = read_answer(p, READ_FOLLOWUPS, a);
	const json_t *rows, *row;
	size_t i;

	*ret = (struct followups){0};
	rows = answer ? json_at(answer, p->reads[READ_FOLLOWUPS].shows) : NULL;
	if (!json_is_array(rows))
		return err_set(e, -EBADMSG, "no page of follow-ups (http %ld, curl %d)", a->status,
			a->curl);
	if (json_array_size(rows) > FOLLOWUP_PAGE_MAX)
		return err_set(e, -EBADMSG, "a page of more than %d follow-ups", FOLLOWUP_PAGE_MAX);
	ret->v = xcalloc(json_array_size(rows) + 1, sizeof *ret->v);
	json_array_foreach (rows, i, row) {
		if (take_row(m, row, ticket, &ret->v[ret->n]))
			ret->n++;
		else
			ret->unusable++;
	}
	row = m->next ? json_at(answer, m->next) : NULL;
	ret->more = row && !json_is_null(row) && !json_is_false(row);
	return 0;
}

void followups_clear(struct followups *f)
{
	for (size_t i = 0; i < f->n; i++)
		json_decref(f->v[i].content);
	free(f->v);
	*f = (struct followups){0};
}
