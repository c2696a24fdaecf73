/* options: see options.h. This file reads the layers (file, drop-ins), fills the rows, finds
 * unknown keys; options_value.c converts one value, options_fields.c compares and releases,
 * options_print.c writes YAML.
 *
 * Guarantees: every fault of every file is told in one run, in the order file by file, then row by
 * row; a fault never quotes a value (it may be a secret that stands in the wrong place). A value
 * overridden by a later file is still checked, except that its secret file is not opened.
 * Known gap: maps and lists are replaced as a whole by a later file, not merged. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/options_private.h"
#include "base/util.h"

#define FILE_MAX_BYTES	(1 << 20)
#define FAULTS_MAX_TEXT (64 * 1024)
#define NAMES_MAX	300 /* bytes of a list of valid keys in a fault */

/* --- telling faults ------------------------------------------------------------------------ */

__attribute__((format(printf, 4, 0))) static void fault_va(struct options_faults *f,
	const struct options_layer *at, const char *key, const char *fmt, va_list ap)
{
	_cleanup_free_ char *full = xasprintf("%s%s", at->prefix, key);
	char text[2048]; /* the faults of a second file may be told within one */

	vsnprintf(text, sizeof text, fmt, ap);
	f->n++;
	if (json_object_set_new(f->keys, full, json_true()))
		abort(); /* out of memory */
	if (!at->lines)
		(void)buf_addf(&f->text, "%s: %s%s%s\n", at->file, full, *full ? ": " : "", text);
	else
		(void)buf_addf(&f->text, "%s:%d: %s%s%s\n", at->file, yaml_line(at->lines, full),
			full, *full ? ": " : "", text);
}

void options_fault_at(struct options_faults *f, const struct options_layer *at, const char *key,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fault_va(f, at, key, fmt, ap);
	va_end(ap);
}

static const struct options_layer *last_mention(
	const struct options_layer *layers, size_t n, const char *key)
{
	while (n-- > 0)
		if (options_find(layers[n].map, key))
			return &layers[n];
	return NULL;
}

void options_fault(struct options_faults *f, const char *key, const char *fmt, ...)
{
	const struct options_layer nowhere = {.file = f->file, .prefix = ""};
	const struct options_layer *at;
	va_list ap;

	if (json_object_get(f->keys, key))
		return; /* the table has told what is wrong there; this follows from it */
	at = *key ? last_mention(f->layers, f->n_layers, key) : NULL;
	if (!at)
		at = f->n_layers ? &f->layers[0] : &nowhere;
	va_start(ap, fmt);
	fault_va(f, at, key, fmt, ap);
	va_end(ap);
}

/* --- looking up ---------------------------------------------------------------------------- */

static json_t *member(const json_t *map, const char *name, size_t n)
{
	_cleanup_free_ char *key = xstrndup(name, n);

	return json_object_get(map, key);
}

json_t *options_find(json_t *map, const char *key)
{
	for (const char *dot = strchr(key, '.'); dot && map; dot = strchr(key, '.')) {
		map = member(map, key, (size_t)(dot - key));
		key = dot + 1;
		if (json_is_array(map)) { /* "tenants.0.name", asked by a check */
			map = json_array_get(map, (size_t)strtoul(key, NULL, 10));
			dot = strchr(key, '.');
			if (!dot)
				return map;
			key = dot + 1;
		}
	}
	return json_object_get(map, key);
}

bool options_given(const struct options_faults *f, const char *key)
{
	const struct options_layer *at = last_mention(f->layers, f->n_layers, key);

	return at && !json_is_null(options_find(at->map, key));
}

/* --- unknown keys -------------------------------------------------------------------------- */

/* Levenshtein distance, names cut at 63 bytes. */
static int distance(const char *a, const char *b)
{
	int row[64], n = (int)strnlen(b, 63);

	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 0; i < 63 && a[i]; i++) {
		int diagonal = row[0];

		row[0] = i + 1;
		for (int j = 1; j <= n; j++) {
			int swap = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(swap, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[n];
}

static const char *nearest(const struct option_row *rows, const char *key)
{
	const char *last = strrchr(key, '.') ? strrchr(key, '.') + 1 : key, *best = NULL;
	int best_distance = MAX(2, (int)strlen(last) / 3) + 1;

	for (const struct option_row *r = rows; r->key; r++) {
		const char *leaf = strrchr(r->key, '.');
		int d = distance(key, r->key);

		if (leaf) /* right name, wrong place */
			d = MIN(d, distance(last, leaf + 1) + 1);
		if (d < best_distance)
			best_distance = d, best = r->key;
	}
	return best;
}

static void fault_unknown(struct options_faults *f, const struct options_layer *at,
	const struct option_row *rows, const char *key)
{
	const char *best = nearest(rows, key);
	_cleanup_buf_ struct buf names = BUF_INIT(NAMES_MAX);

	if (best && strcmp(best, key) == 0) {
		options_fault_at(f, at, key,
			"is written with a dot; write it as nested maps, one key a level");
		return;
	}
	if (best) {
		options_fault_at(
			f, at, key, "is no option; the nearest is \"%s%s\"", at->prefix, best);
		return;
	}
	for (const struct option_row *r = rows; r->key; r++)
		(void)buf_addf(&names, "%s%s", r == rows ? "" : ", ", r->key);
	options_fault_at(f, at, key, "is no option; valid here: %s%s", buf_str(&names),
		names.over ? " …" : "");
}

static const struct option_row *find_row(const struct option_row *rows, const char *key)
{
	for (; rows->key; rows++)
		if (strcmp(rows->key, key) == 0)
			return rows;
	return NULL;
}

static bool is_parent(const struct option_row *rows, const char *key)
{
	size_t n = strlen(key);

	for (; rows->key; rows++)
		if (strncmp(rows->key, key, n) == 0 && rows->key[n] == '.')
			return true;
	return false;
}

/* `within`: "" or "tls." */
static void find_unknown(struct options_faults *f, const struct options_layer *at,
	const struct option_row *rows, json_t *map, const char *within)
{
	const char *name;
	json_t *v;

	json_object_foreach (map, name, v) {
		_cleanup_free_ char *key = xasprintf("%s%s", within, name);

		/* a literal dot in a name is no nesting: yaml keeps it in one key */
		if (!strchr(name, '.') && find_row(rows, key))
			continue;
		if (strchr(name, '.') || !is_parent(rows, key)) {
			fault_unknown(f, at, rows, key);
		} else if (json_is_object(v)) {
			_cleanup_free_ char *inner = xasprintf("%s.", key);

			find_unknown(f, at, rows, v, inner);
		} else if (!json_is_null(v)) {
			options_fault_at(f, at, key, "must be a map of further options");
		}
	}
}

/* --- filling ------------------------------------------------------------------------------- */

static const struct options_layer *winner_of(
	const struct option_row *row, const struct options_layer *layers, size_t n_layers)
{
	return last_mention(layers, n_layers, row->key);
}

/* Whether the row got a value, or one was refused (then a missing one is not told as well). */
static bool fill_from_layers(struct options_faults *f, const struct option_row *row,
	const struct options_layer *layers, size_t n_layers, void *base, bool *ret_set)
{
	const struct options_layer *winner = winner_of(row, layers, n_layers);
	bool told = false;

	*ret_set = false;
	for (const struct options_layer *l = layers; l < layers + n_layers; l++) {
		json_t *v = options_find(l->map, row->key);

		if (!v || (l != winner && row->type == OPT_SECRET))
			continue;
		options_free_field(row, base);
		*ret_set = false;
		if (json_is_null(v)) /* "key:" takes back what an earlier file said */
			continue;
		if (options_convert(f, l, row, v, base))
			*ret_set = true;
		else
			told = true;
	}
	return told;
}

static void fill_row(struct options_faults *f, const struct option_row *row,
	const struct options_layer *layers, size_t n_layers, void *base)
{
	bool set, told = fill_from_layers(f, row, layers, n_layers, base, &set);
	const struct options_layer *at;

	if (set)
		return;
	options_free_field(row, base);
	/* also after a fault, so that checks of several options find something sensible */
	if (row->def) {
		(void)options_convert_default(f, layers[0].file, row, base);
		return;
	}
	if (told || !(row->flags & OPT_REQUIRED))
		return;
	at = winner_of(row, layers, n_layers);
	options_fault_at(f, at ? at : &layers[0], row->key, "is missing and must be set: %s",
		row->help ? row->help : "see --help");
}

void options_fill(struct options_faults *f, const struct option_row *rows,
	const struct options_layer *layers, size_t n_layers, void *base)
{
	for (size_t i = 0; i < n_layers; i++)
		find_unknown(f, &layers[i], rows, layers[i].map, "");
	for (; rows->key; rows++)
		fill_row(f, rows, layers, n_layers, base);
}

/* --- files --------------------------------------------------------------------------------- */

struct file { /* behind a layer */
	char *path;
	json_t *root;
	struct yaml_lines *lines;
};
struct files {
	struct file *v;
	size_t n;
};

static void files_free(struct files *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].path);
		json_decref(l->v[i].root);
		yaml_lines_free(l->v[i].lines);
	}
	free(l->v);
}

/* Steals `path`. */
static void add_file(struct options_faults *f, struct files *l, char *path)
{
	struct file *file;
	int n = 0;

	l->v = xrealloc(l->v, (l->n + 1) * sizeof *l->v);
	file = &l->v[l->n++];
	*file = (struct file){.path = path};
	(void)yaml_load_file_all(
		path, FILE_MAX_BYTES, &file->root, &file->lines, &f->text, &n, NULL);
	f->n += n;
	if (file->root && !json_is_object(file->root)) {
		if (!json_is_null(file->root))
			options_fault_at(f,
				&(struct options_layer){
					.file = path, .lines = file->lines, .prefix = ""},
				"", "must be a map of options, \"key: value\" on each line");
		json_decref(file->root);
		file->root = json_object();
	}
}

static int is_dropin(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".yaml") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name); /* not alphasort: no locale */
}

static void add_dropins(struct options_faults *f, struct files *l, const char *path)
{
	_cleanup_free_ char *dir = xasprintf("%s.d", path);
	struct dirent **names = NULL;
	int n = scandir(dir, &names, is_dropin, by_name);

	if (n < 0 && errno != ENOENT) {
		f->n++;
		(void)buf_addf(&f->text, "%s: cannot be read: %s\n", dir, strerror(errno));
	}
	for (int i = 0; i < n; i++) {
		add_file(f, l, xasprintf("%s/%s", dir, names[i]->d_name));
		free(names[i]);
	}
	free(names);
}

/* Layers of the files that could be read; caller frees the array only. */
static struct options_layer *layers_of(const struct files *l, size_t *ret_n)
{
	struct options_layer *layers = xcalloc(l->n, sizeof *layers);

	*ret_n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].root)
			layers[(*ret_n)++] = (struct options_layer){.file = l->v[i].path,
				.map = l->v[i].root,
				.lines = l->v[i].lines,
				.prefix = ""};
	return layers;
}

int options_load(const char *path, const struct option_row *rows, void *target,
	void (*check)(void *target, struct options_faults *f), struct buf *ret_faults,
	struct err *e)
{
	struct options_faults f = {
		.text = BUF_INIT(FAULTS_MAX_TEXT), .keys = json_object(), .file = path};
	_cleanup_free_ struct options_layer *layers = NULL;
	struct files files = {0};

	add_file(&f, &files, xstrdup(path));
	add_dropins(&f, &files, path);
	layers = layers_of(&files, &f.n_layers);
	f.layers = layers;
	/* A file that cannot be read is one fault; "is missing" for all it should have set is not
	 */
	if (files.v[0].root) {
		options_fill(&f, rows, layers, f.n_layers, target);
		if (check)
			check(target, &f);
	}
	if (f.n) {
		options_free(rows, target);
		if (ret_faults)
			(void)buf_add(ret_faults, buf_str(&f.text), f.text.len);
	}
	files_free(&files);
	buf_free(&f.text);
	json_decref(f.keys);
	return f.n ? err_set(e, -EINVAL, "%d fault%s", f.n, f.n == 1 ? "" : "s") : 0;
}
