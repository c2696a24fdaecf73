/* profile: reading and checking a profile file; what it says about calls, limits and settings.
 *
 * Guarantees: a profile that loads can be rendered without surprises: every key is known and of its
 * type, every {{name}} exists and means something where it stands, a call that happens once only
 * has a longest duration, a verifiable one has the read that verifies it. All faults are told in
 * one run. Known gap: whether the endpoint really behaves as written shows only there. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/json.h"
#include "core/muara_conf.h"
#include "core/profile_file.h"
#include "core/profile_private.h"

DEFINE_CLEANUP(struct profile *, profile_free);
DEFINE_CLEANUP(struct yaml_lines *, yaml_lines_free);

/* --- templates --- */

struct template_ctx {
	struct pfile *l;
	const char *at;
};

static void template_fault(void *ctx, const char *text)
{
	const struct template_ctx *c = ctx;

	pfile_fault(c->l, c->at, "%s", text);
}

static void check_text(struct pfile *l, const char *at, const char *text, enum place where)
{
	struct template_ctx ctx = {.l = l, .at = at};

	if (text)
		template_check(l->p, text, where, template_fault, &ctx);
}

static void check_tree(struct pfile *l, const char *at, json_t *v, enum place where)
{
	char path[PLACE_MAX_LEN];
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(v))
		check_text(l, at, json_string_value(v), where);
	json_object_foreach (v, key, item)
		check_tree(l, pfile_below(path, at, key), item, where);
	json_array_foreach (v, i, item) {
		check_tree(l, pfile_nth(path, at, i), item, where);
	}
}

static void check_json_path(struct pfile *l, const char *at, const char *path)
{
	if (path && !json_path_ok(path))
		pfile_fault(l, at, "a place in the answer is wanted, such as results.images[].id");
}

/* The members of `map` that a table names, as a map of their own (borrowing). */
static json_t *part_of(const json_t *map, const struct member *table)
{
	json_t *part = json_object();

	for (; table->key; table++)
		if (json_object_get(map, table->key))
			json_object_set(part, table->key, json_object_get(map, table->key));
	return part;
}

/* --- settings and tables --- */

static const char *const complaint_texts[] = {
	"classification", "category", "agency", "tenant", NULL};

struct setting {
	int type;
	const char *by, *help;
	json_t *def, *choices;
};

static void read_setting(struct pfile *l, const char *at, json_t *v)
{
	static const char *const types[] = {"text", "int", NULL};
	static const struct member table[] = {
		MEMBER(struct setting, type, "type", M_ENUM, .flags = M_REQUIRED, .choices = types),
		MEMBER(struct setting, by, "by", M_TEXT),
		MEMBER(struct setting, def, "default", M_ANY),
		MEMBER(struct setting, choices, "choices", M_LIST),
		MEMBER(struct setting, help, "help", M_TEXT, .flags = M_REQUIRED),
		{.key = NULL},
	};
	struct setting s = {0};
	char path[PLACE_MAX_LEN], number[24];

	if (!pfile_map(l, at, v, table, &s))
		return;
	if (s.by && !one_of(s.by, complaint_texts))
		pfile_fault(l, pfile_below(path, at, "by"),
			"one of: classification, category, agency, tenant");
	pfile_texts(l, pfile_below(path, at, "choices"), s.choices);
	if (!s.def)
		return;
	if (s.type == 1 ? !json_is_integer(s.def) : !json_is_string(s.def)) {
		pfile_fault(l, pfile_below(path, at, "default"), "not of its type");
	} else if (s.type == 1) { /* as an operator would write it */
		snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(s.def));
		json_set_str(v, "default", number);
	}
}

static void read_settings(struct pfile *l)
{
	char path[PLACE_MAX_LEN];
	const char *key;
	json_t *v;

	json_object_foreach (l->p->settings, key, v) {
		if (strlen(key) > 32 || key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_")])
			pfile_fault(l, pfile_below(path, "settings", key),
				"a name is at most 32 of a-z, 0-9 and _");
		read_setting(l, pfile_below(path, "settings", key), v);
	}
}

struct table {
	const char *from;
	json_t *to, *other;
};

static void read_tables(struct pfile *l)
{
	static const struct member members[] = {
		MEMBER(struct table, from, "from", M_TEXT, .flags = M_REQUIRED),
		MEMBER(struct table, to, "to", M_MAP, .flags = M_REQUIRED),
		MEMBER(struct table, other, "other", M_ANY),
		{.key = NULL},
	};
	char path[PLACE_MAX_LEN], from[PLACE_MAX_LEN];
	const char *key;
	json_t *v;

	json_object_foreach (l->p->tables, key, v) {
		struct table t = {0};

		if (pfile_map(l, pfile_below(path, "tables", key), v, members, &t) && t.from &&
			!one_of(t.from, complaint_texts))
			pfile_fault(l, pfile_below(from, path, "from"),
				"one of: classification, category, agency, tenant");
	}
}

/* "{{setting.x}}" of a declared setting whose choices are all allowed, or one of `allowed`. */
static void check_choice(
	struct pfile *l, const char *at, const char *written, const char *const *allowed)
{
	_cleanup_buf_ struct buf all = BUF_INIT(1024);
	const json_t *choices, *v;
	char name[64] = "";
	size_t i, bad = 0;

	if (!written || one_of(written, allowed))
		return;
	list_choices(&all, allowed);
	if (sscanf(written, "{{setting.%32[a-z0-9_]}}", name) != 1) {
		pfile_fault(l, at, "one of: %s; or {{setting.NAME}}", buf_str(&all));
		return;
	}
	choices = json_object_get(json_object_get(l->p->settings, name), "choices");
	json_array_foreach (choices, i, v)
		bad += !one_of(json_string_value(v), allowed);
	if (bad || json_array_size(choices) == 0)
		pfile_fault(l, at, "settings.%s must be declared with choices among: %s", name,
			buf_str(&all));
}

/* --- calls and reads --- */

static const char *const call_keys[CALL_KINDS] = {[CALL_UPLOAD] = "upload",
	[CALL_CREATE] = "create",
	[CALL_HANDOVER] = "handover",
	[CALL_FOLLOWUP] = "followup"};
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
	if (where == IN_HANDOVER || where == IN_FOLLOWUP)
		where = IN_REPORT;
	check_text(l, pfile_below(path, at, "path"), c->path,
		where == IN_REPORT || where == IN_FOLLOWUPS ? where : IN_PROBE);
}

static void check_id_places(struct pfile *l, const char *at, const json_t *places)
{
	char path[PLACE_MAX_LEN];
	const json_t *v;
	size_t i;

	json_array_foreach (places, i, v) {
		pfile_nth(path, at, i);
		if (json_is_string(v))
			check_json_path(l, path, json_string_value(v));
		else
			pfile_fault(l, path, "text is wanted");
	}
}

static void check_call(struct pfile *l, const char *at, enum call_kind kind, struct call_map *c)
{
	static const enum place places[] = {[CALL_UPLOAD] = IN_UPLOAD,
		[CALL_CREATE] = IN_CREATE,
		[CALL_HANDOVER] = IN_HANDOVER,
		[CALL_FOLLOWUP] = IN_FOLLOWUP};
	char path[PLACE_MAX_LEN];

	c->is.repeat = (enum call_repeat)c->repeat;
	c->is.verify_success = c->verify == 1;
	c->is.gives_id = json_array_size(c->id) > 0;
	check_limits(l, at, c, places[kind]);
	/* A follow-up names its report in the body as likely as in the path; 404 says the same. */
	c->is.id_in_path |= kind == CALL_FOLLOWUP;
	check_id_places(l, pfile_below(path, at, "id"), c->id);
	check_tree(l, pfile_below(path, at, "body"), c->body, places[kind]);
	check_text(l, pfile_below(path, at, "file_name"), c->file_name, IN_UPLOAD);
	if (c->method && strcmp(c->method, "POST") != 0 && strcmp(c->method, "PUT") != 0)
		pfile_fault(l, pfile_below(path, at, "method"), "POST or PUT");
	if (kind == CALL_UPLOAD && (!c->file_field || !c->file_name || c->body))
		pfile_fault(l, at, "an upload has file_field and file_name, and no body");
	if (kind == CALL_FOLLOWUP && (!c->body || !c->file_field != !c->file_name))
		pfile_fault(l, at, "has a body, and file_field with file_name or neither");
	if (kind == CALL_FOLLOWUP)
		check_text(l, pfile_below(path, at, "file_field"), c->file_field, IN_FIELD);
	else if (kind != CALL_UPLOAD && (c->file_field || c->file_name || !c->body))
		pfile_fault(l, at, "has a body, and no file_field or file_name");
	if (kind != CALL_HANDOVER && kind != CALL_FOLLOWUP && !c->is.gives_id)
		pfile_fault(l, pfile_below(path, at, "id"),
			"missing: without the number in the answer nothing can follow it");
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

static void read_calls(struct pfile *l, json_t *calls)
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
		check_json_path(l, pfile_below(path, at, key), json_string_value(place));
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
	_cleanup_json_ json_t *part = part_of(v, members), *rest = json_copy(v);
	struct call_map *c = &l->p->reads[READ_FOLLOWUPS];
	struct followups_map *map = &l->p->followups;

	for (const struct member *m = members; m->key; m++)
		json_object_del(rest, m->key);
	if (!pfile_map(l, at, part, members, map) || !pfile_map(l, at, rest, read_members, c))
		return;
	check_limits(l, at, c, IN_FOLLOWUPS);
	check_json_path(l, "reads.followups.shows", c->shows);
	check_json_path(l, "reads.followups.next", map->next);
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

static void read_reads(struct pfile *l, json_t *reads)
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
		check_json_path(l, pfile_below(path, at, "shows"), c->shows);
		check_json_path(l, pfile_below(path, at, "institution"), c->institution_at);
	}
	if (!p->reads[READ_PROBE].is.present)
		pfile_fault(l, "reads",
			"probe is missing: a read that shows whether the credential works");
}

/* What one part needs of another. */
static void check_together(struct pfile *l)
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

/* --- the parts beside the calls --- */

static void read_limits(struct pfile *l, const json_t *v)
{
	static const struct member members[] = {
		MEMBER(struct profile, title_max, "title", M_INT, .min = 10, .max = 10000),
		MEMBER(struct profile, content_max, "content", M_INT, .min = 500, .max = 1000000),
		MEMBER(struct profile, reporter_max, "reporter", M_INT, .min = 10, .max = 1000),
		MEMBER(struct profile, phone_max, "phone", M_INT, .min = 5, .max = 40),
		{.key = NULL},
	};

	l->p->title_max = 255;
	l->p->content_max = 10000;
	l->p->reporter_max = 255;
	l->p->phone_max = 15;
	if (v)
		pfile_map(l, "limits", v, members, l->p);
}

static void read_content(struct pfile *l, const json_t *v)
{
	static const struct member members[] = {
		MEMBER(struct profile, content, "text", M_TEXT, .flags = M_REQUIRED),
		MEMBER(struct profile, footer_before, "before_footer", M_TEXT),
		MEMBER(struct profile, footer_lines, "footer", M_LIST),
		MEMBER(struct profile, not_attached, "not_attached", M_MAP),
		{.key = NULL},
	};
	static const char ticket[] = "[Tiket {{ticket}}]";
	struct profile *p = l->p;
	char path[PLACE_MAX_LEN];
	const char *key;
	json_t *phrase;

	if (!v || !pfile_map(l, "content", v, members, p))
		return;
	check_text(l, "content.text", p->content, IN_CONTENT);
	if (p->content && strncmp(p->content, ticket, strlen(ticket)) != 0)
		pfile_fault(l, "content.text",
			"begins with %s: it is the only mark by which a report is found again",
			ticket);
	pfile_texts(l, "content.footer", p->footer_lines);
	check_tree(l, "content.footer", p->footer_lines, IN_CONTENT);
	json_object_foreach (p->not_attached, key, phrase) {
		pfile_below(path, "content.not_attached", key);
		if (!one_of(key, not_attached_keys))
			pfile_fault(l, path,
				"unknown reason; there are: pending, missing, refused, type, "
				"size, count, upload");
		check_tree(l, path, phrase, IN_NOTE);
	}
}

static void read_follow_up(struct pfile *l, const json_t *v)
{
	static const struct member members[] = {
		MEMBER(struct profile, news_text, "text", M_TEXT, .flags = M_REQUIRED),
		MEMBER(struct profile, news_max, "content", M_INT, .flags = M_REQUIRED, .min = 500,
			.max = 1000000),
		MEMBER(struct profile, news_files, "files", M_INT, .min = 1, .max = 32),
		MEMBER(struct profile, news_edit, "edit", M_TEXT),
		MEMBER(struct profile, news_again, "again", M_TEXT),
		MEMBER(struct profile, news_before, "before_footer", M_TEXT),
		MEMBER(struct profile, news_footer, "footer", M_LIST),
		{.key = NULL},
	};
	static const char ticket[] = "[Tiket {{ticket}}]";
	struct profile *p = l->p;

	p->news_files = 1;
	if (!v || !pfile_map(l, "follow_up", v, members, p))
		return;
	check_text(l, "follow_up.text", p->news_text, IN_NEWS);
	if (p->news_text && strncmp(p->news_text, ticket, strlen(ticket)) != 0)
		pfile_fault(l, "follow_up.text",
			"begins with %s: it is the only mark by which it is found again", ticket);
	pfile_texts(l, "follow_up.footer", p->news_footer);
	check_tree(l, "follow_up.footer", p->news_footer, IN_NEWS);
}

static void read_attachments(struct pfile *l, const json_t *v)
{
	static const char *const forms[] = {"string", "string_dot", NULL};
	static const struct member members[] = {
		MEMBER(struct profile, attachments_form, "form", M_TEXT),
		MEMBER(struct profile, mime, "types", M_MAP, .flags = M_REQUIRED),
		MEMBER(struct profile, attachment_max_bytes, "max_bytes", M_BYTES,
			.flags = M_REQUIRED, .min = 1024, .max = 256 << 20),
		MEMBER(struct profile, attachment_max_count, "max_count", M_INT,
			.flags = M_REQUIRED, .min = 1, .max = 32),
		{.key = NULL},
	};
	char path[PLACE_MAX_LEN];
	const char *key;
	json_t *ext;

	if (!v || !pfile_map(l, "attachments", v, members, l->p))
		return;
	check_choice(l, "attachments.form", l->p->attachments_form, forms);
	json_object_foreach (l->p->mime, key, ext) {
		const char *s = json_string_value(ext);

		if (!s || !*s || strlen(s) > 8 ||
			s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789")])
			pfile_fault(l, pfile_below(path, "attachments.types", key),
				"an extension of a-z and 0-9 is wanted");
	}
}

static void read_status(struct pfile *l, const json_t *v)
{
	static const char *const ours[] = {
		"received", "verified", "in_progress", "done", "archived", "rejected", NULL};
	static const struct member members[] = {
		MEMBER(struct profile, status_at, "at", M_TEXT, .flags = M_REQUIRED),
		MEMBER(struct profile, status, "map", M_MAP, .flags = M_REQUIRED),
		{.key = NULL},
	};
	char path[PLACE_MAX_LEN];
	const char *key;
	json_t *name;

	if (!v || !pfile_map(l, "status", v, members, l->p))
		return;
	check_json_path(l, "status.at", l->p->status_at);
	json_object_foreach (l->p->status, key, name)
		if (!one_of(json_string_value(name), ours))
			pfile_fault(l, pfile_below(path, "status.map", key),
				"one of: received, verified, in_progress, done, archived, "
				"rejected");
}

struct proof {
	int64_t status;
	const char *at, *is, *source;
};

static void read_proofs(struct pfile *l)
{
	static const struct member members[] = {
		MEMBER(struct proof, status, "status", M_INT, .flags = M_REQUIRED, .min = 400,
			.max = 599),
		MEMBER(struct proof, at, "at", M_TEXT, .flags = M_REQUIRED),
		MEMBER(struct proof, is, "is", M_TEXT, .flags = M_REQUIRED),
		MEMBER(struct proof, source, "source", M_TEXT, .flags = M_REQUIRED,
			.needs = "what makes it certain that such an answer stored nothing"),
		{.key = NULL},
	};
	char path[PLACE_MAX_LEN], at[PLACE_MAX_LEN];
	json_t *v;
	size_t i;

	json_array_foreach (l->p->proofs, i, v) {
		struct proof proof = {0};

		pfile_nth(path, "proofs", i);
		if (pfile_map(l, path, v, members, &proof))
			check_json_path(l, pfile_below(at, path, "at"), proof.at);
	}
}

static void read_headers(struct pfile *l)
{
	char path[PLACE_MAX_LEN];
	const json_t *v;
	size_t i;

	json_array_foreach (l->p->headers, i, v) {
		const char *s = json_string_value(v), *colon = s ? strstr(s, ": ") : NULL;

		if (!colon || colon == s || strpbrk(s, "\r\n"))
			pfile_fault(l, pfile_nth(path, "headers", i), "\"Name: value\" is wanted");
	}
}

struct sheet_row {
	const char *label, *value;
};

static void read_sheet(struct pfile *l, const json_t *v)
{
	static const struct member members[] = {
		MEMBER(struct profile, sheet_title, "title", M_TEXT, .flags = M_REQUIRED),
		MEMBER(struct profile, sheet_how, "how", M_TEXT, .flags = M_REQUIRED),
		MEMBER(struct profile, sheet_rows, "rows", M_LIST, .flags = M_REQUIRED),
		{.key = NULL},
	};
	static const struct member row_members[] = {
		MEMBER(struct sheet_row, label, "label", M_TEXT, .flags = M_REQUIRED),
		MEMBER(struct sheet_row, value, "value", M_TEXT, .flags = M_REQUIRED),
		{.key = NULL},
	};
	char path[PLACE_MAX_LEN], at[PLACE_MAX_LEN];
	json_t *row;
	size_t i;

	if (!pfile_map(l, "sheet", v, members, l->p))
		return;
	check_text(l, "sheet.how", l->p->sheet_how, IN_SHEET);
	json_array_foreach (l->p->sheet_rows, i, row) {
		struct sheet_row r = {0};

		pfile_nth(path, "sheet.rows", i);
		if (pfile_map(l, path, row, row_members, &r))
			check_text(l, pfile_below(at, path, "value"), r.value, IN_SHEET);
	}
	l->p->calls[CALL_SHEET].is = (struct profile_call){.present = true, .repeat = CALL_ONCE};
}

/* --- the file --- */

struct top {
	json_t *limits, *content, *follow_up, *attachments, *calls, *reads, *masters, *status,
		*sheet;
	const char *as;
};
struct file {
	struct profile *p;
	struct top top;
};

static const char *const kinds[] = {
	[PROFILE_HTTP] = "http", [PROFILE_SHEET] = "sheet", [PROFILE_OBSERVE] = "observe", NULL};

#define P_MEMBER(field, key, type, ...) MEMBER(struct profile, field, key, type, __VA_ARGS__)
static const struct member head_members[] = {
	P_MEMBER(name, "profile", M_TEXT, .flags = M_REQUIRED),
	P_MEMBER(kind, "kind", M_ENUM, .flags = M_REQUIRED, .choices = kinds),
	P_MEMBER(system, "system", M_TEXT, .flags = M_REQUIRED,
		.needs = "what it files into; nothing is filed into one system twice"),
	{.key = NULL},
};
static const struct member data_members[] = {
	P_MEMBER(settings, "settings", M_MAP),
	P_MEMBER(tables, "tables", M_MAP),
	P_MEMBER(date_form, "date", M_TEXT),
	P_MEMBER(headers, "headers", M_LIST),
	P_MEMBER(idempotency_header, "idempotency_header", M_TEXT),
	P_MEMBER(own_institution, "own_institution", M_TEXT),
	P_MEMBER(proofs, "proofs", M_LIST),
	{.key = NULL},
};
static const struct member part_members[] = {
	MEMBER(struct top, limits, "limits", M_MAP),
	MEMBER(struct top, content, "content", M_MAP, .flags = M_REQUIRED),
	MEMBER(struct top, follow_up, "follow_up", M_MAP),
	MEMBER(struct top, attachments, "attachments", M_MAP),
	MEMBER(struct top, calls, "calls", M_MAP),
	MEMBER(struct top, reads, "reads", M_MAP),
	MEMBER(struct top, masters, "masters", M_MAP),
	MEMBER(struct top, status, "status", M_MAP),
	MEMBER(struct top, sheet, "sheet", M_MAP),
	{.key = NULL},
};
static const struct member as_members[] = {
	MEMBER(struct top, as, "as", M_TEXT, .flags = M_REQUIRED,
		.needs = "the profile whose calls are made up"),
	{.key = NULL},
};

static void read_part(struct pfile *l, const json_t *tree, const struct member *table, void *out)
{
	_cleanup_json_ json_t *part = part_of(tree, table);

	pfile_map(l, "", part, table, out);
}

static void check_top(struct pfile *l, const json_t *tree, const struct member *const *tables)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)tree, key, v) {
		bool known = false;

		for (size_t i = 0; tables[i]; i++)
			known |= pfile_has(tables[i], key);
		if (!known)
			pfile_fault(l, key, "unknown key");
	}
}

/* Everything but head and `as`. */
static void read_data(struct pfile *l, const json_t *tree, bool calls)
{
	static const char *const dates[] = {"yyyy-mm-dd", "dd/mm/yyyy", NULL};
	struct top top = {0};

	read_part(l, tree, data_members, l->p);
	read_part(l, tree, part_members, &top);
	read_settings(l);
	read_tables(l);
	check_choice(l, "date", l->p->date_form, dates);
	read_limits(l, top.limits);
	read_content(l, top.content);
	read_follow_up(l, top.follow_up);
	read_attachments(l, top.attachments);
	read_headers(l);
	read_proofs(l);
	read_status(l, top.status);
	if (calls) {
		read_calls(l, top.calls);
		read_reads(l, top.reads);
		profile_read_masters(l, top.masters);
		check_together(l);
		if (top.sheet)
			pfile_fault(l, "sheet", "belongs to a profile of kind sheet");
		return;
	}
	if (top.calls || top.reads)
		pfile_fault(l, top.calls ? "calls" : "reads", "belongs to a profile of kind http");
	if (top.masters)
		pfile_fault(l, "masters", "belongs to a profile of kind http");
	if (top.sheet)
		read_sheet(l, top.sheet);
	else
		pfile_fault(l, "sheet", "missing: its title, rows and how the number comes back");
}

static json_t *open_file(struct pfile *l, const char *path)
{
	struct err why = {0};
	json_t *tree = NULL;
	int n = 0;

	yaml_lines_free(l->lines);
	l->lines = NULL;
	l->file = path;
	if (yaml_load_file_all(path, PROFILE_FILE_MAX, &tree, &l->lines, l->faults, &n, &why)) {
		if (l->n == 0)
			l->first = why;
		l->n += n;
	} else if (!json_is_object(tree)) {
		pfile_fault(l, "", "not a profile: a map of keys is wanted");
	}
	return tree;
}

char *profile_as_path(const char *file, const char *as)
{
	const char *slash = strrchr(file, '/');

	return as[0] == '/' || !slash ? xstrdup(as)
				      : xasprintf("%.*s/%s", (int)(slash - file), file, as);
}

/* observe: everything but name, kind and system comes from the profile it watches for. */
static void read_as(struct pfile *l, const json_t *tree)
{
	static const struct member *const own[] = {head_members, as_members, NULL};
	static const struct member *const all[] = {head_members, data_members, part_members, NULL};
	_cleanup_free_ char *path = NULL;
	struct profile other = {0};
	struct top top = {0};

	check_top(l, tree, own);
	read_part(l, tree, as_members, &top);
	if (!top.as || l->n)
		return;
	path = profile_as_path(l->file, top.as);
	l->p->base_tree = open_file(l, path);
	if (!json_is_object(l->p->base_tree))
		return;
	read_part(l, l->p->base_tree, head_members, &other);
	if (other.kind != PROFILE_HTTP)
		pfile_fault(l, "kind", "only a profile of kind http can be observed");
	check_top(l, l->p->base_tree, all);
	read_data(l, l->p->base_tree, true);
}

static void read_profile(struct pfile *l)
{
	static const struct member *const all[] = {head_members, data_members, part_members, NULL};
	struct profile *p = l->p;

	p->kind = -1;
	read_part(l, p->tree, head_members, p);
	if (p->kind < 0)
		return;
	if (p->kind == PROFILE_OBSERVE) {
		read_as(l, p->tree);
		return;
	}
	check_top(l, p->tree, all);
	read_data(l, p->tree, p->kind == PROFILE_HTTP);
}

int profile_load(const char *path, struct profile **ret, struct buf *ret_faults, struct err *e)
{
	_cleanup_(profile_free_cleanup) struct profile *p = xcalloc(1, sizeof *p);
	_cleanup_free_ struct pfile *l = xcalloc(1, sizeof *l);

	l->p = p;
	l->faults = ret_faults;
	p->tree = open_file(l, path);
	if (json_is_object(p->tree))
		read_profile(l);
	yaml_lines_free(l->lines);
	if (l->n > 1)
		return err_set(e, -EINVAL, "%s (and %d more)", l->first.text, l->n - 1);
	if (l->n)
		return err_set(e, l->first.code ? l->first.code : -EINVAL, "%s", l->first.text);
	*ret = TAKE_PTR(p);
	return 0;
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	profile_free_masters(p);
	json_decref(p->tree);
	json_decref(p->base_tree);
	free(p);
}

/* --- what a profile says --- */

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

/* --- what an operator must give --- */

static void list_keys(struct buf *out, const json_t *map)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)(uintptr_t)map, key, v)
		(void)buf_addf(out, "%s%s", out->len ? ", " : "", key);
}

/* The declaration of "category" or "category.<value>"; NULL = none. */
static const json_t *declared(const struct profile *p, const char *key)
{
	const json_t *whole = json_object_get(p->settings, key), *d;
	_cleanup_free_ char *name = xstrndup(key, strcspn(key, "."));

	if (whole)
		return whole;
	d = json_object_get(p->settings, name);
	return strchr(key, '.') && json_str(d, "by") ? d : NULL;
}

static int check_value(
	const json_t *d, const char *key, const char *value, int line, struct buf *faults)
{
	const json_t *choices = json_object_get(d, "choices"), *v;
	_cleanup_buf_ struct buf all = BUF_INIT(1024);
	int64_t n;
	size_t i;
	const char *what = NULL;

	json_array_foreach (choices, i, v) {
		if (strcmp(json_string_value(v), value) == 0)
			return 0;
		(void)buf_addf(&all, "%s%s", i ? ", " : "one of: ", json_string_value(v));
	}
	if (all.len)
		what = all.data;
	else if (strcmp(json_str_or(d, "type", ""), "int") == 0 &&
		 parse_i64(value, 0, (int64_t)REMOTE_ID_MAX, &n))
		what = "a whole number is wanted";
	if (!what)
		return 0;
	if (faults)
		(void)buf_addf(faults, "line %d: settings.%s: %s\n", line, key, what);
	return 1;
}

int profile_check_settings(
	const struct profile *p, const struct strmap *settings, struct buf *ret_faults)
{
	_cleanup_buf_ struct buf known = BUF_INIT(1024);
	const char *key;
	json_t *v;
	int n = 0;

	list_keys(&known, p->settings);
	for (size_t i = 0; settings && i < settings->n; i++) {
		const struct strpair *s = &settings->v[i];
		const json_t *d = declared(p, s->key);

		if (d) {
			n += check_value(d, s->key, s->value, s->line, ret_faults);
			continue;
		}
		n++;
		if (ret_faults)
			(void)buf_addf(ret_faults,
				"line %d: settings.%s: unknown; profile %s has: %s\n", s->line,
				s->key, p->name, known.len ? known.data : "none");
	}
	json_object_foreach (p->settings, key, v) {
		if (json_str(v, "default") || strmap_value(settings, key))
			continue;
		n++;
		if (ret_faults)
			(void)buf_addf(ret_faults, "settings.%s: missing; %s\n", key,
				json_str_or(v, "help", ""));
	}
	return n;
}

int profile_check_agencies(
	const struct profile *p, const struct strmap *agencies, struct buf *ret_faults)
{
	int n = 0;

	for (size_t i = 0; p->calls[CALL_HANDOVER].is.present && agencies && i < agencies->n; i++) {
		if (is_number(agencies->v[i].value))
			continue;
		n++;
		if (ret_faults)
			(void)buf_addf(ret_faults,
				"line %d: agencies.%s: the number of an institution is wanted\n",
				agencies->v[i].line, agencies->v[i].key);
	}
	return n;
}
