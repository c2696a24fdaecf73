/* form: a body of application/x-www-form-urlencoded, taken apart. Pure. */
#pragma once

#include <stddef.h>

#include "base/err.h"

#define FORM_PAIRS_MAX 64

struct form {
	struct form_pair {
		const char *name, *value; /* percent-decoded; any bytes but NUL */
	} pairs[FORM_PAIRS_MAX];
	size_t n;
	char *text; /* storage */
};

/* -EINVAL: too many pairs, a broken escape, a NUL. form_free in both cases. */
int form_parse(const char *p, size_t n, struct form *ret, struct err *e);
void form_free(struct form *f);
/* The first of that name; NULL when it is missing or empty. */
const char *form_get(const struct form *f, const char *name);
