/* yaml: the part of YAML a configuration needs, as JSON values, with the line of every value.
 *
 * Maps, lists and scalars by YAML's core schema: plain null/~/empty, true/false, integers (also 0x,
 * 0o) and decimals; everything quoted is a string. Two deviations on purpose, because phone numbers
 * and codes must not lose anything: a plain number that begins with "0" (0812…) or "+" stays a
 * string. Refused, with file:line and remedy: anchors and aliases, tags, duplicate keys, keys that
 * are not text, a second document, NUL, depth over 16, integers beyond 64 bits, .inf and .nan, more
 * than max_bytes. All such faults of a file are told in one run; a syntax error ends the reading.
 * A file without content gives JSON null. Thread: any. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define YAML_DEPTH_MAX 16

struct yaml_lines; /* where each value stood; owned by the caller */

/* e holds the first fault "file:line: …" (and how many more). ret_lines may be NULL. */
int yaml_load_file(const char *path, size_t max_bytes, json_t **ret, struct yaml_lines **ret_lines,
	struct err *e);
/* As above, and every fault as one line in ret_faults (may be NULL); *ret_n_faults (may be NULL)
 * counts them. Unlike elsewhere *ret and *ret_lines are always set: the tree without the refused
 * parts when the file could be read to its end (so that the caller can find more faults in the same
 * run), else NULL. */
int yaml_load_file_all(const char *path, size_t max_bytes, json_t **ret,
	struct yaml_lines **ret_lines, struct buf *ret_faults, int *ret_n_faults, struct err *e);
/* The same from memory; `name` stands for the file in texts. */
int yaml_load_text(const char *name, const char *text, size_t n, json_t **ret,
	struct yaml_lines **ret_lines, struct buf *ret_faults, int *ret_n_faults, struct err *e);

/* Line (from 1) of the value at a path such as "calls.2.path" (the line of its key, for members of
 * a map); the nearest parent's line when that path does not exist, so that a missing key can be
 * reported too; 1 for "" and for NULL lines. */
int yaml_line(const struct yaml_lines *l, const char *path);
/* The text of a scalar as it stood in the file ("0812", "1.10", "yes"), NULL when there is no such
 * scalar. Borrowed. */
const char *yaml_text(const struct yaml_lines *l, const char *path);
void yaml_lines_free(struct yaml_lines *l); /* NULL-safe */
