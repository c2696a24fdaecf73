/* index_public against a real Redis: each place a message can have, an index that is away, empty or
 * broken is never "there is none", and nothing but stage and times comes out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "base/util.h"
#include "core/index_public.h"

#include "redis-bed.h"

static redisContext *r;
static struct index_public *x;
static struct public_status got;
static struct err e;

static void set(const char *key, const char *value)
{
	freeReplyObject(redisCommand(r, "SET m.0:%s %s", key, value));
}

static int setup(void **state)
{
	(void)state;
	r = redisConnectUnix(server.socket);
	assert_int_equal(r->err, 0);
	freeReplyObject(redisCommand(r, "FLUSHALL"));
	freeReplyObject(redisCommand(r, "HSET m.0:meta identity i"));
	freeReplyObject(redisCommand(r, "HSET m.1:meta identity i"));
	x = index_public_new(server.socket, "m.", 2, 1000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	index_public_free(x);
	redisFree(r);
	return 0;
}

static int ask_for(const char *ticket)
{
	e = (struct err){0};
	return index_public_status(x, ticket, &got, &e);
}

static void each_stage(void **state)
{
	static const struct {
		const char *place, *complaint, *filing;
		enum public_stage stage;
	} cases[] = {
		{"complaint", "open", NULL, PUBLIC_CHECKED},
		{"complaint", "held", NULL, PUBLIC_CHECKED},
		{"complaint", "review", NULL, PUBLIC_CHECKED},
		{"complaint", "merged", NULL, PUBLIC_CHECKED},
		{"complaint", "ready", NULL, PUBLIC_READY},
		{"complaint", "ready", "{\"call\":\"create\"}", PUBLIC_FORWARDED},
		{"complaint", "withdrawn", NULL, PUBLIC_CLOSED},
		{"complaint", "archived", NULL, PUBLIC_CLOSED},
		{"archived", NULL, NULL, PUBLIC_CLOSED},
		{"dead", NULL, NULL, PUBLIC_RECEIVED},
		{"noted", NULL, NULL, PUBLIC_RECEIVED},
	};
	char text[512];

	(void)state;
	set("k/AAAAA-AAAAA", "m1");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), "{\"place\":\"%s\",\"ref\":\"c1\"}", cases[i].place);
		set("a/m1", text);
		snprintf(text, sizeof(text),
			"{\"state\":\"%s\",\"text\":\"rahasia\",\"opened_at\":\"2026-11-24T01:00:"
			"00."
			"000Z\",\"last_message_at\":\"2026-11-24T02:00:00.000Z\",\"ready_at\":%s}",
			cases[i].complaint ? cases[i].complaint : "-",
			cases[i].filing ? "\"2026-11-24T03:00:00.000Z\"" : "null");
		set("c/c1", text);
		freeReplyObject(redisCommand(r, "DEL m.0:f/c1"));
		if (cases[i].filing)
			freeReplyObject(redisCommand(r, "HSET m.0:f/c1 1/1 %s", cases[i].filing));
		assert_int_equal(ask_for("AAAAA-AAAAA"), 0);
		assert_int_equal(got.stage, cases[i].stage);
		assert_string_equal(
			got.opened_at, cases[i].complaint ? "2026-11-24T01:00:00.000Z" : "");
		assert_string_equal(got.changed_at, !cases[i].complaint ? ""
						    : cases[i].filing	? "2026-11-24T03:00:00.000Z"
								      : "2026-11-24T02:00:00.000Z");
	}
}

static void what_the_destination_says(void **state)
{
	static const struct {
		const char *status;
		enum public_stage stage;
	} cases[] = {{"received", PUBLIC_FORWARDED}, {"verified", PUBLIC_VERIFIED},
		{"in_progress", PUBLIC_IN_PROGRESS}, {"done", PUBLIC_DONE},
		{"archived", PUBLIC_FILED_AWAY}, {"rejected", PUBLIC_TURNED_DOWN},
		{"missing", PUBLIC_FORWARDED}, {"unknown", PUBLIC_FORWARDED}};
	const char *want;

	(void)state;
	set("k/AAAAA-AAAAA", "m1");
	set("a/m1", "{\"place\":\"complaint\",\"ref\":\"c1\"}");
	set("c/c1", "{\"state\":\"ready\",\"ready_at\":\"2026-11-24T03:00:00.000Z\"}");
	freeReplyObject(
		redisCommand(r, "HSET m.0:f/c1 1/1 %s status:old %s", "{\"call\":\"create\"}",
			"{\"status\":\"rejected\",\"at\":\"2026-11-24T04:00:00.000Z\"}"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *value = xasprintf(
			"{\"status\":\"%s\",\"at\":\"2026-11-25T04:00:00.000Z\"}", cases[i].status);

		freeReplyObject(redisCommand(r, "HSET m.0:f/c1 status:lapor %s", value));
		assert_int_equal(ask_for("AAAAA-AAAAA"), 0);
		assert_int_equal(got.stage, cases[i].stage);
		want = cases[i].stage == PUBLIC_FORWARDED ? "2026-11-24T03:00:00.000Z"
							  : "2026-11-25T04:00:00.000Z";
		assert_string_equal(got.changed_at, want);
	}
	/* Taken back: it was never filed, whatever was read. */
	freeReplyObject(redisCommand(r, "HSET m.0:f/c1 1/1:not_sent {}"));
	assert_int_equal(ask_for("AAAAA-AAAAA"), 0);
	assert_int_equal(got.stage, PUBLIC_READY);
}

static void another_lane(void **state)
{
	(void)state;
	freeReplyObject(redisCommand(r, "SET m.1:k/AAAAA-AAAAA m1"));
	freeReplyObject(redisCommand(r, "SET m.1:a/m1 %s", "{\"place\":\"archived\"}"));
	assert_int_equal(ask_for("AAAAA-AAAAA"), 0);
	assert_int_equal(got.stage, PUBLIC_CLOSED);
}

static void none_is_said_only_by_a_whole_index(void **state)
{
	(void)state;
	assert_int_equal(ask_for("BBBBB-BBBBB"), -ENOENT);
	freeReplyObject(redisCommand(r, "DEL m.1:meta"));
	assert_int_equal(ask_for("BBBBB-BBBBB"), -EAGAIN);
	freeReplyObject(redisCommand(r, "FLUSHALL"));
	assert_int_equal(ask_for("BBBBB-BBBBB"), -EAGAIN);
}

static void what_is_broken_is_not_there_is_none(void **state)
{
	(void)state;
	set("k/AAAAA-AAAAA", "m1");
	set("a/m1", "{");
	assert_int_equal(ask_for("AAAAA-AAAAA"), -EBADMSG);
	set("a/m1", "{\"place\":\"complaint\",\"ref\":\"c1\"}");
	assert_int_equal(ask_for("AAAAA-AAAAA"), -EBADMSG);
	freeReplyObject(redisCommand(r, "DEL m.0:k/AAAAA-AAAAA"));
	freeReplyObject(redisCommand(r, "SADD m.0:k/AAAAA-AAAAA m1"));
	assert_int_equal(ask_for("AAAAA-AAAAA"), -ENOTCONN);
	assert_null(strstr(e.text, "AAAAA"));
}

static void away(void **state)
{
	struct index_public *lost = index_public_new("/nowhere/redis.sock", "m.", 1, 100);

	(void)state;
	assert_int_equal(index_public_status(lost, "AAAAA-AAAAA", &got, &e), -ENOTCONN);
	assert_non_null(strstr(e.text, "/nowhere"));
	/* left alone for a moment */
	assert_int_equal(index_public_status(lost, "AAAAA-AAAAA", &got, &e), -ENOTCONN);
	assert_non_null(strstr(e.text, "a moment ago"));
	index_public_free(lost);
	index_public_free(NULL);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_stage),
		CASE(what_the_destination_says),
		CASE(another_lane),
		CASE(none_is_said_only_by_a_whole_index),
		CASE(what_is_broken_is_not_there_is_none),
		CASE(away),
	};

	return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
