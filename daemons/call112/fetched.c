/* fetched: see fetched.h. */
#include "fetched.h"

#include <fcntl.h>
#include <string.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"

#define LEDGER	   ".fetched.json"
#define LEDGER_MAX (16 * 1024 * 1024)

struct fetched {
	int dir;
	json_t *stamps;
};

struct fetched *fetched_open(int dir, const char *who)
{
	struct fetched *d = xcalloc(1, sizeof(*d));
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = openat(dir, LEDGER, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct err e = {0};
	size_t n;

	d->dir = dir;
	if (fd >= 0 && fsio_read_fd(fd, LEDGER, LEDGER_MAX, &text, &n, &e) == 0 &&
		json_parse(text, n, LEDGER_MAX, &d->stamps, &e) == 0 && json_is_object(d->stamps))
		return d;
	if (fd >= 0)
		log_warn("%s: the ledger of what was fetched is not readable, all is fetched "
			 "again: %s",
			who, e.code ? e.text : "it is no object");
	json_decref(d->stamps);
	d->stamps = json_object();
	return d;
}

void fetched_close(struct fetched *d)
{
	if (!d)
		return;
	json_decref(d->stamps);
	free(d);
}

bool fetched_has(const struct fetched *d, const struct listing_file *file)
{
	const char *stamp = json_str(d->stamps, file->name);

	return stamp && strcmp(stamp, file->stamp) == 0;
}

static int write_it(struct fetched *d, struct err *e)
{
	size_t n;
	_cleanup_free_ char *text = json_text(d->stamps, &n);

	return fsio_write_atomic_at(d->dir, LEDGER, text, n, 0600, e);
}

void fetched_back(struct fetched *d, const struct listing_file *file)
{
	json_set_str(d->stamps, file->name, file->stamp);
}

int fetched_add(struct fetched *d, const struct listing_file *file, struct err *e)
{
	fetched_back(d, file);
	return write_it(d, e);
}

int fetched_remove(struct fetched *d, const struct listing_file *file, struct err *e)
{
	json_object_del(d->stamps, file->name);
	return write_it(d, e);
}

void fetched_prune(struct fetched *d, const struct listing *l)
{
	const char *name;
	json_t *stamp;
	void *next;

	json_object_foreach_safe (d->stamps, next, name, stamp) {
		if (!listing_find(l, name))
			json_object_del(d->stamps, name);
	}
}
