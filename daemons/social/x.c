/* x: an account of X read by its API: mentions, recent search, direct messages. The platform; the
 * reader: x_reader.h. Where the reader stands and what it remembers: x_place.h.
 *
 * Guarantee: a configuration that passes names one account, one token and something to read. Known
 * gap: whether the token may read these lists shows only there; the daemon then holds. */
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "daemons/social/platform.h"
#include "daemons/social/x_reader.h"

static const char *const answer_labels[] = {
	"page", "rate", "capped", "refused", "too-old", "stale-page", "wrong", "again", NULL};
static const char *const post_labels[] = {
	"human", "system", "echo", "unknown", "undecodable", "edit", "again", NULL};

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
		"1 while nothing is asked for and a person is needed", "reason", x_hold_names);
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
	x_drop_page(x);
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
