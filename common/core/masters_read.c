/* masters_read: see masters_read.h.
 *
 * Guarantees: bytes, pages and entries have bounds; an entry that cannot be read costs itself only,
 * a list of which more than a tenth cannot be read is none; the same page twice ends the reading
 * (an endpoint that does not know the parameter `page` would go on for ever). Known gap: an
 * endpoint that gives only the first 1000 of its entries and says nothing of it is believed. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "base/util.h"
#include "core/csv.h"
#include "core/masters_read.h"
#include "core/profile_private.h"

#define ID_MAX_LEN   64
#define SKIP_ONE_OF  10 /* so many may be unreadable: one of ten */
#define NAME_MAX_LEN 4000

void master_read_init(struct master_read *r, const struct profile_master *m)
{
	*r = (struct master_read){.m = m, .entries = json_object(), .told = -1};
}

void master_read_free(struct master_read *r)
{
	json_decref(r->entries);
	*r = (struct master_read){0};
}

/* --- entries --- */

/* One line without blanks around or doubled; NULL when nothing is left. Caller frees. */
static char *plain_line(const char *s, size_t max_len)
{
	_cleanup_free_ char *out = NULL;
	size_t n = 0;

	if (!s || strlen(s) > max_len)
		return NULL;
	out = xmalloc(strlen(s) + 1);
	for (; *s; s++) {
		const unsigned char c = (unsigned char)*s;

		if (c > ' ' && c != 0x7f)
			out[n++] = *s;
		else if (n && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return n ? TAKE_PTR(out) : NULL;
}

/* A number, or a word such as a template's code. NULL: neither. Caller frees. */
static char *id_text(const json_t *v)
{
	if (json_is_integer(v))
		return xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return plain_line(json_string_value(v), ID_MAX_LEN);
}

static char *name_text(const char *s)
{
	char *name = plain_line(s, NAME_MAX_LEN);

	if (name)
		name[utf8_prefix(name, MASTERS_NAME_CHARS)] = '\0';
	return name;
}

/* false: its number stands there already. */
static bool keep(struct master_read *r, const char *id, const char *name)
{
	if (json_object_get(r->entries, id))
		return false;
	json_set_str(r->entries, id, name);
	return true;
}

static int too_many(const struct master_read *r, struct err *e)
{
	if (r->seen < MASTERS_ENTRIES_MAX)
		return 0;
	return err_set(e, -E2BIG, "more than %d entries", MASTERS_ENTRIES_MAX);
}

/* --- pages --- */

static int read_entries(struct master_read *r, const json_t *list, long *added, struct err *e)
{
	const json_t *v;
	size_t i;

	json_array_foreach (list, i, v) {
		_cleanup_free_ char *id = id_text(json_at(v, r->m->id));
		_cleanup_free_ char *name = name_text(json_string_value(json_at(v, r->m->label)));
		int rc = too_many(r, e);

		if (rc)
			return rc;
		r->seen++;
		if (!id || !name)
			r->skipped++;
		else if (keep(r, id, name))
			(*added)++;
		else
			r->doubles++;
	}
	return 0;
}

static void read_count(struct master_read *r, const json_t *answer)
{
	const json_t *v = r->m->count ? json_at(answer, r->m->count) : NULL;
	int64_t n = -1;

	if (json_is_integer(v))
		r->told = MAX(json_integer_value(v), 0);
	else if (json_is_string(v) && !parse_i64(json_string_value(v), 0, INT64_MAX, &n))
		r->told = n;
}

static bool says_more(const struct master_read *r, const json_t *answer)
{
	const json_t *v = r->m->more ? json_at(answer, r->m->more) : NULL;

	return json_is_true(v) || json_is_object(v) ||
	       (json_is_integer(v) && json_integer_value(v)) ||
	       (json_is_string(v) && *json_string_value(v));
}

int master_read_page(
	struct master_read *r, const char *body, size_t n, bool *ret_more, struct err *e)
{
	_cleanup_json_ json_t *answer = NULL;
	const json_t *list;
	long added = 0;
	int rc = json_parse(body, n, r->m->max_answer, &answer, e);

	*ret_more = false;
	if (rc)
		return err_prefix(e, "page %d", r->pages + 1);
	list = r->m->list ? json_at(answer, r->m->list) : answer;
	if (!json_is_array(list))
		return err_set(e, -EINVAL, "page %d: no list at %s", r->pages + 1,
			r->m->list ? r->m->list : "its top");
	rc = read_entries(r, list, &added, e);
	if (rc)
		return rc;
	read_count(r, answer);
	r->pages++;
	*ret_more = says_more(r, answer);
	if (*ret_more && !added)
		return err_set(e, -EINVAL,
			"page %d brings nothing new and says that more follow; is `page` the name "
			"of the parameter that asks for the next?",
			r->pages);
	if (*ret_more && r->pages == MASTERS_PAGES_MAX)
		return err_set(e, -E2BIG, "more than %d pages", MASTERS_PAGES_MAX);
	return 0;
}

int master_read_end(const struct master_read *r, struct err *e)
{
	if (r->told >= 0 && r->told != r->seen)
		return err_set(e, -EINVAL,
			"%ld entries came, of %lld that it says there are: not whole, not taken",
			r->seen, (long long)r->told);
	if (!json_object_size(r->entries))
		return err_set(e, -EINVAL, "it is empty%s: not believed, not taken",
			r->skipped ? " but for entries without number or name" : "");
	if (r->skipped * SKIP_ONE_OF > r->seen)
		return err_set(e, -EINVAL,
			"%ld of %ld entries have no number at `%s` or no name at `%s`: not taken",
			r->skipped, r->seen, r->m->id, r->m->label);
	return 0;
}

/* --- a file kept by hand --- */

struct csv_file {
	const char *name, *p;
	size_t n;
	struct csv_rules rules;
	size_t id, label; /* columns */
	int line;
};

static int csv_fault(const struct csv_file *f, const char *what, struct err *e)
{
	return err_set(e, -EINVAL, "%s:%d: %s", f->name, f->line, what);
}

/* 1: a row; 0: the end. */
static int csv_row(struct csv_file *f, struct csv_row *row)
{
	f->line += row->lines;
	if (!f->n || csv_next(f->p, f->n, true, &f->rules, row) != 1)
		return 0;
	f->p += row->raw_len;
	f->n -= row->raw_len;
	return 1;
}

static int csv_head(struct csv_file *f, struct csv_row *row, struct err *e)
{
	bool id = false, label = false;

	if (!csv_row(f, row) || row->fault)
		return csv_fault(f, "the first line must be: id,name", e);
	for (size_t i = 0; i < row->n; i++) {
		if (strcasecmp(row->fields[i], "id") == 0)
			f->id = i, id = true;
		else if (strcasecmp(row->fields[i], "name") == 0)
			f->label = i, label = true;
	}
	f->rules.columns = row->n;
	return id && label ? 0 : csv_fault(f, "the first line must be: id,name", e);
}

static int csv_entry(
	struct master_read *r, const struct csv_file *f, const struct csv_row *row, struct err *e)
{
	_cleanup_free_ char *id = NULL, *name = NULL;
	int rc = too_many(r, e);

	if (rc || row->blank)
		return rc;
	if (row->fault)
		return csv_fault(f, row->fault, e);
	id = plain_line(row->fields[f->id], ID_MAX_LEN);
	name = name_text(row->fields[f->label]);
	if (!id || !name)
		return csv_fault(f, "a line has an id and a name", e);
	r->seen++;
	return keep(r, id, name) ? 0 : csv_fault(f, "this id stands above already", e);
}

int master_read_csv(struct master_read *r, const char *name, const char *p, size_t n, struct err *e)
{
	struct csv_file f = {.name = name, .line = 1};
	struct csv_row row = {0};
	const int bom = csv_bom(p, n);
	int rc;

	if (bom < 0)
		return err_set(e, -EINVAL, "%s: UTF-16; save it as CSV UTF-8", name);
	f.p = p + bom;
	f.n = n - (size_t)bom;
	f.rules = (struct csv_rules){.delimiter = csv_guess_delimiter(f.p, f.n),
		.encoding = utf8_valid(f.p, f.n) ? CSV_UTF8 : CSV_WINDOWS_1252};
	rc = csv_head(&f, &row, e);
	while (!rc && csv_row(&f, &row))
		rc = csv_entry(r, &f, &row, e);
	csv_row_free(&row);
	r->pages = 1;
	return rc;
}
