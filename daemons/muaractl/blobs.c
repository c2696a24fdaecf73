/* blobs: the command `blobs prune`: removes from the blob store what nobody needs any more.
 *
 * Order: the store's clock is read, then every log to its end (raw topics, media, commands,
 * emergencies, complaints, submissions), then each blob is judged (needed.h) and, if it is old too,
 * removed by a store that looks at its age once more. A record that comes meanwhile and names a
 * blob either put it just before, which makes it young, or is of a complaint that was not finished.
 *
 * Known gaps: a complaint that was finished long ago and is opened again in the very moment of the
 * run may find its old files gone (they were told). Records of `media` stay (no personal data but a
 * native id); an erased person's blobs go by age, too. A follow-up that was rejected keeps its
 * files for ever. Topics of other prefixes that share the store are not read: one store, one
 * prefix. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/options.h"
#include "base/util.h"
#include "core/blob.h"
#include "core/topics.h"

#include "commands.h"
#include "needed.h"
#include "print.h"
#include "tail.h"

#define DAY_MS	 (24 * INT64_C(3600000))
#define OLDER_MS (90 * DAY_MS)
#define MOST_MS	 (3660 * DAY_MS)

struct prune {
	struct ctl *c;
	struct needed *needed;
	struct blob_store *store;
	int64_t before_ms;
	bool dry;
	json_t *young, *kept, *removed; /* {"files", "bytes"}; kept: by reason */
	struct err e;
};

/* --- what the logs hold --- */

static int on_raw(void *ctx, const struct kafka_record *r)
{
	struct prune *p = ctx;

	needed_always(p->needed, r->value, r->value_len, NEED_RAW);
	return 0;
}

static int on_other(void *ctx, const struct kafka_record *r)
{
	struct prune *p = ctx;

	needed_always(p->needed, r->value, r->value_len, NEED_OTHER);
	return 0;
}

static int on_recent(void *ctx, const struct kafka_record *r)
{
	struct prune *p = ctx;

	needed_recent(p->needed, r->value, r->value_len, r->log_append_ms);
	return 0;
}

static int on_media(void *ctx, const struct kafka_record *r)
{
	struct prune *p = ctx;

	if (r->value)
		needed_media(p->needed, r->value, r->value_len, r->log_append_ms);
	return 0;
}

static int on_decision(void *ctx, const struct sight *s)
{
	struct prune *p = ctx;

	if (s->entry)
		needed_decision(p->needed, s->entry->body, s->record->value, s->record->value_len,
			s->record->log_append_ms);
	else
		needed_recent(p->needed, s->record->value, s->record->value_len,
			s->record->log_append_ms);
	return 0;
}

static int on_submission(void *ctx, const struct sight *s)
{
	struct prune *p = ctx;

	if (s->entry)
		needed_submission(p->needed, s->record->partition, s->entry->body, s->record->value,
			s->record->value_len, s->record->log_append_ms, s->ruling == LANE_LATE);
	else
		needed_recent(p->needed, s->record->value, s->record->value_len,
			s->record->log_append_ms);
	return 0;
}

static const struct {
	const char *topic;
	int (*on)(void *ctx, const struct kafka_record *r);
	sight_fn *on_lane;
} readers[] = {
	{"media", on_media, NULL},
	{"commands", on_recent, NULL},
	{"emergencies", on_recent, NULL},
	{"complaints", NULL, on_decision},
	{"submissions", NULL, on_submission},
};

static int read_topic(struct prune *p, const char *name)
{
	if (strncmp(name, "raw.", 4) == 0)
		return tail_read_topic(p->c, name, -1, on_raw, p, &p->e);
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
		if (strcmp(readers[i].topic, name) == 0)
			return readers[i].on
				       ? tail_read_topic(p->c, name, -1, readers[i].on, p, &p->e)
				       : tail_read_all(
						 p->c, name, -1, readers[i].on_lane, p, &p->e);
	return tail_read_topic(p->c, name, -1, on_other, p, &p->e);
}

/* Raw topics first: a message that is decided meanwhile is seen in one place at least. */
static int read_all(struct prune *p)
{
	size_t n;
	struct topic *topics = topics_of(&p->c->conf, &n);
	int r = 0;

	for (size_t i = 0; !r && i < n; i++)
		r = read_topic(p, topics[i].short_name);
	free(topics);
	return r;
}

/* --- the store --- */

static void count(json_t *sum, const struct blob_seen *b)
{
	json_set_int(sum, "files", json_int(sum, "files", 0) + 1);
	json_set_int(sum, "bytes", json_int(sum, "bytes", 0) + b->bytes);
}

static json_t *zero(void)
{
	json_t *sum = json_object();

	json_set_int(sum, "files", 0);
	json_set_int(sum, "bytes", 0);
	return sum;
}

static int on_blob(void *ctx, const struct blob_seen *b)
{
	struct prune *p = ctx;
	enum need why;
	int r = 1;

	if (b->changed_ms >= p->before_ms) {
		count(p->young, b);
		return 0;
	}
	why = needed_why(p->needed, b->sha256);
	if (why != NEED_NOT) {
		count(json_object_get(p->kept, need_names[why]), b);
		return 0;
	}
	if (!p->dry)
		r = blob_remove(p->store, b->sha256, p->before_ms, &p->e);
	if (r < 0)
		return r;
	count(r ? p->removed : p->young, b);
	return 0;
}

static void show(struct prune *p)
{
	static const char *const texts[NEEDS] = {
		[NEED_RAW] = "named by a message whose raw record is there",
		[NEED_RECENT] = "named by a record that is not old yet",
		[NEED_COMPLAINT] = "of a complaint that is not finished",
		[NEED_UNTOLD] = "of a filed complaint, not told to its destination yet",
		[NEED_MEDIA] = "fetched for a message that is not decided",
		[NEED_OTHER] = "named by a topic this program does not know"};
	static const struct print_column columns[] = {
		{"what", "", false}, {"files", "files", true}, {"bytes", "bytes", true}, {}};
	_cleanup_json_ json_t *rows = json_array();

	for (enum need i = NEED_RAW; i < NEEDS; i++) {
		json_t *row = json_deep_copy(json_object_get(p->kept, need_names[i]));

		json_set_str(row, "what", texts[i]);
		json_array_append_new(rows, row);
	}
	json_set_str(p->young, "what", "put not long ago");
	json_array_append(rows, p->young);
	json_set_str(p->removed, "what", p->dry ? "would be removed" : "removed");
	json_array_append(rows, p->removed);
	print_table(p->c->out, columns, rows, NULL);
}

static void answer(struct prune *p)
{
	_cleanup_json_ json_t *all = json_object();

	if (!p->c->json) {
		show(p);
		return;
	}
	json_object_set(all, "kept", p->kept);
	json_object_set(all, "young", p->young);
	json_object_set(all, p->dry ? "would_remove" : "removed", p->removed);
	print_json(p->c->out, all);
}

static int prune(struct prune *p)
{
	int r = read_all(p);

	if (r)
		return err_prefix(&p->e, "nothing was removed"), r;
	r = blob_open(p->c->conf.blob_dir, &p->store, &p->e);
	if (!r)
		r = blob_each(p->store, on_blob, p, &p->e);
	blob_close(p->store);
	return r;
}

int ctl_blobs_prune(struct ctl *c)
{
	const char *older = ctl_opt(c, "--older");
	int64_t older_ms = OLDER_MS, now_ms = clock_wall_ms();
	struct prune p = {.c = c, .dry = ctl_opt(c, "--dry-run") != NULL};
	int r;

	if (older && (options_parse_duration(older, &older_ms) || older_ms < DAY_MS ||
			     older_ms > MOST_MS))
		return ctl_usage(c, "--older: a time from 1d to 3660d, such as 90d");
	if (!c->conf.blob_dir)
		return ctl_fail(c, "muara.yaml names no blob_dir");
	p.before_ms = now_ms - older_ms;
	p.needed = needed_new(now_ms, older_ms);
	p.young = zero();
	p.removed = zero();
	p.kept = json_object();
	for (enum need i = NEED_RAW; i < NEEDS; i++)
		json_set_new(p.kept, need_names[i], zero());
	r = prune(&p);
	if (!r)
		answer(&p);
	needed_free(p.needed);
	json_decref(p.young);
	json_decref(p.removed);
	json_decref(p.kept);
	return r ? ctl_fail(c, "%s", p.e.text) : CTL_OK;
}
