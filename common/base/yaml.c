/* yaml: see yaml.h. libyaml's events, one recursive descent bounded by YAML_DEPTH_MAX.
 *
 * Guarantees: no alias is ever expanded (no "billion laughs"), memory is linear in the input, the
 * texts of faults quote keys of the configuration but never a value (it may be a secret).
 * Known gap: a key that holds a dot shares its path with a nested key of the same spelling; only
 * the line told may then be the other one's. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#include "base/fsio.h"
#include "base/util.h"
#include "base/yaml.h"

#define KEY_MAX	   128 /* bytes of a key */
#define FAULTS_MAX 100 /* then reading stops: nobody reads more */

struct yaml_lines {
	json_t *places; /* path -> [line, text|null] */
};

struct reader {
	yaml_parser_t parser;
	const char *name;
	struct yaml_lines *lines;
	struct buf *faults;
	struct err *e;
	int n_faults;
	bool stop; /* syntax error or too many faults: nothing more can be read */
	char path[YAML_DEPTH_MAX * (KEY_MAX + 1) + 1];
};

void yaml_lines_free(struct yaml_lines *l)
{
	if (!l)
		return;
	json_decref(l->places);
	free(l);
}
DEFINE_CLEANUP(struct yaml_lines *, yaml_lines_free);

static const json_t *place_of(const struct yaml_lines *l, const char *path)
{
	return l ? json_object_get(l->places, path) : NULL;
}

int yaml_line(const struct yaml_lines *l, const char *path)
{
	_cleanup_free_ char *at = xstrdup(path);

	for (char *dot = at; dot && *at;) {
		const json_t *place = place_of(l, at);

		if (place)
			return (int)json_integer_value(json_array_get(place, 0));
		dot = strrchr(at, '.');
		if (dot)
			*dot = '\0';
	}
	return 1;
}

const char *yaml_text(const struct yaml_lines *l, const char *path)
{
	return json_string_value(json_array_get(place_of(l, path), 1));
}

__attribute__((format(printf, 3, 4))) static void fault(
	struct reader *r, size_t line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (r->n_faults++ == 0)
		err_set(r->e, -EINVAL, "%s:%zu: %s", r->name, line, text);
	if (r->faults)
		(void)buf_addf(r->faults, "%s:%zu: %s\n", r->name, line, text);
	if (r->n_faults >= FAULTS_MAX)
		r->stop = true;
}

static const char *here(const struct reader *r)
{
	return *r->path ? r->path : "top level";
}

static size_t line_of(const yaml_event_t *ev)
{
	return ev->start_mark.line + 1;
}

static bool next_event(struct reader *r, yaml_event_t *ev)
{
	const yaml_parser_t *p = &r->parser;
	size_t line;

	if (r->stop)
		return false;
	if (yaml_parser_parse(&r->parser, ev))
		return true;
	/* libyaml's texts are constants of its own, they quote nothing */
	line = (p->problem_mark.line || p->problem_mark.column ? p->problem_mark.line
							       : p->mark.line) +
	       1;
	if (p->context)
		fault(r, line, "not YAML: %s, %s (begun on line %zu)", p->problem, p->context,
			p->context_mark.line + 1);
	else
		fault(r, line, "not YAML: %s", p->problem ? p->problem : "unreadable");
	r->stop = true;
	return false;
}

/* --- scalars ------------------------------------------------------------------------------- */

static bool one_of(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(s, *list) == 0)
			return true;
	return false;
}

static bool only(const char *s, const char *digits)
{
	return *s && s[strspn(s, digits)] == '\0';
}

/* [-]digits, no leading zero; 0x…, 0o…. */
static bool looks_int(const char *s)
{
	if (strncmp(s, "0x", 2) == 0)
		return only(s + 2, "0123456789abcdefABCDEF");
	if (strncmp(s, "0o", 2) == 0)
		return only(s + 2, "01234567");
	s += *s == '-';
	return only(s, "0123456789") && (*s != '0' || !s[1]);
}

static int int_value(const char *s, json_int_t *ret)
{
	const bool hex = strncmp(s, "0x", 2) == 0, oct = strncmp(s, "0o", 2) == 0;

	errno = 0;
	*ret = strtoll(hex || oct ? s + 2 : s, NULL, hex ? 16 : oct ? 8 : 10);
	return errno ? -ERANGE : 0;
}

/* [-]digits[.digits][e[+-]digits] with a dot or an exponent; no leading zeros such as 00.5. */
static bool looks_real(const char *s)
{
	size_t whole, fraction = 0;

	s += *s == '-';
	whole = strspn(s, "0123456789");
	if (whole > 1 && *s == '0')
		return false;
	s += whole;
	if (*s == '.')
		fraction = strspn(s + 1, "0123456789"), s += 1 + fraction;
	if (whole + fraction == 0)
		return false;
	if (*s != 'e' && *s != 'E')
		return *s == '\0';
	s++;
	s += *s == '+' || *s == '-';
	return only(s, "0123456789");
}

static json_t *plain_value(struct reader *r, const char *s, size_t line)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const yes[] = {"true", "True", "TRUE", NULL};
	static const char *const no[] = {"false", "False", "FALSE", NULL};
	static const char *const odd[] = {".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF",
		"+.inf", ".nan", ".NaN", ".NAN", NULL};
	json_int_t i = 0;
	json_t *v;

	if (one_of(s, nulls))
		return json_null();
	if (one_of(s, yes) || one_of(s, no))
		return json_boolean(one_of(s, yes));
	if (one_of(s, odd)) {
		fault(r, line, "%s: infinite or not a number; write a number, or quote it",
			here(r));
		return json_null();
	}
	if (looks_int(s)) {
		if (!int_value(s, &i))
			return json_integer(i);
		fault(r, line, "%s: integer beyond 64 bits; quote it to keep it as text", here(r));
		return json_null();
	}
	v = looks_real(s) ? json_real(strtod(s, NULL)) : NULL; /* NULL: overflows to infinity */
	return v ? v : json_string(s);
}

static json_t *scalar(struct reader *r, const yaml_event_t *ev)
{
	const char *s = (const char *)ev->data.scalar.value;
	const size_t line = line_of(ev);
	json_t *v;

	if (strlen(s) != ev->data.scalar.length) {
		fault(r, line, "%s: holds a NUL character", here(r));
		return json_null();
	}
	if (ev->data.scalar.tag) /* "!" alone counts too: nothing here needs a tag */
		fault(r, line, "%s: tags (!…) are not supported; quote text to keep it text",
			here(r));
	v = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_value(r, s, line)
							     : json_string(s);
	return v ? v : json_null();
}

/* --- structure ----------------------------------------------------------------------------- */

static json_t *node(struct reader *r, yaml_event_t *ev, int depth, size_t place_line);

static void note_place(struct reader *r, size_t line, const char *text)
{
	json_t *place;

	if (json_object_get(r->lines->places, r->path))
		return;
	place = json_pack("[I, s?]", (json_int_t)line, text);
	if (!place || json_object_set_new(r->lines->places, r->path, place))
		abort(); /* out of memory */
}

/* Appends ".name" to the path; returns the old length, for truncating back. */
static size_t path_push(struct reader *r, const char *name)
{
	const size_t len = strlen(r->path);

	snprintf(r->path + len, sizeof r->path - len, "%s%s", len ? "." : "", name);
	return len;
}

static bool refuse_marks(
	struct reader *r, const yaml_char_t *anchor, const yaml_char_t *tag, size_t line)
{
	if (anchor)
		fault(r, line, "%s: anchors (&…) are not supported; write the value out", here(r));
	if (tag)
		fault(r, line, "%s: tags (!…) are not supported", here(r));
	return anchor || tag;
}

/* The text of a key, or NULL after telling the fault. Consumes what a non-scalar key holds. */
static char *key_text(struct reader *r, yaml_event_t *ev, int depth)
{
	const size_t line = line_of(ev);
	const char *s;

	if (ev->type != YAML_SCALAR_EVENT) {
		fault(r, line, "a key must be plain text");
		json_decref(node(r, ev, depth, line));
		return NULL;
	}
	s = (const char *)ev->data.scalar.value;
	refuse_marks(r, ev->data.scalar.anchor, NULL, line);
	if (!*s || strlen(s) != ev->data.scalar.length || strlen(s) > KEY_MAX) {
		fault(r, line, "a key must be text of 1 to %d bytes", KEY_MAX);
		return NULL;
	}
	return xstrdup(s);
}

/* One "key: value"; false at the end of the map or of what can be read. */
static bool map_member(struct reader *r, json_t *map, int depth)
{
	_cleanup_free_ char *key = NULL;
	yaml_event_t ev;
	size_t line, was;
	json_t *v;

	if (!next_event(r, &ev))
		return false;
	if (ev.type == YAML_MAPPING_END_EVENT) {
		yaml_event_delete(&ev);
		return false;
	}
	line = line_of(&ev);
	key = key_text(r, &ev, depth);
	yaml_event_delete(&ev);
	if (!next_event(r, &ev))
		return false;
	was = path_push(r, key ? key : "?");
	if (key && json_object_get(map, key))
		fault(r, line, "%s: written twice; the first is on line %d", here(r),
			yaml_line(r->lines, r->path));
	v = node(r, &ev, depth, line);
	yaml_event_delete(&ev);
	r->path[was] = '\0';
	if (key && !json_object_get(map, key)) {
		if (json_object_set_new(map, key, v))
			abort();
	} else {
		json_decref(v);
	}
	return true;
}

static json_t *map_node(struct reader *r, int depth)
{
	json_t *map = json_object();

	while (map_member(r, map, depth))
		;
	return map;
}

static json_t *list_node(struct reader *r, int depth)
{
	json_t *list = json_array();
	yaml_event_t ev;
	char index[24];
	size_t was;
	bool end;

	while (next_event(r, &ev)) {
		end = ev.type == YAML_SEQUENCE_END_EVENT;
		if (!end) {
			snprintf(index, sizeof index, "%zu", json_array_size(list));
			was = path_push(r, index);
			if (json_array_append_new(list, node(r, &ev, depth, line_of(&ev))))
				abort();
			r->path[was] = '\0';
		}
		yaml_event_delete(&ev);
		if (end)
			break;
	}
	return list;
}

static bool too_deep(struct reader *r, int depth, size_t line)
{
	if (depth < YAML_DEPTH_MAX)
		return false;
	if (!r->stop)
		fault(r, line, "%s: nested deeper than %d", here(r), YAML_DEPTH_MAX);
	r->stop = true;
	return true;
}

/* The value that begins with `ev`; never NULL. */
static json_t *node(struct reader *r, yaml_event_t *ev, int depth, size_t place_line)
{
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		note_place(r, place_line, (const char *)ev->data.scalar.value);
		refuse_marks(r, ev->data.scalar.anchor, NULL, line_of(ev));
		return scalar(r, ev);
	case YAML_MAPPING_START_EVENT:
		note_place(r, place_line, NULL);
		refuse_marks(
			r, ev->data.mapping_start.anchor, ev->data.mapping_start.tag, line_of(ev));
		return too_deep(r, depth, line_of(ev)) ? json_null() : map_node(r, depth + 1);
	case YAML_SEQUENCE_START_EVENT:
		note_place(r, place_line, NULL);
		refuse_marks(r, ev->data.sequence_start.anchor, ev->data.sequence_start.tag,
			line_of(ev));
		return too_deep(r, depth, line_of(ev)) ? json_null() : list_node(r, depth + 1);
	default: /* YAML_ALIAS_EVENT: the only other event that can stand for a value */
		fault(r, line_of(ev), "%s: aliases (*…) are not supported; write the value out",
			here(r));
		return json_null();
	}
}

/* Steps over the events that carry no value; NULL after a syntax error. */
static json_t *document(struct reader *r)
{
	json_t *root = NULL;
	yaml_event_t ev;
	bool end = false;

	while (!end && next_event(r, &ev)) {
		switch (ev.type) {
		case YAML_STREAM_END_EVENT:
			end = true;
			break;
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (root) {
				fault(r, line_of(&ev), "a second document (---) in one file");
				r->stop = true;
			}
			break;
		default:
			root = node(r, &ev, 0, line_of(&ev));
		}
		yaml_event_delete(&ev);
	}
	return root ? root : json_null();
}

int yaml_load_text(const char *name, const char *text, size_t n, json_t **ret,
	struct yaml_lines **ret_lines, struct buf *ret_faults, int *ret_n_faults, struct err *e)
{
	_cleanup_(yaml_lines_free_cleanup) struct yaml_lines *lines = xcalloc(1, sizeof *lines);
	_cleanup_free_ struct reader *r = xcalloc(1, sizeof *r);
	_cleanup_json_ json_t *root = NULL;
	struct err first = {0};
	bool whole;

	r->name = name;
	r->lines = lines;
	r->faults = ret_faults;
	r->e = &first;
	lines->places = json_object();
	if (!lines->places || !yaml_parser_initialize(&r->parser))
		abort(); /* out of memory */
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, n);
	root = document(r);
	yaml_parser_delete(&r->parser);
	whole = !r->stop;
	if (ret_n_faults)
		*ret_n_faults = r->n_faults;
	*ret = whole ? TAKE_PTR(root) : NULL;
	if (ret_lines)
		*ret_lines = whole ? TAKE_PTR(lines) : NULL;
	if (r->n_faults > 1)
		return err_set(e, -EINVAL, "%s (and %d more)", first.text, r->n_faults - 1);
	return r->n_faults ? err_set(e, -EINVAL, "%s", first.text) : 0;
}

int yaml_load_file_all(const char *path, size_t max_bytes, json_t **ret,
	struct yaml_lines **ret_lines, struct buf *ret_faults, int *ret_n_faults, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	struct err why = {0};
	size_t n = 0;
	int r = fsio_read_file(path, max_bytes, &text, &n, &why);

	*ret = NULL;
	if (ret_lines)
		*ret_lines = NULL;
	if (r) {
		if (ret_faults)
			(void)buf_addf(ret_faults, "%s\n", why.text);
		if (ret_n_faults)
			*ret_n_faults = 1;
		return err_set(e, r, "%s", why.text);
	}
	return yaml_load_text(path, text, n, ret, ret_lines, ret_faults, ret_n_faults, e);
}

int yaml_load_file(const char *path, size_t max_bytes, json_t **ret, struct yaml_lines **ret_lines,
	struct err *e)
{
	_cleanup_(yaml_lines_free_cleanup) struct yaml_lines *lines = NULL;
	_cleanup_json_ json_t *root = NULL;
	int r = yaml_load_file_all(path, max_bytes, &root, &lines, NULL, NULL, e);

	if (r)
		return r;
	*ret = TAKE_PTR(root);
	if (ret_lines)
		*ret_lines = TAKE_PTR(lines);
	return 0;
}
