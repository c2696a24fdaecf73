/* daemon_args: arguments of a muara-* program and what --help and --version say. */
#include <getopt.h>
#include <string.h>
#include <sysexits.h>

#include "base/daemon_private.h"
#include "base/options.h"
#include "base/util.h"

#ifndef MUARA_SYSCONF
#define MUARA_SYSCONF "/etc/muara"
#endif
#ifndef MUARA_VERSION
#define MUARA_VERSION "0.1"
#endif

#define INSTANCE_DEFAULT "main"
#define INSTANCE_MAX	 32

enum { ARG_CONFIG = 256, ARG_MUARA, ARG_INSTANCE, ARG_SHOW_TEXT, ARG_JSON, ARG_LIVE };

static const struct option longs[] = {
	{"config", required_argument, NULL, ARG_CONFIG},
	{"muara", required_argument, NULL, ARG_MUARA},
	{"instance", required_argument, NULL, ARG_INSTANCE},
	{"check-config", no_argument, NULL, DAEMON_CHECK},
	{"print-config", no_argument, NULL, DAEMON_PRINT},
	{"try", required_argument, NULL, DAEMON_TRY},
	{"try-live", no_argument, NULL, ARG_LIVE},
	{"show-text", no_argument, NULL, ARG_SHOW_TEXT},
	{"json", no_argument, NULL, ARG_JSON},
	{"help", no_argument, NULL, DAEMON_HELP},
	{"version", no_argument, NULL, DAEMON_VERSION},
	{0},
};

static const char *short_name(const struct daemon_ops *ops)
{
	return strncmp(ops->name, "muara-", 6) == 0 ? ops->name + 6 : ops->name;
}

/* It becomes part of Kafka keys, ids and file names. */
static bool instance_ok(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= INSTANCE_MAX &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static void set(char **field, const char *value)
{
	free(*field);
	*field = xstrdup(value);
}

static int take(const struct daemon_ops *ops, int c, struct daemon_args *a)
{
	switch (c) {
	case ARG_CONFIG:
		set(&a->conf_path, optarg);
		return 0;
	case ARG_MUARA:
		set(&a->shared_path, optarg);
		return 0;
	case ARG_INSTANCE:
		if (!instance_ok(optarg)) {
			fprintf(stderr,
				"%s: --instance: 1 to %d of a-z 0-9 - _, for it becomes part of "
				"ids\n",
				ops->name, INSTANCE_MAX);
			return EX_USAGE;
		}
		set(&a->instance, optarg);
		return 0;
	case ARG_SHOW_TEXT:
		a->try.show_text = true;
		return 0;
	case ARG_JSON:
		a->try.json = true;
		return 0;
	case DAEMON_TRY:
	case ARG_LIVE:
		a->try.sample = c == DAEMON_TRY ? optarg : NULL;
		a->mode = DAEMON_TRY;
		return 0;
	case DAEMON_CHECK:
	case DAEMON_PRINT:
	case DAEMON_HELP:
	case DAEMON_VERSION:
		a->mode = (enum daemon_mode)c;
		return 0;
	default: /* getopt has said what is wrong */
		fprintf(stderr, "%s: see %s --help\n", ops->name, ops->name);
		return EX_USAGE;
	}
}

int daemon_args_parse(int argc, char **argv, const struct daemon_ops *ops, struct daemon_args *ret)
{
	int c, r = 0;

	*ret = (struct daemon_args){.mode = DAEMON_RUN};
	optind = 1;
	while (!r && (c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		r = take(ops, c, ret);
	if (!r && optind < argc) {
		fprintf(stderr, "%s: takes options only, see %s --help\n", ops->name, ops->name);
		r = EX_USAGE;
	}
	if (!ret->conf_path)
		ret->conf_path = ret->instance
					 ? xasprintf("%s/%s-%s.yaml", MUARA_SYSCONF,
						   short_name(ops), ret->instance)
					 : xasprintf("%s/%s.yaml", MUARA_SYSCONF, short_name(ops));
	if (!ret->shared_path)
		ret->shared_path = xstrdup(MUARA_SYSCONF "/muara.yaml");
	if (!ret->instance)
		ret->instance = xstrdup(INSTANCE_DEFAULT);
	return r;
}

void daemon_args_free(struct daemon_args *a)
{
	free(a->conf_path);
	free(a->shared_path);
	free(a->instance);
	*a = (struct daemon_args){0};
}

void daemon_print_help(const struct daemon_ops *ops, const struct daemon_args *a)
{
	printf("%s: %s\n\n"
	       "usage: %s [OPTION...]\n"
	       "  --config FILE     its own configuration (%s)\n"
	       "  --muara FILE      the one all daemons share (%s)\n"
	       "  --instance NAME   one of several of this kind (" INSTANCE_DEFAULT ")\n"
	       "  --check-config    tell every fault of both files and leave; 0 = none, %d = some\n"
	       "  --print-config    both files as understood, with defaults, without secrets\n"
	       "%s"
	       "  --help, --version\n\n"
	       "Each file may have drop-ins FILE.d/*.yaml, read in name order; later wins.\n\n"
	       "Options of its own file, each with its default:\n\n",
		ops->name, ops->summary, ops->name, a->conf_path, a->shared_path, EX_CONFIG,
		ops->try ? "  --try FILE        show what would come of this sample; nothing is "
			   "taken in\n"
			   "  --try-live        the same of what lies outside now\n"
			   "                    with --show-text personal data too; --json for "
			   "programs\n"
			 : "");
	options_help(ops->options, stdout);
}

void daemon_print_version(const struct daemon_ops *ops)
{
#ifdef MUARA_TEST
	printf("%s " MUARA_VERSION " (test build: crash points and a clock tests can turn)\n",
		ops->name);
#else
	printf("%s " MUARA_VERSION "\n", ops->name);
#endif
}
