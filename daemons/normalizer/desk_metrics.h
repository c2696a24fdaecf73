/* desk_metrics: the normalizer's metrics, registered once. */
#pragma once

#include <stdint.h>

#include "base/metrics.h"

struct desk_metrics {
	struct metric *decisions;  /* by outcome */
	struct metric *complaints; /* by set: open held review emergency */
	struct metric *waiting, *in_flight, *index_up, *behind_s, *term, *lanes, *inputs_held;
};
const struct desk_metrics *desk_metrics(void);
extern const char *const desk_sets[]; /* as index_counts orders them */
extern const char *const desk_state_names[];
