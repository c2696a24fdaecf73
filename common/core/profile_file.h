/* profile_file: a YAML file's members by a table, every fault with its place. For the loader of
 * profiles.
 *
 * A place is a path such as "calls.create.total". All functions tell faults and go on, so that one
 * run shows them all. Values borrow from the tree. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/yaml.h"

#define PLACE_MAX_LEN 256

struct profile;
struct pfile {
	const char *file; /* borrowed */
	struct yaml_lines *lines;
	struct buf *faults; /* a line each; may be NULL */
	struct err first;
	int n;		   /* faults so far */
	struct profile *p; /* what is being filled; not looked at here */
};

enum member_type {
	M_TEXT,	 /* const char * */
	M_INT,	 /* int64_t */
	M_MS,	 /* int64_t: 500ms, 30s, 5m */
	M_BYTES, /* int64_t: 256KiB, 5MiB, 1000 */
	M_ENUM,	 /* int: index into choices */
	M_MAP,	 /* json_t * */
	M_LIST,	 /* json_t * */
	M_ANY,	 /* json_t * */
};
enum { M_REQUIRED = 1 };

struct member {
	const char *key;
	enum member_type type;
	size_t offset;
	unsigned flags;
	int64_t min, max;
	const char *const *choices;
	const char *needs; /* for the fault of a missing key: why it is needed */
};
/* A table ends with .key = NULL. */
#define MEMBER(st, field, key_, type_, ...)                                                \
	{                                                                                  \
		.key = (key_), .type = (type_), .offset = offsetof(st, field), __VA_ARGS__ \
	}

void pfile_fault(struct pfile *l, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
const char *pfile_below(char path[PLACE_MAX_LEN], const char *at, const char *key);
const char *pfile_nth(char path[PLACE_MAX_LEN], const char *at, size_t i);

/* Members of `map` into the struct `out`; unknown keys and missing ones are told. false: it is no
 * map, told. */
bool pfile_map(
	struct pfile *l, const char *at, const json_t *map, const struct member *table, void *out);
/* The members of `map` that a table names, as a map of their own. Caller owns. */
json_t *pfile_part(const json_t *map, const struct member *table);
bool pfile_has(const struct member *table, const char *key);
bool one_of(const char *s, const char *const *choices); /* s may be NULL */
void list_choices(struct buf *out, const char *const *choices);
void pfile_texts(struct pfile *l, const char *at, const json_t *list);
