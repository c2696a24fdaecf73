/* rules: what the configuration lets a decision depend on. Filled once at start, read-only. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/muara_conf.h"

#define DECISION_RECORD_MAX (512 * 1024) /* lane rule 9 */
#define DECISION_SPARE	    (32 * 1024)	 /* left to timers and commands, which must always fit */

struct rules {
	int64_t quiet_ms;    /* a complaint is open until its conversation was silent so long; 0 =
				never open */
	int64_t open_max_ms; /* and no longer than this after its first message */
	int64_t join_ms; /* a later message than this after the last one opens a new complaint */
	int64_t media_wait_ms; /* ready but for pending attachments: it waits so long for them */
	int64_t hold_ms;       /* missing data: archived as incomplete after that */
	size_t max_messages;   /* of one complaint */
	size_t max_text_bytes; /* of one complaint */
	const struct muara_conf *conf; /* tenants, zone */
};
