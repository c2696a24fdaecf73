/* mime: any bytes become one message that can be built, whole or torn. */
// uses: daemons/email/mime.c
// uses: daemons/email/mime_bound.c
// uses: daemons/email/mime_parts.c
// uses: daemons/email/mail_head.c
// uses: daemons/email/charset.c
// uses: daemons/email/quote_trim.c
// elsewhere: mail_text daemons/email/charset.c
// elsewhere: mail_text daemons/email/quote_trim.c
#include <errno.h>

#include "daemons/email/mime.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char *own_v[] = {(char *)(uintptr_t) "a@b.c"};
	static const struct strlist own = {own_v, 1};
	const struct mail_rules rules = {&own, "mx", n & 1};
	struct message m = {.tenant = "t", .channel = "email", .account = "a", .received_ms = 1};
	struct mail mail = {0};
	char hash[SHA256_HEX_SIZE], *text = NULL;
	struct err e = {0};
	size_t len;

	m.source.daemon = m.source.instance = "f";
	m.source.place = "INBOX:1";
	m.original.data = data;
	m.original.len = n;
	sha256_hex(data, n, hash);
	m.original.blob = n > MESSAGE_INLINE_MAX ? hash : NULL;
	mail_decode((const char *)data, n, false, &rules, 0, &mail, &m);
	CHECK(m.native_id && *m.native_id);
	CHECK(m.class == MC_UNDECODABLE || m.text);
	CHECK(message_build_text(&m, &text, &len, NULL, &e) == 0);
	free(text);
	mail_free(&mail);
	return 0;
}
