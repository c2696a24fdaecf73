/* The pure parts of the door: quotas, one JSON message, what a file is; and the keyring on a folder
 * that changes. */
// uses: daemons/door/decode.c
// uses: daemons/door/evidence.c
// uses: daemons/door/keyring.c
// uses: daemons/door/quota.c
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/util.h"
#include "daemons/door/decode.h"
#include "daemons/door/evidence.h"
#include "daemons/door/keyring.h"
#include "daemons/door/quota.h"

#include "scratch.h"

#define MINUTE INT64_C(60000)

/* --- quotas --- */

static const struct quota_rate rate = {.per_minute = 6, .burst = 3};

static void a_bucket_fills_with_time(void **state)
{
	struct quotas *q = quotas_new(4);

	(void)state;
	assert_int_equal(quota_take(q, "a", &rate, 4, 0), -ERANGE);
	assert_int_equal(quota_take(q, "a", &rate, 2, 0), 0);
	assert_int_equal(quota_take(q, "a", &rate, 1, 0), 0);
	assert_int_equal(quota_take(q, "a", &rate, 1, 0), 10000);
	assert_int_equal(quota_take(q, "a", &rate, 2, 5000), 15000);
	assert_int_equal(quota_take(q, "a", &rate, 1, 9999), 1);
	assert_int_equal(quota_take(q, "a", &rate, 1, 10000), 0);
	assert_int_equal(quota_take(q, "b", &rate, 3, 10000), 0); /* nobody else's */
	/* never more than the burst, also after years */
	assert_int_equal(quota_take(q, "a", &rate, 3, INT64_MAX / 2), 0);
	assert_int_equal(quota_take(q, "a", &rate, 1, INT64_MAX / 2), 10000);
	/* a clock that went back gives nothing and takes nothing */
	assert_int_equal(quota_take(q, "a", &rate, 1, 0), 10000);
	quotas_free(q);
	quotas_free(NULL);
}

static void what_was_given_back_is_there(void **state)
{
	struct quotas *q = quotas_new(4);

	(void)state;
	assert_int_equal(quota_take(q, "a", &rate, 3, 0), 0);
	quota_give_back(q, "a", 2);
	assert_int_equal(quota_take(q, "a", &rate, 2, 0), 0);
	quota_give_back(q, "a", 99); /* not more than it holds */
	assert_int_equal(quota_take(q, "a", &rate, 3, 0), 0);
	assert_int_equal(quota_take(q, "a", &rate, 1, 0), 10000);
	quota_give_back(q, "nobody", 1);
	quotas_free(q);
}

static void a_full_table_forgets_the_fullest(void **state)
{
	struct quotas *q = quotas_new(2);

	(void)state;
	assert_int_equal(quota_take(q, "empty", &rate, 3, 0), 0);
	assert_int_equal(quota_take(q, "nearly full", &rate, 1, 0), 0);
	assert_int_equal(quota_take(q, "new", &rate, 3, 0), 0);
	assert_true(quota_take(q, "empty", &rate, 1, 0) > 0);
	assert_true(quota_take(q, "new", &rate, 1, 0) > 0);
	quotas_free(q);
}

static void a_smaller_quota_holds_at_once(void **state)
{
	const struct quota_rate small = {.per_minute = 1, .burst = 1};
	struct quotas *q = quotas_new(2);

	(void)state;
	assert_int_equal(quota_take(q, "a", &rate, 1, 0), 0);
	assert_int_equal(quota_take(q, "a", &small, 1, 0), 0);
	assert_int_equal(quota_take(q, "a", &small, 1, 0), MINUTE);
	quotas_free(q);
}

/* --- one message --- */

static struct door_doc doc;
static struct message m;
static struct err e;

static int decode(const char *text)
{
	door_doc_free(&doc);
	m = (struct message){.class = MC_HUMAN};
	e = (struct err){0};
	return door_decode(text, strlen(text), 4096, 420, 16, &doc, &m, &e);
}

static int teardown(void **state)
{
	(void)state;
	door_doc_free(&doc);
	return 0;
}

static void a_whole_message(void **state)
{
	(void)state;
	assert_int_equal(decode("{\"native_id\":\"A-1\",\"channel\":\"jkn\",\"text\":\"Jalan\","
				"\"rt\":3,\"attachments\":["
				"{\"content\":\"/9j/4A==\",\"name\":\"a.exe\",\"id\":\"f1\"},"
				"{\"content\":\"JVBERi0xLjQK\"},"
				"{\"content\":\"TVqQAAMAAAA=\",\"name\":\"a.jpg\"},"
				"{\"content\":\"/9j/4AAAAAAAAAAAAAAAAAAAAAAA\"}]}"),
		0);
	assert_string_equal(doc.channel, "jkn");
	assert_null(json_object_get(m.fields, "channel"));
	assert_int_equal(json_integer_value(json_object_get(m.fields, "rt")), 3);
	assert_int_equal(m.n_attachments, 4);
	assert_string_equal(m.attachments[0].id, "f1");
	assert_string_equal(m.attachments[0].mime, "image/jpeg");
	assert_int_equal(m.attachments[0].state, AS_STORED);
	assert_int_equal(m.attachments[0].bytes, 4);
	assert_string_equal(m.attachments[1].mime, "application/pdf");
	assert_int_equal(strncmp(m.attachments[1].id, "sha256:", 7), 0);
	assert_int_equal(m.attachments[2].state, AS_REFUSED); /* a program, whatever its name */
	assert_null(doc.files[2].data);
	assert_int_equal(m.attachments[3].state, AS_REFUSED); /* too large */
	assert_int_equal(decode("{\"native_id\":1,\"text\":\"a\"}"), 0);
	assert_null(doc.channel);
	assert_null(m.fields);
	assert_int_equal(decode("{\"native_id\":1,\"location\":{\"lat\":-7.9,\"lon\":112.6}}"), 0);
}

static void what_cannot_be_used(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", ""},
		{"[]", "not a JSON object"},
		{"{\"text\":\"a\"}", "native_id"},
		{"{\"native_id\":\"\",\"text\":\"a\"}", "native_id"},
		{"{\"native_id\":1}", "nothing is said"},
		{"{\"native_id\":1,\"text\":\"\"}", "nothing is said"},
		{"{\"native_id\":1,\"text\":\"a\",\"channel\":7}", "channel"},
		{"{\"native_id\":1,\"text\":\"a\",\"attachments\":7}", "attachments"},
		{"{\"native_id\":1,\"text\":\"a\",\"attachments\":[7]}", "content"},
		{"{\"native_id\":1,\"text\":\"a\",\"attachments\":[{\"content\":\"?\"}]}",
			"base64"},
		{"{\"native_id\":1,\"text\":\"a\",\"attachments\":[{\"content\":\"AA==\",\"name\":"
		 "7}"
		 "]}",
			"name"},
		{"{\"native_id\":1,\"text\":\"a\",\"attachments\":[{\"content\":\"AA==\",\"id\":7}]"
		 "}",
			"\"id\""},
		{"{\"native_id\":1,\"text\":\"a\",\"sent_at\":7}", "sent_at"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(decode(cases[i].text), -EINVAL);
		assert_non_null(strstr(e.text, cases[i].says));
	}
}

static void what_would_not_fit_a_record(void **state)
{
	_cleanup_free_ char *text = xasprintf("{\"native_id\":\"%0257d\",\"text\":\"a\"}", 1);
	_cleanup_free_ char *large =
		xasprintf("{\"native_id\":1,\"text\":\"a\",\"x\":\"%0*d\"}", DOOR_FIELDS_MAX, 1);

	(void)state;
	assert_int_equal(decode(text), -EINVAL);
	assert_non_null(strstr(e.text, "native_id"));
	door_doc_free(&doc);
	assert_int_equal(
		door_decode(large, strlen(large), 1 << 20, 420, 16, &doc, &m, &e), -EINVAL);
	assert_non_null(strstr(e.text, "fields"));
	door_doc_free(&doc);
	assert_int_equal(door_decode(large, strlen(large), 100, 420, 16, &doc, &m, &e), -EINVAL);
}

#define B(bytes) bytes, sizeof(bytes) - 1
#define FTYP         \
	"\0\0\0\x18" \
	"ftyp"

/* What is taken at the door; what a file is: test-filetype. */
static void which_files_are_taken(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *mime;
	} cases[] = {
		{B("\xff\xd8\xff\xe0"), "image/jpeg"},
		{B("\xff\xd8"), NULL},
		{B("\x89PNG\r\n\x1a\n"), "image/png"},
		{B("GIF89a"), "image/gif"},
		{B("RIFF\0\0\0\0WEBP"), "image/webp"},
		{B("II*\0"), NULL},
		{B("RIFF\0\0\0\0WAVE"), "audio/wav"},
		{B("RIFF\0\0\0\0AVI "), NULL},
		{B(FTYP "heic"), "image/heic"},
		{B(FTYP "mif1"), "image/heif"},
		{B(FTYP "avif"), "image/avif"},
		{B(FTYP "mp42"), "video/mp4"},
		{B(FTYP "3gp4"), "video/3gpp"},
		{B(FTYP "qt  "), "video/quicktime"},
		{B(FTYP "M4A "), "audio/mp4"},
		{B("\x1a\x45\xdf\xa3"), "video/webm"},
		{B("%PDF-1.7"), "application/pdf"},
		{B("OggS"), "audio/ogg"},
		{B("#!AMR\n"), "audio/amr"},
		{B("ID3\3"), "audio/mpeg"},
		{B("fLaC"), NULL},
		{B("Jalan rusak"), NULL},
		{B("a;b\n1;2\n"), NULL},
		{B("{\\rtf1"), NULL},
		{B("PK\3\4"
		   "12345678901234567890123456"
		   "word/"),
			NULL},
		{B("<html><script>"), NULL},
		{B("<svg xmlns="), NULL},
		{B("PK\3\4"), NULL},
		{B("MZ"), NULL},
		{"", 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *mime = evidence_type(cases[i].bytes, cases[i].n);

		if (cases[i].mime)
			assert_string_equal(mime, cases[i].mime);
		else
			assert_null(mime);
	}
}

/* --- keys --- */

static void write_key(const char *dir, const char *id, const char *secret)
{
	_cleanup_free_ char *text = xasprintf(
		"{\"schema\":\"muara.door-key/"
		"1\",\"key\":\"%s\",\"use\":\"signed\",\"client\":\"a\","
		"\"tenant\":\"malang\",\"channels\":[\"x\"],\"review\":\"auto\",\"per_minute\":1,"
		"\"burst\":1,\"secret\":\"%s\"}",
		id, secret);
	_cleanup_free_ char *path = xasprintf("%s/%s.json", dir, id);

	assert_int_equal(fsio_write_atomic(path, text, strlen(text), 0640, &e), 0);
}

#define ID "abcdefghij23456" /* and a letter */
#define S1 "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"
#define S2 "bbcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"

/* Two changes in one tick of the file system's clock look alike; the second must be seen. (The tick
 * lies ahead of us here, so that the test may take its time.) */
static void every_change_is_seen(void **state)
{
	const struct timespec tick[2] = {
		{.tv_sec = time(NULL) + 1000}, {.tv_sec = time(NULL) + 1000}};
	char dir[] = "/tmp/test-keyring.XXXXXX";
	const struct doorkey *k;
	struct keyring *ring;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(keyring_open(dir, &ring, &e), 0);
	assert_int_equal(keyring_find(ring, ID "a", &k, &e), 0);
	assert_null(k);
	for (int i = 0; i < 4; i++) {
		const char *secret = i % 2 ? S1 : S2;

		write_key(dir, ID "a", secret);
		assert_int_equal(utimensat(AT_FDCWD, dir, tick, 0), 0);
		assert_int_equal(keyring_find(ring, ID "a", &k, &e), 0);
		assert_string_equal(k->secret, secret);
	}
	keyring_close(ring);
	assert_int_equal(scratch_remove(dir), 0);
}

static void what_is_no_key_is_left_out(void **state)
{
	char dir[] = "/tmp/test-keyring.XXXXXX", path[64];
	const struct doorkey *k;
	struct keyring *ring;

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 25; i++) {
		char id[] = ID "a";

		id[sizeof(id) - 2] = (char)('a' + i);
		write_key(dir, id, S1);
	}
	snprintf(path, sizeof(path), "%s/x.json", dir);
	assert_int_equal(fsio_write_atomic(path, "{", 1, 0640, &e), 0);
	assert_int_equal(keyring_open(dir, &ring, &e), 0);
	assert_int_equal(keyring_find(ring, ID "y", &k, &e), 0);
	assert_non_null(k);
	assert_int_equal(keyring_find(ring, "x", &k, &e), 0);
	assert_null(k);
	assert_int_equal(scratch_remove(dir), 0);
	assert_true(keyring_find(ring, ID "y", &k, &e) < 0);
	keyring_close(ring);
	assert_true(keyring_open(dir, &ring, &e) < 0);
	keyring_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_fills_with_time),
		cmocka_unit_test(what_was_given_back_is_there),
		cmocka_unit_test(a_full_table_forgets_the_fullest),
		cmocka_unit_test(a_smaller_quota_holds_at_once),
		cmocka_unit_test_teardown(a_whole_message, teardown),
		cmocka_unit_test_teardown(what_cannot_be_used, teardown),
		cmocka_unit_test_teardown(what_would_not_fit_a_record, teardown),
		cmocka_unit_test(which_files_are_taken),
		cmocka_unit_test(every_change_is_seen),
		cmocka_unit_test(what_is_no_key_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
