/* template: see template.h. */
#include <errno.h>
#include <string.h>

#include "base/fsio.h"
#include "base/html.h"
#include "base/util.h"

#include "template.h"

#define KEY_MAX 32

enum piece_type { TEXT, VALUE, IF_SET, IF_EMPTY, END };
struct piece {
	enum piece_type type;
	const char *text;
	size_t n;
	char key[KEY_MAX];
};

struct template
{
	char *text;
	struct piece *v;
	size_t n, room;
};

static struct piece *add(struct template *t, enum piece_type type)
{
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->v = xrealloc(t->v, t->room * sizeof(*t->v));
	}
	t->v[t->n] = (struct piece){.type = type};
	return &t->v[t->n++];
}

static enum piece_type type_of(char mark)
{
	return mark == '#' ? IF_SET : mark == '^' ? IF_EMPTY : mark == '/' ? END : VALUE;
}

static bool is_key(const char *const *keys, const char *key)
{
	for (; *keys; keys++)
		if (strcmp(*keys, key) == 0)
			return true;
	return false;
}

static int line_of(const struct template *t, const char *at)
{
	int line = 1;

	for (const char *p = t->text; p < at; p++)
		line += *p == '\n';
	return line;
}

/* The tag at p, behind its braces; *ret_end: behind it. */
static int take_tag(struct template *t, const char *name, const char *p, const char *const *keys,
	const char **ret_end, struct err *e)
{
	const char *end = strstr(p, "}}");
	enum piece_type type = type_of(*p);
	struct piece *tag;
	size_t n;

	if (!end)
		return err_set(e, -EINVAL, "%s:%d: {{ without }}", name, line_of(t, p));
	*ret_end = end + 2;
	p += type != VALUE;
	n = (size_t)(end - p);
	tag = add(t, type);
	if (n < KEY_MAX)
		memcpy(tag->key, p, n);
	if (n == 0 || n >= KEY_MAX || !is_key(keys, tag->key))
		return err_set(e, -EINVAL, "%s:%d: nothing is known by the name in {{ }}", name,
			line_of(t, p));
	return 0;
}

/* Sections close in the order they opened. */
static int check_sections(const struct template *t, const char *name, struct err *e)
{
	const char *open[TEMPLATE_DEPTH_MAX];
	int depth = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct piece *p = &t->v[i];

		if (p->type == IF_SET || p->type == IF_EMPTY) {
			if (depth == TEMPLATE_DEPTH_MAX)
				return err_set(e, -EINVAL, "%s: sections nest deeper than %d", name,
					TEMPLATE_DEPTH_MAX);
			open[depth++] = p->key;
		} else if (p->type == END && (!depth || strcmp(open[--depth], p->key) != 0)) {
			return err_set(e, -EINVAL, "%s: {{/%s}} closes nothing", name, p->key);
		}
	}
	return depth ? err_set(e, -EINVAL, "%s: {{#%s}} is not closed", name, open[depth - 1]) : 0;
}

static int parse(struct template *t, const char *name, const char *const *keys, struct err *e)
{
	const char *p = t->text, *tag;
	int r = 0;

	while (r == 0 && (tag = strstr(p, "{{"))) {
		struct piece *text = add(t, TEXT);

		text->text = p;
		text->n = (size_t)(tag - p);
		r = take_tag(t, name, tag + 2, keys, &p, e);
	}
	if (r == 0) {
		struct piece *text = add(t, TEXT);

		text->text = p;
		text->n = strlen(p);
		r = check_sections(t, name, e);
	}
	return r;
}

int template_parse(const char *name, const char *text, size_t n, const char *const *keys,
	struct template **ret, struct err *e)
{
	struct template *t = xcalloc(1, sizeof(*t));
	int r;

	t->text = xstrndup(text, n);
	r = parse(t, name, keys, e);
	if (r) {
		template_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

int template_load(const char *path, const char *const *keys, struct template **ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t n;
	int r = fsio_read_file(path, TEMPLATE_BYTES_MAX, &text, &n, e);

	return r ? r : template_parse(path, text, n, keys, ret, e);
}

void template_free(struct template *t)
{
	if (!t)
		return;
	free(t->text);
	free(t->v);
	free(t);
}

static void escaped(struct buf *out, const char *s)
{
	for (; s && *s; s++) {
		const char *as = html_entity(*s);

		if (as)
			buf_adds(out, as);
		else
			buf_addc(out, *s);
	}
}

int template_render(
	const struct template *t, template_value_fn *value, const void *ctx, struct buf *out)
{
	int depth = 0, hidden = 0; /* hidden: depth of the outermost section that is not shown */

	for (size_t i = 0; i < t->n; i++) {
		const struct piece *p = &t->v[i];
		const char *v = p->type == TEXT || p->type == END ? NULL : value(ctx, p->key);
		bool set = v && *v;

		if (p->type == IF_SET || p->type == IF_EMPTY) {
			depth++;
			if (!hidden && set != (p->type == IF_SET))
				hidden = depth;
		} else if (p->type == END) {
			hidden = hidden == depth ? 0 : hidden;
			depth--;
		} else if (!hidden && p->type == TEXT) {
			buf_add(out, p->text, p->n);
		} else if (!hidden) {
			escaped(out, v);
		}
	}
	return out->over ? -E2BIG : 0;
}
