/* profile_lint: see profile_lint.h. One function a rule; `rules` lists them.
 *
 * Guarantee: all rules are asked, whatever one of them finds. Known gap: whether the endpoint has
 * fields and words of these names shows only there. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/json.h"
#include "core/profile_lint_private.h"

#define FINDING_MAX 1500

DEFINE_CLEANUP(struct profile *, profile_free);
DEFINE_CLEANUP(struct yaml_lines *, yaml_lines_free);

void lint_say(struct lint *l, enum lint_level level, const char *at, const char *fmt, ...)
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

const char *const lint_call_at[CALL_KINDS] = {[CALL_UPLOAD] = "calls.upload",
	[CALL_CREATE] = "calls.create",
	[CALL_HANDOVER] = "calls.handover",
	[CALL_FOLLOWUP] = "calls.followup"};

bool lint_tree_names(const json_t *v, const char *name)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(v))
		return template_names(json_string_value(v), name);
	json_object_foreach ((json_t *)(uintptr_t)v, key, item)
		if (lint_tree_names(item, name))
			return true;
	json_array_foreach (v, i, item) {
		if (lint_tree_names(item, name))
			return true;
	}
	return false;
}

bool lint_text_names(const char *text, const char *name)
{
	return text && template_names(text, name);
}

/* The form a complaint fills in: the body of the create, or the rows of the sheet. */
const json_t *lint_form(const struct profile *p)
{
	return p->kind == PROFILE_SHEET ? p->sheet_rows : p->calls[CALL_CREATE].body;
}

const char *lint_form_at(const struct profile *p)
{
	return p->kind == PROFILE_SHEET ? "sheet.rows" : "calls.create.body";
}

bool lint_content_names(const struct profile *p, const char *name)
{
	return lint_text_names(p->content, name) || lint_tree_names(p->footer_lines, name);
}

/* In a field of its own, or in the text that is filed. */
bool lint_report_names(const struct profile *p, const char *name)
{
	return lint_tree_names(lint_form(p), name) ||
	       (lint_tree_names(lint_form(p), "content") && lint_content_names(p, name));
}

bool lint_anything_names(const struct profile *p, const char *name)
{
	bool found = lint_content_names(p, name) || lint_text_names(p->date_form, name) ||
		     lint_text_names(p->attachments_form, name) ||
		     lint_text_names(p->sheet_how, name) || lint_tree_names(p->sheet_rows, name) ||
		     lint_text_names(p->news_text, name) || lint_tree_names(p->news_footer, name);

	for (int k = CALL_UPLOAD; k < CALL_SHEET; k++)
		found |= lint_tree_names(p->calls[k].body, name) ||
			 lint_text_names(p->calls[k].file_name, name);
	return found;
}

/* --- the file --- */

static lint_rule *const rules[] = {lint_names, lint_content, lint_news, lint_wishes, lint_phrases,
	lint_uploads, lint_places, lint_reports, lint_outcomes, lint_limits, lint_settings,
	lint_tables, lint_headers, lint_status, lint_masters, lint_sheet, lint_idle};

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
