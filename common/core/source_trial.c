/* source_trial: a source under --try: its sample, or its live place without effects; see source.h.
 *
 * The live place: the source is opened and stepped as ever, but what it puts is shown, reported as
 * stored, and forgotten; cursors are taken and never said to be written. Blobs lie in a folder of
 * our own until the end. It ends when FIRST_MS bring nothing at all or QUIET_MS nothing new, or
 * after LIVE_MAX messages. What came in earlier is not known (cursors and raw log are not read): it
 * looks from the beginning. */
#include <errno.h>
#include <ftw.h>
#include <string.h>

#include "base/fsio.h"
#include "base/log.h"
#include "base/util.h"
#include "core/source_private.h"
#include "core/trial.h"

#define SAMPLE_MAX_BYTES (64 * 1024 * 1024)
#define FIRST_MS	 20000 /* a server may be slow to let us in */
#define QUIET_MS	 5000
#define LIVE_MAX	 100

struct pending {
	source_report_fn *report;
	void *ctx;
	uint64_t number;
};
struct source_trial {
	struct source *source;
	struct trial *shown;
	struct loop_timer *reports, *quiet;
	struct pending pending[LIVE_MAX];
	long n_pending, taken;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

long source_trial_in_flight(const struct source_trial *t)
{
	return t->n_pending;
}

int source_trial_put(struct source_trial *t, const struct message *m, source_report_fn *report,
	void *ctx, uint64_t number, char ret_id[UUID_TEXT_SIZE], struct err *e)
{
	struct message copy = *m;

	if (t->taken == LIVE_MAX)
		return err_set(e, -ENOBUFS, "as many as are shown");
	if (ret_id)
		message_id(m->tenant, m->channel, m->account, m->native_id, m->revision, ret_id);
	trial_show(t->shown, &copy);
	t->pending[t->n_pending++] = (struct pending){report, ctx, number};
	t->taken++;
	loop_timer_arm(t->reports, 0);
	loop_timer_arm(t->quiet, t->taken == LIVE_MAX ? 0 : QUIET_MS);
	return 0;
}

/* Never from inside source_put. Reports may lead to more of them. */
static void on_reports(void *ctx)
{
	struct source_trial *t = ctx;
	struct pending now[LIVE_MAX];
	long n = t->n_pending;

	memcpy(now, t->pending, sizeof(now));
	t->n_pending = 0;
	for (long i = 0; i < n; i++)
		if (now[i].report)
			now[i].report(now[i].ctx, now[i].number, true, -1);
	source_wake(t->source);
}

static void on_quiet(void *ctx)
{
	struct source_trial *t = ctx;

	loop_stop(t->source->env->loop);
}

static int look(struct source *s, struct err *e)
{
	int r = s->ops->open(s, &s->state, e);

	if (r)
		return r;
	s->phase = RUNNING;
	if (s->ops->ready)
		s->ops->ready(s->state);
	source_wake(s);
	loop_timer_arm(s->trial->quiet, FIRST_MS);
	loop_run(s->env->loop);
	s->phase = DRAINING;
	s->ops->close(s->state);
	s->state = NULL;
	return 0;
}

static int try_live(struct source *s, struct trial *shown, struct err *e)
{
	_cleanup_free_ struct source_trial *t = NULL;
	char folder[] = "/tmp/muara-try.XXXXXX";
	int r;

	if (!s->ops->looks)
		return err_set(e, -EOPNOTSUPP,
			"waits for what others bring: there is no place to look at, name a sample");
	if (!mkdtemp(folder))
		return err_sys(e, -errno, "%s", folder);
	t = xcalloc(1, sizeof(*t));
	t->source = s;
	t->shown = shown;
	s->trial = t;
	s->step = loop_timer_new(s->env->loop, source_step, s);
	t->reports = loop_timer_new(s->env->loop, on_reports, t);
	t->quiet = loop_timer_new(s->env->loop, on_quiet, t);
	r = blob_open(folder, &s->blobs, e);
	if (r == 0)
		r = look(s, e);
	blob_close(s->blobs);
	loop_timer_del(s->step);
	loop_timer_del(t->reports);
	loop_timer_del(t->quiet);
	(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	s->trial = NULL;
	return r;
}

static int try_sample(struct source *s, const char *path, struct trial *shown, struct err *e)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *data = NULL;
	struct message base;
	struct source_sample sample = {
		.name = slash ? slash + 1 : path, .shared = s->env->shared, .base = &base};
	int r;

	if (!s->ops->sample)
		return err_set(e, -EOPNOTSUPP, "shows no samples, only what lies outside now");
	r = fsio_read_file(path, SAMPLE_MAX_BYTES, &data, &sample.len, e);
	if (r)
		return r;
	sample.data = data;
	source_message(s, &base);
	return s->ops->sample(s->env->conf, &sample, trial_show, shown, e);
}

int source_trial_run(struct source *s, const struct daemon_try *what)
{
	struct trial *shown = trial_new(stdout, what->show_text, what->json);
	struct err e = {0};
	int r = what->sample ? try_sample(s, what->sample, shown, &e) : try_live(s, shown, &e);

	(void)trial_end(shown);
	if (r)
		fprintf(stderr, "%s: %s\n", s->env->name, e.text);
	return r || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
