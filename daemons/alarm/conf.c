/* conf: see conf.h. config/alarm.yaml is the commented sample of this table. */
#include "conf.h"

#include <string.h>

#include "base/util.h"
#include "core/emergency.h"
#include "core/muara_conf.h"

#define HOOKS_MAX 32
#define SECOND	  1000LL
#define MINUTE	  (60 * SECOND)
#define DAY	  (24 * 60 * MINUTE)

const char *const hook_type_names[] = {[HOOK_COMMAND] = "command",
	[HOOK_WEBHOOK] = "webhook",
	[HOOK_EMAIL] = "email",
	[HOOK_WHATSAPP] = "whatsapp",
	[HOOK_TYPES_] = NULL};
static const char *const unsure_choices[] = {"review", "ring", NULL};

/* clang-format off */
static const struct option_row hook_options[] = {
	OPT(struct conf_hook, OPT_STRING, name, "name", NULL, .flags = OPT_REQUIRED, .min = 1, .max = EMERGENCY_HOOK_MAX,
		.help = "Its name in the log, in muaractl and in the records; a-z 0-9 - _."),
	OPT(struct conf_hook, OPT_ENUM, type, "type", NULL, .flags = OPT_REQUIRED, .choices = hook_type_names,
		.help = "How it rings."),
	OPT(struct conf_hook, OPT_DURATION, after_ms, "after", "0s", .max = DAY,
		.help = "Rings an event that nobody has acknowledged for so long: the second in line."),
	OPT(struct conf_hook, OPT_DURATION, repeat_ms, "repeat", "2m", .min = 500, .max = DAY,
		.help = "And again this often, until it is acknowledged."),
	OPT(struct conf_hook, OPT_DURATION, timeout_ms, "timeout", "15s", .min = 100, .max = 5 * MINUTE,
		.help = "A ring that takes longer has failed."),
	OPT(struct conf_hook, OPT_STRINGS, tenants, "tenants", NULL, .max = 100,
		.help = "Rings only for these tenants of muara.yaml; for all when left out."),
	OPT(struct conf_hook, OPT_STRINGS, command, "command", NULL, .max = 32,
		.help = "command: the program, by its whole path, and its arguments."),
	OPT(struct conf_hook, OPT_STRING, url, "url", NULL, .max = 2000,
		.help = "webhook: where the ring is POSTed to, as JSON. email: the mail server, smtps://host:465 or smtp://host:587; plain only to this machine."),
	OPT(struct conf_hook, OPT_SECRET, token, "token", NULL, .min = 1, .max = 8192,
		.help = "webhook, whatsapp: file with a bearer token (mode 0600), or %d/NAME for a systemd credential."),
	OPT(struct conf_hook, OPT_PATH, ca_file, "ca_file", NULL,
		.help = "PEM file of the authorities to trust; the system's when left out."),
	OPT(struct conf_hook, OPT_STRING, to, "to", NULL, .max = 254,
		.help = "email: whom; whatsapp: the officer's number, +62…. One a hook: several people are several hooks."),
	OPT(struct conf_hook, OPT_STRING, from, "from", NULL, .max = 254,
		.help = "email: sender's address."),
	OPT(struct conf_hook, OPT_STRING, user, "user", NULL, .max = 254,
		.help = "email: account at the mail server, when it wants one."),
	OPT(struct conf_hook, OPT_SECRET, password, "password", NULL, .min = 1, .max = 1000,
		.help = "email: file with its password (mode 0600), or %d/NAME."),
	OPT(struct conf_hook, OPT_STRING, base, "base", "https://graph.facebook.com/v23.0", .max = 500,
		.help = "whatsapp: the Graph API and its version."),
	OPT(struct conf_hook, OPT_STRING, number_id, "number_id", NULL, .max = 32,
		.help = "whatsapp: phone number id (not the number) that sends."),
	OPT(struct conf_hook, OPT_STRING, template, "template", NULL, .max = 512,
		.help = "whatsapp: name of an approved template with two body variables: how many wait, their tickets."),
	OPT(struct conf_hook, OPT_STRING, language, "language", "id", .min = 2, .max = 16,
		.help = "whatsapp: language code of the template."),
	OPT_END
};

const struct option_row conf_options[] = {
	OPT(struct conf, OPT_LIST, hooks, "hooks", NULL, .flags = OPT_REQUIRED, .min = 1, .max = HOOKS_MAX,
		.sub = hook_options, .sub_size = sizeof(struct conf_hook),
		.help = "How the officer on duty is rung, and who is rung when nobody answers."),
	OPT(struct conf, OPT_DURATION, max_age_ms, "max_age", "6h", .min = MINUTE, .max = 30 * DAY,
		.help = "An emergency sent longer ago than this is listed as stale and does not ring."),
	OPT(struct conf, OPT_ENUM, unsure, "unsure", "review", .choices = unsure_choices,
		.help = "A weak sign of danger, or a call type nobody mapped: review leaves it to the review list."),
	OPT(struct conf, OPT_DURATION, session_ms, "session", "10s", .min = SECOND, .max = 5 * MINUTE,
		.help = "A process that was not heard of for this long loses its lanes to the standby."),
	OPT(struct conf, OPT_DURATION, commit_ms, "commit", "1s", .min = 10, .max = MINUTE,
		.help = "Positions are committed this often; they only save reading again."),
	OPT(struct conf, OPT_DURATION, stop_ms, "stop_timeout", "20s", .min = SECOND, .max = 10 * MINUTE,
		.help = "A stop waits so long for rings under way; below TimeoutStopSec of the unit."),
	OPT(struct conf, OPT_STRING, metrics, "metrics", NULL, .max = 200,
		.help = "Where /metrics and /healthz listen; without it as muara.yaml says."),
	OPT_END
};
/* clang-format on */

#define FAULT(f, i, key, ...)                                                       \
	do {                                                                        \
		_cleanup_free_ char *full_ = xasprintf("hooks.%zu.%s", (i), (key)); \
		options_fault((f), full_, __VA_ARGS__);                             \
	} while (0)

static bool plain_name(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(s);
}

static bool http_url(const char *s)
{
	return s && (strncmp(s, "http://", 7) == 0 || strncmp(s, "https://", 8) == 0);
}

/* Goes into a header and an SMTP command as it stands. */
static bool plain_address(const char *s)
{
	return s && strchr(s, '@') && strcspn(s, " \t\r\n<>,;\"") == strlen(s);
}

static void check_mail(const struct conf_hook *h, size_t i, struct options_faults *f)
{
	if (!h->url || (strncmp(h->url, "smtp://", 7) != 0 && strncmp(h->url, "smtps://", 8) != 0))
		FAULT(f, i, "url", "must be a mail server: smtps://host:465 or smtp://host:587");
	if (!plain_address(h->from))
		FAULT(f, i, "from", "must be one address, without a name");
	if (!plain_address(h->to))
		FAULT(f, i, "to", "must be one address, without a name");
	if (!h->user != !h->password)
		FAULT(f, i, "password", "goes with `user`: both or neither");
}

static bool of_chars(const char *s, const char *allowed)
{
	return s && *s && strspn(s, allowed) == strlen(s);
}

static void check_whatsapp(const struct conf_hook *h, size_t i, struct options_faults *f)
{
	if (!http_url(h->base))
		FAULT(f, i, "base", "must be a URL that begins with https:// (or http://)");
	if (!of_chars(h->number_id, "0123456789"))
		FAULT(f, i, "number_id", "is missing: digits, from WhatsApp Manager");
	if (!of_chars(h->template, "abcdefghijklmnopqrstuvwxyz0123456789_"))
		FAULT(f, i, "template", "is missing: a-z, 0-9 and _");
	if (!h->to || !of_chars(h->to + (*h->to == '+'), "0123456789"))
		FAULT(f, i, "to", "must be a number: +62…");
	if (!h->token)
		FAULT(f, i, "token", "is missing: a system user's access token");
}

static void check_type(const struct conf_hook *h, size_t i, struct options_faults *f)
{
	if (h->token && strpbrk(h->token, "\r\n"))
		FAULT(f, i, "token", "has more than one line");
	switch ((enum hook_type)h->type) {
	case HOOK_COMMAND:
		if (!h->command.n)
			FAULT(f, i, "command", "is missing: [/path/of/program, argument, …]");
		else if (h->command.v[0][0] != '/')
			FAULT(f, i, "command", "must begin with the whole path of a program");
		break;
	case HOOK_WEBHOOK:
		if (!http_url(h->url))
			FAULT(f, i, "url", "must be a URL that begins with https:// (or http://)");
		break;
	case HOOK_EMAIL:
		check_mail(h, i, f);
		break;
	case HOOK_WHATSAPP:
		check_whatsapp(h, i, f);
		break;
	case HOOK_TYPES_:
		break;
	}
}

void conf_check(void *conf, struct options_faults *f)
{
	const struct conf *c = conf;
	const struct conf_hook *h = c->hooks.v;

	for (size_t i = 0; i < c->hooks.n; i++) {
		if (!h[i].name)
			continue;
		if (!plain_name(h[i].name))
			FAULT(f, i, "name", "may hold a-z, 0-9, - and _");
		for (size_t k = 0; k < i; k++)
			if (h[k].name && strcmp(h[k].name, h[i].name) == 0)
				FAULT(f, i, "name", "is the name of hook %zu, too", k + 1);
		check_type(&h[i], i, f);
	}
}

void conf_check_both(const void *conf, const void *shared, struct options_faults *f)
{
	const struct conf *c = conf;
	const struct conf_hook *h = c->hooks.v;

	for (size_t i = 0; i < c->hooks.n; i++)
		for (size_t k = 0; k < h[i].tenants.n; k++)
			if (!muara_tenant(shared, h[i].tenants.v[k]))
				FAULT(f, i, "tenants",
					"entry %zu is none of the tenants of muara.yaml", k + 1);
}
