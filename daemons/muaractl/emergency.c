/* emergency: `emergency list|show|ack`: what rings, what it is, and that a person takes it.
 *
 * `ack` is a command for muara-alarm; it names events, not messages: what is said after it is an
 * event of its own. A command that muara-alarm refused (someone was
 * faster) is told with --wait. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/command.h"

#include "commands.h"
#include "deads.h"
#include "emergencies.h"
#include "print.h"
#include "tail.h"

#define LOOK_AGAIN_US 100000
#define WAIT_MAX_S    86400

/* --- list --- */

static int compare_rows(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int d = strcmp(json_str_or(x, "at", ""), json_str_or(y, "at", ""));

	return d ? d : strcmp(json_str_or(x, "id", ""), json_str_or(y, "id", ""));
}

static json_t *sorted_rows(json_t *events, bool all)
{
	_cleanup_free_ json_t **rows = xcalloc(json_object_size(events) + 1, sizeof(json_t *));
	json_t *list = json_array(), *event;
	const char *id;
	size_t n = 0;

	json_object_foreach (events, id, event)
		if (all || strcmp(json_str_or(event, "state", ""),
				   emergency_state_name(ES_RAISED)) == 0)
			rows[n++] = event;
	qsort(rows, n, sizeof *rows, compare_rows);
	for (size_t i = 0; i < n; i++)
		json_array_append(list, rows[i]);
	return list;
}

static const struct print_column list_columns[] = {{"state", "STATE", false},
	{"ticket", "TICKET", false}, {"tenant", "TENANT", false}, {"channel", "CHANNEL", false},
	{"rule", "RULE", false}, {"word", "WORD", false}, {"at", "RAISED", false},
	{"rings", "RINGS", true}, {"rang_at", "LAST RING", false}, {"by", "TAKEN BY", false},
	{"id", "ID", false}, {}};

int ctl_emergency_list(struct ctl *c)
{
	_cleanup_json_ json_t *events = NULL, *rows = NULL;
	struct err e = {0};
	int lane = ctl_lane_opt(c);

	if (lane == -EINVAL)
		return CTL_USAGE;
	if (emergencies_read(c, lane, &events, &e))
		return ctl_fail(c, "%s", e.text);
	rows = sorted_rows(events, ctl_opt(c, "--all") != NULL);
	if (c->json)
		print_json(c->out, rows);
	else
		print_table(c->out, list_columns, rows, "no emergency waits for a person");
	return CTL_OK;
}

/* --- the one that is meant --- */

/* By its id or its ticket; two may share a ticket: the one that still rings. NULL: there is none,
 * told. */
static const json_t *find_event(struct ctl *c, json_t *events, const char *text)
{
	char ticket[TICKET_TEXT_SIZE] = "";
	const json_t *found = json_object_get(events, text);
	const char *id;
	json_t *event;

	if (!found && !uuid_valid(text) && ticket_parse(text, ticket)) {
		ctl_usage(c, "the ticket or the id of an emergency (muaractl emergency list)");
		return NULL;
	}
	if (*ticket)
		json_object_foreach (events, id, event)
			if (strcmp(json_str_or(event, "ticket", ""), ticket) == 0 &&
				(!found || !json_str(event, "acknowledged_at")))
				found = event;
	if (!found)
		ctl_fail(c, "no emergency of this id or ticket is known (muaractl emergency list "
			    "--all)");
	return found;
}

static const struct print_column show_columns[] = {{"id", "id", false}, {"ticket", "ticket", false},
	{"state", "state", false}, {"tenant", "tenant", false}, {"channel", "channel", false},
	{"rule", "rule", false}, {"word", "word", false}, {"sent_at", "sent", false},
	{"at", "raised", false}, {"rings", "rings", false}, {"rang_at", "last ring", false},
	{"acknowledged_at", "acknowledged", false}, {"by", "by", false},
	{"message", "message", false}, {}};

int ctl_emergency_show(struct ctl *c)
{
	_cleanup_json_ json_t *events = NULL;
	const json_t *event;
	struct err e = {0};

	if (emergencies_read(c, -1, &events, &e))
		return ctl_fail(c, "%s", e.text);
	event = find_event(c, events, c->args[0]);
	return event ? raw_show(c, event, show_columns) : CTL_FAILED;
}

/* --- ack --- */

struct waiting { /* for the answers to the commands of `rows` */
	json_t *rows;
	size_t left;
};

static json_t *row_of(json_t *rows, const char *command)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (strcmp(json_str_or(row, "command", ""), command) == 0)
			return row;
	return NULL;
}

static int on_answer(void *ctx, const struct kafka_record *r)
{
	struct waiting *w = ctx;
	_cleanup_json_ json_t *o = NULL;
	json_t *row;

	if (!r->value || emergency_parse(r->value, r->value_len, &o, NULL))
		return 0;
	row = row_of(w->rows, json_str_or(o, "command", ""));
	if (!row || strcmp(json_str_or(row, "result", ""), "written") != 0)
		return 0;
	json_set_str(row, "result", emergency_kind_get(o) == EM_REFUSED ? "refused" : "done");
	if (json_str(o, "reason"))
		json_set_str(row, "reason", json_str(o, "reason"));
	w->left--;
	return 0;
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

/* The topic is small: it is read from its beginning each time. */
static int wait_answers(struct ctl *c, struct waiting *w, int64_t timeout_ms, struct err *e)
{
	int64_t until = clock_mono_ms() + timeout_ms;

	for (;;) {
		int r = tail_read_topic(c, "emergencies", -1, on_answer, w, e);

		if (r || !w->left || clock_mono_ms() >= until)
			return r;
		usleep(LOOK_AGAIN_US);
	}
}

static int write_ack(struct ctl *c, const json_t *event, json_t *rows)
{
	struct command command = {.what = CMD_ACKNOWLEDGE,
		.who = c->who,
		.why = c->why,
		.message = json_str(event, "id")};
	_cleanup_json_ json_t *record = NULL, *row = json_object();
	_cleanup_free_ char *text = NULL;
	char id[UUID_TEXT_SIZE], topic[TOPIC_NAME_SIZE];
	struct err e = {0};
	size_t len;
	int r = command_build(&command, &record, id, &e);

	if (!r) {
		text = json_text(record, &len);
		r = ctl_append(c, muara_topic(&c->conf, "commands", topic),
			(int32_t)json_int(event, "lane", 0), id, text, len, NULL, &e);
	}
	if (r)
		return ctl_fail(c, "%s", e.text);
	json_set_str(row, "ticket", json_str(event, "ticket"));
	json_set_str(row, "id", json_str(event, "id"));
	json_set_str(row, "command", id);
	json_set_str(row, "result", "written");
	json_array_append(rows, row);
	return CTL_OK;
}

static const struct print_column ack_columns[] = {{"ticket", "TICKET", false},
	{"result", "RESULT", false}, {"reason", "REASON", false}, {"command", "COMMAND", false},
	{"id", "ID", false}, {}};

static int tell(struct ctl *c, const json_t *rows, size_t unanswered)
{
	size_t i, refused = 0;
	const json_t *row;

	json_array_foreach (rows, i, row)
		refused += strcmp(json_str_or(row, "result", ""), "refused") == 0;
	if (c->json)
		print_json(c->out, rows);
	else
		print_table(c->out, ack_columns, rows, NULL);
	if (refused)
		return ctl_fail(c, "%zu refused: %s", refused,
			json_str_or(json_array_get(rows, 0), "reason", "see above"));
	if (unanswered)
		return ctl_fail(c,
			"%zu not taken yet by muara-alarm; they stand in the log and will be",
			unanswered);
	return CTL_OK;
}

/* Nothing is written unless all of them are known and ring. */
static int check_events(struct ctl *c, json_t *events)
{
	for (int i = 0; i < c->n_args; i++) {
		const json_t *event = find_event(c, events, c->args[i]);

		if (!event)
			return CTL_FAILED;
		if (json_str(event, "acknowledged_at"))
			return ctl_fail(c, "%s was acknowledged before, by %s", c->args[i],
				json_str_or(event, "by", "a person"));
	}
	return CTL_OK;
}

int ctl_emergency_ack(struct ctl *c)
{
	_cleanup_json_ json_t *events = NULL, *rows = json_array();
	struct waiting w = {.rows = rows};
	struct err e = {0};
	int64_t ms;
	int r = timeout_of(c, &ms);

	if (r)
		return r;
	if (emergencies_read(c, -1, &events, &e))
		return ctl_fail(c, "%s", e.text);
	r = check_events(c, events);
	for (int i = 0; !r && i < c->n_args; i++)
		r = write_ack(c, find_event(c, events, c->args[i]), rows);
	if (r)
		return r;
	if (ctl_opt(c, "--wait")) {
		w.left = json_array_size(rows);
		if (wait_answers(c, &w, ms, &e))
			return ctl_fail(c, "%s", e.text);
	}
	return tell(c, rows, w.left);
}
