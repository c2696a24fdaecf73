/* The WhatsApp webhook on the real HTTP server, with a source whose reports the test gives: never
 * 200 before every report, 503 for whatever fails, nothing produced without our signature. */
// uses: daemons/whatsapp/decode.c
// uses: daemons/whatsapp/types.c
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/httpd.h"
#include "base/util.h"
#include "core/blob.h"
#include "core/meta_webhook.h"
#include "core/webhook.h"
#include "daemons/whatsapp/decode.h"

#define PATIENCE_MS 20000
#define PUTS_MAX    16
#define SECRET	    "rahasia-satu"
#define SECOND	    "rahasia-dua"
#define TOKEN	    "token-kita"

/* Stands in for core/source. */
struct source {
	struct loop *loop;
	struct blob_store *blobs;
	const char *blob_dir;
	bool stopped, away;
	int room; /* puts until -ENOBUFS */
	struct put {
		source_report_fn *report;
		void *ctx;
		uint64_t number;
		char native_id[64], blob[SHA256_HEX_SIZE];
		struct buf original;
		int64_t offset;
		bool blob_was_there;
	} puts[PUTS_MAX];
	int n_puts;
};

struct bed {
	struct source source;
	bool (*verify)(void *ctx, const struct httpd_request *r, const char *body, size_t len);
	struct webhook *webhook;
	struct httpd *httpd;
	char dir[64], path[96], blobs[96];
	/* the client */
	int fd;
	struct buf got;
	bool ended;
};

/* --- the source --- */

struct loop *source_loop(const struct source *s)
{
	return s->loop;
}

struct blob_store *source_blobs(const struct source *s)
{
	return s->blobs;
}

bool source_running(const struct source *s)
{
	return !s->stopped;
}

bool source_kafka_up(const struct source *s)
{
	return !s->away;
}

void source_message(const struct source *s, struct message *ret)
{
	(void)s;
	*ret = (struct message){.tenant = "malang", .channel = "whatsapp", .account = "kota"};
}

int source_put(struct source *s, const struct message *m, source_report_fn *report, void *ctx,
	uint64_t number, char ret_id[UUID_TEXT_SIZE], struct err *e)
{
	struct put *p = &s->puts[s->n_puts];
	char path[192];

	(void)ret_id;
	if (s->n_puts == s->room)
		return err_set(e, -ENOBUFS, "queue full");
	assert_true(s->n_puts < PUTS_MAX);
	s->n_puts++;
	*p = (struct put){.report = report, .ctx = ctx, .number = number};
	snprintf(p->native_id, sizeof(p->native_id), "%s", m->native_id);
	buf_init(&p->original, META_BODY_MAX);
	assert_int_equal(buf_add(&p->original, m->original.data, m->original.len), 0);
	p->offset = m->original.offset;
	if (m->original.blob) {
		snprintf(p->blob, sizeof(p->blob), "%s", m->original.blob);
		snprintf(path, sizeof(path), "%s/%s", s->blob_dir, p->blob);
		p->blob_was_there = access(path, F_OK) == 0;
	}
	return 0;
}

static void report(struct bed *b, int i, bool ok)
{
	struct put *p = &b->source.puts[i];

	p->report(p->ctx, p->number, ok, ok ? i : -1);
}

/* --- the server --- */

static void on_get(void *ctx, struct httpd_request *r)
{
	struct bed *b = ctx;

	webhook_get(b->webhook, r);
}

static void on_post(void *ctx, struct httpd_request *r)
{
	struct bed *b = ctx;

	webhook_post(b->webhook, r);
}

static const struct httpd_route routes[] = {
	{.method = "GET", .path = "/wa", .handle = on_get},
	{.method = "POST", .path = "/wa", .max_body = META_BODY_MAX, .handle = on_post},
	{.method = NULL},
};

static void decode(void *ctx, const char *body, size_t len, const struct message *base,
	webhook_emit_fn *emit, void *emit_ctx)
{
	static const struct wa_rules all = {0};

	(void)ctx;
	wa_decode(body, len, &all, base, emit, emit_ctx);
}

static int count(void *ctx, const char *body, size_t len)
{
	(void)ctx;
	return wa_count(body, len);
}

static void open_webhook(struct bed *b, int64_t answer_ms)
{
	static const char *const secrets[] = {SECRET, SECOND};
	struct webhook_conf c = {.verify_token = b->verify ? NULL : TOKEN,
		.verify = b->verify,
		.secrets = secrets,
		.n_secrets = 2,
		.answer_ms = answer_ms,
		.decode = decode,
		.count = count};

	webhook_free(b->webhook);
	b->webhook = webhook_new(&b->source, &c);
}

static int setup(void **state)
{
	struct bed *b = xcalloc(1, sizeof(*b));
	struct httpd_conf c = {.listen = b->path, .routes = routes, .ctx = b};
	struct err e = {0};

	snprintf(b->dir, sizeof(b->dir), "/tmp/test-webhook.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/s", b->dir);
	snprintf(b->blobs, sizeof(b->blobs), "%s/blobs", b->dir);
	assert_int_equal(fsio_make_dirs(b->blobs, 0700, &e), 0);
	b->source.loop = loop_new();
	b->source.room = PUTS_MAX;
	b->source.blob_dir = b->blobs;
	b->fd = -1;
	buf_init(&b->got, 1 << 16);
	if (blob_open(b->blobs, &b->source.blobs, &e) ||
		httpd_open(b->source.loop, &c, &b->httpd, &e))
		fail_msg("%s", e.text);
	open_webhook(b, PATIENCE_MS);
	*state = b;
	return 0;
}

/* A folder of files. */
static void remove_all(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *f;

	while (d && (f = readdir(d)))
		if (f->d_name[0] != '.')
			unlinkat(dirfd(d), f->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir);
}

static int teardown(void **state)
{
	struct bed *b = *state;

	if (b->fd >= 0)
		close(b->fd);
	webhook_free(b->webhook);
	httpd_close(b->httpd);
	blob_close(b->source.blobs);
	for (int i = 0; i < b->source.n_puts; i++)
		buf_free(&b->source.puts[i].original);
	buf_free(&b->got);
	loop_free(b->source.loop);
	remove_all(b->blobs);
	remove_all(b->dir);
	free(b);
	return 0;
}

/* --- the client --- */

static void client_read(struct bed *b)
{
	char part[4096];
	ssize_t n;

	while ((n = recv(b->fd, part, sizeof(part), MSG_DONTWAIT)) > 0)
		assert_int_equal(buf_add(&b->got, part, (size_t)n), 0);
	b->ended = n == 0 || (n < 0 && errno != EAGAIN);
}

static void client_send(struct bed *b, const char *data, size_t n)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	if (b->fd >= 0)
		close(b->fd);
	buf_reset(&b->got);
	b->ended = false;
	b->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(a.sun_path, b->path, strlen(b->path) + 1);
	assert_int_equal(connect(b->fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	while (n && clock_mono_ms() < end) {
		ssize_t sent = send(b->fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent > 0) {
			data += sent;
			n -= (size_t)sent;
		}
		loop_turn(b->source.loop, 1);
	}
	assert_int_equal(n, 0);
}

static int status(struct bed *b)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (!b->ended && clock_mono_ms() < end) {
		loop_turn(b->source.loop, 5);
		client_read(b);
	}
	assert_true(b->ended);
	return strncmp(buf_str(&b->got), "HTTP/1.1 ", 9) == 0 ? atoi(b->got.data + 9) : 0;
}

/* The request is with the webhook, and there is no answer: another request has gone through after
 * it. */
static void assert_no_answer(struct bed *b)
{
	for (int i = 0; i < 20; i++)
		loop_turn(b->source.loop, 1);
	client_read(b);
	assert_false(b->ended);
	assert_int_equal(b->got.len, 0);
}

static void turn_until_puts(struct bed *b, int n)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;

	while (b->source.n_puts < n && clock_mono_ms() < end)
		loop_turn(b->source.loop, 5);
	assert_int_equal(b->source.n_puts, n);
}

static void signature(const char *secret, const char *body, size_t n, char out[80])
{
	uint8_t mac[SHA256_SIZE];

	hmac_sha256(secret, strlen(secret), body, n, mac);
	hex_encode(mac, sizeof(mac), out + snprintf(out, 80, "sha256="));
}

/* `headers`: lines that end in CR LF. */
static void post_with(struct bed *b, const char *body, size_t n, const char *headers)
{
	struct buf request = BUF_INIT(n + 1000);

	buf_addf(&request, "POST /wa HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n%s\r\n", n,
		headers);
	buf_add(&request, body, n);
	client_send(b, request.data, request.len);
	buf_free(&request);
}

static void post(struct bed *b, const char *body, size_t n)
{
	char header[128], text[80];

	signature(SECRET, body, n, text);
	snprintf(header, sizeof(header), "X-Hub-Signature-256: %s\r\n", text);
	post_with(b, body, n, header);
}

/* A body with n messages, wamid.0 …, in a static buffer. */
static const char *body_of(int n, size_t *ret_len)
{
	static struct buf b;

	buf_free(&b);
	buf_init(&b, 1 << 20);
	buf_adds(&b,
		"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"changes\":[{\"field\":"
		"\"messages\",\"value\":{\"contacts\":[],\"messages\":[");
	for (int i = 0; i < n; i++)
		buf_addf(&b,
			"%s{\"from\":\"6281200000001\",\"id\":\"wamid.%d\",\"timestamp\":"
			"\"1700000000\",\"type\":\"text\",\"text\":{\"body\":\"Jalan rusak\"}}",
			i ? "," : "", i);
	buf_adds(&b, "]}}]}]}");
	*ret_len = b.len;
	return b.data;
}

static void post_messages(struct bed *b, int n)
{
	size_t len;
	const char *body = body_of(n, &len);

	post(b, body, len);
}

/* --- accepted --- */

static void never_200_before_the_report(void **state)
{
	struct bed *b = *state;

	post_messages(b, 1);
	turn_until_puts(b, 1);
	assert_no_answer(b);
	report(b, 0, true);
	assert_int_equal(status(b), 200);
}

static void never_200_before_every_report(void **state)
{
	struct bed *b = *state;

	post_messages(b, 3);
	turn_until_puts(b, 3);
	report(b, 2, true);
	report(b, 0, true);
	assert_no_answer(b);
	report(b, 1, true);
	assert_int_equal(status(b), 200);
}

static void one_message_keeps_the_whole_body(void **state)
{
	struct bed *b = *state;
	size_t len;
	const char *body = body_of(1, &len);

	post(b, body, len);
	turn_until_puts(b, 1);
	assert_string_equal(b->source.puts[0].native_id, "wamid.0");
	assert_string_equal(b->source.puts[0].blob, "");
	assert_int_equal(b->source.puts[0].original.len, len);
	assert_memory_equal(b->source.puts[0].original.data, body, len);
	report(b, 0, true);
	assert_int_equal(status(b), 200);
}

static void a_batch_lies_in_the_blob_store_first(void **state)
{
	struct bed *b = *state;
	char hash[SHA256_HEX_SIZE], id[16];
	size_t len;
	const char *body = body_of(3, &len);

	sha256_hex(body, len, hash);
	post(b, body, len);
	turn_until_puts(b, 3);
	for (int i = 0; i < 3; i++) {
		const struct put *p = &b->source.puts[i];

		snprintf(id, sizeof(id), "wamid.%d", i);
		assert_string_equal(p->native_id, id);
		assert_string_equal(p->blob, hash);
		assert_true(p->blob_was_there);
		assert_memory_equal(body + p->offset, p->original.data, p->original.len);
		assert_non_null(strstr(p->original.data, id));
		assert_int_equal(p->original.data[0], '{');
		report(b, i, true);
	}
	assert_int_equal(status(b), 200);
}

static void an_empty_envelope_is_answered(void **state)
{
	static const char body[] = "{\"object\":\"whatsapp_business_account\",\"entry\":[]}";
	struct bed *b = *state;

	post(b, body, strlen(body));
	assert_int_equal(status(b), 200);
	assert_int_equal(b->source.n_puts, 0);
}

static void the_second_secret_signs_too(void **state)
{
	struct bed *b = *state;
	char header[128], text[80];
	size_t len;
	const char *body = body_of(1, &len);

	signature(SECOND, body, len, text);
	snprintf(header, sizeof(header), "X-Hub-Signature-256: %s\r\n", text);
	post_with(b, body, len, header);
	turn_until_puts(b, 1);
	report(b, 0, true);
	assert_int_equal(status(b), 200);
}

/* --- refused --- */

/* Refused with this status, and nothing was produced. */
static void assert_refused(struct bed *b, int want)
{
	for (int i = 0; i < 20; i++)
		loop_turn(b->source.loop, 1);
	assert_int_equal(b->source.n_puts, 0);
	assert_int_equal(status(b), want);
}

static void nothing_without_our_signature(void **state)
{
	struct bed *b = *state;
	char headers[4][128], good[80], other[80];
	size_t len;
	const char *body = body_of(1, &len);

	signature(SECRET, body, len, good);
	signature("lain", body, len, other);
	snprintf(headers[0], sizeof(headers[0]), "X-Hub-Signature-256: %s\r\n", other);
	snprintf(headers[1], sizeof(headers[1]), "X-A: b\r\n");
	snprintf(headers[2], sizeof(headers[2]), "X-Hub-Signature-256: %s\r\n", good + 7);
	snprintf(headers[3], sizeof(headers[3]), "X-Hub-Signature: %s\r\n", good);
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		post_with(b, body, len, headers[i]);
		assert_refused(b, 401);
	}
	b->source.stopped = true; /* who cannot sign learns nothing of our state */
	post_with(b, body, len, headers[0]);
	assert_refused(b, 401);
}

static void two_signature_headers_are_refused(void **state)
{
	static const char *const names[] = {"X-Hub-Signature-256", "x-hub-signature-256"};
	struct bed *b = *state;
	char headers[256], good[80];
	size_t len;
	const char *body = body_of(1, &len);

	signature(SECRET, body, len, good);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(headers, sizeof(headers), "X-Hub-Signature-256: %s\r\n%s: %s\r\n", good,
			names[i], i ? "sha256=00" : good);
		post_with(b, body, len, headers);
		assert_refused(b, 401);
	}
}

static void not_running_or_kafka_away(void **state)
{
	struct bed *b = *state;

	b->source.stopped = true;
	post_messages(b, 1);
	assert_refused(b, 503);
	assert_non_null(strstr(b->got.data, "Retry-After: "));
	b->source.stopped = false;
	b->source.away = true;
	post_messages(b, 1);
	assert_refused(b, 503);
}

static void a_failed_report_is_503(void **state)
{
	struct bed *b = *state;

	post_messages(b, 3);
	turn_until_puts(b, 3);
	report(b, 0, true);
	report(b, 1, false);
	report(b, 2, true);
	assert_int_equal(status(b), 503);
	assert_non_null(strstr(b->got.data, "Retry-After: "));
}

static void a_full_queue_is_503_at_once(void **state)
{
	struct bed *b = *state;

	b->source.room = 2;
	post_messages(b, 5);
	assert_int_equal(status(b), 503); /* before the reports */
	assert_int_equal(b->source.n_puts, 2);
	report(b, 0, true);
	report(b, 1, true);
	b->source.room = PUTS_MAX;
	post_messages(b, 1);
	turn_until_puts(b, 3);
	report(b, 2, true);
	assert_int_equal(status(b), 200);
}

static void a_blob_store_that_fails_is_503(void **state)
{
	struct bed *b = *state;

	assert_int_equal(rmdir(b->blobs), 0);
	post_messages(b, 2);
	assert_int_equal(status(b), 503);
	assert_int_equal(b->source.n_puts, 0);
}

static void the_deadline_is_503(void **state)
{
	struct bed *b = *state;

	open_webhook(b, 50);
	post_messages(b, 2);
	turn_until_puts(b, 2);
	report(b, 0, true);
	assert_int_equal(status(b), 503);
	report(b, 1, true); /* too late, and harmless */
}

/* --- ends --- */

static void a_client_that_left(void **state)
{
	struct bed *b = *state;

	post_messages(b, 1);
	turn_until_puts(b, 1);
	close(b->fd);
	b->fd = -1;
	loop_turn(b->source.loop, 5);
	report(b, 0, true);
	post_messages(b, 1);
	turn_until_puts(b, 2);
	report(b, 1, true);
	assert_int_equal(status(b), 200);
}

static void closed_with_bodies_under_way(void **state)
{
	struct bed *b = *state;

	post_messages(b, 2);
	turn_until_puts(b, 2);
	report(b, 0, true);
	webhook_free(TAKE_PTR(b->webhook));
	assert_int_equal(status(b), 503);
}

static void get(struct bed *b, const char *query, int want, const char *body)
{
	char request[1024];

	snprintf(request, sizeof(request), "GET /wa%s HTTP/1.1\r\nHost: x\r\n\r\n", query);
	client_send(b, request, strlen(request));
	if (status(b) != want)
		fail_msg("%s: not %d", query, want);
	if (body)
		assert_string_equal(strstr(b->got.data, "\r\n\r\n") + 4, body);
}

static bool by_header(void *ctx, const struct httpd_request *r, const char *body, size_t len)
{
	const char *key = httpd_header(r, "X-Key");

	(void)ctx;
	return body && len && key && strcmp(key, "kunci") == 0;
}

static void another_provider(void **state)
{
	struct bed *b = *state;
	size_t len;
	const char *body = body_of(1, &len);

	b->verify = by_header;
	open_webhook(b, PATIENCE_MS);
	get(b, "", 200, "ok\n");
	post(b, body, len); /* Meta's signature is nothing here */
	assert_refused(b, 401);
	post_with(b, body, len, "X-Key: lain\r\n");
	assert_refused(b, 401);
	post_with(b, body, len, "X-Key: kunci\r\n");
	turn_until_puts(b, 1);
	report(b, 0, true);
	assert_int_equal(status(b), 200);
}

static void the_handshake(void **state)
{
	char query[600];
	struct bed *b = *state;

	get(b, "?hub.mode=subscribe&hub.verify_token=" TOKEN "&hub.challenge=%3Cb%3E9", 200,
		"<b>9");
	assert_non_null(strstr(b->got.data, "Content-Type: text/plain\r\n"));
	get(b, "?hub.mode=subscribe&hub.verify_token=token-kit&hub.challenge=9", 403, NULL);
	get(b, "?hub.mode=subscribe&hub.verify_token=&hub.challenge=9", 403, NULL);
	get(b, "?hub.mode=subscribe&hub.challenge=9", 403, NULL);
	get(b, "?hub.mode=unsubscribe&hub.verify_token=" TOKEN "&hub.challenge=9", 403, NULL);
	get(b, "?hub.mode=subscribe&hub.verify_token=" TOKEN, 400, NULL);
	get(b, "", 403, NULL);
	snprintf(query, sizeof(query),
		"?hub.mode=subscribe&hub.verify_token=%s&hub.challenge=%0300d", TOKEN, 1);
	get(b, query, 400, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(never_200_before_the_report),
		TEST(never_200_before_every_report),
		TEST(one_message_keeps_the_whole_body),
		TEST(a_batch_lies_in_the_blob_store_first),
		TEST(an_empty_envelope_is_answered),
		TEST(the_second_secret_signs_too),
		TEST(nothing_without_our_signature),
		TEST(two_signature_headers_are_refused),
		TEST(another_provider),
		TEST(not_running_or_kafka_away),
		TEST(a_failed_report_is_503),
		TEST(a_full_queue_is_503_at_once),
		TEST(a_blob_store_that_fails_is_503),
		TEST(the_deadline_is_503),
		TEST(a_client_that_left),
		TEST(closed_with_bodies_under_way),
		TEST(the_handshake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
