/* screening_record: see screening_record.h. */
#include "core/screening_record.h"

#include "base/json.h"
#include "core/message.h"

/* Heard by the operator who took the call: words say nothing more. */
static bool decided_by_type(enum call_class call)
{
	return call == CC_GHOST || call == CC_PRANK || call == CC_DROPPED || call == CC_TEST;
}

struct screening screen_record(const json_t *message)
{
	enum call_class call = message_call_get(message);
	struct screening s = screen_text(json_str(message, "text"), call), of_title;
	const char *title = json_str(json_object_get(message, "fields"), "title");

	if (s.verdict == SCREEN_EMERGENCY)
		return s;
	if (message_class_get(message) == MC_EMERGENCY)
		return (struct screening){SCREEN_EMERGENCY, "class", NULL};
	if (!title || json_str(message, "in_reply_to") || decided_by_type(call))
		return s;
	of_title = screen_text(title, call);
	return of_title.verdict > s.verdict ? of_title : s;
}
