/* conf: forwarder.yaml as a table, its checks, and the endpoints it names. */
#pragma once

#include "base/options.h"
#include "core/profile.h"

#include "destination.h"

struct conf_header {
	char *name, *secret, *value; /* exactly one of secret and value */
};
struct conf_destination {
	char *name, *profile, *base, *ca_file;
	struct optlist headers; /* of struct conf_header */
	struct strmap settings, agencies;
	int64_t concurrency, max_filings_per_hour, settle_ms, pause_base_ms, retry_after_max_ms;
	int64_t follow_up_settle_ms, status_every_ms, status_per_minute;
	int64_t remind_after_ms;
};
struct conf {
	struct optlist destinations; /* of struct conf_destination */
	char *sheet_dir, *observe_dir, *user_agent, *member, *holidays, *clocks;
	int64_t backlog_bytes, session_ms, masters_every_ms,
		stop_ms; /* stop_ms is the skeleton's, which finds it by key */
};
extern const struct option_row conf_options[];
void conf_check(void *conf, struct options_faults *f);
/* Beside muara.yaml: every tenant's destination is there. */
void conf_check_both(const void *conf, const void *shared, struct options_faults *f);

struct endpoint { /* a configured destination, ready for use; shared by all lanes */
	const struct conf_destination *conf;
	struct profile *profile;
	char **headers; /* "Name: value", NULL ends; secrets */
	char *base;	/* without '/' at its end */
	struct dest_limits limits;
};
/* All of them; caller frees by endpoints_free. The configuration must outlive them. */
int endpoints_new(const struct conf *c, struct endpoint **ret, size_t *ret_n, struct err *e);
void endpoints_free(struct endpoint *v, size_t n); /* NULL-safe */

/* From the append of an INTENT until nothing of its call can be on its way any more: what a
 * successor, or `resolve --resend`, waits (lane.md 18). */
#define SEND_WITHIN_MS 8000 /* of the append; later it is not sent at all (lane.md 16) */
int64_t endpoint_longest_ms(const struct endpoint *ep, enum call_kind call);
/* The same when nobody knows the destination any more. */
#define UNKNOWN_LONGEST_MS (5 * 60 * 1000)
