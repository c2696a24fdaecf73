/* conf: what media.yaml may say; config/media.yaml is the commented sample of this table. */
#pragma once

#include <stdint.h>

#include "base/options.h"
#include "core/muara_conf.h"

enum origin_by { BY_ID, BY_URL };

struct origin { /* where attachments of a channel lie; first that fits a message counts */
	char *channel, *account;
	int by; /* enum origin_by */
	char *base, *phone_number_id, *token, *ca_file;
	struct strlist hosts;
	int64_t lifetime_ms;
};

struct media_conf {
	struct optlist origins; /* of struct origin */
	struct strlist exceptions;
	int64_t max_bytes, connect_ms, total_ms, parallel, waiting;
	int64_t retry_ms, retry_max_ms, gone_ms;
	int64_t session_ms, commit_ms, stop_ms;
	char *work_dir, *metrics, *user_agent;
};

extern const struct option_row media_options[];
void media_check(void *conf, struct options_faults *f);
void media_check_both(const void *conf, const void *shared, struct options_faults *f);

/* The one that fits; NULL: none. account may be NULL. */
const struct origin *media_origin(
	const struct media_conf *c, const char *channel, const char *account);
