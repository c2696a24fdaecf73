/* source_private: what the skeleton of a source and its --try share; see source.h. */
#pragma once

#include "core/emitter.h"
#include "core/source.h"

enum phase { READING_CURSORS, READING_RAW, READ, STARTING, RUNNING, DRAINING };

struct source {
	const struct daemon_env *env;
	const struct source_ops *ops;
	const struct source_common *common;
	const char *channel;
	void *state;
	enum phase phase;
	int32_t lane;
	int64_t start_ms, raw_end;
	struct blob_store *blobs;
	struct emitter *emitter;
	struct source_trial *trial;    /* with --try: in place of emitter and reader */
	struct kafka_consumer *reader; /* until RUNNING */
	json_t *cursors;	       /* name -> cursor record, until RUNNING */
	char *cursor_prefix;	       /* "muara-file/kota/" */
	struct loop_timer *step, *retry, *look;
	int64_t reported_ms; /* the last report, or the last time nothing was in flight */
	int64_t progress_ms; /* the start, or the last record read before RUNNING */
	struct metric *ahead;
};

/* One call of ops->step, and when to come again. */
void source_step(void *source);

/* Shows the sample, or what the live place holds; an exit status. Of s only env, ops,
 * common, channel and start_ms need to be set. */
int source_trial_run(struct source *s, const struct daemon_try *what);
/* source_put and source_in_flight with --try. */
int source_trial_put(struct source_trial *t, const struct message *m, source_report_fn *report,
	void *ctx, uint64_t number, char ret_id[UUID_TEXT_SIZE], struct err *e);
long source_trial_in_flight(const struct source_trial *t);
