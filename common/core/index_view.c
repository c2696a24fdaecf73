/* See index_view.h. One JSON object holds known keys, a second one changes of hashes whose base is
 * not known yet (a field with JSON null was deleted). */
#include "core/index_view.h"

#include <string.h>

#include "base/util.h"

struct view {
	json_t *known, *partial;
};

struct view *view_new(void)
{
	struct view *v = xcalloc(1, sizeof(*v));

	v->known = json_object();
	v->partial = json_object();
	return v;
}

void view_free(struct view *v)
{
	if (!v)
		return;
	json_decref(v->known);
	json_decref(v->partial);
	free(v);
}

void view_clear(struct view *v)
{
	json_object_clear(v->known);
	json_object_clear(v->partial);
}

const json_t *view_get(const struct view *v, const char *key)
{
	return json_object_get(v->known, key);
}

static void hash_field(json_t *hash, const char *field, const json_t *value)
{
	if (json_is_null(value))
		json_object_del(hash, field);
	else
		json_object_set_new(hash, field, json_deep_copy(value));
}

void view_put(struct view *v, const char *key, json_t *value)
{
	json_t *partial = json_object_get(v->partial, key), *change;
	const char *field;

	if (json_object_get(v->known, key)) {
		json_decref(value);
		return;
	}
	if (partial) {
		if (!json_is_object(value)) {
			json_decref(value);
			value = json_object();
		}
		json_object_foreach (partial, field, change)
			hash_field(value, field, change);
		json_object_del(v->partial, key);
	}
	json_object_set_new(v->known, key, value);
}

static void apply_hash(struct view *v, const char *key, const char *field, json_t *value)
{
	json_t *hash = json_object_get(v->known, key);

	if (hash && !json_is_object(hash)) {
		hash = json_object();
		json_object_set_new(v->known, key, hash);
	}
	if (hash) {
		hash_field(hash, field, value);
		json_decref(value);
		return;
	}
	hash = json_object_get(v->partial, key);
	if (!hash) {
		hash = json_object();
		json_object_set_new(v->partial, key, hash);
	}
	json_object_set_new(hash, field, value);
}

void view_apply(struct view *v, const json_t *ops)
{
	size_t i;
	json_t *op;

	json_array_foreach (ops, i, op) {
		const char *name = json_string_value(json_array_get(op, 0));
		const char *key = json_string_value(json_array_get(op, 1));
		const char *field = json_string_value(json_array_get(op, 2));

		if (strcmp(name, "set") == 0) {
			json_object_set(v->known, key, json_array_get(op, 2));
		} else if (strcmp(name, "del") == 0) {
			json_object_del(v->partial, key);
			json_object_set_new(v->known, key, json_null());
		} else if (strcmp(name, "hset") == 0) {
			apply_hash(v, key, field, json_incref(json_array_get(op, 3)));
		} else if (strcmp(name, "hdel") == 0) {
			apply_hash(v, key, field, json_null());
		}
	}
}
