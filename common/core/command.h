/* command: what an operator asked for (topic `commands`); built by muaractl, parsed by the daemon
 * named in `for`. Pure. config/schema/command.schema.json. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/ids.h"

enum command_what {
	CMD_RELEASE,
	CMD_HOLD,
	CMD_ARCHIVE,
	CMD_COMPLETE,
	CMD_REPLAY,
	CMD_RESOLVE,
	CMD_CORRECT,
	CMD_PAUSE,
	CMD_RESUME,
	CMD_ACCEPT_RESTORE,
	CMD_ACKNOWLEDGE,
	CMD_COUNT_
};

struct command {
	enum command_what what;
	const char *who, *why; /* required */
	const char *complaint; /* release hold archive complete; resolve, correct: of the attempt */
	int64_t version;       /* the one its author saw; required with complaint */
	const char *message;   /* replay; acknowledge: the emergency */
	json_t *fields;	       /* complete: borrowed object of name, phone, email, text … */
	const char *destination; /* pause resume resolve correct */
	const char *attempt;	 /* resolve, correct: "term/n" of the INTENT */
	const char *resolution;	 /* resolve: filed resend drop; correct: filed */
	const char *remote_id;	 /* resolve filed, correct */
	const char *entered_on;	 /* resolve filed: day of entry there, "2026-11-24"; NULL = today */
	const char *target; /* accept_restore: "normalizer" or "forwarder"; else fixed by what */
};

const char *command_what_name(enum command_what w);
const char *command_for(const struct command *c); /* the one daemon that absorbs it */
int command_build(
	const struct command *c, json_t **ret, char ret_id[UUID_TEXT_SIZE], struct err *e);
/* Checked JSON; -EPROTO unknown major (hold), -EINVAL unusable (dead). After 0 what each kind of
 * command needs is there. */
int command_parse(const void *p, size_t n, json_t **ret, struct err *e);
enum command_what command_what_get(const json_t *record); /* CMD_COUNT_ = unknown */
