/* lane, model: random schedules of the very code that runs (lane.c, lane_owner.c) against a
 * simulated log, with a small forwarder on top: INTENT -> confirm -> POST -> outcome.
 *
 * What may happen: processes start beside each other, are killed, stopped and woken; their appends
 * travel, land late and in order of their producer, or are lost with everything behind them;
 * reports fail although the record landed, come without an offset, or never; producers are made
 * anew. At the end one last owner finishes. What must hold: nothing is POSTed twice; everything
 * ends filed or parked; DONE was POSTed and what was POSTed is DONE or parked; no key is used
 * twice; every reader agrees on what counts, from the start or from a stored position; nobody
 * holds. MUARA_MODEL=N schedules (default 100,000, times MUARA_SCALE), MUARA_MODEL_SEED=first.
 * Not modelled: erasure and compaction (test-lane.c, gaps), resend by a person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "core/lane_owner.h"
#include "core/lane_record.h"

#define COMPLAINTS 5
#define PROCS	   10
#define LOG_MAX	   2048
#define QUEUE_MAX  64
#define WAIT_MAX   16

enum what { W_GENESIS, W_TAKEOVER, W_INTENT, W_DONE, W_NOT_SENT, W_PARKED };

struct meta { /* what a record says beyond the lane's own part */
	enum what what;
	int c;
	struct lane_key intent; /* outcomes */
};
struct sim_rec {
	struct lane_rec rec;
	struct meta *meta;
};
struct travel { /* appends of one producer, under way */
	struct sim_rec v[QUEUE_MAX];
	uint64_t seq[QUEUE_MAX];
	int head, n;
};

struct attempt { /* newest of a complaint */
	struct lane_key key;
	enum what state; /* W_GENESIS: none */
};
struct fold { /* what a reader of the log knows: a tiny ledger */
	struct attempt newest[COMPLAINTS];
	bool done[COMPLAINTS], parked[COMPLAINTS];
};

struct world;
struct proc {
	struct world *w;
	struct lane_owner o;
	bool alive, open; /* open: o is initialised */
	int paused, read, producer;
	struct fold f;
	struct {
		uint64_t seq;
		int status;
		int64_t offset;
	} reports[QUEUE_MAX];
	int n_reports;
	struct lane_key confirmed[WAIT_MAX], posted[WAIT_MAX]; /* INTENTs of ours */
	int confirmed_c[WAIT_MAX], posted_c[WAIT_MAX], n_confirmed, n_posted;
	bool owned; /* to look through the foreign INTENTs */
};
struct world {
	struct sim_rec log[LOG_MAX];
	int n, complaints;
	struct meta metas[LOG_MAX * 2];
	int n_metas;
	struct travel travels[LOG_MAX / 4];
	int n_travels;
	struct proc p[PROCS];
	int n_procs;
	int posts[COMPLAINTS];
	uint64_t random, uid;
	int64_t now_ms;
	char fault[200];
};
static struct world world; /* large: not on the stack */

static uint32_t rnd(struct world *w, uint32_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)((w->random * 0x2545F4914F6CDD1DULL) >> 33) % below;
}

static bool chance(struct world *w, uint32_t per_mille)
{
	return rnd(w, 1000) < per_mille;
}

static void fault(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->fault[0])
		return;
	va_start(ap, fmt);
	vsnprintf(w->fault, sizeof w->fault, fmt, ap);
	va_end(ap);
}

static struct meta *meta_new(struct world *w, enum what what, int c, struct lane_key intent)
{
	if (w->n_metas == (int)ARRAY_SIZE(w->metas)) {
		fault(w, "the schedule is too long for this test");
		w->n_metas = 0;
	}
	w->metas[w->n_metas] = (struct meta){what, c, intent};
	return &w->metas[w->n_metas++];
}

/* --- what a reader makes of a counted record --- */

static bool same_key(struct lane_key a, struct lane_key b)
{
	return a.term == b.term && a.n == b.n;
}

static void fold_one(struct fold *f, const struct lane_rec *r, const struct meta *m)
{
	static const int rank[] = {[W_INTENT] = 1, [W_PARKED] = 2, [W_NOT_SENT] = 3, [W_DONE] = 4};
	struct attempt *a = &f->newest[m->c];

	if (m->what == W_INTENT) {
		*a = (struct attempt){{r->term, r->n}, W_INTENT};
		return;
	}
	if (m->what == W_DONE)
		f->done[m->c] = true;
	if (same_key(a->key, m->intent) && rank[m->what] > rank[a->state])
		a->state = m->what;
	f->parked[m->c] = a->state == W_PARKED;
}

/* --- the owner's hands --- */

static int on_produce(void *ctx, uint64_t seq, struct lane_rec *r, void *cookie)
{
	struct proc *p = ctx;
	struct travel *t = &p->w->travels[p->producer];

	if (t->n == QUEUE_MAX || chance(p->w, 5))
		return -ENOBUFS;
	if (chance(p->w, 3))
		return -EIO;
	if (!cookie) {
		cookie = meta_new(p->w, W_TAKEOVER, 0, (struct lane_key){0});
		memcpy(r->hash, &p->w->uid, sizeof p->w->uid);
		p->w->uid++;
	}
	t->v[(t->head + t->n) % QUEUE_MAX] = (struct sim_rec){*r, cookie};
	t->seq[(t->head + t->n++) % QUEUE_MAX] = seq;
	return 0;
}
static int on_new_producer(void *ctx)
{
	struct proc *p = ctx;

	if (p->w->n_travels == (int)ARRAY_SIZE(p->w->travels))
		return -EMFILE;
	p->producer = p->w->n_travels++; /* what travels on the old one may still land */
	p->n_reports = 0;
	return 0;
}
static void on_random(void *ctx, uint8_t writer[LANE_WRITER_SIZE])
{
	struct proc *p = ctx;

	memset(writer, 0, LANE_WRITER_SIZE);
	memcpy(writer, &p->w->uid, sizeof p->w->uid);
	p->w->uid++;
}
static void on_entry(
	void *ctx, enum lane_ruling ruling, const struct lane_rec *r, void *cookie, bool own)
{
	const struct meta *m = cookie;
	struct proc *p = ctx;

	(void)ruling;
	fold_one(&p->f, r, m);
	if (own && m->what == W_INTENT && r->term == p->o.term && p->n_confirmed < WAIT_MAX) {
		p->confirmed[p->n_confirmed] = (struct lane_key){r->term, r->n};
		p->confirmed_c[p->n_confirmed++] = m->c;
	}
}
static void on_drop(void *ctx, void *cookie, bool own)
{
	(void)ctx, (void)cookie, (void)own; /* the world owns it */
}
static void on_owned(void *ctx)
{
	((struct proc *)ctx)->owned = true;
}
static void on_unsettled(void *ctx)
{
	((struct proc *)ctx)->owned = false;
}
static void on_lost(void *ctx, const char *why)
{
	(void)why;
	((struct proc *)ctx)->owned = false;
}
static void on_held(void *ctx, const char *why)
{
	fault(((struct proc *)ctx)->w, "a lane holds: %s", why);
}
static const struct lane_owner_ops ops = {on_produce, on_new_producer, on_random, on_entry, on_drop,
	on_owned, on_unsettled, on_lost, on_held};

static struct proc *proc_new(struct world *w)
{
	struct proc *p = &w->p[w->n_procs++];
	struct lane_owner_conf c = {
		.view = {.log_name = "submissions"}, .ops = &ops, .ctx = p, .deadline_ms = 1000};

	*p = (struct proc){.w = w, .alive = true, .open = true};
	lane_owner_init(&p->o, &c);
	lane_owner_tick(&p->o, w->now_ms + 1);
	return p;
}

/* --- the network --- */

/* The oldest append of a producer reaches the log. */
static void land(struct world *w, int t)
{
	struct travel *q = &w->travels[t];
	struct sim_rec r = q->v[q->head];
	uint64_t seq = q->seq[q->head];

	if (w->n == LOG_MAX) {
		fault(w, "the log is too long for this test");
		return;
	}
	q->head = (q->head + 1) % QUEUE_MAX;
	q->n--;
	r.rec.offset = w->n;
	w->log[w->n] = r;
	for (int i = 0; i < w->n_procs; i++) {
		struct proc *p = &w->p[i];

		if (!p->alive || p->producer != t || p->n_reports == QUEUE_MAX || chance(w, 10))
			continue; /* the report never comes */
		p->reports[p->n_reports].seq = seq;
		p->reports[p->n_reports].status = chance(w, 10) ? -ETIMEDOUT : 0;
		p->reports[p->n_reports++].offset = chance(w, 100) ? -1 : w->n;
	}
	w->n++;
}

static void travel_step(struct world *w)
{
	for (int tries = 0; tries < 4; tries++) {
		int t = (int)rnd(w, (uint32_t)w->n_travels);

		if (!w->travels[t].n)
			continue;
		if (chance(w, 15))
			w->travels[t].n = 0; /* lost, with all behind it: no gap comes to be */
		else
			land(w, t);
		return;
	}
}

/* --- one turn of a process --- */

/* 0, or not now: try again. */
static int append(struct proc *p, enum what what, int c, struct lane_key intent)
{
	struct lane_rec r = {.kind_known = true,
		.outcome = what == W_DONE || what == W_NOT_SENT,
		.intent = intent};
	struct meta *m = meta_new(p->w, what, c, intent);

	memcpy(r.hash, &p->w->uid, sizeof p->w->uid);
	p->w->uid++;
	return lane_owner_append(&p->o, &r, 100, m);
}

static void park_foreign(struct proc *p)
{
	p->owned = false;
	for (int c = 0; c < p->w->complaints; c++) {
		const struct attempt *a = &p->f.newest[c];

		if (a->state == W_INTENT && a->key.term != p->o.term &&
			append(p, W_PARKED, c, a->key))
			p->owned = p->o.state == LANE_OWN; /* the rest another time */
	}
}

/* Only an INTENT of the present term, which is still the newest word, may be sent. One of an older
 * term is parked by whoever owns now, ourselves perhaps. */
static void send_one(struct proc *p)
{
	int i = p->n_confirmed - 1, c = p->confirmed_c[i];
	struct lane_key k = p->confirmed[i];

	if (k.term == p->o.term && (p->o.state != LANE_OWN || chance(p->w, 100))) {
		if (append(p, W_NOT_SENT, c, k) == -ENOBUFS)
			return;
	} else if (k.term == p->o.term) {
		p->w->posts[c]++;
		p->posted[p->n_posted] = k;
		p->posted_c[p->n_posted++] = c;
	}
	p->n_confirmed--;
}

static void answer_one(struct proc *p)
{
	int i = p->n_posted - 1, c = p->posted_c[i];
	struct lane_key k = p->posted[i];

	if (k.term == p->o.term &&
		append(p, chance(p->w, 900) ? W_DONE : W_PARKED, c, k) == -ENOBUFS)
		return;
	p->n_posted--;
}

static void new_intent(struct proc *p)
{
	int c = (int)rnd(p->w, (uint32_t)p->w->complaints);
	enum what s = p->f.newest[c].state;

	if ((s == W_GENESIS || s == W_NOT_SENT) && !p->f.done[c] && !lane_owner_in_flight(&p->o) &&
		!p->n_confirmed && !p->n_posted)
		append(p, W_INTENT, c, (struct lane_key){0});
}

static void act(struct proc *p)
{
	if (p->owned && p->o.state == LANE_OWN)
		park_foreign(p);
	else if (p->n_posted && (p->n_posted == WAIT_MAX || chance(p->w, 600)))
		answer_one(p);
	else if (p->n_confirmed && chance(p->w, 700))
		send_one(p);
	else if (p->o.state == LANE_OWN)
		new_intent(p);
	else if (p->o.state == LANE_FENCED && !p->n_confirmed && !p->n_posted)
		p->alive = false;
}

static void proc_step(struct proc *p)
{
	struct world *w = p->w;
	uint32_t k;

	lane_owner_tick(&p->o, w->now_ms);
	for (k = rnd(w, 6); k && p->read < w->n; k--) {
		const struct sim_rec *r = &w->log[p->read++];

		lane_owner_read(&p->o, &r->rec, r->meta);
	}
	if (p->read == w->n)
		lane_owner_eof(&p->o, w->n);
	if (p->n_reports && chance(w, 800)) {
		uint64_t seq = p->reports[0].seq;
		int status = p->reports[0].status;
		int64_t offset = p->reports[0].offset;

		p->n_reports--;
		memmove(p->reports, p->reports + 1, (size_t)p->n_reports * sizeof p->reports[0]);
		lane_owner_report(&p->o, seq, status, offset);
	}
	act(p);
}

static void chaos_step(struct world *w)
{
	uint32_t x = rnd(w, 1000);
	struct proc *p = &w->p[rnd(w, (uint32_t)w->n_procs)];

	w->now_ms += rnd(w, 20);
	if (x < 20 && w->n_procs < PROCS - 3)
		proc_new(w);
	else if (x < 35)
		p->alive = false; /* kill -9; what travels may land */
	else if (x < 60)
		p->paused = (int)rnd(w, 80); /* SIGSTOP */
	else if (x < 450)
		travel_step(w);
	else if (p->alive && p->paused == 0)
		proc_step(p);
	else if (p->paused)
		p->paused--;
}

/* --- the end, and what must hold --- */

static bool all_ended(const struct world *w, const struct fold *f)
{
	for (int c = 0; c < w->complaints; c++)
		if (!f->done[c] && !f->parked[c])
			return false;
	return true;
}

static struct proc *finish(struct world *w)
{
	struct proc *last = NULL;

	for (int i = 0; i < w->n_procs; i++)
		w->p[i].alive = false;
	for (int turn = 0; turn < 20000 && !w->fault[0]; turn++) {
		if (!last || !last->alive) {
			if (w->n_procs == PROCS) {
				fault(w, "the last owner was fenced again and again");
				return NULL;
			}
			last = proc_new(w);
		}
		w->now_ms += 5;
		for (int t = 0; t < w->n_travels; t++)
			if (w->travels[t].n)
				land(w, t);
		proc_step(last);
		if (last->read == w->n && !lane_owner_in_flight(&last->o) && !last->n_posted &&
			!last->n_confirmed && last->o.state == LANE_OWN && all_ended(w, &last->f))
			return last;
	}
	fault(w, "a complaint is neither filed nor parked");
	return NULL;
}

static void view_of(struct lane_view *v)
{
	static const struct lane_view_conf c = {.log_name = "submissions"};

	lane_view_init(v, &c);
}

/* A reader from 0, and one that goes on from what the first stored at `split`. */
static void check_readers(struct world *w, struct fold *f)
{
	int split = (int)rnd(w, (uint32_t)w->n);
	struct lane_view v, later;
	struct err e = {0};

	view_of(&v);
	view_of(&later);
	for (int i = 0; i < w->n; i++) {
		enum lane_ruling r = lane_view_feed(&v, &w->log[i].rec, &e);

		if (r == LANE_HOLD)
			fault(w, "a reader holds: %s", e.text);
		if ((r == LANE_COUNTS || r == LANE_LATE) && w->log[i].rec.type == LANE_T_RECORD)
			fold_one(f, &w->log[i].rec, w->log[i].meta);
		if (i > split && lane_view_feed(&later, &w->log[i].rec, &e) != r)
			fault(w, "a reader from position %d rules record %d otherwise", split, i);
		if (i == split) {
			_cleanup_json_ json_t *position = lane_view_save(&v);

			if (lane_view_load(&later, position, &e) ||
				lane_view_feed(&later, &w->log[i].rec, &e) != LANE_SKIP)
				fault(w, "position %d is not taken: %s", split, e.text);
		}
	}
	lane_view_free(&v);
	lane_view_free(&later);
}

static void check_keys(struct world *w)
{
	for (int i = 0; i < w->n; i++)
		for (int k = 0; k < i; k++)
			if (w->log[i].rec.type == w->log[k].rec.type &&
				w->log[i].rec.term == w->log[k].rec.term &&
				w->log[i].rec.n == w->log[k].rec.n &&
				!memcmp(w->log[i].rec.writer, w->log[k].rec.writer,
					LANE_WRITER_SIZE))
				fault(w, "records %d and %d have one key", k, i);
}

static void check(struct world *w, const struct proc *last)
{
	struct fold f = {0};

	check_readers(w, &f);
	check_keys(w);
	for (int c = 0; c < w->complaints && !w->fault[0]; c++) {
		if (w->posts[c] > 1)
			fault(w, "complaint %d was POSTed %d times", c, w->posts[c]);
		else if (f.done[c] && !w->posts[c])
			fault(w, "complaint %d is DONE and was never POSTed", c);
		else if (w->posts[c] && !f.done[c] && !f.parked[c])
			fault(w, "complaint %d was POSTed and is neither DONE nor parked", c);
		else if (f.done[c] != last->f.done[c] || f.parked[c] != last->f.parked[c])
			fault(w, "complaint %d: a reader and the owner disagree", c);
	}
}

static void run(struct world *w, uint64_t seed)
{
	struct lane_rec genesis = {.type = LANE_T_GENESIS,
		.key_ok = true,
		.installation = "model",
		.log_name = "submissions",
		.lanes = 1};
	const struct proc *last;
	int steps;

	memset(w, 0, sizeof *w);
	w->random = seed * 0x9E3779B97F4A7C15ULL + 1;
	w->uid = 1;
	w->complaints = 1 + (int)rnd(w, COMPLAINTS);
	w->n_travels = 1;
	w->log[w->n++] = (struct sim_rec){genesis, meta_new(w, W_GENESIS, 0, (struct lane_key){0})};
	proc_new(w);
	steps = 60 + (int)rnd(w, 400);
	while (steps-- && !w->fault[0])
		chaos_step(w);
	last = finish(w);
	if (last)
		check(w, last);
	for (int i = 0; i < w->n_procs; i++)
		if (w->p[i].open)
			lane_owner_free(&w->p[i].o);
}

static long number(const char *name, long otherwise)
{
	const char *s = getenv(name);
	int64_t v;

	return s && !parse_i64(s, 0, INT32_MAX, &v) ? (long)v : otherwise;
}

static void test_schedules(void **state)
{
	const char *scale = getenv("MUARA_SCALE");
	long n = number("MUARA_MODEL", (long)(100000 * (scale ? strtod(scale, NULL) : 1)));
	long first = number("MUARA_MODEL_SEED", 1), posts = 0, parked = 0, terms = 0;

	(void)state;
	for (long seed = first; seed < first + n; seed++) {
		run(&world, (uint64_t)seed);
		if (world.fault[0])
			fail_msg("seed %ld: %s", seed, world.fault);
		for (int c = 0; c < world.complaints; c++)
			posts += world.posts[c];
		for (int i = 0; i < world.n; i++) {
			terms += world.log[i].rec.type == LANE_T_TAKEOVER;
			parked += world.log[i].meta->what == W_PARKED;
		}
	}
	/* A schedule in which nothing happens proves nothing. */
	assert_true(posts > n && terms > n && parked * 20 > n);
	print_message(
		"%ld schedules, %ld POSTs, %ld takeovers, %ld parked\n", n, posts, terms, parked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_schedules)};

	return cmocka_run_group_tests_name("lane model", tests, NULL, NULL);
}
