/* options_fields: filled structs compared and released, field by field; see options.h. */
#include <string.h>

#include "base/options_private.h"
#include "base/util.h"

/* --- comparing ----------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_strings(const struct strlist *a, const struct strlist *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = same_text(a->v[i], b->v[i]);
	return same;
}

static bool same_map(const struct strmap *a, const struct strmap *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = same_text(a->v[i].key, b->v[i].key) &&
		       same_text(a->v[i].value, b->v[i].value);
	return same;
}

static bool same_list(
	const struct option_row *row, const struct optlist *a, const struct optlist *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = options_same(row->sub, (const char *)a->v + i * row->sub_size,
			(const char *)b->v + i * row->sub_size);
	return same;
}

static bool same_field(const struct option_row *row, const void *a, const void *b)
{
	switch (row->type) {
	case OPT_STRING:
	case OPT_PATH:
	case OPT_SECRET:
		return same_text(*(char *const *)a, *(char *const *)b);
	case OPT_INT:
	case OPT_DURATION:
	case OPT_SIZE:
		return *(const int64_t *)a == *(const int64_t *)b;
	case OPT_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case OPT_ENUM:
		return *(const int *)a == *(const int *)b;
	case OPT_STRINGS:
		return same_strings(a, b);
	case OPT_MAP:
		return same_map(a, b);
	case OPT_LIST:
		return same_list(row, a, b);
	case OPT_JSON:
		return *(json_t *const *)a == *(json_t *const *)b ||
		       json_equal(*(json_t *const *)a, *(json_t *const *)b);
	}
	return false;
}

bool options_same(const struct option_row *rows, const void *a, const void *b)
{
	for (; rows->key; rows++)
		if (!same_field(
			    rows, (const char *)a + rows->offset, (const char *)b + rows->offset))
			return false;
	return true;
}

/* --- releasing ----------------------------------------------------------------------------- */

static void free_list(const struct option_row *row, struct optlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		options_free(row->sub, (char *)l->v + i * row->sub_size);
	free(l->v);
	*l = (struct optlist){0};
}

static void free_strings(struct strlist *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct strlist){0};
}

static void free_map(struct strmap *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].key);
		free(m->v[i].value);
	}
	free(m->v);
	*m = (struct strmap){0};
}

static void free_secret(char **s)
{
	if (*s)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

void options_free_field(const struct option_row *row, void *base)
{
	void *p = (char *)base + row->offset;

	switch (row->type) {
	case OPT_STRING:
	case OPT_PATH:
		free(*(char **)p);
		*(char **)p = NULL;
		break;
	case OPT_SECRET:
		free_secret(p);
		break;
	case OPT_INT:
	case OPT_DURATION:
	case OPT_SIZE:
		*(int64_t *)p = 0;
		break;
	case OPT_BOOL:
		*(bool *)p = false;
		break;
	case OPT_ENUM:
		*(int *)p = 0;
		break;
	case OPT_STRINGS:
		free_strings(p);
		break;
	case OPT_MAP:
		free_map(p);
		break;
	case OPT_LIST:
		free_list(row, p);
		break;
	case OPT_JSON:
		json_decref(*(json_t **)p);
		*(json_t **)p = NULL;
		break;
	}
}

void options_free(const struct option_row *rows, void *target)
{
	for (; rows->key; rows++)
		options_free_field(rows, target);
}
