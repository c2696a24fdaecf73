/* commands: the functions behind the table of commands, one file per group. */
#pragma once

#include "ctl.h"

int ctl_topics_create(struct ctl *c); /* topics.c */
int ctl_check(struct ctl *c);	      /* check.c */
