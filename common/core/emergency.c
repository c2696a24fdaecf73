/* emergency: see emergency.h. */
#include "core/emergency.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/message.h"
#include "core/schema.h"

#define SCHEMA	   "muara.emergency"
#define MAJOR	   1
#define RECORD_MAX (64 * 1024)

static const char *const kind_names[EM_KINDS_] = {[EM_STALE] = "stale",
	[EM_RAISED] = "raised",
	[EM_RUNG] = "rung",
	[EM_ACKNOWLEDGED] = "acknowledged",
	[EM_REFUSED] = "refused"};

const char *emergency_kind_name(enum emergency_kind k)
{
	return kind_names[k];
}

const char *emergency_state_name(enum emergency_state s)
{
	static const char *const names[] = {[ES_NONE] = "none",
		[ES_STALE] = "stale",
		[ES_RAISED] = "rings",
		[ES_ACKNOWLEDGED] = "acknowledged"};

	return names[s];
}

enum emergency_kind emergency_kind_get(const json_t *record)
{
	const char *s = json_str_or(record, "kind", "");
	int i = 0;

	while (i < EM_KINDS_ && strcmp(kind_names[i], s) != 0)
		i++;
	return (enum emergency_kind)i;
}

enum emergency_state emergency_state_after(enum emergency_state s, enum emergency_kind k)
{
	static const enum emergency_state says[EM_KINDS_] = {[EM_STALE] = ES_STALE,
		[EM_RAISED] = ES_RAISED,
		[EM_RUNG] = ES_NONE,
		[EM_ACKNOWLEDGED] = ES_ACKNOWLEDGED,
		[EM_REFUSED] = ES_NONE};

	return k < EM_KINDS_ ? MAX(s, says[k]) : s;
}

void emergency_id(const json_t *message, char ret[UUID_TEXT_SIZE])
{
	if (json_str(message, "revision"))
		message_id(json_str_or(message, "tenant", ""), json_str_or(message, "channel", ""),
			json_str_or(message, "account", ""), json_str_or(message, "native_id", ""),
			NULL, ret);
	else
		snprintf(ret, UUID_TEXT_SIZE, "%s", json_str_or(message, "id", ""));
}

/* --- building --- */

static json_t *begin(enum emergency_kind kind, const char *id, int64_t now_ms)
{
	char at[TIME_TEXT_SIZE], ticket[TICKET_TEXT_SIZE];
	json_t *o = json_object();

	time_format(now_ms, at);
	json_set_str(o, "schema", SCHEMA "/1");
	json_set_str(o, "kind", kind_names[kind]);
	json_set_str(o, "id", id);
	if (ticket_of(id, ticket) == 0)
		json_set_str(o, "ticket", ticket);
	json_set_str(o, "at", at);
	return o;
}

json_t *emergency_raised(const json_t *message, enum emergency_kind kind, struct screening why,
	const struct emergency_place *at, int64_t now_ms, char ret_key[EMERGENCY_KEY_SIZE])
{
	static const char *const copied[] = {"tenant", "channel", "account", "sent_at"};
	char id[UUID_TEXT_SIZE];
	json_t *o;

	emergency_id(message, id);
	o = begin(kind, id, now_ms);
	json_set_str(o, "message", json_str(message, "id"));
	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		json_set_str(o, copied[i], json_str(message, copied[i]));
	json_set_str(o, "rule", why.rule);
	json_set_str(o, "word", why.word);
	json_set_str(o, "topic", at->topic);
	json_set_int(o, "partition", at->partition);
	json_set_int(o, "offset", at->offset);
	snprintf(ret_key, EMERGENCY_KEY_SIZE, "%s/%s", id, kind_names[kind]);
	return o;
}

json_t *emergency_rung(const char *id, const char *hook, int64_t n, int64_t now_ms,
	char ret_key[EMERGENCY_KEY_SIZE])
{
	json_t *o = begin(EM_RUNG, id, now_ms);

	json_set_str(o, "hook", hook);
	json_set_int(o, "n", n);
	snprintf(ret_key, EMERGENCY_KEY_SIZE, "%s/rung/%.*s", id, EMERGENCY_HOOK_MAX, hook);
	return o;
}

json_t *emergency_acknowledged(
	const char *id, const json_t *command, int64_t now_ms, char ret_key[EMERGENCY_KEY_SIZE])
{
	json_t *o = begin(EM_ACKNOWLEDGED, id, now_ms);

	json_set_str(o, "command", json_str(command, "id"));
	json_set_str(o, "by", json_str(command, "who"));
	snprintf(ret_key, EMERGENCY_KEY_SIZE, "%s/%s", id, kind_names[EM_ACKNOWLEDGED]);
	return o;
}

json_t *emergency_refused(
	const json_t *command, const char *reason, int64_t now_ms, char ret_key[EMERGENCY_KEY_SIZE])
{
	json_t *o = begin(EM_REFUSED, json_str_or(command, "message", ""), now_ms);

	json_set_str(o, "command", json_str(command, "id"));
	json_set_str(o, "reason", reason);
	snprintf(ret_key, EMERGENCY_KEY_SIZE, "refused/%.36s", json_str_or(command, "id", ""));
	return o;
}

/* --- reading --- */

static const char *lacking(const json_t *o, enum emergency_kind kind)
{
	switch (kind) {
	case EM_STALE:
	case EM_RAISED:
		if (!uuid_valid(json_str(o, "message")))
			return "message";
		if (!json_str(o, "tenant") || !json_str(o, "channel") || !json_str(o, "rule"))
			return "tenant, channel and rule";
		return json_str(o, "topic") && json_int(o, "offset", -1) >= 0 ? NULL
									      : "topic and offset";
	case EM_RUNG:
		return json_str(o, "hook") && json_int(o, "n", 0) > 0 ? NULL : "hook and n";
	case EM_ACKNOWLEDGED:
		return uuid_valid(json_str(o, "command")) ? NULL : "command";
	case EM_REFUSED:
		return uuid_valid(json_str(o, "command")) && json_str(o, "reason")
			       ? NULL
			       : "command and reason";
	case EM_KINDS_:
		break;
	}
	return "a kind we know";
}

static int check(const json_t *o, struct err *e)
{
	enum emergency_kind kind = emergency_kind_get(o);
	const char *lacks = lacking(o, kind);
	int64_t ms;

	if (lacks)
		return err_set(e, -EINVAL, "emergency: lacks %s", lacks);
	if (!uuid_valid(json_str(o, "id")))
		return err_set(e, -EINVAL, "emergency: id is no UUID");
	if (time_parse(json_str_or(o, "at", ""), &ms))
		return err_set(e, -EINVAL, "emergency: at is no RFC 3339 time");
	return 0;
}

int emergency_parse(const void *p, size_t n, json_t **ret, struct err *e)
{
	return schema_parse(p, n, RECORD_MAX, SCHEMA, MAJOR, check, ret, e);
}
