/* bare: the loops `make bench` compares the daemons with: the same libraries doing the same I/O and
 * nothing else. No ids, no decoding, no decisions, no index, no ledger: what is left is the bound.
 *
 *   bare ingest BROKERS TOPIC PORT        POST -> produce -> report -> 200 (libmicrohttpd,
 * librdkafka) bare copy   BROKERS IN OUT N          N records: consume -> produce -> report (window
 * of 256) bare post   BROKERS IN N URL HEADER.. N records: consume -> append INTENT to
 * OUT=IN.intents -> report -> POST (libcurl, 4 at a time) -> append outcome Each prints "READY"
 * when it is up and at its end one line of JSON: n, seconds, cpu_us, rss_kb. Only for measuring on
 * loopback; errors end the program. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

#define WINDOW	 256
#define PARALLEL 4

/* --- Kafka --- */

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers,
	void (*report)(rd_kafka_t *, const rd_kafka_message_t *, void *), const char *const *extra)
{
	rd_kafka_conf_t *c = rd_kafka_conf_new();
	char text[512];
	rd_kafka_t *rk;

	rd_kafka_conf_set(c, "bootstrap.servers", brokers, text, sizeof text);
	for (; *extra; extra += 2)
		if (rd_kafka_conf_set(c, extra[0], extra[1], text, sizeof text))
			die(extra[0], text);
	if (report)
		rd_kafka_conf_set_dr_msg_cb(c, report);
	rk = rd_kafka_new(type, c, text, sizeof text);
	if (!rk)
		die("client", text);
	return rk;
}

static rd_kafka_t *producer(
	const char *brokers, void (*report)(rd_kafka_t *, const rd_kafka_message_t *, void *))
{
	static const char *const conf[] = {"enable.idempotence", "true", "linger.ms", "1", NULL};

	return client(RD_KAFKA_PRODUCER, brokers, report, conf);
}

static rd_kafka_t *consumer(const char *brokers, const char *topic)
{
	static const char *const conf[] = {"group.id", "bare", "enable.auto.commit", "false", NULL};
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, brokers, NULL, conf);

	rd_kafka_poll_set_consumer(rk);
	rd_kafka_topic_partition_list_add(list, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
	rd_kafka_assign(rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return rk;
}

static void produce(rd_kafka_t *rk, const char *topic, const void *p, size_t n, void *opaque)
{
	for (;;) {
		rd_kafka_resp_err_t e = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic),
			RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
			RD_KAFKA_V_VALUE((void *)(uintptr_t)p, n), RD_KAFKA_V_OPAQUE(opaque),
			RD_KAFKA_V_END);

		if (!e)
			return;
		if (e != RD_KAFKA_RESP_ERR__QUEUE_FULL)
			die("produce", rd_kafka_err2str(e));
		rd_kafka_poll(rk, 10);
	}
}

static long reported;

static void count_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	(void)rk, (void)opaque;
	if (m->err)
		die("report", rd_kafka_err2str(m->err));
	reported++;
}

/* --- ingest --- */

struct post {
	char *body;
	size_t len;
	struct MHD_Connection *connection;
};
static rd_kafka_t *ingest_producer;
static const char *ingest_topic;
static char answer_text[] = "ok";
static volatile sig_atomic_t stop;

static void on_stop(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

static void answer_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct post *p = m->_private;
	struct MHD_Response *r =
		MHD_create_response_from_buffer(2, answer_text, MHD_RESPMEM_PERSISTENT);

	(void)rk, (void)opaque;
	if (m->err)
		die("report", rd_kafka_err2str(m->err));
	MHD_add_response_header(r, "Connection", "close");
	MHD_resume_connection(p->connection);
	MHD_queue_response(p->connection, 200, r);
	MHD_destroy_response(r);
	reported++;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **state)
{
	struct post *p = *state;

	(void)ctx, (void)url, (void)method, (void)version;
	if (!p) {
		*state = calloc(1, sizeof *p);
		return *state ? MHD_YES : MHD_NO;
	}
	if (*size) {
		p->body = realloc(p->body, p->len + *size);
		if (!p->body)
			die("memory", "gone");
		memcpy(p->body + p->len, data, *size);
		p->len += *size;
		*size = 0;
		return MHD_YES;
	}
	if (p->connection)
		return MHD_YES;
	p->connection = c;
	MHD_suspend_connection(c);
	produce(ingest_producer, ingest_topic, p->body, p->len, p);
	return MHD_YES;
}

static void on_completed(
	void *ctx, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
	struct post *p = *state;

	(void)ctx, (void)c, (void)why;
	if (p)
		free(p->body);
	free(p);
}

static int ingest(const char *brokers, const char *topic, int port)
{
	struct MHD_Daemon *d;
	double first = 0;

	ingest_producer = producer(brokers, answer_report);
	ingest_topic = topic;
	d = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, (uint16_t)port, NULL, NULL,
		on_request, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
	if (!d)
		die("listen", "no");
	signal(SIGTERM, on_stop);
	ready();
	while (!stop) {
		MHD_run_wait(d, 1);
		rd_kafka_poll(ingest_producer, 0);
		if (!first && reported)
			first = now();
	}
	result(reported, first > 0 ? now() - first : 0);
	return 0;
}

/* --- copy --- */

static int copy(const char *brokers, const char *in, const char *out, long n)
{
	rd_kafka_t *c = consumer(brokers, in), *p = producer(brokers, count_report);
	long sent = 0;
	double begin = 0;

	ready();
	while (reported < n) {
		rd_kafka_message_t *m =
			sent < n && sent - reported < WINDOW ? rd_kafka_consumer_poll(c, 1) : NULL;

		if (m && !m->err) {
			if (!begin)
				begin = now();
			produce(p, out, m->payload, m->len, NULL);
			sent++;
		}
		if (m)
			rd_kafka_message_destroy(m);
		rd_kafka_poll(p, sent - reported >= WINDOW ? 1 : 0);
	}
	result(n, now() - begin);
	return 0;
}

/* --- post --- */

static size_t swallow(char *p, size_t size, size_t n, void *ctx)
{
	(void)p, (void)ctx;
	return size * n;
}

static CURL *request(const char *url, struct curl_slist *headers)
{
	CURL *h = curl_easy_init();

	curl_easy_setopt(h, CURLOPT_URL, url);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, swallow);
	return h;
}

static void wait_reports(rd_kafka_t *p, long until)
{
	while (reported < until)
		rd_kafka_poll(p, 1);
}

static int post(const char *brokers, const char *in, long n, const char *url, char **header)
{
	rd_kafka_t *c = consumer(brokers, in), *p = producer(brokers, count_report);
	CURL *handles[PARALLEL], *idle[PARALLEL];
	struct curl_slist *headers = NULL;
	CURLM *multi = curl_multi_init();
	long done = 0, sent = 0, appended = 0;
	int n_idle = 0, running, left;
	double begin = 0;
	char out[256];

	snprintf(out, sizeof out, "%s.intents", in);
	for (; *header; header++)
		headers = curl_slist_append(headers, *header);
	for (int i = 0; i < PARALLEL; i++)
		idle[n_idle++] = handles[i] = request(url, headers);
	ready();
	while (done < n) {
		rd_kafka_message_t *m = n_idle && sent < n ? rd_kafka_consumer_poll(c, 1) : NULL;
		CURLMsg *msg;

		if (m && !m->err) {
			CURL *h = idle[--n_idle];

			if (!begin)
				begin = now();
			produce(p, out, "{\"kind\":\"intent\"}", 17, NULL);
			wait_reports(p, ++appended);
			curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE, (long)m->len);
			curl_easy_setopt(h, CURLOPT_COPYPOSTFIELDS, m->payload);
			curl_multi_add_handle(multi, h);
			sent++;
		}
		if (m)
			rd_kafka_message_destroy(m);
		curl_multi_perform(multi, &running);
		if (!n_idle)
			curl_multi_poll(multi, NULL, 0, 5, NULL);
		while ((msg = curl_multi_info_read(multi, &left))) {
			if (msg->msg != CURLMSG_DONE)
				continue;
			if (msg->data.result)
				die("post", curl_easy_strerror(msg->data.result));
			idle[n_idle++] = msg->easy_handle;
			curl_multi_remove_handle(multi, msg->easy_handle);
			produce(p, out, "{\"kind\":\"done\"}", 15, NULL);
			appended++;
			done++;
		}
		rd_kafka_poll(p, 0);
	}
	wait_reports(p, appended);
	result(n, now() - begin);
	for (int i = 0; i < PARALLEL; i++)
		curl_easy_cleanup(handles[i]);
	return 0;
}

/* --- feeder --- */

struct feed {
	const unsigned char *next, *end;
	pthread_mutex_t lock;
	int port;
	long ok, bad;
	double *took;
};

static int talk(int port, const void *p, size_t n)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ok = 0;
	char answer[512];
	ssize_t got;

	if (fd < 0)
		return 0;
	if (!connect(fd, (struct sockaddr *)&a, sizeof a) &&
		send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n) {
		got = recv(fd, answer, sizeof answer, 0);
		ok = got > 12 && memcmp(answer + 9, "200", 3) == 0;
		while (got > 0)
			got = recv(fd, answer, sizeof answer, 0);
	}
	close(fd);
	return ok;
}

static void *feeder(void *ctx)
{
	struct feed *f = ctx;

	for (;;) {
		const unsigned char *p;
		size_t n;
		double begin;
		int ok;

		pthread_mutex_lock(&f->lock);
		p = f->next;
		n = p < f->end ? (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 : 0;
		f->next = p + 4 + n;
		pthread_mutex_unlock(&f->lock);
		if (p >= f->end)
			return NULL;
		begin = now();
		ok = talk(f->port, p + 4, n);
		pthread_mutex_lock(&f->lock);
		f->took[f->ok + f->bad] = now() - begin;
		f->ok += ok;
		f->bad += !ok;
		pthread_mutex_unlock(&f->lock);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int load(int port, const char *path, int threads)
{
	struct feed f = {.port = port, .lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t ids[64];
	unsigned char *all;
	FILE *file = fopen(path, "rb");
	double begin;
	long size, n;

	if (!file || threads < 1 || threads > 64)
		die("load", "no such file, or not 1 to 64 threads");
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	all = malloc((size_t)size + 1);
	f.took = calloc((size_t)size / 4 + 1, sizeof *f.took);
	if (!all || !f.took || fread(all, 1, (size_t)size, file) != (size_t)size)
		die("load", "cannot read");
	fclose(file);
	f.next = all;
	f.end = all + size;
	begin = now();
	for (int i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, feeder, &f))
			die("load", "no thread");
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	n = f.ok + f.bad;
	qsort(f.took, (size_t)n, sizeof *f.took, compare);
	printf("{\"n\": %ld, \"ok\": %ld, \"seconds\": %.3f, \"p50_ms\": %.2f, \"p99_ms\": %.2f}\n",
		n, f.ok, now() - begin, n ? f.took[n / 2] * 1e3 : 0,
		n ? f.took[n - 1 - n / 100] * 1e3 : 0);
	free(all);
	free(f.took);
	return f.bad != 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "load") == 0)
		return load(
			(int)strtol(argv[2], NULL, 10), argv[3], (int)strtol(argv[4], NULL, 10));
	if (argc == 5 && strcmp(argv[1], "ingest") == 0)
		return ingest(argv[2], argv[3], (int)strtol(argv[4], NULL, 10));
	if (argc == 6 && strcmp(argv[1], "copy") == 0)
		return copy(argv[2], argv[3], argv[4], strtol(argv[5], NULL, 10));
	if (argc >= 6 && strcmp(argv[1], "post") == 0)
		return post(argv[2], argv[3], strtol(argv[4], NULL, 10), argv[5], argv + 6);
	fprintf(stderr, "usage: see the head of tests/bench/bare.c\n");
	return 2;
}
