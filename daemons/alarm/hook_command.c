/* hook_command: a ring by a program. See hook.h. */
#include "hook_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"

#define PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct surroundings {
	char *v[8];
};

static struct surroundings surroundings_of(const struct conf_hook *c, const struct ring *r)
{
	_cleanup_free_ char *ids = ring_list(r, "id"), *tickets = ring_list(r, "ticket");

	return (struct surroundings){{xstrdup(PATH), xasprintf("MUARA_HOOK=%s", c->name),
		xasprintf("MUARA_EMERGENCY_IDS=%s", ids),
		xasprintf("MUARA_EMERGENCY_TICKETS=%s", tickets),
		xasprintf("MUARA_EMERGENCY_COUNT=%zu", r->n),
		xasprintf("MUARA_EMERGENCY_RING=%" PRId64, r->number),
		xasprintf("MUARA_UNACKNOWLEDGED=%zu", r->unacknowledged), NULL}};
}

static void surroundings_free(struct surroundings *s)
{
	for (size_t i = 0; s->v[i]; i++)
		free(s->v[i]);
}

/* A process group of its own, no signal blocked or ignored, nothing open but 0, 1 and 2. */
static int prepare(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setpgroup(attr, 0);
	return posix_spawnattr_setflags(
		attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(const struct conf_hook *c, char *const *surroundings, pid_t *ret)
{
	_cleanup_free_ char **argv = xcalloc(c->command.n + 1, sizeof(*argv));
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r;

	memcpy(argv, c->command.v, c->command.n * sizeof(*argv));
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	r = prepare(&files, &attr);
	if (!r)
		r = posix_spawn(ret, argv[0], &files, &attr, argv, surroundings);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return -r;
}

static void on_end(void *ctx, short revents)
{
	struct hook_run *run = ctx;
	int status = 0;
	char text[80];
	bool ok;

	(void)revents;
	if (waitpid(run->pid, &status, WNOHANG) == 0)
		return;
	ok = !run->late && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (run->late)
		snprintf(text, sizeof(text), "still ran at its limit and was killed");
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "ended by signal %d", WTERMSIG(status));
	else
		snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(status));
	kill(-run->pid, SIGKILL); /* what it left behind */
	hook_end(run, ok, text);
}

static void on_limit(void *ctx)
{
	struct hook_run *run = ctx;

	run->late = true;
	kill(-run->pid, SIGKILL);
}

int command_look(const struct conf_hook *c, struct err *e)
{
	const char *program = c->command.v[0];
	struct stat st;
	int r = stat(program, &st) || access(program, X_OK) ? -errno : 0;

	if (r)
		return err_set(e, r,
			"nobody would be rung: %s cannot be run (%s); daemons/alarm/README.md has "
			"one to begin with, mode 0755",
			program, strerror(-r));
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EACCES, "nobody would be rung: %s is no program", program);
	return 0;
}

int command_start(
	struct hook_run *run, const struct hook_host *host, const struct ring *r, struct err *e)
{
	struct surroundings s = surroundings_of(run->conf, r);
	pid_t pid = -1;
	int rc = spawn(run->conf, s.v, &pid);

	(void)host;
	surroundings_free(&s);
	if (rc)
		return err_sys(e, rc, "cannot be started");
	run->pid = pid;
	run->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (run->pidfd < 0) {
		rc = -errno;
		command_cancel(run);
		return err_sys(e, rc, "cannot be watched");
	}
	fcntl(run->pidfd, F_SETFD, FD_CLOEXEC);
	run->watch = loop_fd_add(run->loop, run->pidfd, POLLIN, on_end, run);
	run->timer = loop_timer_new(run->loop, on_limit, run);
	loop_timer_arm(run->timer, run->conf->timeout_ms);
	return 0;
}

void command_cancel(struct hook_run *run)
{
	if (run->pid <= 0)
		return;
	kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR)
		;
	run->pid = -1;
}
