/* site: a destination at work: what an outcome means for it, and probes, which are reads and never
 * creates. A probe that is asked for by a 401 and one that ends a rest are the same call. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/util.h"

#include "forwarder.h"

void site_init(struct site *s, struct lane *l, const struct endpoint *ep)
{
	*s = (struct site){.lane = l,
		.ep = ep,
		.name = ledger_name(&l->ledger, ep->conf->name),
		.system = ledger_name(&l->ledger, profile_system(ep->profile))};
	dest_init(&s->brake, &ep->limits);
}

static void drop_probe(struct site *s)
{
	if (s->probe)
		httpc_cancel(TAKE_PTR(s->probe));
	profile_request_clear(&s->probe_request);
}

void site_free(struct site *s)
{
	drop_probe(s);
	dest_free(&s->brake);
}

static uint64_t dice(void)
{
	uint64_t r;

	random_bytes(&r, sizeof r);
	return r;
}

/* --- may it? --- */

const char *site_stopped(const struct site *s)
{
	const struct dest *d = &s->brake;

	if (d->paused || acts_pause_waits(s->lane, s->ep->conf->name))
		return "paused";
	if (d->state == DEST_HELD) /* the hourly brake stops later ones; these are in its count */
		return d->why == DEST_HOLD_HOURLY ? NULL : "held";
	if (d->state == DEST_COOLING || clock_mono_ms() < d->not_before)
		return "cooling";
	if (d->state == DEST_SINGLE && s->sent > 0)
		return "one-at-a-time";
	return NULL;
}

bool site_may_start(struct site *s, bool creates)
{
	if (acts_pause_waits(s->lane, s->ep->conf->name))
		return false;
	return dest_may_start(
		&s->brake, creates, clock_mono_ms(), (uint32_t)(clock_wall_ms() / 1000));
}

const char *site_state_text(const struct site *s)
{
	if (profile_kind(s->ep->profile) == PROFILE_OBSERVE)
		return "held: observe, nothing is sent";
	return dest_state_text(&s->brake);
}

struct profile_input site_input(const struct site *s, const json_t *snapshot)
{
	return (struct profile_input){.complaint = snapshot,
		.base = s->ep->base,
		.headers = (const char *const *)s->ep->headers,
		.settings = &s->ep->conf->settings,
		.agencies = &s->ep->conf->agencies,
		.blobs = s->lane->fwd->blobs,
		.ca_file = s->ep->conf->ca_file};
}

/* --- what an outcome means --- */

static void wait_as_told(struct site *s, const struct httpc_answer *answer)
{
	int64_t wait_ms;

	if (answer && !retry_after_parse(answer->retry_after, clock_wall_ms(), &wait_ms))
		dest_wait(&s->brake, clock_mono_ms() + wait_ms);
	else
		dest_not_sent(&s->brake, clock_mono_ms(), dice());
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

void site_success(struct site *s)
{
	s->refusals = 0;
	s->last_success_ms = clock_mono_ms();
	dest_success(&s->brake);
}

void site_fate(struct site *s, const struct outcome *o, const struct httpc_answer *answer)
{
	int64_t now = clock_mono_ms();

	if (o->record == RECORD_DONE)
		site_success(s);
	else if (o->record == RECORD_REJECT)
		dest_rejected(&s->brake);
	switch (o->destination) {
	case DESTINATION_BACK_OFF:
		dest_not_sent(&s->brake, now, dice());
		break;
	case DESTINATION_PAUSE:
		dest_ambiguous(&s->brake, now, dice());
		break;
	case DESTINATION_WAIT:
		wait_as_told(s, answer);
		break;
	case DESTINATION_HOLD:
		dest_hold_on(&s->brake, hold_of(o), now);
		break;
	case DESTINATION_GO:
	case DESTINATION_PROBE: /* asked by whoever needs it */
		break;
	}
	site_tick(s);
}

/* --- probes --- */

static void probe_ended(struct site *s, bool good)
{
	drop_probe(s);
	dest_probe_ended(&s->brake, good, clock_mono_ms(), dice());
	for (struct attempt *a = s->lane->attempts, *next; a; a = next) {
		next = a->next;
		if (a->site == s && a->state == ATT_PROBING)
			attempt_probed(a, good);
	}
	site_tick(s);
	lane_soon(s->lane);
}

static void on_probe(void *ctx, const struct httpc_answer *answer)
{
	struct site *s = ctx;
	bool good = profile_probe_good(s->ep->profile, answer);

	s->probe = NULL;
	daemon_progress();
	log_info("destination %s: probe %s (http %ld, curl %d)", s->ep->conf->name,
		good ? "passes" : "fails", answer->status, answer->curl);
	probe_ended(s, good);
}

void site_probe(struct site *s)
{
	struct profile_input in = site_input(s, NULL);
	struct err e = {0};
	int r = -1;

	if (s->probe)
		return;
	dest_probe_started(&s->brake);
	if (profile_read(s->ep->profile, READ_PROBE)->present)
		r = profile_read_request(s->ep->profile, READ_PROBE, &in, &s->probe_request, &e);
	if (!r)
		r = httpc_send(
			s->lane->fwd->http, &s->probe_request.http, on_probe, s, &s->probe, &e);
	if (r) {
		log_warn("destination %s: no probe: %s", s->ep->conf->name, e.text);
		probe_ended(s, false);
	}
}

void site_tick(struct site *s)
{
	const char *text = site_state_text(s);

	if (text == s->told)
		return;
	if (s->brake.state == DEST_HELD && !s->brake.paused)
		log_error("destination %s is %s", s->ep->conf->name, text);
	else if (s->told || s->brake.state != DEST_OPEN || s->brake.paused)
		log_notice("destination %s is %s", s->ep->conf->name, text);
	s->told = text;
}
