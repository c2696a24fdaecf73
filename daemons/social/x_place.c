/* x_place: see x_place.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "daemons/social/x_page.h"
#include "daemons/social/x_place.h"

#define DAY_MS (24 * 3600 * 1000LL)

const char *const x_list_names[] = {"mentions", "search", "messages", NULL};

void x_place_free(struct x_place *p)
{
	free(p->recent);
	*p = (struct x_place){0};
}

void x_place_copy(const struct x_place *from, struct x_place *ret)
{
	*ret = *from;
	ret->recent = xmalloc((from->n_recent + 1) * sizeof(*ret->recent));
	if (from->n_recent)
		memcpy(ret->recent, from->recent, from->n_recent * sizeof(*ret->recent));
}

/* --- ids --- */

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

bool x_place_seen(const struct x_place *p, uint64_t id)
{
	return p->n_recent && bsearch(&id, p->recent, p->n_recent, sizeof(id), by_value);
}

static uint64_t behind(uint64_t id, int64_t overlap_ms)
{
	uint64_t by = (uint64_t)overlap_ms << X_ID_TIME_BIT;

	return id > by ? id - by : 1;
}

uint64_t x_place_from(const struct x_place *p, enum x_list list, int64_t overlap_ms)
{
	uint64_t since = p->since[list];

	return since ? MAX(behind(since, overlap_ms), MIN(p->forgotten, since)) : 0;
}

bool x_place_carried(const struct x_place *p, uint64_t from, uint64_t first)
{
	return first <= from || x_place_seen(p, first);
}

/* Rising, each once. */
static void sort(struct x_place *p)
{
	size_t n = 0;

	qsort(p->recent, p->n_recent, sizeof(*p->recent), by_value);
	for (size_t i = 0; i < p->n_recent; i++)
		if (i == 0 || p->recent[i] != p->recent[n - 1])
			p->recent[n++] = p->recent[i];
	p->n_recent = n;
}

/* The slowest list still asks for ids above its own place less the overlap. */
static uint64_t needed_above(const struct x_place *p, int64_t overlap_ms)
{
	uint64_t low = UINT64_MAX;

	for (int i = 0; i < X_LISTS; i++)
		if (p->since[i])
			low = MIN(low, behind(p->since[i], overlap_ms));
	return low == UINT64_MAX ? 0 : low;
}

static void forget(struct x_place *p, int64_t overlap_ms)
{
	uint64_t above = needed_above(p, overlap_ms);
	size_t gone = 0;

	while (gone < p->n_recent &&
		(p->recent[gone] <= above || p->n_recent - gone > X_RECENT_MAX))
		gone++;
	if (!gone)
		return;
	p->forgotten = MAX(p->forgotten, p->recent[gone - 1]);
	p->n_recent -= gone;
	memmove(p->recent, p->recent + gone, p->n_recent * sizeof(*p->recent));
}

void x_place_move(struct x_place *p, enum x_list list, int64_t read_ms, uint64_t newest,
	const uint64_t *ids, size_t n_ids, int64_t overlap_ms)
{
	p->recent = xrealloc(p->recent, (p->n_recent + n_ids + 1) * sizeof(*p->recent));
	if (n_ids)
		memcpy(p->recent + p->n_recent, ids, n_ids * sizeof(*ids));
	p->n_recent += n_ids;
	sort(p);
	p->since[list] = MAX(p->since[list], newest);
	p->read_ms[list] = MAX(p->read_ms[list], read_ms);
	forget(p, overlap_ms);
}

/* --- as a cursor --- */

static void set_id(json_t *o, const char *key, uint64_t id)
{
	char text[X_ID_SIZE];

	if (!id)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, id);
	json_set_str(o, key, text);
}

json_t *x_place_value(const struct x_place *p)
{
	json_t *o = json_object(), *recent = json_array(), *read = json_object();
	char text[X_ID_SIZE];

	for (int i = 0; i < X_LISTS; i++) {
		set_id(o, x_list_names[i], p->since[i]);
		if (p->read_ms[i])
			json_set_int(read, x_list_names[i], p->read_ms[i]);
	}
	json_set_new(o, "read_ms", read);
	set_id(o, "forgotten", p->forgotten);
	for (size_t i = 0; i < p->n_recent; i++) {
		snprintf(text, sizeof(text), "%" PRIu64, p->recent[i]);
		json_array_append_new(recent, json_str_new(text));
	}
	json_set_new(o, "recent", recent);
	return o;
}

void x_place_load(struct x_place *p, const json_t *value)
{
	const json_t *list = json_object_get(value, "recent"), *id;
	size_t i;

	x_place_free(p);
	for (int l = 0; l < X_LISTS; l++) {
		(void)x_id_parse(json_str(value, x_list_names[l]), &p->since[l]);
		p->read_ms[l] = json_int(json_object_get(value, "read_ms"), x_list_names[l], 0);
	}
	(void)x_id_parse(json_str(value, "forgotten"), &p->forgotten);
	p->recent = xmalloc((json_array_size(list) + 1) * sizeof(*p->recent));
	json_array_foreach (list, i, id) {
		if (x_id_parse(json_string_value(id), &p->recent[p->n_recent]) == 0)
			p->n_recent++;
	}
	sort(p);
}

/* --- requests of a day --- */

bool x_budget_take(struct x_budget *b, int64_t wall_ms, int64_t a_day)
{
	int64_t day = wall_ms / DAY_MS;

	if (day != b->day)
		*b = (struct x_budget){.day = day};
	if (b->used >= a_day)
		return false;
	b->used++;
	return true;
}

int64_t x_day_ends_ms(int64_t wall_ms)
{
	return DAY_MS - wall_ms % DAY_MS;
}

json_t *x_budget_value(const struct x_budget *b)
{
	json_t *o = json_object();

	json_set_int(o, "day", b->day);
	json_set_int(o, "used", b->used);
	return o;
}

void x_budget_load(struct x_budget *b, const json_t *value)
{
	b->day = json_int(value, "day", 0);
	b->used = json_int(value, "used", 0);
}
