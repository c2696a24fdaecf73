/* imap: see imap.h. Fields below `lock` are shared, the session is the worker's alone. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/util.h"

#include "imap.h"
#include "imap_session.h"
#include "net_dial.h"

#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS (60 * 1000)
#define TRIES_MAX      3
#define MANY_TRIES     5 /* connections in a row that came to nothing: half a minute or more */

struct imap {
	struct imap_conf c;
	pthread_t thread;
	int to_loop, to_worker; /* eventfds */

	pthread_mutex_t lock;
	pthread_cond_t room; /* the queue got shorter, a rewind, a stop */
	struct imap_mail *queue[IMAP_QUEUE];
	size_t first, n, bytes;
	struct imap_place next; /* behind this the worker reads on */
	uint64_t rewinds, connects;
	bool stopping;
	enum imap_state state;
	char text[512];
	int fd;		    /* a handle on the connection's socket, to cut it; -1 none */
	int64_t busy_since; /* monotonic; 0: nothing is asked */

	/* worker only */
	struct imap_place failing;
	int tries;
};

/* --- both sides --- */

static void signal_fd(int fd)
{
	uint64_t one = 1;

	while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void drain_fd(int fd)
{
	uint64_t n;

	while (read(fd, &n, sizeof(n)) < 0 && errno == EINTR)
		;
}

static void set_state(struct imap *i, enum imap_state state, const char *text)
{
	pthread_mutex_lock(&i->lock);
	i->state = state;
	snprintf(i->text, sizeof(i->text), "%s", text);
	pthread_mutex_unlock(&i->lock);
	signal_fd(i->to_loop);
}

static bool stopping(struct imap *i)
{
	bool yes;

	pthread_mutex_lock(&i->lock);
	yes = i->stopping;
	pthread_mutex_unlock(&i->lock);
	return yes;
}

/* What is asked next has IMAP_COMMAND_MS. */
static void busy(struct imap *i, bool yes)
{
	pthread_mutex_lock(&i->lock);
	i->busy_since = yes ? clock_mono_ms() : 0;
	pthread_mutex_unlock(&i->lock);
}

/* fd -1: the connection is gone. */
static void set_connection(struct imap *i, int fd)
{
	int handle = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	pthread_mutex_lock(&i->lock);
	if (i->fd >= 0)
		close(i->fd);
	i->fd = handle;
	i->busy_since = 0;
	if (i->stopping && handle >= 0)
		shutdown(handle, SHUT_RDWR);
	pthread_mutex_unlock(&i->lock);
}

/* --- worker --- */

/* Until there is news for the worker, on its connection (fd, -1: none) or time has passed. */
static void wait_for(struct imap *i, int fd, int64_t ms)
{
	struct pollfd p[2] = {{.fd = i->to_worker, .events = POLLIN}, {.fd = fd, .events = POLLIN}};

	if (!stopping(i) && poll(p, fd >= 0 ? 2 : 1, (int)MIN(ms, (int64_t)3600 * 1000)) > 0 &&
		p[0].revents)
		drain_fd(i->to_worker);
}

static struct imap_place position(struct imap *i, uint64_t *ret_rewinds)
{
	struct imap_place at;

	pthread_mutex_lock(&i->lock);
	at = i->next;
	*ret_rewinds = i->rewinds;
	pthread_mutex_unlock(&i->lock);
	return at;
}

/* Hands it over, or drops it when the loop has gone back meanwhile. false: stop, or rewound. */
static bool hand_over(struct imap *i, struct imap_mail *m, uint64_t rewinds)
{
	bool taken = false;

	pthread_mutex_lock(&i->lock);
	while (!i->stopping && i->rewinds == rewinds &&
		(i->n == IMAP_QUEUE || (i->n && i->bytes + m->n > IMAP_QUEUE_BYTES)))
		pthread_cond_wait(&i->room, &i->lock);
	if (!i->stopping && i->rewinds == rewinds) {
		i->next = m->at;
		i->queue[(i->first + i->n++) % IMAP_QUEUE] = m;
		i->bytes += m->n;
		taken = true;
	}
	pthread_mutex_unlock(&i->lock);
	if (taken)
		signal_fd(i->to_loop);
	else
		imap_mail_free(m);
	return taken;
}

/* A mail that fails again and again must not stop those behind it. */
static bool give_up(struct imap *i, struct imap_place at)
{
	if (i->failing.validity != at.validity || i->failing.uid != at.uid)
		i->tries = 0;
	i->failing = at;
	return ++i->tries >= TRIES_MAX;
}

static int fetch_one(struct imap *i, struct session *s, struct imap_place at, uint64_t rewinds,
	bool *ret_go_on, struct err *e)
{
	struct imap_mail *m = NULL;
	int r;

	busy(i, true);
	r = session_fetch(s, at.uid, i->c.max_mail_bytes, &m, e);
	busy(i, false);
	*ret_go_on = false;
	if (r) {
		if (stopping(i) || !give_up(i, at))
			return r == -ENOENT ? 0 : r; /* expunged: the next search tells */
		m = xcalloc(1, sizeof(*m));
	}
	m->at = at;
	*ret_go_on = hand_over(i, m, rewinds) && r == 0;
	return r == -ENOENT ? 0 : r;
}

/* One search and what it found; *ret_found: it found something, so look again. */
static int read_new(struct imap *i, struct session *s, bool *ret_found, struct err *e)
{
	uint64_t rewinds;
	struct imap_place at = position(i, &rewinds);
	_cleanup_free_ uint32_t *uids = NULL;
	uint32_t validity;
	bool go_on = true;
	size_t n = 0;
	int r;

	busy(i, true);
	r = session_examine(s, i->c.mailbox, &validity, e);
	if (r == 0 && at.validity != validity)
		at = (struct imap_place){validity, 0};
	if (r == 0)
		r = session_search(s, at.uid, i->c.since_ms, &uids, &n, e);
	busy(i, false);
	*ret_found = n > 0;
	for (size_t k = 0; r == 0 && go_on && k < n && !stopping(i); k++)
		r = fetch_one(i, s, (struct imap_place){validity, uids[k]}, rewinds, &go_on, e);
	return r;
}

/* Until something may be new. */
static int wait_for_news(struct imap *i, struct session *s, struct err *e)
{
	int r;

	set_state(i, IMAP_IDLE, "");
	if (!session_can_idle(s)) {
		wait_for(i, -1, i->c.poll_ms);
		return 0;
	}
	busy(i, true);
	r = session_idle(s, e);
	busy(i, false);
	if (r == 0 && !session_has_data(s) && !session_has_news(s))
		wait_for(i, session_fd(s), i->c.idle_ms);
	busy(i, true);
	if (r == 0)
		r = session_idle_done(s, e);
	busy(i, false);
	return r;
}

static bool rewound(struct imap *i, uint64_t rewinds)
{
	uint64_t now;

	position(i, &now);
	return now != rewinds;
}

/* One connection, until it breaks or the daemon stops. */
static int one_session(struct imap *i, bool *ret_worked, struct err *e)
{
	_cleanup_(session_close) struct session *s = NULL;
	int fd = -1, r = net_dial(i->c.host, i->c.port, i->c.timeout_ms, i->to_worker, &fd, e);

	if (r)
		return r;
	set_connection(i, fd);
	busy(i, true);
	r = session_open(&i->c, fd, &s, e);
	if (r) {
		set_connection(i, -1);
		return r;
	}
	pthread_mutex_lock(&i->lock);
	i->connects++;
	pthread_mutex_unlock(&i->lock);
	while (r == 0 && !stopping(i)) {
		uint64_t rewinds, now;
		uint32_t before = position(i, &rewinds).uid;
		bool found = false;

		set_state(i, IMAP_READING, "");
		r = read_new(i, s, &found, e);
		*ret_worked |= r == 0 || position(i, &now).uid != before;
		if (r == 0 && !found && !stopping(i) && !rewound(i, rewinds) &&
			!session_has_news(s))
			r = wait_for_news(i, s, e);
	}
	set_connection(i, -1);
	return r;
}

static void *work(void *ctx)
{
	struct imap *i = ctx;
	int64_t pause_ms = BACKOFF_MIN_MS;
	int failures = 0;

	while (!stopping(i)) {
		bool worked = false;
		struct err e = {0};
		int r = one_session(i, &worked, &e);

		if (r == 0)
			continue;
		pause_ms = worked ? BACKOFF_MIN_MS : pause_ms;
		failures = worked ? 1 : failures + 1;
		err_prefix(&e, "%s port %d", i->c.host, i->c.port);
		set_state(
			i, r == -EACCES || failures >= MANY_TRIES ? IMAP_ILL : IMAP_FAILED, e.text);
		wait_for(i, -1, pause_ms);
		pause_ms = MIN(2 * pause_ms, (int64_t)BACKOFF_MAX_MS);
	}
	return NULL;
}

/* --- loop --- */

int imap_start(const struct imap_conf *c, struct imap_place from, struct imap **ret, struct err *e)
{
	struct imap *i = xcalloc(1, sizeof(*i));
	int r;

	i->c = *c;
	i->next = from;
	i->fd = -1;
	i->to_loop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	i->to_worker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&i->lock, NULL);
	pthread_cond_init(&i->room, NULL);
	r = i->to_loop < 0 || i->to_worker < 0 ? errno : pthread_create(&i->thread, NULL, work, i);
	if (r) {
		if (i->to_loop >= 0)
			close(i->to_loop);
		if (i->to_worker >= 0)
			close(i->to_worker);
		free(i);
		return err_sys(e, -r, "the mailbox reader's thread");
	}
	*ret = i;
	return 0;
}

static void empty(struct imap *i)
{
	while (i->n) {
		imap_mail_free(i->queue[i->first]);
		i->first = (i->first + 1) % IMAP_QUEUE;
		i->n--;
	}
	i->bytes = 0;
}

void imap_stop(struct imap *i)
{
	if (!i)
		return;
	pthread_mutex_lock(&i->lock);
	i->stopping = true;
	if (i->fd >= 0)
		shutdown(i->fd, SHUT_RDWR); /* nothing half read matters: it is read again */
	pthread_cond_broadcast(&i->room);
	pthread_mutex_unlock(&i->lock);
	signal_fd(i->to_worker);
	pthread_join(i->thread, NULL);
	empty(i);
	close(i->to_loop);
	close(i->to_worker);
	pthread_mutex_destroy(&i->lock);
	pthread_cond_destroy(&i->room);
	free(i);
}

int imap_fd(const struct imap *i)
{
	return i->to_loop;
}

struct imap_mail *imap_next(struct imap *i)
{
	struct imap_mail *m = NULL;

	pthread_mutex_lock(&i->lock);
	if (i->n) {
		m = i->queue[i->first];
		i->first = (i->first + 1) % IMAP_QUEUE;
		i->n--;
		i->bytes -= m->n;
		pthread_cond_signal(&i->room);
	}
	pthread_mutex_unlock(&i->lock);
	return m;
}

void imap_mail_free(struct imap_mail *m)
{
	if (m)
		free(m->bytes);
	free(m);
}

void imap_rewind(struct imap *i, struct imap_place from)
{
	pthread_mutex_lock(&i->lock);
	empty(i);
	i->next = from;
	i->rewinds++;
	pthread_cond_broadcast(&i->room);
	pthread_mutex_unlock(&i->lock);
	signal_fd(i->to_worker);
}

enum imap_state imap_status(struct imap *i, char *text, size_t size, uint64_t *ret_connects)
{
	enum imap_state state;

	drain_fd(i->to_loop);
	pthread_mutex_lock(&i->lock);
	state = i->state;
	snprintf(text, size, "%s", i->text);
	*ret_connects = i->connects;
	pthread_mutex_unlock(&i->lock);
	return state;
}

void imap_watch(struct imap *i)
{
	pthread_mutex_lock(&i->lock);
	if (i->fd >= 0 && i->busy_since && clock_mono_ms() - i->busy_since > IMAP_COMMAND_MS)
		shutdown(i->fd, SHUT_RDWR);
	pthread_mutex_unlock(&i->lock);
}
