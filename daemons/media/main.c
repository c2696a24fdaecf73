/* muara-media: attachments that citizens sent, fetched before their links die.
 *
 * What is read, in which order what takes effect: intake.h. What may be asked and what is kept:
 * reach.h, judge.h, core/filetype.h. Several processes may run; the group gives each lane to one of
 * them, and should two ever fetch the same, the blob is one file and the second record changes
 * nothing. Nothing here deletes: `muaractl blobs prune` removes blobs, `media` records stay. Known
 * gaps: links that need another login than a Bearer token by id are reported as missing; the disk
 * is written to from the loop. */
#include "base/daemon.h"
#include "base/util.h"
#include "core/muara_conf.h"
#include "conf.h"
#include "intake.h"

struct media {
	const char **kafka_extra;
	struct blob_store *blobs;
	struct fetcher *fetcher;
	struct intake *intake;
};

static void stop(void *state)
{
	struct media *m = state;

	if (!m)
		return;
	intake_close(m->intake);
	fetcher_close(m->fetcher);
	blob_close(m->blobs);
	free(m->kafka_extra);
	free(m);
}

static int open_parts(struct media *m, struct daemon_env *env, struct err *e)
{
	const struct muara_conf *shared = env->shared;
	struct fetch_conf f = {.loop = env->loop, .conf = env->conf};
	struct intake_conf in = {.loop = env->loop,
		.kafka = {.brokers = shared->brokers,
			.client_id = "media",
			.extra = m->kafka_extra},
		.conf = env->conf,
		.shared = shared,
		.instance = env->instance};
	int r = blob_open(shared->blob_dir, &m->blobs, e);

	f.blobs = m->blobs;
	if (r == 0)
		r = fetcher_open(&f, &m->fetcher, e);
	in.fetcher = m->fetcher;
	return r ? r : intake_open(&in, &m->intake, e);
}

static int start(struct daemon_env *env, void **ret_state, struct err *e)
{
	struct media *m = xcalloc(1, sizeof(*m));
	int r;

	m->kafka_extra = muara_kafka_extra(env->shared);
	r = open_parts(m, env, e);
	if (r < 0) {
		stop(m);
		return r;
	}
	*ret_state = m;
	return 0;
}

static void drain(void *state)
{
	intake_drain(((struct media *)state)->intake);
}

static bool drained(void *state)
{
	return intake_drained(((struct media *)state)->intake);
}

static bool health(void *state, char *text, size_t size)
{
	return intake_health(((struct media *)state)->intake, text, size);
}

static const struct daemon_ops ops = {.name = "muara-media",
	.summary = "Fetches what citizens attached before its links die, checks and keeps it.",
	.options = media_options,
	.conf_size = sizeof(struct media_conf),
	.check = media_check,
	.check_both = media_check_both,
	.shared_options = muara_conf_options,
	.shared_size = sizeof(struct muara_conf),
	.shared_check = muara_conf_check,
	.start = start,
	.drain = drain,
	.drained = drained,
	.stop = stop,
	.health = health};

int main(int argc, char **argv)
{
	return daemon_main(argc, argv, &ops);
}
