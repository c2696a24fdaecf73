/* sink: a LAPOR! that takes everything, cheap enough not to be what `make bench` measures.
 *
 *   sink PORT [DELAY_MS [FILE]]
 *
 * Answers each create and each upload with a number of its own, DELAY_MS after the request was
 * there (0: at once); reads are answered with an empty list. FILE keeps what was posted, for
 * `calls`: path, line break, Content-Type, line break, body, behind the length of it all (4 bytes,
 * little endian). Prints "READY" when it listens; TERM ends it. */
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "bench.h"

#define BODY_MAX   (4 * 1024 * 1024)
#define IDLE_MS	   100
#define FIRST_ID   1000000
#define NUMBER_MAX 64

struct request {
	struct request *next;
	struct MHD_Connection *connection;
	double due;
	size_t len, room;
	char *body;
	int upload;
};

static struct { /* they become due in the order they came */
	struct request *first, **last;
} waiting = {NULL, &waiting.first};
static double delay_s;
static FILE *kept;
static volatile sig_atomic_t stop;

static void on_stop(int number)
{
	(void)number;
	stop = 1;
}

static enum MHD_Result answer(struct MHD_Connection *c, int get, int upload)
{
	static long id = FIRST_ID;
	struct MHD_Response *r;
	char text[NUMBER_MAX];
	enum MHD_Result rc;

	if (get)
		snprintf(text, sizeof text, "{\"results\":{\"data\":[]}}");
	else if (upload)
		snprintf(text, sizeof text, "{\"results\":{\"images\":[{\"id\":%ld}]}}", ++id);
	else
		snprintf(text, sizeof text, "{\"complaint_id\":%ld}", ++id);
	r = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
	MHD_add_response_header(r, "Content-Type", "application/json");
	rc = MHD_queue_response(c, get ? 200 : 201, r);
	MHD_destroy_response(r);
	return rc;
}

static void keep(const struct request *q, const char *url)
{
	const char *type = MHD_lookup_connection_value(
		q->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	size_t n = strlen(url) + strlen(type ? type : "") + 2 + q->len;
	unsigned char head[4] = {(unsigned char)n, (unsigned char)(n >> 8),
		(unsigned char)(n >> 16), (unsigned char)(n >> 24)};

	if (!kept)
		return;
	if (fwrite(head, sizeof head, 1, kept) != 1 ||
		fprintf(kept, "%s\n%s\n", url, type ? type : "") < 0 ||
		fwrite(q->body, q->len, 1, kept) != 1)
		die("FILE", "cannot be written");
}

static void add(struct request *q, const char *data, size_t n)
{
	if (n > BODY_MAX - q->len)
		die("request", "too large");
	while (q->room < q->len + n)
		q->room = q->room ? 2 * q->room : 4096;
	q->body = realloc(q->body, q->room);
	if (!q->body)
		die("memory", "gone");
	memcpy(q->body + q->len, data, n);
	q->len += n;
}

static void later(struct request *q)
{
	q->due = now() + delay_s;
	q->next = NULL;
	*waiting.last = q;
	waiting.last = &q->next;
	MHD_suspend_connection(q->connection);
}

static void answer_due(void)
{
	while (waiting.first && waiting.first->due <= now()) {
		struct request *q = waiting.first;

		waiting.first = q->next;
		if (!q->next)
			waiting.last = &waiting.first;
		MHD_resume_connection(q->connection);
		answer(q->connection, 0, q->upload);
	}
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **state)
{
	struct request *q = *state;

	(void)ctx, (void)version;
	if (!q) {
		q = *state = calloc(1, sizeof *q);
		if (!q)
			return MHD_NO;
		q->connection = c;
		return MHD_YES;
	}
	if (*size) {
		add(q, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (strcmp(method, "GET") == 0)
		return answer(c, 1, 0);
	q->upload = strlen(url) > 5 && strcmp(url + strlen(url) - 5, "/file") == 0;
	keep(q, url);
	if (delay_s <= 0)
		return answer(c, 0, q->upload);
	later(q);
	return MHD_YES;
}

static void on_completed(
	void *ctx, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
	struct request *q = *state;

	(void)ctx, (void)c, (void)why;
	if (q)
		free(q->body);
	free(q);
	*state = NULL;
}

static int until_due_ms(void)
{
	double left = waiting.first ? (waiting.first->due - now()) * 1e3 : IDLE_MS;

	return left < 0 ? 0 : left > IDLE_MS ? IDLE_MS : (int)left + 1;
}

int main(int argc, char **argv)
{
	struct MHD_Daemon *d;

	if (argc < 2 || argc > 4) {
		fprintf(stderr, "usage: see the head of tests/bench/sink.c\n");
		return 2;
	}
	if (argc > 2)
		delay_s = (double)strtol(argv[2], NULL, 10) / 1e3;
	if (argc > 3 && !(kept = fopen(argv[3], "wb")))
		die(argv[3], "cannot be written");
	signal(SIGTERM, on_stop);
	d = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME,
		(uint16_t)strtol(argv[1], NULL, 10), NULL, NULL, on_request, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
	if (!d)
		die("listen", "the port is taken");
	ready();
	while (!stop) {
		MHD_run_wait(d, until_due_ms());
		answer_due();
	}
	MHD_stop_daemon(d);
	if (kept && fclose(kept))
		die("FILE", "cannot be written");
	return 0;
}
