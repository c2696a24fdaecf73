/* options_value: one value of a configuration file into one field; see options.h.
 *
 * All scalars are converted from the text as it stood in the file, so that `account: 112` and
 * `version: 1.10` keep their spelling. Faults never quote the value. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fsio.h"
#include "base/options_private.h"
#include "base/util.h"

#define SECRET_MAX_BYTES (64 * 1024)
#define CREDENTIAL	 "%d/"
#define STAND_IN	 "secret-not-read"

static bool without_secrets;

void options_without_secrets(void)
{
	without_secrets = true;
}

static const struct unit {
	const char *name;
	int64_t factor;
} durations[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}},
  sizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};

/* --- numbers with units -------------------------------------------------------------------- */

static int parse_units(
	const char *s, const struct unit *units, size_t n, int64_t bare, int64_t *ret)
{
	size_t digits = strspn(s, "0123456789");
	_cleanup_free_ char *number = xstrndup(s, digits);
	const char *unit = s + digits;
	int64_t factor = 0, v;
	int r = digits ? parse_i64(number, 0, INT64_MAX, &v) : -EINVAL;

	if (r)
		return r;
	if (!*unit)
		factor = v == 0 ? 1 : bare; /* nothing needs no unit */
	for (size_t i = 0; i < n; i++)
		if (strcmp(unit, units[i].name) == 0)
			factor = units[i].factor;
	if (!factor)
		return -EINVAL;
	return __builtin_mul_overflow(v, factor, ret) ? -ERANGE : 0;
}

int options_parse_duration(const char *s, int64_t *ret_ms)
{
	return parse_units(s, durations, ARRAY_SIZE(durations), 0, ret_ms);
}

int options_parse_size(const char *s, int64_t *ret_bytes)
{
	return parse_units(s, sizes, ARRAY_SIZE(sizes), 1, ret_bytes);
}

static void format_units(
	int64_t v, const struct unit *units, size_t n, char out[OPT_NUMBER_TEXT_SIZE])
{
	const struct unit *u = &units[n - 1];

	for (size_t i = n; v && i-- > 0;)
		if (v % units[i].factor == 0)
			u = &units[i];
	snprintf(out, OPT_NUMBER_TEXT_SIZE, "%" PRId64 "%s", v / u->factor, u->name);
}

void options_format_duration(int64_t ms, char out[OPT_NUMBER_TEXT_SIZE])
{
	format_units(ms, durations, ARRAY_SIZE(durations), out);
}

void options_format_size(int64_t bytes, char out[OPT_NUMBER_TEXT_SIZE])
{
	format_units(bytes, sizes, ARRAY_SIZE(sizes), out);
}

void options_format_number(enum option_type t, int64_t v, char out[OPT_NUMBER_TEXT_SIZE])
{
	if (t == OPT_DURATION)
		options_format_duration(v, out);
	else if (t == OPT_SIZE)
		options_format_size(v, out);
	else
		snprintf(out, OPT_NUMBER_TEXT_SIZE, "%" PRId64, v);
}

/* --- limits -------------------------------------------------------------------------------- */

static bool outside(const struct option_row *row, int64_t v)
{
	return (row->min || row->max) && (v < row->min || (row->max && v > row->max));
}

/* "1 to 7", "at least 1m", "at most 7" */
static const char *allowed(const struct option_row *row, enum option_type t, char *out, size_t size)
{
	char min[OPT_NUMBER_TEXT_SIZE], max[OPT_NUMBER_TEXT_SIZE];

	options_format_number(t, row->min, min);
	options_format_number(t, row->max, max);
	if (!row->max)
		snprintf(out, size, "at least %s", min);
	else
		snprintf(out, size, "%s to %s", min, max);
	return out;
}

static bool length_ok(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, size_t n, const char *what)
{
	char range[80];

	if (!outside(row, (int64_t)n))
		return true;
	options_fault_at(f, at, row->key, "has %zu %s; allowed: %s", n, what,
		allowed(row, OPT_INT, range, sizeof range));
	return false;
}

/* --- scalars ------------------------------------------------------------------------------- */

static bool to_number(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, const char *s, int64_t *ret)
{
	static const char *const forms[] = {[OPT_INT] = "a whole number",
		[OPT_DURATION] = "a duration: a number and ms, s, m, h or d, such as 30s",
		[OPT_SIZE] = "a size: a number of bytes, or with KiB, MiB or GiB, such as 64KiB"};
	char range[80];
	int64_t v = 0;
	int r;

	if (row->type == OPT_DURATION)
		r = options_parse_duration(s, &v);
	else if (row->type == OPT_SIZE)
		r = options_parse_size(s, &v);
	else
		r = parse_i64(s, INT64_MIN, INT64_MAX, &v);
	if (r == -EINVAL)
		options_fault_at(f, at, row->key, "must be %s", forms[row->type]);
	else if (r || outside(row, v))
		options_fault_at(f, at, row->key, "is out of range; allowed: %s",
			row->min || row->max ? allowed(row, row->type, range, sizeof range)
					     : "numbers of 64 bits");
	else
		*ret = v;
	return r == 0 && !outside(row, v);
}

static bool to_bool(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, const char *s, bool *ret)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(s, words[i]) == 0) {
			*ret = i % 2;
			return true;
		}
	}
	options_fault_at(f, at, row->key, "must be true or false (also yes/no, on/off)");
	return false;
}

static bool to_enum(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, const char *s, int *ret)
{
	_cleanup_buf_ struct buf names = BUF_INIT(400);

	for (int i = 0; row->choices[i]; i++) {
		if (strcmp(row->choices[i], s) == 0) {
			*ret = i;
			return true;
		}
		(void)buf_addf(&names, "%s%s", i ? ", " : "", row->choices[i]);
	}
	options_fault_at(f, at, row->key, "must be one of: %s", buf_str(&names));
	return false;
}

/* `path` as it is, or beside the file that names it. */
static char *resolve(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	if (path[0] == '/' || !slash)
		return xstrdup(path);
	return xasprintf("%.*s/%s", (int)(slash - file), file, path);
}

static bool to_path(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, const char *s, char **ret)
{
	if (!*s) {
		options_fault_at(f, at, row->key, "is empty; write a path, or leave the key out");
		return false;
	}
	if (!length_ok(f, at, row, strlen(s), "bytes"))
		return false;
	*ret = resolve(at->file, s);
	return true;
}

/* --- secrets ------------------------------------------------------------------------------- */

/* The file a secret lies in, NULL after telling a fault. *ret_trusted: systemd made it. */
static char *secret_path(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, const char *s, bool *ret_trusted)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	const char *name = s + strlen(CREDENTIAL);

	*ret_trusted = true;
	if (strncmp(s, CREDENTIAL, strlen(CREDENTIAL)) == 0) {
		if (!*name || strchr(name, '/') || name[0] == '.')
			options_fault_at(f, at, row->key,
				"after %%d/ comes the name of one credential, without \"/\"");
		else if (!dir || !*dir)
			options_fault_at(f, at, row->key,
				"names a systemd credential, but $CREDENTIALS_DIRECTORY is not "
				"set; "
				"run the unit with LoadCredential=%s:FILE, or name a file of mode "
				"0600",
				name);
		else
			return xasprintf("%s/%s", dir, name);
		return NULL;
	}
	if (!*s) {
		options_fault_at(f, at, row->key, "is empty; name the file that holds the secret");
		return NULL;
	}
	*ret_trusted = dir && *dir && strncmp(s, dir, strlen(dir)) == 0 && s[strlen(dir)] == '/' &&
		       !strstr(s, "/../");
	return resolve(at->file, s);
}

/* Text without its last line end; false when there is nothing or a NUL in it. */
static bool trim_secret(char *text, size_t n)
{
	if (n && text[n - 1] == '\n')
		text[--n] = '\0';
	if (n && text[n - 1] == '\r')
		text[--n] = '\0';
	return n && strlen(text) == n;
}

static bool read_secret(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, const char *path, bool trusted, char **ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *text = NULL;
	struct err e = {0};
	struct stat st;
	size_t n = 0;

	if (fd < 0 || fstat(fd, &st)) {
		options_fault_at(f, at, row->key, "its file %s: %s; create it with mode 0600", path,
			strerror(errno));
	} else if (!trusted && (st.st_mode & 077)) {
		options_fault_at(f, at, row->key,
			"its file %s has mode %04o, others may read it; chmod 600 it", path,
			st.st_mode & 07777);
	} else if (fsio_read_fd(fd, path, SECRET_MAX_BYTES, &text, &n, &e)) {
		options_fault_at(f, at, row->key, "its file %s", e.text);
	} else if (!trim_secret(text, n)) {
		options_fault_at(f, at, row->key,
			"its file %s must hold one text, not empty and without NUL", path);
		explicit_bzero(text, n);
		free(text);
	} else {
		*ret = text;
		return true;
	}
	return false;
}

static bool to_secret(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, const char *s, char **ret)
{
	bool trusted;
	_cleanup_free_ char *path = NULL;

	if (without_secrets) {
		*ret = xstrdup(STAND_IN);
		return true;
	}
	path = secret_path(f, at, row, s, &trusted);
	if (!path || !read_secret(f, at, row, path, trusted, ret))
		return false;
	if (length_ok(f, at, row, strlen(*ret), "bytes"))
		return true;
	options_free_field(
		&(struct option_row){.type = OPT_SECRET}, ret); /* wiped, not only freed */
	return false;
}

static bool from_text(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, const char *s, void *field)
{
	switch (row->type) {
	case OPT_STRING:
		if (!length_ok(f, at, row, strlen(s), "bytes"))
			return false;
		*(char **)field = xstrdup(s);
		return true;
	case OPT_INT:
	case OPT_DURATION:
	case OPT_SIZE:
		return to_number(f, at, row, s, field);
	case OPT_BOOL:
		return to_bool(f, at, row, s, field);
	case OPT_ENUM:
		return to_enum(f, at, row, s, field);
	case OPT_PATH:
		return to_path(f, at, row, s, field);
	case OPT_SECRET:
		return to_secret(f, at, row, s, field);
	default:
		abort(); /* a list or map: not here */
	}
}

/* --- lists and maps ------------------------------------------------------------------------ */

/* The scalar's text, from the file or, for defaults, from the value; "" for null. `key` is full. */
static char *scalar_text(const struct options_layer *at, const char *key, const json_t *v)
{
	const char *text = yaml_text(at->lines, key);

	if (json_is_string(v))
		return xstrdup(json_string_value(v));
	if (json_is_null(v))
		return xstrdup("");
	if (json_is_object(v) || json_is_array(v))
		return NULL;
	if (text)
		return xstrdup(text);
	return json_dumps(v, JSON_ENCODE_ANY);
}

/* One text of a list or map; key with the prefix. NULL: told as a fault. */
static char *entry_text(struct options_faults *f, const struct options_layer *at, const char *key,
	const json_t *item, const char *of)
{
	char *text = item ? scalar_text(at, key, item) : NULL;

	if (!text)
		options_fault_at(f, at, key + strlen(at->prefix), "must be a text in this %s", of);
	return text;
}

static bool to_strings(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, const json_t *v, struct strlist *ret)
{
	bool ok = json_is_array(v);
	size_t i;
	json_t *item;

	if (!ok)
		options_fault_at(f, at, row->key, "must be a list, such as [first, second]");
	json_array_foreach (v, i, item) {
		_cleanup_free_ char *key = xasprintf("%s%s.%zu", at->prefix, row->key, i);
		char *text = entry_text(f, at, key, json_is_null(item) ? NULL : item, "list");

		ok &= text != NULL;
		if (!text)
			continue;
		ret->v = xrealloc(ret->v, (ret->n + 1) * sizeof *ret->v);
		ret->v[ret->n++] = text;
	}
	return ok && length_ok(f, at, row, ret->n, "entries");
}

static bool to_map(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, json_t *v, struct strmap *ret)
{
	bool ok = json_is_object(v);
	const char *name;
	json_t *item;

	if (!ok)
		options_fault_at(f, at, row->key, "must be a map, \"name: text\" on each line");
	json_object_foreach (v, name, item) {
		_cleanup_free_ char *key = xasprintf("%s%s.%s", at->prefix, row->key, name);
		char *text = entry_text(f, at, key, item, "map");

		ok &= text != NULL;
		if (!text)
			continue;
		ret->v = xrealloc(ret->v, (ret->n + 1) * sizeof *ret->v);
		ret->v[ret->n++] = (struct strpair){.key = xstrdup(name),
			.value = text,
			.line = at->lines ? yaml_line(at->lines, key) : 0};
	}
	return ok && length_ok(f, at, row, ret->n, "entries");
}

/* Faults inside an entry are told by options_fill; the entry stays, so that a check finds the
 * others. */
static bool to_list(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, const json_t *v, struct optlist *ret)
{
	bool ok = json_is_array(v);
	size_t i;
	json_t *item;

	if (!ok)
		options_fault_at(f, at, row->key, "must be a list of maps, each begun with \"- \"");
	ret->v = xcalloc(json_array_size(v), row->sub_size);
	json_array_foreach (v, i, item) {
		_cleanup_free_ char *prefix = xasprintf("%s%s.%zu.", at->prefix, row->key, i);
		_cleanup_free_ char *key = xasprintf("%s.%zu", row->key, i);
		struct options_layer inner = {
			.file = at->file, .map = item, .lines = at->lines, .prefix = prefix};

		if (!json_is_object(item)) {
			options_fault_at(f, at, key, "must be a map of options");
			ok = false;
			continue;
		}
		options_fill(f, row->sub, &inner, 1, (char *)ret->v + ret->n++ * row->sub_size);
	}
	return ok && length_ok(f, at, row, ret->n, "entries");
}

static bool from_value(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, json_t *v, void *field)
{
	_cleanup_free_ char *full = xasprintf("%s%s", at->prefix, row->key), *text = NULL;

	switch (row->type) {
	case OPT_STRINGS:
		return to_strings(f, at, row, v, field);
	case OPT_MAP:
		return to_map(f, at, row, v, field);
	case OPT_LIST:
		return to_list(f, at, row, v, field);
	case OPT_JSON:
		*(json_t **)field = json_deep_copy(v);
		return *(json_t **)field != NULL;
	default:
		break;
	}
	if (row->type == OPT_INT && json_is_integer(v)) /* 0x10 and 0o10 are numbers too */
		text = xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else
		text = scalar_text(at, full, v);
	if (!text) {
		options_fault_at(f, at, row->key, "must be one value, not a list or a map");
		return false;
	}
	return from_text(f, at, row, text, field);
}

bool options_convert(struct options_faults *f, const struct options_layer *at,
	const struct option_row *row, json_t *v, void *base)
{
	if (from_value(f, at, row, v, (char *)base + row->offset))
		return true;
	options_free_field(row, base);
	return false;
}

bool options_convert_default(
	struct options_faults *f, const char *file, const struct option_row *row, void *base)
{
	const struct options_layer at = {.file = file, .prefix = ""};
	_cleanup_json_ json_t *v = NULL;
	struct err e = {0};

	if (row->type < OPT_STRINGS) {
		if (from_text(f, &at, row, row->def, (char *)base + row->offset))
			return true;
		options_free_field(row, base);
		return false;
	}
	if (yaml_load_text("default", row->def, strlen(row->def), &v, NULL, NULL, NULL, &e)) {
		options_fault_at(f, &at, row->key, "its built-in %s", e.text);
		return false;
	}
	return json_is_null(v) || options_convert(f, &at, row, v, base);
}
