/* whatsapp: any body becomes messages that can be built, each with bytes of the body. */
// uses: daemons/whatsapp/decode.c
// uses: daemons/whatsapp/types.c
#include "daemons/whatsapp/decode.h"

#include "fuzz-message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct message base = {
		.tenant = "t", .channel = "whatsapp", .account = "a", .received_ms = 1};
	struct seen s = {(const char *)data, n, 0};
	static const char *const numbers[] = {"77"};
	struct wa_rules rules = {.numbers = numbers, .n_numbers = n & 1};

	base.source.daemon = base.source.instance = "f";
	wa_decode(s.body, n, &rules, &base, see_own_message, &s);
	CHECK(s.n <= wa_count(s.body, n));
	return 0;
}
