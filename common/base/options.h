/* options: tables that say what a configuration file may hold; from them come parsing, errors,
 * --help, --print-config.
 *
 * A row: type, key (dotted for nested maps: "tls.ca"), default text, limits, where it goes (offset
 * into a struct), a sentence. Files are YAML: the daemon's own file, then `<file>.d/<*.yaml>`
 * drop-ins in name order (later wins). options_load tells ALL faults of all files in one run, each
 * "file:line: key: what is wrong; what is allowed"; an unknown key lists the nearest valid one. A
 * later file replaces a value as a whole (lists and maps too); "key:" alone takes back what an
 * earlier file said. Lists of maps (OPT_LIST) have a table of their own and become arrays. Memory:
 * strings and arrays belong to the struct; options_free releases what options_load filled. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"

enum option_type {
	OPT_STRING,   /* char *            min/max: length */
	OPT_INT,      /* int64_t           min/max */
	OPT_BOOL,     /* bool              true/false/yes/no/on/off */
	OPT_DURATION, /* int64_t in ms     "250ms" "30s" "5m" "1h" "2d"; min/max in ms */
	OPT_SIZE,     /* int64_t in bytes  "64KiB" "3MiB" "1000"; min/max */
	OPT_ENUM,     /* int               choices[] */
	OPT_PATH,     /* char *            absolute, or relative to the file that names it */
	OPT_SECRET,   /* char *            a file's content, named by path; refused when group- or
			 world-readable unless below $CREDENTIALS_DIRECTORY; "%d/name" means
			 the systemd credential `name`. Masked in --print-config */
	OPT_STRINGS,  /* struct strlist    list of strings; min/max: entries */
	OPT_MAP,      /* struct strmap     free map string -> string; min/max: entries */
	OPT_LIST,     /* struct optlist    list of maps, each by `sub`; min/max: entries */
	OPT_JSON,     /* json_t *          any YAML subtree, as data (profiles, field maps) */
};
enum { OPT_REQUIRED = 1 };

struct strlist {
	char **v;
	size_t n;
};
struct strmap {
	struct strpair {
		char *key, *value;
		int line;
	} * v;
	size_t n;
};
struct optlist {
	void *v;
	size_t n;
}; /* n structs of sub_size bytes */

struct option_row {
	enum option_type type;
	unsigned flags;
	const char *key;
	size_t offset;
	const char *def;  /* text as in the file; NULL = unset/empty */
	int64_t min, max; /* 0, 0 = no limit; max 0 = no upper one */
	const char *const *choices;
	const struct option_row *sub;
	size_t sub_size;
	const char *help; /* one sentence, for people */
};
#define OPT(st, type_, field, key_, def_, ...)                                                \
	{                                                                                     \
		.type = (type_), .key = (key_), .offset = offsetof(st, field), .def = (def_), \
		__VA_ARGS__                                                                   \
	}
#define OPT_END             \
	{                   \
		.key = NULL \
	}

/* Own check after the table's (several options together): adds faults with options_fault, which
 * finds file and line of `key` ("tenants.0.lane" too; "" = the file as a whole) and says nothing
 * where the table has already told a fault of that key. A check also runs after such faults, so
 * that all are told in one run: fields then hold their default, and 0 or NULL where there is none,
 * required ones too. */
struct options_faults;
void options_fault(struct options_faults *f, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Inside a check: whether a file sets `key`, or anything below it ("x" for "x.token"). */
bool options_given(const struct options_faults *f, const char *key);

/* Fills `target` (zeroed by the caller). On failure returns -EINVAL with e = "N faults", the texts,
 * a line each, are appended to ret_faults (may be NULL), and `target` is zero again. `check` may be
 * NULL. A missing main file is a fault, a missing drop-in folder is not. */
int options_load(const char *path, const struct option_row *rows, void *target,
	void (*check)(void *target, struct options_faults *f), struct buf *ret_faults,
	struct err *e);
void options_free(const struct option_row *rows, void *target);
/* From now on secrets are not opened: their fields hold a stand-in. For looking at what a
 * configuration does without the right, or the need, to read them. */
void options_without_secrets(void);
/* Whether two filled structs hold the same values, secrets too. */
bool options_same(const struct option_row *rows, const void *a, const void *b);
/* "30s", "2d": as an option of type duration; -EINVAL. */
int options_parse_duration(const char *s, int64_t *ret_ms);
/* YAML with every option and its value, secrets as "********". */
void options_print(const struct option_row *rows, const void *target, FILE *out);
/* The sample: every option commented out with its default and sentence. */
void options_help(const struct option_row *rows, FILE *out);
