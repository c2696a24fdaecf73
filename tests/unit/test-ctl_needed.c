/* Which blobs somebody still needs: each reason by itself, and worlds made at random against a
 * plain account of who needs what. */
// uses: daemons/muaractl/needed.c
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"
#include "daemons/muaractl/needed.h"

#define NOW   INT64_C(1800000000000)
#define OLDER INT64_C(1000000)
#define OLD   (NOW - 2 * OLDER)
#define NEW   (NOW - OLDER / 2)
#define C1    "11111111-1111-5111-8111-111111111111"
#define M1    "22222222-2222-5222-8222-222222222222"

static const char *hash_of(unsigned i)
{
	static char text[8][65];
	static unsigned at;
	char *ret = text[at++ % 8];

	snprintf(ret, 65, "%08x%056x", i * 2654435761u, i);
	return ret;
}

static void decide(struct needed *n, int64_t at, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *body = NULL;
	va_list ap;

	va_start(ap, format);
	assert_true(vasprintf(&text, format, ap) > 0);
	va_end(ap);
	body = json_loads(text, 0, NULL);
	assert_non_null(body);
	needed_decision(n, body, text, strlen(text), at);
}

static void submit(struct needed *n, int64_t at, bool late, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ json_t *body = NULL;
	va_list ap;

	va_start(ap, format);
	assert_true(vasprintf(&text, format, ap) > 0);
	va_end(ap);
	body = json_loads(text, 0, NULL);
	assert_non_null(body);
	needed_submission(n, 0, body, text, strlen(text), at, late);
}

#define SNAPSHOT                                                                            \
	"{\"inputs\":[],\"results\":[{\"type\":\"complaint\",\"id\":\"%s\",\"version\":%u," \
	"\"state\":\"%s\",\"attachments\":[{\"sha256\":\"%s\"}]}]}"
#define INTENT                                                                           \
	"{\"kind\":\"intent\",\"term\":%u,\"n\":%u,\"complaint\":\"%s\",\"version\":%u," \
	"\"call\":\"%s\"}"
#define OUTCOME                                                                            \
	"{\"kind\":\"%s\",\"term\":%u,\"n\":99,\"complaint\":\"%s\",\"intent\":\"%u/%u\"," \
	"\"resolution\":\"%s\",\"answer_blob\":\"%s\"}"

static enum need asked(struct needed *n, unsigned i)
{
	return needed_why(n, hash_of(i));
}

static void names_in_a_text(void **state)
{
	struct needed *n = needed_new(NOW, OLDER);
	char text[400];

	(void)state;
	needed_always(n, NULL, 0, NEED_RAW);
	snprintf(text, sizeof(text), "{\"blob\":\"%s\",\"x\":\"%s0\",\"y\":\"%.63s\"}", hash_of(1),
		hash_of(2), hash_of(3));
	needed_always(n, text, strlen(text), NEED_RAW);
	assert_int_equal(asked(n, 1), NEED_RAW);
	assert_int_equal(asked(n, 2), NEED_NOT); /* 65 digits are none */
	assert_int_equal(asked(n, 3), NEED_NOT);
	snprintf(text, sizeof(text), "%s %s", hash_of(4), hash_of(5)); /* at both ends */
	needed_always(n, text, strlen(text), NEED_OTHER);
	assert_int_equal(asked(n, 4), NEED_OTHER);
	assert_int_equal(asked(n, 5), NEED_OTHER);
	needed_always(n, text, 64, NEED_RAW);
	assert_int_equal(asked(n, 4), NEED_RAW);
	assert_int_equal(asked(n, 5), NEED_OTHER);
	assert_int_equal(needed_why(n, "lost+found"), NEED_OTHER);
	needed_free(n);
	needed_free(NULL);
}

static void records_hold_while_they_are_young(void **state)
{
	struct needed *n = needed_new(NOW, OLDER);

	(void)state;
	needed_recent(n, hash_of(1), 64, NEW);
	needed_recent(n, hash_of(2), 64, OLD);
	needed_recent(n, hash_of(3), 64, OLD);
	needed_recent(n, hash_of(3), 64, NEW);
	needed_recent(n, hash_of(3), 64, OLD);
	assert_int_equal(asked(n, 1), NEED_RECENT);
	assert_int_equal(asked(n, 2), NEED_NOT);
	assert_int_equal(asked(n, 3), NEED_RECENT);
	/* archived without a complaint */
	decide(n, OLD, "{\"inputs\":[],\"results\":[{\"type\":\"archived\",\"x\":\"%s\"}]}",
		hash_of(4));
	assert_int_equal(asked(n, 4), NEED_NOT);
	needed_free(n);
}

static void media_hold_until_they_are_absorbed(void **state)
{
	struct needed *n = needed_new(NOW, OLDER);
	char text[200];

	(void)state;
	snprintf(text, sizeof(text), "{\"id\":\"" M1 "\",\"sha256\":\"%s\"}", hash_of(1));
	needed_media(n, text, strlen(text), OLD);
	snprintf(text, sizeof(text), "no JSON %s", hash_of(2));
	needed_media(n, text, strlen(text), OLD);
	assert_int_equal(asked(n, 1), NEED_MEDIA);
	assert_int_equal(asked(n, 2), NEED_MEDIA);
	decide(n, OLD, "{\"inputs\":[{\"type\":\"media\",\"id\":\"" M1 "\"}],\"results\":[]}");
	assert_int_equal(asked(n, 1), NEED_NOT);
	needed_free(n);
}

static const struct {
	const char *state;
	const char *call, *kind, *resolution; /* NULL: none */
	int64_t at;
	enum need want;
} ends[] = {
	{"open", NULL, NULL, NULL, OLD, NEED_COMPLAINT},
	{"held", NULL, NULL, NULL, OLD, NEED_COMPLAINT},
	{"review", NULL, NULL, NULL, OLD, NEED_COMPLAINT},
	{"ready", NULL, NULL, NULL, OLD, NEED_COMPLAINT}, /* not filed; observers only look */
	{"merged", NULL, NULL, NULL, OLD, NEED_NOT},
	{"withdrawn", NULL, NULL, NULL, OLD, NEED_NOT},
	{"archived", NULL, NULL, NULL, OLD, NEED_NOT},
	{"archived", NULL, NULL, NULL, NEW, NEED_COMPLAINT},
	{"baru", NULL, NULL, NULL, OLD, NEED_COMPLAINT},      /* a state of tomorrow */
	{"ready", "create", NULL, NULL, OLD, NEED_COMPLAINT}, /* in flight */
	{"ready", "create", "done", "", OLD, NEED_NOT},
	{"ready", "create", "done", "", NEW, NEED_COMPLAINT},
	{"ready", "create", "not_sent", "", OLD, NEED_COMPLAINT},
	{"ready", "create", "rejected", "", OLD, NEED_COMPLAINT},
	{"ready", "create", "parked", "", OLD, NEED_COMPLAINT},
	{"ready", "create", "resolved", "filed", OLD, NEED_NOT},
	{"ready", "create", "resolved", "not_filed", OLD, NEED_COMPLAINT},
	{"ready", "create", "resolved", "dropped", OLD, NEED_COMPLAINT},
	{"ready", "sheet", "handed", "", OLD, NEED_COMPLAINT},
	{"ready", "sheet", "resolved", "filed", OLD, NEED_NOT},
	{"ready", "upload", "done", "", OLD, NEED_COMPLAINT},
	{"archived", "create", "parked", "", OLD, NEED_COMPLAINT},
};

static void complaints_hold_until_their_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct needed *n = needed_new(NOW, OLDER);

		decide(n, ends[i].at, SNAPSHOT, C1, 1u, ends[i].state, hash_of(1));
		if (ends[i].call)
			submit(n, OLD, false, INTENT, 3u, 1u, C1, 1u, ends[i].call);
		if (ends[i].kind)
			submit(n, OLD, false, OUTCOME, ends[i].kind, 3u, C1, 3u, 1u,
				ends[i].resolution, hash_of(2));
		if (asked(n, 1) != ends[i].want)
			fail_msg("%zu: %d", i, asked(n, 1));
		if (ends[i].kind && (asked(n, 2) == NEED_NOT) != (ends[i].want == NEED_NOT))
			fail_msg("%zu: its answer: %d", i, asked(n, 2));
		needed_free(n);
	}
}

static void what_was_not_told_yet(void **state)
{
	struct needed *n = needed_new(NOW, OLDER);

	(void)state;
	decide(n, OLD, SNAPSHOT, C1, 1u, "ready", hash_of(1));
	submit(n, OLD, false, INTENT, 3u, 1u, C1, 1u, "create");
	submit(n, OLD, false, OUTCOME, "done", 3u, C1, 3u, 1u, "", hash_of(9));
	decide(n, OLD, SNAPSHOT, C1, 2u, "ready", hash_of(2)); /* a late photo */
	assert_int_equal(asked(n, 1), NEED_NOT);
	assert_int_equal(asked(n, 2), NEED_UNTOLD);
	submit(n, OLD, false, INTENT, 4u, 1u, C1, 2u, "followup");
	assert_int_equal(asked(n, 1), NEED_COMPLAINT);
	submit(n, OLD, false, OUTCOME, "done", 3u, C1, 4u, 1u, "",
		hash_of(9)); /* of another term: void */
	assert_int_equal(asked(n, 2), NEED_COMPLAINT);
	submit(n, OLD, true, OUTCOME, "done", 4u, C1, 4u, 1u, "",
		hash_of(9)); /* late, and counts */
	assert_int_equal(asked(n, 2), NEED_NOT);
	submit(n, OLD, false, INTENT, 5u, 1u, C1, 2u, "followup");
	submit(n, OLD, true, OUTCOME, "resolved", 5u, C1, 5u, 1u, "filed",
		hash_of(9)); /* late: not */
	assert_int_equal(asked(n, 2), NEED_COMPLAINT);
	needed_free(n);
}

/* `complaints` lost records: nothing goes. */
static void of_a_complaint_not_known(void **state)
{
	struct needed *n = needed_new(NOW, OLDER);

	(void)state;
	submit(n, OLD, false, INTENT, 3u, 1u, C1, 1u, "create");
	submit(n, OLD, false, OUTCOME, "done", 3u, C1, 3u, 1u, "", hash_of(1));
	assert_int_equal(asked(n, 1), NEED_COMPLAINT);
	needed_free(n);
}

/* --- worlds --- */

enum { COMPLAINTS = 40, BLOBS = 120, STEPS = 400 };
struct world {
	struct needed *n;
	uint64_t seed;
	struct {
		unsigned version, told, in_flight; /* in_flight: n of the INTENT, 0 none */
		int64_t at;
		const char *state;
		bool filed, parked;
		unsigned since[BLOBS]; /* version, 0 = not its */
	} c[COMPLAINTS];
	bool raw[BLOBS];
	unsigned n_intents;
};

static unsigned dice(struct world *w, unsigned n)
{
	w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned)(w->seed >> 33) % n;
}

static void id_of(unsigned i, char ret[40])
{
	snprintf(ret, 40, "%08x-0000-5000-8000-%012x", i * 2654435761u, i);
}

static void new_version(struct world *w, unsigned i, int64_t at)
{
	static const char *const states[] = {"open", "held", "review", "ready", "ready", "ready",
		"merged", "withdrawn", "archived"};
	unsigned blob = dice(w, BLOBS);
	char id[40];

	id_of(i, id);
	w->c[i].version++;
	w->c[i].state = states[dice(w, ARRAY_SIZE(states))];
	w->c[i].at = MAX(w->c[i].at, at);
	if (!w->c[i].since[blob])
		w->c[i].since[blob] = w->c[i].version;
	decide(w->n, at, SNAPSHOT, id, w->c[i].version, w->c[i].state, hash_of(blob));
}

static void file(struct world *w, unsigned i, int64_t at)
{
	static const char *const outcomes[] = {
		"done", "done", "done", "parked", "not_sent", "rejected"};
	const char *kind = outcomes[dice(w, ARRAY_SIZE(outcomes))];
	char id[40];

	id_of(i, id);
	w->c[i].at = MAX(w->c[i].at, at);
	if (!w->c[i].in_flight) {
		w->c[i].in_flight = ++w->n_intents;
		submit(w->n, at, false, INTENT, 7u, w->n_intents, id, w->c[i].version,
			w->c[i].filed ? "followup" : "create");
		w->c[i].parked = false;
		w->c[i].told = w->c[i].told << 16 | w->c[i].version; /* what it would tell, below */
		return;
	}
	submit(w->n, at, false, OUTCOME, kind, 7u, id, 7u, w->c[i].in_flight, "",
		hash_of(BLOBS + 1));
	if (strcmp(kind, "parked") == 0)
		return;
	w->c[i].filed |= strcmp(kind, "done") == 0;
	w->c[i].told = strcmp(kind, "done") == 0 ? w->c[i].told & 0xffff : w->c[i].told >> 16;
	w->c[i].in_flight = 0;
}

static bool needs(const struct world *w, unsigned i, unsigned blob)
{
	unsigned told = w->c[i].in_flight ? w->c[i].told >> 16 : w->c[i].told;
	const char *state = w->c[i].state;

	if (!state || !w->c[i].since[blob])
		return false;
	if (w->c[i].at > NOW - OLDER || w->c[i].in_flight)
		return true;
	if (strcmp(state, "ready") != 0)
		return strcmp(state, "merged") != 0 && strcmp(state, "withdrawn") != 0 &&
		       strcmp(state, "archived") != 0;
	return !w->c[i].filed || w->c[i].since[blob] > told;
}

static void worlds_made_at_random(void **state)
{
	unsigned kept = 0, gone = 0;

	(void)state;
	for (unsigned seed = 1; seed <= 60; seed++) {
		struct world *w = xcalloc(1, sizeof(*w));

		w->n = needed_new(NOW, OLDER);
		w->seed = seed;
		for (unsigned s = 0; s < STEPS; s++) {
			unsigned i = dice(w, COMPLAINTS);
			int64_t at = dice(w, 40) ? OLD : NEW;

			if (!w->c[i].version || dice(w, 3) == 0)
				new_version(w, i, at);
			else
				file(w, i, at);
			if (dice(w, 20) == 0) {
				unsigned blob = dice(w, BLOBS);

				w->raw[blob] = true;
				needed_always(w->n, hash_of(blob), 64, NEED_RAW);
			}
		}
		for (unsigned b = 0; b < BLOBS; b++) {
			bool want = w->raw[b];

			for (unsigned i = 0; i < COMPLAINTS; i++)
				want |= needs(w, i, b);
			if (want && asked(w->n, b) == NEED_NOT)
				fail_msg("seed %u: blob %u is needed", seed, b);
			if (!want && asked(w->n, b) != NEED_NOT)
				fail_msg("seed %u: blob %u is kept: %d", seed, b, asked(w->n, b));
			kept += want;
			gone += !want;
		}
		needed_free(w->n);
		free(w);
	}
	assert_true(kept > 500 && gone > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_in_a_text),
		cmocka_unit_test(records_hold_while_they_are_young),
		cmocka_unit_test(media_hold_until_they_are_absorbed),
		cmocka_unit_test(complaints_hold_until_their_end),
		cmocka_unit_test(what_was_not_told_yet),
		cmocka_unit_test(of_a_complaint_not_known),
		cmocka_unit_test(worlds_made_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
