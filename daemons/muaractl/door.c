/* door: `muaractl door key new|list|revoke`: the keys of the open door (core/doorkey.h).
 *
 * Works on files only: Kafka is not needed. A secret is shown once, by `new`; nothing else prints
 * one. Who, when and why stand in the key's file, also after it was revoked. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/json.h"
#include "base/util.h"
#include "core/doorkey.h"

#include "commands.h"
#include "print.h"

#ifndef MUARA_SYSCONF /* the build says it; checkers do not */
#define MUARA_SYSCONF "/etc/muara"
#endif
#define KEY_MODE 0640
#define RATE_MAX 1000000

static const struct print_column columns[] = {
	{"key", "key", false},
	{"client", "client", false},
	{"use", "use", false},
	{"tenant", "tenant", false},
	{"channels", "channels", false},
	{"review", "review", false},
	{"per_minute", "a minute", true},
	{"burst", "at once", true},
	{"created", "made", false},
	{"revoked", "revoked", false},
	{NULL, NULL, false},
};

static const char *keys_path(const struct ctl *c)
{
	const char *path = ctl_opt(c, "--keys");

	return path ? path : MUARA_SYSCONF "/door-keys";
}

/* The open folder, or -1 after telling. */
static int open_keys(const struct ctl *c)
{
	int fd = open(keys_path(c), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		ctl_fail(c, "%s: %s (make it: install -d -m 2750 -g muara %s)", keys_path(c),
			strerror(errno), keys_path(c));
	return fd;
}

static json_t *act_now(const struct ctl *c)
{
	json_t *o = json_object();
	char at[TIME_TEXT_SIZE];

	time_format(clock_wall_ms(), at);
	json_set_str(o, "at", at);
	json_set_str(o, "by", c->who);
	json_set_str(o, "why", c->why);
	return o;
}

static int write_key(struct ctl *c, int dirfd, const struct doorkey *k, const json_t *created,
	const json_t *revoked)
{
	char name[DOORKEY_ID_SIZE + sizeof DOORKEY_SUFFIX];
	struct err e = {0};
	size_t n;
	char *text = doorkey_text(k, created, revoked, &n);
	int r;

	snprintf(name, sizeof name, "%s%s", k->id, DOORKEY_SUFFIX);
	r = fsio_write_atomic_at(dirfd, name, text, n, KEY_MODE, &e);
	explicit_bzero(text, n);
	free(text);
	return r ? ctl_fail(c, "%s: %s", keys_path(c), e.text) : CTL_OK;
}

/* --- new --- */

static int number_opt(struct ctl *c, const char *name, int64_t def, int64_t *ret)
{
	const char *s = ctl_opt(c, name);

	*ret = def;
	if (s && parse_i64(s, 1, RATE_MAX, ret))
		return ctl_usage(c, "%s: a number from 1 to %d", name, RATE_MAX);
	return CTL_OK;
}

static int channels_opt(struct ctl *c, struct doorkey *k, char *list)
{
	char *save = NULL;

	for (char *s = strtok_r(list, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		if (k->n_channels == DOORKEY_CHANNELS_MAX)
			return ctl_usage(c, "--channel: at most %d", DOORKEY_CHANNELS_MAX);
		if (!muara_has_channel(&c->conf, s))
			return ctl_fail(c,
				"channel %s is not among the channels in muara.yaml; add it there "
				"and run muaractl topics create",
				s);
		k->channels[k->n_channels++] = s;
	}
	return k->n_channels ? CTL_OK : ctl_usage(c, "--channel: which channel it writes to");
}

static int tenant_opt(struct ctl *c, struct doorkey *k)
{
	const struct muara_tenant *only = c->conf.tenants.v;

	k->tenant = ctl_opt(c, "--tenant");
	if (!k->tenant && c->conf.tenants.n == 1)
		k->tenant = only->name;
	if (!k->tenant)
		return ctl_usage(c, "--tenant: there are several, say which");
	if (!muara_tenant(&c->conf, k->tenant))
		return ctl_fail(c, "tenant %s is none of those in muara.yaml", k->tenant);
	return CTL_OK;
}

static int review_opt(struct ctl *c, struct doorkey *k)
{
	const char *review = ctl_opt(c, "--review");

	if (review && strcmp(review, "auto") != 0 && strcmp(review, "required") != 0)
		return ctl_usage(c, "--review: auto or required");
	k->review = !review || strcmp(review, "required") == 0;
	return CTL_OK;
}

static int fill_key(struct ctl *c, struct doorkey *k, char *channels)
{
	int r;

	k->client = c->args[0];
	k->use = ctl_opt(c, "--open311") ? DOORKEY_OPEN311 : DOORKEY_SIGNED;
	if (!doorkey_name_ok(k->client))
		return ctl_usage(c, "CLIENT: 1 to 32 of a-z 0-9 - _; it is part of every id");
	r = channels_opt(c, k, channels);
	if (!r)
		r = tenant_opt(c, k);
	if (!r)
		r = review_opt(c, k);
	if (!r)
		r = number_opt(c, "--per-minute", 60, &k->per_minute);
	return r ? r : number_opt(c, "--burst", MAX(k->per_minute, 1000), &k->burst);
}

static void show_new(struct ctl *c, const struct doorkey *k)
{
	_cleanup_json_ json_t *o = json_object();
	char bearer[DOORKEY_ID_SIZE + DOORKEY_SECRET_SIZE];

	snprintf(bearer, sizeof bearer, "%s.%s", k->id, k->secret);
	json_set_str(o, "client", k->client);
	json_set_str(o, "key", k->id);
	if (k->use == DOORKEY_OPEN311)
		json_set_str(o, "api_key", bearer);
	else
		json_set_str(o, "secret", k->secret);
	if (c->json) {
		print_json(c->out, o);
	} else {
		fprintf(c->out, "key     %s\n", k->id);
		fprintf(c->out, "%s\n",
			"This is shown once. Give it to the client over a channel you trust:");
		fprintf(c->out, "%-7s %s\n", k->use == DOORKEY_OPEN311 ? "api_key" : "secret",
			k->use == DOORKEY_OPEN311 ? bearer : k->secret);
	}
	explicit_bzero(bearer, sizeof bearer);
}

int ctl_door_key_new(struct ctl *c)
{
	const char *list = ctl_opt(c, "--channel");
	_cleanup_free_ char *channels = xstrdup(list ? list : "");
	_cleanup_json_ json_t *created = act_now(c);
	_cleanup_close_ int fd = -1;
	struct doorkey k = {.root = NULL};
	int r = fill_key(c, &k, channels);

	if (r)
		return r;
	fd = open_keys(c);
	if (fd < 0)
		return CTL_FAILED;
	doorkey_draw(&k);
	r = write_key(c, fd, &k, created, NULL);
	if (!r)
		show_new(c, &k);
	doorkey_free(&k);
	return r;
}

/* --- list --- */

static json_t *row_of(const struct doorkey *k)
{
	json_t *o = json_object();

	json_set_str(o, "key", k->id);
	json_set_str(o, "client", k->client);
	json_set_str(o, "use", doorkey_use_name(k->use));
	json_set_str(o, "tenant", k->tenant);
	json_set_new(o, "channels", json_deep_copy(json_object_get(k->root, "channels")));
	json_set_str(o, "review", k->review ? "required" : "auto");
	json_set_int(o, "per_minute", k->per_minute);
	json_set_int(o, "burst", k->burst);
	json_set_str(o, "created", json_str(json_object_get(k->root, "created"), "at"));
	json_set_str(o, "revoked", json_str(json_object_get(k->root, "revoked"), "at"));
	return o;
}

static int by_client(const void *a, const void *b)
{
	json_t *const *x = a, *const *y = b;
	int r = strcmp(json_str(*x, "client"), json_str(*y, "client"));

	return r ? r : strcmp(json_str(*x, "key"), json_str(*y, "key"));
}

/* Rows are owned by the array. */
static json_t *sorted(json_t *rows)
{
	size_t n = json_array_size(rows);
	_cleanup_free_ json_t **v = xcalloc(n + 1, sizeof *v);
	json_t *ret = json_array();

	for (size_t i = 0; i < n; i++)
		v[i] = json_array_get(rows, i);
	qsort(v, n, sizeof *v, by_client);
	for (size_t i = 0; i < n; i++)
		json_array_append(ret, v[i]);
	json_decref(rows);
	return ret;
}

int ctl_door_key_list(struct ctl *c)
{
	_cleanup_json_ json_t *rows = json_array();
	const struct dirent *f;
	int r = CTL_OK, fd = open_keys(c);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		return CTL_FAILED;
	while ((f = readdir(d))) {
		size_t n = strlen(f->d_name), suffix = strlen(DOORKEY_SUFFIX);
		struct doorkey k;
		struct err e = {0};

		if (f->d_name[0] == '.' || n <= suffix ||
			strcmp(f->d_name + n - suffix, DOORKEY_SUFFIX) != 0)
			continue;
		if (doorkey_read(dirfd(d), f->d_name, &k, &e))
			r = ctl_fail(c, "%s", e.text);
		else
			json_array_append_new(rows, row_of(&k));
		doorkey_free(&k);
	}
	closedir(d);
	rows = sorted(rows);
	if (c->json)
		print_json(c->out, rows);
	else
		print_table(c->out, columns, rows, "no key");
	return r;
}

/* --- revoke --- */

int ctl_door_key_revoke(struct ctl *c)
{
	_cleanup_json_ json_t *revoked = act_now(c);
	char name[DOORKEY_ID_SIZE + sizeof DOORKEY_SUFFIX];
	_cleanup_close_ int fd = -1;
	struct doorkey k;
	struct err e = {0};
	int r;

	if (!doorkey_id_ok(c->args[0]))
		return ctl_usage(c, "KEY: 16 letters, as door key list shows it");
	fd = open_keys(c);
	if (fd < 0)
		return CTL_FAILED;
	snprintf(name, sizeof name, "%s%s", c->args[0], DOORKEY_SUFFIX);
	if (doorkey_read(fd, name, &k, &e))
		r = ctl_fail(c, "%s", e.text);
	else if (k.revoked)
		r = ctl_fail(c, "%s is revoked already", k.id);
	else
		r = write_key(c, fd, &k, json_object_get(k.root, "created"), revoked);
	doorkey_free(&k);
	if (!r && !c->json)
		fprintf(c->out, "%s is revoked: it holds nowhere from the next request on\n",
			c->args[0]);
	return r;
}
