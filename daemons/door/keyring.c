/* keyring: see keyring.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "base/util.h"

#include "keyring.h"

/* The clock of a file system ticks: two changes of one tick look like one. So what was read so soon
 * after a change is read again. By the machine's own clock, which stamps the folder. */
#define SETTLED_S 2

struct keyring {
	char *path;
	struct doorkey *v;
	size_t n, room;
	struct timespec changed;
	ino_t inode;
	bool settled;
};

static void forget(struct keyring *k)
{
	for (size_t i = 0; i < k->n; i++)
		doorkey_free(&k->v[i]);
	k->n = 0;
}

static void take_file(struct keyring *k, int dirfd, const char *name)
{
	struct err e = {0};

	if (k->n == k->room) {
		k->room = k->room ? 2 * k->room : 16;
		k->v = xrealloc(k->v, k->room * sizeof(*k->v));
	}
	if (doorkey_read(dirfd, name, &k->v[k->n], &e) == 0) {
		k->n++;
		return;
	}
	doorkey_free(&k->v[k->n]);
	log_warn("a key is left out: %s/%s", k->path, e.text);
}

static int read_folder(struct keyring *k, struct err *e)
{
	DIR *d = opendir(k->path);
	const struct dirent *f;

	if (!d)
		return err_sys(e, -errno, "keys: %s", k->path);
	forget(k);
	while ((f = readdir(d))) {
		size_t n = strlen(f->d_name), suffix = strlen(DOORKEY_SUFFIX);

		if (f->d_name[0] != '.' && n > suffix &&
			strcmp(f->d_name + n - suffix, DOORKEY_SUFFIX) == 0)
			take_file(k, dirfd(d), f->d_name);
	}
	closedir(d);
	return 0;
}

static int refresh(struct keyring *k, struct err *e)
{
	struct stat st;
	int r;

	if (stat(k->path, &st))
		return err_sys(e, -errno, "keys: %s", k->path);
	if (k->settled && st.st_ino == k->inode && st.st_mtim.tv_sec == k->changed.tv_sec &&
		st.st_mtim.tv_nsec == k->changed.tv_nsec)
		return 0;
	k->settled = time(NULL) - st.st_mtim.tv_sec > SETTLED_S;
	k->changed = st.st_mtim;
	k->inode = st.st_ino;
	r = read_folder(k, e);
	if (r)
		k->settled = false;
	return r;
}

int keyring_open(const char *path, struct keyring **ret, struct err *e)
{
	struct keyring *k = xcalloc(1, sizeof(*k));
	int r;

	k->path = xstrdup(path);
	r = refresh(k, e);
	if (r) {
		keyring_close(k);
		return r;
	}
	*ret = k;
	return 0;
}

void keyring_close(struct keyring *k)
{
	if (!k)
		return;
	forget(k);
	free(k->v);
	free(k->path);
	free(k);
}

int keyring_find(struct keyring *k, const char *id, const struct doorkey **ret, struct err *e)
{
	int r = refresh(k, e);

	*ret = NULL;
	for (size_t i = 0; r == 0 && i < k->n; i++)
		if (strcmp(k->v[i].id, id) == 0)
			*ret = &k->v[i];
	return r;
}
