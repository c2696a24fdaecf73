/* emergency: records of the topic `emergencies`, written by muara-alarm, read by it and muaractl.
 * Pure. config/schema/emergency.schema.json.
 *
 * An event is a message (with all its edits) that speaks of an emergency; its id is the message's,
 * so its ticket is the one of the complaint that begins with it. Everything said about it is a fact
 * with a key of its own, which may be written twice and by two writers: state is the highest of the
 * facts, in whatever order and however often they are read. So no writer needs to know that it is
 * the only one, and compaction, which keeps the last record of a key, takes no fact away.
 *
 *   <id>/raised        it rings                          <id>/stale   too old to ring
 *   <id>/rung/<hook>   the last ring through that hook   <id>/acknowledged   a person took it
 *   refused/<command>  an acknowledgement that was not for any event known
 *
 * No record holds what a citizen said: ids, places, times, and the rule and its word from our own
 * table. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/ids.h"
#include "core/screening.h"

#define EMERGENCY_KEY_SIZE 128
#define EMERGENCY_HOOK_MAX 32 /* characters of a hook's name */

enum emergency_kind { EM_STALE, EM_RAISED, EM_RUNG, EM_ACKNOWLEDGED, EM_REFUSED, EM_KINDS_ };
/* What an event is; a higher one stays. */
enum emergency_state { ES_NONE, ES_STALE, ES_RAISED, ES_ACKNOWLEDGED };

const char *emergency_kind_name(enum emergency_kind k);
const char *emergency_state_name(enum emergency_state s);
enum emergency_state emergency_state_after(enum emergency_state s, enum emergency_kind k);

/* The event a message belongs to: an edit belongs to what it edits. record: of message_parse. */
void emergency_id(const json_t *message, char ret[UUID_TEXT_SIZE]);

struct emergency_place { /* of its raw record */
	const char *topic;
	int32_t partition;
	int64_t offset;
};
/* Each gives the record (caller owns) and its key. now: ms of wall clock. */
json_t *emergency_raised(const json_t *message, enum emergency_kind kind, struct screening why,
	const struct emergency_place *at, int64_t now_ms, char ret_key[EMERGENCY_KEY_SIZE]);
json_t *emergency_rung(const char *id, const char *hook, int64_t n, int64_t now_ms,
	char ret_key[EMERGENCY_KEY_SIZE]);
json_t *emergency_acknowledged(
	const char *id, const json_t *command, int64_t now_ms, char ret_key[EMERGENCY_KEY_SIZE]);
json_t *emergency_refused(const json_t *command, const char *reason, int64_t now_ms,
	char ret_key[EMERGENCY_KEY_SIZE]);

/* Bytes of a record -> checked JSON (caller owns): kind, id and at are there and of their type, and
 * what emergency_*() puts into that kind. -EPROTO: unknown major version; -EINVAL: unusable. */
int emergency_parse(const void *p, size_t n, json_t **ret, struct err *e);
enum emergency_kind emergency_kind_get(const json_t *record); /* EM_KINDS_ = unknown */
