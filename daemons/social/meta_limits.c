/* meta_limits: see meta_limits.h. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/jsonspan.h"
#include "base/util.h"

#include "meta_limits.h"

#define HEADER_MAX    (64 * 1024)
#define ANSWER_MAX    (8 * 1024 * 1024)
#define SLOWEST_MS    (60 * 1000)
#define LEAST_STOP_MS (5 * 60 * 1000)
#define MOST_STOP_MS  (24 * 3600 * INT64_C(1000))

/* --- usage --- */

/* One set of counters. */
static void add_counters(struct meta_usage *u, const json_t *c)
{
	static const char *const counters[] = {"call_count", "total_cputime", "total_time"};
	int64_t minutes = json_int(c, "estimated_time_to_regain_access", 0);

	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		u->percent = MAX(u->percent, json_number_value(json_object_get(c, counters[i])));
	if (minutes > 0)
		u->regain_ms = MAX(u->regain_ms, MIN(minutes, 24 * 60) * 60 * 1000);
}

struct meta_usage meta_usage(const char *app_usage, const char *business_usage)
{
	struct meta_usage u = {0};
	_cleanup_json_ json_t *app = NULL, *business = NULL;
	const json_t *list, *one;
	const char *id;
	size_t i;

	if (app_usage)
		(void)json_parse(app_usage, strlen(app_usage), HEADER_MAX, &app, NULL);
	if (business_usage)
		(void)json_parse(
			business_usage, strlen(business_usage), HEADER_MAX, &business, NULL);
	add_counters(&u, app);
	json_object_foreach (business, id, list)
		json_array_foreach (list, i, one)
			add_counters(&u, one);
	return u;
}

int64_t meta_pause_ms(struct meta_usage u)
{
	double over = (u.percent - META_SLOW_PERCENT) / (META_STOP_PERCENT - META_SLOW_PERCENT);

	if (u.percent >= META_STOP_PERCENT)
		return MIN(MAX(u.regain_ms, LEAST_STOP_MS), MOST_STOP_MS);
	return over < 0 ? 0 : 1000 + (int64_t)(over * over * (SLOWEST_MS - 1000));
}

/* --- answers --- */

static const struct {
	int from, to;
	enum meta_verdict verdict;
} codes[] = {
	{1, 2, MV_AGAIN},
	{3, 3, MV_DENIED},
	{4, 4, MV_THROTTLED},
	{10, 10, MV_DENIED},
	{17, 17, MV_THROTTLED},
	{32, 32, MV_THROTTLED},
	{100, 100, MV_GONE},
	{102, 102, MV_DEAD},
	{190, 190, MV_DEAD},
	{200, 299, MV_DENIED},
	{368, 368, MV_DENIED},
	{463, 467, MV_DEAD},
	{613, 613, MV_THROTTLED},
	{803, 803, MV_GONE},
	{80000, 80014, MV_THROTTLED},
};

static enum meta_verdict by_status(long status)
{
	if (status == 429)
		return MV_THROTTLED;
	if (status == 401)
		return MV_DEAD;
	if (status == 404 || status == 410)
		return MV_GONE;
	return status >= 400 && status < 500 ? MV_DENIED : MV_AGAIN;
}

/* An error as the API words it; one it cannot be read from is none of its own. */
static void judge_error(struct meta_judgement *j, struct span text)
{
	_cleanup_json_ json_t *error = NULL;

	if (json_parse(text.p, text.n, ANSWER_MAX, &error, NULL))
		return;
	j->code = (int)json_int(error, "code", 0);
	j->subcode = (int)json_int(error, "error_subcode", 0);
	if (json_flag(error, "is_transient"))
		j->verdict = MV_AGAIN;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (j->code >= codes[i].from && j->code <= codes[i].to)
			j->verdict = codes[i].verdict;
}

/* Only taken apart as far as needed: one item that cannot be decoded must not stop its page. */
struct meta_judgement meta_judge(const struct meta_reply *r)
{
	struct meta_judgement j = {.verdict = MV_AGAIN};
	struct span root, error;
	int found = -EINVAL;

	if (!r->answered)
		return j;
	j.verdict = by_status(r->status);
	if (r->len > ANSWER_MAX || json_depth_check(r->body, r->len, JSON_DEPTH_MAX) ||
		json_span_root(r->body, r->len, &root))
		return j;
	found = json_span_member(root, "error", &error);
	if (found == 0)
		judge_error(&j, error);
	else if (found == -ENOENT && r->status == 200)
		j.verdict = MV_OK;
	return j;
}

const char *meta_verdict_name(enum meta_verdict v)
{
	static const char *const names[] = {"ok", "again", "throttled", "dead", "denied", "gone"};

	return names[v];
}
