/* quota: see quota.h. A token is 60,000 parts: a rate of n a minute then gives n parts a
 * millisecond, without fractions. */
#include <errno.h>
#include <string.h>

#include "base/crypto.h"
#include "base/util.h"

#include "quota.h"

#define PARTS	 60000
#define KEY_SIZE 16

struct bucket {
	uint8_t key[KEY_SIZE];
	int64_t parts, full, per_ms, at_ms;
};

struct quotas {
	uint8_t salt[KEY_SIZE];
	struct bucket *v;
	int n, max;
};

struct quotas *quotas_new(int max_names)
{
	struct quotas *q = xcalloc(1, sizeof(*q));

	q->v = xcalloc((size_t)max_names, sizeof(*q->v));
	q->max = max_names;
	random_bytes(q->salt, sizeof(q->salt));
	return q;
}

void quotas_free(struct quotas *q)
{
	if (!q)
		return;
	free(q->v);
	free(q);
}

static void refill(struct bucket *b, int64_t now_ms)
{
	int64_t passed = MAX(now_ms - b->at_ms, 0), missing = b->full - b->parts;

	/* compared before it is multiplied: after a year it would not fit */
	b->parts = passed > missing / b->per_ms ? b->full : b->parts + passed * b->per_ms;
	b->at_ms = now_ms;
}

static struct bucket *find(struct quotas *q, const char *name)
{
	uint8_t key[KEY_SIZE];

	sha256_key(key, q->salt, sizeof(q->salt), name, strlen(name));
	for (int i = 0; i < q->n; i++)
		if (memcmp(q->v[i].key, key, sizeof(key)) == 0)
			return &q->v[i];
	return NULL;
}

static struct bucket *add(struct quotas *q, const char *name, int64_t now_ms)
{
	struct bucket *b = &q->v[0];

	if (q->n < q->max) {
		b = &q->v[q->n++];
	} else {
		for (int i = 0; i < q->n; i++) {
			refill(&q->v[i], now_ms);
			if (q->v[i].full - q->v[i].parts < b->full - b->parts)
				b = &q->v[i];
		}
	}
	*b = (struct bucket){.at_ms = now_ms};
	sha256_key(b->key, q->salt, sizeof(q->salt), name, strlen(name));
	return b;
}

int64_t quota_take(struct quotas *q, const char *name, const struct quota_rate *rate, int64_t n,
	int64_t now_ms)
{
	struct bucket *b = find(q, name);
	int64_t full = rate->burst * PARTS;

	if (n > rate->burst)
		return -ERANGE;
	if (!b) {
		b = add(q, name, now_ms);
		b->parts = full;
	}
	b->full = full; /* the newest key of the client says */
	b->per_ms = rate->per_minute;
	b->parts = MIN(b->parts, full);
	refill(b, now_ms);
	if (b->parts < n * PARTS)
		return (n * PARTS - b->parts + b->per_ms - 1) / b->per_ms;
	b->parts -= n * PARTS;
	return 0;
}

void quota_give_back(struct quotas *q, const char *name, int64_t n)
{
	struct bucket *b = find(q, name);

	if (b)
		b->parts = MIN(b->full, b->parts + n * PARTS);
}
