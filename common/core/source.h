/* source: the skeleton of every ingestor. A source is one const struct; the skeleton owns main,
 * configuration, the producer, cursors, back-pressure and the books.
 *
 *   int main(int c, char **v) { return source_main(c, v, &file_source); }
 *
 * The order that keeps the promise "nothing accepted is lost" is never swapped:
 *   verify on raw bytes -> frame -> source_put -> delivery report -> answer, or move the cursor.
 * "Accepted" may be said (HTTP 200, a cursor) only from the report callback of everything it
 * covers. A report that failed means: no progress; the source answers 503 or goes back to its last
 * cursor. What is produced twice has the same id; the normalizer drops it.
 *
 * Start: configuration valid -> ops->open -> READY. Then, as soon as Kafka answers, the cursors of
 * this instance are read from the compacted topic `cursors` and ops->ready is called: only now may
 * the source take anything in (source_running; a webhook answers 503 until then). Kafka away is a
 * STATUS and a wait, never a failed start. A cursor names the offset of the last raw record it
 * stands for; if the raw log ends before it, the log lost records: the cursor is dropped (the
 * source reads again, ids make that harmless) and an alarm is raised (lane rule 13). `start: now`
 * is resolved once, at the first start of an instance, and kept as cursor "start".
 *
 * Crash points (test build): after-verify and after-produce, after-report (before answer or
 * cursor), after-cursor. Thread: loop only.
 * Known gap: a raw log that lost records and has grown past the cursor again is not recognised. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/daemon.h"
#include "base/err.h"
#include "base/loop.h"
#include "base/options.h"
#include "core/blob.h"
#include "core/message.h"
#include "core/muara_conf.h"

struct source_common { /* first member of every source's conf struct */
	char *tenant, *account, *start;
	int review; /* 0 auto, 1 required */
	int64_t max_age_ms;
};
extern const char *const source_review_choices[];
/* First rows of every source's option table; `st` is its conf struct, `common` the member. */
#define SOURCE_OPTIONS(st)                                                                         \
	OPT(st, OPT_STRING, common.tenant, "tenant", NULL, .flags = OPT_REQUIRED, .min = 1,        \
		.max = 64, .help = "Government these messages belong to, as in muara.yaml"),       \
		OPT(st, OPT_STRING, common.account, "account", NULL, .flags = OPT_REQUIRED,        \
			.min = 1, .max = 64,                                                       \
			.help = "Your name for this account, part of every id: never change it"),  \
		OPT(st, OPT_STRING, common.start, "start", NULL, .flags = OPT_REQUIRED, .min = 1,  \
			.max = 40,                                                                 \
			.help = "What was sent before is archived, not filed: now, or a date"),    \
		OPT(st, OPT_ENUM, common.review, "review", NULL, .flags = OPT_REQUIRED,            \
			.choices = source_review_choices,                                          \
			.help = "required: a person releases each complaint; auto: the rules do"), \
		OPT(st, OPT_DURATION, common.max_age_ms, "max_age", NULL, .flags = OPT_REQUIRED,   \
			.min = 60 * 1000,                                                          \
			.help = "Older messages are archived as stale, not filed")

struct source;
/* A sample for `muaractl channel try`: bytes as the outside would give them (the body of a webhook,
 * a dropped file, a mail), with what a message of this source begins with. */
struct source_sample {
	const char *name; /* of its file, without folder */
	const char *data;
	size_t len;
	const struct muara_conf *shared;
	const struct message *base;
};
typedef void source_sample_fn(void *ctx, struct message *m);
struct source_ops {
	const char *name;    /* "call112": the daemon is muara-call112 */
	const char *channel; /* of its raw topic; NULL: ops->channel_of tells from the conf */
	const char *summary;
	const struct option_row *options;
	size_t conf_size;
	void (*check)(void *conf, struct options_faults *f); /* may be NULL */
	const char *(*channel_of)(const void *conf);
	int (*open)(struct source *s, void **ret_state, struct err *e);
	/* Before ready, for each cursor of this instance that holds. May be NULL. */
	void (*cursor)(void *state, const char *name, const json_t *value);
	/* Before ready, for each record of the raw lane; NULL: the raw log is not read. */
	void (*raw)(void *state, const json_t *record);
	bool (*reads_raw)(const void *conf); /* NULL: whenever `raw` is there */
	void (*ready)(void *state);	     /* may be NULL */
	int64_t (*step)(void *state);	     /* take in a little; ms until the next call, < 0: after
						source_wake or a report. NULL: driven by events */
	void (*drain)(void *state);	     /* stop intake; may be NULL */
	bool (*drained)(void *state);	     /* may be NULL */
	/* What /healthz and STATUS say while Kafka is well: a short text, "" when there is nothing
	 * to say; false: a person is needed. May be NULL. */
	bool (*health)(void *state, char *text, size_t size);
	void (*close)(void *state); /* NULL-safe, after a failed open too */
	/* What this source would make of a sample: emit(ctx, m) for each message, in order, by the
	 * same decoder as the real intake. Pure: `open` was not called, secrets were not read (so
	 * nothing is verified), attachments may stay as they are named. -errno: the sample as a
	 * whole is none. NULL: this source shows no samples. */
	int (*sample)(const void *conf, const struct source_sample *s, source_sample_fn *emit,
		void *ctx, struct err *e);
	/* Its live place can be looked at and leaves no trace there: `channel try` without a sample
	 * opens the source and steps it. Reports come, no cursor is ever said to be written, blobs
	 * go into a folder that is thrown away; whatever moves or marks something outside waits for
	 * the cursor, so it never happens. What `open` itself would change outside is left out
	 * while source_trying. */
	bool looks;
};
int source_main(int argc, char **argv, const struct source_ops *ops);

struct loop *source_loop(const struct source *s);
const void *source_conf(const struct source *s);
const struct muara_conf *source_shared(const struct source *s);
struct blob_store *source_blobs(const struct source *s);
bool source_trying(const struct source *s);   /* channel try: change nothing outside */
bool source_running(const struct source *s);  /* cursors read, not draining */
bool source_kafka_up(const struct source *s); /* as far as known */
long source_in_flight(const struct source *s);
void source_wake(struct source *s); /* step soon */

/* Called once for each message source_put took. ok: persisted in the raw topic, at `offset` (-1
 * when the broker's answer was lost and repeated inside). Not ok: it may or may not be there. */
typedef void source_report_fn(void *ctx, uint64_t number, bool ok, int64_t offset);

/* Fills tenant, channel, account, source, start and age limits; the rest is zero. */
void source_message(const struct source *s, struct message *ret);
/* Builds, produces. A message that cannot be built becomes an undecodable one with the same bytes
 * and the reason; an original over 64 KiB goes into the blob store first (fsync before produce).
 * 0: `report` will be called. -ENOBUFS: queue full, nothing happened, try again after a report.
 * Another -errno: nothing happened (blob store, producer). ret_id may be NULL. It goes to the raw
 * topic of m->channel and the lane of m->tenant: a source that takes in for several sets them to
 * what muara.yaml knows. */
int source_put(struct source *s, const struct message *m, source_report_fn *report, void *ctx,
	uint64_t number, char ret_id[UUID_TEXT_SIZE], struct err *e);

/* Writes cursor `name` (ASCII, no personal data), only after the reports of all before.
 * raw_offset: of the last record it stands for, -1 unknown. `value` is borrowed. `written` (may be
 * NULL) is called with ok = false when the write failed: the next one will tell more. */
int source_cursor(struct source *s, const char *name, const json_t *value, int64_t raw_offset,
	source_report_fn *written, void *ctx, struct err *e);
