// uses: daemons/forwarder/worklist.c
/* worklist: which complaints wait, in which order, and that text is dropped when it is no longer
 * needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/ids.h"

#include "daemons/forwarder/worklist.h"

static uint8_t name_of(void *ctx, const char *destination)
{
	(void)ctx;
	return (uint8_t)(*destination ? destination[0] - 'a' + 1 : 0);
}

static int apply(struct worklist *w, int complaint, int version, const char *state,
	const char *destination, int64_t offset)
{
	char id[UUID_TEXT_SIZE];
	struct err e = {0};

	snprintf(id, sizeof id, "%08d-1111-5111-8111-111111111111", complaint);
	_cleanup_json_ json_t *body = json_pack("{s:[{s:s,s:s,s:i,s:s,s:s,s:s}]}", "results",
		"type", "complaint", "id", id, "version", version, "state", state, "destination",
		destination, "ready_at", "2026-11-24T04:29:15.000Z");
	return worklist_apply(w, "decision", body, offset, name_of, NULL, &e);
}

static void test_order_and_states(void **state)
{
	struct worklist w;
	struct work *row;

	(void)state;
	worklist_init(&w, 1 << 20);
	assert_int_equal(apply(&w, 1, 1, "open", "a", 10), 0);
	assert_int_equal(work_peek(&w, 1), IDMAP_NONE);
	assert_int_equal(apply(&w, 2, 1, "ready", "a", 11), 0);
	assert_int_equal(apply(&w, 1, 2, "ready", "a", 12), 0);
	assert_int_equal(apply(&w, 3, 1, "ready", "b", 13), 0);
	row = worklist_at(&w, work_peek(&w, 1));
	assert_int_equal(row->offset, 11);
	assert_int_equal(row->ready_ms, 1795494555000);
	assert_non_null(row->snapshot);
	assert_int_equal(worklist_at(&w, work_peek_second(&w, 1))->offset, 12);
	work_pop(&w, 1);
	assert_int_equal(work_peek_second(&w, 1), IDMAP_NONE);
	assert_int_equal(worklist_at(&w, work_peek(&w, 1))->offset, 12);
	work_again(&w, idmap_index(&w.rows, row), true);
	assert_int_equal(worklist_at(&w, work_peek(&w, 1))->offset, 11);
	work_pop(&w, 1);
	work_finished(&w, idmap_index(&w.rows, row));
	assert_null(row->snapshot);
	assert_int_equal(worklist_at(&w, work_peek(&w, 2))->offset, 13);
	worklist_free(&w);
}

static bool nothing_to_do(void *ctx, const struct work *row, const json_t *snapshot)
{
	assert_string_equal(json_string_value(json_object_get(snapshot, "state")), "ready");
	return row->version != *(const uint32_t *)ctx;
}

/* What is filed already is known, and neither waits nor takes memory for its text. */
static void test_nothing_to_do(void **state)
{
	uint32_t work_in = 3;
	struct worklist w;

	(void)state;
	worklist_init(&w, 1 << 20);
	w.idle = nothing_to_do;
	w.ctx = &work_in;
	assert_int_equal(apply(&w, 1, 1, "open", "a", 10), 0);
	assert_int_equal(apply(&w, 1, 2, "ready", "a", 11), 0);
	assert_int_equal(work_peek(&w, 1), IDMAP_NONE);
	assert_int_equal(w.text_bytes, 0);
	assert_int_equal(worklist_at(&w, 0)->offset, 11); /* to be read again when it has to */
	assert_int_equal(apply(&w, 1, 3, "ready", "b", 12), 0);
	assert_int_equal(work_peek(&w, 2), 0);
	assert_non_null(worklist_at(&w, 0)->snapshot);
	assert_int_equal(apply(&w, 1, 4, "ready", "b", 13), 0); /* in a queue: the daemon looks */
	assert_non_null(worklist_at(&w, 0)->snapshot);
	worklist_free(&w);
}

struct kept {
	const struct work *row;
	json_t *snapshot;
	int n;
};

static void count_kept(void *ctx, const struct work *row, json_t *snapshot)
{
	struct kept *k = ctx;

	assert_non_null(row->snapshot);
	*k = (struct kept){.row = row, .snapshot = snapshot, .n = k->n + 1};
}

/* Whoever wants the tree of a text is told of it, when the text is kept. */
static void test_the_tree_of_a_kept_text(void **state)
{
	struct kept k = {0};
	struct worklist w;

	(void)state;
	worklist_init(&w, 1 << 20);
	w.kept = count_kept;
	w.ctx = &k;
	assert_int_equal(apply(&w, 1, 1, "open", "a", 10), 0);
	assert_int_equal(k.n, 0);
	assert_int_equal(apply(&w, 1, 2, "ready", "a", 11), 0);
	assert_int_equal(k.n, 1);
	assert_ptr_equal(k.row, worklist_at(&w, 0));
	assert_int_equal(k.row->version, 2);
	w.text_max = 0;
	assert_int_equal(apply(&w, 2, 1, "ready", "a", 12), 0);
	assert_int_equal(k.n, 1);
	worklist_free(&w);
}

static void test_not_ready_any_more(void **state)
{
	struct worklist w;
	uint32_t row;

	(void)state;
	worklist_init(&w, 1 << 20);
	assert_int_equal(apply(&w, 1, 1, "ready", "a", 10), 0);
	row = work_peek(&w, 1);
	work_pop(&w, 1);
	assert_int_equal(apply(&w, 1, 2, "held", "a", 11), 0);
	assert_null(worklist_at(&w, row)->snapshot);
	work_again(&w, row, false); /* gives it back: it does not wait any more */
	assert_int_equal(work_peek(&w, 1), IDMAP_NONE);
	assert_int_equal(apply(&w, 1, 3, "ready", "a", 12), 0);
	assert_int_equal(work_peek(&w, 1), row);
	assert_int_equal(w.text_bytes, strlen(worklist_at(&w, row)->snapshot));
	worklist_free(&w);
}

/* Beyond the bound only the place of the record is kept; what is needed next is, whatever it says.
 */
static void test_texts_are_bounded(void **state)
{
	struct worklist w;
	size_t one, kept = 0;

	(void)state;
	worklist_init(&w, 1 << 20);
	assert_int_equal(apply(&w, 10, 1, "ready", "a", 5), 0);
	one = w.text_bytes;
	worklist_free(&w);
	worklist_init(&w, 3 * one + one / 2);
	for (int i = 10; i < 90; i++)
		assert_int_equal(apply(&w, i, 1, "ready", "a", i), 0);
	assert_int_equal(w.text_bytes, 3 * one);
	for (uint32_t i = 0; i < w.rows.n; i++) {
		assert_int_equal(worklist_at(&w, i)->offset, 10 + i);
		kept += worklist_at(&w, i)->snapshot != NULL;
	}
	assert_int_equal(kept, 3);
	assert_int_equal(apply(&w, 10, 2, "held", "a", 100), 0); /* makes room */
	assert_int_equal(apply(&w, 50, 2, "ready", "a", 101), 0);
	assert_non_null(worklist_find(&w, worklist_at(&w, 40)->id)->snapshot);
	assert_int_equal(w.text_bytes, 3 * one);
	{
		json_t *again = json_pack("{s:s}", "id", "read again");
		size_t before = w.text_bytes;

		work_keep_text(&w, worklist_at(&w, 60), again);
		assert_true(w.text_bytes > before);
		work_finished(&w, 60);
		assert_int_equal(w.text_bytes, before);
		json_decref(again);
	}
	worklist_free(&w);
}

static void test_versions_rise(void **state)
{
	struct worklist w;

	(void)state;
	worklist_init(&w, 1 << 20);
	assert_int_equal(apply(&w, 1, 2, "ready", "a", 10), 0);
	assert_int_equal(apply(&w, 1, 4, "ready", "a", 11), 0); /* gaps are legal (an erasure) */
	assert_int_equal(apply(&w, 1, 4, "ready", "a", 12), -EINVAL);
	worklist_free(&w);
}

static void test_queue_grows_around_the_ring(void **state)
{
	struct worklist w;

	(void)state;
	worklist_init(&w, 1 << 20);
	for (int i = 0; i < 40; i++)
		assert_int_equal(apply(&w, i, 1, "ready", "a", i), 0);
	for (int i = 0; i < 30; i++)
		work_pop(&w, 1);
	for (int i = 40; i < 400; i++)
		assert_int_equal(apply(&w, i, 1, "ready", "a", i), 0);
	for (int i = 30; i < 400; i++) {
		assert_int_equal(worklist_at(&w, work_peek(&w, 1))->offset, i);
		work_pop(&w, 1);
	}
	assert_int_equal(work_peek(&w, 1), IDMAP_NONE);
	worklist_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_states),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_the_tree_of_a_kept_text),
		cmocka_unit_test(test_not_ready_any_more),
		cmocka_unit_test(test_texts_are_bounded),
		cmocka_unit_test(test_versions_rise),
		cmocka_unit_test(test_queue_grows_around_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
