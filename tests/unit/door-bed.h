/* door-bed: routes of muara-door on the real HTTP server, with a source whose reports the test
 * gives and a client that signs. For the tests of the routes. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/metrics.h"
#include "core/blob.h"
#include "daemons/door/door.h"
#include "daemons/door/intake.h"
#include "daemons/door/keyring.h"

#include "scratch.h"

#define PATIENCE_MS 20000
#define PUTS_MAX    64

struct bed_put {
	source_report_fn *report;
	void *ctx;
	uint64_t number;
	char channel[33], account[33], native_id[300], text[400], attachment[SHA256_HEX_SIZE];
	char phone[32], name[64], address[128], original[400];
	bool review, location;
	int64_t sent_ms;
	size_t n_attachments;
};

/* Stands in for core/source. */
struct source {
	struct loop *loop;
	struct blob_store *blobs;
	struct muara_conf shared;
	bool stopped, away, silent; /* silent: the test gives the reports; else at once */
	int room;
	struct bed_put puts[PUTS_MAX];
	int n_puts;
};

struct bed {
	struct source source;
	struct door_conf conf;
	struct door door;
	struct httpd *httpd;
	char dir[64], path[96], keys[96], blobs[96];
	char secret[DOORKEY_SECRET_SIZE], key[DOORKEY_ID_SIZE];
	struct buf got;
	int status, reported;
};

struct loop *source_loop(const struct source *s)
{
	return s->loop;
}

struct blob_store *source_blobs(const struct source *s)
{
	return s->blobs;
}

const struct muara_conf *source_shared(const struct source *s)
{
	return &s->shared;
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
	*ret = (struct message){.tenant = "malang", .channel = "website", .account = "kota"};
}

static void bed_copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

int source_put(struct source *s, const struct message *m, source_report_fn *report, void *ctx,
	uint64_t number, char ret_id[UUID_TEXT_SIZE], struct err *e)
{
	struct bed_put *p = &s->puts[s->n_puts];
	int64_t bytes;

	if (s->n_puts == s->room)
		return err_set(e, -ENOBUFS, "queue full");
	s->n_puts++;
	*p = (struct bed_put){.report = report, .ctx = ctx, .number = number};
	bed_copy(p->channel, sizeof(p->channel), m->channel);
	bed_copy(p->account, sizeof(p->account), m->account);
	bed_copy(p->native_id, sizeof(p->native_id), m->native_id);
	bed_copy(p->text, sizeof(p->text), m->text);
	bed_copy(p->phone, sizeof(p->phone), m->author.phone);
	bed_copy(p->name, sizeof(p->name), m->author.name);
	bed_copy(p->address, sizeof(p->address), m->location.address);
	snprintf(p->original, sizeof(p->original), "%.*s", (int)m->original.len,
		(const char *)m->original.data);
	p->review = m->source.review_required;
	p->location = m->location.set;
	p->sent_ms = m->sent_ms;
	p->n_attachments = m->n_attachments;
	for (size_t i = 0; i < m->n_attachments; i++)
		if (m->attachments[i].state == AS_STORED) { /* before the message */
			assert_int_equal(
				blob_exists(s->blobs, m->attachments[i].sha256, &bytes, e), 0);
			bed_copy(p->attachment, sizeof(p->attachment), m->attachments[i].sha256);
		}
	message_id(m->tenant, m->channel, m->account, m->native_id, NULL, ret_id);
	return 0;
}

static inline void bed_report(struct bed *b, int i, bool ok)
{
	struct bed_put *p = &b->source.puts[i];

	p->report(p->ctx, p->number, ok, ok ? i : -1);
}

/* A fresh key of client "sambat" with channels website and sambat. */
static inline void bed_key(struct bed *b, enum doorkey_use use, int64_t burst)
{
	struct doorkey k = {.use = use,
		.client = "sambat",
		.tenant = "malang",
		.channels = {"sambat", "website"},
		.n_channels = 2,
		.review = true,
		.per_minute = 1,
		.burst = burst};
	char name[DOORKEY_ID_SIZE + 8], *text;
	int fd = open(b->keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e = {0};
	size_t n;

	doorkey_draw(&k);
	text = doorkey_text(&k, NULL, NULL, &n);
	snprintf(name, sizeof(name), "%s.json", k.id);
	assert_int_equal(fsio_write_atomic_at(fd, name, text, n, 0640, &e), 0);
	memcpy(b->key, k.id, sizeof(b->key));
	memcpy(b->secret, k.secret, sizeof(b->secret));
	free(text);
	close(fd);
}

static inline struct bed *bed_new(const struct httpd_route *routes)
{
	static char website[] = "website", sambat[] = "sambat", malang[] = "malang",
		    zone[] = "+07:00";
	static char *channels[] = {website, sambat};
	static struct muara_tenant tenant = {.name = malang};
	static const char *const labels[] = {"stored", NULL};
	struct bed *b = xcalloc(1, sizeof(*b));
	struct httpd_conf c = {.listen = b->path, .routes = routes, .ctx = b};
	struct err e = {0};

	snprintf(b->dir, sizeof(b->dir), "/tmp/test-door.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/s", b->dir);
	snprintf(b->keys, sizeof(b->keys), "%s/keys", b->dir);
	snprintf(b->blobs, sizeof(b->blobs), "%s/blobs", b->dir);
	assert_int_equal(fsio_make_dirs(b->blobs, 0700, &e), 0);
	assert_int_equal(fsio_make_dirs(b->keys, 0700, &e), 0);
	b->source.loop = loop_new();
	b->source.room = PUTS_MAX;
	b->source.shared = (struct muara_conf){.channels = {.v = channels, .n = 2},
		.tenants = {.v = &tenant, .n = 1},
		.timezone = zone};
	b->conf = (struct door_conf){.answer_ms = PATIENCE_MS,
		.window_ms = 300000,
		.body_bytes = 1 << 20,
		.attachment_bytes = 1000,
		.batch_lines = 10};
	buf_init(&b->got, 1 << 20);
	assert_int_equal(blob_open(b->blobs, &b->source.blobs, &e), 0);
	assert_int_equal(httpd_open(b->source.loop, &c, &b->httpd, &e), 0);
	assert_int_equal(keyring_open(b->keys, &b->door.keys, &e), 0);
	b->door.source = &b->source;
	b->door.conf = &b->conf;
	b->door.quotas = quotas_new(8);
	b->door.answers = metric_counter("answers", "answers", "status", labels);
	b->door.messages = metric_counter("messages", "messages", "end", labels);
	bed_key(b, DOORKEY_SIGNED, 100);
	return b;
}

static inline void bed_free(struct bed *b)
{
	intake_close_all(&b->door);
	httpd_close(b->httpd);
	keyring_close(b->door.keys);
	quotas_free(b->door.quotas);
	blob_close(b->source.blobs);
	loop_free(b->source.loop);
	buf_free(&b->got);
	assert_int_equal(scratch_remove(b->dir), 0);
	free(b);
}

static inline void bed_turn(struct bed *b)
{
	loop_turn(b->source.loop, 1);
	while (!b->source.silent && b->reported < b->source.n_puts)
		bed_report(b, b->reported++, true);
}

static inline int bed_connect(struct bed *b)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(a.sun_path, b->path, strlen(b->path) + 1);
	assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Sends and turns the loop until `done` puts are there or, when done < 0, until the answer is. */
static inline void bed_talk(struct bed *b, int fd, const char *data, size_t n, int done)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;
	bool ended = false;

	buf_reset(&b->got);
	while (!ended && clock_mono_ms() < end && (done < 0 || b->source.n_puts < done)) {
		char part[4096];
		ssize_t k = n ? send(fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

		data += MAX(k, 0);
		n -= (size_t)MAX(k, 0);
		bed_turn(b);
		while ((k = recv(fd, part, sizeof(part), MSG_DONTWAIT)) > 0)
			assert_int_equal(buf_add(&b->got, part, (size_t)k), 0);
		ended = k == 0 || (k < 0 && errno != EAGAIN);
	}
	if (sscanf(buf_str(&b->got), "HTTP/1.1 %d", &b->status) != 1)
		b->status = 0;
}

/* Nothing has come back, nor will without a further report. */
static inline void bed_quiet(struct bed *b, int fd)
{
	char part[16];

	for (int i = 0; i < 20; i++)
		bed_turn(b);
	assert_int_equal(recv(fd, part, sizeof(part), MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* The head of a signed POST and the body behind it; caller frees. */
static inline char *bed_request(struct bed *b, const char *path, const char *body, size_t n,
	int64_t at_s, const char *more, size_t *ret_len)
{
	char at[24], hex[SHA256_HEX_SIZE];
	struct doorkey_request q = {
		.key = b->key, .time = at, .method = "POST", .path = path, .body = body, .len = n};
	char *text;
	size_t head;

	snprintf(at, sizeof(at), "%lld", (long long)at_s);
	doorkey_sign(b->secret, &q, hex);
	text = xasprintf("POST %s HTTP/1.1\r\nHost: x\r\nX-Muara-Key: %s\r\nX-Muara-Time: %s\r\n"
			 "X-Muara-Signature: %s\r\n%sContent-Length: %zu\r\n\r\n",
		path, b->key, at, hex, more, n);
	head = strlen(text);
	text = xrealloc(text, head + n + 1);
	memcpy(text + head, body, n);
	*ret_len = head + n;
	return text;
}

/* One signed POST to its answer's status. */
static inline int bed_post_more(struct bed *b, const char *path, const char *body, const char *more)
{
	size_t n;
	_cleanup_free_ char *text =
		bed_request(b, path, body, strlen(body), clock_wall_ms() / 1000, more, &n);
	_cleanup_close_ int fd = bed_connect(b);

	bed_talk(b, fd, text, n, -1);
	return b->status;
}

static inline int bed_post(struct bed *b, const char *path, const char *body)
{
	return bed_post_more(b, path, body, "");
}

/* Body of the answer. */
static inline const char *bed_body(struct bed *b)
{
	const char *s = strstr(buf_str(&b->got), "\r\n\r\n");

	return s ? s + 4 : "";
}
