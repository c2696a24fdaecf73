/* conf: see conf.h. config/forwarder.yaml is the commented sample of this table. */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "core/muara_conf.h"
#include "core/clocks.h"
#include "core/workdays.h"

#include "conf.h"

#define NAME_MAX_LEN	 32
#define DESTINATIONS_MAX 64
#define MARGIN_MS	 5000

/* clang-format off */
static const struct option_row header_options[] = {
	OPT(struct conf_header, OPT_STRING, name, "name", NULL, .flags = OPT_REQUIRED, .min = 1, .max = 100,
		.help = "Name of a header that goes with every call."),
	OPT(struct conf_header, OPT_SECRET, secret, "secret", NULL, .max = 8192,
		.help = "File that holds its whole value (mode 0600), or %d/NAME for a systemd credential."),
	OPT(struct conf_header, OPT_STRING, value, "value", NULL, .max = 1000,
		.help = "Its whole value, when it is no secret."),
	OPT_END
};

static const struct option_row destination_options[] = {
	OPT(struct conf_destination, OPT_STRING, name, "name", NULL, .flags = OPT_REQUIRED, .min = 1, .max = NAME_MAX_LEN,
		.help = "Its name in muara.yaml's tenants, in the log and in muaractl; never rename it."),
	OPT(struct conf_destination, OPT_PATH, profile, "profile", NULL, .flags = OPT_REQUIRED,
		.help = "File that describes the endpoint: its calls, fields and answers."),
	OPT(struct conf_destination, OPT_STRING, base, "base", NULL, .max = 500,
		.help = "Base URL of the calls; not for sheets."),
	OPT(struct conf_destination, OPT_LIST, headers, "headers", NULL, .max = 16,
		.sub = header_options, .sub_size = sizeof(struct conf_header),
		.help = "Headers of every call; the credentials."),
	OPT(struct conf_destination, OPT_PATH, ca_file, "ca_file", NULL,
		.help = "PEM file of the authorities to trust; the system's when left out."),
	OPT(struct conf_destination, OPT_MAP, settings, "settings", NULL,
		.help = "What the profile asks for: institution, category and location numbers and the like."),
	OPT(struct conf_destination, OPT_MAP, agencies, "agencies", NULL,
		.help = "Name of an agency -> number of its institution there."),
	OPT(struct conf_destination, OPT_INT, concurrency, "concurrency", "4", .min = 1, .max = 32,
		.help = "Calls under way at once."),
	OPT(struct conf_destination, OPT_INT, max_filings_per_hour, "max_filings_per_hour", "600", .max = 100000,
		.help = "More in an hour: the destination is held until muaractl resume; 0 = no brake."),
	OPT(struct conf_destination, OPT_DURATION, settle_ms, "settle", "10m", .max = 86400000,
		.help = "A complaint is left alone this long after it is ready; lets late messages and merges in."),
	OPT(struct conf_destination, OPT_DURATION, follow_up_settle_ms, "follow_up_settle", "10m", .max = 86400000,
		.help = "News of a filed complaint waits this long after the newest of it, so that several photos become one follow-up."),
	OPT(struct conf_destination, OPT_DURATION, pause_base_ms, "pause_base", "1m", .min = 100, .max = 1800000,
		.help = "After an unclear answer the destination rests up to this long, doubling up to 30m."),
	OPT(struct conf_destination, OPT_DURATION, retry_after_max_ms, "retry_after_max", "24h", .min = 1000, .max = 86400000,
		.help = "A Retry-After (429) is obeyed, but not longer than this."),
	OPT(struct conf_destination, OPT_DURATION, status_every_ms, "status_every", "3h", .max = 604800000,
		.help = "How often the status of each open report is read; 0s = never."),
	OPT(struct conf_destination, OPT_INT, status_per_minute, "status_per_minute", "10", .min = 1, .max = 600,
		.help = "At most so many of these reads a minute."),
	OPT(struct conf_destination, OPT_DURATION, remind_after_ms, "remind_after", "2d", .max = 31536000000,
		.help = "Sheets without a number and parked filings older than this are told of once a working day; 0s = never."),
	OPT_END
};

const struct option_row conf_options[] = {
	OPT(struct conf, OPT_LIST, destinations, "destinations", NULL, .flags = OPT_REQUIRED, .min = 1, .max = DESTINATIONS_MAX,
		.sub = destination_options, .sub_size = sizeof(struct conf_destination),
		.help = "Where complaints go."),
	OPT(struct conf, OPT_PATH, sheet_dir, "sheet_dir", NULL,
		.help = "Folder for the sheets of `manual` destinations; holds personal data, the forwarder deletes nothing in it."),
	OPT(struct conf, OPT_PATH, observe_dir, "observe_dir", NULL,
		.help = "Folder for what `observe` destinations would have sent; holds personal data."),
	OPT(struct conf, OPT_PATH, clocks, "clocks", NULL,
		.help = "How long each step of a filed report may take; needs `holidays`. Without it no clock is watched."),
	OPT(struct conf, OPT_PATH, holidays, "holidays", NULL,
		.help = "Calendar of days on which offices are closed; Saturdays and Sundays only when left out."),
	OPT(struct conf, OPT_STRING, user_agent, "user_agent", "Muara", .min = 1, .max = 100,
		.help = "User-Agent of every call."),
	OPT(struct conf, OPT_STRING, member, "member", NULL, .min = 1, .max = 100,
		.help = "Name of this process in its Kafka group, one of its own for each; made of instance and host name when left out."),
	OPT(struct conf, OPT_SIZE, backlog_bytes, "backlog_memory", "64MiB", .min = 4096, .max = 4LL << 30,
		.help = "Texts of waiting complaints that are kept in memory, over all lanes; of the rest only the place in the log."),
	OPT(struct conf, OPT_DURATION, session_ms, "session_timeout", "45s", .min = 1000, .max = 300000,
		.help = "Silent so long, its lanes go to another process."),
	OPT(struct conf, OPT_DURATION, masters_every_ms, "masters_every", "24h", .max = 30LL * 86400000,
		.help = "The destinations' lists of numbers (institutions ...) are read so often; 0s = never."),
	OPT(struct conf, OPT_DURATION, stop_ms, "stop_timeout", "110s", .min = 1000, .max = 600000,
		.help = "A stop waits so long for calls under way; above the longest create, below TimeoutStopSec."),
	OPT_END
};
/* clang-format on */

static bool plain_name(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(s);
}

#define FAULT(f, i, key, ...)                                                              \
	do {                                                                               \
		_cleanup_free_ char *full_ = xasprintf("destinations.%zu.%s", (i), (key)); \
		options_fault((f), full_, __VA_ARGS__);                                    \
	} while (0)

static void check_headers(const struct conf_destination *d, size_t i, struct options_faults *f)
{
	const struct conf_header *h = d->headers.v;

	for (size_t k = 0; k < d->headers.n; k++) {
		_cleanup_free_ char *key = xasprintf("headers.%zu.name", k),
				    *secret = xasprintf("headers.%zu.secret", k);

		if (h[k].name && strcspn(h[k].name, ": \t\r\n") != strlen(h[k].name))
			FAULT(f, i, key, "is no header name: no blank, no colon");
		if (!h[k].secret == !h[k].value)
			FAULT(f, i, secret, "is needed, or `value`; not both");
		if ((h[k].secret && strpbrk(h[k].secret, "\r\n")) ||
			(h[k].value && strpbrk(h[k].value, "\r\n")))
			FAULT(f, i, key, "has a value of more than one line");
	}
}

/* Each line of `text` as a fault of its own, under a key of its own: of two with the same key only
 * the first is told. "line 33: settings.institution: …" names its key; a profile's lines name their
 * own file and place, and are counted here. */
static void tell_lines(struct options_faults *f, size_t i, const char *key, const char *text)
{
	int n = 0;

	for (const char *end; *text; text = *end ? end + 1 : end) {
		_cleanup_free_ char *numbered = xasprintf("%s.%d", key, ++n), *line = NULL;
		char *at, *colon;

		end = strchrnul(text, '\n');
		line = xstrndup(text, (size_t)(end - text));
		at = strncmp(line, "line ", 5) == 0 ? strstr(line, ": ") : NULL;
		at = at ? at + 2 : strncmp(line, key, strlen(key)) == 0 ? line : NULL;
		colon = at ? strstr(at, ": ") : NULL;
		if (colon) {
			*colon = '\0';
			FAULT(f, i, at, "%s", colon + 2);
		} else {
			FAULT(f, i, n == 1 ? key : numbered, "%s", line);
		}
	}
}

static void check_kind(const struct conf *c, const struct conf_destination *d, size_t i,
	enum profile_kind kind, struct options_faults *f)
{
	bool http = d->base &&
		    (strncmp(d->base, "http://", 7) == 0 || strncmp(d->base, "https://", 8) == 0);

	if (kind == PROFILE_HTTP && !http)
		FAULT(f, i, "base", "must be a URL that begins with https:// (or http://)");
	if (kind == PROFILE_SHEET && !c->sheet_dir)
		options_fault(f, "sheet_dir", "is missing; a `manual` destination writes there");
	if (kind == PROFILE_OBSERVE && !c->observe_dir)
		options_fault(
			f, "observe_dir", "is missing; an `observe` destination writes there");
}

static void check_profile(
	const struct conf *c, const struct conf_destination *d, size_t i, struct options_faults *f)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(16 * 1024);
	struct profile *p = NULL;
	struct err e = {0};

	if (!d->profile)
		return;
	if (profile_load(d->profile, &p, &faults, &e)) {
		tell_lines(f, i, "profile", faults.len ? buf_str(&faults) : e.text);
		return;
	}
	if (profile_check_settings(p, &d->settings, &faults))
		tell_lines(f, i, "settings", buf_str(&faults));
	buf_reset(&faults);
	if (profile_check_agencies(p, &d->agencies, &faults))
		tell_lines(f, i, "agencies", buf_str(&faults));
	check_kind(c, d, i, profile_kind(p), f);
	profile_free(p);
}

static void check_clocks(const struct conf *c, struct options_faults *f)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(16 * 1024);
	struct clocks *clocks = NULL;
	struct err e = {0};

	if (!c->clocks)
		return;
	if (!c->holidays)
		options_fault(
			f, "clocks", "needs `holidays`, by which its working days are counted");
	if (clocks_load(c->clocks, &clocks, &faults, &e))
		options_fault(
			f, "clocks", "are no clocks: %s", faults.len ? buf_str(&faults) : e.text);
	clocks_free(clocks);
}

static void check_holidays(const struct conf *c, struct options_faults *f)
{
	_cleanup_buf_ struct buf faults = BUF_INIT(16 * 1024);
	struct workdays *w = NULL;
	struct err e = {0};

	if (!c->holidays)
		return;
	if (workdays_load(c->holidays, &w, &faults, &e))
		options_fault(f, "holidays", "is no calendar: %s",
			faults.len ? buf_str(&faults) : e.text);
	workdays_free(w);
}

void conf_check(void *conf, struct options_faults *f)
{
	const struct conf *c = conf;
	const struct conf_destination *d = c->destinations.v;

	if (!c->destinations.n)
		options_fault(f, "destinations", "is empty; name at least one");
	check_holidays(c, f);
	check_clocks(c, f);
	for (size_t i = 0; i < c->destinations.n; i++) {
		if (d[i].name && !plain_name(d[i].name))
			FAULT(f, i, "name", "may hold a-z 0-9 - _ only");
		for (size_t k = 0; k < i; k++)
			if (d[i].name && d[k].name && strcmp(d[i].name, d[k].name) == 0)
				FAULT(f, i, "name", "\"%s\" is named twice", d[i].name);
		check_headers(&d[i], i, f);
		check_profile(c, &d[i], i, f);
	}
}

void conf_check_both(const void *conf, const void *shared, struct options_faults *f)
{
	const struct conf *c = conf;
	const struct muara_conf *m = shared;
	const struct muara_tenant *t = m->tenants.v;
	const struct conf_destination *d = c->destinations.v;

	for (size_t i = 0; i < m->tenants.n; i++) {
		bool there = false;

		for (size_t k = 0; k < c->destinations.n; k++)
			there |= strcmp(d[k].name, t[i].destination) == 0;
		if (!there)
			options_fault(f, "destinations",
				"none is named \"%s\", where tenant %s of muara.yaml files",
				t[i].destination, t[i].name);
	}
}

/* --- endpoints --- */

static int endpoint_init(struct endpoint *ep, const struct conf_destination *d, struct err *e)
{
	const struct conf_header *h = d->headers.v;
	size_t n;

	ep->conf = d;
	ep->headers = xcalloc(d->headers.n + 1, sizeof *ep->headers);
	for (size_t i = 0; i < d->headers.n; i++)
		ep->headers[i] =
			xasprintf("%s: %s", h[i].name, h[i].secret ? h[i].secret : h[i].value);
	ep->base = xstrdup(d->base ? d->base : "");
	for (n = strlen(ep->base); n && ep->base[n - 1] == '/'; n--)
		ep->base[n - 1] = '\0';
	ep->limits = (struct dest_limits){.concurrency = (int)d->concurrency,
		.max_filings_per_hour = (int)d->max_filings_per_hour,
		.pause_base_ms = d->pause_base_ms,
		.retry_after_max_ms = d->retry_after_max_ms,
		.settle_ms = d->settle_ms};
	return profile_load(d->profile, &ep->profile, NULL, e);
}

int endpoints_new(const struct conf *c, struct endpoint **ret, size_t *ret_n, struct err *e)
{
	const struct conf_destination *d = c->destinations.v;
	struct endpoint *v = xcalloc(c->destinations.n, sizeof *v);
	int r = 0;

	for (size_t i = 0; !r && i < c->destinations.n; i++)
		r = endpoint_init(&v[i], &d[i], e);
	if (r) {
		endpoints_free(v, c->destinations.n);
		return r;
	}
	*ret = v;
	*ret_n = c->destinations.n;
	return 0;
}

void endpoints_free(struct endpoint *v, size_t n)
{
	for (size_t i = 0; v && i < n; i++) {
		for (char **h = v[i].headers; h && *h; h++) {
			explicit_bzero(*h, strlen(*h));
			free(*h);
		}
		free(v[i].headers);
		free(v[i].base);
		profile_free(v[i].profile);
	}
	free(v);
}

int64_t endpoint_longest_ms(const struct endpoint *ep, enum call_kind call)
{
	const struct profile_call *c;

	if (call == CALL_SHEET || call == CALL_NONE)
		return SEND_WITHIN_MS + MARGIN_MS;
	c = profile_call(ep->profile, call);
	return SEND_WITHIN_MS + MARGIN_MS + (c->present ? c->total_ms : UNKNOWN_LONGEST_MS);
}
