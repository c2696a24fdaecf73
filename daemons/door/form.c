/* form: see form.h. */
#include <errno.h>
#include <string.h>

#include "base/httpd_check.h"
#include "base/util.h"

#include "form.h"

int form_parse(const char *p, size_t n, struct form *ret, struct err *e)
{
	char *rest, *one;

	*ret = (struct form){0};
	if (n && memchr(p, '\0', n))
		return err_set(e, -EINVAL, "the form holds a NUL");
	rest = ret->text = xstrndup(p ? p : "", n);
	while ((one = strsep(&rest, "&"))) {
		char *value = strchr(one, '=');

		if (!*one)
			continue;
		if (value)
			*value++ = '\0';
		if (ret->n == FORM_PAIRS_MAX)
			return err_set(e, -EINVAL, "more than %d fields", FORM_PAIRS_MAX);
		if (http_percent_decode(one) || (value && http_percent_decode(value)))
			return err_set(e, -EINVAL, "a field is not percent-encoded as it must be");
		ret->pairs[ret->n].name = one;
		ret->pairs[ret->n++].value = value ? value : "";
	}
	return 0;
}

void form_free(struct form *f)
{
	free(f->text);
	*f = (struct form){0};
}

const char *form_get(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->pairs[i].name, name) == 0)
			return *f->pairs[i].value ? f->pairs[i].value : NULL;
	return NULL;
}
