/* Spans of a batch, and what WhatsApp and its sisters share: handshake, signature, envelope. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/util.h"
#include "core/meta_webhook.h"

static const struct {
	const char *text;
	int r; /* of root + array + all elements: their number, or -1 */
} arrays[] = {
	{"[]", 0},
	{" [ ] ", 0},
	{"[1]", 1},
	{"[1,\"a]\\\"\",{\"x\":[1,2]},null]", 4},
	{"[1,]", -1},
	{"[,1]", -1},
	{"[1 2]", -1},
	{"[1", -1},
	{"[\"a]", -1},
	{"{}", -1},
	{"", -1},
	{"[1]]", -1},
	{"[1] x", -1},
	{"[{\"a\":1},{\"a\":2}]", 2},
};

static void arrays_fall_into_elements(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(arrays); i++) {
		struct json_span_iter it;
		struct span root, one;
		int n = 0, r;

		if (json_span_root(arrays[i].text, strlen(arrays[i].text), &root) ||
			json_span_array(root, &it)) {
			n = -1;
		} else {
			while ((r = json_span_next(&it, &one)) == 1)
				n++;
			if (r < 0)
				n = -1;
			else
				assert_int_equal(json_span_next(&it, &one), 0);
		}
		if (n != arrays[i].r)
			fail_msg("%s: %d", arrays[i].text, n);
	}
}

static void members_are_found(void **state)
{
	static const char text[] = "{ \"a\" : {\"b\":\"}\"} , \"b\":[1], \"c\":-1.5e3}";
	struct span root, s;

	(void)state;
	assert_int_equal(json_span_root(text, sizeof(text) - 1, &root), 0);
	assert_int_equal(json_span_member(root, "b", &s), 0);
	assert_true(s.n == 3 && memcmp(s.p, "[1]", 3) == 0);
	assert_int_equal(json_span_member(root, "c", &s), 0);
	assert_true(s.n == 6 && memcmp(s.p, "-1.5e3", 6) == 0);
	assert_int_equal(json_span_member(root, "d", &s), -2);
	assert_int_equal(json_span_member(s, "d", &s), -22);
	assert_int_equal(json_span_member((struct span){"{}", 2}, "d", &s), -2);
	assert_int_equal(json_span_member((struct span){"{\"d\" 1}", 7}, "d", &s), -22);
}

static void signature_known_answers(void **state)
{
	static const char body[] = "{\"object\":\"whatsapp_business_account\",\"entry\":[]}";
	static const char spaced[] = "{\"object\": \"whatsapp_business_account\", \"entry\": []}";
	static const char good[] =
		"sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756";
	static const char good_spaced[] =
		"sha256=56cbbaf4961c6cfdae48b7f116c047e5eb513d2c931baae63a2bc1afd26f803a";
	const char *one[] = {"test_app_secret"}, *two[] = {"new", "test_app_secret"};
	const char *wrong[] = {"new", ""};
	char bad[80];

	(void)state;
	assert_true(meta_signature_ok(good, body, sizeof(body) - 1, one, 1));
	assert_true(meta_signature_ok(good, body, sizeof(body) - 1, two, 2));
	assert_true(meta_signature_ok(good_spaced, spaced, sizeof(spaced) - 1, one, 1));
	assert_false(meta_signature_ok(good, spaced, sizeof(spaced) - 1, one, 1));
	assert_false(meta_signature_ok(good, body, sizeof(body) - 1, wrong, 2));
	assert_false(meta_signature_ok(good, body, sizeof(body) - 1, one, 0));
	assert_false(meta_signature_ok(NULL, body, sizeof(body) - 1, one, 1));
	assert_false(meta_signature_ok("", body, sizeof(body) - 1, one, 1));
	assert_false(meta_signature_ok(good + 7, body, sizeof(body) - 1, one, 1));
	memcpy(bad, good, sizeof(good));
	bad[sizeof(good) - 2] = 'x';
	assert_false(meta_signature_ok(bad, body, sizeof(body) - 1, one, 1));
	bad[sizeof(good) - 2] = '\0';
	assert_false(meta_signature_ok(bad, body, sizeof(body) - 1, one, 1));
}

static void handshake(void **state)
{
	(void)state;
	assert_true(meta_handshake_ok("subscribe", "kunci", "kunci"));
	assert_false(meta_handshake_ok("subscribe", "kunc", "kunci"));
	assert_false(meta_handshake_ok("unsubscribe", "kunci", "kunci"));
	assert_false(meta_handshake_ok("subscribe", "", ""));
	assert_false(meta_handshake_ok("subscribe", NULL, "kunci"));
	assert_false(meta_handshake_ok(NULL, "kunci", "kunci"));
}

static void note_change(void *ctx, const struct meta_change *c)
{
	buf_addf(ctx, "%s=%s:%.*s;", c->place, c->field ? c->field : "-", (int)c->value.n,
		c->value.n ? c->value.p : "");
}

static void note_broken(void *ctx, struct span bytes, const char *place, const char *reason)
{
	(void)bytes;
	(void)reason;
	buf_addf(ctx, "%s!;", place);
}

static const struct meta_visitor visitor = {.change = note_change, .broken = note_broken};

static const struct {
	const char *body, *want; /* want NULL: no envelope */
} envelopes[] = {
	{"{\"object\":\"w\",\"entry\":[]}", ""},
	{"{\"object\":\"w\",\"entry\":[{\"changes\":[{\"field\":\"messages\",\"value\":{}}]}]}",
		"entry 0 change 0=messages:{};"},
	{"{\"entry\":[{\"changes\":[{\"value\":1},7,{\"field\":\"x\"}]},5,{\"changes\":[]}],"
	 "\"object\":\"w\"}",
		"entry 0 change 0=-:1;entry 0 change 1!;entry 0 change 2=x:;entry 1!;"},
	{"{\"object\":\"page\",\"entry\":[]}", NULL},
	{"{\"object\":\"w\",\"entry\":{}}", NULL},
	{"{\"object\":\"w\"}", NULL},
	{"[]", NULL},
	{"not json", NULL},
	{"{\"object\":\"w\",\"entry\":[", NULL},
	{"", NULL},
};

static void envelopes_fall_into_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(envelopes); i++) {
		_cleanup_buf_ struct buf got = BUF_INIT(4096);
		const char *reason = NULL;
		int r = meta_envelope(
			envelopes[i].body, strlen(envelopes[i].body), "w", &visitor, &got, &reason);

		assert_int_equal(r, envelopes[i].want ? 0 : -22);
		if (envelopes[i].want)
			assert_string_equal(buf_str(&got), envelopes[i].want);
		else
			assert_true(reason && got.len == 0);
	}
}

static void deep_nesting_is_refused(void **state)
{
	char body[256];
	const char *reason = NULL;

	(void)state;
	memset(body, '[', sizeof(body));
	assert_int_equal(meta_envelope(body, sizeof(body), "w", &visitor, NULL, &reason), -22);
	assert_non_null(strstr(reason, "deeper"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays_fall_into_elements),
		cmocka_unit_test(members_are_found),
		cmocka_unit_test(signature_known_answers),
		cmocka_unit_test(handshake),
		cmocka_unit_test(envelopes_fall_into_changes),
		cmocka_unit_test(deep_nesting_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
