/* log: see log.h.
 *
 * Guarantees: one write or one journal datagram per line; a line is valid UTF-8 without control
 * characters, at most LINE_MAX_BYTES, masked; an error or an outcome is never suppressed.
 * Known gap: a pipe nobody reads blocks the writer, as with every program that logs to stderr. */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/utf8.h"
#include "base/util.h"

#define LINE_MAX_BYTES 2048
#define REPEAT_MS      10000
#define REPEAT_SLOTS   32
#define PAIRS_MAX      24

struct repeat { /* a line seen lately */
	char text[256];
	enum log_level level;
	int64_t since_ms; /* 0 = free */
	long more;
};

static struct {
	pthread_mutex_t lock;
	char ident[64], instance[64];
	enum log_level max;
	bool journal;
	struct repeat repeats[REPEAT_SLOTS];
} log_state = {.lock = PTHREAD_MUTEX_INITIALIZER, .ident = "muara", .max = LOG_L_INFO};

static const struct {
	const char *name;
	enum log_level level;
} levels[] = {
	{"error", LOG_L_ERROR},
	{"warning", LOG_L_WARN},
	{"notice", LOG_L_NOTICE},
	{"info", LOG_L_INFO},
	{"debug", LOG_L_DEBUG},
};

struct field {
	char key[40];
	char value[256];
};

int log_level_parse(const char *s, enum log_level *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcmp(s, levels[i].name) == 0) {
			*ret = levels[i].level;
			return 0;
		}
	return -EINVAL;
}

static const char *level_name(enum log_level level)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (levels[i].level == level)
			return levels[i].name;
	return "info";
}

/* systemd.exec(5): JOURNAL_STREAM is "device:inode" of the stream it gave us; a redirected stderr
 * is another file. */
bool log_is_journal(const char *journal_stream, int fd)
{
	char ours[64];
	struct stat st;

	if (!journal_stream || fstat(fd, &st))
		return false;
	snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(ours, journal_stream) == 0;
}

void log_open(const char *ident, const char *instance)
{
	pthread_mutex_lock(&log_state.lock);
	snprintf(log_state.ident, sizeof log_state.ident, "%s", ident);
	snprintf(log_state.instance, sizeof log_state.instance, "%s", instance ? instance : "");
	log_state.journal = log_is_journal(getenv("JOURNAL_STREAM"), STDERR_FILENO);
	pthread_mutex_unlock(&log_state.lock);
}

void log_set_level(enum log_level max)
{
	pthread_mutex_lock(&log_state.lock);
	log_state.max = max;
	pthread_mutex_unlock(&log_state.lock);
}

/* Cleans a line in place: whole characters, nothing invisible, nothing personal. */
static void clean(char *text)
{
	const size_t n = strlen(text);

	mask_line(text);
	if (n >= LINE_MAX_BYTES - 1 && strlen(text) > 3)
		memset(text + strlen(text) - 3, '.', 3);
	mask_controls(text); /* a cut may have split a character */
}

/* --- the two ways out ---------------------------------------------------------------------- */

static int to_journal(
	enum log_level level, const char *text, const struct field *fields, size_t n_fields)
{
	char *lines[4 + PAIRS_MAX];
	struct iovec iov[ARRAY_SIZE(lines)];
	size_t n = 0;
	int r;

	lines[n++] = xasprintf("MESSAGE=%s", text);
	lines[n++] = xasprintf("PRIORITY=%d", (int)level);
	lines[n++] = xasprintf("SYSLOG_IDENTIFIER=%s", log_state.ident);
	if (*log_state.instance)
		lines[n++] = xasprintf("MUARA_INSTANCE=%s", log_state.instance);
	for (size_t i = 0; i < n_fields; i++) {
		lines[n] = xasprintf("MUARA_%s=%s", fields[i].key, fields[i].value);
		for (char *c = lines[n]; *c != '='; c++)
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
		n++;
	}
	for (size_t i = 0; i < n; i++)
		iov[i] = (struct iovec){lines[i], strlen(lines[i])};
	r = sd_journal_sendv(iov, (int)n);
	for (size_t i = 0; i < n; i++)
		free(lines[i]);
	return r;
}

static void to_stderr(
	enum log_level level, const char *text, const struct field *fields, size_t n_fields)
{
	_cleanup_json_ json_t *line = json_object();
	_cleanup_free_ char *out = NULL, *whole = NULL;
	char now[TIME_TEXT_SIZE];

	time_format(clock_wall_ms(), now);
	json_set_str(line, "t", now);
	json_set_str(line, "level", level_name(level));
	json_set_str(line, "daemon", log_state.ident);
	if (*log_state.instance)
		json_set_str(line, "instance", log_state.instance);
	json_set_str(line, "msg", text);
	for (size_t i = 0; i < n_fields; i++)
		if (!json_object_get(line, fields[i].key))
			json_set_str(line, fields[i].key, fields[i].value);
	out = json_text(line, NULL);
	whole = xasprintf("%s\n", out);
	(void)fsio_write_all(STDERR_FILENO, whole, strlen(whole)); /* nowhere left to complain */
}

/* Under the lock. */
static void emit(
	enum log_level level, const char *text, const struct field *fields, size_t n_fields)
{
	if (log_state.journal && to_journal(level, text, fields, n_fields) >= 0)
		return;
	to_stderr(level, text, fields, n_fields);
}

/* --- repeats ------------------------------------------------------------------------------- */

static void tell_repeats(struct repeat *r)
{
	char text[LINE_MAX_BYTES];

	if (r->more) {
		snprintf(text, sizeof text, "%s (and %ld times more)", r->text, r->more);
		emit(r->level, text, NULL, 0);
	}
	r->since_ms = 0;
	r->more = 0;
}

static void tell_old_repeats(int64_t now)
{
	for (size_t i = 0; i < REPEAT_SLOTS; i++) {
		struct repeat *r = &log_state.repeats[i];

		if (r->since_ms && (now - r->since_ms >= REPEAT_MS || now < r->since_ms))
			tell_repeats(r);
	}
}

/* True when this line was seen within the last REPEAT_MS: counted there instead. A full table gives
 * up its oldest entry. */
static bool is_repeat(enum log_level level, const char *text, int64_t now)
{
	struct repeat *slot = &log_state.repeats[0];

	if (strlen(text) >= sizeof slot->text)
		return false;
	for (size_t i = 0; i < REPEAT_SLOTS; i++) {
		struct repeat *r = &log_state.repeats[i];

		if (r->since_ms && r->level == level && strcmp(r->text, text) == 0) {
			r->more++;
			return true;
		}
		if (r->since_ms < slot->since_ms)
			slot = r;
	}
	if (slot->since_ms)
		tell_repeats(slot);
	memcpy(slot->text, text, strlen(text) + 1);
	slot->level = level;
	slot->since_ms = MAX(now, 1);
	return false;
}

void log_flush(void)
{
	pthread_mutex_lock(&log_state.lock);
	for (size_t i = 0; i < REPEAT_SLOTS; i++)
		tell_repeats(&log_state.repeats[i]);
	pthread_mutex_unlock(&log_state.lock);
}

void log_tick(void)
{
	pthread_mutex_lock(&log_state.lock);
	tell_old_repeats(clock_mono_ms());
	pthread_mutex_unlock(&log_state.lock);
}

/* --- entries ------------------------------------------------------------------------------- */

void log_line(enum log_level level, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	const int keep = errno; /* a log line must not change what the caller is about to test */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&log_state.lock);
	if (level <= log_state.max) {
		int64_t now = clock_mono_ms();

		clean(text);
		tell_old_repeats(now);
		if (level <= LOG_L_ERROR || !is_repeat(level, text, now))
			emit(level, text, NULL, 0);
	}
	pthread_mutex_unlock(&log_state.lock);
	errno = keep;
}

static void keep(char *to, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);

	memcpy(to, text, n);
	to[n] = '\0';
}

static void add_field(struct field *fields, size_t *n, const char *key, const char *value)
{
	struct field *f = &fields[*n];

	if (*n >= PAIRS_MAX)
		return;
	(*n)++;
	keep(f->key, sizeof f->key, key);
	keep(f->value, sizeof f->value, value ? value : "");
	mask_line(f->value);
}

/* "outcome id=… verdict=… key=value"; a value with a blank or quote is quoted. */
static void outcome_text(const struct field *fields, size_t n, struct buf *out)
{
	buf_adds(out, "outcome");
	for (size_t i = 0; i < n; i++) {
		_cleanup_json_ json_t *quoted = NULL;
		_cleanup_free_ char *text = NULL;

		buf_addc(out, ' ');
		buf_adds(out, fields[i].key);
		buf_addc(out, '=');
		if (fields[i].value[0] && !strpbrk(fields[i].value, " \"\\=")) {
			buf_adds(out, fields[i].value);
			continue;
		}
		quoted = json_str_new(fields[i].value);
		text = json_text(quoted, NULL);
		buf_adds(out, text);
	}
}

void log_outcome(const char *id, const char *verdict, const char *const *pairs)
{
	_cleanup_buf_ struct buf text = BUF_INIT((size_t)PAIRS_MAX * sizeof(struct field) * 2);
	struct field fields[PAIRS_MAX];
	const int keep = errno;
	size_t n = 0;

	add_field(fields, &n, "id", id);
	add_field(fields, &n, "verdict", verdict);
	for (; pairs && pairs[0]; pairs += 2)
		add_field(fields, &n, pairs[0], pairs[1]);
	pthread_mutex_lock(&log_state.lock);
	if (LOG_L_INFO <= log_state.max) {
		outcome_text(fields, n, &text);
		emit(LOG_L_INFO, buf_str(&text), fields, n);
	}
	pthread_mutex_unlock(&log_state.lock);
	errno = keep;
}
