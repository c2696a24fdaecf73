/* poll_page: one page of an endpoint: asked for, answered, done; and what breaks a reading off.
 *
 * Network, 5xx, 429, half pages: again with full jitter up to 5 min, or when Retry-After says. 401,
 * 403, 404, 3xx, a page too large, no list where the configuration says: an alarm each time that
 * changes, and again every 5 min at most: nothing is lost meanwhile, the place stands.
 *
 * Known gap: a page is held in memory. Thread: loop only. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/outcome.h"

#include "poll.h"

#define CONNECT_MS    10000
#define AGAIN_MOST_MS (5 * 60 * 1000)
#define FAILURES_MAX  20     /* more change no wait */
#define PAGES_MAX     100000 /* of a reading; an endpoint that never ends is told */
#define HEADERS_MAX   20

/* --- a reading ends, or breaks off --- */

static void drop_page(struct poll *p)
{
	page_close(&p->page);
	free(p->body);
	p->body = NULL;
}

void poll_forget(struct poll *p)
{
	drop_page(p);
	p->next = (free(p->next), NULL);
	p->state = POLL_IDLE;
}

/* The reading is made again from its beginning; what was handed out stays known. */
void poll_break_off(struct poll *p, int64_t wait_ms)
{
	poll_forget(p);
	p->page_no = 0;
	p->not_before_ms = clock_mono_ms() + wait_ms;
}

static int64_t back_off(struct poll *p)
{
	uint64_t random;

	random_bytes(&random, sizeof(random));
	p->failures = MIN(p->failures + 1, FAILURES_MAX);
	return POLL_AGAIN_MS / 2 + backoff_ms(POLL_AGAIN_MS, AGAIN_MOST_MS, p->failures, random);
}

/* Said once until something else is wrong, or nothing is. */
static void tell(struct poll *p, bool alarm, const char *what)
{
	metric_set(p->held, NULL, alarm);
	p->refused = alarm;
	if (strcmp(p->trouble, what) == 0)
		return;
	snprintf(p->trouble, sizeof(p->trouble), "%s", what);
	if (alarm)
		log_error(
			"poll_json: %s; nothing is taken in until it is mended, the place is kept",
			what);
	else
		log_warn("poll_json: %s; it is asked again", what);
}

void poll_trouble(struct poll *p, bool alarm, const char *what, int64_t wait_ms)
{
	metric_add(p->calls_made, alarm ? "refused" : "again", 1);
	tell(p, alarm, what);
	poll_break_off(p, MAX(back_off(p), wait_ms));
}

/* A reading goes on with another page, or waits for its reports. */
void poll_page_done(struct poll *p)
{
	bool by_number = page_by_number(p->conf->poll.url, p->conf->poll.next);

	free(p->next);
	p->next = TAKE_PTR(p->page.next);
	drop_page(p);
	if (p->next || (by_number && p->item_no > 0)) {
		p->page_no++;
		p->state = POLL_IDLE; /* the reading is not over: page_no says so */
	} else {
		p->page_no = 0;
		p->state = POLL_SETTLING;
	}
}

/* --- an answer --- */

static void take_page(struct poll *p, const struct httpc_answer *a)
{
	uint8_t hash[SHA256_SIZE];
	struct span whole;
	struct err e = {0};
	int r;

	sha256_of(a->body, a->body_len, hash);
	if (p->page_no > 1 && memcmp(hash, p->body_hash, sizeof(hash)) == 0) {
		poll_trouble(p, true,
			"a page is the same as the one before: it does not heed {page}", 0);
		return;
	}
	memcpy(p->body_hash, hash, sizeof(hash));
	p->body = xmalloc(a->body_len + 1);
	memcpy(p->body, a->body, a->body_len);
	p->body_len = a->body_len;
	r = page_open(
		p->body, p->body_len, p->conf->poll.items ?: "", p->conf->poll.next, &p->page, &e);
	if (r) { /* a cut document may be whole the next time; another document is a mistake */
		poll_trouble(p, json_span_first(p->body, p->body_len, &whole) == 0, e.text, 0);
		return;
	}
	metric_add(p->calls_made, "page", 1);
	p->item_no = 0;
	p->state = POLL_TAKING;
}

static void on_answer(void *ctx, const struct httpc_answer *a)
{
	struct poll *p = ctx;
	int64_t wait_ms = 0;
	char what[200];

	p->call = NULL;
	if (p->draining)
		return;
	if (a->retry_after && retry_after_parse(a->retry_after, clock_wall_ms(), &wait_ms))
		wait_ms = 0;
	if (a->too_large) {
		snprintf(what, sizeof(what), "a page is larger than poll_json.max");
		poll_trouble(p, true, what, 0);
	} else if (a->curl || a->status == 429 || a->status == 408 || a->status >= 500) {
		if (a->curl)
			snprintf(what, sizeof(what), "no answer: %s", a->error);
		else
			snprintf(what, sizeof(what), "answered with status %ld", a->status);
		poll_trouble(p, false, what, wait_ms);
	} else if (a->status != 200) {
		snprintf(what, sizeof(what),
			"answered with status %ld: see poll_json.url and the secret header",
			a->status);
		poll_trouble(p, true, what, wait_ms);
	} else {
		take_page(p, a);
	}
	source_wake(p->source);
}

/* --- a question --- */

static void set_headers(const struct poll *p, const char **ret)
{
	size_t n = 0;

	for (; n < p->conf->poll.headers.n; n++)
		ret[n] = p->conf->poll.headers.v[n];
	if (p->conf->poll.secret_header)
		ret[n++] = p->conf->poll.secret_header;
	ret[n] = NULL;
}

void poll_ask(struct poll *p)
{
	const char *headers[HEADERS_MAX];
	int64_t since = MAX(p->since_ms - p->conf->poll.overlap_ms, 0);
	_cleanup_free_ char *url = NULL;
	struct err e = {0};
	struct httpc_request r = {.method = "GET",
		.headers = headers,
		.connect_ms = MIN((int64_t)CONNECT_MS, p->conf->poll.timeout_ms),
		.total_ms = p->conf->poll.timeout_ms,
		.max_answer = (size_t)p->conf->poll.max_bytes,
		.ca_file = p->conf->poll.ca_file};

	if (!p->since_ms) { /* the first reading: from `start` */
		struct message base;

		source_message(p->source, &base);
		since = base.start_ms;
	}
	set_headers(p, headers);
	url = page_url(p->conf->poll.url, (enum page_since)p->conf->poll.since, since, p->page_no,
		p->next);
	if (!url || p->page_no > PAGES_MAX) {
		poll_trouble(p, true,
			url ? "it tells pages without end"
			    : "the next page it tells is on another host, or too long",
			0);
		return;
	}
	r.url = url;
	p->state = POLL_ASKING;
	if (httpc_send(p->http, &r, on_answer, p, &p->call, &e))
		poll_trouble(p, true, e.text, 0);
}
