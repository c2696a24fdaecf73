/* drop: see drop.h.
 *
 * Order, never swapped: frame (decode) -> attachments into the blob store (fsync) -> source_put ->
 * delivery report -> cursor (core/dropdir). Killed anywhere, the rows after the last cursor are
 * read again and have the same ids.
 *
 * With sftp.url or https.url the folder is a spool that fetch.c fills, on a thread of its own.
 *
 * Known gap: attachments are read in the loop, a large one on a slow disk delays the rows behind
 * it. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/dropdir.h"

#include "calls.h"
#include "drop.h"
#include "fetch.h"
#include "options.h"
#include "unmapped.h"

#define CURSOR_NAME "drop"

struct drop {
	struct source *source;
	const struct call112_conf *conf;
	struct c112_rules rules;
	struct dropdir *dir;
	int attachments_fd; /* -1: they lie in the drop folder */
	struct c112_file *file;
	struct c112_row row;
	struct calls *calls;
	struct unmapped *unmapped;
	/* attachments of the row at hand */
	struct message_attachment attachments[MESSAGE_ATTACHMENTS_MAX];
	char hashes[MESSAGE_ATTACHMENTS_MAX][SHA256_HEX_SIZE];
	/* a row that waits for one */
	int64_t waiting_since, waiting_at;
	struct fetch_conf fetch_conf;
	char *try_spool;     /* thrown away at the end; NULL: not channel try */
	struct fetch *fetch; /* NULL: nothing is fetched */
	struct fetch_state fetched;
	struct metric *rows, *attached, *held, *files, *refused;
};

static const char *const row_labels[] = {
	"message", "update", "undecodable", "again", "nothing", NULL};
static const char *const file_labels[] = {"fetched", "again", NULL};
static const char *const attachment_labels[] = {"stored", "missing", "refused", NULL};

/* --- attachments --- */

static const char *mime_of(const char *path)
{
	static const char *const types[][2] = {{".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
		{".png", "image/png"}, {".webp", "image/webp"}, {".heic", "image/heic"},
		{".pdf", "application/pdf"}, {".mp3", "audio/mpeg"}, {".wav", "audio/wav"},
		{".ogg", "audio/ogg"}, {".amr", "audio/amr"}, {".mp4", "video/mp4"},
		{".3gp", "video/3gpp"}, {".doc", "application/msword"},
		{".docx", "application/"
			  "vnd.openxmlformats-officedocument.wordprocessingml.document"},
		{".txt", "text/plain"}};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(types); i++)
		if (strcasecmp(dot, types[i][0]) == 0)
			return types[i][1];
	return NULL;
}

static int store(struct drop *d, int fd, size_t i, struct err *e)
{
	struct message_attachment *a = &d->attachments[i];
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return err_sys(e, -errno, "an attachment");
	if (!S_ISREG(st.st_mode)) {
		a->state = AS_REFUSED;
		return 0;
	}
	r = blob_put_fd(source_blobs(d->source), fd, d->conf->attachment_max_bytes, d->hashes[i],
		&a->bytes, e);
	if (r == -EFBIG) {
		a->state = AS_REFUSED;
		a->bytes = st.st_size;
		return 0;
	}
	if (r)
		return r;
	a->state = AS_STORED;
	a->sha256 = d->hashes[i];
	return 0;
}

/* As the row names them; nothing is opened yet. */
static void name_attachments(struct drop *d)
{
	for (size_t i = 0; i < d->row.n_paths; i++) {
		const char *path = d->row.paths[i], *slash = strrchr(path, '/');

		d->attachments[i] = (struct message_attachment){.id = path,
			.state = AS_MISSING,
			.bytes = -1,
			.mime = mime_of(path),
			.name = slash ? slash + 1 : path};
	}
	d->row.m.attachments = d->attachments;
	d->row.m.n_attachments = d->row.n_paths;
}

/* 0, or -errno when the blob store cannot take it: nothing may be produced then. */
static int attach(struct drop *d, size_t i, struct err *e)
{
	int base = d->attachments_fd >= 0 ? d->attachments_fd : dropdir_fd(d->dir);
	_cleanup_close_ int fd = -1;
	struct err why = {0};
	int r;

	r = fsio_open_beneath(base, d->row.paths[i], O_RDONLY | O_NONBLOCK, 0, &fd, &why);
	if (r == 0)
		return store(d, fd, i, e);
	if (r == -EXDEV || r == -ELOOP) /* a path that would leave the folder */
		d->attachments[i].state = AS_REFUSED;
	else if (r == -EMFILE || r == -ENFILE || r == -ENOMEM)
		return err_set(e, r, "an attachment cannot be opened now");
	return 0;
}

/* Is it still worth waiting for what is missing? */
static bool wait_for_it(struct drop *d, const struct dropdir_at *at)
{
	int64_t now = clock_mono_ms();

	if (d->waiting_at != at->offset || !d->waiting_since) {
		d->waiting_at = at->offset;
		d->waiting_since = now;
	}
	return at->quiet_ms < d->conf->attachment_wait_ms &&
	       now - d->waiting_since < d->conf->attachment_wait_ms;
}

static int attach_all(struct drop *d, const struct dropdir_at *at, struct err *e)
{
	bool missing = false;
	int r;

	for (size_t i = 0; i < d->row.n_paths; i++) {
		r = attach(d, i, e);
		if (r)
			return r;
		missing |= d->attachments[i].state == AS_MISSING;
	}
	if (missing && wait_for_it(d, at))
		return -EAGAIN;
	return 0;
}

/* --- rows --- */

static int on_enter(
	void *ctx, const struct dropdir_at *at, const char *head, size_t n, struct err *e)
{
	struct drop *d = ctx;

	c112_file_free(d->file);
	d->file = c112_file_new(&d->rules);
	d->waiting_since = 0;
	return at->offset ? c112_file_learn(d->file, head, n, e) : 0;
}

static void count_row(struct drop *d, enum calls_verdict verdict)
{
	metric_add(d->rows,
		d->row.m.class == MC_UNDECODABLE ? "undecodable"
		: verdict == CALLS_UPDATE	 ? "update"
						 : "message",
		1);
	for (size_t i = 0; i < d->row.m.n_attachments; i++)
		metric_add(d->attached,
			attachment_labels[d->attachments[i].state == AS_STORED	  ? 0
					  : d->attachments[i].state == AS_MISSING ? 1
										  : 2],
			1);
}

/* What the books let through: into the blob store, into Kafka, into the books. */
static int put_ruled(struct drop *d, const struct dropdir_at *at, const struct calls_ruling *ruling,
	struct err *e)
{
	int r = attach_all(d, at, e);

	if (r == 0) {
		CRASH_POINT("after-verify", source_in_flight(d->source));
		r = source_put(d->source, &d->row.m, dropdir_report, d->dir, at->number, NULL, e);
	}
	if (r)
		return r;
	calls_settle(d->calls, dropdir_acknowledged(d->dir));
	calls_put(d->calls, ruling, at->number);
	unmapped_tell(d->unmapped, &d->row.m);
	count_row(d, ruling->verdict);
	return 0;
}

static int put_row(struct drop *d, const struct dropdir_at *at, bool *put, struct err *e)
{
	_cleanup_(calls_ruling_free) struct calls_ruling ruling = {0};
	_cleanup_json_ json_t *fields = NULL;
	int r;

	name_attachments(d);
	calls_judge(d->calls, &d->row.m, &fields, &ruling);
	if (ruling.verdict == CALLS_NOTHING) {
		metric_add(d->rows, "again", 1);
		return 0;
	}
	r = put_ruled(d, at, &ruling, e);
	*put = r == 0;
	if (r && r != -EAGAIN && r != -ENOBUFS) { /* no fault of the file: it must not be held */
		log_warn("a row is not taken in yet: %s", e->text);
		return -EAGAIN;
	}
	return r;
}

static ssize_t on_row(
	void *ctx, const struct dropdir_at *at, const char *p, size_t n, bool *put, struct err *e)
{
	struct drop *d = ctx;
	struct c112_window w = {.p = p,
		.n = n,
		.first = at->offset == 0,
		.line_start = at->line_start,
		.eof = at->eof,
		.full = at->full,
		.place = at->place};
	struct message base;
	int r;

	source_message(d->source, &base);
	r = c112_next(d->file, &w, &base, &d->row, e);
	if (r < 0 || r == C112_MORE)
		return r < 0 ? r : 0;
	if (r == C112_NOTHING) {
		metric_add(d->rows, "nothing", 1);
		return (ssize_t)d->row.used;
	}
	r = put_row(d, at, put, e);
	return r ? r : (ssize_t)d->row.used;
}

static void on_again(void *ctx, uint64_t number)
{
	struct drop *d = ctx;

	calls_undo(d->calls, number);
}

static int on_cursor(void *ctx, const json_t *value, int64_t raw_offset, struct err *e)
{
	struct drop *d = ctx;

	return source_cursor(d->source, CURSOR_NAME, value, raw_offset, dropdir_written, d->dir, e);
}

static const struct dropdir_ops dir_ops = {on_enter, on_row, on_cursor, on_again};

/* --- source --- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void drop_close(void *state)
{
	struct drop *d = state;

	if (!d)
		return;
	fetch_close(d->fetch);
	c112_row_free(&d->row);
	c112_file_free(d->file);
	calls_free(d->calls);
	unmapped_free(d->unmapped);
	dropdir_close(d->dir);
	if (d->attachments_fd >= 0)
		close(d->attachments_fd);
	if (d->try_spool)
		(void)nftw(d->try_spool, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(d->try_spool);
	free(d);
}

static int open_folders(struct drop *d, struct err *e)
{
	const struct call112_conf *c = d->conf;
	struct dropdir_conf dc = {.path = d->try_spool ?: c->path,
		.files = c->files,
		.complete = (enum dropdir_complete)c->complete,
		.settle_ms = c->settle_ms,
		.poll_ms = c->poll_ms,
		.move_done = c->finished == FINISHED_MOVE && !source_trying(d->source),
		.row_max_bytes = C112_ROW_MAX};

	if (c->attachments_path) {
		d->attachments_fd = open(c->attachments_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (d->attachments_fd < 0)
			return err_sys(e, -errno, "attachments.path %s", c->attachments_path);
	}
	return dropdir_open(&dc, &dir_ops, d, &d->dir, e);
}

/* Before the folder is opened: the spool is made here. */
static int open_fetch(struct drop *d, struct err *e)
{
	const struct call112_conf *c = d->conf;

	if (!c->sftp.url && !c->https.url)
		return 0;
	d->files = metric_counter("muara_call112_files_total",
		"Files of the SFTP or web server, and attempts that failed", "became", file_labels);
	d->refused = metric_gauge("muara_call112_fetch_refused",
		"1 while a person is needed at that server or a file of it; the log says why", NULL,
		NULL);
	d->fetch_conf = call112_fetch_conf(c);
	if (source_trying(d->source)) {
		d->try_spool = xstrdup("/tmp/muara-try-spool.XXXXXX");
		if (!mkdtemp(d->try_spool))
			return err_sys(e, -errno, "%s", d->try_spool);
		d->fetch_conf.spool = d->try_spool;
		d->fetch_conf.settle_ms = 0; /* as it is now */
		d->fetch_conf.move = false;
	}
	return fetch_open(&d->fetch_conf, &d->fetch, e);
}

static void look_at_fetch(struct drop *d)
{
	struct fetch_state now;

	if (!d->fetch)
		return;
	fetch_look(d->fetch, &now);
	metric_add(d->files, "fetched", (double)(now.fetched - d->fetched.fetched));
	metric_add(d->files, "again", (double)(now.again - d->fetched.again));
	metric_set(d->refused, NULL, now.fault);
	d->fetched = now;
}

static int drop_open(struct source *s, void **ret_state, struct err *e)
{
	struct drop *d = xcalloc(1, sizeof(*d));
	int r;

	d->source = s;
	d->conf = source_conf(s);
	d->attachments_fd = -1;
	d->rows = metric_counter(
		"muara_call112_rows_total", "Rows of the drop folder", "became", row_labels);
	d->attached = metric_counter("muara_call112_attachments_total",
		"Attachments that rows name", "state", attachment_labels);
	d->held = metric_gauge("muara_call112_held_files",
		"Files that are not read because of a fault the log names", NULL, NULL);
	d->rules = call112_rules(d->conf, source_shared(s));
	d->calls = calls_new(d->conf->common.account);
	d->unmapped = unmapped_new(d->rules.zone_minutes);
	r = open_fetch(d, e);
	if (r == 0)
		r = open_folders(d, e);
	if (r) {
		drop_close(d);
		return r;
	}
	*ret_state = d;
	return 0;
}

static void drop_cursor(void *state, const char *name, const json_t *value)
{
	struct drop *d = state;

	if (strcmp(name, CURSOR_NAME) == 0)
		dropdir_restore(d->dir, value);
}

static void drop_raw(void *state, const json_t *record)
{
	struct drop *d = state;

	calls_learn(d->calls, record);
}

static int64_t drop_step(void *state)
{
	struct drop *d = state;
	int64_t wait_ms = dropdir_step(d->dir);

	metric_set(d->held, NULL, (double)dropdir_held(d->dir));
	look_at_fetch(d);
	return wait_ms;
}

static void drop_drain(void *state)
{
	struct drop *d = state;

	fetch_stop(d->fetch);
	dropdir_drain(d->dir);
}

static bool drop_health(void *state, char *text, size_t size)
{
	struct drop *d = state;
	struct fetch_state now;

	if (!dropdir_well(d->dir, text, size))
		return false;
	if (!d->fetch)
		return true;
	fetch_look(d->fetch, &now);
	if (*now.text)
		snprintf(text, size, "%s: %s", d->fetch_conf.way->name, now.text);
	return !now.fault;
}

static bool drop_drained(void *state)
{
	struct drop *d = state;

	return dropdir_drained(d->dir);
}

/* Judged by books that begin with the sample: what came before is not known here. */
void call112_show(
	struct calls *calls, struct message *m, uint64_t number, source_sample_fn *emit, void *ctx)
{
	_cleanup_(calls_ruling_free) struct calls_ruling ruling = {0};
	_cleanup_json_ json_t *fields = NULL;

	calls_judge(calls, m, &fields, &ruling);
	if (ruling.verdict == CALLS_NOTHING)
		return;
	emit(ctx, m);
	calls_put(calls, &ruling, number);
}

/* A dropped file. Attachments stay untold: they lie elsewhere. */
static int drop_sample(const void *conf, const struct source_sample *s, source_sample_fn *emit,
	void *ctx, struct err *e)
{
	struct c112_rules rules = call112_rules(conf, s->shared);
	struct c112_row row = {0};
	struct c112_file *f;
	struct calls *calls = calls_new(s->base->account);
	size_t at = 0;
	long line = 1;
	int r = 0;

	f = c112_file_new(&rules);
	while (r >= 0 && at < s->len) {
		char place[300];
		struct c112_window w = {.p = s->data + at,
			.n = MIN(s->len - at, (size_t)C112_ROW_MAX),
			.first = at == 0,
			.line_start = at == 0 || s->data[at - 1] == '\n',
			.eof = s->len - at <= C112_ROW_MAX,
			.full = true,
			.place = place};

		snprintf(place, sizeof(place), "%s:%ld", s->name, line);
		r = c112_next(f, &w, s->base, &row, e);
		if (r == C112_MESSAGE)
			call112_show(calls, &row.m, (uint64_t)line, emit, ctx);
		for (size_t i = 0; r >= 0 && i < row.used; i++, at++)
			line += s->data[at] == '\n';
		if (r >= 0 && row.used == 0)
			break; /* nothing further can be read; never with `full` */
	}
	c112_row_free(&row);
	c112_file_free(f);
	calls_free(calls);
	return MIN(r, 0);
}

const struct source_ops call112_drop = {
	.open = drop_open,
	.cursor = drop_cursor,
	.raw = drop_raw,
	.step = drop_step,
	.drain = drop_drain,
	.drained = drop_drained,
	.health = drop_health,
	.close = drop_close,
	.sample = drop_sample,
};
