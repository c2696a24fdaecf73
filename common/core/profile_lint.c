/* profile_lint: see profile_lint.h. One function a rule; `rules` lists them.
 *
 * Guarantee: a profile without a fault sends a complaint's ticket and text, tells in the report
 * what was left out or cut, asks for what the reporter wished (anonymous), and looks for numbers
 * and words where an answer can hold them. Known gap: whether the endpoint has fields and words of
 * these names shows only there. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/fsio.h"
#include "base/json.h"
#include "core/masters_read.h"
#include "core/profile_file.h"
#include "core/profile_lint.h"
#include "core/profile_private.h"

#define FINDING_MAX	1500
#define STOP_DEFAULT_MS 110000 /* forwarder.yaml, stop_timeout */

DEFINE_CLEANUP(struct profile *, profile_free);
DEFINE_CLEANUP(struct yaml_lines *, yaml_lines_free);

struct lint {
	const struct profile *p;
	const char *file; /* that holds the calls or the sheet */
	const struct yaml_lines *lines;
	struct profile_lint *found;
	struct buf *out;
};

enum level { FAULT, WARNING };

static void say(struct lint *l, enum level level, const char *at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void say(struct lint *l, enum level level, const char *at, const char *fmt, ...)
{
	char text[FINDING_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(level == FAULT ? l->found->faults++ : l->found->warnings++);
	(void)buf_addf(l->out, "%s:%d: %s%s: %s\n", l->file, yaml_line(l->lines, at),
		level == FAULT ? "" : "warning: ", at, text);
}

/* --- what is named where --- */

static const char *const call_at[CALL_KINDS] = {[CALL_UPLOAD] = "calls.upload",
	[CALL_CREATE] = "calls.create",
	[CALL_HANDOVER] = "calls.handover",
	[CALL_FOLLOWUP] = "calls.followup"};

static bool tree_names(const json_t *v, const char *name)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(v))
		return template_names(json_string_value(v), name);
	json_object_foreach ((json_t *)(uintptr_t)v, key, item)
		if (tree_names(item, name))
			return true;
	json_array_foreach (v, i, item) {
		if (tree_names(item, name))
			return true;
	}
	return false;
}

static bool text_names(const char *text, const char *name)
{
	return text && template_names(text, name);
}

/* The form a complaint fills in: the body of the create, or the rows of the sheet. */
static const json_t *form_of(const struct profile *p)
{
	return p->kind == PROFILE_SHEET ? p->sheet_rows : p->calls[CALL_CREATE].body;
}

static const char *form_at(const struct profile *p)
{
	return p->kind == PROFILE_SHEET ? "sheet.rows" : "calls.create.body";
}

static bool content_names(const struct profile *p, const char *name)
{
	return text_names(p->content, name) || tree_names(p->footer_lines, name);
}

/* In a field of its own, or in the text that is filed. */
static bool report_names(const struct profile *p, const char *name)
{
	return tree_names(form_of(p), name) ||
	       (tree_names(form_of(p), "content") && content_names(p, name));
}

static bool anything_names(const struct profile *p, const char *name)
{
	bool found = content_names(p, name) || text_names(p->date_form, name) ||
		     text_names(p->attachments_form, name) || text_names(p->sheet_how, name) ||
		     tree_names(p->sheet_rows, name) || text_names(p->news_text, name) ||
		     tree_names(p->news_footer, name);

	for (int k = CALL_UPLOAD; k < CALL_SHEET; k++)
		found |= tree_names(p->calls[k].body, name) ||
			 text_names(p->calls[k].file_name, name);
	return found;
}

/* --- names that are none --- */

/* {ticket} or ${ticket}: one brace, so it would be sent as it stands. */
static void one_brace(struct lint *l, const char *at, const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.";

	for (const char *s = text; (s = strchr(s, '{')); s++) {
		size_t n = strspn(s + 1, letters);
		_cleanup_free_ char *name = xstrndup(s + 1, n);

		if (s[1] == '{') {
			s++;
			continue;
		}
		if (s[1 + n] == '}' && template_known(name))
			say(l, FAULT, at, "{%s} would be sent as it stands; write {{%s}}", name,
				name);
	}
}

static void brace_tree(struct lint *l, const char *at, const json_t *v)
{
	char path[PLACE_MAX_LEN];
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(v))
		one_brace(l, at, json_string_value(v));
	json_object_foreach ((json_t *)(uintptr_t)v, key, item)
		brace_tree(l, pfile_below(path, at, key), item);
	json_array_foreach (v, i, item) {
		brace_tree(l, pfile_nth(path, at, i), item);
	}
}

static void fixed_text(struct lint *l, const char *at, const char *text)
{
	if (text && strstr(text, "{{"))
		say(l, FAULT, at,
			"no name has a meaning here, the braces would be sent as they stand; "
			"write the text itself, or move it to a body or a text");
}

static void rule_names(struct lint *l)
{
	const struct profile *p = l->p;
	char path[PLACE_MAX_LEN], at[PLACE_MAX_LEN];
	const char *key;
	json_t *v;
	size_t i;

	for (int k = CALL_UPLOAD; k < CALL_SHEET; k++) {
		brace_tree(l, pfile_below(path, call_at[k], "body"), p->calls[k].body);
		if (p->calls[k].path)
			one_brace(l, pfile_below(path, call_at[k], "path"), p->calls[k].path);
		if (p->calls[k].file_name)
			one_brace(l, pfile_below(path, call_at[k], "file_name"),
				p->calls[k].file_name);
		if (k != CALL_FOLLOWUP)
			fixed_text(l, pfile_below(path, call_at[k], "file_field"),
				p->calls[k].file_field);
	}
	if (p->reads[READ_REPORT].path)
		one_brace(l, "reads.report.path", p->reads[READ_REPORT].path);
	one_brace(l, "content.text", p->content);
	brace_tree(l, "content.footer", p->footer_lines);
	brace_tree(l, "content.not_attached", p->not_attached);
	one_brace(l, "follow_up.text", p->news_text ? p->news_text : "");
	brace_tree(l, "follow_up.footer", p->news_footer);
	fixed_text(l, "follow_up.edit", p->news_edit);
	fixed_text(l, "follow_up.again", p->news_again);
	fixed_text(l, "follow_up.before_footer", p->news_before);
	brace_tree(l, "sheet.rows", p->sheet_rows);
	fixed_text(l, "content.before_footer", p->footer_before);
	fixed_text(l, "sheet.title", p->sheet_title);
	json_array_foreach (p->sheet_rows, i, v)
		fixed_text(l, pfile_below(at, pfile_nth(path, "sheet.rows", i), "label"),
			json_str(v, "label"));
	json_array_foreach (p->headers, i, v)
		fixed_text(l, pfile_nth(path, "headers", i), json_string_value(v));
	json_object_foreach (p->settings, key, v)
		fixed_text(l, pfile_below(at, pfile_below(path, "settings", key), "default"),
			json_str(v, "default"));
}

/* --- what a complaint must not lose --- */

static void rule_content(struct lint *l)
{
	const struct profile *p = l->p;
	const json_t *form = form_of(p);

	if (!tree_names(form, "content") && !tree_names(form, "text"))
		say(l, FAULT, form_at(p),
			"the complaint's text is sent nowhere; put {{content}} into a field");
	else if (!report_names(p, "ticket"))
		say(l, FAULT, form_at(p),
			"no field holds the ticket, so a person cannot find the report there; put "
			"{{content}} (it begins with it) or {{ticket}} into a field");
	else if (!tree_names(form, "content"))
		say(l, WARNING, form_at(p),
			"{{text}} is not cut to limits.content and says nothing of files left out; "
			"{{content}} does both");
	if (!report_names(p, "text_cut"))
		say(l, FAULT, "content.footer",
			"a text over limits.content would be cut without a word; add a line with "
			"{{text_cut}} and use {{content}}");
	if (report_names(p, "title") && !report_names(p, "title_whole"))
		say(l, WARNING, "content.footer",
			"a title over limits.title is cut and the rest of it lost; add a line with "
			"{{title_whole}}, which is empty when the title fits");
	if (!report_names(p, "not_attached"))
		say(l, FAULT, "content.footer",
			"a file that is left out would be so without a word; add a line with "
			"{{not_attached}} and use {{content}}");
}

/* What comes after the create. */
static void rule_news(struct lint *l)
{
	const struct profile *p = l->p;
	const struct call_map *call = &p->calls[CALL_FOLLOWUP];

	if (p->kind == PROFILE_SHEET)
		return;
	if (!call->is.present) {
		say(l, WARNING, "calls.followup",
			"missing: what a citizen says after the report was filed goes to an "
			"officer (muaractl parked), each time; add the call when the endpoint has "
			"one");
		return;
	}
	if (!tree_names(call->body, "follow_up"))
		say(l, FAULT, "calls.followup.body",
			"the news is sent nowhere; put {{follow_up}} into a field");
	if (!tree_names(call->body, "remote_id") && !text_names(call->path, "remote_id"))
		say(l, FAULT, "calls.followup",
			"says nowhere which report is meant; put {{remote_id}} into path or body");
	if (!text_names(p->news_text, "news"))
		say(l, FAULT, "follow_up.text", "holds no news; put {{news}} into it");
	if (!tree_names(p->news_footer, "text_cut"))
		say(l, WARNING, "follow_up.footer",
			"a text that goes on in the next one ends without a word; add a line with "
			"{{text_cut}}");
	if (!tree_names(p->news_footer, "not_attached"))
		say(l, FAULT, "follow_up.footer",
			"a file that is left out would be so without a word; add a line with "
			"{{not_attached}}");
	if (!tree_names(p->news_footer, "location"))
		say(l, FAULT, "follow_up.footer",
			"a message that is only a place would be told without it; add a line with "
			"{{location}}");
	if (call->file_field && p->news_files > 1 && !text_names(call->file_field, "index") &&
		!strstr(call->file_field, "[]"))
		say(l, WARNING, "calls.followup.file_field",
			"all files of a follow-up get the same field; use {{index}}, unless the "
			"endpoint takes a repeated field");
}

static void rule_wishes(struct lint *l)
{
	const struct profile *p = l->p;
	const bool named = tree_names(form_of(p), "reporter_name") ||
			   tree_names(form_of(p), "reporter_phone") ||
			   tree_names(form_of(p), "reporter_email");

	if (named && !report_names(p, "anonymous"))
		say(l, FAULT, form_at(p),
			"the reporter is named, but not whether the public may see the name; put "
			"{{anonymous}} into a field, or name no reporter");
	if (!report_names(p, "secret"))
		say(l, WARNING, form_at(p),
			"{{secret}} is in no field: a reporter who wants the report kept from the "
			"public is not heard; add it when the endpoint has a field for it");
}

static void rule_phrases(struct lint *l)
{
	const struct profile *p = l->p;
	const bool files = p->mime != NULL, upload = p->kind != PROFILE_SHEET;
	char path[PLACE_MAX_LEN];

	if (!content_names(p, "not_attached"))
		return;
	for (size_t i = 0; not_attached_keys[i]; i++) {
		const char *key = not_attached_keys[i], *phrase = json_str(p->not_attached, key);
		const bool only_files = strcmp(key, "type") == 0 || strcmp(key, "size") == 0 ||
					strcmp(key, "count") == 0;

		pfile_below(path, "content.not_attached", key);
		if ((only_files && !files) || (strcmp(key, "upload") == 0 && !upload))
			continue;
		if (!phrase)
			say(l, FAULT, path,
				"missing: the report would hold a bare number of files; say why "
				"they are not there, such as \"{{n}} berkas …\"");
		else if (!template_names(phrase, "n"))
			say(l, WARNING, path, "does not say how many; use {{n}}");
	}
}

static void rule_uploads(struct lint *l)
{
	const struct profile *p = l->p;
	const struct call_map *up = &p->calls[CALL_UPLOAD];
	const bool named = tree_names(p->calls[CALL_CREATE].body, "attachments");

	if (p->kind == PROFILE_SHEET)
		return;
	if (up->is.present && !named)
		say(l, FAULT, "calls.create.body",
			"files are uploaded, but the report does not name them; put "
			"{{attachments}} into a field");
	if (!up->is.present && named)
		say(l, FAULT, "calls.create.body",
			"{{attachments}} is always false without calls.upload; add the upload, or "
			"leave the field out");
	if (!up->is.present)
		return;
	if (!template_names(up->file_name, "number"))
		say(l, WARNING, "calls.upload.file_name",
			"all files of a complaint get the same name; use {{number}}");
	if (!template_names(up->file_name, "extension"))
		say(l, WARNING, "calls.upload.file_name",
			"says nothing of the file's type; end it with .{{extension}}");
}

/* --- places in answers --- */

static void check_place(struct lint *l, const char *at, const char *place)
{
	for (const char *s = place; s && *s; s += *s == '.') {
		size_t n = strcspn(s, ".");

		if (n && strspn(s, "0123456789") == n) {
			say(l, FAULT, at,
				"\"%.*s\" is looked for as a member's name and never found in a "
				"list; a list's first element is written name[]",
				(int)n, s);
			return;
		}
		s += n;
	}
}

/* The member at `inner` lies at or below `outer`. */
static bool lies_in(const char *inner, const char *outer)
{
	const size_t n = strlen(outer);

	return strncmp(inner, outer, n) == 0 && (!inner[n] || inner[n] == '.' || inner[n] == '[');
}

/* What `shows` names must be an object or a list, so it is never above a word or a number. */
static void check_shown(struct lint *l, const char *scalar_key, const char *scalar)
{
	const char *shows = l->p->reads[READ_REPORT].shows;

	if (scalar && shows && lies_in(shows, scalar))
		say(l, FAULT, "reads.report.shows",
			"is the place of %s, a word or a number, so no answer is ever good; name "
			"the object or list that holds it",
			scalar_key);
}

static void check_ids(struct lint *l, const char *call, const json_t *places)
{
	char path[PLACE_MAX_LEN], id[PLACE_MAX_LEN];
	const json_t *a, *b;
	size_t i, k;

	pfile_below(id, call, "id");
	json_array_foreach (places, i, a) {
		pfile_nth(path, id, i);
		check_place(l, path, json_string_value(a));
		json_array_foreach (places, k, b) {
			if (k >= i || strcmp(json_string_value(a), json_string_value(b)) != 0)
				continue;
			say(l, FAULT, path, "stands here a second time; leave it out");
			break;
		}
	}
}

static void rule_places(struct lint *l)
{
	const struct profile *p = l->p;
	char path[PLACE_MAX_LEN], at[PLACE_MAX_LEN];
	const json_t *v;
	size_t i;

	for (int k = CALL_UPLOAD; k < CALL_SHEET; k++)
		check_ids(l, call_at[k], p->calls[k].id);
	if (p->calls[CALL_HANDOVER].is.gives_id)
		say(l, WARNING, "calls.handover.id",
			"an answer without it counts as unclear; leave it out unless every "
			"hand-over answers with a number");
	check_place(l, "reads.probe.shows", p->reads[READ_PROBE].shows);
	check_place(l, "reads.report.shows", p->reads[READ_REPORT].shows);
	check_place(l, "reads.report.institution", p->reads[READ_REPORT].institution_at);
	check_place(l, "reads.followups.shows", p->reads[READ_FOLLOWUPS].shows);
	check_place(l, "reads.followups.next", p->followups.next);
	check_place(l, "status.at", p->status_at);
	check_shown(l, "reads.report.institution", p->reads[READ_REPORT].institution_at);
	check_shown(l, "status.at", p->status_at);
	json_array_foreach (p->proofs, i, v)
		check_place(
			l, pfile_below(at, pfile_nth(path, "proofs", i), "at"), json_str(v, "at"));
}

static void rule_reports(struct lint *l)
{
	const struct profile *p = l->p;
	const struct call_map *hand = &p->calls[CALL_HANDOVER];

	if (p->reads[READ_REPORT].is.present && !p->reads[READ_REPORT].is.id_in_path)
		say(l, FAULT, "reads.report.path",
			"reads the same for every report; put {{remote_id}} into it");
	if (!hand->is.present)
		return;
	if (!hand->is.id_in_path && !tree_names(hand->body, "remote_id"))
		say(l, FAULT, "calls.handover",
			"says nowhere which report is meant; put {{remote_id}} into path or body");
	if (!tree_names(hand->body, "institution"))
		say(l, FAULT, "calls.handover.body",
			"says nowhere to whom; put {{institution}} into a field");
}

/* --- outcomes --- */

static void check_once(struct lint *l, enum call_kind k)
{
	const struct profile *p = l->p;
	char at[PLACE_MAX_LEN];

	if (!p->calls[k].is.present || p->calls[k].is.repeat != CALL_ONCE)
		return;
	pfile_below(at, call_at[k], "repeat");
	if (k == CALL_HANDOVER && p->reads[READ_REPORT].institution_at)
		say(l, WARNING, at,
			"reads.report.institution shows whether it arrived; `verifiable` asks it "
			"instead of a person");
	if (k == CALL_UPLOAD)
		say(l, WARNING, at,
			"each unclear upload waits for a person; `repeatable` when a second copy "
			"of a file nobody names does no harm");
	if (!json_array_size(p->proofs))
		say(l, WARNING, at,
			"happens once only, and no answer is known that proves nothing was stored: "
			"each 401 or 403 waits for a person; add the gateway's own refusal to "
			"proofs when its words are known");
}

static void rule_outcomes(struct lint *l)
{
	const struct profile *p = l->p;
	char path[PLACE_MAX_LEN], at[PLACE_MAX_LEN];
	const json_t *v;
	size_t i;

	for (int k = CALL_UPLOAD; k < CALL_SHEET; k++) {
		check_once(l, (enum call_kind)k);
		if (p->calls[k].is.present && p->calls[k].is.total_ms > STOP_DEFAULT_MS)
			say(l, WARNING, pfile_below(path, call_at[k], "total"),
				"longer than forwarder.yaml's stop_timeout (110s unless set): a "
				"stop would cut it off and park it; raise stop_timeout and the "
				"unit's TimeoutStopSec, or shorten it");
	}
	json_array_foreach (p->proofs, i, v) {
		pfile_below(at, pfile_nth(path, "proofs", i), "status");
		if (json_int(v, "status", 0) == 429)
			say(l, WARNING, at, "429 means not taken without any proof; leave it out");
		if (json_int(v, "status", 0) >= 500)
			say(l, WARNING, at,
				"behind a gateway's 5xx the endpoint may have stored the report "
				"all the same; keep it only if `source` rules that out");
	}
}

/* --- limits, settings, tables --- */

static void rule_limits(struct lint *l)
{
	static const struct {
		const char *key, *names[2];
		int def;
	} limits[] = {{"title", {"title", NULL}, 255}, {"content", {"content", NULL}, 10000},
		{"reporter", {"reporter_name", "reporter_email"}, 255},
		{"phone", {"reporter_phone", NULL}, 15}};
	const json_t *tree = l->p->base_tree ? l->p->base_tree : l->p->tree;
	char path[PLACE_MAX_LEN];

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		bool used = false;

		for (size_t k = 0; k < 2 && limits[i].names[k]; k++)
			used |= tree_names(form_of(l->p), limits[i].names[k]);
		if (used && !json_object_get(json_object_get(tree, "limits"), limits[i].key))
			say(l, WARNING, pfile_below(path, "limits", limits[i].key),
				"missing, %d is taken; write what the endpoint allows, in "
				"characters",
				limits[i].def);
	}
}

static void check_default(struct lint *l, const char *at, const json_t *setting)
{
	const json_t *choices = json_object_get(setting, "choices"), *v;
	const char *def = json_str(setting, "default");
	size_t i;

	if (!def || !json_array_size(choices))
		return;
	json_array_foreach (choices, i, v)
		if (strcmp(json_string_value(v), def) == 0)
			return;
	say(l, FAULT, at, "\"%s\" is none of its choices; take one of them", def);
}

static void rule_settings(struct lint *l)
{
	const struct profile *p = l->p;
	const char *own = p->own_institution, *key;
	char path[PLACE_MAX_LEN], at[PLACE_MAX_LEN];
	json_t *v;

	json_object_foreach (p->settings, key, v) {
		_cleanup_free_ char *name = xasprintf("setting.%s", key);

		pfile_below(path, "settings", key);
		check_default(l, pfile_below(at, path, "default"), v);
		if ((!own || strcmp(own, key) != 0) && !anything_names(p, name))
			say(l, WARNING, path,
				"is asked for and used nowhere; use {{%s}} or leave it out", name);
		if (own && strcmp(own, key) == 0 && strcmp(json_str_or(v, "type", ""), "int") != 0)
			say(l, FAULT, pfile_below(at, path, "type"),
				"an institution is a number, it is compared with those of "
				"agencies; int is wanted");
	}
}

static bool is_classification(const char *s)
{
	return strcmp(s, "complaint") == 0 || strcmp(s, "information") == 0 ||
	       strcmp(s, "aspiration") == 0;
}

static void check_classes(struct lint *l, const char *at, const json_t *table)
{
	static const char *const all[] = {"complaint", "information", "aspiration"};
	json_t *to = json_object_get(table, "to"), *v;
	char path[PLACE_MAX_LEN], below[PLACE_MAX_LEN];
	const char *key;

	pfile_below(path, at, "to");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!json_object_get(to, all[i]) && !json_object_get(table, "other"))
			say(l, FAULT, path,
				"no row for %s and no `other`: such a complaint cannot be filed; "
				"add one",
				all[i]);
	json_object_foreach (to, key, v)
		if (!is_classification(key))
			say(l, FAULT, pfile_below(below, path, key),
				"no complaint is of this classification; there are: complaint, "
				"information, aspiration");
}

static void rule_tables(struct lint *l)
{
	const struct profile *p = l->p;
	char at[PLACE_MAX_LEN];
	const char *key;
	json_t *v;

	json_object_foreach (p->tables, key, v) {
		_cleanup_free_ char *name = xasprintf("table.%s", key);
		const char *from = json_str_or(v, "from", "");

		pfile_below(at, "tables", key);
		if (!anything_names(p, name))
			say(l, WARNING, at, "is used nowhere; use {{%s}} or leave it out", name);
		else if (strcmp(from, "classification") == 0)
			check_classes(l, at, v);
		else if (!json_object_get(v, "other"))
			say(l, FAULT, at,
				"no `other`: a complaint whose %s has no row cannot be filed; add "
				"it",
				from);
	}
}

/* --- headers --- */

static bool same_header(const char *a, const char *b)
{
	const size_t n = strcspn(a, ":");

	return n == strcspn(b, ":") && strncasecmp(a, b, n) == 0;
}

static bool header_in(const char *header, const char *const *list)
{
	for (; *list; list++)
		if (same_header(header, *list))
			return true;
	return false;
}

static void check_header(struct lint *l, const char *at, const char *header)
{
	static const char *const secrets[] = {"Authorization", "Proxy-Authorization", "Cookie",
		"auth", "token", "apikey", "api-key", "x-api-key", "x-auth-token", NULL};
	static const char *const transport[] = {"Host", "Content-Length", "Transfer-Encoding",
		"Connection", "Expect", "User-Agent", NULL};

	if (header_in(header, secrets))
		say(l, FAULT, at,
			"a credential belongs to the destination in forwarder.yaml, as a secret");
	if (header_in(header, transport))
		say(l, FAULT, at, "is set by the program itself; leave it out");
}

static void rule_headers(struct lint *l)
{
	const struct profile *p = l->p;
	const char *key = p->idempotency_header, *header;
	char path[PLACE_MAX_LEN];
	bool typed = false;
	const json_t *v;
	size_t i, k;

	if (p->kind == PROFILE_SHEET)
		return;
	json_array_foreach (p->headers, i, v) {
		header = json_string_value(v);
		pfile_nth(path, "headers", i);
		check_header(l, path, header);
		typed |= same_header(header, "Content-Type");
		for (k = 0; k < i; k++)
			if (same_header(header, json_string_value(json_array_get(p->headers, k))))
				say(l, FAULT, path,
					"a header of this name stands above; keep one of them");
		if (key && same_header(header, key))
			say(l, FAULT, path, "is the idempotency_header; leave it out here");
	}
	if (key && (!*key || key[strcspn(key, ": \t\r\n")]))
		say(l, FAULT, "idempotency_header",
			"is no header name; no blank and no colon may stand in it");
	if (!typed)
		say(l, FAULT, "headers",
			"the bodies are JSON and nothing says so; add \"Content-Type: "
			"application/json\"");
}

/* --- status --- */

static void check_words(struct lint *l)
{
	char path[PLACE_MAX_LEN];
	const char *key, *other;
	json_t *v, *w;

	json_object_foreach (l->p->status, key, v) {
		size_t n = strlen(key);

		pfile_below(path, "status.map", key);
		if (!n || strchr(" \t\r\n", key[0]) || strchr(" \t\r\n", key[n - 1]))
			say(l, FAULT, path,
				"is never found: an answer's word is compared without blanks "
				"around it; take them off");
		json_object_foreach (l->p->status, other, w) {
			if (other == key)
				break;
			if (strcasecmp(other, key) == 0)
				say(l, FAULT, path,
					"is never found: \"%s\" above is the same word, case does "
					"not count; keep one of them",
					other);
		}
	}
}

static void rule_status(struct lint *l)
{
	static const char *const ours[] = {
		"received", "verified", "in_progress", "done", "archived", "rejected"};
	const struct profile *p = l->p;
	_cleanup_buf_ struct buf holes = BUF_INIT(256);
	const char *key;
	json_t *v;

	if (p->kind == PROFILE_SHEET)
		return;
	if (!p->status) {
		say(l, WARNING, "status",
			"missing: nobody learns what becomes of a report; add `at` and `map` when "
			"reads.report shows it");
		return;
	}
	check_words(l);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		bool there = false;

		json_object_foreach (p->status, key, v)
			there |= strcmp(json_string_value(v), ours[i]) == 0;
		if (!there)
			(void)buf_addf(&holes, "%s%s", holes.len ? ", " : "", ours[i]);
	}
	if (holes.len)
		say(l, WARNING, "status.map",
			"no word of theirs means: %s; a report in such a state seems to stand "
			"still. Add its word, unless they have no such state",
			buf_str(&holes));
}

/* --- lists of numbers --- */

/* Kept by hand: can it be read as it lies there? */
static void check_kept(struct lint *l, const char *at, const struct profile_master *m)
{
	_cleanup_(master_read_free) struct master_read r = {0};
	_cleanup_free_ char *text = NULL;
	struct err e = {0};
	size_t n = 0;
	int rc = fsio_read_file(m->file, MASTERS_FILE_MAX, &text, &n, &e);

	master_read_init(&r, m);
	if (!rc)
		rc = master_read_csv(&r, m->file, text, n, &e);
	if (!rc)
		rc = master_read_end(&r, &e);
	if (rc)
		say(l, FAULT, at, "%s; mend it, or leave the list out", e.text);
}

static bool checks_it(const struct profile *p, const char *what)
{
	const json_t *v;
	size_t i, k;

	for (i = 0; i < profile_masters(p); i++)
		json_array_foreach (profile_master(p, i)->checks, k, v)
			if (strcmp(json_string_value(v), what) == 0)
				return true;
	return false;
}

static void rule_masters(struct lint *l)
{
	const struct profile *p = l->p;
	char at[PLACE_MAX_LEN], path[PLACE_MAX_LEN];

	for (size_t i = 0; i < profile_masters(p); i++) {
		const struct profile_master *m = profile_master(p, i);

		pfile_below(at, "masters", m->name);
		if (m->file)
			check_kept(l, pfile_below(path, at, "file"), m);
		check_place(l, pfile_below(path, at, "list"), m->list);
		check_place(l, pfile_below(path, at, "id"), m->id);
		check_place(l, pfile_below(path, at, "name"), m->label);
		check_place(l, pfile_below(path, at, "more"), m->more);
		check_place(l, pfile_below(path, at, "count"), m->count);
	}
	if (p->calls[CALL_HANDOVER].is.present && !checks_it(p, "agencies"))
		say(l, WARNING, "masters",
			"no list is looked at for `agencies`: an institution that is no more shows "
			"by a hand-over that fails; add the list, when it can be read or kept");
}

/* --- sheets, observers --- */

static void rule_sheet(struct lint *l)
{
	const struct profile *p = l->p;
	const struct {
		const char *key;
		bool given;
	} idle[] = {{"headers", p->headers}, {"proofs", p->proofs}, {"status", p->status},
		{"idempotency_header", p->idempotency_header},
		{"own_institution", p->own_institution}, {"attachments.form", p->attachments_form}};

	if (p->kind != PROFILE_SHEET)
		return;
	if (!template_names(p->sheet_how, "ticket"))
		say(l, FAULT, "sheet.how",
			"does not say which ticket the number is for; put {{ticket}} into it");
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		if (idle[i].given)
			say(l, WARNING, idle[i].key,
				"has no meaning in a profile of kind sheet; leave it out");
}

static void rule_idle(struct lint *l)
{
	const struct profile *p = l->p;

	if (p->kind != PROFILE_SHEET && p->own_institution && !p->calls[CALL_HANDOVER].is.present)
		say(l, WARNING, "own_institution",
			"is looked at for a hand-over only, and there is none; leave it out");
	if (p->kind != PROFILE_SHEET && p->mime && !p->calls[CALL_UPLOAD].is.present)
		say(l, WARNING, "attachments",
			"without calls.upload no file is sent; add the upload, or leave it out");
}

static void (*const rules[])(struct lint *l) = {rule_names, rule_content, rule_news, rule_wishes,
	rule_phrases, rule_uploads, rule_places, rule_reports, rule_outcomes, rule_limits,
	rule_settings, rule_tables, rule_headers, rule_status, rule_masters, rule_sheet, rule_idle};

/* --- the file --- */

static int count_lines(const struct buf *b, size_t from)
{
	int n = 0;

	for (size_t i = from; i < b->len; i++)
		n += b->data[i] == '\n';
	return n;
}

int profile_lint(const char *path, struct profile_lint *ret, struct buf *out, struct err *e)
{
	_cleanup_(profile_free_cleanup) struct profile *p = NULL;
	_cleanup_(yaml_lines_free_cleanup) struct yaml_lines *lines = NULL;
	_cleanup_free_ char *file = NULL;
	_cleanup_json_ json_t *tree = NULL;
	const size_t before = out->len;
	struct lint l = {.found = ret, .out = out};
	int r = profile_load(path, &p, out, e);

	*ret = (struct profile_lint){.loaded = !r};
	if (r) {
		ret->faults = count_lines(out, before);
		return ret->faults ? 0 : r;
	}
	file = p->base_tree ? profile_as_path(path, json_str_or(p->tree, "as", "")) : xstrdup(path);
	r = yaml_load_file(file, PROFILE_FILE_MAX, &tree, &lines, e); /* again, for the lines */
	if (r)
		return r;
	l.p = p;
	l.file = file;
	l.lines = lines;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		rules[i](&l);
	return out->over ? err_set(e, -E2BIG, "more findings than can be told") : 0;
}
