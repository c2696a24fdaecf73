/* schema: the "schema" field every record carries, "muara.<record>/<major>[.<minor>]".
 *
 * A minor version only adds fields (unknown fields are kept), so it is not looked at. An unknown
 * major must hold the partition (lane rule 15): a half-done upgrade is not a dead letter. */
#pragma once

#include <jansson.h>

#include "base/err.h"

/* 0; -EPROTO: this record in a major version we do not know (hold); -EINVAL: something else. */
int schema_check(const json_t *record, const char *name, int major, struct err *e);
/* JSON text of at most max_bytes, its schema, then what `check` asks (0 or -errno): the record into
 * *ret, which stays as it is on failure. */
int schema_parse(const void *p, size_t n, size_t max_bytes, const char *name, int major,
	int (*check)(const json_t *record, struct err *e), json_t **ret, struct err *e);
