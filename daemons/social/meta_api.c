/* meta_api: see meta_api.h. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/daemon.h"
#include "base/fsio.h"
#include "base/httpc.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"

#include "meta_api.h"

#define TOKEN_MAX     4096
#define LOOK_MS	      1000	    /* at the token's file, while everything waits for it */
#define PROBE_MS      (3600 * 1000) /* a dead one is tried again */
#define AGAIN_MS      1000
#define AGAIN_MOST_MS (5 * 60 * 1000)
#define THROTTLE_MS   (5 * 60 * 1000)
#define MANY_FAILURES 5 /* in a row: from then on it is ill */
#define ANSWER_MAX    (8 * 1024 * 1024)
#define CONNECT_MS    10000

enum token_state { TOKEN_WELL, TOKEN_MISSING, TOKEN_DEAD };

struct meta_api {
	struct meta_api_conf c;
	struct httpc *http;
	struct httpc_call *call;
	char *token;
	uint8_t dead[SHA256_SIZE]; /* hash of the token the API called dead */
	enum token_state token_state;
	int64_t died_ms, not_before_ms;
	int failures;
	bool throttled;
	meta_api_fn *done;
	void *ctx;
	struct metric *calls, *usage, *held;
};

static const char *const verdict_labels[] = {
	"ok", "again", "throttled", "dead", "denied", "gone", NULL};

int meta_api_open(const struct meta_api_conf *c, struct meta_api **ret, struct err *e)
{
	struct meta_api *a = xcalloc(1, sizeof(*a));
	int r;

	a->c = *c;
	a->calls = metric_counter(
		"muara_meta_calls_total", "Calls to the Graph API", "verdict", verdict_labels);
	a->usage = metric_gauge("muara_meta_usage_percent",
		"Share of the API's limit that is used, as it tells itself", NULL, NULL);
	a->held = metric_gauge("muara_meta_token_dead",
		"1 while no call is made for want of a living token", NULL, NULL);
	r = httpc_open(c->loop, "muara-social", 1, &a->http, e);
	if (r) {
		free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void meta_api_close(struct meta_api *a)
{
	if (!a)
		return;
	if (a->call)
		httpc_cancel(a->call);
	httpc_close(a->http);
	free(a->token);
	free(a);
}

/* --- the token --- */

static void set_token_state(struct meta_api *a, enum token_state to, const char *why)
{
	if (to == a->token_state)
		return;
	if (to == TOKEN_WELL)
		log_notice("there is a token again, going on");
	else
		log_error("nothing is asked of Facebook until there is a living token: %s", why);
	a->token_state = to;
	metric_set(a->held, NULL, to != TOKEN_WELL);
	daemon_progress();
}

static bool printable(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s >= 0x7f)
			return false;
	return true;
}

/* The text of the token, blanks at its end taken off; NULL: there is none. Caller frees. */
static char *token_text(const struct meta_api *a)
{
	_cleanup_free_ char *text = a->c.token ? xstrdup(a->c.token) : NULL;
	struct err e = {0};
	size_t n = text ? strlen(text) : 0;

	if (!text && fsio_read_file(a->c.token_file, TOKEN_MAX, &text, &n, &e))
		return NULL;
	while (n && strchr(" \r\n", text[n - 1]))
		text[--n] = '\0';
	return n && strlen(text) == n && printable(text) ? TAKE_PTR(text) : NULL;
}

/* False: there is none that could be used. */
static bool read_token(struct meta_api *a)
{
	_cleanup_free_ char *text = token_text(a);
	uint8_t hash[SHA256_SIZE];

	if (!text) {
		set_token_state(a, TOKEN_MISSING, "the file cannot be read, or holds none");
		return false;
	}
	sha256_of(text, strlen(text), hash);
	if (a->token_state == TOKEN_DEAD && equal_secret(hash, a->dead, sizeof(hash))) {
		if (clock_mono_ms() - a->died_ms < PROBE_MS)
			return false;
	} else {
		set_token_state(a, TOKEN_WELL, "");
	}
	free(a->token);
	a->token = TAKE_PTR(text);
	return true;
}

static void token_died(struct meta_api *a, int code, int subcode)
{
	char why[80];

	sha256_of(a->token, strlen(a->token), a->dead);
	a->died_ms = clock_mono_ms();
	snprintf(why, sizeof(why), "this one is dead (code %d, %d)", code, subcode);
	set_token_state(a, TOKEN_DEAD, why);
}

/* --- calls --- */

int64_t meta_api_wait_ms(struct meta_api *a)
{
	int64_t now = clock_mono_ms();

	if (a->call)
		return -1;
	if (now < a->not_before_ms)
		return a->not_before_ms - now;
	return read_token(a) ? 0 : LOOK_MS;
}

bool meta_api_busy(const struct meta_api *a)
{
	return a->call != NULL;
}

/* Full jitter: somewhere up to twice as far each time. */
static int64_t again_ms(int failures)
{
	int64_t most = MIN((int64_t)AGAIN_MS << MIN(failures, 16), AGAIN_MOST_MS);
	uint32_t r;

	random_bytes(&r, sizeof(r));
	return most / 4 + (int64_t)(r % (uint32_t)(most * 3 / 4));
}

static int64_t asked_to_wait_ms(const struct httpc_answer *answer)
{
	int64_t s;

	return answer->retry_after && parse_i64(answer->retry_after, 1, 24 * 3600, &s) == 0
		       ? s * 1000
		       : 0;
}

static int64_t pause_ms(struct meta_api *a, enum meta_verdict verdict, struct meta_usage usage)
{
	int64_t ms = MAX(meta_pause_ms(usage), a->c.spacing_ms);

	if (verdict == MV_THROTTLED)
		ms = MAX(ms, MAX(usage.regain_ms, THROTTLE_MS));
	if (verdict == MV_AGAIN)
		ms = MAX(ms, again_ms(a->failures));
	return ms;
}

static void tell(struct meta_api *a, struct meta_judgement j, const struct httpc_answer *answer)
{
	if (j.verdict == MV_THROTTLED && !a->throttled)
		log_warn("Facebook asks for a pause (code %d); nothing is lost, it is read later",
			j.code);
	if (j.verdict == MV_AGAIN && a->failures == 0)
		log_warn("no use of the Graph API's answer (%s, HTTP %ld, code %d), asking again",
			answer->curl ? answer->error : "it came", answer->status, j.code);
	a->throttled = j.verdict == MV_THROTTLED;
	a->failures = j.verdict == MV_AGAIN ? a->failures + 1 : 0;
}

static void on_answer(void *ctx, const struct httpc_answer *answer)
{
	struct meta_api *a = ctx;
	struct meta_usage usage = meta_usage(httpc_header(answer, "X-App-Usage"),
		httpc_header(answer, "X-Business-Use-Case-Usage"));
	struct meta_reply r = {.answered = answer->curl == 0,
		.status = answer->status,
		.body = answer->body,
		.len = answer->body_len};
	struct meta_judgement j = meta_judge(&r);
	_cleanup_free_ char *body = xstrndup(answer->body ? answer->body : "", answer->body_len);
	int64_t ms;

	a->call = NULL;
	daemon_progress();
	metric_add(a->calls, meta_verdict_name(j.verdict), 1);
	metric_set(a->usage, NULL, usage.percent);
	tell(a, j, answer);
	ms = MAX(pause_ms(a, j.verdict, usage), asked_to_wait_ms(answer));
	a->not_before_ms = clock_mono_ms() + ms;
	if (j.verdict == MV_DEAD)
		token_died(a, j.code, j.subcode);
	else if (answer->curl == 0 && answer->status < 500)
		set_token_state(a, TOKEN_WELL, "");
	a->done(a->ctx, j, body, strlen(body) == answer->body_len ? answer->body_len : 0);
	a->c.answered(a->c.ctx);
}

static char *url_of(const struct meta_api *a, const char *path)
{
	uint8_t mac[SHA256_SIZE];
	char proof[SHA256_HEX_SIZE];

	if (!a->c.app_secret)
		return xasprintf("%s%s", a->c.base, path);
	hmac_sha256(a->c.app_secret, strlen(a->c.app_secret), a->token, strlen(a->token), mac);
	hex_encode(mac, sizeof(mac), proof);
	return xasprintf(
		"%s%s%cappsecret_proof=%s", a->c.base, path, strchr(path, '?') ? '&' : '?', proof);
}

int meta_api_call(struct meta_api *a, const char *method, const char *path, meta_api_fn *done,
	void *ctx, struct err *e)
{
	_cleanup_free_ char *url = url_of(a, path);
	_cleanup_free_ char *bearer = xasprintf("Authorization: Bearer %s", a->token);
	const char *headers[] = {bearer, "Accept: application/json", NULL};
	struct httpc_request r = {.method = method,
		.url = url,
		.headers = headers,
		.connect_ms = MIN(CONNECT_MS, a->c.timeout_ms),
		.total_ms = a->c.timeout_ms,
		.max_answer = ANSWER_MAX,
		.ca_file = a->c.ca};

	a->done = done;
	a->ctx = ctx;
	return httpc_send(a->http, &r, on_answer, a, &a->call, e);
}

bool meta_api_health(const struct meta_api *a, char *text, size_t size)
{
	static const char *const texts[] = {"", "there is no token in its file",
		"the token is dead: give the daemon another one"};

	snprintf(text, size, "%s", texts[a->token_state]);
	if (a->token_state == TOKEN_WELL && a->throttled)
		snprintf(text, size, "Facebook asks for a pause");
	if (a->token_state == TOKEN_WELL && a->failures >= MANY_FAILURES)
		snprintf(text, size,
			"the Graph API gives no answer of use, %d times in a row; see "
			"the log, `meta.base` and the unit's IPAddressAllow=",
			a->failures);
	return a->token_state == TOKEN_WELL && a->failures < MANY_FAILURES;
}
