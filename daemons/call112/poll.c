/* poll: a call centre's JSON endpoint, asked page by page. Here: readings, their items and the
 * cursor; a page and its troubles: poll_page.c.
 *
 * Order, never swapped: page -> items framed -> source_put -> delivery reports of every page of the
 * reading -> cursor. The cursor is the newest time of change that a whole reading saw; a reading
 * that breaks off anywhere (a half page, an error, a report that failed) moves nothing and is made
 * again from the same place: rows known by then are nothing (calls.h), the others have the same
 * ids. Asked is from `overlap` before it, because centres show calls late.
 *
 * Known gaps: an endpoint without {since} or paging is read whole each time; photos behind links
 * are told as missing. Thread: loop only. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"

#include "poll.h"

#define CURSOR_NAME   "poll"
#define ITEMS_A_STEP  256
#define AHEAD_MS      (5 * 60 * 1000) /* a time of change beyond now + this is a wrong clock */
#define MANY_FAILURES 5		      /* in a row: from then on it is ill */

static const char *const row_labels[] = {"message", "update", "undecodable", "again", NULL};
static const char *const call_labels[] = {"page", "again", "refused", NULL};

/* --- a reading and its cursor --- */

static void begin(struct poll *p)
{
	p->newest_ms = p->since_ms;
	p->page_no = 1;
	memset(p->body_hash, 0, sizeof(p->body_hash));
}

/* A report failed: what may not be in the log is handed out again. Reports still to come of it are
 * nobody's. */
static void take_back(struct poll *p)
{
	calls_undo(p->calls, p->first);
	p->first = p->number;
	p->open = 0;
	p->report_failed = false;
	poll_break_off(p, POLL_AGAIN_MS);
}

static void on_written(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct poll *p = ctx;

	(void)number;
	(void)offset;
	p->writing = false;
	p->dirty |= !ok;
	source_wake(p->source);
}

static void write_cursor(struct poll *p)
{
	_cleanup_json_ json_t *value = json_object();
	struct err e = {0};

	json_set_int(value, "since_ms", p->since_ms);
	p->writing = true;
	p->dirty = false;
	if (source_cursor(p->source, CURSOR_NAME, value, p->raw, on_written, p, &e)) {
		log_warn("poll_json: cursor not written: %s", e.text);
		p->writing = false;
		p->dirty = true;
	}
}

/* All of the reading is in the log. */
static void settle(struct poll *p)
{
	p->dirty |= p->newest_ms > p->since_ms;
	p->since_ms = MAX(p->since_ms, p->newest_ms);
	p->failures = 0;
	if (*p->trouble)
		log_notice("poll_json: answered again");
	p->trouble[0] = '\0';
	p->refused = false;
	metric_set(p->held, NULL, 0);
	poll_forget(p);
	p->not_before_ms = clock_mono_ms() + p->conf->poll.every_ms;
}

static void on_report(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	struct poll *p = ctx;

	if (number < p->first || number >= p->number)
		return; /* taken back */
	p->open--;
	p->report_failed |= !ok;
	if (ok)
		p->raw = MAX(p->raw, offset);
	if (p->open == 0 && !p->report_failed) {
		calls_settle(p->calls, p->number);
		p->first = p->number;
	}
	source_wake(p->source);
}

/* --- items --- */

static void note_time(struct poll *p)
{
	_cleanup_free_ char *text =
		p->conf->poll.time ? c112_row_text(&p->row, p->conf->poll.time) : NULL;
	int64_t ms;

	if (text && page_time(text, p->rules.zone_minutes, &ms) == 0 &&
		ms <= clock_wall_ms() + AHEAD_MS)
		p->newest_ms = MAX(p->newest_ms, ms);
}

/* They are behind links, which this daemon does not follow. */
static size_t name_attachments(const struct c112_row *row, struct message_attachment *list)
{
	for (size_t i = 0; i < row->n_paths; i++)
		list[i] = (struct message_attachment){
			.id = row->paths[i], .state = AS_MISSING, .bytes = -1};
	return row->n_paths;
}

static int put_item(struct poll *p, struct err *e)
{
	struct message_attachment attachments[MESSAGE_ATTACHMENTS_MAX];
	_cleanup_(calls_ruling_free) struct calls_ruling ruling = {0};
	_cleanup_json_ json_t *fields = NULL;
	struct message *m = &p->row.m;
	int r;

	m->n_attachments = name_attachments(&p->row, attachments);
	m->attachments = attachments;
	calls_judge(p->calls, m, &fields, &ruling);
	if (ruling.verdict == CALLS_NOTHING) {
		metric_add(p->rows, "again", 1);
		return 0;
	}
	CRASH_POINT("after-verify", source_in_flight(p->source));
	r = source_put(p->source, m, on_report, p, p->number, NULL, e);
	if (r)
		return r;
	calls_put(p->calls, &ruling, p->number++);
	p->open++;
	unmapped_tell(p->unmapped, m);
	metric_add(p->rows,
		m->class == MC_UNDECODABLE	 ? "undecodable"
		: ruling.verdict == CALLS_UPDATE ? "update"
						 : "message",
		1);
	return 0;
}

static int take_item(struct poll *p, struct span item, struct err *e)
{
	struct message base;
	char place[40];
	int r;

	snprintf(place, sizeof(place), "page %d, item %d", p->page_no, p->item_no + 1);
	source_message(p->source, &base);
	r = c112_item(p->format, item.p, item.n, place, &base, &p->row);
	if (r == C112_MESSAGE)
		r = put_item(p, e);
	if (r)
		return r;
	note_time(p);
	p->item_no++;
	return 0;
}

/* Takes in some of the page. ms until the next call, as step's. */
static int64_t take_items(struct poll *p)
{
	for (int i = 0; i < ITEMS_A_STEP; i++) {
		struct json_span_iter before = p->page.items;
		struct span item;
		struct err e = {0};
		int r = json_span_next(&p->page.items, &item);

		if (r == 0) {
			poll_page_done(p);
			return 0;
		}
		if (r < 0) {
			poll_trouble(p, false, "a page breaks off in the middle of its list", 0);
			return 0;
		}
		r = take_item(p, item, &e);
		if (r == 0)
			continue;
		p->page.items = before;
		if (r == -ENOBUFS)
			return -1; /* a report will wake us */
		log_warn("a call is not taken in yet: %s", e.text);
		return POLL_AGAIN_MS;
	}
	return 0;
}

/* --- source --- */

static void poll_close(void *state)
{
	struct poll *p = state;

	if (!p)
		return;
	if (p->call)
		httpc_cancel(p->call);
	httpc_close(p->http);
	poll_forget(p);
	c112_row_free(&p->row);
	c112_file_free(p->format);
	calls_free(p->calls);
	unmapped_free(p->unmapped);
	free(p);
}

static int poll_open(struct source *s, void **ret_state, struct err *e)
{
	struct poll *p = xcalloc(1, sizeof(*p));
	int r;

	p->source = s;
	p->conf = source_conf(s);
	p->raw = -1;
	p->rules = call112_rules(p->conf, source_shared(s));
	p->format = c112_file_new(&p->rules);
	p->calls = calls_new(p->conf->common.account);
	p->unmapped = unmapped_new(p->rules.zone_minutes);
	p->rows = metric_counter(
		"muara_call112_rows_total", "Calls the endpoint listed", "became", row_labels);
	p->calls_made = metric_counter(
		"muara_call112_polls_total", "Pages asked for", "answer", call_labels);
	p->held = metric_gauge("muara_call112_poll_refused",
		"1 while the endpoint refuses or misleads us; the log says how", NULL, NULL);
	r = httpc_open(source_loop(s), "muara-call112", 1, &p->http, e);
	if (r) {
		poll_close(p);
		return r;
	}
	*ret_state = p;
	return 0;
}

static void poll_cursor(void *state, const char *name, const json_t *value)
{
	struct poll *p = state;

	if (strcmp(name, CURSOR_NAME) == 0)
		p->since_ms = json_int(value, "since_ms", 0);
}

static void poll_raw(void *state, const json_t *record)
{
	struct poll *p = state;

	calls_learn(p->calls, record);
}

static int64_t step_idle(struct poll *p, int64_t now)
{
	if (p->page_no == 0) {
		if (now < p->not_before_ms)
			return p->not_before_ms - now;
		begin(p);
	}
	poll_ask(p);
	return p->state == POLL_ASKING ? -1 : 0;
}

static int64_t poll_step(void *state)
{
	struct poll *p = state;

	if (p->draining)
		return -1;
	if (p->dirty && !p->writing)
		write_cursor(p);
	if (p->report_failed && p->state != POLL_ASKING)
		take_back(p);
	switch (p->state) {
	case POLL_IDLE:
		return step_idle(p, clock_mono_ms());
	case POLL_ASKING:
		return -1;
	case POLL_TAKING:
		return take_items(p);
	case POLL_SETTLING:
		break;
	}
	if (p->open)
		return -1;
	settle(p);
	return 0;
}

static bool poll_health(void *state, char *text, size_t size)
{
	const struct poll *p = state;

	if (*p->trouble)
		snprintf(text, size, "poll_json: %s", p->trouble);
	return !p->refused && p->failures < MANY_FAILURES;
}

static void poll_drain(void *state)
{
	struct poll *p = state;

	/* a reading whose pages all came is finished; another one is made again next time */
	p->draining = true;
	if (p->call)
		httpc_cancel(TAKE_PTR(p->call));
	if (p->dirty && !p->writing)
		write_cursor(p);
}

static bool poll_drained(void *state)
{
	const struct poll *p = state;

	return !p->writing;
}

/* An answer of the endpoint, as a page of a reading. */
static int poll_sample(const void *conf, const struct source_sample *s, source_sample_fn *emit,
	void *ctx, struct err *e)
{
	const struct call112_conf *c = conf;
	struct c112_rules rules = call112_rules(c, s->shared);
	struct c112_row row = {0};
	struct span item;
	struct page page;
	struct c112_file *f;
	struct calls *calls;
	uint64_t n = 0;
	int r = page_open(s->data, s->len, c->poll.items ?: "", c->poll.next, &page, e);

	if (r)
		return r;
	f = c112_file_new(&rules);
	calls = calls_new(s->base->account);
	while ((r = json_span_next(&page.items, &item)) == 1) {
		char place[300];

		snprintf(place, sizeof(place), "%s, item %" PRIu64, s->name, ++n);
		if (c112_item(f, item.p, item.n, place, s->base, &row) == C112_MESSAGE)
			call112_show(calls, &row.m, n, emit, ctx);
	}
	if (r < 0)
		err_set(e, r, "the list breaks off behind item %" PRIu64, n);
	page_close(&page);
	c112_row_free(&row);
	c112_file_free(f);
	calls_free(calls);
	return r;
}

const struct source_ops call112_poll = {
	.open = poll_open,
	.cursor = poll_cursor,
	.raw = poll_raw,
	.step = poll_step,
	.drain = poll_drain,
	.drained = poll_drained,
	.health = poll_health,
	.close = poll_close,
	.sample = poll_sample,
};
