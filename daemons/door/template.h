/* template: HTML pages as files, with the little that must be filled in. Pure.
 *
 *   {{key}}              the value, escaped for HTML text and quoted attributes
 *   {{#key}} … {{/key}}  only when the value is not empty; {{^key}} … {{/key}}: only when it is
 * Sections nest. A key nobody knows, a section left open: the page is refused when it is loaded,
 * with its line. What citizens typed in is never read as a template. */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define TEMPLATE_BYTES_MAX (256 * 1024)
#define TEMPLATE_DEPTH_MAX 8

struct template;

/* `keys`: all there are, NULL-terminated. `name` stands for the page in faults. */
int template_parse(const char *name, const char *text, size_t n, const char *const *keys,
	struct template **ret, struct err *e);
int template_load(const char *path, const char *const *keys, struct template **ret, struct err *e);
void template_free(struct template *t); /* NULL-safe */

/* NULL and "" are empty. */
typedef const char *template_value_fn(const void *ctx, const char *key);
/* -E2BIG when it does not fit. */
int template_render(
	const struct template *t, template_value_fn *value, const void *ctx, struct buf *out);
