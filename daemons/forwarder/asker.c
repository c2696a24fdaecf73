/* asker: see asker.h.
 *
 * Two lists under one lock: questions, which the thread takes from, and answers, which it puts into
 * before it writes an eventfd of the loop. A forgotten question keeps its place and loses its
 * function. The thread's only client for ends is a consumer without assignment; records are read by
 * private clients of base/kafka. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/util.h"

#include "asker.h"

#define ENDS_MS	  3000
#define RECORD_MS 10000

struct question {
	struct question *next;
	const char *topics[ASKER_TOPICS];
	int32_t partition;
	int64_t offset; /* of a record */
	asker_ends_fn *ends_fn;
	asker_record_fn *record_fn;
	void *ctx; /* NULL: forgotten */
	int rc;
	int64_t ends[ASKER_TOPICS];
	char *value;
	size_t len;
	struct err err;
};

struct list {
	struct question *first, **last;
};

struct asker {
	struct kafka_conf conf;
	struct kafka_consumer *consumer;
	struct loop_fd *watch;
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct list asked, answered;
	struct question *now; /* the thread is at it */
	bool stop;
};

static const struct kafka_consumer_ops no_ops;

static void list_init(struct list *l)
{
	*l = (struct list){.last = &l->first};
}

static void list_put(struct list *l, struct question *q)
{
	q->next = NULL;
	*l->last = q;
	l->last = &q->next;
}

static struct question *list_take(struct list *l)
{
	struct question *q = l->first;

	if (!q)
		return NULL;
	l->first = q->next;
	if (!l->first)
		l->last = &l->first;
	return q;
}

static void question_free(struct question *q)
{
	free(q->value);
	free(q);
}

/* --- in the thread --- */

static int keep_value(void *ctx, const struct kafka_record *r)
{
	struct question *q = ctx;

	if (!r->value)
		return 0;
	q->value = xmalloc(r->value_len + 1);
	memcpy(q->value, r->value, r->value_len);
	q->value[r->value_len] = '\0';
	q->len = r->value_len;
	return 0;
}

static void answer(struct asker *a, struct question *q)
{
	if (q->record_fn) {
		q->rc = kafka_read_one(&a->conf, q->topics[0], q->partition, q->offset, keep_value,
			q, RECORD_MS, &q->err);
		if (!q->rc && !q->value)
			q->rc = err_set(&q->err, -ENOENT, "the record was erased");
		return;
	}
	q->rc = kafka_ends(
		a->consumer, q->topics, ASKER_TOPICS, q->partition, q->ends, ENDS_MS, &q->err);
}

static void tell(struct asker *a)
{
	uint64_t one = 1;

	/* A full counter is a wake-up too. */
	while (write(a->fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void *run(void *ctx)
{
	struct asker *a = ctx;
	struct question *q;

	pthread_mutex_lock(&a->lock);
	while (!a->stop) {
		q = list_take(&a->asked);
		if (!q) {
			pthread_cond_wait(&a->more, &a->lock);
			continue;
		}
		a->now = q;
		pthread_mutex_unlock(&a->lock);
		answer(a, q);
		pthread_mutex_lock(&a->lock);
		a->now = NULL;
		list_put(&a->answered, q);
		tell(a);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* --- in the loop --- */

static struct question *take_answer(struct asker *a)
{
	struct question *q;

	pthread_mutex_lock(&a->lock);
	q = list_take(&a->answered);
	pthread_mutex_unlock(&a->lock);
	return q;
}

static void on_answers(void *ctx, short revents)
{
	struct asker *a = ctx;
	struct question *q;
	uint64_t n;

	(void)revents;
	while (read(a->fd, &n, sizeof n) < 0 && errno == EINTR)
		;
	while ((q = take_answer(a))) {
		if (q->ctx && q->ends_fn)
			q->ends_fn(q->ctx, q->rc, q->ends, &q->err);
		else if (q->ctx)
			q->record_fn(q->ctx, q->rc, q->value, q->len, &q->err);
		question_free(q);
	}
}

static void ask(struct asker *a, struct question *q)
{
	pthread_mutex_lock(&a->lock);
	list_put(&a->asked, q);
	pthread_cond_signal(&a->more);
	pthread_mutex_unlock(&a->lock);
}

void asker_ends(struct asker *a, const char *const topics[ASKER_TOPICS], int32_t partition,
	asker_ends_fn *fn, void *ctx)
{
	struct question *q = xcalloc(1, sizeof *q);

	memcpy(q->topics, topics, sizeof q->topics);
	q->partition = partition;
	q->ends_fn = fn;
	q->ctx = ctx;
	ask(a, q);
}

void asker_record(struct asker *a, const char *topic, int32_t partition, int64_t offset,
	asker_record_fn *fn, void *ctx)
{
	struct question *q = xcalloc(1, sizeof *q);

	q->topics[0] = topic;
	q->partition = partition;
	q->offset = offset;
	q->record_fn = fn;
	q->ctx = ctx;
	ask(a, q);
}

void asker_forget(struct asker *a, const void *ctx)
{
	pthread_mutex_lock(&a->lock);
	for (struct question *q = a->asked.first; q; q = q->next)
		q->ctx = q->ctx == ctx ? NULL : q->ctx;
	for (struct question *q = a->answered.first; q; q = q->next)
		q->ctx = q->ctx == ctx ? NULL : q->ctx;
	if (a->now && a->now->ctx == ctx)
		a->now->ctx = NULL;
	pthread_mutex_unlock(&a->lock);
}

/* --- life --- */

static int start_thread(struct asker *a)
{
	sigset_t all, before;
	int r;

	sigfillset(&all); /* signals are the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&a->thread, NULL, run, a);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

static void release(struct asker *a)
{
	struct question *q;

	while ((q = list_take(&a->asked)) || (q = list_take(&a->answered)))
		question_free(q);
	kafka_consumer_close(a->consumer);
	loop_fd_del(a->watch);
	if (a->fd >= 0)
		close(a->fd);
	pthread_cond_destroy(&a->more);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

int asker_open(struct loop *l, const struct kafka_conf *c, struct asker **ret, struct err *e)
{
	struct kafka_consumer_conf cc = {.common = *c, .ops = &no_ops};
	struct asker *a = xcalloc(1, sizeof *a);
	int r;

	a->conf = *c;
	list_init(&a->asked);
	list_init(&a->answered);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->more, NULL);
	a->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = a->fd < 0 ? err_sys(e, -errno, "eventfd")
		      : kafka_consumer_open(l, &cc, &a->consumer, e);
	if (!r) {
		a->watch = loop_fd_add(l, a->fd, POLLIN, on_answers, a);
		r = start_thread(a);
		if (r)
			err_sys(e, r, "starting a thread");
	}
	if (r) {
		release(a);
		return r;
	}
	*ret = a;
	return 0;
}

void asker_close(struct asker *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->more);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	release(a);
}
