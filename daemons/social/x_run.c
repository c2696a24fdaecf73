/* x_run: see x_run.h. */
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "daemons/social/x_run.h"

void x_run_free(struct x_run *r)
{
	free(r->ids);
	*r = (struct x_run){0};
}

static bool in_run(const struct x_run *r, uint64_t id)
{
	for (size_t i = r->n_ids; i > 0; i--)
		if (r->ids[i - 1] == id)
			return true;
	return false;
}

static void remember(struct x_run *r, uint64_t id)
{
	if (!id || in_run(r, id))
		return;
	if ((r->n_ids & (r->n_ids + 1)) == 0) /* full at 0, 1, 3, 7 ... */
		r->ids = xrealloc(r->ids, 2 * (r->n_ids + 1) * sizeof(*r->ids));
	r->ids[r->n_ids++] = id;
}

bool x_run_is_new(struct x_run *r, const struct x_place *place, struct x_post *post)
{
	if (!post->id)
		return true;
	if (r->pages == 0)
		r->newest = MAX(r->newest, post->id);
	if (r->list == X_MESSAGES && (post->id <= r->known || post->m.sent_ms < r->start_ms))
		r->reached = true;
	if (x_place_seen(place, post->id) || in_run(r, post->id))
		return false;
	if (post->first != post->id &&
		(x_place_carried(place, r->known, post->first) || in_run(r, post->first)))
		x_post_is_edit(post);
	/* a list without since_id shows again what was taken in long ago */
	return r->list != X_MESSAGES || post->id > r->known;
}

void x_run_took(struct x_run *r, const struct x_post *post)
{
	remember(r, post->id);
	remember(r, post->first);
}

enum x_next x_run_page_done(struct x_run *r, const struct x_page *p)
{
	bool more = *p->next_token && !r->reached;
	bool round = more && strcmp(p->next_token, r->next) == 0;

	if (r->pages++ == 0)
		r->newest = MAX(r->newest, p->newest);
	r->n_given += p->n_items;
	memcpy(r->next, p->next_token, sizeof(r->next));
	return round ? X_NEXT_ROUND : more ? X_NEXT_PAGE : X_NEXT_NONE;
}

bool x_run_has_gap(const struct x_run *r, int64_t last_ms)
{
	if (!last_ms)
		return false;
	if (r->list == X_SEARCH)
		return r->began_ms - last_ms > X_SEARCH_MS;
	return r->list == X_MENTIONS && r->n_given >= X_MENTIONS_MAX;
}
