/* muara-alarm: what a ring says by each kind of hook, and which hooks alarm.yaml may name. */
// uses: daemons/alarm/hook.c daemons/alarm/hook_command.c daemons/alarm/hook_web.c
// uses: daemons/alarm/hook_mail.c daemons/alarm/conf.c
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/util.h"
#include "daemons/alarm/hook.h"

static json_t *event(const char *ticket)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id",
		"6d0c1b2f-8e57-4a64-9b1f-77d0e3a4c5b6", "ticket", ticket, "tenant", "malang",
		"channel", "file", "rule", "word", "word", "kebakaran", "text", "Rumah Siti");
}

static struct conf_hook hook(void)
{
	static char name[] = "duty", from[] = "muara@kota.example", to[] = "piket@kota.example",
		    template[] = "darurat", language[] = "id";

	return (struct conf_hook){
		.name = name, .from = from, .to = to, .template = template, .language = language};
}

static void what_a_ring_says(void **state)
{
	_cleanup_json_ json_t *a = event("AAAAA-BBBBB"), *b = event("CCCCC-DDDDD"), *web = NULL,
			      *template = NULL;
	const json_t *events[] = {a, b}, *parameters;
	struct ring r = {.events = events, .n = 2, .number = 4, .unacknowledged = 7};
	struct conf_hook c = hook();
	_cleanup_free_ char *mail = NULL, *text = NULL;
	size_t len;

	(void)state;
	web = ring_json(&c, &r);
	assert_int_equal(json_int(web, "unacknowledged", 0), 7);
	assert_int_equal(json_int(web, "ring", 0), 4);
	assert_int_equal(json_array_size(json_object_get(web, "emergencies")), 2);
	text = json_text(web, &len);
	assert_null(strstr(text, "Siti"));
	template = template_json(&c, &r);
	parameters = json_object_get(
		json_array_get(
			json_object_get(json_object_get(template, "template"), "components"), 0),
		"parameters");
	assert_string_equal(json_str(json_array_get(parameters, 0), "text"), "7");
	assert_string_equal(
		json_str(json_array_get(parameters, 1), "text"), "AAAAA-BBBBB CCCCC-DDDDD");
	mail = mail_text(&c, &r, &len);
	assert_int_equal(len, strlen(mail));
	assert_non_null(strstr(mail, "Subject: Muara: 7 "));
	assert_non_null(strstr(mail, "\r\nAuto-Submitted: auto-generated\r\n"));
	assert_non_null(strstr(mail, "  CCCCC-DDDDD\r\n"));
	assert_null(strstr(mail, "Siti"));
	for (const char *p = mail; (p = strchr(p, '\n')); p++)
		assert_true(p > mail && p[-1] == '\r');
}

/* --- configuration --- */

static int check(const char *hooks, struct buf *faults)
{
	char path[] = "/tmp/muara-alarm-conf-XXXXXX";
	int fd = mkstemp(path), r;
	_cleanup_file_ FILE *f = fdopen(fd, "w");
	struct conf conf = {0};
	struct err e = {0};

	assert_non_null(f);
	fprintf(f, "hooks:\n%s", hooks);
	fflush(f);
	r = options_load(path, conf_options, &conf, conf_check, faults, &e);
	unlink(path);
	options_free(conf_options, &conf);
	return r;
}

static void which_hooks_may_be(void **state)
{
	static const struct {
		const char *hook, *fault; /* NULL: none */
	} rows[] = {
		{"type: command, command: [/bin/true, x]", NULL},
		{"type: command", "command: "},
		{"type: command, command: [true]", "whole path"},
		{"type: webhook, url: 'https://a.example/x'", NULL},
		{"type: webhook, url: 'ftp://a.example/x'", "url: "},
		{"type: webhook", "url: "},
		{"type: email, url: 'smtps://m.example:465', from: a@b, to: c@d", NULL},
		{"type: email, url: 'https://m.example', from: a@b, to: c@d", "mail server"},
		{"type: email, url: 'smtp://m.example', from: a@b, to: 'Budi <c@d>'", "to: "},
		{"type: email, url: 'smtp://m.example', from: \"a@b\\r\\nBcc: x@y\", to: c@d",
			"from: "},
		{"type: email, url: 'smtp://m.example', from: a@b, to: c@d, user: u", "password: "},
		{"type: whatsapp, number_id: '1', template: t, to: '+628', token: /dev/null",
			"token"},
		{"type: whatsapp, number_id: '1', template: t, to: '+628'", "token: is missing"},
		{"type: whatsapp, number_id: x, template: t, to: '+628'", "number_id: "},
		{"type: whatsapp, number_id: '1', template: T, to: '+628'", "template: "},
		{"type: whatsapp, number_id: '1', template: t, to: 'piket'", "to: "},
		{"type: pigeon", "type: "},
		{"type: command, command: [/bin/true], after: 2x", "after: "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = xasprintf("  - {name: duty, %s}\n", rows[i].hook);
		_cleanup_buf_ struct buf faults = BUF_INIT(1 << 16);
		int r = check(text, &faults);

		if (r != (rows[i].fault ? -EINVAL : 0) ||
			(rows[i].fault && !strstr(buf_str(&faults), rows[i].fault)))
			fail_msg("row %zu (%s): %d, %s", i, rows[i].hook, r, buf_str(&faults));
	}
}

static void names_are_one_of_a_kind(void **state)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(1 << 16);

	(void)state;
	assert_int_equal(check("  - {name: a, type: command, command: [/bin/true]}\n"
			       "  - {name: a, type: command, command: [/bin/true]}\n"
			       "  - {name: 'Pak Budi', type: command, command: [/bin/true]}\n",
				 &faults),
		-EINVAL);
	assert_non_null(strstr(buf_str(&faults), "is the name of hook 1, too"));
	assert_non_null(strstr(buf_str(&faults), "may hold a-z"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_ring_says),
		cmocka_unit_test(which_hooks_may_be),
		cmocka_unit_test(names_are_one_of_a_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
