/* fetched: the ledger of what was fetched, ".fetched.json" in the spool: name -> stamp (listing.h).
 * Read at the start, written whole and durably at each change. Whoever loses it fetches everything
 * again, which is harmless. Owner and thread: fetch.c. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

#include "listing.h"

struct fetched;
/* Never fails: what cannot be read is told, by `who`, and counts as nothing fetched. */
struct fetched *fetched_open(int dir, const char *who);
void fetched_close(struct fetched *d); /* NULL-safe; dir is the caller's */
bool fetched_has(const struct fetched *d, const struct listing_file *file);
int fetched_add(struct fetched *d, const struct listing_file *file, struct err *e);
int fetched_remove(struct fetched *d, const struct listing_file *file, struct err *e);
/* As if it had not been removed; durable with the next change. */
void fetched_back(struct fetched *d, const struct listing_file *file);
/* What the server has no more is no more to be known. */
void fetched_prune(struct fetched *d, const struct listing *l);
