/* index_cmd: `index dump`, `index rebuild-compare`: is Redis what the logs say it must be?
 *
 * The comparison folds both logs up to exactly the positions the index says it stands for, so it
 * also works while the daemons run: it takes a dump between two equal positions. Both indexes are
 * held in memory, so this is for tests and for doubts, not for every day. What is printed names
 * keys (ids), never values; only `dump` prints values, personal data among them. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/index.h"
#include "core/index_fold.h"

#include "commands.h"
#include "print.h"
#include "tail.h"

#define DUMP_MAX   ((size_t)2 << 30)
#define DUMP_TRIES 50

static const char *const log_names[INDEX_LOGS] = {"complaints", "submissions"};

struct compare {
	struct ctl *c;
	int lane;
	struct index *index;
	struct lane_mark marks[INDEX_LOGS];
	enum index_log log; /* being folded */
	struct index_model *model;
	bool mark_seen;
};

static int skip(void *ctx, const struct sight *s)
{
	(void)ctx;
	return s->record->offset >= 0 ? -ECANCELED : 0; /* the genesis is enough */
}

static int installation_of(struct compare *x, char ret[40], struct err *e)
{
	struct tail *t = NULL;
	int r = tail_open(x->c, "complaints", x->lane, &t, e);

	if (!r)
		r = tail_read(t, skip, NULL, e);
	if (r == -ECANCELED)
		r = 0;
	if (!r)
		snprintf(ret, 40, "%s", tail_installation(t));
	if (!r && !*ret)
		r = err_set(e, -ENOENT, "lane %d has no genesis: muaractl topics create", x->lane);
	tail_close(t);
	return r;
}

static int open_index(struct compare *x, struct err *e)
{
	char cluster[128], installation[40] = "";
	struct index_conf ic = {.socket = x->c->conf.redis,
		.prefix = x->c->conf.prefix,
		.lane = x->lane,
		.installation = installation,
		.cluster = cluster,
		.timeout_ms = 30000};
	struct kafka_admin *a = ctl_admin(x->c);
	int brokers, r;

	if (!a)
		return err_set(e, -EIO, "no client for Kafka");
	r = kafka_admin_cluster(a, cluster, sizeof cluster, &brokers, e);
	if (!r)
		r = installation_of(x, installation, e);
	return r ? r : index_open(&ic, &x->index, e);
}

static bool same_marks(const struct compare *x)
{
	for (int i = 0; i < INDEX_LOGS; i++) {
		struct lane_mark m = index_mark(x->index, i);

		if (m.offset != x->marks[i].offset ||
			memcmp(m.hash, x->marks[i].hash, sizeof m.hash) != 0)
			return false;
	}
	return true;
}

static int load(struct compare *x, struct err *e)
{
	static const char *const why[] = {
		[INDEX_MISSING] = "there is no index: the normalizer rebuilds it when it runs",
		[INDEX_FOREIGN] = "the index is of another installation, lane, cluster or format",
	};
	enum index_found found;
	int r = index_load(x->index, &found, e);

	if (r)
		return r;
	return found == INDEX_OURS ? 0 : err_set(e, -ENOENT, "lane %d: %s", x->lane, why[found]);
}

/* A dump between two equal positions. */
static int dump(struct compare *x, struct buf *out, struct err *e)
{
	for (int i = 0; i < DUMP_TRIES; i++) {
		int r = load(x, e);

		for (int k = 0; k < INDEX_LOGS; k++)
			x->marks[k] = index_mark(x->index, k);
		buf_reset(out);
		if (!r)
			r = index_dump(x->index, out, e);
		if (!r)
			r = load(x, e);
		if (r)
			return r;
		if (out->over)
			return err_set(e, -E2BIG, "the index is too large to be compared");
		if (same_marks(x))
			return 0;
	}
	return err_set(e, -EAGAIN, "the index changes faster than it can be read; try again");
}

/* --- the dump as JSON, in the shape of index_model_dump --- */

static void put_member(json_t *all, const char *key, char *line)
{
	const char *kind = key[0] == 't' ? "z" : key[0] == 's' ? "s" : "h";
	char *eq = strstr(line, " = ");
	json_t *holder = json_object_get(all, key);

	if (!index_key_is_hash(key) && key[0] != 't' && key[0] != 's') {
		json_set_str(all, key, line);
		return;
	}
	if (!holder) {
		holder = json_pack("{s:{}}", kind);
		json_set_new(all, key, holder);
	}
	if (kind[0] != 's' && eq) {
		*eq = '\0';
		json_set_str(json_object_get(holder, kind), line, eq + 3);
	} else {
		json_set_new(json_object_get(holder, kind), line, json_true());
	}
}

static json_t *parse_dump(char *text)
{
	json_t *all = json_object();
	char *save = NULL, *key = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (line[0] != ' ')
			key = line;
		else if (key && strcmp(key, "meta") != 0)
			put_member(all, key, line + 1);
	}
	return all;
}

/* --- the index the logs make --- */

static int fold(void *ctx, const struct sight *s)
{
	struct compare *x = ctx;
	const struct lane_mark *m = &x->marks[x->log];
	_cleanup_json_ json_t *ops = NULL;

	if (s->record->offset > m->offset)
		return -ECANCELED;
	x->mark_seen |= s->record->offset == m->offset;
	if (s->entry) {
		ops = index_fold(s->entry->body);
		index_model_apply(x->model, ops);
	}
	return 0;
}

static int fold_log(struct compare *x, struct err *e)
{
	struct tail *t = NULL;
	int r = tail_open(x->c, log_names[x->log], x->lane, &t, e);

	x->mark_seen = x->marks[x->log].offset < 0;
	if (!r)
		r = tail_read(t, fold, x, e);
	tail_close(t);
	if (r && r != -ECANCELED)
		return r;
	if (!x->mark_seen)
		return err_set(e, -EBADMSG,
			"lane %d: the index stands for %s up to offset %lld, where the log has no "
			"record: the log lost records",
			x->lane, log_names[x->log], (long long)x->marks[x->log].offset);
	return 0;
}

static int rebuild(struct compare *x, json_t **ret, struct err *e)
{
	struct buf text = BUF_INIT(DUMP_MAX);
	int r = 0;

	x->model = index_model_new();
	for (int i = 0; !r && i < INDEX_LOGS; i++) {
		x->log = i;
		r = fold_log(x, e);
	}
	if (!r && index_model_dump(x->model, &text))
		r = err_set(e, -E2BIG, "the index is too large to be compared");
	index_model_free(x->model);
	x->model = NULL;
	if (!r)
		*ret = json_loads(buf_str(&text), 0, NULL);
	buf_free(&text);
	return r;
}

/* --- the answer --- */

static void difference(json_t *rows, const char *key, const char *what)
{
	json_array_append_new(rows, json_pack("{s:s, s:s}", "key", key, "difference", what));
}

static json_t *compare(json_t *redis, json_t *logs)
{
	json_t *rows = json_array(), *v, *other;
	const char *key;

	json_object_foreach (redis, key, v) {
		other = json_object_get(logs, key);
		if (!other)
			difference(rows, key, "only in Redis");
		else if (!json_equal(v, other))
			difference(rows, key, "differs");
	}
	json_object_foreach (logs, key, v)
		if (!json_object_get(redis, key))
			difference(rows, key, "only in the logs");
	return rows;
}

static const struct print_column columns[] = {
	{"key", "KEY", false}, {"difference", "DIFFERENCE", false}, {}};

static int answer(struct compare *x, const json_t *rows, size_t keys, json_t *lanes)
{
	_cleanup_json_ json_t *all = json_pack("{s:i, s:b, s:I, s:I, s:I, s:O}", "lane", x->lane,
		"equal", json_array_size(rows) == 0, "keys", (json_int_t)keys, "complaints",
		(json_int_t)x->marks[INDEX_COMPLAINTS].offset, "submissions",
		(json_int_t)x->marks[INDEX_SUBMISSIONS].offset, "differences", rows);

	if (x->c->json)
		json_array_append(lanes, all);
	else
		print_table(x->c->out, columns, rows, NULL);
	if (json_array_size(rows))
		return ctl_fail(x->c, "lane %d: %zu of %zu keys differ", x->lane,
			json_array_size(rows), keys);
	if (!x->c->json)
		fprintf(x->c->out,
			"lane %d: equal, %zu keys, complaints up to %lld, submissions up to %lld\n",
			x->lane, keys, (long long)x->marks[INDEX_COMPLAINTS].offset,
			(long long)x->marks[INDEX_SUBMISSIONS].offset);
	return CTL_OK;
}

static int compare_lane(struct ctl *c, int lane, json_t *lanes)
{
	struct compare x = {.c = c, .lane = lane};
	struct buf text = BUF_INIT(DUMP_MAX);
	_cleanup_json_ json_t *redis = NULL, *logs = NULL, *rows = NULL;
	struct err e = {0};
	int r = open_index(&x, &e);

	if (!r)
		r = dump(&x, &text, &e);
	if (!r)
		r = rebuild(&x, &logs, &e);
	if (!r && text.data)
		redis = parse_dump(text.data);
	index_close(x.index);
	buf_free(&text);
	if (r)
		return ctl_fail(c, "%s", e.text);
	redis = redis ? redis : json_object();
	rows = compare(redis, logs);
	return answer(&x, rows, json_object_size(logs), lanes);
}

/* The worst status of all lanes; `lanes` gathers what --json shows. */
static int each_lane(
	struct ctl *c, int (*fn)(struct ctl *c, int lane, json_t *lanes), json_t *lanes)
{
	int lane = ctl_lane_opt(c), worst = CTL_OK;

	if (lane == -EINVAL)
		return CTL_USAGE;
	for (int i = 0; i < c->conf.lanes; i++) {
		int r = lane < 0 || i == lane ? fn(c, i, lanes) : CTL_OK;

		worst = MAX(worst, r);
	}
	return worst;
}

int ctl_index_compare(struct ctl *c)
{
	_cleanup_json_ json_t *lanes = json_array();
	int r = each_lane(c, compare_lane, lanes);

	if (c->json)
		print_json(c->out, lanes);
	return r;
}

static int dump_lane(struct ctl *c, int lane, json_t *lanes)
{
	struct compare x = {.c = c, .lane = lane};
	struct buf text = BUF_INIT(DUMP_MAX);
	struct err e = {0};
	int r = open_index(&x, &e);

	if (!r)
		r = dump(&x, &text, &e);
	(void)lanes;
	if (!r)
		fputs(buf_str(&text), c->out);
	index_close(x.index);
	buf_free(&text);
	return r ? ctl_fail(c, "%s", e.text) : CTL_OK;
}

int ctl_index_dump(struct ctl *c)
{
	return each_lane(c, dump_lane, NULL);
}
