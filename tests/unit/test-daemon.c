/* The daemon skeleton from outside: this program starts itself as a daemon and plays the service
 * manager: notify socket, signals, watchdog, metrics socket, exit statuses. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/daemon.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/util.h"

#include "scratch.h"

#define WAIT_MS 20000 /* for what must happen; a machine under load is slow, not wrong */

/* --- the daemon ------------------------------------------------------------------------------ */

/* "breaks" is 0: a daemon that starts in spite of faults, on a zeroed struct, ends soon. */
enum mode { BREAKS, IDLE, BUSY, STUCK, NO_START, NEVER_DRAINED, UNHEALTHY, READS };
static const char *const modes[] = {
	"breaks", "idle", "busy", "stuck", "no-start", "never-drained", "unhealthy", "reads", NULL};

struct conf {
	int mode;
	char *pair;
};
struct shared {
	char *metrics, *name;
	int64_t stop_ms;
};
/* clang-format off */
static const struct option_row conf_rows[] = {
	OPT(struct conf, OPT_ENUM, mode, "mode", "idle", .choices = modes, .help = "What it does."),
	OPT(struct conf, OPT_STRING, pair, "pair", NULL, .help = "Must be the shared name."),
	OPT_END
};
static const struct option_row shared_rows[] = {
	OPT(struct shared, OPT_STRING, metrics, "metrics", NULL, .help = "Where."),
	OPT(struct shared, OPT_STRING, name, "name", NULL, .flags = OPT_REQUIRED, .help = "Name."),
	OPT(struct shared, OPT_DURATION, stop_ms, "stop_timeout", "20s", .help = "How long."),
	OPT_END
};
/* clang-format on */

static struct {
	const struct conf *conf;
	struct loop_timer *timer;
	const char *conf_path;
} child;

static void check_both(const void *conf, const void *shared, struct options_faults *f)
{
	const struct conf *c = conf;
	const struct shared *s = shared;

	if (c->pair && strcmp(c->pair, s->name) != 0)
		options_fault(f, "pair", "is not the shared name");
}

/* The loop stands still until a file comes; something is read meanwhile. */
static void read_on(void)
{
	_cleanup_free_ char *go = xasprintf("%s.go", child.conf_path);

	while (access(go, F_OK)) {
		daemon_progress_now();
		poll(NULL, 0, 5);
	}
}

static void on_timer(void *ctx)
{
	(void)ctx;
	if (child.conf->mode == READS)
		read_on();
	if (child.conf->mode == BUSY)
		daemon_progress();
	if (child.conf->mode == BREAKS)
		daemon_fail("it breaks as told");
	loop_timer_arm(child.timer, 10);
}

static int start(struct daemon_env *env, void **ret_state, struct err *e)
{
	child.conf = env->conf;
	child.conf_path = env->conf_path;
	if (child.conf->mode == NO_START)
		return err_set(e, -EIO, "no start as told");
	child.timer = loop_timer_new(env->loop, on_timer, NULL);
	loop_timer_arm(child.timer, 0);
	daemon_idle(child.conf->mode != BUSY && child.conf->mode != STUCK);
	daemon_status("works as %s/%s", env->name, env->instance);
	daemon_status("works as %s/%s", env->name, env->instance); /* the same: not sent again */
	*ret_state = &child;
	return 0;
}

static bool drained(void *state)
{
	(void)state;
	return child.conf->mode != NEVER_DRAINED;
}

static void stop(void *state)
{
	(void)state;
	loop_timer_del(child.timer);
	log_notice("put away");
}

static bool health(void *state, char *text, size_t size)
{
	(void)state;
	snprintf(text, size, child.conf->mode == UNHEALTHY ? "feels bad" : "feels well");
	return child.conf->mode != UNHEALTHY;
}

static const struct daemon_ops ops = {
	.name = "muara-dummy",
	.summary = "a daemon for tests",
	.options = conf_rows,
	.conf_size = sizeof(struct conf),
	.shared_options = shared_rows,
	.shared_size = sizeof(struct shared),
	.check_both = check_both,
	.start = start,
	.drained = drained,
	.stop = stop,
	.health = health,
};

/* --- the service manager ---------------------------------------------------------------------- */

static char dir[] = "/tmp/muara-daemon-XXXXXX";
static struct {
	pid_t pid;
	int notify_fd;
	char notes[1 << 16]; /* all notifications so far, a line each */
} run = {.notify_fd = -1};

static const char *in_dir(const char *name)
{
	static char path[4][128];
	static int i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof path[i], "%s/%s", dir, name);
	return path[i];
}

static void put(const char *name, const char *text)
{
	assert_int_equal(fsio_write_atomic(in_dir(name), text, strlen(text), 0644, NULL), 0);
}

static const char *output(void)
{
	static char *text;
	size_t n;

	free(text);
	text = NULL;
	assert_int_equal(fsio_read_file(in_dir("output"), 1 << 20, &text, &n, NULL), 0);
	return text;
}

static void spawn(const char *conf, const char *shared, const char *const *args)
{
	const char *argv[16] = {"muara-dummy", "--config", NULL, "--muara", NULL};
	char old[1000];
	int n = 5, out;

	put("dummy.yaml", conf);
	put("shared.yaml", shared);
	argv[2] = in_dir("dummy.yaml");
	argv[4] = in_dir("shared.yaml");
	for (; args && *args; args++)
		argv[n++] = *args;
	while (recv(run.notify_fd, old, sizeof old, MSG_DONTWAIT) > 0)
		; /* of the one before */
	*run.notes = '\0';
	out = open(in_dir("output"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	run.pid = fork();
	assert_true(run.pid >= 0);
	if (run.pid == 0) {
		setenv("MUARA_AS_DAEMON", "1", 1);
		dup2(out, 1);
		dup2(out, 2);
		execv("/proc/self/exe", (char *const *)(uintptr_t)argv);
		_exit(99);
	}
	close(out);
}

/* Takes notifications until `text` is among them. */
static void wait_note(const char *text)
{
	int64_t end = clock_mono_ms() + WAIT_MS;

	while (!strstr(run.notes, text)) {
		struct pollfd p = {.fd = run.notify_fd, .events = POLLIN};
		size_t used = strlen(run.notes);
		ssize_t n;

		if (clock_mono_ms() > end || used > sizeof run.notes - 1000)
			fail_msg("no %s among: %s; output: %s", text, run.notes, output());
		if (poll(&p, 1, 100) <= 0)
			continue;
		n = recv(run.notify_fd, run.notes + used, 998, 0);
		assert_true(n > 0);
		memcpy(run.notes + used + n, "\n", 2);
	}
}

static void wait_output(const char *text)
{
	int64_t end = clock_mono_ms() + WAIT_MS;

	while (!strstr(output(), text)) {
		if (clock_mono_ms() > end)
			fail_msg("no %s in: %s", text, output());
		poll(NULL, 0, 20);
	}
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static int exit_status(void)
{
	int64_t end = clock_mono_ms() + WAIT_MS;
	int status;

	while (waitpid(run.pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms() > end) {
			kill(run.pid, SIGKILL);
			fail_msg("it does not end; output: %s", output());
		}
		poll(NULL, 0, 10);
	}
	run.pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* A test that failed half-way leaves its daemon here. */
static int no_child_left(void **state)
{
	(void)state;
	if (run.pid) {
		kill(run.pid, SIGKILL);
		waitpid(run.pid, NULL, 0);
		run.pid = 0;
	}
	unsetenv("WATCHDOG_USEC");
	return 0;
}

static int setup(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(a.sun_path, sizeof a.sun_path, "%s/n", dir);
	run.notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(run.notify_fd, (struct sockaddr *)&a, sizeof a), 0);
	setenv("NOTIFY_SOCKET", a.sun_path, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(run.notify_fd);
	return scratch_remove(dir);
}

/* --- tests ------------------------------------------------------------------------------------ */

static const char *const check[] = {"--check-config", NULL};

static void a_good_configuration(void **state)
{
	(void)state;
	spawn("mode: busy\npair: x\n", "name: x\n", check);
	assert_int_equal(exit_status(), 0);
	assert_int_equal(count(output(), ".yaml: ok\n"), 2);
}

static void faults_of_both_files_at_once(void **state)
{
	(void)state;
	spawn("mdoe: busy\nmode: x\n", "stop_timeout: 1\n", check);
	assert_int_equal(exit_status(), EX_CONFIG);
	assert_non_null(
		strstr(output(), "dummy.yaml:1: mdoe: is no option; the nearest is \"mode\""));
	assert_non_null(strstr(output(), "dummy.yaml:2: mode: must be one of: breaks, "));
	assert_non_null(strstr(output(), "shared.yaml:1: stop_timeout: must be a duration"));
	assert_non_null(strstr(output(), "shared.yaml:1: name: is missing and must be set: Name."));
	assert_non_null(strstr(output(), "nothing was started"));

	/* the same without --check-config (a daemon that starts all the same ends by itself) */
	spawn("mode: breaks\npair: y\n", "name: x\n", NULL);
	assert_int_equal(exit_status(), EX_CONFIG);
	assert_non_null(strstr(output(), "dummy.yaml:2: pair: is not the shared name"));
}

static void arguments(void **state)
{
	static const char *const bad[][2] = {
		{"--nonsense"}, {"extra"}, {"--instance=A b"}, {"--instance="}, {"--config"}};
	static const char *const help[] = {"--help", NULL}, *const version[] = {"--version", NULL},
				 *const print[] = {"--print-config", NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		spawn("", "name: x\n", bad[i]);
		assert_int_equal(exit_status(), EX_USAGE);
	}
	spawn("", "", help);
	assert_int_equal(exit_status(), 0);
	assert_non_null(strstr(output(), "muara-dummy: a daemon for tests"));
	assert_non_null(strstr(output(), "# What it does. (one of: breaks, idle"));
	spawn("", "", version);
	assert_int_equal(exit_status(), 0);
	assert_non_null(strstr(output(), "muara-dummy "));
	spawn("mode: stuck\n", "name: x\n", print);
	assert_int_equal(exit_status(), 0);
	assert_non_null(strstr(output(), "mode: stuck\npair: ~\n---\n"));
	assert_non_null(strstr(output(), "stop_timeout: 20s\n"));
}

static const char *get(const char *target)
{
	static char answer[1 << 16];
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t used = 0;
	ssize_t n;

	snprintf(a.sun_path, sizeof a.sun_path, "%s/m-muara-dummy-a", dir);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_true(dprintf(fd, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target) > 0);
	while ((n = read(fd, answer + used, sizeof answer - 1 - used)) > 0)
		used += (size_t)n;
	answer[used] = '\0';
	close(fd);
	return answer;
}

static void spawn_listening(const char *mode)
{
	static const char *const instance[] = {"--instance", "a", NULL};
	_cleanup_free_ char *shared = xasprintf("name: x\nmetrics: %s/m-%%n-%%i\n", dir);
	_cleanup_free_ char *conf = xasprintf("mode: %s\n", mode);

	spawn(conf, shared, instance);
}

static void a_life(void **state)
{
	(void)state;
	spawn_listening("idle");
	wait_note("READY=1");
	assert_int_equal(count(run.notes, "STATUS=works as muara-dummy/a\n"), 1);
	assert_non_null(strstr(run.notes, "works as muara-dummy/a; feels well"));
	assert_non_null(strstr(get("/metrics"), "\nmuara_healthy 1\n"));
	assert_non_null(strstr(get("/metrics"), "\nprocess_resident_memory_bytes "));
	assert_non_null(strstr(get("/healthz"), " 200 "));
	assert_non_null(strstr(get("/healthz"), "ok\nworks as muara-dummy/a; feels well\n"));
	assert_non_null(strstr(get("/nothing"), " 404 "));
	kill(run.pid, SIGTERM);
	wait_note("STOPPING=1");
	assert_int_equal(exit_status(), 0);
	assert_non_null(strstr(output(), "put away"));
}

static void bad_health_is_said(void **state)
{
	(void)state;
	spawn_listening("unhealthy");
	wait_note("feels bad");
	assert_non_null(strstr(get("/healthz"), " 503 "));
	assert_non_null(strstr(get("/metrics"), "\nmuara_healthy 0\n"));
	kill(run.pid, SIGINT);
	assert_int_equal(exit_status(), 0);
}

static void a_failed_start(void **state)
{
	(void)state;
	spawn("mode: no-start\n", "name: x\n", NULL);
	assert_int_equal(exit_status(), EXIT_FAILURE);
	assert_non_null(strstr(output(), "cannot start: no start as told"));
	spawn("", "name: x\nmetrics: 192.0.2.1:80\n", NULL);
	assert_int_equal(exit_status(), EXIT_FAILURE);
	assert_non_null(strstr(output(), "cannot start: metrics: "));
}

static void a_state_only_a_new_start_can_leave(void **state)
{
	(void)state;
	spawn("mode: breaks\n", "name: x\n", NULL);
	assert_int_equal(exit_status(), EXIT_FAILURE);
	assert_non_null(strstr(output(), "it breaks as told"));
	assert_non_null(strstr(output(), "put away"));
}

static void a_second_term_skips_the_drain(void **state)
{
	(void)state;
	spawn("mode: never-drained\n", "name: x\nstop_timeout: 1h\n", NULL);
	wait_note("READY=1");
	kill(run.pid, SIGTERM);
	wait_note("STOPPING=1");
	kill(run.pid, SIGTERM);
	assert_int_equal(exit_status(), 0);
	assert_non_null(strstr(output(), "asked a second time"));
	assert_non_null(strstr(output(), "put away"));
}

static void a_drain_has_an_end(void **state)
{
	(void)state;
	spawn("mode: never-drained\n", "name: x\nstop_timeout: 100ms\n", NULL);
	wait_note("READY=1");
	kill(run.pid, SIGTERM);
	assert_int_equal(exit_status(), 0);
	assert_non_null(strstr(output(), "stopping with work in flight"));
}

static void hup_tells_what_a_restart_would_find(void **state)
{
	(void)state;
	spawn("mode: idle\n", "name: x\n", NULL);
	wait_note("READY=1");
	kill(run.pid, SIGHUP);
	wait_output("configuration unchanged");
	put("dummy.yaml", "mode: busy\n");
	kill(run.pid, SIGHUP);
	wait_output("restart to use it");
	put("dummy.yaml", "mode: bussy\n");
	kill(run.pid, SIGHUP);
	wait_output("a restart would fail");
	assert_non_null(strstr(output(), "mode: must be one of"));
	kill(run.pid, SIGTERM);
	assert_int_equal(exit_status(), 0);
}

static void the_watchdog_wants_progress(void **state)
{
	(void)state;
	setenv("WATCHDOG_USEC", "300000", 1);
	spawn("mode: busy\n", "name: x\n", NULL);
	wait_note("READY=1");
	*run.notes = '\0';
	for (int n = 1; n <= 3; n++) { /* again and again */
		wait_note("WATCHDOG=1");
		*run.notes = '\0';
	}
	kill(run.pid, SIGTERM);
	assert_int_equal(exit_status(), 0);

	spawn("mode: stuck\n", "name: x\n", NULL); /* its loop turns all the time */
	wait_note("READY=1");
	*run.notes = '\0';
	wait_output("no progress for a while");
	for (int turns = 0; turns < 10; turns++) /* for as long as three pats would take */
		poll(NULL, 0, 40);
	kill(run.pid, SIGTERM);
	wait_note("STOPPING=1");
	assert_int_equal(count(run.notes, "WATCHDOG=1"), 0);
	assert_int_equal(exit_status(), 0);
}

static void a_long_reading_feeds_the_watchdog(void **state)
{
	(void)state;
	setenv("WATCHDOG_USEC", "300000", 1);
	spawn("mode: reads\n", "name: x\n", NULL);
	*run.notes = '\0';
	for (int n = 1; n <= 3; n++) {
		wait_note("WATCHDOG=1");
		*run.notes = '\0';
	}
	put("dummy.yaml.go", "");
	kill(run.pid, SIGTERM);
	assert_int_equal(exit_status(), 0);
}

static void idle_is_fine_for_the_watchdog(void **state)
{
	(void)state;
	setenv("WATCHDOG_USEC", "300000", 1);
	spawn("mode: idle\n", "name: x\n", NULL);
	wait_note("READY=1");
	*run.notes = '\0';
	for (int n = 1; n <= 3; n++) {
		wait_note("WATCHDOG=1");
		*run.notes = '\0';
	}
	assert_null(strstr(output(), "no progress"));
	kill(run.pid, SIGTERM);
	assert_int_equal(exit_status(), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_good_configuration, no_child_left),
		cmocka_unit_test_teardown(faults_of_both_files_at_once, no_child_left),
		cmocka_unit_test_teardown(arguments, no_child_left),
		cmocka_unit_test_teardown(a_life, no_child_left),
		cmocka_unit_test_teardown(bad_health_is_said, no_child_left),
		cmocka_unit_test_teardown(a_failed_start, no_child_left),
		cmocka_unit_test_teardown(a_state_only_a_new_start_can_leave, no_child_left),
		cmocka_unit_test_teardown(a_second_term_skips_the_drain, no_child_left),
		cmocka_unit_test_teardown(a_drain_has_an_end, no_child_left),
		cmocka_unit_test_teardown(hup_tells_what_a_restart_would_find, no_child_left),
		cmocka_unit_test_teardown(the_watchdog_wants_progress, no_child_left),
		cmocka_unit_test_teardown(a_long_reading_feeds_the_watchdog, no_child_left),
		cmocka_unit_test_teardown(idle_is_fine_for_the_watchdog, no_child_left),
	};

	if (getenv("MUARA_AS_DAEMON"))
		return daemon_main(argc, argv, &ops);
	return cmocka_run_group_tests(tests, setup, teardown);
}
