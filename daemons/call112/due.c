/* due: see due.h. */
#include "due.h"

#include <string.h>

#include "base/util.h"
#include "core/outcome.h"

#define AGAIN_MS      1000
#define AGAIN_MOST_MS (5 * 60 * 1000)
#define FAILURES_MAX  20 /* more change no wait */

const char *const fetch_complete_choices[] = {"stable", "marker", "sha256", NULL};

struct due_entry {
	char name[LISTING_NAME_MAX + 1];
	char stamp[2 * LISTING_STAMP_MAX]; /* its own and its manifest's */
	int64_t since_ms, not_before_ms;
	int failures;
	bool listed;
};

struct due {
	enum fetch_complete complete;
	int64_t settle_ms;
	struct due_entry *v;
	size_t n;
};

struct due *due_new(enum fetch_complete complete, int64_t settle_ms)
{
	struct due *d = xcalloc(1, sizeof(*d));

	d->complete = complete;
	d->settle_ms = settle_ms;
	return d;
}

void due_free(struct due *d)
{
	if (!d)
		return;
	free(d->v);
	free(d);
}

static struct due_entry *entry_of(struct due *d, const char *name)
{
	struct due_entry *s;

	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->v[i].name, name) == 0)
			return &d->v[i];
	d->v = xrealloc(d->v, (d->n + 1) * sizeof(*d->v));
	s = &d->v[d->n++];
	*s = (struct due_entry){0};
	snprintf(s->name, sizeof(s->name), "%s", name);
	return s;
}

struct due_entry *due_see(
	struct due *d, const struct listing *l, const struct listing_file *file, int64_t now_ms)
{
	const struct listing_file *manifest = listing_beside(l, file->name, ".sha256");
	struct due_entry *s = entry_of(d, file->name);
	char stamp[2 * LISTING_STAMP_MAX];

	snprintf(stamp, sizeof(stamp), "%s %s", file->stamp, manifest ? manifest->stamp : "");
	if (!*s->stamp || strcmp(s->stamp, stamp) != 0) {
		snprintf(s->stamp, sizeof(s->stamp), "%s", stamp);
		s->since_ms = now_ms;
		s->not_before_ms = 0;
		s->failures = 0;
	}
	s->listed = true;
	return s;
}

static bool complete(const struct due *d, const struct listing *l, const struct listing_file *file,
	const struct due_entry *s, int64_t now_ms)
{
	switch (d->complete) {
	case FETCH_MARKER:
		return listing_beside(l, s->name, ".done") != NULL;
	case FETCH_SHA256:
		return *file->sha256 || listing_beside(l, s->name, ".sha256");
	case FETCH_STABLE:
		break;
	}
	return now_ms - s->since_ms >=
	       (file->minute ? MAX(d->settle_ms, DUE_MINUTE_MS) : d->settle_ms);
}

bool due_now(const struct due *d, const struct listing *l, const struct listing_file *file,
	const struct due_entry *s, int64_t now_ms)
{
	return now_ms >= s->not_before_ms && complete(d, l, file, s, now_ms);
}

int due_failures(const struct due_entry *s)
{
	return s->failures;
}

void due_failed(struct due_entry *s, int64_t now_ms, int64_t wait_ms)
{
	s->not_before_ms = now_ms + wait_ms;
	s->failures++;
}

void due_fetched(struct due_entry *s)
{
	s->listed = false;
}

void due_round(struct due *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].listed)
			d->v[n++] = d->v[i];
	d->n = n;
	for (size_t i = 0; i < n; i++)
		d->v[i].listed = false;
}

bool due_waits(const struct due *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].not_before_ms)
			return true;
	return false;
}

int64_t due_pause_ms(int failures, uint64_t random, int64_t asked_ms)
{
	int64_t own = AGAIN_MS / 2 +
		      backoff_ms(AGAIN_MS, AGAIN_MOST_MS, MIN(failures, FAILURES_MAX), random);

	return MAX(own, asked_ms);
}
