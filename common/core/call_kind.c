/* call_kind: see call_kind.h. */
#include <string.h>

#include "core/call_kind.h"

static const char *const call_names[CALL_KINDS] = {
	"", "upload", "create", "handover", "followup", "sheet"};

enum call_kind call_kind_parse(const char *s)
{
	for (int c = CALL_UPLOAD; s && c < CALL_KINDS; c++)
		if (strcmp(call_names[c], s) == 0)
			return (enum call_kind)c;
	return CALL_NONE;
}

const char *call_kind_name(enum call_kind c)
{
	return call_names[c];
}
