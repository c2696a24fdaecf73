/* muara-call112: the records of a 112 call centre into raw.call112, from a drop folder (drop.c) or
 * a JSON endpoint (poll.c). What a record becomes is in decode.c, what is new of it in calls.c. */
#include "base/util.h"

#include "drop.h"
#include "options.h"

struct call112 {
	const struct source_ops *way;
	void *state;
};

static int call112_open(struct source *s, void **ret_state, struct err *e)
{
	const struct call112_conf *conf = source_conf(s);
	struct call112 *c = xcalloc(1, sizeof(*c));
	int r;

	c->way = conf->poll.url ? &call112_poll : &call112_drop;
	r = c->way->open(s, &c->state, e);
	if (r) {
		free(c);
		return r;
	}
	*ret_state = c;
	return 0;
}

static void call112_cursor(void *state, const char *name, const json_t *value)
{
	struct call112 *c = state;

	c->way->cursor(c->state, name, value);
}

static void call112_raw(void *state, const json_t *record)
{
	struct call112 *c = state;

	c->way->raw(c->state, record);
}

static int64_t call112_step(void *state)
{
	struct call112 *c = state;

	return c->way->step(c->state);
}

static void call112_drain(void *state)
{
	struct call112 *c = state;

	c->way->drain(c->state);
}

static bool call112_drained(void *state)
{
	struct call112 *c = state;

	return c->way->drained(c->state);
}

static bool call112_health(void *state, char *text, size_t size)
{
	struct call112 *c = state;

	return !c->way->health || c->way->health(c->state, text, size);
}

static void call112_close(void *state)
{
	struct call112 *c = state;

	if (!c)
		return;
	c->way->close(c->state);
	free(c);
}

static int call112_sample(const void *conf, const struct source_sample *s, source_sample_fn *emit,
	void *ctx, struct err *e)
{
	const struct call112_conf *c = conf;

	return (c->poll.url ? &call112_poll : &call112_drop)->sample(conf, s, emit, ctx, e);
}

static const struct source_ops call112_source = {
	.name = "call112",
	.channel = "call112",
	.summary = "Takes in the records of a 112 call centre, from a drop folder of CSV or JSON "
		   "files (an SFTP or web server's, too) or from a JSON endpoint.",
	.options = call112_options,
	.conf_size = sizeof(struct call112_conf),
	.check = call112_check,
	.open = call112_open,
	.cursor = call112_cursor,
	.raw = call112_raw,
	.step = call112_step,
	.drain = call112_drain,
	.drained = call112_drained,
	.health = call112_health,
	.close = call112_close,
	.sample = call112_sample,
	.looks = true,
};

int main(int argc, char **argv)
{
	return source_main(argc, argv, &call112_source);
}
