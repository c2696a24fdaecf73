/* kafka_conf: settings, error codes, wake-ups and the bounded end of a client (kafka.h).
 *
 * Guarantees: a setting the promises rest on cannot come in by `extra`; no client's end can hang
 * the daemon. Known gap: a client whose destroy hangs (2.0.x does, on a leaked list or with an
 * unreachable coordinator) is left to a detached thread, its memory lost until the process ends,
 * which is close by then: clients are closed at stop or when a lane starts a new producer. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/kafka_private.h"
#include "base/log.h"

static const struct {
	rd_kafka_resp_err_t err;
	int code;
} codes[] = {
	{RD_KAFKA_RESP_ERR_NO_ERROR, 0},
	{RD_KAFKA_RESP_ERR__QUEUE_FULL, -ENOBUFS},
	{RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, -ETIMEDOUT},
	{RD_KAFKA_RESP_ERR__TIMED_OUT, -ETIMEDOUT},
	{RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, -ETIMEDOUT},
	{RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, -ETIMEDOUT},
	{RD_KAFKA_RESP_ERR__PURGE_QUEUE, -ECANCELED},
	{RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, -ECANCELED},
	{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, -EMSGSIZE},
	{RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, -EMSGSIZE},
	{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, -ENOENT},
	{RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, -ENOENT},
	{RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, -ENOENT},
	{RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, -EEXIST},
	{RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, -ERANGE},
	{RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, -ERANGE},
	{RD_KAFKA_RESP_ERR__NO_OFFSET, -ERANGE},
	{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, -EACCES},
	{RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, -EACCES},
	{RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, -EACCES},
	{RD_KAFKA_RESP_ERR_POLICY_VIOLATION, -EPERM},
	{RD_KAFKA_RESP_ERR_INVALID_CONFIG, -EINVAL},
	{RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, -EINVAL},
	{RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, -EINVAL},
	{RD_KAFKA_RESP_ERR__INVALID_ARG, -EINVAL},
	{RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, -EHOSTDOWN},
	{RD_KAFKA_RESP_ERR__TRANSPORT, -EHOSTDOWN},
};

/* Prefixes and names `extra` may not touch. */
static const char *const fixed[] = {"bootstrap.servers", "metadata.broker.list", "enable.", "acks",
	"request.required.acks", "isolation.level", "auto.", "partition.assignment.strategy",
	"group.", "message.timeout.ms", "delivery.timeout.ms", "transactional.id", "retries",
	"message.send.max.retries", "max.in.flight", "plugin.", "offset."};

int kafka_errno(rd_kafka_resp_err_t err)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (codes[i].err == err)
			return codes[i].code;
	}
	return -EIO;
}

int kafka_err_set(struct err *e, rd_kafka_resp_err_t err, const char *what)
{
	return err_set(e, kafka_errno(err), "%s: %s", what, rd_kafka_err2str(err));
}

static int set_one(rd_kafka_conf_t *conf, const char *key, const char *value, struct err *e)
{
	char text[256];

	if (rd_kafka_conf_set(conf, key, value, text, sizeof text) == RD_KAFKA_CONF_OK)
		return 0;
	return err_set(e, -EINVAL, "Kafka setting %s: %s", key, text);
}

int kafka_conf_pairs(rd_kafka_conf_t *conf, const char *const *pairs, struct err *e)
{
	int r = 0;

	for (; pairs && pairs[0] && !r; pairs += 2)
		r = set_one(conf, pairs[0], pairs[1], e);
	return r;
}

int kafka_conf_int(rd_kafka_conf_t *conf, const char *key, int64_t v, struct err *e)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)v);
	return set_one(conf, key, text, e);
}

static int check_extra(const char *const *extra, struct err *e)
{
	for (; extra && extra[0]; extra += 2) {
		for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
			if (!strncmp(extra[0], fixed[i], strlen(fixed[i])))
				return err_set(e, -EINVAL,
					"Kafka setting %s is fixed by Muara: remove it", extra[0]);
		}
	}
	return 0;
}

/* Any thread. librdkafka repeats itself at every attempt; what a person needs is logged by
 * kafka_link_*. */
static void on_log(const rd_kafka_t *rk, int level, const char *fac, const char *text)
{
	(void)rk;
	log_debug("librdkafka %d %s: %s", level, fac, text);
}

rd_kafka_conf_t *kafka_conf_new(const struct kafka_conf *c, struct err *e)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const char *const own[] = {"bootstrap.servers", c->brokers ? c->brokers : "", "client.id",
		c->client_id ? c->client_id : "muara", "socket.keepalive.enable", "true",
		"log.connection.close", "false", "reconnect.backoff.ms", "100",
		"reconnect.backoff.max.ms", "3000", NULL};

	if (!kafka_conf_pairs(conf, own, e) && !check_extra(c->extra, e) &&
		!kafka_conf_pairs(conf, c->extra, e)) {
		rd_kafka_conf_set_log_cb(conf, on_log);
		return conf;
	}
	rd_kafka_conf_destroy(conf);
	return NULL;
}

rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct err *e)
{
	char text[256];
	rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof text);

	if (rk)
		return rk;
	rd_kafka_conf_destroy(conf);
	err_set(e, -EINVAL, "Kafka client: %s", text);
	return NULL;
}

/* --- wake-ups --- */

static void on_wake(void *ctx, short revents)
{
	struct kafka_wake *w = ctx;
	uint64_t n;

	(void)revents;
	(void)!read(w->fd, &n, sizeof n); /* before serving: what comes meanwhile wakes again */
	w->fn(w->ctx);
}

static void on_tick(void *ctx)
{
	struct kafka_wake *w = ctx;

	loop_timer_arm(w->tick, KAFKA_TICK_MS); /* fn may ask for sooner */
	w->fn(w->ctx);
}

int kafka_wake_open(struct kafka_wake *w, struct loop *l, rd_kafka_queue_t *queue,
	void (*fn)(void *ctx), void *ctx, struct err *e)
{
	static const uint64_t one = 1;

	w->queue = queue;
	w->fn = fn;
	w->ctx = ctx;
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd < 0) {
		int r = err_sys(e, -errno, "Kafka client: eventfd");

		rd_kafka_queue_destroy(TAKE_PTR(w->queue));
		return r;
	}
	w->watch = loop_fd_add(l, w->fd, POLLIN, on_wake, w);
	w->tick = loop_timer_new(l, on_tick, w);
	rd_kafka_queue_io_event_enable(queue, w->fd, &one, sizeof one);
	kafka_wake_soon(w);
	return 0;
}

void kafka_wake_soon(struct kafka_wake *w)
{
	loop_timer_arm(w->tick, 0);
}

void kafka_wake_close(struct kafka_wake *w)
{
	if (!w->queue)
		return;
	/* First, or a thread of librdkafka writes into whatever gets this number next. */
	rd_kafka_queue_io_event_enable(w->queue, -1, NULL, 0);
	rd_kafka_queue_destroy(TAKE_PTR(w->queue));
	loop_fd_del(TAKE_PTR(w->watch));
	loop_timer_del(TAKE_PTR(w->tick));
	close(w->fd);
	w->fd = -1;
}

/* --- brokers away or back --- */

static int links_down; /* loop thread, as all of a link */

void kafka_link_error(struct kafka_link *l, int err, const char *reason)
{
	if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		log_debug("kafka %s: %s", l->who, reason);
		return;
	}
	if (!l->down)
		log_warn("kafka %s: no broker can be reached; waiting (%s)", l->who, reason);
	links_down += !l->down;
	l->down = true;
}

void kafka_link_end(struct kafka_link *l)
{
	links_down -= l->down;
	l->down = false;
	kafka_link_topic(l, NULL);
}

bool kafka_away(void)
{
	return links_down > 0;
}

void kafka_link_up(struct kafka_link *l)
{
	if (l->down)
		log_notice("kafka %s: broker is back", l->who);
	links_down -= l->down;
	l->down = false;
}

/* The one that was told last; a daemon has one group. */
static const struct kafka_link *without_topic; /* loop thread, as all of a link */
static char no_topic[320];

void kafka_link_topic(const struct kafka_link *l, const char *missing)
{
	if (missing && without_topic != l) {
		snprintf(no_topic, sizeof no_topic,
			"topic %.250s is not there (`muaractl topics create` makes it)", missing);
		log_warn("kafka %s: %s; waiting", l->who, no_topic);
		without_topic = l;
	} else if (!missing && without_topic == l) {
		without_topic = NULL;
	}
}

const char *kafka_trouble(void)
{
	if (kafka_away())
		return "Kafka is away";
	return without_topic ? no_topic : NULL;
}

void kafka_link_stats(struct kafka_link *l, const char *json)
{
	if (l->down && (strstr(json, "\"state\":\"UP\"") || strstr(json, "\"state\":\"UPDATE\"")))
		kafka_link_up(l);
}

/* --- the end --- */

struct ending {
	rd_kafka_t *rk;
	void *keep;
	bool consumer_close;
};

static void *ending_run(void *arg)
{
	struct ending *end = arg;

	if (end->consumer_close)
		rd_kafka_consumer_close(end->rk);
	rd_kafka_destroy_flags(end->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(end->keep);
	free(end);
	return NULL;
}

void kafka_destroy(rd_kafka_t *rk, bool consumer_close, void *keep, int max_ms)
{
	struct ending *end = xcalloc(1, sizeof *end);
	struct timespec until;
	pthread_t t;

	*end = (struct ending){.rk = rk, .keep = keep, .consumer_close = consumer_close};
	if (pthread_create(&t, NULL, ending_run, end)) { /* no thread to be had: do it here */
		ending_run(end);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += max_ms / 1000;
	until.tv_nsec += (long)(max_ms % 1000) * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	if (pthread_clockjoin_np(t, NULL, CLOCK_MONOTONIC, &until)) {
		log_warn("kafka: a client does not end within %d ms; left behind", max_ms);
		pthread_detach(t);
	}
}
