/* The emitter on librdkafka's mock broker, which can refuse on command: a report is passed on as it
 * is, what cannot be built becomes undecodable with its bytes, large originals are stored first. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/kafka.h"
#include "base/metrics.h"
#include "base/util.h"
#include "core/emitter.h"

#include "scratch.h"

#define WAIT_MS	  30000
#define ORIGINAL  "{\"text\":\"Jalan rusak\"}"
#define TOO_LARGE RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE /* not retried by the client */

static char dir[] = "/tmp/muara-emitter-XXXXXX";
static struct {
	rd_kafka_t *mock_rk;
	rd_kafka_mock_cluster_t *mock;
	struct loop *loop;
	struct blob_store *blobs;
	struct emitter *em;
	struct muara_conf conf;
	struct kafka_conf reader;
	/* reports so far */
	int n, n_ok, reported;
	uint64_t last;
	int64_t offset;
} w;

static void reported(void *ctx)
{
	(void)ctx;
	w.reported++;
}

static void on_report(void *ctx, uint64_t number, bool ok, int64_t offset)
{
	assert_ptr_equal(ctx, &w);
	w.n++;
	w.n_ok += ok;
	w.last = number;
	w.offset = offset;
}

static void wait_reports(int n)
{
	int64_t end = clock_mono_ms() + WAIT_MS;

	while (w.n < n && clock_mono_ms() < end)
		loop_turn(w.loop, 50);
	assert_int_equal(w.n, n);
	assert_int_equal(emitter_in_flight(w.em), 0);
}

static struct message a_message(const char *native_id)
{
	struct message m = {.tenant = "malang",
		.channel = "file",
		.account = "kota",
		.native_id = native_id,
		.text = "Jalan rusak",
		.original = {.data = ORIGINAL, .len = sizeof(ORIGINAL) - 1}};

	m.source.daemon = "muara-file";
	m.source.instance = "a";
	m.author.id = "";
	return m;
}

static int keep_last(void *ctx, const struct kafka_record *r)
{
	json_t **ret = ctx;

	json_decref(*ret);
	assert_int_equal(json_parse(r->value, r->value_len, 1 << 20, ret, NULL), 0);
	json_set_new(*ret, "_key", json_stringn(r->key, r->key_len));
	return 0;
}

/* The newest record of a topic, with its key as "_key". */
static json_t *newest(const char *topic)
{
	json_t *last = NULL;

	assert_int_equal(
		kafka_read_range(&w.reader, topic, 0, KAFKA_BEGIN, keep_last, &last, WAIT_MS, NULL),
		0);
	assert_non_null(last);
	return last;
}

static int setup(void **state)
{
	char text[256];
	struct emitter_conf c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	w.mock_rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
	w.mock = rd_kafka_mock_cluster_new(w.mock_rk, 1);
	assert_int_equal(rd_kafka_mock_topic_create(w.mock, "muara.raw.file", 1, 1), 0);
	assert_int_equal(rd_kafka_mock_topic_create(w.mock, "muara.raw.website", 1, 1), 0);
	assert_int_equal(rd_kafka_mock_topic_create(w.mock, "muara.cursors", 1, 1), 0);
	w.conf.brokers = (char *)(uintptr_t)rd_kafka_mock_cluster_bootstraps(w.mock);
	w.conf.prefix = xstrdup("muara.");
	w.reader = (struct kafka_conf){.brokers = w.conf.brokers, .client_id = "test"};
	w.loop = loop_new();
	assert_int_equal(blob_open(dir, &w.blobs, NULL), 0);
	c = (struct emitter_conf){.loop = w.loop,
		.shared = &w.conf,
		.daemon = "muara-file",
		.instance = "a",
		.channel = "file",
		.blobs = w.blobs,
		.reported = reported};
	assert_int_equal(emitter_open(&c, &w.em, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	emitter_close(w.em);
	loop_free(w.loop);
	blob_close(w.blobs);
	rd_kafka_mock_cluster_destroy(w.mock);
	rd_kafka_destroy(w.mock_rk);
	free(w.conf.prefix);
	return scratch_remove(dir);
}

static int fresh(void **state)
{
	(void)state;
	w.n = w.n_ok = w.reported = 0;
	return 0;
}

static void put(const struct message *m, uint64_t number, char *id)
{
	struct err e = {0};

	if (emitter_put(w.em, m, on_report, &w, number, id, &e))
		fail_msg("%s", e.text);
}

static void a_message_is_reported_with_its_offset(void **state)
{
	struct message m = a_message("n1");
	char id[UUID_TEXT_SIZE], want[UUID_TEXT_SIZE];
	_cleanup_json_ json_t *r = NULL;

	(void)state;
	put(&m, 7, id);
	assert_int_equal(w.n, 0); /* never before the loop turns */
	assert_int_equal(emitter_in_flight(w.em), 1);
	wait_reports(1);
	assert_int_equal(w.n_ok, 1);
	assert_int_equal(w.reported, 1);
	assert_int_equal(w.last, 7);
	assert_true(w.offset >= 0);
	message_id("malang", "file", "kota", "n1", NULL, want);
	assert_string_equal(id, want);
	r = newest("muara.raw.file");
	assert_string_equal(json_str(r, "_key"), want);
	assert_string_equal(json_str(r, "id"), want);
}

/* The door: another channel than the source's own, and the tenant's lane. */
static void a_message_goes_where_it_says(void **state)
{
	struct message m = a_message("n1");
	_cleanup_json_ json_t *r = NULL;

	(void)state;
	m.channel = "website";
	put(&m, 1, NULL);
	wait_reports(1);
	assert_int_equal(w.n_ok, 1);
	r = newest("muara.raw.website");
	assert_string_equal(json_str(r, "channel"), "website");
}

/* The whole promise hangs on this: a source that hears "ok" says "accepted". */
static void a_failed_report_is_not_ok(void **state)
{
	struct message m = a_message("n2");

	(void)state;
	rd_kafka_mock_push_request_errors(w.mock, 0, 1, TOO_LARGE);
	put(&m, 8, NULL);
	wait_reports(1);
	assert_int_equal(w.n_ok, 0);
	assert_int_equal(w.offset, -1);
	put(&m, 9, NULL);
	wait_reports(2);
	assert_int_equal(w.n_ok, 1);
}

static void what_cannot_be_built_becomes_undecodable(void **state)
{
	struct message m = a_message(NULL); /* no native id */
	_cleanup_json_ json_t *r = NULL;

	(void)state;
	m.source.place = "a.ndjson:3";
	put(&m, 1, NULL);
	wait_reports(1);
	assert_int_equal(w.n_ok, 1);
	r = newest("muara.raw.file");
	assert_string_equal(json_str(r, "class"), "undecodable");
	assert_string_equal(json_str(json_object_get(r, "error"), "place"), "a.ndjson:3");
	assert_non_null(strstr(json_str(json_object_get(r, "error"), "reason"), "native_id"));
	assert_string_equal(json_str(json_object_get(r, "original"), "inline"), ORIGINAL);
}

static void a_large_original_is_stored_before(void **state)
{
	size_t n = MESSAGE_INLINE_MAX + 1;
	_cleanup_free_ char *big = xmalloc(n);
	struct message m = a_message("n3");
	_cleanup_json_ json_t *r = NULL;
	const json_t *original;
	int64_t bytes = 0;
	char hash[SHA256_HEX_SIZE];

	(void)state;
	memset(big, 'x', n);
	m.original.data = big;
	m.original.len = n;
	put(&m, 1, NULL);
	sha256_hex(big, n, hash);
	assert_int_equal(blob_exists(w.blobs, hash, &bytes, NULL), 0); /* no turn of the loop yet */
	assert_int_equal(bytes, n);
	wait_reports(1);
	r = newest("muara.raw.file");
	original = json_object_get(r, "original");
	assert_string_equal(json_str(original, "blob"), hash);
	assert_int_equal(json_int(original, "length", 0), n);
	assert_null(m.original.blob); /* the caller's message is as it was */
}

/* The disk is full: nothing happens, and it is said. */
static void no_blob_no_message(void **state)
{
	_cleanup_free_ char *big = xcalloc(1, MESSAGE_INLINE_MAX + 2);
	struct message m = a_message("n4");
	struct err e = {0};

	(void)state;
	m.original.data = big;
	m.original.len = MESSAGE_INLINE_MAX + 2;
	assert_int_equal(scratch_remove(dir), 0);
	assert_true(emitter_put(w.em, &m, on_report, &w, 1, NULL, &e) < 0);
	assert_true(*e.text);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(emitter_in_flight(w.em), 0);
	assert_int_equal(w.n, 0);
}

static void a_cursor_names_the_last_raw_record(void **state)
{
	_cleanup_json_ json_t *value = json_pack("{s:i}", "line", 4), *r = NULL;
	const json_t *raw;

	(void)state;
	assert_int_equal(emitter_cursor(w.em, "drop", value, 17, on_report, &w, NULL), 0);
	wait_reports(1);
	assert_int_equal(w.n_ok, 1);
	r = newest("muara.cursors");
	raw = json_object_get(r, "raw");
	assert_string_equal(json_str(r, "_key"), "muara-file/a/drop");
	assert_string_equal(json_str(raw, "topic"), "muara.raw.file");
	assert_int_equal(json_int(raw, "offset", -1), 17);
	assert_true(json_equal(json_object_get(r, "value"), value));
	rd_kafka_mock_push_request_errors(w.mock, 0, 1, TOO_LARGE);
	assert_int_equal(emitter_cursor(w.em, "drop", value, 18, on_report, &w, NULL), 0);
	wait_reports(2);
	assert_int_equal(w.n_ok, 1); /* the second one is told as not written */
}

static void what_is_left_at_the_end_is_not_ok(void **state)
{
	struct message m = a_message("n5");

	(void)state;
	rd_kafka_mock_broker_set_down(w.mock, 1);
	for (int i = 0; i < 3; i++)
		put(&m, (uint64_t)i, NULL);
	emitter_close(TAKE_PTR(w.em));
	assert_int_equal(w.n, 3);
	assert_int_equal(w.n_ok, 0);
	assert_int_equal(w.reported, 0); /* nobody is woken for more */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_message_is_reported_with_its_offset, fresh),
		cmocka_unit_test_setup(a_message_goes_where_it_says, fresh),
		cmocka_unit_test_setup(a_failed_report_is_not_ok, fresh),
		cmocka_unit_test_setup(what_cannot_be_built_becomes_undecodable, fresh),
		cmocka_unit_test_setup(a_large_original_is_stored_before, fresh),
		cmocka_unit_test_setup(no_blob_no_message, fresh),
		cmocka_unit_test_setup(a_cursor_names_the_last_raw_record, fresh),
		cmocka_unit_test_setup(what_is_left_at_the_end_is_not_ok, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
