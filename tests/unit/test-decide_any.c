// uses: daemons/normalizer/decide.c
// uses: daemons/normalizer/decide_message.c
// uses: daemons/normalizer/decide_thread.c
// uses: daemons/normalizer/decide_act.c
// uses: daemons/normalizer/complaint.c
// uses: daemons/normalizer/complaint_messages.c
// uses: daemons/normalizer/complaint_text.c
/* decide, for any order of inputs: seeded random conversations, delivered late and twice, with
 * timers in between.
 *
 * The bound: a message is at most LATE late, and between two messages of a conversation lies less
 * than join - LATE, or more than join + LATE. Then (a) which messages share a complaint does not
 * depend on the order in which they came; (b) every message has one place; (c) what came already
 * changes nothing when it comes again; (d) an index rebuilt from the log is the one that grew. */
#include "base/buf.h"
#include "decide-world.h"

#define PEOPLE	 4
#define MESSAGES 24
#define LATE	 (10 * MINUTE)
#define SEEDS	 10

struct event {
	int person, number, group;
	int64_t sent_ms, at_ms;
	json_t *record;
	char id[UUID_TEXT_SIZE];
};

static uint64_t dice;
static unsigned roll(unsigned n)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(dice >> 33) % n;
}

static void make_event(const struct world *w, struct event *ev, const char *text)
{
	char native[32], author[32];
	struct message m;

	snprintf(native, sizeof(native), "p%d-%d", ev->person, ev->number);
	snprintf(author, sizeof(author), "62812000%d", ev->person);
	m = bubble(w, native, text);
	m.author.id = author;
	m.author.name = roll(3) ? "Budi" : NULL;
	m.sent_ms = m.received_ms = ev->sent_ms;
	ev->record = record_of(&m);
	snprintf(ev->id, sizeof(ev->id), "%s", json_str(ev->record, "id"));
}

/* Events in the order they were sent. */
static void make_events(const struct world *w, struct event events[PEOPLE * MESSAGES])
{
	static const char *const texts[] = {
		"Jalan rusak", "di depan pasar", "KEBAKARAN", "tolong", "", "GAWAT"};
	const int64_t join = w->rules.join_ms;
	int p, i;

	for (p = 0; p < PEOPLE; p++) {
		int64_t sent = T0 + (int64_t)roll(1000) * SECOND;
		int group = 0;

		for (i = 0; i < MESSAGES; i++) {
			struct event *ev = &events[p * MESSAGES + i];
			const char *text = texts[roll(ARRAY_SIZE(texts))];

			if (!*text) { /* archived: it bridges no gap */
				sent++;
			} else if (i && roll(6) == 0) {
				sent += join + LATE + 1 + (int64_t)roll(1000) * SECOND;
				group++;
			} else if (i) {
				sent += 1 +
					(int64_t)roll((unsigned)((join - LATE) / SECOND)) * SECOND;
			}
			*ev = (struct event){
				.person = p, .number = i, .group = group, .sent_ms = sent};
			make_event(w, ev, text);
		}
	}
}

static int by_arrival(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return strcmp(x->id, y->id);
}

static int by_place(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->person != y->person ? x->person - y->person : x->number - y->number;
}

/* Fires what is due before `now`, as the daemon does. */
static void run_timers(struct world *w, const struct event *events, int64_t now)
{
	size_t i;

	for (i = 0; i < PEOPLE * MESSAGES; i++) {
		const json_t *t =
			json_array_get(json_object_get(snapshot(w, events[i].id), "timers"), 0);
		int64_t due = 0;
		char kind[16];

		if (!t || time_parse(json_str(t, "due"), &due) < 0 || due > now)
			continue;
		snprintf(kind, sizeof(kind), "%s", json_str(t, "kind"));
		assert_int_equal(fire(w, events[i].id, kind), DECIDE_RECORD);
	}
	w->now_ms = now;
}

static const char *complaint_of(struct world *w, const char *message)
{
	static char ref[UUID_TEXT_SIZE];
	char key[INDEX_KEY_SIZE];
	_cleanup_json_ json_t *place = NULL;
	const json_t *text = view_get(w->index, index_key(key, "a", message));

	assert_true(json_is_string(text));
	place = json_loads(json_string_value(text), 0, NULL);
	if (strcmp(json_str(place, "place"), "complaint") != 0) {
		assert_string_equal(json_str(place, "place"), "archived");
		return "";
	}
	snprintf(ref, sizeof(ref), "%s", json_str(place, "ref"));
	return ref;
}

static void file_some(struct world *w, const char *message, int n)
{
	_cleanup_free_ char *id = xstrdup(complaint_of(w, message));

	if (*id && strcmp(json_str_or(snapshot(w, id), "state", ""), "ready") == 0)
		file_it(w, id, "intent", n);
}

static void deliver(struct world *w, struct event events[PEOPLE * MESSAGES])
{
	size_t i;

	for (i = 0; i < PEOPLE * MESSAGES; i++)
		events[i].at_ms = events[i].sent_ms + (int64_t)roll((unsigned)LATE);
	qsort(events, PEOPLE * MESSAGES, sizeof(*events), by_arrival);
	for (i = 0; i < PEOPLE * MESSAGES; i++) {
		run_timers(w, events, MAX(w->now_ms, events[i].at_ms));
		assert_int_equal(take_json(w, events[i].record), DECIDE_RECORD);
		if (roll(10) == 0)
			assert_int_equal(take_json(w, events[roll((unsigned)i + 1)].record),
				DECIDE_ABSORBED);
		if (roll(3) == 0) /* when the forwarder runs changes no grouping */
			file_some(w, events[roll((unsigned)i + 1)].id, (int)i + 1);
	}
}

/* (a): together in a complaint iff sent in one group; what says nothing is archived alone. */
static void check_groups(struct world *w, struct event events[PEOPLE * MESSAGES])
{
	size_t i, k;

	qsort(events, PEOPLE * MESSAGES, sizeof(*events), by_place);
	for (i = 0; i < PEOPLE * MESSAGES; i++) {
		char mine[UUID_TEXT_SIZE];

		snprintf(mine, sizeof(mine), "%s", complaint_of(w, events[i].id));
		assert_int_equal(*mine == '\0', !*json_str(events[i].record, "text"));
		for (k = i + 1; *mine && k < PEOPLE * MESSAGES; k++) {
			const char *other = complaint_of(w, events[k].id);
			bool together = events[i].person == events[k].person &&
					events[i].group == events[k].group;

			if (*other)
				assert_int_equal(strcmp(mine, other) == 0, together);
		}
	}
}

static void check_again(struct world *w, const struct event events[PEOPLE * MESSAGES])
{
	size_t i, before = json_array_size(w->log);

	for (i = 0; i < PEOPLE * MESSAGES; i++)
		assert_int_equal(take_json(w, events[i].record), DECIDE_ABSORBED);
	assert_int_equal(json_array_size(w->log), before);
}

/* (b) and (d), from the text of the log alone. */
static void check_log(const struct world *w)
{
	struct index_model *grown = index_model_new(), *rebuilt = index_model_new();
	_cleanup_json_ json_t *absorbed = json_object();
	_cleanup_buf_ struct buf one = BUF_INIT(64u << 20), other = BUF_INIT(64u << 20);
	const json_t *record, *input;
	size_t i, k;

	json_array_foreach (w->log, i, record) {
		_cleanup_free_ char *text = json_dumps(record, JSON_COMPACT);
		_cleanup_json_ json_t *back = json_loads(text, 0, NULL);
		_cleanup_json_ json_t *ops = index_fold(record), *again = index_fold(back);

		index_model_apply(grown, ops);
		index_model_apply(rebuilt, again);
		json_array_foreach (json_object_get(record, "inputs"), k, input) {
			assert_null(json_object_get(absorbed, json_str(input, "id")));
			json_object_set_new(absorbed, json_str(input, "id"), json_true());
		}
	}
	index_model_dump(grown, &one);
	index_model_dump(rebuilt, &other);
	assert_string_equal(buf_str(&one), buf_str(&other));
	index_model_free(grown);
	index_model_free(rebuilt);
}

static void any_order_gives_the_same_complaints(void **state)
{
	unsigned seed;
	size_t i;

	(void)state;
	for (seed = 1; seed <= SEEDS; seed++) {
		struct event events[PEOPLE * MESSAGES];
		struct world w;

		dice = seed;
		world_open(&w);
		w.rules.max_messages = 1000;
		w.rules.max_text_bytes = 1u << 20;
		make_events(&w, events);
		deliver(&w, events);
		check_groups(&w, events);
		check_again(&w, events);
		check_log(&w);
		for (i = 0; i < PEOPLE * MESSAGES; i++)
			json_decref(events[i].record);
		world_close(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_gives_the_same_complaints),
	};

	/* Helpers of the world this file has no use for. */
	(void)say, (void)is_state, (void)has_word, (void)asked, (void)link_reason, (void)file_it;
	(void)order, (void)attach, (void)result, (void)id_of;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
