/* x_judge: what an answer of the X API means for who asked. Pure; decided by a table.
 *
 * Facts: docs.x.com, "Fundamentals / Rate limits", "Fundamentals / Response codes and errors",
 * "Fundamentals / Post cap", "Getting started / Pricing". A 429 has two meanings, told by the type
 * of the problem: rate-limit-exceeded ends at x-rate-limit-reset, usage-capped is about money and
 * asking again does not help. Answers are judged by their type first and their status then; an
 * unknown type is judged by the status. X's clock is taken from its Date header, so a wrong clock
 * here changes no waiting time. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum x_verdict {
	X_PAGE,	      /* a page may be read */
	X_RATE,	      /* too many requests: wait_ms, then again */
	X_CAPPED,     /* the plan's cap or credit is used up: a person; not asked again today */
	X_REFUSED,    /* the token is dead or may not do this: a person; until there is another */
	X_TOO_OLD,    /* since_id lies before what X still gives: posts between are lost to us */
	X_STALE_PAGE, /* next_token is not taken any more: from the first page again */
	X_WRONG,      /* the request itself: a person; rarely asked again */
	X_AGAIN,      /* network, server, broken answer: later, ever less often */
	X_VERDICTS_
};
const char *x_verdict_name(enum x_verdict v);

struct x_reply {  /* what an HTTP answer is judged by; texts may be NULL */
	int curl; /* CURLE_* */
	long status;
	const char *body;
	size_t body_len;
	const char *remaining, *reset; /* x-rate-limit-* */
	const char *retry_after, *date;
	int64_t now_ms; /* our clock */
	unsigned tries; /* answers X_AGAIN or X_RATE without a page in between */
};
struct x_judgement {
	enum x_verdict verdict;
	int64_t x_now_ms; /* by X's clock, ours where it does not say */
	int64_t wait_ms;  /* before this is asked again; also after a page: 0, or until the limit's
			     window ends */
	char why[96];	  /* for the log: status and type, nothing of the answer's text */
};
void x_judge(const struct x_reply *r, struct x_judgement *ret);
