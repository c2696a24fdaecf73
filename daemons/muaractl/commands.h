/* commands: the functions behind the table of commands, one file per group. */
#pragma once

#include "ctl.h"

int ctl_topics_create(struct ctl *c); /* topics.c */
int ctl_check(struct ctl *c);	      /* check.c */
int ctl_index_dump(struct ctl *c);    /* index_cmd.c */
int ctl_index_compare(struct ctl *c);
int ctl_balance(struct ctl *c); /* balance.c */
