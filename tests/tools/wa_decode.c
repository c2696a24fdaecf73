/* wa_decode FILE: the body of one WhatsApp webhook, a line a message (webhook-lines.h). */
// uses: daemons/whatsapp/decode.c
// uses: daemons/whatsapp/types.c
#include "daemons/whatsapp/decode.h"

#include "tests/tools/webhook-lines.h"

static void decode(char *body, size_t len, const struct message *base)
{
	const struct wa_rules rules = {0};

	wa_decode(body, len, &rules, base, webhook_line, body);
}

int main(int argc, char **argv)
{
	return webhook_lines(argc, argv, "wa_decode", "muara-whatsapp", "whatsapp", decode);
}
