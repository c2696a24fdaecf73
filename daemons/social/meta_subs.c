/* meta_subs: see meta_subs.h. */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"

#include "meta_subs.h"

#define ANSWER_MAX (1024 * 1024)
#define RETRY_MS   (60 * 1000)
#define PATH_MAX_  4096

/* What meta_decode reads. */
static const char *const all_fields[] = {"feed", "mention", "ratings", "messages", "message_edits",
	"messaging_postbacks", "standby"};

struct meta_subs {
	struct meta_api *api;
	const char *id, *app;
	struct strlist fields;
	int64_t every_ms, due_ms;
	bool renew, refused;
	struct metric *renewed, *well;
};

struct meta_subs *meta_subs_new(struct meta_api *api, const char *id, const char *app,
	const struct strlist *fields, int64_t every_ms)
{
	struct meta_subs *s = xcalloc(1, sizeof(*s));
	union {
		const char *const *read;
		char **list;
	} all = {all_fields};

	s->api = api;
	s->id = id;
	s->app = app;
	s->every_ms = every_ms;
	s->fields = fields->n ? *fields : (struct strlist){all.list, ARRAY_SIZE(all_fields)};
	s->renewed = metric_counter("muara_meta_subscriptions_renewed_total",
		"Times the subscription was missing or partial and made anew", NULL, NULL);
	s->well = metric_gauge("muara_meta_subscribed",
		"1 when the last look found the subscription whole", NULL, NULL);
	return s;
}

void meta_subs_free(struct meta_subs *s)
{
	free(s);
}

static bool has_field(const json_t *app, const char *field)
{
	const json_t *list = json_object_get(app, "subscribed_fields"), *one;
	size_t i;

	json_array_foreach (list, i, one) {
		const char *name =
			json_is_object(one) ? json_str(one, "name") : json_string_value(one);

		if (name && strcmp(name, field) == 0)
			return true;
	}
	return false;
}

static bool has_all(const json_t *app, const struct strlist *fields)
{
	for (size_t i = 0; i < fields->n; i++)
		if (!has_field(app, fields->v[i]))
			return false;
	return true;
}

enum meta_subscribed meta_subs_judge(
	const char *body, size_t len, const char *app, const struct strlist *fields)
{
	enum meta_subscribed best = MS_MISSING;
	_cleanup_json_ json_t *answer = NULL;
	const json_t *one, *list;
	size_t i;

	if (json_parse(body, len, ANSWER_MAX, &answer, NULL))
		return MS_BROKEN;
	list = json_object_get(answer, "data");
	if (!json_is_array(list))
		return MS_BROKEN;
	json_array_foreach (list, i, one) {
		if (app && strcmp(json_str_or(one, "id", ""), app) != 0)
			continue;
		best = MAX(best, has_all(one, fields) ? MS_WELL : MS_PARTIAL);
	}
	return best;
}

static void settle(struct meta_subs *s, bool well, int64_t wait_ms)
{
	s->due_ms = clock_mono_ms() + wait_ms;
	metric_set(s->well, NULL, well);
}

static void failed(struct meta_subs *s, struct meta_judgement j)
{
	if (j.verdict == MV_DENIED || j.verdict == MV_GONE) {
		if (!s->refused)
			log_error(
				"Facebook does not let the webhook's subscription be looked at or "
				"made anew (code %d): give the app pages_manage_metadata",
				j.code);
		s->refused = true;
		settle(s, false, s->every_ms);
		return;
	}
	settle(s, metric_get(s->well, NULL) > 0, MIN(RETRY_MS, s->every_ms));
}

static void on_look(void *ctx, struct meta_judgement j, const char *body, size_t len)
{
	struct meta_subs *s = ctx;
	enum meta_subscribed found;

	if (j.verdict != MV_OK) {
		failed(s, j);
		return;
	}
	found = meta_subs_judge(body, len, s->app, &s->fields);
	if (found == MS_BROKEN) {
		settle(s, false, MIN(RETRY_MS, s->every_ms));
		return;
	}
	s->refused = false;
	s->renew = found != MS_WELL;
	if (s->renew)
		log_warn("the webhook is %s: subscribing anew",
			found == MS_PARTIAL ? "subscribed to a part of what is read"
					    : "not subscribed");
	settle(s, !s->renew, s->renew ? 0 : s->every_ms);
}

static void on_renewed(void *ctx, struct meta_judgement j, const char *body, size_t len)
{
	struct meta_subs *s = ctx;

	(void)body;
	(void)len;
	s->renew = false;
	if (j.verdict != MV_OK) {
		failed(s, j);
		return;
	}
	metric_add(s->renewed, NULL, 1);
	log_notice("the webhook is subscribed again");
	settle(s, true, s->every_ms);
}

static int call(struct meta_subs *s)
{
	_cleanup_buf_ struct buf path = BUF_INIT(PATH_MAX_);
	struct err e = {0};

	buf_addf(&path, "/%s/subscribed_apps", s->id);
	if (!s->renew)
		return meta_api_call(s->api, "GET", buf_str(&path), on_look, s, &e);
	for (size_t i = 0; i < s->fields.n; i++)
		buf_addf(&path, "%s%s", i ? "," : "?subscribed_fields=", s->fields.v[i]);
	return meta_api_call(s->api, "POST", buf_str(&path), on_renewed, s, &e);
}

int64_t meta_subs_step(struct meta_subs *s)
{
	int64_t wait_ms = s->due_ms - clock_mono_ms();

	if (wait_ms > 0)
		return wait_ms;
	wait_ms = meta_api_wait_ms(s->api);
	if (wait_ms)
		return wait_ms;
	if (call(s)) {
		settle(s, false, s->every_ms);
		return s->every_ms;
	}
	return -1; /* its answer wakes the source */
}

bool meta_subs_health(const struct meta_subs *s, char *text, size_t size)
{
	if (s->refused)
		snprintf(text, size,
			"the webhook's subscription cannot be looked at: the app lacks "
			"pages_manage_metadata");
	return !s->refused;
}
