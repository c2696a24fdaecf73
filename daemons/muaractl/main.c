/* muaractl: the operator's tool. Arguments, configuration, the table of commands, help.
 *
 * Looks at everything and changes nothing but through two doors: `topics create` makes topics, and
 * acts (release, resolve, pause …) are records in the topic `commands`, with who and why, which the
 * daemon they are for absorbs, or refuses with a reason. So every act is written down and nothing
 * here can bypass a rule. Exit status: 0 done; 1 it could not, was refused, or found a fault; 2
 * wrong usage; 78 the configuration is wrong.
 *
 * Options may stand anywhere; "--" ends them. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/util.h"

#include "ctl.h"

#ifndef MUARA_SYSCONF /* the build says it; checkers do not */
#define MUARA_SYSCONF "/etc/muara"
#endif
#define APPEND_MS 30000

static const struct ctl_option global_options[] = {
	{"--muara", "FILE", "shared configuration (default " MUARA_SYSCONF "/muara.yaml)"},
	{"--json", NULL, "answers as JSON, for programs"},
	{"--who", "NAME", "who acts (default $MUARA_WHO, $SUDO_USER, $USER)"},
	{"--why", "TEXT", "why; required for whatever changes something"},
	{"--help", NULL, "this text, or that of a command"},
	{},
};

/* --- what commands call --- */

const char *ctl_opt(const struct ctl *c, const char *name)
{
	for (int i = 0; i < c->n_given; i++)
		if (strcmp(c->given[i].name, name) == 0)
			return c->given[i].value;
	return NULL;
}

static void tell(const struct ctl *c, const char *fmt, va_list ap)
{
	fflush(c->out);
	fprintf(stderr, "muaractl: %s%s", c->command ? c->command->name : "",
		c->command ? ": " : "");
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int ctl_fail(const struct ctl *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(c, fmt, ap);
	va_end(ap);
	return CTL_FAILED;
}

int ctl_usage(const struct ctl *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(c, fmt, ap);
	va_end(ap);
	fprintf(stderr, "try: muaractl help %s\n", c->command ? c->command->name : "");
	return CTL_USAGE;
}

struct kafka_admin *ctl_admin(struct ctl *c)
{
	struct err e = {0};

	if (!c->admin && kafka_admin_open(&c->kafka, &c->admin, &e))
		ctl_fail(c, "%s", e.text);
	return c->admin;
}

static void on_report(void *ctx, void *opaque, const struct kafka_report *r)
{
	struct kafka_report *kept = ctx;
	char *text = opaque;

	*kept = *r;
	snprintf(text, sizeof((struct err *)0)->text, "%s", r->text ? r->text : "");
	kept->text = text;
}

static int settled(const struct kafka_report *r, long left, struct err *e)
{
	if (!left && !r->status)
		return 0;
	if (left)
		return err_set(e, -ETIMEDOUT,
			"Kafka did not confirm the record within %d s; it may be there all the "
			"same: "
			"look before you repeat this",
			APPEND_MS / 1000);
	return err_set(e, r->status, "Kafka did not take the record: %s%s", r->text,
		r->possibly ? "; it may be there all the same: look before you repeat this" : "");
}

int ctl_append(struct ctl *c, const char *topic, int32_t lane, const char *key, const char *value,
	size_t len, int64_t *ret_offset, struct err *e)
{
	char text[sizeof e->text] = "";
	struct kafka_report report = {.status = -EIO, .offset = -1};
	struct kafka_producer_conf pc = {.common = c->kafka,
		.delivery_ms = APPEND_MS - 5000,
		.report = on_report,
		.ctx = &report};
	struct kafka_producer *p = NULL;
	struct loop *l = loop_new();
	int r = kafka_producer_open(l, &pc, &p, e);

	if (!r)
		r = kafka_produce(p, topic, lane, key, strlen(key), value, len, text, e);
	if (!r)
		r = settled(&report, kafka_producer_drain(p, APPEND_MS), e);
	if (!r && ret_offset)
		*ret_offset = report.offset;
	kafka_producer_close(p, true);
	loop_free(l);
	return r < 0 ? err_prefix(e, "topic %s", topic), r : 0;
}

int ctl_lane_opt(const struct ctl *c)
{
	const char *s = ctl_opt(c, "--lane");
	int64_t lane;

	if (!s)
		return -1;
	if (parse_i64(s, 0, c->conf.lanes - 1, &lane)) {
		ctl_usage(c, "--lane: a number from 0 to %lld", (long long)c->conf.lanes - 1);
		return -EINVAL;
	}
	return (int)lane;
}

/* --- help --- */

static void help_options(FILE *out, const struct ctl_option *o)
{
	for (; o && o->name; o++) {
		int n = fprintf(out, "  %s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");

		fprintf(out, "%*s%s\n", n < 24 ? 24 - n : 1, "", o->help);
	}
}

static int help_all(FILE *out)
{
	fputs("muaractl: look at Muara's books, act on its complaints\n\n"
	      "usage: muaractl [OPTIONS] COMMAND [ARGUMENTS]\n\ncommands:\n",
		out);
	for (const struct ctl_command *k = ctl_commands; k->name; k++) {
		int n;

		if (k->flags & CTL_HIDDEN)
			continue;
		n = fprintf(out, "  %s %s", k->name, k->args);
		fprintf(out, "%*s%s\n", n < 30 ? 30 - n : 1, "", k->summary);
	}
	fputs("\noptions:\n", out);
	help_options(out, global_options);
	fputs("\nREF is a ticket (A1B2C-3D4E5), the id of a complaint or of a message in it, or "
	      "the "
	      "number\nthe destination gave. `muaractl help COMMAND` says more.\n",
		out);
	return CTL_OK;
}

static int help_one(FILE *out, const struct ctl_command *k)
{
	fprintf(out, "muaractl %s: %s\n\nusage: muaractl %s %s%s\n", k->name, k->summary, k->name,
		k->args, k->flags & CTL_ACT ? " --why TEXT" : "");
	if (k->help)
		fprintf(out, "\n%s\n", k->help);
	if (k->options) {
		fputs("\noptions:\n", out);
		help_options(out, k->options);
	}
	return CTL_OK;
}

/* --- arguments --- */

/* How many words of the line are this command's name; 0: it is another one's. */
static int names_it(const struct ctl_command *k, char *const *words, int n)
{
	const char *s = k->name;

	for (int used = 1; used <= n; used++) {
		size_t len = strlen(words[used - 1]);

		if (strncmp(s, words[used - 1], len) != 0)
			return 0;
		s += len;
		if (!*s)
			return used;
		if (*s++ != ' ')
			return 0;
	}
	return 0;
}

/* The command these words begin with: the longest name that fits. */
static const struct ctl_command *find_command(char *const *words, int n, int *ret_used)
{
	const struct ctl_command *found = NULL;

	*ret_used = 0;
	for (const struct ctl_command *k = ctl_commands; k->name; k++) {
		int used = names_it(k, words, n);

		if (used > *ret_used) {
			*ret_used = used;
			found = k;
		}
	}
	return found;
}

static const struct ctl_option *find_option(const struct ctl_option *o, const char *name, size_t n)
{
	for (; o && o->name; o++)
		if (strlen(o->name) == n && memcmp(o->name, name, n) == 0)
			return o;
	return NULL;
}

struct line { /* a command line taken apart */
	char *words[CTL_ARGS_MAX + 2];
	int n_words;
	const char *muara;
	bool help;
};

static int keep_option(struct ctl *c, struct line *l, const struct ctl_option *o, const char *value)
{
	if (strcmp(o->name, "--muara") == 0) {
		l->muara = value;
	} else if (strcmp(o->name, "--json") == 0) {
		c->json = true;
	} else if (strcmp(o->name, "--who") == 0) {
		c->who = value;
	} else if (strcmp(o->name, "--why") == 0) {
		c->why = value;
	} else if (strcmp(o->name, "--help") == 0) {
		l->help = true;
	} else {
		if (c->n_given == CTL_ARGS_MAX)
			return ctl_usage(c, "too many options");
		c->given[c->n_given].name = o->name;
		c->given[c->n_given++].value = value ? value : "";
	}
	return CTL_OK;
}

/* An option, "--name value" or "--name=value". Returns how many words it took, 0 after a fault. */
static int take_option(struct ctl *c, struct line *l, char *const *argv, int left)
{
	const char *eq = strchr(argv[0], '=');
	size_t n = eq ? (size_t)(eq - argv[0]) : strlen(argv[0]);
	const struct ctl_option *o = find_option(global_options, argv[0], n);
	const char *value = eq ? eq + 1 : NULL;

	if (!o && c->command)
		o = find_option(c->command->options, argv[0], n);
	if (!o)
		return ctl_usage(c, "unknown option %.*s", (int)n, argv[0]), 0;
	if (!o->arg && eq)
		return ctl_usage(c, "option %s takes no value", o->name), 0;
	if (o->arg && !eq && left < 2)
		return ctl_usage(c, "option %s needs %s", o->name, o->arg), 0;
	if (o->arg && !eq)
		value = argv[1];
	if (keep_option(c, l, o, value))
		return 0;
	return o->arg && !eq ? 2 : 1;
}

static bool is_option(const char *s)
{
	return s[0] == '-' && s[1] == '-' && s[2];
}

/* Words first: which options are allowed depends on the command. */
static int collect_words(struct ctl *c, struct line *l, int argc, char **argv)
{
	bool options = true;

	for (int i = 1; i < argc; i++) {
		size_t n = strcspn(argv[i], "=");
		const struct ctl_option *o;

		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && is_option(argv[i])) {
			o = find_option(global_options, argv[i], n);
			for (const struct ctl_command *k = ctl_commands; !o && k->name; k++)
				o = find_option(k->options, argv[i], n);
			i += o && o->arg && !argv[i][n];
		} else if (options && strcmp(argv[i], "-h") == 0) {
			l->help = true;
		} else if (l->n_words == CTL_ARGS_MAX + 2) {
			return ctl_usage(c, "too many arguments");
		} else {
			l->words[l->n_words++] = argv[i];
		}
	}
	return CTL_OK;
}

static int collect_options(struct ctl *c, struct line *l, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0;) {
		int used = is_option(argv[i]) ? take_option(c, l, argv + i, argc - i) : 1;

		if (!used)
			return CTL_USAGE;
		i += used;
	}
	return CTL_OK;
}

static int check_args(struct ctl *c, const struct line *l, int used)
{
	c->n_args = 0;
	for (int i = used; i < l->n_words && c->n_args < CTL_ARGS_MAX; i++)
		c->args[c->n_args++] = l->words[i];
	if (c->n_args < c->command->min_args || c->n_args > c->command->max_args)
		return ctl_usage(c, "wants %s, got %d argument%s",
			*c->command->args ? c->command->args : "no argument", c->n_args,
			c->n_args == 1 ? "" : "s");
	if (!(c->command->flags & CTL_ACT))
		return CTL_OK;
	if (!c->why || !*c->why)
		return ctl_usage(c, "say why: --why \"…\" is kept with the act");
	if (!c->who || !*c->who)
		return ctl_usage(c, "nobody is known to act: give --who or set MUARA_WHO");
	return CTL_OK;
}

static const char *env_or(const char *name, const char *other)
{
	const char *s = getenv(name);

	return s && *s ? s : other;
}

/* --- one run --- */

int ctl_conf(struct ctl *c)
{
	struct buf faults = BUF_INIT(1 << 20);
	struct err e = {0};
	int r = options_load(c->muara, muara_conf_options, &c->conf, muara_conf_check, &faults, &e);

	if (r)
		fprintf(stderr, "muaractl: %s: %s\n%s", c->muara, e.text, buf_str(&faults));
	buf_free(&faults);
	if (r)
		return CTL_CONFIG;
	c->kafka_extra = muara_kafka_extra(&c->conf);
	c->kafka = (struct kafka_conf){
		.brokers = c->conf.brokers, .client_id = "muaractl", .extra = c->kafka_extra};
	return CTL_OK;
}

static void done(struct ctl *c)
{
	kafka_admin_close(c->admin);
	free(c->kafka_extra);
	options_free(muara_conf_options, &c->conf);
}

static int run(struct ctl *c, const char *muara)
{
	int r;

	c->muara = muara;
	r = c->command->flags & CTL_PLAIN ? CTL_OK : ctl_conf(c);
	if (!r)
		r = c->command->run(c);
	done(c);
	return r;
}

static int parse(struct ctl *c, struct line *l, int argc, char **argv)
{
	int used = 0, r = collect_words(c, l, argc, argv);

	if (r)
		return r;
	if (l->n_words && strcmp(l->words[0], "help") == 0) {
		l->help = true;
		l->n_words--;
		memmove(l->words, l->words + 1, sizeof l->words - sizeof *l->words);
	}
	c->command = find_command(l->words, l->n_words, &used);
	if (!c->command && l->n_words)
		return ctl_usage(c, "unknown command %s%s%s", l->words[0],
			l->n_words > 1 ? " " : "", l->n_words > 1 ? l->words[1] : "");
	r = collect_options(c, l, argc, argv);
	if (r || l->help)
		return r;
	return c->command ? check_args(c, l, used) : CTL_OK;
}

int main(int argc, char **argv)
{
	struct line l = {.muara = MUARA_SYSCONF "/muara.yaml"};
	struct ctl c = {.out = stdout};
	int r;

	c.who = env_or("MUARA_WHO", env_or("SUDO_USER", env_or("USER", NULL)));
	r = parse(&c, &l, argc, argv);
	if (r)
		return r;
	if (!c.command)
		return help_all(l.help ? stdout : stderr), l.help ? CTL_OK : CTL_USAGE;
	if (l.help)
		return help_one(stdout, c.command);
	log_open("muaractl", NULL);
	log_set_level(LOG_L_ERROR); /* what goes wrong is told by the command itself */
	r = run(&c, l.muara);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "muaractl: cannot write the answer: %s\n", strerror(errno));
		r = r ? r : CTL_FAILED;
	}
	return r;
}
