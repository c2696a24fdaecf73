/* Mask: what a log line must not show, and what it must still show. All data is made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mask.h"
#include "base/util.h"

struct row {
	const char *in, *out;
};

static void check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *s = xstrdup(rows[i].in);

		mask_line(s);
		assert_string_equal(s, rows[i].out);
	}
}

static void personal_data_is_masked(void **state)
{
	static const struct row rows[] = {
		{"nik 3573010101900001 x", "nik 357301********** x"},
		{"nik 3573-0101-0190-0001", "nik 3573-01**-****-****"},
		{"35.73.01.010190.0001", "35.73.01.******.****"},
		{"NIK3573010101900001", "NIK357301**********"},
		{"+6281234567890", "+**********890"}, {"+62 812-3456-7890!", "+** ***-****-*890!"},
		{"+62 (812) 3456 7890", "+** (***) **** *890"}, {"6281234567890", "**********890"},
		{"from=081234567890,", "from=*********890,"},
		{"hp0812 3456 7890", "hp**** **** *890"}, {"0341-551234 lama", "****-***234 lama"},
		{"+15551234567", "+********567"},
		{"budi.s@contoh.id gagal", "b*****@********* gagal"}, {"<a@b.c>", "<a@***>"},
		{"Authorization: Bearer abc.def/ghi", "Authorization: Bearer ***********"},
		{"https://x/y?access_token=12345&z=1", "https://x/y?access_token=*****&z=1"},
		{"password=rahasia;", "password=*******;"},
		{"EAAGm0PX4ZCpsBAKZCZBxyz123QwErTy", "********************************"},
		{"wamid.HBgNNjI4MTIzNDU2Nzg5MA==", "wamid.************************"},
		{"a\xe2\x80\x8b", "a"},
		{"0812\xe2\x80\x8b"
		 "34567890",
			"*********890"}, /* hidden by a zero-width space */
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void what_operators_need_passes(void **state)
{
	static const char *const rows[] = {
		"2026-11-24T04:29:15.000Z",
		"at 2026-11-24 04:29:15 +0700",
		"id=6281abcd-0812-4345-8678-081234567890",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"0812345678901234567890123456789a", /* 32 hex: a writer */
		"complaints/0 offset 1234567890123",
		"1764000000000 123 ms",
		"127.0.0.1:9092 10.20.30.40",
		"email.yaml:14: poll: \"30x\" is not a duration; write 30s, 5m or 1h",
		"token: readable by others; chmod 600 /etc/muara/token",
		"/etc/muara/lapor/malang-2026.yaml",
		"ABCDE-FGHJK",
		"RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: 1/1 brokers are down",
		"basic checks passed",
		"took 0.123456789 s",
		"2147483648 bytes",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *s = xstrdup(rows[i]);

		mask_line(s);
		assert_string_equal(s, rows[i]);
	}
}

static void control_characters_go(void **state)
{
	static const struct row rows[] = {
		{"a\nb\tc", "a b c"},
		{"a\x1b[31mb\x7f", "a[31mb"},
		{"a\xc2\x9b"
		 "b",
			"ab"}, /* C1: CSI */
		{"a\xe2\x80\xae"
		 "b\xe2\x81\xa6"
		 "c",
			"abc"}, /* bidi override, isolate */
		{"a\xe2\x80\xa8"
		 "b",
			"a b"}, /* line separator */
		{"a\xff"
		 "b\xc3",
			"a?b?"},
		{"jalan r\xc3\xbasak \xf0\x9f\x98\x80", "jalan r\xc3\xbasak \xf0\x9f\x98\x80"},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(personal_data_is_masked),
		cmocka_unit_test(what_operators_need_passes),
		cmocka_unit_test(control_characters_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
