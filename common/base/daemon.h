/* daemon: the skeleton every muara-* program runs in: arguments, configuration, log, signals,
 * readiness, watchdog, metrics, drain.
 *
 *   int main(int c, char **v) { return daemon_main(c, v, &whatsapp_daemon); }
 *
 * Arguments: --config FILE (default <SYSCONF>/whatsapp.yaml, whatsapp-<instance>.yaml with
 * --instance), --muara FILE (<SYSCONF>/muara.yaml), --instance NAME (default "main"),
 * --check-config, --print-config, --try SAMPLE | --try-live [--show-text] [--json], --help (from
 * the option tables), --version. Order: arguments, both files (all faults at once, exit 78; wrong
 * arguments 64), log, loop, signals (TERM, INT, HUP by signalfd), metrics listener, ops->start,
 * READY=1, loop, drain, ops->stop.
 *
 * TERM: ops->drain is asked once, then `drained` until true or stop_timeout is over; a second TERM
 * skips the rest; exit 0 in each case, for what was not finished is done again. HUP: validates the
 * files again and logs whether a restart is needed. The watchdog is patted only when
 * daemon_progress() was called since the last pat or the daemon is idle by its own word
 * (daemon_idle), so a loop that turns without getting on is found. A daemon that waits for
 * something outside (Kafka, Redis) is idle.
 *
 * Keys the skeleton itself reads, from the daemon's own table if it has a row of that name, else
 * from the shared one: "metrics" (where /metrics and /healthz listen: a Unix socket or loopback
 * address, %n name, %i instance), "log_level", "stop_timeout" (below TimeoutStopSec of the
 * unit). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/options.h"

struct daemon_env { /* what a daemon is given; lives as long as the process */
	struct loop *loop;
	const char *name, *instance;
	const void *conf;   /* its own struct, filled */
	const void *shared; /* struct muara_conf (core/muara_conf.h), filled */
	const char *conf_path, *shared_path;
};
struct daemon_try { /* --try: what would come of a sample, shown on stdout; nothing else happens */
	const char *sample; /* file; NULL: of the live place (--try-live) */
	bool show_text, json;
};
struct daemon_ops {
	const char *name, *summary; /* "muara-whatsapp", one sentence */
	const struct option_row *options;
	size_t conf_size;
	void (*check)(void *conf, struct options_faults *f); /* may be NULL */
	const struct option_row *shared_options;	     /* muara_conf_options (core) */
	size_t shared_size;
	void (*shared_check)(void *conf, struct options_faults *f);
	/* Faults of the own file that only show beside the shared one (a tenant that does not
	 * exist); after `check`, not called when the shared file has faults. May be NULL. */
	void (*check_both)(const void *conf, const void *shared, struct options_faults *f);
	int (*start)(struct daemon_env *env, void **ret_state, struct err *e);
	void (*drain)(void *state);   /* stop intake; may be NULL */
	bool (*drained)(void *state); /* nothing in flight any more; NULL = at once */
	void (*stop)(void *state);    /* NULL-safe; frees */
	/* Extra text for /healthz and STATUS= (asked once a second): short, no data. Returns
	 * healthy. May be NULL. */
	bool (*health)(void *state, char *text, size_t size);
	/* With --try, in place of start: no state, no effects, secrets unread but with --try-live,
	 * env->loop there. An exit status. NULL: it takes nothing in from outside. */
	int (*try)(const struct daemon_env *env, const struct daemon_try *what);
};
int daemon_main(int argc, char **argv, const struct daemon_ops *ops);

void daemon_status(const char *fmt, ...)
	__attribute__((format(printf, 1, 2))); /* STATUS=, only when it changed */
void daemon_progress(void);
/* The same from a part that blocks the loop, such as reading a log at the start: pats at once when
 * it is time. Call it for each bit of work that was done, never for mere waiting. */
void daemon_progress_now(void);
void daemon_idle(bool idle);
/* Ends with EXIT_FAILURE after ops->stop: systemd restarts. For states only a fresh start can
 * leave. */
void daemon_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
