/* conf: config/alarm.yaml as a struct. Read-only after start. */
#pragma once

#include "base/options.h"

enum hook_type { HOOK_COMMAND, HOOK_WEBHOOK, HOOK_EMAIL, HOOK_WHATSAPP, HOOK_TYPES_ };
extern const char *const hook_type_names[]; /* by type, NULL ends */

struct conf_hook {
	char *name;
	int type; /* enum hook_type */
	int64_t after_ms, repeat_ms, timeout_ms;
	struct strlist tenants;
	struct strlist command;		   /* argv; the first is a path */
	char *url, *ca_file;		   /* webhook, e-mail */
	char *token;			   /* webhook, WhatsApp */
	char *from, *to, *user, *password; /* e-mail; WhatsApp: to */
	char *base, *number_id, *template, *language;
};
struct conf {
	struct optlist hooks; /* of struct conf_hook */
	int64_t max_age_ms, session_ms, commit_ms, stop_ms;
	int unsure;    /* 0: left to the review list, 1: rings */
	char *metrics; /* the skeleton's */
};
extern const struct option_row conf_options[];
void conf_check(void *conf, struct options_faults *f);
/* Beside muara.yaml: hooks for tenants that do not exist. */
void conf_check_both(const void *conf, const void *shared, struct options_faults *f);
