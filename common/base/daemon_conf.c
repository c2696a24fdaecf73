/* daemon_conf: the two configuration files of a daemon: read, checked against each other, printed,
 * compared at a reload, and asked for the few keys the skeleton itself needs.
 *
 * base knows no daemon's struct: those keys are found in the tables by name. */
#include <errno.h>
#include <string.h>

#include "base/daemon_private.h"
#include "base/options.h"
#include "base/util.h"

/* options_load hands no context to a check: this one carries what both files together need. */
static struct {
	const struct daemon_ops *ops;
	const void *shared; /* NULL while the shared file has faults */
} checking;

static void check_own(void *conf, struct options_faults *f)
{
	if (checking.ops->check)
		checking.ops->check(conf, f);
	if (checking.ops->check_both && checking.shared)
		checking.ops->check_both(conf, checking.shared, f);
}

int daemon_conf_load(const struct daemon_ops *ops, const struct daemon_args *a,
	struct daemon_conf *ret, struct buf *faults)
{
	_cleanup_buf_ struct buf shared_faults = BUF_INIT(faults->max);
	int own, shared = 0;

	*ret = (struct daemon_conf){
		.own = xcalloc(1, ops->conf_size), .shared = xcalloc(1, ops->shared_size)};
	if (ops->shared_options)
		shared = options_load(a->shared_path, ops->shared_options, ret->shared,
			ops->shared_check, &shared_faults, NULL);
	checking.ops = ops;
	checking.shared = shared ? NULL : ret->shared;
	own = options_load(a->conf_path, ops->options, ret->own, check_own, faults, NULL);
	(void)buf_adds(faults, buf_str(&shared_faults));
	if (!own && !shared)
		return 0;
	daemon_conf_free(ops, ret);
	return -EINVAL;
}

void daemon_conf_free(const struct daemon_ops *ops, struct daemon_conf *c)
{
	if (c->own)
		options_free(ops->options, c->own);
	if (c->shared && ops->shared_options)
		options_free(ops->shared_options, c->shared);
	free(c->own);
	free(c->shared);
	*c = (struct daemon_conf){0};
}

void daemon_conf_print(
	const struct daemon_ops *ops, const struct daemon_args *a, const struct daemon_conf *c)
{
	printf("# %s\n", a->conf_path);
	options_print(ops->options, c->own, stdout);
	if (!ops->shared_options)
		return;
	printf("---\n# %s\n", a->shared_path);
	options_print(ops->shared_options, c->shared, stdout);
}

bool daemon_conf_same(
	const struct daemon_ops *ops, const struct daemon_conf *a, const struct daemon_conf *b)
{
	return options_same(ops->options, a->own, b->own) &&
	       (!ops->shared_options || options_same(ops->shared_options, a->shared, b->shared));
}

/* --- keys the skeleton asks for ------------------------------------------------------------ */

static const struct option_row *row_of(const struct option_row *rows, const char *key)
{
	for (; rows && rows->key; rows++)
		if (strcmp(rows->key, key) == 0)
			return rows;
	return NULL;
}

static const char *text_of(const struct option_row *rows, const char *conf, const char *key)
{
	const struct option_row *row = row_of(rows, key);

	if (!row)
		return NULL;
	if (row->type == OPT_ENUM)
		return row->choices[*(const int *)(const void *)(conf + row->offset)];
	if (row->type == OPT_STRING || row->type == OPT_PATH)
		return *(char *const *)(const void *)(conf + row->offset);
	return NULL;
}

const char *daemon_conf_text(
	const struct daemon_ops *ops, const struct daemon_conf *c, const char *key)
{
	const char *own = text_of(ops->options, c->own, key);

	return own ? own : text_of(ops->shared_options, c->shared, key);
}

static bool duration_of(
	const struct option_row *rows, const char *conf, const char *key, int64_t *ret_ms)
{
	const struct option_row *row = row_of(rows, key);

	if (!row || row->type != OPT_DURATION)
		return false;
	*ret_ms = *(const int64_t *)(const void *)(conf + row->offset);
	return true;
}

int64_t daemon_conf_duration(
	const struct daemon_ops *ops, const struct daemon_conf *c, const char *key, int64_t def)
{
	int64_t ms = def;

	if (!duration_of(ops->options, c->own, key, &ms))
		(void)duration_of(ops->shared_options, c->shared, key, &ms);
	return ms;
}
