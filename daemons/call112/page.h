/* page: a JSON poll's URLs and answers. Pure.
 *
 * The URL is a template: {since} becomes the time from which calls are wanted, {page} the number of
 * the page (1, 2 …) or, with `next`, the token the page before gave; everything put in is
 * percent-encoded. `next` may also give the whole URL of the next page; it must lead to the same
 * scheme, host and port, or a mistake there would send our secret elsewhere. An answer is cut into
 * items without decoding them, so one broken item loses no neighbour. Paths are as in `fields`:
 * "data.items"; "" is the document itself. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/jsonspan.h"

enum page_since { PAGE_RFC3339, PAGE_SECONDS, PAGE_MILLISECONDS };

#define PAGE_URL_MAX 4096

/* What is wrong with a template, or NULL. */
const char *page_url_fault(const char *template);
bool page_by_number(
	const char *template, const char *next_path); /* pages 1, 2 … until an empty one */

/* The URL of page `page` (from 1); `next`: what the page before gave, NULL at the first. Caller
 * frees. NULL: too long, or `next` leads to another host. */
char *page_url(
	const char *template, enum page_since format, int64_t since_ms, int page, const char *next);

struct page {
	struct json_span_iter items;
	char *next; /* NULL: none told */
};
/* -EINVAL: no list at `items_path`, or no JSON; e says so. Borrows the body. */
int page_open(const char *body, size_t n, const char *items_path, const char *next_path,
	struct page *ret, struct err *e);
void page_close(struct page *p);

/* Time of an item as text: RFC 3339 or another that idtime reads, or seconds or milliseconds since
 * 1970. -EINVAL. */
int page_time(const char *text, int zone_minutes, int64_t *ret_ms);
