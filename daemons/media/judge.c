/* See judge.h. */
#include "judge.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/util.h"
#include "core/outcome.h"

const char *const judge_reasons[] = {"", "no-answer", "cut", "busy", "server", "token", "gone",
	"rejected", "odd-answer", "address-refused", "disk", "too-large", "compressed", "redirect",
	"wrong-hash", "wrong-size", "empty", "link-expired", "bad-link", "link-not-https",
	"link-port", "host-not-listed", "no-link", "program", "script", "archive", "markup",
	"unknown-type", NULL};

static struct ruling v(enum next next, const char *reason)
{
	return (struct ruling){.next = next, .reason = reason};
}

static struct ruling again(const char *reason, const struct attempt *a)
{
	struct ruling r = v(NEXT_AGAIN, reason);

	if (retry_after_parse(a->retry_after, a->now_ms, &r.wait_ms) < 0)
		r.wait_ms = 0;
	return r;
}

static struct ruling believed_later(const char *reason, const struct attempt *a)
{
	return a->age_ms >= a->gone_ms ? v(NEXT_MISSING, reason) : again(reason, a);
}

static struct ruling dead_token(const struct attempt *a)
{
	struct ruling r = again("token", a);

	r.alarm = true;
	return r;
}

/* No whole answer. */
static struct ruling no_answer(const struct attempt *a)
{
	if (a->write_failed)
		return again("disk", a);
	if (a->address_refused)
		return again("address-refused", a);
	return again(a->curl == CURLE_PARTIAL_FILE || a->status ? "cut" : "no-answer", a);
}

/* Codes of Graph's errors: 0 and 190 the token, 3, 10, 200-299 its permissions; 4 and 80007 limits.
 */
static bool is_token(const struct attempt *a)
{
	int c = a->error_code;

	return a->status == 401 || c == 190 || c == 3 || c == 10 || (c >= 200 && c <= 299) ||
	       (a->status == 403 && c != 4 && c != 80007);
}

struct ruling judge_ask(const struct attempt *a)
{
	if (a->too_large)
		return again("odd-answer", a);
	if (a->curl || !a->status)
		return no_answer(a);
	if (a->status == 200)
		return v(NEXT_TAKE, "");
	if (a->status == 429 || a->error_code == 4 || a->error_code == 80007)
		return again("busy", a);
	if (a->status >= 500 || a->status == 408)
		return again("server", a);
	if (a->status >= 400 && is_token(a))
		return dead_token(a);
	if (a->status == 404 || a->status == 410 || a->error_code == 100)
		return believed_later("gone", a);
	if (a->status >= 400)
		return believed_later("rejected", a);
	return again(a->status >= 300 ? "redirect" : "odd-answer", a);
}

/* --- the bytes --- */

/* An attempt that brought other bytes than announced. */
static struct ruling wrong(const char *reason, const struct attempt *a)
{
	struct ruling r = a->wrong + 1 >= HASH_TRIES ? v(NEXT_MISSING, reason) : again(reason, a);

	r.wrong = true;
	return r;
}

static struct ruling judge_bytes(const struct attempt *a)
{
	if (a->encoding && *a->encoding && strcasecmp(a->encoding, "identity") != 0)
		return v(NEXT_REFUSED, "compressed"); /* nobody asked for that: never unpacked */
	if (a->bytes == 0)
		return wrong("empty", a);
	if (*a->announced_sha256 && strcmp(a->announced_sha256, a->sha256) != 0)
		return wrong("wrong-hash", a);
	if (!*a->announced_sha256 && a->announced_bytes >= 0 && a->announced_bytes != a->bytes)
		return wrong("wrong-size", a);
	return v(NEXT_TAKE, "");
}

static struct ruling judge_refusal(const struct attempt *a)
{
	if (a->by_id) {
		struct ruling r = again("link-expired", a);

		r.next = NEXT_ASK;
		return r;
	}
	return believed_later(a->status == 404 || a->status == 410 ? "gone" : "rejected", a);
}

struct ruling judge_get(const struct attempt *a)
{
	if (a->too_large && a->status == 200)
		return v(NEXT_REFUSED, "too-large");
	if (!a->status || (a->curl && !a->too_large))
		return no_answer(a);
	if (a->status == 200)
		return judge_bytes(a);
	if (a->status == 429)
		return again("busy", a);
	if (a->status >= 500 || a->status == 408)
		return again("server", a);
	if (a->status >= 400)
		return judge_refusal(a);
	if (a->status >= 300 && a->location && *a->location && a->redirects < REDIRECTS)
		return v(NEXT_FOLLOW, "");
	return a->status >= 300 ? v(NEXT_REFUSED, "redirect") : again("odd-answer", a);
}

/* --- links --- */

void link_clear(struct link *l)
{
	free(l->url);
	*l = (struct link){.bytes = -1};
}

static void read_hash(const char *text, char ret[SHA256_HEX_SIZE])
{
	uint8_t raw[64];
	size_t n = strnlen(text, sizeof(raw) + 1), len = 0;

	ret[0] = '\0';
	if (n == SHA256_HEX_SIZE - 1 && hex_decode(text, SHA256_SIZE, raw) == 0)
		hex_encode(raw, SHA256_SIZE, ret);
	else if (n <= sizeof(raw) && base64_decode(text, n, raw, &len) == 0 && len == SHA256_SIZE)
		hex_encode(raw, SHA256_SIZE, ret);
}

int link_parse(const char *body, size_t n, struct link *ret, struct err *e)
{
	_cleanup_json_ json_t *o = NULL;
	const char *url, *size;
	int r = json_parse(body, n, LINK_ANSWER_MAX, &o, e);

	*ret = (struct link){.bytes = -1};
	if (r < 0)
		return err_set(e, -EINVAL, "the answer is no JSON");
	url = json_str(o, "url");
	if (!url || !*url)
		return err_set(e, -EINVAL, "the answer holds no url");
	size = json_str(o, "file_size");
	ret->bytes = json_int(o, "file_size", -1);
	if (size && parse_i64(size, 0, INT64_MAX, &ret->bytes) < 0)
		ret->bytes = -1;
	if (ret->bytes <= 0)
		ret->bytes = -1;
	read_hash(json_str_or(o, "sha256", ""), ret->sha256);
	ret->url = xstrdup(url);
	return 0;
}

int link_error_code(const char *body, size_t n)
{
	_cleanup_json_ json_t *o = NULL;

	if (json_parse(body, n, LINK_ANSWER_MAX, &o, NULL) < 0)
		return 0;
	return (int)json_int(json_object_get(o, "error"), "code", 0);
}
