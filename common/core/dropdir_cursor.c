/* dropdir_cursor: what of a drop folder is remembered over a restart: written, and taken up again.
 *
 * Guarantees: the cursor says of a file only what is acknowledged; what of it is junk is left out,
 * and its file read again. Known gap: of more than 1000 files the finished and oldest are not in
 * it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "core/dropdir_private.h"

#define CURSOR_EVERY_MS 1000
#define FILES_IN_CURSOR 1000

static json_t *file_json(const struct drop_file *f)
{
	_cleanup_free_ char *name = utf8_repair(f->name, strlen(f->name), NULL, NULL);
	json_t *o = json_object();

	json_set_str(o, "name", name);
	json_set_int(o, "inode", (int64_t)f->ino);
	json_set_int(o, "size", f->size);
	json_set_int(o, "mtime_ns", f->mtime_ns);
	json_set_str(o, "head", f->head);
	json_set_int(o, "head_bytes", (int64_t)f->head_bytes);
	json_set_int(o, "offset", f->offset);
	json_set_int(o, "line", f->line);
	json_set_new(o, "finished", json_boolean(drop_finished(f)));
	return o;
}

static int newest_first(const void *a, const void *b)
{
	const struct drop_file *x = *(struct drop_file *const *)a,
			       *y = *(struct drop_file *const *)b;

	if (drop_finished(x) != drop_finished(y))
		return drop_finished(x) ? 1 : -1;
	return (x->mtime_ns < y->mtime_ns) - (x->mtime_ns > y->mtime_ns);
}

static json_t *cursor_json(struct dropdir *d)
{
	_cleanup_free_ struct drop_file **order = xcalloc(d->n + 1, sizeof(*order));
	json_t *o = json_object(), *list = json_array();

	if (d->n)
		memcpy(order, d->files, d->n * sizeof(*order));
	if (d->n > FILES_IN_CURSOR) {
		qsort(order, d->n, sizeof(*order), newest_first);
		if (!d->too_many)
			log_warn("drop folder %s holds %zu files; only the newest %d are "
				 "remembered over a restart, the others would be read again: move "
				 "finished files away",
				d->c.path, d->n, FILES_IN_CURSOR);
	}
	d->too_many = d->n > FILES_IN_CURSOR;
	for (size_t i = 0; i < d->n && i < FILES_IN_CURSOR; i++) {
		json_array_append_new(list, file_json(order[i]));
		order[i]->telling = drop_finished(order[i]);
	}
	json_set_int(o, "format", 1);
	json_set_int(o, "raw", d->raw);
	json_set_new(o, "files", list);
	return o;
}

void drop_write_cursor(struct dropdir *d)
{
	_cleanup_json_ json_t *value = cursor_json(d);
	struct err e = {0};

	d->last_cursor = clock_mono_ms();
	if (d->ops->cursor(d->ctx, value, d->raw, &e)) {
		log_warn("drop folder: cursor not written: %s", e.text);
		return;
	}
	d->writing = true;
	d->dirty = false;
}

void drop_write_when_due(struct dropdir *d)
{
	if (d->dirty && !d->writing && !d->failed &&
		(ackprefix_open(&d->acks) == 0 ||
			clock_mono_ms() - d->last_cursor >= CURSOR_EVERY_MS))
		drop_write_cursor(d);
}

static void restore_file(struct dropdir *d, const json_t *o)
{
	const char *name = json_str(o, "name"), *head = json_str(o, "head");
	int64_t offset = json_int(o, "offset", -1), line = json_int(o, "line", 0);
	int64_t head_bytes = json_int(o, "head_bytes", -1);
	struct drop_file *f;

	if (!name || !head || strlen(head) > 16 || offset < 0 || line < 1 || head_bytes < 0 ||
		head_bytes > DROP_IDENTITY_BYTES)
		return;
	f = drop_add(d);
	f->name = xstrdup(name);
	f->ino = (uint64_t)json_int(o, "inode", 0);
	f->size = json_int(o, "size", 0);
	f->mtime_ns = json_int(o, "mtime_ns", 0);
	snprintf(f->head, sizeof(f->head), "%s", head);
	f->head_bytes = (size_t)head_bytes;
	f->offset = f->read = offset;
	f->line = f->read_line = line;
	f->read_all = f->told = json_flag(o, "finished");
}

void dropdir_restore(struct dropdir *d, const json_t *value)
{
	const json_t *o;
	size_t i;

	json_array_foreach (json_object_get(value, "files"), i, o)
		restore_file(d, o);
	drop_sort(d);
	d->raw = json_int(value, "raw", -1);
}
