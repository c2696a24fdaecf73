// uses: daemons/forwarder/holds.c daemons/forwarder/destination.c
/* holds: what the log says about a destination, record by record, and what it lacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include <jansson.h>

#include "daemons/forwarder/holds.h"

struct record {
	const char *kind, *body;
};

#define HELD(d, why) "{\"destination\":\"" d "\",\"state\":\"held\",\"reason\":\"" why "\"}"
#define OPEN(d)	     "{\"destination\":\"" d "\",\"state\":\"open\",\"reason\":\"resumed\"," AT "}"
#define AT	     "\"at\":\"1970-01-01T02:00:00.000Z\"" /* 7200 s */
#define CMD(w, d, r) "{\"what\":\"" w "\",\"destination\":\"" d "\",\"result\":\"" r "\"," AT "}"
#define END(d, c, r) "{\"destination\":\"" d "\",\"call\":\"" c "\",\"reason\":\"" r "\"}"
#define RESTORE	     "{\"what\":\"accept_restore\",\"result\":\"done\"}"

static struct hold_word fold(const struct record *records)
{
	struct hold_word w = {0};

	for (; records->kind; records++) {
		json_t *body = json_loads(records->body, 0, NULL);

		assert_non_null(body);
		hold_word_apply(&w, "lapor", records->kind, body);
		json_decref(body);
	}
	return w;
}

static void test_fold(void **state)
{
	static const struct {
		struct record records[4];
		struct hold_word want;
	} t[] = {
		{{{"hold", HELD("lapor", "moved")}}, {.held = true, .why = DEST_HOLD_MOVED}},
		{{{"hold", HELD("lapor", "a-new-word")}}, {.held = true, .why = DEST_HOLD_OTHER}},
		{{{"hold", HELD("kantor", "moved")}}, {0}},
		{{{"hold", HELD("lapor", "moved")}, {"hold", OPEN("kantor")}},
			{.held = true, .why = DEST_HOLD_MOVED}},
		{{{"hold", HELD("lapor", "moved")}, {"hold", OPEN("lapor")}}, {0}},
		{{{"hold", HELD("lapor", "moved")}, {"hold", HELD("lapor", "redirect")}},
			{.held = true, .why = DEST_HOLD_REDIRECT}},
		{{{"hold", HELD("lapor", "moved")}, {"command", CMD("resume", "lapor", "done")}},
			{0}},
		{{{"hold", HELD("lapor", "moved")}, {"command", CMD("resume", "kantor", "done")}},
			{.held = true, .why = DEST_HOLD_MOVED}},
		{{{"hold", HELD("lapor", "moved")}, {"command", CMD("resume", "lapor", "refused")}},
			{.held = true, .why = DEST_HOLD_MOVED}},
		{{{"hold", HELD("lapor", "moved")}, {"command", CMD("resume", "lapor", "done")},
			 {"hold", HELD("lapor", "moved")}},
			{.held = true, .why = DEST_HOLD_MOVED}},
		{{{"hold", HELD("lapor", "hourly")}, {"command", CMD("resume", "lapor", "done")}},
			{.count_from_s = 7200}},
		{{{"hold", HELD("lapor", "hourly")}, {"hold", OPEN("lapor")}},
			{.count_from_s = 7200}},
		{{{"command", CMD("pause", "lapor", "done")}}, {.paused = true}},
		{{{"command", CMD("pause", "kantor", "done")}}, {0}},
		{{{"command", CMD("pause", "lapor", "refused")}}, {0}},
		{{{"command", CMD("pause", "lapor", "done")},
			 {"command", CMD("resume", "lapor", "done")}},
			{0}},
		{{{"command", CMD("pause", "lapor", "done")}, {"hold", OPEN("lapor")}},
			{.paused = true}},
		{{{"command", RESTORE}}, {.restored = true}},
		{{{"command", RESTORE}, {"command", CMD("resume", "lapor", "done")}}, {0}},
		{{{"command", RESTORE}, {"command", CMD("resume", "kantor", "done")}},
			{.restored = true}},
		{{{"parked", END("lapor", "create", "server-error")}}, {.doubt = true}},
		{{{"parked", END("lapor", "followup", "no-whole-answer")}}, {.doubt = true}},
		{{{"parked", END("kantor", "create", "server-error")}}, {0}},
		{{{"parked", END("lapor", "handover", "server-error")}}, {0}},
		{{{"parked", END("lapor", "create", "no-outcome")}},
			{0}}, /* a kill's, not its own */
		{{{"parked", END("lapor", "create", "conflict-names-us")}}, {0}},
		{{{"not_sent", END("lapor", "create", "server-error")}}, {0}},
		{{{"parked", END("lapor", "create", "server-error")},
			 {"done", END("lapor", "upload", "done")}},
			{.doubt = true}},
		{{{"parked", END("lapor", "create", "server-error")},
			 {"done", END("kantor", "create", "done")}},
			{.doubt = true}},
		{{{"parked", END("lapor", "create", "server-error")},
			 {"done", END("lapor", "followup", "done")}},
			{0}},
		{{{"parked", END("lapor", "create", "server-error")},
			 {"rejected", END("lapor", "create", "rejected")}},
			{0}},
		{{{"done", HELD("lapor", "moved")}, {"intent", CMD("pause", "lapor", "done")}},
			{0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct hold_word w = fold(t[i].records);

		if (w.held != t[i].want.held || w.why != t[i].want.why ||
			w.paused != t[i].want.paused || w.restored != t[i].want.restored ||
			w.doubt != t[i].want.doubt || w.count_from_s != t[i].want.count_from_s)
			fail_msg("case %zu: held %d why %d paused %d restored %d doubt %d from %u",
				i, w.held, w.why, w.paused, w.restored, w.doubt, w.count_from_s);
	}
}

static void test_what_the_log_lacks(void **state)
{
	static const struct {
		struct hold_word w;
		enum dest_state state;
		enum dest_hold why;
		enum hold_say want;
	} t[] = {
		{{0}, DEST_OPEN, DEST_HOLD_NONE, HOLD_SAY_NOTHING},
		{{0}, DEST_COOLING, DEST_HOLD_NONE, HOLD_SAY_NOTHING},
		{{0}, DEST_HELD, DEST_HOLD_MOVED, HOLD_SAY_HELD},
		{{.paused = true, .restored = true}, DEST_OPEN, DEST_HOLD_NONE, HOLD_SAY_NOTHING},
		{{.held = true, .why = DEST_HOLD_MOVED}, DEST_HELD, DEST_HOLD_MOVED,
			HOLD_SAY_NOTHING},
		{{.held = true, .why = DEST_HOLD_OTHER}, DEST_HELD, DEST_HOLD_OTHER,
			HOLD_SAY_NOTHING},
		{{.held = true, .why = DEST_HOLD_MOVED}, DEST_HELD, DEST_HOLD_REDIRECT,
			HOLD_SAY_HELD},
		{{.held = true, .why = DEST_HOLD_CREDENTIAL}, DEST_SINGLE, DEST_HOLD_NONE,
			HOLD_SAY_OPEN},
		{{.held = true, .why = DEST_HOLD_CREDENTIAL}, DEST_OPEN, DEST_HOLD_NONE,
			HOLD_SAY_OPEN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct dest d = {.state = t[i].state, .why = t[i].why};

		if (hold_word_lacks(&t[i].w, &d) != t[i].want)
			fail_msg("case %zu: %d", i, hold_word_lacks(&t[i].w, &d));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_what_the_log_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
