/* hook: one ring through one hook: a program, a webhook, an e-mail, a WhatsApp template.
 *
 * A ring names events by id and ticket and says how many wait; nothing a citizen said leaves by it.
 * It is told to have worked only when the other side said so (exit status 0, HTTP 2xx, the mail
 * taken); a ring that takes longer than its limit is ended and has failed. One run at a time a hook
 * is the caller's business. `done` is called once, never from inside hook_ring. Errors never hold
 * an address.
 *
 * A program gets its arguments as configured and in its environment MUARA_HOOK,
 * MUARA_EMERGENCY_IDS, MUARA_EMERGENCY_TICKETS (as many, parted by blanks), MUARA_EMERGENCY_COUNT
 * (of these), MUARA_EMERGENCY_RING (the how manieth ring of the first), MUARA_UNACKNOWLEDGED (of
 * all), PATH and nothing else. It runs in a process group of its own, which is killed at the limit.
 * Thread: loop. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/httpc.h"
#include "base/loop.h"

#include "conf.h"

struct ring {			     /* borrowed for the call */
	const json_t *const *events; /* `raised` records */
	size_t n;
	int64_t number;	       /* the how manieth ring of the first */
	size_t unacknowledged; /* in all */
};
struct hook_host { /* what every hook is given */
	struct loop *loop;
	struct httpc *http;
};
struct hook_run;
typedef void hook_done_fn(void *ctx, bool ok, const char *text);

int hook_ring(const struct hook_host *host, const struct conf_hook *c, const struct ring *r,
	hook_done_fn *done, void *ctx, struct hook_run **ret, struct err *e);
/* Before anybody must be rung: what shows already that a ring cannot work (the program is not
 * there, may not be run). 0, or -errno with the remedy. */
int hook_look(const struct conf_hook *c, struct err *e);
void hook_cancel(struct hook_run *run); /* NULL-safe; `done` is not called */

/* What is sent; caller owns. The body of a webhook, that of the Cloud API, a whole mail. */
json_t *ring_json(const struct conf_hook *c, const struct ring *r);
json_t *template_json(const struct conf_hook *c, const struct ring *r);
char *mail_text(const struct conf_hook *c, const struct ring *r, size_t *ret_len);
