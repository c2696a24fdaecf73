/* profile: what a profile that was read says of itself, its calls and what of them a complaint
 * needs. Reading: profile_load.c.
 *
 * Guarantee: pure; the same profile, complaint and settings give the same answer. Known gap: an
 * agency without a row of its own goes where the default points. */
#include <string.h>

#include "base/json.h"
#include "core/profile_private.h"

const char *profile_name(const struct profile *p)
{
	return p->name;
}

const char *profile_system(const struct profile *p)
{
	return p->system;
}

enum profile_kind profile_kind(const struct profile *p)
{
	return (enum profile_kind)p->kind;
}

const struct profile_call *profile_call(const struct profile *p, enum call_kind c)
{
	return &p->calls[c].is;
}

const struct profile_call *profile_read(const struct profile *p, enum profile_read r)
{
	return &p->reads[r].is;
}

const char *profile_institution(const struct profile *p, const json_t *complaint,
	const struct strmap *settings, const struct strmap *agencies)
{
	const char *agency = json_str(complaint, "agency"), *id = NULL, *own;

	if (!p->calls[CALL_HANDOVER].is.present)
		return NULL;
	if (agency && *agency)
		id = strmap_value(agencies, agency);
	if (!id)
		id = strmap_value(agencies, "");
	own = setting_value(p, settings, p->own_institution, complaint);
	return id && own && strcmp(id, own) == 0 ? NULL : id;
}

bool profile_wants(const struct profile *p, enum call_kind c, const json_t *complaint,
	const struct strmap *settings, const struct strmap *agencies)
{
	const json_t *a;
	size_t i;

	if (!p->calls[c].is.present)
		return false;
	if (c == CALL_HANDOVER)
		return profile_institution(p, complaint, settings, agencies) != NULL;
	if (c != CALL_UPLOAD)
		return true;
	json_array_foreach (json_object_get(complaint, "attachments"), i, a)
		if (profile_attachment(p, complaint, a))
			return true;
	return false;
}
