/* muara-file: complaints that other programs drop as files, one JSON object a line (decode.h has
 * the fields). The living example of a source: `make new-source NAME=telegram` copies this folder.
 *
 * Guarantees, with core/dropdir and core/source: every line becomes exactly one message id, also
 * after kill -9 at any point; a line that cannot be read becomes one undecodable message with its
 * bytes, place and reason, and its neighbours pass; a file goes to done/ only when all of it is in
 * Kafka and the cursor says so; attachments are in the blob store before the line is produced.
 * Known gaps: an attachment dropped after its line is "missing" (put attachments first); a line
 * longer than max_line becomes several undecodable messages. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/crypto.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/util.h"
#include "core/dropdir.h"
#include "core/source.h"
#include "daemons/file/decode.h"

struct file_conf {
	struct source_common common; /* first: SOURCE_OPTIONS and the skeleton find it there */
	char *channel, *path, *files;
	int complete;
	bool move_done;
	int64_t settle_ms, poll_ms, max_line, max_attachment;
};

struct file {
	struct source *source;
	const struct file_conf *conf;
	struct dropdir *drop;
};

/* clang-format off */
static const struct option_row options[] = {
	SOURCE_OPTIONS(struct file_conf),
	OPT(struct file_conf, OPT_STRING, channel, "channel", "file", .min = 1, .max = 32,
		.help = "Channel of these messages: a name among `channels` in muara.yaml"),
	OPT(struct file_conf, OPT_PATH, path, "path", NULL, .flags = OPT_REQUIRED,
		.help = "Folder the files are dropped into; this daemon must be able to write there to move finished ones"),
	OPT(struct file_conf, OPT_STRING, files, "files", "*.ndjson", .min = 1, .max = 100,
		.help = "Names taken in; never those that begin with a dot or end in .tmp or .part"),
	OPT(struct file_conf, OPT_ENUM, complete, "complete", "rename", .choices = dropdir_complete_choices,
		.help = "When a file is whole: rename: it was renamed into place; marker: name.done stands beside it; "
			"stable: unchanged for `settle`, growing files are followed line by line"),
	OPT(struct file_conf, OPT_BOOL, move_done, "move_done", "yes",
		.help = "Move finished files to done/ in the folder; `no` leaves them (needed with stable)"),
	OPT(struct file_conf, OPT_DURATION, settle_ms, "settle", "5s", .min = 10, .max = 24 * 3600 * 1000,
		.help = "With stable: how long a file must not change before its last line counts as whole"),
	OPT(struct file_conf, OPT_DURATION, poll_ms, "poll", "1s", .min = 10, .max = 3600 * 1000,
		.help = "How often the folder is looked at"),
	OPT(struct file_conf, OPT_SIZE, max_line, "max_line", "1MiB", .min = 1024, .max = 4 << 20,
		.help = "Longest line; a longer one is cut into undecodable messages"),
	OPT(struct file_conf, OPT_SIZE, max_attachment, "max_attachment", "25MiB", .min = 1024, .max = INT64_C(1) << 30,
		.help = "Largest attachment; a larger one is noted as refused, the message passes"),
	OPT_END
};
/* clang-format on */

static void check(void *conf, struct options_faults *f)
{
	const struct file_conf *c = conf;

	if (c->complete == DROPDIR_STABLE && c->move_done)
		options_fault(f, "move_done",
			"must be \"no\" with `complete: stable`, for a file that may still grow "
			"stays");
}

static const char *channel_of(const void *conf)
{
	return ((const struct file_conf *)conf)->channel;
}

/* --- attachments --------------------------------------------------------------------------- */

/* Only what stands below the drop folder; a link or ".." that leads out is refused. */
static int store(struct file *f, struct message_attachment *a, char *sha256, struct err *e)
{
	_cleanup_close_ int fd = -1;
	int r = fsio_open_beneath(dropdir_fd(f->drop), a->id, O_RDONLY | O_NONBLOCK, 0, &fd, e);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0; /* missing, as decode set it */
	if (r == -EXDEV || r == -ELOOP)
		return a->state = AS_REFUSED, 0;
	if (r)
		return err_prefix(e, "an attachment");
	r = blob_put_fd(source_blobs(f->source), fd, f->conf->max_attachment, sha256, &a->bytes, e);
	if (r == -EFBIG)
		return a->state = AS_REFUSED, a->bytes = -1, 0;
	if (r)
		return err_prefix(e, "an attachment into the blob store");
	a->state = AS_STORED;
	a->sha256 = sha256;
	return 0;
}

static int store_all(
	struct file *f, struct file_line *line, char (*hashes)[SHA256_HEX_SIZE], struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < line->n_attachments; i++)
		r = store(f, &line->attachments[i], hashes[i], e);
	return r;
}

/* --- one line ------------------------------------------------------------------------------ */

/* The bytes are kept whatever they are; their hash is all the identity such a line has. */
static void undecodable(struct message *m, char *native, size_t size, const char *reason)
{
	char hash[SHA256_HEX_SIZE];

	sha256_hex(m->original.data, m->original.len, hash);
	snprintf(native, size, "undecodable:%s", hash);
	m->native_id = native;
	m->class = MC_UNDECODABLE;
	m->author.id = "";
	m->error.place = m->source.place;
	m->error.reason = reason;
}

/* What a line's message points into. */
struct read {
	struct file_line line;
	struct err why;
	char native[12 + SHA256_HEX_SIZE];
};

/* `m` is prefilled. */
static void read_line(
	const char *p, size_t n, bool whole, int zone_minutes, struct read *into, struct message *m)
{
	int r;

	*into = (struct read){0};
	m->kind = MK_MESSAGE;
	m->class = MC_HUMAN;
	m->original.data = p;
	m->original.len = n;
	if (!whole)
		r = err_set(&into->why, -EINVAL, "part of a line longer than max_line");
	else
		r = file_decode(p, n, zone_minutes, &into->line, m, &into->why);
	if (r)
		undecodable(m, into->native, sizeof(into->native), into->why.text);
}

static int put_line(struct file *f, const struct dropdir_at *at, const char *p, size_t n,
	bool whole, struct err *e)
{
	char hashes[MESSAGE_ATTACHMENTS_MAX][SHA256_HEX_SIZE];
	struct read line;
	struct message m;
	int r;

	source_message(f->source, &m);
	m.source.place = at->place;
	read_line(p, n, whole, muara_zone_minutes(source_shared(f->source)), &line, &m);
	r = store_all(f, &line.line, hashes, e);
	if (r == 0)
		r = source_put(f->source, &m, dropdir_report, f->drop, at->number, NULL, e);
	file_line_free(&line.line);
	return r;
}

/* Where a line is cut depends on its bytes only, never on how much of the file is in the window: a
 * second reading gives the same pieces, so the same ids. */
static ssize_t row(
	void *ctx, const struct dropdir_at *at, const char *p, size_t n, bool *put, struct err *e)
{
	struct file *f = ctx;
	size_t most = MIN(n, (size_t)f->conf->max_line);
	const char *end = memchr(p, '\n', most);
	size_t taken = end ? (size_t)(end - p) + 1 : most, len = end ? taken - 1 : most;
	bool too_long = !end && n >= (size_t)f->conf->max_line;
	int r;

	if (!end && !too_long && !at->eof)
		return 0; /* a torn line waits for its end */
	while (len && end && (p[len - 1] == '\r' || p[len - 1] == ' '))
		len--;
	*put = len > 0; /* a blank line is nothing */
	r = *put ? put_line(f, at, p, len, at->line_start && !too_long, e) : 0;
	if (r && r != -ENOBUFS) { /* a full disk, an unreadable attachment: nothing is skipped */
		log_warn("%s waits: %s", at->place, e->text);
		r = -EAGAIN;
	}
	return r ? r : (ssize_t)taken;
}

/* --- the source ---------------------------------------------------------------------------- */

static int write_cursor(void *ctx, const json_t *value, int64_t raw_offset, struct err *e)
{
	struct file *f = ctx;

	return source_cursor(f->source, "drop", value, raw_offset, dropdir_written, f->drop, e);
}

static int file_open(struct source *s, void **ret_state, struct err *e)
{
	static const struct dropdir_ops ops = {.row = row, .cursor = write_cursor};
	struct file *f = xcalloc(1, sizeof *f);
	struct dropdir_conf c;
	int r;

	f->source = s;
	f->conf = source_conf(s);
	c = (struct dropdir_conf){.path = f->conf->path,
		.files = f->conf->files,
		.complete = (enum dropdir_complete)f->conf->complete,
		.settle_ms = f->conf->settle_ms,
		.poll_ms = f->conf->poll_ms,
		.move_done = f->conf->move_done && !source_trying(s),
		.row_max_bytes = (size_t)f->conf->max_line};
	r = dropdir_open(&c, &ops, f, &f->drop, e);
	if (r) {
		free(f);
		return r;
	}
	*ret_state = f;
	return 0;
}

static void file_cursor(void *state, const char *name, const json_t *value)
{
	if (strcmp(name, "drop") == 0)
		dropdir_restore(((struct file *)state)->drop, value);
}

static int64_t file_step(void *state)
{
	return dropdir_step(((struct file *)state)->drop);
}

static void file_drain(void *state)
{
	dropdir_drain(((struct file *)state)->drop);
}

static bool file_drained(void *state)
{
	return dropdir_drained(((struct file *)state)->drop);
}

static bool file_health(void *state, char *text, size_t size)
{
	return dropdir_well(((struct file *)state)->drop, text, size);
}

static void file_close(void *state)
{
	struct file *f = state;

	if (!f)
		return;
	dropdir_close(f->drop);
	free(f);
}

/* Attachments stay as the lines name them: missing. */
static int file_sample(const void *conf, const struct source_sample *s, source_sample_fn *emit,
	void *ctx, struct err *e)
{
	const struct file_conf *c = conf;
	const char *p = s->data, *end = s->data + s->len;

	(void)e;
	for (long number = 1; p < end; number++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		const char *next = stop ? stop + 1 : end;
		size_t n = (size_t)((stop ? stop : end) - p);
		_cleanup_free_ char *place = xasprintf("%s:%ld", s->name, number);
		struct message m = *s->base;
		struct read line;

		while (n && (p[n - 1] == '\r' || p[n - 1] == ' '))
			n--;
		m.source.place = place;
		if (n) {
			read_line(p, n, n <= (size_t)c->max_line, muara_zone_minutes(s->shared),
				&line, &m);
			emit(ctx, &m);
			file_line_free(&line.line);
		}
		p = next;
	}
	return 0;
}

static const struct source_ops file_source = {
	.name = "file",
	.channel_of = channel_of,
	.summary = "takes in complaints other programs drop as files",
	.options = options,
	.conf_size = sizeof(struct file_conf),
	.check = check,
	.open = file_open,
	.cursor = file_cursor,
	.step = file_step,
	.drain = file_drain,
	.drained = file_drained,
	.health = file_health,
	.close = file_close,
	.sample = file_sample,
	.looks = true,
};

int main(int argc, char **argv)
{
	return source_main(argc, argv, &file_source);
}
