/* eml_decode FILE: one mail -> one line of JSON on stdout: {"record"} it becomes ("error" in its
 * place when none can be built). For tests/conformance. */
// uses: daemons/email/mime.c
// uses: daemons/email/mime_bound.c
// uses: daemons/email/mime_parts.c
// uses: daemons/email/mail_head.c
// uses: daemons/email/charset.c
// uses: daemons/email/quote_trim.c
#include <stdio.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "daemons/email/mime.h"

#define EML_MAX (64 * 1024 * 1024)

int main(int argc, char **argv)
{
	struct message m = {.tenant = "uji", .channel = "email", .account = "uji"};
	const struct mail_rules rules = {0};
	_cleanup_free_ char *bytes = NULL, *text = NULL;
	_cleanup_json_ json_t *out = json_object();
	json_t *record = NULL;
	struct mail mail = {0};
	char hash[SHA256_HEX_SIZE];
	struct err e = {0};
	size_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: eml_decode FILE\n");
		return EXIT_FAILURE;
	}
	if (fsio_read_file(argv[1], EML_MAX, &bytes, &len, &e)) {
		fprintf(stderr, "eml_decode: %s\n", e.text);
		return EXIT_FAILURE;
	}
	m.source.daemon = "muara-email";
	m.source.instance = "uji";
	m.source.place = "INBOX:1";
	m.received_ms = 1790000000000;
	mail_decode(bytes, len, false, &rules, 0, &mail, &m);
	m.original.data = bytes;
	m.original.len = len;
	sha256_hex(bytes, len, hash);
	m.original.blob = len > MESSAGE_INLINE_MAX ? hash : NULL;
	if (message_build(&m, &record, NULL, &e))
		json_set_str(out, "error", e.text);
	else
		json_set_new(out, "record", record);
	mail_free(&mail);
	text = json_text(out, NULL);
	puts(text);
	return ferror(stdout) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
