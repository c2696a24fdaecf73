/* profile_template: texts and field maps with {{names}} in them, checked when a profile is loaded,
 * rendered for a complaint. The names: profile_names.h.
 *
 * Guarantees: a lone name keeps its type (number, true/false, null), a name within text becomes
 * text; what cannot be expressed is an error that names the field, never its content; a line of a
 * footer that has nothing to say is left out. Pure. Known gap: none. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "core/profile_names.h"

/* --- pieces of a text --- */

struct piece {
	const char *p;
	size_t n;
	bool name, open; /* open: "{{" without "}}" */
};

static bool next_piece(const char **at, struct piece *ret)
{
	const char *s = *at, *end;

	if (!*s)
		return false;
	*ret = (struct piece){.name = strncmp(s, "{{", 2) == 0};
	if (!ret->name) {
		end = strstr(s, "{{");
		ret->p = s;
		ret->n = end ? (size_t)(end - s) : strlen(s);
		*at = s + ret->n;
		return true;
	}
	end = strstr(s, "}}");
	ret->open = !end;
	*at = end ? end + 2 : s + strlen(s);
	for (s += 2; *s == ' '; s++)
		;
	ret->p = s;
	ret->n = end && end > s ? (size_t)(end - s) : 0;
	while (ret->n && s[ret->n - 1] == ' ')
		ret->n--;
	return true;
}

static void piece_name(const struct piece *piece, char ret[NAME_MAX_LEN])
{
	snprintf(ret, NAME_MAX_LEN, "%.*s", (int)MIN(piece->n, (size_t)NAME_MAX_LEN), piece->p);
}

/* Part behind "setting." or "table."; NULL when it begins otherwise. */
static const char *behind(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0 ? name + strlen(prefix) : NULL;
}

static json_t *value_of(const struct render *r, const struct piece *piece)
{
	char name[NAME_MAX_LEN];
	const struct profile_name *n;

	piece_name(piece, name);
	if (behind(name, "setting."))
		return name_setting(r, behind(name, "setting."));
	if (behind(name, "table."))
		return name_table(r, behind(name, "table."));
	n = name_find(name);
	return n ? n->get(r, n->name) : name_refuse(r, "the profile was not checked");
}

static void add_value(struct buf *out, const json_t *v)
{
	if (json_is_string(v))
		(void)buf_adds(out, json_string_value(v));
	else if (json_is_integer(v))
		(void)buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_boolean(v))
		(void)buf_adds(out, json_is_true(v) ? "Ya" : "Tidak");
}

char *render_text(const struct render *r, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT(RENDER_MAX);
	struct piece piece;

	while (next_piece(&text, &piece)) {
		_cleanup_json_ json_t *v = NULL;

		if (!piece.name) {
			(void)buf_add(&out, piece.p, piece.n);
			continue;
		}
		v = value_of(r, &piece);
		if (!v)
			return NULL;
		add_value(&out, v);
	}
	if (out.over) {
		err_set(r->e, -EINVAL, "longer than %d bytes", RENDER_MAX);
		return NULL;
	}
	return out.data ? buf_take(&out) : xstrdup("");
}

static json_t *render_string(const struct render *r, const char *text)
{
	const char *at = text;
	struct piece piece;
	_cleanup_free_ char *whole = NULL;

	if (next_piece(&at, &piece) && piece.name && !*at)
		return value_of(r, &piece);
	whole = render_text(r, text);
	return whole ? json_str_new(whole) : NULL;
}

static json_t *render_list(const struct render *r, const json_t *list)
{
	json_t *out = json_array(), *v;
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		v = render_map(r, item);
		if (!v || json_array_append_new(out, v)) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}

json_t *render_map(const struct render *r, const json_t *map)
{
	json_t *out, *v, *item;
	const char *key;

	if (json_is_string(map))
		return render_string(r, json_string_value(map));
	if (json_is_array(map))
		return render_list(r, map);
	if (!json_is_object(map))
		return json_deep_copy(map);
	out = json_object();
	json_object_foreach ((json_t *)(uintptr_t)map, key, item) {
		v = render_map(r, item);
		if (!v) {
			err_prefix(r->e, "%s", key);
			json_decref(out);
			return NULL;
		}
		json_set_new(out, key, v);
	}
	return out;
}

/* --- checks of a template, when a profile is loaded --- */

static void list_names(struct buf *out, const struct profile *p, unsigned where)
{
	const char *key;
	json_t *v;

	for (const struct profile_name *n = profile_names; n->name; n++)
		if (n->where & where)
			(void)buf_addf(out, "%s%s", out->len ? ", " : "", n->name);
	if (where & (IN_NOTE | IN_REPORT | IN_PROBE | IN_FOLLOWUPS | IN_FIELD))
		return;
	json_object_foreach (p->settings, key, v)
		(void)buf_addf(out, ", setting.%s", key);
	json_object_foreach (p->tables, key, v)
		(void)buf_addf(out, ", table.%s", key);
}

static bool name_ok(const struct profile *p, const char *name, unsigned where)
{
	const struct profile_name *n = name_find(name);
	const char *rest;

	if (n)
		return n->where & where;
	if (where & (IN_NOTE | IN_REPORT | IN_PROBE | IN_FOLLOWUPS | IN_FIELD))
		return false;
	rest = behind(name, "setting.");
	if (rest)
		return json_object_get(p->settings, rest);
	rest = behind(name, "table.");
	return rest && json_object_get(p->tables, rest);
}

void template_check(const struct profile *p, const char *text, enum place where,
	template_fault_fn *fault, void *ctx)
{
	struct piece piece;

	while (next_piece(&text, &piece)) {
		_cleanup_buf_ struct buf known = BUF_INIT(4096), out = BUF_INIT(4096);
		char name[NAME_MAX_LEN];

		if (!piece.name)
			continue;
		piece_name(&piece, name);
		if (!piece.open && name_ok(p, name, where))
			continue;
		list_names(&known, p, where);
		if (piece.open)
			(void)buf_adds(&out, "{{ without }}");
		else
			(void)buf_addf(&out, "{{%s}} %s; %s%s", name,
				name_find(name) ? "cannot stand here" : "is unknown",
				known.len ? "there are: " : "no name can", buf_str(&known));
		fault(ctx, buf_str(&out));
	}
}

bool template_names(const char *text, const char *name)
{
	struct piece piece;

	while (next_piece(&text, &piece)) {
		char at[NAME_MAX_LEN];

		if (!piece.name)
			continue;
		piece_name(&piece, at);
		if (strcmp(at, name) == 0)
			return true;
	}
	return false;
}

bool template_known(const char *name)
{
	return name_find(name) || behind(name, "setting.") || behind(name, "table.");
}

/* --- a text with its footer --- */

static bool empty_value(const json_t *v)
{
	return json_is_null(v) || (json_is_string(v) && name_blank(json_string_value(v))) ||
	       (json_is_integer(v) && json_integer_value(v) == 0);
}

/* 1: a name of the line has nothing to say, so the line goes; 0: it stays; -EINVAL. */
static int line_empty(const struct render *r, const char *line)
{
	struct piece piece;

	while (next_piece(&line, &piece)) {
		_cleanup_json_ json_t *v = piece.name ? value_of(r, &piece) : json_true();

		if (!v)
			return -EINVAL;
		if (empty_value(v))
			return 1;
	}
	return 0;
}

static int add_footer(
	const struct render *r, const json_t *lines, const char *before, struct buf *out)
{
	const json_t *line;
	bool first = true;
	size_t i;

	json_array_foreach (lines, i, line) {
		const char *text = json_string_value(line);
		_cleanup_free_ char *whole = NULL;
		int empty = line_empty(r, text);

		if (empty < 0)
			return empty;
		if (empty)
			continue;
		whole = render_text(r, text);
		if (!whole)
			return -EINVAL;
		(void)buf_addf(out, "%s%s", first ? (before ? before : "\n\n") : "\n", whole);
		first = false;
	}
	return 0;
}

char *render_with_footer(
	const struct render *r, const char *text, const json_t *footer, const char *before)
{
	_cleanup_buf_ struct buf out = BUF_INIT(RENDER_MAX);
	_cleanup_free_ char *body = render_text(r, text);

	if (!body)
		return NULL;
	(void)buf_adds(&out, body);
	if (add_footer(r, footer, before, &out))
		return NULL;
	if (out.over) {
		err_set(r->e, -EINVAL, "longer than %d bytes", RENDER_MAX);
		return NULL;
	}
	return buf_take(&out);
}
