/* index_public: see index_public.h. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/index_fold.h"
#include "core/index_public.h"
#include "core/report_status.h"

#define LEAVE_ALONE_MS 1000
#define VALUE_MAX      (1 << 20)

struct index_public {
	char *socket, *prefix;
	int lanes, timeout_ms;
	redisContext *redis; /* NULL = not connected */
	int64_t not_before_ms;
};

struct index_public *index_public_new(
	const char *socket, const char *prefix, int lanes, int timeout_ms)
{
	struct index_public *x = xcalloc(1, sizeof(*x));

	x->socket = xstrdup(socket);
	x->prefix = xstrdup(prefix);
	x->lanes = lanes;
	x->timeout_ms = timeout_ms;
	return x;
}

static void disconnect(struct index_public *x)
{
	if (x->redis)
		redisFree(x->redis);
	x->redis = NULL;
}

void index_public_free(struct index_public *x)
{
	if (!x)
		return;
	disconnect(x);
	free(x->socket);
	free(x->prefix);
	free(x);
}

static int away(struct index_public *x, const char *why, struct err *e)
{
	err_set(e, -ENOTCONN, "Redis at %s: %s", x->socket, why);
	x->not_before_ms = clock_mono_ms() + LEAVE_ALONE_MS;
	disconnect(x);
	return -ENOTCONN;
}

static int connect_redis(struct index_public *x, struct err *e)
{
	const struct timeval t = {
		.tv_sec = x->timeout_ms / 1000, .tv_usec = x->timeout_ms % 1000 * 1000};

	if (x->redis)
		return 0;
	if (clock_mono_ms() < x->not_before_ms)
		return err_set(e, -ENOTCONN, "Redis at %s was away a moment ago", x->socket);
	x->redis = redisConnectUnixWithTimeout(x->socket, t);
	if (!x->redis || x->redis->err)
		return away(x, x->redis ? x->redis->errstr : "no memory", e);
	redisSetTimeout(x->redis, t);
	return 0;
}

static void reply_cleanup(redisReply **r)
{
	if (*r)
		freeReplyObject(*r);
}
#define _cleanup_reply_ _cleanup_(reply_cleanup)

/* An error reply's text may quote what was asked: only its first word is told. */
static int ask(struct index_public *x, int argc, const char **argv, redisReply **ret, struct err *e)
{
	redisReply *r = redisCommandArgv(x->redis, argc, argv, NULL);
	char word[32];

	if (!r)
		return away(x, x->redis->errstr, e);
	if (r->type == REDIS_REPLY_ERROR) {
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(r->str, " "), r->str);
		freeReplyObject(r);
		return away(x, word, e);
	}
	*ret = r;
	return 0;
}

static char *key_of(const struct index_public *x, int lane, const char *kind, const char *id)
{
	char key[INDEX_KEY_SIZE];

	return xasprintf("%s%d:%s", x->prefix, lane, index_key(key, kind, id));
}

/* A string's value, NULL when there is none; caller frees. */
static int get_text(struct index_public *x, int lane, const char *kind, const char *id, char **ret,
	struct err *e)
{
	_cleanup_free_ char *key = key_of(x, lane, kind, id);
	const char *argv[] = {"GET", key};
	_cleanup_reply_ redisReply *reply = NULL;
	int r = ask(x, 2, argv, &reply, e);

	*ret = r == 0 && reply->type == REDIS_REPLY_STRING ? xstrdup(reply->str) : NULL;
	return r;
}

static int get_json(struct index_public *x, int lane, const char *kind, const char *id,
	json_t **ret, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	int r = get_text(x, lane, kind, id, &text, e);

	*ret = NULL;
	if (r == 0 && text && json_parse(text, strlen(text), VALUE_MAX, ret, NULL))
		return err_set(e, -EBADMSG, "index: a value cannot be read");
	return r;
}

/* The hash f/<complaint>. */
static int get_filings(
	struct index_public *x, int lane, const char *id, json_t **ret, struct err *e)
{
	_cleanup_free_ char *key = key_of(x, lane, "f", id);
	const char *argv[] = {"HGETALL", key};
	_cleanup_reply_ redisReply *reply = NULL;
	int r = ask(x, 2, argv, &reply, e);

	*ret = json_object();
	for (size_t i = 0; r == 0 && i + 1 < reply->elements; i += 2)
		json_set_str(*ret, reply->element[i]->str, reply->element[i + 1]->str);
	return r;
}

static void copy_time(char to[TIME_TEXT_SIZE], const char *text)
{
	int64_t ms;

	if (text && time_parse(text, &ms) == 0)
		time_format(ms, to);
}

/* The newest word of any destination. Caller owns; NULL: none was read. */
static json_t *newest_status(const json_t *filings)
{
	json_t *newest = NULL, *value;
	const char *field;

	json_object_foreach ((json_t *)(uintptr_t)filings, field, value) {
		const char *text = json_string_value(value);
		json_t *status = NULL;

		if (strncmp(field, "status:", 7) != 0 ||
			json_parse(text, strlen(text), VALUE_MAX, &status, NULL))
			continue;
		if (newest &&
			strcmp(json_str_or(newest, "at", ""), json_str_or(status, "at", "")) >= 0) {
			json_decref(status);
			continue;
		}
		json_decref(newest);
		newest = status;
	}
	return newest;
}

static enum public_stage stage_of(
	const json_t *complaint, const json_t *filings, const json_t *status)
{
	static const enum public_stage stages[REPORT_STATUSES] = {
		[REPORT_VERIFIED] = PUBLIC_VERIFIED,
		[REPORT_IN_PROGRESS] = PUBLIC_IN_PROGRESS,
		[REPORT_DONE] = PUBLIC_DONE,
		[REPORT_ARCHIVED] = PUBLIC_FILED_AWAY,
		[REPORT_REJECTED] = PUBLIC_TURNED_DOWN,
	};
	const char *state = json_str_or(complaint, "state", "");
	enum public_stage told = stages[report_status_parse(json_str(status, "status"))];

	if (index_filed(filings))
		return told ? told : PUBLIC_FORWARDED;
	if (strcmp(state, "ready") == 0)
		return PUBLIC_READY;
	if (strcmp(state, "withdrawn") == 0 || strcmp(state, "archived") == 0)
		return PUBLIC_CLOSED;
	return PUBLIC_CHECKED;
}

static int of_complaint(
	struct index_public *x, int lane, const char *id, struct public_status *ret, struct err *e)
{
	_cleanup_json_ json_t *complaint = NULL, *filings = NULL, *status = NULL;
	const char *ready;
	int r = get_json(x, lane, "c", id, &complaint, e);

	if (r == 0)
		r = get_filings(x, lane, id, &filings, e);
	if (r)
		return r;
	if (!complaint)
		return err_set(e, -EBADMSG, "index: a complaint is not in it");
	status = newest_status(filings);
	ret->stage = stage_of(complaint, filings, status);
	ready = json_str(complaint, "ready_at");
	copy_time(ret->opened_at, json_str(complaint, "opened_at"));
	copy_time(ret->changed_at, ready ? ready : json_str(complaint, "last_message_at"));
	if (ret->stage > PUBLIC_FORWARDED && ret->stage < PUBLIC_CLOSED)
		copy_time(ret->changed_at, json_str(status, "at"));
	return 0;
}

static int of_message(struct index_public *x, int lane, const char *message,
	struct public_status *ret, struct err *e)
{
	_cleanup_json_ json_t *absorbed = NULL;
	const char *place;
	int r = get_json(x, lane, "a", message, &absorbed, e);

	if (r)
		return r;
	place = json_str_or(absorbed, "place", "");
	if (strcmp(place, "complaint") == 0)
		return of_complaint(x, lane, json_str_or(absorbed, "ref", ""), ret, e);
	ret->stage = strcmp(place, "archived") == 0 ? PUBLIC_CLOSED : PUBLIC_RECEIVED;
	return 0;
}

/* An index without an identity is none: it was lost and is not made anew yet. */
static int check_identity(struct index_public *x, int lane, struct err *e)
{
	_cleanup_free_ char *key = xasprintf("%s%d:meta", x->prefix, lane);
	const char *argv[] = {"HGET", key, "identity"};
	_cleanup_reply_ redisReply *reply = NULL;
	int r = ask(x, 3, argv, &reply, e);

	if (r == 0 && reply->type != REDIS_REPLY_STRING)
		r = err_set(e, -EAGAIN, "the index is empty: it is being made anew");
	return r;
}

int index_public_status(
	struct index_public *x, const char *ticket, struct public_status *ret, struct err *e)
{
	int r = connect_redis(x, e);

	*ret = (struct public_status){.stage = PUBLIC_RECEIVED};
	for (int lane = 0; r == 0 && lane < x->lanes; lane++) {
		_cleanup_free_ char *message = NULL;

		r = get_text(x, lane, "k", ticket, &message, e);
		if (r == 0 && message)
			return of_message(x, lane, message, ret, e);
		if (r == 0) /* behind the look: what is missing was missing in a whole index */
			r = check_identity(x, lane, e);
	}
	return r ? r : err_set(e, -ENOENT, "no message of this ticket");
}
