/* masters_store: see masters_store.h.
 *
 * Guarantee: what lies there was checked before it was written, and survives a power cut whole.
 * Known gap: two programs that fetch the same list at the same time both write; the last one stays,
 * and what changed is told by the first. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "core/masters_store.h"

#define ACCEPTED_MAX (1 << 20)
#define FILE_MODE    0640
#define DIR_MODE     0750

static char *file_of(const struct masters_at *at, const char *ending)
{
	return xasprintf("%s/%s/%s.%s", at->dir, at->destination, at->m->name, ending);
}

static struct master_place place_of(const struct masters_at *at, char origin[65])
{
	masters_origin(at->base, at->m, origin);
	return (struct master_place){
		.destination = at->destination, .list = at->m->name, .origin = origin};
}

static int load_by_hand(const struct masters_at *at, json_t **ret, struct err *e)
{
	_cleanup_(master_read_free) struct master_read r = {0};
	_cleanup_free_ char *text = NULL;
	struct master_change unused;
	char origin[65];
	const struct master_place place = place_of(at, origin);
	size_t n = 0;
	int rc = fsio_read_file(at->m->file, MASTERS_FILE_MAX, &text, &n, e);

	if (rc)
		return rc;
	master_read_init(&r, at->m);
	rc = master_read_csv(&r, at->m->file, text, n, e);
	if (!rc && (rc = master_read_end(&r, e)))
		err_prefix(e, "%s", at->m->file);
	return rc ? rc : masters_next(NULL, &r, &place, NULL, 0, true, ret, &unused, e);
}

int masters_load(const struct masters_at *at, json_t **ret, struct err *e)
{
	_cleanup_free_ char *file = file_of(at, "json"), *text = NULL;
	char origin[65];
	const struct master_place place = place_of(at, origin);
	size_t n = 0;
	int rc;

	if (at->m->file)
		return load_by_hand(at, ret, e);
	rc = fsio_read_file(file, MASTERS_FILE_MAX, &text, &n, e);
	if (rc)
		return rc;
	rc = masters_parse(text, n, &place, ret, e);
	return rc ? err_prefix(e, "%s", file), rc : 0;
}

static char *above(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash != path ? xstrndup(path, (size_t)(slash - path)) : xstrdup("/");
}

/* What root writes by hand must stay the daemon's own: as the folder that holds it all. */
static int give_to_owner(const char *state, const char *path, struct err *e)
{
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(state, &st) || lchown(path, st.st_uid, st.st_gid))
		return err_sys(e, -errno, "%s: giving it to the owner of %s", path, state);
	return 0;
}

static int write_json(const struct masters_at *at, const char *file, const json_t *j, struct err *e)
{
	_cleanup_free_ char *folder = above(file), *state = above(at->dir), *text = NULL;
	size_t n = 0;
	int rc = fsio_make_dirs(folder, DIR_MODE, e);

	if (rc)
		return rc;
	text = json_text(j, &n);
	CRASH_POINT("masters-before-write", n);
	rc = fsio_write_atomic(file, text, n, FILE_MODE, e);
	if (!rc)
		rc = give_to_owner(state, at->dir, e);
	if (!rc)
		rc = give_to_owner(state, folder, e);
	return rc ? rc : give_to_owner(state, file, e);
}

int masters_keep(const struct masters_at *at, const struct master_read *r, int64_t now_ms,
	bool shrunk_too, json_t **ret, struct master_change *ret_change, struct err *e)
{
	_cleanup_json_ json_t *old = NULL, *accepted = masters_accepted(at, NULL), *doc = NULL;
	_cleanup_free_ char *file = file_of(at, "json");
	char origin[65];
	const struct master_place place = place_of(at, origin);
	struct err damaged = {0};
	int rc = masters_load(at, &old, &damaged);

	if (rc && rc != -ENOENT)
		log_warn("masters: %s; the list is begun anew", damaged.text);
	rc = masters_next(old, r, &place, accepted, now_ms, shrunk_too, &doc, ret_change, e);
	if (!rc)
		rc = write_json(at, file, doc, e);
	if (!rc && ret)
		*ret = TAKE_PTR(doc);
	return rc;
}

json_t *masters_accepted(const struct masters_at *at, struct err *e)
{
	_cleanup_free_ char *file = file_of(at, "accepted.json"), *text = NULL;
	struct err why = {0};
	json_t *j = NULL;
	size_t n = 0;
	int rc = fsio_read_file(file, ACCEPTED_MAX, &text, &n, &why);

	if (!rc)
		rc = json_parse(text, n, ACCEPTED_MAX, &j, &why);
	if (!rc && !json_is_object(j))
		rc = err_set(&why, -EBADMSG, "is no map of numbers and names");
	if (rc && rc != -ENOENT)
		err_set(e, rc, "%s: %s; move it away and accept anew", file, why.text);
	if (!rc)
		return j;
	json_decref(j);
	return json_object();
}

int masters_accept(const struct masters_at *at, const char *id, const char *name, struct err *e)
{
	_cleanup_free_ char *file = file_of(at, "accepted.json");
	struct err damaged = {0};
	_cleanup_json_ json_t *j = masters_accepted(at, &damaged);

	if (damaged.code)
		return err_set(e, damaged.code, "%s", damaged.text);
	json_set_str(j, id, name);
	return write_json(at, file, j, e);
}

static int64_t stamp_of(const char *file)
{
	struct stat st;

	if (stat(file, &st))
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec + (int64_t)st.st_ino;
}

int64_t masters_stamp(const struct masters_at *at)
{
	_cleanup_free_ char *file = file_of(at, "json"), *accepted = file_of(at, "accepted.json");

	return stamp_of(at->m->file ? at->m->file : file) ^ (stamp_of(accepted) * 31);
}
