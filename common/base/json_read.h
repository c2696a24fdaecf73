/* json_read: the fast way from text to a jansson tree, for json_parse (json.h), which is what
 * everybody calls.
 *
 * Takes what RFC 8259 and jansson both take, and only if it is sure: no key twice in an object, no
 * NUL, UTF-8 without fault, an object or a list at the top. Anything else is left to jansson, whose
 * word on it counts. Pure, any thread. */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* The tree, the caller's; NULL: not JSON, nested deeper than max_depth, or nothing this reader
 * decides. */
json_t *json_read(const char *p, size_t n, int max_depth);
