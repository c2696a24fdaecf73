/* settings: normalizer.yaml, and what of it a decision may depend on (rules.h). */
#pragma once

#include "base/options.h"
#include "rules.h"

struct settings {
	int64_t session_ms, append_deadline_ms, commit_ms; /* times in ms */
	int64_t in_flight, waiting, waiting_bytes;
	int64_t quiet_ms, open_max_ms, join_ms, hold_ms, media_wait_ms;
	int64_t max_messages, max_text_bytes;
	int64_t stop_ms; /* read by the skeleton */
	char *metrics;	 /* likewise */
};
extern const struct option_row settings_options[];
void settings_check(void *settings, struct options_faults *f);
void settings_rules(const struct settings *s, const struct muara_conf *shared, struct rules *ret);
