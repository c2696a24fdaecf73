/* lane_member: what every lane daemon repeats: membership in the group of its own log, one object
 * per lane the group gives it, its lane_log, dispatch of records, back-off after a fence.
 *
 *   assigned n -> ops->lane_open: the daemon makes its object, calls lane_member_open_log (which
 *   also reads the own log from 0) and lane_member_add_input for each input; inputs that need
 *   the log's state first are added later, in owned().
 *   lost/held come through the lane_log_ops the daemon gave; after `lost` it finishes what is in
 *   flight and calls lane_member_done(), upon which ops->lane_close frees its object. A lane given
 *   anew meanwhile is opened after that.
 * A fenced lane is not opened again before the group assigns it anew; when the group says nothing
 * for a while (it believes us the owner), the member leaves and joins again, later each time.
 * Thread: loop. */
#pragma once

#include "core/lane_log.h"

struct lane_member;
struct lane_member_ops {
	/* Returns the daemon's object for this lane in *ret_obj (not NULL). On an error it has
	 * freed what it made (its lane_log, too); tried again after a back-off. */
	int (*lane_open)(
		void *ctx, struct lane_member *m, int32_t lane, void **ret_obj, struct err *e);
	/* Free it (its lane_log, too: lane_log_close). Called once per object, from the member's
	 * timer: after lane_member_done, or at the member's close. */
	void (*lane_close)(void *ctx, void *obj);
	/* A record of an input. 0, or -EAGAIN: not now; lane_member_resume asks for it again. */
	int (*input)(void *obj, const struct kafka_record *r);
	void (*input_eof)(void *obj, const char *topic, int64_t next_offset); /* may be NULL */
	/* An input cannot be read (offset out of range …): hold and alarm. May be NULL. */
	void (*input_error)(void *obj, const char *topic, int err, const char *text);
	const struct lane_log_ops *log; /* ctx = obj */
};
struct lane_member_conf { /* strings are borrowed for the member's life */
	struct loop *loop;
	struct kafka_conf kafka;
	const char *topic, *log_name, *daemon; /* the own log */
	const char *group, *instance;	       /* instance NULL: dynamic member */
	int session_ms, max_poll_ms;	       /* 0: defaults of kafka.h */
	int lanes;			       /* 0: learned from genesis */
	const char *installation;
	const char *const *kinds;
	const char *state_dir; /* witness files */
	int64_t append_deadline_ms;
	const struct lane_member_ops *ops;
	void *ctx;
};
int lane_member_open(const struct lane_member_conf *c, struct lane_member **ret, struct err *e);
void lane_member_close(struct lane_member *m); /* closes every lane, leaves the group; NULL-safe */
/* Inside lane_open only. marks: what the index remembers of the own log. */
int lane_member_open_log(struct lane_member *m, int32_t lane, void *obj,
	const struct lane_mark *marks, int n_marks, struct lane_log **ret, struct err *e);
int lane_member_add_input(
	struct lane_member *m, const char *topic, int32_t lane, int64_t offset, struct err *e);
void lane_member_pause(struct lane_member *m, const char *topic, int32_t lane);
void lane_member_resume(struct lane_member *m, const char *topic, int32_t lane);
/* For commits and committed positions. NULL while the member is out of the group. */
struct kafka_consumer *lane_member_consumer(struct lane_member *m);
/* After lost(): nothing is in flight any more, lane_close may come. Safe inside callbacks. */
void lane_member_done(struct lane_member *m, int32_t lane);
/* After held() and a person's `restore --accept`: forget the witness, open the lane anew. */
int lane_member_accept(struct lane_member *m, int32_t lane, struct err *e);
/* Stop: revokes every lane (lost follows); true when all are closed. For daemon_ops. */
void lane_member_drain(struct lane_member *m);
bool lane_member_drained(const struct lane_member *m);
