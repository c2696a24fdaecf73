/* daemon: see daemon.h. Here: the order of a life. Arguments, files, notifications and the metrics
 * page have files of their own (daemon_*.c).
 *
 * Guarantees: nothing is opened before both files are without fault; a signal is only a note that
 * the loop reads, so no callback is ever interrupted; ops->stop runs on every way out after
 * ops->start. The shipped build cannot be traced or dumped (its memory holds citizens' words).
 * Known gap: a callback that blocks delays signals too; the service manager's limits end it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/daemon_private.h"
#include "base/log.h"
#include "base/options.h"
#include "base/util.h"

#define FAULTS_MAX_BYTES (128 * 1024)
#define TICK_MS		 1000
#define DRAIN_LOOK_MS	 20
#define STOP_MS_DEFAULT	 20000 /* and some seconds to close: below the units' TimeoutStopSec=30 */

/* One process is one daemon. */
static struct {
	const struct daemon_ops *ops;
	struct daemon_args args;
	struct daemon_conf conf;
	struct daemon_env env;
	void *state;
	int signal_fd;
	int64_t stop_ms, stop_at_ms;
	bool ready, draining, failed;
	struct httpd *http;
	struct loop_timer *tick, *drain;
} self = {.signal_fd = -1};

/* --- health -------------------------------------------------------------------------------- */

static bool health(char *text, size_t size)
{
	bool ok = true;

	*text = '\0';
	if (self.state && self.ops->health)
		ok = self.ops->health(self.state, text, size);
	return ok && self.ready && !self.draining && !self.failed;
}

static void on_tick(void *ctx)
{
	char text[DAEMON_TEXT_SIZE];

	(void)ctx;
	(void)health(text, sizeof text);
	daemon_notify_health(text);
	log_tick();
	loop_timer_arm(self.tick, TICK_MS);
}

/* --- the end ------------------------------------------------------------------------------- */

void daemon_fail(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_error("ending, to be started anew: %s", text);
	self.failed = true;
	if (self.env.loop)
		loop_stop(self.env.loop);
}

/* Looked at by a timer, not once a turn: whoever is asked may count what is in flight. */
static void on_drain(void *ctx)
{
	(void)ctx;
	if (!self.ops->drained || self.ops->drained(self.state)) {
		loop_stop(self.env.loop);
	} else if (clock_mono_ms() >= self.stop_at_ms) {
		log_warn("stopping with work in flight: not finished within stop_timeout; it is "
			 "done again at the next start");
		loop_stop(self.env.loop);
	} else {
		loop_timer_arm(self.drain, DRAIN_LOOK_MS);
	}
}

static void begin_drain(void)
{
	if (self.draining) {
		log_notice("asked a second time: stopping at once");
		loop_stop(self.env.loop);
		return;
	}
	self.draining = true;
	self.stop_at_ms = clock_mono_ms() + self.stop_ms;
	log_notice("stopping");
	daemon_notify_stopping();
	daemon_status("stopping");
	if (self.ops->drain)
		self.ops->drain(self.state);
	loop_timer_arm(self.drain, 0);
}

/* --- signals ------------------------------------------------------------------------------- */

static void log_faults(const struct buf *faults)
{
	for (const char *s = buf_str(faults), *end; (end = strchr(s, '\n')); s = end + 1)
		log_error("%.*s", (int)(end - s), s);
}

/* A daemon never changes its configuration while it runs: what was decided under the old one must
 * not be mixed with the new one. HUP only tells what a restart would find. */
static void validate_again(void)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(FAULTS_MAX_BYTES);
	struct daemon_conf fresh;

	if (daemon_conf_load(self.ops, &self.args, &fresh, &faults)) {
		log_faults(&faults);
		log_error("the configuration on disk has faults; still running with the one from "
			  "the start, a restart would fail");
		return;
	}
	if (daemon_conf_same(self.ops, &self.conf, &fresh))
		log_notice("configuration unchanged");
	else
		log_notice("configuration has changed and is valid: restart to use it");
	daemon_conf_free(self.ops, &fresh);
}

static void on_signal(void *ctx, short revents)
{
	struct signalfd_siginfo s;

	(void)ctx;
	(void)revents;
	while (read(self.signal_fd, &s, sizeof s) == (ssize_t)sizeof s) {
		if (s.ssi_signo == SIGHUP)
			validate_again();
		else
			begin_drain();
	}
}

static sigset_t handled(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	return set;
}

static int open_signals(struct err *e)
{
	sigset_t set = handled();

	self.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (self.signal_fd < 0)
		return err_sys(e, -errno, "signalfd");
	loop_fd_add(self.env.loop, self.signal_fd, POLLIN, on_signal, NULL);
	return 0;
}

/* --- a life -------------------------------------------------------------------------------- */

/* Before any thread exists: threads of libraries inherit the mask. 0027, not 0077: the blob store
 * and sockets belong to the group too. */
static void be_tidy(void)
{
	sigset_t set = handled();

	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	umask(0027);
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
#ifndef MUARA_TEST
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

static void set_log(void)
{
	const char *text = daemon_conf_text(self.ops, &self.conf, "log_level");
	enum log_level level;

	log_open(self.ops->name, self.args.instance);
	if (text && log_level_parse(text, &level) == 0)
		log_set_level(level);
}

static struct daemon_env make_env(void)
{
	return (struct daemon_env){.loop = loop_new(),
		.name = self.ops->name,
		.instance = self.args.instance,
		.conf = self.conf.own,
		.shared = self.conf.shared,
		.conf_path = self.args.conf_path,
		.shared_path = self.args.shared_path};
}

static int begin(struct err *e)
{
	int r;

	set_log();
	self.stop_ms = daemon_conf_duration(self.ops, &self.conf, "stop_timeout", STOP_MS_DEFAULT);
	self.env = make_env();
	self.tick = loop_timer_new(self.env.loop, on_tick, NULL);
	self.drain = loop_timer_new(self.env.loop, on_drain, NULL);
	daemon_status(DAEMON_STARTING);
	r = open_signals(e);
	if (!r)
		r = daemon_http_open(self.env.loop,
			daemon_conf_text(self.ops, &self.conf, "metrics"), self.ops->name,
			self.args.instance, health, &self.http, e);
	if (!r)
		r = self.ops->start(&self.env, &self.state, e);
	return r;
}

static void end(void)
{
	if (self.state)
		self.ops->stop(self.state);
	httpd_close(self.http);
	loop_timer_del(self.tick);
	loop_timer_del(self.drain);
	daemon_notify_close();
	loop_free(self.env.loop);
	if (self.signal_fd >= 0)
		close(self.signal_fd);
	log_flush();
	self.env.loop = NULL;
}

static int live(void)
{
	struct err e = {0};
	int r = begin(&e);

	if (r) {
		log_error("cannot start: %s", e.text);
	} else if (!self.failed) {
		self.ready = true;
		r = daemon_notify_open(self.env.loop);
		if (r < 0)
			log_warn("the watchdog's settings in the environment are unusable");
		on_tick(NULL);
		daemon_notify_ready();
		log_notice("ready");
		loop_run(self.env.loop);
		r = 0;
	}
	end();
	if (!r && !self.failed)
		log_notice("stopped");
	return r || self.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int try(void)
{
	struct daemon_env env = make_env();
	int r = self.ops->try(&env, &self.args.try);

	loop_free(env.loop);
	log_flush();
	return r;
}

/* With a configuration that has no fault. */
static int with_config(void)
{
	int r = EXIT_SUCCESS;

	if (self.args.mode == DAEMON_CHECK) {
		printf("%s: ok\n", self.args.conf_path);
		if (self.ops->shared_options)
			printf("%s: ok\n", self.args.shared_path);
	} else if (self.args.mode == DAEMON_PRINT) {
		daemon_conf_print(self.ops, &self.args, &self.conf);
	} else if (self.args.mode == DAEMON_TRY) {
		r = try();
	} else {
		r = live();
	}
	daemon_conf_free(self.ops, &self.conf);
	return r;
}

static int with_args(void)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(FAULTS_MAX_BYTES);

	if (self.args.mode == DAEMON_HELP) {
		daemon_print_help(self.ops, &self.args);
		return EXIT_SUCCESS;
	}
	if (self.args.mode == DAEMON_VERSION) {
		daemon_print_version(self.ops);
		return EXIT_SUCCESS;
	}
	if (self.args.mode == DAEMON_TRY && !self.ops->try) {
		fprintf(stderr, "%s: takes nothing in from outside, or shows no samples\n",
			self.ops->name);
		return EX_USAGE;
	}
	if (self.args.mode == DAEMON_TRY && self.args.try.sample)
		options_without_secrets();
	if (daemon_conf_load(self.ops, &self.args, &self.conf, &faults)) {
		fputs(buf_str(&faults), stderr);
		fprintf(stderr, "%s: the configuration has faults; nothing was started\n",
			self.ops->name);
		return EX_CONFIG;
	}
	return with_config();
}

int daemon_main(int argc, char **argv, const struct daemon_ops *ops)
{
	int r;

	be_tidy();
	self.ops = ops;
	r = daemon_args_parse(argc, argv, ops, &self.args);
	if (!r)
		r = with_args();
	daemon_args_free(&self.args);
	return r;
}
