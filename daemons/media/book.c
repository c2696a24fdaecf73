/* See book.h. */
#include "book.h"

#include <string.h>

#include "base/crypto.h"
#include "base/util.h"

struct done {
	uint8_t key[16];
};

void book_init(struct book *b, size_t n_topics)
{
	*b = (struct book){.topics = xcalloc(n_topics, sizeof(*b->topics)),
		.n_topics = n_topics,
		.done = IDMAP_INIT(struct done)};
	for (size_t i = 0; i < n_topics; i++) {
		b->topics[i].next = b->topics[i].committed = -1;
		b->topics[i].end = &b->topics[i].first;
	}
}

void book_free(struct book *b)
{
	for (size_t i = 0; i < b->n_topics; i++)
		for (struct book_message *m = b->topics[i].first, *next; m; m = next) {
			next = m->next;
			free(m);
		}
	free(b->topics);
	idmap_free(&b->done);
	*b = (struct book){0};
}

struct book_topic *book_topic(struct book *b, const char *topic)
{
	for (size_t i = 0; i < b->n_topics; i++)
		if (strcmp(b->topics[i].topic, topic) == 0)
			return &b->topics[i];
	return NULL;
}

static void key_of(uint8_t key[16], const char *message, size_t index)
{
	uint32_t n = (uint32_t)index;

	sha256_key(key, message, strlen(message), &n, sizeof(n));
}

bool book_is_done(const struct book *b, const char *message, size_t index)
{
	uint8_t key[16];

	key_of(key, message, index);
	return idmap_get(&b->done, key) != NULL;
}

void book_set_done(struct book *b, const char *message, size_t index)
{
	uint8_t key[16];

	key_of(key, message, index);
	idmap_put(&b->done, key, NULL);
}

struct book_message *book_read(struct book_topic *t, int64_t offset, const char *id, size_t open)
{
	struct book_message *m = NULL;

	if (open) {
		m = xcalloc(1, sizeof(*m));
		m->offset = offset;
		m->open = open;
		snprintf(m->before, sizeof(m->before), "%s", t->last);
		*t->end = m;
		t->end = &m->next;
	}
	t->next = offset + 1;
	snprintf(t->last, sizeof(t->last), "%s", id);
	return m;
}

int64_t book_settled(struct book_topic *t, const char **ret_id)
{
	struct book_message *m;

	while ((m = t->first) && m->open == 0) {
		t->first = m->next;
		if (!t->first)
			t->end = &t->first;
		free(m);
	}
	*ret_id = m ? m->before : t->last;
	return m ? m->offset : t->next;
}
