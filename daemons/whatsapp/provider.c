/* provider: see provider.h. Two tables: a file that passes Meta's payload on needs no mapping. */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "base/yaml.h"

#include "provider.h"

#define FILE_MAX_BYTES (256 * 1024)

static const char *const payload_choices[] = {"cloud", "mapping", NULL};

/* clang-format off */
static const struct option_row cloud_options[] = {
	OPT(struct provider, OPT_ENUM, payload, "payload", "mapping", .choices = payload_choices,
		.help = "cloud: Meta's payload passed on; mapping: as this file says"),
	WEBAUTH_OPTIONS(struct provider, auth),
	OPT_END,
};
static const struct option_row mapping_options[] = {
	OPT(struct provider, OPT_ENUM, payload, "payload", "mapping", .choices = payload_choices,
		.help = "cloud: Meta's payload passed on; mapping: as this file says"),
	WEBAUTH_OPTIONS(struct provider, auth),
	MAPPING_OPTIONS(struct provider, map),
	OPT_END,
};
/* clang-format on */

static void check_cloud(void *target, struct options_faults *f)
{
	const struct provider *p = target;

	webauth_check(&p->auth, f);
	if (p->auth.by == WEBAUTH_BODY)
		options_fault(f, "verify.by", "body: Meta's payload has no place for a secret");
}

static void check_mapping(void *target, struct options_faults *f)
{
	const struct provider *p = target;

	webauth_check(&p->auth, f);
	mapping_check(&p->map, f);
}

/* Which of the two tables the file is to be read by; whatever is wrong with it, that table tells.
 */
static bool says_cloud(const char *path)
{
	_cleanup_json_ json_t *root = NULL;
	const char *payload;

	if (yaml_load_file(path, FILE_MAX_BYTES, &root, NULL, NULL))
		return false;
	payload = json_string_value(json_object_get(root, "payload"));
	return payload && strcmp(payload, "cloud") == 0;
}

int provider_load(const char *path, struct provider **ret, struct buf *ret_faults, struct err *e)
{
	bool cloud = says_cloud(path);
	struct provider *p = xcalloc(1, sizeof(*p));
	int r = options_load(path, cloud ? cloud_options : mapping_options, p,
		cloud ? check_cloud : check_mapping, ret_faults, e);

	if (r) {
		free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void provider_free(struct provider *p)
{
	if (!p)
		return;
	options_free(p->payload == PROVIDER_CLOUD ? cloud_options : mapping_options, p);
	free(p);
}
