/* act: see act.h.
 *
 * With --wait the answering log is read to its end before the command is written, so that nothing
 * of the answer is missed and its ruling is known; then only what is new is read. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"

#include "act.h"
#include "print.h"
#include "tail.h"

#define LOOK_AGAIN_US 200000
#define WAIT_MAX_S    86400

struct answer {
	const char *id; /* of the command */
	json_t *row;	/* what is printed */
	bool absorbed, refused;
};

static void refuse(struct answer *a, const char *reason)
{
	a->absorbed = a->refused = true;
	json_set_str(a->row, "result", "refused");
	json_set_str(a->row, "reason", reason);
}

static bool absorbs(const json_t *decision, const char *command)
{
	const json_t *input;
	size_t i;

	json_array_foreach (json_object_get(decision, "inputs"), i, input)
		if (strcmp(json_str_or(input, "type", ""), "command") == 0 &&
			strcmp(json_str_or(input, "id", ""), command) == 0)
			return true;
	return false;
}

/* The decision that absorbed it: what it made of the complaint, or the message. */
static void take_decision(struct answer *a, const json_t *decision)
{
	const json_t *r;
	size_t i;

	a->absorbed = true;
	json_set_str(a->row, "result", "done");
	json_array_foreach (json_object_get(decision, "results"), i, r) {
		const char *type = json_str_or(r, "type", "");

		if (json_flag(r, "refused")) {
			refuse(a, json_str(r, "reason"));
		} else if (strcmp(type, "complaint") == 0) {
			json_set_str(a->row, "complaint", json_str(r, "id"));
			json_set_str(a->row, "ticket", json_str(r, "ticket"));
			json_set_int(a->row, "version", json_int(r, "version", 0));
			json_set_str(a->row, "state", json_str(r, "state"));
		} else {
			json_set_str(a->row, "state", type);
			json_set_str(a->row, "reason", json_str(r, "reason"));
		}
	}
}

static void take_submission(struct answer *a, const json_t *s)
{
	const char *reason = json_str(s, "reason");

	a->absorbed = true;
	if (strcmp(json_str_or(s, "result", ""), "refused") == 0) {
		refuse(a, reason);
		return;
	}
	json_set_str(a->row, "result", "done");
	json_set_str(a->row, "state", json_str(s, "resolution"));
	if (reason)
		json_set_str(a->row, "reason", reason);
}

static int on_answer(void *ctx, const struct sight *s)
{
	struct answer *a = ctx;
	const json_t *body = s->entry ? s->entry->body : NULL;

	if (!body)
		return 0;
	if (absorbs(body, a->id))
		take_decision(a, body);
	else if (strcmp(json_str_or(body, "command", ""), a->id) == 0)
		take_submission(a, body);
	return 0;
}

static int wait_answer(struct tail *t, struct answer *a, int64_t timeout_ms, struct err *e)
{
	int64_t until = clock_mono_ms() + timeout_ms;
	int r = 0;

	for (;;) {
		r = tail_read(t, on_answer, a, e);
		if (r || a->absorbed || clock_mono_ms() >= until)
			return r;
		usleep(LOOK_AGAIN_US);
	}
}

static int timeout_of(const struct ctl *c, int64_t *ret_ms)
{
	const char *s = ctl_opt(c, "--timeout");

	*ret_ms = 30;
	if (s && parse_i64(s, 0, WAIT_MAX_S, ret_ms))
		return ctl_usage(c, "--timeout: seconds, from 0 to %d", WAIT_MAX_S);
	*ret_ms *= 1000;
	return CTL_OK;
}

static const struct print_column columns[] = {{"command", "command", false},
	{"result", "result", false}, {"reason", "reason", false}, {"ticket", "ticket", false},
	{"complaint", "complaint", false}, {"version", "version", false}, {"state", "state", false},
	{"message", "message", false}, {"destination", "destination", false}, {}};

/* The daemons' words that a person can do something about. */
static const struct {
	const char *reason, *means;
} meanings[] = {
	{"not-a-report-number", "a number is 1 to 15 digits and does not begin with 0"},
	{"number-used-already",
		"it is another complaint's number there: look at both in the destination, one of "
		"the two was read wrong (muaractl trace NUMBER)"},
	{"number-is-the-destinations-own", "the destination gave it itself: nobody typed it"},
	{"no-number-to-correct", "no number of it was typed: muaractl resolve"},
	{"another-report-number", "a follow-up goes by its report's own number (muaractl trace)"},
	{"same-number", "it is the number that stands there"},
	{"not-a-day", "--date is YYYY-MM-DD, a day that exists"},
	{"entered-in-the-future", "--date is still to come where the forwarder runs"},
	{"entered-before-the-call",
		"on that day neither call nor sheet was there yet: is it the right complaint?"},
	{"entered-too-long-ago",
		"more than 31 days ago: is the year right, is it the right complaint?"},
	{"already-resolved", "its end stands in the log (muaractl trace TICKET)"},
	{"too-early-may-still-arrive",
		"the first call may still be travelling: look again in some minutes"},
	{"under-way", "its call is in flight: wait for its end"},
	{"not-sent-tried-again-by-itself", "nothing to do: it is sent again"},
	{"not-the-newest-attempt", "there is a newer attempt (muaractl parked list)"},
	{"stale-version", "the complaint has changed since: look at it again (muaractl show)"},
};

static const char *meaning_of(const char *reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (strcmp(meanings[i].reason, reason) == 0)
			return meanings[i].means;
	return NULL;
}

static int tell_refused(const struct ctl *c, const char *reason)
{
	const char *means = meaning_of(reason);

	return ctl_fail(c, "refused: %s%s%s", reason, means ? ": " : "", means ? means : "");
}

static int tell(struct ctl *c, const struct answer *a, bool waited)
{
	if (c->json)
		print_json(c->out, a->row);
	else
		print_object(c->out, columns, a->row);
	if (a->refused)
		return tell_refused(c, json_str_or(a->row, "reason", "no reason given"));
	if (waited && !a->absorbed)
		return ctl_fail(c,
			"not absorbed yet; it stands in the log and will be (muaractl trace %s)",
			a->id);
	return CTL_OK;
}

static int send_command(
	struct ctl *c, const json_t *record, const char *id, int32_t lane, struct err *e)
{
	char topic[TOPIC_NAME_SIZE];
	_cleanup_free_ char *text = NULL;
	size_t len;

	text = json_text(record, &len);
	return ctl_append(
		c, muara_topic(&c->conf, "commands", topic), lane, id, text, len, NULL, e);
}

static int run(struct ctl *c, const json_t *record, const char *log_name, int32_t lane,
	struct answer *a, struct err *e)
{
	struct tail *t = NULL;
	int64_t ms;
	int r;

	if (timeout_of(c, &ms))
		return -EINVAL;
	if (!ctl_opt(c, "--wait"))
		return send_command(c, record, a->id, lane, e);
	r = tail_open(c, log_name, lane, &t, e);
	if (!r)
		r = tail_read(t, on_answer, a, e);
	if (!r)
		r = send_command(c, record, a->id, lane, e);
	if (!r)
		r = wait_answer(t, a, ms, e);
	tail_close(t);
	return r;
}

int act(struct ctl *c, struct command *command, int32_t lane)
{
	_cleanup_json_ json_t *record = NULL, *row = json_object();
	struct answer a = {.row = row};
	char id[UUID_TEXT_SIZE];
	struct err e = {0};
	bool normalizer;
	int r;

	command->who = c->who;
	command->why = c->why;
	r = command_build(command, &record, id, &e);
	if (r)
		return ctl_fail(c, "%s", e.text);
	a.id = id;
	json_set_str(row, "command", id);
	json_set_str(row, "result", "written");
	if (command->complaint)
		json_set_str(row, "complaint", command->complaint);
	if (command->message)
		json_set_str(row, "message", command->message);
	if (command->destination)
		json_set_str(row, "destination", command->destination);
	normalizer = strcmp(command_for(command), "normalizer") == 0;
	r = run(c, record, normalizer ? "complaints" : "submissions", lane, &a, &e);
	if (r)
		return e.code ? ctl_fail(c, "%s", e.text) : CTL_USAGE;
	return tell(c, &a, ctl_opt(c, "--wait") != NULL);
}
