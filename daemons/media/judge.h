/* judge: what an attempt to fetch something means, and what is next. Pure; thread: any.
 *
 *   ask (by id): GET base/<id> -> a link, good for five minutes, with hash and size
 *   get: GET the link -> the bytes
 *
 * Nothing here is final that time may heal: a busy or broken server, a dead token, an address that
 * is refused now are tried again until the attachment's lifetime is over (7 days at Meta). "There
 * is no such thing" is believed only of a message that is old enough: it also is what a vendor says
 * when a permission is missing. A link that does not work any more is asked for anew. Source: Meta,
 * business-phone-numbers/media, of 16 June 2026. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"

#define HASH_TRIES 3 /* wrong bytes so often are no accident of the line */
#define REDIRECTS  3

struct attempt {	      /* how one ended */
	int curl;	      /* CURLE_* */
	long status;	      /* 0 = none */
	bool too_large;	      /* the size limit was passed while reading */
	bool address_refused; /* no address of the host may be connected to */
	bool write_failed;    /* our own disk */
	bool by_id;
	const char *encoding, *location, *retry_after; /* headers; NULL = none */
	int64_t bytes, announced_bytes;		       /* -1 = not announced */
	const char *sha256, *announced_sha256;	       /* "" = not announced */
	int error_code;				       /* of Graph's error object; 0 = none */
	int wrong, redirects; /* attempts before this one that brought wrong bytes; led on */
	int64_t age_ms, gone_ms, now_ms;
};

enum next {
	NEXT_TAKE,   /* done: use what came */
	NEXT_AGAIN,  /* the same, later */
	NEXT_ASK,    /* by id: a new link, later */
	NEXT_FOLLOW, /* `location`, now */
	NEXT_MISSING,
	NEXT_REFUSED,
};
struct ruling {
	enum next next;
	const char *reason; /* stable word; "" for TAKE and FOLLOW */
	int64_t wait_ms;    /* at least; 0 = as usual */
	bool wrong;	    /* counts as wrong bytes */
	bool alarm;	    /* a person is needed: the token */
};
struct ruling judge_ask(const struct attempt *a);
struct ruling judge_get(const struct attempt *a);

#define LINK_ANSWER_MAX (64 * 1024)
struct link { /* what the vendor says of an id */
	char *url;
	char sha256[SHA256_HEX_SIZE]; /* "" = not said */
	int64_t bytes;		      /* -1 = not said */
};
void link_clear(struct link *l);
/* Body of a 200; -EINVAL when there is no link in it. The hash may be hexadecimal or base64, the
 * size a number or a text: both forms are seen. */
int link_parse(const char *body, size_t n, struct link *ret, struct err *e);
/* error.code of an error answer; 0 when there is none. */
int link_error_code(const char *body, size_t n);

extern const char *const judge_reasons[]; /* all there are, for metrics; NULL ends */
