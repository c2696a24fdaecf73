/* profile_calls: the sections `calls` and `reads` of a profile: what is sent, how often it may be,
 * for how long, and where the answer holds what.
 *
 * Guarantees: a call has its limits of time and size; one that happens once only says so; whatever
 * an answer is asked for has a place to stand. Known gap: a path is checked for its names, not for
 * being one of the endpoint's. */
#include <string.h>

#include "core/muara_conf.h"
#include "core/profile_load.h"

static const char *const call_keys[CALL_KINDS] = {[CALL_UPLOAD] = "upload",
	[CALL_CREATE] = "create",
	[CALL_HANDOVER] = "handover",
	[CALL_FOLLOWUP] = "followup"};
static const enum place call_places[CALL_KINDS] = {[CALL_UPLOAD] = IN_UPLOAD,
	[CALL_CREATE] = IN_CREATE,
	[CALL_HANDOVER] = IN_HANDOVER,
	[CALL_FOLLOWUP] = IN_FOLLOWUP};
static const char *const read_keys[PROFILE_READS] = {"probe", "report", "followups"};
static const char *const repeats[] = {[CALL_REPEATABLE] = "repeatable",
	[CALL_VERIFIABLE] = "verifiable",
	[CALL_ONCE] = "once",
	NULL};

static const char *const verifies[] = {"when_unclear", "after_success", NULL};

#define LIMITS                                                                                  \
	MEMBER(struct call_map, path, "path", M_TEXT, .flags = M_REQUIRED),                     \
		MEMBER(struct call_map, is.connect_ms, "connect", M_MS, .flags = M_REQUIRED,    \
			.min = 100, .max = 120000),                                             \
		MEMBER(struct call_map, is.total_ms, "total", M_MS, .flags = M_REQUIRED,        \
			.min = 1000, .max = 600000,                                             \
			.needs = "after it a call's outcome counts as unknown, so no call is "  \
				 "without"),                                                    \
		MEMBER(struct call_map, max_answer, "max_answer", M_BYTES, .flags = M_REQUIRED, \
			.min = 256, .max = 64 << 20)

static const struct member call_members[] = {
	LIMITS,
	MEMBER(struct call_map, method, "method", M_TEXT, .flags = M_REQUIRED),
	MEMBER(struct call_map, repeat, "repeat", M_ENUM, .flags = M_REQUIRED, .choices = repeats,
		.needs = "may it be sent twice? repeatable, verifiable (by reads.report) or once"),
	MEMBER(struct call_map, verify, "verify", M_ENUM, .choices = verifies),
	MEMBER(struct call_map, file_field, "file_field", M_TEXT),
	MEMBER(struct call_map, file_name, "file_name", M_TEXT),
	MEMBER(struct call_map, body, "body", M_MAP),
	MEMBER(struct call_map, id, "id", M_LIST),
	{.key = NULL},
};
static const struct member read_members[] = {
	LIMITS,
	MEMBER(struct call_map, shows, "shows", M_TEXT, .flags = M_REQUIRED),
	MEMBER(struct call_map, institution_at, "institution", M_TEXT),
	{.key = NULL},
};

static const struct member field_members[] = {
	MEMBER(struct followups_map, id, "id", M_TEXT, .flags = M_REQUIRED,
		.needs = "by it a follow-up that was read before is known again"),
	MEMBER(struct followups_map, at, "at", M_TEXT),
	MEMBER(struct followups_map, from, "from", M_TEXT),
	MEMBER(struct followups_map, to, "to", M_TEXT),
	MEMBER(struct followups_map, old_status, "status_old", M_TEXT),
	MEMBER(struct followups_map, new_status, "status_new", M_TEXT),
	MEMBER(struct followups_map, template_code, "template", M_TEXT),
	MEMBER(struct followups_map, template_text, "template_text", M_TEXT),
	MEMBER(struct followups_map, text, "text", M_TEXT),
	MEMBER(struct followups_map, attachments, "attachments", M_TEXT),
	{.key = NULL},
};

/* What the path of a call or read may name: the report, when there is one already. */
static enum place names_of_path(enum place where)
{
	if (where & (IN_HANDOVER | IN_FOLLOWUP | IN_REPORT))
		return IN_REPORT;
	return where == IN_FOLLOWUPS ? IN_FOLLOWUPS : IN_PROBE;
}

static void check_limits(struct pfile *l, const char *at, struct call_map *c, enum place where)
{
	char path[PLACE_MAX_LEN];

	c->is.present = true;
	c->is.max_answer = (size_t)c->max_answer;
	c->is.id_in_path = c->path && strstr(c->path, "remote_id");
	if (c->is.connect_ms > c->is.total_ms && c->is.total_ms)
		pfile_fault(l, pfile_below(path, at, "connect"), "longer than total");
	if (c->path && c->path[0] != '/')
		pfile_fault(l, pfile_below(path, at, "path"),
			"begins with /, it goes behind the base URL");
	profile_check_text(l, pfile_below(path, at, "path"), c->path, names_of_path(where));
}

static void check_id_places(struct pfile *l, const char *at, const json_t *places)
{
	char path[PLACE_MAX_LEN];
	const json_t *v;
	size_t i;

	json_array_foreach (places, i, v) {
		pfile_nth(path, at, i);
		if (json_is_string(v))
			profile_check_place(l, path, json_string_value(v));
		else
			pfile_fault(l, path, "text is wanted");
	}
}

/* Where the content comes from: a body, or the one file of an upload. */
static void check_body(
	struct pfile *l, const char *at, enum call_kind kind, const struct call_map *c)
{
	char path[PLACE_MAX_LEN];

	profile_check_tree(l, pfile_below(path, at, "body"), c->body, call_places[kind]);
	profile_check_text(l, pfile_below(path, at, "file_name"), c->file_name, IN_UPLOAD);
	if (kind == CALL_UPLOAD && (!c->file_field || !c->file_name || c->body))
		pfile_fault(l, at, "an upload has file_field and file_name, and no body");
	if (kind == CALL_FOLLOWUP && (!c->body || !c->file_field != !c->file_name))
		pfile_fault(l, at, "has a body, and file_field with file_name or neither");
	if (kind == CALL_FOLLOWUP)
		profile_check_text(l, pfile_below(path, at, "file_field"), c->file_field, IN_FIELD);
	else if (kind != CALL_UPLOAD && (c->file_field || c->file_name || !c->body))
		pfile_fault(l, at, "has a body, and no file_field or file_name");
}

static void check_repeat(
	struct pfile *l, const char *at, enum call_kind kind, const struct call_map *c)
{
	char path[PLACE_MAX_LEN];

	if (kind == CALL_FOLLOWUP && c->is.repeat != CALL_ONCE)
		pfile_fault(l, pfile_below(path, at, "repeat"),
			"a follow-up is `once`: sent twice it is told twice, and no read can find "
			"it");
	if (c->is.verify_success && (kind != CALL_HANDOVER || c->is.repeat != CALL_VERIFIABLE))
		pfile_fault(l, pfile_below(path, at, "verify"),
			"after_success is for a hand-over that is `verifiable`");
	if (kind == CALL_CREATE && c->is.repeat != CALL_ONCE)
		pfile_fault(l, pfile_below(path, at, "repeat"),
			"a create is `once`: sent twice it is filed twice, and no read can find it "
			"without its number");
}

static void check_call(struct pfile *l, const char *at, enum call_kind kind, struct call_map *c)
{
	char path[PLACE_MAX_LEN];

	c->is.repeat = (enum call_repeat)c->repeat;
	c->is.verify_success = c->verify == 1;
	c->is.gives_id = json_array_size(c->id) > 0;
	check_limits(l, at, c, call_places[kind]);
	/* A follow-up names its report in the body as likely as in the path; 404 says the same. */
	c->is.id_in_path |= kind == CALL_FOLLOWUP;
	check_id_places(l, pfile_below(path, at, "id"), c->id);
	check_body(l, at, kind, c);
	if (c->method && strcmp(c->method, "POST") != 0 && strcmp(c->method, "PUT") != 0)
		pfile_fault(l, pfile_below(path, at, "method"), "POST or PUT");
	if (kind != CALL_HANDOVER && kind != CALL_FOLLOWUP && !c->is.gives_id)
		pfile_fault(l, pfile_below(path, at, "id"),
			"missing: without the number in the answer nothing can follow it");
	check_repeat(l, at, kind, c);
}

void profile_read_calls(struct pfile *l, json_t *calls)
{
	struct profile *p = l->p;
	char at[PLACE_MAX_LEN];
	const char *key;
	json_t *v;

	json_object_foreach (calls, key, v) {
		enum call_kind kind = CALL_NONE;

		for (int k = CALL_UPLOAD; k < CALL_SHEET; k++)
			if (strcmp(call_keys[k], key) == 0)
				kind = (enum call_kind)k;
		pfile_below(at, "calls", key);
		if (kind == CALL_NONE)
			pfile_fault(l, at,
				"unknown call; there are: upload, create, handover, followup");
		else if (pfile_map(l, at, v, call_members, &p->calls[kind]))
			check_call(l, at, kind, &p->calls[kind]);
	}
	if (!p->calls[CALL_CREATE].is.present)
		pfile_fault(l, "calls", "create is missing");
}

static void check_fields(struct pfile *l, struct followups_map *map)
{
	static const char at[] = "reads.followups.fields";
	char path[PLACE_MAX_LEN];
	const char *key;
	json_t *place;

	if (!map->fields || !pfile_map(l, at, map->fields, field_members, map))
		return;
	json_object_foreach (map->fields, key, place)
		profile_check_place(l, pfile_below(path, at, key), json_string_value(place));
}

static void read_followups(struct pfile *l, json_t *v)
{
	static const char at[] = "reads.followups";
	static const struct member members[] = {
		MEMBER(struct followups_map, next, "next", M_TEXT),
		MEMBER(struct followups_map, zone, "zone", M_TEXT, .flags = M_REQUIRED,
			.needs = "its times name none; Jakarta is +07:00"),
		MEMBER(struct followups_map, fields, "fields", M_MAP, .flags = M_REQUIRED),
		{.key = NULL},
	};
	_cleanup_json_ json_t *part = pfile_part(v, members), *rest = json_copy(v);
	struct call_map *c = &l->p->reads[READ_FOLLOWUPS];
	struct followups_map *map = &l->p->followups;

	for (const struct member *m = members; m->key; m++)
		json_object_del(rest, m->key);
	if (!pfile_map(l, at, part, members, map) || !pfile_map(l, at, rest, read_members, c))
		return;
	check_limits(l, at, c, IN_FOLLOWUPS);
	profile_check_place(l, "reads.followups.shows", c->shows);
	profile_check_place(l, "reads.followups.next", map->next);
	check_fields(l, map);
	if (map->zone && muara_zone_parse(map->zone, &map->zone_minutes))
		pfile_fault(l, "reads.followups.zone", "a zone as +07:00 is wanted");
	if (c->path && !template_names(c->path, "remote_id"))
		pfile_fault(l, "reads.followups.path",
			"reads the same for every report; put {{remote_id}} into it");
	if (c->path && !template_names(c->path, "page") != !map->next)
		pfile_fault(l, "reads.followups.path",
			"{{page}} in it and `next` go together: one without the other reads the "
			"first page for ever, or never the second");
}

void profile_read_reads(struct pfile *l, json_t *reads)
{
	struct profile *p = l->p;
	char at[PLACE_MAX_LEN], path[PLACE_MAX_LEN];
	const char *key;
	json_t *v;

	json_object_foreach (reads, key, v) {
		int k = strcmp(key, "probe") == 0 ? READ_PROBE : READ_REPORT;
		struct call_map *c = &p->reads[k];

		pfile_below(at, "reads", key);
		if (strcmp(key, read_keys[READ_FOLLOWUPS]) == 0) {
			read_followups(l, v);
			continue;
		}
		if (strcmp(key, read_keys[k]) != 0) {
			pfile_fault(l, at, "unknown read; there are: probe, report, followups");
			continue;
		}
		if (!pfile_map(l, at, v, read_members, c))
			continue;
		check_limits(l, at, c, k == READ_PROBE ? IN_PROBE : IN_REPORT);
		profile_check_place(l, pfile_below(path, at, "shows"), c->shows);
		profile_check_place(l, pfile_below(path, at, "institution"), c->institution_at);
	}
	if (!p->reads[READ_PROBE].is.present)
		pfile_fault(l, "reads",
			"probe is missing: a read that shows whether the credential works");
}

/* What one part needs of another. */
void profile_check_together(struct pfile *l)
{
	struct profile *p = l->p;
	char at[PLACE_MAX_LEN];

	for (int k = CALL_UPLOAD; k < CALL_SHEET; k++)
		if (p->calls[k].is.present && p->calls[k].is.repeat == CALL_VERIFIABLE &&
			!p->reads[READ_REPORT].institution_at)
			pfile_fault(l, pfile_below(at, "calls", call_keys[k]),
				"verifiable, but reads.report.institution does not say by what");
	if (p->calls[CALL_HANDOVER].is.present && !p->own_institution)
		pfile_fault(
			l, "own_institution", "missing: the hand-over needs to know who we are");
	if (p->calls[CALL_FOLLOWUP].is.present && !p->news_text)
		pfile_fault(l, "follow_up", "missing: calls.followup needs to know what it says");
	if (p->calls[CALL_FOLLOWUP].file_field && (!p->mime || !p->attachment_max_bytes))
		pfile_fault(l, "attachments",
			"a follow-up with files needs attachments.types and attachments.max_bytes");
	if (p->own_institution && !json_object_get(p->settings, p->own_institution))
		pfile_fault(l, "own_institution", "names no declared setting");
	if (p->calls[CALL_UPLOAD].is.present && (!p->mime || !p->attachment_max_bytes))
		pfile_fault(l, "attachments",
			"upload needs attachments.types and attachments.max_bytes");
	if (p->status && !p->reads[READ_REPORT].is.present)
		pfile_fault(l, "status", "reads.report is missing, so no status can be read");
}
