/* hook_web: a ring by HTTP: a webhook. See hook.h.
 *
 * The same ring may be POSTed twice (after an unclear answer, after a restart): that is what a ring
 * is. */
#include "hook_private.h"

#include <errno.h>
#include <stdio.h>

#include "base/json.h"
#include "base/util.h"

#define ANSWER_MAX 4096

static void on_answer(void *ctx, const struct httpc_answer *a)
{
	struct hook_run *run = ctx;
	char text[200];

	run->call = NULL;
	if (a->status)
		snprintf(text, sizeof(text), "HTTP %ld", a->status);
	else
		snprintf(text, sizeof(text), "%s", a->error);
	hook_end(run, a->status >= 200 && a->status < 300 && !a->curl, text);
}

int web_start(
	struct hook_run *run, const struct hook_host *host, const struct ring *r, struct err *e)
{
	const struct conf_hook *c = run->conf;
	_cleanup_free_ char *bearer =
		c->token ? xasprintf("Authorization: Bearer %s", c->token) : NULL;
	const char *headers[] = {"Content-Type: application/json", bearer, NULL};
	_cleanup_json_ json_t *body = ring_json(c, r);
	struct httpc_request q = {.method = "POST",
		.url = c->url,
		.headers = headers,
		.connect_ms = c->timeout_ms,
		.total_ms = c->timeout_ms,
		.max_answer = ANSWER_MAX,
		.ca_file = c->ca_file};

	run->body = json_text(body, &q.body_len);
	q.body = run->body;
	return httpc_send(host->http, &q, on_answer, run, &run->call, e);
}

void web_cancel(struct hook_run *run)
{
	if (run->call)
		httpc_cancel(run->call);
	run->call = NULL;
}
