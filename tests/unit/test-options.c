/* Option tables: defaults, every type, drop-ins, all faults in one run with file and line, secrets,
 * and that what is printed can be read again. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/options.h"
#include "base/util.h"
#include "core/muara_conf.h"

#include "scratch.h"

struct entry {
	char *name, *token;
	int64_t weight;
};
struct conf {
	char *name, *place, *token;
	int64_t count, wait_ms, bytes;
	bool on;
	int mode;
	struct strlist words;
	struct strmap extra;
	struct optlist entries;
	json_t *data;
	struct {
		char *ca;
		int64_t depth;
	} tls;
};

static const char *const modes[] = {"soft", "hard", NULL};
/* clang-format off */
static const struct option_row entry_rows[] = {
	OPT(struct entry, OPT_STRING, name, "name", NULL, .flags = OPT_REQUIRED, .min = 2, .max = 8, .help = "Its name."),
	OPT(struct entry, OPT_SECRET, token, "token", NULL, .help = "Its token."),
	OPT(struct entry, OPT_INT, weight, "weight", "3", .min = 1, .max = 9, .help = "Its weight."),
	OPT_END
};
static const struct option_row rows[] = {
	OPT(struct conf, OPT_STRING, name, "name", "anon", .max = 20, .help = "Who."),
	OPT(struct conf, OPT_PATH, place, "place", "beside/file", .help = "Where."),
	OPT(struct conf, OPT_SECRET, token, "token", NULL, .max = 40, .help = "What nobody may know."),
	OPT(struct conf, OPT_INT, count, "count", "5", .min = 1, .max = 100, .help = "How many"),
	OPT(struct conf, OPT_DURATION, wait_ms, "wait", "90s", .min = 1000, .help = "How long."),
	OPT(struct conf, OPT_SIZE, bytes, "bytes", "64KiB", .max = 1 << 20, .help = "How large."),
	OPT(struct conf, OPT_BOOL, on, "on", "yes", .help = "Whether."),
	OPT(struct conf, OPT_ENUM, mode, "mode", "hard", .choices = modes, .help = "How."),
	OPT(struct conf, OPT_STRINGS, words, "words", "[a, b]", .help = "Words."),
	OPT(struct conf, OPT_MAP, extra, "extra", "{k: v}", .help = "More."),
	OPT(struct conf, OPT_LIST, entries, "entries", NULL, .sub = entry_rows, .sub_size = sizeof(struct entry),
		.max = 3, .help = "Entries."),
	OPT(struct conf, OPT_JSON, data, "data", "{a: [1, 2]}", .help = "Anything."),
	OPT(struct conf, OPT_STRING, tls.ca, "tls.ca", NULL, .help = "Whom to trust."),
	OPT(struct conf, OPT_INT, tls.depth, "tls.depth", "0", .help = "How deep, which is told in a sentence so long "
		"that it does not fit one line of the sample and must be broken at a blank."),
	OPT_END
};
/* clang-format on */

/* --- files of a test ------------------------------------------------------------------------ */

static char dir[] = "/tmp/muara-options-XXXXXX";
static char *conf_path;
static struct conf conf;
static struct buf faults, short_form;

static char *in_dir(const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

static void put(const char *name, const char *text, mode_t mode)
{
	_cleanup_free_ char *path = in_dir(name);

	assert_int_equal(fsio_write_atomic(path, text, strlen(text), mode, NULL), 0);
}

static int load_with(const char *text, void (*check)(void *, struct options_faults *))
{
	struct err e = {0};
	int r;

	put("x.yaml", text, 0644);
	options_free(rows, &conf);
	buf_reset(&faults);
	r = options_load(conf_path, rows, &conf, check, &faults, &e);
	assert_true((r == 0) == (faults.len == 0));
	return r;
}

static int load(const char *text)
{
	return load_with(text, NULL);
}

/* The faults of `text`, each "file:" replaced by "@". */
static const char *faults_of(const char *text)
{
	const char *at;

	assert_int_equal(load(text), -EINVAL);
	buf_free(&short_form);
	buf_init(&short_form, 1 << 16);
	for (const char *s = buf_str(&faults); *s; s = at) {
		size_t n = strlen(dir) + 1;

		at = s;
		if (strncmp(s, dir, strlen(dir)) == 0) {
			buf_addc(&short_form, '@');
			at += n;
		} else {
			buf_addc(&short_form, *at++);
		}
	}
	return buf_str(&short_form);
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	conf_path = in_dir("x.yaml");
	buf_init(&faults, 1 << 16);
	unsetenv("CREDENTIALS_DIRECTORY");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	options_free(rows, &conf);
	buf_free(&faults);
	buf_free(&short_form);
	free(conf_path);
	return scratch_remove(dir);
}

/* --- values --------------------------------------------------------------------------------- */

static void defaults_of_every_type(void **state)
{
	_cleanup_free_ char *place = in_dir("beside/file");

	(void)state;
	assert_int_equal(load(""), 0);
	assert_string_equal(conf.name, "anon");
	assert_string_equal(conf.place, place);
	assert_null(conf.token);
	assert_int_equal(conf.count, 5);
	assert_int_equal(conf.wait_ms, 90000);
	assert_int_equal(conf.bytes, 65536);
	assert_true(conf.on);
	assert_int_equal(conf.mode, 1);
	assert_int_equal(conf.words.n, 2);
	assert_string_equal(conf.words.v[1], "b");
	assert_string_equal(conf.extra.v[0].value, "v");
	assert_int_equal(conf.entries.n, 0);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(conf.data, "a"), 1)), 2);
	assert_null(conf.tls.ca);
	assert_int_equal(conf.tls.depth, 0);
}

static void values_of_every_type(void **state)
{
	(void)state;
	put("secret", "s3cret\n", 0600);
	assert_int_equal(load("name: 0812\nplace: /abs\ntoken: secret\ncount: 0x10\nwait: 2h\n"
			      "bytes: 3\non: off\nmode: soft\nwords: [1.10, yes, \"\"]\n"
			      "extra:\n  ssl.ca: 1.50\n  empty:\nentries:\n- name: one\n"
			      "  token: secret\n- {name: two, weight: 9}\n"
			      "data: {deep: {x: null}}\ntls:\n  ca: c\n  depth: -2\n"),
		0);
	assert_string_equal(conf.name, "0812");
	assert_string_equal(conf.place, "/abs");
	assert_string_equal(conf.token, "s3cret");
	assert_int_equal(conf.count, 16);
	assert_int_equal(conf.wait_ms, 7200000);
	assert_int_equal(conf.bytes, 3);
	assert_false(conf.on);
	assert_int_equal(conf.mode, 0);
	assert_string_equal(conf.words.v[0], "1.10");
	assert_string_equal(conf.words.v[1], "yes");
	assert_string_equal(conf.words.v[2], "");
	assert_string_equal(conf.extra.v[0].key, "ssl.ca");
	assert_string_equal(conf.extra.v[0].value, "1.50");
	assert_int_equal(conf.extra.v[0].line, 11);
	assert_string_equal(conf.extra.v[1].value, "");
	assert_int_equal(conf.entries.n, 2);
	assert_string_equal(((struct entry *)conf.entries.v)[0].token, "s3cret");
	assert_int_equal(((struct entry *)conf.entries.v)[0].weight, 3);
	assert_int_equal(((struct entry *)conf.entries.v)[1].weight, 9);
	assert_string_equal(conf.tls.ca, "c");
	assert_int_equal(conf.tls.depth, -2);
}

static void number_as_it_stood(void **state)
{
	(void)state;
	assert_int_equal(load("name: 1.10\n"), 0);
	assert_string_equal(conf.name, "1.10");
	assert_int_equal(load("name: true\ncount: \"7\"\nwait: 0\n"), -EINVAL); /* wait: min 1s */
	assert_int_equal(load("name: True\ncount: \"7\"\n"), 0);
	assert_string_equal(conf.name, "True");
	assert_int_equal(conf.count, 7);
	assert_int_equal(load("name:\n"), 0); /* unset: the default again */
	assert_string_equal(conf.name, "anon");
}

static const struct {
	const char *text, *want; /* the faults, "@" for the folder */
} wrong[] = {
	{"count: 0\n", "@x.yaml:1: count: is out of range; allowed: 1 to 100\n"},
	{"count: many\n", "@x.yaml:1: count: must be a whole number\n"},
	{"\ncount: 99999999999999999999\n",
		"@x.yaml:2: count: integer beyond 64 bits; quote it to keep it as text\n"},
	{"wait: 5\n", "@x.yaml:1: wait: must be a duration: a number and ms, s, m, h or d, such as "
		      "30s\n"},
	{"wait: 10ms\n", "@x.yaml:1: wait: is out of range; allowed: at least 1s\n"},
	{"wait: 999999999999999d\n", "@x.yaml:1: wait: is out of range; allowed: at least 1s\n"},
	{"bytes: 2MB\n", "@x.yaml:1: bytes: must be a size: a number of bytes, or with KiB, MiB or "
			 "GiB, such as 64KiB\n"},
	{"bytes: 2MiB\n", "@x.yaml:1: bytes: is out of range; allowed: 0B to 1MiB\n"},
	{"bytes: -1\n", "@x.yaml:1: bytes: must be a size: a number of bytes, or with KiB, MiB or "
			"GiB, such as 64KiB\n"},
	{"on: perhaps\n", "@x.yaml:1: on: must be true or false (also yes/no, on/off)\n"},
	{"mode: sfot\n", "@x.yaml:1: mode: must be one of: soft, hard\n"},
	{"name: [a]\n", "@x.yaml:1: name: must be one value, not a list or a map\n"},
	{"name: abcdefghijklmnopqrstu\n", "@x.yaml:1: name: has 21 bytes; allowed: 0 to 20\n"},
	{"place: \"\"\n", "@x.yaml:1: place: is empty; write a path, or leave the key out\n"},
	{"words: a\n", "@x.yaml:1: words: must be a list, such as [first, second]\n"},
	{"words:\n- a\n- {b: c}\n-\n", "@x.yaml:3: words.1: must be a text in this list\n"
				       "@x.yaml:4: words.2: must be a text in this list\n"},
	{"extra: [a]\n", "@x.yaml:1: extra: must be a map, \"name: text\" on each line\n"},
	{"extra:\n  a: []\n", "@x.yaml:2: extra.a: must be a text in this map\n"},
	{"entries: {}\n", "@x.yaml:1: entries: must be a list of maps, each begun with \"- \"\n"},
	{"entries:\n- weight: 1\n",
		"@x.yaml:2: entries.0.name: is missing and must be set: Its name.\n"},
	{"entries:\n- name: ab\n  wieght: 1\n- text\n- name: x\n",
		"@x.yaml:3: entries.0.wieght: is no option; the nearest is \"entries.0.weight\"\n"
		"@x.yaml:4: entries.1: must be a map of options\n"
		"@x.yaml:5: entries.2.name: has 1 bytes; allowed: 2 to 8\n"},
	{"entries: [{name: ab}, {name: ab}, {name: ab}, {name: ab}]\n",
		"@x.yaml:1: entries: has 4 entries; allowed: 0 to 3\n"},
	{"tls: yes\n", "@x.yaml:1: tls: must be a map of further options\n"},
	{"tls:\n  cafile: x\n", "@x.yaml:2: tls.cafile: is no option; valid here: name, place, "
				"token, count, wait, bytes, on, mode, words, extra, entries, data, "
				"tls.ca, tls.depth\n"},
	{"tls:\n  detph: 1\n", "@x.yaml:2: tls.detph: is no option; the nearest is "
			       "\"tls.depth\"\n"},
	{"depth: 1\n", "@x.yaml:1: depth: is no option; the nearest is \"tls.depth\"\n"},
	{"tls.ca: x\n",
		"@x.yaml:1: tls.ca: is written with a dot; write it as nested maps, one key "
		"a level\n"},
	{"- a\n", "@x.yaml:1: must be a map of options, \"key: value\" on each line\n"},
	{"conut: 1\nnaem: x\nmode: x\n",
		"@x.yaml:1: conut: is no option; the nearest is \"count\"\n"
		"@x.yaml:2: naem: is no option; the nearest is \"name\"\n"
		"@x.yaml:3: mode: must be one of: soft, hard\n"},
};

static void each_fault_has_its_place_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_string_equal(faults_of(wrong[i].text), wrong[i].want);
}

static void every_fault_in_one_run(void **state)
{
	struct err e = {0};

	(void)state;
	put("x.yaml", "count: 0\nname: a\nname: b\nbytes: x\nfoo: 1\n", 0644);
	options_free(rows, &conf);
	buf_reset(&faults);
	assert_int_equal(options_load(conf_path, rows, &conf, NULL, &faults, &e), -EINVAL);
	assert_string_equal(e.text, "4 faults");
	assert_non_null(strstr(buf_str(&faults), "x.yaml:3: name: written twice"));
	assert_non_null(strstr(buf_str(&faults), "x.yaml:5: foo: is no option"));
	assert_non_null(strstr(buf_str(&faults), "x.yaml:1: count: is out of range"));
	assert_non_null(strstr(buf_str(&faults), "x.yaml:4: bytes: must be a size"));
}

static void a_failed_load_leaves_nothing(void **state)
{
	static const struct conf zero;

	(void)state;
	assert_int_equal(load("count: 0\nname: x\nentries: [{name: ab}]\n"), -EINVAL);
	assert_memory_equal(&conf, &zero, sizeof zero);
}

static void a_missing_file_is_one_fault(void **state)
{
	_cleanup_free_ char *path = in_dir("none.yaml");
	struct err e = {0};

	(void)state;
	options_free(rows, &conf);
	buf_reset(&faults);
	assert_int_equal(options_load(path, rows, &conf, NULL, &faults, &e), -EINVAL);
	assert_string_equal(e.text, "1 fault");
	assert_non_null(strstr(buf_str(&faults), "none.yaml"));
	assert_non_null(strstr(buf_str(&faults), "No such file"));
}

/* --- own checks ----------------------------------------------------------------------------- */

static void check_pair(void *target, struct options_faults *f)
{
	const struct conf *c = target;

	if (c->count > 50)
		options_fault(f, "count", "is over %d while mode is hard", 50);
	if (!c->tls.ca)
		options_fault(f, "tls.ca", "must be set");
	options_fault(f, "entries.1.name", "is odd");
	options_fault(f, "mode", "follows from the table's fault");
	assert_true(options_given(f, "entries"));
	assert_false(options_given(f, "tls"));
	assert_false(options_given(f, "tls.ca"));
	assert_false(options_given(f, "extra")); /* taken back */
}

static void check_given(void *target, struct options_faults *f)
{
	(void)target;
	assert_true(options_given(f, "tls"));
	assert_true(options_given(f, "tls.depth"));
	assert_false(options_given(f, "tls.ca"));
}

static void own_checks_know_the_place(void **state)
{
	(void)state;
	assert_int_equal(load_with("\ncount: 51\nmode: no\nentries:\n- name: ab\n- weight: 2\n"
				   "  name: cd\nextra:\n",
				 check_pair),
		-EINVAL);
	assert_non_null(strstr(buf_str(&faults), "x.yaml:2: count: is over 50"));
	assert_non_null(strstr(buf_str(&faults), "x.yaml:1: tls.ca: must be set"));
	assert_non_null(strstr(buf_str(&faults), "x.yaml:7: entries.1.name: is odd"));
	assert_null(strstr(buf_str(&faults), "follows"));
	assert_int_equal(load_with("tls:\n  depth: 0\n", check_given), 0);
}

/* --- drop-ins ------------------------------------------------------------------------------- */

static void dropins_in_name_order(void **state)
{
	_cleanup_free_ char *d = in_dir("x.yaml.d"), *b = in_dir("x.yaml.d/20-b.yaml"),
			    *a = in_dir("x.yaml.d/10-a.yaml"), *place = in_dir("x.yaml.d/here");

	(void)state;
	assert_int_equal(fsio_make_dirs(d, 0755, NULL), 0);
	put("x.yaml.d/10-a.yaml", "count: 10\nname: a\ntls: {ca: a}\n", 0644);
	put("x.yaml.d/20-b.yaml", "count: 20\nplace: here\nname:\n", 0644);
	put("x.yaml.d/30-not.conf", "count: 30\n", 0644);
	assert_int_equal(load("count: 1\nname: main\ntls: {depth: 4}\n"), 0);
	assert_int_equal(conf.count, 20);
	assert_string_equal(conf.name, "anon"); /* taken back by the last */
	assert_string_equal(conf.place, place);
	assert_string_equal(conf.tls.ca, "a"); /* nested maps are joined */
	assert_int_equal(conf.tls.depth, 4);

	put("x.yaml.d/10-a.yaml", "\ncuont: 1\n", 0644);
	put("x.yaml.d/20-b.yaml", "wait: 1\n", 0644);
	assert_string_equal(faults_of("mode: x\n"),
		"@x.yaml.d/10-a.yaml:2: cuont: is no option; the nearest is \"count\"\n"
		"@x.yaml.d/20-b.yaml:1: wait: must be a duration: a number and ms, s, m, h or d, "
		"such as 30s\n"
		"@x.yaml:1: mode: must be one of: soft, hard\n");
	assert_int_equal(unlink(a) + unlink(b), 0);
}

/* --- secrets -------------------------------------------------------------------------------- */

static void secrets_of_others_are_refused(void **state)
{
	static const mode_t refused[] = {0640, 0604, 0660, 0644}, taken[] = {0600, 0400};
	_cleanup_free_ char *path = in_dir("s");

	(void)state;
	put("s", "hush", 0600);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		assert_int_equal(chmod(path, refused[i]), 0);
		assert_non_null(strstr(faults_of("token: s\n"), "chmod 600 it"));
		assert_null(strstr(buf_str(&faults), "hush"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		assert_int_equal(chmod(path, taken[i]), 0);
		assert_int_equal(load("token: s\n"), 0);
		assert_string_equal(conf.token, "hush");
	}
	assert_non_null(strstr(faults_of("token: nowhere\n"), "No such file"));
	assert_non_null(strstr(faults_of("token: .\n"), "a directory"));
	assert_non_null(strstr(faults_of("token: /dev/null\n"), "others may read it"));
	put("s", "\n", 0600);
	assert_non_null(strstr(faults_of("token: s\n"), "not empty"));
	put("s", "12345678901234567890123456789012345678901", 0600);
	assert_non_null(strstr(faults_of("token: s\n"), "41 bytes; allowed: 0 to 40"));
	put("s", "two\nlines\r\n", 0600);
	assert_int_equal(load("token: s\n"), 0);
	assert_string_equal(conf.token, "two\nlines");
}

static void credentials_of_systemd(void **state)
{
	_cleanup_free_ char *cd = in_dir("cred"), *text = NULL, *sibling = NULL;

	(void)state;
	assert_non_null(
		strstr(faults_of("token: \"%d/t\"\n"), "$CREDENTIALS_DIRECTORY is not set"));
	assert_int_equal(fsio_make_dirs(cd, 0755, NULL), 0);
	put("cred/t", "c\n", 0440); /* systemd shows an ACL as group-readable */
	setenv("CREDENTIALS_DIRECTORY", cd, 1);
	assert_int_equal(load("token: \"%d/t\"\n"), 0);
	assert_string_equal(conf.token, "c");
	text = xasprintf("token: %s/t\n", cd);
	assert_int_equal(load(text), 0);
	assert_non_null(strstr(faults_of("token: cred/../cred/t\n"), "chmod 600"));
	put("cred-not", "x", 0644); /* begins like the folder, lies beside it */
	sibling = xasprintf("token: %s-not\n", cd);
	assert_non_null(strstr(faults_of(sibling), "chmod 600"));
	assert_non_null(strstr(faults_of("token: \"%d/../s\"\n"), "the name of one credential"));
	assert_non_null(strstr(faults_of("token: \"%d/\"\n"), "the name of one credential"));
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* --- printing ------------------------------------------------------------------------------- */

static char *printed(const struct option_row *table, const void *values)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	if (values)
		options_print(table, values, out);
	else
		options_help(table, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void what_is_printed_reads_the_same(void **state)
{
	_cleanup_free_ char *first = NULL, *second = NULL;

	(void)state;
	assert_int_equal(load("name: \"a\\\"b: #\"\nwait: 90m\nextra: {a.b: \"1\"}\nentries:\n"
			      "- {name: one}\n- {name: two, weight: 4}\ntls: {ca: x}\n"),
		0);
	first = printed(rows, &conf);
	assert_non_null(strstr(first, "wait: 90m\n"));
	assert_non_null(strstr(first, "bytes: 64KiB\n"));
	assert_non_null(
		strstr(first, "entries:\n  - name: \"one\"\n    token: ~\n    weight: 3\n"));
	assert_non_null(strstr(first, "tls:\n  ca: \"x\"\n  depth: 0\n"));
	assert_int_equal(load(first), 0);
	second = printed(rows, &conf);
	assert_string_equal(first, second);
}

static void secrets_are_never_printed(void **state)
{
	_cleanup_free_ char *text = NULL;

	(void)state;
	put("s", "hush", 0600);
	assert_int_equal(load("token: s\nentries: [{name: ab, token: s}]\n"), 0);
	text = printed(rows, &conf);
	assert_null(strstr(text, "hush"));
	assert_non_null(strstr(text, "\ntoken: \"********\"\n"));
	assert_non_null(strstr(text, "    token: \"********\"\n"));
}

/* The sample without its '#' before keys is a configuration that holds the defaults. */
static void the_sample_is_a_configuration(void **state)
{
	_cleanup_free_ char *sample = printed(rows, NULL), *defaults = NULL, *again = NULL;
	struct buf text = BUF_INIT(1 << 16);

	(void)state;
	assert_non_null(strstr(sample, "# How many. (number, 1 to 100)\n#count: 5\n"));
	assert_non_null(strstr(sample, "# How. (one of: soft, hard)\n#mode: hard\n"));
	assert_non_null(strstr(sample, "#  - name:\n"));
	assert_non_null(strstr(sample, "# How long. (duration, at least 1s)\n#wait: 90s\n"));
	for (const char *line = sample, *end; (end = strchr(line, '\n')); line = end + 1) {
		assert_true(end - line <= 100);
		assert_int_equal(*line, '#');
		if (line[1] != ' ' ||
			line[2] == ' ') /* "# Sentence" stays, "#key" and "#  key" go */
			buf_add(&text, line + 1, (size_t)(end - line));
	}
	put("s", "x", 0600);
	assert_int_equal(load("entries: [{name: ab}]\n"), 0);
	defaults = printed(rows, &conf);
	assert_non_null(strstr(buf_str(&text), "  - name:"));
	assert_string_equal(faults_of(buf_str(&text)),
		"@x.yaml:13: entries.0.name: is missing and must be set: Its name.\n");
	buf_free(&text);
	assert_int_equal(load(defaults), 0);
	again = printed(rows, &conf);
	assert_string_equal(defaults, again);
}

/* --- the shared table ----------------------------------------------------------------------- */

static void walk(const struct option_row *table)
{
	for (const struct option_row *r = table; r->key; r++) {
		assert_non_null(r->help);
		assert_true(*r->help && !strchr(r->help, '\n'));
		for (const struct option_row *o = table; o < r; o++)
			assert_string_not_equal(o->key, r->key);
		assert_true((r->type == OPT_ENUM) == (r->choices != NULL));
		assert_true((r->type == OPT_LIST) == (r->sub != NULL && r->sub_size));
		if (r->sub)
			walk(r->sub);
	}
}

static void the_shared_table_is_sound(void **state)
{
	struct muara_conf c = {0};
	_cleanup_free_ char *text = NULL, *again = NULL;

	(void)state;
	walk(rows);
	walk(muara_conf_options);
	put("x.yaml",
		"channels: [whatsapp]\ntenants: [{name: malang, destination: lapor}]\n"
		"kafka: {security.protocol: ssl}\n",
		0644);
	buf_reset(&faults);
	assert_int_equal(
		options_load(conf_path, muara_conf_options, &c, muara_conf_check, &faults, NULL),
		0);
	assert_int_equal(c.lanes, 1);
	assert_string_equal(c.blob_dir, "/var/lib/muara/blobs");
	text = printed(muara_conf_options, &c);
	options_free(muara_conf_options, &c);
	put("x.yaml", text, 0644);
	assert_int_equal(
		options_load(conf_path, muara_conf_options, &c, muara_conf_check, NULL, NULL), 0);
	again = printed(muara_conf_options, &c);
	assert_string_equal(text, again);
	options_free(muara_conf_options, &c);
}

/* Each key of the shared table given something it cannot be: told at its line, nothing else. */
static void every_shared_key_tells_its_faults(void **state)
{
	static const char base[] = "channels: [a]\ntenants: [{name: t, destination: d}]\n";

	(void)state;
	for (const struct option_row *r = muara_conf_options; r->key; r++) {
		bool in_base = strcmp(r->key, "channels") == 0 || strcmp(r->key, "tenants") == 0;
		_cleanup_free_ char *text = xasprintf("%s%s: %s\n", in_base ? "" : base, r->key,
			r->type >= OPT_STRINGS ? "word" : "[list]");
		_cleanup_free_ char *want =
			xasprintf("x.yaml:%d: %s: must be", in_base ? 1 : 3, r->key);
		struct muara_conf c = {0};

		put("x.yaml", text, 0644);
		buf_reset(&faults);
		assert_int_equal(options_load(conf_path, muara_conf_options, &c, muara_conf_check,
					 &faults, NULL),
			-EINVAL);
		assert_non_null(strstr(buf_str(&faults), want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_of_every_type),
		cmocka_unit_test(values_of_every_type),
		cmocka_unit_test(number_as_it_stood),
		cmocka_unit_test(each_fault_has_its_place_and_remedy),
		cmocka_unit_test(every_fault_in_one_run),
		cmocka_unit_test(a_failed_load_leaves_nothing),
		cmocka_unit_test(a_missing_file_is_one_fault),
		cmocka_unit_test(own_checks_know_the_place),
		cmocka_unit_test(dropins_in_name_order),
		cmocka_unit_test(secrets_of_others_are_refused),
		cmocka_unit_test(credentials_of_systemd),
		cmocka_unit_test(what_is_printed_reads_the_same),
		cmocka_unit_test(secrets_are_never_printed),
		cmocka_unit_test(the_sample_is_a_configuration),
		cmocka_unit_test(the_shared_table_is_sound),
		cmocka_unit_test(every_shared_key_tells_its_faults),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
