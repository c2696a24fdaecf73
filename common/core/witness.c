/* witness: see witness.h. One JSON object; a file that cannot be read is a fault a person looks at,
 * never "nothing remembered".
 *
 * It is written many times a second, and making a file anew each time was a third of a filing's
 * work. So there are two: the one without the name is written over, then they exchange names. Each
 * is one sector long, so a power cut leaves it whole, and both are synced every WITNESS_SYNC_MS,
 * so whichever has the name then is not older than that. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"

#include "core/lane_record.h"
#include "core/witness.h"

#define SCHEMA	 "muara.witness/1"
#define FILE_MAX 4096
#define SLOT	 512 /* one sector: padded with blanks */

struct witness {
	char *path, *temp, *log_name;
	int lane;
	struct lane_mark mark;
	int64_t synced_ms;
	bool written; /* by us: the first write goes to the disk at once */
	bool plain;   /* this file system does not exchange names */
};

static int load(struct witness *w, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *j = NULL;
	size_t len;
	int rc = fsio_read_file(w->path, FILE_MAX, &text, &len, e);

	if (rc == -ENOENT)
		return 0;
	if (rc)
		return rc;
	if (json_parse(text, len, FILE_MAX, &j, NULL) ||
		strcmp(json_str_or(j, "schema", ""), SCHEMA) != 0 ||
		strcmp(json_str_or(j, "log", ""), w->log_name) != 0 ||
		json_int(j, "lane", -1) != w->lane ||
		lane_mark_from_json(json_object_get(j, "last"), &w->mark))
		return err_set(e, -EBADMSG,
			"%s: damaged, or not the witness of %s lane %d: put back the right one; "
			"only when that cannot be had, and the log is known to be whole, remove it",
			w->path, w->log_name, w->lane);
	return 0;
}

int witness_open(
	const char *state_dir, const char *log_name, int lane, struct witness **ret, struct err *e)
{
	struct witness *w = xcalloc(1, sizeof *w);
	int rc;

	w->path = xasprintf("%s/witness-%s-%d.json", state_dir, log_name, lane);
	w->temp = xasprintf("%s.new", w->path);
	w->log_name = xstrdup(log_name);
	w->lane = lane;
	w->mark.offset = -1;
	rc = load(w, e);
	if (rc) {
		witness_close(w);
		return rc;
	}
	*ret = w;
	return 0;
}

void witness_close(struct witness *w)
{
	if (!w)
		return;
	free(w->path);
	free(w->temp);
	free(w->log_name);
	free(w);
}

const struct lane_mark *witness_mark(const struct witness *w)
{
	return &w->mark;
}

/* Safe against kill -9: the name always leads to a whole file. */
static int replace(const struct witness *w, const char *text, size_t len, struct err *e)
{
	_cleanup_close_ int fd =
		open(w->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc;

	if (fd < 0)
		return err_sys(e, -errno, "%s", w->temp);
	rc = fsio_write_all(fd, text, len);
	if (rc)
		return err_sys(e, rc, "%s", w->temp);
	if (rename(w->temp, w->path))
		return err_sys(e, -errno, "%s", w->path);
	return 0;
}

/* Writes over the file without the name, then lets the two exchange names. > 0: not possible here.
 */
static int exchange(const struct witness *w, const char slot[SLOT], struct err *e)
{
	_cleanup_close_ int fd = open(w->temp, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? 1 : err_sys(e, -errno, "%s", w->temp);
	if (pwrite(fd, slot, SLOT, 0) != SLOT)
		return err_sys(e, -EIO, "%s", w->temp);
	if (renameat2(AT_FDCWD, w->temp, AT_FDCWD, w->path, RENAME_EXCHANGE) == 0)
		return 0;
	return errno == EINVAL || errno == ENOSYS || errno == ENOENT
		       ? 1
		       : err_sys(e, -errno, "%s", w->path);
}

/* Both files: whichever has the name after a power cut is not older than this. */
static int write_synced(const struct witness *w, const char slot[SLOT], struct err *e)
{
	int rc = fsio_write_atomic(w->temp, slot, SLOT, 0600, e);

	return rc ? rc : fsio_write_atomic(w->path, slot, SLOT, 0600, e);
}

int witness_write(struct witness *w, const struct lane_mark *m, int64_t now_ms, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *j = NULL;
	bool sync = !w->written || now_ms - w->synced_ms >= WITNESS_SYNC_MS;
	char slot[SLOT];
	size_t len;
	int rc;

	if (m->offset <= w->mark.offset)
		return 0;
	j = json_object();
	if (!j)
		abort();
	json_set_str(j, "schema", SCHEMA);
	json_set_str(j, "log", w->log_name);
	json_set_int(j, "lane", w->lane);
	json_set_new(j, "last", lane_mark_json(m));
	text = json_text(j, &len);
	if (len > SLOT)
		return err_set(e, -EMSGSIZE, "%s: longer than %d bytes", w->path, SLOT);
	memset(slot, ' ', sizeof slot);
	memcpy(slot, text, len);
	rc = sync ? write_synced(w, slot, e) : w->plain ? 1 : exchange(w, slot, e);
	if (rc > 0) {
		w->plain = true;
		rc = replace(w, slot, SLOT, e);
	}
	if (rc)
		return rc;
	if (sync)
		w->synced_ms = now_ms;
	w->written = true;
	w->mark = *m;
	return 0;
}

int witness_forget(struct witness *w, struct err *e)
{
	if (unlink(w->path) && errno != ENOENT)
		return err_sys(e, -errno, "%s", w->path);
	w->mark = (struct lane_mark){.offset = -1};
	w->written = false;
	return 0;
}
