/* x_request: what the X API is asked: addresses and the token. Pure but for reading the token's
 * file. Parameters: docs.x.com, "Posts / Timelines / Mentions", "Posts / Search / Recent", "Direct
 * messages / Lookup". No end_time is ever sent: X's own end (now - 30 s) cannot be wrong by our
 * clock. */
#pragma once

#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"
#include "daemons/social/x_conf.h"
#include "daemons/social/x_place.h"

struct x_ask {
	enum x_list list;
	uint64_t since;	  /* exclusive; 0: by time */
	int64_t start_ms; /* with since 0; 0: from the beginning */
	const char *next; /* token of the page, "" for the first */
};
/* Caller frees. */
char *x_request_url(const struct x_conf *c, const struct x_ask *a);

#define X_HEADER_SIZE 4096
/* "Authorization: Bearer ..." and the hash of the token, by which another one is known. -EINVAL:
 * empty, or no token; -errno: the file. Errors do not quote it. */
int x_request_token(const struct x_conf *c, char ret_header[X_HEADER_SIZE],
	char ret_hash[SHA256_HEX_SIZE], struct err *e);
