/* hook_private: what the kinds of hooks share. Included by hook*.c only. */
#pragma once

#include "hook.h"

struct mail_job;

struct hook_run {
	const struct conf_hook *conf;
	struct loop *loop;
	hook_done_fn *done;
	void *ctx;
	struct loop_timer *timer;
	/* command */
	int pid, pidfd;
	struct loop_fd *watch;
	bool late;
	/* e-mail */
	struct mail_job *mail;
	/* webhook, WhatsApp */
	struct httpc_call *call;
	char *body;
};

/* Frees the run, then tells. */
void hook_end(struct hook_run *run, bool ok, const char *text);

int command_start(
	struct hook_run *run, const struct hook_host *host, const struct ring *r, struct err *e);
void command_cancel(struct hook_run *run);
int command_look(const struct conf_hook *c, struct err *e);
int web_start(
	struct hook_run *run, const struct hook_host *host, const struct ring *r, struct err *e);
void web_cancel(struct hook_run *run);

int whatsapp_start(
	struct hook_run *run, const struct hook_host *host, const struct ring *r, struct err *e);
int mail_start(
	struct hook_run *run, const struct hook_host *host, const struct ring *r, struct err *e);
void mail_cancel(struct hook_run *run);

/* The member `key` of each event, parted by blanks; caller frees. */
char *ring_list(const struct ring *r, const char *key);
