/* schema: see schema.h. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/util.h"

#include "core/schema.h"

int schema_check(const json_t *record, const char *name, int major, struct err *e)
{
	const char *text = json_str(record, "schema");
	size_t n = strlen(name);
	char number[12];
	int64_t got;
	size_t len;

	if (!text || strncmp(text, name, n) != 0 || text[n] != '/')
		return err_set(e, -EINVAL, "schema is not %s/%d", name, major);
	text += n + 1;
	len = strcspn(text, ".");
	if (!len || len >= sizeof number)
		return err_set(e, -EINVAL, "schema %s has no version number", name);
	memcpy(number, text, len);
	number[len] = '\0';
	if (parse_i64(number, 0, INT32_MAX, &got))
		return err_set(e, -EINVAL, "schema %s has no version number", name);
	if (got != major)
		return err_set(e, -EPROTO,
			"schema %s/%lld is unknown here (known: %d): update this program", name,
			(long long)got, major);
	return 0;
}

int schema_parse(const void *p, size_t n, size_t max_bytes, const char *name, int major,
	int (*check)(const json_t *record, struct err *e), json_t **ret, struct err *e)
{
	_cleanup_json_ json_t *o = NULL;
	int r = json_parse(p, n, max_bytes, &o, e);

	if (!r)
		r = schema_check(o, name, major, e);
	if (!r)
		r = check(o, e);
	if (!r)
		*ret = TAKE_PTR(o);
	return r;
}
