/* command: see command.h. One table says who absorbs a command and which fields it must have. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"

#include "core/command.h"
#include "core/schema.h"

#define SCHEMA	   "muara.command"
#define MAJOR	   1
#define RECORD_MAX (128 * 1024)

enum {
	NEED_COMPLAINT = 1,
	NEED_MESSAGE = 2,
	NEED_FIELDS = 4,
	NEED_DESTINATION = 8,
	NEED_ATTEMPT = 16
};

static const struct {
	const char *name, *absorbed_by; /* NULL: the command says */
	unsigned needs;
} kinds[CMD_COUNT_] = {
	[CMD_RELEASE] = {"release", "normalizer", NEED_COMPLAINT},
	[CMD_HOLD] = {"hold", "normalizer", NEED_COMPLAINT},
	[CMD_ARCHIVE] = {"archive", "normalizer", NEED_COMPLAINT},
	[CMD_COMPLETE] = {"complete", "normalizer", NEED_COMPLAINT | NEED_FIELDS},
	[CMD_REPLAY] = {"replay", "normalizer", NEED_MESSAGE},
	[CMD_RESOLVE] = {"resolve", "forwarder", NEED_COMPLAINT | NEED_DESTINATION | NEED_ATTEMPT},
	[CMD_CORRECT] = {"correct", "forwarder", NEED_COMPLAINT | NEED_DESTINATION | NEED_ATTEMPT},
	[CMD_PAUSE] = {"pause", "forwarder", NEED_DESTINATION},
	[CMD_RESUME] = {"resume", "forwarder", NEED_DESTINATION},
	[CMD_ACCEPT_RESTORE] = {"accept_restore", NULL, 0},
	[CMD_ACKNOWLEDGE] = {"acknowledge", "alarm", NEED_MESSAGE},
};

const char *command_what_name(enum command_what w)
{
	return kinds[w].name;
}

const char *command_for(const struct command *c)
{
	return kinds[c->what].absorbed_by ? kinds[c->what].absorbed_by : c->target;
}

enum command_what command_what_get(const json_t *record)
{
	const char *s = json_str_or(record, "what", "");
	int i = 0;

	while (i < CMD_COUNT_ && strcmp(kinds[i].name, s) != 0)
		i++;
	return (enum command_what)i;
}

/* "7/12" */
static bool attempt_text(const char *s)
{
	const char *slash = s ? strchr(s, '/') : NULL;
	int64_t n;
	char term[20];

	if (!slash || slash == s || (size_t)(slash - s) >= sizeof term)
		return false;
	memcpy(term, s, (size_t)(slash - s));
	term[slash - s] = '\0';
	return !parse_i64(term, 1, INT64_MAX, &n) && !parse_i64(slash + 1, 1, INT64_MAX, &n);
}

static bool resolution_fits(const json_t *o)
{
	const char *s = json_str_or(o, "resolution", "");

	if (strcmp(s, "filed") == 0)
		return *json_str_or(o, "remote_id", "") != '\0';
	return strcmp(s, "resend") == 0 || strcmp(s, "drop") == 0;
}

static const char *lacking(const json_t *o, unsigned needs)
{
	if ((needs & NEED_COMPLAINT) &&
		(!uuid_valid(json_str(o, "complaint")) || json_int(o, "version", 0) < 1))
		return "complaint and version";
	if ((needs & NEED_MESSAGE) && !uuid_valid(json_str(o, "message")))
		return "message";
	if ((needs & NEED_FIELDS) && !json_object_size(json_object_get(o, "fields")))
		return "fields";
	if ((needs & NEED_DESTINATION) && !*json_str_or(o, "destination", ""))
		return "destination";
	if ((needs & NEED_ATTEMPT) &&
		(!attempt_text(json_str(o, "attempt")) || !resolution_fits(o)))
		return "attempt and resolution";
	return NULL;
}

static int check(const json_t *o, struct err *e)
{
	enum command_what what = command_what_get(o);
	const char *reader = json_str_or(o, "for", ""), *lacks;
	int64_t ms;

	if (!uuid_valid(json_str(o, "id")))
		return err_set(e, -EINVAL, "command: id is no UUID");
	if (what == CMD_COUNT_)
		return err_set(e, -EINVAL, "command: unknown kind");
	if (!*json_str_or(o, "who", "") || !*json_str_or(o, "why", ""))
		return err_set(e, -EINVAL, "command: who and why are required");
	if (time_parse(json_str_or(o, "at", ""), &ms))
		return err_set(e, -EINVAL, "command: at is no RFC 3339 time");
	if (kinds[what].absorbed_by
			? strcmp(reader, kinds[what].absorbed_by) != 0
			: strcmp(reader, "normalizer") != 0 && strcmp(reader, "forwarder") != 0)
		return err_set(e, -EINVAL, "command: %s is for another daemon", kinds[what].name);
	lacks = lacking(o, kinds[what].needs);
	if (lacks)
		return err_set(e, -EINVAL, "command: %s needs %s", kinds[what].name, lacks);
	return 0;
}

int command_build(const struct command *c, json_t **ret, char ret_id[UUID_TEXT_SIZE], struct err *e)
{
	_cleanup_json_ json_t *o = json_object();
	char at[TIME_TEXT_SIZE], id[UUID_TEXT_SIZE];
	int r;

	uuid_random(id);
	time_format(clock_wall_ms(), at);
	json_set_str(o, "schema", SCHEMA "/1");
	json_set_str(o, "id", id);
	json_set_str(o, "at", at);
	json_set_str(o, "who", c->who);
	json_set_str(o, "why", c->why);
	json_set_str(o, "what", kinds[c->what].name);
	json_set_str(o, "for", command_for(c));
	json_set_str(o, "complaint", c->complaint);
	json_set_new(o, "version", c->complaint ? json_integer(c->version) : json_null());
	json_set_str(o, "message", c->message);
	json_set_new(o, "fields", c->fields ? json_deep_copy(c->fields) : json_object());
	json_set_str(o, "destination", c->destination);
	json_set_str(o, "attempt", c->attempt);
	json_set_str(o, "resolution", c->resolution);
	json_set_str(o, "remote_id", c->remote_id);
	if (c->entered_on)
		json_set_str(o, "entered_on", c->entered_on);
	r = check(o, e);
	if (r)
		return r;
	if (ret_id)
		memcpy(ret_id, id, sizeof id);
	*ret = TAKE_PTR(o);
	return 0;
}

int command_parse(const void *p, size_t n, json_t **ret, struct err *e)
{
	return schema_parse(p, n, RECORD_MAX, SCHEMA, MAJOR, check, ret, e);
}
