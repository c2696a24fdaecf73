/* See desk_metrics.h. */
#include "desk_metrics.h"

#include <stddef.h>

#include "decide.h"

const char *const desk_sets[] = {"open", "held", "review", "emergency", NULL};
const char *const desk_state_names[] = {
	"reading", "deciding", "held", "leaving", "anew", "closed", NULL};

const char *desk_state_text(enum desk_state state, bool without_index)
{
	/* Redis is there, but what it holds was emptied or put back by another hand. */
	if (state == DESK_ANEW)
		return "reads its logs anew for the index";
	if (without_index && (state == DESK_READING || state == DESK_DECIDING))
		return "waits for Redis";
	return desk_state_names[state];
}

const struct desk_metrics *desk_metrics(void)
{
	static struct desk_metrics m;

	if (m.decisions)
		return &m;
	m.decisions = metric_counter("muara_normalizer_inputs_total",
		"Inputs settled, by what became of them", "outcome", decide_outcomes);
	m.complaints = metric_gauge("muara_normalizer_complaints",
		"Complaints that are open, held, in review, or an emergency a person must see",
		"set", desk_sets);
	m.waiting = metric_gauge(
		"muara_normalizer_waiting", "Inputs read and not decided yet", NULL, NULL);
	m.in_flight =
		metric_gauge("muara_normalizer_in_flight", "Decisions not settled yet", NULL, NULL);
	m.index_up = metric_gauge("muara_normalizer_index_up",
		"1 when Redis answers for every lane owned here", NULL, NULL);
	m.behind_s = metric_gauge("muara_normalizer_behind_seconds",
		"Age of the newest record read of the topic furthest behind", NULL, NULL);
	m.term = metric_gauge(
		"muara_normalizer_term", "Highest term of the lanes owned here", NULL, NULL);
	m.lanes = metric_gauge(
		"muara_normalizer_lanes", "Lanes given to this process", "state", desk_state_names);
	m.inputs_held = metric_gauge("muara_normalizer_inputs_held",
		"Input topics that hold until a person looked", NULL, NULL);
	return &m;
}
