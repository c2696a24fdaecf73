/* fetch: see fetch.h. */
#include "fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include "base/log.h"
#include "base/util.h"
#include "core/outcome.h"

#include "fetched.h"
#include "listing.h"

#define MANIFEST_MAX 4096
#define MANY_ROUNDS  5 /* that failed in a row, whatever it was: a person should look */
#define GONE_MAX     3 /* listed and not there so often: no race, a fault */

struct fetch {
	const struct fetch_conf *conf;
	struct remote *remote;
	int dir;
	struct fetched *ledger;
	struct due *due;
	bool fault;   /* of this round */
	int failures; /* rounds in a row */
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
	return r == -EKEYREJECTED || r == -EPERM || r == -EACCES || r == -ENOENT || r == -EFBIG ||
	       r == -EBADMSG;
}

/* Nothing of the server may be asked for in this round. */
static bool ends_round(int r)
{
	return r == -EKEYREJECTED || r == -EPERM || r == -EBUSY || r == -ECANCELED;
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
	const char *name = f->conf->way->name;
	bool same;

	pthread_mutex_lock(&f->lock);
	same = strcmp(f->state.text, f->trouble) == 0;
	f->state.fault = f->fault;
	snprintf(f->state.text, sizeof(f->state.text), "%s", f->trouble);
	pthread_mutex_unlock(&f->lock);
	if (same)
		return;
	if (!*f->trouble)
		log_notice("%s: all is well again", name);
	else if (f->fault)
		log_error("%s: %s; it stays where it is and is tried again", name, f->trouble);
	else
		log_warn("%s: %s; it is tried again", name, f->trouble);
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

/* The hash that is told of it; "" when none is. */
static int manifest_of(struct fetch *f, const struct listing *l, const struct listing_file *file,
	char ret[SHA256_HEX_SIZE], struct err *e)
{
	const struct listing_file *beside = listing_beside(l, file->name, ".sha256");
	_cleanup_buf_ struct buf b = BUF_INIT(MANIFEST_MAX);
	int r;

	memcpy(ret, file->sha256, SHA256_HEX_SIZE);
	if (*ret || !beside)
		return 0;
	r = f->conf->way->get(f->remote, beside, MANIFEST_MAX, on_text, &b, e);
	if (r)
		return r;
	return listing_manifest(buf_str(&b), b.len, ret)
		       ? err_set(e, -EBADMSG, "its .sha256 is none")
		       : 0;
}

static int too_large(const struct fetch *f, struct err *e)
{
	return err_set(e, -EFBIG, "it is larger than %s.max", f->conf->way->name);
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
	r = f->conf->way->get(f->remote, file, f->conf->max_bytes, on_part, &w, e);
	sha256_end(w.hash, hash);
	if (r)
		return r == -EFBIG ? too_large(f, e) : r;
	if (file->size >= 0 && w.bytes != file->size)
		return err_set(e, -EAGAIN, "it changed while it was fetched");
	hex_encode(hash, sizeof(hash), hex);
	if (*wanted && strcmp(wanted, hex) != 0)
		return err_set(e, -EBADMSG, "it is not what its .sha256, or the list, says");
	return fsync(fd) ? err_sys(e, -errno, "the spool") : 0;
}

static int fetch_file(
	struct fetch *f, const struct listing *l, const struct listing_file *file, struct err *e)
{
	_cleanup_free_ char *part = xasprintf(".%s.part", file->name);
	char wanted[SHA256_HEX_SIZE];
	int r;

	if (file->size > f->conf->max_bytes)
		return too_large(f, e);
	r = manifest_of(f, l, file, wanted, e);
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
	r = fetched_add(f->ledger, file, e);
	CRASH_POINT("after-ledger", 1);
	return r;
}

/* --- a round --- */

static int64_t pause_ms(int failures, int64_t asked_ms)
{
	uint64_t random;

	random_bytes(&random, sizeof(random));
	return due_pause_ms(failures, random, asked_ms);
}

/* A name that is gone since it was listed is nobody's fault, unless that goes on. */
static int failed(
	struct fetch *f, const struct listing_file *file, struct due_entry *s, int r, struct err *e)
{
	int failures = due_failures(s) + 1;

	due_failed(s, clock_mono_ms(), pause_ms(failures, 0));
	if (r == -ENOENT && failures < GONE_MAX)
		r = err_set(e, -EAGAIN, "it is gone since it was listed");
	err_prefix(e, "%s", file->name);
	note(f, r, e->text);
	return ends_round(r) ? r : 0;
}

static bool in_spool(const struct fetch *f, const char *name)
{
	struct stat st;

	return fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Its marker and manifest first: one that stayed would vouch for the next file of that name. Then
 * it leaves the ledger, or that next file might pass for this one. Killed behind that it stays
 * there, read and without a marker, for a person to tidy. */
static int move_all(
	struct fetch *f, const struct listing *l, const struct listing_file *file, struct err *e)
{
	static const char *const companions[] = {".done", ".sha256"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(companions); i++) {
		const struct listing_file *other = listing_beside(l, file->name, companions[i]);

		r = other ? f->conf->way->move(f->remote, other, e) : 0;
		CRASH_POINT("mid-away", 1);
	}
	if (r)
		return r;
	r = fetched_remove(f->ledger, file, e);
	CRASH_POINT("before-away", 1);
	if (r == 0)
		r = f->conf->way->move(f->remote, file, e);
	if (r) { /* still there, and read */
		fetched_back(f->ledger, file);
		return r;
	}
	CRASH_POINT("after-away", 1);
	return 0;
}

/* What was read to its end, away from the server's folder. */
static int put_away(struct fetch *f, const struct listing *l, const struct listing_file *file)
{
	struct err e = {0};
	int r = in_spool(f, file->name) ? 0 : move_all(f, l, file, &e);

	if (r == 0)
		return 0;
	err_prefix(&e, "%s", file->name);
	note(f, r, e.text);
	return ends_round(r) ? r : 0;
}

/* Not 0: the round ends. */
static int consider(struct fetch *f, const struct listing *l, const struct listing_file *file)
{
	struct err e = {0};
	struct due_entry *s;
	int r;

	if (!listing_wanted(file->name, f->conf->files))
		return 0;
	if (fetched_has(f->ledger, file))
		return f->conf->move ? put_away(f, l, file) : 0;
	s = due_see(f->due, l, file, clock_mono_ms());
	if (!due_now(f->due, l, file, s, clock_mono_ms()))
		return 0;
	if (in_spool(f, file->name))
		return 0; /* its earlier content is not read to the end */
	r = fetch_file(f, l, file, &e);
	if (r)
		return failed(f, file, s, r, &e);
	count(f, true);
	log_info("%s: fetched %s", f->conf->way->name, file->name);
	due_fetched(s);
	return 0;
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
	r = f->conf->way->list(f->remote, &l, &e);
	if (r) {
		err_prefix(&e, "the folder cannot be listed");
		note(f, r, e.text);
	}
	for (size_t i = 0; r == 0 && i < l.n && !atomic_load(&f->stop); i++)
		r = consider(f, &l, &l.v[i]);
	if (r == 0 && !atomic_load(&f->stop)) {
		fetched_prune(f->ledger, &l);
		due_round(f->due);
		if (!*f->trouble && due_waits(f->due)) { /* its text must not blink */
			snprintf(f->trouble, sizeof(f->trouble), "%s", before);
			f->fault = fault;
		}
	}
	listing_free(&l);
	f->failures = r ? f->failures + 1 : 0;
	f->fault |= f->failures >= MANY_ROUNDS;
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
	int failures = 0; /* what the next wait goes by */

	while (!atomic_load(&f->stop)) {
		if (round_of(f)) {
			failures += failures < INT_MAX;
			nap(f, pause_ms(failures, f->remote->wait_ms));
		} else {
			failures = 0;
			nap(f, f->conf->every_ms);
		}
	}
	return NULL;
}

static int key_is_private(const struct fetch_conf *c, struct err *e)
{
	_cleanup_free_ char *option =
		xasprintf("%s.%s", c->way->name, c->cert ? "cert_key" : "key");
	struct stat st;

	if (stat(c->key, &st))
		return err_sys(e, -errno, "%s %s", option, c->key);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077))
		return err_set(e, -EPERM, "%s %s: must be a file that only its owner may read",
			option, c->key);
	return 0;
}

static int prepare(struct fetch *f, struct err *e)
{
	int r = f->conf->key ? key_is_private(f->conf, e) : 0;

	if (r)
		return r;
	r = fsio_make_dirs(f->conf->spool, 0700, e);
	if (r)
		return r;
	f->dir = open(f->conf->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir < 0)
		return err_sys(e, -errno, "path %s", f->conf->spool);
	f->ledger = fetched_open(f->dir, f->conf->way->name);
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return err_set(e, -ENOMEM, "libcurl does not start");
	return f->conf->way->open(f->conf, &f->stop, &f->remote, e);
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
	f->due = due_new(c->complete, c->settle_ms);
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
	if (f->remote)
		f->conf->way->close(f->remote);
	fetched_close(f->ledger);
	if (f->dir >= 0)
		close(f->dir);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->cond);
	due_free(f->due);
	free(f);
}
