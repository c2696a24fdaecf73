/* x_run: one reading of a list of X, from its newest post down: which posts of it are new, what
 * comes after a page, how far it reached. Pure.
 *
 * All pages of a reading are asked for with the same since_id. Its newest id is that of the first
 * page: what is posted meanwhile belongs to the next reading. It is whole when a page has no
 * next_token, and not before: only then may the place move. A page may be empty and still lead to
 * another. Direct messages know no since_id: their reading ends at the first page that holds one
 * known before. */
#pragma once

#include "daemons/social/x_page.h"
#include "daemons/social/x_place.h"

#define X_MENTIONS_MAX 800			/* X gives no more of them */
#define X_SEARCH_MS    (7 * 24 * 3600 * 1000LL) /* recent search reaches back so far */

struct x_run {
	bool open;
	enum x_list list;
	uint64_t from;		    /* since_id; 0: by start_ms */
	uint64_t known;		    /* what is older was carried, or lies before the start */
	int64_t start_ms, began_ms; /* by X's clock */
	char next[X_TOKEN_MAX];	    /* of the page to ask for, "" the first */
	int pages;		    /* that are in Kafka */
	uint64_t newest, *ids;	    /* of posts taken in, and of their first versions */
	size_t n_ids, n_given;
	bool reached; /* a direct message known before was seen */
};
void x_run_free(struct x_run *r);

/* Looks at a post of the page at hand. False: it was taken in before. True: it is new, and an edit
 * if its first version was carried; one that was never carried itself comes as the message. */
bool x_run_is_new(struct x_run *r, const struct x_place *place, struct x_post *post);
void x_run_took(struct x_run *r, const struct x_post *post); /* it will be in Kafka */

enum x_next { X_NEXT_PAGE, X_NEXT_NONE, X_NEXT_ROUND };
/* The page is in Kafka. X_NEXT_ROUND: it leads to itself; the reading is not whole. */
enum x_next x_run_page_done(struct x_run *r, const struct x_page *p);

/* Whether a whole reading could not reach back to the last one, of `last_ms` (0: the first). */
bool x_run_has_gap(const struct x_run *r, int64_t last_ms);
