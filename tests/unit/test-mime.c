/* mime: bytes of a mail -> message: identity, classes, threads, words, attachments, limits. */
// uses: daemons/email/mime.c
// uses: daemons/email/mime_bound.c
// uses: daemons/email/mime_parts.c
// uses: daemons/email/mail_head.c
// uses: daemons/email/charset.c
// uses: daemons/email/quote_trim.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/email/mime.h"

#include <cmocka.h>

static char *own_v[] = {(char *)(uintptr_t) "lapor@kota.example"};
static const struct strlist own = {own_v, 1};
static const struct mail_rules rules = {&own, "mx.kota.example", false};

struct got {
	struct mail mail;
	struct message m;
	json_t *record;
	struct buf bytes;
	char hash[SHA256_HEX_SIZE];
};

static void decode(struct got *g, const char *p, size_t n, bool partial)
{
	struct err e = {0};

	*g = (struct got){.m = {.tenant = "t", .channel = "email", .account = "a"}};
	g->m.source.daemon = "muara-email";
	g->m.source.instance = "i";
	g->m.source.place = "INBOX:7";
	g->m.received_ms = 1790000000000;
	mail_decode(p, n, partial, &rules, 1780000000000, &g->mail, &g->m);
	g->m.original.data = p;
	g->m.original.len = n;
	sha256_hex(p, n, g->hash);
	g->m.original.blob = n > MESSAGE_INLINE_MAX ? g->hash : NULL;
	if (message_build(&g->m, &g->record, NULL, &e))
		fail_msg("no message: %s", e.text);
}

static void done(struct got *g)
{
	json_decref(g->record);
	mail_free(&g->mail);
	buf_free(&g->bytes);
}

#define BODY "\r\nLampu mati\r\n"
#define FROM "From: Siti <Siti@Warga.example>\r\n"

static const char *class_of(const char *mail)
{
	static char name[32];
	struct got g;

	decode(&g, mail, strlen(mail), false);
	snprintf(name, sizeof(name), "%s", json_str(g.record, "class"));
	done(&g);
	return name;
}

static void test_a_mail(void **state)
{
	const char *mail = FROM "Message-ID: <1@x>\r\nDate: Mon, 3 Aug 2026 10:00:00 "
				"+0700\r\nSubject: =?utf-8?Q?Lampu_jalan?=\r\n"
				"In-Reply-To: <0@x>\r\nReferences: <9@x> <8@x>\r\n" BODY;
	struct got g;

	(void)state;
	decode(&g, mail, strlen(mail), false);
	assert_string_equal(json_str(g.record, "native_id"), "1@x");
	assert_string_equal(json_str(g.record, "class"), "human");
	assert_string_equal(json_str(g.record, "text"), "Lampu jalan\n\nLampu mati");
	assert_string_equal(json_str(g.record, "in_reply_to"), "0@x");
	assert_string_equal(json_str(g.record, "sent_at"), "2026-08-03T03:00:00.000Z");
	assert_string_equal(
		json_str(json_object_get(g.record, "author"), "id"), "siti@warga.example");
	assert_string_equal(json_str(json_object_get(g.record, "author"), "proof"), "claimed");
	assert_string_equal(json_str(json_object_get(g.record, "fields"), "title"), "Lampu jalan");
	done(&g);
}

static void test_nothing_but_words(void **state)
{
	struct got g, h;

	(void)state; /* no Message-ID, no date, no subject, no author; and other line ends */
	decode(&g, "To: x\r\n\r\nhalo\r\n", 15, false);
	decode(&h, "To: x\n\nhalo\n", 12, false);
	assert_string_equal(json_str(g.record, "id"), json_str(h.record, "id"));
	assert_memory_equal(json_str(g.record, "native_id"), "sha256:", 7);
	assert_string_equal(json_str(g.record, "text"), "halo");
	assert_string_equal(
		json_str(g.record, "sent_at"), "2026-05-28T20:26:40.000Z"); /* arrived */
	assert_string_equal(json_str(json_object_get(g.record, "author"), "id"),
		json_str(g.record, "native_id"));
	done(&g);
	done(&h);
}

static void test_two_without_an_id_are_two(void **state)
{
	struct got g, h;

	(void)state;
	decode(&g, "To: x\n\nsatu\n", 12, false);
	decode(&h, "To: x\n\nduaa\n", 12, false);
	assert_string_not_equal(json_str(g.record, "id"), json_str(h.record, "id"));
	done(&g);
	done(&h);
}

static void test_classes(void **state)
{
	static const char *const cases[][2] = {
		{FROM BODY, "human"},
		{"From: Kota <LAPOR@kota.example>\r\n" BODY, "echo"},
		{FROM "Auto-Submitted: auto-replied\r\n" BODY, "auto"},
		{FROM "Auto-Submitted: no\r\n" BODY, "human"},
		{FROM "X-Autoreply: yes\r\n" BODY, "auto"},
		{FROM "List-Id: <x>\r\n" BODY, "auto"},
		{FROM "Precedence: bulk\r\n" BODY, "auto"},
		{FROM "X-Auto-Response-Suppress: All\r\n" BODY, "human"},
		{FROM "X-Spam-Flag: YES\r\n" BODY, "human"}, /* anybody may write that */
		{"From: no-reply@bank.example\r\n" BODY, "auto"},
		{"From: norepli@warga.example\r\n" BODY, "human"},
		{"From: MAILER-DAEMON@x.example\r\n" BODY, "bounce"},
		{FROM "Return-Path: <>\r\n" BODY, "bounce"},
		{FROM "Content-Type: multipart/report; report-type=delivery-status; "
		      "boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
			"bounce"},
		{FROM "Content-Type: multipart/report; report-type=disposition-notification; "
		      "boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
			"auto"},
		{"", "undecodable"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (strcmp(class_of(cases[i][0]), cases[i][1]) != 0)
			fail_msg("case %zu: %s, not %s", i, class_of(cases[i][0]), cases[i][1]);
}

static bool proven(const char *results)
{
	_cleanup_free_ char *mail = xasprintf("%s" FROM BODY, results);
	struct got g;
	bool yes;

	decode(&g, mail, strlen(mail), false);
	yes = g.m.author.proven;
	done(&g);
	return yes;
}

static void test_who_is_proven(void **state)
{
	(void)state;
	assert_true(proven("Authentication-Results: mx.kota.example; spf=pass; dmarc=pass\r\n"));
	assert_false(proven("Authentication-Results: mx.kota.example; dmarc=fail\r\n"));
	assert_false(proven("Authentication-Results: mx.lain.example; dmarc=pass\r\n"));
	assert_false(proven("Authentication-Results: mx.kota.example; spf=fail\r\n"
			    "Authentication-Results: mx.kota.example; dmarc=pass\r\n"));
	assert_false(proven(""));
}

static void test_thread(void **state)
{
	static const char *const cases[][2] = {
		{"References: <1@x> <2@x>\r\n", "2@x"},
		{"In-Reply-To:\r\nReferences: <1@x>\r\n", "1@x"},
		{"In-Reply-To: Your message of Monday\r\n", NULL},
		{"In-Reply-To: <a b@x>\r\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *mail = xasprintf("%s" FROM BODY, cases[i][0]);
		struct got g;

		decode(&g, mail, strlen(mail), false);
		if (cases[i][1])
			assert_string_equal(json_str(g.record, "in_reply_to"), cases[i][1]);
		else
			assert_null(json_str(g.record, "in_reply_to"));
		done(&g);
	}
}

static void test_ticket_in_the_subject(void **state)
{
	char ticket[TICKET_TEXT_SIZE];
	_cleanup_free_ char *mail = NULL;
	struct got g;

	(void)state;
	assert_int_equal(ticket_of("00000000-0000-5000-8000-000000000001", ticket), 0);
	mail = xasprintf(FROM "Subject: Re: [%s] laporan\r\n" BODY, ticket);
	decode(&g, mail, strlen(mail), false);
	assert_string_equal(json_str(json_object_get(g.record, "fields"), "ticket"), ticket);
	assert_string_equal(
		json_str(g.record, "text"), "Lampu mati"); /* a reply's subject is old */
	done(&g);
}

#define MIXED(parts) \
	FROM "Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" parts "--b--\r\n"
#define PART(type, more, body) "--b\r\nContent-Type: " type "\r\n" more "\r\n" body "\r\n"

static void test_parts(void **state)
{
	const char *mail = MIXED(PART("multipart/alternative; boundary=c", "",
		"--c\r\nContent-Type: text/plain\r\n\r\n \r\n--c\r\nContent-Type: "
		"text/html\r\n\r\n<p>isi &amp; lain</p>\r\n--c--") PART("image/jpeg; "
									"name=\"foto.jpg\"",
		"Content-Transfer-Encoding: base64\r\n", "AAEC") PART("text/plain",
		"Content-Disposition: attachment; filename*=utf-8''catatan%20saya.txt\r\n",
		"lampiran") PART("message/rfc822", "",
		"From: ani@x.example\r\nSubject: Banjir\r\n\r\nair naik"));
	struct got g;
	json_t *a;

	(void)state;
	decode(&g, mail, strlen(mail), false);
	assert_string_equal(json_str(g.record, "text"), "s\n\nisi & lain\n\nBanjir\n\nair naik");
	a = json_object_get(g.record, "attachments");
	assert_int_equal(json_array_size(a), 2);
	assert_string_equal(json_str(json_array_get(a, 0), "name"), "foto.jpg");
	assert_int_equal(json_int(json_array_get(a, 0), "bytes", 0), 3);
	assert_memory_equal(g.mail.data[0].p, "\0\1\2", 3);
	assert_string_equal(json_str(json_array_get(a, 1), "name"), "catatan saya.txt");
	assert_string_equal(
		json_str(json_object_get(g.record, "fields"), "forwarded_from"), "ani@x.example");
	done(&g);
}

static void test_history_is_in_full_text(void **state)
{
	const char *mail = FROM
		"Subject: Re: lampu\r\n\r\nMasih mati\r\n\r\nPada Sen Budi menulis:\r\n> Sudah\r\n";
	struct got g;

	(void)state;
	decode(&g, mail, strlen(mail), false);
	assert_string_equal(json_str(g.record, "text"), "Masih mati");
	assert_non_null(
		strstr(json_str(json_object_get(g.record, "fields"), "full_text"), "> Sudah"));
	done(&g);
}

static bool limited(const struct got *g, const char *name)
{
	const json_t *list = json_object_get(json_object_get(g->record, "fields"), "limits");
	size_t i;
	json_t *v;

	json_array_foreach ((json_t *)(uintptr_t)list, i, v)
		if (strcmp(json_string_value(v), name) == 0)
			return true;
	return false;
}

static void finish(struct got *g, struct buf *b)
{
	decode(g, b->data, b->len, false);
	g->bytes = *b;
}

static void test_a_depth_bomb(void **state)
{
	struct buf b = BUF_INIT(SIZE_MAX / 2);
	struct got g;

	(void)state;
	buf_adds(&b, FROM);
	for (int i = 0; i < 500; i++)
		buf_addf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	buf_adds(&b, "\n\ndalam sekali\n");
	finish(&g, &b);
	assert_true(limited(&g, "depth"));
	done(&g);
}

static void test_many_parts(void **state)
{
	struct buf b = BUF_INIT(SIZE_MAX / 2);
	struct got g;

	(void)state;
	buf_adds(&b, FROM "Content-Type: multipart/mixed; boundary=b\n\n--b\n\npertama\n");
	for (int i = 0; i < 100000; i++)
		buf_adds(&b, "--b\nContent-Type: image/png\n\nx\n");
	finish(&g, &b);
	assert_true(limited(&g, "parts"));
	assert_true(limited(&g, "attachments"));
	assert_non_null(strstr(json_str(g.record, "text"), "pertama"));
	done(&g);
}

static void test_more_parts_than_are_read(void **state)
{
	struct buf b = BUF_INIT(SIZE_MAX / 2);
	struct got g;

	(void)state;
	buf_adds(&b, FROM "Content-Type: multipart/mixed; boundary=b\n\n");
	for (int i = 1; i <= MAIL_PARTS_MAX + 50; i++)
		buf_addf(&b, "--b\n\nbagian nomor %d.\n", i);
	finish(&g, &b);
	assert_true(limited(&g, "parts"));
	assert_non_null(strstr(json_str(g.record, "text"), "nomor 50."));
	assert_null(strstr(json_str(g.record, "text"), "nomor 101."));
	done(&g);
}

static void test_long_headers(void **state)
{
	struct buf b = BUF_INIT(SIZE_MAX / 2);
	struct got g;

	(void)state;
	buf_adds(&b, FROM "Subject: lampu\nX-Panjang: ");
	for (int i = 0; i < 20000; i++)
		buf_addc(&b, 'x');
	buf_addc(&b, '\n');
	for (int i = 0; i < 20000; i++)
		buf_addf(&b, "X-Banyak-%d: satu dua tiga\n", i);
	buf_adds(&b, "\nisi tetap ada\n");
	finish(&g, &b);
	assert_true(limited(&g, "header-line") && limited(&g, "headers"));
	assert_string_equal(json_str(g.record, "text"), "lampu\n\nisi tetap ada");
	done(&g);
}

static void test_a_cut_mail(void **state)
{
	const char *mail = MIXED(PART("text/plain", "", "satu") PART("image/png", "", "xx"));
	struct got g;

	(void)state;
	for (size_t n = 1; n < strlen(mail); n++) { /* wherever it is torn, it is one message */
		decode(&g, mail, n, true);
		assert_true(limited(&g, "partial") ||
			    strcmp(json_str(g.record, "class"), "undecodable") == 0);
		done(&g);
	}
}

static void test_too_large(void **state)
{
	struct buf b = BUF_INIT(SIZE_MAX / 2);
	struct got g;

	(void)state;
	buf_adds(&b, FROM
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/png\n\n");
	for (int i = 0; i < MAIL_DECODED_MAX / 64 + 1; i++)
		buf_adds(&b, "0123456789012345678901234567890123456789012345678901234567890123");
	buf_adds(&b, "\n--b\nContent-Type: image/png\n\nkecil\n--b--\n");
	finish(&g, &b);
	assert_true(limited(&g, "size"));
	assert_int_equal(g.mail.attachments[0].state, AS_REFUSED);
	assert_null(g.mail.data[0].p);
	assert_int_equal(g.mail.attachments[1].state, AS_PENDING);
	done(&g);
}

static void test_flowed(void **state)
{
	const char *mail = FROM "Content-Type: text/plain; format=flowed\r\n\r\nLampu jalan \r\ndi "
				"depan \r\nsekolah\r\nmati\r\n";
	struct got g;

	(void)state;
	decode(&g, mail, strlen(mail), false);
	assert_string_equal(json_str(g.record, "text"), "Lampu jalan di depan sekolah\nmati");
	done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mail),
		cmocka_unit_test(test_nothing_but_words),
		cmocka_unit_test(test_two_without_an_id_are_two),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_who_is_proven),
		cmocka_unit_test(test_thread),
		cmocka_unit_test(test_ticket_in_the_subject),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_history_is_in_full_text),
		cmocka_unit_test(test_a_depth_bomb),
		cmocka_unit_test(test_many_parts),
		cmocka_unit_test(test_more_parts_than_are_read),
		cmocka_unit_test(test_long_headers),
		cmocka_unit_test(test_a_cut_mail),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_flowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
