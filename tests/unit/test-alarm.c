/* muara-alarm: what rings (screen), when and how often (book). */
// uses: daemons/alarm/screen.c daemons/alarm/book.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/alarm/book.h"
#include "daemons/alarm/screen.h"

#define NOW	1795494555000LL /* 2026-11-24T04:29:15Z */
#define HOUR	3600000LL
#define COMMAND "6d0c1b2f-8e57-4a64-9b1f-77d0e3a4c5b6"

/* --- what rings --- */

static const struct row {
	const char *class, *kind, *call, *text;
	int64_t age_ms;
	enum screen_fate fate, if_unsure_rings;
} rows[] = {
	{"human", "message", NULL, "Ada kebakaran", 0, FATE_RING, FATE_RING},
	{"human", "message", NULL, "Lampu jalan mati", 0, FATE_NONE, FATE_NONE},
	{"human", "message", NULL, "Gawat", 0, FATE_UNSURE, FATE_RING},
	{"human", "message", NULL, "Gawat", 9 * HOUR, FATE_UNSURE, FATE_STALE},
	{"human", "message", NULL, "Ada kebakaran", 6 * HOUR, FATE_RING, FATE_RING},
	{"human", "message", NULL, "Ada kebakaran", 6 * HOUR + 1, FATE_STALE, FATE_STALE},
	{"human", "message", NULL, "Ada kebakaran", -HOUR, FATE_RING, FATE_RING},
	{"stale", "message", NULL, "Ada kebakaran", 0, FATE_STALE, FATE_STALE},
	{"human", "edit", NULL, "Ada kebakaran", 0, FATE_RING, FATE_RING},
	{"human", "delete", NULL, "Ada kebakaran", 0, FATE_NONE, FATE_NONE},
	{"spam", "message", NULL, "Ada kebakaran", 0, FATE_RING, FATE_RING},
	{"unknown", "message", NULL, "Ada kebakaran", 0, FATE_RING, FATE_RING},
	{"undecodable", "message", NULL, "", 0, FATE_NONE, FATE_NONE},
	{"emergency", "message", NULL, "Lampu", 0, FATE_RING, FATE_RING},
	{"auto", "message", NULL, "Ada kebakaran", 0, FATE_NONE, FATE_NONE},
	{"bounce", "message", NULL, "Ada kebakaran", 0, FATE_NONE, FATE_NONE},
	{"echo", "message", NULL, "Ada kebakaran", 0, FATE_NONE, FATE_NONE},
	{"system", "message", NULL, "Ada kebakaran", 0, FATE_NONE, FATE_NONE},
	{"emergency", "call", "emergency", "Laporan", 0, FATE_RING, FATE_RING},
	{"ghost", "call", "emergency", "", 0, FATE_RING, FATE_RING},
	{"human", "call", "normal", "Ada kebakaran", 0, FATE_RING, FATE_RING},
	{"human", "call", "normal", "Lampu", 0, FATE_NONE, FATE_NONE},
	{"information", "call", "information", "Nomor kebakaran?", 0, FATE_NONE, FATE_NONE},
	{"ghost", "call", "ghost", "Ada kebakaran", 0, FATE_NONE, FATE_NONE},
	{"prank", "call", "prank", "Ada kebakaran", 0, FATE_NONE, FATE_NONE},
	{"dropped", "call", "dropped", "Ada kebakaran", 0, FATE_NONE, FATE_NONE},
	{"test", "call", "test", "Ada kebakaran", 0, FATE_NONE, FATE_NONE},
	{"unknown", "call", "unknown", "Lampu", 0, FATE_UNSURE, FATE_RING},
	{"unknown", "call", "unknown", "Ada kebakaran", 0, FATE_RING, FATE_RING},
};

static json_t *message(const struct row *r)
{
	char sent[TIME_TEXT_SIZE];
	json_t *m;

	time_format(NOW - r->age_ms, sent);
	m = json_pack("{s:s, s:s, s:s, s:s}", "class", r->class, "kind", r->kind, "text", r->text,
		"sent_at", sent);
	if (r->call)
		json_set_new(m, "call", json_pack("{s:s}", "mapped", r->call));
	return m;
}

static void what_rings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int unsure = 0; unsure < 2; unsure++) {
			struct screen_rules rules = {6 * HOUR, unsure == 1};
			_cleanup_json_ json_t *m = message(&rows[i]);
			struct screening why;
			enum screen_fate fate = screen_fate(m, NOW, &rules, &why);

			if (fate != (unsure ? rows[i].if_unsure_rings : rows[i].fate))
				fail_msg("row %zu, unsure %d: fate %d", i, unsure, (int)fate);
			assert_non_null(why.rule);
		}
}

/* A time nobody can read makes nothing old. */
static void a_time_that_cannot_be_read(void **state)
{
	_cleanup_json_ json_t *m = json_pack(
		"{s:s, s:s, s:s}", "class", "human", "text", "Ada kebakaran", "sent_at", "kemarin");
	struct screen_rules rules = {6 * HOUR, false};
	struct screening why;

	(void)state;
	assert_int_equal(screen_fate(m, NOW, &rules, &why), FATE_RING);
}

/* --- when --- */

static char name_of_kediri[] = "kediri";
static char *kediri[] = {name_of_kediri};
static const struct book_hook hooks[] = {{"duty", 0, 60000, NULL, 0},
	{"chief", 600000, 300000, NULL, 0}, {"there", 0, 60000, kediri, 1}};
enum { DUTY, CHIEF, THERE };

struct desk {
	struct book *book;
	struct book_now now;
};

static int open_desk(void **state)
{
	struct desk *d = xcalloc(1, sizeof(*d));

	d->book = book_new(hooks, ARRAY_SIZE(hooks));
	d->now = (struct book_now){5000000, NOW};
	*state = d;
	return 0;
}

static int close_desk(void **state)
{
	struct desk *d = *state;

	book_free(d->book);
	free(d);
	return 0;
}

static void later(struct desk *d, int64_t ms)
{
	d->now.mono_ms += ms;
	d->now.wall_ms += ms;
}

static const char *id_of(int i)
{
	static char ids[4][UUID_TEXT_SIZE];
	char native[16];

	snprintf(native, sizeof native, "w%d", i);
	message_id("malang", "whatsapp", "628", native, NULL, ids[i % 4]);
	return ids[i % 4];
}

static json_t *fact(const struct desk *d, const char *kind, int i)
{
	char at[TIME_TEXT_SIZE];

	time_format(d->now.wall_ms, at);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "kind", kind, "id", id_of(i), "at",
		at, "tenant", "malang", "hook", "duty", "command", COMMAND, "n", 3);
}

static void raise_one(struct desk *d, int i)
{
	_cleanup_json_ json_t *o = fact(d, "raised", i);

	book_raise(d->book, o, d->now);
}

static void fold(struct desk *d, const char *kind, int i)
{
	_cleanup_json_ json_t *o = fact(d, kind, i);

	book_fold(d->book, o, d->now);
}

static size_t due(struct desk *d, size_t hook)
{
	const json_t *list[8];

	return book_due(d->book, hook, d->now, list, ARRAY_SIZE(list));
}

static void rings_when_it_is_in_the_log(void **state)
{
	struct desk *d = *state;

	raise_one(d, 1);
	assert_int_equal(book_state(d->book, id_of(1)), ES_RAISED);
	assert_int_equal(due(d, DUTY), 0); /* its record is on the way */
	later(d, 5);
	book_confirmed(d->book, id_of(1), d->now);
	assert_int_equal(due(d, DUTY), 1);
	assert_int_equal(due(d, CHIEF), 0);
	assert_int_equal(due(d, THERE), 0); /* another tenant's */
	assert_true(book_next(d->book, THERE) == BOOK_NEVER);
}

static void rings_if_nothing_is_heard_of_the_log(void **state)
{
	struct desk *d = *state;

	raise_one(d, 1);
	later(d, BOOK_UNCONFIRMED_MS - 1);
	assert_int_equal(due(d, DUTY), 0);
	later(d, 1);
	assert_int_equal(due(d, DUTY), 1);
}

/* Confirmed by its own record read back, before the report came. */
static void read_back_is_confirmed(void **state)
{
	struct desk *d = *state;

	raise_one(d, 1);
	fold(d, "raised", 1);
	assert_int_equal(due(d, DUTY), 1);
	assert_int_equal(book_open(d->book), 1);
	assert_int_equal(book_rung(d->book, DUTY, id_of(1), d->now), 1);
	book_confirmed(d->book, id_of(1), d->now); /* the report, later: rings no earlier */
	assert_int_equal(due(d, DUTY), 0);
}

static void rings_again_until_acknowledged(void **state)
{
	struct desk *d = *state;

	fold(d, "raised", 1);
	for (int64_t n = 1; n <= 3; n++) {
		assert_int_equal(due(d, DUTY), 1);
		assert_int_equal(book_rung(d->book, DUTY, id_of(1), d->now), n);
		assert_int_equal(due(d, DUTY), 0);
		later(d, 60000);
	}
	later(d, 600000);
	assert_int_equal(due(d, CHIEF), 1);
	fold(d, "acknowledged", 1);
	assert_int_equal(due(d, DUTY), 0);
	assert_int_equal(due(d, CHIEF), 0);
	assert_int_equal(book_open(d->book), 0);
	assert_int_equal(book_rung(d->book, DUTY, id_of(1), d->now), 0); /* one under way */
	assert_true(book_acknowledged_by(d->book, id_of(1), COMMAND));
	assert_false(
		book_acknowledged_by(d->book, id_of(1), "6d0c1b2f-8e57-4a64-9b1f-77d0e3a4c5b7"));
	fold(d, "raised", 1); /* delivered again */
	raise_one(d, 1);
	assert_int_equal(book_open(d->book), 0);
}

static void a_new_process_goes_on(void **state)
{
	struct desk *d = *state;

	fold(d, "raised", 1);
	fold(d, "rung", 1); /* the third, just now */
	assert_int_equal(due(d, DUTY), 0);
	later(d, 59999);
	assert_int_equal(due(d, DUTY), 0);
	later(d, 1);
	assert_int_equal(due(d, DUTY), 1);
	assert_int_equal(book_rung(d->book, DUTY, id_of(1), d->now), 4);
	fold(d, "rung", 1); /* an older fact, read back: takes nothing back */
	assert_int_equal(book_rings(d->book, DUTY, id_of(1)), 4);
	assert_int_equal(book_rings(d->book, CHIEF, id_of(1)), 0);
}

/* The clock of the process before, or of this one, was wrong: nobody waits longer than an interval.
 */
static void a_clock_set_back(void **state)
{
	struct desk *d = *state;

	fold(d, "raised", 1);
	fold(d, "rung", 1);
	book_free(d->book);
	d->book = book_new(hooks, ARRAY_SIZE(hooks));
	later(d, 9 * HOUR);
	{
		_cleanup_json_ json_t *a = fact(d, "raised", 1), *b = fact(d, "rung", 1);

		later(d, -9 * HOUR);
		book_fold(d->book, a, d->now);
		book_fold(d->book, b, d->now);
	}
	assert_int_equal(due(d, DUTY), 0);
	later(d, 60000);
	assert_int_equal(due(d, DUTY), 1);
	later(d, 540000);
	assert_int_equal(due(d, CHIEF), 1);
}

static void the_longest_due_first(void **state)
{
	const json_t *list[2];
	struct desk *d = *state;

	for (int i = 0; i < 3; i++) {
		fold(d, "raised", i);
		later(d, 1000);
	}
	assert_int_equal(book_due(d->book, DUTY, d->now, list, 2), 2);
	assert_string_equal(json_str(list[0], "id"), id_of(0));
	assert_string_equal(json_str(list[1], "id"), id_of(1));
	assert_true(book_next(d->book, DUTY) <= d->now.mono_ms - 3000);
	fold(d, "acknowledged", 1);
	assert_int_equal(book_due(d->book, DUTY, d->now, list, 2), 2);
	assert_string_equal(json_str(list[1], "id"), id_of(2));
}

static void stale_ones_are_known_and_silent(void **state)
{
	struct desk *d = *state;

	fold(d, "stale", 1);
	assert_int_equal(book_state(d->book, id_of(1)), ES_STALE);
	assert_int_equal(book_open(d->book), 0);
	fold(d, "raised", 1); /* an edit of today */
	assert_int_equal(book_open(d->book), 1);
	fold(d, "stale", 1);
	assert_int_equal(book_state(d->book, id_of(1)), ES_RAISED);
	assert_int_equal(book_state(d->book, id_of(2)), ES_NONE);
	assert_int_equal(book_state(d->book, "no id"), ES_NONE);
}

#define DESK(f) cmocka_unit_test_setup_teardown(f, open_desk, close_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_rings),
		cmocka_unit_test(a_time_that_cannot_be_read),
		DESK(rings_when_it_is_in_the_log),
		DESK(rings_if_nothing_is_heard_of_the_log),
		DESK(read_back_is_confirmed),
		DESK(rings_again_until_acknowledged),
		DESK(a_new_process_goes_on),
		DESK(a_clock_set_back),
		DESK(the_longest_due_first),
		DESK(stale_ones_are_known_and_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
