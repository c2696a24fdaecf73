/* desk_private: the desk's parts share this. desk.c: life, states, words of the lane; desk_read.c:
 * what comes in; desk_decide.c: decide and append; desk_settle.c: index, positions, timers. */
#pragma once

#include "core/index_view.h"
#include "applier.h"
#include "desk.h"
#include "desk_metrics.h"
#include "inputs.h"

struct desk {
	struct desk *next;
	struct desk_host *host;
	struct lane_member *member;
	int32_t lane;
	enum desk_state state;
	char why[256]; /* of a hold */
	struct lane_log *log;
	char log_topic[TOPIC_NAME_SIZE], submissions_topic[TOPIC_NAME_SIZE];
	struct index *index;	 /* NULL: the log has no genesis, the lane will hold */
	struct applier *applier; /* with it */
	struct view *view;
	struct lane_reader *submissions;
	struct inputs *inputs;
	struct item_queue waiting, flight;
	struct item_queue later; /* commands, until an accepted restore is carried out */
	size_t looked_up;	 /* so many of `waiting` have been looked up ahead */
	size_t view_age;	 /* inputs decided since the view was emptied */
	struct loop_timer *soon, *tick;
	json_t *timers; /* "<complaint>/<kind>" -> true: waiting or in flight */
	json_t *ready;	/* complaints that are ready; NULL unless a restore is accepted */
	bool submissions_read, index_up, logs_paused;
	int64_t submissions_lag_ms; /* since when it ends before what is remembered; 0 = it does not
				     */
	int64_t index_try_ms, commit_at_ms, count_at_ms, due_at_wall_ms;
	int64_t accept_from; /* held: a command from this offset on was given knowing of it; -1 */
	int64_t anew_from;   /* anew: the own log must have been read to here first; -1 */
	int64_t counts[4];   /* as index_counts */
};

/* desk.c */
void desk_soon(struct desk *d); /* flush, settle, decide: at the next turn */
void desk_hold(struct desk *d, const char *why);
void desk_try_begin(struct desk *d);
bool desk_can_decide(const struct desk *d);
const char *desk_accepted(const struct desk *d); /* id of the command, or NULL */
void desk_accept(struct desk *d, const char *command);

/* desk_read.c */
int desk_input(void *obj, const struct kafka_record *r);
void desk_input_eof(void *obj, const char *topic, int64_t next_offset);
void desk_input_error(void *obj, const char *topic, int err, const char *text);
void desk_check_lag(struct desk *d, int64_t now_ms);
void desk_resume(struct desk *d, bool all); /* paused topics, if there is room again */

/* desk_decide.c */
void desk_pump(struct desk *d);
int desk_add_refusals(struct desk *d, struct err *e);
void desk_add_restores(struct desk *d);

/* desk_settle.c */
void desk_record(struct desk *d, enum index_log log, const struct lane_mark *mark, json_t *ops);
bool desk_flush(struct desk *d); /* false: the index is in trouble, which is dealt with */
void desk_index_trouble(struct desk *d, const struct err *e);
void desk_index_retry(struct desk *d, int64_t now_ms);
void desk_settle_all(struct desk *d);
void desk_commit(struct desk *d, bool now);
void desk_take_timers(struct desk *d);
void desk_measure(struct desk *d, int64_t now_ms);
void desk_drop_items(struct desk *d);
