/* crash: see crash.h. write(2) and kill(2) only: nothing buffered may change what a kill -9 would
 * leave. */
#include "base/crash.h"

#ifdef MUARA_TEST
#include <fcntl.h>
#include <signal.h>
#include <string.h>

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

void crash_point(const char *name, long in_flight)
{
	static const char *want;
	static int64_t left = -1;

	if (!want) {
		const char *env = getenv("MUARA_CRASH");
		const char *colon = env ? strrchr(env, ':') : NULL;

		want = colon ? xstrndup(env, (size_t)(colon - env)) : "";
		if (colon && parse_i64(colon + 1, 1, INT32_MAX, &left))
			left = -1;
	}
	if (left < 0 || strcmp(name, want) != 0 || --left > 0)
		return;
	leave_word(name, in_flight);
	kill(getpid(), SIGKILL);
}
#else
typedef int crash_c_is_empty_in_the_shipped_build;
#endif
