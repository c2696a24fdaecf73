/* lane: see lane.h; rules are named by their number in lane.md.
 *
 * Guarantee: two views fed with the same log rule the same, whenever they read it: before or after
 * compaction, from the start or from a position saved by lane_view_save. What cannot be ruled is
 * held, never guessed. Known gap: a LATE outcome of an INTENT that was erased since is void for a
 * reader who reads it after the compaction; the erasing record has restated what it said. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

#include "core/lane.h"

void lane_view_init(struct lane_view *v, const struct lane_view_conf *c)
{
	*v = (struct lane_view){.conf = *c, .lanes = c->lanes, .last.offset = -1};
}

void lane_view_free(struct lane_view *v)
{
	free(v->terms);
	free(v->gaps);
	free(v->marks);
	v->terms = NULL;
	v->gaps = NULL;
	v->marks = NULL;
	v->n_terms = v->n_gaps = v->n_marks = 0;
}

void lane_view_add_mark(struct lane_view *v, const struct lane_mark *m)
{
	if (m->offset < v->next) /* remembers nothing, or less than the position resumed from */
		return;
	v->marks = xrealloc(v->marks, (v->n_marks + 1) * sizeof *v->marks);
	v->marks[v->n_marks++] = *m;
}

const struct lane_term *lane_view_ruler(const struct lane_view *v)
{
	return v->n_terms ? &v->terms[v->n_terms - 1] : NULL;
}

/* Terms rise, so the newest are last and looked for most. */
static struct lane_term *find_term(const struct lane_view *v, uint64_t term)
{
	for (size_t i = v->n_terms; i-- > 0 && v->terms[i].term >= term;)
		if (v->terms[i].term == term)
			return &v->terms[i];
	return NULL;
}

const struct lane_term *lane_view_term(const struct lane_view *v, uint64_t term)
{
	return find_term(v, term);
}

static bool same_writer(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, LANE_WRITER_SIZE) == 0;
}

/* --- gaps in n (rules 9, 23) --- */

static void add_gap(struct lane_view *v, uint64_t term, uint64_t first, uint64_t last)
{
	v->gaps = xrealloc(v->gaps, (v->n_gaps + 1) * sizeof *v->gaps);
	v->gaps[v->n_gaps++] = (struct lane_gap){term, first, last};
}

/* A counted record says that this key was erased: it may be missing. */
static void explain_gap(struct lane_view *v, const struct lane_key *k)
{
	for (size_t i = 0; i < v->n_gaps; i++) {
		struct lane_gap g = v->gaps[i];

		if (g.term != k->term || k->n < g.first || k->n > g.last)
			continue;
		v->gaps[i] = v->gaps[--v->n_gaps];
		if (g.first < k->n)
			add_gap(v, g.term, g.first, k->n - 1);
		if (k->n < g.last)
			add_gap(v, g.term, k->n + 1, g.last);
		return;
	}
}

/* --- one record --- */

static enum lane_ruling rule_genesis(struct lane_view *v, const struct lane_rec *r, struct err *e)
{
	if (!r->key_ok || !r->installation || strlen(r->installation) >= sizeof v->installation)
		return err_set(e, -EBADMSG, "a genesis record that is none"), LANE_HOLD;
	if (!r->log_name || strcmp(r->log_name, v->conf.log_name) != 0)
		return err_set(e, -EBADMSG, "the genesis record is of another log"), LANE_HOLD;
	if (r->lane != v->conf.lane || r->lanes <= r->lane)
		return err_set(e, -EBADMSG, "the genesis record is of lane %d of %d", r->lane,
			       r->lanes),
		       LANE_HOLD;
	if (v->lanes && r->lanes != v->lanes)
		return err_set(e, -EBADMSG,
			       "the log was made for %d lanes, the configuration says %d", r->lanes,
			       v->lanes),
		       LANE_HOLD;
	if (v->conf.installation && strcmp(r->installation, v->conf.installation) != 0)
		return err_set(e, -EBADMSG,
			       "the log belongs to installation %s, the other logs to %s",
			       r->installation, v->conf.installation),
		       LANE_HOLD;
	if (v->installation[0]) { /* the same one again, by a `topics create` that was repeated */
		if (v->n_terms || strcmp(r->installation, v->installation) != 0)
			return err_set(e, -EBADMSG, "a second genesis record"), LANE_HOLD;
		return LANE_VOID;
	}
	snprintf(v->installation, sizeof v->installation, "%s", r->installation);
	v->lanes = r->lanes;
	return LANE_COUNTS;
}

/* Rule 5. */
static enum lane_ruling rule_takeover(struct lane_view *v, const struct lane_rec *r, struct err *e)
{
	const struct lane_term *ruler = lane_view_ruler(v);

	if (r->rules > LANE_RULES)
		return err_set(e, -EBADMSG,
			       "a takeover under rules %d, this build knows %d: update it",
			       r->rules, LANE_RULES),
		       LANE_HOLD;
	if (ruler && r->term <= ruler->term)
		return LANE_VOID;
	if (!r->key_ok || !r->term)
		return err_set(e, -EBADMSG, "a takeover under a key that is not its own"),
		       LANE_HOLD;
	v->terms = xrealloc(v->terms, (v->n_terms + 1) * sizeof *v->terms);
	v->terms[v->n_terms] = (struct lane_term){.term = r->term};
	memcpy(v->terms[v->n_terms].writer, r->writer, LANE_WRITER_SIZE);
	v->n_terms++;
	return LANE_COUNTS;
}

/* Rule 7: the n of a writer rise by one, each once. */
static int check_n(struct lane_view *v, struct lane_term *t, bool rules, const struct lane_rec *r,
	struct err *e)
{
	if (!r->key_ok)
		return err_set(e, -EBADMSG, "record %" PRIu64 "/%" PRIu64 " has another key",
			r->term, r->n);
	if (r->n <= t->seen_n)
		return err_set(
			e, -EBADMSG, "key %" PRIu64 "/%" PRIu64 " was used before", r->term, r->n);
	if (rules && r->n != t->seen_n + 1) {
		if (!v->conf.compacted)
			return err_set(e, -EBADMSG,
				"record %" PRIu64 "/%" PRIu64 " follows on n %" PRIu64
				": the log lost records",
				r->term, r->n, t->seen_n);
		add_gap(v, r->term, t->seen_n + 1, r->n - 1);
	}
	return 0;
}

/* Rule 17: an outcome counts from the writer of its INTENT, if that INTENT counted. */
static bool outcome_of_counted_intent(const struct lane_rec *r, const struct lane_term *t)
{
	return r->intent.term == r->term && r->intent.n > 0 && r->intent.n <= t->counted_n;
}

static enum lane_ruling rule_record(struct lane_view *v, const struct lane_rec *r, struct err *e)
{
	struct lane_term *t = find_term(v, r->term);
	bool rules = t && t == lane_view_ruler(v);
	bool late;

	if (!t || !same_writer(t->writer, r->writer))
		return LANE_VOID;
	if (!r->kind_known)
		return err_set(e, -EBADMSG,
			       "record %" PRIu64 "/%" PRIu64
			       " is of a kind this build does not know: update it",
			       r->term, r->n),
		       LANE_HOLD;
	if (check_n(v, t, rules, r, e))
		return LANE_HOLD;
	late = r->outcome && outcome_of_counted_intent(r, t);
	t->seen_n = r->n;
	if (!rules)
		return late ? LANE_LATE : LANE_VOID;
	t->counted_n = r->n;
	if (r->outcome && !late)
		return LANE_VOID;
	for (size_t i = 0; i < r->n_erased; i++)
		explain_gap(v, &r->erased[i]);
	return LANE_COUNTS;
}

static enum lane_ruling rule(struct lane_view *v, const struct lane_rec *r, struct err *e)
{
	if (!v->installation[0] && r->type != LANE_T_GENESIS)
		return err_set(e, -EBADMSG,
			       "the log does not begin with a genesis record: not made by "
			       "`muaractl "
			       "topics create`, or its beginning was removed"),
		       LANE_HOLD;
	switch (r->type) {
	case LANE_T_GENESIS:
		return rule_genesis(v, r, e);
	case LANE_T_TAKEOVER:
		return rule_takeover(v, r, e);
	case LANE_T_RECORD:
		return rule_record(v, r, e);
	case LANE_T_TOMBSTONE:
		if (r->key_fixed)
			return err_set(e, -EBADMSG, "a tombstone for a takeover or the genesis"),
			       LANE_HOLD;
		return LANE_SKIP;
	case LANE_T_BAD:
		break;
	}
	return LANE_VOID;
}

/* --- what is remembered elsewhere (rule 4) --- */

static bool mark_rules(const struct lane_view *v, const struct lane_mark *m)
{
	const struct lane_term *t = lane_view_ruler(v);

	return t ? t->term == m->term && same_writer(t->writer, m->writer) : m->term == 0;
}

/* Compares the marks below `end` that no record stood at (erased since), or the one at the record
 * just ruled. Passed ones are forgotten. */
static int check_marks(struct lane_view *v, int64_t end, const struct lane_mark *at, struct err *e)
{
	for (size_t i = 0; i < v->n_marks;) {
		const struct lane_mark *m = &v->marks[i];

		if (m->offset >= end) {
			i++;
			continue;
		}
		if (!mark_rules(v, m))
			return err_set(e, -EBADMSG,
				"at offset %" PRId64 " another term rules than was remembered: the "
				"log lost records (recreated, or put back from an older copy)",
				m->offset);
		if (at && m->offset == at->offset && memcmp(m->hash, at->hash, LANE_HASH_SIZE) != 0)
			return err_set(e, -EBADMSG,
				"the record at offset %" PRId64 " is not the one that was "
				"remembered: the log lost records (recreated, or put back from an "
				"older copy)",
				m->offset);
		v->marks[i] = v->marks[--v->n_marks];
	}
	return 0;
}

/* Rule 10: a position is used only if the record it stands on is still the same. */
static int check_position(struct lane_view *v, const struct lane_rec *r, struct err *e)
{
	v->check_last = false;
	if (r->offset != v->last.offset)
		return err_set(e, -EBADMSG,
			"the record at the stored position %" PRId64 " is gone: read from 0",
			v->last.offset);
	if (memcmp(r->hash, v->last.hash, LANE_HASH_SIZE) != 0)
		return err_set(e, -EBADMSG,
			"the record at the stored position %" PRId64
			" is another one: the log lost records",
			v->last.offset);
	return 0;
}

static enum lane_ruling hold(struct lane_view *v)
{
	v->held = true;
	return LANE_HOLD;
}

enum lane_ruling lane_view_feed(struct lane_view *v, const struct lane_rec *r, struct err *e)
{
	const struct lane_term *t;
	enum lane_ruling ruling;

	if (v->held)
		return err_set(e, -EBADMSG, "the lane holds"), LANE_HOLD;
	if (v->check_last)
		return check_position(v, r, e) ? hold(v) : LANE_SKIP;
	if (r->offset < v->next) {
		err_set(e, -EBADMSG,
			"offset %" PRId64 " was read already up to %" PRId64
			": the log lost records",
			r->offset, v->next);
		return hold(v);
	}
	if (check_marks(v, r->offset, NULL, e))
		return hold(v);
	ruling = rule(v, r, e);
	if (ruling == LANE_HOLD) {
		err_prefix(e, "offset %" PRId64, r->offset);
		return hold(v);
	}
	t = lane_view_ruler(v);
	v->next = r->offset + 1;
	v->last = (struct lane_mark){.offset = r->offset, .term = t ? t->term : 0};
	if (t)
		memcpy(v->last.writer, t->writer, LANE_WRITER_SIZE);
	memcpy(v->last.hash, r->hash, LANE_HASH_SIZE);
	return check_marks(v, v->next, &v->last, e) ? hold(v) : ruling;
}

int lane_view_eof(struct lane_view *v, int64_t next, struct err *e)
{
	if (v->held)
		return err_set(e, -EBADMSG, "the lane holds");
	if (v->check_last && next < v->next)
		return err_set(e, -EAGAIN,
			"the log ends at %" PRId64 ", before the stored position: it lost records",
			next);
	if (next < v->next) /* from before a report told us more */
		return 0;
	if (v->check_last)
		err_set(e, -EBADMSG,
			"the record at the stored position %" PRId64 " is gone: read from 0",
			v->last.offset);
	else if (!v->installation[0])
		err_set(e, -EBADMSG,
			"the log is empty: `muaractl topics create` makes it, and refuses beside "
			"logs that hold records");
	else if (v->n_gaps)
		err_set(e, -EBADMSG,
			"record %" PRIu64 "/%" PRIu64
			" is missing and no erasure names it: the log lost records",
			v->gaps[0].term, v->gaps[0].first);
	else if (!check_marks(v, next, NULL, e)) {
		v->next = next;
		if (!v->n_marks)
			return 0;
		return err_set(e, -EAGAIN,
			"offset %" PRId64 " is remembered but the log ends at %" PRId64
			": it lost records (recreated, or put back from an older copy)",
			v->marks[0].offset, next);
	}
	hold(v);
	return -EBADMSG;
}

/* --- keys --- */

void lane_key_format(uint64_t term, uint64_t n, char *out)
{
	snprintf(out, LANE_KEY_SIZE, "%" PRIu64 "/%" PRIu64, term, n);
}

void lane_takeover_key(uint64_t term, const uint8_t writer[LANE_WRITER_SIZE], char *out)
{
	char hex[2 * LANE_WRITER_SIZE + 1];

	hex_encode(writer, LANE_WRITER_SIZE, hex);
	snprintf(out, LANE_KEY_SIZE, "takeover/%" PRIu64 "/%s", term, hex);
}

static int parse_number(const char **s, const char *end, uint64_t *ret)
{
	const char *from = *s;
	uint64_t v = 0;

	for (; *s < end && **s >= '0' && **s <= '9'; (*s)++)
		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(**s - '0'), &v))
			return -EINVAL;
	if (*s == from || *from == '0') /* no leading zero: one spelling per key */
		return -EINVAL;
	*ret = v;
	return 0;
}

int lane_key_parse(const char *s, size_t len, struct lane_key *ret)
{
	const char *end = s + len;
	struct lane_key k;

	if (parse_number(&s, end, &k.term) || s == end || *s++ != '/' ||
		parse_number(&s, end, &k.n) || s != end)
		return -EINVAL;
	*ret = k;
	return 0;
}
