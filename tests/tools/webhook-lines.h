/* webhook-lines: what the tools that decode the body of one webhook share: the file they are given,
 * and a line of JSON per message on stdout: {"offset", "length", "record"}, which bytes of the
 * body, and the record they become ("error" in its place when none can be built). For
 * tests/conformance. */
#pragma once

#include <stdio.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "core/meta_webhook.h"
#include "core/webhook.h"

/* A webhook_emit_fn; ctx: the body. */
static inline void webhook_line(void *ctx, struct message *m, struct span bytes)
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

/* An exit status. `decode` calls webhook_line for each message. */
static inline int webhook_lines(int argc, char **argv, const char *tool, const char *daemon,
	const char *channel, void (*decode)(char *body, size_t len, const struct message *base))
{
	struct message base = {.tenant = "uji", .channel = channel, .account = "uji"};
	_cleanup_free_ char *body = NULL;
	struct err e = {0};
	size_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE\n", tool);
		return EXIT_FAILURE;
	}
	if (fsio_read_file(argv[1], META_BODY_MAX, &body, &len, &e)) {
		fprintf(stderr, "%s: %s\n", tool, e.text);
		return EXIT_FAILURE;
	}
	base.source.daemon = daemon;
	base.source.instance = "uji";
	base.received_ms = 1790000000000;
	decode(body, len, &base);
	return ferror(stdout) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
