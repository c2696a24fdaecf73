/* See index.h. The scripts are files of their own (index-apply.lua, index-reset.lua), built in;
 * Redis forgets them when it restarts, so NOSCRIPT loads them again.
 *
 * Known gaps: index_dump reads everything at once (tests only); a reset blocks Redis while it
 * deletes (about a second per million keys). */
#include "core/index.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/index_fold.h"

#define RESET_TIMEOUT_MS 60000

#define SCRIPT_FILE(symbol, path)                                                                  \
	__asm__(".pushsection .rodata\n" #symbol ":\n.incbin \"" path "\"\n.byte 0\n.popsection"); \
	extern const char symbol[]
SCRIPT_FILE(index_apply_lua, "common/core/index-apply.lua");
SCRIPT_FILE(index_reset_lua, "common/core/index-reset.lua");

struct script {
	const char *text;
	char sha[41]; /* "" = not loaded on this connection */
};
enum { APPLY, RESET, SCRIPTS };

struct index {
	char *socket, *prefix, *identity, *meta;
	int timeout_ms;
	redisContext *redis; /* NULL = not connected */
	struct script scripts[SCRIPTS];
	char *found_identity;	 /* as loaded; "" = none */
	char *found[INDEX_LOGS]; /* position texts as loaded or applied; "" = none */
};

static const char *const log_names[] = {"complaints", "submissions"};

/* --- positions as text: "offset term writer hash", "-" at the beginning --- */

static char *mark_text(const struct lane_mark *m)
{
	char writer[2 * LANE_WRITER_SIZE + 1], hash[2 * LANE_HASH_SIZE + 1];

	if (m->offset < 0)
		return xstrdup("-");
	hex_encode(m->writer, LANE_WRITER_SIZE, writer);
	hex_encode(m->hash, LANE_HASH_SIZE, hash);
	return xasprintf("%" PRId64 " %" PRIu64 " %s %s", m->offset, m->term, writer, hash);
}

static int mark_parse(const char *text, struct lane_mark *ret)
{
	char writer[2 * LANE_WRITER_SIZE + 1], hash[2 * LANE_HASH_SIZE + 1];
	struct lane_mark m = {.offset = -1};

	if (strcmp(text, "-") != 0 &&
		(sscanf(text, "%" SCNd64 " %" SCNu64 " %32s %64s", &m.offset, &m.term, writer,
			 hash) != 4 ||
			hex_decode(writer, LANE_WRITER_SIZE, m.writer) < 0 ||
			hex_decode(hash, LANE_HASH_SIZE, m.hash) < 0 || m.offset < 0))
		return -EINVAL;
	*ret = m;
	return 0;
}

struct lane_mark index_mark(const struct index *x, enum index_log log)
{
	struct lane_mark m = {.offset = -1};

	if (mark_parse(x->found[log], &m) < 0)
		m.offset = -1;
	return m;
}

/* --- connection --- */

static void disconnect(struct index *x)
{
	size_t i;

	if (x->redis)
		redisFree(x->redis);
	x->redis = NULL;
	for (i = 0; i < SCRIPTS; i++)
		x->scripts[i].sha[0] = '\0';
}

static struct timeval timeval_of(int ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

static int connect_redis(struct index *x, struct err *e)
{
	if (x->redis)
		return 0;
	x->redis = redisConnectUnixWithTimeout(x->socket, timeval_of(x->timeout_ms));
	if (!x->redis || x->redis->err) {
		err_set(e, -ENOTCONN, "Redis at %s: %s", x->socket,
			x->redis ? x->redis->errstr : "no memory");
		disconnect(x);
		return -ENOTCONN;
	}
	redisSetTimeout(x->redis, timeval_of(x->timeout_ms));
	return 0;
}

bool index_up(const struct index *x)
{
	return x->redis != NULL;
}

static void reply_cleanup(redisReply **r)
{
	if (*r)
		freeReplyObject(*r);
}
#define _cleanup_reply_ _cleanup_(reply_cleanup)

/* One reply. An error reply's text may quote arguments, so only its first word is told. */
static int get_reply(struct index *x, redisReply **ret, struct err *e)
{
	void *reply = NULL;
	redisReply *r;

	if (redisGetReply(x->redis, &reply) != REDIS_OK || !reply) {
		err_set(e, -ENOTCONN, "Redis at %s: %s", x->socket, x->redis->errstr);
		disconnect(x);
		return -ENOTCONN;
	}
	r = reply;
	if (r->type == REDIS_REPLY_ERROR) {
		int code = strncmp(r->str, "NOSCRIPT", 8) == 0 ? -ENOENT
			   : strncmp(r->str, "ERR", 3) == 0    ? -EINVAL
							       : -EAGAIN;

		err_set(e, code, "Redis at %s: %.*s", x->socket, (int)strcspn(r->str, " "), r->str);
		freeReplyObject(r);
		return code;
	}
	*ret = r;
	return 0;
}

static int command(struct index *x, int argc, const char **argv, redisReply **ret, struct err *e)
{
	int r = connect_redis(x, e);

	if (r < 0)
		return r;
	if (redisAppendCommandArgv(x->redis, argc, argv, NULL) != REDIS_OK)
		return err_set(e, -ENOMEM, "Redis: command not built");
	return get_reply(x, ret, e);
}

static int load_script(struct index *x, struct script *s, struct err *e)
{
	const char *argv[] = {"SCRIPT", "LOAD", s->text};
	_cleanup_reply_ redisReply *reply = NULL;
	int r = command(x, 3, argv, &reply, e);

	if (r < 0)
		return r;
	if (reply->type != REDIS_REPLY_STRING || reply->len != 40)
		return err_set(e, -EPROTO, "Redis: SCRIPT LOAD gave no hash");
	memcpy(s->sha, reply->str, 41);
	return 0;
}

/* argv[0..2] are left free for EVALSHA, hash and number of keys. 0, -ESTALE, or an error. */
static int run_script(struct index *x, struct script *s, int argc, const char **argv, struct err *e)
{
	_cleanup_reply_ redisReply *reply = NULL;
	int r = -ENOENT, turns;

	for (turns = 0; r == -ENOENT && turns < 2; turns++) {
		r = connect_redis(x, e);
		if (r < 0 || (!s->sha[0] && (r = load_script(x, s, e)) < 0))
			return r;
		argv[0] = "EVALSHA";
		argv[1] = s->sha;
		argv[2] = "1";
		r = command(x, argc, argv, &reply, e);
		if (r == -ENOENT)
			s->sha[0] = '\0';
	}
	if (r < 0)
		return r;
	if (reply->type == REDIS_REPLY_ARRAY)
		return err_set(e, -ESTALE, "the index stands somewhere else than it was left");
	return 0;
}

/* --- life --- */

int index_open(const struct index_conf *c, struct index **ret, struct err *e)
{
	struct index *x = xcalloc(1, sizeof(*x));

	x->socket = xstrdup(c->socket);
	x->prefix = xasprintf("%s%d:", c->prefix, c->lane);
	x->meta = xasprintf("%smeta", x->prefix);
	x->identity = xasprintf("%d %d %s %s", INDEX_FORMAT, c->lane, c->installation, c->cluster);
	x->timeout_ms = c->timeout_ms ? c->timeout_ms : 2000;
	x->scripts[APPLY].text = index_apply_lua;
	x->scripts[RESET].text = index_reset_lua;
	x->found_identity = xstrdup("");
	x->found[INDEX_COMPLAINTS] = xstrdup("");
	x->found[INDEX_SUBMISSIONS] = xstrdup("");
	if (strpbrk(x->prefix, "*?[]\\")) {
		err_set(e, -EINVAL, "prefix: none of * ? [ ] \\ may be in it");
		index_close(x);
		return -EINVAL;
	}
	*ret = x;
	return 0;
}

void index_close(struct index *x)
{
	if (!x)
		return;
	disconnect(x);
	free(x->socket);
	free(x->prefix);
	free(x->meta);
	free(x->identity);
	free(x->found_identity);
	free(x->found[INDEX_COMPLAINTS]);
	free(x->found[INDEX_SUBMISSIONS]);
	free(x);
}

static void replace(char **where, const char *text)
{
	free(*where);
	*where = xstrdup(text);
}

static const char *element_text(const redisReply *r, size_t i)
{
	const redisReply *el = i < r->elements ? r->element[i] : NULL;

	return el && el->type == REDIS_REPLY_STRING ? el->str : "";
}

static int append_load(struct index *x)
{
	const char *argv[] = {"HMGET", x->meta, "identity", "complaints", "submissions"};

	return redisAppendCommandArgv(x->redis, ARRAY_SIZE(argv), argv, NULL) == REDIS_OK ? 0
											  : -ENOMEM;
}

/* Are the positions in this reply the ones we build on? */
static bool as_found(const struct index *x, const redisReply *r)
{
	return strcmp(element_text(r, 0), x->identity) == 0 &&
	       strcmp(element_text(r, 1), x->found[INDEX_COMPLAINTS]) == 0 &&
	       strcmp(element_text(r, 2), x->found[INDEX_SUBMISSIONS]) == 0;
}

int index_load(struct index *x, enum index_found *ret, struct err *e)
{
	_cleanup_reply_ redisReply *reply = NULL;
	struct lane_mark m;
	int r = connect_redis(x, e);

	if (r == 0)
		r = append_load(x);
	if (r == 0)
		r = get_reply(x, &reply, e);
	if (r < 0)
		return r;
	replace(&x->found_identity, element_text(reply, 0));
	replace(&x->found[INDEX_COMPLAINTS], element_text(reply, 1));
	replace(&x->found[INDEX_SUBMISSIONS], element_text(reply, 2));
	if (!*x->found_identity)
		*ret = INDEX_MISSING;
	else if (strcmp(x->found_identity, x->identity) != 0 ||
		 mark_parse(x->found[INDEX_COMPLAINTS], &m) < 0 ||
		 mark_parse(x->found[INDEX_SUBMISSIONS], &m) < 0)
		*ret = INDEX_FOREIGN;
	else
		*ret = INDEX_OURS;
	return 0;
}

int index_reset(struct index *x, struct err *e)
{
	const char *argv[] = {NULL, NULL, NULL, x->meta, x->found_identity,
		x->found[INDEX_COMPLAINTS], x->found[INDEX_SUBMISSIONS], x->identity, x->prefix};
	int r = connect_redis(x, e);

	if (r < 0)
		return r;
	redisSetTimeout(x->redis, timeval_of(RESET_TIMEOUT_MS));
	r = run_script(x, &x->scripts[RESET], ARRAY_SIZE(argv), argv, e);
	if (x->redis)
		redisSetTimeout(x->redis, timeval_of(x->timeout_ms));
	if (r < 0)
		return r;
	replace(&x->found_identity, x->identity);
	replace(&x->found[INDEX_COMPLAINTS], "-");
	replace(&x->found[INDEX_SUBMISSIONS], "-");
	return 0;
}

/* --- changes --- */

static int flatten(const json_t *ops, const char **argv, int at)
{
	const json_t *op, *word;
	size_t i, k;

	json_array_foreach (ops, i, op)
		json_array_foreach (op, k, word)
			argv[at++] = json_string_value(word);
	return at;
}

static size_t words(const json_t *ops)
{
	const json_t *op;
	size_t i, n = 0;

	json_array_foreach (ops, i, op)
		n += json_array_size(op);
	return n;
}

int index_apply(struct index *x, enum index_log log, const struct lane_mark *to, const json_t *ops,
	struct err *e)
{
	_cleanup_free_ char *position = mark_text(to);
	_cleanup_free_ const char **argv = xcalloc(10 + words(ops), sizeof(*argv));
	int r;

	argv[3] = x->meta;
	argv[4] = x->identity;
	argv[5] = x->found[INDEX_COMPLAINTS];
	argv[6] = x->found[INDEX_SUBMISSIONS];
	argv[7] = log_names[log];
	argv[8] = position;
	argv[9] = x->prefix;
	r = run_script(x, &x->scripts[APPLY], flatten(ops, argv, 10), argv, e);
	if (r == 0)
		replace(&x->found[log], position);
	return r;
}

/* --- look-ups --- */

static json_t *reply_json(const redisReply *r)
{
	json_t *hash;
	size_t i;

	if (r->type == REDIS_REPLY_STRING)
		return json_stringn(r->str, r->len);
	if (r->type != REDIS_REPLY_ARRAY || r->elements == 0)
		return json_null();
	hash = json_object();
	for (i = 0; i + 1 < r->elements; i += 2)
		json_object_set_new(hash, r->element[i]->str,
			json_stringn(r->element[i + 1]->str, r->element[i + 1]->len));
	return hash;
}

static int append_key(struct index *x, const char *key, const char *verb)
{
	_cleanup_free_ char *full = xasprintf("%s%s", x->prefix, key);
	const char *argv[] = {verb, full};

	return redisAppendCommandArgv(x->redis, 2, argv, NULL) == REDIS_OK ? 0 : -ENOMEM;
}

int index_fetch(struct index *x, const json_t *keys, struct view *v, struct err *e)
{
	_cleanup_reply_ redisReply *last = NULL;
	const json_t *key;
	size_t i;
	int r = connect_redis(x, e), bad = 0;

	if (r < 0)
		return r;
	json_array_foreach (keys, i, key) {
		const char *k = json_string_value(key);

		if (append_key(x, k, index_key_is_hash(k) ? "HGETALL" : "GET") < 0)
			return err_set(e, -ENOMEM, "Redis: command not built");
	}
	if (append_load(x) < 0)
		return err_set(e, -ENOMEM, "Redis: command not built");
	json_array_foreach (keys, i, key) {
		_cleanup_reply_ redisReply *reply = NULL;

		r = get_reply(x, &reply, e);
		if (r == -ENOTCONN)
			return r;
		if (r < 0)
			bad = r; /* the other replies must still be taken off the connection */
		else
			view_put(v, json_string_value(key), reply_json(reply));
	}
	r = get_reply(x, &last, e);
	if (r < 0 || bad < 0)
		return r < 0 ? r : bad;
	return as_found(x, last) ? 0 : err_set(e, -ESTALE, "the index was changed or lost");
}

static int zrange(struct index *x, int64_t now_ms, int max, json_t *ret, struct err *e)
{
	_cleanup_free_ char *key = xasprintf("%st", x->prefix);
	_cleanup_free_ char *now = xasprintf("%" PRId64, now_ms);
	_cleanup_free_ char *limit = xasprintf("%d", max);
	const char *argv[] = {"ZRANGEBYSCORE", key, "-inf", now, "LIMIT", "0", limit};
	_cleanup_reply_ redisReply *reply = NULL;
	int r = command(x, ARRAY_SIZE(argv), argv, &reply, e);
	size_t i;

	for (i = 0; r == 0 && i < reply->elements; i++)
		json_array_append_new(ret, json_string(reply->element[i]->str));
	return r;
}

static int next_due(struct index *x, int64_t now_ms, int64_t *ret, struct err *e)
{
	_cleanup_free_ char *key = xasprintf("%st", x->prefix);
	_cleanup_free_ char *now = xasprintf("(%" PRId64, now_ms);
	const char *argv[] = {"ZRANGEBYSCORE", key, now, "+inf", "WITHSCORES", "LIMIT", "0", "1"};
	_cleanup_reply_ redisReply *reply = NULL;
	int r = command(x, ARRAY_SIZE(argv), argv, &reply, e);

	if (r < 0)
		return r;
	*ret = reply->elements >= 2 ? strtoll(reply->element[1]->str, NULL, 10) : INT64_MAX;
	return 0;
}

int index_due(
	struct index *x, int64_t now_ms, int max, json_t **ret, int64_t *ret_next_ms, struct err *e)
{
	_cleanup_json_ json_t *due = json_array();
	int64_t next = INT64_MAX;
	int r = zrange(x, now_ms, max, due, e);

	if (r == 0)
		r = next_due(x, now_ms, &next, e);
	if (r < 0)
		return r;
	*ret_next_ms = next;
	*ret = TAKE_PTR(due);
	return 0;
}

int index_refusals(struct index *x, json_t **ret, struct err *e)
{
	struct view *v = view_new();
	_cleanup_json_ json_t *keys = json_pack("[s]", "r"), *pending = json_object();
	json_t *all, *value;
	const char *at;
	int r = index_fetch(x, keys, v, e);

	all = r == 0 ? json_deep_copy(view_get(v, "r")) : NULL;
	json_array_clear(keys);
	json_object_foreach (all, at, value) {
		_cleanup_free_ char *key = xasprintf("b/submission/%s", at);

		json_array_append_new(keys, json_string(key));
	}
	if (r == 0)
		r = index_fetch(x, keys, v, e);
	json_object_foreach (all, at, value) {
		_cleanup_free_ char *key = xasprintf("b/submission/%s", at);

		if (r == 0 && json_is_null(view_get(v, key)))
			json_set_new(pending, at, json_loads(json_string_value(value), 0, NULL));
	}
	json_decref(all);
	view_free(v);
	if (r == 0)
		*ret = TAKE_PTR(pending);
	return r;
}

int index_counts(struct index *x, int64_t ret[4], struct err *e)
{
	static const char *const sets[] = {"s/open", "s/held", "s/review", "s/emergency"};
	int64_t n[ARRAY_SIZE(sets)];
	int r = connect_redis(x, e), bad = 0;
	size_t i;

	if (r < 0)
		return r;
	for (i = 0; i < ARRAY_SIZE(sets); i++)
		if (append_key(x, sets[i], "SCARD") < 0)
			return err_set(e, -ENOMEM, "Redis: command not built");
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		_cleanup_reply_ redisReply *reply = NULL;

		r = get_reply(x, &reply, e);
		if (r == -ENOTCONN)
			return r;
		if (r < 0)
			bad = r;
		else
			n[i] = reply->integer;
	}
	if (bad == 0)
		memcpy(ret, n, sizeof(n));
	return bad;
}

/* --- the whole, for tests --- */

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines of a reply, `step` elements each, sorted. */
static void dump_members(const redisReply *r, size_t step, struct buf *out)
{
	size_t n = r->elements / step, i;
	char **lines = xcalloc(n + 1, sizeof(*lines));

	for (i = 0; i < n; i++)
		lines[i] = step == 1 ? xasprintf(" %s\n", r->element[i]->str)
				     : xasprintf(" %s = %s\n", r->element[2 * i]->str,
					       r->element[2 * i + 1]->str);
	qsort(lines, n, sizeof(*lines), compare_text);
	for (i = 0; i < n; i++) {
		buf_adds(out, lines[i]);
		free(lines[i]);
	}
	free(lines);
}

static int dump_key(struct index *x, const char *key, struct buf *out, struct err *e)
{
	const char *rest = key + strlen(x->prefix);
	const char *verb = rest[0] == 't'					  ? "ZRANGE"
			   : rest[0] == 's'					  ? "SMEMBERS"
			   : strcmp(rest, "meta") == 0 || index_key_is_hash(rest) ? "HGETALL"
										  : "GET";
	const char *argv[] = {verb, key, "0", "-1", "WITHSCORES"};
	_cleanup_reply_ redisReply *reply = NULL;
	int r = command(x, rest[0] == 't' ? 5 : 2, argv, &reply, e);

	if (r < 0)
		return r;
	buf_addf(out, "%s\n", rest);
	if (reply->type == REDIS_REPLY_STRING)
		buf_addf(out, " %s\n", reply->str);
	else
		dump_members(reply, rest[0] == 's' ? 1 : 2, out);
	return 0;
}

int index_dump(struct index *x, struct buf *out, struct err *e)
{
	_cleanup_free_ char *pattern = xasprintf("%s*", x->prefix);
	const char *argv[] = {"KEYS", pattern};
	_cleanup_reply_ redisReply *reply = NULL;
	int r = command(x, 2, argv, &reply, e);
	_cleanup_free_ char **keys = NULL;
	size_t i;

	if (r < 0)
		return r;
	keys = xcalloc(reply->elements + 1, sizeof(*keys));
	for (i = 0; i < reply->elements; i++)
		keys[i] = reply->element[i]->str;
	qsort(keys, reply->elements, sizeof(*keys), compare_text);
	for (i = 0; r == 0 && i < reply->elements; i++)
		r = dump_key(x, keys[i], out, e);
	return r;
}
