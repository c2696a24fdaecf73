/* x_poll: an account of X read by its API: mentions, recent search, direct messages.
 *
 * A reading of a list goes from its newest post down, page by page, all pages with the same
 * since_id, and is one whole: the order is page -> every post of it produced -> every report in ->
 * next page ... last page -> cursor "place". Never a cursor before that: posts come newest first,
 * so a cursor in between would skip what the pages behind it hold. Killed anywhere, the reading
 * begins anew; the ids are the same. Where the reader stands and what it remembers: x_place.h.
 *
 * Requests are paid before they are sent: the cursor "budget" is on disk, then the request goes
 * out, so that no number of restarts buys more than the day's budget.
 *
 * What goes wrong (x_judge.h) delays, and what needs a person holds: a dead token until there is
 * another (looked at every second; asked once an hour all the same, for a refusal may be X's own
 * trouble), a used-up cap until the next day, a used-up budget likewise. Held is told by /healthz,
 * the status line, a metric and one line of the log; nothing is skipped meanwhile. What X itself
 * does not give any more (search: 7 days, mentions: the newest 800) is a gap: told, counted.
 *
 * Known gaps: an element without a usable id is produced again at every reading that still sees it
 * (under the same id). A post that was edited between a crash and the reading after it comes as an
 * id-conflict, for a person. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/httpc.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "daemons/social/options.h"
#include "daemons/social/platform.h"
#include "daemons/social/x_judge.h"
#include "daemons/social/x_page.h"
#include "daemons/social/x_place.h"
#include "daemons/social/x_request.h"
#include "daemons/social/x_run.h"

#define SECOND_MS     1000
#define DAY_MS	      (24 * 3600 * 1000LL)
#define LOOK_MS	      SECOND_MS	     /* while held: is there another token, another day? */
#define KAFKA_MS      100	     /* away, or not known yet: no request is paid for nothing */
#define PROBE_MS      (3600 * 1000L) /* a refused token is tried again */
#define MARGIN_MS     (10 * 60 * 1000L)
#define END_MS	      (60 * SECOND_MS) /* X's own end is 30 s ago: a start must lie before it */
#define BEGIN_MS      1289001600000LL  /* 2010-11-06: X takes no earlier start */
#define PLACE_KEEP_MS (3600 * 1000L)   /* a place that only got older is written this often */
#define MANY_TRIES    5		       /* from then on it is told */

enum phase { X_IDLE, X_PAYING, X_CALLING, X_TAKING, X_MOVING };
enum hold { HOLD_NONE, HOLD_TOKEN, HOLD_CAPPED, HOLD_BUDGET };
static const char *const hold_names[] = {"token", "capped", "budget", NULL};
static const char *const hold_texts[] = {"",
	"X refuses the token: give the daemon another one (nothing is skipped meanwhile)",
	"X's cap or credit is used up: see the developer portal; asked again tomorrow (UTC)",
	"today's request budget (x.budget) is used up; goes on tomorrow (UTC)"};

struct list { /* one of X_LISTS */
	bool on;
	int64_t due_ms; /* monotonic */
	unsigned tries;
	bool by_time; /* its since_id is older than X allows */
	bool wrong;   /* X does not take our request */
};

struct page { /* being produced */
	char *body;
	size_t len, left; /* elements not looked at yet; the oldest first */
	struct x_page *page;
	char blob[SHA256_HEX_SIZE]; /* "": one element, its body inline */
	long waiting;		    /* reports */
	bool failed;
};

struct x {
	struct source *source;
	const struct x_conf *conf;
	int64_t start_ms, skew_ms; /* X's clock less ours */
	struct httpc *http;
	struct httpc_call *call;
	enum phase phase;
	bool draining, writing;

	enum hold hold;
	char token[SHA256_HEX_SIZE]; /* hash of the last one sent; "": it could not be read */
	int64_t hold_since_ms;	     /* monotonic */
	int64_t hold_day;

	struct list lists[X_LISTS];
	struct x_run run;
	struct page page;
	struct x_place place, moved; /* moved: being written */
	struct x_budget budget, paid;
	int64_t offset;		  /* of the youngest raw record */
	int64_t kept_ms[X_LISTS]; /* read_ms as on disk */

	struct metric *requests, *answers, *posts, *holds, *gaps, *used;
};

static const char *const answer_labels[] = {
	"page", "rate", "capped", "refused", "too-old", "stale-page", "wrong", "again", NULL};
static const char *const post_labels[] = {
	"human", "system", "echo", "unknown", "undecodable", "edit", "again", NULL};

static int64_t x_clock(const struct x *x)
{
	return clock_wall_ms() + x->skew_ms;
}

/* --- holding ------------------------------------------------------------------------------- */

static void hold(struct x *x, enum hold h, const char *why)
{
	if (x->hold == h)
		return;
	x->hold = h;
	x->hold_since_ms = clock_mono_ms();
	x->hold_day = clock_wall_ms() / DAY_MS;
	metric_set(x->holds, hold_names[h - 1], 1);
	log_error("held (%s): %s", why, hold_texts[h]);
}

static void release(struct x *x, const char *why)
{
	log_notice("goes on: %s", why);
	metric_set(x->holds, hold_names[x->hold - 1], 0);
	x->hold = HOLD_NONE;
}

static bool token_changed(const struct x *x)
{
	char header[X_HEADER_SIZE], hash[SHA256_HEX_SIZE];
	bool other =
		x_request_token(x->conf, header, hash, NULL) == 0 && strcmp(hash, x->token) != 0;

	explicit_bzero(header, sizeof(header));
	return other;
}

static void look_at_hold(struct x *x)
{
	bool day = clock_wall_ms() / DAY_MS != x->hold_day;

	if (x->hold == HOLD_NONE)
		return;
	if (x->hold != HOLD_BUDGET && token_changed(x))
		release(x, "there is another token");
	else if (x->hold != HOLD_TOKEN && day)
		release(x, "another day has begun");
	else if (x->hold == HOLD_TOKEN && clock_mono_ms() - x->hold_since_ms >= PROBE_MS)
		release(x, "the token is tried again");
}

static bool x_health(void *state, char *text, size_t size)
{
	const struct x *x = state;

	snprintf(text, size, "%s", hold_texts[x->hold]);
	for (int i = 0; i < X_LISTS && x->hold == HOLD_NONE; i++) {
		if (x->lists[i].wrong)
			snprintf(text, size, "X does not take our request for %s: see the log",
				x_list_names[i]);
		else if (x->lists[i].tries >= MANY_TRIES)
			snprintf(text, size, "X gives no page of %s", x_list_names[i]);
	}
	return !*text;
}

/* --- the end of a reading ------------------------------------------------------------------ */

static void close_run(struct x *x, int64_t again_ms)
{
	struct list *l = &x->lists[x->run.list];

	l->due_ms = MAX(l->due_ms, clock_mono_ms() + again_ms); /* a limit may last longer */
	x_run_free(&x->run);
	x->phase = X_IDLE;
	source_wake(x->source);
}

static void drop_page(struct x *x)
{
	if (x->page.page)
		x_page_free(x->page.page);
	free(x->page.page);
	free(x->page.body);
	x->page = (struct page){0};
}

/* The run is whole and its place is kept. */
static void moved(struct x *x)
{
	enum x_list list = x->run.list;

	x_place_free(&x->place);
	x->place = x->moved;
	x->moved = (struct x_place){0};
	close_run(x, x->conf->poll_ms);
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

static void write_place(struct x *x)
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
			(r->began_ms - last_ms) / (3600 * SECOND_MS));
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
		write_place(x);
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
	drop_page(x);
	if (next == X_NEXT_ROUND) {
		log_error("X leads from a page of %s to the same page: read again later",
			x_list_names[x->run.list]);
		x->lists[x->run.list].tries++;
		close_run(x, x->conf->poll_ms);
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
	struct page *p = &x->page;

	if (*p->blob || (p->page->n_items == 1 && p->len <= MESSAGE_INLINE_MAX))
		return 0;
	return blob_put(source_blobs(x->source), p->body, p->len, p->blob, e);
}

static void set_original(const struct page *p, struct message *m)
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
static int64_t take(struct x *x)
{
	struct page *p = &x->page;
	struct err e = {0};

	while (p->left && !p->failed) {
		int r = take_one(x, p->left - 1, &e);

		if (r == -ENOBUFS)
			return -1; /* a report wakes us */
		if (r) {
			log_warn("a post is not taken in yet: %s", e.text);
			return SECOND_MS;
		}
		p->left--;
	}
	if (p->waiting)
		return -1;
	if (p->failed) {
		log_warn("a post was not taken by Kafka: the list is read again from its newest");
		drop_page(x);
		close_run(x, SECOND_MS);
	} else {
		page_done(x);
	}
	return -1;
}

static int begin_page(struct x *x, const struct httpc_answer *a, struct err *e)
{
	struct page *p = &x->page;
	int r;

	p->body = xstrndup(a->body, a->body_len);
	p->len = a->body_len;
	p->page = xcalloc(1, sizeof(*p->page));
	r = x_page_read(p->body, p->len, p->page, e);
	if (r == 0 && !p->page->has_meta)
		r = err_set(e, -EINVAL, "the answer has no meta");
	if (r) {
		drop_page(x);
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

/* --- an answer ----------------------------------------------------------------------------- */

static void later(struct x *x, const struct x_judgement *j)
{
	struct list *l = &x->lists[x->run.list];

	l->tries++;
	l->due_ms = clock_mono_ms() + j->wait_ms;
	if (l->tries == MANY_TRIES)
		log_error("X gives no page of %s (%s): tried on, ever less often",
			x_list_names[x->run.list], j->why);
	else
		log_warn("X gives no page of %s (%s): again in %" PRId64 " ms",
			x_list_names[x->run.list], j->why, j->wait_ms);
	if (x->run.pages == 0)
		close_run(x, j->wait_ms); /* from a time that X's clock, known now, allows */
}

static void wrong(struct x *x, const struct x_judgement *j)
{
	struct list *l = &x->lists[x->run.list];

	if (!l->wrong)
		log_error("X does not take our request for %s (%s): is x.user, x.search right?",
			x_list_names[x->run.list], j->why);
	l->wrong = true;
	close_run(x, 15 * 60 * SECOND_MS);
}

static void too_old(struct x *x, const struct x_judgement *j)
{
	struct list *l = &x->lists[x->run.list];

	if (l->by_time) {
		wrong(x, j);
		return;
	}
	l->by_time = true;
	close_run(x, 0);
}

static void act_on(struct x *x, const struct x_judgement *j)
{
	switch (j->verdict) {
	case X_PAGE:
		x->lists[x->run.list].tries = 0;
		x->lists[x->run.list].due_ms = clock_mono_ms() + j->wait_ms;
		break;
	case X_CAPPED:
		hold(x, HOLD_CAPPED, j->why);
		break;
	case X_REFUSED:
		hold(x, HOLD_TOKEN, j->why);
		break;
	case X_TOO_OLD:
		too_old(x, j);
		break;
	case X_STALE_PAGE:
		if (x->run.pages == 0)
			wrong(x, j);
		else
			close_run(x, SECOND_MS);
		break;
	case X_WRONG:
		wrong(x, j);
		break;
	default:
		later(x, j);
	}
}

static void on_answer(void *ctx, const struct httpc_answer *a)
{
	struct x *x = ctx;
	struct x_reply r = {.curl = a->curl,
		.status = a->status,
		.body = a->body,
		.body_len = a->body_len,
		.remaining = httpc_header(a, "x-rate-limit-remaining"),
		.reset = httpc_header(a, "x-rate-limit-reset"),
		.retry_after = a->retry_after,
		.date = httpc_header(a, "Date"),
		.now_ms = clock_wall_ms(),
		.tries = x->lists[x->run.list].tries};
	struct x_judgement j;
	struct err e = {0};

	x->call = NULL;
	x->phase = X_IDLE;
	if (x->draining)
		return;
	x_judge(&r, &j);
	if (a->curl == CURLE_OK)
		x->skew_ms = j.x_now_ms - r.now_ms;
	if (j.verdict == X_PAGE && begin_page(x, a, &e)) {
		log_warn("an answer is no page: %s", e.text);
		r.curl = CURLE_WEIRD_SERVER_REPLY; /* as if it had not come */
		x_judge(&r, &j);
	}
	metric_add(x->answers, x_verdict_name(j.verdict), 1);
	act_on(x, &j);
	source_wake(x->source);
}

/* --- a request ----------------------------------------------------------------------------- */

static void send_request(struct x *x)
{
	const struct x_run *r = &x->run;
	const struct x_ask ask = {r->list, r->from, r->start_ms, r->next};
	_cleanup_free_ char *url = x_request_url(x->conf, &ask);
	char header[X_HEADER_SIZE];
	const char *const headers[] = {header, "Accept: application/json", NULL};
	struct httpc_request q = {.method = "GET",
		.url = url,
		.headers = headers,
		.connect_ms = x->conf->timeout_ms,
		.total_ms = x->conf->timeout_ms,
		.max_answer = X_PAGE_MAX,
		.ca_file = x->conf->ca};
	struct err e = {0};

	x->phase = X_IDLE;
	*x->token = '\0';
	if (x_request_token(x->conf, header, x->token, &e)) {
		hold(x, HOLD_TOKEN, e.text);
	} else if (httpc_send(x->http, &q, on_answer, x, &x->call, &e)) {
		log_error("a request cannot be sent: %s", e.text);
		x->lists[r->list].due_ms = clock_mono_ms() + SECOND_MS;
	} else {
		x->phase = X_CALLING;
		metric_add(x->requests, x_list_names[r->list], 1);
	}
	explicit_bzero(header, sizeof(header));
}

static void on_paid(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct x *x = ctx;

	(void)number;
	(void)offset;
	x->writing = false;
	x->phase = X_IDLE;
	if (x->draining)
		return;
	if (ok) {
		x->budget = x->paid;
		metric_set(x->used, NULL, (double)x->budget.used);
		send_request(x);
	}
	source_wake(x->source);
}

static int64_t pay(struct x *x)
{
	_cleanup_json_ json_t *value = NULL;
	struct err e = {0};

	x->paid = x->budget;
	if (!x_budget_take(&x->paid, clock_wall_ms(), x->conf->budget)) {
		hold(x, HOLD_BUDGET, "x.budget");
		return LOOK_MS;
	}
	value = x_budget_value(&x->paid);
	if (source_cursor(x->source, "budget", value, -1, on_paid, x, &e)) {
		log_warn("a request is not paid yet: %s", e.text);
		return SECOND_MS;
	}
	x->writing = true;
	x->phase = X_PAYING;
	return -1;
}

/* From when on a list is read that has no id to begin with, or one too old for X. */
static int64_t start_of(const struct x *x, enum x_list list)
{
	int64_t now = x_clock(x), ms = x->start_ms;

	if (x->place.read_ms[list])
		ms = MAX(ms, x->place.read_ms[list] - x->conf->overlap_ms - END_MS);
	if (list == X_SEARCH)
		ms = MAX(ms, now - X_SEARCH_MS + MARGIN_MS);
	ms = MIN(ms, now - END_MS);
	return ms < BEGIN_MS ? 0 : ms;
}

static void open_run(struct x *x, enum x_list list)
{
	struct x_run *r = &x->run;

	*r = (struct x_run){.open = true, .list = list, .began_ms = x_clock(x)};
	r->known = x_place_from(&x->place, list, x->conf->overlap_ms);
	r->from = x->lists[list].by_time ? 0 : r->known;
	if (!r->from)
		r->start_ms = start_of(x, list);
}

/* The list that is due longest; X_LISTS: none yet, *ret_ms says when. */
static enum x_list next_list(const struct x *x, int64_t *ret_ms)
{
	int64_t now = clock_mono_ms(), first = INT64_MAX;
	enum x_list found = X_LISTS;

	for (int i = 0; i < X_LISTS; i++)
		if (x->lists[i].on && x->lists[i].due_ms < first) {
			first = x->lists[i].due_ms;
			found = (enum x_list)i;
		}
	*ret_ms = MAX(first - now, 0);
	return first <= now ? found : X_LISTS;
}

static int64_t next_request(struct x *x)
{
	int64_t wait_ms = 0;
	enum x_list list;

	look_at_hold(x);
	if (x->hold != HOLD_NONE)
		return LOOK_MS;
	if (!source_kafka_up(x->source))
		return KAFKA_MS;
	if (x->run.open) {
		wait_ms = x->lists[x->run.list].due_ms - clock_mono_ms();
	} else {
		list = next_list(x, &wait_ms);
		if (list != X_LISTS)
			open_run(x, list);
	}
	return x->run.open && wait_ms <= 0 ? pay(x) : MIN(MAX(wait_ms, 1), LOOK_MS);
}

static int64_t x_step(void *state)
{
	struct x *x = state;

	if (x->draining)
		return -1;
	if (x->phase == X_IDLE)
		return next_request(x);
	if (x->phase == X_TAKING)
		return take(x);
	if (x->phase == X_MOVING && !x->writing) {
		write_place(x);
		return SECOND_MS;
	}
	return -1;
}

/* --- the platform -------------------------------------------------------------------------- */

static void x_cursor(void *state, const char *name, const json_t *value)
{
	struct x *x = state;

	if (strcmp(name, "budget") == 0)
		x_budget_load(&x->budget, value);
	if (strcmp(name, "place") != 0)
		return;
	x_place_load(&x->place, value);
	x->offset = json_int(value, "raw", -1);
	memcpy(x->kept_ms, x->place.read_ms, sizeof(x->kept_ms));
}

static void x_ready(void *state)
{
	struct x *x = state;
	struct message base;

	source_message(x->source, &base);
	x->start_ms = base.start_ms;
}

static void make_metrics(struct x *x)
{
	x->requests = metric_counter(
		"muara_social_requests_total", "Requests sent to X", "list", x_list_names);
	x->answers = metric_counter("muara_social_answers_total", "Answers of X, by what they mean",
		"verdict", answer_labels);
	x->posts = metric_counter("muara_social_posts_total",
		"Posts handed to Kafka; again: seen before", "class", post_labels);
	x->holds = metric_gauge("muara_social_held",
		"1 while nothing is asked for and a person is needed", "reason", hold_names);
	x->gaps = metric_counter("muara_social_gaps_total", "Readings that X could not give whole",
		"list", x_list_names);
	x->used = metric_gauge("muara_social_budget_used", "Requests of today (UTC)", NULL, NULL);
}

static void x_close(void *state)
{
	struct x *x = state;

	if (!x)
		return;
	x->draining = true;
	httpc_close(x->http);
	drop_page(x);
	x_run_free(&x->run);
	x_place_free(&x->place);
	x_place_free(&x->moved);
	free(x);
}

static int x_open(struct source *s, void **ret_state, struct err *e)
{
	const struct social_conf *c = source_conf(s);
	struct x *x = xcalloc(1, sizeof(*x));
	int r;

	x->source = s;
	x->conf = &c->x;
	x->offset = -1;
	x->lists[X_MENTIONS].on = c->x.mentions;
	x->lists[X_SEARCH].on = c->x.search != NULL;
	x->lists[X_MESSAGES].on = c->x.messages;
	make_metrics(x);
	r = httpc_open(source_loop(s), "muara-social", 2, &x->http, e);
	if (r) {
		x_close(x);
		return r;
	}
	*ret_state = x;
	return 0;
}

static void x_drain(void *state)
{
	struct x *x = state;

	x->draining = true;
	if (x->call) {
		httpc_cancel(x->call);
		x->call = NULL;
	}
}

static bool x_drained(void *state)
{
	const struct x *x = state;

	return x->page.waiting == 0 && !x->writing;
}

static void x_check(const void *conf, struct options_faults *f)
{
	const struct x_conf *c = &((const struct social_conf *)conf)->x;
	uint64_t id;

	if (!c->user)
		options_fault(f, "x.user", "is missing and must be set: the account's numeric id");
	else if (x_id_parse(c->user, &id))
		options_fault(f, "x.user", "must be the account's numeric id, not its name");
	if (!c->token && !c->token_file)
		options_fault(f, "x.token", "is missing: set it, or x.token_file");
	if (c->token && c->token_file)
		options_fault(f, "x.token_file", "set this or x.token, not both");
	if (!c->mentions && !c->search && !c->messages)
		options_fault(f, "x.mentions",
			"nothing is read: set this to yes, x.search, or x.messages");
	if (c->base && !social_base_ok(c->base))
		options_fault(f, "x.base", "%s", SOCIAL_BASE_RULE);
}

/* An answer of the API, as it came. Edits are shown as the messages they edit: only the running
 * daemon knows what it has carried. */
static int x_sample(const void *conf, const struct source_sample *s, source_sample_fn *emit,
	void *ctx, struct err *e)
{
	const struct x_conf *c = &((const struct social_conf *)conf)->x;
	struct x_page *page = xcalloc(1, sizeof(*page));
	int r = x_page_read(s->data, s->len, page, e);

	for (size_t i = page->n_items; r == 0 && i > 0; i--) {
		struct x_post post;

		x_page_post(page, i - 1, c->user, s->base, &post);
		emit(ctx, &post.m);
		x_post_free(&post);
	}
	x_page_free(page);
	free(page);
	return r;
}

const struct platform x_platform = {
	.name = "x",
	.check = x_check,
	.open = x_open,
	.cursor = x_cursor,
	.ready = x_ready,
	.step = x_step,
	.drain = x_drain,
	.drained = x_drained,
	.health = x_health,
	.close = x_close,
	.sample = x_sample,
};
