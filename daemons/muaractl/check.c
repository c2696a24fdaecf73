/* check: `muaractl check`: is everything Muara stands on as it must be? Each line says ok, warn or
 * FAIL, and what to do. Looks only.
 *
 * Kafka: brokers, their settings that could lose a committed position, every topic's partitions,
 * copies and settings against core/topics, the genesis of every lane log, the daemons' groups.
 * Redis: reachable, evicts nothing. Directories. The calendar of holidays: there, and not near its
 * end. FAIL: a promise does not hold, or nothing can run;
 * exit 1. warn: it runs, somebody should look. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/util.h"

#include "calendar.h"
#include "commands.h"
#include "estate.h"
#include "masters.h"
#include "print.h"

#define REDIS_TIMEOUT_MS 3000

enum level { OK, WARN, FAIL };

struct checkup {
	struct ctl *c;
	json_t *rows;
	int worst;
	int64_t raw_retention_ms; /* the longest found; -1 = for ever */
	bool auto_create;
	int64_t offsets_ms; /* the shortest of any broker, -1 = unknown */
};

static void say(struct checkup *x, enum level level, const char *what, const char *remedy,
	const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void say(struct checkup *x, enum level level, const char *what, const char *remedy,
	const char *fmt, ...)
{
	static const char *const names[] = {"ok", "warn", "FAIL"};
	char text[600];
	va_list ap;
	json_t *row = json_object();

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	json_set_str(row, "level", names[level]);
	json_set_str(row, "what", what);
	json_set_str(row, "text", text);
	json_set_str(row, "remedy", level == OK ? NULL : remedy);
	json_array_append_new(x->rows, row);
	x->worst = MAX(x->worst, (int)level);
}

/* --- settings of topics --- */

enum bound { SAME, AT_MOST, AT_LEAST };
static const struct setting_rule {
	const char *key;
	enum bound bound;
	enum level level; /* when it is broken */
} setting_rules[] = {
	{"min.insync.replicas", AT_LEAST, FAIL},
	{"max.message.bytes", AT_LEAST, FAIL},
	{"delete.retention.ms", AT_LEAST, FAIL},
	{"segment.ms", AT_MOST, FAIL},
	{"max.compaction.lag.ms", AT_MOST, FAIL},
	{"compression.type", SAME, WARN},
};

static const struct setting_rule *rule_of(const char *key)
{
	static const struct setting_rule strict = {NULL, SAME, FAIL};

	for (size_t i = 0; i < ARRAY_SIZE(setting_rules); i++)
		if (strcmp(setting_rules[i].key, key) == 0)
			return &setting_rules[i];
	return &strict;
}

static bool setting_fits(enum bound bound, const char *want, const char *got)
{
	int64_t w, g;

	if (strcmp(want, got) == 0)
		return true;
	if (bound == SAME || parse_i64(want, INT64_MIN, INT64_MAX, &w) ||
		parse_i64(got, INT64_MIN, INT64_MAX, &g))
		return false;
	return bound == AT_LEAST ? g >= w : g >= 0 && g <= w;
}

struct settings {
	struct checkup *x;
	const struct topic *t;
	int differ;
};

static void compare_setting(struct settings *s, const struct topic_config *want, const char *got)
{
	const struct setting_rule *r = rule_of(want->key);
	_cleanup_free_ char *remedy = NULL;

	if (setting_fits(r->bound, want->value, got))
		return;
	s->differ++;
	remedy = xasprintf("kafka-configs.sh --bootstrap-server %s --alter --entity-type topics "
			   "--entity-name %s --add-config %s=%s",
		s->x->c->conf.brokers, s->t->name, want->key, want->value);
	say(s->x, r->level, s->t->name, remedy, "%s is %s, must be %s%s", want->key, got,
		r->bound == AT_LEAST  ? "at least "
		: r->bound == AT_MOST ? "at most "
				      : "",
		want->value);
}

static void on_setting(void *ctx, const char *key, const char *value)
{
	struct settings *s = ctx;
	int64_t ms;

	if (strncmp(s->t->short_name, "raw.", 4) == 0 && strcmp(key, "retention.ms") == 0 &&
		!parse_i64(value, -1, INT64_MAX, &ms))
		s->x->raw_retention_ms =
			ms < 0 || s->x->raw_retention_ms < 0 ? -1 : MAX(s->x->raw_retention_ms, ms);
	for (const struct topic_config *k = s->t->configs; k->key; k++)
		if (strcmp(k->key, key) == 0)
			compare_setting(s, k, value);
}

/* --- topics --- */

static bool check_log(struct checkup *x, const struct estate *s, const struct topic *t, int lane,
	const struct estate_log *l)
{
	const char *remedy = "put the log back from a copy; if there is none: muaractl help topics "
			     "create, muaractl help restore";

	if (*l->fault)
		say(x, FAIL, t->name, remedy, "lane %d %s", lane, l->fault);
	else if (l->empty)
		say(x, FAIL, t->name, "muaractl topics create", "lane %d has no genesis record",
			lane);
	else if (strcmp(l->installation, s->installation) != 0)
		say(x, FAIL, t->name, "one prefix for one installation: see prefix in muara.yaml",
			"lane %d is of installation %s, other logs of %s", lane, l->installation,
			s->installation);
	else if (l->lanes != (int)x->c->conf.lanes)
		say(x, FAIL, t->name, "set lanes in muara.yaml to what the logs were made with",
			"made with %d lanes, muara.yaml says %lld", l->lanes,
			(long long)x->c->conf.lanes);
	else
		return true;
	return false;
}

static void check_topic(struct checkup *x, const struct estate *s, const struct estate_topic *et)
{
	const struct topic *t = &et->topic;
	struct settings settings = {.x = x, .t = t};
	bool good = true;
	struct err e = {0};

	if (!et->partitions) {
		say(x, FAIL, t->name, "muaractl topics create", "does not exist");
		return;
	}
	if (et->partitions != (int)x->c->conf.lanes) {
		say(x, FAIL, t->name,
			"partitions are lanes and fixed for ever: correct lanes in muara.yaml, or "
			"make the topic anew if it is empty",
			"has %d partitions, muara.yaml says lanes: %lld", et->partitions,
			(long long)x->c->conf.lanes);
		good = false;
	}
	if (et->replicas < (int)x->c->conf.replication) {
		say(x, WARN, t->name,
			"kafka-reassign-partitions.sh: deploy/kafka/README.md says how",
			"has %d copies, muara.yaml says replication: %lld", et->replicas,
			(long long)x->c->conf.replication);
		good = false;
	}
	for (int lane = 0; et->logs && lane < et->partitions; lane++)
		good &= check_log(x, s, t, lane, &et->logs[lane]);
	if (kafka_admin_configs(ctl_admin(x->c), t->name, on_setting, &settings, &e))
		say(x, FAIL, t->name, "look at the broker", "%s", e.text);
	else if (good && !settings.differ)
		say(x, OK, t->name, NULL, "%s", t->spec->why);
}

/* A channel that was taken out of muara.yaml: its messages are not decided any more. */
static void check_strangers(struct checkup *x, const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach (names, i, name)
		say(x, WARN, json_string_value(name),
			"name the channel in muara.yaml again, or delete the topic",
			"begins with the prefix and is no topic of this muara.yaml: nobody reads "
			"it");
}

static void check_topics(struct checkup *x)
{
	struct err e = {0};
	struct estate s;

	if (estate_read(x->c, &s, &e))
		say(x, FAIL, "topics", "look at the broker", "%s", e.text);
	else
		for (size_t i = 0; i < s.n; i++)
			check_topic(x, &s, &s.topics[i]);
	check_strangers(x, s.strangers);
	if (*s.installation)
		say(x, OK, "installation", NULL, "%s", s.installation);
	estate_free(&s);
}

/* --- brokers and groups --- */

static bool check_cluster(struct checkup *x)
{
	struct kafka_admin *a = ctl_admin(x->c);
	char id[128] = "";
	int brokers = 0;
	struct err e = {0};

	if (!a || kafka_admin_cluster(a, id, sizeof id, &brokers, &e)) {
		say(x, FAIL, "kafka", "is the broker running? see brokers in muara.yaml", "%s",
			a ? e.text : "no client");
		return false;
	}
	if (brokers < x->c->conf.replication)
		say(x, FAIL, "kafka", "start the missing brokers, or lower replication",
			"%d of the %lld brokers that replication needs, cluster %s", brokers,
			(long long)x->c->conf.replication, id);
	else
		say(x, OK, "kafka", NULL, "%d broker%s, cluster %s", brokers,
			brokers == 1 ? "" : "s", id);
	return true;
}

static void on_broker(void *ctx, int broker, const char *key, const char *value)
{
	struct checkup *x = ctx;
	int64_t minutes;

	(void)broker;
	if (strcmp(key, "auto.create.topics.enable") == 0 && strcmp(value, "false") != 0)
		x->auto_create = true;
	if (strcmp(key, "offsets.retention.minutes") != 0 ||
		parse_i64(value, 0, INT64_MAX / 60000, &minutes))
		return;
	minutes *= 60000;
	x->offsets_ms = x->offsets_ms < 0 ? minutes : MIN(x->offsets_ms, minutes);
}

static void check_brokers(struct checkup *x)
{
	struct err e = {0};

	if (kafka_admin_broker_configs(ctl_admin(x->c), on_broker, x, &e)) {
		say(x, WARN, "brokers", "allow this client to describe the brokers",
			"their settings cannot be read: %s", e.text);
		return;
	}
	if (x->auto_create)
		say(x, FAIL, "brokers", "auto.create.topics.enable=false in server.properties",
			"topics are made by accident, with wrong settings");
	if (x->offsets_ms < 0)
		say(x, WARN, "brokers", "look at offsets.retention.minutes by hand",
			"offsets.retention.minutes is unknown");
	else if (x->raw_retention_ms < 0 || x->offsets_ms <= x->raw_retention_ms)
		say(x, FAIL, "brokers",
			"offsets.retention.minutes in server.properties above the retention of raw "
			"topics",
			"committed positions last %lld days, raw messages longer",
			(long long)(x->offsets_ms / DAY_MS));
	else if (!x->auto_create)
		say(x, OK, "brokers", NULL,
			"no accidental topics; positions outlive raw messages (%lld days over "
			"%lld)",
			(long long)(x->offsets_ms / DAY_MS),
			(long long)(x->raw_retention_ms / DAY_MS));
}

static void check_groups(struct checkup *x)
{
	static const char *const daemons[] = {"normalizer", "forwarder", "alarm"};

	for (size_t i = 0; i < ARRAY_SIZE(daemons); i++) {
		char group[MUARA_GROUP_SIZE], state[64] = "";
		struct err e = {0};
		int members = 0;

		muara_group(&x->c->conf, daemons[i], group);
		if (kafka_admin_group(ctl_admin(x->c), group, &members, state, sizeof state, &e))
			say(x, WARN, group, "look at the broker", "%s", e.text);
		else if (!members)
			say(x, WARN, group, "systemctl start muara.target, or see its journal",
				"no muara-%s is at work", daemons[i]);
		else
			say(x, OK, group, NULL, "%d member%s, %s", members, members == 1 ? "" : "s",
				state);
	}
}

/* --- this machine --- */

static void check_eviction(struct checkup *x, redisContext *redis)
{
	redisReply *r = redisCommand(redis, "CONFIG GET maxmemory-policy");

	if (!r || r->type != REDIS_REPLY_ARRAY || r->elements != 2)
		say(x, WARN, "redis", "allow CONFIG GET, or look at maxmemory-policy by hand",
			"reachable, but does not tell its maxmemory-policy");
	else if (strcmp(r->element[1]->str, "noeviction") != 0)
		say(x, FAIL, "redis", "maxmemory-policy noeviction in redis.conf",
			"maxmemory-policy is %s: parts of the index could vanish unseen",
			r->element[1]->str);
	else
		say(x, OK, "redis", NULL, "reachable, evicts nothing");
	if (r)
		freeReplyObject(r);
}

static void check_redis(struct checkup *x)
{
	struct timeval tv = {.tv_sec = REDIS_TIMEOUT_MS / 1000};
	redisContext *redis = redisConnectUnixWithTimeout(x->c->conf.redis, tv);

	if (!redis || redis->err) {
		say(x, FAIL, "redis", "is redis-server running? see redis in muara.yaml", "%s: %s",
			x->c->conf.redis, redis ? redis->errstr : "no memory");
	} else {
		redisSetTimeout(redis, tv);
		check_eviction(x, redis);
	}
	if (redis)
		redisFree(redis);
}

static void check_dir(struct checkup *x, const char *what, const char *dir, enum level level)
{
	struct stat st;

	if (stat(dir, &st) || !S_ISDIR(st.st_mode))
		say(x, level, what, "make install and systemd-tmpfiles make it; see muara.yaml",
			"%s is no directory: %s", dir,
			errno ? strerror(errno) : "something else lies there");
	else if (access(dir, R_OK | W_OK | X_OK))
		say(x, level, what,
			"run this as a member of group muara; the directory is 2770 muara:muara",
			"%s is not writable for this user", dir);
	else
		say(x, OK, what, NULL, "%s", dir);
}

/* --- the calendar --- */

static void check_calendar(struct checkup *x)
{
	_cleanup_free_ char *path = calendar_path(x->c, "--holidays", "holidays.yaml");
	struct workdays *workdays = NULL;
	struct clock_view v = {
		.zone_minutes = muara_zone_minutes(&x->c->conf), .now_ms = clock_wall_ms()};
	struct err e = {0};
	int year;

	if (workdays_load(path, &workdays, NULL, &e)) {
		say(x, WARN, "holidays",
			"`report` and `clocks` count working days by it; `muaractl clocks` tells "
			"its "
			"mistakes, config/holidays.yaml is a sample",
			"%s", e.text);
		return;
	}
	v.workdays = workdays;
	year = clocks_calendar_ends(&v);
	if (year)
		say(x, WARN, "holidays",
			"add the year when its joint decree (SKB 3 Menteri) is out",
			"%s does not hold %d: its days are counted without holidays", path, year);
	else
		say(x, OK, "holidays", NULL, "%s", path);
	workdays_free(workdays);
}

static const struct print_column columns[] = {
	{"level", "", false}, {"what", "WHAT", false}, {"text", "FOUND", false}, {}};

static void answer(const struct checkup *x)
{
	const json_t *row;
	size_t i;

	if (x->c->json) {
		print_json(x->c->out, x->rows);
		return;
	}
	print_table(x->c->out, columns, x->rows, NULL);
	json_array_foreach (x->rows, i, row)
		if (json_str(row, "remedy"))
			fprintf(x->c->out, "%s %s: %s\n", json_str(row, "level"),
				json_str(row, "what"), json_str(row, "remedy"));
}

/* --- numbers we route by --- */

static void check_masters(struct checkup *x)
{
	_cleanup_buf_ struct buf wrong = BUF_INIT(1 << 20);
	int lists = 0;

	masters_wrong(x->c, &wrong, &lists);
	if (lists && !wrong.len)
		say(x, OK, "masters", "", "our numbers are in %d list%s of the destinations", lists,
			lists == 1 ? "" : "s");
	for (char *line = wrong.data, *end; line && *line; line = end + 1) {
		end = strchrnul(line, '\n');
		*end = '\0';
		say(x, FAIL, "masters", "muaractl masters check", "%s", line);
	}
}

int ctl_check(struct ctl *c)
{
	struct checkup x = {.c = c, .rows = json_array(), .offsets_ms = -1};

	if (check_cluster(&x)) {
		check_topics(&x);
		check_brokers(&x);
		check_groups(&x);
	}
	check_redis(&x);
	check_dir(&x, "blob_dir", c->conf.blob_dir, FAIL);
	check_dir(&x, "state_dir", c->conf.state_dir, WARN);
	check_calendar(&x);
	check_masters(&x);
	answer(&x);
	json_decref(x.rows);
	return x.worst == FAIL ? CTL_FAILED : CTL_OK;
}
