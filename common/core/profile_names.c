/* profile_names: see profile_names.h. The table of names, and the getters of what is a value by
 * itself: members, flags, places, dates, numbers, settings and tables.
 *
 * Guarantees: nothing about the reporter can be named in the text that is filed (only in the fields
 * a profile gives for it); an address or a number that does not fit is left out, never cut. Known
 * gap: a date is turned around as it is written, never checked against a calendar. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "core/profile_names.h"

/* --- what getters have in common --- */

bool name_blank(const char *s)
{
	return !s || s[strspn(s, " \t\r\n")] == '\0';
}

/* NULL for missing, empty and white space. */
const char *name_member(const json_t *obj, const char *key)
{
	const char *s = json_str(obj, key);

	return name_blank(s) ? NULL : s;
}

json_t *name_refuse(const struct render *r, const char *what)
{
	err_set(r->e, -EINVAL, "%s", what);
	return NULL;
}

json_t *name_text(const char *s)
{
	return json_str_new(name_blank(s) ? NULL : s);
}

/* One line, as long as allowed. */
char *name_line(const char *s, int64_t max_chars)
{
	char *line = utf8_cut_words(s, (size_t)max_chars);

	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	return line;
}

/* The setting a choice like date: "{{setting.date_form}}" points to, or the choice itself. */
const char *name_choice(const struct render *r, const char *written)
{
	static const char prefix[] = "{{setting.";
	char name[NAME_MAX_LEN] = "";

	if (!written || strncmp(written, prefix, strlen(prefix)) != 0)
		return written;
	snprintf(name, sizeof name, "%.*s", (int)(strcspn(written, "}") - strlen(prefix)),
		written + strlen(prefix));
	return setting_value(r->p, r->in->settings, name, r->in->complaint);
}

/* --- members of a complaint, and of a call --- */

static json_t *get_member(const struct render *r, const char *name)
{
	return name_text(json_str(r->in->complaint, name));
}

static json_t *get_flag(const struct render *r, const char *name)
{
	return json_boolean(json_flag(r->in->complaint, name));
}

static json_t *get_version(const struct render *r, const char *name)
{
	return json_integer(json_int(r->in->complaint, name, 0));
}

static json_t *get_ticket(const struct render *r, const char *name)
{
	const char *ticket = name_member(r->in->complaint, name);

	return ticket ? json_str_new(ticket) : name_refuse(r, "the complaint has no ticket");
}

static json_t *get_reporter(const struct render *r, const char *name)
{
	const json_t *reporter = json_object_get(r->in->complaint, "reporter");
	const char *value = name_member(reporter, name + strlen("reporter_"));
	_cleanup_free_ char *line = NULL;

	if (!value)
		return json_null();
	if (strcmp(name, "reporter_name") == 0) {
		line = name_line(value, r->p->reporter_max);
		return json_str_new(line);
	}
	/* An address or a number that was cut would be somebody else's. */
	if (strcmp(name, "reporter_email") == 0)
		return name_text((int64_t)utf8_length(value) <= r->p->reporter_max ? value : NULL);
	if ((int64_t)strlen(value) > r->p->phone_max && value[0] == '+')
		value++;
	return name_text((int64_t)strlen(value) <= r->p->phone_max ? value : NULL);
}

static void add_coordinates(struct buf *out, const json_t *location)
{
	const json_t *lat = json_object_get(location, "lat"),
		     *lon = json_object_get(location, "lon");
	const bool named = out->len > 0;

	if (json_is_number(lat) && json_is_number(lon))
		(void)buf_addf(out, named ? " (%.6f, %.6f)" : "%.6f, %.6f", json_number_value(lat),
			json_number_value(lon));
}

static json_t *get_location(const struct render *r, const char *name)
{
	const json_t *location = json_object_get(r->in->complaint, name);
	const char *place = name_member(location, "name"),
		   *address = name_member(location, "address");
	_cleanup_buf_ struct buf out = BUF_INIT(RENDER_MAX);
	_cleanup_free_ char *line = NULL;

	if (r->where == IN_NEWS && !r->in->news->place)
		return json_null();
	if (place)
		(void)buf_adds(&out, place);
	if (address && (!place || strcmp(place, address) != 0))
		(void)buf_addf(&out, "%s%s", place ? ", " : "", address);
	add_coordinates(&out, location);
	line = name_line(buf_str(&out), 500);
	return name_text(line);
}

static json_t *get_date(const struct render *r, const char *name)
{
	const char *date = name_member(r->in->complaint, name),
		   *form = name_choice(r, r->p->date_form);
	char turned[16];

	if (!date || strlen(date) != strlen("yyyy-mm-dd"))
		return json_null();
	if (!form || strcmp(form, "dd/mm/yyyy") != 0)
		return json_str_new(date);
	snprintf(turned, sizeof turned, "%.2s/%.2s/%.4s", date + 8, date + 5, date);
	return json_str_new(turned);
}

static json_t *get_page(const struct render *r, const char *name)
{
	(void)name;
	return json_integer(MAX(r->in->page, 1u));
}

static json_t *get_remote_id(const struct render *r, const char *name)
{
	(void)name;
	if (r->in->remote_id == 0 || r->in->remote_id > REMOTE_ID_MAX)
		return name_refuse(r, "the report's number is not known");
	return json_integer((json_int_t)r->in->remote_id);
}

static json_t *get_institution(const struct render *r, const char *name)
{
	const char *id =
		profile_institution(r->p, r->in->complaint, r->in->settings, r->in->agencies);
	int64_t v;

	(void)name;
	if (!id && r->where == IN_FOLLOWUP)
		id = setting_value(r->p, r->in->settings, r->p->own_institution, r->in->complaint);
	if (!id)
		return name_refuse(r, "the complaint stays with our own institution");
	if (parse_i64(id, 1, (int64_t)REMOTE_ID_MAX, &v))
		return name_refuse(r, "agencies: the institution of its agency is no number");
	return json_integer(v);
}

static json_t *get_attempt(const struct render *r, const char *name)
{
	(void)name;
	return json_str_new(r->attempt);
}

static json_t *get_text_cut(const struct render *r, const char *name)
{
	(void)name;
	return json_integer(r->text_cut);
}

static json_t *get_note_number(const struct render *r, const char *name)
{
	(void)name;
	return json_str_new(r->note_n);
}

static json_t *get_file_number(const struct render *r, const char *name)
{
	(void)name;
	return json_integer(r->attachment_no);
}

static json_t *get_file_index(const struct render *r, const char *name)
{
	(void)name;
	return json_integer(r->file_index);
}

static json_t *get_part(const struct render *r, const char *name)
{
	(void)name;
	return json_integer(r->in->news ? (json_int_t)r->in->news->part : 1);
}

static json_t *get_news(const struct render *r, const char *name)
{
	(void)name;
	return name_text(r->news);
}

static json_t *get_extension(const struct render *r, const char *name)
{
	(void)name;
	return json_str_new(json_str(r->p->mime, json_str_or(r->in->attachment, "mime", "")));
}

static json_t *get_files(const struct render *r, const char *name)
{
	_cleanup_buf_ struct buf out = BUF_INIT(RENDER_MAX);

	(void)name;
	sheet_files(&out, r->in->complaint);
	return name_text(buf_str(&out));
}

#define IN_TEXTS \
	(IN_CREATE | IN_UPLOAD | IN_HANDOVER | IN_CONTENT | IN_SHEET | IN_FOLLOWUP | IN_NEWS)
#define IN_FORMS (IN_CREATE | IN_SHEET) /* fields of their own: here a reporter may be named */

const struct profile_name profile_names[] = {
	{"ticket", IN_TEXTS, get_ticket},
	{"id", IN_TEXTS, get_member},
	{"tenant", IN_TEXTS, get_member},
	{"version", IN_TEXTS, get_version},
	{"title", IN_CREATE | IN_CONTENT | IN_SHEET, name_title},
	{"title_whole", IN_CONTENT | IN_SHEET, name_title_whole},
	{"text", IN_CREATE | IN_CONTENT | IN_SHEET, name_whole_text},
	{"content", IN_FORMS, name_content},
	{"incident_date", IN_CREATE | IN_CONTENT | IN_SHEET, get_date},
	{"location", IN_CREATE | IN_CONTENT | IN_SHEET | IN_NEWS, get_location},
	{"reporter_name", IN_FORMS, get_reporter},
	{"reporter_phone", IN_FORMS, get_reporter},
	{"reporter_email", IN_FORMS, get_reporter},
	{"anonymous", IN_FORMS | IN_FOLLOWUP, get_flag},
	{"secret", IN_FORMS | IN_FOLLOWUP, get_flag},
	{"supervisory", IN_FORMS, get_flag},
	{"classification", IN_FORMS, get_member},
	{"category", IN_TEXTS & ~IN_UPLOAD, get_member},
	{"agency", IN_TEXTS & ~IN_UPLOAD, get_member},
	{"attachments", IN_CREATE, name_attachments},
	{"files", IN_SHEET, get_files},
	{"not_attached", IN_CONTENT | IN_SHEET | IN_NEWS, name_not_attached},
	{"text_cut", IN_CONTENT | IN_NEWS, get_text_cut},
	{"remote_id", IN_HANDOVER | IN_REPORT | IN_FOLLOWUPS | IN_FOLLOWUP | IN_NEWS,
		get_remote_id},
	{"page", IN_FOLLOWUPS, get_page},
	{"institution", IN_HANDOVER | IN_FOLLOWUP, get_institution},
	{"follow_up", IN_FOLLOWUP, news_content},
	{"news", IN_NEWS, get_news},
	{"part", IN_FOLLOWUP | IN_NEWS, get_part},
	{"index", IN_FIELD, get_file_index},
	{"attempt", IN_SHEET, get_attempt},
	{"number", IN_UPLOAD, get_file_number},
	{"extension", IN_UPLOAD, get_extension},
	{"n", IN_NOTE, get_note_number},
	{.name = NULL},
};

json_t *name_setting(const struct render *r, const char *name)
{
	const char *value = setting_value(r->p, r->in->settings, name, r->in->complaint);
	int64_t v;

	if (!value) {
		err_set(r->e, -EINVAL, "settings.%s is not given", name);
		return NULL;
	}
	if (strcmp(json_str_or(json_object_get(r->p->settings, name), "type", "text"), "int") != 0)
		return json_str_new(value);
	if (!parse_i64(value, INT64_MIN, INT64_MAX, &v))
		return json_integer(v);
	err_set(r->e, -EINVAL, "settings.%s is no number", name);
	return NULL;
}

json_t *name_table(const struct render *r, const char *name)
{
	const json_t *table = json_object_get(r->p->tables, name);
	const char *from = json_str_or(table, "from", "");
	const json_t *v = json_object_get(
		json_object_get(table, "to"), json_str_or(r->in->complaint, from, ""));

	if (!v)
		v = json_object_get(table, "other");
	if (v)
		return json_deep_copy(v);
	err_set(r->e, -EINVAL, "tables.%s has no row for this complaint's %s", name, from);
	return NULL;
}

const struct profile_name *name_find(const char *name)
{
	for (const struct profile_name *n = profile_names; n->name; n++)
		if (strcmp(n->name, name) == 0)
			return n;
	return NULL;
}
