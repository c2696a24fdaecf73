/* schema: the "schema" field every record carries, "muara.<record>/<major>[.<minor>]".
 *
 * A minor version only adds fields (unknown fields are kept), so it is not looked at. An unknown
 * major must hold the partition (lane rule 15): a half-done upgrade is not a dead letter. */
#pragma once

#include <jansson.h>

#include "base/err.h"

/* 0; -EPROTO: this record in a major version we do not know (hold); -EINVAL: something else. */
int schema_check(const json_t *record, const char *name, int major, struct err *e);
