/* calls: see calls.h. */
#include <string.h>

#include "base/crypto.h"
#include "base/idmap.h"
#include "base/json.h"
#include "base/util.h"

#include "calls.h"

enum { ABSENT, ARCHIVED, COUNTS, SEEN };

struct known { /* of a call: ARCHIVED or COUNTS; of a call with a content: SEEN */
	uint8_t key[16];
	uint32_t state;
};
struct own { /* calls that got one of their own: the number in its name */
	uint8_t key[16];
	uint32_t base;
};
struct change { /* what calls_put did, to be taken back */
	uint64_t number;
	uint8_t key[16];
	uint32_t before;
	bool own;
};
struct calls {
	const char *account;
	struct idmap known, own;
	struct change *changes;
	size_t n, cap;
};

struct calls *calls_new(const char *account)
{
	struct calls *c = xcalloc(1, sizeof(*c));

	c->account = account;
	c->known = IDMAP_INIT(struct known);
	c->own = IDMAP_INIT(struct own);
	return c;
}

void calls_free(struct calls *c)
{
	if (!c)
		return;
	idmap_free(&c->known);
	idmap_free(&c->own);
	free(c->changes);
	free(c);
}

void calls_ruling_free(struct calls_ruling *r)
{
	if (!r)
		return;
	free(r->native_id);
	*r = (struct calls_ruling){0};
}

/* --- what a record says --- */

/* The centre's own id of the call. */
static const char *call_id(const json_t *record)
{
	const char *own = json_str(json_object_get(record, "fields"), "call_id");

	return own ? own : json_str_or(record, "native_id", "");
}

static void content_hash(const json_t *record, char ret[SHA256_HEX_SIZE])
{
	static const char *const members[] = {
		"author", "text", "location", "call", "sent_at_source", "fields"};
	_cleanup_json_ json_t *content = json_object(), *ids = json_array();
	_cleanup_free_ char *text = NULL;
	const json_t *a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(members); i++)
		json_set_new(content, members[i],
			json_copy(json_object_get(record, members[i]) ?: json_null()));
	json_object_del(json_object_get(content, "fields"), "call_id");
	if (json_object_size(json_object_get(content, "fields")) == 0)
		json_object_del(content, "fields");
	/* a row without a phone: its author is the id of the message, which is not content */
	if (!json_str(json_object_get(content, "author"), "phone"))
		json_object_del(json_object_get(content, "author"), "id");
	json_array_foreach (json_object_get(record, "attachments"), i, a)
		json_array_append(ids, json_object_get(a, "id"));
	json_set_new(content, "attachments", json_incref(ids));
	text = json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS);
	sha256_hex(text ? text : "", text ? strlen(text) : 0, ret);
}

/* Does this class become a complaint (or go to a person)? */
static bool class_counts(enum message_class class)
{
	return class == MC_HUMAN || class == MC_UNKNOWN || class == MC_EMERGENCY;
}

static uint32_t base_of(const char *hash)
{
	char digits[9];

	snprintf(digits, sizeof(digits), "%.8s", hash);
	return (uint32_t)strtoul(digits, NULL, 16) | 1; /* 0 means none */
}

static void keys(const char *id, const char *hash, uint8_t call[16], uint8_t content[16])
{
	sha256_key(call, "call", 4, id, strlen(id));
	sha256_key(content, id, strlen(id) + 1, hash, strlen(hash));
}

/* --- the books --- */

static uint32_t state_of(const struct calls *c, const uint8_t key[16])
{
	const struct known *k = idmap_get(&c->known, key);

	return k ? k->state : ABSENT;
}

static uint32_t own_of(const struct calls *c, const uint8_t key[16])
{
	const struct own *o = idmap_get(&c->own, key);

	return o ? o->base : 0;
}

static void set_known(struct calls *c, const uint8_t key[16], uint32_t state)
{
	((struct known *)idmap_put(&c->known, key, NULL))->state = state;
}

static void set_own(struct calls *c, const uint8_t key[16], uint32_t base)
{
	((struct own *)idmap_put(&c->own, key, NULL))->base = base;
}

static void learn_call(struct calls *c, const json_t *record, const uint8_t key[16])
{
	const char *native = json_str_or(record, "native_id", ""), *mark = strrchr(native, '#');

	if (json_str(json_object_get(record, "fields"), "call_id") && mark) {
		set_known(c, key, COUNTS);
		set_own(c, key, base_of(mark + 1));
	} else if (state_of(c, key) == ABSENT) {
		set_known(c, key, class_counts(message_class_get(record)) ? COUNTS : ARCHIVED);
	}
}

void calls_learn(struct calls *c, const json_t *record)
{
	char hash[SHA256_HEX_SIZE];
	uint8_t call[16], content[16];

	if (strcmp(json_str_or(record, "account", ""), c->account) != 0)
		return;
	content_hash(record, hash);
	keys(call_id(record), hash, call, content);
	set_known(c, content, SEEN);
	if (message_kind_get(record) != MK_EDIT)
		learn_call(c, record, call);
}

/* --- rows --- */

static void name_it(struct message *m, json_t **ret_fields, const char *id)
{
	if (!m->fields)
		m->fields = *ret_fields = json_object();
	json_set_str(m->fields, "call_id", id);
}

static void judge_known(const struct calls *c, struct message *m, const char *id, const char *hash,
	json_t **ret_fields, struct calls_ruling *ret)
{
	bool counted = state_of(c, ret->call) == COUNTS;

	ret->base = own_of(c, ret->call);
	if (!counted && ret->counts) {
		ret->base = base_of(hash);
		ret->verdict = CALLS_CALL;
	} else {
		ret->verdict = CALLS_UPDATE;
		m->kind = MK_EDIT;
		snprintf(ret->revision, sizeof(ret->revision), "%s", hash);
		m->revision = ret->revision;
		if (counted && !ret->counts && m->class != MC_STALE)
			m->class = MC_UNKNOWN;
	}
	ret->counts |= counted;
	if (!ret->base)
		return;
	ret->native_id = xasprintf("%s#%08x", id, ret->base);
	m->native_id = ret->native_id;
	name_it(m, ret_fields, id);
}

void calls_judge(
	const struct calls *c, struct message *m, json_t **ret_fields, struct calls_ruling *ret)
{
	_cleanup_json_ json_t *record = NULL;
	char hash[SHA256_HEX_SIZE];
	const char *id;

	*ret = (struct calls_ruling){.verdict = CALLS_CALL};
	*ret_fields = NULL;
	if (message_build(m, &record, NULL, NULL))
		return;
	id = call_id(record);
	content_hash(record, hash);
	keys(id, hash, ret->call, ret->content);
	ret->counts = class_counts(message_class_get(record));
	if (state_of(c, ret->content) == SEEN)
		ret->verdict = CALLS_NOTHING;
	else if (state_of(c, ret->call) != ABSENT)
		judge_known(c, m, id, hash, ret_fields, ret);
}

static void remember(
	struct calls *c, uint64_t number, const uint8_t key[16], uint32_t before, bool own)
{
	struct change *change;

	if (c->n == c->cap)
		c->changes =
			xrealloc(c->changes, (c->cap = c->cap ? 2 * c->cap : 64) * sizeof(*change));
	change = &c->changes[c->n++];
	*change = (struct change){.number = number, .before = before, .own = own};
	memcpy(change->key, key, sizeof(change->key));
}

void calls_put(struct calls *c, const struct calls_ruling *r, uint64_t number)
{
	static const uint8_t none[16];

	if (memcmp(r->call, none, sizeof(none)) == 0)
		return; /* it could not be built: it has no id the books could know */
	remember(c, number, r->content, state_of(c, r->content), false);
	set_known(c, r->content, SEEN);
	if (r->verdict != CALLS_CALL)
		return;
	remember(c, number, r->call, state_of(c, r->call), false);
	set_known(c, r->call, r->counts ? COUNTS : ARCHIVED);
	if (r->base) {
		remember(c, number, r->call, own_of(c, r->call), true);
		set_own(c, r->call, r->base);
	}
}

void calls_settle(struct calls *c, uint64_t number)
{
	size_t settled = 0;

	while (settled < c->n && c->changes[settled].number < number)
		settled++;
	if (settled && settled < c->n)
		memmove(c->changes, c->changes + settled, (c->n - settled) * sizeof(*c->changes));
	c->n -= settled;
}

void calls_undo(struct calls *c, uint64_t number)
{
	calls_settle(c, number);
	while (c->n) {
		const struct change *change = &c->changes[--c->n];

		if (change->own)
			set_own(c, change->key, change->before);
		else
			set_known(c, change->key, change->before);
	}
}
