/* options_print: a table as YAML: with values (--print-config) or as the commented sample (--help).
 *
 * What options_print writes can be read again by options_load (secrets excepted). Rows of one
 * nested map must stand together in their table. */
#include <inttypes.h>
#include <string.h>

#include "base/options_private.h"
#include "base/util.h"

#define MASKED	   "********"
#define HELP_WIDTH 96

/* What stands in front of a line: '#' in the sample, blanks, "- " on the first line of an entry. */
struct margin {
	FILE *out;
	const char *mark;
	int indent;
	bool dash;
};

static void begin(struct margin *m, int more)
{
	fprintf(m->out, "%s%*s%s", m->mark, m->dash ? m->indent - 2 + more : m->indent + more, "",
		m->dash ? "- " : "");
	m->dash = false;
}

/* Opens the maps of a dotted key that the row before has not opened. Returns the leaf's name. */
static const char *open_parents(
	struct margin *m, const char *key, const char *before, int *ret_indent)
{
	const char *leaf = key, *dot;

	*ret_indent = 0;
	while ((dot = strchr(leaf, '.'))) {
		size_t n = (size_t)(dot + 1 - key);

		if (!before || strncmp(before, key, n) != 0) {
			begin(m, *ret_indent);
			fprintf(m->out, "%.*s:\n", (int)(dot - leaf), leaf);
		}
		*ret_indent += 2;
		leaf = dot + 1;
	}
	return leaf;
}

/* Text in double quotes, as JSON and YAML have them in common. */
static void put_text(FILE *out, const char *s)
{
	_cleanup_json_ json_t *v = s ? json_string(s) : NULL;
	_cleanup_free_ char *text = v ? json_dumps(v, JSON_ENCODE_ANY) : NULL;

	fputs(text ? text : "~", out);
}

static void put_json(FILE *out, const json_t *v)
{
	_cleanup_free_ char *text = v ? json_dumps(v, JSON_ENCODE_ANY) : NULL;

	fputs(text ? text : "~", out);
}

static void put_strings(FILE *out, const struct strlist *l)
{
	fputc('[', out);
	for (size_t i = 0; i < l->n; i++) {
		fputs(i ? ", " : "", out);
		put_text(out, l->v[i]);
	}
	fputc(']', out);
}

static void put_map(FILE *out, const struct strmap *m)
{
	fputc('{', out);
	for (size_t i = 0; i < m->n; i++) {
		fputs(i ? ", " : "", out);
		put_text(out, m->v[i].key);
		fputs(": ", out);
		put_text(out, m->v[i].value);
	}
	fputc('}', out);
}

static void put_value(FILE *out, const struct option_row *row, const void *field)
{
	char number[OPT_NUMBER_TEXT_SIZE];

	switch (row->type) {
	case OPT_STRING:
	case OPT_PATH:
		put_text(out, *(char *const *)field);
		break;
	case OPT_SECRET:
		put_text(out, *(char *const *)field ? MASKED : NULL);
		break;
	case OPT_INT:
	case OPT_DURATION:
	case OPT_SIZE:
		options_format_number(row->type, *(const int64_t *)field, number);
		fputs(number, out);
		break;
	case OPT_BOOL:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case OPT_ENUM:
		fputs(row->choices[*(const int *)field], out);
		break;
	case OPT_STRINGS:
		put_strings(out, field);
		break;
	case OPT_MAP:
		put_map(out, field);
		break;
	case OPT_JSON:
		put_json(out, *(json_t *const *)field);
		break;
	case OPT_LIST:
		break;
	}
}

static void print_rows(struct margin *m, const struct option_row *rows, const void *target);

static void print_list(
	struct margin *m, int indent, const struct option_row *row, const struct optlist *l)
{
	struct margin inner = *m;

	fputs(l->n ? "\n" : " []\n", m->out);
	inner.indent += indent + 4;
	for (size_t i = 0; i < l->n; i++) {
		inner.dash = true;
		print_rows(&inner, row->sub, (const char *)l->v + i * row->sub_size);
	}
}

static void print_rows(struct margin *m, const struct option_row *rows, const void *target)
{
	const char *before = NULL;

	for (const struct option_row *r = rows; r->key; before = r->key, r++) {
		const void *field = (const char *)target + r->offset;
		int indent;
		const char *leaf = open_parents(m, r->key, before, &indent);

		begin(m, indent);
		fprintf(m->out, "%s:", leaf);
		if (r->type == OPT_LIST) {
			print_list(m, indent, r, field);
			continue;
		}
		fputc(' ', m->out);
		put_value(m->out, r, field);
		fputc('\n', m->out);
	}
}

void options_print(const struct option_row *rows, const void *target, FILE *out)
{
	struct margin m = {.out = out, .mark = ""};

	print_rows(&m, rows, target);
}

/* --- the sample ---------------------------------------------------------------------------- */

static const char *const type_names[] = {[OPT_STRING] = "text",
	[OPT_INT] = "number",
	[OPT_BOOL] = "true or false",
	[OPT_DURATION] = "duration",
	[OPT_SIZE] = "size",
	[OPT_ENUM] = "one of",
	[OPT_PATH] = "path",
	[OPT_SECRET] = "file of mode 0600 with the secret in it, or %d/credential",
	[OPT_STRINGS] = "list of texts",
	[OPT_MAP] = "map of texts",
	[OPT_LIST] = "list of maps",
	[OPT_JSON] = "data"};

static void describe_limits(const struct option_row *r, struct buf *out)
{
	bool number = r->type == OPT_DURATION || r->type == OPT_SIZE || r->type == OPT_INT;
	const char *what = number ? "" : r->type >= OPT_STRINGS ? " entries" : " bytes";
	char min[OPT_NUMBER_TEXT_SIZE], max[OPT_NUMBER_TEXT_SIZE];

	options_format_number(number ? r->type : OPT_INT, r->min, min);
	options_format_number(number ? r->type : OPT_INT, r->max, max);
	if (r->min && !r->max)
		(void)buf_addf(out, ", at least %s%s", min, what);
	else if (!number && r->max && !r->min)
		(void)buf_addf(out, ", at most %s%s", max, what);
	else if (r->max)
		(void)buf_addf(out, ", %s to %s%s", min, max, what);
}

/* "Sentence. (required; text, 1 to 64 bytes)" */
static void describe(const struct option_row *r, struct buf *out)
{
	size_t n = r->help ? strlen(r->help) : 0;

	if (n)
		(void)buf_addf(out, "%s%s ", r->help, r->help[n - 1] == '.' ? "" : ".");
	(void)buf_addf(out, "(%s%s", r->flags & OPT_REQUIRED && !r->def ? "required; " : "",
		type_names[r->type]);
	for (int i = 0; r->type == OPT_ENUM && r->choices[i]; i++)
		(void)buf_addf(out, "%s%s", i ? ", " : ": ", r->choices[i]);
	describe_limits(r, out);
	(void)buf_addc(out, ')');
}

/* Fills lines up to HELP_WIDTH, broken at blanks. Inside a list they stay comments when the
 * sample's own '#' is taken away. */
static void put_comment(FILE *out, int indent, const char *text)
{
	int column = 0;

	while (*text) {
		int n = (int)strcspn(text, " ");

		if (column && column + 1 + n > HELP_WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		column += column ? fprintf(out, " %.*s", n, text)
				 : fprintf(out, "%s%*s# %.*s", indent ? "#" : "", indent, "", n,
					   text);
		text += n + (text[n] == ' ');
	}
	fputc('\n', out);
}

/* A default as it must stand in a file: quoted where YAML would read something else ("*.csv"). */
static void put_default(FILE *out, const struct option_row *r)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "./_:+-";
	bool text = r->type == OPT_STRING || r->type == OPT_PATH;

	if (!r->def)
		return;
	fputc(' ', out);
	if (text && (!*r->def || r->def[strspn(r->def, plain)] || strchr("-:", r->def[0])))
		put_text(out, r->def);
	else
		fputs(r->def, out);
}

static void help_rows(struct margin *m, const struct option_row *rows)
{
	const char *before = NULL;

	for (const struct option_row *r = rows; r->key; before = r->key, r++) {
		_cleanup_buf_ struct buf text = BUF_INIT(4096);
		struct margin inner = *m;
		const char *leaf;
		int indent;

		describe(r, &text);
		put_comment(m->out, m->indent, buf_str(&text));
		leaf = open_parents(m, r->key, before, &indent);
		begin(m, indent);
		fprintf(m->out, "%s:", leaf);
		put_default(m->out, r);
		fputc('\n', m->out);
		if (r->type == OPT_LIST) {
			inner.indent += indent + 4;
			inner.dash = true;
			help_rows(&inner, r->sub);
		}
	}
}

void options_help(const struct option_row *rows, FILE *out)
{
	struct margin m = {.out = out, .mark = "#"};

	help_rows(&m, rows);
}
