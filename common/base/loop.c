/* loop: see loop.h.
 *
 * Guarantees: a watch that was removed is never called again, also not in the turn that removed it;
 * a timer armed inside a timer callback runs in the next turn at the earliest, so a timer of 0 ms
 * cannot starve the descriptors; loop_wake before poll(2) is not lost (eventfd).
 * Removed objects are freed at the end of the outermost turn. The descriptor table is rebuilt each
 * turn: a daemon has some tens of them (epoll of libmicrohttpd counts as one), so this costs less
 * than keeping it in step.
 * In the test build a wait is cut at 50 ms when MUARA_CLOCK_FILE is set, so that a turned clock is
 * noticed. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/util.h"

struct loop_fd {
	struct loop *loop;
	struct loop_fd *next;
	loop_fd_fn *fn;
	void *ctx;
	int fd;
	short events;
	bool dead;
};

struct loop_timer {
	struct loop *loop;
	struct loop_timer *next;
	loop_timer_fn *fn;
	void *ctx;
	int64_t due_ms;
	uint64_t seq; /* order of arming: first armed runs first among equals */
	size_t slot;  /* place in the heap + 1; 0 = not armed */
	bool dead;
};

struct loop {
	struct loop_fd *fds;
	struct loop_timer *timers;
	struct loop_timer **heap; /* armed ones, earliest first */
	size_t n_heap, cap_heap, n_fds, cap_polls;
	struct pollfd *polls;
	struct loop_fd **polled;
	uint64_t seq, turns;
	int wake_fd, depth;
	bool stopping, dirty, test_clock;
	void (*on_turn)(void *ctx);
	void *on_turn_ctx;
};

/* --- heap of armed timers --- */

static bool before(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->seq < b->seq;
}

static void heap_put(struct loop *l, size_t i, struct loop_timer *t)
{
	l->heap[i] = t;
	t->slot = i + 1;
}

static void heap_up(struct loop *l, size_t i, struct loop_timer *t)
{
	while (i && before(t, l->heap[(i - 1) / 2])) {
		heap_put(l, i, l->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_put(l, i, t);
}

static void heap_down(struct loop *l, size_t i, struct loop_timer *t)
{
	size_t child;

	while ((child = 2 * i + 1) < l->n_heap) {
		if (child + 1 < l->n_heap && before(l->heap[child + 1], l->heap[child]))
			child++;
		if (!before(l->heap[child], t))
			break;
		heap_put(l, i, l->heap[child]);
		i = child;
	}
	heap_put(l, i, t);
}

static void heap_remove(struct loop *l, struct loop_timer *t)
{
	size_t i = t->slot - 1;
	struct loop_timer *last = l->heap[--l->n_heap];

	t->slot = 0;
	if (last == t)
		return;
	if (i && before(last, l->heap[(i - 1) / 2]))
		heap_up(l, i, last);
	else
		heap_down(l, i, last);
}

/* --- life --- */

static void wake_drain(void *ctx, short revents)
{
	struct loop *l = ctx;
	uint64_t n;

	(void)revents;
	(void)!read(l->wake_fd, &n, sizeof n);
}

struct loop *loop_new(void)
{
	struct loop *l = xcalloc(1, sizeof *l);

	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->wake_fd < 0) { /* out of descriptors before anything was opened */
		free(l);
		return NULL;
	}
#ifdef MUARA_TEST
	l->test_clock = getenv("MUARA_CLOCK_FILE") != NULL;
#endif
	loop_fd_add(l, l->wake_fd, POLLIN, wake_drain, l);
	return l;
}

static void sweep(struct loop *l, bool all)
{
	for (struct loop_fd **p = &l->fds, *w; (w = *p);) {
		if (all || w->dead) {
			*p = w->next;
			l->n_fds--;
			free(w);
		} else {
			p = &w->next;
		}
	}
	for (struct loop_timer **p = &l->timers, *t; (t = *p);) {
		if (all || t->dead) {
			*p = t->next;
			free(t);
		} else {
			p = &t->next;
		}
	}
	l->dirty = false;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	sweep(l, true);
	close(l->wake_fd);
	free(l->heap);
	free(l->polls);
	free(l->polled);
	free(l);
}

/* --- descriptors --- */

struct loop_fd *loop_fd_add(struct loop *l, int fd, short events, loop_fd_fn *fn, void *ctx)
{
	struct loop_fd *w = xcalloc(1, sizeof *w);

	w->loop = l;
	w->fd = fd;
	w->events = events;
	w->fn = fn;
	w->ctx = ctx;
	w->next = l->fds;
	l->fds = w;
	l->n_fds++;
	return w;
}

void loop_fd_events(struct loop_fd *w, short events)
{
	w->events = events;
}

void loop_fd_del(struct loop_fd *w)
{
	if (!w)
		return;
	w->dead = true;
	w->loop->dirty = true;
	if (!w->loop->depth)
		sweep(w->loop, false);
}

/* --- timers --- */

struct loop_timer *loop_timer_new(struct loop *l, loop_timer_fn *fn, void *ctx)
{
	struct loop_timer *t = xcalloc(1, sizeof *t);

	t->loop = l;
	t->fn = fn;
	t->ctx = ctx;
	t->next = l->timers;
	l->timers = t;
	return t;
}

void loop_timer_disarm(struct loop_timer *t)
{
	if (t && t->slot)
		heap_remove(t->loop, t);
}

void loop_timer_arm(struct loop_timer *t, int64_t after_ms)
{
	struct loop *l = t->loop;

	loop_timer_disarm(t);
	t->due_ms = clock_mono_ms() + MAX(after_ms, 0);
	t->seq = l->seq++;
	if (l->n_heap == l->cap_heap) {
		l->cap_heap = l->cap_heap ? 2 * l->cap_heap : 16;
		l->heap = xrealloc(l->heap, l->cap_heap * sizeof(struct loop_timer *));
	}
	heap_up(l, l->n_heap++, t);
}

bool loop_timer_armed(const struct loop_timer *t)
{
	return t->slot != 0;
}

void loop_timer_del(struct loop_timer *t)
{
	if (!t)
		return;
	loop_timer_disarm(t);
	t->dead = true;
	t->loop->dirty = true;
	if (!t->loop->depth)
		sweep(t->loop, false);
}

static void run_timers(struct loop *l)
{
	int64_t now = clock_mono_ms();
	uint64_t limit = l->seq;

	while (l->n_heap && l->heap[0]->due_ms <= now && l->heap[0]->seq < limit) {
		struct loop_timer *t = l->heap[0];

		heap_remove(l, t);
		t->fn(t->ctx);
	}
}

/* --- turning --- */

static int wait_ms(const struct loop *l, int64_t max_wait_ms)
{
	int64_t wait = max_wait_ms < 0 ? INT32_MAX : MIN(max_wait_ms, INT32_MAX);

	if (l->n_heap)
		wait = MIN(wait, MAX(l->heap[0]->due_ms - clock_mono_ms(), 0));
	if (l->test_clock)
		wait = MIN(wait, 50);
	return wait == INT32_MAX ? -1 : (int)wait;
}

static nfds_t fill_polls(struct loop *l)
{
	nfds_t n = 0;

	if (l->n_fds > l->cap_polls) {
		l->cap_polls = 2 * l->n_fds;
		l->polls = xrealloc(l->polls, l->cap_polls * sizeof(struct pollfd));
		l->polled = xrealloc(l->polled, l->cap_polls * sizeof(struct loop_fd *));
	}
	for (struct loop_fd *w = l->fds; w; w = w->next) {
		if (w->dead || !w->events) /* poll(2) would report HUP even without events */
			continue;
		l->polls[n] = (struct pollfd){.fd = w->fd, .events = w->events};
		l->polled[n++] = w;
	}
	return n;
}

/* The tables may be rebuilt by a turn inside a callback: such a turn has then served what was
 * ready, so this one stops. */
static void run_fds(struct loop *l, nfds_t n)
{
	uint64_t turn = l->turns;

	for (nfds_t i = 0; i < n && l->turns == turn; i++) {
		struct loop_fd *w = l->polled[i];

		if (l->polls[i].revents && !w->dead && w->events)
			w->fn(w->ctx, l->polls[i].revents);
	}
}

void loop_turn(struct loop *l, int64_t max_wait_ms)
{
	nfds_t n = fill_polls(l);
	int ready = poll(l->polls, n, wait_ms(l, max_wait_ms));

	l->depth++;
	l->turns++;
	if (ready > 0)
		run_fds(l, n);
	run_timers(l);
	if (l->on_turn)
		l->on_turn(l->on_turn_ctx);
	if (!--l->depth && l->dirty)
		sweep(l, false);
}

void loop_run(struct loop *l)
{
	while (!l->stopping)
		loop_turn(l, -1);
}

void loop_stop(struct loop *l)
{
	l->stopping = true;
	loop_wake(l);
}

bool loop_stopping(const struct loop *l)
{
	return l->stopping;
}

void loop_wake(struct loop *l)
{
	int saved = errno;
	uint64_t one = 1;

	(void)!write(l->wake_fd, &one, sizeof one);
	errno = saved;
}

void loop_on_turn(struct loop *l, void (*fn)(void *ctx), void *ctx)
{
	l->on_turn = fn;
	l->on_turn_ctx = ctx;
}
