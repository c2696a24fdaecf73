/* holds: see holds.h. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/call_kind.h"
#include "core/command.h"
#include "core/outcome.h"

#include "holds.h"

static uint32_t said_s(const json_t *body)
{
	int64_t ms;

	return time_parse(json_str_or(body, "at", ""), &ms) ? 0 : (uint32_t)(ms / 1000);
}

static void opened(struct hold_word *w, const json_t *body)
{
	if (w->held && w->why == DEST_HOLD_HOURLY)
		w->count_from_s = MAX(w->count_from_s, said_s(body));
	w->held = false;
	w->why = DEST_HOLD_NONE;
}

static void apply_hold(struct hold_word *w, const json_t *body)
{
	if (strcmp(json_str_or(body, "state", ""), "held") != 0) {
		opened(w, body);
		return;
	}
	w->held = true;
	w->why = dest_hold_parse(json_str_or(body, "reason", ""));
}

static void apply_command(struct hold_word *w, bool here, const json_t *body)
{
	const char *what = json_str_or(body, "what", "");

	if (strcmp(json_str_or(body, "result", ""), "done") != 0)
		return;
	if (strcmp(what, command_what_name(CMD_ACCEPT_RESTORE)) == 0) {
		w->restored = true;
	} else if (here && strcmp(what, command_what_name(CMD_PAUSE)) == 0) {
		w->paused = true;
	} else if (here && strcmp(what, command_what_name(CMD_RESUME)) == 0) {
		w->paused = w->restored = false;
		opened(w, body);
	}
}

static void apply_outcome(struct hold_word *w, const char *kind, const json_t *body)
{
	if (!call_tells(call_kind_parse(json_str(body, "call"))))
		return;
	if (strcmp(kind, "done") == 0 || strcmp(kind, "rejected") == 0)
		w->doubt = false;
	else if (strcmp(kind, "parked") == 0 && outcome_paused(json_str_or(body, "reason", "")))
		w->doubt = true;
}

void hold_word_apply(
	struct hold_word *w, const char *destination, const char *kind, const json_t *body)
{
	bool here = strcmp(json_str_or(body, "destination", ""), destination) == 0;

	if (here && strcmp(kind, "hold") == 0)
		apply_hold(w, body);
	else if (strcmp(kind, "command") == 0)
		apply_command(w, here, body);
	else if (here)
		apply_outcome(w, kind, body);
}

enum hold_say hold_word_lacks(const struct hold_word *w, const struct dest *d)
{
	if (d->state == DEST_HELD)
		return w->held && w->why == d->why ? HOLD_SAY_NOTHING : HOLD_SAY_HELD;
	return w->held ? HOLD_SAY_OPEN : HOLD_SAY_NOTHING;
}
