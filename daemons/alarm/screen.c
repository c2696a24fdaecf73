/* screen: see screen.h. */
#include "screen.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"

/* Nobody asks for help by these: a program wrote it, or the person who took the call heard that
 * nothing was the matter. Spam is no such class: it is a program's guess about a person's text. */
static bool nobody_calls(const json_t *message)
{
	enum call_class call = message_call_get(message);

	if (call == CC_EMERGENCY)
		return false;
	if (call == CC_INFORMATION || message_kind_get(message) == MK_DELETE)
		return true;
	switch (message_class_get(message)) {
	case MC_AUTO:
	case MC_BOUNCE:
	case MC_ECHO:
	case MC_SYSTEM:
	case MC_TEST:
	case MC_GHOST:
	case MC_PRANK:
	case MC_DROPPED:
		return true;
	default:
		return false;
	}
}

/* A time that cannot be read makes nothing old. */
static bool is_stale(const json_t *message, int64_t now_ms, int64_t max_age_ms)
{
	int64_t sent;

	if (message_class_get(message) == MC_STALE)
		return true;
	return time_parse(json_str_or(message, "sent_at", ""), &sent) == 0 &&
	       now_ms - sent > max_age_ms;
}

enum screen_fate screen_fate(const json_t *message, int64_t now_ms, const struct screen_rules *r,
	struct screening *ret_why)
{
	*ret_why = (struct screening){SCREEN_NONE, "nothing", NULL};
	if (nobody_calls(message))
		return FATE_NONE;
	*ret_why = screen_record(message);
	if (ret_why->verdict == SCREEN_NONE)
		return FATE_NONE;
	if (ret_why->verdict == SCREEN_UNSURE && !r->unsure_rings)
		return FATE_UNSURE;
	return is_stale(message, now_ms, r->max_age_ms) ? FATE_STALE : FATE_RING;
}
