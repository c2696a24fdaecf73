/* act: a command of an operator into the topic `commands`, and what became of it. */
#pragma once

#include "core/command.h"

#include "ctl.h"

/* --wait and --timeout, for the options of every act. */
#define ACT_OPTIONS                                                                   \
	{"--wait", NULL, "until it was absorbed; exit status 1 when it was refused"}, \
	{                                                                             \
		"--timeout", "SECONDS", "of --wait (default 30)"                      \
	}

/* Fills in who and why, writes it to the lane's partition, and with --wait looks into the log of
 * the daemon it is for until that one has absorbed it. Returns an exit status; everything told. */
int act(struct ctl *c, struct command *command, int32_t lane);
