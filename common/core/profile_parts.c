/* profile_parts: the sections of a profile beside its calls: limits, the texts that are told,
 * attachments, the words of a status, proofs, headers, the sheet.
 *
 * Guarantees: a text that is told begins with the ticket and names nobody; a proof says where it
 * comes from. Known gap: limits are taken as written, an endpoint that takes less refuses. */
#include <string.h>

#include "core/profile_load.h"

void profile_read_limits(struct pfile *l, const json_t *v)
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

static void check_ticket(struct pfile *l, const char *at, const char *text)
{
	static const char ticket[] = "[Tiket {{ticket}}]";

	if (text && strncmp(text, ticket, strlen(ticket)) != 0)
		pfile_fault(l, at, "begins with %s: it is the only mark by which it is found again",
			ticket);
}

void profile_read_content(struct pfile *l, const json_t *v)
{
	static const struct member members[] = {
		MEMBER(struct profile, content, "text", M_TEXT, .flags = M_REQUIRED),
		MEMBER(struct profile, footer_before, "before_footer", M_TEXT),
		MEMBER(struct profile, footer_lines, "footer", M_LIST),
		MEMBER(struct profile, not_attached, "not_attached", M_MAP),
		{.key = NULL},
	};
	struct profile *p = l->p;
	char path[PLACE_MAX_LEN];
	const char *key;
	json_t *phrase;

	if (!v || !pfile_map(l, "content", v, members, p))
		return;
	profile_check_text(l, "content.text", p->content, IN_CONTENT);
	check_ticket(l, "content.text", p->content);
	pfile_texts(l, "content.footer", p->footer_lines);
	profile_check_tree(l, "content.footer", p->footer_lines, IN_CONTENT);
	json_object_foreach (p->not_attached, key, phrase) {
		pfile_below(path, "content.not_attached", key);
		if (!one_of(key, not_attached_keys))
			pfile_fault(l, path,
				"unknown reason; there are: pending, missing, refused, type, "
				"size, count, upload");
		profile_check_tree(l, path, phrase, IN_NOTE);
	}
}

void profile_read_follow_up(struct pfile *l, const json_t *v)
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
	struct profile *p = l->p;

	p->news_files = 1;
	if (!v || !pfile_map(l, "follow_up", v, members, p))
		return;
	profile_check_text(l, "follow_up.text", p->news_text, IN_NEWS);
	check_ticket(l, "follow_up.text", p->news_text);
	pfile_texts(l, "follow_up.footer", p->news_footer);
	profile_check_tree(l, "follow_up.footer", p->news_footer, IN_NEWS);
}

void profile_read_attachments(struct pfile *l, const json_t *v)
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
	profile_check_choice(l, "attachments.form", l->p->attachments_form, forms);
	json_object_foreach (l->p->mime, key, ext) {
		const char *s = json_string_value(ext);

		if (!s || !*s || strlen(s) > 8 ||
			s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789")])
			pfile_fault(l, pfile_below(path, "attachments.types", key),
				"an extension of a-z and 0-9 is wanted");
	}
}

void profile_read_status(struct pfile *l, const json_t *v)
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
	profile_check_place(l, "status.at", l->p->status_at);
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

void profile_read_proofs(struct pfile *l)
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
			profile_check_place(l, pfile_below(at, path, "at"), proof.at);
	}
}

void profile_read_headers(struct pfile *l)
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

void profile_read_sheet(struct pfile *l, const json_t *v)
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
	profile_check_text(l, "sheet.how", l->p->sheet_how, IN_SHEET);
	json_array_foreach (l->p->sheet_rows, i, row) {
		struct sheet_row r = {0};

		pfile_nth(path, "sheet.rows", i);
		if (pfile_map(l, path, row, row_members, &r))
			profile_check_text(l, pfile_below(at, path, "value"), r.value, IN_SHEET);
	}
	l->p->calls[CALL_SHEET].is = (struct profile_call){.present = true, .repeat = CALL_ONCE};
}
