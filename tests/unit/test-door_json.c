/* Signed messages and batches on the real HTTP server: 202 only behind every report, 503 for what
 * is not stored, a refusal for what cannot be, nothing for who has no key. */
// uses: daemons/door/door.c
// uses: daemons/door/door_json.c
// uses: daemons/door/decode.c
// uses: daemons/door/evidence.c
// uses: daemons/door/intake.c
// uses: daemons/door/keyring.c
// uses: daemons/door/quota.c
// uses: daemons/door/signed.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemons/door/door_json.h"

#include "door-bed.h"

#define ONE(n) "{\"native_id\":\"A-" n "\",\"text\":\"Jalan rusak\"}"

static void on_one(void *ctx, struct httpd_request *r)
{
	struct bed *b = ctx;

	door_json_one(&b->door, r);
}

static void on_batch(void *ctx, struct httpd_request *r)
{
	struct bed *b = ctx;

	door_json_batch(&b->door, r);
}

static const struct httpd_route routes[] = {
	{.method = "POST", .path = "/v1/messages", .max_body = 1 << 20, .handle = on_one},
	{.method = "POST", .path = "/v1/batch", .max_body = 1 << 20, .handle = on_batch},
	{.method = NULL},
};

static int setup(void **state)
{
	*state = bed_new(routes);
	return 0;
}

static int teardown(void **state)
{
	bed_free(*state);
	return 0;
}

/* A request under way, its reports not given. */
static int begin(struct bed *b, const char *path, const char *body, int puts)
{
	size_t n;
	_cleanup_free_ char *text =
		bed_request(b, path, body, strlen(body), clock_wall_ms() / 1000, "", &n);
	int fd = bed_connect(b);

	b->source.silent = true;
	bed_talk(b, fd, text, n, puts);
	assert_int_equal(b->source.n_puts, puts);
	assert_int_equal(b->status, 0);
	return fd;
}

static void a_message_is_told_with_its_ticket(void **state)
{
	struct bed *b = *state;
	char id[UUID_TEXT_SIZE], ticket[TICKET_TEXT_SIZE];

	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 202);
	message_id("malang", "sambat", "sambat", "A-1", NULL, id);
	assert_int_equal(ticket_of(id, ticket), 0);
	assert_non_null(strstr(bed_body(b), id));
	assert_non_null(strstr(bed_body(b), ticket));
	assert_string_equal(b->source.puts[0].channel, "sambat");
	assert_string_equal(b->source.puts[0].account, "sambat");
	assert_true(b->source.puts[0].review);
}

static void never_202_before_the_report(void **state)
{
	struct bed *b = *state;
	_cleanup_close_ int fd = begin(b, "/v1/messages", ONE("1"), 1);

	bed_quiet(b, fd);
	bed_report(b, 0, true);
	bed_talk(b, fd, "", 0, -1);
	assert_int_equal(b->status, 202);
}

static void never_202_before_every_report(void **state)
{
	struct bed *b = *state;
	_cleanup_close_ int fd = begin(b, "/v1/batch", ONE("1") "\n" ONE("2") "\n", 2);

	bed_report(b, 1, true);
	bed_quiet(b, fd);
	bed_report(b, 0, true);
	bed_talk(b, fd, "", 0, -1);
	assert_int_equal(b->status, 202);
}

static void a_failed_report_is_503(void **state)
{
	struct bed *b = *state;
	_cleanup_close_ int fd = begin(b, "/v1/batch", ONE("1") "\n" ONE("2") "\n", 2);

	bed_report(b, 0, false);
	bed_report(b, 1, true);
	bed_talk(b, fd, "", 0, -1);
	assert_int_equal(b->status, 503);
	assert_non_null(strstr(buf_str(&b->got), "Retry-After"));
	assert_non_null(strstr(bed_body(b), "\"again\":1"));
	assert_non_null(strstr(bed_body(b), "\"stored\":1"));
}

static void the_deadline_is_503(void **state)
{
	struct bed *b = *state;
	int fd;

	b->conf.answer_ms = 50;
	fd = begin(b, "/v1/messages", ONE("1"), 1);
	bed_talk(b, fd, "", 0, -1);
	close(fd);
	assert_int_equal(b->status, 503);
	bed_report(b, 0, true); /* late: nobody is told */
	assert_null(b->door.intakes);
	assert_int_equal(b->door.open, 0);
}

static void a_full_queue_puts_the_rest_off(void **state)
{
	struct bed *b = *state;

	b->source.room = 1;
	assert_int_equal(
		bed_post(b, "/v1/batch", ONE("1") "\n" ONE("2") "\n{}\n" ONE("4") "\n"), 503);
	assert_int_equal(b->source.n_puts, 1);
	assert_non_null(strstr(bed_body(b), "\"stored\":1"));
	assert_non_null(strstr(bed_body(b), "\"again\":2"));
	assert_non_null(strstr(bed_body(b), "\"refused\":1"));
}

static void not_running_or_kafka_away(void **state)
{
	struct bed *b = *state;

	b->source.stopped = true;
	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 503);
	b->source.stopped = false;
	b->source.away = true;
	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 503);
	assert_int_equal(bed_post(b, "/v1/batch", ONE("1")), 503);
	assert_int_equal(b->source.n_puts, 0);
}

static void who_has_no_key(void **state)
{
	struct bed *b = *state;

	b->secret[0] = b->secret[0] == 'a' ? 'b' : 'a';
	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 401);
	bed_key(b, DOORKEY_OPEN311, 10); /* does not sign */
	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 401);
	bed_key(b, DOORKEY_SIGNED, 10);
	assert_int_equal(bed_post_more(b, "/v1/messages", ONE("1"), "X-Muara-Key: x\r\n"), 401);
	assert_int_equal(bed_post_more(b, "/v1/messages", ONE("1"), "X-Muara-Time: 1\r\n"), 401);
	assert_int_equal(
		bed_post_more(b, "/v1/messages", ONE("1"), "X-Muara-Signature: 1\r\n"), 401);
	assert_int_equal(b->source.n_puts, 0);
	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 202);
}

static int at(struct bed *b, int64_t seconds)
{
	size_t n;
	_cleanup_free_ char *text = bed_request(b, "/v1/messages", ONE("1"), strlen(ONE("1")),
		clock_wall_ms() / 1000 + seconds, "", &n);
	_cleanup_close_ int fd = bed_connect(b);

	bed_talk(b, fd, text, n, -1);
	return b->status;
}

static void only_inside_the_window(void **state)
{
	struct bed *b = *state;

	assert_int_equal(at(b, -200), 202);
	assert_int_equal(at(b, 200), 202);
	assert_int_equal(at(b, -900), 401);
	assert_int_equal(at(b, 900), 401);
}

static void a_revoked_key_holds_no_longer(void **state)
{
	struct bed *b = *state;
	_cleanup_close_ int dir = open(b->keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_json_ json_t *revoked = json_object();
	char name[DOORKEY_ID_SIZE + 8];
	struct doorkey k;
	struct err e;
	char *text;
	size_t n;

	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 202);
	snprintf(name, sizeof(name), "%s.json", b->key);
	assert_int_equal(doorkey_read(dir, name, &k, &e), 0);
	text = doorkey_text(&k, NULL, revoked, &n);
	doorkey_free(&k);
	assert_int_equal(fsio_write_atomic_at(dir, name, text, n, 0640, &e), 0);
	free(text);
	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 401);
	*b->secret = '\0'; /* what stands in its file now */
	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 401);
}

static void keys_that_cannot_be_read_are_no_refusal(void **state)
{
	struct bed *b = *state;
	char moved[128];

	snprintf(moved, sizeof(moved), "%s.away", b->keys);
	assert_int_equal(rename(b->keys, moved), 0);
	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 503);
	assert_int_equal(rename(moved, b->keys), 0);
	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 202);
}

static void quotas_count_messages(void **state)
{
	struct bed *b = *state;

	bed_key(b, DOORKEY_SIGNED, 3);
	assert_int_equal(
		bed_post(b, "/v1/batch", ONE("1") "\n" ONE("2") "\n" ONE("3") "\n" ONE("4")), 413);
	assert_int_equal(bed_post(b, "/v1/batch", ONE("1") "\n" ONE("2")), 202);
	assert_int_equal(bed_post(b, "/v1/batch", ONE("3") "\n" ONE("4")), 429);
	assert_non_null(strstr(buf_str(&b->got), "Retry-After: "));
	assert_int_equal(bed_post(b, "/v1/messages", ONE("3")), 202);
	assert_int_equal(bed_post(b, "/v1/messages", ONE("4")), 429);
	assert_int_equal(b->source.n_puts, 3);
}

static void what_is_not_stored_is_given_back(void **state)
{
	struct bed *b = *state;

	bed_key(b, DOORKEY_SIGNED, 2);
	b->source.room = 0;
	assert_int_equal(bed_post(b, "/v1/batch", ONE("1") "\n" ONE("2")), 503);
	b->source.room = PUTS_MAX;
	assert_int_equal(bed_post(b, "/v1/batch", ONE("1") "\n" ONE("2")), 202);
}

static void an_attachment_is_stored_first(void **state)
{
	struct bed *b = *state;

	assert_int_equal(bed_post(b, "/v1/messages",
				 "{\"native_id\":7,\"attachments\":[{\"content\":\"/9j/4A==\"}]}"),
		202);
	assert_int_equal(b->source.puts[0].n_attachments, 1);
	assert_string_not_equal(b->source.puts[0].attachment, "");
}

static void a_blob_store_that_fails_is_503(void **state)
{
	struct bed *b = *state;

	assert_int_equal(rmdir(b->blobs), 0);
	assert_int_equal(
		bed_post(b, "/v1/batch",
			"{\"native_id\":7,\"attachments\":[{\"content\":\"/9j/4A==\"}]}\n" ONE(
				"2")),
		503);
	assert_int_equal(b->source.n_puts, 0);
	assert_int_equal(mkdir(b->blobs, 0700), 0);
}

static void channels_are_those_of_the_key(void **state)
{
	struct bed *b = *state;

	assert_int_equal(bed_post(b, "/v1/messages",
				 "{\"native_id\":1,\"text\":\"a\",\"channel\":\"website\"}"),
		202);
	assert_string_equal(b->source.puts[0].channel, "website");
	assert_int_equal(bed_post(b, "/v1/messages",
				 "{\"native_id\":1,\"text\":\"a\",\"channel\":\"whatsapp\"}"),
		403);
	b->source.shared.channels.n = 1; /* muara.yaml has lost "sambat" */
	assert_int_equal(bed_post(b, "/v1/messages", ONE("1")), 400);
	assert_int_equal(b->source.n_puts, 1);
}

static void an_idempotency_key_stands_in_for_the_number(void **state)
{
	struct bed *b = *state;

	assert_int_equal(
		bed_post_more(b, "/v1/messages", "{\"text\":\"a\"}", "Idempotency-Key: k-1\r\n"),
		202);
	assert_string_equal(b->source.puts[0].native_id, "k-1");
	assert_int_equal(
		bed_post_more(b, "/v1/messages", ONE("1"), "Idempotency-Key: k-1\r\n"), 202);
	assert_string_equal(b->source.puts[1].native_id, "A-1");
	assert_int_equal(bed_post(b, "/v1/messages", "{\"text\":\"a\"}"), 400);
	assert_int_equal(bed_post_more(b, "/v1/messages", "{\"text\":\"a\"}",
				 "Idempotency-Key: a\r\nIdempotency-Key: b\r\n"),
		400);
}

static void lines_are_told_by_number(void **state)
{
	struct bed *b = *state;

	assert_int_equal(bed_post(b, "/v1/batch", "\r\n" ONE("1") "\r\n{\n \t\n" ONE("2")), 207);
	assert_int_equal(b->source.n_puts, 2);
	assert_non_null(strstr(bed_body(b), "\"line\":2"));
	assert_non_null(strstr(bed_body(b), "\"line\":3"));
	assert_non_null(strstr(bed_body(b), "\"line\":5"));
	assert_int_equal(bed_post(b, "/v1/batch", ""), 400);
	assert_int_equal(bed_post(b, "/v1/batch", "{\n{"), 400);
	assert_int_equal(bed_post(b, "/v1/batch", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11"), 413);
}

static void going_down_answers_what_is_open(void **state)
{
	struct bed *b = *state;
	_cleanup_close_ int fd = begin(b, "/v1/messages", ONE("1"), 1);

	intake_close_all(&b->door);
	bed_talk(b, fd, "", 0, -1);
	assert_int_equal(b->status, 503);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_message_is_told_with_its_ticket),
		CASE(never_202_before_the_report),
		CASE(never_202_before_every_report),
		CASE(a_failed_report_is_503),
		CASE(the_deadline_is_503),
		CASE(a_full_queue_puts_the_rest_off),
		CASE(not_running_or_kafka_away),
		CASE(who_has_no_key),
		CASE(only_inside_the_window),
		CASE(a_revoked_key_holds_no_longer),
		CASE(keys_that_cannot_be_read_are_no_refusal),
		CASE(quotas_count_messages),
		CASE(what_is_not_stored_is_given_back),
		CASE(an_attachment_is_stored_first),
		CASE(a_blob_store_that_fails_is_503),
		CASE(channels_are_those_of_the_key),
		CASE(an_idempotency_key_stands_in_for_the_number),
		CASE(lines_are_told_by_number),
		CASE(going_down_answers_what_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
