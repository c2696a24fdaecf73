/* loop: the one thread of a daemon: file descriptors, timers, deferred calls; poll(2) underneath.
 *
 * Callbacks run to completion and never block for long (the watchdog counts turns). A callback may
 * remove any watch, its own included. Timers are monotonic (clock_mono_ms), fire once; re-arm in
 * the callback to repeat. Owner: the daemon skeleton; single-threaded except loop_wake. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_fd;
struct loop_timer;

typedef void loop_fd_fn(void *ctx, short revents);
typedef void loop_timer_fn(void *ctx);

struct loop *loop_new(void);
void loop_free(struct loop *l); /* NULL-safe; frees what is still registered */

struct loop_fd *loop_fd_add(struct loop *l, int fd, short events, loop_fd_fn *fn, void *ctx);
void loop_fd_events(struct loop_fd *w, short events);
void loop_fd_del(struct loop_fd *w); /* NULL-safe; does not close the fd */

/* A timer object is made once, then armed and disarmed. */
struct loop_timer *loop_timer_new(struct loop *l, loop_timer_fn *fn, void *ctx);
void loop_timer_arm(struct loop_timer *t, int64_t after_ms);
void loop_timer_disarm(struct loop_timer *t);
bool loop_timer_armed(const struct loop_timer *t);
void loop_timer_del(struct loop_timer *t); /* NULL-safe */

/* Runs until loop_stop. loop_turn does one round, waiting at most max_wait_ms (tests, drains). */
void loop_run(struct loop *l);
void loop_turn(struct loop *l, int64_t max_wait_ms);
void loop_stop(struct loop *l);
bool loop_stopping(const struct loop *l);
/* Any thread, async-signal-safe: the loop wakes up. */
void loop_wake(struct loop *l);
/* Called once per turn (the skeleton pats its watchdog there). */
void loop_on_turn(struct loop *l, void (*fn)(void *ctx), void *ctx);
