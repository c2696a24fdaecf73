/* daemon_private: what the parts of the daemon skeleton share; see daemon.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/daemon.h"
#include "base/httpd.h"

#define DAEMON_TEXT_SIZE 256

/* --- daemon_args.c --- */
enum daemon_mode {
	DAEMON_RUN,
	DAEMON_CHECK,
	DAEMON_PRINT,
	DAEMON_HELP,
	DAEMON_VERSION,
	DAEMON_TRY
};
struct daemon_args {
	enum daemon_mode mode;
	char *conf_path, *shared_path, *instance;
	struct daemon_try try;
};
/* 0, or EX_USAGE after saying on stderr what is wrong. daemon_args_free in both cases. */
int daemon_args_parse(int argc, char **argv, const struct daemon_ops *ops, struct daemon_args *ret);
void daemon_args_free(struct daemon_args *a);
void daemon_print_help(const struct daemon_ops *ops, const struct daemon_args *a);
void daemon_print_version(const struct daemon_ops *ops);

/* --- daemon_conf.c --- */
struct daemon_conf {
	void *own, *shared;
};
/* Both files; every fault of both is a line in `faults`. 0 or -EINVAL; *ret is to be freed only
 * after 0. */
int daemon_conf_load(const struct daemon_ops *ops, const struct daemon_args *a,
	struct daemon_conf *ret, struct buf *faults);
void daemon_conf_free(const struct daemon_ops *ops, struct daemon_conf *c);
void daemon_conf_print(
	const struct daemon_ops *ops, const struct daemon_args *a, const struct daemon_conf *c);
bool daemon_conf_same(
	const struct daemon_ops *ops, const struct daemon_conf *a, const struct daemon_conf *b);
/* By key, the daemon's own table first, then the shared one; NULL or `def` when neither has a row
 * of that key and kind, or it is not set. */
const char *daemon_conf_text(
	const struct daemon_ops *ops, const struct daemon_conf *c, const char *key);
int64_t daemon_conf_duration(
	const struct daemon_ops *ops, const struct daemon_conf *c, const char *key, int64_t def);

/* --- daemon_notify.c: what the service manager hears --- */
int daemon_notify_open(struct loop *l); /* watchdog as the environment asks for */
void daemon_notify_close(void);
#define DAEMON_STARTING "starting" /* becomes "running" when the daemon says nothing else */
void daemon_notify_ready(void);
void daemon_notify_stopping(void); /* from now on the watchdog is patted without progress */
/* Text behind the status: a daemon's own health. */
void daemon_notify_health(const char *text);
const char *daemon_notify_status(void); /* as last told */

/* --- daemon_http.c: /metrics and /healthz --- */
typedef bool daemon_health_fn(char *text, size_t size); /* healthy? */
/* `where` may be NULL or empty (no listener): "%n" name, "%i" instance. */
int daemon_http_open(struct loop *l, const char *where, const char *name, const char *instance,
	daemon_health_fn *health, struct httpd **ret, struct err *e);
