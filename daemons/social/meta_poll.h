/* meta_poll: reads the Graph API again and again for what no webhook brought (they have gaps and no
 * replay), and completes what a webhook told by ids only.
 *
 * A round asks each edge in turn (meta_graph.h), newest first, page by page, until a page holds
 * only items from before its watermark less the overlap, or there is no next page; an empty page is
 * not the end. What is not in the books is produced; when every report of the edge is in, its
 * watermark (the time its reading began) is written as a cursor, when something came in, else once
 * an hour: report before cursor. A report that failed, a call that was given up: the watermark
 * stays, the next round reads the same again. Paging cursors are never stored. Calls that are
 * refused for want of a permission are told and left out until the next round; other edges go on.
 *
 * Guarantee: killed anywhere, everything the API still shows that is newer than the watermark less
 * the overlap is read again, and has the same ids.
 * Known gaps: what appears later than `overlap` after its own date is not found here; comments on
 * posts older than `posts_ms` are not looked for. The webhook brings both. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/source.h"

#include "meta_api.h"
#include "meta_books.h"

struct meta_poll;
struct meta_poll_conf { /* borrowed */
	struct source *source;
	struct meta_api *api;
	struct meta_books *books;
	const struct meta_rules *rules;
	bool posts, comments, messages;
	int64_t every_ms, overlap_ms, posts_ms;
};
struct meta_poll *meta_poll_new(const struct meta_poll_conf *c);
void meta_poll_free(struct meta_poll *p); /* NULL-safe; after the api was closed */
void meta_poll_cursor(struct meta_poll *p, const json_t *value); /* what the last run wrote */
/* Does what can be done now; ms until the next call, -1: a report or an answer will wake it. */
int64_t meta_poll_step(struct meta_poll *p);
bool meta_poll_idle(const struct meta_poll *p); /* nothing produced waits for its report */
/* false: a person is needed (permissions). */
bool meta_poll_health(const struct meta_poll *p, char *text, size_t size);
