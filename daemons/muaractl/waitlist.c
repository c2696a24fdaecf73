/* waitlist: see waitlist.h. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"

#include "waitlist.h"
#include "wayout.h"

static bool is(const json_t *o, const char *key, const char *value)
{
	return strcmp(json_str_or(o, key, ""), value) == 0;
}

/* Whether what was rejected or refused is still as it was, or a person has it before him. */
static bool waits(const json_t *row, const json_t *complaint)
{
	bool newer = json_int(complaint, "version", 0) > json_int(row, "version", 0);

	if (is(row, "state", "handed") || is(row, "state", "parked") || !complaint)
		return true;
	if (is(complaint, "state", "review") || is(complaint, "state", "held"))
		return true;
	return !newer && is(complaint, "state", "ready");
}

static char *what_to_do(const json_t *row)
{
	const char *ticket = json_str_or(row, "ticket", "?");
	char other[TICKET_TEXT_SIZE] = "?";

	if (is(row, "state", "handed") && is(row, "call", "followup"))
		return xasprintf(
			"tell the report, then: muaractl resolve %s --filed NUMBER (the report's "
			"own)",
			json_str_or(row, "attempt", "?"));
	if (is(row, "state", "handed"))
		return xasprintf("type it in, then: muaractl resolve %s --filed NUMBER", ticket);
	if (!is(row, "state", "refused"))
		return xasprintf("muaractl parked show %s", json_str_or(row, "attempt", "?"));
	(void)ticket_of(json_str_or(row, "other", ""), other);
	return xasprintf("filed already as part of %s? muaractl show %s, then release or archive",
		other, ticket);
}

static void set_waits(json_t *out, int64_t ms)
{
	const int64_t hours = MAX(ms, 0) / 3600000;
	_cleanup_free_ char *text =
		hours < 24 ? xasprintf("%" PRId64 " h", hours)
			   : xasprintf("%" PRId64 " d %" PRId64 " h", hours / 24, hours % 24);

	json_set_str(out, "waits", text);
	json_set_int(out, "waits_s", MAX(ms, 0) / 1000);
}

static json_t *one_row(const json_t *row, const json_t *complaint, const struct waitlist_conf *conf)
{
	static const char *const copied[] = {
		"ticket", "state", "call", "destination", "attempt", "complaint"};
	_cleanup_free_ char *act = what_to_do(row);
	const char *since = json_str_or(row, "since", "");
	char local[LOCAL_TIME_SIZE];
	json_t *out = json_object();
	int64_t ms = conf->now_ms;

	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		json_object_set(out, copied[i], json_object_get(row, copied[i]));
	(void)time_parse(since, &ms);
	local_time(since, conf->zone_minutes, local);
	json_set_new(out, "overdue", json_boolean(conf->now_ms - ms > conf->overdue_ms));
	json_set_str(out, "agency", json_str(complaint, "agency"));
	json_set_str(out, "since", local);
	set_waits(out, conf->now_ms - ms);
	json_set_int(out, "reminded", json_int(row, "reminded", 0));
	json_set_str(out, "do", act);
	return out;
}

static int compare(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int d = json_flag(y, "overdue") - json_flag(x, "overdue");
	int64_t age = json_int(y, "waits_s", 0) - json_int(x, "waits_s", 0);

	if (!d)
		d = (age > 0) - (age < 0);
	return d ? d : strcmp(json_str_or(x, "ticket", ""), json_str_or(y, "ticket", ""));
}

json_t *waitlist_rows(
	const json_t *waiting, const json_t *complaints, const struct waitlist_conf *conf)
{
	_cleanup_free_ json_t **rows = xcalloc(json_array_size(waiting) + 1, sizeof(json_t *));
	json_t *list = json_array();
	const json_t *row;
	size_t i, n = 0;

	json_array_foreach (waiting, i, row) {
		const json_t *c = json_object_get(complaints, json_str_or(row, "complaint", ""));

		if (waits(row, c))
			rows[n++] = one_row(row, c, conf);
	}
	qsort(rows, n, sizeof *rows, compare);
	for (i = 0; i < n; i++)
		json_array_append_new(list, rows[i]);
	return list;
}
