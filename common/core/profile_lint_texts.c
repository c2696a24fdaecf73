/* profile_lint_texts: rules about what a complaint must not lose on its way into a report: its
 * text, ticket, news, files, the reporter's wishes.
 *
 * Guarantee: a profile without a fault sends a complaint's ticket and text, tells in the report
 * what was left out or cut, and asks for what the reporter wished (anonymous). Known gap: whether
 * the endpoint has fields of these names shows only there. */
#include <string.h>

#include "base/json.h"
#include "base/util.h"
#include "core/profile_lint_private.h"

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
			lint_say(l, FAULT, at, "{%s} would be sent as it stands; write {{%s}}",
				name, name);
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
		lint_say(l, FAULT, at,
			"no name has a meaning here, the braces would be sent as they stand; "
			"write the text itself, or move it to a body or a text");
}

void lint_names(struct lint *l)
{
	const struct profile *p = l->p;
	char path[PLACE_MAX_LEN], at[PLACE_MAX_LEN];
	const char *key;
	json_t *v;
	size_t i;

	for (int k = CALL_UPLOAD; k < CALL_SHEET; k++) {
		brace_tree(l, pfile_below(path, lint_call_at[k], "body"), p->calls[k].body);
		if (p->calls[k].path)
			one_brace(l, pfile_below(path, lint_call_at[k], "path"), p->calls[k].path);
		if (p->calls[k].file_name)
			one_brace(l, pfile_below(path, lint_call_at[k], "file_name"),
				p->calls[k].file_name);
		if (k != CALL_FOLLOWUP)
			fixed_text(l, pfile_below(path, lint_call_at[k], "file_field"),
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

void lint_content(struct lint *l)
{
	const struct profile *p = l->p;
	const json_t *form = lint_form(p);

	if (!lint_tree_names(form, "content") && !lint_tree_names(form, "text"))
		lint_say(l, FAULT, lint_form_at(p),
			"the complaint's text is sent nowhere; put {{content}} into a field");
	else if (!lint_report_names(p, "ticket"))
		lint_say(l, FAULT, lint_form_at(p),
			"no field holds the ticket, so a person cannot find the report there; put "
			"{{content}} (it begins with it) or {{ticket}} into a field");
	else if (!lint_tree_names(form, "content"))
		lint_say(l, WARNING, lint_form_at(p),
			"{{text}} is not cut to limits.content and says nothing of files left out; "
			"{{content}} does both");
	if (!lint_report_names(p, "text_cut"))
		lint_say(l, FAULT, "content.footer",
			"a text over limits.content would be cut without a word; add a line with "
			"{{text_cut}} and use {{content}}");
	if (lint_report_names(p, "title") && !lint_report_names(p, "title_whole"))
		lint_say(l, WARNING, "content.footer",
			"a title over limits.title is cut and the rest of it lost; add a line with "
			"{{title_whole}}, which is empty when the title fits");
	if (!lint_report_names(p, "not_attached"))
		lint_say(l, FAULT, "content.footer",
			"a file that is left out would be so without a word; add a line with "
			"{{not_attached}} and use {{content}}");
}

/* What comes after the create. */
void lint_news(struct lint *l)
{
	const struct profile *p = l->p;
	const struct call_map *call = &p->calls[CALL_FOLLOWUP];

	if (p->kind == PROFILE_SHEET)
		return;
	if (!call->is.present) {
		lint_say(l, WARNING, "calls.followup",
			"missing: what a citizen says after the report was filed goes to an "
			"officer (muaractl parked), each time; add the call when the endpoint has "
			"one");
		return;
	}
	if (!lint_tree_names(call->body, "follow_up"))
		lint_say(l, FAULT, "calls.followup.body",
			"the news is sent nowhere; put {{follow_up}} into a field");
	if (!lint_tree_names(call->body, "remote_id") && !lint_text_names(call->path, "remote_id"))
		lint_say(l, FAULT, "calls.followup",
			"says nowhere which report is meant; put {{remote_id}} into path or body");
	if (!lint_text_names(p->news_text, "news"))
		lint_say(l, FAULT, "follow_up.text", "holds no news; put {{news}} into it");
	if (!lint_tree_names(p->news_footer, "text_cut"))
		lint_say(l, WARNING, "follow_up.footer",
			"a text that goes on in the next one ends without a word; add a line with "
			"{{text_cut}}");
	if (!lint_tree_names(p->news_footer, "not_attached"))
		lint_say(l, FAULT, "follow_up.footer",
			"a file that is left out would be so without a word; add a line with "
			"{{not_attached}}");
	if (!lint_tree_names(p->news_footer, "location"))
		lint_say(l, FAULT, "follow_up.footer",
			"a message that is only a place would be told without it; add a line with "
			"{{location}}");
	if (call->file_field && p->news_files > 1 && !lint_text_names(call->file_field, "index") &&
		!strstr(call->file_field, "[]"))
		lint_say(l, WARNING, "calls.followup.file_field",
			"all files of a follow-up get the same field; use {{index}}, unless the "
			"endpoint takes a repeated field");
}

void lint_wishes(struct lint *l)
{
	const struct profile *p = l->p;
	const bool named = lint_tree_names(lint_form(p), "reporter_name") ||
			   lint_tree_names(lint_form(p), "reporter_phone") ||
			   lint_tree_names(lint_form(p), "reporter_email");

	if (named && !lint_report_names(p, "anonymous"))
		lint_say(l, FAULT, lint_form_at(p),
			"the reporter is named, but not whether the public may see the name; put "
			"{{anonymous}} into a field, or name no reporter");
	if (!lint_report_names(p, "secret"))
		lint_say(l, WARNING, lint_form_at(p),
			"{{secret}} is in no field: a reporter who wants the report kept from the "
			"public is not heard; add it when the endpoint has a field for it");
}

void lint_phrases(struct lint *l)
{
	const struct profile *p = l->p;
	const bool files = p->mime != NULL, upload = p->kind != PROFILE_SHEET;
	char path[PLACE_MAX_LEN];

	if (!lint_content_names(p, "not_attached"))
		return;
	for (size_t i = 0; not_attached_keys[i]; i++) {
		const char *key = not_attached_keys[i], *phrase = json_str(p->not_attached, key);
		const bool only_files = strcmp(key, "type") == 0 || strcmp(key, "size") == 0 ||
					strcmp(key, "count") == 0;

		pfile_below(path, "content.not_attached", key);
		if ((only_files && !files) || (strcmp(key, "upload") == 0 && !upload))
			continue;
		if (!phrase)
			lint_say(l, FAULT, path,
				"missing: the report would hold a bare number of files; say why "
				"they are not there, such as \"{{n}} berkas …\"");
		else if (!template_names(phrase, "n"))
			lint_say(l, WARNING, path, "does not say how many; use {{n}}");
	}
}

void lint_uploads(struct lint *l)
{
	const struct profile *p = l->p;
	const struct call_map *up = &p->calls[CALL_UPLOAD];
	const bool named = lint_tree_names(p->calls[CALL_CREATE].body, "attachments");

	if (p->kind == PROFILE_SHEET)
		return;
	if (up->is.present && !named)
		lint_say(l, FAULT, "calls.create.body",
			"files are uploaded, but the report does not name them; put "
			"{{attachments}} into a field");
	if (!up->is.present && named)
		lint_say(l, FAULT, "calls.create.body",
			"{{attachments}} is always false without calls.upload; add the upload, or "
			"leave the field out");
	if (!up->is.present)
		return;
	if (!template_names(up->file_name, "number"))
		lint_say(l, WARNING, "calls.upload.file_name",
			"all files of a complaint get the same name; use {{number}}");
	if (!template_names(up->file_name, "extension"))
		lint_say(l, WARNING, "calls.upload.file_name",
			"says nothing of the file's type; end it with .{{extension}}");
}
