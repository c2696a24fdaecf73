/* stats: what a person sees of the forwarder: one line and one count per end of a call, gauges of
 * what is open, STATUS and /healthz. Label values are names from the configuration and words of the
 * code; nothing of a complaint is in them. */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/kafka.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"

#include "forwarder.h"

struct stats {
	struct metric *calls, *follow_ups, *follow_up_states, *filings, *open, *uploads_open,
		*waiting, *state;
	struct metric *duplicates, *held, *lanes, *backlog, *commands;
	struct metric *handed_waiting, *person_oldest, *parked_waiting;
	char **names; /* destinations, NULL ends; outlive the metrics, so never freed */
};

static const char *const verdicts[] = {
	"done", "rejected", "not_sent", "parked", "handed", "refused", NULL};
static const char *const states[] = {"intent", "handed", "parked", "not_sent", "rejected",
	"not_filed", "dropped", "filed", "done", NULL};
static const char *const call_states[] = {"intent", "confirmed", "looking", "sent", "probing",
	"verifying", "foreign", "ended", "refusing", NULL};

static char **destination_names(const struct forwarder *f)
{
	static char **names; /* metrics keep them until the process ends */

	names = xcalloc(f->n_endpoints + 1, sizeof *names);
	for (size_t i = 0; i < f->n_endpoints; i++)
		names[i] = xstrdup(f->endpoints[i].conf->name);
	return names;
}

int stats_new(struct forwarder *f, struct stats **ret, struct err *e)
{
	struct stats *s = xcalloc(1, sizeof *s);
	const char *const *names;

	(void)e;
	s->names = destination_names(f);
	names = (const char *const *)s->names;
	s->calls = metric_counter("muara_forwarder_calls_total",
		"Calls (and sheets) that ended, by what was written about them", "verdict",
		verdicts);
	s->follow_ups = metric_counter("muara_forwarder_follow_ups_total",
		"Follow-ups that ended, by what was written about them", "verdict", verdicts);
	s->filings = metric_gauge("muara_forwarder_filings",
		"Filings by the state of their newest attempt", "state", states);
	s->follow_up_states = metric_gauge("muara_forwarder_follow_ups",
		"Follow-ups by the state of their newest attempt", "state", states);
	s->open = metric_gauge("muara_forwarder_calls_open",
		"Attempts under way by how far they are", "stage", call_states);
	s->waiting = metric_gauge("muara_forwarder_waiting",
		"Complaints that wait for a destination", "destination", names);
	s->state = metric_gauge("muara_forwarder_destination_state",
		"0 open, 1 cooling, 2 one call at a time, 3 held, 4 paused, 5 observe",
		"destination", names);
	s->handed_waiting = metric_gauge("muara_forwarder_handed_waiting",
		"Sheets with an officer whose number is not typed back", "destination", names);
	s->parked_waiting = metric_gauge("muara_forwarder_parked_waiting",
		"Calls that are parked for a person", "destination", names);
	s->person_oldest = metric_gauge("muara_forwarder_person_oldest_seconds",
		"Age of the oldest of both; 0 = none waits", "destination", names);
	s->duplicates = metric_gauge("muara_forwarder_duplicates",
		"Filings that stand there more than once; must be 0", NULL, NULL);
	s->held = metric_gauge("muara_forwarder_lanes_held",
		"Lanes in which nothing is filed until a person looks; must be 0", NULL, NULL);
	s->backlog = metric_gauge("muara_forwarder_backlog_bytes",
		"Texts of waiting complaints in memory; at most backlog_memory and one a "
		"destination",
		NULL, NULL);
	s->lanes = metric_gauge(
		"muara_forwarder_lanes", "Lanes this process owns and files in", NULL, NULL);
	*ret = s;
	return 0;
}

const char *const *stats_names(const struct stats *s)
{
	return (const char *const *)s->names;
}

void stats_free(struct stats *s)
{
	free(s);
}

static const char *verdict_of(const struct attempt *a)
{
	return a->state == ATT_REFUSING ? "refused" : verdicts[a->end];
}

void stats_end(const struct attempt *a)
{
	const struct lane *l = a->lane;
	char key[LANE_KEY_SIZE], number[16], http[16], curl[16];

	lane_key_format(a->intent.term, a->intent.n, key);
	snprintf(number, sizeof number, "%u", a->number);
	snprintf(http, sizeof http, "%d", a->result.http_status);
	snprintf(curl, sizeof curl, "%d", a->result.curl);
	metric_add(l->fwd->stats->calls, verdict_of(a), 1);
	if (a->call == CALL_FOLLOWUP)
		metric_add(l->fwd->stats->follow_ups, verdict_of(a), 1);
	log_outcome(a->id, verdict_of(a),
		(const char *const[]){"destination", l->ledger.names[a->destination], "call",
			call_kind_name(a->call), "intent", key, "attempt", number, "reason",
			a->result.reason ? a->result.reason : "-", "http", http, "curl", curl,
			NULL});
}

/* --- gauges --- */

static int state_number(const struct site *s)
{
	if (profile_kind(s->ep->profile) == PROFILE_OBSERVE)
		return 5;
	return s->word.paused ? 4 : site_held(s) ? (int)DEST_HELD : (int)s->gate->brake.state;
}

static void show_sites(struct forwarder *f)
{
	for (size_t i = 0; i < f->n_endpoints; i++) {
		double waiting = 0, state = 0;

		for (struct lane *l = f->lanes; l; l = l->next) {
			const struct site *s = &l->sites[i];

			waiting += (double)l->work.queues[s->name].n +
				   (double)l->work.news[s->name].n + (double)s->observed;
			state = MAX(state, (double)state_number(s));
		}
		metric_set(f->stats->waiting, f->stats->names[i], waiting);
		metric_set(f->stats->state, f->stats->names[i], state);
	}
}

static void show_filings(struct forwarder *f)
{
	double open[ARRAY_SIZE(call_states)] = {0};

	for (int state = SLOT_INTENT; state < SLOT_STATES; state++) {
		double n = 0, told = 0;

		for (struct lane *l = f->lanes; l; l = l->next) {
			n += (double)l->ledger.filings[state];
			told += (double)l->ledger.follow_ups[state];
		}
		metric_set(f->stats->filings, slot_state_name((enum slot_state)state), n);
		metric_set(
			f->stats->follow_up_states, slot_state_name((enum slot_state)state), told);
	}
	for (struct lane *l = f->lanes; l; l = l->next)
		for (struct attempt *a = l->attempts; a; a = a->next)
			open[a->state]++;
	for (size_t i = 0; call_states[i]; i++)
		metric_set(f->stats->open, call_states[i], open[i]);
}

/* Seconds the oldest of them has waited for a person. */
static double person_age_s(const struct site *s)
{
	return s->waits.oldest_ms ? (double)MAX(clock_wall_ms() - s->waits.oldest_ms, 0) / 1000 : 0;
}

static void show_persons(struct forwarder *f)
{
	for (size_t i = 0; i < f->n_endpoints; i++) {
		double sheets = 0, parked = 0, oldest = 0;

		for (struct lane *l = f->lanes; l; l = l->next) {
			const struct site *s = &l->sites[i];

			sheets += (double)s->waits.sheets;
			parked += (double)s->waits.parked;
			oldest = MAX(oldest, person_age_s(s));
		}
		metric_set(f->stats->handed_waiting, f->stats->names[i], sheets);
		metric_set(f->stats->parked_waiting, f->stats->names[i], parked);
		metric_set(f->stats->person_oldest, f->stats->names[i], oldest);
	}
}

void stats_show(struct forwarder *f)
{
	double duplicates = 0, held = 0, lanes = 0, backlog = 0;

	for (struct lane *l = f->lanes; l; l = l->next) {
		duplicates += (double)l->ledger.duplicates;
		held += l->held || *l->trouble;
		lanes += lane_may_file(l);
		backlog += (double)l->work.text_bytes;
	}
	metric_set(f->stats->duplicates, NULL, duplicates);
	metric_set(f->stats->held, NULL, held);
	metric_set(f->stats->lanes, NULL, lanes);
	metric_set(f->stats->backlog, NULL, backlog);
	show_sites(f);
	show_filings(f);
	show_persons(f);
}

/* --- words --- */

static const char *lane_text(const struct lane *l)
{
	if (l->held)
		return "held, a person must look (see the log, muaractl check)";
	if (*l->trouble)
		return "inputs held, a person must look (see the log)";
	if (l->lost)
		return "finishing";
	if (!lane_log_owned(l->log))
		return "reading its log";
	return l->caught_up ? "filing" : "reading complaints and commands";
}

static bool lane_is_site(const struct lane *l, uint8_t destination)
{
	for (size_t i = 0; i < l->fwd->n_endpoints; i++)
		if (l->sites[i].name == destination)
			return true;
	return false;
}

static bool lane_words(const struct lane *l, struct buf *out)
{
	bool fine = lane_may_file(l);

	(void)buf_addf(out, "lane %d %s", (int)l->number, lane_text(l));
	for (size_t i = 0; i < l->fwd->n_endpoints; i++) {
		const struct site *s = &l->sites[i];

		(void)buf_addf(out, "; %s %s, %zu waiting", s->ep->conf->name, site_state_text(s),
			l->work.queues[s->name].n);
		if (s->waits.sheets)
			(void)buf_addf(out, ", %ld sheets out, the oldest for %d d",
				s->waits.sheets, (int)(person_age_s(s) * 1000 / (double)DAY_MS));
		fine &= !site_held(s);
	}
	for (unsigned d = 1; d < l->ledger.n_names; d++) {
		/* A tenant's destination that was renamed or removed. */
		if (!l->work.queues[d].n || lane_is_site(l, (uint8_t)d))
			continue;
		(void)buf_addf(out, "; %zu waiting for %s, which is not configured",
			l->work.queues[d].n, l->ledger.names[d]);
		fine = false;
	}
	if (l->ledger.filings[SLOT_PARKED])
		(void)buf_addf(out, "; %lu parked", l->ledger.filings[SLOT_PARKED]);
	return fine;
}

bool stats_health(struct forwarder *f, char *text, size_t size)
{
	_cleanup_buf_ struct buf b = BUF_INIT(4096);
	const char *kafka = kafka_trouble();
	bool fine = true;

	for (struct lane *l = f->lanes; l; l = l->next) {
		if (b.len)
			(void)buf_adds(&b, " | ");
		fine &= lane_words(l, &b);
	}
	fine &= masters_words(f->masters, &b);
	snprintf(text, size, "%s%s%s", kafka ? kafka : "", kafka ? "; " : "",
		f->lanes ? buf_str(&b) : "no lane assigned");
	return fine && !kafka;
}
