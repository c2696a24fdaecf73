/* ringer: see ringer.h. */
#include "ringer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"

#define RETRY_MS    2000 /* after the first failure; doubles up to the hook's repeat */
#define LOOK_MS	    1000 /* a clock that jumps is noticed so soon */
#define CONNECTIONS 16
#define RETRIES_MAX 10
#define TEXT_SIZE   200

struct bell { /* one hook */
	struct ringer *r;
	size_t hook;
	const struct conf_hook *conf;
	struct loop_timer *timer;
	struct hook_run *run;
	char (*ids)[UUID_TEXT_SIZE]; /* of the ring under way */
	size_t n;
	int fails; /* in a row */
	int64_t not_before_ms;
	char why[TEXT_SIZE];			      /* the last one failed */
	char absent[sizeof(((struct err *)0)->text)]; /* why the next one would fail */
};
struct ringer {
	const struct ringer_ops *ops;
	void *ctx;
	struct hook_host host;
	struct bell *bells;
	size_t n;
	bool draining;
	struct metric *rings, *failing;
};

static const char *const results[] = {"ok", "failed", NULL};

/* --- a ring's end --- */

static void plan(struct bell *b);

static void succeeded(struct bell *b)
{
	if (b->fails)
		log_notice("hook %s rings again", b->conf->name);
	b->fails = 0;
	b->why[0] = '\0';
	b->not_before_ms = 0;
	for (size_t i = 0; i < b->n; i++)
		b->r->ops->rung(b->r->ctx, b->hook, b->ids[i]);
}

static void failed(struct bell *b, const char *why)
{
	int64_t wait = MIN((int64_t)RETRY_MS << MIN(b->fails, RETRIES_MAX), b->conf->repeat_ms);

	b->fails++;
	b->not_before_ms = clock_mono_ms() + wait;
	snprintf(b->why, sizeof(b->why), "%s", why);
	log_error("hook %s: %s; %zu emergencies did not ring through it, tried again in %" PRId64
		  " ms",
		b->conf->name, why, b->n, wait);
}

static void on_done(void *ctx, bool ok, const char *text)
{
	struct bell *b = ctx;
	struct ringer *r = b->r;

	b->run = NULL;
	CRASH_POINT("after-ring", b->n);
	if (ok)
		succeeded(b);
	else
		failed(b, text);
	metric_add(r->rings, ok ? "ok" : "failed", 1);
	(void)ringer_failing(r, NULL, 0);
	plan(b);
}

/* --- a ring's beginning --- */

static void ring(struct bell *b, const json_t *const *events, size_t n)
{
	struct ringer *r = b->r;
	struct err e = {0};
	struct ring what = {.events = events, .n = n, .unacknowledged = r->ops->open(r->ctx)};

	for (size_t i = 0; i < n; i++)
		snprintf(b->ids[i], sizeof(b->ids[i]), "%s", json_str_or(events[i], "id", ""));
	b->n = n;
	what.number = r->ops->rings(r->ctx, b->hook, b->ids[0]) + 1;
	if (hook_ring(&r->host, b->conf, &what, on_done, b, &b->run, &e) < 0) {
		b->run = NULL;
		failed(b, e.text);
		metric_add(r->rings, "failed", 1);
		(void)ringer_failing(r, NULL, 0);
	}
}

static void plan(struct bell *b)
{
	struct ringer *r = b->r;
	int64_t now = clock_mono_ms(), next = r->ops->next(r->ctx, b->hook);

	loop_timer_disarm(b->timer);
	if (b->run || r->draining || next == BOOK_NEVER)
		return;
	next = MAX(next, b->not_before_ms);
	loop_timer_arm(b->timer, MIN(MAX(next - now, 0), LOOK_MS));
}

static void on_timer(void *ctx)
{
	const json_t *events[RING_EVENTS_MAX];
	struct bell *b = ctx;
	struct ringer *r = b->r;
	size_t n = 0;

	if (!b->run && !r->draining && clock_mono_ms() >= b->not_before_ms)
		n = r->ops->due(r->ctx, b->hook, events, RING_EVENTS_MAX);
	if (n)
		ring(b, events, n);
	plan(b);
}

void ringer_wake(struct ringer *r)
{
	for (size_t i = 0; i < r->n; i++)
		plan(&r->bells[i]);
}

void ringer_drain(struct ringer *r)
{
	r->draining = true;
	ringer_wake(r);
}

size_t ringer_busy(const struct ringer *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->bells[i].run != NULL;
	return n;
}

/* Found out before the night in which it counts; told once per change. */
static void look(struct bell *b)
{
	struct err e = {0};

	(void)hook_look(b->conf, &e);
	if (strcmp(e.text, b->absent) != 0 && *e.text)
		log_error("hook %s: %s", b->conf->name, e.text);
	memcpy(b->absent, e.text, sizeof(b->absent));
}

size_t ringer_failing(struct ringer *r, char *text, size_t size)
{
	size_t n = 0;

	if (size)
		*text = '\0';
	for (size_t i = 0; i < r->n; i++) {
		struct bell *b = &r->bells[i];

		look(b);
		if (!b->fails && !*b->absent)
			continue;
		if (!n++ && size)
			snprintf(
				text, size, "%s: %s", b->conf->name, b->fails ? b->why : b->absent);
	}
	metric_set(r->failing, NULL, (double)n);
	return n;
}

/* --- open and close --- */

int ringer_open(struct loop *l, const struct conf *c, const struct ringer_ops *ops, void *ctx,
	struct ringer **ret, struct err *e)
{
	struct ringer *r = xcalloc(1, sizeof(*r));
	const struct conf_hook *hooks = c->hooks.v;
	int rc = httpc_open(l, "Muara", CONNECTIONS, &r->host.http, e);

	if (rc) {
		free(r);
		return rc;
	}
	r->ops = ops;
	r->ctx = ctx;
	r->host.loop = l;
	r->n = c->hooks.n;
	r->bells = xcalloc(r->n, sizeof(*r->bells));
	for (size_t i = 0; i < r->n; i++) {
		struct bell *b = &r->bells[i];

		*b = (struct bell){.r = r, .hook = i, .conf = &hooks[i]};
		b->timer = loop_timer_new(l, on_timer, b);
		b->ids = xcalloc(RING_EVENTS_MAX, sizeof(*b->ids));
	}
	r->rings = metric_counter(
		"muara_alarm_rings_total", "Rings through a hook, by their end", "result", results);
	r->failing = metric_gauge("muara_alarm_hooks_failing",
		"Hooks whose last ring failed, or whose next one would", NULL, NULL);
	*ret = r;
	return 0;
}

void ringer_close(struct ringer *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++) {
		hook_cancel(r->bells[i].run);
		loop_timer_del(r->bells[i].timer);
		free(r->bells[i].ids);
	}
	httpc_close(r->host.http);
	free(r->bells);
	free(r);
}
