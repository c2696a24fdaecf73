/* meta_decode FILE: the body of one Facebook or Instagram webhook -> one line of JSON per message
 * on stdout: {"offset", "length", "record"}: which bytes of the body, and the record they become
 * ("error" in its place when none can be built). For tests/conformance. */
// uses: daemons/social/meta_decode.c
// uses: daemons/social/meta_fields.c
#include <stdio.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "core/meta_webhook.h"
#include "daemons/social/meta_decode.h"

static void line(void *ctx, struct message *m, struct span bytes)
{
	const char *body = ctx;
	_cleanup_json_ json_t *out = json_object();
	json_t *record = NULL;
	_cleanup_free_ char *text = NULL;
	struct err e = {0};

	json_set_int(out, "offset", bytes.p - body);
	json_set_int(out, "length", (int64_t)bytes.n);
	if (message_build(m, &record, NULL, &e))
		json_set_str(out, "error", e.text);
	else
		json_set_new(out, "record", record);
	text = json_text(out, NULL);
	puts(text);
}

int main(int argc, char **argv)
{
	struct message base = {.tenant = "uji", .channel = "social", .account = "uji"};
	const struct meta_rules rules = {0};
	_cleanup_free_ char *body = NULL;
	struct err e = {0};
	size_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: meta_decode FILE\n");
		return EXIT_FAILURE;
	}
	if (fsio_read_file(argv[1], META_BODY_MAX, &body, &len, &e)) {
		fprintf(stderr, "meta_decode: %s\n", e.text);
		return EXIT_FAILURE;
	}
	base.source.daemon = "muara-social";
	base.source.instance = "uji";
	base.received_ms = 1790000000000;
	meta_decode(body, len, &rules, &base, line, body);
	return ferror(stdout) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
