/* What really leaves by libcurl for the calls of lapor-v3 equals the wire transcripts byte for
 * byte: header order, lengths, multipart. A thread is the server; only host, boundary and the ids
 * of this test are filled into the transcripts. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/loop.h"
#include "core/profile.h"

#include "golden.h"
#include "scratch.h"

#define ID	"6f1d2c3b-4a59-5e68-8b77-0123456789ab"
#define IMAGE	"3bf14efa063f30dd377522beb06e56e4820606224c2f432e88e1274b8a8b78f5"
#define PDF	"d104dbd85fc211465f031eeda9765e389f6645f5f23213c4aa1cef516d3157e1"
#define CSTR(x) ((char *)(uintptr_t)(x))
#define SET(k, val)                                           \
	{                                                     \
		.key = CSTR(k), .value = CSTR(val), .line = 1 \
	}

static struct bed {
	struct profile *v3, *json;
	struct loop *loop;
	struct httpc *client;
	struct blob_store *blobs;
	char blob_dir[64], base[64], host[32];
	int listener;
	bool done;
	long status;
	struct buf got; /* the one request of the call under way */
} bed;

static struct strpair setting_rows[] = {SET("institution", "12"), SET("category", "436"),
	SET("user", "0"), SET("attachments_form", "string")};
static struct strpair agency_rows[] = {SET("Dinas Perhubungan", "77")};
static const struct strmap settings = {setting_rows, ARRAY_SIZE(setting_rows)};
static const struct strmap agencies = {agency_rows, ARRAY_SIZE(agency_rows)};
static const char *const headers[] = {"auth: Bearer x", "token: {T}", NULL};

/* --- the server: one request, one answer --- */

static size_t whole_length(const struct buf *b)
{
	const char *end = b->len ? memmem(b->data, b->len, "\r\n\r\n", 4) : NULL;
	const char *length = end ? strstr(b->data, "Content-Length: ") : NULL;

	if (!end)
		return SIZE_MAX;
	return (size_t)(end + 4 - b->data) +
	       (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
}

static void *serve(void *unused)
{
	static const char ok[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
	int fd = accept4(bed.listener, NULL, NULL, SOCK_CLOEXEC);
	char part[4096];

	(void)unused;
	while (fd >= 0 && bed.got.len < whole_length(&bed.got)) {
		ssize_t n = recv(fd, part, sizeof part, 0);

		if (n <= 0)
			break;
		(void)buf_add(&bed.got, part, (size_t)n);
	}
	(void)send(fd, ok, strlen(ok), MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static void on_done(void *ctx, const struct httpc_answer *a)
{
	(void)ctx;
	bed.done = true;
	bed.status = a->status;
}

static void send_it(const struct profile_request *r)
{
	struct err e = {0};
	pthread_t thread;

	buf_reset(&bed.got);
	bed.done = false;
	assert_int_equal(pthread_create(&thread, NULL, serve, NULL), 0);
	if (httpc_send(bed.client, &r->http, on_done, NULL, NULL, &e)) {
		print_error("%s\n", e.text);
		fail();
	}
	while (!bed.done)
		loop_turn(bed.loop, 1000);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(bed.status, 200);
}

/* --- the transcript --- */

/* libcurl makes the boundary up: what stands in this request. */
static void boundary_of(const struct buf *b, char ret[128])
{
	const char *at = strstr(buf_str(b), "boundary=");

	*ret = '\0';
	if (at)
		snprintf(ret, 128, "%.*s", (int)strcspn(at + 9, "\r\n"), at + 9);
}

/* {{name}} -> value. NULL: left as it is. */
static const char *value_of(const char *name, size_t n, const char *key, const char *boundary)
{
	const char *const fixed[][2] = {{"host", bed.host}, {"base_path", "/lapor/3.0.0"},
		{"auth", "Bearer x"}, {"token", "{T}"}, {"user_agent", "muara/test"},
		{"boundary", boundary}, {"idempotency_key", key}, {"complaint_id", "1916449"},
		{"image_id", "501"}, {"doc_id", "502"}, {"ticket", "ABCDE-FGHJK"},
		{"own_institution_id", "12"}, {"target_institution_id", "77"},
		{"category_id", "436"}, {"location_id", "34"}};

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		if (strlen(fixed[i][0]) == n && strncmp(fixed[i][0], name, n) == 0)
			return fixed[i][1];
	return NULL;
}

static void fill(const char *text, size_t n, const char *key, const char *boundary, struct buf *out)
{
	for (const char *at = text, *end; at < text + n; at = end) {
		const char *value = NULL;

		end = at + 1;
		if (strncmp(at, "{{", 2) == 0) {
			end = strstr(at, "}}") + 2;
			value = value_of(at + 2, (size_t)(end - at - 4), key, boundary);
		}
		if (value)
			(void)buf_adds(out, value);
		else
			(void)buf_add(out, at, (size_t)(end - at));
	}
}

/* The length of the transcript's own body in the place of its name. */
static void fill_length(const struct buf *filled, struct buf *out)
{
	static const char name[] = "{{content_length}}";
	const char *at = strstr(filled->data, name);
	const char *body = memmem(filled->data, filled->len, "\r\n\r\n", 4);

	if (!at) {
		(void)buf_add(out, filled->data, filled->len);
		return;
	}
	assert_non_null(body);
	(void)buf_add(out, filled->data, (size_t)(at - filled->data));
	(void)buf_addf(out, "%zu", (size_t)(filled->data + filled->len - body - 4));
	at += strlen(name);
	(void)buf_add(out, at, (size_t)(filled->data + filled->len - at));
}

static void compare(const char *folder, const char *name, const char *key)
{
	_cleanup_free_ char *path = xasprintf("%s%s.request", folder, name), *text = NULL;
	_cleanup_buf_ struct buf filled = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
	char boundary[128];
	size_t n;

	assert_int_equal(fsio_read_file(path, 1 << 20, &text, &n, NULL), 0);
	boundary_of(&bed.got, boundary);
	fill(text, n, key, boundary, &filled);
	fill_length(&filled, &want);
	if (bed.got.len != want.len || memcmp(bed.got.data, want.data, want.len) != 0) {
		print_error("%s:\n--- want\n%s\n--- got\n%s\n", name, want.data, bed.got.data);
		fail();
	}
}

/* --- the calls --- */

static struct profile_input input_of(const json_t *complaint)
{
	return (struct profile_input){.complaint = complaint,
		.base = bed.base,
		.headers = headers,
		.settings = &settings,
		.agencies = &agencies,
		.remote_id = 1916449,
		.blobs = bed.blobs};
}

static void call(
	enum call_kind c, const struct profile_input *in, const char *golden, const char *key)
{
	struct profile_request r;
	struct err e = {0};

	if (profile_request(bed.v3, c, in, &r, &e)) {
		print_error("%s: %s\n", golden, e.text);
		fail();
	}
	send_it(&r);
	profile_request_clear(&r);
	compare(GOLDEN, golden, key);
}

static void creates_leave_as_written(void **state)
{
	static const struct profile_file files[] = {{IMAGE, 501}, {PDF, 502}};
	_cleanup_json_ json_t *plain = snapshot("plain"), *secret = snapshot("secret");
	_cleanup_json_ json_t *with = snapshot("attachments");
	struct profile_input in = input_of(plain);

	(void)state;
	call(CALL_CREATE, &in, "create-plain", ID ".2");
	in.complaint = secret;
	call(CALL_CREATE, &in, "create-anonymous-secret", ID ".2");
	in.complaint = with;
	in.files = files;
	in.n_files = ARRAY_SIZE(files);
	call(CALL_CREATE, &in, "create-attachments-string", ID ".2");
}

static void uploads_leave_as_written(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments");
	struct profile_input in = input_of(c);

	(void)state;
	in.attachment = json_array_get(json_object_get(c, "attachments"), 0);
	call(CALL_UPLOAD, &in, "upload-image", ID "." IMAGE);
	in.attachment = json_array_get(json_object_get(c, "attachments"), 1);
	call(CALL_UPLOAD, &in, "upload-document", ID "." PDF);
}

static void handover_leaves_as_written(void **state)
{
	_cleanup_json_ json_t *c = snapshot("attachments");
	struct profile_input in = input_of(c);

	(void)state;
	call(CALL_HANDOVER, &in, "handover", ID ".handover");
}

static void reads_leave_as_written(void **state)
{
	static const struct {
		enum profile_read read;
		const char *golden;
	} rows[] = {{READ_PROBE, "institutions"}, {READ_REPORT, "status"}};
	struct profile_input in = input_of(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct profile_request r;

		assert_int_equal(profile_read_request(bed.v3, rows[i].read, &in, &r, NULL), 0);
		send_it(&r);
		profile_request_clear(&r);
		compare(GOLDEN, rows[i].golden, "");
	}
}

/* Another endpoint is another file, not another program. */
static void profile_json_leaves_as_written(void **state)
{
	static const struct strmap none = {0};
	_cleanup_json_ json_t *c = snapshot("plain");
	struct profile_input in = input_of(c);
	struct profile_request r;

	(void)state;
	in.settings = &none;
	in.agencies = &none;
	assert_int_equal(profile_request(bed.json, CALL_CREATE, &in, &r, NULL), 0);
	send_it(&r);
	profile_request_clear(&r);
	compare("tests/golden/json/", "create-plain", ID ".2");
	assert_false(profile_wants(bed.json, CALL_HANDOVER, c, &none, &agencies));
}

/* --- setting up --- */

static int open_listener(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;

	bed.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bed.listener < 0 || bind(bed.listener, (struct sockaddr *)&at, n) ||
		listen(bed.listener, 8) || getsockname(bed.listener, (struct sockaddr *)&at, &n))
		return -1;
	snprintf(bed.host, sizeof bed.host, "127.0.0.1:%d", ntohs(at.sin_port));
	snprintf(bed.base, sizeof bed.base, "http://%s/lapor/3.0.0", bed.host);
	return 0;
}

static int setup(void **state)
{
	static const char image[] = "\xff\xd8\xff\xe0muara\xff\xd9", pdf[] = "%PDF-1.4 muara";
	char sha256[65];
	struct err e = {0};

	(void)state;
	bed.loop = loop_new();
	bed.got = BUF_INIT(1 << 20);
	snprintf(bed.blob_dir, sizeof bed.blob_dir, "%s/muara-wire-XXXXXX", P_tmpdir);
	if (open_listener() || !mkdtemp(bed.blob_dir) || blob_open(bed.blob_dir, &bed.blobs, &e) ||
		blob_put(bed.blobs, image, sizeof image - 1, sha256, &e) ||
		blob_put(bed.blobs, pdf, sizeof pdf - 1, sha256, &e) ||
		httpc_open(bed.loop, "muara/test", 4, &bed.client, &e) ||
		profile_load("config/lapor/lapor-v3.yaml", &bed.v3, NULL, &e) ||
		profile_load("config/lapor/json.yaml", &bed.json, NULL, &e)) {
		print_error("%s\n", e.text);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	httpc_close(bed.client);
	loop_free(bed.loop);
	profile_free(bed.v3);
	profile_free(bed.json);
	blob_close(bed.blobs);
	buf_free(&bed.got);
	close(bed.listener);
	return scratch_remove(bed.blob_dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_leave_as_written),
		cmocka_unit_test(uploads_leave_as_written),
		cmocka_unit_test(handover_leaves_as_written),
		cmocka_unit_test(reads_leave_as_written),
		cmocka_unit_test(profile_json_leaves_as_written),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
