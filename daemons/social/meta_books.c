/* meta_books: see meta_books.h. */
#include <string.h>

#include "base/idmap.h"
#include "base/json.h"
#include "base/util.h"

#include "meta_books.h"

struct known {
	uint8_t id[16];
	bool durable;
	uint16_t flying;
};
struct notice {
	struct notice *next;
	struct meta_fetch *fetch;
	uint8_t target[16]; /* id of the message it is about */
	int64_t due_ms;
};
struct meta_books {
	struct idmap known;
	struct notice *first, **last;
	long n_notices;
};

struct meta_books *meta_books_new(void)
{
	struct meta_books *b = xcalloc(1, sizeof(*b));

	b->known = IDMAP_INIT(struct known);
	b->last = &b->first;
	return b;
}

static void notice_free(struct notice *n)
{
	meta_fetch_free(n->fetch);
	free(n);
}

void meta_books_free(struct meta_books *b)
{
	if (!b)
		return;
	for (struct notice *n = b->first, *next; n; n = next) {
		next = n->next;
		notice_free(n);
	}
	idmap_free(&b->known);
	free(b);
}

static void id_of(const struct message *m, uint8_t ret[16])
{
	char text[UUID_TEXT_SIZE];

	message_identity(m, text);
	if (uuid_parse(text, ret))
		memset(ret, 0, 16);
}

static struct known *known_put(struct meta_books *b, const uint8_t id[16])
{
	bool is_new;

	return idmap_put(&b->known, id, &is_new);
}

static bool is_durable(const struct meta_books *b, const uint8_t id[16])
{
	const struct known *k = idmap_get(&b->known, id);

	return k && k->durable;
}

/* --- notices --- */

static void drop_settled(struct meta_books *b)
{
	struct notice **at = &b->first, *n;

	while ((n = *at)) {
		if (!is_durable(b, n->target)) {
			at = &n->next;
			continue;
		}
		*at = n->next;
		b->n_notices--;
		notice_free(n);
	}
	b->last = at;
}

/* Takes `f` over. */
static void add_notice(struct meta_books *b, struct meta_fetch *f, const struct message *base)
{
	struct message about = *base;
	struct notice *n;
	uint8_t target[16];

	meta_fetch_message(f, &about);
	id_of(&about, target);
	for (n = b->first; n && memcmp(n->target, target, 16) != 0; n = n->next)
		;
	if (n || is_durable(b, target)) {
		meta_fetch_free(f);
		return;
	}
	n = xcalloc(1, sizeof(*n));
	n->fetch = f;
	memcpy(n->target, target, 16);
	*b->last = n;
	b->last = &n->next;
	b->n_notices++;
}

struct meta_fetch *meta_books_due(struct meta_books *b, int64_t now_ms, int64_t *ret_wait_ms)
{
	*ret_wait_ms = -1;
	drop_settled(b);
	for (const struct notice *n = b->first; n; n = n->next) {
		int64_t wait_ms = n->due_ms - now_ms;

		if (wait_ms <= 0)
			return n->fetch;
		if (*ret_wait_ms < 0 || wait_ms < *ret_wait_ms)
			*ret_wait_ms = wait_ms;
	}
	return NULL;
}

void meta_books_put_off(struct meta_books *b, struct meta_fetch *f, int64_t due_ms)
{
	for (struct notice *n = b->first; n; n = n->next)
		if (n->fetch == f)
			n->due_ms = due_ms;
}

long meta_books_waiting(const struct meta_books *b)
{
	return b->n_notices;
}

/* --- messages --- */

static bool same(const json_t *record, const char *key, const char *value)
{
	const char *s = json_str(record, key);

	return s && value && strcmp(s, value) == 0;
}

void meta_books_raw(struct meta_books *b, const struct message *base, const json_t *record)
{
	struct meta_fetch *f;
	uint8_t id[16];

	if (!same(record, "tenant", base->tenant) || !same(record, "account", base->account) ||
		!same(record, "channel", base->channel) ||
		uuid_parse(json_str_or(record, "id", ""), id))
		return;
	known_put(b, id)->durable = true;
	f = message_class_get(record) == MC_SYSTEM
		    ? meta_fetch_of(json_object_get(record, "fields"))
		    : NULL;
	if (f)
		add_notice(b, f, base);
}

struct meta_flight *meta_books_fly(struct meta_books *b, const struct message *m)
{
	struct meta_flight *f = xcalloc(1, sizeof(*f));

	id_of(m, f->id);
	known_put(b, f->id)->flying++;
	if (m->class == MC_SYSTEM && m->fields)
		f->fetch = meta_fetch_of(m->fields);
	return f;
}

void meta_books_land(
	struct meta_books *b, struct meta_flight *f, const struct message *base, bool persisted)
{
	struct known *k = known_put(b, f->id);

	k->flying--;
	k->durable |= persisted;
	if (persisted && f->fetch)
		add_notice(b, TAKE_PTR(f->fetch), base);
	meta_fetch_free(f->fetch);
	free(f);
}

static const struct known *find(const struct meta_books *b, const struct message *m)
{
	uint8_t id[16];

	id_of(m, id);
	return idmap_get(&b->known, id);
}

bool meta_books_has(const struct meta_books *b, const struct message *m)
{
	const struct known *k = find(b, m);

	return k && k->durable;
}

bool meta_books_flying(const struct meta_books *b, const struct message *m)
{
	const struct known *k = find(b, m);

	return k && k->flying;
}
