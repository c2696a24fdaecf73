/* What is no message: results of media, commands, refusals of the forwarder, timers, and what a
 * restored log asks for. Rules: decide.h. */
#include "decide_private.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/command.h"
#include "complaint.h"

/* --- media --- */

/* Into the snapshot that has its message; the last of those waited for settles it. */
static void take_media(struct ctx *x, struct decision *d, const json_t *old, json_t *c)
{
	json_object_set(c, "timers", json_object_get(old, "timers"));
	if (json_flag(c, "after_filing"))
		complaint_fresh(c, x->now_ms);
	ctx_because(x, "media", "%s",
		json_str_or(json_object_get(x->in->record, "attachment"), "state", ""));
	if (complaint_is(c, "open") && json_str(c, "media_until") && !complaint_pending(c)) {
		json_set_new(c, "timers", json_array());
		complaint_settle(c, d->id, x->now_ms, x->rules);
		ctx_because(x, "media-complete", "%s", json_str_or(c, "state", ""));
	}
	x->outcome = "media";
	ctx_put(x, c);
}

enum decide_verdict decide_media(struct ctx *x, struct decision *d)
{
	const json_t *m = x->in->record, *attachment = json_object_get(m, "attachment");
	const char *message = json_str_or(m, "message", "");
	_cleanup_json_ json_t *place = NULL, *old = NULL, *c = NULL;
	json_t *r;

	if (m)
		snprintf(d->id, sizeof(d->id), "%s", json_str_or(m, "id", d->id));
	if (ctx_absorbed(x, "media", d->id))
		return DECIDE_ABSORBED;
	ctx_add_own_input(x, d->id, NULL);
	if (!m || !json_is_object(attachment)) {
		ctx_note(x, d->id, m ? "no attachment in it" : x->in->unusable, NULL);
		return DECIDE_RECORD;
	}
	place = ctx_lookup_json(x, "a", message);
	if (!place) {
		r = ctx_note(x, d->id, "its message has not come yet", message);
		json_set_str(r, "waits_for", message);
		json_set_new(r, "content", json_deep_copy(m));
		return DECIDE_RECORD;
	}
	if (strcmp(json_str_or(place, "place", ""), "complaint") == 0)
		old = ctx_lookup_json(x, "c", json_str_or(place, "ref", ""));
	c = old ? ctx_next(x, old) : NULL;
	if (!c) {
		ctx_note(x, d->id, "its message is in no complaint", message);
	} else if (!complaint_media(c, message, attachment)) {
		ctx_note(x, d->id, "its complaint has it already, or has no such attachment",
			json_str(c, "id"));
	} else {
		take_media(x, d, old, TAKE_PTR(c));
	}
	return DECIDE_RECORD;
}

/* --- commands --- */

static void refuse(struct ctx *x, const char *id, const char *about, const char *reason)
{
	json_t *r = ctx_note(x, id, reason, about);

	json_set_new(r, "refused", json_true());
	ctx_because(x, "refused", "%s", reason);
	x->outcome = "refused";
}

/* Each returns why it is refused, or NULL. */
static const char *do_release(struct ctx *x, const json_t *command, json_t *c)
{
	if (!complaint_is(c, "review") && !complaint_is(c, "held"))
		return "only what is held or in review can be released";
	complaint_release(c, json_str(command, "id"), x->now_ms);
	x->outcome = "released";
	return NULL;
}

static const char *do_hold(struct ctx *x, const json_t *command, json_t *c)
{
	json_set_str(c, "held_by", json_str(command, "id"));
	complaint_settle(c, json_str_or(command, "id", ""), x->now_ms, x->rules);
	if (!complaint_is(c, "review")) /* an emergency stays where it is seen first */
		complaint_set_state(c, "held");
	x->outcome = "held";
	return NULL;
}

static const char *do_archive(struct ctx *x, const json_t *command, json_t *c)
{
	(void)command;
	complaint_close(c, "archived", "by a person");
	x->outcome = "closed";
	return NULL;
}

static const char *do_complete(struct ctx *x, const json_t *command, json_t *c)
{
	const char *bad = complaint_fill(c, json_object_get(command, "fields"), x->rules);

	if (bad)
		return "a field is unknown, too long or not a text";
	if (complaint_is(c, "open"))
		complaint_reopen(c, false, json_str_or(command, "id", ""), x->now_ms, x->rules);
	else
		complaint_settle(c, json_str_or(command, "id", ""), x->now_ms, x->rules);
	x->outcome = "completed";
	return NULL;
}

/* A person decides of what came after the filing: let it be told, or keep it. What was told stays.
 */
static bool about_news(const json_t *command, const json_t *old)
{
	enum command_what what = command_what_get(command);

	return json_flag(old, "after_filing") && (what == CMD_RELEASE || what == CMD_HOLD);
}

typedef const char *command_fn(struct ctx *x, const json_t *command, json_t *c);
static const struct {
	enum command_what what;
	command_fn *fn;
} complaint_commands[] = {
	{CMD_RELEASE, do_release},
	{CMD_HOLD, do_hold},
	{CMD_ARCHIVE, do_archive},
	{CMD_COMPLETE, do_complete},
};

static void command_complaint(struct ctx *x, const json_t *command, command_fn *fn)
{
	const char *id = json_str_or(command, "id", ""), *reason = NULL;
	const char *about = json_str_or(command, "complaint", "");
	_cleanup_json_ json_t *old = ctx_lookup_json(x, "c", about), *c = NULL;

	if (!old) {
		refuse(x, id, about, "there is no such complaint");
		return;
	}
	c = ctx_next(x, old);
	if (json_int(command, "version", -1) != json_int(old, "version", 0))
		reason = "the complaint has another version by now: look again";
	else if (json_flag(c, "after_filing") && !about_news(command, old))
		reason = "the complaint is filed";
	else if (complaint_closed(old))
		reason = "the complaint is closed";
	else
		reason = fn(x, command, c);
	if (reason) {
		refuse(x, id, about, reason);
		return;
	}
	ctx_because(x, "command", "%s", json_str_or(command, "what", ""));
	ctx_put(x, TAKE_PTR(c));
}

/* Is this raw record the message asked for, by its own id or, a conflict, by the extended one? */
static bool is_again(struct arrival *a, const json_t *record, const char *message)
{
	char extended[UUID_TEXT_SIZE];

	arrival_fill(a, record);
	if (strcmp(a->id, message) == 0)
		return true;
	message_id_conflict(a->id, a->hash, extended);
	if (strcmp(extended, message) != 0)
		return false;
	memcpy(a->id, extended, sizeof(extended));
	a->conflict = true;
	return true;
}

/* A message decided dead or archived is decided anew from its raw record. */
static enum decide_verdict command_replay(struct ctx *x, const json_t *command, struct decision *d)
{
	const char *id = json_str_or(command, "id", ""),
		   *message = json_str_or(command, "message", "");
	_cleanup_json_ json_t *place = ctx_lookup_json(x, "a", message);
	const char *where = json_str_or(place, "place", "");
	struct arrival a = {.topic = json_str(place, "topic"),
		.partition = (int32_t)json_int(place, "partition", 0),
		.offset = json_int(place, "offset", -1)};

	if (!place || (strcmp(where, "dead") != 0 && strcmp(where, "archived") != 0)) {
		refuse(x, id, message,
			place ? "the message is neither dead nor archived"
			      : "there is no such message");
	} else if (x->in->again_error) {
		refuse(x, id, message, x->in->again_error);
	} else if (!x->in->again) {
		snprintf(d->topic, sizeof(d->topic), "%s", a.topic ? a.topic : "");
		d->partition = a.partition;
		d->offset = a.offset;
		return DECIDE_FETCH;
	} else if (!is_again(&a, x->in->again, message)) {
		refuse(x, id, message, "another record stands where its raw record was");
	} else {
		ctx_because(x, "replay", "%s", message);
		place_message(x, &a);
	}
	return DECIDE_RECORD;
}

static bool for_another(const json_t *command)
{
	static const char *const others[] = {"forwarder", "replier", "alarm", "media"};
	const char *to = json_str_or(command, "for", "");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(to, others[i]) == 0)
			return true;
	return false;
}

enum decide_verdict decide_command(struct ctx *x, struct decision *d)
{
	const json_t *command = x->in->record;
	size_t i;

	if (command) {
		if (for_another(command))
			return DECIDE_IGNORED;
		snprintf(d->id, sizeof(d->id), "%s", json_str_or(command, "id", d->id));
	}
	if (ctx_absorbed(x, "command", d->id))
		return DECIDE_ABSORBED;
	ctx_add_own_input(x, d->id, NULL);
	if (!command) {
		refuse(x, d->id, NULL, x->in->unusable);
		return DECIDE_RECORD;
	}
	for (i = 0; i < ARRAY_SIZE(complaint_commands); i++)
		if (command_what_get(command) == complaint_commands[i].what) {
			command_complaint(x, command, complaint_commands[i].fn);
			return DECIDE_RECORD;
		}
	if (command_what_get(command) == CMD_REPLAY)
		return command_replay(x, command, d);
	if (command_what_get(command) == CMD_ACCEPT_RESTORE) {
		ctx_note(x, d->id, "the log is accepted as it is", NULL);
		ctx_because(x, "restore", "what was ready is in review");
		return x->in->accepted ? DECIDE_RECORD : DECIDE_ACCEPT;
	}
	refuse(x, d->id, NULL, "the normalizer does not know this command");
	return DECIDE_RECORD;
}

/* --- refusals of the forwarder, timers --- */

enum decide_verdict decide_submission(struct ctx *x, struct decision *d)
{
	const json_t *s = x->in->record;
	const char *about = json_str_or(s, "complaint", ""), *other = json_str_or(s, "other", "");
	_cleanup_json_ json_t *old = ctx_lookup_json(x, "c", about);
	json_t *c;

	if (ctx_absorbed(x, "submission", d->id))
		return DECIDE_ABSORBED;
	ctx_add_own_input(x, d->id, NULL);
	if (!old || !complaint_is(old, "ready") ||
		json_int(old, "version", 0) != json_int(s, "version", -1) ||
		strcmp(about, other) == 0) {
		ctx_note(
			x, d->id, "refused filing of a version that is not the present one", about);
		return DECIDE_RECORD;
	}
	c = complaint_next(old);
	if (*other)
		complaint_add_link(c, other, "already-filed");
	complaint_add_reason(c, "already-filed");
	json_set_str(c, "ready_at", NULL);
	complaint_set_state(c, "review");
	ctx_because(x, "already-filed", "%s", other);
	x->outcome = "linked";
	ctx_put(x, c);
	return DECIDE_RECORD;
}

static bool has_timer(const json_t *c, const char *id)
{
	const json_t *t;
	size_t i;

	json_array_foreach (json_object_get(c, "timers"), i, t)
		if (strcmp(json_str_or(t, "id", ""), id) == 0)
			return true;
	return false;
}

enum decide_verdict decide_timer(struct ctx *x, struct decision *d)
{
	char complaint[UUID_TEXT_SIZE];
	_cleanup_json_ json_t *old = NULL;
	json_t *c;

	snprintf(complaint, sizeof(complaint), "%.36s", d->id); /* it begins with the complaint */
	old = ctx_lookup_json(x, "c", complaint);
	if (!old || !has_timer(old, d->id))
		return DECIDE_IGNORED;
	ctx_add_own_input(x, d->id, NULL);
	c = ctx_next(x, old);
	/* One that is filed is never put away for what it lacks. */
	if (complaint_is(old, "open") || json_flag(c, "after_filing")) {
		complaint_settle(c, d->id, x->now_ms, x->rules);
		ctx_because(x, complaint_is(c, "open") ? "media-wait" : "quiet-period", "%s",
			json_str_or(c, "media_until", "over"));
		x->outcome = "settled";
	} else {
		complaint_close(c, "archived", "incomplete");
		complaint_want_reply(c, "incomplete", d->id);
		ctx_because(x, "incomplete", "nothing came in time");
		x->outcome = "expired";
	}
	ctx_put(x, c);
	return DECIDE_RECORD;
}

/* Rule 4: what the log lost nobody knows, so a person looks at everything that would be filed. */
enum decide_verdict decide_restore(struct ctx *x, struct decision *d)
{
	const char *slash = strchr(d->id, '/');
	_cleanup_json_ json_t *old = slash ? ctx_lookup_json(x, "c", slash + 1) : NULL;
	json_t *c;

	if (ctx_absorbed(x, "restore", d->id))
		return DECIDE_ABSORBED;
	if (!old || !complaint_is(old, "ready") ||
		(ctx_filed(x, slash + 1) && !json_flag(old, "after_filing")))
		return DECIDE_IGNORED;
	ctx_add_own_input(x, d->id, NULL);
	c = ctx_next(x, old);
	complaint_add_reason(c, "restored");
	json_set_str(c, "ready_at", NULL);
	complaint_set_state(c, "review");
	ctx_because(x, "restore", "was ready when the log lost records");
	x->outcome = "restored";
	ctx_put(x, c);
	return DECIDE_RECORD;
}
