/* x_judge: see x_judge.h. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "daemons/social/x_judge.h"

#define PROBLEM_MAX    (64 * 1024)
#define SECOND_MS      1000LL
#define WINDOW_MS      (15 * 60 * SECOND_MS) /* of every limit */
#define WAIT_MAX_MS    (WINDOW_MS + 60 * SECOND_MS)
#define RATE_FIRST_MS  (60 * SECOND_MS) /* a 429 that does not say until when: docs, from 1 min */
#define AGAIN_FIRST_MS 250
#define AGAIN_MAX_MS   (5 * 60 * SECOND_MS)
#define WRONG_MS       (15 * 60 * SECOND_MS)

static const char *const verdict_names[] = {
	"page", "rate", "capped", "refused", "too-old", "stale-page", "wrong", "again"};

const char *x_verdict_name(enum x_verdict v)
{
	return verdict_names[v];
}

/* --- the problem an answer tells --- */

static const struct {
	const char *type; /* last part of the problem's type, or its title */
	enum x_verdict verdict;
} problems[] = {
	{"usage-capped", X_CAPPED},
	{"UsageCapExceeded", X_CAPPED},
	{"credits", X_CAPPED},
	{"CreditsDepleted", X_CAPPED},
	{"SpendCapReached", X_CAPPED},
	{"rate-limit-exceeded", X_RATE},
	{"client-forbidden", X_REFUSED},
	{"unsupported-authentication", X_REFUSED},
};

static const char *last_part(const char *type)
{
	const char *slash = strrchr(type, '/');

	return slash ? slash + 1 : type;
}

/* True when it is one of the table. */
static bool known_problem(const json_t *problem, enum x_verdict *ret, const char **ret_name)
{
	const char *type = last_part(json_str_or(problem, "type", ""));
	const char *title = json_str_or(problem, "title", "");

	for (size_t i = 0; i < ARRAY_SIZE(problems); i++)
		if (strcmp(problems[i].type, type) == 0 || strcmp(problems[i].type, title) == 0) {
			*ret = problems[i].verdict;
			*ret_name = problems[i].type;
			return true;
		}
	return false;
}

/* Whether the answer complains of that parameter: it names it in `parameters`, else in words. */
static bool complains_of(const json_t *body, const char *parameter)
{
	const json_t *error;
	size_t i;

	json_array_foreach (json_object_get(body, "errors"), i, error) {
		if (json_object_get(json_object_get(error, "parameters"), parameter) ||
			strstr(json_str_or(error, "message", ""), parameter))
			return true;
	}
	return strstr(json_str_or(body, "detail", ""), parameter) != NULL;
}

static enum x_verdict judge_400(const json_t *body)
{
	if (complains_of(body, "next_token") || complains_of(body, "pagination_token"))
		return X_STALE_PAGE;
	if (complains_of(body, "start_time")) /* our clock was wrong; X's is known now */
		return X_AGAIN;
	return complains_of(body, "since_id") ? X_TOO_OLD : X_WRONG;
}

/* A list that is no list: its user or its query is not there, told as an error with status 200. */
static enum x_verdict judge_200(const struct x_reply *r, const json_t *body)
{
	(void)r;
	if (!body || json_object_get(body, "meta") || json_object_get(body, "data"))
		return X_PAGE; /* whether it can be read is for the reader of pages to say */
	return json_array_size(json_object_get(body, "errors")) ? X_WRONG : X_AGAIN;
}

static enum x_verdict judge_status(const struct x_reply *r, const json_t *body)
{
	if (r->status == 200)
		return judge_200(r, body);
	if (r->status == 400)
		return judge_400(body);
	if (r->status == 401 || r->status == 403)
		return X_REFUSED;
	if (r->status == 402)
		return X_CAPPED;
	if (r->status == 429)
		return X_RATE;
	if (r->status >= 500 || r->status == 408)
		return X_AGAIN;
	return X_WRONG;
}

static enum x_verdict judge_answer(const struct x_reply *r, const char **ret_type)
{
	_cleanup_json_ json_t *body = NULL;
	enum x_verdict v;

	*ret_type = NULL;
	if (r->curl != CURLE_OK)
		return X_AGAIN;
	/* a page is large and no problem */
	if (r->body_len <= PROBLEM_MAX || r->status != 200)
		(void)json_parse(r->body, r->body_len, PROBLEM_MAX, &body, NULL);
	if (r->status != 200 &&
		(known_problem(body, &v, ret_type) ||
			known_problem(
				json_array_get(json_object_get(body, "errors"), 0), &v, ret_type)))
		return v;
	return judge_status(r, body);
}

/* --- waiting --- */

static int64_t doubled(int64_t first_ms, unsigned tries, int64_t max_ms)
{
	return MIN(max_ms, first_ms << MIN(tries, 16U));
}

static int64_t x_now(const struct x_reply *r)
{
	time_t s = r->date ? curl_getdate(r->date, NULL) : -1;

	return s > 0 ? (int64_t)s * SECOND_MS : r->now_ms;
}

/* Until the limit's window ends by X's own clock; -1: not told. */
static int64_t until_reset(const struct x_reply *r)
{
	int64_t now_ms = x_now(r), reset, wait;

	if (r->reset && parse_i64(r->reset, 1, 253402300799, &reset) == 0)
		wait = reset * SECOND_MS - now_ms + SECOND_MS;
	else if (r->retry_after && parse_i64(r->retry_after, 0, 86400, &reset) == 0)
		wait = reset * SECOND_MS;
	else
		return -1;
	return MIN(MAX(wait, SECOND_MS), WAIT_MAX_MS);
}

static int64_t wait_of(const struct x_reply *r, enum x_verdict v)
{
	int64_t reset_ms = until_reset(r);

	switch (v) {
	case X_PAGE:
		return r->remaining && strcmp(r->remaining, "0") == 0 ? MAX(reset_ms, 0) : 0;
	case X_RATE:
		return reset_ms >= 0 ? reset_ms : doubled(RATE_FIRST_MS, r->tries, WAIT_MAX_MS);
	case X_AGAIN:
		return doubled(AGAIN_FIRST_MS, r->tries, AGAIN_MAX_MS);
	case X_WRONG:
		return WRONG_MS;
	default:
		return 0;
	}
}

void x_judge(const struct x_reply *r, struct x_judgement *ret)
{
	const char *type;

	ret->verdict = judge_answer(r, &type);
	ret->x_now_ms = x_now(r);
	ret->wait_ms = wait_of(r, ret->verdict);
	if (r->curl != CURLE_OK)
		snprintf(ret->why, sizeof(ret->why), "curl %d", r->curl);
	else
		snprintf(ret->why, sizeof(ret->why), "status %ld%s%s", r->status, type ? ", " : "",
			type ? type : "");
}
