/* commands: the functions behind the table of commands, one file per group. */
#pragma once

#include "ctl.h"

int ctl_topics_create(struct ctl *c); /* topics.c */
int ctl_check(struct ctl *c);	      /* check.c */
int ctl_balance(struct ctl *c);	      /* balance.c */
int ctl_report(struct ctl *c);	      /* report.c */
int ctl_held_list(struct ctl *c);     /* lists.c */
int ctl_review_list(struct ctl *c);
int ctl_parked_list(struct ctl *c);
int ctl_parked_show(struct ctl *c); /* sheets.c */
int ctl_sheets(struct ctl *c);
int ctl_worklist(struct ctl *c);	 /* worklist.c */
int ctl_show(struct ctl *c);		 /* lists.c */
int ctl_destination_list(struct ctl *c); /* destinations.c */
int ctl_trace(struct ctl *c);		 /* trace.c */
int ctl_dead_list(struct ctl *c);	 /* deads.c */
int ctl_blobs_prune(struct ctl *c);	 /* blobs.c */
int ctl_clocks(struct ctl *c);		 /* clocks.c */
int ctl_dead_show(struct ctl *c);
int ctl_dead_replay(struct ctl *c); /* acts.c */
int ctl_release(struct ctl *c);
int ctl_hold(struct ctl *c);
int ctl_archive(struct ctl *c);
int ctl_complete(struct ctl *c);
int ctl_resolve(struct ctl *c);
int ctl_correct(struct ctl *c);
int ctl_pause(struct ctl *c);
int ctl_resume(struct ctl *c);
int ctl_restore(struct ctl *c);
int ctl_door_key_new(struct ctl *c); /* door.c */
int ctl_door_key_list(struct ctl *c);
int ctl_door_key_revoke(struct ctl *c);
int ctl_emergency_list(struct ctl *c); /* emergency.c */
int ctl_emergency_show(struct ctl *c);
int ctl_emergency_ack(struct ctl *c);
int ctl_index_dump(struct ctl *c); /* index_cmd.c */
int ctl_index_compare(struct ctl *c);
