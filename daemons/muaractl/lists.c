/* lists: `held list`, `review list`, `parked list`, `show`. Lists name complaints by ticket and say
 * why they wait; what the citizen wrote is shown only by `show`. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

#include "attempts.h"
#include "commands.h"
#include "print.h"
#include "snapshots.h"

static bool in_state(void *ctx, const json_t *snapshot)
{
	return strcmp(json_str_or(snapshot, "state", ""), ctx) == 0;
}

static json_t *channels_of(const json_t *snapshot)
{
	json_t *list = json_array();
	const json_t *s, *v;
	size_t i, k;

	json_array_foreach (json_object_get(snapshot, "sources"), i, s) {
		const char *channel = json_str_or(s, "channel", "?");
		bool there = false;

		json_array_foreach (list, k, v)
			there |= strcmp(json_string_value(v), channel) == 0;
		if (!there)
			json_array_append_new(list, json_string(channel));
	}
	return list;
}

static json_t *list_row(const json_t *found)
{
	static const char *const copied[] = {"id", "ticket", "tenant", "version", "state",
		"emergency", "missing", "opened_at", "last_message_at", "held_by", "timers"};
	const json_t *s = json_object_get(found, "snapshot");
	json_t *row = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		if (json_object_get(s, copied[i]))
			json_object_set(row, copied[i], json_object_get(s, copied[i]));
	json_object_set(row, "lane", json_object_get(found, "lane"));
	json_object_set(row, "reasons", json_object_get(json_object_get(s, "review"), "reasons"));
	json_set_new(row, "channels", channels_of(s));
	json_set_int(row, "messages", (int64_t)json_array_size(json_object_get(s, "sources")));
	return row;
}

/* Emergencies first, then the oldest. */
static int compare_rows(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int d = json_flag(y, "emergency") - json_flag(x, "emergency");

	if (!d)
		d = strcmp(json_str_or(x, "opened_at", ""), json_str_or(y, "opened_at", ""));
	return d ? d : strcmp(json_str_or(x, "id", ""), json_str_or(y, "id", ""));
}

static json_t *sorted_rows(const json_t *found)
{
	size_t n = json_array_size(found);
	_cleanup_free_ json_t **rows = xcalloc(n + 1, sizeof(json_t *));
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		rows[i] = list_row(json_array_get(found, i));
	qsort(rows, n, sizeof *rows, compare_rows);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, rows[i]);
	return list;
}

static const struct print_column held_columns[] = {{"ticket", "TICKET", false},
	{"tenant", "TENANT", false}, {"channels", "CHANNELS", false}, {"version", "VERSION", true},
	{"missing", "MISSING", false}, {"opened_at", "OPENED", false},
	{"last_message_at", "LAST MESSAGE", false}, {"id", "ID", false}, {}};
static const struct print_column review_columns[] = {{"emergency", "EMERGENCY", false},
	{"ticket", "TICKET", false}, {"tenant", "TENANT", false}, {"channels", "CHANNELS", false},
	{"version", "VERSION", true}, {"reasons", "REASONS", false}, {"missing", "MISSING", false},
	{"opened_at", "OPENED", false}, {"id", "ID", false}, {}};

static int list_state(
	struct ctl *c, const char *state, const struct print_column *columns, const char *none)
{
	char wanted[16];
	_cleanup_json_ json_t *found = NULL, *rows = NULL;
	struct err e = {0};
	int lane = ctl_lane_opt(c);

	if (lane == -EINVAL)
		return CTL_USAGE;
	snprintf(wanted, sizeof wanted, "%s", state);
	if (snapshots_read(c, lane, in_state, wanted, &found, &e))
		return ctl_fail(c, "%s", e.text);
	rows = sorted_rows(found);
	if (c->json)
		print_json(c->out, rows);
	else
		print_table(c->out, columns, rows, none);
	return CTL_OK;
}

int ctl_held_list(struct ctl *c)
{
	return list_state(c, "held", held_columns, "nothing is held");
}

int ctl_review_list(struct ctl *c)
{
	return list_state(c, "review", review_columns, "nothing waits for review");
}

/* --- parked --- */

static const struct print_column parked_columns[] = {{"attempt", "ATTEMPT", false},
	{"state", "STATE", false}, {"ticket", "TICKET", false},
	{"destination", "DESTINATION", false}, {"call", "CALL", false}, {"number", "TRY", true},
	{"version", "VERSION", true}, {"since", "SINCE", false}, {"reason", "REASON", false},
	{"http_status", "HTTP", true}, {"complaint", "COMPLAINT", false}, {}};

int ctl_parked_list(struct ctl *c)
{
	_cleanup_json_ json_t *all = NULL, *rows = json_array();
	const json_t *row;
	struct err e = {0};
	int lane = ctl_lane_opt(c);
	size_t i;

	if (lane == -EINVAL)
		return CTL_USAGE;
	if (attempts_read(c, lane, &all, &e))
		return ctl_fail(c, "%s", e.text);
	json_array_foreach (all, i, row)
		if (ctl_opt(c, "--all") || strcmp(json_str_or(row, "state", ""), "in_flight") != 0)
			json_array_append(rows, (json_t *)(uintptr_t)row);
	if (c->json)
		print_json(c->out, rows);
	else
		print_table(c->out, parked_columns, rows, "nothing is parked");
	return CTL_OK;
}

/* --- show --- */

static const struct print_column show_columns[] = {{"ticket", "ticket", false}, {"id", "id", false},
	{"tenant", "tenant", false}, {"version", "version", false}, {"state", "state", false},
	{"closed", "closed", false}, {"emergency", "emergency", false},
	{"missing", "missing", false}, {"reasons", "reasons", false},
	{"classification", "classification", false}, {"supervisory", "supervisory", false},
	{"anonymous", "anonymous", false}, {"secret", "secret", false},
	{"category", "category", false}, {"agency", "agency", false},
	{"destination", "destination", false}, {"incident_date", "incident date", false},
	{"name", "name", false}, {"phone", "phone", false}, {"email", "e-mail", false},
	{"proof", "identity", false}, {"place", "place", false}, {"files", "files", false},
	{"linked", "linked", false}, {"messages", "messages", false},
	{"opened_at", "opened", false}, {"ready_at", "ready", false}, {"title", "title", false},
	{}};

static void texts_into(
	json_t *row, const char *key, const json_t *list, const char *member, const char *second)
{
	json_t *texts = json_array();
	const json_t *x;
	size_t i;

	json_array_foreach (list, i, x) {
		_cleanup_free_ char *text = xasprintf(
			"%s (%s)", json_str_or(x, member, "?"), json_str_or(x, second, "?"));

		json_array_append_new(texts, json_string(text));
	}
	if (json_array_size(texts))
		json_set_new(row, key, texts);
	else
		json_decref(texts);
}

static json_t *place_of(const json_t *location)
{
	static const char *const words[] = {"name", "address"};
	const json_t *lat = json_object_get(location, "lat"),
		     *lon = json_object_get(location, "lon");
	json_t *parts = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (json_str(location, words[i]))
			json_array_append_new(parts, json_string(json_str(location, words[i])));
	if (json_is_number(lat) && json_is_number(lon)) {
		_cleanup_free_ char *point =
			xasprintf("%.6f, %.6f", json_number_value(lat), json_number_value(lon));

		json_array_append_new(parts, json_string(point));
	}
	return parts;
}

static json_t *show_row(const json_t *s)
{
	json_t *row = json_copy((json_t *)(uintptr_t)s);
	const json_t *reporter = json_object_get(s, "reporter"),
		     *location = json_object_get(s, "location");

	json_object_update(row, (json_t *)(uintptr_t)reporter);
	json_set_int(row, "messages", (int64_t)json_array_size(json_object_get(s, "sources")));
	json_object_set(row, "reasons", json_object_get(json_object_get(s, "review"), "reasons"));
	texts_into(row, "files", json_object_get(s, "attachments"), "id", "state");
	texts_into(row, "linked", json_object_get(s, "links"), "complaint", "reason");
	if (json_is_object(location))
		json_set_new(row, "place", place_of(location));
	return row;
}

int ctl_show(struct ctl *c)
{
	_cleanup_json_ json_t *found = NULL, *row = NULL;
	_cleanup_free_ char *text = NULL;
	const json_t *snapshot;
	int r = ref_one(c, c->args[0], &found);

	if (r)
		return r;
	snapshot = json_object_get(found, "snapshot");
	if (c->json) {
		print_json(c->out, snapshot);
		return CTL_OK;
	}
	row = show_row(snapshot);
	print_object(c->out, show_columns, row);
	text = print_clean(json_str_or(snapshot, "text", ""), true);
	fprintf(c->out, "\n%s\n", text);
	return CTL_OK;
}
