/* The loop: removal inside callbacks, order of timers, wake from a thread, fairness of 0 ms timers.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/util.h"

struct seen {
	struct loop *loop;
	struct loop_fd *self, *other;
	struct loop_timer *timer;
	int calls, turns;
	char order[16];
};

static void on_fd_del_both(void *ctx, short revents)
{
	struct seen *s = ctx;

	assert_true(revents & POLLIN);
	s->calls++;
	loop_fd_del(s->self);
	loop_fd_del(s->other);
}

static void removed_watch_is_not_called(void **state)
{
	struct seen a = {0}, b = {0};
	int p[2];

	(void)state;
	a.loop = b.loop = loop_new();
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	a.self = b.other = loop_fd_add(a.loop, p[0], POLLIN, on_fd_del_both, &a);
	b.self = a.other = loop_fd_add(a.loop, p[0], POLLIN, on_fd_del_both, &b);
	loop_turn(a.loop, 1000);
	loop_turn(a.loop, 0);
	assert_int_equal(a.calls + b.calls, 1);
	loop_free(a.loop);
	close(p[0]);
	close(p[1]);
}

static void on_fd_nested(void *ctx, short revents)
{
	struct seen *s = ctx;
	char c;

	(void)revents;
	s->calls++;
	assert_int_equal(read(*(int *)(void *)s->order, &c, 1), 1);
	for (int i = 0; i < 40; i++) /* the tables grow while the outer turn walks them */
		loop_fd_add(s->loop, *(int *)(void *)s->order, POLLIN, on_fd_nested, s);
	loop_turn(s->loop, 0);
}

static void a_turn_inside_a_callback(void **state)
{
	struct seen s = {0};
	int p[2];

	(void)state;
	s.loop = loop_new();
	assert_int_equal(pipe(p), 0);
	*(int *)(void *)s.order = p[0];
	assert_int_equal(write(p[1], "x", 1), 1);
	loop_fd_add(s.loop, p[0], POLLIN, on_fd_nested, &s);
	loop_fd_add(s.loop, p[0], POLLIN, on_fd_nested, &s);
	loop_turn(s.loop, 1000);
	assert_int_equal(s.calls, 1);
	loop_free(s.loop);
	close(p[0]);
	close(p[1]);
}

static void mute_watch_sleeps(void **state)
{
	struct seen s = {0};
	struct loop_fd *w;
	int p[2];

	(void)state;
	s.loop = loop_new();
	assert_int_equal(pipe(p), 0);
	close(p[1]); /* hung up: poll(2) reports it always */
	w = loop_fd_add(s.loop, p[0], 0, on_fd_del_both, &s);
	loop_turn(s.loop, 0);
	assert_int_equal(s.calls, 0);
	loop_fd_del(w);
	loop_free(s.loop);
	close(p[0]);
}

static char timer_log[32];
static size_t timer_n;

static void note(void *ctx)
{
	if (timer_n < sizeof timer_log - 1)
		timer_log[timer_n++] = *(const char *)ctx;
}

static void timers_run_in_order(void **state)
{
	struct loop *l = loop_new();
	struct loop_timer *t[6];
	char name[] = "abcdef";
	const int after[] = {30, 10, 20, 10, 0, 5};

	(void)state;
	timer_n = 0;
	memset(timer_log, 0, sizeof timer_log);
	for (int i = 0; i < 6; i++) {
		t[i] = loop_timer_new(l, note, &name[i]);
		loop_timer_arm(t[i], after[i]);
	}
	loop_timer_disarm(t[2]);
	assert_false(loop_timer_armed(t[2]));
	loop_timer_arm(t[5], 20); /* moved */
	for (int64_t end = clock_mono_ms() + 2000; timer_n < 5 && clock_mono_ms() < end;)
		loop_turn(l, 100);
	assert_string_equal(timer_log, "ebdfa");
	assert_false(loop_timer_armed(t[0]));
	for (int i = 0; i < 6; i++)
		loop_timer_del(t[i]);
	loop_timer_del(NULL);
	loop_free(l);
}

static void many_timers_keep_the_heap(void **state)
{
	enum { N = 200 };
	struct loop *l = loop_new();
	struct loop_timer *t[N];
	char x = 'x';
	unsigned seed = 7;

	(void)state;
	timer_n = 0;
	for (int i = 0; i < N; i++)
		t[i] = loop_timer_new(l, note, &x);
	for (int i = 0; i < 4000; i++) {
		seed = seed * 1103515245u + 12345u;
		if (seed >> 16 & 3)
			loop_timer_arm(t[(seed >> 8) % N], (int)(seed >> 20) % 50 + 60000);
		else
			loop_timer_disarm(t[(seed >> 8) % N]);
	}
	for (int i = 0; i < N; i += 2)
		loop_timer_del(t[i]);
	loop_turn(l, 0);
	assert_int_equal(timer_n, 0);
	loop_free(l); /* the odd ones are freed with it */
}

static void rearm(void *ctx)
{
	struct seen *s = ctx;

	s->calls++;
	loop_timer_arm(s->timer, 0);
}

static void turn_counter(void *ctx)
{
	((struct seen *)ctx)->turns++;
}

static void zero_timer_runs_once_a_turn(void **state)
{
	struct seen s = {0};

	(void)state;
	s.loop = loop_new();
	s.timer = loop_timer_new(s.loop, rearm, &s);
	loop_on_turn(s.loop, turn_counter, &s);
	loop_timer_arm(s.timer, 0);
	for (int i = 0; i < 5; i++)
		loop_turn(s.loop, 1000);
	assert_int_equal(s.calls, 5);
	assert_int_equal(s.turns, 5);
	loop_free(s.loop);
}

static void delete_self(void *ctx)
{
	struct seen *s = ctx;

	s->calls++;
	loop_timer_del(s->timer);
}

static void timer_deletes_itself(void **state)
{
	struct seen s = {0};

	(void)state;
	s.loop = loop_new();
	s.timer = loop_timer_new(s.loop, delete_self, &s);
	loop_timer_arm(s.timer, 0);
	loop_turn(s.loop, 1000);
	loop_turn(s.loop, 0);
	assert_int_equal(s.calls, 1);
	loop_free(s.loop);
}

static void *stopper(void *arg)
{
	usleep(50000);
	loop_stop(arg);
	return NULL;
}

static void a_thread_wakes_the_loop(void **state)
{
	struct loop *l = loop_new();
	pthread_t t;

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, stopper, l), 0);
	loop_run(l); /* nothing else would end it */
	assert_true(loop_stopping(l));
	pthread_join(t, NULL);
	loop_wake(l); /* before poll: not lost */
	int64_t at = clock_mono_ms();
	loop_turn(l, 60000);
	assert_true(clock_mono_ms() - at < 50000);
	loop_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removed_watch_is_not_called),
		cmocka_unit_test(a_turn_inside_a_callback),
		cmocka_unit_test(mute_watch_sleeps),
		cmocka_unit_test(timers_run_in_order),
		cmocka_unit_test(many_timers_keep_the_heap),
		cmocka_unit_test(zero_timer_runs_once_a_turn),
		cmocka_unit_test(timer_deletes_itself),
		cmocka_unit_test(a_thread_wakes_the_loop),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
