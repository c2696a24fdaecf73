/* screen: does this message ring? Pure; the words and call types are core/screening's, this adds
 * who wrote it, how old it is, and what a weak sign is worth. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/screening_record.h"

struct screen_rules {
	int64_t max_age_ms; /* sent longer ago: stale */
	bool unsure_rings;  /* a weak sign rings, too; otherwise it is left to the review list */
};
enum screen_fate { FATE_NONE, FATE_UNSURE, FATE_STALE, FATE_RING };

/* message: of message_parse. ret_why: what decided. */
enum screen_fate screen_fate(const json_t *message, int64_t now_ms, const struct screen_rules *r,
	struct screening *ret_why);
