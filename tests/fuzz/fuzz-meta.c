/* meta: any body becomes messages that can be built, each with bytes of the body. */
// uses: daemons/social/meta_decode.c daemons/social/meta_element.c
// uses: daemons/social/meta_feed.c daemons/social/meta_messages.c
// uses: daemons/social/meta_fields.c
#include "daemons/social/meta_decode.h"

#include "fuzz-message.h"

static void on_message(void *ctx, struct message *m, struct span bytes)
{
	CHECK(m->native_id && *m->native_id);
	CHECK(m->kind == MK_MESSAGE || (m->revision && *m->revision));
	see_message(ctx, m, bytes);
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
