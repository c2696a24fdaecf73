/* crash: see crash.h. write(2) and kill(2) only: nothing buffered may change what a kill -9 would
 * leave. */
#include "base/crash.h"

#ifdef MUARA_TEST
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/util.h"

static void leave_word(const char *name, long in_flight)
{
	const char *path = getenv("MUARA_CRASH_FILE");
	char line[128];
	int n = snprintf(line, sizeof line, "%s in_flight=%ld\n", name, in_flight);
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd < 0 || write(fd, line, (size_t)n) != n)
		dprintf(STDERR_FILENO, "crash point %s: MUARA_CRASH_FILE not written\n", name);
}

struct wanted { /* from the environment, read once */
	bool read;
	char *name;
	char *file; /* of a stall */
	int64_t left;
};

/* "NAME:N" or "NAME:N:FILE", NAME = "name" or "name@what" */
static void read_wanted(struct wanted *w, const char *env)
{
	char *number, *file;

	w->read = true;
	w->left = -1;
	if (!env)
		return;
	w->name = xstrdup(env);
	number = strchr(w->name, ':');
	if (!number)
		return;
	*number++ = '\0';
	file = strchr(number, ':');
	if (file)
		*file++ = '\0';
	w->file = file;
	if (parse_i64(number, 1, INT32_MAX, &w->left))
		w->left = -1;
}

/* Is "name" or "name@what" this point? */
static bool meant(const char *wanted, const char *name, const char *what)
{
	size_t n = strlen(name);

	if (strncmp(wanted, name, n) != 0)
		return false;
	return !wanted[n] || (what && wanted[n] == '@' && strcmp(wanted + n + 1, what) == 0);
}

static bool now(struct wanted *w, const char *env, const char *name, const char *what)
{
	if (!w->read)
		read_wanted(w, getenv(env));
	return w->left > 0 && meant(w->name, name, what) && --w->left == 0;
}

static void stall(const char *file)
{
	static const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	_cleanup_free_ char *here = xasprintf("%s.here", file);
	_cleanup_close_ int fd = open(here, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		dprintf(STDERR_FILENO, "stall: %s not written\n", here);
	for (int i = 0; i < 6000 && access(file, F_OK) != 0; i++)
		nanosleep(&pause, NULL);
}

void crash_point(const char *name, const char *what, long in_flight)
{
	static struct wanted crash, standstill;

	if (now(&standstill, "MUARA_STALL", name, what) && standstill.file)
		stall(standstill.file);
	if (!now(&crash, "MUARA_CRASH", name, what))
		return;
	leave_word(crash.name, in_flight);
	kill(getpid(), SIGKILL);
}
#else
typedef int crash_c_is_empty_in_the_shipped_build;
#endif
