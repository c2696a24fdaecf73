/* intake_lane: a lane from the group's assignment to its end: what `media` knows already is read,
 * then where each raw topic goes on is found (lane rule 13).
 *
 * Guarantees: a commit counts only when the record before it is the one it names; else the topic is
 * read from its beginning. Known gap: opening a lane blocks the loop while `media` is read; the
 * watchdog is fed meanwhile. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/daemon.h"
#include "base/json.h"
#include "base/log.h"
#include "base/util.h"
#include "core/message.h"
#include "core/schema.h"

#include "intake_parts.h"

#define ASK_MS	    5000
#define LOG_READ_MS (10 * 60 * 1000) /* years of it; the watchdog is fed meanwhile */
#define MEDIA_MAX   (64 * 1024)

struct lane *intake_lane(struct intake *in, int32_t partition)
{
	struct lane *l = in->lanes;

	while (l && l->partition != partition)
		l = l->next;
	return l;
}

void intake_place(const struct kafka_record *r, char ret[160])
{
	snprintf(ret, 160, "%.100s/%" PRId32 "/%" PRId64, r->topic, r->partition, r->offset);
}

/* --- where to go on --- */

static int on_media(void *ctx, const struct kafka_record *r)
{
	struct lane *l = ctx;
	_cleanup_json_ json_t *o = NULL;
	const char *message;

	daemon_progress_now();
	if (!r->value || json_parse(r->value, r->value_len, MEDIA_MAX, &o, NULL) < 0 ||
		schema_check(o, "muara.media", 1, NULL) < 0)
		return 0;
	message = json_str(o, "message");
	if (message && json_int(o, "index", -1) >= 0)
		book_set_done(&l->book, message, (size_t)json_int(o, "index", 0));
	return 0;
}

static int on_named(void *ctx, const struct kafka_record *r)
{
	_cleanup_json_ json_t *m = NULL;
	char *id = ctx;

	if (r->value && message_parse(r->value, r->value_len, &m, NULL) == 0)
		snprintf(id, 160, "%s", json_str_or(m, "id", ""));
	else
		intake_place(r, id);
	return 0;
}

/* Where to go on (lane rule 13): a commit counts when the record before it is the one it names. */
static int find_start(struct intake *in, struct lane *l, struct book_topic *t, struct err *e)
{
	int64_t committed = -1, low = 0, high = 0;
	char named[160] = "", there[160] = "";
	int r = kafka_committed(
		in->consumer, t->topic, l->partition, &committed, named, sizeof(named), ASK_MS, e);

	if (r == 0)
		r = kafka_watermarks(in->consumer, t->topic, l->partition, &low, &high, ASK_MS, e);
	if (r < 0)
		return err_prefix(e, "topic %s (`muaractl topics create` makes it)", t->topic);
	if (committed >= 0 && committed < low) {
		log_error("topic %s: read up to offset %" PRId64 ", but it begins at %" PRId64
			  ": attachments of what was removed are lost",
			t->topic, committed, low);
		committed = -1;
	}
	if (committed > high)
		committed = -1;
	if (committed > low && (kafka_read_one(&in->c.kafka, t->topic, l->partition, committed - 1,
					on_named, there, ASK_MS, e) < 0 ||
				       strcmp(there, named) != 0)) {
		log_warn("topic %s: the record before the commit is not the one it names; read "
			 "from its beginning",
			t->topic);
		committed = -1;
	}
	t->next = t->committed = committed;
	snprintf(t->last, sizeof(t->last), "%s", committed >= 0 ? named : "");
	return kafka_consumer_assign_add(
		in->consumer, t->topic, l->partition, committed >= 0 ? committed : KAFKA_BEGIN, e);
}

/* Each raw topic of a configured channel once. */
static void name_topics(const struct intake *in, struct book *b)
{
	const struct origin *o = in->c.conf->origins.v;
	size_t n = 0;

	book_init(b, in->c.conf->origins.n);
	for (size_t i = 0; i < in->c.conf->origins.n; i++) {
		_cleanup_free_ char *name = xasprintf("raw.%s", o[i].channel);
		char topic[TOPIC_NAME_SIZE];

		muara_topic(in->c.shared, name, topic);
		if (!book_topic(b, topic))
			memcpy(b->topics[n++].topic, topic, sizeof(topic));
	}
	b->n_topics = n;
}

/* --- lanes come and go --- */

void lane_drop(struct lane *l)
{
	struct intake *in = l->in;
	struct lane **at = &in->lanes;

	while (*at && *at != l)
		at = &(*at)->next;
	if (*at)
		*at = l->next;
	wants_leave(l);
	book_free(&l->book);
	free(l);
}

void lane_assigned(void *ctx, int32_t partition)
{
	struct intake *in = ctx;
	struct lane *l = xcalloc(1, sizeof(*l));
	struct err e = {0};
	int r;

	l->in = in;
	l->partition = partition;
	name_topics(in, &l->book);
	r = kafka_read_range(
		&in->c.kafka, in->media, partition, KAFKA_BEGIN, on_media, l, LOG_READ_MS, &e);
	for (size_t i = 0; r == 0 && i < l->book.n_topics; i++) {
		r = find_start(in, l, &l->book.topics[i], &e);
		daemon_progress_now();
	}
	l->next = in->lanes;
	in->lanes = l;
	if (r == 0)
		return;
	log_error("lane %" PRId32 " does not open: %s", partition, e.text);
	lane_drop(l);
	if (!in->failed)
		daemon_fail("lane %" PRId32 " does not open", partition);
	in->failed = true;
}

void lane_revoked(void *ctx, int32_t partition, bool lost)
{
	struct intake *in = ctx;
	struct lane *l = intake_lane(in, partition);

	if (!l)
		return;
	if (!lost)
		intake_commit(in, true);
	lane_drop(l);
}
