/* worklist: `muaractl worklist`: what waits for a person in the forwarder, and since when. Changes
 * nothing; a timer runs it (deploy/systemd/muara-worklist.timer). */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/options.h"
#include "base/util.h"

#include "attempts.h"
#include "commands.h"
#include "print.h"
#include "tail.h"
#include "waitlist.h"

#define OVERDUE_DEFAULT "2d"

/* Of the complaints that are asked for: state, version and agency of the newest version. */
static int on_decision(void *ctx, const struct sight *s)
{
	json_t *wanted = ctx;
	const json_t *r;
	size_t i;

	if (!s->entry)
		return 0;
	json_array_foreach (json_object_get(s->entry->body, "results"), i, r) {
		json_t *known = json_object_get(wanted, json_str_or(r, "id", ""));

		if (!known || strcmp(json_str_or(r, "type", ""), "complaint") != 0)
			continue;
		json_set_str(known, "state", json_str(r, "state"));
		json_set_int(known, "version", json_int(r, "version", 0));
		json_set_str(known, "agency", json_str(r, "agency"));
	}
	return 0;
}

static int read_complaints(struct ctl *c, int lane, const json_t *waiting, json_t *complaints)
{
	const json_t *row, *known;
	struct err e = {0};
	const char *id;
	json_t *v;
	void *next;
	size_t i;

	json_array_foreach (waiting, i, row)
		json_set_new(complaints, json_str_or(row, "complaint", ""), json_object());
	if (json_array_size(waiting) &&
		tail_read_all(c, "complaints", lane, on_decision, complaints, &e))
		return ctl_fail(c, "%s", e.text);
	json_object_foreach_safe (complaints, next, id, v) {
		known = v;
		if (!json_str(known, "state")) /* erased */
			json_object_del(complaints, id);
	}
	return CTL_OK;
}

static const struct print_column columns[] = {{"overdue", "OVERDUE", false},
	{"ticket", "TICKET", false}, {"state", "STATE", false}, {"call", "CALL", false},
	{"destination", "DESTINATION", false}, {"agency", "AGENCY", false},
	{"since", "SINCE", false}, {"waits", "WAITS", false}, {"reminded", "REMINDED", true},
	{"do", "DO", false}, {}};

static void show(const struct ctl *c, const json_t *rows, long overdue, const char *limit)
{
	if (c->json) {
		print_json(c->out, rows);
		return;
	}
	if (ctl_opt(c, "--csv")) {
		print_csv(c->out, columns, rows);
		return;
	}
	print_table(c->out, columns, rows, "nothing waits for a person");
	if (json_array_size(rows))
		fprintf(c->out, "%zu wait for a person, %ld of them longer than %s\n",
			json_array_size(rows), overdue, limit);
}

int ctl_worklist(struct ctl *c)
{
	_cleanup_json_ json_t *waiting = NULL, *complaints = json_object(), *rows = NULL;
	const char *limit = ctl_opt(c, "--overdue") ? ctl_opt(c, "--overdue") : OVERDUE_DEFAULT;
	struct waitlist_conf conf = {
		.now_ms = clock_wall_ms(), .zone_minutes = muara_zone_minutes(&c->conf)};
	int lane = ctl_lane_opt(c);
	struct err e = {0};
	const json_t *row;
	long overdue = 0;
	size_t i;

	if (lane == -EINVAL)
		return CTL_USAGE;
	if (options_parse_duration(limit, &conf.overdue_ms))
		return ctl_usage(c, "--overdue: a duration, such as 2d or 12h");
	if (attempts_waiting(c, lane, &waiting, &e))
		return ctl_fail(c, "%s", e.text);
	if (read_complaints(c, lane, waiting, complaints))
		return CTL_FAILED;
	rows = waitlist_rows(waiting, complaints, &conf);
	json_array_foreach (rows, i, row)
		overdue += json_flag(row, "overdue");
	show(c, rows, overdue, limit);
	return overdue ? CTL_FAILED : CTL_OK;
}
