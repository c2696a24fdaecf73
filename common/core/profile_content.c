/* profile_content: the text that is filed: ticket, title, the citizen's words, footer.
 *
 * Guarantees: it is whole when it fits; what a limit leaves out is told in the text itself, and how
 * much of the citizen's words it holds is told to the caller. Known gap: a text in a script whose
 * graphemes are longer than the room left is cut within one. */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "core/profile_names.h"

#define TEXT_LEFT_CHARS 200 /* less than that of a text is no report */

json_t *name_title(const struct render *r, const char *name)
{
	const char *title = name_member(r->in->complaint, name);
	_cleanup_free_ char *line = title ? name_line(title, r->p->title_max) : NULL;

	return line ? json_str_new(line)
		    : name_refuse(r, "the complaint has no title; complete it (title, text) first");
}

/* What {{title}} leaves out is not lost: the whole of a title that is cut, null of one that fits.
 * At most a quarter of what the report may hold, so that it never crowds out the text. */
json_t *name_title_whole(const struct render *r, const char *name)
{
	const char *title = name_member(r->in->complaint, "title");
	_cleanup_free_ char *line = NULL, *shown = NULL;

	(void)name;
	if (!title || (int64_t)utf8_length(title) <= r->p->title_max)
		return json_null();
	line = name_line(title, r->p->content_max / 4);
	shown = xasprintf("%s%s", line, utf8_length(line) < utf8_length(title) ? " …" : "");
	return json_str_new(shown);
}

json_t *name_whole_text(const struct render *r, const char *name)
{
	const char *text = name_member(r->in->complaint, name);
	_cleanup_free_ char *cut = NULL;

	if (!text)
		return name_refuse(r, "the complaint has no text; complete it (text) first");
	cut = utf8_cut_words(text, r->text_chars ? r->text_chars : RENDER_MAX);
	return json_str_new(cut);
}

/* Ticket, text, footer with at most r->text_chars of the text. NULL: e. */
static char *content_with(const struct render *r)
{
	return render_with_footer(r, r->p->content, r->p->footer_lines, r->p->footer_before);
}

/* Whole when it fits, else with as much of the text as there is room for, and a line that says so.
 * A footer line's length depends on the number in it: the room is measured with the largest. */
json_t *name_content(const struct render *outer, const char *name)
{
	const char *text = json_str_or(outer->in->complaint, "text", "");
	const long chars = (long)utf8_length(text), max = (long)outer->p->content_max;
	struct render r = *outer;
	_cleanup_free_ char *whole = NULL, *noted = NULL, *kept = NULL, *cut = NULL;
	long room;

	(void)name;
	if (r.told)
		r.told->text_bytes = SIZE_MAX;
	if (r.where == IN_CREATE)
		r.where = IN_CONTENT;
	r.text_chars = 0;
	whole = content_with(&r);
	if (!whole)
		return NULL;
	if ((long)utf8_length(whole) <= max)
		return json_str_new(whole);
	r.text_cut = chars;
	noted = content_with(&r);
	if (!noted)
		return NULL;
	room = max - ((long)utf8_length(noted) - chars);
	if (room < TEXT_LEFT_CHARS)
		return name_refuse(
			outer, "longer than limits.content allows, even without its text");
	kept = utf8_cut_words(text, (size_t)room);
	r.text_chars = (size_t)utf8_length(kept);
	r.text_cut = chars - (long)r.text_chars;
	if (r.told)
		r.told->text_bytes = strlen(kept);
	cut = content_with(&r);
	return cut ? json_str_new(cut) : NULL;
}
