/* hook_web: a ring by HTTP: a webhook, or a message template of the WhatsApp Cloud API. See hook.h.
 *
 * Templates: developers.facebook.com, WhatsApp, "Sending template messages"; an officer who has not
 * written to the number within 24 hours can be reached by nothing else. Their two variables are how
 * many wait and the tickets. 200 means that Meta took it, not that it was read.
 * The same ring may be POSTed twice (after an unclear answer, after a restart): that is what a ring
 * is. */
#include "hook_private.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "base/util.h"

#define ANSWER_MAX 4096

/* Meta's number for what is wrong, {"error": {"code": 131026, …}}; 0 = it gives none. */
static int64_t error_code(const struct httpc_answer *a)
{
	_cleanup_json_ json_t *o = NULL;

	if (!a->body_len || a->status < 400 ||
		json_parse(a->body, a->body_len, ANSWER_MAX, &o, NULL) < 0)
		return 0;
	return json_int(json_object_get(o, "error"), "code", 0);
}

static void on_answer(void *ctx, const struct httpc_answer *a)
{
	struct hook_run *run = ctx;
	char text[200];
	int64_t code = error_code(a);

	run->call = NULL;
	if (a->status && code)
		snprintf(text, sizeof(text), "HTTP %ld, error %" PRId64, a->status, code);
	else if (a->status)
		snprintf(text, sizeof(text), "HTTP %ld", a->status);
	else
		snprintf(text, sizeof(text), "%s", a->error);
	hook_end(run, a->status >= 200 && a->status < 300 && !a->curl, text);
}

/* Steals the body. */
static int post(struct hook_run *run, const struct hook_host *host, const char *url, json_t *json,
	struct err *e)
{
	const struct conf_hook *c = run->conf;
	_cleanup_json_ json_t *body = json;
	_cleanup_free_ char *bearer =
		c->token ? xasprintf("Authorization: Bearer %s", c->token) : NULL;
	const char *headers[] = {"Content-Type: application/json", bearer, NULL};
	struct httpc_request q = {.method = "POST",
		.url = url,
		.headers = headers,
		.connect_ms = c->timeout_ms,
		.total_ms = c->timeout_ms,
		.max_answer = ANSWER_MAX,
		.ca_file = c->ca_file};

	run->body = json_text(body, &q.body_len);
	q.body = run->body;
	return httpc_send(host->http, &q, on_answer, run, &run->call, e);
}

int web_start(
	struct hook_run *run, const struct hook_host *host, const struct ring *r, struct err *e)
{
	return post(run, host, run->conf->url, ring_json(run->conf, r), e);
}

static json_t *parameter(const char *text)
{
	json_t *o = json_object();

	json_set_str(o, "type", "text");
	json_set_str(o, "text", text);
	return o;
}

json_t *template_json(const struct conf_hook *c, const struct ring *r)
{
	_cleanup_free_ char *n = xasprintf("%zu", r->unacknowledged), *all = ring_list(r, "ticket");
	json_t *o = json_object(), *t = json_object(), *language = json_object(),
	       *body = json_object(), *parameters = json_array(), *components = json_array();

	json_array_append_new(parameters, parameter(n));
	json_array_append_new(parameters, parameter(all));
	json_set_str(body, "type", "body");
	json_set_new(body, "parameters", parameters);
	json_array_append_new(components, body);
	json_set_str(language, "code", c->language);
	json_set_str(t, "name", c->template);
	json_set_new(t, "language", language);
	json_set_new(t, "components", components);
	json_set_str(o, "messaging_product", "whatsapp");
	json_set_str(o, "recipient_type", "individual");
	json_set_str(o, "to", c->to);
	json_set_str(o, "type", "template");
	json_set_new(o, "template", t);
	return o;
}

int whatsapp_start(
	struct hook_run *run, const struct hook_host *host, const struct ring *r, struct err *e)
{
	const struct conf_hook *c = run->conf;
	_cleanup_free_ char *url = xasprintf("%s/%s/messages", c->base, c->number_id);

	return post(run, host, url, template_json(c, r), e);
}

void web_cancel(struct hook_run *run)
{
	if (run->call)
		httpc_cancel(run->call);
	run->call = NULL;
}
