// uses: daemons/forwarder/follow.c
// uses: daemons/forwarder/destination.c
/* follow: which report is read next and when; when the reads wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/util.h"
#include "core/report_status.h"

#include "daemons/forwarder/follow.h"

static void the_oldest_comes_first_and_once(void **state)
{
	static const uint32_t due[] = {50, 10, 40, 10, 30, 20, 60, 0};
	struct follow_queue q = {0};
	struct follow_row row, before = {0};
	size_t n = 0;

	(void)state;
	assert_false(follow_first(&q, &row));
	follow_take(&q);
	for (uint32_t i = 0; i < ARRAY_SIZE(due); i++)
		assert_true(follow_put(&q, i * 1000, due[i]));
	assert_false(follow_put(&q, 3000, 1)); /* is in it */
	for (; follow_first(&q, &row); n++) {
		assert_true(row.due_s > before.due_s ||
			    (row.due_s == before.due_s && (!n || row.slot > before.slot)));
		assert_int_equal(row.due_s, due[row.slot / 1000]);
		before = row;
		follow_take(&q);
	}
	assert_int_equal(n, ARRAY_SIZE(due));
	assert_true(follow_put(&q, 3000, 1)); /* was taken out */
	follow_free(&q);
	assert_true(follow_put(&q, 3000, 1)); /* usable again */
	follow_free(&q);
}

static void many_keep_their_order(void **state)
{
	struct follow_queue q = {0};
	struct follow_row row;
	uint32_t last = 0, n = 0;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++)
		assert_true(follow_put(&q, i, (i * 7919u) % 5003u));
	for (; follow_first(&q, &row); n++) {
		assert_true(row.due_s >= last);
		last = row.due_s;
		follow_take(&q);
	}
	assert_int_equal(n, 5000);
	follow_free(&q);
}

static void only_open_reports_are_followed(void **state)
{
	static const struct {
		enum slot_state state;
		enum call_kind call;
		uint64_t remote_id;
		enum report_status status;
		bool want;
	} rows[] = {
		{SLOT_DONE, CALL_CREATE, 77, REPORT_NONE, true},
		{SLOT_FILED, CALL_CREATE, 77, REPORT_IN_PROGRESS, true},
		{SLOT_DONE, CALL_CREATE, 77, REPORT_MISSING, true},
		{SLOT_DONE, CALL_CREATE, 77, REPORT_UNKNOWN, true},
		{SLOT_DONE, CALL_CREATE, 77, REPORT_DONE, false},
		{SLOT_DONE, CALL_CREATE, 77, REPORT_ARCHIVED, false},
		{SLOT_FILED, CALL_CREATE, 77, REPORT_REJECTED, false},
		{SLOT_DONE, CALL_CREATE, 0, REPORT_NONE, false},
		{SLOT_DONE, CALL_HANDOVER, 77, REPORT_NONE, false},
		{SLOT_FILED, CALL_SHEET, 77, REPORT_NONE, false},
		{SLOT_PARKED, CALL_CREATE, 77, REPORT_NONE, false},
		{SLOT_INTENT, CALL_CREATE, 0, REPORT_NONE, false},
		{SLOT_DROPPED, CALL_CREATE, 77, REPORT_NONE, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct slot s = {.state = (uint8_t)rows[i].state,
			.call = (uint8_t)rows[i].call,
			.remote_id = rows[i].remote_id,
			.status = (uint8_t)rows[i].status};

		if (follow_wants(&s) != rows[i].want)
			fail_msg("row %zu", i);
	}
}

static void times_are_spread(void **state)
{
	const uint32_t now = 1000000, every = 10800;

	(void)state;
	for (uint64_t random = 0; random < 100000; random += 37) {
		uint32_t fresh = follow_start_due(now, 800, every, random);
		uint32_t old = follow_start_due(now, 90000, every, random);
		uint32_t odd = follow_start_due(now, -5, every, random);
		uint32_t next = follow_next_due(now, every, true, random);
		uint32_t error = follow_next_due(now, every, false, random);
		uint32_t often = follow_next_due(now, 60, false, random);

		assert_in_range(fresh, now + 10000, now + 10000 + every / 10);
		assert_in_range(old, now, now + every / 4);
		assert_in_range(odd, now, now + every / 4);
		assert_in_range(next, now + every - every / 10, now + every + every / 10);
		assert_in_range(error, now + 3240, now + 3960);
		assert_in_range(often, now + 54, now + 66);
	}
	assert_true(follow_start_due(now, 90000, every, 5) !=
		    follow_start_due(now, 90000, every, 2000));
}

static void what_is_hurried_comes_first(void **state)
{
	struct follow_queue q = {0};
	struct follow_row r;

	(void)state;
	assert_false(follow_hurry(&q, 3, 5));
	for (uint32_t slot = 0; slot < 50; slot++)
		assert_true(follow_put(&q, slot, 1000 + slot));
	assert_true(follow_hurry(&q, 30, 40));
	assert_true(follow_hurry(&q, 31, 39));
	assert_true(follow_hurry(&q, 32, 5000)); /* never later */
	assert_false(follow_hurry(&q, 50, 1));
	for (int i = 0; i < 50; i++) {
		static const uint32_t first[] = {31, 30};
		uint32_t want = i < 2 ? first[i] : (uint32_t)(i < 32 ? i - 2 : i);

		assert_true(follow_first(&q, &r));
		assert_int_equal(r.slot, want);
		follow_take(&q);
	}
	follow_free(&q);
}

static void a_stopped_destination_is_left_alone(void **state)
{
	static const struct {
		struct dest d;
		struct hold_word w;
		const char *want;
	} rows[] = {
		{{.state = DEST_OPEN}, {0}, NULL},
		{{.state = DEST_SINGLE}, {0}, NULL},
		{{.state = DEST_OPEN}, {.paused = true}, "paused"},
		{{.state = DEST_COOLING}, {0}, "cooling"},
		{{.state = DEST_OPEN, .not_before = 2000}, {0}, "cooling"},
		{{.state = DEST_HELD, .why = DEST_HOLD_CREDENTIAL}, {0}, "held"},
		{{.state = DEST_HELD, .why = DEST_HOLD_MOVED}, {0}, "held"},
		{{.state = DEST_HELD, .why = DEST_HOLD_REDIRECT}, {0}, "held"},
		{{.state = DEST_OPEN}, {.restored = true}, "held"},
		{{.state = DEST_HELD, .why = DEST_HOLD_HOURLY}, {0}, NULL},
		{{.state = DEST_HELD, .why = DEST_HOLD_REJECTS}, {0}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *got = follow_stopped(&rows[i].d, &rows[i].w, 1000);

		if (!got != !rows[i].want || (got && strcmp(got, rows[i].want) != 0))
			fail_msg("row %zu: %s", i, got ? got : "goes");
	}
}

static void so_many_a_minute(void **state)
{
	struct follow_gate g = {0};
	int sent = 0;

	(void)state;
	for (int64_t now = 1000; now < 1000 + 600000; now += 200)
		if (follow_gate_open(&g, now)) {
			follow_gate_sent(&g, now, 10);
			sent++;
		}
	assert_int_equal(sent, 100);
}

static void failures_wait_longer_and_longer(void **state)
{
	struct follow_gate g = {0};

	(void)state;
	for (int i = 0; i < 12; i++) {
		const int64_t limit = MIN((int64_t)FOLLOW_BASE_MS << MIN(i, 10), FOLLOW_MAX_MS);

		g.not_before_ms = 0;
		follow_gate_failed(&g, 5000, 0, UINT64_MAX - 1);
		assert_in_range(g.not_before_ms, 5000, 5000 + limit);
	}
	g.not_before_ms = 0;
	follow_gate_failed(&g, 5000, 7200000, 0);
	assert_int_equal(g.not_before_ms, 5000 + 7200000); /* as it was told */
	follow_gate_failed(&g, 5000, 0, 0);
	assert_int_equal(g.not_before_ms, 5000 + 7200000); /* no shorter */
	follow_gate_good(&g);
	assert_int_equal(g.failures, 0);
}

static void a_404_after_the_other_is_not_believed(void **state)
{
	struct follow_gate g = {0};

	(void)state;
	for (int i = 0; i < FOLLOW_GONE_RUN; i++)
		assert_true(follow_gate_gone(&g));
	for (int i = 0; i < 5; i++) {
		assert_false(follow_gate_gone(&g));
		follow_gate_failed(&g, 0, 0, 0);
	}
	follow_gate_shown(&g);
	assert_true(follow_gate_gone(&g));
}

static void words_of_ours(void **state)
{
	(void)state;
	for (int s = REPORT_RECEIVED; s < REPORT_STATUSES; s++)
		assert_int_equal(report_status_parse(report_status_name((enum report_status)s)), s);
	assert_int_equal(report_status_parse("none"), REPORT_UNKNOWN);
	assert_int_equal(report_status_parse("3"), REPORT_UNKNOWN);
	assert_int_equal(report_status_parse(NULL), REPORT_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_comes_first_and_once),
		cmocka_unit_test(many_keep_their_order),
		cmocka_unit_test(only_open_reports_are_followed),
		cmocka_unit_test(times_are_spread),
		cmocka_unit_test(what_is_hurried_comes_first),
		cmocka_unit_test(a_stopped_destination_is_left_alone),
		cmocka_unit_test(so_many_a_minute),
		cmocka_unit_test(failures_wait_longer_and_longer),
		cmocka_unit_test(a_404_after_the_other_is_not_believed),
		cmocka_unit_test(words_of_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
