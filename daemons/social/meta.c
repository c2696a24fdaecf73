/* meta: Facebook and Instagram as a platform of muara-social: one page, one Instagram account, or
 * the two that belong together.
 *
 * The webhook (core/webhook.h) brings most; the poll (meta_poll.h) what it missed, and the words of
 * mentions. Both ask the books (meta_books.h) what is in Kafka already: a message comes in once,
 * whoever saw it first. The webhook needs no token: while the token is dead, it goes on.
 *
 * Order: signature over the raw bytes -> decoded -> produced -> every report -> 200. The call that
 * completes a mention goes out after the notice's report: killed in between, the notice is found in
 * the raw log at the next start, and the call is made then.
 *
 * Known gap: a webhook that comes while the poll has the same message under way gives a second
 * record of the same id, which the normalizer drops. */
#include <string.h>

#include "base/httpd.h"
#include "base/util.h"
#include "core/meta_webhook.h"
#include "core/source.h"
#include "core/webhook.h"
#include "daemons/social/options.h"
#include "daemons/social/platform.h"

#include "meta_api.h"
#include "meta_books.h"
#include "meta_decode.h"
#include "meta_poll.h"
#include "meta_subs.h"

#define KAFKA_AWAY_MS 1000

struct meta {
	struct source *source;
	const struct meta_conf *conf;
	struct meta_rules rules;
	struct meta_books *books;
	struct meta_api *api;
	struct meta_poll *poll;
	struct meta_subs *subs;
	struct webhook *webhook;
	struct httpd *httpd;
	struct httpd_route routes[3];
	const char *secrets[2];
	bool draining;
};

/* --- the webhook --- */

struct filter {
	struct meta *meta;
	webhook_emit_fn *emit;
	void *ctx;
};

/* What is in Kafka already is as good as produced. */
static void emit_new(void *ctx, struct message *m, struct span bytes)
{
	struct filter *f = ctx;

	if (!meta_books_has(f->meta->books, m))
		f->emit(f->ctx, m, bytes);
}

static void decode(void *ctx, const char *body, size_t len, const struct message *base,
	webhook_emit_fn *emit, void *emit_ctx)
{
	struct meta *s = ctx;
	struct filter f = {s, emit, emit_ctx};

	meta_decode(body, len, &s->rules, base, emit_new, &f);
}

static int count(void *ctx, const char *body, size_t len)
{
	(void)ctx;
	return meta_count(body, len);
}

static void *note(void *ctx, const struct message *m)
{
	struct meta *s = ctx;

	return meta_books_fly(s->books, m);
}

static void noted(void *ctx, void *flight, bool persisted)
{
	struct meta *s = ctx;
	struct message base;

	source_message(s->source, &base);
	meta_books_land(s->books, flight, &base, persisted);
	source_wake(s->source);
}

static void on_get(void *ctx, struct httpd_request *r)
{
	struct meta *s = ctx;

	webhook_get(s->webhook, r);
}

static void on_post(void *ctx, struct httpd_request *r)
{
	struct meta *s = ctx;

	webhook_post(s->webhook, r);
}

static void on_refused(void *ctx, int status)
{
	struct meta *s = ctx;

	webhook_refused(s->webhook, status);
}

static struct webhook *make_webhook(struct meta *s)
{
	struct webhook_conf w = {.verify_token = s->conf->verify_token,
		.secrets = s->secrets,
		.answer_ms = s->conf->answer_ms,
		.decode = decode,
		.count = count,
		.note = note,
		.noted = noted,
		.ctx = s};

	s->secrets[w.n_secrets++] = s->conf->app_secret;
	if (s->conf->app_secret_next)
		s->secrets[w.n_secrets++] = s->conf->app_secret_next;
	return webhook_new(s->source, &w);
}

static int listen_for(struct meta *s, struct err *e)
{
	struct httpd_conf h = {.listen = s->conf->listen,
		.routes = s->routes,
		.deadline_ms = s->conf->request_ms,
		.max_connections = (int)s->conf->connections,
		.refused = on_refused,
		.ctx = s};

	s->routes[0] =
		(struct httpd_route){.method = "GET", .path = s->conf->path, .handle = on_get};
	s->routes[1] = (struct httpd_route){.method = "POST",
		.path = s->conf->path,
		.max_body = META_BODY_MAX,
		.max_bytes_in_flight = s->conf->in_flight_bytes,
		.handle = on_post};
	return httpd_open(source_loop(s->source), &h, &s->httpd, e);
}

/* --- life --- */

static void meta_close(void *state)
{
	struct meta *s = state;

	if (!s)
		return;
	webhook_free(s->webhook);
	httpd_close(s->httpd);
	meta_api_close(s->api);
	meta_poll_free(s->poll);
	meta_subs_free(s->subs);
	meta_books_free(s->books);
	free(s);
}

static void on_answered(void *ctx)
{
	struct meta *s = ctx;

	source_wake(s->source);
}

static int open_api(struct meta *s, struct err *e)
{
	const struct meta_conf *c = s->conf;
	struct meta_api_conf a = {.loop = source_loop(s->source),
		.base = c->base,
		.token = c->token,
		.token_file = c->token_file,
		.ca = c->ca,
		.app_secret = c->app_secret,
		.timeout_ms = c->timeout_ms,
		.spacing_ms = c->spacing_ms,
		.answered = on_answered,
		.ctx = s};

	return meta_api_open(&a, &s->api, e);
}

static void make_readers(struct meta *s)
{
	const struct meta_conf *c = s->conf;
	struct meta_poll_conf p = {.source = s->source,
		.api = s->api,
		.books = s->books,
		.rules = &s->rules,
		.posts = c->posts,
		.comments = c->comments,
		.messages = c->messages,
		.every_ms = c->poll_ms,
		.overlap_ms = c->overlap_ms,
		.posts_ms = c->posts_ms};

	s->poll = meta_poll_new(&p);
	s->subs = meta_subs_new(
		s->api, c->page ? c->page : c->instagram, c->app, &c->fields, c->subscription_ms);
}

static int meta_open(struct source *source, void **ret_state, struct err *e)
{
	const struct social_conf *c = source_conf(source);
	struct meta *s = xcalloc(1, sizeof(*s));
	int r;

	s->source = source;
	s->conf = &c->meta;
	s->rules = (struct meta_rules){.page = c->meta.page, .instagram = c->meta.instagram};
	s->books = meta_books_new();
	s->webhook = make_webhook(s);
	r = listen_for(s, e) ? err_prefix(e, "meta.listen") : open_api(s, e);
	if (r) {
		meta_close(s);
		return r;
	}
	make_readers(s);
	*ret_state = s;
	return 0;
}

static void meta_cursor(void *state, const char *name, const json_t *value)
{
	struct meta *s = state;

	if (strcmp(name, "graph") == 0)
		meta_poll_cursor(s->poll, value);
}

static void meta_raw(void *state, const json_t *record)
{
	struct meta *s = state;
	struct message base;

	source_message(s->source, &base);
	meta_books_raw(s->books, &base, record);
}

static int64_t meta_step(void *state)
{
	struct meta *s = state;
	int64_t subs_ms, poll_ms;

	if (s->draining)
		return -1;
	if (!source_kafka_up(s->source))
		return KAFKA_AWAY_MS; /* what is asked for could not be kept */
	subs_ms = meta_subs_step(s->subs);
	poll_ms = meta_poll_step(s->poll);
	if (subs_ms < 0 || poll_ms < 0)
		return MAX(subs_ms, poll_ms);
	return MIN(subs_ms, poll_ms);
}

static void meta_drain(void *state)
{
	struct meta *s = state;

	s->draining = true;
	httpd_stop_accepting(s->httpd);
}

static bool meta_drained(void *state)
{
	const struct meta *s = state;

	return httpd_open_requests(s->httpd) == 0 && meta_poll_idle(s->poll);
}

static bool meta_health(void *state, char *text, size_t size)
{
	const struct meta *s = state;

	return meta_api_health(s->api, text, size) && meta_subs_health(s->subs, text, size) &&
	       meta_poll_health(s->poll, text, size);
}

/* --- configuration --- */

static void check_id(struct options_faults *f, const char *key, const char *id)
{
	if (id && strspn(id, "0123456789") != strlen(id))
		options_fault(f, key, "must be the numeric id, not a name");
}

static void check_webhook(const struct meta_conf *c, struct options_faults *f)
{
	struct err e = {0};

	if (!c->listen)
		options_fault(
			f, "meta.listen", "is missing and must be set: where nginx passes to");
	else if (httpd_check_listen(c->listen, &e))
		options_fault(f, "meta.listen", "%s", e.text);
	if (c->path && (c->path[0] != '/' || strpbrk(c->path, "?#% \t")))
		options_fault(f, "meta.path",
			"is the path alone, as in the callback URL: \"/\" first, no blank, ?, # or "
			"%%");
	if (!c->app_secret)
		options_fault(f, "meta.app_secret",
			"is missing and must be set: bodies are checked "
			"against it");
	if (!c->verify_token)
		options_fault(f, "meta.verify_token",
			"is missing and must be set: the text typed in at Meta");
}

static void meta_check(const void *conf, struct options_faults *f)
{
	const struct meta_conf *c = &((const struct social_conf *)conf)->meta;

	if (!c->page && !c->instagram)
		options_fault(f, "meta.page", "is missing: set it, `instagram` or both");
	check_id(f, "meta.page", c->page);
	check_id(f, "meta.instagram", c->instagram);
	check_id(f, "meta.app", c->app);
	if (!c->token && !c->token_file)
		options_fault(f, "meta.token", "is missing: set it, or meta.token_file");
	if (c->token && c->token_file)
		options_fault(f, "meta.token_file", "set this or meta.token, not both");
	if (c->base && !social_base_ok(c->base))
		options_fault(f, "meta.base", "%s", SOCIAL_BASE_RULE);
	check_webhook(c, f);
}

/* The body of a webhook. */
static int meta_sample(const void *conf, const struct source_sample *sample, source_sample_fn *emit,
	void *ctx, struct err *e)
{
	const struct meta_conf *c = &((const struct social_conf *)conf)->meta;
	const struct meta_rules rules = {.page = c->page, .instagram = c->instagram};
	struct webhook_sample s = {emit, ctx};

	(void)e;
	meta_decode(sample->data, sample->len, &rules, sample->base, webhook_show, &s);
	return 0;
}

const struct platform meta_platform = {
	.name = "meta",
	.check = meta_check,
	.open = meta_open,
	.cursor = meta_cursor,
	.raw = meta_raw,
	.step = meta_step,
	.drain = meta_drain,
	.drained = meta_drained,
	.health = meta_health,
	.close = meta_close,
	.sample = meta_sample,
};
