/* x_poll: see x_reader.h. Requests are paid, sent and judged.
 *
 * Guarantees: a request is paid before it is sent: the cursor "budget" is on disk, then the request
 * goes out, so that no number of restarts buys more than the day's budget. What goes wrong
 * (x_judge.h) delays, what needs a person holds (x_hold.c). Known gap: a request that was paid and
 * not sent, for a crash came between, counts. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/util.h"
#include "daemons/social/x_judge.h"
#include "daemons/social/x_reader.h"

#define LOOK_MS	  X_SECOND_MS /* while held: is there another token, another day? */
#define KAFKA_MS  100	      /* away, or not known yet: no request is paid for nothing */
#define MARGIN_MS (10 * 60 * 1000L)
#define END_MS	  (60 * X_SECOND_MS) /* X's own end is 30 s ago: a start must lie before it */
#define BEGIN_MS  1289001600000LL    /* 2010-11-06: X takes no earlier start */

/* --- an answer ----------------------------------------------------------------------------- */

static void later(struct x *x, const struct x_judgement *j)
{
	struct x_list_state *l = &x->lists[x->run.list];

	l->tries++;
	l->due_ms = clock_mono_ms() + j->wait_ms;
	if (l->tries == X_MANY_TRIES)
		log_error("X gives no page of %s (%s): tried on, ever less often",
			x_list_names[x->run.list], j->why);
	else
		log_warn("X gives no page of %s (%s): again in %" PRId64 " ms",
			x_list_names[x->run.list], j->why, j->wait_ms);
	if (x->run.pages == 0)
		x_close_run(x, j->wait_ms); /* from a time that X's clock, known now, allows */
}

static void wrong(struct x *x, const struct x_judgement *j)
{
	struct x_list_state *l = &x->lists[x->run.list];

	if (!l->wrong)
		log_error("X does not take our request for %s (%s): is x.user, x.search right?",
			x_list_names[x->run.list], j->why);
	l->wrong = true;
	x_close_run(x, 15 * 60 * X_SECOND_MS);
}

static void too_old(struct x *x, const struct x_judgement *j)
{
	struct x_list_state *l = &x->lists[x->run.list];

	if (l->by_time) {
		wrong(x, j);
		return;
	}
	l->by_time = true;
	x_close_run(x, 0);
}

static void act_on(struct x *x, const struct x_judgement *j)
{
	switch (j->verdict) {
	case X_PAGE:
		x->lists[x->run.list].tries = 0;
		x->lists[x->run.list].due_ms = clock_mono_ms() + j->wait_ms;
		break;
	case X_CAPPED:
		x_hold(x, HOLD_CAPPED, j->why);
		break;
	case X_REFUSED:
		x_hold(x, HOLD_TOKEN, j->why);
		break;
	case X_TOO_OLD:
		too_old(x, j);
		break;
	case X_STALE_PAGE:
		if (x->run.pages == 0)
			wrong(x, j);
		else
			x_close_run(x, X_SECOND_MS);
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
	if (j.verdict == X_PAGE && x_begin_page(x, a, &e)) {
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
		x_hold(x, HOLD_TOKEN, e.text);
	} else if (httpc_send(x->http, &q, on_answer, x, &x->call, &e)) {
		log_error("a request cannot be sent: %s", e.text);
		x->lists[r->list].due_ms = clock_mono_ms() + X_SECOND_MS;
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
		x_hold(x, HOLD_BUDGET, "x.budget");
		return LOOK_MS;
	}
	value = x_budget_value(&x->paid);
	if (source_cursor(x->source, "budget", value, -1, on_paid, x, &e)) {
		log_warn("a request is not paid yet: %s", e.text);
		return X_SECOND_MS;
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

	x_look_at_hold(x);
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

int64_t x_step(void *state)
{
	struct x *x = state;

	if (x->draining)
		return -1;
	if (x->phase == X_IDLE)
		return next_request(x);
	if (x->phase == X_TAKING)
		return x_take_page(x);
	if (x->phase == X_MOVING && !x->writing) {
		x_write_place(x);
		return X_SECOND_MS;
	}
	return -1;
}
