/* profile_search: by what a person finds a report in the national admin when its number is not
 * known: what its text begins with (the ticket), its hashtag, the institution it was created on.
 * Read from the profile, so that it is what was really sent. Known gap: a profile whose text does
 * not begin with the ticket has no such mark. */
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/profile_private.h"

/* The part of content.text before {{text}}, without blanks at its end. */
static char *mark_template(const char *content)
{
	const char *text = content ? strstr(content, "{{text}}") : NULL;
	size_t n = text ? (size_t)(text - content) : 0;

	while (n && content[n - 1] == ' ')
		n--;
	return n ? xstrndup(content, n) : NULL;
}

static json_t *mark_of(const struct render *r)
{
	_cleanup_free_ char *template = mark_template(r->p->content);
	_cleanup_free_ char *mark = template ? render_text(r, template) : NULL;

	return json_str_new(mark);
}

/* The first member of the create's body that is a hashtag, written so or by a setting. */
static json_t *tag_of(const struct render *r)
{
	const json_t *body = r->p->calls[CALL_CREATE].body;
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)body, key, v) {
		const char *s = json_string_value(v);
		_cleanup_free_ char *value = NULL;

		if (!s || (*s != '#' && strncmp(s, "{{setting.", strlen("{{setting.")) != 0))
			continue;
		value = render_text(r, s);
		if (value && *value == '#')
			return json_str_new(value);
	}
	return json_null();
}

json_t *profile_search(
	const struct profile *p, const json_t *complaint, const struct strmap *settings)
{
	const struct profile_input in = {.complaint = complaint, .settings = settings};
	struct err e = {0};
	struct render r = {.p = p, .in = &in, .where = IN_CONTENT, .e = &e};
	json_t *found = json_object();

	json_set_new(found, "text", mark_of(&r));
	r.where = IN_CREATE;
	json_set_new(found, "tag", tag_of(&r));
	json_set_str(found, "institution",
		p->own_institution ? setting_value(p, settings, p->own_institution, complaint)
				   : NULL);
	return found;
}
