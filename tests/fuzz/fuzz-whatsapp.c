/* whatsapp: any body becomes messages that can be built, each with bytes of the body. */
// uses: daemons/whatsapp/decode.c
// uses: daemons/whatsapp/types.c
#include "daemons/whatsapp/decode.h"

#include "fuzz.h"

struct seen {
	const char *body;
	size_t len;
	int n;
};

static void on_message(void *ctx, struct message *m, struct span bytes)
{
	struct seen *s = ctx;
	json_t *j = NULL;
	char *text = NULL;
	size_t len;

	CHECK(bytes.p >= s->body && bytes.p + bytes.n <= s->body + s->len);
	s->n++;
	m->original.data = bytes.p;
	m->original.len = bytes.n;
	if (bytes.n <= MESSAGE_INLINE_MAX && message_build_text(m, &text, &len, NULL, NULL) == 0) {
		CHECK(message_parse(text, len, &j, NULL) == 0);
		json_decref(j);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct message base = {
		.tenant = "t", .channel = "whatsapp", .account = "a", .received_ms = 1};
	struct seen s = {(const char *)data, n, 0};
	static const char *const numbers[] = {"77"};
	struct wa_rules rules = {.numbers = numbers, .n_numbers = n & 1};

	base.source.daemon = base.source.instance = "f";
	wa_decode(s.body, n, &rules, &base, on_message, &s);
	CHECK(s.n <= wa_count(s.body, n));
	return 0;
}
