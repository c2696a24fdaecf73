/* idmap: items of one fixed size, each beginning with a 16-byte key, found by that key. Nothing is
 * ever removed.
 *
 * For tables that stand in memory for years (filings, sources): an item costs its own size and 4
 * bytes / 0.7, nothing more. Items lie in one array: a pointer is valid until the next idmap_put,
 * an index for ever. Keys must be spread evenly already (UUIDs, hashes). Owner: the caller; single
 * thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDMAP_NONE UINT32_MAX

struct idmap {
	uint32_t *tab; /* index + 1, 0 = empty */
	uint32_t cap;  /* power of two, or 0 */
	uint32_t n, room;
	char *items;
	size_t stride;
};

#define IDMAP_INIT(type) ((struct idmap){.stride = sizeof(type)})
void idmap_free(struct idmap *m);
void *idmap_get(const struct idmap *m, const void *key); /* NULL when there is none */
/* Finds or makes (zeroed but for the key). */
void *idmap_put(struct idmap *m, const void *key, bool *ret_new);
static inline void *idmap_at(const struct idmap *m, uint32_t i)
{
	return m->items + (size_t)i * m->stride;
}
static inline uint32_t idmap_index(const struct idmap *m, const void *item)
{
	return (uint32_t)((size_t)((const char *)item - m->items) / m->stride);
}
