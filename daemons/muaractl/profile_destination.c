/* profile_destination: see profile_destination.h. */
#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "base/yaml.h"

#include "profile_destination.h"

#define FILE_MAX_BYTES (1 << 20)
#define PATH_MAX_LEN   300
#define SECRET_MAX     8192
#define CREDENTIAL     "%d/"

DEFINE_CLEANUP(struct yaml_lines *, yaml_lines_free);

static void add_pair(struct strmap *m, const char *key, const char *value, int line)
{
	m->v = xrealloc(m->v, (m->n + 1) * sizeof *m->v);
	m->v[m->n++] = (struct strpair){
		.key = xstrdup(key), .value = xstrdup(value ? value : ""), .line = line};
}

static void set_pair(struct strmap *m, const char *key, const char *value)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->v[i].key, key) == 0) {
			free(m->v[i].value);
			m->v[i].value = xstrdup(value);
			return;
		}
	add_pair(m, key, value, 0);
}

static void free_map(struct strmap *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].key);
		free(m->v[i].value);
	}
	free(m->v);
	*m = (struct strmap){0};
}

/* --- one file --- */

struct source {
	char *folder; /* what a relative path in it is relative to, with its '/' */
	json_t *tree;
	struct yaml_lines *lines;
};

static void source_free(struct source *s)
{
	free(s->folder);
	json_decref(s->tree);
	yaml_lines_free(s->lines);
	*s = (struct source){0};
}

/* The map `key` of a destination; values as they stand in the file ("0815" stays so). */
static void read_map(const struct source *s, const char *at, const json_t *d, const char *key,
	struct strmap *ret)
{
	json_t *map = json_object_get(d, key), *v;
	char path[PATH_MAX_LEN];
	const char *name;

	json_object_foreach (map, name, v) {
		snprintf(path, sizeof path, "%s.%s.%s", at, key, name);
		add_pair(ret, name, yaml_text(s->lines, path), yaml_line(s->lines, path));
	}
}

static void read_headers(const json_t *d, struct profile_destination *ret)
{
	const json_t *list = json_object_get(d, "headers"), *h;
	size_t i;

	ret->headers = xcalloc(json_array_size(list) + 1, sizeof *ret->headers);
	json_array_foreach (list, i, h) {
		const char *name = json_str_or(h, "name", ""), *secret = json_str(h, "secret");

		ret->headers[i] = secret ? xasprintf("%s: <secret %s>", name, secret)
					 : xasprintf("%s: %s", name, json_str_or(h, "value", ""));
	}
}

/* As the options do: absolute, or relative to the file that names it; "" stays so. */
static char *beside(const char *folder, const char *path)
{
	return *path && *path != '/' ? xasprintf("%s%s", folder, path) : xstrdup(path);
}

static void read_destination(
	const struct source *s, size_t i, const json_t *d, struct profile_destination *ret)
{
	const char *profile = json_str_or(d, "profile", ""), *ca_file = json_str(d, "ca_file");
	char at[40];
	size_t n;

	snprintf(at, sizeof at, "destinations.%zu", i);
	ret->profile = beside(s->folder, profile);
	ret->folder = xstrdup(s->folder);
	ret->ca_file = ca_file ? beside(s->folder, ca_file) : NULL;
	ret->header_list = json_incref(json_object_get(d, "headers"));
	ret->base = xstrdup(json_str_or(d, "base", ""));
	for (n = strlen(ret->base); n && ret->base[n - 1] == '/'; n--)
		ret->base[n - 1] = '\0';
	read_headers(d, ret);
	read_map(s, at, d, "settings", &ret->settings);
	read_map(s, at, d, "agencies", &ret->agencies);
}

/* --- the file and its drop-ins --- */

/* The file's tree in the place of `last` when it names destinations. */
static int read_source(const char *file, struct source *last, struct err *e)
{
	const char *slash = strrchr(file, '/');
	struct source s = {.folder = xstrndup(file, slash ? (size_t)(slash - file) + 1 : 0)};
	int r = yaml_load_file(file, FILE_MAX_BYTES, &s.tree, &s.lines, e);

	if (!r && json_object_get(s.tree, "destinations")) {
		source_free(last);
		*last = s;
		return 0;
	}
	source_free(&s);
	return r;
}

static int read_sources(const char *file, struct source *ret, struct err *e)
{
	_cleanup_free_ char *pattern = xasprintf("%s.d/*.yaml", file);
	glob_t found = {0};
	int r = read_source(file, ret, e);

	if (!r && glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; !r && i < found.gl_pathc; i++)
			r = read_source(found.gl_pathv[i], ret, e);
	globfree(&found);
	return r;
}

int profile_destination_read(
	const char *file, const char *name, struct profile_destination *ret, struct err *e)
{
	_cleanup_(source_free) struct source s = {0};
	const json_t *list, *d;
	size_t i;
	int r = read_sources(file, &s, e);

	*ret = (struct profile_destination){0};
	if (r)
		return r;
	list = json_object_get(s.tree, "destinations");
	json_array_foreach (list, i, d)
		if (strcmp(json_str_or(d, "name", ""), name) == 0) {
			read_destination(&s, i, d, ret);
			return 0;
		}
	return err_set(e, -ENOENT, "%s: no destination is named \"%s\"", file, name);
}

char *profile_destination_file(const char *given, const char *muara)
{
	const char *slash = strrchr(muara, '/');

	return given ? xstrdup(given)
		     : xasprintf("%.*sforwarder.yaml", slash ? (int)(slash - muara) + 1 : 0, muara);
}

int profile_destination_names(const char *file, json_t **ret, struct err *e)
{
	_cleanup_(source_free) struct source s = {0};
	const json_t *d;
	size_t i;
	int r = read_sources(file, &s, e);

	if (r)
		return r;
	*ret = json_array();
	json_array_foreach (json_object_get(s.tree, "destinations"), i, d)
		if (json_str(d, "name"))
			json_array_append_new(*ret, json_str_new(json_str(d, "name")));
	return 0;
}

/* --- secrets --- */

/* The file of "%d/lapor_auth" or "token.txt"; NULL: e. *ret_trusted: only the service manager and
 * root read there. */
static char *secret_file(
	const struct profile_destination *d, const char *s, bool *ret_trusted, struct err *e)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY"), *name, *tail;

	*ret_trusted = false;
	if (strncmp(s, CREDENTIAL, strlen(CREDENTIAL)) != 0)
		return beside(d->folder, s);
	name = s + strlen(CREDENTIAL);
	if (!*name || strchr(name, '/') || name[0] == '.') {
		err_set(e, -EINVAL, "after %%d/ comes the name of one credential");
		return NULL;
	}
	*ret_trusted = dir && *dir;
	if (*ret_trusted)
		return xasprintf("%s/%s", dir, name);
	tail = strchr(name, '_');
	return tail ? xasprintf("%scredentials/%.*s/%s", d->folder, (int)(tail - name), name,
			      tail + 1)
		    : xasprintf("%scredentials/%s", d->folder, name);
}

static int read_secret(
	const struct profile_destination *d, const char *s, char **ret, struct err *e)
{
	bool trusted = false;
	_cleanup_free_ char *file = secret_file(d, s, &trusted, e);
	struct stat st;
	size_t n = 0;
	int r;

	if (!file)
		return -EINVAL;
	if (stat(file, &st))
		return err_sys(e, -errno, "%s", file);
	if (!trusted && (st.st_mode & 077))
		return err_set(e, -EPERM, "%s: others may read it; chmod 600 it", file);
	r = fsio_read_file(file, SECRET_MAX, ret, &n, e);
	if (r)
		return r;
	while (n && strchr("\r\n", (*ret)[n - 1]))
		(*ret)[--n] = '\0';
	if (n && strlen(*ret) == n && !strpbrk(*ret, "\r\n"))
		return 0;
	explicit_bzero(*ret, n);
	return err_set(e, -EINVAL, "%s: must hold one line", file);
}

int profile_destination_secrets(struct profile_destination *d, struct err *e)
{
	const json_t *h;
	size_t i;

	json_array_foreach (d->header_list, i, h) {
		const char *secret = json_str(h, "secret"), *name = json_str_or(h, "name", "");
		_cleanup_free_ char *value = NULL;
		int r = secret ? read_secret(d, secret, &value, e) : 0;

		if (r)
			return err_prefix(e, "header %s", name);
		if (!value)
			continue;
		free(d->headers[i]);
		d->headers[i] = xasprintf("%s: %s", name, value);
		explicit_bzero(value, strlen(value));
	}
	return 0;
}

/* --- by hand --- */

int profile_destination_set(struct profile_destination *d, const char *text, struct err *e)
{
	const char *eq = strchr(text, '=');
	_cleanup_free_ char *key = eq ? xstrndup(text, (size_t)(eq - text)) : NULL;

	if (!key || !*key)
		return err_set(e, -EINVAL, "NAME=VALUE is wanted, such as institution=12");
	set_pair(&d->settings, key, eq + 1);
	return 0;
}

void profile_destination_free(struct profile_destination *d)
{
	for (char **h = d->headers; h && *h; h++) {
		explicit_bzero(*h, strlen(*h));
		free(*h);
	}
	free(d->headers);
	free(d->profile);
	free(d->base);
	free(d->ca_file);
	free(d->folder);
	json_decref(d->header_list);
	free_map(&d->settings);
	free_map(&d->agencies);
	*d = (struct profile_destination){0};
}
