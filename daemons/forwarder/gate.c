/* gate: a destination at work, shared by the lanes of the process: what an outcome means for it,
 * and probes, which are reads and never creates. A probe that is asked for by a 401 and one that
 * ends a rest are the same call.
 *
 * Known gap: two processes with lanes of one destination know nothing of each other's calls; each
 * has the brakes for itself. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/util.h"

#include "forwarder.h"

void gate_init(struct gate *g, struct forwarder *f, const struct endpoint *ep)
{
	*g = (struct gate){.fwd = f, .ep = ep};
	dest_init(&g->brake, &ep->limits);
}

static void drop_probe(struct gate *g)
{
	if (g->probe)
		httpc_cancel(TAKE_PTR(g->probe));
	profile_request_clear(&g->probe_request);
}

void gate_free(struct gate *g)
{
	drop_probe(g);
	dest_free(&g->brake);
}

static uint64_t dice(void)
{
	uint64_t r;

	random_bytes(&r, sizeof r);
	return r;
}

void gate_next(struct gate *g)
{
	int32_t lane = dest_next(&g->brake);

	for (struct lane *l = g->fwd->lanes; l; l = l->next)
		if (l->number == lane)
			lane_soon(l);
}

void gate_call_ended(struct gate *g)
{
	dest_back(&g->brake);
	for (struct lane *l = g->fwd->lanes; l; l = l->next)
		lane_soon(l);
}

void gate_changed(struct gate *g)
{
	gate_tick(g);
	for (struct lane *l = g->fwd->lanes; l; l = l->next)
		lane_soon(l);
}

struct profile_input gate_input(const struct gate *g, const json_t *snapshot)
{
	return (struct profile_input){.complaint = snapshot,
		.base = g->ep->base,
		.headers = (const char *const *)g->ep->headers,
		.settings = &g->ep->conf->settings,
		.agencies = &g->ep->conf->agencies,
		.blobs = g->fwd->blobs,
		.ca_file = g->ep->conf->ca_file};
}

/* --- what an outcome means --- */

static void wait_as_told(struct gate *g, const struct httpc_answer *answer)
{
	int64_t wait_ms = -1;

	if (!answer || retry_after_parse(answer->retry_after, clock_wall_ms(), &wait_ms))
		wait_ms = -1;
	dest_rate_limited(&g->brake, clock_mono_ms(), wait_ms, dice());
}

static enum dest_hold hold_of(const struct outcome *o)
{
	static const struct {
		const char *reason;
		enum dest_hold why;
	} holds[] = {{"redirect", DEST_HOLD_REDIRECT}, {"endpoint-moved", DEST_HOLD_MOVED}};

	for (size_t i = 0; i < ARRAY_SIZE(holds); i++)
		if (strcmp(o->reason, holds[i].reason) == 0)
			return holds[i].why;
	return DEST_HOLD_CREDENTIAL;
}

void gate_success(struct gate *g, bool once)
{
	g->refusals = 0;
	g->last_success_ms = clock_mono_ms();
	dest_success(&g->brake, once);
}

void gate_fate(
	struct gate *g, bool once, const struct outcome *o, const struct httpc_answer *answer)
{
	int64_t now = clock_mono_ms();

	if (o->record == RECORD_DONE)
		gate_success(g, once);
	else if (o->record == RECORD_REJECT)
		dest_rejected(&g->brake, once, now);
	switch (o->destination) {
	case DESTINATION_BACK_OFF:
		dest_not_sent(&g->brake, now, dice());
		break;
	case DESTINATION_PAUSE:
		dest_ambiguous(&g->brake, now, dice());
		break;
	case DESTINATION_WAIT:
		wait_as_told(g, answer);
		break;
	case DESTINATION_HOLD:
		dest_hold_on(&g->brake, hold_of(o), now);
		break;
	case DESTINATION_GO:
	case DESTINATION_PROBE: /* asked by whoever needs it */
		break;
	}
	dest_weighed(&g->brake);
	gate_changed(g);
}

/* --- probes --- */

static void probe_ended(struct gate *g, bool good)
{
	drop_probe(g);
	dest_probe_ended(&g->brake, good, clock_mono_ms(), dice());
	for (struct lane *l = g->fwd->lanes; l; l = l->next)
		for (struct attempt *a = l->attempts, *next; a; a = next) {
			next = a->next;
			if (a->site && a->site->gate == g && a->state == ATT_PROBING)
				attempt_probed(a, good);
		}
	gate_changed(g);
}

static void on_probe(void *ctx, const struct httpc_answer *answer)
{
	struct gate *g = ctx;
	bool good = profile_probe_good(g->ep->profile, answer);

	g->probe = NULL;
	daemon_progress();
	log_info("destination %s: probe %s (http %ld, curl %d)", g->ep->conf->name,
		good ? "passes" : "fails", answer->status, answer->curl);
	probe_ended(g, good);
}

void gate_probe(struct gate *g)
{
	struct profile_input in = gate_input(g, NULL);
	struct err e = {0};
	int r = -1;

	if (g->probe)
		return;
	dest_probe_started(&g->brake);
	if (profile_read(g->ep->profile, READ_PROBE)->present)
		r = profile_read_request(g->ep->profile, READ_PROBE, &in, &g->probe_request, &e);
	if (!r)
		r = httpc_send(g->fwd->http, &g->probe_request.http, on_probe, g, &g->probe, &e);
	if (r) {
		log_warn("destination %s: no probe: %s", g->ep->conf->name, e.text);
		probe_ended(g, false);
	}
}

void gate_tick(struct gate *g)
{
	const char *text = dest_state_text(&g->brake);

	if (text == g->told)
		return;
	if (g->brake.state == DEST_HELD)
		log_error("destination %s is %s", g->ep->conf->name, text);
	else if (g->told || g->brake.state != DEST_OPEN)
		log_notice("destination %s is %s", g->ep->conf->name, text);
	g->told = text;
}
