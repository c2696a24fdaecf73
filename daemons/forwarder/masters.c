/* masters: see masters.h.
 *
 * Guarantees: a list is checked before it is kept (core/masters_store); what does not come or
 * cannot be believed changes nothing, is told, and is tried again with full jitter up to an hour.
 * Known gaps: a list that only a second process of another machine has fetched is not seen here; a
 * paused destination's lists grow old, which is told after three days. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/masters_fetch.h"
#include "core/masters_store.h"

#include "forwarder.h"
#include "masters.h"

#define LOOK_MS	      10000 /* what lies on the disk is looked at anew */
#define FIRST_MS      30000 /* a first fetch begins within, at random */
#define RETRY_BASE_MS 60000
#define RETRY_MAX_MS  3600000
#define STALE_MS      (3 * 24 * 3600 * 1000LL)
#define OVERDUE_MS    (10 * 60 * 1000)
#define DAY_MS	      (24 * 3600 * 1000LL)

struct kept { /* one list of one destination */
	struct masters *all;
	size_t endpoint;
	struct masters_at at;
	char *label;   /* "lapor/institutions"; outlives the metrics, never freed */
	int64_t stamp; /* of what was looked at last */
	bool looked;
	json_t *findings;
	int64_t fetched_ms; /* wall; 0 = never */
	int64_t due_ms;	    /* wall */
	int failures;	    /* in a row */
	char trouble[256];  /* why the last fetch, or the file kept by hand, gave no list; "" = it
			       did */
	int64_t ours_ms;    /* wall: since when we are the one that reads it; 0 = we are not */
	int64_t stale_told_ms;
};

struct masters {
	struct forwarder *f;
	char *dir;
	struct kept *v;
	size_t n;
	struct master_fetch *fetch; /* one at a time */
	struct kept *fetching;
	bool stopped;
	int64_t looked_ms; /* mono */
	struct metric *missing, *renamed, *stale, *age, *fetches;
};

static uint64_t dice(uint64_t below)
{
	uint64_t r;

	random_bytes(&r, sizeof r);
	return below ? r % below : 0;
}

/* --- setting up --- */

static void add_lists(struct masters *m, size_t endpoint)
{
	const struct endpoint *ep = &m->f->endpoints[endpoint];

	for (size_t i = 0; i < profile_masters(ep->profile); i++) {
		struct kept *k = &m->v[m->n++];

		*k = (struct kept){.all = m,
			.endpoint = endpoint,
			.at = {.dir = m->dir,
				.base = ep->base,
				.destination = ep->conf->name,
				.m = profile_master(ep->profile, i)},
			.findings = json_array()};
		k->label = xasprintf("%s/%s", ep->conf->name, k->at.m->name);
	}
}

static void add_metrics(struct masters *m)
{
	static const char *const results[] = {"kept", "failed", "not_believed", NULL};
	static const char **labels; /* metrics keep them until the process ends */

	labels = xcalloc(m->n + 1, sizeof *labels);
	for (size_t i = 0; i < m->n; i++)
		labels[i] = m->v[i].label;
	m->missing = metric_gauge("muara_forwarder_master_missing",
		"Numbers we route by that are not in the destination's list; must be 0", "list",
		labels);
	m->renamed = metric_gauge("muara_forwarder_master_renamed",
		"Numbers we route by whose name there changed and that nobody has accepted", "list",
		labels);
	m->stale = metric_gauge("muara_forwarder_master_stale",
		"1 = the list could not be read for three days; must be 0", "list", labels);
	m->age = metric_gauge("muara_forwarder_master_age_seconds",
		"Since the list was read; 0 = never", "list", labels);
	m->fetches = metric_counter("muara_forwarder_master_fetches_total",
		"Lists asked for, by what came of it", "result", results);
}

int masters_new(struct forwarder *f, struct masters **ret, struct err *e)
{
	struct masters *m = xcalloc(1, sizeof *m);
	size_t n = 0;

	(void)e;
	for (size_t i = 0; i < f->n_endpoints; i++)
		n += profile_masters(f->endpoints[i].profile);
	*m = (struct masters){.f = f,
		.dir = xasprintf("%s/masters", muara_state_dir(f->shared)),
		.v = xcalloc(n + 1, sizeof *m->v)};
	for (size_t i = 0; i < f->n_endpoints; i++)
		add_lists(m, i);
	add_metrics(m);
	*ret = m;
	return 0;
}

void masters_stop(struct masters *m)
{
	m->stopped = true;
	master_fetch_cancel(TAKE_PTR(m->fetch));
}

void masters_free(struct masters *m)
{
	if (!m)
		return;
	masters_stop(m);
	for (size_t i = 0; i < m->n; i++)
		json_decref(m->v[i].findings);
	free(m->v);
	free(m->dir);
	free(m);
}

/* --- whose it is --- */

static struct lane *lane_of(const struct forwarder *f, int64_t number)
{
	for (struct lane *l = f->lanes; l; l = l->next)
		if (l->number == number)
			return l;
	return NULL;
}

/* The lane whose owner reads the lists of this destination: the lowest that files there. */
static int64_t reading_lane(const struct forwarder *f, const char *destination)
{
	const struct muara_tenant *t = f->shared->tenants.v;
	int64_t lane = INT64_MAX;

	for (size_t i = 0; i < f->shared->tenants.n; i++)
		if (strcmp(t[i].destination, destination) == 0)
			lane = MIN(lane, t[i].lane);
	return lane == INT64_MAX ? 0 : lane;
}

/* Another process, perhaps on another machine, reads the lists of lanes that are not ours. */
static void see_whose(struct kept *k)
{
	const struct forwarder *f = k->all->f;
	const struct lane *l = lane_of(f, reading_lane(f, k->at.destination));

	if (!l || l->lost)
		k->ours_ms = 0;
	else if (!k->ours_ms)
		k->ours_ms = clock_wall_ms();
}

/* --- what lies there, and what is wrong with ours --- */

static const struct endpoint *endpoint_of(const struct kept *k)
{
	return &k->all->f->endpoints[k->endpoint];
}

static bool among(const json_t *list, const json_t *one)
{
	const json_t *v;
	size_t i;

	json_array_foreach (list, i, v)
		if (json_equal(v, one))
			return true;
	return false;
}

/* Each change once: what is new is an alarm, what is no more a note. */
static void tell(const struct kept *k, const json_t *before, const json_t *now)
{
	char text[700];
	const json_t *v;
	size_t i;

	json_array_foreach (now, i, v) {
		if (among(before, v))
			continue;
		masters_finding_text(v, k->at.destination, text, sizeof text);
		log_error("masters: %s", text);
	}
	json_array_foreach (before, i, v) {
		if (!among(now, v))
			log_notice("masters: %s of %s (%s) is right again",
				json_str_or(v, "where", ""), k->at.destination,
				json_str_or(v, "id", ""));
	}
}

static int count(const struct kept *k, const char *what)
{
	const json_t *v;
	size_t i;
	int n = 0;

	json_array_foreach (k->findings, i, v) {
		n += strcmp(json_str_or(v, "what", ""), what) == 0;
	}
	return k->ours_ms ? n : 0;
}

/* When the list is to be read next, from what lies there. */
static void plan(struct kept *k, bool whole)
{
	const int64_t now = clock_wall_ms(), every = k->all->f->conf->masters_every_ms;

	if (!whole || k->fetched_ms > now + DAY_MS) /* written under a clock that was ahead */
		k->due_ms = now + (int64_t)dice((uint64_t)MIN(FIRST_MS, every / 4 + 1));
	else
		k->due_ms = k->fetched_ms + every - (int64_t)dice((uint64_t)(every / 10 + 1));
}

static void trouble(struct kept *k, const char *text)
{
	if (strcmp(k->trouble, text) != 0 && *text)
		log_warn("masters: %s: %s", k->label, text);
	snprintf(k->trouble, sizeof k->trouble, "%s", text);
}

static void look(struct kept *k)
{
	const struct conf_destination *d = endpoint_of(k)->conf;
	_cleanup_json_ json_t *doc = NULL, *accepted = NULL, *found = NULL;
	struct err e = {0}, unread = {0};
	int r;

	k->stamp = masters_stamp(&k->at); /* before it is read: what comes later is another */
	r = masters_load(&k->at, &doc, &e);
	accepted = masters_accepted(&k->at, &unread);
	if (unread.code)
		log_warn("masters: %s", unread.text);
	if (r && (k->at.m->file || r != -ENOENT))
		trouble(k, e.text);
	else if (k->at.m->file)
		trouble(k, "");
	if (r) /* what was wrong is no better for it */
		found = json_incref(k->findings);
	else
		found = masters_check(endpoint_of(k)->profile, k->at.m, doc, accepted, &d->settings,
			&d->agencies);
	tell(k, k->findings, found);
	json_decref(k->findings);
	k->findings = TAKE_PTR(found);
	k->fetched_ms = k->at.m->file ? clock_wall_ms() : masters_fetched_ms(doc);
	if (!k->failures)
		plan(k, !r);
	k->looked = true;
}

static void look_at_all(struct masters *m)
{
	const int64_t now = clock_mono_ms();
	const bool again = !m->looked_ms || now - m->looked_ms >= LOOK_MS;

	if (again)
		m->looked_ms = now;
	for (size_t i = 0; i < m->n; i++) {
		struct kept *k = &m->v[i];

		if (k->ours_ms && (!k->looked || (again && k->stamp != masters_stamp(&k->at))))
			look(k);
	}
}

/* --- fetching --- */

static bool may_read(const struct kept *k)
{
	const struct forwarder *f = k->all->f;
	const struct lane *l = lane_of(f, reading_lane(f, k->at.destination));
	const struct site *s = l ? &l->sites[k->endpoint] : NULL;

	return !k->at.m->file && profile_kind(endpoint_of(k)->profile) == PROFILE_HTTP && s &&
	       lane_may_file(l) && !follow_stopped(&s->gate->brake, &s->word, clock_mono_ms());
}

static void retry(struct kept *k, int64_t wait_ms)
{
	const int64_t every = k->all->f->conf->masters_every_ms;
	int64_t limit = MIN(RETRY_BASE_MS, every / 4 + 1);

	for (int i = 0; i < k->failures && limit < MIN(RETRY_MAX_MS, every); i++)
		limit *= 2;
	k->failures++;
	limit = MIN(limit, MIN(RETRY_MAX_MS, every));
	k->due_ms = clock_wall_ms() + MAX((int64_t)dice((uint64_t)limit + 1), wait_ms);
}

static void kept_now(struct kept *k, const struct master_read *read)
{
	struct master_change c = {0};
	struct err e = {0};
	int r = masters_keep(&k->at, read, clock_wall_ms(), false, NULL, &c, &e);

	metric_add(k->all->fetches, r == -ESTALE ? "not_believed" : r ? "failed" : "kept", 1);
	if (r) {
		log_error("masters: %s: %s", k->label, e.text);
		trouble(k, e.text);
		retry(k, 0);
		return;
	}
	log_info("masters: %s: %zu entries, %ld added, %ld gone, %ld renamed, %ld unreadable",
		k->label, json_object_size(read->entries), c.added, c.gone, c.renamed,
		read->skipped);
	k->failures = 0;
	trouble(k, "");
	look(k);
}

static void on_list(void *ctx, const struct master_fetched *got, const struct err *e)
{
	struct kept *k = ctx;

	k->all->fetch = NULL;
	daemon_progress();
	if (got->read) {
		kept_now(k, got->read);
		return;
	}
	metric_add(k->all->fetches, "failed", 1);
	trouble(k, e->text);
	retry(k, got->wait_ms);
}

static void fetch(struct kept *k)
{
	const struct forwarder *f = k->all->f;
	const struct endpoint *ep = endpoint_of(k);
	const struct profile_input in = {.base = ep->base,
		.headers = (const char *const *)ep->headers,
		.ca_file = ep->conf->ca_file};
	struct err e = {0};

	if (!master_fetch_start(f->http, ep->profile, k->at.m, &in, on_list, k, &k->all->fetch, &e))
		return;
	metric_add(k->all->fetches, "failed", 1);
	trouble(k, e.text);
	retry(k, 0);
}

static void fetch_next(struct masters *m)
{
	const int64_t now = clock_wall_ms(), every = m->f->conf->masters_every_ms;

	for (size_t i = 0; i < m->n && !m->fetch && !m->stopped && every; i++) {
		struct kept *k = &m->v[i];

		if (k->due_ms > now + 2 * every) /* the clock was put back */
			k->due_ms = now;
		if (k->looked && k->due_ms <= now && may_read(k))
			fetch(k);
	}
}

/* --- showing --- */

/* Old, and not because the machine slept over it: it was tried, or could not be. */
static bool stale(const struct kept *k)
{
	const int64_t every = k->all->f->conf->masters_every_ms, now = clock_wall_ms();

	return k->ours_ms && every && profile_kind(endpoint_of(k)->profile) == PROFILE_HTTP &&
	       now - MAX(k->fetched_ms, k->ours_ms) > MAX(STALE_MS, 3 * every) &&
	       (k->failures || now - k->due_ms > OVERDUE_MS);
}

static void show(struct kept *k)
{
	const int64_t now = clock_wall_ms();
	const struct masters *m = k->all;
	const bool old = stale(k);

	metric_set(m->missing, k->label, count(k, "missing"));
	metric_set(m->renamed, k->label, count(k, "renamed"));
	metric_set(m->stale, k->label, old);
	metric_set(
		m->age, k->label, k->fetched_ms ? (double)MAX(now - k->fetched_ms, 0) / 1000 : 0);
	if (!old)
		k->stale_told_ms = 0;
	else if (now - k->stale_told_ms >= DAY_MS) {
		k->stale_told_ms = now;
		log_error("masters: %s was not read for days: %s", k->label,
			*k->trouble ? k->trouble : "the destination was paused, held or cooling");
	}
}

void masters_tick(struct masters *m)
{
	for (size_t i = 0; i < m->n; i++)
		see_whose(&m->v[i]);
	look_at_all(m);
	fetch_next(m);
	for (size_t i = 0; i < m->n; i++)
		show(&m->v[i]);
}

bool masters_words(const struct masters *m, struct buf *out)
{
	bool fine = true;

	for (size_t i = 0; i < m->n; i++) {
		const struct kept *k = &m->v[i];
		const json_t *first = k->ours_ms ? json_array_get(k->findings, 0) : NULL;

		if (first)
			(void)buf_addf(out, "; %zu of our numbers wrong in %s (%s %s, %s)",
				json_array_size(k->findings), k->label,
				json_str_or(first, "where", ""), json_str_or(first, "id", ""),
				json_str_or(first, "what", ""));
		if (stale(k))
			(void)buf_addf(out, "; %s not read for days", k->label);
		fine &= !first && !stale(k);
	}
	return fine;
}
