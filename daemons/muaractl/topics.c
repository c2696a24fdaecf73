/* topics: `muaractl topics create`: every topic of core/topics, and the genesis record of each lane
 * log (lane.md, rule 4).
 *
 * All is looked at before anything is made. A lane log that is missing or empty while other topics
 * hold records is not made: it was lost, and a fresh one would make the daemons file what was filed
 * before. The genesis is read back after it was written. Run twice: the same.
 * Known gap: two runs at the same moment can both write a genesis; the lane then holds, and the
 * second one finds it and says so. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"
#include "core/ids.h"
#include "core/lane_record.h"

#include "commands.h"
#include "estate.h"
#include "print.h"

#define VISIBLE_MS 10000

struct creation {
	struct ctl *c;
	struct estate before;
	char installation[40];
	const char *recreate; /* the lane log that may be made anew, NULL = none */
	json_t *rows;
	int faults;
};

static void row(struct creation *x, const struct topic *t, const char *what)
{
	json_array_append_new(x->rows, json_pack("{s:s, s:s, s:I}", "topic", t->name, "result",
					       what, "lanes", (json_int_t)x->c->conf.lanes));
}

static void fault(struct creation *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void fault(struct creation *x, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	ctl_fail(x->c, "%s", text);
	x->faults++;
}

/* --- looking, before anything is made --- */

/* A topic that holds records (a genesis does not count), NULL = none. */
static const char *holder(const struct creation *x)
{
	for (size_t i = 0; i < x->before.n; i++)
		if (x->before.topics[i].holds)
			return x->before.topics[i].topic.name;
	return NULL;
}

static void check_lost(struct creation *x, const struct estate_topic *t, const char *how)
{
	const char *other = holder(x);

	if (!other || (x->recreate && strcmp(x->recreate, t->topic.short_name) == 0))
		return;
	fault(x,
		"topic %s is %s, but %s holds records: the log was lost, and a new one would have "
		"everything filed again. Put it back from a copy. If there is none: `topics create "
		"--recreate %s`, then `restore --accept` sends every ready complaint to review",
		t->topic.name, how, other, t->topic.short_name);
}

static void check_log(
	struct creation *x, const struct estate_topic *t, int lane, const struct estate_log *l)
{
	if (*l->fault)
		fault(x, "topic %s lane %d %s", t->topic.name, lane, l->fault);
	else if (l->empty)
		check_lost(x, t, t->holds ? "empty in one of its lanes" : "empty");
	else if (strcmp(l->installation, x->installation) != 0)
		fault(x,
			"topic %s lane %d is of installation %s, not %s: another Muara's log, or "
			"the wrong prefix in muara.yaml",
			t->topic.name, lane, l->installation, x->installation);
	else if (l->lanes != (int)x->c->conf.lanes)
		fault(x,
			"topic %s was made with %d lanes, muara.yaml says %lld: the number is "
			"fixed for ever; set lanes: %d",
			t->topic.name, l->lanes, (long long)x->c->conf.lanes, l->lanes);
}

static void check_topic(struct creation *x, const struct estate_topic *t)
{
	if (!t->partitions) {
		if (t->topic.spec->lane_log)
			check_lost(x, t, "missing");
		return;
	}
	if (t->partitions != (int)x->c->conf.lanes) {
		fault(x, "topic %s has %d partitions, muara.yaml says lanes: %lld; they must agree",
			t->topic.name, t->partitions, (long long)x->c->conf.lanes);
		return;
	}
	for (int lane = 0; t->logs && lane < t->partitions; lane++)
		check_log(x, t, lane, &t->logs[lane]);
}

static bool lane_log_named(const char *name)
{
	for (const struct topic_spec *s = topic_specs; s->name; s++)
		if (s->lane_log && strcmp(s->name, name) == 0)
			return true;
	return false;
}

static int choose_installation(struct creation *x)
{
	const char *wanted = ctl_opt(x->c, "--installation");

	x->recreate = ctl_opt(x->c, "--recreate");
	if (x->recreate && !lane_log_named(x->recreate))
		return ctl_usage(x->c, "--recreate: one of complaints, submissions, replies");
	if (wanted && !uuid_valid(wanted))
		return ctl_usage(x->c, "--installation: a UUID in lower case");
	if (*x->before.installation)
		memcpy(x->installation, x->before.installation, sizeof x->installation);
	else if (wanted)
		snprintf(x->installation, sizeof x->installation, "%s", wanted);
	else
		uuid_random(x->installation);
	if (wanted && strcmp(wanted, x->installation) != 0)
		return ctl_fail(x->c, "these topics are of installation %s already, not of %s",
			x->installation, wanted);
	return CTL_OK;
}

/* --- making --- */

/* Somebody made it since we looked, or the broker's list lagged behind. */
static int found_after_all(struct creation *x, const struct topic *t, struct err *e)
{
	int64_t until = clock_mono_ms() + VISIBLE_MS;
	int partitions = 0, r = 0;

	while (!r && !partitions && clock_mono_ms() < until) {
		r = kafka_admin_topic(ctl_admin(x->c), t->name, &partitions, e);
		if (!r && !partitions)
			usleep(50000);
	}
	if (!r && partitions != (int)x->c->conf.lanes)
		return err_set(e, -EINVAL,
			"topic %s has %d partitions, muara.yaml says lanes: %lld; they must agree",
			t->name, partitions, (long long)x->c->conf.lanes);
	return r;
}

static int make_topic(struct creation *x, const struct topic *t, bool *ret_made, struct err *e)
{
	const char *configs[2 * TOPIC_CONFIGS_MAX + 1];
	int r;

	topic_config_list(t, configs);
	r = kafka_admin_create(ctl_admin(x->c), t->name, (int)x->c->conf.lanes,
		(int)x->c->conf.replication, configs, e);
	*ret_made = r == 0;
	return r == -EEXIST ? found_after_all(x, t, e) : r;
}

static int write_genesis(struct creation *x, const struct topic *t, int lane, struct err *e)
{
	char now[TIME_TEXT_SIZE];
	_cleanup_json_ json_t *body = NULL;
	_cleanup_free_ char *text = NULL;
	size_t len;

	time_format(clock_wall_ms(), now);
	body = lane_genesis_body(x->installation, (int)x->c->conf.lanes, t->short_name, lane, now);
	text = json_text(body, &len);
	return ctl_append(x->c, t->name, lane, LANE_GENESIS_KEY, text, len, NULL, e);
}

/* A second genesis would hold the lane for ever: look once more right before, and at what stands
 * there afterwards. */
static int begin_log(struct creation *x, const struct topic *t, int lane, struct err *e)
{
	struct estate_log l;
	int r = estate_read_log(x->c, t, lane, &l, e);

	if (!r && l.empty) {
		r = write_genesis(x, t, lane, e);
		if (!r)
			r = estate_read_log(x->c, t, lane, &l, e);
	}
	if (r)
		return r;
	if (!l.genesis || strcmp(l.installation, x->installation) != 0 || l.low != 0)
		return err_set(e, -EBADMSG,
			"topic %s lane %d: its first record is not the genesis written here: is "
			"another `topics create` at work?",
			t->name, lane);
	return 0;
}

static int create_one(struct creation *x, const struct estate_topic *t, struct err *e)
{
	bool made = false, began = false;
	int r = t->partitions ? 0 : make_topic(x, &t->topic, &made, e);

	for (int lane = 0; !r && t->topic.spec->lane_log && lane < x->c->conf.lanes; lane++)
		if (!t->partitions || t->logs[lane].empty) {
			r = begin_log(x, &t->topic, lane, e);
			began = true;
		}
	if (!r)
		row(x, &t->topic,
			made && holder(x) ? "created beside topics that hold records"
			: made		  ? "created"
			: began		  ? "begun"
					  : "there");
	return r;
}

static const struct print_column columns[] = {
	{"topic", "TOPIC", false}, {"lanes", "LANES", true}, {"result", "RESULT", false}, {}};

static void answer(const struct creation *x)
{
	_cleanup_json_ json_t *all = NULL;

	if (!x->c->json) {
		print_table(x->c->out, columns, x->rows, NULL);
		fprintf(x->c->out, "installation %s\n", x->installation);
		return;
	}
	all = json_pack("{s:s, s:O}", "installation", x->installation, "topics", x->rows);
	print_json(x->c->out, all);
}

static int create_all(struct creation *x)
{
	struct err e = {0};
	int r = estate_read(x->c, &x->before, &e);

	if (r)
		return ctl_fail(x->c, "%s", e.text);
	r = choose_installation(x);
	if (r)
		return r;
	for (size_t i = 0; i < x->before.n; i++)
		check_topic(x, &x->before.topics[i]);
	if (x->faults)
		return ctl_fail(x->c, "nothing was made");
	for (size_t i = 0; i < x->before.n; i++)
		if (create_one(x, &x->before.topics[i], &e))
			return ctl_fail(x->c, "%s", e.text);
	answer(x);
	return CTL_OK;
}

int ctl_topics_create(struct ctl *c)
{
	struct creation x = {.c = c, .rows = json_array()};
	int r = create_all(&x);

	estate_free(&x.before);
	json_decref(x.rows);
	return r;
}
