/* meta_poll: see meta_poll.h.
 *
 * A `task` is one edge of one object. Tasks stand in a queue: what a page tells of (a post, a
 * conversation) is asked for after all pages of its own edge. The first has at most one call under
 * way and one page in hand, whose items are produced as far as there is room. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"

#include "meta_poll.h"

#define CURSOR	       "graph"
#define PAGES_MAX      500 /* of one edge in one round */
#define TRIES_MAX      8   /* of one call that finds no usable answer */
#define RETRY_MS       1000
#define KEEP_MS	       (3600 * INT64_C(1000)) /* a watermark that only got older is written this often */
#define NOTICE_WAIT_MS (10 * 60 * 1000)	      /* between tries for one notice that is refused */
#define ITEMS_MAX      200		      /* in one step */

struct task {
	struct task *next_task;
	enum meta_edge edge;
	char *id, *next;
	int64_t limit_ms; /* older is not looked for */
	int pages, tries;
};

struct root {
	enum meta_edge edge;
	const char *id;
	int64_t watermark_ms; /* 0: never read to its end */
	int64_t kept_ms;      /* as the cursor has it */
	bool refused;
};

struct meta_poll {
	struct meta_poll_conf c;
	struct root roots[ME_COUNT];
	size_t n_roots, at; /* at == n_roots: between rounds */
	int64_t began_ms, due_ms;
	struct task *first, **last;
	struct meta_page page;
	bool has_page, page_old, page_any;
	long flying; /* produced, not reported */
	bool failed; /* of the root at hand: its watermark stays */
	bool news;   /* of the root at hand: something came in */
	int64_t last_offset;
	bool writing, written_dirty;
	struct meta_fetch *fetching;
	struct metric *items, *rounds, *gaps, *pending;
};

static const char *const item_labels[] = {"new", "known", "own", NULL};
static const char *const gap_labels[] = {"pages", "tries", "refused", NULL};

/* --- life --- */

static void add_root(struct meta_poll *p, bool wanted, enum meta_edge e, const char *id)
{
	if (wanted && id)
		p->roots[p->n_roots++] = (struct root){.edge = e, .id = id};
}

struct meta_poll *meta_poll_new(const struct meta_poll_conf *c)
{
	struct meta_poll *p = xcalloc(1, sizeof(*p));
	const char *page = c->rules->page, *ig = c->rules->instagram;

	p->c = *c;
	p->last_offset = -1;
	p->last = &p->first;
	add_root(p, c->posts, ME_TAGGED, page);
	add_root(p, c->posts || c->comments, ME_VISITOR, page);
	add_root(p, c->comments, ME_PUBLISHED, page);
	add_root(p, c->messages, ME_CHATS, page);
	add_root(p, c->comments, ME_IG_MEDIA, ig);
	add_root(p, c->posts, ME_IG_TAGS, ig);
	add_root(p, c->messages && ig, ME_IG_CHATS, page ? page : ig);
	p->at = p->n_roots;
	p->items = metric_counter(
		"muara_meta_items_total", "Items of polled pages", "what", item_labels);
	p->rounds = metric_counter(
		"muara_meta_rounds_total", "Times every edge was read to its end", NULL, NULL);
	p->gaps = metric_counter("muara_meta_gaps_total", "Edges that were not read to their end",
		"why", gap_labels);
	p->pending = metric_gauge("muara_meta_incomplete",
		"Notices whose message has not been fetched yet", NULL, NULL);
	return p;
}

static void pop(struct meta_poll *p)
{
	struct task *t = p->first;

	p->first = t->next_task;
	if (!p->first)
		p->last = &p->first;
	free(t->id);
	free(t->next);
	free(t);
}

static void drop_page(struct meta_poll *p)
{
	if (p->has_page)
		meta_page_close(&p->page);
	p->has_page = false;
}

void meta_poll_free(struct meta_poll *p)
{
	if (!p)
		return;
	drop_page(p);
	while (p->first)
		pop(p);
	free(p);
}

void meta_poll_cursor(struct meta_poll *p, const json_t *value)
{
	for (size_t i = 0; i < p->n_roots; i++)
		p->roots[i].watermark_ms = p->roots[i].kept_ms =
			json_int(value, meta_edge_name(p->roots[i].edge), 0);
}

bool meta_poll_idle(const struct meta_poll *p)
{
	return p->flying == 0 && !p->writing;
}

/* --- the watermark --- */

static void on_written(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct meta_poll *p = ctx;

	(void)number;
	(void)offset;
	p->writing = false;
	p->written_dirty |= !ok;
	source_wake(p->c.source);
}

static void write_cursor(struct meta_poll *p)
{
	_cleanup_json_ json_t *value = json_object();
	struct err e = {0};

	if (!p->written_dirty || p->writing)
		return;
	for (size_t i = 0; i < p->n_roots; i++) {
		p->roots[i].kept_ms = p->roots[i].watermark_ms;
		json_set_int(value, meta_edge_name(p->roots[i].edge), p->roots[i].kept_ms);
	}
	p->written_dirty = false;
	p->writing = true;
	if (source_cursor(p->c.source, CURSOR, value, p->last_offset, on_written, p, &e)) {
		p->writing = false;
		p->written_dirty = true;
		log_warn("how far Facebook was read is not written yet: %s", e.text);
	}
}

/* --- tasks --- */

static void push(struct meta_poll *p, enum meta_edge e, const char *id, int64_t limit_ms)
{
	struct task *t = xcalloc(1, sizeof(*t));

	*t = (struct task){.edge = e, .id = xstrdup(id), .limit_ms = limit_ms};
	*p->last = t;
	p->last = &t->next_task;
}

static int64_t start_ms(const struct meta_poll *p)
{
	struct message base;

	source_message(p->c.source, &base);
	return base.start_ms;
}

/* From when on items of the root at hand are looked for. */
static int64_t since_ms(const struct meta_poll *p)
{
	int64_t watermark = p->roots[p->at].watermark_ms;

	return watermark ? watermark - p->c.overlap_ms : start_ms(p);
}

/* Edges whose items are only the way to others: old ones have new comments. */
static bool is_way(enum meta_edge e)
{
	return e == ME_VISITOR || e == ME_PUBLISHED || e == ME_IG_MEDIA;
}

static void begin_root(struct meta_poll *p)
{
	const struct root *r = &p->roots[p->at];

	p->began_ms = clock_wall_ms();
	p->failed = p->news = false;
	push(p, r->edge, r->id, is_way(r->edge) ? p->began_ms - p->c.posts_ms : since_ms(p));
}

static void end_root(struct meta_poll *p)
{
	struct root *r = &p->roots[p->at];

	if (!p->failed) {
		r->watermark_ms = p->began_ms;
		r->refused = false;
		p->written_dirty |= p->news || !r->kept_ms || p->began_ms - r->kept_ms >= KEEP_MS;
		write_cursor(p);
	}
	p->at++;
	if (p->at < p->n_roots) {
		begin_root(p);
		return;
	}
	metric_add(p->rounds, NULL, 1);
	p->due_ms = clock_mono_ms() + p->c.every_ms;
}

/* The task is left where it is; its root is read again from the old watermark. */
static void give_up(struct meta_poll *p, const char *why, int code)
{
	p->failed = true;
	metric_add(p->gaps, why, 1);
	log_error("%s was not read to its end (%s, code %d); it is read again in the next round",
		meta_edge_name(p->first->edge), why, code);
	pop(p);
}

static void refused(struct meta_poll *p, int code)
{
	struct root *r = &p->roots[p->at];

	if (!r->refused)
		log_error(
			"Facebook refuses to show %s (code %d): give the app the permission; other "
			"edges are read on",
			meta_edge_name(p->first->edge), code);
	r->refused = true;
	p->failed = true;
	metric_add(p->gaps, "refused", 1);
	pop(p);
}

/* --- pages --- */

struct flight {
	struct meta_poll *poll;
	struct meta_flight *book;
};

static void on_report(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct flight *f = ctx;
	struct meta_poll *p = f->poll;
	struct message base;

	(void)number;
	source_message(p->c.source, &base);
	meta_books_land(p->c.books, f->book, &base, ok);
	free(f);
	p->flying--;
	if (!ok)
		p->failed = true;
	else if (offset > p->last_offset)
		p->last_offset = offset;
	p->news |= ok;
	source_wake(p->c.source);
}

/* 0: produced or nothing to produce; -ENOBUFS: no room now. */
static int produce(struct meta_poll *p, const struct message *m)
{
	struct flight *f;
	struct err e = {0};
	int r;

	f = xcalloc(1, sizeof(*f));
	*f = (struct flight){p, meta_books_fly(p->c.books, m)};
	CRASH_POINT("after-verify", p->flying + 1);
	p->flying++;
	r = source_put(p->c.source, m, on_report, f, 0, NULL, &e);
	if (r == 0)
		return 0;
	p->flying--;
	meta_books_land(p->c.books, f->book, m, false);
	free(f);
	if (r != -ENOBUFS)
		log_warn("an item is not taken in yet: %s", e.text);
	return -ENOBUFS;
}

static int take_item(struct meta_poll *p, struct meta_item *x)
{
	const char *what = "own";
	int r = 0;

	if (x->carried && meta_books_has(p->c.books, &x->m))
		what = "known";
	else if (x->carried && meta_books_flying(p->c.books, &x->m))
		r = -ENOBUFS; /* the webhook has it: its report decides */
	else if (x->carried) {
		what = "new";
		r = produce(p, &x->m);
	}
	if (r == 0)
		metric_add(p->items, what, 1);
	return r;
}

static void push_child(struct meta_poll *p, const struct meta_item *x)
{
	bool wanted = x->child == ME_MESSAGES ? p->c.messages : p->c.comments;

	if (x->child == ME_COUNT || !wanted || (x->time_ms && x->time_ms < p->first->limit_ms))
		return;
	push(p, x->child, x->child_id, x->child == ME_IG_COMMENTS ? INT64_MIN : since_ms(p));
}

/* The end of a page: was it the last that matters? */
static void end_page(struct meta_poll *p)
{
	struct task *t = p->first;
	_cleanup_free_ char *before = TAKE_PTR(t->next);

	t->next = TAKE_PTR(p->page.next);
	drop_page(p);
	if (!t->next || (p->page_any && p->page_old))
		pop(p);
	else if ((before && strcmp(before, t->next) == 0) || t->pages >= PAGES_MAX)
		give_up(p, "pages", 0); /* it leads nowhere */
}

/* One item. False: no room for it now, it comes again. */
static bool take_next(struct meta_poll *p)
{
	struct json_span_iter items = p->page.items, replies = p->page.replies;
	bool in_replies = p->page.in_replies;
	struct meta_item x = {0};
	struct message base;
	struct span bytes;
	int r = meta_page_next(&p->page, &bytes);

	if (r == 0) {
		end_page(p);
		return true;
	}
	if (r < 0) {
		drop_page(p);
		give_up(p, "tries", 0);
		return true;
	}
	source_message(p->c.source, &base);
	meta_item_decode(&p->page, p->first->id, bytes, p->c.rules, &base, &x);
	p->page_any = true;
	p->page_old &= x.time_ms && x.time_ms < p->first->limit_ms;
	r = take_item(p, &x);
	if (r) {
		p->page.items = items;
		p->page.replies = replies;
		p->page.in_replies = in_replies;
	} else {
		push_child(p, &x);
	}
	meta_item_free(&x);
	return r == 0;
}

static bool is_root(const struct meta_poll *p, const struct task *t)
{
	return t->edge == p->roots[p->at].edge;
}

static void on_page(void *ctx, struct meta_judgement j, const char *body, size_t len)
{
	struct meta_poll *p = ctx;
	struct task *t = p->first;

	if (j.verdict == MV_OK &&
		meta_page_open(t->edge, xstrndup(body, len), len, &p->page) == 0) {
		p->has_page = p->page_old = true;
		p->page_any = false;
		t->pages++;
		t->tries = 0;
	} else if (j.verdict == MV_DENIED || (j.verdict == MV_GONE && is_root(p, t))) {
		refused(p, j.code);
	} else if (j.verdict == MV_GONE) {
		pop(p); /* a post that was deleted since */
	} else if (j.verdict != MV_THROTTLED && j.verdict != MV_DEAD && ++t->tries >= TRIES_MAX) {
		give_up(p, "tries", j.code);
	}
}

static void ask_page(struct meta_poll *p)
{
	struct task *t = p->first;
	int64_t since = t->limit_ms > 0 ? t->limit_ms : 0;
	_cleanup_free_ char *path = meta_edge_path(t->edge, t->id, since, t->next);
	struct err e = {0};

	if (path && meta_api_call(p->c.api, "GET", path, on_page, p, &e) == 0)
		return;
	give_up(p, "tries", 0); /* an id or a next page no URL can be made of */
}

/* --- notices --- */

/* What cannot be had is told, and settles the notice: nothing waits for ever. */
static void nothing_to_fetch(
	const struct meta_fetch *f, struct message *m, const char *body, size_t len)
{
	meta_fetch_message(f, m);
	m->class = MC_UNKNOWN;
	m->source.place = f->what;
	m->original.data = body;
	m->original.len = len;
}

static void on_fetched(void *ctx, struct meta_judgement j, const char *body, size_t len)
{
	struct meta_poll *p = ctx;
	struct meta_fetch *f = TAKE_PTR(p->fetching);
	int64_t wait_ms = j.verdict == MV_DENIED ? NOTICE_WAIT_MS : RETRY_MS;
	struct meta_item x = {0};
	struct message base;

	source_message(p->c.source, &base);
	if (j.verdict == MV_OK && meta_fetch_decode(f, body, len, p->c.rules, &base, &x)) {
		wait_ms = produce(p, &x.m) ? RETRY_MS : NOTICE_WAIT_MS;
	} else if (j.verdict == MV_OK || j.verdict == MV_GONE) {
		nothing_to_fetch(f, &base, body, len);
		wait_ms = produce(p, &base) ? RETRY_MS : NOTICE_WAIT_MS;
	} else if (j.verdict == MV_DENIED) {
		log_error("Facebook refuses to show what was mentioned (code %d); asking again "
			  "later",
			j.code);
	}
	meta_item_free(&x);
	meta_books_put_off(p->c.books, f, clock_mono_ms() + wait_ms);
}

static void ask_notice(struct meta_poll *p, struct meta_fetch *f)
{
	_cleanup_free_ char *path = meta_fetch_path(f, p->c.rules);
	struct err e = {0};

	p->fetching = f;
	if (path && meta_api_call(p->c.api, "GET", path, on_fetched, p, &e) == 0)
		return;
	on_fetched(p, (struct meta_judgement){.verdict = MV_GONE}, "", 0);
}

/* --- steps --- */

/* Roots that are through, and the next round when it is due. */
static void advance(struct meta_poll *p)
{
	if (p->n_roots == 0)
		return;
	if (p->at == p->n_roots && clock_mono_ms() >= p->due_ms) {
		p->at = 0;
		begin_root(p);
	}
	while (p->at < p->n_roots && !p->first && p->flying == 0)
		end_root(p);
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t meta_poll_step(struct meta_poll *p)
{
	int64_t wait_ms, notice_ms;
	struct meta_fetch *f;

	write_cursor(p);
	for (int n = 0; p->has_page; n++) {
		if (n == ITEMS_MAX)
			return 0;
		if (!take_next(p))
			return RETRY_MS; /* or sooner: a report wakes it */
	}
	wait_ms = meta_api_wait_ms(p->c.api);
	if (wait_ms < 0)
		return -1;
	advance(p);
	f = meta_books_due(p->c.books, clock_mono_ms(), &notice_ms);
	metric_set(p->pending, NULL, (double)meta_books_waiting(p->c.books));
	if (!f && !p->first && p->at == p->n_roots && p->n_roots)
		return sooner(notice_ms, MAX(p->due_ms - clock_mono_ms(), 0));
	if (!f && !p->first)
		return notice_ms;
	if (wait_ms > 0)
		return wait_ms;
	if (f)
		ask_notice(p, f);
	else
		ask_page(p);
	return meta_api_busy(p->c.api) ? -1 : 0;
}

bool meta_poll_health(const struct meta_poll *p, char *text, size_t size)
{
	for (size_t i = 0; i < p->n_roots; i++) {
		if (p->roots[i].refused) {
			snprintf(text, size, "Facebook refuses to show %s: a permission is missing",
				meta_edge_name(p->roots[i].edge));
			return false;
		}
	}
	return true;
}
