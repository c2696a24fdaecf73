/* fetch: attachments on their way from a link to the blob store: each asked, read, checked, tried
 * again, and at its end told once.
 *
 * At most `parallel` attempts are under way; the others wait their turn or their time. What is read
 * goes into a file without a name, counted and hashed as it comes, and from there into the blob
 * store; when `done` is called with state "stored" the blob is durable. Rules for addresses and
 * links: reach.h; for answers: judge.h; for types: core/filetype.h. The token goes to the base and
 * to the host of the link it gave, never further. Thread: loop. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/httpc.h"
#include "base/loop.h"
#include "core/blob.h"
#include "conf.h"

struct fetcher;
struct fetch; /* one attachment */

struct fetch_result {		    /* borrowed for the call */
	const char *state, *reason; /* as in a media record */
	char sha256[SHA256_HEX_SIZE];
	const char *mime, *kind;
	int64_t bytes;
	int tries;
};
/* Called once, never inside fetch_start; the fetch is gone after it. */
typedef void fetch_done_fn(void *ctx, const struct fetch_result *r);

struct fetch_conf { /* borrowed */
	struct loop *loop;
	const struct media_conf *conf;
	struct blob_store *blobs;
};
int fetcher_open(const struct fetch_conf *c, struct fetcher **ret, struct err *e);
void fetcher_close(struct fetcher *f); /* NULL-safe; drops what is left, `done` is not called */

struct fetch_wish {		     /* copied */
	const struct origin *origin; /* borrowed, of the configuration */
	const char *id, *url, *mime; /* as the message says; url, mime may be NULL */
	int64_t received_ms;	     /* wall clock */
};
struct fetch *fetch_start(
	struct fetcher *f, const struct fetch_wish *w, fetch_done_fn *done, void *ctx);
void fetch_drop(struct fetch *t); /* `done` is not called */
/* A word on what a person must mend (a token that is refused); NULL: nothing. */
const char *fetcher_trouble(const struct fetcher *f);
