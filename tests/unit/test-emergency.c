/* emergency: keys, state as the highest of facts in any order, what a reader refuses; and what a
 * whole record says to the screening. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"
#include "core/emergency.h"
#include "core/screening_record.h"

#define NOW	1795494555000LL
#define COMMAND "6d0c1b2f-8e57-4a64-9b1f-77d0e3a4c5b6"

static json_t *message(const char *native, const char *revision)
{
	char id[UUID_TEXT_SIZE];

	message_id("malang", "whatsapp", "628", native, revision, id);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:s}", "id", id, "tenant", "malang",
		"channel", "whatsapp", "account", "628", "native_id", native, "revision", revision,
		"sent_at", "2026-11-24T04:29:10.000Z", "text", "Tolong! Rumah Siti kebakaran");
}

static json_t *raised(const char *native, const char *revision, char key[EMERGENCY_KEY_SIZE])
{
	_cleanup_json_ json_t *m = message(native, revision);
	struct emergency_place at = {"muara.raw.whatsapp", 0, 7};
	struct screening why = {SCREEN_EMERGENCY, "word", "kebakaran"};

	return emergency_raised(m, EM_RAISED, why, &at, NOW, key);
}

static void an_edit_is_the_same_event(void **state)
{
	_cleanup_json_ json_t *m = message("w1", NULL), *edit = message("w1", "e1");
	char id[UUID_TEXT_SIZE], of_edit[UUID_TEXT_SIZE];

	(void)state;
	emergency_id(m, id);
	emergency_id(edit, of_edit);
	assert_string_equal(id, json_str(m, "id"));
	assert_string_equal(of_edit, id);
	assert_string_not_equal(json_str(edit, "id"), id);
}

static void keys_say_one_fact_each(void **state)
{
	_cleanup_json_ json_t *command =
		json_pack("{s:s, s:s, s:s}", "id", COMMAND, "who", "sri", "message", COMMAND);
	char key[5][EMERGENCY_KEY_SIZE];
	_cleanup_json_ json_t *a = raised("w1", NULL, key[0]), *b = raised("w1", "e1", key[1]);
	const char *id = json_str(a, "id");
	_cleanup_json_ json_t *c = emergency_rung(id, "duty", 2, NOW, key[2]);
	_cleanup_json_ json_t *d = emergency_acknowledged(id, command, NOW, key[3]);
	_cleanup_json_ json_t *e = emergency_refused(command, "no", NOW, key[4]);
	_cleanup_free_ char *text = json_dumps(a, 0);

	(void)state;
	assert_string_equal(key[0], key[1]);
	assert_string_equal(json_str(b, "id"), id);
	assert_string_equal(key[0] + 36, "/raised");
	assert_string_equal(key[2] + 36, "/rung/duty");
	assert_string_equal(key[3] + 36, "/acknowledged");
	assert_string_equal(key[4], "refused/" COMMAND);
	assert_null(strstr(text, "Siti")); /* nothing of what was said */
	assert_non_null(c);
	assert_non_null(d);
	assert_non_null(e);
}

static void the_highest_fact_stays(void **state)
{
	static const struct {
		enum emergency_kind facts[4];
		enum emergency_state then;
	} rows[] = {
		{{EM_RAISED, EM_RUNG, EM_RUNG, EM_REFUSED}, ES_RAISED},
		{{EM_STALE, EM_RAISED, EM_RUNG, EM_STALE}, ES_RAISED},
		{{EM_RAISED, EM_STALE, EM_STALE, EM_RUNG}, ES_RAISED},
		{{EM_ACKNOWLEDGED, EM_RAISED, EM_RUNG, EM_STALE}, ES_ACKNOWLEDGED},
		{{EM_RAISED, EM_ACKNOWLEDGED, EM_RUNG, EM_RAISED}, ES_ACKNOWLEDGED},
		{{EM_RUNG, EM_RUNG, EM_REFUSED, EM_RUNG}, ES_NONE},
		{{EM_KINDS_, EM_STALE, EM_RUNG, EM_REFUSED}, ES_STALE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum emergency_state s = ES_NONE;

		for (size_t k = 0; k < ARRAY_SIZE(rows[i].facts); k++)
			s = emergency_state_after(s, rows[i].facts[k]);
		assert_int_equal(s, rows[i].then);
	}
}

/* What is written is read; each of its fields taken away is missed, but for the optional ones. */
static void readers_are_strict(void **state)
{
	static const char *const needed[] = {"schema", "kind", "id", "at", "message", "tenant",
		"channel", "rule", "topic", "offset"};
	char key[EMERGENCY_KEY_SIZE];
	_cleanup_json_ json_t *good = raised("w1", NULL, key);

	(void)state;
	for (size_t i = 0; i <= ARRAY_SIZE(needed); i++) {
		_cleanup_json_ json_t *o = json_deep_copy(good), *read = NULL;
		_cleanup_free_ char *text = NULL;
		struct err e = {0};
		size_t len;

		if (i < ARRAY_SIZE(needed))
			json_object_del(o, needed[i]);
		text = json_text(o, &len);
		assert_int_equal(emergency_parse(text, len, &read, &e),
			i < ARRAY_SIZE(needed) ? -EINVAL : 0);
	}
}

static void odd_records(void **state)
{
	static const struct {
		const char *text;
		int code;
	} rows[] = {
		{"{'schema':'muara.emergency/2','kind':'rung'}", -EPROTO},
		{"{'schema':'muara.emergency/1','kind':'sung'}", -EINVAL},
		{"{'schema':'muara.emergency/1','kind':'rung','id':'" COMMAND
		 "','at':'2026-11-24T04:29:10Z','hook':'duty','n':0}",
			-EINVAL},
		{"{'schema':'muara.emergency/1.3','kind':'rung','id':'" COMMAND
		 "','at':'2026-11-24T04:29:10Z','hook':'duty','n':1,'new':true}",
			0},
		{"{'schema':'muara.emergency/1','kind':'acknowledged','id':'" COMMAND
		 "','at':'soon','command':'" COMMAND "'}",
			-EINVAL},
		{"{'schema':'muara.emergency/"
		 "1','kind':'refused','id':'x','at':'2026-11-24T04:29:10Z',"
		 "'command':'" COMMAND "','reason':'r'}",
			-EINVAL},
		{"[]", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = xstrdup(rows[i].text);
		_cleanup_json_ json_t *read = NULL;
		struct err e = {0};

		for (char *p = text; *p; p++)
			if (*p == '\'')
				*p = '"';
		assert_int_equal(emergency_parse(text, strlen(text), &read, &e), rows[i].code);
	}
}

static void a_whole_record_is_screened(void **state)
{
	static const struct {
		const char *class, *call, *text, *title, *reply_to;
		enum screening_verdict then;
		const char *rule;
	} rows[] = {
		{"human", NULL, "Rumah kebakaran", NULL, NULL, SCREEN_EMERGENCY, "word"},
		{"human", NULL, "Lampu mati", NULL, NULL, SCREEN_NONE, "nothing"},
		{"human", NULL, "Di Jalan Ijen 5", "Kebakaran!", NULL, SCREEN_EMERGENCY, "word"},
		{"human", NULL, "Terima kasih", "Kebakaran!", "m1", SCREEN_NONE, "nothing"},
		{"emergency", NULL, "Di Jalan Ijen 5", NULL, NULL, SCREEN_EMERGENCY, "class"},
		{"emergency", "emergency", "", NULL, NULL, SCREEN_EMERGENCY, "call-type"},
		{"ghost", "ghost", "kebakaran", "Kebakaran", NULL, SCREEN_NONE, "call-type"},
		{"unknown", "unknown", "", NULL, NULL, SCREEN_UNSURE, "unmapped-call-type"},
		{"unknown", "unknown", "", "Kebakaran", NULL, SCREEN_EMERGENCY, "word"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_json_ json_t *m = json_pack("{s:s, s:s, s:{s:s?}, s:s?}", "class",
			rows[i].class, "text", rows[i].text, "fields", "title", rows[i].title,
			"in_reply_to", rows[i].reply_to);
		struct screening s;

		if (rows[i].call)
			json_set_new(m, "call", json_pack("{s:s}", "mapped", rows[i].call));
		s = screen_record(m);
		assert_int_equal(s.verdict, rows[i].then);
		assert_string_equal(s.rule, rows[i].rule);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edit_is_the_same_event),
		cmocka_unit_test(keys_say_one_fact_each),
		cmocka_unit_test(the_highest_fact_stays),
		cmocka_unit_test(readers_are_strict),
		cmocka_unit_test(odd_records),
		cmocka_unit_test(a_whole_record_is_screened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
