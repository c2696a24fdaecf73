/* muara-whatsapp: WhatsApp Cloud API webhook (one number or several of one account) ->
 * raw.whatsapp.
 *
 * nginx stands in front (deploy/nginx/muara.conf) and ends TLS; this listens on a Unix socket or
 * loopback. What is verified, produced and answered when: core/webhook.h. What becomes of which
 * update: decode.h. No cursor: Meta sends again what was not answered with 200. Known gaps: media
 * are told as pending ids, nothing fetches them yet; Meta's optional client certificate is nginx's
 * to check. */
#include <string.h>

#include "base/httpd.h"
#include "base/util.h"
#include "core/meta_webhook.h"
#include "core/source.h"
#include "core/webhook.h"

#include "decode.h"

struct conf {
	struct source_common common; /* first */
	char *listen, *path, *app_secret, *app_secret_next, *verify_token;
	struct strlist numbers;
	int64_t answer_ms, request_ms, in_flight_bytes, connections;
};

static const struct option_row options[] = {
	SOURCE_OPTIONS(struct conf),
	OPT(struct conf, OPT_STRING, listen, "listen", NULL, .flags = OPT_REQUIRED, .min = 1,
		.max = 107,
		.help = "Unix socket (mode 0660) or loopback address nginx passes requests to"),
	OPT(struct conf, OPT_STRING, path, "path", "/whatsapp", .min = 1, .max = 200,
		.help = "Path of the callback URL, exactly"),
	OPT(struct conf, OPT_SECRET, app_secret, "app_secret", NULL, .flags = OPT_REQUIRED,
		.min = 1, .help = "File with the app secret (Meta app, Settings, Basic)"),
	OPT(struct conf, OPT_SECRET, app_secret_next, "app_secret_next", NULL, .min = 1,
		.help = "File with a second app secret, for the time of a rotation"),
	OPT(struct conf, OPT_SECRET, verify_token, "verify_token", NULL, .flags = OPT_REQUIRED,
		.min = 1, .help = "File with the verify token typed in at Meta for this webhook"),
	OPT(struct conf, OPT_STRINGS, numbers, "numbers", NULL,
		.help = "phone_number_id of each number that is ours; others go to a person. "
			"Empty: all"),
	OPT(struct conf, OPT_DURATION, answer_ms, "answer_within", "5s", .min = 100, .max = 60000,
		.help = "A body not stored by then is answered 503; Meta sends it again"),
	OPT(struct conf, OPT_DURATION, request_ms, "request_within", "10s", .min = 1000,
		.max = 120000, .help = "From connection to whole request; later: 408"),
	OPT(struct conf, OPT_SIZE, in_flight_bytes, "in_flight", "16MiB", .min = META_BODY_MAX,
		.max = 1 << 30,
		.help = "Bytes of all bodies taken at once; above: 503. Memory is about three "
			"times that"),
	OPT(struct conf, OPT_INT, connections, "connections", "512", .min = 1, .max = 10000,
		.help = "Connections at once; more wait"),
	OPT_END,
};

struct state {
	struct webhook *webhook;
	struct httpd *httpd;
	struct wa_rules rules;
	struct httpd_route routes[3];
	const char *secrets[2];
};

static void check(void *p, struct options_faults *f)
{
	const struct conf *c = p;
	struct err e = {0};

	if (c->listen && httpd_check_listen(c->listen, &e))
		options_fault(f, "listen", "%s", e.text);
	if (c->path && (c->path[0] != '/' || strpbrk(c->path, "?#% \t")))
		options_fault(f, "path",
			"is the path alone, as in the callback URL: \"/\" first, no blank, ?, # or "
			"%%");
}

static void on_get(void *ctx, struct httpd_request *r)
{
	struct state *st = ctx;

	webhook_get(st->webhook, r);
}

static void on_post(void *ctx, struct httpd_request *r)
{
	struct state *st = ctx;

	webhook_post(st->webhook, r);
}

static void on_refused(void *ctx, int status)
{
	struct state *st = ctx;

	webhook_refused(st->webhook, status);
}

static void decode(void *ctx, const char *body, size_t len, const struct message *base,
	webhook_emit_fn *emit, void *emit_ctx)
{
	wa_decode(body, len, ctx, base, emit, emit_ctx);
}

static struct webhook *make_webhook(struct source *s, const struct conf *c, struct state *st)
{
	struct webhook_conf w = {.verify_token = c->verify_token,
		.secrets = st->secrets,
		.answer_ms = c->answer_ms,
		.decode = decode,
		.count = wa_count,
		.ctx = &st->rules};

	st->rules = (struct wa_rules){(const char *const *)c->numbers.v, c->numbers.n};
	st->secrets[w.n_secrets++] = c->app_secret;
	if (c->app_secret_next)
		st->secrets[w.n_secrets++] = c->app_secret_next;
	return webhook_new(s, &w);
}

static void whatsapp_close(void *state)
{
	struct state *st = state;

	if (!st)
		return;
	webhook_free(st->webhook);
	httpd_close(st->httpd);
	free(st);
}

static int whatsapp_open(struct source *s, void **ret_state, struct err *e)
{
	const struct conf *c = source_conf(s);
	struct state *st = xcalloc(1, sizeof(*st));
	struct httpd_conf h = {.listen = c->listen,
		.routes = st->routes,
		.deadline_ms = c->request_ms,
		.max_connections = (int)c->connections,
		.refused = on_refused,
		.ctx = st};
	int r;

	st->routes[0] = (struct httpd_route){.method = "GET", .path = c->path, .handle = on_get};
	st->routes[1] = (struct httpd_route){.method = "POST",
		.path = c->path,
		.max_body = META_BODY_MAX,
		.max_bytes_in_flight = c->in_flight_bytes,
		.handle = on_post};
	st->webhook = make_webhook(s, c, st);
	r = httpd_open(source_loop(s), &h, &st->httpd, e);
	if (r) {
		whatsapp_close(st);
		return err_prefix(e, "listen");
	}
	*ret_state = st;
	return 0;
}

static void whatsapp_drain(void *state)
{
	struct state *st = state;

	httpd_stop_accepting(st->httpd);
}

static bool whatsapp_drained(void *state)
{
	const struct state *st = state;

	return httpd_open_requests(st->httpd) == 0;
}

int main(int argc, char **argv)
{
	static const struct source_ops ops = {
		.name = "whatsapp",
		.channel = "whatsapp",
		.summary = "WhatsApp Cloud API webhook: citizens' messages into Kafka.",
		.options = options,
		.conf_size = sizeof(struct conf),
		.check = check,
		.open = whatsapp_open,
		.drain = whatsapp_drain,
		.drained = whatsapp_drained,
		.close = whatsapp_close,
	};

	return source_main(argc, argv, &ops);
}
