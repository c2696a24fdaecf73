/* ctl: what every command of muaractl is given, and the table they stand in.
 *
 * A command gets its arguments checked against its row and returns an exit status: CTL_OK,
 * CTL_FAILED (it could not, was refused, or found something wrong; the reason is told), CTL_USAGE.
 * Answers go to `out` (a table, or JSON with --json), faults to stderr as "muaractl: COMMAND: …".
 * Personal data is printed only by commands whose purpose is to show a message or a complaint, and
 * never in a fault. Blocking calls are fine: this program does one thing and ends. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "base/kafka.h"
#include "core/muara_conf.h"

#define CTL_OK	   0
#define CTL_FAILED 1
#define CTL_USAGE  2
#define CTL_CONFIG 78 /* EX_CONFIG */

#define CTL_READ_MS  (10 * 60 * 1000) /* of one log, the whole of it */
#define CTL_ARGS_MAX 16

struct ctl;

struct ctl_option {
	const char *name; /* "--lane"; NULL ends a table */
	const char *arg;  /* "N"; NULL = a flag */
	const char *help;
};

enum {
	CTL_ACT = 1,	/* writes to `commands`: --why is required */
	CTL_HIDDEN = 2, /* not in the list of commands */
	CTL_PLAIN = 4,	/* needs no shared configuration; ctl_conf reads it when it does */
};

struct ctl_command {
	const char *name; /* "topics create", "check"; NULL ends the table */
	const char *args; /* "REF", "[ID]"; "" = none */
	int min_args, max_args;
	unsigned flags;
	const struct ctl_option *options; /* may be NULL */
	int (*run)(struct ctl *c);
	const char *summary; /* one line */
	const char *help;    /* more of it, may be NULL */
};

struct ctl {
	const struct ctl_command *command;
	const char *muara;	/* file of conf */
	struct muara_conf conf; /* with CTL_PLAIN: empty until ctl_conf */
	struct kafka_conf kafka;
	const char **kafka_extra;
	struct kafka_admin *admin; /* opened by ctl_admin */
	bool json;
	const char *who, *why; /* why NULL: not given */
	const char *args[CTL_ARGS_MAX];
	int n_args;
	struct {
		const char *name, *value;
	} given[CTL_ARGS_MAX]; /* options of the command as given */
	int n_given;
	FILE *out;
};

/* Value of an option of the command, "" for a flag; NULL when it was not given. */
const char *ctl_opt(const struct ctl *c, const char *name);
/* "muaractl: COMMAND: text" to stderr; returns CTL_FAILED. */
int ctl_fail(const struct ctl *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same with CTL_USAGE and a hint at the help. */
int ctl_usage(const struct ctl *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* For a command that is CTL_PLAIN: reads the shared configuration. CTL_CONFIG: told already. */
int ctl_conf(struct ctl *c);
/* Opened at the first call, closed at the end of the program; NULL: told already. */
struct kafka_admin *ctl_admin(struct ctl *c);
/* Appends one record and waits for its report; acks=all. A failed report says whether the record
 * may be there all the same. ret_offset may be NULL. */
int ctl_append(struct ctl *c, const char *topic, int32_t lane, const char *key, const char *value,
	size_t len, int64_t *ret_offset, struct err *e);
/* The value of --lane, checked; -1 when not given; -EINVAL after telling. */
int ctl_lane_opt(const struct ctl *c);

extern const struct ctl_command ctl_commands[];
