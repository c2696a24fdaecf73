/* idmap: open addressing with linear probing over an array of items. See idmap.h. */
#include <string.h>

#include "base/idmap.h"
#include "base/util.h"

void idmap_free(struct idmap *m)
{
	free(m->tab);
	free(m->items);
	*m = (struct idmap){.stride = m->stride};
}

static uint32_t first_probe(const struct idmap *m, const void *key)
{
	uint64_t h;

	memcpy(&h, key, sizeof h);
	return (uint32_t)(h * 0x9e3779b97f4a7c15u >> 32) & (m->cap - 1);
}

/* The cell of the key, or the empty cell where it belongs. */
static uint32_t *cell(const struct idmap *m, const void *key)
{
	uint32_t i = first_probe(m, key);

	while (m->tab[i] && memcmp(idmap_at(m, m->tab[i] - 1), key, 16) != 0)
		i = (i + 1) & (m->cap - 1);
	return &m->tab[i];
}

static void grow_table(struct idmap *m)
{
	free(m->tab);
	m->cap = m->cap ? m->cap * 2 : 64;
	m->tab = xcalloc(m->cap, sizeof *m->tab);
	for (uint32_t i = 0; i < m->n; i++)
		*cell(m, idmap_at(m, i)) = i + 1;
}

void *idmap_get(const struct idmap *m, const void *key)
{
	uint32_t *c = m->cap ? cell(m, key) : NULL;

	return c && *c ? idmap_at(m, *c - 1) : NULL;
}

void *idmap_put(struct idmap *m, const void *key, bool *ret_new)
{
	void *item = idmap_get(m, key);

	if (ret_new)
		*ret_new = !item;
	if (item)
		return item;
	if ((uint64_t)(m->n + 1) * 10 > (uint64_t)m->cap * 7)
		grow_table(m);
	if (m->n == m->room) {
		m->room = m->room ? m->room + m->room / 2 : 32;
		m->items = xrealloc(m->items, (size_t)m->room * m->stride);
	}
	item = idmap_at(m, m->n);
	memset(item, 0, m->stride);
	memcpy(item, key, 16);
	*cell(m, key) = ++m->n;
	return item;
}
