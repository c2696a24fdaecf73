/* profile_template: the {{names}} of a profile's maps and texts: which there are, where they may
 * stand, what they give for a complaint.
 *
 * Guarantees: nothing about the reporter can be named in the text that is filed (only in the fields
 * a profile gives for it); a lone name keeps its type (number, true/false, null), a name within
 * text becomes text; what cannot be expressed is an error that names the field, never its content;
 * a cut is told in the text itself. Pure. Known gap: a text in a script whose graphemes are longer
 * than the room left is cut within one. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "core/profile_private.h"

#define NAME_MAX_LEN	64
#define TEXT_MAX	(1 << 20)
#define FILES_MAX	32  /* highest attachments.max_count */
#define TEXT_LEFT_CHARS 200 /* less than that of a text is no report */

const size_t render_text_max = TEXT_MAX;

const char *const not_attached_keys[] = {
	"pending", "missing", "refused", "type", "size", "count", "upload", NULL};

const char *strmap_value(const struct strmap *m, const char *key)
{
	for (size_t i = 0; m && i < m->n; i++)
		if (strcmp(m->v[i].key, key) == 0)
			return m->v[i].value;
	return NULL;
}

bool is_number(const char *s)
{
	int64_t v;

	return s && !parse_i64(s, 1, (int64_t)REMOTE_ID_MAX, &v);
}

static bool blank(const char *s)
{
	return !s || s[strspn(s, " \t\r\n")] == '\0';
}

/* NULL for missing, empty and white space. */
static const char *member(const json_t *obj, const char *key)
{
	const char *s = json_str(obj, key);

	return blank(s) ? NULL : s;
}

/* --- attachments --- */

struct taken { /* different files so far */
	const char *sha256[FILES_MAX];
	size_t n;
};

static const char *state_refusal(const json_t *a)
{
	const char *state = json_str_or(a, "state", "missing");

	if (strcmp(state, "stored") == 0 && json_str(a, "sha256"))
		return NULL;
	if (strcmp(state, "pending") == 0 || strcmp(state, "refused") == 0)
		return state[0] == 'p' ? "pending" : "refused";
	return "missing";
}

const char *attachment_refusal(const struct profile *p, const json_t *a)
{
	const char *why = state_refusal(a);

	if (why)
		return why;
	if (p->mime && !json_object_get(p->mime, json_str_or(a, "mime", "")))
		return "type";
	return p->attachment_max_bytes && json_int(a, "bytes", 0) > p->attachment_max_bytes ? "size"
											    : NULL;
}

/* One attachment after those before it; *copy: same bytes as one of them. */
static const char *judge(const struct profile *p, struct taken *t, const json_t *a, bool *copy)
{
	const char *why = attachment_refusal(p, a), *sha256 = json_str(a, "sha256");

	*copy = false;
	if (why)
		return why;
	for (size_t i = 0; i < t->n && !*copy; i++)
		*copy = strcmp(t->sha256[i], sha256) == 0;
	if (*copy)
		return NULL;
	if (t->n == FILES_MAX ||
		(p->attachment_max_count && (int64_t)t->n == p->attachment_max_count))
		return "count";
	t->sha256[t->n++] = sha256;
	return NULL;
}

bool profile_attachment(const struct profile *p, const json_t *complaint, const json_t *attachment)
{
	const json_t *a;
	struct taken t = {0};
	size_t i;
	bool copy;

	json_array_foreach (json_object_get(complaint, "attachments"), i, a) {
		const char *why = judge(p, &t, a, &copy);

		if (a == attachment)
			return !why && !copy;
	}
	return false;
}

static const struct profile_file *uploaded(const struct profile_input *in, const char *sha256)
{
	for (size_t i = 0; sha256 && i < in->n_files; i++)
		if (strcmp(in->files[i].attachment, sha256) == 0)
			return &in->files[i];
	return NULL;
}

static json_t *get_not_attached(const struct render *r);

/* A sheet's officer finds every stored file in the list of attachments. */
static const char *left_out(const struct render *r, struct taken *t, const json_t *a)
{
	bool copy;
	const char *why;

	if (r->where == IN_NEWS)
		return news_left_out(r, a);
	why = judge(r->p, t, a, &copy);
	if (why || r->where == IN_SHEET || copy)
		return why;
	return uploaded(r->in, json_str(a, "sha256")) ? NULL : "upload";
}

/* --- values --- */

static json_t *refuse(const struct render *r, const char *what)
{
	err_set(r->e, -EINVAL, "%s", what);
	return NULL;
}

static json_t *text_or_null(const char *s)
{
	return json_str_new(blank(s) ? NULL : s);
}

static json_t *get_member(const struct render *r, const char *name)
{
	return text_or_null(json_str(r->in->complaint, name));
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
	const char *ticket = member(r->in->complaint, name);

	return ticket ? json_str_new(ticket) : refuse(r, "the complaint has no ticket");
}

/* One line, as long as allowed. */
static char *one_line(const char *s, int64_t max_chars)
{
	char *line = utf8_cut_words(s, (size_t)max_chars);

	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	return line;
}

static json_t *get_title(const struct render *r, const char *name)
{
	const char *title = member(r->in->complaint, name);
	_cleanup_free_ char *line = title ? one_line(title, r->p->title_max) : NULL;

	return line ? json_str_new(line)
		    : refuse(r, "the complaint has no title; complete it (title, text) first");
}

/* What {{title}} leaves out is not lost: the whole of a title that is cut, null of one that fits.
 * At most a quarter of what the report may hold, so that it never crowds out the text. */
static json_t *get_title_whole(const struct render *r, const char *name)
{
	const char *title = member(r->in->complaint, "title");
	_cleanup_free_ char *line = NULL, *shown = NULL;

	(void)name;
	if (!title || (int64_t)utf8_length(title) <= r->p->title_max)
		return json_null();
	line = one_line(title, r->p->content_max / 4);
	shown = xasprintf("%s%s", line, utf8_length(line) < utf8_length(title) ? " …" : "");
	return json_str_new(shown);
}

static json_t *get_text(const struct render *r, const char *name)
{
	const char *text = member(r->in->complaint, name);
	_cleanup_free_ char *cut = NULL;

	if (!text)
		return refuse(r, "the complaint has no text; complete it (text) first");
	cut = utf8_cut_words(text, r->text_chars ? r->text_chars : TEXT_MAX);
	return json_str_new(cut);
}

static json_t *get_reporter(const struct render *r, const char *name)
{
	const json_t *reporter = json_object_get(r->in->complaint, "reporter");
	const char *value = member(reporter, name + strlen("reporter_"));
	_cleanup_free_ char *line = NULL;

	if (!value)
		return json_null();
	if (strcmp(name, "reporter_name") == 0) {
		line = one_line(value, r->p->reporter_max);
		return json_str_new(line);
	}
	/* An address or a number that was cut would be somebody else's. */
	if (strcmp(name, "reporter_email") == 0)
		return text_or_null(
			(int64_t)utf8_length(value) <= r->p->reporter_max ? value : NULL);
	if ((int64_t)strlen(value) > r->p->phone_max && value[0] == '+')
		value++;
	return text_or_null((int64_t)strlen(value) <= r->p->phone_max ? value : NULL);
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
	const char *place = member(location, "name"), *address = member(location, "address");
	_cleanup_buf_ struct buf out = BUF_INIT(TEXT_MAX);
	_cleanup_free_ char *line = NULL;

	if (r->where == IN_NEWS && !r->in->news->place)
		return json_null();
	if (place)
		(void)buf_adds(&out, place);
	if (address && (!place || strcmp(place, address) != 0))
		(void)buf_addf(&out, "%s%s", place ? ", " : "", address);
	add_coordinates(&out, location);
	line = one_line(buf_str(&out), 500);
	return text_or_null(line);
}

/* The setting a choice like date: "{{setting.date_form}}" points to, or the choice itself. */
static const char *choice(const struct render *r, const char *written)
{
	static const char prefix[] = "{{setting.";
	char name[NAME_MAX_LEN] = "";

	if (!written || strncmp(written, prefix, strlen(prefix)) != 0)
		return written;
	snprintf(name, sizeof name, "%.*s", (int)(strcspn(written, "}") - strlen(prefix)),
		written + strlen(prefix));
	return setting_value(r->p, r->in->settings, name, r->in->complaint);
}

static json_t *get_date(const struct render *r, const char *name)
{
	const char *date = member(r->in->complaint, name), *form = choice(r, r->p->date_form);
	char turned[16];

	if (!date || strlen(date) != strlen("yyyy-mm-dd"))
		return json_null();
	if (!form || strcmp(form, "dd/mm/yyyy") != 0)
		return json_str_new(date);
	snprintf(turned, sizeof turned, "%.2s/%.2s/%.4s", date + 8, date + 5, date);
	return json_str_new(turned);
}

/* The ids of what was uploaded, in the order of the complaint; false when there are none. */
static json_t *get_attachments(const struct render *r, const char *name)
{
	const char *form = choice(r, r->p->attachments_form);
	_cleanup_buf_ struct buf out = BUF_INIT(TEXT_MAX);
	const json_t *a;
	struct taken t = {0};
	size_t i;
	bool copy;

	json_array_foreach (json_object_get(r->in->complaint, name), i, a) {
		const struct profile_file *f = uploaded(r->in, json_str(a, "sha256"));

		if (!judge(r->p, &t, a, &copy) && !copy && f)
			(void)buf_addf(&out, "%s%" PRIu64, out.len ? "," : "[", f->remote_id);
	}
	if (!out.len)
		return json_false();
	(void)buf_adds(&out, form && strcmp(form, "string_dot") == 0 ? "]." : "]");
	return json_str_new(buf_str(&out));
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
		return refuse(r, "the report's number is not known");
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
		return refuse(r, "the complaint stays with our own institution");
	if (parse_i64(id, 1, (int64_t)REMOTE_ID_MAX, &v))
		return refuse(r, "agencies: the institution of its agency is no number");
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
	return text_or_null(r->news);
}

static json_t *get_extension(const struct render *r, const char *name)
{
	(void)name;
	return json_str_new(json_str(r->p->mime, json_str_or(r->in->attachment, "mime", "")));
}

static json_t *get_files(const struct render *r, const char *name)
{
	_cleanup_buf_ struct buf out = BUF_INIT(TEXT_MAX);

	(void)name;
	sheet_files(&out, r->in->complaint);
	return text_or_null(buf_str(&out));
}

static json_t *get_content(const struct render *r, const char *name);

static json_t *get_left_out(const struct render *r, const char *name)
{
	(void)name;
	return get_not_attached(r);
}

#define IN_TEXTS \
	(IN_CREATE | IN_UPLOAD | IN_HANDOVER | IN_CONTENT | IN_SHEET | IN_FOLLOWUP | IN_NEWS)
#define IN_FORMS (IN_CREATE | IN_SHEET) /* fields of their own: here a reporter may be named */

static const struct name {
	const char *name;
	unsigned where;
	json_t *(*get)(const struct render *r, const char *name);
} names[] = {
	{"ticket", IN_TEXTS, get_ticket},
	{"id", IN_TEXTS, get_member},
	{"tenant", IN_TEXTS, get_member},
	{"version", IN_TEXTS, get_version},
	{"title", IN_CREATE | IN_CONTENT | IN_SHEET, get_title},
	{"title_whole", IN_CONTENT | IN_SHEET, get_title_whole},
	{"text", IN_CREATE | IN_CONTENT | IN_SHEET, get_text},
	{"content", IN_FORMS, get_content},
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
	{"attachments", IN_CREATE, get_attachments},
	{"files", IN_SHEET, get_files},
	{"not_attached", IN_CONTENT | IN_SHEET | IN_NEWS, get_left_out},
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
};

/* --- settings and tables --- */

const char *setting_value(const struct profile *p, const struct strmap *settings, const char *name,
	const json_t *complaint)
{
	const json_t *declared = json_object_get(p->settings, name);
	const char *by = json_str(declared, "by"), *value = NULL, *of;
	char key[2 * NAME_MAX_LEN];

	of = by ? json_str(complaint, by) : NULL;
	if (of && (size_t)snprintf(key, sizeof key, "%s.%s", name, of) < sizeof key)
		value = strmap_value(settings, key);
	if (!value)
		value = strmap_value(settings, name);
	return value ? value : json_str(declared, "default");
}

static json_t *get_setting(const struct render *r, const char *name)
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

static json_t *get_table(const struct render *r, const char *name)
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

/* --- templates --- */

struct piece {
	const char *p;
	size_t n;
	bool name, open; /* open: "{{" without "}}" */
};

static bool next_piece(const char **at, struct piece *ret)
{
	const char *s = *at, *end;

	if (!*s)
		return false;
	*ret = (struct piece){.name = strncmp(s, "{{", 2) == 0};
	if (!ret->name) {
		end = strstr(s, "{{");
		ret->p = s;
		ret->n = end ? (size_t)(end - s) : strlen(s);
		*at = s + ret->n;
		return true;
	}
	end = strstr(s, "}}");
	ret->open = !end;
	*at = end ? end + 2 : s + strlen(s);
	for (s += 2; *s == ' '; s++)
		;
	ret->p = s;
	ret->n = end && end > s ? (size_t)(end - s) : 0;
	while (ret->n && s[ret->n - 1] == ' ')
		ret->n--;
	return true;
}

static const struct name *find_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i].name, name) == 0)
			return &names[i];
	return NULL;
}

static void piece_name(const struct piece *piece, char ret[NAME_MAX_LEN])
{
	snprintf(ret, NAME_MAX_LEN, "%.*s", (int)MIN(piece->n, (size_t)NAME_MAX_LEN), piece->p);
}

/* Part behind "setting." or "table."; NULL when it begins otherwise. */
static const char *behind(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0 ? name + strlen(prefix) : NULL;
}

static json_t *value_of(const struct render *r, const struct piece *piece)
{
	char name[NAME_MAX_LEN];
	const struct name *n;

	piece_name(piece, name);
	if (behind(name, "setting."))
		return get_setting(r, behind(name, "setting."));
	if (behind(name, "table."))
		return get_table(r, behind(name, "table."));
	n = find_name(name);
	return n ? n->get(r, n->name) : refuse(r, "the profile was not checked");
}

static void add_value(struct buf *out, const json_t *v)
{
	if (json_is_string(v))
		(void)buf_adds(out, json_string_value(v));
	else if (json_is_integer(v))
		(void)buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_boolean(v))
		(void)buf_adds(out, json_is_true(v) ? "Ya" : "Tidak");
}

char *render_text(const struct render *r, const char *text)
{
	_cleanup_buf_ struct buf out = BUF_INIT(TEXT_MAX);
	struct piece piece;

	while (next_piece(&text, &piece)) {
		_cleanup_json_ json_t *v = NULL;

		if (!piece.name) {
			(void)buf_add(&out, piece.p, piece.n);
			continue;
		}
		v = value_of(r, &piece);
		if (!v)
			return NULL;
		add_value(&out, v);
	}
	if (out.over) {
		err_set(r->e, -EINVAL, "longer than %d bytes", TEXT_MAX);
		return NULL;
	}
	return out.data ? buf_take(&out) : xstrdup("");
}

static json_t *render_string(const struct render *r, const char *text)
{
	const char *at = text;
	struct piece piece;
	_cleanup_free_ char *whole = NULL;

	if (next_piece(&at, &piece) && piece.name && !*at)
		return value_of(r, &piece);
	whole = render_text(r, text);
	return whole ? json_str_new(whole) : NULL;
}

static json_t *render_list(const struct render *r, const json_t *list)
{
	json_t *out = json_array(), *v;
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		v = render_map(r, item);
		if (!v || json_array_append_new(out, v)) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}

json_t *render_map(const struct render *r, const json_t *map)
{
	json_t *out, *v, *item;
	const char *key;

	if (json_is_string(map))
		return render_string(r, json_string_value(map));
	if (json_is_array(map))
		return render_list(r, map);
	if (!json_is_object(map))
		return json_deep_copy(map);
	out = json_object();
	json_object_foreach ((json_t *)(uintptr_t)map, key, item) {
		v = render_map(r, item);
		if (!v) {
			err_prefix(r->e, "%s", key);
			json_decref(out);
			return NULL;
		}
		json_set_new(out, key, v);
	}
	return out;
}

/* --- checks of a template, when a profile is loaded --- */

static void list_names(struct buf *out, const struct profile *p, unsigned where)
{
	const char *key;
	json_t *v;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].where & where)
			(void)buf_addf(out, "%s%s", out->len ? ", " : "", names[i].name);
	if (where & (IN_NOTE | IN_REPORT | IN_PROBE | IN_FOLLOWUPS | IN_FIELD))
		return;
	json_object_foreach (p->settings, key, v)
		(void)buf_addf(out, ", setting.%s", key);
	json_object_foreach (p->tables, key, v)
		(void)buf_addf(out, ", table.%s", key);
}

static bool name_ok(const struct profile *p, const char *name, unsigned where)
{
	const struct name *n = find_name(name);
	const char *rest;

	if (n)
		return n->where & where;
	if (where & (IN_NOTE | IN_REPORT | IN_PROBE | IN_FOLLOWUPS | IN_FIELD))
		return false;
	rest = behind(name, "setting.");
	if (rest)
		return json_object_get(p->settings, rest);
	rest = behind(name, "table.");
	return rest && json_object_get(p->tables, rest);
}

void template_check(const struct profile *p, const char *text, enum place where,
	template_fault_fn *fault, void *ctx)
{
	struct piece piece;

	while (next_piece(&text, &piece)) {
		_cleanup_buf_ struct buf known = BUF_INIT(4096), out = BUF_INIT(4096);
		char name[NAME_MAX_LEN];

		if (!piece.name)
			continue;
		piece_name(&piece, name);
		if (!piece.open && name_ok(p, name, where))
			continue;
		list_names(&known, p, where);
		if (piece.open)
			(void)buf_adds(&out, "{{ without }}");
		else
			(void)buf_addf(&out, "{{%s}} %s; %s%s", name,
				find_name(name) ? "cannot stand here" : "is unknown",
				known.len ? "there are: " : "no name can", buf_str(&known));
		fault(ctx, buf_str(&out));
	}
}

bool template_names(const char *text, const char *name)
{
	struct piece piece;

	while (next_piece(&text, &piece)) {
		char at[NAME_MAX_LEN];

		if (!piece.name)
			continue;
		piece_name(&piece, at);
		if (strcmp(at, name) == 0)
			return true;
	}
	return false;
}

bool template_known(const char *name)
{
	return find_name(name) || behind(name, "setting.") || behind(name, "table.");
}

/* --- the text that is filed --- */

static json_t *get_not_attached(const struct render *r)
{
	_cleanup_buf_ struct buf out = BUF_INIT(4096);
	long counts[16] = {0};
	const json_t *a;
	struct taken t = {0};
	size_t i;

	json_array_foreach (json_object_get(r->in->complaint, "attachments"), i, a) {
		const char *why = left_out(r, &t, a);

		for (size_t k = 0; why && not_attached_keys[k]; k++)
			counts[k] += strcmp(not_attached_keys[k], why) == 0;
	}
	for (size_t k = 0; not_attached_keys[k]; k++) {
		char n[24];
		struct render note = *r;
		_cleanup_free_ char *phrase = NULL;

		if (counts[k] == 0)
			continue;
		snprintf(n, sizeof n, "%ld", counts[k]);
		note.note_n = n;
		phrase = render_text(
			&note, json_str_or(r->p->not_attached, not_attached_keys[k], "{{n}}"));
		if (!phrase)
			return NULL;
		(void)buf_addf(&out, "%s%s", out.len ? ", " : "", phrase);
	}
	return text_or_null(buf_str(&out));
}

static bool empty_value(const json_t *v)
{
	return json_is_null(v) || (json_is_string(v) && blank(json_string_value(v))) ||
	       (json_is_integer(v) && json_integer_value(v) == 0);
}

/* 1: a name of the line has nothing to say, so the line goes; 0: it stays; -EINVAL. */
static int line_empty(const struct render *r, const char *line)
{
	struct piece piece;

	while (next_piece(&line, &piece)) {
		_cleanup_json_ json_t *v = piece.name ? value_of(r, &piece) : json_true();

		if (!v)
			return -EINVAL;
		if (empty_value(v))
			return 1;
	}
	return 0;
}

int render_footer(const struct render *r, const json_t *lines, const char *before, struct buf *out)
{
	const json_t *line;
	bool first = true;
	size_t i;

	json_array_foreach (lines, i, line) {
		const char *text = json_string_value(line);
		_cleanup_free_ char *whole = NULL;
		int empty = line_empty(r, text);

		if (empty < 0)
			return empty;
		if (empty)
			continue;
		whole = render_text(r, text);
		if (!whole)
			return -EINVAL;
		(void)buf_addf(out, "%s%s", first ? (before ? before : "\n\n") : "\n", whole);
		first = false;
	}
	return 0;
}

/* Ticket, text, footer with at most r->text_chars of the text. NULL: e. */
static char *content_with(const struct render *r)
{
	_cleanup_buf_ struct buf out = BUF_INIT(TEXT_MAX);
	_cleanup_free_ char *body = render_text(r, r->p->content);

	if (!body)
		return NULL;
	(void)buf_adds(&out, body);
	if (render_footer(r, r->p->footer_lines, r->p->footer_before, &out))
		return NULL;
	if (out.over) {
		err_set(r->e, -EINVAL, "longer than %d bytes", TEXT_MAX);
		return NULL;
	}
	return buf_take(&out);
}

/* Whole when it fits, else with as much of the text as there is room for, and a line that says so.
 * A footer line's length depends on the number in it: the room is measured with the largest. */
static json_t *get_content(const struct render *outer, const char *name)
{
	const char *text = json_str_or(outer->in->complaint, "text", "");
	const long chars = (long)utf8_length(text), max = (long)outer->p->content_max;
	struct render r = *outer;
	_cleanup_free_ char *whole = NULL, *empty = NULL, *kept = NULL, *cut = NULL;
	long room;

	(void)name;
	if (r.told)
		r.told->text_bytes = SIZE_MAX;
	if (r.where == IN_CREATE)
		r.where = IN_CONTENT;
	r.text_chars = 0;
	whole = content_with(&r);
	if (!whole)
		return NULL;
	if ((long)utf8_length(whole) <= max)
		return json_str_new(whole);
	r.text_cut = chars;
	empty = content_with(&r);
	if (!empty)
		return NULL;
	room = max - ((long)utf8_length(empty) - chars);
	if (room < TEXT_LEFT_CHARS)
		return refuse(outer, "longer than limits.content allows, even without its text");
	kept = utf8_cut_words(text, (size_t)room);
	r.text_chars = (size_t)utf8_length(kept);
	r.text_cut = chars - (long)r.text_chars;
	if (r.told)
		r.told->text_bytes = strlen(kept);
	cut = content_with(&r);
	return cut ? json_str_new(cut) : NULL;
}
