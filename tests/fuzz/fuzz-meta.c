/* meta: any body becomes messages that can be built, each with bytes of the body. */
// uses: daemons/social/meta_decode.c
// uses: daemons/social/meta_fields.c
#include "daemons/social/meta_decode.h"

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
	CHECK(m->native_id && *m->native_id);
	CHECK(m->kind == MK_MESSAGE || (m->revision && *m->revision));
	s->n++;
	if (bytes.n <= MESSAGE_INLINE_MAX && message_build_text(m, &text, &len, NULL, NULL) == 0) {
		CHECK(message_parse(text, len, &j, NULL) == 0);
		json_decref(j);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct message base = {
		.tenant = "t", .channel = "social", .account = "a", .received_ms = 1};
	struct seen s = {(const char *)data, n, 0};
	struct meta_rules ours = {.page = "100", .instagram = "200"};

	base.source.daemon = base.source.instance = "f";
	meta_decode(s.body, n, &ours, &base, on_message, &s);
	CHECK(s.n <= meta_count(s.body, n));
	return 0;
}
