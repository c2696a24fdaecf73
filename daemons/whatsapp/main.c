/* muara-whatsapp: webhook of one WhatsApp account (one number or several), of the Cloud API or of
 * another provider -> raw.whatsapp.
 *
 * nginx stands in front (deploy/nginx/muara.conf) and ends TLS; this listens on a Unix socket or
 * loopback. What is verified, produced and answered when: core/webhook.h. What becomes of which
 * update: decode.h; of other providers' payloads: the file `provider` names (provider.h,
 * core/mapping.h). No cursor: Meta sends again what was not answered with 200; what other providers
 * do then, README.md beside this. Media are told as pending ids or URLs: muara-media fetches them.
 * Known gap: Meta's optional client certificate is nginx's to check. */
#include <string.h>

#include "base/httpd.h"
#include "base/util.h"
#include "core/meta_webhook.h"
#include "core/source.h"
#include "core/webhook.h"

#include "decode.h"
#include "provider.h"

struct conf {
	struct source_common common; /* first */
	char *listen, *path, *app_secret, *app_secret_next, *verify_token;
	char *provider, *secret, *secret_next;
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
	OPT(struct conf, OPT_SECRET, app_secret, "app_secret", NULL, .min = 1,
		.help = "File with the app secret (Meta app, Settings, Basic); required without "
			"`provider`"),
	OPT(struct conf, OPT_SECRET, app_secret_next, "app_secret_next", NULL, .min = 1,
		.help = "File with a second app secret, for the time of a rotation"),
	OPT(struct conf, OPT_SECRET, verify_token, "verify_token", NULL, .min = 1,
		.help = "File with the verify token typed in at Meta for this webhook; required "
			"without `provider`"),
	OPT(struct conf, OPT_PATH, provider, "provider", NULL,
		.help = "Not Meta's Cloud API: file that describes the provider's webhook, as in "
			"whatsapp-providers/"),
	OPT(struct conf, OPT_SECRET, secret, "secret", NULL, .min = 8,
		.help = "File with the secret the provider sends or signs with; required with "
			"`provider`"),
	OPT(struct conf, OPT_SECRET, secret_next, "secret_next", NULL, .min = 8,
		.help = "File with a second one, for the time of a rotation"),
	OPT(struct conf, OPT_STRINGS, numbers, "numbers", NULL,
		.help = "phone_number_id of each number that is ours (other providers: what their "
			"`account` says); others go to a person. Empty: all"),
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
	struct provider *provider; /* NULL: Meta's Cloud API */
	struct mapping_env env;
	struct httpd_route routes[3];
	const char *secrets[2];
};

/* Faults of the provider's file keep their own file, line and key. */
static void check_provider(const struct conf *c, struct options_faults *f)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(8192);
	struct provider *provider = NULL;
	struct err e = {0};

	if (provider_load(c->provider, &provider, &faults, &e)) {
		while (faults.len && faults.data[faults.len - 1] == '\n')
			faults.data[--faults.len] = '\0';
		options_fault(f, "provider", "%s", faults.len ? buf_str(&faults) : e.text);
	}
	provider_free(provider);
	if (!c->secret)
		options_fault(f, "secret",
			"is missing: file with the secret the provider sends or signs with");
	if (c->app_secret || c->app_secret_next)
		options_fault(f, "app_secret", "is Meta's; with `provider` it is `secret`");
}

static void check_meta(const struct conf *c, struct options_faults *f)
{
	if (!c->app_secret)
		options_fault(f, "app_secret",
			"is missing: file with the app secret (Meta app, Settings, Basic)");
	if (!c->verify_token)
		options_fault(f, "verify_token",
			"is missing: file with the verify token typed in at Meta");
	if (c->secret || c->secret_next)
		options_fault(f, "secret", "is for another provider; name it with `provider`");
}

static void check(void *p, struct options_faults *f)
{
	const struct conf *c = p;
	struct err e = {0};

	if (c->provider)
		check_provider(c, f);
	else
		check_meta(c, f);
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

static bool mapped(const struct state *st)
{
	return st->provider && st->provider->payload == PROVIDER_MAPPING;
}

static void decode(void *ctx, const char *body, size_t len, const struct message *base,
	webhook_emit_fn *emit, void *emit_ctx)
{
	const struct state *st = ctx;
	struct mapping_body *b;

	if (!mapped(st)) {
		wa_decode(body, len, &st->rules, base, emit, emit_ctx);
		return;
	}
	b = mapping_open(&st->provider->map, body, len);
	mapping_decode(b, &st->env, base, emit, emit_ctx);
	mapping_close(b);
}

static int count(void *ctx, const char *body, size_t len)
{
	const struct state *st = ctx;
	struct mapping_body *b;
	int n;

	if (!mapped(st))
		return wa_count(body, len);
	b = mapping_open(&st->provider->map, body, len);
	n = mapping_count(b);
	mapping_close(b);
	return n;
}

/* A header that comes twice is refused: whoever stands between may look at the other one. */
static bool verify(void *ctx, const struct httpd_request *r, const char *body, size_t len)
{
	const struct state *st = ctx;
	const struct webauth_conf *a = &st->provider->auth;
	_cleanup_free_ char *within = NULL;
	const char *given = NULL;

	if (a->by == WEBAUTH_QUERY) {
		given = httpd_query(r, a->name);
	} else if (a->by == WEBAUTH_BODY) {
		struct mapping_body *b = mapping_open(&st->provider->map, body, len);

		within = mapping_root_text(b, a->name);
		mapping_close(b);
		given = within;
	} else if (httpd_header_count(r, a->name) == 1) {
		given = httpd_header(r, a->name);
	}
	return webauth_ok(a, given, body, len, st->secrets, ARRAY_SIZE(st->secrets));
}

static void set_rules(struct state *st, const struct conf *c, const struct muara_conf *shared)
{
	st->rules = (struct wa_rules){(const char *const *)c->numbers.v, c->numbers.n};
	st->env = (struct mapping_env){.zone_minutes = muara_zone_minutes(shared),
		.accounts = (const char *const *)c->numbers.v,
		.n_accounts = c->numbers.n};
}

static struct webhook *make_webhook(struct source *s, const struct conf *c, struct state *st)
{
	struct webhook_conf w = {.verify_token = c->verify_token,
		.secrets = st->secrets,
		.n_secrets = ARRAY_SIZE(st->secrets),
		.verify = st->provider ? verify : NULL,
		.answer_ms = c->answer_ms,
		.decode = decode,
		.count = count,
		.ctx = st};

	set_rules(st, c, source_shared(s));
	st->secrets[0] = st->provider ? c->secret : c->app_secret;
	st->secrets[1] = st->provider ? c->secret_next : c->app_secret_next;
	return webhook_new(s, &w);
}

static void whatsapp_close(void *state)
{
	struct state *st = state;

	if (!st)
		return;
	webhook_free(st->webhook);
	httpd_close(st->httpd);
	provider_free(st->provider);
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
	r = c->provider ? provider_load(c->provider, &st->provider, NULL, e) : 0;
	if (r == 0) {
		st->webhook = make_webhook(s, c, st);
		r = httpd_open(source_loop(s), &h, &st->httpd, e);
		if (r)
			err_prefix(e, "listen");
	}
	if (r) {
		whatsapp_close(st);
		return r;
	}
	*ret_state = st;
	return 0;
}

static void whatsapp_drain(void *state)
{
	struct state *st = state;

	httpd_stop_accepting(st->httpd);
}

static int whatsapp_sample(const void *conf, const struct source_sample *sample,
	source_sample_fn *emit, void *ctx, struct err *e)
{
	const struct conf *c = conf;
	struct webhook_sample s = {emit, ctx};
	struct state st = {0};
	int r = c->provider ? provider_load(c->provider, &st.provider, NULL, e) : 0;

	if (r)
		return r;
	set_rules(&st, c, sample->shared);
	decode(&st, sample->data, sample->len, sample->base, webhook_show, &s);
	provider_free(st.provider);
	return 0;
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
		.summary = "WhatsApp webhook (Cloud API or another provider): citizens' messages "
			   "into Kafka.",
		.options = options,
		.conf_size = sizeof(struct conf),
		.check = check,
		.open = whatsapp_open,
		.drain = whatsapp_drain,
		.drained = whatsapp_drained,
		.close = whatsapp_close,
		.sample = whatsapp_sample,
	};

	return source_main(argc, argv, &ops);
}
