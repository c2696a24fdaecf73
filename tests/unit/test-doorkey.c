/* Keys of the door: the file's content both ways, what is no key, the signature as a stranger makes
 * it (known answers by openssl), the api_key. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "core/doorkey.h"

#include "scratch.h"

#define ID     "abcdefghij234567"
#define SECRET "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"
#define KEY(more)                                                                            \
	"{\"schema\":\"muara.door-key/1\",\"key\":\"" ID "\",\"use\":\"signed\",\"client\":" \
	"\"sambat\",\"tenant\":\"malang\",\"channels\":[\"sambat\",\"website\"],\"review\":" \
	"\"auto\",\"per_minute\":60,\"burst\":5" more "}"
#define WHOLE KEY(",\"secret\":\"" SECRET "\"")

static struct doorkey k;
static struct err e;

static int parse(const char *text)
{
	doorkey_free(&k);
	e = (struct err){0};
	return doorkey_parse(text, strlen(text), &k, &e);
}

static int teardown(void **state)
{
	(void)state;
	doorkey_free(&k);
	return 0;
}

static void a_key_is_read_as_it_was_written(void **state)
{
	_cleanup_json_ json_t *created = json_pack("{s:s}", "by", "rini");
	struct doorkey made = {.client = "sambat",
		.tenant = "malang",
		.channels = {"sambat", "website"},
		.n_channels = 2,
		.review = true,
		.use = DOORKEY_OPEN311,
		.per_minute = 60,
		.burst = 7};
	_cleanup_free_ char *text = NULL;
	size_t n;

	(void)state;
	doorkey_draw(&made);
	text = doorkey_text(&made, created, NULL, &n);
	assert_int_equal(parse(text), 0);
	assert_string_equal(k.id, made.id);
	assert_string_equal(k.secret, made.secret);
	assert_string_equal(k.client, "sambat");
	assert_string_equal(k.tenant, "malang");
	assert_int_equal(k.n_channels, 2);
	assert_true(k.review && k.use == DOORKEY_OPEN311 && !k.revoked);
	assert_int_equal(k.per_minute, 60);
	assert_int_equal(k.burst, 7);
	assert_true(doorkey_allows(&k, "website"));
	assert_false(doorkey_allows(&k, "whatsapp"));
	assert_string_equal(json_str(json_object_get(k.root, "created"), "by"), "rini");
}

static void a_revoked_key_has_no_secret(void **state)
{
	_cleanup_json_ json_t *revoked = json_pack("{s:s}", "why", "bocor");
	_cleanup_free_ char *text = NULL;
	size_t n;

	(void)state;
	assert_int_equal(parse(WHOLE), 0);
	text = doorkey_text(&k, NULL, revoked, &n);
	assert_null(strstr(text, SECRET));
	assert_int_equal(parse(text), 0);
	assert_true(k.revoked);
	assert_false(doorkey_secret_is(&k, SECRET));
	assert_false(doorkey_secret_is(&k, ""));
}

static void what_is_no_key(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", ""},
		{"[]", ""},
		{"{}", "schema"},
		{KEY(""), "\"secret\""},
		{KEY(",\"secret\":\"short\""), "\"secret\""},
		{KEY(",\"secret\":\"" SECRET "a\""), "\"secret\""},
		{"{\"schema\":\"muara.door-key/1\",\"key\":\"../../etc/passwd\"}", "\"key\""},
		{"{\"schema\":\"muara.door-key/1\",\"key\":\"" ID "\",\"client\":\"A B\"}",
			"\"client\""},
		{"{\"schema\":\"muara.door-key/1\",\"key\":\"" ID "\",\"client\":\"a\"}",
			"\"tenant\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse(cases[i].text), -EINVAL);
		assert_non_null(strstr(e.text, cases[i].says));
		assert_null(strstr(e.text, SECRET));
	}
	assert_int_equal(parse("{\"schema\":\"muara.door-key/2\"}"), -EPROTO);
}

/* One member of a good key is replaced. */
static void what_is_wrong_with_a_key(void **state)
{
	static const struct {
		const char *key, *value;
	} cases[] = {
		{"use", "\"all\""},
		{"use", "null"},
		{"review", "\"maybe\""},
		{"review", "null"},
		{"per_minute", "0"},
		{"per_minute", "1000001"},
		{"burst", "0"},
		{"burst", "\"9\""},
		{"channels", "[]"},
		{"channels", "\"sambat\""},
		{"channels", "[\"\"]"},
		{"channels", "[7]"},
		{"channels", "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\","
			     "\"l\",\"m\",\"n\",\"o\",\"p\",\"q\"]"},
		{"channels", "[\"a23456789012345678901234567890123\"]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_json_ json_t *o = json_loads(WHOLE, 0, NULL);
		_cleanup_free_ char *text = NULL;
		char name[32];

		json_set_new(o, cases[i].key, json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
		text = json_text(o, NULL);
		snprintf(name, sizeof(name), "\"%s\"", cases[i].key);
		assert_int_equal(parse(text), -EINVAL);
		assert_non_null(strstr(e.text, name));
	}
}

static void a_file_is_named_as_its_key(void **state)
{
	char dir[] = "/tmp/test-doorkey.XXXXXX";
	_cleanup_close_ int fd = -1;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fsio_write_atomic_at(fd, ID ".json", WHOLE, strlen(WHOLE), 0640, &e), 0);
	assert_int_equal(fsio_write_atomic_at(fd, "b.json", WHOLE, strlen(WHOLE), 0640, &e), 0);
	assert_int_equal(doorkey_read(fd, ID ".json", &k, &e), 0);
	doorkey_free(&k);
	assert_int_equal(doorkey_read(fd, "b.json", &k, &e), -EINVAL);
	doorkey_free(&k);
	assert_int_equal(doorkey_read(fd, "c.json", &k, &e), -ENOENT);
	assert_int_equal(scratch_remove(dir), 0);
}

static void names(void **state)
{
	(void)state;
	assert_true(doorkey_name_ok("sambat-online_2"));
	assert_false(doorkey_name_ok(""));
	assert_false(doorkey_name_ok(NULL));
	assert_false(doorkey_name_ok("Sambat"));
	assert_false(doorkey_name_ok("a/b"));
	assert_false(doorkey_name_ok("a23456789012345678901234567890123"));
	assert_true(doorkey_id_ok(ID));
	assert_false(doorkey_id_ok(ID "a"));
	assert_false(doorkey_id_ok("abcdefghij23456"));
	assert_false(doorkey_id_ok("abcdefghij23456."));
}

/* body='{"native_id":"A-1","text":"Jalan rusak"}'; printf 'MUARA1\n%s\n%s\nPOST\n/v1/messages\n%s'
 * $ID 1795482900 $(printf %s "$body" | sha256sum | cut -d' ' -f1) | openssl dgst -sha256 -hmac
 * $SECRET */
#define BODY	  "{\"native_id\":\"A-1\",\"text\":\"Jalan rusak\"}"
#define SIGNATURE "6a91e98e578d6d1af842a84af0e3e3177602d68e968b4be14097b351b420fadb"

static const struct doorkey_request good = {.key = ID,
	.time = "1795482900",
	.method = "POST",
	.path = "/v1/messages",
	.body = BODY,
	.len = sizeof(BODY) - 1};

static void the_signature_a_stranger_makes(void **state)
{
	char hex[SHA256_HEX_SIZE];

	(void)state;
	doorkey_sign(SECRET, &good, hex);
	assert_string_equal(hex, SIGNATURE);
	assert_true(doorkey_signed(SECRET, &good, SIGNATURE));
}

static void every_part_is_signed(void **state)
{
	struct doorkey_request q[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		q[i] = good;
	q[0].key = "bbcdefghij234567";
	q[1].time = "1795482901";
	q[2].method = "GET";
	q[3].path = "/v1/message";
	q[4].body = "{\"native_id\":\"A-1\",\"text\":\"jalan rusak\"}";
	q[5].len--;
	for (int i = 0; i < 6; i++)
		assert_false(doorkey_signed(SECRET, &q[i], SIGNATURE));
	assert_false(doorkey_signed("a", &good, SIGNATURE));
	assert_false(doorkey_signed(SECRET, &good, NULL));
	assert_false(doorkey_signed(SECRET, &good, ""));
	assert_false(doorkey_signed(SECRET, &good, SIGNATURE "0"));
	assert_false(doorkey_signed(SECRET, &good, "sha256=" SIGNATURE));
}

static void an_api_key(void **state)
{
	char id[DOORKEY_ID_SIZE];
	const char *secret = doorkey_bearer(ID "." SECRET, id);

	(void)state;
	assert_string_equal(secret, SECRET);
	assert_string_equal(id, ID);
	assert_int_equal(parse(WHOLE), 0);
	assert_true(doorkey_secret_is(&k, secret));
	assert_false(doorkey_secret_is(&k, "bbcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"));
	assert_null(doorkey_bearer(NULL, id));
	assert_null(doorkey_bearer(ID, id));
	assert_null(doorkey_bearer(ID ":" SECRET, id));
	assert_null(doorkey_bearer("../../../etc/pas." SECRET, id));
	assert_null(doorkey_bearer(ID "." SECRET "a", id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_key_is_read_as_it_was_written, teardown),
		cmocka_unit_test_teardown(a_revoked_key_has_no_secret, teardown),
		cmocka_unit_test_teardown(what_is_no_key, teardown),
		cmocka_unit_test_teardown(what_is_wrong_with_a_key, teardown),
		cmocka_unit_test_teardown(a_file_is_named_as_its_key, teardown),
		cmocka_unit_test(names),
		cmocka_unit_test(the_signature_a_stranger_makes),
		cmocka_unit_test(every_part_is_signed),
		cmocka_unit_test_teardown(an_api_key, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
