/* masters_read: an endpoint's list of numbers (institutions, categories …) out of its answers, or
 * out of a file kept by hand. Pure.
 *
 * An answer is taken as the list only when it can be believed: every page came, as many entries as
 * it says itself, not empty, most of them readable. Whether too much of what was known is gone is
 * core/masters' to say. Names are those of institutions and categories, not of persons.
 * Thread: any. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/profile_masters.h"

#define MASTERS_ENTRIES_MAX 20000
#define MASTERS_PAGES_MAX   100
#define MASTERS_FILE_MAX    (16 << 20)
#define MASTERS_NAME_CHARS  200 /* a longer name is cut */

struct master_read { /* an answer, page by page */
	const struct profile_master *m;
	json_t *entries; /* id -> name, in the order of the endpoint */
	int64_t told;	 /* how many there are, by its own word; -1 = it does not say */
	long seen;	 /* entries so far, those below too */
	long skipped;	 /* without number or name */
	long doubles;	 /* of a number that came before; the first counts */
	int pages;
};
void master_read_init(struct master_read *r, const struct profile_master *m);
void master_read_free(struct master_read *r);
/* The next page's body. *ret_more: another page follows. -EINVAL: it is no list; -E2BIG: more than
 * is ever kept. */
int master_read_page(
	struct master_read *r, const char *body, size_t n, bool *ret_more, struct err *e);
/* The bytes of a file kept by hand: CSV, its first line has the columns id and name. A line that is
 * broken, or a number that stands there twice, is a fault: a person can mend it. `name` stands for
 * the file. */
int master_read_csv(
	struct master_read *r, const char *name, const char *p, size_t n, struct err *e);
/* After the last page: can it be believed? */
int master_read_end(const struct master_read *r, struct err *e);
