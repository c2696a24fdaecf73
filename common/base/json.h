/* json: jansson with the checks outsiders' bytes need, and short accessors.
 *
 * json_parse looks at size and depth before jansson does (1 MiB of "[1,1,…" becomes 22 MiB of
 * memory; jansson's own depth limit is 2048) and rejects duplicate keys and NUL in strings.
 * Accessors borrow; NULL object is allowed. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define JSON_DEPTH_MAX 32

int json_parse(const void *p, size_t n, size_t max_bytes, json_t **ret, struct err *e);
/* -E2BIG when brackets nest deeper than max_depth; looks only at brackets outside strings. */
int json_depth_check(const char *p, size_t n, int max_depth);

const char *json_str(const json_t *obj, const char *key); /* NULL when missing or not a string */
const char *json_str_or(const json_t *obj, const char *key, const char *def);
int64_t json_int(const json_t *obj, const char *key, int64_t def);
/* The values of an object, in order, as an array; takes the object. */
json_t *json_members(json_t *obj);
bool json_flag(const json_t *obj, const char *key); /* true only for JSON true */
/* NULL s becomes JSON null. Invalid UTF-8 must have been repaired before. */
void json_set_str(json_t *obj, const char *key, const char *s);
void json_set_int(json_t *obj, const char *key, int64_t v);
void json_set_new(json_t *obj, const char *key,
	json_t *v);		     /* steals v; v NULL (out of memory) ends the process */
json_t *json_str_new(const char *s); /* NULL -> JSON null; never NULL */
/* Compact text; the caller frees. */
char *json_text(const json_t *j, size_t *ret_len);
