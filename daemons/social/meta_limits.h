/* meta_limits: what an answer of the Graph API means, and when the next call may go out. Pure.
 *
 * Sources: developers.facebook.com, "Graph API: rate limits" (X-App-Usage,
 * X-Business-Use-Case-Usage; the codes 4, 17, 32, 613 and 80000 to 80014; calling on while
 * throttled lengthens the block), "Graph API: error handling" (1, 2: try again; 190 and 102: the
 * token is dead; 10, 200 to 299: not permitted; 368: blocked for a while; 100, 803: no such
 * object). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define META_SLOW_PERCENT 80
#define META_STOP_PERCENT 95

struct meta_usage {
	double percent;	   /* the highest of all counters told; 0: none was */
	int64_t regain_ms; /* as the API estimates; 0: it does not say */
};
/* Values of the two headers; NULL or no JSON: as if not there. */
struct meta_usage meta_usage(const char *app_usage, const char *business_usage);
/* How long to wait before the next call: 0 below 80 %, rising to a minute at 95 %; from there on
 * what the API estimates, five minutes at least. */
int64_t meta_pause_ms(struct meta_usage u);

enum meta_verdict {
	MV_OK,	      /* a JSON object without error */
	MV_AGAIN,     /* no answer, 5xx, cut or broken JSON: the same call once more, later */
	MV_THROTTLED, /* stop, wait, then the same call */
	MV_DEAD,      /* the token: hold everything until there is another */
	MV_DENIED,    /* not permitted to ask this: a person is needed; others go on */
	MV_GONE,      /* no such object (any more), or not for us: final for this one */
};
struct meta_judgement {
	enum meta_verdict verdict;
	int code, subcode; /* of the API; 0: none */
};
struct meta_reply {    /* of one call */
	bool answered; /* a whole answer came */
	long status;
	const char *body;
	size_t len;
};
struct meta_judgement meta_judge(const struct meta_reply *r);
const char *meta_verdict_name(enum meta_verdict v);
