/* muara-social: what citizens write on social media to one account of the government, into
 * raw.social. One process, one account: on X by its API (x_reader.h), on Facebook and Instagram by
 * their webhooks and the Graph API (meta.c).
 *
 * This file only hands each hook of the source to the platform that `platform:` names. */
#include "base/util.h"
#include "daemons/social/options.h"
#include "daemons/social/platform.h"

struct social {
	const struct platform *platform;
	void *state;
};

static void social_close(void *state)
{
	struct social *s = state;

	if (!s)
		return;
	s->platform->close(s->state);
	free(s);
}

static int social_open(struct source *source, void **ret_state, struct err *e)
{
	const struct social_conf *c = source_conf(source);
	struct social *s = xcalloc(1, sizeof(*s));
	int r;

	s->platform = social_platforms[c->platform];
	r = s->platform->open(source, &s->state, e);
	if (r) {
		social_close(s);
		return r;
	}
	*ret_state = s;
	return 0;
}

static void social_cursor(void *state, const char *name, const json_t *value)
{
	struct social *s = state;

	if (s->platform->cursor)
		s->platform->cursor(s->state, name, value);
}

static bool social_reads_raw(const void *conf)
{
	const struct social_conf *c = conf;

	return social_platforms[c->platform]->raw != NULL;
}

static void social_raw(void *state, const json_t *record)
{
	struct social *s = state;

	s->platform->raw(s->state, record);
}

static void social_ready(void *state)
{
	struct social *s = state;

	if (s->platform->ready)
		s->platform->ready(s->state);
}

static int64_t social_step(void *state)
{
	struct social *s = state;

	return s->platform->step ? s->platform->step(s->state) : -1;
}

static void social_drain(void *state)
{
	struct social *s = state;

	if (s->platform->drain)
		s->platform->drain(s->state);
}

static bool social_drained(void *state)
{
	struct social *s = state;

	return !s->platform->drained || s->platform->drained(s->state);
}

static bool social_health(void *state, char *text, size_t size)
{
	struct social *s = state;

	*text = '\0';
	return !s->platform->health || s->platform->health(s->state, text, size);
}

static int social_sample(const void *conf, const struct source_sample *s, source_sample_fn *emit,
	void *ctx, struct err *e)
{
	const struct social_conf *c = conf;

	return social_platforms[c->platform]->sample(conf, s, emit, ctx, e);
}

int main(int argc, char **argv)
{
	static const struct source_ops ops = {
		.name = "social",
		.channel = "social",
		.summary = "takes in what citizens write to an account on social media",
		.options = social_options,
		.conf_size = sizeof(struct social_conf),
		.check = social_check,
		.open = social_open,
		.cursor = social_cursor,
		.reads_raw = social_reads_raw,
		.raw = social_raw,
		.ready = social_ready,
		.step = social_step,
		.drain = social_drain,
		.drained = social_drained,
		.health = social_health,
		.close = social_close,
		.sample = social_sample,
	};

	return source_main(argc, argv, &ops);
}
