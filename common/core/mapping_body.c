/* mapping_body: a foreign body taken apart into messages, and pointers followed; see mapping.h.
 *
 * Everything becomes one JSON text: a JSON body is that itself, a form is written as an object of
 * its fields, a form's JSON field is its value. From there on only spans are handed on, so that a
 * broken element never loses its neighbours. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/httpd_check.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"
#include "core/mapping_private.h"

#define FORM_FIELDS_MAX 200

/* --- pointers --- */

const char *mapping_pointer_part(const char *pointer, char part[MAPPING_POINTER_MAX + 1])
{
	size_t n = 0;

	if (*pointer != '/')
		return NULL;
	for (pointer++; *pointer && *pointer != '/' && n < MAPPING_POINTER_MAX; pointer++) {
		if (*pointer == '~' && (pointer[1] == '0' || pointer[1] == '1'))
			part[n++] = *++pointer == '0' ? '~' : '/';
		else
			part[n++] = *pointer;
	}
	part[n] = '\0';
	return pointer;
}

static int span_nth(struct span list, const char *index, struct span *ret)
{
	struct json_span_iter it;
	int64_t want;

	if (parse_i64(index, 0, MAPPING_MESSAGES_MAX, &want) || json_span_array(list, &it))
		return -ENOENT;
	for (int64_t i = 0; json_span_next(&it, ret) == 1; i++)
		if (i == want)
			return 0;
	return -ENOENT;
}

int mapping_span_at(struct span at, const char *pointer, struct span *ret)
{
	char part[MAPPING_POINTER_MAX + 1];
	int r = 0;

	while (r == 0 && (pointer = mapping_pointer_part(pointer, part))) {
		struct span next;

		if (at.n && *at.p == '[')
			r = span_nth(at, part, &next);
		else
			r = json_span_member(at, part, &next);
		if (r == 0)
			at = next;
	}
	*ret = at;
	return r;
}

json_t *mapping_value_at(const json_t *j, const char *pointer)
{
	char part[MAPPING_POINTER_MAX + 1];
	int64_t index;

	while (j && (pointer = mapping_pointer_part(pointer, part))) {
		if (!json_is_array(j))
			j = json_object_get(j, part);
		else if (parse_i64(part, 0, INT32_MAX, &index) == 0)
			j = json_array_get(j, (size_t)index);
		else
			j = NULL;
	}
	return (json_t *)(uintptr_t)j;
}

char *mapping_scalar(const json_t *v)
{
	if (json_is_string(v))
		return json_string_length(v) ? xstrdup(json_string_value(v)) : NULL;
	if (json_is_integer(v))
		return xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
	if (json_is_real(v))
		return xasprintf("%.15g", json_real_value(v));
	if (json_is_boolean(v))
		return xstrdup(json_is_true(v) ? "true" : "false");
	return NULL;
}

/* --- forms --- */

/* One part of a form, percent-decoded and made UTF-8; NULL when it is broken. */
static char *form_text(const char *p, size_t n)
{
	_cleanup_free_ char *s = xstrndup(p, n);

	if (strlen(s) != n || http_percent_decode(s))
		return NULL;
	return utf8_repair(s, strlen(s), NULL, NULL);
}

static int form_pair(json_t *form, const char *p, size_t n)
{
	const char *equals = memchr(p, '=', n);
	size_t name_len = equals ? (size_t)(equals - p) : n;
	_cleanup_free_ char *name = form_text(p, name_len);
	_cleanup_free_ char *value = equals ? form_text(equals + 1, n - name_len - 1) : xstrdup("");

	if (!name || !value)
		return -EINVAL;
	if (*name && !json_object_get(form, name))
		json_set_str(form, name, value);
	return json_object_size(form) > FORM_FIELDS_MAX ? -E2BIG : 0;
}

static const char *read_form(struct span raw, json_t *form)
{
	const char *p = raw.p, *end = raw.p + raw.n;

	while (p < end) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		size_t n = (size_t)((amp ? amp : end) - p);
		int r = n ? form_pair(form, p, n) : 0;

		if (r == -E2BIG)
			return "a form of more than 200 fields";
		if (r)
			return "a form with a broken escape or a NUL";
		p += n + 1;
	}
	return NULL;
}

static void open_form(struct mapping_body *b)
{
	_cleanup_json_ json_t *form = json_object();
	const char *value;

	b->broken = read_form(b->raw, form);
	if (b->broken)
		return;
	if (b->conf->body == MB_FORM) {
		b->text = json_text(form, NULL);
		return;
	}
	value = json_str(form, b->conf->form_field);
	if (!value)
		b->broken = "a form without the field that holds the JSON";
	else
		b->text = xstrdup(value);
}

/* --- elements --- */

static void add_element(struct mapping_body *b, struct span one)
{
	if ((b->n & (b->n - 1)) == 0) /* room for the next power of two */
		b->elements = xrealloc(b->elements, MAX(2 * b->n, 1) * sizeof(*b->elements));
	b->elements[b->n++] = one;
}

static void list_elements(struct mapping_body *b, struct span list)
{
	struct json_span_iter it;
	struct span one;
	int r;

	if (json_span_array(list, &it)) {
		add_element(b, list);
		return;
	}
	while ((r = json_span_next(&it, &one)) == 1 && b->n < MAPPING_MESSAGES_MAX)
		add_element(b, one);
	if (r == 1)
		b->broken = "more than 1000 messages in one body";
	b->cut = r < 0;
}

static void find_elements(struct mapping_body *b, struct span json)
{
	struct span list;

	if (json_depth_check(json.p, json.n, JSON_DEPTH_MAX)) {
		b->broken = "JSON nested deeper than 32";
	} else if (json_span_root(json.p, json.n, &b->root)) {
		b->broken = "not JSON";
	} else if (mapping_span_at(b->root, b->conf->messages ? b->conf->messages : "", &list)) {
		add_element(b, b->root); /* another kind of event: the rules may know it */
	} else {
		list_elements(b, list);
	}
}

struct mapping_body *mapping_open(const struct mapping_conf *m, const char *body, size_t len)
{
	struct mapping_body *b = xcalloc(1, sizeof(*b));

	b->conf = m;
	b->raw = (struct span){body, len};
	if (m->body != MB_JSON)
		open_form(b);
	if (!b->broken)
		find_elements(b, b->text ? (struct span){b->text, strlen(b->text)} : b->raw);
	return b;
}

void mapping_close(struct mapping_body *b)
{
	if (!b)
		return;
	free(b->elements);
	free(b->text);
	free(b);
}

int mapping_count(const struct mapping_body *b)
{
	return b->broken ? 1 : (int)b->n + b->cut;
}

char *mapping_root_text(const struct mapping_body *b, const char *pointer)
{
	_cleanup_json_ json_t *v = NULL;
	struct span at;

	if (strncmp(pointer, "root:", 5) == 0)
		pointer += 5;
	if (!b->root.n || mapping_span_at(b->root, pointer, &at) || !at.n || strchr("{[", *at.p))
		return NULL;
	v = json_loadb(at.p, at.n, JSON_DECODE_ANY, NULL);
	return mapping_scalar(v);
}
