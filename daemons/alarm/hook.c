/* hook: see hook.h. The kinds are hook_command.c, hook_web.c and hook_mail.c. */
#include "hook_private.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/util.h"

#define LIST_MAX (64 * 1024)

static void free_run(struct hook_run *run)
{
	loop_timer_del(run->timer);
	loop_fd_del(run->watch);
	if (run->pidfd >= 0)
		close(run->pidfd);
	free(run->body);
	free(run);
}

void hook_end(struct hook_run *run, bool ok, const char *text)
{
	hook_done_fn *done = run->done;
	void *ctx = run->ctx;

	free_run(run);
	done(ctx, ok, text);
}

static const struct {
	int (*start)(struct hook_run *run, const struct hook_host *host, const struct ring *r,
		struct err *e);
	void (*cancel)(struct hook_run *run);
	int (*look)(const struct conf_hook *c, struct err *e); /* NULL: nothing shows before */
} kinds[] = {[HOOK_COMMAND] = {command_start, command_cancel, command_look},
	[HOOK_WEBHOOK] = {web_start, web_cancel, NULL},
	[HOOK_EMAIL] = {mail_start, mail_cancel, NULL},
	[HOOK_WHATSAPP] = {whatsapp_start, web_cancel, NULL}};

int hook_look(const struct conf_hook *c, struct err *e)
{
	return kinds[c->type].look ? kinds[c->type].look(c, e) : 0;
}

int hook_ring(const struct hook_host *host, const struct conf_hook *c, const struct ring *r,
	hook_done_fn *done, void *ctx, struct hook_run **ret, struct err *e)
{
	struct hook_run *run = xcalloc(1, sizeof(*run));
	int rc;

	*run = (struct hook_run){
		.conf = c, .loop = host->loop, .done = done, .ctx = ctx, .pid = -1, .pidfd = -1};
	rc = kinds[c->type].start(run, host, r, e);
	if (rc) {
		free_run(run);
		return rc;
	}
	*ret = run;
	return 0;
}

void hook_cancel(struct hook_run *run)
{
	if (!run)
		return;
	kinds[run->conf->type].cancel(run);
	free_run(run);
}

/* --- what a ring says --- */

char *ring_list(const struct ring *r, const char *key)
{
	struct buf b = BUF_INIT(LIST_MAX);

	for (size_t i = 0; i < r->n; i++)
		buf_addf(&b, "%s%s", i ? " " : "", json_str_or(r->events[i], key, ""));
	return b.len ? buf_take(&b) : xstrdup("");
}

json_t *ring_json(const struct conf_hook *c, const struct ring *r)
{
	static const char *const told[] = {
		"id", "ticket", "tenant", "channel", "at", "sent_at", "rule"};
	json_t *o = json_object(), *list = json_array();

	json_set_str(o, "schema", "muara.ring/1");
	json_set_str(o, "hook", c->name);
	json_set_int(o, "ring", r->number);
	json_set_int(o, "unacknowledged", (int64_t)r->unacknowledged);
	for (size_t i = 0; i < r->n; i++) {
		json_t *event = json_object();

		for (size_t k = 0; k < ARRAY_SIZE(told); k++)
			json_set_str(event, told[k], json_str(r->events[i], told[k]));
		json_array_append_new(list, event);
	}
	json_set_new(o, "emergencies", list);
	return o;
}
