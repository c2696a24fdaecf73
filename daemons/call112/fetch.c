/* fetch: see fetch.h. */
#include "fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/crypto.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "core/outcome.h"

#include "listing.h"
#include "sftp.h"

#define LEDGER	      ".fetched.json"
#define LISTING_MAX   (16 * 1024 * 1024)
#define LEDGER_MAX    (16 * 1024 * 1024)
#define MANIFEST_MAX  4096
#define AGAIN_MS      1000
#define AGAIN_MOST_MS (5 * 60 * 1000)
#define FAILURES_MAX  20 /* more change no wait */

const char *const fetch_complete_choices[] = {"stable", "marker", "sha256", NULL};

struct seen { /* a file that is listed and not fetched */
	char name[LISTING_NAME_MAX + 1];
	char stamp[2 * LISTING_STAMP_MAX];
	int64_t since_ms, not_before_ms;
	int failures;
	bool listed;
};

struct fetch {
	const struct fetch_conf *conf;
	struct sftp *sftp;
	int dir;
	json_t *ledger; /* name -> stamp */
	struct seen *seen;
	size_t n_seen;
	bool fault; /* of this round */
	char trouble[200];
	atomic_bool stop;
	bool running;
	pthread_t thread;
	pthread_mutex_t lock; /* state; cond wakes the sleeper */
	pthread_cond_t cond;
	struct fetch_state state;
};

/* --- configuration --- */

const char *fetch_url_fault(const char *url)
{
	const char *host, *slash;

	if (strncmp(url, "sftp://", strlen("sftp://")) != 0)
		return "must begin with sftp://";
	host = url + strlen("sftp://");
	slash = strchr(host, '/');
	if (!slash || slash == host || *host == ':')
		return "must name a host and a folder: sftp://host/folder";
	if (strpbrk(url, "?#@ "))
		return "must be without ?, #, @ and blanks: the user is sftp.user";
	return NULL;
}

bool fetch_fingerprint_ok(const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return strncmp(text, "SHA256:", 7) == 0 && strlen(text) == 7 + 43 &&
	       strspn(text + 7, digits) == 43;
}

/* --- what the loop sees --- */

void fetch_look(struct fetch *f, struct fetch_state *ret)
{
	pthread_mutex_lock(&f->lock);
	*ret = f->state;
	pthread_mutex_unlock(&f->lock);
}

static void count(struct fetch *f, bool ok)
{
	pthread_mutex_lock(&f->lock);
	f->state.fetched += ok;
	f->state.again += !ok;
	pthread_mutex_unlock(&f->lock);
}

static bool needs_person(int r)
{
	return r == -EKEYREJECTED || r == -EACCES || r == -ENOENT || r == -EFBIG || r == -EBADMSG;
}

/* The first of a round is the one that is told. */
static void note(struct fetch *f, int r, const char *text)
{
	if (r == -ECANCELED)
		return;
	count(f, false);
	if (*f->trouble && (f->fault || !needs_person(r)))
		return;
	f->fault = needs_person(r);
	snprintf(f->trouble, sizeof(f->trouble), "%s", text);
}

/* Said once until something else is wrong, or nothing is. */
static void tell(struct fetch *f)
{
	bool same;

	pthread_mutex_lock(&f->lock);
	same = strcmp(f->state.text, f->trouble) == 0;
	f->state.fault = f->fault;
	snprintf(f->state.text, sizeof(f->state.text), "%s", f->trouble);
	pthread_mutex_unlock(&f->lock);
	if (same)
		return;
	if (!*f->trouble)
		log_notice("sftp: all is well again");
	else if (f->fault)
		log_error("sftp: %s; it stays where it is and is tried again", f->trouble);
	else
		log_warn("sftp: %s; it is tried again", f->trouble);
}

/* --- ledger --- */

static void read_ledger(struct fetch *f)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = openat(f->dir, LEDGER, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct err e = {0};
	size_t n;

	if (fd >= 0 && fsio_read_fd(fd, LEDGER, LEDGER_MAX, &text, &n, &e) == 0 &&
		json_parse(text, n, LEDGER_MAX, &f->ledger, &e) == 0 && json_is_object(f->ledger))
		return;
	if (e.code)
		log_warn("sftp: the ledger of what was fetched is not readable, all is fetched "
			 "again: %s",
			e.text);
	json_decref(f->ledger);
	f->ledger = json_object();
}

static int write_ledger(struct fetch *f, struct err *e)
{
	_cleanup_free_ char *text = NULL;
	size_t n;

	text = json_text(f->ledger, &n);
	return fsio_write_atomic_at(f->dir, LEDGER, text, n, 0600, e);
}

/* What the server has no more is no more to be known. */
static void prune_ledger(struct fetch *f, const struct listing *l)
{
	const char *name;
	json_t *stamp;
	void *next;

	json_object_foreach_safe (f->ledger, next, name, stamp) {
		if (!listing_find(l, name))
			json_object_del(f->ledger, name);
	}
}

/* --- one file --- */

struct writing {
	int fd;
	struct sha256 *hash;
	int64_t bytes;
};

static int on_part(void *ctx, const void *p, size_t n)
{
	struct writing *w = ctx;

	sha256_add(w->hash, p, n);
	w->bytes += (int64_t)n;
	CRASH_POINT("part-written", 1);
	return fsio_write_all(w->fd, p, n);
}

static int on_text(void *ctx, const void *p, size_t n)
{
	struct buf *b = ctx;

	return buf_add(b, p, n);
}

/* The hash its manifest tells; "" when it has none. */
static int manifest_of(struct fetch *f, const struct listing *l, const char *name,
	char ret[SHA256_HEX_SIZE], struct err *e)
{
	_cleanup_free_ char *beside = xasprintf("%s.sha256", name);
	_cleanup_buf_ struct buf b = BUF_INIT(MANIFEST_MAX);
	int r;

	ret[0] = '\0';
	if (!listing_find(l, beside))
		return 0;
	r = sftp_get(f->sftp, beside, MANIFEST_MAX, on_text, &b, e);
	if (r)
		return r;
	return listing_manifest(buf_str(&b), b.len, ret)
		       ? err_set(e, -EBADMSG, "its .sha256 is none")
		       : 0;
}

/* Into .name.part, durable; checked. */
static int bring(struct fetch *f, const struct listing_file *file, const char *part,
	const char *wanted, struct err *e)
{
	_cleanup_close_ int fd =
		openat(f->dir, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct writing w = {.fd = fd};
	uint8_t hash[SHA256_SIZE];
	char hex[SHA256_HEX_SIZE];
	int r;

	if (fd < 0)
		return err_sys(e, -errno, "the spool");
	w.hash = sha256_new();
	r = sftp_get(f->sftp, file->name, f->conf->max_bytes, on_part, &w, e);
	sha256_end(w.hash, hash);
	if (r)
		return r;
	if (w.bytes != file->size)
		return err_set(e, -EAGAIN, "it changed while it was fetched");
	hex_encode(hash, sizeof(hash), hex);
	if (*wanted && strcmp(wanted, hex) != 0)
		return err_set(e, -EBADMSG, "it is not what its .sha256 says");
	return fsync(fd) ? err_sys(e, -errno, "the spool") : 0;
}

static int fetch_file(
	struct fetch *f, const struct listing *l, const struct listing_file *file, struct err *e)
{
	_cleanup_free_ char *part = xasprintf(".%s.part", file->name);
	char wanted[SHA256_HEX_SIZE];
	int r;

	if (file->size > f->conf->max_bytes)
		return err_set(e, -EFBIG, "it is larger than sftp.max");
	r = manifest_of(f, l, file->name, wanted, e);
	if (r == 0)
		r = bring(f, file, part, wanted, e);
	if (r) {
		(void)unlinkat(f->dir, part, 0);
		return r;
	}
	CRASH_POINT("before-spool", 1);
	if (renameat(f->dir, part, f->dir, file->name) || fsync(f->dir))
		return err_sys(e, -errno, "the spool");
	CRASH_POINT("after-spool", 1);
	json_set_str(f->ledger, file->name, file->stamp);
	r = write_ledger(f, e);
	CRASH_POINT("after-ledger", 1);
	return r;
}

/* --- which are due --- */

/* Its entry, with the time since when it looks as it does. */
static struct seen *see(struct fetch *f, const struct listing *l, const struct listing_file *file)
{
	const struct listing_file *manifest = listing_beside(l, file->name, ".sha256");
	char stamp[2 * LISTING_STAMP_MAX];
	struct seen *s = NULL;

	snprintf(stamp, sizeof(stamp), "%s %s", file->stamp, manifest ? manifest->stamp : "");
	for (size_t i = 0; i < f->n_seen && !s; i++)
		if (strcmp(f->seen[i].name, file->name) == 0)
			s = &f->seen[i];
	if (!s) {
		f->seen = xrealloc(f->seen, (f->n_seen + 1) * sizeof(*f->seen));
		s = &f->seen[f->n_seen++];
		*s = (struct seen){0};
		snprintf(s->name, sizeof(s->name), "%s", file->name);
	}
	if (strcmp(s->stamp, stamp) != 0) {
		snprintf(s->stamp, sizeof(s->stamp), "%s", stamp);
		s->since_ms = clock_mono_ms();
		s->not_before_ms = 0;
		s->failures = 0;
	}
	s->listed = true;
	return s;
}

static bool complete(const struct fetch *f, const struct listing *l, const struct seen *s)
{
	switch (f->conf->complete) {
	case FETCH_MARKER:
		return listing_beside(l, s->name, ".done") != NULL;
	case FETCH_SHA256:
		return listing_beside(l, s->name, ".sha256") != NULL;
	case FETCH_STABLE:
		break;
	}
	return clock_mono_ms() - s->since_ms >= f->conf->settle_ms;
}

static bool fetched(const struct fetch *f, const struct listing_file *file)
{
	const char *stamp = json_str(f->ledger, file->name);

	return stamp && strcmp(stamp, file->stamp) == 0;
}

static int64_t back_off(int *failures)
{
	uint64_t random;

	random_bytes(&random, sizeof(random));
	*failures = MIN(*failures + 1, FAILURES_MAX);
	return AGAIN_MS / 2 + backoff_ms(AGAIN_MS, AGAIN_MOST_MS, *failures, random);
}

/* Not 0: the connection is no good, the round ends. */
static int consider(struct fetch *f, const struct listing *l, const struct listing_file *file)
{
	struct err e = {0};
	struct stat st;
	struct seen *s;
	int r;

	if (!listing_wanted(file->name, f->conf->files) || fetched(f, file))
		return 0;
	s = see(f, l, file);
	if (!complete(f, l, s) || clock_mono_ms() < s->not_before_ms)
		return 0;
	if (fstatat(f->dir, file->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0; /* its earlier content is not read to the end */
	r = fetch_file(f, l, file, &e);
	if (r == 0) {
		count(f, true);
		log_info("sftp: fetched %s", file->name);
		s->listed = false;
		return 0;
	}
	err_prefix(&e, "%s", file->name);
	note(f, r, e.text);
	s->not_before_ms = clock_mono_ms() + back_off(&s->failures);
	return r == -EKEYREJECTED || r == -ECANCELED ? r : 0;
}

static void forget_unlisted(struct fetch *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_seen; i++)
		if (f->seen[i].listed)
			f->seen[n++] = f->seen[i];
	f->n_seen = n;
	for (size_t i = 0; i < n; i++)
		f->seen[i].listed = false;
}

/* Faults of files that wait for their next try hold on: their text must not blink. */
static bool waits(const struct fetch *f)
{
	for (size_t i = 0; i < f->n_seen; i++)
		if (f->seen[i].not_before_ms)
			return true;
	return false;
}

static int list(struct fetch *f, struct listing *ret, struct err *e)
{
	_cleanup_buf_ struct buf b = BUF_INIT(LISTING_MAX);
	int r = sftp_get(f->sftp, NULL, LISTING_MAX, on_text, &b, e);

	if (r == 0)
		listing_read(buf_str(&b), b.len, ret);
	return r;
}

static int round_of(struct fetch *f)
{
	char before[sizeof(f->trouble)];
	bool fault = f->fault;
	struct listing l = {0};
	struct err e = {0};
	int r;

	snprintf(before, sizeof(before), "%s", f->trouble);
	f->trouble[0] = '\0';
	f->fault = false;
	r = list(f, &l, &e);
	if (r) {
		err_prefix(&e, "the folder cannot be listed");
		note(f, r, e.text);
	} else if (l.strange && !l.n) {
		note(f, -EBADMSG, "the server lists its folder in a form that is not known");
	}
	for (size_t i = 0; r == 0 && i < l.n && !atomic_load(&f->stop); i++)
		r = consider(f, &l, &l.v[i]);
	if (r == 0 && !atomic_load(&f->stop)) {
		prune_ledger(f, &l);
		forget_unlisted(f);
		if (!*f->trouble && waits(f)) {
			snprintf(f->trouble, sizeof(f->trouble), "%s", before);
			f->fault = fault;
		}
	}
	listing_free(&l);
	if (!atomic_load(&f->stop))
		tell(f);
	return r;
}

/* --- the thread --- */

static void nap(struct fetch *f, int64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&f->lock);
	while (!atomic_load(&f->stop) &&
		pthread_cond_timedwait(&f->cond, &f->lock, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&f->lock);
}

static void *work(void *ctx)
{
	struct fetch *f = ctx;
	int failures = 0;

	while (!atomic_load(&f->stop)) {
		if (round_of(f)) {
			nap(f, back_off(&failures));
		} else {
			failures = 0;
			nap(f, f->conf->every_ms);
		}
	}
	return NULL;
}

static int key_is_private(const char *key, struct err *e)
{
	struct stat st;

	if (stat(key, &st))
		return err_sys(e, -errno, "sftp.key %s", key);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077))
		return err_set(
			e, -EPERM, "sftp.key %s: must be a file that only its owner may read", key);
	return 0;
}

static int prepare(struct fetch *f, struct err *e)
{
	int r = f->conf->key ? key_is_private(f->conf->key, e) : 0;

	if (r)
		return r;
	r = fsio_make_dirs(f->conf->spool, 0700, e);
	if (r)
		return r;
	f->dir = open(f->conf->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir < 0)
		return err_sys(e, -errno, "path %s", f->conf->spool);
	read_ledger(f);
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return err_set(e, -ENOMEM, "libcurl does not start");
	return sftp_open(f->conf, &f->stop, &f->sftp, e);
}

static int begin(struct fetch *f, struct err *e)
{
	sigset_t all, before;
	int r;

	sigfillset(&all); /* signals are the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&f->thread, NULL, work, f);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r ? err_sys(e, -r, "a thread to fetch files") : 0;
}

int fetch_open(const struct fetch_conf *c, struct fetch **ret, struct err *e)
{
	struct fetch *f = xcalloc(1, sizeof(*f));
	pthread_condattr_t attr;
	int r;

	f->conf = c;
	f->dir = -1;
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->cond, &attr);
	pthread_condattr_destroy(&attr);
	r = prepare(f, e);
	if (r == 0)
		r = begin(f, e);
	if (r) {
		fetch_close(f);
		return r;
	}
	f->running = true;
	*ret = f;
	return 0;
}

void fetch_stop(struct fetch *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	atomic_store(&f->stop, true);
	pthread_cond_signal(&f->cond);
	pthread_mutex_unlock(&f->lock);
}

void fetch_close(struct fetch *f)
{
	if (!f)
		return;
	fetch_stop(f);
	if (f->running)
		pthread_join(f->thread, NULL);
	sftp_close(f->sftp);
	json_decref(f->ledger);
	if (f->dir >= 0)
		close(f->dir);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->cond);
	free(f->seen);
	free(f);
}
