/* desk_metrics: the normalizer's metrics, registered once. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/metrics.h"

enum desk_state { DESK_READING, DESK_DECIDING, DESK_HELD, DESK_LEAVING, DESK_ANEW, DESK_CLOSED };

struct desk_metrics {
	struct metric *decisions;  /* by outcome */
	struct metric *complaints; /* by set: open held review emergency */
	struct metric *waiting, *in_flight, *index_up, *behind_s, *term, *lanes, *inputs_held;
};
const struct desk_metrics *desk_metrics(void);
extern const char *const desk_sets[]; /* as index_counts orders them */
extern const char *const desk_state_names[];
/* For STATUS; without_index: Redis does not answer, or its index is not ours. */
const char *desk_state_text(enum desk_state state, bool without_index);
