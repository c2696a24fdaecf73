/* muara-alarm: a record stays until it is confirmed, and no position passes it. */
// uses: daemons/alarm/append.c daemons/alarm/book.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"
#include "daemons/alarm/alarm.h"

/* --- a producer that does what it is told --- */

static void *sent[16]; /* opaques, in order */
static size_t n_sent;
static bool is_full;

int kafka_produce(struct kafka_producer *p, const char *topic, int32_t partition, const void *key,
	size_t key_len, const void *value, size_t value_len, void *opaque, struct err *e)
{
	(void)p;
	(void)topic;
	assert_int_equal(partition, 3);
	assert_true(key && key_len && value && value_len);
	if (is_full)
		return err_set(e, -ENOBUFS, "full");
	assert_true(n_sent < ARRAY_SIZE(sent));
	sent[n_sent++] = opaque;
	return 0;
}

static int woken;

void ringer_wake(struct ringer *r)
{
	(void)r;
	woken++;
}

static void report(size_t i, int status)
{
	const struct kafka_report r = {.status = status, .offset = 9, .text = "as told"};

	append_report(NULL, sent[i], &r);
}

/* --- a lane of one input --- */

static const struct book_hook hooks[] = {{"duty", 0, 60000, NULL, 0}};
static struct alarm alarm_;
static struct input inputs[2];
static struct lane lane_;

static int open_lane(void **state)
{
	(void)state;
	n_sent = 0;
	is_full = false;
	woken = 0;
	alarm_ = (struct alarm){0};
	lane_ = (struct lane){.alarm = &alarm_,
		.n = 3,
		.book = book_new(hooks, 1),
		.inputs = inputs,
		.n_inputs = 2};
	for (size_t i = 0; i < 2; i++)
		inputs[i] = (struct input){.lane = &lane_, .next = -1, .committed = -1};
	return 0;
}

static int close_lane(void **state)
{
	(void)state;
	append_forget(&lane_);
	book_free(lane_.book);
	return 0;
}

/* A message at this offset is an emergency, or nothing. */
static void take(struct input *in, int64_t offset, bool fire)
{
	char id[UUID_TEXT_SIZE], native[32], key[EMERGENCY_KEY_SIZE];
	_cleanup_json_ json_t *m = NULL;
	struct emergency_place at = {"raw", 3, offset};

	snprintf(native, sizeof(native), "%p/%lld", (void *)in, (long long)offset);
	message_id("malang", "file", "kota", native, NULL, id);
	m = json_pack("{s:s, s:s, s:s}", "id", id, "tenant", "malang", "channel", "file");
	if (fire) {
		json_t *o = emergency_raised(m, EM_RAISED,
			(struct screening){SCREEN_EMERGENCY, "word", "api"}, &at, 1000, key);

		book_raise(lane_.book, o, alarm_now());
		append_record(&lane_, o, key, in, offset);
	}
	in->next = offset + 1;
	snprintf(in->last, sizeof(in->last), "%s", id);
}

static int64_t position(const struct input *in)
{
	const char *before;

	return append_position(&lane_, in, &before);
}

static void no_position_passes_what_is_not_confirmed(void **state)
{
	char before_fire[64];
	const char *before;

	(void)state;
	take(&inputs[0], 4, false);
	assert_int_equal(position(&inputs[0]), 5);
	memcpy(before_fire, inputs[0].last, sizeof(before_fire));
	take(&inputs[0], 5, true);
	take(&inputs[0], 6, false);
	take(&inputs[1], 70, false);
	assert_int_equal(append_position(&lane_, &inputs[0], &before), 5);
	assert_string_equal(before, before_fire);
	assert_int_equal(position(&inputs[1]), 71); /* another topic's business */
	take(&inputs[0], 7, true);
	report(1, 0); /* the later one first */
	assert_int_equal(position(&inputs[0]), 5);
	report(0, 0);
	assert_int_equal(append_position(&lane_, &inputs[0], &before), 8);
	assert_string_equal(before, inputs[0].last);
}

static void confirmed_rings(void **state)
{
	const json_t *due[2];

	(void)state;
	take(&inputs[0], 5, true);
	assert_int_equal(book_due(lane_.book, 0, alarm_now(), due, 2), 0);
	report(0, 0);
	assert_int_equal(book_due(lane_.book, 0, alarm_now(), due, 2), 1);
	assert_int_equal(woken, 1);
	assert_int_equal(lane_.n_appends, 0);
}

static void a_failed_one_is_produced_again(void **state)
{
	(void)state;
	take(&inputs[0], 5, true);
	report(0, -EIO);
	assert_int_equal(position(&inputs[0]), 5);
	assert_int_equal(lane_.n_appends, 1);
	append_retry(&lane_);
	append_retry(&lane_); /* it is on its way */
	assert_int_equal(n_sent, 2);
	report(1, 0);
	assert_int_equal(position(&inputs[0]), 6);
}

static void a_full_queue_is_waited_for(void **state)
{
	(void)state;
	is_full = true;
	take(&inputs[0], 5, true);
	append_retry(&lane_);
	assert_int_equal(n_sent, 0);
	assert_int_equal(position(&inputs[0]), 5);
	is_full = false;
	append_retry(&lane_);
	assert_int_equal(n_sent, 1);
	report(0, 0);
	assert_int_equal(position(&inputs[0]), 6);
}

/* The lane went to another process; the report comes after. */
static void a_report_without_its_lane(void **state)
{
	(void)state;
	take(&inputs[0], 5, true);
	take(&inputs[0], 6, true);
	report(1, -EIO);
	append_forget(&lane_);
	report(0, 0);
	assert_int_equal(lane_.n_appends, 0);
	assert_int_equal(woken, 0);
}

#define LANE(f) cmocka_unit_test_setup_teardown(f, open_lane, close_lane)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LANE(no_position_passes_what_is_not_confirmed),
		LANE(confirmed_rings),
		LANE(a_failed_one_is_produced_again),
		LANE(a_full_queue_is_waited_for),
		LANE(a_report_without_its_lane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
