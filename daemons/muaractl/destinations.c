/* destinations: `destination list`: what stops each destination, by the log `submissions` of each
 * lane: a hold, an operator's pause, a restore that was accepted. The same words as the forwarder
 * starts with (its holds.h says what they mean); what it only waits out (a back-off, Retry-After)
 * is in its own STATUS and /healthz.
 *
 * Known gap: two forwarders that serve one destination in several lanes hold it each by itself;
 * each lane's row is its own forwarder's word. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/command.h"

#include "commands.h"
#include "print.h"
#include "tail.h"

struct stops {
	json_t *rows; /* "lane destination" -> row */
};

static json_t *row_of(struct stops *x, int32_t lane, const char *destination)
{
	_cleanup_free_ char *key = xasprintf("%d %s", (int)lane, destination);
	json_t *row = json_object_get(x->rows, key);

	if (row)
		return row;
	row = json_object();
	json_set_int(row, "lane", lane);
	json_set_str(row, "destination", destination);
	json_set_str(row, "state", "open");
	json_set_str(row, "reason", NULL);
	json_set_str(row, "since", NULL);
	json_object_set_new(x->rows, key, row);
	return row;
}

/* A stop that is there stays: what is paused and held is told as what came last. */
static void stop(json_t *row, const char *state, const char *reason, const json_t *body)
{
	json_set_str(row, "state", state);
	json_set_str(row, "reason", reason);
	json_set_str(row, "since", json_str(body, "at"));
	json_object_set_new(row, state, json_true());
}

static void opened(json_t *row, const json_t *body)
{
	json_object_del(row, "held");
	if (json_flag(row, "paused") || json_flag(row, "restored"))
		json_set_str(row, "state", json_flag(row, "paused") ? "paused" : "restored");
	else
		json_set_str(row, "state", "open");
	json_set_str(row, "reason", NULL);
	json_set_str(row, "since", json_str(body, "at"));
}

static void take_hold(struct stops *x, int32_t lane, const json_t *body)
{
	json_t *row = row_of(x, lane, json_str_or(body, "destination", ""));

	if (strcmp(json_str_or(body, "state", ""), "held") == 0)
		stop(row, "held", json_str(body, "reason"), body);
	else
		opened(row, body);
}

static void take_restore(struct stops *x, int32_t lane, const json_t *body)
{
	const char *key;
	json_t *row;

	json_object_foreach (x->rows, key, row)
		if (json_int(row, "lane", -1) == lane)
			stop(row, "restored", NULL, body);
}

static void take_command(struct stops *x, int32_t lane, const json_t *body)
{
	const char *what = json_str_or(body, "what", ""),
		   *destination = json_str(body, "destination");

	if (strcmp(json_str_or(body, "result", ""), "done") != 0)
		return;
	if (strcmp(what, command_what_name(CMD_ACCEPT_RESTORE)) == 0) {
		take_restore(x, lane, body);
	} else if (destination && strcmp(what, command_what_name(CMD_PAUSE)) == 0) {
		stop(row_of(x, lane, destination), "paused", NULL, body);
	} else if (destination && strcmp(what, command_what_name(CMD_RESUME)) == 0) {
		json_t *row = row_of(x, lane, destination);

		json_object_del(row, "paused");
		json_object_del(row, "restored");
		opened(row, body);
	}
}

static int on_submission(void *ctx, const struct sight *s)
{
	struct stops *x = ctx;
	const struct lane_entry *en = s->entry;

	if (en && en->ruling == LANE_COUNTS && strcmp(en->kind, "hold") == 0)
		take_hold(x, s->record->partition, en->body);
	else if (en && en->ruling == LANE_COUNTS && strcmp(en->kind, "command") == 0)
		take_command(x, s->record->partition, en->body);
	return 0;
}

static void add_tenants(struct stops *x, const struct ctl *c, int lane)
{
	const struct muara_tenant *t = c->conf.tenants.v;

	for (size_t i = 0; i < c->conf.tenants.n; i++) {
		json_t *row;

		if (lane >= 0 && t[i].lane != lane)
			continue;
		row = row_of(x, (int32_t)t[i].lane, t[i].destination);
		if (!json_object_get(row, "tenants"))
			json_set_new(row, "tenants", json_array());
		json_array_append_new(json_object_get(row, "tenants"), json_string(t[i].name));
	}
}

static const struct print_column columns[] = {{"lane", "LANE", true},
	{"destination", "DESTINATION", false}, {"state", "STATE", false},
	{"reason", "REASON", false}, {"since", "SINCE", false}, {"tenants", "TENANTS", false}, {}};

int ctl_destination_list(struct ctl *c)
{
	_cleanup_json_ json_t *all = json_object(), *rows = NULL;
	struct stops x = {.rows = all};
	struct err e = {0};
	int lane = ctl_lane_opt(c);

	if (lane == -EINVAL)
		return CTL_USAGE;
	add_tenants(&x, c, lane);
	if (tail_read_all(c, "submissions", lane, on_submission, &x, &e))
		return ctl_fail(c, "%s", e.text);
	rows = json_members(TAKE_PTR(all));
	if (c->json)
		print_json(c->out, rows);
	else
		print_table(c->out, columns, rows, "no tenant names a destination");
	return CTL_OK;
}
