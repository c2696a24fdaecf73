/* acts: the operator's acts: release, hold, archive, complete, resolve, replay, pause, resume,
 * restore. Each checks what can be checked here, so that a typing mistake is told at once; whether
 * it is done is for the daemon that absorbs it.
 * Known gap: with several lanes `pause --json` prints a document for each of them. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "core/call_kind.h"
#include "core/message.h"
#include "core/workdays.h"

#include "act.h"
#include "attempts.h"
#include "commands.h"
#include "deads.h"
#include "snapshots.h"

#define FIELDS_MAX (512 * 1024)
#define DIGITS_MAX 15 /* what LAPOR!'s own linking form takes */

/* --- about a complaint --- */

/* The version its author saw: --version, else the newest one read just now. */
static int version_of(const struct ctl *c, const json_t *snapshot, int64_t *ret)
{
	const char *s = ctl_opt(c, "--version");

	*ret = json_int(snapshot, "version", 0);
	if (s && parse_i64(s, 1, INT32_MAX, ret))
		return ctl_usage(c, "--version: the version that was shown, a number");
	return CTL_OK;
}

static int act_on_complaint(struct ctl *c, enum command_what what, json_t *fields)
{
	struct command command = {.what = what, .fields = fields};
	_cleanup_json_ json_t *found = NULL;
	const json_t *snapshot;
	int r = ref_one(c, c->args[0], &found);

	if (r)
		return r;
	snapshot = json_object_get(found, "snapshot");
	r = version_of(c, snapshot, &command.version);
	if (r)
		return r;
	command.complaint = json_str(snapshot, "id");
	return act(c, &command, (int32_t)json_int(found, "lane", 0));
}

int ctl_release(struct ctl *c)
{
	return act_on_complaint(c, CMD_RELEASE, NULL);
}

int ctl_hold(struct ctl *c)
{
	return act_on_complaint(c, CMD_HOLD, NULL);
}

int ctl_archive(struct ctl *c)
{
	return act_on_complaint(c, CMD_ARCHIVE, NULL);
}

/* --- complete --- */

static const struct {
	const char *option, *field;
} field_options[] = {{"--name", "name"}, {"--phone", "phone"}, {"--email", "email"},
	{"--text", "text"}, {"--title", "title"}, {"--category", "category"},
	{"--agency", "agency"}, {"--incident-date", "incident_date"}};

/* Personal data on a command line is seen by every user of the machine: a file or stdin is not. */
static int fields_of_file(struct ctl *c, const char *path, json_t **ret)
{
	_cleanup_free_ char *text = NULL;
	struct err e = {0};
	size_t len;
	int r = strcmp(path, "-") == 0
			? fsio_read_fd(0, "standard input", FIELDS_MAX, &text, &len, &e)
			: fsio_read_file(path, FIELDS_MAX, &text, &len, &e);

	if (!r)
		r = json_parse(text, len, FIELDS_MAX, ret, &e);
	if (r)
		return ctl_fail(c, "--fields: %s", e.text);
	if (!json_is_object(*ret))
		return ctl_fail(c, "--fields: not a JSON object");
	return CTL_OK;
}

static int check_fields(const struct ctl *c, json_t *fields)
{
	const char *phone = json_str(fields, "phone"), *email = json_str(fields, "email"), *key;
	char normal[PHONE_TEXT_SIZE];
	json_t *v;

	if (!json_object_size(fields))
		return ctl_usage(c, "nothing to fill in: name a field");
	json_object_foreach (fields, key, v) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(field_options); i++)
			known |= strcmp(field_options[i].field, key) == 0;
		if (!known)
			return ctl_usage(c, "%s is no field that can be filled in", key);
		if (!json_is_string(v) || !*json_string_value(v))
			return ctl_usage(c, "%s: a text that is not empty", key);
	}
	if (phone && phone_normalise(phone, normal))
		return ctl_usage(c, "phone: this is no telephone number");
	if (phone)
		json_set_str(fields, "phone", normal);
	if (email && (!strchr(email, '@') || strpbrk(email, " \t,;<>")))
		return ctl_usage(c, "email: this is no address");
	return CTL_OK;
}

int ctl_complete(struct ctl *c)
{
	_cleanup_json_ json_t *fields = NULL;
	const char *file = ctl_opt(c, "--fields");
	int r = file ? fields_of_file(c, file, &fields) : CTL_OK;

	if (r)
		return r;
	if (!fields)
		fields = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(field_options); i++)
		if (ctl_opt(c, field_options[i].option) &&
			json_object_set_new(fields, field_options[i].field,
				json_string(ctl_opt(c, field_options[i].option))))
			return ctl_usage(c, "%s: not UTF-8", field_options[i].option);
	r = check_fields(c, fields);
	return r ? r : act_on_complaint(c, CMD_COMPLETE, fields);
}

/* --- resolve --- */

/* The day it was entered there: one that exists and is not to come, in the zone of muara.yaml. */
static int entered_on_of(struct ctl *c, struct command *command)
{
	const char *s = ctl_opt(c, "--date");
	int64_t day, today = day_of(clock_wall_ms(), muara_zone_minutes(&c->conf));

	if (!s)
		return CTL_OK;
	if (!command->remote_id)
		return ctl_usage(c, "--date goes with --filed NUMBER");
	if (day_parse(s, &day))
		return ctl_usage(c, "--date: the day it was entered there: YYYY-MM-DD");
	if (day > today)
		return ctl_usage(c, "--date: this day is still to come");
	command->entered_on = s;
	return CTL_OK;
}

static int resolution_of(struct ctl *c, struct command *command)
{
	const char *filed = ctl_opt(c, "--filed");
	int n = (filed != NULL) + (ctl_opt(c, "--resend") != NULL) + (ctl_opt(c, "--drop") != NULL);

	if (n != 1)
		return ctl_usage(c, "one of --filed NUMBER, --resend, --drop");
	command->resolution = filed ? "filed" : ctl_opt(c, "--resend") ? "resend" : "drop";
	command->remote_id = filed;
	if (filed && (strspn(filed, "0123456789") != strlen(filed) || !*filed || *filed == '0' ||
			     strlen(filed) > DIGITS_MAX))
		return ctl_usage(c,
			"--filed: the destination's number: 1 to %d digits, not beginning with 0",
			DIGITS_MAX);
	return entered_on_of(c, command);
}

/* What the forwarder would refuse anyway, told before it is written. */
static int check_number(struct ctl *c, const json_t *row, const struct command *command)
{
	char ticket[TICKET_TEXT_SIZE];
	struct err e = {0};

	if (!command->remote_id || !call_creates(call_kind_parse(json_str(row, "call"))))
		return CTL_OK;
	if (attempts_holder(c, json_str_or(row, "system", ""), command->remote_id,
		    json_str_or(row, "complaint", ""), ticket, &e))
		return ctl_fail(c, "%s", e.text);
	if (*ticket)
		return ctl_fail(c,
			"--filed: this is the number of ticket %s already: look at both in the "
			"destination, one of the two was read wrong (muaractl trace %s)",
			ticket, ticket);
	return CTL_OK;
}

/* The one attempt that is meant, told when it is none or several. */
static int one_attempt(struct ctl *c, const json_t *rows, const char *none, const json_t **ret)
{
	const json_t *row;
	size_t i;

	if (!json_array_size(rows))
		return ctl_fail(c, "%s", none);
	*ret = json_array_get(rows, 0);
	if (json_array_size(rows) == 1)
		return CTL_OK;
	json_array_foreach (rows, i, row)
		fprintf(stderr, "%s  lane %lld  %s  %s  %s\n", json_str(row, "attempt"),
			(long long)json_int(row, "lane", 0), json_str(row, "ticket"),
			json_str(row, "call"), json_str(row, "state"));
	return ctl_fail(c, "%zu attempts are open: name one by its term/n (and --lane)",
		json_array_size(rows));
}

static int act_on_attempt(struct ctl *c, struct command *command, const json_t *row)
{
	int r = check_number(c, row, command);

	if (r)
		return r;
	command->complaint = json_str(row, "complaint");
	command->version = json_int(row, "version", 0);
	command->destination = json_str(row, "destination");
	command->attempt = json_str(row, "attempt");
	return act(c, command, (int32_t)json_int(row, "lane", 0));
}

int ctl_resolve(struct ctl *c)
{
	struct command command = {.what = CMD_RESOLVE};
	_cleanup_json_ json_t *rows = NULL;
	const json_t *row = NULL;
	int r = resolution_of(c, &command);

	if (!r)
		r = attempts_find(c, false, &rows);
	if (!r)
		r = one_attempt(c, rows, "no attempt of it is open (muaractl parked list)", &row);
	return r ? r : act_on_attempt(c, &command, row);
}

int ctl_correct(struct ctl *c)
{
	struct command command = {.what = CMD_CORRECT};
	_cleanup_json_ json_t *rows = NULL;
	const json_t *row = NULL;
	int r;

	if (!ctl_opt(c, "--filed"))
		return ctl_usage(c, "--filed NUMBER: the right one");
	r = resolution_of(c, &command);
	if (!r)
		r = attempts_find(c, true, &rows);
	if (!r)
		r = one_attempt(
			c, rows, "no number of it was typed by a person (muaractl trace)", &row);
	return r ? r : act_on_attempt(c, &command, row);
}

/* --- messages, destinations, lanes --- */

int ctl_dead_replay(struct ctl *c)
{
	struct command command = {.what = CMD_REPLAY, .message = c->args[0]};
	_cleanup_json_ json_t *place = NULL;
	struct err e = {0};

	if (!uuid_valid(c->args[0]))
		return ctl_usage(c,
			"the id of a message (a record without one cannot be decided anew: its "
			"source must send it again)");
	if (deads_place(c, c->args[0], &place, &e))
		return ctl_fail(c, "%s", e.text);
	if (!place)
		return ctl_fail(c, "no decision names this message");
	return act(c, &command, (int32_t)json_int(place, "lane", 0));
}

/* Every lane a tenant of that destination lives in has a forwarder of its own. */
static int act_on_destination(struct ctl *c, enum command_what what)
{
	const struct muara_tenant *t = c->conf.tenants.v;
	struct command command = {.what = what, .destination = c->args[0]};
	int only = ctl_lane_opt(c), worst = CTL_OK, n = 0;

	if (only == -EINVAL)
		return CTL_USAGE;
	for (int lane = 0; lane < c->conf.lanes; lane++) {
		bool here = lane == only;

		for (size_t i = 0; only < 0 && i < c->conf.tenants.n; i++)
			here |= t[i].lane == lane && strcmp(t[i].destination, c->args[0]) == 0;
		if (here) {
			int r = act(c, &command, lane);

			worst = MAX(worst, r);
			n++;
		}
	}
	if (!n)
		return ctl_fail(c,
			"no tenant in muara.yaml has this destination; --lane N names a lane all "
			"the same");
	return worst;
}

int ctl_pause(struct ctl *c)
{
	return act_on_destination(c, CMD_PAUSE);
}

int ctl_resume(struct ctl *c)
{
	return act_on_destination(c, CMD_RESUME);
}

int ctl_restore(struct ctl *c)
{
	struct command command = {.what = CMD_ACCEPT_RESTORE, .target = ctl_opt(c, "--accept")};
	int lane = ctl_lane_opt(c);

	if (lane == -EINVAL)
		return CTL_USAGE;
	if (!command.target || (strcmp(command.target, "normalizer") != 0 &&
				       strcmp(command.target, "forwarder") != 0))
		return ctl_usage(c, "--accept normalizer or --accept forwarder");
	if (lane < 0 && c->conf.lanes > 1)
		return ctl_usage(c, "which lane lost records? --lane N");
	return act(c, &command, MAX(lane, 0));
}
