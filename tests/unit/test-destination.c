// uses: daemons/forwarder/destination.c
/* destination: brakes and health, step by step with a given clock and given randomness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "core/outcome.h"

#include "daemons/forwarder/destination.h"

/* A random number that backoff_ms turns into this share of the limit. */
#define SHARE(share, top) ((uint64_t)((share) * (double)(top)))

static const struct dest_limits four = {.concurrency = 4, .pause_base_ms = DEST_PAUSE_BASE_MS};

static void test_concurrency(void **state)
{
	struct dest d;

	(void)state;
	dest_init(&d, &four);
	for (int i = 0; i < 4; i++) {
		assert_true(dest_may_start(&d, 0, true, 0, 0));
		dest_started(&d, 0);
	}
	assert_false(dest_may_start(&d, 0, true, 0, 0));
	dest_ended(&d);
	assert_true(dest_may_start(&d, 0, true, 0, 0));
	dest_free(&d);
}

static int places(const struct dest *whole)
{
	struct dest d = *whole;
	int n = 0;

	while (n < 100 && dest_may_start(&d, 0, false, 0, 0)) {
		dest_started(&d, 0);
		n++;
	}
	free(d.line); /* one that asked in vain */
	return n;
}

/* prepare, call in ms -> places beside the concurrency, after many such calls */
static void test_prepared_ahead(void **state)
{
	static const struct {
		int concurrency, prepare_ms, call_ms, ahead;
	} cases[] = {
		{4, 12, 10, 8},	  /* 9 end meanwhile (twice 4.8): at most twice the concurrency */
		{4, 12, 30, 3},	  /* twice 1.6 */
		{4, 12, 100, 0},  /* ... */
		{4, 20, 2000, 0}, /* LAPOR! is slow: nothing is prepared */
		{4, 1, 0, 8},	  /* at once, within a millisecond */
		{1, 12, 1, 0},	  /* one at a time means it */
		{32, 12, 400, 1}, /* twice 0.96 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct dest_limits l = {.concurrency = cases[i].concurrency};
		struct dest d;

		dest_init(&d, &l);
		assert_int_equal(places(&d), cases[i].concurrency); /* nothing is known */
		for (int k = 0; k < DEST_AHEAD_AFTER - 1; k++)
			dest_took(&d, cases[i].prepare_ms, cases[i].call_ms);
		assert_int_equal(places(&d), cases[i].concurrency); /* too few */
		for (int k = 0; k < 100; k++)
			dest_took(&d, cases[i].prepare_ms, cases[i].call_ms);
		assert_int_equal(places(&d), cases[i].concurrency + cases[i].ahead);
		d.sent = cases[i].concurrency - 1;
		assert_true(dest_may_send(&d));
		d.sent++;
		assert_false(dest_may_send(&d)); /* prepared, but not sent */
		d.state = DEST_SINGLE;
		assert_int_equal(places(&d), 1);
		d.sent = 1;
		assert_false(dest_may_send(&d));
		d.state = DEST_OPEN;
		assert_int_equal(places(&d), cases[i].concurrency + cases[i].ahead);
		dest_slow(&d);
		assert_int_equal(places(&d), cases[i].concurrency);
		dest_free(&d);
	}
}

static void test_ambiguous_cools_probes_and_goes_on_one_by_one(void **state)
{
	struct dest d;

	(void)state;
	dest_init(&d, &four);
	dest_ambiguous(&d, 1000, SHARE(0.5, DEST_PAUSE_BASE_MS / 2));
	dest_ambiguous(
		&d, 1001, SHARE(0.9, DEST_PAUSE_BASE_MS / 2)); /* a companion of the same outage */
	assert_int_equal(d.state, DEST_COOLING);
	assert_int_equal(dest_wake_ms(&d), 1000 + DEST_PAUSE_BASE_MS * 3 / 4);
	assert_false(dest_may_start(
		&d, 0, true, 1000000, 0)); /* time alone never lets a create through */
	assert_false(dest_wants_probe(&d, 1000 + DEST_PAUSE_BASE_MS * 3 / 4 - 1));
	assert_true(dest_wants_probe(&d, 1000 + DEST_PAUSE_BASE_MS * 3 / 4));
	dest_probe_started(&d);
	assert_false(dest_wants_probe(&d, 1000000));
	dest_probe_ended(&d, false, 60000, SHARE(1, DEST_PAUSE_BASE_MS));
	assert_int_equal(dest_wake_ms(&d), 60000 + 2 * DEST_PAUSE_BASE_MS);
	dest_probe_started(&d);
	dest_probe_ended(&d, true, 300000, 0);
	assert_int_equal(d.state, DEST_SINGLE);
	assert_true(dest_may_start(&d, 0, true, 300000, 0));
	dest_started(&d, 0);
	assert_false(dest_may_start(&d, 0, true, 300000, 0));
	dest_ended(&d);
	dest_success(&d, true);
	assert_int_equal(d.state, DEST_OPEN);
	dest_free(&d);
}

/* Files are taken, hand-overs pass: creates may fail all the same. */
static void test_only_a_once_only_call_ends_its_doubt(void **state)
{
	struct dest d;

	(void)state;
	dest_init(&d, &four);
	dest_ambiguous(&d, 0, 0);
	dest_probe_ended(&d, true, 60000, 0);
	dest_success(&d, false);
	dest_rejected(&d, false, 60000);
	assert_int_equal(d.state, DEST_SINGLE);
	dest_ambiguous(&d, 100000, 0);
	assert_int_equal(dest_wake_ms(&d), 100000 + DEST_PAUSE_BASE_MS); /* it doubled */
	dest_probe_ended(&d, true, 200000, 0);
	dest_rejected(&d, true, 200000); /* a clear answer to a create */
	assert_int_equal(d.state, DEST_OPEN);
	dest_not_sent(&d, 200000, 0); /* of whatever call: nothing is in doubt */
	dest_success(&d, false);
	assert_int_equal(d.state, DEST_OPEN);
	dest_free(&d);
}

/* Nor do files that are taken make rejected creates fewer. */
static void test_rejects_are_counted_apart(void **state)
{
	struct dest d;

	(void)state;
	dest_init(&d, &four);
	for (int i = 0; i < OUTCOME_REJECT_RUN - 1; i++) {
		dest_rejected(&d, true, 0);
		dest_success(&d, false);
	}
	assert_int_equal(d.state, DEST_OPEN);
	dest_rejected(&d, true, 0);
	assert_int_equal(d.state, DEST_HELD);
	dest_free(&d);
}

/* design: an hour of 504 on creates while reads work parks at most the concurrency and ten more. */
static void an_hour_of_504_on_creates(uint64_t random)
{
	int64_t now = 0;
	int parked = 4;
	struct dest d;

	dest_init(&d, &four);
	for (int k = 0; k < 4; k++)
		dest_ambiguous(&d, now, 5000);
	while (now < 3600 * 1000) {
		now = dest_wake_ms(&d);
		assert_true(dest_wants_probe(&d, now));
		dest_probe_started(&d);
		dest_probe_ended(&d, true, now, 0);
		assert_true(dest_may_start(&d, 0, true, now, 0));
		random = random * 6364136223846793005u + 1442695040888963407u;
		dest_ambiguous(&d, now, random >> 20);
		parked += now < 3600 * 1000;
	}
	assert_in_range(parked, 4, 14);
	dest_free(&d);
}

static void test_an_hour_of_504_on_creates(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 2000; seed++)
		an_hour_of_504_on_creates(seed);
}

static void test_not_sent_backs_off_without_probe(void **state)
{
	struct dest d;

	(void)state;
	dest_init(&d, &four);
	dest_not_sent(&d, 100, OUTCOME_BACKOFF_BASE_MS);
	dest_not_sent(&d, 100, OUTCOME_BACKOFF_BASE_MS);
	assert_int_equal(dest_wake_ms(&d), 100 + OUTCOME_BACKOFF_BASE_MS);
	assert_false(dest_may_start(&d, 0, true, 100, 0));
	assert_true(dest_may_start(&d, 0, true, 100 + OUTCOME_BACKOFF_BASE_MS, 0));
	dest_not_sent(&d, 2000, 2 * OUTCOME_BACKOFF_BASE_MS);
	assert_int_equal(dest_wake_ms(&d), 2000 + 2 * OUTCOME_BACKOFF_BASE_MS);
	dest_free(&d);
}

/* 429 in a row: as long as it says and no less, never doubled; where nothing is said a back-off
 * that doubles; then one by one. */
static void test_rate_limited(void **state)
{
	static const struct {
		int64_t wait_ms, max_ms;
		int level;
		int64_t low, high; /* with no luck, with all of it */
	} t[] = {
		{30000, 0, 0, 30000, 33000},
		{30000, 0, 9, 30000, 33000}, /* whatever was before */
		{1000, 0, 3, 1000, 1100},
		{5, 0, 0, 5, 5},
		{0, 0, 0, 0, OUTCOME_BACKOFF_BASE_MS}, /* "now", or a date gone by */
		{-1, 0, 0, 0, OUTCOME_BACKOFF_BASE_MS},
		{0, 0, 3, 0, 8 * OUTCOME_BACKOFF_BASE_MS},
		{-1, 0, 30, 0, OUTCOME_BACKOFF_MAX_MS},
		{OUTCOME_WAIT_MAX_MS, 0, 30, OUTCOME_WAIT_MAX_MS,
			OUTCOME_WAIT_MAX_MS + DEST_JITTER_MAX_MS},
		{OUTCOME_WAIT_MAX_MS, 2 * 3600 * 1000, 0, 2 * 3600 * 1000,
			2 * 3600 * 1000 + DEST_JITTER_MAX_MS},
	};

	(void)state;
	for (size_t i = 0; i < 2 * (sizeof t / sizeof *t); i++) {
		const struct dest_limits l = {.concurrency = 4,
			.pause_base_ms = DEST_PAUSE_BASE_MS,
			.retry_after_max_ms = t[i / 2].max_ms};
		const int64_t want = 500 + (i % 2 ? t[i / 2].high : t[i / 2].low);
		const int64_t luck = t[i / 2].high - t[i / 2].low; /* 70 times over, for backoffs */
		struct dest d;

		dest_init(&d, &l);
		d.level = t[i / 2].level;
		dest_rate_limited(
			&d, 500, t[i / 2].wait_ms, i % 2 ? (uint64_t)(luck + 70 * (luck + 1)) : 0);
		assert_int_equal(dest_wake_ms(&d), want);
		assert_non_null(strstr(dest_state_text(&d), "429"));
		assert_false(dest_may_start(&d, 0, true, want - 1, 0));
		assert_true(dest_may_start(&d, 0, true, want, 0));
		dest_started(&d, 0);
		assert_false(dest_may_start(&d, 0, true, want, 0));
		dest_ended(&d);
		dest_success(&d, true);
		assert_int_equal(d.state, DEST_OPEN);
		assert_int_equal(d.level, 0);
		dest_free(&d);
	}
}

/* Each answer asks for a second, and an hour later still does. */
static void test_a_retry_after_that_is_never_over(void **state)
{
	int64_t now = 0;
	int calls = 0;
	struct dest d;

	(void)state;
	dest_init(&d, &four);
	for (; now < 3600 * 1000; calls++) {
		assert_true(dest_may_start(&d, 0, true, now, 0));
		dest_rate_limited(&d, now, 1000, UINT64_MAX / 2);
		assert_true(calls >= DEST_TOLD_RUN || d.not_before - now <= 1100);
		assert_true(d.not_before - now >= 1000);
		now = d.not_before;
	}
	assert_in_range(calls, DEST_TOLD_RUN + 1, 60);
	dest_success(&d, true); /* taken at last: believed again */
	dest_rate_limited(&d, now, 1000, UINT64_MAX / 2);
	assert_in_range(d.not_before - now, 1000, 1100);
	dest_free(&d);
}

enum back { LIMITED, UNSENT, TAKEN };
static void comes_back(struct dest *d, enum back how, int64_t now_ms)
{
	dest_back(d);
	if (how == LIMITED)
		dest_rate_limited(d, now_ms, -1, OUTCOME_BACKOFF_BASE_MS);
	else if (how == UNSENT)
		dest_not_sent(d, now_ms, OUTCOME_BACKOFF_BASE_MS);
	else
		dest_success(d, true);
	dest_weighed(d);
}

/* Whatever they come to, and however late: they doubled nothing and ended nothing. */
static void test_calls_that_travel_together_are_one_event(void **state)
{
	static const enum back rest[][3] = {{LIMITED, LIMITED, LIMITED}, {UNSENT, UNSENT, UNSENT},
		{TAKEN, LIMITED, TAKEN}, {TAKEN, TAKEN, TAKEN}};
	static const int64_t late_ms[] = {1, OUTCOME_BACKOFF_BASE_MS + 1, 3600 * 1000};

	(void)state;
	for (size_t i = 0; i < sizeof rest / sizeof *rest * 3; i++) {
		int64_t now = late_ms[i % 3];
		struct dest d;

		dest_init(&d, &four);
		for (int k = 0; k < 4; k++)
			dest_sent(&d);
		comes_back(&d, LIMITED, 0);
		for (int k = 0; k < 3; k++) {
			assert_false(dest_may_send(&d));
			comes_back(&d, rest[i / 3][k], now);
			assert_int_equal(d.state, DEST_SINGLE);
			assert_int_equal(d.level, 1);
			assert_int_equal(dest_wake_ms(&d), OUTCOME_BACKOFF_BASE_MS);
		}
		assert_true(dest_may_send(&d)); /* all are back */
		dest_sent(&d);
		comes_back(&d, LIMITED, 10 * 3600 * 1000); /* another event */
		assert_int_equal(d.level, 2);
		dest_sent(&d);
		comes_back(&d, TAKEN, 20 * 3600 * 1000);
		assert_int_equal(d.state, DEST_OPEN);
		assert_int_equal(d.level, 0);
		dest_free(&d);
	}
}

static void test_hourly_brake_counts_from_the_log(void **state)
{
	const struct dest_limits l = {
		.concurrency = 9, .pause_base_ms = DEST_PAUSE_BASE_MS, .max_filings_per_hour = 3};
	struct dest d;

	(void)state;
	dest_init(&d, &l);
	dest_note_create(&d, 0, 10000);
	dest_note_create(&d, 0, 12000);
	dest_note_create(&d, 0, 13000);
	assert_true(dest_may_start(&d, 0, false, 0, 13500)); /* uploads do not file */
	assert_false(dest_may_start(&d, 0, true, 0, 13599));
	assert_int_equal(d.state, DEST_HELD);
	assert_non_null(strstr(dest_state_text(&d), "max_filings_per_hour"));
	assert_false(dest_wants_probe(&d, INT64_MAX)); /* a person's matter */
	dest_resume(&d, INT64_MAX, 13600);
	assert_true(dest_may_start(&d, 0, true, 0, 13600));
	dest_free(&d);
	dest_init(&d, &l);
	for (uint32_t i = 0; i < 3; i++)
		dest_note_create(&d, 0, 10000 + i);
	assert_true(dest_may_start(&d, 0, true, 0, 13603)); /* an hour later */
	dest_free(&d);
}

static void test_holds(void **state)
{
	struct dest d;

	(void)state;
	dest_init(&d, &four);
	dest_hold_on(&d, DEST_HOLD_MOVED, 0);
	assert_false(dest_may_start(&d, 0, false, INT64_MAX, 0));
	assert_false(dest_wants_probe(&d, INT64_MAX));
	dest_resume(&d, INT64_MAX, 0);
	assert_true(dest_may_start(&d, 0, false, 0, 0));
	dest_hold_on(&d, DEST_HOLD_CREDENTIAL, 0);
	assert_true(dest_wants_probe(&d, DEST_PAUSE_BASE_MS));
	dest_probe_started(&d);
	dest_probe_ended(&d, true, DEST_PAUSE_BASE_MS, 0);
	assert_int_equal(d.state, DEST_SINGLE);
	dest_free(&d);
}

static void test_many_rejects_hold_one_success_forgets(void **state)
{
	struct dest d;

	(void)state;
	dest_init(&d, &four);
	for (int i = 0; i < OUTCOME_REJECT_RUN - 1; i++)
		dest_rejected(&d, true, 0);
	dest_success(&d, true);
	for (int i = 0; i < OUTCOME_REJECT_RUN - 1; i++)
		dest_rejected(&d, true, 0);
	assert_int_equal(d.state, DEST_OPEN);
	dest_rejected(&d, true, 0);
	assert_int_equal(d.state, DEST_HELD);
	dest_free(&d);
}

/* A resume that was asked for before the hold began cannot mean it. */
static void test_resume_of_an_older_hold(void **state)
{
	struct dest d;

	(void)state;
	dest_init(&d, &four);
	dest_hold_on(&d, DEST_HOLD_REDIRECT, 5000);
	dest_resume(&d, 4999, 0);
	assert_int_equal(d.state, DEST_HELD);
	dest_resume(&d, 5000, 0);
	assert_int_equal(d.state, DEST_SINGLE);
	assert_string_equal(d.opened, "resumed");
	dest_free(&d);
}

static void test_hold_of_an_earlier_process(void **state)
{
	struct dest d;

	(void)state;
	dest_init(&d, &four);
	dest_hold_again(&d, DEST_HOLD_CREDENTIAL, 7000, SHARE(1, OUTCOME_BACKOFF_BASE_MS));
	dest_hold_again(&d, DEST_HOLD_MOVED, 7000, 0); /* of another lane: the first one stays */
	assert_false(dest_may_start(&d, 0, false, INT64_MAX, 0));
	assert_true(dest_wants_probe(&d, 7000 + OUTCOME_BACKOFF_BASE_MS)); /* soon, not at once */
	assert_false(dest_wants_probe(&d, 7000 + OUTCOME_BACKOFF_BASE_MS - 1));
	dest_resume(&d, 0, 0); /* read before the log was */
	assert_int_equal(d.state, DEST_SINGLE);
	dest_free(&d);
}

static void test_doubt_of_an_earlier_process(void **state)
{
	struct dest d;

	(void)state;
	dest_init(&d, &four);
	dest_doubt_again(&d, 7000, SHARE(1, OUTCOME_BACKOFF_BASE_MS));
	assert_false(dest_may_start(&d, 0, true, INT64_MAX, 0)); /* a read goes first */
	assert_true(dest_wants_probe(&d, 7000 + OUTCOME_BACKOFF_BASE_MS));
	dest_probe_started(&d);
	dest_probe_ended(&d, true, 8000, 0);
	dest_success(&d, false); /* a file that is taken says nothing of creates */
	assert_int_equal(d.state, DEST_SINGLE);
	dest_ambiguous(&d, 8000, 0);
	assert_int_equal(dest_wake_ms(&d), 8000 + DEST_PAUSE_BASE_MS); /* it doubled */
	dest_free(&d);
	dest_init(&d, &four);
	dest_hold_on(&d, DEST_HOLD_MOVED, 0);
	dest_doubt_again(&d, 0, 0); /* of another lane */
	assert_int_equal(d.state, DEST_HELD);
	dest_free(&d);
}

static void test_hold_words(void **state)
{
	(void)state;
	for (int i = DEST_HOLD_NONE + 1; i < DEST_HOLDS; i++)
		assert_int_equal(dest_hold_parse(dest_hold_word((enum dest_hold)i)), i);
	assert_int_equal(dest_hold_parse("flooded"), DEST_HOLD_OTHER);
	assert_int_equal(dest_hold_parse("none"), DEST_HOLD_OTHER);
}

/* Lanes with endless backlogs take turns, one place or several, whoever asks first or most. */
static void test_lanes_take_turns(void **state)
{
	static const int concurrency[] = {1, 2, 4};

	(void)state;
	for (size_t c = 0; c < 3; c++) {
		const struct dest_limits l = {.concurrency = concurrency[c]};
		int served[3] = {0}, ended = 0;
		struct dest d;

		dest_init(&d, &l);
		for (int round = 0; round < 600; round++) {
			/* lane 0 is always asked first, and again as long as it gets a place */
			for (int32_t lane = 0; lane < 3; lane++)
				while (dest_may_start(&d, lane, true, 0, 0)) {
					dest_started(&d, lane);
					served[lane]++;
				}
			assert_true(d.in_flight > 0);
			dest_ended(&d);
			ended++;
			/* the loop wakes whoever is first in line */
			assert_int_not_equal(dest_next(&d), DEST_NOBODY);
			while (dest_may_start(&d, dest_next(&d), true, 0, 0)) {
				int32_t lane = dest_next(&d);

				dest_started(&d, lane);
				served[lane]++;
			}
		}
		for (int lane = 0; lane < 3; lane++)
			assert_in_range(served[lane], ended / 3 - 4, ended / 3 + 4);
		dest_free(&d);
	}
}

static void test_line(void **state)
{
	const struct dest_limits one = {.concurrency = 1};
	struct dest d;

	(void)state;
	dest_init(&d, &one);
	assert_int_equal(dest_next(&d), DEST_NOBODY);
	assert_true(dest_may_start(&d, 7, false, 0, 0));
	assert_true(dest_may_start(&d, 7, true, 0, 0)); /* asking is no starting */
	dest_started(&d, 7);
	assert_false(dest_may_start(&d, 8, false, 0, 0));
	assert_false(dest_may_start(&d, 9, false, 0, 0));
	assert_false(dest_may_start(&d, 8, false, 0, 0)); /* keeps its place, no second one */
	assert_int_equal(d.n_line, 2);
	dest_ended(&d);
	assert_false(dest_may_start(&d, 7, false, 0, 0));
	assert_false(dest_may_start(&d, 9, false, 0, 0));
	assert_true(dest_may_start(&d, 8, false, 0, 0));
	dest_leave(&d, 8); /* has nothing to do any more: the next */
	dest_leave(&d, 8);
	assert_int_equal(dest_next(&d), 9);
	dest_forget_lane(&d, 9);
	assert_true(dest_may_start(&d, 7, false, 0, 0));
	dest_free(&d);
}

static void test_hourly_brake_of_several_lanes(void **state)
{
	const struct dest_limits l = {.concurrency = 9, .max_filings_per_hour = 4};
	struct dest d;

	(void)state;
	dest_init(&d, &l);
	dest_note_create(&d, 0, 10000);
	dest_note_create(&d, 0, 12000);
	/* a lane that is read later: its past is put in its place, what is older than an hour not
	 */
	dest_note_create(&d, 1, 8000);
	dest_note_create(&d, 1, 11000);
	dest_note_create(&d, 1, 12000);
	assert_int_equal(d.n_created, 4);
	for (size_t i = 1; i < d.n_created; i++)
		assert_true(d.created[i - 1].at_s <= d.created[i].at_s);
	assert_false(dest_may_start(&d, 0, true, 0, 12001));
	assert_int_equal(d.why, DEST_HOLD_HOURLY);
	dest_forget_create(&d, 2, 12000); /* not that lane's */
	assert_int_equal(d.n_created, 4);
	dest_forget_create(&d, 1, 12000);
	assert_int_equal(d.n_created, 3);
	dest_forget_lane(&d, 0);
	assert_int_equal(d.n_created, 1);
	assert_int_equal(d.created[0].at_s, 11000);
	dest_free(&d);
}

static void test_what_was_not_sent_does_not_count(void **state)
{
	const struct dest_limits two = {.concurrency = 4, .max_filings_per_hour = 2};
	struct dest d;

	(void)state;
	dest_init(&d, &two);
	dest_note_create(&d, 0, 10000);
	dest_note_create(&d, 0, 10001);
	dest_forget_create(&d, 0, 10000);
	dest_forget_create(&d, 0, 9999); /* never noted */
	assert_int_equal(d.n_created, 1);
	assert_int_equal(d.created[0].at_s, 10001);
	assert_true(dest_may_start(&d, 0, true, 0, 10002));
	dest_note_create(&d, 0, 10002);
	assert_false(dest_may_start(&d, 0, true, 0, 10003));
	assert_int_equal(d.why, DEST_HOLD_HOURLY);
	dest_free(&d);
}

/* Whatever happens in whatever order: never more calls than places, one in SINGLE, none while it
 * rests or is held, no lane twice in line, and no lane for ever behind the others. */
static void test_any_order(void **state)
{
	const struct dest_limits l = {
		.concurrency = 3, .max_filings_per_hour = 40, .pause_base_ms = 1000};
	uint64_t seed = 4711;
	int64_t now = 0;
	int passed_over[4] = {0}, under_way[4] = {0};
	struct dest d;

	(void)state;
	dest_init(&d, &l);
	for (int i = 0; i < 200000; i++) {
		int32_t lane;
		uint64_t r;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		r = seed >> 33;
		lane = (int32_t)(r % 4);
		now += (int64_t)(r % 200);
		if (r % 16 < 8) {
			if (dest_may_start(&d, lane, true, now, (uint32_t)(now / 1000))) {
				assert_true(d.state == DEST_OPEN || d.state == DEST_SINGLE);
				assert_true(now >= d.not_before);
				assert_true(d.in_flight < (d.state == DEST_SINGLE ? 1 : 3));
				for (size_t k = 0; k < d.n_line; k++)
					if (d.line[k] != lane)
						passed_over[d.line[k]]++;
				dest_started(&d, lane);
				dest_note_create(&d, lane, (uint32_t)(now / 1000));
				under_way[lane]++;
				passed_over[lane] = 0;
			}
		} else if (r % 16 < 14 && under_way[lane]) {
			under_way[lane]--;
			dest_ended(&d);
			switch (r / 16 % 12) {
			case 0:
				dest_ambiguous(&d, now, seed);
				break;
			case 1:
				dest_not_sent(&d, now, seed);
				break;
			case 2:
				dest_rate_limited(&d, now, (int64_t)(r % 3000) - 1, seed);
				break;
			case 3:
				dest_rejected(&d, true, now);
				break;
			case 4:
				if (r % 7 == 0)
					dest_hold_on(&d, DEST_HOLD_MOVED, now);
				break;
			default:
				dest_success(&d, true);
			}
		} else if (r % 16 == 14) {
			dest_leave(&d, lane);
			passed_over[lane] = 0;
		} else if (dest_wants_probe(&d, now)) {
			dest_probe_started(&d);
			dest_probe_ended(&d, r % 2, now, seed);
		} else {
			dest_resume(&d, now - (int64_t)(r % 100), (uint32_t)(now / 1000));
		}
		assert_in_range(d.in_flight, 0, 3);
		assert_in_range(d.n_line, 0, 4);
		for (size_t k = 0; k < d.n_line; k++)
			for (size_t m = 0; m < k; m++)
				assert_int_not_equal(d.line[k], d.line[m]);
		for (int k = 0; k < 4; k++)
			assert_in_range(passed_over[k], 0, 3); /* those who were before it */
	}
	dest_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order),
		cmocka_unit_test(test_concurrency),
		cmocka_unit_test(test_prepared_ahead),
		cmocka_unit_test(test_what_was_not_sent_does_not_count),
		cmocka_unit_test(test_ambiguous_cools_probes_and_goes_on_one_by_one),
		cmocka_unit_test(test_only_a_once_only_call_ends_its_doubt),
		cmocka_unit_test(test_rejects_are_counted_apart),
		cmocka_unit_test(test_an_hour_of_504_on_creates),
		cmocka_unit_test(test_not_sent_backs_off_without_probe),
		cmocka_unit_test(test_hourly_brake_counts_from_the_log),
		cmocka_unit_test(test_rate_limited),
		cmocka_unit_test(test_a_retry_after_that_is_never_over),
		cmocka_unit_test(test_calls_that_travel_together_are_one_event),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_many_rejects_hold_one_success_forgets),
		cmocka_unit_test(test_resume_of_an_older_hold),
		cmocka_unit_test(test_hold_of_an_earlier_process),
		cmocka_unit_test(test_doubt_of_an_earlier_process),
		cmocka_unit_test(test_hold_words),
		cmocka_unit_test(test_lanes_take_turns),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_hourly_brake_of_several_lanes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
