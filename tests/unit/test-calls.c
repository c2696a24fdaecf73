/* What the books of calls make of rows: new, an update, nothing; also after failures and restarts.
 */
// uses: daemons/call112/calls.c daemons/call112/unmapped.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/call112/calls.h"
#include "daemons/call112/unmapped.h"

#define ACCOUNT "malang-112"

static struct calls *books;
static json_t *raw_log; /* what a restart would read */
static uint64_t number;

static int setup(void **state)
{
	(void)state;
	books = calls_new(ACCOUNT);
	raw_log = json_array();
	number = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	calls_free(books);
	json_decref(raw_log);
	return 0;
}

static struct message row(const char *id, enum call_class mapped, const char *text)
{
	struct message m = {.tenant = "malang",
		.channel = "call112",
		.account = ACCOUNT,
		.native_id = id,
		.kind = MK_CALL,
		.class = message_class_of_call(mapped),
		.text = text,
		.received_ms = 1790000000000};

	m.author.id = "";
	m.call.type = "x";
	m.call.mapped = mapped;
	m.source.daemon = m.source.instance = m.source.place = "t";
	m.original.data = text;
	m.original.len = strlen(text);
	return m;
}

/* Takes a row in; "kind class native" of what is produced, "" for nothing. `reported`: it stands in
 * the raw log, too. */
static const char *take(struct message m, bool reported)
{
	_cleanup_(calls_ruling_free) struct calls_ruling ruling;
	_cleanup_json_ json_t *fields = NULL;
	static char text[200];
	json_t *record = NULL;

	calls_judge(books, &m, &fields, &ruling);
	if (ruling.verdict == CALLS_NOTHING)
		return "";
	assert_int_equal(message_build(&m, &record, NULL, NULL), 0);
	calls_put(books, &ruling, ++number);
	snprintf(text, sizeof(text), "%s %s %.*s", json_str(record, "kind"),
		json_str(record, "class"), (int)strcspn(json_str(record, "native_id"), "#") + 1,
		json_str(record, "native_id"));
	assert_true(
		(message_kind_get(record) == MK_EDIT) == (json_str(record, "revision") != NULL));
	if (reported)
		json_array_append(raw_log, record);
	json_decref(record);
	return text;
}

static void restart(void)
{
	const json_t *record;
	size_t i;

	calls_free(books);
	books = calls_new(ACCOUNT);
	json_array_foreach (raw_log, i, record)
		calls_learn(books, record);
}

#define TAKE(want, ...) assert_string_equal(take(row(__VA_ARGS__), true), want)

static void the_same_row_is_nothing(void **state)
{
	struct message m = row("", CC_NORMAL, "lampu");

	(void)state;
	TAKE("call human T-1", "T-1", CC_NORMAL, "lampu");
	TAKE("", "T-1", CC_NORMAL, "lampu");
	TAKE("call human T-2", "T-2", CC_NORMAL, "lampu");
	m.native_id = "T-1";
	m.original.data = "\"lampu\";x"; /* other bytes, the same content */
	m.original.len = 9;
	assert_string_equal(take(m, true), "");
	restart();
	TAKE("", "T-1", CC_NORMAL, "lampu");
	TAKE("", "T-2", CC_NORMAL, "lampu");
}

static void every_field_is_content(void **state)
{
	static const struct message_attachment photo = {
		.id = "a.jpg", .state = AS_MISSING, .bytes = -1};
	_cleanup_json_ json_t *notes = json_pack("{s:s}", "notes", "ditutup");
	struct message m[7];

	(void)state;
	TAKE("call human T-1", "T-1", CC_NORMAL, "lampu");
	for (size_t i = 0; i < ARRAY_SIZE(m); i++)
		m[i] = row("T-1", CC_NORMAL, "lampu");
	m[0].author.phone = m[0].author.id = "+6281200000001";
	m[1].author.name = "Siti";
	m[2].location.set = true;
	m[2].location.lat = -7.9;
	m[2].location.lon = 112.6;
	m[3].sent_at_source = "kemarin";
	m[4].fields = notes;
	m[5].attachments = &photo;
	m[5].n_attachments = 1;
	m[6].call.priority = "tinggi";
	for (size_t i = 0; i < ARRAY_SIZE(m); i++) {
		assert_string_equal(take(m[i], true), "edit human T-1");
		assert_string_equal(take(m[i], true), "");
	}
	restart();
	for (size_t i = 0; i < ARRAY_SIZE(m); i++)
		assert_string_equal(take(m[i], true), "");
}

static void an_upgrade_rings_at_once(void **state)
{
	(void)state;
	TAKE("call human T-1", "T-1", CC_NORMAL, "asap di gudang");
	TAKE("edit emergency T-1", "T-1", CC_EMERGENCY, "asap di gudang");
	TAKE("", "T-1", CC_EMERGENCY, "asap di gudang");
	TAKE("", "T-1", CC_NORMAL, "asap di gudang"); /* the old file again takes nothing back */
	TAKE("call unknown T-2", "T-2", CC_UNKNOWN, "asap");
	TAKE("edit emergency T-2", "T-2", CC_EMERGENCY, "asap");
}

static void an_archived_call_that_counts_is_a_call_of_its_own(void **state)
{
	(void)state;
	TAKE("call ghost T-1", "T-1", CC_GHOST, "");
	TAKE("edit prank T-1", "T-1", CC_PRANK, "");
	TAKE("call emergency T-1#", "T-1", CC_EMERGENCY, "kebakaran");
	TAKE("edit emergency T-1#", "T-1", CC_EMERGENCY, "kebakaran besar");
	restart();
	TAKE("", "T-1", CC_EMERGENCY, "kebakaran besar");
	TAKE("", "T-1", CC_GHOST, "");
	TAKE("edit emergency T-1#", "T-1", CC_EMERGENCY, "kebakaran, sudah padam");
	assert_string_equal(json_str(json_array_get(raw_log, 2), "native_id"),
		json_str(json_array_get(raw_log, 4), "native_id"));
	assert_string_equal(
		json_str(json_object_get(json_array_get(raw_log, 4), "fields"), "call_id"), "T-1");
}

static void a_downgrade_goes_to_a_person(void **state)
{
	(void)state;
	TAKE("call emergency T-1", "T-1", CC_EMERGENCY, "kebakaran");
	TAKE("edit unknown T-1", "T-1", CC_PRANK, "kebakaran");
	TAKE("edit human T-1", "T-1", CC_NORMAL, "kebakaran kecil");
}

static void rows_that_come_again_get_the_ids_they_had(void **state)
{
	const char *first, *second;
	char a[80], b[80];

	(void)state;
	TAKE("call human T-0", "T-0", CC_NORMAL, "selesai");
	calls_settle(books, 2); /* number 1 is in the log for good */
	first = take(row("T-1", CC_GHOST, ""), false);
	snprintf(a, sizeof(a), "%s", first);
	second = take(
		row("T-1", CC_NORMAL, "lampu"), true); /* its report came, the first's failed */
	snprintf(b, sizeof(b), "%s", second);
	calls_undo(books, 2);
	TAKE("", "T-0", CC_NORMAL, "selesai");
	assert_string_equal(take(row("T-1", CC_GHOST, ""), true), a);
	assert_string_equal(take(row("T-1", CC_NORMAL, "lampu"), true), b);
	assert_string_equal(json_str(json_array_get(raw_log, 1), "id"),
		json_str(json_array_get(raw_log, 3), "id"));
}

static void other_accounts_are_other_books(void **state)
{
	struct message m = row("T-1", CC_NORMAL, "lampu");

	(void)state;
	m.account = "batu-112";
	assert_string_equal(take(m, true), "call human T-1");
	restart();
	TAKE("call human T-1", "T-1", CC_NORMAL, "lampu");
}

static void what_cannot_be_built_passes(void **state)
{
	struct message m = row("T-1", CC_NORMAL, "lampu");

	(void)state;
	for (int i = 0; i < 2; i++) {
		_cleanup_(calls_ruling_free) struct calls_ruling ruling;
		_cleanup_json_ json_t *fields = NULL;

		m.tenant = NULL;
		calls_judge(books, &m, &fields, &ruling);
		assert_int_equal(ruling.verdict, CALLS_CALL);
		calls_put(books, &ruling, ++number);
	}
}

static void one_alarm_a_type_and_day(void **state)
{
	struct unmapped *u = unmapped_new(420);
	struct message m = row("T-1", CC_UNKNOWN, "x"), known = row("T-2", CC_NORMAL, "x");

	(void)state;
	m.call.type = "ODGJ";
	assert_true(unmapped_tell(u, &m));
	assert_false(unmapped_tell(u, &m));
	m.call.type = "  odgj ";
	assert_false(unmapped_tell(u, &m));
	m.call.type = "Pohon  Tumbang";
	assert_true(unmapped_tell(u, &m));
	m.call.type = "pohon tumbang";
	assert_false(unmapped_tell(u, &m));
	m.call.type = "";
	assert_true(unmapped_tell(u, &m));
	assert_false(unmapped_tell(u, &known));
	m.class = MC_UNDECODABLE;
	m.call.type = "lain";
	assert_false(unmapped_tell(u, &m));
	unmapped_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_same_row_is_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(every_field_is_content, setup, teardown),
		cmocka_unit_test_setup_teardown(an_upgrade_rings_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_archived_call_that_counts_is_a_call_of_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(a_downgrade_goes_to_a_person, setup, teardown),
		cmocka_unit_test_setup_teardown(
			rows_that_come_again_get_the_ids_they_had, setup, teardown),
		cmocka_unit_test_setup_teardown(other_accounts_are_other_books, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_built_passes, setup, teardown),
		cmocka_unit_test(one_alarm_a_type_and_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
