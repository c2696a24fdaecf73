/* lane_record: see lane_record.h. Reading is strict: what a lane writer of this build would not
 * have written is LANE_T_BAD, and so void; whether that leaves a gap is the view's to say. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/crypto.h"
#include "base/json.h"
#include "base/util.h"

#include "core/lane_record.h"

#define SCHEMA_LANE	"muara.lane/1"
#define SCHEMA_POSITION "muara.position/1"
#define ERASED_MAX	100000

static const struct log {
	const char *name;
	bool compacted;
	const char *const *kinds;
} logs[] = {
	{"complaints", true, (const char *const[]){"decision", NULL}},
	{"submissions", false,
		(const char *const[]){"intent", "done", "rejected", "not_sent", "parked", "handed",
			"resolved", "corrected", "refused", "status", "command", "reminded", "hold",
			NULL}},
	{"replies", true, (const char *const[]){NULL}}, /* the replier comes later */
};

static const struct log *find_log(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++)
		if (!strcmp(logs[i].name, name))
			return &logs[i];
	return NULL;
}

bool lane_log_name_ok(const char *log_name)
{
	return find_log(log_name) != NULL;
}

bool lane_log_compacted(const char *log_name)
{
	const struct log *l = find_log(log_name);

	return l && l->compacted;
}

const char *const *lane_log_kinds(const char *log_name)
{
	const struct log *l = find_log(log_name);

	return l ? l->kinds : NULL;
}

bool lane_kind_is_outcome(const char *kind)
{
	static const char *const outcomes[] = {"done", "rejected", "not_sent"};

	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		if (!strcmp(outcomes[i], kind))
			return true;
	return false;
}

void lane_record_hash(const char *key, size_t key_len, const char *value, size_t value_len,
	uint8_t ret[LANE_HASH_SIZE])
{
	struct sha256 *s = sha256_new();

	sha256_add(s, key, key_len);
	sha256_add(s, "", 1);
	if (value)
		sha256_add(s, value, value_len);
	sha256_end(s, ret);
}

static bool key_is(const char *key, size_t key_len, const char *want)
{
	return key && strlen(want) == key_len && !memcmp(key, want, key_len);
}

static int get_u64(const json_t *body, const char *name, uint64_t *ret)
{
	int64_t v = json_int(body, name, 0);

	if (v <= 0)
		return -EINVAL;
	*ret = (uint64_t)v;
	return 0;
}

static int get_writer(const json_t *body, struct lane_rec *r)
{
	const char *hex = json_str(body, "writer");

	return hex ? hex_decode(hex, LANE_WRITER_SIZE, r->writer) : -EINVAL;
}

/* Small helper of the three parsers below: the type they found, or BAD. */
static enum lane_type parse_genesis(struct lane_parsed *p, const char *key, size_t key_len)
{
	struct lane_rec *r = &p->rec;

	r->installation = json_str(p->body, "installation");
	r->log_name = json_str(p->body, "log");
	r->lanes = (int)MIN(json_int(p->body, "lanes", 0), (int64_t)INT32_MAX);
	r->lane = (int)MIN(json_int(p->body, "lane", -1), (int64_t)INT32_MAX);
	r->key_ok = key_is(key, key_len, LANE_GENESIS_KEY);
	return LANE_T_GENESIS;
}

static enum lane_type parse_takeover(struct lane_parsed *p, const char *key, size_t key_len)
{
	struct lane_rec *r = &p->rec;
	char want[LANE_KEY_SIZE];

	if (get_u64(p->body, "term", &r->term) || get_writer(p->body, r))
		return LANE_T_BAD;
	/* Without a number it is of rules nobody knows. */
	r->rules = (int)MIN(json_int(p->body, "rules", INT32_MAX), (int64_t)INT32_MAX);
	lane_takeover_key(r->term, r->writer, want);
	r->key_ok = key_is(key, key_len, want);
	return LANE_T_TAKEOVER;
}

/* A list that cannot be read explains nothing: the gaps stay and hold the lane. */
static void parse_erased(struct lane_parsed *p)
{
	const json_t *list = json_object_get(p->body, "erased"), *v;
	size_t n = json_array_size(list), i;

	if (n == 0 || n > ERASED_MAX)
		return;
	p->erased = xcalloc(n, sizeof *p->erased);
	json_array_foreach (list, i, v) {
		const char *s = json_string_value(v);

		if (s && !lane_key_parse(s, strlen(s), &p->erased[p->rec.n_erased]))
			p->rec.n_erased++;
	}
	p->rec.erased = p->erased;
}

static enum lane_type parse_ordinary(
	struct lane_parsed *p, const char *key, size_t key_len, const char *const *kinds)
{
	struct lane_rec *r = &p->rec;
	const char *intent = json_str(p->body, "intent");
	char want[LANE_KEY_SIZE];

	if (get_u64(p->body, "term", &r->term) || get_u64(p->body, "n", &r->n) ||
		get_writer(p->body, r))
		return LANE_T_BAD;
	for (size_t i = 0; kinds && kinds[i]; i++)
		r->kind_known |= !strcmp(kinds[i], r->kind);
	r->outcome = lane_kind_is_outcome(r->kind);
	if (intent && lane_key_parse(intent, strlen(intent), &r->intent))
		r->intent = (struct lane_key){0};
	parse_erased(p);
	lane_key_format(r->term, r->n, want);
	r->key_ok = key_is(key, key_len, want);
	return LANE_T_RECORD;
}

static void set_writer(json_t *b, const uint8_t writer[LANE_WRITER_SIZE])
{
	char hex[2 * LANE_WRITER_SIZE + 1];

	hex_encode(writer, LANE_WRITER_SIZE, hex);
	json_set_str(b, "writer", hex);
}

int lane_record_make(json_t *body, const char *kind, const struct lane_key *k,
	const uint8_t writer[LANE_WRITER_SIZE], const char *const *kinds, struct lane_parsed *ret,
	char **ret_text, size_t *ret_len, char key[LANE_KEY_SIZE], struct err *e)
{
	struct lane_parsed p = {.body = body};
	int rc = 0;

	json_set_str(body, "kind", kind);
	json_set_int(body, "term", (int64_t)k->term);
	json_set_int(body, "n", (int64_t)k->n);
	set_writer(body, writer);
	p.rec.kind = json_str(body, "kind");
	lane_key_format(k->term, k->n, key);
	p.rec.type = parse_ordinary(&p, key, strlen(key), kinds);
	if (p.rec.type != LANE_T_RECORD || !p.rec.kind_known)
		rc = err_set(e, -EINVAL, "a record of kind %s does not belong in this log", kind);
	else if (p.rec.outcome && !p.rec.intent.n)
		rc = err_set(e, -EINVAL, "an outcome must name its INTENT");
	else if (p.rec.outcome && p.rec.intent.term != k->term)
		rc = err_set(e, -ESTALE, "an outcome of an INTENT of another term is void");
	if (rc) {
		lane_parsed_free(&p);
		return rc;
	}
	*ret_text = json_text(body, ret_len);
	lane_record_hash(key, strlen(key), *ret_text, *ret_len, p.rec.hash);
	*ret = p;
	return 0;
}

static bool is_fixed_key(const char *key, size_t key_len)
{
	static const char takeover[] = "takeover/";

	return key_is(key, key_len, LANE_GENESIS_KEY) ||
	       (key && key_len >= sizeof takeover - 1 &&
		       !memcmp(key, takeover, sizeof takeover - 1));
}

void lane_record_parse(int64_t offset, const char *key, size_t key_len, const char *value,
	size_t value_len, const char *const *kinds, struct lane_parsed *ret)
{
	struct lane_rec *r = &ret->rec;

	*ret = (struct lane_parsed){.rec = {.type = LANE_T_BAD, .offset = offset}};
	lane_record_hash(key, key_len, value, value_len, r->hash);
	if (!value) {
		r->type = LANE_T_TOMBSTONE;
		r->key_fixed = is_fixed_key(key, key_len);
		return;
	}
	if (json_parse(value, value_len, 2 * LANE_RECORD_MAX, &ret->body, NULL))
		return;
	r->kind = json_str(ret->body, "kind");
	if (!r->kind)
		return;
	if (!strcmp(r->kind, "genesis"))
		r->type = parse_genesis(ret, key, key_len);
	else if (!strcmp(r->kind, "takeover"))
		r->type = parse_takeover(ret, key, key_len);
	else
		r->type = parse_ordinary(ret, key, key_len, kinds);
}

void lane_parsed_free(struct lane_parsed *p)
{
	json_decref(p->body);
	free(p->erased);
	*p = (struct lane_parsed){0};
}

/* --- bodies --- */

static json_t *lane_body(const char *kind)
{
	json_t *b = json_object();

	if (!b)
		abort();
	json_set_str(b, "schema", SCHEMA_LANE);
	json_set_str(b, "kind", kind);
	return b;
}

json_t *lane_genesis_body(
	const char *installation, int lanes, const char *log_name, int lane, const char *created_at)
{
	json_t *b = lane_body("genesis");

	json_set_str(b, "installation", installation);
	json_set_int(b, "lanes", lanes);
	json_set_str(b, "log", log_name);
	json_set_int(b, "lane", lane);
	json_set_str(b, "created_at", created_at);
	return b;
}

json_t *lane_takeover_body(
	uint64_t term, const uint8_t writer[LANE_WRITER_SIZE], const char *daemon, const char *at)
{
	json_t *b = lane_body("takeover");

	json_set_int(b, "term", (int64_t)term);
	set_writer(b, writer);
	json_set_int(b, "rules", LANE_RULES);
	json_set_str(b, "daemon", daemon);
	json_set_str(b, "at", at);
	return b;
}

/* --- marks and stored positions --- */

json_t *lane_mark_json(const struct lane_mark *m)
{
	char hex[2 * LANE_HASH_SIZE + 1];
	json_t *b = json_object();

	if (!b)
		abort();
	json_set_int(b, "offset", m->offset);
	json_set_int(b, "term", (int64_t)m->term);
	set_writer(b, m->writer);
	hex_encode(m->hash, LANE_HASH_SIZE, hex);
	json_set_str(b, "sha256", hex);
	return b;
}

int lane_mark_from_json(const json_t *j, struct lane_mark *ret)
{
	struct lane_mark m = {.offset = json_int(j, "offset", -1)};
	const char *writer = json_str(j, "writer"), *hash = json_str(j, "sha256");
	int64_t term = json_int(j, "term", -1);

	if (m.offset < 0 || term < 0 || !writer || !hash ||
		hex_decode(writer, LANE_WRITER_SIZE, m.writer) ||
		hex_decode(hash, LANE_HASH_SIZE, m.hash))
		return -EINVAL;
	m.term = (uint64_t)term;
	*ret = m;
	return 0;
}

json_t *lane_view_save(const struct lane_view *v)
{
	json_t *b = json_object(), *terms = json_array(), *gaps = json_array();

	if (!b || !terms || !gaps)
		abort();
	json_set_str(b, "schema", SCHEMA_POSITION);
	json_set_str(b, "log", v->conf.log_name);
	json_set_int(b, "lane", v->conf.lane);
	json_set_int(b, "lanes", v->lanes);
	json_set_str(b, "installation", v->installation);
	json_set_new(b, "last", lane_mark_json(&v->last));
	for (size_t i = 0; i < v->n_terms; i++) {
		json_t *t = json_object();

		json_set_int(t, "term", (int64_t)v->terms[i].term);
		set_writer(t, v->terms[i].writer);
		json_set_int(t, "counted_n", (int64_t)v->terms[i].counted_n);
		json_set_int(t, "seen_n", (int64_t)v->terms[i].seen_n);
		json_array_append_new(terms, t);
	}
	for (size_t i = 0; i < v->n_gaps; i++)
		json_array_append_new(
			gaps, json_pack("[I,I,I]", (json_int_t)v->gaps[i].term,
				      (json_int_t)v->gaps[i].first, (json_int_t)v->gaps[i].last));
	json_set_new(b, "terms", terms);
	json_set_new(b, "gaps", gaps);
	return b;
}

static int load_terms(struct lane_view *v, const json_t *list)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return -EINVAL;
	v->terms = xcalloc(n, sizeof *v->terms);
	for (size_t i = 0; i < n; i++) {
		const json_t *j = json_array_get(list, i);
		struct lane_term *t = &v->terms[i];
		const char *writer = json_str(j, "writer");
		int64_t counted = json_int(j, "counted_n", -1), seen = json_int(j, "seen_n", -1);

		if (get_u64(j, "term", &t->term) || !writer ||
			hex_decode(writer, LANE_WRITER_SIZE, t->writer) || counted < 0 ||
			seen < counted || (i && t->term <= t[-1].term))
			return -EINVAL;
		t->counted_n = (uint64_t)counted;
		t->seen_n = (uint64_t)seen;
		v->n_terms++;
	}
	return 0;
}

static int load_gaps(struct lane_view *v, const json_t *list)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return -EINVAL;
	v->gaps = xcalloc(n, sizeof *v->gaps);
	for (size_t i = 0; i < n; i++) {
		json_int_t term, first, last;
		json_t *j = json_array_get(list, i);

		if (json_unpack(j, "[I,I,I]", &term, &first, &last) || term <= 0 || first <= 0 ||
			last < first)
			return -EINVAL;
		v->gaps[v->n_gaps++] =
			(struct lane_gap){(uint64_t)term, (uint64_t)first, (uint64_t)last};
	}
	return 0;
}

int lane_view_load(struct lane_view *v, const json_t *position, struct err *e)
{
	const char *installation = json_str_or(position, "installation", "");
	int64_t lanes = json_int(position, "lanes", 0);
	struct lane_view n;

	lane_view_init(&n, &v->conf);
	if (strcmp(json_str_or(position, "schema", ""), SCHEMA_POSITION) != 0 ||
		strcmp(json_str_or(position, "log", ""), v->conf.log_name) != 0 ||
		json_int(position, "lane", -1) != v->conf.lane || lanes <= 0 || lanes > INT32_MAX ||
		(v->conf.lanes && lanes != v->conf.lanes) || !*installation ||
		strlen(installation) >= sizeof n.installation ||
		(v->conf.installation && strcmp(installation, v->conf.installation) != 0) ||
		lane_mark_from_json(json_object_get(position, "last"), &n.last) ||
		load_terms(&n, json_object_get(position, "terms")) ||
		load_gaps(&n, json_object_get(position, "gaps"))) {
		lane_view_free(&n);
		return err_set(e, -EINVAL, "not a stored position of %s lane %d", v->conf.log_name,
			v->conf.lane);
	}
	snprintf(n.installation, sizeof n.installation, "%s", installation);
	n.lanes = (int)lanes;
	n.next = n.last.offset + 1;
	n.check_last = true;
	n.marks = v->marks;
	n.n_marks = v->n_marks;
	free(v->terms);
	free(v->gaps);
	*v = n;
	return 0;
}
