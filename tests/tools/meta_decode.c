/* meta_decode FILE: the body of one Facebook or Instagram webhook, a line a message
 * (webhook-lines.h). */
// uses: daemons/social/meta_decode.c daemons/social/meta_element.c
// uses: daemons/social/meta_feed.c daemons/social/meta_messages.c
// uses: daemons/social/meta_fields.c
#include "daemons/social/meta_decode.h"

#include "tests/tools/webhook-lines.h"

static void decode(char *body, size_t len, const struct message *base)
{
	const struct meta_rules rules = {0};

	meta_decode(body, len, &rules, base, webhook_line, body);
}

int main(int argc, char **argv)
{
	return webhook_lines(argc, argv, "meta_decode", "muara-social", "social", decode);
}
