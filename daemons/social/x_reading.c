/* x_reading: see x_reader.h. A reading of a list: its pages taken in, its place kept.
 *
 * A reading goes from the newest post down, page by page, all pages with the same since_id, and is
 * one whole: the order is page -> every post of it produced -> every report in -> next page ...
 * last page -> cursor "place". Never a cursor before that: posts come newest first, so a cursor in
 * between would skip what the pages behind it hold. Killed anywhere, the reading begins anew; the
 * ids are the same. What X itself does not give any more (search: 7 days, mentions: the newest 800)
 * is a gap: told, counted.
 *
 * Known gaps: an element without a usable id is produced again at every reading that still sees it
 * (under the same id). A post that was edited between a crash and the reading after it comes as an
 * id-conflict, for a person. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "daemons/social/x_reader.h"

#define PLACE_KEEP_MS (3600 * 1000L) /* a place that only got older is written this often */

/* --- the end of a reading ------------------------------------------------------------------ */

void x_close_run(struct x *x, int64_t again_ms)
{
	struct x_list_state *l = &x->lists[x->run.list];

	l->due_ms = MAX(l->due_ms, clock_mono_ms() + again_ms); /* a limit may last longer */
	x_run_free(&x->run);
	x->phase = X_IDLE;
	source_wake(x->source);
}

void x_drop_page(struct x *x)
{
	if (x->page.page)
		x_page_free(x->page.page);
	free(x->page.page);
	free(x->page.body);
	x->page = (struct x_page_state){0};
}

/* The run is whole and its place is kept. */
static void moved(struct x *x)
{
	enum x_list list = x->run.list;

	x_place_free(&x->place);
	x->place = x->moved;
	x->moved = (struct x_place){0};
	x_close_run(x, x->conf->poll_ms);
	x->lists[list].wrong = false;
}

static void on_moved(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct x *x = ctx;

	(void)number;
	(void)offset;
	x->writing = false;
	if (!ok) {
		source_wake(x->source); /* written again */
		return;
	}
	memcpy(x->kept_ms, x->moved.read_ms, sizeof(x->kept_ms));
	moved(x);
}

void x_write_place(struct x *x)
{
	_cleanup_json_ json_t *value = x_place_value(&x->moved);
	struct err e = {0};

	json_set_int(value, "raw", x->offset);
	x->writing = true;
	if (source_cursor(x->source, "place", value, x->offset, on_moved, x, &e)) {
		x->writing = false;
		log_warn("the place is not written yet: %s", e.text);
	}
}

/* Something to remember, or it was long ago that a quiet list was read. */
static bool worth_writing(const struct x *x)
{
	enum x_list list = x->run.list;

	return x->run.n_ids || x->moved.since[list] != x->place.since[list] ||
	       x->moved.read_ms[list] - x->kept_ms[list] >= PLACE_KEEP_MS;
}

static void tell_gap(struct x *x)
{
	const struct x_run *r = &x->run;
	int64_t last_ms = x->place.read_ms[r->list];

	if (!x_run_has_gap(r, last_ms))
		return;
	metric_add(x->gaps, x_list_names[r->list], 1);
	if (r->list == X_SEARCH)
		log_error("a gap in search: it was not read for %" PRId64
			  " hours and X gives 7 days; what was posted before that is missing",
			(r->began_ms - last_ms) / (3600 * X_SECOND_MS));
	else
		log_error("a gap in mentions: X gives the newest %d and there were as many since "
			  "the last reading; what is older may be missing",
			X_MENTIONS_MAX);
}

static void finish_run(struct x *x)
{
	const struct x_run *r = &x->run;

	tell_gap(x);
	x_place_copy(&x->place, &x->moved);
	x_place_move(
		&x->moved, r->list, r->began_ms, r->newest, r->ids, r->n_ids, x->conf->overlap_ms);
	if (r->newest > x->place.since[r->list])
		x->lists[r->list].by_time = false;
	x->phase = X_MOVING;
	if (worth_writing(x))
		x_write_place(x);
	else
		moved(x);
}

/* --- a page -------------------------------------------------------------------------------- */

/* Every post of the page is in Kafka. */
static void page_done(struct x *x)
{
	struct x_run *r = &x->run;
	enum x_next next = x_run_page_done(r, x->page.page);

	/* known from now on, also when the reading is not finished; its place does not move */
	x_place_move(&x->place, r->list, 0, 0, r->ids, r->n_ids, x->conf->overlap_ms);

	CRASH_POINT("after-page", source_in_flight(x->source));
	x_drop_page(x);
	if (next == X_NEXT_ROUND) {
		log_error("X leads from a page of %s to the same page: read again later",
			x_list_names[x->run.list]);
		x->lists[x->run.list].tries++;
		x_close_run(x, x->conf->poll_ms);
	} else if (next == X_NEXT_PAGE) {
		x->phase = X_IDLE;
		source_wake(x->source);
	} else {
		finish_run(x);
	}
}

static void on_report(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct x *x = ctx;

	(void)number;
	x->page.waiting--;
	if (!ok)
		x->page.failed = true;
	else
		x->offset = MAX(x->offset, offset);
	source_wake(x->source);
}

/* A page with one element goes inline, one with more into the blob store, once. */
static int keep_body(struct x *x, struct err *e)
{
	struct x_page_state *p = &x->page;

	if (*p->blob || (p->page->n_items == 1 && p->len <= MESSAGE_INLINE_MAX))
		return 0;
	return blob_put(source_blobs(x->source), p->body, p->len, p->blob, e);
}

static void set_original(const struct x_page_state *p, struct message *m)
{
	if (*p->blob) {
		m->original.blob = p->blob;
		m->original.offset = (const char *)m->original.data - p->body;
	} else {
		m->original.data = p->body;
		m->original.len = p->len;
	}
}

static int put_post(struct x *x, struct x_post *post, struct err *e)
{
	bool edit = post->m.kind == MK_EDIT;
	int r = keep_body(x, e);

	if (r)
		return err_prefix(e, "a page into the blob store");
	set_original(&x->page, &post->m);
	x->page.waiting++;
	r = source_put(x->source, &post->m, on_report, x, 0, NULL, e);
	if (r) {
		x->page.waiting--;
		return r;
	}
	x_run_took(&x->run, post);
	metric_add(x->posts, edit ? "edit" : message_class_name(post->m.class), 1);
	return 0;
}

static int take_one(struct x *x, size_t i, struct err *e)
{
	struct message base;
	struct x_post post;
	char place[64];
	int r = 0;

	source_message(x->source, &base);
	snprintf(place, sizeof(place), "%s, page %d", x_list_names[x->run.list], x->run.pages + 1);
	base.source.place = place;
	x_page_post(x->page.page, i, x->conf->user, &base, &post);
	if (x_run_is_new(&x->run, &x->place, &post))
		r = put_post(x, &post, e);
	else
		metric_add(x->posts, "again", 1);
	x_post_free(&post);
	return r;
}

/* Oldest first, as they were written. */
int64_t x_take_page(struct x *x)
{
	struct x_page_state *p = &x->page;
	struct err e = {0};

	while (p->left && !p->failed) {
		int r = take_one(x, p->left - 1, &e);

		if (r == -ENOBUFS)
			return -1; /* a report wakes us */
		if (r) {
			log_warn("a post is not taken in yet: %s", e.text);
			return X_SECOND_MS;
		}
		p->left--;
	}
	if (p->waiting)
		return -1;
	if (p->failed) {
		log_warn("a post was not taken by Kafka: the list is read again from its newest");
		x_drop_page(x);
		x_close_run(x, X_SECOND_MS);
	} else {
		page_done(x);
	}
	return -1;
}

int x_begin_page(struct x *x, const struct httpc_answer *a, struct err *e)
{
	struct x_page_state *p = &x->page;
	int r;

	p->body = xstrndup(a->body, a->body_len);
	p->len = a->body_len;
	p->page = xcalloc(1, sizeof(*p->page));
	r = x_page_read(p->body, p->len, p->page, e);
	if (r == 0 && !p->page->has_meta)
		r = err_set(e, -EINVAL, "the answer has no meta");
	if (r) {
		x_drop_page(x);
		return r;
	}
	if (p->page->n_errors)
		log_info("X gives a page of %s with %zu partial errors", x_list_names[x->run.list],
			p->page->n_errors);
	p->left = p->page->n_items;
	x->phase = X_TAKING;
	CRASH_POINT("after-verify", source_in_flight(x->source) + (long)p->left);
	return 0;
}
