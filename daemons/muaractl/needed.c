/* needed: see needed.h. */
#include "needed.h"

#include <errno.h>
#include <string.h>

#include "base/crypto.h"
#include "base/idmap.h"
#include "base/json.h"
#include "base/util.h"
#include "core/call_kind.h"
#include "core/ids.h"

#define HEX (SHA256_HEX_SIZE - 1)

const char *const need_names[NEEDS] = {
	"no longer needed", "raw", "recent", "complaint", "untold", "undecided", "other"};

struct use { /* a complaint, or a media record, that names a blob */
	uint8_t owner[16];
	uint32_t since; /* the lowest version that names it; 0: evidence of a submission */
	uint32_t next;	/* of the same blob, IDMAP_NONE ends */
	bool media;
};

struct blob_row {
	uint8_t key[16]; /* the first half of its hash */
	int64_t newest_ms;
	uint32_t uses;
	bool by[NEEDS]; /* RAW, OTHER */
};

struct complaint_row {
	uint8_t key[16];
	int64_t newest_ms; /* of all that names it */
	uint32_t version, told;
	uint32_t open; /* attempts without an end */
	bool known, closed, ready, filed;
};

struct attempt_row {
	uint8_t key[16]; /* of lane and "term/n" */
	uint8_t complaint[16];
	uint64_t term;
	uint32_t version;
	bool creates, tells, ended, resolved;
};

struct absorbed_row {
	uint8_t key[16];
};

struct needed {
	int64_t now_ms, older_ms;
	struct idmap blobs, complaints, attempts, absorbed;
	struct use *uses;
	uint32_t n_uses, room;
};

struct needed *needed_new(int64_t now_ms, int64_t older_ms)
{
	struct needed *n = xcalloc(1, sizeof(*n));

	*n = (struct needed){.now_ms = now_ms,
		.older_ms = older_ms,
		.blobs = IDMAP_INIT(struct blob_row),
		.complaints = IDMAP_INIT(struct complaint_row),
		.attempts = IDMAP_INIT(struct attempt_row),
		.absorbed = IDMAP_INIT(struct absorbed_row)};
	return n;
}

void needed_free(struct needed *n)
{
	if (!n)
		return;
	idmap_free(&n->blobs);
	idmap_free(&n->complaints);
	idmap_free(&n->attempts);
	idmap_free(&n->absorbed);
	free(n->uses);
	free(n);
}

/* --- names of blobs in a text --- */

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The next run of exactly 64 digits at or behind p; NULL: none. */
static const char *next_hash(const char *p, const char *end)
{
	while (p < end) {
		const char *from = p;

		while (p < end && is_hex(*p))
			p++;
		if (p - from == HEX)
			return from;
		p += p < end;
	}
	return NULL;
}

static struct blob_row *blob_of(struct needed *n, const char *hash)
{
	char half[33];
	uint8_t key[16];
	struct blob_row *b;
	bool new;

	memcpy(half, hash, 32);
	half[32] = '\0';
	if (hex_decode(half, sizeof(key), key))
		return NULL;
	b = idmap_put(&n->blobs, key, &new);
	if (new)
		b->uses = IDMAP_NONE;
	return b;
}

typedef void named_fn(struct needed *n, struct blob_row *b, const void *ctx);

static void each_named(
	struct needed *n, const char *value, size_t len, named_fn *fn, const void *ctx)
{
	const char *end = value + len;

	for (const char *p = value; value && (p = next_hash(p, end)); p += HEX) {
		struct blob_row *b = blob_of(n, p);

		if (b)
			fn(n, b, ctx);
	}
}

static void name_always(struct needed *n, struct blob_row *b, const void *ctx)
{
	(void)n;
	b->by[*(const enum need *)ctx] = true;
}

static void name_at(struct needed *n, struct blob_row *b, const void *ctx)
{
	(void)n;
	b->newest_ms = MAX(b->newest_ms, *(const int64_t *)ctx);
}

static void name_use(struct needed *n, struct blob_row *b, const void *ctx)
{
	const struct use *new = ctx;

	for (uint32_t i = b->uses; i != IDMAP_NONE; i = n->uses[i].next) {
		struct use *u = &n->uses[i];

		if (u->media == new->media && !u->since == !new->since &&
			memcmp(u->owner, new->owner, sizeof(u->owner)) == 0) {
			u->since = MIN(u->since, new->since);
			return;
		}
	}
	if (n->n_uses == n->room) {
		n->room = n->room ? 2 * n->room : 256;
		n->uses = xrealloc(n->uses, n->room * sizeof(*n->uses));
	}
	n->uses[n->n_uses] = *new;
	n->uses[n->n_uses].next = b->uses;
	b->uses = n->n_uses++;
}

/* --- what is fed --- */

void needed_always(struct needed *n, const char *value, size_t len, enum need why)
{
	each_named(n, value, len, name_always, &why);
}

void needed_recent(struct needed *n, const char *value, size_t len, int64_t at_ms)
{
	each_named(n, value, len, name_at, &at_ms);
}

void needed_media(struct needed *n, const char *value, size_t len, int64_t at_ms)
{
	_cleanup_json_ json_t *j = value ? json_loadb(value, len, 0, NULL) : NULL;
	struct use u = {.media = true};

	needed_recent(n, value, len, at_ms);
	/* Without an id nobody can have absorbed it: needed by an owner that is nowhere. */
	(void)uuid_parse(json_str_or(j, "id", ""), u.owner);
	each_named(n, value, len, name_use, &u);
}

static struct complaint_row *complaint_of(struct needed *n, const json_t *id)
{
	const char *text = json_string_value(id);
	uint8_t key[16];

	return text && !uuid_parse(text, key) ? idmap_put(&n->complaints, key, NULL) : NULL;
}

static void take_snapshot(struct needed *n, const json_t *snapshot, int64_t at_ms)
{
	struct complaint_row *c = complaint_of(n, json_object_get(snapshot, "id"));
	const char *state = json_str_or(snapshot, "state", "");
	_cleanup_free_ char *text = NULL;
	struct use u = {.since = (uint32_t)MAX(json_int(snapshot, "version", 1), 1)};
	size_t len;

	if (!c)
		return;
	memcpy(u.owner, c->key, sizeof(u.owner));
	c->newest_ms = MAX(c->newest_ms, at_ms);
	if (!c->known || u.since >= c->version) {
		c->known = true;
		c->version = u.since;
		c->ready = strcmp(state, "ready") == 0;
		c->closed = strcmp(state, "merged") == 0 || strcmp(state, "withdrawn") == 0 ||
			    strcmp(state, "archived") == 0;
	}
	text = json_text(snapshot, &len);
	each_named(n, text, len, name_use, &u);
}

void needed_decision(
	struct needed *n, const json_t *body, const char *value, size_t len, int64_t at_ms)
{
	const json_t *x;
	uint8_t key[16];
	size_t i;

	needed_recent(n, value, len, at_ms);
	json_array_foreach (json_object_get(body, "inputs"), i, x)
		if (!uuid_parse(json_str_or(x, "id", ""), key))
			idmap_put(&n->absorbed, key, NULL);
	json_array_foreach (json_object_get(body, "results"), i, x)
		if (strcmp(json_str_or(x, "type", ""), "complaint") == 0)
			take_snapshot(n, x, at_ms);
}

static void attempt_key(uint8_t key[16], int32_t lane, const char *place)
{
	_cleanup_free_ char *text = xasprintf("%d %s", (int)lane, place);
	uint8_t hash[SHA256_SIZE];

	sha256_of(text, strlen(text), hash);
	memcpy(key, hash, 16);
}

static void take_intent(struct needed *n, int32_t lane, const json_t *body, struct complaint_row *c)
{
	_cleanup_free_ char *place = xasprintf("%lld/%lld", (long long)json_int(body, "term", 0),
		(long long)json_int(body, "n", 0));
	enum call_kind call = call_kind_parse(json_str_or(body, "call", ""));
	struct attempt_row *a;
	uint8_t key[16];
	bool new;

	attempt_key(key, lane, place);
	a = idmap_put(&n->attempts, key, &new);
	if (!new)
		return;
	memcpy(a->complaint, c->key, sizeof(a->complaint));
	a->term = (uint64_t)json_int(body, "term", 0);
	a->version = (uint32_t)json_int(body, "version", 0);
	a->creates = call_creates(call);
	a->tells = call_tells(call);
	c->open++;
}

static void end(struct attempt_row *a, struct complaint_row *c)
{
	if (!a->ended)
		c->open--;
	a->ended = true;
}

static void done(struct attempt_row *a, struct complaint_row *c)
{
	end(a, c);
	c->filed |= a->creates;
	if (a->tells)
		c->told = MAX(c->told, a->version);
}

/* An outcome counts from its INTENT's term only, a resolution under the term and once (rule 17). */
static void take_outcome(struct needed *n, int32_t lane, const json_t *body, bool late)
{
	const char *intent = json_str(body, "intent"), *kind = json_str_or(body, "kind", "");
	struct attempt_row *a;
	struct complaint_row *c;
	uint8_t key[16];

	if (!intent)
		return;
	attempt_key(key, lane, intent);
	a = idmap_get(&n->attempts, key);
	c = a ? idmap_get(&n->complaints, a->complaint) : NULL;
	if (!c)
		return;
	if (strcmp(kind, "resolved") == 0 && !late && !a->resolved) {
		a->resolved = true;
		if (strcmp(json_str_or(body, "resolution", ""), "filed") == 0)
			done(a, c);
		else
			end(a, c);
	} else if (a->term != (uint64_t)json_int(body, "term", 0)) {
		return;
	} else if (strcmp(kind, "done") == 0) {
		done(a, c);
	} else if (strcmp(kind, "not_sent") == 0 || strcmp(kind, "rejected") == 0) {
		end(a, c);
	}
}

void needed_submission(struct needed *n, int32_t lane, const json_t *body, const char *value,
	size_t len, int64_t at_ms, bool late)
{
	struct complaint_row *c = complaint_of(n, json_object_get(body, "complaint"));
	struct use u = {.since = 0};

	needed_recent(n, value, len, at_ms);
	if (c) {
		memcpy(u.owner, c->key, sizeof(u.owner));
		c->newest_ms = MAX(c->newest_ms, at_ms);
		each_named(n, value, len, name_use, &u);
	}
	if (c && !late && strcmp(json_str_or(body, "kind", ""), "intent") == 0)
		take_intent(n, lane, body, c);
	else
		take_outcome(n, lane, body, late);
}

/* --- the answer --- */

static bool recent(const struct needed *n, int64_t at_ms)
{
	return at_ms > n->now_ms - n->older_ms;
}

static bool finished(const struct needed *n, const struct complaint_row *c)
{
	return c && c->known && !c->open && !recent(n, c->newest_ms) &&
	       (c->closed || (c->ready && c->filed));
}

static enum need needed_by(const struct needed *n, const struct use *u)
{
	const struct complaint_row *c;

	if (u->media)
		return idmap_get(&n->absorbed, u->owner) ? NEED_NOT : NEED_MEDIA;
	c = idmap_get(&n->complaints, u->owner);
	if (!finished(n, c))
		return NEED_COMPLAINT;
	return c->ready && u->since > c->told ? NEED_UNTOLD : NEED_NOT;
}

enum need needed_why(const struct needed *n, const char *sha256)
{
	char half[33];
	uint8_t key[16];
	const struct blob_row *b;
	enum need why = NEED_NOT;

	snprintf(half, sizeof(half), "%.32s", sha256);
	if (strlen(sha256) != HEX || hex_decode(half, sizeof(key), key))
		return NEED_OTHER; /* no blob's name: not ours to judge */
	b = idmap_get(&n->blobs, key);
	if (!b)
		return NEED_NOT;
	for (enum need i = NEED_RAW; i < NEEDS; i++)
		if (b->by[i])
			return i;
	for (uint32_t i = b->uses; i != IDMAP_NONE && !why; i = n->uses[i].next)
		why = needed_by(n, &n->uses[i]);
	return why ? why : recent(n, b->newest_ms) ? NEED_RECENT : NEED_NOT;
}
