/* What `channel try` shows: nothing personal unless asked for, every message, also what cannot be
 * built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"
#include "core/trial.h"

static const char *const personal[] = {
	"Siti", "6281200000001", "Lubang di", "wamid.A", "Alun-alun", "rahasia-form"};

static char *show(bool text, bool json, size_t original_len)
{
	_cleanup_free_ char *original = xcalloc(1, original_len);
	_cleanup_json_ json_t *fields = json_pack("{s:s}", "jawaban", "rahasia-form");
	const struct message_attachment photo = {
		.id = "9", .kind = "image", .state = AS_PENDING, .bytes = -1};
	struct message m = {.tenant = "malang",
		.channel = "whatsapp",
		.account = "kota",
		.native_id = "wamid.A",
		.received_ms = 1700000001000,
		.sent_ms = 1700000000000,
		.text = "Lubang di jalan é",
		.attachments = &photo,
		.n_attachments = 1,
		.fields = fields,
		.in_reply_to = "wamid.Q"};
	struct message bad;
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);
	struct trial *t = trial_new(f, text, json);

	m.author.id = "6281200000001";
	m.author.name = "Siti";
	m.location.name = "Alun-alun";
	m.source.daemon = m.source.instance = "uji";
	m.original.data = original;
	m.original.len = original_len;
	bad = m;
	bad.native_id = NULL;
	trial_show(t, &m);
	trial_show(t, &bad);
	m.max_age_ms = 100;
	trial_show(t, &m);
	assert_int_equal(trial_end(t), 3);
	fclose(f);
	return out;
}

static void nothing_personal_is_shown(void **state)
{
	(void)state;
	for (int json = 0; json < 2; json++) {
		_cleanup_free_ char *out = show(false, json, 10);

		for (size_t i = 0; i < ARRAY_SIZE(personal); i++)
			if (strstr(out, personal[i]))
				fail_msg("%s is shown:\n%s", personal[i], out);
		assert_non_null(strstr(out, "human"));
		assert_non_null(strstr(out, "undecodable"));
		assert_non_null(strstr(out, "stale"));
		assert_non_null(strstr(out, "jawaban")); /* which fields there are */
	}
}

static void unless_it_was_asked_for(void **state)
{
	_cleanup_free_ char *out = show(true, false, 10);

	(void)state;
	assert_non_null(strstr(out, "text       17 characters, sha256 "));
	assert_non_null(strstr(out, ": Lubang di jalan é\n"));
	assert_non_null(strstr(out, ": Siti\n"));
	assert_non_null(strstr(out, "{\"jawaban\":\"rahasia-form\"}"));
	assert_non_null(strstr(out, "human, but before `start` or older than `max_age`"));
	assert_non_null(strstr(out,
		"3 messages would be taken in: 1 human, 1 undecodable, 1 stale; nothing was\n"));
}

static void a_json_object_a_line(void **state)
{
	_cleanup_free_ char *out =
		show(true, true, MESSAGE_INLINE_MAX + 1); /* it would be a blob */
	char *rest = NULL;
	int n = 0;

	(void)state;
	for (char *line = strtok_r(out, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		_cleanup_json_ json_t *o = NULL;

		assert_int_equal(json_parse(line, strlen(line), 1 << 20, &o, NULL), 0);
		assert_int_equal(json_int(o, "n", 0), ++n);
		assert_int_equal(json_int(o, "original_bytes", 0), MESSAGE_INLINE_MAX + 1);
	}
	assert_int_equal(n, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_personal_is_shown),
		cmocka_unit_test(unless_it_was_asked_for),
		cmocka_unit_test(a_json_object_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
