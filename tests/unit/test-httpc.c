/* The HTTP client against a server that misbehaves (a thread with a script): what was sent is known
 * to the byte, nothing with a body is ever sent twice, every way to fail has its code. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/httpc.h"
#include "base/util.h"

#define PATIENCE_MS 20000

/* What the server does with one request it has read to its end. */
enum act {
	ANSWER, /* `text`, connection stays open */
	ANSWER_CLOSE /* `text`, then close */,
	CLOSE,	    /* no answer */
	RESET,	    /* no answer, RST */
	SILENT,	    /* nothing until the client goes away */
	SILENT_TLS, /* accepted, nothing is read */
};

struct script {
	enum act act;
	const char *text;
};

/* One connection after the other; the script goes on over connections. */
struct server {
	pthread_t thread;
	int fd, port;
	const struct script *script;
	size_t n_script, at;
	int connections, requests;
	struct buf got; /* bytes of all requests */
};

struct bed {
	struct loop *loop;
	struct httpc *client;
	struct server server;
	char url[64];
	/* of the last call that ended */
	struct httpc_answer a;
	struct buf body;
	char retry_after[64], content_type[64], reset[64];
	int done, first_bytes;
};

#define OK	"HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 2\r\n\r\nok"
#define CREATED "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"

/* --- the server --- */

static size_t request_length(const char *p, size_t n)
{
	const char *end = memmem(p, n, "\r\n\r\n", 4);
	const char *length = end ? memmem(p, (size_t)(end - p), "Content-Length: ", 16) : NULL;

	return end ? (size_t)(end + 4 - p) + (length ? (size_t)atol(length + 16) : 0) : 0;
}

/* One whole request of the connection; false when the client went away. */
static bool read_request(struct server *s, int fd)
{
	size_t from = s->got.len, want;
	char part[65536];
	ssize_t n;

	do {
		n = recv(fd, part, sizeof(part), 0);
		if (n <= 0)
			return false;
		if (buf_add(&s->got, part, (size_t)n))
			abort();
		want = request_length(s->got.data + from, s->got.len - from);
	} while (!want || s->got.len - from < want);
	s->requests++;
	return true;
}

static void wait_for_its_end(int fd)
{
	char part[4096];

	while (recv(fd, part, sizeof(part), 0) > 0)
		;
}

static void write_text(int fd, const char *text)
{
	size_t left = strlen(text);

	for (ssize_t n; left && (n = send(fd, text, left, MSG_NOSIGNAL)) > 0; left -= (size_t)n)
		text += n;
}

/* true: another request of this connection may follow. */
static bool act(int fd, const struct script *step)
{
	const struct linger hard = {.l_onoff = 1, .l_linger = 0};

	switch (step->act) {
	case ANSWER:
	case ANSWER_CLOSE:
		write_text(fd, step->text);
		return step->act == ANSWER;
	case RESET:
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		return false;
	case SILENT:
		wait_for_its_end(fd);
		return false;
	default:
		return false;
	}
}

/* An idle connection is given up for a new one. */
static bool another_knocks(struct server *s, int fd)
{
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = s->fd, .events = POLLIN}};

	poll(p, 2, PATIENCE_MS);
	return !p[0].revents;
}

static void serve(struct server *s, int fd)
{
	bool more = true, idle = false;

	while (more && s->at < s->n_script) {
		const struct script *step = &s->script[s->at];
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (step->act == SILENT_TLS) {
			s->at++;
			poll(&p, 1, PATIENCE_MS);
			wait_for_its_end(fd);
			return;
		}
		if ((idle && another_knocks(s, fd)) || !read_request(s, fd))
			return;
		idle = true;
		s->at++;
		more = act(fd, step);
	}
}

static void *server_main(void *ctx)
{
	struct server *s = ctx;
	int fd;

	while ((fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		s->connections++;
		serve(s, fd);
		close(fd);
	}
	return NULL;
}

static void server_start(struct bed *b, const struct script *script, size_t n)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	struct server *s = &b->server;

	s->script = script;
	s->n_script = n;
	buf_init(&s->got, 64 << 20);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(s->fd, 64), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
	s->port = ntohs(a.sin_port);
	snprintf(b->url, sizeof(b->url), "http://127.0.0.1:%d/x?token=RAHASIA", s->port);
	assert_int_equal(pthread_create(&s->thread, NULL, server_main, s), 0);
}
#define SERVE(b, ...)                                                 \
	do {                                                          \
		static const struct script script_[] = {__VA_ARGS__}; \
		server_start((b), script_, ARRAY_SIZE(script_));      \
	} while (0)

/* The client must be closed (its idle connections hold the thread in recv). */
static void server_stop(struct server *s)
{
	if (!s->port)
		return;
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	s->port = 0;
}

/* --- the client --- */

static int setup(void **state)
{
	struct bed *b = xcalloc(1, sizeof(*b));
	struct err e = {0};

	b->loop = loop_new();
	buf_init(&b->body, 1 << 20);
	if (httpc_open(b->loop, "Muara/uji", 4, &b->client, &e))
		fail_msg("%s", e.text);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bed *b = *state;

	httpc_close(b->client);
	server_stop(&b->server);
	loop_free(b->loop);
	buf_free(&b->server.got);
	buf_free(&b->body);
	free(b);
	return 0;
}

/* After it b->server may be read without a race. */
static void end(struct bed *b)
{
	httpc_close(TAKE_PTR(b->client));
	server_stop(&b->server);
}

static void on_done(void *ctx, const struct httpc_answer *a)
{
	struct bed *b = ctx;

	b->done++;
	b->a = *a;
	buf_reset(&b->body);
	assert_int_equal(buf_add(&b->body, a->body, a->body_len), 0);
	snprintf(b->retry_after, sizeof(b->retry_after), "%s",
		a->retry_after ? a->retry_after : "-");
	snprintf(b->content_type, sizeof(b->content_type), "%s",
		a->content_type ? a->content_type : "-");
	snprintf(b->reset, sizeof(b->reset), "%s",
		httpc_header(a, "x-rate-limit-reset") ? httpc_header(a, "x-rate-limit-reset")
						      : "-");
	assert_null(strstr(a->error, "RAHASIA"));
	assert_int_equal(a->curl == CURLE_OK, *a->error == 0);
}

static void on_first_byte(void *ctx)
{
	struct bed *b = ctx;

	b->first_bytes++;
}

static struct httpc_call *start(struct bed *b, struct httpc_request r)
{
	struct httpc_call *call;
	struct err e = {0};

	r.url = r.url ? r.url : b->url;
	r.connect_ms = r.connect_ms ? r.connect_ms : PATIENCE_MS;
	r.total_ms = r.total_ms ? r.total_ms : PATIENCE_MS;
	r.max_answer = r.max_answer ? r.max_answer : 1000;
	r.first_byte = on_first_byte;
	if (httpc_send(b->client, &r, on_done, b, &call, &e))
		fail_msg("%s", e.text);
	return call;
}

static void turn_until_done(struct bed *b, int want)
{
	int64_t last = clock_mono_ms() + 2 * PATIENCE_MS;

	while (b->done < want && clock_mono_ms() < last)
		loop_turn(b->loop, 20);
	assert_int_equal(b->done, want);
}

static void call(struct bed *b, struct httpc_request r)
{
	b->first_bytes = 0;
	b->done = 0;
	start(b, r);
	turn_until_done(b, 1);
	assert_int_equal(b->first_bytes, b->a.sent_bytes > 0);
}

#define REQUEST(m, ...) ((struct httpc_request){.method = (m), __VA_ARGS__})
#define ISI(...)	REQUEST("POST", .body = "isi", .body_len = 3, __VA_ARGS__)
#define GET		REQUEST("GET", .body_len = 0)
#define POST		ISI(.total_ms = PATIENCE_MS)

/* --- what goes out --- */

static void a_post_to_the_byte(void **state)
{
	static const char *const headers[] = {"X-Satu: 1", "Content-Type: text/isi", NULL};
	struct bed *b = *state;

	SERVE(b, {ANSWER, OK});
	call(b, ISI(.headers = headers));
	assert_int_equal(b->a.curl, CURLE_OK);
	assert_int_equal(b->a.status, 200);
	assert_string_equal(buf_str(&b->body), "ok");
	assert_string_equal(b->content_type, "text/x");
	assert_string_equal(b->retry_after, "-");
	end(b);
	assert_int_equal(b->a.sent_bytes, b->server.got.len);
	assert_non_null(strstr(b->server.got.data, "POST /x?token=RAHASIA HTTP/1.1\r\n"));
	assert_non_null(strstr(b->server.got.data, "User-Agent: Muara/uji\r\n"));
	assert_non_null(strstr(b->server.got.data, "X-Satu: 1\r\nContent-Type: text/isi\r\n"));
	assert_non_null(strstr(b->server.got.data, "Content-Length: 3\r\n\r\nisi"));
	assert_null(strstr(b->server.got.data, "Expect"));
	assert_null(strstr(b->server.got.data, "Transfer-Encoding"));
}

static void methods_and_bodies(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER, OK}, {ANSWER, CREATED}, {ANSWER, OK}, {ANSWER, OK});
	call(b, GET);
	call(b, REQUEST("PUT", .body = "isi", .body_len = 3));
	assert_int_equal(b->a.status, 201);
	assert_int_equal(b->body.len, 0);
	call(b, REQUEST("POST", .body_len = 0));
	call(b, REQUEST("DELETE", .body_len = 0));
	end(b);
	assert_non_null(strstr(b->server.got.data, "GET /x"));
	assert_non_null(strstr(b->server.got.data, "PUT /x"));
	assert_non_null(strstr(b->server.got.data, "DELETE /x"));
	assert_null(strstr(b->server.got.data, "Content-Type"));
	assert_int_equal(b->server.requests, 4);
}

static void a_large_body(void **state)
{
	struct bed *b = *state;
	size_t n = 5 << 20;
	char *body = xmalloc(n);

	for (size_t i = 0; i < n; i++)
		body[i] = (char)('a' + i % 23);
	SERVE(b, {ANSWER, OK});
	call(b, REQUEST("POST", .body = body, .body_len = n));
	assert_int_equal(b->a.status, 200);
	end(b);
	assert_int_equal(b->a.sent_bytes, b->server.got.len);
	assert_memory_equal(b->server.got.data + b->server.got.len - n, body, n);
	free(body);
}

static char *file_with(const char *text, char path[32])
{
	int fd;

	snprintf(path, 32, "/tmp/test-httpc.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static void a_multipart_form(void **state)
{
	struct bed *b = *state;
	char path[32];
	const struct httpc_part parts[] = {{.name = "isi", .data = "teks panjang", .len = 12},
		{.name = "foto",
			.filename = "a.jpg",
			.mime = "image/jpeg",
			.path = file_with("dari berkas", path)},
		{.name = "kosong", .data = "", .len = 0}};

	SERVE(b, {ANSWER, OK});
	call(b, (struct httpc_request){.method = "POST", .parts = parts, .n_parts = 3});
	unlink(path);
	assert_int_equal(b->a.status, 200);
	end(b);
	assert_int_equal(b->a.sent_bytes, b->server.got.len);
	assert_non_null(strstr(b->server.got.data, "Content-Type: multipart/form-data; boundary="));
	assert_non_null(strstr(b->server.got.data, "name=\"isi\"\r\n\r\nteks panjang\r\n"));
	assert_non_null(
		strstr(b->server.got.data, "name=\"foto\"; filename=\"a.jpg\"\r\nContent-Type: "
					   "image/jpeg\r\n\r\ndari berkas\r\n"));
	assert_null(strstr(b->server.got.data, "Expect"));
}

static void a_file_that_shrank_is_never_half_a_body(void **state)
{
	struct bed *b = *state;
	char path[32];
	const struct httpc_part part = {.name = "f", .path = file_with("sebelas huruf", path)};

	SERVE(b, {ANSWER, OK});
	start(b, (struct httpc_request){.method = "POST", .parts = &part, .n_parts = 1});
	assert_int_equal(truncate(path, 3), 0);
	turn_until_done(b, 1);
	unlink(path);
	assert_int_equal(b->a.curl, CURLE_ABORTED_BY_CALLBACK);
	assert_int_equal(b->a.status, 0);
	end(b);
	assert_int_equal(b->server.requests, 0);
}

static void requests_that_cannot_be_sent(void **state)
{
	static const char *const broken[] = {"X: a\r\nHost: b", NULL};
	const struct httpc_part missing = {.name = "f", .path = "/tidak/ada"},
				dir = {.name = "f", .path = "/tmp"};
	const struct {
		struct httpc_request r;
		int want;
	} cases[] = {
		{REQUEST("GET", .url = "ftp://127.0.0.1/"), -EINVAL},
		{REQUEST("GET", .url = "file:///etc/passwd"), -EINVAL},
		{REQUEST("GET", .url = "http://127.0.0.1/a b"), -EINVAL},
		{REQUEST("GET", .url = "http://127.0.0.1/\r\nX: y"), -EINVAL},
		{REQUEST("GET", .url = "http://127.0.0.1/", .headers = broken), -EINVAL},
		{{.method = "GET /", .url = "http://127.0.0.1/"}, -EINVAL},
		{{.method = "", .url = "http://127.0.0.1/"}, -EINVAL},
		{{.method = "POST", .url = "http://127.0.0.1/", .parts = &missing, .n_parts = 1},
			-ENOENT},
		{{.method = "POST", .url = "http://127.0.0.1/", .parts = &dir, .n_parts = 1},
			-EINVAL},
	};
	struct bed *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct httpc_request r = cases[i].r;
		struct err e = {0};

		r.connect_ms = r.total_ms = 1000;
		if (httpc_send(b->client, &r, on_done, b, NULL, &e) != cases[i].want)
			fail_msg("case %zu: %s", i, e.text);
	}
	assert_int_equal(httpc_in_flight(b->client), 0);
}

static void the_environment_has_no_proxy(void **state)
{
	struct bed *b = *state;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	SERVE(b, {ANSWER, OK});
	call(b, GET);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(b->a.status, 200);
}

/* --- never twice --- */

static void check_never_twice(struct bed *b, struct httpc_request r, int curl)
{
	static const struct script script[] = {
		{ANSWER, OK}, {CLOSE, NULL}, {ANSWER, OK}, {ANSWER, OK}};

	server_start(b, script, ARRAY_SIZE(script));
	call(b, POST);
	assert_int_equal(b->a.status, 200);
	call(b, r);
	assert_int_equal(b->a.curl, curl);
	assert_int_equal(b->a.status, 0);
	assert_true(b->a.sent_bytes > 0);
	end(b);
	assert_int_equal(b->server.requests, 2);
}

static void keep_alive_closed_under_a_post(void **state)
{
	check_never_twice(*state, POST, CURLE_SEND_FAIL_REWIND);
}

static void keep_alive_closed_under_a_form(void **state)
{
	const struct httpc_part parts[] = {
		{.name = "a", .data = "satu", .len = 4}, {.name = "b", .data = "dua", .len = 3}};

	check_never_twice(*state,
		(struct httpc_request){.method = "POST", .parts = parts, .n_parts = 2},
		CURLE_SEND_FAIL_REWIND);
}

static void keep_alive_closed_under_an_upload(void **state)
{
	char path[32];
	const struct httpc_part part = {.name = "f", .path = file_with("berkas", path)};

	check_never_twice(*state,
		(struct httpc_request){.method = "POST", .parts = &part, .n_parts = 1},
		CURLE_SEND_FAIL_REWIND);
	unlink(path);
}

static void keep_alive_closed_under_an_empty_post(void **state)
{
	check_never_twice(*state, REQUEST("POST", .body_len = 0), CURLE_GOT_NOTHING);
}

static void a_get_may_be_repeated(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER, OK}, {CLOSE, NULL}, {ANSWER, OK});
	call(b, GET);
	call(b, GET);
	assert_int_equal(b->a.status, 200);
	end(b);
	assert_int_equal(b->server.requests, 3);
}

static void connections_are_kept(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER, OK}, {ANSWER, OK}, {ANSWER, OK});
	for (int i = 0; i < 3; i++)
		call(b, POST);
	end(b);
	assert_int_equal(b->server.connections, 1);
	assert_int_equal(b->server.requests, 3);
}

/* --- failures --- */

static int asked;

static bool nowhere(void *ctx, const struct sockaddr *to)
{
	(void)ctx;
	assert_int_equal(to->sa_family, AF_INET);
	asked++;
	return false;
}

static bool anywhere(void *ctx, const struct sockaddr *to)
{
	(void)ctx;
	(void)to;
	asked++;
	return true;
}

static void addresses_are_asked(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER, OK}, {ANSWER, OK});
	asked = 0;
	call(b, REQUEST("GET", .may_connect = nowhere));
	assert_int_equal(b->a.curl, CURLE_COULDNT_CONNECT);
	assert_int_equal(b->a.sent_bytes, 0);
	assert_int_equal(asked, 1);
	call(b, REQUEST("GET", .may_connect = anywhere));
	assert_int_equal(b->a.status, 200);
	assert_int_equal(asked, 2);
	call(b, REQUEST("GET", .may_connect = anywhere)); /* the connection that stands */
	assert_int_equal(b->a.status, 200);
	assert_int_equal(asked, 2);
	end(b);
	assert_int_equal(b->server.connections, 1);
}

static struct buf taken = BUF_INIT(100);

static int take(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	return buf_add(&taken, p, n);
}

static int take_nothing(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	(void)p;
	(void)n;
	return -EFBIG;
}

static void a_body_taken_in_pieces(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER, OK}, {ANSWER, OK});
	call(b, REQUEST("GET", .take = take, .max_answer = 1)); /* which does not count */
	assert_int_equal(b->a.status, 200);
	assert_int_equal(b->a.curl, CURLE_OK);
	assert_int_equal(b->body.len, 0);
	assert_string_equal(buf_str(&taken), "ok");
	buf_free(&taken);
	call(b, REQUEST("GET", .take = take_nothing));
	assert_int_equal(b->a.curl, CURLE_WRITE_ERROR);
	assert_false(b->a.too_large);
}

static void refused_means_nothing_was_sent(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER, OK});
	server_stop(&b->server);
	call(b, POST);
	assert_int_equal(b->a.curl, CURLE_COULDNT_CONNECT);
	assert_int_equal(b->a.sent_bytes, 0);
	assert_int_equal(b->a.status, 0);
}

static void silence_before_tls_means_nothing_was_sent(void **state)
{
	struct bed *b = *state;

	SERVE(b, {SILENT_TLS, NULL});
	snprintf(b->url, sizeof(b->url), "https://127.0.0.1:%d/", b->server.port);
	call(b, ISI(.connect_ms = 300));
	assert_int_equal(b->a.curl, CURLE_OPERATION_TIMEDOUT);
	assert_int_equal(b->a.sent_bytes, 0);
}

static void no_tls_there_means_nothing_was_sent(void **state)
{
	struct bed *b = *state;

	/* Its ClientHello is no request; the server sees an end in the middle of one. */
	SERVE(b, {ANSWER_CLOSE, OK});
	snprintf(b->url, sizeof(b->url), "https://127.0.0.1:%d/", b->server.port);
	call(b, ISI(.connect_ms = 300));
	assert_true(b->a.curl == CURLE_SSL_CONNECT_ERROR || b->a.curl == CURLE_OPERATION_TIMEDOUT);
	assert_int_equal(b->a.sent_bytes, 0);
}

static void no_answer_in_time(void **state)
{
	struct bed *b = *state;

	SERVE(b, {SILENT, NULL});
	call(b, ISI(.total_ms = 300));
	assert_int_equal(b->a.curl, CURLE_OPERATION_TIMEDOUT);
	assert_true(b->a.sent_bytes > 3);
}

static void closed_or_reset_without_an_answer(void **state)
{
	struct bed *b = *state;

	SERVE(b, {CLOSE, NULL}, {RESET, NULL});
	call(b, POST);
	assert_int_equal(b->a.curl, CURLE_GOT_NOTHING);
	call(b, POST);
	assert_int_equal(b->a.curl, CURLE_RECV_ERROR);
	assert_true(b->a.sent_bytes > 3);
	end(b);
	assert_int_equal(b->server.requests, 2);
}

static void a_cut_answer(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsepuluh..."});
	call(b, POST);
	assert_int_equal(b->a.curl, CURLE_PARTIAL_FILE);
	assert_int_equal(b->a.status, 200);
	assert_string_equal(buf_str(&b->body), "sepuluh...");
}

/* libcurl itself says 200 and no error of the first three. */
static void a_cut_head(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER_CLOSE, "HTTP/1.1 200 OK\r\n"},
		{ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 0"},
		{ANSWER_CLOSE,
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: a/b\r\n"},
		{ANSWER_CLOSE, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: "
			       "a/b\r\n\r\n"});
	for (int i = 0; i < 3; i++) {
		call(b, POST);
		assert_int_equal(b->a.curl, CURLE_PARTIAL_FILE);
	}
	call(b, POST);
	assert_int_equal(b->a.curl, CURLE_OK);
	assert_int_equal(b->a.status, 200);
}

static void answers_that_are_too_large(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nsebelas...."},
		{ANSWER_CLOSE, "HTTP/1.1 200 OK\r\n\r\nsebelas...."},
		{ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			       "6\r\nsebela\r\n5\r\ns....\r\n0\r\n\r\n"},
		{ANSWER_CLOSE, "HTTP/1.1 200 OK\r\n\r\nsepuluh..."});
	for (int i = 0; i < 3; i++) {
		call(b, ISI(.max_answer = 10));
		assert_int_equal(b->a.curl, CURLE_WRITE_ERROR);
		assert_true(b->a.too_large);
		assert_int_equal(b->a.status, 200);
		assert_string_equal(buf_str(&b->body), "sebelas...");
	}
	call(b, ISI(.max_answer = 10));
	assert_int_equal(b->a.curl, CURLE_OK);
	assert_false(b->a.too_large);
	assert_string_equal(buf_str(&b->body), "sepuluh...");
}

static void a_head_that_does_not_end(void **state)
{
	static char text[80000 + 100] = "HTTP/1.1 200 OK\r\n";
	static struct script script = {ANSWER_CLOSE, text};
	struct bed *b = *state;

	for (size_t n = strlen(text); n < 80000; n += 10)
		memcpy(text + n, "X: 45678\r\n", sizeof("X: 45678\r\n"));
	server_start(b, &script, 1);
	call(b, POST);
	assert_int_equal(b->a.curl, CURLE_WRITE_ERROR);
	assert_true(b->a.too_large);
}

static void redirects_are_not_followed(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER, "HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"},
		{ANSWER, OK});
	call(b, POST);
	assert_int_equal(b->a.curl, CURLE_OK);
	assert_int_equal(b->a.status, 302);
	end(b);
	assert_int_equal(b->server.requests, 1);
}

static void retry_after_as_it_came(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER, "HTTP/1.1 429 X\r\nretry-after: 120\r\nContent-Length: 0\r\n\r\n"},
		{ANSWER, "HTTP/1.1 503 X\r\nRetry-After: Tue, 24 Nov 2026 10:00:00 GMT\r\n"
			 "Content-Length: 0\r\n\r\n"},
		{ANSWER, OK});
	call(b, POST);
	assert_int_equal(b->a.status, 429);
	assert_string_equal(b->retry_after, "120");
	call(b, POST);
	assert_string_equal(b->retry_after, "Tue, 24 Nov 2026 10:00:00 GMT");
	call(b, POST);
	assert_string_equal(b->retry_after, "-");
}

static void any_header_by_name(void **state)
{
	struct bed *b = *state;
	const struct httpc_answer none = {0};

	SERVE(b,
		{ANSWER, "HTTP/1.1 200 OK\r\nX-Rate-Limit-Reset: 1665183228\r\n"
			 "X-Rate-Limit-Remaining: 3\r\nContent-Length: 0\r\n\r\n"},
		{ANSWER, OK});
	call(b, POST);
	assert_string_equal(b->reset, "1665183228");
	call(b, POST);
	assert_string_equal(b->reset, "-");
	assert_null(httpc_header(&none, "Date"));
}

static void an_interim_answer_is_not_the_answer(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER, "HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n" OK});
	call(b, POST);
	assert_int_equal(b->a.status, 200);
	assert_string_equal(b->retry_after, "-");
}

/* --- many, cancel, close --- */

static void more_calls_than_connections(void **state)
{
	struct bed *b = *state;

	SERVE(b, {ANSWER_CLOSE, OK}, {ANSWER_CLOSE, OK}, {ANSWER_CLOSE, OK}, {ANSWER_CLOSE, OK},
		{ANSWER_CLOSE, OK}, {ANSWER_CLOSE, OK}, {ANSWER_CLOSE, OK}, {ANSWER_CLOSE, OK});
	for (int i = 0; i < 8; i++)
		start(b, POST);
	assert_int_equal(httpc_in_flight(b->client), 8);
	turn_until_done(b, 8);
	end(b);
	assert_int_equal(b->server.requests, 8);
}

static void a_cancelled_call_is_not_told(void **state)
{
	struct bed *b = *state;
	struct httpc_call *c;
	int64_t last = clock_mono_ms() + PATIENCE_MS;

	SERVE(b, {SILENT, NULL}, {ANSWER, OK});
	c = start(b, POST);
	while (!b->first_bytes && clock_mono_ms() < last)
		loop_turn(b->loop, 20);
	httpc_cancel(c);
	assert_int_equal(httpc_in_flight(b->client), 0);
	c = start(b, GET);
	httpc_cancel(c); /* at once */
	call(b, POST);
	assert_int_equal(b->a.status, 200);
	assert_int_equal(b->done, 1);
}

static void closing_tells_the_open_calls(void **state)
{
	struct bed *b = *state;
	int64_t last = clock_mono_ms() + PATIENCE_MS;

	SERVE(b, {SILENT, NULL});
	start(b, POST);
	while (!b->first_bytes && clock_mono_ms() < last)
		loop_turn(b->loop, 20);
	httpc_close(TAKE_PTR(b->client));
	assert_int_equal(b->done, 1);
	assert_int_equal(b->a.curl, CURLE_ABORTED_BY_CALLBACK);
	assert_true(b->a.sent_bytes > 3);
}

static void done_that_sends_again(void *ctx, const struct httpc_answer *a)
{
	struct bed *b = ctx;
	struct httpc_request r = REQUEST("GET", .url = b->url, .connect_ms = 1000,
		.total_ms = PATIENCE_MS, .max_answer = 10);
	struct err e = {0};
	int rc;

	on_done(b, a);
	rc = httpc_send(b->client, &r, on_done, b, NULL, &e);
	assert_int_equal(rc, a->curl == CURLE_ABORTED_BY_CALLBACK ? -ESHUTDOWN : 0);
}

static void a_done_may_send(void **state)
{
	struct httpc_request r =
		REQUEST("GET", .connect_ms = 1000, .total_ms = PATIENCE_MS, .max_answer = 10);
	struct bed *b = *state;
	struct err e = {0};

	SERVE(b, {ANSWER, OK}, {ANSWER, OK}, {SILENT, NULL});
	r.url = b->url;
	assert_int_equal(httpc_send(b->client, &r, done_that_sends_again, b, NULL, &e), 0);
	turn_until_done(b, 2);
	assert_int_equal(b->a.status, 200);
	assert_int_equal(httpc_send(b->client, &r, done_that_sends_again, b, NULL, &e), 0);
	httpc_close(b->client); /* and while closing it may not */
	b->client = NULL;
	assert_int_equal(b->a.curl, CURLE_ABORTED_BY_CALLBACK);
	assert_int_equal(b->a.sent_bytes, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_post_to_the_byte),
		TEST(methods_and_bodies),
		TEST(a_large_body),
		TEST(a_multipart_form),
		TEST(a_file_that_shrank_is_never_half_a_body),
		TEST(requests_that_cannot_be_sent),
		TEST(the_environment_has_no_proxy),
		TEST(keep_alive_closed_under_a_post),
		TEST(keep_alive_closed_under_a_form),
		TEST(keep_alive_closed_under_an_upload),
		TEST(keep_alive_closed_under_an_empty_post),
		TEST(a_get_may_be_repeated),
		TEST(connections_are_kept),
		TEST(addresses_are_asked),
		TEST(a_body_taken_in_pieces),
		TEST(refused_means_nothing_was_sent),
		TEST(silence_before_tls_means_nothing_was_sent),
		TEST(no_tls_there_means_nothing_was_sent),
		TEST(no_answer_in_time),
		TEST(closed_or_reset_without_an_answer),
		TEST(a_cut_answer),
		TEST(a_cut_head),
		TEST(answers_that_are_too_large),
		TEST(a_head_that_does_not_end),
		TEST(redirects_are_not_followed),
		TEST(retry_after_as_it_came),
		TEST(any_header_by_name),
		TEST(an_interim_answer_is_not_the_answer),
		TEST(more_calls_than_connections),
		TEST(a_cancelled_call_is_not_told),
		TEST(closing_tells_the_open_calls),
		TEST(a_done_may_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
