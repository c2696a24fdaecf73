/* channel: see channel.h. The daemon beside this program is run with --try or --try-live; it has
 * the decoder, and nothing of it is known here. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

#include "channel.h"

#define NAME_MAX_LEN 40

/* "whatsapp-kota.yaml" -> "whatsapp" and "kota"; "email.yaml" -> "email" and "". */
static void names_of(const char *path, char daemon[NAME_MAX_LEN], char instance[NAME_MAX_LEN])
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t whole = strcspn(name, "."), first = MIN(strcspn(name, "-"), whole);

	snprintf(daemon, NAME_MAX_LEN, "%.*s", (int)MIN(first, (size_t)NAME_MAX_LEN), name);
	snprintf(instance, NAME_MAX_LEN, "%.*s",
		first < whole ? (int)MIN(whole - first - 1, (size_t)NAME_MAX_LEN) : 0,
		name + first + (first < whole));
}

/* Beside this program, as they are installed. NULL: told already. */
static char *find_daemon(const struct ctl *c, const char *name)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *path, *slash;

	if (n < 0) {
		ctl_fail(c, "/proc/self/exe: %s", strerror(errno));
		return NULL;
	}
	self[n] = '\0';
	slash = strrchr(self, '/');
	path = xasprintf("%.*s/muara-%s", (int)(slash - self), self, name);
	if (access(path, X_OK) == 0)
		return path;
	ctl_fail(c,
		"%s: %s; the name of the configuration says which daemon it is for, or give "
		"--daemon",
		path, strerror(errno));
	free(path);
	return NULL;
}

int ctl_channel_try(struct ctl *c)
{
	char daemon[NAME_MAX_LEN], instance[NAME_MAX_LEN];
	const char *named = ctl_opt(c, "--daemon");
	_cleanup_free_ char *path = NULL;
	const char *argv[16];
	int n = 0;

	names_of(c->args[0], daemon, instance);
	if (named && (!*named || strchr(named, '/')))
		return ctl_usage(c, "--daemon: a name such as whatsapp");
	path = find_daemon(c, named ? named : daemon);
	if (!path)
		return CTL_FAILED;
	argv[n++] = path;
	argv[n++] = "--config";
	argv[n++] = c->args[0];
	argv[n++] = "--muara";
	argv[n++] = c->muara;
	argv[n++] = c->n_args == 2 ? "--try" : "--try-live";
	if (c->n_args == 2)
		argv[n++] = c->args[1];
	if (*instance) {
		argv[n++] = "--instance";
		argv[n++] = instance;
	}
	if (ctl_opt(c, "--show-text"))
		argv[n++] = "--show-text";
	if (c->json)
		argv[n++] = "--json";
	argv[n] = NULL;
	fflush(c->out);
	execv(path, (char *const *)(uintptr_t)argv);
	return ctl_fail(c, "%s: %s", path, strerror(errno));
}
