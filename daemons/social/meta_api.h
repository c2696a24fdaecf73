/* meta_api: calls to the Graph API, one at a time, at the pace it allows.
 *
 * Before each call the token is read from its file; a token the API called dead is not used again:
 * everything holds until the file holds another (a person is told), but for one call an hour: it
 * may have been Meta's own trouble. Usage headers slow the calls down from 80 % and stop them at 95
 * %; throttling stops them for as long as the API estimates, five minutes at least; what fails
 * otherwise is tried again after a growing, random time. The token goes out in a header only, to
 * the configured address only. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"

#include "meta_limits.h"

struct meta_api;
struct meta_api_conf { /* borrowed as long as the api lives */
	struct loop *loop;
	const char *base, *ca;
	const char *token;	/* or, when it is NULL: */
	const char *token_file; /* read before each call */
	const char *app_secret; /* calls carry appsecret_proof; NULL: they do not */
	int64_t timeout_ms, spacing_ms;
	void (*answered)(void *ctx); /* after `done` of every call */
	void *ctx;
};
/* body is borrowed; NUL-terminated. */
typedef void meta_api_fn(void *ctx, struct meta_judgement j, const char *body, size_t len);

int meta_api_open(const struct meta_api_conf *c, struct meta_api **ret, struct err *e);
void meta_api_close(struct meta_api *a); /* a call under way ends without its callback; NULL-safe */
/* 0: a call may go out now; > 0: not before that many ms; -1: one is under way. */
int64_t meta_api_wait_ms(struct meta_api *a);
/* Only when meta_api_wait_ms said 0. path: "/ID/edge?…". -errno: the call cannot be made at all,
 * `done` is not called. */
int meta_api_call(struct meta_api *a, const char *method, const char *path, meta_api_fn *done,
	void *ctx, struct err *e);
bool meta_api_busy(const struct meta_api *a);
/* false: a person is needed (token dead or missing); `text` says what, "" when all is well. */
bool meta_api_health(const struct meta_api *a, char *text, size_t size);
