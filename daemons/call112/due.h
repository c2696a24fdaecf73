/* due: which of the files that a server lists may be fetched now. Pure: the time is told.
 *
 * A file is whole as `complete` says; `stable` counts from when this process first saw it as it
 * looks now. A file whose size is told rounded (Apache's 1.2M) must not have changed for more than
 * a minute as well: only then every later change shows in the minute it is listed with. A file that
 * could not be fetched waits, with full jitter up to 5 min, or until it looks otherwise. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "listing.h"

enum fetch_complete {
	FETCH_STABLE, /* size and time have not changed for settle_ms */
	FETCH_MARKER, /* name.done stands beside it */
	FETCH_SHA256, /* name.sha256 stands beside it, or the list tells its hash, and it agrees */
};		      /* a hash that is told must agree in every case */
extern const char *const fetch_complete_choices[];

#define DUE_MINUTE_MS 61000

struct due_entry; /* a file that is listed and not fetched; valid until the next due_see */
struct due;
struct due *due_new(enum fetch_complete complete, int64_t settle_ms);
void due_free(struct due *d); /* NULL-safe */
struct due_entry *due_see(
	struct due *d, const struct listing *l, const struct listing_file *file, int64_t now_ms);
bool due_now(const struct due *d, const struct listing *l, const struct listing_file *file,
	const struct due_entry *s, int64_t now_ms);
int due_failures(const struct due_entry *s); /* as it looks now */
void due_failed(struct due_entry *s, int64_t now_ms, int64_t wait_ms);
void due_fetched(struct due_entry *s);
/* What was not seen since the round before is forgotten. */
void due_round(struct due *d);
bool due_waits(const struct due *d); /* one that failed waits for its next try */
/* How long a server or file is left alone that failed so many times in a row (at least once): with
 * full jitter up to 5 min, never less than the server asked for (0: it asked for nothing). */
int64_t due_pause_ms(int failures, uint64_t random, int64_t asked_ms);
